/* Upstreams that are down: that take connections and send nothing or next to nothing, that refuse
 * or break them, answer errors, or ask not to be asked for a while (Retry-After).
 *
 *             one page does not come, or fails             no witness is answered
 *      UP ----------------------------------> probing ----------------------------> DOWN
 *       ^                                        |                                   |
 *       +------- any answer to anybody ----------+---- every PROBE_EVERY_MS, or when -+
 *                                                      the time it asked for is over
 *
 * Each name that is new here would wait for such an upstream until patience ends, each known one
 * until its own ends. But names can be slow or fail by themselves, and anybody may ask for such: so
 * what happens to one name only makes us ask for pages that did come before, as witnesses. Only
 * when none of these is answered is the upstream down: then who asks for a name that is not known
 * is told at once, and known pages are answered from what is known. The witnesses are asked again,
 * now and then, and any answer to anybody is the end of it. A Retry-After is not answered by three
 * more questions but by one, and once that had none either, by none at all until its time is over.
 *
 * Where no page has ever come there is no witness: then several names in a row, and after them the
 * one that was asked for last. */
#include "hanging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define IN_A_ROW         3
#define WITNESSES        3
#define SUSPECT_MS       3000 /* after asking for a name that is not known; between two suspicions */
#define PROBE_BYTES      65536 /* more is an answer, too: the fetch ends with an error */
#define PROBE_TIMEOUT_MS 8000
#define PROBE_EVERY_MS   5000
#define PROBE_RETRY_MS   1 /* never: it is asked whether it answers, not whether it might */
#define DAWDLERS         16

