/* The audit log's entries to syslog servers. What is sent is what lies in the log's files under a
 * signed checkpoint; how far a server has it is kept in the store, and moves only once it has taken
 * them. So each goes out in order and at least once, whatever dies meanwhile. */
#include "notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "db/log/bundle.h"
#include "db/log/entry.h"
#include "db/log/files.h"
#include "egress.h"
#include "db/keeper/commands/json.h"

/* RFC 5424, 6.2.1: facility 13, "log audit"; severities 3 to 5. */
#define FACILITY     13
#define ERROR        3
#define WARNING      4
#define NOTICE       5
#define SEQUENCE_MAX 2147483647u /* of "meta", RFC 5424, 7.3.1 */

struct feed {
    struct feed *next_feed;
    struct keeper *k;
    char *name;
    uint64_t next; /* place of the first entry that it has not */
    uint64_t job;  /* 0: nothing is in hand */
    uint64_t end;  /* of what is in hand */
    uint64_t pause_until_ms;
    uint32_t failures;
    int64_t failed_at_us;
    char error[256];
    struct ch_timer timer;
};

struct forward {
    struct feed *feeds;
    char host[256];
};

/* ------------------------------------------------------------------ a message */

static unsigned severity_of(struct ch_str kind)
{
    return ch_str_eq(kind, CH_STR("log-trouble")) || ch_str_eq(kind, CH_STR("witness")) ? ERROR
           : ch_str_eq(kind, CH_STR("sign-in-failed")) || ch_str_eq(kind, CH_STR("refused")) ||
                   ch_str_eq(kind, CH_STR("command-refused"))
               ? WARNING
               : NOTICE;
}

/* RFC 5424, 6: up to 32 characters, "-" for none. Kinds are ours, and shorter. */
static void put_head(struct ch_buf *b, struct ch_str host, uint64_t index, struct ch_str entry)
{
    struct ch_log_entry_fields fields;
    struct ch_buf kind;
    int64_t at_us = CH_TIME_UNKNOWN;
    struct ch_err err;
    ch_buf_init(&kind, 32);
    if (ch_log_entry_read(entry, &fields, &err) == CH_OK) {
        CH_IGNORE(ch_log_entry_get_str(&fields, "kind", &kind));
        CH_IGNORE(ch_log_entry_get_int(&fields, "at_us", &at_us));
    }
    ch_buf_printf(b, "<%u>1 ", FACILITY * 8 + severity_of(ch_buf_str(&kind)));
    ch_time_put(b, at_us, true);
    ch_buf_printf(b, " %.*s customhouse - %.*s [meta sequenceId=\"%llu\"] ", CH_STR_ARG(host),
                  CH_STR_ARG(kind.len > 0 ? ch_buf_str(&kind) : CH_STR("-")),
                  (unsigned long long)(index % SEQUENCE_MAX + 1));
    ch_buf_done(&kind);
}

void forward_put_message(struct ch_buf *b, struct ch_str host, struct ch_str origin, uint64_t index,
                         struct ch_str entry)
{
    struct ch_buf m;
    ch_buf_init(&m, 2 * CH_ENTRY_MAX);
    put_head(&m, host, index, entry);
    if (ch_str_ascii(entry) < entry.len) {
        ch_buf_puts(&m, CH_STR("\xef\xbb\xbf")); /* RFC 5424, 6.4: a message in UTF-8 begins so */
    }
    ch_buf_putc(&m, '{');
    json_number(&m, "entry", index);
    json_field(&m, "log", origin);
    ch_buf_puts(&m, CH_STR(",\"record\":"));
    ch_buf_puts(&m, entry);
    ch_buf_putc(&m, '}');
    CH_ASSERT(!m.failed);
    ch_buf_printf(b, "%zu ", m.len);
    ch_buf_puts(b, ch_buf_str(&m));
    ch_buf_done(&m);
}

/* ------------------------------------------------------------------ what is due */

