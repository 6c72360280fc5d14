#include "scanner/content/native.h"

#include <stdio.h>
#include <string.h>

#include "customhouse/limits.h"

const char *native_format_name(enum native_format format)
{
    static const char *const names[] = {"none", "elf", "pe", "mach-o"};
    return names[format];
}

void native_fault(struct native *n, const char *fault)
{
    if (n->fault == NULL) {
        n->fault = fault;
    }
}

bool native_within(struct native *n, uint64_t at, uint64_t len, const char *fault)
{
    if (at > n->size_bytes || len > n->size_bytes - at) {
        native_fault(n, fault);
        return false;
    }
    return true;
}

uint64_t native_get(struct native *n, uint64_t at, unsigned bytes)
{
    if (!native_within(n, at, bytes, "a header ends behind the file")) {
        return 0;
    }
    if (at + bytes > n->bytes.len) {
        n->partial = true;
        return 0;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        unsigned from = n->big_endian ? i : bytes - 1 - i;
        value = value << 8 | (uint8_t)n->bytes.ptr[at + from];
    }
    return value;
}

struct ch_str native_text(struct native *n, uint64_t at, uint64_t end)
{
    const struct ch_str none = {NULL, 0};
    if (at >= end || !native_within(n, at, end - at, "a name lies behind the file")) {
        native_fault(n, "a name lies outside its table");
        return none;
    }
    if (at >= n->bytes.len) {
        n->partial = true;
        return none;
    }
    struct ch_str text = ch_str_sub(n->bytes, (size_t)at, (size_t)(end - at));
    size_t len;
    if (!ch_str_find_char(text, '\0', &len)) {
        n->partial = n->partial || end > n->bytes.len;
        native_fault(n, end > n->bytes.len ? NULL : "a name has no end");
        return none;
    }
    if (len > ch_limits.member_path_bytes) {
        native_fault(n, "a name is longer than a path may be");
        return none;
    }
    return ch_str_sub(text, 0, len);
}

void native_add_machine(struct native *n, const struct native_machine *rows, size_t count,
                        unsigned number)
{
    const char *name = NULL;
    for (size_t i = 0; i < count; i++) {
        name = rows[i].number == number ? rows[i].name : name;
    }
    if (n->machine_count < NATIVE_MACHINES_MAX) {
        char *to = n->machine[n->machine_count++];
        if (name != NULL) {
            snprintf(to, NATIVE_MACHINE_BYTES, "%s", name);
        } else {
            snprintf(to, NATIVE_MACHINE_BYTES, "machine-%u", number);
        }
    }
}

static bool is_pe(struct ch_str b)
{
    enum { NEW_HEADER_AT = 0x3c };
    struct ch_rd r = ch_rd_of(b.ptr, b.len);
    if (!ch_str_starts(b, CH_STR("MZ")) || b.len < NEW_HEADER_AT + 4) {
        return false;
    }
    r.at = NEW_HEADER_AT;
    uint32_t at = ch_get_u32(&r);
    return ch_str_eq(ch_str_sub(b, at, 4), CH_STR("PE\0\0"));
}

/* 0xcafebabe begins fat files and Java classes: there the number of slices would be a version, and
 * versions begin at 45. */
static bool is_fat(struct ch_str b)
{
    enum { JAVA_FIRST = 45 };
    static const char magic[] = "\xca\xfe\xba";
    return b.len >= 8 && memcmp(b.ptr, magic, 3) == 0 &&
           ((uint8_t)b.ptr[3] == 0xbe || (uint8_t)b.ptr[3] == 0xbf) && b.ptr[4] == 0 &&
           b.ptr[5] == 0 && b.ptr[6] == 0 && (uint8_t)b.ptr[7] < JAVA_FIRST;
}

enum native_format native_detect(struct ch_str b)
{
    static const struct ch_str macho[] = {{"\xfe\xed\xfa\xce", 4},
                                          {"\xfe\xed\xfa\xcf", 4},
                                          {"\xce\xfa\xed\xfe", 4},
                                          {"\xcf\xfa\xed\xfe", 4}};
    if (ch_str_starts(b, CH_STR("\x7f" "ELF"))) {
        return NATIVE_ELF;
    }
    if (is_pe(b)) {
        return NATIVE_PE;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(macho); i++) {
        if (ch_str_starts(b, macho[i])) {
            return NATIVE_MACHO;
        }
    }
    return is_fat(b) ? NATIVE_MACHO : NATIVE_NONE;
}

void native_parse(struct native *n)
{
    n->format = native_detect(n->bytes);
    switch (n->format) {
    case NATIVE_ELF:
        native_parse_elf(n);
        break;
    case NATIVE_PE:
        native_parse_pe(n);
        break;
    case NATIVE_MACHO:
        native_parse_macho(n);
        break;
    case NATIVE_NONE:
        break;
    }
}

