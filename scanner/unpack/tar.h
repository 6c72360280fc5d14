/* The strict TAR reader: accepts only archives that every reader understands alike. What deviates is a
 * finding (finding.h, "tar-..."). Nothing is extracted.
 *
 * Spec: POSIX.1-2017 pax (ustar and extended headers), GNU tar's L and K. Rules: scanning.md 2.2. */
#ifndef CH_SCANNER_TAR_H
#define CH_SCANNER_TAR_H

#include "scanner/unpack/stream.h"

/* What differs between kinds of archives; everything else is refused in all of them. */
struct ch_tar_profile {
    const char *name;
    bool links;       /* symbolic and hard links whose target stays inside the archive */
    bool gnu_names;   /* L and K headers */
    bool devices;     /* types 3, 4, 6 (layers) */
    bool xattr_nul;   /* NUL in values of SCHILY.xattr.* and LIBARCHIVE.xattr.* (layers) */
};
extern const struct ch_tar_profile ch_tar_profile_sdist;
extern const struct ch_tar_profile ch_tar_profile_bare; /* `inspect --profile tar` */

struct ch_tar_member {
    struct ch_str path; /* as stored, after pax and GNU headers; borrowed for the call */
    enum ch_member_type type;
    struct ch_str link; /* target, else absent */
    uint32_t mode;
    uint64_t size_bytes;
    struct ch_sha256 sha256; /* of the content; zero for anything but a file */
    struct ch_str bytes;     /* the content; its beginning when larger than member_whole_bytes */
};
/* Called once per member in archive order, after its MEMBER record was written. */
typedef void ch_tar_seen_fn(void *arg, const struct ch_tar_member *m);

/* Reads the whole archive through its compression. Fails only where nothing can be said at all
 * (CH_E_LIMIT: the answer is full). *ret_complete: the structure held to the end, so the members seen
 * are all there are. `seen` may be NULL. */
enum ch_code ch_tar_walk(const struct ch_input *in, enum ch_stream_format format,
                         const struct ch_tar_profile *profile, struct ch_scan_writer *out,
                         ch_tar_seen_fn *seen, void *arg, bool *ret_complete,
                         struct ch_err *err) CH_MUST_CHECK;

#endif
