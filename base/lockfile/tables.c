#include "base/lockfile/lockfile_int.h"

#include <stdlib.h>

#include "base/toml/toml.h"

/* uv.lock, poetry.lock and pylock.toml: TOML tables with one entry per package. A key whose type is
 * another than the format says is an error, for what is left out would look complete. */

struct reader {
    struct ch_lock_build *b;
    struct ch_err *err;
};

static enum ch_code wrong(struct reader *r, const struct ch_toml_node *at, const char *expected)
{
    struct ch_buf found;           /* empty for a table: something is missing in it */
    ch_buf_init(&found, SIZE_MAX); /* part of a text that is bounded */
    if (at->kind == CH_TOML_INTEGER) {
        ch_buf_printf(&found, "%lld", (long long)at->integer);
    } else if (at->kind == CH_TOML_BOOLEAN) {
        ch_buf_puts(&found, at->boolean ? CH_STR("true") : CH_STR("false"));
    } else if (at->kind == CH_TOML_ARRAY) {
        ch_buf_puts(&found, CH_STR("[...]"));
    } else if (at->kind != CH_TOML_TABLE) {
        ch_buf_puts(&found, at->text);
    }
    enum ch_code rc =
        ch_lock_wrong(r->b, at->line, at->column, expected, ch_buf_str(&found), r->err);
    ch_buf_done(&found);
    return rc;
}

static enum ch_code wrong_key(struct reader *r, const struct ch_toml_node *at, const char *type,
                              const char *key)
{
    struct ch_buf text;
    ch_buf_init(&text, SIZE_MAX); /* words of ours */
    ch_buf_printf(&text, "%s \"%s\"", type, key);
    char *expected = ch_str_dup(ch_buf_str(&text));
    enum ch_code rc = wrong(r, at, expected);
    free(expected);
    ch_buf_done(&text);
    return rc;
}

/* Absent gives NULL, unless it is `required`. */
static enum ch_code get_table(struct reader *r, const struct ch_toml_node *table, const char *key,
                              bool required, const struct ch_toml_node **ret)
{
    const struct ch_toml_node *n = ch_toml_find(table, key);
    if (n == NULL ? required : n->kind != CH_TOML_TABLE) {
        return wrong_key(r, n == NULL ? table : n, "a table", key);
    }
    *ret = n;
    return CH_OK;
}

/* Absent leaves *ret as it is, unless it is `required`. */
static enum ch_code get_string(struct reader *r, const struct ch_toml_node *table, const char *key,
                               bool required, struct ch_str *ret)
{
    const struct ch_toml_node *n = ch_toml_find(table, key);
    if (n == NULL ? !required : n->kind == CH_TOML_STRING) {
        *ret = n == NULL ? *ret : n->text;
        return CH_OK;
    }
    return wrong_key(r, n == NULL ? table : n, "a string", key);
}

/* The elements of an array of tables; NULL and CH_OK when the key is absent. */
static enum ch_code get_tables(struct reader *r, const struct ch_toml_node *table, const char *key,
                               const struct ch_toml_node **ret)
{
    const struct ch_toml_node *n = ch_toml_find(table, key);
    *ret = NULL;
    if (n == NULL) {
        return CH_OK;
    }
    if (n->kind != CH_TOML_ARRAY) {
        return wrong(r, n, "an array of tables");
    }
    for (const struct ch_toml_node *c = n->child; c != NULL; c = c->next) {
        if (c->kind != CH_TOML_TABLE) {
            return wrong(r, c, "a table");
        }
    }
    *ret = n->child;
    return CH_OK;
}

static enum ch_code start(struct reader *r, const struct ch_toml_node *table,
                          struct ch_locked **ret)
{
    struct ch_str name = {NULL, 0};
    struct ch_str version = {NULL, 0};
    struct ch_locked *p = ch_lock_add(r->b, table->line, table->column);
    enum ch_code rc = get_string(r, table, "name", true, &name);
    if (rc == CH_OK) {
        rc = get_string(r, table, "version", false, &version);
    }
    if (rc != CH_OK) {
        return rc;
    }
    if (!ch_lock_name(r->b, name, &p->name)) {
        return wrong(r, ch_toml_find(table, "name"), "a project name (PEP 508)");
    }
    p->version = ch_lock_keep(r->b, version);
    *ret = p;
    return CH_OK;
}

