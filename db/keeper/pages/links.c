#include "links.h"

#include <stdlib.h>

#include "customhouse/limits.h"

/* So many pages are looked at, the newest first: layers of base images are shared by many, and any
 * one that is ALLOW will do. */
#define LINKS_LOOKED_AT 64

struct found {
    const struct ch_ecosystem *eco;
    struct ch_str project;
    char *page[LINKS_LOOKED_AT]; /* a ring; each is free()d */
    size_t count;
};

static void on_page(void *ctx, struct ch_str page)
{
    struct found *found = ctx;
    if (found->eco->page_project == NULL ||
        ch_str_eq(found->eco->page_project(page), found->project)) {
        char **at = &found->page[found->count++ % LINKS_LOOKED_AT];
        free(*at);
        *at = ch_str_dup(page);
    }
}

static void on_release(void *ctx, const struct ch_release_file *f)
{
    on_page(ctx, f->project);
}

static void found_done(struct found *found)
{
    for (size_t i = 0; i < LINKS_LOOKED_AT; i++) {
        free(found->page[i]);
        found->page[i] = NULL;
    }
    found->count = 0;
}

/* -1: it does not list what is meant, for this project; or it did, and `gone` does not count. */
static ptrdiff_t listed(const struct page *p, const struct ch_ask_file *ask, bool gone)
{
    for (size_t i = 0; p->eco->is_meant != NULL && i < p->facts.file_count; i++) {
        if (p->eco->is_meant(ask->file_name, &p->facts.files[i].index) &&
            (gone || p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN) &&
            ch_str_eq(page_project(p, i), ask->project)) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

static bool digest_of(struct ch_str asked, struct ch_sha256 *ret)
{
    const struct ch_str algorithm = CH_STR("sha256:");
    return ch_str_starts(asked, algorithm) &&
           ch_sha256_from_hex(ch_str_sub(asked, algorithm.len, asked.len), ret);
}

/* The next page from the newest on; NULL: there are no more. */
static struct page *next_linked(struct keeper *k, const struct found *found, size_t *at,
                                const struct ch_ask_file *ask, bool gone, size_t *ret_file)
{
    size_t kept = found->count < LINKS_LOOKED_AT ? found->count : LINKS_LOOKED_AT;
    while (*at < kept) {
        const char *name = found->page[(found->count - ++*at) % LINKS_LOOKED_AT];
        struct page *p = page_get(k, ask->repository, ch_str_of(name));
        ptrdiff_t file = p != NULL && page_load(k, p) ? listed(p, ask, gone) : -1;
        if (file >= 0 && !page_is_pointer(p, (size_t)file)) {
            *ret_file = (size_t)file;
            return p;
        }
    }
    return NULL;
}

/* A page on which it is ALLOW; else one on which it may yet be; else the newest. With `gone` also
 * those that list it no more. */
static struct page *best_of(struct keeper *k, const struct found *found,
                            const struct ch_ask_file *ask, bool gone)
{
    size_t at = 0, file, best = 0;
    bool eligible = false;
    struct page *p;
    while ((p = next_linked(k, found, &at, ask, gone, &file)) != NULL) {
        struct ch_decision d;
        judge(k, p, file, &d);
        bool usable = page_usable(k, p) && !page_withheld(p);
        if (d.verdict == CH_VERDICT_ALLOW && usable) {
            return p;
        }
        if (best == 0 || (d.eligible && usable && !eligible)) {
            best = at;
            eligible = d.eligible && usable;
        }
    }
    /* none is kept while another one is looked for: it may be forgotten for that */
    at = best - 1;
    return best == 0 ? NULL : next_linked(k, found, &at, ask, gone, &file);
}

/* Pages that list what nobody has fetched through them. */
static void look_in_pages(struct keeper *k, const struct ch_ask_file *ask, struct found *found)
{
    struct ch_buf page, file;
    struct ch_err err;
    ch_buf_init(&page, ch_limits.project_name_bytes + 1);
    ch_buf_init(&file, ch_limits.file_name_bytes + 1);
    if (found->eco->linked_by != NULL &&
        found->eco->linked_by(ask->project, ask->file_name, &page, &file) &&
        ch_store_pages_with_file(k->store, ask->repository, ch_buf_str(&page), ch_buf_str(&file),
                                 on_page, found, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    ch_buf_done(&page);
    ch_buf_done(&file);
}

struct page *links_page_of(struct keeper *k, const struct ch_ask_file *ask)
{
    const struct ch_repository *config = ch_config_repository(k->config, ask->repository);
    struct found came = {.eco = config != NULL ? ch_ecosystem_find(ch_str_of(config->ecosystem))
                                               : NULL,
                         .project = ask->project};
    struct found listing = came;
    struct ch_sha256 sha256;
    struct ch_err err;
    if (came.eco == NULL || !digest_of(ask->file_name, &sha256)) {
        return NULL;
    }
    if (ch_store_releases_of(k->store, &sha256, on_release, &came, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    struct page *p = best_of(k, &came, ask, false);
    if (p == NULL) {
        look_in_pages(k, ask, &listing);
        p = best_of(k, &listing, ask, false);
    }
    /* who has it is asked before who had it */
    p = p == NULL ? best_of(k, &came, ask, true) : p;
    p = p == NULL ? best_of(k, &listing, ask, true) : p;
    found_done(&came);
    found_done(&listing);
    return p;
}
