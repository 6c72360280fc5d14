/* What rows of the schema are written with: schema.c, schema_egress.c. */
#ifndef BASE_CONFIG_SCHEMA_ROWS_H
#define BASE_CONFIG_SCHEMA_ROWS_H

#include "base/config/schema.h"
#include "customhouse/attr.h"
#include "customhouse/config.h"

#define AT(type, field) .offset = offsetof(struct type, field)
#define LIST(type, field, counter)                                                                 \
    .offset = offsetof(struct type, field), .count_offset = offsetof(struct type, counter)
#define SECTION(list, type)                                                                        \
    {                                                                                              \
        .rows = (list), .row_count = CH_ARRAY_LEN(list), .struct_bytes = sizeof(struct type)       \
    }

#endif
