#include "exceptions.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "exceptions_int.h"

static const struct ch_str none = {NULL, 0};

struct asker { /* a token bucket */
    uint64_t milli_tokens;
    uint64_t at_ms;
};

void exceptions_forget_askers(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->asking != NULL && ch_map_next(k->asking, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->asking);
    k->asking = NULL;
}

bool exceptions_may_ask(struct keeper *k, struct ch_str address)
{
    uint64_t now = ch_loop_now_ms(k->child.loop), full = ch_limits.exception_asks_burst * 1000;
    if (k->asking != NULL && ch_map_count(k->asking) >= ch_limits.budget_clients) {
        exceptions_forget_askers(
            k); /* everybody starts anew: what is open is bounded all the same */
    }
    k->asking = k->asking != NULL ? k->asking : ch_map_new();
    struct asker *a = ch_map_get(k->asking, address);
    if (a == NULL) {
        a = ch_calloc(1, sizeof(*a));
        *a = (struct asker){full, now};
        ch_map_set(k->asking, address, a);
    }
    uint64_t gained = (now - a->at_ms) * 1000 / ch_limits.exception_asks_ms;
    if (gained > 0) { /* less than a thousandth is not lost */
        a->at_ms = now;
        a->milli_tokens = a->milli_tokens + gained > full ? full : a->milli_tokens + gained;
    }
    if (a->milli_tokens < 1000) {
        return false;
    }
    a->milli_tokens -= 1000;
    return true;
}

static size_t open_by(const struct keeper *k, struct ch_str who)
{
    size_t n = 0;
    for (size_t i = 0; i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        n += exception_state_of(k, x) == EXCEPTION_STATE_OPEN &&
             (who.len == 0 || ch_str_eq(x->row.requester, who));
    }
    return n;
}

static enum ch_code check_room(const struct keeper *k, struct ch_str who, struct ch_err *err)
{
    if (open_by(k, who) >= ch_limits.exceptions_of_one ||
        open_by(k, none) >= ch_limits.exceptions_open) {
        return ch_fail(err, CH_E_LIMIT,
                       "too many exceptions are asked for already and wait for an answer");
    }
    return CH_OK;
}

enum ch_code exceptions_ask(struct keeper *k, struct ch_exception_row *row,
                            const struct exception_shown *shown, struct ch_err *err)
{
    enum ch_code rc = check_room(k, row->requester, err);
    if (rc != CH_OK) {
        return rc;
    }
    enum ch_code begun = audit_act(k, err);
    rc = begun == CH_OK ? exceptions_add_request(k, row, shown, err) : begun;
    return exceptions_act_end(k, begun, rc, err);
}

enum ch_code exceptions_join(struct keeper *k, uint64_t id, struct ch_str who,
                             struct ch_str address, struct ch_str reason, struct ch_err *err)
{
    const struct exception *x = exceptions_find(k, id);
    struct exception_step step = {.event = EXCEPTION_JOINED,
                                  .by = who,
                                  .at_us = keeper_now_us(k),
                                  .expires_at_us = CH_TIME_UNKNOWN};
    size_t asked = 0;
    if (x == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "exception %llu is not open", (unsigned long long)id);
    }
    if (exception_is_logged(x, err) != CH_OK) {
        return CH_E_CONFLICT;
    }
    for (size_t i = 0; i < x->step_count; i++) {
        bool asks =
            x->steps[i].event == EXCEPTION_REQUESTED || x->steps[i].event == EXCEPTION_JOINED;
        if (asks && ch_str_eq(x->steps[i].by, who)) {
            return CH_OK;
        }
        asked += asks;
    }
    if (asked >= ch_limits.exception_askers) {
        return ch_fail(err, CH_E_LIMIT, "as many have asked for exception %llu as are noted",
                       (unsigned long long)id);
    }
    enum ch_code rc = exception_may(x->steps, x->step_count, &step, err);
    if (rc != CH_OK) {
        return rc;
    }
    enum ch_code begun = audit_act(k, err);
    rc =
        begun == CH_OK ? exceptions_add_step(k, &x->row, &step, reason, none, address, err) : begun;
    return exceptions_act_end(k, begun, rc, err);
}
