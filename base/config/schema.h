/* The schema of customhouse.yaml: one table that the parser, its messages and the generated file
 * read.
 */
#ifndef BASE_CONFIG_SCHEMA_H
#define BASE_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a key takes, and the type of the field at `offset`. */
enum ch_schema_type {
    CH_SCHEMA_TEXT = 0,  /* char *: printable text of one line */
    CH_SCHEMA_NAME,      /* char *: [a-z0-9][a-z0-9._-]* */
    CH_SCHEMA_PATH,      /* char *: absolute path */
    CH_SCHEMA_URL,       /* char *: http or https, without trailing slash */
    CH_SCHEMA_ADDRESS,   /* char *: HOST:PORT */
    CH_SCHEMA_HOST,      /* char *: host name or IP address, without brackets */
    CH_SCHEMA_MAILBOX,   /* char *: NAME@DOMAIN */
    CH_SCHEMA_PLATFORM,  /* char *: OS/ARCHITECTURE[/VARIANT], or "all" (customhouse/platform.h) */
    CH_SCHEMA_WORD,      /* char *: one of `choices` */
    CH_SCHEMA_CHOICE,    /* enum: the place in `choices` */
    CH_SCHEMA_BOOL,      /* bool */
    CH_SCHEMA_U32,       /* uint32_t from min to max */
    CH_SCHEMA_SIZE,      /* uint64_t: bytes from min to max */
    CH_SCHEMA_TIME,      /* int64_t: microseconds; CH_TIME_UNKNOWN when left out */
    CH_SCHEMA_NAMES,     /* char **: list of NAME */
    CH_SCHEMA_PATTERNS,  /* char **: list of project names, where * stands for any text */
    CH_SCHEMA_HOSTS,     /* char **: list of host or host:port */
    CH_SCHEMA_WILDCARDS, /* the same, or with a * as the first label: ch_place_is_wildcard */
    CH_SCHEMA_PATHS,     /* char **: list of absolute paths */
    CH_SCHEMA_MAILBOXES, /* char **: list of NAME@DOMAIN */
    CH_SCHEMA_PLATFORMS, /* char **: one of PLATFORM, or a list of them, in which "all" is none */
    CH_SCHEMA_SECTION,   /* a map whose keys fill the same struct */
    CH_SCHEMA_SECTIONS,  /* struct array: a list of maps */
};

struct ch_schema_section;

struct ch_schema_row {
    const char *key;
    enum ch_schema_type type;
    size_t offset;       /* of the field in its struct */
    size_t count_offset; /* lists: of the size_t that counts them */
    const char *def;     /* the default as one writes it; NULL: none */
    uint64_t min;        /* also the least number of entries of a list */
    uint64_t max;
    const char *unit;
    const char *const *choices;
    const struct ch_schema_section *section;
    bool required;
    const char *example; /* of an item in a list that may be left out; NULL: not in the example */
    const char *doc;     /* lines separated by \n */
};

struct ch_schema_section {
    const struct ch_schema_row *rows;
    size_t row_count;
    size_t struct_bytes;
};

extern const struct ch_schema_section ch_schema; /* of struct ch_config */
/* schema_egress.c: of struct ch_destination, and what goes for all of them */
extern const struct ch_schema_section ch_schema_webhook;
extern const struct ch_schema_section ch_schema_mail;
extern const struct ch_schema_section ch_schema_syslog;
extern const struct ch_schema_section ch_schema_witness;
extern const struct ch_schema_section ch_schema_notifications;
extern const char *const ch_schema_reserved[]; /* names no repository may have; NULL-terminated */
/* Ecosystems that an upstream or repository may name; NULL-terminated. */
extern const char *const ch_config_ecosystems[];

#endif
