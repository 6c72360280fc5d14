/* Which files a rule is about, in pieces small enough to be all of another rule's or none of it. */
#ifndef POLICY_REACH_INT_H
#define POLICY_REACH_INT_H

#include "policy_int.h"

/* What a file can be asked about, one thing after the other. */
enum ch_reach_axis {
    CH_AXIS_REPOSITORY = 0,
    CH_AXIS_ENVIRONMENT,
    CH_AXIS_PROJECT,
    CH_AXIS_VERSION,
    CH_AXIS_SPECS,
    CH_AXIS_SIZE,
    CH_AXIS_AGE,
    CH_AXIS_FINDING,
    CH_AXIS_YANKED,
    CH_AXIS_HAS_WHEEL,
    CH_AXIS_FIXES,
    CH_AXIS_LIKENESS,
    CH_AXIS_CHANGED,
    CH_AXIS_FACT, /* and one for each further fact */
    CH_AXIS_COUNT = CH_AXIS_FACT + CH_FACT_COUNT
};

enum ch_piece_kind {
    CH_PIECE_NONE = 0, /* no finding, no such fact; a name that no rule has */
    CH_PIECE_TEXT,     /* one value */
    CH_PIECE_GLOB,     /* all that the pattern stands for */
    CH_PIECE_NUMBER,   /* bytes, days, 0 or 1, the code of a finding */
    CH_PIECE_CHANGE,   /* a change of this kind, fact and value */
    CH_PIECE_UNKNOWN,  /* nobody knows it: rules that hold or deny both hold */
    CH_PIECE_OLD,      /* old enough, and no time known (age.c) */
    CH_PIECE_WHOLE,    /* what the condition says, undivided */
};

/* A policy is read by the keeper between two answers: this is some tenths of a second. */
enum { CH_REACH_STEPS_MAX = 300000 };

struct ch_piece {
    enum ch_piece_kind kind;
    struct ch_str text;
    uint64_t number;
    struct ch_change_pattern change;
};

/* One kind of file in one place. */
struct ch_reach_place {
    const struct ch_ecosystem *eco;
    const char *file_type;
    const struct ch_policy_place *place; /* NULL: any repository */
    size_t *steps;                       /* taken so far, of CH_REACH_STEPS_MAX */
    bool holds; /* what holds until a person approves the file ends the walk, too */
};

typedef void ch_piece_fn(void *arg, const struct ch_piece *piece);

/* Calls `fn` with pieces that together are all that `rule` is about on this axis. `others` are the
 * rules that pieces are compared with. */
void ch_reach_pieces(const struct ch_rule *rule, const struct ch_rule *const *others, size_t count,
                     const struct ch_reach_place *at, unsigned axis, ch_piece_fn *fn, void *arg);
/* Whether `other` is about all of that piece of `rule`. Never true where it is not so. */
bool ch_reach_has(const struct ch_rule *other, const struct ch_rule *rule,
                  const struct ch_reach_place *at, unsigned axis, const struct ch_piece *piece);
/* Whether the rule says anything on this axis. */
bool ch_reach_asks(const struct ch_rule *rule, unsigned axis);

#endif
