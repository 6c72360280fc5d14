/* Scripts of shells, line by line: with the checks of commands that source starts. */
#include <string.h>

#include "scanner/source/source_int.h"

/* The next line, and those that a backslash joins to it. */
static bool take_line(struct ch_str *rest, uint32_t *number, struct ch_buf *ret)
{
    struct ch_str line;
    ch_buf_clear(ret);
    bool more = false;
    do {
        if (!ch_str_split(rest, '\n', &line)) {
            return more;
        }
        line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r' ? 1 : 0;
        more = line.len > 0 && line.ptr[line.len - 1] == '\\';
        ch_buf_puts(ret, ch_str_sub(line, 0, line.len - (more ? 1 : 0)));
        (*number)++;
    } while (more);
    return true;
}

void ch_source_shell(struct ch_source *s, struct ch_str path, enum ch_code_place place,
                     struct ch_str bytes)
{
    struct file *f = ch_calloc(1, sizeof(*f));
    struct ch_buf line;
    struct ch_str rest = bytes;
    f->source = s;
    f->path = path;
    f->place = place;
    ch_buf_init(&line, bytes.len + 1);
    for (uint32_t number = 0; take_line(&rest, &number, &line);) {
        struct ch_str text = ch_str_trim(ch_buf_str(&line));
        if (text.len > 0 && text.ptr[0] != '#') {
            CH_IGNORE(check_command(f, text, number));
            CH_IGNORE(text_marks(f, text, number));
        }
    }
    ch_buf_done(&line);
    file_done(f);
}
