/* approve (T8, T9, T22): the approving step of an exception. What is named is fetched and inspected
 * first; who approves has seen what was found; nothing else lets pass what is held. */
#include "commands_approve.h"
#include "commands_dependencies.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/rulings.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

/* Of a range only what does not depend on bytes. */
#define LIFTS_RANGE (ch_approval_liftable(false))

/* ------------------------------------------------------------------ what was seen (T8) */

/* What the request was shown: where somebody saw nothing, nothing can have changed but the bytes
 * that stood under the file's name then. */
static const char *changed_since(const struct exception *x, const struct exception_shown *now)
{
    struct exception_shown then = x->steps[0].shown;
    if (ch_sha256_is_zero(&then.bytes)) {
        bool known = x->row.file_name.len > 0 && !ch_sha256_is_zero(&x->row.sha256);
        then.bytes =
            known ? ch_sha256_of(x->row.sha256.byte, CH_SHA256_BYTES) /* command_shown's, of one */
                  : now->bytes;
        then.evidence = now->evidence;
    }
    return exception_differs(&then, now);
}

/* Nobody approves findings unseen: the first run shows them and says how to go on. False: it ended.
 */
static bool evidence_seen(struct approving *g, const struct exception *x)
{
    struct command *c = g->c;
    struct ch_str given = command_option(c, "evidence");
    const char *differs = given.len > 0 ? exception_token_differs(given, &g->a.shown)
                          : x != NULL   ? changed_since(x, &g->a.shown)
                                        : NULL;
    char token[EXCEPTION_TOKEN];
    if (differs == NULL && (given.len > 0 || g->findings == 0)) {
        return true;
    }
    exception_token(&g->a.shown, token);
    approve_tell_all(g, 0);
    if (differs != NULL) {
        command_end(c, 1,
                    "conflict: %s; nothing was approved: having read what is there now, run it "
                    "again with --evidence %s",
                    differs, token);
    } else {
        command_end(c, 1,
                    "nothing was approved: having read these findings, run it again with "
                    "--evidence %s",
                    token);
    }
    return false;
}

/* T8: everything that is named is fetched and inspected first. */
static bool all_inspected(struct command *c, const struct what *what, struct page *p,
                          size_t *ret_named, size_t *ret_skipped, enum step *ret_step)
{
    size_t missing = 0, first = 0;
    *ret_named = *ret_skipped = 0;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (!command_names(p, i, what)) {
            continue;
        }
        (*ret_named)++;
        if (p->files[i].release.profile == NULL) {
            (*ret_skipped)++;
        } else if (inspection_of(c->k, p, i) == NULL) {
            struct intake *in = intake_want(c->k, p, i, false, NULL);
            if (in == NULL) {
                char text[512];
                uint32_t retry_after_s;
                intake_failure(c->k, p, i, text, sizeof(text), &retry_after_s);
                *ret_step = command_end(c, 1, "%.*s: %s",
                                        CH_STR_ARG(p->facts.files[i].index.file_name), text);
                return false;
            }
            first = missing++ == 0 ? i : first;
        }
    }
    if (missing == 0) {
        return true;
    }
    if (!c->told && !c->args.json) {
        command_print(c, "fetching and inspecting %zu file%s\n", missing, missing == 1 ? "" : "s");
        c->told = true;
    }
    struct intake *in = intake_want(c->k, p, first, false, NULL);
    if (in == NULL) {
        *ret_step = command_end(c, 1, "it could not be fetched");
        return false;
    }
    intake_wait(in, command_waiter(c));
    *ret_step = STEP_WAIT;
    return false;
}

/* All or nothing: the first file that no approval can let through, file_count when there is none.
 */
static size_t first_beyond(struct command *c, const struct what *what, struct page *p)
{
    size_t i = 0;
    for (; i < p->facts.file_count; i++) {
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(c->k, p, i) : NULL;
        if (in != NULL && (in->row.outcome != CH_INSPECTION_COMPLETE || p->files[i].attack)) {
            break;
        }
    }
    return i;
}

/* ------------------------------------------------------------------ what it comes to */

static struct ch_str absent_if_empty(const char *text)
{
    return ch_str_of(text[0] != '\0' ? text : NULL);
}

static struct ch_ruling_row ruling_of(const struct approving *g)
{
    const struct ch_repository *repo =
        ch_config_repository(g->c->k->config, ch_str_of(g->what->repository));
    return (struct ch_ruling_row){
        .repository = absent_if_empty(g->what->repository),
        .ecosystem = ch_str_of(repo != NULL ? repo->ecosystem : NULL),
        .project = absent_if_empty(g->what->project),
        .policy = ch_policy_digest(g->c->k->policy),
        .reason = g->reason,
        .at_us = keeper_now_us(g->c->k),
    };
}

