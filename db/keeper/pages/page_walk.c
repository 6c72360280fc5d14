#include "page_walk.h"

#include "customhouse/limits.h"

static void add(struct page_walk *w, struct ch_str repository, struct ch_str project)
{
    size_t at = w->names.len;
    ch_put_str(&w->names, repository);
    ch_put_str(&w->names, project);
    struct ch_str key = ch_str_sub(ch_buf_str(&w->names), at, w->names.len);
    if (ch_map_get(w->seen, key) != NULL) {
        w->names.len = at;
    } else {
        ch_map_set(w->seen, key, w);
    }
}

static void on_page(void *ctx, struct ch_str repository, struct ch_str project)
{
    add(ctx, repository, project);
}

void page_walk_begin(struct page_walk *w, struct keeper *k, int verdict)
{
    page_walk_done(w);
    *w = (struct page_walk){.k = k, .verdict = verdict, .seen = ch_map_new()};
    ch_buf_init(&w->names, 256u << 20);
    w->failed = ch_store_newest_decision(k->store, &w->end, &w->why);
}

void page_walk_add(struct page_walk *w, const struct page *p)
{
    add(w, ch_str_of(p->repository), page_name(p));
}

void page_walk_done(struct page_walk *w)
{
    ch_map_free(w->seen);
    ch_buf_done(&w->names);
    *w = (struct page_walk){.k = NULL};
}

/* The names of the next part of the decisions; those of the one before are done with. */
static void look_on(struct page_walk *w)
{
    uint64_t up_to =
        w->end - w->at > ch_limits.rescan_part ? w->at + ch_limits.rescan_part : w->end;
    ch_buf_clear(&w->names);
    w->names_at = 0;
    w->failed = ch_store_decided_pages(w->k->store, w->at, up_to, w->verdict, on_page, w, &w->why);
    w->failed = w->failed == CH_OK ? ch_buf_ok(&w->names, &w->why) : w->failed;
    w->at = up_to;
}

bool page_walk_go_on(struct page_walk *w, struct ch_str repository, page_walk_fn *fn, void *ctx)
{
    uint64_t until = ch_now_boot_ms() + PAGE_WALK_SLICE_MS;
    w->waits = false;
    for (uint64_t n = 0; w->failed == CH_OK; n++) {
        if (w->names_at == w->names.len && w->at == w->end) {
            return false;
        }
        if (n >= ch_limits.judge_part || ch_now_boot_ms() >= until) {
            return true;
        }
        if (w->names_at == w->names.len) {
            look_on(w);
            continue;
        }
        struct ch_rd r = ch_rd_of(w->names.ptr + w->names_at, w->names.len - w->names_at);
        struct ch_str of = ch_get_str(&r, 1024), project = ch_get_str(&r, 1024);
        struct page *p =
            repository.len == 0 || ch_str_eq(repository, of) ? page_get(w->k, of, project) : NULL;
        w->waits = p != NULL && page_comes(w->k, p);
        if (w->waits) {
            return true;
        }
        w->names_at = w->names.len - ch_rd_left(&r);
        if (p != NULL && page_load(w->k, p)) {
            fn(ctx, p);
        }
    }
    return false;
}

uint64_t page_walk_next_ms(const struct page_walk *w)
{
    return ch_loop_now_ms(w->k->child.loop) + (w->waits ? PAGE_WALK_SLICE_MS : 0);
}
