#include "people.h"

#include <stdlib.h>

#include "customhouse/map.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/audit_says.h"
#include "db/keeper/unsaved.h"
#include "db/keeper/rulings/altered.h"
#include "people_logged.h"
#include "people_proposals.h"

/* An end that counts and could not be stored (unsaved.h). */
struct end {
    uint64_t id;
    char *by;
    char *why;
    int64_t at_us;
};

static enum ch_code store_kept_end(struct keeper *k, const void *step, struct ch_err *err);

static void free_end(void *step)
{
    struct end *e = step;
    free(e->by);
    free(e->why);
    free(e);
}

static const struct unsaved_kind ends = {.one = "end of what somebody had",
                                         .several = "ends of what people had",
                                         .store = store_kept_end,
                                         .free = free_end};

static void end_again(void *ctx, const void *step)
{
    const struct end *e = step;
    people_end(ctx, e->id, e->at_us);
}

struct loading {
    struct keeper *k;
    struct people *p;
    struct people_logged counts;
    bool unread;
    enum ch_code rc;
    struct ch_err *err;
};

static void add_row(void *ctx, const struct ch_people_row *row)
{
    struct loading *l = ctx;
    struct ch_people_row checked = *row;
    if (!l->unread && l->rc == CH_OK) {
        l->rc = people_check_row(l->k, &checked, &l->counts, l->err);
    }
    people_add(l->p, &checked);
}

static void sooner_end(void *ctx, const struct ch_people_row *row)
{
    int64_t *soonest = ctx;
    if (row->kind == CH_PEOPLE_TOKEN && row->ended_at_us == CH_TIME_UNKNOWN &&
        row->expires_at_us != CH_TIME_UNKNOWN && row->expires_at_us < *soonest) {
        *soonest = row->expires_at_us;
    }
}

static void note_soonest_end(struct keeper *k)
{
    k->token_ends_us = INT64_MAX;
    people_each(k->people, sooner_end, &k->token_ends_us);
}

/* The rows that the audit log has so; of the others nothing is given (people_logged.h).
 * *ret_altered: how many there are, with those that the log has and the store has not. */
static enum ch_code load(struct keeper *k, struct people **ret, size_t *ret_altered,
                         struct ch_err *err)
{
    struct people *p = people_new();
    struct loading l = {.k = k, .p = p, .unread = !audit_is_recalled(k), .err = err};
    l.counts.persons = ch_map_new();
    says_keep_acts(k);
    enum ch_code rc = ch_store_people(k->store, add_row, &l, err);
    says_drop_acts(k);
    ch_map_free(l.counts.persons);
    rc = rc == CH_OK ? l.rc : rc;
    *ret_altered = l.unread ? 0 : l.counts.altered + people_lost(k, &l.counts);
    people_set_altered(p,
                       l.unread || *ret_altered > 0 ||
                           (l.counts.settled + l.counts.erased > 0 && people_logged_approver(k)));
    people_set_unread(p, l.unread);
    if (rc != CH_OK) {
        people_free(p);
        return rc;
    }
    people_settle(p);
    unsaved_each(k, &ends, end_again, p);
    people_set_loopback(p, k->loopback_only && k->config->approver == NULL);
    *ret = p;
    return CH_OK;
}

static void say_altered(void *ctx, const struct ch_people_row *row)
{
    (void)ctx;
    if (row->altered != NULL) {
        keeper_log("people", "row=%llu taken=0 error=\"%s\"", (unsigned long long)row->id,
                   row->altered);
    }
}

enum ch_code people_reload(struct keeper *k, struct ch_err *err)
{
    struct people *p;
    size_t altered = 0, before = k->people_altered;
    enum ch_code rc = load(k, &p, &altered, err);
    if (rc == CH_OK) {
        people_free(k->people);
        k->people = p;
        k->people_altered = altered;
        note_soonest_end(k);
    }
    keeper_raise_epoch(k);
    if (rc == CH_OK && altered > before) { /* beside the running service */
        people_each(p, say_altered, NULL);
        altered_tell(k);
    }
    return rc;
}

