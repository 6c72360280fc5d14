/* The checkpoint that is to be cosigned, who has, and what is published of it. All are asked about
 * one and the same, a round, or each would cosign another one and none had a quorum. */
#include "witnesses_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "customhouse/limits.h"
#include "db/log/cosign.h"
#include "db/keeper/egress/egress.h"
#include "db/keeper/commands/json.h"
#include "db/keeper/egress/notices.h"

#define DOCUMENT       "audit-cosigned" /* the store's copy of it: the file is not synced */
#define GRACE_PAUSES   10               /* so many rounds' pauses a quorum waits for the others */
#define FAILURES_FIRST 3 /* in a row, before people are told of one that is not there */

/* ------------------------------------------------------------------ what is published */

static bool has_cosigned(const struct witnesses *w, const struct cosigner *c)
{
    return c->line.len > 0 && ch_str_eq(ch_buf_str(&c->text), ch_buf_str(&w->text));
}

static size_t count_cosigned(const struct witnesses *w)
{
    size_t count = 0;
    for (const struct cosigner *c = w->list; c != NULL; c = c->next) {
        count += has_cosigned(w, c);
    }
    return count;
}

static void publish(struct witnesses *w)
{
    struct ch_buf note;
    struct ch_err err;
    if (count_cosigned(w) < w->quorum) {
        return;
    }
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_puts(&note, ch_buf_str(&w->note));
    for (const struct cosigner *c = w->list; c != NULL; c = c->next) {
        if (has_cosigned(w, c)) {
            ch_buf_puts(&note, ch_buf_str(&c->line));
        }
    }
    enum ch_code rc = ch_buf_ok(&note, &err);
    rc = rc == CH_OK ? keeper_write(w->k, &err) : rc;
    rc = rc == CH_OK ? ch_store_set_value(w->k->store, CH_STR(DOCUMENT), ch_buf_str(&note), &err)
                     : rc;
    rc = rc == CH_OK ? audit_publish_cosigned(w->k, ch_buf_str(&note), &err) : rc;
    if (rc != CH_OK) {
        keeper_log("witness", "error=\"%s\"", err.msg); /* the next cosignature tries again */
    }
    ch_buf_done(&note);
}

/* ------------------------------------------------------------------ what people are told */

/* The first of a row of failures may be a restart; a contradiction is none. */
static void tell(struct cosigner *c, bool over)
{
    struct keeper *k = c->k;
    struct ch_err err;
    enum ch_code rc = audit_act(k, &err);
    enum ch_code begun = rc;
    struct audit_state s;
    audit_state(k, &s);
    rc = rc == CH_OK
             ? audit_witness(k, over, ch_str_of(c->name), cosigner_fault_name(c->fault), &err)
             : rc;
    if (rc == CH_OK) {
        notices_witness(k, over, ch_str_of(c->name), cosigner_fault_name(c->fault), s.next);
    }
    rc = audit_act_end(k, begun, rc, &err);
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        return;
    }
    c->told = !over;
}

void witnesses_failed(struct cosigner *c, enum cosigner_fault fault)
{
    struct keeper *k = c->k;
    bool worse = fault == COSIGNER_CONTRADICTION && c->fault != fault;
    c->failures++;
    c->fault = fault;
    c->failed_at_us = keeper_now_us(k);
    c->pause_until_ms = ch_loop_now_ms(k->child.loop) + egress_pause_ms(c->failures);
    keeper_log("witness", "name=%s failures=%u fault=\"%s\" error=\"%s\"", c->name, c->failures,
               cosigner_fault_name(fault), c->error);
    if ((!c->told && (c->failures >= FAILURES_FIRST || fault != COSIGNER_UNREACHABLE)) || worse) {
        tell(c, false);
    }
    witnesses_go_on(k);
}

void witnesses_cosigned(struct cosigner *c)
{
    struct witnesses *w = c->k->witnesses;
    if (c->told) {
        tell(c, true);
    }
    c->failures = 0;
    c->fault = COSIGNER_GOOD;
    c->error[0] = '\0';
    if (has_cosigned(w, c)) {
        publish(w);
    }
    witnesses_go_on(c->k);
}

/* ------------------------------------------------------------------ rounds */

static bool somebody_is_asked(const struct witnesses *w)
{
    for (const struct cosigner *c = w->list; c != NULL; c = c->next) {
        if (c->job != 0 && c->round == w->round) {
            return true;
        }
    }
    return false;
}

/* When another checkpoint may take the place of this one. */
static uint64_t round_ends_ms(const struct witnesses *w)
{
    uint64_t pauses = !somebody_is_asked(w)            ? 1
                      : count_cosigned(w) >= w->quorum ? GRACE_PAUSES
                                                       : UINT32_MAX; /* each job ends in time */
    return w->round_at_ms + pauses * ch_limits.cosign_pause_ms;
}

