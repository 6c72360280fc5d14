/* What the files of the checks share: values of expressions, scopes, and what was seen.
 *
 * A file is read once, statement by statement. Every expression gets a value: a constant where that
 * can be told, the dotted name of what it is ("os.system", "socket.socket().connect"), and marks that
 * say where it came from (decoded, fetched, a secret). Calls are judged by name and marks. */
#ifndef CH_SCANNER_SOURCE_INT_H
#define CH_SCANNER_SOURCE_INT_H

#include <string.h>

#include "scanner/source/source.h"
#include "scanner/source/token.h"
#include "scanner/source/value.h"

/* What code does when it runs; bits of a function. */
enum {
    DOES_NETWORK = 1 << 0,
    DOES_PROCESS = 1 << 1,
    DOES_HOST_SEND = 1 << 2,  /* sends the name of machine or user */
    DOES_RUN_FILE = 1 << 3,   /* runs a file as code whose name is not known */
    DOES_SETTINGS = 1 << 4,   /* writes settings of pip, uv, git, an editor or its assistant */
    DOES_START_FILE = 1 << 5, /* writes a file that runs whenever any Python starts */
    DOES_AUTOSTART = 1 << 6,  /* makes code run by itself later */
    DOES_RUN_DATA = 1 << 7,   /* runs a file as code that is no source by its name */
    DOES_LOGIN = 1 << 8,      /* opens the file of the keys that may log in, to write it */
    DOES_COUNT = 9,
    DOES_NETWORK_OF = 1 << 9, /* with an address that it is given: counts for who calls it, only */
    DOES_RUN_FILE_OF = 1 << 10, /* runs the file whose name it is given */
    DOES_LOAD_LISTED = 1 << 11, /* imports the modules that it finds in its own folder */
};

/* Functions that each file has, and that nobody wrote. */
enum {
    FUNCTION_MODULE = 0,
    FUNCTION_FINDERS = 1, /* calls all methods of finders and loaders */
};

struct function {
    uint64_t name; /* hash, of a method mixed with its class; 0: the module itself, or a lambda */
    uint64_t bare; /* hash of the name alone */
    uint32_t does;
    uint64_t returns;    /* marks of what it gives back */
    struct value result; /* what it gives back, where that is a reference */
    uint64_t runs_argument;  /* exec or eval of these parameters; bits of MARK_PARAM */
    uint64_t sends_argument; /* these go to who is asked over a network */
    bool is_linked; /* it, or what it calls, calls functions of other files, or does what those may
                       be told */
    uint64_t other; /* the function of another file whose result it gives back; 0: none */
    uint32_t of_class;    /* a method's, + 1 */
    uint32_t next_method; /* of the same class, + 1 */
    bool is_implied; /* of a class: nobody wrote it */
    bool is_property;
    bool is_static;
    bool is_class_method;
    uint32_t first_parameter; /* slots */
    uint32_t parameter_count;
    uint32_t positional; /* of them, before the first '*': those behind are not by position */
    uint32_t calls; /* of its parameters, the last one; + 1 */
    uint32_t line[DOES_COUNT];
    struct ch_str what[DOES_COUNT];
    uint32_t given_line;
    struct ch_str given_what;
    struct value text; /* the default of a parameter, where that is one */
};

/* A parameter that is called, or one of its attributes. */
struct parameter_call {
    struct value callee;
    const struct value *args;
    const struct ch_str *keywords;
    uint32_t count;
    bool spread;
    uint32_t line;
    uint32_t within; /* the function that calls it */
    uint32_t next; /* of the same function, + 1 */
};

struct parameter {
    uint64_t name;
    uint32_t function;
};

struct edge {
    uint32_t from; /* function index */
    uint32_t index; /* of the other function; UINT32_MAX: `to` says which */
    uint64_t to;   /* name of a function of this file */
};

/* A function that this file does not have is called. */
struct foreign_call {
    uint32_t from; /* function index */
    struct ch_str name;
};

/* A class of this file. Its attributes are members (class.c). */
struct class {
    uint64_t name;
    struct value bases; /* a LIST */
    uint32_t makes; /* functions that stand for: making an instance, */
    uint32_t uses;  /* and using one in an operator or a conversion */
    uint32_t meta;  /* class + 1 */
    uint32_t first_method; /* + 1 */
    bool has_operators;
};

struct member {
    uint64_t name; /* hash of whose it is and its name */
    struct value value;
};

