/* Making a log, and opening one after whatever ended the last run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/append_int.h"
#include "db/log/bundle.h"

#define PRIVATE_MODE 0600
#define FOLDER_MODE  0750

/* ------------------------------------------------------------------ making one */

/* One that is there keeps its mode. Group and setgid bit of a new one are the parent's. */
static enum ch_code make_folder(int dir_fd, const char *path, mode_t mode, struct ch_err *err)
{
    struct stat st;
    if (mkdirat(dir_fd, path, mode) != 0) {
        return errno == EEXIST ? CH_OK : ch_fail_errno(err, errno, "log: %s", path);
    }
    if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        ((st.st_mode & 0777) != mode &&
         fchmodat(dir_fd, path, mode | (st.st_mode & 07000), 0) != 0)) {
        return ch_fail_errno(err, errno, "log: %s: mode", path);
    }
    return CH_OK;
}

/* Empty, also when an interrupted run left some. */
static enum ch_code make_file(int dir_fd, const char *path, mode_t mode, struct ch_err *err)
{
    int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    bool made = fd >= 0 && fchmod(fd, mode) == 0;
    int errnum = errno;
    if (fd >= 0) {
        close(fd);
    }
    return made ? CH_OK : ch_fail_errno(err, errnum, "log: %s", path);
}

static enum ch_code sync_folder(int dir_fd, const char *path, struct ch_err *err)
{
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int errnum = errno;
    if (fd >= 0) {
        close(fd);
    }
    return synced ? CH_OK : ch_fail_errno(err, errnum, "log: %s: fsync", path);
}

static enum ch_code make_parts(int fd, struct ch_err *err)
{
    static const char *const folders[] = {CH_LOG_PUBLIC, CH_LOG_HASHES, CH_LOG_ENTRIES};
    char path[32];
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < CH_ARRAY_LEN(folders); i++) {
        rc = make_folder(fd, folders[i], i == 2 ? 0700 : FOLDER_MODE, err);
    }
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        snprintf(path, sizeof(path), CH_LOG_HASHES "/%u", level);
        rc = make_file(fd, path, PUBLIC_MODE, err);
    }
    rc = rc == CH_OK ? make_file(fd, CH_LOG_ENTRIES "/data", PRIVATE_MODE, err) : rc;
    rc = rc == CH_OK ? make_file(fd, CH_LOG_ENTRIES "/bundles", PRIVATE_MODE, err) : rc;
    rc = rc == CH_OK ? make_file(fd, CH_LOG_JOURNAL, PRIVATE_MODE, err) : rc;
    for (size_t i = CH_ARRAY_LEN(folders); rc == CH_OK && i-- > 0;) {
        rc = sync_folder(fd, folders[i], err);
    }
    return rc == CH_OK ? sync_folder(fd, ".", err) : rc;
}

