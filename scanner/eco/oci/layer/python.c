/* Python packages in a layer: what lies below a folder named site-packages or dist-packages that
 * has a .dist-info, or something that runs whenever Python starts. Such files go to content/ as
 * those of wheels do, and nothing else of a layer does: an interpreter's own library and a
 * distribution's scripts are code of somebody who is trusted for them, or not.
 *
 * Whether a folder is one is known when the layer was walked: then it is walked once more. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/installed.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"

/* --- folders --- */

static bool is_site_name(struct ch_str name)
{
    return ch_str_eq(name, CH_STR("site-packages")) || ch_str_eq(name, CH_STR("dist-packages"));
}

/* The next folder of such a name in the path from *at on: *ret is the path up to and with its
 * slash. */
static bool next_site(struct ch_str path, size_t *at, struct ch_str *ret)
{
    while (*at < path.len) {
        size_t end = *at;
        while (end < path.len && path.ptr[end] != '/') {
            end++;
        }
        struct ch_str part = ch_str_sub(path, *at, end - *at);
        *at = end + 1;
        if (end < path.len && is_site_name(part)) {
            *ret = ch_str_sub(path, 0, end + 1);
            return true;
        }
    }
    return false;
}

/* The innermost one that has packages. */
static struct layer_site *site_of_path(struct layer *l, struct ch_str path)
{
    struct layer_site *found = NULL;
    struct ch_str folder;
    size_t at = 0;
    while (next_site(path, &at, &folder)) {
        struct layer_site *s = ch_map_get(l->site_of, folder);
        found = s != NULL ? s : found;
    }
    return found;
}

static struct layer_site *make_site(struct layer *l, struct ch_str folder)
{
    struct layer_site *s = ch_map_get(l->site_of, folder);
    if (s != NULL) {
        return s;
    }
    if (l->site_count == ch_limits.layer_sites) {
        if (!l->sites_over) {
            ch_scan_write_finding(l->out, CH_F_LIMIT, folder,
                                  CH_STR("more folders of Python packages than are read"));
        }
        l->sites_over = true;
        return NULL;
    }
    s = ch_calloc(1, sizeof(*s));
    s->folder = ch_str_dup(folder);
    s->folder_len = folder.len;
    s->l = l;
    l->sites = ch_realloc_array(l->sites, l->site_count + 1, sizeof(l->sites[0]));
    l->sites[l->site_count++] = s;
    CH_IGNORE(ch_map_set(l->site_of, folder, s));
    return s;
}

/* By its name: what site.py looks for, or what a package leaves there. */
static void look_for_packages(struct layer *l, struct ch_str path)
{
    struct ch_str folder;
    size_t at = 0;
    while (next_site(path, &at, &folder)) {
        struct ch_str below = ch_str_sub(path, folder.len, path.len);
        struct ch_str info;
        struct ch_str name;
        struct ch_installed where = {CH_INSTALLED_SITE, below};
        bool info_member = layer_in_dist_info(below, &info, &name);
        if (!info_member && ch_installed_place(where) != CH_PLACE_START) {
            continue;
        }
        struct layer_site *s = make_site(l, folder);
        if (s != NULL && info_member) {
            CH_IGNORE(names_add(&s->dist_infos, ch_str_sub(path, 0, folder.len + info.len)));
        }
    }
}

/* --- files --- */

/* Where a link leads, from the root; absent: above it. Links that are followed on the way are not
 * known here: what is not found is told. */
static void put_target(const struct ch_tar_member *m, struct ch_buf *ret)
{
    struct ch_str rest = m->link;
    struct ch_str part;
    bool symbolic = m->type == CH_MEMBER_SYMLINK;
    if (symbolic && m->link.len > 0 && m->link.ptr[0] != '/') {
        struct ch_str folder = path_folder(m->name);
        ch_buf_puts(ret, ch_str_sub(folder, 0, folder.len > 0 ? folder.len - 1 : 0));
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (ch_str_eq(part, CH_STR(".."))) {
            while (ret->len > 0 && ret->ptr[ret->len - 1] != '/') {
                ret->len--;
            }
            ret->len -= ret->len > 0 ? 1 : 0;
        } else if (part.len > 0 && !ch_str_eq(part, CH_STR("."))) {
            ch_buf_puts(ret, ret->len > 0 ? CH_STR("/") : CH_STR(""));
            ch_buf_puts(ret, part);
        }
    }
}

