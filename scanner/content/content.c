#include "scanner/content/content.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/source/source.h"

struct ch_content {
    struct ch_content_options options;
    struct ch_source *source;
};

struct ch_content *ch_content_new(const struct ch_content_options *options)
{
    struct ch_content *c = ch_calloc(1, sizeof(*c));
    c->options = *options;
    c->source = ch_source_new(options->out);
    return c;
}

void ch_content_free(struct ch_content *c)
{
    if (c != NULL) {
        ch_source_free(c->source);
        free(c);
    }
}

/* "#!" and "python" in the first line. */
static bool is_python_script(struct ch_str bytes)
{
    struct ch_str line;
    struct ch_str rest = bytes;
    size_t at;
    return ch_str_starts(bytes, CH_STR("#!")) && ch_str_split(&rest, '\n', &line) &&
           ch_str_find(line, CH_STR("python"), &at);
}

/* The lines of a .pth file that site.py executes: those that begin with "import" and a blank. */
static void put_pth_code(struct ch_str bytes, struct ch_buf *ret)
{
    struct ch_str rest = bytes;
    struct ch_str line;
    while (ch_str_split(&rest, '\n', &line)) {
        if (ch_str_starts(line, CH_STR("import ")) || ch_str_starts(line, CH_STR("import\t"))) {
            ch_buf_puts(ret, line);
        }
        ch_buf_putc(ret, '\n'); /* lines keep their numbers */
    }
}

static void see_source(struct ch_content *c, const struct ch_content_member *m,
                       enum ch_code_place place)
{
    bool pth = path_has_extension(m->path, "pth") && place == CH_PLACE_START;
    bool python = path_has_extension(m->path, "py") || path_has_extension(m->path, "pyw") ||
                  (path_extension(m->path).ptr == NULL && is_python_script(m->bytes));
    if ((python || pth) && m->bytes.len < m->size_bytes) {
        ch_scan_write_finding(c->options.out, CH_F_LIMIT, m->path,
                              CH_STR("is larger than source that is read"));
        return;
    }
    if (pth) {
        struct ch_buf code;
        ch_buf_init(&code, m->bytes.len + 1);
        put_pth_code(m->bytes, &code);
        ch_source_see(c->source, m->path, place, ch_buf_str(&code));
        ch_buf_done(&code);
    } else if (python) {
        ch_source_see(c->source, m->path, place, m->bytes);
    }
}

void ch_content_see(struct ch_content *c, const struct ch_content_member *m)
{
    if (m->type == CH_MEMBER_FILE) {
        see_source(c, m, c->options.place(c->options.arg, m->path));
    }
}

void ch_content_end(struct ch_content *c)
{
    ch_source_end(c->source);
}
