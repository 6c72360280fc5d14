/* Quotas (T14): undecided and served bytes each have their own. What goes can be fetched again (T5:
 * the last copy of what was approved stays, up to a part of the quota); facts and hashes stay, and
 * a later fetch must match them. What is on its way counts as undecided, from before its first
 * byte. */
#include "quota.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/intake/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PER_ROUND 64
/* An ALLOW that was given so lately may still be on its way to a gateway, which then opens the
 * bytes once: after that they may go, its descriptor stays. */
#define IN_USE_MS 2000
#define LOOK_MS   250 /* whether there is room by now */

struct used {
    uint64_t at_ms;
    bool written;
    bool may_go; /* whom it was promised has had it */
};

struct victim {
    struct ch_sha256 sha256;
    uint64_t size_bytes;
};

struct victims {
    struct victim *list; /* owned */
    size_t count, max;
};

static void collect(void *ctx, const struct ch_sha256 *sha256, uint64_t size_bytes)
{
    struct victims *v = ctx;
    if (v->count < v->max) {
        v->list[v->count++] = (struct victim){*sha256, size_bytes};
    }
}

/* At most `max`, the least recently used first. */
static enum ch_code look(struct keeper *k, enum ch_blob_place place, size_t max, struct victims *v,
                         struct ch_err *err)
{
    free(v->list);
    *v = (struct victims){.list = ch_calloc(max, sizeof(*v->list)), .max = max};
    return ch_store_oldest_blobs(k->store, place, max, collect, v, err);
}

void quota_touch(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_str key = {(const char *)sha256->byte, CH_SHA256_BYTES};
    k->used = k->used == NULL ? ch_map_new() : k->used;
    struct used *u = ch_map_get(k->used, key);
    if (u == NULL) {
        u = ch_calloc(1, sizeof(*u));
        ch_map_set(k->used, key, u);
    }
    *u = (struct used){.at_ms = ch_loop_now_ms(k->child.loop)};
}

void quota_sent(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_str key = {(const char *)sha256->byte, CH_SHA256_BYTES};
    quota_touch(k, sha256);
    struct used *u = ch_map_get(k->used, key);
    u->may_go = true;
    quota_changed(k);
}

