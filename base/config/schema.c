#include "base/config/schema.h"

#include "customhouse/attr.h"
#include "customhouse/config.h"

/* The first parts of paths that mean something else (issue "foundation"). */
const char *const ch_schema_reserved[] = {"-",   "v2", "t",     "acr",    "oauth2",
                                          "api", "hf", "nuget", "models", NULL};

/* "test" is the second ecosystem that only tests build. */
const char *const ch_config_ecosystems[] = {"pypi", "test", NULL};

static const char *const environments[] = {"prod", "preprod", NULL};
static const char *const held_listings[] = {[CH_HELD_YANK] = "yank", [CH_HELD_OMIT] = "omit", NULL};
static const char *const anonymous_site[] = {[CH_ANONYMOUS_DEFAULT] = "loopback",
                                             [CH_ANONYMOUS_NO] = "false",
                                             [CH_ANONYMOUS_YES] = "true",
                                             NULL};
static const char *const anonymous_here[] = {[CH_ANONYMOUS_DEFAULT] = "inherit",
                                             [CH_ANONYMOUS_NO] = "false",
                                             [CH_ANONYMOUS_YES] = "true",
                                             NULL};
static const char *const times[] = {[CH_TIMES_SOMETIMES] = "sometimes",
                                    [CH_TIMES_ALWAYS] = "always",
                                    [CH_TIMES_NEVER] = "never",
                                    NULL};

#define AT(type, field) .offset = offsetof(struct type, field)
#define LIST(type, field, counter)                                                                 \
    .offset = offsetof(struct type, field), .count_offset = offsetof(struct type, counter)
#define SECTION(list, type)                                                                        \
    {                                                                                              \
        .rows = (list), .row_count = CH_ARRAY_LEN(list), .struct_bytes = sizeof(struct type)       \
    }

#define GIB(n) ((uint64_t)(n) << 30)
#define MIB(n) ((uint64_t)(n) << 20)

static const struct ch_schema_row listen_rows[] = {
    {.key = "address",
     .type = CH_SCHEMA_ADDRESS,
     AT(ch_listen, address),
     .required = true,
     .doc = "HOST:PORT, an IPv6 address in brackets: [::1]:8080."},
    {.key = "tls_certificate",
     .type = CH_SCHEMA_PATH,
     AT(ch_listen, tls_certificate),
     .doc = "PEM file with the certificate and its chain; without it plain HTTP is spoken."},
    {.key = "tls_key",
     .type = CH_SCHEMA_PATH,
     AT(ch_listen, tls_key),
     .doc = "PEM file with the private key."},
};
static const struct ch_schema_section listen_section = SECTION(listen_rows, ch_listen);

static const struct ch_schema_row upstream_rows[] = {
    {.key = "name",
     .type = CH_SCHEMA_NAME,
     AT(ch_upstream, name),
     .required = true,
     .doc = "How repositories below refer to it; facts are kept under this name."},
    {.key = "ecosystem",
     .type = CH_SCHEMA_WORD,
     AT(ch_upstream, ecosystem),
     .required = true,
     .choices = ch_config_ecosystems,
     .doc = "What kind of registry it is."},
    {.key = "url",
     .type = CH_SCHEMA_URL,
     AT(ch_upstream, url),
     .required = true,
     .doc = "Base of its index. Credentials belong in credentials.yaml."},
    {.key = "api_url",
     .type = CH_SCHEMA_URL,
     AT(ch_upstream, api_url),
     .doc = "Base of its JSON API, asked for times and sizes that the index leaves out."},
    {.key = "file_hosts",
     .type = CH_SCHEMA_HOSTS,
     LIST(ch_upstream, file_hosts, file_host_count),
     .doc = "Hosts that files may come from, besides the one in url. Nothing else is asked,\n"
            "whatever an index or a redirect says."},
    {.key = "trust_times",
     .type = CH_SCHEMA_BOOL,
     AT(ch_upstream, trust_times),
     .def = "false",
     .doc = "Whether the upload times it states count for the cool-down. Otherwise age counts\n"
            "from the last time a file was seen to be absent."},
    {.key = "states_times",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_upstream, states_times),
     .choices = times,
     .def = "sometimes",
     .doc = "Whether it states upload times: always, sometimes or never. Where it never does, a\n"
            "missing time counts as old enough; otherwise the file is held until it is known."},
    {.key = "proxy",
     .type = CH_SCHEMA_URL,
     AT(ch_upstream, proxy),
     .doc = "HTTP proxy to go through."},
    {.key = "ca_file",
     .type = CH_SCHEMA_PATH,
     AT(ch_upstream, ca_file),
     .doc = "PEM file with the authorities to trust instead of the system's."},
    {.key = "client_certificate",
     .type = CH_SCHEMA_PATH,
     AT(ch_upstream, client_certificate),
     .doc = "PEM file with certificate and key to show to it."},
    {.key = "stale_hours",
     .type = CH_SCHEMA_U32,
     AT(ch_upstream, stale_hours),
     .def = "72",
     .min = 0,
     .max = 8760,
     .unit = "hours",
     .doc = "How long known content is served while it fails."},
    {.key = "added_at",
     .type = CH_SCHEMA_TIME,
     AT(ch_upstream, added_at_us),
     .doc = "When it was added. Pages loaded later than one cool-down after this are no baseline\n"
            "unless its times are trusted."},
};
static const struct ch_schema_section upstream_section = SECTION(upstream_rows, ch_upstream);