enum ch_code people_open(struct keeper *k, struct ch_err *err)
{
    enum ch_code rc = load(k, &k->people, &k->people_altered, err);
    if (rc == CH_OK) {
        people_each(k->people, say_altered, NULL);
        note_soonest_end(k);
        rc = people_proposals_open(k, err);
    }
    return rc;
}

void people_close(struct keeper *k)
{
    people_free(k->people);
    k->people = NULL;
    people_proposals_free(k);
}

void people_set_listeners(struct keeper *k, bool loopback_only)
{
    k->loopback_only = loopback_only;
    people_set_loopback(k->people, loopback_only && k->config->approver == NULL);
}

/* ------------------------------------------------------------------ giving */

enum ch_code people_check_all(struct keeper *k, const struct ch_people_row *rows, size_t count,
                              struct ch_err *err)
{
    struct people *trial;
    size_t altered = 0;
    enum ch_code rc = load(k, &trial, &altered, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (altered > 0 ||
        !audit_is_recalled(k)) { /* who is what is not known, nor whose word it takes */
        people_free(trial);
        return ch_fail(
            err, CH_E_CONFLICT,
            "nothing is given: what the database has of people is not what the audit log "
            "says. customhouse audit verify names the rows: revoke those that are there, "
            "restore the newest backup, or say that the others have ended (customhouse audit "
            "settle)");
    }
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = people_check(trial, &rows[i], err);
        people_add(trial, &rows[i]);
        people_settle(trial);
    }
    people_free(trial);
    if (rc == CH_E_EXISTS ||
        rc == CH_E_DENIED) { /* a uid that was another's, both roles in one hand, ... */
        keeper_log("people", "refused by=%.*s error=\"%s\"", CH_STR_ARG(rows[0].by), err->msg);
    }
    return rc;
}

enum ch_code people_give(struct keeper *k, struct ch_people_row *rows, size_t count,
                         struct ch_err *err)
{
    return people_give_agreed(k, rows, count, 0, (struct ch_str){NULL, 0}, err);
}

enum ch_code people_give_agreed(struct keeper *k, struct ch_people_row *rows, size_t count,
                                uint64_t proposal, struct ch_str by, struct ch_err *err)
{
    for (size_t i = 0; i < count; i++) {
        rows[i].ended_at_us = CH_TIME_UNKNOWN;
    }
    enum ch_code rc = people_check_all(k, rows, count, err);
    if (rc != CH_OK) {
        return rc;
    }
    enum ch_code begun = audit_act(k, err);
    rc = begun;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_store_add_people(k->store, &rows[i], &rows[i].id, err);
        rc = rc == CH_OK ? audit_people(k, &rows[i], err) : rc;
    }
    rc = rc == CH_OK ? people_agreed_end(k, proposal, by, err) : rc;
    rc = audit_act_end(k, begun, rc, err);
    if (rc != CH_OK) {
        return rc;
    }
    people_agreed_forget(k, proposal);
    return people_reload(k, err);
}

/* ------------------------------------------------------------------ taking */

struct found {
    uint64_t id;
    struct ch_people_row row;
};

static void find_row(void *ctx, const struct ch_people_row *row)
{
    struct found *f = ctx;
    f->row = row->id == f->id ? *row : f->row;
}

static enum ch_code store_end(struct keeper *k, uint64_t id, struct ch_str by, struct ch_str why,
                              int64_t at_us, struct ch_err *err)
{
    struct found f = {.id = id};
    people_each(k->people, find_row, &f);
    if (f.row.id != id) {
        return ch_fail(err, CH_E_NOT_FOUND, "nothing has the number %llu", (unsigned long long)id);
    }
    enum ch_code rc = ch_store_end_people(k->store, id, by, why, at_us, err);
    f.row.ended_by = by;
    f.row.ended_why = why;
    f.row.ended_at_us = at_us;
    return rc == CH_OK ? audit_people_end(k, &f.row, err) : rc;
}

static enum ch_code store_kept_end(struct keeper *k, const void *step, struct ch_err *err)
{
    const struct end *e = step;
    enum ch_code begun = audit_act(k, err), rc = begun;
    rc = rc == CH_OK ? store_end(k, e->id, ch_str_of(e->by), ch_str_of(e->why), e->at_us, err) : rc;
    return audit_act_end(k, begun, rc, err);
}

