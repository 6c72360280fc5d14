/* `customhouse gate`: what a pipeline's programs read of it. */
#ifndef BASE_CUSTOMHOUSE_GATE_H
#define BASE_CUSTOMHOUSE_GATE_H

#include <jansson.h>

#include "customhouse/bytes.h"

/* Of the keeper's answer, which is an object with "images"; appended. What in it is of another type
 * than it should be is left out: whether all have passed says the exit status alone. */
void gate_put_sarif(struct ch_buf *b, const json_t *answer);
/* One test case per image. `trace` is what people read of all of them. */
void gate_put_junit(struct ch_buf *b, const json_t *answer, struct ch_str trace);

#endif
