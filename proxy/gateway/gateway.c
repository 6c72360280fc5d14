#include "gateway_int.h"
#include "scoped.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/log.h"

/* --- names and links from the configuration --- */

/* Splits "HOST:PORT" or "[ADDRESS]:PORT"; the host without brackets. */
static struct ch_str host_of(struct ch_str address)
{
    size_t end;
    if (address.len > 0 && address.ptr[0] == '[' && ch_str_find_char(address, ']', &end)) {
        return ch_str_sub(address, 1, end - 1);
    }
    return ch_str_find_char(address, ':', &end) ? ch_str_sub(address, 0, end) : address;
}

static struct ch_str host_of_url(struct ch_str url)
{
    size_t at;
    if (!ch_str_find(url, CH_STR("://"), &at)) {
        return (struct ch_str){NULL, 0};
    }
    struct ch_str rest = ch_str_sub(url, at + 3, url.len);
    struct ch_str authority;
    ch_str_split(&rest, '/', &authority);
    return host_of(authority);
}

static bool is_wildcard(struct ch_str host)
{
    return ch_str_eq(host, CH_STR("0.0.0.0")) || ch_str_eq(host, CH_STR("::")) || host.len == 0;
}

struct hosts {
    struct ch_str *at;
    size_t count;
    bool loopback;
};

static void add_address(struct hosts *h, struct ch_str address)
{
    struct ch_str host = host_of(address);
    h->loopback = h->loopback || ch_config_address_is_loopback(address);
    if (!is_wildcard(host)) {
        h->at[h->count++] = host;
    }
}

/* Of addresses only those that are open: `serve --listen` names others than the configuration, and one
 * that a reload has brought is open with the next start. */
static void set_hosts(struct gw *gw, const struct ch_config *c)
{
    size_t max = c->host_name_count + gw->listener_count + 2;
    struct hosts h = {.at = ch_calloc(max, sizeof(*h.at))};
    for (size_t i = 0; i < c->host_name_count; i++) {
        h.at[h.count++] = ch_place_host(ch_str_of(c->host_names[i]));
    }
    for (size_t i = 0; i < gw->listener_count; i++) {
        add_address(&h, gw->listeners[i].address);
    }
    if (c->public_url != NULL) {
        h.at[h.count++] = host_of_url(ch_str_of(c->public_url));
    }
    if (h.loopback) { /* a name that no foreign server can give (RFC 6761) */
        h.at[h.count++] = CH_STR("localhost");
    }
    ch_http_server_set_hosts(gw->server, h.at, h.count);
    free(h.at);
}

static struct gw_repository *find_or_add(struct gw *gw, struct ch_str name,
                                         const struct ch_ecosystem *eco)
{
    for (struct gw_repository *r = gw->repositories; r != NULL; r = r->next) {
        if (ch_str_eq(ch_str_of(r->name), name) && r->eco == eco) {
            return r;
        }
    }
    struct gw_repository *r = ch_calloc(1, sizeof(*r));
    r->name = ch_str_dup(name);
    r->eco = eco;
    r->row = gw_metrics_row(gw->slot, name);
    r->page_note = (struct gw_note){GW_KIND_PAGE, r->row, NULL};
    r->file_note = (struct gw_note){GW_KIND_FILE, r->row, NULL};
    r->next = gw->repositories;
    gw->repositories = r;
    return r;
}

struct gw_repository *gw_find_repository(const struct gw *gw, struct ch_str name)
{
    for (struct gw_repository *r = gw->repositories; r != NULL; r = r->next) {
        if (r->active && ch_str_eq(name, ch_str_of(r->name))) {
            return r;
        }
    }
    return NULL;
}

void gw_configure(struct gw *gw, const struct ch_config *config)
{
    gw->config = config;
    free(gw->origin);
    gw->origin = ch_config_origin(config, gw->listeners, gw->listener_count);
    set_hosts(gw, config);
    for (struct gw_repository *r = gw->repositories; r != NULL; r = r->next) {
        r->active = false;
    }
    for (size_t i = 0; i < config->repository_count; i++) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(config->repositories[i].ecosystem));
        if (eco != NULL) {
            struct gw_repository *r =
                find_or_add(gw, ch_str_of(config->repositories[i].name), eco);
            r->active = true;
            for (int loopback = 0; loopback < 2; loopback++) {
                r->anonymous[loopback] =
                    ch_config_anonymous(config, &config->repositories[i], loopback != 0);
            }
        }
    }
    ch_lru_clear(&gw->pages);
    ch_lru_clear(&gw->files);
    ch_lru_clear(&gw->tokens);
}

void gw_complain(const char *event, struct ch_str what, const struct ch_err *err)
{
    struct ch_buf line;
    ch_buf_init(&line, 8 * ch_limits.text_bytes);
    ch_buf_printf(&line, "gateway event=%s what=\"", event);
    ch_buf_put_escaped(&line, ch_str_sub(what, 0, (size_t)ch_limits.text_bytes));
    ch_buf_puts(&line, CH_STR("\" why=\""));
    ch_buf_put_escaped(&line, ch_str_of(err->msg));
    ch_buf_putc(&line, '"');
    ch_log_put("gateway", STDERR_FILENO, ch_buf_str(&line));
    ch_buf_done(&line);
}

