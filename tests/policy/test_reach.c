/* Rules that cannot match and rules that are never come to are told, and honest neighbours are not.
 */
#include "tests/ch_test.h"

#include "policy/policy_int.h"

static void check(const char *label, const char *text, const char *message)
{
    struct ch_policy *p = NULL;
    struct ch_err err = {.msg = ""};
    enum ch_code rc = ch_policy_parse(ch_str_of(text), "p", &p, &err);
    if ((message == NULL) != (rc == CH_OK) ||
        (message != NULL && strstr(err.msg, message) == NULL)) {
        fail_msg("%s: %s: %s", label, ch_code_name(rc), err.msg);
    }
    ch_policy_free(p);
}

static void test_never_matches(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *rule;
        const char *message;
    } rows[] = {
        {"older than younger", "older_than_days: 30, younger_than_days: 30",
         "p:2:40: rules[0].younger_than_days: can never match: nothing is older than 30 days and "
         "younger than 30"},
        {"between", "older_than_days: 29, younger_than_days: 30", NULL},
        {"findings of class attack", "finding: [zip-overlap, attack/low, attack]",
         "p:2:19: rules[0].finding: can never match: findings of class attack are denied before"},
        {"one that is none", "finding: [zip-overlap, zip-comment]", NULL},
        {"all of a severity", "finding: high", NULL},
        {"a wheel whose version has none", "file_type: wheel, has_wheel: false",
         "rules[0].has_wheel: can never match: the version of a wheel has a wheel"},
        {"an sdist whose version has none", "file_type: [wheel, sdist], has_wheel: false", NULL},
        {"contradicting versions", "ecosystem: pypi, version: '>2,<1'",
         "p:2:36: rules[0].version: can never match: no version is within all of its bounds"},
        {"versions that leave one", "ecosystem: pypi, version: '>=1,<=1'", NULL},
        {"versions that one ecosystem may have", "version: '>2,<1'", NULL},
        {"no such files", "ecosystem: test, file_type: [wheel, sdist]",
         "rules[0].file_type: can never match: the ecosystem has no such files"},
        {"no match specs", "ecosystem: pypi, match: ['numpy >=1']",
         "p:2:36: rules[0].match: can never match: the ecosystem has no match specs"},
        {"match specs of another", "ecosystem: [pypi, conda], match: ['numpy >=1']", NULL},
        {"one ecosystem has them", "ecosystem: [test, pypi], file_type: wheel", NULL},
        {"what is built, of a wheel", "file_type: wheel, install_code: setup.py",
         "p:2:37: rules[0].install_code: can never match: only files of type sdist have that"},
        {"what is built, of both", "file_type: [wheel, sdist], install_code: setup.py", NULL},
        {"a change of what is built, of a wheel",
         "file_type: wheel, changed: install-code/setup.py",
         "rules[0].changed: can never match: only files of type sdist have that"},
        {"changes that a wheel can have", "file_type: wheel, changed: [install-code, size]", NULL},
        {"a finding of sdists, of a wheel", "file_type: wheel, finding: sdist-build",
         "p:2:37: rules[0].finding: can never match: only files of type sdist have that"},
        {"a finding of wheels, of an sdist",
         "file_type: sdist, finding: [wheel-record, entry-points]",
         "can never match: only files of type wheel have that, and the rule is about others"},
        {"findings of both, of an sdist", "file_type: sdist, finding: [wheel-record, sdist-name]",
         NULL},
        {"a severity, of an sdist", "file_type: sdist, finding: [wheel-record, low]", NULL},
        {"facts of what nothing inspects", "file_type: [egg, other], capability: network",
         "rules[0].capability: can never match: nothing inspects files of the types"},
        {"a licence of what nothing inspects", "file_type: egg, licence: MIT",
         "rules[0].licence: can never match: nothing inspects files of the types"},
        {"what nothing inspects", "file_type: egg, upstream_yanked: true", NULL},
        {"a prefix and a bound", "ecosystem: pypi, version: '==1.*,>2'",
         "no version is within all of its bounds"},
        {"a well-known name", "project: requests, likeness: swap",
         "rules[0].likeness: can never match: none of these projects resembles a well-known one"},
        {"one that resembles otherwise", "project: requsets, likeness: [distance, combined]",
         "none of these projects"},
        {"one that does", "project: [requests, requsets], likeness: swap", NULL},
        {"patterns may", "project: [requests, req*], likeness: swap", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\nrules: [{name: a, %s, then: hold}]\n%c", rows[i].rule, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
}

static void test_never_reached(void **state)
{
    (void)state;
    static const char held[] = "rules[1]: can be reached only by files that a person approved: the "
                               "rule \"a\" in line 6 holds all that this one is about";
    static const struct {
        const char *label;
        const char *first;
        const char *second;
        const char *message;
    } rows[] = {
        {"the same project", "project: x, then: hold", "project: x, then: deny", held},
        {"held already", "project: x, then: hold", "project: x, then: hold",
         "p:7:5: rules[1]: can never be reached: the rule \"a\" in line 6 holds all that this one "
         "is about"},
        {"denied before", "project: x, then: deny", "project: x, then: hold",
         "the rule \"a\" in line 6 denies all"},
        {"spared before", "project: x, then: allow, lifts: rule", "project: x, then: hold",
         "the rule \"a\" in line 6 spares from the rules below it all"},
        {"allowed before, not spared", "project: x, then: allow", "project: x, then: hold", NULL},
        {"two that allow", "project: x, then: allow, lifts: rule", "project: x, then: allow",
         "p:7:5: rules[1]: changes nothing: the rule \"a\" in line 6 allows all that this one is "
         "about"},
        {"an allow within another", "project: x*, then: allow",
         "project: xy, version: '<1', then: allow", "changes nothing: the rule \"a\" in line 6"},
        {"an allow that lifts more", "project: x*, then: allow, lifts: cool-down",
         "project: xy, then: allow, lifts: [cool-down, licence]", NULL},
        {"an allow that lifts less", "project: x*, then: allow, lifts: [cool-down, licence]",
         "project: xy, then: allow, lifts: licence", "changes nothing"},
        {"an allow that is wider", "project: xy, then: allow", "project: x*, then: allow", NULL},
        {"an allow that may not apply", "licence: MIT, then: allow", "project: x, then: allow",
         NULL},
        {"other findings of an allow",
         "finding: zip-comment, project: x, then: allow, lifts: finding",
         "finding: [zip-comment, zip-extra-field], project: x, then: allow, lifts: finding", NULL},
        {"the same findings",
         "finding: [zip-comment, zip-extra-field], then: allow, lifts: finding",
         "finding: zip-comment, project: x, then: allow, lifts: finding", "changes nothing"},
        {"an allow behind a hold", "project: x*, then: hold", "project: xy, then: allow", held},
        {"one of several", "project: [x, y], then: hold", "project: y, then: deny", held},
        {"one more", "project: x, then: hold", "project: [x, y], then: deny", NULL},
        {"a pattern", "project: x*, then: hold", "project: xy, then: deny", held},
        {"beyond a hyphen", "project: x*, then: hold", "project: x-y, then: deny", NULL},
        {"a pattern in a pattern", "project: x**, then: hold", "project: [x-*, xy**], then: deny",
         held},
        {"a wider pattern", "project: x-*, then: hold", "project: x**, then: deny", NULL},
        {"one star, two stars", "project: '*', then: hold", "project: '**', then: deny", NULL},
        {"literal and star", "project: '*-*', then: hold", "project: '**', then: deny", NULL},
        {"everything", "project: '**', then: hold", "file_type: sdist, then: deny", held},
        {"a list", "project: $l, then: hold", "project: m, then: deny", held},
        {"the same list", "project: $l, then: hold", "project: $l, version: '<1', then: deny",
         held},
        {"more than the list", "project: $l, then: hold", "project: [$l, z], then: deny", NULL},
        {"fewer conditions", "file_type: sdist, then: hold", "project: x, then: deny", NULL},
        {"version", "version: '<1', then: hold", "version: '<1', project: x, then: deny", held},
        {"another version", "version: '<1', then: hold", "version: '<2', then: deny", NULL},
        {"match spec", "match: [y, 'x <1'], then: hold", "match: 'x <1', then: deny", held},
        {"another match spec", "match: 'x <1', then: hold", "match: 'x <2', then: deny", NULL},
        {"a match spec alone", "match: 'x <1', then: hold", "project: x, then: deny", NULL},
        {"a match spec besides", "project: x, then: hold", "project: x, match: 'x <1', then: deny",
         held},
        {"larger", "larger_than: 10, then: hold", "larger_than: 11, then: deny", held},
        {"smaller", "larger_than: 10, then: hold", "larger_than: 9, then: deny", NULL},
        {"older", "older_than_days: 5, then: hold", "older_than_days: 6, then: deny", held},
        {"not as old", "older_than_days: 5, then: hold", "older_than_days: 4, then: deny", NULL},
        {"younger", "younger_than_days: 5, then: hold", "younger_than_days: 4, then: deny", held},
        {"not as young", "younger_than_days: 5, then: hold", "younger_than_days: 6, then: deny",
         NULL},
        {"finding", "finding: [irregular/low, note], then: hold",
         "finding: zip-comment, then: deny", held},
        {"severity", "finding: medium, then: hold", "finding: [irregular/high, high], then: deny",
         held},
        {"less severe", "finding: medium, then: hold", "finding: [irregular/low], then: deny",
         NULL},
        {"true", "has_wheel: true, then: hold", "has_wheel: true, project: x, then: deny", held},
        {"false", "has_wheel: true, then: hold", "has_wheel: false, then: deny", NULL},
        {"fact", "auto_load: 'pth **', then: hold", "auto_load: pth x, then: deny", held},
        {"another fact", "capability: network, then: hold",
         "install_capability: network, then: deny", NULL},
        {"change", "changed: capability, then: hold", "changed: auto-load/pth x, then: deny", held},
        {"change of one fact", "changed: auto-load, then: hold",
         "changed: [auto-load/pth *, auto-load], then: deny", held},
        {"change of a value", "changed: auto-load/pth *, then: hold",
         "changed: auto-load, then: deny", NULL},
        {"another kind of change", "changed: size, then: hold", "changed: silence, then: deny",
         NULL},
        {"licence", "licence: [MIT, AGPL-3.0-only], then: hold", "licence: MIT, then: deny", held},
        {"licence of an allow", "licence: [MIT, AGPL-3.0-only], then: hold",
         "licence: MIT, then: allow", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_printf(
            &b,
            "version: 1\nlists:\n  projects:\n    l: [m, n-*]\nrules:\n  - {name: a, %s}\n"
            "  - {name: b, %s}\n%c",
            rows[i].first, rows[i].second, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
}

/* Values that no file has. */
static void test_impossible(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *text;
        const char *message;
    } rows[] = {
        {"a capability", "rules: [{name: a, capability: nonsense, then: hold}]",
         "p:2:31: rules[0].capability: \"nonsense\" is no value of capability; expected one of "
         "network, process, dynamic-code, native-code, credentials, environment, persistence"},
        {"one near", "rules: [{name: a, capability: [process, netwrok], then: hold}]",
         "p:2:41: rules[0].capability[1]: \"netwrok\" is no value of capability; \"network\" is "
         "near"},
        {"a pattern of none", "rules: [{name: a, capability: 'x*', then: hold}]",
         "\"x*\" is no value of capability"},
        {"a star over a hyphen", "rules: [{name: a, capability: 'dynamic*', then: hold}]",
         "\"dynamic*\" is no value of capability"},
        {"two stars over it", "rules: [{name: a, capability: 'dynamic**', then: hold}]", NULL},
        {"what starts by itself", "rules: [{name: a, auto_load: zzz, then: hold}]",
         "p:2:30: rules[0].auto_load: \"zzz\" is no value of auto-load; expected one of pth **, "},
        {"a form without its rest", "rules: [{name: a, auto_load: pth, then: hold}]",
         "\"pth\" is no value of auto-load; expected one of pth **, "},
        {"a form with it", "rules: [{name: a, auto_load: pth x.pth, then: hold}]", NULL},
        {"a group that nothing loads", "rules: [{name: a, auto_load: [entry-point pytest11, entry-point pytest1l], then: hold}]",
         "\"entry-point pytest1l\" is no value of auto-load; inspection tells of no such script or group of entry points"},
        {"a script that is no command", "rules: [{name: a, auto_load: script mine, then: hold}]",
         "inspection tells of no such script"},
        {"scripts that are", "rules: [{name: a, auto_load: [script pip3.12, 'script **', script ls], then: hold}]", NULL},
        {"the same as a change", "rules: [{name: a, changed: auto-load/script mine, then: hold}]",
         "inspection tells of no such script"},
        {"a pattern of forms", "rules: [{name: a, auto_load: '**-point pytest*', then: hold}]",
         NULL},
        {"a star before a hyphen", "rules: [{name: a, auto_load: 'e* pytest*', then: hold}]",
         "is no value of auto-load"},
        {"what is built", "rules: [{name: a, install_code: setup.pyx, then: hold}]",
         "\"setup.pyx\" is no value of install-code; \"setup.py\" is near"},
        {"a machine", "rules: [{name: a, native: elf x86_64, then: hold}]",
         "\"elf x86_64\" is no value of native; \"elf x86-64\" is near"},
        {"any machine", "rules: [{name: a, native: 'elf **', then: hold}]", NULL},
        {"content", "rules: [{name: a, content: notebooks, then: hold}]", "\"notebook\" is near"},
        {"a change", "rules: [{name: a, changed: capability/nonsense, then: hold}]",
         "p:2:28: rules[0].changed: \"capability/nonsense\" is no value of capability"},
        {"a change of a library", "rules: [{name: a, changed: library/anything, then: hold}]",
         NULL},
        {"what a build may run", "build: {permit: [setup.py, hatchling]}",
         "p:2:28: build.permit[1]: \"hatchling\" is no value of install-code"},
        {"a finding", "rules: [{name: a, finding: no-such-code, then: hold}]",
         "p:2:28: rules[0].finding: \"no-such-code\" is not a finding"},
        {"a licence", "rules: [{name: a, licence: NotAnSpdxId, then: hold}]",
         "p:2:28: rules[0].licence: \"NotAnSpdxId\" is not one SPDX licence identifier"},
        {"a pattern of no licence", "rules: [{name: a, licence: 'Zpl**', then: hold}]",
         "p:2:28: rules[0].licence: \"Zpl**\" is a pattern of no SPDX licence identifier"},
        {"a star within a licence", "licences: {forbid: ['GPL*']}",
         "\"GPL*\" is a pattern of no SPDX licence identifier"},
        {"two stars", "licences: {forbid: ['GPL**', 'LicenseRef-*', '**WITH**']}", NULL},
        {"a name that ends in a hyphen", "rules: [{name: a, project: [x, acme-], then: hold}]",
         "p:2:32: rules[0].project[1]: \"acme-\" can be no project's name"},
        {"one that begins so", "cool_down: {trusted: [-x]}",
         "cool_down.trusted[0]: \"-x\" can be no project's name"},
        {"a pattern that ends so", "rules: [{name: a, ecosystem: pypi, project: '*-', then: hold}]",
         "\"*-\" can be no project's name"},
        {"a pattern within", "rules: [{name: a, project: '*-**-*', then: hold}]", NULL},
        {"one that begins so elsewhere", "rules: [{name: a, ecosystem: pypi, project: _x, then: hold}]",
         "\"_x\" can be no project's name"},
        {"in a list", "lists: {projects: {l: [x, -y]}}",
         "p:2:27: lists.projects.l[1]: \"-y\" can be no project's name"},
        {"a pattern that is asked for",
         "lists: {patterns: {l: [network, netwrok]}}\n"
         "rules: [{name: a, capability: $l, then: hold}]",
         "p:2:33: lists.patterns.l[1]: \"netwrok\" is no value of capability; \"network\" is near"},
        {"one of two facts",
         "lists: {patterns: {l: [network, setup.py]}}\n"
         "rules: [{name: a, capability: $l, install_code: $l, then: hold}]",
         NULL},
        {"one that nobody asks for", "lists: {patterns: {l: [network, netwrok]}}", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\n%s\n%c", rows[i].text, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
    static const char beside[] =
        "version: 1\nlists: {patterns: {l: {file: l.txt}}}\n"
        "rules: [{name: a, content: $l, then: hold}]\0l.txt\0zip\n\n#\npikle";
    struct ch_policy *p = NULL;
    struct ch_err err;
    assert_int_equal(ch_policy_parse((struct ch_str){beside, sizeof(beside) - 1}, "p", &p, &err),
                     CH_E_USAGE);
    assert_string_equal(err.msg, "l.txt:4:1: \"pikle\" is no value of content; \"pickle\" is near");
}

/* Rules that are never come to because of several before them. */
static void test_never_reached_by_several(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *rules[4];
        const char *message; /* NULL: can be reached */
    } rows[] = {
        {"types of files",
         {"file_type: [wheel, egg], then: hold", "file_type: sdist, then: hold",
          "ecosystem: pypi, file_type: other, then: deny", "ecosystem: pypi, then: hold"},
         "p:6:5: rules[3]: can never be reached: the rules \"r0\" in line 3 holds, \"r1\" in line "
         "4 "
         "holds, \"r2\" in line 5 denies all that this one is about together"},
        {"types of files but one",
         {"file_type: [wheel, egg], then: hold", "file_type: sdist, then: hold",
          "ecosystem: pypi, then: hold"},
         NULL},
        {"severities",
         {"finding: irregular/high, then: hold", "finding: irregular, then: hold",
          "finding: note, then: hold", "finding: info, then: hold"},
         "rules[3]: can never be reached"},
        {"severities but notes",
         {"finding: irregular/high, then: hold", "finding: irregular, then: hold",
          "finding: info, then: hold"},
         NULL},
        {"versions",
         {"version: '<=2', then: deny", "version: '>2.dev0', then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         "rules[2]: can never be reached"},
        {"versions but those before a release", /* "<2" takes none of 2.dev0, nor does ">=2" */
         {"version: '<2', then: deny", "version: '>=2', then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         NULL},
        {"versions with a gap",
         {"version: '<2', then: deny", "version: '>2', then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         NULL},
        {"versions but pre-releases", /* "<2" leaves those of 2 to nobody */
         {"version: '<2', then: deny", "version: '>2', then: deny", "version: '==2', then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         NULL},
        {"versions for what an allow rule is about",
         {"version: '<=2', then: deny", "version: '>=2', then: deny",
          "ecosystem: pypi, project: x, then: allow"},
         "rules[2]: can be reached only by files that a person approved"},
        {"a version of which only the text counts",
         {"version: '===2', then: deny", "version: '!=2', then: deny",
          "version: '==2', then: deny"},
         NULL},
        {"ages",
         {"older_than_days: 5, then: deny", "younger_than_days: 9, then: deny",
          "project: x, then: deny"},
         "rules[2]: can be reached only by files that a person approved"},
        {"ages with a gap",
         {"older_than_days: 9, then: hold", "younger_than_days: 8, then: hold",
          "project: x, then: hold"},
         NULL},
        {"yes and no",
         {"upstream_yanked: true, then: deny", "upstream_yanked: false, then: deny",
          "project: x, then: deny"},
         "rules[2]: can never be reached"},
        {"a wheel always has a wheel",
         {"has_wheel: true, then: deny", "file_type: wheel, project: x, then: deny"},
         "rules[1]: can never be reached"},
        {"projects",
         {"project: x, then: deny", "project: [y, 'z*'], then: deny",
          "project: [x, y, zz], then: hold"},
         "rules[2]: can never be reached"},
        {"projects but one",
         {"project: x, then: deny", "project: [y, 'z*'], then: deny",
          "project: [x, y, z-z], then: hold"},
         NULL},
        {"capabilities",
         {"capability: [network, process], then: deny",
          "capability: ['**code', credentials, environment, persistence], then: deny",
          "capability: '**', then: hold"},
         "rules[2]: can never be reached"},
        {"capabilities but one",
         {"capability: [network, process], then: deny",
          "capability: ['**code', credentials, environment], then: deny",
          "capability: '**', then: hold"},
         NULL},
        {"changes",
         {"changed: capability, then: deny",
          "changed: [install-code, install-capability, size], then: deny",
          "changed: [auto-load, native, library, capability/network, size], then: hold"},
         "rules[2]: can never be reached"},
        {"across two axes",
         {"file_type: wheel, upstream_yanked: true, then: deny",
          "upstream_yanked: false, then: deny",
          "file_type: [sdist, egg, other, wheel], "
          "ecosystem: pypi, upstream_yanked: true, then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         "rules[3]: can never be reached"},
        {"across two axes but a corner",
         {"file_type: wheel, upstream_yanked: true, then: deny",
          "upstream_yanked: false, then: deny",
          "file_type: [sdist, egg], "
          "upstream_yanked: true, then: deny",
          "ecosystem: pypi, project: x, then: hold"},
         NULL},
        {"licences", /* MIT OR Apache-2.0 needs neither */
         {"licence: MIT, then: hold", "licence: Apache-2.0, then: hold",
          "licence: [MIT, Apache-2.0], then: hold"},
         NULL},
        {"spared and denied",
         {"project: x, upstream_yanked: true, then: allow, lifts: rule",
          "upstream_yanked: false, then: deny", "project: x, then: hold"},
         "the rules \"r0\" in line 3 spares from the rules below it, \"r1\" in line 4 denies all"},
        {"spared, but of a size that nobody knows", /* an allow rule is not about that */
         {"larger_than: 5, then: allow, lifts: rule", "larger_than: 6, then: hold"},
         NULL},
        {"names of repositories",
         {"repository: a, then: deny", "repository: b, then: deny",
          "repository: [a, b], then: hold"},
         "rules[2]: can never be reached"},
        {"names of some repositories",
         {"repository: a, then: deny", "repository: b, then: deny", "project: x, then: hold"},
         NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_puts(&b, CH_STR("version: 1\nrules:\n"));
        for (size_t k = 0; k < 4 && rows[i].rules[k] != NULL; k++) {
            ch_buf_printf(&b, "  - {name: r%zu, %s}\n", k, rows[i].rules[k]);
        }
        ch_buf_putc(&b, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
}

static void test_covers(void **state)
{
    (void)state;
    static const struct {
        const char *wide;
        const char *narrow;
        bool covers;
    } rows[] = {
        {"a", "a", true},     {"a", "b", false},     {"*", "a", true},       {"*", "a-b", false},
        {"**", "a-b", true},  {"*", "*", true},      {"*", "**", false},     {"**", "*", true},
        {"*-*", "**", false}, {"*-*", "*-*", true},  {"*-*", "a-*", true},   {"a*", "a*b", true},
        {"a*b", "a*", false}, {"a**", "a-**", true}, {"a-**", "a**", false}, {"**-b", "a*-b", true},
        {"a", "*", false},    {"***", "**", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_glob_covers(rows[i].wide, rows[i].narrow) != rows[i].covers) {
            fail_msg("%s, %s", rows[i].wide, rows[i].narrow);
        }
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct ch_policy_place places[] = {
        {{"pypi", 4}, {"prod", 4}, {"pypi", 4}},
        {{"early", 5}, {"preprod", 7}, {"pypi", 4}},
    };
    static const struct {
        const char *label;
        const char *text;
        const char *message; /* NULL: good */
    } rows[] = {
        {"nothing named", "rules: [{name: a, project: x, then: hold}]", NULL},
        {"one that is there",
         "repositories: {early: {mode: audit}}\nrules: [{name: a, repository: pypi, then: hold}]",
         NULL},
        {"a repository that is not", "rules: [{name: a, repository: [pypi, pip], then: hold}]",
         "p:2:19: can never match: there is no repository \"pip\"; there is pypi, early"},
        {"settings for one that is not", "repositories: {pip: {mode: audit}}",
         "p:2:16: can never match: there is no repository \"pip\"; there is pypi, early"},
        {"an environment that is not", "rules: [{name: a, environment: dev, then: hold}]",
         "p:2:19: can never match: there is no environment \"dev\"; there is prod, preprod"},
        {"settings for an environment that is not", "environments: {dev: {mode: audit}}",
         "p:2:16: can never match: there is no environment \"dev\"; there is prod, preprod"},
        {"an environment that it is not in",
         "rules: [{name: a, repository: pypi, environment: preprod, then: hold}]",
         "p:2:10: can never match: no repository has the environment and ecosystem that the rule "
         "\"a\" asks for"},
        {"a version that only another ecosystem could have",
         "rules: [{name: a, version: '>2,<1', then: hold}]",
         "p:2:19: can never match: no version is within all of its bounds"},
        {"all environments that there are",
         "rules: [{name: a, environment: prod, then: deny}, {name: b, repository: early, then: "
         "deny}, {name: c, then: hold, project: x}]",
         "p:2:93: rules[2]: can never be reached: the rules \"a\" in line 2 denies, \"b\" in "
         "line 2 denies all that this one is about together"},
        {"an ecosystem that it has not",
         "rules: [{name: a, repository: pypi, ecosystem: test, then: hold}]",
         "p:2:10: can never match: no repository has the environment and ecosystem that the rule "
         "\"a\" asks for"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct ch_policy *p = NULL;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\n%s\n", rows[i].text);
        assert_ch_ok(&err, ch_policy_parse(ch_buf_str(&b), "p", &p, &err));
        err.msg[0] = '\0';
        enum ch_code rc = ch_policy_check_places(p, places, CH_ARRAY_LEN(places), &err);
        if ((rows[i].message == NULL) != (rc == CH_OK) ||
            (rows[i].message != NULL && strcmp(err.msg, rows[i].message) != 0)) {
            fail_msg("%s: %s", rows[i].label, err.msg);
        }
        ch_policy_free(p);
        ch_buf_done(&b);
    }
}

/* What a rule's version means is said by the ecosystem of the repository: one that cannot read it is told, unless the
 * rule is not about it. */
static void test_versions_of_places(void **state)
{
    (void)state;
    static const struct ch_policy_place places[] = {
        {{"pypi", 4}, {"prod", 4}, {"pypi", 4}},
        {{"bags", 4}, {"prod", 4}, {"test", 4}},
    };
    static const struct {
        const char *label;
        const char *conditions;
        size_t place_count;
        const char *message; /* NULL: good */
    } rows[] = {
        {"both read it", "version: '==1'", 2, NULL},
        {"one does not", "version: '~=1.4'", 2,
         "p:2:19: version: the rule is about the repository \"bags\", too, which is of test: "
         "\"~=1.4\" is not ==VERSION; say which ecosystem is meant"},
        {"and there is no repository of it", "version: '~=1.4'", 1, NULL},
        {"and the rule names its ecosystem", "version: '~=1.4', ecosystem: pypi", 2, NULL},
        {"and the rule names a repository", "version: '~=1.4', repository: pypi", 2, NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct ch_policy *p = NULL;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\nrules: [{name: a, %s, then: hold}]\n", rows[i].conditions);
        assert_ch_ok(&err, ch_policy_parse(ch_buf_str(&b), "p", &p, &err));
        err.msg[0] = '\0';
        enum ch_code rc = ch_policy_check_places(p, places, rows[i].place_count, &err);
        if ((rows[i].message == NULL) != (rc == CH_OK) ||
            (rows[i].message != NULL && strcmp(err.msg, rows[i].message) != 0)) {
            fail_msg("%s: %s", rows[i].label, err.msg);
        }
        ch_policy_free(p);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_matches), cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_never_reached), cmocka_unit_test(test_never_reached_by_several),
        cmocka_unit_test(test_covers),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_versions_of_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
