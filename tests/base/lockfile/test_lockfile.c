/* Lock files: what real tools write (examples/), every form of a requirement, and what is refused.
 */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lockfile/lockfile.h"
#include "customhouse/limits.h"

/* One line per entry: "NAME VERSION SPECIFIER|SOURCE ; MARKER [GROUP] hashes LINE:COLUMN". */
static void print(const struct ch_lockfile *f, struct ch_buf *out)
{
    ch_buf_clear(out);
    for (size_t i = 0; i < f->package_count; i++) {
        const struct ch_locked *p = &f->packages[i];
        assert_str_eq(p->ecosystem, "pypi");
        ch_buf_printf(out, "%.*s %.*s %.*s%.*s", CH_STR_ARG(p->name), CH_STR_ARG(p->version),
                      CH_STR_ARG(p->specifier), CH_STR_ARG(p->source));
        if (p->marker.ptr != NULL) {
            ch_buf_printf(out, " ; %.*s", CH_STR_ARG(p->marker));
        }
        if (p->group.ptr != NULL) {
            ch_buf_printf(out, " [%.*s]", CH_STR_ARG(p->group));
        }
        ch_buf_printf(out, " %zu %u:%u\n", p->hash_count, p->line, p->column);
        for (size_t k = 0; k < p->hash_count; k++) {
            assert_true(ch_str_starts(p->hashes[k], CH_STR("sha")));
        }
    }
    for (size_t i = 0; i < f->include_count; i++) {
        const struct ch_locked_include *c = &f->includes[i];
        ch_buf_printf(out, "%s %.*s %u:%u\n", c->constraint ? "-c" : "-r", CH_STR_ARG(c->path),
                      c->line, c->column);
    }
}

static void check(enum ch_lockfile_format format, struct ch_str text, const char *expect)
{
    struct ch_lockfile *f = NULL;
    struct ch_err err;
    struct ch_buf out;
    ch_buf_init(&out, 1 << 20);
    assert_ch_ok(&err, ch_lockfile_parse(text, "f", format, &f, &err));
    print(f, &out);
    assert_str_eq(ch_buf_str(&out), expect);
    ch_buf_done(&out);
    ch_lockfile_free(f);
}

