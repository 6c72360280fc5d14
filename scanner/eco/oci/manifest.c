#include "scanner/eco/oci/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "scanner/eco/oci/manifest_int.h"

struct reading {
    struct ch_oci_manifest *m;
    struct ch_scan_writer *out;
    size_t cap;
};

static const struct ch_str whole = {NULL, 0};

static void report(struct reading *r, enum ch_finding_code code, const char *text)
{
    ch_scan_write_finding(r->out, code, whole, ch_str_of(text));
}

/* ------------------------------------------------------------------ descriptors */

static const char *const descriptor_keys[] = {
    "mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform", NULL};
static const char *const platform_keys[] = {"architecture", "os",       "os.version", "os.features",
                                            "variant",      "features", NULL};

/* By these clients find a table of contents, and unpack what it lists (T18): zstd:chunked of
 * containers/storage, eStargz and nydus of containerd's snapshotters. */
static const char *const contents_annotations[] = {
    "io.github.containers.zstd-chunked.", "io.containers.zstd-chunked.",
    "containerd.io/snapshot/stargz/", "containerd.io/snapshot/nydus-"};

static enum ch_code check_annotations(struct reading *r, struct ch_json d, struct ch_err *err)
{
    struct ch_json annotations;
    struct ch_json at;
    void *walk = NULL;
    enum ch_code rc = ch_json_member(d, "annotations", JSON_OBJECT, &annotations, err);
    if (rc != CH_OK || annotations.value == NULL) {
        return rc;
    }
    while (ch_json_next(&annotations, &walk, &at)) {
        if (!json_is_string(at.value)) {
            return ch_json_fail(at, err, "expected a string");
        }
        for (size_t i = 0; i < sizeof(contents_annotations) / sizeof(contents_annotations[0]);
             i++) {
            if (ch_str_starts(ch_str_of(at.key), ch_str_of(contents_annotations[i]))) {
                report(r, CH_F_OCI_CONTENTS, at.key);
            }
        }
    }
    return CH_OK;
}

/* Configuration and layers of an image are judged with its manifest, as one: who has that may have
 * them, whichever way. Any other content has to be asked for: what clients take from here comes by
 * no decision about it (a child would be had without ever being looked at, and so would a layer
 * from elsewhere). */
static bool is_judged_with_it(const struct ch_oci_descriptor *part)
{
    return (part->role == CH_OCI_ROLE_CONFIG || part->role == CH_OCI_ROLE_LAYER) &&
           part->type != CH_OCI_LAYER_FOREIGN;
}

/* The content itself, in base64: clients take it instead of asking for it. */
static enum ch_code check_data(struct reading *r, struct ch_json d,
                               const struct ch_oci_descriptor *part, struct ch_err *err)
{
    struct ch_json data;
    struct ch_buf bytes;
    struct ch_err why;
    enum ch_code rc = ch_json_member(d, "data", JSON_STRING, &data, err);
    if (rc != CH_OK || data.value == NULL) {
        return rc;
    }
    ch_buf_init(&bytes, ch_limits.oci_manifest_bytes);
    if (!ch_base64_strict(ch_json_str(data), &bytes)) {
        rc = ch_json_fail(data, err, "expected base64");
    } else if (bytes.len != part->size_bytes) {
        ch_fail(&why, CH_E_MISMATCH, "data of %zu bytes, size says %llu", bytes.len,
                (unsigned long long)part->size_bytes);
        report(r, CH_F_OCI_DATA, why.msg);
    } else if (ch_oci_digest_check(&part->digest, ch_buf_str(&bytes), &why) != CH_OK) {
        report(r, CH_F_OCI_DATA, why.msg);
    } else if (!is_judged_with_it(part)) {
        ch_fail(&why, CH_E_FORMAT, "data of %zu bytes, which clients would not ask for", bytes.len);
        report(r, CH_F_OCI_DATA, why.msg);
    }
    ch_buf_done(&bytes);
    return rc;
}