/* "hash" of each table of an array: uv's wheels, poetry's files. */
static enum ch_code add_hashes(struct reader *r, const struct ch_toml_node *files,
                               struct ch_locked *p)
{
    for (; files != NULL; files = files->next) {
        struct ch_str hash = {NULL, 0};
        enum ch_code rc = get_string(r, files, "hash", false, &hash);
        if (rc != CH_OK) {
            return rc;
        }
        if (hash.len > 0) {
            ch_lock_add_hash(r->b, p, hash);
        }
    }
    return CH_OK;
}

/* --- uv.lock --- */

/* source = { registry = "..." } is an index; git, url, path, editable, ... are not. */
static enum ch_code uv_source(struct reader *r, const struct ch_toml_node *table,
                              struct ch_locked *p)
{
    const struct ch_toml_node *source = NULL;
    enum ch_code rc = get_table(r, table, "source", true, &source);
    if (rc != CH_OK || ch_toml_find(source, "registry") != NULL) {
        return rc;
    }
    const struct ch_toml_node *where = source->child;
    if (where == NULL || where->kind != CH_TOML_STRING) {
        return wrong(r, where == NULL ? source : where, "a source such as { registry = \"...\" }");
    }
    struct ch_buf text;
    ch_buf_init(&text, where->key.len + where->text.len + 1);
    ch_buf_puts(&text, where->key);
    ch_buf_putc(&text, ' ');
    ch_buf_puts(&text, where->text);
    p->source = ch_lock_keep(r->b, ch_buf_str(&text));
    ch_buf_done(&text);
    return CH_OK;
}

static enum ch_code uv_package(struct reader *r, const struct ch_toml_node *table)
{
    struct ch_locked *p = NULL;
    struct ch_str hash = {NULL, 0};
    const struct ch_toml_node *wheels = NULL;
    const struct ch_toml_node *sdist = NULL;
    enum ch_code rc = start(r, table, &p);
    if (rc == CH_OK) {
        rc = uv_source(r, table, p);
    }
    if (rc == CH_OK) {
        rc = get_table(r, table, "sdist", false, &sdist);
    }
    if (rc == CH_OK) {
        rc = get_string(r, sdist, "hash", false, &hash);
    }
    if (rc == CH_OK) {
        rc = get_tables(r, table, "wheels", &wheels);
    }
    if (rc != CH_OK) {
        return rc;
    }
    if (hash.len > 0) {
        ch_lock_add_hash(r->b, p, hash);
    }
    return add_hashes(r, wheels, p);
}

static enum ch_code uv(struct reader *r, const struct ch_toml_node *root)
{
    const struct ch_toml_node *version = ch_toml_find(root, "version");
    const struct ch_toml_node *packages = NULL;
    if (version == NULL || version->kind != CH_TOML_INTEGER || version->integer != 1) {
        return wrong(r, version == NULL ? root : version, "version = 1 (of uv.lock)");
    }
    enum ch_code rc = get_tables(r, root, "package", &packages);
    for (; rc == CH_OK && packages != NULL; packages = packages->next) {
        rc = uv_package(r, packages);
    }
    return rc;
}

/* --- poetry.lock --- */

static enum ch_code poetry_groups(struct reader *r, const struct ch_toml_node *table,
                                  struct ch_locked *p)
{
    const struct ch_toml_node *groups = ch_toml_find(table, "groups");
    struct ch_str category = {NULL, 0};
    struct ch_buf text;
    if (groups == NULL) { /* lock-version 1.1 */
        enum ch_code rc = get_string(r, table, "category", false, &category);
        p->group = ch_lock_keep(r->b, category);
        return rc;
    }
    if (groups->kind != CH_TOML_ARRAY) {
        return wrong(r, groups, "an array of strings");
    }
    ch_buf_init(&text, SIZE_MAX); /* part of a text that is bounded */
    for (const struct ch_toml_node *g = groups->child; g != NULL; g = g->next) {
        if (g->kind != CH_TOML_STRING) {
            ch_buf_done(&text);
            return wrong(r, g, "a string");
        }
        ch_buf_puts(&text, text.len > 0 ? CH_STR(", ") : CH_STR(""));
        ch_buf_puts(&text, g->text);
    }
    p->group = ch_lock_keep(r->b, ch_buf_str(&text));
    ch_buf_done(&text);
    return CH_OK;
}

