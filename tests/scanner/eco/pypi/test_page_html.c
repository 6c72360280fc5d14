/* HTML pages of a project: the same of them. */
#include "page_rows.h"

#define NO_CHARACTER(attribute)                                                                    \
    {                                                                                              \
        attribute, CH_STR("<a " attribute "='&#0;' href=b>b</a>"), "!is no character"              \
    }

static void html_pages(void **state)
{
    (void)state;
    const struct page_row rows[] = {
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
                " foo-1-py3-none-any.whl </a><br />\n</body>\n</html>\n<!--SERIAL 99--><!--NUMBER "
                "98-->"),
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
         "head ()\nskipped=?C=N\nskipped-for=filename\n"},
        {"a text that is no tag", CH_STR("<p>I/O <a href='?C=N'></a></p>"),
         "head ()\nskipped=?C=N\nskipped-for=filename\n"},
        {"text and address disagree",
         CH_STR("<a href='evil-9.zip'>foo-1.zip</a><a href='a%2fb.zip'>b.zip</a>"
                "<a href='javascript:x'>x</a><a href='mailto:a@b'>a</a>"
                "<a href='https://u:p@example.org/c.zip'>c.zip</a>"
                "<a href='\\\\example.org\\d.zip'>d.zip</a>"),
         "head "
         "()\nskipped=foo-1.zip\nskipped-for=filename\nskipped=b.zip\nskipped-for="
         "filename\nskipped=x\nskipped-for=filename\nskipped=a\nskipped-for=filename\nskipped=c."
         "zip\nskipped-for=filename\n"
         "skipped=d.zip\nskipped-for=filename\n"},
        {"a name that leaves the folder", CH_STR("<a href='x/%2e%2e'>..</a>"),
         "head ()\nskipped=..\nskipped-for=filename\n"},
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
    page_rows_run(ch_page_parse, "page-html", rows, CH_ARRAY_LEN(rows));
}

/* "<" begins a tag before a letter only; before all else it is text, and what follows it is read
 * on. */
#define IN_A_VALUE(first) CH_STR("<" first " title=\"<a href='foo-1.tar.gz'>foo-1.tar.gz</a>\">")
#define NO_TAG(first)                                                                              \
    {                                                                                              \
        "no tag: <" first, IN_A_VALUE(first), "head ()\nfile foo-1.tar.gz " URL1 "\n"              \
    }
#define TAG(first)                                                                                 \
    {                                                                                              \
        "a tag: <" first, IN_A_VALUE(first), "head ()\n"                                           \
    }

static void where_tags_begin(void **state)
{
    (void)state;
    const struct page_row rows[] = {
        TAG("a1"),
        TAG("A1"),
        TAG("m"),
        TAG("M"),
        TAG("z"),
        TAG("Z"),
        NO_TAG("`"),
        NO_TAG("{"),
        NO_TAG("@"),
        NO_TAG("["),
        NO_TAG("1"),
        NO_TAG("\xc3\xa9"),
        {"an end tag: its values hide what is in them",
         CH_STR("<b></b x='><a href=foo-1.tar.gz>foo-1.tar.gz</a>'>"), "head ()\n"},
        {"no end tag: it ends at the first '>'",
         CH_STR("<b></@ x='><a href=foo-1.tar.gz>foo-1.tar.gz</a>'>"),
         "head ()\nfile foo-1.tar.gz " URL1 "\n"},
    };
    page_rows_run(ch_page_parse, "page-html", rows, CH_ARRAY_LEN(rows));
}

#define YANKED(entity) CH_STR("<a data-yanked='" entity "' href='foo-1.tar.gz'>foo-1.tar.gz</a>")
#define IS(entity, text)                                                                           \
    {                                                                                              \
        entity, YANKED(entity), "head ()\nfile foo-1.tar.gz " URL1 " yanked=(" text ")\n"          \
    }
#define IS_NONE(entity)                                                                            \
    {                                                                                              \
        entity, YANKED(entity), "!\"" entity "\" is no character"                                  \
    }

static void characters_by_number(void **state)
{
    (void)state;
    const struct page_row rows[] = {
        IS("&#x41;", "A"),
        IS("&#X6a;", "j"),
        IS("&#x6F;", "o"),
        IS("&#95;", "_"),
        IS("x&#x20;y", "x y"),
        IS("&#126;", "~"),
        IS("&#xA0;", "\xc2\xa0"),
        IS("&#x7ff;", "\xdf\xbf"),
        IS("&#x800;", "\xe0\xa0\x80"),
        IS("&#xD7FF;", "\xed\x9f\xbf"),
        IS("&#xE000;", "\xee\x80\x80"),
        IS("&#xffff;", "\xef\xbf\xbf"),
        IS("&#65536;", "\xf0\x90\x80\x80"),
        IS("&#x10FFFF;", "\xf4\x8f\xbf\xbf"),
        IS_NONE("&#x1f;"),
        IS_NONE("&#10;"),
        IS_NONE("&#127;"),
        IS_NONE("&#xD800;"),
        IS_NONE("&#xDFFF;"),
        IS_NONE("&#x110000;"),
        IS_NONE("&#1114112;"),
        IS_NONE("&#;"),
        IS_NONE("&#x;"),
        IS_NONE("&#x4G;"),
        IS_NONE("&#x4:;"),
        IS_NONE("&#x4@;"),
        IS_NONE("&#x4`;"),
        IS_NONE("&#4a;"),
        IS_NONE("&#-4;"),
        IS("&#x000000041;", "A"),
        IS("&#x0000000041;", "&#x0000000041;"), /* further away, a ';' belongs to something else */
    };
    page_rows_run(ch_page_parse, "page-html", rows, CH_ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_pages),
        cmocka_unit_test(where_tags_begin),
        cmocka_unit_test(characters_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
