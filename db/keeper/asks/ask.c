/* What gateways ask, and what they are told: of a file in ask_file.c. An ask that must wait becomes
 * a waiter, and is looked at again from its beginning when what it waited for has ended. */
#include "ask_int.h"

#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "customhouse/limits.h"
#include "documents.h"
#include "db/keeper/intake/quota.h"
#include "db/keeper/pages/shards.h"
#include "db/keeper/people/scoped.h"
#include "db/keeper/pushes/aliases.h"
#include "db/keeper/people/tokens.h"
#include "db/keeper/pushes/external.h"
#include "db/keeper/pushes/pushes.h"
#include "db/keeper/signing/images.h"

#define OWNER_PATIENCE_MS 8000  /* as for a page that nothing is known of */
#define LISTING_FRESH_MS  30000 /* a listing may lag; steps away from ALLOW raise the epoch */

void ask_free_waiter(struct waiter *w)
{
    if (w != NULL) {
        ch_buf_done(&w->payload);
        free(w);
    }
}

static struct waiter *new_waiter(struct ch_channel *ch, bool is_file, struct ch_str payload)
{
    struct waiter *w = ch_calloc(1, sizeof(*w));
    w->is_file = is_file;
    w->gateway = ch_channel_instance(ch);
    w->gateway_serial = ch_channel_serial(ch);
    ch_buf_init(&w->payload, 64u << 10);
    ch_buf_puts(&w->payload, payload);
    return w;
}

/* NULL: whoever asked is gone. Another gateway may be in its place by now, whose asks begin at the
 * same number: what was meant for the one must not answer the other. */
static struct ch_channel *gateway_of(struct keeper *k, const struct waiter *w)
{
    struct ch_channel *ch = w->gateway < CH_ARRAY_LEN(k->gateways) ? k->gateways[w->gateway] : NULL;
    return ch != NULL && ch_channel_serial(ch) == w->gateway_serial ? ch : NULL;
}

void ask_send(struct keeper *k, const struct waiter *w, uint16_t type, struct ch_buf *payload,
              int fd)
{
    struct ch_channel *ch = gateway_of(k, w);
    if (ch != NULL && ch_buf_ok(payload, NULL) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, type, ch_buf_str(payload), &fd, fd >= 0 ? 1 : 0));
    }
    ch_buf_done(payload);
}

void ask_put_error(const struct keeper *k, struct ch_str text, struct ch_buf *b)
{
    struct ch_str folder = k->child.setup.state_dir;
    size_t at = 0;
    while (folder.len > 0 && ch_str_find(text, folder, &at)) {
        struct ch_str rest = ch_str_sub(text, at + folder.len, text.len);
        bool ours = (at == 0 || text.ptr[at - 1] == ' ') && ch_str_starts(rest, CH_STR("/"));
        ch_buf_puts(b, ch_str_sub(text, 0, ours ? at : at + folder.len));
        text = ours ? ch_str_sub(rest, 1, rest.len) : rest;
    }
    ch_buf_puts(b, text);
}

/* ------------------------------------------------------------------ pages */

static void reply_page(struct keeper *k, const struct waiter *w, const struct ch_page_reply *reply,
                       int fd)
{
    struct ch_page_reply told = *reply;
    struct ch_buf text, b;
    ch_buf_init(&text, ch_limits.text_bytes);
    ch_buf_init(&b, 16u << 10);
    ask_put_error(k, reply->text, &text);
    told.text = ch_buf_str(&text);
    ch_page_reply_put(&b, &told);
    ask_send(k, w, CH_MSG_PAGE, &b, fd);
    ch_buf_done(&text);
}

void ask_reply_page(struct keeper *k, const struct waiter *w, const struct ch_page_reply *reply)
{
    reply_page(k, w, reply, -1);
}

