#include "customhouse/inspector.h"

#include "scanner/json/json.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/page/page.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "scanner/eco/pypi/wheel/wheel.h"

static enum ch_code require_wheel(const struct ch_scan_job *job, struct ch_err *err)
{
    if (!ch_str_eq(job->profile, CH_STR("wheel"))) {
        return ch_fail(err, CH_E_UNSUPPORTED, "pypi: no inspector for files of profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    return CH_OK;
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    if (ch_str_eq(job->profile, CH_STR("sdist"))) {
        return ch_sdist_inspect(job, in, out, err);
    }
    enum ch_code rc = require_wheel(job, err);
    return rc != CH_OK ? rc : ch_wheel_inspect(job, in, out, err);
}

static enum ch_code inspect_tail(const struct ch_scan_job *job, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err)
{
    enum ch_code rc = require_wheel(job, err);
    return rc != CH_OK ? rc : ch_wheel_tail(job, in, out, err);
}

static enum ch_code inspect_metadata(const struct ch_scan_job *job, const struct ch_input *in,
                                     struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    ch_metadata_report(job, (struct ch_str){NULL, 0}, bytes, out);
    return ch_scan_writer_ok(out, err);
}

static const struct ch_inspector_carried carried[] = {{".whl", "wheel"}, {NULL, NULL}};

extern const struct ch_inspector ch_inspector_pypi; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_pypi = {
    .ecosystem = "pypi",
    .warm_up = ch_json_warm_up,
    .parse_index = ch_page_parse,
    .parse_details = ch_details_parse,
    .inspect = inspect,
    .second_opinion = ch_second_opinion,
    .inspect_metadata = inspect_metadata,
    .inspect_tail = inspect_tail,
    .carried = carried,
};
