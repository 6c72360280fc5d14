/* What a gateway asks for clients that push to hosted repositories, and what it is answered (part
 * of message.h, which has the rows). Encoded in base/process/message_push.c.
 *
 * Bytes do not go through the channel: WRITE is answered with a descriptor of the upload's spool
 * file, for appending, and the gateway writes what its client sends. What they are the keeper finds
 * out itself, once no writer is left (T3). T21: each ask has the token that came with the request,
 * and is answered only where that may do it now. */
#ifndef CUSTOMHOUSE_MESSAGE_PUSH_H
#define CUSTOMHOUSE_MESSAGE_PUSH_H

#include "customhouse/message_gateway.h"

enum ch_push_op {
    CH_PUSH_BEGIN = 0, /* an upload: 202 */
    CH_PUSH_MOUNT,     /* `reference`, a digest, of the page `from`: 201, or 202 as BEGIN */
    CH_PUSH_WRITE,     /* bytes come, from `offset` on (UINT64_MAX: wherever it is): 202 with the
                          descriptor, or 416 */
    CH_PUSH_MORE,      /* and more of them than were granted, at `offset`: 202 */
    CH_PUSH_WROTE,     /* no more come with the request that asked WRITE: `offset` is the number of
                          that ask. The descriptor is closed, or was not wanted any more: 202. It
                          counts whatever the token may do by now: it ends what that once began */
    CH_PUSH_STATUS,    /* 200 with its offset */
    CH_PUSH_FINISH,    /* it is `reference`, a digest, and is kept: 201 */
    CH_PUSH_CANCEL,    /* 204 */
    CH_PUSH_MANIFEST,  /* `body`, as `reference`, a tag or its digest: 201 */
    CH_PUSH_LOOK_MANIFEST, /* whether `reference` is there, for who pushes: 200 */
    CH_PUSH_LOOK_BLOB,     /* likewise */
    CH_PUSH_DELETE,        /* the manifest or tag `reference`: 202 */
    CH_PUSH_DELETE_BLOB,   /* the bytes `reference` under this name, that no manifest has: 202 */
    CH_PUSH_OP_COUNT
};
#define CH_UPLOAD_ID_LEN 32 /* hexadecimal digits of 128 random bits */

struct ch_ask_push {
    uint64_t ask;
    enum ch_push_op op;
    struct ch_str repository;
    struct ch_str project;
    struct ch_str reference;
    struct ch_str upload;     /* CH_UPLOAD_ID_LEN */
    struct ch_str from;       /* MOUNT: "REPOSITORY/NAME", as its client says */
    struct ch_str media_type; /* MANIFEST */
    uint64_t offset;
    struct ch_sha256 token; /* digest of what came with the request */
    struct ch_str scoped;   /* that itself, where it is a token of some images; else absent */
    struct ch_client client;
    struct ch_str body; /* MANIFEST: at most oci_manifest_bytes */
};
void ch_ask_push_put(struct ch_buf *b, const struct ch_ask_push *m);
enum ch_code ch_ask_push_get(struct ch_str payload, struct ch_ask_push *ret,
                             struct ch_err *err) CH_MUST_CHECK;

struct ch_push_reply {
    uint64_t ask;
    uint32_t http_status;
    struct ch_str code; /* 400 and more: of the error ("DIGEST_INVALID"); printable ASCII */
    struct ch_str text; /* why, for people */
    struct ch_str upload;
    uint64_t offset;          /* bytes of the upload that are here; 416: it goes on from there */
    uint64_t granted_bytes;   /* WRITE, MORE: so many it may have in all before MORE is asked */
    uint64_t max_bytes;       /* WRITE: and so many at most */
    struct ch_sha256 sha256;  /* 200 and 201: what is there */
    uint64_t size_bytes;      /* 200 of LOOK_: its size */
    struct ch_str media_type; /* 200 of LOOK_MANIFEST */
    struct ch_str subject;    /* 201 of MANIFEST: the digest of what it refers to; absent: nothing */
};
void ch_push_reply_put(struct ch_buf *b, const struct ch_push_reply *m);
enum ch_code ch_push_reply_get(struct ch_str payload, struct ch_push_reply *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
