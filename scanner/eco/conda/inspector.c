/* Conda: pages are subdirs of channels; documents beside them have profiles of their own. */
#include "customhouse/inspector.h"
#include "scanner/eco/conda/package/package.h"
#include "scanner/eco/conda/page/beside.h"
#include "scanner/eco/conda/page/repodata.h"

static enum ch_code parse_index(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    static const struct {
        const char *profile;
        ch_inspect_fn *parse;
    } parsers[] = {
        {"repodata", ch_repodata_parse},
        {"run-exports", ch_run_exports_parse},
        {"channeldata", ch_channeldata_parse},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(parsers); i++) {
        if (ch_str_eq(job->profile, ch_str_of(parsers[i].profile))) {
            return parsers[i].parse(job, in, out, err);
        }
    }
    return ch_fail(err, CH_E_UNSUPPORTED, "conda: no parser for pages of profile \"%.*s\"",
                   CH_STR_ARG(job->profile));
}

static const struct ch_inspector_carried carried[] = {{".conda", "conda"}, {NULL, NULL}};

extern const struct ch_inspector ch_inspector_conda; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_conda = {
    .ecosystem = "conda",
    .parse_index = parse_index,
    .inspect = ch_conda_package_inspect,
    .second_opinion = ch_conda_package_second,
    .carried = carried,
};
