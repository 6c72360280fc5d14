#include "scanner/eco/oci/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/oci/file_name.h"
#include "base/oci/reference.h"
#include "customhouse/limits.h"
#include "scanner/eco/oci/manifest.h"

struct page {
    struct ch_str name; /* of the repository: "dotnet/sdk" */
    struct ch_str reference;
    struct ch_str base; /* address up to "/v2/NAME/" */
    bool by_digest;
    struct ch_sha256 digest; /* of the document */
    char version[CH_OCI_DIGEST_MAX + 1];
};

struct part {
    struct ch_oci_digest digest; /* as it is named */
    uint64_t size_bytes;
    enum ch_oci_file_kind kind;
};

static const struct {
    const char *profile;
    enum ch_oci_file_kind kind;
} profiles[] = {{"page-oci-manifest", CH_OCI_FILE_OCI_MANIFEST},
                {"page-docker-manifest", CH_OCI_FILE_DOCKER_MANIFEST},
                {"page-oci-index", CH_OCI_FILE_OCI_INDEX},
                {"page-docker-list", CH_OCI_FILE_DOCKER_LIST}};

static enum ch_code find_kind(struct ch_str profile, enum ch_oci_file_kind *ret, struct ch_err *err)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(profiles); i++) {
        if (ch_str_eq(profile, ch_str_of(profiles[i].profile))) {
            *ret = profiles[i].kind;
            return CH_OK;
        }
    }
    return ch_fail(err, CH_E_UNSUPPORTED, "oci: no parser for pages of profile \"%.*s\"",
                   CH_STR_ARG(profile));
}

/* --- the job --- */

/* "NAME:TAG" or "NAME@DIGEST": a name has neither character. */
static enum ch_code read_page_name(struct ch_str text, struct page *p, struct ch_err *err)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] != ':' && text.ptr[at] != '@') {
        at++;
    }
    p->name = ch_str_sub(text, 0, at);
    p->reference = ch_str_sub(text, at + 1, text.len);
    p->by_digest = at < text.len && text.ptr[at] == '@';
    if (at == text.len || !ch_oci_is_name(p->name) ||
        (!p->by_digest && !ch_oci_is_tag(p->reference))) {
        return ch_fail(err, CH_E_USAGE, "the job's page: expected NAME:TAG or NAME@sha256:HEX");
    }
    return CH_OK;
}

static enum ch_code read_address(struct ch_str url, struct page *p, struct ch_err *err)
{
    struct ch_buf ending;
    ch_buf_init(&ending, (size_t)ch_limits.url_bytes);
    ch_buf_printf(&ending, "/v2/%.*s/manifests/%.*s", CH_STR_ARG(p->name),
                  CH_STR_ARG(p->reference));
    bool good = !ending.failed && ch_index_url_ok(url) && ch_str_ends(url, ch_buf_str(&ending));
    size_t after_name = url.len - (good ? strlen("manifests/") + p->reference.len : 0);
    ch_buf_done(&ending);
    p->base = ch_str_sub(url, 0, after_name);
    return good ? CH_OK
                : ch_fail(err, CH_E_USAGE,
                          "the job's address does not end in /v2/%.*s/manifests/%.*s",
                          CH_STR_ARG(p->name), CH_STR_ARG(p->reference));
}

static enum ch_code check_digest(struct page *p, struct ch_str bytes, struct ch_err *err)
{
    struct ch_oci_digest expected;
    struct ch_buf b;
    p->digest = ch_sha256_of(bytes.ptr, bytes.len);
    ch_buf_init(&b, sizeof(p->version));
    ch_oci_digest_put(&b, &(struct ch_oci_digest){.sha256 = p->digest});
    memcpy(p->version, b.ptr, b.len);
    p->version[b.len] = '\0';
    ch_buf_done(&b);
    if (!p->by_digest) {
        return CH_OK;
    }
    enum ch_code rc = ch_oci_digest_parse(p->reference, &expected, err);
    if (rc == CH_OK && expected.alias.kind != CH_HASH_NONE) {
        rc = ch_fail(err, CH_E_USAGE, "the job's page: expected NAME:TAG or NAME@sha256:HEX");
    }
    return rc == CH_OK ? ch_oci_digest_check(&expected, bytes, err) : rc;
}

/* --- the document --- */

