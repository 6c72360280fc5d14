/* What source names: by its imports, by its texts, and by what its values say. */
#include <stdlib.h>

#include "scanner/content/path.h"
#include "scanner/content/reach_int.h"
#include "scanner/content/reach_pattern.h"
#include "scanner/source/imports.h"

struct naming {
    struct reach *r;
    struct ch_str folder; /* of the source, with its slash */
    unsigned how;
    bool started;         /* the texts are known to be what is run */
    bool changes_path;    /* it puts folders on sys.path, or lists what is in them */
    struct ch_str before; /* the name that was used last */
    struct names maybe;   /* texts that are the name of a folder of tests */
    struct names modules; /* that it imports, of whichever folder */
    struct names told;    /* texts that are the name of a file: each is looked up once */
};

/* "b.py", "tests/b.py": as much of the end of the path as is given, two parts at most. */
static void name_path(struct naming *n, struct ch_str text)
{
    struct ch_str base = path_base(text);
    struct ch_str above = path_folder(text);
    above.len -= above.len > 0 ? 1 : 0;
    above = path_base(above);
    if (ch_str_eq(above, CH_STR(".")) || ch_str_eq(above, CH_STR(".."))) {
        above.len = 0;
    }
    struct target *t = base.len < SHORT_NAME ? NULL : ch_map_get(n->r->by_base, base);
    if (t == NULL || names_has(&n->told, text)) {
        return;
    }
    CH_IGNORE(names_add(&n->told, text));
    for (; t != NULL; t = t->same_base) {
        struct ch_str folder = path_folder(t->site);
        folder.len -= folder.len > 0 ? 1 : 0;
        bool fits = above.len > 0 ? ch_str_eq(path_base(folder), above) : !reach_is_generic(base);
        if (fits && (!t->quiet || n->started)) {
            reach_mark(n->r, t, n->how);
        }
    }
}

/* "tests.", ".tests.", "a/tests/": what is put together with the name of a file or module in that
 * folder. */
static void name_beginning(struct naming *n, struct ch_str text)
{
    struct ch_buf b;
    size_t dots = 0;
    while (ch_str_starts(text, CH_STR("./"))) {
        text = ch_str_sub(text, 2, text.len);
    }
    while (dots < text.len && text.ptr[dots] == '.') {
        dots++;
    }
    ch_buf_init(&b, n->folder.len + text.len + 1);
    if (dots > 0 && dots < text.len) {
        CH_IGNORE(ch_imports_base(n->folder, dots, &b));
    } else {
        ch_buf_puts(&b, n->folder);
    }
    size_t above = dots > 0 ? 0 : b.len;
    ch_buf_puts(&b, ch_str_sub(text, dots, text.len - dots - (dots < text.len ? 1 : 0)));
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] = b.ptr[i] == '.' ? '/' : b.ptr[i];
    }
    struct ch_str below = ch_buf_str(&b);
    struct ch_str absolute = ch_str_sub(below, above, below.len);
    if (names_has(&n->r->folders, below)) {
        reach_mark_folder(n->r, below, n->how);
    } else if (names_has(&n->r->folders, absolute)) {
        reach_mark_folder(n->r, absolute, n->how);
    }
    ch_buf_done(&b);
}

static void name_module(struct naming *n, struct ch_str text)
{
    size_t dots = 0;
    while (dots < text.len && text.ptr[dots] == '.') {
        dots++;
    }
    if (dots == 0) {
        reach_mark_module(n->r, text, n->how);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, n->folder.len + text.len + 1);
    if (ch_imports_base(n->folder, dots, &b)) {
        ch_buf_puts(&b, ch_str_sub(text, dots, text.len));
        reach_mark_module(n->r, ch_buf_str(&b), n->how);
    }
    ch_buf_done(&b);
}

