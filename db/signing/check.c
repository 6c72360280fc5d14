#include "db/signing/check.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "customhouse/policy.h"
#include "customhouse/timefmt.h"
#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/statement.h"
#include "db/signing/withdrawals.h"

/* ------------------------------------------------------------------ JSON */

static enum ch_code parse(struct ch_str text, uint64_t max, const char *what, json_t **ret,
                          struct ch_err *err)
{
    json_error_t e;
    if (text.len > max) {
        return ch_fail(err, CH_E_LIMIT, "%s: more than %llu bytes", what, (unsigned long long)max);
    }
    json_t *j = json_loadb(text.ptr != NULL ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &e);
    if (j == NULL || !json_is_object(j)) {
        json_decref(j);
        return ch_fail(err, CH_E_FORMAT, "%s: expected a JSON object", what);
    }
    *ret = j;
    return CH_OK;
}

static struct ch_str text_of(const json_t *object, const char *name)
{
    const json_t *j = json_object_get(object, name);
    return json_is_string(j) ? (struct ch_str){json_string_value(j), json_string_length(j)}
                             : (struct ch_str){NULL, 0};
}

static bool says(const json_t *object, const char *name, const char *value)
{
    return ch_str_eq(text_of(object, name), ch_str_of(value));
}

/* For people: what a foreign text cannot do is break out of its line. */
static void show(char *to, size_t size, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 4 * size);
    ch_buf_put_escaped(&b, ch_str_sub(text, 0, size));
    snprintf(to, size, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ signatures */

static enum ch_code decode(const json_t *object, const char *name, uint64_t max, struct ch_buf *ret,
                           struct ch_err *err)
{
    struct ch_str text = text_of(object, name);
    ch_buf_init(ret, (size_t)max);
    if (text.len == 0 || !ch_base64_any(text, ret) || ret->failed) {
        return ch_fail(err, CH_E_FORMAT, "%s: expected base64", name);
    }
    return CH_OK;
}

/* The payload of an envelope, once its one signature holds. */
static enum ch_code open_envelope(const json_t *envelope, const char *type, uint64_t max,
                                  const struct ch_public_key *key, struct ch_buf *payload,
                                  struct ch_err *err)
{
    struct ch_buf sig = {0}, pae = {0};
    const json_t *signatures = json_object_get(envelope, "signatures");
    if (!says(envelope, "payloadType", type) || json_array_size(signatures) != 1) {
        return ch_fail(err, CH_E_FORMAT, "expected an envelope of %s with one signature", type);
    }
    enum ch_code rc = decode(envelope, "payload", max, payload, err);
    if (rc == CH_OK) {
        rc = decode(json_array_get(signatures, 0), "sig", CH_SIGNATURE_BYTES, &sig, err);
    }
    if (rc == CH_OK) {
        ch_buf_init(&pae, (size_t)max + 256);
        ch_dsse_put_pae(&pae, ch_str_of(type), ch_buf_str(payload));
        rc = ch_buf_ok(&pae, err);
    }
    if (rc == CH_OK) {
        rc = ch_public_key_verify(key, ch_buf_str(&pae), ch_buf_str(&sig), err);
    }
    ch_buf_done(&sig);
    ch_buf_done(&pae);
    return rc;
}

/* ------------------------------------------------------------------ statements */

static bool subject_is(const json_t *statement, const struct ch_sha256 *sha256,
                       struct ch_str *ret_name)
{
    char hex[CH_SHA256_HEX + 1];
    const json_t *subject;
    size_t i;
    ch_sha256_hex(sha256, hex);
    json_array_foreach(json_object_get(statement, "subject"), i, subject)
    {
        if (says(json_object_get(subject, "digest"), "sha256", hex)) {
            *ret_name = text_of(subject, "name");
            return true;
        }
    }
    return false;
}

/* "pkg:TYPE/NAME@VERSION?...&environment=ENV&...": ENV is one of our words and needs no decoding. */
static bool resource_is_for(struct ch_str uri, struct ch_str environment)
{
    struct ch_str qualifiers = {NULL, 0}, part, name;
    size_t at, found = 0;
    if (!ch_str_starts(uri, CH_STR("pkg:")) || !ch_str_find_char(uri, '?', &at)) {
        return false;
    }
    qualifiers = ch_str_sub(uri, at + 1, uri.len);
    bool equal = false;
    while (ch_str_split(&qualifiers, '&', &part)) {
        if (ch_str_split(&part, '=', &name) && ch_str_eq(name, CH_STR("environment"))) {
            equal = ch_str_eq(part, environment);
            found++;
        }
    }
    return found == 1 && equal;
}

static bool has_level(const json_t *levels, const char *name)
{
    const json_t *level;
    size_t i;
    json_array_foreach(levels, i, level)
    {
        if (json_is_string(level) && strcmp(json_string_value(level), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool levels_are_good(const json_t *levels)
{
    const json_t *level;
    size_t i;
    json_array_foreach(levels, i, level)
    {
        if (!json_is_string(level)) {
            return false;
        }
    }
    return json_array_size(levels) > 0 && !has_level(levels, "FAILED");
}

static enum ch_code check_statement(const struct ch_check *check, const json_t *statement,
                                    struct ch_checked *ret, struct ch_err *err)
{
    const json_t *predicate = json_object_get(statement, "predicate");
    struct ch_str name = {NULL, 0};
    struct ch_str uri = text_of(predicate, "resourceUri");
    const json_t *levels = json_object_get(predicate, "verifiedLevels");
    if (!says(statement, "_type", CH_STATEMENT_TYPE) ||
        !says(statement, "predicateType", CH_VSA_TYPE)) {
        return ch_fail(err, CH_E_FORMAT, "expected a statement of type " CH_VSA_TYPE);
    }
    if (!subject_is(statement, &check->sha256, &name)) {
        return ch_fail(err, CH_E_MISMATCH, "the statement is about another file");
    }
    if (!says(predicate, "verificationResult", "PASSED") || !levels_are_good(levels)) {
        return ch_fail(err, CH_E_DENIED, "the statement does not say that the file passed");
    }
    if (!resource_is_for(uri, check->environment)) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_put_escaped(&b, ch_str_sub(uri, 0, 300));
        ch_fail(err, CH_E_DENIED, "the statement is not for environment %.*s: %.*s",
                CH_STR_ARG(check->environment), CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
        return CH_E_DENIED;
    }
    ret->form = CH_CHECK_STATEMENT;
    ret->audit_only = has_level(levels, CH_VSA_AUDIT_ONLY);
    show(ret->file_name, sizeof(ret->file_name), name);
    show(ret->resource_uri, sizeof(ret->resource_uri), uri);
    show(ret->verified_at, sizeof(ret->verified_at), text_of(predicate, "timeVerified"));
    show(ret->policy_uri, sizeof(ret->policy_uri),
         text_of(json_object_get(predicate, "policy"), "uri"));
    return CH_OK;
}

static enum ch_code check_envelope(const struct ch_check *check, const json_t *envelope,
                                   struct ch_checked *ret, struct ch_err *err)
{
    struct ch_buf payload = {0};
    json_t *statement = NULL;
    enum ch_code rc = open_envelope(envelope, CH_DSSE_IN_TOTO, ch_limits.attestation_bytes,
                                    check->key, &payload, err);
    if (rc == CH_OK) {
        rc = parse(ch_buf_str(&payload), ch_limits.attestation_bytes, "statement", &statement, err);
    }
    if (rc == CH_OK) {
        rc = check_statement(check, statement, ret, err);
    }
    json_decref(statement);
    ch_buf_done(&payload);
    return rc;
}

/* ------------------------------------------------------------------ bundles */

/* Hints of ours begin with the purpose of the key. Nothing vouches for one, but one that speaks of
 * another environment says that the wrong key was asked for. */
static bool hint_is_for_another(struct ch_str hint, struct ch_str environment)
{
    struct ch_str before = CH_STR("approve-"), behind = CH_STR("-file-");
    size_t at;
    if (!ch_str_starts(hint, before) || !ch_str_find(hint, behind, &at) || at < before.len) {
        return false;
    }
    return !ch_str_eq(ch_str_sub(hint, before.len, at - before.len), environment);
}

static enum ch_code check_bytes(const struct ch_check *check, const json_t *message,
                                struct ch_str hint, struct ch_checked *ret, struct ch_err *err)
{
    struct ch_buf digest = {0}, sig = {0};
    const json_t *stated = json_object_get(message, "messageDigest");
    enum ch_code rc = CH_OK;
    if (!says(stated, "algorithm", "SHA2_256")) {
        return ch_fail(err, CH_E_FORMAT, "expected a digest of algorithm SHA2_256");
    }
    rc = decode(stated, "digest", CH_SHA256_BYTES, &digest, err);
    if (rc == CH_OK && (digest.len != CH_SHA256_BYTES ||
                        memcmp(digest.ptr, check->sha256.byte, CH_SHA256_BYTES) != 0)) {
        rc = ch_fail(err, CH_E_MISMATCH, "the bundle is about another file");
    }
    rc = rc == CH_OK ? decode(message, "signature", CH_SIGNATURE_BYTES, &sig, err) : rc;
    if (rc == CH_OK) {
        rc = ch_public_key_verify_sha256(check->key, &check->sha256, ch_buf_str(&sig), err);
    }
    if (rc == CH_OK && hint_is_for_another(hint, check->environment)) {
        rc = ch_fail(err, CH_E_DENIED, "the bundle names a key of another environment");
    }
    ch_buf_done(&digest);
    ch_buf_done(&sig);
    ret->form = CH_CHECK_BYTES;
    return rc;
}

static enum ch_code check_bundle(const struct ch_check *check, const json_t *bundle,
                                 struct ch_checked *ret, struct ch_err *err)
{
    const json_t *material = json_object_get(bundle, "verificationMaterial");
    const json_t *public_key = json_object_get(material, "publicKey");
    const json_t *envelope = json_object_get(bundle, "dsseEnvelope");
    const json_t *message = json_object_get(bundle, "messageSignature");
    if (!says(bundle, "mediaType", CH_BUNDLE_MEDIA_TYPE) || !json_is_object(public_key)) {
        return ch_fail(err, CH_E_FORMAT,
                       "expected a bundle " CH_BUNDLE_MEDIA_TYPE " of a public key");
    }
    if ((envelope == NULL) == (message == NULL)) {
        return ch_fail(err, CH_E_FORMAT, "expected a bundle with one signature");
    }
    return envelope != NULL ? check_envelope(check, envelope, ret, err)
                            : check_bytes(check, message, text_of(public_key, "hint"), ret, err);
}

/* ------------------------------------------------------------------ withdrawals */

static enum ch_code check_list(const struct ch_check *check, const json_t *list,
                               struct ch_checked *ret, struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1], until[64];
    const json_t *withdrawn = json_object_get(list, "withdrawn");
    const json_t *item;
    int64_t issued_at_us, valid_until_us;
    size_t i;
    if (json_integer_value(json_object_get(list, "version")) != 1 || !json_is_array(withdrawn) ||
        !ch_time_parse(text_of(list, "issuedAt"), &issued_at_us) ||
        !ch_time_parse(text_of(list, "validUntil"), &valid_until_us)) {
        return ch_fail(err, CH_E_FORMAT, "expected a list of withdrawals of version 1");
    }
    if (!ch_str_eq(text_of(list, "environment"), check->environment)) {
        return ch_fail(err, CH_E_DENIED, "it is of another environment");
    }
    show(until, sizeof(until), text_of(list, "validUntil"));
    if (check->now_us >= valid_until_us) {
        return ch_fail(err, CH_E_TIMEOUT, "it was valid until %s: fetch it anew", until);
    }
    ch_sha256_hex(&check->sha256, hex);
    json_array_foreach(withdrawn, i, item)
    {
        struct ch_sha256 sha256;
        if (!ch_sha256_from_hex(text_of(item, "sha256"), &sha256)) {
            return ch_fail(err, CH_E_FORMAT, "entry %zu: expected a sha256", i);
        }
        if (ch_sha256_eq(&sha256, &check->sha256)) {
            show(until, sizeof(until), text_of(item, "withdrawnAt"));
            return ch_fail(err, CH_E_DENIED, "the approval was withdrawn at %s", until);
        }
    }
    ret->list_checked = true;
    show(ret->list_issued_at, sizeof(ret->list_issued_at), text_of(list, "issuedAt"));
    return CH_OK;
}

static enum ch_code check_withdrawals(const struct ch_check *check, struct ch_checked *ret,
                                      struct ch_err *err)
{
    struct ch_buf payload = {0};
    json_t *envelope = NULL, *list = NULL;
    enum ch_code rc =
        parse(check->withdrawals, ch_limits.withdrawals_bytes, "envelope", &envelope, err);
    if (rc == CH_OK) {
        const struct ch_public_key *key =
            check->withdrawals_key != NULL ? check->withdrawals_key : check->key;
        rc = open_envelope(envelope, CH_WITHDRAWALS_TYPE, ch_limits.withdrawals_bytes, key,
                           &payload, err);
    }
    if (rc == CH_OK) {
        rc = parse(ch_buf_str(&payload), ch_limits.withdrawals_bytes, "list", &list, err);
    }
    rc = rc == CH_OK ? check_list(check, list, ret, err) : rc;
    json_decref(list);
    json_decref(envelope);
    ch_buf_done(&payload);
    return rc == CH_OK ? rc : ch_wrap(err, "withdrawals");
}

enum ch_code ch_check_approval(const struct ch_check *check, struct ch_checked *ret,
                               struct ch_err *err)
{
    json_t *attestation = NULL;
    struct ch_checked found = {0};
    if (ch_public_key_kind(check->key) != CH_KEY_ECDSA_P256 ||
        (check->withdrawals_key != NULL &&
         ch_public_key_kind(check->withdrawals_key) != CH_KEY_ECDSA_P256)) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "approvals are signed by ECDSA keys, this is another");
    }
    enum ch_code rc =
        parse(check->attestation, ch_limits.attestation_bytes, "attestation", &attestation, err);
    if (rc == CH_OK) {
        rc = json_object_get(attestation, "mediaType") != NULL
                 ? check_bundle(check, attestation, &found, err)
                 : check_envelope(check, attestation, &found, err);
    }
    json_decref(attestation);
    if (rc == CH_OK && check->withdrawals.ptr != NULL) {
        rc = check_withdrawals(check, &found, err);
    }
    if (rc == CH_OK) {
        *ret = found;
    }
    return rc;
}
