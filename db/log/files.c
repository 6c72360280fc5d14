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

enum ch_code ch_log_files_open(const char *folder, bool write, struct ch_log_files *ret,
                               struct ch_err *err)
{
    int flags = write ? O_RDWR : O_RDONLY;
    char path[32];
    *ret = (struct ch_log_files){.public_fd = -1, .data_fd = -1, .bundles_fd = -1};
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ret->hashes_fd[level] = -1;
    }
    ret->folder = ch_str_dup(ch_str_of(folder));
    ret->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (ret->folder_fd < 0) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    enum ch_code rc = open_one(ret, CH_LOG_PUBLIC, O_RDONLY | O_DIRECTORY, &ret->public_fd, err);
    rc = rc == CH_OK ? open_one(ret, CH_LOG_ENTRIES "/data", flags, &ret->data_fd, err) : rc;
    rc = rc == CH_OK ? open_one(ret, CH_LOG_ENTRIES "/bundles", flags, &ret->bundles_fd, err) : rc;
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        snprintf(path, sizeof(path), CH_LOG_HASHES "/%u", level);
        rc = open_one(ret, path, flags, &ret->hashes_fd[level], err);
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
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        if (f->hashes_fd[level] >= 0) {
            close(f->hashes_fd[level]);
        }
    }
    free(f->folder);
    f->folder = NULL;
}

/* ------------------------------------------------------------------ reading */

enum ch_code ch_log_pread(int fd, void *ret, size_t len, uint64_t at, const char *what,
                          struct ch_err *err)
{
    char *p = ret;
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, p + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ch_fail_errno(err, errno, "log: %s, byte %llu", what,
                                 (unsigned long long)(at + done));
        }
        if (n == 0) {
            return ch_fail(err, CH_E_FORMAT, "log: %s ends before byte %llu", what,
                           (unsigned long long)(at + len));
        }
        done += (size_t)n;
    }
    return CH_OK;
}

enum ch_code ch_log_read_note(const struct ch_log_files *f, struct ch_buf *ret, struct ch_err *err)
{
    struct stat st;
    int fd = openat(f->public_fd, CH_LOG_NOTE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/" CH_LOG_PUBLIC "/" CH_LOG_NOTE, f->folder);
    }
    enum ch_code rc = CH_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > CH_NOTE_MAX) {
        rc = ch_fail(err, CH_E_FORMAT, "%s/" CH_LOG_PUBLIC "/" CH_LOG_NOTE ": is no checkpoint",
                     f->folder);
    } else {
        char *room = ch_buf_reserve(ret, (size_t)st.st_size);
        rc = room == NULL ? ch_buf_ok(ret, err)
                          : ch_log_pread(fd, room, (size_t)st.st_size, 0, CH_LOG_NOTE, err);
        ret->len += rc == CH_OK ? (size_t)st.st_size : 0;
    }
    close(fd);
    return rc;
}

/* A node between two levels of tiles is hashed from the nodes of the level below it: 128 at most.
 */
static enum ch_code get_node(void *ctx, unsigned height, uint64_t index, struct ch_sha256 *ret,
                             struct ch_err *err)
{
    struct ch_log_reader *r = ctx;
    struct ch_sha256 node[CH_TILE_HASHES / 2];
    size_t count = (size_t)1 << height % CH_TILE_HEIGHT;
    unsigned level = height / CH_TILE_HEIGHT;
    enum ch_code rc = ch_log_pread(r->files->hashes_fd[level], node, count * sizeof(node[0]),
                                   index * count * sizeof(node[0]), "hashes", err);
    if (rc != CH_OK) {
        return ch_wrap(err, "level %u", level);
    }
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count; i += 2) {
            node[i / 2] = ch_tree_node(r->hash, &node[i], &node[i + 1]);
        }
    }
    *ret = node[0];
    return CH_OK;
}

struct ch_nodes ch_log_nodes(struct ch_log_reader *r)
{
    return (struct ch_nodes){.get = get_node, .ctx = r};
}

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

/* Entry after entry, each by its length: a bundle has at most 256. */
static enum ch_code read_bundle(const struct ch_log_files *f, uint64_t number, unsigned width,
                                struct ch_buf *ret, struct ch_err *err)
{
    uint64_t at = 0, end = 0;
    enum ch_code rc = bundle_at(f, number, &at, err);
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
    /* the next bundle begins where this one ends, or nobody can tell them apart */
    if (rc == CH_OK && width == CH_TILE_HASHES && bundle_at(f, number + 1, &end, NULL) == CH_OK &&
        end != at) {
        rc = ch_fail(err, CH_E_FORMAT, "log: entries: bundle %llu ends at byte %llu, not %llu",
                     (unsigned long long)number, (unsigned long long)at, (unsigned long long)end);
    }
    return rc;
}

enum ch_code ch_log_read_tile(const struct ch_log_files *f, const struct ch_tile *tile,
                              struct ch_buf *ret, struct ch_err *err)
{
    if (tile->level == CH_TILE_ENTRIES) {
        return read_bundle(f, tile->number, tile->width, ret, err);
    }
    size_t len = tile->width * sizeof(struct ch_sha256);
    char *room = ch_buf_reserve(ret, len);
    enum ch_code rc =
        room == NULL
            ? ch_buf_ok(ret, err)
            : ch_log_pread(f->hashes_fd[tile->level], room, len,
                           tile->number * CH_TILE_HASHES * sizeof(struct ch_sha256), "hashes", err);
    ret->len += rc == CH_OK ? len : 0;
    return rc;
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
