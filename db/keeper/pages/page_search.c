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
