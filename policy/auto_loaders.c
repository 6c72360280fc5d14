/* Projects that are known to run without being imported by name, and by what (threats.md T17). */
#include "customhouse/policy.h"

static const struct {
    const char *project; /* normalised */
    const char *value;   /* of the fact auto-load */
} rows[] = {
    {"setuptools", "pth distutils-precedence.pth"},
    {"anyio", "entry-point pytest11"},
    {"pytest-cov", "entry-point pytest11"},
    {"ipykernel", "data share/jupyter"},
};

bool ch_auto_loader_known(struct ch_str project, struct ch_str value)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(project, ch_str_of(rows[i].project)) &&
            ch_str_eq(value, ch_str_of(rows[i].value))) {
            return true;
        }
    }
    return false;
}
