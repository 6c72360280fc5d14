/* What members are judged to be: by their bytes, their names and their places. One member a row, with the
 * findings and facts that it alone must give. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "native_build.h"
#include "scan_run.h"
#include "scanner/content/content.h"
#include "zip_build.h"

enum body {
    TEXT = 0,
    ELF,
    PE,
    MACHO,
    ZIP_TEXT,
    ZIP_ELF,
    ZIP_FORGED,
    ZIP_CUT,
    ZIP_ENCRYPTED,
    ZIP_ZIP,
    ZIP_DEEP,
    ZIP_BEHIND,
    ZIP_BETWEEN,
    ZIP_BETWEEN_TEXT,
    ZIP_METHOD,
    GZIP,
    GZIP_ELF,
    GZIP_TWO,
    GZIP_SUM,
    GZIP_EXTRA,
    GZIP_AFTER,
    GZIP_ZIP,
    ELF_BEHIND,
    ELF_BASE64,
    ELF_HEX
};

struct row {
    const char *label;
    const char *path;
    enum ch_content_kind kind;
    const char *platform;
    enum body body;
    struct native_spec native;
    struct ch_str text;
    const char *findings;
    const char *facts; /* "NAME VALUE" with "; " between, in the order they come */
};

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define WHEEL .kind = CH_CONTENT_WHEEL
#define SDIST .kind = CH_CONTENT_SDIST
#define ANY   .kind = CH_CONTENT_WHEEL, .platform = "any"
#define LINUX .kind = CH_CONTENT_WHEEL, .platform = "manylinux_2_17_x86_64.manylinux2014_x86_64"
#define MAC   .kind = CH_CONTENT_WHEEL, .platform = "macosx_11_0_x86_64"

