/* policy test: what another policy would change; with the lines of a lock file, what becomes of
 * them. policy set begins with the same (`policy offer`) and ends with `policy await`. */
#include "commands_int.h"

#include <stdio.h>
#include <string.h>

#include "db/keeper/policies/policies.h"
#include "db/keeper/policies/policy_proposals.h"
#include "db/keeper/policies/policy_trial.h"

/* Lookups that the budget does not give now are made when it does. */
#define BUDGET_PAUSE_MS 200

/* At whose expense pages are fetched (budget.h). */
static const struct ch_client command_line = {.address = {"command line", 12}};
#define RESTARTS_MAX 5

/* ------------------------------------------------------------------ files */

static void json_decision(struct ch_buf *b, const char *name, const struct ch_policy *policy,
                          const struct ch_decision *d)
{
    json_open(b, name, '{');
    json_field(b, "verdict", ch_str_of(d->eligible ? "eligible" : ch_verdict_name(d->verdict)));
    json_bool(b, "audited", d->audited);
    json_field(b, "rule", ch_str_of(d->rule));
    json_field(b, "reason", ch_str_of(d->reason));
    if (d->policy_line > 0) {
        json_number(b, "policy_line", d->policy_line);
        json_number(b, "policy_column", ch_policy_column(policy, d));
    }
    ch_buf_putc(b, '}');
}

static void show_change(void *ctx, const struct page *p, size_t file,
                        enum ch_decision_change change, const struct ch_decision *before,
                        const struct ch_decision *after)
{
    struct policy_trial *t = ctx;
    struct command *c = t->c;
    struct ch_buf *b = &t->text;
    /* What is held for another reason needs something else to get through; of what passes or is
     * denied the words alone are no news. */
    bool news = after->verdict == CH_VERDICT_HOLD || before->audited != after->audited;
    if (change == CH_DECISION_SAME || (change == CH_DECISION_RESTATED && !news)) {
        return;
    }
    if (c->args.json) {
        ch_buf_puts(b, t->shown > 0 ? CH_STR(",\n{") : CH_STR("\n{"));
        json_field(b, "change", ch_str_of(ch_decision_change_name(change)));
        json_field(b, "repository", ch_str_of(p->repository));
        json_field(b, "project", page_project(p, file));
        json_field(b, "version", ch_str_of(p->files[file].release.version));
        json_field(b, "file", p->facts.files[file].index.file_name);
        json_decision(b, "now", t->k->policy, before);
        json_decision(b, "then", t->policy, after);
        ch_buf_putc(b, '}');
    } else {
        ch_buf_printf(b, "%-8s  %s  ", ch_decision_change_name(change), p->repository);
        ch_buf_put_escaped(b, p->facts.files[file].index.file_name);
        ch_buf_puts(b, CH_STR("  "));
        ch_decision_put_change(b, before, after);
        ch_buf_printf(b, "%s%s\n", after->reason[0] != '\0' ? ": " : "", after->reason);
    }
    t->shown++;
}

static void show_counts(struct policy_trial *t)
{
    struct command *c = t->c;
    const struct trial_counts *n = &t->counts;
    command_print(c,
                  "looked at %zu files with a decision, of %zu projects: %zu stricter, %zu looser, "
                  "%zu otherwise explained, %zu the same\n",
                  n->files, n->projects, n->changes[CH_DECISION_STRICTER],
                  n->changes[CH_DECISION_LOOSER], n->changes[CH_DECISION_RESTATED],
                  n->changes[CH_DECISION_SAME]);
    for (size_t i = 0; i < CH_HOLD_COUNT; i++) {
        if (n->held[i] > 0) {
            command_print(c, "  would be held (%s): %zu\n", ch_hold_kind_name((enum ch_hold_kind)i),
                          n->held[i]);
        }
    }
    if (n->denied > 0) {
        command_print(c, "  would be denied: %zu\n", n->denied);
    }
}

