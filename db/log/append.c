#include "db/log/append.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/append_int.h"
#include "db/log/bundle.h"

/* ------------------------------------------------------------------ gathering a batch */

static void reset_batch(struct ch_log *log)
{
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ch_buf_clear(&log->hashes[level]);
    }
    ch_buf_clear(&log->bundles);
}

/* A node at the height of a level of tiles is a hash of that level. */
static void on_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    struct ch_log *log = ctx;
    (void)index;
    if (height % CH_TILE_HEIGHT == 0) {
        ch_buf_put(&log->hashes[height / CH_TILE_HEIGHT], node->byte, sizeof(node->byte));
    }
}

enum ch_code ch_log_gather(struct ch_log *log, struct ch_str bundle, struct ch_err *err)
{
    struct ch_str rest = bundle, entry;
    reset_batch(log);
    while (ch_bundle_next(&rest, &entry)) {
        if (log->tree.size % CH_TILE_HASHES == 0) {
            size_t before = bundle.len - rest.len - entry.len - CH_ENTRY_PREFIX;
            ch_put_u64(&log->bundles, log->data_bytes + before);
        }
        struct ch_sha256 leaf = ch_tree_leaf(log->hash, entry);
        ch_tree_add(&log->tree, log->hash, &leaf, on_node, log);
    }
    CH_ASSERT(rest.len == 0 && log->hashes[0].len > 0);
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        enum ch_code rc = ch_buf_ok(&log->hashes[level], err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return ch_buf_ok(&log->bundles, err);
}

/* ------------------------------------------------------------------ to disk */

enum ch_code ch_log_pwrite(int fd, struct ch_str bytes, uint64_t at, const char *what,
                           struct ch_err *err)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(fd, bytes.ptr, bytes.len, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ch_fail_errno(err, errno, "log: %s: write", what);
        }
        at += (size_t)n;
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len - (size_t)n);
    }
    return CH_OK;
}

/* Where in its file the hashes of a level end, for a tree of this size. */
static uint64_t hashes_bytes(uint64_t size, unsigned level)
{
    return (size >> (level * CH_TILE_HEIGHT)) * sizeof(struct ch_sha256);
}

static uint64_t bundles_bytes(uint64_t size)
{
    return (size + CH_TILE_HASHES - 1) / CH_TILE_HASHES * 8;
}

enum ch_code ch_log_place(struct ch_log *log, struct ch_str bundle, struct ch_err *err)
{
    const struct ch_log_files *f = &log->files;
    enum ch_code rc = ch_log_pwrite(f->data_fd, bundle, log->data_bytes, "entries", err);
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        log->unsynced[level] = log->unsynced[level] || log->hashes[level].len > 0;
        rc = ch_log_pwrite(f->public.hashes_fd[level], ch_buf_str(&log->hashes[level]),
                           hashes_bytes(log->size, level), "hashes", err);
    }
    return rc == CH_OK ? ch_log_pwrite(f->bundles_fd, ch_buf_str(&log->bundles),
                                       bundles_bytes(log->size), "bundles", err)
                       : rc;
}

void ch_log_advance(struct ch_log *log, struct ch_str bundle)
{
    log->data_bytes += bundle.len;
    log->size = log->tree.size;
}

/* ------------------------------------------------------------------ the checkpoint */

enum ch_code ch_log_sign(struct ch_log *log, struct ch_buf *note, struct ch_err *err)
{
    struct ch_buf text;
    struct ch_checkpoint c = {.origin = ch_str_of(log->signer->key.name),
                              .size = log->tree.size,
                              .root = ch_tree_root(&log->tree, log->hash)};
    ch_buf_init(&text, CH_NOTE_MAX);
    ch_checkpoint_put(&text, &c);
    enum ch_code rc = ch_note_sign(ch_buf_str(&text), log->signer, note, err);
    ch_buf_done(&text);
    return rc;
}

static enum ch_code fill(int fd, struct ch_str note, struct ch_err *err)
{
    enum ch_code rc = ch_log_pwrite(fd, note, 0, CH_LOG_NOTE, err);
    if (rc == CH_OK && ftruncate(fd, (off_t)note.len) != 0) {
        rc = ch_fail_errno(err, errno, "log: " CH_LOG_NOTE ": length");
    }
    return rc;
}

