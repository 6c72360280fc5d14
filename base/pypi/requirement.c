/* PEP 508 dependency specifiers: plain ones told from those that name an address, their parts, and
 * what their markers come to where only the extra is known. */
#include "base/pypi/requirement.h"

#include "base/pypi/name.h"

#define MARKER_DEPTH 16 /* deeper parentheses are read, and not judged */

struct cursor {
    struct ch_str s;
    size_t at;
};

static int peek(const struct cursor *c)
{
    return c->at < c->s.len ? (unsigned char)c->s.ptr[c->at] : -1;
}

static void skip_blanks(struct cursor *c)
{
    while (peek(c) == ' ' || peek(c) == '\t') {
        c->at++;
    }
}

static bool take(struct cursor *c, struct ch_str token)
{
    if (!ch_str_starts(ch_str_sub(c->s, c->at, token.len), token) || token.len == 0) {
        return false;
    }
    c->at += token.len;
    return true;
}

static bool is_alnum(int ch)
{
    return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

/* The longest run of letters, digits and the characters of `more`. */
static struct ch_str take_run(struct cursor *c, struct ch_str more)
{
    size_t from = c->at;
    while (is_alnum(peek(c)) || (peek(c) >= 0 && ch_str_find_char(more, (char)peek(c), NULL))) {
        c->at++;
    }
    return ch_str_sub(c->s, from, c->at - from);
}

/* identifier = letterOrDigit (('-' | '_' | '.')* letterOrDigit)* */
static bool take_identifier(struct cursor *c)
{
    struct ch_str id = take_run(c, CH_STR("-_."));
    return id.len > 0 && is_alnum((unsigned char)id.ptr[0]) &&
           is_alnum((unsigned char)id.ptr[id.len - 1]);
}

/* What was taken since `from`, without the blanks and `close` at its end; absent when nothing is
 * left. */
static struct ch_str taken(const struct cursor *c, size_t from, char close)
{
    struct ch_str s = ch_str_trim(ch_str_sub(c->s, from, c->at - from));
    if (s.len > 0 && s.ptr[s.len - 1] == close) {
        s = ch_str_trim(ch_str_sub(s, 0, s.len - 1));
    }
    return s.len > 0 ? s : (struct ch_str){NULL, 0};
}

static bool take_extra_names(struct cursor *c)
{
    if (take(c, CH_STR("]"))) {
        return true;
    }
    for (;;) {
        if (!take_identifier(c)) {
            return false;
        }
        skip_blanks(c);
        if (take(c, CH_STR("]"))) {
            return true;
        }
        if (!take(c, CH_STR(","))) {
            return false;
        }
        skip_blanks(c);
    }
}

static bool take_extras(struct cursor *c, struct ch_str *ret)
{
    skip_blanks(c);
    if (!take(c, CH_STR("["))) {
        return true;
    }
    skip_blanks(c);
    size_t from = c->at;
    bool ok = take_extra_names(c);
    *ret = taken(c, from, ']');
    return ok;
}

/* Longest first, so that "<=" is not read as "<". */
static const struct ch_str operators[] = {{"===", 3}, {"<=", 2}, {"!=", 2}, {"==", 2},
                                          {">=", 2},  {"~=", 2}, {"<", 1},  {">", 1}};

/* Absent: there is none. */
static struct ch_str take_operator(struct cursor *c)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(operators); i++) {
        if (take(c, operators[i])) {
            return operators[i];
        }
    }
    return (struct ch_str){NULL, 0};
}

/* version_many, with the trailing comma that installers take; empty is allowed. */
static bool take_specifiers(struct cursor *c)
{
    skip_blanks(c);
    while (take_operator(c).len > 0) {
        skip_blanks(c);
        if (take_run(c, CH_STR("-_.*+!")).len == 0) {
            return false;
        }
        skip_blanks(c);
        if (!take(c, CH_STR(","))) {
            return true;
        }
        skip_blanks(c);
    }
    return true;
}

