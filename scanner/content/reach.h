/* Members that are judged mildly because nothing seems to run them (tests, examples, archives of
 * data), and which of them is run all the same: imported, started or opened by name from elsewhere
 * in the artifact.
 *
 * What names them: import statements, texts that are a module's name ("-m", importlib, runpy) or a
 * path, folders that source puts on sys.path, entry points, .pth files; and what one of them names
 * that was reached itself. It is told by what stands there: a name that is computed at run time is
 * not followed. */
#ifndef CH_CONTENT_REACH_H
#define CH_CONTENT_REACH_H

#include "customhouse/bytes.h"

/* How it is reached; bits. */
enum {
    REACH_NAMED = 1 << 0,
    REACH_START = 1 << 1, /* from what runs when any Python starts */
    REACH_RUN = 1 << 2,   /* as a program or script */
    REACH_CODE = 1 << 3,  /* its content is executed as Python source, whatever its name is */
};

enum reach_kind {
    REACH_TESTS,   /* lies among tests */
    REACH_DATA,    /* elsewhere: an archive, perhaps, or a script */
    REACH_TEXT,    /* the same, named like a text or a picture: only what starts it counts
                      (reach_started) */
    REACH_MODULE,  /* imported anyway: only what runs as Python starts reaches it (REACH_START) */
    REACH_SCRIPT,  /* the same of Python source among data: what is put on sys.path, too */
    REACH_PROGRAM, /* a package's __main__.py: what imports it by its name, or starts the package */
};

struct reach;
struct reach *reach_new(void);
void reach_free(struct reach *r); /* accepts NULL */

/* A member that may be reached. `path`: in the archive; once each. `site`: as imports see it,
 * "a/tests/b.py". */
void reach_add(struct reach *r, struct ch_str path, struct ch_str site, enum reach_kind kind);
/* The same of what lies among the tests of an archive in the archive: where it would be judged
 * again, that one is. False: `archive` was not added. */
bool reach_add_inside(struct reach *r, struct ch_str path, struct ch_str site,
                      struct ch_str archive);
/* What is known of it: bits, 0 while nothing names it. */
unsigned reach_of(const struct reach *r, struct ch_str path);
/* It is judged as what reach_of says now: when more is known later, reach_next gives it. Whether it
 * was before. */
bool reach_judged(struct reach *r, struct ch_str path);
/* The next one to be judged again; borrowed until reach_free. False: none. */
bool reach_next(struct reach *r, struct ch_str *ret_path);

/* One that is reached as Python starts, each once, before it was judged. False: no more. */
bool reach_next_start(struct reach *r, struct ch_str *ret_path);
/* All source that is reached so, and was judged, is to be judged again. */
void reach_start_again(struct reach *r);

/* Python source that runs. `how`: REACH_START or 0. */
void reach_source(struct reach *r, struct ch_str path, struct ch_str site, struct ch_str bytes,
                  unsigned how);
/* "a.b:c" of an entry point. */
void reach_object(struct reach *r, struct ch_str reference);
/* The member of this path in the archive, if it may be reached at all. */
void reach_path(struct reach *r, struct ch_str path, unsigned how);
/* A folder that a .pth file puts on sys.path. */
void reach_folder(struct reach *r, struct ch_str folder);
/* The source of `site` imports, starts or loads what has this name, as its values say. */
void reach_started(struct reach *r, struct ch_str site, struct ch_str name, unsigned how);
/* The source of `site` executes the content of what has this path. In it "*" is any part of a name;
 * a folder that is not known at its beginning is left out. */
void reach_executed(struct reach *r, struct ch_str site, struct ch_str path, unsigned how);
/* It imports all that it finds in this folder, and below; "": in its own. */
void reach_listed(struct reach *r, struct ch_str site, struct ch_str folder, unsigned how);
bool reach_over(const struct reach *r); /* more folders of tests than are kept */

#endif