struct binding {
    uint64_t name; /* hash */
    uint32_t scope;
    uint32_t next; /* in its bucket, +1 */
    uint32_t block; /* in which it was bound */
    uint32_t when;  /* statement */
    bool global;    /* the scope's `global` names it: it is the module's */
    struct value value;
};

struct scope {
    uint32_t indent; /* it ends where the indentation falls below */
    uint32_t function;
    bool is_function; /* else a class body or `if __name__ == "__main__"` */
    bool is_main;
    uint32_t of_class; /* a class body: its index, + 1 */
    uint32_t first_binding;
};

enum { NAME_BYTES = 199 }; /* a dotted name; longer ones are of no interest */
enum { SCOPES = 128, BUCKETS = 1024, NAMES_SEEN = 64, BLOCKS = 101, STARS = 16, DECORATORS = 128 };

/* Things seen anywhere in a file, for checks that need two of them. */
enum {
    SEEN_SEND = 1 << 0, /* data goes out: post, connect, send */
    SEEN_SSH = 1 << 1,
    SEEN_CLOUD = 1 << 2,
    SEEN_BROWSER = 1 << 3,
    SEEN_WALLET = 1 << 4,
    SEEN_TOKENS = 1 << 5,
    SEEN_SHADOW = 1 << 6,
    SEEN_CLIPBOARD = 1 << 7,
    SEEN_WALLET_PATTERN = 1 << 8,
    SEEN_KEYS = 1 << 9,
    SEEN_RUN_KEY = 1 << 10,
    SEEN_CONNECT = 1 << 11,
    SEEN_PROCESS = 1 << 12,
    SEEN_NETWORK = 1 << 13,
    SEEN_EXECUTABLE = 1 << 14, /* memory for machine code */
    SEEN_RUNPY = 1 << 15,      /* modules are run as programs, ... */
    SEEN_DASH_M = 1 << 16,     /* ... by a word of a command */
    SEEN_SECRETS = SEEN_SSH | SEEN_CLOUD | SEEN_BROWSER | SEEN_WALLET | SEEN_TOKENS | SEEN_SHADOW,
};

/* Values by hash (table.c); for as long as the file. */
struct table {
    struct member *rows;
    uint32_t count;
    uint32_t cap; /* a power of two, or 0 */
};

/* One file. */
struct file {
    struct ch_source *source;
    struct ch_str path;
    enum ch_code_place place;
    struct ch_str text;
    bool ascii;
    /* tokens of the current logical line */
    struct ch_token *tokens;
    uint32_t *match; /* of a bracket the other one; of others themselves */
    uint32_t token_count;
    uint32_t token_cap;
    uint32_t at;
    uint32_t end;
    uint32_t depth; /* of expressions within each other */
    uint32_t indent;
    struct scope scopes[SCOPES];
    uint32_t scope_count;
    struct binding *bindings;
    uint32_t binding_count;
    uint32_t binding_cap;
    uint32_t buckets[BUCKETS];
    struct function *functions;
    uint32_t function_count;
    uint32_t function_cap;
    uint32_t function_next; /* on a second reading the same functions come in the same order */
    struct edge *edges;
    uint32_t edge_count;
    uint32_t edge_cap;
    struct foreign_call *foreign; /* of what runs as Python starts */
    uint32_t foreign_count;
    uint32_t foreign_cap;
    struct parameter *parameters;
    uint32_t parameter_count;
    uint32_t parameter_cap;
    struct parameter_call *calls;
    uint32_t call_count;
    uint32_t call_cap;
    uint32_t within;     /* the function that a call which follows is in, + 1; 0: where the text is */
    uint32_t followed;   /* calls that followed from others */
    uint32_t call_depth; /* of calls that follow from calls */
    struct class *classes;
    uint32_t class_count;
    uint32_t class_cap;
    uint32_t class_next;
    bool has_finders;
    uint32_t walk; /* over bases: classes that may still be looked at */
    struct table members;
    struct table later;  /* the module's names as they were at its end, on the second reading */
    struct table wanted; /* names that functions used, and when */
    struct table paths;  /* of files that were opened for reading, by origin */
    bool again;
    bool named_anew;      /* it binds __name__ */
    bool asserts_program; /* it ended, if it was imported; but not of `python -O` */
    struct file *outer; /* whose constant this text is, which it executes */
    uint32_t outer_line;
    uint32_t executed_bytes;  /* of such constants, together */
    uint32_t unrolled;        /* elements of comprehensions that were computed one by one */
    uint32_t block;           /* of the statement */
    uint32_t blocks[BLOCKS];  /* open ones, by indentation */
    uint32_t block_count;     /* ever opened */
    uint32_t when;
    struct ch_str stars[STARS]; /* modules of `from x import *` that have something of interest */
    uint32_t star_count;
    struct value decorators[DECORATORS]; /* of the definition that follows */
    uint32_t decorator_count;
    uint32_t seen;
    uint32_t secret_line;
    uint32_t dup2_count;
    uint32_t analysis_hints;
    uint32_t analysis_line;
    uint64_t fetched[NAMES_SEEN]; /* origins of files that were written from the network */
    uint32_t fetched_count;
    uint64_t unpacked[NAMES_SEEN]; /* and of those that were written from what was decoded */
    uint32_t unpacked_count;
    uint32_t reported[64]; /* by code - first, findings of this file */
    uint64_t told[NAMES_SEEN]; /* code and line: a second reading says nothing twice */
    uint32_t told_count;
    /* values live here, for as long as the file */
    struct chunk *chunks;
    const char *last_text; /* a sum that nothing was allocated after */
    size_t last_text_len;
    size_t folded_bytes;
    uint32_t visited; /* items of lists of lists */
    uint32_t link;    /* its number among the linked, + 1; 0: it is none */
    bool link_stars;  /* it imports all of another file of the artifact */
    struct link_item *link_items; /* link.h */
    size_t link_count, link_cap;
    bool beyond; /* a limit was reached */
};

