/* Which file in a folder of Python packages is of which of them: by RECORD, which installers write;
 * where a distribution left that out, by what its metadata say lies in the folder, or by its name.
 */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/installed.h"
#include "scanner/content/path.h"

#include "scanner/eco/oci/layer/layer_int.h"
#include "scanner/python/record.h"

/* "foo" of "foo/x.py", "foo.py" of itself: within the folder. */
static struct ch_str top_of(struct ch_str below)
{
    struct ch_str rest = below;
    struct ch_str first = {NULL, 0};
    CH_IGNORE(ch_str_split(&rest, '/', &first));
    return first;
}

/* The first that says so has it; what many share is nobody's. */
static void claim_top(struct layer_site *s, struct ch_str top, struct layer_group *g)
{
    if (top.len > 0 && !ch_str_eq(top, CH_STR("..")) && !ch_str_eq(top, CH_STR("__pycache__")) &&
        ch_map_get(s->tops, top) == NULL) {
        CH_IGNORE(ch_map_set(s->tops, top, g));
    }
}

static bool claim_by_record(struct layer *l, struct layer_group *g, struct ch_str dist_info)
{
    struct ch_str member;
    struct ch_str text;
    struct record_row row;
    struct ch_buf own; /* quoted fields are written over it */
    struct ch_buf path;
    if (!layer_dist_info_text(l, dist_info, "RECORD", &member, &text)) {
        return false;
    }
    ch_buf_init(&own, text.len + 1);
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&own, text);
    struct record r = record_open(&own);
    while (record_next(&r, &row) == RECORD_ROW) {
        ch_buf_clear(&path);
        ch_buf_puts(&path, (struct ch_str){g->site->folder, g->site->folder_len});
        ch_buf_puts(&path, row.path);
        struct ch_str key = ch_buf_str(&path);
        if (!path.failed && ch_map_get(l->by_path, key) != NULL &&
            ch_map_get(l->records, key) == NULL) {
            CH_IGNORE(ch_map_set(l->records, key, g));
        }
        claim_top(g->site, top_of(row.path), g);
    }
    ch_buf_done(&path);
    ch_buf_done(&own);
    return true;
}

/* setuptools' top_level.txt: a name a line, of folders and modules. */
static bool claim_by_list(struct layer *l, struct layer_group *g, struct ch_str dist_info)
{
    struct ch_str member;
    struct ch_str rest;
    struct ch_str line;
    struct ch_buf module;
    if (!layer_dist_info_text(l, dist_info, "top_level.txt", &member, &rest)) {
        return false;
    }
    ch_buf_init(&module, ch_limits.member_path_bytes);
    while (rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        line = ch_str_trim(line);
        ch_buf_clear(&module);
        ch_buf_puts(&module, line);
        ch_buf_puts(&module, CH_STR(".py"));
        claim_top(g->site, line, g);
        claim_top(g->site, ch_buf_str(&module), g);
    }
    ch_buf_done(&module);
    return true;
}

/* "foo_bar" of "foo_bar-1.0.dist-info". */
static void claim_by_name(struct layer_group *g)
{
    struct ch_buf module;
    ch_buf_init(&module, ch_limits.member_path_bytes);
    ch_buf_puts(&module, ch_str_of(g->project));
    claim_top(g->site, ch_buf_str(&module), g);
    ch_buf_puts(&module, CH_STR(".py"));
    claim_top(g->site, ch_buf_str(&module), g);
    ch_buf_done(&module);
}

static struct ch_str project_of(struct ch_str dist_info)
{
    struct ch_str rest = path_base(dist_info);
    struct ch_str name = {NULL, 0};
    CH_IGNORE(ch_str_split(&rest, '-', &name));
    return name;
}

void layer_make_groups(struct layer *l, struct layer_site *s)
{
    size_t count = s->dist_infos.count;
    s->groups = ch_calloc(count + 1, sizeof(s->groups[0]));
    s->tops = ch_map_new();
    for (size_t i = 0; i <= count; i++) {
        struct layer_group *g = &s->groups[i];
        struct ch_str dist_info =
            i < count ? names_at(&s->dist_infos, i) : (struct ch_str){NULL, 0};
        g->site = s;
        g->project = ch_str_dup(project_of(dist_info));
        g->job = l->content_job;
        g->job.project = ch_str_of(g->project);
        if (i < count) {
            claim_top(s, ch_str_sub(dist_info, s->folder_len, dist_info.len), g);
        }
    }
    /* all that RECORD says before what is only guessed */
    bool *guess = ch_calloc(count + 1, sizeof(guess[0]));
    for (size_t i = 0; i < count; i++) {
        guess[i] = !claim_by_record(l, &s->groups[i], names_at(&s->dist_infos, i));
    }
    for (size_t i = 0; i < count; i++) {
        if (guess[i] && !claim_by_list(l, &s->groups[i], names_at(&s->dist_infos, i))) {
            claim_by_name(&s->groups[i]);
        }
    }
    free(guess);
}

/* Compiled Python is made where it is installed, and is in no list:
 * "a/__pycache__/x.cpython-311.pyc" is of whom "a/x.py" is of. */
static bool source_is_owned(const struct layer *l, struct ch_str path)
{
    const struct ch_str cache = CH_STR("__pycache__/");
    struct ch_str folder = path_folder(path);
    if (!path_has_extension(path, "pyc") || !ch_str_ends(folder, cache)) {
        return layer_is_owned(l, path);
    }
    struct ch_buf source;
    ch_buf_init(&source, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&source, ch_str_sub(folder, 0, folder.len - cache.len));
    ch_buf_puts(&source, path_stem(path_base(path)));
    ch_buf_puts(&source, CH_STR(".py"));
    bool owned = !source.failed && layer_is_owned(l, ch_buf_str(&source));
    ch_buf_done(&source);
    return owned;
}

struct layer_group *layer_group_of(const struct layer *l, struct layer_site *s, struct ch_str path)
{
    struct ch_str below = ch_str_sub(path, s->folder_len, path.len);
    struct layer_group *g = ch_map_get(l->records, path);
    if (g != NULL && g->site == s) {
        return g;
    }
    g = ch_map_get(s->tops, top_of(below));
    if (g != NULL) {
        return g;
    }
    bool start =
        ch_installed_place((struct ch_installed){CH_INSTALLED_SITE, below}) == CH_PLACE_START;
    /* Of a distribution's package that has no .dist-info. */
    bool others = s->starts && !source_is_owned(l, path);
    return start || others ? &s->groups[s->dist_infos.count] : NULL;
}

void layer_groups_done(struct layer_site *s)
{
    for (size_t i = 0; s->groups != NULL && i <= s->dist_infos.count; i++) {
        ch_content_free(s->groups[i].content);
        free(s->groups[i].project);
    }
    free(s->groups);
    ch_map_free(s->tops);
}
