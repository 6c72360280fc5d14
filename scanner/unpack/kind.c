#include "scanner/unpack/kind.h"

struct ch_archive_kind ch_archive_kind_of(const struct ch_scan_job *job, const struct ch_input *in)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    bool sdist = ch_str_eq(job->profile, CH_STR("sdist"));
    bool tar = ch_str_eq(job->profile, CH_STR("tar"));
    struct ch_archive_kind kind = {.format = CH_ARCHIVE_ZIP};
    if (tar || (sdist && !ch_str_starts(bytes, CH_STR("PK\3\4")) &&
                !ch_str_starts(bytes, CH_STR("PK\5\6")))) {
        kind.format = CH_ARCHIVE_TAR;
        kind.packing = ch_stream_detect(bytes);
    }
    return kind;
}
