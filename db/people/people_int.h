/* Inside what is known of people. */
#ifndef PEOPLE_INT_H
#define PEOPLE_INT_H

#include "people.h"

#include "customhouse/attr.h"
#include "customhouse/index.h"
#include "customhouse/map.h"

struct kept {
    struct ch_people_row row; /* slices borrow from `memory` */
    struct ch_buf memory;
    char principal[PRINCIPAL_MAX]; /* of a person's row */
};

/* A person or service account that stands, with what its groups give it. */
struct held {
    const struct ch_people_row *row;
    struct grant *grants;            /* borrow from rows */
    const struct ch_people_row **by; /* the grant's row, beside each */
    size_t count;
    bool conflict; /* no such membership was ever taken: then it has no rights at all */
};

struct people {
    struct kept **rows; /* in their order; each stays where it is */
    size_t count, cap;
    struct held *held;
    size_t held_count;
    struct ch_map *by_name;   /* those that stand -> struct held */
    struct ch_map *names;     /* all that were ever given -> struct ch_people_row */
    struct ch_map *tokens;    /* 32 bytes -> struct ch_people_row */
    struct ch_map *token_ids; /* 8 bytes -> the same */
    bool has_approver;        /* a person is one now */
    size_t approvers_ever;    /* persons who are or were */
    bool loopback_only;
    bool altered;   /* people_set_altered */
    bool only_pull; /* people_set_unread */
};

static inline bool people_stands(const struct ch_people_row *row)
{
    return row->ended_at_us == CH_TIME_UNKNOWN && row->altered == NULL;
}

static inline bool people_stands_as(const struct ch_people_row *row, enum ch_people_kind kind)
{
    return row->kind == kind && people_stands(row);
}

#endif
