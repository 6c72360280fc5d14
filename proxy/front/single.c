#include "single.h"

#include <stdlib.h>

#include "base/config/place.h"
#include "customhouse/log.h"
#include "process.h"

static void on_drained_process(void *child)
{
    front_drained(child);
}

static void on_keeper_lost_process(void *child)
{
    ch_child_lost_keeper(child);
}

struct front_site front_site_of(struct ch_child *child)
{
    return (struct front_site){
        .loop = child->loop,
        .config = child->config,
        .address = child->setup.listener[0].address,
        .access_log_fd = child->access_log_fd,
        .on_drained = on_drained_process,
        .on_keeper_lost = on_keeper_lost_process,
        .owner = child,
    };
}

/* ------------------------------------------------------------------ the keeper */

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct front_single *s = owner;
    (void)ch;
    s->of->on_frame(s->owner, frame);
}

static void tell_lost(struct front_single *s, const struct ch_err *why)
{
    if (why->code != CH_E_CLOSED) { /* by us: the keeper may well live on */
        const char *who = ch_role_name(s->of->role);
        ch_log(who, "%s event=keeper error=\"%s\"", who, why->msg);
    }
    if (s->site.on_keeper_lost != NULL) {
        s->site.on_keeper_lost(s->site.owner);
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct front_single *s = owner;
    if (s->keeper == ch) {
        s->keeper = NULL;
        tell_lost(s, why);
    }
    ch_channel_free(ch);
    s->of->on_lost(s->owner);
}

void front_single_set_keeper(struct front_single *s, int fd)
{
    struct ch_err err;
    ch_channel_free(s->keeper);
    s->keeper = NULL;
    s->of->on_lost(s->owner);
    struct ch_channel_options options = {
        .loop = s->loop,
        .fd = fd,
        .peer = CH_ROLE_KEEPER,
        .self = s->of->role,
        .owner = s,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    if (ch_channel_open(&options, &s->keeper, &err) != CH_OK) {
        s->keeper = NULL;
        tell_lost(s, &err);
    }
}

/* ------------------------------------------------------------------ requests */

static void on_request(struct ch_http_request *r, void *owner)
{
    struct front_single *s = owner;
    s->of->on_request(r, s->owner);
}

static void on_access(const struct ch_http_access *access, void *owner)
{
    struct front_single *s = owner;
    front_log_add(&s->log, access, (struct ch_str){NULL, 0}, ch_now_unix_us());
}

static void on_drained(void *owner)
{
    struct front_single *s = owner;
    front_log_flush_last(&s->log);
    if (s->of->on_last != NULL) {
        s->of->on_last(s->owner);
    }
    if (s->site.on_drained != NULL) {
        s->site.on_drained(s->site.owner);
    }
}

/* ------------------------------------------------------------------ life */

void front_single_configure(struct front_single *s, const struct ch_config *config)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    struct ch_str *hosts = ch_calloc(config->host_name_count + 2, sizeof(*hosts));
    size_t n = 0;
    hosts[n++] = CH_STR("localhost");
    if (ch_place_split(ch_str_of(s->address), &host, &port)) {
        hosts[n++] = host;
    }
    for (size_t i = 0; i < config->host_name_count; i++) {
        hosts[n++] = ch_place_host(ch_str_of(config->host_names[i]));
    }
    ch_http_server_set_hosts(s->server, hosts, n);
    free(hosts);
}

enum ch_code front_single_init(struct front_single *s, const struct front_site *site,
                               const struct front_single_owner *of, void *owner, struct ch_err *err)
{
    *s = (struct front_single){.loop = site->loop,
                               .address = ch_str_dup(site->address),
                               .site = *site,
                               .of = of,
                               .owner = owner};
    front_log_init(&s->log, s->loop, site->access_log_fd, &s->log_lost);
    struct ch_http_options http = {
        .loop = s->loop,
        .on_request = on_request,
        .on_access = on_access,
        .on_drained = on_drained,
        .owner = s,
        .request_ids = true,
    };
    enum ch_code rc = ch_http_server_new(&http, &s->server, err);
    if (rc == CH_OK) {
        front_single_configure(s, site->config);
    }
    return rc;
}

void front_single_stop(struct front_single *s)
{
    if (s->server != NULL) {
        ch_http_server_free(s->server);
        s->server = NULL;
    }
}

void front_single_done(struct front_single *s)
{
    front_single_stop(s);
    ch_channel_free(s->keeper);
    if (s->loop != NULL) {
        front_log_done(&s->log);
    }
    free(s->address);
    *s = (struct front_single){.loop = NULL};
}
