/* Target: ch_scan_read, the keeper's strict reader of what a jail wrote.
 * Besides not crashing, an accepted stream must be one the writer can make: it is encoded again and
 * must give the same bytes. */
#include <stdint.h>
#include <string.h>

#include "customhouse/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    ch_scan_reader_init(&r, (struct ch_str){(const char *)data, size});
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_INDEX_FILE) {
            struct ch_buf b;
            ch_buf_init(&b, size);
            ch_index_file_put(&b, &rec.u.file);
            const uint8_t *end = data + r.rd.at;
            CH_ASSERT(!b.failed && memcmp(end - b.len, b.ptr, b.len) == 0);
            ch_buf_done(&b);
        } else if (rec.type == CH_REC_INDEX_ENTRY) {
            struct ch_buf b;
            ch_buf_init(&b, size);
            ch_index_entry_put(&b, &rec.u.entry);
            const uint8_t *end = data + r.rd.at;
            CH_ASSERT(!b.failed && memcmp(end - b.len, b.ptr, b.len) == 0);
            ch_buf_done(&b);
        }
    }
    struct ch_scan_job job;
    CH_IGNORE(ch_scan_job_get((struct ch_str){(const char *)data, size}, &job, NULL) != CH_OK);
    return 0;
}
