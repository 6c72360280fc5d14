#include "http_int.h"

#include <stdio.h>
#include <time.h>

static const char day_names[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date_format(int64_t unix_seconds, char ret[HTTP_DATE_LEN])
{
    struct tm tm;
    time_t t = (time_t)unix_seconds;
    CH_ASSERT(gmtime_r(&t, &tm) != NULL && tm.tm_year >= -900 && tm.tm_year < 8100);
    char text[64];
    int n = snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                     day_names[tm.tm_wday], tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900,
                     tm.tm_hour, tm.tm_min, tm.tm_sec);
    CH_ASSERT(n == HTTP_DATE_LEN);
    for (int i = 0; i < HTTP_DATE_LEN; i++) {
        ret[i] = text[i];
    }
}

static bool digits(struct ch_str s, size_t at, size_t len, int *ret)
{
    int v = 0;
    for (size_t i = at; i < at + len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return false;
        }
        v = v * 10 + (s.ptr[i] - '0');
    }
    *ret = v;
    return true;
}

/* IMF-fixdate only: a date in an obsolete form is no condition, and the whole answer is sent. */
bool http_date_parse(struct ch_str s, int64_t *ret_unix)
{
    struct tm tm = {0};
    if (s.len != HTTP_DATE_LEN || !digits(s, 5, 2, &tm.tm_mday) || !digits(s, 12, 4, &tm.tm_year) ||
        !digits(s, 17, 2, &tm.tm_hour) || !digits(s, 20, 2, &tm.tm_min) ||
        !digits(s, 23, 2, &tm.tm_sec)) {
        return false;
    }
    for (tm.tm_mon = 0; tm.tm_mon < 12; tm.tm_mon++) {
        if (ch_str_eq(ch_str_sub(s, 8, 3), ch_str_of(month_names[tm.tm_mon]))) {
            break;
        }
    }
    if (tm.tm_mon == 12 || tm.tm_year < 1970 || tm.tm_year > 9000) {
        return false;
    }
    tm.tm_year -= 1900;
    int64_t t = (int64_t)timegm(&tm);
    char again[HTTP_DATE_LEN];
    http_date_format(t, again); /* the 31st of June, Wed for a Thursday, punctuation */
    if (!ch_str_eq(s, (struct ch_str){again, HTTP_DATE_LEN})) {
        return false;
    }
    *ret_unix = t;
    return true;
}

/* entity-tag list, RFC 9110 8.8.3. Weak comparison ignores W/; strong comparison wants none. */
static bool etag_listed(struct ch_str list, struct ch_str etag, bool weak)
{
    if (ch_str_eq(list, CH_STR("*"))) {
        return true;
    }
    bool own_weak = ch_str_starts(etag, CH_STR("W/"));
    struct ch_str own = own_weak ? ch_str_sub(etag, 2, etag.len) : etag;
    if (own.len < 2 || (own_weak && !weak)) {
        return false;
    }
    size_t at = 0;
    while (at < list.len) {
        char c = list.ptr[at];
        if (c == ' ' || c == '\t' || c == ',') {
            at++;
            continue;
        }
        bool is_weak = ch_str_starts(ch_str_sub(list, at, list.len), CH_STR("W/"));
        at += is_weak ? 2 : 0;
        size_t end;
        if (at >= list.len || list.ptr[at] != '"' ||
            !ch_str_find_char(ch_str_sub(list, at + 1, list.len), '"', &end)) {
            return false; /* malformed from here on */
        }
        if (ch_str_eq(ch_str_sub(list, at, end + 2), own) && (weak || !is_weak)) {
            return true;
        }
        at += end + 2;
    }
    return false;
}

/* Range: bytes=A-B, A- or -N. One range only; anything else is not a range to us (200 whole). */
static bool parse_range(struct ch_str range, uint64_t size, struct http_selection *ret)
{
    struct ch_str unit = CH_STR("bytes=");
    size_t dash;
    if (!ch_str_eq_nocase(ch_str_sub(range, 0, unit.len), unit)) {
        return false;
    }
    struct ch_str spec = ch_str_sub(range, unit.len, range.len);
    if (ch_str_find_char(spec, ',', NULL) || !ch_str_find_char(spec, '-', &dash)) {
        return false;
    }
    struct ch_str a = ch_str_sub(spec, 0, dash);
    struct ch_str b = ch_str_sub(spec, dash + 1, spec.len);
    uint64_t first = 0;
    uint64_t last = 0;
    if ((a.len > 0 && !ch_str_u64(a, &first)) || (b.len > 0 && !ch_str_u64(b, &last)) ||
        (a.len == 0 && b.len == 0) || (a.len > 0 && b.len > 0 && last < first)) {
        return false;
    }
    if (a.len == 0) { /* the last N bytes */
        first = last >= size ? 0 : size - last;
        last = last == 0 ? 0 : size - 1;
        if (size == 0 || b.len == 0 || first == size) {
            *ret = (struct http_selection){.status = 416};
            return true;
        }
    } else if (first >= size) {
        *ret = (struct http_selection){.status = 416};
        return true;
    } else if (b.len == 0 || last >= size) {
        last = size - 1;
    }
    *ret = (struct http_selection){206, first, last - first + 1};
    return true;
}

static bool if_range_holds(struct ch_str value, struct ch_str etag, int64_t last_modified_unix)
{
    int64_t date;
    if (value.ptr == NULL) {
        return true;
    }
    if (value.len > 0 && (value.ptr[0] == '"' || value.ptr[0] == 'W')) {
        return ch_str_eq(value, etag) && value.ptr[0] == '"'; /* strong comparison */
    }
    return last_modified_unix != 0 && http_date_parse(value, &date) && date == last_modified_unix;
}

/* Order of RFC 9110 13.2.2. */
struct http_selection http_select(const struct http_parser *p, struct ch_str if_match,
                                  struct ch_str if_none_match, struct ch_str etag,
                                  int64_t last_modified_unix, uint64_t size, bool ranges)
{
    struct http_selection whole = {200, 0, size};
    int64_t date;
    if (p->conditions == 0) {
        return whole;
    }
    if (if_match.ptr != NULL) {
        if (!etag_listed(if_match, etag, false)) {
            return (struct http_selection){.status = 412};
        }
    } else if (last_modified_unix != 0 &&
               http_date_parse(p->known[HTTP_H_IF_UNMODIFIED_SINCE], &date) &&
               last_modified_unix > date) {
        return (struct http_selection){.status = 412};
    }
    if (if_none_match.ptr != NULL) {
        if (etag_listed(if_none_match, etag, true)) {
            return (struct http_selection){.status = 304};
        }
    } else if (last_modified_unix != 0 &&
               http_date_parse(p->known[HTTP_H_IF_MODIFIED_SINCE], &date) &&
               last_modified_unix <= date) {
        return (struct http_selection){.status = 304};
    }
    struct http_selection part;
    if (ranges && p->view.method == CH_HTTP_GET && p->known[HTTP_H_RANGE].ptr != NULL &&
        if_range_holds(p->known[HTTP_H_IF_RANGE], etag, last_modified_unix) &&
        parse_range(p->known[HTTP_H_RANGE], size, &part)) {
        return part;
    }
    return whole;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
        {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
        {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
        {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
        {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"}, {412, "Precondition Failed"},
        {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {421, "Misdirected Request"},
        {422, "Unprocessable Content"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (rows[i].status == status) {
            return rows[i].reason;
        }
    }
    return "Status";
}
