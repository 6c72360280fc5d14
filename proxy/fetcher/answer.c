/* The answer to one request: its headers, whether its body may be kept, and where it goes. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/index.h"
#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

static bool stop(struct ch_fetch_job *job, bool retryable)
{
    job->failed = true;
    job->fail_is_retryable = retryable;
    return false;
}

bool ch_fetch_is_redirect(const struct ch_fetch_answer *a)
{
    return (a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 ||
            a->status == 308) &&
           a->location[0] != '\0';
}

/* ------------------------------------------------------------------ header lines */

/* Copies a value that fits and is printable ASCII; any other one counts as absent. */
static void keep_value(char *ret, size_t room, struct ch_str value)
{
    ret[0] = '\0';
    if (value.len >= room) {
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c > 0x7e) {
            ret[0] = '\0';
            return;
        }
        ret[i] = value.ptr[i];
    }
    ret[value.len] = '\0';
}

/* JSON is UTF-8 whatever is said (RFC 8259 8.1). A sender that says otherwise made another text
 * than the one we would read, so its type is not that of JSON. */
static bool is_mislabelled_json(struct ch_str type, struct ch_str parameters)
{
    struct ch_str one;
    while (ch_str_ends(type, CH_STR("json")) && ch_str_split(&parameters, ';', &one)) {
        struct ch_str name;
        struct ch_str value = one;
        if (!ch_str_split(&value, '=', &name) ||
            !ch_str_eq_nocase(ch_str_trim(name), CH_STR("charset"))) {
            continue;
        }
        value = ch_str_trim(value);
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"') {
            value = ch_str_sub(value, 1, value.len - 2);
        }
        if (!ch_str_eq_nocase(value, CH_STR("utf-8")) && !ch_str_eq_nocase(value, CH_STR("utf8")) &&
            !ch_str_eq_nocase(value, CH_STR("us-ascii")) &&
            !ch_str_eq_nocase(value, CH_STR("ascii"))) {
            return true;
        }
    }
    return false;
}

