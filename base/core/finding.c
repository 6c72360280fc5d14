#include "customhouse/finding.h"

static const struct ch_finding_row rows[] = {
#define CH_FINDING_ROW(code, number, name, cls, severity, text)                                    \
    {code, name, CH_CLASS_##cls, CH_SEVERITY_##severity, text},
    CH_FINDINGS(CH_FINDING_ROW)
#undef CH_FINDING_ROW
};

const struct ch_finding_row *ch_finding_row(uint32_t code)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if ((uint32_t)rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct ch_finding_row *ch_finding_by_name(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(ch_str_of(rows[i].name), name)) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct ch_finding_row *ch_finding_at(size_t i)
{
    return i < CH_ARRAY_LEN(rows) ? &rows[i] : NULL;
}

const char *ch_finding_class_name(enum ch_finding_class cls)
{
    static const char *const names[] = {"note", "irregular", "attack"};
    return (size_t)cls < CH_ARRAY_LEN(names) ? names[cls] : "attack";
}

static const char *const severity_names[] = {"info", "low", "medium", "high"};

const char *ch_severity_name(enum ch_severity severity)
{
    return (size_t)severity < CH_ARRAY_LEN(severity_names) ? severity_names[severity] : "high";
}

bool ch_severity_from_name(struct ch_str name, enum ch_severity *ret)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(severity_names); i++) {
        if (ch_str_eq(ch_str_of(severity_names[i]), name)) {
            *ret = (enum ch_severity)i;
            return true;
        }
    }
    return false;
}
