/* Times as text. Spec: RFC 3339, in UTC only; unix microseconds inside. */
#ifndef CUSTOMHOUSE_TIMEFMT_H
#define CUSTOMHOUSE_TIMEFMT_H

#include <stdint.h>

#include "customhouse/bytes.h"

/* "2024-01-17T16:53:12Z" or "+00:00", with 0 to 9 fractional digits (those past microseconds are
 * cut off); years 1970 to 9999. False for anything else: other offsets, lower case, leap seconds.
 */
bool ch_time_parse(struct ch_str s, int64_t *ret_us);
/* The same, or a day ("2024-01-17"): its beginning, or (`end`) its last microsecond, in UTC. */
bool ch_time_parse_bound(struct ch_str s, bool end, int64_t *ret_us);
/* "2024-01-17T16:53:12.779164Z"; the fraction is left out when `with_fraction` is false. Times
 * outside the years 1970 to 9999 (CH_TIME_UNKNOWN among them) give "-". */
void ch_time_put(struct ch_buf *b, int64_t us, bool with_fraction);

#endif
