/* The wheel inspector and the reader of tails over any bytes, and RECORD's and the other texts'
 * rules with them, since the corpus holds whole wheels. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/pypi/wheel/wheel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct ch_err err;
    if (fd < 0) {
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CH_ASSERT(fd >= 0);
    }
    ch_limits.archive_unpacked_bytes = 1 << 24;
    struct ch_scan_job job = {.ecosystem = CH_STR("pypi"),
                              .profile = CH_STR("wheel"),
                              .file_name = CH_STR("foo_bar-1.0-py3-none-any.whl")};
    struct ch_input in = {.fd = -1, .ptr = data, .len = size};
    struct ch_sha256 sha256 = {{1}};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    CH_ASSERT(ch_wheel_inspect(&job, &in, w, &err) == CH_OK);
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    /* As a tail: from its middle, and from its beginning. */
    for (size_t from = 0; from <= size / 2; from += size / 2 + (size < 2)) {
        job.tail_offset_bytes = from;
        in = (struct ch_input){.fd = -1, .ptr = data + from, .len = size - from};
        w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
        CH_IGNORE(ch_wheel_tail(&job, &in, w, &err) != CH_OK);
        ch_scan_writer_free(w);
    }
    return 0;
}