/* clang-format off */
static const struct row rows[] = {
    /* native code and names */
    {"module", "foo/x.so", LINUX, .body = ELF, .native = {.library = "libc.so.6"}, .findings = "",
     .facts = "native elf x86-64; library libc.so.6"},
    {"named as a picture", "foo/x.png", LINUX, .body = ELF, .findings = "native-disguised",
     .facts = "native elf x86-64"},
    {"named as source", "foo/x.py", LINUX, .body = PE, .findings = "native-disguised source-refused",
     .facts = "native pe x86-64"},
    {"named as text, among tests", "foo/tests/x.txt", LINUX, .body = MACHO,
     .findings = "test-content", .facts = "native mach-o x86-64"},
    {"named as data", "foo/x.bin", LINUX, .body = ELF, .findings = "",
     .facts = "native elf x86-64"},
    {"text that begins like a program", "foo/x.txt", ANY, .text = S("MZ, she wrote\n"),
     .findings = "", .facts = ""},
    /* places */
    {"in a wheel for any platform", "foo/x.so", ANY, .body = ELF,
     .findings = "native-in-pure-wheel", .facts = "native elf x86-64"},
    {"... among its tests", "foo/tests/x.so", ANY, .body = ELF, .findings = "test-content",
     .facts = "native elf x86-64"},
    {"in an sdist", "foo/x.so", SDIST, .body = ELF, .findings = "native-in-source",
     .facts = "native elf x86-64"},
    {"in an archive by itself", "foo/x.so", .body = ELF, .findings = "",
     .facts = "native elf x86-64"},
    {"writable and executable, of Apple's", "foo/x.so", MAC, .body = MACHO, .native = {.rwx = true},
     .findings = "native-writable-code", .facts = "native mach-o x86-64"},
    {"an object file's only segment", "foo/lib/libx.o", MAC, .body = MACHO,
     .native = {.rwx = true, .object = true}, .findings = "", .facts = "native mach-o x86-64"},
    /* machines */
    {"another machine", "foo/x.so", LINUX, .body = ELF, .native = {.machine = 183},
     .findings = "native-machine", .facts = "native elf aarch64"},
    {"another format", "foo/x.so", LINUX, .body = MACHO, .findings = "native-machine",
     .facts = "native mach-o x86-64"},
    {"a graphics processor's", "foo/x.so", LINUX, .body = ELF, .native = {.machine = 190},
     .findings = "", .facts = "native elf cuda"},
    {"another machine, no module", "foo/x.exe", LINUX, .body = PE, .findings = "",
     .facts = "native pe x86-64"},
    {"universal2", "foo/x.so", WHEEL, .platform = "macosx_11_0_universal2", .body = MACHO,
     .native = {.machine = 0x0100000c}, .findings = "", .facts = "native mach-o aarch64"},
    {"win32", "foo/x.pyd", WHEEL, .platform = "win32", .body = PE,
     .native = {.machine = 0x14c, .narrow = true}, .findings = "", .facts = "native pe i386"},
    /* memory and headers */
    {"rwx", "foo/x.so", LINUX, .body = ELF, .native = {.rwx = true},
     .findings = "native-writable-code", .facts = "native elf x86-64"},
    {"executable stack", "foo/x.so", LINUX, .body = ELF, .native = {.exec_stack = true},
     .findings = "native-executable-stack", .facts = "native elf x86-64"},
    {"malformed", "foo/x.so", LINUX, .body = ELF, .native = {.long_segment = true},
     .findings = "native-malformed", .facts = "native elf x86-64"},
    {"digest in a library's name", "foo/x.so", LINUX, .body = ELF,
     .native = {.library = "libgfortran-8f1e9814.so.5.0.0"}, .findings = "",
     .facts = "native elf x86-64; library libgfortran.so.5.0.0"},
    /* types */
    {"text", "foo/x.txt", ANY, .text = S("hello\n"), .findings = "", .facts = ""},
    {"an archive named as a picture", "foo/x.png", ANY, .body = ZIP_TEXT,
     .findings = "type-differs", .facts = "content zip"},
    {"a page named as a picture", "foo/x.png", ANY, .text = S("<!DOCTYPE html><html></html>"),
     .findings = "type-differs", .facts = ""},
    {"a picture", "foo/x.png", ANY, .text = S("\x89PNG\r\n\x1a\n\0\0"), .findings = "",
     .facts = ""},
    {"a module that is none", "foo/x.so", ANY, .text = S("INPUT(-lfoo)"),
     .findings = "type-differs", .facts = ""},
    {"a pickle", "foo/x.pkl", ANY, .text = S("\x80\4N."), .findings = "",
     .facts = "content pickle"},
    {"a notebook", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"text/html\": \"<b>x</b>\"}]}]}"), .findings = "",
     .facts = "content notebook"},
    {"a notebook that runs", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"text/html\": \"<script>x</script>\"}]}]}"),
     .findings = "notebook-active", .facts = "content notebook"},
    {"a notebook that runs, in other letters", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"text/html\": \"<SCRIPT>x\"}]}]}"),
     .findings = "notebook-active", .facts = "content notebook"},
    {"... in escapes", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"out\\u0070uts\": [{\"text/html\": \"\\u003Cscript>x\"}]}]}"),
     .findings = "notebook-active", .facts = "content notebook"},
    {"... by a type in escapes", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"application\\/javascript\": \"x\"}]}]}"),
     .findings = "notebook-active", .facts = "content notebook"},
    {"... on an event", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"text/html\": \"<svg\\nonload = 'x'>\"}]}]}"),
     .findings = "notebook-active", .facts = "content notebook"},
    {"a notebook that tells of one", "foo/x.ipynb", ANY,
     .text = S("{\"cells\": [{\"outputs\": [{\"text/plain\": \"a < b > once = 1\"}]}]}"),
     .findings = "", .facts = "content notebook"},
    {"compiled code named as a picture", "foo/x.png", ANY,
     .text = S("\xcb\r\r\n\0\0\0\0\0\0\0\0\0\0\0\0\xe3"), .findings = "pyc-disguised type-differs",
     .facts = "content pyc"},
    /* native code that does not stand at the beginning, or as it is */
    {"native code behind padding", "foo/x.dat", ANY, .body = ELF_BEHIND, .text = S("\0\0\0\0\0"),
     .findings = "native-in-pure-wheel", .facts = "native elf x86-64"},
    {"native code behind a picture", "foo/x.png", LINUX, .body = ELF_BEHIND,
     .text = S("\x89PNG\r\n\x1a\n\0\0"), .findings = "native-disguised", .facts = "native elf x86-64"},
    {"the beginning of native code behind others", "foo/x.dat", ANY,
     .text = S("\0\0\x7f" "ELF\2\1\1\0\0\0\0\0"), .findings = "", .facts = ""},
    {"native code in base64", "foo/x.txt", ANY, .body = ELF_BASE64, .text = S("# data\nblob = '"),
     .findings = "native-disguised", .facts = ""},
    {"native code in base64, in a call", "foo/x.txt", ANY, .body = ELF_BASE64,
     .text = S("x = f(len, b64decode(b'"), .findings = "native-disguised", .facts = ""},
    {"native code in base64, behind many words", "foo/x.txt", ANY, .body = ELF_BASE64,
     .text = S("x = f(a, b, c, d, e, f, g, h, i, j, k, b'"), .findings = "native-disguised", .facts = ""},
    {"native code in hexadecimal", "foo/x.json", ANY, .body = ELF_HEX, .text = S("{\"data\": \""),
     .findings = "native-disguised", .facts = ""},
    {"other data in base64", "foo/x.txt", ANY, .body = ELF_BASE64, .text = S("blob = 'AAAA"),
     .findings = "", .facts = ""},
    /* archives inside */
    {"zip", "foo/x.zip", ANY, .body = ZIP_TEXT, .findings = "", .facts = "content zip"},
    {"native code in a zip", "foo/x.zip", ANY, .body = ZIP_ELF,
     .findings = "native-in-pure-wheel", .facts = "content zip; native elf x86-64"},
    {"forged zip", "foo/x.zip", ANY, .body = ZIP_FORGED, .findings = "nested-forged",
     .facts = "content zip"},
    {"forged zip of data", "foo/x.npz", ANY, .body = ZIP_FORGED, .findings = "nested-odd",
     .facts = "content zip"},
    {"forged zip among tests", "foo/tests/x.zip", ANY, .body = ZIP_FORGED,
     .findings = "test-content", .facts = "content zip"},
    {"cut zip", "foo/x.whl", ANY, .body = ZIP_CUT, .findings = "nested-unreadable",
     .facts = "content zip"},
    {"cut zip of data", "foo/x.npz", ANY, .body = ZIP_CUT, .findings = "nested-unreadable",
     .facts = "content zip"},
    {"encrypted zip", "foo/x.dat", ANY, .body = ZIP_ENCRYPTED, .findings = "nested-encrypted",
     .facts = "content zip"},
    {"zip in a zip", "foo/x.zip", ANY, .body = ZIP_ZIP, .findings = "", .facts = "content zip"},
    {"zips as deep as is read and one more", "foo/x.zip", ANY, .body = ZIP_DEEP,
     .findings = "nested-limit", .facts = "content zip"},
    {"zip behind a picture", "foo/x.png", ANY, .body = ZIP_BEHIND,
     .text = S("\x89PNG\r\n\x1a\n\0\0"), .findings = "nested-appended", .facts = ""},
    {"zip behind text", "foo/x.txt", ANY, .body = ZIP_BEHIND, .text = S("hello\n"),
     .findings = "nested-appended", .facts = ""},
    {"zip behind a picture, and a comment of any length", "foo/x.png", ANY, .body = ZIP_BETWEEN,
     .text = S("\x89PNG\r\n\x1a\n\0\0"), .findings = "nested-appended", .facts = ""},
    {"a document in an older one", "foo/x.xls", ANY, .body = ZIP_BETWEEN_TEXT,
     .text = S("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"), .findings = "", .facts = ""},
    {"zip behind a gzip", "foo/x.gz", ANY, .body = GZIP_ZIP, .findings = "nested-appended nested-odd",
     .facts = "content gzip; content zip"},
    {"zip of data, packed as only some readers unpack it", "foo/x.bin", ANY, .body = ZIP_METHOD,
     .findings = "nested-unreadable", .facts = "content zip"},
    {"text that ends like a zip without members", "foo/x.txt", ANY,
     .text = S("text\nPK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), .findings = "",
     .facts = ""},
    {"gzip", "foo/x.csv.gz", ANY, .body = GZIP, .findings = "", .facts = "content gzip"},
    {"native code in a gzip", "foo/x.csv.gz", ANY, .body = GZIP_ELF,
     .findings = "native-disguised", .facts = "content gzip; native elf x86-64"},
    {"cut gzip", "foo/x.gz", ANY, .text = S("\x1f\x8b\x08\0\0\0\0\0\0\0"),
     .findings = "nested-unreadable", .facts = "content gzip"},
    {"native code in two gzip members", "foo/x.gz", ANY, .body = GZIP_TWO,
     .findings = "native-in-pure-wheel nested-odd", .facts = "content gzip; native elf x86-64"},
    {"native code in a gzip of a wrong checksum", "foo/x.gz", ANY, .body = GZIP_SUM,
     .findings = "native-in-pure-wheel nested-odd", .facts = "content gzip; native elf x86-64"},
    {"native code in a gzip of indexed blocks", "foo/x.gz", ANY, .body = GZIP_EXTRA,
     .findings = "native-in-pure-wheel", .facts = "content gzip; native elf x86-64"},
    {"native code behind a gzip", "foo/x.gz", ANY, .body = GZIP_AFTER,
     .findings = "native-in-pure-wheel nested-odd", .facts = "content gzip; native elf x86-64"},
    {"zstd behind a frame that it passes over", "foo/x.dat", ANY,
     .text = S("\x50\x2a\x4d\x18\2\0\0\0ab\x28\xb5\x2f\xfd\x20\2\x11\0\0hi"),
     .findings = "nested-odd", .facts = "content zstd"},
    {"... and nothing behind it", "foo/x.dat", ANY, .text = S("\x50\x2a\x4d\x18\2\0\0\0ab"),
     .findings = "", .facts = ""},
    {"lz4", "foo/x.dat", ANY, .text = S("\x04\x22\x4d\x18\x64\x40\xa7"),
     .findings = "nested-unreadable", .facts = "content lz4"},
    {"lzip", "foo/x.dat", ANY, .text = S("LZIP\1\x0c\0"), .findings = "nested-unreadable",
     .facts = "content lzip"},
    {"cabinet", "foo/x.dat", ANY, .text = S("MSCF\0\0\0\0\x2c"), .findings = "nested-unreadable",
     .facts = "content cab"},
    {"compress", "foo/x.dat", ANY, .text = S("\x1f\x9d\x90\x68\xd2"),
     .findings = "nested-unreadable", .facts = "content compress"},
    {"what begins like compress", "foo/x.dat", ANY, .text = S("\x1f\x9d\xe0\x68\xd2"),
     .findings = "", .facts = ""},
    {"7z", "foo/x.7z", ANY, .text = S("7z\xbc\xaf\x27\x1c\0\0"), .findings = "nested-unreadable",
     .facts = "content 7z"},
    {"7z among tests", "foo/tests/x.7z", ANY, .text = S("7z\xbc\xaf\x27\x1c\0\0"),
     .findings = "test-content", .facts = "content 7z"},
    {"compiled code in a zip is compared with nothing", "foo/x.zip", ANY, .body = ZIP_TEXT,
     .native = {.library = "m.pyc"}, .findings = "pyc-without-source",
     .facts = "content zip"},
    {"code in a zip that Python could import", "foo/x.zip", ANY, .body = ZIP_TEXT,
     .native = {.library = "m.py"}, .text = S("import base64\nexec(base64.b64decode('eA=='))\n"),
     .findings = "hidden-code", .facts = "content zip"},
    {"code in a zip of data", "foo/x.npz", ANY, .body = ZIP_TEXT, .native = {.library = "m.py"},
     .text = S("import base64\nexec(base64.b64decode('eA=='))\n"), .findings = "source-in-tests",
     .facts = "content zip"},
    /* T17 */
    {"T17: pth", "x.pth", ANY, .text = S("import os\n"), .findings = "",
     .facts = "auto-load pth x.pth"},
    {"T17: pth with a path", "x.pth", ANY, .text = S("foo\n"), .findings = "",
     .facts = "auto-load pth x.pth"},
    {"T17: pth of comments", "x.pth", ANY, .text = S("# import os\n"), .findings = "",
     .facts = ""},
    {"T17: pth of comments with CR LF", "x.pth", ANY, .text = S("# import os\r\n\r\n# x\r\n"),
     .findings = "", .facts = ""},
    {"T17: pth, code behind CR", "x.pth", ANY, .text = S("# paths\rimport os\n"), .findings = "",
     .facts = "auto-load pth x.pth"},
    {"T17: pth, code behind U+2028", "x.pth", ANY, .text = S("# paths\xe2\x80\xa8import os\n"),
     .findings = "", .facts = "auto-load pth x.pth"},
    {"T17: pth, code that decodes behind CR", "x.pth", ANY,
     .text = S("# paths\rimport base64; exec(base64.b64decode('eA=='))\n"),
     .findings = "hidden-code", .facts = "auto-load pth x.pth"},
    {"T17: pth, ... behind a BOM", "x.pth", ANY,
     .text = S("\xef\xbb\xbfimport base64; exec(base64.b64decode('eA=='))\n"),
     .findings = "hidden-code", .facts = "auto-load pth x.pth"},
    {"T17: pth, ... behind a byte of Latin-1", "x.pth", ANY,
     .text = S("# \xe9\x85import base64; exec(base64.b64decode('eA=='))\n"),
     .findings = "hidden-code", .facts = "auto-load pth x.pth"},
    {"T17: pth, ... behind what breaks an older Python", "x.pth", ANY,
     .text = S("import os\f\"\"\"\nimport base64; exec(base64.b64decode('eA=='))\n"),
     .findings = "hidden-code source-refused", .facts = "auto-load pth x.pth"},
    {"T17: pth in a package", "foo/x.pth", ANY, .text = S("import os\n"), .findings = "",
     .facts = ""},
    {"T17: sitecustomize", "sitecustomize.py", ANY, .text = S("x = 1\n"), .findings = "",
     .facts = "auto-load sitecustomize"},
    {"T17: a module of the standard library", "random.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level random"},
    {"T17: another project's module", "numpy/__init__.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level numpy"},
    {"T17: a part of another project's package", "numpy/x.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level numpy"},
    {"T17: deep in another project's package", "pip/_internal/cli/main.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load top-level pip"},
    {"T17: what another project's code reads", "certifi/cacert.pem", ANY, .text = S("x"),
     .findings = "", .facts = "auto-load top-level certifi"},
    {"T17: no module of the standard library", "code/templates/x.txt", ANY, .text = S("x"),
     .findings = "", .facts = ""},
    {"T17: its part of a namespace", "google/cloud/x.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = ""},
    {"T17: its own module", "foo/__init__.py", ANY, .text = S("x = 1\n"), .findings = "",
     .facts = ""},
    {"T17: a module by way of data", "foo-1.0.data/purelib/requests/__init__.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load top-level requests"},
    {"T17: a script named like a command", "foo-1.0.data/scripts/pip3", ANY,
     .text = S("#!python\n"), .findings = "", .facts = "auto-load script pip3"},
    {"T17: a script of its own", "foo-1.0.data/scripts/foo", ANY, .text = S("#!python\n"),
     .findings = "", .facts = ""},
    {"T17: a kernel", "foo-1.0.data/data/share/jupyter/kernels/x/kernel.json", ANY,
     .text = S("{}"), .findings = "", .facts = "auto-load data share/jupyter/kernels"},
    {"T17: configuration of Jupyter", "foo-1.0.data/data/etc/jupyter/jupyter_config.py", ANY,
     .text = S("c = 1\n"), .findings = "",
     .facts = "auto-load data etc/jupyter/jupyter_config.py"},
    {"T17: IPython's start", "foo-1.0.data/data/etc/ipython/startup/x.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load data etc/ipython/startup"},
    {"T17: site-packages by another way",
     "foo-1.0.data/data/lib/python3.12/site-packages/x.txt", ANY, .text = S("x"), .findings = "",
     .facts = "auto-load data lib/python3.12/site-packages"},
    {"T17: over the standard library", "foo-1.0.data/data/lib/python3.11/json/__init__.py", ANY,
     .text = S("x = 1\n"), .findings = "",
     .facts = "auto-load data lib/python3.11; auto-load top-level json"},
    {"T17: the same on Windows", "foo-1.0.data/data/Lib/json/__init__.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load top-level json"},
    {"T17: the standard library in one file", "foo-1.0.data/data/lib/python311.zip", ANY,
     .text = S("x"), .findings = "", .facts = "auto-load data lib/python311.zip"},
    {"T17: what a virtual environment is", "foo-1.0.data/data/pyvenv.cfg", ANY, .text = S("x"),
     .findings = "", .facts = "auto-load data pyvenv.cfg"},
    {"T17: what people source", "foo-1.0.data/data/bin/activate", ANY, .text = S("x"),
     .findings = "", .facts = "auto-load script activate"},
    {"T17: what people source, as a script", "foo-1.0.data/scripts/activate.fish", ANY,
     .text = S("x"), .findings = "", .facts = "auto-load script activate.fish"},
    {"T17: a script folder's module", "foo-1.0.data/scripts/re.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level re"},
    {"T17: ... of another project", "foo-1.0.data/data/BIN/requests/x.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level requests"},
    {"T17: a script that is a module, of its own", "foo-1.0.data/scripts/foo2html.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = ""},
    {"T17: site-packages in other letters", "foo-1.0.data/data/Lib/SITE-packages/x.txt", ANY,
     .text = S("x"), .findings = "", .facts = "auto-load data Lib/SITE-packages"},
    {"T17: over the standard library in other letters", "foo-1.0.data/data/lib/JSON/x.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load top-level JSON"},
    {"T17: another project's module in other letters", "NumPy/x.py", ANY, .text = S("x = 1\n"),
     .findings = "", .facts = "auto-load top-level NumPy"},
    {"T17: its own name in other letters", "Foo/x.py", ANY, .text = S("x = 1\n"), .findings = "",
     .facts = ""},
    {"T17: extension modules of the standard library", "foo-1.0.data/data/DLLs/json.py", ANY,
     .text = S("x = 1\n"), .findings = "", .facts = "auto-load data DLLs"},
    {"T17: the interpreter's own library", "foo-1.0.data/data/python311.dll", ANY, .text = S("x"),
     .findings = "type-differs", .facts = "auto-load data python311.dll"},
    {"T17: a library that the interpreter loads", "foo-1.0.data/data/lib/libcrypto.so.3", ANY,
     .text = S("x"), .findings = "", .facts = "auto-load data lib/libcrypto.so.3"},
    {"T17: a service of the user", "foo-1.0.data/data/share/systemd/user/x.service", ANY,
     .text = S("x"), .findings = "", .facts = "auto-load data share/systemd/user"},
    {"T17: a home's settings", "foo-1.0.data/data/.ssh/authorized_keys", ANY, .text = S("x"),
     .findings = "", .facts = "auto-load data .ssh"},
    {"T17: a library of its own", "foo-1.0.data/data/lib/libfoo.txt", ANY, .text = S("x"),
     .findings = "", .facts = ""},
    {"T17: data of its own", "foo-1.0.data/data/share/foo/x.txt", ANY, .text = S("x"),
     .findings = "", .facts = ""},
};
/* clang-format on */

/* --- making the member --- */

static void put_native(struct ch_buf *b, enum body body, const struct native_spec *s)
{
    if (body == PE) {
        native_pe(b, s);
    } else if (body == MACHO) {
        native_macho(b, s);
    } else {
        native_elf(b, s);
    }
}

/* A zip of one member. */
static void put_zip(struct ch_buf *out, const char *name, struct ch_str content, enum body body)
{
    struct zb z;
    struct zb_end end = {.after = {NULL, 0}};
    struct zb_member m = {.name = ch_str_of(name),
                          .content = content,
                          .flags = body == ZIP_ENCRYPTED ? 1 : 0,
                          .method = body == ZIP_METHOD ? 12 : 0}; /* bzip2 */
    if (body == ZIP_FORGED) {
        m.local_name = CH_STR("other");
    }
    zb_init(&z);
    zb_add(&z, &m);
    zb_end(&z, &end);
    struct ch_str bytes = ch_buf_str(&z.bytes);
    ch_buf_puts(out, ch_str_sub(bytes, 0, body == ZIP_CUT ? bytes.len - 30 : bytes.len));
    zb_done(&z);
}

static void put_gzip(struct ch_buf *out, struct ch_str content)
{
    uint8_t packed[1 << 14];
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)content.ptr,
                  .avail_in = (uInt)content.len,
                  .next_out = packed,
                  .avail_out = sizeof(packed)};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    ch_buf_put(out, packed, sizeof(packed) - z.avail_out);
    deflateEnd(&z);
}

