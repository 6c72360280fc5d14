/* Core metadata and PEP 508, and T1: metadata must not steer the client. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/python/metadata.h"

#define HEAD "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"

static void reads_what_real_packages_write(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_metadata m;
    assert_ch_ok(&err, ch_metadata_parse(CH_STR("Metadata-Version: 2.1\r\nName: Foo.Bar\r\n"
                                                "Version: 1.0\r\nLicense: text\r\n"
                                                "        of \xc3\xa9 several\n        \n"
                                                "\tlines\f\r\nrequires-python: >=3.8\n"
                                                "Requires-Dist: a\nRequires-Dist:  b >1 \n\n"
                                                "Name: not a header\nrubbish \xff\0"),
                                         &m, &err));
    assert_str_eq(m.name, "Foo.Bar");
    assert_str_eq(m.version, "1.0");
    assert_str_eq(m.requires_python, ">=3.8");
    assert_int_equal(m.field_count, 7);
    size_t at = 0;
    struct ch_str value;
    assert_true(ch_metadata_next(&m, CH_STR("Requires-Dist"), &at, &value));
    assert_str_eq(value, "a");
    assert_true(ch_metadata_next(&m, CH_STR("requires-dist"), &at, &value));
    assert_str_eq(value, "b >1");
    assert_false(ch_metadata_next(&m, CH_STR("requires-dist"), &at, &value));
    assert_true(ch_str_starts(m.body, CH_STR("Name: not a header\n")));
    ch_metadata_done(&m);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    const struct {
        struct ch_str bytes;
        const char *message;
    } rows[] = {
        {CH_STR(""), "Metadata-Version is missing"},
        {CH_STR("\n" HEAD), "Metadata-Version is missing"},
        {CH_STR("Metadata-Version: 2.1\nName: foo\n"), "Version is missing"},
        {CH_STR("Metadata-Version: 2.1\nVersion: 1\n"), "Name is missing"},
        {CH_STR(HEAD "Name: bar\n"), "line 4: a second Name (the first is on line 2)"},
        {CH_STR(HEAD "name: foo\n"), "line 4: a second Name"},
        {CH_STR(HEAD "Version: 1.0\n"), "line 4: a second Version"},
        {CH_STR(HEAD "Metadata-Version: 2.1\n"), "line 4: a second Metadata-Version"},
        {CH_STR(HEAD "Requires-Python: >1\nRequires-Python: >2\n"), "line 5: a second Requires-P"},
        {CH_STR(HEAD "Requires-Python: >1\n >2\n"), "line 4: Requires-Python: expected one line"},
        {CH_STR(HEAD "no colon\n"), "line 4: expected \"Name: value\""},
        {CH_STR(HEAD ": x\n"), "line 4: expected \"Name: value\""},
        {CH_STR(HEAD "Requires-Dist : x\n"), "line 4: expected \"Name: value\""},
        {CH_STR(HEAD "From me to you\n"), "line 4: expected \"Name: value\""},
        {CH_STR("\xef\xbb\xbf" HEAD), "line 1: expected \"Name: value\""},
        {CH_STR(" " HEAD), "line 1: expected a header, found a blank"},
        {CH_STR(HEAD "Summary: \xff\n"), "line 4: expected UTF-8"},
        {CH_STR(HEAD "Summary: \xed\xa0\x80\n"), "line 4: expected UTF-8"},
        {CH_STR(HEAD "Summary: a\rRequires-Dist: x @ file:///\n"), "line 4: expected UTF-8 text w"},
        {CH_STR(HEAD "Summary: a\0b\n"), "line 4: expected UTF-8 text without control"},
        {CH_STR("Metadata-Version: 3.0\nName: foo\nVersion: 1\n"), "expected 1.x or 2.x"},
        {CH_STR("Metadata-Version: 2.1\nName: -foo\nVersion: 1\n"), "Name: expected letters"},
        {CH_STR("Metadata-Version: 2.1\nName: f o\nVersion: 1\n"), "Name: expected letters"},
        {CH_STR("Metadata-Version: 2.1\nName:\nVersion: 1\n"), "line 2: Name is empty"},
        {CH_STR("Metadata-Version: 2.1\nName: foo\nVersion: 1/2\n"), "Version: expected printable"},
        {CH_STR("Metadata-Version: 2.1\nName: f\n oo\nVersion: 1\n"), "Name: expected one line"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_metadata m;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_metadata_parse(rows[i].bytes, &m, &err);
        if (rc != CH_E_FORMAT || strstr(err.msg, rows[i].message) == NULL) {
            fail_msg("row %zu: %s: \"%s\", expected \"%s\"", i, ch_code_name(rc), err.msg,
                     rows[i].message);
        }
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct ch_metadata m;
    struct ch_err err;
    ch_limits.metadata_headers = 3;
    assert_ch_ok(&err, ch_metadata_parse(CH_STR(HEAD "\nbody\n"), &m, &err));
    ch_metadata_done(&m);
    assert_ch_code(CH_E_LIMIT, ch_metadata_parse(CH_STR(HEAD "A: b\n"), &m, &err));
    ch_limits.metadata_bytes = 10;
    assert_ch_code(CH_E_LIMIT, ch_metadata_parse(CH_STR(HEAD), &m, &err));
    ch_limits = saved;
}

static void t1_requirements_are_classified(void **state)
{
    (void)state;
    enum {
        PLAIN = CH_REQUIREMENT_PLAIN,
        DIRECT = CH_REQUIREMENT_DIRECT,
        MALFORMED = CH_REQUIREMENT_MALFORMED
    };
    const struct {
        const char *text;
        int expect;
    } rows[] = {
        {"foo", PLAIN},
        {"foo>=1,<2", PLAIN},
        {"foo >=1.0, <2.0,", PLAIN},
        {"foo (>=1.0,!=1.5)", PLAIN},
        {"foo()", PLAIN},
        {"foo[a,b-c] ~=1.0", PLAIN},
        {"foo[] ==1.*", PLAIN},
        {"foo===1!2.0+local_1", PLAIN},
        {"A.b-C_d", PLAIN},
        {"foo; extra == 'x'", PLAIN},
        {"foo;python_version<\"3\" and (os_name=='nt' or sys_platform != \"win32\")", PLAIN},
        {"foo ; ((python_version < '3'))", PLAIN},
        {"foo; 'linux' in sys_platform", PLAIN},
        {"foo; platform_machine not in 'a b' or os.name == 'x'", PLAIN},
        {"foo; extra == 'a @ https://example.org/;b'", PLAIN},
        /* direct references, in every spelling that some reader may follow */
        {"foo @ https://example.org/foo.whl", DIRECT},
        {"foo@https://example.org/foo.whl", DIRECT},
        {"foo[x]@ https://example.org/foo.whl ; os_name == 'nt'", DIRECT},
        {"foo @ https://example.org/a;b", DIRECT},
        {"foo @ git+ssh://git@example.org/foo", DIRECT},
        {"foo @ file:///tmp", DIRECT},
        {"foo @ ./local", DIRECT},
        {"foo@bar", DIRECT},
        {"foo @", DIRECT},
        {"foo (@ https://example.org)", DIRECT},
        {"foo >=1 @ https://example.org", DIRECT},
        {"https://example.org/foo.whl", DIRECT},
        {"git+https://example.org/foo", DIRECT},
        {"-e git+https://example.org/foo", DIRECT},
        {"./foo", DIRECT},
        {"../foo", DIRECT},
        {"/opt/foo", DIRECT},
        {"foo/bar", DIRECT},
        {"..\\foo", DIRECT},
        {"C:foo", DIRECT},
        {"foo \t@\thttps://example.org", DIRECT},
        {"foo\n @ https://example.org", DIRECT},
        /* neither: readers may differ */
        {"", MALFORMED},
        {"   ", MALFORMED},
        {";os_name=='nt'", MALFORMED},
        {"foo bar", MALFORMED},
        {"foo (1.0)", MALFORMED},
        {"foo >=1.0 <2", MALFORMED},
        {"foo (>=1", MALFORMED},
        {"foo[a", MALFORMED},
        {"foo[a b]", MALFORMED},
        {"foo[-]", MALFORMED},
        {"foo-", MALFORMED},
        {"foo =>1", MALFORMED},
        {"foo; ", MALFORMED},
        {"foo; extra", MALFORMED},
        {"foo; extra == x", MALFORMED},
        {"foo; extra == 'x", MALFORMED},
        {"foo; (extra == 'x'", MALFORMED},
        {"foo; extra == 'x')", MALFORMED},
        {"foo; extra == 'x' and", MALFORMED},
        {"foo; extra == 'x' xor extra == 'y'", MALFORMED},
        {"foo; unknown_variable == 'x'", MALFORMED},
        {"foo; extra == 'x' @ https://example.org", MALFORMED},
        {"--index-url", MALFORMED},
        {"f\xc3\xb6\xc3\xb6", MALFORMED},
        {"=?utf-8?q?foo?=", MALFORMED},
        {"foo\n>=1", MALFORMED},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        int got = (int)ch_requirement_classify(ch_str_of(rows[i].text));
        if (got != rows[i].expect) {
            fail_msg("\"%s\": class %d, expected %d", rows[i].text, got, rows[i].expect);
        }
        assert_int_equal(ch_requirement_has_direct_reference(ch_str_of(rows[i].text)),
                         rows[i].expect == DIRECT);
    }
}

