#include "parameters.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "customhouse/secret.h"

#define NUMBER_MAX 9007199254740991LL /* 2^53 - 1: what every reader of JSON can hold */

bool operation_has_body(const struct operation *o)
{
    for (size_t i = 0; i < o->parameter_count; i++) {
        if (o->parameters[i].place == IN_BODY) {
            return true;
        }
    }
    return false;
}

/* --- values --- */

static size_t characters(struct ch_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    }
    return n;
}

static enum ch_code check_text(const struct parameter *p, struct ch_str value, struct ch_err *err)
{
    size_t max = p->type == PARAMETER_DOCUMENT ? PARAMETER_DOCUMENT_MAX : PARAMETER_TEXT_MAX;
    if (value.len == 0 || characters(value) > max || !ch_str_is_utf8(value)) {
        return ch_fail(err, CH_E_USAGE, "%s: expected 1 to %zu characters of UTF-8", p->name, max);
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        bool line = p->type == PARAMETER_DOCUMENT && (c == '\n' || c == '\r' || c == '\t');
        if ((c < 0x20 && !line) || c == 0x7f) {
            return ch_fail(err, CH_E_USAGE, "%s: a control character (byte %zu)", p->name, i);
        }
    }
    if (p->type != PARAMETER_DOCUMENT && ch_secret_in(value)) {
        return ch_fail(err, CH_E_USAGE,
                       "%s: a token stands in it, and it would be recorded: revoke that token",
                       p->name);
    }
    for (size_t i = 0; p->values != NULL; i++) {
        if (p->values[i] == NULL) {
            return ch_fail(err, CH_E_USAGE, "%s: none of the values there are", p->name);
        }
        if (ch_str_eq(value, ch_str_of(p->values[i]))) {
            break;
        }
    }
    return CH_OK;
}

/* Room for all was made at once, so slices into memory do not move. */
static struct ch_str keep(struct admin_request *q, struct ch_str s)
{
    size_t at = q->memory.len;
    ch_buf_puts(&q->memory, s);
    return q->memory.failed ? (struct ch_str){NULL, 0} : (struct ch_str){q->memory.ptr + at, s.len};
}

static enum ch_code add(struct admin_request *q, const struct parameter *p, struct ch_str value,
                        struct ch_err *err)
{
    struct ch_command *c = &q->command;
    if (c->arg_count == CH_COMMAND_MAX_ARGS) {
        return ch_fail(err, CH_E_USAGE, "%s: too many values", p->name);
    }
    c->key[c->arg_count] = ch_str_of(p->option);
    c->value[c->arg_count++] = keep(q, value);
    return CH_OK;
}

static enum ch_code add_text(struct admin_request *q, const struct parameter *p,
                             struct ch_str value, struct ch_err *err)
{
    enum ch_code rc = check_text(p, value, err);
    if (rc == CH_OK && p->type == PARAMETER_DOCUMENT) {
        ch_put_str(&q->input, value); /* as the command line sends a policy */
        return ch_buf_ok(&q->input, err);
    }
    return rc == CH_OK ? add(q, p, value, err) : rc;
}

static struct ch_str json_text(const json_t *v)
{
    return (struct ch_str){json_string_value(v), json_string_length(v)};
}

/* Words of letters, with '-' or one blank between them. */
static enum ch_code read_command_name(struct admin_request *q, const struct parameter *p,
                                      struct ch_str name, struct ch_err *err)
{
    bool good = name.len > 0 && name.len <= PARAMETER_COMMAND_MAX, letter = false;
    for (size_t i = 0; good && i < name.len; i++) {
        char c = name.ptr[i];
        good = (c >= 'a' && c <= 'z') || (letter && (c == '-' || c == ' '));
        letter = c >= 'a' && c <= 'z';
    }
    if (!good || !letter) {
        return ch_fail(err, CH_E_USAGE, "%s: expected the name of a command", p->name);
    }
    q->command.name = keep(q, name);
    return CH_OK;
}

static enum ch_code read_options(struct admin_request *q, const struct parameter *p, json_t *object,
                                 struct ch_err *err)
{
    const char *name;
    json_t *value;
    enum ch_code rc = CH_OK;
    if (!json_is_object(object)) {
        return ch_fail(err, CH_E_USAGE, "%s: expected an object", p->name);
    }
    json_object_foreach(object, name, value)
    {
        const struct parameter option = {.name = name};
        struct ch_command *c = &q->command;
        size_t len = strlen(name);
        if (len == 0 || len > PARAMETER_COMMAND_MAX ||
            strspn(name, "abcdefghijklmnopqrstuvwxyz-") != len || !json_is_string(value)) {
            return ch_fail(err, CH_E_USAGE, "%s: expected names of a-z and -, and texts", p->name);
        }
        rc = rc == CH_OK ? add_text(q, &option, json_text(value), err) : rc;
        if (rc == CH_OK) {
            c->key[c->arg_count - 1] = keep(q, ch_str_of(name));
        }
    }
    return rc;
}

