#include "base/pypi/version.h"

#include "customhouse/limits.h"
#include "scanner/python/metadata.h"

/* File names write '-' inside a version as '_' (PEP 427, PEP 625). PEP 440 tells the two apart in
 * one place only, before the number of an implicit post release. */
static bool parse(struct ch_str text, struct ch_buf *b, struct ch_pep440 *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        ch_buf_putc(b, text.ptr[i] == '_' ? '-' : text.ptr[i]);
    }
    return !b->failed && ch_pep440_parse(ch_buf_str(b), ret);
}

bool ch_pypi_same_version(struct ch_str a, struct ch_str b)
{
    if (ch_str_eq(a, b)) {
        return true;
    }
    struct ch_pep440 va;
    struct ch_pep440 vb;
    struct ch_buf text_a;
    struct ch_buf text_b;
    ch_buf_init(&text_a, ch_limits.version_bytes);
    ch_buf_init(&text_b, ch_limits.version_bytes);
    bool same = parse(a, &text_a, &va) && parse(b, &text_b, &vb) && ch_pep440_order(&va, &vb) == 0;
    ch_buf_done(&text_a);
    ch_buf_done(&text_b);
    return same;
}
