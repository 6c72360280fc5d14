/* What is worked out of a page's facts once, so that judging and listing all its files is linear:
 * names, versions as groups, kinds of clients. Lives as long as the facts. */
#include "db/keeper/keeper_int.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

struct order { /* a distinct spelling of a version */
    struct ch_str version;
    uint32_t group;
};

static int compare_spellings(const void *a, const void *b, void *eco)
{
    const struct order *x = a, *y = b;
    return ((const struct ch_ecosystem *)eco)->compare_versions(x->version, y->version);
}

/* Values of maps are numbers plus one: NULL stays "absent". */
static void *number(size_t n)
{
    return (void *)(uintptr_t)(n + 1); /* NOLINT(performance-no-int-to-ptr) */
}

static void group_versions(struct page *p, struct page_index *x)
{
    size_t count = p->facts.file_count, n = 0;
    struct order *orders = ch_calloc(count + 1, sizeof(*orders));
    struct ch_map *seen = ch_map_new();
    for (size_t i = 0; i < count; i++) {
        struct ch_str v = ch_str_of(p->files[i].release.version);
        if (ch_map_get(seen, v) == NULL) {
            orders[n++].version = v;
            ch_map_set(seen, v, number(0));
        }
    }
    qsort_r(orders, n, sizeof(*orders), compare_spellings, (void *)(uintptr_t)p->eco);
    for (size_t i = 0; i < n; i++) { /* "1.0" and "1.0.0" are one version */
        bool same =
            i > 0 && compare_spellings(&orders[i - 1], &orders[i], (void *)(uintptr_t)p->eco) == 0;
        x->version_count += !same;
        ch_map_set(seen, orders[i].version, number(x->version_count - 1));
    }
    x->version = ch_calloc(count + 1, sizeof(*x->version));
    for (size_t i = 0; i < count; i++) {
        void *group = ch_map_get(seen, ch_str_of(p->files[i].release.version));
        x->version[i] = (uint32_t)((uintptr_t)group - 1);
    }
    x->attacks = ch_calloc(x->version_count + 1, sizeof(*x->attacks));
    x->past_attack = ch_calloc(x->version_count + 1, sizeof(*x->past_attack));
    x->built = ch_calloc(x->version_count + 1, sizeof(*x->built));
    x->wheels = ch_calloc(x->version_count + 1, sizeof(*x->wheels));
    ch_map_free(seen);
    free(orders);
}

/* What stand_in.c compares of a file. */
static void class_clients(struct page *p, struct page_index *x)
{
    size_t count = p->facts.file_count;
    struct ch_map *seen = ch_map_new();
    struct ch_buf key;
    ch_buf_init(&key, ch_limits.text_bytes + 4096);
    x->clients = ch_calloc(count + 1, sizeof(*x->clients));
    x->class_file = ch_calloc(PAGE_CLASSES_MAX, sizeof(*x->class_file));
    for (size_t i = 0; i < count; i++) {
        const struct ch_release *r = &p->files[i].release;
        ch_buf_clear(&key);
        ch_put_str(&key, r->python_tags);
        ch_put_str(&key, r->abi_tags);
        ch_put_str(&key, r->platform_tags);
        ch_put_str(&key, p->facts.files[i].index.requires_python);
        void *at = ch_map_get(seen, ch_buf_str(&key));
        if (at == NULL && x->class_count < PAGE_CLASSES_MAX) {
            x->class_file[x->class_count] = i;
            at = number(x->class_count++);
            ch_map_set(seen, ch_buf_str(&key), at);
        }
        x->clients[i] = at == NULL ? PAGE_CLASSES_MAX : (uint16_t)((uintptr_t)at - 1);
    }
    ch_buf_done(&key);
    ch_map_free(seen);
}

void page_index_build(struct page *p)
{
    struct page_index *x = &p->index;
    page_index_done(p);
    x->by_name = ch_map_new();
    for (size_t i = 0; i < p->facts.file_count; i++) {
        ch_map_set(x->by_name, p->facts.files[i].index.file_name, number(i));
    }
    group_versions(p, x);
    class_clients(p, x);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        bool listed = p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN;
        x->built[x->version[i]] |= listed && p->files[i].release.platform_tags.len > 0;
        x->wheels[x->version[i]] |=
            listed && ch_ecosystem_is_built(p->eco, p->files[i].release.file_type);
    }
}

void page_index_done(struct page *p)
{
    struct page_index *x = &p->index;
    ch_map_free(x->by_name);
    free(x->version);
    free(x->attacks);
    free(x->past);
    free(x->past_attack);
    free(x->built);
    free(x->wheels);
    free(x->clients);
    free(x->class_file);
    *x = (struct page_index){0};
}

void page_index_arrived(struct page *p, size_t file, const struct ch_sha256 *sha256)
{
    struct page_index *x = &p->index;
    x->past = ch_realloc_array(x->past, x->past_count + 1, sizeof(*x->past));
    x->past[x->past_count++] = (struct page_past){.file = file, .sha256 = *sha256};
}

ptrdiff_t page_find_file(const struct page *p, struct ch_str file_name)
{
    void *at = p->index.by_name == NULL ? NULL : ch_map_get(p->index.by_name, file_name);
    return (ptrdiff_t)(uintptr_t)at - 1;
}
