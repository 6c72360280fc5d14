/* What the answers of operations have: each field by name and type, so that the document (OpenAPI)
 * says it. */
#ifndef PROXY_ADMIN_ANSWERS_H
#define PROXY_ADMIN_ANSWERS_H

#include "operations.h"

/* Appends the JSON schema of the operation's object, or of each object of its list. */
void answers_put_schema(struct ch_buf *b, const struct operation *o);

#endif
