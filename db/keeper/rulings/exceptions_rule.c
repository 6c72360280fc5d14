#include "exceptions.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/people/people.h"
#include "exceptions_int.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/unsaved.h"
#include "rulings.h"

/* Who ends what comes to its end by itself. */
static const struct ch_str by_time = {"time", 4};
static const struct ch_str by_configuration = {"configuration", 13};
#define MOVED "the repository is of another environment now"
static const struct ch_str none = {NULL, 0};

/* ------------------------------------------------------------------ approving */

static enum ch_code add_rulings(struct keeper *k, struct approval *a, uint64_t exception,
                                struct ch_buf *numbers, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < a->ruling_count; i++) {
        struct ch_ruling_row *r = &a->rulings[i];
        rc = ch_store_add_ruling(k->store, r, &r->id, err);
        rc = rc == CH_OK ? audit_ruling(k, r, err) : rc;
        rc = rc == CH_OK ? ch_store_add_exception_ruling(k->store, exception, r->id, err) : rc;
        ch_buf_printf(numbers, "%s%llu", i > 0 ? "," : "", (unsigned long long)r->id);
    }
    return rc == CH_OK ? ch_buf_ok(numbers, err) : rc;
}

static enum ch_code end_rulings(struct keeper *k, const struct exception *x, struct ch_str by,
                                const char *why, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < x->ruling_count; i++) {
        int64_t now = keeper_now_us(k);
        rc = ch_store_end_ruling(k->store, x->rulings[i], by, ch_str_of(why), now, err);
        rc = rc == CH_OK         ? audit_ruling_end(k, x->rulings[i], by, ch_str_of(why), now, err)
             : rc == CH_E_EXISTS ? CH_OK /* with the name that was given away */
                                 : rc;
    }
    return rc;
}

/* The one that the new one renews has done its work: both in one group, so nothing is held between.
 */
static enum ch_code end_renewed(struct keeper *k, uint64_t id, const struct exception_step *by,
                                struct ch_err *err)
{
    const struct exception *x = exceptions_find(k, id);
    struct exception_step step = {.event = EXCEPTION_RENEWED,
                                  .by = by->by,
                                  .at_us = by->at_us,
                                  .expires_at_us = CH_TIME_UNKNOWN};
    if (x == NULL || exception_may(x->steps, x->step_count, &step, err) != CH_OK) {
        return CH_OK; /* it has ended meanwhile */
    }
    enum ch_code rc = end_rulings(k, x, by->by, "renewed", err);
    return rc == CH_OK ? exceptions_add_step(k, &x->row, &step, none, none, none, err) : rc;
}

static enum ch_code put_in_force(struct keeper *k, struct approval *a,
                                 const struct ch_exception_row *of,
                                 const struct exception_step *step, struct ch_err *err)
{
    struct ch_buf numbers;
    ch_buf_init(&numbers, 32u << 10);
    enum ch_code rc = add_rulings(k, a, of->id, &numbers, err);
    rc = rc == CH_OK ? exceptions_add_step(k, of, step, none, ch_buf_str(&numbers), none, err) : rc;
    rc = rc == CH_OK && of->renews != 0 ? end_renewed(k, of->renews, step, err) : rc;
    ch_buf_done(&numbers);
    return rc;
}

bool exceptions_counts(struct keeper *k, const struct ch_exception_row *of,
                       const struct exception_step *s, const struct exception_shown *now)
{
    struct ch_str person = exception_person(s->by);
    const struct place at = {of->repository, of->environment};
    if (exception_differs(&s->shown, now) != NULL) {
        return false;
    }
    if (person.len == 0) {
        return true; /* counts as nobody, but for a local peer that decided alone */
    }
    struct principal who =
        people_named(k->people, ch_str_sub(person, 5, person.len)); /* user:NAME */
    return people_may(k->people, &who, ACTION_EXCEPTION_APPROVE, &at);
}

