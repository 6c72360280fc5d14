/* What ask.c and ask_file.c share. */
#ifndef KEEPER_ASK_INT_H
#define KEEPER_ASK_INT_H

#include "keeper_int.h"

/* Over budget (T14): it is the ask's turn later, or the queue is full. */
#define ASK_QUEUES     "it waits for its turn, since much that is new here is asked for at once"
#define ASK_QUEUE_FULL "too much that is new here is asked for at once"

/* To the waiter's gateway, if there still is one; frees the payload. */
void ask_send(struct keeper *k, const struct waiter *w, uint16_t type, struct ch_buf *payload, int fd);
/* Answers or goes on waiting; the waiter is taken over. */
void ask_answer_file(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_file *ask);
/* It waits for budget, and its client for no longer. */
void ask_file_queues(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t expected_s);
/* There are too many that wait: 503. */
void ask_file_queue_full(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t expected_s);
void ask_file_failed(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t status,
                     const char *text);

/* ask_exception.c: a refusal's page, and requests for exceptions. */
void ask_refusal(struct keeper *k, struct ch_channel *ch, struct ch_str payload);
void ask_exception(struct keeper *k, struct ch_channel *ch, struct ch_str payload);

#endif