/* runpy.run_module("a"), python -m a: a.__main__ of the package. */
static void name_program(struct naming *n, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, text.len + 10);
    ch_buf_puts(&b, text);
    ch_buf_puts(&b, CH_STR(".__main__"));
    name_module(n, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* "utils_test", a module that only its name makes one of tests: what is put before it is told
 * elsewhere, perhaps. */
static void name_test_module(struct naming *n, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, text.len + 3);
    ch_buf_puts(&b, text);
    ch_buf_puts(&b, CH_STR(".py"));
    struct target *t = ch_map_get(n->r->by_base, ch_buf_str(&b));
    for (; t != NULL; t = t->same_base) {
        if (path_is_test_module(t->site) && !path_is_test(t->site) && !t->quiet) {
            reach_mark(n->r, t, n->how);
        }
    }
    ch_buf_done(&b);
}

static void on_module(void *arg, struct ch_str dotted)
{
    struct naming *n = arg;
    size_t dot;
    reach_mark_module(n->r, dotted, n->how);
    if (!ch_str_find_char(dotted, '.', &dot)) {
        CH_IGNORE(names_add(&n->modules, dotted));
        name_test_module(n, dotted); /* its folder may be on sys.path */
    }
}

static void on_text(void *arg, struct ch_str text)
{
    struct naming *n = arg;
    size_t at;
    if (text.len == 0) {
        return;
    }
    char last = text.ptr[text.len - 1];
    if (last == '.' || last == '/') {
        name_beginning(n, text);
        return;
    }
    name_path(n, text);
    if (reach_is_dotted(text) && (n->started || ch_str_find_char(text, '.', &at))) {
        name_module(n, text);
    }
    if (reach_is_dotted(text) && n->started) {
        name_program(n, text);
    }
    name_test_module(n, text);
    if (!n->started && names_has(&n->r->folder_names, path_base(text))) {
        CH_IGNORE(names_add(&n->maybe, path_base(text)));
    }
}

/* A text that is only looked for. */
static void on_asked(void *arg, struct ch_str text, bool by_method)
{
    struct naming *n = arg;
    struct asked one = {.folder = n->folder, .text = text, .how = n->how, .by_method = by_method};
    if (!reach_asked_keep(&n->r->asked, &one)) {
        on_text(n, text);
    }
}

/* The source says itself what asking does: what was asked so far names something. */
static void see_asking(struct reach *r, struct ch_str bytes)
{
    struct asked one;
    bool own = reach_asked_own(&r->asked, bytes);
    while (own && reach_asked_take(&r->asked, &one)) {
        struct naming n = {.r = r, .folder = one.folder, .how = one.how};
        on_text(&n, one.text);
        names_done(&n.maybe);
        names_done(&n.told);
        free(one.own);
    }
}

static void on_name(void *arg, struct ch_str name)
{
    struct naming *n = arg;
    n->changes_path = n->changes_path || reach_changes_path(n->before, name);
    n->before = name;
}

/* A program in a folder that only an archive's kind makes one of tests, "vendored-x/x/main.py", says what it is
 * called. From where it lies it would tell that folder by its own path, and not by a name. */
static bool is_own(const struct naming *n, struct ch_str folder)
{
    bool within = ch_str_starts(n->folder, folder) && n->folder.len > folder.len &&
                  n->folder.ptr[folder.len] == '/';
    return within && !path_is_test(n->folder);
}

/* The folders of tests that such source names: in its own folder, or in one around that. */
static void name_folders(struct naming *n)
{
    for (size_t i = 0; n->changes_path && i < n->maybe.count; i++) {
        struct ch_str around = n->folder;
        for (;;) {
            struct ch_buf b;
            ch_buf_init(&b, n->folder.len + n->maybe.lengths[i]);
            ch_buf_puts(&b, around);
            ch_buf_puts(&b, names_at(&n->maybe, i));
            if (names_has(&n->r->folders, ch_buf_str(&b)) && !is_own(n, ch_buf_str(&b))) {
                reach_mark_folder(n->r, ch_buf_str(&b), n->how);
            }
            ch_buf_done(&b);
            if (around.len == 0) {
                break;
            }
            around.len--;
            around = path_folder(around);
        }
    }
}