static const struct ch_schema_row repository_rows[] = {
    {.key = "name",
     .type = CH_SCHEMA_NAME,
     AT(ch_repository, name),
     .required = true,
     .doc = "First part of its path: http://HOST:PORT/NAME/."},
    {.key = "ecosystem",
     .type = CH_SCHEMA_WORD,
     AT(ch_repository, ecosystem),
     .required = true,
     .choices = ch_config_ecosystems,
     .doc = "What clients it serves."},
    {.key = "environment",
     .type = CH_SCHEMA_WORD,
     AT(ch_repository, environment),
     .choices = environments,
     .def = "prod",
     .doc = "prod or preprod."},
    {.key = "upstreams",
     .type = CH_SCHEMA_NAMES,
     LIST(ch_repository, upstreams, upstream_count),
     .required = true,
     .min = 1,
     .doc = "Names of upstreams. A project belongs to the first in this order that has it, for\n"
            "good; the failure of an earlier one never passes a name on."},
    {.key = "reserved",
     .type = CH_SCHEMA_PATTERNS,
     LIST(ch_repository, reserved, reserved_count),
     .doc = "Project names, or patterns with *, that are never asked upstream, and not served if they\n"
            "came from there before: your own. Case does not matter, and - _ . are one; * stands for\n"
            "anything: acme-* keeps acme-core and Acme_Core.Tools, not acme itself."},
    {.key = "only_allow_listed_upstream",
     .type = CH_SCHEMA_BOOL,
     AT(ch_repository, only_allow_listed_upstream),
     .def = "false",
     .doc = "Send only names upstream that an allow rule of the policy lists."},
    {.key = "held_listing",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_repository, held_listing),
     .choices = held_listings,
     .def = "yank",
     .doc = "How held and denied files are listed: yank (marked, with the reason) or omit."},
    {.key = "anonymous_pull",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_repository, anonymous_pull),
     .choices = anonymous_here,
     .def = "inherit",
     .doc = "true or false: of this repository, other than anonymous_pull of the site says."},
};
static const struct ch_schema_section repository_section = SECTION(repository_rows, ch_repository);

static const struct ch_schema_row store_rows[] = {
    {.key = "max_bytes",
     .type = CH_SCHEMA_SIZE,
     AT(ch_config, served_max_bytes),
     .def = "50GiB",
     .min = MIB(64),
     .max = UINT64_MAX / 2,
     .unit = "bytes",
     .doc = "Approved files kept; beyond, those longest unused go. They can be fetched again."},
    {.key = "undecided_max_bytes",
     .type = CH_SCHEMA_SIZE,
     AT(ch_config, undecided_max_bytes),
     .def = "10GiB",
     .min = MIB(64),
     .max = UINT64_MAX / 2,
     .unit = "bytes",
     .doc = "Files that are being inspected, held or denied."},
    {.key = "artifact_max_bytes",
     .type = CH_SCHEMA_SIZE,
     AT(ch_config, artifact_max_bytes),
     .def = "4GiB",
     .min = MIB(1),
     .max = GIB(1024),
     .unit = "bytes",
     .doc = "The largest single file that is fetched."},
};
static const struct ch_schema_section store_section = SECTION(store_rows, ch_config);

