#include "scanner/literals.h"

#include <hs.h>
#include <stdlib.h>

struct ch_literals {
    hs_database_t *database; /* NULL: nothing is searched for */
    hs_scratch_t *scratch;
};

enum ch_code ch_literals_usable(struct ch_err *err)
{
    return hs_valid_platform() == HS_SUCCESS
               ? CH_OK
               : ch_fail(err, CH_E_UNSUPPORTED, "libhs %s does not run on this processor",
                         hs_version());
}

struct ch_literals *ch_literals_new(const struct ch_literal *list, size_t count)
{
    struct ch_literals *l = ch_calloc(1, sizeof(*l));
    const char **bytes = ch_calloc(count + 1, sizeof(*bytes));
    size_t *sizes = ch_calloc(count + 1, sizeof(*sizes));
    unsigned *flags = ch_calloc(count + 1, sizeof(*flags));
    unsigned *ids = ch_calloc(count + 1, sizeof(*ids));
    unsigned n = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].bytes.len > 0) {
            CH_ASSERT(list[i].bytes.ptr[0] != '\0'); /* libhs takes it for an empty one */
            bytes[n] = list[i].bytes.ptr;
            sizes[n] = list[i].bytes.len;
            flags[n] = (list[i].nocase ? HS_FLAG_CASELESS : 0U) |
                       (list[i].once ? HS_FLAG_SINGLEMATCH : 0U);
            ids[n++] = (unsigned)i;
        }
    }
    hs_compile_error_t *error = NULL;
    hs_error_t rc = n == 0 ? HS_SUCCESS
                           : hs_compile_lit_multi(bytes, flags, ids, sizes, n, HS_MODE_BLOCK, NULL,
                                                  &l->database, &error);
    /* memory is all that both take */
    CH_ASSERT(rc == HS_SUCCESS);
    CH_ASSERT(n == 0 || hs_alloc_scratch(l->database, &l->scratch) == HS_SUCCESS);
    free(bytes);
    free(sizes);
    free(flags);
    free(ids);
    return l;
}

void ch_literals_free(struct ch_literals *l)
{
    if (l != NULL) {
        (void)hs_free_scratch(l->scratch);
        (void)hs_free_database(l->database);
        free(l);
    }
}

struct search {
    ch_literal_fn *found;
    void *arg;
};

static int on_match(unsigned id, unsigned long long from CH_UNUSED, unsigned long long to,
                    unsigned flags CH_UNUSED, void *context)
{
    const struct search *s = context;
    return s->found(s->arg, id, (size_t)to) ? 1 : 0;
}

bool ch_literals_search(const struct ch_literals *l, struct ch_str text, ch_literal_fn *found,
                        void *arg)
{
    struct search s = {found, arg};
    CH_ASSERT(text.len <= UINT32_MAX);
    if (l->database == NULL || text.len == 0) {
        return false;
    }
    hs_error_t rc = hs_scan(l->database, text.ptr, (unsigned)text.len, 0, l->scratch, on_match, &s);
    CH_ASSERT(rc == HS_SUCCESS || rc == HS_SCAN_TERMINATED); /* else not all of it was searched */
    return rc == HS_SCAN_TERMINATED;
}
