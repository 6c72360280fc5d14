/* A house whose keeper has things to send, and the other end of its channel to egress. */
#ifndef EGRESS_HOUSE_H
#define EGRESS_HOUSE_H

#include "house.h"

#define EGRESS_HOUSE                                                                               \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "anonymous_pull: true\n"                                                                       \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"   \
    "repositories:\n"                                                                              \
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"

#define SENT_MAX 64

/* The other end of the keeper's channel to egress. */
struct away {
    struct house *h;
    struct ch_channel *ch;
    struct sent {
        uint64_t job;
        enum ch_destination_kind kind;
        char *id, *subject, *body;
    } sent[SENT_MAX];
    size_t count;
};

void connect_away(struct away *a, struct house *h);
void disconnect_away(struct away *a);
void away_done(struct away *a);
/* What the i-th one came to. */
void answer(struct away *a, size_t i, enum ch_code code, uint32_t status);

/* Setup of a group of tests: what failed is tried again at once. */
int quick(void **state);

#endif
