/* PEP 691 project pages in JSON. */
#include "scanner/eco/pypi/page/page_fields.h"
#include "scanner/eco/pypi/page/page.h"

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"

enum ch_code ch_json_read_hashes(struct ch_json at, struct ch_sha256 *ret,
                                 struct ch_alias *ret_alias, struct ch_err *err)
{
    for (int kind = CH_HASH_NONE; kind < CH_HASH_COUNT; kind++) {
        struct ch_json hash;
        const char *name =
            kind == CH_HASH_NONE ? "sha256" : ch_hash_kind_name((enum ch_hash_kind)kind);
        enum ch_code rc = ch_json_member(at, name, JSON_STRING, &hash, err);
        if (rc != CH_OK) {
            return rc;
        }
        if (hash.value != NULL &&
            !ch_page_hash(ch_str_of(name), ch_json_str(hash), ret, ret_alias)) {
            return ch_json_fail(hash, err,
                                kind == CH_HASH_NONE
                                    ? "expected 64 hex digits, not all of them 0"
                                    : "expected as many hex digits as such a hash has");
        }
    }
    return CH_OK;
}

static enum ch_code read_yanked(struct ch_json file, struct ch_page_draft *d,
                                struct ch_index_file *f, struct ch_err *err)
{
    struct ch_json yanked;
    enum ch_code rc = ch_json_member(file, "yanked", CH_JSON_ANY, &yanked, err);
    if (rc != CH_OK || yanked.value == NULL) {
        return rc;
    }
    if (json_is_boolean(yanked.value)) {
        f->yanked = json_is_true(yanked.value);
    } else if (json_is_string(yanked.value)) {
        /* clients take an empty reason for "not yanked", though PEP 691 does not allow it */
        f->yanked_reason = ch_page_keep(d, ch_page_clip(ch_json_str(yanked)));
        f->yanked = f->yanked_reason.len > 0;
    } else {
        return ch_json_fail(yanked, err, "expected true, false or a reason");
    }
    return CH_OK;
}

