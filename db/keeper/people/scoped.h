/* Tokens of some images: what registries' clients are given for a few minutes, in exchange for an
 * API token or without any (db/signing/scoped.h).
 *
 * Such a token gives nothing by itself: it names the row of the API token, and who that is, and
 * what they may, is looked up each time. So it ends with the API token, the right, the person; and
 * it is less than that, never more. T21: a gateway has the key's public half alone, and what it
 * hands over is the client's token itself, which is verified here once more. */
#ifndef KEEPER_SCOPED_H
#define KEEPER_SCOPED_H

#include "customhouse/message_scoped.h"
#include "db/keeper/keeper_int.h"
#include "db/people/people.h"
#include "db/signing/scoped.h"

/* CH_MSG_ASK_SCOPED: what was asked for and may be had, no more. Tokens for administration and of
 * scanners are refused as if they were not known. */
void scoped_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload);

/* Whom such a token is of now: false: it is none, has ended, or what it stands for has. Of nobody's
 * `ret` is anonymous. *ret_until_us: when it ends. `late`: see ch_scoped_check. ch_scoped_done
 * frees *ret_scoped. */
bool scoped_find(struct keeper *k, struct ch_str text, bool late, struct principal *ret,
                 int64_t *ret_until_us, struct ch_scoped *ret_scoped);

/* Tells the gateway (NULL: all of them) which key verifies them now. */
void scoped_tell(struct keeper *k, struct ch_channel *gateway);
/* It is another key from now on: what gateways remember of tokens ends. */
void scoped_key_changed(struct keeper *k);

#endif
