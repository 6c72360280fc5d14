/* Target: ch_repodata_parse. What it takes, the keeper's strict reader takes: each record in its
 * one spelling. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scanner/eco/conda/page/repodata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_scan_job job = {.profile = CH_STR("repodata"),
                              .project = CH_STR("noarch"),
                              .base_url = CH_STR("https://example.org/c/noarch/repodata.json")};
    struct ch_input in = {.fd = -1, .ptr = size == 0 ? NULL : data, .len = size};
    struct ch_err err;
    int fd = memfd_create("stream", MFD_CLOEXEC);
    CH_ASSERT(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 24);
    if (ch_repodata_parse(&job, &in, w, &err) == CH_OK &&
        ch_scan_write_end(w, &(struct ch_sha256){{1}}, size, &err) == CH_OK) {
        size_t len = (size_t)lseek(fd, 0, SEEK_END);
        char *stream = ch_alloc(len);
        CH_ASSERT(pread(fd, stream, len, 0) == (ssize_t)len);
        struct ch_scan_reader r;
        struct ch_scan_record rec;
        ch_scan_reader_init(&r, (struct ch_str){stream, len});
        while (ch_scan_read(&r, &rec, &err) == CH_OK) {
            CH_ASSERT(rec.type != CH_REC_INDEX_FILE || ch_index_record_ok(rec.u.file.record));
        }
        CH_ASSERT(r.ended);
        free(stream);
    }
    ch_scan_writer_free(w);
    close(fd);
    return 0;
}
