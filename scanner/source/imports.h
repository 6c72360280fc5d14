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
    /* The same, of which the source only asks whether another text has it: "a" in x (false), x.startswith("a")
     * (true). A class of the artifact's own could do with it what it wants: ch_imports_asks_own. May be NULL. */
    void (*asked)(void *arg, struct ch_str value, bool by_method);
    /* A name that is used: "sys", "path". May be NULL. */
    void (*name)(void *arg, struct ch_str name);
    void *arg;
};

/* `folder`: where the file lies below those modules, with its slash: "a/b/"; "" at their side. Relative
 * imports that leave them are left out. Takes any bytes. */
void ch_imports_of(struct ch_str bytes, struct ch_str folder, const struct ch_imports *to);
/* Whether it says itself what asking a text does, or may: bits. */
enum {
    CH_ASKS_BY_METHOD = 1 << 0, /* it has a startswith or an endswith that is not a text's */
    CH_ASKS_BY_IN = 1 << 1,     /* it has a __contains__ */
};
unsigned ch_imports_asks_own(struct ch_str bytes);
/* Whether it has letters beyond ASCII that may spell names of ASCII (PEP 3131): then a search of its bytes for a
 * name says nothing. */
bool ch_imports_may_hide(struct ch_str bytes);
/* The module that `dots` dots mean in a file of `folder`, as "a.b." or ""; false: outside. */
bool ch_imports_base(struct ch_str folder, size_t dots, struct ch_buf *ret);

#endif
