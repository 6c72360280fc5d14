/* OCI: pages are manifests and indexes, files are those documents and what they name. */
#include "customhouse/inspector.h"
#include "scanner/eco/oci/blob.h"
#include "scanner/eco/oci/document.h"
#include "scanner/eco/oci/layer/layer.h"
#include "scanner/eco/oci/page.h"
#include "scanner/eco/oci/tags.h"

static enum ch_code parse_index(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("page-oci-tags")) ? ch_oci_tags_parse(job, in, out, err)
                                                            : ch_oci_page_parse(job, in, out, err);
}

static bool is_layer(const struct ch_scan_job *job)
{
    return ch_str_eq(job->profile, CH_STR("oci-layer"));
}

static bool is_blob(const struct ch_scan_job *job)
{
    return ch_str_eq(job->profile, CH_STR("oci-blob"));
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    return is_layer(job)  ? ch_oci_layer_inspect(job, in, out, err)
           : is_blob(job) ? ch_oci_blob_inspect(job, in, out, err)
                          : ch_oci_document_inspect(job, in, out, err);
}

static enum ch_code second_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                                   struct ch_scan_writer *out, struct ch_err *err)
{
    return is_layer(job)  ? ch_oci_layer_second(job, in, out, err)
           : is_blob(job) ? ch_oci_blob_second(job, in, out, err)
                          : ch_oci_document_second(job, in, out, err);
}

extern const struct ch_inspector ch_inspector_oci; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_oci = {
    .ecosystem = "oci",
    .warm_up = ch_oci_document_warm_up,
    .parse_index = parse_index,
    .inspect = inspect,
    .second_opinion = second_opinion,
};
