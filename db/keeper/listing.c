/* A judged page, as gateways list it: approved and eligible files plainly; held and denied ones as
 * yanked with the reason where another version can be had instead, plainly (and refused at the file)
 * where none can; or omitted, as the repository says. */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

#define AHEAD_PER_PAGE 1

struct judged {
    struct ch_decision d;
    bool listed_upstream;
    bool available; /* ALLOW or eligible */
};

static struct judged *judge_all(struct keeper *k, struct page *p, int64_t *ret_changes_at_us)
{
    struct judged *all = ch_calloc(p->facts.file_count, sizeof(*all));
    int64_t now = keeper_now_us(k);
    int64_t soonest = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        all[i].listed_upstream = p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN;
        if (!all[i].listed_upstream) {
            continue;
        }
        judge(k, p, i, &all[i].d);
        all[i].available = all[i].d.verdict == CH_VERDICT_ALLOW || all[i].d.eligible;
        int64_t until = all[i].d.until_us;
        if (until != CH_TIME_UNKNOWN && until > now &&
            (soonest == CH_TIME_UNKNOWN || until < soonest)) {
            soonest = until;
        }
    }
    *ret_changes_at_us = soonest;
    return all;
}

/* Two platform tag sets that one machine may both accept: equal, or one of them takes any. */
static bool same_clients(const struct page_file *a, const struct page_file *b)
{
    struct ch_str any = CH_STR("any");
    return a->release.platform_tags.len == 0 || ch_str_eq(b->release.platform_tags, any) ||
           ch_str_eq(a->release.platform_tags, any) ||
           ch_str_eq(a->release.platform_tags, b->release.platform_tags);
}

static bool replaceable(const struct page *p, const struct judged *all, size_t file)
{
    const struct page_file *me = &p->files[file];
    for (size_t i = 0; i < p->facts.file_count; i++) {
        const struct page_file *f = &p->files[i];
        if (all[i].available && same_clients(me, f) &&
            p->eco->compare_versions(ch_str_of(f->release.version),
                                     ch_str_of(me->release.version)) != 0) {
            return true;
        }
    }
    return false;
}

/* T10: by default a source distribution is listed only where its version has nothing built. */
static bool has_built_sibling(const struct page *p, const struct judged *all, size_t file)
{
    const struct page_file *me = &p->files[file];
    for (size_t i = 0; i < p->facts.file_count; i++) {
        const struct page_file *f = &p->files[i];
        if (i != file && all[i].listed_upstream && f->release.profile != NULL &&
            strcmp(f->release.version, me->release.version) == 0) {
            return true;
        }
    }
    return false;
}

static void list_file(const struct page *p, const struct judged *all, size_t i,
                      struct ch_buf *reasons, struct ch_page *page)
{
    const struct ch_index_file *f = &p->facts.files[i].index;
    struct ch_page_file *out = &page->files[page->file_count];
    *out = (struct ch_page_file){
        .file_name = f->file_name,
        .sha256 = ch_sha256_is_zero(&f->sha256) ? p->files[i].artifact : f->sha256,
        .size_bytes = f->size_bytes,
        .uploaded_at_us = f->uploaded_at_us,
        .requires_python = f->requires_python,
        /* Every listed wheel has metadata: the wheel itself is the last source. */
        .sidecar = p->files[i].release.profile != NULL ? CH_SIDECAR_YES : CH_SIDECAR_NONE,
    };
    if (f->sidecar == CH_SIDECAR_HASHED && out->sidecar == CH_SIDECAR_YES) {
        out->sidecar = CH_SIDECAR_HASHED;
        out->sidecar_sha256 = f->sidecar_sha256;
    }
    size_t at = reasons->len;
    if (!all[i].available) {
        if (p->config->held_listing == CH_HELD_OMIT) {
            return;
        }
        bool source = strcmp(p->files[i].release.file_type, "sdist") == 0;
        if (source && has_built_sibling(p, all, i)) {
            return;
        }
        if (replaceable(p, all, i)) {
            out->listing = CH_LIST_YANKED;
            ch_buf_printf(reasons, "%s: %s",
                          all[i].d.verdict == CH_VERDICT_DENY ? "denied by policy" : "held by policy",
                          all[i].d.reason);
        }
    } else if (f->yanked) {
        out->listing = CH_LIST_YANKED;
        ch_buf_puts(reasons, CH_STR("upstream says: "));
        ch_buf_put_escaped(reasons, ch_str_sub(f->yanked_reason, 0, 512));
    }
    out->yanked_reason = (struct ch_str){reasons->ptr + at, reasons->len - at};
    page->file_count++;
}

static int compare_versions(const void *a, const void *b, void *eco)
{
    const struct ch_str *x = a, *y = b;
    int c = ((const struct ch_ecosystem *)eco)->compare_versions(*x, *y);
    return c != 0 ? c : ch_str_cmp(*x, *y);
}

