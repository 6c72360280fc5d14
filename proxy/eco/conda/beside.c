/* run_exports.json and channeldata.json: what the upstream's say of what is shown here.
 *
 * Nothing is said of a file, or of a version or a package, that our repodata does not list; of one
 * that is listed as held it is said, as its record is there, too. */
#include "proxy/eco/conda/conda_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"

/* --- where they lie --- */

static enum ch_code run_exports_url(struct ch_str base, struct ch_str page, unsigned form,
                                    struct ch_buf *url)
{
    static const char *const forms[] = {"run_exports.json.zst", "run_exports.json"};
    if (form >= CH_ARRAY_LEN(forms)) {
        return CH_E_NOT_FOUND;
    }
    ch_buf_printf(url, "%.*s/%.*s/%s", CH_STR_ARG(base), CH_STR_ARG(page), forms[form]);
    return ch_buf_ok(url, NULL);
}

static enum ch_code channeldata_url(struct ch_str base, struct ch_str page, unsigned form,
                                    struct ch_buf *url)
{
    (void)page;
    if (form > 0) {
        return CH_E_NOT_FOUND;
    }
    ch_buf_printf(url, "%.*s/channeldata.json", CH_STR_ARG(base));
    return ch_buf_ok(url, NULL);
}

/* --- run exports of a subdir --- */

static const struct ch_index_entry *find(const struct ch_index_entry *entries, size_t count,
                                         struct ch_str name)
{
    const struct ch_index_entry wanted = {.name = name};
    size_t from = 0, to = count;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        int order = ch_index_entry_cmp(&entries[at], &wanted);
        if (order == 0) {
            return &entries[at];
        }
        from = order < 0 ? at + 1 : from;
        to = order < 0 ? to : at;
    }
    return NULL;
}

static void put_group(const struct ch_page *page, const char *file_type,
                      const struct ch_index_entry *entries, size_t count, struct ch_buf *out)
{
    const char *between = "";
    for (size_t i = 0; i < page->file_count; i++) {
        const struct ch_page_file *f = &page->files[i];
        const struct ch_index_entry *e;
        const char *type;
        if (ch_conda_is_shown(f, &type) && type == file_type &&
            (e = find(entries, count, f->file_name)) != NULL) {
            ch_buf_puts(out, ch_str_of(between));
            ch_buf_put_json(out, f->file_name);
            ch_buf_putc(out, ':');
            ch_buf_puts(out, e->record);
            between = ",";
        }
    }
}

static enum ch_code render_run_exports(const struct ch_page *pages, size_t page_count,
                                       const struct ch_index_entry *entries, size_t entry_count,
                                       struct ch_buf *out, struct ch_err *err)
{
    const char *const *types = ch_ecosystem_conda.file_types;
    CH_ASSERT(page_count == 1);
    ch_buf_puts(out, CH_STR("{\"info\":{\"subdir\":"));
    ch_buf_put_json(out, pages->project);
    ch_buf_puts(out, CH_STR(",\"version\":1},\"packages\":{"));
    put_group(pages, types[1], entries, entry_count, out);
    ch_buf_puts(out, CH_STR("},\"packages.conda\":{"));
    put_group(pages, types[0], entries, entry_count, out);
    ch_buf_puts(out, CH_STR("}}\n"));
    return ch_buf_ok(out, err);
}

const struct ch_beside ch_conda_run_exports = {
    .profile = "run-exports",
    .url = run_exports_url,
    .render = render_run_exports,
};

/* --- packages of a channel --- */

struct package { /* what is shown of it in a subdir */
    struct ch_str
        version; /* as it is spelled in records; the newest that can be had, else that is there */
    bool can_be_had;
};

struct shown {
    struct ch_map **packages; /* per page: project -> struct package */
    struct ch_map *versions;  /* project, NUL, version -> anything: of all pages */
    const struct ch_page *pages;
    size_t count;
};

/* What is between the quotes of a string that needs no escape; else absent. */
static struct ch_str unquoted(struct ch_str spelled)
{
    return spelled.len > 2 && spelled.ptr[0] == '"' && !ch_str_find_char(spelled, '\\', NULL)
               ? ch_str_sub(spelled, 1, spelled.len - 2)
               : (struct ch_str){NULL, 0};
}

static struct ch_str version_key(struct ch_buf *key, struct ch_str project, struct ch_str version)
{
    ch_buf_clear(key);
    ch_buf_puts(key, project);
    ch_buf_putc(key, '\0');
    ch_buf_puts(key, version);
    return ch_buf_str(key);
}

static bool is_better(const struct package *than, bool can_be_had, struct ch_str version)
{
    return can_be_had != than->can_be_had
               ? can_be_had
               : ch_ecosystem_conda.compare_versions(version, than->version) > 0;
}

static void note_file(struct shown *s, size_t page, const struct ch_page_file *f,
                      struct ch_buf *key)
{
    const char *type;
    struct ch_str spelled;
    if (!ch_conda_is_shown(f, &type) ||
        !ch_index_record_value(f->record, CH_STR("version"), &spelled)) {
        return;
    }
    struct ch_str version = unquoted(spelled);
    bool can_be_had = f->listing == CH_LIST_PLAIN;
    struct package *p = ch_map_get(s->packages[page], f->project);
    if (p == NULL) {
        p = ch_calloc(1, sizeof(*p));
        *p = (struct package){version, can_be_had};
        ch_map_set(s->packages[page], f->project, p);
    } else if (is_better(p, can_be_had, version)) {
        *p = (struct package){version, can_be_had};
    }
    ch_map_set(s->versions, version_key(key, f->project, version), s);
}

