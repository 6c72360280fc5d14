/* One request from its body to the keeper's answer. Whatever goes wrong on the way is a denial that
 * says so; what cannot be answered as the API server expects is an error of HTTP, which the cluster
 * takes for one as well (failurePolicy: Fail). */
#include "admission_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define SWEEP_MS      500
#define ANSWER_BYTES  (1u << 20)
#define MESSAGE_BYTES 4096 /* of a denial: the first images, as many as fit */

/* ------------------------------------------------------------------ life */

static void unlink_pending(struct pending *p)
{
    for (struct pending **at = &p->admission->pending; *at != NULL; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            return;
        }
    }
}

static void free_pending(struct pending *p)
{
    unlink_pending(p);
    p->admission->body_bytes -= p->body.len;
    ch_buf_done(&p->body);
    review_done(&p->review);
    provider_done(&p->provider);
    free(p);
}

static void on_gone(void *arg)
{
    free_pending(arg); /* the keeper's answer will find nobody */
}

/* ------------------------------------------------------------------ answers */

static void free_body(void *body)
{
    struct ch_buf *b = body;
    ch_buf_done(b);
    free(b);
}

/* Takes over what is in the body. */
static void respond(struct pending *p, struct ch_buf *body)
{
    struct ch_buf *kept = ch_calloc(1, sizeof(*kept));
    static const struct ch_http_header headers[] = {
        {{"Cache-Control", 13}, {"no-store", 8}},
        {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    };
    struct ch_http_request *r = p->request;
    *kept = *body;
    *body = (struct ch_buf){0};
    free_pending(p);
    ch_http_respond(r, &(struct ch_http_response){
                           .status = kept->failed ? 500 : 200,
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(kept),
                           .body_release = free_body,
                           .body_owner = kept,
                       });
}

/* Where the request cannot be named, nothing that is said would be taken for its answer. */
static void fail(struct pending *p, int status, struct ch_str text)
{
    struct ch_http_request *r = p->request;
    free_pending(p);
    ch_http_respond_text(r, status, text);
}

static void deny(struct pending *p, int status, struct ch_str text)
{
    const struct ch_str none = {NULL, 0};
    struct ch_buf b;
    if (!question_is_provider(p->question) && p->review.uid[0] == '\0') {
        fail(p, status, text);
        return;
    }
    ch_buf_init(&b, ANSWER_BYTES);
    if (question_is_provider(p->question)) {
        provider_put_begin(&b);
        provider_put_end(&b, text);
    } else {
        review_put_answer(&b, &p->review, false, text, none);
    }
    respond(p, &b);
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ asking */

/* T25: by the namespace's name, which whoever creates objects in it does not choose. */
static struct ch_str environment_of(const struct pending *p)
{
    const struct ch_config *c = p->admission->config;
    if (question_is_provider(p->question)) {
        return ch_str_of(p->environment);
    }
    for (size_t i = 0; i < c->admission_namespace_count; i++) {
        if (ch_str_eq(ch_str_of(c->admission_namespaces[i].name),
                      ch_str_of(p->review.name_space))) {
            return ch_str_of(c->admission_namespaces[i].environment);
        }
    }
    return ch_str_of(c->admission_environment);
}

static bool send_ask(struct pending *p)
{
    struct ch_ask_images m = {.environment = environment_of(p),
                              .platform = ch_str_of(p->admission->config->admission_platform)};
    struct ch_channel *keeper = p->admission->front.keeper;
    if (p->question == QUESTION_VALIDATE && !p->review.dry_run) {
        m.name_space =
            ch_str_of(p->review.name_space); /* mutation is before it, and decides nothing */
    }
    struct ch_buf b;
    struct ch_err err;
    p->ask = m.ask = ++p->admission->last_ask;
    p->deadline_ms = ch_loop_now_ms(p->admission->front.loop) + ch_limits.admission_wait_ms;
    for (size_t i = 0; i < p->review.image_count; i++) {
        m.image[m.count++] = p->review.image[i].text;
    }
    for (size_t i = 0; i < p->provider.key_count; i++) {
        m.image[m.count++] = p->provider.key[i];
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_ASK_IMAGES)->max_bytes);
    ch_ask_images_put(&b, &m);
    /* past its bound the queue would close the channel, which is everybody's */
    bool sent = keeper != NULL && ch_buf_ok(&b, &err) == CH_OK &&
                ch_channel_room(keeper, 1) >= ch_limits.channel_queue_bytes / 2 + b.len &&
                ch_channel_send(keeper, CH_MSG_ASK_IMAGES, ch_buf_str(&b), NULL, 0);
    ch_buf_done(&b);
    return sent;
}

static bool read_body(struct pending *p, struct ch_err *err)
{
    struct ch_str body = ch_buf_str(&p->body);
    enum ch_code rc = question_is_provider(p->question) ? provider_read(body, &p->provider, err)
                                                        : review_read(body, &p->review, err);
    p->admission->body_bytes -= p->body.len;
    ch_buf_done(&p->body);
    p->body = (struct ch_buf){0};
    return rc == CH_OK;
}

static void nothing_new(struct pending *p)
{
    const struct ch_str none = {NULL, 0};
    struct ch_buf b;
    ch_buf_init(&b, ANSWER_BYTES);
    if (question_is_provider(p->question)) {
        provider_put_begin(&b);
        provider_put_end(&b, none);
    } else {
        review_put_answer(&b, &p->review, true, none, none);
    }
    respond(p, &b);
    ch_buf_done(&b);
}

static void ask(struct pending *p)
{
    struct ch_err err;
    if (!read_body(p, &err)) {
        deny(p, 400, ch_str_of(err.msg));
    } else if (p->review.image_count + p->provider.key_count == 0) {
        nothing_new(p); /* an update that names no other image than before */
    } else if (!send_ask(p)) {
        p->ask = 0;
        deny(p, 503, CH_STR("the keeper is starting, or busy: try again"));
    }
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct pending *p = arg;
    size_t before = p->body.len;
    (void)r;
    ch_buf_puts(&p->body, piece);
    p->admission->body_bytes += p->body.len - before;
    if (last) {
        ask(p);
    } else if (p->admission->body_bytes > ch_limits.admission_bodies_bytes) {
        fail(p, 503, CH_STR("too many reviews are being received at once: try again"));
    }
    return true;
}

void pending_start(struct admission *a, struct ch_http_request *r, enum question question,
                   struct ch_str environment)
{
    struct pending *p = ch_calloc(1, sizeof(*p));
    struct ch_err err;
    const struct ch_http_view *v = ch_http_view(r);
    *p = (struct pending){.next = a->pending, .admission = a, .request = r, .question = question};
    snprintf(p->environment, sizeof(p->environment), "%.*s", CH_STR_ARG(environment));
    ch_buf_init(&p->body, (size_t)ch_limits.admission_body_bytes);
    if (a->pending == NULL) {
        ch_loop_set_timer(a->front.loop, &a->sweep, ch_loop_now_ms(a->front.loop) + SWEEP_MS);
    }
    a->pending = p;
    ch_http_later(r, on_gone, p);
    if (!v->has_body) {
        fail(p, 400, CH_STR("expected a review"));
    } else if (ch_http_receive(r, ch_limits.admission_body_bytes, on_body, p, &err) != CH_OK) {
        fail(p, 413, ch_str_of(err.msg));
    }
}

/* ------------------------------------------------------------------ the keeper's answer */

static struct pending *find(struct admission *a, uint64_t number)
{
    for (struct pending *p = a->pending; p != NULL; p = p->next) {
        if (p->ask == number && number != 0) {
            return p;
        }
    }
    return NULL; /* its client has left */
}

/* What was judged is a digest. A tag may stand for something else by the time that a node pulls it,
 * so that it has to be replaced first: that is what mutation is for, and a provider of mutators. */
static bool is_by_tag(const struct pending *p, const struct ch_images *m, size_t i)
{
    struct ch_str asked =
        question_is_provider(p->question) ? p->provider.key[i] : p->review.image[i].text;
    return (p->question == QUESTION_VALIDATE || p->question == QUESTION_PROVIDER) &&
           !ch_str_eq(m->image[i].pinned, asked);
}

static bool passes(const struct pending *p, const struct ch_images *m, size_t i)
{
    return m->image[i].allowed && m->image[i].pinned.len > 0 && !is_by_tag(p, m, i);
}

/* Why it does not pass; `who` puts it right. */
static void put_reason(struct ch_buf *b, const struct ch_image_verdict *v, const char *who)
{
    if (v->allowed) {
        ch_buf_puts(b,
                    CH_STR("a tag, which may stand for something else when it is pulled: name "));
        ch_buf_put_escaped(b, v->pinned);
        ch_buf_printf(b, ", or have %s do that", who);
    } else {
        ch_buf_puts(b, v->reason.len > 0 ? v->reason : CH_STR("refused"));
    }
}

/* Not all of it may fit: the number of those that are left out always does. */
static void put_refusals(struct ch_buf *message, const struct pending *p, const struct ch_images *m,
                         size_t refused)
{
    size_t told = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct ch_buf one;
        if (passes(p, m, i)) {
            continue;
        }
        ch_buf_init(&one, 8192);
        ch_buf_puts(&one, told > 0 ? CH_STR("; image ") : CH_STR("image "));
        ch_buf_put_escaped(&one, p->review.image[i].text);
        ch_buf_puts(&one, CH_STR(": "));
        put_reason(&one, &m->image[i], "/k8s/mutate");
        if (message->len + one.len > MESSAGE_BYTES - 100) {
            ch_buf_printf(message, " (and %zu more)", refused - told);
            ch_buf_done(&one);
            return;
        }
        ch_buf_puts(message, ch_buf_str(&one));
        ch_buf_done(&one);
        told++;
    }
}

