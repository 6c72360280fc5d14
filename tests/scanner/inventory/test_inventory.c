/* Databases of installed packages: what is read of them, and a text for everything that is refused.
 */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "scanner/inventory/inventory.h"

typedef enum ch_code read_fn(struct ch_str, ch_package_fn *, void *, struct ch_err *);

static void put(struct ch_buf *b, const char *what, struct ch_str s)
{
    if (s.ptr != NULL) {
        ch_buf_printf(b, " %s=%.*s", what, CH_STR_ARG(s));
    }
}

static void on_package(void *arg, const struct ch_package *p)
{
    struct ch_buf *b = arg;
    ch_buf_printf(b, "%s%zu:%.*s %.*s", b->len > 0 ? "; " : "", p->line, CH_STR_ARG(p->name),
                  CH_STR_ARG(p->version));
    put(b, "arch", p->architecture);
    put(b, "src", p->source);
    put(b, "srcver", p->source_version);
    put(b, "lic", p->licence);
}

#define EPOCHS(name, version, epoch, again)                                                        \
    name "\t" version "\t1\t2\tMicrosoft Corporation\t" epoch "\t3\tx86_64\t" again "\t(none)\n"
#define MANIFEST(name, version, arch, source)                                                      \
    name "\t" version "\t1\t2\tMicrosoft Corporation\t(none)\t3\t" arch "\t0\t" source "\n"

