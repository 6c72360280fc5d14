/* What the limit of descriptors leaves for connections, and for files. */
#include "tests/ch_test.h"

#include <sys/resource.h>

#include "proxy/front/descriptors.h"

static void test_room(void **state)
{
    static const struct row {
        rlim_t limit;
        uint64_t files;
        uint32_t connections;
    } rows[] = {
        {1024, 256, 704}, {4096, 512, 3520}, {256, 64, 128}, {86, 21, 1}, {80, 20, 1}, {10, 2, 1},
    };
    struct rlimit before;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        const struct rlimit low = {r->limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        uint64_t files = front_room_for_files(512);
        assert_int_equal(files, r->files);
        assert_int_equal(front_room_for_connections(files), r->connections);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