/* Items of lists within each other, which may be the same ones: so many in a file, and the limit is
 * reached. */
static inline bool may_visit(struct file *f)
{
    enum { VISITS = 1 << 20 };
    f->beyond = f->beyond || f->visited == VISITS;
    return f->visited < VISITS && ++f->visited > 0;
}

/* --- table.c --- */
struct value *table_find(const struct table *t, uint64_t name);      /* NULL: none */
struct value *table_add(struct file *f, struct table *t, uint64_t name); /* NULL: no room */
void table_done(struct table *t);

/* --- expression.c --- */
/* The expression at f->at, up to a comma, an assignment or f->end. */
struct value expression(struct file *f);
/* The same with commas: a LIST when there are several. */
struct value expression_list(struct file *f);

/* The id of an OP: its bytes; a third one only doubles the second (**=, ..., <<=). */
static inline uint16_t op_id(const char *op, size_t len)
{
    return (uint16_t)((uint8_t)op[0] | (len > 1 ? (uint8_t)op[1] << 8 : 0) | (len > 2 ? 0x80 : 0));
}

/* The id of a NAME: what groups of keywords it is of; 0: it is none. */
enum {
    WORD_OTHER = 1 << 0, /* a keyword of no group */
    WORD_HEAD = 1 << 1,  /* if elif while for with except */
    WORD_ALONE = 1 << 2, /* else try finally */
    WORD_SKIP = 1 << 3,  /* global nonlocal pass break continue */
    WORD_PREFIX = 1 << 4, /* not await yield from async, before an operand */
    WORD_BETWEEN = 1 << 5, /* and or in is not if else, between two */
};
uint16_t word_id(const char *word, size_t len);

static inline uint16_t token_id(const struct file *f, uint32_t i, enum ch_token_type type)
{
    return i < f->end && f->tokens[i].type == type ? f->tokens[i].id : 0;
}

/* `op` and `word` are literals: what is known of them is known to the compiler. */
static inline __attribute__((always_inline)) bool token_op(const struct file *f, uint32_t i,
                                                           const char *op)
{
    return i < f->end && f->tokens[i].type == CH_TOKEN_OP &&
           f->tokens[i].id == op_id(op, strlen(op));
}

static inline __attribute__((always_inline)) bool token_word(const struct file *f, uint32_t i,
                                                             const char *word)
{
    return i < f->end && f->tokens[i].type == CH_TOKEN_NAME &&
           f->tokens[i].len == strlen(word) &&
           memcmp(f->text.ptr + f->tokens[i].at, word, strlen(word)) == 0;
}

static inline __attribute__((always_inline)) bool str_is(struct ch_str s, const char *literal)
{
    return s.len == strlen(literal) && memcmp(s.ptr, literal, strlen(literal)) == 0;
}

void scope_push(struct file *f, struct scope s);
void scope_pop(struct file *f);

/* --- expression_text.c --- */
struct ch_str name_at(struct file *f, uint32_t i);
struct value strings(struct file *f);

