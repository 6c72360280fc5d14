/* What people said (approve, deny), kept in memory; the store has the rows. */
#include "rulings.h"

#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/clock.h"
#include "db/keeper/unsaved.h"
#include "altered.h"
#include "rulings_int.h"

static struct ch_str keep(struct ch_buf *memory, struct ch_str s)
{
    size_t at = memory->len;
    ch_buf_puts(memory, s);
    return (struct ch_str){memory->ptr + at, s.len};
}

static bool is_among(const uint64_t *ids, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

/* Only approvals are. */
static bool is_taken_back(const struct rulings *r, const struct ch_ruling_row *row)
{
    return !row->deny && is_among(r->taken_back, r->taken_back_count, row->id);
}

static void copy(struct kept *k, const struct ch_ruling_row *row)
{
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

static struct kept *add(struct rulings *r, const struct ch_ruling_row *row)
{
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->items = ch_realloc_array(r->items, r->cap, sizeof(*r->items));
    }
    struct kept *new = &r->items[r->count++];
    copy(new, row);
    return new;
}

static void copy_in(void *ctx, const struct ch_ruling_row *row)
{
    struct rulings *r = ctx;
    if (!is_taken_back(r, row)) {
        add(r, row);
    }
}

/* ------------------------------------------------------------------ denials that are not stored
 * yet */

static enum ch_code store_kept_denial(struct keeper *k, const void *step, struct ch_err *err);

static void free_denial(void *step)
{
    struct kept *d = step;
    ch_buf_done(&d->memory);
    free(d);
}

static const struct unsaved_kind denials = {
    .one = "denial", .several = "denials", .store = store_kept_denial, .free = free_denial};

static void copy_denial(void *ctx, const void *step)
{
    copy_in(ctx, &((const struct kept *)step)->row);
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
        free(r->distrusted);
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

/* ------------------------------------------------------------------ what of the store counts */

struct loading {
    struct keeper *k;
    struct rulings *r;
    size_t rows; /* of the store, in order of their numbers */
};

static void distrust(struct keeper *k, struct rulings *r, uint64_t id, const char *why)
{
    if (k->rulings == NULL || !rulings_is_distrusted(k, id)) {
        keeper_log("rulings", "ruling=%llu taken=0 error=\"%s\"", (unsigned long long)id, why);
    }
    r->distrusted =
        ch_realloc_array(r->distrusted, r->distrusted_count + 1, sizeof(*r->distrusted));
    r->distrusted[r->distrusted_count++] = id;
}

static void one_row(void *ctx, const struct ch_ruling_row *row)
{
    struct loading *l = ctx;
    uint64_t at = 0;
    if (is_taken_back(l->r, row)) {
        return;
    }
    /* one that is over approves nothing, and its end is in the log, as it should be */
    const char *why = row->deny || row->over ? NULL : ruling_differs(l->k, row);
    if (why != NULL) {
        distrust(l->k, l->r, row->id, why);
    } else if (!row->deny || ruling_denies(l->k, row, &at)) {
        add(l->r, row)->said_at = at;
        l->rows++;
    }
}

static bool is_loaded(const struct loading *l, const struct said_ruling *denial)
{
    size_t low = 0, high = l->rows;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->r->items[mid].row.id < denial->id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < l->rows && l->r->items[low].row.id == denial->id &&
           l->r->items[low].said_at == denial->index + 1;
}

static void one_denial(void *ctx, const struct said_ruling *denial)
{
    struct loading *l = ctx;
    struct ch_buf memory;
    struct ch_ruling_row row;
    if (!is_loaded(l, denial) && ruling_from_log(denial, &memory, &row)) {
        add(l->r, &row)->said_at = denial->index + 1;
        l->r->restored++;
        ch_buf_done(&memory);
    }
}

static int by_number(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return (x->row.id > y->row.id) - (x->row.id < y->row.id);
}

/* What the log has is in force, whatever is read of the store. */
static enum ch_code load(struct keeper *k, struct rulings *r, struct ch_err *err)
{
    struct loading l = {.k = k, .r = r};
    enum ch_code rc = ch_store_rulings(k->store, one_row, &l, err);
    said_denials(audit_said(k), 0, one_denial, &l);
    if (r->count > 0) {
        qsort(r->items, r->count, sizeof(*r->items), by_number);
    }
    if (r->restored > 0 && (k->rulings == NULL || k->rulings->restored != r->restored)) {
        keeper_log("rulings",
                   "restored=%zu error=\"denials of the audit log that the database has not\"",
                   r->restored);
    }
    return rc;
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
    if (k->rulings != NULL) {
        take_back(loaded, k->rulings->taken_back, k->rulings->taken_back_count);
    }
    size_t altered = k->rulings != NULL ? rulings_distrusted(k) + rulings_restored(k) : SIZE_MAX;
    enum ch_code rc = load(k, loaded, err);
    unsaved_each(k, &denials, copy_denial, loaded);
    loaded->whole = rc == CH_OK;
    if (rc == CH_OK || k->rulings == NULL) {
        rulings_keep_ends(k, k->rulings, loaded);
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
    if (rulings_distrusted(k) + rulings_restored(k) > altered) { /* beside the running service */
        altered_tell(k);
    }
    return rc;
}

const struct ch_ruling_row *rulings_at(const struct keeper *k, size_t i)
{
    return i < k->rulings->count ? &k->rulings->items[i].row : NULL;
}

bool rulings_is_distrusted(const struct keeper *k, uint64_t id)
{
    return is_among(k->rulings->distrusted, k->rulings->distrusted_count, id);
}

size_t rulings_distrusted(const struct keeper *k)
{
    return k->rulings->distrusted_count;
}

size_t rulings_restored(const struct keeper *k)
{
    return k->rulings->restored;
}

void rulings_take_back(struct keeper *k, struct ch_str project, const uint64_t *ids, size_t count)
{
    struct rulings *r = k->rulings;
    size_t n = 0;
    take_back(r, ids, count);
    for (size_t i = 0; i < r->count; i++) {
        if (is_taken_back(r, &r->items[i].row)) {
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
    bool there =
        !k->rulings->whole &&
        !is_among(k->rulings->taken_back, k->rulings->taken_back_count, id); /* cannot be told */
    for (size_t i = 0; i < k->rulings->count && !there; i++) {
        there = k->rulings->items[i].row.id == id && !k->rulings->items[i].row.over;
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
        .expires_at_us = r->deny && clock_jumped(k) ? CH_TIME_UNKNOWN : r->expires_at_us,
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
        if (!ruling_has_ended(k, r) && r->deny && ch_sha256_eq(&r->sha256, sha256)) {
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
        if (here && r->deny && !ruling_has_ended(k, r) && ch_str_eq(r->project, page_name(p))) {
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
            if (r->deny == (deny != 0) && !ruling_has_ended(k, r) && in_scope(r, p, file)) {
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

static enum ch_code make_durable(struct keeper *k, struct ch_ruling_row *row, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? store_ruling(k, row, err) : rc;
    return rc == CH_OK ? keeper_commit(k, err) : rc;
}

static enum ch_code store_kept_denial(struct keeper *k, const void *step, struct ch_err *err)
{
    struct ch_ruling_row row = ((const struct kept *)step)->row;
    struct ch_err unread;
    enum ch_code rc = make_durable(k, &row, err);
    if (rc == CH_OK && rulings_load(k, &unread) != CH_OK) { /* it denies as before */
        keeper_log("store", "error=\"%s\"", unread.msg);
    }
    return rc;
}

static void keep_denial(struct keeper *k, const struct ch_ruling_row *row)
{
    struct kept *d = ch_calloc(1, sizeof(*d));
    copy(d, row);
    d->row.id = 0; /* what it was given is not there */
    unsaved_keep(k, &denials, d);
}

enum ch_code rulings_add(struct keeper *k, struct ch_ruling_row *row, struct ch_err *err)
{
    if (row->deny) { /* a step away from ALLOW is effective first (T4) */
        copy_in(k->rulings, row);
        listing_touch_ruled(k, row);
        listing_ruled(k);
        judge_denied(k, row);
    }
    enum ch_code rc = make_durable(k, row, err);
    if (rc != CH_OK && row->deny) {
        keep_denial(k, row);
    }
    if (rc == CH_OK) {
        rc = rulings_load(k, err);
        keeper_raise_epoch(k); /* listings change, too */
    }
    return rc;
}
