/* Links inside a package. What code a link brings to a place is judged there, too: a file among
 * data is none that anything imports, until a link in site-packages leads to it. */
#include "customhouse/ascii.h"
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/conda/package/package_int.h"

/* Every folder of every member's path. */
static void gather_folders(struct conda_package *p)
{
    p->folders = ch_map_new();
    for (size_t i = 0; i < p->count; i++) {
        const struct conda_file *f = p->files[i];
        struct ch_str path = f->path;
        if (f->type == CH_MEMBER_DIR) {
            CH_IGNORE(ch_map_set(p->folders, path, p));
        }
        while ((path = path_folder(path)).len > 0) {
            path.len--; /* the slash */
            if (ch_map_set(p->folders, path, p) != NULL) {
                break; /* so are those above it */
            }
        }
    }
}

static bool is_folder(struct conda_package *p, struct ch_str path)
{
    if (p->folders == NULL) {
        gather_folders(p);
    }
    return ch_map_get(p->folders, path) != NULL;
}

/* Puts where the link leads into `ret`; false when that is out of the package. */
static bool join_link(const struct conda_file *f, struct ch_str rest, struct ch_buf *ret)
{
    struct ch_buf relative;
    struct ch_str folder = f->hard_link ? (struct ch_str){NULL, 0} : path_folder(f->path);
    ch_buf_init(&relative, 4 * ch_limits.member_path_bytes);
    ch_buf_puts(&relative, f->link);
    ch_buf_puts(&relative, rest);
    bool in = !relative.failed && conda_join(folder, ch_buf_str(&relative), ret);
    ch_buf_done(&relative);
    return in;
}

/* The first link on the way to `path`, itself included; *ret_rest is what follows it. */
static struct conda_file *link_on(struct conda_package *p, struct ch_str path,
                                  struct ch_str *ret_rest)
{
    for (size_t end = 1; end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '/') {
            continue;
        }
        struct conda_file *f = ch_map_get(p->by_path, ch_str_sub(path, 0, end));
        if (f != NULL && f->type != CH_MEMBER_FILE && f->link.ptr != NULL) {
            *ret_rest = ch_str_sub(path, end, path.len);
            return f;
        }
    }
    return NULL;
}

/* Where the link leads, over other links, which may be folders on the way; absent: out of what the
 * package has. `ret` holds the path. */
static struct conda_file *follow(struct conda_package *p, const struct conda_file *f,
                                 struct ch_buf *ret)
{
    enum { STEPS = 16 };
    struct ch_str rest = {NULL, 0};
    struct ch_buf after; /* `rest` lies in `ret` */
    ch_buf_init(&after, 4 * ch_limits.member_path_bytes);
    for (int i = 0; i < STEPS && f != NULL; i++) {
        ch_buf_clear(&after);
        ch_buf_puts(&after, rest);
        if (after.failed || !join_link(f, ch_buf_str(&after), ret)) {
            break;
        }
        f = link_on(p, ch_buf_str(ret), &rest);
        if (f == NULL) {
            ch_buf_done(&after);
            struct conda_file *found = ch_map_get(p->by_path, ch_buf_str(ret));
            return found != NULL && found->type == CH_MEMBER_FILE ? found : NULL;
        }
    }
    ch_buf_done(&after);
    ch_buf_clear(ret);
    return NULL;
}

/* When a module of that folder would run. */
static enum ch_code_place place_below(struct ch_str folder)
{
    struct ch_buf b;
    ch_buf_init(&b, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&b, folder);
    ch_buf_puts(&b, CH_STR("/x.py"));
    enum ch_code_place place = conda_place(ch_buf_str(&b));
    ch_buf_done(&b);
    return place;
}

static void judge_target(struct conda_package *p, struct conda_file *f, struct conda_file *target)
{
    enum ch_code_place place = conda_place(f->path);
    bool same_name = ch_str_eq_nocase(path_extension(f->path), path_extension(target->path));
    f->target = target;
    f->next_alias = target->alias;
    target->alias = f;
    enum ch_code_place there = conda_place(target->path);
    if (place == CH_PLACE_NONE || (place == there && same_name) ||
        (target->binary && there != CH_PLACE_TEST)) {
        return; /* it was judged as what it is there */
    }
    if (target->kept && conda_is_source(f->path)) {
        f->deferred = true;
    } else if (target->kept) {
        conda_see_content(p, f, target->bytes);
    } else {
        conda_want(p, f);
    }
}

/* What describes a Python package is read where it lies, by its path: not through a link. */
static bool is_of_python_package(struct ch_str path)
{
    static const char *const endings[] = {".dist-info", ".egg-info", ".egg"};
    struct ch_str folder;
    struct ch_str name;
    bool is = conda_describes(path, &folder, &name) || conda_is_egg(path);
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        is = is || path_ends_nocase(path, ch_str_of(endings[i]));
    }
    return is;
}

