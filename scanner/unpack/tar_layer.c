/* What container runtimes make of an image's layer: names, links, deletions, and several entries of
 * one path. Where docker, containerd and podman do the same there is nothing to find, however odd
 * it is; where they differ, or another tool does, it is told.
 *
 * Spec: OCI image 1.1, "Image Layer Filesystem Changeset" (whiteouts, opaque whiteouts, hard
 * links); overlayfs in the kernel's documentation, "whiteouts and opaque directories". All three
 * clean names first, unpack with the layer's root as theirs, and let the last of several entries
 * stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/content/path.h"
#include "scanner/unpack/tar_int.h"

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh." /* of aufs, whose form whiteouts have */
#define OPAQUE        ".wh..wh..opq"

struct entry {
    size_t at; /* in the text */
    size_t len;
    enum ch_member_type type;
    bool told; /* where it lies */
};

enum told { TOLD_LINK, TOLD_NODE, TOLD_PLACE, TOLD_WHITEOUT, TOLD_DEVICE, TOLD_KINDS };

struct tar_layer {
    struct ch_buf text; /* paths, cleaned */
    struct entry *all;
    size_t count;
    size_t cap;
    struct ch_map *last;    /* by path: number of the last entry of it, from 1 */
    struct ch_map *deleted; /* by path: number of the whiteout that deletes it */
    struct ch_buf target;   /* of a link, cleaned */
    size_t good; /* an entry whose first good_len bytes are a folder that is in order; 0: none */
    size_t good_len;
    uint64_t told[TOLD_KINDS];
};

struct tar_layer *tar_layer_new(void)
{
    struct tar_layer *l = ch_calloc(1, sizeof(*l));
    ch_buf_init(&l->text, ch_limits.layer_names_bytes);
    ch_buf_init(&l->target, 2 * ch_limits.member_path_bytes);
    l->last = ch_map_new();
    l->deleted = ch_map_new();
    return l;
}

void tar_layer_free(struct tar_layer *l)
{
    if (l != NULL) {
        ch_buf_done(&l->text);
        ch_buf_done(&l->target);
        ch_map_free(l->last);
        ch_map_free(l->deleted);
        free(l->all);
        free(l);
    }
}

/* --- telling: a layer has a thing often, or not at all --- */

static const enum ch_finding_code codes[TOLD_KINDS] = {[TOLD_LINK] = CH_F_OCI_LINK,
                                                       [TOLD_NODE] = CH_F_OCI_NODE,
                                                       [TOLD_PLACE] = CH_F_OCI_PLACE,
                                                       [TOLD_WHITEOUT] = CH_F_OCI_WHITEOUT,
                                                       [TOLD_DEVICE] = CH_F_OCI_DEVICE};

static void tell(struct ch_tar *t, enum told kind, struct ch_str member, const char *what,
                 struct ch_str more)
{
    if (t->layer->told[kind]++ < ch_limits.content_repeats) {
        tar_report(t, codes[kind], member, "%s%s%.*s", what, more.len > 0 ? ": " : "",
                   CH_STR_ARG(more));
    }
}

static void tell_how_many_more(struct ch_tar *t)
{
    for (size_t i = 0; i < TOLD_KINDS; i++) {
        if (t->layer->told[i] > ch_limits.content_repeats) {
            tar_report(t, codes[i], (struct ch_str){NULL, 0}, "and %llu more",
                       (unsigned long long)(t->layer->told[i] - ch_limits.content_repeats));
        }
    }
}

/* --- names --- */

void tar_layer_clean(struct ch_str path, struct ch_buf *ret)
{
    struct ch_str rest = path;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part)) {
        if (part.len > 0 && !ch_str_eq(part, CH_STR("."))) {
            ch_buf_puts(ret, ret->len > 0 ? CH_STR("/") : CH_STR(""));
            ch_buf_puts(ret, part);
        }
    }
}

static bool has_parent(struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part)) {
        if (ch_str_eq(part, CH_STR(".."))) {
            return true;
        }
    }
    return false;
}

/* --- deletions --- */

static void see_whiteout(struct ch_tar *t, const struct ch_tar_member *m, size_t number)
{
    struct tar_layer *l = t->layer;
    struct ch_str base = path_base(m->name);
    struct ch_str folder = ch_str_sub(m->name, 0, m->name.len - base.len);
    struct ch_str gone = ch_str_sub(base, sizeof(WHITEOUT) - 1, base.len);
    bool meta = ch_str_starts(base, CH_STR(WHITEOUT_META));
    if (m->type != CH_MEMBER_FILE || m->size_bytes > 0) {
        tell(t, TOLD_WHITEOUT, m->path, "is no empty file", gone);
    }
    if (meta) {
        if (!ch_str_eq(base, CH_STR(OPAQUE))) {
            tell(t, TOLD_WHITEOUT, m->path, "a name that some clients pass over", gone);
        }
        return;
    }
    if (gone.len == 0 || ch_str_eq(gone, CH_STR(".")) || ch_str_eq(gone, CH_STR(".."))) {
        tar_report(t, CH_F_TAR_PATH, m->path, "deletes the folder it lies in, or the one above");
        return;
    }
    ch_buf_clear(&l->target);
    ch_buf_puts(&l->target, folder);
    ch_buf_puts(&l->target, gone);
    CH_IGNORE(ch_map_set(l->deleted, ch_buf_str(&l->target), (void *)(uintptr_t)number));
}

