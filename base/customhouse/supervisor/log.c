#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/log.h"

void log_put_visible(struct ch_buf *b, struct ch_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\') {
            ch_buf_putc(b, '\\');
        } else {
            ch_buf_put_escaped(b, ch_str_sub(text, i, 1));
        }
    }
}

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
    char who[64];
    snprintf(who, sizeof(who), "time=%s process=supervisor", at);
    ch_log(who, "%s event=%s %s", who, event, text);
}
