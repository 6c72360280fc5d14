/* The keeper as a whole: opening and closing, peers, the group of writes, lease. */
#include "keeper_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "customhouse/limits.h"
#include "customhouse/log.h"
#include "db/keeper/budget/hanging.h"
#include "db/keeper/rulings/approvals.h"
#include "db/keeper/asks/documents.h"
#include "db/keeper/egress/egress.h"
#include "db/keeper/rulings/exceptions.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/scoped.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/images/image.h"
#include "db/keeper/intake/intake_int.h"
#include "db/keeper/intake/quota.h"
#include "db/keeper/pushes/pushes.h"
#include "clock.h"
#include "reload.h"
#include "db/keeper/intake/rescan.h"
#include "db/keeper/rulings/altered.h"
#include "db/keeper/rulings/rulings.h"
#include "unsaved.h"
#include "db/keeper/pages/beside.h"
#include "db/keeper/pages/digest_search.h"
#include "db/keeper/pages/sidecar.h"
#include "db/keeper/audit/witnesses.h"

#define TICK_MS 30000

/* ------------------------------------------------------------------ log, lease */

void keeper_log(const char *event, const char *fmt, ...)
{
    char text[1024];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    ch_log("keeper", "keeper event=%s %s", event, text);
}

uint64_t keeper_epoch(const struct keeper *k)
{
    return atomic_load(&k->child.epoch->epoch);
}

void keeper_raise_epoch(struct keeper *k)
{
    atomic_fetch_add(&k->child.epoch->epoch, 1);
}

void keeper_watch_store(struct keeper *k)
{
    struct ch_err err;
    enum ch_store_trouble trouble = CH_STORE_WRITES;
    if (ch_store_whole(k->store, &err) != CH_OK) {
        trouble = CH_STORE_DAMAGED;
    } else if (!k->healthy) {
        trouble = k->write_failed == CH_E_FULL     ? CH_STORE_FULL
                  : k->write_failed == CH_E_BUSY   ? CH_STORE_LOCKED
                  : k->write_failed == CH_E_FORMAT ? CH_STORE_DAMAGED
                                                   : CH_STORE_FAILS;
    } else if (ch_store_has_room(k->store, &err) == CH_E_FULL) {
        trouble = CH_STORE_FULL;
    }
    uint32_t before = atomic_exchange(&k->child.epoch->store_trouble, (uint32_t)trouble);
    if (before != (uint32_t)trouble) {
        const char *text = ch_store_trouble_text((uint32_t)trouble);
        keeper_log("store", "%s=\"%s\"", text != NULL ? "alarm" : "note",
                   text != NULL ? text : "the database can be written again");
    }
}

static void failed_to_write(struct keeper *k, enum ch_code code)
{
    k->healthy = false;
    k->write_failed = code;
    keeper_watch_store(k);
}

const char *keeper_store_trouble(const struct keeper *k)
{
    return ch_store_trouble_text(atomic_load(&k->child.epoch->store_trouble));
}

uint32_t keeper_store_status(enum ch_code code, uint32_t otherwise)
{
    return code == CH_E_FULL || code == CH_E_BUSY ? 507 : otherwise;
}

void keeper_keep_lease(struct keeper *k)
{
    if (k->healthy) {
        atomic_store(&k->child.epoch->lease_until_boot_ms, ch_now_boot_ms() + CH_LEASE_MS);
    }
}

