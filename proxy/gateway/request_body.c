#include "request_body.h"

#include <jansson.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"
#include "form.h"

void gw_request_body_init(struct gw_request_body *b)
{
    ch_buf_init(&b->reason, (size_t)ch_limits.exception_reason_bytes);
    ch_buf_init(&b->expires, (size_t)ch_limits.word_bytes);
}

void gw_request_body_done(struct gw_request_body *b)
{
    ch_buf_done(&b->reason);
    ch_buf_done(&b->expires);
}

/* Where a member's value goes; NULL: there is no such member, or it was there before. */
static struct ch_buf *member(struct gw_request_body *b, struct ch_str name, bool given[2])
{
    int i = ch_str_eq(name, CH_STR("reason")) ? 0 : ch_str_eq(name, CH_STR("expires")) ? 1 : -1;
    if (i < 0 || given[i]) {
        return NULL;
    }
    given[i] = true;
    return i == 0 ? &b->reason : &b->expires;
}

static const char unknown_member[] = "it may have \"reason\" and \"expires\", each once";

static bool is_line(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(s);
}

static const char *check(const struct gw_request_body *b)
{
    if (b->expires.failed) {
        return "\"expires\" is too long: it is a date, or a time from now as 30d";
    }
    if (b->reason.failed) {
        return "the reason may have at most 500 bytes";
    }
    if (ch_str_trim(ch_buf_str(&b->reason)).len == 0) {
        return "a reason is needed";
    }
    if (!is_line(ch_buf_str(&b->reason)) || !is_line(ch_buf_str(&b->expires))) {
        return "values are one line of UTF-8";
    }
    if (ch_secret_in(ch_buf_str(&b->reason)) || ch_secret_in(ch_buf_str(&b->expires))) {
        return "a token stands in it, and it would be recorded: have that token revoked";
    }
    return NULL;
}

/* ------------------------------------------------------------------ a form */

const char *gw_request_body_form(struct ch_str text, struct gw_request_body *ret)
{
    bool given[2] = {false, false};
    struct ch_str pair;
    while (ch_str_split(&text, '&', &pair)) {
        size_t equals;
        if (!ch_str_find_char(pair, '=', &equals)) {
            return "it is no form: a name has no value";
        }
        struct ch_buf *to = member(ret, ch_str_sub(pair, 0, equals), given);
        if (to == NULL) {
            return unknown_member;
        }
        if (!gw_form_decode(ch_str_sub(pair, equals + 1, pair.len), to)) {
            return "it is no form: a value is not encoded";
        }
    }
    return check(ret);
}

/* ------------------------------------------------------------------ JSON */

static const char no_object[] = "it is no JSON object of strings";

static const char *take_members(json_t *root, struct gw_request_body *ret)
{
    bool given[2] = {false, false};
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        struct ch_buf *to = member(ret, ch_str_of(name), given);
        if (to == NULL) {
            return unknown_member;
        }
        if (!json_is_string(value)) {
            return no_object;
        }
        ch_buf_puts(to, (struct ch_str){json_string_value(value), json_string_length(value)});
    }
    return NULL;
}

const char *gw_request_body_json(struct ch_str text, struct gw_request_body *ret)
{
    json_error_t where;
    json_t *root =
        json_loadb(text.ptr != NULL ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &where);
    const char *wrong = no_object;
    if (root == NULL) {
        enum json_error_code why = json_error_code(&where);
        return why == json_error_duplicate_key           ? unknown_member
               : why == json_error_end_of_input_expected ? "something follows the JSON object"
                                                         : no_object;
    }
    if (json_is_object(root)) {
        wrong = take_members(root, ret);
    }
    json_decref(root);
    return wrong != NULL ? wrong : check(ret);
}