/* Least recently used goes first: without this, least recently allowed would. */
static void write_use(struct keeper *k, const struct ch_sha256 *sha256)
{
    enum ch_blob_place place;
    struct ch_artifact a;
    struct ch_err err;
    if (ch_store_get_blob(k->store, sha256, &place, &err) != CH_OK || place != CH_BLOB_SERVED ||
        ch_store_get_artifact(k->store, sha256, &a, &err) != CH_OK) {
        return; /* metadata, or gone meanwhile */
    }
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_put_blob(k->store, sha256, a.size_bytes, place, keeper_now_us(k), &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

void quota_flush(struct keeper *k)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    size_t cursor = 0;
    struct ch_str key;
    void *value;
    while (k->used != NULL && ch_map_next(k->used, &cursor, &key, &value)) {
        struct used *u = value;
        struct ch_rd r = ch_rd_of(key.ptr, key.len);
        struct ch_sha256 sha256 = ch_get_sha256(&r);
        if (!u->written) {
            write_use(k, &sha256);
            u->written = true;
        }
        if (now - u->at_ms > IN_USE_MS) {
            ch_map_remove(k->used, key);
            free(u);
        }
    }
}

void quota_free(struct keeper *k)
{
    while (k->room_waiters != NULL) {
        struct waiter *w = k->room_waiters;
        k->room_waiters = w->next;
        ask_free_waiter(w);
    }
    ch_loop_cancel_timer(k->child.loop, &k->room_timer);
    size_t cursor = 0;
    void *value;
    while (k->used != NULL && ch_map_next(k->used, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->used);
    k->used = NULL;
}

static bool in_use(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_str key = {(const char *)sha256->byte, CH_SHA256_BYTES};
    const struct used *u = k->used == NULL ? NULL : ch_map_get(k->used, key);
    return (u != NULL && !u->may_go && ch_loop_now_ms(k->child.loop) - u->at_ms <= IN_USE_MS) ||
           intake_holds(k, sha256);
}

static uint64_t quota_of(const struct keeper *k, enum ch_blob_place place)
{
    return place == CH_BLOB_SERVED ? k->config->served_max_bytes : k->config->undecided_max_bytes;
}

static uint64_t coming(const struct keeper *k, enum ch_blob_place place)
{
    return place == CH_BLOB_UNDECIDED ? k->coming_bytes : 0;
}

bool quota_frees_soon(struct keeper *k, enum ch_blob_place place, uint64_t more)
{
    uint64_t bytes, files, max = quota_of(k, place);
    struct victims v = {.list = NULL};
    bool frees = false;
    struct ch_err err;
    if (more > max || ch_store_blob_bytes(k->store, place, &bytes, &files, &err) != CH_OK ||
        bytes + coming(k, place) + more <= max) {
        return false;
    }
    if (coming(k, place) > 0) { /* when it is here, and decided, it may go */
        return true;
    }
    if (look(k, place, PER_ROUND, &v, &err) == CH_OK) {
        for (size_t i = 0; i < v.count && !frees; i++) {
            frees = in_use(k, &v.list[i].sha256);
        }
    }
    free(v.list);
    return frees;
}

void quota_wait(struct keeper *k, struct waiter *waiter)
{
    if (waiter != NULL) {
        waiter->next = k->room_waiters;
        k->room_waiters = waiter;
    }
    if (k->room_timer.heap_index_plus_1 == 0) {
        ch_loop_set_timer(k->child.loop, &k->room_timer, ch_loop_now_ms(k->child.loop) + LOOK_MS);
    }
    k->room_wanted = true;
}

void quota_changed(struct keeper *k)
{
    if (k->room_wanted) {
        ch_loop_set_timer(k->child.loop, &k->room_timer, ch_loop_now_ms(k->child.loop));
    }
}

/* Who waits for room tries again, and waits again if there is none. */
void quota_on_timer(struct ch_timer *t)
{
    struct keeper *k = CH_CONTAINER_OF(t, struct keeper, room_timer);
    struct waiter *w = k->room_waiters;
    k->room_waiters = NULL;
    k->room_wanted = false;
    intakes_room_again(k);
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        ask_go_on(k, NULL, w);
        w = next;
    }
}

/* Says so where what nobody could fetch again takes the room: `kept` bytes of it. */
static enum ch_code no_room(enum ch_blob_place place, uint64_t more, uint64_t max, uint64_t kept,
                            struct ch_err *err)
{
    bool served = place == CH_BLOB_SERVED;
    char text[160] = "";
    if (kept > 0) {
        snprintf(text, sizeof(text),
                 ": %llu of it stay, as last copies of what upstreams no longer have, or pushed; "
                 "store.%s gives more room",
                 (unsigned long long)kept, served ? "max_bytes" : "undecided_max_bytes");
    }
    return ch_fail(err, CH_E_FULL, "%llu bytes do not fit into the quota of %llu for %s files%s",
                   (unsigned long long)more, (unsigned long long)max,
                   served ? "served" : "undecided", text);
}

/* What of `bytes` that lie there is none of all that could go. Not asked of the store, which looks
 * at each file for that: who waits for room comes here again and again. */
static uint64_t kept_of(uint64_t bytes, const struct victims *could_go)
{
    for (size_t i = 0; i < could_go->count; i++) {
        uint64_t size = could_go->list[i].size_bytes;
        bytes -= size < bytes ? size : bytes;
    }
    return bytes;
}

/* Its ALLOW stands, and so do those on their way: gateways close it by themselves. */
static enum ch_code evict(struct keeper *k, const struct victim *one, struct ch_err *err)
{
    enum ch_code rc = ch_blobs_evict(k->blobs, &one->sha256, err);
    return rc == CH_OK ? ch_store_put_blob(k->store, &one->sha256, one->size_bytes, CH_BLOB_EVICTED,
                                           keeper_now_us(k), err)
                       : rc;
}

static void take_from(uint64_t *bytes, uint64_t size_bytes)
{
    *bytes -= size_bytes < *bytes ? size_bytes : *bytes;
}

/* ------------------------------------------------------------------ last copies */

#define LOST_VALUE CH_STR("last-copies-lost") /* how many, in the store */
/* Digests of those whose bytes may still be there: they go once their entries are durable. */
#define GOING_VALUE CH_STR("last-copies-going")
#define GOING_MAX   (1024 * CH_SHA256_BYTES) /* of one group of writes; the next goes on */

enum ch_code quota_lost(struct keeper *k, uint64_t *ret, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, sizeof(*ret));
    enum ch_code rc = ch_store_get_value(k->store, LOST_VALUE, &value, err);
    struct ch_rd r = ch_rd_of(value.ptr, value.len);
    uint64_t lost = rc == CH_OK ? ch_get_u64(&r) : 0;
    rc = rc == CH_OK ? ch_rd_end(&r, "last-copies-lost", err) : rc == CH_E_NOT_FOUND ? CH_OK : rc;
    *ret = rc == CH_OK ? lost : *ret;
    ch_buf_done(&value);
    return rc;
}

