/* What is known of upstream pages: in memory, as the store has it, with what runs beside it. */
#include "refresh_int.h"
#include "shards.h"

#include "db/keeper/rulings/approvals.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/sizes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

struct ch_str page_name(const struct page *p)
{
    return ch_str_of(p->project);
}

struct ch_str page_names(const struct page *p)
{
    return p->eco->is_page == NULL        ? page_name(p)
           : p->eco->page_project == NULL ? (struct ch_str){NULL, 0}
                                          : p->eco->page_project(page_name(p));
}

/* What a page costs in memory, about: its content, and what runs beside it. */
static uint64_t weight_of(const struct page *p)
{
    return sizeof(*p) + p->facts.content.buf.len +
           p->facts.replaced_count * sizeof(struct page_fact_file) +
           p->facts.file_count * (sizeof(struct page_fact_file) + sizeof(struct page_file) + 256);
}

/* A channel must not push out all other pages, nor they it. */
static bool is_of_many(const struct page *p)
{
    return p->eco->is_page != NULL;
}

static uint64_t *bytes_with(const struct page *p)
{
    return &p->keeper->page_bytes[is_of_many(p)];
}

/* A refresh may still compare with them. */
static void drop_facts(struct page *p)
{
    if (p->refresh == NULL || !refresh_keep_known(p->refresh, &p->facts)) {
        page_facts_done(&p->facts);
    }
}

static void free_page_files(struct page *p)
{
    for (size_t i = 0; p->files != NULL && i < p->facts.file_count; i++) {
        inspection_forget(p, i);
        page_set_rule(&p->files[i], (struct ch_str){NULL, 0});
    }
    free(p->files);
    p->files = NULL;
    faults_done(p);
    page_texts_done(p->texts);
    p->texts = NULL;
    releases_touch(p);
    page_index_done(p);
    listing_done(p);
}

static void free_waiters(struct waiter **list)
{
    while (*list != NULL) {
        struct waiter *w = *list;
        *list = w->next;
        ask_free_waiter(w);
    }
}

static void free_page(struct page *p)
{
    if (p->refresh != NULL) { /* at the end of the process alone, as is p->read */
        page_refresh_free(p->refresh);
    }
    page_read_free(p->read);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->confirm);
    serve_forget_shown(NULL, p);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->patience);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->moved_timer);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->judging);
    free_waiters(&p->waiters);
    free_waiters(&p->moved);
    free_waiters(&p->listed);
    shards_free(p);
    *bytes_with(p) -= p->weight;
    free(p->charge); /* of a page that is fetched no more, zeroed, or the process ends */
    free_page_files(p);
    drop_facts(p);
    ch_buf_done(&p->info_strings);
    listing_job_free(p->listing.job);
    p->listing.job = NULL;
    listing_done(p);
    free(p->via);
    free(p->repository);
    free(p->project);
    free(p);
}

void page_unload(struct page *p)
{
    CH_ASSERT(!p->refreshing && p->busy == 0);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->confirm);
    serve_forget_shown(p->keeper, p);
    free_page_files(p);
    drop_facts(p);
    listing_done(p);
    ch_buf_clear(&p->info_strings);
    *bytes_with(p) -= p->weight;
    p->weight = 0;
    p->info = (struct ch_snapshot_info){0};
    p->upstream = NULL;
    p->owned = false;
    p->upstream_at = 0;
    p->checked_at_us = p->failed_at_us = p->gone_at_us = 0;
    p->load = PAGE_UNLOADED;
}

static void key_of(struct ch_buf *b, struct ch_str repository, struct ch_str project)
{
    ch_buf_init(b, 1024);
    ch_buf_puts(b, repository);
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, project);
}

struct page *page_in_memory(struct keeper *k, struct ch_str repository, struct ch_str project)
{
    struct ch_buf key;
    key_of(&key, repository, project);
    struct page *p = ch_map_get(k->pages, ch_buf_str(&key));
    ch_buf_done(&key);
    return p;
}

