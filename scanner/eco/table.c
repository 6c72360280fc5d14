#include "customhouse/inspector.h"

#include "scanner/unpack/kind.h"

/* One name per ecosystem, from deploy/cmake/ecosystems.cmake. */
#include "eco_rows.h"

#define CH_INSPECTOR_DECLARE(name) extern const struct ch_inspector ch_inspector_##name;
CH_ECOSYSTEM_ROWS(CH_INSPECTOR_DECLARE)

#define CH_INSPECTOR_ROW(name) &ch_inspector_##name,
static const struct ch_inspector *const inspectors[] = {CH_ECOSYSTEM_ROWS(CH_INSPECTOR_ROW)};

/* A bare archive, of no ecosystem: it has no other side, so it is found by name but not listed. */
static const struct ch_inspector inspector_archive = {
    .ecosystem = "archive", .inspect = ch_archive_inspect, .second_opinion = ch_second_opinion};

const struct ch_inspector *ch_inspector_find(struct ch_str ecosystem)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(inspectors); i++) {
        if (ch_str_eq(ch_str_of(inspectors[i]->ecosystem), ecosystem)) {
            return inspectors[i];
        }
    }
    return ch_str_eq(ecosystem, ch_str_of(inspector_archive.ecosystem)) ? &inspector_archive : NULL;
}

const struct ch_inspector *ch_inspector_at(size_t i)
{
    return i < CH_ARRAY_LEN(inspectors) ? inspectors[i] : NULL;
}
