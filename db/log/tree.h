/* The Merkle tree of the audit log: hashing, the right edge that grows, proofs. Pure.
 *
 * Spec: RFC 9162 sections 2.1.1 to 2.1.5 (the same hashes as RFC 6962). A node at height h and
 * index i is the root over the 2^h leaves from i * 2^h on; only complete ones are nodes here.
 * Hashes of a proof stand in the order of the RFC, the one nearest to the leaf first. */
#ifndef LOG_TREE_H
#define LOG_TREE_H

#include "customhouse/digest.h"

/* A size has 64 bits, and a proof at most two hashes of each height. */
#define CH_TREE_HEIGHTS   64
#define CH_TREE_PROOF_MAX (2 * CH_TREE_HEIGHTS)

struct ch_sha256 ch_tree_leaf(struct ch_hash *h, struct ch_str entry);
struct ch_sha256 ch_tree_node(struct ch_hash *h, const struct ch_sha256 *left,
                              const struct ch_sha256 *right);

/* The right edge: the roots of the complete trees that a size is made of, one per bit that is set
 * in it. Copying the struct copies the state. */
struct ch_tree {
    uint64_t size;
    struct ch_sha256 edge[CH_TREE_HEIGHTS]; /* [h] counts where size has bit h */
};

/* Every node that a leaf completes, its own (height 0) first. */
typedef void ch_tree_node_fn(void *ctx, unsigned height, uint64_t index,
                             const struct ch_sha256 *node);
void ch_tree_add(struct ch_tree *t, struct ch_hash *h, const struct ch_sha256 *leaf,
                 ch_tree_node_fn *each, void *ctx);
/* 2^height leaves at once, by the root over them; the size is a multiple of as many. `each` gets
 * this node and those above it. */
void ch_tree_add_node(struct ch_tree *t, struct ch_hash *h, unsigned height,
                      const struct ch_sha256 *node, ch_tree_node_fn *each, void *ctx);
/* The root over 2^height leaves, for which `leaves` is the room: they are gone then. */
struct ch_sha256 ch_tree_fold(struct ch_hash *h, struct ch_sha256 *leaves, unsigned height);
/* Of the empty tree it is the hash of nothing, which is never published (a log begins with
 * genesis). */
struct ch_sha256 ch_tree_root(const struct ch_tree *t, struct ch_hash *h);

/* Where nodes are read from. */
struct ch_nodes {
    enum ch_code (*get)(void *ctx, unsigned height, uint64_t index, struct ch_sha256 *ret,
                        struct ch_err *err);
    void *ctx;
};
/* The edge of a tree of this size. */
enum ch_code ch_tree_load(const struct ch_nodes *nodes, uint64_t size, struct ch_tree *ret,
                          struct ch_err *err) CH_MUST_CHECK;

struct ch_tree_proof {
    struct ch_sha256 hash[CH_TREE_PROOF_MAX];
    size_t count;
};

/* That the leaf `index` is in the tree of `size`. CH_E_USAGE: index is not below size. */
enum ch_code ch_tree_prove_leaf(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t index,
                                uint64_t size, struct ch_tree_proof *ret,
                                struct ch_err *err) CH_MUST_CHECK;
/* That the tree of `from` leaves is the beginning of the one of `to`. CH_E_USAGE unless
 * 0 < from <= to. */
enum ch_code ch_tree_prove_growth(const struct ch_nodes *nodes, struct ch_hash *h, uint64_t from,
                                  uint64_t to, struct ch_tree_proof *ret,
                                  struct ch_err *err) CH_MUST_CHECK;

/* Spec: RFC 9162 sections 2.1.3.2 and 2.1.4.2. False for whatever does not prove it. */
bool ch_tree_leaf_is_in(struct ch_hash *h, const struct ch_sha256 *leaf, uint64_t index,
                        uint64_t size, const struct ch_tree_proof *proof,
                        const struct ch_sha256 *root);
bool ch_tree_has_grown(struct ch_hash *h, uint64_t from, const struct ch_sha256 *from_root,
                       uint64_t to, const struct ch_sha256 *to_root,
                       const struct ch_tree_proof *proof);

#endif
