/* What people said (approve, deny), kept in memory; the store has the rows. */
#include "rulings.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "exceptions.h"

#define LOOK_MS 3600000

struct kept {
    struct ch_ruling_row row; /* slices and fingerprints borrow from `memory` */
    struct ch_buf memory;
};

struct rulings {
    struct kept *items;
    size_t count, cap;
    struct ch_ruling *found; /* of the file that was asked about last */
    size_t found_cap;
    uint64_t *taken_back; /* count for nothing, whatever is loaded */
    size_t taken_back_count;
    size_t distrusted; /* of them, those that the audit log does not know */
    bool whole;       /* all of the store's are there */
    int64_t acted_us; /* what ended until then was acted on; what ended since is still to be */
};

static struct ch_str keep(struct ch_buf *memory, struct ch_str s)
{
    size_t at = memory->len;
    ch_buf_puts(memory, s);
    return (struct ch_str){memory->ptr + at, s.len};
}

static bool is_taken_back(const struct rulings *r, uint64_t id)
{
    for (size_t i = 0; i < r->taken_back_count; i++) {
        if (r->taken_back[i] == id) {
            return true;
        }
    }
    return false;
}

static void copy_in(void *ctx, const struct ch_ruling_row *row)
{
    struct rulings *r = ctx;
    if (is_taken_back(r, row->id)) {
        return;
    }
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->items = ch_realloc_array(r->items, r->cap, sizeof(*r->items));
    }
    struct kept *k = &r->items[r->count++];
    size_t prints = row->fingerprint_count * sizeof(struct ch_sha256);
    size_t need = prints + row->repository.len + row->ecosystem.len + row->project.len +
                  row->version_spec.len + row->file_name.len + row->reason.len + row->by.len +
                  row->environment.len;
    *k = (struct kept){.row = *row};
    ch_buf_init(&k->memory, need + 1);
    CH_ASSERT(ch_buf_reserve(&k->memory, need + 1) != NULL); /* slices do not move */
    ch_buf_put(&k->memory, row->fingerprints, prints);
    k->row.fingerprints = (const struct ch_sha256 *)(void *)k->memory.ptr;
    k->row.repository = keep(&k->memory, row->repository);
    k->row.ecosystem = keep(&k->memory, row->ecosystem);
    k->row.project = keep(&k->memory, row->project);
    k->row.version_spec = keep(&k->memory, row->version_spec);
    k->row.file_name = keep(&k->memory, row->file_name);
    k->row.reason = keep(&k->memory, row->reason);
    k->row.by = keep(&k->memory, row->by);
    k->row.environment = keep(&k->memory, row->environment);
}

static void on_end(struct ch_timer *t)
{
    struct keeper *k = CH_CONTAINER_OF(t, struct keeper, rulings_timer);
    keeper_log("rulings", "what=\"one has ended\"");
    k->rulings->acted_us = keeper_now_us(k); /* before anything is judged: that is later */
    rulings_enter_ends(k);
    k->rules++;
    again_all(k);
    exceptions_settle(k); /* away from ALLOW first (T4) */
    rulings_watch_ends(k);
}

bool rulings_ended_since(const struct keeper *k, int64_t at_us)
{
    int64_t now = keeper_now_us(k);
    for (size_t i = 0; i < k->rulings->count; i++) {
        int64_t end = k->rulings->items[i].row.expires_at_us;
        if (end != CH_TIME_UNKNOWN && end > at_us && end <= now) {
            return true;
        }
    }
    return false;
}

/* The wall clock may move: looked at anew once an hour at least. */
static void on_look(struct ch_timer *t)
{
    rulings_watch_ends(CH_CONTAINER_OF(t, struct keeper, rulings_timer));
}

/* One that ended while something else was done is acted on at once: whoever loads rulings meanwhile
 * takes no end away. */