static enum ch_code count_lost(struct keeper *k, struct ch_err *err)
{
    uint64_t lost = 0;
    struct ch_buf value;
    ch_buf_init(&value, sizeof(lost));
    enum ch_code rc = quota_lost(k, &lost, err);
    ch_put_u64(&value, lost + 1);
    rc = rc == CH_OK ? audit_put_value(k, LOST_VALUE, ch_buf_str(&value), err) : rc;
    ch_buf_done(&value);
    return rc;
}

struct loss {
    uint64_t files, bytes, entry; /* of the first */
};

/* Of the open group, and of what an earlier run left. */
static enum ch_code write_going(struct keeper *k, struct ch_err *err)
{
    return ch_store_set_value(k->store, GOING_VALUE, ch_buf_str(&k->going), err);
}

/* In the open group: its entry tells who looks for it later, and its bytes go when that is durable.
 * Gateways get them no more from now on. */
static enum ch_code lose(struct keeper *k, enum ch_blob_place place, const struct victim *one,
                         struct loss *l, struct ch_err *err)
{
    struct audit_state s;
    audit_state(k, &s);
    enum ch_code begun = audit_step(k, err);
    enum ch_code rc = begun;
    rc = rc == CH_OK ? audit_last_copy_lost(k, &one->sha256, one->size_bytes,
                                            place == CH_BLOB_SERVED ? "served" : "undecided",
                                            k->config->last_copies_percent, err)
                     : rc;
    rc = rc == CH_OK ? count_lost(k, err) : rc;
    rc = rc == CH_OK ? ch_store_put_blob(k->store, &one->sha256, one->size_bytes, CH_BLOB_EVICTED,
                                         keeper_now_us(k), err)
                     : rc;
    size_t before = k->going.len;
    ch_put_sha256(&k->going, &one->sha256);
    rc = rc == CH_OK ? write_going(k, err) : rc;
    rc = rc == CH_OK ? ch_blobs_withdraw(k->blobs, &one->sha256, err) : rc;
    rc = begun == CH_OK ? audit_step_end(k, rc, err) : rc;
    if (rc != CH_OK) {
        k->going.len = before;
        return rc;
    }
    l->entry = l->files == 0 ? s.next : l->entry;
    l->files++;
    l->bytes += one->size_bytes;
    return CH_OK;
}

/* Not where the same bytes came again meanwhile. False: it failed, and is left to the next start.
 */
static bool take_bytes(struct keeper *k, const struct ch_sha256 *sha256)
{
    enum ch_blob_place place;
    struct ch_err err;
    char hex[CH_SHA256_HEX + 1];
    enum ch_code rc = ch_store_get_blob(k->store, sha256, &place, &err);
    if (rc == CH_OK && place == CH_BLOB_EVICTED) {
        rc = ch_blobs_evict(k->blobs, sha256, &err);
        ch_sha256_hex(sha256, hex);
        keeper_log("alarm",
                   "sha256=%s what=\"the last copy of an approved file is lost: such files take "
                   "more than store.last_copies_percent\"",
                   hex);
    }
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("quota", "error=\"%s\"", err.msg);
        return false;
    }
    return true;
}

