#include "budget.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/keeper_int.h"

#define LOOK_MS 200  /* tokens come by themselves */
#define TOOK_MS 2000 /* what is under way, before any of it has ended */

struct queued {
    struct queued *next;
    struct waiter *w;
    struct account *client;
    struct account *upstream;
    enum budget_kind kind;
    uint64_t about;
    bool moved; /* it needs no budget any more */
};

struct budget {
    struct keeper *k;
    struct ch_map *accounts; /* "upstream\0client", "upstream\0" */
    struct queued *first;
    struct queued **end;
    size_t waiting;
    uint64_t grants;
    bool granting; /* an ask out of the queue starts: it does not queue behind the others */
    struct ch_timer timer;
};

/* ------------------------------------------------------------------ accounts */

struct rate {
    uint64_t per_minute;
    uint64_t burst;
    uint64_t at_once;
};

static struct rate rate_of(const struct keeper *k, const struct account *a, enum budget_kind kind)
{
    const struct ch_limits *l = &ch_limits;
    if (kind != BUDGET_FILE) {
        return a->is_client
                   ? (struct rate){l->cold_per_s * 60, l->cold_burst, l->cold_parallel}
                   : (struct rate){l->cold_all_per_s * 60, l->cold_all_burst, l->cold_all_parallel};
    }
    return a->is_client ? (struct rate){k->config->fetch_files_per_minute,
                                        k->config->fetch_files_burst, l->cold_files_asked}
                        : (struct rate){l->cold_all_files_per_s * 60, l->cold_all_files_burst,
                                        l->cold_all_files_asked};
}

static void refill(struct bucket *b, uint64_t now_ms, const struct rate *rate)
{
    uint64_t gained =
        (now_ms - b->at_ms) * rate->per_minute / 60; /* a minute has 60 times 1000 ms */
    if (gained == 0) {
        return; /* the time counts on */
    }
    b->milli_tokens += gained;
    if (b->milli_tokens > rate->burst * 1000) {
        b->milli_tokens = rate->burst * 1000;
    }
    b->at_ms = now_ms;
}

static bool can(const struct keeper *k, struct account *a, enum budget_kind kind)
{
    struct rate rate = rate_of(k, a, kind);
    refill(&a->bucket[kind], ch_loop_now_ms(k->child.loop), &rate);
    return a->bucket[kind].milli_tokens >= 1000 && a->under_way[kind] < rate.at_once;
}

static size_t all_waiting(const struct account *a)
{
    size_t n = 0;
    for (int kind = 0; kind < BUDGET_KINDS; kind++) {
        n += a->waiting[kind];
    }
    return n;
}

static bool is_idle(const struct account *a)
{
    size_t n = all_waiting(a) + a->running + a->hanging + (a->coming_bytes > 0);
    for (int kind = 0; kind < BUDGET_KINDS; kind++) {
        n += a->under_way[kind];
    }
    return n == 0;
}

static bool is_full(const struct keeper *k, struct account *a)
{
    for (int kind = 0; kind < BUDGET_KINDS; kind++) {
        struct rate rate = rate_of(k, a, (enum budget_kind)kind);
        refill(&a->bucket[kind], ch_loop_now_ms(k->child.loop), &rate);
        if (a->bucket[kind].milli_tokens < rate.burst * 1000) {
            return false;
        }
    }
    return true;
}

/* Those that owe nothing go first. Where that is not enough, clients get their bursts anew: what
 * all of them may cause at an upstream still bounds them. */
static void forget_idle(struct budget *b, bool only_full)
{
    size_t cursor = 0;
    struct ch_str key;
    void *value;
    while (ch_map_next(b->accounts, &cursor, &key, &value)) {
        struct account *a = value;
        if (a->is_client && is_idle(a) && (!only_full || is_full(b->k, a))) {
            ch_map_remove(b->accounts, key);
            free(a);
        }
    }
}

static void on_timer(struct ch_timer *t);

static struct budget *budget_of(struct keeper *k)
{
    if (k->budget == NULL) {
        struct budget *b = ch_calloc(1, sizeof(*b));
        b->k = k;
        b->accounts = ch_map_new();
        b->end = &b->first;
        b->timer.fn = on_timer;
        k->budget = b;
    }
    return k->budget;
}

