/* The messages between gateway and keeper (part of message.h, which has their rows): what a gateway
 * asks for clients, what it tells, and what it is answered. Encoded in base/process/message_gateway.c. */
#ifndef CUSTOMHOUSE_MESSAGE_GATEWAY_H
#define CUSTOMHOUSE_MESSAGE_GATEWAY_H

#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/digest.h"
#include "customhouse/policy.h"

struct ch_client { /* who asks; facts for fetched-by and asking ahead */
    struct ch_str address;
    struct ch_str user_agent; /* clipped to 512 bytes */
    struct ch_str principal;  /* "user:anna", as CH_MSG_TOKEN had it; "anonymous" */
    struct ch_str via;        /* the gateways it came through (instance.h); absent: none */
};

/* Names of repositories. */
#define CH_REPOSITORIES_MAX 256
struct ch_repositories {
    uint32_t count;
    struct ch_str name[CH_REPOSITORIES_MAX];
};

/* What a client's token stands for. The gateway hashes what the client presented; the token itself goes
 * no further (T21). */
struct ch_ask_token {
    uint64_t ask;
    struct ch_sha256 digest;
    struct ch_client client; /* principal: absent */
    struct ch_str scoped;    /* a token of some images (db/signing/scoped.h), itself: it says for which API
                              * token it stands, and what a gateway says of it counts for nothing; else absent */
};
void ch_ask_token_put(struct ch_buf *b, const struct ch_ask_token *m);
enum ch_code ch_ask_token_get(struct ch_str payload, struct ch_ask_token *ret,
                              struct ch_err *err) CH_MUST_CHECK;

enum ch_token_outcome {
    CH_TOKEN_REFUSED = 0, /* unknown, expired, revoked, or for another audience: nothing tells which */
    CH_TOKEN_GOOD,
};
struct ch_token_reply {
    uint64_t ask;
    enum ch_token_outcome outcome;
    struct ch_str principal;
    uint64_t epoch;             /* holds while the epoch page still shows this epoch */
    uint64_t not_after_boot_ms; /* and not longer than this, the token's own end included */
    bool audit_read;
    bool metrics_read;
    bool push; /* it is for pushing: where, the keeper says with each ask */
    bool scans; /* it is an external scanner's: likewise */
    struct ch_repositories pull; /* what may be pulled from */
};
void ch_token_reply_put(struct ch_buf *b, const struct ch_token_reply *m);
enum ch_code ch_token_reply_get(struct ch_str payload, struct ch_token_reply *ret,
                                struct ch_err *err) CH_MUST_CHECK;

/* SIGN_INS: sign-ins that failed since the last one, counted where they came in, of administrators, too:
 * struct ch_sign_ins, one after the other. It says what was presented by its digest; whose that is, and what
 * is wrong with it, the keeper sees for itself. */
enum ch_sign_in_fault {
    CH_SIGN_IN_MALFORMED = 0, /* no token could be read in the credentials */
    CH_SIGN_IN_NOT_TRIED,     /* its address had tried too many: nobody looked at it */
    CH_SIGN_IN_REFUSED,       /* the keeper has said that it is none */
    CH_SIGN_IN_UNANSWERED,    /* whoever sent it left before the keeper's answer: it may have been good */
};
struct ch_sign_ins {
    enum ch_sign_in_fault fault;
    struct ch_sha256 digest; /* of the token; zero: there is none, or these are of many */
    struct ch_str address;   /* absent: of many */
    struct ch_str path;      /* without query, clipped; absent: many */
    uint32_t times;
};
void ch_sign_ins_put(struct ch_buf *b, const struct ch_sign_ins *m);
/* The next one; r fails on anything but whole ones within limits.h. */
struct ch_sign_ins ch_sign_ins_get(struct ch_rd *r);

enum ch_page_form {
    CH_PAGE_WHOLE = 0,
    CH_PAGE_RARE,   /* with those of its documents that few clients ask for (ch_index_format.rare) */
    CH_PAGE_SHARDS, /* in parts (ch_ecosystem.shards) */
    CH_PAGE_BESIDE, /* the upstream's own document beside it, reduced (struct ch_beside) */
};
struct ch_ask_page {
    uint64_t ask;              /* chosen by the gateway, returned with the answer */
    struct ch_str repository;
    struct ch_str project;     /* normalised; absent: the list of projects */
    uint64_t have_generation;  /* 0: none */
    enum ch_page_form form;
    struct ch_client client;
};
void ch_ask_page_put(struct ch_buf *b, const struct ch_ask_page *m);
enum ch_code ch_ask_page_get(struct ch_str payload, struct ch_ask_page *ret,
                             struct ch_err *err) CH_MUST_CHECK;

