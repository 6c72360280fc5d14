/* PEP 508 dependency specifiers, read to tell plain ones from those that name an address. */
#include "scanner/python/metadata.h"

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

static bool take_extras(struct cursor *c)
{
    skip_blanks(c);
    if (!take(c, CH_STR("["))) {
        return true;
    }
    skip_blanks(c);
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

/* Longest first, so that "<=" is not read as "<". */
static const struct ch_str operators[] = {{"===", 3}, {"<=", 2}, {"!=", 2}, {"==", 2},
                                          {">=", 2},  {"~=", 2}, {"<", 1},  {">", 1}};

static bool take_operator(struct cursor *c)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(operators); i++) {
        if (take(c, operators[i])) {
            return true;
        }
    }
    return false;
}

/* version_many, with the trailing comma that installers take; empty is allowed. */
static bool take_specifiers(struct cursor *c)
{
    skip_blanks(c);
    while (take_operator(c)) {
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

static bool take_version_part(struct cursor *c)
{
    skip_blanks(c);
    bool parenthesised = take(c, CH_STR("("));
    if (!take_specifiers(c)) {
        return false;
    }
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

static bool take_marker_value(struct cursor *c)
{
    skip_blanks(c);
    int quote = peek(c);
    if (quote == '"' || quote == '\'') {
        c->at++;
        while (peek(c) >= 0x20 && peek(c) != quote) {
            c->at++;
        }
        return take(c, quote == '"' ? CH_STR("\"") : CH_STR("'"));
    }
    struct ch_str word = take_run(c, CH_STR("_."));
    for (size_t i = 0; i < CH_ARRAY_LEN(variables); i++) {
        if (ch_str_eq(word, variables[i])) {
            return true;
        }
    }
    return false;
}

static bool take_marker_comparison(struct cursor *c)
{
    if (!take_marker_value(c)) {
        return false;
    }
    skip_blanks(c);
    if (!take_operator(c)) {
        struct ch_str word = take_run(c, CH_STR(""));
        if (ch_str_eq(word, CH_STR("not"))) {
            skip_blanks(c);
            word = take_run(c, CH_STR(""));
        }
        if (!ch_str_eq(word, CH_STR("in"))) {
            return false;
        }
    }
    return take_marker_value(c);
}

/* Comparisons joined by and/or, in parentheses; precedence does not matter here, so no recursion.
 */
static bool take_marker(struct cursor *c)
{
    size_t open = 0;
    for (;;) {
        skip_blanks(c);
        while (take(c, CH_STR("("))) {
            open++;
            skip_blanks(c);
        }
        if (!take_marker_comparison(c)) {
            return false;
        }
        skip_blanks(c);
        while (open > 0 && take(c, CH_STR(")"))) {
            open--;
            skip_blanks(c);
        }
        if (peek(c) < 0) {
            return open == 0;
        }
        struct ch_str word = take_run(c, CH_STR(""));
        if (!ch_str_eq(word, CH_STR("and")) && !ch_str_eq(word, CH_STR("or"))) {
            return false;
        }
    }
}

static bool is_plain(struct ch_str requirement)
{
    struct cursor c = {.s = requirement};
    skip_blanks(&c);
    if (!take_identifier(&c) || !take_extras(&c) || !take_version_part(&c)) {
        return false;
    }
    skip_blanks(&c);
    if (take(&c, CH_STR(";"))) {
        return take_marker(&c);
    }
    return peek(&c) < 0;
}

enum ch_requirement ch_requirement_classify(struct ch_str requirement)
{
    if (is_plain(requirement)) {
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

bool ch_requirement_has_direct_reference(struct ch_str requirement)
{
    return ch_requirement_classify(requirement) == CH_REQUIREMENT_DIRECT;
}