/* PEP 714: "core-metadata" goes before its older names. */
static enum ch_code read_sidecar(struct ch_json file, struct ch_index_file *f, struct ch_err *err)
{
    static const char *const keys[] = {"core-metadata", "data-dist-info-metadata",
                                       "dist-info-metadata"};
    struct ch_json sidecar = {0};
    for (size_t i = 0; i < CH_ARRAY_LEN(keys) && sidecar.value == NULL; i++) {
        enum ch_code rc = ch_json_member(file, keys[i], CH_JSON_ANY, &sidecar, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    if (sidecar.value == NULL || json_is_false(sidecar.value)) {
        return CH_OK;
    }
    if (json_is_true(sidecar.value)) {
        f->sidecar = CH_SIDECAR_YES;
        return CH_OK;
    }
    if (!json_is_object(sidecar.value)) {
        return ch_json_fail(sidecar, err, "expected true, false or hashes");
    }
    struct ch_alias alias = {.kind = CH_HASH_NONE};
    enum ch_code rc = ch_json_read_hashes(sidecar, &f->sidecar_sha256, &alias, err);
    f->sidecar = ch_page_sidecar(&f->sidecar_sha256, &alias);
    return rc;
}

enum ch_code ch_json_read_terms(struct ch_json file, const char *time_key, struct ch_page_draft *d,
                                struct ch_index_file *f, struct ch_err *err)
{
    struct ch_json v;
    enum ch_code rc = ch_json_member(file, "requires-python", JSON_STRING, &v, err);
    if (rc == CH_OK && v.value == NULL) {
        rc = ch_json_member(file, "requires_python", JSON_STRING, &v, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    if (v.value != NULL) {
        f->requires_python = ch_page_keep(d, ch_json_str(v));
        if (f->requires_python.len > ch_limits.text_bytes) {
            return ch_json_fail(v, err, "longer than allowed");
        }
    }
    rc = ch_json_member(file, "size", JSON_INTEGER, &v, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (v.value != NULL) {
        if (json_integer_value(v.value) < 0) {
            return ch_json_fail(v, err, "expected a size of 0 or more");
        }
        f->size_bytes = (uint64_t)json_integer_value(v.value);
    }
    rc = ch_json_member(file, time_key, JSON_STRING, &v, err);
    if (rc == CH_OK && v.value != NULL && !ch_time_parse(ch_json_str(v), &f->uploaded_at_us)) {
        rc = ch_json_fail(v, err, "expected a time in UTC (RFC 3339)");
    }
    return rc;
}

static enum ch_code read_file(struct ch_json file, struct ch_page_draft *d, struct ch_err *err)
{
    struct ch_json name;
    struct ch_json url;
    struct ch_json hashes;
    struct ch_index_file *f;
    enum ch_code rc = ch_json_need(file, "filename", JSON_STRING, &name, err);
    if (rc == CH_OK) {
        rc = ch_json_need(file, "url", JSON_STRING, &url, err);
    }
    if (rc == CH_OK) {
        rc = ch_json_member(file, "hashes", JSON_OBJECT, &hashes,
                            err); /* clients take it left out, too */
    }
    if (rc == CH_OK) {
        rc = ch_page_add(d, ch_json_str(name), d->job->base_url, ch_json_str(url), &f, err);
    }
    if (rc != CH_OK || f == NULL) {
        return rc;
    }
    rc = hashes.value != NULL ? ch_json_read_hashes(hashes, &f->sha256, &f->alias, err) : CH_OK;
    if (rc == CH_OK) {
        rc = ch_json_read_terms(file, "upload-time", d, f, err);
    }
    if (rc == CH_OK) {
        rc = read_yanked(file, d, f, err);
    }
    return rc == CH_OK ? read_sidecar(file, f, err) : rc;
}

uint64_t ch_json_serial(const json_t *value)
{
    uint64_t serial = 0;
    if (json_is_integer(value) && json_integer_value(value) > 0) {
        serial = (uint64_t)json_integer_value(value);
    } else if (json_is_string(value)) {
        struct ch_str text = {json_string_value(value), json_string_length(value)};
        if (!ch_str_u64(text, &serial)) {
            return 0;
        }
    }
    return serial;
}

enum ch_code ch_json_read_meta(struct ch_json root, uint64_t *ret_serial, struct ch_err *err)
{
    struct ch_json meta;
    struct ch_json v;
    enum ch_code rc = ch_json_need(root, "meta", JSON_OBJECT, &meta, err);
    if (rc == CH_OK) {
        rc = ch_json_need(meta, "api-version", JSON_STRING, &v, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_page_check_version(ch_json_str(v), err);
    if (rc != CH_OK) {
        return ch_wrap(err, "meta.api-version");
    }
    /* Names with an underscore are an upstream's own (PEP 691): one mirror writes the number as a
     * string. Nothing is decided by it, so what is no number is no serial. */
    rc = ch_json_member(meta, "_last-serial", CH_JSON_ANY, &v, err);
    if (rc == CH_OK) {
        *ret_serial = ch_json_serial(v.value);
    }
    return rc;
}

/* PEP 792: project-status exists from 1.4 on; there, without one a project is active. */
static bool version_has_status(struct ch_json root, struct ch_err *err)
{
    struct ch_json meta, v;
    uint64_t minor = 0;
    return ch_json_need(root, "meta", JSON_OBJECT, &meta, err) == CH_OK &&
           ch_json_need(meta, "api-version", JSON_STRING, &v, err) == CH_OK &&
           ch_str_starts(ch_json_str(v), CH_STR("1.")) &&
           ch_str_u64(ch_str_sub(ch_json_str(v), 2, ch_json_str(v).len), &minor) && minor >= 4;
}

static enum ch_code read_status(struct ch_json root, struct ch_page_draft *d, struct ch_err *err)
{
    struct ch_json status;
    struct ch_json v;
    d->head.states_status = version_has_status(root, err);
    enum ch_code rc = ch_json_member(root, "project-status", JSON_OBJECT, &status, err);
    if (rc != CH_OK || status.value == NULL) {
        return rc;
    }
    rc = ch_json_member(status, "status", JSON_STRING, &v, err);
    if (rc == CH_OK && v.value != NULL && !ch_page_status(ch_json_str(v), &d->head.status)) {
        rc = ch_json_fail(v, err, "expected active, archived, quarantined or deprecated");
    }
    if (rc == CH_OK) {
        d->head.states_status = d->head.states_status || v.value != NULL;
        rc = ch_json_member(status, "reason", JSON_STRING, &v, err);
    }
    if (rc == CH_OK && v.value != NULL) {
        d->head.status_reason = ch_page_keep(d, ch_page_clip(ch_json_str(v)));
    }
    return rc;
}

static enum ch_code read_page(struct ch_json root, struct ch_page_draft *d, struct ch_err *err)
{
    struct ch_json name;
    struct ch_json files;
    enum ch_code rc = ch_json_read_meta(root, &d->head.serial, err);
    if (rc == CH_OK) {
        rc = ch_json_need(root, "name", JSON_STRING, &name, err);
    }
    if (rc == CH_OK) {
        rc = ch_page_set_project(d, ch_json_str(name), err);
    }
    if (rc == CH_OK) {
        rc = read_status(root, d, err);
    }
    if (rc == CH_OK) {
        rc = ch_json_need(root, "files", JSON_ARRAY, &files, err);
    }
    for (size_t i = 0; rc == CH_OK && i < json_array_size(files.value); i++) {
        struct ch_json file;
        rc = ch_json_item(files, i, JSON_OBJECT, &file, err);
        if (rc == CH_OK) {
            rc = read_file(file, d, err);
        }
    }
    return rc;
}

enum ch_code ch_page_parse_json(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    json_t *doc;
    enum ch_code rc = ch_json_load((struct ch_str){(const char *)in->ptr, in->len}, &doc, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_page_draft d;
    ch_page_draft_init(&d, job, out);
    rc = read_page((struct ch_json){.value = doc}, &d, err);
    if (rc == CH_OK) {
        rc = ch_page_finish(&d, err);
    }
    ch_page_draft_done(&d);
    json_decref(doc);
    return rc;
}