/* With an extra field in the header, as writers of blocks that can be sought have it. */
static void put_blocks(struct ch_buf *out, struct ch_str content)
{
    enum { HEADER_BYTES = 10, FLAGS_AT = 3, FLAG_EXTRA = 4 };
    struct ch_buf plain;
    ch_buf_init(&plain, 1 << 16);
    put_gzip(&plain, content);
    plain.ptr[FLAGS_AT] |= FLAG_EXTRA;
    ch_buf_puts(out, ch_str_sub(ch_buf_str(&plain), 0, HEADER_BYTES));
    ch_buf_puts(out, (struct ch_str){"\6\0BC\2\0\x1b\0", 8});
    ch_buf_puts(out, ch_str_sub(ch_buf_str(&plain), HEADER_BYTES, plain.len));
    ch_buf_done(&plain);
}

static void put_zips(struct ch_buf *out, unsigned count)
{
    struct ch_buf inner;
    ch_buf_init(&inner, 1 << 20);
    ch_buf_puts(&inner, CH_STR("text"));
    for (unsigned i = 0; i < count; i++) {
        struct ch_buf outer;
        ch_buf_init(&outer, 1 << 20);
        put_zip(&outer, i == 0 ? "a.txt" : "a.zip", ch_buf_str(&inner), ZIP_TEXT);
        ch_buf_done(&inner);
        inner = outer;
    }
    ch_buf_puts(out, ch_buf_str(&inner));
    ch_buf_done(&inner);
}

