/* exceptions: request, renew, reject, revoke; approving is commands_approve.c, showing
 * commands_exceptions_show.c. */
#include "commands_int.h"

#include <stdio.h>

#include "customhouse/limits.h"

/* ------------------------------------------------------------------ what it is about */

static void copy(char *to, size_t size, struct ch_str s)
{
    snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.len > 0 ? s.ptr : "");
}

void command_what_of(const struct ch_exception_row *row, struct what *ret)
{
    struct ch_str page, project;
    *ret = (struct what){.kind = WHAT_FILE};
    exception_place(row, &page, &project);
    copy(ret->repository, sizeof(ret->repository), row->repository);
    copy(ret->page, sizeof(ret->page), page);
    copy(ret->scope, sizeof(ret->scope), page.len > 0 ? row->project : page);
    copy(ret->project, sizeof(ret->project), project);
    copy(ret->file_name, sizeof(ret->file_name), row->file_name);
    copy(ret->spec, sizeof(ret->spec), row->version_spec);
    if (row->file_name.len > 0) {
        return;
    }
    ret->kind = WHAT_RANGE;
    if (ch_str_starts(row->version_spec, CH_STR("==")) &&
        !ch_str_find_char(row->version_spec, '*', NULL) &&
        !ch_str_find_char(row->version_spec, ',', NULL)) {
        ret->kind = WHAT_VERSION;
        copy(ret->version, sizeof(ret->version),
             ch_str_trim(ch_str_sub(row->version_spec, 2, row->version_spec.len)));
    }
}

struct ch_exception_row command_scope(const struct command *c, const struct what *what)
{
    const struct ch_repository *repo =
        ch_config_repository(c->k->config, ch_str_of(what->repository));
    bool file = what->kind == WHAT_FILE;
    return (struct ch_exception_row){
        .repository = ch_str_of(what->repository),
        .environment = ch_str_of(repo != NULL ? repo->environment : NULL),
        .ecosystem = ch_str_of(repo != NULL ? repo->ecosystem : NULL),
        .project = ch_str_of(what->scope[0] != '\0' ? what->scope : what->project),
        .version_spec = ch_str_of(file ? NULL : what->spec),
        .file_name = ch_str_of(file ? what->file_name : NULL),
    };
}

void command_put_scope(struct ch_buf *b, const struct ch_exception_row *row)
{
    ch_buf_put_escaped(b, row->file_name.len > 0 ? row->file_name : row->project);
    ch_buf_put_escaped(b, row->version_spec);
}

uint64_t command_exception_id(const struct command *c)
{
    uint64_t id = 0;
    return ch_str_u64(command_word(c), &id) ? id : 0;
}

static struct ch_exception_terms terms_of(const struct command *c, const struct what *what)
{
    struct ch_exception_row row = command_scope(c, what);
    return ch_policy_exception_terms(c->k->policy, row.repository, row.environment);
}

int64_t command_usual_end(const struct ch_exception_terms *terms, int64_t now_us,
                          int64_t *ret_latest_us)
{
    const int64_t day = (int64_t)86400 * 1000000;
    uint32_t days = terms->default_days < terms->max_days ? terms->default_days : terms->max_days;
    *ret_latest_us =
        ((now_us + terms->max_days * day) / day + 1) * day; /* a date is its whole day */
    return now_us + days * day;
}

bool command_terms(struct command *c, const struct what *what, int64_t wanted_us,
                   bool reason_needed, struct ch_str *ret_reason, int64_t *ret_expires_us)
{
    struct ch_exception_terms terms = terms_of(c, what);
    struct ch_str expires = command_option(c, "expires");
    int64_t now = keeper_now_us(c->k), latest_us;
    int64_t end_us = command_usual_end(&terms, now, &latest_us);
    *ret_reason = ch_str_trim(command_option(c, "reason"));
    *ret_expires_us = wanted_us != CH_TIME_UNKNOWN ? wanted_us : end_us;
    if (ret_reason->len > ch_limits.exception_reason_bytes ||
        (reason_needed && ret_reason->len == 0)) {
        command_end(c, 2, "--reason: expected a sentence of 1 to %llu bytes",
                    (unsigned long long)ch_limits.exception_reason_bytes);
        return false;
    }
    if (expires.len > 0 && !command_expiry(expires, now, ret_expires_us)) {
        command_end(c, 2, "--expires: " COMMAND_EXPIRY);
        return false;
    }
    if (*ret_expires_us > latest_us) {
        command_end(c, 2, "--expires: at most %u days, as the policy says (exceptions: max_days)",
                    terms.max_days);
        return false;
    }
    return true;
}

