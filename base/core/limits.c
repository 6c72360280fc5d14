#include "customhouse/limits.h"

struct ch_limits ch_limits = {
#define CH_LIMIT_DEFAULT(name, value, unit, reason) .name = (value),
    CH_LIMITS(CH_LIMIT_DEFAULT)
#undef CH_LIMIT_DEFAULT
};
