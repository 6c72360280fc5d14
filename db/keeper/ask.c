/* What gateways ask, and what they are told. An ask that must wait becomes a waiter, and is looked
 * at again from its beginning when what it waited for has ended. */
#include "approvals.h"
#include "audit.h"
#include "documents.h"
#include "sidecar.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define ROOM_EXPECTED_S   5
#define LISTING_FRESH_MS  30000  /* a listing may lag; steps away from ALLOW raise the epoch */
#define ALLOW_FRESH_MS    600000 /* and the lease, and the epoch */
#define LOG_EXPECTED_S    1
#define ELIGIBLE_FRESH_MS 5000   /* a sidecar before the verdict: no recorded ALLOW ends it */

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
    ch_buf_init(&w->payload, 64u << 10);
    ch_buf_puts(&w->payload, payload);
    return w;
}

static struct ch_channel *gateway_of(struct keeper *k, const struct waiter *w)
{
    return w->gateway < CH_ARRAY_LEN(k->gateways) ? k->gateways[w->gateway] : NULL;
}

static void send(struct keeper *k, const struct waiter *w, uint16_t type, struct ch_buf *payload,
                 int fd)
{
    struct ch_channel *ch = gateway_of(k, w);
    if (ch != NULL && ch_buf_ok(payload, NULL) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, type, ch_buf_str(payload), &fd, fd >= 0 ? 1 : 0));
    }
    ch_buf_done(payload);
}

/* ------------------------------------------------------------------ pages */

static void reply_page(struct keeper *k, const struct waiter *w, const struct ch_page_reply *reply,
                       int fd)
{
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_page_reply_put(&b, reply);
    send(k, w, CH_MSG_PAGE, &b, fd);
}

enum ch_code ask_memfd(struct ch_str bytes, int *ret_fd, struct ch_err *err)
{
    int fd;
    enum ch_code rc = jobs_memfd("answer", &fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
        if (n <= 0) {
            close(fd);
            return ch_fail(err, CH_E_IO, "writing an answer");
        }
        at += (size_t)n;
    }
    rc = jobs_seal(fd, err);
    if (rc != CH_OK) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return CH_OK;
}

static uint64_t fresh_until(struct keeper *k, int64_t checked_at_us, int64_t changes_at_us)
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

static void send_listing(struct keeper *k, const struct waiter *w, const struct ch_ask_page *ask,
                         const struct ch_buf *listing, uint64_t generation, uint64_t fresh_until_ms)
{
    struct ch_page_reply reply = {
        .ask = ask->ask, .generation = generation, .fresh_until_boot_ms = fresh_until_ms};
    struct ch_err err;
    int fd = -1;
    if (generation == ask->have_generation) {
        reply.outcome = CH_PAGE_UNCHANGED;
    } else if (ask_memfd(ch_buf_str(listing), &fd, &err) == CH_OK) {
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
    ch_buf_init(&listing, ch_limits.root_bytes);
    if (repo == NULL) {
        reply_page(k, w, &reply, -1);
    } else if (listing_root(k, repo, &listing, &generation, &err) == CH_OK) {
        send_listing(k, w, ask, &listing, generation, ch_loop_now_ms(k->child.loop) + 5000);
    } else {
        reply =
            (struct ch_page_reply){.ask = ask->ask, .http_status = 500, .text = ch_str_of(err.msg)};
        reply_page(k, w, &reply, -1);
    }
    ch_buf_done(&listing);
}

/* The page is as ready as it gets. */
static void answer_page(struct keeper *k, struct page *p, const struct waiter *w,
                        const struct ch_ask_page *ask)
{
    struct ch_page_reply reply = {.ask = ask->ask};
    struct ch_err err;
    enum ch_name_owner owner = p == NULL ? CH_OWNER_UNKNOWN : page_owner(p);
    if (owner == CH_OWNER_LEFT || owner == CH_OWNER_GIVEN_AWAY) {
        reply.http_status = 502;
        reply.text = ch_str_of(ch_name_owner_text(owner));
        reply_page(k, w, &reply, -1);
        return;
    }
    if (p == NULL || p->load == PAGE_ABSENT || owner == CH_OWNER_RESERVED) {
        reply.outcome = CH_PAGE_NOT_FOUND;
        reply.fresh_until_boot_ms = ch_loop_now_ms(k->child.loop) + 5000;
        reply_page(k, w, &reply, -1);
        return;
    }
    if (p->load != PAGE_READY || !page_usable(k, p)) {
        reply.http_status = p->fail_status != 0 ? p->fail_status : 502;
        reply.text = ch_str_of(p->fail_text);
        reply_page(k, w, &reply, -1);
        return;
    }
    if (listing_make(k, p, &err) == CH_OK) {
        send_listing(k, w, ask, &p->listing.bytes, p->listing.generation,
                     fresh_until(k, p->checked_at_us, p->listing.changes_at_us));
        listing_ask_ahead(k, p, ask->client.user_agent);
    } else {
        reply.http_status = 500;
        reply.text = ch_str_of(err.msg);
        reply_page(k, w, &reply, -1);
    }
}

/* ------------------------------------------------------------------ files */

static void reply_file(struct keeper *k, const struct waiter *w, const struct ch_file_reply *reply)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_FILE)->max_bytes);
    ch_file_reply_put(&b, reply);
    send(k, w, CH_MSG_FILE, &b, -1);
}

