/* How far a text stands for itself inside a JSON string: what readers of large documents spend
 * their time on. */
#ifndef CUSTOMHOUSE_JSON_TEXT_H
#define CUSTOMHOUSE_JSON_TEXT_H

#include <string.h>

#include "customhouse/bytes.h"

/* Bytes before the first quote, backslash or control character; s.len: there is none. Whether they
 * are UTF-8 is not looked at. Eight at a time: a byte that is one of these leaves the uppermost bit
 * of its place. */
static inline size_t ch_json_plain(struct ch_str s)
{
    const uint64_t ones = 0x0101010101010101u, tops = ones * 0x80;
    size_t i = 0;
    for (; s.len - i >= sizeof(ones); i += sizeof(ones)) {
        uint64_t w;
        memcpy(&w, s.ptr + i, sizeof(w));
        uint64_t quote = w ^ ones * '"', backslash = w ^ ones * '\\';
        if ((((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
             ((w - ones * 0x20) & ~w)) &
            tops) {
            break;
        }
    }
    while (i < s.len && (unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != '"' && s.ptr[i] != '\\') {
        i++;
    }
    return i;
}

#endif