static const struct ch_schema_row prefetch_rows[] = {
    {.key = "parallel",
     .type = CH_SCHEMA_U32,
     AT(ch_config, prefetch_parallel),
     .def = "4",
     .min = 0,
     .max = 64,
     .unit = "files",
     .doc = "At once. 0: never ask ahead."},
    {.key = "max_mib",
     .type = CH_SCHEMA_U32,
     AT(ch_config, prefetch_max_bytes_mib),
     .def = "128",
     .min = 1,
     .max = 65536,
     .unit = "MiB",
     .doc = "Larger files wait until they are asked for."},
};
static const struct ch_schema_section prefetch_section = SECTION(prefetch_rows, ch_config);

static const struct ch_schema_row process_rows[] = {
    {.key = "gateways",
     .type = CH_SCHEMA_U32,
     AT(ch_config, gateways),
     .def = "0",
     .min = 0,
     .max = 256,
     .unit = "processes",
     .doc = "That answer clients. 0: one per core."},
    {.key = "scan_parallel",
     .type = CH_SCHEMA_U32,
     AT(ch_config, scan_parallel),
     .def = "0",
     .min = 0,
     .max = 256,
     .unit = "jails",
     .doc = "Inspections at once. 0: one per core."},
    {.key = "uid_base",
     .type = CH_SCHEMA_U32,
     AT(ch_config, uid_base),
     .def = "65100",
     .min = 1,
     .max = 4294967200,
     .unit = "",
     .doc = "Started as root, each kind of process gets a uid of its own from this one on. Take a\n"
            "range that nothing else uses."},
};
static const struct ch_schema_section process_section = SECTION(process_rows, ch_config);

static const struct ch_schema_row connection_rows[] = {
    {.key = "max",
     .type = CH_SCHEMA_U32,
     AT(ch_config, connections),
     .def = "4096",
     .min = 8,
     .max = 1000000,
     .unit = "connections",
     .doc = "Of all clients, per gateway process."},
    {.key = "max_per_address",
     .type = CH_SCHEMA_U32,
     AT(ch_config, connections_per_address),
     .def = "512",
     .min = 1,
     .max = 1000000,
     .unit = "connections",
     .doc = "Of one client address. Raise it behind a proxy."},
};
static const struct ch_schema_section connection_section = SECTION(connection_rows, ch_config);

static const struct ch_schema_row admin_rows[] = {
    {.key = "enabled",
     .type = CH_SCHEMA_BOOL,
     AT(ch_config, admin_enabled),
     .def = "true",
     .doc = "Whether it runs at all."},
    {.key = "address",
     .type = CH_SCHEMA_ADDRESS,
     AT(ch_config, admin_address),
     .doc = "HOST:PORT; without it 127.0.0.1, one port above the first of listen. Other than\n"
            "loopback needs TLS, whatever insecure_http says."},
    {.key = "tls_certificate",
     .type = CH_SCHEMA_PATH,
     AT(ch_config, admin_tls_certificate),
     .doc = "PEM file with the certificate and its chain."},
    {.key = "tls_key",
     .type = CH_SCHEMA_PATH,
     AT(ch_config, admin_tls_key),
     .doc = "PEM file with the private key."},
};
static const struct ch_schema_section admin_section = SECTION(admin_rows, ch_config);

