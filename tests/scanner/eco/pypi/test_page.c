/* Upstream pages: what good ones say, and that bad, lying and truncated ones are no answer. */
#include "tests/scanner/scan_text.h"

#include "customhouse/limits.h"
#include "scanner/eco/pypi/page/page.h"

#define HEX   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX2  "11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define META  "\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\""
#define FILE1 "\"filename\":\"foo-1.tar.gz\",\"url\":\"foo-1.tar.gz\",\"hashes\":{}"
#define URL1  "<https://example.org/simple/foo/foo-1.tar.gz>"

struct row {
    const char *label;
    struct ch_str input;
    const char *expect; /* the records, or after '!' a part of the error */
};

static void run_rows(ch_page_parse_fn *parse, const char *profile, const struct row *rows,
                     size_t count)
{
    struct ch_scan_job job = {.ecosystem = CH_STR("pypi"),
                              .profile = ch_str_of(profile),
                              .project = CH_STR("foo"),
                              .base_url = CH_STR("https://example.org/simple/foo/")};
    for (size_t i = 0; i < count; i++) {
        struct ch_buf text;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&text, 1 << 20);
        enum ch_code rc = scan_text(parse, &job, rows[i].input, &text, &err);
        if (rows[i].expect[0] == '!') {
            if (rc == CH_OK || strstr(err.msg, rows[i].expect + 1) == NULL) {
                fail_msg("%s: %s, \"%s\", expected \"%s\"", rows[i].label, ch_code_name(rc),
                         err.msg, rows[i].expect + 1);
            }
        } else if (rc != CH_OK || !ch_str_eq(ch_buf_str(&text), ch_str_of(rows[i].expect))) {
            fail_msg("%s: %s %s\n%.*sexpected\n%s", rows[i].label, ch_code_name(rc), err.msg,
                     CH_STR_ARG(ch_buf_str(&text)), rows[i].expect);
        }
        ch_buf_done(&text);
    }
}

#define MD5  "cccccccccccccccccccccccccccccccc"
#define MD5B "cccccccccccccccccccccccccccccccd"

