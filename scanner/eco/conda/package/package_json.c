/* info/index.json, info/paths.json and info/link.json, against the name and the content. Spec:
 * CEP 34. */
#include <stdio.h>

#include "base/spdx/spdx.h"
#include "customhouse/ascii.h"
#include "customhouse/limits.h"
#include "scanner/eco/conda/package/package_int.h"
#include "scanner/json/json.h"
#include "scanner/python/entry_points.h"

/* An object, with no key twice; NULL: reported. Decref it. */
static json_t *load(struct conda_package *p, struct ch_str path, enum ch_finding_code code,
                    bool optional)
{
    struct ch_str text;
    struct ch_err err;
    if (ch_map_get(p->by_path, path) == NULL) {
        if (!optional) {
            conda_report(p, code, path, "is missing");
        }
        return NULL;
    }
    if (!conda_text(p, path, &text)) {
        conda_report(p, code, path, "is no file that can be read");
        return NULL;
    }
    json_t *doc = NULL;
    if (ch_json_load(text, &doc, &err) != CH_OK) {
        conda_report(p, code, path, "%s", err.msg);
    } else if (!json_is_object(doc)) {
        conda_report(p, code, path, "expected an object");
        json_decref(doc);
        doc = NULL;
    }
    return doc;
}

/* --- info/index.json --- */

static const struct ch_str index_path = {"info/index.json", 15};
static const char site_packages_key[] = "python_site_packages_path";

static void check_field(struct conda_package *p, const json_t *doc, const char *key,
                        struct ch_str expected)
{
    struct ch_str value = ch_json_text(json_object_get(doc, key));
    if (value.ptr == NULL) {
        conda_report(p, CH_F_CONDA_INDEX, index_path, "%s: a text was expected", key);
    } else if (expected.ptr != NULL && !ch_str_eq(value, expected)) {
        conda_report(p, CH_F_CONDA_INDEX, index_path, "%s: \"%.*s\", the file name says \"%.*s\"",
                     key, CH_STR_ARG(value), CH_STR_ARG(expected));
    }
}

static void check_texts(struct conda_package *p, const json_t *doc, const char *key, bool needed)
{
    const json_t *list = json_object_get(doc, key);
    if (list == NULL && !needed) {
        return;
    }
    bool ok = json_is_array(list);
    for (size_t i = 0; ok && i < json_array_size(list); i++) {
        ok = json_is_string(json_array_get(list, i));
    }
    if (!ok) {
        conda_report(p, CH_F_CONDA_INDEX, index_path, "%s: a list of texts was expected", key);
    }
}

/* Platform tags of wheels for the same machines. */
static const struct platform {
    const char *subdir;
    const char *tag;
} platforms[] = {
    {"linux-64", "linux_x86_64"},
    {"linux-32", "linux_i686"},
    {"linux-aarch64", "linux_aarch64"},
    {"linux-armv6l", "linux_armv6l"},
    {"linux-armv7l", "linux_armv7l"},
    {"linux-ppc64le", "linux_ppc64le"},
    {"linux-ppc64", "linux_ppc64"},
    {"linux-s390x", "linux_s390x"},
    {"linux-riscv64", "linux_riscv64"},
    {"osx-64", "macosx_10_9_x86_64"},
    {"osx-arm64", "macosx_11_0_arm64"},
    {"win-64", "win_amd64"},
    {"win-32", "win32"},
    {"win-arm64", "win_arm64"},
};

/* "noarch": "generic" says nothing of native code: files for other machines come so, sysroots of
 * compilers. */
static struct ch_str platform_of(const json_t *doc)
{
    struct ch_str subdir = ch_json_text(json_object_get(doc, "subdir"));
    if (ch_str_eq(ch_json_text(json_object_get(doc, "noarch")), CH_STR("python"))) {
        return CH_STR("any");
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(platforms); i++) {
        if (ch_str_eq(subdir, ch_str_of(platforms[i].subdir))) {
            return ch_str_of(platforms[i].tag);
        }
    }
    return (struct ch_str){NULL, 0};
}

