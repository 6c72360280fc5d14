#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

static const struct ch_ecosystem *pypi(void)
{
    return ch_ecosystem_find(CH_STR("pypi"));
}

static const struct {
    const char *path; /* after the repository's name, decoded; a last '/' is the directory mark */
    enum ch_target_kind kind;
    enum ch_part part;
    const char *project;
    const char *file_name;
    const char *location;
} urls[] = {
    {"", CH_TARGET_NONE, 0, "", "", ""},
    {"simple/", CH_TARGET_ROOT, 0, "", "", ""},
    {"simple", CH_TARGET_MOVED, 0, "", "", "/py/simple/"},
    {"simple/foo/", CH_TARGET_PROJECT, 0, "foo", "", ""},
    {"simple/foo", CH_TARGET_MOVED, 0, "foo", "", "/py/simple/foo/"},
    {"simple/Foo_.Bar/", CH_TARGET_MOVED, 0, "foo-bar", "", "/py/simple/foo-bar/"},
    {"simple/Foo_.Bar", CH_TARGET_MOVED, 0, "foo-bar", "", "/py/simple/foo-bar/"},
    {"simple/-foo/", CH_TARGET_NONE, 0, "", "", ""},
    {"simple/fo o/", CH_TARGET_NONE, 0, "", "", ""},
    {"simple/f\xc3\xb6o/", CH_TARGET_NONE, 0, "", "", ""},
    {"simple/foo/bar/", CH_TARGET_NONE, 0, "", "", ""},
    {"Simple/foo/", CH_TARGET_NONE, 0, "", "", ""},
    {"files/foo/foo-1.0.tar.gz", CH_TARGET_FILE, CH_PART_FILE, "foo", "foo-1.0.tar.gz", ""},
    {"files/foo/foo-1.0+cpu-py3-none-any.whl", CH_TARGET_FILE, CH_PART_FILE, "foo",
     "foo-1.0+cpu-py3-none-any.whl", ""},
    {"files/foo/foo-1.0-py3-none-any.whl.metadata", CH_TARGET_FILE, CH_PART_METADATA, "foo",
     "foo-1.0-py3-none-any.whl", ""},
    {"files/foo/.metadata", CH_TARGET_NONE, 0, "", "", ""},
    {"files/foo/foo-1.0.tar.gz/", CH_TARGET_NONE, 0, "", "", ""},
    {"files/Foo/foo-1.0.tar.gz", CH_TARGET_NONE, 0, "", "", ""},
    {"files/foo", CH_TARGET_NONE, 0, "", "", ""},
    {"files/foo/a/b", CH_TARGET_NONE, 0, "", "", ""},
    {"foo/json", CH_TARGET_NONE, 0, "", "", ""},
    {"json", CH_TARGET_NONE, 0, "", "", ""},
};

static void test_classify(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(urls); i++) {
        struct ch_str rest = ch_str_of(urls[i].path);
        bool directory = rest.len == 0 || ch_str_ends(rest, CH_STR("/"));
        if (directory && rest.len > 0) {
            rest.len--;
        }
        struct ch_str parts[8];
        size_t count = 0;
        while (rest.len > 0 && ch_str_split(&rest, '/', &parts[count])) {
            count++;
        }
        struct ch_target t;
        pypi()->classify(CH_STR("py"), parts, count, directory, &t);
        if (t.kind != urls[i].kind) {
            fail_msg("%s: kind %d, expected %d", urls[i].path, (int)t.kind, (int)urls[i].kind);
        }
        if (t.kind != CH_TARGET_NONE) {
            assert_int_equal(t.part, urls[i].part);
            assert_string_equal(t.project, urls[i].project);
            assert_string_equal(t.file_name, urls[i].file_name);
            assert_string_equal(t.location, urls[i].location);
        }
    }
}

static void test_classify_bounds_names(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof(name));
    struct ch_target t;
    struct ch_str page[] = {CH_STR("simple"), {name, 215}};
    pypi()->classify(CH_STR("py"), page, 2, true, &t);
    assert_int_equal(t.kind, CH_TARGET_NONE);
    page[1].len = 214;
    pypi()->classify(CH_STR("py"), page, 2, true, &t);
    assert_int_equal(t.kind, CH_TARGET_PROJECT);
    struct ch_str file[] = {CH_STR("files"), CH_STR("foo"), {name, 256}};
    pypi()->classify(CH_STR("py"), file, 3, false, &t);
    assert_int_equal(t.kind, CH_TARGET_NONE);
    file[2].len = 255;
    pypi()->classify(CH_STR("py"), file, 3, false, &t);
    assert_int_equal(t.kind, CH_TARGET_FILE);
}

