#include "proxy/eco/pypi/pypi_int.h"

#include <string.h>
#include <time.h>

#include "base/pypi/name.h"
#include "base/pypi/requirement.h"
#include "base/pypi/version.h"
#include "customhouse/finding.h"
#include "customhouse/limits.h"
#include "proxy/eco/pypi/file_name.h"

/* --- text of pages and URLs --- */

void ch_pypi_put_path_part(struct ch_buf *b, struct ch_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            ch_buf_putc(b, (char)c);
        } else {
            ch_buf_printf(b, "%%%02X", c);
        }
    }
}

const char *ch_pypi_status_name(const struct ch_page *page)
{
    switch (page->status) {
    case CH_STATUS_ARCHIVED:
        return "archived";
    case CH_STATUS_DEPRECATED:
        return "deprecated";
    case CH_STATUS_QUARANTINED:
        return page->file_count == 0 ? "quarantined" : NULL;
    case CH_STATUS_ACTIVE:
        break;
    }
    return NULL;
}

const char *ch_pypi_api_version(const struct ch_page *page, bool sizes)
{
    for (size_t i = 0; sizes && i < page->file_count; i++) {
        if (page->files[i].size_bytes == CH_SIZE_UNKNOWN) {
            return "1.0";
        }
    }
    if (ch_pypi_status_name(page) != NULL) {
        return "1.4";
    }
    return sizes ? "1.1" : "1.0";
}

bool ch_pypi_put_time(struct ch_buf *b, int64_t at_us)
{
    const int64_t million = 1000000;
    int64_t us = at_us % million;
    time_t seconds = at_us / million;
    if (us < 0) {
        us += million;
        seconds--;
    }
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -899 || tm.tm_year > 8099) {
        return false;
    }
    ch_buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                  tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)us);
    return true;
}

/* --- names --- */

static bool normalise(struct ch_str raw, char *ret, size_t ret_size)
{
    ret[0] = '\0';
    if (!ch_pypi_name_valid(raw)) {
        return false;
    }
    if (ch_pypi_name_is_normal(raw)) { /* what clients ask for: nothing to allocate */
        return ch_str_copy(raw, ret, ret_size);
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.project_name_bytes);
    ch_pypi_name_put_normal(&b, raw);
    bool fits = !b.failed && ch_str_copy(ch_buf_str(&b), ret, ret_size);
    ch_buf_done(&b);
    return fits;
}

/* How a file is inspected; without an inspector it is held. Of the ways to pack an sdist, those
 * that our readers know: compress(1), lzma and lzip are not. */
static const char *profile_of(enum ch_pypi_type type, struct ch_str file_name)
{
    static const struct ch_str packings[] = {{".tar.gz", 7}, {".zip", 4}, {".tar.bz2", 8},
                                             {".tar.xz", 7}, {".tgz", 4}, {".tbz", 4},
                                             {".txz", 4},    {".tar", 4}};
    for (size_t i = 0; type == CH_PYPI_SDIST && i < CH_ARRAY_LEN(packings); i++) {
        if (ch_str_ends(file_name, packings[i])) {
            return "sdist";
        }
    }
    return type == CH_PYPI_WHEEL ? "wheel" : NULL;
}

static bool project_of(struct ch_str file_name, char *ret, size_t ret_size)
{
    struct ch_pypi_file file;
    return ch_pypi_file_split(file_name, (struct ch_str){NULL, 0}, &file) &&
           normalise(file.project, ret, ret_size);
}

static const char *const profiles[] = {"wheel", "sdist", NULL};

static void split(struct ch_str project, struct ch_str file_name, struct ch_release *ret)
{
    *ret = (struct ch_release){0};
    struct ch_pypi_file file;
    bool known = ch_pypi_file_split(file_name, project, &file);
    ret->file_type = ch_pypi_type_name(file.type);
    ret->profile = profile_of(file.type, file_name);
    if (!known || !ch_str_copy(file.version, ret->version, sizeof(ret->version))) {
        return;
    }
    if (file.type == CH_PYPI_WHEEL) {
        ret->python_tags = file.python;
        ret->abi_tags = file.abi;
        ret->platform_tags = file.platform;
    }
}

