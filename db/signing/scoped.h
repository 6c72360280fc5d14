/* Tokens of clients of registries: what their holder may do with some images, for some minutes. The
 * keeper signs them, by the key of the purpose `token`, and gateways verify them with its public
 * half alone.
 *
 * Spec: distribution, "Token Authentication Specification" (its claims); RFC 7519 (JWT), RFC 7515
 * section 7.1 (compact serialisation), RFC 7518 section 3.4 (ES256).
 *
 * Anybody may hand over anything as such a token, to processes that have no jail. So it is read in
 * three steps, and of what fails in one nothing more is looked at: its header has to be, byte by
 * byte, the one that we write (no algorithm, no key and no address is ever taken from it); what
 * follows has to be signed by our key; only then are its claims parsed, which the keeper wrote. */
#ifndef CUSTOMHOUSE_SCOPED_H
#define CUSTOMHOUSE_SCOPED_H

#include "customhouse/message_scoped.h"
#include "db/signing/signer.h"

#define CH_SCOPED_ID_LEN 32 /* hexadecimal digits of 128 random bits */

struct ch_scoped {
    struct ch_str issuer;  /* the service's own address, as clients name it */
    struct ch_str service; /* CH_SCOPED_SERVICE */
    uint64_t token; /* the row of the API token that it stands for; 0: of nobody's (T26: no name) */
    int64_t begins_at_s, ends_at_s; /* Unix time */
    struct ch_str id;               /* CH_SCOPED_ID_LEN */
    struct ch_scopes may;
    void *memory; /* that slices point into, where it was read */
};
void ch_scoped_done(struct ch_scoped *s); /* of one that was read; accepts zeroed memory */

/* Appends it, signed by an ECDSA P-256 key. CH_E_LIMIT: longer than scoped_token_bytes. */
enum ch_code ch_scoped_put(const struct ch_scoped *s, struct ch_signer *signer, struct ch_buf *out,
                           struct ch_err *err) CH_MUST_CHECK;

/* What it has to be. */
struct ch_scoped_check {
    const struct ch_public_key *key;
    struct ch_str issuer;
    int64_t now_s;
    bool late; /* one that has ended is taken, too: what it once began goes on */
};
/* CH_E_FORMAT: nothing that we sign, or by another key (nothing was computed); CH_E_MISMATCH: its
 * signature is none of the key; CH_E_DENIED: of another issuer or service; CH_E_TIMEOUT: it has
 * ended, or has not begun. ch_scoped_done frees what was read. */
enum ch_code ch_scoped_read(struct ch_str text, const struct ch_scoped_check *check,
                            struct ch_scoped *ret, struct ch_err *err) CH_MUST_CHECK;

/* The claims alone, as JSON: for ch_scoped_read, and for tests. CH_E_FORMAT: a claim is missing, is
 * another one than these, or has not the form that ch_scoped_put gives it. */
enum ch_code ch_scoped_parse(struct ch_str json, struct ch_scoped *ret,
                             struct ch_err *err) CH_MUST_CHECK;

/* Whether it names the image, with this of enum ch_scope_action. */
bool ch_scopes_allow(const struct ch_scopes *list, struct ch_str name, unsigned action);
/* "pull", "pull,push": of bits. Appended, `separator` between them, each in `quote`. */
void ch_scope_put_actions(struct ch_buf *b, unsigned actions, const char *separator,
                          const char *quote);

#endif