static void example(const char *name, const char *expect)
{
    char path[1024];
    static char text[1 << 20];
    enum ch_lockfile_format format;
    assert_true(snprintf(path, sizeof(path), "%s/%s", EXAMPLES, name) < (int)sizeof(path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t len = read(fd, text, sizeof(text));
    assert_true(len > 0 && len < (ssize_t)sizeof(text));
    close(fd);
    assert_true(ch_lockfile_format_of(ch_str_of(path), &format));
    check(format, (struct ch_str){text, (size_t)len}, expect);
}

static void what_real_tools_write(void **state)
{
    (void)state;
    example("requirements.txt", "  ./local 0 3:4\n"
                                "colorama 0.4.6 ==0.4.6 ; sys_platform == 'win32' 2 5:1\n"
                                "idna 3.20 ==3.20 2 9:1\n"
                                "iniconfig 2.0.0 ==2.0.0 2 13:1\n"
                                "pluggy 1.7.0 ==1.7.0 2 16:1\n");
    example("freeze.txt", "idna 3.10 ==3.10 0 1:1\n"
                          "iniconfig 2.0.0 ==2.0.0 0 2:1\n"
                          "  /home/user/example/local 0 4:4\n");
    example("uv.lock", "colorama 0.4.6  2 9:3\n"
                       "example 0.1.0 virtual . 0 18:3\n"
                       "idna 3.20  2 50:3\n"
                       "iniconfig 2.0.0  2 59:3\n"
                       "local-thing 2.0 editable local 0 68:3\n"
                       "pluggy 1.7.0  2 73:3\n");
    example("pylock.toml", "colorama 0.4.6  ; sys_platform == 'win32' 2 7:3\n"
                           "idna 3.20  2 15:3\n"
                           "iniconfig 2.0.0  2 22:3\n"
                           "local-thing  directory local 0 29:3\n"
                           "pluggy 1.7.0  2 33:3\n");
    example("poetry.lock", "colorama 0.4.6  ; sys_platform == \"win32\" [main] 2 3:3\n"
                           "idna 3.20  [main] 2 21:3\n"
                           "iniconfig 2.0.0  [dev] 2 41:3\n");
}

static void formats_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int format;
    } rows[] = {
        {"uv.lock", CH_LOCKFILE_UV},
        {"a/b/poetry.lock", CH_LOCKFILE_POETRY},
        {"pylock.toml", CH_LOCKFILE_PYLOCK},
        {"./pylock.dev.toml", CH_LOCKFILE_PYLOCK},
        {"requirements/dev.txt", CH_LOCKFILE_REQUIREMENTS},
        {"requirements.in", CH_LOCKFILE_REQUIREMENTS},
        {"pyproject.toml", 0},
        {"uv.lock/x", 0},
        {"", 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        enum ch_lockfile_format format = 0;
        bool known = ch_lockfile_format_of(ch_str_of(rows[i].path), &format);
        assert_int_equal(known ? (int)format : 0, rows[i].format);
    }
}

#define HASH "sha256:08695f5cb7ed6e0531a20572697297273c47b8cae5a63ffc6d6ed5c201be6e44"

static void requirements(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expect;
    } rows[] = {
        {"", ""},
        {"\n# all comment\n  \t\n", ""},
        {"Foo.Bar", "foo-bar   0 1:1\n"},
        {"foo==1.0", "foo 1.0 ==1.0 0 1:1\n"},
        {"  foo == 1.0  ", "foo 1.0 == 1.0 0 1:3\n"},
        {"foo===1.0+local", "foo 1.0+local ===1.0+local 0 1:1\n"},
        {"foo==1.*", "foo  ==1.* 0 1:1\n"},
        {"foo>=1,<2", "foo  >=1,<2 0 1:1\n"},
        {"foo (>=1, ==1.5,)", "foo 1.5 (>=1, ==1.5,) 0 1:1\n"},
        {"foo[a, b]>1 ; python_version < '3' # why", "foo  >1 ; python_version < '3' 0 1:1\n"},
        {"foo;os_name=='a/b'", "foo   ; os_name=='a/b' 0 1:1\n"},
        {"\xef\xbb\xbf"
         "foo",
         "foo   0 1:4\n"},
        {"foo\r\nbar==2\r\n", "foo   0 1:1\nbar 2 ==2 0 2:1\n"},
        /* continued lines, as pip joins them */
        {"foo==1 \\\n  --hash=" HASH " \\\r\n  --hash " HASH "\nbar",
         "foo 1 ==1 2 1:1\nbar   0 4:1\n"},
        {"foo==1.\\\n5", "foo 1.5 ==1.5 0 1:1\n"},
        {"foo \\\n# comment \\\nbar", "foo   0 1:1\nbar   0 3:1\n"},
        {"foo # hides \\\nbar\nbaz", "foo   0 1:1\nbaz   0 3:1\n"},
        {"foo \\", "foo   0 1:1\n"},
        {"foo==1 --config-settings=a=b -C x=y --global-option x", "foo 1 ==1 0 1:1\n"},
        /* addresses and paths are named, not judged */
        {"foo @ https://example.org/f.whl ; os_name == 'nt'",
         "foo  https://example.org/f.whl ; os_name == 'nt' 0 1:1\n"},
        {"foo[x]@https://example.org/f.whl#sha256=0",
         "foo  https://example.org/f.whl#sha256=0 0 1:1\n"},
        {"https://example.org/f.whl --hash=" HASH, "  https://example.org/f.whl 1 1:1\n"},
        {"git+ssh://git@example.org/Foo.git@v1#egg=Foo_Bar[x]&x=1",
         "foo-bar  git+ssh://git@example.org/Foo.git@v1#egg=Foo_Bar[x]&x=1 0 1:1\n"},
        {"./here", "  ./here 0 1:1\n"},
        {".", "  . 0 1:1\n"},
        {"foo-1.0-py3-none-any.whl", "  foo-1.0-py3-none-any.whl 0 1:1\n"},
        {"C:\\x", "  C:\\x 0 1:1\n"},
        {"-e .[x]", "  .[x] 0 1:4\n"},
        {"--editable=git+https://example.org/f#egg=f",
         "f  git+https://example.org/f#egg=f 0 1:12\n"},
        {"-e ./a ; os_name == 'nt'", "  ./a ; os_name == 'nt' 0 1:4\n"},
        /* options of the file */
        {"-i https://example.org\n--pre --no-binary=:all: --require-hashes\n-f x\n"
         "--trusted-host x\nfoo",
         "foo   0 5:1\n"},
        {"-r other.txt\n  -c c.txt\nfoo\n--requirement=d.txt",
         "foo   0 3:1\n-r other.txt 1:1\n-c c.txt 2:3\n-r d.txt 4:1\n"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (rows[i].expect != NULL) {
            check(CH_LOCKFILE_REQUIREMENTS, ch_str_of(rows[i].text), rows[i].expect);
        }
    }
}

static void refused(enum ch_lockfile_format format, struct ch_str text, const char *message)
{
    struct ch_lockfile *f = NULL;
    struct ch_err err = {.msg = ""};
    enum ch_code rc = ch_lockfile_parse(text, "f", format, &f, &err);
    if (rc != CH_E_FORMAT || strstr(err.msg, message) == NULL || f != NULL) {
        fail_msg("%.*s: %s: %s, expected %s", CH_STR_ARG(text), ch_code_name(rc), err.msg, message);
    }
}

static void requirements_refused(void **state)
{
    (void)state;
    const struct {
        struct ch_str text;
        const char *message;
    } rows[] = {
        {CH_STR("foo\n bar baz"),
         "f:2:6: expected a version specifier such as ==1.0 or >=1.0,<2, found \"baz\""},
        {CH_STR("foo=1"), "f:1:4: expected a version specifier"},
        {CH_STR("foo =="), "f:1:5: expected a version specifier"},
        {CH_STR("foo >=1,,<2"), "expected a version specifier"},
        {CH_STR("foo ==1 \\\n >=\x1b[2J"), "f:2:4: expected text without control"},
        {CH_STR("foo[a"), "f:1:4: expected \"]\" after the extras"},
        {CH_STR("foo ;"), "f:1:6: expected a marker"},
        {CH_STR("foo @"), "expected an address"},
        {CH_STR("-e"), "f:1:3: expected an address"},
        {CH_STR("\xc3\xb6\xc3\xb6"),
         "f:1:1: expected a requirement (PEP 508), an address or an option, found \"\\xc3"},
        {CH_STR("foo-"), "f:1:1: expected a requirement"},
        {CH_STR("${NAME}"), "f:1:1: expected a requirement"},
        {CH_STR("--unknown"), "f:1:1: expected an option of pip's requirements files"},
        {CH_STR("--pre --hash=" HASH), "f:1:7: expected an option"},
        {CH_STR("-r"), "expected a value after the option"},
        {CH_STR("-r a b.txt"), "f:1:6: expected an option"},
        {CH_STR("foo --hash=md5:0"), "f:1:12: expected sha256:HEX"},
        {CH_STR("foo --hash=sha256:0"), "expected sha256:HEX"},
        {CH_STR("foo --hash"), "f:1:5: expected sha256:HEX"},
        {CH_STR("a\nfoo \\\n --nonsense"), "f:3:2: expected --hash or another option"},
        {CH_STR("foo\n\xff"), "expected UTF-8"},
        {CH_STR("\xff\xfe"
                "f\0o\0o\0"),
         "found UTF-16: save it as UTF-8"},
        {CH_STR("foo\0bar"), "f:1:4: expected text without control characters"},
        /* pip would read a second line in each of these */
        {CH_STR("a\nfoo # \fbar"), "f:2:7: expected text without control"},
        {CH_STR("foo # \rbar"), "f:1:7: expected text without control"},
        {CH_STR("foo # \xe2\x80\xa8"
                "bar"),
         "f:1:7: expected text without control characters, found \"\\xe2\\x80\\xa8\""},
        {CH_STR("foo # \xc2\x85"
                "bar"),
         "f:1:7: expected text without control"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        refused(CH_LOCKFILE_REQUIREMENTS, rows[i].text, rows[i].message);
    }
}

static void tables(void **state)
{
    (void)state;
    check(CH_LOCKFILE_UV, CH_STR("version = 1\n"), "");
    check(CH_LOCKFILE_UV,
          CH_STR("version = 1\n[[package]]\nname = 'Foo.Bar'\nsource = { git = "
                 "'https://example.org/f' }\n"),
          "foo-bar  git https://example.org/f 0 2:3\n");
    check(
        CH_LOCKFILE_POETRY,
        CH_STR("[[package]]\nname = 'Foo'\nversion = '1'\ncategory = 'dev'\n"
               "[package.source]\ntype = 'git'\nurl = 'https://example.org/f'\n"
               "[[package]]\nname = 'bar'\nversion = '2'\ngroups = ['main', 'dev']\nmarkers = 'x'\n"
               "[package.source]\ntype = 'legacy'\nurl = 'https://example.org/simple'\n"
               "[metadata]\nlock-version = '1.1'\n[metadata.files]\n"
               "Foo = [{file = 'f', hash = 'sha256:0'}, {file = 'g', hash = 'sha256:1'}]\n"),
        "foo 1 git https://example.org/f [dev] 2 1:3\nbar 2  ; x [main, dev] 0 8:3\n");
    check(CH_LOCKFILE_PYLOCK,
          CH_STR("lock-version = '1.0'\n[[packages]]\nname = 'a'\nvcs = { type = 'git', url = "
                 "'https://example.org/a' }\n"
                 "[[packages]]\nname = 'b'\narchive = { path = 'b.zip', hashes = { sha256 = '0', "
                 "sha512 = '1' } }\n"),
          "a  vcs https://example.org/a 0 2:3\nb  archive b.zip 2 5:3\n");
}

static void tables_refused(void **state)
{
    (void)state;
    static const struct {
        enum ch_lockfile_format format;
        const char *text, *message;
    } rows[] = {
        {CH_LOCKFILE_UV, "version = ", "f:1:11: "},
        {CH_LOCKFILE_UV, "", "expected version = 1 (of uv.lock), found nothing"},
        {CH_LOCKFILE_UV, "version = 2", "f:1:1: expected version = 1"},
        {CH_LOCKFILE_UV, "version = 1\npackage = 1", "f:2:1: expected an array of tables"},
        {CH_LOCKFILE_UV, "version = 1\npackage = [1]", "f:2:12: expected a table"},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nversion = '1'",
         "f:2:3: expected a string \"name\""},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nname = '-'",
         "f:3:1: expected a project name (PEP 508), found \"-\""},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nname = 'a'\nversion = 1",
         "f:4:1: expected a string \"version\""},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nname = 'a'",
         "f:2:3: expected a table \"source\""},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nname = 'a'\nsource = {}",
         "f:4:1: expected a source"},
        {CH_LOCKFILE_UV, "version = 1\n[[package]]\nname = 'a'\nsource = {registry='x'}\nsdist = 1",
         "f:5:1: expected a table \"sdist\""},
        {CH_LOCKFILE_UV,
         "version = 1\n[[package]]\nname = 'a'\nsource = {registry='x'}\nwheels = [{hash = 1}]",
         "f:5:12: expected a string \"hash\""},
        {CH_LOCKFILE_POETRY, "", "expected a table \"metadata\""},
        {CH_LOCKFILE_POETRY, "[metadata]\nlock-version = '3.0'",
         "f:2:1: expected lock-version 1.x or 2.x, found \"3.0\""},
        {CH_LOCKFILE_POETRY,
         "[metadata]\nlock-version = '2.0'\n[[package]]\nname='a'\ngroups = [1]",
         "f:5:11: expected a string"},
        {CH_LOCKFILE_POETRY, "[metadata]\nlock-version = '2.0'\n[[package]]\nname='a'\nmarkers = 1",
         "expected a string or a table"},
        {CH_LOCKFILE_POETRY,
         "[metadata]\nlock-version = '2.0'\n[[package]]\nname='a'\nsource = {type='url'}",
         "expected a string \"url\""},
        {CH_LOCKFILE_PYLOCK, "", "expected a string \"lock-version\""},
        {CH_LOCKFILE_PYLOCK, "lock-version = '2.0'",
         "f:1:1: expected lock-version 1.x (PEP 751), found \"2.0\""},
        {CH_LOCKFILE_PYLOCK, "lock-version = '1.0'\n[[packages]]\nname='a'\nvcs = 1",
         "expected a table \"vcs\""},
        {CH_LOCKFILE_PYLOCK,
         "lock-version = '1.0'\n[[packages]]\nname='a'\nwheels=[{hashes={sha256=1}}]",
         "expected a string"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        refused(rows[i].format, ch_str_of(rows[i].text), rows[i].message);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct ch_lockfile *f = NULL;
    struct ch_err err;
    ch_limits.toml_bytes = 5;
    check(CH_LOCKFILE_REQUIREMENTS, CH_STR("a==12"), "a 12 ==12 0 1:1\n");
    assert_ch_code(CH_E_LIMIT,
                   ch_lockfile_parse(CH_STR("a==123"), "f", CH_LOCKFILE_REQUIREMENTS, &f, &err));
    ch_limits = saved;
    ch_lockfile_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_real_tools_write),
        cmocka_unit_test(formats_by_name),
        cmocka_unit_test(requirements),
        cmocka_unit_test(requirements_refused),
        cmocka_unit_test(tables),
        cmocka_unit_test(tables_refused),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