static const struct row {
    const char *label;
    read_fn *read;
    const char *text;
    const char *packages;
    const char *error; /* NULL: none */
} rows[] = {
    {"dpkg", ch_inventory_dpkg,
     "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n"
     "Version: 2.36-9\nDescription: a\n b\n .\n c\n\n"
     "package: b\nVersion: 1:2\nSource: bb (1:3)\nStatus: hold ok half-configured\n",
     "1:libc6 2.36-9 arch=amd64 src=glibc; 11:b 1:2 src=bb srcver=1:3", NULL},
    {"dpkg-empty", ch_inventory_dpkg, "", "", NULL},
    {"dpkg-blank", ch_inventory_dpkg, "\n\n", "", NULL},
    {"dpkg-distroless", ch_inventory_dpkg, "Package: a\nVersion: 1\n", "1:a 1", NULL},
    {"dpkg-removed", ch_inventory_dpkg,
     "Package: a\nVersion: 1\nStatus: deinstall ok config-files\n\nPackage: b\nStatus: purge ok "
     "not-installed\n",
     "", NULL},
    /* it is to go, and there */
    {"dpkg-to-be-removed", ch_inventory_dpkg,
     "Package: a\nVersion: 1\nStatus: deinstall ok installed\n", "1:a 1", NULL},
    {"dpkg-no-version", ch_inventory_dpkg, "\nPackage: a\nStatus: install ok installed\n", "",
     "line 2: a package without Version"},
    {"dpkg-no-name", ch_inventory_dpkg, "Version: 1\n", "", "line 1: a package without name"},
    {"dpkg-twice", ch_inventory_dpkg, "Package: a\nVersion: 1\nversion: 2\n", "",
     "line 3: the package has this field twice"},
    {"dpkg-no-field", ch_inventory_dpkg, "Package: a\nVersion\n", "",
     "line 2: expected \"Field: value\""},
    {"dpkg-comment", ch_inventory_dpkg, "#Package: a\n", "", "line 1: expected \"Field: value\""},
    {"dpkg-continues-nothing", ch_inventory_dpkg, " a\n", "", "line 1: goes on with no field"},
    {"dpkg-continues-version", ch_inventory_dpkg, "Package: a\nVersion: 1\n 2\n", "",
     "line 3: goes on with a field that has one line"},
    {"dpkg-blank-line", ch_inventory_dpkg, "Package: a\nVersion: 1\nX: a\n \t\nPackage: b\n", "",
     "line 4: is of blanks alone"},
    {"dpkg-status", ch_inventory_dpkg, "Package: a\nVersion: 1\nStatus: installed\n", "",
     "line 1: Status: expected three words"},
    {"dpkg-status-more", ch_inventory_dpkg,
     "Package: a\nVersion: 1\nStatus: install ok not-installed x\n", "",
     "line 1: Status: expected three words"},
    {"dpkg-source", ch_inventory_dpkg, "Package: a\nVersion: 1\nSource: b 2\n", "",
     "line 1: Source: expected"},
    {"dpkg-source-empty", ch_inventory_dpkg, "Package: a\nVersion: 1\nSource:\n", "",
     "line 1: Source: expected"},
    {"dpkg-carriage-return", ch_inventory_dpkg, "Package: a\r\nVersion: 1\r\n", "",
     "line 1: a package without name"},

    {"apk", ch_inventory_apk,
     "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nF:lib\nR:ld-musl.so\na:0:0:755\nZ:"
     "Q1y\n\n"
     "P:zlib\nV:1.3-r0\n\n",
     "1:musl 1.2.5-r0 arch=x86_64 src=musl lic=MIT; 12:zlib 1.3-r0", NULL},
    {"apk-empty", ch_inventory_apk, "", "", NULL},
    {"apk-no-end", ch_inventory_apk, "P:a\nV:1", "1:a 1", NULL},
    {"apk-no-name", ch_inventory_apk, "V:1\n\n", "", "line 1: a package without P: (name)"},
    {"apk-no-version", ch_inventory_apk, "P:a\n\n", "", "line 1: a package without V: (version)"},
    {"apk-twice", ch_inventory_apk, "P:a\nP:b\nV:1\n", "", "line 2: the package has P: twice"},
    {"apk-line", ch_inventory_apk, "P:a\nV 1\n", "", "line 2: expected a letter, ':' and a value"},
    {"apk-blank", ch_inventory_apk, "P:a\nV:1\n \nP:b\n", "",
     "line 3: expected a letter, ':' and a value"},

    {"rpm", ch_inventory_rpm_manifest,
     MANIFEST("glibc", "2.38-8.azl3", "x86_64", "glibc-2.38-8.azl3.src.rpm")
         MANIFEST("gpg-pubkey", "1-2", "(none)", "(none)"),
     "1:glibc 2.38-8.azl3 arch=x86_64 src=glibc-2.38-8.azl3.src.rpm; 2:gpg-pubkey 1-2", NULL},
    {"rpm-empty", ch_inventory_rpm_manifest, "", "", NULL},
    {"rpm-epoch", ch_inventory_rpm_manifest,
     EPOCHS("a", "2-3", "1", "1") EPOCHS("b", "2-3", "(none)", "0") EPOCHS("c", "2-3", "0", "0")
         EPOCHS("d", "2-3", "(none)", "(none)"),
     "1:a 1:2-3 arch=x86_64; 2:b 2-3 arch=x86_64; 3:c 0:2-3 arch=x86_64; 4:d 2-3 arch=x86_64",
     NULL},
    {"rpm-epochs-differ", ch_inventory_rpm_manifest, EPOCHS("a", "2-3", "1", "2"), "",
     "line 1: expected one epoch"},
    {"rpm-epoch-hidden", ch_inventory_rpm_manifest, EPOCHS("a", "2-3", "(none)", "2"), "",
     "line 1: expected one epoch"},
    {"rpm-epoch-text", ch_inventory_rpm_manifest, EPOCHS("a", "2-3", "x", "x"), "",
     "line 1: expected one epoch"},
    {"rpm-nine", ch_inventory_rpm_manifest, "a\t1\t1\t2\tM\t(none)\t3\tx\t0\n", "",
     "line 1: expected 10 fields"},
    {"rpm-eleven", ch_inventory_rpm_manifest, "a\t1\t1\t2\tM\t(none)\t3\tx\t0\ts\t\n", "",
     "line 1: expected 10 fields"},
    {"rpm-blank", ch_inventory_rpm_manifest, MANIFEST("a", "1", "x", "s") "\n",
     "1:a 1 arch=x src=s", "line 2: expected 10 fields"},
    {"rpm-no-name", ch_inventory_rpm_manifest, MANIFEST("", "1", "x", "s"), "",
     "line 1: a package without name or version"},
    {"maven", ch_inventory_maven,
     "#Created by Apache Maven 3.9\r\n\nversion=2.14.1\ngroupId=org.apache\nartifactId=log4j\nx=\n",
     "1:org.apache:log4j 2.14.1", NULL},
    {"maven-no-version", ch_inventory_maven, "groupId=a\nartifactId=b\n", "",
     "line 1: expected groupId, artifactId and version"},
    {"maven-twice", ch_inventory_maven, "version=1\nversion=2\n", "",
     "line 2: version is there twice"},
    {"maven-escape", ch_inventory_maven, "versio\\u006e=1\n", "", "line 1: expected \"key=value\""},
    {"maven-goes-on", ch_inventory_maven, "x=\\\nversion=1\n", "",
     "line 1: expected \"key=value\""},
    {"maven-carriage-return", ch_inventory_maven, "version=2\n#x\rversion=1\n", "",
     "line 2: a carriage return"},
    {"maven-colon", ch_inventory_maven, "version:1=2\n", "", "line 1: expected \"key=value\""},
    {"maven-blank", ch_inventory_maven, " version=1\n", "", "line 1: expected \"key=value\""},

    {"npm", ch_inventory_npm, "{\"name\":\"@a/b\",\"version\":\"1.0.0\",\"license\":\"MIT\"}",
     "1:@a/b 1.0.0 lic=MIT", NULL},
    {"npm-licence-old", ch_inventory_npm,
     "{\"name\":\"b\",\"version\":\"1.0.0\",\"license\":{\"type\":\"BSD\",\"url\":\"\"}}",
     "1:b 1.0.0 lic=BSD", NULL},
    {"npm-no-version", ch_inventory_npm, "{\"name\":\"b\",\"type\":\"module\"}", "",
     "without name or version"},
    {"npm-number", ch_inventory_npm, "{\"name\":\"b\",\"version\":1}", "",
     "expected words as name and version"},
    {"npm-twice", ch_inventory_npm, "{\"name\":\"b\",\"name\":\"c\",\"version\":\"1\"}", "",
     "duplicate"},
    {"npm-list", ch_inventory_npm, "[]", "", "expected an object"},
    {"rpm-none", ch_inventory_rpm_manifest, MANIFEST("a", "(none)", "x", "s"), "",
     "line 1: a package without name or version"},
};

