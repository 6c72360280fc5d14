#include "exceptions.h"

#include <stdlib.h>

#include "audit.h"
#include "customhouse/limits.h"
#include "db/people/people.h"

struct exceptions {
    struct exception *items;
    size_t count;
};

/* Who ends what comes to its end by itself. */
static const struct ch_str by_time = {"time", 4};

/* ------------------------------------------------------------------ reading */

static struct ch_str keep(struct exception *x, struct ch_str s)
{
    if (s.len == 0) {
        return (struct ch_str){NULL, 0};
    }
    x->texts = ch_realloc_array(x->texts, x->text_count + 1, sizeof(*x->texts));
    x->texts[x->text_count] = ch_str_dup(s);
    return (struct ch_str){x->texts[x->text_count++], s.len};
}

static void take_row(struct exception *x, const struct ch_exception_row *row)
{
    *x = (struct exception){.row = *row};
    x->row.repository = keep(x, row->repository);
    x->row.environment = keep(x, row->environment);
    x->row.ecosystem = keep(x, row->ecosystem);
    x->row.project = keep(x, row->project);
    x->row.version_spec = keep(x, row->version_spec);
    x->row.file_name = keep(x, row->file_name);
    x->row.overrides = keep(x, row->overrides);
    x->row.reason = keep(x, row->reason);
    x->row.requester = keep(x, row->requester);
    x->row.address = keep(x, row->address);
    x->row.refusal = keep(x, row->refusal);
}

static void one_row(void *ctx, const struct ch_exception_row *row)
{
    take_row(ctx, row);
}

static void one_step(void *ctx, const struct ch_exception_step_row *row)
{
    struct exception *x = ctx;
    x->steps = ch_realloc_array(x->steps, x->step_count + 1, sizeof(*x->steps));
    x->reasons = ch_realloc_array(x->reasons, x->step_count + 1, sizeof(*x->reasons));
    x->reasons[x->step_count] = keep(x, row->reason);
    x->steps[x->step_count++] =
        (struct exception_step){.event = (enum exception_event)row->event,
                                .by = keep(x, row->by),
                                .alone = row->alone,
                                .shown = {row->bytes, row->evidence, row->policy},
                                .at_us = row->at_us,
                                .expires_at_us = row->expires_at_us};
}

static void one_ruling(void *ctx, uint64_t ruling)
{
    struct exception *x = ctx;
    x->rulings = ch_realloc_array(x->rulings, x->ruling_count + 1, sizeof(*x->rulings));
    x->rulings[x->ruling_count++] = ruling;
}

static enum ch_code read_rest(struct keeper *k, struct exception *x, struct ch_err *err)
{
    enum ch_code rc = ch_store_exception_steps(k->store, x->row.id, one_step, x, err);
    return rc == CH_OK ? ch_store_exception_rulings(k->store, x->row.id, one_ruling, x, err) : rc;
}

void exception_done(struct exception *x)
{
    for (size_t i = 0; i < x->text_count; i++) {
        free(x->texts[i]);
    }
    free(x->texts);
    free(x->steps);
    free(x->reasons);
    free(x->rulings);
    *x = (struct exception){.step_count = 0};
}

enum ch_code exception_read(struct keeper *k, uint64_t id, struct exception *ret, struct ch_err *err)
{
    *ret = (struct exception){.step_count = 0};
    enum ch_code rc = ch_store_get_exception(k->store, id, one_row, ret, err);
    rc = rc == CH_OK ? read_rest(k, ret, err) : rc;
    if (rc != CH_OK) {
        exception_done(ret);
    }
    return rc;
}

enum exception_state exception_state_of(const struct keeper *k, const struct exception *x)
{
    return exception_state(x->steps, x->step_count, keeper_now_us(k));
}

/* ------------------------------------------------------------------ what is open */

static void free_all(struct exceptions *e)
{
    for (size_t i = 0; e != NULL && i < e->count; i++) {
        exception_done(&e->items[i]);
    }
    free(e != NULL ? e->items : NULL);
    free(e);
}

