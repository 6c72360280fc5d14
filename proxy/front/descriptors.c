#include "descriptors.h"

#include <sys/resource.h>

#include "customhouse/bytes.h"

/* Standard streams, loop, listeners, channels, logs, folders, and what is open for a moment only.
 */
#define FEW 64

static uint64_t limit(void)
{
    struct rlimit files;
    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (uint64_t)files.rlim_cur : FEW;
}

uint32_t front_room_for_connections(uint64_t others)
{
    uint64_t all = limit();
    if (all <= others + FEW) {
        return 1;
    }
    return all - others - FEW < UINT32_MAX ? (uint32_t)(all - others - FEW) : UINT32_MAX - 1;
}

uint64_t front_room_for_files(uint64_t wanted)
{
    uint64_t quarter = limit() / 4;
    return quarter < wanted ? quarter : wanted;
}
