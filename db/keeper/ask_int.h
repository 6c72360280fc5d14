/* What ask.c and ask_file.c share. */
#ifndef KEEPER_ASK_INT_H
#define KEEPER_ASK_INT_H

#include "keeper_int.h"

/* To the waiter's gateway, if there still is one; frees the payload. */
void ask_send(struct keeper *k, const struct waiter *w, uint16_t type, struct ch_buf *payload, int fd);
/* Answers or goes on waiting; the waiter is taken over. */
void ask_answer_file(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_file *ask);
void ask_file_failed(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t status,
                     const char *text);

#endif
