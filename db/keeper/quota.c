/* Quotas (T14): undecided and served bytes each have their own. What goes can be fetched again; facts
 * and hashes stay, and a later fetch must match them. */
#include "keeper_int.h"

#define PER_ROUND 64

struct victims {
    struct ch_sha256 sha256[PER_ROUND];
    uint64_t size_bytes[PER_ROUND];
    size_t count;
};

static void collect(void *ctx, const struct ch_sha256 *sha256, uint64_t size_bytes)
{
    struct victims *v = ctx;
    if (v->count < PER_ROUND) {
        v->sha256[v->count] = *sha256;
        v->size_bytes[v->count++] = size_bytes;
    }
}

enum ch_code quota_make_room(struct keeper *k, enum ch_blob_place place, uint64_t more,
                             struct ch_err *err)
{
    uint64_t max = place == CH_BLOB_SERVED ? k->config->served_max_bytes
                                           : k->config->undecided_max_bytes;
    uint64_t bytes, files;
    enum ch_code rc = ch_store_blob_bytes(k->store, place, &bytes, &files, err);
    while (rc == CH_OK && bytes + more > max) {
        struct victims v = {.count = 0};
        rc = ch_store_oldest_blobs(k->store, place, PER_ROUND, collect, &v, err);
        if (rc == CH_OK && v.count == 0) {
            return ch_fail(err, CH_E_FULL,
                           "%llu bytes do not fit into the quota of %llu for %s files",
                           (unsigned long long)more, (unsigned long long)max,
                           place == CH_BLOB_SERVED ? "served" : "undecided");
        }
        rc = rc == CH_OK ? keeper_write(k, err) : rc;
        for (size_t i = 0; rc == CH_OK && i < v.count && bytes + more > max; i++) {
            keeper_raise_epoch(k); /* gateways must not hold on to it */
            rc = ch_blobs_evict(k->blobs, &v.sha256[i], err);
            if (rc == CH_OK) {
                rc = ch_store_put_blob(k->store, &v.sha256[i], v.size_bytes[i], CH_BLOB_EVICTED,
                                       keeper_now_us(k), err);
                bytes -= v.size_bytes[i] < bytes ? v.size_bytes[i] : bytes;
            }
        }
    }
    return rc;
}
