#include "policy_proposals.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/people_logged.h"
#include "policies.h"

#define DAY_US (86400 * 1000000LL)

static const struct place site = {{NULL, 0}, {NULL, 0}};

/* Rows as they were in one reading: what is done about them writes to the store. */
struct open {
    struct one {
        struct ch_policy_proposal_row row;
        char by[PRINCIPAL_MAX];
    } list[POLICY_PROPOSALS_MAX];
    size_t count;
};

static void keep_one(void *ctx, const struct ch_policy_proposal_row *row)
{
    struct open *open = ctx;
    if (open->count < POLICY_PROPOSALS_MAX) {
        struct one *o = &open->list[open->count++];
        o->row = *row;
        snprintf(o->by, sizeof(o->by), "%.*s", CH_STR_ARG(row->by));
        o->row.by = ch_str_of(o->by);
        o->row.reason = (struct ch_str){NULL, 0};
    }
}

static enum ch_code read_open(struct keeper *k, struct open *ret, struct ch_err *err)
{
    ret->count = 0;
    return ch_store_policy_proposals(k->store, keep_one, ret, err);
}

/* How it has ended by now; NULL: it stands. */
static const char *end_of(const struct keeper *k, const struct ch_policy_proposal_row *row)
{
    struct ch_sha256 now = ch_policy_digest(k->policy);
    int64_t age = keeper_now_us(k) - row->at_us;
    return ch_sha256_eq(&row->policy, &now) ? "set"
           /* nor does it count again when that comes back */
           : !ch_sha256_eq(&row->base, &now) || k->policies->newest.at_us > row->at_us ? "overtaken"
           : age < 0 || age > POLICY_PROPOSAL_DAYS * DAY_US                            ? "too old"
                                                                                       : NULL;
}

static bool counts(struct keeper *k, const struct ch_policy_proposal_row *row)
{
    struct principal who =
        people_named(k->people, ch_str_sub(row->by, sizeof("user:") - 1, row->by.len));
    return end_of(k, row) == NULL && policy_proposal_is_logged(k, row) &&
           who.kind == PRINCIPAL_USER && people_may(k->people, &who, ACTION_POLICY_WRITE, &site);
}

static enum ch_code store_end(struct keeper *k, uint64_t id, const char *how, struct ch_str by,
                              struct ch_err *err)
{
    int64_t now = keeper_now_us(k);
    enum ch_code rc = ch_store_end_policy_proposal(k->store, id, ch_str_of(how), by, now, err);
    return rc == CH_OK ? audit_policy_proposal_end(k, id, how, by, now, err) : rc;
}