/* T9: bound to the file's bytes; lifts exactly the holds that it has, and the findings that it has.
 */
static void ruling_of_file(struct approving *g, size_t file, struct ch_ruling_row *ret)
{
    const struct ch_inspection_result *in = inspection_of(g->c->k, g->page, file);
    const struct page_file *f = &g->page->files[file];
    struct ch_decision d;
    struct ch_sha256 *prints = ch_calloc(in->row.finding_count + 1, sizeof(*prints));
    for (size_t i = 0; i < in->row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(in->row.findings[i].code);
        prints[i] = ch_finding_fingerprint(&f->artifact, &in->row.findings[i]);
        g->findings += row != NULL && row->cls == CH_CLASS_IRREGULAR;
    }
    *ret = ruling_of(g);
    ret->file_name = g->page->facts.files[file].index.file_name;
    ret->sha256 = f->artifact;
    ret->evidence = command_evidence(in, &f->artifact);
    ret->lifts = command_liftable() & command_holds(g->c->k, g->page, file, &d);
    ret->fingerprints = prints;
    ret->fingerprint_count = in->row.finding_count;
    g->critical = g->critical ||
                  ch_exception_is_critical(ret->lifts, in->row.findings, in->row.finding_count);
}

static void collect_rulings(struct approving *g)
{
    size_t most = g->page != NULL ? g->page->facts.file_count : 1;
    g->a.rulings = ch_calloc(most + 1, sizeof(*g->a.rulings));
    if (g->page == NULL) {
        struct ch_ruling_row *r = &g->a.rulings[g->a.ruling_count++];
        *r = ruling_of(g);
        r->version_spec = absent_if_empty(g->what->spec);
        r->lifts = LIFTS_RANGE;
        return;
    }
    for (size_t i = 0; i < most; i++) {
        if (approve_is_named(g, i)) {
            ruling_of_file(g, i, &g->a.rulings[g->a.ruling_count++]);
        }
    }
}

static void free_rulings(struct approving *g)
{
    for (size_t i = 0; i < g->a.ruling_count; i++) {
        free((void *)(uintptr_t)g->a.rulings[i].fingerprints);
    }
    free(g->a.rulings);
}

/* ------------------------------------------------------------------ approve */

/* Who asks for something new does not approve it as well: that is another person's. */
static enum step ask_only(struct approving *g, struct ch_exception_row *row)
{
    struct ch_err err;
    if (exceptions_ask(g->c->k, row, &g->a.shown, &err) != CH_OK) {
        return command_end(g->c, 1, "%s", err.msg);
    }
    approve_tell_all(g, row->id);
    return command_end(g->c, 1,
                       "asked for, as exception %llu, and not approved: you asked for it yourself, "
                       "another person has to approve it (customhouse approve %llu)",
                       (unsigned long long)row->id, (unsigned long long)row->id);
}

static void put_overrides(const struct approving *g, struct ch_buf *b)
{
    uint64_t lifts = 0;
    for (size_t i = 0; i < g->a.ruling_count; i++) {
        lifts |= g->a.rulings[i].lifts;
    }
    command_put_holds(b, lifts);
}

static enum step approve_new(struct approving *g, uint64_t renews)
{
    struct command *c = g->c;
    struct ch_err err;
    struct ch_buf overrides;
    struct ch_exception_row row = command_scope(c, g->what);
    ch_buf_init(&overrides, 1024);
    put_overrides(g, &overrides);
    row.overrides = ch_buf_str(&overrides);
    row.reason = g->reason;
    row.requester = ch_str_of(c->who.text);
    row.renews = renews;
    row.at_us = keeper_now_us(c->k);
    row.expires_at_us = g->a.expires_at_us;
    row.sha256 = g->what->kind == WHAT_FILE && g->a.ruling_count == 1 ? g->a.rulings[0].sha256
                                                                      : (struct ch_sha256){{0}};
    enum step step = STEP_DONE;
    if (!g->a.alone) {
        step = ask_only(g, &row);
    } else {
        g->a.request = &row;
        g->a.reason = (struct ch_str){NULL, 0}; /* said once, with the request */
        step = exceptions_approve(c->k, &g->a, &err) == CH_OK ? approve_tell_in_force(g)
                                                              : command_end(c, 1, "%s", err.msg);
    }
    ch_buf_done(&overrides);
    return step;
}