static void json_counts(struct policy_trial *t)
{
    const struct trial_counts *n = &t->counts;
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_buf_puts(&b, CH_STR("],\"looked_at\":{"));
    json_number(&b, "files", n->files);
    json_number(&b, "projects", n->projects);
    ch_buf_puts(&b, CH_STR("}"));
    json_open(&b, "counts", '{');
    for (size_t i = 0; i < CH_ARRAY_LEN(n->changes); i++) {
        json_number(&b, ch_decision_change_name((enum ch_decision_change)i), n->changes[i]);
    }
    ch_buf_putc(&b, '}');
    json_open(&b, "would_be_held", '{');
    for (size_t i = 0; i < CH_HOLD_COUNT; i++) {
        if (n->held[i] > 0) {
            json_number(&b, ch_hold_kind_name((enum ch_hold_kind)i), n->held[i]);
        }
    }
    ch_buf_putc(&b, '}');
    json_number(&b, "would_be_denied", n->denied);
    command_put(t->c, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ lines */

static void json_line(struct policy_trial *t, const struct ch_policy_want *w,
                      const struct want_result *r)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_buf_puts(&b, t->shown > 0 ? CH_STR(",\n{") : CH_STR("\n{"));
    json_field(&b, "file", w->file);
    json_number(&b, "line", w->line);
    json_field(&b, "name", w->name);
    json_field(&b, "version", w->version);
    json_field(&b, "specifier", w->specifier);
    json_field(&b, "state", ch_str_of(want_state_name(r->state)));
    json_number(&b, "files", r->files);
    json_number(&b, "files_passing", r->passing);
    if (r->now.len > 0) {
        json_field(&b, t->policy != NULL ? "version_now" : "version_upstream", r->now);
    }
    if (r->then.len > 0) {
        json_field(&b, "version_then", r->then);
    }
    if (r->decision != NULL) {
        json_field(&b, "release_file", r->release_file);
        json_decision(&b, "now", t->k->policy, &r->before);
        json_decision(&b, "then", t->policy != NULL ? t->policy : t->k->policy, r->decision);
    }
    if (r->text[0] != '\0') {
        json_field(&b, "text", ch_str_of(r->text));
    }
    ch_buf_putc(&b, '}');
    command_put(t->c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void text_line(struct policy_trial *t, const struct ch_policy_want *w,
                      const struct want_result *r)
{
    struct command *c = t->c;
    if (r->state == WANT_PASSES) {
        return;
    }
    command_put_escaped(c, w->file);
    command_print(c, ":%u  ", w->line);
    command_put_escaped(c, w->name.len > 0 ? w->name : w->source);
    command_print(c, w->version.len > 0 ? "==" : "");
    command_put_escaped(c, w->version.len > 0 ? w->version : w->specifier);
    command_print(c, "  %s", want_state_name(r->state));
    if (r->decision != NULL) {
        const struct ch_decision *d = r->decision;
        command_print(c, " (%s", d->rule);
        command_print(c, d->policy_line > 0 ? ", line %u" : "", d->policy_line);
        command_print(c, "): %s", d->reason);
    } else if (r->text[0] != '\0') {
        command_print(c, ": ");
        command_put_escaped(c, ch_str_of(r->text));
    }
    if (r->state == WANT_OLDER) {
        command_print(c, "; a resolver would get ");
        command_put_escaped(c, r->then);
        command_print(c, " instead of ");
        command_put_escaped(c, r->now);
    } else if (r->decision != NULL && r->then.len > 0) {
        command_print(c, "; what could be had is ");
        command_put_escaped(c, r->then);
    } else if (r->decision != NULL) {
        command_print(c, "; no other version could be had");
    }
    command_print(c, "\n");
}

static void show_line(struct policy_trial *t, const struct ch_policy_want *w,
                      const struct want_result *r)
{
    t->lines[r->state]++;
    if (t->c->args.json) {
        json_line(t, w, r);
    } else {
        text_line(t, w, r);
    }
    t->shown++;
}

/* "PAGE/NAME", of which the page is asked for. */
static bool split_page(const struct ch_ecosystem *eco, struct ch_policy_want *w,
                       struct ch_str *ret_page)
{
    size_t at;
    bool is = ch_str_find_char(w->name, '/', &at) && eco->is_page(ch_str_sub(w->name, 0, at));
    if (is) {
        *ret_page = ch_str_sub(w->name, 0, at);
        w->name = ch_str_sub(w->name, at + 1, w->name.len);
    }
    return is;
}

struct on_pages {
    struct policy_trial *t;
    const struct ch_policy_want *want;
    struct want_result best;
    struct page *page; /* that it is of, pinned; NULL: none so far */
};

/* Of several pages a resolver takes what it can have. */
static void judge_on(void *ctx, struct page *p)
{
    struct on_pages *o = ctx;
    struct want_result r;
    if (!page_usable(o->t->k, p)) {
        return;
    }
    want_judge(o->t->k, o->t->policy, p, o->want, &r);
    if (o->page != NULL && r.state >= o->best.state) {
        return;
    }
    if (o->page != NULL) {
        o->page->pinned--;
    }
    o->page = p;
    o->page->pinned++;
    o->best = r;
}

/* Which of its pages a resolver would take is its platform's: of those that somebody asked for. */
static void look_at_pages(struct policy_trial *t, const struct ch_repository *repo,
                          const struct ch_policy_want *w)
{
    struct on_pages o = {.t = t, .want = w, .best = {.state = WANT_UNKNOWN}};
    pages_with(t->k, ch_str_of(repo->name), w->name, judge_on, &o);
    if (o.page == NULL) {
        snprintf(o.best.text, sizeof(o.best.text),
                 "no page that somebody asked for in repository %s lists it", repo->name);
    } else if (o.best.decision != NULL) {
        o.best.decision = &o.best.room; /* it was copied */
    }
    show_line(t, w, &o.best);
    if (o.page != NULL) {
        o.page->pinned--;
    }
}

/* False: it waits for the page, or has ended with an error. */
static bool look_at(struct policy_trial *t, const struct ch_policy_want *w, enum step *ret_step)
{
    struct command *c = t->c;
    struct ch_err err;
    struct want_result r = {.state = WANT_NOT_ASKED};
    if (w->source.len > 0 || w->name.len == 0) {
        snprintf(r.text, sizeof(r.text), "does not come from an index: nothing can be said of it");
        show_line(t, w, &r);
        return true;
    }
    const struct ch_repository *repo = command_repository(c, w->ecosystem, NULL, &err);
    if (repo == NULL && ch_config_repository(c->k->config, command_option(c, "repository")) != NULL) {
        r.state = WANT_UNKNOWN; /* a line of pip's, where a channel was said */
        snprintf(r.text, sizeof(r.text), "%s", err.msg);
        show_line(t, w, &r);
        return true;
    }
    if (repo == NULL) {
        *ret_step = command_end(c, 2, "%s", err.msg);
        return false;
    }
    if (!command_sees(c, ACTION_POLICY_READ, ch_str_of(repo->name))) {
        command_may(c, ACTION_POLICY_READ, ch_str_of(repo->name)); /* says what is missing */
        *ret_step = STEP_DONE;
        return false;
    }
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    struct ch_policy_want of_page = *w;
    struct ch_str page = w->name;
    if (eco != NULL && eco->is_page != NULL && !split_page(eco, &of_page, &page)) {
        look_at_pages(t, repo, w);
        return true;
    }
    struct page *p = page_get(c->k, ch_str_of(repo->name), page);
    if (p == NULL) {
        r.state = WANT_UNKNOWN;
        snprintf(r.text, sizeof(r.text), "this is no project name");
        show_line(t, w, &r);
        return true;
    }
    if (page_is_cold(c->k, p) && !page_budget_take(c->k, p, &command_line)) {
        *ret_step = policy_trial_pause(t, BUDGET_PAUSE_MS);
        return false;
    }
    struct waiter *waiter = command_waiter(c);
    if (!page_ready(c->k, p, waiter)) {
        *ret_step = STEP_WAIT;
        return false;
    }
    ask_free_waiter(waiter);
    if (p->load == PAGE_READY) {
        want_judge(t->k, t->policy, p, &of_page, &r);
    } else {
        r.state = want_no_page(t->k, p, r.text, sizeof(r.text));
    }
    show_line(t, w, &r);
    return true;
}

/* False: see look_at. */
static bool look_at_lines(struct policy_trial *t, enum step *ret_step)
{
    struct command *c = t->c;
    if (!t->lines_begun) {
        t->lines_begun = true;
        t->shown = 0;
        command_print(c, c->args.json ? ",\"lines\":[" : "");
    }
    uint64_t until = ch_now_boot_ms() + PAGE_WALK_SLICE_MS;
    while (t->wants.len > 0) {
        if (ch_now_boot_ms() >= until) {
            *ret_step = policy_trial_pause(t, 0);
            return false;
        }
        struct ch_rd r = ch_rd_of(t->wants.ptr, t->wants.len);
        struct ch_policy_want want = ch_policy_want_get(&r);
        if (r.failed) {
            *ret_step = command_end(c, 2, "a line of the lock file is beyond the limits");
            return false;
        }
        if (!look_at(t, &want, ret_step)) {
            return false;
        }
        t->wants = ch_str_sub(t->wants, t->wants.len - ch_rd_left(&r), t->wants.len);
    }
    return true;
}

static void show_line_counts(struct policy_trial *t)
{
    size_t all = 0;
    for (size_t i = 0; i < WANT_STATES; i++) {
        all += t->lines[i];
    }
    command_print(t->c, "looked at %zu lines:", all);
    for (size_t i = 0; i < WANT_STATES; i++) {
        if (t->lines[i] > 0 || i == WANT_PASSES) {
            command_print(t->c, "%s %zu %s", i > 0 ? "," : "", t->lines[i],
                          want_state_name((enum want_state)i));
        }
    }
    command_print(t->c, "\n");
}

/* ------------------------------------------------------------------ the command */

static bool is_worse(const struct policy_trial *t)
{
    size_t n = t->counts.changes[CH_DECISION_STRICTER];
    for (size_t i = WANT_HELD; i < WANT_STATES; i++) {
        n += t->lines[i];
    }
    /* what is older than the upstream's newest is no news, what becomes older is */
    return n + (t->policy != NULL ? t->lines[WANT_OLDER] : 0) > 0;
}

/* What people said, the configuration or the clock changed while files were looked at: an answer is
 * of one state, so they are looked at from the beginning. False: that happens again and again. */
static bool still_of_one_state(struct policy_trial *t)
{
    if (t->rules == t->k->rules) {
        return true;
    }
    policy_trial_begin(t);
    return ++t->restarts <= RESTARTS_MAX;
}

/* False: the command waits or has ended. */
static bool try_files(struct command *c, struct policy_trial *t, enum step *ret_step)
{
    struct ch_err err;
    if (t->policy != NULL && !still_of_one_state(t)) {
        *ret_step = command_end(c, 1, "what people say of files changes all the time: try again");
        return false;
    }
    if (t->policy != NULL &&
        policy_trial_files(t, command_option(c, "repository"), show_change, t)) {
        *ret_step = policy_trial_pause(t, t->walk.waits ? PAGE_WALK_SLICE_MS : 0);
        return false;
    }
    if (t->walk.failed != CH_OK || ch_buf_ok(&t->text, &err) != CH_OK) {
        *ret_step = command_end(c, 1, "%s", t->walk.failed != CH_OK ? t->walk.why.msg : err.msg);
        return false;
    }
    command_put(c, ch_buf_str(&t->text));
    if (c->args.json) {
        json_counts(t);
    } else if (t->policy != NULL) {
        show_counts(t);
    }
    return true;
}

/* False: the command waits or has ended. */
static bool try_all(struct command *c, struct policy_trial *t, enum step *ret_step)
{
    struct ch_sha256 base = ch_policy_digest(c->k->policy);
    if (!ch_sha256_eq(&base, &t->base)) {
        *ret_step = command_end(c, 1, "another policy came into force meanwhile: try again");
        return false;
    }
    return (t->lines_begun || try_files(c, t, ret_step)) && look_at_lines(t, ret_step);
}

/* Who may change the policy puts it in force; or who has its files does, and one of those has
 * agreed to just this text. So who operates does not say what passes, and who says it needs no hand
 * on the files. Where the policy wants two persons for each exception it wants two for itself.
 * False: the command has ended. */
static bool may_offer(struct command *c, const struct ch_sha256 *digest, struct policy_consent *ret)
{
    const struct ch_str site = {NULL, 0};
    struct ch_err err;
    *ret = policy_consent(c->k, digest, &c->who);
    bool may = command_sees(c, ACTION_POLICY_WRITE, site) ||
               (ret->persons > 0 && command_sees(c, ACTION_OPERATE, site));
    if (may && ret->persons >= ret->needed) {
        return true;
    }
    if (may) {
        command_end(c, 1,
                    "%zu of %zu persons have agreed to this policy: exceptions.two_approvers of "
                    "the one in force "
                    "is always (customhouse policy propose, policy agree)",
                    ret->persons, ret->needed);
    } else if (command_check(c, ACTION_POLICY_WRITE, site, &err) != CH_OK) {
        command_end(
            c, 1,
            "%s. What one of them has agreed to (customhouse policy propose) may be set by root",
            err.msg);
    }
    return false;
}

static enum step accept_offer(struct command *c, struct policy_trial *t)
{
    struct ch_sha256 digest = ch_policy_digest(t->policy);
    struct policy_consent consent;
    struct ch_str reason = command_option(c, "reason");
    struct ch_buf by;
    if (!may_offer(c, &digest, &consent)) {
        return STEP_DONE;
    }
    ch_buf_init(&by, POLICY_BY_MAX);
    ch_buf_printf(&by, "%s%s%s", consent.by, consent.by[0] != '\0' ? ", " : "", c->who.text);
    policies_offer(c->k, &digest, ch_buf_str(&by),
                   reason.len == 0 ? ch_str_of(consent.reason) : reason);
    ch_buf_done(&by);
    command_print(c, c->args.json ? "]" : "");
    return command_end(c, 0, "%s", "");
}

static enum step accept_proposal(struct command *c, struct policy_trial *t)
{
    struct ch_sha256 digest = ch_policy_digest(t->policy);
    struct ch_str reason = command_option(c, "reason"), bundle = t->bundle;
    uint64_t id = 0;
    struct ch_err err;
    if (c->who.kind != PRINCIPAL_USER) {
        return command_end(
            c, 1, "%s is no user: only a user agrees to a policy; policy set puts it in force",
            c->who.text);
    }
    if (policy_propose(c->k, &digest, bundle, ch_str_of(c->who.text), reason, &id, &err) != CH_OK) {
        return command_end(c, 1, "not proposed: %s", err.msg);
    }
    command_print(c, c->args.json ? "]" : "");
    return command_tell_proposed(c, id, &digest);
}

enum step command_policy_test(struct command *c)
{
    struct ch_err err;
    enum step step;
    struct ch_str repository = command_option(c, "repository"), none = {NULL, 0};
    bool offer = ch_str_eq(c->args.name, CH_STR("policy offer"));
    bool propose = ch_str_eq(c->args.name, CH_STR("policy propose"));
    if (c->trial == NULL) {
        if (repository.len > 0 && ch_config_repository(c->k->config, repository) == NULL) {
            return command_end(c, 2, "no repository of this name in the configuration");
        }
        if (repository.len > 0 && !command_may(c, ACTION_POLICY_READ, repository)) {
            return STEP_DONE;
        }
        if (offer && !command_sees(c, ACTION_OPERATE, none) &&
            !command_may(c, ACTION_POLICY_WRITE, none)) {
            return STEP_DONE; /* before anything is read */
        }
        if (policy_trial_new(c, &c->trial, &err) != CH_OK) {
            return command_end(c, 2, "%s", err.msg);
        }
        struct ch_sha256 digest =
            c->trial->policy != NULL ? ch_policy_digest(c->trial->policy) : (struct ch_sha256){{0}};
        struct policy_consent unused;
        if (offer && !may_offer(c, &digest, &unused)) {
            return STEP_DONE;
        }
        if (c->trial->policy == NULL && (offer || propose || c->trial->wants.len == 0)) {
            return command_end(c, 2, "expected a policy, or a lock file");
        }
        command_print(c, c->args.json ? "{\"changes\":[" : "");
    }
    bool lines = c->trial->wants.len > 0 || c->trial->lines_begun;
    if (!try_all(c, c->trial, &step)) {
        return step;
    }
    if (offer) {
        return accept_offer(c, c->trial);
    }
    if (propose) {
        return accept_proposal(c, c->trial);
    }
    command_print(c, c->args.json ? "]}\n" : "");
    if (!c->args.json && lines) {
        show_line_counts(c->trial);
    }
    return command_end(c, is_worse(c->trial) ? 1 : 0, "%s", "");
}

/* The end of `policy set`: the policy of this digest is in force. Run again by the next reload. */
enum step command_policy_await(struct command *c)
{
    struct policies *p = c->k->policies;
    struct ch_sha256 wanted, digest = ch_policy_digest(c->k->policy);
    char hex[CH_SHA256_HEX + 1];
    if (!ch_sha256_from_hex(command_word(c), &wanted)) {
        return command_end(c, 2, "expected the sha256 of a policy");
    }
    if (ch_sha256_eq(&wanted, &digest)) {
        ch_sha256_hex(&digest, hex);
        if (c->args.json) {
            command_print(c, ",\"in_force\":true,\"sha256\":\"%s\",\"number\":%llu}\n", hex,
                          (unsigned long long)p->newest.id);
        } else {
            command_print(c, "in force: sha256 %.16s, number %llu of the history\n", hex,
                          (unsigned long long)p->newest.id);
        }
        return command_end(c, 0, "%s", "");
    }
    if (p->refused[0] != '\0') {
        return command_end(c, 1, "refused: %s", p->refused);
    }
    if (c->told) {
        return command_end(c, 1, "another policy came into force");
    }
    c->told = true;
    policies_wait(c->k, command_waiter(c));
    return STEP_WAIT;
}
