/* What the keeper says apart, since it is too large for a message: a bill of materials. */
#include "fixture.h"

#define SBOM "/pypi/files/foo/foo-1.0-py3-none-any.whl.cdx.json"

static struct fixture *answering(struct ch_str body)
{
    struct ch_sha256 sha256 = ch_sha256_of("a", 1);
    struct fixture *f = fixture_new();
    fixture_allow(f, &sha256, body.len);
    f->keeper.file.body_apart = true;
    f->keeper.body_apart = body;
    return f;
}

static void test_it_is_served(void **state)
{
    (void)state;
    static const char body[] = "{\"bomFormat\":\"CycloneDX\"}";
    struct fixture *f = answering(ch_str_of(body));
    struct ch_str a = get(f, SBOM, NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "application/vnd.cyclonedx+json");
    assert_str_eq(body_of(a), body);
    assert_int_equal(f->keeper.part, CH_PART_CYCLONEDX);
    get(f, SBOM, NULL);
    assert_int_equal(f->keeper.file_asks, 2); /* not kept */
    atomic_store(&f->epoch.epoch, 2);         /* T11: the ALLOW ended on its way */
    a = get(f, SBOM "?wait=10", NULL);
    assert_int_equal(status_of(a), 403);
    assert_false(ch_str_find(a, CH_STR("bomFormat"), NULL));
    fixture_free(f);
}

/* None that could still be changed, and nothing where there is none. */
static void test_it_must_be_there_and_final(void **state)
{
    (void)state;
    for (int missing = 0; missing < 2; missing++) {
        struct fixture *f = answering(CH_STR("{\"a\":1}"));
        f->keeper.body_unsealed = missing == 0;
        f->keeper.body_apart = missing == 0 ? f->keeper.body_apart : (struct ch_str){NULL, 0};
        struct ch_str a = get(f, SBOM, NULL);
        assert_int_equal(status_of(a), 403);
        assert_has(a, "the decision on it is not available now");
        assert_false(ch_str_find(a, CH_STR("\"a\""), NULL));
        fixture_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_served),
        cmocka_unit_test(test_it_must_be_there_and_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
