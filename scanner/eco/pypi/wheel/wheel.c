#include "scanner/eco/pypi/wheel/wheel.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/installed.h"
#include "scanner/eco/pypi/inspection.h"
#include "scanner/eco/pypi/metadata/metadata.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

static const struct ch_str whole = {NULL, 0};

void wheel_report(struct wheel *w, enum ch_finding_code code, struct ch_str member, const char *fmt,
                  ...)
{
    va_list va;
    va_start(va, fmt);
    pypi_report(w->out, code, member, fmt, va);
    va_end(va);
}

/* --- members by name --- */

static int by_name(const void *a, const void *b, void *arg)
{
    const struct wheel *w = arg;
    return ch_str_cmp(ch_zip_at(w->zip, *(const size_t *)a)->name,
                      ch_zip_at(w->zip, *(const size_t *)b)->name);
}

static void index_members(struct wheel *w)
{
    size_t n = ch_zip_count(w->zip);
    w->by_name = ch_calloc(n + 1, sizeof(w->by_name[0]));
    for (size_t i = 0; i < n; i++) {
        w->by_name[i] = i;
    }
    qsort_r(w->by_name, n, sizeof(w->by_name[0]), by_name, w);
}

bool wheel_find(const struct wheel *w, struct ch_str name, size_t *ret_index)
{
    size_t low = 0;
    size_t high = ch_zip_count(w->zip);
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = ch_str_cmp(name, ch_zip_at(w->zip, w->by_name[mid])->name);
        if (c == 0) {
            *ret_index = w->by_name[mid];
            return true;
        }
        if (c < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return false;
}

bool wheel_read(struct wheel *w, const char *file, enum ch_finding_code code, bool optional,
                struct ch_buf *ret, struct ch_str *ret_member)
{
    struct ch_buf path;
    struct ch_err err;
    size_t index;
    ch_buf_init(&path, ch_limits.member_path_bytes);
    ch_buf_puts(&path, w->dist_info);
    ch_buf_printf(&path, "/%s", file);
    bool found = w->dist_info.ptr != NULL && wheel_find(w, ch_buf_str(&path), &index);
    bool ok = found && ch_zip_read(w->zip, index, ret, &err) == CH_OK;
    if (!found && !optional) {
        wheel_report(w, code, ch_buf_str(&path), "is missing");
    } else if (found && !ok) {
        wheel_report(w, code, ch_buf_str(&path), "%s", err.msg);
    }
    if (found) {
        *ret_member = ch_zip_at(w->zip, index)->name;
    }
    ch_buf_done(&path);
    return ok;
}

/* --- what is inside the members --- */

static void see_content(struct wheel *w, const struct ch_zip_member *m, struct ch_str content)
{
    ch_content_see(w->content, &(struct ch_content_member){.path = m->name,
                                                           .type = m->type,
                                                           .link = m->link,
                                                           .bytes = content,
                                                           .size_bytes = m->size_bytes});
}

static void see_member(void *arg, const struct ch_zip_member *m, struct ch_str content)
{
    see_content(arg, m, content);
}

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_place(ch_installed_of_wheel(path));
}

static struct ch_installed installed(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_of_wheel(path);
}

static bool read_member(void *arg, struct ch_str path, struct ch_buf *ret)
{
    struct wheel *w = arg;
    struct ch_err err;
    size_t index;
    return wheel_find(w, path, &index) && ch_zip_read(w->zip, index, ret, &err) == CH_OK;
}

static bool read_ahead(void *arg, struct ch_str path, struct ch_buf *ret)
{
    struct wheel *w = arg;
    struct ch_err err;
    size_t index;
    return wheel_find(w, path, &index) && ch_zip_read_ahead(w->zip, index, ret, &err) == CH_OK;
}

static struct ch_str site_of(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_site(ch_installed_of_wheel(path));
}

/* What lies among tests and is run all the same, once more. */
static void see_reached(struct wheel *w)
{
    struct ch_str path;
    while (ch_content_next(w->content, &path)) {
        struct ch_buf content;
        struct ch_err err;
        size_t index;
        ch_buf_init(&content, (size_t)ch_limits.member_whole_bytes);
        bool found = wheel_find(w, path, &index);
        if (found && ch_zip_read(w->zip, index, &content, &err) == CH_OK) {
            see_content(w, ch_zip_at(w->zip, index), ch_buf_str(&content));
        } else {
            wheel_report(w, CH_F_LIMIT, path, "is run or opened, and larger than is read again");
        }
        ch_buf_done(&content);
    }
}

