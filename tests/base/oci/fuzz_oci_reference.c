/* A name, tag or digest, and behind its first line feed bytes that a digest may be of: one spelling
 * each, and what is written is read again. It comes from clients, in paths. */
#include <stdint.h>

#include "base/oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_of(struct ch_str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!ch_str_find_char(ch_str_of(set), s.ptr[i], NULL)) {
            return false;
        }
    }
    return true;
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static void check_name(struct ch_str text)
{
    struct ch_buf b;
    struct ch_str rest = text, part;
    size_t parts = 0;
    if (!ch_oci_is_name(text)) {
        return;
    }
    CH_ASSERT(text.len > 0 && text.len <= CH_OCI_NAME_MAX && is_of(text, LOWER DIGITS "._-/"));
    while (ch_str_split(&rest, '/', &part)) { /* each is a name by itself, and no way upwards */
        CH_ASSERT(ch_oci_is_name(part) && !ch_str_starts(part, CH_STR(".")));
        parts++;
    }
    CH_ASSERT(parts > 0);
    ch_buf_init(&b, 2 * CH_OCI_NAME_MAX + 1);
    ch_buf_puts(&b, text);
    ch_buf_putc(&b, '/');
    ch_buf_puts(&b, text);
    CH_ASSERT(ch_oci_is_name(ch_buf_str(&b)) == (b.len <= CH_OCI_NAME_MAX));
    ch_buf_done(&b);
}

static void check_tag(struct ch_str text)
{
    CH_ASSERT(!ch_oci_is_tag(text) ||
              (text.len > 0 && text.len <= CH_OCI_TAG_MAX &&
               is_of(text, LOWER UPPER DIGITS "._-") && !ch_str_starts(text, CH_STR(".")) &&
               !ch_str_starts(text, CH_STR("-"))));
}

static void check_digest(const struct ch_oci_digest *d, struct ch_str text)
{
    struct ch_buf b;
    struct ch_oci_digest again;
    ch_buf_init(&b, CH_OCI_DIGEST_MAX);
    ch_oci_digest_put(&b, d);
    CH_ASSERT(!b.failed && ch_str_eq(ch_buf_str(&b), text));
    CH_ASSERT(ch_oci_digest_parse(ch_buf_str(&b), &again, NULL) == CH_OK);
    CH_ASSERT(ch_oci_digest_eq(d, &again));
    ch_buf_clear(&b);
    ch_oci_referrer_tag_put(&b, d);
    CH_ASSERT(!b.failed && ch_oci_is_tag(ch_buf_str(&b)) && ch_oci_is_referrer_tag(ch_buf_str(&b)));
    ch_buf_putc(&b, '.');
    ch_buf_putc(&b, 's');
    CH_ASSERT(ch_oci_is_referrer_tag(ch_buf_str(&b)));
    ch_buf_done(&b);
}

static void check_reference(struct ch_str text)
{
    struct ch_oci_reference r;
    struct ch_oci_digest d;
    bool colon = ch_str_find_char(text, ':', NULL);
    enum ch_code as_digest = ch_oci_digest_parse(text, &d, NULL);
    enum ch_code rc = ch_oci_reference_parse(text, &r, NULL);
    CH_ASSERT(as_digest == CH_OK || as_digest == CH_E_FORMAT || as_digest == CH_E_UNSUPPORTED);
    CH_ASSERT((rc == CH_OK) == (as_digest == CH_OK || (!colon && ch_oci_is_tag(text))));
    if (rc == CH_OK && colon) {
        CH_ASSERT(r.tag.ptr == NULL && ch_oci_digest_eq(&r.digest, &d));
        check_digest(&d, text);
    } else if (rc == CH_OK) {
        CH_ASSERT(ch_str_eq(r.tag, text));
    }
}

/* A digest of the bytes is theirs, and no other's. */
static void check_bytes(struct ch_str bytes, struct ch_str text)
{
    struct ch_oci_digest own = {.sha256 = ch_sha256_of(bytes.ptr, bytes.len)}, other;
    CH_ASSERT(ch_oci_digest_check(&own, bytes, NULL) == CH_OK);
    if (ch_oci_digest_parse(text, &other, NULL) == CH_OK && other.alias.kind == CH_HASH_NONE) {
        enum ch_code rc = ch_oci_digest_check(&other, bytes, NULL);
        CH_ASSERT(rc == (ch_oci_digest_eq(&own, &other) ? CH_OK : CH_E_MISMATCH));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str bytes = {size > 0 ? (const char *)data : "", size};
    struct ch_str text = {NULL, 0};
    if (size > 65536) {
        return 0;
    }
    ch_str_split(&bytes, '\n', &text);
    check_name(text);
    check_tag(text);
    check_reference(text);
    check_bytes(bytes.ptr != NULL ? bytes : CH_STR(""), text);
    return 0;
}
