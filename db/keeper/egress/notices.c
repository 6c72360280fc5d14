/* What people are told, as JSON for a webhook and as lines for a mail. */
#include "notices_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "db/keeper/rulings/exceptions.h"
#include "db/keeper/commands/json.h"
#include "db/keeper/rulings/altered.h"

#define HOUR_US 3600000000LL

void notice_begin(struct notice *n, struct keeper *k, enum ch_notice_event event, const char *type,
                  int64_t at_us)
{
    *n = (struct notice){.k = k, .event = event, .type = type, .at_us = at_us};
    ch_buf_init(&n->data, (size_t)ch_limits.notice_bytes / 2);
    ch_buf_init(&n->text, (size_t)ch_limits.notice_bytes / 4);
}

void notice_put_entry(struct notice *n, uint64_t entry)
{
    json_field(&n->data, "log", audit_origin(n->k));
    json_number(&n->data, "entry", entry);
    ch_buf_printf(&n->text, "Entry %llu of the audit log.\n", (unsigned long long)entry);
}

/* Nobody guesses one, and none is given twice: receivers tell by it what they have already. */
static void put_message_id(struct ch_buf *b)
{
    char id[KEEPER_ID_LEN + 1];
    keeper_random_id(id);
    ch_buf_printf(b, "msg_%s", id);
}

/* Nothing is added where the destination is told nothing of this. */
static enum ch_code add_for(const struct notice *n, enum ch_destination_kind kind,
                            const struct ch_destination *d, struct ch_str message,
                            struct ch_err *err)
{
    struct ch_buf body;
    ch_buf_init(&body, (size_t)ch_limits.notice_bytes);
    if (kind == CH_DESTINATION_MAIL) {
        ch_buf_puts(&body, ch_buf_str(&n->text));
    } else {
        notice_put_body(n, d->format, message, &body);
    }
    const struct ch_notice_row row = {.kind = kind,
                                      .destination = ch_str_of(d->name),
                                      .message = message,
                                      .event = ch_str_of(n->type),
                                      .body = ch_buf_str(&body),
                                      .at_us = n->at_us,
                                      .due_at_us = n->at_us};
    enum ch_code rc = ch_buf_ok(&body, err);
    if (rc == CH_OK && body.len > 0) {
        rc = ch_store_add_notice(n->k->store, &row, err);
        notices_added(n->k);
    }
    ch_buf_done(&body);
    return rc;
}

static enum ch_code add(const struct notice *n, struct ch_str message, struct ch_err *err)
{
    static const enum ch_destination_kind kinds[] = {CH_DESTINATION_WEBHOOK, CH_DESTINATION_MAIL};
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        size_t count = 0;
        const struct ch_destination *list = ch_config_destinations(n->k->config, kinds[i], &count);
        for (size_t d = 0; d < count && rc == CH_OK; d++) {
            if (ch_destination_wants(&list[d], n->event)) {
                rc = add_for(n, kinds[i], &list[d], message, err);
            }
        }
    }
    return rc;
}

enum ch_code notice_end(struct notice *n, struct ch_err *err)
{
    struct ch_buf message;
    ch_buf_init(&message, 64);
    put_message_id(&message);
    enum ch_code rc = ch_buf_ok(&n->data, err);
    rc = rc == CH_OK ? ch_buf_ok(&n->text, err) : rc;
    rc = rc == CH_OK ? add(n, ch_buf_str(&message), err) : rc;
    ch_buf_done(&message);
    ch_buf_done(&n->data);
    ch_buf_done(&n->text);
    return rc;
}

/* ------------------------------------------------------------------ exceptions */

static void put_subject(struct ch_buf *b, const struct ch_exception_row *of)
{
    if (of->file_name.len > 0) {
        ch_buf_put_escaped(b, of->file_name);
    } else {
        ch_buf_put_escaped(b, of->project);
        ch_buf_put_escaped(b, of->version_spec);
    }
    ch_buf_puts(b, CH_STR(" in "));
    ch_buf_put_escaped(b, of->repository);
    ch_buf_puts(b, CH_STR(" ("));
    ch_buf_put_escaped(b, of->environment);
    ch_buf_putc(b, ')');
}

