/* What well-known functions do, by name; the tables are effects_python.c and effects_library.c. */
#include <stdlib.h>
#include <string.h>

#include "scanner/source/effects.h"

enum { SLOTS = 2048, PREFIXES = 2048 };

static size_t row_count(void)
{
    return effects_python_count + effects_library_count;
}

static const struct effect_row *row_at(size_t i)
{
    return i < effects_python_count ? &effects_python[i]
                                    : &effects_library[i - effects_python_count];
}

/* Made once: which row a name has. */
static uint16_t slots[SLOTS];
static uint8_t lengths[SLOTS / 2];
/* What is before a dot or a call in one of them, and the effects of all such. */
static struct {
    uint64_t hash;
    uint32_t effects;
} prefixes[PREFIXES];

/* The first two bytes of all rows: most names are none, and need no hash. */
static uint64_t first_two[(1 << 16) / 64];

static uint32_t two_bytes(struct ch_str name)
{
    return (uint32_t)(uint8_t)name.ptr[0] | (uint32_t)(uint8_t)name.ptr[1] << 8;
}

static bool may_be_row(struct ch_str name)
{
    return name.len >= 2 && (first_two[two_bytes(name) / 64] >> two_bytes(name) % 64 & 1) != 0;
}

static uint32_t *prefix_slot(uint64_t hash)
{
    uint64_t at = hash / 2 % PREFIXES;
    while (prefixes[at].hash != 0 && prefixes[at].hash != hash) {
        at = (at + 1) % PREFIXES;
    }
    if (prefixes[at].hash == 0) {
        return NULL;
    }
    return &prefixes[at].effects;
}

static uint32_t prefix_count;

static void make_prefix(struct ch_str name, uint32_t effects)
{
    uint64_t hash = value_hash(name);
    uint64_t at = hash / 2 % PREFIXES;
    while (prefixes[at].hash != 0 && prefixes[at].hash != hash) {
        at = (at + 1) % PREFIXES;
    }
    CH_ASSERT(prefixes[at].hash != 0 || ++prefix_count < PREFIXES / 2);
    prefixes[at].hash = hash;
    prefixes[at].effects |= effects | EFFECT_SOME;
}

/* What a row says of what it is in. */
static uint32_t spread(uint32_t effects)
{
    const uint32_t said = EFFECT_PROCESS | EFFECT_NETWORK | EFFECT_FETCH;
    return (effects & EFFECT_QUIET) != 0 ? effects & ~said : effects;
}

static void make_slots(void)
{
    CH_ASSERT(row_count() <= SLOTS / 2);
    for (size_t i = 0; i < row_count(); i++) {
        struct ch_str name = ch_str_of(row_at(i)->name);
        first_two[two_bytes(name) / 64] |= (uint64_t)1 << two_bytes(name) % 64;
        for (size_t k = 1; k < name.len; k++) {
            if (name.ptr[k] == '.' || (name.ptr[k] == '(' && k > 0)) {
                make_prefix(ch_str_sub(name, 0, k), spread(row_at(i)->effects));
            }
        }
    }
    for (size_t i = 0; i < row_count(); i++) {
        uint64_t at = value_hash(ch_str_of(row_at(i)->name)) / 2 % SLOTS;
        while (slots[at] != 0) {
            at = (at + 1) % SLOTS;
        }
        slots[at] = (uint16_t)(i + 1);
        lengths[i] = (uint8_t)strlen(row_at(i)->name);
    }
}

static void make_once(void)
{
    static bool made;
    if (!made) {
        make_slots();
        made = true;
    }
}

uint32_t effects_under(struct ch_str name)
{
    make_once();
    const uint32_t *effects =
        may_be_row(name) && name.len < NAME_BYTES ? prefix_slot(value_hash(name)) : NULL;
    return effects != NULL ? *effects : 0;
}

uint32_t effects_of(struct ch_str name)
{
    make_once();
    if (!may_be_row(name)) {
        return 0;
    }
    uint64_t at = value_hash(name) / 2 % SLOTS;
    for (; slots[at] != 0; at = (at + 1) % SLOTS) {
        size_t row = slots[at] - 1U;
        if (name.len == lengths[row] && memcmp(name.ptr, row_at(row)->name, name.len) == 0) {
            return row_at(row)->effects;
        }
    }
    return 0;
}

const char *effects_row(size_t i, uint32_t *ret_effects)
{
    *ret_effects = i < row_count() ? row_at(i)->effects : 0;
    return i < row_count() ? row_at(i)->name : NULL;
}