static void answer_review(struct pending *p, const struct ch_images *m)
{
    const struct ch_str none = {NULL, 0};
    struct ch_buf message, patch, b;
    size_t refused = 0;
    ch_buf_init(&message, MESSAGE_BYTES);
    ch_buf_init(&patch, ANSWER_BYTES);
    ch_buf_init(&b, 2 * ANSWER_BYTES);
    for (size_t i = 0; i < m->count; i++) {
        refused += !passes(p, m, i);
        if (p->question == QUESTION_MUTATE &&
            !ch_str_eq(m->image[i].pinned, p->review.image[i].text)) {
            review_put_operation(&patch, &p->review.image[i], m->image[i].pinned);
        }
    }
    if (refused > 0) {
        put_refusals(&message, p, m, refused);
    } else if (patch.len > 0) {
        ch_buf_putc(&patch, ']');
    }
    b.failed = patch.failed; /* a patch that is not whole is none */
    review_put_answer(&b, &p->review, refused == 0, ch_buf_str(&message),
                      refused == 0 ? ch_buf_str(&patch) : none);
    respond(p, &b);
    ch_buf_done(&message);
    ch_buf_done(&patch);
    ch_buf_done(&b);
}

static void answer_provider(struct pending *p, const struct ch_images *m)
{
    struct ch_buf b, why;
    ch_buf_init(&b, 2 * ANSWER_BYTES);
    ch_buf_init(&why, 2 * MESSAGE_BYTES);
    provider_put_begin(&b);
    for (size_t i = 0; i < m->count; i++) {
        ch_buf_clear(&why);
        if (!passes(p, m, i)) {
            put_reason(&why, &m->image[i],
                       "a mutator whose provider is the same with /pin behind it");
        }
        provider_put_item(&b, p->provider.key[i], m->image[i].pinned, ch_buf_str(&why), i == 0);
    }
    provider_put_end(&b, (struct ch_str){NULL, 0});
    respond(p, &b);
    ch_buf_done(&why);
    ch_buf_done(&b);
}

