#include <stdio.h>
#include <stdlib.h>

#include "scanner/source/link_int.h"

enum {
    FILES = 1 << 16,
    EDGES = 1 << 20,
    NODES = 1 << 18,
    STEPS = 1 << 23, /* edges that are followed, together */
};

struct links *links_new(void)
{
    struct links *l = ch_calloc(1, sizeof(*l));
    l->by_path = ch_map_new();
    l->libraries = ch_map_new();
    return l;
}

void links_free(struct links *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->file_count; i++) {
        free(l->files[i].path);
    }
    while (l->texts != NULL) {
        struct text *next = l->texts->next;
        free(l->texts);
        l->texts = next;
    }
    ch_map_free(l->by_path);
    ch_map_free(l->libraries);
    free(l->files);
    free(l->slots);
    free(l->nodes);
    free(l->edges);
    free(l->sites);
    free(l->waiting);
    free(l);
}

/* --- nodes and edges --- */

uint64_t link_mix(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ b >> 9) * 0x9e3779b97f4a7c15U ^ b * 0xff51afd7ed558ccdU;
    return (h ^ h >> 31) | 1;
}

static struct slot *slot_of(const struct links *l, uint64_t key)
{
    size_t i = (size_t)(key >> 7) & (l->slot_cap - 1);
    while (l->slots[i].key != 0 && l->slots[i].key != key) {
        i = (i + 1) & (l->slot_cap - 1);
    }
    return &l->slots[i];
}

static struct slot *slot_make(struct links *l, uint64_t key)
{
    if (4 * l->slot_count >= 3 * l->slot_cap) {
        struct links old = *l;
        l->slot_cap = l->slot_cap == 0 ? 1024 : 2 * l->slot_cap;
        l->slots = ch_calloc(l->slot_cap, sizeof(*l->slots));
        for (size_t i = 0; i < old.slot_cap; i++) {
            if (old.slots[i].key != 0) {
                *slot_of(l, old.slots[i].key) = old.slots[i];
            }
        }
        free(old.slots);
    }
    struct slot *s = slot_of(l, key);
    l->slot_count += s->key == 0 ? 1 : 0;
    s->key = key;
    return s;
}

const struct node *link_node_find(const struct links *l, uint64_t key)
{
    const struct slot *s = l->slot_cap > 0 ? slot_of(l, key) : NULL;
    return s != NULL && s->node != 0 ? &l->nodes[s->node - 1] : NULL;
}

/* The index, + 1; 0 beyond the bound. */
uint32_t link_node_make(struct links *l, uint64_t module, uint64_t name)
{
    struct slot *s = slot_make(l, link_mix(module, name));
    if (s->node != 0) {
        return s->node;
    }
    if (l->node_count >= NODES) {
        l->over = true;
        return 0;
    }
    GROW(l->nodes, l->node_count, l->node_cap);
    l->nodes[l->node_count++] = (struct node){.module = module, .name = name};
    uint32_t index = s->node = (uint32_t)l->node_count;
    if (name != link_any_name) {
        uint32_t all =
            link_node_make(l, module, link_any_name); /* whose `next` is the first of the module */
        if (all != 0) {
            l->nodes[index - 1].next = l->nodes[all - 1].next;
            l->nodes[all - 1].next = index;
        }
    }
    return index;
}

void link_node_more(struct links *l, uint32_t index, const struct node *more)
{
    struct node *n = index != 0 ? &l->nodes[index - 1] : NULL;
    if (n == NULL || ((more->does & ~n->does) == 0 && (more->marks & ~n->marks) == 0 &&
                      (more->flags & ~n->flags) == 0)) {
        return;
    }
    if (n->what == NULL) {
        n->what = more->what;
        n->line = more->line;
    }
    n->does |= more->does;
    n->marks |= more->marks;
    n->flags |= more->flags;
    if (!n->waits) {
        n->waits = true;
        GROW(l->waiting, l->waiting_count, l->waiting_cap);
        l->waiting[l->waiting_count++] = index;
    }
}

