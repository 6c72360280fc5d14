/* When two ways of writing a requirement are one: the same project, extras, versions and condition,
 * in whatever order, case and blanks. What is not seen to be the same is told of twice. */
#include "commands_dependencies_int.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 64 }; /* of more the order counts */

static int by_text(const void *a, const void *b)
{
    const struct ch_str *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int d = n > 0 ? memcmp(x->ptr, y->ptr, n) : 0;
    return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without the blanks that stand outside of quotes, all quotes being one kind. */
static void put_plain(struct ch_buf *b, struct ch_str text, bool lower)
{
    char open = '\0';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool quote = (c == '\'' || c == '"') && (open == '\0' || open == c);
        open = !quote ? open : open == '\0' ? c : '\0';
        if (open != '\0' || quote) {
            ch_buf_putc(b, quote ? '\'' : c);
        } else if (!is_blank(c)) {
            ch_buf_putc(b, lower && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
    }
}

/* Parts between commas all have to hold, whatever their order, where nothing else joins them. */
static void put_list(struct ch_buf *b, struct ch_str text, bool lower)
{
    struct ch_str part[PARTS_MAX], one;
    struct ch_buf plain;
    size_t n = 0;
    ch_buf_init(&plain, text.len);
    put_plain(&plain, text, lower);
    struct ch_str rest = ch_buf_str(&plain);
    bool ordered = ch_str_find_char(rest, '|', NULL) || ch_str_find_char(rest, '(', NULL);
    while (n < PARTS_MAX && !ordered && ch_str_split(&rest, ',', &one)) {
        part[n++] = one;
    }
    if (ordered || rest.len > 0) {
        ch_buf_puts(b, ch_buf_str(&plain));
    } else {
        qsort(part, n, sizeof(part[0]), by_text);
        for (size_t i = 0; i < n; i++) {
            ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
            ch_buf_puts(b, part[i]);
        }
    }
    ch_buf_done(&plain);
}

void dependency_put_key(const struct ch_dependency *said, struct ch_buf *b)
{
    ch_buf_puts(b, ch_str_of(said->project));
    ch_buf_putc(b, '\n');
    put_list(b, said->extras, true);
    ch_buf_putc(b, '\n');
    put_list(b, said->versions, false);
    ch_buf_putc(b, '\n');
    put_plain(b, said->on, false);
}