enum ch_page_outcome {
    CH_PAGE_FAILED = 0, /* http_status 502 or 504, text says why */
    CH_PAGE_NEW,        /* descriptor [0]: sealed memfd with ch_page (or ch_root_page) */
    CH_PAGE_UNCHANGED,
    CH_PAGE_NOT_FOUND,
};
/* A document of a page that the keeper has rendered: its bytes are a descriptor of the frame. */
#define CH_PAGE_DOCUMENTS_MAX 8
struct ch_page_document {
    uint8_t format; /* of the ecosystem's */
    struct ch_sha256 sha256; /* of its bytes; ETags follow it */
};

struct ch_page_reply {
    uint64_t ask;
    enum ch_page_outcome outcome;
    uint64_t generation;
    uint64_t fresh_until_boot_ms; /* after it the gateway asks again */
    uint32_t http_status;
    uint32_t retry_after_s; /* FAILED: the client may try again by itself after so long; 0: not said */
    struct ch_str text;
    /* NEW: none, and the frame's descriptor is the page (ch_page_put) to be rendered; or all of its documents, where it
     * is too large for that, and their descriptors in the same order. Where shards were asked for: the index alone, and
     * three descriptors: of it, of a table of ch_shard_place, ascending, and of the file that these are about. */
    struct ch_page_document documents[CH_PAGE_DOCUMENTS_MAX];
    size_t document_count;
};
void ch_page_reply_put(struct ch_buf *b, const struct ch_page_reply *m);
enum ch_code ch_page_reply_get(struct ch_str payload, struct ch_page_reply *ret,
                               struct ch_err *err) CH_MUST_CHECK;

/* Where a shard lies. A table of them has each digest once. */
struct ch_shard_place {
    struct ch_sha256 sha256; /* of its bytes */
    uint64_t at;
    uint32_t len;
};
#define CH_SHARD_PLACE_BYTES (CH_SHA256_BYTES + 8 + 4)
void ch_shard_place_put(struct ch_buf *b, const struct ch_shard_place *place);
/* False: it has none of this digest. Of a table that is not ascending it finds some, and reads nothing beside it. */
bool ch_shard_place_find(struct ch_str table, const struct ch_sha256 *sha256,
                         struct ch_shard_place *ret);

enum ch_part {
    CH_PART_FILE = 0,
    CH_PART_METADATA,
    /* what was signed about it; answered in `body` */
    CH_PART_VSA,        /* a DSSE envelope of a verification summary */
    CH_PART_VSA_BUNDLE, /* the same as a Sigstore bundle */
    CH_PART_APPROVAL,   /* a Sigstore bundle over the file's bytes */
    /* what it is made of, by what inspection found; unsigned, and as Sigstore bundles */
    CH_PART_CYCLONEDX,
    CH_PART_SPDX,
    CH_PART_CYCLONEDX_BUNDLE,
    CH_PART_SPDX_BUNDLE,
    /* of an image, that the file stands for; answered in `body`, too */
    CH_PART_SIGNATURE, /* the manifest that cosign looks for under a tag */
    CH_PART_ATTESTATION, /* likewise, its attestations */
    CH_PART_REFERRERS, /* the index of what refers to it */
    CH_PART_SIGNED,    /* what one of these names by digest: the keeper's alone, for what is asked for as a file */
};
#define CH_ATTESTATION_MAX (256u << 10)

struct ch_ask_file {
    uint64_t ask;
    struct ch_str repository;
    struct ch_str project;   /* of its page */
    struct ch_str file_name; /* or what the ecosystem's is_meant takes for it */
    bool any_page;           /* `project` is a project; whichever known page of it lists the file */
    enum ch_part part;
    bool head;            /* answer at once, WAIT included */
    uint32_t patience_ms; /* how long the keeper may keep the answer back while inspection runs */
    struct ch_str filter; /* REFERRERS: of this artifactType alone; absent: all */
    struct ch_client client;
};
void ch_ask_file_put(struct ch_buf *b, const struct ch_ask_file *m);
enum ch_code ch_ask_file_get(struct ch_str payload, struct ch_ask_file *ret,
                             struct ch_err *err) CH_MUST_CHECK;

