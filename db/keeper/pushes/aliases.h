/* Digests by sha512, by which clients and manifests may name bytes (T15). They are aliases: what
 * bytes are is our own sha256 over them, and whatever comes by an alias is looked up, once, and
 * goes on by that. So one decision is for both names, and none is ever by an alias. An alias is
 * known of bytes that we hashed ourselves when somebody pushed them by it; of others nothing is,
 * and they are refused. */
#ifndef KEEPER_ALIASES_H
#define KEEPER_ALIASES_H

#include "customhouse/digest.h"
#include "db/keeper/keeper_int.h"

#define ALIASES_UNKNOWN                                                                            \
    "no bytes are known here by that digest: what is to be had by sha512 is pushed by it"

/* "sha512:" and 128 digits in lower case; false: it is none. */
bool aliases_read(struct ch_str text, struct ch_alias *ret);
/* The bytes that it stands for. CH_E_NOT_FOUND: none are known; CH_E_MISMATCH: of several, which
 * cannot be. */
enum ch_code aliases_find(struct keeper *k, const struct ch_alias *alias, struct ch_sha256 *ret,
                          struct ch_err *err) CH_MUST_CHECK;
/* In the open group; the bytes are an artifact by then. */
enum ch_code aliases_add(struct keeper *k, const struct ch_alias *alias,
                         const struct ch_sha256 *sha256, struct ch_err *err) CH_MUST_CHECK;
/* Of bytes in memory. */
enum ch_code aliases_of(struct ch_str bytes, struct ch_alias *ret,
                        struct ch_err *err) CH_MUST_CHECK;

/* What a jail said of a document that names things by alias, as if it had named them by sha256:
 * appended to `ret`. Without any, CH_OK and nothing is appended: `stream` is as it is. One that is
 * named by both is one. CH_E_NOT_FOUND: nothing is known by one of them; CH_E_FORMAT: one is two
 * kinds of things. */
enum ch_code aliases_resolve(struct keeper *k, struct ch_str stream, struct ch_buf *ret,
                             struct ch_err *err) CH_MUST_CHECK;
/* "sha512:HEX", or that and a blank and more, as "sha256:HEX..." in `b`; else the value itself. */
struct ch_str aliases_fact(struct keeper *k, struct ch_str value, struct ch_buf *b);

/* An ask for a file whose address has an alias goes on as one by sha256. False: nothing is known by
 * it, and that was answered. */
bool aliases_meant(struct keeper *k, struct waiter *w);

#endif