static enum ch_code check_urls(struct reading *r, struct ch_json d,
                               const struct ch_oci_descriptor *part, struct ch_err *err)
{
    struct ch_json urls;
    struct ch_json first;
    enum ch_code rc = ch_json_member(d, "urls", JSON_ARRAY, &urls, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (urls.value != NULL && json_array_size(urls.value) > 0) {
        rc = ch_json_item(urls, 0, JSON_STRING, &first, err);
        if (rc == CH_OK) {
            ch_scan_write_finding(r->out, CH_F_OCI_FOREIGN, whole, ch_json_str(first));
        }
    } else if (part->type == CH_OCI_LAYER_FOREIGN) {
        ch_scan_write_finding(r->out, CH_F_OCI_FOREIGN, whole, part->media_type);
    }
    return rc;
}

static enum ch_code get_text(const struct ch_json *at, const char *key, struct ch_str *ret,
                             struct ch_err *err)
{
    struct ch_json v;
    enum ch_code rc = ch_json_get(at, key, JSON_STRING, false, &v, err);
    if (rc == CH_OK && v.value != NULL) {
        *ret = ch_json_str(v);
        if (ret->len > ch_limits.text_bytes) {
            rc = ch_json_fail(v, err, "longer than allowed");
        }
    }
    return rc;
}

static void put_platform_part(struct ch_buf *b, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool plain = c > ' ' && c < 0x7f && strchr("%+()/", c) == NULL;
        ch_buf_printf(b, plain ? "%c" : "%%%02X", c);
    }
}

void ch_oci_put_platform(struct ch_buf *b, struct ch_str os, const char *os_options,
                         struct ch_str architecture, struct ch_str variant)
{
    put_platform_part(b, os);
    if (os_options != NULL) {
        ch_buf_printf(b, "(%s)", os_options);
    }
    ch_buf_putc(b, '/');
    put_platform_part(b, architecture);
    if (variant.len > 0) {
        ch_buf_putc(b, '/');
        put_platform_part(b, variant);
    }
}

/* Spec: OCI image 1.1, "Image Index", os.version and os.features. */
static enum ch_code read_os_options(struct ch_json platform, struct ch_oci_descriptor *part,
                                    struct ch_err *err)
{
    struct ch_json features, item;
    struct ch_str version = {NULL, 0};
    struct ch_buf b;
    enum ch_code rc = get_text(&platform, "os.version", &version, err);
    rc =
        rc == CH_OK ? ch_json_get(&platform, "os.features", JSON_ARRAY, false, &features, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_init(&b, (size_t)ch_limits.text_bytes);
    put_platform_part(&b, version);
    size_t count = features.value != NULL ? json_array_size(features.value) : 0;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_json_item(features, i, JSON_STRING, &item, err);
        ch_buf_putc(&b, '+');
        put_platform_part(&b, rc == CH_OK ? ch_json_str(item) : version);
    }
    rc = rc == CH_OK && b.failed ? ch_json_fail(platform, err, "longer than allowed") : rc;
    if (rc == CH_OK && b.len > 0) {
        part->os_options = ch_str_dup(ch_buf_str(&b));
    }
    ch_buf_done(&b);
    return rc;
}

/* What does not fit beside the digest in a fact could not be told to whoever judges the whole, who
 * would take it for an image of any platform (T19). */
static enum ch_code check_platform_length(struct ch_json platform,
                                          const struct ch_oci_descriptor *part, struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.text_bytes - CH_OCI_DIGEST_MAX - 1);
    ch_oci_put_platform(&b, part->os, part->os_options, part->architecture, part->variant);
    bool fits = !b.failed;
    ch_buf_done(&b);
    return fits ? CH_OK : ch_json_fail(platform, err, "longer than allowed");
}

static enum ch_code read_platform(struct ch_json d, struct ch_oci_descriptor *part,
                                  struct ch_err *err)
{
    struct ch_json platform;
    enum ch_code rc = ch_json_member(d, "platform", JSON_OBJECT, &platform, err);
    if (rc != CH_OK || platform.value == NULL) {
        return rc;
    }
    rc = ch_oci_check_keys(&platform, platform_keys, err);
    rc = rc == CH_OK ? get_text(&platform, "os", &part->os, err) : rc;
    rc = rc == CH_OK ? get_text(&platform, "architecture", &part->architecture, err) : rc;
    rc = rc == CH_OK ? get_text(&platform, "variant", &part->variant, err) : rc;
    rc = rc == CH_OK ? read_os_options(platform, part, err) : rc;
    part->has_platform = true;
    return rc == CH_OK ? check_platform_length(platform, part, err) : rc;
}