bool command_is_wide(struct command *c, const struct what *what, enum step *ret_step)
{
    bool wide = what->kind == WHAT_RANGE && what->page[0] != '\0';
    if (wide) {
        *ret_step = command_end(c, 2, "%s%s holds on every page that lists it: leave %s/ away",
                                what->project, what->spec, what->page);
    }
    return wide;
}

bool command_is_withheld(struct command *c, const struct what *what)
{
    struct ch_err err;
    struct page *p = command_find_page(c->k, what, &err);
    if (p != NULL) {
        page_load(c->k, p);
    }
    bool withheld = p != NULL && page_withheld(p);
    if (withheld) {
        command_end(c, 1, "%s: nothing was approved; what would change it: %s", what->project,
                    refusal_withheld_advice(p));
    }
    return withheld;
}

/* local:UID may only while nobody was ever named approver; then alone (people.h). */
static bool is_alone(const struct command *c, const struct what *what)
{
    struct ch_exception_row row = command_scope(c, what);
    struct place at = {row.repository, row.environment};
    return c->who.kind == PRINCIPAL_LOCAL &&
           people_may(c->k->people, &c->who, ACTION_EXCEPTION_APPROVE, &at);
}

bool command_may_approve(struct command *c, const struct what *what, bool *ret_alone)
{
    *ret_alone = is_alone(c, what);
    return command_may(c, ACTION_EXCEPTION_APPROVE, ch_str_of(what->repository));
}

/* ------------------------------------------------------------------ request */

static enum step tell_asked(struct command *c, uint64_t id, bool joined)
{
    const struct exception *x = exceptions_find(c->k, id);
    struct command_needed needed = {.persons = 1, .missing = 1};
    char until[40] = "";
    if (x != NULL) {
        needed = command_needed_now(c->k, x);
        command_time(x->row.expires_at_us, until, sizeof(until));
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 256);
        ch_buf_putc(&b, '{');
        json_number(&b, "exception", id);
        json_bool(&b, "joined", joined);
        json_time(&b, "expires", x != NULL ? x->row.expires_at_us : CH_TIME_UNKNOWN);
        json_number(&b, "approvals_missing", needed.missing);
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        command_put_needed(&b, &needed);
        command_print(c,
                      joined ? "asked for already, as exception %llu, until %s\n"
                             : "asked for, as exception %llu\n",
                      (unsigned long long)id, until);
        command_print(c, "%.*s\n", CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
    }
    return command_end(c, 0, "%s", "");
}

/* Whether there is something to ask for; false: wait, or the command has ended. */
static bool may_ask(struct command *c, const struct what *what, struct ch_buf *overrides,
                    struct page **ret_page, enum step *ret_step)
{
    struct ch_decision denied;
    if (what->kind == WHAT_PROJECT) {
        *ret_step =
            command_end(c, 2, "ask for a file, a version (%s==VERSION) or a range (%s>=VERSION)",
                        what->project, what->project);
        return false;
    }
    if (command_is_wide(c, what, ret_step)) {
        return false;
    }
    if (what->kind == WHAT_RANGE) {
        command_put_holds(overrides, ch_approval_liftable(false));
        return true;
    }
    struct page *p = command_page(c, what, ret_step);
    if (p == NULL) {
        return false;
    }
    size_t named = command_put_overrides(c->k, p, what, overrides, &denied);
    if (named == 0) {
        *ret_step = command_end(c, 1, "%s: the upstream lists no such file", what->project);
    } else if (denied.verdict == CH_VERDICT_DENY) {
        *ret_step = command_end(c, 1, "%s: denied (%s): %s; no exception can lift that",
                                what->project, denied.rule, denied.reason);
    } else if (overrides->len == 0) {
        *ret_step =
            command_end(c, 1, "%s: nothing holds it that an exception could lift", what->project);
    }
    *ret_page = p;
    return named > 0 && denied.verdict != CH_VERDICT_DENY && overrides->len > 0;
}