static void keep_media_type(char *ret, size_t room, struct ch_str value)
{
    struct ch_str whole = value;
    struct ch_str type;
    if (!ch_str_split(&value, ';', &type)) {
        return;
    }
    keep_value(ret, room, ch_str_trim(type));
    for (char *c = ret; *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    if (is_mislabelled_json(ch_str_of(ret), value)) {
        keep_value(ret, room, whole);
    }
}

/* "bytes 5-9/100", or a star for an unknown total. Of several the last one counts, as a whole.
 * Spec: RFC 9110 14.4. */
static void take_content_range(struct ch_str value, struct ch_fetch_answer *a)
{
    const struct ch_str unit = CH_STR("bytes ");
    struct ch_str from_text;
    struct ch_str to_text;
    uint64_t from = 0;
    uint64_t to = 0;
    uint64_t total = CH_SIZE_UNKNOWN;
    struct ch_str rest = ch_str_sub(value, unit.len, value.len);
    bool ok = ch_str_eq_nocase(ch_str_sub(value, 0, unit.len), unit) &&
              ch_str_split(&rest, '-', &from_text) && ch_str_split(&rest, '/', &to_text) &&
              rest.ptr != NULL && ch_str_u64(from_text, &from) && ch_str_u64(to_text, &to) &&
              from <= to && to < UINT64_MAX;
    if (ok && !ch_str_eq(rest, CH_STR("*"))) {
        ok = ch_str_u64(rest, &total) && total != CH_SIZE_UNKNOWN && to < total;
    }
    a->has_range = ok;
    a->range_from_bytes = ok ? from : 0;
    a->range_to_bytes = ok ? to : 0;
    a->range_total_bytes = ok ? total : CH_SIZE_UNKNOWN;
}

static int64_t parse_date(struct ch_str value)
{
    char text[64];
    keep_value(text, sizeof(text), value);
    return text[0] == '\0' ? -1 : (int64_t)curl_getdate(text, NULL);
}

/* Each name is a coding that was put on, one over the other, in one line or several (RFC 9110 8.4).
 */
static void take_coding(struct ch_str value, struct ch_fetch_answer *a)
{
    struct ch_str one;
    while (ch_str_split(&value, ',', &one)) {
        one = ch_str_trim(one);
        if (one.len > 0 && !ch_str_eq_nocase(one, CH_STR("identity"))) {
            a->coding = a->encoded ? CH_CODING_OTHER : ch_coding_of(one);
            keep_value(a->encoding, sizeof(a->encoding), a->encoded ? CH_STR("several") : one);
            a->encoded = true;
        }
    }
}

static void take_field(struct ch_fetch_job *job, struct ch_str name, struct ch_str value)
{
    struct ch_fetch_answer *a = &job->answer;
    if (ch_str_eq_nocase(name, CH_STR("etag"))) {
        keep_value(a->etag, sizeof(a->etag), value);
    } else if (ch_str_eq_nocase(name, CH_STR("last-modified"))) {
        keep_value(a->last_modified, sizeof(a->last_modified), value);
    } else if (ch_str_eq_nocase(name, CH_STR("content-type"))) {
        keep_media_type(a->content_type, sizeof(a->content_type), value);
    } else if (ch_str_eq_nocase(name, CH_STR("location"))) {
        keep_value(a->location, sizeof(a->location), value);
    } else if (ch_str_eq_nocase(name, CH_STR("www-authenticate"))) {
        const struct ch_str scheme = CH_STR("Bearer ");
        if (a->challenge[0] == '\0' && ch_str_eq_nocase(ch_str_sub(value, 0, scheme.len), scheme)) {
            keep_value(a->challenge, sizeof(a->challenge), value);
        }
    } else if (ch_str_eq_nocase(name, CH_STR("date"))) {
        a->date_s = parse_date(value);
    } else if (ch_str_eq_nocase(name, CH_STR("content-length"))) {
        uint64_t length;
        a->length_bytes = ch_str_u64(value, &length) ? length : CH_SIZE_UNKNOWN;
    } else if (ch_str_eq_nocase(name, CH_STR("transfer-encoding"))) {
        a->chunked = ch_str_eq_nocase(value, CH_STR("chunked"));
        a->odd_transfer = a->odd_transfer || !a->chunked;
    } else if (ch_str_eq_nocase(name, CH_STR("content-range"))) {
        take_content_range(value, a);
    } else if (ch_str_eq_nocase(name, CH_STR("content-encoding"))) {
        /* An artifact is kept as it was sent, whatever it is labelled: its hash covers that. */
        if (job->spec.kind == CH_FETCH_DOCUMENT) {
            take_coding(value, a);
        }
    }
}

/* ------------------------------------------------------------------ end of the header */

/* What If-Range may hold. A weak ETag compares nothing; a date counts only when the file cannot
 * have changed again within it. Spec: RFC 9110 13.1.5, 8.8.2.2. */
static void set_validator(struct ch_fetch_job *job)
{
    const struct ch_fetch_answer *a = &job->answer;
    struct ch_fetch_progress_state *have = &job->have;
    have->validator[0] = '\0';
    if (job->spec.kind != CH_FETCH_ARTIFACT) {
        return;
    }
    if (a->etag[0] == '"') {
        keep_value(have->validator, sizeof(have->validator), ch_str_of(a->etag));
        return;
    }
    int64_t modified = parse_date(ch_str_of(a->last_modified));
    if (modified >= 0 && a->date_s >= 0 && modified + 1 <= a->date_s) {
        keep_value(have->validator, sizeof(have->validator), ch_str_of(a->last_modified));
    }
}

/* Whoever fetched it compares what is told with what the index said: other answers of this code are
 * not about its size. */
static void not_as_stated(struct ch_fetch_job *job, struct ch_err *err)
{
    CH_IGNORE(ch_fail(err, CH_E_MISMATCH, "it is %llu bytes, the index said %llu",
                      (unsigned long long)job->told_bytes,
                      (unsigned long long)job->spec.expected_bytes));
}

static bool stop_sized(struct ch_fetch_job *job, uint64_t says, uint64_t limit)
{
    uint64_t expected = job->spec.expected_bytes;
    uint64_t total = job->have.total_bytes;
    if (expected != CH_SIZE_UNKNOWN && total != CH_SIZE_UNKNOWN && total != expected) {
        job->told_bytes = total;
        job->told_empty = total == 0;
        not_as_stated(job, &job->fail);
        return true;
    }
    if (says > limit) {
        job->told_bytes = total != CH_SIZE_UNKNOWN ? total : says;
        ch_fail(&job->fail, CH_E_LIMIT, "it is %llu bytes, the limit here is %llu",
                (unsigned long long)says, (unsigned long long)limit);
        return true;
    }
    return false;
}

static bool cut_file(struct ch_fetch_job *job, uint64_t size_bytes)
{
    if (size_bytes > INT64_MAX || ftruncate(job->fd, (off_t)size_bytes) != 0) {
        ch_fail_errno(&job->fail, size_bytes > INT64_MAX ? EFBIG : errno, "the spool file");
        return stop(job, false);
    }
    return true;
}

static bool begin_decoding(struct ch_fetch_job *job)
{
    const struct ch_fetch_answer *a = &job->answer;
    if (a->coding == CH_CODING_OTHER) {
        ch_fail(&job->fail, CH_E_FORMAT,
                "answered in a Content-Encoding that was not asked for (%s; it may be one of %s)",
                a->encoding[0] != '\0' ? a->encoding : "unreadable", CH_CODINGS_ACCEPTED);
        return stop(job, false);
    }
    ch_coding_free(job->coding);
    job->coding = ch_coding_new(a->coding);
    return true;
}

/* 200: the whole, whatever was asked for. */
static bool begin_whole(struct ch_fetch_job *job)
{
    struct ch_fetch_answer *a = &job->answer;
    struct ch_fetch_progress_state *have = &job->have;
    if (a->encoded && !begin_decoding(job)) {
        return false;
    }
    *have = (struct ch_fetch_progress_state){
        .to_bytes = UINT64_MAX, .status = 200, .total_bytes = CH_SIZE_UNKNOWN};
    if (!a->encoded) {
        have->total_bytes = a->length_bytes;
    }
    set_validator(job);
    if (stop_sized(job, a->length_bytes == CH_SIZE_UNKNOWN ? 0 : a->length_bytes,
                   job->spec.max_bytes)) {
        return stop(job, false);
    }
    a->keep_body = true;
    return cut_file(job, 0);
}

static const char *range_fault(const struct ch_fetch_job *job, bool asked, uint64_t from)
{
    const struct ch_fetch_answer *a = &job->answer;
    const struct ch_fetch_progress_state *have = &job->have;
    if (!asked) {
        return "answered 206 though no range was asked for";
    }
    if (!a->has_range) {
        return "answered 206 without a usable Content-Range";
    }
    if (a->range_from_bytes != from || a->range_to_bytes > have->to_bytes) {
        return "answered with another range than was asked for";
    }
    if (a->encoded) {
        return "answered with an encoded range";
    }
    if (a->length_bytes != CH_SIZE_UNKNOWN &&
        a->length_bytes != a->range_to_bytes - a->range_from_bytes + 1) {
        return "states a Content-Length that differs from its Content-Range";
    }
    if (job->resuming && have->total_bytes != CH_SIZE_UNKNOWN &&
        a->range_total_bytes != CH_SIZE_UNKNOWN && a->range_total_bytes != have->total_bytes) {
        return "changed the total size while the transfer was interrupted";
    }
    return NULL;
}

/* 206: a part, appended to what is there. */
static bool begin_part(struct ch_fetch_job *job)
{
    struct ch_fetch_answer *a = &job->answer;
    struct ch_fetch_progress_state *have = &job->have;
    uint64_t from = have->base_bytes + have->written_bytes;
    const char *fault = range_fault(job, from > 0 || have->to_bytes != UINT64_MAX, from);
    if (fault != NULL) {
        ch_fail(&job->fail, CH_E_MISMATCH, "%s", fault);
        have->validator[0] = '\0'; /* the next request starts over */
        return stop(job, job->resuming);
    }
    if (!job->resuming) {
        have->status = 206;
        set_validator(job);
    }
    if (a->range_total_bytes != CH_SIZE_UNKNOWN) {
        have->total_bytes = a->range_total_bytes;
    }
    if (stop_sized(job, have->written_bytes + (a->range_to_bytes - a->range_from_bytes + 1),
                   job->spec.max_bytes)) {
        return stop(job, false);
    }
    a->keep_body = true;
    return cut_file(job, from);
}

static bool end_of_header(struct ch_fetch_job *job)
{
    struct ch_fetch_answer *a = &job->answer;
    if (a->status < 200) {
        a->status = 0; /* informational: the answer is still to come */
        return true;
    }
    a->headers_done = true;
    if (a->odd_transfer && (a->status == 200 || a->status == 206)) {
        /* RFC 9112 7.4: without TE none but chunked is asked for, so none is taken off. */
        ch_fail(&job->fail, CH_E_FORMAT, "answered in a Transfer-Encoding other than chunked");
        return stop(job, false);
    }
    if (a->status == 200) {
        return begin_whole(job);
    }
    return a->status == 206 ? begin_part(job) : true;
}

/* "HTTP/1.1 206 Partial Content" */
static void begin_answer(struct ch_fetch_job *job, struct ch_str line)
{
    uint64_t bytes = job->answer.header_bytes;
    job->answer = (struct ch_fetch_answer){.header_bytes = bytes,
                                           .length_bytes = CH_SIZE_UNKNOWN,
                                           .range_total_bytes = CH_SIZE_UNKNOWN,
                                           .date_s = -1};
    struct ch_str version;
    struct ch_str status;
    uint64_t number;
    if (ch_str_split(&line, ' ', &version) && ch_str_split(&line, ' ', &status) &&
        ch_str_u64(status, &number) && number >= 100 && number <= 999) {
        job->answer.status = (uint32_t)number;
    }
}

bool ch_fetch_answer_line(struct ch_fetch_job *job, struct ch_str line)
{
    job->heard = true;
    struct ch_fetch_answer *a = &job->answer;
    a->header_bytes += line.len;
    if (a->header_bytes > ch_limits.fetch_header_bytes) {
        ch_fail(&job->fail, CH_E_LIMIT, "its header is longer than %llu bytes",
                (unsigned long long)ch_limits.fetch_header_bytes);
        return stop(job, false);
    }
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    if (a->headers_done) {
        return true; /* trailers of a chunked body say nothing we use */
    }
    if (line.len == 0) {
        return end_of_header(job);
    }
    if (a->status == 0 && ch_str_starts(line, CH_STR("HTTP/"))) {
        begin_answer(job, line);
        return true;
    }
    struct ch_str name;
    if (ch_str_split(&line, ':', &name) && line.ptr != NULL) {
        take_field(job, name, ch_str_trim(line));
    }
    return true;
}

/* ------------------------------------------------------------------ body */

static bool write_all(struct ch_fetch_job *job, struct ch_str bytes)
{
    while (bytes.len > 0) {
        uint64_t at = job->have.base_bytes + job->have.written_bytes;
        ssize_t n = pwrite(job->fd, bytes.ptr, bytes.len, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            ch_fail_errno(&job->fail, n < 0 ? errno : EIO, "writing the spool file");
            return stop(job, false);
        }
        job->have.written_bytes += (uint64_t)n;
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len);
    }
    return true;
}

