#include "tests/ch_test.h"

#include "customhouse/tlog.h"

static struct ch_err err;

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        struct ch_tile tile;
    } rows[] = {
        {"0/000", {0, 0, 256}},
        {"0/000.p/1", {0, 0, 1}},
        {"1/999", {1, 999, 256}},
        {"0/x001/000", {0, 1000, 256}},
        {"7/x001/x234/067.p/255", {7, 1234067, 255}},
        {"entries/x001/x234/067", {CH_TILE_ENTRIES, 1234067, 256}},
        {"entries/000.p/8", {CH_TILE_ENTRIES, 0, 8}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_tile t;
        struct ch_buf path;
        assert_ch_ok(&err, ch_tile_path_get(ch_str_of(rows[i].path), &t, &err));
        assert_int_equal(t.level, rows[i].tile.level);
        assert_int_equal(t.number, rows[i].tile.number);
        assert_int_equal(t.width, rows[i].tile.width);
        ch_buf_init(&path, CH_TILE_PATH_MAX);
        ch_tile_path_put(&path, &t);
        assert_str_eq(ch_buf_str(&path), rows[i].path);
        ch_buf_done(&path);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "0",
                                      "0/",
                                      "/000",
                                      "8/000",
                                      "00/000",
                                      "0/00",
                                      "0/0000",
                                      "0/x000",
                                      "0/x000/001",
                                      "0/001/000",
                                      "0/x001/x000",
                                      "0/000/",
                                      "0//000",
                                      "0/000.p",
                                      "0/000.p/",
                                      "0/000.p/0",
                                      "0/000.p/256",
                                      "0/000.p/01",
                                      "0/000.p/1/",
                                      "0/000.p/1/000",
                                      "0/..",
                                      "entries",
                                      "entries/",
                                      "Entries/000",
                                      "0/-01",
                                      "0/ 01",
                                      "0/000.p/+1",
                                      "0/000.q/1",
                                      "0/x018/x446/x744/x073/x709/x551/616"};
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        struct ch_tile t;
        if (ch_tile_path_get(ch_str_of(bad[i]), &t, &err) != CH_E_FORMAT) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}

static void test_what_a_tree_has(void **state)
{
    (void)state;
    static const struct {
        struct ch_tile tile;
        uint64_t size;
        bool in;
    } rows[] = {
        {{0, 0, 1}, 0, false},
        {{0, 0, 1}, 1, true},
        {{0, 0, 2}, 1, false},
        {{0, 0, 256}, 255, false},
        {{0, 0, 256}, 256, true},
        {{0, 0, 7}, 256, true},
        {{0, 1, 1}, 256, false},
        {{0, 1, 1}, 257, true},
        {{1, 0, 1}, 255, false},
        {{1, 0, 1}, 256, true},
        {{1, 0, 256}, 65535, false},
        {{1, 0, 256}, 65536, true},
        {{2, 0, 1}, 65536, true},
        {{CH_TILE_ENTRIES, 0, 3}, 3, true},
        {{CH_TILE_ENTRIES, 0, 4}, 3, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_tile_is_in(&rows[i].tile, rows[i].size) != rows[i].in) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_what_a_tree_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
