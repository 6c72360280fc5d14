#include "scanner/eco/oci/document.h"

#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/secret.h"
#include "scanner/eco/oci/document_int.h"
#include "scanner/eco/oci/image_config.h"
#include "scanner/eco/oci/manifest.h"
#include "scanner/eco/oci/statement.h"
#include "scanner/json/json.h"

static const struct ch_str whole = {NULL, 0};

enum ch_oci_document ch_oci_document_of(struct ch_str profile)
{
    static const char *const names[] = {[CH_OCI_DOCUMENT_MANIFEST] = "oci-manifest",
                                        [CH_OCI_DOCUMENT_INDEX] = "oci-index",
                                        [CH_OCI_DOCUMENT_EMPTY] = "oci-empty",
                                        [CH_OCI_DOCUMENT_CONFIG] = "oci-config",
                                        [CH_OCI_DOCUMENT_STATEMENT] = "oci-statement"};
    for (size_t i = 1; i < CH_ARRAY_LEN(names); i++) {
        if (ch_str_eq(profile, ch_str_of(names[i]))) {
            return (enum ch_oci_document)i;
        }
    }
    return CH_OCI_DOCUMENT_NONE;
}

/* --- members --- */

void oci_write_member(struct ch_scan_writer *out, const struct ch_oci_digest *digest,
                      uint64_t size_bytes)
{
    struct ch_buf path;
    bool alias = digest->alias.kind != CH_HASH_NONE;
    ch_buf_init(&path, CH_OCI_DIGEST_MAX);
    ch_oci_digest_put(&path, digest);
    ch_scan_write_member(out, &(struct ch_member){.path = ch_buf_str(&path),
                                                  .type = alias ? CH_MEMBER_OTHER : CH_MEMBER_FILE,
                                                  .size_bytes = size_bytes,
                                                  .sha256 = digest->sha256});
    ch_buf_done(&path);
}

/* --- manifests and indexes --- */

/* The document says which of the types of its profile it is, or it is OCI's; what the registry said
 * was compared when its page was read. */
static struct ch_str stated_type(struct ch_str bytes, enum ch_oci_document kind, json_t **ret_doc)
{
    enum ch_oci_type wanted = kind == CH_OCI_DOCUMENT_INDEX ? CH_OCI_INDEX : CH_OCI_MANIFEST;
    struct ch_json v;
    struct ch_err err;
    *ret_doc = NULL;
    if (bytes.len <= ch_limits.oci_manifest_bytes && ch_json_load(bytes, ret_doc, &err) == CH_OK &&
        json_is_object(*ret_doc)) {
        struct ch_json root = {.value = *ret_doc};
        if (ch_json_need(root, "mediaType", JSON_STRING, &v, &err) == CH_OK &&
            ch_oci_type_of(ch_json_str(v)) == wanted) {
            return ch_json_str(v);
        }
    }
    return kind == CH_OCI_DOCUMENT_INDEX ? CH_STR("application/vnd.oci.image.index.v1+json")
                                         : CH_STR("application/vnd.oci.image.manifest.v1+json");
}

static void tell_digest(const char *fact, const struct ch_oci_digest *digest,
                        struct ch_scan_writer *out)
{
    struct ch_buf b;
    ch_buf_init(&b, CH_OCI_DIGEST_MAX);
    ch_oci_digest_put(&b, digest);
    ch_scan_write_fact(out, ch_str_of(fact), ch_buf_str(&b));
    ch_buf_done(&b);
}

/* "sha256:HEX linux/amd64": which image of an index is for which platform, as whoever judges the
 * whole has to know (T19). Without a platform it is for any: so a platform that says nothing is
 * told, too, as "/", which fits nowhere. */
static void tell_child(const struct ch_oci_descriptor *d, struct ch_scan_writer *out)
{
    struct ch_buf b;
    if (d->role != CH_OCI_ROLE_CHILD) {
        return;
    }
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_oci_digest_put(&b, &d->digest);
    if (d->has_platform) {
        ch_buf_putc(&b, ' ');
        ch_oci_put_platform(&b, d->os, d->os_options, d->architecture, d->variant);
    }
    CH_ASSERT(!b.failed); /* check_platform_length */
    ch_scan_write_fact(out, CH_STR("child"), ch_buf_str(&b));
    ch_buf_done(&b);
}

/* What a list of those that refer to an image says of each: what kind of artifact it is, and its
 * annotations, as "KEY\nVALUE". What is longer than a fact may be, or has a line feed in its key,
 * is left out. Spec: OCI distribution 1.1, "Listing Referrers". */
static void tell_referrer(const struct ch_oci_manifest *m, const struct ch_oci_descriptor *subject,
                          const json_t *doc, struct ch_scan_writer *out)
{
    const char *key;
    json_t *value;
    struct ch_str type = m->artifact_type;
    for (size_t i = 0; type.len == 0 && i < m->count; i++) {
        type = m->list[i].role == CH_OCI_ROLE_CONFIG ? m->list[i].media_type : type;
    }
    tell_digest("subject", &subject->digest, out);
    if (type.len > 0) {
        ch_scan_write_fact(out, CH_STR("artifact-type"), type);
    }
    json_object_foreach(json_object_get(doc, "annotations"), key, value)
    {
        struct ch_str text = {json_string_value(value), json_string_length(value)};
        struct ch_buf b;
        size_t at;
        ch_buf_init(&b, ch_limits.text_bytes);
        ch_buf_puts(&b, ch_str_of(key));
        ch_buf_putc(&b, '\n');
        ch_buf_puts(&b, text);
        if (!b.failed && !ch_str_find_char(ch_str_of(key), '\n', &at)) {
            ch_scan_write_fact(out, CH_STR("annotation"), ch_buf_str(&b));
        }
        ch_buf_done(&b);
    }
}

