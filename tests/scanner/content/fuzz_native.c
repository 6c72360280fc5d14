/* Headers of native code over any bytes, whole and as the beginning of something larger, and where
 * they are found behind others. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *arg, struct ch_str name)
{
    size_t *count = arg;
    (*count)++;
    CH_ASSERT(name.len > 0 && name.len <= ch_limits.member_path_bytes);
}

static void find(const uint8_t *data, size_t size, size_t before)
{
    struct ch_str all = {ch_calloc(1, before + size), before + size};
    if (size > 0) {
        memcpy((char *)(uintptr_t)all.ptr + before, data, size);
    }
    size_t at = native_find(all, all.len);
    CH_ASSERT(at == 0 || native_detect(ch_str_sub(all, at, all.len)) != NATIVE_NONE);
    free((char *)(uintptr_t)all.ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    find(data, size, 4);
    find(data, size, NATIVE_SEARCH_BYTES + 4);
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