/* In lines of 76 digits. */
static void put_digits(struct ch_buf *b, struct ch_str bytes, bool hex)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char hex_digits[] = "0123456789abcdef";
    unsigned width = hex ? 4 : 6;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t put = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (uint8_t)bytes.ptr[i];
        for (count += 8; count >= width; count -= width) {
            uint32_t d = bits >> (count - width) & ((1U << width) - 1);
            ch_buf_putc(b, hex ? hex_digits[d] : digits[d]);
            if (++put % 76 == 0) {
                ch_buf_putc(b, '\n');
            }
        }
    }
}

static void put_body(struct ch_buf *b, const struct row *row)
{
    struct ch_buf native;
    ch_buf_init(&native, 1 << 16);
    native_elf(&native, &row->native);
    const char *name = row->native.library != NULL ? row->native.library : "a.txt";
    switch (row->body) {
    case TEXT:
        ch_buf_puts(b, row->text);
        break;
    case ELF:
    case PE:
    case MACHO:
        put_native(b, row->body, &row->native);
        break;
    case ZIP_ELF:
        put_zip(b, "a/x.so", ch_buf_str(&native), row->body);
        break;
    case ZIP_TEXT:
    case ZIP_FORGED:
    case ZIP_CUT:
    case ZIP_ENCRYPTED:
        put_zip(b, name, row->text.len > 0 ? row->text : CH_STR("text"), row->body);
        break;
    case ZIP_BEHIND:
        ch_buf_puts(b, row->text);
        put_zip(b, name, CH_STR("text"), ZIP_TEXT);
        break;
    case ZIP_ZIP:
        put_zips(b, 2);
        break;
    case ZIP_DEEP:
        put_zips(b, (unsigned)ch_limits.nested_depth + 1);
        break;
    case ELF_BEHIND:
        ch_buf_puts(b, row->text);
        ch_buf_puts(b, ch_buf_str(&native));
        break;
    case ELF_BASE64:
    case ELF_HEX:
        ch_buf_puts(b, row->text);
        put_digits(b, ch_buf_str(&native), row->body == ELF_HEX);
        break;
    case ZIP_BETWEEN:
        ch_buf_puts(b, row->text);
        put_zip(b, "__main__.py", CH_STR("text"), ZIP_TEXT);
        ch_buf_puts(b, CH_STR("and more, which is no comment"));
        break;
    case ZIP_BETWEEN_TEXT:
        ch_buf_puts(b, row->text);
        put_zip(b, "[Content_Types].xml", CH_STR("text"), ZIP_TEXT);
        ch_buf_puts(b, CH_STR("and more of the document"));
        break;
    case ZIP_METHOD:
        put_zip(b, name, CH_STR("text"), row->body);
        break;
    case GZIP_TWO:
        put_gzip(b, ch_str_sub(ch_buf_str(&native), 0, 100));
        put_gzip(b, ch_str_sub(ch_buf_str(&native), 100, native.len));
        break;
    case GZIP_SUM:
        put_gzip(b, ch_buf_str(&native));
        b->ptr[b->len - 8] ^= 1;
        break;
    case GZIP_EXTRA:
        put_blocks(b, ch_buf_str(&native));
        break;
    case GZIP_AFTER:
        put_gzip(b, CH_STR("a,b\n"));
        ch_buf_puts(b, ch_buf_str(&native));
        break;
    case GZIP_ZIP:
        put_gzip(b, CH_STR("a,b\n"));
        put_zip(b, name, CH_STR("text"), ZIP_TEXT);
        break;
    case GZIP:
        put_gzip(b, CH_STR("a,b\n"));
        break;
    case GZIP_ELF:
        put_gzip(b, ch_buf_str(&native));
        break;
    }
    ch_buf_done(&native);
}

