/* What a build can read of Python without running it: back ends look for a literal first, and
 * import the module when they find none. */
#include "customhouse/limits.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

static bool is_operator(const struct sdist_tokens *t, size_t at, const char *set)
{
    struct ch_str text = sdist_token_text(t, at);
    return sdist_token_at(t, at)->type == CH_TOKEN_OP && text.len == 1 &&
           ch_str_find_char(ch_str_of(set), text.ptr[0], NULL);
}

static bool ends_statement(const struct sdist_tokens *t, size_t at)
{
    uint8_t type = sdist_token_at(t, at)->type;
    return type == CH_TOKEN_NEWLINE || type == CH_TOKEN_END;
}

/* Nothing is called, subscripted, or added: what ast.literal_eval takes. It does not take all sets
 * and keys ("{[]}"), so none is a literal here; in a template, which is run and not read, they are.
 */
static bool is_literal_token(const struct sdist_tokens *t, size_t at, bool fields)
{
    bool after_value = at > 0 && (sdist_token_at(t, at - 1)->type == CH_TOKEN_STRING ||
                                  sdist_token_at(t, at - 1)->type == CH_TOKEN_NUMBER ||
                                  sdist_token_at(t, at - 1)->type == CH_TOKEN_NAME ||
                                  is_operator(t, at - 1, ")]}"));
    switch (sdist_token_at(t, at)->type) {
    case CH_TOKEN_STRING:
    case CH_TOKEN_NUMBER:
        return true;
    case CH_TOKEN_NAME:
        return sdist_token_is(t, at, CH_TOKEN_NAME, "True") ||
               sdist_token_is(t, at, CH_TOKEN_NAME, "False") ||
               sdist_token_is(t, at, CH_TOKEN_NAME, "None") ||
               (fields && is_operator(t, at - 1, "{") && is_operator(t, at + 1, "}"));
    case CH_TOKEN_OP:
        return is_operator(t, at, ",:)]}") ||
               (is_operator(t, at, fields ? "([{" : "([") && !after_value) ||
               (is_operator(t, at, "-") && !after_value &&
                sdist_token_at(t, at + 1)->type == CH_TOKEN_NUMBER);
    default:
        return false;
    }
}

/* "NAME = LITERAL" at `at`; *ret_end: behind it. */
static bool assigns_literal(const struct sdist_tokens *t, size_t at, bool fields, size_t *ret_end)
{
    if (sdist_token_at(t, at)->type != CH_TOKEN_NAME) {
        return false;
    }
    at++;
    if (is_operator(t, at, ":")) { /* an annotation of one name is not looked at */
        at += 2;
    }
    if (!is_operator(t, at, "=") || ends_statement(t, at + 1)) {
        return false;
    }
    for (at++; !ends_statement(t, at); at++) {
        if (!is_literal_token(t, at, fields)) {
            return false;
        }
    }
    *ret_end = at;
    return true;
}

static bool is_readable(const struct sdist_tokens *t)
{
    return t->source.problem == CH_TEXT_FINE && t->errors == 0;
}

/* Python takes other spellings for the same name (PEP 3131): those are not told apart here. */
static bool may_be_name(struct ch_str text, struct ch_str name)
{
    bool ascii = true;
    for (size_t i = 0; i < text.len; i++) {
        ascii = ascii && (unsigned char)text.ptr[i] < 0x80;
    }
    return !ascii || ch_str_eq(text, name);
}

/* The first that has the name decides: it has to be the assignment, at the start of a line. *ret:
 * its place. */
static bool find_assignment(const struct sdist_tokens *t, struct ch_str name, size_t *ret)
{
    for (size_t at = 0; is_readable(t) && sdist_token_at(t, at)->type != CH_TOKEN_END; at++) {
        struct ch_str text = sdist_token_text(t, at);
        if (sdist_token_at(t, at)->type == CH_TOKEN_NAME && may_be_name(text, name)) {
            uint8_t before = at > 0 ? sdist_token_at(t, at - 1)->type : CH_TOKEN_NEWLINE;
            uint32_t start = sdist_token_at(t, at)->at;
            *ret = at;
            return (before == CH_TOKEN_NEWLINE || before == CH_TOKEN_DEDENT) &&
                   (start == 0 || t->source.text.ptr[start - 1] == '\n' ||
                    t->source.text.ptr[start - 1] == '\r') &&
                   ch_str_eq(text, name);
        }
    }
    return false;
}

bool sdist_assigns_literal(struct ch_str source, struct ch_str name)
{
    struct sdist_tokens t;
    size_t at;
    size_t end;
    sdist_tokens_init(&t, source);
    bool literal = find_assignment(&t, name, &at) && assigns_literal(&t, at, false, &end);
    sdist_tokens_done(&t);
    return literal;
}

/* Whether texts stand from `at` to the end of the statement, with something in them; `visible`:
 * other than blanks. */
static bool is_text(const struct sdist_tokens *t, size_t at, bool visible)
{
    bool any = false;
    for (; !ends_statement(t, at); at++) {
        const struct ch_token *tok = sdist_token_at(t, at);
        if (tok->type != CH_TOKEN_STRING || (tok->flags & CH_STRING_BYTES) != 0) {
            return false;
        }
        struct ch_buf b;
        ch_buf_init(&b, tok->len + 1);
        ch_token_value(t->source.text, tok, &b);
        for (size_t i = 0; i < b.len; i++) {
            any = any || !visible || (b.ptr[i] > ' ' && b.ptr[i] <= '~');
        }
        ch_buf_done(&b);
    }
    return any;
}

bool sdist_assigns_text(struct ch_str source, struct ch_str name)
{
    struct sdist_tokens t;
    size_t at;
    sdist_tokens_init(&t, source);
    bool text = find_assignment(&t, name, &at) && is_operator(&t, at + 1, "=") &&
                is_text(&t, at + 2, false);
    sdist_tokens_done(&t);
    return text;
}

bool sdist_has_docstring(struct ch_str source)
{
    struct sdist_tokens t;
    sdist_tokens_init(&t, source);
    bool has = is_readable(&t) && is_text(&t, 0, true);
    sdist_tokens_done(&t);
    return has;
}

bool sdist_template_only_assigns(struct ch_str source)
{
    struct sdist_tokens t;
    sdist_tokens_init(&t, source);
    bool only = is_readable(&t);
    for (size_t at = 0; only && sdist_token_at(&t, at)->type != CH_TOKEN_END;) {
        if (sdist_token_at(&t, at)->type == CH_TOKEN_NEWLINE) {
            at++;
        } else if (sdist_token_at(&t, at)->type == CH_TOKEN_STRING && ends_statement(&t, at + 1)) {
            at++;
        } else {
            only = assigns_literal(&t, at, true, &at);
        }
    }
    sdist_tokens_done(&t);
    return only;
}
