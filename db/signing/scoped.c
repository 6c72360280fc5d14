#include "db/signing/scoped.h"

#include <string.h>

#include <jansson.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "db/signing/signing_int.h"

#define HALF      32 /* bytes of r, and of s */
#define ANONYMOUS "anonymous"
#define OF_TOKEN  "token:"

/* ------------------------------------------------------------------ base64url */

/* RFC 7515 section 2: without padding. */
static void put_url64(struct ch_buf *b, const void *ptr, size_t len)
{
    size_t from = b->len;
    ch_buf_put_base64(b, ptr, len);
    if (b->failed) {
        return;
    }
    while (b->len > from && b->ptr[b->len - 1] == '=') {
        b->len--;
    }
    for (size_t i = from; i < b->len; i++) {
        b->ptr[i] = b->ptr[i] == '+' ? '-' : b->ptr[i] == '/' ? '_' : b->ptr[i];
    }
}

/* One text of one sequence of bytes: another spelling is another token. */
static bool get_url64(struct ch_str text, struct ch_buf *ret)
{
    struct ch_buf again;
    ch_buf_init(&again, ch_limits.scoped_token_bytes + 4);
    bool good = ch_base64_any(text, ret);
    if (good) {
        put_url64(&again, ret->ptr, ret->len);
    }
    good = good && !again.failed && ch_str_eq(ch_buf_str(&again), text);
    ch_buf_done(&again);
    return good;
}

/* ------------------------------------------------------------------ the signature */

/* RFC 7518 section 3.4: r and s, one behind the other; X.509's ECDSA-Sig-Value is what signers
 * give. */
static bool raw_of(struct ch_str der, unsigned char ret[2 * HALF])
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    const BIGNUM *r, *s;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    if (sig == NULL) {
        return false;
    }
    ECDSA_SIG_get0(sig, &r, &s);
    bool good = BN_bn2binpad(r, ret, HALF) == HALF && BN_bn2binpad(s, ret + HALF, HALF) == HALF;
    ECDSA_SIG_free(sig);
    return good;
}

static bool der_of(struct ch_str raw, unsigned char ret[CH_SIGNATURE_BYTES], size_t *ret_len)
{
    const unsigned char *at = (const unsigned char *)raw.ptr;
    unsigned char *to = ret;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    CH_ASSERT(sig != NULL);
    BIGNUM *r = BN_bin2bn(at, HALF, NULL), *s = BN_bin2bn(at + HALF, HALF, NULL);
    CH_ASSERT(r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1);
    int len = i2d_ECDSA_SIG(sig, NULL);
    bool good = len > 0 && len <= CH_SIGNATURE_BYTES && i2d_ECDSA_SIG(sig, &to) == len;
    *ret_len = good ? (size_t)len : 0;
    ECDSA_SIG_free(sig);
    return good;
}

