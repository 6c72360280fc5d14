/* Both opinions over any bytes, as a TAR archive. Where the strict reader finds nothing but notes,
 * the second reader must list the very same members; that is what the strict rules are for.
 *
 * First byte: odd, the checksums of headers are made right before, so that mutations get behind
 * them; bit 1, the profile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = 512, CHECKSUM_AT = 148, SIZE_AT = 124, REPAIR = 1, BARE = 2 };

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false;
    bool bare = ch_str_eq(job->profile, CH_STR("tar"));
    return ch_tar_walk(in, ch_archive_kind_of(job, in).packing,
                       bare ? &ch_tar_profile_bare : &ch_tar_profile_sdist, out, NULL, NULL,
                       &complete, err);
}

static bool all_zero(const uint8_t *p)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Walks as readers do, by the sizes that headers state. */
static void repair(uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at < len && len - at >= BLOCK) {
        uint8_t *p = bytes + at;
        char text[8];
        unsigned sum = 0;
        size_t size = 0;
        at += BLOCK;
        if (all_zero(p)) {
            continue;
        }
        memset(p + CHECKSUM_AT, ' ', 8);
        for (size_t i = 0; i < BLOCK; i++) {
            sum += p[i];
        }
        snprintf(text, sizeof(text), "%06o", sum);
        memcpy(p + CHECKSUM_AT, text, 7);
        for (size_t i = SIZE_AT; i < SIZE_AT + 12 && p[i] >= '0' && p[i] <= '7'; i++) {
            size = size << 3 | (size_t)(p[i] - '0');
        }
        at += size < len ? (size + BLOCK - 1) / BLOCK * BLOCK : len;
    }
}

struct answer {
    char *stream;
    size_t len;
};

static struct answer run(enum ch_code (*fn)(const struct ch_scan_job *, const struct ch_input *,
                                            struct ch_scan_writer *, struct ch_err *),
                         const struct ch_scan_job *job, const struct ch_input *in)
{
    static const struct ch_sha256 sha256 = {{1}};
    static int fd = -1;
    struct ch_err err;
    if (fd < 0) {
        fd = memfd_create("answer", MFD_CLOEXEC);
    }
    CH_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    CH_ASSERT(fn(job, in, w, &err) == CH_OK);
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

static void compare(const struct answer *first, const struct answer *second)
{
    struct ch_scan_reader a;
    struct ch_scan_reader b;
    struct ch_member x;
    struct ch_member y;
    size_t findings = 0;
    size_t others = 0;
    bool same = true;
    bool more_a = true;
    bool more_b = true;
    ch_scan_reader_init(&a, (struct ch_str){first->stream, first->len});
    ch_scan_reader_init(&b, (struct ch_str){second->stream, second->len});
    while (more_a || more_b) {
        more_a = more_a && next(&a, &x, &findings);
        more_b = more_b && next(&b, &y, &others);
        same = same && more_a == more_b &&
               (!more_a ||
                (ch_str_eq(x.path, y.path) && x.type == y.type && x.size_bytes == y.size_bytes &&
                 ch_str_eq(x.link, y.link) && ch_sha256_eq(&x.sha256, &y.sha256)));
    }
    if (findings == 0 && !same) {
        fprintf(stderr, "nothing found, but the opinions differ\n");
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ch_scan_job jobs[] = {{.profile = {"sdist", 5}}, {.profile = {"tar", 3}}};
    if (size == 0) {
        return 0;
    }
    uint8_t *bytes = ch_alloc(size);
    memcpy(bytes, data + 1, size - 1);
    struct ch_input in = {.fd = -1, .ptr = bytes, .len = size - 1};
    const struct ch_scan_job *job = &jobs[(data[0] & BARE) != 0];
    ch_limits.archive_unpacked_bytes = 1 << 22;
    ch_limits.member_whole_bytes = 1 << 16;
    ch_limits.stream_window_bytes = 1 << 22;
    struct ch_archive_kind kind = ch_archive_kind_of(job, &in);
    if ((data[0] & REPAIR) != 0 && kind.packing == CH_STREAM_NONE) {
        repair(bytes, in.len);
    }
    if (kind.format == CH_ARCHIVE_TAR) {
        struct answer first = run(inspect, job, &in);
        struct answer second = run(ch_second_opinion, job, &in);
        compare(&first, &second);
        free(first.stream);
        free(second.stream);
    }
    free(bytes);
    return 0;
}
