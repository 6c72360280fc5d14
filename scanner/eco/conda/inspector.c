/* Conda: pages are subdirs of channels. */
#include "customhouse/inspector.h"
#include "scanner/eco/conda/page/repodata.h"

static enum ch_code parse_index(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("repodata"))
               ? ch_repodata_parse(job, in, out, err)
               : ch_fail(err, CH_E_UNSUPPORTED, "conda: no parser for pages of profile \"%.*s\"",
                         CH_STR_ARG(job->profile));
}

extern const struct ch_inspector ch_inspector_conda; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_conda = {
    .ecosystem = "conda",
    .parse_index = parse_index,
};
