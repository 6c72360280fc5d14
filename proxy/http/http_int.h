/* Inside of the HTTP core: parser, conditions, output and connections. */
#ifndef CH_HTTP_INT_H
#define CH_HTTP_INT_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "customhouse/http.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"

/* Letters and digits, for the tables of character classes. */
#define HTTP_ALNUM(X)                                                                              \
    X('0') X('1') X('2') X('3') X('4') X('5') X('6') X('7') X('8') X('9') X('A') X('B')            \
    X('C') X('D') X('E') X('F') X('G') X('H') X('I') X('J') X('K') X('L') X('M') X('N')            \
    X('O') X('P') X('Q') X('R') X('S') X('T') X('U') X('V') X('W') X('X') X('Y') X('Z')            \
    X('a') X('b') X('c') X('d') X('e') X('f') X('g') X('h') X('i') X('j') X('k') X('l')            \
    X('m') X('n') X('o') X('p') X('q') X('r') X('s') X('t') X('u') X('v') X('w') X('x')            \
    X('y') X('z')
#define HTTP_CHAR_ROW(c) [(unsigned char)(c)] = 1,

/* --- parse.c: request heads. Pure; results borrow from the input. --- */

/* Headers the core itself looks at. name, may be sent more than once */
#define HTTP_KNOWN(X)                                                                              \
    X(HTTP_H_HOST, "host", false)                                                                  \
    X(HTTP_H_CONTENT_LENGTH, "content-length", false)                                              \
    X(HTTP_H_TRANSFER_ENCODING, "transfer-encoding", false)                                        \
    X(HTTP_H_CONNECTION, "connection", true)                                                       \
    X(HTTP_H_EXPECT, "expect", false)                                                              \
    X(HTTP_H_RANGE, "range", false)                                                                \
    X(HTTP_H_IF_RANGE, "if-range", false)                                                          \
    X(HTTP_H_IF_MATCH, "if-match", true)                                                           \
    X(HTTP_H_IF_NONE_MATCH, "if-none-match", true)                                                 \
    X(HTTP_H_IF_MODIFIED_SINCE, "if-modified-since", false)                                        \
    X(HTTP_H_IF_UNMODIFIED_SINCE, "if-unmodified-since", false)                                    \
    X(HTTP_H_AUTHORIZATION, "authorization", false)                                                \
    X(HTTP_H_CONTENT_TYPE, "content-type", false)                                                  \
    X(HTTP_H_USER_AGENT, "user-agent", false)

enum http_known {
#define HTTP_KNOWN_ENUM(id, name, repeatable) id,
    HTTP_KNOWN(HTTP_KNOWN_ENUM)
#undef HTTP_KNOWN_ENUM
        HTTP_KNOWN_COUNT
};

struct http_parser {
    const struct ch_limits *limits;
    bool tls;
    struct ch_str peer; /* of the connection */
    uint16_t peer_port;
    unsigned mark;
    /* lines seen so far, relative to the start of the request */
    size_t scan_at;
    size_t line_start;
    size_t line_count;
    uint32_t *line_end; /* of the CR; http_head_lines + 1 entries */
    struct ch_http_header *headers;
    struct ch_str *segments;
    char *decoded;
    size_t decoded_cap;
    /* the request */
    struct ch_http_view view;
    struct ch_str known[HTTP_KNOWN_COUNT]; /* first line of each; absent when not sent */
    unsigned conditions;                   /* how many of Range and If-* were sent */
    struct ch_str host_and_port;
    bool chunked;
    bool keep_alive;
    bool expect_continue;
    /* the refusal */
    int status;
    char rule[160];
};

enum http_scan { HTTP_SCAN_MORE, HTTP_SCAN_HEAD, HTTP_SCAN_BAD };

void http_parser_init(struct http_parser *p, const struct ch_limits *limits, bool tls);
void http_parser_done(struct http_parser *p);
void http_parser_reset(struct http_parser *p); /* before the first byte of a request */
/* Looks at the bytes received so far; called again with the same start and more bytes. */
enum http_scan http_scan(struct http_parser *p, const char *buf, size_t len, size_t *ret_head_len);
/* Parses a scanned head. False: p->status and p->rule say why. */
bool http_parse(struct http_parser *p, const char *buf);
bool http_refuse(struct http_parser *p, int status, const char *fmt, ...) CH_PRINTF(3, 4);
bool http_is_token_char(char c);
bool http_is_value_char(char c);

/* target.c */
bool http_parse_target(struct http_parser *p, struct ch_str target);
bool http_parse_host(struct http_parser *p, struct ch_str value);

/* --- chunk.c: the chunked coding. Pure. --- */
struct http_chunks {
    int state;
    unsigned digits;
    uint64_t left;
    uint64_t trailer_bytes;
};
enum http_chunk { HTTP_CHUNK_MORE, HTTP_CHUNK_PIECE, HTTP_CHUNK_END, HTTP_CHUNK_BAD };
/* Consumes from `in`: gives one piece of data, asks for more, or ends. *ret_rule is set on BAD. */
enum http_chunk http_chunk_next(struct http_chunks *k, const struct ch_limits *limits,
                                struct ch_str *in, struct ch_str *ret_piece, const char **ret_rule);

