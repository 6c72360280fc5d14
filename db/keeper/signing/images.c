#include "images_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/image.h"
#include "db/signing/purpose.h"
#include "db/signing/statement.h"

#define PAYLOAD_BYTES 4096

/* ------------------------------------------------------------------ what is signed */

enum ch_whole images_role(const struct page *p, size_t file)
{
    return p->eco->whole_versions && p->eco->whole != NULL
               ? p->eco->whole(p->facts.files[file].index.file_name)
               : CH_WHOLE_PART;
}

bool images_sign_all_of(const struct page *p, size_t file)
{
    return images_role(p, file) == CH_WHOLE_ALL;
}

enum ch_code images_sign(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                         struct ch_err *err)
{
    struct image_signing image = {.k = k, .p = p, .file = file};
    char purpose[CH_PURPOSE_BYTES];
    struct ch_buf payload, reference;
    struct ch_err why;
    CH_ASSERT(d->verdict == CH_VERDICT_ALLOW && images_role(p, file) != CH_WHOLE_PART);
    ch_purpose_approve_image(p->config->environment, purpose);
    enum ch_code rc = keyring_signer(k, purpose, &image.signer, err);
    if (rc == CH_OK && keyring_signer(k, CH_PURPOSE_EVIDENCE, &image.evidence, &why) != CH_OK) {
        image.evidence = NULL; /* nothing depends on it */
        keeper_log("evidence", "file=%s error=\"%s\"", p->project, why.msg);
    }
    if (rc == CH_OK && !approvals_are_there(k, p, file)) {
        struct ch_attestation_row place = approvals_place(p, file);
        rc = approvals_end(k, &place, err); /* of other bytes, or another environment */
    }
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_init(&payload, PAYLOAD_BYTES);
    ch_buf_init(&reference, ch_limits.url_bytes);
    approvals_put_reference(k, p, &reference);
    ch_image_put_payload(&payload, ch_buf_str(&reference), &p->files[file].artifact);
    rc = ch_buf_ok(&payload, err);
    image.payload = ch_buf_str(&payload);
    rc = rc == CH_OK ? approvals_attest(k, p, file, d, image.signer, &image, err) : rc;
    if (rc == CH_OK) {
        approvals_note_signed(k, p, file);
    }
    ch_buf_done(&payload);
    ch_buf_done(&reference);
    return rc;
}

enum ch_code images_sign_payload(const struct image_signing *image, struct ch_signer *signer,
                                 struct ch_buf *sig, struct ch_err *err)
{
    return ch_signer_sign(signer, image->payload, sig, err);
}

/* ------------------------------------------------------------------ as registries have it */

enum ch_code images_keep_row(struct keeper *k, struct ch_image_signature_row *row,
                             uint64_t *ret_end, struct ch_err *err)
{
    enum ch_code rc = ch_store_add_image_signature(k->store, row, &row->id, err);
    return rc == CH_OK ? audit_image_signature(k, row, ret_end, err) : rc;
}

/* What cosign looks for under its tag for signatures: a layer and its configuration. */
static enum ch_code keep_signature(struct keeper *k, const struct ch_attestation_row *of,
                                   struct ch_str layer, uint64_t *ret_end, struct ch_err *err)
{
    struct ch_buf config, manifest;
    ch_buf_init(&config, PAYLOAD_BYTES);
    ch_buf_init(&manifest, PAYLOAD_BYTES);
    ch_image_put_config(&config, &layer, 1);
    ch_image_put_signature_manifest(&manifest, ch_buf_str(&config), layer, of->file_sig);
    struct ch_image_signature_row row = {
        .attestation = of->id,
        .form = CH_STR("cosign"),
        .key = of->key,
        .manifest = ch_buf_str(&manifest),
        .layer = layer,
        .config = ch_buf_str(&config),
        .at_us = of->at_us,
    };
    enum ch_code rc = ch_buf_ok(&manifest, err);
    rc = rc == CH_OK ? ch_buf_ok(&config, err) : rc;
    rc = rc == CH_OK ? images_keep_row(k, &row, ret_end, err) : rc;
    ch_buf_done(&config);
    ch_buf_done(&manifest);
    return rc;
}

/* And under that for attestations: one manifest, of an envelope each. A row has it with one of them;
 * they differ in their keys. */
