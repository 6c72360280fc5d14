/* Lines of .pth files over any bytes: all of them come, in their order, and each is what it begins
 * as. */
#include "scanner/content/pth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str bytes = {(const char *)data, size};
    for (int view = 0; view < PTH_VIEW_COUNT; view++) {
        struct pth p = pth_open(bytes, (enum pth_view)view);
        struct pth_line line;
        size_t at;
        for (size_t left = p.rest.len + 1; pth_next(&p, &line); left = p.rest.len) {
            CH_ASSERT(p.rest.len < left && line.text.len <= left);
            CH_ASSERT(!ch_str_find_char(line.text, '\n', &at) &&
                      !ch_str_find_char(line.text, '\r', &at));
            CH_ASSERT((line.kind == PTH_CODE) == (ch_str_starts(line.text, CH_STR("import ")) ||
                                                  ch_str_starts(line.text, CH_STR("import\t"))));
        }
        CH_ASSERT(p.rest.len == 0);
    }
    return 0;
}
