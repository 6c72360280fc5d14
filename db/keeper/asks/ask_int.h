/* What ask.c and ask_file.c share. */
#ifndef KEEPER_ASK_INT_H
#define KEEPER_ASK_INT_H

#include "db/keeper/keeper_int.h"

/* Over budget (T14): it is the ask's turn later, or the queue is full. */
#define ASK_QUEUES     "it waits for its turn, since much that is new here is asked for at once"
#define ASK_QUEUE_FULL "too much that is new here is asked for at once"
/* The ask has waited, for budget mostly, and the page's own patience goes on. */
#define ASK_NO_INDEX "its upstream's index page has not come yet"

/* To the waiter's gateway, if there still is one; frees the payload. */
void ask_send(struct keeper *k, const struct waiter *w, uint16_t type, struct ch_buf *payload,
              int fd);
/* Appends an error as clients read it: without the folder that our files lie in, which is nobody's
 * business but of who reads our log. */
void ask_put_error(const struct keeper *k, struct ch_str text, struct ch_buf *b);
/* ask.c's answers about a page; `fresh_until` as gateways are told it. */
void ask_reply_page(struct keeper *k, const struct waiter *w, const struct ch_page_reply *reply);
void ask_send_documents(struct keeper *k, const struct waiter *w, struct ch_page_reply *reply,
                        const struct listing_documents *d);
uint64_t ask_fresh_until(struct keeper *k, int64_t checked_at_us, int64_t changes_at_us);
/* ask_beside.c: the upstream's own document beside this page, which can be answered from, or beside
 * all of a repository. False: the waiter was taken over. */
bool ask_page_beside(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_page *ask) CH_MUST_CHECK;
bool ask_all_beside(struct keeper *k, struct waiter *w,
                    const struct ch_ask_page *ask) CH_MUST_CHECK;
/* Another page is needed to answer. True: it can be looked at now, or was looked up already,
 * whatever came of it. False: the waiter is taken over, and asks again from its beginning once the
 * page has come, or its client is told why not. */
bool ask_needs_page(struct keeper *k, struct page *p, struct waiter *w) CH_MUST_CHECK;
/* The same of any number of further pages: whoever asks sees to it that they come to an end. */
bool ask_needs_another(struct keeper *k, struct page *p, struct waiter *w) CH_MUST_CHECK;
/* Answers or goes on waiting; the waiter is taken over. */
void ask_answer_file(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_file *ask);
/* It waits for budget or its page, and its client for no longer. */
void ask_file_waits(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t expected_s,
                    const char *what);
/* In how many seconds it makes sense to ask for this page again, which has failed; 0: not said. */
uint32_t ask_fail_retry_s(const struct keeper *k, const struct page *p);
/* There are too many that wait: 503. */
void ask_file_queue_full(struct keeper *k, const struct waiter *w, uint64_t ask,
                         uint32_t expected_s);
/* retry_after_s 0: not said. */
void ask_file_failed(struct keeper *k, const struct waiter *w, uint64_t ask, uint32_t status,
                     uint32_t retry_after_s, const char *text);

/* Tells the decision, and keeps what its page is found by. */
void ask_file_refused(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                      const struct ch_ask_file *ask, const struct ch_decision *d);

/* Either waits for the file's intake (w is taken over), or says WAIT when there is no patience
 * left. */
void ask_file_wait_for_intake(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                              const struct ch_ask_file *ask);

/* ask_listed.c: the file as it is judged for who asks for it. Of an index that waits for an image
 * in it which counts (images/image_listed.h) that is looked up, fetched, inspected: false, and w is
 * taken over. */
bool ask_judge(struct keeper *k, struct page *p, size_t file, struct waiter *w,
               const struct ch_ask_file *ask, struct ch_decision *ret) CH_MUST_CHECK;

/* What signing/images_answer.c answers with, and ask_file.c. */
void ask_file_reply(struct keeper *k, const struct waiter *w, const struct ch_file_reply *reply);
struct ch_file_reply ask_file_allowed(struct keeper *k, const struct ch_ask_file *ask);
/* Whether a client that waits is told so now; then it is answered, and w is gone. */
bool ask_file_out_of_patience(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                              const struct ch_ask_file *ask, uint32_t expected_s) CH_MUST_CHECK;

/* ask_exception.c: a refusal's page, and requests for exceptions. */
void ask_refusal(struct keeper *k, struct ch_channel *ch, struct ch_str payload);
void ask_exception(struct keeper *k, struct ch_channel *ch, struct ch_str payload);

#endif
