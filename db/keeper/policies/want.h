/* What becomes of something that is wanted, on a page that is there: of a line of a lock file, or
 * of what a release asks for. */
#ifndef KEEPER_WANT_H
#define KEEPER_WANT_H

#include "db/keeper/keeper_int.h"

enum want_state {
    WANT_PASSES = 0,
    WANT_NOT_ASKED, /* does not come from an index: nothing is said of it */
    WANT_OLDER,
    WANT_HELD,
    WANT_DENIED,
    WANT_HASHES,  /* no known file of the version has any of its hashes */
    WANT_MISSING, /* the upstream has no such project, version or match */
    WANT_UNKNOWN, /* could not be looked up */
    WANT_STATES
};
const char *want_state_name(enum want_state state); /* "held" */

struct want_result {
    enum want_state state;
    const struct ch_decision
        *decision; /* OLDER, HELD, DENIED: on the file that is not got; else NULL */
    struct ch_decision room;
    struct ch_decision before;  /* with `decision`: on the same file, under the policy in force */
    struct ch_str release_file; /* with `decision`: its name */
    size_t file;
    struct ch_str now;  /* versions: got under the policy in force (without a new one: that the */
    struct ch_str then; /* upstream has), and got then; absent: none */
    size_t files, passing; /* that the line can mean */
    char text[600];        /* MISSING, UNKNOWN, HASHES: more words */
};

/* Judges what is wanted on a page that is ready. `other` is the policy whose answer counts, NULL:
 * the one in force. */
void want_judge(struct keeper *k, struct ch_policy *other, struct page *p,
                const struct ch_policy_want *want, struct want_result *ret);
/* Why there is no page to judge on: `text`, and MISSING or UNKNOWN. */
enum want_state want_no_page(const struct keeper *k, const struct page *p, char *text, size_t size);
/* Whether a resolver could take this file for it, the policy apart. */
bool want_can_mean(const struct page *p, size_t file, const struct ch_policy_want *want);
/* It is served, or nothing but its inspection is missing. */
bool want_could_be_had(const struct ch_decision *d);
/* The newest of these files, finals before pre-releases as resolvers do; -1: none. */
ptrdiff_t want_newest(const struct page *p, const bool *among);
/* One file's decision under the other policy; NULL: under the one in force. */
void want_judge_under(struct keeper *k, struct ch_policy *other, struct page *p, size_t file,
                      struct ch_decision *ret);

#endif