static void versions_compare(void **state)
{
    (void)state;
    const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"1.0", "1", true},
        {"1.0.0", "1", true},
        {"v1", "1.0", true},
        {"0!1", "1", true},
        {"1!1", "1", false},
        {"1.0a1", "1.0-alpha.1", true},
        {"1.0a", "1a0", true},
        {"1rc1", "1c1", true},
        {"1pre1", "1rc1", true},
        {"1.0-1", "1.0.post1", true},
        {"1.0_1", "1.0-1", true},
        {"1.0r1", "1.post1", true},
        {"1.dev", "1.0.dev0", true},
        {"1.0+ab.1", "1+AB-1", true},
        {"1.0+ab", "1.0", false},
        {"1.01", "1.1", true},
        {"1.10", "1.1", false},
        {"10", "1", false},
        {"1.0a1", "1.0", false},
        {"1.0.post1", "1.0", false},
        {"weird", "weird", true},
        {"weird", "Weird", false},
        {"1.0x", "1x", false},
        {"", "0", false},
        {"1.0a1.post2.dev3", "1a1-2.dev3", true},
        {"1.0b2", "1.0a2", false},
        {"1.0_1+ab_1", "1.0.post1+ab.1", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_pypi_same_version(ch_str_of(rows[i].a), ch_str_of(rows[i].b)) != rows[i].same) {
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        }
    }
}