/* --- scope.c --- */
void scope_push(struct file *f, struct scope s);
void scope_pop(struct file *f);
void bind(struct file *f, struct ch_str name, struct value v);
void bind_global(struct file *f, struct ch_str name);
/* What a name means here; false: nothing that this file says. */
bool lookup(struct file *f, struct ch_str name, struct value *ret);
void block_enter(struct file *f);      /* f->indent is more */
void block_enter_line(struct file *f); /* a logical line begins */
void block_new(struct file *f);        /* the rest of the line is run, or not */
bool at_import(const struct file *f); /* runs without a call */
uint32_t function_now(const struct file *f);
uint32_t class_now(const struct file *f); /* in whose body this is, + 1 */
/* The file is to be read once more: functions use what the module has bound only after them. */
bool read_again(struct file *f);

/* --- statement.c, define.c --- */
void statements(struct file *f); /* one logical line */
void definition(struct file *f, bool is_function);
void decorator(struct file *f);
struct value lambda(struct file *f);
bool is_module_hook(
    struct ch_str name); /* PEP 562: Python calls it, whoever asks for another name */
bool module_is_common(struct ch_str module); /* its import says nothing about what is done */
void attribute_set(struct file *f, struct value of, struct ch_str name, struct value v);

/* --- function.c --- */
uint32_t function_new(struct file *f, uint64_t name);
void edge_new(struct file *f, uint32_t from, uint64_t to);
void edge_to(struct file *f, uint32_t from, uint32_t index);
void foreign_call(struct file *f, struct ch_str name);
struct value parameter_new(struct file *f, uint32_t function, uint64_t name);
void function_returns(struct file *f, uint32_t function, struct value v);
void judge_import(struct file *f);
/* What is done as the file is imported, built or run: bits, told as the place of the file says. */
void judge_does(struct file *f, uint32_t what, uint32_t line, struct ch_str show);
/* What a text does that is executed here. */
void function_does(struct file *f, const struct function *text, uint32_t line);

/* --- class.c --- */
uint32_t class_new(struct file *f, struct ch_str name, struct value bases);
void class_keyword(struct file *f, uint32_t class, struct ch_str keyword, struct value v);
void class_made(struct file *f, uint32_t class); /* its bases are told */
void class_method(struct file *f, uint32_t class, struct ch_str name, uint32_t function);
/* Of what a class or `origin` has: all that it was ever set to. */
void member_set(struct file *f, uint64_t whose, struct ch_str name, struct value v);
const struct value *member_of(const struct file *f, uint64_t whose, struct ch_str name);
uint64_t class_key(const struct file *f, uint32_t class);
struct value class_library(struct file *f, uint32_t class); /* its bases of libraries */
/* Looked for in its bases, too; what a library's base has comes as a NAME. False: none. */
bool class_member(struct file *f, uint32_t class, struct ch_str name, bool instance,
                  struct value *ret);
void implied(struct file *f, const struct value *v, const char *method); /* Python calls it */
void implied_use(struct file *f, const struct value *v);                  /* in an operator */
/* Another file makes an instance or a class of it, and what it does with that is not seen here. */
void class_used_elsewhere(struct file *f, uint32_t class);

/* --- reach.c --- */
struct value value_or(struct file *f, struct value a, struct value b); /* a, or else b */
bool is_reference(const struct value *v);
struct value value_attribute(struct file *f, struct value v, struct ch_str name);
struct call;
bool value_reduced(struct file *f, const struct call *c, struct value *ret); /* false: no such call */
/* The module that `by` gives for a name that is no text: sys.modules[__name__]. */
struct value value_module_of(struct ch_str by, const struct value *name);
struct value value_element(struct file *f, struct value v);           /* any of a list */
struct value value_unpacked(struct file *f, struct value v, uint32_t i); /* a, b = v */
struct value value_item(struct file *f, struct value v, struct value key); /* v[key] */
struct ch_str module_named(struct ch_str name); /* posix is os */
/* A module, by a name under which other modules have it; absent: it is none of those. */
struct ch_str module_within(struct ch_str name);
void mention(struct file *f, const struct value *v); /* it is named: what it could do */
bool loads_library(struct ch_str name); /* what a call gave is a library of machine code */

