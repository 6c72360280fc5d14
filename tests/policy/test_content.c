/* Holds and conditions by what a file is and does: every row has its nearest neighbour that passes.
 */
#include <stdio.h>

#include "content_case.h"

/* --- build-code (T10) --- */

static void test_T10_sdists(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *settings;
        const char *file_type;
        bool has_wheel;
        const char *rule;
    } rows[] = {
        {"with a wheel", "", "sdist", true, "build-code"},
        {"without", "", "sdist", false, NULL},
        {"the wheel itself", "", "wheel", true, NULL},
        {"always", "build: {sdists: always}", "sdist", true, NULL},
        {"never", "build: {sdists: never}", "sdist", false, "build-code"},
        {"a rule lets them pass",
         "rules: [{name: a, project: foo-*, file_type: sdist, then: allow, lifts: build-code}]",
         "sdist", true, NULL},
        {"of other projects",
         "rules: [{name: a, project: foo, file_type: sdist, then: allow, lifts: build-code}]",
         "sdist", true, "build-code"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = content_good();
        f.file_type = ch_str_of(rows[i].file_type);
        f.version_has_wheel = rows[i].has_wheel;
        content_check(&(struct row){rows[i].label, rows[i].settings, "", NULL, rows[i].rule, NULL}, 1, &f);
    }
    struct ch_facts f = content_good();
    f.file_type = CH_STR("sdist");
    f.inspection = CH_INSPECTION_NONE; /* it is not even listed */
    struct ch_decision d = content_decide("", &f);
    assert_int_equal(d.hold, CH_HOLD_BUILD);
    assert_false(d.eligible);
    assert_string_equal(d.reason, "a source distribution of a version that has a wheel; the policy "
                                  "lets only the wheel pass");
}

static void test_T10_build_code(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"a declared back end", "", "install-code build-backend hatchling.build", NULL, NULL, NULL},
        {"setup.py that declares", "", "install-code setup.py", NULL, NULL, NULL},
        {"setup.py that does more", "",
         "install-code setup.py, install-code setup.py beyond declarations", NULL, "build-code",
         "installing it runs code of its own that the policy does not permit: \"setup.py beyond "
         "declarations\""},
        {"a hook of a back end", "",
         "install-code build-backend hatchling.build, install-code build-hook hatch_build.py", NULL,
         "build-code", NULL},
        {"an in-tree back end", "", "install-code backend-path", NULL, "build-code", NULL},
        {"a back end nobody knows", "", "install-code build-backend evil.build", NULL, "build-code",
         NULL},
        {"the second one", "",
         "install-code build-backend maturin, install-code setup.cfg cmdclass x", NULL,
         "build-code", NULL},
        {"permitted", "build: {permit: ['setup.*']}", "install-code setup.py beyond declarations",
         NULL, NULL, NULL},
        {"not permitted any more", "build: {permit: []}",
         "install-code build-backend hatchling.build", NULL, "build-code", NULL},
        {"not asked", "build: {code: allow}", "install-code backend-path", NULL, NULL, NULL},
        {"lifted by a rule", "rules: [{name: a, project: foo-bar, then: allow, lifts: build-code}]",
         "install-code backend-path", NULL, NULL, NULL},
    };
    struct ch_facts f = content_good();
    f.file_type = CH_STR("sdist");
    f.version_has_wheel = false;
    CHECK(rows, f);
}

/* --- auto-load (T17) --- */

