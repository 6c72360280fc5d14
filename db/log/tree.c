#include "db/log/tree.h"

#include <string.h>

/* ------------------------------------------------------------------ hashing */

/* RFC 9162 section 2.1.1: the first byte keeps leaves and nodes apart. */
struct ch_sha256 ch_tree_leaf(struct ch_hash *h, struct ch_str entry)
{
    ch_hash_reset(h);
    ch_hash_add(h, "\x00", 1);
    ch_hash_add(h, entry.ptr != NULL ? entry.ptr : "", entry.len);
    return ch_hash_end(h);
}

struct ch_sha256 ch_tree_node(struct ch_hash *h, const struct ch_sha256 *left,
                              const struct ch_sha256 *right)
{
    uint8_t both[1 + 2 * CH_SHA256_BYTES] = {0x01};
    memcpy(both + 1, left->byte, CH_SHA256_BYTES);
    memcpy(both + 1 + CH_SHA256_BYTES, right->byte, CH_SHA256_BYTES);
    ch_hash_reset(h);
    ch_hash_add(h, both, sizeof(both)); /* each call costs about as much as the hashing */
    return ch_hash_end(h);
}

/* ------------------------------------------------------------------ the edge */

void ch_tree_add_node(struct ch_tree *t, struct ch_hash *h, unsigned height,
                      const struct ch_sha256 *node, ch_tree_node_fn *each, void *ctx)
{
    struct ch_sha256 root = *node;
    uint64_t leaves = UINT64_C(1) << height, index = t->size >> height;
    CH_ASSERT((t->size & (leaves - 1)) == 0);
    each(ctx, height, index, &root);
    for (; (t->size >> height & 1) != 0; height++) {
        root = ch_tree_node(h, &t->edge[height], &root);
        index >>= 1;
        each(ctx, height + 1, index, &root);
    }
    t->edge[height] = root;
    t->size += leaves;
}

void ch_tree_add(struct ch_tree *t, struct ch_hash *h, const struct ch_sha256 *leaf,
                 ch_tree_node_fn *each, void *ctx)
{
    ch_tree_add_node(t, h, 0, leaf, each, ctx);
}

struct ch_sha256 ch_tree_fold(struct ch_hash *h, struct ch_sha256 *leaves, unsigned height)
{
    for (; height > 0; height--) {
        for (size_t i = 0; i < (size_t)1 << (height - 1); i++) {
            leaves[i] = ch_tree_node(h, &leaves[2 * i], &leaves[2 * i + 1]);
        }
    }
    return leaves[0];
}

struct ch_sha256 ch_tree_root(const struct ch_tree *t, struct ch_hash *h)
{
    struct ch_sha256 root;
    bool begun = false;
    if (t->size == 0) {
        return ch_sha256_of("", 0);
    }
    for (unsigned height = 0; height < CH_TREE_HEIGHTS; height++) {
        if ((t->size >> height & 1) != 0) {
            root = begun ? ch_tree_node(h, &t->edge[height], &root) : t->edge[height];
            begun = true;
        }
    }
    return root;
}

enum ch_code ch_tree_load(const struct ch_nodes *nodes, uint64_t size, struct ch_tree *ret,
                          struct ch_err *err)
{
    struct ch_tree t = {.size = size};
    for (unsigned height = 0; height < CH_TREE_HEIGHTS; height++) {
        if ((size >> height & 1) != 0) {
            enum ch_code rc =
                nodes->get(nodes->ctx, height, (size >> height) - 1, &t.edge[height], err);
            if (rc != CH_OK) {
                return rc;
            }
        }
    }
    *ret = t;
    return CH_OK;
}

/* ------------------------------------------------------------------ proofs */

/* The height of the largest complete tree that `size` (2 at least) leaves begin with, and that is
 * not all of them: where RFC 9162 splits. */
static unsigned split_height(uint64_t size)
{
    return 63u - (unsigned)__builtin_clzll(size - 1);
}

/* The root over the leaves [begin, end): begin is a multiple of every power of two that fits. */
static enum ch_code range_root(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t begin,
                               uint64_t end, struct ch_sha256 *ret, struct ch_err *err)
{
    struct ch_tree t;
    uint64_t size = end - begin;
    t.size = size;
    for (unsigned height = 0; height < CH_TREE_HEIGHTS; height++) {
        if ((size >> height & 1) != 0) {
            uint64_t at = begin + (size >> height >> 1 << 1 << height);
            enum ch_code rc = nodes->get(nodes->ctx, height, at >> height, &t.edge[height], err);
            if (rc != CH_OK) {
                return rc;
            }
        }
    }
    *ret = ch_tree_root(&t, h);
    return CH_OK;
}

