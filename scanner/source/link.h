/* What the files of an artifact are to each other: functions of one that another calls.
 *
 * No file is read for this a second time. Of each is kept, by hashes of names, what its functions
 * do and give back where that is of interest, and whom else they call, pass something to or take
 * something from; who gives to exec, or sends, what a function of another file gave, is a site.
 * When something comes to be of interest it is so for all that is connected with it, however many
 * files are between: nodes and edges. Sites, and what modules do as they are imported, are judged
 * at the end.
 *
 * A function is known by the last part of its module's name and by its own ("a" and "f" of
 * "pkg.a.f"): which folder a relative import means is not followed. */
#ifndef CH_SCANNER_LINK_H
#define CH_SCANNER_LINK_H

#include "scanner/source/source_int.h"

struct links;
struct links *links_new(void);
void links_free(struct links *l); /* accepts NULL */

/* A file comes: f->link is set, and what it imports is kept, by its text (link_text.c). */
void links_begin(struct file *f);
/* What one of its functions does with one of another file. */
struct link_item {
    uint64_t to;
    uint64_t other; /* whose result is given to it; 0: none, or of no other file */
    uint32_t function;
    uint32_t line;
    uint64_t marks;
    int how;
    bool is_site;
};
/* The model has looked at it: what its functions are. */
struct link_call {
    uint32_t from; /* function index */
    uint32_t to;
};
void links_end(struct file *f, const struct link_call *calls, size_t count);
/* Findings that take two files. False: a bound was reached. */
bool links_judge(struct links *l, struct ch_source *s) CH_MUST_CHECK;

/* --- while the model looks --- */

/* A call of another file's function, by c->name. */
void link_called(struct file *f, const struct call *c);
/* The same, for what it, or a method of what it gave, gives back. */
void link_result(struct file *f, const struct value *callee, const struct call *c,
                 struct value *ret);
/* `to` is made of `from`. */
struct value link_through(const struct value *from, struct value to);
/* The content of a file, whose path another file has. */
void link_path(struct file *f, const struct value *path, struct value *ret);
void link_returns(struct file *f, uint32_t function, const struct value *v);
/* Where it matters whether another file's function gave the value: */
enum link_use {
    LINK_EXECUTED, /* as source */
    LINK_LOADED,   /* as a pickle */
    LINK_STARTED,  /* as a command */
    LINK_SENT,
};
void link_used(struct file *f, const struct value *v, enum link_use use, uint32_t line);
/* Making an instance (`function`) calls what makes one of this base, of another file. */
void link_makes(struct file *f, uint32_t function, struct ch_str base);
/* Whether a class of another file of this artifact may be meant. */
bool link_has_class(const struct file *f, struct ch_str dotted);
/* The module is run under the name "__main__". */
void link_program(struct file *f, struct ch_str module, uint32_t line);

/* --- link_text.c --- */

/* From "from MODULE import NAME as OWN"; of "import MODULE as OWN" the name is absent, and so is
 * `own` where it is not said. `module` as it is written, with its dots; a name "*" is all. */
typedef void link_import_fn(void *arg, struct ch_str module, struct ch_str name, struct ch_str own);
void link_imports(struct ch_str text, link_import_fn *on_import, void *arg);

#endif
