/* What the parts of signing an image share. */
#ifndef KEEPER_IMAGES_INT_H
#define KEEPER_IMAGES_INT_H

#include "images.h"

/* A statement and its signature. */
struct image_statement {
    const char *form; /* of the row of its bundle */
    const char *predicate_type;
    const char *purpose; /* of the key */
    struct ch_sha256 key;
    struct ch_str statement, sig;
};

/* One row, with its entry of the log, in the open step. */
enum ch_code images_keep_row(struct keeper *k, struct ch_image_signature_row *row,
                             uint64_t *ret_end, struct ch_err *err) CH_MUST_CHECK;
/* Makes the signature, into `sig`. */
enum ch_code images_sign_statement(struct ch_signer *signer, struct image_statement *said,
                                   struct ch_buf *sig, struct ch_err *err) CH_MUST_CHECK;

/* --- images_sboms.c: what the image is made of, by the evidence key --- */

#define IMAGE_SBOMS 2
struct image_sbom {
    struct image_statement said;
    const char *envelope_form; /* of the row of its envelope */
    struct ch_buf statement, sig;
};
struct image_sboms {
    struct image_sbom of[IMAGE_SBOMS];
    size_t count; /* 0: there is none */
};
/* Signed, or none where that cannot be had, which is logged: nothing depends on it. Free with
 * images_sboms_done in any case. */
void images_sboms_sign(struct keeper *k, const struct image_signing *image,
                       struct image_sboms *ret);
void images_sboms_done(struct image_sboms *s);

#endif
