/* A judged page, as gateways list it: approved and eligible files plainly; held and denied ones as
 * yanked with the reason where another version can be had instead, plainly (and refused at the
 * file) where none can; or omitted, as the repository says. */
#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/intake.h"
#include "sidecar.h"
#include "stand_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

#define AHEAD_PER_PAGE 1
#define AHEAD_QUEUE                                                                                \
    64 /* files that are asked ahead and not at their end; the next ones are not                   \
        */

/* Every listed wheel has metadata: the wheel itself is the last source. An sdist's may change when
 * it is built: it is shown where the upstream announces it as final (PEP 643, 714). */
static bool has_sidecar(const struct page *p, size_t i)
{
    const struct page_release *r = &p->files[i].release;
    return r->profile != NULL && p->eco->sidecar_url != NULL &&
           (!ch_ecosystem_is_source(p->eco, r->file_type) ||
            p->facts.files[i].index.sidecar != CH_SIDECAR_NONE);
}

/* Whose the name of the file before was: those of a project stand together. */
struct last_owner {
    bool known, reserved;
    uint32_t project;
};

static bool is_reserved(const struct page *p, size_t i, struct last_owner *last)
{
    if (!last->known || last->project != p->index.project[i]) {
        *last = (struct last_owner){.known = true,
                                    .reserved = page_file_owner(p, i) == CH_OWNER_RESERVED,
                                    .project = p->index.project[i]};
    }
    return last->reserved;
}

static void list_file(const struct page *p, struct stand_ins *stand_ins, size_t i,
                      struct last_owner *last, struct ch_buf *reasons, struct ch_page *page)
{
    const struct listing_row *row = &p->listing.rows[i];
    if (!row->listed_upstream || listing_hides(p, i) || is_reserved(p, i, last)) {
        return;
    }
    const struct ch_index_file *f = &p->facts.files[i].index;
    struct ch_page_file *out = &page->files[page->file_count];
    *out = (struct ch_page_file){
        .file_name = f->file_name,
        .sha256 = ch_sha256_is_zero(&f->sha256) ? p->files[i].artifact : f->sha256,
        .size_bytes = f->size_bytes,
        .uploaded_at_us = f->uploaded_at_us,
        .requires_python = f->requires_python,
        .sidecar = has_sidecar(p, i) ? CH_SIDECAR_YES : CH_SIDECAR_NONE,
        .project = f->project,
        .record = f->record,
    };
    if (f->sidecar == CH_SIDECAR_HASHED && out->sidecar == CH_SIDECAR_YES) {
        out->sidecar = CH_SIDECAR_HASHED;
        out->sidecar_sha256 = f->sidecar_sha256;
    }
    size_t at = reasons->len;
    if (!row->available && !page_is_pointer(p, i)) {
        if (p->config->held_listing == CH_HELD_OMIT) {
            return;
        }
        if (p->eco->explains_held || stand_ins_cover(stand_ins, i)) {
            out->listing = p->eco->explains_held ? CH_LIST_HELD : CH_LIST_YANKED;
            ch_buf_puts(reasons, row->verdict == CH_VERDICT_DENY ? CH_STR("denied by policy: ")
                                                                 : CH_STR("held by policy: "));
            ch_buf_puts(reasons, listing_text(p, row->reason));
        }
    } else if (f->yanked) {
        out->listing = CH_LIST_YANKED;
        if (f->yanked_reason.len > 0) {
            ch_buf_puts(reasons, CH_STR("upstream says: "));
            ch_buf_put_escaped(reasons, ch_str_sub(f->yanked_reason, 0, 512));
        }
    }
    out->yanked_reason = (struct ch_str){reasons->ptr + at, reasons->len - at};
    page->file_count++;
}

struct spelling {
    struct ch_str version;
    uint32_t group;
};

static int compare_spellings(const void *a, const void *b)
{
    const struct spelling *x = a, *y = b;
    return x->group != y->group ? (x->group < y->group ? -1 : 1)
                                : ch_str_cmp(x->version, y->version);
}

