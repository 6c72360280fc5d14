#include "scanner/eco/oci/statement.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/manifest_int.h"

static const char *const root_keys[] = {"_type", "subject", "predicateType", "predicate", NULL};
static const char *const subject_keys[] = {
    "name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations", NULL};

static enum ch_code read_type(struct ch_json root, struct ch_err *err)
{
    struct ch_json v;
    enum ch_code rc = ch_json_need(root, "_type", JSON_STRING, &v, err);
    if (rc == CH_OK && !ch_str_eq(ch_json_str(v), CH_STR("https://in-toto.io/Statement/v1")) &&
        !ch_str_eq(ch_json_str(v), CH_STR("https://in-toto.io/Statement/v0.1"))) {
        rc = ch_json_fail(v, err, "expected https://in-toto.io/Statement/v1 or v0.1");
    }
    return rc;
}

static enum ch_code read_subject(struct ch_json subject, struct ch_sha256 *ret, struct ch_err *err)
{
    struct ch_json digests;
    struct ch_json sha256;
    struct ch_json name;
    enum ch_code rc = ch_oci_check_keys(&subject, subject_keys, err);
    rc = rc == CH_OK ? ch_json_member(subject, "name", JSON_STRING, &name, err) : rc;
    rc = rc == CH_OK ? ch_json_need(subject, "digest", JSON_OBJECT, &digests, err) : rc;
    rc = rc == CH_OK ? ch_json_need(digests, "sha256", JSON_STRING, &sha256, err) : rc;
    if (rc == CH_OK && !ch_sha256_from_hex(ch_json_str(sha256), ret)) {
        rc = ch_json_fail(sha256, err, "expected 64 hex digits in lower case");
    }
    return rc;
}

static enum ch_code read_root(struct ch_json root, struct ch_oci_statement *s, struct ch_err *err)
{
    struct ch_json v;
    struct ch_json list;
    struct ch_json item;
    enum ch_code rc = ch_oci_check_keys(&root, root_keys, err);
    rc = rc == CH_OK ? read_type(root, err) : rc;
    rc = rc == CH_OK ? ch_json_need(root, "predicateType", JSON_STRING, &v, err) : rc;
    if (rc == CH_OK) {
        s->predicate_type = ch_json_str(v);
        if (s->predicate_type.len == 0 || s->predicate_type.len > ch_limits.text_bytes) {
            rc = ch_json_fail(v, err, "expected a type");
        }
    }
    rc = rc == CH_OK ? ch_json_member(root, "predicate", JSON_OBJECT, &v, err) : rc;
    rc = rc == CH_OK ? ch_json_need(root, "subject", JSON_ARRAY, &list, err) : rc;
    size_t count = rc == CH_OK ? json_array_size(list.value) : 0;
    if (count > ch_limits.oci_config_items) {
        rc = ch_json_fail(list, err, "more items than allowed");
    }
    if (rc == CH_OK) {
        s->subjects = ch_calloc(count + 1, sizeof(s->subjects[0]));
    }
    for (; rc == CH_OK && s->subject_count < count; s->subject_count++) {
        rc = ch_json_item(list, s->subject_count, JSON_OBJECT, &item, err);
        rc = rc == CH_OK ? read_subject(item, &s->subjects[s->subject_count], err) : rc;
    }
    return rc;
}

bool ch_oci_statement_read(struct ch_str bytes, struct ch_scan_writer *out,
                           struct ch_oci_statement *ret)
{
    struct ch_err err;
    json_t *doc = NULL;
    *ret = (struct ch_oci_statement){.document = NULL};
    enum ch_code rc = bytes.len <= ch_limits.oci_statement_bytes
                          ? ch_json_load(bytes, &doc, &err)
                          : ch_fail(&err, CH_E_LIMIT, "%zu bytes, at most %llu are read", bytes.len,
                                    (unsigned long long)ch_limits.oci_statement_bytes);
    ret->document = doc;
    struct ch_json root = {.value = doc};
    if (rc == CH_OK && !json_is_object(doc)) {
        rc = ch_json_fail(root, &err, "expected an object");
    }
    rc = rc == CH_OK ? read_root(root, ret, &err) : rc;
    if (rc != CH_OK) {
        ch_scan_write_finding(out, CH_F_OCI_STATEMENT, (struct ch_str){NULL, 0},
                              ch_str_of(err.msg));
        ch_oci_statement_done(ret);
        return false;
    }
    return true;
}

void ch_oci_statement_done(struct ch_oci_statement *s)
{
    free(s->subjects);
    json_decref(s->document);
    *s = (struct ch_oci_statement){.subjects = NULL};
}
