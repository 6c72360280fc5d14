/* What is asked of the store about images: on which pages a file is, what was found in it there. */
#include "tests/db/store/temp_store.h"

static void gather_names(void *ctx, struct ch_str name)
{
    ch_buf_puts(ctx, name);
    ch_buf_putc(ctx, ' ');
}

static void add_page(const char *project, const char *upstream, const char *file)
{
    assert_ch_ok(&err, ch_store_pin_owner(store, CH_STR("img"), ch_str_of(project),
                                          ch_str_of(upstream), 5, NULL, &err));
    assert_ch_ok(&err, ch_store_add_sighting(store, ch_str_of(upstream), ch_str_of(project),
                                             ch_str_of(file), NULL, CH_SIGHTING_APPEARED, 5,
                                             CH_TIME_UNKNOWN, &err));
}

static void assert_pages(const char *project, const char *file, const char *expected)
{
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_pages_with_file(store, CH_STR("img"), ch_str_of(project),
                                                ch_str_of(file), gather_names, &b, &err));
    assert_str_eq(ch_buf_str(&b), expected);
    ch_buf_done(&b);
}

/* Of these names alone, by what their owner listed. */
static void test_pages_with_file(void **state)
{
    (void)state;
    add_page("app@1", "up", "sha-aa.tar");
    add_page("app@1", "up", "sha-bb.tar");
    add_page("app@2", "up", "sha-aa.tar.gz");
    add_page("app@2", "up", "sha-aab.tar");
    add_page("app:1", "up", "sha-aa.tar");
    add_page("appA", "up", "sha-aa.tar");
    add_page("app/more@1", "up", "sha-aa.tar");
    assert_ch_ok(&err, ch_store_add_sighting(store, CH_STR("other"), CH_STR("app@1"),
                                             CH_STR("sha-cc.tar"), NULL, CH_SIGHTING_APPEARED, 5,
                                             CH_TIME_UNKNOWN, &err));
    assert_pages("app@", "sha-aa.", "app@1 app@2 ");
    assert_pages("app@", "sha-bb.", "app@1 ");
    assert_pages("app@", "sha-a", "app@1 app@2 ");
    assert_pages("app@", "sha-cc.", "");
    assert_pages("ap@", "sha-aa.", "");
    struct ch_owner_change given = {.repository = CH_STR("img"),
                                    .project = CH_STR("app@1"),
                                    .kind = CH_OWNER_GIVEN,
                                    .upstream = CH_STR("other"),
                                    .former = CH_STR("up"),
                                    .reason = CH_STR("moved"),
                                    .by = CH_STR("uid 0"),
                                    .at_us = 9};
    assert_ch_ok(&err, ch_store_add_owner_change(store, &given, NULL, NULL, NULL, &err));
    assert_pages("app@", "sha-cc.", "app@1 ");
    assert_pages("app@", "sha-bb.", "");
}

static void add_inspection(const struct ch_inspection_key *key, const char *context,
                           enum ch_inspection outcome, enum ch_finding_code code)
{
    struct ch_finding finding = {.code = code};
    struct ch_inspection_row row = {
        .outcome = outcome, .at_us = 7, .findings = &finding, .finding_count = code != 0};
    struct ch_inspection_key k = *key;
    k.context = ch_str_of(context);
    assert_ch_ok(&err, ch_store_add_inspection(store, &k, &row, &err));
}

/* By the same inspector and rules, wherever the bytes lie. */
static void test_inspections_elsewhere(void **state)
{
    (void)state;
    struct ch_inspection_key key = {
        .sha256 = ch_sha256_of("b", 1), .profile = CH_STR("layer"), .inspector_version = 3};
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    add_inspection(&key, "u/p/f", CH_INSPECTION_COMPLETE, 0);
    add_inspection(&key, "u/q/f", CH_INSPECTION_COMPLETE, CH_F_LIMIT);
    add_inspection(&key, "u/r/f", CH_INSPECTION_FAILED, 0);
    add_inspection(&key, "u/s/f", CH_INSPECTION_COMPLETE, CH_F_SIZE_MISMATCH);
    add_inspection(&key, "u/p/ff", CH_INSPECTION_COMPLETE, 0);
    assert_ch_ok(&err, ch_store_contexts_with_findings(store, &key, CH_STR(",3,30,"), gather_names,
                                                       &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/q/f ");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_contexts_with_findings(store, &key, CH_STR(",3,0,301,"),
                                                       gather_names, &b, &err));
    assert_int_equal(b.len, 0);
    assert_ch_ok(&err, ch_store_contexts_complete(store, &key, CH_STR("/f"), CH_STR(",40,41,"),
                                                  gather_names, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/p/f u/q/f ");
    ch_buf_clear(&b);
    key.inspector_version++;
    assert_ch_ok(
        &err, ch_store_contexts_with_findings(store, &key, CH_STR(",30,"), gather_names, &b, &err));
    assert_ch_ok(&err, ch_store_contexts_complete(store, &key, CH_STR("/f"), CH_STR(",40,"),
                                                  gather_names, &b, &err));
    key.inspector_version--;
    key.ruleset = key.sha256;
    assert_ch_ok(
        &err, ch_store_contexts_with_findings(store, &key, CH_STR(",30,"), gather_names, &b, &err));
    assert_ch_ok(&err, ch_store_contexts_complete(store, &key, CH_STR("/f"), CH_STR(",40,"),
                                                  gather_names, &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_pages_with_file),
        T(test_inspections_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
