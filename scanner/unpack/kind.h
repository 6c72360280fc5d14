/* What kind of archive a job is about, for both opinions alike: told by the job's profile and by the
 * bytes, never by the file's name, since findings are kept by profile and digest (threats.md T6). */
#ifndef CH_SCANNER_KIND_H
#define CH_SCANNER_KIND_H

#include "scanner/unpack/stream.h"

enum ch_archive_format {
    CH_ARCHIVE_ZIP = 0,
    CH_ARCHIVE_TAR,
    CH_ARCHIVE_ZIP_OF_TARS, /* the ZIP's members, then those of each TAR archive in it, in their order */
};

struct ch_archive_kind {
    enum ch_archive_format format;
    enum ch_stream_format packing; /* of a TAR archive, or of those in a ZIP archive */
    struct ch_str tar_ending;      /* what members of the latter end in: ".tar.zst" */
    struct ch_str platform;        /* tag in the name of a wheel; absent for all else. Borrowed from the job */
    bool layer;                    /* of an image: as many members as those have */
};

/* Profile "tar": TAR. Profile "sdist": ZIP when the bytes begin as a ZIP archive does, else TAR. Any
 * other: ZIP. What a TAR archive is packed with its first bytes say. */
struct ch_archive_kind ch_archive_kind_of(const struct ch_scan_job *job, const struct ch_input *in);

/* Profiles "zip" and "tar": the archive by itself, whatever it is for, judged by its reader alone. Writes
 * MEMBER records and findings. CH_E_UNSUPPORTED: another profile. */
enum ch_code ch_archive_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