static struct account *find_or_add(struct budget *b, struct ch_str key, bool is_client)
{
    struct account *a = ch_map_get(b->accounts, key);
    if (a == NULL) {
        a = ch_calloc(1, sizeof(*a));
        a->is_client = is_client;
        for (int kind = 0; kind < BUDGET_KINDS; kind++) {
            a->bucket[kind] = (struct bucket){rate_of(b->k, a, (enum budget_kind)kind).burst * 1000,
                                              ch_loop_now_ms(b->k->child.loop)};
        }
        ch_map_set(b->accounts, key, a);
    }
    return a;
}

struct account *budget_upstream(struct keeper *k, struct ch_str upstream)
{
    struct ch_buf key;
    ch_buf_init(&key, 1024);
    ch_buf_puts(&key, upstream);
    ch_buf_putc(&key, '\0');
    struct account *a = find_or_add(budget_of(k), ch_buf_str(&key), false);
    ch_buf_done(&key);
    return a;
}

/* Who signed in is the same client wherever it comes from. Of the others, who has a network of IPv6
 * addresses is one client. */
static void put_client(struct ch_buf *key, const struct ch_client *c)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr in6;
    if (c->principal.len > 0 && !ch_str_eq(c->principal, CH_STR("anonymous"))) {
        ch_buf_putc(key, 'p');
        ch_buf_puts(key, ch_str_sub(c->principal, 0, 512));
        return;
    }
    if (c->address.len > 0 && c->address.len < sizeof(text)) {
        snprintf(text, sizeof(text), "%.*s", CH_STR_ARG(c->address));
        if (inet_pton(AF_INET6, text, &in6) == 1 && !IN6_IS_ADDR_V4MAPPED(&in6)) {
            ch_buf_putc(key, '6');
            ch_buf_put(key, &in6, 8);
            return;
        }
    }
    ch_buf_putc(key, '=');
    ch_buf_puts(key, ch_str_sub(c->address, 0, 256));
}

struct account *budget_client(struct keeper *k, struct ch_str upstream,
                              const struct ch_client *client)
{
    struct budget *b = budget_of(k);
    struct ch_buf key;
    ch_buf_init(&key, 2048);
    ch_buf_puts(&key, upstream);
    ch_buf_putc(&key, '\0');
    put_client(&key, client);
    if (ch_map_get(b->accounts, ch_buf_str(&key)) == NULL &&
        ch_map_count(b->accounts) >= ch_limits.budget_clients) {
        forget_idle(b, true);
        if (ch_map_count(b->accounts) >= ch_limits.budget_clients) {
            forget_idle(b, false);
        }
        if (ch_map_count(b->accounts) >= ch_limits.budget_clients) { /* all of them are busy */
            ch_buf_clear(&key);
            ch_buf_puts(&key, upstream);
            ch_buf_puts(&key, (struct ch_str){"\0*", 2});
        }
    }
    struct account *a = find_or_add(b, ch_buf_str(&key), true);
    ch_buf_done(&key);
    return a;
}

/* Of those for whom there is budget, the one whose client was given something the longest ago. NULL
 * for `upstream`: of all. */
static struct queued *next_turn(struct budget *b, const struct account *upstream,
                                enum budget_kind kind)
{
    struct queued *best = NULL;
    for (struct queued *q = b->first; q != NULL; q = q->next) {
        if ((upstream == NULL || (q->upstream == upstream && q->kind == kind)) &&
            (best == NULL || q->client->granted < best->client->granted) &&
            can(b->k, q->client, q->kind) && can(b->k, q->upstream, q->kind)) {
            best = q;
        }
    }
    return best;
}

/* ------------------------------------------------------------------ charging */

static struct charge charge_of(struct keeper *k, struct account *client, struct account *upstream,
                               enum budget_kind kind)
{
    client->under_way[kind]++;
    if (upstream != NULL) {
        upstream->under_way[kind]++;
    }
    return (struct charge){client, upstream, kind, ch_loop_now_ms(k->child.loop)};
}

void budget_join(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, struct charge *ret)
{
    *ret = charge_of(k, budget_client(k, upstream, client), budget_upstream(k, upstream), kind);
}

