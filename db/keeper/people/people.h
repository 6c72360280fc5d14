/* Persons and their rights: keeper.people is what the store has of them, loaded at start and
 * replaced after each change (db/people/people.h says what can be asked of it).
 *
 * A step that takes a right or a token away is effective first, and counts on when it cannot be
 * stored; one that gives is durable first, with its entry of the audit log in the same group of
 * writes. After each, what gateways remember ends (the epoch is raised). */
#ifndef KEEPER_PEOPLE_H
#define KEEPER_PEOPLE_H

#include "db/people/people.h"
#include "db/keeper/keeper_int.h"

enum ch_code people_open(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void people_close(struct keeper *k);
/* What the store has is read anew, and held against the audit log again: keeper.people_altered says
 * how many rows that does not have so, or has and the store has not. While there are any, nothing
 * is given; in `people` rows that give nothing say why (`altered`). */
enum ch_code people_reload(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* All of the rows or none; each may be about those before it. `by` and `at_us` are the caller's.
 * For what may not be (and then nothing was changed) see people_check. */
enum ch_code people_give(struct keeper *k, struct ch_people_row *rows, size_t count,
                         struct ch_err *err) CH_MUST_CHECK;
/* The same of what two persons have said, the first of them as this proposal (0: one was enough):
 * it ends with it. */
enum ch_code people_give_agreed(struct keeper *k, struct ch_people_row *rows, size_t count,
                                uint64_t proposal, struct ch_str by,
                                struct ch_err *err) CH_MUST_CHECK;
/* Whether people_give would take them, each as if those before it were there already. */
enum ch_code people_check_all(struct keeper *k, const struct ch_people_row *rows, size_t count,
                              struct ch_err *err) CH_MUST_CHECK;
/* Ends the rows of these ids, which stand. On failure they count no more all the same, and are
 * kept to be stored (unsaved.h). */
enum ch_code people_take(struct keeper *k, const uint64_t *ids, size_t count, struct ch_str by,
                         struct ch_str why, struct ch_err *err) CH_MUST_CHECK;
/* What is not as the log says (keeper.people_altered) has ended, on somebody's word: rows that are
 * there and give nothing, and those that are gone. Nobody gets anything by it; after it something
 * can be given again, by the rules of a place that has had two approvers where the log knows of
 * one. CH_E_NOT_FOUND: there is nothing of the kind. */
enum ch_code people_settle_altered(struct keeper *k, struct ch_str by, struct ch_str why,
                                   size_t *ret_rows, struct ch_err *err) CH_MUST_CHECK;
void people_tick(struct keeper *k);
/* Tokens whose time has come have ended for good, also when the clock is set back (T11): whoever is
 * about to look at one calls this first. `people` is another afterwards. */
#define PEOPLE_BY_TIME "time" /* who ended them */
void people_end_expired(struct keeper *k);
/* Whether every listener is on loopback, as the supervisor says. */
void people_set_listeners(struct keeper *k, bool loopback_only);
/* The configuration is in force: a user whom it names as approver and who never was there is made,
 * with the group that approves; not while others are in that group and do not approve, who would by
 * it. What fails is logged; local:UID is an operator only all the same. */
#define PEOPLE_APPROVERS "approvers"
void people_configured(struct keeper *k);

#endif
