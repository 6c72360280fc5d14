#include "people_proposals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "people.h"
#include "people_logged.h"

#define PROPOSALS_MAX 64 /* the oldest goes */
#define HOUR_US       (3600 * 1000000LL)

struct people_proposal {
    struct people_proposal *next; /* an older one */
    uint64_t id;
    struct ch_sha256 what;
    char by[PRINCIPAL_MAX];
    int64_t at_us;
    const char *over; /* how it has ended; NULL: it stands. Until that is stored it is kept here */
};

struct agreed {
    const struct people_change *change;
    struct ch_map *about; /* the persons that it is about */
    struct ch_buf b;
};

/* All that says what a row gives; not who adds it, and when. */
static void put_change(struct agreed *a)
{
    for (size_t i = 0; i < a->change->row_count; i++) {
        const struct ch_people_row *r = &a->change->rows[i];
        const struct ch_str all[] = {r->person, r->full_name,  r->group,
                                     r->role,   r->repository, r->environment};
        ch_put_u8(&a->b, (uint8_t)r->kind);
        ch_put_u8(&a->b, r->service);
        ch_put_u32(&a->b, r->uid);
        for (size_t s = 0; s < CH_ARRAY_LEN(all); s++) {
            ch_put_str(&a->b, all[s]);
        }
        if (r->kind != CH_PEOPLE_GRANT) {
            ch_map_set(a->about, r->person, a);
        }
    }
}

static void note_member(void *ctx, const struct ch_people_row *row)
{
    struct agreed *a = ctx;
    bool stands = row->ended_at_us == CH_TIME_UNKNOWN && row->kind == CH_PEOPLE_MEMBER;
    for (size_t i = 0; stands && i < a->change->row_count; i++) {
        const struct ch_people_row *r = &a->change->rows[i];
        if (r->kind == CH_PEOPLE_GRANT && ch_str_eq(r->group, row->group)) {
            ch_map_set(a->about, row->person, a);
        }
    }
}

static void put_standing(void *ctx, const struct ch_people_row *row)
{
    struct agreed *a = ctx;
    bool about = row->kind == CH_PEOPLE_GRANT ||
                 (row->kind != CH_PEOPLE_PERSON && ch_map_get(a->about, row->person) != NULL);
    if (about && row->ended_at_us == CH_TIME_UNKNOWN) {
        ch_put_u64(&a->b, row->id);
    }
}

/* The change, and what it comes to as things stand: who is in the group, what groups give, and the
 * uids and tokens of each person that it is about. All of that is others' to change, and with
 * another uid or member it is something else that was agreed to (T22). */
static struct ch_sha256 digest_of(const struct people *people, const struct people_change *change)
{
    struct agreed a = {.change = change, .about = ch_map_new()};
    ch_buf_init(&a.b, 64u << 20);
    put_change(&a);
    people_each(people, note_member, &a);
    people_each(people, put_standing, &a);
    CH_ASSERT(!a.b.failed); /* cut, it would be the same for what is not the same */
    struct ch_sha256 digest = ch_sha256_of(a.b.ptr, a.b.len);
    ch_buf_done(&a.b);
    ch_map_free(a.about);
    return digest;
}

/* Who said it may have lost the right since. */
static bool may_still(const struct keeper *k, const struct people_proposal *p,
                      const struct people_change *change)
{
    struct ch_str name = ch_str_of(p->by);
    struct principal who = people_named(k->people, ch_str_sub(name, sizeof("user:") - 1, name.len));
    return who.kind == PRINCIPAL_USER && people_may_touch(k->people, &who, change);
}

/* ------------------------------------------------------------------ beginning and end */

static void drop(struct people_proposal **at)
{
    struct people_proposal *p = *at;
    *at = p->next;
    free(p);
}

static void remember(struct keeper *k, const struct ch_proposal_row *row)
{
    struct people_proposal *p = ch_calloc(1, sizeof(*p));
    *p = (struct people_proposal){
        .next = k->people_proposals, .id = row->id, .what = row->what, .at_us = row->at_us};
    snprintf(p->by, sizeof(p->by), "%.*s", CH_STR_ARG(row->by));
    k->people_proposals = p;
}

static void remember_one(void *ctx, const struct ch_proposal_row *row)
{
    if (people_proposal_is_logged(ctx, row)) {
        remember(ctx, row);
    }
}

enum ch_code people_proposals_open(struct keeper *k, struct ch_err *err)
{
    return ch_store_proposals(k->store, remember_one, k, err);
}

static enum ch_code store_end(struct keeper *k, uint64_t id, const char *how, struct ch_str by,
                              struct ch_err *err)
{
    int64_t now = keeper_now_us(k);
    enum ch_code rc = ch_store_end_proposal(k->store, id, ch_str_of(how), by, now, err);
    return rc == CH_OK ? audit_proposal_end(k, id, how, by, now, err) : rc;
}

enum ch_code people_agreed_end(struct keeper *k, uint64_t id, struct ch_str by, struct ch_err *err)
{
    return id == 0 ? CH_OK : store_end(k, id, "done", by, err);
}

void people_agreed_forget(struct keeper *k, uint64_t id)
{
    for (struct people_proposal **at = &k->people_proposals; *at != NULL; at = &(*at)->next) {
        if ((*at)->id == id) {
            drop(at);
            return;
        }
    }
}

