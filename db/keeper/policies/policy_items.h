/* A policy as a list of what it says: a path, a value, and the line that says so. Read out of what
 * ch_policy_describe writes, line by line: lists of any length are one line there. */
#ifndef KEEPER_POLICY_ITEMS_H
#define KEEPER_POLICY_ITEMS_H

#include "customhouse/policy.h"

struct policy_item {
    char *path;          /* "cool_down.trusted_days", "rules.NAME.project" */
    struct ch_str value; /* as described: 7, [a, b], {pypi: 7}, "a text" */
    uint32_t line;       /* 0: the default */
    uint32_t rule;       /* place among the rules, from 1; 0: of none */
};

struct policy_items {
    struct ch_buf text; /* ch_policy_describe; values borrow from it */
    struct policy_item *list;
    size_t count;
};

enum ch_code policy_items_of(const struct ch_policy *policy, struct policy_items *ret,
                             struct ch_err *err) CH_MUST_CHECK;
void policy_items_done(struct policy_items *items);
const struct policy_item *policy_items_find(const struct policy_items *items, const char *path);
/* The entries of a list, or of a map, one after the other; false: no more. Starts with *at == 0. */
bool policy_item_entry(struct ch_str value, size_t *at, struct ch_str *ret);
/* As JSON: numbers and booleans where the text reads as such. */
void policy_item_put_json(struct ch_buf *b, struct ch_str value);

#endif
