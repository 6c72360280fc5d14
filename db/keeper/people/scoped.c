#include "scoped.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/keyring.h"
#include "people.h"
#include "tokens.h"

#define SECOND_US 1000000
_Static_assert(CH_SCOPED_ID_LEN == KEEPER_ID_LEN, "of keeper_random_id");

/* ------------------------------------------------------------------ the key */

/* The address that clients know; absent: none is configured, and nobody could be told where tokens
 * are. */
static struct ch_str issuer(const struct keeper *k, char **ret_memory)
{
    const struct ch_setup *setup = &k->child.setup;
    *ret_memory = ch_config_origin(k->config, setup->listener, setup->listener_count);
    return ch_str_of(*ret_memory);
}

void scoped_tell(struct keeper *k, struct ch_channel *gateway)
{
    struct ch_signer *signer;
    struct ch_err err;
    struct ch_buf pem, b;
    ch_buf_init(&pem, CH_PUBLIC_PEM_BYTES);
    ch_buf_init(&b, ch_message_row(CH_MSG_TOKEN_KEY)->max_bytes);
    if (k->keyring != NULL && keyring_signer(k, CH_PURPOSE_TOKEN, &signer, &err) == CH_OK) {
        ch_public_key_put_pem(ch_signer_public(signer), &pem);
    }
    ch_token_key_put(&b, &(struct ch_token_key){ch_buf_str(&pem)});
    for (size_t i = 0; i < CH_ARRAY_LEN(k->gateways); i++) {
        if (k->gateways[i] != NULL && (gateway == NULL || gateway == k->gateways[i])) {
            CH_IGNORE(!ch_channel_send(k->gateways[i], CH_MSG_TOKEN_KEY, ch_buf_str(&b), NULL, 0));
        }
    }
    ch_buf_done(&pem);
    ch_buf_done(&b);
}

void scoped_key_changed(struct keeper *k)
{
    keeper_raise_epoch(k); /* effective before it is told: what it verified holds no more */
    scoped_tell(k, NULL);
}

/* ------------------------------------------------------------------ whose one is */

bool scoped_find(struct keeper *k, struct ch_str text, bool late, struct principal *ret,
                 int64_t *ret_until_us, struct ch_scoped *ret_scoped)
{
    struct ch_signer *signer;
    struct ch_err err;
    char *origin;
    int64_t now_us = keeper_now_us(k), token_until_us = CH_TIME_UNKNOWN;
    struct ch_scoped_check check = {
        .issuer = issuer(k, &origin), .now_s = now_us / SECOND_US, .late = late};
    *ret = (struct principal){.kind = PRINCIPAL_NONE};
    enum ch_code rc = keyring_signer(k, CH_PURPOSE_TOKEN, &signer, &err);
    if (rc == CH_OK) {
        check.key = ch_signer_public(signer);
        rc = ch_scoped_read(text, &check, ret_scoped, &err);
    }
    free(origin);
    if (rc != CH_OK) {
        return false;
    }
    if (ret_scoped->token == 0) {
        *ret = (struct principal){.kind = PRINCIPAL_ANONYMOUS, .audience = AUDIENCE_PULL};
        snprintf(ret->text, sizeof(ret->text), "anonymous");
    } else {
        people_end_expired(k);
        rc = people_of_token_id(k->people, ret_scoped->token, now_us, ret, &token_until_us, &err);
    }
    bool right = rc == CH_OK && (ret->audience == AUDIENCE_PULL || ret->audience == AUDIENCE_PUSH);
    if (!right) {
        *ret = (struct principal){.kind = PRINCIPAL_NONE};
        ch_scoped_done(ret_scoped);
        return false;
    }
    *ret_until_us = ret_scoped->ends_at_s * SECOND_US;
    if (token_until_us != CH_TIME_UNKNOWN && token_until_us < *ret_until_us) {
        *ret_until_us = token_until_us;
    }
    return true;
}

/* ------------------------------------------------------------------ giving one */

/* REPOSITORY/NAME of a registry here; NULL: there is none, or it has no such name. */
static const struct ch_repository *repository_of(const struct keeper *k, struct ch_str name)
{
    struct ch_str rest = name, first = {NULL, 0};
    char normal[sizeof(((struct ch_target *)NULL)->project)];
    if (!ch_str_split(&rest, '/', &first) || rest.ptr == NULL) {
        return NULL;
    }
    const struct ch_repository *r = ch_config_repository(k->config, first);
    const struct ch_ecosystem *eco = r != NULL ? ch_ecosystem_find(ch_str_of(r->ecosystem)) : NULL;
    bool known = eco != NULL && eco->path_prefix != NULL &&
                 eco->normalise(rest, normal, sizeof(normal)) && ch_str_eq(ch_str_of(normal), rest);
    return known ? r : NULL;
}

