/* The engine around the rules: what is refused when they are compiled, which members they see, what
 * ends a scan early, and what the digest says. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "run.h"
#include "tests/scanner/content/native_build.h"
#include "scanner/rules/rules.h"

#define RULE(name, meta, text)                                                                     \
    "rule " name "\n{\n  meta:\n    message = \"m\"\n" meta                                        \
    "  strings:\n    $a = " text "\n  condition:\n    $a\n}\n"

static enum ch_code load(const char *text, struct ch_err *err)
{
    struct ch_rule_text t = {CH_STR("/site/own.yar"), ch_str_of(text)};
    return ch_rules_load(&t, 1, err);
}

static int unload(void **state)
{
    (void)state;
    ch_rules_unload();
    return 0;
}

/* --- compiling --- */

static void mistakes_name_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *text;
        const char *said;
    } rows[] = {
        {"syntax", "rule a\n{\n  condition:\n    tru\n}\n", "/site/own.yar:4: undefined"},
        {"warning", "rule a\n{\n  strings:\n    $a = /a.*b/\n  condition:\n    $a\n}\n",
         "/site/own.yar:4: warning: "},
        {"two of one name", RULE("a", "", "\"abcd\"") RULE("a", "", "\"efgh\""),
         "/site/own.yar:10: "},
        {"name of a shipped one", "\n" RULE("cryptominer", "", "\"abcd\""),
         "/site/own.yar:2: rule cryptominer: a shipped rule has this name"},
        {"class attack", RULE("a", "    class = \"attack\"\n", "\"abcd\""),
         "/site/own.yar:1: rule a: class is note or irregular"},
        {"severity", RULE("a", "    severity = \"huge\"\n", "\"abcd\""),
         "/site/own.yar:1: rule a: severity is"},
        {"number as class", RULE("a", "    class = 5\n", "\"abcd\""),
         "/site/own.yar:1: rule a: id, class,"},
        {"unknown group", RULE("a", "    paths = \"*.py,@nothing\"\n", "\"abcd\""),
         "/site/own.yar:1: rule a: paths is"},
        {"empty glob", RULE("a", "    paths = \"*.py,,x\"\n", "\"abcd\""),
         "/site/own.yar:1: rule a: paths is"},
        {"no path at all", RULE("a", "    paths = \"*.py, /etc/*.conf\"\n", "\"abcd\""),
         "no path in an archive fits \"/etc/*.conf\""},
        {"a folder", RULE("a", "    paths = \"a/b/\"\n", "\"abcd\""), "fits \"a/b/\""},
        {"a folder above", RULE("a", "    paths = \"a/../*.py\"\n", "\"abcd\""),
         "fits \"a/../*.py\""},
        {"... at its end", RULE("a", "    paths = \"a/..\"\n", "\"abcd\""), "fits \"a/..\""},
        {"a folder in itself", RULE("a", "    paths = \"./*.py\"\n", "\"abcd\""),
         "fits \"./*.py\""},
        {"a backslash", RULE("a", "    paths = \"a\\\\*.py\"\n", "\"abcd\""),
         "no path in an archive"},
        {"no rule", "", "/site/own.yar:1: has no rule"},
        {"no rule but a comment", "// rule a { condition: true }\n",
         "/site/own.yar:1: has no rule"},
        {"include", "\ninclude \"/etc/passwd\"\n", "/site/own.yar:2: "},
        {"module", "\n  import \"elf\"\n" RULE("a", "", "\"abcd\""),
         "/site/own.yar:2: modules are not available"},
        {"module behind something", RULE("a", "", "\"abcd\"") "/* */ import \"pe\"\n",
         "modules are not available"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err = {.code = CH_OK};
        enum ch_code rc = load(rows[i].text, &err);
        if (rc != CH_E_FORMAT || strstr(err.msg, rows[i].said) == NULL) {
            fail_msg("%s: %s: %s", rows[i].label, ch_code_name(rc), err.msg);
        }
    }
    struct ch_err err;
    struct ch_rule_text nul = {CH_STR("/site/own.yar"), {"rule a { condition: true }\0x", 28}};
    assert_ch_code(CH_E_FORMAT, ch_rules_load(&nul, 1, &err));
}

