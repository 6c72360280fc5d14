/* The site's configuration (customhouse.yaml): one schema table in base/config/schema.c serves the
 * parser, its errors and the documentation. */
#ifndef CUSTOMHOUSE_CONFIG_H
#define CUSTOMHOUSE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

/* All strings are NUL-terminated and owned by the configuration. */
struct ch_listen {
    char *address; /* "127.0.0.1:8080", "[::1]:8080" */
    char *tls_certificate; /* path of a PEM chain, NULL: plain HTTP */
    char *tls_key;
};

enum ch_times { CH_TIMES_SOMETIMES = 0, CH_TIMES_ALWAYS, CH_TIMES_NEVER };

struct ch_upstream {
    char *name;
    char *ecosystem;
    char *url;          /* base of its simple API, without trailing slash; no credentials in it */
    char *api_url;      /* base of its JSON API, NULL: none */
    char **file_hosts;  /* "host", "host:port", "*.host"; besides url's own host */
    size_t file_host_count;
    bool trust_times;   /* T7 */
    enum ch_times states_times;
    char *proxy;        /* NULL: none */
    char *ca_file;      /* NULL: the system's */
    char *client_certificate; /* path of PEM with certificate and key, NULL */
    uint32_t stale_hours;     /* how long known content is served while the upstream fails */
    int64_t added_at_us;
    bool hosted; /* no server: what people pushed to the repository of CH_HOSTED_PREFIX NAME */
};
/* What is pushed to a hosted repository comes from an upstream as all else does, so that one path judges both. It is made
 * of the repository's row, has a name that none of the configuration can have, and a URL of no host (RFC 2606): nobody
 * ever asks it. */
#define CH_HOSTED_PREFIX "hosted/"
#define CH_HOSTED_URL    "https://hosted.invalid/"

/* Pulling without a token; the default is the site's, and of the site: on loopback alone. */
enum ch_anonymous { CH_ANONYMOUS_DEFAULT = 0, CH_ANONYMOUS_NO, CH_ANONYMOUS_YES };

enum ch_held_listing { CH_HELD_YANK = 0, CH_HELD_OMIT };

struct ch_config;

struct ch_repository {
    const struct ch_config *site; /* that it is a repository of */
    char *name;      /* first part of the path */
    char *ecosystem;
    char *environment; /* "prod" or "preprod" */
    char **upstreams;  /* names, in order of ownership (T12) */
    size_t upstream_count;
    bool hosted;       /* pushed to; its one upstream is made of this row */
    char **reserved;   /* project names or patterns that its upstreams are never asked for */
    size_t reserved_count;
    bool only_allow_listed_upstream; /* T12: names not on the policy's list are not sent out */
    enum ch_held_listing held_listing;
    enum ch_anonymous anonymous_pull;
    char **platforms; /* of images (customhouse/platform.h), one at least; or "all" alone */
    size_t platform_count;
};

/* Where egress sends to. What each kind is spoken to in: proxy/egress/README.md. */
enum ch_destination_kind {
    CH_DESTINATION_WEBHOOK = 0, /* HTTP, signed */
    CH_DESTINATION_MAIL,        /* SMTP */
    CH_DESTINATION_SYSLOG,      /* RFC 5424 over TLS: the audit log's entries */
    CH_DESTINATION_WITNESS,     /* HTTP: the audit log's checkpoints, to be cosigned */
    CH_DESTINATION_KIND_COUNT
};

/* What a webhook's body looks like. */
enum ch_webhook_format {
    CH_WEBHOOK_OWN = 0,
    CH_WEBHOOK_CLOUDEVENTS, /* 1.0, structured mode */
    CH_WEBHOOK_ACR,         /* as Azure Container Registry's; of images alone */
};

enum ch_mail_tls { CH_MAIL_STARTTLS = 0, CH_MAIL_TLS, CH_MAIL_PLAIN };

/* Fields that a kind has no use for stay zero. */
struct ch_destination {
    char *name;        /* among those of its kind */
    char *url;         /* webhook, witness; NULL: url_file has it */
    char *url_file;    /* webhook: its URL where that is a secret; NULL */
    char *address;     /* HOST:PORT of a mail or syslog server */
    char *secret_file; /* webhook: key of its HMAC; mail: password. NULL: none */
    char *ca_file;     /* NULL: the system's */
    char *proxy;       /* webhook, witness; NULL: none */
    enum ch_webhook_format format; /* webhook */
    char **events; /* names of ch_notice_events; none: all but images, or where the format has these alone, these */
    size_t event_count;
    enum ch_mail_tls mail_tls;
    char *user; /* mail: NULL: without signing in */
    char *from;
    char **to;
    size_t to_count;
    char *server_name; /* syslog: in its certificate, where address does not say it; NULL */
    char *vkey;        /* witness: whose cosignatures count (db/log/cosign.h) */
};