bool budget_share(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                  const struct ch_client *client, struct charge *ret)
{
    struct account *c = budget_client(k, upstream, client);
    *ret = (struct charge){0};
    if (!can(k, c, kind)) {
        return false;
    }
    c->bucket[kind].milli_tokens -= 1000;
    c->granted = ++k->budget->grants;
    *ret = charge_of(k, c, NULL, kind);
    return true;
}

bool budget_take(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, struct charge *ret)
{
    struct account *u = budget_upstream(k, upstream);
    struct account *c = budget_client(k, upstream, client);
    *ret = (struct charge){0};
    if (u->waiting[kind] > 0 && !k->budget->granting && next_turn(k->budget, u, kind) != NULL) {
        return false; /* somebody who waits could have it: whose turn it is, the queue knows */
    }
    if (!can(k, c, kind) || !can(k, u, kind)) {
        return false;
    }
    c->bucket[kind].milli_tokens -= 1000;
    u->bucket[kind].milli_tokens -= 1000;
    c->granted = ++k->budget->grants;
    *ret = charge_of(k, c, u, kind);
    return true;
}

void budget_mean(uint64_t *mean_ms, uint64_t ms)
{
    if (ms > 0) { /* else it was not under way at all */
        *mean_ms = *mean_ms == 0 ? ms : (*mean_ms * 7 + ms) / 8;
    }
}

static void look_at(struct budget *b, uint64_t at_ms)
{
    if (b->first != NULL && (b->timer.heap_index_plus_1 == 0 || at_ms < b->timer.at_ms)) {
        ch_loop_set_timer(b->k->child.loop, &b->timer, at_ms);
    }
}

void budget_give(struct keeper *k, struct charge *c)
{
    if (c->client == NULL) {
        return;
    }
    c->client->under_way[c->kind]--;
    if (c->upstream != NULL) {
        c->upstream->under_way[c->kind]--;
        budget_mean(&c->upstream->took_ms[c->kind], ch_loop_now_ms(k->child.loop) - c->since_ms);
    }
    *c = (struct charge){0};
    look_at(k->budget, ch_loop_now_ms(k->child.loop));
}

/* ------------------------------------------------------------------ the queue */

static uint64_t mix(uint64_t sum, struct ch_str text)
{
    for (size_t i = 0; i <= text.len; i++) { /* FNV-1a; a 0 ends each part */
        sum = (sum ^ (i < text.len ? (unsigned char)text.ptr[i] : 0)) * 0x100000001b3u;
    }
    return sum;
}

uint64_t budget_about(enum budget_kind kind, struct ch_str where, struct ch_str project,
                      struct ch_str file_name)
{
    return mix(mix(mix(0xcbf29ce484222325u + (uint64_t)kind, where), project), file_name);
}

bool budget_wait(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, uint64_t about, struct waiter *w)
{
    struct budget *b = budget_of(k);
    struct account *c = budget_client(k, upstream, client);
    if (b->waiting >= ch_limits.cold_queue || all_waiting(c) >= ch_limits.cold_client_queue) {
        return false;
    }
    struct queued *q = ch_calloc(1, sizeof(*q));
    *q = (struct queued){.w = w,
                         .client = c,
                         .upstream = budget_upstream(k, upstream),
                         .kind = kind,
                         .about = about};
    *b->end = q;
    b->end = &q->next;
    b->waiting++;
    q->client->waiting[kind]++;
    q->upstream->waiting[kind]++;
    look_at(b, ch_loop_now_ms(k->child.loop)); /* it may be its turn at once */
    return true;
}

void budget_moved(struct keeper *k, uint64_t about)
{
    struct budget *b = k->budget;
    for (struct queued *q = b == NULL ? NULL : b->first; q != NULL; q = q->next) {
        if (q->about == about) {
            q->moved = true;
            look_at(b, ch_loop_now_ms(k->child.loop));
        }
    }
}

/* Takes it out of the queue. */
static struct waiter *take_out(struct budget *b, struct queued *q)
{
    struct queued **at = &b->first;
    while (*at != q) {
        at = &(*at)->next;
    }
    *at = q->next;
    if (b->end == &q->next) {
        b->end = at;
    }
    b->waiting--;
    q->client->waiting[q->kind]--;
    q->upstream->waiting[q->kind]--;
    struct waiter *w = q->w;
    free(q);
    return w;
}

