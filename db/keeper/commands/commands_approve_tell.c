/* What approve tells: what was found, what was approved, and whether that is effective yet. */
#include "commands_approve.h"

#include <stdio.h>
#include <stdlib.h>

#include "commands_dependencies.h"
#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/rulings/approvals.h"

/* Until decisions are under a checkpoint: as a client's patience, and no option. */
#define LOG_WAIT_MS 10000

/* What is in force, kept while its decisions wait for the log: the command is run again then. */
struct approved {
    struct what what;
    uint64_t exception;
    int64_t expires_at_us;
    uint64_t log_until_ms;
    size_t count;
    struct {
        char *file; /* NULL: a range */
        uint64_t ruling;
    } * list;
};

void approved_free(struct approved *a)
{
    for (size_t i = 0; a != NULL && i < a->count; i++) {
        free(a->list[i].file);
    }
    if (a != NULL) {
        free(a->list);
        free(a);
    }
}

static void keep(struct approving *g)
{
    struct approved *a = ch_calloc(1, sizeof(*a));
    a->what = *g->what;
    a->exception = g->a.exception;
    a->expires_at_us = g->a.expires_at_us;
    a->log_until_ms = ch_loop_now_ms(g->c->k->child.loop) + LOG_WAIT_MS;
    a->count = g->a.ruling_count;
    a->list = ch_calloc(a->count + 1, sizeof(*a->list));
    for (size_t i = 0; i < a->count; i++) {
        struct ch_str file = g->a.rulings[i].file_name;
        a->list[i].file = file.len > 0 ? ch_str_dup(file) : NULL;
        a->list[i].ruling = g->a.rulings[i].id;
    }
    g->c->approved = a;
}

static uint64_t ruling_of(const struct approved *a, struct ch_str file)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->list[i].file != NULL && ch_str_eq(ch_str_of(a->list[i].file), file)) {
            return a->list[i].ruling;
        }
    }
    return 0; /* listed since it was approved */
}

/* ------------------------------------------------------------------ files */

void approve_tell_inspected(struct command *c, struct page *p, size_t file)
{
    const struct ch_inspection_result *in = inspection_of(c->k, p, file);
    struct ch_str name = p->facts.files[file].index.file_name;
    if (!c->args.json) {
        command_put_escaped(c, name);
        command_print(c, ": inspected, %zu finding%s\n", in->row.finding_count,
                      in->row.finding_count == 1 ? "" : "s");
        command_show_findings(c, in);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 16u << 20);
    ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
    json_field(&b, "file", name);
    json_digest(&b, "sha256", &p->files[file].artifact);
    command_json_findings(&b, in);
    command_json_dependencies(c, &b, name);
    command_put(c, ch_buf_str(&b)); /* tell_approved or approve_tell_nothing ends it */
    ch_buf_done(&b);
}

