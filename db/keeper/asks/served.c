/* What gateways say went out: stored with its entry, and acknowledged once it is durable. Until
 * then a gateway keeps it, and says it again to the keeper that comes next, or to this one when it
 * could not be stored. */
#include "db/keeper/keeper_int.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/quota.h"

/* A batch never has as many; a number that wraps around would be a first serving. */
#define TIMES_MAX (UINT64_C(1) << 31)

/* What failed may be stored when it is said again. */
static bool passes_by(const struct keeper *k, enum ch_code rc)
{
    return rc == CH_E_FULL || rc == CH_E_BUSY || !k->healthy;
}

static enum ch_code store(struct keeper *k, const struct ch_served *s, struct ch_err *err)
{
    /* When, by our own clock: a gateway is asked for nothing that others rely on (T21). */
    int64_t now = keeper_now_us(k);
    struct ch_served_row row = {.repository = s->repository,
                                .project = s->project,
                                .file_name = s->file_name,
                                .sha256 = s->sha256,
                                .address = s->client.address,
                                .user_agent = s->client.user_agent,
                                .principal = s->client.principal,
                                .first_at_us = now,
                                .last_at_us = now,
                                .times = s->times < TIMES_MAX ? s->times : TIMES_MAX};
    bool first = false;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc == CH_OK) { /* with its entry, or the next time is the first one */
        rc = ch_store_add_served(k->store, &row, &first, err);
        rc = rc == CH_OK && first ? audit_served(k, &row, err) : rc;
        rc = audit_step_end(k, rc, err);
    }
    return rc;
}

void served_told(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    uint32_t instance = ch_channel_instance(ch);
    struct ch_err err;
    struct ch_served s;
    if (instance >= CH_ARRAY_LEN(k->served) || ch_served_get(payload, &s, &err) != CH_OK ||
        s.times == 0) {
        return;
    }
    struct served_by *by = &k->served[instance];
    if (by->again || s.number != by->seen + 1) {
        return; /* it is said again */
    }
    quota_sent(k, &s.sha256);
    enum ch_code rc = store(k, &s, &err);
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    by->again = rc != CH_OK && passes_by(k, rc);
    by->seen += !by->again;
}

void served_committed(struct keeper *k)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(k->served); i++) {
        struct served_by *by = &k->served[i];
        if (k->gateways[i] == NULL || (by->seen == by->kept && !by->again)) {
            continue;
        }
        struct ch_buf b;
        ch_buf_init(&b, ch_message_row(CH_MSG_SERVED_KEPT)->max_bytes);
        ch_served_kept_put(&b, &(struct ch_served_kept){.kept = by->seen, .again = by->again});
        CH_IGNORE(!ch_channel_send(k->gateways[i], CH_MSG_SERVED_KEPT, ch_buf_str(&b), NULL, 0));
        ch_buf_done(&b);
        by->kept = by->seen;
        by->again = false;
    }
}

void served_rolled_back(struct keeper *k)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(k->served); i++) {
        struct served_by *by = &k->served[i];
        by->again = by->again || by->seen > by->kept;
        by->seen = by->kept;
    }
}

void served_peer_came(struct keeper *k, uint32_t instance)
{
    k->served[instance] = (struct served_by){0};
}
