/* Upstreams that take connections and do not answer. Each name that is new here would wait for one until
 * patience ends: after some have in a row, it is known, and answers are fast. One probe at a time, in the
 * background, finds out when it is back. */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define IN_A_ROW         3
#define PROBE_TIMEOUT_MS 8000
#define PROBE_EVERY_MS   5000
#define WANTED_MS        60000 /* probed as long as somebody asked for it within this time */

struct hanging {
    struct keeper *k;
    char *upstream;
    unsigned in_a_row;
    char *url; /* what was asked for last */
    uint64_t asked_ms;
    struct ch_timer timer;
    uint64_t fetch; /* 0: no probe is under way */
    int fd;
};

static struct hanging *find(const struct keeper *k, const struct ch_upstream *u)
{
    return ch_map_get(k->hanging, ch_str_of(u->name));
}

static void free_hanging(struct hanging *h)
{
    if (h->fetch != 0) {
        jobs_cancel_fetch(h->k, h->fetch);
        close(h->fd);
    }
    ch_loop_cancel_timer(h->k->child.loop, &h->timer);
    free(h->upstream);
    free(h->url);
    free(h);
}

void upstream_answered(struct keeper *k, const struct ch_upstream *u)
{
    struct hanging *h = find(k, u);
    if (h == NULL) {
        return;
    }
    if (h->in_a_row >= IN_A_ROW) {
        keeper_log("upstream", "name=%s hangs=0", h->upstream);
    }
    ch_map_remove(k->hanging, ch_str_of(u->name));
    free_hanging(h);
}

static void on_probed(void *ctx, const struct ch_fetched *answer)
{
    struct hanging *h = ctx;
    struct keeper *k = h->k;
    uint64_t now = ch_loop_now_ms(k->child.loop);
    close(h->fd);
    h->fetch = 0;
    if (answer->code != CH_E_TIMEOUT) { /* a fast error is an answer, too */
        ch_map_remove(k->hanging, ch_str_of(h->upstream));
        keeper_log("upstream", "name=%s hangs=0", h->upstream);
        free_hanging(h);
    } else if (now - h->asked_ms < WANTED_MS) {
        ch_loop_set_timer(k->child.loop, &h->timer, now + PROBE_EVERY_MS);
    }
}

static void probe(struct hanging *h)
{
    struct ch_err err;
    if (h->fetch != 0 || jobs_memfd("probe", &h->fd, &err) != CH_OK) {
        return;
    }
    struct ch_fetch f = {
        .kind = CH_FETCH_DOCUMENT,
        .upstream = ch_str_of(h->upstream),
        .url = ch_str_of(h->url),
        .accept = CH_STR("*/*"),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = ch_limits.page_bytes,
        .expected_bytes = CH_SIZE_UNKNOWN,
        .timeout_ms = PROBE_TIMEOUT_MS,
    };
    h->fetch = jobs_fetch(h->k, &f, h->fd, on_probed, h);
}

static void on_timer(struct ch_timer *t)
{
    probe(CH_CONTAINER_OF(t, struct hanging, timer));
}

void upstream_hung(struct keeper *k, const struct ch_upstream *u)
{
    struct hanging *h = find(k, u);
    if (h == NULL) {
        h = ch_calloc(1, sizeof(*h));
        h->k = k;
        h->upstream = ch_str_dup(ch_str_of(u->name));
        h->timer.fn = on_timer;
        ch_map_set(k->hanging, ch_str_of(u->name), h);
    }
    if (++h->in_a_row == IN_A_ROW) {
        keeper_log("upstream", "name=%s hangs=1", h->upstream);
    }
}

bool upstream_hangs(struct keeper *k, const struct ch_upstream *u, struct ch_str url)
{
    struct hanging *h = find(k, u);
    if (h == NULL || h->in_a_row < IN_A_ROW) {
        return false;
    }
    if (h->fetch == 0) {
        free(h->url);
        h->url = ch_str_dup(url);
    }
    h->asked_ms = ch_loop_now_ms(k->child.loop);
    if (h->fetch == 0 && h->timer.heap_index_plus_1 == 0) {
        probe(h);
    }
    return true;
}

void hanging_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->hanging != NULL && ch_map_next(k->hanging, &cursor, NULL, &value)) {
        free_hanging(value);
    }
    ch_map_free(k->hanging);
    k->hanging = NULL;
}
