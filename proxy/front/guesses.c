#include "guesses.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "customhouse/limits.h"

struct bucket {
    struct ch_lru_node node;
    char key[FRONT_GUESS_KEY];
    uint64_t taken;
    uint64_t at_ms; /* when the first of them comes back is counted from here */
};

static void drop(void *owner, struct ch_lru_node *node)
{
    (void)owner;
    free(CH_CONTAINER_OF(node, struct bucket, node));
}

void front_guesses_init(struct front_guesses *g, struct ch_loop *loop)
{
    g->loop = loop;
    ch_lru_init(&g->clients, ch_limits.gateway_guess_clients, drop, g);
}

void front_guesses_done(struct front_guesses *g)
{
    ch_lru_done(&g->clients);
}

/* Eight bytes and their length: an IPv6 network, or an address as it is. */
static size_t make_key(struct ch_str peer, char key[FRONT_GUESS_KEY])
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
    for (size_t i = 0; i < len && i < FRONT_GUESS_KEY; i++) {
        key[i] = text[i];
    }
    return len < FRONT_GUESS_KEY ? len : FRONT_GUESS_KEY;
}

static void give_what_time_gave(struct bucket *b, uint64_t now_ms)
{
    uint64_t back = (now_ms - b->at_ms) / ch_limits.gateway_guess_ms;
    b->at_ms += back * ch_limits.gateway_guess_ms;
    b->taken = b->taken > back ? b->taken - back : 0;
}

static struct bucket *find(struct front_guesses *g, struct ch_str key)
{
    struct ch_lru_node *node = ch_lru_find(&g->clients, key);
    return node != NULL ? CH_CONTAINER_OF(node, struct bucket, node) : NULL;
}

/* Of the client whose key is in `guess`, as of now. */
static struct bucket *find_or_add(struct front_guesses *g, const struct front_guess *guess)
{
    uint64_t now_ms = ch_loop_now_ms(g->loop);
    struct bucket *b = find(g, (struct ch_str){guess->key, guess->len});
    if (b != NULL) {
        give_what_time_gave(b, now_ms);
        return b;
    }
    b = ch_calloc(1, sizeof(*b));
    b->at_ms = now_ms;
    for (size_t i = 0; i < guess->len; i++) {
        b->key[i] = guess->key[i];
    }
    ch_lru_add(&g->clients, &b->node, (struct ch_str){b->key, guess->len}, 1);
    return b;
}

bool front_guess_take(struct front_guesses *g, struct front_guess *ret, struct ch_str peer)
{
    *ret = (struct front_guess){0};
    ret->len = make_key(peer, ret->key);
    struct bucket *b = find_or_add(g, ret);
    if (b->taken >= ch_limits.gateway_guess_burst) {
        return false;
    }
    b->taken++;
    ret->taken = true;
    return true;
}

void front_guess_give_back(struct front_guesses *g, struct front_guess *guess)
{
    if (!guess->taken) {
        return;
    }
    guess->taken = false;
    struct bucket *b = find(g, (struct ch_str){guess->key, guess->len});
    if (b != NULL && b->taken > 0) {
        b->taken--;
    }
}

bool front_guess_may(struct front_guesses *g, struct ch_str peer)
{
    struct front_guess of = {0};
    of.len = make_key(peer, of.key);
    struct bucket *b = find(g, (struct ch_str){of.key, of.len});
    if (b == NULL) {
        return true;
    }
    give_what_time_gave(b, ch_loop_now_ms(g->loop));
    return b->taken < ch_limits.gateway_guess_burst;
}

void front_guess_wrong(struct front_guesses *g, struct ch_str peer)
{
    struct front_guess of = {0};
    of.len = make_key(peer, of.key);
    find_or_add(g, &of)->taken++;
}
