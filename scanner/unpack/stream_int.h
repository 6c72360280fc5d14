/* Inside the stream readers: what they share, and what each format brings. */
#ifndef CH_SCANNER_STREAM_INT_H
#define CH_SCANNER_STREAM_INT_H

#include "scanner/unpack/stream.h"

struct stream_ops {
    enum ch_stream_format format;
    const char *name;
    struct ch_str magic;
    /* False: failed (stream_fail was called). */
    bool (*open)(struct ch_stream *s);
    /* Writes up to `len` bytes, says how many (0 is not the end), sets s->ended once the stream is
     * over and stream_end passed. False: failed. */
    bool (*read)(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len);
    void (*close)(struct ch_stream *s);
};
extern const struct stream_ops stream_gzip;
extern const struct stream_ops stream_bzip2;
extern const struct stream_ops stream_xz;
extern const struct stream_ops stream_zstd;
extern const struct stream_ops stream_lzma;
/* Its header has no magic: what it says has to be what writers of such files say. */
bool stream_lzma_is(struct ch_str head);

struct ch_stream {
    const struct stream_ops *ops;
    struct ch_str in;
    size_t at;     /* consumed of `in` */
    uint64_t made; /* unpacked so far */
    bool opened;
    bool lenient;
    bool ended;
    void *state;    /* the format's */
    uint8_t *ahead; /* unpacked, and not yet read: libraries are slow with small pieces */
    size_t ahead_at;
    size_t ahead_len;
    uint8_t *whole;            /* unpacked in one go */
    enum ch_finding_code code; /* of the failure, CH_F_NONE while there is none */
    struct ch_err err;
};

/* Keeps the failure; always false, to be returned. */
bool stream_fail(struct ch_stream *s, enum ch_finding_code code, const char *fmt, ...)
    CH_PRINTF(3, 4);

/* What is left to feed, in pieces that every library's counters hold. */
struct ch_str stream_feed(const struct ch_stream *s);

/* The stream ended at s->at: nothing may follow. */
bool stream_end(struct ch_stream *s);

/* gzip only: unpacks in one go if the stated size allows it. False: it did not work, or something
 * is wrong that the other way will name. */
bool stream_gzip_whole(struct ch_stream *s, struct ch_str *ret);

#endif
