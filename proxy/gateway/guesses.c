/* How many wrong tokens one client may try: a bucket for each IPv4 address, and each /64 of IPv6,
 * as connections are counted. Those that failed longest ago are forgotten first. */
#include "gateway_int.h"

#include <arpa/inet.h>
#include <stdlib.h>

struct bucket {
    struct ch_lru_node node;
    char key[GW_GUESS_KEY];
    uint64_t taken;
    uint64_t at_ms; /* when the first of them comes back is counted from here */
};

static void drop(void *owner, struct ch_lru_node *node)
{
    (void)owner;
    free(CH_CONTAINER_OF(node, struct bucket, node));
}

void gw_guesses_init(struct gw *gw)
{
    ch_lru_init(&gw->guesses, ch_limits.gateway_guess_clients, drop, gw);
}

/* Eight bytes and their length: an IPv6 network, or an address as it is. */
static size_t make_key(struct ch_str peer, char key[GW_GUESS_KEY])
{
    struct in6_addr v6;
    char text[INET6_ADDRSTRLEN];
    size_t len = peer.len < sizeof(text) - 1 ? peer.len : sizeof(text) - 1;
    for (size_t i = 0; i < len; i++) {
        text[i] = peer.ptr[i];
    }
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        for (size_t i = 0; i < 8; i++) {
            key[i] = (char)v6.s6_addr[i];
        }
        return 8;
    }
    for (size_t i = 0; i < len && i < GW_GUESS_KEY; i++) {
        key[i] = text[i];
    }
    return len < GW_GUESS_KEY ? len : GW_GUESS_KEY;
}

static void give_what_time_gave(struct bucket *b, uint64_t now_ms)
{
    uint64_t back = (now_ms - b->at_ms) / ch_limits.gateway_guess_ms;
    b->at_ms += back * ch_limits.gateway_guess_ms;
    b->taken = b->taken > back ? b->taken - back : 0;
}

bool gw_guess_take(struct gw *gw, struct gw_guess *ret, struct ch_str peer)
{
    uint64_t now_ms = ch_loop_now_ms(gw->loop);
    *ret = (struct gw_guess){0};
    ret->len = make_key(peer, ret->key);
    struct ch_lru_node *node = ch_lru_find(&gw->guesses, (struct ch_str){ret->key, ret->len});
    struct bucket *b;
    if (node != NULL) {
        b = CH_CONTAINER_OF(node, struct bucket, node);
        give_what_time_gave(b, now_ms);
    } else {
        b = ch_calloc(1, sizeof(*b));
        b->at_ms = now_ms;
        for (size_t i = 0; i < ret->len; i++) {
            b->key[i] = ret->key[i];
        }
        ch_lru_add(&gw->guesses, &b->node, (struct ch_str){b->key, ret->len}, 1);
    }
    if (b->taken >= ch_limits.gateway_guess_burst) {
        return false;
    }
    b->taken++;
    ret->taken = true;
    return true;
}

void gw_guess_give_back(struct gw *gw, struct gw_guess *guess)
{
    if (!guess->taken) {
        return;
    }
    guess->taken = false;
    struct ch_lru_node *node = ch_lru_find(&gw->guesses, (struct ch_str){guess->key, guess->len});
    struct bucket *b = node != NULL ? CH_CONTAINER_OF(node, struct bucket, node) : NULL;
    if (b != NULL && b->taken > 0) {
        b->taken--;
    }
}
