#include "touch.h"

#include <stdio.h>
#include <stdlib.h>

#include "people_int.h"

static void copy_row(void *ctx, const struct ch_people_row *row)
{
    people_add(ctx, row);
}

/* What would be known after it. */
static struct people *after(const struct people *p, const struct people_change *change)
{
    struct people *then = people_new();
    people_each(p, copy_row, then);
    for (size_t i = 0; i < change->row_count; i++) {
        struct ch_people_row row = change->rows[i];
        row.ended_at_us = CH_TIME_UNKNOWN;
        people_add(then, &row);
    }
    people_settle(then);
    for (size_t i = 0; i < change->end_count; i++) {
        people_end(then, change->ends[i], 0);
    }
    return then;
}

/* One person that the change is about, as often as it is. */
typedef void touched_fn(void *ctx, struct ch_str person);

static void each_member(const struct people *p, struct ch_str group, touched_fn *each, void *ctx)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct ch_people_row *row = &p->rows[i]->row;
        if (people_stands_as(row, CH_PEOPLE_MEMBER) && ch_str_eq(row->group, group)) {
            each(ctx, row->person);
        }
    }
}

static void each_of_row(const struct people *p, const struct people *then,
                        const struct ch_people_row *row, touched_fn *each, void *ctx)
{
    if (row->kind != CH_PEOPLE_GRANT) {
        each(ctx, row->person);
        return;
    }
    each_member(p, row->group, each, ctx);
    each_member(then, row->group, each, ctx);
}

typedef void row_fn(void *ctx, const struct ch_people_row *row);

static void each_row(const struct people *p, const struct people_change *change, row_fn *each,
                     void *ctx)
{
    for (size_t i = 0; i < change->row_count; i++) {
        each(ctx, &change->rows[i]);
    }
    for (size_t i = 0; i < p->count; i++) {
        for (size_t e = 0; e < change->end_count; e++) {
            if (p->rows[i]->row.id == change->ends[e]) {
                each(ctx, &p->rows[i]->row);
            }
        }
    }
}

/* A person's grants that let them approve, as they stand: fn once for each; T22: a service account
 * has none. */
typedef void approves_fn(void *ctx, const struct grant *grant);

static size_t each_approval(const struct people *p, struct ch_str person, approves_fn *each,
                            void *ctx)
{
    const struct held *h = ch_map_get(p->by_name, person);
    size_t n = 0;
    for (size_t i = 0; h != NULL && !h->row->service && i < h->count; i++) {
        if ((role_actions(h->grants[i].role) & (uint32_t)1 << ACTION_EXCEPTION_APPROVE) != 0) {
            n++;
            if (each != NULL) {
                each(ctx, &h->grants[i]);
            }
        }
    }
    return n;
}

struct looking {
    const struct people *now, *then;
    const struct principal *who;
    bool approver; /* the row is about one */
    bool may;
    struct people_touch touch;
};

static void look_at_person(void *ctx, struct ch_str person)
{
    struct looking *l = ctx;
    if (each_approval(l->now, person, NULL, NULL) + each_approval(l->then, person, NULL, NULL) >
        0) {
        if (!l->touch.approver) {
            snprintf(l->touch.who, sizeof(l->touch.who), "%.*s", CH_STR_ARG(person));
        }
        l->approver = l->touch.approver = true;
    }
}

static void look_at_row(void *ctx, const struct ch_people_row *row)
{
    struct looking *l = ctx;
    l->approver = false;
    each_of_row(l->now, l->then, row, look_at_person, l);
    l->touch.others = l->touch.others || !l->approver;
}

struct people_touch people_touched(const struct people *p, const struct people_change *change)
{
    struct people *then = after(p, change);
    struct looking l = {.now = p, .then = then};
    each_row(p, change, look_at_row, &l);
    people_free(then);
    return l.touch;
}

static void ask_grant(void *ctx, const struct grant *grant)
{
    struct looking *l = ctx;
    const struct place at = {grant->repository, grant->environment};
    l->may = l->may && people_may(l->now, l->who, ACTION_EXCEPTION_APPROVE, &at);
}

static void ask_person(void *ctx, struct ch_str person)
{
    struct looking *l = ctx;
    each_approval(l->now, person, ask_grant, l);
    each_approval(l->then, person, ask_grant, l);
}

static void ask_row(void *ctx, const struct ch_people_row *row)
{
    struct looking *l = ctx;
    each_of_row(l->now, l->then, row, ask_person, l);
}

bool people_may_touch(const struct people *p, const struct principal *who,
                      const struct people_change *change)
{
    struct people *then = after(p, change);
    struct looking l = {.now = p, .then = then, .who = who, .may = true};
    each_row(p, change, ask_row, &l);
    people_free(then);
    return l.may;
}
