/* Uploads: begun, sent in one piece or many, looked at, finished, cancelled. Bytes go from the
 * connection into the file that the keeper opened, as they come; how far they have come is said by
 * the keeper alone, so that any gateway goes on where another one stopped.
 *
 *   POST                      BEGIN                                         202
 *   POST ?mount=&from=        MOUNT                                         201, or 202
 *   POST ?digest=  (bytes)    BEGIN, WRITE [, MORE], WROTE, FINISH          201
 *   PATCH          (bytes)           WRITE [, MORE], WROTE                  202
 *   PUT ?digest=  [(bytes)]          [WRITE [, MORE], WROTE,] FINISH        201
 *   GET                       STATUS                                        204
 *   DELETE                    CANCEL                                        204 */
#include "push.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ answers */

static void respond_state(struct gw_push *p, int status, uint64_t bytes)
{
    struct ch_buf location, range;
    ch_buf_init(&location, ch_limits.url_bytes);
    ch_buf_init(&range, 64);
    gw_push_location(p, "blobs/uploads", p->upload, &location);
    ch_buf_printf(&range, "0-%llu", (unsigned long long)(bytes > 0 ? bytes - 1 : 0));
    const struct ch_http_header headers[] = {
        {CH_STR("Location"), ch_buf_str(&location)},
        {CH_STR("Range"), ch_buf_str(&range)}, /* docker's client reads it, and fails without */
        {CH_STR("Docker-Upload-UUID"), ch_str_of(p->upload)},
        {CH_STR("Cache-Control"), CH_STR("no-store")},
    };
    gw_push_done(p, status, headers, CH_ARRAY_LEN(headers));
    ch_buf_done(&location);
    ch_buf_done(&range);
}

static void on_state(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    (void)frame;
    if (p->upload[0] == '\0') {
        snprintf(p->upload, sizeof(p->upload), "%.*s", CH_STR_ARG(m->upload));
    }
    respond_state(p, p->op == CH_PUSH_STATUS ? 204 : 202, m->offset);
}

static void on_there(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    struct ch_buf digest, location;
    if (m->http_status == 202) { /* it could not be mounted, and an upload was begun */
        on_state(p, m, frame);
        return;
    }
    ch_buf_init(&digest, 256);
    ch_buf_init(&location, ch_limits.url_bytes);
    gw_push_put_digest(p, &m->sha256, &digest);
    gw_push_location(p, "blobs", digest.ptr, &location);
    const struct ch_http_header headers[] = {
        {CH_STR("Location"), ch_buf_str(&location)},
        {CH_STR("Docker-Content-Digest"), ch_buf_str(&digest)},
    };
    p->created = false; /* it has ended well */
    gw_push_done(p, 201, headers, CH_ARRAY_LEN(headers));
    ch_buf_done(&digest);
    ch_buf_done(&location);
}

static void on_cancelled(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    (void)m;
    (void)frame;
    gw_push_done(p, 204, NULL, 0);
}

/* ------------------------------------------------------------------ bytes */

static void on_wrote(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    if (p->finishes) {
        gw_push_ask(p, CH_PUSH_FINISH, CH_STR(""), on_there);
    } else {
        on_state(p, m, frame);
    }
}

static void wrote_all(struct gw_push *p)
{
    close(p->fd);
    p->fd = -1;
    gw_push_ask(p, CH_PUSH_WROTE, CH_STR(""), on_wrote);
}

/* False: that was answered, and p is gone. */
static bool write_bytes(struct gw_push *p, struct ch_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(p->fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            bool full = n < 0 && (errno == ENOSPC || errno == EDQUOT);
            gw_push_fail(p, full ? 507 : 500, "UNAVAILABLE",
                         full ? CH_STR("There is no room for what is pushed")
                              : CH_STR("What was pushed could not be stored"),
                         NULL);
            return false;
        }
        p->offset += (uint64_t)n;
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len);
    }
    return true;
}

static void on_more(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    (void)frame;
    p->granted_bytes = m->granted_bytes;
    if (!write_bytes(p, ch_buf_str(&p->body))) {
        return;
    }
    ch_buf_clear(&p->body);
    if (p->last) {
        wrote_all(p);
    } else {
        ch_http_receive_resume(p->request);
    }
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct gw_push *p = arg;
    (void)r;
    p->last = last;
    if (piece.len > p->granted_bytes - p->offset) { /* it waits here meanwhile, and no more comes */
        ch_buf_puts(&p->body, piece);
        gw_push_ask(p, CH_PUSH_MORE, CH_STR(""), on_more);
        return false;
    }
    if (write_bytes(p, piece) && last) {
        wrote_all(p);
    }
    return true;
}

static void on_write(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    struct ch_err err;
    int fd = ch_frame_take_fd(frame, 0);
    if (fd < 0 || m->max_bytes < m->offset || m->granted_bytes < m->offset) {
        if (fd >= 0) {
            close(fd);
        }
        gw_push_fail(p, 500, "UNAVAILABLE", CH_STR("The upload could not be opened"), NULL);
        return;
    }
    p->fd = fd;
    p->offset = m->offset;
    p->granted_bytes = m->granted_bytes;
    if (ch_http_receive(p->request, m->max_bytes - m->offset, on_body, p, &err) != CH_OK) {
        gw_push_fail(p, 413, "SIZE_INVALID", ch_str_of(err.msg), NULL);
    }
}