static void keep(struct layer *l, struct layer_file *f, struct ch_str bytes)
{
    if (!f->kept && bytes.len == f->size_bytes && layer_may_keep(l, f->path, bytes.len)) {
        f->own_bytes = ch_str_dup(bytes);
        f->bytes = (struct ch_str){f->own_bytes, bytes.len};
        f->kept = true;
    }
}

/* What says which files are of the package, and what runs. */
static bool is_list(struct ch_str path)
{
    struct ch_str name = path_base(path);
    struct ch_str folder = path_folder(path);
    return path_ends_nocase(folder, CH_STR(".dist-info/")) &&
           (ch_str_eq(name, CH_STR("RECORD")) || ch_str_eq(name, CH_STR("top_level.txt")) ||
            ch_str_eq(name, CH_STR("entry_points.txt")));
}

static void add_file(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_buf own;
    if (!layer_may_keep(l, m->path, sizeof(struct layer_file) + 2 * m->name.len + m->link.len)) {
        return;
    }
    struct layer_file *f = ch_calloc(1, sizeof(*f));
    ch_buf_init(&own, 3 * ch_limits.member_path_bytes);
    if (m->link.len > 0) {
        put_target(m, &own);
    }
    size_t target_len = own.len;
    ch_buf_puts(&own, m->name);
    CH_ASSERT(!own.failed);
    f->own = own.ptr;
    f->target = m->link.len > 0 ? (struct ch_str){f->own, target_len} : f->target;
    f->path = (struct ch_str){f->own + target_len, m->name.len};
    f->number = m->number;
    f->hard = m->link.len > 0 && m->type != CH_MEMBER_SYMLINK;
    f->size_bytes = m->size_bytes;
    f->sha256 = m->sha256;
    if (l->file_count == l->file_cap) {
        l->file_cap = l->file_cap == 0 ? 256 : 2 * l->file_cap;
        l->files = ch_realloc_array(l->files, l->file_cap, sizeof(l->files[0]));
    }
    l->files[l->file_count++] = f;
    CH_IGNORE(ch_map_set(l->by_path, f->path, f)); /* the last one of a path stays */
    /* Most layers have little of it, and need no second walk then. */
    bool ahead = m->size_bytes <= ch_limits.layer_kept_bytes / 2 &&
                 l->kept_bytes <= ch_limits.layer_kept_bytes / 2 - m->size_bytes;
    if (m->type == CH_MEMBER_FILE && (ahead || is_list(f->path))) {
        keep(l, f, m->bytes);
    }
}

/* A link for such a folder, to one whose name says nothing of it: what lies there is not judged. */
static void look_at_site_link(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_buf target;
    ch_buf_init(&target, 3 * ch_limits.member_path_bytes);
    put_target(m, &target);
    if (!is_site_name(path_base(ch_buf_str(&target)))) {
        layer_tell(l, LAYER_TOLD_PYTHON_LINK, m->path, "to \"%.*s\", which is not named as it is",
                   CH_STR_ARG(ch_buf_str(&target)));
    }
    ch_buf_done(&target);
}

void layer_see_python(struct layer *l, const struct ch_tar_member *m)
{
    struct ch_str folder;
    size_t at = 0;
    if (m->type == CH_MEMBER_SYMLINK && is_site_name(path_base(m->name))) {
        look_at_site_link(l, m);
    }
    if (!next_site(m->name, &at, &folder)) {
        return;
    }
    if (m->type != CH_MEMBER_FILE && m->link.len == 0) {
        return; /* a device */
    }
    look_for_packages(l, m->name);
    add_file(l, m);
    if (m->type == CH_MEMBER_FILE) {
        layer_see_metadata(l, m);
    }
}

/* --- what content/ asks --- */

static struct ch_installed installed(void *arg, struct ch_str path)
{
    struct ch_str folder;
    struct ch_str name;
    (void)arg;
    return (struct ch_installed){
        layer_in_dist_info(path, &folder, &name) ? CH_INSTALLED_NOWHERE : CH_INSTALLED_SITE, path};
}

