/* The gateway: HTTP to clients, questions to the keeper, bytes from served/. It decides nothing: what
 * it does not know from the keeper for this moment is refused (T11). */
#ifndef CH_GATEWAY_H
#define CH_GATEWAY_H

#include "customhouse/config.h"
#include "customhouse/http.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"

struct gw;

/* What a listener on loopback is given to ch_http_server_listen; others: 0. */
#define GW_MARK_LOOPBACK 1u

struct gw_options {
    struct ch_loop *loop;
    const struct ch_config *config;    /* borrowed until gw_configure gives another */
    const struct ch_setup_listener *listeners; /* those that are open; borrowed for good */
    size_t listener_count;
    const struct ch_epoch_page *epoch; /* mapped for good */
    void *metrics;                     /* CH_METRICS_SLOTS slots */
    uint32_t instance;
    int access_log_fd; /* -1: none */
    int served_fd;     /* STATE/served; the caller's */
    int audit_fd;      /* STATE/audit/public; the caller's */
    struct ch_str instance_id; /* of the running installation; a request that brings it is a loop */
    void (*on_drained)(void *owner);
    void (*on_keeper_lost)(void *owner); /* its channel has ended; NULL: nobody is to know */
    void *owner;
};

enum ch_code gw_new(const struct gw_options *options, struct gw **ret_gw, struct ch_err *err) CH_MUST_CHECK;
void gw_free(struct gw *gw);
struct ch_http_server *gw_server(struct gw *gw); /* to listen with */
/* Puts another configuration in force (reload). */
void gw_configure(struct gw *gw, const struct ch_config *config);
/* A fresh channel to the keeper; takes fd. What waited for the old one is asked again. */
void gw_set_keeper(struct gw *gw, int fd);
void gw_drain(struct gw *gw);

#endif