/* The steps so far that count with this one, as one list. */
static struct exception_step *with(struct keeper *k, const struct ch_exception_row *of,
                                   const struct exception_step *steps, size_t count,
                                   const struct exception_step *next, size_t *ret_count)
{
    struct exception_step *all = ch_calloc(count + 1, sizeof(*all));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].event != EXCEPTION_APPROVED ||
            exceptions_counts(k, of, &steps[i], &next->shown)) {
            all[n++] = steps[i];
        }
    }
    all[n++] = *next;
    *ret_count = n;
    return all;
}

size_t exceptions_have(struct keeper *k, const struct exception *x,
                       const struct exception_shown *now)
{
    const struct exception_step end = {.event = EXCEPTION_JOINED, .shown = *now};
    size_t count;
    if (x->altered != NULL) {
        return 0;
    }
    struct exception_step *all = with(k, &x->row, x->steps, x->step_count, &end, &count);
    size_t have = exception_approvals(all, count, now);
    free(all);
    return have;
}

bool exceptions_moved(const struct keeper *k, const struct ch_exception_row *row)
{
    const struct ch_repository *r = ch_config_repository(k->config, row->repository);
    return r != NULL && row->environment.len > 0 &&
           !ch_str_eq(row->environment, ch_str_of(r->environment));
}

/* They have said so before, when it took more: since a person asks for it, too, their word is
 * enough. They say it again, for asking puts nothing in force. */
static bool is_complete(struct keeper *k, const struct ch_exception_row *of,
                        const struct exception_step *steps, size_t count, const struct approval *a)
{
    const struct exception_step end = {.event = EXCEPTION_JOINED, .shown = a->shown};
    size_t n;
    struct exception_step *all = with(k, of, steps, count, &end, &n);
    bool complete =
        exception_is_approved(all, n, &a->shown, exception_persons_needed(all, n, a->needed));
    free(all);
    return complete;
}

static enum ch_code may_approve(struct keeper *k, const struct ch_exception_row *of,
                                const struct exception_step *steps, size_t count,
                                const struct exception_step *next, const struct approval *a,
                                struct ch_err *err)
{
    if (exceptions_moved(k, of)) {
        return ch_fail(err, CH_E_CONFLICT, "it was asked for while repository %.*s was %.*s",
                       CH_STR_ARG(of->repository), CH_STR_ARG(of->environment));
    }
    if (!is_complete(k, of, steps, count, a)) {
        return exception_may(steps, count, next, err);
    }
    struct exception_step *others = ch_calloc(count + 1, sizeof(*others));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].event != EXCEPTION_APPROVED || !ch_str_eq(steps[i].by, next->by)) {
            others[n++] = steps[i];
        }
    }
    enum ch_code rc = exception_may(others, n, next, err);
    free(others);
    return rc;
}

static void fill_rulings(struct approval *a, const struct exception_step *steps, size_t count,
                         int64_t end_us, struct ch_buf *by)
{
    exceptions_put_approvers(by, steps, count);
    for (size_t i = 0; i < a->ruling_count; i++) {
        a->rulings[i].by = ch_buf_str(by);
        a->rulings[i].expires_at_us = end_us;
    }
}

static enum ch_code store_approval(struct keeper *k, struct approval *a,
                                   const struct ch_exception_row *of,
                                   const struct exception_step *all, size_t count,
                                   struct ch_err *err)
{
    const struct exception_step *step = &all[count - 1];
    struct ch_exception_row row = *of;
    struct ch_buf by;
    ch_buf_init(&by, 64u << 10);
    enum ch_code begun = audit_act(k, err), rc = begun;
    if (rc == CH_OK && a->request != NULL) {
        rc = exceptions_add_request(k, a->request, &a->shown, err);
        row.id = a->request->id;
    }
    rc = rc == CH_OK ? exceptions_add_step(k, &row, step, a->reason, none, none, err) : rc;
    if (rc == CH_OK && a->in_force) {
        struct exception_step force = *step;
        force.event = EXCEPTION_IN_FORCE;
        force.expires_at_us = exception_agreed_end(all, count, &a->shown);
        fill_rulings(a, all, count, force.expires_at_us, &by);
        rc = put_in_force(k, a, &row, &force, err);
        a->expires_at_us = force.expires_at_us;
    } else if (rc == CH_OK && a->missing > 0) {
        rc = notices_approval(k, &row, a->needed, a->missing, err);
    }
    rc = exceptions_act_end(k, begun, rc, err); /* `of` is gone from here on */
    a->exception = row.id;
    ch_buf_done(&by);
    for (size_t i = 0; i < a->ruling_count; i++) {
        a->rulings[i].by = none;
    }
    return rc;
}