static void note_all(struct shown *s, const struct ch_page *pages, size_t count)
{
    struct ch_buf key;
    ch_buf_init(&key, (size_t)(ch_limits.project_name_bytes + ch_limits.record_bytes + 1));
    *s = (struct shown){.pages = pages, .count = count, .versions = ch_map_new()};
    s->packages = ch_calloc(count + 1, sizeof(*s->packages));
    for (size_t i = 0; i < count; i++) {
        s->packages[i] = ch_map_new();
        for (size_t f = 0; f < pages[i].file_count; f++) {
            note_file(s, i, &pages[i].files[f], &key);
        }
    }
    ch_buf_done(&key);
}

static void forget_all(struct shown *s)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t cursor = 0;
        void *value;
        while (ch_map_next(s->packages[i], &cursor, NULL, &value)) {
            free(value);
        }
        ch_map_free(s->packages[i]);
    }
    free(s->packages);
    ch_map_free(s->versions);
}

/* Its best version of all subdirs. NULL: it is shown in none. */
static const struct package *best_of(const struct shown *s, struct ch_str project)
{
    const struct package *best = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct package *p = ch_map_get(s->packages[i], project);
        if (p != NULL && (best == NULL || is_better(best, p->can_be_had, p->version))) {
            best = p;
        }
    }
    return best;
}

/* The members of what describes it. What is said of a version is said only of the one that is named
 * here; `version` is as it is spelled. */
static void put_described(struct ch_str record, struct ch_str version, struct ch_buf *out)
{
    static const char *const of_version[] = {"source_git_url", "source_url", "timestamp",
                                             "version"}; /* in order of their bytes */
    struct ch_str said = {NULL, 0}, value;
    size_t at = 1; /* behind the brace */
    bool same = ch_index_record_value(record, CH_STR("version"), &said) &&
                ch_str_eq(unquoted(said), version);
    for (size_t i = same ? CH_ARRAY_LEN(of_version) : 0; i < CH_ARRAY_LEN(of_version); i++) {
        struct ch_str key = ch_str_of(of_version[i]);
        if (ch_index_record_value(record, key, &value)) {
            size_t from = (size_t)(value.ptr - record.ptr) - key.len - 3; /* its quotes and colon */
            ch_buf_puts(out, ch_str_sub(record, at, from - at)); /* with the comma before it */
            at = (size_t)(value.ptr + value.len - record.ptr);
            at += record.ptr[at] == ',';
        }
    }
    struct ch_str rest = ch_str_sub(record, at, record.len - 1 - at);
    ch_buf_puts(out, rest);
    if (rest.len > 0) {
        ch_buf_putc(out, ',');
    }
    if (!same) {
        ch_buf_puts(out, CH_STR("\"version\":"));
        ch_buf_put_json(out, version);
        ch_buf_putc(out, ',');
    }
}

/* `parts`: what it says of its versions, behind its entry. */
static void put_package(const struct shown *s, const struct ch_index_entry *e, size_t parts,
                        const struct package *best, struct ch_buf *key, struct ch_buf *out)
{
    const char *between = "";
    ch_buf_put_json(out, e->name);
    ch_buf_puts(out, CH_STR(":{"));
    put_described(e->record, best->version, out);
    ch_buf_puts(out, CH_STR("\"run_exports\":{"));
    for (size_t i = 1; i <= parts; i++) {
        if (ch_map_get(s->versions, version_key(key, e->name, e[i].part)) != NULL) {
            ch_buf_puts(out, ch_str_of(between));
            ch_buf_put_json(out, e[i].part);
            ch_buf_putc(out, ':');
            ch_buf_puts(out, e[i].record);
            between = ",";
        }
    }
    ch_buf_puts(out, CH_STR("},\"subdirs\":["));
    between = "";
    for (size_t i = 0; i < s->count; i++) {
        if (ch_map_get(s->packages[i], e->name) != NULL) {
            ch_buf_puts(out, ch_str_of(between));
            ch_buf_put_json(out, s->pages[i].project);
            between = ",";
        }
    }
    ch_buf_puts(out, CH_STR("]}"));
}

static enum ch_code render_channeldata(const struct ch_page *pages, size_t page_count,
                                       const struct ch_index_entry *entries, size_t entry_count,
                                       struct ch_buf *out, struct ch_err *err)
{
    struct shown shown;
    struct ch_buf key;
    const char *between = "";
    note_all(&shown, pages, page_count);
    ch_buf_init(&key, 4096);
    ch_buf_puts(out, CH_STR("{\"channeldata_version\":1,\"packages\":{"));
    for (size_t i = 0, next; i < entry_count; i = next) {
        next = i + 1;
        while (next < entry_count && ch_str_eq(entries[next].name, entries[i].name)) {
            next++;
        }
        const struct package *best = best_of(&shown, entries[i].name);
        if (best != NULL && entries[i].part.len == 0) {
            ch_buf_puts(out, ch_str_of(between));
            put_package(&shown, &entries[i], next - i - 1, best, &key, out);
            between = ",";
        }
    }
    ch_buf_puts(out, CH_STR("},\"subdirs\":["));
    for (size_t i = 0; i < page_count; i++) {
        ch_buf_puts(out, ch_str_of(i > 0 ? "," : ""));
        ch_buf_put_json(out, pages[i].project);
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    ch_buf_done(&key);
    forget_all(&shown);
    return ch_buf_ok(out, err);
}

const struct ch_beside ch_conda_channeldata = {
    .of_all = true,
    .profile = "channeldata",
    .url = channeldata_url,
    .render = render_channeldata,
};
