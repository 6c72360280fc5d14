#include "db/log/public.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum ch_code ch_log_public_open(int folder_fd, bool write, struct ch_log_public *ret,
                                struct ch_err *err)
{
    char path[32];
    *ret = (struct ch_log_public){.folder_fd = folder_fd};
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ret->hashes_fd[level] = -1;
    }
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        snprintf(path, sizeof(path), "hashes/%u", level);
        ret->hashes_fd[level] =
            openat(folder_fd, path, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
        if (ret->hashes_fd[level] < 0) {
            return ch_fail_errno(err, errno, "log: %s", path);
        }
    }
    return CH_OK;
}

void ch_log_public_close(struct ch_log_public *p)
{
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        if (p->hashes_fd[level] >= 0) {
            close(p->hashes_fd[level]);
        }
    }
}

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

static enum ch_code read_note(int folder_fd, const char *name, struct ch_buf *ret,
                              struct ch_err *err)
{
    struct stat st;
    int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "log: %s", name);
    }
    enum ch_code rc = CH_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > CH_NOTE_MAX) {
        rc = ch_fail(err, CH_E_FORMAT, "log: %s: is none", name);
    } else {
        char *room = ch_buf_reserve(ret, (size_t)st.st_size);
        rc = room == NULL ? ch_buf_ok(ret, err)
                          : ch_log_pread(fd, room, (size_t)st.st_size, 0, name, err);
        ret->len += rc == CH_OK ? (size_t)st.st_size : 0;
    }
    close(fd);
    return rc;
}

enum ch_code ch_log_read_note(int folder_fd, struct ch_buf *ret, struct ch_err *err)
{
    return read_note(folder_fd, CH_LOG_NOTE, ret, err);
}

enum ch_code ch_log_read_cosigned(int folder_fd, struct ch_buf *ret, struct ch_err *err)
{
    return read_note(folder_fd, CH_LOG_COSIGNED, ret, err);
}

/* Two files, since two threads of the keeper write them; whoever reads puts them together. */
enum ch_code ch_log_read_newest(int folder_fd, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_buf cosigned;
    struct ch_str text, cosigned_text;
    size_t before = ret->len;
    enum ch_code rc = ch_log_read_note(folder_fd, ret, err);
    ch_buf_init(&cosigned, CH_NOTE_MAX);
    struct ch_str note = ch_str_sub(ch_buf_str(ret), before, ret->len);
    if (rc == CH_OK && ch_log_read_cosigned(folder_fd, &cosigned, NULL) == CH_OK &&
        ch_note_text(note, &text, NULL) == CH_OK &&
        ch_note_text(ch_buf_str(&cosigned), &cosigned_text, NULL) == CH_OK &&
        ch_str_eq(text, cosigned_text)) {
        ret->len = before;
        ch_buf_puts(ret, ch_buf_str(&cosigned));
        rc = ch_buf_ok(ret, err);
    }
    ch_buf_done(&cosigned);
    return rc;
}

enum ch_code ch_log_read_hashes(const struct ch_log_public *p, const struct ch_tile *tile,
                                struct ch_buf *ret, struct ch_err *err)
{
    size_t len = tile->width * sizeof(struct ch_sha256);
    char *room = ch_buf_reserve(ret, len);
    enum ch_code rc =
        room == NULL
            ? ch_buf_ok(ret, err)
            : ch_log_pread(p->hashes_fd[tile->level], room, len,
                           tile->number * CH_TILE_HASHES * sizeof(struct ch_sha256), "hashes", err);
    ret->len += rc == CH_OK ? len : 0;
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
