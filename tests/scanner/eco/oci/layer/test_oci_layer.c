/* Layers of images: what is found and told of their content, and the honest layer that comes
 * nearest. */
#include "tests/ch_test.h"

#include "customhouse/limits.h"
#include "corpus.h"
#include "pack.h"
#include "tar_build.h"
#include "tests/scanner/eco/oci/opinions.h"
#include "scanner/eco/oci/layer/layer.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define F(n, c)                                                                                    \
    {                                                                                              \
        .name = S(n), .content = S(c)                                                              \
    }
#define FM(n, c, m)                                                                                \
    {                                                                                              \
        .name = S(n), .content = S(c), .patch = {                                                  \
            {MODE_AT, S(m "\0")},                                                                  \
        }                                                                                          \
    }
#define DM(n, m)                                                                                   \
    {                                                                                              \
        .type = '5', .name = S(n), .patch = {                                                      \
            {MODE_AT, S(m "\0")},                                                                  \
        }                                                                                          \
    }
#define L(t, n, to)                                                                                \
    {                                                                                              \
        .type = (t), .name = S(n), .link = S(to)                                                   \
    }
#define LM(t, n, to, m)                                                                            \
    {                                                                                              \
        .type = (t), .name = S(n), .link = S(to), .patch = {                                       \
            {MODE_AT, S(m "\0")},                                                                  \
        }                                                                                          \
    }
#define PAX(records)                                                                               \
    {                                                                                              \
        .type = 'x', .name = S("PaxHeaders/x"), .pax = S(records)                                  \
    }
#define SITE  "usr/lib/python3/dist-packages/"
#define VENV  "app/venv/lib/python3.12/site-packages/"
#define META  "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"
#define INFO  "foo-1.0.dist-info/"
#define CALLS "import urllib.request\nurllib.request.urlopen('http://example.org/x')\n"
#define STATUS                                                                                     \
    "Package: a\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: amd64\nSource: b "    \
    "(2)\n\n"
#define ELF                                                                                        \
    "\x7f"                                                                                         \
    "ELF"
#define TOKEN "glpat-AbCdEfGhI1jK2lM3nO4p"
#define A30   "AbCdEfGhI1jK2lM3nO4pQ5rS6tU7vW"
#define KEY   "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA" A30 A30 "\n"

enum { MODE_AT = 100 };

