/* What people are told by themselves: written with what it is about, in the same group of writes,
 * and sent until its destination has taken it or its time is over.
 *
 * T26: it leaves the house and cannot be called back, so no person, address, reason or other free
 * text stands in it. Who may know more looks up the exception, or the entry of the audit log that
 * it names. */
#ifndef KEEPER_NOTICES_H
#define KEEPER_NOTICES_H

#include "customhouse/store_pushed.h"
#include "db/keeper/keeper_int.h"

/* --- notices.c: what is said; each in the open group, after its entry of the audit log (`entry`:
 * its place) --- */

enum ch_code notices_exception(struct keeper *k, const struct ch_exception_row *of,
                               const struct ch_exception_step_row *step, uint64_t entry,
                               struct ch_err *err) CH_MUST_CHECK;
/* It was approved, and so many approvals of those that it takes are missing still. */
enum ch_code notices_approval(struct keeper *k, const struct ch_exception_row *of, size_t needed,
                              size_t missing, struct ch_err *err) CH_MUST_CHECK;
/* Another policy is proposed, or one more person agrees to it. */
enum ch_code notices_policy(struct keeper *k, const struct ch_policy_proposal_row *row,
                            uint64_t entry, struct ch_err *err) CH_MUST_CHECK;
/* The decision just stored: by what inspection found, something is refused that is an attack, or
 * that was allowed before. No failure of it keeps a refusal from being recorded (T4). */
void notices_decision(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                      bool attack, bool was_allow, uint64_t entry);
/* A manifest was pushed, and waits in quarantine; `row` as it was just stored. */
enum ch_code notices_pushed(struct keeper *k, const struct ch_repository *r,
                            const struct ch_pushed_row *row, struct ch_err *err) CH_MUST_CHECK;
/* The decision just stored: a pushed manifest may be pulled now. No failure of it matters to that.
 */
void notices_passed(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                    uint64_t entry);
/* An image that clusters were told may run is ALLOW no more, by this decision; in so many
 * namespaces. */
void notices_admitted(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                      uint64_t places, uint64_t entry);
/* So many last copies of approved files were lost for good, to make room. `entry`: of the first. */
void notices_last_copies(struct keeper *k, uint64_t files, uint64_t bytes, uint64_t entry);
/* The database is not what the audit log says: approvals that are not taken, denials in force
 * without their rows. */
struct altered;
void notices_altered(struct keeper *k, const struct altered *a);
void notices_log(struct keeper *k, bool over, uint64_t entry);
/* A witness does not cosign the log, or does again. `fault`: a word. */
void notices_witness(struct keeper *k, bool over, struct ch_str name, const char *fault,
                     uint64_t entry);
void notices_endings(struct keeper *k); /* exceptions that are about to end, each once */

/* --- notices_send.c: sending it --- */

void notices_init(struct keeper *k);
void notices_free(struct keeper *k);
/* Begins, and again with another configuration. */
void notices_configured(struct keeper *k);
void notices_added(struct keeper *k);     /* to the open group */
void notices_committed(struct keeper *k); /* it is durable, and may go out */
void notices_came(struct keeper *k);      /* egress is there */
void notices_tick(struct keeper *k);      /* gives up what is too old, or too much */
/* A line or a JSON object for each destination, for `status`. */
void notices_put_state(struct keeper *k, struct ch_buf *b, bool json);

/* --- forward.c: the audit log's entries to syslog, in order, each at least once --- */

void forward_init(struct keeper *k);
void forward_free(struct keeper *k);
void forward_configured(struct keeper *k);
void forward_written(
    struct keeper *k); /* the log has more entries under a checkpoint, or egress is there */
void forward_put_state(struct keeper *k, struct ch_buf *b, bool json);
/* One message as RFC 5424 has it, after its length (RFC 5425, 4.3). `entry` is canonical JSON of
 * the log. */
void forward_put_message(struct ch_buf *b, struct ch_str host, struct ch_str origin, uint64_t index,
                         struct ch_str entry);

#endif
