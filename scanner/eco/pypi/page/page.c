#include "scanner/eco/pypi/page/page.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/url.h"

/* --- dispatch --- */

static enum ch_code by_profile(ch_page_parse_fn *json, ch_page_parse_fn *html,
                               const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    if (ch_str_eq(job->profile, CH_STR("page-json"))) {
        return json(job, in, out, err);
    }
    if (ch_str_eq(job->profile, CH_STR("page-html"))) {
        return html(job, in, out, err);
    }
    return ch_fail(err, CH_E_UNSUPPORTED, "pypi: no parser for pages of profile \"%.*s\"",
                   CH_STR_ARG(job->profile));
}

/* Without a base, every relative link would be left out and the page would seem empty: files that
 * vanish from a page are taken for removed (T5), so this is no answer. */
static enum ch_code check_base(const struct ch_scan_job *job, struct ch_err *err)
{
    if (!ch_index_url_ok(job->base_url)) {
        return ch_fail(err, CH_E_USAGE, "page: the job names no http or https address of the page");
    }
    return CH_OK;
}

static enum ch_code check_size(const struct ch_input *in, uint64_t max, struct ch_err *err)
{
    if (in->len > max) {
        return ch_fail(err, CH_E_LIMIT, "page: %zu bytes, at most %llu", in->len,
                       (unsigned long long)max);
    }
    return CH_OK;
}

enum ch_code ch_page_parse(const struct ch_scan_job *job, const struct ch_input *in,
                           struct ch_scan_writer *out, struct ch_err *err)
{
    enum ch_code rc = check_size(in, ch_limits.page_bytes, err);
    if (rc == CH_OK) {
        rc = check_base(job, err);
    }
    return rc != CH_OK ? rc : by_profile(ch_page_parse_json, ch_page_parse_html, job, in, out, err);
}

/* --- the draft --- */

void ch_page_draft_init(struct ch_page_draft *d, const struct ch_scan_job *job,
                        struct ch_scan_writer *out)
{
    *d = (struct ch_page_draft){.job = job, .out = out};
}

void ch_page_draft_done(struct ch_page_draft *d)
{
    for (size_t i = 0; i < d->kept_count; i++) {
        free(d->kept[i]);
    }
    free(d->kept);
    free(d->files);
    free(d->skipped);
    *d = (struct ch_page_draft){0};
}

/* Room for one more item in an array that doubles. */
static void *grow(void *items, size_t count, size_t *cap, size_t item_bytes)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 64 : *cap * 2;
    return ch_realloc_array(items, *cap, item_bytes);
}

struct ch_str ch_page_keep(struct ch_page_draft *d, struct ch_str s)
{
    if (s.len == 0) {
        return (struct ch_str){NULL, 0};
    }
    char *copy = ch_str_dup(s);
    d->kept = grow(d->kept, d->kept_count, &d->kept_cap, sizeof(*d->kept));
    d->kept[d->kept_count++] = copy;
    return (struct ch_str){copy, s.len};
}

void ch_page_skip(struct ch_page_draft *d, struct ch_str what, const char *field)
{
    d->skipped = grow(d->skipped, d->skipped_count, &d->skipped_cap, sizeof(*d->skipped));
    d->skipped[d->skipped_count++] =
        (struct ch_page_skipped){.what = ch_page_keep(d, ch_page_clip(what)), .field = field};
}

enum ch_code ch_page_set_project(struct ch_page_draft *d, struct ch_str name, struct ch_err *err)
{
    if (!ch_pypi_name_valid(name)) {
        return ch_fail(err, CH_E_FORMAT, "name: expected a project name (PEP 508)");
    }
    if (d->job->project.len > 0 && !ch_pypi_name_eq(name, d->job->project)) {
        return ch_fail(err, CH_E_MISMATCH, "name: the page is about \"%.*s\", asked for \"%.*s\"",
                       CH_STR_ARG(name), CH_STR_ARG(d->job->project));
    }
    d->head.project = ch_page_keep(d, name);
    return CH_OK;
}