uint64_t ask_fresh_until(struct keeper *k, int64_t checked_at_us, int64_t changes_at_us)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    int64_t now_us = keeper_now_us(k);
    int64_t ms = LISTING_FRESH_MS;
    int64_t refresh_ms =
        (checked_at_us - now_us) / 1000 + (int64_t)k->config->index_refresh_s * 1000;
    int64_t change_ms = changes_at_us == CH_TIME_UNKNOWN ? ms : (changes_at_us - now_us) / 1000 + 1;
    ms = refresh_ms < ms ? refresh_ms : ms;
    ms = change_ms < ms ? change_ms : ms;
    return now_ms + (uint64_t)(ms < 1000 ? 1000 : ms);
}

static void send_new(struct keeper *k, const struct waiter *w, struct ch_page_reply *reply,
                     const int *fds, size_t fd_count)
{
    struct ch_channel *ch = gateway_of(k, w);
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    reply->outcome = CH_PAGE_NEW;
    ch_page_reply_put(&b, reply);
    if (ch != NULL && ch_buf_ok(&b, NULL) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, CH_MSG_PAGE, ch_buf_str(&b), fds, fd_count));
    }
    ch_buf_done(&b);
}

/* It was rendered already. */
void ask_send_documents(struct keeper *k, const struct waiter *w, struct ch_page_reply *reply,
                        const struct listing_documents *d)
{
    reply->document_count = d->count;
    memcpy(reply->documents, d->of, d->count * sizeof(*d->of));
    send_new(k, w, reply, d->fds, d->count);
}

static void send_shards(struct keeper *k, const struct page *p, const struct waiter *w,
                        const struct ch_ask_page *ask)
{
    const struct page_shards *s = p->shards;
    struct ch_page_reply reply = {
        .ask = ask->ask,
        .outcome = CH_PAGE_NOT_FOUND, /* clients go on with the whole page */
        .generation = s->generation,
        .fresh_until_boot_ms = ask_fresh_until(k, p->checked_at_us, s->changes_at_us),
    };
    if (s->none || s->generation == ask->have_generation) {
        reply.outcome = s->none ? CH_PAGE_NOT_FOUND : CH_PAGE_UNCHANGED;
        reply_page(k, w, &reply, -1);
        return;
    }
    const int fds[] = {s->index_fd, s->table_fd, s->pack.read_fd};
    reply.document_count = 1;
    reply.documents[0] =
        (struct ch_page_document){(uint8_t)(p->eco->shards->index_document - 1), s->index_sha256};
    send_new(k, w, &reply, fds, s->pack.read_fd < 0 ? 2 : 3);
}

void ask_page_failed(struct keeper *k, struct waiter *w, struct ch_str text)
{
    struct ch_ask_page ask;
    struct ch_err err;
    if (ch_ask_page_get(ch_buf_str(&w->payload), &ask, &err) == CH_OK) {
        struct ch_page_reply reply = {.ask = ask.ask, .http_status = 500, .text = text};
        reply_page(k, w, &reply, -1);
    }
    ask_free_waiter(w);
}

static void send_listing(struct keeper *k, const struct waiter *w, const struct ch_ask_page *ask,
                         const struct ch_buf *listing, uint64_t generation, uint64_t fresh_until_ms)
{
    struct ch_page_reply reply = {
        .ask = ask->ask, .generation = generation, .fresh_until_boot_ms = fresh_until_ms};
    struct ch_err err;
    int fd = -1;
    if (generation == ask->have_generation) {
        reply.outcome = CH_PAGE_UNCHANGED;
    } else if (jobs_memfd_of(ch_buf_str(listing), &fd, &err) == CH_OK) {
        reply.outcome = CH_PAGE_NEW;
    } else {
        reply.http_status = 500;
        reply.text = ch_str_of(err.msg);
    }
    reply_page(k, w, &reply, fd);
    if (fd >= 0) {
        close(fd);
    }
}

