/* exceptions list and show, and what explain says of exceptions. */
#include "commands_int.h"
#include "commands_dependencies.h"

#include "db/keeper/rulings/rulings.h"

#define SHOWN_MAX 1000 /* of list --all */

static void json_step(struct ch_buf *b, const struct exception *x, size_t i)
{
    const struct exception_step *s = &x->steps[i];
    ch_buf_puts(b, i > 0 ? CH_STR(",{") : CH_STR("{"));
    json_field(b, "step", ch_str_of(exception_event_name(s->event)));
    json_field(b, "by", s->by);
    if (s->alone) {
        json_bool(b, "alone", true);
    }
    json_time(b, "at", s->at_us);
    json_time(b, "until", s->expires_at_us);
    if (x->reasons[i].len > 0) {
        json_field(b, "reason", x->reasons[i]);
    }
    if (!ch_sha256_is_zero(&s->shown.bytes)) {
        json_digest(b, "bytes", &s->shown.bytes);
        json_digest(b, "evidence", &s->shown.evidence);
    }
    if (!ch_sha256_is_zero(&s->shown.policy)) {
        json_digest(b, "policy", &s->shown.policy);
    }
    ch_buf_putc(b, '}');
}

static bool is_open(const struct command *c, const struct exception *x)
{
    return exception_state_of(c->k, x) == EXCEPTION_STATE_OPEN;
}

static void put_approvers(struct command *c, struct ch_buf *b, const struct exception *x)
{
    struct exception_shown now = {.bytes = {{0}}};
    if (is_open(c, x)) {
        now = command_shown_of(c->k, x);
    }
    exception_put_approvers(c->k, b, x, &now);
}

static void json_needed(struct command *c, struct ch_buf *b, const struct exception *x)
{
    if (is_open(c, x) && x->altered == NULL) {
        struct command_needed n = command_needed_now(c->k, x);
        json_number(b, "approvals_needed", n.persons);
        json_number(b, "approvals_missing", n.missing);
        if (n.why != NULL) {
            json_field(b, "approvals_why", ch_str_of(n.why));
        }
    }
}

/* Whether it is about this file (`p` NULL: any) as it is: what was approved of other bytes is
 * nobody's approval of those that are there. */
static bool is_of(const struct command *c, const struct exception *x, const struct page *p,
                  size_t file)
{
    return p == NULL || exception_state_of(c->k, x) != EXCEPTION_STATE_EFFECTIVE ||
           rulings_cover(c->k, x->rulings, x->ruling_count, p, file);
}

static void json_exception(struct command *c, struct ch_buf *b, const struct exception *x,
                           bool steps, const struct page *p, size_t file)
{
    struct ch_buf approvers;
    bool of = is_of(c, x, p, file);
    ch_buf_init(&approvers, 64u << 10);
    if (of && x->altered == NULL) {
        put_approvers(c, &approvers, x);
    }
    json_number(b, "exception", x->row.id);
    json_field(b, "state", ch_str_of(exception_state_name(exception_state_of(c->k, x))));
    json_field(b, "repository", x->row.repository);
    json_field(b, "environment", x->row.environment);
    json_field(b, "project", x->row.project);
    if (x->row.file_name.len > 0) {
        json_field(b, "file", x->row.file_name);
    } else {
        json_field(b, "versions", x->row.version_spec);
    }
    if (!ch_sha256_is_zero(&x->row.sha256)) {
        json_digest(b, "sha256", &x->row.sha256);
    }
    json_field(b, "overrides", x->row.overrides);
    json_field(b, "reason", x->row.reason);
    json_field(b, "requester", x->row.requester);
    if (x->row.address.len > 0) {
        json_field(b, "address", x->row.address);
    }
    if (x->row.refusal.len > 0) {
        json_field(b, "refusal", x->row.refusal);
    }
    if (x->row.renews != 0) {
        json_number(b, "renews", x->row.renews);
    }
    json_field(b, "approvers", ch_buf_str(&approvers));
    if (!of) {
        json_bool(b, "of_present_bytes", false);
    }
    if (x->altered != NULL) {
        json_field(b, "altered", ch_str_of(x->altered));
    }
    json_needed(c, b, x);
    json_time(b, "asked", x->row.at_us);
    json_time(b, "until", exception_ends(x->steps, x->step_count));
    json_open(b, "rulings", '[');
    for (size_t i = 0; i < x->ruling_count; i++) {
        ch_buf_printf(b, "%s%llu", i > 0 ? "," : "", (unsigned long long)x->rulings[i]);
    }
    ch_buf_putc(b, ']');
    if (steps) {
        json_open(b, "steps", '[');
        for (size_t i = 0; i < x->step_count; i++) {
            json_step(b, x, i);
        }
        ch_buf_putc(b, ']');
    }
    ch_buf_done(&approvers);
}

