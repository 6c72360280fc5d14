/* How many exceptions one address may ask for: whoever may ask need not be known (T14). */
#include "keeper_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

struct bucket {
    uint64_t milli_tokens;
    uint64_t at_ms;
};

static struct bucket *bucket_of(struct keeper *k, struct ch_str address, uint64_t now_ms)
{
    if (k->request_budgets == NULL) {
        k->request_budgets = ch_map_new();
    }
    struct bucket *b = ch_map_get(k->request_budgets, address);
    if (b != NULL) {
        return b;
    }
    if (ch_map_count(k->request_budgets) >= ch_limits.budget_clients) {
        request_budgets_free(k); /* everybody starts anew: what may be open at once is bounded too */
        k->request_budgets = ch_map_new();
    }
    b = ch_calloc(1, sizeof(*b));
    *b = (struct bucket){ch_limits.exception_asks_burst * 1000, now_ms};
    ch_map_set(k->request_budgets, address, b);
    return b;
}

bool budget_take_request(struct keeper *k, struct ch_str address)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    struct bucket *b = bucket_of(k, address, now);
    uint64_t gained = (now - b->at_ms) * 1000 / ch_limits.exception_asks_ms;
    if (gained > 0) { /* less than a thousandth is not lost */
        b->at_ms = now;
        b->milli_tokens += gained;
    }
    if (b->milli_tokens > ch_limits.exception_asks_burst * 1000) {
        b->milli_tokens = ch_limits.exception_asks_burst * 1000;
    }
    if (b->milli_tokens < 1000) {
        return false;
    }
    b->milli_tokens -= 1000;
    return true;
}

void request_budgets_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->request_budgets != NULL && ch_map_next(k->request_budgets, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->request_budgets);
    k->request_budgets = NULL;
}
