/* What a new installation has to know about its upstream and cannot be told: which hosts files come
 * from, whether upload times are stated, whether there is a JSON API. Asked once, at init, by the
 * very processes that will do this later: the fetcher fetches, a jail parses (T13). */
#ifndef BASE_CUSTOMHOUSE_LEARN_H
#define BASE_CUSTOMHOUSE_LEARN_H

#include "customhouse/bytes.h"
#include "customhouse/config.h"

#define LEARN_HOSTS_MAX 32

struct learn_options {
    const char *folder;           /* of the installation to be; it need not exist */
    struct ch_str config;         /* a configuration with exactly this upstream, named "pypi" */
    struct ch_str url;            /* of the index */
    struct ch_str api_url;        /* a guess; absent: none */
    struct ch_str credentials;    /* text of credentials.yaml; absent: none */
    struct ch_str upstream_files; /* as of struct site */
};

struct learned {
    char *hosts[LEARN_HOSTS_MAX]; /* besides the index's own: seen on several projects' pages */
    size_t host_count;
    enum ch_times times;
    bool api_answers;
    size_t pages;      /* that could be read; 0: nothing was learned */
    char problem[512]; /* the last thing that went wrong; empty: nothing */
};

/* CH_OK with pages == 0 when the upstream does not answer; other codes when this host cannot run
 * our processes at all. */
enum ch_code learn(const struct learn_options *options, struct learned *ret,
                   struct ch_err *err) CH_MUST_CHECK;
void learned_done(struct learned *l);

/* --- the pure part --- */

struct learning {
    struct ch_str own_host;
    char *hosts[LEARN_HOSTS_MAX];
    size_t pages_with[LEARN_HOSTS_MAX];
    bool on_this_page[LEARN_HOSTS_MAX];
    size_t host_count;
    size_t files;
    size_t files_with_time;
};
/* Takes a page's records, as a jail wrote them. */
enum ch_code learn_from_page(struct learning *l, struct ch_str stream,
                             struct ch_err *err) CH_MUST_CHECK;
/* Hosts of at least two pages; how many. The strings stay `l`'s. */
size_t learn_hosts(const struct learning *l, const char *ret[LEARN_HOSTS_MAX]);
enum ch_times learn_times(const struct learning *l, bool api_answers);
void learning_done(struct learning *l);

#endif