static const struct row {
    const char *label;
    const char *says; /* findings and facts but diff-id, in their order */
    struct tb_member members[6];
} rows[] = {
    {"nothing", "", {F("etc/hostname", "x\n")}},
    {"distribution",
     "distribution=debian 12\n",
     {F("etc/os-release", "VERSION_ID=\"12\"\nID=debian\n"), F("opt/os-release", "ID=x\n")}},
    {"distribution without a version",
     "distribution=arch\n",
     {F("usr/lib/os-release", "ID=arch\n")}},
    /* Python packages: as in a wheel, and nothing else */
    {"source that nobody installed",
     "",
     {F("opt/x.py", CALLS), F("usr/lib/python3.11/x.py", CALLS)}},
    {"folder without packages", "", {F(SITE "foo/__init__.py", CALLS)}},
    {"package",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F(SITE INFO "METADATA", META), F(SITE "foo/__init__.py", CALLS)}},
    {"package whose metadata come last",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F(SITE "foo/__init__.py", CALLS), F(SITE INFO "METADATA", META)}},
    {"package in another tree",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F(VENV "foo/__init__.py", CALLS), F(VENV INFO "METADATA", META)}},
    {"package, absolute",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("/" VENV "foo/__init__.py", CALLS), F("./" VENV INFO "METADATA", META)}},
    {"honest package",
     "package=python foo 1.0 - - -\n",
     {F(VENV "foo/__init__.py", "x = 1\n"), F(VENV INFO "METADATA", META)}},
    {"module by RECORD",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F(VENV "bar.py", CALLS), F(VENV INFO "METADATA", META), F(VENV INFO "RECORD", "bar.py,,\n")}},
    {"file that RECORD does not list",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F(VENV "foo/a.py", ""), F(VENV "foo/evil.py", CALLS), F(VENV INFO "METADATA", META),
      F(VENV INFO "RECORD", "foo/a.py,,\n")}},
    {"module of nobody",
     "package=python foo 1.0 - - -\n",
     {F(VENV "bar.py", CALLS), F(VENV INFO "METADATA", META)}},
    {"RECORD of before a change",
     "package=python foo 1.0 - - -\n! oci-record\n",
     {F(VENV "foo.py", "x = 1\n"), F(VENV INFO "METADATA", META),
      F(VENV INFO "RECORD", "foo.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")}},
    {"as RECORD has it",
     "package=python foo 1.0 - - -\n",
     {F(VENV "foo.py", ""), F(VENV INFO "METADATA", META),
      F(VENV INFO "RECORD", "foo.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")}},
    {"what a distribution owns, with a .dist-info",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("var/lib/dpkg/info/x.list", "/" SITE "foo/a.py\n"), F(SITE "foo/a.py", CALLS),
      F(SITE INFO "METADATA", META)}},
    {"start code",
     "! start-code\n",
     {F(SITE "x.pth", "import urllib.request; urllib.request.urlopen('http://example.org/x')\n")}},
    {"start code, sitecustomize", "! start-code\n", {F(VENV "sitecustomize.py", CALLS)}},
    {"start code that imports a loose module",
     "! start-code\n",
     {F(VENV "x.pth", "import evil\n"), F(VENV "evil.py", CALLS)}},
    {"start code of a package that a distribution owns",
     "",
     {F("var/lib/dpkg/info/x.list", "/" SITE "evil.py\n/" SITE "x.pth\n"),
      F(SITE "x.pth", "import sys\n"), F(SITE "evil.py", CALLS)}},
    {"paths, not code", "", {F(SITE "x.pth", "/opt/more\n")}},
    {"link to code elsewhere",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("opt/x.txt", CALLS), L('2', VENV "foo/x.py", "/opt/x.txt"), F(VENV INFO "METADATA", META)}},
    {"link to code elsewhere, relative",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("app/x.txt", CALLS), L('2', VENV "foo/x.py", "../../../../../x.txt"),
      F(VENV INFO "METADATA", META)}},
    {"hard link to code elsewhere",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("opt/x.txt", CALLS), L('1', VENV "foo/x.py", "opt/x.txt"), F(VENV INFO "METADATA", META)}},
    {"link to what is not here",
     "package=python foo 1.0 - - -\n! oci-python-link\n",
     {L('2', VENV "foo/x.py", "/opt/x.txt"), F(VENV INFO "METADATA", META)}},
    {"folder that is a link",
     "package=python foo 1.0 - - -\n! oci-python-link\n",
     {L('2', VENV "foo", "/opt/foo"), F(VENV INFO "METADATA", META)}},
    {"hard link to what a link replaces later",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("opt/x.txt", "x = 1\n"), F(VENV "a.txt", CALLS), L('1', VENV "foo/x.py", VENV "a.txt"),
      L('2', VENV "a.txt", "/opt/x.txt"), F(VENV INFO "METADATA", META)}},
    {"hard link to a link among packages",
     "package=python foo 1.0 - - -\n! import-network\n",
     {F("opt/x.txt", CALLS), L('2', VENV "a.txt", "/opt/x.txt"),
      L('1', VENV "foo/x.py", VENV "a.txt"), F(VENV INFO "METADATA", META)}},
    {"link to a file that comes twice",
     "package=python foo 1.0 - - -\n! oci-python-link\n",
     {F("opt/x.txt", "x = 1\n"), F("opt/x.txt", CALLS), L('2', VENV "foo/x.py", "/opt/x.txt"),
      F(VENV INFO "METADATA", META)}},
    {"folder of packages that is a link",
     "! oci-python-link\n",
     {F("opt/x/sitecustomize.py", CALLS), L('2', "usr/lib/python3.12/site-packages", "/opt/x")}},
    {"folder of packages that is a link to another one",
     "! start-code\n",
     {F(VENV "sitecustomize.py", CALLS), L('2', "lib/site-packages", "/" VENV)}},
    {"text that is a link",
     "package=python foo 1.0 - - -\n",
     {L('2', VENV "foo/LICENSE.txt", "/usr/share/x"), F(VENV INFO "METADATA", META)}},
    {"metadata that cannot be read", "! wheel-metadata\n", {F(VENV INFO "METADATA", "x")}},
    {"older form", "package=python foo 1.0 - - -\n", {F(SITE "foo.egg-info", META)}},
    /* secrets */
    {"private key", "! oci-secret\n", {F("root/.ssh/id_rsa", KEY)}},
    {"token", "! oci-secret\n", {F("app/.env", "A=1\nT=" TOKEN "\n")}},
    {"private key among tests", "! oci-secret-test\n", {F("app/tests/a.pem", KEY)}},
    {"private key in a test by its name",
     "! oci-secret-test\n",
     {F("usr/share/go/a_test.go", KEY)}},
    {"private key in documentation", "! oci-secret-test\n", {F("usr/share/doc/a/b.pem", KEY)}},
    {"program that knows keys", "", {F("usr/bin/x", ELF "\0\0" KEY)}},
    {"public key", "", {F("etc/a.pem", "-----BEGIN PUBLIC KEY-----\n" A30 A30 "\n")}},
    /* rights */
    {"setuid", "! oci-setuid-unowned\n", {FM("usr/bin/su", ELF, "0004755")}},
    {"setgid", "! oci-setuid-unowned\n", {FM("usr/bin/su", ELF, "0002755")}},
    {"setuid, not to be run", "", {FM("usr/bin/su", ELF, "0004644")}},
    {"setuid, of a package",
     "! oci-setuid\n",
     {FM("usr/bin/su", ELF, "0004755"), F("var/lib/dpkg/info/x.list", "/.\n/bin\n/bin/su\n")}},
    {"hard link that gives its file the right",
     "! oci-setuid-unowned\n",
     {FM("usr/bin/su", ELF, "0000755"), LM('1', "usr/bin/su2", "usr/bin/su", "0004755")}},
    {"hard link that lets all change its file",
     "! oci-writable\n",
     {FM("opt/x", "x", "0000755"), LM('1', "usr/bin/x", "opt/x", "0000777")}},
    {"hard link that gives capabilities",
     "! oci-setuid-unowned\n",
     {F("bin/ping", "x"), PAX("SCHILY.xattr.security.capability=\1\0\0\2\n"),
      L('1', "bin/ping2", "bin/ping")}},
    {"symbolic link, which has no rights",
     "",
     {FM("usr/bin/su", ELF, "0000755"), LM('2', "usr/bin/su2", "su", "0004777")}},
    {"capabilities",
     "! oci-setuid-unowned\n",
     {PAX("SCHILY.xattr.security.capability=\1\0\0\2\n"), F("bin/ping", "x")}},
    {"commands that all may change", "! oci-writable\n", {DM("usr/local/bin/", "0000777")}},
    {"command that all may change", "! oci-writable\n", {FM("usr/local/bin/x", "x", "0000666")}},
    {"folder that all may use", "", {DM("tmp/", "0001777"), DM("srv/", "0000777")}},
    {"program of nobody",
     "! oci-unowned\n",
     {FM("usr/bin/a", ELF, "0000755"), FM("usr/bin/b", "#!/bin/sh\n", "0000755"),
      F("var/lib/dpkg/info/x.list", "/usr/bin/b\n")}},
    {"program of nobody, where nobody says", "", {FM("usr/bin/a", ELF, "0000755")}},
    {"program that apk owns",
     "package=apk x 1 - - -\n",
     {F("lib/apk/db/installed", "P:x\nV:1\nF:usr/bin\nR:a\n\n"), FM("usr/bin/a", ELF, "0000755")}},
    {"script that dpkg keeps",
     "",
     {FM("var/lib/dpkg/info/x.postinst", "#!/bin/sh\n", "0000755"),
      F("var/lib/dpkg/info/x.list", "/x\n")}},
    /* packages */
    {"dpkg", "package=deb a 1:2-3 amd64 b 2\n", {F("var/lib/dpkg/status", STATUS)}},
    {"dpkg, none", "", {F("var/lib/dpkg/status", "")}},
    {"dpkg, broken", "! oci-inventory\n", {F("var/lib/dpkg/status", "x\n")}},
    {"distroless",
     "package=deb a 1:2-3 amd64 b 2\n",
     {F("var/lib/dpkg/status.d/a", STATUS), F("var/lib/dpkg/status.d/a.md5sums", "x\n")}},
    {"apk", "package=apk x 1 y z -\n", {F("lib/apk/db/installed", "P:x\nV:1\nA:y\no:z\n\n")}},
    {"rpm's manifest",
     "package=rpm a 1:2-3 x86_64 a-2-3.src.rpm -\n",
     {F("var/lib/rpmmanifest/container-manifest-2",
        "a\t2-3\t1\t1\tv\t1\t9\tx86_64\t1\ta-2-3.src.rpm\n")}},
    {"rpm, older", "! oci-inventory-unread\n", {F("var/lib/rpm/Packages", "x")}},
    {"rpm, broken", "! oci-inventory\n", {F("var/lib/rpm/rpmdb.sqlite", "x")}},
    {"npm",
     "package=npm @a/b 1.0 - - -\n",
     {F("app/node_modules/@a/b/package.json", "{\"name\":\"@a/b\",\"version\":\"1.0\"}"),
      F("app/package.json", "{\"name\":\"app\",\"version\":\"1.0\"}"),
      F("app/node_modules/c/lib/package.json", "{\"name\":\"d\",\"version\":\"1.0\"}"),
      F("app/node_modules/e/package.json", "{\"type\":\"module\"}")}},
    {"npm with a licence",
     "package=npm a 1.0 - - - (MIT%20OR%20GPL-2.0)\n",
     {F("node_modules/a/package.json",
        "{\"name\":\"a\",\"version\":\"1.0\",\"license\":\"(MIT OR GPL-2.0)\"}")}},
    {"apk with a licence",
     "package=apk x 1 - - - BSD\n",
     {F("lib/apk/db/installed", "P:x\nV:1\nL:BSD\n\n")}},
    {"python with a licence",
     "package=python foo 1.0 - - - MIT\n",
     {F(SITE INFO "METADATA", "Metadata-Version: 2.4\nName: foo\nVersion: 1.0\n"
                              "License-Expression: MIT\n\n")}},
    {"conda with a licence",
     "package=conda x 1.0 noarch - - BSD-3-Clause\n",
     {F("opt/conda/conda-meta/x-1.0-0.json",
        "{\"name\":\"x\",\"version\":\"1.0\",\"subdir\":\"noarch\",\"license\":\"BSD-3-Clause\"}")}},
    {"npm, words",
     "package=npm a%25b 1.0 - - -\n",
     {F("node_modules/a/package.json", "{\"name\":\"a%b\",\"version\":\"1.0\"}")}},
    {"npm, broken", "! oci-inventory-unread\n", {F("node_modules/a/package.json", "{")}},
    {"conda",
     "package=conda a 1.0 linux-64 - -\n",
     {F("opt/conda/conda-meta/a-1.0-0.json",
        "{\"name\":\"a\",\"version\":\"1.0\",\"subdir\":\"linux-64\"}"),
      F("opt/conda/conda-meta/history", "x")}},
    {"jar that is none", "", {F("app/a.jar", "x")}},
    {"jar with something before it",
     "! oci-inventory-unread\n",
     {F("app/a.jar", "#!/bin/sh\nPK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")}},
    /* what some clients unpack, and others read as it is */
    {"archive that begins as bzip2", "! oci-ambiguous\n", {F("BZh91AY&SY", "x")}},
    {"name that begins nearly so", "", {F("BZhx", "x")}},
};

