#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/bytes.h"

void log_line(const char *event, const char *fmt, ...)
{
    char text[2048];
    char at[32];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm);
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    struct ch_buf line;
    ch_buf_init(&line, 4 * sizeof(text) + 256);
    ch_buf_printf(&line, "time=%s process=supervisor event=%s ", at, event);
    ch_buf_put_escaped(&line, ch_str_of(text));
    ch_buf_putc(&line, '\n');
    ssize_t n = write(STDERR_FILENO, line.ptr, line.len); /* a log that is gone stops nothing */
    CH_IGNORE(n < 0);
    ch_buf_done(&line);
}