static enum step approve_asked(struct approving *g, const struct exception *x)
{
    struct command *c = g->c;
    struct ch_err err;
    g->a.exception = x->row.id;
    if (exceptions_approve(c->k, &g->a, &err) != CH_OK) {
        return command_end(c, 1, "exception %llu: %s", (unsigned long long)x->row.id, err.msg);
    }
    return g->a.in_force ? approve_tell_in_force(g) : approve_tell_waiting(g);
}

/* There is nothing that an exception could lift: it passes already, or no exception helps. */
static enum step nothing_to_lift(struct approving *g)
{
    struct command *c = g->c;
    approve_tell_all(g, 0);
    for (size_t i = 0; g->page != NULL && i < g->page->facts.file_count; i++) {
        struct ch_decision d;
        if (!approve_is_named(g, i)) {
            continue;
        }
        judge(c->k, g->page, i, &d);
        if (d.verdict != CH_VERDICT_ALLOW) {
            return command_end(c, 1, "%.*s: %s (%s): no exception can lift that",
                               CH_STR_ARG(g->page->facts.files[i].index.file_name), d.reason,
                               d.rule);
        }
    }
    return command_end(c, 0, "%s: nothing holds it, and no exception was made", g->what->project);
}

/* ------------------------------------------------------------------ what is in force already */

static bool is_same(const struct exception *of, const struct ch_ruling_row *has,
                    const struct ch_ruling_row *want)
{
    bool among = false;
    for (size_t i = 0; i < of->ruling_count && !among; i++) {
        among = of->rulings[i] == has->id;
    }
    return among && !has->deny && (want->lifts & ~has->lifts) == 0 &&
           ch_sha256_eq(&has->sha256, &want->sha256) &&
           ch_sha256_eq(&has->evidence, &want->evidence) &&
           ch_sha256_eq(&has->policy, &want->policy) &&
           ch_str_eq(has->file_name, want->file_name) &&
           ch_str_eq(has->version_spec, want->version_spec);
}

/* Whether it lets pass all that would be approved now; then what would be has the numbers of its
 * rulings. Whether its decisions are in the log, and so served, is another thing: to approve it
 * once more, which people do while nothing comes of it, would not help. */
static bool stands_already(struct approving *g, const struct exception *x)
{
    size_t found = 0;
    for (size_t i = 0; i < g->a.ruling_count; i++) {
        struct ch_ruling_row *want = &g->a.rulings[i];
        const struct ch_ruling_row *has;
        for (size_t n = 0; (has = rulings_at(g->c->k, n)) != NULL && want->id == 0; n++) {
            want->id = is_same(x, has, want) && rulings_stands(g->c->k, has->id) ? has->id : 0;
        }
        found += want->id != 0;
    }
    bool all = found > 0 && found == g->a.ruling_count;
    for (size_t i = 0; i < g->a.ruling_count && !all; i++) {
        g->a.rulings[i].id = 0;
    }
    return all;
}

static enum step tell_standing(struct approving *g, const struct exception *x)
{
    g->a.exception = x->row.id;
    g->a.in_force = true;
    g->a.expires_at_us = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < x->step_count; i++) {
        g->a.expires_at_us = x->steps[i].event == EXCEPTION_IN_FORCE ? x->steps[i].expires_at_us
                                                                     : g->a.expires_at_us;
    }
    if (!g->c->args.json) {
        command_print(g->c, "exception %llu lets that pass already, and no other was made\n",
                      (unsigned long long)x->row.id);
    }
    return approve_tell_in_force(g);
}

/* All there is to check once everything is inspected. */
static enum step approve_inspected(struct approving *g, const struct exception *x, uint64_t renews)
{
    struct command *c = g->c;
    uint64_t lifts = 0;
    if (g->page != NULL) {
        g->page->pinned++; /* what an approval changes is judged on other pages, before it is told
                              of this one */
    }
    g->a.shown = command_shown(c->k, g->page, g->what);
    collect_rulings(g);
    for (size_t i = 0; i < g->a.ruling_count; i++) {
        lifts |= g->a.rulings[i].lifts;
    }
    g->needed = command_needed(c->k, x, g->critical, g->what, &g->a.shown);
    g->a.needed = g->needed.persons;
    g->a.who = ch_str_of(c->who.text);
    enum step step = STEP_DONE;
    if (lifts != 0 && g->standing != NULL && stands_already(g, g->standing)) {
        step = tell_standing(g, g->standing);
    } else if (!evidence_seen(g, x)) {
        step = STEP_DONE;
    } else if (lifts == 0) {
        step = nothing_to_lift(g);
    } else {
        step = x != NULL ? approve_asked(g, x) : approve_new(g, renews);
    }
    free_rulings(g);
    if (g->page != NULL) {
        g->page->pinned--;
    }
    return step;
}