static void put_exception(struct notice *n, const struct ch_exception_row *of,
                          int64_t expires_at_us)
{
    json_number(&n->data, "exception", of->id);
    json_field(&n->data, "repository", of->repository);
    json_field(&n->data, "environment", of->environment);
    json_field(&n->data, "project", of->project);
    json_field(&n->data, "versions", of->version_spec);
    json_field(&n->data, "file", of->file_name);
    json_time(&n->data, "expires_at", expires_at_us);
    if (of->renews != 0) {
        json_number(&n->data, "renews", of->renews);
    }
    if (of->refusal.len > 0) {
        struct ch_buf url;
        const struct ch_setup *setup = &n->k->child.setup;
        char *origin = ch_config_origin(n->k->config, setup->listener, setup->listener_count);
        ch_buf_init(&url, (size_t)ch_limits.url_bytes);
        ch_buf_printf(&url, "%s/-/x/%.*s", origin, CH_STR_ARG(of->refusal));
        json_field(&n->data, "url", ch_buf_str(&url));
        ch_buf_done(&url);
        free(origin);
    }
}

static void put_look_up(struct notice *n, uint64_t exception)
{
    ch_buf_printf(&n->text, "customhouse exceptions show %llu says who and why.\n",
                  (unsigned long long)exception);
}

static const struct {
    enum ch_notice_event event;
    const char *type;
    const char *sentence;
} of_step[] = {
    [EXCEPTION_REQUESTED] = {CH_NOTICE_REQUESTS, "exception.requested", "was asked for"},
    [EXCEPTION_IN_FORCE] = {CH_NOTICE_DECISIONS, "exception.approved", "is approved and in force"},
    [EXCEPTION_REJECTED] = {CH_NOTICE_DECISIONS, "exception.rejected", "was rejected"},
    [EXCEPTION_REVOKED] = {CH_NOTICE_DECISIONS, "exception.revoked", "was revoked"},
    [EXCEPTION_RENEWED] = {CH_NOTICE_DECISIONS, "exception.renewed",
                           "is renewed: another one has taken its place"},
    [EXCEPTION_ENDED] = {CH_NOTICE_ENDINGS, "exception.ended", "has ended"},
};

enum ch_code notices_exception(struct keeper *k, const struct ch_exception_row *of,
                               const struct ch_exception_step_row *step, uint64_t entry,
                               struct ch_err *err)
{
    struct notice n;
    struct ch_exception_row row = *of;
    if (step->event >= CH_ARRAY_LEN(of_step) || of_step[step->event].type == NULL) {
        return CH_OK;
    }
    row.id = step->exception;
    notice_begin(&n, k, of_step[step->event].event, of_step[step->event].type, step->at_us);
    ch_buf_printf(&n.text, "Exception %llu for ", (unsigned long long)row.id);
    put_subject(&n.text, &row);
    ch_buf_printf(&n.text, " %s.\n", of_step[step->event].sentence);
    if (row.renews != 0 && step->event <= EXCEPTION_IN_FORCE) {
        ch_buf_printf(&n.text, "It renews exception %llu.\n", (unsigned long long)row.renews);
    }
    put_exception(&n, &row, step->expires_at_us);
    put_look_up(&n, row.id);
    notice_put_entry(&n, entry);
    enum ch_code rc = notice_end(&n, err);
    if (rc != CH_OK &&
        step->event >= EXCEPTION_REJECTED) { /* T4: a step away is taken all the same */
        keeper_log("notice", "error=\"%s\"", err->msg);
        rc = CH_OK;
    }
    return rc;
}

enum ch_code notices_approval(struct keeper *k, const struct ch_exception_row *of, size_t needed,
                              size_t missing, struct ch_err *err)
{
    struct notice n;
    notice_begin(&n, k, CH_NOTICE_REQUESTS, "exception.waiting", keeper_now_us(k));
    ch_buf_printf(&n.text, "Exception %llu for ", (unsigned long long)of->id);
    put_subject(&n.text, of);
    ch_buf_printf(&n.text, " is approved by %zu of %zu, and waits for %zu more.\n",
                  needed - missing, needed, missing);
    put_exception(&n, of, of->expires_at_us);
    json_number(&n.data, "approvals_needed", needed);
    json_number(&n.data, "approvals_missing", missing);
    put_look_up(&n, of->id);
    return notice_end(&n, err);
}