static enum ch_code add_range(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t begin,
                              uint64_t end, struct ch_tree_proof *proof, struct ch_err *err)
{
    CH_ASSERT(proof->count < CH_TREE_PROOF_MAX);
    return range_root(nodes, h, begin, end, &proof->hash[proof->count++], err);
}

static void turn_round(struct ch_tree_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct ch_sha256 swap = proof->hash[i];
        proof->hash[i] = proof->hash[proof->count - 1 - i];
        proof->hash[proof->count - 1 - i] = swap;
    }
}

/* RFC 9162 section 2.1.3.1, from the root down: what is gathered is turned round at the end. */
enum ch_code ch_tree_prove_leaf(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t index,
                                uint64_t size, struct ch_tree_proof *ret, struct ch_err *err)
{
    struct ch_tree_proof proof = {.count = 0};
    uint64_t begin = 0, end = size;
    if (index >= size) {
        return ch_fail(err, CH_E_USAGE, "entry %llu is not in a tree of %llu",
                       (unsigned long long)index, (unsigned long long)size);
    }
    while (end - begin > 1) {
        uint64_t middle = begin + (1ull << split_height(end - begin));
        enum ch_code rc = index < middle ? add_range(nodes, h, middle, end, &proof, err)
                                         : add_range(nodes, h, begin, middle, &proof, err);
        if (rc != CH_OK) {
            return rc;
        }
        if (index < middle) {
            end = middle;
        } else {
            begin = middle;
        }
    }
    turn_round(&proof);
    *ret = proof;
    return CH_OK;
}

/* RFC 9162 section 2.1.4.1, from the root down. */
enum ch_code ch_tree_prove_growth(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t from,
                                  uint64_t to, struct ch_tree_proof *ret, struct ch_err *err)
{
    struct ch_tree_proof proof = {.count = 0};
    uint64_t begin = 0, end = to;
    if (from == 0 || from > to) {
        return ch_fail(err, CH_E_USAGE, "no proof from a tree of %llu to one of %llu",
                       (unsigned long long)from, (unsigned long long)to);
    }
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && end != from) {
        uint64_t middle = begin + (1ull << split_height(end - begin));
        if (from <= middle) {
            rc = add_range(nodes, h, middle, end, &proof, err);
            end = middle;
        } else {
            rc = add_range(nodes, h, begin, middle, &proof, err);
            begin = middle;
        }
    }
    if (rc == CH_OK && begin != 0) { /* the old root is not a node that the verifier has */
        rc = add_range(nodes, h, begin, end, &proof, err);
    }
    if (rc == CH_OK) {
        turn_round(&proof);
        *ret = proof;
    }
    return rc;
}

/* ------------------------------------------------------------------ checking them */

bool ch_tree_leaf_is_in(struct ch_hash *h, const struct ch_sha256 *leaf, uint64_t index,
                        uint64_t size, const struct ch_tree_proof *proof,
                        const struct ch_sha256 *root)
{
    if (index >= size) {
        return false;
    }
    uint64_t fn = index, sn = size - 1;
    struct ch_sha256 r = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            r = ch_tree_node(h, &proof->hash[i], &r);
            while (fn != 0 && (fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = ch_tree_node(h, &r, &proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && ch_sha256_eq(&r, root);
}

bool ch_tree_has_grown(struct ch_hash *h, uint64_t from, const struct ch_sha256 *from_root,
                       uint64_t to, const struct ch_sha256 *to_root,
                       const struct ch_tree_proof *proof)
{
    if (from == 0 || from > to) {
        return false;
    }
    if (from == to) {
        return proof->count == 0 && ch_sha256_eq(from_root, to_root);
    }
    /* Step 2: "If first is an exact power of 2, then prepend first_hash to the path." */
    bool whole = (from & (from - 1)) == 0;
    if (!whole && proof->count == 0) {
        return false;
    }
    uint64_t fn = from - 1, sn = to - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    struct ch_sha256 fr = whole ? *from_root : proof->hash[0];
    struct ch_sha256 sr = fr;
    for (size_t i = whole ? 0 : 1; i < proof->count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) != 0 || fn == sn) {
            fr = ch_tree_node(h, &proof->hash[i], &fr);
            sr = ch_tree_node(h, &proof->hash[i], &sr);
            while (fn != 0 && (fn & 1) == 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = ch_tree_node(h, &sr, &proof->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && ch_sha256_eq(&fr, from_root) && ch_sha256_eq(&sr, to_root);
}
