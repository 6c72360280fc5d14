/* Inside the second opinion: archives that lie in the artifact, for the rules. */
#ifndef CH_SCANNER_SECOND_INT_H
#define CH_SCANNER_SECOND_INT_H

#include "customhouse/scan.h"
#include "scanner/rules/rules.h"
#include "scanner/unpack/stream.h"

enum { INSIDE_HEAD_BYTES = 512 };
enum inside_format {
    INSIDE_UNKNOWN = 0, /* not enough of it was seen */
    INSIDE_NONE,
    INSIDE_ZIP,
    INSIDE_TAR,
    INSIDE_GZIP,
    INSIDE_BZIP2,
    INSIDE_XZ,
    INSIDE_LZMA,
    INSIDE_ZSTD,
};
enum inside_format inside_format(struct ch_str head); /* by its first INSIDE_HEAD_BYTES, or all */

/* Of one artifact. */
struct inside {
    struct ch_rules_scan *rules;
    struct ch_scan_writer *out;
    unsigned depth;
    uint64_t members_max;
    uint64_t members;
    bool over; /* there are more: said once */
    uint64_t unpacked_bytes;
    uint64_t tests_bytes; /* of these out of archives that lie among tests: half of what may be */
};
void inside_init(struct inside *n, struct ch_rules_scan *rules, struct ch_scan_writer *out);

/* A member, piece by piece: kept whole (member_whole_bytes) only while it may be an archive. */
struct inside_member {
    enum inside_format format;
    struct ch_buf bytes; /* none when the format is INSIDE_NONE */
};
void inside_begin(struct inside_member *m);
void inside_add(struct inside_member *m, struct ch_str bytes);
/* The rules have seen the member itself: now its members, "PATH!NAME". Ends `m`. */
void inside_end(struct inside *n, struct inside_member *m, struct ch_str path);
void inside_drop(struct inside_member *m); /* instead of inside_end */

#endif
