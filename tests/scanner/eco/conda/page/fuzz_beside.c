/* Target: ch_run_exports_parse and ch_channeldata_parse, by the first byte. What they take, the
 * keeper's strict reader takes: each record in its one spelling. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scanner/eco/conda/page/beside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_scan_job job = {.profile = CH_STR("run-exports"), .project = CH_STR("noarch")};
    struct ch_err err;
    if (size == 0) {
        return 0;
    }
    ch_inspect_fn *parse = data[0] == 'r' ? ch_run_exports_parse : ch_channeldata_parse;
    struct ch_input in = {.fd = -1, .ptr = size == 1 ? NULL : data + 1, .len = size - 1};
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
            CH_ASSERT(rec.type != CH_REC_INDEX_FILE);
            CH_ASSERT(rec.type != CH_REC_INDEX_ENTRY || ch_index_record_ok(rec.u.entry.record));
        }
        CH_ASSERT(r.ended);
        free(stream);
    }
    ch_scan_writer_free(w);
    close(fd);
    return 0;
}
