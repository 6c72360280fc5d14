/* Places of entries, what the open group has, what goes to the files next, and who waits for it. */
#include "audit_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit_self.h"
#include "customhouse/limits.h"
#include "db/log/files.h"
#include "keyring.h"
#include "db/keeper/egress/notices.h"
#include "witnesses.h"

/* ------------------------------------------------------------------ to the thread */

struct handing {
    struct ch_buf bundle;
    uint64_t end;
    uint64_t below; /* what is committed */
};

static bool hand_one(void *ctx, uint64_t index, struct ch_str entry)
{
    struct handing *h = ctx;
    size_t bytes = CH_ENTRY_PREFIX + entry.len;
    if (index != h->end || index >= h->below || h->bundle.len + bytes > h->bundle.max) {
        return false;
    }
    ch_bundle_put(&h->bundle, entry);
    h->end++;
    return true;
}

/* Whether anything may be signed: what waits was entered by the keeper, and what the files have
 * could be read. */
static bool may_sign(const struct audit *a)
{
    return !audit_seal_is_broken(&a->seal) && a->recalled.unread[0] == '\0';
}

/* From the store: at the start, and after so much came at once that it was not kept in memory. The
 * store shows us the open group too, which may yet be lost: an entry of it in the files would be
 * one that nobody has, and its place one that no other entry gets. */
void audit_hand_pending(struct audit *a)
{
    struct handing h = {.end = a->handed_to, .below = a->group_from};
    struct ch_err err;
    if (a->thread == NULL || a->handed_to == a->group_from || audit_thread_queued(a->thread) > 0 ||
        !may_sign(a)) {
        return;
    }
    ch_buf_init(&h.bundle, (size_t)ch_limits.log_batch_bytes);
    if (ch_store_log_pending(a->k->store, a->handed_to, hand_one, &h, &err) != CH_OK) {
        keeper_log("audit", "error=\"%s\"", err.msg);
    } else if (h.bundle.len > 0) {
        audit_thread_append(a->thread, a->handed_to, ch_buf_str(&h.bundle));
        a->handed_to = h.end;
    }
    ch_buf_done(&h.bundle);
}

static void empty_group(struct audit *a)
{
    ch_buf_clear(&a->group);
    a->group_too_large = false;
    a->group_from = a->next;
}

/* While the log is handed to another key its former one seals: the log's entries name no other yet.
 */
static const struct ch_note_signer *seal_signer(const struct audit *a)
{
    const struct ch_note_signer *signer = audit_key_signer(a->key);
    return signer->also != NULL && !a->handed_over ? signer->also : signer;
}

enum ch_code audit_committing(struct keeper *k, struct ch_err *err)
{
    struct audit *a = k->audit;
    enum ch_code rc = audit_facts(k, err);
    if (rc == CH_OK) {
        audit_seal_put(k, &a->seal, seal_signer(a), a->next, a->written);
    }
    return rc;
}

void audit_committed(struct keeper *k)
{
    struct audit *a = k->audit;
    audit_seal_committed(&a->seal, a->next, a->dropped_to);
    bool fits = a->thread != NULL && !a->group_too_large && a->handed_to == a->group_from &&
                may_sign(a) &&
                audit_thread_queued(a->thread) + a->group.len <= ch_limits.log_batch_bytes;
    if (fits && a->group.len > 0) {
        audit_thread_append(a->thread, a->group_from, ch_buf_str(&a->group));
        a->handed_to = a->next;
    }
    empty_group(a);
    audit_hand_pending(a);
}

/* The entries from here on are not there after all. */
static void undo(struct audit *a, uint64_t next)
{
    a->next = next;
    a->decided = a->decided < next ? a->decided : next;
    a->in_force.to = 0;
    said_undo(a->recalled.said, next);
}

void audit_rolled_back(struct keeper *k)
{
    struct audit *a = k->audit;
    undo(a, a->group_from);
    a->dropped_to = 0; /* perhaps not: again */
    audit_seal_rolled_back(&a->seal);
    empty_group(a);
}

enum ch_code audit_step(struct keeper *k, struct ch_err *err)
{
    struct audit *a = k->audit;
    enum ch_code rc = ch_store_step(k->store, err);
    a->step.next = a->next;
    a->step.group_bytes = a->group.len;
    a->step.group_too_large = a->group_too_large;
    audit_seal_step(&a->seal);
    return rc;
}

enum ch_code audit_step_end(struct keeper *k, enum ch_code code, struct ch_err *err)
{
    struct audit *a = k->audit;
    code = ch_store_step_end(k->store, code, err);
    if (code != CH_OK) {
        undo(a, a->step.next);
        a->group.len = a->step.group_bytes;
        a->group_too_large = a->step.group_too_large;
        audit_seal_undo_step(&a->seal);
    }
    return code;
}

