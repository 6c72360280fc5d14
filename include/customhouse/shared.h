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

/* Why the keeper takes nothing new in: told to people by all processes, decided from by none. */
enum ch_store_trouble {
    CH_STORE_WRITES = 0, /* it does */
    CH_STORE_FULL,
    CH_STORE_LOCKED,
    CH_STORE_DAMAGED,
    CH_STORE_FAILS /* in another way, which its log names */
};
/* One line; NULL: there is none, also for what is no trouble that is known. */
const char *ch_store_trouble_text(uint32_t trouble);

struct ch_epoch_page {
    _Atomic uint64_t epoch; /* 0: no keeper has been here yet */
    _Atomic uint64_t lease_until_boot_ms;
    _Atomic uint32_t store_trouble; /* enum ch_store_trouble */
    _Atomic uint32_t unsaved; /* denials, revocations, ends that count and are in the keeper's memory alone */
    _Atomic uint32_t log_trouble; /* 1: the audit log cannot be written, so nothing new is allowed */
};

/* One slot of counters per gateway instance; what they mean is the gateway's (proxy/gateway). */
#define CH_METRICS_SLOT_BYTES 131072
#define CH_METRICS_SLOTS      8

#endif
