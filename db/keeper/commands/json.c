#include "json.h"

#include <stdio.h>
#include <time.h>

static void name_of(struct ch_buf *b, const char *name)
{
    char last = b->len > 0 ? b->ptr[b->len - 1] : '{';
    ch_buf_printf(b, "%s\"%s\":", last != '{' && last != '[' ? "," : "", name);
}

void json_field(struct ch_buf *b, const char *name, struct ch_str value)
{
    name_of(b, name);
    ch_buf_put_json(b, value);
}

void json_number(struct ch_buf *b, const char *name, uint64_t value)
{
    name_of(b, name);
    ch_buf_printf(b, "%llu", (unsigned long long)value);
}

void json_bool(struct ch_buf *b, const char *name, bool value)
{
    name_of(b, name);
    ch_buf_puts(b, value ? CH_STR("true") : CH_STR("false"));
}

void json_digest(struct ch_buf *b, const char *name, const struct ch_sha256 *value)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(value, hex);
    json_field(b, name, ch_str_of(hex));
}

void json_time(struct ch_buf *b, const char *name, int64_t at_us)
{
    char text[40];
    if (at_us != CH_TIME_UNKNOWN) {
        command_time(at_us, text, sizeof(text));
        json_field(b, name, ch_str_of(text));
    }
}

void json_open(struct ch_buf *b, const char *name, char bracket)
{
    name_of(b, name);
    ch_buf_putc(b, bracket);
}

void command_time(int64_t at_us, char *ret, size_t size)
{
    struct tm tm;
    time_t t = (time_t)(at_us / 1000000);
    if (at_us == CH_TIME_UNKNOWN || gmtime_r(&t, &tm) == NULL ||
        strftime(ret, size, "%Y-%m-%d %H:%M UTC", &tm) == 0) {
        snprintf(ret, size, "unknown");
    }
}
