/* Which file runs next: is fetched, or inspected. Of each upstream so many run at once, whatever
 * happens at others; one client may have so many of them (budget.h). Files that somebody waits for
 * go first, of these the client's who has the fewest running, then the oldest. A file that several
 * clients wait for runs as soon as it is the turn of one of them. */
#include "db/keeper/intake/intake_int.h"

#include <stdlib.h>

#define RAN_MS 4000 /* a file, before any of its upstream has ended */

/* In this order: somebody waits, asked ahead, inspected again. */
enum turn { AWAITED, AHEAD, RESCANNED, TURNS };

static enum turn turn_of(const struct intake *in)
{
    return in->rescan ? RESCANNED : in->ahead ? AHEAD : AWAITED;
}

/* At whose expense it runs, if it runs now. NULL: nobody's. */
static struct account *payer_of(const struct intake *in)
{
    struct account *best = NULL;
    for (size_t i = 0; i < in->payer_count; i++) {
        struct account *a = in->payers[i].client;
        best = best == NULL || a->running < best->running ? a : best;
    }
    return best;
}

static size_t running_of(const struct intake *in)
{
    const struct account *payer = payer_of(in);
    return payer != NULL ? payer->running : 0;
}

bool turn_is_paid_by(const struct intake *in, const struct account *client)
{
    for (size_t i = 0; i < in->payer_count; i++) {
        if (in->payers[i].client == client) {
            return true;
        }
    }
    return false;
}

void turn_pay(struct intake *in, struct charge *charge)
{
    if (charge->client != NULL && !turn_is_paid_by(in, charge->client)) {
        in->payers = ch_realloc_array(in->payers, in->payer_count + 1, sizeof(*in->payers));
        in->payers[in->payer_count++] = *charge;
        *charge = (struct charge){0};
    }
}

void turn_paid(struct intake *in)
{
    for (size_t i = 0; i < in->payer_count; i++) {
        budget_give(in->k, &in->payers[i]);
    }
    free(in->payers);
    in->payers = NULL;
    in->payer_count = 0;
}

/* Files that go before one of this client, so many at once. */
static uint64_t rounds(uint64_t before, uint64_t at_once, uint64_t running)
{
    uint64_t free = at_once > running ? at_once - running : 0;
    return before < free ? 1 : (before - free) / (at_once > 0 ? at_once : 1) + 2;
}

uint32_t turn_expected_s(const struct intake *in)
{
    const struct ch_config *c = in->k->config;
    const struct account *payer = payer_of(in);
    uint64_t ran_ms = in->upstream->ran_ms > 0 ? in->upstream->ran_ms : RAN_MS;
    uint64_t n = rounds(0, c->fetch_parallel, in->upstream->running);
    if (payer != NULL) { /* what it has asked for besides: of what runs not all goes before it */
        uint64_t queued = payer->under_way[BUDGET_FILE] - payer->running;
        uint64_t own =
            rounds(queued > 0 ? queued - 1 : 0, c->fetch_parallel_per_address, payer->running);
        n = own > n ? own : n;
    }
    uint64_t s = (n * ran_ms + 999) / 1000;
    return (uint32_t)(s < 1 ? 1 : s > BUDGET_EXPECTED_MAX_S ? BUDGET_EXPECTED_MAX_S : s);
}

/* Some are kept for those that somebody waits for. */
static bool has_room(const struct intake *in, enum turn turn)
{
    const struct ch_config *c = in->k->config;
    size_t most = turn == AWAITED ? c->fetch_parallel : (c->fetch_parallel * 3 + 3) / 4;
    return in->upstream->running < most && running_of(in) < c->fetch_parallel_per_address;
}

static bool goes_before(const struct intake *a, const struct intake *b)
{
    size_t x = running_of(a), y = running_of(b);
    return x != y ? x < y : a->id < b->id;
}

/* What is asked ahead runs a few at a time: it must not take the network from what is awaited. */
static bool ahead_has_room(struct keeper *k)
{
    size_t cursor = 0, running = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        const struct intake *in = value;
        running += in->running && turn_of(in) == AHEAD;
    }
    return running < k->config->prefetch_parallel;
}

static struct intake *next_to_run(struct keeper *k, enum turn turn)
{
    if (turn == AHEAD && (k->intakes_ahead == 0 || !ahead_has_room(k))) {
        return NULL;
    }
    size_t cursor = 0;
    void *value;
    struct intake *best = NULL;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (!in->running && !in->no_room && !in->awaits_shared && turn_of(in) == turn &&
            (in->state == CH_INTAKE_WANTED || in->state == CH_INTAKE_FETCHED) &&
            (best == NULL || goes_before(in, best)) && has_room(in, turn)) {
            best = in;
        }
    }
    return best;
}

void turn_take(struct intake *in)
{
    if (in->turn.upstream != NULL) {
        return;
    }
    in->turn = (struct charge){.client = payer_of(in),
                               .upstream = in->upstream,
                               .kind = BUDGET_FILE,
                               .since_ms = ch_loop_now_ms(in->k->child.loop)};
    in->turn.upstream->running++;
    if (in->turn.client != NULL) {
        in->turn.client->running++;
    }
}

void turn_leave(struct intake *in)
{
    if (in->turn.upstream == NULL) {
        return;
    }
    in->turn.upstream->running--;
    budget_mean(&in->turn.upstream->ran_ms, ch_loop_now_ms(in->k->child.loop) - in->turn.since_ms);
    if (in->turn.client != NULL) {
        in->turn.client->running--;
    }
    in->turn = (struct charge){0};
}

void intakes_run(struct keeper *k)
{
    while (!k->draining) {
        struct intake *in = NULL;
        for (int turn = AWAITED; in == NULL && turn < TURNS; turn++) {
            in = next_to_run(k, (enum turn)turn);
        }
        if (in == NULL) {
            return;
        }
        intake_run(in);
    }
}

void intakes_room_again(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        in->no_room = false;
    }
    intakes_run(k);
}
