/* What people pushed to hosted repositories (part of store.h). Slices in rows are borrowed during
 * the call. */
#ifndef CUSTOMHOUSE_STORE_PUSHED_H
#define CUSTOMHOUSE_STORE_PUSHED_H

#include "customhouse/store.h"

enum ch_pushed_kind {
    CH_PUSHED = 1,      /* a manifest, and with `tag` what that stands for from now on */
    CH_PUSHED_GONE,     /* the manifest was taken away, with all tags of it */
    CH_PUSHED_TAG_GONE, /* this tag alone was */
};
struct ch_pushed_row {
    enum ch_pushed_kind kind;
    struct ch_str repository, project;
    struct ch_str tag; /* absent: by its digest */
    struct ch_sha256 sha256;
    struct ch_str media_type;
    uint64_t size_bytes;
    struct ch_str by;
    int64_t at_us;
    uint64_t id; /* given by ch_store_add_pushed */
};
enum ch_code ch_store_add_pushed(struct ch_store *s, struct ch_pushed_row *row,
                                 struct ch_err *err) CH_MUST_CHECK;
/* The manifest that is there now: of a tag, or (tag absent) by its digest. Its row is the newest
 * that pushed it so. CH_E_NOT_FOUND: none is. Strings are appended to `strings`, and *ret borrows
 * from it. */
enum ch_code ch_store_pushed(struct ch_store *s, struct ch_str repository, struct ch_str project,
                             struct ch_str tag, const struct ch_sha256 *sha256,
                             struct ch_pushed_row *ret, struct ch_buf *strings,
                             struct ch_err *err) CH_MUST_CHECK;
/* Of what is not there now: when it was taken away, and which manifest it was. CH_E_NOT_FOUND: it
 * never was. */
enum ch_code ch_store_pushed_gone(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, struct ch_str tag,
                                  const struct ch_sha256 *sha256, int64_t *ret_at_us,
                                  struct ch_sha256 *ret_sha256, struct ch_err *err) CH_MUST_CHECK;
/* All tags that stand for something now, in their order, each ended by a NUL. CH_E_NOT_FOUND:
 * nothing was ever pushed under this name. */
enum ch_code ch_store_pushed_tags(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, struct ch_buf *ret_tags,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Who pushed this manifest and took it away, oldest first. */
typedef void ch_store_pushed_fn(void *ctx, const struct ch_pushed_row *row);
enum ch_code ch_store_pushes_of(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                const struct ch_sha256 *sha256, ch_store_pushed_fn *each, void *ctx,
                                struct ch_err *err) CH_MUST_CHECK;

/* T24: the bytes may be named by what is pushed under this name. Once more: its age begins anew,
 * and they stay whose they are. */
enum ch_code ch_store_link_pushed(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, const struct ch_sha256 *sha256,
                                  uint64_t size_bytes, struct ch_str by, int64_t at_us,
                                  struct ch_err *err) CH_MUST_CHECK;
/* T14: so many bytes that lie there undecided (held and denied ones, too) came first from this
 * principal, and cannot be evicted; the same bytes under many names once. */
enum ch_code ch_store_pushed_undecided(struct ch_store *s, struct ch_str by, uint64_t *ret_bytes,
                                       struct ch_err *err) CH_MUST_CHECK;
/* CH_E_NOT_FOUND: they may not. */
enum ch_code ch_store_pushed_link(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, const struct ch_sha256 *sha256,
                                  uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;
/* And now they may not any more. CH_E_NOT_FOUND: they could not before. CH_E_BUSY: a manifest there
 * names them. */
enum ch_code ch_store_unlink_pushed_one(struct ch_store *s, struct ch_str repository,
                                        struct ch_str project, const struct ch_sha256 *sha256,
                                        struct ch_err *err) CH_MUST_CHECK;
/* The manifest names the bytes; and from `at_us` on it does no more, whatever it named or referred
 * to: their age begins then. */
enum ch_code ch_store_pushed_names(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, const struct ch_sha256 *manifest,
                                   const struct ch_sha256 *sha256,
                                   struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_pushed_names_none(struct ch_store *s, struct ch_str repository,
                                        struct ch_str project, const struct ch_sha256 *manifest,
                                        int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
/* The manifest refers to another one, there or not, which keeps nothing of that; and each there
 * that does. */
enum ch_code ch_store_pushed_refers(struct ch_store *s, struct ch_str repository,
                                    struct ch_str project, const struct ch_sha256 *manifest,
                                    const struct ch_sha256 *subject,
                                    struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_referrer_fn(void *ctx, const struct ch_sha256 *manifest);
enum ch_code ch_store_pushed_referrers(struct ch_store *s, struct ch_str repository,
                                       struct ch_str project, const struct ch_sha256 *subject,
                                       ch_store_referrer_fn *each, void *ctx,
                                       struct ch_err *err) CH_MUST_CHECK;
/* Links older than this of bytes that no manifest there names end: the bytes may be evicted. */
enum ch_code ch_store_unlink_pushed(struct ch_store *s, int64_t before_us, uint64_t *ret_ended,
                                    struct ch_err *err) CH_MUST_CHECK;

#endif