static enum ch_code keep_attestations(struct keeper *k, const struct ch_attestation_row *of,
                                      const struct image_sboms *sboms, uint64_t *ret_end,
                                      struct ch_err *err)
{
    struct ch_buf envelopes[1 + IMAGE_SBOMS], config, manifest;
    struct ch_str layers[1 + IMAGE_SBOMS];
    struct ch_image_attestation all[1 + IMAGE_SBOMS];
    size_t count = 1 + sboms->count;
    enum ch_code rc = CH_OK;
    ch_buf_init(&config, PAYLOAD_BYTES);
    ch_buf_init(&manifest, PAYLOAD_BYTES);
    for (size_t i = 0; i < count; i++) {
        const struct image_statement *said = i > 0 ? &sboms->of[i - 1].said : NULL;
        ch_buf_init(&envelopes[i], ch_limits.attached_bytes);
        ch_dsse_put_envelope(&envelopes[i], CH_STR(CH_DSSE_IN_TOTO),
                             said != NULL ? said->statement : of->statement,
                             said != NULL ? said->sig : of->statement_sig);
        rc = rc == CH_OK ? ch_buf_ok(&envelopes[i], err) : rc;
        layers[i] = ch_buf_str(&envelopes[i]);
        all[i] = (struct ch_image_attestation){
            layers[i], ch_str_of(said != NULL ? said->predicate_type : CH_VSA_TYPE)};
    }
    ch_image_put_config(&config, layers, count);
    ch_image_put_attestation_manifest(&manifest, ch_buf_str(&config), all, count);
    rc = rc == CH_OK ? ch_buf_ok(&config, err) : rc;
    rc = rc == CH_OK ? ch_buf_ok(&manifest, err) : rc;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        struct ch_image_signature_row row = {
            .attestation = of->id,
            .form = i > 0 ? ch_str_of(sboms->of[i - 1].envelope_form) : CH_STR("attestation"),
            .key = i > 0 ? sboms->of[i - 1].said.key : of->key,
            .manifest = ch_buf_str(&manifest),
            .layer = layers[i],
            .config = ch_buf_str(&config),
            .at_us = of->at_us,
        };
        rc = images_keep_row(k, &row, ret_end, err);
    }
    for (size_t i = 0; i < count; i++) {
        ch_buf_done(&envelopes[i]);
    }
    ch_buf_done(&config);
    ch_buf_done(&manifest);
    return rc;
}

/* As a bundle, and a manifest that refers to the image. */
static enum ch_code keep_bundle(struct keeper *k, const struct image_signing *image,
                                const struct ch_attestation_row *of,
                                const struct image_statement *said, uint64_t *ret_end,
                                struct ch_err *err)
{
    const struct ch_index_file *f = &image->p->facts.files[image->file].index;
    const char *type = image->p->eco->media_type(f->file_name);
    char hint[KEYRING_NAME_BYTES];
    struct ch_buf envelope, bundle, manifest;
    struct ch_image_subject subject = {ch_str_of(type), of->sha256, f->size_bytes};
    ch_buf_init(&envelope, ch_limits.attached_bytes);
    ch_buf_init(&bundle, ch_limits.attached_bytes);
    ch_buf_init(&manifest, PAYLOAD_BYTES);
    keyring_name(ch_str_of(said->purpose), &said->key, hint);
    ch_dsse_put_envelope(&envelope, CH_STR(CH_DSSE_IN_TOTO), said->statement, said->sig);
    ch_bundle_put_dsse(&bundle, ch_str_of(hint), ch_buf_str(&envelope));
    ch_image_put_bundle_manifest(&manifest, ch_buf_str(&bundle), &subject,
                                 ch_str_of(said->predicate_type), of->at_us);
    struct ch_image_signature_row row = {
        .attestation = of->id,
        .form = ch_str_of(said->form),
        .key = said->key,
        .manifest = ch_buf_str(&manifest),
        .layer = ch_buf_str(&bundle),
        .at_us = of->at_us,
    };
    enum ch_code rc = ch_buf_ok(&envelope, err);
    rc = rc == CH_OK ? ch_buf_ok(&bundle, err) : rc;
    rc = rc == CH_OK ? ch_buf_ok(&manifest, err) : rc;
    rc = rc == CH_OK ? images_keep_row(k, &row, ret_end, err) : rc;
    ch_buf_done(&envelope);
    ch_buf_done(&bundle);
    ch_buf_done(&manifest);
    return rc;
}

enum ch_code images_sign_statement(struct ch_signer *signer, struct image_statement *said,
                                   struct ch_buf *sig, struct ch_err *err)
{
    said->key = ch_public_key_id(ch_signer_public(signer));
    enum ch_code rc = approvals_sign_statement(signer, said->statement, sig, err);
    said->sig = ch_buf_str(sig);
    return rc;
}

static enum ch_code sign_and_keep(struct keeper *k, const struct image_signing *image,
                                  const struct ch_attestation_row *of, struct ch_signer *signer,
                                  struct image_statement *said, uint64_t *ret_end,
                                  struct ch_err *err)
{
    struct ch_buf sig;
    ch_buf_init(&sig, CH_SIGNATURE_BYTES);
    enum ch_code rc = images_sign_statement(signer, said, &sig, err);
    rc = rc == CH_OK ? keep_bundle(k, image, of, said, ret_end, err) : rc;
    ch_buf_done(&sig);
    return rc;
}

/* ------------------------------------------------------------------ what inspection found */

static enum ch_image_part_result result_of(const struct ch_inspection_result *in)
{
    if (in == NULL || in->row.outcome != CH_INSPECTION_COMPLETE) {
        return CH_IMAGE_PART_FAILED;
    }
    for (size_t i = 0; i < in->row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row((uint32_t)in->row.findings[i].code);
        if (row == NULL || row->cls != CH_CLASS_NOTE) {
            return CH_IMAGE_PART_WARNED; /* and somebody let it pass */
        }
    }
    return CH_IMAGE_PART_PASSED;
}

