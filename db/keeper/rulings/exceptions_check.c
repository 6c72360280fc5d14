/* T4, T8: what the database has of an open exception counts only as the log has it, step by step:
 * who asked, who approved, of what, until when. A row alone neither approves nor makes an approval
 * one of something else. Of what is closed nothing comes any more; `audit verify` compares that. */
#include "exceptions_int.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/audit_says.h"

#define SAYS_ALL_OF_ROW 2 /* from this version of the first step on */

static bool is_closed(const struct exception *x)
{
    bool closed = false;
    for (size_t i = 0; i < x->step_count; i++) {
        closed = closed || x->steps[i].event > EXCEPTION_IN_FORCE;
    }
    return closed;
}

/* Each step repeats what it is about. */
static bool says_about(struct says *s, const struct exception *x)
{
    const struct ch_exception_row *r = &x->row;
    return says_text(s, "kind", CH_STR("exception")) &&
           says_number(s, "exception", (int64_t)r->id, 0) &&
           says_text(s, "ecosystem", r->ecosystem) && says_text(s, "environment", r->environment) &&
           says_text(s, "repository", r->repository) && says_text(s, "project", r->project) &&
           says_text(s, "versions", r->version_spec) && says_text(s, "file", r->file_name);
}

static bool says_step(struct says *s, const struct exception *x, size_t i)
{
    const struct exception_step *step = &x->steps[i];
    return says_number(s, "id", (int64_t)x->step_ids[i], 0) &&
           says_text(s, "step", ch_str_of(exception_event_name(step->event))) &&
           says_committed(s, "by", step->by) && says_flag(s, "alone", step->alone) &&
           says_committed(s, "reason", x->reasons[i]) && says_sha(s, "bytes", &step->shown.bytes) &&
           says_sha(s, "evidence", &step->shown.evidence) &&
           says_sha(s, "policy", &step->shown.policy) && says_number(s, "at_us", step->at_us, 0) &&
           says_number(s, "expires_us", step->expires_at_us, CH_TIME_UNKNOWN);
}

static bool says_request(struct says *s, const struct exception *x)
{
    const struct ch_exception_row *r = &x->row;
    int64_t version = 0;
    if (!says_committed(s, "by", r->requester) || !says_committed(s, "reason", r->reason) ||
        !says_committed(s, "address", r->address) || !says_number(s, "at_us", r->at_us, 0) ||
        !says_number(s, "expires_us", r->expires_at_us, CH_TIME_UNKNOWN)) {
        return false;
    }
    if (ch_log_entry_get_int(&s->f, "v", &version) && version < SAYS_ALL_OF_ROW) {
        return true;
    }
    return says_sha(s, "sha256", &r->sha256) && says_committed(s, "overrides", r->overrides) &&
           says_text(s, "refusal", r->refusal) && says_number(s, "renews", (int64_t)r->renews, 0);
}

static bool says_rulings(struct says *s, const struct exception *x)
{
    struct ch_buf numbers;
    ch_buf_init(&numbers, 64u << 10);
    for (size_t i = 0; i < x->ruling_count; i++) {
        ch_buf_printf(&numbers, "%s%llu", i > 0 ? "," : "", (unsigned long long)x->rulings[i]);
    }
    bool same = ch_buf_ok(&numbers, NULL) == CH_OK && says_text(s, "rulings", ch_buf_str(&numbers));
    ch_buf_done(&numbers);
    return same;
}

static enum ch_code check_step(struct keeper *k, const struct said_entry *entry,
                               struct exception *x, size_t i, struct ch_err *err)
{
    struct says s;
    if (!entry->sealed || entry->entry.len == 0) {
        x->altered = "steps of it are in the audit log under no seal";
        return CH_OK;
    }
    enum ch_code rc = says_begin(k, entry, &s, err);
    if (rc == CH_OK) {
        bool says = says_about(&s, x) && says_step(&s, x, i) && (i > 0 || says_request(&s, x)) &&
                    (x->steps[i].event != EXCEPTION_IN_FORCE || says_rulings(&s, x));
        x->altered = !says        ? "the audit log says something else of it"
                     : s.unlisted ? "texts of it were erased by a release that kept nothing to "
                                    "compare them with"
                                  : NULL;
        rc = s.failed != CH_OK ? ch_fail(err, s.failed, "what was erased cannot be read") : CH_OK;
    }
    return rc;
}

enum ch_code exception_check(struct keeper *k, struct exception *x, struct ch_err *err)
{
    x->altered = NULL;
    if (is_closed(x)) {
        return CH_OK;
    }
    if (!audit_is_recalled(k)) {
        x->altered = "the audit log cannot be read back";
        return CH_OK;
    }
    struct said_entry *steps = ch_calloc(x->step_count + 1, sizeof(*steps));
    size_t count = said_steps(audit_said(k), x->row.id, steps, x->step_count);
    x->altered = count == 0 ? "the audit log has no such exception"
                 : said_exception_is_closed(audit_said(k), x->row.id)
                     ? "by the audit log it is closed"
                 : count != x->step_count ? "the audit log has other steps of it"
                                          : NULL;
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && x->altered == NULL && i < count; i++) {
        rc = check_step(k, &steps[i], x, i, err);
    }
    free(steps);
    return rc;
}

enum ch_code exception_is_logged(const struct exception *x, struct ch_err *err)
{
    return x->altered == NULL
               ? CH_OK
               : ch_fail(err, CH_E_CONFLICT,
                         "the database was altered: %s, so it cannot be approved: reject it and "
                         "ask anew; customhouse audit verify names what was altered",
                         x->altered);
}

size_t exceptions_altered(const struct keeper *k)
{
    size_t count = 0;
    for (size_t i = 0; i < exceptions_count(k); i++) {
        count += exceptions_at(k, i)->altered != NULL;
    }
    return count;
}