static void no_library(void *arg CH_UNUSED, struct ch_str name CH_UNUSED)
{
}

static bool parse_sound(struct native *n)
{
    n->library = no_library;
    native_parse(n);
    return n->fault == NULL && n->machine_count > 0 && strncmp(n->machine[0], "machine-", 8) != 0;
}

bool native_is_sound(struct ch_str bytes, uint64_t size_bytes)
{
    struct native n = {.bytes = bytes, .size_bytes = size_bytes};
    return parse_sound(&n);
}

bool native_is_sound_for(struct ch_str bytes, uint64_t size_bytes, struct ch_str platform)
{
    struct native n = {.bytes = bytes, .size_bytes = size_bytes};
    bool fits = false;
    if (!parse_sound(&n)) {
        return false;
    }
    for (size_t i = 0; i < n.machine_count; i++) {
        fits = fits || native_fit(&n, i, platform) == NATIVE_FITS;
    }
    return fits;
}

/* The first of the magics, each by a byte that is rarer than others where data is text or zeros:
 * memchr passes over the rest at the speed of memory. */
static const struct {
    char byte;
    uint8_t at; /* of it in the magic */
    struct ch_str magic;
} far[] = {{'\x7f',
            0,
            {"\x7f"
             "ELF",
             4}},
           {'P', 0, {"PE\0", 4}},
           {'\xfa', 1, {"\xce\xfa\xed\xfe", 4}},
           {'\xfa', 1, {"\xcf\xfa\xed\xfe", 4}}};

/* Where the file begins whose second header is at `pe`; `pe` itself when it is nowhere. */
static size_t start_of_pe(struct ch_str bytes, size_t pe)
{
    enum { BEFORE_MIN = 64, BEFORE_MAX = 1024, OFFSET = 60 };
    for (size_t back = BEFORE_MIN; back <= BEFORE_MAX && back <= pe; back += 4) {
        const uint8_t *p = (const uint8_t *)bytes.ptr + pe - back;
        uint32_t says = p[OFFSET] | (uint32_t)p[OFFSET + 1] << 8 | (uint32_t)p[OFFSET + 2] << 16 |
                        (uint32_t)p[OFFSET + 3] << 24;
        if (p[0] == 'M' && p[1] == 'Z' && says == back) {
            return pe - back;
        }
    }
    return pe;
}

/* Each try may read as many entries as all others: after so many headers that are not sound the
 * next one counts, whatever it is, and is judged as it stands. */
static size_t find_far(struct ch_str bytes, uint64_t size_bytes)
{
    size_t first = 0;
    unsigned tried = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(far); i++) {
        const char *end = bytes.ptr + (first > 0 ? first : bytes.len);
        const char *p = bytes.ptr + NATIVE_SEARCH_BYTES - (far[i].magic.len - 1);
        while (p < end && (p = memchr(p, far[i].byte, (size_t)(end - p))) != NULL) {
            size_t at = (size_t)(p++ - bytes.ptr) - far[i].at;
            struct ch_str rest = ch_str_sub(bytes, at, bytes.len);
            if (!ch_str_starts(rest, far[i].magic)) {
                continue;
            }
            at = far[i].byte == 'P' ? start_of_pe(bytes, at) : at;
            rest = ch_str_sub(bytes, at, bytes.len);
            if (native_detect(rest) != NATIVE_NONE &&
                (tried++ >= NATIVE_TRIES || native_is_sound(rest, size_bytes - at))) {
                first = at;
                break;
            }
        }
    }
    return first;
}

size_t native_find(struct ch_str bytes, uint64_t size_bytes)
{
    static const struct ch_str magics[] = {{"\x7f" "ELF", 4},         {"MZ", 2},
                                           {"\xce\xfa\xed\xfe", 4}, {"\xcf\xfa\xed\xfe", 4}};
    struct ch_str head = ch_str_sub(bytes, 0, NATIVE_SEARCH_BYTES);
    size_t first = 0;
    size_t at;
    if (!ch_str_find_char(bytes, '\0', &at)) {
        return 0; /* text: headers have zeros */
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(magics); i++) {
        for (size_t from = 1; ch_str_find(ch_str_sub(head, from, head.len), magics[i], &at);
             from += at + 1) {
            struct ch_str rest = ch_str_sub(bytes, from + at, bytes.len);
            if ((first == 0 || from + at < first) && native_detect(rest) != NATIVE_NONE &&
                native_is_sound(rest, size_bytes - from - at)) {
                first = from + at;
            }
        }
    }
    return first > 0 || bytes.len <= NATIVE_SEARCH_BYTES ? first : find_far(bytes, size_bytes);
}
