/* All messages between our processes: one row each, one struct each (those of gateway and keeper in
 * message_gateway.h), encode and decode side by side in base/process/message*.c. Slices in decoded
 * structs borrow from the frame's payload.
 *
 * Encoders append to a buffer; decoders are strict (ch_rd_end): a leftover byte, an enum value out of
 * range or a text over its bound is CH_E_FORMAT and closes the channel. */
#ifndef CUSTOMHOUSE_MESSAGE_H
#define CUSTOMHOUSE_MESSAGE_H

#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/config.h"
#include "customhouse/digest.h"
#include "customhouse/message_external.h"
#include "customhouse/message_gateway.h"
#include "customhouse/message_push.h"
#include "customhouse/message_scoped.h"
#include "customhouse/policy.h"
#include "customhouse/role.h"
#include "customhouse/scan.h"

#define CH_FROM(role) (1u << (role))
#define CH_FROM_CHILD                                                                              \
    (CH_FROM(CH_ROLE_KEEPER) | CH_FROM(CH_ROLE_GATEWAY) | CH_FROM(CH_ROLE_FETCHER) |               \
     CH_FROM(CH_ROLE_SCANNER_STRICT) | CH_FROM(CH_ROLE_SCANNER_SECOND) | CH_FROM(CH_ROLE_ADMIN) |  \
     CH_FROM(CH_ROLE_EGRESS) | CH_FROM(CH_ROLE_ADMISSION))
#define CH_FROM_SCANNER (CH_FROM(CH_ROLE_SCANNER_STRICT) | CH_FROM(CH_ROLE_SCANNER_SECOND))

