#include "credentials.h"

#include <string.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "db/people/people.h"

/* The scheme, and what follows it after one blank or more. */
static bool split_scheme(struct ch_str s, struct ch_str *ret_scheme, struct ch_str *ret_rest)
{
    size_t at;
    if (!ch_str_find_char(s, ' ', &at)) {
        return false;
    }
    *ret_scheme = ch_str_sub(s, 0, at);
    while (at < s.len && s.ptr[at] == ' ') {
        at++;
    }
    *ret_rest = ch_str_sub(s, at, s.len);
    return ret_rest->len > 0;
}

/* What follows the first colon; no control character may be in either part (RFC 7617, 2). */
static bool split_password(struct ch_str user_pass, struct ch_str *ret)
{
    size_t colon;
    if (!ch_str_find_char(user_pass, ':', &colon)) {
        return false;
    }
    for (size_t i = 0; i < user_pass.len; i++) {
        unsigned char c = (unsigned char)user_pass.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    *ret = ch_str_sub(user_pass, colon + 1, user_pass.len);
    return true;
}

/* b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_b64token(struct ch_str s)
{
    size_t end = s.len;
    while (end > 0 && s.ptr[end - 1] == '=') {
        end--;
    }
    for (size_t i = 0; i < end; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && strchr("-._~+/", c) == NULL) {
            return false;
        }
    }
    return end > 0;
}

/* Nothing else can be one: the keeper need not be asked. */
static bool has_form_of_token(struct ch_str s)
{
    return s.len == TOKEN_LEN && ch_str_starts(s, CH_STR(TOKEN_PREFIX));
}

bool front_credentials_token(struct ch_str token, struct ch_hash *hash,
                             struct ch_sha256 *ret_digest)
{
    if (!has_form_of_token(token)) {
        return false;
    }
    ch_hash_reset(hash);
    ch_hash_add(hash, token.ptr, token.len);
    *ret_digest = ch_hash_end(hash);
    return true;
}

/* What may be a token, in either scheme; absent: nothing. */
static struct ch_str presented(struct ch_str scheme, struct ch_str rest, struct ch_buf *scratch)
{
    struct ch_str token = {NULL, 0};
    if (ch_str_eq_nocase(scheme, CH_STR("Basic"))) {
        bool good = ch_base64_strict(rest, scratch) && split_password(ch_buf_str(scratch), &token);
        return good ? token : (struct ch_str){NULL, 0};
    }
    return ch_str_eq_nocase(scheme, CH_STR("Bearer")) && is_b64token(rest) ? rest : token;
}

struct ch_str front_credentials_clear(struct ch_str authorization, struct ch_buf *scratch)
{
    struct ch_str scheme, rest, token = {NULL, 0};
    ch_buf_clear(scratch);
    if (authorization.ptr != NULL && split_scheme(authorization, &scheme, &rest)) {
        token = presented(scheme, rest, scratch);
    }
    return has_form_of_token(token) ? token : (struct ch_str){NULL, 0};
}

struct ch_str front_credentials_scoped(struct ch_str authorization)
{
    const struct ch_str none = {NULL, 0};
    struct ch_str scheme, rest;
    size_t dots = 0;
    if (authorization.ptr == NULL || !split_scheme(authorization, &scheme, &rest) ||
        !ch_str_eq_nocase(scheme, CH_STR("Bearer")) || !ch_str_starts(rest, CH_STR("eyJ")) ||
        rest.len > ch_limits.scoped_token_bytes) {
        return none;
    }
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        if (!word && c != '.') {
            return none;
        }
        dots += c == '.' ? 1 : 0;
    }
    return dots == 2 ? rest : none;
}

enum front_credentials front_credentials_read(struct ch_str authorization, struct ch_buf *scratch,
                                              struct ch_hash *hash, struct ch_sha256 *ret_digest)
{
    struct ch_str scheme, rest;
    if (authorization.ptr == NULL) {
        return FRONT_CREDENTIALS_NONE;
    }
    ch_buf_clear(scratch);
    if (!split_scheme(authorization, &scheme, &rest)) {
        return FRONT_CREDENTIALS_BAD;
    }
    bool good = front_credentials_token(presented(scheme, rest, scratch), hash, ret_digest);
    if (scratch->ptr != NULL) { /* also what was decoded before it turned out to be none */
        explicit_bzero(scratch->ptr, rest.len < scratch->cap ? rest.len : scratch->cap);
    }
    ch_buf_clear(scratch);
    return good ? FRONT_CREDENTIALS_TOKEN : FRONT_CREDENTIALS_BAD;
}