void rulings_watch_ends(struct keeper *k)
{
    int64_t now = keeper_now_us(k), soonest = INT64_MAX;
    int64_t acted =
        k->rulings->acted_us < now ? k->rulings->acted_us : now; /* T7: it was set back */
    for (size_t i = 0; i < k->rulings->count; i++) {
        int64_t at = k->rulings->items[i].row.expires_at_us;
        soonest = at != CH_TIME_UNKNOWN && at > acted && at < soonest ? at : soonest;
    }
    if (soonest == INT64_MAX) {
        ch_loop_cancel_timer(k->child.loop, &k->rulings_timer);
        return;
    }
    int64_t left = soonest > now ? soonest - now : 0;
    bool far = left > LOOK_MS * 1000LL;
    k->rulings_timer.fn = far ? on_look : on_end;
    /* from now, not from when this turn of the loop began: that would be before the end */
    ch_loop_set_timer(k->child.loop, &k->rulings_timer,
                      ch_now_boot_ms() + (far ? LOOK_MS : (uint64_t)left / 1000 + 2));
}

static void free_all(struct rulings *r)
{
    if (r != NULL) {
        for (size_t i = 0; i < r->count; i++) {
            ch_buf_done(&r->items[i].memory);
        }
        free(r->items);
        free(r->found);
        free(r->taken_back);
        free(r);
    }
}

static void drop_approvals(struct rulings *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->items[i].row.deny) {
            r->items[n++] = r->items[i];
        } else {
            ch_buf_done(&r->items[i].memory);
        }
    }
    r->count = n;
}

static void take_back(struct rulings *r, const uint64_t *ids, size_t count)
{
    r->taken_back =
        ch_realloc_array(r->taken_back, r->taken_back_count + count + 1, sizeof(*r->taken_back));
    for (size_t i = 0; i < count; i++) {
        r->taken_back[r->taken_back_count++] = ids[i];
    }
}

/* Of one number, as they were stored: these do not change. */
static bool is_same(const struct ch_ruling_row *a, const struct ch_ruling_row *b)
{
    return a->id == b->id && a->id != 0 && a->expires_at_us == b->expires_at_us &&
           ch_str_eq(a->environment, b->environment);
}

/* Both are in order of their numbers, but for a denial that has none yet. */
static void touch_what_differs(struct keeper *k, const struct rulings *was,
                               const struct rulings *now)
{
    if (was == NULL || !was->whole || !now->whole) {
        k->rules++;
        return;
    }
    for (size_t i = 0, n = 0; i < was->count || n < now->count;) {
        const struct ch_ruling_row *a = i < was->count ? &was->items[i].row : NULL;
        const struct ch_ruling_row *b = n < now->count ? &now->items[n].row : NULL;
        if (a != NULL && b != NULL && is_same(a, b)) {
            i++;
            n++;
        } else if (b == NULL || (a != NULL && a->id <= b->id)) {
            listing_touch_ruled(k, a);
            i++;
        } else {
            listing_touch_ruled(k, b);
            n++;
        }
    }
    listing_ruled(k);
}

/* What cannot be read denies as before, and approves nothing. */
enum ch_code rulings_load(struct keeper *k, struct ch_err *err)
{
    struct rulings *loaded = ch_calloc(1, sizeof(*loaded));
    /* a start looks itself at what ended before it (again_begin()) */
    loaded->acted_us = k->rulings != NULL ? k->rulings->acted_us : keeper_now_us(k);
    if (k->rulings != NULL) {
        take_back(loaded, k->rulings->taken_back, k->rulings->taken_back_count);
        loaded->distrusted = k->rulings->distrusted;
    }
    enum ch_code rc = ch_store_rulings(k->store, copy_in, loaded, err);
    loaded->whole = rc == CH_OK;
    if (rc == CH_OK || k->rulings == NULL) {
        touch_what_differs(k, k->rulings, loaded);
        rulings_free(k);
        k->rulings = loaded;
    } else {
        free_all(loaded);
        drop_approvals(k->rulings);
        k->rulings->whole = false;
        k->rules++;
    }
    rulings_watch_ends(k);
    return rc;
}