/* The header of all that this key signs, and its '.'. */
static void put_head(struct ch_buf *b, const struct ch_public_key *key)
{
    char kid[CH_KEY_ID_HEX + 1];
    struct ch_sha256 id = ch_public_key_id(key);
    struct ch_buf json;
    ch_key_id_hex(&id, kid);
    ch_buf_init(&json, 128);
    ch_buf_printf(&json, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", kid);
    put_url64(b, json.ptr, json.len);
    ch_buf_putc(b, '.');
    ch_buf_done(&json);
}

/* ------------------------------------------------------------------ writing */

static const struct {
    unsigned action;
    const char *name;
} actions[] = {{CH_SCOPE_PULL, "pull"}, {CH_SCOPE_PUSH, "push"}, {CH_SCOPE_DELETE, "delete"}};

void ch_scope_put_actions(struct ch_buf *b, unsigned bits, const char *separator, const char *quote)
{
    bool first = true;
    for (size_t i = 0; i < CH_ARRAY_LEN(actions); i++) {
        if ((bits & actions[i].action) != 0) {
            ch_buf_printf(b, "%s%s%s%s", first ? "" : separator, quote, actions[i].name, quote);
            first = false;
        }
    }
}

static void put_claims(struct ch_buf *b, const struct ch_scoped *s)
{
    ch_buf_puts(b, CH_STR("{\"iss\":"));
    ch_buf_put_json(b, s->issuer);
    if (s->token != 0) {
        ch_buf_printf(b, ",\"sub\":\"" OF_TOKEN "%llu\",\"aud\":", (unsigned long long)s->token);
    } else {
        ch_buf_puts(b, CH_STR(",\"sub\":\"" ANONYMOUS "\",\"aud\":"));
    }
    ch_buf_put_json(b, s->service);
    ch_buf_printf(b, ",\"exp\":%lld,\"nbf\":%lld,\"iat\":%lld,\"jti\":\"%.*s\",\"access\":[",
                  (long long)s->ends_at_s, (long long)s->begins_at_s, (long long)s->begins_at_s,
                  CH_STR_ARG(s->id));
    for (uint32_t i = 0; i < s->may.count; i++) {
        ch_buf_printf(b, "%s{\"type\":\"repository\",\"name\":", i > 0 ? "," : "");
        ch_buf_put_json(b, s->may.list[i].name);
        ch_buf_puts(b, CH_STR(",\"actions\":["));
        ch_scope_put_actions(b, s->may.list[i].actions, ",", "\"");
        ch_buf_puts(b, CH_STR("]}"));
    }
    ch_buf_puts(b, CH_STR("]}"));
}

enum ch_code ch_scoped_put(const struct ch_scoped *s, struct ch_signer *signer, struct ch_buf *out,
                           struct ch_err *err)
{
    const struct ch_public_key *key = ch_signer_public(signer);
    struct ch_buf claims, text, der;
    unsigned char raw[2 * HALF];
    CH_ASSERT(ch_public_key_kind(key) == CH_KEY_ECDSA_P256 && s->id.len == CH_SCOPED_ID_LEN);
    ch_buf_init(&claims, ch_limits.scoped_token_bytes);
    ch_buf_init(&text, ch_limits.scoped_token_bytes);
    ch_buf_init(&der, CH_SIGNATURE_BYTES);
    put_claims(&claims, s);
    put_head(&text, key);
    put_url64(&text, claims.ptr, claims.len);
    enum ch_code rc = ch_buf_ok(&claims, err);
    rc = rc == CH_OK ? ch_buf_ok(&text, err) : rc;
    rc = rc == CH_OK ? ch_signer_sign(signer, ch_buf_str(&text), &der, err) : rc;
    if (rc == CH_OK && !raw_of(ch_buf_str(&der), raw)) {
        rc = ch_openssl_fail(err, CH_E_SYSTEM, "the signature of a token");
    }
    if (rc == CH_OK) {
        ch_buf_putc(&text, '.');
        put_url64(&text, raw, sizeof(raw));
        rc = ch_buf_ok(&text, err);
    }
    if (rc == CH_OK) {
        ch_buf_puts(out, ch_buf_str(&text));
    }
    ch_buf_done(&claims);
    ch_buf_done(&text);
    ch_buf_done(&der);
    return rc;
}

/* ------------------------------------------------------------------ its claims */

void ch_scoped_done(struct ch_scoped *s)
{
    json_decref(s->memory); /* accepts NULL */
    *s = (struct ch_scoped){.memory = NULL};
}

static bool get_text(const json_t *object, const char *name, struct ch_str *ret)
{
    const json_t *value = json_object_get(object, name);
    *ret = (struct ch_str){json_string_value(value), json_string_length(value)};
    return json_is_string(value) && ret->len > 0;
}

static bool get_time(const json_t *object, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(object, name);
    *ret = json_integer_value(value);
    return json_is_integer(value) && *ret > 0;
}

static bool get_subject(const json_t *object, uint64_t *ret)
{
    struct ch_str text, prefix = CH_STR(OF_TOKEN);
    *ret = 0;
    if (!get_text(object, "sub", &text)) {
        return false;
    }
    return ch_str_eq(text, CH_STR(ANONYMOUS)) ||
           (ch_str_starts(text, prefix) &&
            ch_str_u64(ch_str_sub(text, prefix.len, text.len), ret) && *ret > 0);
}

static bool get_actions(const json_t *list, unsigned *ret)
{
    *ret = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        unsigned action = 0;
        for (size_t a = 0; name != NULL && a < CH_ARRAY_LEN(actions); a++) {
            action |= strcmp(actions[a].name, name) == 0 ? actions[a].action : 0;
        }
        if (action == 0 || (*ret & action) != 0) {
            return false;
        }
        *ret |= action;
    }
    return json_is_array(list) && *ret != 0;
}

static bool get_access(const json_t *list, struct ch_scopes *ret)
{
    struct ch_str type;
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > CH_SCOPES_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        struct ch_scope *scope = &ret->list[i];
        if (json_object_size(one) != 3 || !get_text(one, "type", &type) ||
            !ch_str_eq(type, CH_STR("repository")) || !get_text(one, "name", &scope->name) ||
            !get_actions(json_object_get(one, "actions"), &scope->actions)) {
            return false;
        }
    }
    ret->count = (uint32_t)count;
    return true;
}

