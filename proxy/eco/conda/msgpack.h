/* Writing MessagePack, in which shards are (CEP 16). Spec: msgpack's spec.md, "Formats".
 *
 * Own code: a writer of seven types is shorter than what a library would want to be told, and
 * nothing here reads the format, which is where a library would earn its place. Numbers are big
 * endian. */
#ifndef CH_CONDA_MSGPACK_H
#define CH_CONDA_MSGPACK_H

#include "customhouse/bytes.h"

void ch_msgpack_nil(struct ch_buf *b);
void ch_msgpack_bool(struct ch_buf *b, bool v);
void ch_msgpack_int(struct ch_buf *b, int64_t v);       /* in the shortest form */
void ch_msgpack_str(struct ch_buf *b, struct ch_str s); /* UTF-8 */
void ch_msgpack_bin(struct ch_buf *b, const void *ptr, size_t len);

/* Of containers and of strings whose length is not known before they are written: begin returns
 * where the head stands, end writes into it how many members (of a map: pairs) or bytes came behind
 * it. `count` below 2^32. */
size_t ch_msgpack_map_begin(struct ch_buf *b);
size_t ch_msgpack_array_begin(struct ch_buf *b);
size_t ch_msgpack_str_begin(struct ch_buf *b);
void ch_msgpack_end(struct ch_buf *b, size_t head, uint64_t count);
size_t ch_msgpack_here(const struct ch_buf *b, size_t head); /* bytes behind that head */

#endif
