/* A specifier, and after its first line feed versions: orders are orders, a normal form means the same,
 * and samples answer for all versions (ch_pep440_*). The keeper reads such text from upstreams. */
#include <stdint.h>

#include "base/pypi/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VERSIONS 4

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static void check_order(const struct ch_str *v, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CH_ASSERT(ch_pep440_cmp(v[i], v[i]) == 0);
        for (size_t j = 0; j < count; j++) {
            CH_ASSERT(sign(ch_pep440_cmp(v[i], v[j])) == -sign(ch_pep440_cmp(v[j], v[i])));
            for (size_t k = 0; k < count; k++) {
                if (ch_pep440_cmp(v[i], v[j]) <= 0 && ch_pep440_cmp(v[j], v[k]) <= 0) {
                    CH_ASSERT(ch_pep440_cmp(v[i], v[k]) <= 0);
                }
            }
        }
    }
}

struct search {
    struct ch_str spec;
    bool found;
    bool malformed;
};

static void on_sample(void *arg, struct ch_str version)
{
    struct search *s = arg;
    bool match = false;
    s->malformed = ch_pep440_match(s->spec, version, &match, NULL) != CH_OK || s->malformed;
    s->found = s->found || match;
}

static bool has_operator(struct ch_str spec)
{
    return ch_str_find_char(spec, '=', NULL) || ch_str_find_char(spec, '<', NULL) ||
           ch_str_find_char(spec, '>', NULL);
}

/* Whether it matches, which its normal form does likewise. */
static bool matches(struct ch_str spec, struct ch_str version)
{
    struct ch_pep440 parsed;
    bool match = false;
    bool same = false;
    enum ch_code rc = ch_pep440_match(spec, version, &match, NULL);
    CH_ASSERT((rc == CH_E_FORMAT) == (ch_pep440_check_spec(spec, NULL) != CH_OK));
    if (!ch_pep440_parse(version, &parsed)) {
        CH_ASSERT(rc != CH_OK || !has_operator(spec) || ch_str_find(spec, CH_STR("==="), NULL));
        return false;
    }
    CH_ASSERT(rc != CH_E_MISMATCH);
    bool widely = false;
    CH_ASSERT(ch_pep440_match_widely(spec, version, &widely, NULL) == rc && widely >= match);
    struct ch_buf normal;
    struct ch_buf twice;
    ch_buf_init(&normal, 4 * version.len + 64);
    ch_buf_init(&twice, 4 * version.len + 64);
    ch_pep440_put(&normal, &parsed);
    CH_ASSERT(!normal.failed && ch_pep440_cmp(version, ch_buf_str(&normal)) == 0);
    CH_ASSERT(ch_pep440_parse(ch_buf_str(&normal), &parsed));
    ch_pep440_put(&twice, &parsed);
    CH_ASSERT(ch_str_eq(ch_buf_str(&normal), ch_buf_str(&twice)));
    if (!ch_str_find(spec, CH_STR("==="), NULL)) { /* that one compares text */
        CH_ASSERT(ch_pep440_match(spec, ch_buf_str(&normal), &same, NULL) == rc && same == match);
    }
    ch_buf_done(&normal);
    ch_buf_done(&twice);
    return rc == CH_OK && match;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str spec = {NULL, 0};
    struct ch_str v[VERSIONS];
    size_t count = 0;
    if (size == 0 || size > 4096) {
        return 0;
    }
    ch_str_split(&rest, '\n', &spec);
    while (count < VERSIONS && ch_str_split(&rest, '\n', &v[count])) {
        count++;
    }
    check_order(v, count);
    struct search s = {.spec = spec};
    bool told = ch_pep440_samples(&spec, 1, on_sample, &s);
    CH_ASSERT(!told || !s.malformed);
    for (size_t i = 0; i < count; i++) {
        CH_ASSERT(!matches(spec, v[i]) || !told || s.found);
    }
    return 0;
}
