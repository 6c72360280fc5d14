/* HTTP/1.1 server core: epoll and OpenSSL, single-threaded on a ch_loop, one process per core.
 *
 * Strict as RFC 9112 allows: a request that breaks a rule is refused with a plain body naming the
 * rule, and its connection is closed; nothing is repaired. The handler is called for every request
 * before anything conditional is decided, so 304, 206, 416 and HEAD never bypass a decision. A body
 * that cannot be sent whole ends in an aborted connection, never in a clean end.
 * Limits and time-outs are the http_ rows of limits.h, copied when the server is made.
 *
 * Handler, exactly one of:   ch_http_respond / ch_http_respond_prepared            answer now
 *                            ch_http_later  [+ ch_http_receive for the body]       answer later
 * Everything borrowed from a request is valid until it is answered or its on_gone has run. */
#ifndef CUSTOMHOUSE_HTTP_H
#define CUSTOMHOUSE_HTTP_H

#include "customhouse/bytes.h"

struct ch_loop;
struct ch_http_server;
struct ch_http_request;
struct ch_http_tls;
struct ch_http_blob;
struct ch_http_prepared;

enum ch_http_method {
    CH_HTTP_OTHER = 0, /* any other token: see method_name */
    CH_HTTP_GET,
    CH_HTTP_HEAD,
    CH_HTTP_POST,
    CH_HTTP_PUT,
    CH_HTTP_PATCH,
    CH_HTTP_DELETE,
    CH_HTTP_OPTIONS
};

struct ch_http_header {
    struct ch_str name;
    struct ch_str value;
};

/* --- requests --- */

struct ch_http_view {
    enum ch_http_method method;
    struct ch_str method_name;
    int minor_version;              /* 0 or 1 */
    bool tls;
    struct ch_str path;             /* as sent, without query; always begins with '/' */
    size_t dropped;                 /* segments that ch_http_drop_segments has taken off its front */
    const struct ch_str *segments;  /* percent-decoded once; never empty, ".", "..", nor holding
                                     * '/', '\', or a control character */
    size_t segment_count;           /* "/" has none */
    bool trailing_slash;            /* "/" and "/simple/" have it */
    struct ch_str query;            /* as sent, after '?'; absent when there is no '?' */
    const struct ch_http_header *headers; /* as sent, in order; values trimmed */
    size_t header_count;
    struct ch_str host;             /* Host without port, checked; as sent (compare without case) */
    struct ch_str peer;             /* "127.0.0.1", "::1"; "" on a socket without addresses */
    uint16_t peer_port;
    unsigned mark;                  /* of the listener it came by */
    struct ch_str user_agent;       /* absent when not sent */
    struct ch_str authorization;    /* absent when not sent; never log it */
    bool has_body;
    bool has_content_length;        /* false with a chunked body */
    uint64_t content_length;
};

const struct ch_http_view *ch_http_view(const struct ch_http_request *r);

/* The value of a header, its name compared without case; absent when not sent. Lines sent
 * repeatedly (Accept) are joined with ", ". */
struct ch_str ch_http_header(struct ch_http_request *r, struct ch_str name);

/* Appends the decoded value of `name=` in the query ('+' is a space); *ret_given false: it is not
 * there. CH_E_USAGE: it is there without a value, not encoded, longer than `out` may be, or more
 * than once: readers differ in which one counts, so none does. The message begins with the name. */
enum ch_code ch_http_query(const struct ch_http_request *r, struct ch_str name, struct ch_buf *out,
                           bool *ret_given, struct ch_err *err) CH_MUST_CHECK;

/* Takes the first segments off the path: what stands in them is no part of what is asked for, and must not get into logs.
 * `count` is at most segment_count. Their slices stay as long as the request. */
void ch_http_drop_segments(struct ch_http_request *r, size_t count);

/* Something of the handler's own, handed to on_access when the request has ended; NULL before. */
void ch_http_set_note(struct ch_http_request *r, void *note);
/* The same for whom it comes from. */
void ch_http_set_caller(struct ch_http_request *r, void *caller);
void *ch_http_caller(const struct ch_http_request *r);
/* Since when its client waits: its head had come whole. On ch_loop_now_ms's clock. */
uint64_t ch_http_asked_ms(const struct ch_http_request *r);

/* --- answers --- */

/* An immutable file: descriptor and mapping, shared by reference count. Truncation or a read error
 * while it is being sent aborts that connection only. */
enum ch_code ch_http_blob_new(int fd, struct ch_http_blob **ret_blob,
                              struct ch_err *err) CH_MUST_CHECK; /* takes fd, also on failure */