static void refuse(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                   const struct ch_ask_file *ask, const struct ch_decision *d)
{
    struct ch_file_reply reply = {
        .ask = ask->ask, .outcome = CH_FILE_REFUSED, .size_bytes = CH_SIZE_UNKNOWN};
    struct ch_buf strings;
    struct ch_err err;
    serve_withdraw(k, p, file, d); /* its time may have ended it */
    ch_buf_init(&strings, 8192);
    refusal_of(k, p, file, d, &strings, &reply.refusal);
    struct ch_refusal_row row = {reply.refusal.id, ch_str_of(p->repository), page_name(p),
                                 p->facts.files[file].index.file_name, keeper_now_us(k)};
    if (keeper_write(k, &err) != CH_OK || ch_store_put_refusal(k->store, &row, &err) != CH_OK ||
        judge_record(k, p, file, d, &err) != CH_OK ||
        audit_refused(k, p, file, ask->client.address, d->rule, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg); /* a refusal stands without its row */
    }
    reply_file(k, w, &reply);
    ch_buf_done(&strings);
}

static struct ch_file_reply allowed(struct keeper *k, const struct ch_ask_file *ask,
                                    uint64_t fresh_ms, int64_t until_us)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    struct ch_file_reply reply = {
        .ask = ask->ask,
        .outcome = CH_FILE_ALLOW,
        .epoch = keeper_epoch(k),
        .not_after_boot_ms = now_ms + fresh_ms,
    };
    if (until_us != CH_TIME_UNKNOWN) {
        int64_t left_ms = (until_us - keeper_now_us(k)) / 1000;
        uint64_t end = now_ms + (uint64_t)(left_ms < 0 ? 0 : left_ms);
        reply.not_after_boot_ms = end < reply.not_after_boot_ms ? end : reply.not_after_boot_ms;
    }
    return reply;
}

static void reply_allow(struct keeper *k, const struct waiter *w, const struct ch_ask_file *ask,
                        const struct ch_sha256 *sha256, uint64_t size, uint64_t fresh_ms,
                        int64_t until_us)
{
    struct ch_file_reply reply = allowed(k, ask, fresh_ms, until_us);
    reply.sha256 = *sha256;
    reply.size_bytes = size;
    reply_file(k, w, &reply);
}

static void reply_wait(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                       const struct ch_ask_file *ask, uint32_t expected_s)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    struct ch_file_reply reply = {
        .ask = ask->ask,
        .outcome = CH_FILE_WAIT,
        .sha256 = f->sha256,
        .size_bytes = ask->part == CH_PART_FILE ? f->size_bytes : CH_SIZE_UNKNOWN,
        .retry_after_s = expected_s,
    };
    reply_file(k, w, &reply);
}

static void reply_failed(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t status,
                         const char *text)
{
    struct ch_file_reply reply = {.ask = ask,
                                  .outcome = CH_FILE_FAILED,
                                  .http_status = status,
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .text = ch_str_of(text)};
    reply_file(k, w, &reply);
}