struct hanging {
    struct keeper *k;
    char *upstream;
    unsigned in_a_row; /* pages that did not come, since something did */
    char *last_url;    /* of a page that is not known */
    bool down;
    char cause[120];
    bool cause_is_failure;  /* which says more than silence */
    bool timed;             /* it has said when to ask again */
    bool gently;            /* it asks for fewer questions: one witness, and not all */
    uint64_t rest_until_ms; /* nothing is asked before; as it said, within bounds */
    bool suspected;         /* by more than the silence of one name */
    uint64_t up_ms;         /* a witness was answered last */
    struct witness {
        struct hanging *of;
        char *url;      /* NULL: none yet */
        uint64_t fetch; /* 0: it is not asked for now */
        int fd;
    } witness[WITNESSES + 1]; /* the last one's place is last_url's */
    size_t next;              /* of the witnesses, the one that another takes the place of */
    size_t turn;              /* the one that is asked alone */
    size_t probes;            /* under way */
    bool unsure;              /* one of these came to nothing, for reasons of ours */
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

/* "https://host:port/" of it. */
static struct ch_str origin_of(struct ch_str url)
{
    size_t slashes = 0;
    for (size_t i = 0; i < url.len; i++) {
        slashes += url.ptr[i] == '/';
        if (slashes == 3) {
            return ch_str_sub(url, 0, i + 1);
        }
    }
    return url;
}

/* Whether the URL is of the server that its pages come from. */
static bool is_of(const struct ch_upstream *u, struct ch_str url)
{
    return ch_str_eq_nocase(origin_of(url), origin_of(ch_str_of(u->url)));
}

static uint64_t now_of(const struct hanging *h)
{
    return ch_loop_now_ms(h->k->child.loop);
}

/* ------------------------------------------------------------------ what an answer says of it */

enum health { SAYS_NOTHING, ANSWERS, SILENT, FAILS };

static enum health health_of(const struct ch_fetched *a)
{
    bool ours = a->code == CH_E_IO || a->code == CH_E_FULL || a->code == CH_E_SYSTEM;
    if (a->effective_url.len == 0 || ours) { /* not asked at all: the fetcher has ended */
        return SAYS_NOTHING;
    }
    if (a->http_status == 508) {
        return ANSWERS; /* a loop; nothing is to be waited for, and each name is told so at once */
    }
    if (a->code == CH_OK) {
        return a->http_status == 429 || a->http_status >= 500 ? FAILS : ANSWERS;
    }
    if (a->code == CH_E_TIMEOUT) { /* a few bytes now and then are no answer */
        uint64_t least = ch_limits.fetch_low_speed_bytes * a->elapsed_ms / 1000;
        return a->bytes > 0 && a->bytes >= least ? ANSWERS : SILENT;
    }
    return a->code == CH_E_LIMIT ? ANSWERS : FAILS; /* the former sends more than was wanted */
}

uint64_t upstream_rest_ms(const struct ch_fetched *a)
{
    uint64_t ms = (uint64_t)a->retry_after_s * 1000;
    return ms < ch_limits.upstream_rest_ms ? ms : ch_limits.upstream_rest_ms;
}

uint32_t upstream_later_status(uint64_t rest_ms)
{
    return rest_ms > 0 && rest_ms <= ch_limits.upstream_told_ms ? 503 : 502;
}

/* Of a witness's answer, why it is down and for how long it asks to be left alone. */
static void note_cause(struct hanging *h, const struct ch_fetched *a, enum health health)
{
    uint64_t rest_ms = upstream_rest_ms(a);
    if (rest_ms > 0) {
        uint64_t until_ms = now_of(h) + rest_ms;
        h->rest_until_ms = until_ms > h->rest_until_ms ? until_ms : h->rest_until_ms;
        h->gently = true;
    }
    if (!h->cause_is_failure) {
        struct ch_str text = health == SILENT ? CH_STR("it sends nothing") : a->text;
        snprintf(h->cause, sizeof(h->cause), "%.*s", CH_STR_ARG(ch_str_sub(text, 0, 100)));
    }
    h->cause_is_failure = h->cause_is_failure || health == FAILS;
}

/* ------------------------------------------------------------------ probes */

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

static void set_down(struct hanging *h, bool down)
{
    if (h->down != down) {
        h->down = down;
        keeper_log("upstream", "name=%s down=%d cause=\"%s\"", h->upstream, down,
                   down ? h->cause : "");
    }
}

static void probe_after(struct hanging *h, uint64_t ms)
{
    if (h->probes > 0) {
        return;
    }
    bool is_set = h->timer.heap_index_plus_1 != 0;
    uint64_t at_ms = now_of(h) + ms;
    at_ms = at_ms > h->rest_until_ms ? at_ms : h->rest_until_ms;
    if (!is_set) {
        h->answered_ms = 0;
    }
    if (!is_set || at_ms < h->timer.at_ms) {
        ch_loop_set_timer(h->k->child.loop, &h->timer, at_ms);
    }
}

static void answered(struct hanging *h)
{
    h->in_a_row = 0;
    h->suspected = h->gently = false;
    h->rest_until_ms = 0;
    end_probes(h);
    set_down(h, false);
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

/* No witness was answered. */
static void go_down(struct hanging *h)
{
    h->timed = h->rest_until_ms > now_of(h);
    if (!h->down) {
        h->asked_ms = now_of(h);
        set_down(h, true);
        pages_wait_no_more(h->k, ch_str_of(h->upstream));
    }
}

static void on_probed(void *ctx, const struct ch_fetched *answer)
{
    struct witness *w = ctx;
    struct hanging *h = w->of;
    enum health health = health_of(answer);
    close(w->fd);
    w->fetch = 0;
    h->probes--;
    if (health == ANSWERS) {
        answered(h);
        h->up_ms = now_of(h);
        return;
    }
    if (health == SAYS_NOTHING) {
        h->unsure = true;
    } else {
        note_cause(h, answer, health);
    }
    if (h->probes > 0) {
        return;
    }
    if (!h->unsure) {
        go_down(h);
    }
    if (h->unsure || now_of(h) - h->asked_ms < ch_limits.upstream_wanted_ms) {
        uint64_t now = now_of(h);
        probe_after(h, h->rest_until_ms > now ? h->rest_until_ms - now : PROBE_EVERY_MS);
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
        .retry_ms = PROBE_RETRY_MS,
    };
    w->fetch = jobs_fetch(h->k, &f, w->fd, on_probed, w);
    h->probes++;
}

/* All witnesses; one alone of an upstream that asked for fewer questions. */
static void probe(struct hanging *h)
{
    size_t known = h->next < WITNESSES ? h->next : WITNESSES;
    size_t from = h->gently && known > 0 ? h->turn++ % known : 0;
    size_t to = h->gently && known > 0 ? from + 1 : known;
    h->unsure = h->suspected = h->gently = false;
    h->rest_until_ms = 0;
    h->cause_is_failure = false;
    for (size_t i = from; i < to; i++) {
        ask_witness(h, &h->witness[i], h->witness[i].url);
    }
    if (known == 0 && h->in_a_row >= IN_A_ROW && h->last_url != NULL) {
        ask_witness(h, &h->witness[WITNESSES], h->last_url);
    }
}

static void on_timer(struct ch_timer *t)
{
    struct hanging *h = CH_CONTAINER_OF(t, struct hanging, timer);
    uint64_t now = now_of(h);
    if (h->down && now - h->asked_ms >= ch_limits.upstream_wanted_ms) {
        return; /* who asks next finds out: see upstream_is_down */
    }
    if (h->down || h->suspected || h->answered_ms == 0 || h->in_a_row >= IN_A_ROW) {
        probe(h);
        return;
    }
    uint64_t since = pages_awaited_since_ms(h->k, ch_str_of(h->upstream));
    if (since > 0) {
        since = since > h->answered_ms ? since : h->answered_ms;
        probe_after(h, since + SUSPECT_MS > now ? since + SUSPECT_MS - now : 0);
    }
}

/* ------------------------------------------------------------------ what pages tell of it */

void upstream_suspected(struct keeper *k, const struct ch_upstream *u)
{
    if (u->hosted) {
        return; /* it is no server: what is waited for is a jail */
    }
    struct hanging *h = find_or_add(k, u);
    uint64_t now = now_of(h), again_ms = h->up_ms == 0 ? 0 : h->up_ms + SUSPECT_MS;
    if (!h->down && h->probes == 0) {
        h->suspected = true;
        probe_after(h, again_ms > now ? again_ms - now : 0);
    }
}

void upstream_heard(struct keeper *k, const struct ch_upstream *u, const struct ch_fetched *answer,
                    struct ch_str page_url)
{
    if (u->hosted) {
        return;
    }
    struct hanging *h = find_or_add(k, u);
    enum health health = health_of(answer);
    if (health == FAILS) {
        h->in_a_row++;
        h->gently = h->gently || answer->retry_after_s > 0;
        upstream_suspected(k, u);
    }
    if (health != ANSWERS) {
        return; /* of its silence, the end of patience has told */
    }
    /* Unlike a witness's, this may be a late answer to an old ask: it puts off the next look, for
     * those who still wait for other names, and does not cancel it. */
    h->in_a_row = 0;
    if (h->down || h->probes > 0) {
        answered(h);
        probe_after(h, SUSPECT_MS);
    }
    h->answered_ms = now_of(h);
    if (page_url.len > 0 && is_of(u, page_url)) { /* it may have been asked for before it moved */
        add_witness(h, page_url);
    }
}

void upstream_knew(struct keeper *k, const struct ch_upstream *u, struct ch_str page_url)
{
    if (u->hosted) {
        return;
    }
    struct hanging *h = find_or_add(k, u);
    if (h->next < WITNESSES && h->probes == 0) {
        add_witness(h, page_url);
    }
}

void upstream_asked(struct keeper *k, const struct ch_upstream *u)
{
    if (!u->hosted) {
        probe_after(find_or_add(k, u), SUSPECT_MS);
    }
}

void upstream_hung(struct keeper *k, const struct ch_upstream *u)
{
    if (u->hosted) {
        return; /* it is no server: what is waited for is a jail */
    }
    struct hanging *h = find_or_add(k, u);
    if (++h->in_a_row >= IN_A_ROW && !h->down) {
        probe_after(h, 0);
    }
}

/* What the former server did says nothing of this one, and its pages are no witnesses. */
static void forget(struct hanging *h)
{
    answered(h);
    for (size_t i = 0; i < WITNESSES; i++) {
        free(h->witness[i].url);
        h->witness[i].url = NULL;
    }
    free(h->last_url);
    h->last_url = NULL;
    h->next = 0;
    h->up_ms = h->answered_ms = 0;
}

void upstreams_configured(struct keeper *k, const struct ch_config *old)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->hanging, &cursor, NULL, &value)) {
        struct hanging *h = value;
        const struct ch_upstream *was = ch_config_upstream(old, ch_str_of(h->upstream));
        const struct ch_upstream *is = ch_config_upstream(k->config, ch_str_of(h->upstream));
        if (was == NULL || is == NULL || !is_of(is, ch_str_of(was->url))) {
            forget(h);
        }
    }
}

