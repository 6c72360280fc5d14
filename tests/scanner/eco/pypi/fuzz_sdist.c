/* The sdist inspector over any bytes. The corpus holds archives without compression, so that what
 * is in them is within reach. */
#include <fcntl.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/pypi/sdist/sdist.h"

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
                              .profile = CH_STR("sdist"),
                              .file_name = CH_STR("foo_bar-1.0.tar")};
    struct ch_input in = {.fd = -1, .ptr = data, .len = size};
    struct ch_sha256 sha256 = {{1}};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    CH_ASSERT(ch_sdist_inspect(&job, &in, w, &err) == CH_OK);
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    return 0;
}
