#include "customhouse/instance.h"
#include "tests/ch_test.h"

static void test_id(void **state)
{
    (void)state;
    char id[CH_INSTANCE_HEX + 1];
    ch_instance_id(CH_STR("/var/lib/customhouse"), id);
    /* printf 'customhouse-instance:/var/lib/customhouse' | sha256sum | cut -c1-32 */
    assert_string_equal(id, "eaa86bca725860d1d0b647d3ea147e92");
    char other[CH_INSTANCE_HEX + 1];
    ch_instance_id(CH_STR("/var/lib/customhouse2"), other);
    assert_string_not_equal(id, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_id)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