enum ch_code audit_act(struct keeper *k, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    return rc == CH_OK ? audit_step(k, err) : rc;
}

enum ch_code audit_act_end(struct keeper *k, enum ch_code begun, enum ch_code rc,
                           struct ch_err *err)
{
    if (begun != CH_OK) {
        return begun;
    }
    rc = audit_step_end(k, rc, err);
    return rc == CH_OK ? keeper_commit(k, err) : rc;
}

/* ------------------------------------------------------------------ to the store */

enum ch_code audit_add(struct keeper *k, struct audit_entry *e, struct ch_err *err)
{
    struct audit *a = k->audit;
    ch_log_entry_end(&e->e);
    enum ch_code rc = ch_log_entry_ok(&e->e, err);
    rc = rc == CH_OK ? keeper_write(k, err) : rc; /* its seal comes with its group */
    if (rc == CH_OK) {
        e->row.index = a->next;
        e->row.leaf = ch_tree_leaf(a->hash, ch_buf_str(&e->text));
        rc = ch_store_add_log(k->store, &e->row, ch_buf_str(&e->text), e->clear, e->clear_count,
                              err);
    }
    if (rc == CH_OK) {
        a->next++;
        bool rules = ch_str_starts(e->row.kind, CH_STR("ruling"));
        a->in_force.to = rules ? 0 : a->in_force.to;
        a->decided = ch_str_eq(e->row.kind, CH_STR("decision")) ? a->next : a->decided;
        a->group_too_large =
            a->group_too_large || a->group.len + e->text.len + CH_ENTRY_PREFIX > a->group.max;
        if (!a->group_too_large) {
            ch_bundle_put(&a->group, ch_buf_str(&e->text));
        }
        audit_seal_add(&a->seal, a->hash, &e->row.leaf);
        said_add(a->recalled.said, e->row.index, ch_buf_str(&e->text), true);
    }
    ch_buf_done(&e->text);
    return rc;
}