/* Either waits for the intake (w is taken over), or says WAIT when there is no patience left. */
static void wait_for_intake(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                            const struct ch_ask_file *ask)
{
    struct intake *in = intake_want(k, p, file, false);
    if (in == NULL) { /* failed lately: say why */
        char text[512];
        uint32_t status = intake_failure(k, p, file, text, sizeof(text));
        reply_failed(k, w, ask->ask, status, text);
        ask_free_waiter(w);
        return;
    }
    if (w->deadline_ms == 0) {
        w->deadline_ms = ch_loop_now_ms(k->child.loop) + ask->patience_ms;
    }
    if (ask->head || w->deadline_ms <= ch_loop_now_ms(k->child.loop)) {
        reply_wait(k, p, file, w, ask, intake_expected_s(in));
        ask_free_waiter(w);
        return;
    }
    intake_wait(k, in, w);
}

/* What was signed, under the same decision as the file itself. */
static void reply_attestation(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                              const struct ch_ask_file *ask, int64_t until_us)
{
    struct ch_buf body;
    struct ch_err err;
    ch_buf_init(&body, CH_ATTESTATION_MAX);
    if (approvals_of_file(k, p, file, ask->part, &body, &err) == CH_OK) {
        struct ch_file_reply reply = allowed(k, ask, ALLOW_FRESH_MS, until_us);
        reply.sha256 = p->files[file].artifact;
        reply.size_bytes = body.len;
        reply.body = ch_buf_str(&body);
        reply_file(k, w, &reply);
    } else {
        reply_failed(k, w, ask->ask, 500, err.msg);
    }
    ch_buf_done(&body);
}

/* Whether a client that waits is told so now; then it is answered, and w is gone. */
static bool out_of_patience(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                            const struct ch_ask_file *ask, uint32_t expected_s)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    w->deadline_ms = w->deadline_ms == 0 ? now_ms + ask->patience_ms : w->deadline_ms;
    if (!ask->head && w->deadline_ms > now_ms) {
        return false;
    }
    reply_wait(k, p, file, w, ask, expected_s);
    ask_free_waiter(w);
    return true;
}

static void answer_allowed_file(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                                const struct ch_ask_file *ask, const struct ch_decision *d)
{
    struct page_file *f = &p->files[file];
    struct ch_err err;
    struct ch_artifact artifact;
    if (f->recorded_verdict != CH_VERDICT_ALLOW || k->uncommitted_allows > 0 ||
        !approvals_stand(k, p, file)) {
        /* A step towards ALLOW is durable before it is effective. */
        if (judge_record(k, p, file, d, &err) != CH_OK || keeper_commit(k, &err) != CH_OK) {
            reply_failed(k, w, ask->ask, 500, err.msg);
            ask_free_waiter(w);
            return;
        }
    }
    if (!audit_has(k, f)) {
        /* still being inspected, for a client: the log has yet to have it under a checkpoint */
        if (!out_of_patience(k, p, file, w, ask, LOG_EXPECTED_S)) {
            audit_wait(k, w);
        }
        return;
    }
    bool stands = approvals_stand(k, p, file);
    if (stands && ask->part >= CH_PART_VSA) {
        reply_attestation(k, p, file, w, ask, d->until_us);
        ask_free_waiter(w);
        return;
    }
    if (!ch_blobs_has(k->blobs, &f->artifact)) { /* evicted: fetched again, and must match */
        wait_for_intake(k, p, file, w, ask);
        return;
    }
    if (!stands) { /* the bytes went, and came back, between signing and here */
        reply_failed(k, w, ask->ask, 500, "its approval is not signed yet");
        ask_free_waiter(w);
        return;
    }
    enum ch_code rc = ch_store_get_artifact(k->store, &f->artifact, &artifact, &err);
    rc = rc == CH_OK ? serve_bytes(k, p, file, &err) : rc;
    if (rc == CH_E_FULL && quota_frees_soon(k, CH_BLOB_SERVED, artifact.size_bytes)) {
        /* the quota is full of what is just being sent */
        if (!out_of_patience(k, p, file, w, ask, ROOM_EXPECTED_S)) {
            quota_wait(k, w);
        }
        return;
    }
    if (rc != CH_OK) {
        reply_failed(k, w, ask->ask, 500, err.msg);
    } else {
        reply_allow(k, w, ask, &f->artifact, artifact.size_bytes, ALLOW_FRESH_MS, d->until_us);
    }
    ask_free_waiter(w);
}