/* Lines but those of members and of the diff ID. */
static void put_said(struct ch_str all, struct ch_buf *ret)
{
    struct ch_str line;
    while (all.len > 0 && ch_str_split(&all, '\n', &line)) {
        if (ch_str_starts(line, CH_STR("! ")) || ch_str_starts(line, CH_STR("package")) ||
            ch_str_starts(line, CH_STR("distribution"))) {
            ch_buf_puts(ret, line);
            ch_buf_putc(ret, '\n');
        }
    }
}

static void put_members(struct ch_str all, struct ch_buf *ret)
{
    struct ch_str line;
    while (all.len > 0 && ch_str_split(&all, '\n', &line)) {
        if (ch_str_starts(line, CH_STR("file ")) || ch_str_starts(line, CH_STR("dir ")) ||
            ch_str_starts(line, CH_STR("symlink ")) || ch_str_starts(line, CH_STR("other "))) {
            ch_buf_puts(ret, line);
            ch_buf_putc(ret, '\n');
        }
    }
}

static const struct ch_scan_job job = {.profile = S("oci-layer")};
static const char *corpus_dir;

static void write_corpus(const char *label, struct ch_str bytes)
{
    struct ch_buf file; /* the first byte: take it as it is */
    ch_buf_init(&file, bytes.len + 1);
    ch_buf_putc(&file, '\0');
    ch_buf_puts(&file, bytes);
    assert_true(corpus_write(corpus_dir, label, ch_buf_str(&file)));
    ch_buf_done(&file);
}

