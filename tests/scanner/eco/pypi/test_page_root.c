/* Lists of all projects. */
#include "page_rows.h"

static void roots(void **state)
{
    (void)state;
    const struct page_row json[] = {
        {"list",
         CH_STR(" {\"projects\": [ {\"name\":\"Foo\",\"_last-serial\":3} , {\"name\":\"b.c\"} ],"
                "\"x\":1.5,\"meta\":{\"api-version\":\"1.0\"}} \n"),
         "name Foo\nname b.c\n"},
        {"empty", CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"projects\":[]}"), ""},
        {"no meta", CH_STR("{\"projects\":[]}"), "!expected \"meta\" and \"projects\""},
        {"no projects", CH_STR("{\"meta\":{\"api-version\":\"1.0\"}}"), "!expected \"meta\" and"},
        {"twice", CH_STR("{\"projects\":[],\"projects\":[]}"), "!duplicate key \"projects\""},
        {"duplicate in an entry", CH_STR("{\"projects\":[{\"name\":\"a\",\"name\":\"b\"}]}"),
         "!duplicate object key"},
        {"bad name", CH_STR("{\"projects\":[{\"name\":\"a\"},{\"name\":\"../b\"}]}"),
         "!projects[1]: name: expected a project name (PEP 508), found \"../b\""},
        {"no name", CH_STR("{\"projects\":[{}]}"), "!projects[0]: name: expected a string, found"},
        {"name is a number", CH_STR("{\"projects\":[{\"name\":1}]}"),
         "!expected a string, found 1"},
        {"truncated", CH_STR("{\"projects\":[{\"name\":\"a\"}"), "!expected ',' or ']' at byte 25"},
        {"truncated after the array", CH_STR("{\"projects\":[]"), "!expected ',' or '}'"},
        {"trailing", CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"projects\":[]}]"),
         "!expected the end"},
        {"missing comma", CH_STR("{\"projects\":[{\"name\":\"a\"}{\"name\":\"b\"}]}"),
         "!expected ','"},
        {"html", CH_STR("<html></html>"), "!expected a JSON object"},
        {"major version", CH_STR("{\"meta\":{\"api-version\":\"2.0\"},\"projects\":[]}"),
         "!meta.api-version: expected major version 1"},
        {"key is a number", CH_STR("{1:2}"), "!expected \"key\": value"},
        {"no bytes", CH_STR(""), "!expected a JSON object"},
    };
    page_rows_run(ch_root_parse, "page-json", json, CH_ARRAY_LEN(json));
    const struct page_row html[] = {
        {"list",
         CH_STR("<!DOCTYPE html><html><head><title>Simple index</title></head><body>\n"
                "<a href=\"/simple/foo/\">Foo</a>\n<a href='b-c/'>b.c</a><a href='d'>d</a></body>"
                "</html>"),
         "name Foo\nname b.c\nname d\n"},
        {"others are counted",
         CH_STR("<a href='../'>../</a><a href='/simple/evil/'>foo</a><a href='foo/'>foo</a>"),
         "name foo\nskipped-count=2\n"},
        {"truncated", CH_STR("<html><a href='foo/'>foo</a>"), "!truncated"},
        {"json", CH_STR("{}"), "!expected HTML"},
        {"major version", CH_STR("<meta name=pypi:repository-version content=3.1>"), "!version 1"},
    };
    page_rows_run(ch_root_parse, "page-html", html, CH_ARRAY_LEN(html));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
