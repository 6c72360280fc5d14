/* Files of one version that is had whole (ch_ecosystem.whole_versions), judged one after the other:
 * what each of them says of all others is looked at once, and not once more for each. */
#ifndef KEEPER_JUDGE_TOGETHER_H
#define KEEPER_JUDGE_TOGETHER_H

#include "db/keeper/keeper_int.h"

/* A part that may not pass, and why: the first two, so that there is one for each of them, too. */
struct judged_part {
    size_t file;
    char rule[sizeof(((struct ch_decision *)NULL)->rule)];
    char reason[CH_REASON_MAX];
};

struct judged_end {
    size_t file;
    int64_t until_us;
};

struct judged_together {
    struct judged_together *outer;
    bool known;       /* the rest says it of this version */
    uint32_t version; /* its place in page.index */
    size_t attacks;   /* that the page had: judging itself finds some */
    struct judged_part denied[2], held[2];
    size_t denied_count, held_count; /* at most two, each */
    size_t missing[2], missing_count;
    struct judged_end end[2]; /* the earliest two */
    size_t end_count;
};

/* From here to judge_apart each judgement of a file of the page goes by what *t has, which lives as
 * long. Meanwhile nothing may change that files are judged by, so nothing is waited for; that
 * decisions are recorded changes nothing. The page is not forgotten meanwhile. */
void judge_together(struct page *p, struct judged_together *t);
void judge_apart(struct page *p);

#endif
