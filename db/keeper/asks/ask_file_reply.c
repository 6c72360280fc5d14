/* What gateways are told of a file where that needs no more than words. */
#include "ask_int.h"

#include <stdio.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"

void ask_file_reply(struct keeper *k, const struct waiter *w, const struct ch_file_reply *reply)
{
    struct ch_file_reply told = *reply;
    struct ch_err err;
    struct ch_buf b;
    int fd = -1;
    if (reply->body.len > CH_ATTESTATION_MAX) {
        if (jobs_memfd_of(reply->body, &fd, &err) != CH_OK) {
            told = (struct ch_file_reply){.ask = reply->ask,
                                          .outcome = CH_FILE_FAILED,
                                          .http_status = 500,
                                          .size_bytes = CH_SIZE_UNKNOWN,
                                          .text = CH_STR("the answer could not be made")};
        }
        told.body = (struct ch_str){NULL, 0};
        told.body_apart = fd >= 0;
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_FILE)->max_bytes);
    ch_file_reply_put(&b, &told);
    ask_send(k, w, CH_MSG_FILE, &b, fd);
    if (fd >= 0) {
        close(fd);
    }
}

void ask_file_refused(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                      const struct ch_ask_file *ask, const struct ch_decision *d)
{
    struct ch_file_reply reply = {
        .ask = ask->ask, .outcome = CH_FILE_REFUSED, .size_bytes = CH_SIZE_UNKNOWN};
    struct ch_buf strings;
    struct ch_err err;
    ch_buf_init(&strings, 8192);
    refusal_of(k, p, file, d, &strings, &reply.refusal);
    struct ch_refusal_row row = {reply.refusal.id, ch_str_of(p->repository), page_name(p),
                                 p->facts.files[file].index.file_name, keeper_now_us(k)};
    if (keeper_write(k, &err) != CH_OK || ch_store_put_refusal(k->store, &row, &err) != CH_OK ||
        audit_refused(k, p, file, &ask->client, d->rule, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg); /* a refusal stands without its row */
    }
    ask_file_reply(k, w, &reply);
    ch_buf_done(&strings);
}

void ask_file_waits(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t expected_s,
                    const char *what)
{
    struct ch_file_reply reply = {.ask = ask,
                                  .outcome = CH_FILE_WAIT,
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .retry_after_s = expected_s,
                                  .text = ch_str_of(what)};
    ask_file_reply(k, w, &reply);
}

void ask_file_queue_full(struct keeper *k, const struct waiter *w, uint64_t ask,
                         uint32_t expected_s)
{
    char text[200];
    snprintf(text, sizeof(text), ASK_QUEUE_FULL ", try again in about %u s", expected_s);
    struct ch_file_reply reply = {.ask = ask,
                                  .outcome = CH_FILE_FAILED,
                                  .http_status = 503,
                                  .retry_after_s = expected_s,
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .text = ch_str_of(text)};
    ask_file_reply(k, w, &reply);
}

void ask_file_failed(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t status,
                     uint32_t retry_after_s, const char *text)
{
    struct ch_buf told;
    ch_buf_init(&told, ch_limits.text_bytes);
    ask_put_error(k, ch_str_of(text), &told);
    struct ch_file_reply reply = {.ask = ask,
                                  .outcome = CH_FILE_FAILED,
                                  .http_status = status,
                                  .retry_after_s = retry_after_s,
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .text = ch_buf_str(&told)};
    ask_file_reply(k, w, &reply);
    ch_buf_done(&told);
}
