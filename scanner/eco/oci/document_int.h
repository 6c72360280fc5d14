/* What both readers of documents write alike. */
#ifndef CH_SCANNER_OCI_DOCUMENT_INT_H
#define CH_SCANNER_OCI_DOCUMENT_INT_H

#include "base/oci/reference.h"
#include "scanner/eco/oci/document.h"

void oci_write_member(struct ch_scan_writer *out, const struct ch_oci_digest *digest,
                      uint64_t size_bytes);
void oci_check_empty(struct ch_str bytes, struct ch_scan_writer *out);

#endif