/* The store's copies of what is in the files go with the next group that writes anything. */
static void drop_written(struct audit *a)
{
    struct ch_err err;
    if (a->dropped_to == a->written) {
        return;
    }
    if (keeper_write(a->k, &err) != CH_OK ||
        ch_store_log_is_written(a->k->store, a->written, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        return;
    }
    a->dropped_to = a->written;
}

void audit_wait(struct keeper *k, struct waiter *waiter)
{
    waiters_add(&k->audit->waiting, waiter);
}

struct ch_str audit_origin(const struct keeper *k)
{
    return ch_str_of(audit_key_signer(k->audit->key)->key.name);
}

uint64_t audit_floor(const struct keeper *k)
{
    return k->audit->written < k->audit->decided ? k->audit->decided : 0;
}

bool audit_has(const struct keeper *k, const struct page_file *f)
{
    return f->log_end <= k->audit->written;
}

/* Told to all processes, to who waits for the log, and entered: that comes to the log's files with
 * the entries that wait for them. `what` "": it can be written again. */
static void set_trouble(struct audit *a, const char *what)
{
    struct ch_err err;
    a->in_trouble = what[0] != '\0';
    atomic_store(&a->k->child.epoch->log_trouble, a->in_trouble);
    keeper_log("audit", "writable=%d error=\"%s\"", !a->in_trouble, what);
    if (keeper_write(a->k, &err) != CH_OK ||
        audit_trouble(a->k, !a->in_trouble, ch_str_of(what), &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    } else {
        notices_log(a->k, !a->in_trouble, a->next - 1);
    }
    waiters_wake(&a->waiting);
}

/* How many entries are under a checkpoint is sealed with the next group. Where none comes, one is
 * made for it: an older copy of the log's files is known by that. */
#define RESEAL_MS 250

static void on_reseal(struct ch_timer *t)
{
    struct audit *a = CH_CONTAINER_OF(t, struct audit, reseal);
    struct ch_err err;
    if (audit_seal_is_behind(&a->seal, a->written) && keeper_write(a->k, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg); /* the next group does */
    }
}

static void on_wake(struct ch_watch *watch, uint32_t events)
{
    struct audit *a = CH_CONTAINER_OF(watch, struct audit, wake);
    struct audit_progress p;
    uint64_t count;
    (void)events;
    CH_IGNORE(read(watch->fd, &count, sizeof(count)) < 0); /* EAGAIN: told already */
    audit_thread_progress(a->thread, &p);
    if ((p.trouble[0] != '\0') != a->in_trouble) {
        set_trouble(a, p.trouble);
    }
    if (p.written > a->written) {
        a->written = p.written;
        waiters_wake(&a->waiting);
        audit_hand_pending(a);
        forward_written(a->k);
        witnesses_go_on(a->k);
        ch_loop_set_timer(a->k->child.loop, &a->reseal,
                          ch_loop_now_ms(a->k->child.loop) + RESEAL_MS);
    }
    if (audit_key_hands_over(a->key)) { /* not in here: it ends this watch */
        ch_loop_set_timer(a->k->child.loop, &a->handover, ch_loop_now_ms(a->k->child.loop));
    }
}

struct ch_in_force *audit_known_in_force(struct keeper *k)
{
    return &k->audit->in_force;
}

void audit_state(const struct keeper *k, struct audit_state *ret)
{
    struct audit_progress p = {.trouble = "it is not written to while its key is rotated"};
    if (k->audit->thread != NULL) {
        audit_thread_progress(k->audit->thread, &p);
    }
    *ret = (struct audit_state){.next = k->audit->next, .written = k->audit->written};
    snprintf(ret->trouble, sizeof(ret->trouble), "%s", p.trouble);
    if (audit_seal_is_broken(&k->audit->seal)) {
        audit_seal_say(&k->audit->seal, ret->trouble, sizeof(ret->trouble));
    } else if (k->audit->recalled.unread[0] != '\0') {
        snprintf(ret->trouble, sizeof(ret->trouble), "%s", k->audit->recalled.unread);
    }
}

struct said *audit_said(const struct keeper *k)
{
    return k->audit->recalled.said;
}

bool audit_is_recalled(const struct keeper *k)
{
    return k->audit->recalled.unread[0] == '\0';
}

void audit_recall(struct keeper *k)
{
    audit_recall_to(k, k->audit->next, &k->audit->recalled);
}

bool audit_is_sealed(const struct keeper *k)
{
    return !audit_seal_is_broken(&k->audit->seal);
}

/* People are told once, as of any trouble that the log is in. */
static void tell_unsigned(struct audit *a)
{
    struct audit_state s;
    if (!may_sign(a) && !a->in_trouble) {
        audit_state(a->k, &s);
        set_trouble(a, s.trouble);
    }
}

/* ------------------------------------------------------------------ the thread, and its keys */

static void folder_of(const struct keeper *k, char *ret, size_t size)
{
    snprintf(ret, size, "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
}

static enum ch_code start_thread(struct audit *a, struct ch_err *err)
{
    char folder[4096];
    folder_of(a->k, folder, sizeof(folder));
    enum ch_code rc = audit_key_open(a->k, &a->key, err);
    if (rc == CH_OK) {
        a->handed_to = a->written;
        a->handed_over_at = a->next;
        rc = audit_thread_start(folder, audit_key_signer(a->key), a->written, &a->thread,
                                &a->wake.fd, err);
    }
    return rc == CH_OK ? ch_loop_watch(a->k->child.loop, &a->wake, EPOLLIN, err) : rc;
}

static void stop_thread(struct audit *a)
{
    struct audit_progress last;
    if (a->thread != NULL) {
        ch_loop_unwatch(a->k->child.loop, &a->wake);
        audit_thread_stop(a->thread, &last);
        a->thread = NULL;
        a->written = last.written > a->written ? last.written : a->written;
    }
}

enum ch_code audit_pause(struct keeper *k, bool lost, struct ch_err *err)
{
    struct audit *a = k->audit;
    struct audit_state s;
    audit_state(k, &s);
    if (s.trouble[0] != '\0' && !lost) {
        return ch_fail(err, CH_E_BUSY, "the audit log cannot be handed to another key now: %s",
                       s.trouble);
    }
    if (audit_key_hands_over(a->key)) {
        return ch_fail(err, CH_E_BUSY, "the audit log is being handed to another key: try again");
    }
    enum ch_code rc = keeper_commit(k, err);
    if (rc == CH_OK) {
        stop_thread(a);
    }
    return rc;
}

void audit_resume(struct keeper *k)
{
    struct audit *a = k->audit;
    struct audit_key *before = a->key;
    struct ch_err err;
    if (start_thread(a, &err) != CH_OK) {
        keeper_log("audit", "error=\"%s\"", err.msg); /* the next tick tries again */
    }
    if (a->key != before) {
        audit_key_close(before);
    }
    a->handed_over = false;
    if (!audit_key_hands_over(a->key)) { /* it begins to seal, where the former one was lost */
        a->seal.other_key = true;
        if (keeper_write(k, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
    waiters_wake(&a->waiting);
    audit_hand_pending(a);
}

/* Both keys have signed the entry that says so: the former one is not needed any more. */
static void end_handover(struct audit *a)
{
    struct ch_buf note;
    struct ch_err err;
    if (a->thread == NULL || !audit_key_hands_over(a->key) || a->written < a->handed_over_at) {
        return;
    }
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = audit_read_checkpoint(a->k, &note, &err);
    rc = rc == CH_OK
             ? audit_key_keep_handover(a->k, a->key, ch_buf_str(&note), a->handed_over_at, &err)
             : rc;
    ch_buf_done(&note);
    if (rc == CH_OK) {
        a->handed_over = a->seal.other_key = true;
        rc = keeper_write(a->k, &err);
        rc = rc == CH_OK ? keeper_commit(a->k, &err) : rc;
    }
    if (rc == CH_OK) {
        stop_thread(a);
        keyring_drop_former(a->k);
        audit_resume(a->k);
        keeper_log("audit", "key=\"handed over\"");
    } else if (rc != CH_E_NOT_FOUND) {
        keeper_log("audit", "error=\"%s\"", err.msg);
    }
}

static void on_handover(struct ch_timer *t)
{
    end_handover(CH_CONTAINER_OF(t, struct audit, handover));
}

void audit_tick(struct keeper *k)
{
    struct ch_err err;
    int64_t minute = keeper_now_us(k) / 60000000;
    /* the configuration, too: a reload does not fail for its entry */
    if (audit_refusals(k, minute, &err) != CH_OK || audit_sign_ins(k, minute, &err) != CH_OK ||
        audit_command_refusals(k, minute, &err) != CH_OK || audit_configuration(k, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    drop_written(k->audit);
    tell_unsigned(k->audit);
    if (k->audit->thread == NULL) {
        audit_resume(k);
    }
    audit_hand_pending(k->audit);
    end_handover(k->audit);
}

/* ------------------------------------------------------------------ opening */

static enum ch_code begin_log(struct keeper *k, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = audit_genesis(k, &audit_key_signer(k->audit->key)->key, err);
    rc = rc == CH_OK ? audit_key_enter_all(k, err) : rc;
    rc = rc == CH_OK ? audit_older_facts(k, 0, err) : rc;
    rc = rc == CH_OK ? audit_older_rows(k, 0, err) : rc;
    return audit_step_end(k, rc, err);
}

static enum ch_code start(struct keeper *k, struct ch_err *err)
{
    struct audit *a = k->audit;
    struct audit_key *key = NULL;
    enum ch_code rc = ch_store_log_ends(k->store, &a->next, &a->written, err);
    rc = rc == CH_OK ? audit_check_whole(k, a->next, err) : rc;
    rc = rc == CH_OK ? audit_key_open(k, &key, err) : rc;
    if (rc == CH_OK) {
        audit_mend_files(k, audit_key_signer(key));
    }
    rc = rc == CH_OK
             ? audit_seal_load(k, key, a->next, audit_count_logged(k), &a->written, &a->seal, err)
             : rc;
    audit_key_close(key);
    a->group_from = a->next;
    a->dropped_to = a->written;
    if (rc == CH_OK) {
        audit_recall(k);
        a->decided = a->recalled.decided;
    }
    rc = rc == CH_OK ? start_thread(a, err) : rc;
    if (rc == CH_OK) {
        audit_hand_pending(a);
        rc = a->next == 0 ? begin_log(k, err) : audit_before(k, err);
    }
    return rc;
}

enum ch_code audit_open(struct keeper *k, struct ch_err *err)
{
    struct audit *a = ch_calloc(1, sizeof(*a));
    char folder[4096];
    k->audit = a;
    a->k = k;
    atomic_store(&k->child.epoch->log_trouble, 0); /* of a keeper that was here before */
    a->hash = ch_hash_new();
    a->recalled.said = said_new();
    a->wake.fn = on_wake;
    waiters_init(&a->waiting, k, NULL);
    a->handover.fn = on_handover;
    a->reseal.fn = on_reseal;
    ch_buf_init(&a->group, (size_t)ch_limits.log_batch_bytes);
    folder_of(k, folder, sizeof(folder));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    return start(k, err);
}

/* What the thread has come to at the end. */
static void seal_last(struct audit *a)
{
    struct ch_err err;
    if (a->key == NULL || !audit_seal_is_behind(&a->seal, a->written) ||
        ch_store_in_group(a->k->store) || ch_store_begin(a->k->store, &err) != CH_OK) {
        return;
    }
    audit_seal_put(a->k, &a->seal, seal_signer(a), a->next, a->written);
    CH_IGNORE(ch_store_commit(a->k->store, &err)); /* then an older copy is not known by it */
}

void audit_close(struct keeper *k)
{
    struct audit *a = k->audit;
    if (a == NULL) {
        return;
    }
    waiters_done(&a->waiting);
    ch_loop_cancel_timer(k->child.loop, &a->handover);
    ch_loop_cancel_timer(k->child.loop, &a->reseal);
    stop_thread(a);
    seal_last(a);
    audit_key_close(a->key);
    said_free(a->recalled.said);
    ch_buf_done(&a->group);
    ch_hash_free(a->hash);
    free(a);
    k->audit = NULL;
}