static bool take_version_part(struct cursor *c, struct ch_str *ret)
{
    skip_blanks(c);
    bool parenthesised = take(c, CH_STR("("));
    size_t from = c->at;
    if (!take_specifiers(c)) {
        return false;
    }
    *ret = taken(c, from, ',');
    skip_blanks(c);
    return !parenthesised || take(c, CH_STR(")"));
}

/* PEP 508's variables, the dotted spellings of PEP 345, and those of PEP 735 and 751. */
static const struct ch_str variables[] = {
    {"python_version", 14},
    {"python_full_version", 19},
    {"os_name", 7},
    {"sys_platform", 12},
    {"platform_release", 16},
    {"platform_system", 15},
    {"platform_version", 16},
    {"platform_machine", 16},
    {"platform_python_implementation", 30},
    {"implementation_name", 19},
    {"implementation_version", 22},
    {"extra", 5},
    {"extras", 6},
    {"dependency_groups", 17},
    {"os.name", 7},
    {"sys.platform", 12},
    {"platform.version", 16},
    {"platform.machine", 16},
    {"platform.python_implementation", 30},
    {"python_implementation", 21},
};

struct marker_value {
    bool extra;   /* the variable */
    bool literal; /* then its text: */
    struct ch_str text;
};

static bool take_marker_value(struct cursor *c, struct marker_value *ret)
{
    skip_blanks(c);
    int quote = peek(c);
    *ret = (struct marker_value){.literal = quote == '"' || quote == '\''};
    if (ret->literal) {
        size_t from = ++c->at;
        while (peek(c) >= 0x20 && peek(c) != quote) {
            c->at++;
        }
        ret->text = ch_str_sub(c->s, from, c->at - from);
        return take(c, quote == '"' ? CH_STR("\"") : CH_STR("'"));
    }
    struct ch_str word = take_run(c, CH_STR("_."));
    ret->extra = ch_str_eq(word, CH_STR("extra"));
    for (size_t i = 0; i < CH_ARRAY_LEN(variables); i++) {
        if (ch_str_eq(word, variables[i])) {
            return true;
        }
    }
    return false;
}

/* Whether an extra is the one that a marker names (PEP 685). */
static bool is_extra(struct ch_str extra, struct ch_str named)
{
    return (extra.len == 0 && named.len == 0) || ch_pypi_name_eq(extra, named);
}

static enum ch_marker compare(const struct marker_value *left, struct ch_str op,
                              const struct marker_value *right, struct ch_str extra)
{
    const struct marker_value *named = left->extra ? right : left;
    bool equal = ch_str_eq(op, CH_STR("==")), unequal = ch_str_eq(op, CH_STR("!="));
    if ((!left->extra && !right->extra) || !named->literal || (!equal && !unequal)) {
        return CH_MARKER_DEPENDS;
    }
    return is_extra(extra, named->text) == equal ? CH_MARKER_ALWAYS : CH_MARKER_NEVER;
}

static bool take_marker_comparison(struct cursor *c, struct ch_str extra, enum ch_marker *ret)
{
    struct marker_value left, right;
    if (!take_marker_value(c, &left)) {
        return false;
    }
    skip_blanks(c);
    struct ch_str op = take_operator(c);
    if (op.len == 0) {
        struct ch_str word = take_run(c, CH_STR(""));
        if (ch_str_eq(word, CH_STR("not"))) {
            skip_blanks(c);
            word = take_run(c, CH_STR(""));
        }
        if (!ch_str_eq(word, CH_STR("in"))) {
            return false;
        }
    }
    if (!take_marker_value(c, &right)) {
        return false;
    }
    *ret = compare(&left, op, &right, extra);
    return true;
}

/* What stands between two parentheses, so far: alternatives that are over, and the one that goes
 * on. */
struct marker_level {
    enum ch_marker any, all;
};

static void marker_and(struct marker_level *l, enum ch_marker v)
{
    l->all = v < l->all ? v : l->all;
}

static void marker_or(struct marker_level *l)
{
    l->any = l->all > l->any ? l->all : l->any;
    l->all = CH_MARKER_ALWAYS;
}

