/* One header block: checksum, numbers, names, and what its format and type do not have. */
#include <string.h>

#include "scanner/unpack/tar_int.h"

/* POSIX.1-2017 pax, "ustar Interchange Format"; v7 has the first nine fields. */
struct field {
    size_t at;
    size_t len;
};
static const struct field name_field = {0, 100};
static const struct field mode_field = {100, 8};
static const struct field size_field = {124, 12};
static const struct field checksum_field = {148, 8};
static const struct field link_field = {157, 100};
static const struct field prefix_field = {345, 155};
enum { TYPE_AT = 156, MAGIC_AT = 257, MAGIC_BYTES = 8, REST_AT = 500 };

/* Read by everybody, used by those that extract. */
static const struct {
    const char *name;
    struct field field;
} numbers[] = {{"mode", {100, 8}}, {"owner", {108, 8}}, {"group", {116, 8}}, {"time", {136, 12}}};
static const struct {
    const char *name;
    struct field field;
} device_numbers[] = {{"major", {329, 8}}, {"minor", {337, 8}}};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\0';
}

static bool zeros(const uint8_t *block, size_t from, size_t to)
{
    while (from < to && block[from] == 0) {
        from++;
    }
    return from == to;
}

/* Octal digits, blanks before them, blanks or NUL after them to the end of the field. Empty is 0.
 */
static bool octal(const uint8_t *p, size_t len, uint64_t *ret)
{
    uint64_t v = 0;
    size_t i = 0;
    while (i < len && p[i] == ' ') {
        i++;
    }
    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++) {
        v = v << 3 | (uint64_t)(p[i] - '0'); /* twelve digits at most: 36 bits */
    }
    while (i < len && is_blank(p[i])) {
        i++;
    }
    *ret = v;
    return i == len;
}

/* GNU's base-256: the highest bit of the first byte, then a big-endian number. Negative ones, and
 * those beyond 63 bits, are refused. */
static bool base256(const uint8_t *p, size_t len, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 1; i < len; i++) {
        if (v >> 55 != 0) {
            return false;
        }
        v = v << 8 | p[i];
    }
    *ret = v;
    return p[0] == 0x80;
}

static bool number(const uint8_t *block, struct field f, uint64_t *ret)
{
    const uint8_t *p = block + f.at;
    return (p[0] & 0x80) != 0 ? base256(p, f.len, ret) : octal(p, f.len, ret);
}

static struct ch_str text(const uint8_t *block, struct field f)
{
    return (struct ch_str){(const char *)block + f.at, strnlen((const char *)block + f.at, f.len)};
}

/* "The chksum field shall be the ISO/IEC 646 IRV representation of the octal value of the simple
 * sum of all octets in the header logical record", its own bytes taken as blanks. */
static bool check_sum(struct ch_tar *t, const uint8_t *block)
{
    uint64_t stated = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
        bool own = i >= checksum_field.at && i < checksum_field.at + checksum_field.len;
        sum += own ? ' ' : block[i];
    }
    const uint8_t *p = block + checksum_field.at;
    bool blank = true;
    for (size_t i = 0; i < checksum_field.len; i++) {
        blank = blank && is_blank(p[i]);
    }
    if (!blank && octal(p, checksum_field.len, &stated) && stated == sum) {
        return true;
    }
    bool first = t->at == TAR_BLOCK_BYTES;
    return tar_lose(t, first ? CH_F_TAR_UNREADABLE : CH_F_TAR_CHECKSUM, (struct ch_str){NULL, 0},
                    "header at byte %llu: checksum %llo, its bytes sum up to %llo",
                    (unsigned long long)(t->at - TAR_BLOCK_BYTES), (unsigned long long)stated,
                    (unsigned long long)sum);
}

bool ch_tar_may_begin(struct ch_str bytes)
{
    uint64_t stated = 0;
    int64_t sum = 0;
    int64_t signed_sum = 0;
    bool digits = false;
    if (bytes.len < TAR_BLOCK_BYTES) {
        return false;
    }
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
        bool own = i >= checksum_field.at && i < checksum_field.at + checksum_field.len;
        sum += own ? ' ' : (uint8_t)bytes.ptr[i];
        signed_sum += own ? ' ' : (int8_t)bytes.ptr[i];
    }
    for (size_t i = 0; i < checksum_field.len; i++) {
        char c = bytes.ptr[checksum_field.at + i];
        if (c >= '0' && c <= '7') {
            stated = stated * 8 + (uint64_t)(c - '0');
            digits = true;
        } else if (digits || !is_blank((uint8_t)c)) {
            break;
        }
    }
    return digits && ((int64_t)stated == sum || (int64_t)stated == signed_sum);
}