/* Runs the report and gives what it wrote as text: one line per record. */
static void report(struct ch_str bytes, struct ch_buf *ret)
{
    int fd = memfd_create("report", MFD_CLOEXEC);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 24);
    struct ch_scan_job job = {.project = CH_STR("foo"), .version = CH_STR("1.0.0")};
    struct ch_err err;
    ch_metadata_report(&job, CH_STR("m"), bytes, w);
    assert_ch_ok(&err, ch_scan_write_end(w, &(struct ch_sha256){{1}}, 1, &err));
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(map != MAP_FAILED);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){map, size});
    ch_buf_clear(ret);
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_FINDING) {
            ch_buf_printf(ret, "! %s %.*s: %.*s\n",
                          ch_finding_row((uint32_t)rec.u.finding.code)->name,
                          CH_STR_ARG(rec.u.finding.member), CH_STR_ARG(rec.u.finding.evidence));
        } else if (rec.type == CH_REC_FACT) {
            ch_buf_printf(ret, "%.*s=%.*s\n", CH_STR_ARG(rec.u.fact.name),
                          CH_STR_ARG(rec.u.fact.value));
        } else if (rec.type == CH_REC_METADATA) {
            ch_buf_printf(ret, "bytes=%zu\n", rec.u.metadata.len);
        }
    }
    assert_true(r.ended);
    munmap(map, size);
    ch_scan_writer_free(w);
    close(fd);
}

