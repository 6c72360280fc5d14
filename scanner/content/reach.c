#include "scanner/content/reach_int.h"

#include <stdlib.h>

#include "scanner/content/path.h"
#include "scanner/content/reach_pattern.h"

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

/* A folder of a source archive that makes tests of what lies in it: of documentation, and what no
 * import can name. */
static bool is_aside(struct ch_str part)
{
    static const char *const names[] = {"doc", "docs", "samples", "benchmark"};
    bool is = !reach_is_dotted(part) || ch_str_find_char(part, '.', NULL);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        is = is || ch_str_eq_nocase(part, ch_str_of(names[i]));
    }
    return is;
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
        if (named || path_is_test_module(site) || !ch_str_split(&rest, '/', &last)) {
            return path_stem(path_base(site));
        }
        for (struct ch_str part_of = last; part_of.len > 0;) { /* "a/doc" of "a/doc/conf.py" */
            if (is_aside(part_of)) {
                last = part_of;
                break;
            }
            if (!ch_str_split(&rest, '/', &part_of) || rest.ptr == NULL) {
                break;
            }
        }
        end = (size_t)(last.ptr - site.ptr) + last.len;
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
    t->program = kind == REACH_PROGRAM;
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
    if (t->script || kind == REACH_PROGRAM) {
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

void reach_mark(struct reach *r, struct target *t, unsigned how)
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
void reach_mark_folder(struct reach *r, struct ch_str folder, unsigned how)
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
            reach_mark(r, t, how);
        }
    }
}

/* Importing a.b runs a, then a.b. */
void reach_mark_module(struct reach *r, struct ch_str dotted, unsigned how)
{
    struct ch_buf key;
    ch_buf_init(&key, dotted.len + 1);
    for (size_t at = 0; at <= dotted.len; at++) {
        if (at == dotted.len || dotted.ptr[at] == '.') {
            struct target *t = ch_map_get(r->by_module, ch_buf_str(&key));
            for (; t != NULL; t = t->same_module) {
                reach_mark(r, t, how);
            }
        }
        if (at < dotted.len) {
            ch_buf_putc(&key, dotted.ptr[at] == '.' ? '/' : dotted.ptr[at]);
        }
    }
    ch_buf_done(&key);
}

void reach_path(struct reach *r, struct ch_str path, unsigned how)
{
    struct target *t = ch_map_get(r->by_path, path);
    if (t != NULL) {
        reach_mark(r, t, how);
    }
}

bool reach_over(const struct reach *r)
{
    return r->folders.over || r->folder_names.over || r->whole.over;
}
