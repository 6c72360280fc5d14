/* Counters in memory shared by all gateways: each writes its own slot, any of them shows the sum. */
#ifndef CH_GATEWAY_METRICS_H
#define CH_GATEWAY_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/shared.h"
#include "proxy/front/access_log.h"

enum gw_kind { GW_KIND_OTHER = 0, GW_KIND_PAGE, GW_KIND_FILE, GW_KIND_SPECIAL, GW_KIND_COUNT };

#define GW_METRIC_ROWS     64
#define GW_METRIC_NAME     64
#define GW_METRIC_STATUSES 35
#define GW_METRIC_BUCKETS  16

struct gw_metric_row { /* one repository; name empty: unused */
    char name[GW_METRIC_NAME];
    _Atomic uint64_t requests[GW_METRIC_STATUSES];
    _Atomic uint64_t bytes;
    _Atomic uint64_t files_served;
};

struct gw_metrics {
    struct gw_metric_row rows[GW_METRIC_ROWS];
    _Atomic uint64_t duration[GW_KIND_COUNT][GW_METRIC_BUCKETS];
    _Atomic uint64_t duration_sum_us[GW_KIND_COUNT];
    struct front_log_lost log_lost;
    _Atomic uint64_t events_lost; /* lines of the event log (log.h), as of the last request */
};
_Static_assert(sizeof(struct gw_metrics) <= CH_METRICS_SLOT_BYTES, "counters outgrow their slot");

struct gw_metrics *gw_metrics_slot(void *all, uint32_t instance);
/* The row of that name in a slot, made when there is room; the last row stands for the rest. */
struct gw_metric_row *gw_metrics_row(struct gw_metrics *slot, struct ch_str name);
void gw_metrics_count(struct gw_metrics *slot, struct gw_metric_row *row, enum gw_kind kind, int status,
                      uint64_t bytes, uint64_t duration_us);
/* OpenMetrics text of the sum over all slots, without "# EOF".
 * Spec: OpenMetrics 1.0 (exposition format). */
void gw_metrics_put(struct ch_buf *out, void *all);

#endif
