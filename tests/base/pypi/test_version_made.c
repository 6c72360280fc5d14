/* Versions and specifiers made by chance: what the real library says of them, and that samples
 * stand for all of them. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pypi/version.h"

enum { VERSION_MAX = 256 };

/* --- against the real library: the same questions to it and to us, answers as lines --- */

enum { PAIRS = 24000, NORMALS = 6000, SPECS = 24000 };

static const char *const script =
    "import sys\n"
    "sys.stdout.reconfigure(newline='\\n')\n"
    "try:\n"
    "    import packaging as p\n"
    "    from packaging.version import Version, InvalidVersion\n"
    "    from packaging.specifiers import Specifier, SpecifierSet, InvalidSpecifier\n"
    "except ImportError:\n"
    "    import pip._vendor.packaging as p\n"
    "    from pip._vendor.packaging.version import Version, InvalidVersion\n"
    "    from pip._vendor.packaging.specifiers import Specifier, SpecifierSet, InvalidSpecifier\n"
    "old = int(p.__version__.split('.')[0]) < 26\n" /* since then as we read < > ~= and .* */
    "def version(text):\n"
    "    try: return Version(text)\n"
    "    except InvalidVersion: return None\n"
    "def answer(kind, a, b):\n"
    "    if kind == 'N':\n"
    "        v = version(a)\n"
    "        return '!' if v is None else str(v)\n"
    "    if kind == 'C':\n"
    "        v, w = version(a), version(b)\n"
    "        if v is None or w is None:\n"
    "            if v is w: return str((a > b) - (a < b))\n"
    "            return '1' if w is None else '-1'\n"
    "        return str((v > w) - (v < w))\n"
    "    if old and ('*' in a or '~' in a or '<' in a or '>' in a): return '?'\n"
    "    try:\n"
    "        for part in a.split(','): Specifier(part.strip())\n"
    "        s = SpecifierSet(a, prereleases=True)\n"
    "    except InvalidSpecifier: return '!'\n"
    "    v = version(b)\n"
    "    return '~' if v is None else str(int(s.contains(v, prereleases=True)))\n"
    "print(p.__version__)\n"
    "for line in sys.stdin:\n"
    "    print(answer(*line.rstrip('\\n').split('\\t')))\n";

static uint64_t seed = 20240607;

