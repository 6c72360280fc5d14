#include "scanner/unpack/stream.h"

#define MAGIC(literal) {(literal), sizeof(literal) - 1}

static const struct {
    enum ch_stream_format format;
    const char *name;
    struct ch_str magic;
} formats[] = {
    {CH_STREAM_NONE, "none", {NULL, 0}},
    {CH_STREAM_GZIP, "gzip", MAGIC("\x1f\x8b")},
    {CH_STREAM_BZIP2, "bzip2", MAGIC("BZh")},
    {CH_STREAM_XZ, "xz", MAGIC("\xfd\x37zXZ\0")},
    {CH_STREAM_ZSTD, "zstd", MAGIC("\x28\xb5\x2f\xfd")},
};

enum ch_stream_format ch_stream_detect(struct ch_str head)
{
    for (size_t i = 1; i < CH_ARRAY_LEN(formats); i++) {
        if (ch_str_starts(head, formats[i].magic)) {
            return formats[i].format;
        }
    }
    return CH_STREAM_NONE;
}

const char *ch_stream_name(enum ch_stream_format format)
{
    return (size_t)format < CH_ARRAY_LEN(formats) ? formats[format].name : "unknown";
}
