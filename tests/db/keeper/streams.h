/* Scan streams made for tests: what a jail would have written. */
#ifndef STREAMS_H
#define STREAMS_H

#include "customhouse/scan.h"

struct stream {
    int fd;
    struct ch_scan_writer *writer;
    struct ch_buf bytes;
};

void stream_open(struct stream *s);
/* Ends it as read from `input`; `bytes` then holds the whole. */
void stream_end(struct stream *s, const struct ch_sha256 *input, uint64_t input_bytes);
void stream_done(struct stream *s);

#endif
