/* Memory shared between processes: the epoch page (written by the keeper alone, mapped read-only by
 * the gateways) and the gateways' counters.
 *
 * The epoch page makes revocation immediate (T4, T11): an ALLOW in a gateway's memory holds only while
 * `epoch` is the one it was given under, `lease_until_boot_ms` lies ahead, and its own not_after has
 * not come. The keeper raises the epoch before anything else when a decision moves away from ALLOW,
 * and renews the lease only while it is healthy; a hung or dead keeper ends every ALLOW within
 * CH_LEASE_MS. */
#ifndef CUSTOMHOUSE_SHARED_H
#define CUSTOMHOUSE_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

#define CH_LEASE_MS       5000
#define CH_LEASE_RENEW_MS 1000

struct ch_epoch_page {
    _Atomic uint64_t epoch; /* 0: no keeper has been here yet */
    _Atomic uint64_t lease_until_boot_ms;
};

/* One slot of counters per gateway instance; what they mean is the gateway's (proxy/gateway). */
#define CH_METRICS_SLOT_BYTES 131072
#define CH_METRICS_SLOTS      8

#endif