static enum ch_code open_parts(struct ch_log *log, const char *folder, struct ch_err *err)
{
    enum ch_code rc = ch_log_files_open(folder, true, &log->files, err);
    if (rc == CH_OK) {
        log->journal.fd =
            openat(log->files.folder_fd, CH_LOG_JOURNAL, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (log->journal.fd < 0) {
            rc = ch_fail_errno(err, errno, "%s/" CH_LOG_JOURNAL, folder);
        }
    }
    if (rc == CH_OK && flock(log->files.data_fd, LOCK_EX | LOCK_NB) != 0) {
        rc = ch_fail(err, CH_E_BUSY, "%s: another process appends to it", folder);
    }
    return rc;
}

/* The one batch whose places are synced before its checkpoint can be seen: the journal begins after
 * it. */
static enum ch_code first_batch(const char *folder, const struct ch_note_signer *signer,
                                struct ch_str genesis, struct ch_err *err)
{
    struct ch_log *log = ch_log_new(signer);
    struct ch_buf bundle, note;
    ch_buf_init(&bundle, CH_ENTRY_PREFIX + CH_ENTRY_MAX);
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_bundle_put(&bundle, genesis);
    enum ch_code rc = open_parts(log, folder, err);
    rc = rc == CH_OK ? ch_journal_make(log->journal.fd, err) : rc;
    rc = rc == CH_OK ? ch_log_gather(log, ch_buf_str(&bundle), err) : rc;
    rc = rc == CH_OK ? ch_log_sign(log, &note, err) : rc;
    rc = rc == CH_OK ? ch_log_place(log, ch_buf_str(&bundle), err) : rc;
    rc = rc == CH_OK ? ch_log_publish(log, ch_buf_str(&note), err) : rc;
    if (rc == CH_OK) {
        ch_log_advance(log, ch_buf_str(&bundle));
        rc = ch_log_seal(log, err);
    }
    log->broken = true; /* nothing more to close */
    ch_buf_done(&note);
    ch_buf_done(&bundle);
    ch_log_close(log);
    return rc;
}

/* Whether nothing was ever published from here: an interrupted making leaves at most its first
 * entry. */
static enum ch_code check_unused(const char *folder, int fd, struct ch_err *err)
{
    struct stat st;
    if (faccessat(fd, CH_LOG_PUBLIC "/" CH_LOG_NOTE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return ch_fail(err, CH_E_EXISTS, "%s: there is a log", folder);
    }
    if (fstatat(fd, CH_LOG_HASHES "/0", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (size_t)st.st_size > sizeof(struct ch_sha256)) {
        return ch_fail(err, CH_E_FORMAT, "%s: there are entries, but their checkpoint is missing",
                       folder);
    }
    return CH_OK;
}

enum ch_code ch_log_create(const char *folder, const struct ch_note_signer *signer,
                           struct ch_str genesis, struct ch_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    enum ch_code rc = check_unused(folder, fd, err);
    rc = rc == CH_OK ? make_parts(fd, err) : rc;
    close(fd);
    return rc == CH_OK ? first_batch(folder, signer, genesis, err) : rc;
}

/* ------------------------------------------------------------------ opening one */

static enum ch_code check_root(struct ch_log *log, const struct ch_checkpoint *c,
                               struct ch_err *err)
{
    struct ch_sha256 root = ch_tree_root(&log->tree, log->hash);
    if (log->tree.size == c->size && c->size > 0 && ch_sha256_eq(&root, &c->root)) {
        return CH_OK;
    }
    return ch_fail(err, CH_E_MISMATCH,
                   "%s: its hashes are not those of its signed checkpoint of size %llu",
                   log->files.folder, (unsigned long long)c->size);
}

static enum ch_code load_tree(struct ch_log *log, uint64_t size, struct ch_err *err)
{
    struct ch_log_reader reader = {.files = &log->files.public, .hash = log->hash};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    enum ch_code rc = ch_tree_load(&nodes, size, &log->tree, err);
    log->size = size;
    return rc;
}

/* Where the entries below log->size end. */
static enum ch_code find_end(struct ch_log *log, struct ch_err *err)
{
    struct ch_tile last = {.level = CH_TILE_ENTRIES,
                           .number = (log->size - 1) / CH_TILE_HASHES,
                           .width = (unsigned)((log->size - 1) % CH_TILE_HASHES) + 1};
    struct ch_buf bundle;
    uint8_t begin[8];
    ch_buf_init(&bundle, CH_TILE_HASHES * (CH_ENTRY_PREFIX + CH_ENTRY_MAX));
    enum ch_code rc = ch_log_read_tile(&log->files, &last, &bundle, err);
    rc = rc == CH_OK ? ch_log_pread(log->files.bundles_fd, begin, sizeof(begin),
                                    last.number * sizeof(begin), "bundles", err)
                     : rc;
    if (rc == CH_OK) {
        struct ch_rd r = ch_rd_of(begin, sizeof(begin));
        log->data_bytes = ch_get_u64(&r) + bundle.len;
    }
    ch_buf_done(&bundle);
    return rc;
}

/* The published checkpoint. */
static enum ch_code published(struct ch_log *log, struct ch_buf *memory, struct ch_checkpoint *ret,
                              struct ch_err *err)
{
    enum ch_code rc = ch_log_read_note(log->files.public_fd, memory, err);
    return rc == CH_OK ? ch_checkpoint_open_own(ch_buf_str(memory), log->signer, ret, err) : rc;
}

/* The journal's beginning was being written anew: everything was durable in its place before. */
static enum ch_code go_on_from_places(struct ch_log *log, struct ch_err *err)
{
    struct ch_buf memory;
    struct ch_checkpoint c;
    ch_buf_init(&memory, CH_NOTE_MAX);
    enum ch_code rc = published(log, &memory, &c, err);
    rc = rc == CH_OK ? load_tree(log, c.size, err) : rc;
    rc = rc == CH_OK ? check_root(log, &c, err) : rc;
    rc = rc == CH_OK ? find_end(log, err) : rc;
    /* which generations it had is not known: none of their records may be taken for one of the next
     */
    rc = rc == CH_OK ? ch_journal_make(log->journal.fd, err) : rc;
    ch_buf_done(&memory);
    return rc;
}

/* One batch again, as it was: the same bytes to the same places. */
static enum ch_code place_again(struct ch_log *log, const struct ch_journal_record *r,
                                struct ch_err *err)
{
    struct ch_checkpoint c;
    if (r->size != log->size || r->data_bytes != log->data_bytes) {
        return ch_fail(err, CH_E_FORMAT, "%s: its journal does not go on where it ends",
                       log->files.folder);
    }
    enum ch_code rc = CH_OK;
    if (r->bundle.len > 0) {
        rc = ch_log_gather(log, r->bundle, err);
        rc = rc == CH_OK ? ch_log_place(log, r->bundle, err) : rc;
    }
    rc = rc == CH_OK ? ch_checkpoint_open_own(r->note, log->signer, &c, err) : rc;
    rc = rc == CH_OK ? check_root(log, &c, err) : rc;
    if (rc == CH_OK && r->bundle.len > 0) {
        ch_log_advance(log, r->bundle);
    }
    return rc;
}

static enum ch_code go_on_from_journal(struct ch_log *log, struct ch_journal_record *first,
                                       struct ch_buf *memory, struct ch_err *err)
{
    struct ch_journal_record r = *first;
    enum ch_code rc = load_tree(log, r.size, err);
    log->data_bytes = r.data_bytes;
    while (rc == CH_OK) {
        rc = place_again(log, &r, err);
        if (rc == CH_OK && ch_journal_next(&log->journal, memory, &r, err) != CH_OK) {
            break;
        }
    }
    return rc;
}

/* What was published is never more than what the journal has: it was written there first. */
static enum ch_code publish_again(struct ch_log *log, struct ch_err *err)
{
    struct ch_buf memory, note;
    struct ch_checkpoint c;
    ch_buf_init(&memory, CH_NOTE_MAX);
    ch_buf_init(&note, CH_NOTE_MAX);
    bool seen = published(log, &memory, &c, NULL) == CH_OK;
    enum ch_code rc = CH_OK;
    if (seen && c.size > log->size) {
        rc = ch_fail(err, CH_E_MISMATCH,
                     "%s: ends at %llu entries, but a checkpoint of %llu was published",
                     log->files.folder, (unsigned long long)log->size, (unsigned long long)c.size);
    } else if (!seen || c.size < log->size) {
        rc = ch_log_sign(log, &note, err);
        rc = rc == CH_OK ? ch_log_publish(log, ch_buf_str(&note), err) : rc;
    } else {
        rc = check_root(log, &c, err);
    }
    ch_buf_done(&memory);
    ch_buf_done(&note);
    return rc;
}

static enum ch_code cut(int fd, uint64_t bytes, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || ((uint64_t)st.st_size > bytes && ftruncate(fd, (off_t)bytes) != 0)) {
        return ch_fail_errno(err, errno, "log: cutting off what was not finished");
    }
    return CH_OK;
}

static enum ch_code cut_rest(struct ch_log *log, struct ch_err *err)
{
    enum ch_code rc = cut(log->files.data_fd, log->data_bytes, err);
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        rc = cut(log->files.public.hashes_fd[level],
                 (log->size >> (level * CH_TILE_HEIGHT)) * sizeof(struct ch_sha256), err);
    }
    return rc == CH_OK ? cut(log->files.bundles_fd,
                             (log->size + CH_TILE_HASHES - 1) / CH_TILE_HASHES * 8, err)
                       : rc;
}

/* The second file for the checkpoint, with its block. */
static enum ch_code make_spare(struct ch_log *log, struct ch_err *err)
{
    int fd = openat(log->files.public_fd, NOTE_SPARE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                    PUBLIC_MODE);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "log: " NOTE_SPARE);
    }
    CH_IGNORE(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096));
    enum ch_code rc = fchmod(fd, PUBLIC_MODE) == 0 ? CH_OK : ch_fail_errno(err, errno, "chmod");
    close(fd);
    return rc;
}