enum ch_code exceptions_approve(struct keeper *k, struct approval *a, struct ch_err *err)
{
    const struct exception *x = exceptions_find(k, a->exception);
    struct exception_step asked;
    struct exception_step step = {.event = EXCEPTION_APPROVED,
                                  .by = a->who,
                                  .alone = a->alone,
                                  .shown = a->shown,
                                  .at_us = keeper_now_us(k),
                                  .expires_at_us = a->expires_at_us};
    if (a->request != NULL) {
        asked = exceptions_first_step(a->request, &a->shown);
    } else if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open",
                       (unsigned long long)a->exception);
    }
    if (a->request == NULL && exception_is_logged(x, err) != CH_OK) {
        return CH_E_CONFLICT;
    }
    const struct exception_step *steps = a->request != NULL ? &asked : x->steps;
    size_t count = a->request != NULL ? 1 : x->step_count;
    const struct ch_exception_row *of = a->request != NULL ? a->request : &x->row;
    enum ch_code rc = may_approve(k, of, steps, count, &step, a, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct exception_step *all = with(k, of, steps, count, &step, &count);
    a->needed = exception_persons_needed(all, count, a->needed);
    a->in_force = exception_is_approved(all, count, &a->shown, a->needed);
    size_t have = exception_approvals(all, count, &a->shown);
    a->missing = a->in_force || have >= a->needed ? 0 : a->needed - have;
    struct ch_str page, name;
    exception_place(of, &page, &name);
    char *project = ch_str_dup(name);
    rc = store_approval(k, a, of, all, count, err);
    free(all);
    if (rc == CH_OK && a->in_force) {
        rc = rulings_load(k, err);
        /* what was inspected is decided by it now, not when somebody asks; listings change, too */
        again_project(k, ch_str_of(project));
    }
    free(project);
    return rc;
}

/* ------------------------------------------------------------------ ending */

static enum ch_code close_one(struct keeper *k, const struct exception *x,
                              const struct exception_step *step, struct ch_str reason,
                              struct ch_err *err)
{
    enum ch_code begun = audit_act(k, err), rc = begun;
    const char *why = step->event == EXCEPTION_REVOKED ? "revoked"
                      : exceptions_moved(k, &x->row)   ? MOVED
                                                       : NULL;
    if (rc == CH_OK && why != NULL) {
        rc = end_rulings(k, x, step->by, why, err);
    }
    rc = rc == CH_OK ? exceptions_add_step(k, &x->row, step, reason, none, none, err) : rc;
    return exceptions_act_end(k, begun, rc, err);
}

/* A revocation that counts and could not be stored (unsaved.h). */
struct revocation {
    uint64_t exception;
    char *who;
    char *reason;
    int64_t at_us;
};

static enum ch_code store_kept_revocation(struct keeper *k, const void *kept, struct ch_err *err)
{
    const struct revocation *r = kept;
    const struct exception *x = exceptions_find(k, r->exception);
    if (x == NULL && exceptions_load(k, err) != CH_OK) {
        return CH_E_IO; /* whatever it was: nothing says that it is not open any more */
    }
    x = x != NULL ? x : exceptions_find(k, r->exception);
    struct exception_step step = {.event = EXCEPTION_REVOKED,
                                  .by = ch_str_of(r->who),
                                  .at_us = r->at_us,
                                  .expires_at_us = CH_TIME_UNKNOWN};
    if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open",
                       (unsigned long long)r->exception);
    }
    return close_one(k, x, &step, ch_str_of(r->reason), err);
}