struct complaint {
    char text[CH_EVIDENCE_MAX];
};

/* The first one says why it could not be read. Of a document that was read, findings are for its
 * inspection. */
static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member CH_UNUSED,
                       struct ch_str evidence)
{
    struct complaint *c = arg;
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    struct ch_buf b;
    if (c->text[0] != '\0') {
        return;
    }
    ch_buf_init(&b, 8 * sizeof(c->text));
    ch_buf_printf(&b, "%s: ", row != NULL ? row->name : "?");
    ch_buf_put_escaped(&b, ch_str_sub(evidence, 0, CH_EVIDENCE_MAX));
    struct ch_str text = ch_str_sub(ch_buf_str(&b), 0, sizeof(c->text) - 1);
    memcpy(c->text, text.ptr, text.len);
    c->text[text.len] = '\0';
    ch_buf_done(&b);
}

static enum ch_code read_document(struct ch_str bytes, enum ch_oci_file_kind kind,
                                  struct ch_oci_manifest *ret, struct ch_err *err)
{
    struct complaint c = {.text = ""};
    struct ch_scan_writer *listen = ch_scan_writer_listen(on_finding, &c);
    bool read = ch_oci_manifest_read(bytes, ch_str_of(ch_oci_file_media_type(kind)), listen, ret);
    ch_scan_writer_free(listen);
    return read ? CH_OK : ch_fail(err, CH_E_FORMAT, "%s", c.text);
}

/* What one digest is, it is everywhere: its inspection is for one kind (T6). */
static enum ch_code add_part(struct part *parts, size_t *count, const struct ch_oci_descriptor *d,
                             struct ch_err *err)
{
    struct part new = {.digest = d->digest,
                       .size_bytes = d->size_bytes,
                       .kind = ch_oci_file_kind_of(d->media_type)};
    for (size_t i = 0; i < *count; i++) {
        if (!ch_oci_digest_eq(&parts[i].digest, &new.digest)) {
            continue;
        }
        if (parts[i].kind != new.kind || parts[i].size_bytes != new.size_bytes) {
            return ch_fail(err, CH_E_FORMAT, "one digest is named with two media types or sizes");
        }
        return CH_OK;
    }
    parts[(*count)++] = new;
    return CH_OK;
}

/* A layer from elsewhere is nothing that a registry need have: that an image has one is a finding
 * about its manifest (oci-foreign), and no part of it is had here then. */
static bool is_part(const struct ch_oci_descriptor *d)
{
    return d->role == CH_OCI_ROLE_CONFIG ||
           (d->role == CH_OCI_ROLE_LAYER && d->type != CH_OCI_LAYER_FOREIGN);
}

static enum ch_code gather(const struct page *p, const struct ch_oci_manifest *m,
                           struct part *parts, size_t *count, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < m->count; i++) {
        const struct ch_oci_descriptor *d = &m->list[i];
        if (p->by_digest && is_part(d)) {
            rc = add_part(parts, count, d, err);
        }
    }
    return rc;
}

/* What it says of itself, or its configuration and layers say of it. */
static bool is_signature(const struct ch_oci_manifest *m)
{
    bool is = ch_oci_is_signature_type(m->artifact_type);
    for (size_t i = 0; !is && i < m->count; i++) {
        const struct ch_oci_descriptor *d = &m->list[i];
        is = (d->role == CH_OCI_ROLE_CONFIG || d->role == CH_OCI_ROLE_LAYER) &&
             ch_oci_is_signature_type(d->media_type);
    }
    return is;
}

/* --- the list --- */

