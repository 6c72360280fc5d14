#include "proxy/eco/versions.h"

#include "proxy/eco/pypi/version.h"

static const struct scheme {
    struct ch_str ecosystem;
    enum ch_code (*match)(struct ch_str spec, struct ch_str version, bool *ret_match,
                          struct ch_err *err);
    enum ch_code (*check)(struct ch_str spec, struct ch_err *err);
} schemes[] = {
    {{"pypi", 4}, ch_pep440_match, ch_pep440_check_spec},
};

static const struct scheme *find(struct ch_str ecosystem)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(schemes); i++) {
        if (ch_str_eq(schemes[i].ecosystem, ecosystem)) {
            return &schemes[i];
        }
    }
    return NULL;
}

enum ch_code ch_eco_match_version(struct ch_str ecosystem, struct ch_str spec, struct ch_str version,
                                  bool *ret_match, struct ch_err *err)
{
    const struct scheme *s = find(ecosystem);
    if (s == NULL) {
        return ch_fail(err, CH_E_UNSUPPORTED, "versions of \"%.*s\" cannot be compared",
                       CH_STR_ARG(ecosystem));
    }
    return s->match(spec, version, ret_match, err);
}

enum ch_code ch_eco_check_spec(struct ch_str ecosystem, struct ch_str spec, struct ch_err *err)
{
    if (ecosystem.ptr != NULL) {
        const struct scheme *s = find(ecosystem);
        return s != NULL ? s->check(spec, err)
                         : ch_fail(err, CH_E_UNSUPPORTED, "versions of \"%.*s\" cannot be compared",
                                   CH_STR_ARG(ecosystem));
    }
    enum ch_code rc = CH_E_UNSUPPORTED;
    for (size_t i = 0; i < CH_ARRAY_LEN(schemes) && rc != CH_OK; i++) {
        rc = schemes[i].check(spec, err);
    }
    return rc;
}
