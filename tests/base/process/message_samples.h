/* What tests of messages share: texts and lists as long as may be, and the check that holds for
 * all. */
#ifndef CH_TEST_MESSAGE_SAMPLES_H
#define CH_TEST_MESSAGE_SAMPLES_H

#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "tests/ch_test.h"

/* A text of exactly n letters, each call another letter: a swapped field shows. */
struct ch_str text_of(size_t n);
struct ch_client client_of(void);
struct ch_repositories repositories_of(uint32_t count);
struct ch_sha256 digest_of(uint8_t byte);
void assert_same(struct ch_str a, struct ch_str b);
void assert_same_repositories(const struct ch_repositories *a, const struct ch_repositories *b);

/* Encodes `in`, decodes it into `out`, and checks what holds for every message: it fits its row,
 * and neither a shortened nor a lengthened payload is taken. */
#define ROUND_TRIP(name, type, in, out)                                                            \
    struct ch_buf b_;                                                                              \
    struct ch_err err_;                                                                            \
    ch_buf_init(&b_, ch_message_row(type)->max_bytes);                                             \
    ch_##name##_put(&b_, &(in));                                                                   \
    assert_ch_ok(&err_, ch_buf_ok(&b_, &err_));                                                    \
    assert_ch_ok(&err_, ch_##name##_get(ch_buf_str(&b_), &(out), &err_));                          \
    do {                                                                                           \
        struct ch_##name other_ = {0};                                                             \
        size_t step_ = b_.len > 70000 ? 4099 : 1;                                                  \
        for (size_t cut_ = 0; cut_ < b_.len; cut_ += step_) {                                      \
            assert_ch_code(CH_E_FORMAT,                                                            \
                           ch_##name##_get((struct ch_str){b_.ptr, cut_}, &other_, &err_));        \
        }                                                                                          \
        struct ch_buf more_;                                                                       \
        ch_buf_init(&more_, b_.len + 1);                                                           \
        ch_buf_puts(&more_, ch_buf_str(&b_));                                                      \
        ch_buf_putc(&more_, 0);                                                                    \
        assert_ch_code(CH_E_FORMAT, ch_##name##_get(ch_buf_str(&more_), &other_, &err_));          \
        ch_buf_done(&more_);                                                                       \
    } while (0)
#define DONE() ch_buf_done(&b_)

#endif