static void one_open(void *ctx, const struct ch_exception_row *row)
{
    struct exceptions *e = ctx;
    e->items = ch_realloc_array(e->items, e->count + 1, sizeof(*e->items));
    take_row(&e->items[e->count++], row);
}

/* What cannot be read is not there: nobody can approve it, and what is in force is in its rulings. */
enum ch_code exceptions_load(struct keeper *k, struct ch_err *err)
{
    struct exceptions *e = ch_calloc(1, sizeof(*e));
    enum ch_code rc = ch_store_open_exceptions(k->store, one_open, e, err);
    for (size_t i = 0; rc == CH_OK && i < e->count; i++) {
        rc = read_rest(k, &e->items[i], err);
    }
    if (rc != CH_OK) {
        free_all(e);
        e = ch_calloc(1, sizeof(*e));
    }
    free_all(k->exceptions);
    k->exceptions = e;
    return rc;
}

static void forget_askers(struct keeper *k);

void exceptions_free(struct keeper *k)
{
    free_all(k->exceptions);
    forget_askers(k);
    k->exceptions = NULL;
}

size_t exceptions_count(const struct keeper *k)
{
    return k->exceptions != NULL ? k->exceptions->count : 0;
}

const struct exception *exceptions_at(const struct keeper *k, size_t i)
{
    return &k->exceptions->items[i];
}

const struct exception *exceptions_find(const struct keeper *k, uint64_t id)
{
    for (size_t i = 0; i < exceptions_count(k); i++) {
        if (exceptions_at(k, i)->row.id == id) {
            return exceptions_at(k, i);
        }
    }
    return NULL;
}

static bool is_open(const struct keeper *k, const struct exception *x)
{
    enum exception_state s = exception_state_of(k, x);
    return s == EXCEPTION_STATE_OPEN || s == EXCEPTION_STATE_EFFECTIVE;
}

const struct exception *exceptions_about(const struct keeper *k, const struct ch_exception_row *row)
{
    const struct exception *found = NULL;
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        if (is_open(k, x) && ch_str_eq(x->row.repository, row->repository) &&
            ch_str_eq(x->row.project, row->project) &&
            ch_str_eq(x->row.version_spec, row->version_spec) &&
            ch_str_eq(x->row.file_name, row->file_name)) {
            found = x; /* a renewal that is asked for comes after what it renews */
        }
    }
    return found;
}

bool exception_covers(const struct exception *x, const struct page *p, size_t file)
{
    struct ch_str version = ch_str_of(p->files[file].release.version);
    struct ch_err err;
    bool match = false;
    if (!ch_str_eq(x->row.repository, ch_str_of(p->repository)) ||
        !ch_str_eq(x->row.project, page_name(p))) {
        return false;
    }
    if (x->row.file_name.len > 0) {
        return ch_str_eq(x->row.file_name, p->facts.files[file].index.file_name);
    }
    return version.len > 0 &&
           p->eco->match_version(x->row.version_spec, version, &match, &err) == CH_OK && match;
}

static void put_approvers(struct ch_buf *b, const struct exception_step *steps, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = steps[i].event != EXCEPTION_APPROVED;
        for (size_t j = 0; j < i && !again; j++) {
            again = steps[j].event == EXCEPTION_APPROVED && ch_str_eq(steps[i].by, steps[j].by);
        }
        if (!again) {
            ch_buf_puts(b, n++ > 0 ? CH_STR(", ") : CH_STR(""));
            ch_buf_put_escaped(b, steps[i].by);
        }
    }
}

void exception_put_approvers(struct ch_buf *b, const struct exception *x)
{
    put_approvers(b, x->steps, x->step_count);
}

/* ------------------------------------------------------------------ acts */

/* The end of an act: what it has changed is read anew. */
static enum ch_code end(struct keeper *k, enum ch_code begun, enum ch_code rc, struct ch_err *err)
{
    struct ch_err unread;
    rc = audit_act_end(k, begun, rc, err);
    if (rc == CH_OK && exceptions_load(k, &unread) != CH_OK) {
        keeper_log("store", "error=\"%s\"", unread.msg); /* it has happened all the same */
    }
    return rc;
}

