/* Messages between gateways and the keeper about tokens of some images (db/signing/scoped.h; part
 * of message.h, which has their rows). Encoded in base/process/message_scoped.c. */
#ifndef CUSTOMHOUSE_MESSAGE_SCOPED_H
#define CUSTOMHOUSE_MESSAGE_SCOPED_H

#include "customhouse/message_gateway.h"

#define CH_SCOPED_SERVICE "customhouse" /* as the challenge names it, and a token its audience */

enum ch_scope_action {
    CH_SCOPE_PULL = 1,
    CH_SCOPE_PUSH = 2,
    CH_SCOPE_DELETE = 4,
    CH_SCOPE_ALL = 7
};
#define CH_SCOPES_MAX 16
struct ch_scope {
    struct ch_str name; /* "REPOSITORY/NAME", as it stands behind /v2/ */
    unsigned actions;   /* bits of ch_scope_action */
};
struct ch_scopes {
    uint32_t count;
    struct ch_scope list[CH_SCOPES_MAX];
};

/* A client asks for such a token, with its API token or without any. */
struct ch_ask_scoped {
    uint64_t ask;
    struct ch_sha256 digest; /* of the API token; zero: it has none */
    bool loopback;           /* it came by loopback: more may be had there without a token */
    struct ch_scopes wanted;
};
void ch_ask_scoped_put(struct ch_buf *b, const struct ch_ask_scoped *m);
enum ch_code ch_ask_scoped_get(struct ch_str payload, struct ch_ask_scoped *ret,
                               struct ch_err *err) CH_MUST_CHECK;

struct ch_scoped_reply {
    uint64_t ask;
    enum ch_token_outcome outcome;
    uint32_t http_status; /* GOOD, but none can be given: `text` says why not; else 0 */
    struct ch_str text;
    struct ch_str token; /* for the client */
    int64_t begins_at_s; /* Unix time */
    uint32_t seconds;    /* that it is good for */
    struct ch_scopes may;
};
void ch_scoped_reply_put(struct ch_buf *b, const struct ch_scoped_reply *m);
enum ch_code ch_scoped_reply_get(struct ch_str payload, struct ch_scoped_reply *ret,
                                 struct ch_err *err) CH_MUST_CHECK;

/* The public half of the key that signs them now, in PEM: told to each gateway as it comes, and to
 * all after a rotation. What an earlier one signed is good no more. */
struct ch_token_key {
    struct ch_str pem; /* absent: there is none now */
};
void ch_token_key_put(struct ch_buf *b, const struct ch_token_key *m);
enum ch_code ch_token_key_get(struct ch_str payload, struct ch_token_key *ret,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
