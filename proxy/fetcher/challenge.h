/* What a registry says with 401, and the document of its token endpoint. Pure, and all that this
 * process reads of what lies behind an HTTP header.
 * Spec: RFC 9110 11.6.1, RFC 6750 2.1 and 3, distribution "Token Authentication Specification". */
#ifndef CH_FETCHER_CHALLENGE_H
#define CH_FETCHER_CHALLENGE_H

#include <stdint.h>

#include "customhouse/bytes.h"

/* Borrowed from the field's value; printable ASCII without quotes and backslashes. */
struct ch_challenge {
    struct ch_str realm;
    struct ch_str service; /* absent: not said */
    struct ch_str scope;   /* absent: not said */
};

/* A WWW-Authenticate value that begins with "Bearer" and holds that one challenge. CH_E_FORMAT: it
 * is not read; CH_E_DENIED: its scope asks for more than to pull. */
enum ch_code ch_challenge_parse(struct ch_str value, struct ch_challenge *ret,
                                struct ch_err *err) CH_MUST_CHECK;

struct ch_token {
    struct ch_str text; /* borrowed; RFC 6750's b64token, so it fits into a header as it is */
    uint32_t
        life_seconds; /* at least 60, as the specification has it, also where it says nothing */
};

/* {"token": "...", "expires_in": 300, ...}, or "access_token" in the place of "token".
 *
 * No JSON reader: a scan of one flat object whose other members are only stepped over. It allocates
 * nothing and does not recurse. What could be read in two ways is CH_E_FORMAT: nesting, an escape
 * in a name or in what is taken, a member that is taken twice. */
enum ch_code ch_token_scan(struct ch_str document, struct ch_token *ret,
                           struct ch_err *err) CH_MUST_CHECK;

#endif