static bool keep_bytes(struct ch_fetch_job *job, struct ch_str bytes)
{
    uint64_t came = job->have.written_bytes + bytes.len;
    if (came > job->spec.max_bytes && came > job->spec.expected_bytes) {
        job->told_bytes = job->have.base_bytes + came;
        job->told_at_least = true;
        ch_fail(&job->fail, CH_E_MISMATCH, "it is larger than the %llu bytes that the index said",
                (unsigned long long)job->spec.expected_bytes);
        return stop(job, false);
    }
    if (came > job->spec.max_bytes) {
        job->told_bytes = job->have.base_bytes + came;
        job->told_at_least = true;
        ch_fail(&job->fail, CH_E_LIMIT, "it is larger than the limit of %llu bytes",
                (unsigned long long)job->spec.max_bytes);
        return stop(job, false);
    }
    if (!write_all(job, bytes)) {
        return false;
    }
    ch_fetch_job_progress(job);
    return true;
}

/* What is encoded is bounded as well: it may decode to nothing for ever. */
static bool decode_bytes(struct ch_fetch_job *job, struct ch_str bytes)
{
    struct ch_str piece;
    if (job->answer.body_bytes > job->spec.max_bytes) {
        ch_fail(&job->fail, CH_E_LIMIT, "the answer is larger than %llu bytes, still encoded",
                (unsigned long long)job->spec.max_bytes);
        return stop(job, false);
    }
    do {
        if (ch_coding_next(job->coding, &bytes, &piece, &job->fail) != CH_OK) {
            return stop(job, false);
        }
        if (piece.len > 0 && !keep_bytes(job, piece)) {
            return false;
        }
    } while (bytes.len > 0 || piece.len == CH_CODING_PIECE_BYTES);
    return true;
}

