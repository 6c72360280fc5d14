/* At the start: that the store is no older than the log, and what else it was served by. */
#include "audit_int.h"

#include <stdio.h>

#include "db/log/append.h"
#include "db/log/files.h"

/* Nothing where it cannot be read, which the thread finds out. Its signature is not asked for: its
 * key may be lost, too. */
struct audit_logged audit_read_logged(struct keeper *k)
{
    struct ch_buf note;
    struct ch_checkpoint c = {.size = 0};
    struct ch_err err;
    size_t end;
    ch_buf_init(&note, CH_NOTE_MAX);
    bool read = audit_read_checkpoint(k, &note, &err) == CH_OK &&
                ch_str_find(ch_buf_str(&note), CH_STR("\n\n"), &end) &&
                ch_checkpoint_get(ch_str_sub(ch_buf_str(&note), 0, end + 1), &c, &err) == CH_OK;
    ch_buf_done(&note);
    return read ? (struct audit_logged){c.size, c.root} : (struct audit_logged){.size = 0};
}

uint64_t audit_count_logged(struct keeper *k)
{
    return audit_read_logged(k).size;
}

/* The journal is synced and counts, its places may be behind it: a power cut leaves them torn, and
 * an older checkpoint there. What cannot be mended stays as it is, and the thread says why. */
void audit_mend_files(struct keeper *k, const struct ch_note_signer *signer)
{
    char folder[4096];
    struct ch_log *log;
    struct ch_err err;
    snprintf(folder, sizeof(folder), "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
    if (ch_log_open(folder, signer, &log, &err) == CH_OK) {
        ch_log_close(log);
    }
}

/* The keeper sees the state folder at another place than people do. */
static enum ch_code lacks(const char *what, struct ch_err *err)
{
    return ch_fail(
        err, CH_E_CONFLICT,
        "db/customhouse.db of the state folder %s: denials and first-seen times would be lost, so "
        "there is no service. Restore the newest backup of db/; to begin anew without them, move "
        "db/, audit/, blobs/ and served/ out of the state folder",
        what);
}

static enum ch_code read_logged(struct keeper *k, uint64_t index, struct ch_buf *ret,
                                struct ch_err *err)
{
    char folder[4096];
    struct ch_log_files files;
    snprintf(folder, sizeof(folder), "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
    enum ch_code rc = ch_log_files_open(folder, false, &files, err);
    rc = rc == CH_OK ? ch_log_read_entry(&files, index, ret, err) : rc;
    ch_log_files_close(&files);
    return rc;
}

struct reading {
    uint64_t index;
    struct ch_buf *ret;
    bool found;
};

static bool on_waiting(void *ctx, uint64_t index, struct ch_str entry)
{
    struct reading *r = ctx;
    r->found = index == r->index;
    if (r->found) {
        ch_buf_puts(r->ret, entry);
    }
    return false;
}

enum ch_code audit_read_entry(struct keeper *k, uint64_t index, struct ch_buf *ret,
                              struct ch_err *err)
{
    struct reading r = {.index = index, .ret = ret};
    if (index < audit_count_logged(k)) {
        return read_logged(k, index, ret, err);
    }
    enum ch_code rc =
        audit_is_sealed(k) ? ch_store_log_pending(k->store, index, on_waiting, &r, err) : CH_OK;
    return rc == CH_OK && !r.found ? ch_fail(err, CH_E_NOT_FOUND,
                                             "entry %llu is not in the audit log, nor under a seal",
                                             (unsigned long long)index)
                                   : rc;
}

static void note_blob(void *ctx, const struct ch_sha256 *sha256)
{
    (void)sha256;
    *(bool *)ctx = true;
}

/* T4, T7, T12: what holds is in the store alone. Nothing comes into the log, or is served, that the
 * store does not have durably before: so a store that knows less was lost, or is an older one. */
enum ch_code audit_check_whole(struct keeper *k, uint64_t known, struct ch_err *err)
{
    uint64_t logged = audit_count_logged(k);
    bool served = false;
    char what[200];
    enum ch_code rc = known == 0 ? ch_blobs_each_served(k->blobs, note_blob, &served, err) : CH_OK;
    if (rc != CH_OK || (logged <= known && !served)) {
        return rc;
    }
    if (known == 0) {
        return lacks(logged > 0 ? "is missing or empty, and there is an audit log"
                                : "is missing or empty, and there are files that were served",
                     err);
    }
    snprintf(what, sizeof(what), "is older than the audit log: it knows %llu of its %llu entries",
             (unsigned long long)known, (unsigned long long)logged);
    return lacks(what, err);
}
