#include "base/config/calendar.h"

#include <time.h>

static const int64_t us_per_s = 1000000;

static bool split(int64_t at_us, struct tm *ret)
{
    int64_t s = at_us / us_per_s - (at_us % us_per_s < 0 ? 1 : 0);
    time_t t = (time_t)s;
    return gmtime_r(&t, ret) != NULL && ret->tm_year >= -1900 && ret->tm_year <= 8099;
}

static void put(struct ch_buf *b, int64_t at_us, bool minute)
{
    struct tm tm;
    char text[sizeof("YYYY-MM-DDTHH:MM:SSZ UTC")];
    if (split(at_us, &tm) &&
        (minute ? strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm)
                : strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm)) > 0) {
        ch_buf_puts(b, ch_str_of(text));
    } else {
        ch_buf_puts(b, CH_STR("a time out of range"));
    }
}

void ch_calendar_put_minute(struct ch_buf *b, int64_t at_us)
{
    put(b, at_us, true);
}

void ch_calendar_put_rfc3339(struct ch_buf *b, int64_t at_us)
{
    put(b, at_us, false);
}

bool ch_calendar_parse(struct ch_str text, int64_t *ret_at_us)
{
    static const char pattern[] = "0000-00-00T00:00:00Z";
    if (text.len != sizeof(pattern) - 1) {
        return false;
    }
    int number[6] = {0};
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (pattern[i] == '0' ? c < '0' || c > '9' : c != pattern[i]) {
            return false;
        }
        if (pattern[i] == '0') {
            number[at] = number[at] * 10 + (c - '0');
        } else {
            at++;
        }
    }
    struct tm tm = {.tm_year = number[0] - 1900, .tm_mon = number[1] - 1, .tm_mday = number[2],
                    .tm_hour = number[3], .tm_min = number[4], .tm_sec = number[5]};
    struct tm same = tm;
    time_t t = timegm(&same); /* moves 31 June to 1 July: then no such date was written */
    if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour ||
        same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec) {
        return false;
    }
    *ret_at_us = (int64_t)t * us_per_s;
    return true;
}