static enum ch_code_place place_of(void *arg, struct ch_str path)
{
    return ch_installed_place(installed(arg, path));
}

static struct ch_str site_path(void *arg, struct ch_str path)
{
    return ch_installed_site(installed(arg, path));
}

bool layer_dist_info_text(const struct layer *l, struct ch_str folder, const char *name,
                          struct ch_str *ret_path, struct ch_str *ret)
{
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, folder);
    ch_buf_printf(&path, "/%s", name);
    const struct layer_file *f = ch_map_get(l->by_path, ch_buf_str(&path));
    ch_buf_done(&path);
    if (f == NULL || !f->kept) {
        return false;
    }
    *ret_path = f->path;
    *ret = f->bytes;
    return true;
}

static struct layer_file *file_at(const struct layer_site *s, struct ch_str below)
{
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, (struct ch_str){s->folder, s->folder_len});
    ch_buf_puts(&path, below);
    struct layer_file *f = path.failed ? NULL : ch_map_get(s->l->by_path, ch_buf_str(&path));
    ch_buf_done(&path);
    return f;
}

static struct ch_str below_of(const struct layer_file *f)
{
    return ch_str_sub(f->path, f->group->site->folder_len, f->path.len);
}

static bool read_member(void *arg, struct ch_str path, struct ch_buf *ret)
{
    const struct layer_group *g = arg;
    const struct layer_file *f = file_at(g->site, path);
    if (f == NULL || !f->kept) {
        return false;
    }
    ch_buf_puts(ret, f->bytes);
    return !ret->failed;
}

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence_raw)
{
    const struct layer_site *s = arg;
    struct ch_buf path;
    ch_buf_init(&path, 4 * ch_limits.member_path_bytes);
    if (member.len > 0) {
        ch_buf_puts(&path, (struct ch_str){s->folder, s->folder_len});
        ch_buf_puts(&path, member);
    }
    ch_scan_write_finding(s->l->out, code, ch_buf_str(&path), evidence_raw);
    ch_buf_done(&path);
}

static struct ch_content *content_of(struct layer_group *g)
{
    if (g->content == NULL) {
        g->content =
            ch_content_new(&(struct ch_content_options){.job = &g->job,
                                                        .out = g->site->out,
                                                        .kind = CH_CONTENT_BUILT,
                                                        .interpreter = g->project[0] == '\0',
                                                        .noun = "package",
                                                        .platform_known = "the layer",
                                                        .place = place_of,
                                                        .installed = installed,
                                                        .read = read_member,
                                                        .ahead = read_member,
                                                        .site = site_path,
                                                        .arg = g});
    }
    return g->content;
}

/* --- the second walk --- */

static bool is_source(struct ch_str path)
{
    return path_has_extension(path, "py") || path_has_extension(path, "pyw") ||
           path_has_extension(path, "pth") || path_has_extension(path, "start");
}

static void hand_over(struct layer_file *f, struct ch_str bytes)
{
    ch_content_see(content_of(f->group), &(struct ch_content_member){.path = below_of(f),
                                                                     .type = CH_MEMBER_FILE,
                                                                     .bytes = bytes,
                                                                     .size_bytes = f->size_bytes});
}

static void see_bytes(struct layer *l, struct layer_file *f, struct ch_str bytes)
{
    if (!f->kept && (is_source(f->path) || path_has_extension(f->path, "pyc"))) {
        keep(l, f, bytes);
    }
    f->deferred = f->kept && is_source(f->path);
    if (!f->deferred) {
        hand_over(f, bytes);
    }
}

