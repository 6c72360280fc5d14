/* Python source, looked at without a Python interpreter: our own tokenizer feeds checks that see what
 * a pattern over bytes cannot. Facts and precision of such checks: scanning.md 3.
 *
 * One object per artifact; files are given one by one, whole. Findings name file, line and what was
 * seen; capabilities are gathered and written once at the end (fact.h). */
#ifndef CH_SCANNER_SOURCE_H
#define CH_SCANNER_SOURCE_H

#include "scanner/content/content.h"

struct ch_source;
struct ch_source *ch_source_new(struct ch_scan_writer *out);
void ch_source_free(struct ch_source *s); /* accepts NULL */
/* How a source names another file. */
enum ch_named_as {
    CH_NAMED_MODULE,  /* imported, or loaded by its path */
    CH_NAMED_PROGRAM, /* a word of a command */
    CH_NAMED_CODE,   /* its content is executed, whatever it is called. Parts that are not known are
                        "*" */
    CH_NAMED_FOLDER, /* all modules of this folder, and below, are imported; "" is the source's own
                      */
    CH_NAMED_CALL,   /* a function of another module, by its name alone, that is called as Python
                        starts */
};
/* `named` is called with what a file imports, loads, starts or executes by a name that its values give
 * (constants put together, too). */
void ch_source_on_named(struct ch_source *s,
                        void (*named)(void *arg, struct ch_str path, struct ch_str name,
                                      enum ch_named_as as),
                        void *arg);
/* A member, by its path as imports see it, before any source is given: what is known of a library's
 * function does not hold for a module of the artifact that has its name. */
void ch_source_brings(struct ch_source *s, struct ch_str site);
/* What runs as Python starts calls a function, or makes an instance of a class, of this name: where
 * a file at CH_PLACE_START has one, it is called. True: one that was given before has it, and was
 * judged without. */
bool ch_source_called(struct ch_source *s, struct ch_str name);
/* A script of a shell, line by line: commands that no package starts honestly. */
void ch_source_shell(struct ch_source *s, struct ch_str path, enum ch_code_place place,
                     struct ch_str bytes);
/* A file of Python source. Never fails: what cannot be tokenised is a note. */
void ch_source_see(struct ch_source *s, struct ch_str path, enum ch_code_place place,
                   struct ch_str bytes);
void ch_source_end(struct ch_source *s);

#endif
