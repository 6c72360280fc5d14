/* What the log says beside what the database has (T4). A row of the database alone approves
 * nothing, and neither ends a denial nor takes one away: what counts is the entry, in the log's
 * files or waiting for them under a seal of the log's key. */
#include "rulings_int.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/audit_says.h"
#include "db/log/bundle.h"

/* The words of it (by whom, why) are not asked for: nothing is decided by them. */
static bool says(struct ch_str entry, const struct ch_ruling_row *r)
{
    struct says s = {.failed = CH_OK};
    struct ch_sha256 prints = {{0}};
    if (r->fingerprint_count > 0) {
        prints = ch_sha256_of(r->fingerprints, r->fingerprint_count * sizeof(*r->fingerprints));
    }
    return ch_log_entry_read(entry, &s.f, NULL) == CH_OK &&
           says_text(&s, "kind", CH_STR("ruling")) && says_number(&s, "id", (int64_t)r->id, -1) &&
           says_flag(&s, "deny", r->deny) && says_number(&s, "lifts", (int64_t)r->lifts, -1) &&
           says_number(&s, "expires_us", r->expires_at_us, CH_TIME_UNKNOWN) &&
           says_sha(&s, "policy", &r->policy) && says_sha(&s, "evidence", &r->evidence) &&
           says_sha(&s, "sha256", &r->sha256) && says_sha(&s, "findings", &prints) &&
           says_text(&s, "repository", r->repository) && says_text(&s, "ecosystem", r->ecosystem) &&
           says_text(&s, "project", r->project) && says_text(&s, "file", r->file_name) &&
           says_text(&s, "versions", r->version_spec);
}

const char *ruling_differs(struct keeper *k, const struct ch_ruling_row *r)
{
    struct said_ruling said;
    if (!audit_is_recalled(k)) {
        return "the audit log cannot be read back";
    }
    if (!said_approval(audit_said(k), r->id, &said)) {
        return "the audit log has no such approval, or its end";
    }
    if (!says(said.entry, r)) {
        return "its entry of the audit log says something else";
    }
    return ch_str_eq(said.environment, r->environment)
               ? NULL
               : "by the audit log it came into force with another exception, or for another "
                 "environment";
}

/* ------------------------------------------------------------------ denials */

struct finding {
    const struct ch_ruling_row *row;
    uint64_t at;
};

static void find_same(void *ctx, const struct said_ruling *denial)
{
    struct finding *f = ctx;
    if (f->at == 0 && says(denial->entry, f->row)) {
        f->at = denial->index + 1;
    }
}

bool ruling_denies(struct keeper *k, const struct ch_ruling_row *row, uint64_t *ret_at)
{
    struct finding f = {.row = row};
    size_t known = said_denials(audit_said(k), row->id, find_same, &f);
    *ret_at = f.at;
    return f.at != 0 || known == 0;
}

static struct ch_str text_in(const struct ch_log_entry_fields *f, const char *key,
                             struct ch_buf *memory)
{
    size_t at = memory->len;
    CH_IGNORE(ch_log_entry_get_str(f, key, memory));
    return (struct ch_str){memory->len > at ? memory->ptr + at : NULL, memory->len - at};
}

bool ruling_from_log(const struct said_ruling *denial, struct ch_buf *memory,
                     struct ch_ruling_row *ret)
{
    struct ch_log_entry_fields f;
    size_t need = denial->entry.len + 200; /* what it unescapes is shorter */
    if (ch_log_entry_read(denial->entry, &f, NULL) != CH_OK) {
        return false;
    }
    ch_buf_init(memory, need);
    CH_ASSERT(ch_buf_reserve(memory, need) != NULL); /* slices do not move */
    *ret = (struct ch_ruling_row){.id = denial->id,
                                  .deny = true,
                                  .by = CH_STR("the audit log"),
                                  .at_us = 0,
                                  .expires_at_us = CH_TIME_UNKNOWN};
    ret->repository = text_in(&f, "repository", memory);
    ret->ecosystem = text_in(&f, "ecosystem", memory);
    ret->project = text_in(&f, "project", memory);
    ret->version_spec = text_in(&f, "versions", memory);
    ret->file_name = text_in(&f, "file", memory);
    CH_IGNORE(ch_log_entry_get_sha(&f, "sha256", &ret->sha256));
    CH_IGNORE(ch_log_entry_get_int(&f, "at_us", &ret->at_us));
    CH_IGNORE(ch_log_entry_get_int(&f, "expires_us", &ret->expires_at_us));
    size_t at = memory->len;
    ch_buf_printf(
        memory,
        "denied by entry %llu of the audit log; what the database had of it is gone or altered",
        (unsigned long long)denial->index);
    ret->reason = ch_str_sub(ch_buf_str(memory), at, memory->len - at);
    return true;
}
