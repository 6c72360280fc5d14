/* What reach.c (what may be reached, and what is) and reach_text.c (what texts name) share. */
#ifndef CH_CONTENT_REACH_INT_H
#define CH_CONTENT_REACH_INT_H

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/content/names.h"
#include "scanner/content/reach.h"
#include "scanner/content/reach_asked.h"
#include "scanner/content/reach_gate.h"

enum { SHORT_NAME = 4 }; /* shorter ones are words, not files */

struct target {
    char *own; /* path and site */
    struct ch_str path;
    struct ch_str site;
    unsigned how;
    bool quiet;
    bool script;   /* Python source among data */
    bool module;   /* imported anyway */
    bool program;  /* a package's __main__.py */
    bool at_start; /* reach_next_start gives it, or gave it */
    struct target *next_start;
    bool judged;
    bool waits; /* is on the list */
    struct target
        *carrier; /* the archive that has it, which is judged again in its place; NULL: none */
    struct target *same_module;
    struct target *same_base;
    struct target *next;         /* of the list */
    struct reach_word *words[2]; /* without one of which no source names it; NULL: none */
};

struct reach {
    struct target **targets;
    size_t count;
    size_t cap;
    struct ch_map *by_path;
    struct ch_map *by_module;  /* "a/tests/b" */
    struct ch_map *by_base;    /* "b.py" */
    struct names folders;      /* of tests: "a/tests" */
    struct names folder_names; /* "tests" */
    struct names whole;        /* of them, those of which all is reached; a '*' before: at start */
    struct target *first;
    struct target *last;
    struct target *first_start;
    struct reach_gate gate;
    struct reach_asked asked;
};

void reach_mark(struct reach *r, struct target *t, unsigned how);
/* All that lies directly or deeper in a folder of tests. */
void reach_mark_folder(struct reach *r, struct ch_str folder, unsigned how);
/* Importing a.b runs a, then a.b. */
void reach_mark_module(struct reach *r, struct ch_str dotted, unsigned how);

#endif