static void a_mistake_leaves_the_old_rules_in_force(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct rules_member m = {CH_STR("a.txt"), CH_STR("-- first --")};
    assert_ch_ok(&err, load(RULE("a", "", "\"first\""), &err));
    struct ch_sha256 before = ch_rules_digest();
    size_t count = ch_rules_count();
    assert_ch_code(CH_E_FORMAT, load("rule b {", &err));
    struct ch_sha256 after = ch_rules_digest();
    assert_true(ch_sha256_eq(&before, &after));
    assert_int_equal(ch_rules_count(), count);
    rules_run(&r, &m, 1);
    assert_non_null(rules_found(&r, CH_F_RULE_SUSPICIOUS, "a"));
    scan_run_done(&r);
}

static void names_in_messages_are_visible(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_rule_text t = {CH_STR("/site/\x1b[31m.yar"), CH_STR("rule")};
    assert_ch_code(CH_E_FORMAT, ch_rules_load(&t, 1, &err));
    if (strstr(err.msg, "/site/\\x1b[31m.yar:1: ") == NULL) {
        fail_msg("%s", err.msg);
    }
}

static void limits_of_rules(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_limits saved = ch_limits;
    struct ch_rule_text two[2] = {{CH_STR("/a.yar"), CH_STR("rule a { condition: false }")},
                                  {CH_STR("/b.yar"), CH_STR("rule b { condition: false }")}};
    ch_limits.rules_files = 2;
    assert_ch_ok(&err, ch_rules_load(two, 2, &err));
    ch_limits.rules_files = 1;
    assert_ch_code(CH_E_LIMIT, ch_rules_load(two, 2, &err));
    ch_limits = saved;
    ch_limits.rules_bytes = 54;
    assert_ch_ok(&err, ch_rules_load(two, 2, &err));
    ch_limits.rules_bytes = 53;
    assert_ch_code(CH_E_LIMIT, ch_rules_load(two, 2, &err));
    ch_limits = saved;
    const char *text = "rule many { strings: $a = \"aaaa1\" $b = \"aaaa2\" condition: any of them }";
    ch_limits.rules_strings = 13; /* the most that a shipped rule has */
    assert_ch_ok(&err, load(text, &err));
    ch_limits.rules_strings = 1;
    assert_ch_code(CH_E_FORMAT, load(text, &err)); /* it is a shipped one that has too many */
    ch_limits = saved;
}

/* --- digest --- */

static struct ch_sha256 digest_of(const struct ch_rule_text *texts, size_t count)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_rules_load(texts, count, &err));
    return ch_rules_digest();
}

static void the_digest_is_of_what_rules_say(void **state)
{
    (void)state;
    ch_rules_unload();
    struct ch_sha256 none = ch_rules_digest();
    assert_true(ch_sha256_is_zero(&none));
    assert_int_equal(ch_rules_count(), 0);
    struct ch_rule_text a = {CH_STR("/site/a.yar"), CH_STR("rule a { condition: false }")};
    struct ch_rule_text b = {CH_STR("/site/b.yar"), CH_STR("rule b { condition: false }")};
    struct ch_rule_text b2 = {CH_STR("/site/b.yar"), CH_STR("rule b { condition: false } ")};
    struct ch_sha256 shipped = digest_of(NULL, 0);
    size_t count = ch_rules_count();
    assert_true(count >= 40);
    struct ch_sha256 again = digest_of(NULL, 0);
    assert_true(ch_sha256_eq(&shipped, &again));
    struct ch_sha256 one = digest_of(&a, 1);
    assert_int_equal(ch_rules_count(), count + 1);
    struct ch_sha256 ab = digest_of((struct ch_rule_text[]){a, b}, 2);
    struct ch_sha256 ba = digest_of((struct ch_rule_text[]){b, a}, 2);
    struct ch_sha256 ab2 = digest_of((struct ch_rule_text[]){a, b2}, 2);
    assert_false(ch_sha256_eq(&shipped, &one));
    assert_false(ch_sha256_eq(&one, &ab));
    assert_true(ch_sha256_eq(&ab, &ba));
    assert_false(ch_sha256_eq(&ab, &ab2));
    a.name = CH_STR("/elsewhere/z.yar");
    struct ch_sha256 renamed = digest_of(&a, 1);
    assert_true(ch_sha256_eq(&one, &renamed));
}

