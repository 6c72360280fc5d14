#include "token_request.h"

#include <string.h>

#include "customhouse/limits.h"
#include "form.h"

void gw_token_request_init(struct gw_token_request *r)
{
    *r = (struct gw_token_request){.grant = GW_GRANT_NONE};
    ch_buf_init(&r->text, ch_limits.token_request_bytes + 64);
    CH_ASSERT(ch_buf_reserve(&r->text, ch_limits.token_request_bytes + 64) !=
              NULL); /* it never moves */
}

void gw_token_request_done(struct gw_token_request *r)
{
    explicit_bzero(r->text.ptr, r->text.len);
    ch_buf_done(&r->text);
}

/* ------------------------------------------------------------------ scopes */

static unsigned action_of(struct ch_str name)
{
    return ch_str_eq(name, CH_STR("pull"))     ? CH_SCOPE_PULL
           : ch_str_eq(name, CH_STR("push"))   ? CH_SCOPE_PUSH
           : ch_str_eq(name, CH_STR("delete")) ? CH_SCOPE_DELETE
           : ch_str_eq(name, CH_STR("*"))      ? CH_SCOPE_ALL
                                               : 0;
}

/* action [ "," action ]*; false: it is none. */
static bool read_actions(struct ch_str text, unsigned *ret)
{
    struct ch_str one;
    *ret = 0;
    while (ch_str_split(&text, ',', &one)) {
        for (size_t i = 0; i < one.len; i++) {
            if ((one.ptr[i] < 'a' || one.ptr[i] > 'z') && one.ptr[i] != '*') {
                return false;
            }
        }
        *ret |= action_of(one);
    }
    return true;
}

/* resourcename: components and an address before them: nothing of it is looked for but whole. */
static bool is_name(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || strchr("._-/:", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0 && s.len <= (size_t)ch_limits.text_bytes;
}

static bool add(struct ch_scopes *list, struct ch_str name, unsigned actions)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (ch_str_eq(list->list[i].name, name)) {
            list->list[i].actions |= actions;
            return true;
        }
    }
    if (actions == 0) {
        return true;
    }
    if (list->count >= CH_SCOPES_MAX) {
        return false;
    }
    list->list[list->count++] = (struct ch_scope){name, actions};
    return true;
}

/* resourcetype [ "(" class ")" ] ":" resourcename ":" actions; a name may have a colon, before a
 * port. */
static bool add_one(struct ch_scopes *list, struct ch_str scope)
{
    struct ch_str rest = scope, type = {NULL, 0};
    size_t colon = scope.len;
    unsigned actions;
    while (colon > 0 && scope.ptr[colon - 1] != ':') {
        colon--;
    }
    if (!ch_str_split(&rest, ':', &type) || type.len == 0 || colon <= type.len + 1) {
        return false;
    }
    struct ch_str name = ch_str_sub(scope, type.len + 1, colon - 1 - (type.len + 1));
    if (!is_name(name) || !read_actions(ch_str_sub(scope, colon, scope.len), &actions)) {
        return false;
    }
    return !ch_str_eq(type, CH_STR("repository")) || add(list, name, actions);
}

bool gw_scopes_add(struct ch_scopes *list, struct ch_str text)
{
    struct ch_str one;
    while (ch_str_split(&text, ' ', &one)) {
        if (one.len > 0 && !add_one(list, one)) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ words */

static enum gw_grant grant_of(struct ch_str s)
{
    return ch_str_eq(s, CH_STR("password"))        ? GW_GRANT_PASSWORD
           : ch_str_eq(s, CH_STR("refresh_token")) ? GW_GRANT_REFRESH
                                                   : GW_GRANT_OTHER;
}

struct given { /* each of these once: which of two counts nobody could say */
    bool grant, service, password, refresh_token;
};

static const char twice[] = "a word of the request for a token stands there twice";

static const char *take(struct gw_token_request *r, struct given *given, struct ch_str name,
                        struct ch_str value)
{
    bool *once = NULL;
    if (ch_str_eq(name, CH_STR("scope"))) {
        return gw_scopes_add(&r->wanted, value)
                   ? NULL
                   : "scope: expected repository:NAME:ACTIONS, of at most 16 names";
    }
    if (ch_str_eq(name, CH_STR("grant_type"))) {
        once = &given->grant;
        r->grant = grant_of(value);
    } else if (ch_str_eq(name, CH_STR("service"))) {
        once = &given->service;
        r->service = value;
    } else if (ch_str_eq(name, CH_STR("password"))) {
        once = &given->password;
        r->password = value;
    } else if (ch_str_eq(name, CH_STR("refresh_token"))) {
        once = &given->refresh_token;
        r->refresh_token = value;
    } else if (ch_str_eq(name, CH_STR("offline_token"))) {
        r->offline = r->offline || ch_str_eq(value, CH_STR("true"));
    } else if (ch_str_eq(name, CH_STR("access_type"))) {
        r->offline = r->offline || ch_str_eq(value, CH_STR("offline"));
    }
    if (once != NULL && *once) {
        return twice;
    }
    if (once != NULL) {
        *once = true;
    }
    return NULL;
}

const char *gw_token_request_read(struct ch_str text, struct gw_token_request *ret)
{
    struct given given = {false, false, false, false};
    struct ch_str pair;
    const char *wrong = NULL;
    if (text.len > ch_limits.token_request_bytes) {
        return "the request for a token is too long";
    }
    while (wrong == NULL && ch_str_split(&text, '&', &pair)) {
        size_t equals, from = ret->text.len;
        if (pair.len == 0) {
            continue;
        }
        if (!ch_str_find_char(pair, '=', &equals)) {
            equals = pair.len;
        }
        if (!gw_form_decode(ch_str_sub(pair, 0, equals), &ret->text)) {
            return "the request for a token is not encoded as a form is";
        }
        size_t middle = ret->text.len;
        if (!gw_form_decode(ch_str_sub(pair, equals + 1, pair.len), &ret->text)) {
            return "the request for a token is not encoded as a form is";
        }
        struct ch_str all = ch_buf_str(&ret->text);
        wrong = take(ret, &given, ch_str_sub(all, from, middle - from),
                     ch_str_sub(all, middle, all.len));
    }
    return wrong;
}
