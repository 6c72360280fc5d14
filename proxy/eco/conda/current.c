/* current_repodata.json: of each name the newest version that can be had, and what these need
 * beside it. Classic conda solves with it first, and with repodata.json where that fails; so what
 * is held is left out here, and explained there.
 *
 * As conda-index makes it (its module current_repodata), but that what is added for a need has its
 * own needs looked up, too. Where it would keep a version that only a feature asks for, the one
 * before is there beside it, as with that. */
#include "proxy/eco/conda/conda_int.h"

#include "base/conda/match_spec.h"
#include "base/conda/version.h"
#include "customhouse/json_text.h"
#include "customhouse/limits.h"
#include "customhouse/map.h"

#include <stdlib.h>

/* Who makes a channel says what its packages need, so what looking for it may cost is bounded: a
 * file that is tried for a need is a step, and for a longer need more. The largest channels take a
 * few for each of their files. */
#define STEPS_LEAST         100000u
#define STEPS_PER_FILE      100u
#define NEED_BYTES_PER_STEP 64u

struct selection {
    const struct ch_page *page;
    uint64_t steps_left; /* 0: it asks for too much */
    uint32_t *order;     /* files that can be had, by project */
    size_t count;
    bool *kept;     /* per file */
    uint32_t *todo; /* files that were kept, and whose needs are to be looked up */
    size_t todo_count;
    struct ch_map *seen; /* needs that are fulfilled, or that nothing fulfils */
};

static const struct ch_page_file *file_at(const struct selection *s, size_t at)
{
    return &s->page->files[s->order[at]];
}

static struct ch_conda_file split_of(const struct ch_page_file *f)
{
    struct ch_conda_file of;
    CH_IGNORE(ch_conda_file_split(f->file_name, &of)); /* what is shown has such a name */
    return of;
}

static int by_project(const void *a, const void *b, void *ctx)
{
    const struct ch_page_file *files = ctx;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = ch_str_cmp(files[x].project, files[y].project);
    return order != 0 ? order : (x > y) - (x < y);
}

/* The files of one project stand from `from` on; where they end. */
static size_t end_of(const struct selection *s, size_t from)
{
    size_t to = from + 1;
    while (to < s->count && ch_str_eq(file_at(s, to)->project, file_at(s, from)->project)) {
        to++;
    }
    return to;
}

/* False: nothing of that name can be had. */
static bool find_project(const struct selection *s, struct ch_str project, size_t *ret_from)
{
    size_t from = 0, to = s->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (ch_str_cmp(file_at(s, middle)->project, project) < 0) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    *ret_from = from;
    return from < s->count && ch_str_eq(file_at(s, from)->project, project);
}

static bool has_features(const struct ch_page_file *f)
{
    struct ch_str value;
    return ch_index_record_value(f->record, CH_STR("track_features"), &value) &&
           !ch_str_eq(value, CH_STR("\"\"")) && !ch_str_eq(value, CH_STR("[]")) &&
           !ch_str_eq(value, CH_STR("null"));
}

typedef bool wanted_fn(const struct ch_page_file *f, const struct ch_match_spec *spec);

static bool any(const struct ch_page_file *f, const struct ch_match_spec *spec)
{
    (void)f;
    (void)spec;
    return true;
}

static bool without_features(const struct ch_page_file *f, const struct ch_match_spec *spec)
{
    (void)spec;
    return !has_features(f);
}

static bool is_matched(const struct ch_page_file *f, const struct ch_match_spec *spec)
{
    struct ch_conda_file of = split_of(f);
    struct ch_str number;
    struct ch_err err;
    bool match = false;
    struct ch_match_record r = {.name = f->project,
                                .version = of.version,
                                .build = of.build,
                                .file_name = f->file_name,
                                .has_build_number = true};
    if (spec->build_number.ptr != NULL &&
        ch_index_record_value(f->record, CH_STR("build_number"), &number)) {
        r.has_build_number = ch_str_u64(number, &r.build_number);
    }
    return ch_match_spec_match(spec, &r, &match, &err) == CH_OK && match;
}

static void keep(struct selection *s, size_t at)
{
    if (!s->kept[s->order[at]]) {
        s->kept[s->order[at]] = true;
        s->todo[s->todo_count++] = s->order[at];
    }
}