static enum ch_code read_bundle(struct keeper *k, uint64_t written, uint64_t number,
                                struct ch_buf *ret, struct ch_err *err)
{
    char folder[4096];
    struct ch_log_files files;
    uint64_t width = written - number * CH_TILE_HASHES;
    const struct ch_tile tile = {.level = CH_TILE_ENTRIES,
                                 .number = number,
                                 .width =
                                     width < CH_TILE_HASHES ? (unsigned)width : CH_TILE_HASHES};
    snprintf(folder, sizeof(folder), "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
    enum ch_code rc = ch_log_files_open(folder, false, &files, err);
    rc = rc == CH_OK ? ch_log_read_tile(&files, &tile, ret, err) : rc;
    ch_log_files_close(&files);
    return rc;
}

/* From f->next on, what fits in one job, out of one bundle. f->end: behind the last of them. */
static enum ch_code gather(struct feed *f, uint64_t written, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_buf bundle;
    struct ch_str entry;
    uint64_t number = f->next / CH_TILE_HASHES, index = number * CH_TILE_HASHES;
    ch_buf_init(&bundle, (size_t)CH_TILE_HASHES * (CH_ENTRY_MAX + CH_ENTRY_PREFIX));
    enum ch_code rc = read_bundle(f->k, written, number, &bundle, err);
    struct ch_str rest = ch_buf_str(&bundle);
    f->end = f->next;
    while (rc == CH_OK && f->end - f->next < ch_limits.forward_entries &&
           ch_bundle_next(&rest, &entry)) {
        if (index++ < f->next) {
            continue;
        }
        if (ret->len + 2 * (size_t)entry.len + 1024 > ret->max) {
            break; /* the first always fits: limits.h */
        }
        forward_put_message(ret, ch_str_of(f->k->forward->host), audit_origin(f->k), index - 1,
                            entry);
        f->end = index;
    }
    ch_buf_done(&bundle);
    return rc == CH_OK ? ch_buf_ok(ret, err) : rc;
}

static void try_now(struct feed *f);

static void on_timer(struct ch_timer *t)
{
    try_now(CH_CONTAINER_OF(t, struct feed, timer));
}

static void put_off(struct feed *f, const char *text, size_t len)
{
    f->failures++;
    f->failed_at_us = keeper_now_us(f->k);
    snprintf(f->error, sizeof(f->error), "%.*s", (int)len, text);
    f->pause_until_ms = ch_loop_now_ms(f->k->child.loop) + egress_pause_ms(f->failures);
    ch_loop_set_timer(f->k->child.loop, &f->timer, f->pause_until_ms);
    keeper_log("forward", "to=syslog/%s failures=%u error=\"%s\"", f->name, f->failures, f->error);
}

static void on_sent(void *ctx, const struct ch_sent *answer)
{
    struct feed *f = ctx;
    struct keeper *k = f->k;
    struct ch_err err;
    f->job = 0;
    if (answer->code == CH_E_CLOSED && !egress_is_there(k)) {
        return; /* which says nothing of the destination: forward_written goes on */
    }
    if (answer->code != CH_OK) {
        put_off(f, answer->text.ptr != NULL ? answer->text.ptr : "", answer->text.len);
        return;
    }
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_set_forwarded(k->store, ch_str_of(f->name), f->end, keeper_now_us(k), &err) !=
            CH_OK) {
        put_off(f, err.msg, sizeof(err.msg) - 1); /* they come again */
        return;
    }
    f->next = f->end;
    f->failures = 0;
    f->error[0] = '\0';
    ch_loop_set_timer(k->child.loop, &f->timer, ch_loop_now_ms(k->child.loop));
}

static void try_now(struct feed *f)
{
    struct keeper *k = f->k;
    struct audit_state log;
    struct ch_buf body;
    struct ch_err err;
    audit_state(k, &log);
    if (f->job != 0 || log.written <= f->next || k->draining || !egress_is_there(k) ||
        ch_loop_now_ms(k->child.loop) < f->pause_until_ms) {
        return;
    }
    ch_buf_init(&body, (size_t)ch_limits.egress_body_bytes);
    if (gather(f, log.written, &body, &err) == CH_OK) {
        struct ch_send job = {.kind = CH_DESTINATION_SYSLOG,
                              .destination = ch_str_of(f->name),
                              .body = ch_buf_str(&body)};
        f->job = egress_send(k, &job, on_sent, f);
    } else {
        put_off(f, err.msg, sizeof(err.msg) - 1);
    }
    ch_buf_done(&body);
}

