/* Literals and a text, against a naive search. The input is lines: first the literals, then an
 * empty line, then the text. A literal that begins with "~" goes without case. */
#include <stdlib.h>

#include "scanner/literals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
    size_t *ends; /* of each literal, the last */
    size_t *times;
};

static bool on_literal(void *arg, uint32_t index, size_t end)
{
    struct found *f = arg;
    if (f->times[index] > 0 && end <= f->ends[index]) {
        abort(); /* not in order, or twice */
    }
    f->ends[index] = end;
    f->times[index]++;
    return false;
}

static size_t naive_times(struct ch_str text, const struct ch_literal *l)
{
    size_t times = 0;
    for (size_t i = 0; i + l->bytes.len <= text.len; i++) {
        struct ch_str at = ch_str_sub(text, i, l->bytes.len);
        times += (l->nocase ? ch_str_eq_nocase(at, l->bytes) : ch_str_eq(at, l->bytes)) ? 1 : 0;
    }
    return times;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LITERALS = 64 };
    struct ch_literal list[LITERALS];
    size_t ends[LITERALS] = {0};
    size_t times[LITERALS] = {0};
    struct found f = {ends, times};
    size_t count = 0;
    struct ch_str rest = {(const char *)data, size};
    struct ch_str line;
    while (ch_str_split(&rest, '\n', &line) && line.len > 0) {
        bool nocase = line.ptr[0] == '~';
        struct ch_str word = ch_str_sub(line, nocase ? 1 : 0, SIZE_MAX);
        if (word.len > 0 && word.ptr[0] != '\0' && count < LITERALS) {
            list[count] = (struct ch_literal){word, nocase, count % 2 == 1};
            count++;
        }
    }
    struct ch_literals *l = ch_literals_new(list, count);
    if (ch_literals_search(l, rest, on_literal, &f)) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        size_t expected = naive_times(rest, &list[i]);
        if (times[i] != (list[i].once && expected > 1 ? 1 : expected)) {
            abort();
        }
    }
    ch_literals_free(l);
    return 0;
}
