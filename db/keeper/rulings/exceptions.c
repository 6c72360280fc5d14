#include "exceptions.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "altered.h"
#include "exceptions_int.h"
#include "rulings.h"

#define HOUR_US INT64_C(3600000000)

struct exceptions {
    struct exception *items;
    size_t count;
};

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
    x->step_ids = ch_realloc_array(x->step_ids, x->step_count + 1, sizeof(*x->step_ids));
    x->step_ids[x->step_count] = row->id;
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
    rc = rc == CH_OK ? ch_store_exception_rulings(k->store, x->row.id, one_ruling, x, err) : rc;
    return rc == CH_OK ? exception_check(k, x, err) : rc;
}

void exception_done(struct exception *x)
{
    for (size_t i = 0; i < x->text_count; i++) {
        free(x->texts[i]);
    }
    free(x->texts);
    free(x->steps);
    free(x->reasons);
    free(x->step_ids);
    free(x->rulings);
    *x = (struct exception){.step_count = 0};
}

enum ch_code exception_read(struct keeper *k, uint64_t id, struct exception *ret,
                            struct ch_err *err)
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

static void say_altered(const struct keeper *k, const struct exceptions *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct exception *x = &e->items[i];
        const struct exception *was = k->exceptions != NULL ? exceptions_find(k, x->row.id) : NULL;
        if (x->altered != NULL && (was == NULL || was->altered != x->altered)) {
            keeper_log("exceptions", "exception=%llu taken=0 error=\"%s\"",
                       (unsigned long long)x->row.id, x->altered);
        }
    }
}

/* What cannot be read is not there: nobody can approve it, and what is in force is in its rulings.
 */
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
    size_t altered = k->exceptions != NULL ? exceptions_altered(k) : SIZE_MAX;
    say_altered(k, e);
    free_all(k->exceptions);
    k->exceptions = e;
    if (exceptions_altered(k) > altered) { /* beside the running service */
        altered_tell(k);
    }
    return rc;
}

void exceptions_free(struct keeper *k)
{
    free_all(k->exceptions);
    exceptions_forget_askers(k);
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

bool exception_ends_at(const struct exception *x, int64_t end_us)
{
    return end_us > x->row.expires_at_us - HOUR_US && end_us < x->row.expires_at_us + HOUR_US;
}

const struct exception *exceptions_about(const struct keeper *k, const struct ch_exception_row *row)
{
    const struct exception *found = NULL;
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        if (x->altered == NULL && is_open(k, x) && ch_str_eq(x->row.repository, row->repository) &&
            ch_str_eq(x->row.project, row->project) &&
            ch_str_eq(x->row.version_spec, row->version_spec) &&
            ch_str_eq(x->row.file_name, row->file_name)) {
            found = x; /* a renewal that is asked for comes after what it renews */
        }
    }
    return found;
}

void exception_place(const struct ch_exception_row *row, struct ch_str *ret_page,
                     struct ch_str *ret_project)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(row->ecosystem);
    size_t at;
    *ret_page = (struct ch_str){NULL, 0};
    *ret_project = row->project;
    if (eco != NULL && eco->is_page != NULL && row->file_name.len == 0 &&
        ch_str_find_char(row->project, '/', &at) && eco->is_page(ch_str_sub(row->project, 0, at))) {
        *ret_page = ch_str_sub(row->project, 0, at);
        *ret_project = ch_str_sub(row->project, at + 1, row->project.len);
    }
}

bool exception_covers(const struct exception *x, const struct page *p, size_t file)
{
    struct ch_str version = ch_str_of(p->files[file].release.version);
    struct ch_err err;
    bool match = false;
    struct ch_str page, project;
    exception_place(&x->row, &page, &project);
    if (!ch_str_eq(x->row.repository, ch_str_of(p->repository)) ||
        (page.len > 0 && !ch_str_eq(page, page_name(p))) ||
        !(ch_str_eq(project, page_project(p, file)) ||
          (x->row.file_name.len > 0 && ch_str_eq(project, page_name(p))))) {
        return false;
    }
    if (x->row.file_name.len > 0) {
        return ch_str_eq(x->row.file_name, p->facts.files[file].index.file_name);
    }
    return version.len > 0 &&
           p->eco->match_version(x->row.version_spec, version, &match, &err) == CH_OK && match;
}

void exceptions_put_approvers(struct ch_buf *b, const struct exception_step *steps, size_t count)
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

static size_t came_into_force(const struct exception *x)
{
    size_t i = 0;
    while (i < x->step_count && x->steps[i].event != EXCEPTION_IN_FORCE) {
        i++;
    }
    return i;
}

void exception_put_approvers(struct keeper *k, struct ch_buf *b, const struct exception *x,
                             const struct exception_shown *now)
{
    size_t force = came_into_force(x), n = 0;
    bool was = force < x->step_count;
    struct ch_str by =
        was && x->ruling_count > 0 ? rulings_by(k, x->rulings[0]) : (struct ch_str){NULL, 0};
    if (by.len > 0) { /* put there with it, escaped then */
        ch_buf_puts(b, by);
        return;
    }
    now = was ? &x->steps[force].shown : now;
    struct exception_step *counting = ch_calloc(x->step_count + 1, sizeof(*counting));
    for (size_t i = 0; i < force; i++) {
        const struct exception_step *s = &x->steps[i];
        bool of_now = exception_differs(&s->shown, now) == NULL;
        if (s->event == EXCEPTION_APPROVED && of_now &&
            (was || exceptions_counts(k, &x->row, s, now))) {
            counting[n++] = *s;
        }
    }
    exceptions_put_approvers(b, counting, n);
    free(counting);
}

/* ------------------------------------------------------------------ acts */

enum ch_code exceptions_act_end(struct keeper *k, enum ch_code begun, enum ch_code rc,
                                struct ch_err *err)
{
    struct ch_err unread;
    rc = audit_act_end(k, begun, rc, err);
    if (rc == CH_OK && exceptions_load(k, &unread) != CH_OK) {
        keeper_log("store", "error=\"%s\"", unread.msg); /* it has happened all the same */
    }
    return rc;
}

enum ch_code exceptions_add_step(struct keeper *k, const struct ch_exception_row *of,
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

struct exception_step exceptions_first_step(const struct ch_exception_row *row,
                                            const struct exception_shown *shown)
{
    return (struct exception_step){.event = EXCEPTION_REQUESTED,
                                   .by = row->requester,
                                   .shown = *shown,
                                   .at_us = row->at_us,
                                   .expires_at_us = row->expires_at_us};
}

enum ch_code exceptions_add_request(struct keeper *k, struct ch_exception_row *row,
                                    const struct exception_shown *shown, struct ch_err *err)
{
    struct exception_step step = exceptions_first_step(row, shown);
    enum ch_code rc = ch_store_add_exception(k->store, row, &row->id, err);
    return rc == CH_OK ? exceptions_add_step(k, row, &step, row->reason, (struct ch_str){NULL, 0},
                                             row->address, err)
                       : rc;
}
