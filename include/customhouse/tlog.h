/* Where the pieces of the audit log's tree are read: paths of tiles, shared by the keeper, which
 * writes them, the gateway, which publishes them, and tools, which read them.
 *
 * Spec: C2SP tlog-tiles. A tile holds 256 hashes of one level; level L are the nodes at height 8 L.
 * The hashes of a level lie one after the other in one file (STATE/audit/public/hashes/L), so a
 * tile, whole or partial, is a piece of it: N * 8192 bytes from its beginning. */
#ifndef CUSTOMHOUSE_TLOG_H
#define CUSTOMHOUSE_TLOG_H

#include "customhouse/digest.h"

#define CH_TILE_HASHES  256u
#define CH_TILE_HEIGHT  8u
#define CH_TILE_LEVELS  8u             /* 256^8 leaves and more do not fit a size */
#define CH_TILE_ENTRIES CH_TILE_LEVELS /* stands for the level of entry bundles */
/* Room for a path and its NUL: "entries/" or a digit, the longest number, ".p/255". */
#define CH_TILE_PATH_MAX 64

struct ch_tile {
    unsigned level; /* or CH_TILE_ENTRIES */
    uint64_t number;
    unsigned width; /* 1 to 256; 256 is a full tile */
};

/* "0/x001/x234/067.p/8", "entries/000": what follows "tile/". One tile has one path. CH_E_FORMAT.
 */
enum ch_code ch_tile_path_get(struct ch_str path, struct ch_tile *ret,
                              struct ch_err *err) CH_MUST_CHECK;
void ch_tile_path_put(struct ch_buf *out, const struct ch_tile *tile);
/* Whether a tree of this size has it. */
bool ch_tile_is_in(const struct ch_tile *tile, uint64_t size);

#endif