static void build(struct tb *b, const struct tb_member *members, size_t count)
{
    tb_init(b);
    for (size_t i = 0; i < count && members[i].name.ptr != NULL; i++) {
        tb_add(b, &members[i]);
    }
    tb_end(b);
}

static int run(const char *label, struct ch_str bytes, const char *says)
{
    struct ch_buf first;
    struct ch_buf second;
    struct ch_buf said;
    struct ch_buf members[2];
    ch_buf_init(&first, 1 << 26);
    ch_buf_init(&second, 1 << 26);
    ch_buf_init(&said, 1 << 26);
    ch_buf_init(&members[0], 1 << 26);
    ch_buf_init(&members[1], 1 << 26);
    opinion_text(label, ch_oci_layer_inspect, &job, bytes, false, &first);
    opinion_text(label, ch_oci_layer_second, &job, bytes, false, &second);
    put_said(ch_buf_str(&first), &said);
    put_members(ch_buf_str(&first), &members[0]);
    put_members(ch_buf_str(&second), &members[1]);
    int bad = !ch_str_eq(ch_buf_str(&said), ch_str_of(says)) ||
              !ch_str_eq(ch_buf_str(&members[0]), ch_buf_str(&members[1]));
    if (bad) {
        ch_buf_clear(&first);
        opinion_text(label, ch_oci_layer_inspect, &job, bytes, true, &first);
        print_error("%s:\n%.*s\nexpected\n%s\nsecond:\n%.*s\n", label,
                    CH_STR_ARG(ch_buf_str(&first)), says, CH_STR_ARG(ch_buf_str(&members[1])));
    }
    ch_buf_done(&first);
    ch_buf_done(&second);
    ch_buf_done(&said);
    ch_buf_done(&members[0]);
    ch_buf_done(&members[1]);
    return bad;
}