static void answer_root(struct keeper *k, const struct waiter *w, const struct ch_ask_page *ask)
{
    const struct ch_repository *repo = ch_config_repository(k->config, ask->repository);
    struct ch_page_reply reply = {.ask = ask->ask, .outcome = CH_PAGE_NOT_FOUND};
    struct ch_buf listing;
    struct ch_err err;
    uint64_t generation;
    enum ch_code rc;
    ch_buf_init(&listing, ch_limits.root_bytes);
    if (repo == NULL) {
        reply_page(k, w, &reply, -1);
    } else if ((rc = listing_root(k, repo, &listing, &generation, &err)) == CH_OK) {
        send_listing(k, w, ask, &listing, generation, ch_loop_now_ms(k->child.loop) + 5000);
    } else {
        reply = (struct ch_page_reply){.ask = ask->ask,
                                       .http_status = keeper_store_status(rc, 500),
                                       .text = ch_str_of(err.msg)};
        reply_page(k, w, &reply, -1);
    }
    ch_buf_done(&listing);
}

/* What both kinds of asks have; slices of the payload. */
struct ask {
    uint64_t ask;
    struct ch_str repository;
    struct ch_str project;
    struct ch_client client;
    uint32_t patience_ms; /* for all that it waits for */
    bool any_page;        /* `project` is no page's name */
};

static bool read_ask(bool is_file, struct ch_str payload, struct ask *ret)
{
    struct ch_err err;
    struct ch_ask_page page;
    struct ch_ask_file file;
    if (is_file) {
        bool ok = ch_ask_file_get(payload, &file, &err) == CH_OK;
        *ret = ok ? (struct ask){file.ask,    file.repository,  file.project,
                                 file.client, file.patience_ms, file.any_page}
                  : (struct ask){0};
        return ok;
    }
    bool ok = ch_ask_page_get(payload, &page, &err) == CH_OK;
    *ret = ok ? (struct ask){page.ask,
                             page.repository,
                             page.project,
                             page.client,
                             (uint32_t)ch_limits.page_answer_ms,
                             false}
              : (struct ask){0};
    return ok;
}

char *ask_via(const struct waiter *w)
{
    struct ask ask;
    bool told = w->command == NULL && read_ask(w->is_file, ch_buf_str(&w->payload), &ask) &&
                ask.client.via.len > 0;
    return told ? ch_str_dup(ask.client.via) : NULL;
}

uint32_t ask_fail_retry_s(const struct keeper *k, const struct page *p)
{
    int64_t left_us = p->fail_until_us - keeper_now_us(k);
    return left_us <= 0 ? 0 : (uint32_t)((left_us + 999999) / 1000000);
}

