#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

static const struct ch_ecosystem *conda(void)
{
    return ch_ecosystem_find(CH_STR("conda"));
}

static const struct {
    const char *path; /* after the repository's name, decoded; a last '/' is the directory mark */
    enum ch_target_kind kind;
    unsigned document;
    const char *project;
    const char *file_name;
} urls[] = {
    {"", CH_TARGET_ROOT, 0, "", ""},
    {"notices.json", CH_TARGET_ROOT, 3, "", ""},
    {"notices.json/", CH_TARGET_NONE, 0, "", ""},
    {"channeldata.json", CH_TARGET_ROOT, 10, "", ""},
    {"noarch/repodata.json", CH_TARGET_PROJECT, 1, "noarch", ""},
    {"linux-64/repodata.json", CH_TARGET_PROJECT, 1, "linux-64", ""},
    {"emscripten-wasm32/repodata.json.zst", CH_TARGET_PROJECT, 2, "emscripten-wasm32", ""},
    {"noarch/repodata.json/", CH_TARGET_NONE, 0, "", ""},
    {"noarch/repodata.json.bz2", CH_TARGET_NONE, 0, "", ""},
    {"noarch/repodata_shards.msgpack.zst", CH_TARGET_PROJECT, 4, "noarch", ""},
    {"noarch/repodata_shards.msgpack.zst/", CH_TARGET_NONE, 0, "", ""},
    {"noarch/current_repodata.json", CH_TARGET_PROJECT, 6, "noarch", ""},
    {"noarch/current_repodata.json.zst", CH_TARGET_PROJECT, 7, "noarch", ""},
    {"noarch/run_exports.json", CH_TARGET_PROJECT, 8, "noarch", ""},
    {"noarch/run_exports.json.zst", CH_TARGET_PROJECT, 9, "noarch", ""},
    {"run_exports.json", CH_TARGET_NONE, 0, "", ""},
    {"noarch/channeldata.json", CH_TARGET_NONE, 0, "", ""},
    {"noarch", CH_TARGET_NONE, 0, "", ""},
    {"noarch/", CH_TARGET_NONE, 0, "", ""},
    {"Noarch/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"linux/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"linux-/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"-64/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"linux-64-x/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"linux-0123456789012345678901234567/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"label/dev/noarch/repodata.json", CH_TARGET_NONE, 0, "", ""},
    {"noarch/a-1.0-0.conda", CH_TARGET_FILE, 0, "noarch", "a-1.0-0.conda"},
    {"linux-64/a-b-1!2.0+x-h1_0.tar.bz2", CH_TARGET_FILE, 0, "linux-64",
     "a-b-1!2.0+x-h1_0.tar.bz2"},
    {"noarch/a-1.0-0.conda/", CH_TARGET_NONE, 0, "", ""},
    {"noarch/a-1.0.conda", CH_TARGET_NONE, 0, "", ""},
    {"noarch/a-1.0-.conda", CH_TARGET_NONE, 0, "", ""},
    {"noarch/-1.0-0.conda", CH_TARGET_NONE, 0, "", ""},
    {"noarch/a--0.conda", CH_TARGET_NONE, 0, "", ""},
    {"noarch/a-1.0-0.whl", CH_TARGET_NONE, 0, "", ""},
    {"noarch/.conda", CH_TARGET_NONE, 0, "", ""},
};

static void test_classify(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(urls); i++) {
        struct ch_str rest = ch_str_of(urls[i].path);
        bool directory = rest.len == 0 || ch_str_ends(rest, CH_STR("/"));
        rest.len -= directory && rest.len > 0;
        struct ch_str parts[8];
        size_t count = 0;
        while (rest.len > 0 && ch_str_split(&rest, '/', &parts[count])) {
            count++;
        }
        struct ch_target t;
        conda()->classify(CH_STR("chan"), parts, count, directory, &t);
        if (t.kind != urls[i].kind || t.document != urls[i].document) {
            fail_msg("%s: kind %d, document %u", urls[i].path, (int)t.kind, t.document);
        }
        if (t.kind != CH_TARGET_NONE) {
            assert_string_equal(t.project, urls[i].project);
        }
        assert_string_equal(t.file_name, urls[i].file_name);
        assert_true(t.kind != CH_TARGET_PROJECT ||
                    ch_ecosystem_is_page(conda(), ch_str_of(t.project)));
        assert_true(t.document <= conda()->format_count);
    }
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *project, *file, *version, *type, *profile;
    } rows[] = {
        {"a", "a-1.0-0.conda", "1.0", "conda", "conda"},
        {"a", "a-1.0-0.tar.bz2", "1.0", "conda-tar", "conda-tar"},
        {"a-b", "a-b-1!2.0-h1_0.conda", "1!2.0", "conda", "conda"},
        {"a", "a-b-1.0-0.conda", "", "other", NULL}, /* another project's */
        {"a", "A-1.0-0.conda", "", "other", NULL},
        {"a", "a-1.0-0.tar.gz", "", "other", NULL},
        {"a", "a-1.0.conda", "", "other", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_release r;
        conda()->split(ch_str_of(rows[i].project), ch_str_of(rows[i].file), &r);
        if (strcmp(r.version, rows[i].version) != 0 || strcmp(r.file_type, rows[i].type) != 0 ||
            (r.profile == NULL) != (rows[i].profile == NULL) ||
            (r.profile != NULL && strcmp(r.profile, rows[i].profile) != 0)) {
            fail_msg("%s: version %s, type %s", rows[i].file, r.version, r.file_type);
        }
    }
    char name[256];
    assert_true(conda()->project_of(CH_STR("A-b-1.0-0.conda"), name, sizeof(name)));
    assert_string_equal(name, "a-b");
    assert_false(conda()->project_of(CH_STR("a-1.0.conda"), name, sizeof(name)));
    assert_false(conda()->project_of(CH_STR("__glibc-2.17-0.conda"), name, sizeof(name)));
}