static enum ch_code read_digest(struct ch_json d, struct ch_oci_digest *ret, struct ch_err *err)
{
    struct ch_json digest;
    struct ch_err why;
    enum ch_code rc = ch_json_need(d, "digest", JSON_STRING, &digest, err);
    if (rc == CH_OK && ch_oci_digest_parse(ch_json_str(digest), ret, &why) != CH_OK) {
        rc = ch_json_fail(digest, err, "expected sha256 or sha512 and its digits in lower case");
    }
    return rc;
}

static enum ch_code read_fields(struct ch_json d, struct ch_oci_descriptor *part,
                                struct ch_err *err)
{
    struct ch_json size;
    struct ch_json type;
    enum ch_code rc = ch_oci_check_keys(&d, descriptor_keys, err);
    rc = rc == CH_OK ? ch_json_need(d, "mediaType", JSON_STRING, &type, err) : rc;
    rc = rc == CH_OK ? get_text(&d, "mediaType", &part->media_type, err) : rc;
    rc = rc == CH_OK ? get_text(&d, "artifactType", &part->artifact_type, err) : rc;
    rc = rc == CH_OK ? read_digest(d, &part->digest, err) : rc;
    rc = rc == CH_OK ? ch_json_need(d, "size", JSON_INTEGER, &size, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (part->media_type.len == 0) {
        return ch_json_fail(type, err, "expected a media type");
    }
    if (json_integer_value(size.value) < 0) {
        return ch_json_fail(size, err, "expected a size of 0 or more");
    }
    part->size_bytes = (uint64_t)json_integer_value(size.value);
    part->type = ch_oci_type_of(part->media_type);
    return CH_OK;
}

/* What is to be looked at needs a reader. A layer may be anything where the whole is no image. */
static void check_type(struct reading *r, const struct ch_oci_descriptor *part)
{
    bool known = false;
    switch (part->role) {
    case CH_OCI_ROLE_CONFIG:
        known = part->type == CH_OCI_CONFIG || part->type == CH_OCI_EMPTY;
        break;
    case CH_OCI_ROLE_LAYER:
        known = ch_oci_type_is_layer(part->type) || part->type == CH_OCI_EMPTY ||
                part->type == CH_OCI_IN_TOTO;
        break;
    case CH_OCI_ROLE_CHILD:
        known = part->type == CH_OCI_MANIFEST || part->type == CH_OCI_INDEX;
        break;
    case CH_OCI_ROLE_SUBJECT: /* not part of it */
        known = true;
        break;
    }
    if (!known) {
        ch_scan_write_finding(r->out, CH_F_OCI_TYPE, whole, part->media_type);
    }
}

static enum ch_code read_descriptor(struct reading *r, struct ch_json d, enum ch_oci_role role,
                                    struct ch_err *err)
{
    struct ch_oci_manifest *m = r->m;
    struct ch_oci_descriptor part = {.role = role};
    enum ch_code rc = read_fields(d, &part, err);
    rc = rc == CH_OK ? read_platform(d, &part, err) : rc;
    rc = rc == CH_OK ? check_annotations(r, d, err) : rc;
    rc = rc == CH_OK ? check_urls(r, d, &part, err) : rc;
    rc = rc == CH_OK ? check_data(r, d, &part, err) : rc;
    if (rc == CH_OK) {
        check_type(r, &part);
    }
    if (rc == CH_OK && m->count == ch_limits.oci_manifest_parts) {
        rc = ch_fail(err, CH_E_LIMIT, "more than %llu descriptors",
                     (unsigned long long)ch_limits.oci_manifest_parts);
    }
    if (rc != CH_OK) {
        free(part.os_options);
        return rc;
    }
    if (m->count == r->cap) {
        r->cap = r->cap > 0 ? 2 * r->cap : 16;
        m->list = ch_realloc_array(m->list, r->cap, sizeof(*m->list));
    }
    m->list[m->count++] = part;
    return CH_OK;
}

static enum ch_code read_list(struct reading *r, struct ch_json root, const char *key,
                              enum ch_oci_role role, struct ch_err *err)
{
    struct ch_json list;
    struct ch_json item;
    enum ch_code rc = ch_json_need(root, key, JSON_ARRAY, &list, err);
    size_t count = rc == CH_OK ? json_array_size(list.value) : 0;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_json_item(list, i, JSON_OBJECT, &item, err);
        rc = rc == CH_OK ? read_descriptor(r, item, role, err) : rc;
    }
    return rc;
}

