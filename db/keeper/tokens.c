#include "tokens.h"

#include "audit.h"
#include "customhouse/limits.h"

bool tokens_find(struct keeper *k, const struct ch_sha256 *digest, enum audience audience,
                 struct principal *ret, int64_t *ret_until_us)
{
    struct ch_err err;
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

void tokens_note_failure(struct keeper *k, const struct ch_sha256 *digest)
{
    const char *why = "audience";
    struct ch_err err;
    struct principal who;
    int64_t until_us;
    struct ch_str owner = {NULL, 0};
    if (people_of_token(k->people, digest, keeper_now_us(k), &who, &until_us, &err) == CH_OK) {
        owner = ch_str_of(who.text);
    } else {
        owner = people_token_owner(k->people, digest, keeper_now_us(k), &why);
    }
    if (audit_sign_in_failed(k, owner, why, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
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
    if (tokens_find(k, &ask.digest, AUDIENCE_PULL, &who, &until_us)) {
        reply.outcome = CH_TOKEN_GOOD;
        reply.principal = ch_str_of(who.text);
        reply.epoch = keeper_epoch(k);
        reply.not_after_boot_ms = not_after(k, until_us);
        reply.audit_read = tokens_may_read(k, &who, ACTION_AUDIT_READ);
        reply.metrics_read = tokens_may_read(k, &who, ACTION_METRICS_READ);
        put_pull(k, &who, &reply.pull);
    } else {
        tokens_note_failure(k, &ask.digest);
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_TOKEN)->max_bytes);
    ch_token_reply_put(&b, &reply);
    if (ch_buf_ok(&b, &err) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, CH_MSG_TOKEN, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}
