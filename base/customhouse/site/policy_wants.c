#include "policy_wants.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/lockfile/lockfile.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "site.h"

#define INCLUDE_DEPTH_MAX 8

static bool says(struct ch_str text, const char *word)
{
    return ch_str_find(text, ch_str_of(word), NULL);
}

/* Explicit lists of conda are named as requirements are. Of a name that tells nothing: TOML tables of packages are one
 * of three, anything else is lines. */
static enum ch_lockfile_format format_of(const char *path, struct ch_str text)
{
    enum ch_lockfile_format format = CH_LOCKFILE_REQUIREMENTS;
    if (ch_str_starts(text, CH_STR("@EXPLICIT")) || says(text, "\n@EXPLICIT")) {
        return CH_LOCKFILE_CONDA_EXPLICIT;
    }
    if (ch_lockfile_format_of(ch_str_of(path), &format)) {
        return format;
    }
    if (says(text, "[[packages]]") && says(text, "lock-version")) {
        return CH_LOCKFILE_PYLOCK;
    }
    if (says(text, "[[package]]")) {
        return says(text, "content-hash") ? CH_LOCKFILE_POETRY : CH_LOCKFILE_UV;
    }
    return CH_LOCKFILE_REQUIREMENTS;
}

static enum ch_code put_want(struct ch_buf *ret, const char *path, const struct ch_locked *l,
                             struct ch_err *err)
{
    struct ch_buf hashes;
    ch_buf_init(&hashes, (size_t)ch_limits.want_hashes * CH_SHA256_BYTES);
    for (size_t i = 0; i < l->hash_count; i++) {
        struct ch_sha256 d;
        struct ch_str h = l->hashes[i];
        if (ch_str_starts(h, CH_STR("sha256:")) &&
            ch_sha256_from_any_hex(ch_str_sub(h, 7, h.len), &d)) {
            ch_buf_put(&hashes, d.byte, CH_SHA256_BYTES);
        }
    }
    enum ch_code rc = ch_buf_ok(&hashes, err);
    if (rc == CH_OK) {
        struct ch_policy_want w = {
            .ecosystem = l->ecosystem,
            .name = l->name,
            .version = l->version,
            .specifier = l->version.len > 0 && !says(l->specifier, "[fn=")
                             ? (struct ch_str){NULL, 0}
                             : l->specifier,
            .source = l->source,
            .file = ch_str_of(path),
            .line = l->line,
            .hash_count = (uint32_t)l->hash_count,
            .sha256 = ch_buf_str(&hashes),
        };
        ch_policy_want_put(ret, &w);
        rc = ch_buf_ok(ret, err);
    }
    ch_buf_done(&hashes);
    return rc == CH_OK ? rc
                       : (ch_fail(err, CH_E_USAGE, "%s:%u:%u: more than the limits allow", path,
                                  l->line, l->column),
                          err->code);
}

static enum ch_code read_one(const char *path, unsigned depth, struct ch_buf *ret,
                             struct ch_err *err);

static enum ch_code read_include(const char *path, const struct ch_locked_include *include,
                                 unsigned depth, struct ch_buf *ret, struct ch_err *err)
{
    const char *slash = strrchr(path, '/');
    bool absolute = ch_str_starts(include->path, CH_STR("/"));
    struct ch_buf other;
    if (depth == INCLUDE_DEPTH_MAX || says(include->path, "://")) {
        return ch_fail(err, CH_E_USAGE, "%s:%u:%u: expected a file, at most %d deep, found %s",
                       path, include->line, include->column, INCLUDE_DEPTH_MAX,
                       depth == INCLUDE_DEPTH_MAX ? "one deeper" : "an address");
    }
    ch_buf_init(&other, (size_t)2 * PATH_MAX);
    if (!absolute && slash != NULL) {
        ch_buf_puts(&other, (struct ch_str){path, (size_t)(slash - path) + 1});
    }
    ch_buf_puts(&other, include->path);
    ch_buf_putc(&other, '\0');
    enum ch_code rc = ch_buf_ok(&other, err);
    rc = rc == CH_OK ? read_one(other.ptr, depth + 1, ret, err) : rc;
    ch_buf_done(&other);
    return rc;
}

static enum ch_code read_one(const char *path, unsigned depth, struct ch_buf *ret,
                             struct ch_err *err)
{
    struct ch_buf text = {0};
    struct ch_lockfile *file = NULL;
    enum ch_code rc = site_read_given(path, ch_limits.toml_bytes, &text, err);
    if (rc == CH_OK) {
        rc = ch_lockfile_parse(ch_buf_str(&text), path, format_of(path, ch_buf_str(&text)), &file,
                               err);
    }
    for (size_t i = 0; rc == CH_OK && i < file->package_count; i++) {
        rc = put_want(ret, path, &file->packages[i], err);
    }
    for (size_t i = 0; rc == CH_OK && i < file->include_count; i++) {
        rc = read_include(path, &file->includes[i], depth, ret, err);
    }
    ch_lockfile_free(file);
    ch_buf_done(&text);
    return rc;
}

enum ch_code policy_wants_read(const char *path, struct ch_buf *ret, struct ch_err *err)
{
    size_t before = ret->len;
    enum ch_code rc = read_one(path, 0, ret, err);
    if (rc == CH_OK && ret->len == before) {
        rc = ch_fail(err, CH_E_USAGE, "%s: asks for nothing", path);
    }
    return rc;
}
