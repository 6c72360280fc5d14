/* What the host's own pip is configured for: the index it asks and how it gets there, so that a
 * site which already redirects pip keeps its choice. Run once by `customhouse init`, as the user
 * and outside every jail: ch_pip_discover starts `pip` of PATH; where there is none that answers,
 * `pip3`; else `python3 -m pip`. */
#ifndef BASE_CONFIG_PIP_CONFIG_H
#define BASE_CONFIG_PIP_CONFIG_H

#include "customhouse/bytes.h"

/* All strings NUL-terminated and owned; NULL where there is none. */
struct ch_pip_config {
    char *index_url;     /* http or https, without credentials and trailing slash */
    char *user;          /* that stood in it, percent-decoded: for credentials.yaml */
    char *password;      /* "" when only a user stood there */
    bool built_in;       /* the index is the one pip has without configuration */
    bool no_index;       /* pip is told to ask none, whatever `index_url` says */
    char *api_url_guess; /* ".../simple" -> ".../pypi"; to be confirmed by asking it */
    char *ca_file;
    char *client_certificate;
    char *proxy; /* http or https URL without credentials */
    char *proxy_user;
    char *proxy_password;
    char **notes; /* what was found, and what was left out and why; no secrets */
    size_t note_count;
};

/* CH_E_NOT_FOUND: there is no pip, none that runs, or none that says its own index while no other is
 * configured; the message says what to do. CH_E_USAGE: what is configured cannot be used, or not be
 * read, in pip's own words. */
enum ch_code ch_pip_discover(struct ch_pip_config *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_pip_config_done(struct ch_pip_config *config); /* accepts zeroed memory; wipes passwords */

/* The pure part. `listing`: the output of `pip config list`. `built_in`: pip's own default index,
 * absent when not known. `env` answers as getenv does. */
enum ch_code ch_pip_read(struct ch_str listing, struct ch_str built_in,
                         const char *(*env)(const char *name), struct ch_pip_config *ret,
                         struct ch_err *err) CH_MUST_CHECK;

#endif
