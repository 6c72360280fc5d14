#include "base/lockfile/lockfile_int.h"

#include <stdlib.h>

#include "base/pypi/name.h"
#include "customhouse/limits.h"

bool ch_lockfile_format_of(struct ch_str path, enum ch_lockfile_format *ret)
{
    struct ch_str part;
    struct ch_str base = path;
    while (ch_str_split(&path, '/', &part)) {
        base = part;
    }
    if (ch_str_eq(base, CH_STR("uv.lock"))) {
        *ret = CH_LOCKFILE_UV;
    } else if (ch_str_eq(base, CH_STR("poetry.lock"))) {
        *ret = CH_LOCKFILE_POETRY;
    } else if (ch_str_starts(base, CH_STR("pylock.")) && ch_str_ends(base, CH_STR(".toml"))) {
        *ret = CH_LOCKFILE_PYLOCK;
    } else if (ch_str_eq(base, CH_STR("pylock.toml"))) {
        *ret = CH_LOCKFILE_PYLOCK;
    } else if (ch_str_eq(base, CH_STR("pixi.lock"))) {
        *ret = CH_LOCKFILE_PIXI;
    } else if (ch_str_ends(base, CH_STR("conda-lock.yml"))) {
        *ret = CH_LOCKFILE_CONDA_LOCK;
    } else if (ch_str_ends(base, CH_STR(".yml")) || ch_str_ends(base, CH_STR(".yaml"))) {
        *ret = CH_LOCKFILE_CONDA_ENVIRONMENT;
    } else if (ch_str_ends(base, CH_STR(".txt")) || ch_str_ends(base, CH_STR(".in"))) {
        *ret = CH_LOCKFILE_REQUIREMENTS;
    } else {
        return false;
    }
    return true;
}

/* --- the list under construction --- */

/* Room for one more in an array that doubles. */
static void *grow(void *array, size_t count, size_t *cap, size_t size_bytes)
{
    if (count < *cap) {
        return array;
    }
    *cap = *cap == 0 ? 16 : *cap * 2;
    return ch_realloc_array(array, *cap, size_bytes);
}

struct ch_str ch_lock_keep(struct ch_lock_build *b, struct ch_str s)
{
    if (s.ptr == NULL) {
        return s;
    }
    b->kept = grow(b->kept, b->kept_count, &b->kept_cap, sizeof(*b->kept));
    b->kept[b->kept_count] = ch_str_dup(s);
    return (struct ch_str){b->kept[b->kept_count++], s.len};
}

struct ch_locked *ch_lock_add(struct ch_lock_build *b, uint32_t line, uint32_t column)
{
    size_t n = b->out.package_count++;
    b->packages = grow(b->packages, n, &b->package_cap, sizeof(*b->packages));
    b->packages[n] =
        (struct ch_locked){.ecosystem = CH_STR("pypi"), .line = line, .column = column};
    return &b->packages[n];
}

/* Arrays grow to the powers of two: one is full when its count is one. */
void ch_lock_add_hash(struct ch_lock_build *b, struct ch_locked *p, struct ch_str hash)
{
    size_t n = p->hash_count;
    if (n == 0) {
        b->lists = grow(b->lists, b->list_count, &b->list_cap, sizeof(struct ch_str *));
        b->lists[b->list_count++] = NULL;
    }
    struct ch_str **list = &b->lists[b->list_count - 1]; /* hashes are added to the newest entry */
    if ((n & (n - 1)) == 0) {
        *list = ch_realloc_array(*list, n == 0 ? 1 : n * 2, sizeof(**list));
    }
    (*list)[n] = ch_lock_keep(b, hash);
    p->hashes = *list;
    p->hash_count++;
}

void ch_lock_include(struct ch_lock_build *b, struct ch_locked_include include)
{
    size_t n = b->out.include_count++;
    b->includes = grow(b->includes, n, &b->include_cap, sizeof(*b->includes));
    include.path = ch_lock_keep(b, include.path);
    b->includes[n] = include;
}

bool ch_lock_name(struct ch_lock_build *b, struct ch_str name, struct ch_str *ret)
{
    if (!ch_pypi_name_valid(name)) {
        return false;
    }
    struct ch_buf normal;
    ch_buf_init(&normal, ch_limits.project_name_bytes);
    ch_pypi_name_put_normal(&normal, name);
    *ret = ch_lock_keep(b, ch_buf_str(&normal));
    ch_buf_done(&normal);
    return true;
}

enum ch_code ch_lock_wrong(const struct ch_lock_build *b, uint32_t line, uint32_t column,
                           const char *expected, struct ch_str found, struct ch_err *err)
{
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.text_bytes);
    ch_buf_put_escaped(&text, ch_str_sub(found, 0, ch_limits.word_bytes));
    enum ch_code rc = found.len == 0
                          ? ch_fail(err, CH_E_FORMAT, "%s:%u:%u: expected %s, found nothing",
                                    b->name, line, column, expected)
                          : ch_fail(err, CH_E_FORMAT, "%s:%u:%u: expected %s, found \"%.*s\"",
                                    b->name, line, column, expected, CH_STR_ARG(ch_buf_str(&text)));
    ch_buf_done(&text);
    return rc;
}

/* --- the whole --- */

void ch_lockfile_free(struct ch_lockfile *file)
{
    struct ch_lock_build *b = (struct ch_lock_build *)file; /* its first member */
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->kept_count; i++) {
        free(b->kept[i]);
    }
    for (size_t i = 0; i < b->list_count; i++) {
        free(b->lists[i]);
    }
    free(b->kept);
    free(b->lists);
    free(b->packages);
    free(b->includes);
    free(b);
}

enum ch_code ch_lockfile_parse(struct ch_str text, const char *name, enum ch_lockfile_format format,
                               struct ch_lockfile **ret, struct ch_err *err)
{
    if (text.len > ch_limits.toml_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%s: %zu bytes, at most %llu", name, text.len,
                       (unsigned long long)ch_limits.toml_bytes);
    }
    struct ch_lock_build *b = ch_realloc_array(NULL, 1, sizeof(*b));
    *b = (struct ch_lock_build){.name = name};
    enum ch_code rc = format == CH_LOCKFILE_REQUIREMENTS ? ch_lock_requirements(b, text, err)
                      : format >= CH_LOCKFILE_CONDA_ENVIRONMENT
                          ? ch_lock_conda(b, text, format, err)
                          : ch_lock_toml(b, text, format, err);
    if (rc != CH_OK) {
        ch_lockfile_free(&b->out);
        return rc;
    }
    b->name = NULL; /* borrowed */
    b->out.packages = b->packages;
    b->out.includes = b->includes;
    *ret = &b->out;
    return CH_OK;
}