/* name, wire number, largest payload in bytes, most descriptors, who may send it */
#define CH_MESSAGES(X)                                                                             \
    /* supervisor and its children */                                                              \
    X(CH_MSG_SETUP, 1, 8u << 20, 16, CH_FROM(CH_ROLE_SUPERVISOR))                                  \
    X(CH_MSG_READY, 2, 64u << 10, 0, CH_FROM_CHILD)                                                \
    X(CH_MSG_PEER, 3, 64, 1, CH_FROM(CH_ROLE_SUPERVISOR))                                          \
    X(CH_MSG_RELOAD, 4, 8u << 20, 1, CH_FROM(CH_ROLE_SUPERVISOR))                                  \
    X(CH_MSG_RELOADED, 5, 8u << 10, 0, CH_FROM_CHILD)                                              \
    X(CH_MSG_DRAIN, 6, 64, 0, CH_FROM(CH_ROLE_SUPERVISOR))                                         \
    X(CH_MSG_CONTROL, 7, 64, 1, CH_FROM(CH_ROLE_SUPERVISOR))                                       \
    X(CH_MSG_STATUS, 8, 256u << 10, 0, CH_FROM(CH_ROLE_SUPERVISOR))                                \
    X(CH_MSG_RELOAD_END, 9, 8u << 10, 0, CH_FROM(CH_ROLE_SUPERVISOR))                              \
    X(CH_MSG_PEER_LOST, 10, 64, 0, CH_FROM_CHILD)                                                  \
    /* gateway and keeper */                                                                       \
    X(CH_MSG_ASK_PAGE, 20, 16u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                                 \
    X(CH_MSG_PAGE, 21, 16u << 10, 8, CH_FROM(CH_ROLE_KEEPER))                                      \
    X(CH_MSG_ASK_FILE, 22, 16u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                                 \
    X(CH_MSG_FILE, 23, 512u << 10, 1, CH_FROM(CH_ROLE_KEEPER))                                     \
    X(CH_MSG_ASK_REFUSAL, 24, 1u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                               \
    X(CH_MSG_REFUSAL, 25, 16u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                   \
    X(CH_MSG_ASK_METRICS, 26, 64, 0, CH_FROM(CH_ROLE_GATEWAY))                                     \
    X(CH_MSG_METRICS, 27, 256u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                  \
    X(CH_MSG_SERVED, 28, 16u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                                   \
    X(CH_MSG_ASK_DOCUMENT, 29, 64u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                             \
    X(CH_MSG_DOCUMENT, 30, 16u << 10, 1, CH_FROM(CH_ROLE_KEEPER))                                  \
    X(CH_MSG_ASK_PUSH, 31, (4u << 20) + (64u << 10), 0, CH_FROM(CH_ROLE_GATEWAY))                  \
    X(CH_MSG_PUSH, 32, 16u << 10, 1, CH_FROM(CH_ROLE_KEEPER))                                      \
    X(CH_MSG_SERVED_KEPT, 33, 64, 0, CH_FROM(CH_ROLE_KEEPER))                                      \
    X(CH_MSG_ASK_TOKEN, 35, 8u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                                 \
    X(CH_MSG_TOKEN, 36, 64u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                     \
    X(CH_MSG_SIGN_INS, 37, 128u << 10, 0, CH_FROM(CH_ROLE_GATEWAY) | CH_FROM(CH_ROLE_ADMIN))       \
    X(CH_MSG_ASK_EXCEPTION, 38, 16u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                            \
    X(CH_MSG_EXCEPTION, 39, 8u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                  \
    /* keeper and fetcher */                                                                       \
    X(CH_MSG_FETCH, 40, 32u << 10, 1, CH_FROM(CH_ROLE_KEEPER))                                     \
    X(CH_MSG_FETCH_CANCEL, 41, 64, 0, CH_FROM(CH_ROLE_KEEPER))                                     \
    X(CH_MSG_FETCH_PROGRESS, 42, 64, 0, CH_FROM(CH_ROLE_FETCHER))                                  \
    X(CH_MSG_FETCHED, 43, 32u << 10, 0, CH_FROM(CH_ROLE_FETCHER))                                  \
    /* keeper and egress */                                                                        \
    X(CH_MSG_SEND, 50, 1u << 20, 0, CH_FROM(CH_ROLE_KEEPER))                                       \
    X(CH_MSG_SENT, 51, 128u << 10, 0, CH_FROM(CH_ROLE_EGRESS))                                     \
    /* keeper and scanner parents */                                                               \
    X(CH_MSG_SCAN, 60, 32u << 10, 2, CH_FROM(CH_ROLE_KEEPER))                                      \
    X(CH_MSG_SCANNED, 61, 8u << 10, 0, CH_FROM_SCANNER)                                            \
    X(CH_MSG_RULES, 62, 64, 0, CH_FROM(CH_ROLE_SCANNER_SECOND))                                    \
    /* command line and keeper, over the control socket */                                         \
    X(CH_MSG_COMMAND, 80, 64u << 10, 0, CH_FROM(CH_ROLE_COMMAND))                                  \
    X(CH_MSG_COMMAND_OUTPUT, 81, 1u << 20, 0, CH_FROM(CH_ROLE_KEEPER))                             \
    X(CH_MSG_COMMAND_DONE, 82, 8u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                               \
    X(CH_MSG_COMMAND_INPUT, 83, 256u << 10, 0, CH_FROM(CH_ROLE_COMMAND))                           \
    /* administrative interface and keeper: the same commands, by whoever has a token for it */    \
    X(CH_MSG_ADMIN_INPUT, 90, 256u << 10, 0, CH_FROM(CH_ROLE_ADMIN))                               \
    X(CH_MSG_ADMIN_COMMAND, 91, 96u << 10, 0, CH_FROM(CH_ROLE_ADMIN))                              \
    X(CH_MSG_ADMIN_GONE, 92, 64, 0, CH_FROM(CH_ROLE_ADMIN))                                        \
    X(CH_MSG_ADMIN_OUTPUT, 93, 1u << 20, 0, CH_FROM(CH_ROLE_KEEPER))                               \
    X(CH_MSG_ADMIN_DONE, 94, 8u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                 \
    /* admission and keeper */                                                                     \
    X(CH_MSG_ASK_SCOPED, 110, 16u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                              \
    X(CH_MSG_SCOPED, 111, 16u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                   \
    X(CH_MSG_TOKEN_KEY, 112, 2u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                 \
    X(CH_MSG_ASK_EXTERNAL, 122, 48u << 10, 0, CH_FROM(CH_ROLE_GATEWAY))                            \
    X(CH_MSG_EXTERNAL, 123, 32u << 10, 0, CH_FROM(CH_ROLE_KEEPER))                                 \
    X(CH_MSG_ASK_IMAGES, 100, 256u << 10, 0, CH_FROM(CH_ROLE_ADMISSION))                           \
    X(CH_MSG_IMAGES, 101, 768u << 10, 0, CH_FROM(CH_ROLE_KEEPER))

enum ch_message_type {
    CH_MSG_NONE = 0,
#define CH_MESSAGE_ENUM(name, number, max_bytes, max_fds, from) name = (number),
    CH_MESSAGES(CH_MESSAGE_ENUM)
#undef CH_MESSAGE_ENUM
};

struct ch_message_row {
    uint16_t type;
    const char *name;
    uint32_t max_bytes;
    uint32_t max_fds;
    uint32_t from; /* mask of CH_FROM(role) */
};
const struct ch_message_row *ch_message_row(uint16_t type); /* NULL: unknown */

/* ------------------------------------------------------------------ admission and keeper */

/* Whether images may run in an environment, by what the keeper knows now. They are named as a cluster
 * names them: text of whoever created the object. */
#define CH_ASK_IMAGES_MAX 128
#define CH_IMAGE_TEXT_MAX 1024
struct ch_ask_images {
    uint64_t ask;
    struct ch_str environment;
    struct ch_str platform; /* of indexes: the images that count */
    struct ch_str name_space; /* where they are admitted if all of them are; absent: it is only a question */
    uint32_t count;
    struct ch_str image[CH_ASK_IMAGES_MAX];
};
void ch_ask_images_put(struct ch_buf *b, const struct ch_ask_images *m);
enum ch_code ch_ask_images_get(struct ch_str payload, struct ch_ask_images *ret,
                               struct ch_err *err) CH_MUST_CHECK;

struct ch_image_verdict {
    bool allowed;
    struct ch_str pinned; /* the name with the digest that was judged in the place of a tag; absent: not known */
    struct ch_str reason; /* why not, and what to do; printable, clipped */
};
struct ch_images {
    uint64_t ask;
    uint32_t count; /* as many as were asked about, in their order */
    struct ch_image_verdict image[CH_ASK_IMAGES_MAX];
};
void ch_images_put(struct ch_buf *b, const struct ch_images *m);
enum ch_code ch_images_get(struct ch_str payload, struct ch_images *ret,
                           struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ supervisor and children */

#define CH_SETUP_MAX_LISTENERS 8

struct ch_setup_listener {
    struct ch_str address; /* "127.0.0.1:8080", for messages */
    bool tls;
    struct ch_str certificate_pem; /* that it shows; absent in RELOAD: there is none any more */
    struct ch_str key_pem;
    struct ch_str client_ca_pem; /* whose client certificates it demands; absent: it demands none */
    struct ch_str client_name;   /* and of what common name */
};

/* First message to every child. Descriptors, in this order: [0] epoch page (shared.h), [1] metrics
 * memory (shared.h), [2] access log (append), then gateway's and admin's listening sockets, then, where
 * `rules` says so, the site's rules. Children that have no use for one get it closed: the count is the same
 * for all but those. Keeper and fetcher get listeners without sockets: where clients reach the gateway. */
struct ch_setup {
    enum ch_role role;
    uint32_t instance;  /* 0.. */
    uint32_t instances; /* of this role */
    uint32_t uid;       /* to become, 0: stay (not started as root) */
    uint32_t gid;
    uint32_t served_gid; /* group that may read served/ */
    struct ch_str state_dir;
    /* Made anew by each supervisor: sent upstream by the fetcher, recognised by the gateway (T13).
     * Not derived in the children, who may see the same folder under other names, or different
     * installations' folders under the same. */
    struct ch_str instance_id;
    struct ch_str config_name; /* file name, for messages */
    struct ch_str config_text;
    struct ch_str policy_name;
    struct ch_str policy_text;
    struct ch_str credentials_text; /* fetcher only, else absent */
    struct ch_str upstream_files; /* fetcher: struct ch_upstream_file, one after the other */
    struct ch_str egress_files;   /* egress: struct ch_destination_files, one after the other */
    bool rules; /* the last descriptor, of RELOAD the only one: struct ch_rule_text after each other */
    uint32_t listener_count;
    struct ch_setup_listener listener[CH_SETUP_MAX_LISTENERS];
};
void ch_setup_put(struct ch_buf *b, const struct ch_setup *m);
enum ch_code ch_setup_get(struct ch_str payload, struct ch_setup *ret, struct ch_err *err) CH_MUST_CHECK;

/* What a file or folder holds that the configuration names for an upstream: certificates of
 * authorities, or a client's certificate with its key. Each stands there once. */
struct ch_upstream_file {
    bool client;        /* else of authorities */
    struct ch_str path; /* as the configuration has it */
    struct ch_str pem;
};
void ch_upstream_file_put(struct ch_buf *b, const struct ch_upstream_file *f);
/* The next one; r fails on anything but whole ones within limits.h. */
struct ch_upstream_file ch_upstream_file_get(struct ch_rd *r);
/* That of `path`; absent: there is none. */
struct ch_str ch_upstream_file_find(struct ch_str files, bool client, struct ch_str path);

/* What the files say that the configuration names for a destination: read by who may read them. */
struct ch_destination_files {
    enum ch_destination_kind kind;
    struct ch_str name;
    struct ch_str url;    /* where it stands in a file; absent: the configuration has it */
    struct ch_str secret; /* without the line break at its end; absent: it has none */
    struct ch_str ca_pem; /* absent: the system's authorities */
};
void ch_destination_files_put(struct ch_buf *b, const struct ch_destination_files *f);
/* The next one; r fails on anything but whole ones within limits.h. */
struct ch_destination_files ch_destination_files_get(struct ch_rd *r);

/* A file of the site's rules, as scanner-second gets it: in a sealed memfd, sorted by name. */
struct ch_rule_text {
    struct ch_str name; /* path, for messages */
    struct ch_str text;
};
void ch_rule_text_put(struct ch_buf *b, const struct ch_rule_text *t);
/* The next one; r fails on anything but whole ones within limits.h. */
struct ch_rule_text ch_rule_text_get(struct ch_rd *r);

/* Confined, self-test passed, able to work. `confinement` is one line for `status`. */
struct ch_ready {
    uint32_t pid;
    struct ch_str confinement;
};
void ch_ready_put(struct ch_buf *b, const struct ch_ready *m);
enum ch_code ch_ready_get(struct ch_str payload, struct ch_ready *ret, struct ch_err *err) CH_MUST_CHECK;

/* A fresh channel to another process (also after that one was restarted); descriptor [0]. */
struct ch_peer {
    enum ch_role role;
    uint32_t instance;
};
void ch_peer_put(struct ch_buf *b, const struct ch_peer *m);
enum ch_code ch_peer_get(struct ch_str payload, struct ch_peer *ret, struct ch_err *err) CH_MUST_CHECK;

/* RELOAD asks whether a process could work with other texts: struct ch_setup (texts only), and the
 * rules where it says so. What it works with stays until RELOAD_END. The answer: */
struct ch_reloaded {
    enum ch_code code;
    struct ch_str text; /* why not, when code is not CH_OK */
};
void ch_reloaded_put(struct ch_buf *b, const struct ch_reloaded *m);
enum ch_code ch_reloaded_get(struct ch_str payload, struct ch_reloaded *ret,
                             struct ch_err *err) CH_MUST_CHECK;

/* To each process that was sent RELOAD, after it: what all of them could work with is in force, or
 * nothing has changed in any. There is no answer. The keeper is told, too, when nobody was asked,
 * since the texts were wrong: it has who waits for them. */
struct ch_reload_end {
    bool taken;
    struct ch_str why; /* not; absent: newer texts are tried instead */
};
void ch_reload_end_put(struct ch_buf *b, const struct ch_reload_end *m);
enum ch_code ch_reload_end_get(struct ch_str payload, struct ch_reload_end *ret,
                               struct ch_err *err) CH_MUST_CHECK;

/* A control connection accepted by the supervisor; descriptor [0]. */
struct ch_control {
    uint32_t uid;
    uint32_t pid;
    bool own;      /* root, or who started the server */
    bool loopback; /* every listener is on it */
};
void ch_control_put(struct ch_buf *b, const struct ch_control *m);
enum ch_code ch_control_get(struct ch_str payload, struct ch_control *ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* STATUS: lines "role/instance pid N restarts N confinement...", one per process, for `status`: the
 * payload is the text. DRAIN has no payload. */

/* ------------------------------------------------------------------ keeper and fetcher */

enum ch_fetch_kind { CH_FETCH_DOCUMENT = 0, CH_FETCH_ARTIFACT };

/* Descriptor [0]: the spool file, open for writing, positioned by the fetcher at range_from_bytes. */
struct ch_fetch {
    uint64_t job;
    enum ch_fetch_kind kind;
    struct ch_str upstream; /* name in the configuration: proxy, certificates, credentials, hosts */
    struct ch_str url;
    struct ch_str accept;
    struct ch_str if_none_match;
    struct ch_str if_modified_since;
    uint64_t range_from_bytes; /* 0 and UINT64_MAX: the whole */
    uint64_t range_to_bytes;   /* inclusive, UINT64_MAX: to the end */
    struct ch_str if_range;
    uint64_t max_bytes;
    uint64_t expected_bytes;   /* CH_SIZE_UNKNOWN */
    uint32_t timeout_ms;       /* of the whole transfer */
    uint32_t answer_ms;        /* until the first answer begins, retries included; 0: no such end */
    uint32_t retry_ms;         /* the last retry begins by then, Retry-After or not; 0: no such end */
    struct ch_str via; /* of whom it is asked for (struct ch_client) */
};
void ch_fetch_put(struct ch_buf *b, const struct ch_fetch *m);
enum ch_code ch_fetch_get(struct ch_str payload, struct ch_fetch *ret, struct ch_err *err) CH_MUST_CHECK;

struct ch_fetch_progress {
    uint64_t job;
    uint64_t bytes;
    uint64_t total_bytes; /* CH_SIZE_UNKNOWN */
};
void ch_fetch_progress_put(struct ch_buf *b, const struct ch_fetch_progress *m);
enum ch_code ch_fetch_progress_get(struct ch_str payload, struct ch_fetch_progress *ret,
                                   struct ch_err *err) CH_MUST_CHECK;

struct ch_fetched {
    uint64_t job;
    enum ch_code code;    /* CH_OK: an HTTP answer came in whole, whatever its status */
    uint32_t http_status;
    uint64_t bytes;       /* written to the descriptor by this fetch */
    struct ch_str content_type; /* media type in lower case, without parameters; whole when it is JSON
                                 * that claims another charset than UTF-8: no page's type */
    struct ch_str etag;
    struct ch_str last_modified;
    struct ch_str effective_url;
    struct ch_str text;   /* why not, escaped; names host and cause */
    uint32_t elapsed_ms;
    uint32_t retry_after_s; /* as an error status says; 0: it does not */
    /* CH_E_LIMIT by size, and CH_E_MISMATCH with expected_bytes: what it has, as the answer states
     * it, or (_at_least) as far as it came; 0: that is not why */
    uint64_t told_bytes;
    bool told_at_least;
    bool told_empty; /* that is why: it has no byte at all */
};
void ch_fetched_put(struct ch_buf *b, const struct ch_fetched *m);
enum ch_code ch_fetched_get(struct ch_str payload, struct ch_fetched *ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ keeper and egress */

/* Bytes for one destination of the configuration, which says where that is and what secret goes
 * with it. Each SEND is answered by one SENT; those to one destination in their order, one at a
 * time, and no destination waits for another. What it means by kind: proxy/egress/README.md. */
struct ch_send {
    uint64_t job;
    enum ch_destination_kind kind;
    struct ch_str destination; /* name in the configuration */
    struct ch_str path; /* behind the destination's URL: printable ASCII; absent: that URL itself */
    struct ch_str id; /* the same for each try of the same thing: printable ASCII without blanks */
    struct ch_str subject;      /* mail: one line, printable ASCII */
    struct ch_str content_type; /* of a POST */
    struct ch_str body;
    bool answer;         /* the body of what it answers is handed back */
    uint32_t timeout_ms; /* of the whole */
};
void ch_send_put(struct ch_buf *b, const struct ch_send *m);
enum ch_code ch_send_get(struct ch_str payload, struct ch_send *ret,
                         struct ch_err *err) CH_MUST_CHECK;

struct ch_sent {
    uint64_t job;
    /* CH_OK: taken by the destination; of a POST: an HTTP answer came in whole, whatever its
     * status. CH_E_NOT_FOUND: no such destination. CH_E_LIMIT: the answer is larger than is handed
     * on. */
    enum ch_code code;
    uint32_t status; /* of the HTTP answer, or the mail server's last reply; 0: none */
    struct ch_str content_type;
    struct ch_str body; /* of the HTTP answer, where that was wanted: at most egress_answer_bytes
                           (limits.h) */
    struct ch_str text; /* why not, escaped */
    uint32_t elapsed_ms;
};
void ch_sent_put(struct ch_buf *b, const struct ch_sent *m);
enum ch_code ch_sent_get(struct ch_str payload, struct ch_sent *ret,
                         struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ keeper and scanner parents */

/* SCAN: struct ch_scan_job (scan.h); descriptors [0] input, read-only, [1] memfd for the answer. */
enum ch_scan_outcome {
    CH_SCAN_FAILED = 0,  /* the child said why and exited non-zero */
    CH_SCAN_DONE,        /* the child wrote END and exited 0 */
    CH_SCAN_KILLED,      /* by a signal: crash, forbidden system call, limit */
    CH_SCAN_TIMEOUT,     /* it stood still by its own doing */
    CH_SCAN_INTERRUPTED, /* it could not be begun, or was ended from outside, by no limit of its
                          * own: that says nothing about the bytes */
    CH_SCAN_STARVED,     /* the host let it have too little CPU time in its time: the same */
};
struct ch_scanned {
    uint64_t job;
    enum ch_scan_outcome outcome;
    uint32_t exit_status;
    uint32_t signal;
    uint64_t cpu_us;
    uint64_t wall_us;
    uint64_t max_rss_bytes;
    struct ch_sha256 ruleset; /* the rules it was made with (T6); zero: none */
    struct ch_str text; /* the child's own words: from a hostile process, escaped, at most 512 */
};
void ch_scanned_put(struct ch_buf *b, const struct ch_scanned *m);
/* Why it is no answer, for people: "was killed by signal 11". Not for CH_SCAN_DONE. */
void ch_scanned_put_why(struct ch_buf *b, const struct ch_scanned *m);
/* Whether it is no answer by no fault of the bytes. */
bool ch_scanned_is_interrupted(const struct ch_scanned *m);
enum ch_code ch_scanned_get(struct ch_str payload, struct ch_scanned *ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* RULES: what scanner-second matches from now on; told to each new keeper and after each reload. */
struct ch_rules_loaded {
    struct ch_sha256 ruleset; /* over all that was compiled: scanner/rules/README.md */
    uint64_t rule_count;
};
void ch_rules_loaded_put(struct ch_buf *b, const struct ch_rules_loaded *m);
enum ch_code ch_rules_loaded_get(struct ch_str payload, struct ch_rules_loaded *ret,
                                 struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ command line and keeper */

#define CH_COMMAND_MAX_ARGS 64
struct ch_command {
    struct ch_str name; /* "explain" */
    bool json;
    uint32_t arg_count;
    struct ch_str key[CH_COMMAND_MAX_ARGS]; /* option name, or absent for a plain word */
    struct ch_str value[CH_COMMAND_MAX_ARGS];
};
void ch_command_put(struct ch_buf *b, const struct ch_command *m);
enum ch_code ch_command_get(struct ch_str payload, struct ch_command *ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* COMMAND_INPUT: payload is a piece of what the command that follows is about, beside its words; all
 * pieces together are at most command_input_bytes (limits.h).
 * That of `policy test` and `policy set`: the text of the new policy (its bundle; absent: the one in
 * force), then what an environment wants installed, one after the other. */
struct ch_policy_want {
    struct ch_str ecosystem;
    struct ch_str name;      /* normalised */
    struct ch_str version;   /* absent: no single one is asked for */
    struct ch_str specifier; /* absent: any will do */
    struct ch_str source;    /* not from an index: where from */
    struct ch_str file;      /* that asks for it, for messages */
    uint32_t line;
    uint32_t hash_count; /* that it names, of any kind */
    struct ch_str sha256; /* those of them that are sha256, 32 bytes each */
};
void ch_policy_want_put(struct ch_buf *b, const struct ch_policy_want *w);
/* The next one; r fails on anything but whole ones within limits.h. */
struct ch_policy_want ch_policy_want_get(struct ch_rd *r);

/* COMMAND_OUTPUT: payload is a piece of text for stdout, as it is. */
struct ch_command_done {
    uint32_t exit_status; /* 0 done, 1 refused or falls short, 2 usage or configuration */
    struct ch_str text;   /* for stderr */
};
void ch_command_done_put(struct ch_buf *b, const struct ch_command_done *m);
enum ch_code ch_command_done_get(struct ch_str payload, struct ch_command_done *ret,
                                 struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ administrative interface and keeper */

/* T21: its channel has commands and nothing else, each with the token of who gives it; the keeper checks
 * that for each anew. `ask` is chosen by the interface, and stands first in every message about it.
 * ADMIN_INPUT: ask, then a piece as in COMMAND_INPUT. ADMIN_OUTPUT: ask, then a piece of JSON.
 * ADMIN_GONE: ask; nobody waits for the answer any more. */
struct ch_admin_command {
    uint64_t ask;
    struct ch_sha256 token; /* SHA-256 of the token as it was presented */
    struct ch_str command;  /* struct ch_command, encoded */
};
void ch_admin_command_put(struct ch_buf *b, const struct ch_admin_command *m);
enum ch_code ch_admin_command_get(struct ch_str payload, struct ch_admin_command *ret,
                                  struct ch_err *err) CH_MUST_CHECK;

enum ch_admin_outcome {
    CH_ADMIN_DONE = 0,
    CH_ADMIN_UNKNOWN, /* the token is none, has ended, or is for something else: 401 */
    CH_ADMIN_DENIED,  /* its principal has not the right: 403 */
    CH_ADMIN_USAGE,   /* exit status 2 of the command: 400 */
    CH_ADMIN_REFUSED, /* exit status 1 */
};
struct ch_admin_done {
    uint64_t ask;
    enum ch_admin_outcome outcome;
    struct ch_str text; /* what the command would say on stderr */
};
void ch_admin_done_put(struct ch_buf *b, const struct ch_admin_done *m);
enum ch_code ch_admin_done_get(struct ch_str payload, struct ch_admin_done *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