/* What follows for who does that with this node. */
static void follow(struct links *l, const struct link_edge *e, const struct node *n)
{
    struct node more = {.line = e->line != 0 ? e->line : n->line, .what = n->what};
    l->over = l->over || ++l->steps > STEPS;
    if (l->over || (n->does | n->marks | n->flags) == 0) {
        return;
    }
    switch (e->how) {
    case EDGE_ALL:
    case EDGE_SAME:
        more.does = n->does;
        more.marks = n->marks;
        more.flags = n->flags;
        break;
    case EDGE_CALLS:
    case EDGE_GIVEN:
        more.does = n->does & LOUD_DOES;
        if (e->how == EDGE_GIVEN && (n->does & DOES_NETWORK_OF) != 0) {
            more.does |= DOES_NETWORK;
        }
        break;
    case EDGE_HAS:
        more.flags = METHODS;
        break;
    case EDGE_MADE:
        more.flags = n->flags & METHODS;
        break;
    case EDGE_RETURNS:
        more.marks = n->marks;
        break;
    case EDGE_PASSES:
        more.flags = n->flags & (RUNS | SENDS);
        break;
    }
    if ((more.does | more.marks | more.flags) != 0) {
        link_node_more(l, link_node_make(l, e->module, e->how == EDGE_ALL ? n->name : e->name),
                       &more);
    }
}

static void follow_from(struct links *l, uint64_t key, uint32_t node)
{
    const struct slot *s = l->slot_cap > 0 ? slot_of(l, key) : NULL;
    for (uint32_t i = s != NULL ? s->edge : 0; i != 0 && !l->over; i = l->edges[i - 1].next) {
        struct link_edge e = l->edges[i - 1];
        struct node n = l->nodes[node - 1];
        follow(l, &e, &n);
    }
}

static void settle(struct links *l)
{
    while (l->waiting_count > 0 && !l->over) {
        uint32_t at = l->waiting[--l->waiting_count];
        l->nodes[at - 1].waits = false;
        struct node n = l->nodes[at - 1];
        follow_from(l, link_mix(n.module, n.name), at);
        follow_from(l, link_mix(n.module, link_any_name), at);
    }
}

void link_edge_add(struct links *l, uint64_t to, struct link_edge e)
{
    struct slot *s = slot_make(l, to);
    if (s->edge != 0) {
        const struct link_edge *last = &l->edges[s->edge - 1];
        if (last->module == e.module && last->name == e.name && last->how == e.how) {
            return;
        }
    }
    if (l->edge_count >= EDGES) {
        l->over = true;
        return;
    }
    GROW(l->edges, l->edge_count, l->edge_cap);
    e.next = s->edge;
    l->edges[l->edge_count++] = e;
    s->edge = (uint32_t)l->edge_count;
    uint32_t node = s->node;
    if (node == 0) {
        return;
    }
    bool all = e.how == EDGE_ALL;
    for (uint32_t i = all ? l->nodes[node - 1].next : node; i != 0 && !l->over;
         i = all ? l->nodes[i - 1].next : 0) {
        struct node n = l->nodes[i - 1];
        follow(l, &e, &n);
    }
}

/* --- files --- */

static void imports_library(struct links *l, uint32_t file, struct ch_str module,
                            struct ch_str name, struct ch_str own)
{
    struct ch_buf b;
    size_t dot;
    if (name.len == 0 &&
        own.len == 0) { /* import a.b: of it all is said, but a.b is not seen as one */
        module = ch_str_find_char(module, '.', &dot) ? ch_str_sub(module, 0, dot) : module;
    }
    ch_buf_init(&b, 512);
    ch_buf_puts(&b, module);
    if (name.len > 0) {
        ch_buf_putc(&b, '.');
        ch_buf_puts(&b, name);
    }
    struct ch_str library = ch_buf_str(&b);
    if (!b.failed && (effects_below(library) || effects_of(library) != 0)) {
        link_library(l, file, own.len > 0 ? own : module, library);
    }
    ch_buf_done(&b);
}

static void on_import(void *arg, struct ch_str module, struct ch_str name, struct ch_str own)
{
    struct file *f = arg;
    struct links *l = source_links(f->source);
    uint32_t file = f->link - 1;
    uint64_t stem = l->files[file].stem;
    bool relative = ch_str_starts(module, CH_STR("."));
    if (!relative && !link_is_own(f, module)) {
        imports_library(l, file, module, name, own);
        return;
    }
    while (ch_str_starts(module, CH_STR("."))) {
        module = ch_str_sub(module, 1, module.len);
    }
    uint64_t last = module.len > 0 ? value_hash(link_last_part(&module)) : link_folder_of(f->path);
    struct link_edge e = {.module = stem, .name = link_any_name, .how = EDGE_ALL};
    if (str_is(name, "*")) {
        f->link_stars = l->files[file].stars = true;
        link_edge_add(l, link_mix(last, link_any_name), e);
    } else if (name.len > 0) {
        e.name = value_hash(own);
        e.how = EDGE_SAME;
        link_edge_add(l, link_mix(last, value_hash(name)), e);
    }
}