/* Source among data, from which such source may import: site-packages is not where it lies. */
static void name_scripts(struct naming *n)
{
    for (size_t i = 0; n->changes_path && i < n->modules.count; i++) {
        struct ch_buf b;
        ch_buf_init(&b, n->modules.lengths[i] + 3);
        ch_buf_puts(&b, names_at(&n->modules, i));
        ch_buf_puts(&b, CH_STR(".py"));
        for (struct target *t = ch_map_get(n->r->by_base, ch_buf_str(&b)); t != NULL;
             t = t->same_base) {
            if (t->script) {
                reach_mark(n->r, t, n->how);
            }
        }
        ch_buf_done(&b);
    }
}

void reach_source(struct reach *r, struct ch_str path, struct ch_str site, struct ch_str bytes,
                  unsigned how)
{
    see_asking(r, bytes);
    /* What lies among tests itself need not say so to import what lies beside it. */
    if (reach_of(r, path) == 0 && (how & REACH_START) == 0 &&
        !reach_gate_open(&r->gate, bytes, how != 0)) {
        return;
    }
    struct naming n = {.r = r, .folder = path_folder(site), .how = how};
    struct ch_imports to = {on_module, on_text, on_asked, on_name, &n};
    ch_imports_of(bytes, n.folder, &to);
    name_folders(&n);
    name_scripts(&n);
    names_done(&n.modules);
    names_done(&n.maybe);
    names_done(&n.told);
}

void reach_object(struct reach *r, struct ch_str reference)
{
    struct ch_str module;
    if (ch_str_split(&reference, ':', &module)) {
        reach_mark_module(r, ch_str_trim(module), 0);
    }
}

void reach_folder(struct reach *r, struct ch_str folder)
{
    while (ch_str_starts(folder, CH_STR("./"))) {
        folder = ch_str_sub(folder, 2, folder.len);
    }
    while (ch_str_ends(folder, CH_STR("/"))) {
        folder.len--;
    }
    if (names_has(&r->folders, folder)) {
        reach_mark_folder(r, folder, REACH_START);
    }
}

void reach_started(struct reach *r, struct ch_str site, struct ch_str name, unsigned how)
{
    struct naming n = {.r = r, .folder = path_folder(site), .how = how, .started = true};
    struct target *t =
        ch_str_eq(name, CH_STR("*")) ? ch_map_get(r->by_base, CH_STR("__main__.py")) : NULL;
    for (; t != NULL; t = t->same_base) {
        if (t->program) { /* any of them */
            reach_mark(r, t, how);
        }
    }
    on_text(&n, name);
    names_done(&n.told);
}

void reach_executed(struct reach *r, struct ch_str site, struct ch_str path, unsigned how)
{
    while (ch_str_starts(path, CH_STR("/")) || ch_str_starts(path, CH_STR("./")) ||
           ch_str_starts(path, CH_STR("../"))) {
        size_t at = 0;
        CH_IGNORE(ch_str_find_char(path, '/', &at));
        path = ch_str_sub(path, at + 1, path.len);
    }
    struct ch_str own = path_folder(site);
    bool says = reach_says(path);
    for (size_t i = 0; says && i < r->count; i++) {
        struct target *t = r->targets[i];
        if (reach_fits(path, t->site, own)) {
            reach_mark(r, t, how);
        }
    }
}

void reach_listed(struct reach *r, struct ch_str site, struct ch_str folder, unsigned how)
{
    struct naming n = {.r = r, .folder = path_folder(site), .how = how, .started = true};
    struct ch_buf b;
    ch_buf_init(&b, folder.len + 1);
    ch_buf_puts(&b, folder);
    ch_buf_puts(&b, CH_STR("/"));
    if (folder.len > 0) {
        name_beginning(&n, ch_buf_str(&b));
    }
    ch_buf_done(&b);
    struct ch_str own = n.folder;
    own.len -= own.len > 0 ? 1 : 0;
    for (size_t i = 0; folder.len == 0 && i < r->count; i++) {
        struct target *t = r->targets[i];
        bool below = own.len == 0 || (ch_str_starts(t->site, own) && t->site.len > own.len &&
                                      t->site.ptr[own.len] == '/');
        if (below && !t->quiet && path_has_extension(t->site, "py")) {
            reach_mark(r, t, how);
        }
    }
}
