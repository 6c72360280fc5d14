/* Sending what people are told: each destination by itself, one thing at a time, again after a
 * pause that doubles, until it is taken or its time is over. What waits is in the store; here is
 * only what is in hand. */
#include "notices_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "egress.h"
#include "db/keeper/commands/json.h"

#define HOUR_US     3600000000LL
#define GIVE_UP_MAX 1000 /* in one tick */

struct outlet {
    struct outlet *next;
    struct keeper *k;
    enum ch_destination_kind kind;
    char *name;
    uint64_t job;  /* 0: nothing is in hand */
    uint64_t *ids; /* of what is in hand */
    uint32_t *tries;
    int64_t *due_at_us;
    size_t id_count;
    uint64_t pause_until_ms;
    uint32_t failures; /* in a row */
    int64_t failed_at_us;
    char error[256]; /* of the last try, "": it went well */
    struct ch_timer timer;
};

struct notices {
    struct outlet *outlets;
    bool fresh; /* something was added to the open group */
};

static void try_now(struct outlet *o);

static void on_timer(struct ch_timer *t)
{
    try_now(CH_CONTAINER_OF(t, struct outlet, timer));
}

static void free_outlet(struct outlet *o)
{
    ch_loop_cancel_timer(o->k->child.loop, &o->timer);
    if (o->job != 0) {
        egress_forget(o->k, o->job);
    }
    free(o->name);
    free(o->ids);
    free(o->tries);
    free(o->due_at_us);
    free(o);
}

void notices_init(struct keeper *k)
{
    k->notices = ch_calloc(1, sizeof(*k->notices));
}

static void free_outlets(struct notices *n)
{
    while (n->outlets != NULL) {
        struct outlet *o = n->outlets;
        n->outlets = o->next;
        free_outlet(o);
    }
}

void notices_free(struct keeper *k)
{
    if (k->notices != NULL) {
        free_outlets(k->notices);
        free(k->notices);
        k->notices = NULL;
    }
}

/* ------------------------------------------------------------------ one try */

struct gathering {
    struct outlet *o;
    struct ch_buf body;
    struct ch_buf id;
    struct ch_buf event;
};

static void gather(void *ctx, const struct ch_notice_row *row)
{
    struct gathering *g = ctx;
    struct outlet *o = g->o;
    if (g->body.len + row->body.len + 2 > ch_limits.egress_body_bytes) {
        return; /* with the next mail */
    }
    o->ids = ch_realloc_array(o->ids, o->id_count + 1, sizeof(*o->ids));
    o->tries = ch_realloc_array(o->tries, o->id_count + 1, sizeof(*o->tries));
    o->due_at_us = ch_realloc_array(o->due_at_us, o->id_count + 1, sizeof(*o->due_at_us));
    o->ids[o->id_count] = row->id;
    o->due_at_us[o->id_count] = row->due_at_us;
    o->tries[o->id_count++] = row->tries;
    if (o->id_count == 1) {
        ch_buf_puts(&g->id, row->message);
        ch_buf_puts(&g->event, row->event);
    } else {
        ch_buf_putc(&g->body, '\n');
    }
    ch_buf_puts(&g->body, row->body);
}

/* Nobody was there, or said only that it is not the time: that is about the destination and no
 * single notification, so each keeps its place, and they come in the order in which they happened.
 * What was refused goes behind the others, for one that is never taken must not hold them up. */
static bool keeps_place(const struct outlet *o, const struct ch_sent *answer)
{
    uint32_t status = answer->status;
    if (o->kind ==
        CH_DESTINATION_MAIL) { /* RFC 5321 4.2.1: 4xx is for now; a break has the last reply */
        return status < 500;
    }
    return status == 0 || status == 429 || (status >= 502 && status <= 504);
}

static enum ch_code settle(struct outlet *o, bool taken, bool keep_place, struct ch_err *err)
{
    struct keeper *k = o->k;
    enum ch_code rc = keeper_write(k, err);
    for (size_t i = 0; i < o->id_count && rc == CH_OK; i++) {
        int64_t due_at_us =
            keep_place ? o->due_at_us[i]
                       : keeper_now_us(k) + (int64_t)egress_pause_ms(o->tries[i] + 1) * 1000;
        rc = taken ? ch_store_drop_notice(k->store, o->ids[i], err)
                   : ch_store_notice_failed(k->store, o->ids[i], due_at_us, err);
    }
    return rc;
}

