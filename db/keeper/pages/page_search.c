/* Which pages have files of a project. */
#include "page.h"

#include <string.h>

#include "customhouse/limits.h"

#include "db/keeper/keeper_int.h"
#include "db/keeper/pages/pages_int.h"

static void on_name(void *ctx, struct ch_str name)
{
    ch_put_str(ctx, name);
}

static bool has_project(const struct page *p, struct ch_str project)
{
    return page_find_project(p, project) >= 0 || ch_str_eq(page_name(p), project);
}

static void names_of(struct keeper *k, struct ch_str repository, struct ch_str project,
                     struct ch_buf *ret)
{
    const struct ch_repository *config = ch_config_repository(k->config, repository);
    const struct ch_ecosystem *eco =
        config != NULL ? ch_ecosystem_find(ch_str_of(config->ecosystem)) : NULL;
    struct ch_err err;
    ch_buf_init(ret, ch_limits.page_bytes);
    if (eco != NULL && eco->is_page == NULL) {
        ch_put_str(ret, project);
    } else if (eco != NULL &&
               ch_store_projects(k->store, repository, on_name, ret, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

/* False: some were passed over (`now`), since they are still to come. */
static bool each_with(struct keeper *k, struct ch_str repository, struct ch_str project, bool now,
                      page_found_fn *fn, void *ctx)
{
    struct ch_buf names; /* first all of them: what is done with a page asks the store, too */
    bool all = true;
    names_of(k, repository, project, &names);
    struct ch_rd r = ch_rd_of(names.ptr, names.len);
    while (ch_rd_left(&r) > 0) {
        struct page *p = page_get(k, repository, ch_get_str(&r, ch_limits.text_bytes));
        if (p != NULL && now && page_comes(k, p)) {
            all = false;
        } else if (p != NULL && page_load(k, p) &&
                   (p->eco->is_page == NULL || has_project(p, project))) {
            fn(ctx, p);
        }
    }
    ch_buf_done(&names);
    return all;
}

void pages_with(struct keeper *k, struct ch_str repository, struct ch_str project,
                page_found_fn *fn, void *ctx)
{
    CH_IGNORE(!each_with(k, repository, project, false, fn, ctx));
}

bool pages_with_now(struct keeper *k, struct ch_str repository, struct ch_str project,
                    page_found_fn *fn, void *ctx)
{
    return each_with(k, repository, project, true, fn, ctx);
}

/* --- by the digest that the index states --- */

/* Of what is only stored, so much is read for one question: others wait meanwhile. */
#define LOOK_BYTES (64u << 20) /* unpacked */
#define LOOK_PAGES 5000

/* Whether its page, which is not in memory, may list the digest. False also where it is too large
 * for what is left. */
static bool stored_has(struct keeper *k, struct ch_str repository, struct ch_str project,
                       const struct ch_sha256 *sha256, uint64_t *left_bytes, bool *ret_looked)
{
    struct ch_buf owner, content, strings;
    struct ch_snapshot_info info;
    struct ch_err err;
    uint64_t bytes = 0;
    ch_buf_init(&owner, 256);
    ch_buf_init(&strings, 64u << 10);
    ch_buf_init(&content, *left_bytes);
    enum ch_code rc = ch_store_owner(k->store, repository, project, &owner, &err);
    if (rc == CH_OK) {
        rc = ch_store_find_snapshot(k->store, ch_buf_str(&owner), project, &info, &bytes, &strings,
                                    &err);
    }
    bool none = rc == CH_E_NOT_FOUND;
    if (rc == CH_OK) {
        rc = bytes > *left_bytes ? CH_E_LIMIT
                                 : ch_store_get_snapshot(k->store, ch_buf_str(&owner), project,
                                                         &info, &content, &strings, &err);
    }
    *ret_looked = none || rc == CH_OK;
    *left_bytes -= rc == CH_OK ? bytes : 0;
    bool has =
        rc == CH_OK && memmem(content.ptr, content.len, sha256->byte, CH_SHA256_BYTES) != NULL;
    ch_buf_done(&content);
    ch_buf_done(&strings);
    ch_buf_done(&owner);
    return has;
}

void pages_load_with(struct keeper *k, struct ch_str repository, const struct ch_sha256 *sha256,
                     struct pages_looked *looked)
{
    struct ch_buf names;
    struct ch_err err;
    ch_buf_init(&names, ch_limits.page_bytes);
    if (ch_store_projects(k->store, repository, on_name, &names, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    struct ch_rd r = ch_rd_of(names.ptr, names.len);
    while (ch_rd_left(&r) > 0) {
        struct ch_str project = ch_get_str(&r, ch_limits.text_bytes);
        struct page *p = page_in_memory(k, repository, project);
        bool through = p != NULL && p->load == PAGE_READY;
        looked->known++;
        if (!through && looked->read < LOOK_PAGES) {
            uint64_t left_bytes = LOOK_BYTES - looked->bytes;
            looked->read++;
            if (stored_has(k, repository, project, sha256, &left_bytes, &through)) {
                p = page_get(k, repository, project);
                through = p != NULL && page_load(k, p);
            }
            looked->bytes = LOOK_BYTES - left_bytes;
        }
        looked->through += through;
    }
    ch_buf_done(&names);
}
