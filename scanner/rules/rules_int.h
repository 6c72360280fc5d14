/* What compiling and matching share: sets of compiled rules, and what each rule states of itself. */
#ifndef CH_SCANNER_RULES_INT_H
#define CH_SCANNER_RULES_INT_H

#include <yara.h>

#include "scanner/rules/rules.h"

/* A list of globs; zeroed: takes every path. */
struct globs {
    struct ch_str *items; /* borrowed from the rule's text or from the table of groups */
    size_t count;
    bool all;
};
/* Adds "a,b,@group"; false when a group is unknown, the list is empty, or a glob fits no path that
 * a member can have: *ret_wrong (or NULL), a part of `list`. */
bool globs_add(struct globs *g, struct ch_str list, struct ch_str *ret_wrong);
bool globs_take(const struct globs *g, struct ch_str path);
void globs_done(struct globs *g);
/* Whether a path is that of source, by its suffix: the group @code. */
bool globs_is_code(struct ch_str path);
/* Of these: only by its folder, from where the kernel runs it by its first bytes. */
bool globs_is_script(struct ch_str path);

/* What a rule states of itself. */
struct rule_meta {
    enum ch_finding_code code;
    const char *message; /* "" when it has none */
    struct globs paths;
};

enum rule_set_kind {
    SET_TEXT = 0, /* shipped, for text: they ask only what is there */
    SET_BINARY,   /* shipped, for everything else: places too */
    SET_SITE,
    SET_COUNT
};

struct rule_set {
    YR_RULES *rules; /* NULL: none */
    struct rule_meta *meta; /* by the rule's place in rules->rules_table */
    size_t count;
    struct globs paths; /* of all rules together */
};
void rule_set_done(struct rule_set *set);

struct rule_gate; /* gate.h */

struct rule_sets {
    struct rule_set set[SET_COUNT];
    struct rule_gate *gate; /* of the shipped sets */
    size_t count;
    struct ch_sha256 digest;
};
extern struct rule_sets *rules_loaded; /* NULL: nothing */

/* Embedded at build time. */
extern const struct ch_rule_text ch_rules_shipped[];
extern const size_t ch_rules_shipped_count;
bool rules_is_binary(struct ch_str shipped_name);

/* compile.c: files of one set; each is a namespace of its own. */
enum ch_code rules_compile(const struct ch_rule_text *texts, size_t count, bool shipped,
                           struct rule_set *ret, struct ch_err *err) CH_MUST_CHECK;
/* No rule of one set has the name of one of the other. `texts` are those of `b`. */
enum ch_code rules_check_names(const struct rule_set *a, const struct rule_set *b,
                               const struct ch_rule_text *texts, size_t count,
                               struct ch_err *err) CH_MUST_CHECK;
/* Line on which the rule of that name begins, from 1; 0 when the text has none. */
unsigned rules_line_of(struct ch_str text, struct ch_str rule);

#endif
