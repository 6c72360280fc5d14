/* OCI: pages are manifests and indexes, files are those documents and what they name. */
#include "customhouse/inspector.h"
#include "scanner/eco/oci/page.h"
#include "scanner/json/json.h"

extern const struct ch_inspector ch_inspector_oci; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_oci = {
    .ecosystem = "oci",
    .warm_up = ch_json_warm_up,
    .parse_index = ch_oci_page_parse,
};
