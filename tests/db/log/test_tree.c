/* The tree against vectors, and its proofs against a second way of computing them. */
#include "tests/ch_test.h"

#include <stdlib.h>

#include "db/log/tree.h"

enum { SIZES = 70 };

static struct ch_err err;
static struct ch_hash *hash;
static struct ch_sha256 leaves[SIZES + 8];

/* --- the second way: RFC 9162 section 2.1.1 word for word, over all leaves --- */

static struct ch_sha256 naive_root(size_t begin, size_t count)
{
    if (count == 1) {
        return leaves[begin];
    }
    size_t k = 1;
    while (k * 2 < count) {
        k *= 2;
    }
    struct ch_sha256 left = naive_root(begin, k), right = naive_root(begin + k, count - k);
    return ch_tree_node(hash, &left, &right);
}

static enum ch_code get_node(void *ctx, unsigned height, uint64_t index, struct ch_sha256 *ret,
                             struct ch_err *e)
{
    size_t size = *(size_t *)ctx, begin = (size_t)index << height, count = (size_t)1 << height;
    if (begin + count > size) {
        return ch_fail(e, CH_E_NOT_FOUND, "node %u %llu", height, (unsigned long long)index);
    }
    *ret = naive_root(begin, count);
    return CH_OK;
}

static int setup(void **state)
{
    (void)state;
    hash = ch_hash_new();
    for (size_t i = 0; i < CH_ARRAY_LEN(leaves); i++) {
        uint8_t byte = (uint8_t)i;
        leaves[i] = ch_tree_leaf(hash, (struct ch_str){(const char *)&byte, 1});
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_hash_free(hash);
    return 0;
}

static void no_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    (void)ctx;
    (void)height;
    (void)index;
    (void)node;
}

/* The vectors of the reference implementation of RFC 6962: eight inputs, the root after each. */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *root;
    } rows[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct ch_tree t = {.size = 0};
    char hex[CH_SHA256_HEX + 1];
    struct ch_sha256 root = ch_tree_root(&t, hash);
    ch_sha256_hex(&root, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_sha256 leaf = ch_tree_leaf(hash, (struct ch_str){rows[i].bytes, rows[i].len});
        ch_tree_add(&t, hash, &leaf, no_node, NULL);
        root = ch_tree_root(&t, hash);
        ch_sha256_hex(&root, hex);
        assert_string_equal(hex, rows[i].root);
    }
}

struct seen {
    size_t size;
    size_t count;
};

static void check_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    struct seen *s = ctx;
    struct ch_sha256 expected = naive_root((size_t)index << height, (size_t)1 << height);
    assert_int_equal((index + 1) << height, s->size); /* this leaf completes it */
    assert_memory_equal(node, &expected, sizeof(expected));
    s->count++;
}

static void test_edge_and_nodes(void **state)
{
    (void)state;
    struct ch_tree t = {.size = 0};
    struct seen seen = {0};
    for (size_t size = 1; size <= SIZES; size++) {
        seen.size = size;
        ch_tree_add(&t, hash, &leaves[size - 1], check_node, &seen);
        struct ch_sha256 root = ch_tree_root(&t, hash), expected = naive_root(0, size);
        assert_memory_equal(&root, &expected, sizeof(root));
        struct ch_nodes nodes = {get_node, &size};
        struct ch_tree again;
        assert_ch_ok(&err, ch_tree_load(&nodes, size, &again, &err));
        root = ch_tree_root(&again, hash);
        assert_memory_equal(&root, &expected, sizeof(root));
    }
    assert_int_equal(seen.count, 70 + 35 + 17 + 8 + 4 + 2 + 1);
}

static void check_upper_node(void *ctx, unsigned height, uint64_t index,
                             const struct ch_sha256 *node)
{
    assert_in_range(height, *(unsigned *)ctx, CH_TREE_HEIGHTS);
    struct ch_sha256 expected = naive_root((size_t)index << height, (size_t)1 << height);
    assert_memory_equal(node, &expected, sizeof(expected));
}