struct ch_http_blob *ch_http_blob_ref(struct ch_http_blob *blob);
void ch_http_blob_unref(struct ch_http_blob *blob); /* accepts NULL */
uint64_t ch_http_blob_size(const struct ch_http_blob *blob);
/* Its file has lost its last name: what it takes on the disk is free once nobody has it open. */
bool ch_http_blob_is_nameless(const struct ch_http_blob *blob);

struct ch_http_response {
    int status;                 /* 200 to 599 */
    int means;                  /* what is to be counted, where a client is told another status than
                                 * that of what happened; 0: `status` */
    struct ch_str reason;       /* own reason phrase: escaped to printable ASCII and clipped; absent
                                 * = the standard one */
    struct ch_str content_type; /* absent = no Content-Type line */
    struct ch_str etag;         /* with its quotes; absent = none */
    int64_t last_modified_unix; /* seconds; 0 = none */
    bool ranges;                /* offer byte ranges (the bytes never change under this ETag) */
    bool unconditional;         /* says nothing of 304, 206, 412 or 416, whatever is asked */
    bool close;                 /* end the connection after this answer */
    const struct ch_http_header *headers; /* further lines; no framing lines, Date or Connection */
    size_t header_count;
    struct ch_str body;         /* sent from where it lies; kept alive by body_owner */
    bool body_copy;             /* instead: copied at once; for small ones, up to 64 KB */
    void (*body_release)(void *body_owner); /* called once, when the body is no longer needed, also
                                             * when it was not sent; NULL = static bytes */
    void *body_owner;
    struct ch_http_blob *blob;  /* instead of body: the whole file; the core takes its own ref */
};

/* Answers. All slices but `body` may go away when this returns. A 200 to GET or HEAD becomes 304,
 * 206 or 416 where the request's conditions say so. On a later answer the request is invalid once
 * this has returned. */
void ch_http_respond(struct ch_http_request *r, const struct ch_http_response *response);

/* A plain text answer of one line: `status` with `text` as reason phrase and body. */
void ch_http_respond_text(struct ch_http_request *r, int status, struct ch_str text);

/* A response whose head is rendered once and sent many times. Owns a copy of all but the body,
 * which it releases in the end. Not for `close`. Its answers take their own reference. */
struct ch_http_prepared *ch_http_prepared_new(const struct ch_http_response *response);
struct ch_http_prepared *ch_http_prepared_ref(struct ch_http_prepared *p);
void ch_http_prepared_unref(struct ch_http_prepared *p); /* accepts NULL */
void ch_http_respond_prepared(struct ch_http_request *r, struct ch_http_prepared *p);

/* --- answering later --- */

struct ch_http_ticket {
    uint32_t slot;
    uint64_t generation; /* 0 = no ticket */
};

/* Postpones the answer. `on_gone` (may be NULL) is called once, when the client left (also: half
 * closed) or the core ended the request (time-out, refused body, server freed); after it the request
 * is invalid and must not be answered. It is not called once an answer was given. Called once more
 * for the same request, it replaces `on_gone` and `arg`: another part of the handler goes on. */
struct ch_http_ticket ch_http_later(struct ch_http_request *r, void (*on_gone)(void *arg),
                                    void *arg);

/* The request of a ticket, or NULL when it is gone or answered. */
struct ch_http_request *ch_http_find(struct ch_http_server *server, struct ch_http_ticket ticket);

/* Streams the request body; call after ch_http_later. `on_body` gets pieces, and once `last` (then
 * possibly with an empty piece); returning false pauses until ch_http_receive_resume. Answers a
 * waiting "Expect: 100-continue". CH_E_LIMIT when the announced length is over max_bytes (answer
 * 413 then); a chunked body that grows over it is refused by the core. An answer given before the
 * body was received to its end closes the connection. */
typedef bool ch_http_body_fn(struct ch_http_request *r, struct ch_str piece, bool last, void *arg);
enum ch_code ch_http_receive(struct ch_http_request *r, uint64_t max_bytes,
                             ch_http_body_fn *on_body, void *arg, struct ch_err *err) CH_MUST_CHECK;
void ch_http_receive_resume(struct ch_http_request *r);

/* --- servers --- */

/* At a bound of connections, or when descriptors are used up, the connection that has waited for its
 * client for longest (for a head, for a body), and for http_room_ms, gives way to a new one: no number
 * of held connections keeps anybody out. When all are being answered, the new one waits, or, at the
 * bound of its own address, is refused. */

