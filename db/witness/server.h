/* A witness over HTTP: POST /add-checkpoint, and nothing else. */
#ifndef WITNESS_SERVER_H
#define WITNESS_SERVER_H

#include "customhouse/http.h"
#include "witness.h"

struct witness_server;

struct witness_server_options {
    struct ch_loop *loop;
    struct witness *witness;    /* stays the caller's */
    const struct ch_str *hosts; /* names it is asked by; copied */
    size_t host_count;
    void (*say)(void *owner, struct ch_str line); /* for the operator: no line end, printable */
    void (*on_drained)(void *owner);
    void *owner;
};
enum ch_code witness_server_new(const struct witness_server_options *options,
                                struct witness_server **ret, struct ch_err *err) CH_MUST_CHECK;
void witness_server_free(struct witness_server *s); /* accepts NULL */
struct ch_http_server *witness_server_http(struct witness_server *s);

#endif
