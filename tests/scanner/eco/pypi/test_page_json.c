/* JSON pages of a project, of both kinds: what good ones say, and that bad, lying and truncated
 * ones are no answer. */
#include "page_rows.h"

static void json_pages(void **state)
{
    (void)state;
    const struct page_row rows[] = {
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
         "head "
         "(foo)\nskipped=../"
         "x\nskipped-for=filename\nskipped=a.whl\nskipped-for=url\nskipped=b.whl\nskipped-for="
         "url\n"},
        {"addresses with a space, a control byte, and of another scheme",
         CH_STR("{" META
                ",\"files\":[{\"filename\":\"a.whl\",\"url\":\"https://example.org/a b.whl\"},"
                "{\"filename\":\"b.whl\",\"url\":\"https://example.org/\\u0001\"},"
                "{\"filename\":\"c.whl\",\"url\":\"ftp://example.org/c.whl\"}]}"),
         "head (foo)\nfile a.whl "
         "<https://example.org/"
         "a%20b.whl>\nskipped=b.whl\nskipped-for=url\nskipped=c.whl\nskipped-for=url\n"},
        {"requires-python with control bytes",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\">=3.8 <\\u001b[31m\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\nskipped-for=requires-python\n"},
        {"requires-python with a letter that looks like one",
         CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\">=3.\\uff18\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\nskipped-for=requires-python\n"},
        {"requires-python with a number that no client reads",
         CH_STR("{" META ",\"files\":[{" FILE1
                ",\"requires-python\":\">=3.1234567890123456789\"}]}"),
         "head (foo)\nskipped=foo-1.tar.gz\nskipped-for=requires-python\n"},
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
         "head (foo)\nskipped=foo-1.tar.gz\nskipped-for=requires-python\n"},
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
    page_rows_run(ch_page_parse, "page-json", rows, CH_ARRAY_LEN(rows));
}

static void details(void **state)
{
    (void)state;
#define ENTRY                                                                                      \
    "{\"filename\":\"foo-1.zip\",\"url\":\"https://example.org/foo-1.zip\",\"digests\":{"          \
    "\"sha256\":\"" HEX "\",\"x\":\"y\"},\"size\":0,\"upload_time_iso_8601\":"                     \
    "\"2024-01-17T16:53:12.779164Z\",\"requires_python\":\">=3\",\"yanked\":true,"                 \
    "\"yanked_reason\":\"bad\"}"
    const struct page_row rows[] = {
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
    page_rows_run(ch_details_parse, "json", rows, CH_ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_pages),
        cmocka_unit_test(details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