/* Whether all that is named passes as it is. */
static bool passes(struct command *c, struct page *p, const struct what *what)
{
    for (size_t i = 0; p != NULL && i < p->facts.file_count; i++) {
        struct ch_decision d;
        if (command_names(p, i, what)) {
            judge(c->k, p, i, &d);
            if (d.verdict != CH_VERDICT_ALLOW || d.audited) {
                return false;
            }
        }
    }
    return true;
}

/* Whoever joins what is asked for asks for its end: another one is not passed over in silence. */
static enum step refuse_other_end(struct command *c, const struct exception *x)
{
    char until[40];
    command_time(x->row.expires_at_us, until, sizeof(until));
    return command_end(
        c, 1,
        "exception %llu is asked for already, until %s: leave --expires away to ask for it, too, "
        "or who approves it gives another end (customhouse approve %llu --expires WHEN)",
        (unsigned long long)x->row.id, until, (unsigned long long)x->row.id);
}

static enum step ask(struct command *c, const struct what *what, uint64_t renews)
{
    struct ch_str who = ch_str_of(c->who.text), reason;
    struct ch_exception_row row = command_scope(c, what);
    struct page *p = NULL;
    struct ch_err err;
    struct ch_buf overrides;
    enum step step = STEP_DONE;
    if (!command_terms(c, what, CH_TIME_UNKNOWN, true, &reason, &row.expires_at_us) ||
        command_is_withheld(c, what)) {
        return STEP_DONE;
    }
    ch_buf_init(&overrides, 1024);
    if (!may_ask(c, what, &overrides, &p, &step)) {
        ch_buf_done(&overrides);
        return step;
    }
    const struct exception *x = exceptions_about(c->k, &row);
    enum exception_state s = x != NULL ? exception_state_of(c->k, x) : EXCEPTION_STATE_NONE;
    if (s == EXCEPTION_STATE_OPEN && command_has(c, "expires") &&
        !exception_ends_at(x, row.expires_at_us)) {
        step = refuse_other_end(c, x);
    } else if (s == EXCEPTION_STATE_OPEN) {
        uint64_t id = x->row.id;
        step = exceptions_join(c->k, id, who, (struct ch_str){NULL, 0}, reason, &err) == CH_OK
                   ? tell_asked(c, id, true)
                   : command_end(c, 1, "%s", err.msg);
    } else if (s == EXCEPTION_STATE_EFFECTIVE && renews == 0 && passes(c, p, what)) {
        step = command_end(c, 1, "exception %llu is in force for it (customhouse exceptions renew)",
                           (unsigned long long)x->row.id);
    } else {
        struct exception_shown shown = command_shown(c->k, p, what);
        row.overrides = ch_buf_str(&overrides);
        row.reason = reason;
        row.requester = who;
        row.renews = renews;
        row.at_us = keeper_now_us(c->k);
        ptrdiff_t at = p != NULL ? page_find_file(p, row.file_name) : -1;
        row.sha256 = at >= 0 ? *command_bytes_now(p, (size_t)at) : (struct ch_sha256){{0}};
        step = exceptions_ask(c->k, &row, &shown, &err) == CH_OK ? tell_asked(c, row.id, false)
                                                                 : command_end(c, 1, "%s", err.msg);
    }
    ch_buf_done(&overrides);
    return step;
}

static enum step request(struct command *c)
{
    struct what what;
    struct ch_err err;
    c->action = ACTION_EXCEPTION_REQUEST;
    if (command_what(c, &what, &err) != CH_OK) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    return ask(c, &what, 0);
}

/* ------------------------------------------------------------------ renew, reject, revoke */