const struct ch_ruling_row *rulings_at(const struct keeper *k, size_t i)
{
    return i < k->rulings->count ? &k->rulings->items[i].row : NULL;
}

void rulings_distrust(struct keeper *k, const uint64_t *ids, size_t count)
{
    struct rulings *r = k->rulings;
    size_t n = 0;
    take_back(r, ids, count);
    for (size_t i = 0; i < r->count; i++) {
        if (is_taken_back(r, r->items[i].row.id)) {
            ch_buf_done(&r->items[i].memory);
        } else {
            r->items[n++] = r->items[i];
        }
    }
    r->count = n;
    r->distrusted = count;
    rulings_watch_ends(k);
}

size_t rulings_distrusted(const struct keeper *k)
{
    return k->rulings->distrusted;
}

void rulings_take_back(struct keeper *k, struct ch_str project, const uint64_t *ids, size_t count)
{
    struct rulings *r = k->rulings;
    size_t n = 0;
    take_back(r, ids, count);
    for (size_t i = 0; i < r->count; i++) {
        if (is_taken_back(r, r->items[i].row.id)) {
            listing_touch_ruled(k, &r->items[i].row);
            ch_buf_done(&r->items[i].memory);
        } else {
            r->items[n++] = r->items[i];
        }
    }
    r->count = n;
    listing_ruled(k);
    again_project(k, project);
    rulings_watch_ends(k);
}

bool rulings_stands(const struct keeper *k, uint64_t id)
{
    bool there = !k->rulings->whole && !is_taken_back(k->rulings, id); /* cannot be told */
    for (size_t i = 0; i < k->rulings->count && !there; i++) {
        there = k->rulings->items[i].row.id == id;
    }
    return there;
}

void rulings_free(struct keeper *k)
{
    free_all(k->rulings);
    k->rulings = NULL;
}

/* Whether the file is the ruling's bytes. Those that the index states are denied before they are
 * fetched; approved are only those that came (T8). */
static bool is_bytes(const struct ch_ruling_row *r, const struct page *p, size_t file)
{
    return ch_sha256_eq(&r->sha256, &p->files[file].artifact) ||
           (r->deny && ch_sha256_eq(&r->sha256, &p->facts.files[file].index.sha256));
}

/* Only a denial of bytes goes wherever they come from (T9), and one of a file whatever project
 * lists it: before it is known, its name alone does not always say which that will be. */
static bool names_project(const struct ch_ruling_row *r, const struct page *p, size_t file)
{
    return (r->project.len > 0 && ch_str_eq(r->project, page_project(p, file))) ||
           (r->file_name.len > 0 && ch_str_eq(r->project, page_name(p))) ||
           (r->deny &&
            (r->file_name.len > 0 || (r->project.len == 0 && !ch_sha256_is_zero(&r->sha256))));
}

/* T7: the end of a denial is a release by time. While the clock cannot be trusted it comes by the
 * boot clock, if that is later. */
static bool has_ended(const struct keeper *k, const struct ch_ruling_row *r)
{
    int64_t now = keeper_now_us(k);
    int64_t sure = (int64_t)ch_now_boot_ms() * 1000 + k->clock_offset_us;
    if (r->deny && k->clock_jumped && sure < now) {
        now = sure;
    }
    return r->expires_at_us != CH_TIME_UNKNOWN && r->expires_at_us <= now;
}

static enum ch_code enter_end(struct keeper *k, const struct ch_ruling_row *r, struct ch_err *err)
{
    bool has = false;
    enum ch_code rc = ch_store_has_log(k->store, CH_STR("ruling-expired"), r->id, &has, err);
    if (rc != CH_OK || has) {
        return rc;
    }
    rc = keeper_write(k, err);
    return rc == CH_OK ? audit_ruling_expired(k, r, err) : rc;
}