/* What people can be told of, by the name that `events` has; NULL-terminated. */
extern const char *const ch_notice_events[];
enum ch_notice_event {
    CH_NOTICE_REQUESTS = 0, /* an exception was asked for */
    CH_NOTICE_DECISIONS,    /* of one: approved, rejected, revoked */
    CH_NOTICE_ENDINGS,      /* one is about to end */
    CH_NOTICE_ALARMS,       /* an attack was found, what was served turned out bad or was lost */
    CH_NOTICE_IMAGES,       /* an image was pushed, or may be pulled now: for who asks for that by name */
    CH_NOTICE_LOG,          /* the audit log cannot be written, or not be witnessed; or can again */
    CH_NOTICE_EVENT_COUNT
};

/* What the kernel shows for a user that it has no number for here (proc(5), overflowuid): anybody's. */
#define CH_UID_OVERFLOW 65534

struct ch_admission_namespace {
    char *name;        /* of the namespace itself, not a label */
    char *environment; /* "prod" or "preprod" */
};

struct ch_config {
    struct ch_listen *listen;
    size_t listen_count;
    bool admin_enabled;    /* whether there is an administrative interface */
    char *admin_address;   /* NULL: 127.0.0.1, one port above the first of listen */
    char *admin_tls_certificate; /* NULL: plain HTTP, on loopback only */
    char *admin_tls_key;
    char *admission_address; /* NULL: clusters do not ask here; else all that follows is there */
    char *admission_tls_certificate;
    char *admission_tls_key;
    char *admission_client_ca;   /* whose certificates API servers show */
    char *admission_client_name; /* and of what common name */
    char *admission_platform; /* NULL: those of the image's repository */
    char *admission_environment; /* of namespaces that are not listed */
    struct ch_admission_namespace *admission_namespaces;
    size_t admission_namespace_count;
    char *public_url;   /* NULL: none; never taken from the Host header */
    char **host_names;  /* besides those of listen and public_url */
    size_t host_name_count;
    char *approver;        /* user who approves from the first start on; NULL: none was named */
    uint32_t approver_uid; /* 0: comes with a token alone */
    char *exception_advice; /* where users ask for an exception: text or URL, NULL */
    struct ch_upstream *upstreams;
    size_t upstream_count;
    struct ch_repository *repositories;
    size_t repository_count;
    uint64_t served_max_bytes;
    uint64_t undecided_max_bytes;
    uint32_t last_copies_percent; /* of a quota: so much of it last copies keep (T14) */
    uint64_t artifact_max_bytes;
    uint32_t pushed_percent;      /* of undecided_max_bytes: one principal's share (T14) */
    uint32_t upload_idle_minutes; /* an upload that nobody goes on with is taken away */
    char **rules;       /* folders of the site's YARA rules */
    size_t rules_count;
    uint32_t index_refresh_s; /* an index older than this is revalidated upstream */
    uint32_t rescan_grace_days; /* T6: so long findings of replaced rules do for what is served */
    uint32_t prefetch_parallel; /* 0: never ask ahead */
    uint32_t prefetch_max_bytes_mib; /* larger files are not asked ahead */
    uint32_t fetch_parallel; /* files from one upstream at once (T14) */
    uint32_t fetch_parallel_per_address; /* of them, for one client */
    uint32_t fetch_files_burst; /* new files that one client makes us fetch as fast as they come */
    uint32_t fetch_files_per_minute; /* and after these */
    uint32_t gateways;  /* 0: one per core */
    uint32_t scan_parallel; /* jails at once, 0: one per core */
    uint32_t connections;
    uint32_t connections_per_address;
    uint32_t uid_base;  /* first of the uids given to the processes when started as root */
    bool insecure_http; /* plain HTTP on other than loopback was asked for */
    struct ch_destination *webhooks;
    size_t webhook_count;
    struct ch_destination *mail;
    size_t mail_count;
    struct ch_destination *syslog;
    size_t syslog_count;
    struct ch_destination *witnesses;
    size_t witness_count;
    uint32_t witness_quorum; /* 0: more than half of them */
    uint32_t notice_ending_hours;  /* before its end an exception is said to end */
    uint32_t notice_give_up_hours; /* so long a notification is tried */
    enum ch_anonymous anonymous_pull;
};

