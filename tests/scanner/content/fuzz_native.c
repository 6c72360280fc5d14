/* Headers of native code over any bytes, whole and as the beginning of something larger. */
#include "customhouse/limits.h"
#include "scanner/content/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *arg, struct ch_str name)
{
    size_t *count = arg;
    (*count)++;
    CH_ASSERT(name.len > 0 && name.len <= ch_limits.member_path_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned more = 0; more < 2; more++) {
        size_t count = 0;
        struct native n = {.bytes = {(const char *)data, size},
                           .size_bytes = size + (uint64_t)more * 4096,
                           .library = see,
                           .arg = &count};
        native_parse(&n);
        CH_ASSERT(n.machine_count <= NATIVE_MACHINES_MAX);
        CH_ASSERT(n.format != NATIVE_NONE || (n.machine_count == 0 && count == 0));
    }
    return 0;
}
