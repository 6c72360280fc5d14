/* OCI: pages are manifests and indexes, files are those documents and what they name. */
#include "customhouse/inspector.h"
#include "scanner/eco/oci/document.h"
#include "scanner/eco/oci/page.h"
#include "scanner/eco/oci/tags.h"

static enum ch_code parse_index(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("page-oci-tags"))
               ? ch_oci_tags_parse(job, in, out, err)
               : ch_oci_page_parse(job, in, out, err);
}

extern const struct ch_inspector ch_inspector_oci; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_oci = {
    .ecosystem = "oci",
    .warm_up = ch_oci_document_warm_up,
    .parse_index = parse_index,
    .inspect = ch_oci_document_inspect,
    .second_opinion = ch_oci_document_second,
};
