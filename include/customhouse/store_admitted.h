/* What clusters were told may run (part of store.h). Slices in rows are borrowed during the call.
 */
#ifndef CUSTOMHOUSE_STORE_ADMITTED_H
#define CUSTOMHOUSE_STORE_ADMITTED_H

#include "customhouse/store.h"

struct ch_admitted_row {
    uint64_t id; /* given by ch_store_add_admitted */
    struct ch_str repository;
    struct ch_str project;   /* its page, NAME@sha256:HEX */
    struct ch_sha256 sha256; /* of what was named */
    struct ch_sha256 runs;   /* of the image in it that a node takes; zero: of each */
    struct ch_str environment;
    struct ch_str name_space;
    int64_t at_us, last_at_us; /* the first time, and about the last */
};
enum ch_code ch_store_add_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                   struct ch_err *err) CH_MUST_CHECK;
/* The same image in the same place: its id and when it was last; CH_E_NOT_FOUND: it never was. */
enum ch_code ch_store_find_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                    struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_admitted_again(struct ch_store *s, uint64_t id, int64_t at_us,
                                     struct ch_err *err) CH_MUST_CHECK;
/* In how many places an image with this digest, or one of which a node takes it, was admitted. */
enum ch_code ch_store_count_admitted(struct ch_store *s, struct ch_str repository,
                                     const struct ch_sha256 *sha256, uint64_t *ret_count,
                                     struct ch_err *err) CH_MUST_CHECK;
/* The next rows behind `after`, at most `max`, in the order in which they came. */
typedef void ch_store_admitted_fn(void *ctx, const struct ch_admitted_row *row);
enum ch_code ch_store_admitted(struct ch_store *s, uint64_t after, uint64_t max,
                               ch_store_admitted_fn *each, void *ctx,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