static void check_deletions(struct ch_tar *t, const struct ch_tar_member *m,
                            const struct tar_header *h, size_t number)
{
    struct ch_str base = path_base(m->name);
    struct ch_str rest = ch_str_sub(m->name, 0, m->name.len - base.len);
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part)) {
        if (ch_str_starts(part, CH_STR(WHITEOUT))) {
            tell(t, TOLD_WHITEOUT, m->path, "lies in a folder named like a deletion", part);
        }
    }
    if (ch_str_starts(base, CH_STR(WHITEOUT))) {
        see_whiteout(t, m, number);
    }
    if (h->type == '3' && h->major == 0 && h->minor == 0) {
        tell(t, TOLD_WHITEOUT, m->path, "device 0:0, which overlay file systems take for one",
             base);
    }
    if (t->extended.overlay) {
        tell(t, TOLD_WHITEOUT, m->path, "an attribute of overlay file systems", base);
    }
}

/* --- devices --- */

/* Those that a runtime makes in every container (OCI runtime 1.1, "Default Devices"). */
static bool is_default_device(const struct tar_header *h, struct ch_str name)
{
    enum { MEMORY = 1, TERMINAL = 5 };
    static const struct {
        const char *name;
        uint64_t major, minor;
    } rows[] = {{"dev/null", MEMORY, 3},      {"dev/zero", MEMORY, 5},    {"dev/full", MEMORY, 7},
                {"dev/random", MEMORY, 8},    {"dev/urandom", MEMORY, 9}, {"dev/tty", TERMINAL, 0},
                {"dev/console", TERMINAL, 1}, {"dev/ptmx", TERMINAL, 2}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(name, ch_str_of(rows[i].name))) {
            return h->type == '3' && h->major == rows[i].major && h->minor == rows[i].minor;
        }
    }
    return false;
}

static void check_device(struct ch_tar *t, const struct ch_tar_member *m,
                         const struct tar_header *h)
{
    char what[64];
    if (h->type == '6' || is_default_device(h, m->name)) {
        tell(t, TOLD_NODE, m->path, h->type == '6' ? "a pipe" : "a device",
             (struct ch_str){NULL, 0});
    } else if (h->type == '3' || h->type == '4') {
        snprintf(what, sizeof(what), "%s device %llu:%llu", h->type == '3' ? "character" : "block",
                 (unsigned long long)h->major, (unsigned long long)h->minor);
        tell(t, TOLD_DEVICE, m->path, what, (struct ch_str){NULL, 0});
    }
}

/* --- links --- */

/* Whether a relative target leads above the root; there the kernel stays at the root, and tools
 * that unpack without one refuse it. */
static bool climbs_out(struct ch_str name, struct ch_str target)
{
    size_t depth = 0;
    struct ch_str rest = target;
    struct ch_str part;
    if (target.len > 0 && target.ptr[0] == '/') {
        name = (struct ch_str){NULL, 0};
    }
    for (size_t i = 0; i < name.len; i++) {
        depth += name.ptr[i] == '/';
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (ch_str_eq(part, CH_STR(".."))) {
            if (depth == 0) {
                return true;
            }
            depth--;
        } else if (part.len > 0 && !ch_str_eq(part, CH_STR("."))) {
            depth++;
        }
    }
    return false;
}

static void check_link(struct ch_tar *t, const struct ch_tar_member *m, const struct tar_header *h)
{
    struct tar_layer *l = t->layer;
    if (m->link.len == 0) {
        tar_report(t, CH_F_TAR_LINK, m->path, "no target");
        return;
    }
    if (h->type == '2') {
        if (climbs_out(m->name, m->link)) {
            tell(t, TOLD_LINK, m->path, "above the root", m->link);
        }
        return;
    }
    if (has_parent(m->link)) {
        tar_report(t, CH_F_TAR_LINK, m->path, "hard link with \"..\": \"%.*s\"",
                   CH_STR_ARG(m->link));
        return;
    }
    ch_buf_clear(&l->target);
    tar_layer_clean(m->link, &l->target);
    size_t number = (size_t)(uintptr_t)ch_map_get(l->last, ch_buf_str(&l->target));
    if (number == 0) {
        tell(t, TOLD_LINK, m->path, "no file before it in this layer", m->link);
    } else if (l->all[number - 1].type == CH_MEMBER_DIR) {
        tar_report(t, CH_F_TAR_LINK, m->path, "hard link to the folder \"%.*s\"",
                   CH_STR_ARG(m->link));
    }
}

/* --- where an entry lies --- */