/* --- running it --- */

static const struct row *now;

/* As the wheel inspector places them, as far as the rows need it. */
static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    size_t at;
    bool top = !ch_str_find_char(path, '/', &at);
    if (ch_str_find(path, CH_STR("tests/"), &at)) {
        return CH_PLACE_TEST;
    }
    if (ch_str_ends(path, CH_STR(".zip")) || ch_str_ends(path, CH_STR(".npz"))) {
        return CH_PLACE_NONE;
    }
    return top && (ch_str_ends(path, CH_STR(".pth")) ||
                   ch_str_starts(path, CH_STR("sitecustomize")))
               ? CH_PLACE_START
               : CH_PLACE_IMPORT;
}

static bool read_none(void *arg CH_UNUSED, struct ch_str path CH_UNUSED,
                      struct ch_buf *ret CH_UNUSED)
{
    return false;
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {.job = job,
                                   .out = out,
                                   .kind = now->kind,
                                   .project = CH_STR("Foo"),
                                   .platform = ch_str_of(now->platform),
                                   .place = place_of,
                                   .read = read_none};
    struct ch_content *c = ch_content_new(&o);
    struct ch_content_member m = {.path = ch_str_of(now->path),
                                  .type = CH_MEMBER_FILE,
                                  .bytes = {(const char *)in->ptr, in->len},
                                  .size_bytes = in->len};
    ch_content_see(c, &m);
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

static void put_facts(struct ch_buf *b, const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FACT &&
            !ch_str_ends(r->records[i].u.fact.name, CH_STR("capability"))) {
            ch_buf_puts(b, b->len > 0 ? CH_STR("; ") : CH_STR(""));
            ch_buf_puts(b, r->records[i].u.fact.name);
            ch_buf_putc(b, ' ');
            ch_buf_puts(b, r->records[i].u.fact.value);
        }
    }
}