static void answer_file(struct keeper *k, struct page *p, struct waiter *w,
                        const struct ch_ask_file *ask)
{
    struct ch_file_reply reply = {
        .ask = ask->ask, .outcome = CH_FILE_NOT_FOUND, .size_bytes = CH_SIZE_UNKNOWN};
    enum ch_name_owner owner = p == NULL ? CH_OWNER_UNKNOWN : page_owner(p);
    if (owner == CH_OWNER_LEFT || owner == CH_OWNER_GIVEN_AWAY) {
        reply_failed(k, w, ask->ask, 502, ch_name_owner_text(owner));
        ask_free_waiter(w);
        return;
    }
    if (p == NULL || p->load == PAGE_ABSENT || owner == CH_OWNER_RESERVED) {
        reply_file(k, w, &reply);
        ask_free_waiter(w);
        return;
    }
    if (p->load != PAGE_READY || !page_usable(k, p)) {
        reply_failed(k, w, ask->ask, p->fail_status != 0 ? p->fail_status : 502, p->fail_text);
        ask_free_waiter(w);
        return;
    }
    ptrdiff_t at = page_find_file(p, ask->file_name);
    if (at < 0) {
        reply_file(k, w, &reply);
        ask_free_waiter(w);
        return;
    }
    size_t file = (size_t)at;
    struct ch_decision d;
    judge(k, p, file, &d);
    if (d.verdict != CH_VERDICT_ALLOW && !d.eligible) {
        refuse(k, p, file, w, ask, &d);
        ask_free_waiter(w);
        return;
    }
    if (ask->part == CH_PART_METADATA) {
        struct ch_sha256 sha256;
        uint64_t size;
        switch (sidecar_get(k, p, file, w, &sha256, &size)) {
        case SIDECAR_READY:
            reply_allow(k, w, ask, &sha256, size,
                        d.verdict == CH_VERDICT_ALLOW ? ALLOW_FRESH_MS : ELIGIBLE_FRESH_MS,
                        d.until_us);
            ask_free_waiter(w);
            return;
        case SIDECAR_WAITING:
            return;
        case SIDECAR_FAILED:
            break;
        }
        if (d.verdict == CH_VERDICT_ALLOW && !sidecar_was_evicted(k, p, file)) {
            /* inspected, and it has no metadata to show */
            reply_file(k, w, &reply);
            ask_free_waiter(w);
            return;
        }
        wait_for_intake(k, p, file, w, ask);
        return;
    }
    if (d.verdict == CH_VERDICT_ALLOW) {
        answer_allowed_file(k, p, file, w, ask, &d);
    } else {
        wait_for_intake(k, p, file, w, ask);
    }
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
        answer_file(k, own_page(k, p, file.repository, file.project), w, &file);
    } else {
        if (!w->is_file && ch_ask_page_get(ch_buf_str(&w->payload), &page, &err) == CH_OK) {
            answer_page(k, own_page(k, p, page.repository, page.project), w, &page);
        }
        ask_free_waiter(w);
    }
}

/* Too much at once from one client: an answer that can be tried again, and costs nothing (T14). */
static void refuse_for_budget(struct keeper *k, struct waiter *w, uint64_t ask)
{
    static const char text[] =
        "too many projects asked for that are new here, try again in a minute";
    if (w->is_file) {
        reply_failed(k, w, ask, 503, text);
    } else {
        struct ch_page_reply reply = {.ask = ask, .http_status = 503, .text = ch_str_of(text)};
        reply_page(k, w, &reply, -1);
    }
    ask_free_waiter(w);
}

