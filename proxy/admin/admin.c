#include "admin_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config/place.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    (void)ch;
    pending_frame(owner, frame);
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct admin *a = owner;
    (void)why; /* the supervisor knows, and sends another channel */
    if (a->keeper == ch) {
        a->keeper = NULL;
    }
    ch_channel_free(ch);
    pending_lost(a);
}

void admin_set_keeper(struct admin *a, int fd)
{
    struct ch_err err;
    ch_channel_free(a->keeper);
    a->keeper = NULL;
    pending_lost(a);
    struct ch_channel_options options = {
        .loop = a->loop,
        .fd = fd,
        .peer = CH_ROLE_KEEPER,
        .self = CH_ROLE_ADMIN,
        .owner = a,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    if (ch_channel_open(&options, &a->keeper, &err) != CH_OK) {
        a->keeper = NULL;
        fprintf(stderr, "admin event=keeper error=\"%s\"\n", err.msg);
    }
}

static void on_access(const struct ch_http_access *access, void *owner)
{
    struct admin *a = owner;
    front_log_add(&a->log, access, (struct ch_str){NULL, 0}, ch_now_unix_us());
}

static void on_drained(void *owner)
{
    struct admin *a = owner;
    front_log_flush_last(&a->log);
    front_failures_hand_over(&a->failures);
    if (a->on_drained != NULL) {
        a->on_drained(a->owner);
    }
}

/* The names of the service do, too: a certificate may have one for both. */
void admin_configure(struct admin *a, const struct ch_config *config)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    struct ch_str *hosts = ch_calloc(config->host_name_count + 2, sizeof(*hosts));
    size_t n = 0;
    hosts[n++] = CH_STR("localhost");
    if (ch_place_split(ch_str_of(a->address), &host, &port)) {
        hosts[n++] = host;
    }
    for (size_t i = 0; i < config->host_name_count; i++) {
        hosts[n++] = ch_str_of(config->host_names[i]);
    }
    ch_http_server_set_hosts(a->server, hosts, n);
    free(hosts);
}

enum ch_code admin_new(const struct admin_options *options, struct admin **ret, struct ch_err *err)
{
    struct admin *a = ch_calloc(1, sizeof(*a));
    a->loop = options->loop;
    a->address = ch_str_dup(options->address);
    a->on_drained = options->on_drained;
    a->owner = options->owner;
    pending_init(a);
    admin_tokens_init(a);
    front_log_init(&a->log, a->loop, options->access_log_fd, &a->log_lost);
    struct ch_http_options http = {
        .loop = a->loop,
        .on_request = admin_route,
        .on_access = on_access,
        .on_drained = on_drained,
        .owner = a,
        .request_ids = true,
    };
    enum ch_code rc = ch_http_server_new(&http, &a->server, err);
    if (rc != CH_OK) {
        admin_free(a);
        return rc;
    }
    admin_configure(a, options->config);
    *ret = a;
    return CH_OK;
}

void admin_free(struct admin *a)
{
    if (a == NULL) {
        return;
    }
    if (a->server != NULL) {
        ch_http_server_free(a->server); /* ends the requests, which end what is pending */
    }
    ch_loop_cancel_timer(a->loop, &a->sweep);
    ch_channel_free(a->keeper);
    front_log_done(&a->log);
    admin_tokens_done(a);
    free(a->address);
    free(a);
}

struct ch_http_server *admin_server(struct admin *a)
{
    return a->server;
}

void admin_drain(struct admin *a)
{
    ch_http_server_drain(a->server);
}
