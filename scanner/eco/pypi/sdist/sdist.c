#include "scanner/eco/pypi/sdist/sdist.h"

#include <stdlib.h>

#include "customhouse/ascii.h"
#include "customhouse/limits.h"
#include "scanner/python/inspection.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/tar.h"
#include "scanner/unpack/zip.h"

static const struct ch_str whole = {NULL, 0};

void sdist_report(struct sdist *s, enum ch_finding_code code, struct ch_str member, const char *fmt,
                  ...)
{
    va_list va;
    va_start(va, fmt);
    pypi_report(s->out, code, member, fmt, va);
    va_end(va);
}

void sdist_install_code(struct sdist *s, const char *what, struct ch_str name)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_buf_puts(&b, ch_str_of(what));
    if (name.len > 0) {
        ch_buf_putc(&b, ' ');
        ch_buf_puts(&b, name);
    }
    if (b.failed) {
        sdist_report(s, CH_F_LIMIT, whole, "%s: a name longer than is kept", what);
    } else {
        ch_scan_write_fact(s->out, ch_str_of(ch_fact_row(CH_FACT_INSTALL_CODE)->name),
                           ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

struct sdist_file *sdist_find(const struct sdist *s, struct ch_str tree)
{
    struct sdist_file *f = ch_map_get(s->by_tree, tree);
    return f != NULL && f->type == CH_MEMBER_FILE ? f : NULL;
}

/* --- the file name --- */

static const struct packing {
    struct ch_str ending;
    struct ch_archive_kind kind;
} packings[] = {
    {{".tar.gz", 7}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_GZIP}},
    {{".tgz", 4}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_GZIP}},
    {{".zip", 4}, {.format = CH_ARCHIVE_ZIP, .packing = CH_STREAM_NONE}},
    {{".tar.bz2", 8}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_BZIP2}},
    {{".tbz", 4}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_BZIP2}},
    {{".tar.xz", 7}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_XZ}},
    {{".txz", 4}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_XZ}},
    {{".tar", 4}, {.format = CH_ARCHIVE_TAR, .packing = CH_STREAM_NONE}},
};

/* Splits "NAME-VERSION" at the first dash that gives what is expected; where nothing is expected,
 * at the last dash that a digit follows. */
static bool split_stem(struct ch_str stem, struct ch_str project, struct ch_str version,
                       struct ch_str *ret_name, struct ch_str *ret_version)
{
    bool found = false;
    for (size_t i = 1; i + 1 < stem.len; i++) {
        struct ch_str a = ch_str_sub(stem, 0, i);
        struct ch_str b = ch_str_sub(stem, i + 1, stem.len);
        if (stem.ptr[i] != '-' || !ch_pypi_name_valid(a) ||
            (project.len > 0 && !ch_pypi_name_eq(a, project)) ||
            (version.len > 0 ? !ch_pypi_same_version(b, version) : !ch_is_digit(b.ptr[0]))) {
            continue;
        }
        *ret_name = a;
        *ret_version = b;
        found = true;
        if (project.len > 0) {
            break;
        }
    }
    return found;
}

static void check_file_name(struct sdist *s, const struct ch_archive_kind *kind)
{
    struct ch_str file_name = s->job->file_name;
    const struct packing *p = NULL;
    for (size_t i = 0; p == NULL && i < CH_ARRAY_LEN(packings); i++) {
        p = ch_str_ends(file_name, packings[i].ending) ? &packings[i] : NULL;
    }
    if (p == NULL) {
        sdist_report(s, CH_F_SDIST_NAME, whole, "expected NAME-VERSION.tar.gz or .zip");
        return;
    }
    /* Installers choose the reader by the name, or by the bytes: they have to say the same. */
    if (p->kind.format != kind->format ||
        (kind->format == CH_ARCHIVE_TAR && p->kind.packing != kind->packing)) {
        sdist_report(s, CH_F_SDIST_PACKING, whole, "%s",
                     kind->format == CH_ARCHIVE_ZIP ? "a ZIP archive"
                                                    : ch_stream_name(kind->packing));
    }
    struct ch_str stem = ch_str_sub(file_name, 0, file_name.len - p->ending.len);
    if (!split_stem(stem, s->job->project, s->job->version, &s->name, &s->version)) {
        sdist_report(s, CH_F_SDIST_NAME, whole, "expected %.*s-%.*s",
                     CH_STR_ARG(s->job->project.len > 0 ? s->job->project : CH_STR("NAME")),
                     CH_STR_ARG(s->job->version.len > 0 ? s->job->version : CH_STR("VERSION")));
    }
}