/* PEP 700: `versions` covers all listed files, sorted and distinct. */
static void list_versions(struct page *p, struct ch_page *page)
{
    if (p->eco->is_page != NULL) {
        return; /* of many projects */
    }
    struct spelling *all = ch_calloc(page->file_count + 1, sizeof(*all));
    size_t at = 0, n = 0;
    for (size_t i = 0; i < page->file_count; i++) {
        while (!ch_str_eq(p->facts.files[at].index.file_name, page->files[i].file_name)) {
            at++; /* both are in upstream order */
        }
        struct ch_str v = ch_str_of(p->files[at].release.version);
        if (v.len > 0 && (n == 0 || !ch_str_eq(all[n - 1].version, v))) {
            all[n++] = (struct spelling){v, p->index.version[at]};
        }
    }
    qsort(all, n, sizeof(*all), compare_spellings);
    page->versions = ch_calloc(n + 1, sizeof(*page->versions));
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !ch_str_eq(all[i].version, all[i - 1].version)) {
            page->versions[page->version_count++] = all[i].version;
        }
    }
    free(all);
}

/* Generations follow content: equal pages are equal generations, whoever asks, also after a
 * restart. */
uint64_t listing_generation_of(struct ch_str encoded)
{
    struct ch_sha256 d = ch_sha256_of(encoded.ptr, encoded.len);
    struct ch_rd r = ch_rd_of(d.byte, CH_SHA256_BYTES);
    uint64_t g = ch_get_u64(&r);
    return g != 0 ? g : 1;
}

static size_t reason_room(const struct page *p, size_t file)
{
    const struct listing_row *row = &p->listing.rows[file];
    return 64 + (row->available
                     ? 4 * ch_str_sub(p->facts.files[file].index.yanked_reason, 0, 512).len
                     : listing_text(p, row->reason).len);
}

static size_t reasons_room(const struct page *p)
{
    size_t room = 2 * 1024; /* the page's own */
    for (size_t i = 0; i < p->facts.file_count; i++) {
        room += reason_room(p, i);
    }
    return room;
}

void listing_part(struct page *p, const uint32_t *files, size_t count, struct ch_page *ret,
                  struct ch_buf *reasons)
{
    struct ch_page page = {.project = page_name(p)};
    struct last_owner last = {.known = false};
    size_t room = 1;
    CH_ASSERT(p->eco->explains_held); /* nothing stands in */
    for (size_t i = 0; i < count; i++) {
        room += reason_room(p, files[i]);
    }
    ch_buf_clear(reasons);
    CH_ASSERT(ch_buf_reserve(reasons, room) !=
              NULL); /* it must not move while slices borrow from it */
    page.files = ch_calloc(count + 1, sizeof(*page.files));
    for (size_t i = 0; i < count; i++) {
        list_file(p, NULL, files[i], &last, reasons, &page);
    }
    *ret = page;
}

void listing_page(struct page *p, struct ch_page *ret, struct ch_buf *reasons)
{
    struct ch_page page = {.project = page_name(p), .status = p->facts.head.status};
    struct stand_ins *stand_ins = stand_ins_new(p);
    struct last_owner last = {.known = false};
    /* Room for all at once: reasons must not move while slices borrow from them. */
    size_t room = reasons_room(p);
    ch_buf_init(reasons, room);
    CH_ASSERT(ch_buf_reserve(reasons, room) != NULL);
    page.files = ch_calloc(p->facts.file_count, sizeof(*page.files));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        list_file(p, stand_ins, i, &last, reasons, &page);
    }
    if (page.status == CH_STATUS_QUARANTINED && page.file_count > 0) {
        page.status = CH_STATUS_ACTIVE; /* PEP 792: quarantined must not offer files; ours refuse */
    }
    if (p->facts.head.status_reason.len > 0) {
        size_t at = reasons->len;
        ch_buf_puts(reasons, CH_STR("upstream says: "));
        ch_buf_put_escaped(reasons, ch_str_sub(p->facts.head.status_reason, 0, 256));
        page.status_reason = (struct ch_str){reasons->ptr + at, reasons->len - at};
    }
    list_versions(p, &page);
    stand_ins_free(stand_ins);
    *ret = page;
}