void approve_tell_nothing(struct command *c, uint64_t exception)
{
    struct ch_buf b;
    if (!c->args.json) {
        return;
    }
    ch_buf_init(&b, 256);
    ch_buf_puts(&b, CH_STR(",\"approved\":false"));
    if (exception != 0) {
        json_number(&b, "exception", exception);
    }
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* What clients are told by it now: no decision is one before the log has it. */
static void tell_approved(struct command *c, struct ch_str file, const struct ch_decision *d)
{
    const struct approved *a = c->approved;
    unsigned long long ruling = ruling_of(a, file);
    char until[40];
    command_time(a->expires_at_us, until, sizeof(until));
    if (!c->args.json) {
        command_print(c, "    approved until %s (exception %llu, ruling %llu), now: %s%s%s\n",
                      until, (unsigned long long)a->exception, ruling, ch_verdict_name(d->verdict),
                      d->verdict == CH_VERDICT_ALLOW ? "" : ", ",
                      d->verdict == CH_VERDICT_ALLOW ? "" : d->reason);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_puts(&b, CH_STR(",\"approved\":true"));
    json_number(&b, "exception", a->exception);
    json_number(&b, "ruling", ruling);
    json_time(&b, "until", a->expires_at_us);
    json_field(&b, "verdict", ch_str_of(ch_verdict_name(d->verdict)));
    json_field(&b, "rule", ch_str_of(d->rule));
    json_field(&b, "reason", ch_str_of(d->reason));
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

void approve_open_list(struct command *c)
{
    command_print(c, "%s", c->args.json ? "[" : "");
}

void approve_close_list(struct command *c)
{
    command_print(c, "%s", c->args.json ? "]\n" : "");
}

bool approve_is_named(struct approving *g, size_t file)
{
    return command_names(g->page, file, g->what) && inspection_of(g->c->k, g->page, file) != NULL;
}

void approve_tell_all(struct approving *g, uint64_t exception)
{
    approve_open_list(g->c);
    for (size_t i = 0; g->page != NULL && i < g->page->facts.file_count; i++) {
        if (approve_is_named(g, i)) {
            approve_tell_inspected(g->c, g->page, i);
            approve_tell_nothing(g->c, exception);
        }
    }
    approve_close_list(g->c);
    command_tell_dependencies(g->c);
}

/* ------------------------------------------------------------------ durable, and in the log */

/* As for a client who asks for the file: what nobody was told of yet is decided now. */
static enum ch_code record(struct approving *g, struct ch_err *err)
{
    struct keeper *k = g->c->k;
    struct page *p = g->page;
    enum ch_code rc = CH_OK;
    for (size_t i = 0; p != NULL && rc == CH_OK && i < p->facts.file_count; i++) {
        struct ch_decision d;
        if (!approve_is_named(g, i)) {
            continue;
        }
        judge(k, p, i, &d);
        if (d.verdict == CH_VERDICT_ALLOW &&
            (p->files[i].recorded_verdict != CH_VERDICT_ALLOW || !approvals_stand(k, p, i))) {
            rc = judge_record(k, p, i, &d, err);
        }
    }
    return rc == CH_OK && k->uncommitted_allows > 0 ? keeper_commit(k, err) : rc;
}

/* Whether this decision counts: an ALLOW does once the log has it. Else *d says why not. */
static bool is_logged(struct approving *g, size_t file, struct ch_decision *d)
{
    struct audit_state s;
    if (d->verdict != CH_VERDICT_ALLOW || audit_has(g->c->k, &g->page->files[file])) {
        return true;
    }
    audit_state(g->c->k, &s);
    d->verdict = CH_VERDICT_HOLD;
    snprintf(d->rule, sizeof(d->rule), "audit-log");
    snprintf(d->reason, sizeof(d->reason), "the audit log does not have it yet%s%.150s",
             s.trouble[0] != '\0' ? ": " : "", s.trouble);
    return false;
}

static bool all_logged(struct approving *g)
{
    bool logged = true;
    for (size_t i = 0; g->page != NULL && logged && i < g->page->facts.file_count; i++) {
        struct ch_decision d;
        if (approve_is_named(g, i)) {
            judge(g->c->k, g->page, i, &d);
            logged = is_logged(g, i, &d);
        }
    }
    return logged;
}

/* Whether it is worth waiting: a log that cannot be written may be so for hours. */
static bool wait_for_log(struct command *c)
{
    struct audit_state s;
    audit_state(c->k, &s);
    if (s.trouble[0] != '\0' || ch_loop_now_ms(c->k->child.loop) >= c->approved->log_until_ms) {
        return false;
    }
    struct waiter *w = command_waiter(c);
    w->deadline_ms = c->approved->log_until_ms;
    audit_wait(c->k, w);
    return true;
}

static enum step end_in_force(struct command *c, bool logged)
{
    struct audit_state s;
    audit_state(c->k, &s);
    if (logged && s.trouble[0] == '\0') {
        return command_end(c, 0, "%s", "");
    }
    return command_end(c, 1,
                       "exception %llu is recorded, and takes effect by itself once the audit log "
                       "has it%s%s",
                       (unsigned long long)c->approved->exception,
                       s.trouble[0] != '\0' ? ", which cannot be written now: " : "", s.trouble);
}

/* ------------------------------------------------------------------ what is in force */

static enum step tell_range(struct approving *g)
{
    struct command *c = g->c;
    const struct approved *a = c->approved;
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 8192);
        ch_buf_puts(&b, CH_STR("[{"));
        json_field(&b, "repository", ch_str_of(g->what->repository));
        json_field(&b, "project", ch_str_of(g->what->project));
        json_field(&b, "versions", ch_str_of(g->what->spec));
        json_number(&b, "ruling", a->list[0].ruling);
        json_time(&b, "until", a->expires_at_us);
        json_number(&b, "exception", a->exception);
        json_bool(&b, "approved", true);
        ch_buf_puts(&b, CH_STR("}]\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return end_in_force(c, true);
    }
    command_print(c,
                  "approved: %s%s: cool-down and licence are lifted; each file still needs its own "
                  "clean inspection (exception %llu, ruling %llu)\n",
                  g->what->project, g->what->spec, (unsigned long long)a->exception,
                  (unsigned long long)a->list[0].ruling);
    return end_in_force(c, true);
}

static enum step tell_in_force(struct approving *g)
{
    struct command *c = g->c;
    struct page *p = g->page;
    bool logged = true;
    if (p == NULL) {
        return tell_range(g);
    }
    approve_open_list(c);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_str name = p->facts.files[i].index.file_name;
        struct ch_decision d;
        if (approve_is_named(g, i)) {
            approve_tell_inspected(c, p, i);
            judge(c->k, p, i, &d);
            logged &= is_logged(g, i, &d);
            tell_approved(c, name, &d);
        } else if (command_names(p, i, g->what) && !c->args.json) {
            command_print(c, "%.*s: left out, its type is not inspected yet\n", CH_STR_ARG(name));
        }
    }
    approve_close_list(c);
    command_tell_dependencies(c);
    return end_in_force(c, logged);
}

static enum step tell_when_logged(struct approving *g)
{
    struct ch_err err;
    if (record(g, &err) != CH_OK) {
        return command_end(g->c, 1,
                           "exception %llu is in force, and what is decided by it could not be "
                           "stored: %s",
                           (unsigned long long)g->c->approved->exception, err.msg);
    }
    return !all_logged(g) && wait_for_log(g->c) ? STEP_WAIT : tell_in_force(g);
}

enum step approve_tell_in_force(struct approving *g)
{
    keep(g);
    return tell_when_logged(g);
}

enum step command_approved(struct command *c)
{
    struct approving g = {.c = c, .what = &c->approved->what};
    enum step step = STEP_DONE;
    if (g.what->kind != WHAT_RANGE && (g.page = command_page(c, g.what, &step)) == NULL) {
        return step;
    }
    return tell_when_logged(&g);
}

enum step approve_tell_waiting(struct approving *g)
{
    unsigned long long id = g->a.exception;
    approve_tell_all(g, id);
    return command_end(g->c, 0,
                       "approved by you; %zu more person%s to approve exception %llu before it is "
                       "in force%s%s",
                       g->a.missing, g->a.missing == 1 ? " has" : "s have", id,
                       g->needed.why != NULL ? ": " : "",
                       g->needed.why != NULL ? g->needed.why : "");
}
