/* Texts that source of the artifact only asks other texts for (scanner/source/imports.h). They name
 * nothing, until some file of the artifact says itself what asking does: then they name what any
 * text names. */
#ifndef CH_CONTENT_REACH_ASKED_H
#define CH_CONTENT_REACH_ASKED_H

#include "customhouse/bytes.h"

struct asked {
    struct ch_str folder; /* of the source that asks, with its slash */
    struct ch_str text;
    unsigned how;
    bool by_method; /* else by `in` */
    char *own;      /* both texts */
};

struct reach_asked {
    struct asked *list;
    size_t count;
    size_t cap;
    unsigned own; /* CH_ASKS_* of any file */
};

void reach_asked_done(struct reach_asked *a);
/* Keeps it for later, in copies. False: it names something at once. */
bool reach_asked_keep(struct reach_asked *a, const struct asked *one);
/* What a source says itself. Whether that is new: then reach_asked_take gives what was kept for it.
 */
bool reach_asked_own(struct reach_asked *a, struct ch_str bytes);
/* The next one that names something after all; `own` is the caller's then, to free. False: none. */
bool reach_asked_take(struct reach_asked *a, struct asked *ret);

#endif