static void on_lease(struct ch_timer *t)
{
    struct keeper *k = CH_CONTAINER_OF(t, struct keeper, lease_timer);
    uint64_t now = ch_now_boot_ms();
    struct ch_err err;
    bool whole = ch_store_whole(k->store, &err) == CH_OK;
    if (k->healthy && !whole) {
        failed_to_write(k, CH_E_FORMAT); /* and stays so: what is damaged may say anything */
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (whole && !k->healthy && !k->draining && keeper_write(k, &err) == CH_OK) {
        CH_IGNORE(
            keeper_commit(k, &err)); /* answers alone write nothing: see whether it can again */
    }
    if (k->healthy) {
        unsaved_store(k);
    }
    keeper_watch_store(k);
    keeper_keep_lease(k);
    ch_loop_set_timer(k->child.loop, t, now + CH_LEASE_RENEW_MS);
}

/* Rows that nothing is decided from go when there are more than limits.h keeps; where entries are
 * about them, an entry says so. */
static enum ch_code trim_with_entry(struct keeper *k, struct ch_err *err)
{
    uint64_t served_from = 0;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_trim(k->store, keeper_now_us(k), &served_from, err);
    if (rc == CH_OK && served_from > 0) {
        rc = audit_served_dropped(k, served_from, err);
    }
    return audit_step_end(k, rc, err);
}

static void trim(struct keeper *k)
{
    struct ch_err err;
    if (trim_with_entry(k, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void on_tick(struct ch_timer *t)
{
    struct keeper *k = CH_CONTAINER_OF(t, struct keeper, tick_timer);
    struct ch_err err;
    clock_watch(k);
    rulings_see_ends(k);
    keys_watch_grace(k);
    command_tell_refused(k);
    rescan_tick(k);
    policies_tick(k);
    rulings_enter_ends(k);
    people_tick(k);
    unsaved_store(k);
    audit_tick(k);
    exceptions_settle(k);
    notices_tick(k);
    forward_written(k);
    witnesses_go_on(k);
    intakes_forget_failed(k, NULL);
    pages_forget_unused(k);
    sidecars_forget(k, ch_loop_now_ms(k->child.loop));
    besides_forget(k, ch_loop_now_ms(k->child.loop));
    quota_flush(k);
    trim(k);
    if (quota_make_room(k, CH_BLOB_SERVED, 0, &err) != CH_OK ||
        quota_make_room(k, CH_BLOB_UNDECIDED, 0, &err) != CH_OK) {
        keeper_log("quota", "error=\"%s\"", err.msg);
    }
    ch_loop_set_timer(k->child.loop, t, ch_loop_now_ms(k->child.loop) + TICK_MS);
}

/* ------------------------------------------------------------------ group commit */

enum ch_code keeper_write(struct keeper *k, struct ch_err *err)
{
    if (ch_store_in_group(k->store)) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_begin(k->store, err);
    if (rc == CH_OK) {
        ch_loop_set_timer(k->child.loop, &k->commit_timer, ch_loop_now_ms(k->child.loop));
    } else {
        failed_to_write(k, rc);
    }
    return rc;
}

enum ch_code keeper_commit(struct keeper *k, struct ch_err *err)
{
    k->uncommitted_allows = 0;
    if (!ch_store_in_group(k->store)) {
        return CH_OK;
    }
    enum ch_code rc = audit_committing(k, err);
    if (rc == CH_OK) {
        rc = ch_store_commit(k->store, err);
    } else {
        ch_store_rollback(k->store);
    }
    if (rc != CH_OK) { /* and the store has undone the group */
        keeper_raise_epoch(k);
        k->group_lost = true;
        audit_rolled_back(k);
        intakes_roll_back(k);
        pages_roll_back(k);
        quota_rolled_back(k);
        served_rolled_back(k);
        keeper_log("store", "commit=failed error=\"%s\"", err->msg);
    }
    k->healthy = rc == CH_OK;
    if (rc != CH_OK) {
        failed_to_write(k, rc);
    } else {
        audit_committed(k);
        pages_committed(k);
        intakes_durable(k);
        notices_committed(k);
        quota_committed(k);
        served_committed(k);
    }
    return rc;
}

static void on_commit(struct ch_timer *t)
{
    struct keeper *k = CH_CONTAINER_OF(t, struct keeper, commit_timer);
    struct ch_err err;
    enum ch_code rc = keeper_commit(k, &err);
    if (rc == CH_OK && !k->group_lost) {
        intake_committed(k);
    } else { /* this one, or one that somebody made before this turn's end */
        k->group_lost = false;
        intake_commit_failed(k);
    }
}

/* ------------------------------------------------------------------ peers */

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct keeper *k = owner;
    if (ch_channel_peer(ch) == CH_ROLE_GATEWAY) {
        ask_on_frame(k, ch, frame);
    } else if (ch_channel_peer(ch) == CH_ROLE_ADMIN) {
        admin_on_frame(k, frame);
    } else if (ch_channel_peer(ch) == CH_ROLE_ADMISSION) {
        images_on_frame(k, frame);
    } else if (ch_channel_peer(ch) == CH_ROLE_EGRESS) {
        egress_on_frame(k, frame);
    } else {
        jobs_on_frame(k, frame);
    }
}

static struct ch_channel **slot_of(struct keeper *k, enum ch_role role, uint32_t instance)
{
    switch ((int)role) {
    case CH_ROLE_GATEWAY:
        return instance < CH_ARRAY_LEN(k->gateways) ? &k->gateways[instance] : NULL;
    case CH_ROLE_ADMIN:
        return &k->admin;
    case CH_ROLE_ADMISSION:
        return &k->admission;
    case CH_ROLE_FETCHER:
        return &k->fetcher;
    case CH_ROLE_EGRESS:
        return &k->egress;
    case CH_ROLE_SCANNER_STRICT:
        return &k->scanners[0];
    case CH_ROLE_SCANNER_SECOND:
        return &k->scanners[1];
    default:
        return NULL;
    }
}

static void drop_peer(struct keeper *k, struct ch_channel **slot)
{
    struct ch_channel *ch = *slot;
    if (ch != NULL) {
        enum ch_role role = ch_channel_peer(ch);
        *slot = NULL;
        ch_channel_free(ch);
        if (role == CH_ROLE_ADMIN) {
            admin_gone(k);
        }
        if (role == CH_ROLE_EGRESS) {
            egress_peer_gone(k);
        }
        jobs_peer_gone(k, role);
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct keeper *k = owner;
    struct ch_channel **slot = slot_of(k, ch_channel_peer(ch), ch_channel_instance(ch));
    keeper_log("peer", "role=%s closed=\"%s\"", ch_role_name(ch_channel_peer(ch)), why->msg);
    if (slot != NULL && *slot == ch) {
        drop_peer(k, slot);
    }
}

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct keeper *k = owner;
    struct ch_channel **slot = slot_of(k, role, instance);
    struct ch_err err;
    if (slot == NULL) {
        close(fd);
        return;
    }
    drop_peer(k, slot);
    struct ch_channel_options options = {
        .loop = k->child.loop,
        .fd = fd,
        .peer = role,
        .self = CH_ROLE_KEEPER,
        .peer_instance = instance,
        .owner = k,
        .on_frame = on_frame,
        .on_closed = on_closed,
        /* one answer, however long, comes from one turn; and another, while it is not read yet */
        .max_queued_bytes = role == CH_ROLE_ADMIN ? 2 * (size_t)ch_limits.admin_answer_bytes : 0};
    if (ch_channel_open(&options, slot, &err) != CH_OK) {
        keeper_log("peer", "role=%s error=\"%s\"", ch_role_name(role), err.msg);
        return;
    }
    if (role == CH_ROLE_EGRESS) {
        notices_came(k);
        forward_written(k);
        witnesses_go_on(k);
    }
    if (role == CH_ROLE_GATEWAY) {
        served_peer_came(k, instance);
        scoped_tell(k, *slot);
    }
    jobs_peer_came(k, role);
}

/* ------------------------------------------------------------------ supervisor's words */

void keeper_drained(struct keeper *k)
{
    struct ch_err err;
    on_commit(&k->commit_timer);
    unsaved_store(k);
    commands_drain(k);
    intakes_drained(k);
    if (clock_store(k, true, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    atomic_store(&k->child.epoch->lease_until_boot_ms, 0);
    ch_loop_stop(k->child.loop);
}

/* A file that is being published is waited for: its intake then goes on after the restart from the
 * bytes, and does not fetch them again. */
static void on_drain(void *owner)
{
    struct keeper *k = owner;
    k->draining = true;
    if (!offload_busy(k)) {
        keeper_drained(k);
    }
}

static void on_control(void *owner, const struct ch_control *control, int fd)
{
    commands_accept(owner, control, fd);
}

static void on_status(void *owner, struct ch_str text)
{
    struct keeper *k = owner;
    free(k->status_text);
    k->status_text = ch_str_dup(text);
}

void keeper_random_id(char ret[KEEPER_ID_LEN + 1])
{
    uint8_t random[KEEPER_ID_LEN / 2];
    struct ch_buf b;
    CH_ASSERT(getrandom(random, sizeof(random), 0) == (ssize_t)sizeof(random));
    ch_buf_init(&b, KEEPER_ID_LEN);
    ch_buf_put_hex(&b, random, sizeof(random));
    CH_ASSERT(ch_str_copy(ch_buf_str(&b), ret, KEEPER_ID_LEN + 1));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ start-up */

static enum ch_code load_secret(struct keeper *k, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, 64);
    enum ch_code rc = ch_store_get_value(k->store, CH_STR("refusal-secret"), &value, err);
    if (rc == CH_OK && value.len == CH_SHA256_BYTES) {
        struct ch_rd r = ch_rd_of(value.ptr, value.len);
        k->refusal_secret = ch_get_sha256(&r);
    } else if (rc == CH_OK || rc == CH_E_NOT_FOUND) {
        CH_ASSERT(getrandom(k->refusal_secret.byte, CH_SHA256_BYTES, 0) == CH_SHA256_BYTES);
        rc = audit_set_value(k, CH_STR("refusal-secret"),
                             (struct ch_str){(const char *)k->refusal_secret.byte, CH_SHA256_BYTES},
                             err);
    }
    ch_buf_done(&value);
    return rc;
}

enum ch_code keeper_init(struct keeper *k, struct ch_err *err)
{
    struct ch_child *child = &k->child;
    char *policy_name = ch_str_dup(child->setup.policy_name);
    child->owner = k;
    child->on_peer = on_peer;
    child->on_drain = on_drain;
    child->on_control = on_control;
    child->on_status = on_status;
    reload_init(k);
    clock_read_boot_id(k);
    k->pages = ch_map_new();
    k->intakes = ch_map_new();
    k->lease_timer.fn = on_lease;
    k->commit_timer.fn = on_commit;
    k->tick_timer.fn = on_tick;
    k->room_timer.fn = quota_on_timer;
    k->started_at_us = ch_now_unix_us();
    k->configured_at_us = k->started_at_us;
    jobs_init(k);
    pushes_init(k);
    egress_init(k);
    notices_init(k);
    forward_init(k);
    witnesses_init(k);
    sidecars_init(k);
    besides_init(k);
    rescan_init(k);
    again_init(k);
    k->terse_upstreams = ch_map_new();
    k->hanging = ch_map_new();
    enum ch_code rc = ch_policy_parse(child->setup.policy_text, policy_name, &k->policy, err);
    free(policy_name);
    return rc;
}

enum ch_code keeper_open(struct keeper *k, struct ch_err *err)
{
    char *state_dir = ch_str_dup(k->child.setup.state_dir);
    char folder[512];
    snprintf(folder, sizeof(folder), "%s/db", state_dir);
    enum ch_code rc = ch_store_open(folder, &k->store, err);
    rc = rc == CH_OK ? ch_blobs_open(state_dir, &k->blobs, err) : rc;
    rc = rc == CH_OK ? keyring_open(k, err) : rc;
    rc = rc == CH_OK ? offload_start(k, err) : rc;
    rc = rc == CH_OK ? audit_open(k, err) : rc;
    rc = rc == CH_OK ? load_secret(k, err) : rc;
    if (rc == CH_OK) {
        keyring_complete(k);
        rc = keeper_commit(k, err);
    }
    rc = rc == CH_OK ? clock_trust(k, err) : rc; /* what has ended is seen by it */
    rc = rc == CH_OK ? people_open(k, err) : rc;
    rc = rc == CH_OK ? rulings_load(k, err) : rc;
    rc = rc == CH_OK ? exceptions_load(k, err) : rc;
    rc = rc == CH_OK ? keys_load(k, err) : rc;
    rc = rc == CH_OK ? ch_blobs_each_served(k->blobs, serve_check_link, k, err) : rc;
    rc = rc == CH_OK ? ch_blobs_clear_spool(k->blobs, err) : rc;
    rc = rc == CH_OK ? quota_resume(k, err) : rc;
    rc = rc == CH_OK ? intake_resume_all(k, err) : rc;
    if (rc == CH_OK) {
        policies_open(k, k->child.setup.policy_text);
        rc = audit_configuration(k, err);
    }
    free(state_dir);
    return rc;
}

void keeper_begin(struct keeper *k)
{
    k->healthy = true;
    keeper_raise_epoch(k);
    clock_watch(k);
    people_configured(k);
    approvals_environments(k);
    on_lease(&k->lease_timer);
    on_tick(&k->tick_timer);
    notices_configured(k);
    forward_configured(k);
    witnesses_configured(k);
    intakes_run(k);
    altered_tell(k);
    again_begin(k);
    rescan_begin(k);
}

void keeper_close(struct keeper *k)
{
    commands_free(k);
    for (size_t i = 0; i < CH_ARRAY_LEN(k->gateways); i++) {
        ch_channel_free(k->gateways[i]);
    }
    ch_channel_free(k->admin);
    k->admin = NULL;
    ch_channel_free(k->admission);
    k->admission = NULL;
    ch_channel_free(k->fetcher);
    k->fetcher = NULL; /* what is under way is cancelled below, and nobody hears it any more */
    ch_channel_free(k->egress);
    k->egress = NULL;
    ch_channel_free(k->scanners[0]);
    ch_channel_free(k->scanners[1]);
    offload_stop(k);
    digest_searches_free(k);
    intakes_free(k);
    rescan_free(k);
    again_free(k);
    sidecars_free(k);
    besides_free(k);
    ch_map_free(k->terse_upstreams);
    k->terse_upstreams = NULL;
    image_runtime_free(k);
    image_known_free(k);
    budget_free(k);
    pages_free(k);
    hanging_free(k); /* pages tell it that they are gone */
    pushes_done(k);
    jobs_done(k);
    notices_free(k);
    forward_free(k);
    witnesses_free(k);
    egress_done(k);
    quota_free(k);
    ch_buf_done(&k->going);
    audit_close(k);
    rulings_free(k);
    exceptions_free(k);
    people_close(k);
    unsaved_free(k);
    policies_free(k);
    reload_free(k);
    documents_free(k);
    keyring_free(k);
    keys_free(k);
    ch_loop_cancel_timer(k->child.loop, &k->rulings_timer);
    ch_policy_free(k->policy);
    ch_blobs_close(k->blobs);
    ch_store_close(k->store);
    free(k->status_text);
    for (size_t i = 0; i < k->old_config_count; i++) {
        ch_config_free(k->old_configs[i]);
    }
    free(k->old_configs);
    ch_loop_cancel_timer(k->child.loop, &k->lease_timer);
    ch_loop_cancel_timer(k->child.loop, &k->commit_timer);
    ch_loop_cancel_timer(k->child.loop, &k->tick_timer);
}