/* ------------------------------------------------------------------ who wants something of it */

bool upstream_is_down(struct keeper *k, const struct ch_upstream *u, struct ch_str url)
{
    struct hanging *h = find_or_add(k, u);
    if (url.len > 0) {
        free(h->last_url);
        h->last_url = ch_str_dup(url);
    }
    if (!h->down) {
        return false;
    }
    uint64_t now = now_of(h);
    h->asked_ms = now;
    if (h->probes == 0 && h->timer.heap_index_plus_1 == 0) {
        /* Nobody wanted anything of it for a while, and what was found out then is no more than a
         * suspicion now: who asks is not refused on it. */
        set_down(h, false);
        h->suspected = true;
        probe_after(h, 0);
    }
    return h->down;
}

uint64_t upstream_rests_ms(const struct keeper *k, const struct ch_upstream *u, struct ch_str url)
{
    const struct hanging *h = find(k, ch_str_of(u->name));
    uint64_t now = ch_loop_now_ms(k->child.loop);
    bool rests = h != NULL && h->down && h->rest_until_ms > now;
    return rests && is_of(u, url) ? h->rest_until_ms - now : 0;
}

uint32_t upstream_down_text(struct keeper *k, const struct ch_upstream *u, char *text, size_t size,
                            uint32_t *ret_retry_after_s)
{
    struct hanging *h = find_or_add(k, u);
    uint64_t now = now_of(h);
    uint64_t at_ms = h->probes == 0 && h->timer.heap_index_plus_1 != 0 ? h->timer.at_ms : now;
    uint32_t in_s = (uint32_t)(at_ms > now ? (at_ms - now + 999) / 1000 : 1);
    *ret_retry_after_s = in_s;
    snprintf(text, size, "the upstream %.60s does not answer at the moment (%.80s), %s in %u s",
             h->upstream, h->cause, h->timed ? "and wants to be asked again" : "it is asked again",
             in_s);
    return h->timed && upstream_later_status((uint64_t)in_s * 1000) == 503 ? 503 : 504;
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
