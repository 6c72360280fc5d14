/* Words and a text, against a naive search. The input is lines: first the words, then an empty
 * line, then the text. A word that begins with "~" goes without case. */
#include <stdlib.h>

#include "naive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { WORDS = 64 };
    struct prefilter_word words[WORDS];
    bool seen[WORDS] = {false};
    size_t count = 0;
    struct ch_str rest = {(const char *)data, size};
    struct ch_str line;
    while (ch_str_split(&rest, '\n', &line) && line.len > 0) {
        bool nocase = line.ptr[0] == '~';
        struct ch_str word = ch_str_sub(line, nocase ? 1 : 0, SIZE_MAX);
        if (word.len >= PREFILTER_WORD_MIN && count < WORDS) {
            words[count++] = (struct prefilter_word){word, nocase};
        }
    }
    struct prefilter *p = prefilter_new(words, count);
    bool any = prefilter_scan(p, rest, seen);
    for (size_t i = 0; i < count; i++) {
        if (seen[i] != naive_has(rest, &words[i])) {
            abort();
        }
    }
    bool one = false;
    for (size_t i = 0; i < count; i++) {
        one = one || seen[i];
    }
    if (any != one) {
        abort();
    }
    prefilter_free(p);
    return 0;
}