/* ------------------------------------------------------------------ what the distribution is */

static void the_distribution_says_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id, *version; /* id NULL: none */
    } releases[] = {
        {"NAME=\"Debian\"\nVERSION_ID=\"12\"\nID=debian\n", "debian", "12"},
        {"ID=\"azurelinux\"\nVERSION_ID='3.0'", "azurelinux", "3.0"},
        {"ID=alpine\nVERSION_ID=3.19.1\n", "alpine", "3.19.1"},
        {"ID=a\nID=b\n", "b", ""},
        {"ID=arch\nVERSION_ID=\"$(x)\"\n", "arch", ""},
        {"#ID=a\nNAME=x\n", NULL, NULL},
        {"ID=\"a b\"\n", NULL, NULL},
        {"ID=\n", NULL, NULL},
        {"ID=\"\n", NULL, NULL},
        {"ID\n", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(releases); i++) {
        struct ch_str id, version;
        bool found = ch_inventory_os_release(ch_str_of(releases[i].text), &id, &version);
        assert_int_equal(found, releases[i].id != NULL);
        if (found) {
            assert_str_eq(id, releases[i].id);
            assert_str_eq(version, releases[i].version);
        }
    }
}

/* ------------------------------------------------------------------ programs and libraries */

/* 16 bytes that frame what the linker leaves. */
#define FRAME "0123456789abcdef"

