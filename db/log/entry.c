/* Writing. */
#include "db/log/entry.h"

#include <string.h>

#include "db/log/entry_int.h"

/* RFC 8785 section 3.2.2.2: the short escapes where there are some, \u00xx for other controls. */
void ch_json_put(struct ch_buf *out, struct ch_str s)
{
    static const char shorts[] = "btn.fr"; /* 0x08 to 0x0d */
    ch_buf_putc(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\') {
            ch_buf_putc(out, '\\');
            ch_buf_putc(out, (char)c);
        } else if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
            ch_buf_putc(out, '\\');
            ch_buf_putc(out, shorts[c - 0x08]);
        } else if (c < 0x20) {
            ch_buf_printf(out, "\\u%04x", c);
        } else {
            ch_buf_putc(out, (char)c);
        }
    }
    ch_buf_putc(out, '"');
}

/* One U+FFFD for each byte that belongs to no character. */
static void put_text(struct ch_buf *out, struct ch_str s)
{
    if (ch_str_is_utf8(s)) {
        ch_json_put(out, s);
        return;
    }
    struct ch_buf clean;
    ch_buf_init(&clean, s.len * 3);
    for (size_t i = 0; i < s.len;) {
        size_t n = 1;
        while (n <= 4 && i + n <= s.len && !ch_str_is_utf8(ch_str_sub(s, i, n))) {
            n++;
        }
        bool whole = n <= 4 && i + n <= s.len;
        ch_buf_puts(&clean, whole ? ch_str_sub(s, i, n) : CH_STR("\xef\xbf\xbd"));
        i += whole ? n : 1;
    }
    ch_json_put(out, ch_buf_str(&clean));
    ch_buf_done(&clean);
}

static void put_key(struct ch_log_entry *e, const char *key)
{
    char *last = e->last[e->depth];
    CH_ASSERT(strlen(key) < CH_ENTRY_KEY_MAX && strcmp(last, key) < 0);
    if (last[0] != '\0') {
        ch_buf_putc(e->out, ',');
    }
    memcpy(last, key, strlen(key) + 1);
    ch_buf_printf(e->out, "\"%s\":", key);
}

void ch_log_entry_begin(struct ch_log_entry *e, struct ch_buf *out)
{
    *e = (struct ch_log_entry){.out = out};
    ch_buf_putc(out, '{');
}

void ch_log_entry_end(struct ch_log_entry *e)
{
    CH_ASSERT(e->depth == 0);
    ch_buf_putc(e->out, '}');
}

enum ch_code ch_log_entry_ok(const struct ch_log_entry *e, struct ch_err *err)
{
    return e->beyond[0] != '\0'
               ? ch_fail(err, CH_E_FORMAT,
                         "audit log: \"%s\" is beyond what an entry can say (%lld)", e->beyond,
                         CH_ENTRY_INT_MAX)
               : ch_buf_ok(e->out, err);
}

void ch_log_entry_open(struct ch_log_entry *e, const char *key)
{
    put_key(e, key);
    CH_ASSERT(e->depth + 1 < CH_ENTRY_DEPTH);
    e->last[++e->depth][0] = '\0';
    ch_buf_putc(e->out, '{');
}

void ch_log_entry_close(struct ch_log_entry *e)
{
    CH_ASSERT(e->depth > 0);
    e->depth--;
    ch_buf_putc(e->out, '}');
}

void ch_log_entry_str(struct ch_log_entry *e, const char *key, struct ch_str value)
{
    if (value.len > 0) {
        put_key(e, key);
        put_text(e->out, value);
    }
}

void ch_log_entry_int(struct ch_log_entry *e, const char *key, int64_t value)
{
    put_key(e, key);
    if ((value < -CH_ENTRY_INT_MAX || value > CH_ENTRY_INT_MAX) && e->beyond[0] == '\0') {
        memcpy(e->beyond, key, strlen(key) + 1); /* put_key knows that it fits */
    }
    ch_buf_printf(e->out, "%lld", (long long)value);
}

void ch_log_entry_bool(struct ch_log_entry *e, const char *key, bool value)
{
    put_key(e, key);
    ch_buf_puts(e->out, value ? CH_STR("true") : CH_STR("false"));
}

static void put_hex(struct ch_buf *out, const struct ch_sha256 *d)
{
    ch_buf_putc(out, '"');
    ch_buf_put_hex(out, d->byte, sizeof(d->byte));
    ch_buf_putc(out, '"');
}

void ch_log_entry_sha(struct ch_log_entry *e, const char *key, const struct ch_sha256 *value)
{
    if (!ch_sha256_is_zero(value)) {
        put_key(e, key);
        put_hex(e->out, value);
    }
}

void ch_log_entry_commitment(struct ch_log_entry *e, const char *key, const struct ch_sha256 *hmac)
{
    put_key(e, key);
    ch_buf_puts(e->out, CH_STR("{\"hmac\":"));
    put_hex(e->out, hmac);
    ch_buf_putc(e->out, '}');
}

/* RFC 2104, with SHA-256's block of 64 bytes. */
struct ch_sha256 ch_log_entry_commit_with(struct ch_hash *h,
                                          const uint8_t salt[CH_ENTRY_SALT_BYTES],
                                          struct ch_str text)
{
    enum { BLOCK = 64 };
    uint8_t pad[BLOCK + CH_SHA256_BYTES];
    memset(pad, 0x36, BLOCK);
    for (size_t i = 0; i < CH_ENTRY_SALT_BYTES; i++) {
        pad[i] ^= salt[i];
    }
    ch_hash_reset(h);
    ch_hash_add(h, pad, BLOCK);
    ch_hash_add(h, text.ptr != NULL ? text.ptr : "", text.len);
    struct ch_sha256 inner = ch_hash_end(h);
    for (size_t i = 0; i < BLOCK; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    memcpy(pad + BLOCK, inner.byte, sizeof(inner.byte));
    ch_hash_reset(h);
    ch_hash_add(h, pad, sizeof(pad));
    return ch_hash_end(h);
}

struct ch_sha256 ch_log_entry_commit(const uint8_t salt[CH_ENTRY_SALT_BYTES], struct ch_str text)
{
    struct ch_hash *h = ch_hash_new();
    struct ch_sha256 d = ch_log_entry_commit_with(h, salt, text);
    ch_hash_free(h);
    return d;
}