/* --- members --- */

/* The path below the one folder; absent when it lies elsewhere. Says what is beside that folder. */
static struct ch_str tree_path(struct sdist *s, struct ch_str path, enum ch_member_type type)
{
    struct ch_str rest = path;
    struct ch_str first = whole;
    while (rest.len > 0 && rest.ptr[rest.len - 1] == '/') {
        rest.len--;
    }
    CH_IGNORE(ch_str_split(&rest, '/', &first));
    bool folder = rest.ptr != NULL || type == CH_MEMBER_DIR;
    if (s->top.ptr == NULL && folder) {
        s->top_own = ch_str_dup(first);
        s->top = (struct ch_str){s->top_own, first.len};
    }
    if (!folder || !ch_str_eq(first, s->top)) {
        if (!s->scattered) {
            sdist_report(s, CH_F_SDIST_FOLDER, path, "beside the folder \"%.*s\"",
                         CH_STR_ARG(s->top));
        }
        s->scattered = true;
        return whole;
    }
    return rest.ptr != NULL ? rest : CH_STR("");
}

static bool ends_in(struct ch_str path, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_ends(path, ch_str_of(endings[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_source(struct ch_str path)
{
    static const char *const endings[] = {".py", ".pyw", ".pth", ".start"};
    return ends_in(path, endings, CH_ARRAY_LEN(endings));
}

/* What may say how to build, or what is needed for it: requirements are read from any text file.
 * And compiled Python, which the inspection of content compares with its source. */
static bool is_build_text(struct ch_str path)
{
    static const char *const endings[] = {".txt", ".cfg", ".toml", ".in", "PKG-INFO", ".pyc"};
    struct ch_str tree = path;
    struct ch_str top;
    return ends_in(path, endings, CH_ARRAY_LEN(endings)) || sdist_is_tool_file(path) ||
           (ch_str_split(&tree, '/', &top) && ch_metadata_is_licence_file(tree));
}

/* What tells how to build, at the root of the tree: unread, it would count as absent. */
static bool decides_build(struct ch_str tree)
{
    static const char *const names[] = {"setup.py", "setup.cfg", "pyproject.toml", "hatch.toml"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (ch_str_eq(tree, ch_str_of(names[i]))) {
            return true;
        }
    }
    return sdist_is_tool_file(tree);
}

static void keep(struct sdist *s, struct ch_str tree, const struct ch_content_member *m,
                 bool deferred)
{
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 64 : s->cap * 2;
        s->files = ch_realloc_array(s->files, s->cap, sizeof(s->files[0]));
    }
    struct sdist_file *f = ch_calloc(1, sizeof(*f));
    struct ch_buf own;
    ch_buf_init(&own, m->path.len + m->link.len + m->bytes.len + 1);
    CH_IGNORE(ch_buf_reserve(&own, own.max) != NULL);
    ch_buf_puts(&own, m->path);
    ch_buf_puts(&own, m->link);
    ch_buf_puts(&own, m->bytes);
    f->own = own.ptr;
    f->path = (struct ch_str){f->own, m->path.len};
    f->tree = ch_str_sub(f->path, (size_t)(tree.ptr - m->path.ptr), tree.len);
    f->link = m->link.ptr != NULL ? (struct ch_str){f->own + m->path.len, m->link.len} : whole;
    f->bytes = (struct ch_str){f->own + m->path.len + m->link.len, m->bytes.len};
    f->type = m->type;
    f->deferred = deferred;
    s->files[s->count++] = f;
    s->kept_bytes += sizeof(*f) + 2 * m->path.len + m->bytes.len;
    CH_IGNORE(
        ch_map_set(s->by_tree, f->tree, f)); /* names are told apart by the archive's reader */
}

/* Every member, once, in archive order. */
static void see(struct sdist *s, const struct ch_content_member *m)
{
    struct ch_str tree = tree_path(s, m->path, m->type);
    bool file = m->type == CH_MEMBER_FILE;
    bool all_there = m->bytes.len == m->size_bytes;
    bool source = is_source(m->path) && (all_there || !file);
    bool text = is_build_text(m->path) &&
                ((all_there && m->size_bytes <= ch_limits.sdist_text_bytes) || !file);
    bool kept = tree.ptr != NULL && m->type != CH_MEMBER_DIR && (source || text);
    if (kept && s->kept_bytes + m->path.len + m->bytes.len > ch_limits.sdist_kept_bytes) {
        if (!s->over) {
            sdist_report(s, CH_F_LIMIT, m->path, "more than %llu bytes of Python source",
                         (unsigned long long)ch_limits.sdist_kept_bytes);
        }
        s->over = true;
        kept = false;
    }
    if (file && !kept && tree.ptr != NULL && decides_build(tree)) {
        sdist_report(s, CH_F_LIMIT, m->path, "larger than is read of what tells how to build");
    }
    if (tree.ptr != NULL) {
        sdist_note_tool_file(s, tree);
        if (m->link.len > 0) {
            sdist_note_link(s, tree, m);
        }
    }
    bool deferred = kept && source && file;
    if (kept) {
        keep(s, tree, m, deferred);
    }
    if (!deferred) {
        ch_content_see(s->content, m);
    }
}

static void see_tar(void *arg, const struct ch_tar_member *m)
{
    see(arg, &(struct ch_content_member){.path = m->path,
                                         .type = m->type,
                                         .link = m->link,
                                         .bytes = m->bytes,
                                         .size_bytes = m->size_bytes});
}

static void see_zip(void *arg, const struct ch_zip_member *m, struct ch_str content)
{
    see(arg, &(struct ch_content_member){.path = m->name,
                                         .type = m->type,
                                         .link = m->link,
                                         .bytes = content,
                                         .size_bytes = m->size_bytes});
}

static void see_file(struct sdist *s, struct sdist_file *f)
{
    f->deferred = false;
    ch_content_see(s->content, &(struct ch_content_member){.path = f->path,
                                                           .type = f->type,
                                                           .link = f->link,
                                                           .bytes = f->bytes,
                                                           .size_bytes = f->bytes.len});
}

/* What ran at install time is known now: the source that waited for that, in archive order; tests
 * last, since it takes the others to know which of them are run. */
static void see_deferred(struct sdist *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->files[i]->deferred) {
            ch_content_expect_start(s->content, s->files[i]->path);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->files[i]->deferred) {
            ch_content_expect(s->content, s->files[i]->path);
        }
    }
    for (size_t i = 0; i < s->objects.count; i++) {
        ch_content_object(s->content, names_at(&s->objects, i));
    }
    sdist_judge_links(s);
    ch_content_follow_start(s->content);
    for (int tests = 0; tests < 2; tests++) {
        for (size_t i = 0; i < s->count; i++) {
            struct sdist_file *f = s->files[i];
            if (f->deferred && (tests == 1 || sdist_place(s, f->path) != CH_PLACE_TEST)) {
                see_file(s, f);
            }
        }
    }
}

static enum ch_code_place place_of(void *arg, struct ch_str path)
{
    return sdist_place(arg, path);
}

static struct ch_str site_of(void *arg, struct ch_str path)
{
    return sdist_site(arg, path);
}

static bool read_member(void *arg, struct ch_str path, struct ch_buf *ret)
{
    const struct sdist *s = arg;
    size_t skip = s->top.len + 1;
    struct sdist_file *f = path.len > skip && ch_str_starts(path, s->top)
                               ? sdist_find(s, ch_str_sub(path, skip, path.len))
                               : NULL;
    if (f == NULL) {
        return false;
    }
    ch_buf_puts(ret, f->bytes);
    return !ret->failed;
}

/* --- what only all members together tell --- */

static void check_folder(struct sdist *s)
{
    struct ch_str name;
    struct ch_str version;
    if (s->top.ptr == NULL) {
        sdist_report(s, CH_F_SDIST_FOLDER, whole, "no folder");
    } else if (s->name.ptr != NULL && !split_stem(s->top, s->name, s->version, &name, &version)) {
        sdist_report(s, CH_F_SDIST_FOLDER, s->top, "expected \"%.*s-%.*s\"", CH_STR_ARG(s->name),
                     CH_STR_ARG(s->version));
    }
}

static void check_identity(struct sdist *s, struct ch_str member, const struct ch_metadata *m)
{
    struct ch_str project = s->job->project.len > 0 ? s->job->project : s->name;
    struct ch_str version = s->job->version.len > 0 ? s->job->version : s->version;
    if (!pypi_is_project(m->name, project)) {
        sdist_report(s, CH_F_SDIST_NAME_DIFFERS, member, "Name: %.*s", CH_STR_ARG(m->name));
    }
    if (!pypi_is_version(m->version, version)) {
        sdist_report(s, CH_F_SDIST_VERSION_DIFFERS, member, "Version: %.*s",
                     CH_STR_ARG(m->version));
    }
}

static bool read_licence(void *arg, struct ch_str path, struct ch_buf *ret,
                         struct ch_str *ret_member)
{
    const struct sdist_file *f = sdist_find(arg, path);
    if (f != NULL) {
        *ret_member = f->path;
        ch_buf_puts(ret, f->bytes);
    }
    return f != NULL && !ret->failed;
}

static void check_metadata(struct sdist *s)
{
    struct sdist_file *f = sdist_find(s, CH_STR("PKG-INFO"));
    struct ch_metadata m;
    struct ch_err err;
    if (f == NULL) {
        sdist_report(s, CH_F_SDIST_METADATA, whole, "no file PKG-INFO at the top of its folder");
        return;
    }
    if (ch_metadata_parse(f->bytes, &m, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_METADATA, f->path, "%s", err.msg);
        return;
    }
    check_identity(s, f->path, &m);
    ch_metadata_done(&m);
    /* What it says of itself was compared above; the findings of wheels are not those of sdists. */
    struct ch_scan_job job = *s->job;
    job.project = whole;
    job.version = whole;
    ch_metadata_report(&job, f->path, f->bytes, s->out);
    struct ch_metadata_licences licences = {read_licence, s};
    ch_metadata_compare_licences(f->bytes, &licences, s->out);
}

static void check_setup(struct sdist *s)
{
    struct ch_buf why;
    struct sdist_file *f = ch_map_get(s->by_tree, CH_STR("setup.py"));
    if (f == NULL) {
        return;
    }
    sdist_install_code(s, "setup.py", whole);
    ch_buf_init(&why, ch_limits.text_bytes);
    if (f->type != CH_MEMBER_FILE) {
        ch_buf_puts(&why, CH_STR("is a link"));
    } else {
        sdist_setup_references(s, f->path, f->bytes);
        sdist_runs(s, f->tree);
    }
    if (f->type != CH_MEMBER_FILE || !sdist_setup_is_declarations(s, f->bytes, &why)) {
        sdist_install_code(s, "setup.py beyond declarations", whole);
        ch_scan_write_fact(s->out, CH_STR("setup-beyond"), ch_buf_str(&why));
    }
    ch_buf_done(&why);
}

static enum ch_code walk(struct sdist *s, const struct ch_archive_kind *kind,
                         const struct ch_input *in, bool *ret_complete, struct ch_err *err)
{
    if (kind->format == CH_ARCHIVE_TAR) {
        return ch_tar_walk(in, kind->packing, &ch_tar_profile_sdist, s->out, see_tar, s,
                           ret_complete, err);
    }
    struct ch_zip *zip;
    enum ch_code rc = ch_zip_open(in, &ch_zip_profile_sdist, s->out, &zip, err);
    if (rc == CH_OK) {
        ch_zip_verify(zip, see_zip, s);
        *ret_complete = ch_zip_complete(zip);
        ch_zip_free(zip);
    }
    return rc;
}

/* What lies among tests and is run or opened all the same, once more. What is no source was not
 * kept: the archive is read again for it, and for what that names in turn; few have any. */
struct again {
    struct sdist *s;
    struct ch_map *wanted; /* paths */
};

static void see_wanted(struct again *a, const struct ch_content_member *m)
{
    if (ch_map_remove(a->wanted, m->path) != NULL) {
        ch_content_see(a->s->content, m);
    }
}

static void see_tar_wanted(void *arg, const struct ch_tar_member *m)
{
    see_wanted(
        arg, &(struct ch_content_member){
                 .path = m->path, .type = m->type, .bytes = m->bytes, .size_bytes = m->size_bytes});
}

static void see_zip_wanted(void *arg, const struct ch_zip_member *m, struct ch_str content)
{
    see_wanted(
        arg, &(struct ch_content_member){
                 .path = m->name, .type = m->type, .bytes = content, .size_bytes = m->size_bytes});
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
    /* told when it was read for the first time */
}

static void walk_again(struct again *a, const struct ch_archive_kind *kind,
                       const struct ch_input *in)
{
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    struct ch_zip *zip;
    struct ch_err err;
    bool complete;
    if (kind->format == CH_ARCHIVE_TAR) {
        CH_IGNORE(ch_tar_walk(in, kind->packing, &ch_tar_profile_sdist, out, see_tar_wanted, a,
                              &complete, &err) != CH_OK);
    } else if (ch_zip_open(in, &ch_zip_profile_sdist, out, &zip, &err) == CH_OK) {
        ch_zip_verify(zip, see_zip_wanted, a);
        ch_zip_free(zip);
    }
    ch_scan_writer_free(out);
}

/* Source that is reached, as often as there is some; the others are gathered. */
static void see_reached_source(struct again *a)
{
    struct ch_str path;
    while (ch_content_next(a->s->content, &path)) {
        struct sdist_file *f = sdist_find(a->s, sdist_tree(a->s, path));
        if (f != NULL) {
            see_file(a->s, f);
        } else {
            CH_IGNORE(ch_map_set(a->wanted, path, a));
        }
    }
}

static void see_reached(struct sdist *s, const struct ch_archive_kind *kind,
                        const struct ch_input *in)
{
    enum { WALKS = 4 };
    struct again a = {.s = s, .wanted = ch_map_new()};
    see_reached_source(&a);
    for (int i = 0; i < WALKS && ch_map_count(a.wanted) > 0; i++) {
        walk_again(&a, kind, in);
        see_reached_source(&a);
    }
    if (ch_map_count(a.wanted) > 0) {
        sdist_report(s, CH_F_LIMIT, whole, "what is run or opened was not found again");
    }
    ch_map_free(a.wanted);
}

static void done(struct sdist *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->files[i]->own);
        free(s->files[i]);
    }
    free(s->files);
    free(s->top_own);
    ch_map_free(s->by_tree);
    struct ch_str package;
    void *folder;
    for (size_t at = 0; ch_map_next(s->mapped, &at, &package, &folder);) {
        free(folder);
    }
    ch_map_free(s->mapped);
    sdist_links_done(s);
    ch_buf_done(&s->settings);
    names_done(&s->roots);
    names_done(&s->folders);
    names_done(&s->backends);
    names_done(&s->objects);
    names_done(&s->tools);
    ch_content_free(s->content);
}

