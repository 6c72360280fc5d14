/* Both opinions over any bytes, as a layer of an image. Where the strict reader finds nothing of
 * its structure, the second reader must list the very same members.
 *
 * First byte: odd, the checksums of headers are made right before, so that mutations get behind
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/layer/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = 512, CHECKSUM_AT = 148, SIZE_AT = 124, REPAIR = 1 };

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
        at = size > len - at ? len : at + (size + BLOCK - 1) / BLOCK * BLOCK;
    }
}

struct answer {
    struct ch_sha256 members;
    bool held; /* by what the structure is */
};

static void read_answer(ch_inspect_fn *inspect, const struct ch_input *in, struct answer *ret)
{
    struct ch_scan_job job = {.profile = CH_STR("oci-layer")};
    struct ch_err err = {.msg = ""};
    int fd = memfd_create("stream", MFD_CLOEXEC);
    CH_ASSERT(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 26);
    enum ch_code rc = inspect(&job, in, w, &err);
    rc = rc == CH_OK ? ch_scan_write_end(w, &(struct ch_sha256){{1}}, in->len, &err) : rc;
    *ret = (struct answer){.held = rc != CH_OK};
    size_t len = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(len + 1);
    CH_ASSERT(pread(fd, stream, len, 0) == (ssize_t)len);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_hash *h = ch_hash_new();
    ch_hash_reset(h);
    ch_scan_reader_init(&r, (struct ch_str){stream, len});
    while (rc == CH_OK && (rc = ch_scan_read(&r, &rec, &err)) == CH_OK) {
        if (rec.type == CH_REC_MEMBER) {
            ch_hash_add(h, rec.u.member.path.ptr, rec.u.member.path.len);
            ch_hash_add(h, &rec.u.member.type, sizeof(rec.u.member.type));
            ch_hash_add(h, &rec.u.member.size_bytes, sizeof(rec.u.member.size_bytes));
            ch_hash_add(h, rec.u.member.link.ptr, rec.u.member.link.len);
            ch_hash_add(h, &rec.u.member.sha256, sizeof(rec.u.member.sha256));
        } else if (rec.type == CH_REC_FINDING) {
            const struct ch_finding_row *row = ch_finding_row((uint32_t)rec.u.finding.code);
            ret->held = ret->held || row->cls != CH_CLASS_NOTE;
        }
    }
    CH_ASSERT(ret->held || rc == CH_E_NOT_FOUND);
    ret->members = ch_hash_end(h);
    ch_hash_free(h);
    free(stream);
    ch_scan_writer_free(w);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    ch_limits.archive_unpacked_bytes = 1 << 24;
    uint8_t *bytes = ch_alloc(size);
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & REPAIR) != 0) {
        repair(bytes, size - 1);
    }
    struct ch_input in = {.fd = -1, .ptr = size == 1 ? NULL : bytes, .len = size - 1};
    struct answer first;
    struct answer second;
    read_answer(ch_oci_layer_inspect, &in, &first);
    read_answer(ch_oci_layer_second, &in, &second);
    CH_ASSERT(first.held || ch_sha256_eq(&first.members, &second.members));
    free(bytes);
    return 0;
}