void links_begin(struct file *f)
{
    struct links *l = source_links(f->source);
    size_t at;
    bool runs = f->place != CH_PLACE_TEST && f->place != CH_PLACE_NONE;
    if (!runs ||
        ch_str_find_char(f->path, '!', &at)) { /* of an archive inside: it is not given again */
        return;
    }
    uint32_t known = (uint32_t)(uintptr_t)ch_map_get(l->by_path, f->path);
    if (known != 0) {
        f->link = l->files[known - 1].looked_at ? 0 : known;
        l->files[known - 1].place = f->place;
        f->link_stars = l->files[known - 1].stars;
        return;
    }
    if (l->file_count >= FILES) {
        l->over = true;
        return;
    }
    GROW(l->files, l->file_count, l->file_cap);
    struct linked *own = &l->files[l->file_count++];
    *own = (struct linked){.stem = link_stem_of(f->path), .place = f->place};
    own->path = ch_alloc(f->path.len + 1);
    memcpy(own->path, f->path.ptr, f->path.len);
    own->path[f->path.len] = '\0';
    f->link = (uint32_t)l->file_count;
    CH_IGNORE(ch_map_set(l->by_path, f->path, (void *)(uintptr_t)f->link));
    link_imports(f->text, on_import, f);
}

/* --- at the end --- */

static void judge_site(struct links *l, struct file *f, const struct site *s)
{
    const struct node *to = link_node_find(l, s->to);
    const struct node *other = s->other != 0 ? link_node_find(l, s->other) : NULL;
    if (to == NULL) {
        return;
    }
    uint64_t marks = s->use == GIVES ? s->marks | (other != NULL ? other->marks : 0U) : to->marks;
    bool executes = s->use == LINK_EXECUTED || (s->use == GIVES && (to->flags & RUNS) != 0);
    bool sends = s->use == LINK_SENT || (s->use == GIVES && (to->flags & SENDS) != 0);
    bool starts = s->use == LINK_STARTED;
    bool loads = s->use == LINK_LOADED;
    struct ch_str shown = CH_STR("what a function of another module gave, or does with it");
    if ((executes || starts || loads) && (marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, s->line, shown);
    }
    bool hidden =
        (marks & (MARK_DECODED | MARK_CHAR)) != 0 && !source_said(f->source, f->path, s->line);
    if ((executes || starts) && hidden) {
        report(f, starts ? CH_F_SOURCE_HIDDEN_COMMAND : CH_F_SOURCE_HIDDEN_CODE, s->line, shown);
    }
    if (sends && (marks & MARK_SECRET) != 0) {
        report(f, CH_F_SOURCE_SECRET_THEFT, s->line, shown);
    }
    if (sends && (marks & MARK_ENVIRON) != 0) {
        report(f, CH_F_SOURCE_ENVIRONMENT_THEFT, s->line, shown);
    }
}

static struct file *file_again(struct links *l, struct ch_source *s, uint32_t file)
{
    struct file *f = ch_calloc(1, sizeof(*f));
    f->source = s;
    f->path = ch_str_of(l->files[file].path);
    f->place = l->files[file].place;
    return f;
}

bool links_judge(struct links *l, struct ch_source *s)
{
    settle(l);
    for (uint32_t i = 0; i < l->site_count;) {
        uint32_t file = l->sites[i].file;
        struct file *f = file_again(l, s, file);
        for (; i < l->site_count && l->sites[i].file == file; i++) {
            judge_site(l, f, &l->sites[i]);
        }
        file_done(f);
    }
    for (uint32_t i = 0; i < l->file_count; i++) {
        const struct node *n = link_node_find(l, link_mix(link_functions_of(i), 1));
        uint32_t told = n != NULL ? n->does & LOUD_DOES & ~l->files[i].does : 0;
        if (told == 0) {
            continue;
        }
        struct file *f = file_again(l, s, i);
        char text[TEXT_BYTES + 40];
        snprintf(text, sizeof(text), "through another module: %s", n->what != NULL ? n->what : "");
        judge_does(f, told, n->line, ch_str_of(text));
        file_done(f);
    }
    return !l->over;
}