static void see_members(struct wheel *w)
{
    struct ch_content_options o = {.job = w->job,
                                   .out = w->out,
                                   .kind = CH_CONTENT_BUILT,
                                   .project = w->named ? w->name.name : whole,
                                   .platform = w->named ? w->name.platform : whole,
                                   .noun = "wheel",
                                   .platform_known = "the file name",
                                   .place = place_of,
                                   .installed = installed,
                                   .read = read_member,
                                   .ahead = read_ahead,
                                   .site = site_of,
                                   .arg = w};
    w->content = ch_content_new(&o);
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        if (ch_zip_at(w->zip, i)->type == CH_MEMBER_FILE) {
            ch_content_expect_start(w->content, ch_zip_at(w->zip, i)->name);
        }
    }
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        if (ch_zip_at(w->zip, i)->type == CH_MEMBER_FILE) {
            ch_content_expect(w->content, ch_zip_at(w->zip, i)->name);
        }
    }
    ch_content_follow_start(w->content);
    ch_zip_verify(w->zip, see_member, w);
}

/* --- folders --- */

static bool ends_nocase(struct ch_str s, struct ch_str suffix)
{
    return s.len >= suffix.len &&
           ch_str_eq_nocase(ch_str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

/* NAME-VERSION of "NAME-VERSION.dist-info". */
static struct ch_str stem_of(struct ch_str dist_info)
{
    const size_t suffix = sizeof(".dist-info") - 1;
    return ch_str_sub(dist_info, 0, dist_info.len < suffix ? 0 : dist_info.len - suffix);
}

/* Whether the folder is named as the file is, both being escaped alike. */
static bool is_own(const struct wheel *w, struct ch_str dist_info)
{
    struct ch_str version = stem_of(dist_info);
    struct ch_str name;
    return w->named && ch_str_split(&version, '-', &name) && version.ptr != NULL &&
           ch_pypi_name_eq(name, w->name.name) && ch_pypi_same_version(version, w->name.version);
}

/* Of several, the wheel's own is the one to go on with. */
static void note_dist_info(struct wheel *w, struct ch_str folder)
{
    if (w->dist_info.ptr == NULL) {
        w->dist_info = folder;
        return;
    }
    struct ch_str other = folder;
    if (is_own(w, folder) && !is_own(w, w->dist_info)) {
        other = w->dist_info;
        w->dist_info = folder;
    }
    wheel_report(w, CH_F_WHEEL_DIST_INFO, other, "beside \"%.*s\"", CH_STR_ARG(w->dist_info));
}

static void check_data(struct wheel *w, struct ch_str folder, struct ch_str rest,
                       struct ch_str member)
{
    static const struct ch_str keys[] = {
        {"purelib", 7}, {"platlib", 7}, {"headers", 7}, {"scripts", 7}, {"data", 4}};
    struct ch_str key;
    bool known = !ch_str_split(&rest, '/', &key) || key.len == 0;
    for (size_t i = 0; !known && i < CH_ARRAY_LEN(keys); i++) {
        known = ch_str_eq(key, keys[i]);
    }
    struct ch_str stem = ch_str_sub(folder, 0, folder.len - 5);
    struct ch_str own = stem_of(w->dist_info);
    if (!known || !ch_str_eq(stem, own)) {
        wheel_report(w, CH_F_WHEEL_DATA, member, "in the folders of \"%.*s\"", CH_STR_ARG(own));
    }
}

/* Where a component of a member's path stands. Every folder on sys.path counts as a site:
 * importlib.metadata lists the *.dist-info and *.egg-info of each, whether folder or file, and pip
 * what its *.egg have and its *.egg-link name. */
struct standing {
    unsigned depth;
    bool in_data;        /* under NAME.data */
    bool by_site;        /* under its purelib or platlib, which end up at the top */
    bool headers;        /* never on sys.path */
    unsigned below_site; /* components since one named site-packages or dist-packages; 0: none */
};

static bool is_site(const struct standing *s)
{
    enum { NAME_DATA = 0, KEY = 1, FIRST = 2 };
    if (!s->in_data || s->headers) {
        return s->depth == NAME_DATA;
    }
    /* data/ is the whole prefix: its lib/pythonX.Y and bin are on sys.path too. What a package in a
     * site-packages there carries inside itself is its own. */
    return s->by_site ? s->depth == FIRST : s->depth > KEY && s->below_site <= 1;
}

static void step_into(struct standing *s, struct ch_str part)
{
    if (s->depth == 0) {
        s->in_data = ends_nocase(part, CH_STR(".data"));
    } else if (s->depth == 1) {
        s->by_site = ch_str_eq(part, CH_STR("purelib")) || ch_str_eq(part, CH_STR("platlib"));
        s->headers = ch_str_eq(part, CH_STR("headers"));
    } else if (ch_str_eq_nocase(part, CH_STR("site-packages")) ||
               ch_str_eq_nocase(part, CH_STR("dist-packages"))) {
        s->below_site = 1;
        s->depth++;
        return;
    }
    s->below_site += s->below_site > 0 ? 1 : 0;
    s->depth++;
}

static bool is_distribution(struct ch_str part)
{
    return ends_nocase(part, CH_STR(".egg-info")) || ends_nocase(part, CH_STR(".egg")) ||
           ends_nocase(part, CH_STR(".egg-link"));
}

/* The first part of `path` that would be taken for a distribution of its own. The folders at the
 * top are note_dist_info's. */
static bool find_installed(struct ch_str path, struct ch_str *ret)
{
    struct standing s = {0};
    struct ch_str rest = path;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part)) {
        bool info =
            is_distribution(part) || (s.depth > 0 && ends_nocase(part, CH_STR(".dist-info")));
        if (info && is_site(&s)) {
            *ret = ch_str_sub(path, 0, (size_t)(part.ptr - path.ptr) + part.len);
            return true;
        }
        step_into(&s, part);
    }
    return false;
}