static void begin_round(struct witnesses *w, uint64_t now_ms)
{
    struct ch_buf note;
    struct ch_str text;
    struct ch_checkpoint c;
    struct ch_err err;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = audit_read_checkpoint(w->k, &note, &err);
    rc = rc == CH_OK ? ch_note_text(ch_buf_str(&note), &text, &err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &c, &err) : rc;
    w->round_at_ms = now_ms; /* also when it is for nothing: the next try comes as late */
    if (rc != CH_OK) {
        keeper_log("witness", "error=\"%s\"", err.msg);
    } else {
        w->round++;
        w->size = c.size;
        ch_buf_clear(&w->note);
        ch_buf_puts(&w->note, ch_buf_str(&note));
        ch_buf_clear(&w->text);
        ch_buf_puts(&w->text, text);
    }
    ch_buf_done(&note);
}

/* An idle log's is cosigned again after a while: the time in a cosignature is until when no other
 * was seen. */
static bool is_due(const struct witnesses *w, uint64_t now_ms)
{
    struct audit_state log;
    audit_state(w->k, &log);
    return log.written > 0 && (w->round == 0 || log.written > w->size ||
                               now_ms >= w->round_at_ms + ch_limits.cosign_again_ms);
}

/* While there is no checkpoint, the first one comes with a call. */
static void set_timer(struct witnesses *w, bool due, uint64_t now_ms)
{
    if (w->round == 0 && !due) {
        return;
    }
    uint64_t at_ms = due ? round_ends_ms(w) : w->round_at_ms + ch_limits.cosign_again_ms;
    for (const struct cosigner *c = w->list; c != NULL; c = c->next) {
        if (c->job == 0 && w->round > 0 && c->round_done != w->round && c->pause_until_ms < at_ms) {
            at_ms = c->pause_until_ms;
        }
    }
    ch_loop_set_timer(w->k->child.loop, &w->timer, at_ms > now_ms ? at_ms : now_ms + 1);
}

void witnesses_go_on(struct keeper *k)
{
    struct witnesses *w = k->witnesses;
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    if (w->list == NULL || k->draining || !egress_is_there(k)) {
        return;
    }
    bool due = is_due(w, now_ms);
    if (due && now_ms >= round_ends_ms(w)) {
        begin_round(w, now_ms);
        due = is_due(w, now_ms);
    }
    for (struct cosigner *c = w->list; c != NULL; c = c->next) {
        cosigner_ask(c);
    }
    set_timer(w, due, now_ms);
}

static void on_timer(struct ch_timer *t)
{
    witnesses_go_on(CH_CONTAINER_OF(t, struct witnesses, timer)->k);
}

/* ------------------------------------------------------------------ begin and end */

void witnesses_init(struct keeper *k)
{
    struct witnesses *w = ch_calloc(1, sizeof(*w));
    w->k = k;
    w->timer.fn = on_timer;
    ch_buf_init(&w->note, CH_NOTE_MAX);
    ch_buf_init(&w->text, CH_NOTE_MAX);
    k->witnesses = w;
}

static void free_list(struct keeper *k, struct cosigner *list)
{
    while (list != NULL) {
        struct cosigner *c = list;
        list = c->next;
        if (c->job != 0) {
            egress_forget(k, c->job);
        }
        ch_buf_done(&c->line);
        ch_buf_done(&c->text);
        ch_buf_done(&c->note);
        free(c->name);
        free(c);
    }
}

void witnesses_free(struct keeper *k)
{
    struct witnesses *w = k->witnesses;
    if (w != NULL) {
        ch_loop_cancel_timer(k->child.loop, &w->timer);
        free_list(k, w->list);
        ch_buf_done(&w->note);
        ch_buf_done(&w->text);
        free(w);
        k->witnesses = NULL;
    }
}

/* What it has cosigned of the document that is published. */
static void read_document(struct cosigner *c, struct ch_str note)
{
    struct ch_str text, lines, line;
    struct ch_checkpoint of;
    if (ch_note_split(note, &text, &lines, NULL) == CH_OK &&
        ch_cosignature_find(text, lines, &c->key, &line, &c->time_s, NULL) == CH_OK &&
        ch_checkpoint_get(text, &of, NULL) == CH_OK) {
        c->size = of.size;
        ch_buf_puts(&c->line, line);
        ch_buf_puts(&c->text, text);
    }
}

static struct cosigner *cosigner_new(struct keeper *k, const struct ch_destination *d,
                                     const struct ch_note_key *key)
{
    struct cosigner *c = ch_calloc(1, sizeof(*c));
    c->k = k;
    c->name = ch_str_dup(ch_str_of(d->name));
    c->key = *key;
    ch_buf_init(&c->line, CH_NOTE_MAX);
    ch_buf_init(&c->text, CH_NOTE_MAX);
    ch_buf_init(&c->note, CH_NOTE_MAX);
    return c;
}