static void each_row(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct tb b;
        build(&b, rows[i].members, CH_ARRAY_LEN(rows[i].members));
        wrong += run(rows[i].label, ch_buf_str(&b.bytes), rows[i].says);
        if (corpus_dir != NULL) {
            write_corpus(rows[i].label, ch_buf_str(&b.bytes));
        }
        tb_done(&b);
    }
    assert_int_equal(wrong, 0);
}

/* Packed or not, it is the same layer, with the same diff ID. */
static void packed(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        enum ch_stream_format format;
    } formats[] = {{"gzip", CH_STREAM_GZIP}, {"zstd", CH_STREAM_ZSTD}};
    static const struct tb_member members[] = {
        F(SITE INFO "METADATA", META), F(SITE "foo/__init__.py", CALLS), F("app/.env", TOKEN)};
    struct tb b;
    struct ch_buf plain;
    build(&b, members, CH_ARRAY_LEN(members));
    ch_buf_init(&plain, 1 << 20);
    opinion_text("plain", ch_oci_layer_inspect, &job, ch_buf_str(&b.bytes), false, &plain);
    assert_true(ch_str_find(ch_buf_str(&plain), CH_STR("diff-id=sha256:"), NULL));
    ch_buf_putc(&plain, '\0');
    for (size_t i = 0; i < CH_ARRAY_LEN(formats); i++) {
        struct ch_buf bytes;
        ch_buf_init(&bytes, 1 << 20);
        pack(&bytes, formats[i].format, ch_buf_str(&b.bytes));
        opinion_is(formats[i].label, ch_oci_layer_inspect, &job, ch_buf_str(&bytes), plain.ptr);
        ch_buf_done(&bytes);
    }
    ch_buf_done(&plain);
    tb_done(&b);
}

