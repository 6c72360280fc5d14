/* The log on disk, written: batches of entries, each durable with its signed checkpoint before it
 * counts.
 *
 * A batch goes to the journal first (journal.h), with its checkpoint, and that is synced: it is
 * durable. Then it is written to its places, and the checkpoint is replaced by a rename. Places are
 * synced when the journal is full. After a run that died, opening writes again what the journal
 * has: the log ends where the journal does, and nobody has seen a checkpoint that the journal had
 * not. What lies beyond is cut off.
 *
 * T4: the journal, blocks beyond the end of each file, and a second file for the checkpoint are
 * allocated in advance: a full disk does not stop it at once (ch_limits.log_reserve_bytes). */
#ifndef LOG_APPEND_H
#define LOG_APPEND_H

#include "db/log/files.h"

struct ch_log;

/* Makes a log with this first entry in STATE/audit, which is there. CH_E_EXISTS: there is one;
 * CH_E_FORMAT: there was one. */
enum ch_code ch_log_create(const char *folder, const struct ch_note_signer *signer,
                           struct ch_str genesis, struct ch_err *err) CH_MUST_CHECK;
/* Opens it for appending and mends what an interrupted run left. CH_E_NOT_FOUND: there is none, or
 * a part of it is missing; CH_E_BUSY: somebody else appends; CH_E_MISMATCH, CH_E_FORMAT: it is not
 * as the last checkpoint says, and nothing may be added. `signer` stays the caller's. Close with
 * ch_log_close. */
enum ch_code ch_log_open(const char *folder, const struct ch_note_signer *signer,
                         struct ch_log **ret, struct ch_err *err) CH_MUST_CHECK;
/* Syncs all places, when nothing failed before: the next opening has less to do. */
void ch_log_close(struct ch_log *log);

/* How many entries there are, all durable and under the checkpoint. */
uint64_t ch_log_size(const struct ch_log *log);
/* `bundle` is entries as ch_bundle_put writes them, one at least; when it returns they are durable
 * and under a signed checkpoint. After a failure nothing more can be appended: close the log and
 * open it again, which tells how many of them are in it; those go on being what they were. */
enum ch_code ch_log_append(struct ch_log *log, struct ch_str bundle,
                           struct ch_err *err) CH_MUST_CHECK;

/* Publishes a checkpoint of this log with cosignatures, whole or not at all; not synced. Needs no
 * open log: another thread may append meanwhile. */
enum ch_code ch_log_publish_cosigned(int public_fd, struct ch_str note,
                                     struct ch_err *err) CH_MUST_CHECK;

#endif