static bool format_of(const uint8_t *block, enum tar_format *ret)
{
    const uint8_t *magic = block + MAGIC_AT;
    if (memcmp(magic,
               "ustar\0"
               "00",
               MAGIC_BYTES) == 0) {
        *ret = TAR_USTAR;
    } else if (memcmp(magic, "ustar  \0", MAGIC_BYTES) == 0) {
        *ret = TAR_GNU;
    } else if (zeros(block, MAGIC_AT, MAGIC_AT + MAGIC_BYTES)) {
        *ret = TAR_V7;
    } else {
        return false;
    }
    return true;
}

bool tar_header_read(struct ch_tar *t, const uint8_t *block, struct tar_header *ret)
{
    struct tar_header h = {.type = (char)block[TYPE_AT]};
    uint64_t mode = 0;
    if (!check_sum(t, block)) {
        return false;
    }
    h.name = text(block, name_field);
    h.link = text(block, link_field);
    if (!format_of(block, &h.format)) {
        return tar_lose(t, CH_F_TAR_HEADER, h.name, "unknown magic \"%.*s\"", MAGIC_BYTES,
                        (const char *)block + MAGIC_AT);
    }
    /* In other formats the field is something else, but some readers do not look. */
    h.prefix = h.format == TAR_USTAR ? text(block, prefix_field) : (struct ch_str){NULL, 0};
    if (!number(block, size_field, &h.size)) {
        return tar_lose(t, CH_F_TAR_NUMBER, h.name, "size \"%.*s\"", (int)size_field.len,
                        (const char *)block + size_field.at);
    }
    if (number(block, mode_field, &mode)) { /* what else is reported by tar_header_check */
        h.mode = (uint32_t)mode;
    }
    if (h.format != TAR_V7 && (!number(block, device_numbers[0].field, &h.major) ||
                               !number(block, device_numbers[1].field, &h.minor))) {
        h.major = h.minor = UINT64_MAX; /* the same */
    }
    *ret = h;
    return true;
}

/* Readers that take a text to end at its first NUL, and those that do not. */
static void check_text(struct ch_tar *t, const uint8_t *block, struct field f, const char *what,
                       struct ch_str member)
{
    if (!zeros(block, f.at + text(block, f).len, f.at + f.len)) {
        tar_report(t, CH_F_TAR_HEADER, member, "%s with bytes after its end", what);
    }
}

void tar_header_check(struct ch_tar *t, const uint8_t *block, const struct tar_header *h,
                      struct ch_str member)
{
    uint64_t v = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(numbers); i++) {
        if (!number(block, numbers[i].field, &v)) {
            tar_report(t, CH_F_TAR_NUMBER, member, "%s \"%.*s\"", numbers[i].name,
                       (int)numbers[i].field.len, (const char *)block + numbers[i].field.at);
        }
    }
    for (size_t i = 0; h->format != TAR_V7 && i < CH_ARRAY_LEN(device_numbers); i++) {
        if (!number(block, device_numbers[i].field, &v)) {
            tar_report(t, CH_F_TAR_NUMBER, member, "%s device number", device_numbers[i].name);
        }
    }
    if (!t->profile->stale_text) {
        check_text(t, block, name_field, "name", member);
        check_text(t, block, link_field, "link", member);
    }
    if (h->format == TAR_USTAR) {
        check_text(t, block, prefix_field, "prefix", member);
    }
    /* Where ustar has the prefix GNU has times, offsets and sparse maps, and v7 nothing. */
    size_t from = h->format == TAR_USTAR ? REST_AT : prefix_field.at;
    if (!zeros(block, from, TAR_BLOCK_BYTES)) {
        tar_report(t, CH_F_TAR_HEADER, member, "bytes after byte %zu, which its format leaves zero",
                   from);
    }
}