static void put_length(struct ch_buf *b, size_t n)
{
    for (; n >= 0x80; n >>= 7) {
        ch_buf_putc(b, (char)(n | 0x80));
    }
    ch_buf_putc(b, (char)n);
}

/* A program with a record in the middle, behind `skew` bytes that put it off its place. */
static void put_program(struct ch_buf *b, size_t skew, char flags, const char *version,
                        const char *modules)
{
    for (size_t i = 0; i < 64 + skew; i++) {
        ch_buf_putc(b, 'x');
    }
    ch_buf_put(b, "\xff Go buildinf:\x08", 15);
    ch_buf_putc(b, flags);
    ch_buf_put(b, "0123456789abcdef", 16);
    put_length(b, strlen(version));
    ch_buf_puts(b, ch_str_of(version));
    put_length(b, strlen(modules));
    ch_buf_puts(b, ch_str_of(modules));
    ch_buf_puts(b, CH_STR("\0more"));
}

static void programs_of_go_say_what_they_are_made_of(void **state)
{
    static const struct {
        const char *version;
        const char *modules;
        const char *packages;
        const char *error;
    } programs[] = {
        {"go1.22.3", "", "0:stdlib 1.22.3", NULL},
        {"go1.22.3 X:loopvar", "", "0:stdlib 1.22.3", NULL},
        {"devel go1.23-abc", "", "", NULL},
        {"go1.22.3",
         FRAME "path\tcommand-line\nmod\texample.org/me\t(devel)\t\n"
               "dep\tgolang.org/x/net\tv0.1.0\th1:x=\ndep\texample.org/a\tv1.0.0\n"
               "=>\texample.org/fork\tv1.0.1\th1:y=\ndep\texample.org/b\tv2.0.0\n=>\t./b\n"
               "build\t-compiler=gc\n" FRAME,
         "0:stdlib 1.22.3; 3:golang.org/x/net v0.1.0; 5:example.org/fork v1.0.1", NULL},
        {"go1.22.3", FRAME "mod\texample.org/me\tv1.2.3\n" FRAME,
         "0:stdlib 1.22.3; 1:example.org/me v1.2.3", NULL},
        {"go1.22.3", FRAME "dep\texample.org/me\n" FRAME, "0:stdlib 1.22.3",
         "line 1: expected a module and its version"},
        {"go1.22.3", FRAME "=>\texample.org/me\tv1\n" FRAME, "0:stdlib 1.22.3",
         "line 1: expected a module and its version"},
        {"go1.22.3", "short", "", "cut short"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        struct ch_buf program;
        struct ch_buf b;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&program, 65536);
        ch_buf_init(&b, 65536);
        put_program(&program, 0, 2, programs[i].version, programs[i].modules);
        enum ch_code rc = ch_inventory_go(ch_buf_str(&program), on_package, &b, &err);
        ch_buf_putc(&b, '\0');
        if (strcmp(b.ptr, programs[i].packages) != 0 ||
            (rc == CH_OK) != (programs[i].error == NULL) ||
            (programs[i].error != NULL && strstr(err.msg, programs[i].error) == NULL)) {
            fail_msg("program %zu: \"%s\": %s", i, b.ptr, err.msg);
        }
        ch_buf_done(&program);
        ch_buf_done(&b);
    }
}