static void test_T17_auto_load(void **state)
{
    (void)state;
    static const struct row old[] = {
        {"an old project", "", "auto-load pth foo.pth", NULL, NULL, NULL},
        {"as before", "", "auto-load pth foo.pth", "auto-load pth foo.pth", NULL, NULL},
        {"new", "", "auto-load pth foo.pth, auto-load pth bar.pth", "auto-load pth foo.pth",
         "auto-load",
         "runs without being imported (\"pth bar.pth\"), which the approved 1.4 did not"},
        {"new, and nothing before", "", "auto-load entry-point pytest11", "", "auto-load", NULL},
        {"not asked", "auto_load: {then: allow}", "auto-load pth foo.pth", "", NULL, NULL},
        {"older is asked", "auto_load: {old_after_days: 400}", "auto-load pth foo.pth", NULL,
         "auto-load",
         "runs without being imported (\"pth foo.pth\"), and the project is neither known for it "
         "nor "
         "older than 400 days"},
        {"nothing of the kind", "auto_load: {old_after_days: 400}", "content notebook", NULL, NULL,
         NULL},
        {"another's module", "", "auto-load top-level numpy", NULL, "auto-load",
         "runs without being imported (\"top-level numpy\"): the name of another project's module, "
         "which this one is not known for"},
        {"another's module, new", "", "auto-load top-level numpy", "", "auto-load", NULL},
        {"another's module, as before", "", "auto-load top-level numpy", "auto-load top-level numpy",
         NULL, NULL},
        {"another's module, not asked", "auto_load: {then: allow}", "auto-load top-level numpy", NULL,
         NULL, NULL},
    };
    struct ch_facts f = content_good();
    CHECK(old, f);
    static const struct row young[] = {
        {"a young project", "", "auto-load pth foo.pth", NULL, "auto-load", NULL},
        {"a young project, as before", "", "auto-load pth foo.pth", "auto-load pth foo.pth", NULL,
         NULL},
    };
    f.project_since_us = NOW - 100 * DAY;
    CHECK(young, f);
    f.project_since_us = CH_TIME_UNKNOWN; /* then this file's age counts */
    CHECK(young, f);
    f.uploaded_at_us = NOW - 200 * DAY;
    CHECK(old, f);
    f = content_good();
    f.upstream_trusted_for_times = false; /* of a baseline: it was there when we came */
    f.baseline = true;
    f.project_since_us = CH_TIME_UNKNOWN;
    content_check(old, 1, &f);
    static const struct row known[] = {
        {"known for it", "", "auto-load pth distutils-precedence.pth", "", NULL, NULL},
        {"known for another", "", "auto-load pth other.pth", "", "auto-load", NULL},
    };
    static const struct row backport[] = {
        {"a listed module", "", "auto-load top-level dataclasses", NULL, NULL, NULL},
        {"another one", "", "auto-load top-level typing", NULL, "auto-load", NULL},
    };
    f = content_good();
    f.project = CH_STR("Setuptools");
    f.project_since_us = NOW - DAY;
    CHECK(known, f);
    f = content_good();
    f.project = CH_STR("dataclasses");
    CHECK(backport, f);
    /* an end by time */
    struct ch_fact fact = {CH_STR("auto-load"), CH_STR("pth x.pth")};
    f = content_good();
    f.project_since_us = NOW - 100 * DAY;
    f.inspected = &fact;
    f.inspected_count = 1;
    assert_true(content_decide("", &f).until_us == NOW + 80 * DAY);
    f.previous_version = CH_STR("1");
    assert_true(content_decide("", &f).until_us == CH_TIME_UNKNOWN);
}

/* --- changes --- */

static void test_changes_hold(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"new capability alone", "", "capability network, author jane@example.org",
         "author jane@example.org", NULL, NULL},
        {"new author alone", "", "capability network, author eve@example.com",
         "capability network, author jane@example.org", NULL, NULL},
        {"both", "", "capability network, author eve@example.com", "author jane@example.org",
         "change",
         "new since the approved 1.4: capability \"network\"; and its author is new: "
         "\"eve@example.com\""},
        {"install code and a new maintainer", "",
         "install-code build-backend maturin, maintainer eve@example.com",
         "author jane@example.org", "change", NULL},
        {"native code and a new maintainer", "", "native elf x86-64, maintainer eve@example.com",
         "author jane@example.org", "change", NULL},
        {"native code of another machine", "", "native elf aarch64, maintainer eve@example.com",
         "native elf x86-64, author jane@example.org", NULL, NULL},
        {"reading the environment says little", "",
         "capability environment, author eve@example.com", "author jane@example.org", NULL, NULL},
        {"a library says little", "", "library libz.so.1, author eve@example.com",
         "author jane@example.org", NULL, NULL},
        {"one who was a maintainer", "", "capability network, author Jane Doe <jane@example.org>",
         "maintainer jane@example.org", NULL, NULL},
        {"the one before and somebody else, in one field", "",
         "capability network, author Jane Doe and Eve", "author Jane Doe", "change",
         "new since the approved 1.4: capability \"network\"; and its author is new: \"Jane Doe "
         "and Eve\""},
        {"a name within another", "", "capability network, author Johann Smith", "author ann",
         "change", NULL},
        {"the name before an address", "", "capability network, author Jane Doe <jane@example.org>",
         "author jane doe", NULL, NULL},
        {"nobody was named before", "", "capability network, author eve@example.com", "", NULL,
         NULL},
        {"nothing approved before", "", "capability network, author eve@example.com", NULL, NULL,
         NULL},
        {"any capability", "changes: {hold: capability}", "library libz.so.1", "", "change", NULL},
        {"the C run time", "changes: {hold: capability}",
         "library libm.so.6, library libgcc_s.so.1, library libc.musl-x86_64.so.1, library "
         "KERNEL32.dll, library VCRUNTIME140_1.dll, library /usr/lib/libSystem.B.dylib",
         "", NULL, NULL},
        {"named much like it", "changes: {hold: capability}", "library libmm.so.6", "", "change",
         NULL},
        {"of another folder", "changes: {hold: capability}", "library /tmp/libc.so.6", "", "change",
         NULL},
        {"the same capabilities", "changes: {hold: capability}", "library libz.so.1",
         "library libz.so.1", NULL, NULL},
        {"none", "changes: {hold: none}", "capability network, author eve@example.com",
         "author jane@example.org", NULL, NULL},
    };
    struct ch_facts f = content_good();
    f.version_has_wheel = false;
    f.previous_uploaded_at_us = NOW - 60 * DAY;
    CHECK(rows, f);
    static const struct row silence[] = {
        {"new capability", "", "capability process", "", "change",
         "new since the approved 1.4: capability \"process\"; and it is the first release in 365 "
         "days"},
        {"no new capability", "", "capability process", "capability process", NULL, NULL},
    };
    f.previous_uploaded_at_us = f.uploaded_at_us - 365 * DAY;
    CHECK(silence, f);
    f.previous_uploaded_at_us++;
    content_check(&(struct row){"a day less", "", "capability process", "", NULL, NULL}, 1, &f);
}