void conda_see_index(struct conda_package *p, struct ch_str text)
{
    struct ch_err err;
    json_t *doc = NULL;
    CH_IGNORE(ch_json_load(text, &doc, &err)); /* conda_check_index reports it */
    ch_content_set_platform(p->content, platform_of(doc));
    p->platform_known = true;
    p->moved = ch_str_eq(ch_json_text(json_object_get(doc, "noarch")), CH_STR("python"));
    json_decref(doc);
}

static void tell(struct conda_package *p, const char *name, struct ch_str value)
{
    if (value.len > ch_limits.text_bytes) {
        conda_report(p, CH_F_LIMIT, index_path, "%s is longer than is kept", name);
    } else if (value.len > 0) {
        ch_scan_write_fact(p->out, ch_str_of(name), value);
    }
}

/* SPDX, by CEP 34; older packages state what they like. */
static void tell_licence(struct conda_package *p, struct ch_str stated)
{
    struct ch_err err;
    struct ch_buf canonical;
    const char *id = ch_spdx_of_text(stated);
    ch_buf_init(&canonical, ch_limits.licence_bytes);
    tell(p, "license", stated);
    if (id != NULL) {
        ch_buf_puts(&canonical, ch_str_of(id));
    } else if (ch_spdx_canonical(stated, &canonical, &err) != CH_OK) {
        ch_buf_clear(&canonical);
    }
    tell(p, ch_fact_row(CH_FACT_LICENCE)->name, ch_buf_str(&canonical));
    ch_buf_done(&canonical);
}

static void tell_number(struct conda_package *p, const char *name, const json_t *number)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(number));
    tell(p, name, json_is_integer(number) ? ch_str_of(digits) : CH_STR(""));
}

/* What records of channels are compared with (ch_ecosystem.compare_record), too. */
static void tell_index(struct conda_package *p, const json_t *doc)
{
    static const char *const texts[] = {"subdir", "build"};
    static const char *const lists[] = {"depends", "constrains"};
    const json_t *noarch = json_object_get(doc, "noarch");
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        tell(p, texts[i], ch_json_text(json_object_get(doc, texts[i])));
    }
    tell(p, "noarch", json_is_true(noarch) ? CH_STR("generic") : ch_json_text(noarch)); /* older ones */
    tell(p, "python-site-packages-path",
         ch_json_text(json_object_get(doc, site_packages_key)));
    tell_number(p, "build-number", json_object_get(doc, "build_number"));
    tell_number(p, "timestamp", json_object_get(doc, "timestamp"));
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        const json_t *list = json_object_get(doc, lists[i]);
        for (size_t k = 0; k < json_array_size(list); k++) {
            tell(p, lists[i], ch_json_text(json_array_get(list, k)));
        }
    }
    struct ch_str licence = ch_json_text(json_object_get(doc, "license"));
    if (licence.len > 0) {
        tell_licence(p, licence);
    }
}

/* CEP 17: where installers put the Python packages of others, which they read in the package "python". */
static void check_site_packages(struct conda_package *p, const json_t *doc)
{
    const json_t *path = json_object_get(doc, site_packages_key);
    struct ch_str s = ch_json_text(path);
    if (path != NULL && !json_is_null(path) && (s.ptr == NULL || !conda_path_is_inside(s))) {
        conda_report(p, CH_F_CONDA_OUTSIDE, index_path, "%s: \"%.*s\"", site_packages_key,
                     CH_STR_ARG(s));
    }
}

/* What some installers take from here, others from the folder that the package was found in. */
static void check_noarch(struct conda_package *p, const json_t *doc)
{
    const json_t *noarch = json_object_get(doc, "noarch");
    struct ch_str kind = ch_json_text(noarch);
    struct ch_str subdir = ch_json_text(json_object_get(doc, "subdir"));
    p->python = ch_str_eq(kind, CH_STR("python"));
    bool stated = p->python || ch_str_eq(kind, CH_STR("generic")) || json_is_true(noarch);
    if (!stated && noarch != NULL && !json_is_null(noarch) && !json_is_false(noarch)) {
        conda_report(p, CH_F_CONDA_INDEX, index_path,
                     "noarch: \"python\" or \"generic\" was expected");
    } else if (subdir.ptr != NULL && stated && !ch_str_eq(subdir, CH_STR("noarch"))) {
        conda_report(p, CH_F_CONDA_INDEX, index_path, "noarch, and subdir \"%.*s\"",
                     CH_STR_ARG(subdir));
    }
}

