/* The part of the schema about what is sent to people and to other servers. */
#include "base/config/schema_rows.h"

const char *const ch_notice_events[] = {
    [CH_NOTICE_REQUESTS] = "requests", [CH_NOTICE_DECISIONS] = "decisions",
    [CH_NOTICE_ENDINGS] = "endings",   [CH_NOTICE_ALARMS] = "alarms",
    [CH_NOTICE_IMAGES] = "images",     [CH_NOTICE_LOG] = "log",
    [CH_NOTICE_EVENT_COUNT] = NULL};
static const char *const webhook_formats[] = {[CH_WEBHOOK_OWN] = "customhouse",
                                              [CH_WEBHOOK_CLOUDEVENTS] = "cloudevents",
                                              [CH_WEBHOOK_ACR] = "acr",
                                              NULL};
static const char *const mail_tls[] = {
    [CH_MAIL_STARTTLS] = "starttls", [CH_MAIL_TLS] = "tls", [CH_MAIL_PLAIN] = "none", NULL};

#define NAME_ROW(shown)                                                                            \
    {                                                                                              \
        .key = "name", .type = CH_SCHEMA_NAME, AT(ch_destination, name), .required = true,         \
        .example = (shown), .doc = "What waits for it is kept under this name."                    \
    }
#define EVENTS_ROW                                                                                 \
    {                                                                                              \
        .key = "events", .type = CH_SCHEMA_NAMES, LIST(ch_destination, events, event_count),       \
        .min = 1, .example = "[requests, decisions, endings, alarms, images, log]",                \
        .doc =                                                                                     \
            "Of what: requests (an exception was asked for, or waits for one more approval), "     \
            "decisions (it\n"                                                                      \
            "was approved, rejected, revoked, renewed), endings (it is about to end), alarms (an " \
            "attack was\n"                                                                         \
            "found, what was served turned out bad, or a last copy was lost for good), images "    \
            "(one was\n"                                                                           \
            "pushed and waits in quarantine, or may be pulled now), log (the audit log cannot be " \
            "written,\n"                                                                           \
            "or a witness does not cosign it). Left out: of all but images."                       \
    }
#define CA_ROW                                                                                     \
    {                                                                                              \
        .key = "ca_file", .type = CH_SCHEMA_PATH, AT(ch_destination, ca_file),                     \
        .doc = "PEM file with the authorities to trust instead of the system's."                   \
    }

static const struct ch_schema_row webhook_rows[] = {
    NAME_ROW("security"),
    {.key = "url",
     .type = CH_SCHEMA_URL,
     AT(ch_destination, url),
     .example = "https://hooks.example.org/customhouse",
     .doc = "https, or http on loopback."},
    {.key = "url_file",
     .type = CH_SCHEMA_PATH,
     AT(ch_destination, url_file),
     .doc = "In the place of url, where that is a secret itself: file that only its owner may read "
            "(0600), with\n"
            "the URL as its one line."},
    {.key = "secret_file",
     .type = CH_SCHEMA_PATH,
     AT(ch_destination, secret_file),
     .required = true,
     .example = "/etc/customhouse/security.secret",
     .doc = "File that only its owner may read (0600), with the key of the signature: whsec_ and "
            "base64\n"
            "of 24 to 64 bytes. `echo whsec_$(openssl rand -base64 32)` makes one."},
    EVENTS_ROW,
    {.key = "format",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_destination, format),
     .choices = webhook_formats,
     .def = "customhouse",
     .doc = "What the body looks like: customhouse; cloudevents (1.0, structured mode); or acr, as "
            "Azure\n"
            "Container Registry has it, in which only images are told: quarantine (one was pushed) "
            "and push\n"
            "(it may be pulled now)."},
    CA_ROW,
    {.key = "proxy",
     .type = CH_SCHEMA_URL,
     AT(ch_destination, proxy),
     .doc = "HTTP proxy to go through, with https alone."},
};
const struct ch_schema_section ch_schema_webhook = SECTION(webhook_rows, ch_destination);

