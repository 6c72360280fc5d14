/* The wall clock, and whether it may be believed (T7): it is compared with the boot clock, which
 * only counts up, and with what is recorded. */
#ifndef KEEPER_CLOCK_H
#define KEEPER_CLOCK_H

#include "keeper_int.h"

/* Which boot this is, since when the boot clock counts; read before confinement. Empty: not known.
 */
void clock_read_boot_id(struct keeper *k);
/* What wall minus boot clock was, and whether the service was stopped by somebody. */
enum ch_code clock_store(struct keeper *k, bool stopped, struct ch_err *err) CH_MUST_CHECK;
/* T7: a jump forward is not forgotten with a keeper's restart, nor with one of the service that
 * nobody asked for: only when it is stopped and started, by somebody who has looked at the clock,
 * or with the machine's own, of which nothing can be told. The store keeps what wall minus boot
 * clock was. */
enum ch_code clock_trust(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* T7: whether it has, at this moment: what is decided between two watches is decided by a clock that
 * may have been set since. */
bool clock_jumped(const struct keeper *k);
/* T7: the wall clock against the boot clock, and against what is recorded; a jump raises the epoch.
 */
void clock_watch(struct keeper *k);

#endif