static void make_room(struct keeper *k, bool of_many);

struct page *page_get(struct keeper *k, struct ch_str repository, struct ch_str project)
{
    struct page *p = page_in_memory(k, repository, project);
    const struct ch_repository *config = ch_config_repository(k->config, repository);
    if (config == NULL) {
        p = NULL;
    } else if (p == NULL) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(config->ecosystem));
        if (eco != NULL && ch_ecosystem_is_page(eco, project)) {
            struct ch_buf key;
            make_room(k, eco->is_page != NULL);
            p = ch_calloc(1, sizeof(*p));
            p->keeper = k;
            p->repository = ch_str_dup(repository);
            p->project = ch_str_dup(project);
            p->eco = eco;
            p->patience.fn = page_on_patience;
            p->confirm.fn = page_on_confirm;
            p->moved_timer.fn = owner_on_moved;
            p->judging.fn = listing_on_turn;
            ch_buf_init(&p->info_strings, 16384);
            key_of(&key, repository, project);
            ch_map_set(k->pages, ch_buf_str(&key), p);
            ch_buf_done(&key);
        }
    }
    if (p != NULL) {
        p->config = config;
        p->used_at_ms = ch_loop_now_ms(k->child.loop);
    }
    return p;
}

/* ------------------------------------------------------------------ the page's runtime state */

static void on_release(void *ctx, const struct ch_release_file *f)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, f->file_name);
    if (at < 0) {
        return;
    }
    page_index_arrived(p, (size_t)at, &f->sha256);
    const struct ch_sha256 *stated = &p->facts.files[at].index.sha256;
    /* Only bytes of the hash that is stated now are this file's: others are fetched anew. Rows come
     * oldest first: the newest stays. */
    if (ch_sha256_is_zero(stated) || ch_sha256_eq(stated, &f->sha256)) {
        p->files[at].artifact = f->sha256;
    }
}

static void on_decision(void *ctx, const struct ch_decision_row *row)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, row->file_name);
    if (at >= 0 && ch_str_eq(row->upstream, ch_str_of(p->upstream->name))) {
        struct page_file *f = &p->files[at];
        f->recorded_verdict = (int8_t)row->verdict;
        f->recorded_at_us = row->at_us;
        f->log_end = audit_floor(p->keeper);
        f->recorded_audited = row->audited;
        f->recorded_policy = row->policy;
        page_set_rule(f, row->rule);
    }
}

static void on_allow(void *ctx, struct ch_str file_name, const struct ch_sha256 *sha256,
                     int64_t at_us)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, file_name);
    if (at >= 0 && p->files[at].allowed_at_us == CH_TIME_UNKNOWN &&
        ch_sha256_eq(&p->files[at].artifact, sha256)) {
        p->files[at].allowed_at_us = at_us; /* rows come oldest first */
    }
}

/* Bytes that gateways may serve under a name of the page. */
struct served {
    char *file_name;
    struct ch_sha256 artifact;
};

static struct served *collect_served(const struct page *p, size_t *ret_count)
{
    struct served *list = ch_calloc(p->facts.file_count + 1, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; p->files != NULL && i < p->facts.file_count; i++) {
        const struct page_file *f = &p->files[i];
        if (!ch_sha256_is_zero(&f->artifact) &&
            (f->served || f->recorded_verdict == CH_VERDICT_ALLOW)) {
            list[n].file_name = ch_str_dup(p->facts.files[i].index.file_name);
            list[n++].artifact = f->artifact;
        }
    }
    *ret_count = n;
    return list;
}

/* Where the page now states other bytes under a name, the ALLOW of the old ones ends with them:
 * judging the new ones would not find it. Nor would it later, when what is known now (`known`)
 * could not be read: whose bytes are not found is taken away then, too, for that reason. */
