/* Both opinions over any bytes. Beyond not crashing: where the strict reader finds nothing but
 * notes, the second reader must list the very same members; that is what the strict rules are for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/unpack/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    (void)job;
    struct ch_zip *z;
    enum ch_code rc = ch_zip_open(in, &ch_zip_profile_wheel, out, &z, err);
    if (rc == CH_OK) {
        ch_zip_verify(z, NULL, NULL);
        ch_zip_free(z);
    }
    return rc;
}

struct answer {
    char *stream;
    size_t len;
};

static struct answer run(enum ch_code (*fn)(const struct ch_scan_job *, const struct ch_input *,
                                            struct ch_scan_writer *, struct ch_err *),
                         const struct ch_input *in)
{
    static const struct ch_scan_job job;
    static const struct ch_sha256 sha256 = {{1}};
    static int fd = -1;
    struct ch_err err;
    if (fd < 0) {
        fd = memfd_create("answer", MFD_CLOEXEC);
    }
    CH_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    CH_ASSERT(fn(&job, in, w, &err) == CH_OK);
    CH_ASSERT(ch_scan_write_end(w, &sha256, in->len, &err) == CH_OK);
    ch_scan_writer_free(w);
    struct answer a = {.len = (size_t)lseek(fd, 0, SEEK_CUR)};
    a.stream = ch_alloc(a.len);
    CH_ASSERT(pread(fd, a.stream, a.len, 0) == (ssize_t)a.len);
    return a;
}

/* The next member; false at the end. Counts findings that are no notes. */
static bool next(struct ch_scan_reader *r, struct ch_member *ret, size_t *findings)
{
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    while ((rc = ch_scan_read(r, &rec, &err)) == CH_OK) {
        if (rec.type == CH_REC_MEMBER) {
            *ret = rec.u.member;
            return true;
        }
        if (rec.type == CH_REC_FINDING &&
            ch_finding_row((uint32_t)rec.u.finding.code)->cls != CH_CLASS_NOTE) {
            (*findings)++;
        }
    }
    CH_ASSERT(rc == CH_E_NOT_FOUND);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_input in = {.fd = -1, .ptr = data, .len = size};
    ch_limits.archive_unpacked_bytes = 1 << 24;
    ch_limits.member_whole_bytes = size % 2 != 0 ? 1 << 16 : 16; /* both ways to inflate */
    struct answer first = run(inspect, &in);
    struct answer second = run(ch_second_opinion, &in);
    struct ch_scan_reader a;
    struct ch_scan_reader b;
    struct ch_member x;
    struct ch_member y;
    size_t findings = 0;
    size_t others = 0;
    bool same = true;
    ch_scan_reader_init(&a, (struct ch_str){first.stream, first.len});
    ch_scan_reader_init(&b, (struct ch_str){second.stream, second.len});
    for (;;) {
        bool more_a = next(&a, &x, &findings);
        bool more_b = next(&b, &y, &others);
        same = same && more_a == more_b &&
               (!more_a || (ch_str_eq(x.path, y.path) && x.type == y.type &&
                            x.size_bytes == y.size_bytes && ch_sha256_eq(&x.sha256, &y.sha256)));
        if (!more_a && !more_b) {
            break;
        }
    }
    if (findings == 0 && !same) {
        fprintf(stderr, "nothing found, but the opinions differ\n");
        abort();
    }
    free(first.stream);
    free(second.stream);
    return 0;
}