/* --- cond.c: conditions and ranges. Pure. --- */
struct http_selection {
    int status; /* 200, 206, 304, 412, 416 */
    uint64_t offset;
    uint64_t length;
};
struct http_selection http_select(const struct http_parser *p, struct ch_str if_match,
                                  struct ch_str if_none_match, struct ch_str etag,
                                  int64_t last_modified_unix, uint64_t size, bool ranges);
#define HTTP_DATE_LEN 29
void http_date_format(int64_t unix_seconds, char ret[HTTP_DATE_LEN]);
bool http_date_parse(struct ch_str s, int64_t *ret_unix); /* IMF-fixdate only */
const char *http_reason(int status);

/* --- connections --- */

enum http_state { HTTP_HEAD, HTTP_BUSY, HTTP_SENDING, HTTP_LINGER };
enum http_body { HTTP_BODY_NONE, HTTP_BODY_UNREAD, HTTP_BODY_RECEIVING, HTTP_BODY_PAUSED,
                 HTTP_BODY_DONE };

#define HTTP_PIECES    4
#define HTTP_TAIL_MAX  112
#define HTTP_NO_TIME   UINT64_MAX

struct http_out {
    struct ch_str piece[HTTP_PIECES];
    size_t piece_count;
    size_t piece_at;
    struct ch_http_blob *blob;
    uint64_t blob_at;
    uint64_t blob_left;
    uint64_t blob_warm;     /* known to be in the page cache up to here */
    uint64_t cold_since_ms; /* 0: not waiting for the disk */
    bool from_disk;         /* has waited for the disk: the rest is not sent from the mapping */
    struct ch_http_prepared *prepared;
    void (*release)(void *owner);
    void *release_owner;
    uint64_t head_bytes; /* of the pieces that are no body */
    uint64_t sent_bytes;
    char tail[HTTP_TAIL_MAX]; /* Date, X-Request-Id and Connection of a prepared answer */
};

struct http_conn;
struct ch_http_request {
    struct http_conn *conn;
};

struct http_joined { /* repeated header lines, joined: freed with the request */
    struct http_joined *next;
    struct ch_buf text;
};

struct http_conn {
    struct ch_watch watch;
    struct ch_timer timer;
    struct ch_http_server *server;
    SSL *ssl;
    uint32_t slot;
    uint32_t events; /* wanted */
    enum http_state state;
    bool running;    /* inside http_conn_run: answers are only noted */
    bool dead;       /* to be freed when http_conn_run leaves */
    bool reset;      /* then with a reset: an answer was cut short */
    bool kick;       /* the timer is to run it */
    bool cold;       /* sending waits for the disk, not for the peer */
    bool readable;
    bool eof;
    bool half_closed; /* it sends no more, and may still read */
    bool ssl_wants_write;
    bool ssl_wants_read;
    bool ssl_broken;
    bool used; /* a request was answered: idle rather than header time-out */
    /* addresses */
    uint8_t address[16];
    char peer[INET6_ADDRSTRLEN];
    uint16_t peer_port;
    bool local_known;
    uint8_t local[16]; /* IPv4 as ::ffff:a.b.c.d; zero = none */
    uint32_t same_next; /* slots + 1 of the same hash chain */
    uint32_t same_prev;
    /* input: [in_at, in_at + head_len) is the head, [body_at, in_len) is not consumed yet */
    char *in;
    size_t in_at;
    size_t in_len;
    size_t in_cap;
    size_t head_len;
    size_t body_at;
    struct http_parser parser;
    /* the request in progress */
    struct ch_http_request request;
    uint64_t generation; /* 0: none in progress */
    uint64_t started_ns;
    uint64_t waits_since_ns; /* for its client, when it does (make_room) */
    uint64_t asked_ms;
    uint64_t request_id; /* 0: none is given */
    void *note;
    void *caller;
    uint64_t head_deadline_ms;
    int status;
    int means; /* see struct ch_http_response */
    bool later;
    bool close_after;
    bool complete;
    bool refused;
    void (*on_gone)(void *arg);
    void *gone_arg;
    struct http_joined *joined;
    enum http_body body;
    struct http_chunks chunks;
    uint64_t body_left;
    uint64_t body_max;
    uint64_t body_taken;
    ch_http_body_fn *on_body;
    void *body_arg;
    struct ch_str interim; /* unsent part of "100 Continue" */
    /* output */
    struct ch_buf head;
    struct http_out out;
    /* time */
    uint64_t deadline_ms;
    uint64_t window_bytes;
    uint64_t linger_bytes;
};