static void see_again(void *arg, const struct ch_tar_member *m)
{
    struct layer *l = arg;
    if (m->type != CH_MEMBER_FILE) {
        return;
    }
    struct layer_file *f = ch_map_get(l->by_path, m->name);
    if (f != NULL && f->group != NULL && f->target.ptr == NULL && !f->found &&
        f->number == m->number) {
        f->found = true;
        see_bytes(l, f, m->bytes);
    }
    for (f = ch_map_get(l->aliases, m->name); f != NULL; f = f->next_alias) {
        if (f->found) { /* which of them it leads to is known of no kind of link alike */
            layer_tell(l, LAYER_TOLD_PYTHON_LINK, f->path, "to \"%.*s\", which comes twice",
                       CH_STR_ARG(f->target));
        } else {
            f->found = true;
            f->size_bytes = m->size_bytes;
            see_bytes(l, f, m->bytes);
        }
    }
}

/* Whose each file is. */
static void gather_groups(struct layer *l)
{
    for (size_t i = 0; i < l->site_count; i++) {
        layer_make_groups(l, l->sites[i]);
    }
    for (size_t turn = 0; turn < 2; turn++) { /* what starts first: it may import the others */
        for (size_t i = 0; i < l->file_count; i++) {
            struct layer_file *f = l->files[i];
            struct layer_site *s = site_of_path(l, f->path);
            if (s == NULL || ch_map_get(l->by_path, f->path) != f) {
                continue;
            }
            f->group = layer_group_of(l, s, f->path);
            s->starts = s->starts || f->group == &s->groups[s->dist_infos.count];
        }
    }
}

/* A link to a link in such a folder leads to where that one does. */
static void gather_aliases(struct layer *l)
{
    enum { STEPS = 16 };
    for (size_t i = 0; i < l->file_count; i++) {
        struct layer_file *f = l->files[i];
        if (f->target.ptr == NULL || f->group == NULL) {
            continue;
        }
        const struct layer_file *last = f;
        for (int step = 0; step < STEPS; step++) {
            const struct layer_file *next = ch_map_get(l->by_path, last->target);
            if (next == NULL || next->target.ptr == NULL ||
                (last->hard && next->number > last->number)) {
                break;
            }
            last = next;
        }
        f->next_alias = ch_map_set(l->aliases, last->target, f);
    }
}

/* What was kept, as if it was met now. True: there is more. */
static bool see_kept(struct layer *l)
{
    bool more = false;
    for (size_t i = 0; i < l->file_count; i++) {
        struct layer_file *f = l->files[i];
        if (f->group == NULL) {
            continue;
        }
        if (f->target.ptr == NULL && f->kept) {
            f->found = true;
            see_bytes(l, f, f->bytes);
        } else {
            more = true;
        }
    }
    return more;
}

static void tell_of_links(struct layer *l)
{
    for (size_t i = 0; i < l->file_count; i++) {
        const struct layer_file *f = l->files[i];
        if (f->group != NULL && f->target.ptr != NULL && !f->found &&
            (place_of(f->group, below_of(f)) != CH_PLACE_NONE ||
             path_extension(f->path).ptr == NULL)) {
            layer_tell(l, LAYER_TOLD_PYTHON_LINK, f->path, "to \"%.*s\", which is no file here",
                       CH_STR_ARG(f->target));
        }
    }
}

/* --- what waited until all of it was known --- */

/* Groups that have files, in their order; NULL after the last. */
static struct layer_group *next_group(struct layer *l, size_t *site, size_t *group)
{
    for (; *site < l->site_count; ++*site, *group = 0) {
        struct layer_site *s = l->sites[*site];
        while (*group <= s->dist_infos.count) {
            struct layer_group *g = &s->groups[(*group)++];
            if (g->content != NULL) {
                return g;
            }
        }
    }
    return NULL;
}

static void see_deferred(struct layer *l)
{
    size_t site = 0;
    size_t group = 0;
    struct layer_group *g;
    for (size_t i = 0; i < l->file_count; i++) {
        if (l->files[i]->deferred) {
            ch_content_expect_start(content_of(l->files[i]->group), below_of(l->files[i]));
        }
    }
    for (size_t i = 0; i < l->file_count; i++) {
        if (l->files[i]->deferred) {
            ch_content_expect(content_of(l->files[i]->group), below_of(l->files[i]));
        }
    }
    while ((g = next_group(l, &site, &group)) != NULL) {
        ch_content_follow_start(g->content);
    }
    for (size_t i = 0; i < l->file_count; i++) {
        struct layer_file *f = l->files[i];
        if (f->deferred) {
            f->deferred = false;
            hand_over(f, f->bytes);
        }
    }
}

