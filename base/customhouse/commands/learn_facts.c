/* The pure part of learning: what several projects' pages say together. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/config/place.h"
#include "customhouse/scan.h"
#include "learn.h"

/* A host that a single project names may be that project's own idea. */
#define PAGES_NEEDED 2

static bool is_literal(struct ch_str host)
{
    char *text = ch_str_dup(host);
    unsigned char address[16];
    bool literal =
        inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
    free(text);
    return literal;
}

/* "host", or "host:port" where it is not 443, of an https URL with a name in it (T13). */
static bool host_of(struct ch_str url, struct ch_str own_host, struct ch_buf *ret)
{
    struct ch_buf origin;
    ch_buf_init(&origin, 512);
    bool good = ch_str_starts(url, CH_STR("https://"));
    if (good) {
        size_t scheme = sizeof("https://") - 1;
        struct ch_str host = {NULL, 0};
        uint16_t port = 0;
        ch_place_put_origin(&origin, url);
        struct ch_str place = ch_str_sub(ch_buf_str(&origin), scheme, origin.len);
        good = !origin.failed && ch_place_split(place, &host, &port) && ch_place_is_host(host) &&
               !is_literal(host) && !ch_str_eq(host, own_host);
        if (good && port == 443) {
            ch_buf_puts(ret, host);
        } else if (good) {
            ch_buf_puts(ret, place);
        }
    }
    ch_buf_done(&origin);
    return good && !ret->failed;
}

static void count_host(struct learning *l, struct ch_str url)
{
    struct ch_buf host;
    ch_buf_init(&host, 300);
    if (host_of(url, l->own_host, &host)) {
        size_t i = 0;
        while (i < l->host_count && !ch_str_eq(ch_str_of(l->hosts[i]), ch_buf_str(&host))) {
            i++;
        }
        if (i == l->host_count && i < LEARN_HOSTS_MAX) {
            l->hosts[l->host_count++] = ch_str_dup(ch_buf_str(&host));
        }
        if (i < LEARN_HOSTS_MAX) {
            l->on_this_page[i] = true;
        }
    }
    ch_buf_done(&host);
}

enum ch_code learn_from_page(struct learning *l, struct ch_str stream, struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record record;
    ch_scan_reader_init(&reader, stream);
    enum ch_code rc;
    for (size_t i = 0; i < LEARN_HOSTS_MAX; i++) {
        l->on_this_page[i] = false;
    }
    while ((rc = ch_scan_read(&reader, &record, err)) == CH_OK) {
        if (record.type == CH_REC_INDEX_FILE) {
            l->files++;
            l->files_with_time += record.u.file.uploaded_at_us != CH_TIME_UNKNOWN ? 1 : 0;
            count_host(l, record.u.file.url);
        }
    }
    if (rc != CH_E_NOT_FOUND) { /* not the proper end */
        return rc;
    }
    for (size_t i = 0; i < l->host_count; i++) {
        l->pages_with[i] += l->on_this_page[i] ? 1 : 0;
    }
    return CH_OK;
}

size_t learn_hosts(const struct learning *l, const char *ret[LEARN_HOSTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < l->host_count; i++) {
        if (l->pages_with[i] >= PAGES_NEEDED) {
            ret[n++] = l->hosts[i];
        }
    }
    return n;
}

/* "never" lets a file pass that has no time, so it is said only of an upstream that had every
 * chance to state one. */
enum ch_times learn_times(const struct learning *l, bool api_answers)
{
    if (l->files == 0 || (l->files_with_time == 0 && api_answers)) {
        return CH_TIMES_SOMETIMES;
    }
    if (l->files_with_time == 0) {
        return CH_TIMES_NEVER;
    }
    return l->files_with_time == l->files ? CH_TIMES_ALWAYS : CH_TIMES_SOMETIMES;
}

void learning_done(struct learning *l)
{
    for (size_t i = 0; i < l->host_count; i++) {
        free(l->hosts[i]);
    }
    l->host_count = 0;
}