static enum ch_code read_input(struct admin_request *q, const struct parameter *p,
                               const json_t *value, struct ch_err *err)
{
    if (!json_is_string(value) || !ch_base64_strict(json_text(value), &q->input)) {
        return ch_fail(err, CH_E_USAGE, "%s: expected base64", p->name);
    }
    return ch_buf_ok(&q->input, err);
}

static enum ch_code add_number(struct admin_request *q, const struct parameter *p, int64_t value,
                               struct ch_err *err)
{
    char text[24];
    if (value < 1 || value > NUMBER_MAX) {
        return ch_fail(err, CH_E_USAGE, "%s: expected a number from 1 to 2^53 - 1", p->name);
    }
    snprintf(text, sizeof(text), "%lld", (long long)value);
    return add(q, p, ch_str_of(text), err);
}

/* A flag that is not set is not given: commands know options, not their absence. */
static enum ch_code add_flag(struct admin_request *q, const struct parameter *p, bool value,
                             struct ch_err *err)
{
    return value ? add(q, p, CH_STR("true"), err) : CH_OK;
}

/* As a path or a query has it. */
static enum ch_code add_plain(struct admin_request *q, const struct parameter *p,
                              struct ch_str text, struct ch_err *err)
{
    uint64_t number;
    if (p->type == PARAMETER_FLAG) {
        bool yes = ch_str_eq(text, CH_STR("true"));
        return yes || ch_str_eq(text, CH_STR("false"))
                   ? add_flag(q, p, yes, err)
                   : ch_fail(err, CH_E_USAGE, "%s: expected true or false", p->name);
    }
    if (p->type == PARAMETER_NUMBER) {
        return ch_str_u64(text, &number) && number <= NUMBER_MAX
                   ? add_number(q, p, (int64_t)number, err)
                   : ch_fail(err, CH_E_USAGE, "%s: expected a number from 1 to 2^53 - 1", p->name);
    }
    return add_text(q, p, text, err);
}

/* --- the query --- */

static const struct parameter *find(const struct operation *o, enum parameter_place place,
                                    struct ch_str name)
{
    for (size_t i = 0; i < o->parameter_count; i++) {
        if (o->parameters[i].place == place && ch_str_eq(name, ch_str_of(o->parameters[i].name))) {
            return &o->parameters[i];
        }
    }
    return NULL;
}

/* Each name is known. Names are plain: one that needs decoding is none of ours. */
static enum ch_code check_query(const struct operation *o, struct ch_str query, struct ch_err *err)
{
    while (query.len > 0) {
        size_t end = query.len, equals;
        CH_IGNORE(ch_str_find_char(query, '&', &end));
        struct ch_str pair = ch_str_sub(query, 0, end);
        query = ch_str_sub(query, end + 1, query.len);
        struct ch_str name =
            ch_str_find_char(pair, '=', &equals) ? ch_str_sub(pair, 0, equals) : pair;
        if (find(o, IN_QUERY, name) == NULL) {
            struct ch_buf b;
            ch_buf_init(&b, 1024);
            ch_buf_put_escaped(&b, ch_str_sub(name, 0, 100));
            enum ch_code rc = ch_fail(err, CH_E_USAGE, "%.*s: no parameter of this operation",
                                      CH_STR_ARG(ch_buf_str(&b)));
            ch_buf_done(&b);
            return rc;
        }
    }
    return CH_OK;
}

static enum ch_code read_query(struct admin_request *q, const struct ch_http_request *r,
                               const struct parameter *p, bool *ret_given, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, 4 * PARAMETER_TEXT_MAX + 1);
    *ret_given = false;
    enum ch_code rc = ch_http_query(r, ch_str_of(p->name), &value, ret_given, err);
    if (value.failed) {
        rc = ch_fail(err, CH_E_USAGE, "%s: expected 1 to %d characters of UTF-8", p->name,
                     PARAMETER_TEXT_MAX);
    } else if (rc == CH_OK && *ret_given) {
        rc = add_plain(q, p, ch_buf_str(&value), err);
    }
    ch_buf_done(&value);
    return rc;
}

/* --- the body --- */

static enum ch_code read_texts(struct admin_request *q, const struct parameter *p,
                               const json_t *value, struct ch_err *err)
{
    size_t n = json_array_size(value);
    enum ch_code rc = CH_OK;
    if (!json_is_array(value) || n == 0 || n > PARAMETER_TEXTS_MAX) {
        return ch_fail(err, CH_E_USAGE, "%s: expected a list of 1 to %d texts", p->name,
                       PARAMETER_TEXTS_MAX);
    }
    for (size_t i = 0; rc == CH_OK && i < n; i++) {
        const json_t *one = json_array_get(value, i);
        rc = json_is_string(one)
                 ? add_text(q, p, json_text(one), err)
                 : ch_fail(err, CH_E_USAGE, "%s: expected texts in the list", p->name);
    }
    return rc;
}

/* 3.0 is one, too (JSON Schema, 6.1.1). */
static bool is_whole(const json_t *value)
{
    double v = json_number_value(value);
    return json_is_number(value) && v >= 0 && v <= (double)NUMBER_MAX && v == (double)(int64_t)v;
}

