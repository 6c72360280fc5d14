/* Target: ch_page_parse_html. */
#include "tests/scanner/eco/pypi/fuzz_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_page(ch_page_parse, "page-html", data, size);
    return 0;
}