/* What of these actions may be had of it. */
static unsigned granted(struct keeper *k, const struct principal *who,
                        const struct ch_scope *wanted, bool loopback)
{
    const struct ch_repository *r = repository_of(k, wanted->name);
    unsigned may = 0;
    if (r == NULL) {
        return 0;
    }
    struct place at = {ch_str_of(r->name), ch_str_of(r->environment)};
    bool known = who->kind != PRINCIPAL_ANONYMOUS;
    if (ch_config_anonymous(k->config, r, loopback) ||
        (known && people_may(k->people, who, ACTION_PULL, &at))) {
        may |= CH_SCOPE_PULL;
    }
    if (known && r->hosted && people_may(k->people, who, ACTION_PUSH, &at)) {
        may |= CH_SCOPE_PUSH;
    }
    if (known && r->hosted && people_may(k->people, who, ACTION_DELETE, &at)) {
        may |= CH_SCOPE_DELETE;
    }
    return may & wanted->actions;
}

/* Appends the token, as long as what it stands for. */
static void sign(struct keeper *k, const struct ch_ask_scoped *ask, const struct principal *who,
                 int64_t until_us, struct ch_scoped_reply *reply, struct ch_buf *text)
{
    struct ch_signer *signer;
    struct ch_err err;
    char *origin, id[CH_SCOPED_ID_LEN + 1];
    int64_t now_us = keeper_now_us(k), left_s = (int64_t)ch_limits.scoped_token_s;
    if (until_us != CH_TIME_UNKNOWN && (until_us - now_us) / SECOND_US < left_s) {
        left_s = (until_us - now_us) / SECOND_US;
    }
    for (uint32_t i = 0; i < ask->wanted.count; i++) {
        struct ch_scope *to = &reply->may.list[reply->may.count];
        *to = ask->wanted.list[i];
        to->actions = granted(k, who, to, ask->loopback);
        reply->may.count += to->actions != 0 ? 1 : 0;
    }
    keeper_random_id(id);
    struct ch_scoped s = {.issuer = issuer(k, &origin),
                          .service = CH_STR(CH_SCOPED_SERVICE),
                          .token = people_token_id(k->people, &ask->digest),
                          .begins_at_s = now_us / SECOND_US,
                          .ends_at_s = now_us / SECOND_US + left_s,
                          .id = ch_str_of(id),
                          .may = reply->may};
    enum ch_code rc = keyring_signer(k, CH_PURPOSE_TOKEN, &signer, &err);
    rc = rc == CH_OK && s.issuer.len == 0
             ? ch_fail(&err, CH_E_UNSUPPORTED, "no address is configured that clients could know")
             : rc;
    rc = rc == CH_OK ? ch_scoped_put(&s, signer, text, &err) : rc;
    free(origin);
    if (rc != CH_OK) {
        reply->http_status = rc == CH_E_LIMIT ? 400 : 503;
        reply->may.count = 0;
        ch_buf_printf(text, "%s%s", rc == CH_E_LIMIT ? "too much is asked for at once: " : "",
                      err.msg);
        reply->text = ch_buf_str(text);
        return;
    }
    reply->token = ch_buf_str(text);
    reply->begins_at_s = s.begins_at_s;
    reply->seconds = (uint32_t)left_s;
}

void scoped_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_ask_scoped ask;
    struct ch_err err;
    struct principal who = {.kind = PRINCIPAL_ANONYMOUS};
    int64_t until_us = CH_TIME_UNKNOWN;
    struct ch_buf b, text;
    if (ch_ask_scoped_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct ch_scoped_reply reply = {.ask = ask.ask};
    ch_buf_init(&text, ch_limits.scoped_token_bytes + ch_limits.text_bytes);
    if (ch_sha256_is_zero(&ask.digest) ||
        tokens_find(k, &ask.digest, AUDIENCE_PULL, &who, &until_us) ||
        tokens_find(k, &ask.digest, AUDIENCE_PUSH, &who, &until_us)) {
        reply.outcome = CH_TOKEN_GOOD;
        sign(k, &ask, &who, until_us, &reply, &text);
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_SCOPED)->max_bytes);
    ch_scoped_reply_put(&b, &reply);
    if (ch_buf_ok(&b, &err) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, CH_MSG_SCOPED, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
    ch_buf_done(&text);
}