void pending_frame(struct admission *a, struct ch_frame *frame)
{
    struct ch_images m;
    struct ch_err err;
    if (frame->type != CH_MSG_IMAGES || ch_images_get(frame->payload, &m, &err) != CH_OK) {
        return; /* whoever asked runs into the end of patience */
    }
    struct pending *p = find(a, m.ask);
    if (p == NULL) {
        return;
    }
    if (m.count != p->review.image_count + p->provider.key_count) {
        deny(p, 500, CH_STR("the keeper has answered something else"));
    } else if (question_is_provider(p->question)) {
        answer_provider(p, &m);
    } else {
        answer_review(p, &m);
    }
}

static void on_sweep(struct ch_timer *t)
{
    struct admission *a = CH_CONTAINER_OF(t, struct admission, sweep);
    uint64_t now_ms = ch_loop_now_ms(a->front.loop);
    for (struct pending *p = a->pending, *next; p != NULL; p = next) {
        next = p->next;
        if (p->ask != 0 && p->deadline_ms <= now_ms) {
            deny(p, 504, CH_STR("the keeper has not answered in time: try again"));
        }
    }
    if (a->pending != NULL) {
        ch_loop_set_timer(a->front.loop, t, now_ms + SWEEP_MS);
    }
}

void pending_init(struct admission *a)
{
    a->sweep.fn = on_sweep;
}

void pending_lost(struct admission *a)
{
    for (struct pending *p = a->pending, *next; p != NULL; p = next) {
        next = p->next;
        if (p->ask != 0) {
            deny(p, 503, CH_STR("the keeper ended meanwhile: try again"));
        }
    }
}
