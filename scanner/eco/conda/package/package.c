#include "scanner/eco/conda/package/package.h"

#include <stdarg.h>
#include <stdio.h>

#include "scanner/eco/conda/package/package_int.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"
#include "scanner/unpack/zip.h"

static const struct ch_str whole = {NULL, 0};

void conda_report(struct conda_package *p, enum ch_finding_code code, struct ch_str member,
                  const char *fmt, ...)
{
    char text[2 * CH_EVIDENCE_MAX];
    va_list va;
    va_start(va, fmt);
    CH_ASSERT(vsnprintf(text, sizeof(text), fmt, va) >= 0);
    va_end(va);
    ch_scan_write_finding(p->out, code, member, ch_str_of(text));
}

/* --- the name --- */

static bool take_last(struct ch_str *rest, struct ch_str *ret)
{
    size_t at = rest->len;
    while (at > 0 && rest->ptr[at - 1] != '-') {
        at--;
    }
    if (at < 2 || at == rest->len) {
        return false;
    }
    *ret = ch_str_sub(*rest, at, rest->len);
    *rest = ch_str_sub(*rest, 0, at - 1);
    return true;
}

static void check_file_name(struct conda_package *p, struct ch_str ending)
{
    struct ch_str rest = p->job->file_name;
    if (!ch_str_ends(rest, ending)) {
        conda_report(p, CH_F_CONDA_NAME, whole, "does not end in \"%.*s\"", CH_STR_ARG(ending));
        return;
    }
    rest.len -= ending.len;
    p->stem = rest;
    if (!take_last(&rest, &p->build) || !take_last(&rest, &p->version)) {
        conda_report(p, CH_F_CONDA_NAME, whole, "expected NAME-VERSION-BUILD");
        p->build = p->version = whole;
        return;
    }
    p->name = rest;
    if ((p->job->project.len > 0 && !ch_str_eq(p->job->project, p->name)) ||
        (p->job->version.len > 0 && !ch_str_eq(p->job->version, p->version))) {
        conda_report(p, CH_F_CONDA_NAME, whole, "%.*s %.*s is expected",
                     CH_STR_ARG(p->job->project), CH_STR_ARG(p->job->version));
    }
}

/* --- the outer archive --- */

static bool is_named(struct conda_package *p, struct ch_str member, const char *prefix)
{
    struct ch_str start = ch_str_of(prefix);
    struct ch_str ending = CH_STR(".tar.zst");
    return member.len == start.len + p->stem.len + ending.len && ch_str_starts(member, start) &&
           ch_str_ends(member, ending) &&
           ch_str_eq(ch_str_sub(member, start.len, p->stem.len), p->stem);
}

static void check_outer(struct conda_package *p, const struct ch_zip *z)
{
    size_t metadata = 0;
    size_t info = 0;
    size_t pkg = 0;
    for (size_t i = 0; i < ch_zip_count(z); i++) {
        const struct ch_zip_member *m = ch_zip_at(z, i);
        bool file = m->type == CH_MEMBER_FILE;
        bool is_metadata = file && ch_str_eq(m->name, CH_STR("metadata.json"));
        bool is_info = file && is_named(p, m->name, "info-");
        bool is_pkg = file && is_named(p, m->name, "pkg-");
        metadata += is_metadata ? 1 : 0;
        info += is_info ? 1 : 0;
        pkg += is_pkg ? 1 : 0;
        if (!is_metadata && !is_info && !is_pkg) {
            conda_report(p, CH_F_CONDA_MEMBERS, m->name,
                         "expected metadata.json, info-%.*s.tar.zst and pkg-%.*s.tar.zst",
                         CH_STR_ARG(p->stem), CH_STR_ARG(p->stem));
        }
    }
    if (metadata != 1 || info != 1 || pkg != 1) {
        conda_report(p, CH_F_CONDA_MEMBERS, whole,
                     "%zu metadata.json, %zu info- and %zu pkg- archives; expected one of each",
                     metadata, info, pkg);
    }
}

/* --- the inner archives --- */

/* What is done with them: inspected, or read once more. */
struct walk {
    struct conda_package *p;
    struct ch_scan_writer *out;
    ch_tar_seen_fn *see;
    void *arg;
    bool complete;
};

