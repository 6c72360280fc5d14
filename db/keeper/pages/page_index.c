/* What is worked out of a page's facts once, so that judging and listing all its files is linear:
 * names, versions as groups, kinds of clients. Lives as long as the facts. */
#include "db/keeper/keeper_int.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

struct order { /* a distinct spelling of a version of a project */
    struct ch_str project;
    struct ch_str version;
    size_t file; /* one that has it */
};

static int compare_spellings(const void *a, const void *b, void *eco)
{
    const struct order *x = a, *y = b;
    int order = ch_str_cmp(x->project, y->project);
    return order != 0
               ? order
               : ((const struct ch_ecosystem *)eco)->compare_versions(x->version, y->version);
}

/* Values of maps are numbers plus one: NULL stays "absent". */
static void *number(size_t n)
{
    return (void *)(uintptr_t)(n + 1); /* NOLINT(performance-no-int-to-ptr) */
}

static void put_spelling(struct ch_buf *key, const struct page *p, size_t file)
{
    ch_buf_clear(key);
    ch_buf_puts(key, page_project(p, file));
    ch_buf_putc(key, '\0');
    ch_buf_puts(key, ch_str_of(p->files[file].release.version));
}

/* Numbers the projects and, by project, the versions; the spelling of each gets its group. */
static void number_groups(struct page *p, struct page_index *x, struct order *orders, size_t n,
                          struct ch_map *seen, struct ch_buf *key)
{
    void *eco = (void *)(uintptr_t)p->eco;
    qsort_r(orders, n, sizeof(*orders), compare_spellings, eco);
    for (size_t i = 0; i < n; i++) { /* "1.0" and "1.0.0" are one version */
        bool same = i > 0 && compare_spellings(&orders[i - 1], &orders[i], eco) == 0;
        bool same_project = i > 0 && ch_str_eq(orders[i - 1].project, orders[i].project);
        x->version_count += !same;
        x->project_count += !same_project;
        put_spelling(key, p, orders[i].file);
        ch_map_set(seen, ch_buf_str(key), number(x->version_count - 1));
        x->project[orders[i].file] = (uint32_t)(x->project_count - 1);
    }
}

static void group_versions(struct page *p, struct page_index *x)
{
    size_t count = p->facts.file_count, n = 0;
    struct order *orders = ch_calloc(count + 1, sizeof(*orders));
    size_t *spelled = ch_calloc(count + 1, sizeof(*spelled)); /* per file: one spelled like it */
    struct ch_map *seen = ch_map_new();
    struct ch_buf key;
    ch_buf_init(&key, ch_limits.text_bytes + sizeof(((struct ch_release *)NULL)->version));
    for (size_t i = 0; i < count; i++) {
        put_spelling(&key, p, i);
        void *first = ch_map_get(seen, ch_buf_str(&key));
        spelled[i] = first == NULL ? i : (size_t)((uintptr_t)first - 1);
        if (first == NULL) {
            orders[n++] =
                (struct order){page_project(p, i), ch_str_of(p->files[i].release.version), i};
            ch_map_set(seen, ch_buf_str(&key), number(i));
        }
    }
    x->project = ch_calloc(count + 1, sizeof(*x->project));
    x->version = ch_calloc(count + 1, sizeof(*x->version));
    number_groups(p, x, orders, n, seen, &key);
    for (size_t i = 0; i < count; i++) {
        put_spelling(&key, p, i);
        x->version[i] = (uint32_t)((uintptr_t)ch_map_get(seen, ch_buf_str(&key)) - 1);
        x->project[i] = x->project[spelled[i]];
    }
    x->projects = ch_calloc(x->project_count + 1, sizeof(*x->projects));
    for (size_t i = 0; i < x->project_count; i++) {
        x->projects[i].since_us = CH_TIME_UNKNOWN;
    }
    for (size_t i = 0; i < count; i++) {
        x->projects[x->project[i]].file = (uint32_t)i;
    }
    x->attacks = ch_calloc(x->version_count + 1, sizeof(*x->attacks));
    x->past_attack = ch_calloc(x->version_count + 1, sizeof(*x->past_attack));
    x->built = ch_calloc(x->version_count + 1, sizeof(*x->built));
    x->wheels = ch_calloc(x->version_count + 1, sizeof(*x->wheels));
    ch_buf_done(&key);
    ch_map_free(seen);
    free(spelled);
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
        const struct page_release *r = &p->files[i].release;
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

/* Of files of one name, which no page should have, the last one is the first. */
static int by_name(const void *a, const void *b, void *page)
{
    const struct page *p = page;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = ch_str_cmp(p->facts.files[x].index.file_name, p->facts.files[y].index.file_name);
    return order != 0 ? order : (x < y) - (x > y);
}

void page_index_build(struct page *p)
{
    struct page_index *x = &p->index;
    page_index_done(p);
    x->by_name = ch_calloc(p->facts.file_count + 1, sizeof(*x->by_name));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        x->by_name[i] = (uint32_t)i;
    }
    qsort_r(x->by_name, p->facts.file_count, sizeof(*x->by_name), by_name, p);
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
    free(x->by_name);
    free(x->project);
    free(x->projects);
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
    size_t from = 0, to = p->index.by_name == NULL ? 0 : p->facts.file_count;
    while (from < to) { /* the first that is not before it lies in [from, to] */
        size_t middle = from + (to - from) / 2;
        struct ch_str name = p->facts.files[p->index.by_name[middle]].index.file_name;
        if (ch_str_cmp(name, file_name) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    bool found = p->index.by_name != NULL && from < p->facts.file_count &&
                 ch_str_eq(p->facts.files[p->index.by_name[from]].index.file_name, file_name);
    return found ? (ptrdiff_t)p->index.by_name[from] : -1;
}

bool page_is_pointer(const struct page *p, size_t file)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    return p->eco->decided_on != NULL &&
           p->eco->decided_on(page_name(p), p->facts.files[file].index.file_name, name,
                              sizeof(name));
}

ptrdiff_t page_find_project(const struct page *p, struct ch_str project)
{
    size_t from = 0, to = p->index.project_count;
    while (from < to) { /* they are in order of their names */
        size_t middle = from + (to - from) / 2;
        uint32_t file = p->index.projects[middle].file;
        int order = ch_str_cmp(page_project(p, file), project);
        if (order == 0) {
            return (ptrdiff_t)file;
        }
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    return -1;
}
