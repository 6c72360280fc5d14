#include "db/log/bundle.h"

#include "customhouse/base64.h"

void ch_bundle_put(struct ch_buf *out, struct ch_str entry)
{
    CH_ASSERT(entry.len <= CH_ENTRY_MAX);
    const uint8_t prefix[CH_ENTRY_PREFIX] = {(uint8_t)(entry.len >> 8), (uint8_t)entry.len};
    ch_buf_put(out, prefix, sizeof(prefix));
    ch_buf_puts(out, entry);
}

bool ch_bundle_next(struct ch_str *rest, struct ch_str *ret_entry)
{
    if (rest->len < CH_ENTRY_PREFIX) {
        return false;
    }
    const uint8_t *p = (const uint8_t *)rest->ptr;
    size_t len = (size_t)p[0] << 8 | p[1];
    if (rest->len - CH_ENTRY_PREFIX < len) {
        return false;
    }
    *ret_entry = ch_str_sub(*rest, CH_ENTRY_PREFIX, len);
    *rest = ch_str_sub(*rest, CH_ENTRY_PREFIX + len, rest->len);
    return true;
}

void ch_proof_put_before(struct ch_buf *out, const struct ch_tree_proof *proof, struct ch_str note)
{
    for (size_t i = 0; i < proof->count; i++) {
        ch_buf_put_base64(out, proof->hash[i].byte, CH_SHA256_BYTES);
        ch_buf_putc(out, '\n');
    }
    ch_buf_putc(out, '\n');
    ch_buf_puts(out, note);
}

void ch_tlog_proof_put(struct ch_buf *out, uint64_t index, const struct ch_tree_proof *proof,
                       struct ch_str note)
{
    ch_buf_printf(out, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)index);
    ch_proof_put_before(out, proof, note);
}
