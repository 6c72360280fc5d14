/* A value: what is known of an expression. A constant where that can be told, the dotted name of what
 * it is, and marks that say where it came from. */
#ifndef CH_SCANNER_SOURCE_VALUE_H
#define CH_SCANNER_SOURCE_VALUE_H

#include "customhouse/bytes.h"

struct file;

/* Where a value came from. */
enum {
    MARK_DECODED =
        1 << 0,           /* base64, hex, zlib, marshal, xor, chr(): text that was not to be read */
    MARK_REMOTE = 1 << 1, /* fetched over a network */
    MARK_SECRET = 1 << 2, /* the path or the content of a file of credentials */
    MARK_ENVIRON = 1 << 3, /* the whole environment */
    MARK_HOST = 1 << 4,    /* name of the machine or the user */
    MARK_SOCKET = 1 << 5,  /* a socket or its descriptor */
    MARK_BUILT = 1 << 6,   /* a constant put together from pieces, reversed, or made of numbers; and
                              whatever is put together with MARK_HOST */
    MARK_BLOB = 1 << 8,    /* from a long literal */
    MARK_AUTOSTART = 1 << 9, /* a path that something runs by itself */
    MARK_SELF = 1 << 10,     /* the path of this file */
    MARK_WRITES = 1 << 11,   /* a file opened for writing */
    MARK_COMPUTED = 1 << 12, /* not a literal */
    MARK_CHAR = 1 << 13,     /* chr() or bytes([...]) */
    MARK_START = 1 << 14,    /* a file that Python runs whenever it starts */
    MARK_BESIDE = 1 << 15,   /* a path of the folder of this file */
    MARK_PYTHON = 1 << 16,   /* a path that ends like Python source */
    MARK_CLOUD = 1 << 17,    /* an address of the service that gives a machine its credentials */
    MARK_KEYS = 1 << 18,     /* what that service gave */
    MARK_VARIABLE = 1 << 19, /* one variable of the environment */
    MARK_DATA = 1 << 20,     /* a file, or its content, that is no source by its name */
    MARK_ENCODED = 1 << 21,  /* what somebody's function made of a literal that looks encoded */
    MARK_FILE = 1 << 22,     /* a file that is open, or its content; its path is with `origin` */
    MARK_SOURCE = 1 << 23,   /* the same of a file that is Python source by its name */
    MARK_LISTED = 1 << 24,   /* a name that was found in a folder */
    MARK_TOKEN = 1 << 25, /* the path or the content of the token of a cluster's service account */
    MARK_THERE = 1 << 26, /* a connection to a public host that a constant names */
    MARK_SETTINGS = 1 << 27, /* a path of settings of pip, uv, git, an editor or its assistant */
    MARK_LOGIN = 1 << 28,    /* the path of the keys that may log in */
    MARK_SITE = 1 << 29,     /* the folder in which installed packages lie */
    MARK_OTHER =
        1 << 30, /* a function of another file gave it; which one, is with `origin` (link.h) */
};

/* Parameters of the function, of which it is made: a bit for each by its position, the last one for
 * all from there on. All of them, where it is not known which. */
enum { MARK_PARAM_FIRST = 32, MARK_PARAM_LAST = 63 };
#define MARK_PARAM (UINT64_MAX << MARK_PARAM_FIRST)
static inline uint64_t mark_of_param(uint32_t position)
{
    return UINT64_C(1) << (position < MARK_PARAM_LAST - MARK_PARAM_FIRST
                               ? MARK_PARAM_FIRST + position
                               : MARK_PARAM_LAST);
}

enum value_kind {
    VALUE_UNKNOWN = 0, /* what a parameter gave, where `number` is its slot, +1, and `text` the
                          attributes that were taken of it: ".system" */
    VALUE_TEXT,
    VALUE_PARTIAL, /* a short text with HOLE where a part is not known */
    VALUE_INT,
    VALUE_NAME,     /* of a library, dotted; `items` are arguments bound to it by partial */
    VALUE_FUNCTION, /* of this file, `number` its index; `items` as above, self of a method first */
    VALUE_CLASS,    /* of this file, `number` its index */
    VALUE_INSTANCE, /* of such a class */
    VALUE_LIST,
};

enum { HOLE = 1 };

struct value {
    enum value_kind kind;
    uint32_t item_count;
    uint64_t marks;
    struct ch_str text; /* of TEXT (str and bytes alike), PARTIAL and NAME */
    int64_t number;     /* of INT */
    const struct value *items; /* of LIST, some of them; of a dictionary keys and values in turn */
    uint64_t origin; /* a hash of the path of a file, or of the variable that has it; 0: none */
    const struct value *also; /* what else it may be: of two branches, of a table; reach.c */
};

/* Of a value the marks that another has as well, which may be it instead: how the one was put
 * together says nothing about the name that the other is. What is made of the machine's name stays
 * that. */
static inline uint64_t marks_instead(uint64_t marks)
{
    return (marks & MARK_HOST) != 0 ? marks : marks & ~(uint64_t)MARK_BUILT;
}

void *value_alloc(struct file *f, size_t n); /* NULL beyond the limit */
/* Appends in place where `a` is what was allocated last: a sum of many is not copied for each. Who
 * holds `a` keeps its length. False: it has to be copied. */
bool value_grow(struct file *f, struct ch_str a, struct ch_str b);
void value_release(struct file *f);
struct value value_number(struct ch_str s); /* of a NUMBER as it is written */
struct value value_text(struct file *f, struct ch_str s, uint64_t marks); /* copies */
struct value value_name(struct file *f, struct ch_str base, struct ch_str attr);
struct value value_add(struct file *f, struct value a, struct value b);
struct value value_slice(struct file *f, struct value v, bool reversed);
struct value value_method(struct file *f, struct value v, struct ch_str name,
                          const struct value *args, uint32_t count);
struct value value_base64(struct file *f, struct value v);
struct value value_hex(struct file *f, struct value v);
struct value value_characters(struct file *f, struct value v); /* of a list of numbers */
struct value value_percent(struct file *f, struct value format, struct value args);
uint64_t value_hash(struct ch_str s); /* never 0 */

struct value value_append(struct file *f, struct value a, struct value b); /* of a path: a/b */

#endif
