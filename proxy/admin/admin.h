/* The administrative interface: HTTP requests in, the keeper's commands out, their answers back. It
 * has no state of its own, no artifact routes, and opens nothing (T21). */
#ifndef PROXY_ADMIN_ADMIN_H
#define PROXY_ADMIN_ADMIN_H

#include "customhouse/config.h"
#include "customhouse/http.h"
#include "customhouse/loop.h"

struct admin;

struct admin_options {
    struct ch_loop *loop;
    const struct ch_config *config; /* borrowed while admin_new or admin_configure runs */
    struct ch_str address;          /* it listens on, for its name in Host */
    int access_log_fd;              /* borrowed; -1: none */
    void (*on_drained)(void *owner);
    void *owner;
};

enum ch_code admin_new(const struct admin_options *options, struct admin **ret,
                       struct ch_err *err) CH_MUST_CHECK;
void admin_free(struct admin *a); /* accepts NULL */
struct ch_http_server *admin_server(struct admin *a);
void admin_configure(struct admin *a, const struct ch_config *config); /* host names */
void admin_set_keeper(struct admin *a, int fd); /* takes fd; the former channel ends */
void admin_drain(struct admin *a);

#endif