static void t1_report_names_the_finding(void **state)
{
    (void)state;
    struct ch_buf text;
    ch_buf_init(&text, 1 << 16);
    report(CH_STR(HEAD "Requires-Dist: a>1\nRequires-Python: >=3\nProvides-Extra: x\n"
                       "License-Expression: MIT\nLicense: first\n second\n"),
           &text);
    assert_str_eq(ch_buf_str(&text),
                  "metadata-version=2.1\nname=foo\nversion=1.0\nrequires-python=>=3\n"
                  "requires-dist=a>1\nprovides-extra=x\nlicense-expression=MIT\n"
                  "license=first\nlicence=MIT\nbytes=150\n");
    report(CH_STR(HEAD "Requires-Dist: a @ https://example.org/\x1b[2J\n"), &text);
    assert_str_eq(ch_buf_str(&text), "! wheel-metadata m: line 4: expected UTF-8 text without "
                                     "control characters\n");
    report(CH_STR(HEAD "Requires-Dist: a @ https://example.org/a\nRequires-Dist: a b\n"), &text);
    assert_str_eq(ch_buf_str(&text), "metadata-version=2.1\nname=foo\nversion=1.0\n"
                                     "! direct-reference m: a @ https://example.org/a\n"
                                     "! wheel-metadata m: not a PEP 508 requirement: a b\n"
                                     "bytes=105\n");
    report(CH_STR("Metadata-Version: 2.1\nName: bar\nVersion: 2\n"), &text);
    assert_str_eq(ch_buf_str(&text),
                  "! wheel-name-differs m: Name: bar\n! wheel-name-differs m: Version: 2\n"
                  "metadata-version=2.1\nname=bar\nversion=2\nbytes=43\n");
    ch_buf_done(&text);
}

/* So many lines "Requires-Dist: TEXT", each with its number in place of a "#". */
static void put_requirements(struct ch_buf *b, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ch_buf_puts(b, CH_STR("Requires-Dist: "));
        for (const char *c = text; *c != '\0'; c++) {
            if (*c == '#') {
                ch_buf_printf(b, "%zu", i);
            } else {
                ch_buf_putc(b, *c);
            }
        }
        ch_buf_putc(b, '\n');
    }
}

static size_t count_of(const struct ch_buf *b, const char *text)
{
    size_t n = 0, at;
    for (struct ch_str s = ch_buf_str(b); ch_str_find(s, ch_str_of(text), &at); n++) {
        s = ch_str_sub(s, at + 1, s.len);
    }
    return n;
}