static enum ch_code read_one(struct reading *r, struct ch_json root, const char *key, bool needed,
                             enum ch_oci_role role, struct ch_err *err)
{
    struct ch_json d;
    enum ch_code rc = ch_json_get(&root, key, JSON_OBJECT, needed, &d, err);
    return rc == CH_OK && d.value != NULL ? read_descriptor(r, d, role, err) : rc;
}

/* ------------------------------------------------------------------ the whole */

#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"

/* All that a decoder of any of the formats looks for. */
static const char *const root_keys[] = {
    "schemaVersion", "mediaType", "artifactType", "config",       "layers",
    "manifests",     "subject",   "annotations",  "fsLayers",     "history",
    "signatures",    "name",      "tag",          "architecture", NULL};

static bool has(struct ch_json root, const char *key)
{
    return json_object_get(root.value, key) != NULL;
}

/* Where it does not say what it is, Content-Type does, which not every client asks: some look at
 * what it has, and take for Docker's what has another configuration than OCI's, or no children,
 * others for its first format what has parts of that (CVE-2021-41190). So it has to be OCI's to all
 * of them. Docker's own formats always say it. Spec: OCI image 1.1, "Image Manifest", mediaType. */
static enum ch_code check_untold(const struct reading *r, struct ch_json root,
                                 struct ch_str media_type, struct ch_err *err)
{
    static const char *const first_format[] = {"fsLayers", "history", "signatures", NULL};
    bool list = r->m->type == CH_OCI_INDEX;
    struct ch_json part = {.value = NULL};
    struct ch_json type = {.value = NULL};
    if (!ch_str_starts(media_type, CH_STR("application/vnd.oci."))) {
        return ch_fail(err, CH_E_FORMAT, "no mediaType, the registry says \"%.*s\"",
                       CH_STR_ARG(media_type));
    }
    for (size_t i = 0; first_format[i] != NULL; i++) {
        if (has(root, first_format[i])) {
            return ch_fail(err, CH_E_FORMAT, "no mediaType, with %s", first_format[i]);
        }
    }
    if (list) {
        return json_array_size(json_object_get(root.value, "manifests")) > 0
                   ? CH_OK
                   : ch_fail(err, CH_E_FORMAT, "no mediaType, and no manifests in it");
    }
    part.value = json_object_get(root.value, "config");
    type.value = json_object_get(part.value, "mediaType");
    return json_is_string(type.value) && ch_str_eq(ch_json_str(type), CH_STR(CONFIG_TYPE))
               ? CH_OK
               : ch_fail(err, CH_E_FORMAT, "no mediaType, and its config is not of " CONFIG_TYPE);
}

/* T18: what one client unpacks as an image, another follows as an index. */
static bool is_unambiguous(struct reading *r, struct ch_json root, struct ch_str media_type)
{
    struct ch_err why;
    struct ch_json stated = {.value = json_object_get(root.value, "mediaType")};
    const char *foreign = r->m->type == CH_OCI_INDEX ? "layers" : "manifests";
    if (ch_oci_check_keys(&root, root_keys, &why) != CH_OK) {
        report(r, CH_F_OCI_AMBIGUOUS, why.msg);
        return false;
    }
    if (json_is_string(stated.value) && !ch_str_eq(ch_json_str(stated), media_type)) {
        ch_fail(&why, CH_E_MISMATCH, "mediaType: \"%.*s\", the registry says \"%.*s\"",
                CH_STR_ARG(ch_json_str(stated)), CH_STR_ARG(media_type));
        report(r, CH_F_OCI_AMBIGUOUS, why.msg);
        return false;
    }
    if (has(root, foreign) || has(root, "fsLayers") ||
        (r->m->type == CH_OCI_INDEX && has(root, "config"))) {
        ch_fail(&why, CH_E_FORMAT, "%s, with %s",
                r->m->type == CH_OCI_INDEX ? "an index" : "a manifest",
                has(root, foreign)      ? foreign
                : has(root, "fsLayers") ? "fsLayers"
                                        : "config");
        report(r, CH_F_OCI_AMBIGUOUS, why.msg);
        return false;
    }
    if (stated.value == NULL && check_untold(r, root, media_type, &why) != CH_OK) {
        report(r, CH_F_OCI_AMBIGUOUS, why.msg);
        return false;
    }
    return true;
}