/* Errors name file:line:column, what was found and what was expected. Cross-checks included: names
 * unique and not reserved, upstreams exist and are of the same ecosystem, none where it is hosted, addresses well-formed,
 * other than loopback needs TLS or insecure_http. */
enum ch_code ch_config_parse(struct ch_str text, const char *file_name, struct ch_config **ret_config,
                             struct ch_err *err) CH_MUST_CHECK;
void ch_config_free(struct ch_config *config);
const struct ch_upstream *ch_config_upstream(const struct ch_config *c, struct ch_str name);
const struct ch_repository *ch_config_repository(const struct ch_config *c, struct ch_str name);
/* What links of ours begin with, without a slash at its end: public_url, else the first open address
 * that is no wildcard; never the Host header (T20). "" when there is none. free() it. Not those of the
 * configuration: `serve --listen` names others, and port 0 becomes another. */
struct ch_setup_listener;
char *ch_config_origin(const struct ch_config *c, const struct ch_setup_listener *open, size_t count);
/* Whether clients without a token may pull from the repository (NULL: whatever is of the site as a whole)
 * by a listener that is on loopback, or is not. Left to its default, loopback is not enough where clients
 * know the server by another name: then something stands in front of it. */
bool ch_config_anonymous(const struct ch_config *c, const struct ch_repository *r, bool loopback);
bool ch_config_address_is_loopback(struct ch_str address); /* HOST:PORT */
/* What that comes to, a line for each repository, when these addresses are listened on. */
void ch_config_anonymous_put(struct ch_buf *b, const struct ch_config *c,
                             const struct ch_str *addresses, size_t count);
/* Whether the repository's upstreams may not be asked for this project name (T12): it, or another
 * repository that has one of its upstreams, reserves it. Both sides folded (lower case, runs of
 * - _ . as one -), `*` stands for anything. Wider than patterns of the policy: those give, these keep. */
bool ch_config_reserves(const struct ch_repository *r, struct ch_str name);

/* All of a kind. */
const struct ch_destination *
ch_config_destinations(const struct ch_config *c, enum ch_destination_kind kind, size_t *ret_count);
/* NULL: there is none of that name. */
const struct ch_destination *
ch_config_destination(const struct ch_config *c, enum ch_destination_kind kind, struct ch_str name);
/* What is wrong with a webhook's URL ("is not https, and not on loopback"), NULL when nothing. One that
 * is kept as a secret (url_file) may have a query: chats have their key there. */
const char *ch_webhook_url_fault(struct ch_str url, bool proxy, bool secret);
const char *ch_destination_kind_name(enum ch_destination_kind kind); /* "webhooks": its key */
/* How many witnesses have to cosign a checkpoint before it is published as cosigned; 0: there are
 * none. */
size_t ch_config_witness_quorum(const struct ch_config *c);
bool ch_destination_wants(const struct ch_destination *d, enum ch_notice_event event);

/* What init found out about the host; slices borrowed. */
struct ch_config_initial {
    struct ch_str listen; /* one address */
    struct ch_str pypi_url;
    struct ch_str pypi_api_url; /* absent: none */
    struct ch_str channel_url;  /* of a conda channel beside it, called by its last part; absent: none */
    struct ch_str proxy;
    struct ch_str ca_file;
    struct ch_str client_certificate;
    const struct ch_str *file_hosts;
    size_t file_host_count;
    const char *states_times; /* "always", "sometimes", "never" */
    struct ch_str approver;     /* absent: none */
    struct ch_str approver_uid; /* a number; absent: none */
    int64_t now_us;
    const struct ch_str *notes; /* comment lines: what was found and left out */
    size_t note_count;
};
/* What a channel's name or URL means: an address without '/' at its end; of none nothing is put. A name is of the host
 * that conda itself asks for it. */
void ch_config_channel_url(struct ch_str named, struct ch_buf *ret);
/* The commented file that init writes. */
void ch_config_initial_text(struct ch_buf *b, const struct ch_config_initial *initial);

/* Credentials (credentials.yaml, 0600): bound to exact scheme, host and port (T13). */
struct ch_credential {
    char *origin; /* "https://index.example.org:443" */
    char *user;
    char *password;
};
struct ch_credentials {
    struct ch_credential *items;
    size_t count;
};
enum ch_code ch_credentials_parse(struct ch_str text, const char *file_name,
                                  struct ch_credentials **ret, struct ch_err *err) CH_MUST_CHECK;
void ch_credentials_free(struct ch_credentials *c);

#endif