static void test_changes_of(void **state)
{
    (void)state;
    struct ch_change c[8];
    struct ch_fact now[FACTS_MAX];
    struct ch_fact before[FACTS_MAX];
    struct ch_facts f = content_good();
    f.inspected = now;
    f.inspected_count =
        content_facts("library b, capability network, auto-load pth x, capability network, licence MIT, "
                 "capability process, author eve",
                 now);
    assert_int_equal(ch_changes_of(&f, c, 8), 0); /* nothing before */
    f.previous_version = CH_STR("1");
    f.previous = before;
    f.previous_count = content_facts("capability process, author jane, library a", before);
    f.previous_size_bytes = (10 << 20) / 5;
    f.previous_uploaded_at_us = NOW - 1000 * DAY;
    assert_int_equal(ch_changes_of(&f, c, 8), 6);
    static const char *const order[] = {"auto-load", "capability", "library", "author"};
    for (size_t i = 0; i < CH_ARRAY_LEN(order); i++) {
        assert_str_eq(c[i].fact.name, order[i]);
    }
    assert_int_equal(c[3].kind, CH_CHANGE_MAINTAINER);
    assert_int_equal(c[4].kind, CH_CHANGE_SILENCE);
    assert_int_equal(c[4].after, 970);
    assert_int_equal(c[5].kind, CH_CHANGE_SIZE);
    assert_true(c[5].before == (10 << 20) / 5 && c[5].after == 10 << 20);
    assert_int_equal(ch_changes_of(&f, c, 1), 6); /* says how many there are */
    f.previous_size_bytes++;
    assert_int_equal(ch_changes_of(&f, c, 8), 5);
    f.previous_size_bytes = 1;
    f.size_bytes = (1 << 20) - 1; /* small files may grow as they like */
    assert_int_equal(ch_changes_of(&f, c, 8), 5);
    f.inspection = CH_INSPECTION_FAILED; /* half of the facts prove nothing */
    assert_int_equal(ch_changes_of(&f, c, 8), 0);
    assert_string_equal(ch_change_kind_name(CH_CHANGE_SILENCE), "silence");
    assert_string_equal(ch_change_kind_name((enum ch_change_kind)99), "none");
}

/* A file may name people and capabilities without end; more changes than there is room for are
 * matched all the same. */
static void test_many_facts(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static struct ch_fact now[MANY];
    static struct ch_fact before[MANY];
    static char names[MANY][16];
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%05zu", i);
        const char *name = i % 2 == 0 ? "author" : "library";
        now[i] = (struct ch_fact){ch_str_of(name), ch_str_of(names[i])};
        before[i] = (struct ch_fact){ch_str_of(name), ch_str_of(i % 2 == 0 ? "jane" : names[i])};
    }
    now[1].value = CH_STR("~last"); /* of all, sorted */
    struct ch_facts f = content_good();
    f.previous_version = CH_STR("1");
    f.inspected = now;
    f.previous = before;
    f.inspected_count = f.previous_count = MANY;
    struct ch_decision d = content_decide(
        "changes: {hold: none}\nrules: [{name: a, changed: library/~last, then: hold}]", &f);
    assert_string_equal(d.rule, "rule a");
    f.previous_count = 0;
    d = content_decide(
        "changes: {hold: none}\nrules: [{name: a, changed: library/~last, then: hold}]", &f);
    assert_string_equal(d.rule, "rule a");
}

