#include "db/log/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/append_int.h"
#include "db/log/note.h"

#define MAGIC       0x316a6c6775615f68ull /* from before zeros followed */
#define MAGIC_ZEROS 0x326a6c6775615f68ull
#define HEAD_BYTES  40u /* magic, generation, size, data_bytes, two lengths */
#define FRAME_BYTES (HEAD_BYTES + CH_SHA256_BYTES)

static enum ch_code put_zeros(int fd, uint64_t at, uint64_t end, struct ch_err *err)
{
    static const char zeros[1 << 16];
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && at < end) {
        size_t len = end - at < sizeof(zeros) ? (size_t)(end - at) : sizeof(zeros);
        rc = ch_log_pwrite(fd, (struct ch_str){zeros, len}, at, "journal", err);
        at += len;
    }
    return rc;
}

enum ch_code ch_journal_make(int fd, struct ch_err *err)
{
    enum ch_code rc = put_zeros(fd, 0, ch_limits.log_journal_bytes, err);
    if (rc == CH_OK && fsync(fd) != 0) {
        rc = ch_fail_errno(err, errno, "log: journal: fsync");
    }
    return rc;
}

size_t ch_journal_bundle_max(void)
{
    return (size_t)ch_limits.log_journal_bytes - 2 * (FRAME_BYTES + CH_NOTE_MAX);
}

bool ch_journal_has_room(const struct ch_journal *j, size_t bundle_bytes)
{
    return j->at + FRAME_BYTES + bundle_bytes + CH_NOTE_MAX <= ch_limits.log_journal_bytes;
}

void ch_journal_restart(struct ch_journal *j)
{
    j->generation++;
    j->used = j->at > j->used ? j->at : j->used;
    j->at = 0;
}

enum ch_code ch_journal_put(struct ch_journal *j, const struct ch_journal_record *r,
                            struct ch_err *err)
{
    struct ch_buf b;
    CH_ASSERT(ch_journal_has_room(j, r->bundle.len) && r->note.len <= CH_NOTE_MAX);
    ch_buf_init(&b, (size_t)ch_limits.log_journal_bytes);
    ch_put_u64(&b, MAGIC_ZEROS);
    ch_put_u64(&b, j->generation);
    ch_put_u64(&b, r->size);
    ch_put_u64(&b, r->data_bytes);
    ch_put_u32(&b, (uint32_t)r->bundle.len);
    ch_put_u32(&b, (uint32_t)r->note.len);
    ch_buf_puts(&b, r->bundle);
    ch_buf_puts(&b, r->note);
    struct ch_sha256 sum = ch_sha256_of(b.ptr, b.len);
    ch_put_sha256(&b, &sum);
    enum ch_code rc = ch_buf_ok(&b, err);
    rc = rc == CH_OK ? ch_log_pwrite(j->fd, ch_buf_str(&b), j->at, "journal", err) : rc;
    if (rc == CH_OK && fdatasync(j->fd) != 0) {
        rc = ch_fail_errno(err, errno, "log: journal: fdatasync");
    }
    bool first = j->at == 0;
    j->at += rc == CH_OK ? b.len : 0;
    if (rc == CH_OK && first) { /* which counts from now on; these are synced with the next one */
        rc = put_zeros(j->fd, j->at, j->used, err);
        j->used = rc == CH_OK ? 0 : j->used;
    }
    ch_buf_done(&b);
    return rc;
}

/* A length that was not written to its end is any number. */
static bool read_head(const struct ch_journal *j, struct ch_journal_record *r, uint64_t *generation,
                      size_t *bytes)
{
    uint8_t head[HEAD_BYTES];
    if (j->at > ch_limits.log_journal_bytes ||
        ch_log_pread(j->fd, head, sizeof(head), j->at, "journal", NULL) != CH_OK) {
        return false;
    }
    struct ch_rd rd = ch_rd_of(head, sizeof(head));
    uint64_t magic = ch_get_u64(&rd);
    *generation = ch_get_u64(&rd);
    r->size = ch_get_u64(&rd);
    r->data_bytes = ch_get_u64(&rd);
    r->bundle.len = ch_get_u32(&rd);
    r->note.len = ch_get_u32(&rd);
    *bytes = HEAD_BYTES + r->bundle.len + r->note.len;
    return (magic == MAGIC || magic == MAGIC_ZEROS) &&
           (j->at == 0 || *generation == j->generation) && r->note.len <= CH_NOTE_MAX &&
           r->size < UINT64_MAX / 2 && r->data_bytes <= CH_LOG_DATA_MAX &&
           *bytes <= ch_limits.log_journal_bytes;
}

enum ch_code ch_journal_next(struct ch_journal *j, struct ch_buf *memory,
                             struct ch_journal_record *ret, struct ch_err *err)
{
    struct ch_journal_record r;
    struct ch_sha256 sum;
    uint64_t generation = 0;
    size_t bytes = 0;
    if (!read_head(j, &r, &generation, &bytes)) {
        return ch_fail(err, CH_E_NOT_FOUND, "log: journal: no record");
    }
    ch_buf_clear(memory);
    char *p = ch_buf_reserve(memory, bytes);
    if (p == NULL) {
        return ch_buf_ok(memory, err);
    }
    if (ch_log_pread(j->fd, p, bytes, j->at, "journal", NULL) != CH_OK ||
        ch_log_pread(j->fd, &sum, sizeof(sum), j->at + bytes, "journal", NULL) != CH_OK) {
        return ch_fail(err, CH_E_NOT_FOUND, "log: journal: no record");
    }
    struct ch_sha256 actual = ch_sha256_of(p, bytes);
    if (!ch_sha256_eq(&sum, &actual)) {
        return ch_fail(err, CH_E_NOT_FOUND, "log: journal: the record was not written to its end");
    }
    r.bundle.ptr = p + HEAD_BYTES;
    r.note.ptr = r.bundle.ptr + r.bundle.len;
    j->generation = generation;
    j->at += bytes + sizeof(sum);
    *ret = r;
    return CH_OK;
}

bool ch_journal_is_zeroed(const struct ch_journal *j)
{
    uint8_t head[sizeof(uint64_t)];
    if (ch_log_pread(j->fd, head, sizeof(head), 0, "journal", NULL) != CH_OK) {
        return false;
    }
    struct ch_rd rd = ch_rd_of(head, sizeof(head));
    return ch_get_u64(&rd) == MAGIC_ZEROS;
}