static const struct ch_schema_row config_rows[] = {
    {.key = "listen",
     .type = CH_SCHEMA_SECTIONS,
     LIST(ch_config, listen, listen_count),
     .section = &listen_section,
     .required = true,
     .min = 1,
     .doc = "Where clients connect. Other than loopback needs TLS, or insecure_http below."},
    {.key = "insecure_http",
     .type = CH_SCHEMA_BOOL,
     AT(ch_config, insecure_http),
     .def = "false",
     .doc = "Permit plain HTTP on other than loopback, as behind a proxy that speaks TLS."},
    {.key = "anonymous_pull",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_config, anonymous_pull),
     .choices = anonymous_site,
     .def = "loopback",
     .doc = "Who may pull without a token: everybody (true), nobody (false), or (loopback) who comes\n"
            "by an address on loopback, unless public_url or host_names say that others come that way\n"
            "too, by a proxy. Tokens are made with `customhouse token add`."},
    {.key = "admin",
     .type = CH_SCHEMA_SECTION,
     .section = &admin_section,
     .doc = "The administrative interface: /api/v1/, a process and an address of its own."},
    {.key = "public_url",
     .type = CH_SCHEMA_URL,
     AT(ch_config, public_url),
     .doc =
         "How clients reach this server, where an absolute link is needed. The Host header of a\n"
         "request never decides this."},
    {.key = "host_names",
     .type = CH_SCHEMA_HOSTS,
     LIST(ch_config, host_names, host_name_count),
     .doc = "Further names that clients may call this server by, besides those in listen and\n"
            "public_url. A request under another name is refused."},
    {.key = "approver",
     .type = CH_SCHEMA_NAME,
     AT(ch_config, approver),
     .doc = "Name of the user who decides on exceptions from the first start on, in group approvers. As\n"
            "long as it stands here, root and who starts the server are operators only. Later changes:\n"
            "`customhouse user` and `customhouse group`."},
    {.key = "approver_uid",
     .type = CH_SCHEMA_U32,
     AT(ch_config, approver_uid),
     .def = "0",
     .min = 0,
     .max = 4294967294,
     .unit = "",
     .doc = "Uid of the approver on this host. 0: none, the approver comes with a token."},
    {.key = "exception_advice",
     .type = CH_SCHEMA_TEXT,
     AT(ch_config, exception_advice),
     .doc = "Where people ask for an exception; shown with every refusal."},
    {.key = "upstreams",
     .type = CH_SCHEMA_SECTIONS,
     LIST(ch_config, upstreams, upstream_count),
     .section = &upstream_section,
     .required = true,
     .min = 1,
     .doc = "The registries that are mirrored in quarantine."},
    {.key = "repositories",
     .type = CH_SCHEMA_SECTIONS,
     LIST(ch_config, repositories, repository_count),
     .section = &repository_section,
     .required = true,
     .min = 1,
     .doc = "What clients point at."},
    {.key = "store",
     .type = CH_SCHEMA_SECTION,
     .section = &store_section,
     .doc = "Space on disk. Sizes in bytes or with KiB, MiB, GiB, TiB."},
    {.key = "index_refresh_seconds",
     .type = CH_SCHEMA_U32,
     AT(ch_config, index_refresh_s),
     .def = "600",
     .min = 1,
     .max = 86400,
     .unit = "seconds",
     .doc = "An index older than this is asked for again before it is served."},
    {.key = "rescan_grace_days",
     .type = CH_SCHEMA_U32,
     AT(ch_config, rescan_grace_days),
     .def = "7",
     .min = 0,
     .max = 90,
     .unit = "days",
     .doc = "When inspector or rules have changed, what is served is inspected again by itself. "
            "Until then\n"
            "the old findings do, for at most so long; then it is held."},
    {.key = "rules",
     .type = CH_SCHEMA_PATHS,
     LIST(ch_config, rules, rules_count),
     .doc = "Folders of your own YARA rules, files *.yar and *.yara, besides those that come with\n"
            "the program. SIGHUP reads them again; a mistake leaves the old ones in force."},
    {.key = "prefetch",
     .type = CH_SCHEMA_SECTION,
     .section = &prefetch_section,
     .doc = "Files fetched and inspected before a client asks for them."},
    {.key = "processes",
     .type = CH_SCHEMA_SECTION,
     .section = &process_section,
     .doc = "How many, and as whom they run."},
    {.key = "connections",
     .type = CH_SCHEMA_SECTION,
     .section = &connection_section,
     .doc = "Limits on clients."},
};
const struct ch_schema_section ch_schema = SECTION(config_rows, ch_config);
