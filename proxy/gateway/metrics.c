#include "metrics.h"

#include <string.h>

#include "customhouse/log.h"

/* All that is answered; the last one stands for what is not in this list. */
static const int statuses[GW_METRIC_STATUSES] = {
    200, 201, 202, 206, 301, 304, 307, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413,
    414, 415, 416, 417, 421, 422, 429, 431, 500, 501, 502, 503, 504, 505, 507, 508, 0};

/* Upper bounds in microseconds; the last bucket has none. */
static const uint64_t bounds_us[GW_METRIC_BUCKETS - 1] = {100,    250,    500,     1000,    2500,
                                                          5000,   10000,  25000,   50000,   100000,
                                                          250000, 500000, 1000000, 5000000, 30000000};

static const char *const kinds[GW_KIND_COUNT] = {"other", "page", "file", "special"};

/* One process writes a slot; others only read it. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct gw_metrics *gw_metrics_slot(void *all, uint32_t instance)
{
    CH_ASSERT(instance < CH_METRICS_SLOTS);
    return (struct gw_metrics *)(void *)((char *)all + (size_t)instance * CH_METRICS_SLOT_BYTES);
}

/* A name in shared memory, whatever is there. */
static struct ch_str name_of(const struct gw_metric_row *row)
{
    return (struct ch_str){row->name, strnlen(row->name, sizeof(row->name))};
}

struct gw_metric_row *gw_metrics_row(struct gw_metrics *slot, struct ch_str name)
{
    name = ch_str_sub(name, 0, GW_METRIC_NAME - 1);
    for (size_t i = 0; i + 1 < GW_METRIC_ROWS; i++) {
        struct gw_metric_row *row = &slot->rows[i];
        if (ch_str_eq(name_of(row), name)) {
            return row;
        }
        if (row->name[0] == '\0') {
            for (size_t k = name.len; k > 0; k--) { /* the first byte last: readers see all or none */
                row->name[k - 1] = name.ptr[k - 1];
            }
            return row;
        }
    }
    struct gw_metric_row *rest = &slot->rows[GW_METRIC_ROWS - 1];
    if (rest->name[0] == '\0') {
        rest->name[0] = '+';
    }
    return rest;
}

static size_t status_index(int status)
{
    size_t i = 0;
    while (i < GW_METRIC_STATUSES - 1 && statuses[i] != status) {
        i++;
    }
    return i;
}

/* What this process has lost: the slot is its predecessor's, too. */
static void count_lost(struct gw_metrics *slot)
{
    static uint64_t counted;
    uint64_t lost = ch_log_lost();
    if (lost != counted) {
        add(&slot->events_lost, lost - counted);
        counted = lost;
    }
}

void gw_metrics_count(struct gw_metrics *slot, struct gw_metric_row *row, enum gw_kind kind, int status,
                      uint64_t bytes, uint64_t duration_us)
{
    add(&row->requests[status_index(status)], 1);
    add(&row->bytes, bytes);
    if (kind == GW_KIND_FILE && (status == 200 || status == 206) && bytes > 0) {
        add(&row->files_served, 1);
    }
    size_t bucket = 0;
    while (bucket < GW_METRIC_BUCKETS - 1 && duration_us > bounds_us[bucket]) {
        bucket++;
    }
    add(&slot->duration[kind][bucket], 1);
    count_lost(slot);
    add(&slot->duration_sum_us[kind], duration_us);
}

/* --- showing --- */

static void put_header(struct ch_buf *out, const char *name, const char *type, const char *help)
{
    ch_buf_printf(out, "# TYPE customhouse_%s %s\n# HELP customhouse_%s %s\n", name, type, name, help);
}

/* Label values: backslash, quote and line feed are escaped; ours have none, a foreign byte is '?'. */
static void put_label(struct ch_buf *out, struct ch_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        ch_buf_putc(out, c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?' : c);
    }
}

/* Calls `each` once per repository name of any slot. */
static void each_name(struct ch_buf *out, void *all,
                      void (*each)(struct ch_buf *out, void *all, struct ch_str name))
{
    for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
        for (size_t i = 0; i < GW_METRIC_ROWS; i++) {
            struct ch_str name = name_of(&gw_metrics_slot(all, s)->rows[i]);
            bool first = name.len > 0;
            for (uint32_t before = 0; first && before < s; before++) {
                for (size_t k = 0; first && k < GW_METRIC_ROWS; k++) {
                    first = !ch_str_eq(name_of(&gw_metrics_slot(all, before)->rows[k]), name);
                }
            }
            if (first) {
                each(out, all, name);
            }
        }
    }
}

static const struct gw_metric_row *row_of(void *all, uint32_t slot, struct ch_str name)
{
    for (size_t i = 0; i < GW_METRIC_ROWS; i++) {
        const struct gw_metric_row *row = &gw_metrics_slot(all, slot)->rows[i];
        if (ch_str_eq(name_of(row), name)) {
            return row;
        }
    }
    return NULL;
}