static bool run_row(const struct row *row)
{
    struct ch_buf body;
    struct ch_buf facts;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    ch_buf_init(&body, 1 << 20);
    ch_buf_init(&facts, 1 << 16);
    put_body(&body, row);
    now = row;
    scan_run(&r, inspect, &job, ch_buf_str(&body));
    put_facts(&facts, &r);
    char *found = scan_run_findings(&r);
    bool ok = strcmp(found, row->findings) == 0 &&
              ch_str_eq(ch_buf_str(&facts), ch_str_of(row->facts));
    if (!ok) {
        scan_run_print(&r);
        print_error("%s: found \"%s\" and \"%.*s\", expected \"%s\" and \"%s\"\n", row->label, found,
                    CH_STR_ARG(ch_buf_str(&facts)), row->findings, row->facts);
    }
    free(found);
    scan_run_done(&r);
    ch_buf_done(&facts);
    ch_buf_done(&body);
    return ok;
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        wrong += !run_row(&rows[i]);
    }
    assert_int_equal(wrong, 0);
}

static void test_limits(void **state)
{
    (void)state;
    struct ch_limits before = ch_limits;
    const struct row zip = {"bytes inside", "foo/x.zip", ANY, .body = ZIP_TEXT, .findings = "",
                            .facts = "content zip"};
    struct row row = zip;
    ch_limits.nested_bytes = 4;
    assert_true(run_row(&row));
    ch_limits.nested_bytes = 3;
    row.findings = "limit";
    assert_true(run_row(&row));
    ch_limits = before;
    row.findings = "";
    ch_limits.nested_depth = 1;
    assert_true(run_row(&row));
    ch_limits.nested_depth = 0;
    row.findings = "nested-limit";
    assert_true(run_row(&row));
    ch_limits = before;
    row = (struct row){"told as a number", "foo/x.7z", ANY, .text = S("7z\xbc\xaf\x27\x1c"),
                       .findings = "nested-unreadable", .facts = "content 7z"};
    ch_limits.content_repeats = 0;
    assert_true(run_row(&row));
    ch_limits = before;
    row = zip;
    ch_limits.content_names = 1;
    row.findings = "";
    assert_true(run_row(&row));
    ch_limits.content_names = 0;
    row.findings = "limit";
    row.facts = "";
    assert_true(run_row(&row));
    ch_limits = before;
}

