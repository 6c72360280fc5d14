#include "db/log/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/log/bundle.h"

/* ------------------------------------------------------------------ opening */

static enum ch_code open_one(struct ch_log_files *f, const char *path, int flags, int *ret_fd,
                             struct ch_err *err)
{
    *ret_fd = openat(f->folder_fd, path, flags | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "%s/%s", f->folder, path);
}

void ch_log_files_none(struct ch_log_files *ret)
{
    *ret = (struct ch_log_files){.folder_fd = -1, .public_fd = -1, .data_fd = -1, .bundles_fd = -1};
    ret->public.folder_fd = -1;
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ret->public.hashes_fd[level] = -1;
    }
}

static enum ch_code open_folder(const char *folder, struct ch_log_files *ret, struct ch_err *err)
{
    ch_log_files_none(ret);
    ret->folder = ch_str_dup(ch_str_of(folder));
    ret->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return ret->folder_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "%s", folder);
}

enum ch_code ch_log_files_open(const char *folder, bool write, struct ch_log_files *ret,
                               struct ch_err *err)
{
    int flags = write ? O_RDWR : O_RDONLY;
    enum ch_code rc = open_folder(folder, ret, err);
    rc = rc == CH_OK ? open_one(ret, CH_LOG_PUBLIC, O_RDONLY | O_DIRECTORY, &ret->public_fd, err)
                     : rc;
    rc = rc == CH_OK ? open_one(ret, CH_LOG_DATA, flags, &ret->data_fd, err) : rc;
    rc = rc == CH_OK ? open_one(ret, CH_LOG_BUNDLES, flags, &ret->bundles_fd, err) : rc;
    return rc == CH_OK ? ch_log_public_open(ret->public_fd, write, &ret->public, err) : rc;
}

static enum ch_code open_or_empty(struct ch_log_files *f, const char *path, int flags, int *ret_fd,
                                  struct ch_buf *missing, struct ch_err *err)
{
    if (open_one(f, path, O_RDONLY | flags, ret_fd, NULL) == CH_OK) {
        return CH_OK;
    }
    ch_buf_printf(missing, "%s\n", path);
    *ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return *ret_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "/dev/null");
}

enum ch_code ch_log_files_open_rest(const char *folder, struct ch_log_files *ret,
                                    struct ch_buf *ret_missing, struct ch_err *err)
{
    enum ch_code rc = open_folder(folder, ret, err);
    if (rc == CH_OK) {
        rc = open_or_empty(ret, CH_LOG_PUBLIC, O_DIRECTORY, &ret->public_fd, ret_missing, err);
    }
    rc = rc == CH_OK ? open_or_empty(ret, CH_LOG_DATA, 0, &ret->data_fd, ret_missing, err) : rc;
    if (rc == CH_OK) {
        rc = open_or_empty(ret, CH_LOG_BUNDLES, 0, &ret->bundles_fd, ret_missing, err);
    }
    if (rc != CH_OK || ch_log_public_open(ret->public_fd, false, &ret->public, NULL) == CH_OK) {
        return rc;
    }
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        char path[32];
        snprintf(path, sizeof(path), CH_LOG_HASHES "/%u", level);
        if (ret->public.hashes_fd[level] < 0) {
            rc = open_or_empty(ret, path, 0, &ret->public.hashes_fd[level], ret_missing, err);
        }
    }
    return rc;
}

