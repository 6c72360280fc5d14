/* Writing JSON objects field by field, for the command line's --json. */
#ifndef KEEPER_JSON_H
#define KEEPER_JSON_H

#include "db/keeper/keeper_int.h"

/* Each puts a comma before itself unless it is the object's first field. */
void json_field(struct ch_buf *b, const char *name, struct ch_str value);
void json_number(struct ch_buf *b, const char *name, uint64_t value);
void json_bool(struct ch_buf *b, const char *name, bool value);
void json_digest(struct ch_buf *b, const char *name, const struct ch_sha256 *value);
void json_time(struct ch_buf *b, const char *name, int64_t at_us); /* nothing when unknown */
/* `"name":[` or `"name":{`; the caller closes it. */
void json_open(struct ch_buf *b, const char *name, char bracket);
void command_time(int64_t at_us, char *ret, size_t size); /* "2026-11-29 10:00 UTC" */

#endif