/* The page is as ready as it gets. False: it is being judged, and `w` was taken over. */
static bool answer_page(struct keeper *k, struct page *p, struct waiter *w,
                        const struct ch_ask_page *ask)
{
    struct ch_page_reply reply = {.ask = ask->ask};
    struct ch_err err;
    enum ch_name_owner owner = p == NULL ? CH_OWNER_UNKNOWN : page_owner(p);
    if (owner == CH_OWNER_LEFT || owner == CH_OWNER_GIVEN_AWAY) {
        reply.http_status = owner == CH_OWNER_LEFT ? 502 : 503;
        reply.text = ch_str_of(ch_name_owner_text(owner));
        reply_page(k, w, &reply, -1);
        return true;
    }
    if (p == NULL || p->load == PAGE_ABSENT || owner == CH_OWNER_RESERVED) {
        reply.outcome = CH_PAGE_NOT_FOUND;
        reply.fresh_until_boot_ms = ch_loop_now_ms(k->child.loop) + 5000;
        reply_page(k, w, &reply, -1);
        return true;
    }
    if (p->load != PAGE_READY || !page_usable(k, p)) {
        reply.http_status = p->fail_status != 0 ? p->fail_status : 502;
        reply.retry_after_s = ask_fail_retry_s(k, p);
        reply.text = ch_str_of(p->fail_text);
        reply_page(k, w, &reply, -1);
        return true;
    }
    if (ask->form == CH_PAGE_SHARDS && p->eco->shards == NULL) {
        reply.outcome = CH_PAGE_NOT_FOUND;
        reply_page(k, w, &reply, -1);
        return true;
    }
    if (ask->form == CH_PAGE_BESIDE) {
        return ask_page_beside(k, p, w, ask);
    }
    if (ask->form == CH_PAGE_RARE) {
        listing_want_rare(p);
    }
    enum listing_state state =
        ask->form == CH_PAGE_SHARDS ? shards_ready(k, p, w, &err) : listing_ready(k, p, w, &err);
    if (state == LISTING_LATER) {
        return false;
    }
    if (state == LISTING_THERE && ask->form == CH_PAGE_SHARDS) {
        send_shards(k, p, w, ask);
    } else if (state == LISTING_THERE) {
        const struct listing_cache *l = &p->listing;
        uint64_t until_ms = ask_fresh_until(k, p->checked_at_us, l->changes_at_us);
        if (l->documents.count > 0 && l->generation != ask->have_generation) {
            reply.generation = l->generation;
            reply.fresh_until_boot_ms = until_ms;
            ask_send_documents(k, w, &reply, &l->documents);
        } else {
            send_listing(k, w, ask, &l->bytes, l->generation, until_ms);
        }
        listing_ask_ahead(k, p, &ask->client);
    } else {
        reply.http_status = keeper_store_status(err.code, 500);
        reply.text = ch_str_of(err.msg);
        reply_page(k, w, &reply, -1);
    }
    return true;
}

/* ------------------------------------------------------------------ both */

/* The page of the waiter's own repository: what it waited for may have been started for another one
 * with the same upstream, and policy is the repository's (T6, T23). */
static struct page *own_page(struct keeper *k, struct page *p, struct ch_str repository,
                             struct ch_str project)
{
    if (p != NULL && ch_str_eq(repository, ch_str_of(p->repository)) &&
        ch_str_eq(project, page_name(p))) {
        return p;
    }
    struct page *own = page_get(k, repository, project);
    if (own != NULL) {
        page_load(k, own);
    }
    return own;
}

void ask_go_on(struct keeper *k, struct page *p, struct waiter *w)
{
    struct ch_err err;
    struct ch_ask_file file;
    struct ch_ask_page page;
    if (w->command != NULL) {
        struct command *c = w->command;
        ask_free_waiter(w);
        commands_go_on(c);
    } else if (gateway_of(k, w) == NULL) {
        ask_free_waiter(w);
    } else if (w->is_file && ch_ask_file_get(ch_buf_str(&w->payload), &file, &err) == CH_OK) {
        ask_answer_file(k, file.any_page ? NULL : own_page(k, p, file.repository, file.project), w,
                        &file);
    } else {
        if (!w->is_file && ch_ask_page_get(ch_buf_str(&w->payload), &page, &err) == CH_OK) {
            if (page.project.len == 0) { /* of those alone something is waited for */
                if (ask_all_beside(k, w, &page)) {
                    ask_free_waiter(w);
                }
                return;
            }
            struct page *own = own_page(k, p, page.repository, page.project);
            if (own != NULL && page_owner(own) == CH_OWNER_GIVEN_AWAY &&
                owner_wait(k, own, w, OWNER_PATIENCE_MS)) {
                return;
            }
            if (!answer_page(k, own, w, &page)) {
                return;
            }
        }
        ask_free_waiter(w);
    }
}

/* Over budget: 503 and a time, which pip and uv wait for by themselves, and ask again. */
static void refuse_page(struct keeper *k, struct waiter *w, uint64_t ask, const char *what,
                        uint32_t expected_s)
{
    char text[200];
    snprintf(text, sizeof(text), "%s, try again in about %u s", what, expected_s);
    struct ch_page_reply reply = {
        .ask = ask, .http_status = 503, .retry_after_s = expected_s, .text = ch_str_of(text)};
    reply_page(k, w, &reply, -1);
}