static void json_pages(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"empty", CH_STR("{" META ",\"files\":[]}"), "head (foo)\n"},
        {"everything",
         CH_STR(
             "{\"meta\":{\"api-version\":\"1.4\",\"_last-serial\":7,\"x\":[]},\"name\":\"Foo\","
             "\"project-status\":{\"status\":\"quarantined\",\"reason\":\"why\"},\"versions\":"
             "[\"1\"],\"files\":[{\"filename\":\"foo-1-py3-none-any.whl\",\"url\":"
             "\"https://files.example.org/a/foo-1-py3-none-any.whl\",\"hashes\":{\"sha256\":\"" HEX
             "\",\"x\":\"y\"},\"requires-python\":\">=3.8\",\"size\":5,\"upload-time\":"
             "\"2024-01-17T16:53:12.779164Z\",\"yanked\":\"bad\",\"core-metadata\":{\"sha256\":"
             "\"" HEX2 "\"},\"provenance\":null,\"unknown\":1}]}"),
         "head (Foo) quarantined reason=why serial=7 times\n"
         "file foo-1-py3-none-any.whl <https://files.example.org/a/foo-1-py3-none-any.whl> "
         "sha256=00 size=5 at=2024-01-17T16:53:12.779164Z python=>=3.8 yanked=(bad) "
         "sidecar sha256=11\n"},
        {"a serial in a string, as a mirror writes it",
         CH_STR(
             "{\"meta\":{\"api-version\":\"1.4\",\"_last-serial\":\"34432672\"},\"name\":\"foo\","
             "\"files\":[]}"),
         "head (foo) serial=34432672\n"},
        {"a serial that is none",
         CH_STR("{\"meta\":{\"api-version\":\"1.4\",\"_last-serial\":[\"7\"]},\"name\":\"foo\","
                "\"files\":[]}"),
         "head (foo)\n"},
        {"bare file", CH_STR("{" META ",\"files\":[{" FILE1 "}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 "\n"},
        {"nulls and empty reason",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":null,\"size\":null,"
                "\"upload-time\":null,\"yanked\":\"\",\"core-metadata\":null}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 "\n"},
        {"yanked and sidecar plainly",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"yanked\":true,\"core-metadata\":true}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 " yanked=() sidecar\n"},
        {"old name of the sidecar key, unknown hash",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"dist-info-metadata\":{\"x\":\"y\"}}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 " sidecar\n"},
        {"the strongest other hash",
         CH_STR("{" META ",\"files\":[{\"filename\":\"foo-1.tar.gz\",\"url\":\"foo-1.tar.gz\","
                "\"hashes\":{\"md5\":\"" MD5B "\",\"sha512\":\"" MD5 MD5 MD5 MD5 "\"}}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 " sha512=cc\n"},
        {"a malformed other hash",
         CH_STR("{" META ",\"files\":[{\"filename\":\"foo-1.tar.gz\",\"url\":\"foo-1.tar.gz\","
                "\"hashes\":{\"sha512\":\"" MD5 "\"}}]}"),
         "!files[0].hashes.sha512: expected as many hex digits"},
        {"newer key wins",
         CH_STR("{" META ",\"files\":[{" FILE1
                ",\"core-metadata\":false,\"dist-info-metadata\":true}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 "\n"},
        {"relative URL",
         CH_STR("{" META ",\"files\":[{\"filename\":\"foo-1.zip\",\"url\":\"../../f/./foo-1.zip\","
                "\"hashes\":{}}]}"),
         "head (foo)\nfile foo-1.zip <https://example.org/f/foo-1.zip>\n"},
        {"repeated", CH_STR("{" META ",\"files\":[{" FILE1 "},{" FILE1 "},{" FILE1 "}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 "\n"},
        {"unusable files are left out",
         CH_STR(
             "{" META ",\"files\":[{\"filename\":\"../x\",\"url\":\"x\",\"hashes\":{}},"
             "{\"filename\":\"a.whl\",\"url\":\"file:///etc/passwd\",\"hashes\":{}},"
             "{\"filename\":\"b.whl\",\"url\":\"https://u:p@example.org/b.whl\",\"hashes\":{}}]}"),
         "head (foo)\nskipped=../x\nskipped=a.whl\nskipped=b.whl\n"},
        {"addresses with a space, a control byte, and of another scheme",
         CH_STR("{" META
                ",\"files\":[{\"filename\":\"a.whl\",\"url\":\"https://example.org/a b.whl\"},"
                "{\"filename\":\"b.whl\",\"url\":\"https://example.org/\\u0001\"},"
                "{\"filename\":\"c.whl\",\"url\":\"ftp://example.org/c.whl\"}]}"),
         "head (foo)\nfile a.whl <https://example.org/a%20b.whl>\nskipped=b.whl\nskipped=c.whl\n"},
        {"requires-python with control bytes",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\">=3.8 <\\u001b[31m\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\n"},
        {"requires-python with a letter that looks like one",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\">=3.\\uff18\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\n"},
        {"requires-python with a number that no client reads",
         CH_STR("{" META ",\"files\":[{" FILE1
                ",\"requires-python\":\">=3.1234567890123456789\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\n"},
        {"no bytes", CH_STR(""), "!JSON: line 1, column 0"},
        {"html", CH_STR("<!DOCTYPE html><html></html>"), "!JSON: line 1, column 1"},
        {"truncated", CH_STR("{" META ",\"files\":[{" FILE1 "}"), "!JSON: line 1"},
        {"trailing", CH_STR("{" META ",\"files\":[]}x"), "!JSON: line 1"},
        {"array", CH_STR("[]"), "!expected an object, found an array"},
        {"duplicate key", CH_STR("{" META ",\"files\":[],\"files\":[]}"), "!duplicate object key"},
        {"duplicate key in a file", CH_STR("{" META ",\"files\":[{" FILE1 ",\"url\":\"x\"}]}"),
         "!duplicate object key"},
        {"latin-1", CH_STR("{" META ",\"files\":[],\"x\":\"\xe9\"}"), "!JSON: line 1"},
        {"UTF-16", CH_STR("\xff\xfe{\0}\0"), "!JSON: line 1"},
        {"NUL in a name",
         CH_STR("{" META ",\"files\":[{\"filename\":\"a\\u0000b\",\"url\":\"x\",\"hashes\":{}}]}"),
         "!JSON: line 1"},
        {"no meta", CH_STR("{\"name\":\"foo\",\"files\":[]}"),
         "!meta: expected an object, found nothing"},
        {"major version",
         CH_STR("{\"meta\":{\"api-version\":\"2.0\"},\"name\":\"foo\",\"files\":[]}"),
         "!meta.api-version: expected major version 1, found 2"},
        {"no version", CH_STR("{\"meta\":{\"api-version\":\"one\"},\"name\":\"foo\",\"files\":[]}"),
         "!meta.api-version: expected \"1.N\""},
        {"minor version of no digits",
         CH_STR("{\"meta\":{\"api-version\":\"1.x\"},\"name\":\"foo\",\"files\":[]}"),
         "!meta.api-version: expected \"1.N\""},
        {"major version of no digits",
         CH_STR("{\"meta\":{\"api-version\":\"x.1\"},\"name\":\"foo\",\"files\":[]}"),
         "!meta.api-version: expected \"1.N\""},
        {"no project's name",
         CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"-foo\",\"files\":[]}"),
         "!name: expected a project name"},
        {"another project",
         CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"bar\",\"files\":[]}"),
         "!the page is about \"bar\", asked for \"foo\""},
        {"no files", CH_STR("{" META "}"), "!files: expected an array, found nothing"},
        {"file is a string", CH_STR("{" META ",\"files\":[\"x\"]}"),
         "!files[0]: expected an object, found \"x\""},
        {"hash too short",
         CH_STR("{" META ",\"files\":[{" FILE1 "},{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{"
                "\"sha256\":\"abc\"}}]}"),
         "!files[1].hashes.sha256: expected 64 hex digits, not all of them 0, found \"abc\""},
        {"hash is a number",
         CH_STR("{" META
                ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha256\":1}}]}"),
         "!files[0].hashes.sha256: expected a string, found 1"},
        {"no hashes", CH_STR("{" META ",\"files\":[{\"filename\":\"b.whl\",\"url\":\"b.whl\"}]}"),
         "head (foo)\nfile b.whl <https://example.org/simple/foo/b.whl>\n"},
        {"hashes are a list",
         CH_STR("{" META ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":[]}]}"),
         "!files[0].hashes: expected an object, found an array"},
        {"negative size", CH_STR("{" META ",\"files\":[{" FILE1 ",\"size\":-1}]}"),
         "!files[0].size: expected a size of 0 or more, found -1"},
        {"size as text", CH_STR("{" META ",\"files\":[{" FILE1 ",\"size\":\"1\"}]}"),
         "!files[0].size: expected an integer, found \"1\""},
        {"time without zone",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"upload-time\":\"2024-01-17T16:53:12\"}]}"),
         "!files[0].upload-time: expected a time in UTC (RFC 3339), found \"2024-01-17T16:53:12\""},
        {"requires-python is a number",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":3}]}"),
         "!files[0].requires-python: expected a string, found 3"},
        {"requires-python under its older name is a number",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires_python\":3}]}"),
         "!files[0].requires_python: expected a string, found 3"},
        {"time as a number", CH_STR("{" META ",\"files\":[{" FILE1 ",\"upload-time\":5}]}"),
         "!files[0].upload-time: expected a string, found 5"},
        {"name is a number", CH_STR("{" META ",\"files\":[{\"filename\":1,\"url\":\"b\"}]}"),
         "!files[0].filename: expected a string, found 1"},
        {"no address", CH_STR("{" META ",\"files\":[{\"filename\":\"b\"}]}"),
         "!files[0].url: expected a string, found nothing"},
        {"sidecar with a malformed hash",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"core-metadata\":{\"sha256\":\"x\"}}]}"),
         "!files[0].core-metadata.sha256: expected 64 hex digits"},
        {"sidecar under its second name",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"data-dist-info-metadata\":true}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1 " sidecar\n"},
        {"status is a string", CH_STR("{" META ",\"project-status\":\"archived\",\"files\":[]}"),
         "!project-status: expected an object"},
        {"status of no string", CH_STR("{" META ",\"project-status\":{\"status\":1},\"files\":[]}"),
         "!project-status.status: expected a string, found 1"},
        {"reason of no string", CH_STR("{" META ",\"project-status\":{\"reason\":1},\"files\":[]}"),
         "!project-status.reason: expected a string, found 1"},
        {"no name", CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"files\":[]}"),
         "!name: expected a string, found nothing"},
        {"a serial below 1",
         CH_STR("{\"meta\":{\"api-version\":\"1.1\",\"_last-serial\":-7},\"name\":\"foo\","
                "\"files\":[]}"),
         "head (foo)\n"},
        {"a serial of no digits",
         CH_STR("{\"meta\":{\"api-version\":\"1.1\",\"_last-serial\":\"7x\"},\"name\":\"foo\","
                "\"files\":[]}"),
         "head (foo)\n"},
        {"all of a sha256 0",
         CH_STR("{" META ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha256\":\""
                "0000000000000000000000000000000000000000000000000000000000000000\"}}]}"),
         "!files[0].hashes.sha256: expected 64 hex digits, not all of them 0"},
        {"yanked is a number", CH_STR("{" META ",\"files\":[{" FILE1 ",\"yanked\":1}]}"),
         "!files[0].yanked: expected true, false or a reason, found 1"},
        {"sidecar is a string",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"core-metadata\":\"x\"}]}"),
         "!files[0].core-metadata: expected true, false or hashes"},
        {"unknown status",
         CH_STR("{" META ",\"project-status\":{\"status\":\"odd\"},\"files\":[]}"),
         "!project-status.status: expected active, archived, quarantined or deprecated, found "
         "\"odd\""},
        {"lying: one name, two hashes",
         CH_STR("{" META
                ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha256\":\"" HEX
                "\"}},{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha256\":\"" HEX2 "\"}}]}"),
         "!lists b twice"},
        {"lying: one name, two addresses, no hash",
         CH_STR("{" META ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{}},"
                "{\"filename\":\"b\",\"url\":\"c\",\"hashes\":{}}]}"),
         "!lists b twice"},
        {"one name, one hash, two addresses",
         CH_STR("{" META
                ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"sha256\":\"" HEX
                "\"}},{\"filename\":\"b\",\"url\":\"c\",\"hashes\":{\"sha256\":\"" HEX "\"}}]}"),
         "head (foo)\nfile b <https://example.org/simple/foo/b> sha256=00\n"},
        {"one name, two times: that of the first one",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"upload-time\":\"2024-01-17T16:53:12Z\"},{" FILE1
                ",\"upload-time\":\"2020-01-17T16:53:12Z\"}]}"),
         "head (foo) times\nfile foo-1.tar.gz " URL1 " at=2024-01-17T16:53:12.000000Z\n"},
        {"unreadable twice",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\"\\u007f\"},{" FILE1
                ",\"requires-python\":\"\\u007f\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\n"},
        {"requires-python that is long, but not in digits",
         CH_STR("{" META ",\"files\":[{" FILE1
                ",\"requires-python\":\"....................aaaaaaaaaaaaaaaaaaaa\"}]}"),
         "head (foo)\nfile foo-1.tar.gz " URL1
         " python=....................aaaaaaaaaaaaaaaaaaaa\n"},
        {"lying: one name, two sizes",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"size\":1},{" FILE1 ",\"size\":2}]}"),
         "!lists foo-1.tar.gz twice"},
        {"lying: one name, for two Pythons",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\">=3\"},{" FILE1 "}]}"),
         "!lists foo-1.tar.gz twice"},
        {"lying: one name, two other hashes",
         CH_STR("{" META ",\"files\":[{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"md5\":\"" MD5
                "\"}},{\"filename\":\"b\",\"url\":\"b\",\"hashes\":{\"md5\":\"" MD5B "\"}}]}"),
         "!lists b twice"},
        {"lying: yanked and not",
         CH_STR("{" META ",\"files\":[{" FILE1 "},{" FILE1 ",\"yanked\":true}]}"),
         "!lists foo-1.tar.gz twice"},
    };
    run_rows(ch_page_parse, "page-json", rows, CH_ARRAY_LEN(rows));
}

