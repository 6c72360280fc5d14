#include "proxy/fetcher/challenge.h"

#include "customhouse/limits.h"

static struct ch_str rest_from(struct ch_str s, size_t at)
{
    return ch_str_sub(s, at, s.len);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ------------------------------------------------------------------ WWW-Authenticate */

/* RFC 9110 5.6.2 has more; parameters are named with these. */
static size_t token_length(struct ch_str s)
{
    size_t n = 0;
    while (n < s.len && (is_alnum(s.ptr[n]) || s.ptr[n] == '-' || s.ptr[n] == '_')) {
        n++;
    }
    return n;
}

/* Takes a quoted string, or a bare word, off the front. */
static bool take_value(struct ch_str *s, struct ch_str *ret)
{
    if (s->len == 0 || s->ptr[0] != '"') {
        size_t n = token_length(*s);
        *ret = ch_str_sub(*s, 0, n);
        *s = rest_from(*s, n);
        return n > 0;
    }
    size_t end = 0;
    struct ch_str rest = rest_from(*s, 1);
    if (!ch_str_find_char(rest, '"', &end)) {
        return false;
    }
    for (size_t i = 0; i < end; i++) {
        if (rest.ptr[i] < 0x20 || rest.ptr[i] > 0x7e || rest.ptr[i] == '\\') {
            return false;
        }
    }
    *ret = ch_str_sub(rest, 0, end);
    *s = rest_from(rest, end + 1);
    return true;
}

/* "NAME=VALUE", and the comma before the next one. False: it is none, or a known one twice. */
static bool take_parameter(struct ch_str *s, struct ch_challenge *c)
{
    struct ch_str name = ch_str_sub(*s, 0, token_length(*s));
    struct ch_str value = {NULL, 0};
    *s = rest_from(*s, name.len);
    if (name.len == 0 || !ch_str_starts(*s, CH_STR("="))) {
        return false;
    }
    *s = rest_from(*s, 1);
    if (!take_value(s, &value)) {
        return false;
    }
    const struct {
        struct ch_str name;
        struct ch_str *field;
    } known[] = {{CH_STR("realm"), &c->realm},
                 {CH_STR("service"), &c->service},
                 {CH_STR("scope"), &c->scope}};
    for (size_t i = 0; i < CH_ARRAY_LEN(known); i++) {
        if (ch_str_eq_nocase(name, known[i].name)) {
            if (known[i].field->ptr != NULL) {
                return false;
            }
            *known[i].field = value;
        }
    }
    *s = ch_str_trim(*s);
    if (s->len == 0) {
        return true;
    }
    if (s->ptr[0] != ',') {
        return false;
    }
    *s = ch_str_trim(rest_from(*s, 1));
    return s->len > 0;
}

/* "repository:NAME:pull". What has no actions, as scopes of other makers, asks for nothing by name.
 */
static bool only_pulls(struct ch_str scopes)
{
    struct ch_str scope;
    while (ch_str_split(&scopes, ' ', &scope)) {
        size_t colons = 0;
        size_t last = 0;
        for (size_t i = 0; i < scope.len; i++) {
            if (scope.ptr[i] == ':') {
                colons++;
                last = i;
            }
        }
        if (colons >= 2 && !ch_str_eq(rest_from(scope, last + 1), CH_STR("pull"))) {
            return false;
        }
    }
    return true;
}

enum ch_code ch_challenge_parse(struct ch_str value, struct ch_challenge *ret, struct ch_err *err)
{
    const struct ch_str scheme = CH_STR("Bearer ");
    struct ch_challenge c = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    bool ok = ch_str_eq_nocase(ch_str_sub(value, 0, scheme.len), scheme);
    struct ch_str rest = ch_str_trim(rest_from(value, scheme.len));
    while (ok && rest.len > 0) {
        ok = take_parameter(&rest, &c);
    }
    if (!ok || c.realm.len == 0) {
        return ch_fail(err, CH_E_FORMAT,
                       "its WWW-Authenticate is not one Bearer challenge with a realm");
    }
    if (!only_pulls(c.scope)) {
        return ch_fail(err, CH_E_DENIED,
                       "its WWW-Authenticate has a scope with more actions than pull");
    }
    *ret = c;
    return CH_OK;
}

/* ------------------------------------------------------------------ the token's document */

enum { LEAST_LIFE_SECONDS = 60 }; /* of the specification, also where expires_in is left out */

struct scan {
    struct ch_str rest;
    struct ch_str text; /* of the last string, between its quotes */
    bool escaped;       /* it has a backslash in it */
};

static void skip_blanks(struct scan *s)
{
    size_t n = 0;
    while (n < s->rest.len && (s->rest.ptr[n] == ' ' || s->rest.ptr[n] == '\t' ||
                               s->rest.ptr[n] == '\n' || s->rest.ptr[n] == '\r')) {
        n++;
    }
    s->rest = rest_from(s->rest, n);
}

/* The next byte that is no blank, if it is this one. */
static bool take(struct scan *s, char c)
{
    skip_blanks(s);
    if (s->rest.len == 0 || s->rest.ptr[0] != c) {
        return false;
    }
    s->rest = rest_from(s->rest, 1);
    return true;
}

static bool take_string(struct scan *s)
{
    if (!take(s, '"')) {
        return false;
    }
    s->escaped = false;
    for (size_t i = 0; i < s->rest.len; i++) {
        unsigned char c = (unsigned char)s->rest.ptr[i];
        if (c == '"') {
            s->text = ch_str_sub(s->rest, 0, i);
            s->rest = rest_from(s->rest, i + 1);
            return true;
        }
        if (c < 0x20) {
            return false;
        }
        if (c == '\\') { /* whatever follows it belongs to it; where it is taken it is refused */
            s->escaped = true;
            i++;
        }
    }
    return false;
}

/* A number, true, false or null: the bytes that they are made of. */
static struct ch_str take_word(struct scan *s)
{
    skip_blanks(s);
    size_t n = 0;
    while (n < s->rest.len && (is_alnum(s->rest.ptr[n]) || s->rest.ptr[n] == '-' ||
                               s->rest.ptr[n] == '+' || s->rest.ptr[n] == '.')) {
        n++;
    }
    struct ch_str word = ch_str_sub(s->rest, 0, n);
    s->rest = rest_from(s->rest, n);
    return word;
}

static bool is_b64token(struct ch_str s)
{
    size_t n = 0;
    while (n < s.len &&
           (is_alnum(s.ptr[n]) || ch_str_find_char(CH_STR("-._~+/"), s.ptr[n], NULL))) {
        n++;
    }
    size_t body = n;
    while (n < s.len && s.ptr[n] == '=') {
        n++;
    }
    return body > 0 && n == s.len && s.len <= ch_limits.fetch_token_bytes;
}

struct taken {
    struct ch_str token;
    struct ch_str access_token;
    struct ch_str expires_in;
};

/* One member. False: the document is not read. */
static bool take_member(struct scan *s, struct taken *taken)
{
    if (!take_string(s) || s->escaped) {
        return false;
    }
    const struct ch_str name = s->text;
    struct ch_str *field = ch_str_eq(name, CH_STR("token"))          ? &taken->token
                           : ch_str_eq(name, CH_STR("access_token")) ? &taken->access_token
                           : ch_str_eq(name, CH_STR("expires_in"))   ? &taken->expires_in
                                                                     : NULL;
    if (!take(s, ':') || (field != NULL && field->ptr != NULL)) {
        return false;
    }
    skip_blanks(s);
    bool is_string = ch_str_starts(s->rest, CH_STR("\""));
    struct ch_str value;
    if (is_string) {
        if (!take_string(s)) {
            return false;
        }
        value = s->text;
    } else {
        value = take_word(s);
        if (value.len == 0) {
            return false;
        }
    }
    if (field != NULL) {
        if (is_string != (field != &taken->expires_in) || (is_string && s->escaped)) {
            return false;
        }
        *field = value;
    }
    return true;
}

static bool scan_object(struct ch_str document, struct taken *ret)
{
    struct scan s = {.rest = document};
    if (!take(&s, '{')) {
        return false;
    }
    do {
        if (!take_member(&s, ret)) {
            return false;
        }
    } while (take(&s, ','));
    bool closed = take(&s, '}');
    skip_blanks(&s);
    return closed && s.rest.len == 0;
}

enum ch_code ch_token_scan(struct ch_str document, struct ch_token *ret, struct ch_err *err)
{
    struct taken taken = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    if (!scan_object(document, &taken)) {
        return ch_fail(err, CH_E_FORMAT, "its answer is not one flat JSON object with a token");
    }
    uint64_t life = LEAST_LIFE_SECONDS;
    struct ch_str text = taken.token.len > 0 ? taken.token : taken.access_token;
    if (!is_b64token(text)) {
        return ch_fail(err, CH_E_FORMAT, "its answer has no token that fits into a header");
    }
    if (taken.expires_in.ptr != NULL && !ch_str_u64(taken.expires_in, &life)) {
        return ch_fail(err, CH_E_FORMAT, "its answer has an expires_in that is no whole number");
    }
    life = life < ch_limits.fetch_token_seconds ? life : ch_limits.fetch_token_seconds;
    ret->text = text;
    ret->life_seconds = (uint32_t)(life > LEAST_LIFE_SECONDS ? life : LEAST_LIFE_SECONDS);
    return CH_OK;
}
