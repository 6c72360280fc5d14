#include "base/oci/reference.h"

#include <openssl/evp.h>
#include <string.h>

static bool is_small_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ------------------------------------------------------------------ names and tags */

/* How many bytes of separator stand at `at`: one '.', '_' or "__", any number of '-'; 0: none. */
static size_t separator_at(struct ch_str s, size_t at)
{
    size_t n = at;
    if (s.ptr[n] == '.') {
        return 1;
    }
    if (s.ptr[n] == '_') {
        return n + 1 < s.len && s.ptr[n + 1] == '_' ? 2 : 1;
    }
    while (n < s.len && s.ptr[n] == '-') {
        n++;
    }
    return n - at;
}

static bool is_part(struct ch_str s)
{
    bool after_letter = false;
    size_t at = 0;
    while (at < s.len) {
        size_t separator = separator_at(s, at);
        if (separator == 0 ? !is_small_or_digit(s.ptr[at]) : !after_letter) {
            return false;
        }
        after_letter = separator == 0;
        at += separator == 0 ? 1 : separator;
    }
    return after_letter;
}

bool ch_oci_is_name(struct ch_str text)
{
    struct ch_str part;
    if (text.len == 0 || text.len > CH_OCI_NAME_MAX) {
        return false;
    }
    while (ch_str_split(&text, '/', &part)) {
        if (!is_part(part)) {
            return false;
        }
    }
    return true;
}

bool ch_oci_is_tag(struct ch_str text)
{
    if (text.len == 0 || text.len > CH_OCI_TAG_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool word = is_small_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
        if (!word && (i == 0 || (c != '.' && c != '-'))) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ digests */

static bool is_lower_hex(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !(s.ptr[i] >= 'a' && s.ptr[i] <= 'f')) {
            return false;
        }
    }
    return true;
}

/* algorithm-component [ algorithm-separator algorithm-component ]* */
static bool is_algorithm(struct ch_str s)
{
    bool after_letter = false;
    for (size_t i = 0; i < s.len; i++) {
        bool letter = is_small_or_digit(s.ptr[i]);
        if (!letter && (!after_letter || strchr("+._-", s.ptr[i]) == NULL)) {
            return false;
        }
        after_letter = letter;
    }
    return after_letter;
}

static bool is_encoded(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_small_or_digit(c) && !(c >= 'A' && c <= 'Z') && c != '=' && c != '_' && c != '-') {
            return false;
        }
    }
    return s.len > 0;
}

static enum ch_code no_digest(struct ch_str text, struct ch_err *err)
{
    struct ch_buf shown;
    ch_buf_init(&shown, 1024);
    ch_buf_put_escaped(&shown, ch_str_sub(text, 0, CH_OCI_DIGEST_MAX));
    enum ch_code rc =
        ch_fail(err, CH_E_FORMAT,
                "\"%.*s\": expected sha256: and 64, or sha512: and 128 digits in lower case",
                CH_STR_ARG(ch_buf_str(&shown)));
    ch_buf_done(&shown);
    return rc;
}

enum ch_code ch_oci_digest_parse(struct ch_str text, struct ch_oci_digest *ret, struct ch_err *err)
{
    struct ch_str encoded = text;
    struct ch_str algorithm;
    struct ch_oci_digest d = {.alias.kind = CH_HASH_NONE};
    if (!ch_str_split(&encoded, ':', &algorithm) || encoded.ptr == NULL) {
        return no_digest(text, err);
    }
    bool ok;
    if (ch_str_eq(algorithm, CH_STR("sha256"))) {
        ok = ch_sha256_from_hex(encoded, &d.sha256) && !ch_sha256_is_zero(&d.sha256);
    } else if (ch_str_eq(algorithm, CH_STR("sha512"))) {
        ok = is_lower_hex(encoded) && ch_alias_from_hex(CH_HASH_SHA512, encoded, &d.alias);
    } else if (is_algorithm(algorithm) && is_encoded(encoded)) {
        return ch_fail(err, CH_E_UNSUPPORTED, "a digest by %.*s: sha256 and sha512 are known",
                       CH_STR_ARG(ch_str_sub(algorithm, 0, 32)));
    } else {
        ok = false;
    }
    if (!ok) {
        return no_digest(text, err);
    }
    *ret = d;
    return CH_OK;
}

