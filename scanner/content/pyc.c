/* The header of compiled Python (PEP 3147, PEP 552). */
#include "scanner/content/marshal.h"

/* The magic numbers of CPython come in ranges, one per minor version; what was released is the last
 * used of its range. */
static const struct {
    unsigned from;
    unsigned minor;
} versions[] = {
    {3700, 0},  {3650, 15}, {3600, 14}, {3550, 13}, {3500, 12}, {3450, 11},
    {3430, 10}, {3420, 9},  {3400, 8},  {3390, 7},  {3360, 6},  {0, 0},
};
enum { PYTHON_2 = 20000 };

bool pyc_header_read(struct ch_str pyc, struct pyc_header *ret)
{
    struct ch_rd r = ch_rd_of(pyc.ptr, pyc.len);
    struct pyc_header h = {.magic = ch_get_u32(&r)};
    unsigned number = h.magic & 0xffff;
    for (size_t i = 0; number < PYTHON_2 && i < CH_ARRAY_LEN(versions); i++) {
        if (number >= versions[i].from) {
            h.minor = versions[i].minor;
            break;
        }
    }
    if (h.minor >= 7) {
        h.hashed = (ch_get_u32(&r) & 1) != 0;
    }
    if (h.hashed) {
        h.hash = ch_get_u64(&r);
    } else {
        CH_IGNORE(ch_get_u32(&r)); /* time */
        h.size_bytes = ch_get_u32(&r);
    }
    h.bytes = r.at;
    *ret = h;
    return !r.failed;
}

static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static void rounds(uint64_t v[4], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

/* SipHash-c-d by Aumasson and Bernstein; the second half of the key is 0. */
uint64_t pyc_source_hash(struct ch_str source, uint32_t key, unsigned minor)
{
    unsigned each = minor >= 11 ? 1 : 2;
    unsigned last = minor >= 11 ? 3 : 4;
    uint64_t v[4] = {0x736f6d6570736575 ^ key, 0x646f72616e646f6d, 0x6c7967656e657261 ^ key,
                     0x7465646279746573};
    struct ch_rd r = ch_rd_of(source.ptr, source.len);
    while (ch_rd_left(&r) >= 8) {
        uint64_t word = ch_get_u64(&r);
        v[3] ^= word;
        rounds(v, each);
        v[0] ^= word;
    }
    uint64_t tail = (uint64_t)source.len << 56;
    for (unsigned i = 0; ch_rd_left(&r) > 0; i++) {
        tail |= (uint64_t)ch_get_u8(&r) << (8 * i);
    }
    v[3] ^= tail;
    rounds(v, each);
    v[0] ^= tail;
    v[2] ^= 0xff;
    rounds(v, last);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