static void end_replaced(struct keeper *k, const struct page *p, struct served *list, size_t count,
                         enum ch_code known, const struct ch_err *why)
{
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t at = page_find_file(p, ch_str_of(list[i].file_name));
        if (at < 0 || !ch_sha256_eq(&p->files[at].artifact, &list[i].artifact)) {
            serve_take_bytes(k, &list[i].artifact);
            approvals_withdraw(k, p, ch_str_of(list[i].file_name));
            keeper_log("withdrawn", "project=%s file=%s reason=\"%s%s\"", p->project,
                       list[i].file_name,
                       known == CH_OK ? "the upstream has other bytes now"
                                      : "what is known of its page cannot be read: ",
                       known == CH_OK ? "" : why->msg);
        }
        free(list[i].file_name);
    }
    free(list);
}

/* Since when a file is known: as stated where that counts, else since it was surely there (T7). */
static int64_t known_since(const struct page *p, const struct page_fact_file *f)
{
    if (p->upstream->trust_times && f->index.uploaded_at_us != CH_TIME_UNKNOWN) {
        return ch_since_stated(f->index.uploaded_at_us, f->last_absent_at_us);
    }
    return f->first_seen_at_us > f->last_absent_at_us ? f->first_seen_at_us : f->last_absent_at_us;
}

static void date_projects(struct page *p)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        int64_t since = known_since(p, &p->facts.files[i]);
        int64_t *oldest = &p->index.projects[p->index.project[i]].since_us;
        if (since != CH_TIME_UNKNOWN && (*oldest == CH_TIME_UNKNOWN || since < *oldest)) {
            *oldest = since;
        }
    }
}

/* T7: one that does of any file is none that never states times, whatever was learned at init. */
static bool states_times(const struct page *p)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (p->facts.files[i].index.uploaded_at_us != CH_TIME_UNKNOWN) {
            return true;
        }
    }
    return false;
}

/* Takes over `facts`; builds what runs beside them from the store. Intakes under way are
 * re-attached by name when they end. */
enum ch_code page_set_facts(struct keeper *k, struct page *p, struct page_facts *facts,
                            struct page_built *built, struct ch_err *err)
{
    size_t served_count = 0;
    struct served *served = collect_served(p, &served_count);
    free_page_files(p);
    drop_facts(p);
    p->facts = *facts;
    *facts = (struct page_facts){0};
    struct page_built now = {0};
    if (built == NULL || built->files == NULL) {
        page_build(p->eco, p->project, &p->facts, &now);
        built = &now;
    }
    p->files = built->files;
    p->texts = built->texts;
    p->index = built->index;
    *built = (struct page_built){0};
    date_projects(p);
    p->states_times = states_times(p);
    *bytes_with(p) -= p->weight;
    p->weight = weight_of(p);
    *bytes_with(p) += p->weight;
    p->load = PAGE_READY;
    struct ch_str upstream = ch_str_of(p->upstream->name);
    enum ch_code rc =
        ch_store_releases_of_project(k->store, upstream, page_name(p), on_release, p, err);
    rc = rc == CH_OK ? sizes_load(k, p, err) : rc;
    rc = rc == CH_OK ? faults_load(k, p, err) : rc;
    if (rc == CH_OK) {
        rc = ch_store_decisions_of(k->store, ch_str_of(p->repository), page_name(p), on_decision, p,
                                   err);
    }
    if (rc == CH_OK) {
        rc = ch_store_allows(k->store, ch_str_of(p->repository), page_name(p), upstream, on_allow,
                             p, err);
    }
    end_replaced(k, p, served, served_count, rc, err);
    for (size_t i = 0; rc == CH_OK && i < p->facts.file_count; i++) {
        inspection_of(k, p, i); /* T10 looks at all of them */
    }
    inspection_drop_broken_transfers(p);
    inspection_look_past(k, p);
    serve_settle_shown(k, p);
    if (rc != CH_OK) {
        p->load = PAGE_BROKEN; /* half of what is known is no ground to judge on */
        p->judge_due = true;
        keeper_raise_epoch(k); /* nor is what gateways remember of the page before (T4) */
    }
    return rc;
}