static uint32_t roll(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

#define PICK(list) (list)[roll(CH_ARRAY_LEN(list))]

static void put_version(struct ch_buf *b, bool plain)
{
    static const char *const numbers[] = {"0",  "1",  "1",  "2",        "3",
                                          "10", "00", "01", "20240101", "18446744073709551616"};
    static const char *const pre[] = {"a", "b", "rc", "c", "alpha", "Beta", "preview", "pre", "RC"};
    static const char *const post[] = {"post", "rev", "r", "POST"};
    static const char *const separators[] = {"", "", ".", "-", "_"};
    static const char *const locals[] = {"+abc", "+1", "+abc.1", "+ABC-01", "+1.2", "+z_1", "+"};
    static const char *const junk[] = {"x", ".", "-", "1!", " ", "*", "..1"};
    if (!plain && roll(12) == 0) {
        ch_buf_putc(b, 'v');
    }
    if (roll(12) == 0) {
        ch_buf_printf(b, "%u!", roll(3));
    }
    ch_buf_puts(b, ch_str_of(PICK(numbers)));
    for (uint32_t n = roll(4); n > 0; n--) {
        ch_buf_printf(b, ".%s", PICK(numbers));
    }
    if (roll(3) == 0) {
        ch_buf_printf(b, "%s%s", PICK(separators), PICK(pre));
        ch_buf_printf(b, "%s%s", PICK(separators), roll(4) != 0 ? PICK(numbers) : "");
    }
    if (roll(4) == 0) {
        if (roll(3) == 0) {
            ch_buf_printf(b, "-%u", roll(4));
        } else {
            ch_buf_printf(b, "%s%s", PICK(separators), PICK(post));
            ch_buf_printf(b, "%s%s", PICK(separators), roll(4) != 0 ? PICK(numbers) : "");
        }
    }
    if (roll(4) == 0) {
        ch_buf_printf(b, "%sdev%s", PICK(separators), PICK(separators));
        ch_buf_puts(b, ch_str_of(roll(4) != 0 ? PICK(numbers) : ""));
    }
    if (!plain && roll(5) == 0) {
        ch_buf_puts(b, ch_str_of(PICK(locals)));
    }
    if (!plain && roll(15) == 0) {
        ch_buf_puts(b, ch_str_of(PICK(junk)));
    }
}

static void put_spec(struct ch_buf *b)
{
    static const char *const operators[] = {"==", "!=", "~=", "<", "<=", ">", ">=", "=="};
    for (uint32_t n = 1 + roll(2); n > 0; n--) {
        ch_buf_puts(b, ch_str_of(PICK(operators)));
        put_version(b, roll(4) != 0);
        if (roll(5) == 0) {
            ch_buf_puts(b, CH_STR(".*"));
        }
        if (n > 1) {
            ch_buf_puts(b, CH_STR(", "));
        }
    }
}

static void put_questions(struct ch_buf *q)
{
    for (int i = 0; i < PAIRS + NORMALS + SPECS; i++) {
        ch_buf_puts(q, ch_str_of(i < PAIRS ? "C\t" : i < PAIRS + NORMALS ? "N\t" : "S\t"));
        if (i < PAIRS + NORMALS) {
            put_version(q, false);
        } else {
            put_spec(q);
        }
        ch_buf_putc(q, '\t');
        put_version(q, false);
        ch_buf_putc(q, '\n');
    }
}

static void put_our_answer(struct ch_buf *b, char kind, struct ch_str first, struct ch_str second)
{
    if (kind == 'C') {
        int c = ch_pep440_cmp(first, second);
        ch_buf_printf(b, "%d", c < 0 ? -1 : c > 0 ? 1 : 0);
        return;
    }
    struct ch_pep440 v;
    if (kind == 'N') {
        if (ch_pep440_parse(first, &v)) {
            ch_pep440_put(b, &v);
        } else {
            ch_buf_putc(b, '!');
        }
        return;
    }
    bool match = false;
    if (ch_pep440_check_spec(first, NULL) != CH_OK) {
        ch_buf_putc(b, '!');
    } else if (!ch_pep440_parse(second, &v)) {
        ch_buf_putc(b, '~');
    } else if (ch_pep440_match(first, second, &match, NULL) == CH_OK) {
        ch_buf_putc(b, match ? '1' : '0');
    }
}

/* Runs the script on `questions`; false when there is no Python with the library. */
static bool ask_python(struct ch_str questions, struct ch_buf *answers)
{
    FILE *in = tmpfile();
    FILE *out = tmpfile();
    assert_non_null(in);
    assert_non_null(out);
    assert_int_equal(fwrite(questions.ptr, 1, questions.len, in), questions.len);
    assert_int_equal(fflush(in), 0);
    rewind(in);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (dup2(fileno(in), 0) == 0 && dup2(fileno(out), 1) == 1) {
            execlp("python3", "python3", "-c", script, (char *)NULL);
        }
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rewind(out);
    char part[65536];
    size_t n = 0;
    while ((n = fread(part, 1, sizeof(part), out)) > 0) {
        ch_buf_put(answers, part, n);
    }
    fclose(in);
    fclose(out);
    if (answers->len == 0) {
        return false;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

static void test_against_packaging(void **state)
{
    (void)state;
    struct ch_buf questions;
    struct ch_buf answers;
    ch_buf_init(&questions, (size_t)1 << 26);
    ch_buf_init(&answers, (size_t)1 << 26);
    put_questions(&questions);
    if (!ask_python(ch_buf_str(&questions), &answers)) {
        print_message("skipped: python3 has neither packaging nor pip to compare with\n");
        ch_buf_done(&questions);
        ch_buf_done(&answers);
        skip();
    }
    struct ch_str lines = ch_buf_str(&questions);
    struct ch_str theirs = ch_buf_str(&answers);
    struct ch_str line = {NULL, 0};
    struct ch_str their = {NULL, 0};
    assert_true(ch_str_split(&theirs, '\n', &their));
    print_message("compared with packaging %.*s\n", CH_STR_ARG(their));
    size_t compared = 0;
    size_t differ = 0;
    while (ch_str_split(&lines, '\n', &line) && line.len > 0) {
        struct ch_str rest = ch_str_sub(line, 2, line.len);
        struct ch_str first = {NULL, 0};
        assert_true(ch_str_split(&rest, '\t', &first));
        assert_true(ch_str_split(&theirs, '\n', &their));
        struct ch_buf ours;
        ch_buf_init(&ours, VERSION_MAX);
        put_our_answer(&ours, line.ptr[0], first, rest);
        if (!ch_str_eq(their, CH_STR("?")) && !ch_str_eq(their, ch_buf_str(&ours))) {
            print_error("%.*s: %.*s, packaging says %.*s\n", CH_STR_ARG(line),
                        CH_STR_ARG(ch_buf_str(&ours)), CH_STR_ARG(their));
            differ++;
        }
        compared += ch_str_eq(their, CH_STR("?")) ? 0 : 1;
        ch_buf_done(&ours);
    }
    print_message("%zu answers compared\n", compared);
    ch_buf_done(&questions);
    ch_buf_done(&answers);
    assert_int_equal(differ, 0);
    assert_true(compared >= PAIRS + NORMALS);
}

struct sampled {
    const struct ch_str *specs;
    size_t count;
    unsigned wanted; /* answers, a bit for each specifier */
    bool found;
    bool any; /* a version that all match */
};

static unsigned answers(const struct sampled *s, struct ch_str version)
{
    unsigned bits = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct ch_err err;
        bool match = false;
        assert_ch_ok(&err, ch_pep440_match(s->specs[i], version, &match, &err));
        bits |= (unsigned)match << i;
    }
    return bits;
}

static void on_sample(void *arg, struct ch_str version)
{
    struct sampled *s = arg;
    unsigned bits = answers(s, version);
    s->found = s->found || bits == s->wanted;
    s->any = s->any || bits == (1u << s->count) - 1;
}

static void test_samples_of_one(void **state)
{
    (void)state;
    static const char *const never[] = {">2,<1",        ">1,<1",
                                        ">=1,<1",       "==1,>1",
                                        "~=2.1,<2",     "==1,==2",
                                        "<1, >0 ,>1.0", "!=3,>2,<=2.0",
                                        ">1!0,<2024.1", ">=1,<1.dev0",
                                        "==1.*,>2",     "!=1,==1.0",
                                        ">1,<=1.post1", ">1.0.dev3,<1.0.dev4",
                                        "==1.*,!=1.*",  ">1a1,<1a2.dev0",
                                        "<0.dev0",      ">=1.dev0,<1.0"};
    static const char *const may[] = {"",
                                      ">1,<2",
                                      ">=1,<=1.0",
                                      "==1,<=1",
                                      "==1.0+a,<=1.0",
                                      ">=1.dev0,<=1.0",
                                      ">1,<=1.0.1.dev0",
                                      ">1.post1,<=1.post2",
                                      "==1.*,>1",
                                      "==1,!=1+a"};
    for (size_t i = 0; i < CH_ARRAY_LEN(never) + CH_ARRAY_LEN(may); i++) {
        bool ever = i >= CH_ARRAY_LEN(never);
        const char *text = ever ? may[i - CH_ARRAY_LEN(never)] : never[i];
        struct ch_str spec = ch_str_of(text);
        struct sampled s = {.specs = &spec, .count = 1};
        assert_true(ch_pep440_samples(&spec, 1, on_sample, &s));
        if (s.any != ever) {
            fail_msg("%s", text);
        }
    }
    static const char *const unsure[] = {"===2,<1", "nonsense"};
    for (size_t i = 0; i < CH_ARRAY_LEN(unsure); i++) {
        struct ch_str spec = ch_str_of(unsure[i]);
        struct sampled s = {.specs = &spec, .count = 0};
        assert_false(ch_pep440_samples(&spec, 1, on_sample, &s));
    }
}

/* What any version answers to some specifiers, one of the samples answers too. */
static void test_samples_stand_for_all(void **state)
{
    (void)state;
    enum { ROUNDS = 3000, SPECS_AT_ONCE = 3, VERSIONS = 12, ROOM = 4096 };
    struct ch_buf text[SPECS_AT_ONCE], version;
    ch_buf_init(&version, ROOM);
    for (int i = 0; i < SPECS_AT_ONCE; i++) {
        ch_buf_init(&text[i], ROOM);
    }
    size_t compared = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct ch_str specs[SPECS_AT_ONCE];
        struct sampled s = {.specs = specs};
        for (int i = 0; i < SPECS_AT_ONCE; i++) {
            struct ch_err err;
            ch_buf_clear(&text[i]);
            put_spec(&text[i]);
            if (ch_pep440_check_spec(ch_buf_str(&text[i]), &err) == CH_OK) {
                specs[s.count++] = ch_buf_str(&text[i]);
            }
        }
        for (int i = 0; i < VERSIONS && s.count > 0; i++) {
            struct ch_pep440 parsed;
            ch_buf_clear(&version);
            put_version(&version, false);
            if (!ch_pep440_parse(ch_buf_str(&version), &parsed)) {
                continue;
            }
            s.wanted = answers(&s, ch_buf_str(&version));
            s.found = false;
            assert_true(ch_pep440_samples(specs, s.count, on_sample, &s));
            if (!s.found) {
                fail_msg("%.*s | %.*s: %.*s", CH_STR_ARG(specs[0]), CH_STR_ARG(specs[s.count - 1]),
                         CH_STR_ARG(ch_buf_str(&version)));
            }
            compared++;
        }
    }
    print_message("%zu answers found among the samples\n", compared);
    assert_true(compared > ROUNDS);
    ch_buf_done(&version);
    for (int i = 0; i < SPECS_AT_ONCE; i++) {
        ch_buf_done(&text[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_of_one),
        cmocka_unit_test(test_samples_stand_for_all),
        cmocka_unit_test(test_against_packaging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
