/* The administrative interface: HTTP requests in, the keeper's commands out, their answers back. It
 * has no state of its own, no artifact routes, and opens nothing (T21). */
#ifndef PROXY_ADMIN_ADMIN_H
#define PROXY_ADMIN_ADMIN_H

#include "customhouse/config.h"
#include "customhouse/http.h"
#include "customhouse/loop.h"
#include "proxy/front/single.h"

struct admin;

enum ch_code admin_new(const struct front_site *site, struct admin **ret,
                       struct ch_err *err) CH_MUST_CHECK;
void admin_free(struct admin *a); /* accepts NULL */
struct ch_http_server *admin_server(struct admin *a);
void admin_configure(struct admin *a, const struct ch_config *config); /* host names */
void admin_set_keeper(struct admin *a, int fd); /* takes fd; the former channel ends */
void admin_drain(struct admin *a);

#endif
