/* A statement about a build, as BuildKit attaches it to an image. Pure; allocates.
 *
 * Spec: in-toto attestation framework, "Statement" v0.1 and v1: _type, subject (name and digests),
 * predicateType, predicate. The predicate is anything; nothing here acts by it. */
#ifndef CH_SCANNER_OCI_STATEMENT_H
#define CH_SCANNER_OCI_STATEMENT_H

#include "customhouse/scan.h"

struct ch_oci_statement {
    struct ch_str predicate_type; /* borrowed from the document, as all texts of this */
    struct ch_sha256 *subjects;
    size_t subject_count;
    void *document; /* holds the texts */
};

/* Writes what is wrong with it as FINDING to `out`: oci-statement. True: it was read, and *ret has
 * to be done; false: a finding says why. */
bool ch_oci_statement_read(struct ch_str bytes, struct ch_scan_writer *out,
                           struct ch_oci_statement *ret) CH_MUST_CHECK;
void ch_oci_statement_done(struct ch_oci_statement *s); /* accepts zeroed memory */

#endif
