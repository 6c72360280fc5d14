/* T6: which inspector and rules findings must be of. What is new needs those in force; what is
 * served keeps the findings of those that were replaced until its own rescan ends, at most
 * rescan_grace_days.
 *
 * The store remembers when inspector or rules changed (value "inspection-keys"), so that grace does
 * not begin anew with every restart, nor with every change. */
#include "db/keeper/keeper_int.h"

#include "db/keeper/audit/audit.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "rescan.h"

#define VALUE_NAME CH_STR("inspection-keys")
#define KEY_BYTES  (4 + CH_SHA256_BYTES + 8)

struct key {
    uint32_t inspector_version;
    struct ch_sha256 ruleset;
    int64_t since_us;
};

struct keys {
    struct key *list; /* oldest first; the last one is in force */
    size_t count;
    int64_t looked_at_us; /* up to here it was seen whose grace has ended */
};

static enum ch_code read_keys(struct keeper *k, struct keys *keys, struct ch_err *err)
{
    struct ch_buf value;
    ch_buf_init(&value, ch_limits.rescan_keys * KEY_BYTES);
    enum ch_code rc = ch_store_get_value(k->store, VALUE_NAME, &value, err);
    if (rc == CH_OK) {
        struct ch_rd r = ch_rd_of(value.ptr, value.len);
        keys->count = value.len / KEY_BYTES;
        keys->list = ch_calloc(keys->count + 1, sizeof(*keys->list));
        for (size_t i = 0; i < keys->count; i++) {
            keys->list[i].inspector_version = ch_get_u32(&r);
            keys->list[i].ruleset = ch_get_sha256(&r);
            keys->list[i].since_us = (int64_t)ch_get_u64(&r);
        }
        rc = ch_rd_end(&r, "inspection-keys", err);
    }
    ch_buf_done(&value);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static enum ch_code add_key(struct keeper *k, const struct ch_sha256 *ruleset, struct ch_err *err)
{
    struct keys *keys = k->keys;
    struct ch_buf value;
    if (keys->count ==
        ch_limits.rescan_keys) { /* grace then counts from the oldest that is known */
        memmove(keys->list, keys->list + 1, (keys->count - 1) * sizeof(*keys->list));
        keys->count--;
    }
    keys->list = ch_realloc_array(keys->list, keys->count + 1, sizeof(*keys->list));
    keys->list[keys->count++] = (struct key){CH_INSPECTOR_VERSION, *ruleset, keeper_now_us(k)};
    k->ruleset = *ruleset;
    ch_buf_init(&value, ch_limits.rescan_keys * KEY_BYTES);
    for (size_t i = 0; i < keys->count; i++) {
        ch_put_u32(&value, keys->list[i].inspector_version);
        ch_put_sha256(&value, &keys->list[i].ruleset);
        ch_put_u64(&value, (uint64_t)keys->list[i].since_us);
    }
    enum ch_code rc = audit_set_value(k, VALUE_NAME, ch_buf_str(&value), err);
    ch_buf_done(&value);
    return rc;
}

enum ch_code keys_load(struct keeper *k, struct ch_err *err)
{
    k->keys = ch_calloc(1, sizeof(*k->keys));
    k->keys->looked_at_us = keeper_now_us(k);
    enum ch_code rc = read_keys(k, k->keys, err);
    const struct key *last = k->keys->count > 0 ? &k->keys->list[k->keys->count - 1] : NULL;
    struct ch_sha256 ruleset = last != NULL ? last->ruleset : (struct ch_sha256){{0}};
    k->ruleset = ruleset; /* until scanner-second says its own */
    if (rc == CH_OK && (last == NULL || last->inspector_version != CH_INSPECTOR_VERSION)) {
        rc = add_key(k, &ruleset, err);
    }
    return rc;
}

void keys_free(struct keeper *k)
{
    if (k->keys != NULL) {
        free(k->keys->list);
        free(k->keys);
        k->keys = NULL;
    }
}

void keys_announced(struct keeper *k, const struct ch_rules_loaded *rules)
{
    struct ch_err err;
    char hex[CH_SHA256_HEX + 1];
    k->rule_count = rules->rule_count;
    if (ch_sha256_eq(&k->ruleset, &rules->ruleset)) {
        return;
    }
    ch_sha256_hex(&rules->ruleset, hex);
    keeper_log("rules", "ruleset=%s rules=%llu", hex, (unsigned long long)rules->rule_count);
    keeper_raise_epoch(k);
    k->rules++;
    if (add_key(k, &rules->ruleset, &err) != CH_OK) { /* in force all the same */
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    pages_inspections_changed(k);
    rescan_begin(k);
}

int64_t keys_grace_ends(const struct keeper *k, int64_t inspected_at_us)
{
    const struct keys *keys = k->keys;
    int64_t grace_us = (int64_t)k->config->rescan_grace_days * 86400 * 1000000;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->list[i].since_us >= inspected_at_us) {
            return keys->list[i].since_us + grace_us;
        }
    }
    /* Nothing has changed since, and yet it is not of the key in force: the clock went back. */
    return inspected_at_us;
}

/* What was served on findings of replaced rules ends with their grace, also when nobody asks. */
void keys_watch_grace(struct keeper *k)
{
    int64_t now = keeper_now_us(k), before = k->keys->looked_at_us;
    int64_t grace_us = (int64_t)k->config->rescan_grace_days * 86400 * 1000000;
    bool ended = false;
    for (size_t i = 0; i < k->keys->count; i++) {
        int64_t end = k->keys->list[i].since_us + grace_us;
        ended = ended || (end > before && end <= now);
    }
    k->keys->looked_at_us = now;
    if (ended) {
        keeper_log("rescan", "what=\"the grace of replaced findings has ended\"");
        k->rules++;
        again_all(k);
    }
}
