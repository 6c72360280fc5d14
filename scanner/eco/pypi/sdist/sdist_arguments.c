/* What a setup.py tells setup() of one thing, as far as it is written down there: NAME=..., an
 * assignment to NAME, or "NAME": ... of a dict; and the values of names that stand in it. */
#include "customhouse/limits.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

enum { NAMES_DEEP = 3, STEPS_MAX = 1 << 20 };

struct argument {
    const struct sdist_tokens *t;
    sdist_argument_fn *each;
    void *arg;
    struct ch_buf key;
    struct ch_buf value;
    bool computed;
    size_t steps; /* tokens that were looked at for names */
};

static bool is_op(const struct argument *a, size_t at, const char *op)
{
    return sdist_token_is(a->t, at, CH_TOKEN_OP, op);
}

static uint8_t type_at(const struct argument *a, size_t at)
{
    return sdist_token_at(a->t, at)->type;
}

static bool is_any(struct ch_str text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(text, ch_str_of(list[i]))) {
            return true;
        }
    }
    return false;
}

/* Calls that give a path or a dict of what is written in their brackets. */
static bool is_plain_call(const struct argument *a, size_t at)
{
    static const char *const calls[] = {"join",    "abspath", "normpath", "realpath",
                                        "dirname", "Path",    "str",      "dict",
                                        "fspath",  "resolve", "parent"};
    return is_any(sdist_token_text(a->t, at), calls, CH_ARRAY_LEN(calls));
}

static void take_string(struct argument *a, size_t at)
{
    struct ch_buf *to = is_op(a, at + 1, ":") ? &a->key : &a->value;
    ch_buf_clear(to);
    ch_token_value(a->t->source.text, sdist_token_at(a->t, at), to);
    if (type_at(a, at + 1) == CH_TOKEN_STRING) { /* "a" "b" */
        a->computed = true;
    }
    if (to == &a->value) {
        a->each(a->arg, ch_buf_str(&a->key), ch_buf_str(&a->value));
    }
}

static void read_value(struct argument *a, size_t at, unsigned deep);

/* Every value that is assigned to the name somewhere. */
static void read_name(struct argument *a, struct ch_str name, unsigned deep)
{
    bool found = false;
    for (size_t at = 0; deep < NAMES_DEEP && a->steps < STEPS_MAX && type_at(a, at) != CH_TOKEN_END;
         at++) {
        a->steps++;
        if (type_at(a, at) == CH_TOKEN_NAME && is_op(a, at + 1, "=") &&
            ch_str_eq(sdist_token_text(a->t, at), name) && (at == 0 || !is_op(a, at - 1, "."))) {
            found = true;
            read_value(a, at + 2, deep + 1);
        }
    }
    a->computed = a->computed || !found || a->steps >= STEPS_MAX;
}

static void take_name(struct argument *a, size_t at, unsigned deep)
{
    static const char *const nothing[] = {"os",    "path", "pathlib", "True",
                                          "False", "None", "__file__"};
    struct ch_str name = sdist_token_text(a->t, at);
    if (is_plain_call(a, at) || is_any(name, nothing, CH_ARRAY_LEN(nothing))) {
        return;
    }
    if (is_op(a, at + 1, "=")) { /* dict(NAME=...) */
        ch_buf_clear(&a->key);
        ch_buf_puts(&a->key, name);
    } else if (is_op(a, at + 1, ":") || is_op(a, at + 1, "(") ||
               (at > 0 && is_op(a, at - 1, "."))) {
        a->computed = true;
    } else {
        read_name(a, name, deep);
    }
}

/* The expression that begins at `at`. */
static void read_value(struct argument *a, size_t at, unsigned deep)
{
    static const char *const open[] = {"(", "[", "{"};
    static const char *const close[] = {")", "]", "}"};
    static const char *const plain[] = {",", ":", ".", "/", "="};
    size_t depth = 0;
    for (; type_at(a, at) != CH_TOKEN_END; at++) {
        struct ch_str text = sdist_token_text(a->t, at);
        uint8_t type = type_at(a, at);
        if (depth == 0 && (type == CH_TOKEN_NEWLINE || is_op(a, at, ","))) {
            return;
        }
        if (type == CH_TOKEN_STRING) {
            take_string(a, at);
        } else if (type == CH_TOKEN_NAME) {
            take_name(a, at, deep);
        } else if (type == CH_TOKEN_OP && is_any(text, open, CH_ARRAY_LEN(open))) {
            /* VALUE[...] */
            a->computed =
                a->computed || (is_op(a, at, "[") && at > 0 &&
                                (type_at(a, at - 1) == CH_TOKEN_NAME || is_op(a, at - 1, ")") ||
                                 is_op(a, at - 1, "]") || type_at(a, at - 1) == CH_TOKEN_STRING));
            depth++;
        } else if (type == CH_TOKEN_OP && is_any(text, close, CH_ARRAY_LEN(close))) {
            if (depth == 0) {
                return;
            }
            depth--;
        } else if (type == CH_TOKEN_OP ? !is_any(text, plain, CH_ARRAY_LEN(plain))
                                       : type != CH_TOKEN_NEWLINE && type != CH_TOKEN_NUMBER) {
            a->computed = true; /* operators, f-strings, what is no Python */
        }
    }
}

/* Where the value begins; 0: nothing here says what it is. */
static size_t value_of(struct argument *a, size_t at, const char *name)
{
    if (sdist_token_is(a->t, at, CH_TOKEN_NAME, name)) {
        return is_op(a, at + 1, "=") ? at + 2 : 0;
    }
    if (type_at(a, at) != CH_TOKEN_STRING) {
        return 0;
    }
    ch_buf_clear(&a->value);
    ch_token_value(a->t->source.text, sdist_token_at(a->t, at), &a->value);
    if (!ch_str_eq(ch_buf_str(&a->value), ch_str_of(name))) {
        return 0;
    }
    return is_op(a, at + 1, ":")                            ? at + 2
           : is_op(a, at + 1, "]") && is_op(a, at + 2, "=") ? at + 3
                                                            : 0;
}

bool sdist_setup_argument(struct ch_str source, const char *name, sdist_argument_fn *each,
                          void *arg)
{
    struct sdist_tokens t;
    sdist_tokens_init(&t, source);
    struct argument a = {.t = &t, .each = each, .arg = arg};
    ch_buf_init(&a.key, ch_limits.sdist_text_bytes);
    ch_buf_init(&a.value, ch_limits.sdist_text_bytes);
    for (size_t at = 0; type_at(&a, at) != CH_TOKEN_END; at++) {
        size_t value = value_of(&a, at, name);
        if (value > 0) {
            ch_buf_clear(&a.key);
            read_value(&a, value, 0);
        }
    }
    ch_buf_done(&a.key);
    ch_buf_done(&a.value);
    sdist_tokens_done(&t);
    return !a.computed;
}
