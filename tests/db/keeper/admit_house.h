/* The other end of admission's channel: what a cluster asks, and what it is answered. */
#ifndef ADMIT_HOUSE_H
#define ADMIT_HOUSE_H

#include "house.h"

struct admitting {
    struct house *h;
    struct ch_channel *channel;
    struct ch_buf payload; /* of the last answer */
    struct ch_images answer;
    bool here;
    const char *name_space; /* of the asks to come; NULL: they are only questions */
};

void admit_begin(struct admitting *a, struct house *h);
void admit_end(struct admitting *a); /* before the house */
/* Asks about one image, in production and for linux/amd64 where the others are NULL. */
const struct ch_image_verdict *admit_ask(struct admitting *a, const char *image,
                                         const char *environment, const char *platform);

#endif