/* [package.source]: type "legacy" is an index; git, url, file and directory are not. */
static enum ch_code poetry_source(struct reader *r, const struct ch_toml_node *table,
                                  struct ch_locked *p)
{
    const struct ch_toml_node *source = NULL;
    struct ch_str type = {NULL, 0};
    struct ch_str url = {NULL, 0};
    struct ch_buf text;
    enum ch_code rc = get_table(r, table, "source", false, &source);
    if (rc == CH_OK) {
        rc = get_string(r, source, "type", false, &type);
    }
    if (rc != CH_OK || type.len == 0 || ch_str_eq(type, CH_STR("legacy"))) {
        return rc;
    }
    rc = get_string(r, source, "url", true, &url);
    if (rc == CH_OK) {
        ch_buf_init(&text, type.len + url.len + 1);
        ch_buf_puts(&text, type);
        ch_buf_putc(&text, ' ');
        ch_buf_puts(&text, url);
        p->source = ch_lock_keep(r->b, ch_buf_str(&text));
        ch_buf_done(&text);
    }
    return rc;
}

/* Markers are a string, or, where groups differ, a table of one string per group: not judged then.
 */
static enum ch_code poetry_marker(struct reader *r, const struct ch_toml_node *table,
                                  struct ch_locked *p)
{
    const struct ch_toml_node *markers = ch_toml_find(table, "markers");
    if (markers == NULL || markers->kind == CH_TOML_TABLE) {
        return CH_OK;
    }
    if (markers->kind != CH_TOML_STRING) {
        return wrong(r, markers, "a string or a table");
    }
    p->marker = ch_lock_keep(r->b, markers->text);
    return CH_OK;
}

static enum ch_code poetry_package(struct reader *r, const struct ch_toml_node *table,
                                   const struct ch_toml_node *old_files)
{
    struct ch_locked *p = NULL;
    struct ch_str name = {NULL, 0};
    const struct ch_toml_node *files = NULL;
    enum ch_code rc = start(r, table, &p);
    if (rc == CH_OK) {
        rc = poetry_source(r, table, p);
    }
    if (rc == CH_OK) {
        rc = poetry_marker(r, table, p);
    }
    if (rc == CH_OK) {
        rc = poetry_groups(r, table, p);
    }
    if (rc == CH_OK) {
        rc = get_tables(r, table, "files", &files);
    }
    if (rc == CH_OK) {
        rc = get_string(r, table, "name", true, &name);
    }
    if (rc == CH_OK && files == NULL && old_files != NULL && name.len > 0) {
        char *key = ch_str_dup(name); /* lock-version 1.1: [metadata.files] NAME = [...] */
        rc = get_tables(r, old_files, key, &files);
        free(key);
    }
    return rc == CH_OK ? add_hashes(r, files, p) : rc;
}

/* "1.1" or "2.0": the part before the point is what readers must know. */
static bool major_is(struct ch_str version, char low, char high)
{
    return version.len >= 3 && version.ptr[0] >= low && version.ptr[0] <= high &&
           version.ptr[1] == '.';
}

static enum ch_code poetry(struct reader *r, const struct ch_toml_node *root)
{
    const struct ch_toml_node *metadata = NULL;
    const struct ch_toml_node *packages = NULL;
    const struct ch_toml_node *old_files = NULL;
    struct ch_str version = {NULL, 0};
    enum ch_code rc = get_table(r, root, "metadata", true, &metadata);
    if (rc == CH_OK) {
        rc = get_string(r, metadata, "lock-version", true, &version);
    }
    if (rc == CH_OK && !major_is(version, '1', '2')) {
        return wrong(r, ch_toml_find(metadata, "lock-version"), "lock-version 1.x or 2.x");
    }
    if (rc == CH_OK) {
        rc = get_table(r, metadata, "files", false, &old_files);
    }
    if (rc == CH_OK) {
        rc = get_tables(r, root, "package", &packages);
    }
    for (; rc == CH_OK && packages != NULL; packages = packages->next) {
        rc = poetry_package(r, packages, old_files);
    }
    return rc;
}

/* --- pylock.toml (PEP 751) --- */

/* hashes = { sha256 = "HEX", ... } of one file. */
static enum ch_code pylock_file(struct reader *r, const struct ch_toml_node *file,
                                struct ch_locked *p)
{
    const struct ch_toml_node *hashes = NULL;
    enum ch_code rc = get_table(r, file, "hashes", false, &hashes);
    if (rc != CH_OK || hashes == NULL) {
        return rc;
    }
    for (const struct ch_toml_node *h = hashes->child; h != NULL; h = h->next) {
        if (h->kind != CH_TOML_STRING) {
            return wrong(r, h, "a string");
        }
        struct ch_buf text;
        ch_buf_init(&text, h->key.len + h->text.len + 1);
        ch_buf_puts(&text, h->key);
        ch_buf_putc(&text, ':');
        ch_buf_puts(&text, h->text);
        ch_lock_add_hash(r->b, p, ch_buf_str(&text));
        ch_buf_done(&text);
    }
    return CH_OK;
}

