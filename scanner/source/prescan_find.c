/* Where a word stands next in a text. */
#include <endian.h>
#include <string.h>

#include "scanner/source/prescan.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool text_stands(struct ch_str s, size_t at, struct ch_str word, bool fold)
{
    if (s.len - at < word.len) {
        return false;
    }
    if (!fold) {
        return memcmp(s.ptr + at, word.ptr, word.len) == 0;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (lower(s.ptr[at + i]) != word.ptr[i]) {
            return false;
        }
    }
    return true;
}

typedef uint8_t bytes16 __attribute__((vector_size(16)));

static bytes16 load16(const char *p)
{
    bytes16 v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* Where a two-byte text stands next from `at` on, `fold` (0x20) being set in both; s.len: nowhere.
 * Sixteen places at once: for words of two or three letters that is faster than memchr and memmem,
 * which find the first letter everywhere. */
static size_t find_two(struct ch_str s, size_t at, uint8_t first, uint8_t second, uint8_t fold)
{
    for (; at + sizeof(bytes16) < s.len; at += sizeof(bytes16)) {
        bytes16 both = (bytes16)((load16(s.ptr + at) | fold) == first) &
                       (bytes16)((load16(s.ptr + at + 1) | fold) == second);
        uint64_t halves[2];
        memcpy(halves, &both, sizeof(halves));
        if (halves[0] != 0) {
            return at + (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
        }
        if (halves[1] != 0) {
            return at + sizeof(uint64_t) + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8;
        }
    }
    for (; at + 1 < s.len; at++) {
        if (((uint8_t)s.ptr[at] | fold) == first && ((uint8_t)s.ptr[at + 1] | fold) == second) {
            return at;
        }
    }
    return s.len;
}

size_t text_find(struct ch_str s, size_t at, struct ch_str word, bool fold)
{
    const uint8_t bit = fold ? 0x20 : 0;
    if (word.len < 2) {
        const char *p =
            word.len == 0 || at >= s.len ? NULL : memchr(s.ptr + at, word.ptr[0], s.len - at);
        return p != NULL ? (size_t)(p - s.ptr) : s.len;
    }
    uint8_t first = (uint8_t)word.ptr[0] | bit;
    uint8_t second = (uint8_t)word.ptr[1] | bit;
    while ((at = find_two(s, at, first, second, bit)) < s.len && !text_stands(s, at, word, fold)) {
        at++;
    }
    return at;
}
