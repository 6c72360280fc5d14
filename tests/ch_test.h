/* What every test file needs: cmocka with its prerequisites, and assertions that print ch_err. */
#ifndef CH_TEST_H
#define CH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "customhouse/bytes.h"
#include "customhouse/err.h"

#define assert_ch_ok(err, call)                                                                    \
    do {                                                                                           \
        (err)->msg[0] = '\0';                                                                      \
        enum ch_code rc_ = (call);                                                                 \
        if (rc_ != CH_OK) {                                                                        \
            fail_msg("%s: %s: %s", #call, ch_code_name(rc_), (err)->msg);                          \
        }                                                                                          \
    } while (0)

#define assert_ch_code(code, call)                                                                 \
    do {                                                                                           \
        enum ch_code rc_ = (call);                                                                 \
        if (rc_ != (code)) {                                                                       \
            fail_msg("%s: %s, expected %s", #call, ch_code_name(rc_), ch_code_name(code));         \
        }                                                                                          \
    } while (0)

#define assert_str_eq(actual, expected_literal)                                                    \
    do {                                                                                           \
        struct ch_str s_ = (actual);                                                               \
        if (!ch_str_eq(s_, ch_str_of(expected_literal))) {                                         \
            fail_msg("\"%.*s\" is not \"%s\"", CH_STR_ARG(s_), expected_literal);                  \
        }                                                                                          \
    } while (0)

#endif