static enum ch_code read_value(struct admin_request *q, const struct parameter *p, json_t *value,
                               struct ch_err *err)
{
    switch (p->type) {
    case PARAMETER_OPTIONS:
        return read_options(q, p, value, err);
    case PARAMETER_INPUT:
        return read_input(q, p, value, err);
    case PARAMETER_JSON:
        q->command.json = json_is_true(value);
        return json_is_boolean(value)
                   ? CH_OK
                   : ch_fail(err, CH_E_USAGE, "%s: expected true or false", p->name);
    case PARAMETER_COMMAND:
        return json_is_string(value) ? read_command_name(q, p, json_text(value), err)
                                     : ch_fail(err, CH_E_USAGE, "%s: expected a text", p->name);
    case PARAMETER_TEXTS:
        return read_texts(q, p, value, err);
    case PARAMETER_FLAG:
        return json_is_boolean(value)
                   ? add_flag(q, p, json_is_true(value), err)
                   : ch_fail(err, CH_E_USAGE, "%s: expected true or false", p->name);
    case PARAMETER_NUMBER:
        return is_whole(value) ? add_number(q, p, (int64_t)json_number_value(value), err)
                               : ch_fail(err, CH_E_USAGE, "%s: expected a whole number", p->name);
    case PARAMETER_TEXT:
    case PARAMETER_DOCUMENT:
        break;
    }
    return json_is_string(value) ? add_text(q, p, json_text(value), err)
                                 : ch_fail(err, CH_E_USAGE, "%s: expected a text", p->name);
}

static enum ch_code check_names(const struct operation *o, json_t *object, struct ch_err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (find(o, IN_BODY, ch_str_of(name)) == NULL) {
            struct ch_buf b;
            ch_buf_init(&b, 1024);
            ch_buf_put_escaped(&b, ch_str_sub(ch_str_of(name), 0, 100));
            enum ch_code rc = ch_fail(err, CH_E_USAGE, "%.*s: no parameter of this operation",
                                      CH_STR_ARG(ch_buf_str(&b)));
            ch_buf_done(&b);
            return rc;
        }
    }
    return CH_OK;
}

static enum ch_code parse_body(const struct operation *o, struct ch_str body, json_t **ret,
                               struct ch_err *err)
{
    json_error_t where;
    *ret = json_loadb(body.ptr != NULL ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &where);
    if (*ret == NULL) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_put_escaped(&b, ch_str_of(where.text));
        enum ch_code rc = ch_fail(err, CH_E_USAGE, "body:%d:%d: %.*s, expected a JSON object",
                                  where.line, where.column, CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
        return rc;
    }
    return json_is_object(*ret) ? check_names(o, *ret, err)
                                : ch_fail(err, CH_E_USAGE, "body: expected a JSON object");
}

/* --- all --- */

static enum ch_code read_one(struct admin_request *q, const struct operation *o,
                             const struct ch_http_request *r, const struct parameter *p,
                             const json_t *body, struct ch_err *err)
{
    bool given = true;
    enum ch_code rc = CH_OK;
    if (p->place == IN_PATH) {
        rc = add_plain(q, p, operation_path_value(o, ch_http_view(r), p->name), err);
    } else if (p->place == IN_QUERY) {
        rc = read_query(q, r, p, &given, err);
    } else {
        json_t *value = json_object_get(body, p->name);
        given = value != NULL;
        rc = given ? read_value(q, p, value, err) : CH_OK;
    }
    if (rc == CH_OK && !given && p->required) {
        return ch_fail(err, CH_E_USAGE, "%s: is needed", p->name);
    }
    return rc;
}

enum ch_code admin_request_read(const struct operation *o, const struct ch_http_request *r,
                                struct ch_str body, struct admin_request *ret, struct ch_err *err)
{
    const struct ch_http_view *v = ch_http_view(r);
    json_t *object = NULL;
    /* nothing decoded is longer than it was */
    size_t room = v->path.len + v->query.len + body.len + 8 * CH_COMMAND_MAX_ARGS + 64;
    *ret = (struct admin_request){
        .command = {.name = ch_str_of(o->command), .json = o->command != NULL}};
    ch_buf_init(&ret->memory, room);
    ch_buf_init(&ret->input, (size_t)ch_limits.command_input_bytes);
    CH_ASSERT(ch_buf_reserve(&ret->memory, room) != NULL);
    if (o->word != NULL) {
        ret->command.value[ret->command.arg_count++] = ch_str_of(o->word);
    }
    enum ch_code rc = check_query(o, v->query, err);
    if (rc == CH_OK && operation_has_body(o)) {
        rc = parse_body(o, body, &object, err);
    }
    for (size_t i = 0; rc == CH_OK && i < o->parameter_count; i++) {
        rc = read_one(ret, o, r, &o->parameters[i], object, err);
    }
    json_decref(object);
    return rc == CH_OK ? ch_buf_ok(&ret->memory, err) : rc;
}

void admin_request_done(struct admin_request *q)
{
    ch_buf_done(&q->memory);
    ch_buf_done(&q->input);
}