static void test_normalise_and_split(void **state)
{
    (void)state;
    char name[16];
    assert_true(pypi()->normalise(CH_STR("Foo__Bar"), name, sizeof(name)));
    assert_string_equal(name, "foo-bar");
    assert_false(pypi()->normalise(CH_STR("foo/bar"), name, sizeof(name)));
    assert_string_equal(name, "");
    assert_false(pypi()->normalise(CH_STR("abcdefghijklmnop"), name, sizeof(name)));

    struct ch_release r;
    pypi()->split(CH_STR("foo-bar"), CH_STR("foo_bar-1.0-cp311-cp311-win_amd64.whl"), &r);
    assert_string_equal(r.version, "1.0");
    assert_string_equal(r.file_type, "wheel");
    assert_string_equal(r.profile, "wheel");
    assert_str_eq(r.python_tags, "cp311");
    assert_str_eq(r.abi_tags, "cp311");
    assert_str_eq(r.platform_tags, "win_amd64");
    pypi()->split(CH_STR("foo"), CH_STR("foo-1.0.tar.gz"), &r);
    assert_string_equal(r.version, "1.0");
    assert_string_equal(r.file_type, "sdist");
    assert_string_equal(r.profile, "sdist");
    pypi()->split(CH_STR("foo"), CH_STR("foo-1.0.zip"), &r);
    assert_string_equal(r.profile, "sdist");
    pypi()->split(CH_STR("foo"), CH_STR("foo-1.0.tar.Z"), &r);
    assert_string_equal(r.file_type, "sdist");
    assert_null(r.profile);
    pypi()->split(CH_STR("foo"), CH_STR("foo-1.0-py3.11.egg"), &r);
    assert_string_equal(r.file_type, "egg");
    assert_null(r.profile);
    pypi()->split(CH_STR("foo"), CH_STR("bar-1.0-py3-none-any.whl"), &r);
    assert_string_equal(r.version, "");
    assert_int_equal(r.python_tags.len, 0);
    pypi()->split(CH_STR("foo"), CH_STR("foo-1.0.exe.zip.rpm"), &r);
    assert_null(r.profile);
}

