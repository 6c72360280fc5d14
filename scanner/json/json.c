#include "scanner/json/json.h"

#include <stdio.h>
#include <sys/random.h>

#include "customhouse/limits.h"

/* jansson would open /dev/urandom for the seed of its hash tables; a jail cannot open anything. */
void ch_json_warm_up(void)
{
    size_t seed = 0;
    if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed)) {
        json_object_seed(seed == 0 ? 1 : seed); /* does nothing the second time */
    }
}

enum ch_code ch_json_check_depth(struct ch_str bytes, struct ch_err *err)
{
    uint64_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > ch_limits.json_depth) {
                return ch_fail(err, CH_E_LIMIT, "JSON: nested deeper than %llu levels at byte %zu",
                               (unsigned long long)ch_limits.json_depth, i);
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return CH_OK;
}

static enum ch_code fail_load(const json_error_t *e, struct ch_err *err)
{
    struct ch_buf text;
    ch_buf_init(&text, sizeof(err->msg));
    ch_buf_put_escaped(&text, ch_str_of(e->text));
    enum ch_code rc = ch_fail(err, CH_E_FORMAT, "JSON: line %d, column %d: %.*s", e->line,
                              e->column, CH_STR_ARG(ch_buf_str(&text)));
    ch_buf_done(&text);
    return rc;
}

enum ch_code ch_json_load(struct ch_str bytes, json_t **ret, struct ch_err *err)
{
    enum ch_code rc = ch_json_check_depth(bytes, err);
    if (rc != CH_OK) {
        return rc;
    }
    json_error_t e;
    ch_json_warm_up();
    json_t *doc =
        json_loadb(bytes.ptr == NULL ? "" : bytes.ptr, bytes.len, JSON_REJECT_DUPLICATES, &e);
    if (doc == NULL) {
        return fail_load(&e, err);
    }
    *ret = doc;
    return CH_OK;
}

/* --- paths and types --- */

static void put_path(struct ch_buf *b, const struct ch_json *at)
{
    if (at->parent == NULL) {
        return;
    }
    put_path(b, at->parent);
    if (at->key != NULL) {
        if (b->len > 0) {
            ch_buf_putc(b, '.');
        }
        ch_buf_put_escaped(b, ch_str_of(at->key));
    } else {
        ch_buf_printf(b, "[%zu]", at->index);
    }
}

static void put_value(struct ch_buf *b, const json_t *v)
{
    enum { SHOWN = 80 };
    if (json_is_string(v)) {
        struct ch_str s = {json_string_value(v), json_string_length(v)};
        ch_buf_putc(b, '"');
        ch_buf_put_escaped(b, ch_str_sub(s, 0, SHOWN));
        ch_buf_puts(b, s.len > SHOWN ? CH_STR("...\"") : CH_STR("\""));
    } else if (json_is_integer(v)) {
        ch_buf_printf(b, "%lld", (long long)json_integer_value(v));
    } else {
        static const char *const names[] = {"an object", "an array", "a string", "an integer",
                                            "a number",  "true",     "false",    "null"};
        ch_buf_puts(b, ch_str_of(names[json_typeof(v)]));
    }
}

enum ch_code ch_json_fail(struct ch_json at, struct ch_err *err, const char *what)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    put_path(&b, &at);
    ch_buf_printf(&b, "%s%s, found ", b.len > 0 ? ": " : "", what);
    if (at.value == NULL) {
        ch_buf_puts(&b, CH_STR("nothing"));
    } else {
        put_value(&b, at.value);
    }
    enum ch_code rc = ch_fail(err, CH_E_FORMAT, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

static enum ch_code check_type(struct ch_json v, int type, struct ch_err *err)
{
    static const char *const expected[] = {
        [JSON_OBJECT] = "expected an object",
        [JSON_ARRAY] = "expected an array",
        [JSON_STRING] = "expected a string",
        [JSON_INTEGER] = "expected an integer",
    };
    if (type == CH_JSON_ANY || (v.value != NULL && (int)json_typeof(v.value) == type)) {
        return CH_OK;
    }
    return ch_json_fail(v, err, expected[type]);
}

enum ch_code ch_json_get(const struct ch_json *at, const char *key, int type, bool needed,
                         struct ch_json *ret, struct ch_err *err)
{
    struct ch_json v = {.parent = at, .key = key};
    if (!json_is_object(at->value)) {
        return ch_json_fail(*at, err, "expected an object");
    }
    v.value = json_object_get(at->value, key);
    if (!needed && (v.value == NULL || json_is_null(v.value))) {
        v.value = NULL;
        *ret = v;
        return CH_OK;
    }
    enum ch_code rc = check_type(v, type, err);
    if (rc == CH_OK) {
        *ret = v;
    }
    return rc;
}

enum ch_code ch_json_at(const struct ch_json *at, size_t index, int type, struct ch_json *ret,
                        struct ch_err *err)
{
    struct ch_json v = {.value = json_array_get(at->value, index), .parent = at, .index = index};
    enum ch_code rc = check_type(v, type, err);
    if (rc == CH_OK) {
        *ret = v;
    }
    return rc;
}

bool ch_json_next(const struct ch_json *object, void **state, struct ch_json *ret)
{
    json_t *o = (json_t *)(uintptr_t)object->value; /* iterators want it so, and change nothing */
    *state = *state == NULL ? json_object_iter(o) : json_object_iter_next(o, *state);
    if (*state == NULL) {
        return false;
    }
    *ret = (struct ch_json){.value = json_object_iter_value(*state),
                            .parent = object,
                            .key = json_object_iter_key(*state)};
    return true;
}

struct ch_str ch_json_str(struct ch_json string)
{
    return (struct ch_str){json_string_value(string.value), json_string_length(string.value)};
}

struct ch_str ch_json_text(const json_t *value)
{
    return json_is_string(value) ? ch_json_str((struct ch_json){.value = value})
                                 : (struct ch_str){NULL, 0};
}
