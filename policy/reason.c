#include "policy_int.h"

#include <stdio.h>

#include "customhouse/timefmt.h"

enum { FOREIGN_MAX = 80 }; /* bytes of foreign text in a reason */

/* What does not fit ends in "..."; bytes other than printable ASCII cannot be left here, but a
 * mistake must not reach a terminal. */
void ch_reason_set(char *ret, size_t size, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, (size_t)CH_REASON_ROOM * 4);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c >= ' ' && c <= '~') {
            ch_buf_putc(&b, c);
        } else {
            ch_buf_put_escaped(&b, ch_str_sub(text, i, 1));
        }
    }
    struct ch_str s = ch_buf_str(&b);
    bool whole = s.len < size;
    (void)snprintf(ret, size, "%.*s%s", (int)(whole ? s.len : size - sizeof("...")),
                   s.ptr != NULL ? s.ptr : "", whole ? "" : "...");
    ch_buf_done(&b);
}

void ch_reason_foreign(struct ch_buf *b, const char *who, struct ch_str text)
{
    if (text.len == 0) {
        return;
    }
    ch_buf_printf(b, ", %s: ", who);
    ch_buf_put_escaped(b, ch_str_sub(text, 0, FOREIGN_MAX));
    if (text.len > FOREIGN_MAX) {
        ch_buf_puts(b, CH_STR("..."));
    }
}

void ch_reason_minute(struct ch_buf *b, int64_t at_us)
{
    enum { DATE = sizeof("YYYY-MM-DD") - 1, MINUTE = sizeof("HH:MM") - 1 };
    struct ch_buf text;
    ch_buf_init(&text, CH_REASON_ROOM);
    ch_time_put(&text, at_us, false);
    struct ch_str s = ch_buf_str(&text);
    if (s.len > DATE + 1 + MINUTE) {
        ch_buf_puts(b, ch_str_sub(s, 0, DATE));
        ch_buf_putc(b, ' ');
        ch_buf_puts(b, ch_str_sub(s, DATE + 1, MINUTE));
        ch_buf_puts(b, CH_STR(" UTC"));
    } else {
        ch_buf_puts(b, CH_STR("a time out of range"));
    }
    ch_buf_done(&text);
}

void ch_reason_days(struct ch_buf *b, int64_t span_us)
{
    bool days = span_us >= DAY_US;
    int64_t n = span_us / (days ? DAY_US : HOUR_US);
    if (n == 0) {
        ch_buf_puts(b, CH_STR("less than an hour"));
        return;
    }
    ch_buf_printf(b, "%lld %s%s", (long long)n, days ? "day" : "hour", n == 1 ? "" : "s");
}

void ch_reason_quote(struct ch_buf *b, struct ch_str text)
{
    ch_buf_putc(b, '"');
    ch_buf_put_escaped(b, ch_str_sub(text, 0, FOREIGN_MAX));
    ch_buf_puts(b, ch_str_of(text.len > FOREIGN_MAX ? "...\"" : "\""));
}