/* What a refusal tells people. Everything is printable ASCII; `reason` is one line of at most 160. */
struct ch_refusal {
    struct ch_str id;      /* unguessable, for /-/x/ID; absent while being inspected */
    enum ch_verdict verdict;
    struct ch_str subject; /* "numpy 2.4.0" */
    struct ch_str rule;    /* "cool-down", "finding zip-header-differs", "rule no-windows" */
    struct ch_str reason;  /* "released 2 days ago, the policy asks for 7" */
    struct ch_str policy_at; /* "policy.yaml:12", absent when no line applies */
    struct ch_str change;    /* HOLD: what would change it, where no exception would; else absent */
    int64_t since_us;        /* CH_TIME_UNKNOWN */
    int64_t until_us;        /* CH_TIME_UNKNOWN: no end by itself */
};

enum ch_file_outcome {
    CH_FILE_REFUSED = 0, /* `refusal` */
    CH_FILE_ALLOW,
    CH_FILE_WAIT,      /* inspection is running; size_bytes and sha256 as the index states them; text,
                        * where it is not that: what it waits for */
    CH_FILE_NOT_FOUND,
    CH_FILE_FAILED,    /* upstream: http_status and text */
};
struct ch_file_reply {
    uint64_t ask;
    enum ch_file_outcome outcome;
    struct ch_sha256 sha256; /* ALLOW: the blob in served/ */
    uint64_t size_bytes;
    uint64_t epoch;              /* ALLOW holds while the epoch page still shows this epoch */
    uint64_t not_after_boot_ms;  /* and not longer than this (T11) */
    uint32_t retry_after_s;      /* WAIT; FAILED as for pages */
    uint32_t http_status;        /* FAILED */
    struct ch_str text;
    struct ch_str body; /* ALLOW of what is signed, which is no blob: at most CH_ATTESTATION_MAX; */
    bool body_apart;    /* what is larger is the frame's descriptor, a sealed memfd */
    struct ch_refusal refusal;
    /* ALLOW, and WAIT: what was asked for, where its address did not say it; absent: as asked */
    struct ch_str page;
    struct ch_str file_name;
    struct ch_str media_type; /* absent: bytes */
};
void ch_file_reply_put(struct ch_buf *b, const struct ch_file_reply *m);
enum ch_code ch_file_reply_get(struct ch_str payload, struct ch_file_reply *ret,
                               struct ch_err *err) CH_MUST_CHECK;

struct ch_ask_refusal {
    uint64_t ask;
    struct ch_str id;
};
void ch_ask_refusal_put(struct ch_buf *b, const struct ch_ask_refusal *m);
enum ch_code ch_ask_refusal_get(struct ch_str payload, struct ch_ask_refusal *ret,
                                struct ch_err *err) CH_MUST_CHECK;
struct ch_refusal_reply {
    uint64_t ask;
    bool found;
    struct ch_refusal refusal;
    struct ch_str repository;
    struct ch_str advice; /* where to ask for an exception; from the configuration */
    struct ch_str exception; /* "exception 7 is requested": of those that are open; absent: none is */
    bool may_ask;            /* an exception could lift what refuses it */
};
void ch_refusal_reply_put(struct ch_buf *b, const struct ch_refusal_reply *m);
enum ch_code ch_refusal_reply_get(struct ch_str payload, struct ch_refusal_reply *ret,
                                  struct ch_err *err) CH_MUST_CHECK;

/* A user asks for an exception on a refusal's page. It grants nothing (T21): what lets a file pass is an
 * approval, which no gateway has a message for. */
struct ch_ask_exception {
    uint64_t ask;
    struct ch_str id; /* of the refusal */
    struct ch_str reason;
    struct ch_str expires; /* as the command line takes it; absent: the policy's default */
    struct ch_client client;
};
void ch_ask_exception_put(struct ch_buf *b, const struct ch_ask_exception *m);
enum ch_code ch_ask_exception_get(struct ch_str payload, struct ch_ask_exception *ret,
                                  struct ch_err *err) CH_MUST_CHECK;
