#include "customhouse/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *text;
    int http_status;
    bool retryable;
} rows[] = {
#define CH_CODE_ROW(code, text, status, retry) [code] = {#code, text, status, retry},
    CH_CODES(CH_CODE_ROW)
#undef CH_CODE_ROW
};
_Static_assert(CH_ARRAY_LEN(rows) == CH_CODE_COUNT, "one row per code");

const char *ch_code_name(enum ch_code code)
{
    return (size_t)code < CH_CODE_COUNT ? rows[code].name : "CH_E_?";
}

const char *ch_code_text(enum ch_code code)
{
    return (size_t)code < CH_CODE_COUNT ? rows[code].text : "unknown error";
}

int ch_code_http_status(enum ch_code code)
{
    return (size_t)code < CH_CODE_COUNT ? rows[code].http_status : 500;
}

bool ch_code_retryable(enum ch_code code)
{
    return (size_t)code < CH_CODE_COUNT && rows[code].retryable;
}

/* `fmt` may be about err->msg itself: printed into its own place it would come out garbled. */
CH_PRINTF(2, 0) static int put(struct ch_err *err, const char *fmt, va_list va)
{
    char text[sizeof(err->msg)];
    int n = vsnprintf(text, sizeof(text), fmt, va);
    snprintf(err->msg, sizeof(err->msg), "%s", text);
    return n;
}

enum ch_code ch_fail(struct ch_err *err, enum ch_code code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list va;
        va_start(va, fmt);
        err->code = code;
        put(err, fmt, va);
        va_end(va);
    }
    return code;
}

static enum ch_code code_of_errno(int errnum)
{
    static const struct {
        int errnum;
        enum ch_code code;
    } map[] = {
        {ENOSPC, CH_E_FULL},      {EDQUOT, CH_E_FULL},      {EFBIG, CH_E_LIMIT},
        {EMFILE, CH_E_LIMIT},     {ENFILE, CH_E_LIMIT},     {EACCES, CH_E_DENIED},
        {EPERM, CH_E_DENIED},     {EROFS, CH_E_DENIED},     {ENOENT, CH_E_NOT_FOUND},
        {ENOTDIR, CH_E_NOT_FOUND}, {EEXIST, CH_E_EXISTS},   {EPIPE, CH_E_CLOSED},
        {ECONNRESET, CH_E_CLOSED}, {ETIMEDOUT, CH_E_TIMEOUT}, {EAGAIN, CH_E_BUSY},
        {EIO, CH_E_IO},           {EADDRINUSE, CH_E_USAGE},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(map); i++) {
        if (map[i].errnum == errnum) {
            return map[i].code;
        }
    }
    return CH_E_SYSTEM;
}

enum ch_code ch_fail_errno(struct ch_err *err, int errnum, const char *fmt, ...)
{
    enum ch_code code = code_of_errno(errnum);
    if (err != NULL) {
        va_list va;
        va_start(va, fmt);
        err->code = code;
        int n = put(err, fmt, va);
        va_end(va);
        if (n >= 0 && (size_t)n < sizeof(err->msg)) {
            snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %s", strerrordesc_np(errnum));
        }
    }
    return code;
}

enum ch_code ch_wrap(struct ch_err *err, const char *fmt, ...)
{
    if (err == NULL) {
        return CH_E_SYSTEM;
    }
    char inner[sizeof(err->msg)];
    snprintf(inner, sizeof(inner), "%s", err->msg);
    va_list va;
    va_start(va, fmt);
    int n = put(err, fmt, va);
    va_end(va);
    if (n >= 0 && (size_t)n + 3 < sizeof(err->msg)) {
        int room = (int)(sizeof(err->msg) - (size_t)n - 3); /* ": " and NUL */
        snprintf(err->msg + n, sizeof(err->msg) - (size_t)n, ": %.*s", room, inner);
    }
    return err->code;
}

CH_NORETURN void ch_bug(const char *file, int line, const char *func, const char *what)
{
    dprintf(STDERR_FILENO, "bug: %s:%d: %s: %s\n", file, line, func, what);
    abort();
}

void *ch_alloc(size_t size_bytes)
{
    void *p = malloc(size_bytes > 0 ? size_bytes : 1);
    CH_ASSERT(p != NULL);
    return p;
}

void *ch_calloc(size_t count, size_t size_bytes)
{
    void *p = calloc(count > 0 ? count : 1, size_bytes > 0 ? size_bytes : 1);
    CH_ASSERT(p != NULL);
    return p;
}

void *ch_realloc_array(void *ptr, size_t count, size_t size_bytes)
{
    void *p = reallocarray(ptr, count > 0 ? count : 1, size_bytes > 0 ? size_bytes : 1);
    CH_ASSERT(p != NULL);
    return p;
}