void ch_oci_digest_put(struct ch_buf *b, const struct ch_oci_digest *d)
{
    if (d->alias.kind != CH_HASH_NONE) {
        ch_buf_printf(b, "%s:", ch_hash_kind_name(d->alias.kind));
        ch_alias_put_hex(b, &d->alias);
    } else {
        ch_buf_puts(b, CH_STR("sha256:"));
        ch_buf_put_hex(b, d->sha256.byte, sizeof(d->sha256.byte));
    }
}

bool ch_oci_digest_eq(const struct ch_oci_digest *a, const struct ch_oci_digest *b)
{
    return a->alias.kind == b->alias.kind &&
           (a->alias.kind == CH_HASH_NONE ? ch_sha256_eq(&a->sha256, &b->sha256)
                                          : ch_alias_eq(&a->alias, &b->alias));
}

enum ch_code ch_oci_digest_check(const struct ch_oci_digest *d, struct ch_str bytes,
                                 struct ch_err *err)
{
    struct ch_oci_digest is = {.alias.kind = d->alias.kind};
    if (d->alias.kind == CH_HASH_NONE) {
        is.sha256 = ch_sha256_of(bytes.ptr, bytes.len);
    } else {
        unsigned len = 0;
        CH_ASSERT(EVP_Digest(bytes.len > 0 ? bytes.ptr : "", bytes.len, is.alias.byte, &len,
                             EVP_sha512(), NULL) == 1 &&
                  len == CH_ALIAS_MAX_BYTES);
    }
    if (ch_oci_digest_eq(d, &is)) {
        return CH_OK;
    }
    struct ch_buf text;
    ch_buf_init(&text, 4 * CH_OCI_DIGEST_MAX);
    ch_oci_digest_put(&text, d);
    ch_buf_puts(&text, CH_STR(" was expected, the bytes are "));
    ch_oci_digest_put(&text, &is);
    enum ch_code rc = ch_fail(err, CH_E_MISMATCH, "%.*s", CH_STR_ARG(ch_buf_str(&text)));
    ch_buf_done(&text);
    return rc;
}

/* ------------------------------------------------------------------ references */

enum ch_code ch_oci_reference_parse(struct ch_str text, struct ch_oci_reference *ret,
                                    struct ch_err *err)
{
    struct ch_oci_reference r = {.tag = {NULL, 0}};
    size_t at;
    if (ch_str_find_char(text, ':', &at)) {
        enum ch_code rc = ch_oci_digest_parse(text, &r.digest, err);
        if (rc != CH_OK) {
            return rc;
        }
    } else if (ch_oci_is_tag(text)) {
        r.tag = text;
    } else {
        return ch_fail(err, CH_E_FORMAT,
                       "expected a digest, or a tag of at most %d letters, digits, '_', '.' and "
                       "'-', the first of which is none of the last two",
                       CH_OCI_TAG_MAX);
    }
    *ret = r;
    return CH_OK;
}

enum { REFERRER_TAG_DIGITS = 64 };

void ch_oci_referrer_tag_put(struct ch_buf *b, const struct ch_oci_digest *subject)
{
    bool by_alias = subject->alias.kind != CH_HASH_NONE;
    ch_buf_puts(b, by_alias ? CH_STR("sha512-") : CH_STR("sha256-"));
    ch_buf_put_hex(b, by_alias ? subject->alias.byte : subject->sha256.byte,
                   REFERRER_TAG_DIGITS / 2);
}

bool ch_oci_is_referrer_tag(struct ch_str tag)
{
    struct ch_str digits = ch_str_sub(tag, 7, REFERRER_TAG_DIGITS);
    return (ch_str_starts(tag, CH_STR("sha256-")) || ch_str_starts(tag, CH_STR("sha512-"))) &&
           digits.len == REFERRER_TAG_DIGITS && is_lower_hex(digits) &&
           (tag.len == 7 + REFERRER_TAG_DIGITS || tag.ptr[7 + REFERRER_TAG_DIGITS] == '.');
}