enum ch_code ch_sdist_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    struct sdist s = {.job = job,
                      .out = out,
                      .by_tree = ch_map_new(),
                      .links = ch_map_new(),
                      .mapped = ch_map_new()};
    ch_buf_init(&s.settings, 2 * (size_t)ch_limits.toml_bytes);
    struct ch_archive_kind kind = ch_archive_kind_of(job, in);
    check_file_name(&s, &kind);
    struct ch_content_options o = {.job = job,
                                   .out = out,
                                   .kind = CH_CONTENT_SDIST,
                                   .project = s.name,
                                   .place = place_of,
                                   .read = read_member,
                                   .site = site_of,
                                   .arg = &s};
    bool complete = false;
    s.content = ch_content_new(&o);
    enum ch_code rc = walk(&s, &kind, in, &complete, err);
    if (rc == CH_OK) {
        /* Of half an archive there is less to say: its findings hold it. */
        if (complete) {
            check_folder(&s);
            check_metadata(&s);
            check_setup(&s);
            sdist_check_build(&s);
            sdist_follow_imports(&s);
        }
        see_deferred(&s);
        if (s.roots.over || s.folders.over || s.objects.over || s.backends.over) {
            sdist_report(&s, CH_F_LIMIT, whole,
                         "more folders of packages, or entry points, than are kept");
        }
        see_reached(&s, &kind, in);
        ch_content_end(s.content);
        rc = ch_scan_writer_ok(out, err);
    }
    done(&s);
    return rc;
}