enum ch_code policy_propose(struct keeper *k, const struct ch_sha256 *digest, struct ch_str bundle,
                            struct ch_str by, struct ch_str reason, uint64_t *ret_id,
                            struct ch_err *err)
{
    struct open open;
    char hex[CH_SHA256_HEX + 1];
    struct ch_policy_proposal_row row = {.policy = *digest,
                                         .base = ch_policy_digest(k->policy),
                                         .by = by,
                                         .reason = reason,
                                         .at_us = keeper_now_us(k)};
    if (ch_sha256_eq(&row.policy, &row.base)) {
        return ch_fail(err, CH_E_EXISTS, "this policy is in force already");
    }
    enum ch_code rc = read_open(k, &open, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (open.count == POLICY_PROPOSALS_MAX) {
        return ch_fail(err, CH_E_LIMIT, "%d proposals are open already: withdraw one",
                       POLICY_PROPOSALS_MAX);
    }
    enum ch_code begun = audit_act(k, err);
    rc = begun;
    for (size_t i = 0; rc == CH_OK && i < open.count; i++) {
        rc = ch_str_eq(open.list[i].row.by, by)
                 ? store_end(k, open.list[i].row.id, "said again", by, err)
                 : CH_OK;
    }
    rc = rc == CH_OK ? ch_store_add_policy_proposal(k->store, &row, bundle, &row.id, err) : rc;
    rc = rc == CH_OK ? audit_policy_proposal(k, &row, err) : rc;
    rc = audit_act_end(k, begun, rc, err);
    if (rc == CH_OK) {
        ch_sha256_hex(digest, hex);
        keeper_log("policy", "proposal=%llu sha256=%.16s by=%.*s", (unsigned long long)row.id, hex,
                   CH_STR_ARG(by));
        *ret_id = row.id;
    }
    return rc;
}

enum ch_code policy_proposal_withdraw(struct keeper *k, uint64_t id, struct ch_str by,
                                      struct ch_err *err)
{
    struct open open;
    enum ch_code rc = read_open(k, &open, err);
    for (size_t i = 0; rc == CH_OK && i < open.count; i++) {
        if (open.list[i].row.id == id && end_of(k, &open.list[i].row) == NULL) {
            enum ch_code begun = audit_act(k, err);
            rc = begun == CH_OK ? store_end(k, id, "withdrawn", by, err) : begun;
            return audit_act_end(k, begun, rc, err);
        }
    }
    return rc == CH_OK ? ch_fail(err, CH_E_NOT_FOUND,
                                 "proposal %llu is none that is open "
                                 "(customhouse policy proposals)",
                                 (unsigned long long)id)
                       : rc;
}

struct counting {
    struct keeper *k;
    ch_store_policy_proposal_fn *each;
    void *ctx;
};

static void if_it_counts(void *ctx, const struct ch_policy_proposal_row *row)
{
    struct counting *c = ctx;
    if (counts(c->k, row)) {
        c->each(c->ctx, row);
    }
}

enum ch_code policy_proposals_each(struct keeper *k, ch_store_policy_proposal_fn *each, void *ctx,
                                   struct ch_err *err)
{
    struct counting c = {.k = k, .each = each, .ctx = ctx};
    return ch_store_policy_proposals(k->store, if_it_counts, &c, err);
}

static void count_one(void *ctx, const struct ch_policy_proposal_row *row)
{
    (void)row;
    (*(size_t *)ctx)++;
}

size_t policy_proposals_count(struct keeper *k)
{
    size_t n = 0;
    struct ch_err err;
    CH_IGNORE(policy_proposals_each(k, count_one, &n, &err) != CH_OK);
    return n;
}

/* ------------------------------------------------------------------ who has agreed */

struct consenting {
    const struct ch_sha256 *digest;
    const struct principal *who;
    struct policy_consent *ret;
    struct ch_buf by;
};

static void add_consent(void *ctx, const struct ch_policy_proposal_row *row)
{
    struct consenting *c = ctx;
    if (!ch_sha256_eq(&row->policy, c->digest) || ch_str_eq(row->by, ch_str_of(c->who->text))) {
        return; /* nobody's word counts twice (T22) */
    }
    if (c->ret->persons++ == 0) {
        snprintf(c->ret->reason, sizeof(c->ret->reason), "%.*s", CH_STR_ARG(row->reason));
    }
    ch_buf_printf(&c->by, "%s%.*s", c->by.len > 0 ? ", " : "", CH_STR_ARG(row->by));
}

static size_t needed(const struct keeper *k)
{
    bool always = false;
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        always = always ||
                 ch_policy_exception_terms(k->policy, ch_str_of(r->name), ch_str_of(r->environment))
                         .two_approvers == CH_TWO_APPROVERS_ALWAYS;
    }
    return always && people_approvers_ever(k->people) > 1 ? 2 : 1;
}

struct policy_consent policy_consent(struct keeper *k, const struct ch_sha256 *digest,
                                     const struct principal *who)
{
    struct policy_consent ret = {.needed = needed(k)};
    struct consenting c = {.digest = digest, .who = who, .ret = &ret};
    struct ch_err err;
    ch_buf_init(&c.by, sizeof(ret.by) - 1);
    if (policy_proposals_each(k, add_consent, &c, &err) != CH_OK) {
        keeper_log("store", "proposals=unread error=\"%s\"", err.msg);
        ret.persons = 0;
    }
    snprintf(ret.by, sizeof(ret.by), "%.*s", CH_STR_ARG(ch_buf_str(&c.by)));
    ch_buf_done(&c.by);
    /* a local peer is nobody among persons, but may alone while there are none */
    bool may = people_may(k->people, who, ACTION_POLICY_WRITE, &site);
    ret.persons += may && (who->kind == PRINCIPAL_USER || ret.needed == 1);
    return ret;
}

/* ------------------------------------------------------------------ their end */

void policy_proposals_tick(struct keeper *k)
{
    const struct ch_str nobody = {NULL, 0};
    struct open open;
    struct ch_err err;
    if (read_open(k, &open, &err) != CH_OK) {
        return; /* the next tick tries again */
    }
    for (size_t i = 0; i < open.count; i++) {
        const char *how = end_of(k, &open.list[i].row);
        if (how == NULL) {
            continue;
        }
        enum ch_code begun = audit_act(k, &err);
        enum ch_code rc =
            begun == CH_OK ? store_end(k, open.list[i].row.id, how, nobody, &err) : begun;
        if (audit_act_end(k, begun, rc, &err) != CH_OK) {
            keeper_log("store", "proposal=unrecorded error=\"%s\"", err.msg);
            return; /* it counts no more, and is tried again */
        }
    }
}
