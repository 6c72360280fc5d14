/* Targets: ch_metadata_parse, ch_metadata_report, ch_requirement_classify, ch_pypi_same_version. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "scanner/python/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the report writes must be a stream that the writer takes. */
static void report(struct ch_str bytes)
{
    static int fd = -1;
    struct ch_scan_job job = {.project = CH_STR("foo"), .version = CH_STR("1.0")};
    struct ch_sha256 sha256 = {{0}};
    struct ch_err err;
    fd = fd >= 0 ? fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, UINT32_MAX);
    ch_metadata_report(&job, CH_STR("m"), bytes, w);
    CH_ASSERT(ch_scan_write_end(w, &sha256, bytes.len, &err) == CH_OK);
    ch_scan_writer_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str bytes = {(const char *)data, size};
    struct ch_metadata m;
    struct ch_err err;
    report(bytes);
    enum ch_requirement whole = ch_requirement_classify(bytes);
    /* whatever holds an '@' outside a marker is never plain */
    size_t at;
    size_t marker = size;
    CH_IGNORE(ch_str_find_char(bytes, ';', &marker));
    if (ch_str_find_char(ch_str_sub(bytes, 0, marker), '@', &at)) {
        CH_ASSERT(whole == CH_REQUIREMENT_DIRECT);
    }
    if (ch_metadata_parse(bytes, &m, &err) == CH_OK) {
        CH_ASSERT(ch_pypi_name_eq(m.name, m.name) && m.version.len > 0);
        struct ch_str value;
        for (size_t i = 0; ch_metadata_next(&m, CH_STR("Requires-Dist"), &i, &value);) {
            CH_IGNORE(ch_requirement_classify(value) == CH_REQUIREMENT_PLAIN);
            CH_IGNORE(ch_pypi_same_version(value, m.version));
            CH_ASSERT(value.ptr >= bytes.ptr && value.ptr + value.len <= bytes.ptr + bytes.len);
        }
        ch_metadata_done(&m);
    }
    return 0;
}