/* A new file, so that who reads the old one reads it whole. Not synced: the journal has it, or the
 * store. */
static enum ch_code fill_new(int public_fd, const char *new_name, const char *name,
                             struct ch_str note, struct ch_err *err)
{
    unlinkat(public_fd, new_name, 0);
    int fd = openat(public_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, PUBLIC_MODE);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "log: %s", new_name);
    }
    enum ch_code rc = fchmod(fd, PUBLIC_MODE) == 0 ? CH_OK : ch_fail_errno(err, errno, "chmod");
    rc = rc == CH_OK ? fill(fd, note, err) : rc;
    close(fd);
    if (rc == CH_OK && renameat(public_fd, new_name, public_fd, name) != 0) {
        rc = ch_fail_errno(err, errno, "log: %s: rename", name);
    }
    if (rc != CH_OK) {
        unlinkat(public_fd, new_name, 0);
    }
    return rc;
}

/* The disk is full: the spare file has its block, and takes the old one's place, which becomes the
 * spare. Who reads the old one just then may read a mixture, whose signature does not verify. */
static enum ch_code fill_spare(const struct ch_log_files *f, struct ch_str note, struct ch_err *err)
{
    int fd = openat(f->public_fd, NOTE_SPARE, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "log: " NOTE_SPARE);
    }
    enum ch_code rc = fill(fd, note, err);
    close(fd);
    if (rc == CH_OK &&
        renameat2(f->public_fd, NOTE_SPARE, f->public_fd, CH_LOG_NOTE, RENAME_EXCHANGE) != 0) {
        rc = ch_fail_errno(err, errno, "log: " CH_LOG_NOTE ": exchange");
    }
    return rc;
}

enum ch_code ch_log_publish(struct ch_log *log, struct ch_str note, struct ch_err *err)
{
    enum ch_code rc = fill_new(log->files.public_fd, NOTE_NEW, CH_LOG_NOTE, note, err);
    return rc == CH_E_FULL ? fill_spare(&log->files, note, err) : rc;
}

enum ch_code ch_log_publish_cosigned(int public_fd, struct ch_str note, struct ch_err *err)
{
    return fill_new(public_fd, COSIGNED_NEW, CH_LOG_COSIGNED, note, err);
}

/* ------------------------------------------------------------------ the journal */

static enum ch_code sync_one(int fd, const char *what, struct ch_err *err)
{
    return fsync(fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "log: %s: fsync", what);
}

static enum ch_code sync_places(struct ch_log *log, struct ch_err *err)
{
    const struct ch_log_files *f = &log->files;
    int fd = openat(f->public_fd, CH_LOG_NOTE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    enum ch_code rc =
        fd >= 0 ? sync_one(fd, CH_LOG_NOTE, err) : ch_fail_errno(err, errno, "log: " CH_LOG_NOTE);
    if (fd >= 0) {
        close(fd);
    }
    rc = rc == CH_OK ? sync_one(f->public_fd, CH_LOG_PUBLIC, err) : rc;
    rc = rc == CH_OK ? sync_one(f->data_fd, "entries", err) : rc;
    rc = rc == CH_OK ? sync_one(f->bundles_fd, "bundles", err) : rc;
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        if (log->unsynced[level]) {
            rc = sync_one(f->public.hashes_fd[level], "hashes", err);
            log->unsynced[level] = rc != CH_OK;
        }
    }
    return rc;
}

enum ch_code ch_log_seal(struct ch_log *log, struct ch_err *err)
{
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = sync_places(log, err);
    rc = rc == CH_OK ? ch_log_sign(log, &note, err) : rc;
    if (rc == CH_OK) {
        struct ch_journal_record r = {
            .size = log->size, .data_bytes = log->data_bytes, .note = ch_buf_str(&note)};
        ch_journal_restart(&log->journal);
        rc = ch_journal_put(&log->journal, &r, err);
    }
    ch_buf_done(&note);
    return rc;
}

/* ------------------------------------------------------------------ space in advance */

