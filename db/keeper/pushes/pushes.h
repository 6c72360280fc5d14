/* Hosted repositories: what people push to them, and what the keeper's other parts read of that.
 *
 * What was pushed is an upstream (ch_upstream.hosted): its pages are answered from the store
 * instead of by the fetcher, its files are the blobs that were uploaded. From there on a pushed
 * image takes the way of a mirrored one: one parser, one inspection, one decision (judge.c), one
 * route to the bytes. T21: each ask is checked against the token that came with it. T24: a manifest
 * names nothing but what was uploaded, or mounted, under its own name. */
#ifndef KEEPER_PUSHES_H
#define KEEPER_PUSHES_H

#include "db/keeper/keeper_int.h"

void pushes_init(struct keeper *k);
void pushes_done(struct keeper *k); /* before jobs and offload end */
/* CH_MSG_ASK_PUSH. */
void pushes_on_ask(struct keeper *k, struct ch_channel *ch, struct ch_str payload);

/* A manifest that is denied: its page (NAME@sha256:HEX), and the log's entry of the decision. */
struct pushed_denied {
    struct ch_str page;
    uint64_t decision;
};
/* Takes them away from a hosted repository, each with all tags of it, in one act: all of them or
 * none, durable, and in the log for which decision. Bytes that nothing else names go after a while
 * (T24); what is known of them stays. What is not there any more is passed over. The pages answer
 * as before until pushes_look_at. CH_E_USAGE: one is no page of a pushed manifest. */
enum ch_code pushes_take_away(struct keeper *k, const struct ch_repository *r,
                              const struct pushed_denied *list, size_t count, struct ch_str by,
                              struct ch_err *err) CH_MUST_CHECK;
/* Has the page looked at now. */
void pushes_look_at(struct keeper *k, struct ch_str repository, const char *page);

/* --- hosted.c: the upstream --- */

/* As jobs_fetch, of a document of a hosted repository's page. */
uint64_t hosted_fetch(struct keeper *k, struct page *p, const struct ch_fetch *fetch, int fd,
                      fetch_done_fn *done, void *ctx);
/* Whether nothing was pushed or taken away since the page was looked at: else it is looked at
 * before it answers. */
bool hosted_is_fresh(const struct keeper *k, const struct page *p);
/* Its look-up has ended. True: something was pushed, or taken away, since it began, so that it is
 * looked at once more before anybody is answered: whoever was told that a push is done finds it. */
bool hosted_looks_again(struct keeper *k, struct page *p);
/* Its look-up failed: the next who asks looks again. */
void hosted_forget(struct page *p);
/* Whether the bytes are linked where the page is: they may stand for its file. */
bool hosted_has(struct keeper *k, const struct page *p, const struct ch_sha256 *sha256);
/* The page was looked at anew: what has come with it is inspected, whoever asks. */
void hosted_page_came(struct keeper *k, struct page *p);
/* Whether this page has a listing that is not pushed there any more: to clients it is not there. */
bool hosted_is_gone(const struct page *p, size_t file);

bool hosted_is(const struct keeper *k, struct ch_str repository);
/* Whether the manifest of this page, of a repository, is there now; of one that is not hosted it
 * is. */
bool hosted_is_there(struct keeper *k, struct ch_str repository, struct ch_str page,
                     const struct ch_sha256 *sha256);

/* --- referrers.c --- */

struct referrers {
    struct ch_str repository;
    struct ch_str project;
    struct ch_sha256 subject;
    struct ch_str subject_text; /* "sha256:HEX" */
    struct ch_str filter;       /* of this artifactType alone; absent: all */
};
/* Appends a descriptor of each pushed manifest that refers to the subject and may be had, to a list
 * that is open; none in a repository that is not hosted. *ret_later: of another one the log is yet
 * to have the decision. Loads pages. CH_E_LIMIT: more than fit. */
enum ch_code referrers_put(struct keeper *k, const struct referrers *of, struct ch_buf *b,
                           bool *ret_later, struct ch_err *err) CH_MUST_CHECK;

#endif
