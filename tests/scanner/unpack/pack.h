/* Packs bytes for tests, in each format that streams are read in. */
#ifndef CH_TEST_PACK_H
#define CH_TEST_PACK_H

#include "scanner/unpack/stream.h"

/* Appends one complete stream, with all checksums and sizes that the format can have. */
void pack(struct ch_buf *out, enum ch_stream_format format, struct ch_str content);
/* Appends a gzip stream with these flags and header fields behind the first ten bytes. */
void pack_gzip(struct ch_buf *out, uint8_t flags, struct ch_str fields, struct ch_str content);
/* Appends a zstd frame with a window of 2^log bytes and, perhaps, the content's size. */
void pack_zstd(struct ch_buf *out, int window_log, bool sized, struct ch_str content);

#endif