/* --- the keeper --- */

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    (void)ch;
    if (frame->type == CH_MSG_SERVED_KEPT) {
        gw_served_kept(owner, frame->payload);
    } else if (frame->type == CH_MSG_TOKEN_KEY) {
        gw_scoped_key(owner, frame->payload);
    } else {
        gw_asks_frame(owner, frame);
    }
}

static void tell_lost(struct gw *gw, const struct ch_err *why)
{
    if (why->code != CH_E_CLOSED) { /* by us: the keeper may well live on */
        gw_complain("keeper", CH_STR("channel"), why);
    }
    if (gw->on_keeper_lost != NULL) {
        gw->on_keeper_lost(gw->owner);
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct gw *gw = owner;
    if (gw->keeper == ch) {
        gw->keeper = NULL;
        tell_lost(gw, why);
    }
    ch_channel_free(ch);
}

void gw_set_keeper(struct gw *gw, int fd)
{
    struct ch_err err;
    ch_channel_free(gw->keeper);
    gw->keeper = NULL;
    enum ch_code rc = ch_channel_open(&(struct ch_channel_options){
                                          .loop = gw->loop,
                                          .fd = fd,
                                          .peer = CH_ROLE_KEEPER,
                                          .self = CH_ROLE_GATEWAY,
                                          .owner = gw,
                                          .on_frame = on_frame,
                                          .on_closed = on_closed,
                                      },
                                      &gw->keeper, &err);
    if (rc != CH_OK) {
        gw->keeper = NULL;
        tell_lost(gw, &err);
        return;
    }
    gw->met_keeper = true;
    gw_asks_resend(gw);
    gw_served_new_keeper(gw);
}

/* --- the end of each request --- */

static void on_access(const struct ch_http_access *a, void *owner)
{
    struct gw *gw = owner;
    const struct gw_note *note = a->note != NULL ? a->note : &gw->unknown_note;
    gw_metrics_count(gw->slot, note->row, note->kind, a->means != 0 ? a->means : a->status,
                     a->body_bytes, a->duration_us);
    const struct gw_caller *caller = a->caller;
    front_log_add(&gw->log, a,
               ch_str_of(caller != NULL && caller->known ? caller->principal : NULL),
               ch_now_unix_us());
    if (note->file != NULL) {
        if (a->body_bytes > 0 && (a->status == 200 || a->status == 206)) {
            gw_file_tell_served(gw, note->file, a);
        }
        gw_file_unref(note->file);
    }
    gw_caller_unref(a->caller);
}

static void on_drained(void *owner)
{
    struct gw *gw = owner;
    front_log_flush_last(&gw->log);
    front_failures_hand_over(&gw->failures);
    if (gw->on_drained != NULL) {
        gw->on_drained(gw->owner);
    }
}

/* --- life --- */

enum ch_code gw_new(const struct gw_options *options, struct gw **ret_gw, struct ch_err *err)
{
    struct gw *gw = ch_calloc(1, sizeof(*gw));
    gw->loop = options->loop;
    gw->epoch = options->epoch;
    gw->served_fd = options->served_fd;
    gw->audit = gw_audit_new(options->audit_fd);
    gw->on_drained = options->on_drained;
    gw->on_keeper_lost = options->on_keeper_lost;
    gw->owner = options->owner;
    gw->listeners = options->listeners;
    gw->listener_count = options->listener_count;
    gw->all_slots = options->metrics;
    gw->slot = gw_metrics_slot(options->metrics, options->instance);
    gw->special_note = (struct gw_note){GW_KIND_SPECIAL, gw_metrics_row(gw->slot, CH_STR("-")), NULL};
    gw->unknown_note = (struct gw_note){GW_KIND_OTHER, gw_metrics_row(gw->slot, CH_STR("?")), NULL};
    gw->instance_id = ch_str_dup(options->instance_id);
    gw_asks_init(gw);
    gw_served_init(gw);
    gw_pages_init(gw);
    gw_files_init(gw);
    gw_sign_in_init(gw);
    front_log_init(&gw->log, gw->loop, options->access_log_fd, &gw->slot->log_lost);
    enum ch_code rc = ch_http_server_new(&(struct ch_http_options){
                                             .loop = gw->loop,
                                             .on_request = gw_route,
                                             .on_access = on_access,
                                             .on_drained = on_drained,
                                             .owner = gw,
                                             .request_ids = true,
                                         },
                                         &gw->server, err);
    if (rc != CH_OK) {
        gw_free(gw);
        return rc;
    }
    gw_configure(gw, options->config);
    *ret_gw = gw;
    return CH_OK;
}

void gw_free(struct gw *gw)
{
    if (gw == NULL) {
        return;
    }
    if (gw->server != NULL) {
        ch_http_server_free(gw->server); /* ends the requests, which end their asks */
    }
    gw_asks_done(gw);
    gw_served_done(gw);
    ch_channel_free(gw->keeper);
    ch_lru_done(&gw->pages);
    gw_files_done(gw);
    gw_sign_in_done(gw);
    front_log_done(&gw->log);
    while (gw->repositories != NULL) {
        struct gw_repository *r = gw->repositories;
        gw->repositories = r->next;
        free(r->name);
        free(r);
    }
    gw_audit_free(gw->audit);
    free(gw->origin);
    free(gw->instance_id);
    free(gw);
}

struct ch_http_server *gw_server(struct gw *gw)
{
    return gw->server;
}

void gw_drain(struct gw *gw)
{
    ch_http_server_drain(gw->server);
}