static void free_revocation(void *kept)
{
    struct revocation *r = kept;
    free(r->who);
    free(r->reason);
    free(r);
}

static const struct unsaved_kind revocations = {.one = "revocation of an exception",
                                                .several = "revocations of exceptions",
                                                .store = store_kept_revocation,
                                                .free = free_revocation};

static void keep_revocation(struct keeper *k, uint64_t id, const struct exception_step *step,
                            struct ch_str reason)
{
    struct revocation *r = ch_calloc(1, sizeof(*r));
    *r = (struct revocation){.exception = id,
                             .who = ch_str_dup(step->by),
                             .reason = ch_str_dup(reason),
                             .at_us = step->at_us};
    unsaved_keep(k, &revocations, r);
}

enum ch_code exceptions_close(struct keeper *k, uint64_t id, enum exception_event event,
                              struct ch_str who, struct ch_str reason, struct ch_err *err)
{
    const struct exception *x = exceptions_find(k, id);
    struct exception_step step = {
        .event = event, .by = who, .at_us = keeper_now_us(k), .expires_at_us = CH_TIME_UNKNOWN};
    if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open", (unsigned long long)id);
    }
    enum ch_code rc = exception_may(x->steps, x->step_count, &step, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (event == EXCEPTION_REVOKED) { /* a step away from ALLOW is effective first (T4) */
        struct ch_str page, project;
        exception_place(&x->row, &page, &project);
        rulings_take_back(k, project, x->rulings, x->ruling_count);
        x = exceptions_find(k, id);
        CH_ASSERT(x != NULL);
    }
    rc = close_one(k, x, &step, reason, err);
    if (rc != CH_OK && event == EXCEPTION_REVOKED) {
        keep_revocation(k, id, &step, reason);
    }
    return rc;
}

/* Its time has come, its repository is of another environment, or all that it lets pass by has been
 * ended. */
static bool is_over(const struct keeper *k, const struct exception *x)
{
    enum exception_state s = exception_state_of(k, x);
    bool stands = s != EXCEPTION_STATE_EFFECTIVE || x->ruling_count == 0;
    for (size_t i = 0; i < x->ruling_count && !stands; i++) {
        /* what the log does not know is not taken, which is no end: it may be accepted yet */
        stands = rulings_stands(k, x->rulings[i]) || rulings_is_distrusted(k, x->rulings[i]);
    }
    return s == EXCEPTION_STATE_ENDED || !stands || exceptions_moved(k, &x->row);
}

void exceptions_settle(struct keeper *k)
{
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        struct exception_step step = {.event = EXCEPTION_ENDED,
                                      .by =
                                          exceptions_moved(k, &x->row) ? by_configuration : by_time,
                                      .at_us = keeper_now_us(k),
                                      .expires_at_us = CH_TIME_UNKNOWN};
        struct ch_err err;
        size_t before = exceptions_count(k);
        /* one that was altered stays, until somebody ends it: its rows do not say when it ends */
        if (x->altered != NULL || !is_over(k, x) ||
            exception_may(x->steps, x->step_count, &step, &err) != CH_OK) {
            continue;
        }
        bool moved = exceptions_moved(k, &x->row);
        if (close_one(k, x, &step, ch_str_of(moved ? MOVED : NULL), &err) != CH_OK) {
            keeper_log("exceptions", "error=\"%s\"", err.msg); /* the next tick tries again */
            return;
        }
        if (moved && rulings_load(k, &err) != CH_OK) {
            keeper_log("exceptions", "error=\"%s\"",
                       err.msg); /* they are in no scope all the same */
        }
        i -= exceptions_count(k) < before; /* loaded anew, without it */
    }
}
