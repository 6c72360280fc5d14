#include "unsaved.h"

#include <stdlib.h>

struct unsaved {
    struct unsaved *next; /* a younger one */
    const struct unsaved_kind *kind;
    void *step;
};

static void tell(const struct keeper *k)
{
    atomic_store(&k->child.epoch->unsaved, (uint32_t)unsaved_count(k));
}

void unsaved_keep(struct keeper *k, const struct unsaved_kind *kind, void *step)
{
    struct unsaved **at = &k->unsaved;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = ch_calloc(1, sizeof(**at));
    **at = (struct unsaved){.kind = kind, .step = step};
    keeper_log("store", "unsaved=\"%s\"", kind->one);
    tell(k);
}

void unsaved_each(const struct keeper *k, const struct unsaved_kind *kind, unsaved_fn *each,
                  void *ctx)
{
    for (const struct unsaved *u = k->unsaved; u != NULL; u = u->next) {
        if (u->kind == kind) {
            each(ctx, u->step);
        }
    }
}

size_t unsaved_count(const struct keeper *k)
{
    size_t n = 0;
    for (const struct unsaved *u = k->unsaved; u != NULL; u = u->next) {
        n++;
    }
    return n;
}

/* Whether one before it is of the same kind. */
static bool is_after_its_kind(const struct keeper *k, const struct unsaved *one)
{
    const struct unsaved *u = k->unsaved;
    while (u != one && u->kind != one->kind) {
        u = u->next;
    }
    return u != one;
}

static void count_one(void *ctx, const void *step)
{
    size_t *n = ctx;
    (void)step;
    (*n)++;
}

void unsaved_put(const struct keeper *k, struct ch_buf *out)
{
    for (const struct unsaved *u = k->unsaved; u != NULL; u = u->next) {
        size_t n = 0;
        if (!is_after_its_kind(k, u)) {
            unsaved_each(k, u->kind, count_one, &n);
            ch_buf_printf(out, "%s%zu %s", u == k->unsaved ? "" : ", ", n,
                          n == 1 ? u->kind->one : u->kind->several);
        }
    }
}

static void free_one(struct unsaved *u)
{
    u->kind->free(u->step);
    free(u);
}

void unsaved_store(struct keeper *k)
{
    struct unsaved **at = &k->unsaved; /* all before it have failed */
    while (*at != NULL) {
        struct unsaved *u = *at;
        struct ch_err err;
        if (is_after_its_kind(k,
                              u)) { /* a step on the same may be before it: it comes after that */
            at = &u->next;
            continue;
        }
        *at = u->next; /* it is in no list meanwhile; the others are */
        enum ch_code rc = u->kind->store(k, u->step, &err);
        if (rc == CH_OK || rc == CH_E_EXISTS || rc == CH_E_NOT_FOUND || rc == CH_E_CONFLICT) {
            free_one(u);
            continue;
        }
        keeper_log("store", "unsaved=\"%s\" error=\"%s\"", u->kind->one, err.msg);
        u->next = *at;
        *at = u;
        at = &u->next;
    }
    tell(k);
}

void unsaved_free(struct keeper *k)
{
    while (k->unsaved != NULL) {
        struct unsaved *u = k->unsaved;
        k->unsaved = u->next;
        free_one(u);
    }
}