static void put_requests(struct ch_buf *out, void *all, struct ch_str name)
{
    for (size_t i = 0; i < GW_METRIC_STATUSES; i++) {
        uint64_t sum = 0;
        for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
            const struct gw_metric_row *row = row_of(all, s, name);
            sum += row == NULL ? 0 : get(&row->requests[i]);
        }
        if (sum == 0) {
            continue;
        }
        ch_buf_puts(out, CH_STR("customhouse_requests_total{repository=\""));
        put_label(out, name);
        if (statuses[i] == 0) {
            ch_buf_puts(out, CH_STR("\",status=\"other\"} "));
        } else {
            ch_buf_printf(out, "\",status=\"%d\"} ", statuses[i]);
        }
        ch_buf_printf(out, "%llu\n", (unsigned long long)sum);
    }
}

static void put_bytes(struct ch_buf *out, void *all, struct ch_str name)
{
    uint64_t sum = 0;
    for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
        const struct gw_metric_row *row = row_of(all, s, name);
        sum += row == NULL ? 0 : get(&row->bytes);
    }
    ch_buf_puts(out, CH_STR("customhouse_response_bytes_total{repository=\""));
    put_label(out, name);
    ch_buf_printf(out, "\"} %llu\n", (unsigned long long)sum);
}

static void put_files(struct ch_buf *out, void *all, struct ch_str name)
{
    uint64_t sum = 0;
    for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
        const struct gw_metric_row *row = row_of(all, s, name);
        sum += row == NULL ? 0 : get(&row->files_served);
    }
    ch_buf_puts(out, CH_STR("customhouse_files_served_total{repository=\""));
    put_label(out, name);
    ch_buf_printf(out, "\"} %llu\n", (unsigned long long)sum);
}

static void put_durations(struct ch_buf *out, void *all, enum gw_kind kind)
{
    const char *name = kinds[kind];
    uint64_t count = 0;
    uint64_t sum_us = 0;
    for (size_t b = 0; b < GW_METRIC_BUCKETS; b++) {
        for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
            count += get(&gw_metrics_slot(all, s)->duration[kind][b]);
        }
        ch_buf_printf(out, "customhouse_request_duration_seconds_bucket{kind=\"%s\",le=\"", name);
        if (b == GW_METRIC_BUCKETS - 1) {
            ch_buf_puts(out, CH_STR("+Inf"));
        } else {
            ch_buf_printf(out, "%g", (double)bounds_us[b] / 1e6);
        }
        ch_buf_printf(out, "\"} %llu\n", (unsigned long long)count);
    }
    for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
        sum_us += get(&gw_metrics_slot(all, s)->duration_sum_us[kind]);
    }
    ch_buf_printf(out, "customhouse_request_duration_seconds_count{kind=\"%s\"} %llu\n", name,
                  (unsigned long long)count);
    ch_buf_printf(out, "customhouse_request_duration_seconds_sum{kind=\"%s\"} %llu.%06llu\n", name,
                  (unsigned long long)(sum_us / 1000000), (unsigned long long)(sum_us % 1000000));
}

void gw_metrics_put(struct ch_buf *out, void *all)
{
    put_header(out, "requests", "counter",
               "Requests answered; repository - is the gateway itself, ? none");
    each_name(out, all, put_requests);
    put_header(out, "response_bytes", "counter", "Body bytes sent");
    each_name(out, all, put_bytes);
    put_header(out, "files_served", "counter", "Answers that carried bytes of an artifact");
    each_name(out, all, put_files);
    put_header(out, "request_duration_seconds", "histogram",
               "From the first byte of a request to the last of its answer");
    for (enum gw_kind kind = GW_KIND_OTHER; kind < GW_KIND_COUNT; kind++) {
        put_durations(out, all, kind);
    }
    uint64_t bytes = 0, lines = 0, events = 0;
    for (uint32_t s = 0; s < CH_METRICS_SLOTS; s++) {
        bytes += get(&gw_metrics_slot(all, s)->log_lost.bytes);
        lines += get(&gw_metrics_slot(all, s)->log_lost.lines);
        events += get(&gw_metrics_slot(all, s)->events_lost);
    }
    put_header(out, "access_log_bytes_lost", "counter", "Access log bytes that could not be written");
    ch_buf_printf(out, "customhouse_access_log_bytes_lost_total %llu\n", (unsigned long long)bytes);
    put_header(out, "access_log_lines_lost", "counter",
               "Access log lines that could not be written");
    ch_buf_printf(out, "customhouse_access_log_lines_lost_total %llu\n", (unsigned long long)lines);
    put_header(out, "gateway_log_lines_lost", "counter",
               "Lines of the event log that gateways had no room for");
    ch_buf_printf(out, "customhouse_gateway_log_lines_lost_total %llu\n",
                  (unsigned long long)events);
}
