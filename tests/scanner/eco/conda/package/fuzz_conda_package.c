/* A conda package, as a .conda or, when it begins so, as a .tar.bz2. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct ch_err err;
    struct ch_str bytes = {(const char *)data, size};
    bool bzip2 = ch_str_starts(bytes, CH_STR("BZh"));
    if (fd < 0) {
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CH_ASSERT(fd >= 0);
    }
    ch_limits.archive_unpacked_bytes = 1 << 24;
    struct ch_scan_job job = {.ecosystem = CH_STR("conda"),
                              .profile = bzip2 ? CH_STR("conda-tar") : CH_STR("conda"),
                              .file_name = bzip2 ? CH_STR("foo-1.0-py_0.tar.bz2")
                                                 : CH_STR("foo-1.0-py_0.conda")};
    struct ch_input in = {.fd = -1, .ptr = data, .len = size};
    struct ch_sha256 sha256 = {{1}};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    CH_ASSERT(ch_conda_package_inspect(&job, &in, w, &err) == CH_OK);
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    return 0;
}
