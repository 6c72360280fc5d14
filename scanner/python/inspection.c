#include "scanner/python/inspection.h"

#include <stdio.h>

#include "scanner/python/metadata.h"
#include "scanner/unpack/name.h"

void pypi_report(struct ch_scan_writer *out, enum ch_finding_code code, struct ch_str member,
                 const char *fmt, va_list va)
{
    char text[2 * CH_EVIDENCE_MAX];
    CH_ASSERT(vsnprintf(text, sizeof(text), fmt, va) >= 0);
    ch_scan_write_finding(out, code, member, ch_str_of(text));
}

bool pypi_next_line(struct ch_str *rest, struct ch_str *ret)
{
    if (!ch_str_split(rest, '\n', ret)) {
        return false;
    }
    if (ret->len > 0 && ret->ptr[ret->len - 1] == '\r') {
        ret->len--;
    }
    return true;
}

bool pypi_is_text(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        bool ends_line = c == '\n' || (c == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n');
        if ((c < 0x20 && c != '\t' && !ends_line) || c == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(s) && !ch_name_ends_line(s);
}

bool pypi_is_project(struct ch_str name, struct ch_str expected)
{
    return expected.len == 0 || ch_pypi_name_eq(name, expected);
}

bool pypi_is_version(struct ch_str version, struct ch_str expected)
{
    return expected.len == 0 || ch_pypi_same_version(version, expected);
}
