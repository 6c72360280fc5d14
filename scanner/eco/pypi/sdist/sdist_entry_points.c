/* Entry points of an sdist: those of its *.egg-info, which setuptools loads while it builds where
 * the tree is on sys.path, and those that its settings declare, which are the installed package's.
 *
 * Spec: setuptools (entry_points.txt; "Entry Points", [options.entry_points]), PEP 621, poetry-core
 * (plugins). */
#include "customhouse/limits.h"
#include "scanner/python/entry_points.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"
#include "scanner/eco/pypi/sdist/setup_cfg.h"

struct telling {
    struct sdist *s;
    struct ch_str member;
    bool builds; /* as the tree is built, setuptools sees them */
};

/* Loaded by setuptools for every project that it builds, with whatever is on sys.path. */
static bool runs_at_build(struct ch_str group)
{
    return ch_str_starts(group, CH_STR("distutils.")) ||
           ch_str_starts(group, CH_STR("setuptools.")) || ch_str_starts(group, CH_STR("egg_info."));
}

static void tell(void *arg, struct ch_str group, struct ch_str name, struct ch_str object)
{
    const struct telling *t = arg;
    struct ch_str rest = object;
    struct ch_str module;
    entry_points_tell(t->s->out, t->s->content, t->member, group, name, object);
    CH_IGNORE(names_add(&t->s->objects, object));
    if (t->builds && runs_at_build(group)) {
        sdist_install_code(t->s, "build-hook", object);
        if (ch_str_split(&rest, ':', &module)) {
            sdist_runs_module(t->s, ch_str_trim(module));
        }
    }
}

/* "NAME = OBJECT" per line. */
static void tell_lines(const struct telling *t, struct ch_str group, struct ch_str lines)
{
    struct ch_str line;
    while (ch_str_split(&lines, '\n', &line)) {
        struct ch_str name;
        if (ch_str_split(&line, '=', &name) && line.ptr != NULL) {
            tell((void *)(uintptr_t)t, group, ch_str_trim(name), ch_str_trim(line));
        }
    }
}

/* --- *.egg-info --- */

/* "foo.egg-info/entry_points.txt", also below a folder that is put on sys.path. */
static bool is_of_egg(const struct sdist *s, struct ch_str path)
{
    struct ch_str below = sdist_site(s, path);
    size_t at;
    return ch_str_ends(below, CH_STR(".egg-info/entry_points.txt")) &&
           ch_str_find_char(below, '/', &at) && below.len - at == CH_STR("/entry_points.txt").len;
}

static void read_eggs(struct sdist *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sdist_file *f = s->files[i];
        if (f->type == CH_MEMBER_FILE && is_of_egg(s, f->path)) {
            struct telling t = {.s = s, .member = f->path, .builds = true};
            entry_points_read(s->out, f->path, f->bytes, tell, &t);
        }
    }
}

/* --- setup.py --- */

/* {"GROUP": ["NAME = OBJECT"]}, or one text as in entry_points.txt. */
static void on_argument(void *arg, struct ch_str group, struct ch_str value)
{
    struct telling *t = arg;
    if (group.len > 0) {
        tell_lines(t, group, value);
    } else if (ch_str_find_char(value, '[', NULL)) {
        entry_points_read(t->s->out, t->member, value, tell, t);
    }
}

static void read_setup(struct sdist *s)
{
    struct sdist_file *f = sdist_find(s, CH_STR("setup.py"));
    if (f == NULL) {
        return;
    }
    struct telling t = {.s = s, .member = f->path};
    if (!sdist_setup_argument(f->bytes, "entry_points", on_argument, &t)) {
        sdist_install_code(s, "build-hook", CH_STR("entry_points"));
    }
}

/* --- setup.cfg, pyproject.toml --- */

void sdist_cfg_entry_points(struct sdist *s, struct ch_str member, struct ch_str group,
                            struct ch_str value)
{
    struct telling t = {.s = s, .member = member};
    tell_lines(&t, group, value);
}

static void tell_table(struct telling *t, struct ch_str group, const struct ch_toml_node *table)
{
    for (const struct ch_toml_node *n = sdist_toml_child(table); n != NULL; n = n->next) {
        struct ch_str object = sdist_toml_text(n);
        object = object.len > 0 ? object : sdist_toml_text(ch_toml_find(n, "reference"));
        object = object.len > 0 ? object : sdist_toml_text(ch_toml_find(n, "callable"));
        tell(t, group, n->key, object);
    }
}

static void tell_groups(struct telling *t, const struct ch_toml_node *groups)
{
    for (const struct ch_toml_node *n = sdist_toml_child(groups); n != NULL; n = n->next) {
        tell_table(t, n->key, n);
    }
}

void sdist_check_entry_points(struct sdist *s, struct ch_str member,
                              const struct ch_toml_node *root)
{
    struct telling t = {.s = s, .member = member};
    const struct ch_toml_node *project = ch_toml_find(root, "project");
    const struct ch_toml_node *poetry = ch_toml_find(ch_toml_find(root, "tool"), "poetry");
    tell_table(&t, CH_STR("console_scripts"), ch_toml_find(project, "scripts"));
    tell_table(&t, CH_STR("gui_scripts"), ch_toml_find(project, "gui-scripts"));
    tell_groups(&t, ch_toml_find(project, "entry-points"));
    tell_table(&t, CH_STR("console_scripts"), ch_toml_find(poetry, "scripts"));
    tell_groups(&t, ch_toml_find(poetry, "plugins"));
}

void sdist_check_built_entry_points(struct sdist *s)
{
    read_eggs(s);
    read_setup(s);
}
