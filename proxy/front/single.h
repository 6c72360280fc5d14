/* What answers HTTP on one address and asks the keeper: server, channel, access log, and how they
 * end. The same for administrators (admin) and clusters (admission); what they answer is theirs. */
#ifndef CH_FRONT_SINGLE_H
#define CH_FRONT_SINGLE_H

#include "access_log.h"
#include "customhouse/channel.h"
#include "customhouse/child.h"
#include "customhouse/config.h"
#include "customhouse/http.h"

/* Where it is: of the process that it is made in. */
struct front_site {
    struct ch_loop *loop;
    const struct ch_config *config; /* in force until front_single_configure names another one */
    struct ch_str address;          /* it listens on, for its name in Host */
    int access_log_fd;              /* borrowed; -1: none */
    void (*on_drained)(void *owner);
    void (*on_keeper_lost)(void *owner); /* its channel has ended; NULL: nobody is to know */
    void *owner;
};
/* Of a process with one address (setup.listener[0]), which ends when it is drained. */
struct front_site front_site_of(struct ch_child *child);

/* Whose it is: `owner` is given to each. */
struct front_single_owner {
    enum ch_role role;
    void (*on_request)(struct ch_http_request *r, void *owner);
    void (*on_frame)(void *owner, struct ch_frame *frame); /* of the keeper */
    void (*on_lost)(void *owner); /* the keeper is gone, or another one has come */
    void (*on_last)(void *owner); /* nothing is left to be answered; NULL: it does not matter */
};

struct front_single {
    struct ch_loop *loop;
    struct ch_http_server *server;
    struct ch_channel *keeper; /* NULL: none at the moment */
    struct front_log log;
    struct front_log_lost log_lost;
    char *address;
    struct front_site site;
    const struct front_single_owner *of;
    void *owner;
};

/* In place; *of lives as long. Whatever comes of it: front_single_done. */
enum ch_code front_single_init(struct front_single *s, const struct front_site *site,
                               const struct front_single_owner *of, void *owner,
                               struct ch_err *err) CH_MUST_CHECK;
/* Its names in Host: its address, and those of the service, for a certificate may have one for
 * both. */
void front_single_configure(struct front_single *s, const struct ch_config *config);
void front_single_set_keeper(struct front_single *s,
                             int fd); /* takes fd; the former channel ends */
/* Ends the requests, which end what is pending for them; before the rest of the owner is freed. */
void front_single_stop(struct front_single *s);
void front_single_done(struct front_single *s); /* accepts zeroed memory */

#endif
