/* Exceptions as the keeper has them: what is open in memory, and each step with what comes of it in
 * one group of writes. db/exceptions/exception.h says which step may follow.
 *
 * An exception lets nothing pass by itself. When it comes into force its rulings (rulings.c) are
 * stored in the group of that step; they are what ch_decide is given. T4: that group is durable
 * before they count, and an ALLOW by them waits for the log as any other does. Away from ALLOW the
 * rulings end first. */
#ifndef KEEPER_EXCEPTIONS_H
#define KEEPER_EXCEPTIONS_H

#include "db/keeper/keeper_int.h"

#include "db/exceptions/exception.h"

struct exception {
    struct ch_exception_row row; /* slices borrow from `texts` */
    struct exception_step *steps;
    struct ch_str *reasons; /* beside steps */
    uint64_t *step_ids;     /* likewise */
    size_t step_count;
    uint64_t *rulings; /* of what came into force */
    size_t ruling_count;
    char **texts;
    size_t text_count;
    const char *altered; /* why it is not what the audit log says; NULL: it is, or is closed */
};
/* Any, by its number. CH_E_NOT_FOUND. */
enum ch_code exception_read(struct keeper *k, uint64_t id, struct exception *ret,
                            struct ch_err *err) CH_MUST_CHECK;
void exception_done(struct exception *x);
enum exception_state exception_state_of(const struct keeper *k, const struct exception *x);

enum ch_code exceptions_load(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void exceptions_free(struct keeper *k);
/* Open ones that the audit log does not have so (T4): nobody can approve, join or renew them, and
 * nothing comes into force by them; to reject or revoke one is possible. */
size_t exceptions_altered(const struct keeper *k);
/* CH_E_CONFLICT: it is altered. */
enum ch_code exception_is_logged(const struct exception *x, struct ch_err *err) CH_MUST_CHECK;
/* Those that are asked for or in force, oldest first. Borrowed until the next step of any. */
size_t exceptions_count(const struct keeper *k);
const struct exception *exceptions_at(const struct keeper *k, size_t i);
const struct exception *exceptions_find(const struct keeper *k, uint64_t id); /* NULL: not open */
/* The open one about exactly what the row names, NULL: there is none. */
const struct exception *exceptions_about(const struct keeper *k,
                                         const struct ch_exception_row *row);
/* Whether an end that somebody asks for is its end. "14d" counts from when it is said: said again
 * within the hour it is no other one. */
bool exception_ends_at(const struct exception *x, int64_t end_us);
/* Which page and project the row names: on pages of many projects a version is of one page,
 * "PAGE/PROJECT". `ret_page` is absent where none is named, and of a file, whose page stands for
 * the project. Slices borrow from the row. */
void exception_place(const struct ch_exception_row *row, struct ch_str *ret_page,
                     struct ch_str *ret_project);
/* Whether it is about this file, too. */
bool exception_covers(const struct exception *x, const struct page *p, size_t file);
/* "user:ann, user:bob": whose approvals are of `now` (what is there) and count to this day; of what
 * is in force or was, whose put it there, and `now` does not matter. */
void exception_put_approvers(struct keeper *k, struct ch_buf *b, const struct exception *x,
                             const struct exception_shown *now);
/* How many such approvals there are of what is asked for. */
size_t exceptions_have(struct keeper *k, const struct exception *x,
                       const struct exception_shown *now);
/* The repository is of another environment now than when it was asked for: it has no place any
 * more. */
bool exceptions_moved(const struct keeper *k, const struct ch_exception_row *row);

/* Whether a request is taken from this address now (T14); counts it. */
bool exceptions_may_ask(struct keeper *k, struct ch_str address);
/* Asks: a row and its first step. CH_E_LIMIT: as many are open as are kept (T14); who is nobody
 * gets fewer. Grants nothing. */
enum ch_code exceptions_ask(struct keeper *k, struct ch_exception_row *row,
                            const struct exception_shown *shown, struct ch_err *err) CH_MUST_CHECK;
/* Somebody else asks for the same. Nothing happens when they did before. CH_E_LIMIT: too many did.
 */
enum ch_code exceptions_join(struct keeper *k, uint64_t id, struct ch_str who,
                             struct ch_str address, struct ch_str reason,
                             struct ch_err *err) CH_MUST_CHECK;

struct approval {
    struct ch_exception_row *request; /* asked for in the same group, or: */
    uint64_t exception;               /* the one that is approved; set on success */
    struct exception_shown shown;     /* now */
    struct ch_str who;
    bool alone;
    struct ch_str reason; /* the approver's own words, may be absent */
    int64_t expires_at_us;
    size_t needed; /* persons, as the policy asks; raised where nobody who is known asked (T22) */
    struct ch_ruling_row
        *rulings; /* what it comes to; `by` and the end are filled in, and on success id */
    size_t ruling_count;
    /* filled in */
    bool in_force;
    size_t missing; /* persons */
};
/* Checks, approves, and puts in force what is approved by enough; what it renews ends with it. All
 * of it or nothing. CH_E_USAGE, CH_E_CONFLICT as exception_may. */
enum ch_code exceptions_approve(struct keeper *k, struct approval *a,
                                struct ch_err *err) CH_MUST_CHECK;
/* REJECTED or REVOKED: by whom, and why. A revocation counts at once; where it could not be stored
 * (which is neither CH_E_CONFLICT nor CH_E_NOT_FOUND) it is kept for that (unsaved.h). */
enum ch_code exceptions_close(struct keeper *k, uint64_t id, enum exception_event event,
                              struct ch_str who, struct ch_str reason,
                              struct ch_err *err) CH_MUST_CHECK;
/* Records what has come to its end by time, or by what ended its rulings. */
void exceptions_settle(struct keeper *k);

#endif
