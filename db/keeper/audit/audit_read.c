/* The log's files, read: for who may read its entries (documents.c), and for witnesses. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit.h"
#include "db/log/append.h"
#include "db/log/bundle.h"
#include "db/log/files.h"

static void folder_of(const struct keeper *k, const char *part, char *ret, size_t size)
{
    snprintf(ret, size, "%.*s/" CH_LOG_FOLDER "%s", CH_STR_ARG(k->child.setup.state_dir), part);
}

enum ch_code audit_read_entries(struct keeper *k, const struct ch_tile *tile, struct ch_buf *ret,
                                struct ch_err *err)
{
    char folder[4096];
    struct ch_log_files files;
    struct ch_checkpoint checkpoint;
    struct ch_buf note;
    struct ch_str text;
    folder_of(k, "", folder, sizeof(folder));
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = ch_log_files_open(folder, false, &files, err);
    rc = rc == CH_OK ? ch_log_read_note(files.public_fd, &note, err) : rc;
    rc = rc == CH_OK ? ch_note_text(ch_buf_str(&note), &text, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &checkpoint, err) : rc;
    if (rc == CH_OK && (tile->width < 1 || tile->width > CH_TILE_HASHES ||
                        !ch_tile_is_in(tile, checkpoint.size))) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "log: no bundle %llu of %u entries",
                     (unsigned long long)tile->number, tile->width);
    }
    rc = rc == CH_OK ? ch_log_read_tile(&files, tile, ret, err) : rc;
    ch_log_files_close(&files);
    ch_buf_done(&note);
    return rc;
}

/* ------------------------------------------------------------------ what is published */

static enum ch_code open_public(const struct keeper *k, int *ret_fd, struct ch_err *err)
{
    char folder[4096];
    folder_of(k, "/" CH_LOG_PUBLIC, folder, sizeof(folder));
    *ret_fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "%s", folder);
}

enum ch_code audit_read_checkpoint(struct keeper *k, struct ch_buf *ret, struct ch_err *err)
{
    int fd;
    enum ch_code rc = open_public(k, &fd, err);
    if (rc == CH_OK) {
        rc = ch_log_read_note(fd, ret, err);
        close(fd);
    }
    return rc;
}

/* What proofs are worked out of. */
struct proving {
    int fd;
    struct ch_log_public files;
    struct ch_log_reader reader;
    struct ch_nodes nodes;
};

/* Ends with end_proof, also after a failure. */
static enum ch_code begin_proof(const struct keeper *k, struct proving *p, struct ch_err *err)
{
    *p = (struct proving){.fd = -1, .reader = {.hash = ch_hash_new()}};
    enum ch_code rc = open_public(k, &p->fd, err);
    rc = rc == CH_OK ? ch_log_public_open(p->fd, false, &p->files, err) : rc;
    p->reader.files = &p->files;
    p->nodes = ch_log_nodes(&p->reader);
    return rc;
}

static void end_proof(struct proving *p)
{
    if (p->fd >= 0) {
        ch_log_public_close(&p->files);
        close(p->fd);
    }
    ch_hash_free(p->reader.hash);
}

enum ch_code audit_prove_growth(struct keeper *k, uint64_t from, uint64_t to,
                                struct ch_tree_proof *ret, struct ch_err *err)
{
    struct proving p;
    enum ch_code rc = begin_proof(k, &p, err);
    rc = rc == CH_OK ? ch_tree_prove_growth(&p.nodes, p.reader.hash, from, to, ret, err) : rc;
    end_proof(&p);
    return rc;
}

enum ch_code audit_prove_entry(struct keeper *k, uint64_t index, struct ch_buf *ret,
                               struct ch_err *err)
{
    struct proving p;
    struct ch_tree_proof proof;
    struct ch_checkpoint checkpoint;
    struct ch_buf note;
    struct ch_str text;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = begin_proof(k, &p, err);
    rc = rc == CH_OK ? ch_log_read_newest(p.fd, &note, err) : rc;
    rc = rc == CH_OK ? ch_note_text(ch_buf_str(&note), &text, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &checkpoint, err) : rc;
    rc = rc == CH_OK ? ch_tree_prove_leaf(&p.nodes, p.reader.hash, index, checkpoint.size, &proof, err)
                     : rc;
    if (rc == CH_OK) {
        ch_tlog_proof_put(ret, index, &proof, ch_buf_str(&note));
        rc = ch_buf_ok(ret, err);
    }
    end_proof(&p);
    ch_buf_done(&note);
    return rc;
}

enum ch_code audit_read_cosigned(struct keeper *k, struct ch_buf *ret, struct ch_err *err)
{
    int fd;
    enum ch_code rc = open_public(k, &fd, err);
    if (rc == CH_OK) {
        rc = ch_log_read_cosigned(fd, ret, err);
        close(fd);
    }
    return rc;
}

enum ch_code audit_publish_cosigned(struct keeper *k, struct ch_str note, struct ch_err *err)
{
    int fd;
    enum ch_code rc = open_public(k, &fd, err);
    if (rc == CH_OK) {
        rc = ch_log_publish_cosigned(fd, note, err);
        close(fd);
    }
    return rc;
}
