/* What the first look passes over: nothing that a check would find, by whatever name or door. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "scanner/source/source_int.h"
#include "tests/scanner/source/source_look.h"

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
        {"import-process", "import os\nm = os\nimport sys\ngetattr(m, 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    import os as m\ngetattr(A. m, 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    import os as m\ngetattr(getattr(A, 'm'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    import os as m\ngetattr(getattr(A, chr(109)), 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    import os\ngetattr(getattr(A, 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A: import os\ngetattr(getattr(A, 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A: \\\nimport os\ngetattr(getattr(A, 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    import re, os\ngetattr(getattr(A, 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    from shutil import (copy,\n os)\n"
                           "getattr(getattr(A, 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"hidden-name", "import importlib\ngetattr(importlib,'import_'+'module')('o'+'s').system('id')\n"},
        {"import-process", "import os\ngetattr(globals().get('os'), 'sys'+'tem')('id')\n"},
        {"import-process", "import shutil\ngetattr(shutil. os, 'sys'+'tem')('id')\n"},
        {"import-process", "import shutil\ngetattr(getattr(shutil, 'os'), 'sys'+'tem')('id')\n"},
        {"import-process", "class A:\n    from os import system as s\ngetattr(A, chr(115))('id')\n"},
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

/* What is passed over, among tests alone: not even that Python refuses it. */
static void passes_over_what_calls_nothing(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *source = "x = (\n";
    look(source, strlen(source), CH_PLACE_TEST, &out);
    assert_str_eq(ch_buf_str(&out), " ");
    ch_buf_clear(&out);
    source = "exec(\n";
    look(source, strlen(source), CH_PLACE_TEST, &out);
    assert_str_eq(ch_buf_str(&out), " source-refused ");
    ch_buf_clear(&out);
    source = "x = (\n";
    look(source, strlen(source), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " source-refused ");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_over_no_table),
        cmocka_unit_test(finds_each_row_of_effects),
        cmocka_unit_test(sees_modules_by_all_doors),
        cmocka_unit_test(sees_texts_of_many_pieces),
        cmocka_unit_test(passes_over_what_calls_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
