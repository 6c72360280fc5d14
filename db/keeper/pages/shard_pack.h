/* The shards of a page, one behind the other in a file without a name that only grows, so that
 * gateways read them where they lie. Each stays for some time after it was last in an index (limits
 * shards_kept_s): clients have the index, and ask for what it names later. It ends with the keeper:
 * what is shown then is made anew, and has the same names. */
#ifndef KEEPER_SHARD_PACK_H
#define KEEPER_SHARD_PACK_H

#include "customhouse/blobs.h"
#include "customhouse/digest.h"
#include "customhouse/siphash.h"

struct shard_entry {
    struct ch_sha256 sha256;
    struct ch_sip128 of; /* what it was made of: the same again is not made again */
    uint64_t at;
    uint32_t len;
    int64_t current_at_us; /* it was last in an index */
};

struct shard_pack {
    int write_fd, read_fd; /* -1: nothing is in it */
    uint64_t bytes, dead_bytes;
    struct shard_entry *entries;
    size_t count, cap;
    uint32_t *places; /* by `of`, plus one: a power of two */
    size_t place_count;
    struct ch_sip_key key;
};

void shard_pack_init(struct shard_pack *pack);
void shard_pack_done(struct shard_pack *pack);
/* -1: it has none that was made of this. */
ptrdiff_t shard_pack_find(const struct shard_pack *pack, struct ch_sip128 of);
/* Appends it; *ret is its place. */
enum ch_code shard_pack_add(struct shard_pack *pack, struct ch_blobs *blobs, struct ch_sip128 of,
                            struct ch_str bytes, size_t *ret, struct ch_err *err) CH_MUST_CHECK;
/* Forgets those that were in no index since `since_us`; `entry` (places plus one, 0 stays) is told
 * where the others are now. Bytes of what was forgotten go when there are many, into a file anew.
 */
enum ch_code shard_pack_tidy(struct shard_pack *pack, struct ch_blobs *blobs, int64_t since_us,
                             uint32_t *entry, size_t entry_count, struct ch_err *err) CH_MUST_CHECK;
/* Each digest once, ascending, with where it lies: ch_shard_places_put. */
void shard_pack_put_table(const struct shard_pack *pack, struct ch_buf *out);

#endif
