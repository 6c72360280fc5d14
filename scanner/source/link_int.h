/* What the files of links share: nodes, edges, sites, and how names become keys. */
#ifndef CH_SCANNER_LINK_INT_H
#define CH_SCANNER_LINK_INT_H

#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/source/link.h"

enum { TEXT_BYTES = 200, SITES = 1 << 19 };
/* Of a module, where it stands for all that it has: the hash of no name is even. */
static const uint64_t link_any_name = UINT64_C(1) << 62;

/* What is told of a function: bits that are of interest to who calls it, or is given what it gives.
 */
enum {
    LOUD_DOES = DOES_NETWORK | DOES_HOST_SEND | DOES_SETTINGS | DOES_START_FILE | DOES_AUTOSTART |
                DOES_RUN_DATA | DOES_LOGIN,
    TELLING = MARK_DECODED | MARK_CHAR | MARK_REMOTE | MARK_SECRET | MARK_ENVIRON,
    RUNS = 1 << 0,    /* executes its argument, ... */
    SENDS = 1 << 1,   /* ... or sends it */
    METHODS = 1 << 2, /* a class, or an instance, that has such functions */
};

enum edge_how {
    EDGE_SAME, /* another name of it */
    EDGE_CALLS,
    EDGE_GIVEN, /* with an address of its own */
    EDGE_RETURNS,
    EDGE_HAS,    /* as a method */
    EDGE_MADE,   /* is an instance of it */
    EDGE_PASSES, /* gives its own argument to it */
    EDGE_ALL,    /* has all names of the module */
};

/* A function, by the hashes of its module and its name. */
struct node {
    uint64_t module;
    uint64_t name;
    uint32_t does;
    uint64_t marks;
    uint32_t flags;
    uint32_t line;    /* of what it does, in the file that has it */
    const char *what; /* NULL: nothing */
    uint32_t next;    /* of the same module, + 1 */
    bool waits;
};

/* From who does something with a function to that function. */
struct link_edge {
    uint64_t module;
    uint64_t name;
    uint32_t next; /* to the same, + 1 */
    uint32_t line; /* 0: that of what it does */
    enum edge_how how;
};

struct slot {
    uint64_t key;
    uint32_t node; /* + 1 */
    uint32_t edge; /* the last one to it, + 1 */
};

struct site {
    uint64_t to;
    uint64_t other; /* what is given is what this one gave; 0: `marks` say all */
    uint64_t marks;
    uint32_t file;
    uint32_t line;
    int use; /* enum link_use, or GIVES */
};
enum { GIVES = LINK_SENT + 1 };

struct linked {
    char *path;
    uint64_t stem;
    enum ch_code_place place;
    uint32_t does; /* of its module, by itself: was judged */
    bool looked_at;
    bool stars; /* it has all names of another one */
};

struct text {
    struct text *next;
    char bytes[TEXT_BYTES];
};

struct links {
    struct ch_map *by_path;
    struct ch_map *libraries; /* "own=library" of which all is known -> not NULL */
    struct linked *files;
    size_t file_count, file_cap;
    struct slot *slots;
    size_t slot_count, slot_cap;
    struct node *nodes;
    size_t node_count, node_cap;
    struct link_edge *edges;
    size_t edge_count, edge_cap;
    struct site *sites;
    size_t site_count, site_cap;
    uint32_t *waiting; /* nodes of which more is known than what follows from them */
    size_t waiting_count, waiting_cap;
    struct text *texts;
    uint64_t steps;
    bool over;
};

#define GROW(list, count, cap)                                                                     \
    do {                                                                                           \
        if ((count) == (cap)) {                                                                    \
            (cap) = (cap) == 0 ? 64 : 2 * (cap);                                                   \
            (list) = ch_realloc_array((list), (cap), sizeof(*(list)));                             \
        }                                                                                          \
    } while (0)

/* --- link.c --- */
uint64_t link_mix(uint64_t a, uint64_t b); /* a module and a name: the key of a node */
const struct node *link_node_find(const struct links *l, uint64_t key); /* NULL: none */
/* The index, + 1; 0 beyond the bound. */
uint32_t link_node_make(struct links *l, uint64_t module, uint64_t name);
/* More is known of it: what follows from that is looked for later. */
void link_node_more(struct links *l, uint32_t index, const struct node *more);
/* `e` is from whom; what is known of `to` follows at once. */
void link_edge_add(struct links *l, uint64_t to, struct link_edge e);

/* --- link_model.c --- */
/* The file imports `library`, or a function of one, as `own`, where others may take it from. */
void link_library(struct links *l, uint32_t file, struct ch_str own, struct ch_str library);

/* --- link_name.c --- */
uint64_t link_functions_of(uint32_t file);           /* as a module: names are indexes + 1 */
struct ch_str link_cut_calls(struct ch_str part);    /* "f" of "f()" */
struct ch_str link_last_part(struct ch_str *dotted); /* and takes it off */
uint64_t link_stem_of(struct ch_str path);           /* "a" of "b/a.py" and of "a/__init__.py" */
uint64_t link_folder_of(struct ch_str path);         /* "b" of both "b/a.py" and "b/__init__.py" */
/* Whether a module of this artifact may be meant: by a relative import, or from a folder around the
 * file. */
bool link_is_own(const struct file *f, struct ch_str dotted);
/* The names that a class has, as a module: of "?.a.C" and "?.a.C()"; 0: no module is named. */
uint64_t link_class_of(struct ch_str dotted);
/* Of "?.a.f", "pkg.a.C().m", "?.f" of the file's own folder; 0: no module is named. */
uint64_t link_key_of(const struct file *f, struct ch_str dotted);

#endif
