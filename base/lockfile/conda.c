#include "base/lockfile/lockfile_int.h"

#include "base/conda/match_spec.h"
#include "base/config/yaml.h"
#include "customhouse/limits.h"

/* What conda's clients write: environment.yml, explicit lists ("@EXPLICIT"), pixi.lock and
 * conda-lock.yml. Packages that are pinned are named by file, as "SUBDIR/NAME" with a match spec of
 * the file; of an environment.yml by match spec. What they have of pip is read as requirements.
 *
 * Spec: CEP 23 (explicit lists), CEP 24 (environment.yml); pixi.lock versions 4 to 6; conda-lock's
 * version 1. */

struct reader {
    struct ch_lock_build *b;
    const struct ch_yaml *yaml; /* NULL: lines */
    struct ch_err *err;
};

/* --- a package's file --- */

struct place {
    uint32_t line, column;
};

static bool take_last(struct ch_str *rest, char separator, struct ch_str *ret)
{
    size_t at = rest->len;
    while (at > 0 && rest->ptr[at - 1] != separator) {
        at--;
    }
    if (at < 2 || at == rest->len) {
        return false;
    }
    *ret = ch_str_sub(*rest, at, rest->len);
    *rest = ch_str_sub(*rest, 0, at - 1);
    return true;
}

/* ".../SUBDIR/NAME-VERSION-BUILD.conda": false where that is no package's address. */
static bool add_file(struct ch_lock_build *b, struct ch_str url, struct place at,
                     struct ch_locked **ret)
{
    struct ch_str file, subdir, version, build, rest = url;
    if (!take_last(&rest, '/', &file) || !take_last(&rest, '/', &subdir)) {
        return false;
    }
    struct ch_str name = file;
    if (ch_str_ends(name, CH_STR(".conda"))) {
        name.len -= 6;
    } else if (ch_str_ends(name, CH_STR(".tar.bz2"))) {
        name.len -= 8;
    } else {
        return false;
    }
    if (!take_last(&name, '-', &build) || !take_last(&name, '-', &version)) {
        return false;
    }
    struct ch_buf text;
    ch_buf_init(&text, url.len + file.len + name.len + 64);
    struct ch_locked *p = ch_lock_add(b, at.line, at.column);
    p->ecosystem = CH_STR("conda");
    ch_buf_printf(&text, "%.*s/%.*s", CH_STR_ARG(subdir), CH_STR_ARG(name));
    p->name = ch_lock_keep(b, ch_buf_str(&text));
    p->version = ch_lock_keep(b, version);
    ch_buf_clear(&text);
    ch_buf_printf(&text, "%.*s[fn=\"%.*s\"]", CH_STR_ARG(name), CH_STR_ARG(file));
    p->specifier = ch_lock_keep(b, ch_buf_str(&text));
    ch_buf_done(&text);
    *ret = p;
    return true;
}

static void add_hash(struct ch_lock_build *b, struct ch_locked *p, const char *kind,
                     struct ch_str digest)
{
    struct ch_buf text;
    ch_buf_init(&text, digest.len + 16);
    ch_buf_printf(&text, "%s:%.*s", kind, CH_STR_ARG(digest));
    ch_lock_add_hash(b, p, ch_buf_str(&text));
    ch_buf_done(&text);
}

/* --- explicit lists --- */

/* "#DIGEST" behind an address: md5, or "#sha256:HEX". */
static void add_fragment(struct ch_lock_build *b, struct ch_locked *p, struct ch_str fragment)
{
    struct ch_str md5 = CH_STR("md5:"), sha256 = CH_STR("sha256:");
    if (ch_str_starts(fragment, sha256)) {
        ch_lock_add_hash(b, p, fragment);
    } else if (fragment.len > 0) {
        bool named = ch_str_starts(fragment, md5);
        add_hash(b, p, "md5", named ? ch_str_sub(fragment, md5.len, fragment.len) : fragment);
    }
}

static enum ch_code explicit_lines(struct ch_lock_build *b, struct ch_str text, struct ch_err *err)
{
    struct ch_str line;
    for (uint32_t number = 1; ch_str_split(&text, '\n', &line); number++) {
        struct ch_locked *p;
        struct ch_str fragment = {NULL, 0};
        size_t at;
        line =
            ch_str_trim(ch_str_ends(line, CH_STR("\r")) ? ch_str_sub(line, 0, line.len - 1) : line);
        if (line.len == 0 || line.ptr[0] == '#' || ch_str_eq(line, CH_STR("@EXPLICIT"))) {
            continue;
        }
        struct ch_str url = line;
        if (ch_str_find_char(line, '#', &at)) {
            url = ch_str_sub(line, 0, at);
            fragment = ch_str_sub(line, at + 1, line.len);
        }
        if (!add_file(b, url, (struct place){number, 1}, &p)) {
            return ch_lock_wrong(b, number, 1,
                                 "the address of a package, .../SUBDIR/NAME-VERSION-BUILD.conda",
                                 line, err);
        }
        add_fragment(b, p, fragment);
    }
    return CH_OK;
}

