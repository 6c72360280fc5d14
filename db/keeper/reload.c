#include "reload.h"

#include <stdlib.h>

#include "db/keeper/budget/hanging.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/approvals.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/rulings/exceptions.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/people/people.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/audit/witnesses.h"

#define GONE_CONFIRM_MAX_S 60

/* T5: a vanished project is asked for again with the next refresh, within a minute at most. */
static uint64_t gone_confirm_ms(const struct ch_config *config)
{
    uint32_t s = config->index_refresh_s;
    return 1000u * (uint64_t)(s < 1 ? 1 : s < GONE_CONFIRM_MAX_S ? s : GONE_CONFIRM_MAX_S);
}

static void use_config(struct keeper *k, const struct ch_setup *texts)
{
    struct ch_str text = texts->config_text;
    k->config = k->child.config;
    k->config_digest = ch_sha256_of(text.ptr != NULL ? text.ptr : "", text.len);
    k->gone_confirm_ms = gone_confirm_ms(k->config);
}

static void drop(struct keeper *k)
{
    ch_policy_free(k->prepared_policy);
    ch_config_free(k->prepared_config);
    k->prepared_policy = NULL;
    k->prepared_config = NULL;
}

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct keeper *k = owner;
    char *policy_name = ch_str_dup(texts->policy_name);
    char *config_name = ch_str_dup(texts->config_name);
    drop(k);
    enum ch_code rc = ch_policy_parse(texts->policy_text, policy_name, &k->prepared_policy, err);
    rc = rc == CH_OK ? ch_config_parse(texts->config_text, config_name, &k->prepared_config, err)
                     : rc;
    free(policy_name);
    free(config_name);
    if (rc != CH_OK) {
        drop(k);
    }
    return rc;
}

/* A step away from ALLOW takes effect with the first line: whoever asks anew, asks what is in force
 * from then on. A step towards it is answered after the last one, when it is in store and log. */
static void on_commit(void *owner, const struct ch_setup *texts)
{
    struct keeper *k = owner;
    struct ch_err err;
    keeper_raise_epoch(k);
    ch_policy_free(k->policy);
    k->policy = k->prepared_policy;
    k->old_configs =
        ch_realloc_array(k->old_configs, k->old_config_count + 1, sizeof(struct ch_config *));
    k->old_configs[k->old_config_count++] = k->child.config;
    k->child.config = k->prepared_config;
    k->prepared_policy = NULL;
    k->prepared_config = NULL;
    use_config(k, texts);
    k->rules++;
    k->configured_at_us = keeper_now_us(k);
    pages_rebind(k, k->config);
    intakes_configured(k);
    upstreams_configured(k, k->old_configs[k->old_config_count - 1]);
    policies_taken(k, texts->policy_text); /* before decisions that name it */
    people_configured(k);
    keyring_complete(k);
    approvals_environments(k);
    notices_configured(k);
    forward_configured(k);
    witnesses_configured(k);
    again_all(k);
    exceptions_settle(k); /* of other environments now */
    enum ch_code rc = audit_configuration(k, &err);
    rc = rc == CH_OK ? keeper_commit(k, &err) : rc;
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    policies_told(k);
}

static void on_abort(void *owner, struct ch_str why)
{
    struct keeper *k = owner;
    drop(k);
    if (why.len > 0) {
        policies_refused(k, why);
    }
}

void reload_init(struct keeper *k)
{
    k->child.on_prepare = on_prepare;
    k->child.on_commit = on_commit;
    k->child.on_abort = on_abort;
    use_config(k, &k->child.setup);
}

void reload_free(struct keeper *k)
{
    drop(k);
}
