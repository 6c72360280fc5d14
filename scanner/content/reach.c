#include "scanner/content/reach.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/content/names.h"
#include "scanner/content/path.h"
#include "scanner/content/reach_asked.h"
#include "scanner/content/reach_gate.h"
#include "scanner/content/reach_pattern.h"
#include "scanner/source/imports.h"

enum { SHORT_NAME = 4 }; /* shorter ones are words, not files */

struct target {
    char *own; /* path and site */
    struct ch_str path;
    struct ch_str site;
    unsigned how;
    bool quiet;
    bool script;   /* Python source among data */
    bool module;   /* imported anyway */
    bool at_start; /* reach_next_start gives it, or gave it */
    struct target *next_start;
    bool judged;
    bool waits; /* is on the list */
    struct target
        *carrier; /* the archive that has it, which is judged again in its place; NULL: none */
    struct target *same_module;
    struct target *same_base;
    struct target *next;         /* of the list */
    struct reach_word *words[2]; /* without one of which no source names it; NULL: none */
};

struct reach {
    struct target **targets;
    size_t count;
    size_t cap;
    struct ch_map *by_path;
    struct ch_map *by_module;  /* "a/tests/b" */
    struct ch_map *by_base;    /* "b.py" */
    struct names folders;      /* of tests: "a/tests" */
    struct names folder_names; /* "tests" */
    struct names whole;        /* of them, those of which all is reached; a '*' before: at start */
    struct target *first;
    struct target *last;
    struct target *first_start;
    struct reach_gate gate;
    struct reach_asked asked;
};

struct reach *reach_new(void)
{
    struct reach *r = ch_calloc(1, sizeof(*r));
    r->by_path = ch_map_new();
    r->by_module = ch_map_new();
    r->by_base = ch_map_new();
    reach_gate_init(&r->gate);
    return r;
}

void reach_free(struct reach *r)
{
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        free(r->targets[i]->own);
        free(r->targets[i]);
    }
    free(r->targets);
    ch_map_free(r->by_path);
    ch_map_free(r->by_module);
    ch_map_free(r->by_base);
    names_done(&r->folders);
    names_done(&r->folder_names);
    names_done(&r->whole);
    reach_gate_done(&r->gate);
    reach_asked_done(&r->asked);
    free(r);
}

/* --- what may be reached --- */

static void chain(struct ch_map *map, struct ch_str key, struct target *t, struct target **next)
{
    *next = ch_map_get(map, key);
    CH_IGNORE(ch_map_set(map, key, t));
}

/* The folder of tests in which it lies, and all within that, so that they can be found by name.
 * Returns the word without which no source can import from there. */
static struct ch_str add_folders(struct reach *r, struct ch_str site)
{
    struct ch_str folder = path_folder(site);
    struct ch_str part = path_test_part(site);
    struct ch_str last = part;
    size_t end = part.ptr != NULL ? (size_t)(part.ptr - site.ptr) + part.len : 0;
    if (part.ptr == NULL) { /* by the kind of archive, not by name */
        struct ch_str rest = folder;
        bool named = path_has_extension(site, "py") &&
                     (ch_str_starts(path_base(site), CH_STR("test_")) || folder.len == 0 ||
                      ch_str_eq(path_base(site), CH_STR("conftest.py")));
        if (named || !ch_str_split(&rest, '/', &last)) {
            return path_stem(path_base(site));
        }
        end = last.len;
    }
    for (; end < folder.len; end++) {
        if (site.ptr[end] == '/') {
            struct ch_str one = ch_str_sub(site, 0, end);
            CH_IGNORE(names_add(&r->folders, one));
            CH_IGNORE(names_add(&r->folder_names, path_base(one)));
        }
    }
    while (part.ptr != NULL) { /* the innermost, which fewest name */
        size_t after = (size_t)(part.ptr - site.ptr) + part.len + 1;
        last = part;
        part = path_test_part(ch_str_sub(site, after, site.len));
    }
    return last;
}