/* What is more, longer or otherwise than is kept is a finding that holds, never a part of it. */
static void requirements_are_bounded(void **state)
{
    (void)state;
    struct ch_buf bytes, text;
    ch_buf_init(&bytes, 16u << 20);
    ch_buf_init(&text, 16u << 20);
    ch_buf_puts(&bytes, CH_STR(HEAD));
    put_requirements(&bytes, "r#>=1; os_name == 'nt'", (size_t)ch_limits.metadata_headers - 3);
    report(ch_buf_str(&bytes), &text);
    assert_int_equal(count_of(&text, "requires-dist=r"), ch_limits.metadata_headers - 3);
    assert_int_equal(count_of(&text, "! "), 0);
    put_requirements(&bytes, "one more", 1);
    report(ch_buf_str(&bytes), &text);
    assert_str_eq(ch_buf_str(&text), "! wheel-metadata m: more than 20000 header lines\n");
    ch_buf_clear(&bytes);
    ch_buf_puts(&bytes, CH_STR(HEAD));
    put_requirements(&bytes, "a", 100000);
    report(ch_buf_str(&bytes), &text);
    assert_int_equal(count_of(&text, "requires-dist="), 0);
    assert_int_equal(count_of(&text, "! wheel-metadata m: "), 1);
    for (size_t more = 0; more < 2; more++) { /* one as long as is kept, and one longer */
        ch_buf_clear(&bytes);
        ch_buf_puts(&bytes, CH_STR(HEAD "Requires-Dist: a==1"));
        while (bytes.len < sizeof(HEAD "Requires-Dist: ") - 1 + ch_limits.text_bytes + more) {
            ch_buf_putc(&bytes, '0');
        }
        ch_buf_puts(&bytes, CH_STR("\nRequires-Dist: b\n"));
        report(ch_buf_str(&bytes), &text);
        assert_int_equal(count_of(&text, "requires-dist=a==1"), 1 - more);
        assert_int_equal(count_of(&text, "! limit m: requires-dist is longer than is kept\n"),
                         more);
        assert_int_equal(count_of(&text, "requires-dist=b\n"), 1);
    }
    report(CH_STR(HEAD "Requires-Dist: a; no_such_variable == '1'\nRequires-Dist: b; os_name ==\n"
                       "Requires-Dist: c; (os_name == 'nt'\nRequires-Dist: d\n  >=1\n"),
           &text);
    assert_int_equal(count_of(&text, "! wheel-metadata m: not a PEP 508 requirement: "), 4);
    assert_int_equal(count_of(&text, "requires-dist="), 0);
    ch_buf_done(&bytes);
    ch_buf_done(&text);
}

#define FACTS "metadata-version=2.1\nname=foo\nversion=1.0\n"
#define MIT   "Classifier: License :: OSI Approved :: MIT License\n"
#define OSI   "Classifier: License :: OSI Approved\n"
#define BSD   "Classifier: License :: OSI Approved :: BSD License\n"
#define ISC   "Classifier: License :: OSI Approved :: ISC License (ISCL)\n"

/* Each row: what stands below the head, and all that the report says more than for the head alone.
 */
static void origin_row(const char *text, const char *expect)
{
    struct ch_buf bytes;
    struct ch_buf got;
    struct ch_buf wanted;
    ch_buf_init(&bytes, 1 << 16);
    ch_buf_init(&got, 1 << 16);
    ch_buf_init(&wanted, 1 << 16);
    ch_buf_printf(&bytes, HEAD "%s", text);
    report(ch_buf_str(&bytes), &got);
    ch_buf_printf(&wanted, FACTS "%sbytes=%zu\n", expect, bytes.len);
    if (!ch_str_eq(ch_buf_str(&got), ch_buf_str(&wanted))) {
        fail_msg("%s gives:\n%.*s", text, CH_STR_ARG(ch_buf_str(&got)));
    }
    ch_buf_done(&bytes);
    ch_buf_done(&got);
    ch_buf_done(&wanted);
}

#define GPL3 "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\n"