/* "A-B", or as RFC 9110 has it "bytes A-B/N"; absent: UINT64_MAX. False: it is none, or contradicts
 * the length. */
static bool read_range(struct gw_push *p, uint64_t *ret_from)
{
    struct ch_str s = ch_http_header(p->request, CH_STR("content-range")), first = {NULL, 0};
    const struct ch_http_view *v = ch_http_view(p->request);
    const struct ch_str unit = CH_STR("bytes ");
    uint64_t from, to;
    *ret_from = UINT64_MAX;
    if (s.ptr == NULL) {
        return true;
    }
    s = ch_str_starts(s, unit) ? ch_str_sub(s, unit.len, s.len) : s;
    struct ch_str rest = s, range = {NULL, 0};
    ch_str_split(&rest, '/', &range);
    bool good = ch_str_split(&range, '-', &first) && ch_str_u64(first, &from) &&
                ch_str_u64(range, &to) && from <= to && to < UINT64_MAX - 1 &&
                (!v->has_content_length || v->content_length == to - from + 1);
    *ret_from = good ? from : 0;
    return good;
}

static void begin_writing(struct gw_push *p)
{
    uint64_t from;
    if (!read_range(p, &from)) {
        gw_push_fail(p, 400, "BLOB_UPLOAD_INVALID",
                     CH_STR("Content-Range: expected FIRST-LAST, of as many bytes as are sent"),
                     NULL);
        return;
    }
    p->offset = from;
    gw_push_ask(p, CH_PUSH_WRITE, CH_STR(""), on_write);
}

static void on_begun(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    (void)frame;
    snprintf(p->upload, sizeof(p->upload), "%.*s", CH_STR_ARG(m->upload));
    p->offset = UINT64_MAX;
    gw_push_ask(p, CH_PUSH_WRITE, CH_STR(""), on_write);
}

/* ------------------------------------------------------------------ requests */

/* The value of a word of the query, "" where there is none; replaces *text. False: that was
 * answered. */
static bool read_query(struct gw_push *p, struct ch_str name, char **text)
{
    struct ch_buf b;
    struct ch_err err;
    bool given = false;
    enum ch_code rc = CH_OK;
    ch_buf_init(&b, ch_limits.text_bytes);
    if (ch_http_view(p->request)->query.len > 0) {
        rc = ch_http_query(p->request, name, &b, &given, &err);
    }
    free(*text);
    *text = ch_str_dup(given && rc == CH_OK ? ch_buf_str(&b) : CH_STR(""));
    ch_buf_done(&b);
    if (rc != CH_OK) {
        gw_push_fail(p, 400, "DIGEST_INVALID", ch_str_of(err.msg), NULL);
    }
    return rc == CH_OK;
}

static void post(struct gw_push *p)
{
    if (!read_query(p, CH_STR("mount"), &p->reference)) {
        return;
    }
    if (p->reference[0] != '\0') {
        if (read_query(p, CH_STR("from"), &p->from)) {
            gw_push_ask(p, CH_PUSH_MOUNT, CH_STR(""), on_there);
        }
        return;
    }
    if (!read_query(p, CH_STR("digest"), &p->reference)) {
        return;
    }
    if (p->reference[0] == '\0') {
        gw_push_ask(p, CH_PUSH_BEGIN, CH_STR(""), on_state);
        return;
    }
    p->created = true;
    p->finishes = true;
    gw_push_ask(p, CH_PUSH_BEGIN, CH_STR(""), on_begun);
}

static void put(struct gw_push *p)
{
    const struct ch_http_view *v = ch_http_view(p->request);
    if (!read_query(p, CH_STR("digest"), &p->reference)) {
        return;
    }
    if (p->reference[0] == '\0') {
        gw_push_fail(p, 400, "DIGEST_INVALID", CH_STR("digest: expected ?digest=sha256:HEX"), NULL);
        return;
    }
    p->finishes = true;
    if (v->has_body && (!v->has_content_length || v->content_length > 0)) {
        begin_writing(p);
    } else {
        gw_push_ask(p, CH_PUSH_FINISH, CH_STR(""), on_there);
    }
}

void gw_uploads_request(struct gw_push *p, enum gw_push_what what)
{
    enum ch_http_method method = ch_http_view(p->request)->method;
    if (what == GW_PUSH_UPLOADS) {
        post(p);
    } else if (method == CH_HTTP_PATCH) {
        begin_writing(p);
    } else if (method == CH_HTTP_PUT) {
        put(p);
    } else if (method == CH_HTTP_DELETE) {
        gw_push_ask(p, CH_PUSH_CANCEL, CH_STR(""), on_cancelled);
    } else {
        gw_push_ask(p, CH_PUSH_STATUS, CH_STR(""), on_state);
    }
}