static enum ch_code go_on(struct ch_log *log, struct ch_err *err)
{
    struct ch_journal_record first;
    struct ch_buf memory;
    ch_buf_init(&memory, (size_t)ch_limits.log_journal_bytes);
    enum ch_code rc = ch_journal_next(&log->journal, &memory, &first, err);
    rc = rc == CH_OK            ? go_on_from_journal(log, &first, &memory, err)
         : rc == CH_E_NOT_FOUND ? go_on_from_places(log, err)
                                : rc;
    ch_buf_done(&memory);
    rc = rc == CH_OK ? publish_again(log, err) : rc;
    rc = rc == CH_OK ? cut_rest(log, err) : rc;
    log->journal.used = ch_limits.log_journal_bytes; /* not known */
    return rc == CH_OK ? ch_log_seal(log, err) : rc;
}

enum ch_code ch_log_open(const char *folder, const struct ch_note_signer *signer,
                         struct ch_log **ret, struct ch_err *err)
{
    struct ch_log *log = ch_log_new(signer);
    enum ch_code rc = open_parts(log, folder, err);
    rc = rc == CH_OK ? go_on(log, err) : rc;
    if (rc == CH_OK) {
        ch_log_reserve(log);
        CH_IGNORE(make_spare(log, NULL) != CH_OK); /* missed only when the disk is full */
        *ret = log;
    } else {
        log->broken = true;
        ch_log_close(log);
    }
    return rc;
}