/* ------------------------------------------------------------------ when */

void forward_init(struct keeper *k)
{
    k->forward = ch_calloc(1, sizeof(*k->forward));
    struct ch_str host;
    bool plain = gethostname(k->forward->host, sizeof(k->forward->host) - 1) == 0;
    host = ch_str_of(k->forward->host);
    for (size_t i = 0; i < host.len; i++) { /* RFC 5424: PRINTUSASCII */
        plain = plain && host.ptr[i] > ' ' && host.ptr[i] <= '~';
    }
    if (!plain || host.len == 0) {
        snprintf(k->forward->host, sizeof(k->forward->host), "-");
    }
}

static void free_feeds(struct keeper *k)
{
    while (k->forward->feeds != NULL) {
        struct feed *f = k->forward->feeds;
        k->forward->feeds = f->next_feed;
        ch_loop_cancel_timer(k->child.loop, &f->timer);
        if (f->job != 0) {
            egress_forget(k, f->job);
        }
        free(f->name);
        free(f);
    }
}

void forward_free(struct keeper *k)
{
    if (k->forward != NULL) {
        free_feeds(k);
        free(k->forward);
        k->forward = NULL;
    }
}

void forward_configured(struct keeper *k)
{
    size_t count = 0;
    const struct ch_destination *list =
        ch_config_destinations(k->config, CH_DESTINATION_SYSLOG, &count);
    struct ch_err err;
    free_feeds(k);
    for (size_t i = 0; i < count; i++) {
        struct feed *f = ch_calloc(1, sizeof(*f));
        *f = (struct feed){.k = k,
                           .name = ch_str_dup(ch_str_of(list[i].name)),
                           .timer = {.fn = on_timer},
                           .next_feed = k->forward->feeds};
        if (ch_store_forwarded(k->store, ch_str_of(f->name), &f->next, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"",
                       err.msg); /* from the first one on: rather twice than never */
        }
        k->forward->feeds = f;
        ch_loop_set_timer(k->child.loop, &f->timer, ch_now_boot_ms());
    }
}

/* A little later, so that what comes together goes together. */
void forward_written(struct keeper *k)
{
    for (struct feed *f = k->forward->feeds; f != NULL; f = f->next_feed) {
        if (f->job == 0 && f->failures == 0 && f->timer.heap_index_plus_1 == 0) {
            ch_loop_set_timer(k->child.loop, &f->timer,
                              ch_loop_now_ms(k->child.loop) + ch_limits.forward_wait_ms);
        } else if (f->job == 0 && f->failures > 0 && f->timer.heap_index_plus_1 == 0) {
            ch_loop_set_timer(k->child.loop, &f->timer, f->pause_until_ms);
        }
    }
}

void forward_put_state(struct keeper *k, struct ch_buf *b, bool json)
{
    struct audit_state log;
    audit_state(k, &log);
    for (const struct feed *f = k->forward->feeds; f != NULL; f = f->next_feed) {
        uint64_t waiting = log.written > f->next ? log.written - f->next : 0;
        char time[40];
        if (json) {
            ch_buf_puts(b, b->len > 0 && b->ptr[b->len - 1] == '}' ? CH_STR(",{") : CH_STR("{"));
            json_field(b, "kind", CH_STR("syslog"));
            json_field(b, "name", ch_str_of(f->name));
            json_number(b, "waiting", waiting);
            json_number(b, "next", f->next);
            json_field(b, "error", ch_str_of(f->error));
            ch_buf_putc(b, '}');
            continue;
        }
        ch_buf_printf(b, "syslog/%s: %llu entries of the audit log wait", f->name,
                      (unsigned long long)waiting);
        if (f->error[0] != '\0') {
            command_time(f->failed_at_us, time, sizeof(time));
            ch_buf_printf(b, "; failed %u times in a row, last %s: %s", f->failures, time,
                          f->error);
        }
        ch_buf_putc(b, '\n');
    }
}
