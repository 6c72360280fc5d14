/* The gateway's own addresses: /, /-/health, /-/ready, /-/metrics, /-/x/ID, /-/policies/RULE, and
 * what documents.c and audit.c have. */
#include "gateway_int.h"

#include <stdio.h>
#include <stdlib.h>

struct special_wait { /* one request waits for the keeper */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
};

static const struct ch_str text_plain = {"text/plain; charset=utf-8", 25};

static void on_gone(void *arg)
{
    struct special_wait *w = arg;
    gw_ask_end(w->gw, &w->ask);
    free(w);
}

static struct special_wait *wait_for(struct gw *gw, struct ch_http_request *r, uint16_t type,
                                     uint16_t reply_type)
{
    struct special_wait *w = ch_calloc(1, sizeof(*w));
    w->gw = gw;
    w->request = r;
    ch_http_later(r, on_gone, w);
    gw_ask_prepare(gw, &w->ask, type);
    w->ask.reply_type = reply_type;
    return w;
}

/* --- /-/metrics --- */

static void answer_metrics(struct special_wait *w, struct ch_str keeper_text)
{
    struct ch_buf out;
    ch_buf_init(&out, ch_limits.channel_queue_bytes);
    gw_metrics_put(&out, w->gw->all_slots);
    ch_buf_puts(&out, CH_STR("# TYPE customhouse_keeper_up gauge\n"
                             "# HELP customhouse_keeper_up 1 while the keeper answers\n"));
    ch_buf_printf(&out, "customhouse_keeper_up %d\n", keeper_text.ptr != NULL ? 1 : 0);
    ch_buf_puts(&out, keeper_text);
    ch_buf_puts(&out, CH_STR("# EOF\n"));
    gw_respond_body(w->request, out.failed ? 500 : 200,
                    CH_STR("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                    ch_buf_str(&out));
    ch_buf_done(&out);
    free(w);
}

static void on_metrics(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    (void)gw;
    struct ch_metrics_reply m;
    struct ch_str text = {NULL, 0};
    if (ch_metrics_reply_get(frame->payload, &m, NULL) == CH_OK) {
        text = m.text.ptr != NULL ? m.text : CH_STR("");
    }
    answer_metrics(CH_CONTAINER_OF(ask, struct special_wait, ask), text);
}

static void on_metrics_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    answer_metrics(CH_CONTAINER_OF(ask, struct special_wait, ask), (struct ch_str){NULL, 0});
}

static void metrics(struct gw *gw, struct ch_http_request *r)
{
    struct special_wait *w = wait_for(gw, r, CH_MSG_ASK_METRICS, CH_MSG_METRICS);
    w->ask.on_reply = on_metrics;
    w->ask.on_lost = on_metrics_lost;
    ch_put_u64(&w->ask.payload, w->ask.id);
    gw_ask_send(gw, &w->ask, ch_limits.gateway_metrics_wait_ms);
}

/* --- the rest --- */

/* Ready is who serves what is allowed. What keeps new files from being allowed, or has to be stored
 * yet, is said with it, but takes no gateway out of a cluster: nobody would get anything then. */
static void ready(struct gw *gw, struct ch_http_request *r)
{
    const char *store = ch_store_trouble_text(atomic_load(&gw->epoch->store_trouble));
    uint32_t unsaved = atomic_load(&gw->epoch->unsaved);
    char text[200] = "";
    if (gw->keeper == NULL) {
        gw_respond_text(r, 503, CH_STR("not ready: no connection to the keeper"));
        return;
    }
    if (!gw_lease_valid(gw, ch_now_boot_ms())) {
        snprintf(text, sizeof(text), "not ready: %s",
                 store != NULL ? store : "the keeper has not renewed its lease");
        gw_respond_text(r, 503, ch_str_of(text));
        return;
    }
    if (store != NULL) {
        snprintf(text, sizeof(text), "ready, but %s\n", store);
    } else if (unsaved > 0) {
        snprintf(text, sizeof(text),
                 "ready, but %u denials or revocations are in memory alone (customhouse status)\n",
                 unsaved);
    } else if (atomic_load(&gw->epoch->log_trouble) != 0) {
        snprintf(text, sizeof(text),
                 "ready, but the audit log cannot be written, so nothing new is allowed "
                 "(customhouse status)\n");
    }
    gw_respond_body(r, 200, text_plain, text[0] != '\0' ? ch_str_of(text) : CH_STR("ready\n"));
}

/* What "type" in a refusal links to. */
static void policies(struct ch_http_request *r, struct ch_str rule)
{
    struct ch_buf out;
    ch_buf_init(&out, 4 * ch_limits.text_bytes);
    ch_buf_puts(&out, CH_STR("Refusals of this kind come from: "));
    ch_buf_put_escaped(&out, ch_str_sub(rule, 0, (size_t)ch_limits.refusal_text_bytes));
    ch_buf_puts(&out, CH_STR("\nThe link in the refusal itself says more about the file.\n"));
    gw_respond_body(r, 200, text_plain, ch_buf_str(&out));
    ch_buf_done(&out);
}

void gw_special_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    struct ch_str what = v->segment_count > 1 ? v->segments[1] : (struct ch_str){NULL, 0};
    if (v->segment_count == 2 && !v->trailing_slash) {
        if (ch_str_eq(what, CH_STR("health"))) {
            gw_respond_body(r, 200, text_plain, CH_STR("ok\n"));
            return;
        }
        if (ch_str_eq(what, CH_STR("ready"))) {
            ready(gw, r);
            return;
        }
        if (ch_str_eq(what, CH_STR("metrics"))) {
            if (gw_anonymous_may(gw, r) || gw_caller_of(gw, r)->metrics_read) {
                metrics(gw, r);
            } else {
                gw_respond_not_permitted(gw, r, "/-/metrics");
            }
            return;
        }
    }
    if (v->segment_count == 3 && ch_str_eq(what, CH_STR("x"))) {
        gw_exception_request(gw, r, v);
        return;
    }
    if (v->segment_count == 3 && ch_str_eq(what, CH_STR("policies"))) {
        policies(r, v->segments[2]);
        return;
    }
    if (v->segment_count > 2 && ch_str_eq(what, CH_STR("audit"))) {
        gw_audit_request(gw, r, v);
        return;
    }
    if (!gw_documents_request(gw, r, v)) {
        gw_respond_text(r, 404, CH_STR("The gateway has no such address"));
    }
}

/* What somebody sees who opens the address in a browser: how to use it. */
void gw_special_root(struct gw *gw, struct ch_http_request *r)
{
    struct ch_buf out;
    bool hidden = false;
    ch_buf_init(&out, ch_limits.http_answer_head_bytes);
    ch_buf_puts(&out,
                CH_STR("Customhouse: packages that were inspected before they get here.\n\n"));
    for (struct gw_repository *repo = gw->repositories; repo != NULL; repo = repo->next) {
        if (repo->active && !gw_may_pull(gw, r, repo)) {
            hidden = true;
        } else if (repo->active) {
            repo->eco->usage_line(ch_str_of(gw->origin), ch_str_of(repo->name), &out);
            ch_buf_putc(&out, '\n');
        }
    }
    if (hidden && !gw_caller_of(gw, r)->known) {
        ch_buf_puts(&out, CH_STR("More is here for clients that present a token.\n"));
    }
    gw_respond_body(r, 200, text_plain, ch_buf_str(&out));
    ch_buf_done(&out);
}
