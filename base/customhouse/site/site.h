/* The folder of an installation: where its files lie, reading them, and making them for the first
 * time.
 *
 *   customhouse.yaml policy.yaml     written by init, edited by people
 *   credentials.yaml                 0600: user names and passwords of upstreams
 *   lock run/control.sock log/access.log
 *   db/ blobs/                       the keeper's
 *   served/                          what may go out: the keeper writes, gateways read
 *   keys/                            signing keys, later */
#ifndef BASE_CUSTOMHOUSE_SITE_H
#define BASE_CUSTOMHOUSE_SITE_H

#include "customhouse/config.h"
#include "customhouse/policy.h"

#define SITE_CONFIG      "customhouse.yaml"
#define SITE_POLICY      "policy.yaml"
#define SITE_CREDENTIALS "credentials.yaml"
#define SITE_CONTROL     "run/control.sock"

/* --state, else the default of this user; made absolute. free(). */
enum ch_code site_folder(const char *option, char **ret, struct ch_err *err) CH_MUST_CHECK;
char *site_path(const char *folder, const char *name); /* free() */
/* Whether the socket of the commands can have its path there: asked before anything is made. */
enum ch_code site_check_folder(const char *folder, struct ch_err *err) CH_MUST_CHECK;

/* A certificate with its chain, and its key, in PEM. Empty: none. */
struct site_pair {
    struct ch_buf certificate;
    struct ch_buf key;
};

/* What is in force, as texts and parsed. */
struct site {
    char *config_name; /* with folder, for messages */
    char *policy_name;
    struct ch_buf config_text;
    struct ch_buf policy_text;
    struct ch_buf credentials_text; /* empty: none */
    struct site_pair *pairs;        /* of each address of listen */
    size_t pair_count;
    struct site_pair admin_pair;
    struct site_pair admission_pair;
    struct ch_buf admission_client_ca;
    struct site_pair *shown; /* by each listener that is open: listening_show */
    size_t shown_count;
    struct ch_buf upstream_files; /* struct ch_upstream_file (message.h), one after the other */
    struct ch_buf egress_files;   /* struct ch_destination_files, the same way */
    struct ch_config *config;
    bool has_rules;
    int rules_fd; /* rules_files.h; only when has_rules */
};

/* Reads and checks everything; *ret is written only when all of it is right. */
enum ch_code site_load(const char *folder, struct site *ret, struct ch_err *err) CH_MUST_CHECK;
/* The same, with another policy in the place of policy.yaml; NULL: that one. */
enum ch_code site_load_with(const char *folder, const char *policy, struct site *ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* A policy with the files beside it that its lists name, as one bundle (policy.h). */
enum ch_code site_read_policy(const char *name, struct ch_buf *ret,
                              struct ch_err *err) CH_MUST_CHECK;
enum ch_code site_check_policy(const struct ch_config *config, struct ch_str bundle,
                               const char *name, struct ch_err *err) CH_MUST_CHECK;
void site_done(struct site *site); /* accepts zeroed memory */
void site_pair_done(struct site_pair *pair);
void site_secret_done(struct ch_buf *secret); /* wipes it before */

/* Reads a whole regular file of at most `max` bytes (CH_E_LIMIT: it is larger), or of at most a set-up
 * text's. CH_E_USAGE: it is something else, which might never end. On failure *ret is empty. */
enum ch_code site_read_file_up_to(const char *path, uint64_t max, struct ch_buf *ret,
                                  struct ch_err *err) CH_MUST_CHECK;
enum ch_code site_read_file(const char *path, struct ch_buf *ret, struct ch_err *err) CH_MUST_CHECK;
/* The same of what somebody names on the command line, who may wait for a pipe. */
enum ch_code site_read_given(const char *path, uint64_t max, struct ch_buf *ret,
                             struct ch_err *err) CH_MUST_CHECK;
/* Writes a file that was not there before, whole or not at all. */
enum ch_code site_write_file(const char *path, struct ch_str text, unsigned mode,
                             struct ch_err *err) CH_MUST_CHECK;

/* The uids and gids of the processes: 0 when not started as root. */
struct site_ids { /* as many as OWN_UIDS of db/keeper/commands/commands_user.c */
    uint32_t keeper;
    uint32_t gateway;
    uint32_t fetcher;
    uint32_t scanner_strict;
    uint32_t scanner_second;
    uint32_t served_gid;
    uint32_t admin;
    uint32_t egress;
    uint32_t admission;
    uint32_t log;
};
struct site_ids site_ids(const struct ch_config *config);
/* Makes missing folders, and gives each to whom it belongs. */
enum ch_code site_prepare_folders(const char *folder, const struct site_ids *ids,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Whether somebody other than root can walk to the folder. */
bool site_way_is_open(const char *folder);

/* Whether there is nothing yet: no folder, or one without files of ours or others'. CH_E_USAGE when
 * it holds something, but no configuration. */
enum ch_code site_is_new(const char *folder, bool *ret, struct ch_err *err) CH_MUST_CHECK;

struct site_init {
    const char *const *listens; /* at least one */
    size_t listen_count;
    bool insecure_http;
    const char *pypi_upstream; /* NULL: the one of this host's pip */
    const char *conda_channel; /* its name or URL; NULL: none */
    const char *approver;      /* "NAME" or "NAME:UID"; NULL: none yet */
};
/* Writes configuration, policy and credentials of a new installation. CH_E_USAGE: no upstream. */
enum ch_code site_init(const char *folder, const struct site_init *init,
                       struct ch_err *err) CH_MUST_CHECK;

#endif
