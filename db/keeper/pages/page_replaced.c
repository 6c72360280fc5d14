#include "page_replaced.h"

#include <stdlib.h>
#include <string.h>

bool page_same_hash(const struct ch_index_file *a, const struct ch_index_file *b)
{
    bool both = !ch_sha256_is_zero(&a->sha256) && !ch_sha256_is_zero(&b->sha256);
    bool aliases = a->alias.kind != CH_HASH_NONE && a->alias.kind == b->alias.kind;
    if ((both && !ch_sha256_eq(&a->sha256, &b->sha256)) ||
        (aliases && !ch_alias_eq(&a->alias, &b->alias))) {
        return false;
    }
    return both || (aliases && !ch_hash_kind_weak(a->alias.kind));
}

void page_replaced_init(struct page_replaced *r, const struct page_facts *page)
{
    *r = (struct page_replaced){.page = page};
    if (page == NULL || page->replaced_count == 0) {
        return;
    }
    r->by_name = ch_map_new();
    r->next = ch_calloc(page->replaced_count, sizeof(*r->next));
    r->back = ch_calloc(page->replaced_count, sizeof(*r->back));
    for (size_t i = page->replaced_count; i-- > 0;) {
        struct ch_str name = page->replaced[i].index.file_name;
        r->next[i] = (size_t)(uintptr_t)ch_map_get(r->by_name, name);
        ch_map_set(r->by_name, name, (void *)(uintptr_t)(i + 1));
    }
}

void page_replaced_done(struct page_replaced *r)
{
    ch_map_free(r->by_name);
    free(r->next);
    free(r->back);
    *r = (struct page_replaced){0};
}

static bool is_away_too_long(const struct page_fact_file *f, int64_t now_us)
{
    return f->removed_at_us < now_us - PAGE_REPLACED_AWAY_US;
}

const struct page_fact_file *page_replaced_take(struct page_replaced *r,
                                                const struct ch_index_file *now, int64_t now_us)
{
    if (r->by_name == NULL) {
        return NULL;
    }
    size_t at = (size_t)(uintptr_t)ch_map_get(r->by_name, now->file_name);
    for (; at > 0; at = r->next[at - 1]) {
        const struct page_fact_file *f = &r->page->replaced[at - 1];
        if (!r->back[at - 1] && !is_away_too_long(f, now_us) && page_same_hash(&f->index, now) &&
            ch_str_eq(f->index.project, now->project)) {
            r->back[at - 1] = true;
            return f;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ the bounds */

/* For so long the name stood for it. */
static uint64_t stood_us(const struct page_fact_file *f)
{
    return f->removed_at_us <= f->first_seen_at_us
               ? 0
               : (uint64_t)f->removed_at_us - (uint64_t)f->first_seen_at_us;
}

static int by_standing(const void *a, const void *b)
{
    const struct page_fact_file *x = a, *y = b;
    uint64_t p = stood_us(x), q = stood_us(y);
    if (p != q) {
        return p > q ? -1 : 1;
    }
    if (x->first_seen_at_us != y->first_seen_at_us) {
        return x->first_seen_at_us < y->first_seen_at_us ? -1 : 1;
    }
    int order = ch_str_cmp(x->index.file_name, y->index.file_name);
    return order != 0 ? order
                      : memcmp(&x->index.sha256, &y->index.sha256, sizeof(struct ch_sha256));
}

/* Of files in order of their standing. */
static size_t within_bounds(struct page_fact_file *list, size_t count)
{
    struct ch_map *of_name = ch_map_new();
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < PAGE_REPLACED_OF_PAGE; i++) {
        size_t n = (size_t)(uintptr_t)ch_map_get(of_name, list[i].index.file_name);
        if (n < PAGE_REPLACED_OF_NAME) {
            ch_map_set(of_name, list[i].index.file_name, (void *)(uintptr_t)(n + 1));
            list[kept++] = list[i];
        }
    }
    ch_map_free(of_name);
    return kept;
}

static void cut(struct page_fact_file *list, size_t *count)
{
    qsort(list, *count, sizeof(*list), by_standing);
    *count = within_bounds(list, *count);
}

void page_replaced_add(struct page_fact_file **list, size_t *count, const struct page_fact_file *f)
{
    if (*count >= 2 * PAGE_REPLACED_OF_PAGE) {
        cut(*list, count);
    }
    if ((*count & (*count - 1)) == 0) { /* as many as there are places, at the least */
        *list = ch_realloc_array(*list, *count == 0 ? 1 : 2 * *count, sizeof(**list));
    }
    (*list)[(*count)++] = *f;
}

void page_replaced_keep(const struct page_replaced *r, int64_t now_us, struct page_fact_file **list,
                        size_t *count)
{
    size_t known = r->by_name != NULL ? r->page->replaced_count : 0;
    for (size_t i = 0; i < known; i++) {
        if (!r->back[i] && !is_away_too_long(&r->page->replaced[i], now_us)) {
            page_replaced_add(list, count, &r->page->replaced[i]);
        }
    }
    if (*count > 0) {
        cut(*list, count);
    }
}

struct page_fact_file *page_replaced_copy(const struct page_facts *page)
{
    struct page_fact_file *copy = ch_calloc(page->replaced_count + 1, sizeof(*copy));
    for (size_t i = 0; i < page->replaced_count; i++) {
        copy[i] = page->replaced[i];
    }
    return copy;
}