/* --- what a URL means --- */

/* The absolute path of a project's page, or of the list of projects, on this server. */
static void move_to(struct ch_str repository, struct ch_str project, struct ch_target *ret)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(ret->location) - 1);
    ch_buf_putc(&b, '/');
    ch_pypi_put_path_part(&b, repository);
    ch_buf_puts(&b, CH_STR("/simple/"));
    if (project.len > 0) {
        ch_pypi_put_path_part(&b, project);
        ch_buf_putc(&b, '/');
    }
    if (!b.failed && ch_str_copy(ch_buf_str(&b), ret->location, sizeof(ret->location))) {
        ret->kind = CH_TARGET_MOVED;
    }
    ch_buf_done(&b);
}

static void classify_page(struct ch_str repository, struct ch_str name, bool directory,
                          struct ch_target *ret)
{
    if (!normalise(name, ret->project, sizeof(ret->project))) {
        return;
    }
    /* PEP 503: the normalised form with its slash is the one place; all others redirect to it. */
    if (directory && ch_str_eq(name, ch_str_of(ret->project))) {
        ret->kind = CH_TARGET_PROJECT;
    } else {
        move_to(repository, ch_str_of(ret->project), ret);
    }
}

static void classify_file(struct ch_str project, struct ch_str file_name, struct ch_target *ret)
{
    const struct ch_str sidecar = CH_STR(".metadata");
    /* One spelling per file: no second URL may reach it beside the decision's key. */
    if (!ch_pypi_name_is_normal(project) ||
        !ch_str_copy(project, ret->project, sizeof(ret->project))) {
        return;
    }
    if (ch_str_ends(file_name, sidecar)) {
        ret->part = CH_PART_METADATA;
        file_name = ch_str_sub(file_name, 0, file_name.len - sidecar.len);
    }
    if (file_name.len == 0 || file_name.len > ch_limits.file_name_bytes ||
        !ch_str_copy(file_name, ret->file_name, sizeof(ret->file_name))) {
        return;
    }
    ret->kind = CH_TARGET_FILE;
}

static void classify(struct ch_str repository, const struct ch_str *segments, size_t count,
                     bool directory, struct ch_target *ret)
{
    *ret = (struct ch_target){0};
    if (count == 1 && ch_str_eq(segments[0], CH_STR("simple"))) {
        if (directory) {
            ret->kind = CH_TARGET_ROOT;
        } else {
            move_to(repository, (struct ch_str){NULL, 0}, ret);
        }
    } else if (count == 2 && ch_str_eq(segments[0], CH_STR("simple"))) {
        classify_page(repository, segments[1], directory, ret);
    } else if (count == 3 && !directory && ch_str_eq(segments[0], CH_STR("files"))) {
        classify_file(segments[1], segments[2], ret);
    }
}

/* --- the upstream --- */

static enum ch_code page_url(struct ch_str base, struct ch_str project, unsigned form,
                             struct ch_buf *url)
{
    if (form > 0) {
        return CH_E_NOT_FOUND;
    }
    ch_buf_puts(url, base);
    ch_buf_putc(url, '/');
    ch_pypi_put_path_part(url, project);
    ch_buf_putc(url, '/');
    return ch_buf_ok(url, NULL);
}

static enum ch_code details_url(struct ch_str api_base, struct ch_str project, struct ch_buf *url)
{
    ch_buf_puts(url, api_base);
    ch_buf_putc(url, '/');
    ch_pypi_put_path_part(url, project);
    ch_buf_puts(url, CH_STR("/json"));
    return ch_buf_ok(url, NULL);
}

/* PEP 658: the file's URL with ".metadata" appended to its path; a query stays behind it, a
 * fragment is never sent. */
static enum ch_code sidecar_url(struct ch_str file_url, struct ch_buf *url)
{
    size_t end = file_url.len;
    size_t at;
    if (ch_str_find_char(file_url, '#', &at)) {
        end = at;
    }
    struct ch_str whole = ch_str_sub(file_url, 0, end);
    size_t query = whole.len;
    if (ch_str_find_char(whole, '?', &at)) {
        query = at;
    }
    ch_buf_puts(url, ch_str_sub(whole, 0, query));
    ch_buf_puts(url, CH_STR(".metadata"));
    ch_buf_puts(url, ch_str_sub(whole, query, whole.len));
    return ch_buf_ok(url, NULL);
}