/* Everything named is there and was inspected, and may be approved at all, and what it asks for was
 * looked up, which may wait: nothing is approved before. False: wait, or it ended. */
static bool may_pass(struct approving *g, enum step *ret_step)
{
    struct command *c = g->c;
    const struct what *what = g->what;
    size_t named, skipped;
    g->page = command_page(c, what, ret_step);
    if (g->page == NULL || !all_inspected(c, what, g->page, &named, &skipped, ret_step)) {
        return false;
    }
    if (named == 0) {
        *ret_step = command_end(c, 1, "%s %s: the upstream lists no such file", what->project,
                                what->kind == WHAT_FILE ? what->file_name : what->version);
        return false;
    }
    if (skipped == named) {
        *ret_step =
            command_end(c, 1, "%s: no file of a type that can be inspected yet", what->project);
        return false;
    }
    size_t beyond = first_beyond(c, what, g->page);
    if (beyond < g->page->facts.file_count) {
        struct ch_str name = g->page->facts.files[beyond].index.file_name;
        approve_open_list(c);
        approve_tell_inspected(c, g->page, beyond);
        approve_tell_nothing(c, 0);
        approve_close_list(c);
        *ret_step = command_end(
            c, 1, "%.*s: %s; no approval can lift that, and nothing was approved", CH_STR_ARG(name),
            g->page->files[beyond].attack ? "has a finding of class attack"
                                          : "could not be inspected whole");
        return false;
    }
    return command_find_dependencies(c, g->page, what, true, ret_step);
}

enum step command_approve_what(struct command *c, const struct what *what, uint64_t of,
                               uint64_t renews)
{
    struct approving g = {.c = c, .what = what};
    enum step step = STEP_DONE;
    struct ch_exception_row scope = command_scope(c, what);
    const struct exception *x = of != 0       ? exceptions_find(c->k, of)
                                : renews == 0 ? exceptions_about(c->k, &scope)
                                              : NULL;
    const struct exception *standing = NULL;
    if (x != NULL && of == 0 && exception_state_of(c->k, x) != EXCEPTION_STATE_OPEN) {
        standing = x; /* something like it is in force: this is another one, if anything differs */
        x = NULL;
    }
    if (!command_may_approve(c, what, &g.a.alone)) {
        return STEP_DONE;
    }
    if (!command_terms(c, what, x != NULL ? x->row.expires_at_us : CH_TIME_UNKNOWN, x == NULL,
                       &g.reason, &g.a.expires_at_us) ||
        command_is_withheld(c, what)) {
        return STEP_DONE;
    }
    g.a.reason = g.reason;
    bool other_end = standing != NULL && command_option(c, "expires").len > 0 &&
                     !exception_ends_at(standing, g.a.expires_at_us);
    g.standing = other_end ? NULL : standing;
    if (x != NULL) {
        g.reason = x->row.reason; /* what its ruling says */
    }
    if (what->kind == WHAT_PROJECT) {
        return command_end(c, 2, "approve a file, a version (%s==VERSION) or a range (%s>=VERSION)",
                           what->project, what->project);
    }
    if (command_is_wide(c, what, &step)) {
        return step;
    }
    if (what->kind != WHAT_RANGE && !may_pass(&g, &step)) {
        return step;
    }
    return approve_inspected(&g, x, renews);
}

enum step command_approve(struct command *c)
{
    struct what what;
    struct ch_err err;
    uint64_t id = command_exception_id(c);
    c->action = ACTION_EXCEPTION_APPROVE;
    if (id != 0) {
        const struct exception *x = exceptions_find(c->k, id);
        struct exception closed;
        if (x != NULL && exception_is_logged(x, &err) != CH_OK) {
            return command_end(c, 1, "exception %llu: %s", (unsigned long long)id, err.msg);
        }
        if (x != NULL) {
            command_what_of(&x->row, &what);
            return command_approve_what(c, &what, id, 0);
        }
        if (exception_read(c->k, id, &closed, &err) != CH_OK) {
            return command_end(c, 1, "%s", err.msg);
        }
        enum exception_state s = exception_state_of(c->k, &closed);
        exception_done(&closed);
        return command_end(c, 1, "exception %llu is %s", (unsigned long long)id,
                           exception_state_name(s));
    }
    if (command_what(c, &what, &err) != CH_OK) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    return command_approve_what(c, &what, 0, 0);
}