/* --- conditions of rules --- */

#define HOLD(condition)                                                                            \
    "changes: {hold: none}\nauto_load: {then: allow}\nbuild: {code: allow}\nrules: [{name: "       \
    "a, " condition ", then: hold}]"

static void test_conditions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"capability", HOLD("capability: [network, process]"), "capability process", NULL, "rule a",
         NULL},
        {"another capability", HOLD("capability: [network, process]"), "capability credentials",
         NULL, NULL, NULL},
        {"of installation alone", HOLD("capability: network"), "install-capability network", NULL,
         NULL, NULL},
        {"install capability", HOLD("install_capability: network"), "install-capability network",
         NULL, "rule a", NULL},
        {"install code", HOLD("install_code: 'setup.cfg **'"),
         "install-code setup.cfg cmdclass x-y", NULL, "rule a", NULL},
        {"a star stops at a hyphen", HOLD("install_code: 'setup.cfg *'"),
         "install-code setup.cfg cmdclass x-y", NULL, NULL, NULL},
        {"auto-load", HOLD("auto_load: pth x.pth"), "auto-load pth x.pth", NULL, "rule a", NULL},
        {"native", HOLD("native: 'pe **'"), "native pe x86-64", NULL, "rule a", NULL},
        {"another native", HOLD("native: 'pe **'"), "native elf x86-64", NULL, NULL, NULL},
        {"library", HOLD("library: libcurl**"), "library libcurl-gnutls.so.4", NULL, "rule a",
         NULL},
        {"content", HOLD("content: notebook"), "content notebook", NULL, "rule a", NULL},
        {"another content", HOLD("content: notebook"), "content zip", NULL, NULL, NULL},
        {"two conditions", HOLD("content: notebook, capability: network"),
         "content notebook, capability network", NULL, "rule a", NULL},
        {"one of two", HOLD("content: notebook, capability: network"), "content notebook", NULL,
         NULL, NULL},
        {"changed", HOLD("changed: capability"), "library x", "", "rule a", NULL},
        {"not changed", HOLD("changed: capability"), "library x", "library x", NULL, NULL},
        {"nothing before", HOLD("changed: capability"), "library x", NULL, NULL, NULL},
        {"one fact changed", HOLD("changed: library"), "library x", "", "rule a", NULL},
        {"another fact", HOLD("changed: native"), "library x", "", NULL, NULL},
        {"one value", HOLD("changed: [capability/net*]"), "capability network", "", "rule a", NULL},
        {"another value", HOLD("changed: [capability/net*]"), "capability process", "", NULL, NULL},
        {"maintainer", HOLD("changed: maintainer"), "author eve", "author jane", "rule a", NULL},
        {"the same", HOLD("changed: maintainer"), "author JANE", "author jane", NULL, NULL},
        {"has a wheel", HOLD("has_wheel: true"), "", NULL, "rule a", NULL},
        {"has none", HOLD("has_wheel: false"), "", NULL, NULL, NULL},
        {"fixes", HOLD("fixes_vulnerability: true"), "", NULL, NULL, NULL},
        {"fixes nothing", HOLD("fixes_vulnerability: false"), "", NULL, "rule a", NULL},
        {"environment", HOLD("environment: [prod]"), "", NULL, "rule a", NULL},
        {"another environment", HOLD("environment: [preprod]"), "", NULL, NULL, NULL},
    };
    struct ch_facts f = content_good();
    CHECK(rows, f);
    f.inspection = CH_INSPECTION_NONE; /* what is not known yet is inspected first */
    struct ch_decision d = content_decide(HOLD("content: notebook"), &f);
    assert_true(d.eligible);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T10_sdists),
        cmocka_unit_test(test_T10_build_code),
        cmocka_unit_test(test_T17_auto_load),
        cmocka_unit_test(test_changes_hold),
        cmocka_unit_test(test_changes_of),
        cmocka_unit_test(test_many_facts),
        cmocka_unit_test(test_conditions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
