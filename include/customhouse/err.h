/* Errors: a code that callers branch on, and a message for people.
 *
 * Three classes exist (style.md 4.4): expected failures return a code and fill struct ch_err; bugs
 * abort through CH_ASSERT; out of memory aborts (sizes from outside are capped before allocation).
 * errno is turned into a code where the call is made and goes no further. Library code never logs. */
#ifndef CUSTOMHOUSE_ERR_H
#define CUSTOMHOUSE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include "customhouse/attr.h"

/* code, text, HTTP status a gateway answers with, whether trying again later can help */
#define CH_CODES(X)                                                                                \
    X(CH_OK, "ok", 200, false)                                                                     \
    X(CH_E_FORMAT, "malformed input", 502, false)                                                  \
    X(CH_E_LIMIT, "limit reached", 502, false)                                                     \
    X(CH_E_MISMATCH, "differs from what was stated", 502, false)                                   \
    X(CH_E_UNSUPPORTED, "not supported", 501, false)                                               \
    X(CH_E_USAGE, "wrong usage or configuration", 400, false)                                      \
    X(CH_E_NOT_FOUND, "not found", 404, false)                                                     \
    X(CH_E_EXISTS, "exists already", 409, false)                                                   \
    X(CH_E_CONFLICT, "changed meanwhile", 409, true)                                               \
    X(CH_E_DENIED, "not permitted", 403, false)                                                    \
    X(CH_E_HELD, "held", 403, true)                                                                \
    X(CH_E_BUSY, "busy", 503, true)                                                                \
    X(CH_E_TIMEOUT, "timed out", 504, true)                                                        \
    X(CH_E_CLOSED, "peer closed", 502, true)                                                       \
    X(CH_E_UPSTREAM, "upstream failed", 502, true)                                                 \
    X(CH_E_IO, "input or output failed", 500, true)                                                \
    X(CH_E_FULL, "no space left", 507, true)                                                       \
    X(CH_E_SYSTEM, "the system refused", 500, true)

enum ch_code {
#define CH_CODE_ENUM(code, text, status, retry) code,
    CH_CODES(CH_CODE_ENUM)
#undef CH_CODE_ENUM
        CH_CODE_COUNT
};

/* Owned by the caller; `msg` is one line, complete by itself ("wheel.whl: entry 3: ..."). */
struct ch_err {
    enum ch_code code;
    char msg[512];
};

const char *ch_code_name(enum ch_code code); /* "CH_E_FORMAT" */
const char *ch_code_text(enum ch_code code); /* "malformed input" */
int ch_code_http_status(enum ch_code code);
bool ch_code_retryable(enum ch_code code);

/* Fills `err` (which may be NULL) and returns `code`, so that `return ch_fail(...)` reads well. */
enum ch_code ch_fail(struct ch_err *err, enum ch_code code, const char *fmt, ...) CH_PRINTF(3, 4);

/* As ch_fail, for a failed system call: appends the text of `errnum` and maps it (ENOSPC and EDQUOT
 * to CH_E_FULL, EACCES and EPERM to CH_E_DENIED, ENOENT to CH_E_NOT_FOUND, ...). */
enum ch_code ch_fail_errno(struct ch_err *err, int errnum, const char *fmt, ...) CH_PRINTF(3, 4);

/* Puts "context: " before the message already in `err`; returns err->code. */
enum ch_code ch_wrap(struct ch_err *err, const char *fmt, ...) CH_PRINTF(2, 3);

/* Always on: a broken promise inside one process ends the process, and the supervisor restarts it. */
#define CH_ASSERT(cond) ((cond) ? (void)0 : ch_bug(__FILE__, __LINE__, __func__, #cond))
CH_NORETURN void ch_bug(const char *file, int line, const char *func, const char *what);

/* malloc family that aborts when memory is out. Free with free(). */
void *ch_alloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *ch_calloc(size_t count, size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *ch_realloc_array(void *ptr, size_t count, size_t size_bytes)
    __attribute__((returns_nonnull));

#endif