void reach_add(struct reach *r, struct ch_str path, struct ch_str site, enum reach_kind kind)
{
    struct ch_buf b;
    if (path.len == 0 || ch_map_get(r->by_path, path) != NULL) {
        return;
    }
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 64 : 2 * r->cap;
        r->targets = ch_realloc_array(r->targets, r->cap, sizeof(r->targets[0]));
    }
    struct target *t = ch_calloc(1, sizeof(*t));
    ch_buf_init(&b, path.len + site.len + 1);
    ch_buf_puts(&b, path);
    ch_buf_puts(&b, site);
    CH_ASSERT(!b.failed);
    t->own = b.ptr;
    t->path = (struct ch_str){t->own, path.len};
    t->site = (struct ch_str){t->own + path.len, site.len};
    t->quiet = kind == REACH_TEXT || kind == REACH_SCRIPT;
    t->script = kind == REACH_SCRIPT;
    t->module = kind == REACH_MODULE;
    r->targets[r->count++] = t;
    CH_IGNORE(ch_map_set(r->by_path, t->path, t));
    struct ch_str base = path_base(t->site);
    chain(r->by_base, base, t, &t->same_base);
    ch_buf_init(&b, site.len + 1);
    if (reach_module_key(t->site, &b)) {
        chain(r->by_module, ch_buf_str(&b), t, &t->same_module);
    }
    ch_buf_done(&b);
    if (kind == REACH_TESTS) {
        t->words[0] = reach_gate_add(&r->gate, add_folders(r, t->site));
    }
    if (t->script) {
        t->words[0] = reach_gate_add(&r->gate, path_stem(base));
    }
    /* Python among tests is named with its folder */
    bool named = kind == REACH_DATA || (kind == REACH_TESTS && !path_has_extension(base, "py"));
    if (named && base.len >= SHORT_NAME) {
        t->words[1] = reach_gate_add(&r->gate, base);
    }
}

bool reach_add_inside(struct reach *r, struct ch_str path, struct ch_str site,
                      struct ch_str archive)
{
    struct target *carrier = ch_map_get(r->by_path, archive);
    if (carrier != NULL && ch_map_get(r->by_path, path) == NULL) {
        reach_add(r, path, site, REACH_TESTS);
        r->targets[r->count - 1]->carrier = carrier;
    }
    return carrier != NULL;
}

/* --- what is reached --- */

static void wait(struct reach *r, struct target *t)
{
    if (t->judged && t->carrier != NULL) {
        t = t->carrier;
    }
    if (!t->judged || t->waits) {
        return;
    }
    t->waits = true;
    if (r->last != NULL) {
        r->last->next = t;
    } else {
        r->first = t;
    }
    r->last = t;
}

static void mark(struct reach *r, struct target *t, unsigned how)
{
    unsigned before = t->how;
    if (t->module && (how & REACH_START) == 0) {
        return;
    }
    t->how |= how | REACH_NAMED;
    for (size_t i = 0; before == 0 && i < CH_ARRAY_LEN(t->words); i++) {
        if (t->words[i] != NULL) {
            t->words[i]->left--;
        }
    }
    if (t->how != before) {
        wait(r, t);
    }
    if ((t->how & REACH_START) != 0 && !t->at_start) {
        t->at_start = true;
        t->next_start = r->first_start;
        r->first_start = t;
    }
}

bool reach_next_start(struct reach *r, struct ch_str *ret_path)
{
    struct target *t = r->first_start;
    if (t != NULL) {
        r->first_start = t->next_start;
        *ret_path = t->path;
    }
    return t != NULL;
}

void reach_start_again(struct reach *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct target *t = r->targets[i];
        if (t->at_start && path_has_extension(t->site, "py")) {
            wait(r, t);
        }
    }
}

unsigned reach_of(const struct reach *r, struct ch_str path)
{
    const struct target *t = ch_map_get(r->by_path, path);
    return t != NULL ? t->how : 0;
}