void quota_committed(struct keeper *k)
{
    struct ch_err err;
    size_t listed = k->going.len;
    struct ch_rd r = ch_rd_of(k->going.ptr, listed);
    CH_IGNORE(ch_get_bytes(&r, k->going_stuck) == NULL);
    k->going.len = k->going_stuck; /* never ahead of what is read */
    while (ch_rd_left(&r) >= CH_SHA256_BYTES) {
        struct ch_sha256 sha256 = ch_get_sha256(&r);
        if (!take_bytes(k, &sha256)) {
            ch_put_sha256(&k->going, &sha256);
        }
    }
    k->going_stuck = k->going.len;
    if (k->going.len < listed &&
        (keeper_write(k, &err) != CH_OK || write_going(k, &err) != CH_OK)) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

void quota_rolled_back(struct keeper *k)
{
    k->going.len = k->going_stuck;
}

struct adopted {
    struct keeper *k;
    uint64_t files, bytes;
    enum ch_code rc;
    struct ch_err *err;
};

/* A blob that no row counts: a kill came between its publication and the commit. Nobody knows
 * whether it is wanted, so it is not removed, but counts as undecided from now on, and goes when
 * room is wanted. */
static void adopt(void *ctx, const struct ch_sha256 *sha256)
{
    struct adopted *a = ctx;
    struct keeper *k = a->k;
    enum ch_blob_place place;
    uint64_t size = 0;
    int fd = -1;
    if (a->rc != CH_OK) {
        return;
    }
    enum ch_code known = ch_store_get_blob(k->store, sha256, &place, a->err);
    if (known == CH_OK && place != CH_BLOB_EVICTED) {
        return;
    }
    a->rc = known == CH_OK || known == CH_E_NOT_FOUND ? CH_OK : known;
    a->rc = a->rc == CH_OK ? ch_blobs_open_read(k->blobs, sha256, &fd, &size, a->err) : a->rc;
    if (a->rc != CH_OK) {
        return;
    }
    close(fd);
    a->files++;
    a->bytes += size;
    a->rc = keeper_write(k, a->err);
    a->rc = a->rc == CH_OK ? ch_store_put_blob(k->store, sha256, size, CH_BLOB_UNDECIDED,
                                               keeper_now_us(k), a->err)
                           : a->rc;
}

/* What cannot be taken in, on a full disk say, is at the next start. */
static void adopt_all(struct keeper *k)
{
    struct ch_err err;
    struct adopted a = {.k = k, .err = &err};
    enum ch_code rc = ch_blobs_each(k->blobs, adopt, &a, &err);
    rc = rc == CH_OK ? a.rc : rc;
    if (rc == CH_OK && a.files > 0) {
        rc = keeper_commit(k, &err);
    }
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    } else if (a.files > 0) {
        keeper_log("store",
                   "note=\"published and never stored: counted from now on\" files=%llu bytes=%llu",
                   (unsigned long long)a.files, (unsigned long long)a.bytes);
    }
}

