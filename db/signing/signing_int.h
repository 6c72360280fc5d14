/* Inside db/signing: what deals with OpenSSL's keys. */
#ifndef CUSTOMHOUSE_SIGNING_INT_H
#define CUSTOMHOUSE_SIGNING_INT_H

#include <openssl/evp.h>

#include "db/signing/public_key.h"

/* Puts what OpenSSL says last behind `what`. */
enum ch_code ch_openssl_fail(struct ch_err *err, enum ch_code code, const char *what);
/* Takes a reference of its own. */
enum ch_code ch_public_key_of(EVP_PKEY *pkey, struct ch_public_key **ret,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
