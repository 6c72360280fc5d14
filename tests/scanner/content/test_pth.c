/* Lines of .pth files, in each way in which a Python reads them. */
#include <stdio.h>
#include <string.h>

#include "tests/ch_test.h"
#include "scanner/content/pth.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

enum { N = 1 << PTH_NEWLINES, U = 1 << PTH_UNICODE, B = 1 << PTH_ONE_BYTE };

/* What is executed and put on the path: "code import x", "folder x", with "|" between. */
static const struct row {
    const char *label;
    struct ch_str bytes;
    int views;
    const char *lines;
} rows[] = {
    {"nothing", S(""), N | U | B, ""},
    {"a comment", S("# import x\n\n \t\n#\n"), N | U | B, ""},
    {"code", S("import x\n"), N | U | B, "code import x"},
    {"code with a tab", S("import\tx\n"), N | U | B, "code import\tx"},
    {"without a line end", S("import x"), N | U | B, "code import x"},
    {"a folder", S("a/b \t\n"), N | U | B, "folder a/b"},
    {"a folder that begins like code", S("imports\n"), N | U | B, "folder imports"},
    {"no code behind a blank", S(" import x\n"), N | U | B, "folder  import x"},
    {"no comment behind a blank", S(" # x\n"), N | U | B, "folder  # x"},
    /* line ends */
    {"LF", S("#\nimport x"), N | U | B, "code import x"},
    {"CR", S("#\rimport x"), N | U | B, "code import x"},
    {"CR LF", S("a\r\nimport x\r\n"), N | U | B, "folder a|code import x"},
    {"CR CR LF", S("#\r\r\nimport x"), N | U | B, "code import x"},
    {"VT", S("#\vimport x"), U | B, "code import x"},
    {"VT, text", S("#\vimport x"), N, ""},
    {"FF", S("#\fimport x"), U | B, "code import x"},
    {"FF, text", S("#\fimport x"), N, ""},
    {"FS", S("#\x1cimport x"), U | B, "code import x"},
    {"FS, text", S("#\x1cimport x"), N, ""},
    {"GS", S("#\x1dimport x"), U | B, "code import x"},
    {"GS, text", S("#\x1dimport x"), N, ""},
    {"RS", S("#\x1eimport x"), U | B, "code import x"},
    {"RS, text", S("#\x1eimport x"), N, ""},
    {"US ends none", S("#\x1fimport x"), N | U | B, ""},
    {"NEL", S("#\xc2\x85import x"), U | B, "code import x"},
    {"NEL, text", S("#\xc2\x85import x"), N, ""},
    {"LS", S("#\xe2\x80\xa8import x"), U | B, "code import x"},
    {"LS, text", S("#\xe2\x80\xa8import x"), N, ""},
    {"PS", S("#\xe2\x80\xa9import x"), U | B, "code import x"},
    {"PS, text", S("#\xe2\x80\xa9import x"), N, ""},
    {"its neighbour ends none", S("#\xe2\x80\xaaimport x"), N | U | B, ""},
    {"a byte 85 that is not UTF-8", S("#\x85import x"), B, "code import x"},
    {"..., in UTF-8", S("#\x85import x"), N | U, ""},
    {"a byte 85 of a letter", S("#\xc3\x85import x"), N | U | B, ""},
    {"an end within code", S("import x; \fimport y"), U | B, "code import x; |code import y"},
    {"..., text", S("import x; \fimport y"), N, "code import x; \fimport y"},
    /* BOM */
    {"BOM", S("\xef\xbb\xbfimport x\n"), U | B, "code import x"},
    {"BOM, text", S("\xef\xbb\xbfimport x\n"), N, "folder \xef\xbb\xbfimport x"},
    {"BOM and a comment", S("\xef\xbb\xbf# x\n"), U | B, ""},
    {"one BOM only", S("\xef\xbb\xbf\xef\xbb\xbfimport x\n"), U | B, "folder \xef\xbb\xbfimport x"},
    {"not within", S("#\n\xef\xbb\xbfimport x\n"), N | U | B, "folder \xef\xbb\xbfimport x"},
    /* bytes that are no text */
    {"NUL in a comment", S("#\0\nimport x\n"), N | U | B, "code import x"},
    {"no UTF-8 in a comment", S("# \xff\nimport x\n"), N | U | B, "code import x"},
    /* ends of folders */
    {"white space", S("a\x1f\xc2\xa0\xe3\x80\x80 \n"), N | U | B, "folder a"},
    {"white space that is not UTF-8", S("a\xa0\n"), B, "folder a"},
    {"..., in UTF-8", S("a\xa0\n"), N | U, "folder a\xa0"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (int view = 0; view < PTH_VIEW_COUNT; view++) {
            struct pth p = pth_open(rows[i].bytes, (enum pth_view)view);
            struct pth_line line;
            struct ch_buf b;
            ch_buf_init(&b, 256);
            while (pth_next(&p, &line)) {
                if (line.kind != PTH_NOTHING) {
                    ch_buf_puts(&b, ch_str_of(b.len > 0 ? "|" : ""));
                    ch_buf_puts(&b, ch_str_of(line.kind == PTH_CODE ? "code " : "folder "));
                    ch_buf_puts(&b, line.text);
                }
            }
            if ((rows[i].views & 1 << view) != 0 &&
                !ch_str_eq(ch_buf_str(&b), ch_str_of(rows[i].lines))) {
                fail_msg("%s, view %d: %.*s", rows[i].label, view, (int)b.len, b.ptr);
            }
            ch_buf_done(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
