/* Tokens of ours, and credentials of others, in text of somebody else's: what is kept, logged or
 * shown of a request must not have them, wherever a client has put them. Pure. */
#ifndef CUSTOMHOUSE_SECRET_H
#define CUSTOMHOUSE_SECRET_H

#include "customhouse/bytes.h"

#define CH_SECRET_PREFIX "chp_"
#define CH_SECRET_DIGITS 64 /* lower case, hexadecimal, behind the prefix */
/* Behind the prefix as many of them are taken for one that was cut off: not to be guessed any more.
 */
#define CH_SECRET_DIGITS_MIN 16

/* The first token in `s`, whole or cut off, in capitals or not: [*ret_at, *ret_end). False: there is none.
 */
bool ch_secret_find(struct ch_str s, size_t *ret_at, size_t *ret_end);
bool ch_secret_in(struct ch_str s);
/* The same of a path or a query as it was sent: also where percent-encoding hides it. */
bool ch_secret_in_encoded(struct ch_str s);
/* `s` with "chp_..." in the place of each token. */
void ch_buf_put_without_secrets(struct ch_buf *b, struct ch_str s);

/* What signs in somewhere else: the part of a URL between "://" and "@"; false when there is none. */
bool ch_url_find_userinfo(struct ch_str url, size_t *ret_from, size_t *ret_len);
void ch_buf_put_without_userinfo(struct ch_buf *b, struct ch_str url);

#endif
