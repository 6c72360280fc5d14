/* A policy on trial, over all known files: a slice of time after the other, so that gateways get
 * their answers meanwhile. */
#include "policy_trial.h"

#include <stdlib.h>

#include "customhouse/limits.h"

enum ch_code policy_trial_new(struct command *c, struct policy_trial **ret, struct ch_err *err)
{
    struct keeper *k = c->k;
    struct ch_policy *policy = NULL;
    struct ch_rd r = ch_rd_of(c->input.ptr, c->input.len);
    struct ch_str bundle = ch_get_str(&r, ch_limits.setup_text_bytes);
    if (c->input.len > 0 && r.failed) {
        return ch_fail(err, CH_E_USAGE, "a policy is longer than %llu bytes",
                       (unsigned long long)ch_limits.setup_text_bytes);
    }
    if (bundle.len > 0) {
        struct ch_policy_place *places =
            ch_calloc(k->config->repository_count + 1, sizeof(*places));
        for (size_t i = 0; i < k->config->repository_count; i++) {
            const struct ch_repository *repo = &k->config->repositories[i];
            places[i] = (struct ch_policy_place){.repository = ch_str_of(repo->name),
                                                 .environment = ch_str_of(repo->environment),
                                                 .ecosystem = ch_str_of(repo->ecosystem)};
        }
        enum ch_code rc = ch_policy_parse(bundle, ch_policy_file_name(k->policy), &policy, err);
        rc = rc == CH_OK ? ch_policy_check_places(policy, places, k->config->repository_count, err)
                         : rc;
        free(places);
        if (rc != CH_OK) {
            ch_policy_free(policy);
            return rc;
        }
    }
    struct policy_trial *t = ch_calloc(1, sizeof(*t));
    t->k = k;
    t->c = c;
    t->policy = policy;
    t->bundle = bundle;
    t->base = ch_policy_digest(k->policy);
    ch_buf_init(&t->text, 256u << 20);
    policy_trial_begin(t);
    t->wants = ch_str_sub(ch_buf_str(&c->input), c->input.len - ch_rd_left(&r), c->input.len);
    *ret = t;
    return CH_OK;
}

void policy_trial_free(struct policy_trial *t)
{
    if (t != NULL) {
        ch_loop_cancel_timer(t->k->child.loop, &t->timer);
        ch_policy_free(t->policy);
        page_walk_done(&t->walk);
        ch_buf_done(&t->text);
        free(t);
    }
}

static void on_timer(struct ch_timer *timer)
{
    commands_go_on(CH_CONTAINER_OF(timer, struct policy_trial, timer)->c); /* may free it */
}

enum step policy_trial_pause(struct policy_trial *t, uint64_t ms)
{
    t->timer.fn = on_timer;
    ch_loop_set_timer(t->k->child.loop, &t->timer, ch_loop_now_ms(t->k->child.loop) + ms);
    return STEP_WAIT;
}

void policy_trial_begin(struct policy_trial *t)
{
    t->rules = t->k->rules;
    t->counts = (struct trial_counts){0};
    t->shown = 0;
    ch_buf_clear(&t->text);
    page_walk_begin(&t->walk, t->k, PAGE_WALK_ANY);
}

struct trying {
    struct policy_trial *t;
    trial_change_fn *each;
    void *ctx;
};

static void try_page(void *ctx, struct page *p)
{
    struct trying *trying = ctx;
    struct policy_trial *t = trying->t;
    bool any = false;
    if (!command_sees(t->c, ACTION_POLICY_READ, ch_str_of(p->repository))) {
        return;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct ch_decision before, after;
        if (p->files[i].recorded_verdict < 0) {
            continue; /* never decided on */
        }
        any = true;
        judge(t->k, p, i, &before);
        want_judge_under(t->k, t->policy, p, i, &after);
        enum ch_decision_change change = ch_decision_compare(&before, &after);
        t->counts.files++;
        t->counts.changes[change]++;
        if (change == CH_DECISION_STRICTER) {
            t->counts.denied += after.verdict == CH_VERDICT_DENY;
            t->counts.held[after.hold] += after.verdict == CH_VERDICT_HOLD;
        }
        trying->each(trying->ctx, p, i, change, &before, &after);
    }
    t->counts.projects += any;
}

bool policy_trial_files(struct policy_trial *t, struct ch_str repository, trial_change_fn *each,
                        void *ctx)
{
    struct trying trying = {t, each, ctx};
    return page_walk_go_on(&t->walk, repository, try_page, &trying);
}
