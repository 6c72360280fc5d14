/* What the tests of holds by content share: rows of facts and settings, and which rule holds then. */
#ifndef TESTS_POLICY_CONTENT_CASE_H
#define TESTS_POLICY_CONTENT_CASE_H

#include "decide_case.h"

/* A file that passes, of a project that is a year old. */
struct ch_facts content_good(void);

enum { FACTS_MAX = 8 };
/* "capability network, auto-load pth x.pth": name, then value. */
size_t content_facts(const char *text, struct ch_fact *ret);
/* Under "version: 1" and these lines. */
struct ch_decision content_decide(const char *settings, const struct ch_facts *facts);

struct row {
    const char *label;
    const char *settings;
    const char *now;    /* facts */
    const char *before; /* of the release approved before; NULL: none was */
    const char *rule;   /* that holds; NULL: passes */
    const char *reason; /* NULL: not compared */
};
void content_check(const struct row *rows, size_t count, const struct ch_facts *f);

#define CHECK(rows, f) content_check((rows), CH_ARRAY_LEN(rows), &(f))

#endif
