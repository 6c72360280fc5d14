/* gate: exit status 0 only if each image, by digest, is ALLOW where it is to run, and that is in
 * the log. What is not known or not decided has not passed; with --wait it is fetched and
 * inspected. */
#include "commands_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "db/keeper/images/image_listed.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/intake/judge_together.h"
#include "customhouse/platform.h"

#define WAIT_MAX_S 3000 /* less than whoever asks waits for an answer (REMOTE_WAIT_MS) */
#define LOG_WAIT_MS                                                                                \
    10000 /* until a decision is under a checkpoint: as a client's patience, and no option */
#define BUDGET_AGAIN_MS 250
#define TRY_AGAIN_MS    2000 /* what failed and may be had later, within --wait */

void gate_free(struct gate *g)
{
    if (g != NULL) {
        ch_loop_cancel_timer(g->c->k->child.loop, &g->timer);
        free(g);
    }
}

/* ------------------------------------------------------------------ options */

static void on_timer(struct ch_timer *t)
{
    commands_go_on(CH_CONTAINER_OF(t, struct gate, timer)->c);
}

/* False: the command has ended. */
static bool begin(struct command *c)
{
    struct ch_str wait = command_option(c, "wait"), environment = command_option(c, "environment");
    uint64_t seconds = 0;
    if (wait.ptr != NULL && (!ch_str_u64(wait, &seconds) || seconds > WAIT_MAX_S)) {
        command_end(c, 2, "--wait: expected a number of seconds, at most %d", WAIT_MAX_S);
        return false;
    }
    if (environment.ptr != NULL && !ch_str_eq(environment, CH_STR("prod")) &&
        !ch_str_eq(environment, CH_STR("preprod"))) {
        command_end(c, 2, "--environment: expected prod or preprod");
        return false;
    }
    struct ch_str platform = command_option(c, "platform");
    if (platform.ptr != NULL && !ch_platform_is_good(platform)) {
        command_end(c, 2, "--platform: expected OS/ARCHITECTURE, OS/ARCHITECTURE/VARIANT or all");
        return false;
    }
    size_t words = 0;
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        words += c->args.key[i].len == 0;
        if (c->args.key[i].len == 0 && c->args.value[i].len == 0) {
            words = 0; /* an empty one ends the list for who reads it, and the rest would not be
                          looked at */
            break;
        }
    }
    if (words == 0) {
        command_end(c, 2, "expected an image at least, and none that is empty");
        return false;
    }
    c->gate = ch_calloc(1, sizeof(*c->gate));
    c->gate->c = c;
    c->gate->timer.fn = on_timer;
    if (seconds > 0) {
        c->gate->until_ms = ch_loop_now_ms(c->k->child.loop) + seconds * 1000;
    }
    return true;
}

static uint64_t now_ms(const struct command *c)
{
    return ch_loop_now_ms(c->k->child.loop);
}

static bool may_wait(const struct command *c)
{
    return now_ms(c) < c->gate->until_ms;
}

/* ------------------------------------------------------------------ looking */

/* T14: what is fetched for it is at the expense of who asks, as what he pulls is. */
static struct ch_client client_of(const struct command *c)
{
    return (struct ch_client){.address = CH_STR("command"), .principal = ch_str_of(c->who.text)};
}

static void try_again(struct command *c, uint64_t after_ms)
{
    uint64_t at_ms = now_ms(c) + after_ms;
    ch_loop_set_timer(c->k->child.loop, &c->gate->timer,
                      at_ms < c->gate->until_ms ? at_ms : c->gate->until_ms);
}

/* Over his budget what is known answers, and the rest is waited for as long as it may be. */
static bool on_page(void *ctx, struct page *p)
{
    struct command *c = ctx;
    struct ch_client client = client_of(c);
    if (page_is_cold(c->k, p) && !page_budget_take(c->k, p, &client)) {
        bool waits = may_wait(c);
        c->gate->over_budget = true;
        if (waits) {
            try_again(c, BUDGET_AGAIN_MS);
        }
        return !waits;
    }
    struct waiter *w = command_waiter(c); /* without a deadline: pages have their own patience */
    if (!page_ready(c->k, p, w)) {
        return false;
    }
    ask_free_waiter(w);
    return true;
}

static bool sees(const void *ctx, const struct ch_repository *r)
{
    const struct command *c = ctx;
    return command_sees(c, c->action, ch_str_of(r->name));
}

static void not_found(struct gated *g, const struct ch_err *err)
{
    g->image.state = IMAGE_UNKNOWN;
    snprintf(g->image.reason, sizeof(g->image.reason), "%s", err->msg);
}

