/* At the start: an approval is only one that the keeper has entered. A row of the store alone
 * approves nothing (T4): its entry must be in the log's files, or wait under a seal of the log's
 * key, and say the same. */
#include "rulings.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/log/bundle.h"
#include "db/log/entry.h"

static bool says_text(const struct ch_log_entry_fields *f, const char *key, struct ch_str should)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_ENTRY_MAX);
    if (!ch_log_entry_get_str(f, key, &text)) {
        ch_buf_clear(&text);
    }
    bool same = ch_str_eq(ch_buf_str(&text), should.ptr != NULL ? should : CH_STR(""));
    ch_buf_done(&text);
    return same;
}

static bool says_sha(const struct ch_log_entry_fields *f, const char *key,
                     const struct ch_sha256 *should)
{
    struct ch_sha256 sha = {{0}};
    return ch_log_entry_get_sha(f, key, &sha) ? ch_sha256_eq(&sha, should)
                                              : ch_sha256_is_zero(should);
}

static bool says_number(const struct ch_log_entry_fields *f, const char *key, int64_t should,
                        int64_t absent)
{
    int64_t number = absent;
    if (!ch_log_entry_get_int(f, key, &number)) {
        number = absent;
    }
    return number == should;
}

static bool says(struct ch_str entry, const struct ch_ruling_row *r)
{
    struct ch_log_entry_fields f;
    struct ch_sha256 prints = {{0}};
    bool deny = true;
    if (r->fingerprint_count > 0) {
        prints = ch_sha256_of(r->fingerprints, r->fingerprint_count * sizeof(*r->fingerprints));
    }
    return ch_log_entry_read(entry, &f, NULL) == CH_OK && says_text(&f, "kind", CH_STR("ruling")) &&
           says_number(&f, "id", (int64_t)r->id, -1) && ch_log_entry_get_bool(&f, "deny", &deny) &&
           !deny && says_number(&f, "lifts", (int64_t)r->lifts, -1) &&
           says_number(&f, "expires_us", r->expires_at_us, CH_TIME_UNKNOWN) &&
           says_sha(&f, "policy", &r->policy) && says_sha(&f, "sha256", &r->sha256) &&
           says_sha(&f, "findings", &prints) && says_text(&f, "repository", r->repository) &&
           says_text(&f, "ecosystem", r->ecosystem) && says_text(&f, "project", r->project) &&
           says_text(&f, "file", r->file_name) && says_text(&f, "versions", r->version_spec);
}

static bool is_entered(struct keeper *k, const struct ch_ruling_row *r)
{
    struct ch_buf entry;
    struct ch_err err;
    uint64_t index = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    enum ch_code rc = ch_store_log_place(k->store, CH_STR("ruling"), r->id, &index, &err);
    rc = rc == CH_OK ? audit_read_entry(k, index, &entry, &err) : rc;
    bool good = rc == CH_OK && says(ch_buf_str(&entry), r);
    if (!good) {
        keeper_log("rulings", "ruling=%llu taken=0 error=\"%s\"", (unsigned long long)r->id,
                   rc != CH_OK ? err.msg : "its entry of the audit log says something else");
    }
    ch_buf_done(&entry);
    return good;
}

void rulings_check(struct keeper *k)
{
    uint64_t *bad = NULL;
    size_t count = 0;
    const struct ch_ruling_row *r;
    for (size_t i = 0; (r = rulings_at(k, i)) != NULL; i++) {
        if (!r->deny && !is_entered(k, r)) {
            bad = ch_realloc_array(bad, count + 1, sizeof(*bad));
            bad[count++] = r->id;
        }
    }
    rulings_distrust(k, bad, count);
    free(bad);
}

enum ch_code rulings_check_again(struct keeper *k, struct ch_err *err)
{
    rulings_distrust(k, NULL, 0);
    enum ch_code rc = rulings_load(k, err);
    rulings_check(k);
    keeper_raise_epoch(k);
    return rc;
}
