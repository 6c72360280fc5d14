#include "tokens.h"

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "people.h"
#include "scoped.h"

bool tokens_find(struct keeper *k, const struct ch_sha256 *digest, enum audience audience,
                 struct principal *ret, int64_t *ret_until_us)
{
    struct ch_err err;
    people_end_expired(k);
    return people_of_token(k->people, digest, keeper_now_us(k), ret, ret_until_us, &err) == CH_OK &&
           ret->audience == audience;
}

bool tokens_may_read(struct keeper *k, const struct principal *who, enum action a)
{
    static const struct place site = {{NULL, 0}, {NULL, 0}};
    struct principal owner = *who;
    owner.audience = AUDIENCE_NONE; /* what it may itself, whatever the token is for */
    return (a == ACTION_AUDIT_READ || a == ACTION_METRICS_READ) &&
           people_may(k->people, &owner, a, &site);
}

bool tokens_may_read_policy(struct keeper *k, const struct principal *who)
{
    struct principal owner = *who;
    owner.audience = AUDIENCE_NONE;
    return people_may_somewhere(k->people, &owner, ACTION_POLICY_READ);
}

static void put_pull(struct keeper *k, const struct principal *who, struct ch_repositories *ret)
{
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        struct place at = {ch_str_of(r->name), ch_str_of(r->environment)};
        if (ret->count < CH_REPOSITORIES_MAX && people_may(k->people, who, ACTION_PULL, &at)) {
            ret->name[ret->count++] = ch_str_of(r->name);
        }
    }
}

static uint64_t not_after(struct keeper *k, int64_t until_us)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop), end = now_ms + ch_limits.token_fresh_ms;
    if (until_us != CH_TIME_UNKNOWN) {
        int64_t left_ms = (until_us - keeper_now_us(k)) / 1000;
        uint64_t own = now_ms + (uint64_t)(left_ms < 0 ? 0 : left_ms);
        end = own < end ? own : end;
    }
    return end;
}

/* ------------------------------------------------------------------ failed sign-ins */

/* What was wrong with it; *ret_owner, where it has one: "user:anna". NULL: nothing. */
static const char *fault_of(struct keeper *k, const struct ch_sign_ins *m, enum audience wanted,
                            struct ch_str *ret_owner)
{
    const char *why = NULL;
    struct ch_err err;
    struct principal who;
    int64_t until_us;
    if (m->fault == CH_SIGN_IN_MALFORMED) {
        return "malformed";
    }
    if (m->fault == CH_SIGN_IN_NOT_TRIED) {
        return "too-many";
    }
    if (ch_sha256_is_zero(&m->digest)) { /* of many: what was wrong with each is not known */
        return m->fault == CH_SIGN_IN_REFUSED ? "refused" : "unanswered";
    }
    *ret_owner = people_token_owner(k->people, &m->digest, keeper_now_us(k), &why);
    if (why != NULL) {
        return why;
    }
    if (people_of_token(k->people, &m->digest, keeper_now_us(k), &who, &until_us, &err) == CH_OK &&
        who.audience != wanted) {
        /* a token for pushing is right where images are, and refused elsewhere */
        bool right = wanted == AUDIENCE_PULL && who.audience == AUDIENCE_PUSH;
        return !right || m->fault == CH_SIGN_IN_REFUSED ? "audience" : NULL;
    }
    return m->fault == CH_SIGN_IN_REFUSED ? "refused" : NULL;
}

/* As many as ours hands over at once (proxy/front/failures.c), and those it has counted as one. */
static size_t rows_at_once(void)
{
    return (size_t)ch_limits.sign_in_rows + CH_SIGN_IN_UNANSWERED + 1;
}

void tokens_failed(struct keeper *k, enum ch_role via, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_err err;
    enum audience wanted = via == CH_ROLE_ADMIN ? AUDIENCE_ADMIN : AUDIENCE_PULL;
    struct ch_sign_in_row more = {.via = ch_str_of(ch_role_name(via)), .why = CH_STR("too-many")};
    size_t rows = 0;
    people_end_expired(k);
    while (!r.failed && r.at < r.len) {
        struct ch_sign_ins m = ch_sign_ins_get(&r);
        if (!r.failed && ++rows > rows_at_once()) {
            more.times += m.times; /* none of ours says so many, but who conquers one may: looked at
                                      is no more */
            continue;
        }
        struct ch_sign_in_row row = {.address = m.address,
                                     .via = ch_str_of(ch_role_name(via)),
                                     .path = m.path,
                                     .times = m.times};
        row.why = r.failed ? row.why : ch_str_of(fault_of(k, &m, wanted, &row.principal));
        if (row.why.len > 0 && audit_sign_ins_failed(k, row, &err) != CH_OK) {
            keeper_log("store", "sign-ins=uncounted error=\"%s\"", err.msg);
            return; /* nor will the others be */
        }
    }
    if (more.times > 0) {
        keeper_log("peer", "role=%s error=\"sign-ins: %zu at once\"", ch_role_name(via), rows);
        if (audit_sign_ins_failed(k, more, &err) != CH_OK) {
            keeper_log("store", "sign-ins=uncounted error=\"%s\"", err.msg);
        }
    }
    if (r.failed) {
        keeper_log("peer", "role=%s error=\"sign-ins: malformed\"", ch_role_name(via));
    }
}

/* ------------------------------------------------------------------ what gateways ask */

/* Whom what is presented is of, itself or by what it stands for. */
static bool find_any(struct keeper *k, const struct ch_ask_token *ask, struct principal *ret,
                     int64_t *ret_until_us)
{
    struct ch_scoped scoped;
    if (ask->scoped.len == 0) {
        return tokens_find(k, &ask->digest, AUDIENCE_PULL, ret, ret_until_us) ||
               tokens_find(k, &ask->digest, AUDIENCE_PUSH, ret, ret_until_us) ||
               tokens_find(k, &ask->digest, AUDIENCE_SCANNER, ret, ret_until_us);
    }
    bool good = scoped_find(k, ask->scoped, false, ret, ret_until_us, &scoped);
    if (good) {
        ch_scoped_done(&scoped);
    }
    return good;
}

void tokens_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_ask_token ask;
    struct ch_err err;
    struct principal who;
    int64_t until_us = CH_TIME_UNKNOWN;
    struct ch_buf b;
    if (ch_ask_token_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct ch_token_reply reply = {.ask = ask.ask};
    if (find_any(k, &ask, &who, &until_us)) {
        bool pushes = who.audience == AUDIENCE_PUSH;
        bool scans = who.audience == AUDIENCE_SCANNER;
        bool reads = who.kind != PRINCIPAL_ANONYMOUS && !pushes && !scans && ask.scoped.len == 0;
        reply.outcome = CH_TOKEN_GOOD;
        reply.principal = ch_str_of(who.text);
        reply.epoch = keeper_epoch(k);
        reply.not_after_boot_ms = not_after(k, until_us);
        reply.audit_read = reads && tokens_may_read(k, &who, ACTION_AUDIT_READ);
        reply.metrics_read = reads && tokens_may_read(k, &who, ACTION_METRICS_READ);
        reply.push = pushes;
        reply.scans = scans;
        if (who.kind != PRINCIPAL_ANONYMOUS) { /* what that may each gateway knows */
            put_pull(k, &who, &reply.pull);
        }
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_TOKEN)->max_bytes);
    ch_token_reply_put(&b, &reply);
    if (ch_buf_ok(&b, &err) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, CH_MSG_TOKEN, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}
