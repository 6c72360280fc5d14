/* Inside the keeper's audit log. */
#ifndef KEEPER_AUDIT_INT_H
#define KEEPER_AUDIT_INT_H

#include "audit.h"

#include "db/log/bundle.h"
#include "db/log/entry.h"
#include "db/log/note.h"

/* ------------------------------------------------------------------ audit_thread.c: to the files
 */

struct audit_thread;

/* What it has come to, and what ails it. */
struct audit_progress {
    uint64_t written;
    char trouble[512];
};

/* Starts the thread; *wake_fd, an eventfd of its own, is written to when there is progress.
 * `signer` stays the caller's. */
enum ch_code audit_thread_start(const char *folder, const struct ch_note_signer *signer,
                                uint64_t written, struct audit_thread **ret, int *ret_wake_fd,
                                struct ch_err *err) CH_MUST_CHECK;
/* Entries as in a bundle, the first of them at place `from`: where the last ones ended. */
void audit_thread_append(struct audit_thread *t, uint64_t from, struct ch_str bundle);
/* Bytes handed over and not written yet. */
size_t audit_thread_queued(struct audit_thread *t);
void audit_thread_progress(struct audit_thread *t, struct audit_progress *ret);
/* Tries what is left once, and says what it had come to. */
void audit_thread_stop(struct audit_thread *t, struct audit_progress *ret);

/* ------------------------------------------------------------------ audit.c: to the store */

#define AUDIT_CLEAR_MAX 4

/* An entry being written: a builder of audit_entries*.c fills `e` in the order of its keys. */
struct audit_entry {
    struct ch_log_entry e;
    struct ch_buf text;
    struct ch_log_row row;
    struct ch_log_clear clear[AUDIT_CLEAR_MAX];
    size_t clear_count;
};
/* Builders begin an entry, about a file or with file_name absent a project; write the fields in the
 * order of their keys; and end it. */
void audit_entry_begin(struct keeper *k, struct audit_entry *a, const char *kind);
/* Of a row of a table: its id and its time, which is the entry's first key. */
void audit_entry_begin_of(struct keeper *k, struct audit_entry *a, const char *kind,
                          uint64_t source, int64_t at_us);
void audit_entry_begin_about(struct keeper *k, struct audit_entry *a, const char *kind,
                             struct ch_str repository, struct ch_str project,
                             struct ch_str file_name);
/* T26: the entry has a commitment under a salt of its own; text and salt go beside it, and can be
 * erased. */
void audit_entry_commit(struct audit_entry *a, const char *field, struct ch_str text);
/* What an address got, or did not get: the keys up to "kind". */
void audit_entry_put_address(struct audit_entry *a, struct ch_str address);
/* A person's ruling is called by the person. */
void audit_entry_put_rule(struct audit_entry *a, struct ch_str rule);
void audit_entry_end(struct audit_entry *a);
/* Ends the entry and stores it, at the next place. */
enum ch_code audit_add(struct keeper *k, struct audit_entry *a, struct ch_err *err) CH_MUST_CHECK;
/* The first entry of a log: which log this is, whose signatures it has, and what is older than it.
 */
enum ch_code audit_genesis(struct keeper *k, const struct ch_note_key *key,
                           struct ch_err *err) CH_MUST_CHECK;
/* Raised when entries come to be about one more table: what it has by then is counted in an entry.
 */
#define AUDIT_TABLES 8
#define AUDIT_TABLES_SNAPSHOT                                                                      \
    2 /* audit_facts.c: what that has by then gets entries itself, as its other tables do */
enum ch_code audit_before(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* audit_facts.c: what the group under way has added of facts that come in great numbers, in one
 * entry; what there is of them when entries come to be about tables beyond the list `bound`. */
enum ch_code audit_facts(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_older_facts(struct keeper *k, uint64_t bound, struct ch_err *err) CH_MUST_CHECK;
/* audit_rows.c: likewise, of owners, values and confirmed pages. */
enum ch_code audit_older_rows(struct keeper *k, uint64_t bound, struct ch_err *err) CH_MUST_CHECK;
/* audit_whole.c: what the published checkpoint says; of size 0 where there is none. */
struct audit_logged {
    uint64_t size; /* entries */
    struct ch_sha256 root;
};
struct audit_logged audit_read_logged(struct keeper *k);
uint64_t audit_count_logged(struct keeper *k);
/* Before they are read: what the last run had only in the journal comes to its places. */
void audit_mend_files(struct keeper *k, const struct ch_note_signer *signer);
/* audit_recall.c: what the log's files, and what waits for them up to entry `next`, say of rulings.
 */
struct said;
struct audit_recalled {
    struct said *said;
    char unread[512]; /* why that is not all of it: it cannot be read, is not what was hashed, or
                       * lacks entries; "": it is all */
    uint64_t decided; /* behind the newest decision of what waits; 0: none does */
};
void audit_recall_to(struct keeper *k, uint64_t next, struct audit_recalled *ret);
/* audit.c: what waits is under a seal. */
bool audit_is_sealed(const struct keeper *k);
/* CH_E_CONFLICT: the store, which knows of `known` entries, was lost, or is an older one. */
enum ch_code audit_check_whole(struct keeper *k, uint64_t known, struct ch_err *err) CH_MUST_CHECK;
/* ------------------------------------------------------------------ audit_in_force.c */

/* What was found last; `to` is 0 from when an entry begins or ends an approval, or is undone. */
struct ch_in_force *audit_known_in_force(struct keeper *k);
/* The digest of the approvals that are in force for the next entry, written at this time
 * (db/log/in_force.h); until that is added. */
enum ch_code audit_in_force(struct keeper *k, int64_t at_us, const struct ch_sha256 **ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ entries of the log itself */

/* Entries under no seal are signed on a person's word. Of the approvals among them a line each is
 * appended: what, until when, by whom and why. The entry has the digest of these lines. */
enum ch_code audit_accepted(struct keeper *k, uint64_t from, uint64_t to, struct ch_str by,
                            struct ch_str reason, struct ch_buf *ret_list,
                            struct ch_err *err) CH_MUST_CHECK;
/* The log could not be written, or can again. */
enum ch_code audit_trouble(struct keeper *k, bool over, struct ch_str what,
                           struct ch_err *err) CH_MUST_CHECK;
/* What was counted in the minutes before this one. */
enum ch_code audit_refusals(struct keeper *k, int64_t minute, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_sign_ins(struct keeper *k, int64_t minute, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_command_refusals(struct keeper *k, int64_t minute,
                                    struct ch_err *err) CH_MUST_CHECK;

#endif
