/* Versions, one a line: orders are orders, and prefixes agree with them (ch_conda_version_*). The
 * keeper reads such text from upstreams. */
#include <stdint.h>

#include "base/conda/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VERSIONS = 5 };

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void check_one(struct ch_str text)
{
    struct ch_conda_version v;
    struct ch_conda_version s;
    struct ch_err err = {0};
    if (ch_conda_version_parse(text, &v, &err) != CH_OK) {
        CH_ASSERT(ch_str_starts(ch_str_of(err.msg), CH_STR("column ")));
        return;
    }
    CH_ASSERT(ch_conda_version_starts(&v, &v));
    if (ch_conda_version_shorten(&v, &s)) {
        CH_ASSERT(s.main.len > 0 && s.main.len < v.main.len && ch_conda_version_starts(&v, &s));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str v[VERSIONS];
    size_t n = 0;
    if (size == 0 || size > 4096) {
        return 0;
    }
    while (n < VERSIONS && ch_str_split(&rest, '\n', &v[n])) {
        check_one(v[n++]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            int ij = ch_conda_version_cmp(v[i], v[j]);
            CH_ASSERT(sign(ij) == -sign(ch_conda_version_cmp(v[j], v[i])) && (i != j || ij == 0));
            for (size_t k = 0; k < n; k++) {
                int jk = ch_conda_version_cmp(v[j], v[k]);
                int ik = ch_conda_version_cmp(v[i], v[k]);
                CH_ASSERT(ij > 0 || jk > 0 || ik <= 0);
                CH_ASSERT(ij != 0 || jk != 0 || ik == 0);
            }
        }
    }
    return 0;
}
