/* Compressed streams, read strictly: gzip, bzip2, xz, zstd, or none. A pull reader over mapped bytes,
 * whose memory does not grow with them.
 *
 * Refused (finding.h, "stream-..." and "gzip-..."): trailing bytes; a second stream, member or frame
 * after the first, since some readers take only one; skippable frames; dictionaries, and windows
 * beyond limits.h; a stated size that is not the real one; a checksum that does not match; gzip
 * header fields that readers treat differently; expansion beyond limits.h.
 * Spec: RFC 1952, RFC 8878, the xz file format 1.1, lzma-file-format.txt of XZ Utils, bzip2. Rules: scanning.md 2.2. */
#ifndef CH_SCANNER_STREAM_H
#define CH_SCANNER_STREAM_H

#include "customhouse/inspector.h"

enum ch_stream_format {
    CH_STREAM_NONE = 0, /* stored: the bytes themselves */
    CH_STREAM_GZIP,
    CH_STREAM_BZIP2,
    CH_STREAM_XZ,
    CH_STREAM_ZSTD,
    CH_STREAM_LZMA, /* ".lzma", without magic: only of what lies inside an artifact */
};
/* By the first bytes; CH_STREAM_NONE when it is none of them. */
enum ch_stream_format ch_stream_detect(struct ch_str head);
/* What follows the frames that zstd passes over (RFC 8878, 3.1.2; lz4 has the same); all of it
 * where it does not begin with one. */
struct ch_str ch_stream_skip_frames(struct ch_str s);
const char *ch_stream_name(enum ch_stream_format format); /* "gzip" */

struct ch_stream;
/* `packed` is borrowed until ch_stream_free. */
struct ch_stream *ch_stream_new(enum ch_stream_format format, struct ch_str packed);
void ch_stream_free(struct ch_stream *s); /* accepts NULL */
/* Of what lies inside an artifact: extra fields of gzip's header, which indexes of blocks are kept
 * in, are passed over. Before the first read. */
void ch_stream_lenient(struct ch_stream *s);
/* Bytes of `packed` that were used: where what follows the stream begins, after
 * CH_F_STREAM_MEMBERS, CH_F_STREAM_TRAILING or CH_F_STREAM_SKIPPABLE. */
size_t ch_stream_used(const struct ch_stream *s);

/* Fills `ptr` with up to `len` bytes (len > 0). *ret_len 0: the end, and everything was as it must
 * be. CH_E_FORMAT: broken, or one of the rules above (*ret_code says which finding, `err` the
 * evidence); CH_E_LIMIT: expands beyond archive_unpacked_bytes (CH_F_LIMIT) or archive_ratio
 * (CH_F_STREAM_BOMB). A failure stays: what was read before it, and the *ret_len bytes that came
 * with it, are not to be trusted. */
enum ch_code ch_stream_read(struct ch_stream *s, void *ptr, size_t len, size_t *ret_len,
                            enum ch_finding_code *ret_code, struct ch_err *err) CH_MUST_CHECK;

/* All unpacked bytes at once where they lie in memory anyway: stored, or gzip of at most
 * member_whole_bytes, then verified to its end. Absent otherwise: read piece by piece. Borrowed until
 * ch_stream_free. Only before the first ch_stream_read. */
struct ch_str ch_stream_whole(struct ch_stream *s);

#endif