/* What is known of it from p->upstream. */
static enum ch_code load_snapshot(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct ch_buf content;
    struct page_facts facts = {0};
    struct page_built built = {0};
    ch_buf_init(&content, ch_limits.channel_answer_bytes);
    enum ch_code rc = ch_store_get_snapshot(k->store, ch_str_of(p->upstream->name), page_name(p),
                                            &p->info, &content, &p->info_strings, err);
    rc = rc == CH_OK ? page_decode(k, p, &content, &facts, &built, err) : rc;
    rc = rc == CH_OK ? page_set_stored(k, p, &facts, &built, err) : rc;
    ch_buf_done(&content);
    return rc;
}

static enum ch_code load_from_store(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct ch_buf owner;
    ch_buf_init(&owner, 256);
    enum ch_code rc = ch_store_owner(k->store, ch_str_of(p->repository), page_name(p), &owner, err);
    p->owned = rc == CH_OK;
    if (rc == CH_OK) {
        p->upstream = ch_config_upstream(k->config, ch_buf_str(&owner));
        rc = p->upstream != NULL
                 ? load_snapshot(k, p, err)
                 : ch_fail(err, CH_E_CONFLICT,
                           "the upstream %.*s that owns this name is not configured any more",
                           CH_STR_ARG(ch_buf_str(&owner)));
    }
    ch_buf_done(&owner);
    return rc;
}

enum ch_code page_adopt(struct keeper *k, struct page *p, struct ch_err *err)
{
    enum ch_code rc = load_snapshot(k, p, err);
    if (rc == CH_E_NOT_FOUND) {
        return CH_OK;
    }
    rc = rc == CH_OK ? owner_pin(k, p, keeper_now_us(k), err) : rc;
    if (rc != CH_OK) {
        free_page_files(p); /* they are nothing that this repository knows */
        drop_facts(p);
        p->load = PAGE_BROKEN;
        return rc;
    }
    page_wrote(p);
    return CH_OK;
}

void page_wrote(struct page *p)
{
    if (!p->wrote) {
        p->wrote = true;
        p->next_wrote = p->keeper->wrote;
        p->keeper->wrote = p;
    }
}

static struct page *take_wrote(struct keeper *k)
{
    struct page *p = k->wrote;
    if (p != NULL) {
        k->wrote = p->next_wrote;
        p->wrote = false;
    }
    return p;
}

void pages_committed(struct keeper *k)
{
    while (take_wrote(k) != NULL) {
    }
}

/* A page that was first loaded in the lost group is not known any more. */
void pages_roll_back(struct keeper *k)
{
    struct page *p;
    while ((p = take_wrote(k)) != NULL) {
        struct ch_err err;
        p->logged = (struct ch_sha256){{0}};
        enum ch_code rc = p->load == PAGE_READY ? load_from_store(k, p, &err) : CH_OK;
        if (rc == CH_OK) {
            continue;
        }
        free_page_files(p);
        drop_facts(p);
        if (rc == CH_E_NOT_FOUND) {
            p->info = (struct ch_snapshot_info){0};
            p->load = p->refreshing ? PAGE_LOADING : PAGE_UNLOADED;
        } else {
            p->load = PAGE_BROKEN;
            keeper_log("page", "project=%s error=\"%s\"", p->project, err.msg);
        }
    }
}

/* ------------------------------------------------------------------ answering */

bool page_usable(const struct keeper *k, const struct page *p)
{
    return keeper_now_us(k) - p->checked_at_us < (int64_t)p->upstream->stale_hours * 3600 * 1000000;
}

enum ch_name_owner page_owner(const struct page *p)
{
    struct ch_str project = page_names(p);
    if (ch_config_reserves(p->config, project.len > 0 ? project : page_name(p))) {
        return CH_OWNER_RESERVED;
    }
    if (p->given_away) {
        return CH_OWNER_GIVEN_AWAY;
    }
    if (p->upstream == NULL) {
        return CH_OWNER_UNKNOWN;
    }
    for (size_t i = 0; i < p->config->upstream_count; i++) {
        if (strcmp(p->config->upstreams[i], p->upstream->name) == 0) {
            return CH_OWNER_UPSTREAM;
        }
    }
    return CH_OWNER_LEFT;
}

