/* The release that was approved before a file: what its own capabilities are compared with. Worked
 * out once per page, so that judging all its files stays linear. */
#include "db/keeper/keeper_int.h"

#include <stdlib.h>
#include <string.h>

/* Of the releases before it, newest first, so many are looked at for one of the same kind. */
#define LOOKED_AT 64

void releases_touch(struct page *p)
{
    free(p->approved);
    p->approved = NULL;
    p->approved_count = 0;
}

/* Approved: its bytes were allowed here, and nothing speaks against them since. */
static bool is_approved(const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    return f->allowed_at_us != CH_TIME_UNKNOWN && f->has_inspection && !f->attack &&
           f->recorded_verdict != CH_VERDICT_DENY;
}

static int by_version(const void *a, const void *b, void *page)
{
    const struct page *p = page;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint32_t v = p->index.version[x], w = p->index.version[y];
    return v != w ? (v < w ? -1 : 1) : (x > y) - (x < y);
}

static void gather(struct page *p)
{
    p->approved = ch_calloc(p->facts.file_count + 1, sizeof(*p->approved));
    for (uint32_t i = 0; i < p->facts.file_count; i++) {
        if (is_approved(p, i)) {
            p->approved[p->approved_count++] = i;
        }
    }
    qsort_r(p->approved, p->approved_count, sizeof(*p->approved), by_version, p);
}

/* "manylinux", "win", "macosx", "any": of a wheel; of all else nothing. */
static struct ch_str platform_of(const struct page_file *f)
{
    size_t at;
    struct ch_str tags = f->release.platform_tags;
    return ch_str_find_char(tags, '_', &at) ? ch_str_sub(tags, 0, at) : tags;
}

/* How much alike two files are built: native code differs between platforms by its nature. */
static int alike(const struct page *p, size_t a, size_t b)
{
    const struct page_file *x = &p->files[a], *y = &p->files[b];
    if (strcmp(x->release.file_type, y->release.file_type) != 0) {
        return 0;
    }
    return ch_str_eq(platform_of(x), platform_of(y)) ? 2 : 1;
}

ptrdiff_t releases_previous(struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    ptrdiff_t best = -1;
    int best_alike = -1;
    if (p->approved == NULL) {
        gather(p);
    }
    size_t from = 0, to = p->approved_count; /* the first that is not of an earlier version */
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (p->index.version[p->approved[mid]] < p->index.version[file]) {
            from = mid + 1;
        } else {
            to = mid;
        }
    }
    for (size_t n = 0; from-- > 0 && n < LOOKED_AT && best_alike < 2; n++) {
        size_t other = p->approved[from];
        if (p->index.project[other] != p->index.project[file]) {
            break; /* those of another project begin here */
        }
        /* Approved before this one was: an older version that somebody asks for later does not
         * throw doubt on what has passed already. */
        if (f->allowed_at_us != CH_TIME_UNKNOWN &&
            p->files[other].allowed_at_us >= f->allowed_at_us) {
            continue;
        }
        int how = alike(p, file, other);
        if (how > best_alike) {
            best = (ptrdiff_t)other;
            best_alike = how;
        }
    }
    return best;
}