struct http_listener {
    struct ch_watch watch;
    struct ch_http_server *server;
    struct ch_http_tls *tls;
    unsigned mark;
    struct http_listener *next;
};

struct ch_http_server {
    struct ch_http_options options;
    struct ch_limits limits;
    struct ch_loop *loop;
    struct ch_str *hosts;
    size_t host_count;
    struct http_listener *listeners;
    bool listening;
    bool draining;
    struct ch_timer timer; /* accepts again after a failure; tells that draining is done */
    struct http_conn **slots;
    size_t slot_count; /* as many as http_connections was at most */
    uint32_t *free_slots;
    size_t connections;
    uint32_t *same_heads; /* hash of addresses to slots + 1 */
    uint64_t generation;
    uint64_t last_request_id; /* starts at random: ids differ between processes and runs */
    int64_t date_second;
    char date[HTTP_DATE_LEN];
    char *scratch; /* TLS output is gathered here */
    size_t scratch_bytes;
};

struct ch_http_blob {
    unsigned refs;
    int fd;
    char *map; /* NULL when empty */
    uint64_t size;
    bool broken; /* the mapping is not the file's any more: nothing is sent from it */
};

struct ch_http_prepared {
    unsigned refs;
    struct ch_str head; /* status line and headers, without Date, Connection and the empty line */
    bool fits;
    struct http_selection whole;
    struct ch_http_response response; /* slices owned; headers too */
    uint64_t size;
};

struct ch_http_tls {
    SSL_CTX *ctx;
};

uint64_t http_now_ns(void); /* conn.c; CLOCK_MONOTONIC */

/* server.c */
void http_server_forget(struct http_conn *c); /* frees the slot */
void http_server_room(struct ch_http_server *s); /* there is some, or may be: it accepts again */
struct ch_str http_server_date(struct ch_http_server *s);
bool http_host_allowed(struct http_conn *c);

/* conn.c */
struct http_conn *http_conn_new(struct ch_http_server *s, int fd, struct ch_http_tls *tls);
void http_conn_run(struct http_conn *c);
void http_conn_free(struct http_conn *c); /* closes at once; on_gone and the log are called */
void http_conn_close(struct http_conn *c); /* as free, after a close_notify */
void http_conn_abort(struct http_conn *c); /* as free, the peer sees a reset */
void http_conn_kick(struct http_conn *c);
void http_conn_answered(struct http_conn *c); /* output is ready */
void http_conn_gone(struct http_conn *c);     /* tells the handler */
void http_conn_refuse(struct http_conn *c, int status, const char *rule);
void http_conn_handle(struct http_conn *c); /* the request goes to its handler */
void http_conn_deadline(struct http_conn *c, uint64_t at_ms);

/* body.c: false when there is nothing more to do now */
bool http_body_run(struct http_conn *c);
void http_body_begin(struct http_conn *c);
/* A body where none has a meaning (RFC 9110 9.3.1): read and checked to its end before the request is
 * handled, so that nothing malformed gets an answer but 400. */
bool http_body_is_meaningless(const struct http_conn *c);
void http_body_discard(struct http_conn *c); /* then http_conn_handle, unless it is refused */

/* io.c */
enum http_io { HTTP_IO_DONE, HTTP_IO_AGAIN, HTTP_IO_COLD, HTTP_IO_EOF, HTTP_IO_FAILED };
enum http_io http_io_read(struct http_conn *c, char *to, size_t room, size_t *ret_len);
/* DONE: everything was sent. COLD: what comes next is not in memory yet. */
enum http_io http_io_write(struct http_conn *c);
enum http_io http_io_interim(struct http_conn *c);
uint64_t http_io_taken(const struct http_conn *c);

/* fault.c */
void http_fault_catch(void); /* once, before anything is served */
/* Until http_fault_end this thread may read len > 0 bytes of the mapping at `at`, and write to sockets whose BIO has the
 * veto: what could not be read is zeros, and is not written. */
void http_fault_guard(const struct ch_http_blob *b, uint64_t at, size_t len);
/* False: something could not be read. The connection is to be ended; the mapping is as before. */
bool http_fault_end(struct ch_http_blob *b) CH_MUST_CHECK;
long http_fault_veto(BIO *bio, int operation, const char *arg, size_t len, int argi, long argl, int ret,
                     size_t *processed); /* a BIO_callback_fn_ex */

/* respond.c */
void http_out_done(struct http_out *o);
void http_out_begin(struct http_conn *c);
void http_out_add(struct http_out *o, struct ch_str piece);
void http_out_body(struct http_conn *c, const struct ch_http_response *r,
                   struct http_selection sel);
/* Everything but Date, Connection and the empty line; those are the tail. */
void http_put_head(struct ch_buf *b, const struct ch_http_response *r, struct http_selection sel,
                   uint64_t size, uint64_t reason_max);
struct ch_str http_put_tail(struct http_conn *c, char tail[HTTP_TAIL_MAX]);

#endif