static const char *page_profile(struct ch_str content_type)
{
    static const struct {
        const char *media_type;
        const char *profile;
    } rows[] = {
        {"application/vnd.pypi.simple.v1+json", "page-json"},
        {"application/vnd.pypi.simple.v1+html", "page-html"},
        {"text/html", "page-html"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq_nocase(content_type, ch_str_of(rows[i].media_type))) {
            return rows[i].profile;
        }
    }
    return NULL;
}

/* --- the line that a user needs --- */

/* The host of "http://HOST[:PORT]" when pip would not trust it: plain HTTP and not loopback. */
static struct ch_str host_to_trust(struct ch_str origin)
{
    static const char *const loopback[] = {"127.0.0.1", "localhost", "[::1]"};
    const struct ch_str scheme = CH_STR("http://");
    if (!ch_str_starts(origin, scheme)) {
        return (struct ch_str){NULL, 0};
    }
    struct ch_str host = ch_str_sub(origin, scheme.len, origin.len);
    size_t from = 0;
    size_t colon;
    if (host.len > 0 && host.ptr[0] == '[' && !ch_str_find_char(host, ']', &from)) {
        return (struct ch_str){NULL, 0};
    }
    if (ch_str_find_char(ch_str_sub(host, from, host.len), ':', &colon)) {
        host = ch_str_sub(host, 0, from + colon);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(loopback); i++) {
        if (ch_str_eq_nocase(host, ch_str_of(loopback[i]))) {
            return (struct ch_str){NULL, 0};
        }
    }
    return host;
}

static void usage_line(struct ch_str origin, struct ch_str repository, struct ch_buf *out)
{
    ch_buf_puts(out, CH_STR("pip install --index-url "));
    ch_buf_put_escaped(out, origin);
    ch_buf_putc(out, '/');
    ch_pypi_put_path_part(out, repository);
    ch_buf_puts(out, CH_STR("/simple/"));
    struct ch_str host = host_to_trust(origin);
    if (host.len > 0) {
        ch_buf_puts(out, CH_STR(" --trusted-host "));
        ch_buf_put_escaped(out, host);
    }
    ch_buf_puts(out, CH_STR(" PACKAGE"));
}

/* In the order that breaks ties: what asks for nothing in particular is a browser or an old tool.
 */
static const struct ch_index_format formats[] = {
    {"text/html; charset=utf-8", "text/html", ch_pypi_render_html, ch_pypi_render_root_html, .zstd = false},
    {"application/vnd.pypi.simple.v1+html",
     "application/vnd.pypi.simple.v1+html,application/vnd.pypi.simple.latest+html",
     ch_pypi_render_html, ch_pypi_render_root_html, .zstd = false},
    {"application/vnd.pypi.simple.v1+json",
     "application/vnd.pypi.simple.v1+json,application/vnd.pypi.simple.latest+json",
     ch_pypi_render_json, ch_pypi_render_root_json, .zstd = false},
};

static bool is_prerelease(struct ch_str version)
{
    struct ch_pep440 parsed;
    return ch_pep440_parse(version, &parsed) && ch_pep440_is_prerelease(&parsed);
}

/* "==1.0", and nothing more: installers take such a version where it is yanked, too (PEP 592). */
static struct ch_str pinned(struct ch_str specifier)
{
    size_t equals = ch_str_starts(specifier, CH_STR("===")) ? 3 : 2;
    bool pins = ch_str_starts(specifier, CH_STR("==")) && !ch_str_find_char(specifier, ',', NULL) &&
                !ch_str_find_char(specifier, '*', NULL);
    return pins ? ch_str_trim(ch_str_sub(specifier, equals, specifier.len))
                : (struct ch_str){NULL, 0};
}

