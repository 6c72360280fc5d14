/* Upstreams that take connections and do not answer. Each name that is new here would wait for one
 * until patience ends. But names can be slow by themselves, and anybody may ask for such: so when
 * nothing at all was answered for a while, pages that did come before are asked for again, as
 * witnesses. Only when none of these is answered does the upstream hang: then who asks for a name
 * that is not known is told at once. The witnesses are asked again, now and then, and any answer to
 * anybody is the end of it.
 *
 * Where no page has ever come there is no witness: then several names in a row, and after them the
 * one that was asked for last. */
#include "keeper_int.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define IN_A_ROW         3
#define WITNESSES        3
#define SUSPECT_MS       3000  /* after asking for a name that is not known */
#define PROBE_BYTES      65536 /* more is an answer, too: the fetch ends with an error */
#define PROBE_TIMEOUT_MS 8000
#define PROBE_EVERY_MS   5000
#define WANTED_MS        60000 /* probed as long as somebody asked for it within this time */
#define DAWDLERS         16

struct hanging {
    struct keeper *k;
    char *upstream;
    unsigned in_a_row; /* pages that did not come, since something did */
    char *last_url;    /* of a page that is not known */
    bool hangs;
    struct witness {
        struct hanging *of;
        char *url;      /* NULL: none yet */
        uint64_t fetch; /* 0: it is not asked for now */
        int fd;
    } witness[WITNESSES + 1]; /* the last one's place is last_url's */
    size_t next;              /* of the witnesses, the one that another takes the place of */
    size_t probes;            /* under way */
    uint64_t asked_ms;
    struct ch_timer timer; /* for the next probes */
    uint64_t answered_ms;  /* 0: not since the timer was set */
    size_t dawdlers;
};

static void on_timer(struct ch_timer *t);

static struct hanging *find(const struct keeper *k, struct ch_str upstream)
{
    return ch_map_get(k->hanging, upstream);
}

static struct hanging *find_or_add(struct keeper *k, const struct ch_upstream *u)
{
    struct hanging *h = find(k, ch_str_of(u->name));
    if (h == NULL) {
        h = ch_calloc(1, sizeof(*h));
        h->k = k;
        h->upstream = ch_str_dup(ch_str_of(u->name));
        h->timer.fn = on_timer;
        for (size_t i = 0; i <= WITNESSES; i++) {
            h->witness[i].of = h;
        }
        ch_map_set(k->hanging, ch_str_of(u->name), h);
    }
    return h;
}

static void end_probes(struct hanging *h)
{
    for (size_t i = 0; i <= WITNESSES; i++) {
        struct witness *w = &h->witness[i];
        if (w->fetch != 0) {
            jobs_cancel_fetch(h->k, w->fetch);
            close(w->fd);
            w->fetch = 0;
        }
    }
    h->probes = 0;
    ch_loop_cancel_timer(h->k->child.loop, &h->timer);
}

static void set_hangs(struct hanging *h, bool hangs)
{
    if (h->hangs != hangs) {
        h->hangs = hangs;
        keeper_log("upstream", "name=%s hangs=%d", h->upstream, hangs);
    }
}

static void probe_after(struct hanging *h, uint64_t ms)
{
    if (h->probes == 0 && h->timer.heap_index_plus_1 == 0) {
        h->answered_ms = 0;
        ch_loop_set_timer(h->k->child.loop, &h->timer, ch_loop_now_ms(h->k->child.loop) + ms);
    }
}

static void answered(struct hanging *h)
{
    h->in_a_row = 0;
    end_probes(h);
    set_hangs(h, false);
}

/* Remembers a page that came. */
static void add_witness(struct hanging *h, struct ch_str url)
{
    for (size_t i = 0; i < WITNESSES; i++) {
        if (h->witness[i].url != NULL && ch_str_eq(ch_str_of(h->witness[i].url), url)) {
            return;
        }
    }
    struct witness *w = &h->witness[h->next++ % WITNESSES];
    free(w->url);
    w->url = ch_str_dup(url);
}

void upstream_answered(struct keeper *k, const struct ch_upstream *u, struct ch_str page_url)
{
    struct hanging *h = find_or_add(k, u);
    /* Unlike a witness's, this may be a late answer to an old ask: it puts off the next look, for
     * those who still wait for other names, and does not cancel it. */
    h->in_a_row = 0;
    if (h->hangs || h->probes > 0) {
        answered(h);
        probe_after(h, SUSPECT_MS);
    }
    h->answered_ms = ch_loop_now_ms(k->child.loop);
    if (page_url.len > 0) {
        add_witness(h, page_url);
    }
}

