/* Licence expressions: canonical form, lists, and what satisfies them. */
#include <string.h>

#include "tests/ch_test.h"

#include "base/spdx/spdx.h"
#include "base/spdx/spdx_int.h"
#include "customhouse/limits.h"

static void canonical_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } rows[] = {
        {"MIT", "MIT"},
        {" mit ", "MIT"},
        {"apache-2.0 or mit", "Apache-2.0 OR MIT"},
        {"MIT and(bsd-2-CLAUSE Or isc)", "MIT AND (BSD-2-Clause OR ISC)"},
        {"((MIT))", "MIT"},
        {"(MIT AND ISC) OR Zlib", "MIT AND ISC OR Zlib"},
        {"MIT OR (ISC OR Zlib)", "MIT OR ISC OR Zlib"},
        {"MIT AND (ISC AND (Zlib OR 0BSD))", "MIT AND ISC AND (Zlib OR 0BSD)"},
        {"(MIT OR ISC) AND (Zlib OR 0BSD)", "(MIT OR ISC) AND (Zlib OR 0BSD)"},
        {"gpl-2.0+", "GPL-2.0+"},
        {"apache-2.0+", "Apache-2.0+"},
        {"GPL-2.0-or-later with classpath-EXCEPTION-2.0",
         "GPL-2.0-or-later WITH Classpath-exception-2.0"},
        {"(gpl-3.0+ with GCC-exception-3.1)", "GPL-3.0+ WITH GCC-exception-3.1"},
        {"licenseref-Our-Own.1", "LicenseRef-Our-Own.1"},
        {"LicenseRef-Ours OR licenseref-ours", "LicenseRef-Ours OR LicenseRef-Ours"},
        {"MIT\n AND\tISC", "MIT AND ISC"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out;
        struct ch_err err;
        ch_buf_init(&out, 1000);
        assert_ch_ok(&err, ch_spdx_canonical(ch_str_of(rows[i].text), &out, &err));
        assert_str_eq(ch_buf_str(&out), rows[i].expect);
        ch_buf_done(&out);
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "column 1: expected an identifier of the SPDX licence list, LicenseRef-NAME or \"(\", "
             "found the end"},
        {"BSD", "column 1: expected an identifier"},
        {"MIT OR", "column 7: expected an identifier"},
        {"MIT OR OR ISC", "column 8: expected an identifier"},
        {"MIT ISC", "column 5: expected AND, OR, WITH or the end, found \"ISC\""},
        {"MIT/ISC", "found \"MIT/ISC\""},
        {"(MIT", "column 5: expected AND, OR or \")\", found the end"},
        {"MIT)", "column 4: expected AND, OR, WITH or the end, found \")\""},
        {"()", "column 2: expected an identifier"},
        {"MIT WITH", "column 9: expected an exception"},
        {"MIT WITH ISC", "column 10: expected an exception"},
        {"(MIT) WITH LLVM-exception", "column 7: expected AND, OR, WITH or the end"},
        {"MIT WITH LLVM-exception WITH LLVM-exception", "column 25: expected AND"},
        {"MIT AND LLVM-exception", "column 9: expected an identifier"},
        {"with", "column 1: expected an identifier"},
        {"MIT++", "found \"MIT++\""},
        {"GPL-2.0++", "found \"GPL-2.0++\""},
        {"+", "found \"+\""},
        {"MIT +", "found \"+\""},
        {"LicenseRef-", "found \"LicenseRef-\""},
        {"LicenseRef-a_b", "found \"LicenseRef-a_b\""},
        {"LicenseRef-a+", "found \"LicenseRef-a+\""},
        {"DocumentRef-a:LicenseRef-b", "column 1: expected an identifier"},
        {"M\xc3\xafT", "found \"M\\xc3\\xafT\""},
        {"\x1b[2J", "found \"\\x1b[2J\""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&out, 1000);
        enum ch_code rc = ch_spdx_canonical(ch_str_of(rows[i].text), &out, &err);
        if (rc != CH_E_FORMAT || strstr(err.msg, rows[i].message) == NULL) {
            fail_msg("\"%s\": %s: \"%s\"", rows[i].text, ch_code_name(rc), err.msg);
        }
        assert_int_equal(out.len, 0);
        ch_buf_done(&out);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 1000);
    ch_limits.licence_depth = 2;
    assert_ch_ok(&err, ch_spdx_canonical(CH_STR("((MIT)) OR ((ISC))"), &out, &err));
    assert_ch_code(CH_E_LIMIT, ch_spdx_canonical(CH_STR("(((MIT)))"), &out, &err));
    ch_limits.licence_bytes = 10;
    ch_buf_clear(&out);
    assert_ch_ok(&err, ch_spdx_canonical(CH_STR("MIT OR ISC"), &out, &err));
    assert_ch_code(CH_E_LIMIT, ch_spdx_canonical(CH_STR("MIT OR Zlib"), &out, &err));
    ch_limits = saved;
    ch_buf_done(&out);
}