/* A library that lies in the archive is none that the code brings in from outside. */
static enum ch_code inspect_two(const struct ch_scan_job *job, const struct ch_input *in CH_UNUSED,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {.job = job, .out = out, .place = place_of, .read = read_none};
    struct ch_content *c = ch_content_new(&o);
    static const struct native_spec needs = {.library = "libown.so"};
    static const struct native_spec own = {.library = "libother.so"};
    static const char *const paths[] = {"foo/x.so", "foo.libs/libown.so"};
    for (size_t i = 0; i < 2; i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1 << 16);
        native_elf(&b, i == 0 ? &needs : &own);
        struct ch_content_member m = {.path = ch_str_of(paths[i]),
                                      .type = CH_MEMBER_FILE,
                                      .bytes = ch_buf_str(&b),
                                      .size_bytes = b.len};
        ch_content_see(c, &m);
        ch_buf_done(&b);
    }
    ch_content_see(c, &(struct ch_content_member){.path = CH_STR("foo/link"),
                                                  .type = CH_MEMBER_SYMLINK,
                                                  .link = CH_STR("x.so")});
    ch_content_entry_point(c, CH_STR("pytest11"), CH_STR("x"), CH_STR("x"));
    ch_content_entry_point(c, CH_STR("console_scripts"), CH_STR("git"), CH_STR("x:y"));
    ch_content_entry_point(c, CH_STR("console_scripts"), CH_STR("foo"), CH_STR("x:y"));
    ch_content_entry_point(c, CH_STR("foo.plugins"), CH_STR("git"), CH_STR("x"));
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

static void test_whole(void **state)
{
    (void)state;
    struct ch_buf facts;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    ch_buf_init(&facts, 1 << 16);
    scan_run(&r, inspect_two, &job, CH_STR("x"));
    put_facts(&facts, &r);
    assert_str_eq(ch_buf_str(&facts), "native elf x86-64; auto-load entry-point pytest11; "
                                      "auto-load script git; library libother.so");
    char *found = scan_run_findings(&r);
    assert_string_equal(found, "symlink");
    free(found);
    scan_run_done(&r);
    ch_buf_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
