#include "customhouse/shared.h"

#include <stddef.h>

const char *ch_store_trouble_text(uint32_t trouble)
{
    switch (trouble) {
    case CH_STORE_FULL:
        return "no space is left for the database, so nothing new is taken in until there is";
    case CH_STORE_LOCKED:
        return "another process has the database locked, so nothing is decided until it lets go";
    case CH_STORE_DAMAGED:
        return "the database is damaged, so nothing is served before it is restored";
    case CH_STORE_FAILS:
        return "the database cannot be written, so nothing is decided";
    default:
        return NULL;
    }
}