/* --- call.c --- */
/* What a function of a library does, by its dotted name. */
enum {
    EFFECT_FETCH = 1 << 0,   /* gives what came over a network */
    EFFECT_SEND = 1 << 1,    /* its arguments go out */
    EFFECT_PROCESS = 1 << 2, /* starts a program */
    EFFECT_DYNAMIC = 1 << 3, /* runs its first argument as code */
    EFFECT_DECODE = 1 << 4,  /* gives what was hidden in its argument */
    EFFECT_SAME = 1 << 5,    /* gives its arguments in another form */
    EFFECT_HOST = 1 << 6,    /* name of machine or user */
    EFFECT_SOCKET = 1 << 7,
    EFFECT_SAVE = 1 << 8, /* fetches its first argument into the file of its second */
    EFFECT_LOAD = 1 << 9, /* makes objects, with their code, of bytes */
    EFFECT_CALLBACK = 1 << 10, /* calls a function that is given to it */
    EFFECT_NETWORK = 1 << 11,  /* uses a network, for whatever */
    EFFECT_SOME = 1 << 12,     /* of effects_under: there is such a row */
    EFFECT_CONNECT = 1 << 13,  /* reaches out, or listens, as it is called */
    EFFECT_MOVE = 1 << 14,     /* makes the file of its second argument of its first */
    EFFECT_WRITE = 1 << 15,    /* a method: puts its argument into a file */
    EFFECT_IMPORT = 1 << 16,   /* loads the module that a text names */
    EFFECT_LOADER = 1 << 17,   /* loads the file of a path as a module */
    EFFECT_SUFFIX = 1 << 18,   /* says which files are modules by their endings */
    EFFECT_RESOLVE = 1 << 19,  /* gives the object that a text names */
    EFFECT_LOOKUP = 1 << 20,   /* asks for the address of a host */
    EFFECT_REMOVE = 1 << 21,
    EFFECT_FINDER = 1 << 22,    /* is given what Python finds and loads modules with */
    EFFECT_CONFIG = 1 << 23,    /* makes and calls what its settings name */
    EFFECT_SITE = 1 << 24,      /* gives the folder in which installed packages lie */
    EFFECT_KEYS = 1 << 25,      /* calls for each key that is pressed */
    EFFECT_CLIPBOARD = 1 << 26, /* changes the clipboard */
    EFFECT_REGISTRY = 1 << 27,  /* sets a value in the registry of Windows */
    EFFECT_RUN = 1 << 28,       /* a class: its start() calls its run() */
    EFFECT_QUIET = 1 << 29,     /* its module does much else: naming that says nothing */
};
uint32_t effects_of(struct ch_str name);
uint32_t effects_under(struct ch_str name); /* of all rows that begin with "name." */
static inline bool effects_below(struct ch_str name)
{
    return effects_under(name) != 0;
}
const char *effects_row(size_t i, uint32_t *ret_effects); /* NULL beyond the last */

enum { ARGUMENTS = 16 };
struct call {
    struct ch_str name; /* dotted; of a method of anything else ".name"; absent: not known */
    struct value self;  /* what the method is of */
    uint32_t line;
    struct value args[ARGUMENTS]; /* by position and by keyword, in order */
    struct ch_str keywords[ARGUMENTS];
    uint32_t count;
    bool more;      /* than are kept */
    bool spread;    /* which is for which parameter is not known: f(*a, **b) */
    bool one_of;    /* what is called may be something else as well */
    uint64_t marks; /* of all arguments */
    uint32_t path;  /* which is the path of a file, + 1; 0: none. Set by call_name() */
};
struct value call_name(struct file *f, const struct value *callee, struct call *c);
bool path_is_data(const struct value *path); /* it ends like a file that is no source */
uint64_t path_marks(const struct value *path); /* MARK_FILE, and what its name says */
/* What a function gives, or runs, that is told with its arguments which file to read. */
struct value file_of_arguments(struct file *f, const struct call *c);

/* --- invoke.c --- */
struct value call(struct file *f, struct value callee, struct call *c);
/* The arguments of `c` that are functions, called by who got them. */
void calls_of_arguments(struct file *f, const struct call *c);
void called_back(struct file *f, struct value callee, uint32_t line);
void parameter_called(struct file *f, const struct value *callee, uint32_t slot,
                      const struct call *c);

enum capability {
    CAP_NETWORK,
    CAP_PROCESS,
    CAP_DYNAMIC,
    CAP_NATIVE,
    CAP_CREDENTIALS,
    CAP_ENVIRONMENT,
    CAP_PERSISTENCE,
    CAP_COUNT
};

/* --- check_call.c --- */
void check_call(struct file *f, const struct call *c, struct value *ret);
/* An attribute of a library is replaced. */
void check_patch(struct file *f, struct ch_str name, const struct value *v);
struct ch_str call_shown(struct file *f, const struct call *c); /* what was called with what, in short */
/* What is done here; `given`: with something that the function got as an argument. */
void does(struct file *f, uint32_t what, uint32_t line, struct ch_str name, bool given);

