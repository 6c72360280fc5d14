/* The second opinion of documents: what they name by digest, as yajl reads them. */
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_tree.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/document_int.h"
#include "scanner/json/json.h"

struct second {
    struct ch_scan_writer *out;
    enum ch_finding_code code; /* of what cannot be read */
    bool failed;
};

static void lose(struct second *s, const char *what)
{
    if (!s->failed) {
        ch_scan_write_finding(s->out, s->code, (struct ch_str){NULL, 0}, ch_str_of(what));
    }
    s->failed = true;
}

void ch_oci_document_warm_up(void)
{
    ch_json_warm_up(); /* yajl has no tables, and asks the system for nothing */
}

/* --- access --- */

/* Null is what is not there. */
static yajl_val get(struct second *s, yajl_val object, const char *key, yajl_type type, bool needed)
{
    const char *path[] = {key, NULL};
    yajl_val v = s->failed ? NULL : yajl_tree_get(object, path, yajl_t_any);
    if (v == NULL || YAJL_IS_NULL(v)) {
        if (needed) {
            lose(s, key);
        }
        return NULL;
    }
    if (v->type != type) {
        lose(s, key);
        return NULL;
    }
    return v;
}

static size_t length_of(yajl_val list)
{
    return list != NULL ? YAJL_GET_ARRAY(list)->len : 0;
}

static yajl_val item(struct second *s, yajl_val list, size_t i, yajl_type type)
{
    yajl_val v = YAJL_GET_ARRAY(list)->values[i];
    if (v->type != type) {
        lose(s, "an item of another type");
        return NULL;
    }
    return v;
}

/* --- what is named --- */

static void member(struct second *s, yajl_val digest, uint64_t size_bytes)
{
    struct ch_oci_digest d;
    struct ch_err err;
    if (s->failed) {
        return;
    }
    if (ch_oci_digest_parse(ch_str_of(YAJL_GET_STRING(digest)), &d, &err) != CH_OK) {
        lose(s, "no digest");
    } else {
        oci_write_member(s->out, &d, size_bytes);
    }
}

static void descriptor(struct second *s, yajl_val d)
{
    yajl_val digest = get(s, d, "digest", yajl_t_string, true);
    yajl_val size = get(s, d, "size", yajl_t_number, true);
    if (s->failed) {
        return;
    }
    if (!YAJL_IS_INTEGER(size) || YAJL_GET_INTEGER(size) < 0) {
        lose(s, "size");
        return;
    }
    member(s, digest, (uint64_t)YAJL_GET_INTEGER(size));
}

static void one(struct second *s, yajl_val root, const char *key, bool needed)
{
    yajl_val d = get(s, root, key, yajl_t_object, needed);
    if (d != NULL) {
        descriptor(s, d);
    }
}

static void list_of(struct second *s, yajl_val root, const char *key)
{
    yajl_val list = get(s, root, key, yajl_t_array, true);
    if (length_of(list) > ch_limits.oci_manifest_parts) {
        lose(s, "more descriptors than are read");
    }
    for (size_t i = 0; !s->failed && i < length_of(list); i++) {
        yajl_val d = item(s, list, i, yajl_t_object);
        if (d != NULL) {
            descriptor(s, d);
        }
    }
}

static void manifest(struct second *s, yajl_val root)
{
    one(s, root, "config", true);
    list_of(s, root, "layers");
    one(s, root, "subject", false);
}

static void index_of(struct second *s, yajl_val root)
{
    list_of(s, root, "manifests");
    one(s, root, "subject", false);
}

static void config(struct second *s, yajl_val root)
{
    yajl_val rootfs = get(s, root, "rootfs", yajl_t_object, true);
    yajl_val list = get(s, rootfs, "diff_ids", yajl_t_array, true);
    for (size_t i = 0; !s->failed && i < length_of(list); i++) {
        member(s, item(s, list, i, yajl_t_string), 0);
    }
}

