#include "customhouse/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CUT "..."

static _Atomic uint64_t lost;
static _Atomic uint64_t told; /* of them */
/* A file that had no room for all of a line (no pipe does that): the next one starts anew. */
static atomic_bool torn;

static bool write_all(int fd, const char *text, size_t len)
{
    ssize_t n;
    if (atomic_exchange(&torn, false)) {
        CH_IGNORE(write(fd, "\n", 1) < 0);
    }
    do {
        n = write(fd, text, len);
    } while (n < 0 && errno == EINTR);
    if (n > 0 && (size_t)n < len) {
        atomic_store(&torn, true);
    }
    return n == (ssize_t)len;
}

/* What is lost and not told yet goes before a line, and in one write with it: else a pipe that has
 * room for this alone would fill up with it. Returns its size; *ret_count lines are told if that
 * write succeeds. */
static size_t put_lost(const char *who, char *out, size_t size, uint64_t *ret_count)
{
    uint64_t before = atomic_load(&told);
    uint64_t all = atomic_load(&lost);
    *ret_count = 0;
    if (all <= before || !atomic_compare_exchange_strong(&told, &before, all)) {
        return 0; /* or another thread says it */
    }
    *ret_count = all - before;
    int n = snprintf(out, size, "%.64s event=log-lost lines=%llu\n", who,
                     (unsigned long long)*ret_count);
    CH_ASSERT(n > 0 && (size_t)n < size);
    return (size_t)n;
}

static void put_one(const char *who, int fd, struct ch_str text)
{
    char out[PIPE_BUF];
    uint64_t telling;
    size_t before = put_lost(who, out, sizeof(out) - CH_LOG_LINE_MAX, &telling);
    char *line = out + before;
    size_t room = CH_LOG_LINE_MAX - 1;
    size_t len = 0;
    size_t cut = 0; /* where there is still room for CUT */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = c >= 0x20 && c <= 0x7e;
        size_t needs = plain ? 1 : 4;
        if (len <= room - strlen(CUT)) {
            cut = len;
        }
        if (len + needs > room) {
            memcpy(line + cut, CUT, strlen(CUT));
            len = cut + strlen(CUT);
            break;
        }
        if (plain) {
            line[len] = (char)c;
        } else {
            static const char hex[] = "0123456789abcdef";
            const char shown[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            memcpy(line + len, shown, sizeof(shown));
        }
        len += needs;
    }
    line[len++] = '\n';
    if (!write_all(fd, out, before + len)) {
        atomic_fetch_sub(&told, telling);
        atomic_fetch_add(&lost, 1);
    }
}

void ch_log_put(const char *who, int fd, struct ch_str lines)
{
    while (lines.len > 0) {
        const char *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end != NULL ? (size_t)(end - lines.ptr) : lines.len;
        put_one(who, fd, ch_str_sub(lines, 0, len));
        lines = ch_str_sub(lines, end != NULL ? len + 1 : len, lines.len);
    }
}

void ch_log(const char *who, const char *fmt, ...)
{
    char text[CH_LOG_LINE_MAX + 1]; /* one byte more than fits, for put_one to see that it is cut */
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    if (n > 0) {
        put_one(who, STDERR_FILENO, (struct ch_str){text, strlen(text)});
    }
}

uint64_t ch_log_lost(void)
{
    return atomic_load(&lost);
}