static enum ch_code walk_inner(struct walk *w, const struct ch_zip_member *m, struct ch_err *err)
{
    const struct ch_input *in = w->p->in;
    struct ch_input inner = {.fd = -1, .ptr = in->ptr + m->data_at, .len = (size_t)m->size_bytes};
    bool whole_one = false;
    w->p->in_info = ch_str_starts(m->name, CH_STR("info-"));
    enum ch_code rc = ch_tar_walk(&inner, CH_STREAM_ZSTD, &ch_tar_profile_conda, w->out, w->see,
                                  w->arg, &whole_one, err);
    w->complete = w->complete && whole_one;
    return rc;
}

static bool is_inner(const struct ch_zip_member *m)
{
    return m->verified && m->method == 0 && ch_str_ends(m->name, CH_STR(".tar.zst"));
}

static enum ch_code walk(struct walk *w, struct ch_err *err)
{
    const struct conda_package *p = w->p;
    enum ch_code rc = CH_OK;
    if (p->zip == NULL) {
        return ch_tar_walk(p->in, CH_STREAM_BZIP2, &ch_tar_profile_conda, w->out, w->see, w->arg,
                           &w->complete, err);
    }
    w->complete = ch_zip_complete(p->zip);
    for (size_t i = 0; rc == CH_OK && i < ch_zip_count(p->zip); i++) {
        const struct ch_zip_member *m = ch_zip_at(p->zip, i);
        if (!m->verified || m->method != 0) {
            w->complete = false; /* and has a finding */
        } else if (is_inner(m)) {
            rc = walk_inner(w, m, err);
        }
    }
    return rc;
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
    /* told when the archive is inspected */
}

static void look_for_index(void *arg, const struct ch_tar_member *m)
{
    if (m->type == CH_MEMBER_FILE && ch_str_eq(m->path, CH_STR("info/index.json"))) {
        conda_see_index(arg, m->bytes);
    }
}

/* What the package is for stands in the smaller one of the two archives, which mostly comes last.
 */
static void read_index_ahead(struct conda_package *p)
{
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    struct walk w = {.p = p, .out = out, .see = look_for_index, .arg = p, .complete = true};
    struct ch_err err;
    for (size_t i = 0; i < ch_zip_count(p->zip); i++) {
        const struct ch_zip_member *m = ch_zip_at(p->zip, i);
        if (is_inner(m) && ch_str_starts(m->name, CH_STR("info-"))) {
            CH_IGNORE(walk_inner(&w, m, &err) != CH_OK);
        }
    }
    ch_scan_writer_free(out);
}

static enum ch_code open_zip(struct conda_package *p, struct ch_err *err)
{
    enum ch_code rc = ch_zip_open(p->in, &ch_zip_profile_conda, p->out, &p->zip, err);
    if (rc == CH_OK) {
        ch_zip_verify(p->zip, NULL, NULL);
        check_outer(p, p->zip);
        read_index_ahead(p);
    }
    return rc;
}

/* --- once more: what is run or opened after all, what a link leads to, what came before it was
 * known what the package is for --- */

static void see_wanted(void *arg, const struct ch_tar_member *m)
{
    struct conda_package *p = arg;
    struct conda_file *f = m->type == CH_MEMBER_FILE ? ch_map_remove(p->wanted, m->path) : NULL;
    for (struct conda_file *one = f; one != NULL; one = one == f ? f->alias : one->next_alias) {
        if (one->wanted) {
            one->wanted = false;
            conda_see_content(p, one, m->bytes);
        }
    }
}

/* What is reached, as often as there is some; what was not kept is gathered. */
static void see_reached(struct conda_package *p)
{
    struct ch_str path;
    while (ch_content_next(p->content, &path)) {
        struct conda_file *f = ch_map_get(p->by_path, path);
        struct ch_str bytes;
        if (f == NULL) {
            conda_report(p, CH_F_LIMIT, path, "is run or opened, and was not found again");
        } else if (conda_bytes(f, &bytes)) {
            conda_see_content(p, f, bytes);
        } else {
            conda_want(p, f);
        }
    }
}

