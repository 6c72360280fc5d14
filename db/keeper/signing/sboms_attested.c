/* Bills of materials as statements by the evidence key. Those of an image are made with its
 * approval (images_sboms.c). That of a file is made when somebody asks for it first, and is kept
 * then, with its entry of the log, for as long as the approval stands: most files are never asked
 * about. */
#include "sboms.h"

#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/keeper/signing/images_int.h"
#include "db/sbom/sbom.h"
#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/image.h"
#include "db/signing/purpose.h"

static const struct {
    enum ch_part part, of;
    const char *form, *image_form, *predicate_type;
} rows[] = {
    {CH_PART_CYCLONEDX_BUNDLE, CH_PART_CYCLONEDX, "file-cyclonedx", "cyclonedx",
     CH_SBOM_CYCLONEDX_PREDICATE},
    {CH_PART_SPDX_BUNDLE, CH_PART_SPDX, "file-spdx", "spdx", CH_SBOM_SPDX_PREDICATE},
};

bool sboms_are_attested(enum ch_part part)
{
    return part == CH_PART_CYCLONEDX_BUNDLE || part == CH_PART_SPDX_BUNDLE;
}

/* ------------------------------------------------------------------ what is kept */

static void on_approval(void *ctx, const struct ch_attestation_row *row)
{
    struct ch_image_signature_row *of = ctx;
    of->attestation = row->id;
    of->at_us = row->at_us;
}

struct looking {
    struct ch_str form;
    struct ch_buf *out;
};

static void on_kept(void *ctx, const struct ch_image_signature_row *row)
{
    struct looking *l = ctx;
    if (l->out->len == 0 && ch_str_eq(row->form, l->form)) {
        ch_buf_puts(l->out, row->layer);
    }
}

/* ------------------------------------------------------------------ what is made */

/* The row has the document as its manifest, and the bundle as its layer. */
static enum ch_code keep(struct keeper *k, struct ch_image_signature_row *row, struct ch_err *err)
{
    uint64_t end;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = audit_step_end(k, images_keep_row(k, row, &end, err), err);
    return rc == CH_OK ? keeper_commit(k, err) : rc; /* durable before anybody has it */
}

static void put_bundle(struct ch_buf *b, const struct image_statement *said)
{
    char hint[KEYRING_NAME_BYTES];
    struct ch_buf envelope;
    ch_buf_init(&envelope, ch_limits.attached_bytes);
    keyring_name(ch_str_of(said->purpose), &said->key, hint);
    ch_dsse_put_envelope(&envelope, CH_STR(CH_DSSE_IN_TOTO), said->statement, said->sig);
    ch_bundle_put_dsse(b, ch_str_of(hint), ch_buf_str(&envelope));
    b->failed = b->failed || envelope.failed;
    ch_buf_done(&envelope);
}

static enum ch_code make(struct keeper *k, struct page *p, size_t file, size_t i,
                         struct ch_image_signature_row *row, struct ch_buf *out, struct ch_err *err)
{
    struct image_statement said = {.purpose = CH_PURPOSE_EVIDENCE};
    struct ch_signer *signer;
    struct ch_buf document, statement, sig;
    ch_buf_init(&document, ch_limits.sbom_bytes);
    ch_buf_init(&statement, 2 * ch_limits.sbom_bytes);
    ch_buf_init(&sig, CH_SIGNATURE_BYTES);
    enum ch_code rc = keyring_signer(k, said.purpose, &signer, err);
    rc = rc == CH_OK ? sboms_put(k, p, file, rows[i].of, &document, err) : rc;
    if (rc == CH_OK) {
        ch_image_put_document(&statement, p->facts.files[file].index.file_name,
                              &p->files[file].artifact, ch_str_of(rows[i].predicate_type),
                              ch_buf_str(&document));
        said.statement = ch_buf_str(&statement);
        rc = ch_buf_ok(&statement, err);
    }
    rc = rc == CH_OK ? images_sign_statement(signer, &said, &sig, err) : rc;
    if (rc == CH_OK) {
        put_bundle(out, &said);
        rc = ch_buf_ok(out, err);
    }
    row->form = ch_str_of(rows[i].form);
    row->key = said.key;
    row->manifest = ch_buf_str(&document);
    row->layer = ch_buf_str(out);
    rc = rc == CH_OK ? keep(k, row, err) : rc;
    ch_buf_done(&document);
    ch_buf_done(&statement);
    ch_buf_done(&sig);
    return rc;
}

enum ch_code sboms_attested(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                            struct ch_buf *out, struct ch_err *err)
{
    size_t i = part == rows[0].part ? 0 : 1;
    bool image = p->eco->whole_versions;
    struct ch_attestation_row place = approvals_place(p, file);
    struct ch_image_signature_row row = {.attestation = 0};
    struct looking l = {ch_str_of(image ? rows[i].image_form : rows[i].form), out};
    enum ch_code rc = ch_store_get_approval(k->store, &place, on_approval, &row, err);
    rc = rc == CH_OK ? ch_store_image_signatures(k->store, row.attestation, on_kept, &l, err) : rc;
    if (rc != CH_OK || out->len > 0) {
        return rc == CH_OK ? ch_buf_ok(out, err) : rc;
    }
    return image ? ch_fail(err, CH_E_NOT_FOUND, "its approval has no bill of materials")
                 : make(k, p, file, i, &row, out, err);
}
