/* What is said of a file: the summary of its verification, and what names the evidence for it. */
#include "approvals_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/signing/images.h"
#include "db/evidence/evidence.h"
#include "db/signing/dsse.h"
#include "db/signing/purpose.h"
#include "db/signing/statement.h"

/* What links begin with when the configuration has no address that others could know. */
#define NO_ORIGIN "customhouse://local"

void approvals_put_origin(const struct keeper *k, struct ch_buf *b)
{
    const struct ch_setup *setup = &k->child.setup;
    char *origin = ch_config_origin(k->config, setup->listener, setup->listener_count);
    ch_buf_puts(b, ch_str_of(origin[0] != '\0' ? origin : NO_ORIGIN));
    free(origin);
}

/* ORIGIN/-/WHAT/sha256/HEX */
void approvals_put_uri(const struct keeper *k, struct ch_buf *b, const char *what,
                       const struct ch_sha256 *digest)
{
    approvals_put_origin(k, b);
    ch_buf_printf(b, "/-/%s/sha256/", what);
    ch_buf_put_hex(b, digest->byte, CH_SHA256_BYTES);
}

void approvals_put_reference(const struct keeper *k, const struct page *p, struct ch_buf *b)
{
    const struct ch_str scheme = CH_STR("://");
    struct ch_buf origin;
    size_t at = 0;
    ch_buf_init(&origin, ch_limits.url_bytes);
    approvals_put_origin(k, &origin);
    struct ch_str host = ch_buf_str(&origin);
    if (ch_str_find(host, scheme, &at)) {
        host = ch_str_sub(host, at + scheme.len, host.len);
    }
    ch_buf_puts(b, host);
    ch_buf_printf(b, "/%s/", p->repository);
    ch_buf_puts(b, page_names(p));
    ch_buf_done(&origin);
}

void approvals_put_evidence(const struct page *p, size_t file,
                            const struct ch_inspection_result *in, struct ch_buf *b)
{
    const struct page_file *f = &p->files[file];
    ch_buf_init(b, CH_EVIDENCE_BYTES);
    if (in != NULL) {
        struct ch_inspection_key key = {.sha256 = f->artifact,
                                        .profile = ch_str_of(f->release.profile),
                                        .inspector_version = in->inspector_version,
                                        .ruleset = in->ruleset};
        struct ch_inspection_row row = in->row; /* as stored: the log is compared with that (T24) */
        row.finding_count -= in->added_count;
        ch_evidence_put(b, &key, &row);
    }
}

#define LEVELS_MAX 3
static size_t levels_of(const struct page *p, const struct ch_inspection_result *in,
                        const struct ch_decision *d, char environment[CH_PURPOSE_BYTES],
                        struct ch_str ret[LEVELS_MAX])
{
    size_t n = 0;
    snprintf(environment, CH_PURPOSE_BYTES, "GW_ENV_%s", p->config->environment);
    for (char *c = environment; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    if (in != NULL && in->row.outcome == CH_INSPECTION_COMPLETE) {
        ret[n++] = CH_STR("GW_SCANNED");
    }
    if (d->audited) {
        ret[n++] = CH_STR(CH_VSA_AUDIT_ONLY); /* the policy would have held it */
    }
    ret[n++] = ch_str_of(environment);
    return n;
}

/* An image is named by its digest and where it lies (purl-spec, types/oci). */
static struct ch_resource image_of(const struct page *p, size_t file, struct ch_str reference)
{
    struct ch_str name = page_project(p, file);
    for (size_t at; ch_str_find_char(name, '/', &at);) {
        name = ch_str_sub(name, at + 1, name.len);
    }
    return (struct ch_resource){.ecosystem = ch_str_of(p->eco->name),
                                .project = name,
                                .version = ch_str_of(p->files[file].release.version),
                                .environment = ch_str_of(p->config->environment),
                                .repository_url = reference};
}

struct ch_resource approvals_resource(const struct page *p, size_t file, struct ch_str reference)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    if (images_role(p, file) != CH_WHOLE_PART) {
        return image_of(p, file, reference);
    }
    struct ch_resource of = {.ecosystem = ch_str_of(p->eco->name),
                             .project = page_project(p, file),
                             .version = ch_str_of(p->files[file].release.version),
                             .file_name = f->file_name,
                             .environment = ch_str_of(p->config->environment)};
    for (size_t i = 0; p->eco->is_page != NULL && p->eco->file_endings[i] != NULL; i++) {
        struct ch_str ending = ch_str_of(p->eco->file_endings[i]);
        if (ch_str_ends(f->file_name, ending)) {
            of.build = f->build;
            of.subdir = page_name(p);
            of.type = ch_str_sub(ending, 1, ending.len);
        }
    }
    return of;
}