static enum ch_code add_step(struct keeper *k, const struct ch_exception_row *of,
                             const struct exception_step *step, struct ch_str reason,
                             struct ch_str rulings, struct ch_str address, struct ch_err *err)
{
    struct ch_exception_step_row row = {.exception = of->id,
                                        .event = step->event,
                                        .by = step->by,
                                        .alone = step->alone,
                                        .reason = reason,
                                        .bytes = step->shown.bytes,
                                        .evidence = step->shown.evidence,
                                        .policy = step->shown.policy,
                                        .at_us = step->at_us,
                                        .expires_at_us = step->expires_at_us};
    enum ch_code rc = ch_store_add_exception_step(k->store, &row, &row.id, err);
    if (rc == CH_OK && (rc = audit_exception(k, of, &row, rulings, address, err)) != CH_OK &&
        step->event == EXCEPTION_REVOKED) { /* away from ALLOW nothing waits for the log (T4) */
        keeper_log("audit", "exception=%llu error=\"%s\"", (unsigned long long)of->id, err->msg);
        rc = CH_OK;
    }
    return rc;
}

static const struct ch_str none = {NULL, 0};

static struct exception_step first_step(const struct ch_exception_row *row,
                                        const struct exception_shown *shown)
{
    return (struct exception_step){.event = EXCEPTION_REQUESTED,
                                   .by = row->requester,
                                   .shown = *shown,
                                   .at_us = row->at_us,
                                   .expires_at_us = row->expires_at_us};
}

static enum ch_code add_request(struct keeper *k, struct ch_exception_row *row,
                                const struct exception_shown *shown, struct ch_err *err)
{
    struct exception_step step = first_step(row, shown);
    enum ch_code rc = ch_store_add_exception(k->store, row, &row->id, err);
    return rc == CH_OK ? add_step(k, row, &step, row->reason, none, row->address, err) : rc;
}

/* ------------------------------------------------------------------ asking */

struct asker { /* a token bucket */
    uint64_t milli_tokens;
    uint64_t at_ms;
};

static void forget_askers(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->asking != NULL && ch_map_next(k->asking, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->asking);
    k->asking = NULL;
}

bool exceptions_may_ask(struct keeper *k, struct ch_str address)
{
    uint64_t now = ch_loop_now_ms(k->child.loop), full = ch_limits.exception_asks_burst * 1000;
    if (k->asking != NULL && ch_map_count(k->asking) >= ch_limits.budget_clients) {
        forget_askers(k); /* everybody starts anew: what is open is bounded all the same */
    }
    k->asking = k->asking != NULL ? k->asking : ch_map_new();
    struct asker *a = ch_map_get(k->asking, address);
    if (a == NULL) {
        a = ch_calloc(1, sizeof(*a));
        *a = (struct asker){full, now};
        ch_map_set(k->asking, address, a);
    }
    uint64_t gained = (now - a->at_ms) * 1000 / ch_limits.exception_asks_ms;
    if (gained > 0) { /* less than a thousandth is not lost */
        a->at_ms = now;
        a->milli_tokens = a->milli_tokens + gained > full ? full : a->milli_tokens + gained;
    }
    if (a->milli_tokens < 1000) {
        return false;
    }
    a->milli_tokens -= 1000;
    return true;
}

static size_t open_by(const struct keeper *k, struct ch_str who)
{
    size_t n = 0;
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        n += exception_state_of(k, x) == EXCEPTION_STATE_OPEN &&
             (who.len == 0 || ch_str_eq(x->row.requester, who));
    }
    return n;
}

static enum ch_code check_room(const struct keeper *k, struct ch_str who, struct ch_err *err)
{
    if (open_by(k, who) >= ch_limits.exceptions_of_one ||
        open_by(k, none) >= ch_limits.exceptions_open) {
        return ch_fail(err, CH_E_LIMIT,
                       "too many exceptions are asked for already and wait for an answer");
    }
    return CH_OK;
}

