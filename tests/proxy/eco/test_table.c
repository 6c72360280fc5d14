#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

/* What gateway and keeper call without asking whether it is there. */
static void test_every_row_is_complete(void **state)
{
    (void)state;
    size_t count = 0;
    for (; ch_ecosystems[count] != NULL; count++) {
        const struct ch_ecosystem *e = ch_ecosystems[count];
        assert_non_null(e->name);
        assert_ptr_equal(ch_ecosystem_find(ch_str_of(e->name)), e);
        assert_non_null(e->file_endings);
        assert_non_null(e->profiles);
        assert_non_null(e->normalise);
        assert_non_null(e->project_of);
        assert_non_null(e->split);
        assert_non_null(e->compare_versions);
        assert_non_null(e->match_version);
        assert_non_null(e->sample_versions);
        assert_non_null(e->classify);
        assert_non_null(e->page_accept);
        assert_non_null(e->page_url);
        assert_non_null(e->page_profile);
        assert_non_null(e->usage_line);
        assert_true(e->format_count > 0);
        for (size_t i = 0; i < e->format_count; i++) {
            assert_non_null(e->formats[i].media_type);
            assert_non_null(e->formats[i].accepts);
            assert_non_null(e->formats[i].render_root);
            /* what is no document of a page is never chosen by Accept */
            assert_true(e->formats[i].render_page != NULL || e->formats[i].accepts[0] == '\0');
        }
        assert_non_null(e->formats[0].render_page);
        if (e->shards != NULL) {
            assert_non_null(e->shards->render);
            assert_non_null(e->shards->render_index);
            assert_in_range(e->shards->index_document, 2, e->format_count);
            assert_in_range(e->shards->shard_document, 2, e->format_count);
            assert_true(e->is_page != NULL && e->explains_held);
        }
    }
    assert_int_equal(count, 4); /* PyPI, conda, registries, and the one made up for tests */
    assert_null(ch_ecosystem_find(CH_STR("pyp")));
    assert_null(ch_ecosystem_find(CH_STR("")));
}

/* The made-up one has other URLs and other pages: whoever goes through the table alone serves it.
 */
static void test_second_ecosystem(void **state)
{
    (void)state;
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("test"));
    assert_non_null(e);
    struct ch_str parts[] = {CH_STR("get"), CH_STR("foo"), CH_STR("foo-1.bag")};
    struct ch_target target;
    e->classify(CH_STR("t"), parts, 3, false, &target);
    assert_int_equal(target.kind, CH_TARGET_FILE);
    assert_string_equal(target.project, "foo");
    assert_string_equal(target.file_name, "foo-1.bag");
    struct ch_release release;
    e->split(CH_STR("foo"), CH_STR("foo-1.bag"), &release);
    assert_string_equal(release.version, "1");
    struct ch_page_file file = {.file_name = CH_STR("foo-1.bag"), .sha256 = {{0xab}}};
    struct ch_page page = {.project = CH_STR("foo"), .files = &file, .file_count = 1};
    struct ch_buf out;
    struct ch_err err = {0};
    ch_buf_init(&out, 1000);
    assert_ch_ok(&err, e->formats[0].render_page(&page, CH_STR("/t"), &out, &err));
    assert_str_eq(ch_buf_str(&out), "foo-1.bag ab000000000000000000000000000000"
                                    "00000000000000000000000000000000\n");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_complete),
        cmocka_unit_test(test_second_ecosystem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