static void start(struct keeper *k, struct waiter *w, struct ch_str repository,
                  struct ch_str project, uint64_t ask, const struct ch_client *client)
{
    struct page *p = page_get(k, repository, project);
    if (p != NULL && page_is_cold(k, p) && !budget_take(k, client->address)) {
        refuse_for_budget(k, w, ask);
        return;
    }
    if (p == NULL || page_ready(k, p, w)) {
        ask_go_on(k, p, w);
    }
}

static void on_ask_refusal(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_err err;
    struct ch_ask_refusal ask;
    struct ch_refusal_row row;
    struct ch_buf strings, b;
    if (ch_ask_refusal_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct ch_refusal_reply reply = {.ask = ask.ask,
                                     .advice = ch_str_of(k->config->exception_advice)};
    struct waiter w = {.gateway = ch_channel_instance(ch)};
    ch_buf_init(&strings, 16384);
    CH_ASSERT(ch_buf_reserve(&strings, 8192) != NULL);
    if (ch_store_get_refusal(k->store, ask.id, &row, &strings, &err) == CH_OK) {
        struct page *p = page_get(k, row.repository, row.project);
        ptrdiff_t at = p != NULL && page_load(k, p) ? page_find_file(p, row.file_name) : -1;
        if (at >= 0) {
            struct ch_decision d;
            judge(k, p, (size_t)at, &d);
            refusal_of(k, p, (size_t)at, &d, &strings, &reply.refusal);
            reply.found = true;
            reply.repository = ch_str_of(p->repository);
        }
    }
    ch_buf_init(&b, 16u << 10);
    ch_refusal_reply_put(&b, &reply);
    send(k, &w, CH_MSG_REFUSAL, &b, -1);
    ch_buf_done(&strings);
}

static void on_ask_metrics(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_metrics_reply reply = {.ask = ch_get_u64(&r)};
    struct waiter w = {.gateway = ch_channel_instance(ch)};
    struct ch_buf text, b;
    ch_buf_init(&text, 200u << 10);
    ch_buf_init(&b, 256u << 10);
    metrics_text(k, &text);
    reply.text = ch_buf_str(&text);
    ch_metrics_reply_put(&b, &reply);
    send(k, &w, CH_MSG_METRICS, &b, -1);
    ch_buf_done(&text);
}

static void on_served(struct keeper *k, struct ch_str payload)
{
    struct ch_err err;
    struct ch_served s;
    if (ch_served_get(payload, &s, &err) != CH_OK) {
        return;
    }
    struct ch_served_row row = {.repository = s.repository,
                                .project = s.project,
                                .file_name = s.file_name,
                                .sha256 = s.sha256,
                                .address = s.client.address,
                                .user_agent = s.client.user_agent,
                                .first_at_us = s.at_us,
                                .last_at_us = s.at_us,
                                .times = 1};
    bool first = false;
    quota_sent(k, &s.sha256);
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_add_served(k->store, &row, &first, &err) != CH_OK ||
        (first && audit_served(k, &row, &err) != CH_OK)) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

void ask_on_frame(struct keeper *k, struct ch_channel *ch, struct ch_frame *frame)
{
    struct ch_err err;
    struct ch_ask_page page;
    struct ch_ask_file file;
    switch (frame->type) {
    case CH_MSG_ASK_PAGE:
        if (ch_ask_page_get(frame->payload, &page, &err) == CH_OK) {
            struct waiter *w = new_waiter(ch, false, frame->payload);
            if (page.project.len == 0) {
                answer_root(k, w, &page);
                ask_free_waiter(w);
            } else {
                start(k, w, page.repository, page.project, page.ask, &page.client);
            }
        }
        break;
    case CH_MSG_ASK_FILE:
        if (ch_ask_file_get(frame->payload, &file, &err) == CH_OK) {
            start(k, new_waiter(ch, true, frame->payload), file.repository, file.project, file.ask,
                  &file.client);
        }
        break;
    case CH_MSG_ASK_REFUSAL:
        on_ask_refusal(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_METRICS:
        on_ask_metrics(k, ch, frame->payload);
        break;
    case CH_MSG_ASK_DOCUMENT:
        documents_answer(k, ch, frame->payload);
        break;
    case CH_MSG_SERVED:
        on_served(k, frame->payload);
        break;
    default:
        break;
    }
}