/* --- check_load.c --- */
/* Objects, which may be code, are made of bytes. */
void loads_objects(struct file *f, const struct call *c);
/* The effects of a call: whether it loads objects may depend on its arguments. */
uint32_t effects_of_load(const struct call *c, uint32_t effects);

/* --- check_door.c --- */
/* Ways to a function other than its name: by settings, by threads, by what Python imports with. */
void check_doors(struct file *f, const struct call *c, uint32_t effects);
/* What is put on sys.meta_path or sys.path_hooks: Python calls it. */
void takes_finders(struct file *f, const struct value *v);
bool is_of_finder(const struct function *fn);
/* The object that a text names: "os.system", "os:system". */
struct value value_resolved(struct file *f, struct value name);

/* --- check_file.c --- */
/* What was read from a file is run as code. */
void runs_file(struct file *f, const struct value *v, uint32_t line, struct ch_str show);
/* A function of the file runs the file whose path it is given; or the text. */
void runs_file_of(struct file *f, const struct function *fn, const struct call *c);
void runs_argument_of_file(struct file *f, const struct call *c);
/* exec of what a function of another module gave, which was told the path of a file. */
void runs_result_of_path(struct file *f, const struct value *v, uint32_t line);
/* A command, its argument `which`: where it is Python, what that executes. */
void runs_python(struct file *f, const struct call *c, uint32_t which);
void loads_file(struct file *f, const struct call *c);
void names_suffixes(struct file *f, const struct call *c);
void imports_listed(struct file *f, const struct call *c);
void loads_listed(struct file *f);

/* --- check_text.c --- */
char text_like(uint32_t c); /* the Latin letter of a Cyrillic or Greek one; 0: none */
bool text_encoded(const struct value *v); /* a literal that base64 or its like may have made */
bool text_public_host(const struct value *v); /* a constant: the address, or the name, of a public host */
bool text_address(struct ch_str s); /* begins with a public IPv4 address */
void check_literal(struct file *f, struct value *v, uint32_t line);
void check_text(struct file *f, struct ch_str raw);
void check_name(struct file *f, const struct ch_token *tok);
void check_gap(struct file *f, const struct ch_token *before, const struct ch_token *tok);
void check_end(struct file *f);
uint64_t text_marks(struct file *f, struct ch_str s, uint32_t line);

/* --- shell.c --- */
/* Whether the command fetches something. */
bool check_command(struct file *f, struct ch_str text, uint32_t line);

/* --- others.c --- */
/* What runs as Python starts: whether it calls a function of this name (value_hash); one that is
 * there; and a name that it calls. */
bool source_calls(struct ch_source *s, uint64_t name);
void source_has(struct ch_source *s, uint64_t name);
struct links *source_links(struct ch_source *s);
/* Whether it was said of the line that it executes what another module decodes. */
bool source_said(const struct ch_source *s, struct ch_str path, uint32_t line);
void names_call(struct file *f, struct ch_str name);
/* What others that run as Python starts call of this one: classes, and whatever the module's names are
 * bound to. At the end of the file. */
void called_at_start(struct file *f);
/* Whether it was said of the file when it was read before: what runs as Python starts may be read
 * again, and so may a program that turns out to be imported. */
bool was_told(struct file *f, uint64_t place);
/* A value that is imported, loaded or started by its name. */
void names_other(struct file *f, const struct value *v, enum ch_named_as as);

/* --- source.c --- */
void file_done(struct file *f);
void capability(struct file *f, enum capability c);
void report(struct file *f, enum ch_finding_code code, uint32_t line, struct ch_str seen);
/* A text may be python's "-m"; and, at the end of the file, whether it starts programs of packages. */
void sees_dash_m(struct file *f, struct ch_str text);
void starts_programs(struct file *f);
/* Whether the artifact has a module by which puts_off() of define.c knows functions. */
bool source_brings_tasks(struct ch_source *s);
/* exec of what a function of another file of the artifact gave: judged when all were seen. */
void runs_result_of(struct file *f, struct ch_str callee, uint32_t line);
/* A constant that is executed: judged as source, at `line`. */
void executes_text(struct file *f, const struct value *v, uint32_t line);
void decodes_and_executes(struct file *f, const struct value *v, uint32_t line);
const char *contains(struct ch_str s, const char *const *words, size_t count); /* which; or NULL */

#endif