static void remember(struct keeper *k, uint64_t id, struct ch_str by, struct ch_str why,
                     int64_t at_us)
{
    struct end *e = ch_calloc(1, sizeof(*e));
    *e = (struct end){.id = id, .by = ch_str_dup(by), .why = ch_str_dup(why), .at_us = at_us};
    unsaved_keep(k, &ends, e);
}

enum ch_code people_take(struct keeper *k, const uint64_t *ids, size_t count, struct ch_str by,
                         struct ch_str why, struct ch_err *err)
{
    int64_t now = keeper_now_us(k);
    for (size_t i = 0; i < count; i++) {
        people_end(k->people, ids[i], now);
    }
    note_soonest_end(k);
    keeper_raise_epoch(k);
    enum ch_code begun = audit_act(k, err), rc = begun;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = store_end(k, ids[i], by, why, now, err);
    }
    rc = audit_act_end(k, begun, rc, err);
    for (size_t i = 0; rc != CH_OK && i < count; i++) {
        remember(k, ids[i], by, why, now);
    }
    return rc == CH_OK ? people_reload(k, err) : rc;
}

/* ------------------------------------------------------------------ what was altered by hand */

struct settling {
    struct keeper *k;
    struct ch_str by, why;
    int64_t now_us;
    size_t count;
    enum ch_code rc;
    struct ch_err *err;
};

static void settle_row(void *ctx, const struct ch_people_row *row)
{
    struct settling *s = ctx;
    struct ch_people_row ended = *row;
    if (row->altered == NULL || s->rc != CH_OK) {
        return;
    }
    if (row->ended_at_us == CH_TIME_UNKNOWN) {
        ended.ended_by = s->by;
        ended.ended_why = s->why;
        ended.ended_at_us = s->now_us;
        s->rc = ch_store_end_people(s->k->store, row->id, s->by, s->why, s->now_us, s->err);
        s->rc = s->rc == CH_E_EXISTS ? CH_OK : s->rc; /* its end is what was altered */
        s->rc = s->rc == CH_OK ? audit_people_end(s->k, &ended, s->err) : s->rc;
    }
    s->rc = s->rc == CH_OK ? audit_people_settled(s->k, row->id, s->by, s->why, s->now_us, s->err)
                           : s->rc;
    s->count++;
}

struct lost_ids {
    uint64_t *ids;
    size_t count;
};

static void note_lost(void *ctx, uint64_t id)
{
    struct lost_ids *l = ctx;
    l->ids = ch_realloc_array(l->ids, l->count + 1, sizeof(*l->ids));
    l->ids[l->count++] = id;
}

static void settle_lost(struct settling *s, uint64_t id)
{
    if (s->rc == CH_OK) {
        s->rc = audit_people_settled(s->k, id, s->by, s->why, s->now_us, s->err);
        s->count++;
    }
}

/* Told with an end that is in the log: the row gives nothing already, and nobody gets it. */
static enum ch_code settle_once(struct settling *s)
{
    struct keeper *k = s->k;
    struct lost_ids l = {.ids = NULL};
    people_lost_each(k, k->people, note_lost, &l);
    enum ch_code begun = audit_act(k, s->err);
    s->rc = begun;
    people_each(k->people, settle_row, s);
    for (size_t i = 0; i < l.count; i++) {
        settle_lost(s, l.ids[i]);
    }
    free(l.ids);
    s->rc = audit_act_end(k, begun, s->rc, s->err);
    return s->rc == CH_OK ? people_reload(k, s->err) : s->rc;
}

#define SETTLED_TWICE 2 /* what was given to whom is settled first has lost its user by that */

enum ch_code people_settle_altered(struct keeper *k, struct ch_str by, struct ch_str why,
                                   size_t *ret_rows, struct ch_err *err)
{
    struct settling s = {.k = k, .by = by, .why = why, .now_us = keeper_now_us(k), .err = err};
    enum ch_code rc = audit_is_recalled(k)
                          ? people_reload(k, err)
                          : ch_fail(err, CH_E_CONFLICT, "the audit log cannot be read back");
    if (rc == CH_OK && k->people_altered == 0) {
        rc = ch_fail(err, CH_E_NOT_FOUND,
                     "what the database has of people is what the audit log says");
    }
    for (size_t i = 0; rc == CH_OK && i < SETTLED_TWICE && k->people_altered > 0; i++) {
        rc = settle_once(&s);
    }
    *ret_rows = s.count;
    return rc;
}

