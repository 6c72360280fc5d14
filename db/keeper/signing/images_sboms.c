#include "images_int.h"

#include "customhouse/limits.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/keeper/signing/sboms.h"
#include "db/sbom/sbom.h"
#include "db/signing/image.h"
#include "db/signing/purpose.h"

static const struct {
    enum ch_part part;
    const char *form, *envelope_form, *predicate_type;
} rows[IMAGE_SBOMS] = {
    {CH_PART_CYCLONEDX, "cyclonedx", "attestation-cyclonedx", CH_SBOM_CYCLONEDX_PREDICATE},
    {CH_PART_SPDX, "spdx", "attestation-spdx", CH_SBOM_SPDX_PREDICATE},
};

static enum ch_code make(struct keeper *k, const struct image_signing *image, size_t i,
                         struct image_sbom *ret, struct ch_err *err)
{
    struct ch_buf document, reference;
    *ret = (struct image_sbom){
        .said = {.form = rows[i].form,
                 .predicate_type = rows[i].predicate_type,
                 .purpose = CH_PURPOSE_EVIDENCE},
        .envelope_form = rows[i].envelope_form,
    };
    ch_buf_init(&ret->statement, 2 * ch_limits.sbom_bytes);
    ch_buf_init(&ret->sig, CH_SIGNATURE_BYTES);
    ch_buf_init(&document, ch_limits.sbom_bytes);
    ch_buf_init(&reference, ch_limits.url_bytes);
    approvals_put_reference(k, image->p, &reference);
    enum ch_code rc = sboms_put(k, image->p, image->file, rows[i].part, &document, err);
    if (rc == CH_OK) {
        ch_image_put_document(&ret->statement, ch_buf_str(&reference),
                              &image->p->files[image->file].artifact,
                              ch_str_of(rows[i].predicate_type), ch_buf_str(&document));
        ret->said.statement = ch_buf_str(&ret->statement);
        rc = ch_buf_ok(&ret->statement, err);
    }
    rc = rc == CH_OK ? images_sign_statement(image->evidence, &ret->said, &ret->sig, err) : rc;
    ch_buf_done(&document);
    ch_buf_done(&reference);
    return rc;
}

void images_sboms_sign(struct keeper *k, const struct image_signing *image, struct image_sboms *ret)
{
    struct ch_err err;
    enum ch_code rc = CH_OK;
    *ret = (struct image_sboms){.count = 0};
    if (image->evidence == NULL || images_role(image->p, image->file) == CH_WHOLE_PART) {
        return;
    }
    for (size_t i = 0; rc == CH_OK && i < IMAGE_SBOMS; i++) {
        rc = make(k, image, i, &ret->of[i], &err);
    }
    if (rc == CH_OK) {
        ret->count = IMAGE_SBOMS;
    } else {
        keeper_log("sbom", "file=%s error=\"%s\"", image->p->project, err.msg);
    }
}

void images_sboms_done(struct image_sboms *s)
{
    for (size_t i = 0; i < IMAGE_SBOMS; i++) {
        ch_buf_done(&s->of[i].statement);
        ch_buf_done(&s->of[i].sig);
    }
}
