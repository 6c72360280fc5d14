#include "base/conda/version_spec.h"

#include "base/conda/version.h"

enum { DEPTH_MAX = 16 }; /* parentheses in each other; real specs have none or one */

struct reader {
    struct ch_str text;
    size_t at;
    unsigned depth;
    bool asked; /* there is a version to match */
    struct ch_str version_text;
    struct ch_conda_version version;
};

enum op { OP_NONE = 0, OP_FUZZY, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_COMPATIBLE };

static const struct {
    struct ch_str text;
    enum op op;
} ops[] = {
    {{"==", 2}, OP_EQ},         {{"!=", 2}, OP_NE},   {{"<=", 2}, OP_LE}, {{">=", 2}, OP_GE},
    {{"~=", 2}, OP_COMPATIBLE}, {{"=", 1}, OP_FUZZY}, {{"<", 1}, OP_LT},  {{">", 1}, OP_GT},
};

static void skip_spaces(struct reader *r)
{
    while (r->at < r->text.len && r->text.ptr[r->at] == ' ') {
        r->at++;
    }
}

static bool is_next(const struct reader *r, char c)
{
    return r->at < r->text.len && r->text.ptr[r->at] == c;
}

static bool is_literal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-' || c == '+' || c == '!' || c == '*';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ch_conda_glob(struct ch_str pattern, struct ch_str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star =
        pattern.len; /* the last '*' seen, and what it has taken so far ends before `taken` */
    size_t taken = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            taken = t;
        } else if (p < pattern.len && lower(pattern.ptr[p]) == lower(text.ptr[t])) {
            p++;
            t++;
        } else if (star < pattern.len) {
            p = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

static enum op take_op(struct reader *r)
{
    struct ch_str rest = ch_str_sub(r->text, r->at, r->text.len);
    for (size_t i = 0; i < CH_ARRAY_LEN(ops); i++) {
        if (ch_str_starts(rest, ops[i].text)) {
            r->at += ops[i].text.len;
            return ops[i].op;
        }
    }
    return OP_NONE;
}

static bool compare(const struct reader *r, enum op op, const struct ch_conda_version *bound)
{
    int c = ch_conda_version_order(&r->version, bound);
    struct ch_conda_version shorter;
    switch (op) {
    case OP_NONE:
    case OP_EQ:
        return c == 0;
    case OP_NE:
        return c != 0;
    case OP_LT:
        return c < 0;
    case OP_LE:
        return c <= 0;
    case OP_GT:
        return c > 0;
    case OP_GE:
        return c >= 0;
    case OP_FUZZY:
        return ch_conda_version_starts(&r->version, bound);
    case OP_COMPATIBLE:
        return c >= 0 && ch_conda_version_shorten(bound, &shorter) &&
               ch_conda_version_starts(&r->version, &shorter);
    }
    return false;
}

/* A literal with a '*': from `from` up to r->at. */
static enum ch_code read_glob(struct reader *r, enum op op, size_t from, bool *ret,
                              struct ch_err *err)
{
    struct ch_str literal = ch_str_sub(r->text, from, r->at - from);
    size_t star = 0;
    (void)ch_str_find_char(literal, '*', &star);
    bool plain = op == OP_NONE || op == OP_FUZZY;
    if (literal.len == 1 && plain) {
        *ret = true;
        return CH_OK;
    }
    if (star + 1 < literal.len) {
        if (op != OP_NONE) {
            return ch_fail(err, CH_E_FORMAT, "column %zu: with an operator, '*' goes only last",
                           from + star + 1);
        }
        *ret = r->asked && ch_conda_glob(literal, r->version_text);
        return CH_OK;
    }
    if ((!plain && op != OP_NE && op != OP_GE) || star == 0) {
        return ch_fail(err, CH_E_FORMAT,
                       "column %zu: '*' goes only with =, != and >=, behind a version",
                       from + star + 1);
    }
    size_t to = from + star - (literal.ptr[star - 1] == '.' ? 1 : 0);
    struct ch_conda_version bound;
    enum ch_code rc = ch_conda_version_parse_at(r->text, from, to, &bound, err);
    if (rc == CH_OK && r->asked) {
        /* ">=1.8.*" is what many records say for ">=1.8" */
        *ret = op == OP_GE ? compare(r, op, &bound)
                           : ch_conda_version_starts(&r->version, &bound) != (op == OP_NE);
    }
    return rc;
}

static enum ch_code read_clause(struct reader *r, bool *ret, struct ch_err *err)
{
    size_t start = r->at;
    enum op op = take_op(r);
    skip_spaces(r);
    size_t from = r->at;
    while (r->at < r->text.len && is_literal(r->text.ptr[r->at])) {
        r->at++;
    }
    struct ch_str literal = ch_str_sub(r->text, from, r->at - from);
    if (literal.len == 0) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a version was expected%s", from + 1,
                       is_next(r, '^') ? "; regular expressions are not taken, write '*'" : "");
    }
    if (ch_str_find_char(literal, '*', NULL)) {
        return read_glob(r, op, from, ret, err);
    }
    struct ch_conda_version bound;
    struct ch_conda_version shorter;
    enum ch_code rc = ch_conda_version_parse_at(r->text, from, r->at, &bound, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (op == OP_COMPATIBLE && !ch_conda_version_shorten(&bound, &shorter)) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: ~= needs two numbers and no '+', as in ~=1.0",
                       start + 1);
    }
    if (r->asked) {
        *ret = compare(r, op, &bound);
    }
    return CH_OK;
}