bool ch_fetch_answer_body(struct ch_fetch_job *job, struct ch_str bytes)
{
    struct ch_fetch_answer *a = &job->answer;
    if (a->keep_body && !a->encoded) {
        return keep_bytes(job, bytes);
    }
    a->body_bytes += bytes.len;
    if (a->keep_body) {
        return decode_bytes(job, bytes);
    }
    a->body_cut = a->body_bytes > ch_limits.fetch_error_body_bytes;
    return !a->body_cut;
}

/* Its last chunk came (RFC 9112 7.1), else libcurl would have failed: it is not longer. */
static bool is_whole_by_framing(const struct ch_fetch_job *job)
{
    const struct ch_fetch_progress_state *have = &job->have;
    return job->answer.chunked && have->total_bytes == CH_SIZE_UNKNOWN && have->base_bytes == 0 &&
           have->to_bytes == UINT64_MAX;
}

/* Of an answer that ends with its connection a part may be missing; but not of none, each time. */
void ch_fetch_answer_ended_short(struct ch_fetch_job *job, struct ch_err *err)
{
    const struct ch_fetch_progress_state *have = &job->have;
    bool empty = have->written_bytes == 0 && have->base_bytes == 0 &&
                 have->total_bytes == CH_SIZE_UNKNOWN && have->to_bytes == UINT64_MAX;
    if (is_whole_by_framing(job) || empty) {
        job->told_bytes = have->written_bytes;
        job->told_empty = empty;
        not_as_stated(job, err);
    }
}

