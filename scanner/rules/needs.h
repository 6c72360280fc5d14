/* What must stand in a text for a rule to match it: words, joined by "at least so many of". Taken
 * from the rule's own text (needs_text.c, needs_regex.c). It may ask less than the rule does, never
 * more: what is not understood asks nothing. Only for shipped rules, whose form we know. */
#ifndef CH_SCANNER_RULES_NEEDS_H
#define CH_SCANNER_RULES_NEEDS_H

#include "scanner/literals.h"

/* A word, or at least `least` of its parts. */
struct need {
    int32_t word; /* -1: not a word */
    uint32_t least;
    uint32_t spare; /* parts that may be missing */
    int32_t part;   /* the first one; -1: none */
    int32_t next;   /* its neighbour as a part of another; -1: the last */
};
enum { NEED_NOTHING = -1 }; /* in place of an index: holds always */
enum { NEED_WORD_MIN = 4 }; /* shorter words ask nothing */

/* Zeroed: empty. */
struct needs {
    struct need *all;
    size_t count;
    struct ch_literal *words; /* each once */
    char **owned;                 /* their bytes */
    size_t word_count;
};
void needs_done(struct needs *n);

/* Both give an index or NEED_NOTHING. needs_group takes the parts over: each is a part of one group.
 */
int32_t needs_word(struct needs *n, struct ch_str word, bool nocase);
int32_t needs_group(struct needs *n, uint32_t least, const int32_t *parts, size_t count);
int32_t needs_again(struct needs *n, int32_t need); /* the same, to be a part of one more group */
void needs_mark(const struct needs *n, int32_t need, bool *used); /* the words it asks for */
/* Few and rare words of it: where none of them is, it does not hold. Not of NEED_NOTHING. */
void needs_first(const struct needs *n, int32_t need, bool *first);
/* needs_common.c: in how many of ten thousand files of source a word stands, more or less. */
uint32_t needs_commonness(const struct ch_literal *word);
bool needs_hold(const struct needs *n, int32_t need, const bool *seen); /* seen: by word */

/* needs_regex.c: a regular expression of libyara, without its slashes. */
int32_t needs_regex(struct needs *n, struct ch_str regex, bool nocase);

/* needs_text.c: calls back with each rule of a file of rules. */
typedef void needs_rule_fn(void *user, struct ch_str rule, int32_t need);
void needs_read(struct needs *n, struct ch_str text, needs_rule_fn *on_rule, void *user);

#endif