void conda_check_index(struct conda_package *p)
{
    json_t *doc = load(p, index_path, CH_F_CONDA_INDEX, false);
    if (doc == NULL) {
        return;
    }
    check_field(p, doc, "name", p->name);
    check_field(p, doc, "version", p->version);
    check_field(p, doc, "build", p->build);
    const json_t *number = json_object_get(doc, "build_number");
    if (!json_is_integer(number) || json_integer_value(number) < 0) {
        conda_report(p, CH_F_CONDA_INDEX, index_path, "build_number: a number was expected");
    }
    if (json_object_get(doc, "subdir") != NULL) { /* older packages have none */
        check_field(p, doc, "subdir", (struct ch_str){NULL, 0});
    }
    check_texts(p, doc, "depends", true);
    check_texts(p, doc, "constrains", false);
    check_noarch(p, doc);
    check_site_packages(p, doc);
    tell_index(p, doc);
    json_decref(doc);
}

/* --- info/paths.json --- */

static const struct ch_str paths_path = {"info/paths.json", 15};

static void check_content(struct conda_package *p, struct ch_str path, const struct conda_file *f,
                          const json_t *entry)
{
    struct ch_sha256 stated;
    const json_t *size = json_object_get(entry, "size_in_bytes");
    if (f->hard_link && f->target != NULL) {
        f = f->target;
    }
    if (f->type != CH_MEMBER_FILE) {
        conda_report(p, CH_F_CONDA_DIFFERS, path, "is listed as a file");
        return;
    }
    if (!ch_sha256_from_any_hex(ch_json_text(json_object_get(entry, "sha256")), &stated) ||
        !ch_sha256_eq(&stated, &f->sha256)) {
        conda_report(p, CH_F_CONDA_DIFFERS, path, "another SHA-256 is listed, or none");
    }
    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        (uint64_t)json_integer_value(size) != f->size_bytes) {
        conda_report(p, CH_F_CONDA_DIFFERS, path, "another size is listed, or none");
    }
}

/* What installers replace by the environment's path: a prefix of the machine that built it. */
static void check_placeholder(struct conda_package *p, struct ch_str path, const json_t *entry)
{
    const json_t *stated = json_object_get(entry, "prefix_placeholder");
    struct ch_str s = ch_json_text(stated);
    if (stated == NULL || json_is_null(stated)) {
        return;
    }
    bool unix_path = s.len > 1 && s.ptr[0] == '/';
    bool windows = s.len > 3 && s.ptr[1] == ':' && (s.ptr[2] == '\\' || s.ptr[2] == '/');
    struct ch_str mode = ch_json_text(json_object_get(entry, "file_mode"));
    if ((!unix_path && !windows) ||
        (!ch_str_eq(mode, CH_STR("text")) && !ch_str_eq(mode, CH_STR("binary")))) {
        conda_report(p, CH_F_CONDA_PLACEHOLDER, path, "\"%.*s\", mode \"%.*s\"", CH_STR_ARG(s),
                     CH_STR_ARG(mode));
    }
}

static void check_entry(struct conda_package *p, const json_t *entry)
{
    struct ch_str path = ch_json_text(json_object_get(entry, "_path"));
    struct ch_str type = ch_json_text(json_object_get(entry, "path_type"));
    struct conda_file *f = path.ptr != NULL ? ch_map_get(p->by_path, path) : NULL;
    if (path.ptr == NULL) {
        conda_report(p, CH_F_CONDA_PATHS, paths_path, "an entry without _path");
        return;
    }
    if (!conda_path_is_inside(path)) {
        conda_report(p, CH_F_CONDA_OUTSIDE, paths_path, "\"%.*s\"", CH_STR_ARG(path));
        return;
    }
    if (f == NULL || f->info) {
        conda_report(p, CH_F_CONDA_UNLISTED, path, "is listed, and is not there");
        return;
    }
    if (f->listed) {
        conda_report(p, CH_F_CONDA_DIFFERS, path, "is listed twice");
    }
    f->listed = true;
    check_placeholder(p, path, entry);
    if (ch_str_eq(type, CH_STR("hardlink"))) {
        check_content(p, path, f, entry);
    } else if (!(ch_str_eq(type, CH_STR("softlink")) && f->type == CH_MEMBER_SYMLINK) &&
               !(ch_str_eq(type, CH_STR("directory")) && f->type == CH_MEMBER_DIR)) {
        conda_report(p, CH_F_CONDA_DIFFERS, path, "is listed as \"%.*s\"", CH_STR_ARG(type));
    }
}

