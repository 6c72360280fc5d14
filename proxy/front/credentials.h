/* What an Authorization header presents. Pure, and strict: what is not exactly a form that is
 * described here is no credential at all, never half of one.
 *
 * Spec: RFC 9110 section 11.4 (scheme, blanks, token68), RFC 7617 (Basic), RFC 6750 section 2.1
 * (Bearer). The token is Basic's password, whatever the user name, or Bearer's token. */
#ifndef CH_FRONT_CREDENTIALS_H
#define CH_FRONT_CREDENTIALS_H

#include "customhouse/digest.h"

enum front_credentials {
    FRONT_CREDENTIALS_BAD = 0, /* there are some, and they are none of ours */
    FRONT_CREDENTIALS_NONE,
    FRONT_CREDENTIALS_TOKEN,
};

/* `scratch` has the clear text only during the call. `hash` is borrowed. */
enum front_credentials front_credentials_read(struct ch_str authorization, struct ch_buf *scratch,
                                              struct ch_hash *hash, struct ch_sha256 *ret_digest);

/* The token itself, as it is presented; absent: none of ours. It lies in `authorization` or in `scratch`, which the
 * caller wipes. */
struct ch_str front_credentials_clear(struct ch_str authorization, struct ch_buf *scratch);

/* Bearer's token where it has the form of one of some images (a JWT; db/signing/scoped.h), which gateways
 * alone take: three parts of base64url with dots between. Absent: it has not. */
struct ch_str front_credentials_scoped(struct ch_str authorization);

/* Of a token that stands by itself, as in the paths of conda's clients. False: it is none of ours. */
bool front_credentials_token(struct ch_str token, struct ch_hash *hash,
                             struct ch_sha256 *ret_digest);

#endif
