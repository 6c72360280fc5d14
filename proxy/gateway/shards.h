/* A page in parts, as the keeper has made them: an index, and shards that are asked for by their
 * digest. They are answered from where they lie, those of former indexes, too. */
#ifndef CH_GATEWAY_SHARDS_H
#define CH_GATEWAY_SHARDS_H

#include "gateway_int.h"

struct gw_shards;
/* From the keeper's answer to an ask for shards. NULL: it cannot be read. */
struct gw_shards *gw_shards_new(const struct ch_ecosystem *eco, const struct ch_page_reply *m,
                                struct ch_frame *frame);
/* Once nobody is being answered from them. Accepts NULL. */
void gw_shards_unref(struct gw_shards *s);
/* `hex`: the shard's digest as classify had it; absent: the index. */
void gw_shards_answer(struct gw_shards *s, struct ch_http_request *r, struct ch_str hex);
#endif