/* Comparisons joined by and/or, in parentheses, which "and" binds tighter than "or". No recursion:
 * levels lie side by side. *ret is DEPENDS where there are too many. */
static bool take_marker(struct cursor *c, struct ch_str extra, enum ch_marker *ret)
{
    struct marker_level level[MARKER_DEPTH + 1] = {{CH_MARKER_NEVER, CH_MARKER_ALWAYS}};
    size_t open = 0, deepest = 0;
    for (;;) {
        enum ch_marker v;
        skip_blanks(c);
        while (take(c, CH_STR("("))) {
            open++;
            deepest = open > deepest ? open : deepest;
            if (open <= MARKER_DEPTH) {
                level[open] = (struct marker_level){CH_MARKER_NEVER, CH_MARKER_ALWAYS};
            }
            skip_blanks(c);
        }
        if (!take_marker_comparison(c, extra, &v)) {
            return false;
        }
        skip_blanks(c);
        marker_and(&level[open <= MARKER_DEPTH ? open : MARKER_DEPTH], v);
        while (open > 0 && take(c, CH_STR(")"))) {
            if (open <= MARKER_DEPTH) {
                marker_or(&level[open]);
                marker_and(&level[open - 1], level[open].any);
            }
            open--;
            skip_blanks(c);
        }
        if (peek(c) < 0) {
            marker_or(&level[0]);
            *ret = deepest > MARKER_DEPTH ? CH_MARKER_DEPENDS : level[0].any;
            return open == 0;
        }
        struct ch_str word = take_run(c, CH_STR(""));
        if (ch_str_eq(word, CH_STR("or"))) {
            marker_or(&level[open <= MARKER_DEPTH ? open : MARKER_DEPTH]);
        } else if (!ch_str_eq(word, CH_STR("and"))) {
            return false;
        }
    }
}

enum ch_marker ch_requirement_marker(struct ch_str marker, struct ch_str extra)
{
    struct cursor c = {.s = marker};
    enum ch_marker v = CH_MARKER_ALWAYS;
    return marker.len == 0 || take_marker(&c, extra, &v) ? v : CH_MARKER_DEPENDS;
}

static bool is_plain(struct ch_str requirement, struct ch_requirement_parts *ret)
{
    struct cursor c = {.s = requirement};
    enum ch_marker unused;
    *ret = (struct ch_requirement_parts){{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    skip_blanks(&c);
    size_t from = c.at;
    if (!take_identifier(&c)) {
        return false;
    }
    ret->name = ch_str_sub(requirement, from, c.at - from);
    if (!take_extras(&c, &ret->extras) || !take_version_part(&c, &ret->specifier)) {
        return false;
    }
    skip_blanks(&c);
    if (take(&c, CH_STR(";"))) {
        ret->marker = ch_str_trim(ch_str_sub(requirement, c.at, requirement.len - c.at));
        return take_marker(&c, (struct ch_str){NULL, 0}, &unused);
    }
    return peek(&c) < 0;
}

enum ch_requirement ch_requirement_read(struct ch_str requirement, struct ch_requirement_parts *ret)
{
    struct ch_requirement_parts parts;
    if (is_plain(requirement, &parts)) {
        *ret = parts;
        return CH_REQUIREMENT_PLAIN;
    }
    /* Not plain. Whatever stands before the marker and could be an address is taken for one: some
     * reader may follow it. A URL may hold a ';' itself, but only after one of these characters. */
    for (size_t i = 0; i < requirement.len && requirement.ptr[i] != ';'; i++) {
        if (ch_str_find_char(CH_STR("@:/\\"), requirement.ptr[i], NULL)) {
            return CH_REQUIREMENT_DIRECT;
        }
    }
    return CH_REQUIREMENT_MALFORMED;
}

enum ch_requirement ch_requirement_classify(struct ch_str requirement)
{
    struct ch_requirement_parts unused;
    return ch_requirement_read(requirement, &unused);
}

bool ch_requirement_has_direct_reference(struct ch_str requirement)
{
    return ch_requirement_classify(requirement) == CH_REQUIREMENT_DIRECT;
}
