/* The processes of Customhouse. One row each in the confinement table (confine.h). */
#ifndef CUSTOMHOUSE_ROLE_H
#define CUSTOMHOUSE_ROLE_H

enum ch_role {
    CH_ROLE_NONE = 0,
    CH_ROLE_SUPERVISOR,
    CH_ROLE_KEEPER,
    CH_ROLE_GATEWAY,
    CH_ROLE_FETCHER,
    CH_ROLE_SCANNER_STRICT, /* our own validators and inspectors */
    CH_ROLE_SCANNER_SECOND, /* libarchive: the second opinion (T2) */
    CH_ROLE_ADMIN,          /* the administrative interface over HTTP (T21) */
    CH_ROLE_EGRESS,         /* what goes out that is no fetch: notifications, the log's copies */
    CH_ROLE_ADMISSION,      /* what clusters ask before they run an image (T25) */
    CH_ROLE_LOG,            /* hands the event log to whoever reads it, who may stop reading */
    CH_ROLE_COMMAND,        /* the command line, over the control socket */
    CH_ROLE_WITNESS,        /* of logs elsewhere; no part of an installation */
    CH_ROLE_WITNESS_FILES,  /* beside it: opens its certificates anew */
    CH_ROLE_COUNT
};

const char *ch_role_name(enum ch_role role); /* "keeper", "scanner-strict", ... */

#endif
