#include "customhouse/timefmt.h"

#include <stdio.h>
#include <time.h>

#define US_PER_SECOND INT64_C(1000000)

static const int64_t last_us = INT64_C(253402300799999999); /* end of the year 9999 */

/* Exactly `digits` digits at `at`; false when there is something else. */
static bool number(struct ch_str s, size_t at, size_t digits, unsigned *ret)
{
    unsigned v = 0;
    if (s.len < at + digits) {
        return false;
    }
    for (size_t i = at; i < at + digits; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return false;
        }
        v = v * 10 + (unsigned)(s.ptr[i] - '0');
    }
    *ret = v;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - 1;
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    for (unsigned m = 1; m < month; m++) {
        days += days_in_month(year, m);
    }
    return days + day - 1;
}

static bool fraction(struct ch_str digits, int64_t *ret_us)
{
    int64_t scale = US_PER_SECOND / 10;
    int64_t us = 0;
    if (digits.len < 1 || digits.len > 9) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') {
            return false;
        }
        us += (digits.ptr[i] - '0') * scale;
        scale /= 10;
    }
    *ret_us = us;
    return true;
}

bool ch_time_parse(struct ch_str s, int64_t *ret_us)
{
    enum { FIXED = sizeof("2024-01-17T16:53:12") - 1 };
    unsigned year, month, day, hour, minute, second;
    if (!number(s, 0, 4, &year) || !number(s, 5, 2, &month) || !number(s, 8, 2, &day) ||
        !number(s, 11, 2, &hour) || !number(s, 14, 2, &minute) || !number(s, 17, 2, &second) ||
        s.ptr[4] != '-' || s.ptr[7] != '-' || s.ptr[10] != 'T' || s.ptr[13] != ':' ||
        s.ptr[16] != ':') {
        return false;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    struct ch_str rest = ch_str_sub(s, FIXED, s.len);
    int64_t us = 0;
    if (ch_str_ends(rest, CH_STR("Z"))) {
        rest.len -= 1;
    } else if (ch_str_ends(rest, CH_STR("+00:00"))) {
        rest.len -= sizeof("+00:00") - 1;
    } else {
        return false;
    }
    if (rest.len > 0 && (rest.ptr[0] != '.' || !fraction(ch_str_sub(rest, 1, rest.len), &us))) {
        return false;
    }
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *ret_us = seconds * US_PER_SECOND + us;
    return true;
}

void ch_time_put(struct ch_buf *b, int64_t us, bool with_fraction)
{
    struct tm tm;
    time_t seconds = (time_t)(us / US_PER_SECOND);
    if (us < 0 || us > last_us || gmtime_r(&seconds, &tm) == NULL) {
        ch_buf_putc(b, '-');
        return;
    }
    ch_buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (with_fraction) {
        ch_buf_printf(b, ".%06d", (int)(us % US_PER_SECOND));
    }
    ch_buf_putc(b, 'Z');
}

bool ch_time_parse_bound(struct ch_str s, bool end, int64_t *ret_us)
{
    char full[64];
    if (s.len != sizeof("2024-01-17") - 1) {
        return ch_time_parse(s, ret_us);
    }
    snprintf(full, sizeof(full), "%.*s%s", CH_STR_ARG(s), end ? "T23:59:59.999999Z" : "T00:00:00Z");
    return ch_time_parse(ch_str_of(full), ret_us);
}
