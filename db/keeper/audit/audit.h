/* The keeper's audit log: what is entered, in which order it becomes durable, and who waits for it.
 *
 * An entry is written into the store with what it is about, in the same group of writes, and gets
 * its place in the log there. Once the group is committed, a thread of its own (audit_thread.c)
 * appends it to the log's files, with a signed checkpoint. So the log has nothing that the store
 * has not, and after kill -9 what is missing in the files comes from the store.
 *
 * T4: only steps towards ALLOW wait for the checkpoint (audit_has, audit_wait). Where the log
 * cannot be written, there is no new ALLOW; all else goes on, and is appended later. */
#ifndef KEEPER_AUDIT_H
#define KEEPER_AUDIT_H

#include "customhouse/tlog.h"
#include "db/log/tree.h"
#include "db/keeper/keeper_int.h"

struct audit;

/* After store and confinement; STATE/audit is made where it is missing. What is wrong with the
 * files does not keep the service from starting: see audit_state. */
enum ch_code audit_open(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void audit_close(struct keeper *k); /* waits for the append in hand, and tries what is left once */
/* The open group is about to be committed: what of it is entered all at once. */
enum ch_code audit_committing(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* The open group is durable, or lost. */
void audit_committed(struct keeper *k);
void audit_rolled_back(struct keeper *k);
void audit_tick(struct keeper *k);

/* Around the rotation of the log's key: nothing is appended meanwhile, and then what the keyring
 * has signs. CH_E_BUSY: the log cannot be written (because of a `lost` key it may be so), or the
 * last rotation has not come to its end. */
enum ch_code audit_pause(struct keeper *k, bool lost, struct ch_err *err) CH_MUST_CHECK;
void audit_resume(struct keeper *k);

/* A step of the open group: what is stored and the entries about it, all of it or nothing. It has
 * no step in it. audit_step_end undoes it when `code` is a failure, and returns that, or why the
 * step could not be kept. */
enum ch_code audit_step(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_step_end(struct keeper *k, enum ch_code code, struct ch_err *err) CH_MUST_CHECK;
/* An act by itself: its rows and entries in a step of the open group, which is then committed. All
 * of it is durable, or nothing is there, and what others wrote in this turn stays either way.
 * `begun`: what audit_act gave; `rc`: what came of it since. */
enum ch_code audit_act(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_act_end(struct keeper *k, enum ch_code begun, enum ch_code rc,
                           struct ch_err *err) CH_MUST_CHECK;

/* What the log itself says of rulings (audit_said.h), to the newest entry. */
struct said;
struct said *audit_said(const struct keeper *k);
/* Whether that is all of it. If not, nothing is signed, so nothing new is allowed. */
bool audit_is_recalled(const struct keeper *k);
/* Reads it anew: at the start, and once more of what waits counts. */
void audit_recall(struct keeper *k);

/* --- entries; each in an open group of writes (keeper_write), or a transaction of its own --- */

/* The decision that was just stored. *ret_end is what audit_has wants to see reached. */
enum ch_code audit_decision(struct keeper *k, const struct page *p,
                            const struct ch_decision_row *row, uint64_t *ret_end,
                            struct ch_err *err) CH_MUST_CHECK;
/* What was just signed about a file. *ret_end as of a decision. */
enum ch_code audit_attestation(struct keeper *k, const struct ch_attestation_row *row,
                               uint64_t *ret_end, struct ch_err *err) CH_MUST_CHECK;
/* What registries have of an approval of an image; likewise. */
enum ch_code audit_image_signature(struct keeper *k, const struct ch_image_signature_row *row,
                                   uint64_t *ret_end, struct ch_err *err) CH_MUST_CHECK;
/* It was withdrawn. */
enum ch_code audit_attestation_end(struct keeper *k, const struct ch_attestation_row *row,
                                   int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_ruling(struct keeper *k, const struct ch_ruling_row *row,
                          struct ch_err *err) CH_MUST_CHECK;
/* A step that was just stored. `rulings`: of what comes into force by it, "3,4". `address`: it was
 * asked from; absent: the control socket. */
enum ch_code audit_exception(struct keeper *k, const struct ch_exception_row *of,
                             const struct ch_exception_step_row *step, struct ch_str rulings,
                             struct ch_str address, struct ch_err *err) CH_MUST_CHECK;
/* Somebody ended a ruling before its time. */
enum ch_code audit_ruling_end(struct keeper *k, uint64_t ruling, struct ch_str by,
                              struct ch_str why, int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
/* Its time has come; the store has no row for that. */
enum ch_code audit_ruling_expired(struct keeper *k, const struct ch_ruling_row *row,
                                  struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_owner(struct keeper *k, const struct ch_owner_change *row, uint64_t id,
                         struct ch_err *err) CH_MUST_CHECK;
/* A key signs from now on, in the place of `former` (NULL: of none). `vkey`: of a key of this log.
 */
enum ch_code audit_signing_key(struct keeper *k, const struct ch_key_row *row,
                               const struct ch_sha256 *former, struct ch_str by,
                               struct ch_str reason, struct ch_str vkey,
                               struct ch_err *err) CH_MUST_CHECK;
/* What a person has agreed to, just stored; and its end (`by` absent: by itself). */
enum ch_code audit_policy_proposal(struct keeper *k, const struct ch_policy_proposal_row *row,
                                   struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_policy_proposal_end(struct keeper *k, uint64_t id, const char *how,
                                       struct ch_str by, int64_t at_us,
                                       struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_policy(struct keeper *k, const struct ch_policy_row *row,
                          struct ch_err *err) CH_MUST_CHECK;
/* The configuration in force, when it is another one than the log's last. */
enum ch_code audit_configuration(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* A row about people that was just stored: a person, uid, member, grant or token. */
enum ch_code audit_people(struct keeper *k, const struct ch_people_row *row,
                          struct ch_err *err) CH_MUST_CHECK;
/* Its end: the row with `ended_at_us`, `ended_by` and `ended_why`. */
enum ch_code audit_people_end(struct keeper *k, const struct ch_people_row *row,
                              struct ch_err *err) CH_MUST_CHECK;
/* What the database has under this number, or has not, is not what the log says: it has ended. */
enum ch_code audit_people_settled(struct keeper *k, uint64_t id, struct ch_str by,
                                  struct ch_str why, int64_t at_us,
                                  struct ch_err *err) CH_MUST_CHECK;
/* What one person has said that two have to say, just stored; and its end (`by`: absent: by
 * itself). */
enum ch_code audit_proposal(struct keeper *k, const struct ch_proposal_row *row,
                            struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_proposal_end(struct keeper *k, uint64_t id, const char *how, struct ch_str by,
                                int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
/* Credentials were presented that count for nothing, or not for this: counted now, in the minute
 * that it is, and entered when that is over. All of them are; of more rows than limits.h has for a
 * minute paths, then addresses are counted as one. */
enum ch_code audit_sign_ins_failed(struct keeper *k, struct ch_sign_in_row row,
                                   struct ch_err *err) CH_MUST_CHECK;
/* A command was refused: counted and entered in the same way, so many rows of one principal; `what`
 * and `why` are then counted as one. */
enum ch_code audit_command_refused(struct keeper *k, struct ch_command_refusal_row row,
                                   struct ch_err *err) CH_MUST_CHECK;
/* A principal got this artifact for the first time from this address. */
enum ch_code audit_served(struct keeper *k, const struct ch_served_row *row,
                          struct ch_err *err) CH_MUST_CHECK;
/* Of who got what the rows before this one were dropped, for there are too many. */
enum ch_code audit_served_dropped(struct keeper *k, uint64_t kept_from,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Counted now, entered when its minute is over. */
enum ch_code audit_refused(struct keeper *k, const struct page *p, size_t file,
                           const struct ch_client *client, const char *rule,
                           struct ch_err *err) CH_MUST_CHECK;
/* The verdicts on all rows of a page, that nobody need have asked for: once per upstream page and
 * policy. `verdicts` is the list as audit_entries.c's README says, sorted. */
enum ch_code audit_listing(struct keeper *k, struct page *p, const struct ch_sha256 *verdicts,
                           struct ch_err *err) CH_MUST_CHECK;

/* What was just stored of a page, which the next decisions about it are made by. */
enum ch_code audit_snapshot(struct keeper *k, struct ch_str upstream, struct ch_str project,
                            struct ch_err *err) CH_MUST_CHECK;

/* The name's first owner (ch_store_pin_owner), with its entry; and that a page was confirmed. Both
 * in the group under way. */
struct ch_entry_owner;
enum ch_code audit_pin_owner(struct keeper *k, const struct ch_entry_owner *owner,
                             struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_confirm_snapshot(struct keeper *k, struct ch_str upstream, struct ch_str project,
                                    int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
/* The entry of one that the caller stores as the first, in its step. */
enum ch_code audit_first_owner(struct keeper *k, const struct ch_entry_owner *owner,
                               struct ch_err *err) CH_MUST_CHECK;
/* A page that was stored again as it was says once more when it was confirmed: nothing was found.
 */
enum ch_code audit_confirmed_before(struct keeper *k, struct ch_str upstream, struct ch_str project,
                                    int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
/* What the keeper keeps for itself, with the entry of its digest: in an open step, or (set) in one
 * of its own. The same once more is nothing. */
enum ch_code audit_put_value(struct keeper *k, struct ch_str name, struct ch_str bytes,
                             struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_set_value(struct keeper *k, struct ch_str name, struct ch_str bytes,
                             struct ch_err *err) CH_MUST_CHECK;

/* T26: texts that commitments stood for were erased, of one entry or (CH_LOG_NO_ENTRY) of somebody,
 * in the same step; the place of the entry is the one that was to be next (audit_state). */
enum ch_code audit_erased(struct keeper *k, uint64_t entry, struct ch_str by, struct ch_str reason,
                          struct ch_err *err) CH_MUST_CHECK;
/* Somebody has so many files inspected again: "all", what is "due", or what is "named" by `of`,
 * else empty. */
enum ch_code audit_rescan(struct keeper *k, const struct ch_exception_row *of, const char *scope,
                          uint64_t count, struct ch_str by, struct ch_err *err) CH_MUST_CHECK;
/* So many notifications were given up that a destination did not take (`kind`: of the destination).
 */
enum ch_code audit_given_up(struct keeper *k, const char *kind, struct ch_str destination,
                            uint64_t times, const char *why, struct ch_err *err) CH_MUST_CHECK;
/* The last copy of a file that was approved is about to be evicted for good: from `place`, for such
 * files take more than `percent` of its quota. */
enum ch_code audit_last_copy_lost(struct keeper *k, const struct ch_sha256 *sha256, uint64_t bytes,
                                  const char *place, uint64_t percent,
                                  struct ch_err *err) CH_MUST_CHECK;
/* A witness of the configuration does not cosign this log, or does again. `fault`: a word. */
enum ch_code audit_witness(struct keeper *k, bool over, struct ch_str name, const char *fault,
                           struct ch_err *err) CH_MUST_CHECK;
/* This log's name, which is that of its keys; borrowed. */
struct ch_str audit_origin(const struct keeper *k);

/* --- waiting --- */

/* What page_file.log_end must be for a decision that was read from the store: where the log must
 * have come to before it counts. */
uint64_t audit_floor(const struct keeper *k);
/* Whether the decision on this file is under a durable signed checkpoint. */
bool audit_has(const struct keeper *k, const struct page_file *f);
/* `waiter` (taken over) goes on when the log has come further, or at its deadline. */
void audit_wait(struct keeper *k, struct waiter *waiter);

/* A tile of entries as it was published, appended. CH_E_NOT_FOUND: the newest checkpoint has it
 * not. */
enum ch_code audit_read_entries(struct keeper *k, const struct ch_tile *tile, struct ch_buf *ret,
                                struct ch_err *err) CH_MUST_CHECK;
/* The newest checkpoint, as it is published, appended. */
enum ch_code audit_read_checkpoint(struct keeper *k, struct ch_buf *ret,
                                   struct ch_err *err) CH_MUST_CHECK;
/* That the published tree of `to` entries continues that of `from`. */
enum ch_code audit_prove_growth(struct keeper *k, uint64_t from, uint64_t to,
                                struct ch_tree_proof *ret, struct ch_err *err) CH_MUST_CHECK;
/* That the entry is in the log under its newest checkpoint: a tlog-proof (C2SP), appended.
 * CH_E_USAGE: it is not yet. */
enum ch_code audit_prove_entry(struct keeper *k, uint64_t index, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* The newest checkpoint that witnesses have cosigned, as it is published. CH_E_NOT_FOUND: none is.
 */
enum ch_code audit_read_cosigned(struct keeper *k, struct ch_buf *ret,
                                 struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_publish_cosigned(struct keeper *k, struct ch_str note,
                                    struct ch_err *err) CH_MUST_CHECK;

struct audit_state {
    uint64_t next;     /* entries in the store */
    uint64_t written;  /* of them, in the log under a checkpoint */
    char trouble[640]; /* why the log cannot be written now; "": it can */
};
void audit_state(const struct keeper *k, struct audit_state *ret);
/* Entries that wait and are under no seal of the log's key (audit_seal.h) are signed from now on as
 * they are: on this person's word, which is entered. The approvals among them are listed in
 * *ret_list, a line each. CH_E_NOT_FOUND: there are none; CH_E_FORMAT:
 * some are missing or are not what their hashes say. */
enum ch_code audit_accept(struct keeper *k, struct ch_str by, struct ch_str reason,
                          uint64_t *ret_entries, struct ch_buf *ret_list,
                          struct ch_err *err) CH_MUST_CHECK;
/* An entry that the log's files have, or that waits under a seal; appended. CH_E_NOT_FOUND: it is
 * neither. */
enum ch_code audit_read_entry(struct keeper *k, uint64_t index, struct ch_buf *ret,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
