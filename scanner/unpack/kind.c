#include "scanner/unpack/kind.h"

#include "scanner/unpack/tar.h"
#include "scanner/unpack/zip.h"

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
        if (kind.packing == CH_STREAM_LZMA) { /* no index and no checksum: not what packages come in */
            kind.packing = CH_STREAM_NONE;
        }
    }
    if (ch_str_eq(job->profile, CH_STR("wheel")) && ch_str_ends(job->file_name, CH_STR(".whl"))) {
        kind.platform = ch_str_sub(job->file_name, 0, job->file_name.len - 4);
        for (size_t at; ch_str_find_char(kind.platform, '-', &at);) {
            kind.platform = ch_str_sub(kind.platform, at + 1, SIZE_MAX);
        }
    }
    return kind;
}

static enum ch_code inspect_zip(const struct ch_input *in, struct ch_scan_writer *out,
                                struct ch_err *err)
{
    struct ch_zip *z;
    enum ch_code rc = ch_zip_open(in, &ch_zip_profile_bare, out, &z, err);
    if (rc == CH_OK) {
        ch_zip_verify(z, NULL, NULL);
        ch_zip_free(z);
        rc = ch_scan_writer_ok(out, err);
    }
    return rc;
}

enum ch_code ch_archive_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false; /* what is incomplete has a finding */
    if (ch_str_eq(job->profile, CH_STR("zip"))) {
        return inspect_zip(in, out, err);
    }
    if (ch_str_eq(job->profile, CH_STR("tar"))) {
        return ch_tar_walk(in, ch_archive_kind_of(job, in).packing, &ch_tar_profile_bare, out, NULL,
                           NULL, &complete, err);
    }
    return ch_fail(err, CH_E_UNSUPPORTED, "archive: no profile \"%.*s\"", CH_STR_ARG(job->profile));
}
