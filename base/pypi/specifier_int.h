/* Shared by specifier.c and specifier_samples.c. */
#ifndef CH_BASE_PYPI_SPECIFIER_INT_H
#define CH_BASE_PYPI_SPECIFIER_INT_H

#include "base/pypi/version.h"

enum ch_pep440_op {
    CH_PEP440_ARBITRARY = 0,
    CH_PEP440_COMPATIBLE,
    CH_PEP440_EQ,
    CH_PEP440_NE,
    CH_PEP440_LE,
    CH_PEP440_GE,
    CH_PEP440_LT,
    CH_PEP440_GT
};

struct ch_pep440_clause {
    enum ch_pep440_op op;
    struct ch_str text; /* the version as written */
    struct ch_pep440 version;
    bool prefix; /* ended in ".*" */
};

/* CH_E_FORMAT: what is wrong with it, and what is expected. */
enum ch_code ch_pep440_clause_parse(struct ch_str text, struct ch_pep440_clause *ret,
                                    struct ch_err *err) CH_MUST_CHECK;

#endif
