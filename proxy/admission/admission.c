#include "admission_int.h"

#include <stdlib.h>

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

static void on_frame(void *owner, struct ch_frame *frame)
{
    pending_frame(owner, frame);
}

static void on_lost(void *owner)
{
    pending_lost(owner);
}

static const struct front_single_owner of_admission = {
    .role = CH_ROLE_ADMISSION,
    .on_request = route,
    .on_frame = on_frame,
    .on_lost = on_lost,
};

void admission_set_keeper(struct admission *a, int fd)
{
    front_single_set_keeper(&a->front, fd);
}

/* The API server calls it SERVICE.NAMESPACE.svc, or by what stands in its URL: host_names has that.
 */
void admission_configure(struct admission *a, const struct ch_config *config)
{
    front_single_configure(&a->front, config);
    a->config = config;
}

enum ch_code admission_new(const struct front_site *site, struct admission **ret,
                           struct ch_err *err)
{
    struct admission *a = ch_calloc(1, sizeof(*a));
    a->config = site->config;
    enum ch_code rc = front_single_init(&a->front, site, &of_admission, a, err);
    pending_init(a);
    if (rc != CH_OK) {
        admission_free(a);
        return rc;
    }
    *ret = a;
    return CH_OK;
}

void admission_free(struct admission *a)
{
    if (a == NULL) {
        return;
    }
    front_single_stop(&a->front);
    ch_loop_cancel_timer(a->front.loop, &a->sweep);
    front_single_done(&a->front);
    free(a);
}

struct ch_http_server *admission_server(struct admission *a)
{
    return a->front.server;
}

void admission_drain(struct admission *a)
{
    ch_http_server_drain(a->front.server);
}
