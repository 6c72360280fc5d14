#include "customhouse/fact.h"

static const struct ch_fact_row rows[] = {
#define CH_FACT_ROW(code, name, capability, text) [code] = {name, capability, text},
    CH_FACTS(CH_FACT_ROW)
#undef CH_FACT_ROW
};

const struct ch_fact_row *ch_fact_row(enum ch_fact_code code)
{
    return (unsigned)code < CH_FACT_COUNT ? &rows[code] : NULL;
}

const struct ch_fact_row *ch_fact_by_name(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(name, ch_str_of(rows[i].name))) {
            return &rows[i];
        }
    }
    return NULL;
}