static void lists_are_sorted(void **state)
{
    (void)state;
    assert_true(ch_spdx_licences_count > 600 && ch_spdx_exceptions_count > 60);
    for (size_t i = 0; i < ch_spdx_licences_count; i++) {
        const char *id = ch_spdx_licences[i].id;
        assert_ptr_equal(ch_spdx_find_licence(ch_str_of(id)), id);
        assert_true(strlen(id) < ch_limits.word_bytes);
    }
    for (size_t i = 0; i < ch_spdx_exceptions_count; i++) {
        const char *id = ch_spdx_exceptions[i].id;
        assert_ptr_equal(ch_spdx_find_exception(ch_str_of(id)), id);
    }
    assert_null(ch_spdx_find_licence(CH_STR("LLVM-exception")));
    assert_null(ch_spdx_find_licence(CH_STR("MI")));
    assert_null(ch_spdx_find_licence(CH_STR("")));
}

static void old_fields_give_an_id_only_when_exact(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } rows[] = {
        {"MIT", "MIT"},
        {"The MIT License", "MIT"},
        {"The  MIT License (MIT)", "MIT"},
        {"apache license, VERSION 2.0", "Apache-2.0"},
        {"bsd-3-clause", "BSD-3-Clause"},
        {" BSD 3-Clause License\t", "BSD-3-Clause"},
        {"GPLv3+", "GPL-3.0-or-later"},
        {"BSD", NULL},
        {"GPL", NULL},
        {"GPLv3", NULL},
        {"LGPL", NULL},
        {"Apache", NULL},
        {"Apache License", NULL},
        {"MIT License\n\nCopyright", NULL},
        {"MIT, see LICENSE", NULL},
        {"the", NULL},
        {"", NULL},
        {"UNKNOWN", NULL},
    };
    static const struct {
        const char *text, *expect;
    } classifiers[] = {
        {"License :: OSI Approved :: MIT License", "MIT"},
        {"License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"},
        {"License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)",
         "GPL-3.0-or-later"},
        /* PEP 639: these could be several */
        {"License :: OSI Approved :: BSD License", NULL},
        {"License :: OSI Approved :: Apache Software License", NULL},
        {"License :: OSI Approved :: GNU General Public License v3 (GPLv3)", NULL},
        {"License :: OSI Approved", NULL},
        {"License :: Other/Proprietary License", NULL},
        {"Programming Language :: Python", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const char *id = ch_spdx_of_text(ch_str_of(rows[i].text));
        assert_true(id == NULL ? rows[i].expect == NULL
                               : rows[i].expect != NULL && strcmp(id, rows[i].expect) == 0);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(classifiers); i++) {
        const char *id = ch_spdx_of_classifier(ch_str_of(classifiers[i].text));
        const char *expect = classifiers[i].expect;
        assert_true(id == NULL ? expect == NULL : expect != NULL && strcmp(id, expect) == 0);
        assert_true(id == NULL || ch_spdx_find_licence(ch_str_of(id)) != NULL);
    }
    struct ch_limits saved = ch_limits;
    ch_limits.licence_bytes = 4; /* folding gives up, and finds nothing */
    assert_null(ch_spdx_of_text(CH_STR("The MIT License")));
    ch_limits = saved;
}

/* arg: blank-separated list of what is permitted, "A/E" for A with exception E */
static bool listed(void *arg, struct ch_str licence, struct ch_str exception)
{
    struct ch_str rest = ch_str_of(arg);
    struct ch_str word;
    struct ch_buf wanted;
    ch_buf_init(&wanted, 200);
    ch_buf_puts(&wanted, licence);
    if (exception.len > 0) {
        ch_buf_putc(&wanted, '/');
        ch_buf_puts(&wanted, exception);
    }
    bool found = false;
    while (ch_str_split(&rest, ' ', &word)) {
        found = found || ch_str_eq(word, ch_buf_str(&wanted));
    }
    ch_buf_done(&wanted);
    return found;
}