static enum ch_code put_part(struct keeper *k, struct page *p, size_t file,
                             struct ch_image_part *ret, struct ch_err *err)
{
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    struct ch_buf text;
    enum ch_code rc = CH_OK;
    approvals_put_evidence(p, file, in, &text);
    *ret = (struct ch_image_part){.type = ch_str_of(p->files[file].release.file_type),
                                  .sha256 = p->files[file].artifact,
                                  .result = result_of(in)};
    if (text.len > 0) {
        ret->evidence = ch_sha256_of(text.ptr, text.len);
        rc = ch_buf_ok(&text, err);
        rc = rc == CH_OK ? ch_store_put_evidence(k->store, &ret->evidence, ch_buf_str(&text), err)
                         : rc;
    }
    ch_buf_done(&text);
    return rc;
}

static enum ch_code keep_scan(struct keeper *k, const struct image_signing *image,
                              const struct ch_attestation_row *of, uint64_t *ret_end,
                              struct ch_err *err)
{
    struct page *p = image->p;
    const struct ch_inspection_result *in = inspection_of(k, p, image->file);
    struct ch_image_part *parts = ch_calloc(p->facts.file_count, sizeof(*parts));
    struct ch_buf url, verifier, reference, statement;
    size_t count = 0;
    enum ch_code rc = CH_OK;
    ch_buf_init(&url, ch_limits.url_bytes);
    ch_buf_init(&verifier, ch_limits.url_bytes);
    ch_buf_init(&reference, ch_limits.url_bytes);
    ch_buf_init(&statement, APPROVALS_STATEMENT_BYTES);
    for (size_t i = 0; rc == CH_OK && i < p->facts.file_count; i++) {
        if (p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN) {
            rc = put_part(k, p, i, &parts[count++], err);
        }
    }
    approvals_put_uri(k, &url, "evidence", &of->evidence);
    approvals_put_origin(k, &verifier);
    ch_buf_puts(&verifier, CH_STR("/-/verifier"));
    approvals_put_reference(k, p, &reference);
    ch_image_put_scan(&statement, &(struct ch_image_scan){
                                      .reference = ch_buf_str(&reference),
                                      .image = of->sha256,
                                      .url = ch_buf_str(&url),
                                      .verifier = ch_buf_str(&verifier),
                                      .inspector_version = in != NULL ? in->inspector_version : 0,
                                      .rules = in != NULL ? in->ruleset : (struct ch_sha256){{0}},
                                      .parts = parts,
                                      .part_count = count,
                                  });
    struct image_statement said = {.form = "scan",
                                   .predicate_type = CH_IMAGE_SCAN_TYPE,
                                   .purpose = CH_PURPOSE_EVIDENCE,
                                   .statement = ch_buf_str(&statement)};
    rc = rc == CH_OK ? ch_buf_ok(&statement, err) : rc;
    rc = rc == CH_OK ? sign_and_keep(k, image, of, image->evidence, &said, ret_end, err) : rc;
    ch_buf_done(&url);
    ch_buf_done(&verifier);
    ch_buf_done(&reference);
    ch_buf_done(&statement);
    free(parts);
    return rc;
}

enum ch_code images_keep(struct keeper *k, const struct image_signing *image,
                         const struct ch_attestation_row *row, uint64_t *ret_end,
                         struct ch_err *err)
{
    char purpose[CH_PURPOSE_BYTES];
    struct ch_buf statement;
    struct image_sboms sboms;
    ch_purpose_approve_image(image->p->config->environment, purpose);
    images_sboms_sign(k, image, &sboms);
    ch_buf_init(&statement, APPROVALS_STATEMENT_BYTES);
    ch_image_put_approval(&statement, &row->sha256);
    struct image_statement approval = {.form = "approval",
                                       .predicate_type = CH_IMAGE_APPROVAL_TYPE,
                                       .purpose = purpose,
                                       .statement = ch_buf_str(&statement)};
    struct image_statement summary = {.form = "summary",
                                      .predicate_type = CH_VSA_TYPE,
                                      .purpose = purpose,
                                      .key = row->key,
                                      .statement = row->statement,
                                      .sig = row->statement_sig};
    enum ch_code rc = keep_signature(k, row, image->payload, ret_end, err);
    rc = rc == CH_OK ? keep_attestations(k, row, &sboms, ret_end, err) : rc;
    rc = rc == CH_OK ? sign_and_keep(k, image, row, image->signer, &approval, ret_end, err) : rc;
    rc = rc == CH_OK ? keep_bundle(k, image, row, &summary, ret_end, err) : rc;
    if (rc == CH_OK && image->evidence != NULL) {
        rc = keep_scan(k, image, row, ret_end, err);
    }
    for (size_t i = 0; rc == CH_OK && i < sboms.count; i++) {
        rc = keep_bundle(k, image, row, &sboms.of[i].said, ret_end, err);
    }
    images_sboms_done(&sboms);
    ch_buf_done(&statement);
    return rc;
}
