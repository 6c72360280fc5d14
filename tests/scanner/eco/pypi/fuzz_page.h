/* Shared by the page fuzz targets: a parser's answer must be one the keeper's strict reader takes.
 */
#ifndef CH_TESTS_FUZZ_PAGE_H
#define CH_TESTS_FUZZ_PAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scanner/eco/pypi/page/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_page(ch_page_parse_fn *parse, const char *profile, const uint8_t *data,
                             size_t size)
{
    struct ch_scan_job job = {.ecosystem = CH_STR("pypi"),
                              .profile = ch_str_of(profile),
                              .project = CH_STR("foo"),
                              .base_url = CH_STR("https://example.org/simple/foo/")};
    struct ch_input in = {.fd = -1, .ptr = size == 0 ? NULL : data, .len = size};
    struct ch_err err;
    int fd = memfd_create("stream", MFD_CLOEXEC);
    CH_ASSERT(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 24);
    if (parse(&job, &in, w, &err) == CH_OK &&
        ch_scan_write_end(w, &(struct ch_sha256){{1}}, size, &err) == CH_OK) {
        size_t len = (size_t)lseek(fd, 0, SEEK_END);
        char *stream = ch_alloc(len);
        CH_ASSERT(pread(fd, stream, len, 0) == (ssize_t)len);
        struct ch_scan_reader r;
        struct ch_scan_record rec;
        ch_scan_reader_init(&r, (struct ch_str){stream, len});
        while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        }
        CH_ASSERT(r.ended);
        free(stream);
    }
    ch_scan_writer_free(w);
    close(fd);
}

#endif