void command_json_exception(struct command *c, struct ch_buf *b, const struct exception *x,
                            bool steps)
{
    json_exception(c, b, x, steps, NULL, 0);
}

/* "exception 7 (in force), asked for by user:ann, approved by user:bob, until 2026-12-06 23:06 UTC"
 */
static void put_line(struct command *c, struct ch_buf *b, const struct exception *x,
                     const struct page *p, size_t file)
{
    struct ch_buf approvers;
    char until[40];
    bool of = is_of(c, x, p, file);
    ch_buf_init(&approvers, 64u << 10);
    if (of && x->altered == NULL) {
        put_approvers(c, &approvers, x);
    }
    command_time(exception_ends(x->steps, x->step_count), until, sizeof(until));
    ch_buf_printf(b, "exception %llu (%s), asked for by ", (unsigned long long)x->row.id,
                  exception_state_name(exception_state_of(c->k, x)));
    ch_buf_put_escaped(b, x->row.requester);
    if (x->altered != NULL) {
        ch_buf_printf(b, ", ALTERED in the database, so nobody can approve it (%s)", x->altered);
    } else if (approvers.len > 0) {
        ch_buf_puts(b, CH_STR(", approved by "));
        ch_buf_puts(b, ch_buf_str(&approvers));
    } else {
        ch_buf_puts(
            b, of ? CH_STR(", approved by nobody yet")
                  : CH_STR(", approved by nobody as it is now: what was approved are other bytes"));
    }
    ch_buf_printf(b, ", until %s", until);
    if (is_open(c, x) && x->altered == NULL) {
        struct command_needed n = command_needed_now(c->k, x);
        ch_buf_puts(b, CH_STR("; "));
        command_put_needed(b, &n);
    }
    ch_buf_done(&approvers);
}

void command_explain_exceptions(struct command *c, const struct page *p, size_t file)
{
    for (size_t i = 0; i < exceptions_count(c->k); i++) {
        const struct exception *x = exceptions_at(c->k, i);
        enum exception_state s = exception_state_of(c->k, x);
        struct ch_buf b;
        if ((s != EXCEPTION_STATE_OPEN && s != EXCEPTION_STATE_EFFECTIVE) ||
            !exception_covers(x, p, file)) {
            continue;
        }
        ch_buf_init(&b, 128u << 10);
        ch_buf_puts(&b, CH_STR("  "));
        put_line(c, &b, x, p, file);
        ch_buf_puts(&b, CH_STR(": "));
        ch_buf_put_escaped(&b, x->row.reason);
        ch_buf_putc(&b, '\n');
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    }
}

void command_json_exceptions_of(struct command *c, struct ch_buf *b, const struct page *p,
                                size_t file)
{
    size_t n = 0;
    json_open(b, "exceptions", '[');
    for (size_t i = 0; i < exceptions_count(c->k); i++) {
        const struct exception *x = exceptions_at(c->k, i);
        enum exception_state s = exception_state_of(c->k, x);
        if ((s == EXCEPTION_STATE_OPEN || s == EXCEPTION_STATE_EFFECTIVE) &&
            exception_covers(x, p, file)) {
            ch_buf_puts(b, n++ > 0 ? CH_STR(",{") : CH_STR("{"));
            json_exception(c, b, x, false, p, file);
            ch_buf_putc(b, '}');
        }
    }
    ch_buf_putc(b, ']');
}

