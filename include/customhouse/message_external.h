/* What a gateway asks for external scanners, and what it is answered (part of message.h, which has
 * the rows). Encoded in base/process/message_external.c.
 *
 * T8: what a scanner says is a fact about an image in quarantine. T21: each ask has the token that
 * came with the request, and the keeper looks at it. What the scanner wrote was read by the
 * gateway, strictly and bounded (proxy/gateway/acr_body.h). */
#ifndef CUSTOMHOUSE_MESSAGE_EXTERNAL_H
#define CUSTOMHOUSE_MESSAGE_EXTERNAL_H

#include "customhouse/message_gateway.h"
#include "customhouse/policy.h"

struct ch_ask_external {
    uint64_t ask;
    struct ch_str repository;
    struct ch_str project;
    struct ch_sha256 sha256;  /* of a manifest or an index */
    enum ch_external verdict; /* to be recorded; NONE: it is only looked at */
    struct ch_str details;    /* as they are given back: JSON; absent: none */
    struct ch_str words;      /* what people read of them; printable */
    struct ch_sha256 token;   /* digest of what came with the request */
    struct ch_client client;
};
void ch_ask_external_put(struct ch_buf *b, const struct ch_ask_external *m);
enum ch_code ch_ask_external_get(struct ch_str payload, struct ch_ask_external *ret,
                                 struct ch_err *err) CH_MUST_CHECK;

struct ch_external_reply {
    uint64_t ask;
    uint32_t http_status; /* 200, or an error with the next two */
    struct ch_str code;   /* "MANIFEST_UNKNOWN"; printable ASCII */
    struct ch_str text;
    enum ch_external verdict; /* what was said last; NONE: nothing */
    struct ch_str details;
    struct ch_str by;         /* who said it */
    int64_t at_us;            /* CH_TIME_UNKNOWN */
    enum ch_verdict decision; /* HOLD without the next two: there is none yet */
    struct ch_str rule;
    struct ch_str reason;
    uint64_t size_bytes; /* of the manifest; CH_SIZE_UNKNOWN */
    struct ch_str media_type;
};
void ch_external_reply_put(struct ch_buf *b, const struct ch_external_reply *m);
enum ch_code ch_external_reply_get(struct ch_str payload, struct ch_external_reply *ret,
                                   struct ch_err *err) CH_MUST_CHECK;

#endif
