/* Links of an sdist: what is installed, imported or run under the name of a link is another member,
 * which may lie where nothing would look at it so: among tests, or as a text.
 *
 * Spec: setuptools finds packages through links to folders, and copies what links lead to. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

enum { HOPS = 16 };

/* Where the link leads, in the tree; false: out of it. The archive's reader tells of those. */
static bool target_of(const struct sdist *s, struct ch_str tree, const struct ch_content_member *m,
                      struct ch_buf *ret)
{
    struct ch_str rest = m->link;
    struct ch_str part;
    if (m->type != CH_MEMBER_SYMLINK) { /* a hard link names a member */
        ch_buf_puts(ret, sdist_tree(s, m->link));
        return !ret->failed;
    }
    ch_buf_puts(ret, ch_str_sub(tree, 0, tree.len - path_base(tree).len));
    if (ch_str_starts(rest, CH_STR("/"))) {
        return false;
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (part.len == 0 || ch_str_eq(part, CH_STR("."))) {
            continue;
        }
        if (!ch_str_eq(part, CH_STR(".."))) {
            ch_buf_puts(ret, part);
            ch_buf_putc(ret, '/');
            continue;
        }
        if (ret->len == 0) {
            return false;
        }
        ret->len--;
        while (ret->len > 0 && ret->ptr[ret->len - 1] != '/') {
            ret->len--;
        }
    }
    ret->len -= ret->len > 0 ? 1 : 0;
    return !ret->failed && ret->len > 0;
}

void sdist_note_link(struct sdist *s, struct ch_str tree, const struct ch_content_member *m)
{
    struct ch_buf target;
    ch_buf_init(&target, 2 * ch_limits.member_path_bytes);
    /* that a path comes twice is told by the archive's reader */
    if (m->link.len > 0 && ch_map_get(s->links, tree) == NULL && target_of(s, tree, m, &target)) {
        struct sdist_link *l = ch_calloc(1, sizeof(*l));
        l->tree = ch_str_dup(tree);
        l->target = ch_str_dup(ch_buf_str(&target));
        CH_IGNORE(ch_map_set(s->links, ch_str_of(l->tree), l));
        *(s->last_link != NULL ? &s->last_link->next : &s->first_link) = l;
        s->last_link = l;
    }
    ch_buf_done(&target);
}

/* The first part of the path that is a link, replaced by where that leads. False: none is. */
static bool hop(const struct sdist *s, struct ch_buf *path)
{
    struct ch_str whole = ch_buf_str(path);
    for (size_t at = 1; at <= whole.len; at++) {
        const struct sdist_link *l = at == whole.len || whole.ptr[at] == '/'
                                         ? ch_map_get(s->links, ch_str_sub(whole, 0, at))
                                         : NULL;
        if (l != NULL) {
            char *below = ch_str_dup(ch_str_sub(whole, at, whole.len));
            ch_buf_clear(path);
            ch_buf_puts(path, ch_str_of(l->target));
            ch_buf_puts(path, ch_str_of(below));
            free(below);
            return !path->failed;
        }
    }
    return false;
}

bool sdist_resolve(const struct sdist *s, struct ch_str tree, struct ch_buf *ret)
{
    int hops = 0;
    ch_buf_clear(ret);
    ch_buf_puts(ret, tree);
    while (ch_map_count(s->links) > 0 && hops < HOPS && hop(s, ret)) {
        hops++;
    }
    return hops > 0 && hops < HOPS && !ret->failed;
}

struct sdist_file *sdist_source(const struct sdist *s, struct ch_str tree)
{
    struct sdist_file *f = sdist_find(s, tree);
    if (f == NULL && ch_map_count(s->links) > 0) {
        struct ch_buf other;
        ch_buf_init(&other, 4 * ch_limits.member_path_bytes);
        f = sdist_resolve(s, tree, &other) ? sdist_find(s, ch_buf_str(&other)) : NULL;
        ch_buf_done(&other);
    }
    return f;
}

/* "TOP/tree" as the archive has it. */
static void put_path(const struct sdist *s, struct ch_str tree, const char *more,
                     struct ch_buf *ret)
{
    ch_buf_clear(ret);
    ch_buf_puts(ret, s->top);
    ch_buf_putc(ret, '/');
    ch_buf_puts(ret, tree);
    ch_buf_puts(ret, ch_str_of(more));
}

/* When what the link leads to runs under the link's name. */
static enum ch_code_place place_of(const struct sdist *s, struct ch_str link, const char *more)
{
    struct ch_buf path;
    ch_buf_init(&path, 4 * ch_limits.member_path_bytes);
    put_path(s, link, more, &path);
    enum ch_code_place place = sdist_place(s, ch_buf_str(&path));
    ch_buf_done(&path);
    return place == CH_PLACE_TEST ? CH_PLACE_NONE : place;
}

/* A link to a folder: what lies there is a package of the link's name. */
static void judge_folder(struct sdist *s, struct ch_str link, struct ch_str target)
{
    if (path_extension(link).ptr == NULL && place_of(s, link, "/__init__.py") != CH_PLACE_NONE) {
        CH_IGNORE(names_add(&s->folders, target));
    }
}

/* A link to a file: that is what it is called. Compiled Python is compared with what lies beside
 * it, which is not what lies beside the link. */
static void judge_file(struct sdist *s, struct ch_str link, struct ch_str target)
{
    enum ch_code_place place =
        path_extension(link).ptr != NULL ? place_of(s, link, "") : CH_PLACE_NONE;
    if (place == CH_PLACE_NONE) {
        return;
    }
    struct ch_buf path;
    ch_buf_init(&path, 4 * ch_limits.member_path_bytes);
    put_path(s, link, "", &path);
    if (path_has_extension(link, "pth") || path_has_extension(link, "start")) {
        sdist_report(s, CH_F_SDIST_BUILD, ch_buf_str(&path),
                     "runs when any Python starts, and is a link");
    } else if (path_has_extension(link, "pyc")) {
        sdist_report(s, CH_F_PYC_WITHOUT_SOURCE, ch_buf_str(&path), "is a link");
    } else {
        put_path(s, target, "", &path);
        ch_content_executed(s->content, ch_buf_str(&path), place == CH_PLACE_START);
    }
    ch_buf_done(&path);
}

static void each_link(struct sdist *s,
                      void (*judge)(struct sdist *s, struct ch_str link, struct ch_str target))
{
    struct ch_buf target;
    ch_buf_init(&target, 4 * ch_limits.member_path_bytes);
    for (const struct sdist_link *l = s->first_link; l != NULL; l = l->next) {
        if (sdist_resolve(s, ch_str_of(l->tree), &target)) {
            judge(s, ch_str_of(l->tree), ch_buf_str(&target));
        }
    }
    ch_buf_done(&target);
}

/* Below a link to a folder may lie others, in whatever order the archive has them. */
void sdist_judge_links(struct sdist *s)
{
    size_t before = SIZE_MAX;
    for (int round = 0; round < HOPS && before != s->folders.count; round++) {
        before = s->folders.count;
        each_link(s, judge_folder);
    }
    if (before != s->folders.count) {
        sdist_report(s, CH_F_LIMIT, s->top, "links below links, beyond %d", HOPS);
    }
    each_link(s, judge_file);
}

void sdist_links_done(struct sdist *s)
{
    for (struct sdist_link *l = s->first_link; l != NULL;) {
        struct sdist_link *next = l->next;
        free(l->tree);
        free(l->target);
        free(l);
        l = next;
    }
    ch_map_free(s->links);
}