/* False: the command waits or has ended. */
static bool look(struct command *c, struct gated *g, enum step *ret_step)
{
    struct image_where where = {.repository = command_option(c, "repository"),
                                .environment = command_option(c, "environment"),
                                .ctx = c};
    struct ch_err err;
    bool foreign;
    if (!command_sees(c, c->action, (struct ch_str){NULL, 0})) {
        where.sees = sees;
    }
    enum ch_code rc = image_name_read(c->k, g->word, &where, &g->name, &foreign, &err);
    if (rc == CH_E_NOT_FOUND) {
        not_found(g, &err);
        return true;
    }
    const struct ch_repository *repo = rc == CH_OK ? g->name.repository : NULL;
    if (repo != NULL && where.repository.len > 0 &&
        !ch_str_eq(where.repository, ch_str_of(repo->name))) {
        rc = ch_fail(&err, CH_E_USAGE, "it is of repository %s, not of %.*s", repo->name,
                     CH_STR_ARG(where.repository));
    }
    rc = rc == CH_OK ? command_check(c, c->action, ch_str_of(repo->name), &err) : rc;
    rc = rc == CH_OK && command_has(c, "discard") ? gate_may_discard(c, repo, &err) : rc;
    if (rc != CH_OK) {
        struct ch_buf word;
        ch_buf_init(&word, 8192);
        ch_buf_put_escaped(&word, ch_str_sub(g->word, 0, 200));
        *ret_step = command_end(c, command_status_of(&err), "%.*s: %s",
                                CH_STR_ARG(ch_buf_str(&word)), err.msg);
        ch_buf_done(&word);
        return false;
    }
    c->gate->over_budget = false;
    struct image_wanted wanted = {.platform = command_option(c, "platform"), .records = true};
    if (!image_look(c->k, &g->name, &wanted, on_page, c, &g->image)) {
        *ret_step = STEP_WAIT;
        return false;
    }
    if (c->gate->over_budget && g->image.state == IMAGE_UNKNOWN) {
        snprintf(
            g->image.reason, sizeof(g->image.reason),
            "%.100s asks for more than one may at once, so it was not looked up: try again, or "
            "with --wait",
            c->who.text);
    }
    /* T23: an attribute of the repository, never of who asks */
    if (where.environment.len > 0 && !ch_str_eq(where.environment, ch_str_of(repo->environment))) {
        g->image.state = IMAGE_HELD;
        g->image.manifest_count = 0; /* whatever is in it, and nothing is fetched to know that */
        snprintf(g->image.reason, sizeof(g->image.reason),
                 "its repository %s is for %s, not for %.*s", repo->name, repo->environment,
                 CH_STR_ARG(where.environment));
    }
    return true;
}

/* ------------------------------------------------------------------ waiting */

/* Whether the file is yet to be inspected: it is missing for a verdict, or there is one by another
 * file, and this one is on its way all the same; then it belongs to the trace. */
static bool is_to_come(struct command *c, struct page *p, size_t file)
{
    struct intake_progress progress;
    struct ch_decision d;
    judge(c->k, p, file, &d);
    bool itself = d.eligible && (d.refetch || !image_listed_waits(c->k, p, file));
    return itself || (inspection_of(c->k, p, file) == NULL &&
                      intake_progress(c->k, p, file, &progress) && !progress.failed);
}

/* Each file of it that is to come, as far as there is budget: of the first for which `stop` is
 * given it is the intake, which the next one may end; *ret_failed: one could not be begun now. */
static struct intake *want(struct command *c, const struct image *im, bool stop, bool *ret_failed)
{
    struct ch_client client = client_of(c);
    struct intake *found = NULL;
    for (size_t m = 0; found == NULL && m < im->manifest_count; m++) {
        struct page *p = image_page(c->k, im, m);
        if (p == NULL) {
            continue;
        }
        bool *to_come = ch_calloc(p->facts.file_count + 1, sizeof(*to_come));
        struct judged_together together;
        judge_together(p, &together);
        for (size_t i = 0; i < p->facts.file_count; i++) {
            to_come[i] = image_has_file(p, i) && is_to_come(c, p, i);
        }
        judge_apart(p); /* what begins now may change what the others are */
        p->pinned++;
        for (size_t i = 0; found == NULL && i < p->facts.file_count; i++) {
            struct charge charge = {0};
            struct intake *in = NULL;
            if (!to_come[i]) {
                continue;
            }
            if (!intake_is_new(c->k, p, i) ||
                budget_take(c->k, BUDGET_FILE, ch_str_of(p->upstream->name), &client, &charge)) {
                in = intake_want(c->k, p, i, false, &charge);
                budget_give(c->k, &charge); /* where it was not taken over */
            }
            *ret_failed = *ret_failed || in == NULL;
            found = stop ? in : NULL;
        }
        p->pinned--;
        free(to_come);
    }
    return found;
}

static bool is_wanted(const struct image *im)
{
    return im->repository != NULL && im->state != IMAGE_ALLOWED && im->state != IMAGE_UNKNOWN;
}

static bool may_come(const struct command *c, const struct image *im)
{
    struct page *p = NULL;
    if (im->state == IMAGE_UNKNOWN && im->repository != NULL &&
        (im->page[0] != '\0' || !im->repository->hosted)) { /* else it was not pushed */
        const char *name = im->page[0] != '\0' ? im->page : im->asked;
        p = page_get(c->k, ch_str_of(im->repository->name), ch_str_of(name));
    }
    return p != NULL && p->load != PAGE_ABSENT && p->load != PAGE_READY;
}