/* PEP 700: `versions` covers all listed files, sorted and distinct. */
static void list_versions(struct page *p, struct ch_page *page)
{
    page->versions = ch_calloc(page->file_count, sizeof(*page->versions));
    size_t at = 0, n = 0;
    for (size_t i = 0; i < page->file_count; i++) {
        while (!ch_str_eq(p->facts.files[at].index.file_name, page->files[i].file_name)) {
            at++; /* both are in upstream order */
        }
        struct ch_str v = ch_str_of(p->files[at].release.version);
        if (v.len > 0) {
            page->versions[n++] = v;
        }
    }
    qsort_r(page->versions, n, sizeof(*page->versions), compare_versions,
            (void *)(uintptr_t)p->eco);
    for (size_t i = 0; i < n; i++) {
        if (page->version_count == 0 ||
            !ch_str_eq(page->versions[i], page->versions[page->version_count - 1])) {
            page->versions[page->version_count++] = page->versions[i];
        }
    }
}

/* Generations follow content: equal pages are equal generations, whoever asks, also after a restart. */
static uint64_t generation_of(struct ch_str encoded)
{
    struct ch_sha256 d = ch_sha256_of(encoded.ptr, encoded.len);
    struct ch_rd r = ch_rd_of(d.byte, CH_SHA256_BYTES);
    uint64_t g = ch_get_u64(&r);
    return g != 0 ? g : 1;
}

enum ch_code listing_encode(struct keeper *k, struct page *p, struct ch_buf *out,
                            uint64_t *ret_generation, int64_t *ret_changes_at_us,
                            struct ch_err *err)
{
    struct ch_buf reasons;
    struct judged *all = judge_all(k, p, ret_changes_at_us);
    struct ch_page page = {.project = page_name(p), .status = p->facts.head.status};
    /* Room for all at once: reasons must not move while slices borrow from them. */
    ch_buf_init(&reasons, p->facts.file_count * 1024 + 1024);
    CH_ASSERT(ch_buf_reserve(&reasons, p->facts.file_count * 1024 + 1024) != NULL);
    page.files = ch_calloc(p->facts.file_count, sizeof(*page.files));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (all[i].listed_upstream) {
            list_file(p, all, i, &reasons, &page);
        }
    }
    if (page.status == CH_STATUS_QUARANTINED && page.file_count > 0) {
        page.status = CH_STATUS_ACTIVE; /* PEP 792: quarantined must not offer files; ours refuse */
    }
    page.status_reason = ch_str_sub(p->facts.head.status_reason, 0, 256);
    list_versions(p, &page);
    ch_page_put(out, &page);
    enum ch_code rc = ch_buf_ok(out, err);
    if (rc == CH_OK) {
        *ret_generation = generation_of(ch_buf_str(out));
        page.generation = *ret_generation;
        ch_buf_clear(out);
        ch_page_put(out, &page);
        p->generation = page.generation;
        rc = ch_buf_ok(out, err);
    }
    ch_page_done(&page);
    ch_buf_done(&reasons);
    free(all);
    return rc;
}

struct root_names {
    struct ch_buf strings;
    struct ch_root_page page;
    size_t cap;
};

static void on_name(void *ctx, struct ch_str name)
{
    struct root_names *r = ctx;
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
    struct root_names r = {0};
    enum ch_code rc = ch_store_projects(k->store, ch_str_of(repo->name), on_name, &r, err);
    if (rc == CH_OK) {
        ch_root_page_put(out, &r.page);
        *ret_generation = generation_of(ch_buf_str(out));
        r.page.generation = *ret_generation;
        ch_buf_clear(out);
        ch_root_page_put(out, &r.page);
        rc = ch_buf_ok(out, err);
    }
    for (size_t i = 0; i < r.page.name_count; i++) {
        free((char *)(uintptr_t)r.page.names[i].ptr);
    }
    free(r.page.names);
    return rc;
}

void listing_ask_ahead(struct keeper *k, struct page *p, struct ch_str user_agent)
{
    if (p->eco->wanted_next == NULL || k->intakes_ahead >= k->config->prefetch_parallel ||
        p->load != PAGE_READY) {
        return;
    }
    struct ch_page page = {.project = page_name(p), .file_count = p->facts.file_count};
    bool *eligible = ch_calloc(p->facts.file_count, sizeof(bool));
    page.files = ch_calloc(p->facts.file_count, sizeof(*page.files));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        const struct ch_index_file *f = &p->facts.files[i].index;
        struct ch_decision d;
        page.files[i] = (struct ch_page_file){.file_name = f->file_name,
                                              .requires_python = f->requires_python,
                                              .size_bytes = f->size_bytes};
        bool too_large = f->size_bytes != CH_SIZE_UNKNOWN &&
                         f->size_bytes >> 20 >= k->config->prefetch_max_bytes_mib;
        bool listed = p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN && !f->yanked;
        if (listed && !too_large) {
            judge(k, p, i, &d);
            /* An ALLOW stands in for itself: nothing is started for it, and nothing older either. */
            eligible[i] = d.eligible || d.verdict == CH_VERDICT_ALLOW;
        }
    }
    size_t wanted[AHEAD_PER_PAGE];
    size_t n = p->eco->wanted_next(&page, eligible, user_agent, wanted, CH_ARRAY_LEN(wanted));
    for (size_t i = 0; i < n; i++) {
        struct ch_decision d;
        judge(k, p, wanted[i], &d);
        if (d.eligible) {
            intake_want(k, p, wanted[i], true);
        }
    }
    free(page.files);
    free(eligible);
}
