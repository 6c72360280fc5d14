/* Tokens that were wrong, and those that were good. Whether one counts is decided in the keeper
 * each time; this only keeps whoever guesses from asking it without end. */
#include "admin_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

struct good_token {
    struct ch_lru_node node; /* the key is the digest */
    struct ch_sha256 digest;
};

static struct ch_str key_of(const struct ch_sha256 *digest)
{
    return (struct ch_str){(const char *)digest->byte, sizeof(digest->byte)};
}

static void drop(void *owner, struct ch_lru_node *node)
{
    (void)owner;
    free(CH_CONTAINER_OF(node, struct good_token, node));
}

void admin_tokens_init(struct admin *a)
{
    front_guesses_init(&a->guesses, a->front.loop);
    front_failures_init(&a->failures, a->front.loop, &a->front.keeper);
    ch_lru_init(&a->good, ch_limits.admin_tokens, drop, a);
}

void admin_tokens_done(struct admin *a)
{
    front_guesses_done(&a->guesses);
    front_failures_done(&a->failures);
    ch_lru_done(&a->good);
}

bool admin_token_may(struct admin *a, const struct ch_sha256 *token, struct ch_str peer)
{
    return ch_lru_find(&a->good, key_of(token)) != NULL || front_guess_may(&a->guesses, peer);
}

void admin_token_wrong(struct admin *a, const struct ch_sha256 *token, struct ch_str peer)
{
    struct ch_lru_node *node = ch_lru_find(&a->good, key_of(token));
    if (node != NULL) { /* it has ended; the next time it is a guess as any other */
        ch_lru_remove(&a->good, node);
        drop(a, node);
    } else {
        front_guess_wrong(&a->guesses, peer);
    }
}

void admin_sign_in_failed(struct admin *a, const struct ch_http_request *r,
                          enum ch_sign_in_fault fault, const struct ch_sha256 *token)
{
    const struct ch_http_view *v = ch_http_view(r);
    front_failures_add(&a->failures, fault, token, v->peer, v->path);
}

void admin_token_good(struct admin *a, const struct ch_sha256 *token)
{
    if (ch_lru_find(&a->good, key_of(token)) == NULL) {
        struct good_token *t = ch_calloc(1, sizeof(*t));
        t->digest = *token;
        ch_lru_add(&a->good, &t->node, key_of(&t->digest), 1);
    }
}