void rulings_enter_ends(struct keeper *k)
{
    struct ch_err err;
    for (size_t i = 0; !k->clock_jumped && i < k->rulings->count; i++) {
        const struct ch_ruling_row *r = &k->rulings->items[i].row;
        if (r->id != 0 && has_ended(k, r) && enter_end(k, r, &err) != CH_OK) {
            keeper_log("audit", "ruling=%llu error=\"%s\"", (unsigned long long)r->id, err.msg);
            return; /* the next tick tries again */
        }
    }
}

/* What was approved for one environment is not for another, whatever the configuration makes of the
 * repository since (T23). exceptions_settle ends it. */
static bool is_elsewhere(const struct ch_ruling_row *r, const struct page *p)
{
    return !r->deny && r->environment.len > 0 &&
           !ch_str_eq(r->environment, ch_str_of(p->config->environment));
}

bool rulings_denial_takes(const struct page *p, size_t file, struct ch_str version_spec)
{
    struct ch_err err;
    bool match = false;
    enum ch_code rc = (p->eco->match_denied != NULL ? p->eco->match_denied : p->eco->match_version)(
        version_spec, ch_str_of(p->files[file].release.version), &match, &err);
    return rc != CH_OK || match;
}

/* Absent means all; a ruling bound to bytes is about these bytes only (T8, T9). */
static bool in_scope(const struct ch_ruling_row *r, const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    struct ch_err err;
    bool match = false;
    if ((r->repository.len > 0 && !ch_str_eq(r->repository, ch_str_of(p->repository))) ||
        (r->ecosystem.len > 0 && !ch_str_eq(r->ecosystem, ch_str_of(p->eco->name))) ||
        !names_project(r, p, file) || is_elsewhere(r, p) ||
        (r->file_name.len > 0 && !ch_str_eq(r->file_name, p->facts.files[file].index.file_name)) ||
        (!ch_sha256_is_zero(&r->sha256) && !is_bytes(r, p, file))) {
        return false;
    }
    if (r->version_spec.len == 0) {
        return true;
    }
    if (r->deny) {
        return rulings_denial_takes(p, file, r->version_spec);
    }
    return p->eco->match_version(r->version_spec, ch_str_of(f->release.version), &match, &err) ==
               CH_OK &&
           match; /* a scope that cannot be read approves nothing */
}

static void found(struct keeper *k, const struct ch_ruling_row *r, size_t n)
{
    struct rulings *all = k->rulings;
    if (n == all->found_cap) {
        all->found_cap = all->found_cap == 0 ? 16 : all->found_cap * 2;
        all->found = ch_realloc_array(all->found, all->found_cap, sizeof(*all->found));
    }
    uint64_t lifts = r->lifts & ch_approval_liftable(!ch_sha256_is_zero(&r->sha256)); /* T9 */
    struct ch_sha256 policy = ch_policy_digest(k->policy);
    if (!ch_sha256_eq(&policy, &r->policy)) {
        /* T8: an approval knew the policy of its day. Of a range, which nobody inspected, nothing
         * is left under another one; of inspected bytes, what is about the bytes. */
        lifts &= ch_sha256_is_zero(&r->sha256)
                     ? 0
                     : ~(1ull << CH_HOLD_RULE | 1ull << CH_HOLD_NOT_LISTED);
    }
    all->found[n] = (struct ch_ruling){
        .deny = r->deny,
        .lifts = lifts,
        .reason = r->reason,
        .by = r->by,
        .at_us = r->at_us,
        .expires_at_us = r->deny && k->clock_jumped ? CH_TIME_UNKNOWN : r->expires_at_us,
        .fingerprints = r->fingerprints,
        .fingerprint_count = r->fingerprint_count,
        .id = r->id,
    };
}

struct ch_str rulings_by(const struct keeper *k, uint64_t id)
{
    for (size_t i = 0; i < k->rulings->count; i++) {
        if (k->rulings->items[i].row.id == id) {
            return k->rulings->items[i].row.by;
        }
    }
    return (struct ch_str){NULL, 0};
}