static struct queued *out_of_patience(struct budget *b, uint64_t now_ms, uint64_t *soonest_ms)
{
    for (struct queued *q = b->first; q != NULL; q = q->next) {
        if (q->w->turn_ms <= now_ms) {
            return q;
        }
        *soonest_ms = q->w->turn_ms < *soonest_ms ? q->w->turn_ms : *soonest_ms;
    }
    return NULL;
}

static struct queued *moved(struct budget *b)
{
    struct queued *q = b->first;
    while (q != NULL && !q->moved) {
        q = q->next;
    }
    return q;
}

static void on_timer(struct ch_timer *t)
{
    struct budget *b = CH_CONTAINER_OF(t, struct budget, timer);
    struct queued *q;
    while ((q = moved(b)) != NULL) {
        ask_start_again(b->k, take_out(b, q));
    }
    while ((q = next_turn(b, NULL, BUDGET_FILE)) != NULL) {
        q->client->granted = ++b->grants; /* also where it turns out to need none */
        struct waiter *w = take_out(b, q);
        b->granting = true;
        ask_start_again(b->k, w);
        b->granting = false;
    }
    uint64_t now = ch_loop_now_ms(b->k->child.loop), soonest = now + LOOK_MS;
    while ((q = out_of_patience(b, now, &soonest)) != NULL) {
        enum budget_kind kind = q->kind;
        ask_out_of_budget(b->k, take_out(b, q), kind);
    }
    look_at(b, soonest);
}

/* Until this account has one for who comes after `before` others. */
static uint64_t account_waits_ms(const struct keeper *k, struct account *a, enum budget_kind kind,
                                 uint64_t before, uint64_t took_ms)
{
    struct rate rate = rate_of(k, a, kind);
    refill(&a->bucket[kind], ch_loop_now_ms(k->child.loop), &rate);
    uint64_t need = (before + 1) * 1000, has = a->bucket[kind].milli_tokens;
    uint64_t per_minute = rate.per_minute > 0 ? rate.per_minute : 1;
    uint64_t tokens_ms = need > has ? ((need - has) * 60 + per_minute - 1) / per_minute : 0;
    uint64_t free = rate.at_once > a->under_way[kind] ? rate.at_once - a->under_way[kind] : 0;
    uint64_t at_once = rate.at_once > 0 ? rate.at_once : 1;
    uint64_t ends_ms = before >= free ? ((before - free) / at_once + 1) * took_ms : 0;
    return tokens_ms > ends_ms ? tokens_ms : ends_ms;
}

/* Those of the upstream's queue that wait for it, and not for their own client's budget. */
static uint64_t competing(struct budget *b, const struct account *upstream, enum budget_kind kind)
{
    uint64_t n = 0;
    for (struct queued *q = b->first; q != NULL; q = q->next) {
        n += q->upstream == upstream && q->kind == kind && can(b->k, q->client, kind);
    }
    return n;
}

uint32_t budget_expected_s(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                           const struct ch_client *client)
{
    struct account *c = budget_client(k, upstream, client);
    struct account *u = budget_upstream(k, upstream);
    uint64_t took_ms = u->took_ms[kind] > 0 ? u->took_ms[kind] : TOOK_MS;
    uint64_t own_ms = account_waits_ms(k, c, kind, c->waiting[kind], took_ms);
    uint64_t all_ms = account_waits_ms(k, u, kind, competing(k->budget, u, kind), took_ms);
    uint64_t s = ((own_ms > all_ms ? own_ms : all_ms) + 999) / 1000;
    return (uint32_t)(s < 1 ? 1 : s > BUDGET_EXPECTED_MAX_S ? BUDGET_EXPECTED_MAX_S : s);
}

size_t budget_waiting(const struct keeper *k)
{
    return k->budget == NULL ? 0 : k->budget->waiting;
}

void budget_free(struct keeper *k)
{
    struct budget *b = k->budget;
    if (b == NULL) {
        return;
    }
    while (b->first != NULL) {
        ask_free_waiter(take_out(b, b->first));
    }
    ch_loop_cancel_timer(k->child.loop, &b->timer);
    size_t cursor = 0;
    void *value;
    while (ch_map_next(b->accounts, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(b->accounts);
    free(b);
    k->budget = NULL;
}
