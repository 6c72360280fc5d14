#include "proxy/eco/pypi/file_name.h"

#include "base/pypi/name.h"
#include "base/pypi/version.h"
#include "customhouse/limits.h"

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *ch_pypi_type_name(enum ch_pypi_type type)
{
    switch (type) {
    case CH_PYPI_WHEEL:
        return "wheel";
    case CH_PYPI_SDIST:
        return "sdist";
    case CH_PYPI_EGG:
        return "egg";
    case CH_PYPI_OTHER:
        break;
    }
    return "other";
}

/* Sets *ret_at to the dash between project and version. With a known project it is the first dash
 * before which the text is that project (as pip reads it); else the last one a version follows. */
static bool find_dash(struct ch_str stem, struct ch_str project, size_t *ret_at)
{
    bool found = false;
    for (size_t i = 1; i + 1 < stem.len; i++) {
        if (stem.ptr[i] != '-') {
            continue;
        }
        struct ch_str name = ch_str_sub(stem, 0, i);
        if (!ch_pypi_name_valid(name)) {
            continue;
        }
        if (project.ptr != NULL) {
            if (ch_pypi_name_eq(name, project)) {
                *ret_at = i;
                return true;
            }
            continue;
        }
        struct ch_pep440 version;
        if (ch_pep440_parse(ch_str_sub(stem, i + 1, stem.len), &version)) {
            /* "foo-1-2": the implicit post-release 1-2 and the version 2 of foo-1 both read; the
             * normal form of a file name has no dash in either part, so the last one counts */
            *ret_at = i;
            found = true;
        }
    }
    return found;
}

static bool set_parts(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f)
{
    size_t at = 0;
    if (!find_dash(stem, project, &at)) {
        return false;
    }
    f->project = ch_str_sub(stem, 0, at);
    f->version = ch_str_sub(stem, at + 1, stem.len);
    return true;
}

static bool is_tag(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alnum(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '.') {
            return false;
        }
    }
    return s.len > 0;
}

/* PEP 427: {distribution}-{version}(-{build tag})?-{python tag}-{abi tag}-{platform tag} */
static bool split_wheel(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f)
{
    enum { PARTS_MAX = 6 };
    struct ch_str part[PARTS_MAX];
    size_t n = 0;
    struct ch_str next = {NULL, 0};
    while (ch_str_split(&stem, '-', &next)) {
        if (n == PARTS_MAX || next.len == 0) {
            return false;
        }
        part[n++] = next;
    }
    if (n < PARTS_MAX - 1 || !ch_pypi_name_valid(part[0]) ||
        (project.ptr != NULL && !ch_pypi_name_eq(part[0], project))) {
        return false;
    }
    /* "Must start with a digit" */
    if (n == PARTS_MAX && (part[2].ptr[0] < '0' || part[2].ptr[0] > '9')) {
        return false;
    }
    if (!is_tag(part[n - 3]) || !is_tag(part[n - 2]) || !is_tag(part[n - 1])) {
        return false;
    }
    f->project = part[0];
    f->version = part[1];
    f->build = n == PARTS_MAX ? part[2] : (struct ch_str){NULL, 0};
    f->python = part[n - 3];
    f->abi = part[n - 2];
    f->platform = part[n - 1];
    return true;
}

/* A built distribution of old in an archive's clothes: name-1.0.linux-x86_64.tar.gz */
static bool cut_platform(struct ch_str *stem, struct ch_str *ret_platform)
{
    static const struct ch_str marks[] = {{".linux-", 7},  {".macosx-", 8},  {".win32", 6},
                                          {".win-", 5},    {".freebsd-", 9}, {".cygwin-", 8},
                                          {".solaris-", 9}};
    for (size_t i = 0; i < CH_ARRAY_LEN(marks); i++) {
        size_t at = 0;
        if (ch_str_find(*stem, marks[i], &at)) {
            *ret_platform = ch_str_sub(*stem, at + 1, stem->len);
            *stem = ch_str_sub(*stem, 0, at);
            return true;
        }
    }
    return false;
}