/* Whoever puts a record before the linker's does not hide that one. */
static void every_record_counts(void **state)
{
    (void)state;
    struct ch_buf program;
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&program, 65536);
    ch_buf_init(&b, 65536);
    put_program(&program, 0, 2, "go1.99", FRAME "mod\texample.org/good\tv9\n" FRAME);
    while (program.len % 16 != 0) {
        ch_buf_putc(&program, 'x');
    }
    put_program(&program, 0, 2, "go1.10", FRAME "mod\texample.org/bad\tv1\n" FRAME);
    while (program.len % 16 != 0) {
        ch_buf_putc(&program, 'x');
    }
    put_program(&program, 0, 2, "go1.10", "short");
    assert_ch_ok(&err, ch_inventory_go(ch_buf_str(&program), on_package, &b, &err));
    ch_buf_putc(&b, '\0');
    assert_string_equal(b.ptr, "0:stdlib 1.99; 1:example.org/good v9; 0:stdlib 1.10; "
                               "1:example.org/bad v1");
    ch_buf_done(&program);
    ch_buf_done(&b);
}

/* What looks for such records has the text by which they begin, wherever its linker puts that; what
 * stands behind it there is any text, and may look like flags. */
static void a_text_that_begins_like_a_record_is_none(void **state)
{
    static const char *const behind[] = {"a text of the same program",
                                         "\x01\x02 and of another program",
                                         "\x08"
                                         "and one of sixteen bytes and more",
                                         "\x04r, which reads as a long text follows"};
    (void)state;
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        struct ch_buf program;
        struct ch_buf b;
        struct ch_err err;
        ch_buf_init(&program, 65536);
        ch_buf_init(&b, 65536);
        for (size_t at = 0; at < 64; at++) {
            ch_buf_putc(&program, 'x');
        }
        ch_buf_put(&program, "\xff Go buildinf:", i < 2 ? 15 : 14); /* with its end, or not */
        ch_buf_puts(&program, ch_str_of(behind[i]));
        for (size_t at = 0; at < 64; at++) {
            ch_buf_putc(&program, 'x');
        }
        assert_ch_code(CH_E_NOT_FOUND, ch_inventory_go(ch_buf_str(&program), on_package, &b, &err));
        assert_int_equal(b.len, 0);
        ch_buf_done(&program);
        ch_buf_done(&b);
    }
}

static void other_programs_are_told_from_damaged_ones(void **state)
{
    struct ch_buf program;
    struct ch_buf b;
    struct ch_err err;
    (void)state;
    ch_buf_init(&program, 65536);
    ch_buf_init(&b, 65536);
    put_program(&program, 5, 2, "go1.22.3", "");
    assert_ch_code(CH_E_NOT_FOUND, ch_inventory_go(ch_buf_str(&program), on_package, &b, &err));
    while (program.len % 16 != 0) { /* one that looks for others, and has its own behind */
        ch_buf_putc(&program, 'x');
    }
    put_program(&program, 0, 2, "go1.22.3", "");
    assert_ch_ok(&err, ch_inventory_go(ch_buf_str(&program), on_package, &b, &err));
    ch_buf_putc(&b, '\0');
    assert_string_equal(b.ptr, "0:stdlib 1.22.3");
    ch_buf_clear(&program);
    put_program(&program, 0, 0, "go1.17", "");
    assert_ch_code(CH_E_UNSUPPORTED, ch_inventory_go(ch_buf_str(&program), on_package, &b, &err));
    ch_buf_clear(&program);
    put_program(&program, 0, 2, "go1.22.3", "");
    const size_t behind = sizeof("\0more") - 1;
    for (size_t cut = behind + 1; cut <= behind + 10; cut++) { /* down to the version's length */
        assert_ch_code(CH_E_FORMAT,
                       ch_inventory_go(ch_str_sub(ch_buf_str(&program), 0, program.len - cut),
                                       on_package, &b, &err));
    }
    ch_buf_done(&program);
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ all texts */

static void databases_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct ch_buf b;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 4096);
        enum ch_code rc = row->read(ch_str_of(row->text), on_package, &b, &err);
        ch_buf_putc(&b, '\0');
        if (strcmp(b.ptr, row->packages) != 0 || (rc == CH_OK) != (row->error == NULL) ||
            (row->error != NULL && strstr(err.msg, row->error) == NULL)) {
            fail_msg("%s: \"%s\": %s", row->label, b.ptr, err.msg);
        }
        ch_buf_done(&b);
    }
}