void upstream_knew(struct keeper *k, const struct ch_upstream *u, struct ch_str page_url)
{
    struct hanging *h = find_or_add(k, u);
    if (h->next < WITNESSES && h->probes == 0) {
        add_witness(h, page_url);
    }
}

/* Not one byte has come. */
static bool is_silence(const struct ch_fetched *answer)
{
    return answer->code == CH_E_TIMEOUT && answer->bytes == 0;
}

static void on_probed(void *ctx, const struct ch_fetched *answer)
{
    struct witness *w = ctx;
    struct hanging *h = w->of;
    uint64_t now = ch_loop_now_ms(h->k->child.loop);
    close(w->fd);
    w->fetch = 0;
    h->probes--;
    if (!is_silence(answer)) { /* a fast error is an answer, too */
        answered(h);
    } else if (h->probes == 0) {
        if (!h->hangs) {
            h->asked_ms = now;
            set_hangs(h, true);
            pages_wait_no_more(h->k, ch_str_of(h->upstream));
        }
        if (now - h->asked_ms < WANTED_MS) {
            ch_loop_set_timer(h->k->child.loop, &h->timer, now + PROBE_EVERY_MS);
        }
    }
}

static void ask_witness(struct hanging *h, struct witness *w, const char *url)
{
    struct ch_err err;
    if (jobs_memfd("probe", &w->fd, &err) != CH_OK) {
        return;
    }
    struct ch_fetch f = {
        .kind = CH_FETCH_DOCUMENT,
        .upstream = ch_str_of(h->upstream),
        .url = ch_str_of(url),
        .accept = CH_STR("*/*"),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = PROBE_BYTES,
        .expected_bytes = CH_SIZE_UNKNOWN,
        .timeout_ms = PROBE_TIMEOUT_MS,
    };
    w->fetch = jobs_fetch(h->k, &f, w->fd, on_probed, w);
    h->probes++;
}

static void probe(struct hanging *h)
{
    for (size_t i = 0; i < WITNESSES; i++) {
        if (h->witness[i].url != NULL) {
            ask_witness(h, &h->witness[i], h->witness[i].url);
        }
    }
    if (h->next == 0 && h->in_a_row >= IN_A_ROW && h->last_url != NULL) {
        ask_witness(h, &h->witness[WITNESSES], h->last_url);
    }
}

static void on_timer(struct ch_timer *t)
{
    struct hanging *h = CH_CONTAINER_OF(t, struct hanging, timer);
    uint64_t now = ch_loop_now_ms(h->k->child.loop);
    if (h->hangs || h->answered_ms == 0 || h->in_a_row >= IN_A_ROW) {
        probe(h);
        return;
    }
    uint64_t since = pages_awaited_since_ms(h->k, ch_str_of(h->upstream));
    if (since > 0) {
        since = since > h->answered_ms ? since : h->answered_ms;
        probe_after(h, since + SUSPECT_MS > now ? since + SUSPECT_MS - now : 0);
    }
}

void upstream_asked(struct keeper *k, const struct ch_upstream *u)
{
    probe_after(find_or_add(k, u), SUSPECT_MS);
}

void upstream_hung(struct keeper *k, const struct ch_upstream *u)
{
    struct hanging *h = find_or_add(k, u);
    if (++h->in_a_row >= IN_A_ROW && !h->hangs) {
        probe_after(h, 0);
    }
}

bool upstream_hangs(struct keeper *k, const struct ch_upstream *u, struct ch_str url)
{
    struct hanging *h = find_or_add(k, u);
    if (url.len > 0) {
        free(h->last_url);
        h->last_url = ch_str_dup(url);
    }
    if (h->hangs) {
        h->asked_ms = ch_loop_now_ms(k->child.loop);
        probe_after(h, 0);
    }
    return h->hangs;
}

bool upstream_may_dawdle(struct keeper *k, const struct ch_upstream *u)
{
    struct hanging *h = find_or_add(k, u);
    if (h->dawdlers >= DAWDLERS) {
        return false;
    }
    h->dawdlers++;
    return true;
}

void upstream_dawdled(struct keeper *k, struct ch_str upstream)
{
    struct hanging *h = find(k, upstream);
    CH_ASSERT(h != NULL && h->dawdlers > 0);
    h->dawdlers--;
}

void hanging_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->hanging != NULL && ch_map_next(k->hanging, &cursor, NULL, &value)) {
        struct hanging *h = value;
        end_probes(h);
        for (size_t i = 0; i <= WITNESSES; i++) {
            free(h->witness[i].url);
        }
        free(h->last_url);
        free(h->upstream);
        free(h);
    }
    ch_map_free(k->hanging);
    k->hanging = NULL;
}