static void on_sent(void *ctx, const struct ch_sent *answer)
{
    struct outlet *o = ctx;
    struct ch_err err;
    bool http = o->kind == CH_DESTINATION_WEBHOOK;
    bool taken =
        answer->code == CH_OK && (!http || (answer->status >= 200 && answer->status <= 299));
    o->job = 0;
    if (answer->code == CH_E_CLOSED && !egress_is_there(o->k)) {
        o->id_count = 0; /* which says nothing of the destination: notices_came goes on */
        return;
    }
    if (taken) {
        o->failures = 0;
        o->error[0] = '\0';
    } else {
        o->failures++;
        o->failed_at_us = keeper_now_us(o->k);
        if (answer->code == CH_OK) {
            snprintf(o->error, sizeof(o->error), "it answered with HTTP status %u", answer->status);
        } else {
            snprintf(o->error, sizeof(o->error), "%.*s", CH_STR_ARG(answer->text));
        }
        keeper_log("notice", "to=%s/%s failures=%u error=\"%s\"", ch_destination_kind_name(o->kind),
                   o->name, o->failures, o->error);
    }
    o->pause_until_ms = taken ? 0 : ch_loop_now_ms(o->k->child.loop) + egress_pause_ms(o->failures);
    if (settle(o, taken, keeps_place(o, answer), &err) !=
        CH_OK) { /* it is tried again, and known by its ID */
        keeper_log("store", "error=\"%s\"", err.msg);
        o->pause_until_ms = ch_loop_now_ms(o->k->child.loop) + egress_pause_ms(1);
    }
    o->id_count = 0;
    ch_loop_set_timer(o->k->child.loop, &o->timer,
                      taken ? ch_loop_now_ms(o->k->child.loop) : o->pause_until_ms);
}

static void send(struct outlet *o, struct gathering *g)
{
    struct ch_buf subject;
    ch_buf_init(&subject, 256);
    if (o->id_count > 1) {
        ch_buf_printf(&subject, "Customhouse: %zu notifications", o->id_count);
    } else {
        ch_buf_printf(&subject, "Customhouse: %.*s", CH_STR_ARG(ch_buf_str(&g->event)));
    }
    struct ch_send job = {.kind = o->kind,
                          .destination = ch_str_of(o->name),
                          .id = ch_buf_str(&g->id),
                          .subject = ch_buf_str(&subject),
                          .content_type = notice_body_type(ch_buf_str(&g->body)),
                          .body = ch_buf_str(&g->body)};
    o->job = egress_send(o->k, &job, on_sent, o);
    ch_buf_done(&subject);
}

/* Only what is durable goes out: after the open group has been committed, this is called again. */
static void try_now(struct outlet *o)
{
    struct keeper *k = o->k;
    struct ch_err err;
    struct ch_notice_backlog backlog;
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    /* after a failure alone: one that is refused for what it says must not take others with it */
    bool together = o->kind == CH_DESTINATION_MAIL && o->failures == 0;
    size_t max = together ? (size_t)ch_limits.notice_mail_items : 1;
    if (o->job != 0 || now_ms < o->pause_until_ms || k->draining || !egress_is_there(k)) {
        return;
    }
    if (ch_store_in_group(k->store)) {
        k->notices->fresh = true;
        return;
    }
    struct gathering g = {.o = o};
    ch_buf_init(&g.body, (size_t)ch_limits.egress_body_bytes);
    ch_buf_init(&g.id, 128);
    ch_buf_init(&g.event, 128);
    o->id_count = 0;
    enum ch_code rc = ch_store_notices_due(k->store, o->kind, ch_str_of(o->name), keeper_now_us(k),
                                           max, gather, &g, &err);
    if (rc == CH_OK && o->id_count > 0) {
        send(o, &g);
    } else if (rc == CH_OK &&
               ch_store_notice_backlog(k->store, o->kind, ch_str_of(o->name), &backlog, &err) ==
                   CH_OK &&
               backlog.count > 0) {
        int64_t wait_us = backlog.due_at_us - keeper_now_us(k);
        ch_loop_set_timer(k->child.loop, &o->timer,
                          now_ms + (wait_us > 0 ? (uint64_t)wait_us / 1000 + 1 : 1));
    }
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    ch_buf_done(&g.body);
    ch_buf_done(&g.id);
    ch_buf_done(&g.event);
}

static void try_all(struct keeper *k)
{
    for (struct outlet *o = k->notices->outlets; o != NULL; o = o->next) {
        try_now(o);
    }
}

/* ------------------------------------------------------------------ when */

void notices_configured(struct keeper *k)
{
    static const enum ch_destination_kind kinds[] = {CH_DESTINATION_WEBHOOK, CH_DESTINATION_MAIL};
    free_outlets(k->notices); /* what is in hand may go out twice */
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        size_t count = 0;
        const struct ch_destination *list = ch_config_destinations(k->config, kinds[i], &count);
        for (size_t d = 0; d < count; d++) {
            struct outlet *o = ch_calloc(1, sizeof(*o));
            *o = (struct outlet){.k = k,
                                 .kind = kinds[i],
                                 .name = ch_str_dup(ch_str_of(list[d].name)),
                                 .timer = {.fn = on_timer},
                                 .next = k->notices->outlets};
            k->notices->outlets = o;
            ch_loop_set_timer(k->child.loop, &o->timer, ch_now_boot_ms());
        }
    }
}

void notices_added(struct keeper *k)
{
    k->notices->fresh = true;
}

