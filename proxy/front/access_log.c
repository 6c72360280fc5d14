#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"

#define LOCKED_MS 10 /* until a file that another process has locked is tried again */
/* Gathered beyond the mark, at most, while the file is locked. */
#define GATHERED_LOCKED_BYTES (64u << 10)

static void on_timer(struct ch_timer *t)
{
    front_log_flush(CH_CONTAINER_OF(t, struct front_log, timer));
}

void front_log_init(struct front_log *log, struct ch_loop *loop, int fd,
                    struct front_log_lost *lost)
{
    *log = (struct front_log){.loop = loop, .fd = fd, .second = -1, .lost = lost};
    log->timer.fn = on_timer;
    /* A line is bounded by the request's head; room for one beyond the mark. */
    ch_buf_init(&log->text, ch_limits.access_log_bytes + GATHERED_LOCKED_BYTES +
                                16 * ch_limits.http_line_bytes);
}

/* Of the whole file, for one write: several processes append to one, and what is cut off after a
 * short write must be what this one has written. It is never waited for, since whoever may read the
 * file may lock it, too. */
static bool set_lock(int fd, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(fd, F_SETLK, &lock) == 0;
}

static size_t lines_in(struct ch_str text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    return lines;
}

static size_t write_all(int fd, struct ch_str text)
{
    size_t done = 0;
    while (done < text.len) {
        ssize_t n = write(fd, text.ptr + done, text.len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    return done;
}

/* What is left of a line would swallow the next one. `before`: the file's size, locked. */
static void cut_torn_line(int fd, off_t before, size_t done, size_t whole)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size == before + (off_t)done) {
        CH_IGNORE(ftruncate(fd, before + (off_t)whole) != 0); /* no worse than it was */
    }
}

/* A full disk costs lines of the log, not answers. */
static void write_lines(struct front_log *log, bool locked)
{
    struct stat st;
    struct ch_str text = ch_buf_str(&log->text);
    bool can_cut = locked && fstat(log->fd, &st) == 0 && S_ISREG(st.st_mode);
    size_t done = write_all(log->fd, text);
    if (done < text.len) {
        size_t whole = done;
        while (whole > 0 && text.ptr[whole - 1] != '\n') {
            whole--;
        }
        if (can_cut && whole < done) {
            cut_torn_line(log->fd, st.st_size, done, whole);
        }
        struct ch_str lost = ch_str_sub(text, whole, text.len);
        atomic_fetch_add(&log->lost->bytes, lost.len);
        atomic_fetch_add(&log->lost->lines, lines_in(lost));
    }
    ch_buf_clear(&log->text);
}

static void flush(struct front_log *log, bool at_once)
{
    ch_loop_cancel_timer(log->loop, &log->timer);
    if (log->text.len == 0) {
        return;
    }
    bool locked = set_lock(log->fd, F_WRLCK);
    if (!locked && !at_once && (errno == EAGAIN || errno == EACCES)) {
        ch_loop_set_timer(log->loop, &log->timer, ch_loop_now_ms(log->loop) + LOCKED_MS);
        return;
    }
    write_lines(log, locked);
    if (locked) {
        CH_IGNORE(!set_lock(log->fd, F_UNLCK));
    }
}

void front_log_flush(struct front_log *log)
{
    /* Somebody keeps it locked, and there is no room to wait for that any longer. */
    flush(log, log->text.len >= ch_limits.access_log_bytes + GATHERED_LOCKED_BYTES);
}

void front_log_flush_last(struct front_log *log)
{
    flush(log, true);
}

void front_log_done(struct front_log *log)
{
    if (log->loop != NULL) {
        front_log_flush_last(log);
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
        atomic_fetch_add(&log->lost->lines, 1);
    }
    if (b->len >= ch_limits.access_log_bytes) {
        front_log_flush(log);
    } else if (before == 0) {
        ch_loop_set_timer(log->loop, &log->timer,
                          ch_loop_now_ms(log->loop) + ch_limits.access_log_ms);
    }
}