static enum ch_code tell_end(struct keeper *k, const struct exception *x, int64_t end_us,
                             struct ch_err *err)
{
    struct notice n;
    char time[40];
    enum ch_code rc = ch_store_tell_end(k->store, x->row.id, end_us, err);
    if (rc != CH_OK) {
        return rc == CH_E_EXISTS ? CH_OK : rc;
    }
    command_time(end_us, time, sizeof(time));
    notice_begin(&n, k, CH_NOTICE_ENDINGS, "exception.ending", keeper_now_us(k));
    ch_buf_printf(&n.text, "Exception %llu for ", (unsigned long long)x->row.id);
    put_subject(&n.text, &x->row);
    ch_buf_printf(&n.text, " ends %s.\n", time);
    put_exception(&n, &x->row, end_us);
    put_look_up(&n, x->row.id);
    return notice_end(&n, err);
}

/* Of what is in force: its rulings' end, which is that of the step that put it in force. */
static int64_t end_of(const struct exception *x)
{
    int64_t end_us = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < x->step_count; i++) {
        if (x->steps[i].event == EXCEPTION_IN_FORCE) {
            end_us = x->steps[i].expires_at_us;
        }
    }
    return end_us;
}

void notices_endings(struct keeper *k)
{
    int64_t now = keeper_now_us(k), soon = now + (int64_t)k->config->notice_ending_hours * HOUR_US;
    struct ch_err err;
    size_t hooks = 0, mails = 0;
    ch_config_destinations(k->config, CH_DESTINATION_WEBHOOK, &hooks);
    ch_config_destinations(k->config, CH_DESTINATION_MAIL, &mails);
    for (size_t i = 0; hooks + mails > 0 && i < exceptions_count(k); i++) {
        const struct exception *x = exceptions_at(k, i);
        int64_t end_us = end_of(x);
        if (end_us == CH_TIME_UNKNOWN || end_us > soon || end_us <= now ||
            exception_state_of(k, x) != EXCEPTION_STATE_EFFECTIVE) {
            continue;
        }
        enum ch_code rc = keeper_write(k, &err);
        rc = rc == CH_OK ? audit_step(k, &err) : rc;
        if (rc == CH_OK) {
            rc = tell_end(k, x, end_us, &err);
            rc = audit_step_end(k, rc, &err);
        }
        if (rc != CH_OK) {
            keeper_log("notice", "error=\"%s\"", err.msg); /* the next tick tries again */
            return;
        }
    }
}

/* ------------------------------------------------------------------ policies */

enum ch_code notices_policy(struct keeper *k, const struct ch_policy_proposal_row *row,
                            uint64_t entry, struct ch_err *err)
{
    struct notice n;
    notice_begin(&n, k, CH_NOTICE_REQUESTS, "policy.proposed", row->at_us);
    json_number(&n.data, "proposal", row->id);
    json_digest(&n.data, "policy", &row->policy);
    json_digest(&n.data, "base", &row->base);
    ch_buf_printf(&n.text,
                  "Another policy is proposed, as proposal %llu.\n"
                  "customhouse policy proposals %llu shows what it would change.\n",
                  (unsigned long long)row->id, (unsigned long long)row->id);
    notice_put_entry(&n, entry);
    return notice_end(&n, err);
}

/* ------------------------------------------------------------------ alarms */

void notices_decision(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                      bool attack, bool was_allow, uint64_t entry)
{
    struct notice n;
    struct ch_err err;
    bool found = ch_str_starts(row->rule, CH_STR("finding "));
    if (row->verdict == CH_VERDICT_ALLOW || !found || (!attack && !was_allow)) {
        return;
    }
    notice_begin(&n, k, CH_NOTICE_ALARMS, was_allow ? "alarm.withdrawn" : "alarm.attack",
                 row->at_us);
    ch_buf_put_escaped(&n.text, row->file_name);
    ch_buf_puts(&n.text, CH_STR(" in "));
    ch_buf_put_escaped(&n.text, row->repository);
    ch_buf_printf(&n.text, " (%s) %s by what inspection found: ", p->config->environment,
                  was_allow ? "was allowed, and is withdrawn" : "is refused");
    ch_buf_put_escaped(&n.text, row->rule);
    ch_buf_puts(&n.text, CH_STR(".\n"));
    json_field(&n.data, "repository", row->repository);
    json_field(&n.data, "environment", ch_str_of(p->config->environment));
    json_field(&n.data, "project", row->project);
    json_field(&n.data, "file", row->file_name);
    json_digest(&n.data, "sha256", &row->sha256);
    json_field(&n.data, "verdict", ch_str_of(ch_verdict_name(row->verdict)));
    json_field(&n.data, "rule", row->rule);
    json_bool(&n.data, "was_allowed", was_allow);
    if (was_allow) {
        ch_buf_puts(&n.text, CH_STR("customhouse fetched-by says who has it.\n"));
    }
    notice_put_entry(&n, entry);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}