/* Best effort, as for the store (db/store/reserve.c): where the file system cannot, or the disk is
 * full already, there is none. Bytes and lengths do not change. */
static void reserve_beyond(int fd, uint64_t at, uint64_t bytes)
{
    CH_IGNORE(fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes));
}

void ch_log_reserve(struct ch_log *log)
{
    const uint64_t reserve = ch_limits.log_reserve_bytes;
    if (log->reserved_to > log->data_bytes && log->reserved_to - log->data_bytes >= reserve / 2) {
        return;
    }
    log->reserved_to = log->data_bytes + reserve;
    reserve_beyond(log->files.data_fd, log->data_bytes, reserve);
    /* An entry has at least 64 bytes, so that many hashes of 32 go with them. */
    for (unsigned level = 0; level < 2; level++) {
        reserve_beyond(log->files.public.hashes_fd[level], hashes_bytes(log->size, level),
                       reserve >> (1 + level * CH_TILE_HEIGHT));
    }
    reserve_beyond(log->files.bundles_fd, bundles_bytes(log->size), reserve / 1024);
}

/* ------------------------------------------------------------------ appending */

uint64_t ch_log_size(const struct ch_log *log)
{
    return log->size;
}

static enum ch_code append(struct ch_log *log, struct ch_str bundle, struct ch_err *err)
{
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc =
        ch_journal_has_room(&log->journal, bundle.len) ? CH_OK : ch_log_seal(log, err);
    rc = rc == CH_OK ? ch_log_gather(log, bundle, err) : rc;
    rc = rc == CH_OK ? ch_log_sign(log, &note, err) : rc;
    if (rc == CH_OK) {
        struct ch_journal_record r = {.size = log->size,
                                      .data_bytes = log->data_bytes,
                                      .bundle = bundle,
                                      .note = ch_buf_str(&note)};
        rc = ch_journal_put(&log->journal, &r, err);
    }
    rc = rc == CH_OK ? ch_log_place(log, bundle, err) : rc;
    rc = rc == CH_OK ? ch_log_publish(log, ch_buf_str(&note), err) : rc;
    ch_buf_done(&note);
    return rc;
}

/* More than the journal takes at once goes in parts of whole entries, each with its checkpoint. */
static size_t part_bytes(struct ch_str bundle)
{
    size_t most = ch_journal_bundle_max(), part = 0;
    struct ch_str rest = bundle, entry;
    while (ch_bundle_next(&rest, &entry) && bundle.len - rest.len <= most) {
        part = bundle.len - rest.len;
    }
    CH_ASSERT(part > 0);
    return part;
}

enum ch_code ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (log->broken) {
        return ch_fail(err, CH_E_IO, "log: an append failed before, it must be opened again");
    }
    while (rc == CH_OK && bundle.len > 0) {
        struct ch_str part = ch_str_sub(bundle, 0, part_bytes(bundle));
        rc = append(log, part, err);
        log->broken = rc != CH_OK;
        if (rc == CH_OK) {
            ch_log_advance(log, part);
            ch_log_reserve(log);
            bundle = ch_str_sub(bundle, part.len, bundle.len);
        }
    }
    return rc;
}

void ch_log_close(struct ch_log *log)
{
    if (log != NULL) {
        if (log->size > 0 && !log->broken) {
            CH_IGNORE(ch_log_seal(log, NULL) != CH_OK); /* the journal has it all the same */
        }
        ch_log_files_close(&log->files);
        if (log->journal.fd >= 0) {
            close(log->journal.fd);
        }
        for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
            ch_buf_done(&log->hashes[level]);
        }
        ch_buf_done(&log->bundles);
        ch_hash_free(log->hash);
        free(log);
    }
}

struct ch_log *ch_log_new(const struct ch_note_signer *signer)
{
    struct ch_log *log = ch_calloc(1, sizeof(*log));
    log->signer = signer;
    log->hash = ch_hash_new();
    log->journal.fd = -1;
    ch_log_files_none(&log->files);
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ch_buf_init(&log->hashes[level], SIZE_MAX / 2); /* what the journal bounds */
    }
    ch_buf_init(&log->bundles, SIZE_MAX / 2);
    return log;
}