static void satisfied(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char permitted[64];
        bool expect;
    } rows[] = {
        {"mit", "MIT", true},
        {"MIT", "", false},
        {"MIT OR GPL-3.0-only", "MIT", true},
        {"MIT AND GPL-3.0-only", "MIT", false},
        {"MIT AND GPL-3.0-only", "GPL-3.0-only MIT", true},
        /* AND binds tighter */
        {"MIT OR ISC AND Zlib", "MIT", true},
        {"MIT OR ISC AND Zlib", "ISC", false},
        {"(MIT OR ISC) AND Zlib", "MIT", false},
        {"(MIT OR ISC) AND Zlib", "ISC Zlib", true},
        {"MIT AND ISC OR Zlib AND 0BSD", "ISC Zlib", false},
        {"MIT AND (ISC OR Zlib) AND 0BSD", "ISC 0BSD MIT", true},
        /* an exception only adds rights */
        {"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", true},
        {"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only/Classpath-exception-2.0", true},
        {"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only/LLVM-exception", false},
        {"GPL-2.0-only", "GPL-2.0-only/Classpath-exception-2.0", false},
        {"gpl-2.0+", "GPL-2.0+", true},
        {"gpl-2.0+", "GPL-2.0", false},
        {"apache-2.0+", "Apache-2.0+", true},
        {"licenseref-X", "LicenseRef-X", true},
    };
    struct ch_err err;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char permitted[64];
        memcpy(permitted, rows[i].permitted, sizeof(permitted));
        bool met = !rows[i].expect;
        assert_ch_ok(&err,
                     ch_spdx_satisfied(ch_str_of(rows[i].text), listed, permitted, &met, &err));
        if (met != rows[i].expect) {
            fail_msg("%s by %s", rows[i].text, permitted);
        }
    }
    bool met = false;
    char all[] = "MIT";
    assert_ch_code(CH_E_FORMAT,
                   ch_spdx_satisfied(CH_STR("MIT OR nonsense"), listed, all, &met, &err));
    assert_false(met);
}

static void files(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *text;
        enum ch_spdx_file expect;
    } rows[] = {
        {"MIT", "MIT License\n\nCopyright 2020 A\n\nPermission is hereby granted,\nfree of charge, to",
         CH_SPDX_FILE_FITS},
        {"MIT", "   GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3", CH_SPDX_FILE_DIFFERS},
        {"AGPL-3.0-or-later", "   GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3", CH_SPDX_FILE_FITS},
        {"(MIT OR ISC) AND (AGPL-3.0-only)", "# GNU Affero General\r\n# Public License",
         CH_SPDX_FILE_FITS},
        {"LGPL-3.0-only", "GNU GENERAL PUBLIC LICENSE\n", CH_SPDX_FILE_FITS}, /* its other half */
        {"MIT", "GNU GENERAL PUBLIC LICENSE\n", CH_SPDX_FILE_DIFFERS},
        /* a choice, of which one is stated */
        {"MIT", "Under the GNU General Public License, or:\nPermission is hereby granted, free of charge",
         CH_SPDX_FILE_FITS},
        /* a rider takes back what stands below it */
        {"Apache-2.0", "\"Commons Clause\" License Condition\n\nApache License\nVersion 2.0",
         CH_SPDX_FILE_DIFFERS},
        {"Apache-2.0", "Business Source License 1.1\nChange License: Apache License, Version 2.0",
         CH_SPDX_FILE_DIFFERS},
        {"LicenseRef-Ours", "Elastic License 2.0", CH_SPDX_FILE_FITS},
        {"BSD-3-Clause", "All rights reserved.\n\nRedistribution and use in source and binary forms",
         CH_SPDX_FILE_FITS},
        {"MIT", "You may do with it what I say.", CH_SPDX_FILE_UNKNOWN},
        {"MIT", "", CH_SPDX_FILE_UNKNOWN},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const char *family = NULL;
        enum ch_spdx_file found =
            ch_spdx_compare_file(ch_str_of(rows[i].text), ch_str_of(rows[i].expression), &family);
        if (found != rows[i].expect || (found == CH_SPDX_FILE_DIFFERS && family == NULL)) {
            fail_msg("%s: %s: %d", rows[i].expression, rows[i].text, found);
        }
    }
    /* what is bundled comes behind the opening */
    char text[4000];
    const char *family;
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "MIT", 3);
    strcpy(text + 3000, " GNU AFFERO GENERAL PUBLIC LICENSE");
    assert_int_equal(ch_spdx_compare_file(ch_str_of(text), CH_STR("MIT"), &family), CH_SPDX_FILE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_form),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(old_fields_give_an_id_only_when_exact),
        cmocka_unit_test(satisfied),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