enum ch_code ch_page_add(struct ch_page_draft *d, struct ch_str file_name, struct ch_str base,
                         struct ch_str href, struct ch_index_file **ret, struct ch_err *err)
{
    *ret = NULL;
    if (d->count + d->skipped_count >= ch_limits.page_files) {
        return ch_fail(err, CH_E_LIMIT, "page: more than %llu files",
                       (unsigned long long)ch_limits.page_files);
    }
    struct ch_buf url;
    ch_buf_init(&url, ch_limits.url_bytes);
    bool named = ch_index_file_name_ok(file_name);
    if (!named || ch_url_resolve(base, href, &url, NULL) != CH_OK ||
        !ch_index_url_ok(ch_buf_str(&url))) {
        ch_page_skip(d, file_name.len > 0 ? file_name : href, named ? "url" : "filename");
    } else {
        d->files = grow(d->files, d->count, &d->cap, sizeof(*d->files));
        d->files[d->count] = (struct ch_index_file){
            .file_name = ch_page_keep(d, file_name),
            .url = ch_page_keep(d, ch_buf_str(&url)),
            .size_bytes = CH_SIZE_UNKNOWN,
            .uploaded_at_us = CH_TIME_UNKNOWN,
        };
        *ret = &d->files[d->count++];
    }
    ch_buf_done(&url);
    return CH_OK;
}

bool ch_page_hash(struct ch_str name, struct ch_str hex, struct ch_sha256 *sha256,
                  struct ch_alias *alias)
{
    if (ch_str_eq(name, CH_STR("sha256"))) {
        struct ch_sha256 before = *sha256;
        return ch_sha256_from_any_hex(hex, sha256) && !ch_sha256_is_zero(sha256) &&
               (ch_sha256_is_zero(&before) || ch_sha256_eq(&before, sha256));
    }
    enum ch_hash_kind kind = ch_hash_kind_of(name);
    struct ch_alias found;
    if (kind == CH_HASH_NONE) {
        return true;
    }
    if (!ch_alias_from_hex(kind, hex, &found) ||
        (kind == alias->kind && !ch_alias_eq(&found, alias))) {
        return false;
    }
    if (kind > alias->kind) {
        *alias = found;
    }
    return true;
}

enum ch_sidecar ch_page_sidecar(const struct ch_sha256 *sha256, const struct ch_alias *alias)
{
    if (!ch_sha256_is_zero(sha256)) {
        return CH_SIDECAR_HASHED;
    }
    return alias->kind == CH_HASH_NONE ? CH_SIDECAR_YES : CH_SIDECAR_NONE;
}

struct ch_str ch_page_clip(struct ch_str s)
{
    if (s.len > ch_limits.text_bytes) {
        s.len = (size_t)ch_limits.text_bytes;
        while (s.len > 0 && ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80) {
            s.len--;
        }
    }
    return s;
}

bool ch_page_status(struct ch_str s, enum ch_project_status *ret)
{
    static const struct {
        struct ch_str name;
        enum ch_project_status status;
    } rows[] = {{{"active", 6}, CH_STATUS_ACTIVE},
                {{"archived", 8}, CH_STATUS_ARCHIVED},
                {{"quarantined", 11}, CH_STATUS_QUARANTINED},
                {{"deprecated", 10}, CH_STATUS_DEPRECATED}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(s, rows[i].name)) {
            *ret = rows[i].status;
            return true;
        }
    }
    return false;
}

/* PEP 629: "clients MUST fail hard for a major version greater than what they support" */
enum ch_code ch_page_check_version(struct ch_str api_version, struct ch_err *err)
{
    struct ch_str minor = api_version;
    struct ch_str major;
    uint64_t major_number;
    uint64_t minor_number;
    if (!ch_str_split(&minor, '.', &major) || !ch_str_u64(major, &major_number) ||
        !ch_str_u64(minor, &minor_number)) {
        return ch_fail(err, CH_E_FORMAT, "expected \"1.N\"");
    }
    if (major_number != 1) {
        return ch_fail(err, CH_E_UNSUPPORTED, "expected major version 1, found %llu",
                       (unsigned long long)major_number);
    }
    return CH_OK;
}

