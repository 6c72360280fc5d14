/* Numbers as formats of others have them; our own are little endian (bytes.h). `p`: so many bytes, of
 * any alignment. */
#ifndef CUSTOMHOUSE_BIG_ENDIAN_H
#define CUSTOMHOUSE_BIG_ENDIAN_H

#include <stdint.h>

static inline uint32_t ch_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t ch_be32(const uint8_t *p)
{
    return ch_be16(p) << 16 | ch_be16(p + 2);
}

#endif