static void see_again(struct conda_package *p)
{
    enum { WALKS = 5 };
    struct ch_err err;
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    see_reached(p);
    for (int i = 0; i < WALKS && ch_map_count(p->wanted) > 0; i++) {
        struct walk w = {.p = p, .out = out, .see = see_wanted, .arg = p};
        CH_IGNORE(walk(&w, &err) != CH_OK);
        see_reached(p);
    }
    if (ch_map_count(p->wanted) > 0) {
        conda_report(p, CH_F_LIMIT, whole, "what is run or opened was not found again");
    }
    ch_scan_writer_free(out);
}

/* --- the whole --- */

static enum ch_code require(const struct ch_scan_job *job, bool *ret_zip, struct ch_err *err)
{
    *ret_zip = ch_str_eq(job->profile, CH_STR("conda"));
    if (!*ret_zip && !ch_str_eq(job->profile, CH_STR("conda-tar"))) {
        return ch_fail(err, CH_E_UNSUPPORTED, "conda: no inspector for files of profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    return CH_OK;
}

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    return conda_place(path);
}

static struct ch_installed installed(void *arg CH_UNUSED, struct ch_str path)
{
    return conda_installed(path);
}

static struct ch_str site_of(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_site(conda_installed(path));
}

static bool read_member(void *arg, struct ch_str path, struct ch_buf *ret)
{
    const struct conda_package *p = arg;
    const struct conda_file *f = ch_map_get(p->by_path, path);
    struct ch_str bytes;
    if (f == NULL || !conda_bytes(f, &bytes)) {
        return false;
    }
    ch_buf_puts(ret, bytes);
    return !ret->failed;
}

static struct ch_content *new_content(struct conda_package *p)
{
    struct ch_str name = p->job->project.len > 0 ? p->job->project : p->name;
    p->content_job = *p->job;
    p->content_job.project = conda_project(name);
    return ch_content_new(&(struct ch_content_options){.job = &p->content_job,
                                                       .out = p->out,
                                                       .kind = CH_CONTENT_BUILT,
                                                       .interpreter = conda_is_interpreter(name),
                                                       .noun = "package",
                                                       .platform_known = "info/index.json",
                                                       .place = place_of,
                                                       .installed = installed,
                                                       .read = read_member,
                                                       .ahead = read_member,
                                                       .site = site_of,
                                                       .arg = p});
}

static enum ch_code inspect_all(struct conda_package *p, bool zip, struct ch_err *err)
{
    struct walk w = {.p = p, .out = p->out, .see = conda_see, .arg = p};
    enum ch_code rc = zip ? open_zip(p, err) : CH_OK;
    rc = rc == CH_OK ? walk(&w, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    conda_follow_links(p);
    conda_see_deferred(p);
    if (w.complete) { /* of half a package there is less to say: its findings hold it */
        conda_check_index(p);
        conda_check_paths(p);
        conda_check_link(p);
        conda_check_python(p);
    }
    see_again(p);
    ch_content_end(p->content);
    return ch_scan_writer_ok(p->out, err);
}

enum ch_code ch_conda_package_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                      struct ch_scan_writer *out, struct ch_err *err)
{
    struct conda_package p = {.job = job, .in = in, .out = out};
    bool zip = false;
    enum ch_code rc = require(job, &zip, err);
    if (rc != CH_OK) {
        return rc;
    }
    p.by_path = ch_map_new();
    p.folded = ch_map_new();
    p.wanted = ch_map_new();
    check_file_name(&p, zip ? CH_STR(".conda") : CH_STR(".tar.bz2"));
    p.content = new_content(&p);
    rc = inspect_all(&p, zip, err);
    ch_content_free(p.content);
    ch_zip_free(p.zip);
    conda_members_done(&p);
    return rc;
}

enum ch_code ch_conda_package_second(const struct ch_scan_job *job, const struct ch_input *in,
                                     struct ch_scan_writer *out, struct ch_err *err)
{
    bool zip = false;
    enum ch_code rc = require(job, &zip, err);
    struct ch_archive_kind kind = {.format = zip ? CH_ARCHIVE_ZIP_OF_TARS : CH_ARCHIVE_TAR,
                                   .packing = zip ? CH_STREAM_ZSTD : CH_STREAM_BZIP2};
    if (zip) {
        kind.tar_ending = CH_STR(".tar.zst");
    }
    return rc == CH_OK ? ch_second_list(&kind, in, out, err) : rc;
}
