/* The legacy JSON API document of a project, /pypi/NAME/json: sizes and upload times that an HTML
 * page does not state. Its files come in two lists, by release and of the newest release. */
#include "scanner/eco/pypi/page/page_fields.h"
#include "scanner/eco/pypi/page/page.h"

#include "customhouse/limits.h"

static enum ch_code read_file(struct ch_json file, struct ch_page_draft *d, struct ch_err *err)
{
    struct ch_json name;
    struct ch_json url;
    struct ch_json digests;
    struct ch_json v;
    struct ch_index_file *f;
    enum ch_code rc = ch_json_need(file, "filename", JSON_STRING, &name, err);
    if (rc == CH_OK) {
        rc = ch_json_need(file, "url", JSON_STRING, &url, err);
    }
    if (rc == CH_OK) {
        rc = ch_page_add(d, ch_json_str(name), d->job->base_url, ch_json_str(url), &f, err);
    }
    if (rc != CH_OK || f == NULL) {
        return rc;
    }
    rc = ch_json_member(file, "digests", JSON_OBJECT, &digests, err);
    if (rc == CH_OK && digests.value != NULL) {
        rc = ch_json_read_hashes(digests, &f->sha256, &f->alias, err);
    }
    if (rc == CH_OK) {
        rc = ch_json_read_terms(file, "upload_time_iso_8601", d, f, err);
    }
    if (rc == CH_OK) {
        rc = ch_json_member(file, "yanked", CH_JSON_ANY, &v, err);
    }
    if (rc == CH_OK && v.value != NULL) {
        if (!json_is_boolean(v.value)) {
            return ch_json_fail(v, err, "expected true or false");
        }
        f->yanked = json_is_true(v.value);
    }
    if (rc == CH_OK && f->yanked) {
        rc = ch_json_member(file, "yanked_reason", JSON_STRING, &v, err);
        if (rc == CH_OK && v.value != NULL) {
            f->yanked_reason = ch_page_keep(d, ch_page_clip(ch_json_str(v)));
        }
    }
    return rc;
}

static enum ch_code read_files(struct ch_json files, struct ch_page_draft *d, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < json_array_size(files.value); i++) {
        struct ch_json file;
        rc = ch_json_item(files, i, JSON_OBJECT, &file, err);
        if (rc == CH_OK) {
            rc = read_file(file, d, err);
        }
    }
    return rc;
}

static enum ch_code read_releases(struct ch_json releases, struct ch_page_draft *d,
                                  struct ch_err *err)
{
    json_t *object = (json_t *)(uintptr_t)releases.value; /* jansson's iterators take no const */
    void *it = json_object_iter(object);
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && it != NULL) {
        struct ch_json files;
        rc = ch_json_need(releases, json_object_iter_key(it), JSON_ARRAY, &files, err);
        if (rc == CH_OK) {
            rc = read_files(files, d, err);
        }
        it = json_object_iter_next(object, it);
    }
    return rc;
}

static enum ch_code read_document(struct ch_json root, struct ch_page_draft *d, struct ch_err *err)
{
    struct ch_json info;
    struct ch_json name;
    struct ch_json v;
    enum ch_code rc = ch_json_need(root, "info", JSON_OBJECT, &info, err);
    if (rc == CH_OK) {
        rc = ch_json_need(info, "name", JSON_STRING, &name, err);
    }
    if (rc == CH_OK) {
        rc = ch_page_set_project(d, ch_json_str(name), err);
    }
    if (rc == CH_OK) {
        rc = ch_json_member(root, "last_serial", CH_JSON_ANY, &v, err);
    }
    if (rc == CH_OK) {
        d->head.serial = ch_json_serial(v.value);
    }
    if (rc == CH_OK) {
        rc = ch_json_member(root, "releases", JSON_OBJECT, &v, err);
    }
    if (rc == CH_OK && v.value != NULL) {
        rc = read_releases(v, d, err);
    }
    if (rc == CH_OK) {
        rc = ch_json_need(root, "urls", JSON_ARRAY, &v, err);
    }
    return rc == CH_OK ? read_files(v, d, err) : rc;
}

enum ch_code ch_details_parse(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    json_t *doc;
    if (in->len > ch_limits.page_bytes) {
        return ch_fail(err, CH_E_LIMIT, "details: %zu bytes, at most %llu", in->len,
                       (unsigned long long)ch_limits.page_bytes);
    }
    enum ch_code rc = ch_json_load((struct ch_str){(const char *)in->ptr, in->len}, &doc, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_page_draft d;
    ch_page_draft_init(&d, job, out);
    rc = read_document((struct ch_json){.value = doc}, &d, err);
    if (rc == CH_OK) {
        rc = ch_page_finish(&d, err);
    }
    ch_page_draft_done(&d);
    json_decref(doc);
    return rc;
}
