#include "proxy/cache/lru.h"
#include "tests/ch_test.h"

#include <stdio.h>

#define COUNT 1000

struct thing {
    struct ch_lru_node node;
    char key[16];
    bool dropped;
};

static void drop(void *owner, struct ch_lru_node *node)
{
    (*(size_t *)owner)++;
    CH_CONTAINER_OF(node, struct thing, node)->dropped = true;
}

static struct ch_str name(struct thing *t, int number)
{
    snprintf(t->key, sizeof(t->key), "key-%d", number);
    return ch_str_of(t->key);
}

static void test_find_and_order(void **state)
{
    (void)state;
    size_t drops = 0;
    struct ch_lru lru;
    static struct thing things[COUNT];
    memset(things, 0, sizeof(things));
    ch_lru_init(&lru, COUNT, drop, &drops);
    for (int i = 0; i < COUNT; i++) {
        ch_lru_add(&lru, &things[i].node, name(&things[i], i), 1);
    }
    assert_int_equal(lru.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct thing probe;
        assert_ptr_equal(ch_lru_find(&lru, name(&probe, i)), &things[i].node);
    }
    assert_null(ch_lru_find(&lru, CH_STR("key-")));
    assert_null(ch_lru_find(&lru, CH_STR("")));

    /* 0 was used last: 1 is what goes. */
    struct thing probe;
    ch_lru_find(&lru, name(&probe, 0));
    struct thing more = {0};
    ch_lru_add(&lru, &more.node, CH_STR("more"), 1);
    assert_int_equal(drops, 1);
    assert_true(things[1].dropped);
    assert_null(ch_lru_find(&lru, CH_STR("key-1")));

    ch_lru_remove(&lru, &more.node);
    assert_false(more.dropped);
    assert_null(ch_lru_find(&lru, CH_STR("more")));
    ch_lru_done(&lru);
    assert_int_equal(drops, COUNT);
}

static void test_pins_and_sizes(void **state)
{
    (void)state;
    size_t drops = 0;
    struct ch_lru lru;
    struct thing a = {0};
    struct thing b = {0};
    struct thing c = {0};
    ch_lru_init(&lru, 10, drop, &drops);
    ch_lru_add(&lru, &a.node, CH_STR("a"), 4);
    a.node.pins = 1;
    ch_lru_add(&lru, &b.node, CH_STR("b"), 4);
    ch_lru_add(&lru, &c.node, CH_STR("c"), 2);
    assert_int_equal(drops, 0);
    ch_lru_resize(&lru, &c.node, 3);
    assert_true(b.dropped); /* a is older, but pinned */
    assert_false(a.dropped);
    ch_lru_resize(&lru, &c.node, 100);
    assert_false(c.dropped); /* larger than all room, and still what is in use */
    ch_lru_clear(&lru);
    assert_true(c.dropped);
    assert_false(a.dropped);
    assert_int_equal(lru.size, 4);
    ch_lru_done(&lru);
    assert_true(a.dropped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find_and_order),
                                       cmocka_unit_test(test_pins_and_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
