/* The layers of an image against its configuration, which says what each of them unpacks to. */
#ifndef CH_ECO_OCI_DIFF_IDS_H
#define CH_ECO_OCI_DIFF_IDS_H

#include "customhouse/ecosystem.h"

/* compare_parts of the ecosystem. Spec: OCI image 1.1, "Image Configuration", rootfs.diff_ids. */
void oci_compare_parts(const struct ch_parts *whole, size_t file, ch_differs_fn *fn, void *arg);

#endif