/* ------------------------------------------------------------------ list, show */

/* What is asked for and in force is for those who read the queue, and for who asked. */
static bool may_read(const struct command *c, const struct exception *x)
{
    struct place at = {x->row.repository, x->row.environment};
    bool asked = false;
    for (size_t i = 0; i < x->step_count && !asked; i++) {
        asked =
            (x->steps[i].event == EXCEPTION_REQUESTED || x->steps[i].event == EXCEPTION_JOINED) &&
            ch_str_eq(x->steps[i].by, ch_str_of(c->who.text));
    }
    return asked || people_may(c->k->people, &c->who, ACTION_QUEUE_READ, &at);
}

static void list_one(struct command *c, const struct exception *x)
{
    struct ch_buf b;
    if (!may_read(c, x)) {
        return;
    }
    ch_buf_init(&b, 256u << 10);
    if (c->args.json) {
        ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
        command_json_exception(c, &b, x, false);
        ch_buf_putc(&b, '}');
    } else {
        command_put_scope(&b, &x->row);
        ch_buf_puts(&b, CH_STR(" in "));
        ch_buf_put_escaped(&b, x->row.repository);
        ch_buf_puts(&b, CH_STR(": "));
        put_line(c, &b, x, NULL, 0);
        ch_buf_puts(&b, CH_STR("\n    "));
        ch_buf_put_escaped(&b, x->row.reason);
        ch_buf_putc(&b, '\n');
    }
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

struct numbers {
    uint64_t id[SHOWN_MAX];
    size_t count;
};

static void note_number(void *ctx, const struct ch_exception_row *row)
{
    struct numbers *n = ctx;
    if (n->count < SHOWN_MAX) {
        n->id[n->count++] = row->id;
    }
}

static enum step list_all(struct command *c)
{
    struct numbers n = {.count = 0};
    struct ch_err err;
    enum ch_code rc = ch_store_exceptions(c->k->store, SHOWN_MAX, note_number, &n, &err);
    for (size_t i = 0; rc == CH_OK && i < n.count; i++) {
        struct exception x;
        rc = exception_read(c->k, n.id[i], &x, &err);
        if (rc == CH_OK) {
            list_one(c, &x);
            exception_done(&x);
        }
    }
    command_print(c, "%s", c->args.json ? "]\n" : "");
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

enum step command_exceptions_list(struct command *c)
{
    command_print(c, "%s", c->args.json ? "[" : "");
    if (command_has(c, "all")) {
        return list_all(c);
    }
    for (size_t i = exceptions_count(c->k); i-- > 0;) {
        enum exception_state s = exception_state_of(c->k, exceptions_at(c->k, i));
        if (s == EXCEPTION_STATE_OPEN || s == EXCEPTION_STATE_EFFECTIVE ||
            exceptions_at(c->k, i)->altered != NULL) {
            list_one(c, exceptions_at(c->k, i));
        }
    }
    command_print(c, "%s", c->args.json ? "]\n" : "");
    return command_end(c, 0, "%s", "");
}

static void show_step(struct command *c, const struct exception *x, size_t i)
{
    const struct exception_step *s = &x->steps[i];
    char at[40], until[40];
    command_time(s->at_us, at, sizeof(at));
    command_time(s->expires_at_us, until, sizeof(until));
    command_print(c, "  %s  %s by ", at, exception_event_name(s->event));
    command_put_escaped(c, s->by);
    command_print(c, "%s%s%s", s->alone ? ", alone: no approver is named" : "",
                  s->expires_at_us != CH_TIME_UNKNOWN ? ", until " : "",
                  s->expires_at_us != CH_TIME_UNKNOWN ? until : "");
    if (x->reasons[i].len > 0) {
        command_print(c, ": ");
        command_put_escaped(c, x->reasons[i]);
    }
    command_print(c, "\n");
}

/* The files it names, as far as they are known, with what was found: what an approver reads. */
static void show_files(struct command *c, struct page *p, const struct what *what)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_decision d;
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(c->k, p, i) : NULL;
        if (!command_names(p, i, what)) {
            continue;
        }
        command_holds(c->k, p, i, &d);
        command_print(c, "  ");
        command_put_escaped(c, p->facts.files[i].index.file_name);
        command_print(c, ": without exceptions %s (%s): %s\n", ch_verdict_name(d.verdict), d.rule,
                      d.reason);
        if (in == NULL) {
            command_print(c, "    not inspected yet; to approve it inspects it\n");
        } else {
            command_show_findings(c, in);
        }
    }
}

