/* SIGHUP: another site is in force in all processes, or in none of them.
 *
 *   read all and check it -> RELOAD to each: could it work with this?
 *     -> all could:        it is the site in force, RELOAD_END to each, the keeper first
 *     -> one could not, ended, or did not answer in time: RELOAD_END to each, all is as it was
 *
 * Until the end every process works with the former site, and what starts gets that. A process that
 * is not ready is asked when it is. */
#include "supervisor_int.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "base/customhouse/site/policy_files.h"
#include "base/customhouse/site/tls_files.h"

/* To compile rules, on a busy machine. Below what `policy set` waits. */
#ifndef RELOAD_WAIT_MS
#define RELOAD_WAIT_MS 30000
#endif

static void put_addresses(const struct ch_config *c, struct ch_buf *b)
{
    for (size_t i = 0; i < c->listen_count; i++) {
        ch_buf_printf(b, "%s%s%s", i > 0 ? " " : "", c->listen[i].address,
                      c->listen[i].tls_certificate != NULL ? "(tls)" : "");
    }
}

static bool same_text(const char *a, const char *b)
{
    return ch_str_eq(ch_str_of(a), ch_str_of(b));
}

/* What only a start can change is said, or its editor would believe it is in force. */
static void tell_unchanged(const struct ch_config *before, const struct ch_config *now)
{
    const struct {
        const char *key;
        bool same;
    } keys[] = {
        {"insecure_http", now->insecure_http == before->insecure_http},
        {"admin.enabled", now->admin_enabled == before->admin_enabled},
        {"admin.address", same_text(now->admin_address, before->admin_address)},
        {"admin.tls_certificate",
         (now->admin_tls_certificate == NULL) == (before->admin_tls_certificate == NULL)},
        {"admission.address", same_text(now->admission_address, before->admission_address)},
        {"processes.gateways", now->gateways == before->gateways},
        {"processes.uid_base", now->uid_base == before->uid_base},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(keys); i++) {
        if (!keys[i].same) {
            log_line("reload", "key=%s note=\"changes with the next start\"", keys[i].key);
        }
    }
    struct ch_buf from;
    struct ch_buf to;
    ch_buf_init(&from, 4 * ch_limits.text_bytes);
    ch_buf_init(&to, 4 * ch_limits.text_bytes);
    put_addresses(before, &from);
    put_addresses(now, &to);
    if (!ch_str_eq(ch_buf_str(&from), ch_buf_str(&to))) {
        log_line("reload",
                 "listen=\"%.*s\" was=\"%.*s\" note=\"listen changes with the next start\"",
                 CH_STR_ARG(ch_buf_str(&to)), CH_STR_ARG(ch_buf_str(&from)));
    }
    ch_buf_done(&from);
    ch_buf_done(&to);
}

/* --- the end --- */

static void send_end(struct process *p, bool taken, const char *why)
{
    struct ch_buf b;
    struct ch_reload_end end = {taken, ch_str_of(why)};
    ch_buf_init(&b, ch_message_row(CH_MSG_RELOAD_END)->max_bytes);
    ch_reload_end_put(&b, &end);
    process_send(p, CH_MSG_RELOAD_END, ch_buf_str(&b), NULL, 0);
    ch_buf_done(&b);
}

static bool is_asked(const struct process *p)
{
    return p->tried == p->sup->reload.number && p->state == PROCESS_READY;
}

static void done(struct supervisor *sup)
{
    sup->reload.under_way = false;
    ch_loop_cancel_timer(sup->loop, &sup->reload.timer);
}

/* `why` NULL: newer texts are tried, or all ends. */
static void give_up(struct supervisor *sup, const char *why)
{
    done(sup);
    site_done(&sup->reload.site);
    for (size_t i = 0; i < sup->process_count; i++) {
        if (is_asked(&sup->process[i])) {
            send_end(&sup->process[i], false, why);
        }
    }
}

static void fail(struct supervisor *sup, const char *why)
{
    struct process *keeper = process_find(sup, CH_ROLE_KEEPER, 0);
    log_line("reload-failed",
             "error=\"%s\" note=\"what was in force stays in force, in all processes\"", why);
    if (keeper != NULL && keeper->state == PROCESS_READY &&
        !(sup->reload.under_way && is_asked(keeper))) {
        send_end(keeper, false, why); /* the command that waits there is answered at once */
    }
    if (sup->reload.under_way) {
        give_up(sup, why);
    }
}

