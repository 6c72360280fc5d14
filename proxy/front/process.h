/* How a process that answers HTTP starts, is told a new configuration, and ends: the same for
 * clients (gateway) and administrators (admin). What they answer is theirs. */
#ifndef CH_FRONT_PROCESS_H
#define CH_FRONT_PROCESS_H

#include "customhouse/child.h"
#include "customhouse/http.h"

struct front_service {
    enum ch_role role;
    const char *listen_key; /* of the configuration: where its addresses are */
    /* Makes it, before the process confines itself: what has to be opened is opened here. */
    enum ch_code (*make)(void *owner, struct ch_child *child, struct ch_err *err);
    struct ch_http_server *(*server)(void *owner);
    void (*configure)(void *owner, const struct ch_config *config); /* another one is in force */
    void (*set_keeper)(void *owner, int fd);                        /* takes fd */
    void (*drain)(void *owner);                                     /* ends with front_drained */
    void (*free)(void *owner);                                      /* also of what was half made */
    bool demands_clients; /* nobody is answered but with a client certificate */
    unsigned loopback_mark; /* of requests that come by a listener on loopback */
};

/* The process from its start to its end, on all addresses that it was given; the exit status. */
int front_run(const struct front_service *service, void *owner);
/* Nothing is left to be answered: `child` is what `make` got. */
void front_drained(struct ch_child *child);

#endif
