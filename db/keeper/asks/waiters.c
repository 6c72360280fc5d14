#include "waiters.h"

#include "db/keeper/keeper_int.h"

/* The list is no longer the owner's, which may be gone before its end. */
static void go_on(struct keeper *k, struct page *p, struct waiter *w)
{
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        ask_go_on(k, p, w);
        w = next;
    }
}

static void set_patience(struct waiters *ws, uint64_t at_ms)
{
    if (at_ms != UINT64_MAX) {
        ch_loop_set_timer(ws->k->child.loop, &ws->patience, at_ms);
    }
}

static void on_patience(struct ch_timer *t)
{
    struct waiters *ws = CH_CONTAINER_OF(t, struct waiters, patience);
    uint64_t now = ch_loop_now_ms(ws->k->child.loop), soonest = UINT64_MAX;
    struct waiter *due = NULL;
    for (struct waiter **at = &ws->list; *at != NULL;) {
        struct waiter *w = *at;
        if (w->deadline_ms <= now) {
            *at = w->next;
            w->next = due;
            due = w;
        } else {
            soonest = w->deadline_ms < soonest ? w->deadline_ms : soonest;
            at = &w->next;
        }
    }
    set_patience(ws, soonest);
    go_on(ws->k, ws->p, due);
}

void waiters_init(struct waiters *ws, struct keeper *k, struct page *p)
{
    *ws = (struct waiters){.k = k, .p = p, .patience = {.fn = on_patience}};
}

void waiters_done(struct waiters *ws)
{
    ch_loop_cancel_timer(ws->k->child.loop, &ws->patience);
    while (ws->list != NULL) {
        struct waiter *w = ws->list;
        ws->list = w->next;
        ask_free_waiter(w);
    }
}

void waiters_add(struct waiters *ws, struct waiter *w)
{
    w->next = ws->list;
    ws->list = w;
    if (ws->patience.heap_index_plus_1 == 0 || w->deadline_ms < ws->patience.at_ms) {
        set_patience(ws, w->deadline_ms);
    }
}

struct waiters waiters_take(struct waiters *ws)
{
    ch_loop_cancel_timer(ws->k->child.loop, &ws->patience);
    struct waiters taken = *ws;
    ws->list = NULL;
    return taken;
}

void waiters_wake(struct waiters *ws)
{
    struct waiters taken = waiters_take(ws);
    go_on(taken.k, taken.p, taken.list);
}
