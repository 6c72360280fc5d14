#include "customhouse/secret.h"

#include <strings.h>

#include "customhouse/ascii.h"

bool ch_secret_find(struct ch_str s, size_t *ret_at, size_t *ret_end)
{
    const size_t prefix = sizeof(CH_SECRET_PREFIX) - 1;
    size_t from = 0, under;
    while (ch_str_find_char(ch_str_sub(s, from, s.len), CH_SECRET_PREFIX[prefix - 1], &under)) {
        size_t first = from + under + 1, end = first;
        bool begins =
            first >= prefix && strncasecmp(s.ptr + first - prefix, CH_SECRET_PREFIX, prefix) == 0;
        /* Written in capitals it is no token, but easily made one again. */
        while (begins && end < s.len && end - first < CH_SECRET_DIGITS &&
               ch_hex_digit(s.ptr[end]) >= 0) {
            end++;
        }
        if (end - first >= CH_SECRET_DIGITS_MIN) {
            *ret_at = first - prefix;
            *ret_end = end;
            return true;
        }
        from = first;
    }
    return false;
}

bool ch_secret_in(struct ch_str s)
{
    size_t at, end;
    return ch_secret_find(s, &at, &end);
}

bool ch_secret_in_encoded(struct ch_str s)
{
    struct ch_buf plain;
    bool found = ch_secret_in(s);
    if (found || !ch_str_find_char(s, '%', NULL)) {
        return found;
    }
    ch_buf_init(&plain, s.len);
    for (size_t i = 0; i < s.len; i++) {
        int high = s.ptr[i] == '%' && i + 2 < s.len ? ch_hex_digit(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? ch_hex_digit(s.ptr[i + 2]) : -1;
        ch_buf_putc(&plain, low >= 0 ? (char)(high << 4 | low) : s.ptr[i]);
        i += low >= 0 ? 2 : 0;
    }
    found = ch_secret_in(ch_buf_str(&plain));
    ch_buf_done(&plain);
    return found;
}

void ch_buf_put_without_secrets(struct ch_buf *b, struct ch_str s)
{
    size_t at, end;
    while (ch_secret_find(s, &at, &end)) {
        ch_buf_puts(b, ch_str_sub(s, 0, at));
        ch_buf_puts(b, CH_STR(CH_SECRET_PREFIX "..."));
        s = ch_str_sub(s, end, s.len);
    }
    ch_buf_puts(b, s);
}

bool ch_url_find_userinfo(struct ch_str url, size_t *ret_from, size_t *ret_len)
{
    size_t scheme = 0;
    if (!ch_str_find(url, CH_STR("://"), &scheme)) {
        return false;
    }
    size_t from = scheme + 3;
    size_t end = from;
    size_t at = 0;
    bool found = false;
    for (; end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?' && url.ptr[end] != '#';
         end++) {
        if (url.ptr[end] == '@') {
            at = end; /* the last one: what stands before may hold an unescaped one */
            found = true;
        }
    }
    *ret_from = from;
    *ret_len = found ? at - from : 0;
    return found;
}

void ch_buf_put_without_userinfo(struct ch_buf *b, struct ch_str url)
{
    size_t from = 0;
    size_t len = 0;
    if (!ch_url_find_userinfo(url, &from, &len)) {
        ch_buf_puts(b, url);
        return;
    }
    ch_buf_puts(b, ch_str_sub(url, 0, from));
    ch_buf_puts(b, ch_str_sub(url, from + len + 1, url.len));
}
