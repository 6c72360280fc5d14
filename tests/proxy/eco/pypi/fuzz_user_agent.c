/* A User-Agent line, and after its first line feed file names: asking ahead answers within the page. */
#include "customhouse/ecosystem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str user_agent = {NULL, 0};
    struct ch_page_file files[FILES] = {0};
    bool eligible[FILES] = {false};
    size_t indices[FILES];
    struct ch_page page = {.project = CH_STR("foo"), .files = files};
    if (size == 0) {
        return 0;
    }
    ch_str_split(&rest, '\n', &user_agent);
    struct ch_str line;
    while (page.file_count < FILES && ch_str_split(&rest, '\n', &line)) {
        ch_str_split(&line, '|', &files[page.file_count].file_name);
        files[page.file_count].requires_python = line;
        eligible[page.file_count] = page.file_count % 3 != 2;
        page.file_count++;
    }
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("pypi"));
    size_t count = e->wanted_next(&page, eligible, user_agent, indices, FILES);
    CH_ASSERT(count <= page.file_count);
    for (size_t i = 0; i < count; i++) {
        CH_ASSERT(indices[i] < page.file_count && eligible[indices[i]]);
    }
    struct ch_buf out;
    ch_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < e->format_count; i++) {
        ch_buf_clear(&out);
        CH_IGNORE(e->formats[i].render_page(&page, CH_STR("/pypi"), &out, NULL) != CH_OK);
    }
    ch_buf_done(&out);
    return 0;
}
