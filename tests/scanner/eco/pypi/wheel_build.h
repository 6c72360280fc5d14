/* Builds wheels for tests: an honest foo_bar 1.0 by default, with what a row changes. */
#ifndef CH_TEST_WHEEL_BUILD_H
#define CH_TEST_WHEEL_BUILD_H

#include "customhouse/scan.h"
#include "zip_build.h"

enum { WHEEL_FILES_MAX = 4 };

/* Zeroed fields mean "as it should be". */
struct wheel_spec {
    const char *file_name; /* foo_bar-1.0-py3-none-any.whl */
    const char *project;   /* expected by the job; absent */
    const char *version;   /* expected by the job; absent */
    const char *dist_info; /* foo_bar-1.0.dist-info */
    const char *metadata_name;
    const char *metadata_version;
    const char *metadata_more; /* header lines added to METADATA */
    const char *wheel_version;
    const char *purelib; /* true */
    const char *tags; /* what follows Root-Is-Purelib in WHEEL */
    const char *entry_points;
    const char *without;     /* a file of dist-info left out */
    const char *hash;        /* sha256; "" for none */
    struct ch_str more_name; /* one more member, listed in RECORD */
    struct ch_str more;
    struct {
        const char *name;
        const char *text;
    } files[WHEEL_FILES_MAX]; /* more members, listed */
    bool more_unlisted;
    bool more_last; /* behind `files` */
    bool extra_folder;
    bool signatures; /* RECORD.jws, listed without hash */
    bool record_crlf;
    bool record_twice;
    bool wrong_hash;
    bool wrong_size;
    bool padded;             /* base64 padding after the hashes */
    const char *record_more; /* lines added */
    struct zb_end end;
};

struct ch_scan_job wheel_job(const struct wheel_spec *s);
void wheel_build(struct zb *b, const struct wheel_spec *s);

#endif
