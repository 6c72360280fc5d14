/* T14: what one client, and all together, may cause upstream. A token bucket per client address and one
 * for everybody, charged only when an ask makes us fetch a page that we have not. */
#include "keeper_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

struct bucket {
    uint64_t milli_tokens;
    uint64_t at_ms;
};

static bool take(struct bucket *b, uint64_t now_ms, uint64_t per_s, uint64_t burst)
{
    uint64_t gained = (now_ms - b->at_ms) * per_s; /* tokens per second are thousandths per ms */
    b->milli_tokens = b->milli_tokens + gained > burst * 1000 ? burst * 1000
                                                              : b->milli_tokens + gained;
    b->at_ms = now_ms;
    if (b->milli_tokens < 1000) {
        return false;
    }
    b->milli_tokens -= 1000;
    return true;
}

static struct bucket *bucket_of(struct keeper *k, struct ch_str address, uint64_t now_ms)
{
    struct bucket *b = ch_map_get(k->budgets, address);
    if (b == NULL) {
        if (ch_map_count(k->budgets) >= ch_limits.budget_clients) {
            budgets_free(k); /* everybody starts anew: the common bucket still bounds them */
            k->budgets = ch_map_new();
        }
        b = ch_calloc(1, sizeof(*b));
        *b = (struct bucket){(address.len > 0 ? ch_limits.cold_burst : ch_limits.cold_all_burst) * 1000,
                             now_ms};
        ch_map_set(k->budgets, address, b);
    }
    return b;
}

bool budget_take(struct keeper *k, struct ch_str address)
{
    static const struct ch_str everybody = {"", 0};
    uint64_t now = ch_loop_now_ms(k->child.loop);
    if (k->budgets == NULL) {
        k->budgets = ch_map_new();
    }
    struct bucket *one = bucket_of(k, address, now);
    if (!take(one, now, ch_limits.cold_per_s, ch_limits.cold_burst)) {
        return false;
    }
    return take(bucket_of(k, everybody, now), now, ch_limits.cold_all_per_s,
                ch_limits.cold_all_burst);
}

/* They share the map with the other budgets, under names that no address has. */
bool budget_take_request(struct keeper *k, struct ch_str address)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    struct ch_buf name;
    if (k->budgets == NULL) {
        k->budgets = ch_map_new();
    }
    ch_buf_init(&name, 16 + ch_limits.client_text_bytes);
    ch_buf_puts(&name, CH_STR("exceptions "));
    ch_buf_puts(&name, address);
    struct bucket *b = ch_map_get(k->budgets, ch_buf_str(&name));
    if (b == NULL) {
        b = bucket_of(k, ch_buf_str(&name), now);
        b->milli_tokens = ch_limits.exception_asks_burst * 1000;
    }
    ch_buf_done(&name);
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

void budgets_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->budgets != NULL && ch_map_next(k->budgets, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->budgets);
    k->budgets = NULL;
}
