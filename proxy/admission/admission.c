#include "admission_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config/place.h"

/* ------------------------------------------------------------------ the keeper */

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    (void)ch;
    pending_frame(owner, frame);
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct admission *a = owner;
    (void)why; /* the supervisor knows, and sends another channel */
    if (a->keeper == ch) {
        a->keeper = NULL;
    }
    ch_channel_free(ch);
    pending_lost(a);
}

void admission_set_keeper(struct admission *a, int fd)
{
    struct ch_err err;
    ch_channel_free(a->keeper);
    a->keeper = NULL;
    pending_lost(a);
    struct ch_channel_options options = {
        .loop = a->loop,
        .fd = fd,
        .peer = CH_ROLE_KEEPER,
        .self = CH_ROLE_ADMISSION,
        .owner = a,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    if (ch_channel_open(&options, &a->keeper, &err) != CH_OK) {
        a->keeper = NULL;
        fprintf(stderr, "admission event=keeper error=\"%s\"\n", err.msg);
    }
}

/* ------------------------------------------------------------------ requests */

static bool is_path(const struct ch_http_view *v, const char *what, size_t count)
{
    return v->segment_count == count && !v->trailing_slash &&
           ch_str_eq(v->segments[0], CH_STR("k8s")) && ch_str_eq(v->segments[1], ch_str_of(what));
}

/* /k8s/external-data/ENVIRONMENT, and the same with "/pin" behind it. */
static bool is_provider(const struct ch_http_view *v, bool pin)
{
    return is_path(v, "external-data", pin ? 4 : 3) &&
           (ch_str_eq(v->segments[2], CH_STR("prod")) ||
            ch_str_eq(v->segments[2], CH_STR("preprod"))) &&
           (!pin || ch_str_eq(v->segments[3], CH_STR("pin")));
}

/* The API server adds ?timeout=. */
static void route(struct ch_http_request *r, void *owner)
{
    const struct ch_http_view *v = ch_http_view(r);
    const struct ch_str none = {NULL, 0};
    enum question question = QUESTION_VALIDATE;
    bool known = true;
    if (is_path(v, "mutate", 2)) {
        question = QUESTION_MUTATE;
    } else if (is_provider(v, false)) {
        question = QUESTION_PROVIDER;
    } else if (is_provider(v, true)) {
        question = QUESTION_PROVIDER_PIN;
    } else {
        known = is_path(v, "validate", 2);
    }
    if (!known) {
        ch_http_respond_text(r, 404,
                             CH_STR("expected /k8s/validate, /k8s/mutate, "
                                    "/k8s/external-data/prod or /k8s/external-data/preprod, or one "
                                    "of these two with /pin behind it"));
    } else if (v->method != CH_HTTP_POST) {
        ch_http_respond_text(r, 405, CH_STR("expected POST"));
    } else {
        pending_start(owner, r, question, question_is_provider(question) ? v->segments[2] : none);
    }
}

/* ------------------------------------------------------------------ life */

static void on_access(const struct ch_http_access *access, void *owner)
{
    struct admission *a = owner;
    front_log_add(&a->log, access, (struct ch_str){NULL, 0}, ch_now_unix_us());
}

static void on_drained(void *owner)
{
    struct admission *a = owner;
    front_log_flush_last(&a->log);
    if (a->on_drained != NULL) {
        a->on_drained(a->owner);
    }
}

/* The API server calls it SERVICE.NAMESPACE.svc, or by what stands in its URL: host_names has that.
 */
void admission_configure(struct admission *a, const struct ch_config *config)
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
    a->config = config;
    free(hosts);
}

enum ch_code admission_new(const struct admission_options *options, struct admission **ret,
                           struct ch_err *err)
{
    struct admission *a = ch_calloc(1, sizeof(*a));
    a->loop = options->loop;
    a->address = ch_str_dup(options->address);
    a->on_drained = options->on_drained;
    a->owner = options->owner;
    pending_init(a);
    front_log_init(&a->log, a->loop, options->access_log_fd, &a->log_lost);
    struct ch_http_options http = {
        .loop = a->loop,
        .on_request = route,
        .on_access = on_access,
        .on_drained = on_drained,
        .owner = a,
        .request_ids = true,
    };
    enum ch_code rc = ch_http_server_new(&http, &a->server, err);
    if (rc != CH_OK) {
        admission_free(a);
        return rc;
    }
    admission_configure(a, options->config);
    *ret = a;
    return CH_OK;
}

void admission_free(struct admission *a)
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
    free(a->address);
    free(a);
}

struct ch_http_server *admission_server(struct admission *a)
{
    return a->server;
}

void admission_drain(struct admission *a)
{
    ch_http_server_drain(a->server);
}