enum ch_code exceptions_ask(struct keeper *k, struct ch_exception_row *row,
                            const struct exception_shown *shown, struct ch_err *err)
{
    enum ch_code rc = check_room(k, row->requester, err);
    if (rc != CH_OK) {
        return rc;
    }
    enum ch_code begun = audit_act(k, err);
    rc = begun == CH_OK ? add_request(k, row, shown, err) : begun;
    return end(k, begun, rc, err);
}

enum ch_code exceptions_join(struct keeper *k, uint64_t id, struct ch_str who, struct ch_str address,
                             struct ch_str reason, struct ch_err *err)
{
    const struct exception *x = exceptions_find(k, id);
    struct exception_step step = {.event = EXCEPTION_JOINED,
                                  .by = who,
                                  .at_us = keeper_now_us(k),
                                  .expires_at_us = CH_TIME_UNKNOWN};
    size_t asked = 0;
    if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open", (unsigned long long)id);
    }
    for (size_t i = 0; i < x->step_count; i++) {
        bool asks = x->steps[i].event == EXCEPTION_REQUESTED || x->steps[i].event == EXCEPTION_JOINED;
        if (asks && ch_str_eq(x->steps[i].by, who)) {
            return CH_OK;
        }
        asked += asks;
    }
    if (asked >= ch_limits.exception_askers) {
        return ch_fail(err, CH_E_LIMIT, "as many have asked for exception %llu as are noted",
                       (unsigned long long)id);
    }
    enum ch_code rc = exception_may(x->steps, x->step_count, &step, err);
    if (rc != CH_OK) {
        return rc;
    }
    enum ch_code begun = audit_act(k, err);
    rc = begun == CH_OK ? add_step(k, &x->row, &step, reason, none, address, err) : begun;
    return end(k, begun, rc, err);
}

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
        rc = rc == CH_OK ? audit_ruling_end(k, x->rulings[i], by, ch_str_of(why), now, err)
             : rc == CH_E_EXISTS ? CH_OK /* with the name that was given away */
                                 : rc;
    }
    return rc;
}

/* The one that the new one renews has done its work: both in one group, so nothing is held between. */
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
    return rc == CH_OK ? add_step(k, &x->row, &step, none, none, none, err) : rc;
}

static enum ch_code put_in_force(struct keeper *k, struct approval *a,
                                 const struct ch_exception_row *of, const struct exception_step *step,
                                 struct ch_err *err)
{
    struct ch_buf numbers;
    ch_buf_init(&numbers, 32u << 10);
    enum ch_code rc = add_rulings(k, a, of->id, &numbers, err);
    rc = rc == CH_OK ? add_step(k, of, step, none, ch_buf_str(&numbers), none, err) : rc;
    rc = rc == CH_OK && of->renews != 0 ? end_renewed(k, of->renews, step, err) : rc;
    ch_buf_done(&numbers);
    return rc;
}

/* Whether a former approval still is one: of what is there now, by somebody who may approve to this day. */
static bool still_approves(struct keeper *k, const struct ch_exception_row *of,
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
    struct principal who = people_named(k->people, ch_str_sub(person, 5, person.len)); /* user:NAME */
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
        if (steps[i].event != EXCEPTION_APPROVED || still_approves(k, of, &steps[i], &next->shown)) {
            all[n++] = steps[i];
        }
    }
    all[n++] = *next;
    *ret_count = n;
    return all;
}

static void fill_rulings(struct approval *a, const struct exception_step *steps, size_t count,
                         int64_t end_us, struct ch_buf *by)
{
    put_approvers(by, steps, count);
    for (size_t i = 0; i < a->ruling_count; i++) {
        a->rulings[i].by = ch_buf_str(by);
        a->rulings[i].expires_at_us = end_us;
    }
}