/* The keeper first: it makes gateways ask anew. */
static void commit(struct supervisor *sup)
{
    done(sup);
    if (sup->started == NULL) {
        sup->started = sup->site.config;
        sup->site.config = NULL;
    }
    tell_unchanged(sup->started, sup->reload.site.config);
    site_done(&sup->site);
    sup->site = sup->reload.site;
    sup->reload.site = (struct site){.config_name = NULL};
    for (int others = 0; others < 2; others++) {
        for (size_t i = 0; i < sup->process_count; i++) {
            struct process *p = &sup->process[i];
            if ((p->role != CH_ROLE_KEEPER) == (others != 0)) {
                send_end(p, true, NULL);
            }
        }
    }
    log_line("reloaded", "generation=%u processes=%zu", sup->reload.number, sup->process_count);
}

/* --- asking --- */

static void ask(struct process *p)
{
    struct supervisor *sup = p->sup;
    struct ch_err err;
    /* one that still thinks about a former try is asked when it has answered that */
    if (p->state != PROCESS_READY || p->owes || is_asked(p)) {
        return;
    }
    if (process_try(p, &sup->reload.site, &err) != CH_OK) {
        fail(sup, err.msg);
        return;
    }
    p->tried = sup->reload.number;
    p->owes = true;
    p->can_reload = false;
}

static void commit_when_all_can(struct supervisor *sup)
{
    for (size_t i = 0; i < sup->process_count; i++) {
        const struct process *p = &sup->process[i];
        if (!is_asked(p) || !p->can_reload) {
            return;
        }
    }
    commit(sup);
}

static void on_timer(struct ch_timer *t)
{
    struct supervisor *sup = CH_CONTAINER_OF(t, struct supervisor, reload.timer);
    const struct process *late = NULL;
    char name[64];
    char why[160];
    for (size_t i = 0; i < sup->process_count && late == NULL; i++) {
        const struct process *p = &sup->process[i];
        late = is_asked(p) && p->can_reload ? NULL : p;
    }
    CH_ASSERT(late != NULL); /* or it would be in force */
    process_name(late, name, sizeof(name));
    snprintf(why, sizeof(why), "%s: %s within %d s", name,
             late->state == PROCESS_READY ? "did not say whether it can work with it"
                                          : "was not there to be asked",
             RELOAD_WAIT_MS / 1000);
    fail(sup, why);
}

void reload_begin(struct supervisor *sup)
{
    struct reload *r = &sup->reload;
    struct site site;
    struct ch_err err;
    if (sup->draining || !sup->serving) {
        r->wanted = !sup->draining;
        return;
    }
    if (r->under_way) {
        log_line("reload", "note=\"asked again: what is there now is tried instead\"");
        give_up(sup, NULL);
    }
    if (policy_files_finish(sup->folder, &err) != CH_OK ||
        site_load(sup->folder, &site, &err) != CH_OK) {
        fail(sup, err.msg);
        return;
    }
    if (tls_files_check_times(&site, &sup->site, ch_now_unix_us(), &err) != CH_OK) {
        site_done(&site);
        fail(sup, err.msg);
        return;
    }
    listening_show(sup, &site, &sup->site);
    r->site = site;
    r->number++;
    r->under_way = true;
    r->timer.fn = on_timer;
    ch_loop_set_timer(sup->loop, &r->timer, ch_now_boot_ms() + RELOAD_WAIT_MS);
    log_line("reload", "generation=%u", r->number);
    for (size_t i = 0; i < sup->process_count && r->under_way; i++) {
        ask(&sup->process[i]);
    }
}

void reload_cancel(struct supervisor *sup)
{
    if (sup->reload.under_way) {
        give_up(sup, NULL);
    }
}

/* --- what processes do meanwhile --- */

void reload_serving(struct supervisor *sup)
{
    if (sup->reload.wanted) {
        sup->reload.wanted = false;
        reload_begin(sup);
    }
}

void reload_process_ready(struct process *p)
{
    if (p->sup->reload.under_way) {
        ask(p);
    }
}

/* Whether the new site was what ended it nobody can tell: it starts again with the former one. */
void reload_process_ended(struct process *p)
{
    if (p->sup->reload.under_way && is_asked(p)) {
        char name[64];
        char why[160];
        process_name(p, name, sizeof(name));
        snprintf(why, sizeof(why), "%s: ended before all processes could work with it", name);
        fail(p->sup, why);
    }
}

void reload_answered(struct process *p, const struct ch_reloaded *m)
{
    struct supervisor *sup = p->sup;
    char name[64];
    char why[sizeof(((struct ch_err *)NULL)->msg) + sizeof(name)];
    p->owes = false;
    if (!sup->reload.under_way) {
        return; /* it was given up */
    }
    if (!is_asked(p)) {
        ask(p);
        return;
    }
    p->can_reload = m->code == CH_OK;
    if (p->can_reload) {
        commit_when_all_can(sup);
        return;
    }
    process_name(p, name, sizeof(name));
    log_line("reload-refused", "of=%s error=\"%.*s\"", name, CH_STR_ARG(m->text));
    snprintf(why, sizeof(why), "%s: %.*s", name, CH_STR_ARG(m->text));
    fail(sup, why);
}