#define NO_CHARACTER(attribute)                                                                    \
    {                                                                                              \
        attribute, CH_STR("<a " attribute "='&#0;' href=b>b</a>"), "!is no character"              \
    }

static void html_pages(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"empty", CH_STR("<!DOCTYPE html><html><body></body></html>"), "head ()\n"},
        {"everything",
         CH_STR("\xef\xbb\xbf\n<!DOCTYPE html>\n<html>\n<head>"
                "<meta name=\"pypi:repository-version\" content=\"1.4\">"
                "<META NAME='pypi:project-status' CONTENT=archived>"
                "<meta name=\"pypi:project-status-reason\" content=\"a &amp; b\">"
                "<title>Links for </titles><a href='x'>x</a></title>"
                "<script>var a = '<a href=\"y\">y</a>';</script>"
                "<style>a:after{content:'</b><a href=z>z</a>'}</style></head><body>"
                "<!-- <a href='c'>c</a> --><h1>Links for foo</h1>"
                "<a href=\"https://files.example.org/foo-1-py3-none-any.whl#sha256=" HEX "\" "
                "data-requires-python=\"&gt;=3.8,&#60;4\" data-yanked=\"b&quot;d\" "
                "data-dist-info-metadata=\"true\" data-core-metadata=\"sha256=" HEX2 "\" "
                "data-upload-time=\"2010-04-16T14:29:37.458396Z\" rel=internal >\n"
                " foo-1-py3-none-any.whl </a><br />\n</body>\n</html>\n<!--SERIAL 99--><!--NUMBER 98-->"),
         "head () archived reason=a & b serial=99 times\n"
         "file foo-1-py3-none-any.whl <https://files.example.org/foo-1-py3-none-any.whl> sha256=00 "
         "at=2010-04-16T14:29:37.458396Z python=>=3.8,<4 yanked=(b\"d) sidecar sha256=11\n"},
        {"unquoted, upper case, no html tag", CH_STR("<A HREF=foo-1.tar.gz>foo-1.tar.gz</A>"),
         "head ()\nfile foo-1.tar.gz " URL1 "\n"},
        {"yanked without a value", CH_STR("<a data-yanked href='foo-1.tar.gz'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 " yanked=()\n"},
        {"other hash, sidecar false",
         CH_STR("<a data-core-metadata=false href='foo-1.tar.gz#egg=x'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 "\n"},
        {"the strongest other hash",
         CH_STR("<a href='foo-1.tar.gz#md5=" MD5 "&amp;sha224=" MD5
                "dddddddddddddddddddddddd&amp;sha1=" MD5 "dddddddd'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 " sha224=cc\n"},
        {"beside a sha256",
         CH_STR("<a href='foo-1.tar.gz#sha256=" HEX "&amp;md5=" MD5 "'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 " sha256=00 md5=cc\n"},
        {"a malformed other hash", CH_STR("<a href='foo-1.tar.gz#md5=x'>foo-1.tar.gz</a>"),
         "!href: expected the hex digits of each hash"},
        {"the same hash twice, unlike",
         CH_STR("<a href='foo-1.tar.gz#md5=" MD5 "&amp;md5=" MD5B "'>foo-1.tar.gz</a>"),
         "!href: expected the hex digits of each hash"},
        {"a sidecar of which only another hash is stated is not taken",
         CH_STR("<a data-core-metadata='md5=" MD5 "' href='foo-1.tar.gz'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 "\n"},
        {"percent and plus",
         CH_STR("<a href='/whl/foo-1%2Bcpu-py3-none-any.whl#egg=x&amp;sha256=" HEX
                "'>foo-1+cpu-py3-none-any.whl</a>"),
         "head ()\nfile foo-1+cpu-py3-none-any.whl "
         "<https://example.org/whl/foo-1%2Bcpu-py3-none-any.whl> sha256=00\n"},
        {"query", CH_STR("<a href='foo-1.zip?a=/b&amp;c=d'>foo-1.zip</a>"),
         "head ()\nfile foo-1.zip <https://example.org/simple/foo/foo-1.zip?a=/b&c=d>\n"},
        {"base", CH_STR("<base href='//cdn.example.org/f/'><a href='foo-1.zip'>foo-1.zip</a>"),
         "head ()\nfile foo-1.zip <https://cdn.example.org/f/foo-1.zip>\n"},
        {"nested markup and no end tag before the next link",
         CH_STR("<a href='foo-1.zip'><span>foo-1</span>.zip<a href='foo-2.zip'>foo-2.zip</a>"),
         "head ()\nfile foo-1.zip <https://example.org/simple/foo/foo-1.zip>\n"
         "file foo-2.zip <https://example.org/simple/foo/foo-2.zip>\n"},
        {"navigation is no file",
         CH_STR("<a href='../'>../</a><a href='?C=N'></a><a href='#top'>top</a><a name=x>y</a>"),
         "head ()\nskipped=?C=N\n"},
        {"a text that is no tag", CH_STR("<p>I/O <a href='?C=N'></a></p>"),
         "head ()\nskipped=?C=N\n"},
        {"text and address disagree",
         CH_STR("<a href='evil-9.zip'>foo-1.zip</a><a href='a%2fb.zip'>b.zip</a>"
                "<a href='javascript:x'>x</a><a href='mailto:a@b'>a</a>"
                "<a href='https://u:p@example.org/c.zip'>c.zip</a>"
                "<a href='\\\\example.org\\d.zip'>d.zip</a>"),
         "head ()\nskipped=foo-1.zip\nskipped=b.zip\nskipped=x\nskipped=a\nskipped=c.zip\n"
         "skipped=d.zip\n"},
        {"a name that leaves the folder", CH_STR("<a href='x/%2e%2e'>..</a>"),
         "head ()\nskipped=..\n"},
        {"no bytes", CH_STR(""), "!expected HTML"},
        {"json", CH_STR("{" META ",\"files\":[]}"),
         "!expected HTML, found something else at byte 0"},
        {"text", CH_STR("not found"), "!expected HTML"},
        {"latin-1", CH_STR("<html>\xe9</html>"), "!expected HTML in UTF-8"},
        {"UTF-16", CH_STR("\xff\xfe<\0h\0"), "!expected HTML in UTF-8"},
        {"NUL", CH_STR("<html>\0</html>"), "!expected HTML in UTF-8, found other bytes or NUL"},
        {"cut in a tag", CH_STR("<html><a href='foo"), "!truncated: it ends inside the tag"},
        {"cut after a tag name", CH_STR("<html><a"), "!truncated: it ends inside the tag"},
        {"cut in a link", CH_STR("<a href='foo-1.zip'>foo"), "!truncated: <a> is not closed"},
        {"cut after a link", CH_STR("<html><a href='foo-1.zip'>foo-1.zip</a>"),
         "!truncated: <html> is not closed"},
        {"cut in a comment", CH_STR("<html></html><!-- "), "!inside the comment"},
        {"cut in a script", CH_STR("<html><script>x</html>"), "!inside the element"},
        {"cut in a declaration", CH_STR("<!DOCTYPE"), "!inside the declaration"},
        {"comment that browsers end early", CH_STR("<!--><a href=x>x</a>-->"),
         "!malformed comment"},
        {"comment that browsers end late", CH_STR("<!-- a --!> b -->"), "!malformed comment"},
        {"attribute twice", CH_STR("<a href='foo-1.zip' HREF='b'>foo-1.zip</a>"),
         "!tag at byte 0: href is given twice"},
        {"major version", CH_STR("<meta name='pypi:repository-version' content='2.0'>"),
         "!pypi:repository-version: expected major version 1, found 2"},
        {"unknown status", CH_STR("<meta name='pypi:project-status' content='odd'>"),
         "!pypi:project-status: expected active"},
        {"hash too short", CH_STR("<a href='foo-1.zip#sha256=ab'>foo-1.zip</a>"),
         "!<a> at byte 0: href: expected the hex digits of each hash"},
        {"each hash twice, alike",
         CH_STR("<a href='foo-1.tar.gz#sha256=" HEX "&amp;sha256=" HEX "&amp;md5=" MD5
                "&amp;md5=" MD5 "'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 " sha256=00 md5=cc\n"},
        {"two hashes of one kind",
         CH_STR("<a href='foo-1.zip#sha256=" HEX "&amp;sha256=" HEX2 "'>foo-1.zip</a>"),
         "!href: expected the hex digits of each hash"},
        {"sidecar hash too short",
         CH_STR("<a data-core-metadata='sha256=ab' href='foo-1.zip'>foo-1.zip</a>"),
         "!data-core-metadata: expected the hex digits of each hash"},
        {"bad time", CH_STR("<a data-upload-time='yesterday' href='foo-1.zip'>foo-1.zip</a>"),
         "!data-upload-time: expected a time in UTC"},
        {"entity that is no character", CH_STR("<a href='&#xD800;'>x</a>"),
         "!\"&#xD800;\" is no character"},
        {"sidecar under its older name",
         CH_STR("<a data-dist-info-metadata=true href='foo-1.tar.gz'>foo-1.tar.gz</a>"),
         "head ()\nfile foo-1.tar.gz " URL1 " sidecar\n"},
        NO_CHARACTER("data-requires-python"),
        NO_CHARACTER("data-yanked"),
        NO_CHARACTER("data-upload-time"),
        NO_CHARACTER("data-core-metadata"),
        {"entity that is NUL", CH_STR("<a href='&#0;'>x</a>"), "!is no character"},
        {"two bases", CH_STR("<base href='/a/'><base href='/b/'>"), "!<base> at byte 17"},
        {"base after links", CH_STR("<a href='foo-1.zip'>foo-1.zip</a><base href='/b/'>"),
         "!before any link"},
        {"base of another scheme", CH_STR("<base href='data:x'>"), "!<base> at byte 0: URL"},
        {"lying: one name, two hashes",
         CH_STR("<a href='foo-1.zip#sha256=" HEX "'>foo-1.zip</a>"
                "<a href='foo-1.zip#sha256=" HEX2 "'>foo-1.zip</a>"),
         "!lists foo-1.zip twice"},
    };
    run_rows(ch_page_parse, "page-html", rows, CH_ARRAY_LEN(rows));
}

static void details(void **state)
{
    (void)state;
#define ENTRY                                                                                      \
    "{\"filename\":\"foo-1.zip\",\"url\":\"https://example.org/foo-1.zip\",\"digests\":{"          \
    "\"sha256\":\"" HEX "\",\"x\":\"y\"},\"size\":0,\"upload_time_iso_8601\":"                     \
    "\"2024-01-17T16:53:12.779164Z\",\"requires_python\":\">=3\",\"yanked\":true,"                 \
    "\"yanked_reason\":\"bad\"}"
    const struct row rows[] = {
        {"both lists",
         CH_STR(
             "{\"info\":{\"name\":\"Foo\"},\"last_serial\":4,\"releases\":{\"0\":[],\"1\":[" ENTRY
             "]},\"urls\":[" ENTRY "]}"),
         "head (Foo) serial=4 times\nfile foo-1.zip <https://example.org/foo-1.zip> sha256=00 "
         "size=0 "
         "at=2024-01-17T16:53:12.779164Z python=>=3 yanked=(bad)\n"},
        {"one list", CH_STR("{\"info\":{\"name\":\"foo\"},\"urls\":[]}"), "head (foo)\n"},
        {"another project", CH_STR("{\"info\":{\"name\":\"bar\"},\"urls\":[]}"), "!about \"bar\""},
        {"releases are an array",
         CH_STR("{\"info\":{\"name\":\"foo\"},\"last_serial\":4,\"releases\":[],\"urls\":[]}"),
         "!releases: expected an object, found an array"},
        {"wrong type deep inside",
         CH_STR(
             "{\"info\":{\"name\":\"foo\"},\"releases\":{\"1\":[{\"filename\":1}]},\"urls\":[]}"),
         "!releases.1[0].filename: expected a string, found 1"},
        {"lying: the lists differ",
         CH_STR(
             "{\"info\":{\"name\":\"foo\"},\"releases\":{\"1\":[" ENTRY "]},\"urls\":["
             "{\"filename\":\"foo-1.zip\",\"url\":\"https://example.org/foo-1.zip\",\"digests\":{"
             "\"sha256\":\"" HEX2 "\"}}]}"),
         "!lists foo-1.zip twice"},
    };
#undef ENTRY
    run_rows(ch_details_parse, "json", rows, CH_ARRAY_LEN(rows));
}

static void limits_hold(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    const struct row deep[] = {
        {"too deep", CH_STR("{" META ",\"files\":[],\"x\":[[[[[[]]]]]]}"), "!nested deeper than 4"},
        {"too deep, in objects",
         CH_STR("{" META ",\"files\":[],\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}"),
         "!nested deeper than 4"},
        {"too deep, with blanks", CH_STR("{" META ",\"files\":[],\"x\":[ [ [ [ [ [ ] ] ] ] ] ]}"),
         "!nested deeper than 4"},
        {"as deep, one beside the other",
         CH_STR("{" META ",\"files\":[],\"x\":[[],[],[],[],[],{},{},{},{},{}]}"), "head (foo)\n"},
        {"more ends than beginnings", CH_STR("]]{"), "!JSON: line 1"},
        {"brackets in strings do not count",
         CH_STR("{" META ",\"x\":\"[[[[[[[\\\"{{{{{{\",\"files\":[]}"), "head (foo)\n"},
    };
    ch_limits.json_depth = 4;
    run_rows(ch_page_parse, "page-json", deep, CH_ARRAY_LEN(deep));
    ch_limits = saved;
    ch_limits.page_files = 1;
    const struct row many[] = {
        {"too many", CH_STR("<a href='a.zip'>a.zip</a><a href='b.zip'>b.zip</a>"),
         "!more than 1 files"},
    };
    run_rows(ch_page_parse, "page-html", many, CH_ARRAY_LEN(many));
    ch_limits = saved;
    ch_limits.page_bytes = 10;
    const struct row large[] = {{"too large", CH_STR("<html></html>"), "!13 bytes, at most 10"}};
    run_rows(ch_page_parse, "page-html", large, CH_ARRAY_LEN(large));
    ch_limits = saved;
    struct ch_buf page;
    ch_buf_init(&page, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        ch_buf_clear(&page);
        ch_buf_puts(&page, CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\"\\u007f"));
        for (size_t i = 0; i < ch_limits.text_bytes - 1 + over; i++) {
            ch_buf_putc(&page, ' ');
        }
        ch_buf_puts(&page, CH_STR("\"}]}"));
        const struct row longer[] = {
            {"a long requires-python", ch_buf_str(&page),
             over == 0 ? "head (foo)\nskipped=foo-1.tar.gz\n" : "!longer than allowed"}};
        run_rows(ch_page_parse, "page-json", longer, 1);
        ch_buf_clear(&page);
        ch_buf_puts(&page, CH_STR("<a href='foo-1.zip' data-requires-python='\x7f"));
        for (size_t i = 0; i < ch_limits.text_bytes - 1 + over; i++) {
            ch_buf_putc(&page, 'x');
        }
        ch_buf_puts(&page, CH_STR("'>foo-1.zip</a>"));
        const struct row html[] = {{"a long requires-python", ch_buf_str(&page),
                                    over == 0 ? "head ()\nskipped=foo-1.zip\n" : "!less text"}};
        run_rows(ch_page_parse, "page-html", html, 1);
    }
    struct ch_buf clipped;
    ch_buf_init(&clipped, 1 << 20);
    ch_buf_clear(&page);
    ch_buf_puts(&page, CH_STR("{" META ",\"files\":[{" FILE1 ",\"yanked\":\""));
    ch_buf_puts(&clipped, CH_STR("head (foo)\nfile foo-1.tar.gz " URL1 " yanked=("));
    for (size_t i = 0; i < ch_limits.text_bytes - 1; i++) {
        ch_buf_putc(&page, 'x');
        ch_buf_putc(&clipped, 'x');
    }
    ch_buf_puts(&page, CH_STR("\xc3\xa9\"}]}")); /* a letter of which one byte would fit */
    ch_buf_puts(&clipped, CH_STR(")\n"));
    ch_buf_putc(&clipped, '\0');
    const struct row reasons[] = {{"a long reason", ch_buf_str(&page), clipped.ptr}};
    run_rows(ch_page_parse, "page-json", reasons, 1);
    ch_buf_done(&clipped);
    ch_buf_done(&page);
    const struct row profile[] = {{"profile", CH_STR("{}"), "!no parser for pages of profile"}};
    run_rows(ch_page_parse, "wheel", profile, CH_ARRAY_LEN(profile));
}

/* T5: an absent file is a fact, so a page whose links cannot be resolved must not seem empty. */
static void t5_a_page_without_address_is_no_answer(void **state)
{
    (void)state;
    static const char *const profiles[] = {"page-html", "page-json"};
    for (size_t i = 0; i < CH_ARRAY_LEN(profiles); i++) {
        struct ch_scan_job job = {.profile = ch_str_of(profiles[i]), .project = CH_STR("foo")};
        struct ch_err err;
        struct ch_buf text;
        ch_buf_init(&text, 1024);
        assert_ch_code(CH_E_USAGE,
                       scan_text(ch_page_parse, &job, CH_STR("<a href='foo-1.zip'>foo-1.zip</a>"),
                                 &text, &err));
        ch_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_pages),
        cmocka_unit_test(html_pages),
        cmocka_unit_test(details),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(t5_a_page_without_address_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
