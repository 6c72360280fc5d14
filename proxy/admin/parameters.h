/* From a request to the keeper's command: strict, nothing unknown is passed over. */
#ifndef PROXY_ADMIN_PARAMETERS_H
#define PROXY_ADMIN_PARAMETERS_H

#include "customhouse/message.h"
#include "operations.h"

struct admin_request {
    struct ch_command command; /* borrows from `memory` */
    struct ch_buf memory;
    struct ch_buf input; /* what a document parameter holds; nothing: there is none */
};

/* `body` is the whole body ("" when the operation takes none). CH_E_USAGE names the parameter and
 * what was expected. In either case admin_request_done comes after it. */
enum ch_code admin_request_read(const struct operation *o, const struct ch_http_request *r,
                                struct ch_str body, struct admin_request *ret,
                                struct ch_err *err) CH_MUST_CHECK;
void admin_request_done(struct admin_request *q);
bool operation_has_body(const struct operation *o);

#endif
