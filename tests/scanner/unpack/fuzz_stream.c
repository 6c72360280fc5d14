/* Streams of any bytes; the first one chooses the format, and how many are read at once. Beyond not
 * crashing: what the strict reader takes, the second one's library unpacks to the same bytes; and
 * the two ways to read gzip agree. */
#include <stdio.h>
#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>

#include "customhouse/limits.h"
#include "scanner/unpack/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FORMATS = 5, UNPACKED_MAX = 1 << 22 };

static bool read_strict(enum ch_stream_format format, struct ch_str packed, size_t piece,
                        struct ch_buf *ret)
{
    struct ch_stream *s = ch_stream_new(format, packed);
    struct ch_err err;
    enum ch_finding_code code;
    size_t got = 1;
    enum ch_code rc = CH_OK;
    char *room = ch_alloc(piece);
    while (rc == CH_OK && got > 0) {
        rc = ch_stream_read(s, room, piece, &got, &code, &err);
        if (rc == CH_OK) {
            ch_buf_put(ret, room, got);
        }
    }
    CH_ASSERT(rc == CH_OK || ch_finding_row((uint32_t)code) != NULL);
    free(room);
    ch_stream_free(s);
    return rc == CH_OK;
}

static void check_whole(enum ch_stream_format format, struct ch_str packed, bool ok,
                        struct ch_str content)
{
    struct ch_stream *s = ch_stream_new(format, packed);
    struct ch_str whole = ch_stream_whole(s);
    CH_ASSERT(whole.ptr == NULL || (ok && ch_str_eq(whole, content)));
    CH_ASSERT(!ok || format != CH_STREAM_GZIP || whole.ptr != NULL ||
              content.len > ch_limits.member_whole_bytes);
    ch_stream_free(s);
}

static void check_second(struct ch_str packed, struct ch_str content)
{
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    char *room = ch_alloc(content.len + 1);
    CH_ASSERT(archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
              archive_read_support_filter_bzip2(a) == ARCHIVE_OK &&
              archive_read_support_filter_xz(a) == ARCHIVE_OK &&
              archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
              archive_read_support_format_raw(a) == ARCHIVE_OK);
    if (archive_read_open_memory(a, packed.ptr, packed.len) == ARCHIVE_OK &&
        archive_read_next_header(a, &e) == ARCHIVE_OK) {
        la_ssize_t n = archive_read_data(a, room, content.len + 1);
        if (n < 0 || !ch_str_eq((struct ch_str){room, (size_t)n}, content)) {
            fprintf(stderr, "taken, but the second reader has %lld bytes instead of %zu: %s\n",
                    (long long)n, content.len, archive_error_string(a));
            abort();
        }
    }
    archive_read_free(a);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 13, 512, 70000};
    struct ch_buf out;
    if (size == 0) {
        return 0;
    }
    enum ch_stream_format format = (enum ch_stream_format)(data[0] % FORMATS);
    size_t piece = pieces[data[0] / FORMATS % CH_ARRAY_LEN(pieces)];
    struct ch_str packed = {(const char *)data + 1, size - 1};
    ch_limits.archive_unpacked_bytes = UNPACKED_MAX;
    ch_limits.member_whole_bytes = 1 << 16;
    ch_limits.stream_window_bytes = 1 << 22;
    ch_buf_init(&out, 2 * UNPACKED_MAX);
    bool ok = read_strict(format, packed, piece, &out);
    check_whole(format, packed, ok, ch_buf_str(&out));
    /* Of its own format only: what is stored may be anything to libarchive, and what is empty it
     * does not show. */
    if (ok && format != CH_STREAM_NONE && out.len > 0) {
        check_second(packed, ch_buf_str(&out));
    }
    ch_buf_done(&out);
    return 0;
}
