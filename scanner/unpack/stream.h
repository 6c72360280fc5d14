/* Compressed streams, read strictly: gzip, bzip2, xz, zstd, or none. A pull reader over mapped bytes.
 *
 * Refused: trailing bytes, a second frame or member after the first unless the format's own tool
 * reads it as one stream and every reader agrees, dictionaries, windows beyond limits.h, a stated
 * size that is not the real one, a checksum that does not match.
 * Spec: RFC 1952, RFC 8878, the xz file format 1.2, bzip2. Rules: scanning.md 2.2. */
#ifndef CH_SCANNER_STREAM_H
#define CH_SCANNER_STREAM_H

#include "customhouse/inspector.h"

enum ch_stream_format {
    CH_STREAM_NONE = 0, /* stored: the bytes themselves */
    CH_STREAM_GZIP,
    CH_STREAM_BZIP2,
    CH_STREAM_XZ,
    CH_STREAM_ZSTD,
};
/* By the first bytes; CH_STREAM_NONE when it is none of them. */
enum ch_stream_format ch_stream_detect(struct ch_str head);
const char *ch_stream_name(enum ch_stream_format format); /* "gzip" */

struct ch_stream;
struct ch_stream *ch_stream_new(enum ch_stream_format format, struct ch_str packed);
void ch_stream_free(struct ch_stream *s); /* accepts NULL */
/* Fills `ptr` with up to `len` bytes. *ret_len 0: the end, and everything was as it must be.
 * CH_E_FORMAT: broken, or one of the rules above (*ret_code says which finding); CH_E_LIMIT: expands
 * beyond archive_unpacked_bytes or archive_ratio. */
enum ch_code ch_stream_read(struct ch_stream *s, void *ptr, size_t len, size_t *ret_len,
                            enum ch_finding_code *ret_code, struct ch_err *err) CH_MUST_CHECK;

#endif
