#include "scanner/content/content.h"

#include <stdlib.h>

struct ch_content {
    struct ch_content_options options;
};

struct ch_content *ch_content_new(const struct ch_content_options *options)
{
    struct ch_content *c = ch_calloc(1, sizeof(*c));
    c->options = *options;
    return c;
}

void ch_content_free(struct ch_content *c)
{
    free(c);
}

void ch_content_see(struct ch_content *c CH_UNUSED, const struct ch_content_member *m CH_UNUSED) {}

void ch_content_end(struct ch_content *c CH_UNUSED) {}