/* --- YAML --- */

static enum ch_code wrong(struct reader *r, const struct ch_yaml_node *n, const char *expected)
{
    return ch_lock_wrong(r->b, n->line, n->column, expected, n->text, r->err);
}

/* Absent: not there, or of another kind. */
static struct ch_str text_of(const struct ch_yaml_node *map, const char *key)
{
    const struct ch_yaml_node *n = map->kind == CH_YAML_MAP ? ch_yaml_find(map, key) : NULL;
    return n != NULL && n->kind == CH_YAML_SCALAR && n->text.len > 0 ? n->text
                                                                     : (struct ch_str){NULL, 0};
}

static enum ch_code list_of(struct reader *r, const char *key, const struct ch_yaml_node **ret)
{
    const struct ch_yaml_node *root = ch_yaml_root(r->yaml);
    const struct ch_yaml_node *n = ch_yaml_find(root, key);
    if (n == NULL || n->kind != CH_YAML_LIST) {
        struct ch_buf expected;
        ch_buf_init(&expected, 64);
        ch_buf_printf(&expected, "a list \"%s\"", key);
        ch_buf_putc(&expected, '\0');
        enum ch_code rc = wrong(r, n != NULL ? n : root, expected.ptr);
        ch_buf_done(&expected);
        return rc;
    }
    *ret = n->child;
    return CH_OK;
}

static enum ch_code check_version(struct reader *r, const char *const *versions)
{
    const struct ch_yaml_node *n = ch_yaml_find(ch_yaml_root(r->yaml), "version");
    struct ch_str version = text_of(ch_yaml_root(r->yaml), "version");
    for (; *versions != NULL; versions++) {
        if (ch_str_eq(version, ch_str_of(*versions))) {
            return CH_OK;
        }
    }
    return wrong(r, n != NULL ? n : ch_yaml_root(r->yaml),
                 "a version of this format that is known");
}

/* A requirement of pip where it stands. */
static enum ch_code add_requirement(struct reader *r, const struct ch_yaml_node *n)
{
    size_t first = r->b->out.package_count, includes = r->b->out.include_count;
    if (n->kind != CH_YAML_SCALAR) {
        return wrong(r, n, "a requirement");
    }
    enum ch_code rc = ch_lock_requirements(r->b, n->text, r->err);
    if (rc != CH_OK) {
        return wrong(r, n, "a requirement (PEP 508)");
    }
    for (size_t i = first; i < r->b->out.package_count; i++) {
        r->b->packages[i].line = n->line;
        r->b->packages[i].column = n->column;
    }
    for (size_t i = includes; i < r->b->out.include_count; i++) {
        r->b->includes[i].line = n->line;
        r->b->includes[i].column = n->column;
    }
    return CH_OK;
}

/* A package of an index of Python, pinned. */
static enum ch_code add_python(struct reader *r, const struct ch_yaml_node *n)
{
    struct ch_str name = text_of(n, "name"), sha256 = text_of(n, "sha256");
    struct ch_str version = text_of(n, "version"), url = text_of(n, "pypi");
    const struct ch_yaml_node *hash = ch_yaml_find(n, "hash"); /* conda-lock's */
    struct ch_locked *p = ch_lock_add(r->b, n->line, n->column);
    if (!ch_lock_name(r->b, name, &p->name)) {
        return wrong(r, n, "a project's name under \"name\"");
    }
    p->version = ch_lock_keep(r->b, version);
    if (version.len == 0) {
        p->source = ch_lock_keep(r->b, url.len > 0 ? url : CH_STR("no version"));
    }
    sha256 = hash != NULL ? text_of(hash, "sha256") : sha256;
    if (sha256.len > 0) {
        add_hash(r->b, p, "sha256", sha256);
    }
    return CH_OK;
}

static enum ch_code add_url(struct reader *r, const struct ch_yaml_node *n, struct ch_str url,
                            const struct ch_yaml_node *hashes)
{
    struct ch_locked *p;
    struct ch_str sha256 = text_of(hashes, "sha256"), md5 = text_of(hashes, "md5");
    if (!add_file(r->b, url, (struct place){n->line, n->column}, &p)) {
        p = ch_lock_add(r->b, n->line, n->column); /* built from a folder, or elsewhere */
        p->ecosystem = CH_STR("conda");
        p->source = ch_lock_keep(r->b, url);
    }
    if (sha256.len > 0) {
        add_hash(r->b, p, "sha256", sha256);
    }
    if (md5.len > 0) {
        add_hash(r->b, p, "md5", md5);
    }
    return CH_OK;
}