static enum ch_code store_approval(struct keeper *k, struct approval *a,
                                   const struct ch_exception_row *of, const struct exception_step *all,
                                   size_t count, struct ch_err *err)
{
    const struct exception_step *step = &all[count - 1];
    struct ch_exception_row row = *of;
    struct ch_buf by;
    ch_buf_init(&by, 64u << 10);
    enum ch_code begun = audit_act(k, err), rc = begun;
    if (rc == CH_OK && a->request != NULL) {
        rc = add_request(k, a->request, &a->shown, err);
        row.id = a->request->id;
    }
    rc = rc == CH_OK ? add_step(k, &row, step, a->reason, none, none, err) : rc;
    if (rc == CH_OK && a->in_force) {
        struct exception_step force = *step;
        force.event = EXCEPTION_IN_FORCE;
        force.expires_at_us = exception_agreed_end(all, count, &a->shown);
        fill_rulings(a, all, count, force.expires_at_us, &by);
        rc = put_in_force(k, a, &row, &force, err);
        a->expires_at_us = force.expires_at_us;
    }
    rc = end(k, begun, rc, err); /* `of` is gone from here on */
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
        asked = first_step(a->request, &a->shown);
    } else if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open",
                       (unsigned long long)a->exception);
    }
    const struct exception_step *steps = a->request != NULL ? &asked : x->steps;
    size_t count = a->request != NULL ? 1 : x->step_count;
    const struct ch_exception_row *of = a->request != NULL ? a->request : &x->row;
    enum ch_code rc = exception_may(steps, count, &step, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct exception_step *all = with(k, of, steps, count, &step, &count);
    a->in_force = exception_is_approved(all, count, &a->shown, a->needed);
    size_t have = exception_approvals(all, count, &a->shown);
    a->missing = a->in_force || have >= a->needed ? 0 : a->needed - have;
    rc = store_approval(k, a, of, all, count, err);
    free(all);
    if (rc == CH_OK && a->in_force) {
        rc = rulings_load(k, err);
        keeper_raise_epoch(k); /* listings change, too */
    }
    return rc;
}

/* ------------------------------------------------------------------ ending */

static enum ch_code close_one(struct keeper *k, const struct exception *x,
                              const struct exception_step *step, struct ch_str reason,
                              struct ch_err *err)
{
    enum ch_code begun = audit_act(k, err), rc = begun;
    if (rc == CH_OK && step->event == EXCEPTION_REVOKED) {
        rc = end_rulings(k, x, step->by, "revoked", err);
    }
    rc = rc == CH_OK ? add_step(k, &x->row, step, reason, none, none, err) : rc;
    return end(k, begun, rc, err);
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
        rulings_take_back(k, x->row.project, x->rulings, x->ruling_count);
        x = exceptions_find(k, id);
        CH_ASSERT(x != NULL);
    }
    return close_one(k, x, &step, reason, err);
}

/* Its time has come, or all that it lets pass by has been ended otherwise. */
static bool is_over(const struct keeper *k, const struct exception *x)
{
    enum exception_state s = exception_state_of(k, x);
    bool stands = s != EXCEPTION_STATE_EFFECTIVE || x->ruling_count == 0;
    for (size_t i = 0; i < x->ruling_count && !stands; i++) {
        stands = rulings_stands(k, x->rulings[i]);
    }
    return s == EXCEPTION_STATE_ENDED || !stands;
}

void exceptions_settle(struct keeper *k)
{
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        struct exception_step step = {.event = EXCEPTION_ENDED,
                                      .by = by_time,
                                      .at_us = keeper_now_us(k),
                                      .expires_at_us = CH_TIME_UNKNOWN};
        struct ch_err err;
        size_t before = exceptions_count(k);
        if (!is_over(k, x) || exception_may(x->steps, x->step_count, &step, &err) != CH_OK) {
            continue;
        }
        if (close_one(k, x, &step, none, &err) != CH_OK) {
            keeper_log("exceptions", "error=\"%s\"", err.msg); /* the next tick tries again */
            return;
        }
        i -= exceptions_count(k) < before; /* loaded anew, without it */
    }
}