enum ch_code ch_fetch_answer_complete(struct ch_fetch_job *job, struct ch_err *err)
{
    const struct ch_fetch_progress_state *have = &job->have;
    if (!job->answer.keep_body) {
        return CH_OK;
    }
    if (job->answer.encoded) {
        return ch_coding_end(job->coding, err);
    }
    uint64_t end = have->base_bytes + have->written_bytes;
    uint64_t wanted = have->total_bytes;
    if (wanted == CH_SIZE_UNKNOWN && job->spec.kind == CH_FETCH_ARTIFACT) {
        wanted = job->spec.expected_bytes;
    }
    if (have->to_bytes != UINT64_MAX && (wanted == CH_SIZE_UNKNOWN || have->to_bytes < wanted)) {
        wanted = have->to_bytes + 1;
    }
    if (wanted != CH_SIZE_UNKNOWN && end < wanted) {
        if (is_whole_by_framing(job)) {
            job->have.validator[0] =
                '\0'; /* nothing comes after it: the next request starts over */
        }
        return ch_fail(err, CH_E_CLOSED, "the body ended after %llu of %llu bytes",
                       (unsigned long long)end, (unsigned long long)wanted);
    }
    if (wanted != CH_SIZE_UNKNOWN && end > wanted) {
        return ch_fail(err, CH_E_MISMATCH, "it is %llu bytes, %llu were stated",
                       (unsigned long long)end, (unsigned long long)wanted);
    }
    return CH_OK;
}
