#include "access_log.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"

static void on_timer(struct ch_timer *t)
{
    front_log_flush(CH_CONTAINER_OF(t, struct front_log, timer));
}

void front_log_init(struct front_log *log, struct ch_loop *loop, int fd, _Atomic uint64_t *lost)
{
    *log = (struct front_log){.loop = loop, .fd = fd, .second = -1, .lost = lost};
    log->timer.fn = on_timer;
    /* A line is bounded by the request's head; room for one beyond the mark. */
    ch_buf_init(&log->text, ch_limits.access_log_bytes + 16 * ch_limits.http_line_bytes);
}

void front_log_flush(struct front_log *log)
{
    ch_loop_cancel_timer(log->loop, &log->timer);
    struct ch_str left = ch_buf_str(&log->text);
    while (left.len > 0) {
        ssize_t n = write(log->fd, left.ptr, left.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) { /* a full disk costs lines of the log, not answers */
            atomic_fetch_add(log->lost, left.len);
            break;
        }
        left = ch_str_sub(left, (size_t)n, left.len);
    }
    ch_buf_clear(&log->text);
}

void front_log_done(struct front_log *log)
{
    if (log->loop != NULL) {
        front_log_flush(log);
        ch_buf_done(&log->text);
    }
}

/* Anything but printable ASCII is visibly escaped as \\xNN, a backslash doubled (T20): as JSON,
 * each of those backslashes is doubled once more. Runs of plain text are copied at once. */
static void put_piece(struct ch_buf *b, struct ch_str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') {
            continue;
        }
        ch_buf_puts(b, ch_str_sub(s, from, i - from));
        from = i + 1;
        if (c == '"') {
            ch_buf_puts(b, CH_STR("\\\""));
        } else if (c == '\\') {
            ch_buf_puts(b, CH_STR("\\\\\\\\"));
        } else {
            ch_buf_printf(b, "\\\\x%02x", c);
        }
    }
    ch_buf_puts(b, ch_str_sub(s, from, s.len));
}

/* A JSON string, without the tokens that a client has put where they do not belong. */
static void put_text(struct ch_buf *b, struct ch_str s)
{
    size_t at, end;
    ch_buf_putc(b, '"');
    while (ch_secret_find(s, &at, &end)) {
        put_piece(b, ch_str_sub(s, 0, at));
        ch_buf_puts(b, CH_STR(CH_SECRET_PREFIX "..."));
        s = ch_str_sub(s, end, s.len);
    }
    put_piece(b, s);
    ch_buf_putc(b, '"');
}

static void put_number(struct ch_buf *b, uint64_t v)
{
    char digits[20];
    size_t n = sizeof(digits);
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    ch_buf_put(b, digits + n, sizeof(digits) - n);
}

static void put_time(struct front_log *log, int64_t now_us)
{
    int64_t second = now_us / 1000000;
    if (second != log->second) {
        struct tm tm;
        time_t t = second;
        if (gmtime_r(&t, &tm) == NULL ||
            strftime(log->stamp, sizeof(log->stamp), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
            log->stamp[0] = '\0';
        }
        log->second = second;
    }
    ch_buf_puts(&log->text, ch_str_of(log->stamp));
    char ms[] = ".000Z";
    int64_t left = now_us / 1000 % 1000;
    for (size_t i = 3; i > 0; i--) {
        ms[i] = (char)('0' + left % 10);
        left /= 10;
    }
    ch_buf_puts(&log->text, CH_STR(ms));
}

/* "/t/TOKEN/..." is how some clients carry credentials: nothing behind /t/ is written. Nor is a
 * path that may hide a token from put_text by its encoding, even beside one that it does not. */
static struct ch_str loggable(struct ch_str path)
{
    if (ch_str_starts(path, CH_STR("/t/"))) {
        return CH_STR("/t/...");
    }
    bool encoded = ch_str_find_char(path, '%', NULL);
    return encoded && ch_secret_in_encoded(path) ? CH_STR("/...") : path;
}

void front_log_add(struct front_log *log, const struct ch_http_access *a, struct ch_str principal,
                   int64_t now_us)
{
    if (log->fd < 0) {
        return;
    }
    struct ch_buf *b = &log->text;
    size_t before = b->len;
    ch_buf_puts(b, CH_STR("{\"time\":\""));
    put_time(log, now_us);
    ch_buf_puts(b, CH_STR("\",\"id\":\""));
    char id[16];
    for (size_t i = 0; i < sizeof(id); i++) {
        id[sizeof(id) - 1 - i] = "0123456789abcdef"[(a->request_id >> (4 * i)) & 15];
    }
    ch_buf_put(b, id, sizeof(id));
    ch_buf_puts(b, CH_STR("\",\"peer\":"));
    put_text(b, a->peer);
    ch_buf_puts(b, CH_STR(",\"method\":"));
    put_text(b, a->method);
    ch_buf_puts(b, CH_STR(",\"path\":"));
    put_text(b, loggable(a->path));
    ch_buf_puts(b, CH_STR(",\"status\":"));
    put_number(b, a->status > 0 ? (uint64_t)a->status : 0);
    ch_buf_puts(b, CH_STR(",\"bytes\":"));
    put_number(b, a->body_bytes);
    ch_buf_puts(b, CH_STR(",\"us\":"));
    put_number(b, a->duration_us);
    ch_buf_puts(b, a->complete ? CH_STR(",\"complete\":true") : CH_STR(",\"complete\":false"));
    ch_buf_puts(b,
                a->tls ? CH_STR(",\"tls\":true,\"agent\":") : CH_STR(",\"tls\":false,\"agent\":"));
    put_text(b, a->user_agent);
    if (principal.len > 0) {
        ch_buf_puts(b, CH_STR(",\"principal\":"));
        put_text(b, principal);
    }
    if (a->rule.len > 0) {
        ch_buf_puts(b, CH_STR(",\"refused\":"));
        put_text(b, a->rule);
    }
    ch_buf_puts(b, CH_STR("}\n"));
    if (b->failed) { /* cannot be, by the bounds of a head; a half line must not stay */
        b->len = before;
        b->failed = false;
        atomic_fetch_add(log->lost, 1);
    }
    if (b->len >= ch_limits.access_log_bytes) {
        front_log_flush(log);
    } else if (before == 0) {
        ch_loop_set_timer(log->loop, &log->timer,
                          ch_loop_now_ms(log->loop) + ch_limits.access_log_ms);
    }
}
