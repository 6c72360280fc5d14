/* OCI: pages are manifests and indexes, files are those documents and what they name. */
#include "customhouse/inspector.h"
#include "scanner/eco/oci/document.h"
#include "scanner/eco/oci/page.h"

extern const struct ch_inspector ch_inspector_oci; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_oci = {
    .ecosystem = "oci",
    .warm_up = ch_oci_document_warm_up,
    .parse_index = ch_oci_page_parse,
    .inspect = ch_oci_document_inspect,
    .second_opinion = ch_oci_document_second,
};