static void test_dependencies(void **state)
{
    (void)state;
    static const struct {
        const char *value, *extras;
        const char *project, *versions, *version, *on; /* project NULL: none */
        bool asked;
    } rows[] = {
        {"Boto_Core<2,>=1", NULL, "boto-core", "<2,>=1", "", "", true},
        {"a", NULL, "a", "", "", "", true},
        {"a (== 1.0)", NULL, "a", "== 1.0", "1.0", "", true},
        {"a===1.0", NULL, "a", "===1.0", "1.0", "", true},
        {"a==1.*", NULL, "a", "==1.*", "", "", true},
        {"a==1,!=2", NULL, "a", "==1,!=2", "", "", true},
        {"a; os_name == 'nt'", NULL, "a", "", "", "os_name == 'nt'", true},
        {"a; extra == 'x'", NULL, "a", "", "", "", false},
        {"a; extra == 'x'", "y", "a", "", "", "", false},
        {"a; extra == 'x'", "y, X", "a", "", "", "", true},
        {"a; extra == 'x' and os_name == 'nt'", "x", "a", "", "",
         "extra == 'x' and os_name == 'nt'", true},
        {"a; extra != 'x'", "x", "a", "", "", "", true}, /* it is needed without the extra */
        {"a b", NULL, NULL, "", "", "", false},
        {"a @ https://example.org/a.whl", NULL, NULL, "", "", "", false},
        {"", NULL, NULL, "", "", "", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_dependency d;
        bool read =
            pypi()->read_dependency(ch_str_of(rows[i].value), ch_str_of(rows[i].extras), &d);
        if (read != (rows[i].project != NULL)) {
            fail_msg("%s: read %d", rows[i].value, read);
        }
        if (!read) {
            continue;
        }
        assert_string_equal(d.project, rows[i].project);
        assert_str_eq(d.versions, rows[i].versions);
        assert_str_eq(d.version, rows[i].version);
        assert_str_eq(d.on, rows[i].on);
        assert_false(d.prereleases);
        if (d.asked != rows[i].asked) {
            fail_msg("%s: asked %d", rows[i].value, d.asked);
        }
    }
}

static void test_prereleases_asked_for(void **state)
{
    (void)state;
    static const char *const naming[] = {"a>=2.0a1", "a<3, >= 2rc1", "a==1.0.dev1", "a (~=2.0b2)"};
    static const char *const others[] = {"a>=2", "a", "a==2.*", "a>=2.0.post1", "a==1+local"};
    struct ch_dependency d;
    for (size_t i = 0; i < CH_ARRAY_LEN(naming); i++) {
        assert_true(pypi()->read_dependency(ch_str_of(naming[i]), CH_STR(""), &d));
        assert_true(d.prereleases);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        assert_true(pypi()->read_dependency(ch_str_of(others[i]), CH_STR(""), &d));
        assert_false(d.prereleases);
    }
}

static void assert_url(enum ch_code code, struct ch_buf *b, const char *expected)
{
    assert_int_equal(code, CH_OK);
    assert_str_eq(ch_buf_str(b), expected);
    ch_buf_clear(b);
}

static void test_upstream_urls(void **state)
{
    (void)state;
    const struct ch_str base = CH_STR("https://index.example.org/simple");
    struct ch_buf b;
    ch_buf_init(&b, 200);
    assert_url(pypi()->page_url(base, CH_STR("foo"), 0, &b), &b,
               "https://index.example.org/simple/foo/");
    assert_url(pypi()->details_url(CH_STR("https://index.example.org/pypi"), CH_STR("foo"), &b), &b,
               "https://index.example.org/pypi/foo/json");
    assert_url(pypi()->sidecar_url(CH_STR("https://f.example.org/a.whl"), &b), &b,
               "https://f.example.org/a.whl.metadata");
    assert_url(pypi()->sidecar_url(CH_STR("https://f.example.org/a.whl?x=1#sha256=00"), &b), &b,
               "https://f.example.org/a.whl.metadata?x=1");
    ch_buf_done(&b);
    ch_buf_init(&b, 10);
    assert_int_equal(pypi()->page_url(base, CH_STR("foo"), 0, &b), CH_E_LIMIT);
    assert_int_equal(pypi()->page_url(base, CH_STR("foo"), 1, &b), CH_E_NOT_FOUND);
    ch_buf_done(&b);
}

static void test_page_profile(void **state)
{
    (void)state;
    assert_string_equal(pypi()->page_profile(CH_STR("application/vnd.pypi.simple.v1+json")),
                        "page-json");
    assert_string_equal(pypi()->page_profile(CH_STR("text/html")), "page-html");
    assert_string_equal(pypi()->page_profile(CH_STR("application/vnd.pypi.simple.v1+html")),
                        "page-html");
    assert_null(pypi()->page_profile(CH_STR("application/vnd.pypi.simple.v2+json")));
    assert_null(pypi()->page_profile(CH_STR("application/zip")));
    assert_null(pypi()->page_profile(CH_STR("")));
}

static void test_usage_line(void **state)
{
    (void)state;
    static const struct {
        const char *origin;
        const char *line;
    } rows[] = {
        {"http://127.0.0.1:8080",
         "pip install --index-url http://127.0.0.1:8080/pypi/simple/ PACKAGE"},
        {"http://[::1]:8080", "pip install --index-url http://[::1]:8080/pypi/simple/ PACKAGE"},
        {"https://gw.example.org",
         "pip install --index-url https://gw.example.org/pypi/simple/ PACKAGE"},
        {"http://gw.example.org:8080",
         "pip install --index-url http://gw.example.org:8080/pypi/simple/"
         " --trusted-host gw.example.org PACKAGE"},
        {"http://[2001:db8::1]:80", "pip install --index-url http://[2001:db8::1]:80/pypi/simple/"
                                    " --trusted-host [2001:db8::1] PACKAGE"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 500);
        pypi()->usage_line(ch_str_of(rows[i].origin), CH_STR("pypi"), &b);
        assert_str_eq(ch_buf_str(&b), rows[i].line);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classify),
        cmocka_unit_test(test_classify_bounds_names),
        cmocka_unit_test(test_normalise_and_split),
        cmocka_unit_test(test_dependencies),
        cmocka_unit_test(test_prereleases_asked_for),
        cmocka_unit_test(test_upstream_urls),
        cmocka_unit_test(test_page_profile),
        cmocka_unit_test(test_usage_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
