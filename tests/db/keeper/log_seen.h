/* What a house's audit log has. */
#ifndef LOG_SEEN_H
#define LOG_SEEN_H

#include "house.h"

#include "db/log/entry.h"

uint64_t log_written(const struct house *h);
/* Until all that the store has is under a checkpoint. */
void log_until_written(struct house *h);
void log_until_trouble(struct house *h);
/* "genesis policy ...": the kinds of all entries; each is canonical, has its version, and its row.
 */
struct ch_buf log_kinds(struct house *h);
/* The newest entry of a kind; its bytes in `ret`. */
struct ch_log_entry_fields log_newest(struct house *h, const char *kind, struct ch_buf *ret,
                                      uint64_t *ret_index);
/* How many of an entry's commitments stand for something with this text in it. */
size_t log_hidden(struct house *h, uint64_t index, const struct ch_log_entry_fields *f,
                  const char *text);
/* T26: the entry does not have the text, the store opens its commitment. */
void log_assert_hidden(struct house *h, uint64_t index, const struct ch_log_entry_fields *f,
                       struct ch_str entry, const char *text);

#define assert_field(f, key, text)                                                                 \
    do {                                                                                           \
        struct ch_buf b_;                                                                          \
        ch_buf_init(&b_, 512);                                                                     \
        assert_true(ch_log_entry_get_str(f, key, &b_));                                            \
        assert_str_eq(ch_buf_str(&b_), text);                                                      \
        ch_buf_done(&b_);                                                                          \
    } while (0)

#endif
