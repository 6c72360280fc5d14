/* Targets: ch_spdx_canonical, ch_spdx_satisfied, ch_spdx_of_text, ch_spdx_of_classifier. */
#include <stdint.h>

#include "base/spdx/spdx.h"
#include "customhouse/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool yes(void *arg, struct ch_str licence, struct ch_str exception)
{
    (void)arg;
    CH_ASSERT(licence.len > 0 && licence.ptr != exception.ptr);
    return true;
}

static bool no(void *arg, struct ch_str licence, struct ch_str exception)
{
    return !yes(arg, licence, exception);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str text = {(const char *)data, size};
    struct ch_buf once;
    struct ch_buf twice;
    struct ch_err err;
    bool ok = false;
    ch_buf_init(&once, 4 * ch_limits.licence_bytes);
    ch_buf_init(&twice, 4 * ch_limits.licence_bytes);
    const char *id = ch_spdx_of_text(text);
    CH_IGNORE(ch_spdx_of_classifier(text) == NULL);
    if (id != NULL) {
        CH_ASSERT(ch_spdx_canonical(ch_str_of(id), &once, &err) == CH_OK);
        CH_ASSERT(ch_str_eq(ch_buf_str(&once), ch_str_of(id)));
        ch_buf_clear(&once);
    }
    if (ch_spdx_canonical(text, &once, &err) == CH_OK) {
        /* the canonical form is its own, and means the same */
        CH_ASSERT(ch_spdx_canonical(ch_buf_str(&once), &twice, &err) == CH_OK);
        CH_ASSERT(ch_str_eq(ch_buf_str(&once), ch_buf_str(&twice)));
        CH_ASSERT(ch_spdx_satisfied(text, yes, NULL, &ok, &err) == CH_OK && ok);
        CH_ASSERT(ch_spdx_satisfied(text, no, NULL, &ok, &err) == CH_OK && !ok);
    } else {
        CH_ASSERT(ch_spdx_satisfied(text, yes, NULL, &ok, &err) != CH_OK && !ok);
    }
    ch_buf_done(&once);
    ch_buf_done(&twice);
    return 0;
}