/* ------------------------------------------------------------------ against dpkg itself */

static void put_line(void *arg, const struct ch_package *p)
{
    struct ch_str source = p->source.ptr != NULL ? p->source : p->name;
    struct ch_str version = p->source_version.ptr != NULL ? p->source_version : p->version;
    ch_buf_printf(arg, "%.*s %.*s %.*s %.*s %.*s\n", CH_STR_ARG(p->name), CH_STR_ARG(p->version),
                  CH_STR_ARG(p->architecture), CH_STR_ARG(source), CH_STR_ARG(version));
}

static void read_stream(FILE *f, struct ch_buf *b)
{
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0) {
        ch_buf_put(b, piece, n);
    }
}

static int by_bytes(const void *a, const void *b)
{
    return ch_str_cmp(*(const struct ch_str *)a, *(const struct ch_str *)b);
}

/* The lines of `text`, sorted; free(). */
static struct ch_str *sorted_lines(struct ch_str text, size_t *ret_count)
{
    struct ch_str *lines = ch_calloc(text.len + 1, sizeof(*lines));
    size_t n = 0;
    while (text.len > 0 && ch_str_split(&text, '\n', &lines[n])) {
        n++;
    }
    qsort(lines, n, sizeof(*lines), by_bytes);
    *ret_count = n;
    return lines;
}

/* This machine's own database, as dpkg-query tells it. */
static void dpkg_says_the_same_of_this_machine(void **state)
{
    static const char command[] =
        "dpkg-query -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture} "
        "${source:Package} ${source:Version}\n' | sed -n '/^config-files /d; s/^[^ ]* //p'";
    struct ch_buf status;
    struct ch_buf ours;
    struct ch_buf theirs;
    struct ch_err err;
    size_t our_count;
    size_t their_count;
    FILE *f = fopen("/var/lib/dpkg/status", "re");
    (void)state;
    if (f == NULL) {
        print_message("skipped: this machine has no /var/lib/dpkg/status\n");
        skip();
    }
    ch_buf_init(&status, 1 << 26);
    ch_buf_init(&ours, 1 << 24);
    ch_buf_init(&theirs, 1 << 24);
    read_stream(f, &status);
    fclose(f);
    assert_ch_ok(&err, ch_inventory_dpkg(ch_buf_str(&status), put_line, &ours, &err));
    f = popen(command, "r");
    assert_non_null(f);
    read_stream(f, &theirs);
    assert_int_equal(pclose(f), 0);
    struct ch_str *our = sorted_lines(ch_buf_str(&ours), &our_count);
    struct ch_str *their = sorted_lines(ch_buf_str(&theirs), &their_count);
    assert_true(their_count > 0);
    for (size_t i = 0; i < our_count && i < their_count; i++) {
        if (!ch_str_eq(our[i], their[i])) {
            fail_msg("\"%.*s\", dpkg-query says \"%.*s\"", CH_STR_ARG(our[i]),
                     CH_STR_ARG(their[i]));
        }
    }
    assert_int_equal(our_count, their_count);
    free(our);
    free(their);
    ch_buf_done(&status);
    ch_buf_done(&ours);
    ch_buf_done(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_of_go_say_what_they_are_made_of),
        cmocka_unit_test(every_record_counts),
        cmocka_unit_test(a_text_that_begins_like_a_record_is_none),
        cmocka_unit_test(other_programs_are_told_from_damaged_ones),
        cmocka_unit_test(databases_are_read_strictly),
        cmocka_unit_test(the_distribution_says_what_it_is),
        cmocka_unit_test(dpkg_says_the_same_of_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
