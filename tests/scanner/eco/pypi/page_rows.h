/* Pages as rows: what is read of each, or why it is none. */
#ifndef TESTS_PYPI_PAGE_ROWS_H
#define TESTS_PYPI_PAGE_ROWS_H

#include "tests/scanner/scan_text.h"

#include "customhouse/limits.h"
#include "scanner/eco/pypi/page/page.h"

#define HEX   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX2  "11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define META  "\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\""
#define FILE1 "\"filename\":\"foo-1.tar.gz\",\"url\":\"foo-1.tar.gz\",\"hashes\":{}"
#define URL1  "<https://example.org/simple/foo/foo-1.tar.gz>"
#define MD5   "cccccccccccccccccccccccccccccccc"
#define MD5B  "cccccccccccccccccccccccccccccccd"

struct page_row {
    const char *label;
    struct ch_str input;
    const char *expect; /* the records, or after '!' a part of the error */
};

/* Each is a page of the project "foo" at https://example.org/simple/foo/. */
void page_rows_run(ch_page_parse_fn *parse, const char *profile, const struct page_row *rows,
                   size_t count);

#endif