enum ch_code ch_scoped_parse(struct ch_str json, struct ch_scoped *ret, struct ch_err *err)
{
    json_error_t where;
    int64_t issued;
    json_t *root =
        json_loadb(json.ptr != NULL ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, &where);
    struct ch_scoped s = {.memory = root};
    bool good = json_object_size(root) == 8 && get_text(root, "iss", &s.issuer) &&
                get_subject(root, &s.token) && get_text(root, "aud", &s.service) &&
                get_time(root, "exp", &s.ends_at_s) && get_time(root, "nbf", &s.begins_at_s) &&
                get_time(root, "iat", &issued) && issued == s.begins_at_s &&
                get_text(root, "jti", &s.id) && s.id.len == CH_SCOPED_ID_LEN &&
                get_access(json_object_get(root, "access"), &s.may);
    if (!good) {
        ch_scoped_done(&s);
        return ch_fail(err, CH_E_FORMAT, "its claims are none that this service writes");
    }
    *ret = s;
    return CH_OK;
}

/* ------------------------------------------------------------------ reading */

static enum ch_code verify(struct ch_str signed_part, struct ch_str signature,
                           const struct ch_public_key *key, struct ch_err *err)
{
    struct ch_buf raw;
    unsigned char der[CH_SIGNATURE_BYTES];
    size_t len = 0;
    ch_buf_init(&raw, ch_limits.scoped_token_bytes);
    bool good =
        get_url64(signature, &raw) && raw.len == 2 * HALF && der_of(ch_buf_str(&raw), der, &len);
    ch_buf_done(&raw);
    return good ? ch_public_key_verify(key, signed_part, (struct ch_str){(const char *)der, len},
                                       err)
                : ch_fail(err, CH_E_MISMATCH, "its signature is none of ES256");
}

static enum ch_code check_claims(const struct ch_scoped *s, const struct ch_scoped_check *check,
                                 struct ch_err *err)
{
    if (!ch_str_eq(s->issuer, check->issuer) || !ch_str_eq(s->service, CH_STR(CH_SCOPED_SERVICE))) {
        return ch_fail(err, CH_E_DENIED, "it is of another issuer or service");
    }
    if (s->begins_at_s > check->now_s + (int64_t)ch_limits.scoped_token_early_s) {
        return ch_fail(err, CH_E_TIMEOUT, "it is not good yet");
    }
    if (!check->late && s->ends_at_s <= check->now_s) {
        return ch_fail(err, CH_E_TIMEOUT, "it has ended");
    }
    return CH_OK;
}

enum ch_code ch_scoped_read(struct ch_str text, const struct ch_scoped_check *check,
                            struct ch_scoped *ret, struct ch_err *err)
{
    struct ch_buf head, json;
    size_t dot = 0;
    struct ch_scoped s = {.memory = NULL};
    ch_buf_init(&head, 256);
    put_head(&head, check->key);
    bool ours = text.len <= ch_limits.scoped_token_bytes && ch_str_starts(text, ch_buf_str(&head));
    struct ch_str rest = ch_str_sub(text, head.len, text.len);
    ours = ours && ch_str_find_char(rest, '.', &dot);
    size_t end = head.len + dot;
    ch_buf_done(&head);
    if (!ours) {
        return ch_fail(err, CH_E_FORMAT, "it is no token by the key of this service");
    }
    enum ch_code rc =
        verify(ch_str_sub(text, 0, end), ch_str_sub(text, end + 1, text.len), check->key, err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_init(&json, ch_limits.scoped_token_bytes);
    rc = get_url64(ch_str_sub(rest, 0, dot), &json)
             ? ch_scoped_parse(ch_buf_str(&json), &s, err)
             : ch_fail(err, CH_E_FORMAT, "its claims are not encoded");
    ch_buf_done(&json);
    rc = rc == CH_OK ? check_claims(&s, check, err) : rc;
    if (rc != CH_OK) {
        ch_scoped_done(&s);
        return rc;
    }
    *ret = s;
    return CH_OK;
}

bool ch_scopes_allow(const struct ch_scopes *list, struct ch_str name, unsigned action)
{
    for (uint32_t i = 0; name.len > 0 && i < list->count; i++) {
        if (ch_str_eq(list->list[i].name, name) && (list->list[i].actions & action) == action) {
            return true;
        }
    }
    return false;
}
