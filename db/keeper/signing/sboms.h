/* Bills of materials of release files and images, made of what is known when they are asked for: of
 * the same inspections the same bytes. */
#ifndef KEEPER_SBOMS_H
#define KEEPER_SBOMS_H

#include "db/keeper/keeper_int.h"

static inline bool sboms_are(enum ch_part part)
{
    return part == CH_PART_CYCLONEDX || part == CH_PART_SPDX;
}
/* CH_PART_CYCLONEDX or CH_PART_SPDX of a file, whatever is decided of it; of an image's manifest that of
 * the image, of an index that of what it lists. CH_E_NOT_FOUND: it was not inspected, or is a part of
 * an image. CH_E_LIMIT: more than sbom_bytes, or sbom_components. */
enum ch_code sboms_put(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                       struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;

/* Whether what was attested has them: approvals do. */
bool sboms_are_of(struct keeper *k, const struct ch_attestation_row *row);

/* --- sboms_attested.c --- */

/* CH_PART_CYCLONEDX_BUNDLE, CH_PART_SPDX_BUNDLE. */
bool sboms_are_attested(enum ch_part part);
/* The same as a statement about the file by the evidence key, in a Sigstore bundle: one, for as long
 * as its approval stands; durable, and entered, before it is returned. CH_E_NOT_FOUND: nothing stands,
 * or as above. */
enum ch_code sboms_attested(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                            struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;

#endif