void ch_log_files_close(struct ch_log_files *f)
{
    int fds[] = {f->folder_fd, f->public_fd, f->data_fd, f->bundles_fd};
    if (f->folder == NULL) {
        return;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    ch_log_public_close(&f->public);
    free(f->folder);
    f->folder = NULL;
}

/* ------------------------------------------------------------------ reading */

static enum ch_code bundle_at(const struct ch_log_files *f, uint64_t number, uint64_t *ret,
                              struct ch_err *err)
{
    uint8_t bytes[8];
    enum ch_code rc =
        ch_log_pread(f->bundles_fd, bytes, sizeof(bytes), number * sizeof(bytes), "bundles", err);
    if (rc == CH_OK) {
        struct ch_rd r = ch_rd_of(bytes, sizeof(bytes));
        *ret = ch_get_u64(&r);
        if (*ret > CH_LOG_DATA_MAX) {
            rc = ch_fail(err, CH_E_FORMAT, "log: bundles: bundle %llu begins nowhere",
                         (unsigned long long)number);
        }
    }
    return rc;
}

/* A bundle that another follows ends where that begins: read at once. */
static enum ch_code read_whole(const struct ch_log_files *f, uint64_t number, uint64_t at,
                               uint64_t end, unsigned width, struct ch_buf *ret,
                               struct ch_err *err)
{
    if (end < at || end - at > CH_TILE_HASHES * (uint64_t)(CH_ENTRY_PREFIX + CH_ENTRY_MAX)) {
        return ch_fail(err, CH_E_FORMAT, "log: entries: bundle %llu has no place that can be",
                       (unsigned long long)number);
    }
    size_t len = (size_t)(end - at);
    char *room = ch_buf_reserve(ret, len);
    if (room == NULL) {
        return ch_buf_ok(ret, err);
    }
    enum ch_code rc = ch_log_pread(f->data_fd, room, len, at, "entries", err);
    struct ch_str rest = {room, len}, entry;
    size_t wanted = 0;
    unsigned count = 0;
    while (rc == CH_OK && ch_bundle_next(&rest, &entry)) {
        count++;
        wanted = count == width ? len - rest.len : wanted;
    }
    if (rc == CH_OK && (rest.len > 0 || count != CH_TILE_HASHES)) {
        rc = ch_fail(err, CH_E_FORMAT, "log: entries: bundle %llu has not 256 whole entries",
                     (unsigned long long)number);
    }
    ret->len += rc == CH_OK ? wanted : 0;
    return rc;
}

/* Entry after entry, each by its length: a bundle has at most 256. */
static enum ch_code read_bundle(const struct ch_log_files *f, uint64_t number, unsigned width,
                                struct ch_buf *ret, struct ch_err *err)
{
    uint64_t at = 0, end = 0;
    enum ch_code rc = bundle_at(f, number, &at, err);
    if (rc == CH_OK && bundle_at(f, number + 1, &end, NULL) == CH_OK) {
        return read_whole(f, number, at, end, width, ret, err);
    }
    for (unsigned i = 0; rc == CH_OK && i < width; i++) {
        uint8_t prefix[CH_ENTRY_PREFIX];
        rc = ch_log_pread(f->data_fd, prefix, sizeof(prefix), at, "entries", err);
        if (rc == CH_OK) {
            size_t len = CH_ENTRY_PREFIX + ((size_t)prefix[0] << 8 | prefix[1]);
            char *room = ch_buf_reserve(ret, len);
            rc = room == NULL ? ch_buf_ok(ret, err)
                              : ch_log_pread(f->data_fd, room, len, at, "entries", err);
            ret->len += rc == CH_OK ? len : 0;
            at += len;
        }
    }
    return rc;
}

enum ch_code ch_log_read_tile(const struct ch_log_files *f, const struct ch_tile *tile,
                              struct ch_buf *ret, struct ch_err *err)
{
    return tile->level == CH_TILE_ENTRIES ? read_bundle(f, tile->number, tile->width, ret, err)
                                          : ch_log_read_hashes(&f->public, tile, ret, err);
}

enum ch_code ch_log_read_entry(const struct ch_log_files *f, uint64_t index, struct ch_buf *ret,
                               struct ch_err *err)
{
    uint64_t at = 0;
    enum ch_code rc = bundle_at(f, index / CH_TILE_HASHES, &at, err);
    for (uint64_t i = 0; rc == CH_OK && i <= index % CH_TILE_HASHES; i++) {
        uint8_t prefix[CH_ENTRY_PREFIX];
        rc = ch_log_pread(f->data_fd, prefix, sizeof(prefix), at, "entries", err);
        size_t len = (size_t)prefix[0] << 8 | prefix[1];
        if (rc == CH_OK && i == index % CH_TILE_HASHES) {
            char *room = ch_buf_reserve(ret, len);
            rc = room == NULL
                     ? ch_buf_ok(ret, err)
                     : ch_log_pread(f->data_fd, room, len, at + CH_ENTRY_PREFIX, "entries", err);
            ret->len += rc == CH_OK ? len : 0;
        }
        at += CH_ENTRY_PREFIX + len;
    }
    return rc;
}
