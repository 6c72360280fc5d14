/* How many wrong tokens one client may try: a bucket for each IPv4 address, and each /64 of IPv6,
 * as connections are counted. Those that failed longest ago are forgotten first. Bounds:
 * gateway_guess_* of limits.h. */
#ifndef CH_FRONT_GUESSES_H
#define CH_FRONT_GUESSES_H

#include "customhouse/loop.h"
#include "proxy/cache/lru.h"

#define FRONT_GUESS_KEY 16

struct front_guesses {
    struct ch_loop *loop; /* its clock */
    struct ch_lru clients;
};

/* What a client's failure will have cost it. */
struct front_guess {
    bool taken;
    char key[FRONT_GUESS_KEY];
    size_t len;
};

void front_guesses_init(struct front_guesses *g, struct ch_loop *loop);
void front_guesses_done(struct front_guesses *g);

/* One that is paid for before it is known to be wrong. False: no more for now. */
bool front_guess_take(struct front_guesses *g, struct front_guess *ret, struct ch_str peer);
void front_guess_give_back(struct front_guesses *g,
                           struct front_guess *guess); /* it was not wrong; idempotent */

/* The same for who asks first and pays afterwards: what was tried at the same time is paid too, so
 * it only has to wait longer. */
bool front_guess_may(struct front_guesses *g, struct ch_str peer);
void front_guess_wrong(struct front_guesses *g, struct ch_str peer);

#endif