static void check_unlisted(struct conda_package *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct conda_file *f = p->files[i];
        if (!f->info && !f->listed && f->type != CH_MEMBER_DIR) {
            conda_report(p, CH_F_CONDA_UNLISTED, f->path, "is there, and is not listed");
        }
    }
}

void conda_check_paths(struct conda_package *p)
{
    json_t *doc = load(p, paths_path, CH_F_CONDA_PATHS, false);
    const json_t *paths = json_object_get(doc, "paths");
    const json_t *version = json_object_get(doc, "paths_version");
    if (doc != NULL &&
        (!json_is_array(paths) || !json_is_integer(version) || json_integer_value(version) != 1)) {
        conda_report(p, CH_F_CONDA_PATHS, paths_path, "expected paths, and paths_version 1");
    } else if (doc != NULL) {
        for (size_t i = 0; i < json_array_size(paths); i++) {
            check_entry(p, json_array_get(paths, i));
        }
        check_unlisted(p);
    }
    json_decref(doc);
}

/* --- info/link.json --- */

static const struct ch_str link_path = {"info/link.json", 14};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* a.b.c */
static bool is_dotted(struct ch_str s)
{
    struct ch_str part;
    while (ch_str_split(&s, '.', &part)) {
        for (size_t i = 0; i < part.len; i++) {
            if (!is_letter(part.ptr[i]) && (i == 0 || !ch_is_digit(part.ptr[i]))) {
                return false;
            }
        }
        if (part.len == 0) {
            return false;
        }
    }
    return true;
}

/* A file's name: of letters, digits, '.', '-' and '_', and no "." and ".." */
static bool is_command(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!is_letter(c) && !ch_is_digit(c) && c != '.' && c != '-') {
            return false;
        }
    }
    return s.len > 0 && s.ptr[0] != '.'; /* bin/.NAME-post-link.sh is run by installers */
}

/* "name = module:function": the name becomes a file, both others text of a program. */
static bool is_entry_point(struct ch_str s)
{
    struct ch_str object = s;
    struct ch_str name;
    struct ch_str module;
    if (!ch_str_split(&object, '=', &name) || object.ptr == NULL) {
        return false;
    }
    object = ch_str_trim(object);
    return ch_str_split(&object, ':', &module) && object.ptr != NULL &&
           is_command(ch_str_trim(name)) && is_dotted(ch_str_trim(module)) &&
           is_dotted(ch_str_trim(object));
}

static void see_entry_point(struct conda_package *p, struct ch_str s)
{
    struct ch_str object = s;
    struct ch_str name;
    CH_IGNORE(ch_str_split(&object, '=', &name));
    entry_points_tell(p->out, p->content, link_path, CH_STR("console_scripts"), ch_str_trim(name),
                      ch_str_trim(object));
}

void conda_check_link(struct conda_package *p)
{
    json_t *doc = load(p, link_path, CH_F_CONDA_ENTRY_POINT, true);
    const json_t *noarch = json_object_get(doc, "noarch");
    const json_t *points = json_object_get(noarch, "entry_points");
    if (ch_str_eq(ch_json_text(json_object_get(noarch, "type")), CH_STR("python")) && !p->python) {
        /* which of the two is asked differs by installer: for some its entry points count */
        conda_report(p, CH_F_CONDA_INDEX, link_path,
                     "noarch: python, which info/index.json does not say");
    }
    if (points != NULL && !json_is_array(points)) {
        conda_report(p, CH_F_CONDA_ENTRY_POINT, link_path, "entry_points: a list was expected");
    }
    for (size_t i = 0; i < json_array_size(points); i++) {
        struct ch_str s = ch_json_text(json_array_get(points, i));
        if (s.ptr == NULL || !is_entry_point(s)) {
            conda_report(p, CH_F_CONDA_ENTRY_POINT, link_path, "\"%.*s\"", CH_STR_ARG(s));
        } else {
            see_entry_point(p, s);
        }
    }
    json_decref(doc);
}