static enum ch_code read_root(struct reading *r, struct ch_json root, struct ch_err *err)
{
    struct ch_json v;
    struct ch_oci_manifest *m = r->m;
    enum ch_code rc = ch_json_need(root, "schemaVersion", JSON_INTEGER, &v, err);
    if (rc == CH_OK && json_integer_value(v.value) != 2) {
        rc = ch_json_fail(v, err, "expected 2");
    }
    if (has(root, "mediaType")) { /* null is no text: some clients take it for one, some for none */
        rc = rc == CH_OK ? ch_json_need(root, "mediaType", JSON_STRING, &v, err) : rc;
    }
    rc = rc == CH_OK ? get_text(&root, "artifactType", &m->artifact_type, err) : rc;
    rc = rc == CH_OK ? check_annotations(r, root, err) : rc;
    if (m->type == CH_OCI_INDEX) {
        rc = rc == CH_OK ? read_list(r, root, "manifests", CH_OCI_ROLE_CHILD, err) : rc;
    } else {
        rc = rc == CH_OK ? read_one(r, root, "config", true, CH_OCI_ROLE_CONFIG, err) : rc;
        rc = rc == CH_OK ? read_list(r, root, "layers", CH_OCI_ROLE_LAYER, err) : rc;
    }
    return rc == CH_OK ? read_one(r, root, "subject", false, CH_OCI_ROLE_SUBJECT, err) : rc;
}

bool ch_oci_manifest_read(struct ch_str bytes, struct ch_str media_type, struct ch_scan_writer *out,
                          struct ch_oci_manifest *ret)
{
    struct reading r = {.m = ret, .out = out};
    struct ch_err err;
    json_t *doc = NULL;
    *ret = (struct ch_oci_manifest){.type = ch_oci_type_of(media_type)};
    if (ret->type == CH_OCI_SCHEMA1) {
        ch_scan_write_finding(out, CH_F_OCI_SCHEMA1, whole, media_type);
        return true;
    }
    if (ret->type != CH_OCI_INDEX && ret->type != CH_OCI_MANIFEST) {
        ch_scan_write_finding(out, CH_F_OCI_TYPE, whole, media_type);
        return false;
    }
    enum ch_code rc = bytes.len <= ch_limits.oci_manifest_bytes
                          ? ch_json_load(bytes, &doc, &err)
                          : ch_fail(&err, CH_E_LIMIT, "%zu bytes, at most %llu are read", bytes.len,
                                    (unsigned long long)ch_limits.oci_manifest_bytes);
    ret->document = doc;
    struct ch_json root = {.value = doc};
    if (rc == CH_OK && !json_is_object(doc)) {
        rc = ch_json_fail(root, &err, "expected an object");
    }
    bool good = rc == CH_OK && is_unambiguous(&r, root, media_type);
    rc = good ? read_root(&r, root, &err) : rc;
    if (rc != CH_OK) {
        report(&r, CH_F_OCI_MANIFEST, err.msg);
    }
    if (rc != CH_OK || !good) {
        ch_oci_manifest_done(ret);
        return false;
    }
    return true;
}

void ch_oci_manifest_done(struct ch_oci_manifest *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->list[i].os_options);
    }
    free(m->list);
    json_decref(m->document);
    *m = (struct ch_oci_manifest){.list = NULL};
}
