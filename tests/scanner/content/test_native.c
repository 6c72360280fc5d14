/* Headers of native code: what is read of them, and each lie that is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "native_build.h"
#include "scanner/content/native.h"
#include "corpus.h"

typedef void build_fn(struct ch_buf *b, const struct native_spec *s);

/* "FORMAT MACHINE... [LIBRARY] rwx stack shared", or the fault */
static const struct {
    const char *label;
    build_fn *build;
    struct native_spec spec;
    const char *expected;
} rows[] = {
    {"elf", native_elf, {.library = "libc.so.6"}, "elf x86-64 [libc.so.6] shared"},
    {"elf that is a filter of another",
     native_elf,
     {.library = "libm.so", .tag = 0x7fffffff},
     "elf x86-64 [libm.so] shared"},
    {"elf with an auditor",
     native_elf,
     {.narrow = true, .library = "a.so", .tag = 0x6ffffefc},
     "elf x86-64 [a.so] shared"},
    {"elf without library", native_elf, {.program = true}, "elf x86-64"},
    {"elf 32 bits",
     native_elf,
     {.narrow = true, .machine = 3, .library = "libm.so"},
     "elf i386 [libm.so] shared"},
    {"elf big endian",
     native_elf,
     {.big = true, .machine = 21, .library = "libm.so"},
     "elf ppc64 [libm.so] shared"},
    {"elf 32 bits big endian",
     native_elf,
     {.big = true, .narrow = true, .machine = 8, .library = "libm.so"},
     "elf mips [libm.so] shared"},
    {"elf of an unknown machine", native_elf, {.machine = 77}, "elf machine-77 shared"},
    {"elf rwx", native_elf, {.rwx = true}, "elf x86-64 rwx shared"},
    {"elf executable stack", native_elf, {.exec_stack = true}, "elf x86-64 stack shared"},
    {"elf bad version",
     native_elf,
     {.bad_header = true},
     "its class, byte order or version is none"},
    {"elf long segment", native_elf, {.long_segment = true}, "a segment ends behind the file"},
    {"elf bad name",
     native_elf,
     {.library = "x", .bad_name = true},
     "the name of a library lies outside its table"},
    {"elf open name", native_elf, {.library = "x", .open_name = true}, "a name has no end"},
    {"elf many headers", native_elf, {.many = true}, "it has more program headers than are read"},
    {"pe", native_pe, {.library = "KERNEL32.dll"}, "pe x86-64 [KERNEL32.dll] shared"},
    {"pe program", native_pe, {.program = true}, "pe x86-64"},
    {"pe 32 bits",
     native_pe,
     {.narrow = true, .machine = 0x14c, .library = "a.dll"},
     "pe i386 [a.dll] shared"},
    {"pe rwx", native_pe, {.rwx = true}, "pe x86-64 rwx shared"},
    {"pe bad header", native_pe, {.bad_header = true}, "its optional header is none"},
    {"pe long section", native_pe, {.long_segment = true}, "a section ends behind the file"},
    {"pe bad name",
     native_pe,
     {.library = "x", .bad_name = true},
     "the name of a library is in no section"},
    {"pe open name", native_pe, {.library = "x", .open_name = true}, "a name has no end"},
    {"pe many sections", native_pe, {.many = true}, "it has more sections than are loaded"},
    {"mach-o",
     native_macho,
     {.library = "/usr/lib/libSystem.B.dylib"},
     "mach-o x86-64 [/usr/lib/libSystem.B.dylib] shared"},
    {"mach-o arm", native_macho, {.machine = 0x0100000c, .program = true}, "mach-o aarch64"},
    {"mach-o 32 bits",
     native_macho,
     {.narrow = true, .machine = 7, .library = "a"},
     "mach-o i386 [a] shared"},
    {"mach-o big endian",
     native_macho,
     {.narrow = true, .big = true, .machine = 18, .library = "a"},
     "mach-o ppc [a] shared"},
    {"mach-o rwx", native_macho, {.rwx = true}, "mach-o x86-64 rwx shared"},
    {"mach-o stack", native_macho, {.exec_stack = true}, "mach-o x86-64 stack shared"},
    {"mach-o bad command", native_macho, {.bad_header = true}, "a load command is not of its size"},
    {"mach-o long segment", native_macho, {.long_segment = true}, "a segment ends behind the file"},
    {"mach-o bad name",
     native_macho,
     {.library = "x", .bad_name = true},
     "the name of a library lies outside its command"},
    {"mach-o open name", native_macho, {.library = "x", .open_name = true}, "a name has no end"},
    {"mach-o many commands", native_macho, {.many = true}, "its load commands end behind the file"},
};