static void json_files(struct command *c, struct ch_buf *b, struct page *p, const struct what *what)
{
    size_t n = 0;
    json_open(b, "files", '[');
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_decision d;
        if (!command_names(p, i, what)) {
            continue;
        }
        const struct ch_inspection_result *in = inspection_of(c->k, p, i);
        command_holds(c->k, p, i, &d);
        ch_buf_puts(b, n++ > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(b, "file", p->facts.files[i].index.file_name);
        json_bool(b, "inspected", in != NULL);
        if (in != NULL) {
            json_digest(b, "sha256", &p->files[i].artifact);
        }
        json_field(b, "verdict", ch_str_of(ch_verdict_name(d.verdict)));
        json_field(b, "rule", ch_str_of(d.rule));
        json_field(b, "reason", ch_str_of(d.reason));
        command_json_findings(b, in);
        command_json_dependencies(c, b, p->facts.files[i].index.file_name);
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

static void show_text(struct command *c, const struct exception *x, struct page *p,
                      const struct what *what, const char *token)
{
    struct ch_buf b;
    ch_buf_init(&b, 128u << 10);
    put_line(c, &b, x, NULL, 0);
    ch_buf_puts(&b, CH_STR("\n  what: "));
    command_put_scope(&b, &x->row);
    ch_buf_puts(&b, CH_STR(" in "));
    ch_buf_put_escaped(&b, x->row.repository);
    ch_buf_puts(&b, CH_STR("\n  why: "));
    ch_buf_put_escaped(&b, x->row.reason);
    ch_buf_puts(&b, CH_STR("\n  overrides: "));
    ch_buf_put_escaped(&b, x->row.overrides);
    if (x->row.address.len > 0) {
        ch_buf_puts(&b, CH_STR("\n  asked from: "));
        ch_buf_put_escaped(&b, x->row.address);
    }
    ch_buf_putc(&b, '\n');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
    for (size_t i = 0; i < x->step_count; i++) {
        show_step(c, x, i);
    }
    if (p != NULL) {
        show_files(c, p, what);
        command_tell_dependencies(c);
    }
    command_print(c, "  as shown now: --evidence %s\n", token);
}

enum step command_exceptions_show(struct command *c)
{
    struct exception x;
    struct ch_err err;
    struct what what;
    uint64_t id = command_exception_id(c);
    char token[EXCEPTION_TOKEN];
    if (id == 0) {
        return command_end(c, 2,
                           "expected the number of an exception (customhouse exceptions list)");
    }
    if (exception_read(c->k, id, &x, &err) != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    if (!may_read(c, &x)) {
        command_may(c, ACTION_QUEUE_READ, x.row.repository); /* says what is missing */
        exception_done(&x);
        return STEP_DONE;
    }
    command_what_of(&x.row, &what);
    struct page *p = command_find_page(c->k, &what, &err);
    p = p != NULL && page_load(c->k, p) && what.kind != WHAT_RANGE ? p : NULL;
    enum step step = STEP_DONE;
    if (p != NULL && !command_find_dependencies(c, p, &what, false, &step)) {
        exception_done(&x);
        return step;
    }
    struct exception_shown shown = command_shown(c->k, p, &what);
    exception_token(&shown, token);
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 16u << 20);
        ch_buf_putc(&b, '{');
        command_json_exception(c, &b, &x, true);
        if (p != NULL) {
            json_files(c, &b, p, &what);
        }
        json_field(&b, "shown", ch_str_of(token));
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        show_text(c, &x, p, &what, token);
    }
    exception_done(&x);
    return command_end(c, 0, "%s", "");
}
