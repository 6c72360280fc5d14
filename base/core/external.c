#include "customhouse/external.h"

#include "customhouse/attr.h"

static const char *const external_names[CH_EXTERNAL_COUNT] = {
    [CH_EXTERNAL_NONE] = "",
    [CH_EXTERNAL_PASSED] = "Passed",
    [CH_EXTERNAL_FAILED] = "Failed",
    [CH_EXTERNAL_QUARANTINED] = "Quarantined",
};

const char *ch_external_name(enum ch_external e)
{
    return (unsigned)e < CH_EXTERNAL_COUNT ? external_names[e] : "";
}

enum ch_external ch_external_of(struct ch_str name)
{
    for (unsigned i = CH_EXTERNAL_PASSED; i < CH_EXTERNAL_COUNT; i++) {
        if (ch_str_eq(name, ch_str_of(external_names[i]))) {
            return (enum ch_external)i;
        }
    }
    return CH_EXTERNAL_NONE;
}