static void add_library(void *arg, struct ch_str name)
{
    ch_buf_printf(arg, " [%.*s]", CH_STR_ARG(name));
}

/* What native_parse says, as one line; free(). */
static char *parsed(struct ch_str bytes, uint64_t size)
{
    struct ch_buf libraries;
    struct ch_buf text;
    ch_buf_init(&libraries, 4096);
    ch_buf_init(&text, 8192);
    struct native n = {
        .bytes = bytes, .size_bytes = size, .library = add_library, .arg = &libraries};
    native_parse(&n);
    if (n.fault != NULL) {
        ch_buf_printf(&text, "%s", n.fault);
    } else {
        ch_buf_printf(&text, "%s", native_format_name(n.format));
        for (size_t i = 0; i < n.machine_count; i++) {
            ch_buf_printf(&text, " %s", n.machine[i]);
        }
        ch_buf_puts(&text, ch_buf_str(&libraries));
        ch_buf_printf(&text, "%s%s%s%s", n.rwx ? " rwx" : "", n.exec_stack ? " stack" : "",
                      n.shared ? " shared" : "", n.partial ? " partial" : "");
    }
    char *s = ch_str_dup(ch_buf_str(&text));
    ch_buf_done(&libraries);
    ch_buf_done(&text);
    return s;
}

static void expect(const char *label, struct ch_str bytes, uint64_t size, const char *expected)
{
    char *found = parsed(bytes, size);
    if (strcmp(found, expected) != 0) {
        fail_msg("%s: found \"%s\", expected \"%s\"", label, found, expected);
    }
    free(found);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1 << 16);
        rows[i].build(&b, &rows[i].spec);
        expect(rows[i].label, ch_buf_str(&b), b.len, rows[i].expected);
        ch_buf_done(&b);
    }
}

static void test_fat(void **state)
{
    (void)state;
    struct native_spec intel = {.library = "a"};
    struct native_spec arm = {.machine = 0x0100000c, .library = "b"};
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    native_fat(&b, &intel, &arm, false);
    expect("fat", ch_buf_str(&b), b.len, "mach-o x86-64 aarch64 [a] [b] shared");
    ch_buf_clear(&b);
    native_fat(&b, &intel, &arm, true);
    expect("overlap", ch_buf_str(&b), b.len, "its slices overlap");
    ch_buf_clear(&b);
    native_fat(&b, &intel, &arm, false);
    memcpy(b.ptr + 256, "!<arch>\n", 8);
    memcpy(b.ptr + 512, "!<arch>\n", 8);
    expect("libraries of objects", ch_buf_str(&b), b.len, "mach-o x86-64 aarch64");
    ch_buf_done(&b);
}