static void check_installed(struct wheel *w)
{
    struct ch_str last = whole;
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        struct ch_str found;
        if (find_installed(ch_zip_at(w->zip, w->by_name[i])->name, &found) &&
            !ch_str_eq(found, last)) {
            wheel_report(w, CH_F_WHEEL_DIST_INFO, found, "installed beside \"%.*s\"",
                         CH_STR_ARG(w->dist_info));
            last = found;
        }
    }
}

/* Whether this is the first member, in order of names, with these first `depth` path components. */
static bool new_folder(struct ch_str path, struct ch_str *last, unsigned depth)
{
    size_t end = 0;
    for (unsigned d = 0; d < depth; d++) {
        struct ch_str rest = ch_str_sub(path, end, path.len);
        size_t at;
        if (!ch_str_find_char(rest, '/', &at)) {
            end = path.len;
            break;
        }
        end += at + 1;
    }
    struct ch_str folder = ch_str_sub(path, 0, end);
    bool same = ch_str_eq(*last, folder);
    *last = folder;
    return !same;
}

static void check_folders(struct wheel *w)
{
    enum { TOP = 1, DATA_DEPTH = 3 }; /* NAME.data/purelib/X */
    struct ch_str last = whole;
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        struct ch_str path = ch_zip_at(w->zip, w->by_name[i])->name;
        struct ch_str first;
        struct ch_str rest = path;
        if (new_folder(path, &last, TOP) && ch_str_split(&rest, '/', &first) &&
            ends_nocase(first, CH_STR(".dist-info"))) {
            note_dist_info(w, first);
        }
    }
    last = whole;
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        struct ch_str path = ch_zip_at(w->zip, w->by_name[i])->name;
        struct ch_str first;
        struct ch_str rest = path;
        if (new_folder(path, &last, DATA_DEPTH) && ch_str_split(&rest, '/', &first) &&
            ends_nocase(first, CH_STR(".data")) && rest.ptr != NULL) {
            check_data(w, first, rest, path);
        }
    }
    check_installed(w);
    if (w->dist_info.ptr == NULL) {
        wheel_report(w, CH_F_WHEEL_DIST_INFO, whole, "no .dist-info folder");
    }
}

/* PEP 610: direct_url.json says from where an installer took the package. What came from an index
 * has none, and installers leave one that the wheel brought: `pip freeze` then hands on its
 * address. */
static void check_direct_url(struct wheel *w)
{
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        struct ch_str path = ch_zip_at(w->zip, i)->name;
        if (ch_str_starts(path, w->dist_info) &&
            ch_str_eq_nocase(ch_str_sub(path, w->dist_info.len, path.len),
                             CH_STR("/direct_url.json"))) {
            wheel_report(w, CH_F_DIRECT_REFERENCE, path,
                         "brought along, not written by installers");
        }
    }
}

/* requires.txt is egg-info's, and no builder of wheels leaves one. Yet importlib.metadata, and pip with
 * it, takes the requirements from there when METADATA has none: neither the metadata beside the file
 * nor who reads METADATA knows of them. */
static void check_requires(struct wheel *w, size_t index, struct ch_str path)
{
    struct ch_buf text;
    struct ch_err err;
    struct ch_str line;
    bool direct = false;
    ch_buf_init(&text, (size_t)ch_limits.member_whole_bytes);
    if (ch_zip_read(w->zip, index, &text, &err) == CH_OK) {
        struct ch_str rest = ch_buf_str(&text);
        while (pypi_next_line(&rest, &line)) {
            line = ch_str_trim(line);
            bool section = ch_str_starts(line, CH_STR("[")) || ch_str_starts(line, CH_STR("#"));
            if (!section && ch_requirement_classify(line) == CH_REQUIREMENT_DIRECT) {
                wheel_report(w, CH_F_DIRECT_REFERENCE, path, "%.*s",
                             CH_STR_ARG(ch_str_sub(line, 0, 200)));
                direct = true;
            }
        }
    }
    if (!direct) {
        wheel_report(w, CH_F_WHEEL_METADATA, path, "requirements that METADATA does not state");
    }
    ch_buf_done(&text);
}