/* Whether people were told of it holds on: under the same name with the same key it is the same. */
static void take_over(struct cosigner *c, const struct cosigner *former)
{
    for (; former != NULL; former = former->next) {
        if (strcmp(former->name, c->name) == 0 &&
            memcmp(former->key.public_key, c->key.public_key, sizeof(c->key.public_key)) == 0) {
            c->told = former->told;
            c->fault = former->fault;
            c->failures = former->failures;
            c->failed_at_us = former->failed_at_us;
            snprintf(c->error, sizeof(c->error), "%s", former->error);
        }
    }
}

static uint64_t size_of(struct ch_str note)
{
    struct ch_str text;
    struct ch_checkpoint c;
    return ch_note_text(note, &text, NULL) == CH_OK && ch_checkpoint_get(text, &c, NULL) == CH_OK
               ? c.size
               : 0;
}

/* The newer of two: after a power cut the file may be none, after `kill -9` the store's copy may be
 * the one before. Empty: there is neither. */
static void read_published(struct keeper *k, struct ch_buf *ret)
{
    struct ch_buf kept;
    struct ch_err err;
    ch_buf_init(&kept, CH_NOTE_MAX);
    if (audit_read_cosigned(k, ret, &err) != CH_OK) {
        ch_buf_clear(ret);
    }
    if (ch_store_get_value(k->store, CH_STR(DOCUMENT), &kept, &err) == CH_OK &&
        size_of(ch_buf_str(&kept)) > size_of(ch_buf_str(ret))) {
        ch_buf_clear(ret);
        ch_buf_puts(ret, ch_buf_str(&kept));
        if (audit_publish_cosigned(k, ch_buf_str(ret), &err) != CH_OK) {
            keeper_log("witness", "error=\"%s\"", err.msg);
        }
    }
    ch_buf_done(&kept);
}

void witnesses_configured(struct keeper *k)
{
    struct witnesses *w = k->witnesses;
    struct cosigner *former = w->list;
    size_t count = 0;
    const struct ch_destination *list =
        ch_config_destinations(k->config, CH_DESTINATION_WITNESS, &count);
    struct ch_buf document;
    struct ch_err err;
    ch_buf_init(&document, CH_NOTE_MAX);
    read_published(k, &document);
    w->list = NULL;
    w->quorum = ch_config_witness_quorum(k->config);
    w->round = 0;
    w->round_at_ms = 0;
    for (size_t i = count; i-- > 0;) {
        struct ch_note_key key;
        if (ch_cosigner_get(ch_str_of(list[i].vkey), &key, &err) != CH_OK) {
            keeper_log("witness", "name=%s error=\"%s\"", list[i].name, err.msg);
            continue; /* the supervisor has checked it */
        }
        struct cosigner *c = cosigner_new(k, &list[i], &key);
        read_document(c, ch_buf_str(&document));
        take_over(c, former);
        c->next = w->list;
        w->list = c;
    }
    free_list(k, former);
    ch_buf_done(&document);
    witnesses_go_on(k);
}

/* ------------------------------------------------------------------ for status */

static void put_json(const struct cosigner *c, uint64_t written, struct ch_buf *b)
{
    ch_buf_puts(b, b->len > 0 && b->ptr[b->len - 1] == '}' ? CH_STR(",{") : CH_STR("{"));
    json_field(b, "kind", CH_STR("witnesses"));
    json_field(b, "name", ch_str_of(c->name));
    json_number(b, "cosigned", c->size);
    json_number(b, "entries", written);
    json_time(b, "cosigned_at", c->size > 0 ? (int64_t)c->time_s * 1000000 : CH_TIME_UNKNOWN);
    json_field(b, "fault",
               ch_str_of(c->fault != COSIGNER_GOOD ? cosigner_fault_name(c->fault) : ""));
    json_field(b, "error", ch_str_of(c->error));
    ch_buf_putc(b, '}');
}

void witnesses_put_state(struct keeper *k, struct ch_buf *b, bool json)
{
    struct audit_state log;
    audit_state(k, &log);
    for (const struct cosigner *c = k->witnesses->list; c != NULL; c = c->next) {
        char time[40];
        if (json) {
            put_json(c, log.written, b);
            continue;
        }
        ch_buf_printf(b, "witnesses/%s: ", c->name);
        if (c->size > 0) {
            command_time((int64_t)c->time_s * 1000000, time, sizeof(time));
            ch_buf_printf(b, "cosigned %llu of %llu entries, %s", (unsigned long long)c->size,
                          (unsigned long long)log.written, time);
        } else {
            ch_buf_puts(b, CH_STR("has cosigned nothing yet"));
        }
        if (c->error[0] != '\0') {
            command_time(c->failed_at_us, time, sizeof(time));
            ch_buf_printf(b, "; %s, failed %u times in a row, last %s: %s",
                          cosigner_fault_name(c->fault), c->failures, time, c->error);
        }
        ch_buf_putc(b, '\n');
    }
}