/* All builds of the newest version of which one is wanted. */
static void keep_newest(struct selection *s, size_t from, size_t to, wanted_fn *wanted,
                        const struct ch_match_spec *spec)
{
    size_t newest = to;
    for (size_t i = from; i < to; i++) {
        if ((newest == to || ch_conda_version_cmp(split_of(file_at(s, i)).version,
                                                  split_of(file_at(s, newest)).version) > 0) &&
            wanted(file_at(s, i), spec)) {
            newest = i;
        }
    }
    for (size_t i = from; newest < to && i < to; i++) {
        if (ch_conda_version_cmp(split_of(file_at(s, i)).version,
                                 split_of(file_at(s, newest)).version) == 0) {
            keep(s, i);
        }
    }
}

/* --- needs --- */

static void see_to(struct selection *s, struct ch_str need)
{
    struct ch_match_spec spec;
    struct ch_err err;
    size_t from;
    if (ch_map_get(s->seen, need) != NULL) {
        return;
    }
    ch_map_set(s->seen, need, s);
    bool read = ch_match_spec_parse(need, &spec, &err) == CH_OK;
    size_t at = 0;
    while (!read && at < need.len && !ch_str_find_char(CH_STR(" =<>!~[,|"), need.ptr[at], NULL)) {
        at++;
    }
    if (!find_project(s, read ? spec.name : ch_str_sub(need, 0, at), &from)) {
        return;
    }
    size_t to = end_of(s, from);
    uint64_t steps = (to - from) * (1 + need.len / NEED_BYTES_PER_STEP);
    s->steps_left -= steps < s->steps_left ? steps : s->steps_left;
    for (size_t i = from; i < to && s->steps_left > 0; i++) {
        if (!read) {
            keep(s, i); /* nobody knows which of them it means */
        } else if (s->kept[s->order[i]] && is_matched(file_at(s, i), &spec)) {
            return;
        }
    }
    if (read && s->steps_left > 0) {
        keep_newest(s, from, to, is_matched, &spec);
    }
}

static void see_to_all(struct selection *s, struct ch_str record, struct ch_buf *room)
{
    struct ch_str list;
    if (!ch_index_record_list(record, CH_STR("depends"), &list)) {
        return;
    }
    for (size_t at = 0; at < list.len && s->steps_left > 0;) { /* "...","...": strings alone */
        size_t from = ++at;
        bool plain = true;
        for (;;) {
            at += ch_json_plain(ch_str_sub(list, at, list.len));
            if (at >= list.len || list.ptr[at] == '"') {
                break;
            }
            plain = false;
            at += 2;
        }
        struct ch_str need = ch_str_sub(list, from, at < list.len ? at - from : list.len);
        if (!plain) {
            ch_buf_clear(room);
            ch_conda_put_text(room, need);
            need = ch_buf_str(room);
        }
        see_to(s, need);
        at += 2; /* the quote and the comma */
    }
}

/* False: it would take too long. */
static bool select_files(struct selection *s)
{
    struct ch_buf room;
    const char *type;
    for (size_t i = 0; i < s->page->file_count; i++) {
        if (s->page->files[i].listing == CH_LIST_PLAIN &&
            ch_conda_is_shown(&s->page->files[i], &type)) {
            s->order[s->count++] = (uint32_t)i;
        }
    }
    qsort_r(s->order, s->count, sizeof(*s->order), by_project, s->page->files);
    for (size_t from = 0, to; from < s->count; from = to) {
        to = end_of(s, from);
        keep_newest(s, from, to, any, NULL);
        bool featured = true;
        for (size_t i = from; i < to; i++) {
            featured = featured && (!s->kept[s->order[i]] || has_features(file_at(s, i)));
        }
        if (featured) {
            keep_newest(s, from, to, without_features, NULL);
        }
    }
    ch_buf_init(&room, (size_t)ch_limits.record_bytes);
    while (s->todo_count > 0 && s->steps_left > 0) {
        see_to_all(s, s->page->files[s->todo[--s->todo_count]].record, &room);
    }
    ch_buf_done(&room);
    return s->steps_left > 0;
}

enum ch_code ch_conda_render_current(const struct ch_page *page, struct ch_str prefix,
                                     struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    size_t n = page->file_count + 1;
    struct selection s = {.page = page,
                          .steps_left = STEPS_LEAST + STEPS_PER_FILE * page->file_count,
                          .order = ch_calloc(n, sizeof(*s.order)),
                          .kept = ch_calloc(n, sizeof(*s.kept)),
                          .todo = ch_calloc(n, sizeof(*s.todo)),
                          .seen = ch_map_new()};
    /* Else all of it, as repodata.json has it: what a solver does with that comes out the same. */
    const bool *kept = select_files(&s) ? s.kept : NULL;
    enum ch_code rc = ch_conda_render_records(page, kept, out, err);
    ch_map_free(s.seen);
    free(s.todo);
    free(s.kept);
    free(s.order);
    return rc;
}