/* --- the supervisor's memfd --- */

static int memory_of(struct ch_str bytes)
{
    int fd = memfd_create("rules", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    return fd;
}

static void rules_come_in_a_memory_file(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    struct ch_rule_text a = {CH_STR("/site/a.yar"), CH_STR("rule a { condition: false }")};
    struct ch_sha256 direct = digest_of(&a, 1);
    ch_buf_init(&b, 4096);
    ch_rule_text_put(&b, &a);
    int fd = memory_of(ch_buf_str(&b));
    assert_ch_ok(&err, ch_rules_load_fd(fd, &err));
    struct ch_sha256 read = ch_rules_digest();
    assert_true(ch_sha256_eq(&direct, &read));
    close(fd);
    fd = memory_of(ch_str_sub(ch_buf_str(&b), 0, b.len - 1)); /* cut */
    assert_ch_code(CH_E_FORMAT, ch_rules_load_fd(fd, &err));
    close(fd);
    struct ch_sha256 shipped = digest_of(NULL, 0);
    fd = memory_of(CH_STR(""));
    assert_ch_ok(&err, ch_rules_load_fd(fd, &err));
    read = ch_rules_digest();
    assert_true(ch_sha256_eq(&shipped, &read));
    close(fd);
    assert_ch_ok(&err, ch_rules_load_fd(-1, &err));
    ch_buf_done(&b);
}

/* A reload's two steps: what is prepared matches nothing until it is committed. */
static void prepared_rules_wait_for_their_commit(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    struct ch_rule_text a = {CH_STR("/site/a.yar"), CH_STR("rule a { condition: false }")};
    ch_buf_init(&b, 4096);
    ch_rule_text_put(&b, &a);
    int fd = memory_of(ch_buf_str(&b));
    assert_ch_ok(&err, ch_rules_load_fd(-1, &err));
    struct ch_sha256 shipped = ch_rules_digest();
    struct ch_sha256 now;
    for (int commit = 0; commit < 2; commit++) {
        assert_ch_ok(&err, ch_rules_prepare_fd(fd, &err));
        now = ch_rules_digest();
        assert_true(ch_sha256_eq(&now, &shipped));
        if (commit) {
            ch_rules_commit();
        } else {
            ch_rules_abort();
        }
        now = ch_rules_digest();
        assert_int_equal(ch_sha256_eq(&now, &shipped), !commit);
    }
    struct ch_sha256 with = now;
    assert_ch_ok(&err, ch_rules_prepare_fd(fd, &err)); /* the same: nothing is compiled again */
    ch_rules_commit();
    now = ch_rules_digest();
    assert_true(ch_sha256_eq(&now, &with));
    assert_ch_ok(&err, ch_rules_prepare_fd(fd, &err));
    assert_ch_ok(&err, ch_rules_prepare_fd(-1, &err)); /* in its place */
    ch_rules_commit();
    now = ch_rules_digest();
    assert_true(ch_sha256_eq(&now, &shipped));
    close(fd);
    ch_buf_done(&b);
}

/* --- matching --- */

static void classes_and_severities(void **state)
{
    (void)state;
    static const struct {
        const char *meta;
        enum ch_finding_code code;
    } rows[] = {
        {"", CH_F_RULE_SUSPICIOUS},
        {"    class = \"note\"\n", CH_F_RULE_NOTE},
        {"    class = \"note\"\n    severity = \"high\"\n", CH_F_RULE_NOTE},
        {"    class = \"irregular\"\n", CH_F_RULE_SUSPICIOUS},
        {"    severity = \"low\"\n", CH_F_RULE_SUSPICIOUS},
        {"    severity = \"high\"\n", CH_F_RULE_MALICIOUS},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[512];
        struct ch_err err;
        struct scan_run r;
        struct rules_member m[2] = {{CH_STR("a.py"), CH_STR("\n\nx = 'needle'\n")},
                                    {CH_STR("b.dat"), CH_STR("..needle")}};
        snprintf(text, sizeof(text),
                 "rule own { meta: message = \"says it\"\n%s strings: $a = \"needle\" condition: $a }",
                 rows[i].meta);
        assert_ch_ok(&err, load(text, &err));
        rules_run(&r, m, 2);
        const struct ch_finding *f = rules_found(&r, rows[i].code, "own");
        assert_non_null(f);
        assert_str_eq(f->member, "a.py");
        assert_str_eq(f->evidence, "own: says it (line 3)");
        /* a note is said once of an artifact */
        assert_int_equal(rules_findings(&r), rows[i].code == CH_F_RULE_NOTE ? 1 : 2);
        scan_run_done(&r);
    }
    struct ch_err err;
    struct scan_run r;
    struct rules_member m = {CH_STR("b.dat"), CH_STR("..needle")};
    assert_ch_ok(&err, load("rule own { strings: $a = \"needle\" condition: $a }", &err));
    rules_run(&r, &m, 1);
    assert_str_eq(rules_found(&r, CH_F_RULE_SUSPICIOUS, "own")->evidence, "own (offset 2)");
    scan_run_done(&r);
}

static void paths_are_the_engine_s_to_check(void **state)
{
    (void)state;
    static const struct {
        const char *paths;
        const char *path;
        bool taken;
    } rows[] = {
        {"setup.py", "setup.py", true},          {"setup.py", "x-1/setup.py", true},
        {"setup.py", "x/notsetup.py", false},    {"*.py", "a/b/c.py", true},
        {"*.py", "a.py/b.txt", false},           {"*.PY", "a.py", true},
        {"x-1/*.py", "x-1/a/b.py", true},        {"x-1/*.py", "x-2/b.py", false},
        {"*.data/scripts/*", "x.data/scripts/run", true}, {"a?.py", "ab.py", true},
        {"a?.py", "a.py", false},                {"@python", "x.pth", true},
        {"@python", "x.sh", false},              {"@code", "x.sh", true},
        {" a.py , b.py ", "b.py", true},         {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"*", "anything", true},                 {"@shell,@script", "x.js", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[512];
        struct ch_err err;
        struct scan_run r;
        struct rules_member m = {ch_str_of(rows[i].path), CH_STR("needle")};
        snprintf(text, sizeof(text),
                 "rule own { meta: paths = \"%s\" strings: $a = \"needle\" condition: $a }",
                 rows[i].paths);
        assert_ch_ok(&err, load(text, &err));
        rules_run(&r, &m, 1);
        if ((rules_findings(&r) > 0) != rows[i].taken) {
            fail_msg("%s: %s", rows[i].paths, rows[i].path);
        }
        scan_run_done(&r);
    }
}

static void too_many_matches_hold(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct ch_buf b;
    ch_buf_init(&b, 16 << 20);
    for (size_t i = 0; i < 1200000; i++) {
        ch_buf_puts(&b, CH_STR("needle"));
    }
    struct rules_member m = {CH_STR("a.py"), ch_buf_str(&b)};
    assert_ch_ok(&err, load("rule many { strings: $a = \"needle\" condition: #a == 7 }", &err));
    rules_run(&r, &m, 1);
    assert_non_null(rules_found(&r, CH_F_RULE_OVERFLOW, ""));
    scan_run_done(&r);
    m.bytes.len = 6 * 1000;
    rules_run(&r, &m, 1);
    assert_int_equal(rules_findings(&r), 0);
    scan_run_done(&r);
    ch_buf_done(&b);
}

static void more_rules_than_are_listed_hold(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct ch_limits saved = ch_limits;
    struct rules_member m = {CH_STR("a.txt"), CH_STR("needle")};
    const char *text = "rule one { strings: $a = \"needle\" condition: $a }\n"
                       "rule two { strings: $a = \"needle\" condition: $a }\n";
    assert_ch_ok(&err, load(text, &err));
    ch_limits.rules_matches = 3;
    rules_run(&r, &m, 1);
    assert_null(rules_found(&r, CH_F_RULE_OVERFLOW, ""));
    scan_run_done(&r);
    ch_limits.rules_matches = 1;
    rules_run(&r, &m, 1);
    assert_non_null(rules_found(&r, CH_F_RULE_OVERFLOW, ""));
    scan_run_done(&r);
    ch_limits = saved;
}

/* Of source all is looked at, or it holds; of other members a site's rules see all, or a note says how much. */
static void how_much_of_a_member_is_seen(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct ch_limits saved = ch_limits;
    ch_limits.rules_text_bytes = 40;
    ch_limits.rules_small_bytes = 10;
    ch_limits.rules_head_bytes = 10;
    ch_limits.rules_site_bytes = 30;
    assert_ch_ok(&err, load("rule own { strings: $a = \"needle\" condition: $a }", &err));
#define SPACE10 "          "
    static const struct {
        const char *path;
        const char *bytes;
        const char *findings;
    } rows[] = {
        {"a.py", SPACE10 SPACE10 SPACE10 "    needle", "rule-suspicious"},
        {"a.py", SPACE10 SPACE10 SPACE10 "    needle.", "rule-overflow rule-suspicious"},
        {"a.py", SPACE10 SPACE10 SPACE10 "     needle", "rule-overflow"},
        {"run", "#!" SPACE10 SPACE10 SPACE10 "     needle", "rule-overflow"},
        {"a.bin", SPACE10 SPACE10 "    needle", "rule-suspicious"},
        {"a.bin", SPACE10 SPACE10 "    needle.", "rule-partial rule-suspicious"},
        {"a.bin", SPACE10 SPACE10 "     needle", "rule-partial"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct rules_member m = {ch_str_of(rows[i].path), ch_str_of(rows[i].bytes)};
        rules_run(&r, &m, 1);
        char *found = scan_run_findings(&r);
        if (strcmp(found, rows[i].findings) != 0) {
            fail_msg("row %zu: \"%s\", expected \"%s\"", i, found, rows[i].findings);
        }
        free(found);
        scan_run_done(&r);
    }
    ch_limits = saved;
}

/* A large compiled program among a wheel's scripts is no source; what only looks like one is. */
static void a_program_among_scripts_is_no_source(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_limits saved = ch_limits;
    struct ch_buf elf, pe, broken, foreign;
    ch_buf_init(&elf, 1u << 16);
    ch_buf_init(&pe, 1u << 16);
    ch_buf_init(&broken, 1u << 16);
    ch_buf_init(&foreign, 1u << 16);
    native_elf(&elf, &(struct native_spec){.program = true});
    native_pe(&pe, &(struct native_spec){.program = true});
    native_elf(&broken, &(struct native_spec){.program = true, .bad_header = true});
    native_elf(&foreign, &(struct native_spec){.program = true, .machine = 183}); /* aarch64 */
    ch_limits.rules_text_bytes = elf.len > pe.len ? elf.len : pe.len;
    for (size_t more = 0; more < 4096; more++) {
        ch_buf_putc(&elf, ' ');
        ch_buf_putc(&pe, ' ');
        ch_buf_putc(&broken, ' ');
        ch_buf_putc(&foreign, ' ');
    }
    assert_ch_ok(
        &err,
        load("rule own { meta: paths = \"a*\" strings: $a = \"needle\" condition: $a }", &err));
#define X86 "manylinux_2_17_x86_64"
    const struct {
        const char *path;
        struct ch_str bytes;
        const char *findings;
        const char *platform;
    } rows[] = {
        {"p.data/scripts/run", ch_buf_str(&elf), "", X86},
        /* no kernel there runs these: a shell may */
        {"p.data/scripts/run", ch_buf_str(&pe), "rule-overflow", X86},
        {"p.data/scripts/run", ch_buf_str(&foreign), "rule-overflow", X86},
        {"p.data/scripts/run", ch_buf_str(&foreign), "",
         "macosx_11_0_arm64.manylinux_2_17_aarch64"},
        {"p.data/scripts/run", ch_buf_str(&elf), "rule-overflow", "any"},
        {"p.data/scripts/run", ch_buf_str(&elf), "rule-overflow", "linux_mips"},
        {"p.data/scripts/run.exe", ch_buf_str(&pe), "", "win_amd64"},
        {"a.data/scripts/a", ch_buf_str(&elf), "rule-partial", X86},
        {"p.data/scripts/run", ch_buf_str(&broken), "rule-overflow", X86},
        /* sh and python run any bytes */
        {"p.data/scripts/run.py", ch_buf_str(&elf), "rule-overflow", X86},
        {"p.data/scripts/run.sh", ch_buf_str(&elf), "rule-overflow", X86},
        {"run.py", ch_buf_str(&elf), "rule-overflow", X86},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct scan_run r;
        struct rules_member m = {ch_str_of(rows[i].path), rows[i].bytes};
        rules_platform = ch_str_of(rows[i].platform);
        rules_run(&r, &m, 1);
        char *found = scan_run_findings(&r);
        if (strcmp(found, rows[i].findings) != 0) {
            fail_msg("row %zu: \"%s\", expected \"%s\"", i, found, rows[i].findings);
        }
        free(found);
        scan_run_done(&r);
    }
    rules_platform = (struct ch_str){NULL, 0};
    ch_buf_done(&foreign);
    ch_buf_done(&elf);
    ch_buf_done(&pe);
    ch_buf_done(&broken);
    ch_limits = saved;
}

/* Members that no rule of the site's is for are no matter of theirs. */
static void a_site_s_rules_see_what_they_ask_for(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct ch_limits saved = ch_limits;
    ch_limits.rules_small_bytes = 10;
    ch_limits.rules_head_bytes = 10;
    ch_limits.rules_site_bytes = 30;
    struct rules_member m = {CH_STR("a.bin"), CH_STR(SPACE10 SPACE10 SPACE10 "needle")};
    static const char rule[] =
        "rule own { meta: paths = \"*.cfg\" strings: $a = \"needle\" condition: $a and filesize == 26 }";
    assert_ch_ok(&err, load(rule, &err));
    rules_run(&r, &m, 1);
    assert_int_equal(rules_findings(&r), 0);
    scan_run_done(&r);
    m = (struct rules_member){CH_STR("a.cfg"), CH_STR(SPACE10 SPACE10 "needle")};
    rules_run(&r, &m, 1);
    assert_non_null(rules_found(&r, CH_F_RULE_SUSPICIOUS, "own"));
    assert_int_equal(rules_findings(&r), 1);
    scan_run_done(&r);
    ch_limits = saved;
}

/* Two halves of a match in two files are none; and each file is named by itself. */
static void files_stay_apart(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    assert_ch_ok(&err, ch_rules_load(NULL, 0, &err));
    struct rules_member apart[2] = {{CH_STR("a.py"), CH_STR("exec(")},
                                    {CH_STR("b.py"), CH_STR("marshal.loads(zlib.x))")}};
    rules_run(&r, apart, 2);
    assert_int_equal(rules_findings(&r), 0);
    scan_run_done(&r);
    struct rules_member three[3] = {{CH_STR("a.py"), CH_STR("exec(marshal.loads(zlib.x))")},
                                    {CH_STR("b.py"), CH_STR("x = 1")},
                                    {CH_STR("c.py"), CH_STR("exec(marshal.loads(zlib.x))")}};
    rules_run(&r, three, 3);
    assert_int_equal(rules_findings(&r), 2);
    scan_run_done(&r);
}

static void nothing_loaded_matches_nothing(void **state)
{
    (void)state;
    struct scan_run r;
    struct rules_member m = {CH_STR("a.py"), CH_STR("exec(marshal.loads(zlib.x))")};
    ch_rules_unload();
    rules_run(&r, &m, 1);
    assert_int_equal(rules_findings(&r), 0);
    scan_run_done(&r);
}

#define TEST(f) cmocka_unit_test_teardown(f, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mistakes_name_file_and_line),
        TEST(a_mistake_leaves_the_old_rules_in_force),
        TEST(names_in_messages_are_visible),
        TEST(limits_of_rules),
        TEST(the_digest_is_of_what_rules_say),
        TEST(rules_come_in_a_memory_file),
        TEST(prepared_rules_wait_for_their_commit),
        TEST(classes_and_severities),
        TEST(paths_are_the_engine_s_to_check),
        TEST(too_many_matches_hold),
        TEST(more_rules_than_are_listed_hold),
        TEST(how_much_of_a_member_is_seen),
        TEST(a_program_among_scripts_is_no_source),
        TEST(a_site_s_rules_see_what_they_ask_for),
        TEST(files_stay_apart),
        TEST(nothing_loaded_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