static void inspect_manifest(struct ch_str bytes, enum ch_oci_document kind,
                             struct ch_scan_writer *out)
{
    struct ch_oci_manifest m;
    json_t *doc = NULL;
    struct ch_str type = stated_type(bytes, kind, &doc);
    if (ch_oci_manifest_read(bytes, type, out, &m)) {
        for (size_t i = 0; i < m.count; i++) {
            oci_write_member(out, &m.list[i].digest, m.list[i].size_bytes);
            if (m.list[i].role == CH_OCI_ROLE_LAYER) {
                tell_digest("layer", &m.list[i].digest, out);
            }
            tell_child(&m.list[i], out);
            if (m.list[i].role == CH_OCI_ROLE_SUBJECT) {
                tell_referrer(&m, &m.list[i], doc, out);
            }
        }
        ch_oci_manifest_done(&m);
    }
    json_decref(doc);
}

/* --- configurations --- */

static void tell_platform(const struct ch_oci_image_config *c, struct ch_scan_writer *out)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_oci_put_platform(&b, c->os, NULL, c->architecture, c->variant);
    if (!b.failed) {
        ch_scan_write_fact(out, CH_STR("platform"), ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

/* Where, and what kind: never the secret itself. */
static void check_text(const struct ch_oci_text *t, struct ch_scan_writer *out)
{
    struct ch_buf evidence;
    struct ch_buf setting;
    const char *what = NULL;
    size_t at = 0;
    struct ch_str name = t->name;
    bool label = t->name.ptr != NULL;
    ch_buf_init(&evidence, CH_EVIDENCE_MAX);
    ch_buf_init(&setting, t->name.len + t->text.len + 1);
    ch_buf_puts(&setting, t->name);
    ch_buf_puts(&setting, label ? CH_STR("=") : CH_STR(""));
    ch_buf_puts(&setting, t->text);
    if (secret_find(t->text, 0, &what, &at)) {
        ch_buf_printf(&evidence, "%s: %s", t->where, what);
        ch_scan_write_finding(out, CH_F_OCI_SECRET, whole, ch_buf_str(&evidence));
    } else if (secret_named(ch_buf_str(&setting), &name)) {
        ch_buf_printf(&evidence, "%s: %.*s", t->where, CH_STR_ARG(ch_str_sub(name, 0, 64)));
        ch_scan_write_finding(out, CH_F_OCI_PASSWORD, whole, ch_buf_str(&evidence));
    }
    ch_buf_done(&setting);
    ch_buf_done(&evidence);
}

static void inspect_config(struct ch_str bytes, struct ch_scan_writer *out)
{
    struct ch_oci_image_config c;
    if (!ch_oci_image_config_read(bytes, CH_OCI_LAYERS_UNKNOWN, out, &c)) {
        return;
    }
    tell_platform(&c, out);
    for (size_t i = 0; i < c.text_count; i++) {
        check_text(&c.texts[i], out);
    }
    for (size_t i = 0; i < c.diff_id_count; i++) {
        oci_write_member(out, &c.diff_ids[i], 0);
        tell_digest("diff-id", &c.diff_ids[i], out);
    }
    ch_oci_image_config_done(&c);
}

/* --- the others --- */

void oci_check_empty(struct ch_str bytes, struct ch_scan_writer *out)
{
    if (!ch_str_eq(bytes, CH_STR("{}"))) {
        ch_scan_write_finding(out, CH_F_OCI_EMPTY, whole, ch_str_sub(bytes, 0, CH_EVIDENCE_MAX));
    }
}

static void inspect_statement(struct ch_str bytes, struct ch_scan_writer *out)
{
    struct ch_oci_statement s;
    if (!ch_oci_statement_read(bytes, out, &s)) {
        return;
    }
    ch_scan_write_fact(out, CH_STR("predicate-type"), s.predicate_type);
    for (size_t i = 0; i < s.subject_count; i++) {
        oci_write_member(out, &(struct ch_oci_digest){.sha256 = s.subjects[i]}, 0);
    }
    ch_oci_statement_done(&s);
}

enum ch_code ch_oci_document_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                     struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    enum ch_oci_document kind = ch_oci_document_of(job->profile);
    switch (kind) {
    case CH_OCI_DOCUMENT_MANIFEST:
    case CH_OCI_DOCUMENT_INDEX:
        inspect_manifest(bytes, kind, out);
        break;
    case CH_OCI_DOCUMENT_CONFIG:
        inspect_config(bytes, out);
        break;
    case CH_OCI_DOCUMENT_STATEMENT:
        inspect_statement(bytes, out);
        break;
    case CH_OCI_DOCUMENT_EMPTY:
        oci_check_empty(bytes, out);
        break;
    case CH_OCI_DOCUMENT_NONE:
        return ch_fail(err, CH_E_UNSUPPORTED, "oci: no inspector for files of profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    return ch_scan_writer_ok(out, err);
}
