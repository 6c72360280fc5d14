/* The ends of rulings by time (T7, T11): seen by a timer or a tick, effective first, then entered.
 */
#include "rulings_int.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/clock.h"
#include "exceptions.h"

#define LOOK_MS 3600000

/* What the time is for its end. */
static int64_t now_for(const struct keeper *k, const struct ch_ruling_row *r)
{
    int64_t now = keeper_now_us(k);
    int64_t sure = (int64_t)ch_now_boot_ms() * 1000 + k->clock_offset_us;
    return r->deny && clock_jumped(k) && sure < now ? sure : now;
}

bool ruling_has_ended(const struct keeper *k, const struct ch_ruling_row *r)
{
    return r->over || (r->expires_at_us != CH_TIME_UNKNOWN && r->expires_at_us <= now_for(k, r));
}

/* A number is given again once its row is gone, while the log's denial of it stays in force. */
static const struct kept *find_same(const struct rulings *was, size_t from, const struct kept *n)
{
    for (size_t i = from; i < was->count && was->items[i].row.id == n->row.id; i++) {
        const struct kept *w = &was->items[i];
        if (w->row.deny == n->row.deny && w->said_at == n->said_at) {
            return w;
        }
    }
    return NULL;
}

void rulings_keep_ends(const struct keeper *k, const struct rulings *was, struct rulings *now)
{
    size_t w = 0;
    for (size_t i = 0; i < now->count; i++) {
        struct kept *n = &now->items[i];
        if (was == NULL) { /* a start looks itself at what ended before it (again_begin()) */
            n->acted = ruling_has_ended(k, &n->row);
            continue;
        }
        while (w < was->count && was->items[w].row.id < n->row.id) {
            w++;
        }
        const struct kept *same = n->row.id != 0 ? find_same(was, w, n) : NULL;
        if (same != NULL) {
            n->acted = same->acted;
            n->row.over = n->row.over || same->row.over;
        }
    }
}

bool rulings_ended_since(const struct keeper *k, int64_t at_us)
{
    int64_t now = keeper_now_us(k);
    for (size_t i = 0; i < k->rulings->count; i++) {
        int64_t end = k->rulings->items[i].row.expires_at_us;
        if (end != CH_TIME_UNKNOWN && end > at_us && end <= now) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ acting on them */

/* Notes whose end has come, and which denial's has not any more. Whether there was any. */
static bool note_ends(struct keeper *k)
{
    bool any = false;
    for (size_t i = 0; i < k->rulings->count; i++) {
        struct kept *r = &k->rulings->items[i];
        bool ended = ruling_has_ended(k, &r->row);
        any = any || ended != r->acted;
        r->acted = ended;
        r->row.over = r->row.over || (ended && !r->row.deny);
    }
    return any;
}

void rulings_see_ends(struct keeper *k)
{
    if (note_ends(k)) {
        keeper_log("rulings", "what=\"one has ended\"");
        k->rules++;
        again_all(k); /* effective first (T4) */
        rulings_enter_ends(k);
        exceptions_settle(k);
    }
    rulings_watch_ends(k);
}

static void on_end(struct ch_timer *t)
{
    rulings_see_ends(CH_CONTAINER_OF(t, struct keeper, rulings_timer));
}

/* The wall clock may move: looked at anew once an hour at least, and by each tick. One that ended
 * while something else was done is acted on at once: whoever loads rulings meanwhile takes no end
 * away. */
void rulings_watch_ends(struct keeper *k)
{
    int64_t left = INT64_MAX;
    for (size_t i = 0; i < k->rulings->count; i++) {
        const struct kept *r = &k->rulings->items[i];
        if (r->row.expires_at_us != CH_TIME_UNKNOWN && !r->acted && !r->row.over) {
            int64_t of_this = r->row.expires_at_us - now_for(k, &r->row);
            left = of_this < left ? of_this : left;
        }
    }
    if (left == INT64_MAX) {
        ch_loop_cancel_timer(k->child.loop, &k->rulings_timer);
        return;
    }
    left = left > 0 ? left : 0;
    bool far = left > LOOK_MS * 1000LL;
    k->rulings_timer.fn = on_end;
    /* from now, not from when this turn of the loop began: that would be before the end */
    ch_loop_set_timer(k->child.loop, &k->rulings_timer,
                      ch_now_boot_ms() + (far ? LOOK_MS : (uint64_t)left / 1000 + 2));
}

/* ------------------------------------------------------------------ entering them */

static enum ch_code enter_end(struct keeper *k, const struct ch_ruling_row *r, struct ch_err *err)
{
    bool has = false;
    enum ch_code rc = ch_store_has_log(k->store, CH_STR("ruling-expired"), r->id, &has, err);
    if (rc != CH_OK || has) {
        return rc;
    }
    rc = keeper_write(k, err);
    return rc == CH_OK ? audit_ruling_expired(k, r, err) : rc;
}

void rulings_enter_ends(struct keeper *k)
{
    struct ch_err err;
    for (size_t i = 0; i < k->rulings->count; i++) {
        const struct ch_ruling_row *r = &k->rulings->items[i].row;
        bool trusted = !r->deny || !clock_jumped(k);
        if (r->id != 0 && trusted && ruling_has_ended(k, r) && enter_end(k, r, &err) != CH_OK) {
            keeper_log("audit", "ruling=%llu error=\"%s\"", (unsigned long long)r->id, err.msg);
            return; /* the next tick tries again */
        }
    }
}