void notices_admitted(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                      uint64_t places, uint64_t entry)
{
    struct notice n;
    struct ch_err err;
    notice_begin(&n, k, CH_NOTICE_ALARMS, "alarm.admitted", row->at_us);
    ch_buf_put_escaped(&n.text, row->project);
    ch_buf_puts(&n.text, CH_STR(" in "));
    ch_buf_put_escaped(&n.text, row->repository);
    ch_buf_printf(
        &n.text,
        " (%s) is not allowed any more (%s), and may be running: it was admitted in %llu "
        "place%s.\ncustomhouse runtime list says where, and runtime sweep finds its pods.\n",
        p->config->environment, ch_verdict_name(row->verdict), (unsigned long long)places,
        places == 1 ? "" : "s");
    json_field(&n.data, "repository", row->repository);
    json_field(&n.data, "environment", ch_str_of(p->config->environment));
    json_field(&n.data, "project", row->project);
    json_digest(&n.data, "sha256", &row->sha256);
    json_field(&n.data, "verdict", ch_str_of(ch_verdict_name(row->verdict)));
    json_number(&n.data, "places", places);
    notice_put_entry(&n, entry);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}

void notices_last_copies(struct keeper *k, uint64_t files, uint64_t bytes, uint64_t entry)
{
    struct notice n;
    struct ch_err err;
    notice_begin(&n, k, CH_NOTICE_ALARMS, "alarm.last-copies", keeper_now_us(k));
    ch_buf_printf(
        &n.text,
        "%llu last cop%s of approved files, %llu bytes, %s lost for good: their upstreams "
        "have them no more, and they took more than store.last_copies_percent.\n"
        "customhouse audit search --kind last-copy-lost says which.\n",
        (unsigned long long)files, files == 1 ? "y" : "ies", (unsigned long long)bytes,
        files == 1 ? "was" : "were");
    json_number(&n.data, "files", files);
    json_number(&n.data, "bytes", bytes);
    notice_put_entry(&n, entry);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}

void notices_altered(struct keeper *k, const struct altered *a)
{
    struct notice n;
    struct ch_err err;
    notice_begin(&n, k, CH_NOTICE_ALARMS, "alarm.altered", keeper_now_us(k));
    ch_buf_printf(
        &n.text,
        "The database is not what the audit log says, which is what counts: approvals that "
        "are not taken: %zu, denials in force without their rows: %zu, exceptions that nobody can "
        "approve: %zu, rows about people that give nothing or are gone: %zu.\n"
        "customhouse audit verify names them.\n",
        a->approvals, a->denials, a->exceptions, a->people);
    json_number(&n.data, "approvals", a->approvals);
    json_number(&n.data, "denials", a->denials);
    json_number(&n.data, "exceptions", a->exceptions);
    json_number(&n.data, "people", a->people);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}

/* ------------------------------------------------------------------ the audit log */

void notices_log(struct keeper *k, bool over, uint64_t entry)
{
    struct notice n;
    struct ch_err err;
    notice_begin(&n, k, CH_NOTICE_LOG, over ? "log.recovered" : "log.trouble", keeper_now_us(k));
    ch_buf_puts(
        &n.text,
        over ? CH_STR("The audit log can be written again.\n")
             : CH_STR("The audit log cannot be written. Nothing new is allowed until it can; "
                      "what is withdrawn is withdrawn all the same.\n"));
    json_bool(&n.data, "over", over);
    notice_put_entry(&n, entry);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}

void notices_witness(struct keeper *k, bool over, struct ch_str name, const char *fault,
                     uint64_t entry)
{
    struct notice n;
    struct ch_err err;
    notice_begin(&n, k, CH_NOTICE_LOG, over ? "checkpoint.recovered" : "checkpoint.trouble",
                 keeper_now_us(k));
    ch_buf_printf(&n.text,
                  over ? "Witness %.*s cosigns the audit log's checkpoints again (it was: %s).\n"
                       : "Witness %.*s does not cosign the audit log's checkpoints: %s. "
                         "customhouse status says more.\n",
                  CH_STR_ARG(name), fault);
    json_bool(&n.data, "over", over);
    json_field(&n.data, "witness", name);
    json_field(&n.data, "fault", ch_str_of(fault));
    notice_put_entry(&n, entry);
    if (notice_end(&n, &err) != CH_OK) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
}