static enum ch_code read_or(struct reader *r, bool *ret, struct ch_err *err);

static enum ch_code read_term(struct reader *r, bool *ret, struct ch_err *err)
{
    skip_spaces(r);
    if (!is_next(r, '(')) {
        return read_clause(r, ret, err);
    }
    if (r->depth == DEPTH_MAX) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: more than %d parentheses in each other",
                       r->at + 1, (int)DEPTH_MAX);
    }
    r->depth++;
    r->at++;
    enum ch_code rc = read_or(r, ret, err);
    r->depth--;
    if (rc != CH_OK) {
        return rc;
    }
    skip_spaces(r);
    if (!is_next(r, ')')) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: ')', ',' or '|' was expected", r->at + 1);
    }
    r->at++;
    return CH_OK;
}

/* Takes `c`, with spaces before it; leaves r as it is when it does not follow. */
static bool take(struct reader *r, char c)
{
    size_t at = r->at;
    skip_spaces(r);
    if (!is_next(r, c)) {
        r->at = at;
        return false;
    }
    r->at++;
    return true;
}

static enum ch_code read_and(struct reader *r, bool *ret, struct ch_err *err)
{
    bool all = true;
    do {
        bool one = false;
        enum ch_code rc = read_term(r, &one, err);
        if (rc != CH_OK) {
            return rc;
        }
        all = all && one;
    } while (take(r, ','));
    *ret = all;
    return CH_OK;
}

static enum ch_code read_or(struct reader *r, bool *ret, struct ch_err *err)
{
    bool any = false;
    do {
        bool one = false;
        enum ch_code rc = read_and(r, &one, err);
        if (rc != CH_OK) {
            return rc;
        }
        any = any || one;
    } while (take(r, '|'));
    *ret = any;
    return CH_OK;
}

enum ch_code ch_version_spec_read(struct ch_str text, size_t *at, struct ch_str version,
                                  bool *ret_match, struct ch_err *err)
{
    struct reader r = {.text = text, .at = *at, .version_text = version};
    bool match = false;
    r.asked = version.ptr != NULL;
    if (r.asked && ch_conda_version_parse(version, &r.version, NULL) != CH_OK) {
        return ch_fail(err, CH_E_MISMATCH, "what is asked about has no conda version");
    }
    enum ch_code rc = read_or(&r, &match, err);
    if (rc == CH_OK) {
        *at = r.at;
        *ret_match = match;
    }
    return rc;
}