static enum ch_code encode(struct page *p, struct ch_err *err)
{
    struct listing_cache *cache = &p->listing;
    struct ch_buf reasons;
    struct ch_page page;
    listing_page(p, &page, &reasons);
    ch_page_put(&cache->bytes, &page);
    enum ch_code rc = ch_buf_ok(&cache->bytes, err);
    if (rc == CH_OK) {
        page.generation = listing_generation_of(ch_buf_str(&cache->bytes));
        cache->generation = page.generation;
        ch_buf_clear(&cache->bytes);
        ch_page_put(&cache->bytes, &page);
        rc = ch_buf_ok(&cache->bytes, err);
    }
    ch_page_done(&page);
    ch_buf_done(&reasons);
    return rc;
}

int64_t listing_changes_at(const struct page *p)
{
    int64_t soonest = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        int64_t until = p->listing.rows[i].until_us;
        if (until != CH_TIME_UNKNOWN && (soonest == CH_TIME_UNKNOWN || until < soonest)) {
            soonest = until;
        }
    }
    return soonest;
}

bool listing_is_good(const struct keeper *k, const struct page *p)
{
    const struct listing_cache *c = &p->listing;
    int64_t now = keeper_now_us(k);
    return c->valid && c->encoded == c->clock && c->rules == k->rules && now >= c->made_at_us &&
           (c->changes_at_us == CH_TIME_UNKNOWN || now < c->changes_at_us);
}

static int by_name(const void *a, const void *b, void *ctx)
{
    const struct page_facts *facts = ctx;
    return ch_str_cmp(facts->files[*(const size_t *)a].index.file_name,
                      facts->files[*(const size_t *)b].index.file_name);
}

void listing_put_verdicts(const struct page_facts *facts, const struct listing_row *rows,
                          const char *texts, struct ch_buf *out)
{
    size_t *order = ch_calloc(facts->file_count + 1, sizeof(*order));
    for (size_t i = 0; i < facts->file_count; i++) {
        order[i] = i;
    }
    qsort_r(order, facts->file_count, sizeof(*order), by_name, (void *)(uintptr_t)facts);
    for (size_t i = 0; i < facts->file_count; i++) {
        const struct listing_row *row = &rows[order[i]];
        if (row->listed_upstream) {
            ch_buf_puts(out, facts->files[order[i]].index.file_name);
            ch_buf_putc(out, '\t');
            ch_buf_puts(out, ch_str_of(ch_verdict_name((enum ch_verdict)row->verdict)));
            ch_buf_putc(out, '\t');
            ch_buf_puts(out, ch_str_of(texts + row->rule));
            ch_buf_putc(out, '\n');
        }
    }
    free(order);
}

/* What verdicts are of: once for what the upstream says and the policy in force. */
static struct ch_sha256 logged_now(const struct keeper *k, const struct page *p)
{
    struct ch_sha256 of[2] = {p->info.body_sha256, ch_policy_digest(k->policy)};
    return ch_sha256_of(of, sizeof(of));
}

bool listing_is_logged(const struct keeper *k, const struct page *p)
{
    struct ch_sha256 now = logged_now(k, p);
    return ch_sha256_eq(&p->logged, &now);
}

