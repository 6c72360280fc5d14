/* The strict ZIP reader: the first of the two opinions about an archive.
 *
 * It accepts only archives that every reader understands alike: local headers, data and central
 * directory tile the file from byte 0 to its end, say the same, and nothing is left over. What
 * deviates is a finding (finding.h, "zip-..."); reading goes on while the structure still holds, so
 * that one answer names several faults. Members come in archive order, by the offset of their local
 * header; libarchive's seekable reader uses the same order, so the two lists compare directly.
 *
 * Spec: PKWARE APPNOTE 6.3.10; the rules are those of scanning.md 2.2. Nothing is extracted. */
#ifndef CH_SCANNER_ZIP_H
#define CH_SCANNER_ZIP_H

#include "customhouse/inspector.h"

/* What differs between kinds of archives; everything else is refused in all of them. */
struct ch_zip_profile {
    const char *name;
    bool deflate;           /* method 8 beside 0 */
    bool descriptor;        /* sizes after the data (bit 3): verified, and a note */
    bool stored_descriptor; /* ... after stored data too, whose end a streaming reader must guess */
};
extern const struct ch_zip_profile ch_zip_profile_wheel;
extern const struct ch_zip_profile ch_zip_profile_sdist;
extern const struct ch_zip_profile ch_zip_profile_conda; /* the outer archive of a .conda: stored */
extern const struct ch_zip_profile ch_zip_profile_bare; /* `inspect --profile zip` */

struct ch_zip_member {
    struct ch_str name; /* as stored; borrowed from the input */
    enum ch_member_type type;
    uint64_t header_at; /* offset of the local header */
    uint64_t data_at;   /* offset of the packed data; 0 until the local header was read */
    uint64_t packed_bytes;
    uint64_t size_bytes; /* as stated; verified by ch_zip_verify */
    uint32_t crc32;
    uint16_t method;
    uint16_t flags;
    bool readable;           /* its content may be read: bounds, method and size are in order */
    bool verified;           /* ch_zip_verify found size and checksum as stated */
    struct ch_str link;      /* symlink target once verified; borrowed from the archive object */
    struct ch_sha256 sha256; /* of the content, once verified; zero for folders */
};

struct ch_zip;

/* Reads the structure of the mapped archive and writes a finding per broken rule to `out`. Fails
 * only where nothing can be said at all (CH_E_LIMIT: the answer is full); an unreadable archive is
 * a finding, and *ret then has few or no members. Free with ch_zip_free. The input and `out` must
 * outlive it. */
enum ch_code ch_zip_open(const struct ch_input *in, const struct ch_zip_profile *profile,
                         struct ch_scan_writer *out, struct ch_zip **ret,
                         struct ch_err *err) CH_MUST_CHECK;
void ch_zip_free(struct ch_zip *z); /* accepts NULL */

/* False when the structure was lost: the members are not all there is. */
bool ch_zip_complete(const struct ch_zip *z);
size_t ch_zip_count(const struct ch_zip *z);
const struct ch_zip_member *ch_zip_at(const struct ch_zip *z, size_t i); /* archive order */

/* Called once per member during ch_zip_verify, after its content was verified. `content` is all of it,
 * or, of packed members larger than member_whole_bytes, its first CH_ZIP_HEAD_BYTES; borrowed for the
 * call. */
enum { CH_ZIP_HEAD_BYTES = 1 << 20 };
typedef void ch_zip_seen_fn(void *arg, const struct ch_zip_member *m, struct ch_str content);

/* Reads every member once: inflates, compares size and checksum, hashes, writes its MEMBER record
 * and findings, calls `seen` (may be NULL). Members up to member_whole_bytes go through one buffer
 * of that size at most, larger ones through a fixed window. */
void ch_zip_verify(struct ch_zip *z, ch_zip_seen_fn *seen, void *arg);

/* The content of a verified member, whole, into `ret` (initialised by the caller, whose maximum is
 * the limit). CH_E_LIMIT when larger, CH_E_FORMAT when it cannot be read. */
enum ch_code ch_zip_read(struct ch_zip *z, size_t i, struct ch_buf *ret,
                         struct ch_err *err) CH_MUST_CHECK;

/* The same before ch_zip_verify, of a member that may be read: what it is was not compared with its checksum yet. */
enum ch_code ch_zip_read_ahead(struct ch_zip *z, size_t i, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;

/* The content of a member piece by piece; `chunk` may be called any number of times. */
typedef void ch_zip_chunk_fn(void *arg, const void *ptr, size_t len);
enum ch_code ch_zip_each_chunk(struct ch_zip *z, size_t i, ch_zip_chunk_fn *chunk, void *arg,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