/* Whether the command waits for what is not decided yet: all of it is asked for side by side, and
 * one after the other awaited. */
static bool wait_for_verdicts(struct command *c, const struct gated *list, size_t count)
{
    struct intake *in = NULL;
    bool again = false;
    for (size_t i = 0; i < count && may_wait(c); i++) {
        again = again || may_come(c, &list[i].image);
        if (is_wanted(&list[i].image)) {
            CH_IGNORE(want(c, &list[i].image, false, &again) != NULL);
        }
    }
    for (size_t i = 0; in == NULL && i < count && may_wait(c); i++) {
        in = is_wanted(&list[i].image) ? want(c, &list[i].image, true, &again) : NULL;
    }
    if (in != NULL) {
        struct waiter *w = command_waiter(c);
        w->deadline_ms = c->gate->until_ms;
        intake_wait(in, w);
    } else if (again) {
        try_again(c, TRY_AGAIN_MS);
    }
    return in != NULL || again;
}

/* ------------------------------------------------------------------ what is durable */

/* As for a client who asks for the file: a step towards ALLOW is durable before it counts, one away
 * from it acts first. False: an ALLOW could not be made durable. */
static bool record(struct command *c, struct page *p, size_t file, struct image *im)
{
    struct keeper *k = c->k;
    struct ch_decision d;
    struct ch_err err;
    judge(k, p, file, &d);
    enum ch_code rc = CH_OK;
    if (d.verdict == CH_VERDICT_ALLOW) {
        bool durable =
            p->files[file].recorded_verdict == CH_VERDICT_ALLOW && k->uncommitted_allows == 0;
        rc = durable ? CH_OK : judge_record(k, p, file, &d, &err);
        rc = rc == CH_OK && !durable ? keeper_commit(k, &err) : rc;
    } else if (!d.eligible) {
        serve_withdraw(k, p, file, &d);
        if (judge_record(k, p, file, &d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg); /* a refusal stands without its row */
        }
    }
    if (rc != CH_OK) {
        im->state = IMAGE_HELD;
        snprintf(im->reason, sizeof(im->reason), "its approval could not be stored: %s", err.msg);
    }
    return rc == CH_OK;
}

/* Whether the log has all decisions on it under a checkpoint. */
static bool record_all(struct command *c, struct image *im)
{
    bool logged = true, good = true;
    for (size_t m = 0; good && m < im->manifest_count; m++) {
        struct page *p = image_page(c->k, im, m);
        struct judged_together together;
        if (p == NULL) {
            continue;
        }
        judge_together(p, &together);
        for (size_t i = 0; good && i < p->facts.file_count; i++) {
            if (image_has_file(p, i)) {
                good = record(c, p, i, im);
                logged = logged && audit_has(c->k, &p->files[i]);
            }
        }
        judge_apart(p);
    }
    return logged;
}

/* Whether the command waits for the log. */
static bool wait_for_log(struct command *c)
{
    struct gate *g = c->gate;
    if (g->log_until_ms == 0) {
        g->log_until_ms = now_ms(c) + LOG_WAIT_MS;
    }
    if (now_ms(c) >= g->log_until_ms) {
        return false;
    }
    struct waiter *w = command_waiter(c);
    w->deadline_ms = g->log_until_ms;
    audit_wait(c->k, w);
    return true;
}

/* False: the command waits. */
static bool settle(struct command *c, struct gated *list, size_t count)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        bool logged = record_all(c, &list[i].image);
        list[i].passed = logged && list[i].image.state == IMAGE_ALLOWED;
        all = all && logged;
    }
    if (!all && wait_for_log(c)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!list[i].passed && list[i].image.state == IMAGE_ALLOWED) {
            list[i].image.state = IMAGE_HELD;
            snprintf(list[i].image.reason, sizeof(list[i].image.reason),
                     "that it is allowed is not in the audit log yet");
        }
    }
    return true;
}

/* ------------------------------------------------------------------ the command */

static enum step end(struct command *c, struct gated *list, size_t count)
{
    size_t passed = 0;
    for (size_t i = 0; i < count; i++) {
        passed += list[i].passed;
    }
    bool discard = command_has(c, "discard");
    if (discard) {
        gate_discard(c, list, count);
    }
    gate_show(c, list, count);
    if (discard) {
        gate_discarded(c, list, count);
    }
    return command_end(c, passed == count ? 0 : 1, "%s", "");
}

enum step command_gate(struct command *c)
{
    struct gated *list = ch_calloc(CH_COMMAND_MAX_ARGS, sizeof(*list));
    enum step step = STEP_DONE;
    size_t count = 0;
    bool looked = c->gate != NULL || begin(c);
    for (; looked && command_word_at(c, count).len > 0; count++) {
        list[count].word = command_word_at(c, count);
        looked = look(c, &list[count], &step);
    }
    if (looked) {
        step = wait_for_verdicts(c, list, count) || !settle(c, list, count) ? STEP_WAIT
                                                                            : end(c, list, count);
    }
    free(list);
    return step;
}
