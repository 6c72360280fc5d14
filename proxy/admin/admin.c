#include "admin_int.h"

#include <stdlib.h>

static void on_frame(void *owner, struct ch_frame *frame)
{
    pending_frame(owner, frame);
}

static void on_lost(void *owner)
{
    pending_lost(owner);
}

static void on_last(void *owner)
{
    struct admin *a = owner;
    front_failures_hand_over(&a->failures);
}

static const struct front_single_owner of_admin = {
    .role = CH_ROLE_ADMIN,
    .on_request = admin_route,
    .on_frame = on_frame,
    .on_lost = on_lost,
    .on_last = on_last,
};

void admin_set_keeper(struct admin *a, int fd)
{
    front_single_set_keeper(&a->front, fd);
}

void admin_configure(struct admin *a, const struct ch_config *config)
{
    front_single_configure(&a->front, config);
}

enum ch_code admin_new(const struct front_site *site, struct admin **ret, struct ch_err *err)
{
    struct admin *a = ch_calloc(1, sizeof(*a));
    enum ch_code rc = front_single_init(&a->front, site, &of_admin, a, err);
    pending_init(a);
    admin_tokens_init(a);
    if (rc != CH_OK) {
        admin_free(a);
        return rc;
    }
    *ret = a;
    return CH_OK;
}

void admin_free(struct admin *a)
{
    if (a == NULL) {
        return;
    }
    front_single_stop(&a->front);
    ch_loop_cancel_timer(a->front.loop, &a->sweep);
    admin_tokens_done(a);
    front_single_done(&a->front);
    free(a);
}

struct ch_http_server *admin_server(struct admin *a)
{
    return a->front.server;
}

void admin_drain(struct admin *a)
{
    ch_http_server_drain(a->front.server);
}
