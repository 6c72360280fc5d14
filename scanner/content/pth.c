#include "scanner/content/pth.h"

static const struct ch_str bom = {"\xef\xbb\xbf", 3};

struct pth pth_open(struct ch_str bytes, enum pth_view view)
{
    if (view == PTH_ONE_BYTE && ch_str_is_utf8(bytes)) {
        view = PTH_UNICODE;
    }
    if (view != PTH_NEWLINES && ch_str_starts(bytes, bom)) {
        bytes = ch_str_sub(bytes, bom.len, bytes.len);
    }
    return (struct pth){.rest = bytes, .view = view};
}

/* Bytes of the line end at the beginning of `s`; 0: there is none. */
static size_t line_end(struct ch_str s, enum pth_view view)
{
    unsigned char c = (unsigned char)s.ptr[0];
    if (c == '\r') {
        return ch_str_starts(s, CH_STR("\r\n")) ? 2 : 1;
    }
    if (c == '\n') {
        return 1;
    }
    if (view == PTH_NEWLINES) {
        return 0;
    }
    if (c == '\v' || c == '\f' || (c >= 0x1c && c <= 0x1e) || (c == 0x85 && view == PTH_ONE_BYTE)) {
        return 1;
    }
    if (ch_str_starts(s, CH_STR("\xc2\x85"))) {
        return 2;
    }
    return ch_str_starts(s, CH_STR("\xe2\x80\xa8")) || ch_str_starts(s, CH_STR("\xe2\x80\xa9")) ? 3
                                                                                                : 0;
}

/* Bytes of the white space, as str.isspace has it, at the end of `s`; 0: there is none. */
static size_t space_at_end(struct ch_str s, enum pth_view view)
{
    static const char *const wide[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
        "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
        "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    if (s.len == 0) {
        return 0;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(wide); i++) {
        if (ch_str_ends(s, ch_str_of(wide[i]))) {
            return ch_str_of(wide[i]).len;
        }
    }
    unsigned char c = (unsigned char)s.ptr[s.len - 1];
    bool space = c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
    return space || (view == PTH_ONE_BYTE && (c == 0x85 || c == 0xa0)) ? 1 : 0;
}

bool pth_next(struct pth *p, struct pth_line *ret)
{
    if (p->rest.len == 0) {
        return false;
    }
    size_t end = 0;
    size_t skip = 0;
    while (end < p->rest.len &&
           (skip = line_end(ch_str_sub(p->rest, end, p->rest.len), p->view)) == 0) {
        end++;
    }
    struct ch_str line = ch_str_sub(p->rest, 0, end);
    struct ch_str text = line;
    p->rest = ch_str_sub(p->rest, end + skip, p->rest.len);
    for (size_t n; (n = space_at_end(text, p->view)) > 0;) {
        text.len -= n;
    }
    if (text.len == 0 || ch_str_starts(line, CH_STR("#"))) {
        *ret = (struct pth_line){PTH_NOTHING, line};
    } else if (ch_str_starts(line, CH_STR("import ")) || ch_str_starts(line, CH_STR("import\t"))) {
        *ret = (struct pth_line){PTH_CODE, line};
    } else {
        *ret = (struct pth_line){PTH_FOLDER, text};
    }
    return true;
}