static const struct exception *open_one(struct command *c, enum step *ret_step)
{
    uint64_t id = command_exception_id(c);
    const struct exception *x = id != 0 ? exceptions_find(c->k, id) : NULL;
    struct exception closed;
    struct ch_err err;
    if (x != NULL) {
        return x;
    }
    if (id == 0) {
        *ret_step =
            command_end(c, 2, "expected the number of an exception (customhouse exceptions list)");
    } else if (exception_read(c->k, id, &closed, &err) != CH_OK) {
        *ret_step = command_end(c, 1, "%s", err.msg);
    } else {
        *ret_step = command_end(c, 1, "exception %llu is %s", (unsigned long long)id,
                                exception_state_name(exception_state_of(c->k, &closed)));
        exception_done(&closed);
    }
    return NULL;
}

static enum step renew(struct command *c)
{
    enum step step = STEP_DONE;
    struct what what;
    const struct exception *x = open_one(c, &step);
    if (x == NULL || !command_may(c, ACTION_EXCEPTION_REQUEST, x->row.repository)) {
        return step;
    }
    struct ch_err err;
    if (exception_is_logged(x, &err) != CH_OK) {
        return command_end(c, 1, "exception %llu: %s", (unsigned long long)x->row.id, err.msg);
    }
    if (exception_state_of(c->k, x) != EXCEPTION_STATE_EFFECTIVE) {
        return command_end(c, 1, "exception %llu is %s: there is nothing to renew",
                           (unsigned long long)x->row.id,
                           exception_state_name(exception_state_of(c->k, x)));
    }
    uint64_t id = x->row.id;
    command_what_of(&x->row, &what);
    return is_alone(c, &what) ? command_approve_what(c, &what, 0, id) : ask(c, &what, id);
}

static enum step close_it(struct command *c, enum exception_event event)
{
    enum step step = STEP_DONE;
    struct what what;
    struct ch_err err;
    struct ch_str reason;
    int64_t unused;
    bool alone;
    const struct exception *x = open_one(c, &step);
    if (x == NULL) {
        return step;
    }
    uint64_t id = x->row.id;
    command_what_of(&x->row, &what);
    if (!command_may_approve(c, &what, &alone) ||
        !command_terms(c, &what, keeper_now_us(c->k), true, &reason, &unused)) {
        return STEP_DONE;
    }
    enum ch_code rc = exceptions_close(c->k, id, event, ch_str_of(c->who.text), reason, &err);
    if (rc == CH_E_CONFLICT || rc == CH_E_NOT_FOUND) {
        return command_end(c, 1, "exception %llu: %s", (unsigned long long)id, err.msg);
    }
    if (rc != CH_OK) {
        return command_end(c, 1, event == EXCEPTION_REVOKED ? COMMAND_NOT_STORED : "%s", err.msg);
    }
    if (c->args.json) {
        command_print(c, "{\"exception\":%llu,\"state\":\"%s\"}\n", (unsigned long long)id,
                      exception_event_name(event));
    } else {
        command_print(c, "exception %llu is %s\n", (unsigned long long)id,
                      exception_event_name(event));
    }
    return command_end(c, 0, "%s", "");
}

enum step command_exceptions(struct command *c)
{
    struct ch_str verb = command_word_at(c, 0);
    c->subject = 1;
    if (ch_str_eq(verb, CH_STR("list"))) {
        return command_exceptions_list(c);
    }
    if (ch_str_eq(verb, CH_STR("show"))) {
        return command_exceptions_show(c);
    }
    if (ch_str_eq(verb, CH_STR("request"))) {
        return request(c);
    }
    if (ch_str_eq(verb, CH_STR("approve"))) {
        return command_approve(c);
    }
    if (ch_str_eq(verb, CH_STR("reject"))) {
        return close_it(c, EXCEPTION_REJECTED);
    }
    if (ch_str_eq(verb, CH_STR("revoke"))) {
        return close_it(c, EXCEPTION_REVOKED);
    }
    if (ch_str_eq(verb, CH_STR("renew"))) {
        return renew(c);
    }
    return command_end(
        c, 2, "exceptions: expected list, show, request, approve, reject, revoke or renew");
}
