#include "form.h"

#include "customhouse/ascii.h"

bool gw_form_decode(struct ch_str s, struct ch_buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            int high = i + 2 < s.len ? ch_hex_digit(s.ptr[i + 1]) : -1;
            int low = high >= 0 ? ch_hex_digit(s.ptr[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            ch_buf_putc(out, (char)(high << 4 | low));
            i += 2;
        } else if (c <= 0x20 || c >= 0x7f) { /* a form has none of them as they are */
            return false;
        } else {
            ch_buf_putc(out, c == '+' ? ' ' : c);
        }
    }
    return true;
}