struct ch_exception_reply {
    uint64_t ask;
    uint32_t http_status; /* 201: asked for; 200: was asked for already; else `text` says why not */
    uint64_t exception;
    struct ch_str text;
};
void ch_exception_reply_put(struct ch_buf *b, const struct ch_exception_reply *m);
enum ch_code ch_exception_reply_get(struct ch_str payload, struct ch_exception_reply *ret,
                                    struct ch_err *err) CH_MUST_CHECK;

/* ASK_METRICS: u64 ask. METRICS: u64 ask, then the keeper's OpenMetrics lines as text. */
struct ch_metrics_reply {
    uint64_t ask;
    struct ch_str text;
};
void ch_metrics_reply_put(struct ch_buf *b, const struct ch_metrics_reply *m);
enum ch_code ch_metrics_reply_get(struct ch_str payload, struct ch_metrics_reply *ret,
                                  struct ch_err *err) CH_MUST_CHECK;

/* What is published under /-/ beside files. The gateway has read the address; none of its text is here
 * but a word of printable ASCII. */
enum ch_document {
    CH_DOCUMENT_KEYS = 0,    /* all public keys and their validity, as JSON */
    CH_DOCUMENT_KEY,         /* one in PEM: `name` is its purpose, or purpose and id */
    CH_DOCUMENT_WITHDRAWALS, /* the signed list of the environment `name` */
    CH_DOCUMENT_ATTESTATIONS, /* of the bytes `sha256`, as JSON */
    CH_DOCUMENT_ATTESTATION, /* the one of number `number` among them, as `part` says */
    CH_DOCUMENT_EVIDENCE,    /* of the digest `sha256` */
    CH_DOCUMENT_VKEY,        /* a key of the audit log as signed notes have it; `name` as for KEY */
    CH_DOCUMENT_HANDOVER,    /* the checkpoint by which it handed the log to the next; `name` likewise */
    CH_DOCUMENT_ENTRIES,     /* `width` entries of the log's bundle `number`, for who may read them */
    CH_DOCUMENT_POLICY,      /* the policy of the digest `sha256`, for who may read it */
};
struct ch_ask_document {
    uint64_t ask;
    enum ch_document kind;
    struct ch_str name;
    struct ch_sha256 sha256;
    uint64_t number;
    enum ch_part part;
    uint32_t width;
    struct ch_sha256 token; /* entries, policy: of the token that came with the request; looked at again (T21) */
    struct ch_repositories pull; /* attestations: only of files of these */
};
void ch_ask_document_put(struct ch_buf *b, const struct ch_ask_document *m);
enum ch_code ch_ask_document_get(struct ch_str payload, struct ch_ask_document *ret,
                                 struct ch_err *err) CH_MUST_CHECK;
struct ch_document_reply {
    uint64_t ask;
    uint32_t http_status; /* 200: descriptor [0] is sealed and holds it; 403: `refusal`, unless it is for want of a right */
    struct ch_str text;
    struct ch_refusal refusal;
};
void ch_document_reply_put(struct ch_buf *b, const struct ch_document_reply *m);
enum ch_code ch_document_reply_get(struct ch_str payload, struct ch_document_reply *ret,
                                   struct ch_err *err) CH_MUST_CHECK;

/* An artifact went out completely, or in part. In the message what counts comes first: of the same file to
 * the same client the bytes behind CH_SERVED_COUNTS are the same, too. */
#define CH_SERVED_COUNTS 32u
struct ch_served {
    uint64_t number; /* counts up from 1 on each channel */
    uint64_t times;  /* so often; 0 is sent as 1 */
    struct ch_str repository;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256;
    uint64_t bytes; /* of all of them */
    int64_t at_us;  /* the first of them */
    struct ch_client client;
};
void ch_served_put(struct ch_buf *b, const struct ch_served *m);
enum ch_code ch_served_get(struct ch_str payload, struct ch_served *ret,
                           struct ch_err *err) CH_MUST_CHECK;

struct ch_served_kept { /* so many of these are durable */
    uint64_t kept;
    bool again; /* those after them could not be stored: they are to be sent again */
};
void ch_served_kept_put(struct ch_buf *b, const struct ch_served_kept *m);
enum ch_code ch_served_kept_get(struct ch_str payload, struct ch_served_kept *ret,
                                struct ch_err *err) CH_MUST_CHECK;

#endif
