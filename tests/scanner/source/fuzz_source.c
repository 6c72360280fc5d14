/* Any bytes as the source of a package, in any place. Beyond not crashing: the answer is well-formed,
 * and nothing of class attack is in it, since no heuristic may say so. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ch_sha256 sha256 = {{1}};
    static int fd = -1;
    struct ch_err err;
    if (fd < 0) {
        fd = memfd_create("answer", MFD_CLOEXEC);
    }
    CH_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct ch_source *s = ch_source_new(w);
    enum ch_code_place place = (enum ch_code_place)(size % 5);
    struct ch_str text = {(const char *)data, size};
    ch_source_see(s, CH_STR("a.py"), place, text);
    ch_source_see(s, CH_STR("b.py"), CH_PLACE_IMPORT, text); /* each may import the other */
    ch_source_end(s);
    ch_source_free(s);
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    size_t len = (size_t)lseek(fd, 0, SEEK_CUR);
    char *stream = ch_alloc(len);
    CH_ASSERT(pread(fd, stream, len, 0) == (ssize_t)len);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    enum ch_code rc;
    ch_scan_reader_init(&r, (struct ch_str){stream, len});
    while ((rc = ch_scan_read(&r, &rec, &err)) == CH_OK) {
        CH_ASSERT(rec.type != CH_REC_FINDING ||
                  ch_finding_row((uint32_t)rec.u.finding.code)->cls != CH_CLASS_ATTACK);
    }
    CH_ASSERT(rc == CH_E_NOT_FOUND);
    free(stream);
    return 0;
}