/* Those that are too old have ended, and the last of too many: they stand with the newest first. */
static void end_old(struct keeper *k)
{
    int64_t now = keeper_now_us(k);
    size_t n = 0;
    for (struct people_proposal *p = k->people_proposals; p != NULL; p = p->next) {
        int64_t age = now - p->at_us;
        if (p->over != NULL) {
            continue;
        }
        if (age < 0 || age > PEOPLE_PROPOSAL_HOURS * HOUR_US) {
            p->over = "too old";
        } else if (++n > PROPOSALS_MAX) {
            p->over = "too many";
        }
    }
}

void people_proposals_tick(struct keeper *k)
{
    struct people_proposal **at = &k->people_proposals;
    end_old(k);
    while (*at != NULL) {
        struct ch_err err;
        const struct ch_str nobody = {NULL, 0};
        if ((*at)->over == NULL) {
            at = &(*at)->next;
            continue;
        }
        enum ch_code begun = audit_act(k, &err);
        enum ch_code rc =
            begun == CH_OK ? store_end(k, (*at)->id, (*at)->over, nobody, &err) : begun;
        if (audit_act_end(k, begun, rc, &err) != CH_OK) {
            keeper_log("store", "proposal=unrecorded error=\"%s\"", err.msg);
            return; /* it counts no more, and is tried again */
        }
        drop(at);
    }
}

/* ------------------------------------------------------------------ saying it */

static void put_words(struct ch_buf *b, const struct ch_people_row *r)
{
    switch (r->kind) {
    case CH_PEOPLE_PERSON:
        ch_buf_printf(b, "user %.*s", CH_STR_ARG(r->person));
        break;
    case CH_PEOPLE_UID:
        ch_buf_printf(b, "uid %u of %.*s", r->uid, CH_STR_ARG(r->person));
        break;
    case CH_PEOPLE_MEMBER:
        ch_buf_printf(b, "%.*s in group %.*s", CH_STR_ARG(r->person), CH_STR_ARG(r->group));
        break;
    case CH_PEOPLE_GRANT:
        ch_buf_printf(b, "group %.*s as %.*s", CH_STR_ARG(r->group), CH_STR_ARG(r->role));
        if (r->repository.len > 0 || r->environment.len > 0) {
            ch_buf_printf(b, " of %.*s%s%.*s", CH_STR_ARG(r->repository),
                          r->repository.len > 0 && r->environment.len > 0 ? " " : "",
                          CH_STR_ARG(r->environment));
        }
        break;
    case CH_PEOPLE_TOKEN: /* whose it is makes it alone */
        break;
    }
}

/* In the place of what the same person has said of it before. */
static enum ch_code note(struct keeper *k, const struct people_change *change,
                         struct ch_proposal_row *row, struct people_proposal **own,
                         struct ch_err *err)
{
    struct ch_buf words;
    ch_buf_init(&words, 1u << 20);
    for (size_t i = 0; i < change->row_count; i++) {
        ch_buf_puts(&words, i > 0 ? CH_STR(", ") : CH_STR(""));
        put_words(&words, &change->rows[i]);
    }
    row->change = ch_buf_str(&words);
    enum ch_code begun = audit_act(k, err), rc = begun;
    rc = rc == CH_OK && own != NULL ? store_end(k, (*own)->id, "said again", row->by, err) : rc;
    rc = rc == CH_OK ? ch_store_add_proposal(k->store, row, &row->id, err) : rc;
    rc = rc == CH_OK ? audit_proposal(k, row, err) : rc;
    rc = audit_act_end(k, begun, rc, err);
    ch_buf_done(&words);
    if (rc == CH_OK) {
        if (own != NULL) {
            drop(own);
        }
        remember(k, row);
    }
    return rc;
}

enum ch_code people_agree(struct keeper *k, const struct people_change *change,
                          const struct principal *who, struct people_agreed *ret,
                          struct ch_err *err)
{
    struct ch_proposal_row row = {.what = digest_of(k->people, change),
                                  .by = ch_str_of(who->text),
                                  .at_us = keeper_now_us(k)};
    struct people_proposal **own = NULL;
    *ret = (struct people_agreed){.id = 0};
    end_old(k);
    for (struct people_proposal **at = &k->people_proposals; *at != NULL; at = &(*at)->next) {
        if ((*at)->over != NULL || !ch_sha256_eq(&(*at)->what, &row.what)) {
            continue;
        }
        if (strcmp((*at)->by, who->text) == 0) {
            own = at;
        } else if (may_still(k, *at, change)) {
            ret->id = (*at)->id;
            snprintf(ret->other, sizeof(ret->other), "%s", (*at)->by);
            return CH_OK;
        }
    }
    enum ch_code rc = note(k, change, &row, own, err);
    return rc == CH_OK ? CH_E_NOT_FOUND : rc == CH_E_NOT_FOUND ? CH_E_SYSTEM : rc;
}

static bool never_two(const struct keeper *k, struct ch_str repository, struct ch_str environment)
{
    return ch_policy_exception_terms(k->policy, repository, environment).two_approvers ==
           CH_TWO_APPROVERS_NEVER;
}

size_t people_needed(const struct keeper *k, const struct people_change *change)
{
    const struct ch_str all = {NULL, 0};
    bool one = never_two(k, all, all);
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        one = one && never_two(k, ch_str_of(r->name), ch_str_of(r->environment));
    }
    return change->row_count == 0 || one || people_approvers_ever(k->people) < 2 ? 1 : 2;
}

void people_proposals_free(struct keeper *k)
{
    while (k->people_proposals != NULL) {
        drop(&k->people_proposals);
    }
}