static const struct ch_schema_row mail_rows[] = {
    NAME_ROW("approvers"),
    {.key = "address",
     .type = CH_SCHEMA_ADDRESS,
     AT(ch_destination, address),
     .required = true,
     .example = "mail.example.org:587",
     .doc = "HOST:PORT of the mail server that takes them."},
    {.key = "from",
     .type = CH_SCHEMA_MAILBOX,
     AT(ch_destination, from),
     .required = true,
     .example = "customhouse@example.org",
     .doc = "Address they come from."},
    {.key = "to",
     .type = CH_SCHEMA_MAILBOXES,
     LIST(ch_destination, to, to_count),
     .min = 1,
     .required = true,
     .example = "[approvers@example.org]",
     .doc = "Addresses they go to."},
    EVENTS_ROW,
    {.key = "tls",
     .type = CH_SCHEMA_CHOICE,
     AT(ch_destination, mail_tls),
     .choices = mail_tls,
     .def = "starttls",
     .doc = "starttls (the server must offer it), tls (from the first byte on), or none (on "
            "loopback alone)."},
    {.key = "user",
     .type = CH_SCHEMA_TEXT,
     AT(ch_destination, user),
     .doc = "User name, where the server asks for one."},
    {.key = "secret_file",
     .type = CH_SCHEMA_PATH,
     AT(ch_destination, secret_file),
     .doc = "File that only its owner may read (0600), with the password."},
    CA_ROW,
};
const struct ch_schema_section ch_schema_mail = SECTION(mail_rows, ch_destination);

static const struct ch_schema_row syslog_rows[] = {
    NAME_ROW("siem"),
    {.key = "address",
     .type = CH_SCHEMA_ADDRESS,
     AT(ch_destination, address),
     .required = true,
     .example = "syslog.example.org:6514",
     .doc = "HOST:PORT of the server that takes them."},
    {.key = "server_name",
     .type = CH_SCHEMA_HOST,
     AT(ch_destination, server_name),
     .doc = "Name or IP address in its certificate, where that is another than in address."},
    CA_ROW,
};
const struct ch_schema_section ch_schema_syslog = SECTION(syslog_rows, ch_destination);

static const struct ch_schema_row witness_rows[] = {
    NAME_ROW("elsewhere"),
    {.key = "url",
     .type = CH_SCHEMA_URL,
     AT(ch_destination, url),
     .required = true,
     .example = "https://witness.example.org",
     .doc = "Its submission prefix: https, or http on loopback."},
    {.key = "vkey",
     .type = CH_SCHEMA_TEXT,
     AT(ch_destination, vkey),
     .required = true,
     .example = "witness.example.org/w1+62db710f+BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
     .doc = "Its key, as it prints it: only what that has signed is a cosignature."},
    CA_ROW,
    {.key = "proxy",
     .type = CH_SCHEMA_URL,
     AT(ch_destination, proxy),
     .doc = "HTTP proxy to go through, with https alone."},
};
const struct ch_schema_section ch_schema_witness = SECTION(witness_rows, ch_destination);

static const struct ch_schema_row notification_rows[] = {
    {.key = "ending_hours",
     .type = CH_SCHEMA_U32,
     AT(ch_config, notice_ending_hours),
     .def = "72",
     .min = 1,
     .max = 2160,
     .unit = "hours",
     .doc = "So long before its end people are told that an exception ends."},
    {.key = "give_up_hours",
     .type = CH_SCHEMA_U32,
     AT(ch_config, notice_give_up_hours),
     .def = "72",
     .min = 1,
     .max = 720,
     .unit = "hours",
     .doc = "So long one is tried that its destination does not take; then it is given up, and the "
            "audit\n"
            "log says so."},
};
const struct ch_schema_section ch_schema_notifications = SECTION(notification_rows, ch_config);
