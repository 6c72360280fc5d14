/* The one place that lists the ecosystems that the jails can read. */
#include "scanner/eco/pypi/inspector.h"

static const struct ch_inspector *const inspectors[] = {
    &ch_inspector_pypi,
};

const struct ch_inspector *ch_inspector_find(struct ch_str ecosystem)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(inspectors); i++) {
        if (ch_str_eq(ch_str_of(inspectors[i]->ecosystem), ecosystem)) {
            return inspectors[i];
        }
    }
    return NULL;
}

const struct ch_inspector *ch_inspector_at(size_t i)
{
    return i < CH_ARRAY_LEN(inspectors) ? inspectors[i] : NULL;
}