static size_t see_reached(struct layer *l)
{
    size_t wanted = 0;
    size_t site = 0;
    size_t group = 0;
    struct layer_group *g;
    struct ch_str path;
    while ((g = next_group(l, &site, &group)) != NULL) {
        while (ch_content_next(g->content, &path)) {
            struct layer_file *f = file_at(g->site, path);
            if (f == NULL || f->group != g) {
                ch_scan_write_finding(l->out, CH_F_LIMIT, path,
                                      CH_STR("is run or opened, and was not found again"));
            } else if (f->kept) {
                hand_over(f, f->bytes);
            } else {
                f->wanted = true;
                wanted++;
            }
        }
    }
    return wanted;
}

static void see_wanted(void *arg, const struct ch_tar_member *m)
{
    struct layer *l = arg;
    struct layer_file *f = m->type == CH_MEMBER_FILE ? ch_map_get(l->by_path, m->name) : NULL;
    if (f != NULL && f->wanted && f->number == m->number) {
        f->wanted = false;
        hand_over(f, m->bytes);
    }
    f = m->type == CH_MEMBER_FILE ? ch_map_get(l->aliases, m->name) : NULL;
    for (; f != NULL; f = f->next_alias) {
        if (f->wanted) {
            f->wanted = false;
            hand_over(f, m->bytes);
        }
    }
}

static void follow_reached(struct layer *l, enum ch_stream_format packing)
{
    enum { WALKS = 4 };
    struct ch_err err;
    size_t wanted = see_reached(l);
    for (int i = 0; i < WALKS && wanted > 0; i++) {
        CH_IGNORE(ch_tar_walk_layer_again(l->in, packing, see_wanted, l, &err) != CH_OK);
        wanted = see_reached(l);
    }
    if (wanted > 0) {
        ch_scan_write_finding(l->out, CH_F_LIMIT, (struct ch_str){NULL, 0},
                              CH_STR("what is run or opened was not found again"));
    }
}

static void check_dist_infos(struct layer *l)
{
    for (size_t i = 0; i < l->site_count; i++) {
        struct layer_site *s = l->sites[i];
        for (size_t k = 0; k < s->dist_infos.count; k++) {
            layer_check_dist_info(l, &s->groups[k], names_at(&s->dist_infos, k));
        }
        if (s->dist_infos.over) {
            ch_scan_write_finding(l->out, CH_F_LIMIT, (struct ch_str){s->folder, s->folder_len},
                                  CH_STR("more .dist-info folders than are kept"));
        }
    }
}

void layer_judge_python(struct layer *l, enum ch_stream_format packing)
{
    size_t site = 0;
    size_t group = 0;
    struct ch_err err;
    struct layer_group *g;
    if (l->site_count == 0) {
        return;
    }
    for (size_t i = 0; i < l->site_count; i++) {
        l->sites[i]->out = ch_scan_writer_listen(on_finding, l->sites[i]);
    }
    gather_groups(l);
    gather_aliases(l);
    if (see_kept(l)) {
        CH_IGNORE(ch_tar_walk_layer_again(l->in, packing, see_again, l, &err) != CH_OK);
    }
    tell_of_links(l);
    see_deferred(l);
    check_dist_infos(l);
    follow_reached(l, packing);
    while ((g = next_group(l, &site, &group)) != NULL) {
        ch_content_end(g->content);
    }
}

void layer_python_done(struct layer *l)
{
    for (size_t i = 0; i < l->site_count; i++) {
        layer_groups_done(l->sites[i]);
        ch_scan_writer_free(l->sites[i]->out);
        names_done(&l->sites[i]->dist_infos);
        free(l->sites[i]->folder);
        free(l->sites[i]);
    }
    for (size_t i = 0; i < l->file_count; i++) {
        free(l->files[i]->own_bytes);
        free(l->files[i]->own);
        free(l->files[i]);
    }
    free(l->sites);
    free(l->files);
    ch_map_free(l->site_of);
    ch_map_free(l->by_path);
    ch_map_free(l->aliases);
    ch_map_free(l->records);
}
