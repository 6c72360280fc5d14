/* The Python packages inside a conda package, by what describes them (conda_describes): what is told of
 * their wheels is told of them, except where builders of conda packages change what a wheel had.
 * info/paths.json vouches for content: RECORD is compared, and what differs is a note (builders
 * rewrite INSTALLER and relink libraries). Installers never read WHEEL of what is installed.
 *
 * Spec: importlib.metadata and pkg_resources, which read METADATA, else PKG-INFO, else the file *.egg-info
 * itself, and requirements of requires.txt where those state none; setuptools' "eggs" formats. */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/content/pth.h"
#include "scanner/eco/conda/package/package_int.h"
#include "scanner/json/json.h"
#include "scanner/python/entry_points.h"
#include "scanner/python/inspection.h"
#include "scanner/python/metadata.h"
#include "scanner/python/record.h"

/* A file of the folder that was kept, in whichever case its name is; false when there is none. One
 * that is too large is reported. `name` NULL: what stands for the folder itself. */
static bool text_of(struct conda_package *p, struct ch_str folder, const char *name,
                    struct ch_str *ret_member, struct ch_str *ret)
{
    struct ch_buf path;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, folder);
    if (name != NULL) {
        ch_buf_printf(&path, "/%s", name);
    }
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        path.ptr[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    const struct conda_file *f = path.failed ? NULL : ch_map_get(p->folded, ch_buf_str(&path));
    bool is = f != NULL && conda_text(p, f->path, ret);
    if (is) {
        *ret_member = f->path;
    }
    ch_buf_done(&path);
    return is;
}

/* --- METADATA --- */

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence_raw)
{
    struct conda_package *p = arg;
    ch_scan_write_finding(p->out, code, member, evidence_raw);
}

struct dist_info {
    struct conda_package *p;
    struct ch_str folder;
};

/* PEP 639 has them in "licenses"; builders before it beside METADATA. */
static bool read_licence(void *arg, struct ch_str path, struct ch_buf *ret,
                         struct ch_str *ret_member)
{
    static const char *const folders[] = {"/licenses/", "/"};
    const struct dist_info *d = arg;
    const struct conda_file *f = NULL;
    for (size_t i = 0; f == NULL && i < CH_ARRAY_LEN(folders); i++) {
        struct ch_buf member;
        ch_buf_init(&member, 2 * ch_limits.member_path_bytes);
        ch_buf_puts(&member, d->folder);
        ch_buf_puts(&member, ch_str_of(folders[i]));
        ch_buf_puts(&member, path);
        f = member.failed ? NULL : ch_map_get(d->p->by_path, ch_buf_str(&member));
        ch_buf_done(&member);
    }
    if (f == NULL || !f->kept) {
        return false;
    }
    *ret_member = f->path;
    ch_buf_puts(ret, f->bytes);
    return !ret->failed;
}

/* Findings alone: what a solver sees of a conda package is info/index.json. The package need not be
 * called like the project. */
static void check_metadata(struct conda_package *p, struct ch_str folder, const char *name)
{
    struct ch_str member;
    struct ch_str text;
    if (!text_of(p, folder, name, &member, &text)) {
        return;
    }
    struct ch_scan_job job = *p->job;
    struct dist_info d = {p, folder};
    struct ch_metadata_licences licences = {read_licence, &d};
    struct ch_scan_writer *listen = ch_scan_writer_listen(on_finding, p);
    job.project = (struct ch_str){NULL, 0};
    job.version = (struct ch_str){NULL, 0};
    ch_metadata_report(&job, member, text, listen);
    ch_metadata_compare_licences(text, &licences, listen);
    ch_scan_writer_free(listen);
}

/* --- what setuptools writes beside it --- */

/* As of a wheel (wheel.c) where METADATA would have the requirements; of .egg-info they stand here. */
static void check_requires(struct conda_package *p, struct ch_str folder)
{
    bool dist_info = path_ends_nocase(folder, CH_STR(".dist-info"));
    struct ch_str member, text, line;
    if (!text_of(p, folder, "requires.txt", &member, &text)) {
        return;
    }
    while (pypi_next_line(&text, &line)) {
        line = ch_str_trim(line);
        bool section = line.len == 0 || line.ptr[0] == '[' || line.ptr[0] == '#';
        enum ch_requirement kind =
            section ? CH_REQUIREMENT_PLAIN : ch_requirement_classify(line);
        if (kind != CH_REQUIREMENT_PLAIN) {
            conda_report(
                p, kind == CH_REQUIREMENT_DIRECT ? CH_F_DIRECT_REFERENCE : CH_F_WHEEL_METADATA,
                member, "%.*s", CH_STR_ARG(ch_str_sub(line, 0, 200)));
        }
    }
    if (dist_info) {
        conda_report(p, CH_F_WHEEL_METADATA, member, "requirements that METADATA does not state");
    }
}

static void check_dependency_links(struct conda_package *p, struct ch_str folder)
{
    struct ch_str member, text, line;
    bool has = text_of(p, folder, "dependency_links.txt", &member, &text);
    while (has && pypi_next_line(&text, &line)) {
        if (ch_str_trim(line).len > 0) {
            conda_report(p, CH_F_DIRECT_REFERENCE, member, "%.*s",
                         CH_STR_ARG(ch_str_sub(line, 0, 200)));
        }
    }
}

/* PEP 610. pip leaves it where it built from a folder, "file:///home/builder/...": nobody installs
 * from there. Another address `pip freeze` hands on; one with a host is a share of Windows. */
