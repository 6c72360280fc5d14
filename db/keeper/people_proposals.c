#include "people_proposals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

#define PROPOSALS_MAX 64 /* the oldest goes */
#define HOUR_US       (3600 * 1000000LL)

struct people_proposal {
    struct people_proposal *next;
    struct ch_sha256 what;
    char by[PRINCIPAL_MAX];
    int64_t at_us;
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

static void drop(struct people_proposal **at)
{
    struct people_proposal *p = *at;
    *at = p->next;
    free(p);
}

/* Those that are too old go, and the last of too many: they stand with the newest first. */
static void drop_old(struct keeper *k)
{
    int64_t now = keeper_now_us(k);
    size_t n = 0;
    for (struct people_proposal **at = &k->people_proposals; *at != NULL;) {
        int64_t age = now - (*at)->at_us;
        if (age < 0 || age > PEOPLE_PROPOSAL_HOURS * HOUR_US || ++n > PROPOSALS_MAX) {
            drop(at);
        } else {
            at = &(*at)->next;
        }
    }
}

bool people_agree(struct keeper *k, const struct people_change *change, const struct principal *who,
                  char ret_other[PRINCIPAL_MAX])
{
    struct ch_sha256 what = digest_of(k->people, change);
    struct people_proposal **own = NULL;
    drop_old(k);
    for (struct people_proposal **at = &k->people_proposals; *at != NULL; at = &(*at)->next) {
        if (!ch_sha256_eq(&(*at)->what, &what)) {
            continue;
        }
        if (strcmp((*at)->by, who->text) == 0) {
            own = at;
        } else if (may_still(k, *at, change)) {
            snprintf(ret_other, PRINCIPAL_MAX, "%s", (*at)->by);
            drop(at);
            return true;
        }
    }
    if (own != NULL) {
        drop(own);
    }
    struct people_proposal *p = ch_calloc(1, sizeof(*p));
    *p = (struct people_proposal){
        .next = k->people_proposals, .what = what, .at_us = keeper_now_us(k)};
    snprintf(p->by, sizeof(p->by), "%s", who->text);
    k->people_proposals = p;
    return false;
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