/* What is known answers: others may bring a newer one. Nor is a further page looked up: it would
 * come back here at once. */
static void go_on_as_known(struct keeper *k, struct page *p, struct waiter *w)
{
    w->looked_up = true;
    ask_go_on(k, p, w);
}

/* The page is over its client's budget: it waits for its turn, or is told so, or answered as it is
 * known (w is taken over). */
static void wait_for_budget(struct keeper *k, struct page *p, struct waiter *w,
                            const struct ask *ask)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    bool known = page_is_known(k, p);
    if (w->turn_ms == 0) {
        uint64_t until = now + (known ? PAGE_PATIENCE_MS : ch_limits.cold_page_wait_ms);
        w->turn_ms = (w->is_file && !known) || until > w->deadline_ms ? w->deadline_ms : until;
    }
    struct ch_str upstream = page_asked_upstream(p);
    if (w->turn_ms <= now) {
        ask_out_of_budget(k, w, BUDGET_PAGE);
    } else if (!budget_wait(k, BUDGET_PAGE, upstream, &ask->client, page_about(p), w)) {
        if (known) {
            go_on_as_known(k, p, w);
            return;
        }
        uint32_t expected_s = budget_expected_s(k, BUDGET_PAGE, upstream, &ask->client);
        if (w->is_file) {
            ask_file_queue_full(k, w, ask->ask, expected_s);
        } else {
            refuse_page(k, w, ask->ask, ASK_QUEUE_FULL, expected_s);
        }
        ask_free_waiter(w);
    }
}

/* Then the waiter is taken over. */
static bool over_budget(struct keeper *k, struct page *p, struct waiter *w, const struct ask *ask)
{
    if (!page_is_cold(k, p) || page_budget_take(k, p, &ask->client)) {
        return false;
    }
    wait_for_budget(k, p, w, ask);
    return true;
}

bool ask_needs_page(struct keeper *k, struct page *p, struct waiter *w)
{
    struct ask ask;
    if (w->looked_up) {
        return true; /* as it is: asked again for what has failed at once, it would fail at once */
    }
    if (!read_ask(w->is_file, ch_buf_str(&w->payload), &ask)) {
        ask_free_waiter(w);
        return false;
    }
    if (over_budget(k, p, w, &ask)) {
        return false;
    }
    w->looked_up = true;
    return page_ready(k, p, w);
}

bool ask_needs_another(struct keeper *k, struct page *p, struct waiter *w)
{
    w->looked_up = false;
    return ask_needs_page(k, p, w);
}

static void start(struct keeper *k, struct waiter *w, const struct ask *ask)
{
    struct page *p = ask->any_page ? NULL : page_get(k, ask->repository, ask->project);
    if (p == NULL || (!over_budget(k, p, w, ask) && page_ready(k, p, w))) {
        ask_go_on(k, p, w);
    }
}

void ask_start_again(struct keeper *k, struct waiter *w)
{
    struct ask ask;
    if (gateway_of(k, w) != NULL && read_ask(w->is_file, ch_buf_str(&w->payload), &ask)) {
        start(k, w, &ask);
    } else {
        ask_free_waiter(w);
    }
}

void ask_out_of_budget(struct keeper *k, struct waiter *w, int kind)
{
    struct ask ask;
    if (gateway_of(k, w) != NULL && read_ask(w->is_file, ch_buf_str(&w->payload), &ask)) {
        struct page *p = ask.any_page ? NULL : page_get(k, ask.repository, ask.project);
        if (kind == BUDGET_PAGE && (ask.any_page || (p != NULL && page_is_known(k, p)))) {
            go_on_as_known(k, p, w);
            return;
        }
        uint32_t expected_s = p == NULL ? 1
                                        : budget_expected_s(k, (enum budget_kind)kind,
                                                            page_asked_upstream(p), &ask.client);
        if (w->is_file) {
            ask_file_waits(k, w, ask.ask, expected_s, ASK_QUEUES);
        } else {
            refuse_page(k, w, ask.ask, ASK_QUEUES, expected_s);
        }
    }
    ask_free_waiter(w);
}