static struct ch_str path_at(const struct tar_layer *l, size_t number)
{
    const struct entry *e = &l->all[number - 1];
    return ch_str_sub(ch_buf_str(&l->text), e->at, e->len);
}

/* What lies above an entry has to be a folder, and nothing that the same layer deletes: when the
 * entry is made, since a link leads it elsewhere whatever replaces the link later, and at the end.
 * False: it was told. */
static bool check_above(struct ch_tar *t, size_t number)
{
    struct tar_layer *l = t->layer;
    struct ch_str path = path_at(l, number);
    struct ch_str good = {NULL, 0};
    size_t len = path.len;
    size_t folder = 0;
    if (l->good > 0) {
        good = ch_str_sub(path_at(l, l->good), 0, l->good_len);
    }
    while (len > 0) {
        while (len > 0 && path.ptr[len - 1] != '/') {
            len--;
        }
        if (len == 0) {
            break;
        }
        len--;
        folder = folder == 0 ? len : folder;
        struct ch_str above = ch_str_sub(path, 0, len);
        if (ch_str_eq(above, good)) {
            break;
        }
        size_t last = (size_t)(uintptr_t)ch_map_get(l->last, above);
        if (last > 0 && l->all[last - 1].type != CH_MEMBER_DIR) {
            tell(t, TOLD_PLACE, path, "no folder", above);
            return false;
        }
        if (ch_map_get(l->deleted, above) != NULL) {
            tell(t, TOLD_WHITEOUT, path, "below what the same layer deletes", above);
            return false;
        }
    }
    l->good = number;
    l->good_len = folder;
    return true;
}

/* What was in order may be so no longer: this is no folder, and may have taken the place of one
 * above it, or deletes one. */
static void doubt_good(struct tar_layer *l, const struct ch_tar_member *m)
{
    if (m->type != CH_MEMBER_DIR && l->good > 0 &&
        (ch_str_starts(path_at(l, l->good), m->name) ||
         ch_str_starts(path_base(m->name), CH_STR(WHITEOUT)))) {
        l->good = 0;
    }
}

/* --- one entry --- */

static bool keep(struct ch_tar *t, const struct ch_tar_member *m)
{
    enum { GROW_FROM = 256 };
    struct tar_layer *l = t->layer;
    struct entry e = {.at = l->text.len, .len = m->name.len, .type = m->type};
    ch_buf_puts(&l->text, m->name);
    if (l->text.failed) {
        return tar_lose(t, CH_F_LIMIT, (struct ch_str){NULL, 0},
                        "paths of more than %llu bytes altogether",
                        (unsigned long long)ch_limits.layer_names_bytes);
    }
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? GROW_FROM : 2 * l->cap;
        l->all = ch_realloc_array(l->all, l->cap, sizeof(l->all[0]));
    }
    l->all[l->count++] = e;
    CH_IGNORE(ch_map_set(l->last, m->name, (void *)(uintptr_t)l->count));
    return true;
}

bool tar_layer_add(struct ch_tar *t, const struct tar_header *h, const struct ch_tar_member *m)
{
    bool link = h->type == '1' || h->type == '2';
    if (has_parent(m->path)) {
        tar_report(t, CH_F_TAR_PATH, m->path, "\"..\" component");
    }
    if (m->type != CH_MEMBER_DIR && m->path.ptr[m->path.len - 1] == '/') {
        tar_report(t, CH_F_TAR_PATH, m->path, "a folder by its name, something else by its type");
    }
    if (m->name.len == 0) {
        if (m->type != CH_MEMBER_DIR) {
            tar_report(t, CH_F_TAR_PATH, m->path, "the root, which is no folder");
        }
        return true;
    }
    /* Tables of contents, which some snapshotters unpack by (T18). */
    if (ch_str_eq(m->name, CH_STR("stargz.index.json")) ||
        ch_str_eq(m->name, CH_STR(".prefetch.landmark")) ||
        ch_str_eq(m->name, CH_STR(".no.prefetch.landmark"))) {
        tar_report(t, CH_F_OCI_CONTENTS, m->path, "%.*s", CH_STR_ARG(m->name));
    }
    if (link) {
        check_link(t, m, h);
    }
    check_device(t, m, h);
    if (!keep(t, m)) {
        return false;
    }
    check_deletions(t, m, h, t->layer->count);
    doubt_good(t->layer, m);
    t->layer->all[t->layer->count - 1].told = !check_above(t, t->layer->count);
    return true;
}

/* --- all of them --- */

void tar_layer_end(struct ch_tar *t)
{
    struct tar_layer *l = t->layer;
    l->good = 0;
    for (size_t i = 1; i <= l->count; i++) {
        struct ch_str path = path_at(l, i);
        if (!l->all[i - 1].told) {
            CH_IGNORE(check_above(t, i));
        }
        if (ch_map_count(l->deleted) > 0 && ch_map_get(l->deleted, path) != NULL) {
            tell(t, TOLD_WHITEOUT, path, "the same layer deletes it", (struct ch_str){NULL, 0});
        }
    }
    tell_how_many_more(t);
}
