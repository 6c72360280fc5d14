#include "customhouse/ecosystem.h"

#include <string.h>

/* One name per ecosystem, from deploy/cmake/ecosystems.cmake. */
#include "eco_rows.h"

#define CH_ECOSYSTEM_DECLARE(name) extern const struct ch_ecosystem ch_ecosystem_##name;
CH_ECOSYSTEM_ROWS(CH_ECOSYSTEM_DECLARE)

#define CH_ECOSYSTEM_ROW(name) &ch_ecosystem_##name,
const struct ch_ecosystem *const ch_ecosystems[] = {CH_ECOSYSTEM_ROWS(CH_ECOSYSTEM_ROW) NULL};

const struct ch_ecosystem *ch_ecosystem_find(struct ch_str name)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        if (ch_str_eq(name, ch_str_of(ch_ecosystems[i]->name))) {
            return ch_ecosystems[i];
        }
    }
    return NULL;
}

enum ch_code ch_ecosystem_reads(const struct ch_ecosystem *eco, struct ch_str spec,
                                struct ch_err *err)
{
    bool match = false;
    /* CH_E_MISMATCH: the specifier was read, only the made-up version was not */
    enum ch_code rc = eco->match_version(spec, CH_STR("1"), &match, err);
    return rc == CH_E_MISMATCH ? CH_OK : rc;
}

bool ch_ecosystem_is_page(const struct ch_ecosystem *eco, struct ch_str name)
{
    char normal[sizeof(((struct ch_target *)NULL)->project)];
    if (eco->is_page != NULL) {
        return name.len < sizeof(normal) && eco->is_page(name);
    }
    return eco->normalise(name, normal, sizeof(normal)) && ch_str_eq(ch_str_of(normal), name);
}

const struct ch_beside *ch_ecosystem_beside(const struct ch_ecosystem *eco, bool of_all)
{
    for (size_t f = 0; f < eco->format_count; f++) {
        const struct ch_beside *beside = eco->formats[f].beside;
        if (beside != NULL && beside->of_all == of_all) {
            return beside;
        }
    }
    return NULL;
}

bool ch_ecosystem_is_source(const struct ch_ecosystem *eco, const char *file_type)
{
    return eco->source_type != NULL && strcmp(eco->source_type, file_type) == 0;
}

bool ch_ecosystem_is_built(const struct ch_ecosystem *eco, const char *file_type)
{
    return eco->built_type != NULL && strcmp(eco->built_type, file_type) == 0;
}

struct sampling {
    const struct ch_ecosystem *eco;
    struct ch_str spec;
    bool any;
};

static void on_version(void *arg, struct ch_str version)
{
    struct sampling *s = arg;
    struct ch_err err;
    bool match = false;
    s->any = s->any || s->eco->match_version(s->spec, version, &match, &err) != CH_OK || match;
}

bool ch_ecosystem_has_no_version(const struct ch_ecosystem *eco, struct ch_str spec)
{
    struct sampling s = {.eco = eco, .spec = spec};
    return eco->sample_versions(&s.spec, 1, on_version, &s) && !s.any;
}

bool ch_ecosystem_no_samples(const struct ch_str *specs, size_t count,
                             void (*fn)(void *arg, struct ch_str version), void *arg)
{
    (void)specs;
    (void)count;
    (void)fn;
    (void)arg;
    return false;
}
