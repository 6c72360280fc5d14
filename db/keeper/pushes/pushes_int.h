/* Between the files of this folder. */
#ifndef KEEPER_PUSHES_INT_H
#define KEEPER_PUSHES_INT_H

#include "customhouse/message_push.h"
#include "customhouse/store_pushed.h"
#include "db/keeper/people/people.h"
#include "db/people/people.h"
#include "pushes.h"

struct pushes {
    struct keeper *k;
    struct ch_map *uploads; /* by id */
    struct ch_timer idle;
    struct ch_timer stale; /* bytes that no manifest names are let go */
    uint64_t changes; /* of what is pushed: pages that were looked at before are looked at again */
    size_t reading;   /* manifests in the jail */
    struct reading *list; /* those */
};

/* An ask, as it is answered: slices of its payload. */
struct push {
    struct keeper *k;
    uint32_t gateway;
    uint64_t gateway_serial;
    struct ch_ask_push ask;
    const struct ch_repository *repository;
    const struct ch_ecosystem *eco;
    struct principal who;
    bool late; /* it goes on with what began while its token was good: one of some images may have
                  ended meanwhile by time, and by nothing else */
};

/* The answer; `fd` -1: none goes with it, else it stays the caller's. */
void push_reply(const struct push *p, struct ch_push_reply *reply, int fd);
/* An error: status, its code, and why. */
void push_refuse(const struct push *p, uint32_t status, const char *code, const char *fmt, ...)
    CH_PRINTF(4, 5);
/* What came of storing something, as an error. */
void push_refuse_store(const struct push *p, enum ch_code code, const struct ch_err *err);
#define PUSH_OTHER_DIGEST "bytes are known here by sha256 and sha512, and by no other digest"
/* Where it is pushed, and that its token may do it now: sets `repository`, `eco` and `who`. False:
 * it was answered. What takes its time asks once more before it has an effect. */
bool push_allowed(struct push *p);
/* Whether the token is for pulling from there, too, "REPOSITORY/NAME": any but one of some images.
 */
bool push_may_pull(const struct push *p, struct ch_str name);
/* `reference` says a digest of bytes that are known; else that was answered. */
bool push_digest(const struct push *p, struct ch_sha256 *ret);
/* Something is there, or gone, since this moment. */
void pushes_changed(struct keeper *k);
/* Whether these bytes were uploaded under this name, and are there. CH_E_NOT_FOUND: they were not,
 * or are not any more: then they are uploaded again. */
enum ch_code pushes_find(struct keeper *k, const struct push *p, const struct ch_sha256 *sha256,
                         uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;
/* Bytes that are in the blob store count as uploaded under this name, from now on: in the open
 * group, and so no eviction takes them after it. CH_E_NOT_FOUND: one has taken them in this moment.
 */
enum ch_code pushes_keep(struct keeper *k, const struct push *p, const struct ch_sha256 *sha256,
                         uint64_t size_bytes, struct ch_err *err) CH_MUST_CHECK;
/* Bytes that came into the blob store, and of which nothing came: they count, and are evicted as
 * any that are undecided. */
void pushes_leave(struct keeper *k, const struct ch_sha256 *sha256, uint64_t size_bytes);

/* --- uploads.c --- */
/* T14: whether who pushes may have so many bytes more, beside what they have: of the quota of
 * undecided bytes it has its share, so that others' pushes and all that is fetched go on. `but` (an
 * upload's part, NULL: none) is not counted. False: that was answered. */
bool uploads_share(const struct push *p, const uint64_t *but, uint64_t bytes);
void uploads_on_ask(struct push *p);
/* Whether the ask goes on with an upload that the same token began, or writes. */
bool uploads_goes_on(const struct push *p);
/* WROTE: the gateway's WRITE of this number has ended. It needs no right: nothing comes of it but
 * that others may go on with the upload, and a token can end while its request runs. */
void uploads_wrote(const struct push *p);
/* A new one. */
void uploads_begin(struct push *p);
void uploads_done(struct pushes *all);
void uploads_on_idle(struct ch_timer *t);

/* --- blobs.c --- */
void uploads_mount(struct push *p);
void blobs_look(struct push *p);
void blobs_take_away(struct push *p);
/* Whether these bytes are there for this name; then they stay for a while. */
bool blobs_is_here(struct push *p, const struct ch_sha256 *sha256);
void blobs_reply_there(const struct push *p, const struct ch_sha256 *sha256); /* 201 */

/* --- manifests.c --- */
void manifests_put(struct push *p, struct ch_str payload);
void manifests_done(struct pushes *all);

/* --- pushed.c --- */
void manifests_look(struct push *p);
void manifests_delete(struct push *p);

#endif