bool rulings_cover(const struct keeper *k, const uint64_t *ids, size_t count, const struct page *p,
                   size_t file)
{
    for (size_t i = 0; i < k->rulings->count; i++) {
        const struct ch_ruling_row *r = &k->rulings->items[i].row;
        for (size_t n = 0; n < count; n++) {
            if (r->id == ids[n] && in_scope(r, p, file)) {
                return true;
            }
        }
    }
    return false;
}

void rulings_of_bytes(const struct keeper *k, const struct ch_sha256 *sha256, rulings_fn *each,
                      void *ctx)
{
    for (size_t i = 0; k->rulings != NULL && i < k->rulings->count; i++) {
        const struct ch_ruling_row *r = &k->rulings->items[i].row;
        if (!has_ended(k, r) && r->deny && ch_sha256_eq(&r->sha256, sha256)) {
            each(ctx, r);
        }
    }
}

void rulings_of_name(const struct keeper *k, const struct page *p, rulings_fn *each, void *ctx)
{
    for (size_t i = 0; k->rulings != NULL && i < k->rulings->count; i++) {
        const struct ch_ruling_row *r = &k->rulings->items[i].row;
        bool here =
            (r->repository.len == 0 || ch_str_eq(r->repository, ch_str_of(p->repository))) &&
            (r->ecosystem.len == 0 || ch_str_eq(r->ecosystem, ch_str_of(p->eco->name)));
        if (here && r->deny && !has_ended(k, r) && ch_str_eq(r->project, page_name(p))) {
            each(ctx, r);
        }
    }
}

size_t rulings_for(struct keeper *k, const struct page *p, size_t file,
                   const struct ch_ruling **ret)
{
    size_t n = 0;
    *ret = NULL;
    for (int deny = 1; k->rulings != NULL && deny >= 0; deny--) {
        for (size_t i = 0; i < k->rulings->count; i++) {
            const struct ch_ruling_row *r = &k->rulings->items[i].row;
            if (r->deny == (deny != 0) && !has_ended(k, r) && in_scope(r, p, file)) {
                found(k, r, n++);
            }
        }
    }
    if (n > 0) {
        *ret = k->rulings->found;
    }
    return n;
}

/* A project is judged again at once; bytes, which any project may have, are taken away at once. A
 * file may be listed by other projects than the one that its name was read as. */
static void judge_denied(struct keeper *k, const struct ch_ruling_row *row)
{
    if (row->project.len > 0) {
        again_project(k, row->project);
    } else if (ch_blobs_is_served(k->blobs, &row->sha256)) {
        serve_take_bytes(k, &row->sha256);
    }
    if (row->project.len == 0 || row->file_name.len > 0) {
        again_all(k);
    }
}

/* With its entry: an approval without one is undone. A denial stands, and waits for nothing (T4).
 */
static enum ch_code store_ruling(struct keeper *k, struct ch_ruling_row *row, struct ch_err *err)
{
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_add_ruling(k->store, row, &row->id, err);
    if (rc == CH_OK && (rc = audit_ruling(k, row, err)) != CH_OK && row->deny) {
        keeper_log("audit", "ruling=%llu error=\"%s\"", (unsigned long long)row->id, err->msg);
        rc = CH_OK;
    }
    return audit_step_end(k, rc, err);
}

enum ch_code rulings_add(struct keeper *k, struct ch_ruling_row *row, struct ch_err *err)
{
    if (row->deny) { /* a step away from ALLOW is effective first (T4) */
        copy_in(k->rulings, row);
        listing_touch_ruled(k, row);
        listing_ruled(k);
        judge_denied(k, row);
    }
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? store_ruling(k, row, err) : rc;
    if (rc == CH_OK) {
        rc = keeper_commit(k, err);
    }
    if (rc == CH_OK) {
        rc = rulings_load(k, err);
        keeper_raise_epoch(k); /* listings change, too */
    }
    return rc;
}
