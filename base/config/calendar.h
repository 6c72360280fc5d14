/* Times as people and files write them: UTC, microseconds since 1970 inside. Pure. */
#ifndef BASE_CONFIG_CALENDAR_H
#define BASE_CONFIG_CALENDAR_H

#include "customhouse/bytes.h"

void ch_calendar_put_minute(struct ch_buf *b, int64_t at_us);  /* "2026-11-29 10:00 UTC" */
void ch_calendar_put_rfc3339(struct ch_buf *b, int64_t at_us); /* "2026-11-29T10:00:00Z" */
/* Exactly YYYY-MM-DDTHH:MM:SSZ, a date that exists. Spec: RFC 3339, UTC, whole seconds. */
bool ch_calendar_parse(struct ch_str text, int64_t *ret_at_us);

#endif
