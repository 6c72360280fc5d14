/* What another policy would make of all that is known, and of what an environment wants installed.
 * Nothing is changed by it. */
#ifndef KEEPER_POLICY_TRIAL_H
#define KEEPER_POLICY_TRIAL_H

#include "db/keeper/commands/commands_int.h"

#include "db/keeper/pages/page_walk.h"
#include "want.h"

struct trial_counts {
    size_t projects, files;
    size_t changes[CH_DECISION_STRICTER + 1]; /* by enum ch_decision_change */
    size_t held[CH_HOLD_COUNT];               /* stricter: what would hold it then */
    size_t denied;                            /* stricter */
};

struct policy_trial {
    struct keeper *k;
    struct command *c;
    struct ch_policy *policy; /* NULL: the one in force alone */
    struct ch_sha256 base;    /* in force when it began */
    uint64_t rules;           /* keeper.rules, as it began */
    size_t restarts;
    struct page_walk walk;
    struct ch_buf text; /* what is to be said of files: of all at once, or from the beginning */
    struct trial_counts counts;
    struct ch_str bundle; /* the policy; likewise */
    struct ch_str wants;  /* what is left of them; borrowed from the command's input */
    size_t lines[WANT_STATES];
    size_t shown;
    bool lines_begun;
    struct ch_timer timer;
};

/* CH_E_USAGE: the policy in the input is wrong. */
enum ch_code policy_trial_new(struct command *c, struct policy_trial **ret,
                              struct ch_err *err) CH_MUST_CHECK;
void policy_trial_free(struct policy_trial *t); /* accepts NULL */
/* Goes on with the command a little later: others are served meanwhile. */
enum step policy_trial_pause(struct policy_trial *t, uint64_t ms);

typedef void trial_change_fn(void *ctx, const struct page *p, size_t file,
                             enum ch_decision_change change, const struct ch_decision *before,
                             const struct ch_decision *after);
/* Looks at the next few projects that have a recorded decision; false: there are no more, or
 * t->walk.failed. */
bool policy_trial_files(struct policy_trial *t, struct ch_str repository, trial_change_fn *each,
                        void *ctx);
/* From the beginning: what has been said of files is of rulings or a clock that are no more. */
void policy_trial_begin(struct policy_trial *t);

#endif