static void licences_are_stated_or_absent(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } rows[] = {
        {"License-Expression: mit or (apache-2.0)\n",
         "license-expression=mit or (apache-2.0)\nlicence=MIT OR Apache-2.0\n"},
        {"License-Expression: MIT\n" ISC,
         "license-expression=MIT\nlicence=MIT\n! licence-contradicts m: License-Expression: MIT, "
         "classifier: ISC\n"},
        {"License-Expression: MIT OR ISC\n" ISC,
         "license-expression=MIT OR ISC\nlicence=MIT OR ISC\n"},
        /* and the old field, which must not stand beside it */
        {"License-Expression: MIT\nLicense: GPL-3.0-only\n",
         "license-expression=MIT\nlicense=GPL-3.0-only\nlicence=MIT\n! licence-contradicts m: "
         "License-Expression: MIT, License: GPL-3.0-only\n"},
        {"License-Expression: MIT\nLicense: GPLv3\n",
         "license-expression=MIT\nlicense=GPLv3\nlicence=MIT\n! licence-contradicts m: "
         "License-Expression: MIT, License: GPLv3\n"},
        {"License-Expression: MIT\n" GPL3,
         "license-expression=MIT\nlicence=MIT\n! licence-contradicts m: License-Expression: MIT, "
         "classifier: GPL-3.0*\n"},
        {"License-Expression: MIT\nLicense: The MIT License\n" MIT,
         "license-expression=MIT\nlicense=The MIT License\nlicence=MIT\n"},
        {"License-Expression: MIT AND (BSD-3-Clause OR ISC)\nLicense: ISC\n",
         "license-expression=MIT AND (BSD-3-Clause OR ISC)\nlicense=ISC\n"
         "licence=MIT AND (BSD-3-Clause OR ISC)\n"},
        {"License-Expression: MIT\nLicense: MIT OR Apache-2.0\n",
         "license-expression=MIT\nlicense=MIT OR Apache-2.0\nlicence=MIT\n"},
        {"License-Expression: BSD-3-Clause\nLicense: BSD\n",
         "license-expression=BSD-3-Clause\nlicense=BSD\nlicence=BSD-3-Clause\n"},
        {"License-Expression: MIT\nLicense: see LICENSE\n",
         "license-expression=MIT\nlicense=see LICENSE\nlicence=MIT\n"},
        /* an expression that is wrong is not replaced by a guess */
        {"License-Expression: Apache 2.0\n" MIT,
         "license-expression=Apache 2.0\n! licence-expression m: License-Expression: column 1: "
         "expected an identifier of the SPDX licence list, LicenseRef-NAME or \"(\", found "
         "\"Apache\"\n"},
        {"License-Expression: GPL-3.0-only AND\n",
         "license-expression=GPL-3.0-only AND\n! licence-expression m: License-Expression: column "
         "17: "
         "expected an identifier of the SPDX licence list, LicenseRef-NAME or \"(\", found the "
         "end\n"},
        {"License-Expression: MIT\nLicense-Expression: ISC\n",
         "license-expression=MIT\nlicense-expression=ISC\n! licence-expression m: a second "
         "License-Expression: ISC\n"},
        {"License: The MIT License\n", "license=The MIT License\nlicence=MIT\n"},
        {"License: MIT OR Apache-2.0\n" MIT,
         "license=MIT OR Apache-2.0\nlicence=MIT OR Apache-2.0\n"},
        {"License: BSD\n", "license=BSD\n"},
        {"License: UNKNOWN\n" MIT, "license=UNKNOWN\nlicence=MIT\n"},
        {"License: MIT License\n Permission is hereby granted\n", "license=MIT License\n"},
        {MIT OSI, "licence=MIT\n"},
        {BSD, ""},
        {MIT ISC, ""},
        {MIT BSD, ""},
        {"License: BSD-3-Clause\n" BSD, "license=BSD-3-Clause\nlicence=BSD-3-Clause\n"},
        {"License: MIT\n" ISC,
         "license=MIT\n! licence-contradicts m: License: MIT, classifier: ISC\n"},
        {"License: MIT\n" MIT, "license=MIT\nlicence=MIT\n"},
        /* names of several licences are compared, and state none */
        {"License: MIT License\n" GPL3,
         "license=MIT License\n! licence-contradicts m: License: MIT, classifier: GPL-3.0*\n"},
        {"License: MIT License\n" GPL3 MIT, "license=MIT License\nlicence=MIT\n"},
        {"License: MIT License\n" GPL3 "Classifier: License :: Other/Proprietary License\n",
         "license=MIT License\nlicence=MIT\n"},
        {"License: GPL-3.0-only\n" GPL3, "license=GPL-3.0-only\nlicence=GPL-3.0-only\n"},
        {"License: GPLv3\n" GPL3, "license=GPLv3\n"},
        {"License: GPLv3\n" MIT,
         "license=GPLv3\n! licence-contradicts m: License: GPLv3, classifier: MIT\n"},
        {"License: BSD\n" GPL3,
         "license=BSD\n! licence-contradicts m: License: BSD, classifier: GPL-3.0*\n"},
        {"License: my own\n" MIT, "license=my own\nlicence=MIT\n"},
        /* a text by its title */
        {"License: GNU AFFERO GENERAL PUBLIC LICENSE Version 3\n" MIT,
         "license=GNU AFFERO GENERAL PUBLIC LICENSE Version 3\n! licence-contradicts m: License: GNU "
         "AFFERO GENERAL PUBLIC LICENSE Version 3, classifier: MIT\n"},
        {"License: GNU GENERAL PUBLIC LICENSE, Version 3, 29 June 2007\n" GPL3,
         "license=GNU GENERAL PUBLIC LICENSE, Version 3, 29 June 2007\n"},
        /* two fields */
        {"License: MIT\nLicense: AGPL-3.0-only\n",
         "license=MIT\n! licence-contradicts m: License: MIT, License: AGPL-3.0-only\n"},
        {"License: MIT\nLicense: MIT\n", "license=MIT\nlicence=MIT\n"},
        {"License-Expression: MIT\nLicense: MIT\nLicense: AGPL-3.0-only\n",
         "license-expression=MIT\nlicense=MIT\nlicence=MIT\n! licence-contradicts m: "
         "License-Expression: MIT, License: AGPL-3.0-only\n"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        origin_row(rows[i].text, rows[i].expect);
    }
}