enum ch_name_owner page_file_owner(const struct page *p, size_t file)
{
    enum ch_name_owner owner = page_owner(p);
    bool other = p->facts.files[file].index.project.len > 0; /* else page_owner has asked for it */
    return owner == CH_OWNER_UPSTREAM && other &&
                   ch_config_reserves(p->config, page_project(p, file))
               ? CH_OWNER_RESERVED
               : owner;
}

bool page_withheld(const struct page *p)
{
    enum ch_name_owner owner = page_owner(p);
    return owner != CH_OWNER_UPSTREAM && owner != CH_OWNER_UNKNOWN;
}

bool page_load(struct keeper *k, struct page *p)
{
    struct ch_err err;
    owner_settle(k, p);
    if ((p->load != PAGE_UNLOADED && p->load != PAGE_BROKEN) || p->refreshing) {
        return p->load == PAGE_READY;
    }
    enum ch_code rc = load_from_store(k, p, &err);
    if (rc == CH_E_NOT_FOUND) {
        p->load = PAGE_UNLOADED; /* no owner and no snapshot yet */
    } else if (rc != CH_OK) {
        page_broken(k, p, rc, &err);
    }
    return p->load == PAGE_READY;
}

static bool may_forget(const struct page *p)
{
    return !p->refreshing && p->waiters == NULL && p->moved == NULL && p->listed == NULL &&
           !shards_awaited(p) && p->listing.job == NULL && p->read == NULL && p->busy == 0 &&
           p->keeper->digest_searches == 0 && p->pinned == 0 && !p->wrote;
}

static void forget(struct keeper *k, struct page *p)
{
    struct ch_buf key;
    key_of(&key, ch_str_of(p->repository), page_name(p));
    ch_map_remove(k->pages, ch_buf_str(&key));
    ch_buf_done(&key);
    serve_forget_shown(k, p);
    free_page(p);
}

/* Makes room for one more page: those least recently used go, all but the busy ones. */
static void make_room(struct keeper *k, bool of_many)
{
    uint64_t most = of_many ? ch_limits.keeper_channel_bytes : ch_limits.keeper_page_bytes;
    while (k->page_bytes[of_many] > most) {
        size_t cursor = 0;
        void *value;
        struct page *oldest = NULL;
        while (ch_map_next(k->pages, &cursor, NULL, &value)) {
            struct page *p = value;
            if (is_of_many(p) == of_many && may_forget(p) &&
                (oldest == NULL || p->used_at_ms < oldest->used_at_ms)) {
                oldest = p;
            }
        }
        if (oldest == NULL) {
            return;
        }
        forget(k, oldest);
    }
}

void pages_forget_unused(struct keeper *k)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        uint64_t keep_ms = p->load == PAGE_ABSENT ? 60000 : 600000;
        if (may_forget(p) && now - p->used_at_ms > keep_ms) {
            forget(k, p);
        }
    }
}

void pages_rebind(struct keeper *k, const struct ch_config *config)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        const struct ch_repository *repo = ch_config_repository(config, ch_str_of(p->repository));
        const struct ch_upstream *upstream =
            p->upstream == NULL ? NULL : ch_config_upstream(config, ch_str_of(p->upstream->name));
        /* What the new configuration does not name keeps pointing to the old one, which stays in
         * memory: page_get does not find it any more. */
        p->config = repo != NULL ? repo : p->config;
        p->upstream = upstream != NULL ? upstream : p->upstream;
        if (p->upstream != NULL && upstream == NULL && !p->refreshing && p->busy == 0) {
            p->load = PAGE_BROKEN; /* loaded again, it says that its owner is not configured */
        }
    }
}

void pages_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->pages != NULL && ch_map_next(k->pages, &cursor, NULL, &value)) {
        free_page(value);
    }
    ch_map_free(k->pages);
    k->pages = NULL;
}