struct expired {
    uint64_t *ids;
    size_t count;
    int64_t now_us;
};

static void note_expired(void *ctx, const struct ch_people_row *row)
{
    struct expired *e = ctx;
    int64_t end = INT64_MAX;
    sooner_end(&end, row);
    if (end <= e->now_us) {
        e->ids = ch_realloc_array(e->ids, e->count + 1, sizeof(*e->ids));
        e->ids[e->count++] = row->id;
    }
}

void people_end_expired(struct keeper *k)
{
    struct expired e = {.now_us = keeper_now_us(k)};
    const struct ch_str nothing = {NULL, 0};
    struct ch_err err;
    if (k->token_ends_us > e.now_us) {
        return;
    }
    people_each(k->people, note_expired, &e);
    if (e.count > 0 &&
        people_take(k, e.ids, e.count, CH_STR(PEOPLE_BY_TIME), nothing, &err) != CH_OK) {
        keeper_log("store", "people=unrecorded error=\"%s\"", err.msg);
    }
    free(e.ids);
}

void people_tick(struct keeper *k)
{
    people_end_expired(k);
    people_proposals_tick(k);
}

/* ------------------------------------------------------------------ init --approver */

struct known {
    struct ch_str name;
    bool person; /* there is, or was, one of this name */
    bool grant;  /* the group approves already, everywhere */
    bool others; /* somebody is in the group */
};

static void look(void *ctx, const struct ch_people_row *row)
{
    struct known *n = ctx;
    n->person = n->person || (row->kind == CH_PEOPLE_PERSON && ch_str_eq(row->person, n->name));
    n->grant = n->grant || (row->kind == CH_PEOPLE_GRANT && row->ended_at_us == CH_TIME_UNKNOWN &&
                            ch_str_eq(row->group, CH_STR(PEOPLE_APPROVERS)) &&
                            ch_str_eq(row->role, CH_STR("approver")) && row->repository.len == 0 &&
                            row->environment.len == 0);
    n->others =
        n->others || (row->kind == CH_PEOPLE_MEMBER && row->ended_at_us == CH_TIME_UNKNOWN &&
                      ch_str_eq(row->group, CH_STR(PEOPLE_APPROVERS)));
}

void people_configured(struct keeper *k)
{
    struct known n = {.name = ch_str_of(k->config->approver)};
    people_set_listeners(k, k->loopback_only);
    if (n.name.len == 0) {
        return;
    }
    people_each(k->people, look, &n);
    if (n.person) {
        return; /* from then on people say who approves */
    }
    if (!n.grant && n.others) { /* an operator may have put them there: they would approve, too */
        keeper_log("people",
                   "approver=%s error=\"group " PEOPLE_APPROVERS
                   " has members already: customhouse "
                   "group revoke " PEOPLE_APPROVERS "\"",
                   k->config->approver);
        return;
    }
    struct ch_people_row rows[4] = {{.kind = CH_PEOPLE_PERSON, .person = n.name}};
    size_t count = 1;
    if (k->config->approver_uid != 0) {
        rows[count++] = (struct ch_people_row){
            .kind = CH_PEOPLE_UID, .person = n.name, .uid = k->config->approver_uid};
    }
    if (!n.grant) {
        rows[count++] = (struct ch_people_row){
            .kind = CH_PEOPLE_GRANT, .group = CH_STR(PEOPLE_APPROVERS), .role = CH_STR("approver")};
    }
    rows[count++] = (struct ch_people_row){
        .kind = CH_PEOPLE_MEMBER, .person = n.name, .group = CH_STR(PEOPLE_APPROVERS)};
    for (size_t i = 0; i < count; i++) {
        rows[i].by = CH_STR("configuration");
        rows[i].at_us = keeper_now_us(k);
    }
    struct ch_err err;
    if (people_give(k, rows, count, &err) == CH_OK) {
        keeper_log("people", "approver=%s by=configuration", k->config->approver);
    } else {
        keeper_log("people", "approver=%s error=\"%s\"", k->config->approver, err.msg);
    }
}