void approvals_put_statement(struct keeper *k, struct page *p, size_t file,
                             const struct ch_inspection_result *in, const struct ch_decision *d,
                             const struct ch_sha256 *evidence, int64_t at_us, struct ch_buf *b)
{
    const struct page_file *f = &p->files[file];
    struct ch_sha256 policy = ch_policy_digest(k->policy);
    char environment[CH_PURPOSE_BYTES];
    struct ch_str levels[LEVELS_MAX];
    struct ch_buf verifier, resource, policy_uri, evidence_uri, reference;
    ch_buf_init(&reference, ch_limits.url_bytes);
    ch_buf_init(&verifier, ch_limits.url_bytes);
    ch_buf_init(&resource, ch_limits.url_bytes);
    ch_buf_init(&policy_uri, ch_limits.url_bytes);
    ch_buf_init(&evidence_uri, ch_limits.url_bytes);
    approvals_put_origin(k, &verifier);
    ch_buf_puts(&verifier, CH_STR("/-/verifier"));
    approvals_put_uri(k, &policy_uri, "policy", &policy);
    approvals_put_uri(k, &evidence_uri, "evidence", evidence);
    if (images_role(p, file) != CH_WHOLE_PART) {
        approvals_put_reference(k, p, &reference);
    }
    struct ch_resource of = approvals_resource(p, file, ch_buf_str(&reference));
    ch_resource_uri_put(&resource, &of);
    struct ch_vsa vsa = {
        .file_name =
            reference.len > 0 ? ch_buf_str(&reference) : p->facts.files[file].index.file_name,
        .sha256 = f->artifact,
        .verifier = ch_buf_str(&verifier),
        .verified_at_us = at_us,
        .resource_uri = ch_buf_str(&resource),
        .policy_uri = ch_buf_str(&policy_uri),
        .policy = policy,
        .evidence_uri = ch_buf_str(&evidence_uri),
        .evidence = *evidence,
        .passed = d->verdict == CH_VERDICT_ALLOW,
        .levels = levels,
        .level_count = levels_of(p, in, d, environment, levels),
    };
    ch_buf_init(b, APPROVALS_STATEMENT_BYTES);
    ch_vsa_put(b, &vsa);
    ch_buf_done(&reference);
    ch_buf_done(&verifier);
    ch_buf_done(&resource);
    ch_buf_done(&policy_uri);
    ch_buf_done(&evidence_uri);
}

enum ch_code approvals_sign_statement(struct ch_signer *signer, struct ch_str statement,
                                      struct ch_buf *sig, struct ch_err *err)
{
    struct ch_buf pae;
    ch_buf_init(&pae, statement.len + 256);
    ch_dsse_put_pae(&pae, CH_STR(CH_DSSE_IN_TOTO), statement);
    enum ch_code rc = ch_buf_ok(&pae, err);
    rc = rc == CH_OK ? ch_signer_sign(signer, ch_buf_str(&pae), sig, err) : rc;
    ch_buf_done(&pae);
    return rc;
}
