/* The strict TAR reader: accepts only archives that every reader understands alike. What deviates is a
 * finding (finding.h, "tar-..."); reading goes on while the structure still holds, and stops where
 * readers would go different ways. Nothing is extracted.
 *
 * Memory: a member up to member_whole_bytes, names up to archive_names_bytes, one extended header; it
 * does not grow with the archive.
 *
 * Spec: POSIX.1-2017 pax (ustar and extended headers), GNU tar's L and K. Rules: scanning.md 2.2. */
#ifndef CH_SCANNER_TAR_H
#define CH_SCANNER_TAR_H

#include "scanner/unpack/stream.h"

/* What differs between kinds of archives; everything else is refused in all of them. */
struct ch_tar_profile {
    const char *name;
    bool links;      /* symbolic and hard links whose target stays inside the archive */
    bool one_folder; /* ... inside the first folder of their path: installers strip that */
    bool gnu_names;  /* L and K headers */
    bool devices;    /* types 3, 4, 6 (layers) */
    bool stale_text; /* bytes behind the NUL that ends a name or link: of the member before, whose header
                        a writer used again */
    bool dot_names;  /* names that begin with "./", and "./" itself */
    bool xattr_nul;  /* NUL in values of SCHILY.xattr.* and LIBARCHIVE.xattr.* (layers) */
    bool layer;      /* names, links, deletions and entries of one path as container runtimes take them
                        (tar_layer.c), and as many as an image has */
};
extern const struct ch_tar_profile ch_tar_profile_sdist;
extern const struct ch_tar_profile ch_tar_profile_conda; /* links stay inside the environment's prefix */
extern const struct ch_tar_profile ch_tar_profile_bare; /* `inspect --profile tar` */
extern const struct ch_tar_profile ch_tar_profile_layer;

struct ch_tar_member {
    uint64_t number;    /* which entry it is, from 1 */
    struct ch_str path; /* as stored, after pax and GNU headers; borrowed for the call */
    struct ch_str name; /* of a layer: where it lies, without "/" and "./" before it; else as `path` */
    enum ch_member_type type; /* OTHER: a hard link (`link` is there) or a device */
    struct ch_str link;       /* target of a symbolic or hard link, else absent */
    uint32_t mode;
    bool capability; /* a file that has capabilities (SCHILY.xattr.security.capability) */
    uint64_t size_bytes;
    struct ch_sha256 sha256; /* of the content; zero for anything but a file */
    struct ch_str bytes;     /* the content; of one larger than member_whole_bytes that does not lie in
                                memory anyway, its first CH_TAR_HEAD_BYTES. Borrowed for the call */
};
enum { CH_TAR_HEAD_BYTES = 1 << 20 };
/* Called once per member in archive order, after its MEMBER record was written. */
typedef void ch_tar_seen_fn(void *arg, const struct ch_tar_member *m);

/* Reads the whole archive through its compression, writes MEMBER records and findings. Fails only
 * where nothing can be said at all (CH_E_LIMIT: the answer is full). *ret_complete: the structure held
 * to the end, so the members seen are all there are. `seen` may be NULL. */
enum ch_code ch_tar_walk(const struct ch_input *in, enum ch_stream_format format,
                         const struct ch_tar_profile *profile, struct ch_scan_writer *out,
                         ch_tar_seen_fn *seen, void *arg, bool *ret_complete,
                         struct ch_err *err) CH_MUST_CHECK;

/* Whether some reader may take the first block for a header: its checksum is right, as a sum of
 * unsigned bytes or of signed ones. */
bool ch_tar_may_begin(struct ch_str bytes);

/* The same of an image's layer. *ret_unpacked: of all bytes that come out of the compression, which is
 * its diff ID (OCI image 1.1, "Layer DiffID"), where it is complete. */
enum ch_code ch_tar_walk_layer(const struct ch_input *in, enum ch_stream_format format,
                               struct ch_scan_writer *out, ch_tar_seen_fn *seen, void *arg,
                               struct ch_sha256 *ret_unpacked, bool *ret_complete,
                               struct ch_err *err) CH_MUST_CHECK;
/* Once more through a layer that was walked: nothing is hashed, written or reported again. */
enum ch_code ch_tar_walk_layer_again(const struct ch_input *in, enum ch_stream_format format,
                                     ch_tar_seen_fn *seen, void *arg,
                                     struct ch_err *err) CH_MUST_CHECK;

#endif