void notices_committed(struct keeper *k)
{
    if (k->notices->fresh) {
        k->notices->fresh = false;
        try_all(k);
    }
}

void notices_came(struct keeper *k)
{
    try_all(k);
}

/* ------------------------------------------------------------------ giving up */

struct giving_up {
    struct keeper *k;
    uint32_t kind; /* of the row before */
    char *destination;
    uint64_t *ids;
    size_t id_count;
};

static void note_old(void *ctx, const struct ch_notice_row *row)
{
    struct giving_up *g = ctx;
    if (g->destination == NULL) {
        g->kind = row->kind;
        g->destination = ch_str_dup(row->destination);
    }
    if (row->kind != g->kind || !ch_str_eq(row->destination, ch_str_of(g->destination))) {
        return; /* with the next tick */
    }
    g->ids = ch_realloc_array(g->ids, g->id_count + 1, sizeof(*g->ids));
    g->ids[g->id_count++] = row->id;
}

/* Those of one destination: the entry says to whom, and how many. */
static void give_up(struct keeper *k, struct giving_up *g, const char *why)
{
    struct ch_err err;
    enum ch_code rc = g->id_count > 0 ? keeper_write(k, &err) : CH_OK;
    bool step = g->id_count > 0 && rc == CH_OK && (rc = audit_step(k, &err)) == CH_OK;
    for (size_t i = 0; rc == CH_OK && i < g->id_count; i++) {
        rc = ch_store_drop_notice(k->store, g->ids[i], &err);
    }
    if (step) {
        const char *kind =
            g->kind < CH_DESTINATION_KIND_COUNT ? ch_destination_kind_name(g->kind) : "?";
        rc = rc == CH_OK
                 ? audit_given_up(k, kind, ch_str_of(g->destination), g->id_count, why, &err)
                 : rc;
        rc = audit_step_end(k, rc, &err);
        keeper_log("notice", "to=%s/%s given-up=%zu why=\"%s\"", kind, g->destination, g->id_count,
                   why);
    }
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    free(g->destination);
    free(g->ids);
}

/* More than is kept: the oldest go. */
static void give_up_beyond(struct outlet *o)
{
    struct keeper *k = o->k;
    struct ch_err err;
    struct ch_notice_backlog backlog;
    struct giving_up g = {.k = k};
    if (o->job == 0 &&
        ch_store_notice_backlog(k->store, o->kind, ch_str_of(o->name), &backlog, &err) == CH_OK &&
        backlog.count > ch_limits.notice_rows) {
        CH_IGNORE(ch_store_notices_oldest(k->store, o->kind, ch_str_of(o->name),
                                          (size_t)(backlog.count - ch_limits.notice_rows), note_old,
                                          &g, &err));
        give_up(k, &g, "too many wait");
    }
}

void notices_tick(struct keeper *k)
{
    struct giving_up g = {.k = k};
    struct ch_err err;
    int64_t before = keeper_now_us(k) - (int64_t)k->config->notice_give_up_hours * HOUR_US;
    notices_endings(k);
    if (ch_store_notices_before(k->store, before, GIVE_UP_MAX, note_old, &g, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    give_up(k, &g, "its time is over");
    for (struct outlet *o = k->notices->outlets; o != NULL; o = o->next) {
        give_up_beyond(o);
        try_now(o);
    }
}

/* ------------------------------------------------------------------ status */

void notices_put_state(struct keeper *k, struct ch_buf *b, bool json)
{
    for (const struct outlet *o = k->notices->outlets; o != NULL; o = o->next) {
        struct ch_notice_backlog backlog = {.oldest_at_us = CH_TIME_UNKNOWN};
        struct ch_err err;
        char time[40];
        CH_IGNORE(ch_store_notice_backlog(k->store, o->kind, ch_str_of(o->name), &backlog, &err));
        if (json) {
            ch_buf_puts(b, b->len > 0 && b->ptr[b->len - 1] == '}' ? CH_STR(",{") : CH_STR("{"));
            json_field(b, "kind", ch_str_of(ch_destination_kind_name(o->kind)));
            json_field(b, "name", ch_str_of(o->name));
            json_number(b, "waiting", backlog.count);
            json_time(b, "oldest", backlog.oldest_at_us);
            json_field(b, "error", ch_str_of(o->error));
            ch_buf_putc(b, '}');
            continue;
        }
        ch_buf_printf(b, "%s/%s: %llu notifications wait", ch_destination_kind_name(o->kind),
                      o->name, (unsigned long long)backlog.count);
        if (backlog.count > 0) {
            command_time(backlog.oldest_at_us, time, sizeof(time));
            ch_buf_printf(b, ", since %s", time);
        }
        if (o->error[0] != '\0') {
            command_time(o->failed_at_us, time, sizeof(time));
            ch_buf_printf(b, "; failed %u times in a row, last %s: %s", o->failures, time,
                          o->error);
        }
        ch_buf_putc(b, '\n');
    }
}
