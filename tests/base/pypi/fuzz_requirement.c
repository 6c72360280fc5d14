/* Targets: ch_requirement_read, ch_requirement_marker. */
#include <stdint.h>

#include "base/pypi/requirement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct ch_str part, struct ch_str whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                             part.ptr + part.len <= whole.ptr + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str text = {(const char *)data, size};
    struct ch_requirement_parts p;
    CH_IGNORE(ch_requirement_marker(text, CH_STR("x")) == CH_MARKER_ALWAYS);
    if (ch_requirement_read(text, &p) != CH_REQUIREMENT_PLAIN) {
        return 0;
    }
    CH_ASSERT(p.name.len > 0 && is_within(p.name, text) && is_within(p.extras, text) &&
              is_within(p.specifier, text) && is_within(p.marker, text));
    /* What holds without an extra and with it does so whatever stands for it. */
    enum ch_marker none = ch_requirement_marker(p.marker, (struct ch_str){NULL, 0});
    CH_ASSERT(none <= CH_MARKER_ALWAYS && (p.marker.len > 0 || none == CH_MARKER_ALWAYS));
    return 0;
}
