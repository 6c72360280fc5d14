/* Targets: ch_likeness_of over any bytes. What it names is on the list, and is what comparing says.
 */
#include <stdint.h>

#include "policy/names/likeness_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str name = {(const char *)data, size};
    struct ch_likeness l = ch_likeness_of(name);
    CH_ASSERT((l.kind == CH_LIKENESS_NONE) == (l.of == NULL));
    if (l.of != NULL) {
        CH_ASSERT(ch_well_known_find(ch_str_of(l.of)) != NULL && ch_well_known_find(name) == NULL);
        CH_ASSERT(ch_likeness_compare(name, ch_str_of(l.of)) == l.kind);
    }
    struct ch_fact fact = {CH_STR("home"), name};
    CH_IGNORE(ch_likeness_same_home(&l, &fact, 1));
    return 0;
}