/* Words that begin alike are none. */
static void test_not_native(void **state)
{
    (void)state;
    static const struct ch_str others[] = {
        {"MZ", 2},
        {"MZ is how some words begin, and this text is longer than a header is, or nearly so .", 83},
        {"\xca\xfe\xba\xbe\0\0\0\x34 a Java class", 21},
        {"\x7f" "EL", 3},
        {"", 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        assert_int_equal(native_detect(others[i]), NATIVE_NONE);
    }
}

/* Of a file of which only the beginning is here, nothing is made up. */
static void test_partial(void **state)
{
    (void)state;
    struct native_spec s = {.library = "libc.so.6"};
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    native_elf(&b, &s);
    expect("names missing", ch_str_sub(ch_buf_str(&b), 0, 600), b.len,
           "elf x86-64 shared partial");
    expect("cut", ch_str_sub(ch_buf_str(&b), 0, 600), 600, "a segment ends behind the file");
    ch_buf_done(&b);
}

static void test_limits(void **state)
{
    (void)state;
    struct native_spec s = {.library = "libc.so.6"};
    struct ch_limits before = ch_limits;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    native_elf(&b, &s);
    ch_limits.native_libraries = 1;
    expect("one", ch_buf_str(&b), b.len, "elf x86-64 [libc.so.6] shared");
    ch_limits.native_libraries = 0;
    expect("none", ch_buf_str(&b), b.len, "it names more libraries than are read");
    ch_limits = before;
    ch_limits.native_entries = 2;
    expect("headers", ch_buf_str(&b), b.len, "it has more program headers than are read");
    ch_limits = before;
    ch_buf_done(&b);
}

/* Where native code begins behind `before` bytes of others, `others` repeated. */
static size_t found_behind(build_fn *build, const struct native_spec *spec, struct ch_str others,
                           size_t before)
{
    struct ch_buf b;
    struct ch_buf native;
    ch_buf_init(&b, 1 << 20);
    ch_buf_init(&native, 1 << 16);
    build(&native, spec);
    while (b.len < before) {
        ch_buf_putc(&b, others.ptr[b.len % others.len]);
    }
    ch_buf_puts(&b, ch_buf_str(&native));
    size_t at = native_find(ch_buf_str(&b), b.len);
    ch_buf_done(&native);
    ch_buf_done(&b);
    return at;
}

static void test_behind(void **state)
{
    (void)state;
    static build_fn *const builds[] = {native_elf, native_pe, native_macho};
    static const struct ch_str others[] = {{"\0", 1}, {"PE\0", 3}, {"a text", 6}};
    static const size_t before[] = {1,
                                    NATIVE_SEARCH_BYTES - 3,
                                    NATIVE_SEARCH_BYTES - 1,
                                    NATIVE_SEARCH_BYTES,
                                    NATIVE_SEARCH_BYTES + 1,
                                    300001};
    struct native_spec whole = {.narrow = false};
    struct native_spec broken = {.bad_header = true};
    for (size_t i = 0; i < CH_ARRAY_LEN(builds) * CH_ARRAY_LEN(others); i++) {
        build_fn *build = builds[i % CH_ARRAY_LEN(builds)];
        struct ch_str other = others[i / CH_ARRAY_LEN(builds)];
        for (size_t k = 0; k < CH_ARRAY_LEN(before); k++) {
            assert_int_equal(found_behind(build, &whole, other, before[k]), before[k]);
            assert_int_equal(found_behind(build, &broken, other, before[k]), 0);
        }
    }
}

/* Headers that are not sound are not tried without end: the one behind them counts. */
static void test_tries(void **state)
{
    (void)state;
    struct native_spec broken = {.bad_header = true};
    struct ch_buf b;
    struct ch_buf native;
    ch_buf_init(&b, 1 << 21);
    ch_buf_init(&native, 1 << 16);
    native_elf(&native, &broken);
    while (b.len < 2 * NATIVE_SEARCH_BYTES) {
        ch_buf_putc(&b, ' ');
    }
    for (unsigned i = 0; i < NATIVE_TRIES; i++) {
        ch_buf_puts(&b, ch_buf_str(&native));
    }
    assert_int_equal(native_find(ch_buf_str(&b), b.len), 0);
    size_t last = b.len;
    ch_buf_puts(&b, ch_buf_str(&native));
    assert_int_equal(native_find(ch_buf_str(&b), b.len), last);
    ch_buf_done(&native);
    ch_buf_done(&b);
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1 << 16);
        rows[i].build(&b, &rows[i].spec);
        if (!corpus_write(dir, rows[i].label, ch_buf_str(&b))) {
            perror(dir);
            return 1;
        }
        ch_buf_done(&b);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return write_corpus(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),       cmocka_unit_test(test_fat),
        cmocka_unit_test(test_not_native), cmocka_unit_test(test_partial),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_behind),
        cmocka_unit_test(test_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