static void people_and_homes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } rows[] = {
        {"Author: A. Person\nAuthor-email: A.Person@Example.org\n",
         "author=a.person@example.org\n"},
        {"Author-email: \"Doe, J. <x>\" <j@example.org>,\n B <b@example.org>\n",
         "author=j@example.org\nauthor=b@example.org\n"},
        {"Author-email: A \"quoted \\\", <b@example.org>\n", "author=b@example.org\n"},
        {"Author-email: <\n", ""},
        {"Author-email: , ,\n", ""},
        {"Author: A\n  and\tB\n", "author=A and B\n"},
        {"Author: UNKNOWN\nAuthor-email:\nMaintainer: M\n", "maintainer=M\n"},
        {"Maintainer-email: M <m@example.org>\n", "maintainer=m@example.org\n"},
        {"Home-page: https://GitHub.com/Pallets/Flask.git\n"
         "Project-URL: Source, http://www.github.com/pallets/flask/issues?q=1#x\n"
         "Project-URL: Docs, https://flask.palletsprojects.com/\n",
         "home=github.com/pallets/flask\nhome=flask.palletsprojects.com\n"},
        {"Home-page: https://user:p@ss@example.org:8443/a/%2e/b\n", "home=example.org/a\n"},
        {"Home-page: https://example.org/../b\n", "home=example.org\n"},
        {"Home-page: git+ssh://git@example.org/~me//x.git\n", "home=example.org/~me/x\n"},
        {"Home-page: https://example.org?/github.com/pallets/flask\n", "home=example.org\n"},
        {"Home-page: UNKNOWN\n", ""},
        {"Home-page: https://localhost/x\n", ""},
        {"Home-page: https://ex\xc3\xa4mple.org/x\n", ""},
        {"Home-page: ://\n", ""},
        {"Project-URL: https://example.org/no-label\n", ""},
        {"Project-URL: ,\n", ""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        origin_row(rows[i].text, rows[i].expect);
    }
    struct ch_limits saved = ch_limits;
    ch_limits.text_bytes = 16; /* what is longer is said, not cut */
    origin_row("Home-page: https://example.org/abc\n", "home=example.org/abc\n");
    origin_row("Home-page: https://example.org/abcde\n", "! limit m: home is longer than \n");
    ch_limits = saved;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_real_packages_write),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(t1_requirements_are_classified),
        cmocka_unit_test(versions_compare),
        cmocka_unit_test(t1_report_names_the_finding),
        cmocka_unit_test(requirements_are_bounded),
        cmocka_unit_test(licences_are_stated_or_absent),
        cmocka_unit_test(people_and_homes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
