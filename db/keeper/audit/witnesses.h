/* Who cosigns the audit log's checkpoints: each new one is sent to all witnesses of the
 * configuration, and published with the cosignatures that came.
 *
 * No decision waits for them: a checkpoint counts as soon as it is durable and signed. They say
 * something else, namely that everybody is shown the same log. So a witness that is not there, or
 * contradicts, is told to people, and changes nothing of what is allowed. */
#ifndef KEEPER_WITNESSES_H
#define KEEPER_WITNESSES_H

#include "db/keeper/keeper_int.h"

void witnesses_init(struct keeper *k);
void witnesses_free(struct keeper *k);
/* Begins, and again with another configuration. */
void witnesses_configured(struct keeper *k);
/* The log has more entries under a checkpoint, egress is there, or time has passed. */
void witnesses_go_on(struct keeper *k);
/* A line or a JSON object for each witness, for `status`. */
void witnesses_put_state(struct keeper *k, struct ch_buf *b, bool json);

#endif
