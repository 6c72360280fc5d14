#include "scanner/eco/pypi/wheel.h"
enum ch_code ch_wheel_tail(const struct ch_scan_job *job, const struct ch_input *in,
                           struct ch_scan_writer *out, struct ch_err *err)
{
    (void)job;
    (void)in;
    (void)out;
    return ch_fail(err, CH_E_UNSUPPORTED, "wheel tail: not read yet");
}