/* pixi.lock: "- conda: URL" and "- pypi: URL", before version 6 with "kind". */
static enum ch_code pixi(struct reader *r)
{
    static const char *const versions[] = {"4", "5", "6", NULL};
    const struct ch_yaml_node *n = NULL;
    enum ch_code rc = check_version(r, versions);
    rc = rc == CH_OK ? list_of(r, "packages", &n) : rc;
    for (; rc == CH_OK && n != NULL; n = n->next) {
        struct ch_str kind = text_of(n, "kind"), conda = text_of(n, "conda");
        bool python = ch_str_eq(kind, CH_STR("pypi")) || text_of(n, "pypi").len > 0;
        conda = ch_str_eq(kind, CH_STR("conda")) ? text_of(n, "url") : conda;
        if (!python && conda.len == 0) {
            rc = wrong(r, n, "a package, \"conda\" or \"pypi\"");
        } else {
            rc = python ? add_python(r, n) : add_url(r, n, conda, n);
        }
    }
    return rc;
}

static enum ch_code conda_lock(struct reader *r)
{
    static const char *const versions[] = {"1", NULL};
    const struct ch_yaml_node *n = NULL;
    enum ch_code rc = check_version(r, versions);
    rc = rc == CH_OK ? list_of(r, "package", &n) : rc;
    for (; rc == CH_OK && n != NULL; n = n->next) {
        struct ch_str manager = text_of(n, "manager"), url = text_of(n, "url");
        const struct ch_yaml_node *hash = n->kind == CH_YAML_MAP ? ch_yaml_find(n, "hash") : NULL;
        if (ch_str_eq(manager, CH_STR("pip"))) {
            rc = add_python(r, n);
        } else if (ch_str_eq(manager, CH_STR("conda")) && url.len > 0) {
            rc = add_url(r, n, url, hash != NULL ? hash : n);
        } else {
            rc = wrong(r, n, "a package of the manager conda or pip, with \"url\"");
        }
    }
    return rc;
}

/* One line of an environment.yml: a match spec. */
static enum ch_code add_spec(struct reader *r, const struct ch_yaml_node *n)
{
    struct ch_match_spec spec;
    struct ch_err why;
    struct ch_buf text;
    if (ch_match_spec_parse(n->text, &spec, &why) != CH_OK) {
        ch_buf_init(&text, sizeof(why.msg) + 64);
        ch_buf_printf(&text, "a match spec (%s)", why.msg);
        ch_buf_putc(&text, '\0');
        enum ch_code rc = wrong(r, n, text.ptr);
        ch_buf_done(&text);
        return rc;
    }
    size_t from = spec.channel.ptr != NULL && spec.channel.ptr < spec.name.ptr
                      ? (size_t)(spec.name.ptr - n->text.ptr)
                      : 0; /* whichever channel is meant: it is this server's */
    struct ch_locked *p = ch_lock_add(r->b, n->line, n->column);
    p->ecosystem = CH_STR("conda");
    p->name = ch_lock_keep(r->b, spec.name);
    p->specifier = ch_lock_keep(r->b, ch_str_sub(n->text, from, n->text.len));
    return CH_OK;
}

static enum ch_code environment(struct reader *r)
{
    const struct ch_yaml_node *n = NULL;
    enum ch_code rc = list_of(r, "dependencies", &n);
    for (; rc == CH_OK && n != NULL; n = n->next) {
        const struct ch_yaml_node *pip = n->kind == CH_YAML_MAP ? ch_yaml_find(n, "pip") : NULL;
        if (n->kind == CH_YAML_SCALAR) {
            rc = add_spec(r, n);
        } else if (pip == NULL || pip->kind != CH_YAML_LIST) {
            rc = wrong(r, n, "a match spec, or a list \"pip\"");
        }
        for (const struct ch_yaml_node *q = pip != NULL ? pip->child : NULL;
             rc == CH_OK && q != NULL; q = q->next) {
            rc = add_requirement(r, q);
        }
    }
    return rc;
}

enum ch_code ch_lock_conda(struct ch_lock_build *b, struct ch_str text,
                           enum ch_lockfile_format format, struct ch_err *err)
{
    struct ch_yaml *yaml;
    if (format == CH_LOCKFILE_CONDA_EXPLICIT) {
        return explicit_lines(b, text, err);
    }
    enum ch_code rc =
        ch_yaml_parse_up_to(text, b->name, ch_limits.toml_bytes, ch_limits.toml_nodes, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct reader r = {b, yaml, err};
    rc = format == CH_LOCKFILE_PIXI         ? pixi(&r)
         : format == CH_LOCKFILE_CONDA_LOCK ? conda_lock(&r)
                                            : environment(&r);
    ch_yaml_free(yaml);
    return rc;
}
