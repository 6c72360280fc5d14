/* The project list in JSON (PEP 691): streamed, one entry at a time, since a list of a million
 * names as a tree would not fit the jail. */
#include "scanner/eco/pypi/page/json.h"
#include "scanner/eco/pypi/metadata/metadata.h"
#include "scanner/eco/pypi/page/page.h"

#include "customhouse/limits.h"

struct walk {
    struct ch_str bytes;
    size_t at;
    struct ch_scan_writer *out;
    uint64_t names;
    bool has_meta;
    bool has_projects;
};

static void skip_blanks(struct walk *w)
{
    while (w->at < w->bytes.len && ch_str_find_char(CH_STR(" \t\r\n"), w->bytes.ptr[w->at], NULL)) {
        w->at++;
    }
}

/* Takes `c`, with blanks before it. */
static bool take(struct walk *w, char c)
{
    skip_blanks(w);
    if (w->at < w->bytes.len && w->bytes.ptr[w->at] == c) {
        w->at++;
        return true;
    }
    return false;
}

static enum ch_code expected(const struct walk *w, const char *what, struct ch_err *err)
{
    return ch_fail(err, CH_E_FORMAT, "project list: expected %s at byte %zu", what, w->at);
}

static enum ch_code take_value(struct walk *w, json_t **ret, struct ch_err *err)
{
    size_t len;
    skip_blanks(w);
    enum ch_code rc = ch_json_load_value(ch_str_sub(w->bytes, w->at, w->bytes.len), ret, &len, err);
    if (rc != CH_OK) {
        return ch_wrap(err, "project list: after byte %zu", w->at);
    }
    w->at += len;
    return CH_OK;
}

static enum ch_code take_project(struct walk *w, struct ch_err *err)
{
    json_t *entry;
    struct ch_json name;
    enum ch_code rc = take_value(w, &entry, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_json at = {.value = entry};
    rc = ch_json_need(at, "name", JSON_STRING, &name, err);
    if (rc == CH_OK && !ch_pypi_name_valid(ch_json_str(name))) {
        rc = ch_json_fail(name, err, "expected a project name (PEP 508)");
    }
    if (rc == CH_OK) {
        ch_scan_write_root_name(w->out, ch_json_str(name));
        rc = ch_scan_writer_ok(w->out, err);
    }
    if (rc != CH_OK) {
        rc = ch_wrap(err, "projects[%llu]", (unsigned long long)w->names);
    }
    json_decref(entry);
    if (rc == CH_OK && ++w->names > ch_limits.root_names) {
        rc = ch_fail(err, CH_E_LIMIT, "project list: more than %llu names",
                     (unsigned long long)ch_limits.root_names);
    }
    return rc;
}

static enum ch_code take_projects(struct walk *w, struct ch_err *err)
{
    if (!take(w, '[')) {
        return expected(w, "an array of projects", err);
    }
    if (take(w, ']')) {
        return CH_OK;
    }
    do {
        enum ch_code rc = take_project(w, err);
        if (rc != CH_OK) {
            return rc;
        }
    } while (take(w, ','));
    return take(w, ']') ? CH_OK : expected(w, "',' or ']'", err);
}

static enum ch_code take_other(struct walk *w, bool is_meta, struct ch_err *err)
{
    json_t *value;
    uint64_t serial = 0;
    enum ch_code rc = take_value(w, &value, err);
    if (rc != CH_OK || !is_meta) {
        if (rc == CH_OK) {
            json_decref(value);
        }
        return rc;
    }
    json_t *root = json_pack("{s:o}", "meta", value);
    CH_ASSERT(root != NULL);
    rc = ch_json_read_meta((struct ch_json){.value = root}, &serial, err);
    json_decref(root);
    return rc;
}

static enum ch_code take_member(struct walk *w, struct ch_err *err)
{
    json_t *key;
    enum ch_code rc = take_value(w, &key, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str name = {json_is_string(key) ? json_string_value(key) : NULL,
                          json_is_string(key) ? json_string_length(key) : 0};
    bool is_projects = ch_str_eq(name, CH_STR("projects"));
    bool is_meta = ch_str_eq(name, CH_STR("meta"));
    bool is_string = json_is_string(key);
    json_decref(key);
    if (!is_string || !take(w, ':')) {
        return expected(w, "\"key\": value", err);
    }
    if ((is_projects && w->has_projects) || (is_meta && w->has_meta)) {
        return ch_fail(err, CH_E_FORMAT, "project list: duplicate key \"%s\" near byte %zu",
                       is_meta ? "meta" : "projects", w->at);
    }
    w->has_projects |= is_projects;
    w->has_meta |= is_meta;
    return is_projects ? take_projects(w, err) : take_other(w, is_meta, err);
}

enum ch_code ch_root_parse_json(const struct ch_scan_job *job CH_UNUSED, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    struct walk w = {.bytes = {(const char *)in->ptr, in->len}, .out = out};
    enum ch_code rc = ch_json_check_depth(w.bytes, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (!take(&w, '{')) {
        return expected(&w, "a JSON object", err);
    }
    if (!take(&w, '}')) {
        do {
            rc = take_member(&w, err);
            if (rc != CH_OK) {
                return rc;
            }
        } while (take(&w, ','));
        if (!take(&w, '}')) {
            return expected(&w, "',' or '}'", err);
        }
    }
    skip_blanks(&w);
    if (w.at != w.bytes.len) {
        return expected(&w, "the end", err);
    }
    if (!w.has_meta || !w.has_projects) {
        return ch_fail(err, CH_E_FORMAT, "project list: expected \"meta\" and \"projects\"");
    }
    return CH_OK;
}
