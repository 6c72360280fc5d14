#include "scanner/eco/oci/tags.h"

#include <stdlib.h>

#include "base/oci/reference.h"
#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/json/json.h"

struct tags {
    struct ch_str name;
    struct ch_str base; /* address up to "/v2/NAME/" */
    struct ch_map *seen;
    struct ch_scan_writer *out;
};

static enum ch_code read_job(const struct ch_scan_job *job, struct tags *t, struct ch_err *err)
{
    const struct ch_str last = CH_STR("tags/list");
    struct ch_buf ending;
    t->name = job->project;
    ch_buf_init(&ending, (size_t)ch_limits.url_bytes);
    ch_buf_printf(&ending, "/v2/%.*s/%.*s", CH_STR_ARG(t->name), CH_STR_ARG(last));
    bool good = ch_oci_is_name(t->name) && !ending.failed && ch_index_url_ok(job->base_url) &&
                ch_str_ends(job->base_url, ch_buf_str(&ending));
    t->base = ch_str_sub(job->base_url, 0, job->base_url.len - (good ? last.len : 0));
    ch_buf_done(&ending);
    return good ? CH_OK
                : ch_fail(err, CH_E_USAGE,
                          "the job's page and address: expected NAME, and .../v2/NAME/tags/list");
}

static enum ch_code write_tag(const struct tags *t, struct ch_json at, struct ch_err *err)
{
    struct ch_str tag = ch_json_str(at);
    struct ch_buf url;
    if (!ch_oci_is_tag(tag)) {
        return ch_json_fail(at, err, "expected a tag");
    }
    if (ch_map_set(t->seen, tag, t->seen) != NULL) {
        return ch_json_fail(at, err, "a tag that was listed before");
    }
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    ch_buf_printf(&url, "%.*smanifests/%.*s", CH_STR_ARG(t->base), CH_STR_ARG(tag));
    enum ch_code rc = ch_buf_ok(&url, err);
    if (rc == CH_OK) {
        ch_scan_write_index_file(t->out, &(struct ch_index_file){
                                             .file_name = tag,
                                             .url = ch_buf_str(&url),
                                             .size_bytes = CH_SIZE_UNKNOWN,
                                             .uploaded_at_us = CH_TIME_UNKNOWN,
                                             .project = t->name,
                                             .version = tag,
                                         });
        rc = ch_scan_writer_ok(t->out, err);
    }
    ch_buf_done(&url);
    return rc;
}

static enum ch_code write_tags(struct tags *t, const json_t *document, struct ch_err *err)
{
    const struct ch_json root = {.value = document};
    struct ch_json name, tags, tag;
    enum ch_code rc = ch_json_need(root, "name", JSON_STRING, &name, err);
    if (rc == CH_OK && !ch_str_eq(ch_json_str(name), t->name)) {
        rc = ch_json_fail(name, err, "expected the name that was asked for");
    }
    rc = rc == CH_OK ? ch_json_member(root, "tags", JSON_ARRAY, &tags, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_scan_write_index_head(t->out, &(struct ch_index_head){.project = t->name});
    size_t count = tags.value != NULL ? json_array_size(tags.value) : 0;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_json_item(tags, i, JSON_STRING, &tag, err);
        rc = rc == CH_OK ? write_tag(t, tag, err) : rc;
    }
    return rc;
}

enum ch_code ch_oci_tags_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    struct tags t = {.out = out};
    json_t *document = NULL;
    enum ch_code rc = read_job(job, &t, err);
    rc = rc == CH_OK ? ch_json_load((struct ch_str){(const char *)in->ptr, in->len}, &document, err)
                     : rc;
    if (rc == CH_OK) {
        t.seen = ch_map_new();
        rc = write_tags(&t, document, err);
        ch_map_free(t.seen);
        json_decref(document);
    }
    return rc == CH_OK ? rc : ch_wrap(err, "tags");
}
