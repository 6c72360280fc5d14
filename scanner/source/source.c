#include "scanner/source/source.h"

#include <stdlib.h>

struct ch_source {
    struct ch_scan_writer *out;
};

struct ch_source *ch_source_new(struct ch_scan_writer *out)
{
    struct ch_source *s = ch_calloc(1, sizeof(*s));
    s->out = out;
    return s;
}

void ch_source_free(struct ch_source *s)
{
    free(s);
}

void ch_source_see(struct ch_source *s CH_UNUSED, struct ch_str path CH_UNUSED,
                   enum ch_code_place place CH_UNUSED, struct ch_str bytes CH_UNUSED)
{
}

void ch_source_end(struct ch_source *s CH_UNUSED) {}