/* What only some runtimes unpack, or unpack further than others. */
static void streams(void **state)
{
    (void)state;
    static const struct tb_member members[] = {F("a", "x")};
    static const struct ch_str skippable = S("\x50\x2a\x4d\x18\4\0\0\0toc!");
    struct tb b;
    struct ch_buf bytes;
    build(&b, members, CH_ARRAY_LEN(members));
    struct ch_str tar = ch_buf_str(&b.bytes);
    ch_buf_init(&bytes, 1 << 20);
    static const struct {
        enum ch_stream_format format;
        bool before, after, twice, trailing;
        const char *finding;
    } cases[] = {
        {CH_STREAM_ZSTD, true, false, false, false, "! stream-skippable-frame"},
        {CH_STREAM_ZSTD, false, true, false, false, "! stream-skippable-frame"},
        {CH_STREAM_ZSTD, false, false, true, false, "! stream-members"},
        {CH_STREAM_GZIP, false, false, true, false, "! stream-members"},
        {CH_STREAM_GZIP, false, false, false, true, "! stream-trailing-data"},
        {CH_STREAM_BZIP2, false, false, false, false, "! tar-unreadable"},
        {CH_STREAM_XZ, false, false, false, false, "! tar-unreadable"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(cases); i++) {
        struct ch_buf text;
        ch_buf_init(&text, 1 << 20);
        ch_buf_clear(&bytes);
        ch_buf_puts(&bytes, cases[i].before ? skippable : CH_STR(""));
        pack(&bytes, cases[i].format, tar);
        if (cases[i].twice) {
            pack(&bytes, cases[i].format, CH_STR("more"));
        }
        ch_buf_puts(&bytes, cases[i].after ? skippable : CH_STR(""));
        ch_buf_puts(&bytes, cases[i].trailing ? CH_STR("more") : CH_STR(""));
        opinion_text("stream", ch_oci_layer_inspect, &job, ch_buf_str(&bytes), false, &text);
        if (!ch_str_find(ch_buf_str(&text), ch_str_of(cases[i].finding), NULL) ||
            ch_str_find(ch_buf_str(&text), CH_STR("diff-id"), NULL)) {
            fail_msg("%zu: expected %s:\n%.*s", i, cases[i].finding, CH_STR_ARG(ch_buf_str(&text)));
        }
        ch_buf_done(&text);
    }
    ch_buf_done(&bytes);
    tb_done(&b);
}

/* A client that goes by the media type reads a gzip stream as an archive where its first block is a
 * header: its name has room for one. */
static void packed_and_not(void **state)
{
    (void)state;
    enum { FIXED = 10, FLAGS_AT = 3, FLAG_NAME = 8, CHECKSUM_AT = 148, BLOCK = 512 };
    static const struct tb_member members[] = {F("a", "x")};
    struct tb b;
    struct ch_buf packed;
    build(&b, members, CH_ARRAY_LEN(members));
    ch_buf_init(&packed, 1 << 20);
    pack(&packed, CH_STREAM_GZIP, ch_buf_str(&b.bytes));
    assert_int_equal(packed.ptr[FLAGS_AT], 0);
    for (int right = 0; right < 2; right++) {
        char block[BLOCK + 1];
        char sum_text[9];
        unsigned sum = 0;
        memset(block, 'A', sizeof(block));
        memcpy(block, packed.ptr, FIXED);
        block[FLAGS_AT] = FLAG_NAME;
        block[BLOCK] = '\0';
        memset(block + CHECKSUM_AT, ' ', 8);
        for (size_t i = 0; i < BLOCK; i++) {
            sum += (uint8_t)block[i];
        }
        snprintf(sum_text, sizeof(sum_text), "%07o ", sum + (right == 0));
        memcpy(block + CHECKSUM_AT, sum_text, 8);
        struct ch_buf both;
        struct ch_buf text;
        ch_buf_init(&both, 1 << 20);
        ch_buf_init(&text, 1 << 20);
        ch_buf_put(&both, block, sizeof(block));
        ch_buf_puts(&both, ch_str_sub(ch_buf_str(&packed), FIXED, packed.len));
        opinion_text("both", ch_oci_layer_inspect, &job, ch_buf_str(&both), false, &text);
        assert_true(ch_str_find(ch_buf_str(&text), CH_STR("diff-id"), NULL));
        assert_int_equal(ch_str_find(ch_buf_str(&text), CH_STR("! oci-ambiguous"), NULL), right);
        ch_buf_done(&both);
        ch_buf_done(&text);
    }
    ch_buf_done(&packed);
    tb_done(&b);
}

/* Of two entries of one path and one size clients have the last: so it is judged, whether it was
 * kept at first or is met again. */
static void last_of_two(void **state)
{
    (void)state;
    enum { LEAST = 256, MOST = 4096, STEP = 16 };
    char same[sizeof(CALLS)];
    struct tb b;
    uint64_t before = ch_limits.layer_kept_bytes;
    memset(same, '#', sizeof(same) - 1);
    same[sizeof(same) - 1] = '\0';
    struct tb_member members[] = {
        F(VENV INFO "METADATA", META),
        {.name = S(VENV "foo/__init__.py"), .content = {same, sizeof(same) - 1}},
        F(VENV "foo/__init__.py", CALLS)};
    build(&b, members, CH_ARRAY_LEN(members));
    for (ch_limits.layer_kept_bytes = LEAST; ch_limits.layer_kept_bytes <= MOST;
         ch_limits.layer_kept_bytes += STEP) {
        struct ch_buf text;
        ch_buf_init(&text, 1 << 20);
        opinion_text("two", ch_oci_layer_inspect, &job, ch_buf_str(&b.bytes), false, &text);
        if (!ch_str_find(ch_buf_str(&text), CH_STR("! import-network"), NULL) &&
            !ch_str_find(ch_buf_str(&text), CH_STR("! limit"), NULL)) {
            fail_msg("%llu bytes kept: nothing is told",
                     (unsigned long long)ch_limits.layer_kept_bytes);
        }
        ch_buf_done(&text);
    }
    ch_limits.layer_kept_bytes = before;
    tb_done(&b);
}

/* Never a shorter list that looks complete. */
static void left_out(void **state)
{
    (void)state;
    static const struct tb_member members[] = {F("var/lib/dpkg/status", STATUS STATUS STATUS)};
    struct tb b;
    uint64_t before = ch_limits.layer_packages;
    build(&b, members, CH_ARRAY_LEN(members));
    ch_limits.layer_packages = 2;
    assert_int_equal(run("packages", ch_buf_str(&b.bytes),
                         "package=deb a 1:2-3 amd64 b 2\npackage=deb a 1:2-3 amd64 b 2\n"
                         "packages-left-out=1\n"),
                     0);
    ch_limits.layer_packages = before;
    tb_done(&b);
    before = ch_limits.layer_kept_bytes;
    static const struct tb_member python[] = {F(SITE INFO "METADATA", META), F(SITE INFO "x", ""),
                                              F(SITE "foo/__init__.py", "x = 1\n")};
    build(&b, python, CH_ARRAY_LEN(python));
    ch_limits.layer_kept_bytes = 64;
    assert_int_equal(run("kept", ch_buf_str(&b.bytes), "! limit\npackage=python foo 1.0 - - -\n"),
                     0);
    ch_limits.layer_kept_bytes = before;
    before = ch_limits.layer_sites;
    ch_limits.layer_sites = 0;
    assert_int_equal(run("sites", ch_buf_str(&b.bytes), "! limit\npackage=python foo 1.0 - - -\n"),
                     0);
    ch_limits.layer_sites = before;
    tb_done(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row),    cmocka_unit_test(packed),
        cmocka_unit_test(streams),     cmocka_unit_test(packed_and_not),
        cmocka_unit_test(last_of_two), cmocka_unit_test(left_out)};
    corpus_dir = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