static void statement(struct second *s, yajl_val root)
{
    yajl_val list = get(s, root, "subject", yajl_t_array, true);
    for (size_t i = 0; !s->failed && i < length_of(list); i++) {
        struct ch_oci_digest d = {.alias = {.kind = CH_HASH_NONE}};
        yajl_val digests = get(s, item(s, list, i, yajl_t_object), "digest", yajl_t_object, true);
        yajl_val sha256 = get(s, digests, "sha256", yajl_t_string, true);
        if (s->failed || !ch_sha256_from_hex(ch_str_of(YAJL_GET_STRING(sha256)), &d.sha256)) {
            lose(s, "no sha256");
            return;
        }
        oci_write_member(s->out, &d, 0);
    }
}

/* --- the whole --- */

/* yajl frees its tree by recursion. Brackets in texts count too: nobody has so many. */
static bool is_deep(struct ch_str bytes)
{
    uint64_t depth = 0;
    bool text = false;
    for (size_t i = 0; i < bytes.len && depth <= ch_limits.json_depth; i++) {
        char c = bytes.ptr[i];
        if (c == '"') {
            text = !text;
        } else if (c == '\\' && text) {
            i++;
        } else if (!text && (c == '{' || c == '[')) {
            depth++;
        } else if (!text && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return depth > ch_limits.json_depth;
}

/* It takes a text that ends in NUL. */
static yajl_val load(struct second *s, struct ch_str bytes)
{
    char why[128] = "";
    if (memchr(bytes.ptr != NULL ? bytes.ptr : "", '\0', bytes.len) != NULL || is_deep(bytes)) {
        lose(s, "has a NUL, or is nested deeper than is read");
        return NULL;
    }
    char *text = ch_str_dup(bytes);
    yajl_val root = yajl_tree_parse(text, why, sizeof(why));
    free(text);
    if (root == NULL || !YAJL_IS_OBJECT(root)) {
        lose(s, why[0] != '\0' ? why : "is no JSON object");
        yajl_tree_free(root);
        return NULL;
    }
    return root;
}

static const struct {
    enum ch_finding_code code;
    void (*read)(struct second *s, yajl_val root);
} readers[] = {
    [CH_OCI_DOCUMENT_MANIFEST] = {CH_F_OCI_MANIFEST, manifest},
    [CH_OCI_DOCUMENT_INDEX] = {CH_F_OCI_MANIFEST, index_of},
    [CH_OCI_DOCUMENT_CONFIG] = {CH_F_OCI_CONFIG, config},
    [CH_OCI_DOCUMENT_STATEMENT] = {CH_F_OCI_STATEMENT, statement},
};

static uint64_t most_bytes(enum ch_oci_document kind)
{
    return kind == CH_OCI_DOCUMENT_CONFIG      ? ch_limits.oci_config_bytes
           : kind == CH_OCI_DOCUMENT_STATEMENT ? ch_limits.oci_statement_bytes
                                               : ch_limits.oci_manifest_bytes;
}

enum ch_code ch_oci_document_second(const struct ch_scan_job *job, const struct ch_input *in,
                                    struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    enum ch_oci_document kind = ch_oci_document_of(job->profile);
    if (kind == CH_OCI_DOCUMENT_NONE) {
        return ch_fail(err, CH_E_UNSUPPORTED, "oci: no second reader for profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    if (kind == CH_OCI_DOCUMENT_EMPTY) {
        oci_check_empty(bytes, out);
        return ch_scan_writer_ok(out, err);
    }
    struct second s = {.out = out, .code = readers[kind].code};
    if (bytes.len > most_bytes(kind)) {
        lose(&s, "larger than is read");
        return ch_scan_writer_ok(out, err);
    }
    yajl_val root = load(&s, bytes);
    if (root != NULL) {
        readers[kind].read(&s, root);
        yajl_tree_free(root);
    }
    return ch_scan_writer_ok(out, err);
}