static enum ch_code write_file(const struct page *p, const struct part *part,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_buf name;
    struct ch_buf url;
    ch_buf_init(&name, (size_t)ch_limits.file_name_bytes);
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    if (part->digest.alias.kind == CH_HASH_NONE) {
        ch_oci_file_name_put(&name, &part->digest.sha256, part->kind);
    } else { /* what bytes have it the keeper knows, or nobody (T15) */
        ch_buf_printf(&name, "%s-", ch_hash_kind_name(part->digest.alias.kind));
        ch_alias_put_hex(&name, &part->digest.alias);
        ch_buf_puts(&name, ch_str_of(ch_oci_file_ending(part->kind)));
    }
    ch_buf_puts(&url, p->base);
    ch_buf_puts(&url,
                ch_oci_file_is_manifest(part->kind) ? CH_STR("manifests/") : CH_STR("blobs/"));
    ch_oci_digest_put(&url, &part->digest);
    enum ch_code rc = ch_buf_ok(&name, err);
    rc = rc == CH_OK ? ch_buf_ok(&url, err) : rc;
    if (rc == CH_OK) {
        struct ch_index_file f = {.file_name = ch_buf_str(&name),
                                  .url = ch_buf_str(&url),
                                  .sha256 = part->digest.sha256,
                                  .alias = part->digest.alias,
                                  .size_bytes = part->size_bytes,
                                  .uploaded_at_us = CH_TIME_UNKNOWN,
                                  .project = p->name,
                                  .version = ch_str_of(p->version)};
        ch_scan_write_index_file(out, &f);
        rc = ch_scan_writer_ok(out, err);
    }
    ch_buf_done(&name);
    ch_buf_done(&url);
    return rc;
}

/* What the whole is about, where it is about something: who pushes it is told that this was read. */
static void write_subject(const struct ch_oci_manifest *m, struct ch_scan_writer *out)
{
    struct ch_buf b;
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].role == CH_OCI_ROLE_SUBJECT) {
            ch_buf_init(&b, CH_OCI_DIGEST_MAX);
            ch_oci_digest_put(&b, &m->list[i].digest);
            ch_scan_write_fact(out, CH_STR("subject"), ch_buf_str(&b));
            ch_buf_done(&b);
        }
    }
}

/* What it lists, with what it says of that. */
static void write_children(const struct page *p, const struct ch_oci_manifest *m,
                           struct ch_scan_writer *out)
{
    struct ch_buf b;
    for (size_t i = 0; i < m->count && p->by_digest; i++) {
        const struct ch_oci_descriptor *d = &m->list[i];
        if (d->role == CH_OCI_ROLE_CHILD) {
            ch_buf_init(&b, (size_t)ch_limits.text_bytes + CH_OCI_DIGEST_MAX + 32);
            ch_oci_digest_put(&b, &d->digest);
            ch_buf_printf(&b, " %llu %.*s", (unsigned long long)d->size_bytes,
                          CH_STR_ARG(d->media_type));
            ch_scan_write_fact(out, CH_STR("child"), ch_buf_str(&b));
            ch_buf_done(&b);
        }
    }
}

static enum ch_code write_page(const struct ch_scan_job *job, const struct page *p,
                               const struct part *parts, size_t count, struct ch_scan_writer *out,
                               struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    ch_scan_write_index_head(out, &(struct ch_index_head){.project = job->project});
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = write_file(p, &parts[i], out, err);
    }
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
}

static enum ch_code parse(const struct ch_scan_job *job, const struct ch_input *in,
                          struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    struct page p = {.by_digest = false};
    struct ch_oci_manifest m = {.list = NULL};
    enum ch_oci_file_kind kind = CH_OCI_FILE_BLOB;
    enum ch_code rc = find_kind(job->profile, &kind, err);
    rc = rc == CH_OK ? read_page_name(job->project, &p, err) : rc;
    rc = rc == CH_OK ? read_address(job->base_url, &p, err) : rc;
    rc = rc == CH_OK ? check_digest(&p, bytes, err) : rc;
    rc = rc == CH_OK ? read_document(bytes, kind, &m, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    struct part *parts = ch_calloc(m.count + 1, sizeof(parts[0]));
    size_t count = 0;
    bool signature = is_signature(&m);
    parts[count++] = (struct part){
        {.sha256 = p.digest}, in->len, signature ? CH_OCI_FILE_SIGNATURE : kind};
    rc = signature ? CH_OK : gather(&p, &m, parts, &count, err); /* it is had by no address */
    rc = rc == CH_OK ? write_page(job, &p, parts, count, out, err) : rc;
    if (rc == CH_OK && !signature) { /* whose lists we write alone (T23) */
        write_subject(&m, out);
        write_children(&p, &m, out);
        rc = ch_scan_writer_ok(out, err);
    }
    free(parts);
    ch_oci_manifest_done(&m);
    return rc;
}

enum ch_code ch_oci_page_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    enum ch_code rc = parse(job, in, out, err);
    return rc == CH_OK || rc == CH_E_UNSUPPORTED ? rc : ch_wrap(err, "manifest");
}
