/* Secrets in a text: credentials whose form nothing else has, private keys, and settings whose name
 * says that they are one. Pure, allocates nothing.
 *
 * What is found is never repeated: findings are read by many. */
#ifndef CH_CONTENT_SECRET_H
#define CH_CONTENT_SECRET_H

#include "customhouse/bytes.h"

/* The first credential in the text from `from` on: an access key of a cloud, a token of a forge,
 * registry or messenger, a private key in PEM. *ret_what: static text ("a token of GitHub");
 * *ret_at: where it begins. Examples that documentation uses are none. */
bool secret_find(struct ch_str text, size_t from, const char **ret_what, size_t *ret_at);

/* The first "NAME=VALUE" in a line of settings or of a shell whose name says that the value is a
 * secret ("DB_PASSWORD"), where the value is neither empty nor taken from elsewhere ("$X",
 * "/run/x",
 * "<x>"). *ret_name: the name, within the text. */
bool secret_named(struct ch_str text, struct ch_str *ret_name);

#endif