/* vcs, directory and archive are not from an index. */
static enum ch_code pylock_source(struct reader *r, const struct ch_toml_node *table,
                                  struct ch_locked *p)
{
    static const char *const kinds[] = {"vcs", "directory", "archive"};
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        const struct ch_toml_node *place = NULL;
        struct ch_str where = {NULL, 0};
        struct ch_buf text;
        enum ch_code rc = get_table(r, table, kinds[i], false, &place);
        if (rc == CH_OK && place == NULL) {
            continue;
        }
        if (rc == CH_OK) {
            rc = get_string(r, place, "path", false, &where);
        }
        if (rc == CH_OK) {
            rc = get_string(r, place, "url", false, &where);
        }
        if (rc != CH_OK) {
            return rc;
        }
        ch_buf_init(&text, where.len + 16);
        ch_buf_puts(&text, ch_str_of(kinds[i]));
        ch_buf_putc(&text, ' ');
        ch_buf_puts(&text, where);
        p->source = ch_lock_keep(r->b, ch_buf_str(&text));
        ch_buf_done(&text);
        return pylock_file(r, place, p);
    }
    return CH_OK;
}

static enum ch_code pylock_package(struct reader *r, const struct ch_toml_node *table)
{
    struct ch_locked *p = NULL;
    struct ch_str marker = {NULL, 0};
    const struct ch_toml_node *wheels = NULL;
    const struct ch_toml_node *sdist = NULL;
    enum ch_code rc = start(r, table, &p);
    if (rc == CH_OK) {
        rc = get_string(r, table, "marker", false, &marker);
    }
    if (rc == CH_OK) {
        p->marker = ch_lock_keep(r->b, marker);
        rc = pylock_source(r, table, p);
    }
    if (rc == CH_OK) {
        rc = get_table(r, table, "sdist", false, &sdist);
    }
    if (rc == CH_OK) {
        rc = pylock_file(r, sdist, p);
    }
    if (rc == CH_OK) {
        rc = get_tables(r, table, "wheels", &wheels);
    }
    for (; rc == CH_OK && wheels != NULL; wheels = wheels->next) {
        rc = pylock_file(r, wheels, p);
    }
    return rc;
}

static enum ch_code pylock(struct reader *r, const struct ch_toml_node *root)
{
    struct ch_str version = {NULL, 0};
    const struct ch_toml_node *packages = NULL;
    enum ch_code rc = get_string(r, root, "lock-version", true, &version);
    if (rc == CH_OK && !major_is(version, '1', '1')) {
        return wrong(r, ch_toml_find(root, "lock-version"), "lock-version 1.x (PEP 751)");
    }
    if (rc == CH_OK) {
        rc = get_tables(r, root, "packages", &packages);
    }
    for (; rc == CH_OK && packages != NULL; packages = packages->next) {
        rc = pylock_package(r, packages);
    }
    return rc;
}

enum ch_code ch_lock_toml(struct ch_lock_build *b, struct ch_str text,
                          enum ch_lockfile_format format, struct ch_err *err)
{
    struct reader r = {b, err};
    struct ch_toml *toml;
    enum ch_code rc = ch_toml_parse(text, b->name, &toml, err);
    if (rc != CH_OK) {
        return rc;
    }
    const struct ch_toml_node *root = ch_toml_root(toml);
    switch (format) {
    case CH_LOCKFILE_UV:
        rc = uv(&r, root);
        break;
    case CH_LOCKFILE_POETRY:
        rc = poetry(&r, root);
        break;
    case CH_LOCKFILE_PYLOCK:
        rc = pylock(&r, root);
        break;
    case CH_LOCKFILE_REQUIREMENTS:
    case CH_LOCKFILE_CONDA_ENVIRONMENT:
    case CH_LOCKFILE_CONDA_EXPLICIT:
    case CH_LOCKFILE_PIXI:
    case CH_LOCKFILE_CONDA_LOCK:
        rc = ch_fail(err, CH_E_USAGE, "%s: these are no TOML", b->name);
        break;
    }
    ch_toml_free(toml);
    return rc;
}