/* PEP 440, "Handling of pre-releases": a clause that names one permits them. */
static bool names_prerelease(struct ch_str specifier)
{
    struct ch_str clause;
    while (ch_str_split(&specifier, ',', &clause)) {
        struct ch_pep440 version;
        size_t at = 0;
        while (at < clause.len && strchr("<>=!~ \t", clause.ptr[at]) != NULL) {
            at++;
        }
        if (ch_pep440_parse(ch_str_trim(ch_str_sub(clause, at, clause.len)), &version) &&
            ch_pep440_is_prerelease(&version)) {
            return true;
        }
    }
    return false;
}

/* A marker is judged once for no extra, and once for each that is asked for, as installers do. */
static bool read_dependency(struct ch_str value, struct ch_str extras, struct ch_dependency *ret)
{
    struct ch_requirement_parts parts;
    struct ch_str extra;
    if (ch_requirement_read(value, &parts) != CH_REQUIREMENT_PLAIN ||
        !normalise(parts.name, ret->project, sizeof(ret->project))) {
        return false;
    }
    enum ch_marker needed = ch_requirement_marker(parts.marker, (struct ch_str){NULL, 0});
    while (ch_str_split(&extras, ',', &extra)) {
        enum ch_marker with = ch_requirement_marker(parts.marker, ch_str_trim(extra));
        needed = with > needed ? with : needed;
    }
    ret->asked = needed != CH_MARKER_NEVER;
    ret->extras = parts.extras;
    ret->versions = parts.specifier;
    ret->version = pinned(parts.specifier);
    ret->prereleases = names_prerelease(parts.specifier);
    ret->on = needed == CH_MARKER_DEPENDS ? parts.marker : (struct ch_str){NULL, 0};
    return true;
}

static const char *type_of_finding(uint32_t code)
{
    static const uint32_t wheels[] = {
        CH_F_WHEEL_NAME,   CH_F_WHEEL_DIST_INFO, CH_F_WHEEL_WHEEL,
        CH_F_WHEEL_RECORD, CH_F_ENTRY_POINTS,    CH_F_WHEEL_RECORD_HASH,
        CH_F_WHEEL_DATA,   CH_F_PYC_UNCHECKED,   CH_F_WHEEL_RENAMED};
    static const uint32_t sdists[] = {CH_F_SDIST_NAME,         CH_F_SDIST_FOLDER,
                                      CH_F_SDIST_METADATA,     CH_F_SDIST_NAME_DIFFERS,
                                      CH_F_SDIST_PACKING,      CH_F_SDIST_VERSION_DIFFERS,
                                      CH_F_SDIST_BACKEND_PATH, CH_F_SDIST_BUILD};
    for (size_t i = 0; i < CH_ARRAY_LEN(wheels); i++) {
        if (code == wheels[i]) {
            return "wheel";
        }
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(sdists); i++) {
        if (code == sdists[i]) {
            return "sdist";
        }
    }
    return NULL;
}

static const char *const file_types[] = {"wheel", "sdist", "egg", "other", NULL};

const struct ch_ecosystem ch_ecosystem_pypi = {
    .name = "pypi",
    .file_types = file_types,
    .source_type = "sdist",
    .built_type = "wheel",
    .type_of_finding = type_of_finding,
    .file_endings = ch_pypi_file_endings,
    .normalise = normalise,
    .split = split,
    .project_of = project_of,
    .profiles = profiles,
    .compare_versions = ch_pep440_cmp,
    .match_version = ch_pep440_match,
    .match_denied = ch_pep440_match_widely,
    .is_prerelease = is_prerelease,
    .sample_versions = ch_pep440_samples,
    .dependency_fact = "requires-dist",
    .read_dependency = read_dependency,
    .clients = &ch_pypi_clients,
    .classify = classify,
    .formats = formats,
    .format_count = CH_ARRAY_LEN(formats),
    .page_accept = "application/vnd.pypi.simple.v1+json, "
                   "application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
    .page_url = page_url,
    .details_url = details_url,
    .sidecar_url = sidecar_url,
    .page_profile = page_profile,
    .wanted_next = ch_pypi_wanted_next,
    .usage_line = usage_line,
};