/* --- finishing --- */

static int by_name(const void *a, const void *b)
{
    const struct ch_index_file *x = *(const struct ch_index_file *const *)a;
    const struct ch_index_file *y = *(const struct ch_index_file *const *)b;
    int c = ch_str_cmp(x->file_name, y->file_name);
    return c != 0 ? c : x < y ? -1 : x > y; /* page order among equals */
}

/* The same file said twice: which of the two a client would take differs, so they must agree. */
static bool same_content(const struct ch_index_file *a, const struct ch_index_file *b)
{
    return ch_sha256_eq(&a->sha256, &b->sha256) && ch_alias_eq(&a->alias, &b->alias) &&
           (!ch_sha256_is_zero(&a->sha256) || ch_str_eq(a->url, b->url)) &&
           a->size_bytes == b->size_bytes && a->yanked == b->yanked &&
           ch_str_eq(a->requires_python, b->requires_python);
}

/* Empties the file name of repetitions. */
static enum ch_code drop_repetitions(struct ch_page_draft *d, struct ch_err *err)
{
    const struct ch_index_file **sorted = ch_calloc(d->count, sizeof(struct ch_index_file *));
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < d->count; i++) {
        sorted[i] = &d->files[i];
    }
    qsort(sorted, d->count, sizeof(struct ch_index_file *), by_name);
    size_t first = 0;
    for (size_t i = 1; i < d->count; i++) {
        if (!ch_str_eq(sorted[i]->file_name, sorted[first]->file_name)) {
            first = i;
        } else if (!same_content(sorted[i], sorted[first])) {
            rc = ch_fail(err, CH_E_MISMATCH,
                         "page: lists %.*s twice, with different hash, size or terms",
                         CH_STR_ARG(sorted[i]->file_name));
            break;
        } else {
            d->files[sorted[i] - d->files].file_name.len = 0; /* the first of a run stays */
        }
    }
    free(sorted);
    return rc;
}

/* A version specifier is printable ASCII (PEP 440). Of a file with other bytes there nobody can say
 * who may install it, and the bytes must not get into our pages: it is left out, and said. So is
 * one with a number beyond 64 bits: CPython reads 4300 digits at most, and pip then fails for all
 * files of the project. Any other text that is no specifier is passed on: pip takes such a file, uv
 * leaves it. */
static bool terms_readable(struct ch_str requires_python)
{
    enum { DIGITS_MAX = 18 };
    size_t digits = 0;
    for (size_t i = 0; i < requires_python.len; i++) {
        char c = requires_python.ptr[i];
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (c < ' ' || c > '~' || digits > DIGITS_MAX) {
            return false;
        }
    }
    return true;
}

static void skip_unreadable(struct ch_page_draft *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct ch_index_file *f = &d->files[i];
        if (f->file_name.len > 0 && !terms_readable(f->requires_python)) {
            ch_page_skip(d, f->file_name, "requires-python");
            f->file_name.len = 0;
        }
    }
}

enum ch_code ch_page_finish(struct ch_page_draft *d, struct ch_err *err)
{
    enum ch_code rc = drop_repetitions(d, err);
    if (rc != CH_OK) {
        return rc;
    }
    skip_unreadable(d);
    for (size_t i = 0; i < d->count; i++) {
        d->head.states_times |= d->files[i].uploaded_at_us != CH_TIME_UNKNOWN;
    }
    ch_scan_write_index_head(d->out, &d->head);
    for (size_t i = 0; i < d->count; i++) {
        if (d->files[i].file_name.len > 0) {
            ch_scan_write_index_file(d->out, &d->files[i]);
        }
    }
    for (size_t i = 0; i < d->skipped_count; i++) {
        ch_scan_write_fact(d->out, CH_STR("skipped"), d->skipped[i].what);
        ch_scan_write_fact(d->out, CH_STR("skipped-for"), ch_str_of(d->skipped[i].field));
    }
    return ch_scan_writer_ok(d->out, err);
}