bool reach_judged(struct reach *r, struct ch_str path)
{
    struct target *t = ch_map_get(r->by_path, path);
    bool before = t != NULL && t->judged;
    if (t != NULL) {
        t->judged = true;
    }
    return before;
}

bool reach_next(struct reach *r, struct ch_str *ret_path)
{
    struct target *t = r->first;
    if (t == NULL) {
        return false;
    }
    r->first = t->next;
    r->last = r->first == NULL ? NULL : r->last;
    t->next = NULL;
    t->waits = false;
    *ret_path = t->path;
    return true;
}

/* All that lies directly or deeper in a folder of tests. */
static void mark_folder(struct reach *r, struct ch_str folder, unsigned how)
{
    struct ch_buf key;
    ch_buf_init(&key, folder.len + 2);
    ch_buf_puts(&key, (how & REACH_START) != 0 ? CH_STR("*") : CH_STR(""));
    ch_buf_puts(&key, folder);
    bool fresh = names_add(&r->whole, ch_buf_str(&key));
    ch_buf_done(&key);
    for (size_t i = 0; fresh && i < r->count; i++) {
        struct target *t = r->targets[i];
        if (!t->quiet && ch_str_starts(t->site, folder) && t->site.len > folder.len &&
            t->site.ptr[folder.len] == '/') {
            mark(r, t, how);
        }
    }
}

/* Importing a.b runs a, then a.b. */
static void mark_module(struct reach *r, struct ch_str dotted, unsigned how)
{
    struct ch_buf key;
    ch_buf_init(&key, dotted.len + 1);
    for (size_t at = 0; at <= dotted.len; at++) {
        if (at == dotted.len || dotted.ptr[at] == '.') {
            struct target *t = ch_map_get(r->by_module, ch_buf_str(&key));
            for (; t != NULL; t = t->same_module) {
                mark(r, t, how);
            }
        }
        if (at < dotted.len) {
            ch_buf_putc(&key, dotted.ptr[at] == '.' ? '/' : dotted.ptr[at]);
        }
    }
    ch_buf_done(&key);
}

/* --- texts --- */

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
            mark(n->r, t, n->how);
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
        mark_folder(n->r, below, n->how);
    } else if (names_has(&n->r->folders, absolute)) {
        mark_folder(n->r, absolute, n->how);
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
        mark_module(n->r, text, n->how);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, n->folder.len + text.len + 1);
    if (ch_imports_base(n->folder, dots, &b)) {
        ch_buf_puts(&b, ch_str_sub(text, dots, text.len));
        mark_module(n->r, ch_buf_str(&b), n->how);
    }
    ch_buf_done(&b);
}

static void on_module(void *arg, struct ch_str dotted)
{
    struct naming *n = arg;
    size_t dot;
    mark_module(n->r, dotted, n->how);
    if (!ch_str_find_char(dotted, '.', &dot)) {
        CH_IGNORE(names_add(&n->modules, dotted));
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
            if (names_has(&n->r->folders, ch_buf_str(&b))) {
                mark_folder(n->r, ch_buf_str(&b), n->how);
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
                mark(n->r, t, n->how);
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

bool reach_over(const struct reach *r)
{
    return r->folders.over || r->folder_names.over || r->whole.over;
}

void reach_path(struct reach *r, struct ch_str path, unsigned how)
{
    struct target *t = ch_map_get(r->by_path, path);
    if (t != NULL) {
        mark(r, t, how);
    }
}

void reach_object(struct reach *r, struct ch_str reference)
{
    struct ch_str module;
    if (ch_str_split(&reference, ':', &module)) {
        mark_module(r, ch_str_trim(module), 0);
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
        mark_folder(r, folder, REACH_START);
    }
}

void reach_started(struct reach *r, struct ch_str site, struct ch_str name, unsigned how)
{
    struct naming n = {.r = r, .folder = path_folder(site), .how = how, .started = true};
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
            mark(r, t, how);
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
            mark(r, t, how);
        }
    }
}
