/* What a Python source names of other files: modules that its import statements load, and its texts, which
 * may be names of modules or paths. By its tokens alone: what a name is bound to is source.h's. */
#ifndef CH_SCANNER_IMPORTS_H
#define CH_SCANNER_IMPORTS_H

#include "customhouse/bytes.h"

struct ch_imports {
    /* "a.b.c", as from the folder in which the top-level modules lie. Of "from a import b" both a and
     * a.b are told: b may be a module. Borrowed for the call, as is every text. */
    void (*module)(void *arg, struct ch_str dotted);
    /* A literal, or a piece of an f-string, of at most member_path_bytes. */
    void (*text)(void *arg, struct ch_str value);
    /* A name that is used: "sys", "path". May be NULL. */
    void (*name)(void *arg, struct ch_str name);
    void *arg;
};

/* `folder`: where the file lies below those modules, with its slash: "a/b/"; "" at their side. Relative
 * imports that leave them are left out. Takes any bytes. */
void ch_imports_of(struct ch_str bytes, struct ch_str folder, const struct ch_imports *to);
/* Whether it has letters beyond ASCII that may spell names of ASCII (PEP 3131): then a search of its bytes for a
 * name says nothing. */
bool ch_imports_may_hide(struct ch_str bytes);
/* The module that `dots` dots mean in a file of `folder`, as "a.b." or ""; false: outside. */
bool ch_imports_base(struct ch_str folder, size_t dots, struct ch_buf *ret);

#endif