/* Verdicts on rows that nobody asked for are in the log as a digest. */
void listing_log(struct keeper *k, struct page *p, const struct ch_sha256 *verdicts)
{
    struct ch_err err;
    if (audit_listing(k, p, verdicts, &err) == CH_OK) {
        p->logged = logged_now(k, p);
        page_wrote(p);
    } else {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void log_verdicts(struct keeper *k, struct page *p)
{
    struct ch_buf verdicts;
    if (listing_is_logged(k, p)) {
        return;
    }
    ch_buf_init(&verdicts, ch_limits.channel_answer_bytes);
    listing_put_verdicts(&p->facts, p->listing.rows, p->listing.texts.ptr, &verdicts);
    struct ch_sha256 digest = ch_sha256_of(verdicts.ptr != NULL ? verdicts.ptr : "", verdicts.len);
    listing_log(k, p, &digest);
    ch_buf_done(&verdicts);
}

enum listing_state listing_work(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct listing_cache *cache = &p->listing;
    if (listing_is_good(k, p) || listing_answers_as_it_is(p)) {
        return LISTING_THERE;
    }
    if (cache->job != NULL || !listing_judge(k, p)) {
        return LISTING_LATER;
    }
    bool verdicts_due = !listing_is_logged(k, p); /* of very many files a thread says them */
    if (cache->valid && !cache->changed && !(verdicts_due && listing_has_documents(p))) {
        cache->encoded = cache->clock; /* looked at again, and all as it was */
        cache->made_at_us = keeper_now_us(k);
        cache->changes_at_us = listing_changes_at(p);
        log_verdicts(k, p); /* where that failed before */
        return LISTING_THERE;
    }
    cache->changed = false;
    if (listing_has_documents(p)) {
        listing_make_documents(k, p);
        return LISTING_LATER;
    }
    cache->valid = false;
    ch_buf_done(&cache->bytes);
    ch_buf_init(&cache->bytes, ch_limits.channel_answer_bytes);
    cache->asked_count = 0;
    cache->made_at_us = keeper_now_us(k);
    cache->changes_at_us = listing_changes_at(p);
    cache->valid = encode(p, err) == CH_OK;
    cache->encoded = cache->clock;
    if (cache->valid) {
        log_verdicts(k, p);
    }
    return cache->valid ? LISTING_THERE : LISTING_FAILED;
}

struct root_names {
    const struct ch_repository *repo;
    struct ch_buf strings;
    struct ch_root_page page;
    size_t cap;
};

static void on_name(void *ctx, struct ch_str name)
{
    struct root_names *r = ctx;
    if (ch_config_reserves(r->repo, name)) {
        return; /* T12: mirrored before it was */
    }
    if (r->page.name_count == r->cap) {
        r->cap = r->cap == 0 ? 256 : r->cap * 2;
        r->page.names = ch_realloc_array(r->page.names, r->cap, sizeof(*r->page.names));
    }
    char *copy = ch_str_dup(name);
    r->page.names[r->page.name_count++] = (struct ch_str){copy, name.len};
}

enum ch_code listing_root(struct keeper *k, const struct ch_repository *repo, struct ch_buf *out,
                          uint64_t *ret_generation, struct ch_err *err)
{
    struct root_names r = {.repo = repo};
    enum ch_code rc = ch_store_projects(k->store, ch_str_of(repo->name), on_name, &r, err);
    if (rc == CH_OK) {
        held_notes(k, ch_str_of(repo->name), &r.page);
        ch_root_page_put(out, &r.page);
        *ret_generation = listing_generation_of(ch_buf_str(out));
        r.page.generation = *ret_generation;
        ch_buf_clear(out);
        ch_root_page_put(out, &r.page);
        rc = ch_buf_ok(out, err);
    }
    for (size_t i = 0; i < r.page.name_count; i++) {
        free((char *)(uintptr_t)r.page.names[i].ptr);
    }
    ch_root_page_done(&r.page);
    return rc;
}

/* Whether this client was asked ahead for since the listing was made; remembers it when not. */
static bool asked_before(struct page *p, struct ch_str user_agent)
{
    struct listing_cache *c = &p->listing;
    struct ch_sha256 client =
        ch_sha256_of(user_agent.len > 0 ? user_agent.ptr : "", user_agent.len);
    size_t kept = c->asked_count < LISTING_ASKED ? c->asked_count : LISTING_ASKED;
    for (size_t i = 0; i < kept; i++) {
        if (ch_sha256_eq(&c->asked[i], &client)) {
            return true;
        }
    }
    c->asked[c->asked_count++ % LISTING_ASKED] = client;
    return false;
}

static struct ch_page_file as_asked(const struct ch_index_file *f)
{
    return (struct ch_page_file){.file_name = f->file_name,
                                 .requires_python = f->requires_python,
                                 .size_bytes = f->size_bytes};
}

static bool too_large(const struct keeper *k, const struct ch_index_file *f)
{
    return f->size_bytes != CH_SIZE_UNKNOWN &&
           f->size_bytes >> 20 >= k->config->prefetch_max_bytes_mib;
}

/* At the client's expense, as if it had asked for it. */
static void start_ahead(struct keeper *k, struct page *p, size_t file,
                        const struct ch_client *client)
{
    struct charge charge;
    if (k->intakes_ahead >= AHEAD_QUEUE || !intake_is_new(k, p, file) ||
        !budget_take(k, BUDGET_FILE, ch_str_of(p->upstream->name), client, &charge)) {
        return;
    }
    intake_want(k, p, file, true, &charge);
    budget_give(k, &charge); /* where it was not taken over */
}

void listing_file_ahead(struct keeper *k, struct page *p, size_t file,
                        const struct ch_client *client)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    struct ch_page_file one = as_asked(f);
    struct ch_page page = {.project = page_name(p), .files = &one, .file_count = 1};
    bool may = true;
    size_t wanted;
    if (p->eco->wanted_next != NULL && k->config->prefetch_parallel > 0 && !too_large(k, f) &&
        intake_is_new(k, p, file) &&
        p->eco->wanted_next(&page, &may, client->user_agent, &wanted, 1) == 1) {
        start_ahead(k, p, file, client);
    }
}

/* What this client's resolver will want next of what may be taken: `again` counts in what did not
 * come as it should and may be tried again. Returns how many. */
static size_t wanted_next(struct keeper *k, struct page *p, const struct ch_client *client,
                          bool again, size_t wanted[AHEAD_PER_PAGE])
{
    struct ch_page page = {.project = page_name(p), .file_count = p->facts.file_count};
    bool *may = ch_calloc(p->facts.file_count, sizeof(bool));
    page.files = ch_calloc(p->facts.file_count, sizeof(*page.files));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        const struct ch_index_file *f = &p->facts.files[i].index;
        page.files[i] = as_asked(f);
        /* An ALLOW stands in for itself: nothing is started for it, and nothing older either. */
        may[i] = (p->listing.rows[i].available || (again && faults_may_try(k, p, i))) &&
                 !f->yanked && !too_large(k, f);
    }
    size_t n = p->eco->wanted_next(&page, may, client->user_agent, wanted, AHEAD_PER_PAGE);
    free(page.files);
    free(may);
    return n;
}