void ask_out_of_time(struct keeper *k, struct page *p, struct waiter *w)
{
    struct ask ask;
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    if (page_is_known(k, p)) {
        ask_go_on(k, p, w);
        return;
    }
    if (gateway_of(k, w) != NULL && read_ask(w->is_file, ch_buf_str(&w->payload), &ask)) {
        uint64_t left_ms = p->patience_ms > now_ms ? p->patience_ms - now_ms : 0;
        uint32_t expected_s = (uint32_t)(left_ms / 1000) + 1;
        if (w->is_file) {
            ask_file_waits(k, w, ask.ask, expected_s, ASK_NO_INDEX);
        } else {
            refuse_page(k, w, ask.ask, ASK_NO_INDEX, expected_s);
        }
    }
    ask_free_waiter(w);
}

static void on_ask_metrics(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_metrics_reply reply = {.ask = ch_get_u64(&r)};
    struct waiter w = {.gateway = ch_channel_instance(ch), .gateway_serial = ch_channel_serial(ch)};
    struct ch_buf text, b;
    ch_buf_init(&text, 200u << 10);
    ch_buf_init(&b, 256u << 10);
    metrics_text(k, &text);
    reply.text = ch_buf_str(&text);
    ch_metrics_reply_put(&b, &reply);
    ask_send(k, &w, CH_MSG_METRICS, &b, -1);
    ch_buf_done(&text);
}

static void on_ask(struct keeper *k, struct ch_channel *ch, bool is_file, struct ch_str payload)
{
    struct ask ask;
    struct ch_ask_page page;
    struct ch_err err;
    if (!read_ask(is_file, payload, &ask)) {
        return;
    }
    struct waiter *w = new_waiter(ch, is_file, payload);
    w->deadline_ms = ch_loop_now_ms(k->child.loop) + ask.patience_ms;
    if (is_file) {
        if (!aliases_meant(k, w)) {
            ask_free_waiter(w);
            return;
        }
        images_meant(k, w);
        CH_IGNORE(read_ask(true, ch_buf_str(&w->payload), &ask));
    }
    if (ask.project.len > 0 || is_file) {
        start(k, w, &ask);
        return;
    }
    if (ch_ask_page_get(payload, &page, &err) == CH_OK && page.form == CH_PAGE_BESIDE) {
        ask_go_on(k, NULL, w);
        return;
    }
    if (ch_ask_page_get(payload, &page, &err) == CH_OK) {
        answer_root(k, w, &page);
    }
    ask_free_waiter(w);
}

void ask_on_frame(struct keeper *k, struct ch_channel *ch, struct ch_frame *frame)
{
    switch (frame->type) {
    case CH_MSG_ASK_PAGE:
    case CH_MSG_ASK_FILE:
        on_ask(k, ch, frame->type == CH_MSG_ASK_FILE, frame->payload);
        break;
    case CH_MSG_ASK_REFUSAL:
        ask_refusal(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_EXCEPTION:
        ask_exception(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_METRICS:
        on_ask_metrics(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_TOKEN:
        tokens_answer(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_SCOPED:
        scoped_answer(k, ch, frame->payload);
        break;
    case CH_MSG_SIGN_INS:
        tokens_failed(k, CH_ROLE_GATEWAY, frame->payload);
        break;
    case CH_MSG_ASK_DOCUMENT:
        documents_answer(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_PUSH:
        pushes_on_ask(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_EXTERNAL:
        external_on_ask(k, ch, frame->payload);
        break;
    case CH_MSG_SERVED:
        served_told(k, ch, frame->payload);
        break;
    default:
        break;
    }
}
