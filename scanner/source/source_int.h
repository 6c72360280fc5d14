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

/* Where a value came from. */
enum {
    MARK_DECODED = 1 << 0, /* base64, hex, zlib, marshal, xor, chr(): text that was not to be read */
    MARK_REMOTE = 1 << 1,  /* fetched over a network */
    MARK_SECRET = 1 << 2,  /* the path or the content of a file of credentials */
    MARK_ENVIRON = 1 << 3, /* the whole environment */
    MARK_HOST = 1 << 4,    /* name of the machine or the user */
    MARK_SOCKET = 1 << 5,  /* a socket or its descriptor */
    MARK_BUILT = 1 << 6,   /* a constant put together from pieces, reversed, or made of numbers */
    MARK_PARAM = 1 << 7,   /* a parameter of the function */
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
};

enum value_kind { VALUE_UNKNOWN = 0, VALUE_TEXT, VALUE_INT, VALUE_NAME, VALUE_FUNCTION, VALUE_LIST };

struct value {
    enum value_kind kind;
    uint32_t marks;
    struct ch_str text; /* of TEXT (str and bytes alike) and NAME */
    int64_t number;     /* of INT; of FUNCTION its index */
    const struct value *items; /* of LIST, some of them */
    uint32_t item_count;
    uint64_t origin; /* a hash of the path of a file, or of the variable that has it; 0: none */
};

/* What code does when it runs; bits of a function. */
enum {
    DOES_NETWORK = 1 << 0,
    DOES_PROCESS = 1 << 1,
    DOES_HOST_SEND = 1 << 2, /* sends the name of machine or user */
    DOES_COUNT = 3,
    DOES_NETWORK_OF = 1 << 3, /* with an address that it is given: counts for who calls it, only */
};

struct function {
    uint64_t name; /* hash; 0: the module itself */
    uint32_t does;
    uint32_t returns;   /* marks of what it gives back */
    bool runs_argument; /* exec or eval of a parameter */
    uint32_t line[DOES_COUNT];
    struct ch_str what[DOES_COUNT];
    uint32_t given_line;
    struct ch_str given_what;
};

struct edge {
    uint32_t from; /* function index */
    uint64_t to;   /* name of a function of this file */
};

struct binding {
    uint64_t name; /* hash */
    uint32_t scope;
    uint32_t next; /* in its bucket, +1 */
    struct value value;
};

struct scope {
    uint32_t indent; /* it ends where the indentation falls below */
    uint32_t function;
    bool is_function; /* else a class body or `if __name__ == "__main__"` */
    bool is_main;
    uint32_t first_binding;
};

enum { NAME_BYTES = 199 }; /* a dotted name; longer ones are of no interest */
enum { SCOPES = 128, BUCKETS = 1024, NAMES_SEEN = 64 };

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
    SEEN_SECRETS = SEEN_SSH | SEEN_CLOUD | SEEN_BROWSER | SEEN_WALLET | SEEN_TOKENS | SEEN_SHADOW,
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
    struct edge *edges;
    uint32_t edge_count;
    uint32_t edge_cap;
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
    /* values live here, for as long as the file */
    struct chunk *chunks;
    const char *last_text; /* a sum that nothing was allocated after */
    size_t last_text_len;
    size_t folded_bytes;
    bool beyond; /* a limit was reached */
};

/* --- value.c --- */
void *value_alloc(struct file *f, size_t n); /* NULL beyond the limit */
void value_release(struct file *f);
struct value value_number(struct ch_str s); /* of a NUMBER as it is written */
struct value value_text(struct file *f, struct ch_str s, uint32_t marks); /* copies */
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

/* --- statement.c --- */
void statements(struct file *f); /* one logical line */
void bind(struct file *f, struct ch_str name, struct value v);
const struct value *bound(const struct file *f, struct ch_str name);
bool at_import(const struct file *f); /* runs without a call */
uint32_t function_now(const struct file *f);
uint32_t function_new(struct file *f, uint64_t name);
void edge_new(struct file *f, uint32_t from, uint64_t to);

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
};
uint32_t effects_of(struct ch_str name);
const char *effects_row(size_t i, uint32_t *ret_effects); /* NULL beyond the last */

enum { ARGUMENTS = 16 };
struct call {
    struct ch_str name; /* dotted; of a method of anything else ".name"; absent: not known */
    struct value self;  /* what the method is of */
    uint32_t line;
    struct value args[ARGUMENTS]; /* by position and by keyword, in order */
    struct ch_str keywords[ARGUMENTS];
    uint32_t count;
    uint32_t marks; /* of all arguments */
};
struct value call(struct file *f, struct value callee, struct call *c);

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

/* --- check_call.c, check_text.c --- */
/* What texts are looked for, in lower case; NULL beyond the last. *ret_only: what it says alone, if
 * that is a capability and no finding; else CAP_COUNT. */
const char *text_row(size_t i, enum capability *ret_only);
char text_like(uint32_t c); /* the Latin letter of a Cyrillic or Greek one; 0: none */
bool text_address(struct ch_str s); /* begins with a public IPv4 address */
void check_call(struct file *f, const struct call *c, struct value *ret);
void check_literal(struct file *f, struct value *v, uint32_t line);
/* Whether the command fetches something. */
bool check_command(struct file *f, struct ch_str text, uint32_t line);
void check_text(struct file *f, struct ch_str raw);
void check_name(struct file *f, const struct ch_token *tok);
void check_gap(struct file *f, const struct ch_token *before, const struct ch_token *tok);
void check_end(struct file *f);
uint32_t text_marks(struct file *f, struct ch_str s, uint32_t line);

/* --- source.c --- */
void capability(struct file *f, enum capability c);
void report(struct file *f, enum ch_finding_code code, uint32_t line, struct ch_str seen);
/* exec of what a function of another file of the artifact gave: judged when all were seen. */
void runs_result_of(struct file *f, struct ch_str callee, uint32_t line);
/* A value that is imported, loaded or started by its name; `program`: a command, or a list of its words. */
void names_other(struct file *f, const struct value *v, bool program);
const char *contains(struct ch_str s, const char *const *words, size_t count); /* which; or NULL */

#endif