/* Whole subtrees at once come to the same tree, whatever their size. */
static void test_nodes_instead_of_leaves(void **state)
{
    (void)state;
    for (unsigned height = 0; height <= 6; height++) {
        size_t width = (size_t)1 << height;
        struct ch_tree t = {.size = 0};
        while (t.size + width <= SIZES) {
            struct ch_sha256 room[64];
            memcpy(room, &leaves[t.size], width * sizeof(room[0]));
            struct ch_sha256 node = ch_tree_fold(hash, room, height);
            ch_tree_add_node(&t, hash, height, &node, check_upper_node, &height);
        }
        while (t.size < SIZES) {
            ch_tree_add(&t, hash, &leaves[t.size], no_node, NULL);
        }
        struct ch_sha256 root = ch_tree_root(&t, hash), expected = naive_root(0, SIZES);
        assert_memory_equal(&root, &expected, sizeof(root));
    }
}

static void test_every_inclusion(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SIZES; size++) {
        struct ch_nodes nodes = {get_node, &size};
        struct ch_sha256 root = naive_root(0, size);
        for (size_t i = 0; i < size; i++) {
            struct ch_tree_proof p;
            assert_ch_ok(&err, ch_tree_prove_leaf(&nodes, hash, i, size, &p, &err));
            assert_true(ch_tree_leaf_is_in(hash, &leaves[i], i, size, &p, &root));
            /* its neighbours: another leaf, place, size, root, a changed or missing hash */
            assert_false(ch_tree_leaf_is_in(hash, &leaves[i + 1], i, size, &p, &root));
            assert_false(ch_tree_leaf_is_in(hash, &leaves[i], i + 1, size, &p, &root));
            assert_false(ch_tree_leaf_is_in(hash, &leaves[i], i, size, &p, &leaves[i + 1]));
            if (p.count > 0) {
                p.hash[p.count - 1].byte[31] ^= 1;
                assert_false(ch_tree_leaf_is_in(hash, &leaves[i], i, size, &p, &root));
                p.hash[p.count - 1].byte[31] ^= 1;
                p.count--;
                assert_false(ch_tree_leaf_is_in(hash, &leaves[i], i, size, &p, &root));
                p.count += 2;
                assert_false(ch_tree_leaf_is_in(hash, &leaves[i], i, size, &p, &root));
            }
        }
        struct ch_tree_proof none;
        assert_ch_code(CH_E_USAGE, ch_tree_prove_leaf(&nodes, hash, size, size, &none, &err));
    }
}

static void test_every_growth(void **state)
{
    (void)state;
    for (size_t to = 1; to <= SIZES; to++) {
        struct ch_nodes nodes = {get_node, &to};
        struct ch_sha256 to_root = naive_root(0, to);
        for (size_t from = 1; from <= to; from++) {
            struct ch_tree_proof p;
            struct ch_sha256 from_root = naive_root(0, from);
            assert_ch_ok(&err, ch_tree_prove_growth(&nodes, hash, from, to, &p, &err));
            assert_true(ch_tree_has_grown(hash, from, &from_root, to, &to_root, &p));
            assert_false(ch_tree_has_grown(hash, from, &leaves[9], to, &to_root, &p));
            assert_false(ch_tree_has_grown(hash, from, &from_root, to, &leaves[9], &p));
            if (from > 1) {
                assert_false(ch_tree_has_grown(hash, from - 1, &from_root, to, &to_root, &p));
            }
            if (p.count > 0) {
                p.hash[0].byte[0] ^= 1;
                assert_false(ch_tree_has_grown(hash, from, &from_root, to, &to_root, &p));
                p.hash[0].byte[0] ^= 1;
                p.count--;
                assert_false(ch_tree_has_grown(hash, from, &from_root, to, &to_root, &p));
            }
        }
        struct ch_tree_proof none;
        assert_ch_code(CH_E_USAGE, ch_tree_prove_growth(&nodes, hash, 0, to, &none, &err));
        assert_ch_code(CH_E_USAGE, ch_tree_prove_growth(&nodes, hash, to + 1, to, &none, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_edge_and_nodes),
        cmocka_unit_test(test_nodes_instead_of_leaves),
        cmocka_unit_test(test_every_inclusion),
        cmocka_unit_test(test_every_growth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