static void test_normalise(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *normal;
    } rows[] = {{"NumPy", "numpy"},     {"_libgcc_mutex", "_libgcc_mutex"},
                {"a.b-c_d", "a.b-c_d"}, {"", NULL},
                {"__glibc", NULL},      {"-a", NULL},
                {".a", NULL},           {"a b", NULL},
                {"a/b", NULL},          {"a-", NULL},
                {"\xc3\xa4", NULL}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char name[256];
        bool good = conda()->normalise(ch_str_of(rows[i].raw), name, sizeof(name));
        if (good != (rows[i].normal != NULL) || (good && strcmp(name, rows[i].normal) != 0)) {
            fail_msg("\"%s\": %s", rows[i].raw, name);
        }
    }
    char small[4];
    assert_false(conda()->normalise(CH_STR("abcd"), small, sizeof(small)));
}

static void test_versions(void **state)
{
    (void)state;
    struct ch_err err;
    bool match = false;
    assert_ch_ok(&err, conda()->match_version(CH_STR("==1.0"), CH_STR("1.0.0"), &match, &err));
    assert_true(match);
    assert_ch_ok(&err, conda()->match_version(CH_STR(">=1,<2|3.*"), CH_STR("3.1"), &match, &err));
    assert_true(match);
    assert_ch_ok(&err, conda()->match_version(CH_STR(">=1,<2"), CH_STR("2"), &match, &err));
    assert_false(match);
    assert_int_equal(conda()->match_version(CH_STR(">=1 py3"), CH_STR("2"), &match, &err),
                     CH_E_FORMAT);
    assert_int_equal(conda()->match_version(CH_STR("1.0"), CH_STR("1.0"), &match, &err),
                     CH_E_FORMAT);
    static const struct {
        const char *spec, *version;
        bool taken, denied;
    } rows[] = {
        {"==1.0", "1.0", true, true},        {"==1.0", "1.0+cuda", false, true},
        {"==1.0", "1.1+cuda", false, false}, {"==1.0+cuda", "1.0+cpu", false, false},
        {"<=1.0", "1.0+cuda", true, true},   {"!=1.0", "1.0+cuda", true, true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str spec = ch_str_of(rows[i].spec), version = ch_str_of(rows[i].version);
        bool denied = false;
        assert_ch_ok(&err, conda()->match_version(spec, version, &match, &err));
        assert_ch_ok(&err, conda()->match_denied(spec, version, &denied, &err));
        if (match != rows[i].taken || denied != rows[i].denied) {
            fail_msg("%s of %s: taken %d, denied %d", rows[i].version, rows[i].spec, match, denied);
        }
    }
    assert_int_equal(conda()->match_denied(CH_STR("1.0"), CH_STR("1.0+x"), &match, &err),
                     CH_E_FORMAT);
    assert_true(conda()->compare_versions(CH_STR("1.0rc1"), CH_STR("1.0")) < 0);
}

static void test_where_it_lies(void **state)
{
    (void)state;
    const struct ch_str base = CH_STR("http://127.0.0.1:1/chan");
    struct ch_buf url;
    ch_buf_init(&url, 100);
    assert_int_equal(conda()->page_url(base, CH_STR("noarch"), 0, &url), CH_OK);
    assert_str_eq(ch_buf_str(&url), "http://127.0.0.1:1/chan/noarch/repodata.json.zst");
    ch_buf_clear(&url);
    assert_int_equal(conda()->page_url(base, CH_STR("noarch"), 1, &url), CH_OK);
    assert_str_eq(ch_buf_str(&url), "http://127.0.0.1:1/chan/noarch/repodata.json");
    assert_int_equal(conda()->page_url(base, CH_STR("noarch"), 2, &url), CH_E_NOT_FOUND);
    ch_buf_done(&url);
    assert_non_null(conda()->page_profile(CH_STR("application/json")));
    assert_non_null(conda()->page_profile(CH_STR("")));
    assert_null(conda()->page_profile(CH_STR("text/html")));
}

static void test_usage_line(void **state)
{
    (void)state;
    struct ch_buf line;
    ch_buf_init(&line, 200);
    conda()->usage_line(CH_STR("http://127.0.0.1:8080"), CH_STR("chan"), &line);
    assert_str_eq(ch_buf_str(&line), "conda install --override-channels --channel "
                                     "http://127.0.0.1:8080/chan/ PACKAGE");
    ch_buf_done(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classify),      cmocka_unit_test(test_split),
        cmocka_unit_test(test_normalise),     cmocka_unit_test(test_versions),
        cmocka_unit_test(test_where_it_lies), cmocka_unit_test(test_usage_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
