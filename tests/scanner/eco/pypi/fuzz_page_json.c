/* Targets: ch_page_parse_json, ch_details_parse. */
#include "tests/scanner/eco/pypi/fuzz_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_page(ch_page_parse, "page-json", data, size);
    fuzz_page(ch_details_parse, "details", data, size);
    return 0;
}
