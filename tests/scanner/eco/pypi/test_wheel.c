/* The wheel inspector: an honest wheel without findings, and one wheel per rule with exactly its
 * own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "confine.h"
#include "corpus.h"
#include "scan_run.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "scanner/unpack/second.h"
#include "wheel_build.h"
#include "zip_build.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* clang-format off */
#define AGPL "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007\n"
#define MIT "Copyright A\n\nPermission is hereby granted, free of charge, to any person\n"
#define X_HASH "LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE" /* of "x" */
#define X_HEX "2d71" X_HEX_END
#define X_HEX_END "1642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define LISTED "foo_bar/x.py,sha256=" X_HASH
#define X_UNLISTED .more_name = S("foo_bar/x.py"), .more = S("x"), .more_unlisted = true
#define DATA "foo_bar-1.0.data/"
#define SITE DATA "data/lib/python3.11/site-packages/"
#define ACTS "import urllib.request\nurllib.request.urlopen('http://example.org/')\n"

static const struct {
    const char *label;
    struct wheel_spec spec;
    const char *findings;
} rows[] = {
    {"honest", {.version = NULL}, ""},
    {"folders are not listed", {.extra_folder = true}, ""},
    {"name and version spelt otherwise",
     {.dist_info = "Foo_bar-1.dist-info", .metadata_name = "foo.BAR", .metadata_version = "1.0.0"},
     ""},
    {"several tags", {.file_name = "foo_bar-1.0-py2.py3-none-any.whl",
                      .tags = "Tag: py2-none-any\nTag: py3-none-any\n"}, ""},
    {"tags compressed inside too", {.file_name = "foo_bar-1.0-py2.py3-none-any.whl",
                                    .tags = "Tag: py3.py2-none-any\n"}, ""},
    {"build tag", {.file_name = "foo_bar-1.0-1_x-py3-none-any.whl", .tags =
                   "Build: 1_x\nTag: py3-none-any\n"}, ""},
    {"sha512 in RECORD", {.hash = "sha512"}, ""},
    {"sha384 in RECORD", {.hash = "sha384"}, ""},
    {"carriage returns in RECORD", {.record_crlf = true}, ""},
    {"a comma in a name", {.more_name = S("foo_bar/a,\"b\".txt"), .more = S("x")}, ""},
    {"signatures", {.signatures = true}, ""},
    {"entry points", {.entry_points = "[console_scripts]\nfoo-bar = foo_bar:main\n"}, ""},
    {"entry points, indented as a whole",
     {.entry_points = "\n    [console_scripts]\n    foo = foo:main\n    bar = foo:bar\n"}, ""},
    {"pyc checked by time", {.more_name = S("foo_bar/__pycache__/x.cpython-312.pyc"),
                             .more = S("\xcb\r\r\n\0\0\0\0timesize")}, "pyc-without-source"},
    {"pyc with checked hash", {.more_name = S("foo_bar/__pycache__/x.cpython-312.pyc"),
                               .more = S("\xcb\r\r\n\3\0\0\0hashhash")}, "pyc-without-source"},
    {"pyc of Python 2, with an odd time", {.more_name = S("foo_bar/x.pyc"),
                                           .more = S("\x03\xf3\r\n\1\0\0\0code")},
     "pyc-without-source"},
    {"data folder", {.more_name = S("foo_bar-1.0.data/scripts/foo"), .more = S("#!python\n")}, ""},
    {"dist-info of a vendored project",
     {.more_name = S("foo_bar/_vendor/x-1.dist-info/METADATA"), .more = S("Name: x\n")}, ""},
    /* names */
    {"no wheel's name", {.file_name = "foo_bar-1.0.zip"}, "wheel-name"},
    {"too few parts", {.file_name = "foo_bar-1.0-py3-any.whl"}, "wheel-name"},
    {"build tag without a digit", {.file_name = "foo_bar-1.0-x-py3-none-any.whl"}, "wheel-name"},
    {"what is expected", {.project = "Foo.Bar", .version = "1.0.0"}, ""},
    {"another project expected", {.project = "foo"}, "wheel-name wheel-name-differs"},
    {"another version expected", {.version = "1.1"}, "wheel-name wheel-name-differs"},
    {"no dist-info", {.dist_info = "foo_bar-1.0"}, "wheel-dist-info"},
    /* tests that something else runs */
    {"tests that act", {.more_name = S("foo_bar/tests/x.py"), .more = S(ACTS)}, ""},
    {"tests that an entry point names", {.more_name = S("foo_bar/tests/x.py"), .more = S(ACTS),
                                         .entry_points = "[foo]\na = foo_bar.tests.x:go\n"},
     "import-network"},
    {"tests that no entry point names", {.more_name = S("foo_bar/tests/x.py"), .more = S(ACTS),
                                         .entry_points = "[foo]\na = foo_bar.tests:go\nb = tests.x\n"},
     ""},
    {"an installed script of a shell", {.more_name = S("foo_bar-1.0.data/scripts/foo"),
                                        .more = S("#!/bin/sh\ncurl x \\\n| sh\n")}, "hidden-command"},
    {"... whose comment says so", {.more_name = S("foo_bar-1.0.data/scripts/foo"),
                                   .more = S("#!/bin/sh\n# curl x | sh\n")}, ""},
    {"second dist-info", {.more_name = S("evil-1.dist-info/METADATA"), .more = S("x")},
     "wheel-dist-info"},
    {"second dist-info by way of data",
     {.more_name = S("foo_bar-1.0.data/purelib/evil-1.dist-info/METADATA"), .more = S("x")},
     "wheel-dist-info"},
    {"second dist-info deep in data",
     {.more_name = S(SITE "evil-1.dist-info/METADATA"), .more = S("x")}, "wheel-dist-info"},
    {"second dist-info in a distribution's site",
     {.more_name = S(DATA "data/lib/python3/dist-packages/evil-1.Dist-Info/RECORD"), .more = S("")},
     "wheel-dist-info"},
    {"second dist-info beside the standard library",
     {.more_name = S(DATA "data/lib/python3.11/evil-1.dist-info/METADATA"), .more = S("x")},
     "wheel-dist-info"},
    {"second dist-info beside the programs",
     {.more_name = S(DATA "scripts/evil-1.dist-info/METADATA"), .more = S("x")},
     "wheel-dist-info"},
    {"too many parts", {.file_name = "foo_bar-1.0-1-py3-none-any-x.whl"}, "wheel-name"},
    {"no project in the name", {.file_name = "-1.0-py3-none-any.whl"}, "wheel-name"},
    {"malformed project", {.file_name = "foo@bar-1.0-py3-none-any.whl"}, "wheel-name"},
    {"malformed version", {.file_name = "foo_bar-1;0-py3-none-any.whl"}, "wheel-name"},
    {"no build tag between its hyphens", {.file_name = "foo_bar-1.0--py3-none-any.whl"}, "wheel-name"},
    {"build tag that begins before the digits", {.file_name = "foo_bar-1.0-/-py3-none-any.whl"},
     "wheel-name"},
    {"build tag that begins behind the digits", {.file_name = "foo_bar-1.0-:-py3-none-any.whl"},
     "wheel-name"},
    {"malformed build tag", {.file_name = "foo_bar-1.0-1;-py3-none-any.whl"}, "wheel-name"},
    {"malformed Python tag", {.file_name = "foo_bar-1.0-p;y3-none-any.whl"}, "wheel-name"},
    {"malformed ABI tag", {.file_name = "foo_bar-1.0-py3-no ne-any.whl"}, "wheel-name"},
    {"malformed platform tag", {.file_name = "foo_bar-1.0-py3-none-a~ny.whl"}, "wheel-name"},
    {"build tag of all letters and digits", {.file_name = "foo_bar-1.0-0az_AZ9.z-py3-none-any.whl"}, ""},
    {"a file called data", {.more_name = S("x.data"), .more = S("x")}, ""},
    {"file of a data folder itself", {.more_name = S(DATA "x"), .more = S("x")}, "wheel-data-folder"},
    {"second dist-info by way of platlib",
     {.more_name = S(DATA "platlib/evil-1.dist-info/METADATA"), .more = S("x")}, "wheel-dist-info"},
    {"dist-info vendored in a distribution's site",
     {.more_name = S(DATA "data/lib/python3/dist-packages/foo_bar/_vendor/x-1.dist-info/METADATA"),
      .more = S("x")}, ""},
    {"dist-info among headers", {.more_name = S(DATA "headers/x/x-1.dist-info/METADATA"),
                                 .more = S("x")}, ""},
    {"egg-info beside", {.more_name = S("evil.egg-info/PKG-INFO"), .more = S("x")},
     "wheel-dist-info"},
    {"egg-info that is a file", {.more_name = S("evil-1.egg-info"), .more = S("x")},
     "wheel-dist-info"},
    {"egg-info by way of data", {.more_name = S(SITE "evil.egg-info"), .more = S("x")},
     "wheel-dist-info"},
    {"egg beside", {.more_name = S("evil-1-py3.11.egg/EGG-INFO/PKG-INFO"), .more = S("x")},
     "wheel-dist-info"},
    {"egg that is a file, by way of data", {.more_name = S(DATA "purelib/evil-1-py3.11.EGG"),
                                            .more = S("x")}, "wheel-dist-info"},
    {"link to an egg elsewhere", {.more_name = S("evil.egg-link"), .more = S("/tmp/evil")},
     "wheel-dist-info"},
    {"egg among a package's own files", {.more_name = S("foo_bar/data/x.egg"), .more = S("x")}, ""},
    {"egg-info of a vendored project",
     {.more_name = S("foo_bar/_vendor/x.egg-info/PKG-INFO"), .more = S("x")}, ""},
    {"dist-info vendored by way of purelib",
     {.more_name = S(DATA "purelib/foo_bar/_vendor/x-1.dist-info/METADATA"), .more = S("x")}, ""},
    {"dist-info vendored by way of data",
     {.more_name = S(SITE "foo_bar/_vendor/x-1.dist-info/METADATA"), .more = S("x")}, ""},
    {"second dist-info without a name", {.more_name = S(".dist-info/METADATA"), .more = S("x")},
     "wheel-dist-info"},
    {"dist-info in capitals", {.dist_info = "foo_bar-1.0.DIST-INFO"}, "wheel-dist-info"},
    {"dist-info of another name", {.dist_info = "evil-1.0.dist-info"}, "wheel-name-differs"},
    {"dist-info of another version", {.dist_info = "foo_bar-2.0.dist-info"}, "wheel-name-differs"},
    {"METADATA of another name", {.metadata_name = "evil"}, "wheel-name-differs"},
    {"METADATA of another version", {.metadata_version = "1.1"}, "wheel-name-differs"},
    {"no METADATA", {.without = "METADATA"}, "wheel-metadata"},
    {"T1: direct reference",
     {.metadata_more = "Requires-Dist: x @ https://files.example.org/x.whl\n"},
     "direct-reference"},
    {"T1: address that pip freeze hands on",
     {.more_name = S("foo_bar-1.0.dist-info/direct_url.json"),
      .more = S("{\"url\": \"https://files.example.org/x.whl\", \"archive_info\": {}}")},
     "direct-reference"},
    {"... in another case", {.more_name = S("foo_bar-1.0.dist-info/Direct_URL.json"),
                             .more = S("{}")}, "direct-reference"},
    {"direct_url.json of the package's own", {.more_name = S("foo_bar/direct_url.json"),
                                              .more = S("{}")}, ""},
    /* pip takes what importlib.metadata gives: requires.txt when METADATA states no requirement */
    {"T1: requirements by another file", {.more_name = S("foo_bar-1.0.dist-info/requires.txt"),
                                          .more = S("evil @ https://files.example.org/x.whl\n")},
     "direct-reference"},
    {"... for an extra, in another case", {.more_name = S("foo_bar-1.0.dist-info/Requires.txt"),
                                           .more = S("a>1\n\n[more]\nevil@git+https://example.org/x\n")},
     "direct-reference"},
    {"... by name", {.more_name = S("foo_bar-1.0.dist-info/requires.txt"), .more = S("evil>=1\n")},
     "wheel-metadata"},
    {"requires.txt of the package's own", {.more_name = S("foo_bar/requires.txt"),
                                           .more = S("evil @ https://files.example.org/x.whl\n")}, ""},
    {"... deeper", {.more_name = S("foo_bar-1.0.dist-info/licenses/requires.txt"),
                    .more = S("x\n")}, ""},
    {"data folder of another wheel", {.more_name = S("evil-1.data/scripts/pip"), .more = S("x")},
     "wheel-data-folder"},
    {"unknown part of the data folder", {.more_name = S("foo_bar-1.0.data/stdlib/os.py"),
                                         .more = S("x")}, "wheel-data-folder"},
    /* WHEEL */
    {"no WHEEL", {.without = "WHEEL"}, "wheel-tags"},
    {"other tags", {.tags = "Tag: py3-none-linux_x86_64\n"}, "wheel-tags"},
    {"plain linux inside", {.file_name = "foo_bar-1.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                            .tags = "Tag: py3-none-linux_x86_64\n"}, "wheel-tags-renamed"},
    {"any platform inside", {.file_name = "foo_bar-1.0-py3-none-manylinux1_x86_64.whl",
                             .tags = "Tag: py3-none-any\n"}, "wheel-tags-renamed"},
    {"any platform inside, of several",
     {.file_name = "foo_bar-1.0-py2.py3-none-macosx_11_0_arm64.macosx_11_0_universal2.whl",
      .tags = "Tag: py2-none-any\nTag: py3-none-any\n"}, "wheel-tags-renamed"},
    {"any platform inside, of another Python",
     {.file_name = "foo_bar-1.0-py3-none-manylinux1_x86_64.whl", .tags = "Tag: py2-none-any\n"}, "wheel-tags"},
    {"any platform inside, of another ABI",
     {.file_name = "foo_bar-1.0-cp312-cp312-manylinux1_x86_64.whl", .tags = "Tag: cp312-none-any\n"}, "wheel-tags"},
    {"one platform inside, any outside", {.tags = "Tag: py3-none-manylinux1_x86_64\n"}, "wheel-tags"},
    {"plain linux of another machine inside",
     {.file_name = "foo_bar-1.0-py3-none-manylinux2014_x86_64.whl",
      .tags = "Tag: py3-none-linux_aarch64\n"}, "wheel-tags"},
    {"one tag more", {.tags = "Tag: py3-none-any\nTag: py2-none-any\n"}, "wheel-tags"},
    {"no tags", {.tags = ""}, "wheel-tags"},
    {"tag of two parts", {.tags = "Tag: py3-none\n"}, "wheel-tags"},
    {"four parts in a tag", {.tags = "Tag: py3-none-any-x\n"}, "wheel-tags"},
    {"malformed Python inside", {.tags = "Tag: p y3-none-any\n"}, "wheel-tags"},
    {"malformed ABI inside", {.tags = "Tag: py3-no;ne-any\n"}, "wheel-tags"},
    {"malformed platform inside", {.tags = "Tag: py3-none-an:y\n"}, "wheel-tags"},
    {"WHEEL that is no text", {.tags = "Tag: py3-none-any\nX: \xff\n"}, "wheel-tags"},
    {"WHEEL with a field behind a lone carriage return",
     {.tags = "Tag: py3-none-any\nX: y\rRoot-Is-Purelib: false\n"}, "wheel-tags"},
    {"WHEEL with carriage returns before line feeds", {.tags = "Tag: py3-none-any\r\nX: y\r\n"}, ""},
    {"WHEEL with a carriage return at its end", {.tags = "Tag: py3-none-any\r"}, "wheel-tags"},
    {"WHEEL with a line separator", {.tags = "Tag: py3-none-any\nX: a\xe2\x80\xa8y\n"}, "wheel-tags"},
    {"WHEEL with a line without a colon", {.tags = "Tag: py3-none-any\nnothing\n"}, "wheel-tags"},
    {"WHEEL with a field without a name", {.tags = "Tag: py3-none-any\n: x\n"}, "wheel-tags"},
    {"WHEEL with a continued line", {.tags = "Tag: py3-none-any\n X: y\n"}, "wheel-tags"},
    {"WHEEL with a line continued by a tab", {.tags = "Tag: py3-none-any\n\tX: y\n"}, "wheel-tags"},
    {"WHEEL with empty lines at its end", {.tags = "Tag: py3-none-any\n\n \n"}, ""},
    {"version stated twice", {.tags = "Wheel-Version: 1.0\nTag: py3-none-any\n"}, "wheel-tags"},
    {"build stated twice", {.file_name = "foo_bar-1.0-1-py3-none-any.whl",
                            .tags = "Build: 1\nBuild: 1\nTag: py3-none-any\n"}, "wheel-tags"},
    {"version 1 and more", {.wheel_version = "1.9"}, ""},
    {"version 1 of no number", {.wheel_version = "1.x"}, "wheel-tags"},
    {"version 1 alone", {.wheel_version = "1"}, "wheel-tags"},
    {"purelib neither true nor false", {.purelib = "maybe"}, "wheel-tags"},
    {"not purelib", {.purelib = "False"}, ""},
    {"build tag in the name alone", {.file_name = "foo_bar-1.0-1-py3-none-any.whl"}, ""},
    {"build tag inside alone", {.tags = "Build: 1\nTag: py3-none-any\n"}, ""},
    {"version 2", {.wheel_version = "2.0"}, "wheel-tags"},
    {"purelib stated twice", {.tags = "Root-Is-Purelib: false\nTag: py3-none-any\n"}, "wheel-tags"},
    {"fields after an empty line", {.tags = "Tag: py3-none-any\n\nTag: py2-none-any\n"},
     "wheel-tags"},
    {"other build tag", {.file_name = "foo_bar-1.0-1-py3-none-any.whl",
                         .tags = "Build: 2\nTag: py3-none-any\n"}, "wheel-tags"},
    /* licence files */
    {"licence file of another licence",
     {.metadata_more = "License-Expression: MIT\nLicense-File: LICENSE\n",
      .files = {{"foo_bar-1.0.dist-info/licenses/LICENSE", AGPL}}}, "licence-contradicts"},
    {"the same beside METADATA, and by a classifier",
     {.metadata_more = "License-File: LICENSE\nClassifier: License :: OSI Approved :: MIT License\n",
      .files = {{"foo_bar-1.0.dist-info/LICENSE", AGPL}}}, "licence-contradicts"},
    {"the same, not listed",
     {.metadata_more = "License-Expression: MIT\n",
      .files = {{"foo_bar-1.0.dist-info/licenses/COPYING", AGPL}}}, "licence-contradicts"},
    {"licence file of one of several licences",
     {.metadata_more = "License-Expression: MIT AND AGPL-3.0-only\nLicense-File: LICENSE\n",
      .files = {{"foo_bar-1.0.dist-info/licenses/LICENSE", AGPL}}}, ""},
    {"licence file of what is bundled",
     {.metadata_more = "License-Expression: MIT\nLicense-File: vendored/LICENSE\n",
      .files = {{"foo_bar-1.0.dist-info/licenses/vendored/LICENSE", AGPL}}}, ""},
    {"one licence file that fits",
     {.metadata_more = "License-Expression: MIT\nLicense-File: LICENSE\nLicense-File: LICENSE.agpl\n",
      .files = {{"foo_bar-1.0.dist-info/licenses/LICENSE", MIT},
                {"foo_bar-1.0.dist-info/licenses/LICENSE.agpl", AGPL}}}, ""},
    {"licence file that is not there",
     {.metadata_more = "License-Expression: MIT\nLicense-File: LICENSE\n"}, ""},
    /* RECORD */
    {"no RECORD", {.without = "RECORD"}, "wheel-record"},
    {"file not listed", {.more_name = S("foo_bar/x.py"), .more = S("x"), .more_unlisted = true},
     "wheel-record"},
    {"file listed, not there", {.record_more = "foo_bar/none.py,,\n"}, "wheel-record-form"},
    {"... of another package", {.record_more = "numpy/none.py,,\n"}, "wheel-record"},
    {"... of a folder without __init__.py", {.more_name = S("space/x.py"), .more = S("x"), .record_more = "space/none.py,,\n"},
     "wheel-record"},
    {"... on top", {.record_more = "none.py,,\n"}, "wheel-record"},
    {"... by a way out", {.record_more = "foo_bar/../numpy/none.py,,\n"}, "wheel-record"},
    {"... by a way out of Windows", {.record_more = "foo_bar/..\\numpy\\none.py,,\n"}, "wheel-record"},
    {"... without a name", {.record_more = "foo_bar//none.py,,\n"}, "wheel-record"},
    {"hash in hexadecimal digits", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=" X_HEX ",1\n"}, "wheel-record-form"},
    {"... of something else", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=0000" X_HEX_END ",1\n"},
     "wheel-record-form wheel-record-hash"},
    {"... cut short", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=" X_HEX_END ",1\n"}, "wheel-record"},
    {"file listed twice", {.record_twice = true}, "wheel-record"},
    {"no hash", {.hash = ""}, "wheel-record"},
    {"md5", {.hash = "md5"}, "wheel-record"},
    {"wrong hash", {.wrong_hash = true}, "wheel-record-hash"},
    {"wrong hash, sha512", {.wrong_hash = true, .hash = "sha512"}, "wheel-record-hash"},
    {"wrong size", {.wrong_size = true}, "wheel-record"},
    {"padded hash", {.padded = true}, "wheel-record"},
    {"two fields", {.record_more = "foo_bar/x.py,\n"}, "wheel-record"},
    {"four fields", {.record_more = "foo_bar/x.py,,,\n"}, "wheel-record"},
    {"open quote", {.record_more = "\"foo_bar/x.py,,\n"}, "wheel-record"},
    {"text after a quote", {.record_more = "\"foo_bar\"/x.py,,\n"}, "wheel-record"},
    {"listed by hand", {X_UNLISTED, .record_more = LISTED ",1\n"}, ""},
    {"listed without a size", {X_UNLISTED, .record_more = LISTED ",\n"}, ""},
    {"listed in quotes", {X_UNLISTED, .record_more = "\"foo_bar/x.py\",\"sha256=" X_HASH "\",\"1\"\n"}, ""},
    {"listed by a name with a quote", {X_UNLISTED, .record_more = "\"foo_bar/\"\"x.py\",sha256=" X_HASH ",1\n"}, "wheel-record wheel-record-form"},
    {"size of no number", {X_UNLISTED, .record_more = LISTED ",1x\n"}, "wheel-record"},
    {"hash with bits left over", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIF,1\n"}, "wheel-record"},
    {"hash cut short", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSI,1\n"}, "wheel-record"},
    {"hash in the other base64", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=+XEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n"}, "wheel-record"},
    {"hash of an unknown algorithm", {X_UNLISTED, .record_more = "foo_bar/x.py,sha3_256=" X_HASH ",1\n"}, "wheel-record"},
    {"hash shorter than its algorithm's", {X_UNLISTED, .record_more = "foo_bar/x.py,sha384=" X_HASH ",1\n"}, "wheel-record"},
    {"carriage return in a line", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=" X_HASH "\r,1\n"}, "wheel-record"},
    {"quote inside a field", {X_UNLISTED, .record_more = "foo_bar/x.py,sha256=" X_HASH ",1\"\n"}, "wheel-record"},
    {"no line feed at the end", {X_UNLISTED, .record_more = LISTED ",1"}, ""},
    {"empty lines", {X_UNLISTED, .record_more = "\n\r\n" LISTED ",1\n\n"}, ""},
    {"folder listed", {.extra_folder = true, .record_more = "foo_bar/,,\n"}, "wheel-record"},
    {"signature without hash",
     {.more_name = S("foo_bar-1.0.dist-info/RECORD.p7s"), .more = S("x"), .more_unlisted = true,
      .record_more = "foo_bar-1.0.dist-info/RECORD.p7s,,\n"}, ""},
    {"signature that is not listed",
     {.more_name = S("foo_bar-1.0.dist-info/RECORD.p7s"), .more = S("x"), .more_unlisted = true}, ""},
    {"RECORD of something else without hash",
     {.more_name = S("foo_bar/RECORD"), .more = S("x"), .more_unlisted = true,
      .record_more = "foo_bar/RECORD,,\n"}, "wheel-record"},
    /* T17 */
    {"T17: unchecked pyc", {.more_name = S("foo_bar/__pycache__/x.cpython-312.pyc"),
                            .more = S("\xcb\r\r\n\1\0\0\0hashhash")}, "pyc-unchecked pyc-without-source"},
    {"T17: unchecked pyc in capitals", {.more_name = S("foo_bar/x.PYC"),
                                        .more = S("\xcb\r\r\n\1\0\0\0hashhash")}, "pyc-unchecked pyc-without-source"},
    {"script name with a path", {.entry_points = "[console_scripts]\n../pip = foo_bar:main\n"},
     "entry-points"},
    {"script name with a blank", {.entry_points = "[gui_scripts]\na b = foo_bar:main\n"},
     "entry-points"},
    {"entry without group", {.entry_points = "foo = foo_bar:main\n"}, "entry-points"},
    {"entry without object", {.entry_points = "[x]\nfoo\n"}, "entry-points"},
    {"entry with an empty object", {.entry_points = "[x]\nfoo = \n"}, "entry-points"},
    {"entry without name", {.entry_points = "[x]\n = a:b\n"}, "entry-points"},
    {"group without a name", {.entry_points = "[]\nfoo = a:b\n"}, "entry-points"},
    {"group of one letter", {.entry_points = "[x]\nfoo = a:b\n"}, ""},
    {"group not closed", {.entry_points = "[x\nfoo = a:b\n"}, "entry-points"},
    {"continued entry", {.entry_points = "[x]\nfoo = a:b\n  c = d:e\n"}, "entry-points"},
    {"script name behind a lone carriage return",
     {.entry_points = "[console_scripts]\na = foo:b\r../../pip = foo:b\n"}, "entry-points"},
    {"script name behind a line separator",
     {.entry_points = "[console_scripts]\na = foo:b\xe2\x80\xa8../../pip = foo:b\n"}, "entry-points"},
    {"script name behind a paragraph separator",
     {.entry_points = "[console_scripts]\na = foo:b\xe2\x80\xa9../../pip = foo:b\n"}, "entry-points"},
    {"script name behind a next line",
     {.entry_points = "[console_scripts]\na = foo:b\xc2\x85../../pip = foo:b\n"}, "entry-points"},
    {"entry behind a semicolon", {.entry_points = "[console_scripts]\n;/../../pip = foo:b\n"},
     "entry-points"},
    {"group in two brackets", {.entry_points = "[[console_scripts]]\n../../pip = foo:b\n"},
     "entry-points"},
    {"group with a bracket in it", {.entry_points = "[console]scripts]\na = foo:b\n"}, "entry-points"},
    {"comment with a number sign", {.entry_points = "[x]\n# a comment\nfoo = a:b\n"}, ""},
    {"entry points that are no text", {.entry_points = "[x]\nfoo = \xff\n"}, "entry-points"},
};
/* clang-format on */

/* What is found in the wheel of a row; how many faults of the row that makes. */
static int run_row(const char *label, const struct wheel_spec *spec, const char *findings)
{
    struct zb b;
    struct scan_run r;
    struct ch_scan_job job = wheel_job(spec);
    wheel_build(&b, spec);
    scan_run(&r, ch_wheel_inspect, &job, ch_buf_str(&b.bytes));
    char *found = scan_run_findings(&r);
    bool same = strcmp(found, findings) == 0;
    if (!same) {
        scan_run_print(&r);
        print_error("%s: found \"%s\", expected \"%s\"\n", label, found, findings);
    }
    free(found);
    scan_run_done(&r);
    zb_done(&b);
    return same ? 0 : 1;
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        wrong += run_row(rows[i].label, &rows[i].spec, rows[i].findings);
    }
    assert_int_equal(wrong, 0);
}

#define LINE  "# ................................................................\n"
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
#define TWO   .file_name = "foo_bar-1.0-py2.py3-none-any.whl"
#define REACHED                                                                                    \
    .more_name = S("foo_bar/tests/x.py"), .more = S(ACTS LINES),                                   \
    .entry_points = "[foo]\na = foo_bar.tests.x:go\n"

/* clang-format off */
/* Limits are lowered instead of building large wheels; the same code runs. */
static const struct {
    const char *label;
    struct wheel_spec spec;
    uint64_t *limit;
    uint64_t value;
    const char *findings;
} limited[] = {
    {"METADATA that is read", {.version = NULL}, &ch_limits.metadata_bytes, 1000, ""},
    {"METADATA larger than is read", {.version = NULL}, &ch_limits.metadata_bytes, 20,
     "wheel-metadata"},
    {"tests that are run and read again", {REACHED}, &ch_limits.member_whole_bytes, 2000,
     "import-network"},
    {"tests that are run and too large", {REACHED}, &ch_limits.member_whole_bytes, 1000, "limit"},
    {"tags that are read", {TWO, .tags = "Tag: py2.py3-none-any\n"}, &ch_limits.wheel_tags, 2, ""},
    {"too many tags of the file name", {TWO}, &ch_limits.wheel_tags, 1, "limit"},
    {"too many tags inside", {.tags = "Tag: py2.py3-none-any\n"}, &ch_limits.wheel_tags, 1,
     "wheel-tags"},
};
/* clang-format on */

static void test_limits(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(limited); i++) {
        const struct ch_limits before = ch_limits;
        *limited[i].limit = limited[i].value;
        wrong += run_row(limited[i].label, &limited[i].spec, limited[i].findings);
        ch_limits = before;
    }
    assert_int_equal(wrong, 0);
}

static void test_facts(void **state)
{
    (void)state;
    struct zb b;
    struct scan_run r;
    struct scan_run second;
    struct wheel_spec spec = {.entry_points = "[console_scripts]\nfoo = foo_bar:main\n"};
    struct ch_scan_job job = wheel_job(&spec);
    wheel_build(&b, &spec);
    scan_run(&r, ch_wheel_inspect, &job, ch_buf_str(&b.bytes));
    scan_run(&second, ch_second_opinion, &job, ch_buf_str(&b.bytes));
    assert_str_eq(scan_run_fact(&r, "name"), "foo-bar");
    assert_str_eq(scan_run_fact(&r, "version"), "1.0");
    assert_str_eq(scan_run_fact(&r, "tag"), "py3-none-any");
    assert_str_eq(scan_run_fact(&r, "root-is-purelib"), "true");
    assert_str_eq(scan_run_fact(&r, "entry-point"), "console_scripts foo = foo_bar:main");
    assert_true(ch_str_starts(scan_run_metadata(&r), CH_STR("Metadata-Version: 2.1\n")));
    assert_int_equal(scan_run_members(&r), 5);
    assert_true(scan_run_same_members(&r, &second));
    scan_run_done(&r);
    scan_run_done(&second);
    zb_done(&b);
}

/* A member whose content cannot be trusted must not pass RECORD silently either. */
static void test_zip_faults_come_through(void **state)
{
    (void)state;
    struct zb b;
    struct scan_run r;
    struct wheel_spec spec = {.end = {.after = S("x")}};
    struct ch_scan_job job = wheel_job(&spec);
    wheel_build(&b, &spec);
    scan_run(&r, ch_wheel_inspect, &job, ch_buf_str(&b.bytes));
    char *found = scan_run_findings(&r);
    assert_string_equal(found, "zip-trailing-data");
    free(found);
    scan_run_done(&r);
    zb_done(&b);
}

/* The first opinion needs nothing but memory either, whichever digest RECORD asks for. */
static void test_jailed(void **state)
{
    (void)state;
    struct zb b;
    struct ch_err err;
    int status;
    struct wheel_spec spec = {.hash = "sha512", .entry_points = "[x]\na = b:c\n"};
    struct ch_scan_job job = wheel_job(&spec);
    wheel_build(&b, &spec);
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_ch_ok(&err, ch_second_prepare(&err));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b.bytes.ptr, .len = b.bytes.len};
        struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
        test_confine();
        bool ok = ch_wheel_inspect(&job, &in, w, &err) == CH_OK && ch_scan_writer_findings(w) == 0;
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
    zb_done(&b);
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct zb b;
        wheel_build(&b, &rows[i].spec);
        if (!corpus_write(dir, rows[i].label, ch_buf_str(&b.bytes))) {
            perror(dir);
            return 1;
        }
        zb_done(&b);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return write_corpus(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_facts),       cmocka_unit_test(test_jailed),
        cmocka_unit_test(test_zip_faults_come_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