static void check_direct_url(struct conda_package *p, struct ch_str folder)
{
    struct ch_str member;
    struct ch_str text;
    struct ch_err err;
    json_t *doc = NULL;
    if (!text_of(p, folder, "direct_url.json", &member, &text)) {
        return;
    }
    CH_IGNORE(ch_json_load(text, &doc, &err)); /* then it names no folder, and is reported */
    struct ch_str url = ch_json_text(json_object_get(doc, "url"));
    if (!ch_str_starts(url, CH_STR("file:///"))) {
        conda_report(p, CH_F_DIRECT_REFERENCE, member, "brought along, not written by installers");
    }
    json_decref(doc);
}

/* --- entry points --- */

struct entry_points {
    struct conda_package *p;
    struct ch_str member;
};

static void see_entry(void *arg, struct ch_str group, struct ch_str name, struct ch_str object)
{
    const struct entry_points *e = arg;
    entry_points_tell(e->p->out, e->p->content, e->member, group, name, object);
}

static void check_entry_points(struct conda_package *p, struct ch_str folder)
{
    struct entry_points e = {.p = p};
    struct ch_str text;
    if (text_of(p, folder, "entry_points.txt", &e.member, &text)) {
        entry_points_read(p->out, e.member, text, see_entry, &e);
    }
}

/* --- RECORD --- */

static void report_record(struct conda_package *p, struct ch_str member, const char *what)
{
    if (p->records_odd++ < ch_limits.content_repeats) {
        conda_report(p, CH_F_CONDA_RECORD, member, "%s", what);
    }
}

/* What is not there was left out when the package was built: scripts of noarch packages, compiled
 * Python. */
static void check_row(struct conda_package *p, struct ch_str site, const struct record_row *row)
{
    struct ch_buf path;
    struct record_hash stated;
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    const struct conda_file *f =
        conda_join(site, row->path, &path) ? ch_map_get(p->by_path, ch_buf_str(&path)) : NULL;
    if (f != NULL && f->type == CH_MEMBER_FILE && record_hash_parse(row->hash, &stated) &&
        stated.bytes == CH_SHA256_BYTES &&
        !ch_str_eq((struct ch_str){(const char *)f->sha256.byte, CH_SHA256_BYTES},
                   (struct ch_str){(const char *)stated.byte, CH_SHA256_BYTES})) {
        report_record(p, f->path, "another SHA-256");
    }
    ch_buf_done(&path);
}

static void check_record(struct conda_package *p, struct ch_str folder)
{
    struct ch_str member;
    struct ch_str text;
    struct record_row row;
    enum record_result result;
    if (!text_of(p, folder, "RECORD", &member, &text)) {
        return;
    }
    struct ch_buf own; /* quoted fields are written over it */
    ch_buf_init(&own, text.len + 1);
    ch_buf_puts(&own, text);
    struct record r = record_open(&own);
    struct ch_str site = folder;
    while (site.len > 0 && site.ptr[site.len - 1] != '/') {
        site.len--;
    }
    while ((result = record_next(&r, &row)) == RECORD_ROW) {
        check_row(p, site, &row);
    }
    if (result == RECORD_BAD) {
        report_record(p, member, "has a line that is no CSV line of three fields");
    }
    ch_buf_done(&own);
}

/* --- what is not read --- */

static bool names_folder(const struct conda_package *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct conda_file *f = p->files[i];
        struct ch_str bytes;
        if (f->info || !path_has_extension(f->path, "pth") ||
            conda_place(f->path) != CH_PLACE_START) {
            continue;
        }
        if (!conda_bytes(f, &bytes)) {
            return true; /* nobody knows */
        }
        for (int view = 0; view < PTH_VIEW_COUNT; view++) {
            struct pth lines = pth_open(bytes, (enum pth_view)view);
            struct pth_line line;
            while (pth_next(&lines, &line)) {
                if (line.kind == PTH_FOLDER) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* Eggs, and what a .pth file may put on sys.path: which folder that is depends on where the environment
 * lies, so any that has descriptions is held. */
static void check_not_read(struct conda_package *p)
{
    bool searched = names_folder(p);
    struct ch_str before = {NULL, 0}, folder, read, name;
    for (size_t i = 0; i < p->count; i++) {
        const struct conda_file *f = p->files[i];
        bool file = f->type != CH_MEMBER_DIR && !f->info;
        if (file && f->link.ptr == NULL && conda_is_egg(f->path)) {
            conda_report(p, CH_F_CONDA_PYTHON, f->path, "%s",
                         "a packed package, or the name of a folder that is put on sys.path");
        } else if (file && searched && conda_is_description(f->path, &folder) &&
                   !conda_describes(f->path, &read, &name) && !ch_str_eq(folder, before)) {
            conda_report(p, CH_F_CONDA_PYTHON, folder, "a .pth file puts folders on sys.path");
            before = folder;
        }
    }
}

void conda_check_python(struct conda_package *p)
{
    for (size_t i = 0; i < p->dist_infos.count; i++) {
        struct ch_str folder = names_at(&p->dist_infos, i);
        check_metadata(p, folder, NULL);
        check_metadata(p, folder, "METADATA");
        check_metadata(p, folder, "PKG-INFO");
        check_requires(p, folder);
        check_dependency_links(p, folder);
        check_direct_url(p, folder);
        check_entry_points(p, folder);
        check_record(p, folder);
    }
    check_not_read(p);
    if (p->records_odd > ch_limits.content_repeats) {
        conda_report(p, CH_F_CONDA_RECORD, (struct ch_str){NULL, 0}, "and %llu more",
                     (unsigned long long)(p->records_odd - ch_limits.content_repeats));
    }
    if (p->dist_infos.over) {
        conda_report(p, CH_F_LIMIT, (struct ch_str){NULL, 0},
                     "more .dist-info folders than are kept");
    }
}