/* Folders in which a file's place alone makes installers or programs run it, and those above them. */
static bool is_of_places(struct ch_str path)
{
    static const char *const places[] = {
        "etc/conda/activate.d",   "etc/conda/deactivate.d", "etc/conda/env_vars.d",
        "menu",                   "conda-meta",             "bin",
        "scripts",                "python-scripts",         "etc/jupyter",
        "etc/ipython",            "share/jupyter/kernels",  "etc/profile.d",
        "etc/fish",               "etc/init.d",             "etc/cron.d",
        "share/fish/vendor_conf.d"};
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        struct ch_str place = ch_str_of(places[i]);
        if (ch_str_eq_nocase(ch_str_sub(place, 0, path.len), path) &&
            (path.len == place.len || (path.len < place.len && place.ptr[path.len] == '/'))) {
            return true;
        }
    }
    return false;
}

/* In a folder that Python imports from, or instead of one. */
static bool is_imported_from(struct ch_str path)
{
    struct ch_buf inside;
    struct ch_str below;
    ch_buf_init(&inside, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&inside, path);
    ch_buf_puts(&inside, CH_STR("/x.py"));
    bool is = inside.failed || conda_installed(ch_buf_str(&inside)).root == CH_INSTALLED_SITE ||
              path_below_prefix(ch_buf_str(&inside), &below);
    ch_buf_done(&inside);
    return is;
}

/* Installers of noarch packages move two folders: a link between them and all else leads to another
 * place than it does here. bin/, where one of them goes, is as deep as it is. */
static bool is_moved_otherwise(const struct conda_package *p, const struct conda_file *f,
                               struct ch_str target)
{
    static const struct ch_str site = {"site-packages/", 14}, scripts = {"python-scripts/", 15};
    bool from_site = ch_str_starts_nocase(f->path, site);
    bool to_site = ch_str_starts_nocase(target, site);
    bool from_scripts = ch_str_starts_nocase(f->path, scripts);
    bool to_scripts = ch_str_starts_nocase(target, scripts);
    return p->moved && !f->hard_link && (from_site != to_site || (to_scripts && !from_scripts));
}

/* What programs make of a name alone (T17), whatever it leads to. */
static void tell_name(struct conda_package *p, const struct conda_file *f, struct ch_str below,
                      struct ch_str bytes)
{
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, f->path);
    ch_buf_puts(&path, below);
    ch_content_named(p->content, ch_buf_str(&path), bytes);
    ch_buf_done(&path);
}

static void judge_link(struct conda_package *p, struct conda_file *f)
{
    if (is_of_python_package(f->path)) {
        conda_report(p, CH_F_CONDA_LINK, f->path, "to \"%.*s\"", CH_STR_ARG(f->link));
        return;
    }
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    struct conda_file *target = follow(p, f, &path);
    enum ch_code_place place = conda_place(f->path);
    enum ch_code_place below = place_below(f->path);
    tell_name(p, f, CH_STR(""), target != NULL ? target->bytes : CH_STR(""));
    if (path.len > 0 && is_moved_otherwise(p, f, ch_buf_str(&path))) {
        conda_report(p, CH_F_CONDA_LINK, f->path, "to \"%.*s\": installers move one of the two",
                     CH_STR_ARG(ch_buf_str(&path)));
    } else if (target != NULL) {
        judge_target(p, f, target);
    } else if (path.len > 0 && is_folder(p, ch_buf_str(&path))) {
        tell_name(p, f, CH_STR("/x.py"), CH_STR(""));
        if (is_of_places(f->path) ||
            (below != CH_PLACE_NONE && below != place_below(ch_buf_str(&path)))) {
            conda_report(p, CH_F_CONDA_LINK, f->path, "to the folder \"%.*s\"",
                         CH_STR_ARG(ch_buf_str(&path)));
        }
        /* what it leads to another package may bring, as data */
    } else if (place == CH_PLACE_START || place == CH_PLACE_INSTALL || conda_is_source(f->path) ||
               is_of_places(f->path) || is_imported_from(f->path)) {
        conda_report(p, CH_F_CONDA_LINK, f->path, "to \"%.*s\", which is not there",
                     CH_STR_ARG(f->link));
    }
    ch_buf_done(&path);
}

void conda_follow_links(struct conda_package *p)
{
    for (size_t i = 0; i < p->count; i++) {
        struct conda_file *f = p->files[i];
        if (f->link.len > 0 && !f->info) {
            judge_link(p, f);
        }
    }
}
