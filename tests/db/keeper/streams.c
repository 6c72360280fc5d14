#include "streams.h"

#include <sys/mman.h>
#include <unistd.h>

void stream_open(struct stream *s)
{
    *s = (struct stream){.fd = memfd_create("stream", MFD_CLOEXEC)};
    CH_ASSERT(s->fd >= 0);
    s->writer = ch_scan_writer_new(s->fd, 4u << 20);
    ch_buf_init(&s->bytes, 4u << 20);
}

void stream_end(struct stream *s, const struct ch_sha256 *input, uint64_t input_bytes)
{
    struct ch_err err;
    CH_ASSERT(ch_scan_write_end(s->writer, input, input_bytes, &err) == CH_OK);
    for (;;) {
        char *at = ch_buf_reserve(&s->bytes, 4096);
        ssize_t n = pread(s->fd, at, 4096, (off_t)s->bytes.len);
        CH_ASSERT(n >= 0);
        if (n == 0) {
            return;
        }
        s->bytes.len += (size_t)n;
    }
}

void stream_done(struct stream *s)
{
    ch_scan_writer_free(s->writer);
    ch_buf_done(&s->bytes);
    close(s->fd);
}
