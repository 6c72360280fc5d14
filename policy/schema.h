/* The schema of policy.yaml: one table that the parser, its messages, the file that init writes,
 * `policy show` and the JSON Schema for editors read. */
#ifndef POLICY_SCHEMA_H
#define POLICY_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a key takes. All but the structural ones fill the struct ch_value at `offset`. */
enum ch_key_type {
    CH_KEY_NUMBER = 0, /* from min to max */
    CH_KEY_SIZE,       /* bytes */
    CH_KEY_BOOL,
    CH_KEY_CHOICE,    /* number: the place in `choices` */
    CH_KEY_TEXT,      /* one line of printable ASCII, at most max bytes */
    CH_KEY_RULE_NAME, /* letters, digits, . _ -, at most max bytes */
    CH_KEY_VERSION,   /* a specifier of the ecosystems */
    CH_KEY_NUMBERS,   /* a map of ecosystem to number, from min to max */
    /* lists; one value stands for a list of one, `min` is the least number of entries */
    CH_KEY_PROJECTS, /* names and patterns, folded; $LIST */
    CH_KEY_LICENCES, /* SPDX identifiers and patterns; $LIST; the words in `choices` */
    CH_KEY_PATTERNS, /* of values of facts; $LIST */
    CH_KEY_SPECS,    /* match specs of an ecosystem that has them; $LIST */
    CH_KEY_NAMES,    /* names as the configuration has them */
    CH_KEY_ECOSYSTEMS,
    CH_KEY_FILE_TYPES, /* as ecosystems call their files */
    CH_KEY_CHOICES, /* each one of `choices` */
    CH_KEY_FINDINGS,
    CH_KEY_CHANGES,
    /* a map whose keys fill the same struct */
    CH_KEY_SECTION,
    /* structural: read by parse.c, of the whole file alone */
    CH_KEY_FORMAT,    /* the version of the format: 1 */
    CH_KEY_LISTS,     /* a map of kind to a map of name to list */
    CH_KEY_OVERRIDES, /* a map of name to settings */
    CH_KEY_RULES,
};

struct ch_key {
    const char *key;
    enum ch_key_type type;
    size_t offset;
    uint64_t min;
    uint64_t max;
    const char *unit;
    const char *const *choices;   /* NULL-terminated */
    const struct ch_key *section; /* ends in a row without key */
    unsigned fact; /* PATTERNS: 1 + enum ch_fact_code whose values they are; 0: of any */
    const char *def;              /* as one writes it, of a list with ", " between; NULL: none */
    const char *example;          /* of a rule's key: its value in the file that init writes */
    const char *doc;              /* lines separated by \n */
};

extern const struct ch_key
    ch_policy_keys[]; /* of the whole file; settings fill struct ch_settings */
extern const struct ch_key ch_policy_rule_keys[];  /* fill struct ch_rule */
extern const struct ch_key ch_policy_list_kinds[]; /* projects, licences, patterns, specs: PROJECTS, ... */
/* Kinds of changes that `changed` takes apart from names of facts; NULL-terminated. */
extern const char *const ch_policy_change_names[];

static inline bool ch_key_is_list(enum ch_key_type type)
{
    return type >= CH_KEY_PROJECTS && type <= CH_KEY_CHANGES;
}
static inline bool ch_key_is_structural(enum ch_key_type type)
{
    return type >= CH_KEY_FORMAT;
}

#endif