static bool any_fault_is_due(const struct keeper *k, const struct page *p)
{
    bool due = false;
    for (size_t i = 0; i < p->fault_count && !due; i++) {
        due = faults_due(k, p, p->faults[i].file);
    }
    return due;
}

/* Clients pass over what did not come as it should, so none of them finds out that it is mended.
 * Each ask for the page comes here: all its files are looked at only where something may be tried.
 */
static void try_faults_ahead(struct keeper *k, struct page *p, const struct ch_client *client)
{
    size_t wanted[AHEAD_PER_PAGE];
    size_t n = any_fault_is_due(k, p) ? wanted_next(k, p, client, true, wanted) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!p->listing.rows[wanted[i]].available) {
            start_ahead(k, p, wanted[i], client);
        }
    }
}

void listing_ask_ahead(struct keeper *k, struct page *p, const struct ch_client *client)
{
    if (p->eco->wanted_next == NULL || k->config->prefetch_parallel == 0 ||
        k->intakes_ahead >= AHEAD_QUEUE || p->load != PAGE_READY || !listing_is_good(k, p)) {
        return;
    }
    try_faults_ahead(k, p, client);
    if (!listing_is_good(k, p) || asked_before(p, client->user_agent)) {
        return;
    }
    size_t wanted[AHEAD_PER_PAGE];
    size_t n = wanted_next(k, p, client, false, wanted);
    for (size_t i = 0; i < n; i++) {
        if (p->listing.rows[wanted[i]].eligible) {
            sidecar_ask_ahead(k, p, wanted[i], client); /* first: a resolver asks for it first */
            start_ahead(k, p, wanted[i], client);
        }
    }
}
