/* What writer and reader of a pack agree on. */
#ifndef CH_PACK_INT_H
#define CH_PACK_INT_H

#include "customhouse/record_pack.h"

#define PACK_MAGIC "chpack1\n"
enum {
    PACK_MAGIC_BYTES = 8,
    PACK_PROJECT_BYTES = 16, /* u64 where its name stands, u32 its length, u32 first row */
    PACK_ROW_BYTES = 12,     /* u64 where the entry stands, u32 its length */
    PACK_FOOTER_BYTES = 40   /* u64 projects at, projects, rows at, rows; magic */
};

#endif