enum ch_code quota_resume(struct keeper *k, struct ch_err *err)
{
    ch_buf_init(&k->going, GOING_MAX);
    enum ch_code rc = ch_store_get_value(k->store, GOING_VALUE, &k->going, err);
    if (rc == CH_OK) {
        quota_committed(k);
    }
    adopt_all(k);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* T14: nothing else can go, and of *bytes, too many for this quota by `over`, *kept are last
 * copies: more than are kept of them, or what an upstream takes back would fill the disk. */
static enum ch_code lose_last_copies(struct keeper *k, enum ch_blob_place place, uint64_t over,
                                     uint64_t *bytes, uint64_t *kept, struct ch_err *err)
{
    uint64_t max = quota_of(k, place), percent = k->config->last_copies_percent;
    uint64_t bound = max / 100 * percent + max % 100 * percent / 100;
    struct loss lost = {0};
    struct victims v = {.list = NULL};
    bool none = false;
    enum ch_code rc = CH_OK;
    if (*kept > bound) { /* what is pushed stays, too, and is no last copy (T5) */
        uint64_t files;
        rc = ch_store_last_copies(k->store, place, kept, &files, err);
    }
    for (size_t wanted = PER_ROUND;
         rc == CH_OK && !none && lost.bytes < over && bound < *kept && k->going.len < GOING_MAX;) {
        size_t gone = 0;
        free(v.list);
        v = (struct victims){.list = ch_calloc(wanted, sizeof(*v.list)), .max = wanted};
        rc = ch_store_oldest_last_copies(k->store, place, wanted, collect, &v, err);
        rc = rc == CH_OK ? keeper_write(k, err) : rc;
        for (size_t i = 0; rc == CH_OK && i < v.count && lost.bytes < over && bound < *kept &&
                           k->going.len < GOING_MAX;
             i++) {
            const struct victim *one = &v.list[i];
            if (in_use(k, &one->sha256)) {
                continue;
            }
            gone++;
            rc = lose(k, place, one, &lost, err);
            take_from(bytes, rc == CH_OK ? one->size_bytes : 0);
            take_from(kept, rc == CH_OK ? one->size_bytes : 0);
        }
        none = gone == 0 && v.count < v.max;
        wanted *= gone == 0 ? 2 : 1;
    }
    if (lost.files > 0) {
        notices_last_copies(k, lost.files, lost.bytes, lost.entry);
    }
    free(v.list);
    return rc;
}

enum ch_code quota_make_room(struct keeper *k, enum ch_blob_place place, uint64_t more,
                             struct ch_err *err)
{
    uint64_t max = quota_of(k, place);
    uint64_t bytes, files;
    if (more > 0 && (more > max || coming(k, place) > max - more)) { /* nothing goes in vain */
        return no_room(place, more, max, 0, err);
    }
    enum ch_code rc = ch_store_blob_bytes(k->store, place, &bytes, &files, err);
    bytes += rc == CH_OK ? coming(k, place) : 0;
    struct victims v = {.list = NULL};
    size_t wanted = PER_ROUND;
    bool none = false;
    while (rc == CH_OK && bytes + more > max && !none) {
        size_t gone = 0;
        rc = look(k, place, wanted, &v, err);
        rc = rc == CH_OK ? keeper_write(k, err) : rc;
        for (size_t i = 0; rc == CH_OK && i < v.count && bytes + more > max; i++) {
            const struct victim *one = &v.list[i];
            if (in_use(k, &one->sha256)) {
                continue;
            }
            gone++;
            rc = evict(k, one, err);
            take_from(&bytes, rc == CH_OK ? one->size_bytes : 0);
        }
        if (rc == CH_OK && gone == 0) { /* all in use: younger ones may not be */
            none = v.count < v.max;
            wanted *= 2;
        }
    }
    if (none) {
        uint64_t here = bytes > coming(k, place) ? bytes - coming(k, place) : 0;
        uint64_t kept = kept_of(here, &v);
        rc = lose_last_copies(k, place, bytes + more - max, &bytes, &kept, err);
        rc = rc == CH_OK && bytes + more > max ? no_room(place, more, max, kept, err) : rc;
    }
    free(v.list);
    return rc;
}

enum ch_code quota_take(struct keeper *k, uint64_t *part, uint64_t bytes, struct ch_err *err)
{
    uint64_t more = bytes > *part ? bytes - *part : 0;
    enum ch_code rc = more > 0 ? quota_make_room(k, CH_BLOB_UNDECIDED, more, err) : CH_OK;
    if (rc == CH_OK) {
        k->coming_bytes += more;
        *part += more;
    }
    return rc;
}

void quota_give(struct keeper *k, uint64_t *part, uint64_t bytes)
{
    if (bytes < *part) {
        k->coming_bytes -= *part - bytes;
        *part = bytes;
        quota_changed(k);
    }
}
