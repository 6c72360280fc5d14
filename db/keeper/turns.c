/* Which file runs next: is fetched, or inspected. Of each upstream so many run at once, whatever
 * happens at others; one client may have so many of them (budget.h). Files that somebody waits for
 * go first, of these the client's who has the fewest running, then the oldest. */
#include "intake_int.h"

/* In this order: somebody waits, asked ahead, inspected again. */
enum turn { AWAITED, AHEAD, RESCANNED, TURNS };

static enum turn turn_of(const struct intake *in)
{
    return in->rescan ? RESCANNED : in->ahead ? AHEAD : AWAITED;
}

static size_t running_of(const struct intake *in)
{
    return in->charge.client != NULL ? in->charge.client->running : 0;
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
        if (!in->running && !in->no_room && turn_of(in) == turn &&
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
    in->turn = (struct charge){in->charge.client, in->upstream, BUDGET_FILE};
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
