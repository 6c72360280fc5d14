/* Which policy is in force since when: recorded whenever another one is, whoever brought it about
 * (a start on an edited file, SIGHUP, `policy set`). Decisions name it by digest; the store keeps
 * its text. */
#include "policies.h"

#include "db/keeper/audit/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "policy_proposals.h"

#define OFFER_US (60 * 1000000LL) /* a person's word counts for what comes within this time */

static void keep_newest(void *ctx, const struct ch_policy_row *row)
{
    struct policies *p = ctx;
    ch_buf_clear(&p->strings);
    p->newest = *row;
    ch_buf_puts(&p->strings, row->by);
    ch_buf_puts(&p->strings, row->reason);
    p->newest.by = (struct ch_str){p->strings.ptr, row->by.len};
    p->newest.reason = (struct ch_str){p->strings.ptr + row->by.len, row->reason.len};
}

static enum ch_code read_newest(struct keeper *k, struct ch_err *err)
{
    k->policies->newest = (struct ch_policy_row){.at_us = CH_TIME_UNKNOWN};
    return ch_store_policies(k->store, 1, keep_newest, k->policies, err);
}

/* With its entry, or not at all: the next tick tries again. */
static enum ch_code add(struct keeper *k, const struct ch_policy_row *row, struct ch_err *err)
{
    struct policies *p = k->policies;
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_add_policy(k->store, row, ch_buf_str(&p->bundle), err);
    rc = rc == CH_OK ? read_newest(k, err) : rc;
    rc = rc == CH_OK ? audit_policy(k, &p->newest, err) : rc;
    rc = audit_step_end(k, rc, err);
    if (rc != CH_OK) {
        CH_IGNORE(read_newest(k, NULL) != CH_OK);
    }
    return rc;
}

/* In the open group of writes. */
static void record(struct keeper *k)
{
    struct policies *p = k->policies;
    struct ch_sha256 digest = ch_policy_digest(k->policy);
    struct ch_err err;
    enum ch_code rc = read_newest(k, &err);
    if (rc == CH_OK && ch_sha256_eq(&p->newest.digest, &digest)) {
        return;
    }
    int64_t now = keeper_now_us(k);
    bool offered = ch_sha256_eq(&p->offered, &digest) && now - p->offered_at_us < OFFER_US &&
                   now >= p->offered_at_us;
    struct ch_policy_row row = {.digest = digest,
                                .by = ch_str_of(offered ? p->by : p->event),
                                .reason = ch_str_of(offered ? p->reason : NULL),
                                .at_us = now};
    rc = rc == CH_OK ? add(k, &row, &err) : rc;
    if (rc != CH_OK) {
        keeper_log("store", "policy=unrecorded error=\"%s\"", err.msg);
        return;
    }
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&digest, hex);
    keeper_log("policy", "sha256=%.16s by=%s number=%llu", hex, offered ? p->by : p->event,
               (unsigned long long)p->newest.id);
}

static void record_in_group(struct keeper *k)
{
    struct ch_err err;
    if (keeper_write(k, &err) == CH_OK) {
        record(k);
    } else {
        keeper_log("store", "policy=unrecorded error=\"%s\"", err.msg);
    }
}

void policies_open(struct keeper *k, struct ch_str bundle)
{
    struct policies *p = ch_calloc(1, sizeof(*p));
    k->policies = p;
    ch_buf_init(&p->bundle, (size_t)ch_limits.setup_text_bytes);
    ch_buf_init(&p->strings, 64u << 10);
    CH_ASSERT(ch_buf_reserve(&p->strings, 4096) != NULL); /* slices do not move */
    ch_buf_puts(&p->bundle, bundle);
    snprintf(p->event, sizeof(p->event), "start");
    record_in_group(k);
}

void policies_free(struct keeper *k)
{
    if (k->policies != NULL) {
        while (k->policies->waiters != NULL) {
            struct waiter *w = k->policies->waiters;
            k->policies->waiters = w->next;
            ask_free_waiter(w);
        }
        ch_buf_done(&k->policies->bundle);
        ch_buf_done(&k->policies->strings);
        free(k->policies);
        k->policies = NULL;
    }
}

static void wake(struct keeper *k)
{
    struct waiter *w = k->policies->waiters;
    k->policies->waiters = NULL;
    while (w != NULL) {
        struct waiter *next = w->next;
        ask_go_on(k, NULL, w);
        w = next;
    }
}

void policies_taken(struct keeper *k, struct ch_str bundle)
{
    struct policies *p = k->policies;
    ch_buf_clear(&p->bundle);
    ch_buf_puts(&p->bundle, bundle);
    snprintf(p->event, sizeof(p->event), "reload");
    p->refused[0] = '\0';
    record_in_group(k);
}

void policies_told(struct keeper *k)
{
    policy_proposals_tick(k);
    wake(k);
}

void policies_refused(struct keeper *k, struct ch_str why)
{
    struct policies *p = k->policies;
    snprintf(p->refused, sizeof(p->refused), "%.*s", CH_STR_ARG(why));
    wake(k);
}

void policies_tick(struct keeper *k)
{
    struct ch_sha256 digest = ch_policy_digest(k->policy);
    struct ch_err err;
    if (read_newest(k, &err) == CH_OK && !ch_sha256_eq(&k->policies->newest.digest, &digest) &&
        keeper_write(k, &err) == CH_OK) {
        record(k);
    }
    policy_proposals_tick(k);
}

void policies_offer(struct keeper *k, const struct ch_sha256 *digest, struct ch_str by,
                    struct ch_str reason)
{
    struct policies *p = k->policies;
    p->offered = *digest;
    p->offered_at_us = keeper_now_us(k);
    p->refused[0] = '\0';
    snprintf(p->by, sizeof(p->by), "%.*s", CH_STR_ARG(by));
    snprintf(p->reason, sizeof(p->reason), "%.*s", CH_STR_ARG(reason));
}

void policies_wait(struct keeper *k, struct waiter *waiter)
{
    waiter->next = k->policies->waiters;
    k->policies->waiters = waiter;
}