static void check_requires_files(struct wheel *w)
{
    for (size_t i = 0; i < ch_zip_count(w->zip); i++) {
        struct ch_str path = ch_zip_at(w->zip, i)->name;
        if (ch_str_starts(path, w->dist_info) &&
            ch_str_eq_nocase(ch_str_sub(path, w->dist_info.len, path.len),
                             CH_STR("/requires.txt"))) {
            check_requires(w, i, path);
        }
    }
}

/* --- names --- */

static void check_dist_info_name(struct wheel *w)
{
    if (w->dist_info.ptr == NULL) {
        return;
    }
    if (!ch_str_ends(w->dist_info, CH_STR(".dist-info"))) {
        wheel_report(w, CH_F_WHEEL_DIST_INFO, w->dist_info, "not in lower case");
    }
    if (w->named && !is_own(w, w->dist_info)) {
        wheel_report(w, CH_F_WHEEL_NAME_DIFFERS, w->dist_info, "the file name says %.*s-%.*s",
                     CH_STR_ARG(w->name.name), CH_STR_ARG(w->name.version));
    }
}

static void check_file_name(struct wheel *w)
{
    const char *why;
    w->named = wheel_name_parse(w->job->file_name, &w->name, &why);
    if (!w->named) {
        wheel_report(w, CH_F_WHEEL_NAME, whole, "%s", why);
        return;
    }
    if (!pypi_is_project(w->name.name, w->job->project) ||
        !pypi_is_version(w->name.version, w->job->version)) {
        wheel_report(w, CH_F_WHEEL_NAME, whole, "%.*s %.*s is expected",
                     CH_STR_ARG(w->job->project), CH_STR_ARG(w->job->version));
    }
}

/* PEP 639 has them in "licenses"; builders before it beside METADATA. */
static bool read_licence(void *arg, struct ch_str path, struct ch_buf *ret,
                         struct ch_str *ret_member)
{
    static const char *const folders[] = {"/licenses/", "/"};
    struct wheel *w = arg;
    struct ch_err err;
    size_t index = 0;
    bool found = false;
    for (size_t i = 0; !found && i < CH_ARRAY_LEN(folders); i++) {
        struct ch_buf member;
        ch_buf_init(&member, ch_limits.member_path_bytes);
        ch_buf_puts(&member, w->dist_info);
        ch_buf_puts(&member, ch_str_of(folders[i]));
        ch_buf_puts(&member, path);
        found = !member.failed && wheel_find(w, ch_buf_str(&member), &index);
        ch_buf_done(&member);
    }
    if (found) {
        *ret_member = ch_zip_at(w->zip, index)->name;
    }
    return found && ch_zip_read(w->zip, index, ret, &err) == CH_OK;
}

static void check_metadata(struct wheel *w)
{
    struct ch_scan_job job = *w->job;
    struct ch_buf text;
    struct ch_str member;
    if (w->named && job.project.len == 0) {
        job.project = w->name.name;
    }
    if (w->named && job.version.len == 0) {
        job.version = w->name.version;
    }
    ch_buf_init(&text, ch_limits.metadata_bytes);
    if (wheel_read(w, "METADATA", CH_F_WHEEL_METADATA, false, &text, &member)) {
        struct ch_metadata_licences licences = {read_licence, w};
        ch_metadata_report(&job, member, ch_buf_str(&text), w->out);
        ch_metadata_compare_licences(ch_buf_str(&text), &licences, w->out);
    }
    ch_buf_done(&text);
}

enum ch_code ch_wheel_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    struct wheel w = {.job = job, .out = out};
    enum ch_code rc = ch_zip_open(in, &ch_zip_profile_wheel, out, &w.zip, err);
    if (rc != CH_OK) {
        return rc;
    }
    check_file_name(&w);
    index_members(&w);
    see_members(&w);
    /* Of half an archive there is nothing more to say: its findings hold it. */
    if (ch_zip_complete(w.zip)) {
        check_folders(&w);
        check_dist_info_name(&w);
        if (w.dist_info.ptr != NULL) {
            check_metadata(&w);
            check_direct_url(&w);
            check_requires_files(&w);
            wheel_check_wheel(&w);
            wheel_check_entry_points(&w);
            wheel_check_record(&w);
        }
    }
    see_reached(&w);
    ch_content_end(w.content);
    ch_content_free(w.content);
    free(w.by_name);
    ch_zip_free(w.zip);
    return ch_scan_writer_ok(out, err);
}
