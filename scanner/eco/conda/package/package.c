#include "scanner/eco/conda/package/package.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/package/package_int.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"
#include "scanner/unpack/tar.h"
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

bool conda_path_is_inside(struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str part;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = (uint8_t)path.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '\\') {
            return false;
        }
    }
    if (path.len == 0 || (path.len > 1 && path.ptr[1] == ':')) {
        return false;
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (part.len == 0 || ch_str_eq(part, CH_STR(".")) || ch_str_eq(part, CH_STR(".."))) {
            return false;
        }
    }
    return true;
}

bool conda_text(struct conda_package *p, struct ch_str path, struct ch_str *ret)
{
    struct conda_file *f = ch_map_get(p->by_path, path);
    if (f == NULL || f->type != CH_MEMBER_FILE) {
        return false;
    }
    if (f->too_large) {
        conda_report(p, CH_F_LIMIT, path, "larger than is read of it");
        return false;
    }
    *ret = (struct ch_str){f->text, f->text_bytes};
    return true;
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

/* --- members --- */

static bool is_kept(struct ch_str path)
{
    return ch_str_eq(path, CH_STR("info/index.json")) ||
           ch_str_eq(path, CH_STR("info/paths.json")) || ch_str_eq(path, CH_STR("info/link.json"));
}

static bool is_below(struct ch_str path, struct ch_str folder)
{
    return path.len > folder.len && ch_str_starts(path, folder);
}

/* ".NAME-post-link.sh" in bin/, ".bat" in Scripts/; whatever NAME is, since some installers take
 * any. As the others, of a path in lower case: installers find "scripts/" and "MENU/" where the
 * file system does not tell them apart, and those of menus by themselves. */
static bool is_link_script(struct ch_str path)
{
    static const struct ch_str endings[] = {
        {"-pre-link.sh", 12},    {"-post-link.sh", 13},    {"-pre-unlink.sh", 14},
        {"-post-unlink.sh", 15}, {"-pre-link.bat", 13},    {"-post-link.bat", 14},
        {"-pre-unlink.bat", 15}, {"-post-unlink.bat", 16},
    };
    struct ch_str base = path;
    if (is_below(path, CH_STR("bin/."))) {
        base = ch_str_sub(path, 4, path.len);
    } else if (is_below(path, CH_STR("scripts/."))) {
        base = ch_str_sub(path, 8, path.len);
    } else {
        return false;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        if (ch_str_ends(base, endings[i]) && !ch_str_find_char(base, '/', NULL)) {
            return true;
        }
    }
    return false;
}

static void check_runs(struct conda_package *p, struct ch_str path, struct ch_str folded)
{
    if (is_link_script(folded)) {
        conda_report(p, CH_F_CONDA_LINK_SCRIPT, path, "by its place and name");
    }
    if (is_below(folded, CH_STR("etc/conda/activate.d/")) ||
        is_below(folded, CH_STR("etc/conda/deactivate.d/")) ||
        is_below(folded, CH_STR("etc/conda/env_vars.d/"))) {
        conda_report(p, CH_F_CONDA_ACTIVATE, path, "by its place");
    }
    if (is_below(folded, CH_STR("menu/")) && ch_str_ends(folded, CH_STR(".json"))) {
        conda_report(p, CH_F_CONDA_MENU, path, "by its place");
    }
}

static bool is_info(struct ch_str path)
{
    return is_below(path, CH_STR("info/")) || ch_str_eq(path, CH_STR("info"));
}

/* Two archives are unpacked into one folder: what each keeps apart may meet there. So does a file
 * of "Info/" with what installers read of info/, though no file of that is there. */
static void check_collision(struct conda_package *p, struct ch_str path, struct ch_str folded,
                            struct conda_file *f)
{
    const struct conda_file *other = ch_map_set(p->folded, folded, f);
    if (other != NULL && (f->type != CH_MEMBER_DIR || other->type != CH_MEMBER_DIR)) {
        conda_report(p, CH_F_CONDA_COLLISION, path, "another member has that path");
    } else if (!f->info && is_info(folded)) {
        conda_report(p, CH_F_CONDA_COLLISION, path, "is info/ where case does not count");
    }
}

static void see(void *arg, const struct ch_tar_member *m)
{
    struct conda_package *p = arg;
    struct ch_str path = m->path;
    while (m->type == CH_MEMBER_DIR && path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    struct conda_file *f = ch_calloc(1, sizeof(*f));
    f->type = m->type;
    f->hard_link = m->type == CH_MEMBER_OTHER && m->link.len > 0;
    f->info = is_info(path);
    f->size_bytes = m->size_bytes;
    f->sha256 = m->sha256;
    if (m->type == CH_MEMBER_FILE && is_kept(path)) {
        f->too_large = m->bytes.len != m->size_bytes;
        f->text = ch_str_dup(m->bytes);
        f->text_bytes = m->bytes.len;
    }
    if (p->split && f->info != p->in_info) {
        conda_report(p, CH_F_CONDA_MEMBERS, m->path, "in the wrong one of the two archives");
    }
    struct ch_buf folded;
    ch_buf_init(&folded, path.len + 1);
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        ch_buf_putc(&folded, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    check_collision(p, path, ch_buf_str(&folded), f);
    if (!f->info && m->type != CH_MEMBER_DIR) {
        check_runs(p, path, ch_buf_str(&folded));
    }
    ch_buf_done(&folded);
    struct conda_file *before = ch_map_set(p->by_path, path, f);
    if (before != NULL) {
        free(before->text);
        free(before);
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

static enum ch_code walk_inner(struct conda_package *p, const struct ch_input *in,
                               const struct ch_zip_member *m, bool *complete, struct ch_err *err)
{
    struct ch_input inner = {.fd = -1, .ptr = in->ptr + m->data_at, .len = (size_t)m->size_bytes};
    bool whole_one = false;
    p->in_info = ch_str_starts(m->name, CH_STR("info-"));
    enum ch_code rc =
        ch_tar_walk(&inner, CH_STREAM_ZSTD, &ch_tar_profile_conda, p->out, see, p, &whole_one, err);
    *complete = *complete && whole_one;
    return rc;
}

static enum ch_code walk_zip(struct conda_package *p, const struct ch_input *in, bool *complete,
                             struct ch_err *err)
{
    struct ch_zip *z;
    enum ch_code rc = ch_zip_open(in, &ch_zip_profile_conda, p->out, &z, err);
    if (rc != CH_OK) {
        return rc;
    }
    p->split = true;
    ch_zip_verify(z, NULL, NULL);
    *complete = ch_zip_complete(z);
    check_outer(p, z);
    for (size_t i = 0; rc == CH_OK && i < ch_zip_count(z); i++) {
        const struct ch_zip_member *m = ch_zip_at(z, i);
        if (!m->verified || m->method != 0) {
            *complete = false; /* and has a finding */
        } else if (ch_str_ends(m->name, CH_STR(".tar.zst"))) {
            rc = walk_inner(p, in, m, complete, err);
        }
    }
    ch_zip_free(z);
    return rc;
}

/* --- the whole --- */

static void done(struct conda_package *p)
{
    struct ch_str path;
    void *value;
    for (size_t at = 0; ch_map_next(p->by_path, &at, &path, &value);) {
        struct conda_file *f = value;
        free(f->text);
        free(f);
    }
    ch_map_free(p->by_path);
    ch_map_free(p->folded);
}

static enum ch_code require(const struct ch_scan_job *job, bool *ret_zip, struct ch_err *err)
{
    *ret_zip = ch_str_eq(job->profile, CH_STR("conda"));
    if (!*ret_zip && !ch_str_eq(job->profile, CH_STR("conda-tar"))) {
        return ch_fail(err, CH_E_UNSUPPORTED, "conda: no inspector for files of profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    return CH_OK;
}

enum ch_code ch_conda_package_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                      struct ch_scan_writer *out, struct ch_err *err)
{
    struct conda_package p = {.job = job, .out = out};
    bool zip = false;
    bool complete = false;
    enum ch_code rc = require(job, &zip, err);
    if (rc != CH_OK) {
        return rc;
    }
    p.by_path = ch_map_new();
    p.folded = ch_map_new();
    check_file_name(&p, zip ? CH_STR(".conda") : CH_STR(".tar.bz2"));
    rc =
        zip ? walk_zip(&p, in, &complete, err)
            : ch_tar_walk(in, CH_STREAM_BZIP2, &ch_tar_profile_conda, out, see, &p, &complete, err);
    if (rc == CH_OK &&
        complete) { /* of half a package there is less to say: its findings hold it */
        conda_check_index(&p);
        conda_check_paths(&p);
        conda_check_link(&p);
    }
    done(&p);
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
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