struct ch_http_access { /* one request, ended; slices borrowed during the call */
    struct ch_str method; /* absent when the request line could not be read */
    struct ch_str path;   /* as sent, without query: it may hold secrets */
    int status;           /* 0: nothing was sent */
    int means;            /* of the answer; 0: `status` says it */
    uint64_t body_bytes;  /* accepted by the kernel */
    bool complete;        /* false: aborted, or the client left */
    uint64_t duration_us; /* from the first byte of the request */
    struct ch_str peer;
    struct ch_str user_agent; /* raw: escape before writing */
    struct ch_str rule;       /* why the core refused it; absent for the handler's answers */
    bool tls;
    uint64_t request_id;  /* as in X-Request-Id; 0: ids are not asked for */
    void *note;           /* from ch_http_set_note; NULL when the core answered by itself */
    void *caller;         /* from ch_http_set_caller */
};

struct ch_http_options {
    struct ch_loop *loop;
    void (*on_request)(struct ch_http_request *r, void *owner);
    void (*on_access)(const struct ch_http_access *a, void *owner); /* NULL = no log */
    void (*on_drained)(void *owner); /* after a drain: no connection is left; may be NULL */
    void *owner;
    const struct ch_str *hosts; /* accepted Host names without port, copied. An IP literal equal to
                                 * the connection's local address is accepted too; all else is
                                 * 421 (T20) */
    size_t host_count;
    bool request_ids; /* every answer gets an X-Request-Id line of 16 hex digits */
};

enum ch_code ch_http_server_new(const struct ch_http_options *options,
                                struct ch_http_server **ret_server,
                                struct ch_err *err) CH_MUST_CHECK;
void ch_http_server_free(struct ch_http_server *server); /* aborts what is open */

/* Accepts from a socket that listens already and may be shared between processes. The descriptor
 * and `tls` (NULL = plain) stay the caller's and must outlive the server. `mark` is what its requests
 * show of it. */
enum ch_code ch_http_server_listen(struct ch_http_server *server, int listen_fd,
                                   struct ch_http_tls *tls, unsigned mark,
                                   struct ch_err *err) CH_MUST_CHECK;
/* Serves one connected stream socket; takes fd, also on failure. */
enum ch_code ch_http_server_adopt(struct ch_http_server *server, int fd, struct ch_http_tls *tls,
                                  unsigned mark, struct ch_err *err) CH_MUST_CHECK;
/* Replaces the host list (reload). */
void ch_http_server_set_hosts(struct ch_http_server *server, const struct ch_str *hosts,
                              size_t count);
/* Replaces http_connections and http_connections_per_address of limits.h (reload), at least 1 each.
 * Those that are being answered stay, also beyond it. */
void ch_http_server_set_connections(struct ch_http_server *server, uint32_t all,
                                    uint32_t per_address);
/* Stops accepting, closes idle connections, and the others after their answer. */
void ch_http_server_drain(struct ch_http_server *server);
size_t ch_http_server_connections(const struct ch_http_server *server);

/* TLS 1.2 and later, ALPN http/1.1, from PEM text in memory (chain, leaf first; plain key). */
enum ch_code ch_http_tls_new(struct ch_str chain_pem, struct ch_str key_pem,
                             struct ch_http_tls **ret_tls, struct ch_err *err) CH_MUST_CHECK;
/* Whether ch_http_tls_new would take them. On failure *ret_in_key says which of the two is wrong: the
 * key (also one that does not belong to the certificate), or the chain. */
enum ch_code ch_http_tls_check(struct ch_str chain_pem, struct ch_str key_pem, bool *ret_in_key,
                               struct ch_err *err) CH_MUST_CHECK;
/* Of a chain that ch_http_tls_check takes: CH_E_DENIED when its first certificate is not valid at
 * `now_us`, so that clients refuse it: "expired on 2021-01-01T00:00:00Z". */
enum ch_code ch_http_tls_check_time(struct ch_str chain_pem, int64_t now_us,
                                    struct ch_err *err) CH_MUST_CHECK;
/* From now on no connection is made but with a client certificate of one of these authorities (PEM)
 * whose one common name is `name`. Nothing is resumed: each connection shows it anew. */
enum ch_code ch_http_tls_demand(struct ch_http_tls *tls, struct ch_str authorities_pem,
                                struct ch_str name, struct ch_err *err) CH_MUST_CHECK;
/* New connections use the certificate of `from`, which is freed. */
void ch_http_tls_take(struct ch_http_tls *tls, struct ch_http_tls *from);
void ch_http_tls_free(struct ch_http_tls *tls);

#endif