static bool split_sdist(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f)
{
    struct ch_pep440 version;
    if (set_parts(stem, project, f) && ch_pep440_parse(f->version, &version)) {
        return true;
    }
    struct ch_str platform = {NULL, 0};
    if (cut_platform(&stem, &platform) && set_parts(stem, project, f)) {
        f->type = CH_PYPI_OTHER;
        f->platform = platform;
        return true;
    }
    return f->project.ptr != NULL;
}

/* {name}-{version}-py{x.y}[-{platform}], where '-' inside a part is written '_' */
static bool split_egg(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f)
{
    size_t at = 0;
    if (!ch_str_find(stem, CH_STR("-py"), &at)) {
        return set_parts(stem, project, f);
    }
    struct ch_str tags = ch_str_sub(stem, at + 1, stem.len);
    struct ch_str python = {NULL, 0};
    if (!set_parts(ch_str_sub(stem, 0, at), project, f)) {
        return false;
    }
    (void)ch_str_split(&tags, '-', &python);
    f->python = python;
    f->platform = tags;
    return true;
}

/* bdist_wininst and bdist_msi: {name}-{version}.{platform}[-py{x.y}] */
static bool split_installer(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f)
{
    size_t at = 0;
    if (ch_str_find(stem, CH_STR("-py"), &at) && at + 3 < stem.len && stem.ptr[at + 3] >= '0' &&
        stem.ptr[at + 3] <= '9') {
        f->python = ch_str_sub(stem, at + 1, stem.len);
        stem.len = at;
    }
    struct ch_str platform = {NULL, 0};
    if (cut_platform(&stem, &platform)) {
        f->platform = platform;
    }
    return set_parts(stem, project, f);
}

/* Each ending of a release file: what it is, and how the rest of the name is read. */
#define FORMS(ROW)                                                                                 \
    ROW(".whl", CH_PYPI_WHEEL, split_wheel)                                                        \
    ROW(".tar.gz", CH_PYPI_SDIST, split_sdist)                                                     \
    ROW(".zip", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".tar.bz2", CH_PYPI_SDIST, split_sdist)                                                    \
    ROW(".tar.xz", CH_PYPI_SDIST, split_sdist)                                                     \
    ROW(".tar.Z", CH_PYPI_SDIST, split_sdist)                                                      \
    ROW(".tar.lzma", CH_PYPI_SDIST, split_sdist)                                                   \
    ROW(".tar.lz", CH_PYPI_SDIST, split_sdist)                                                     \
    ROW(".tgz", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".tbz", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".txz", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".tlz", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".tar", CH_PYPI_SDIST, split_sdist)                                                        \
    ROW(".egg", CH_PYPI_EGG, split_egg)                                                            \
    ROW(".exe", CH_PYPI_OTHER, split_installer)                                                    \
    ROW(".msi", CH_PYPI_OTHER, split_installer)                                                    \
    ROW(".dmg", CH_PYPI_OTHER, split_installer)                                                    \
    ROW(".rpm", CH_PYPI_OTHER, set_parts)                                                          \
    ROW(".deb", CH_PYPI_OTHER, set_parts)

#define FORM_ROW(text, type, split)    {{text, sizeof(text) - 1}, type, split},
#define FORM_ENDING(text, type, split) text,

static const struct form {
    struct ch_str ending;
    enum ch_pypi_type type;
    bool (*split)(struct ch_str stem, struct ch_str project, struct ch_pypi_file *f);
} forms[] = {FORMS(FORM_ROW)};

const char *const ch_pypi_file_endings[] = {FORMS(FORM_ENDING) NULL};

static bool is_printable(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == '/' || s.ptr[i] == '\\') {
            return false;
        }
    }
    return true;
}

bool ch_pypi_file_split(struct ch_str file_name, struct ch_str project, struct ch_pypi_file *ret)
{
    struct ch_pypi_file f = {.type = CH_PYPI_OTHER};
    *ret = f;
    if (file_name.len > ch_limits.file_name_bytes || !is_printable(file_name)) {
        return false;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(forms); i++) {
        struct ch_str ending = forms[i].ending;
        if (!ch_str_ends(file_name, ending)) {
            continue;
        }
        f.type = forms[i].type;
        ret->type = f.type;
        if (!forms[i].split(ch_str_sub(file_name, 0, file_name.len - ending.len), project, &f)) {
            return false;
        }
        *ret = f;
        return true;
    }
    return false;
}
