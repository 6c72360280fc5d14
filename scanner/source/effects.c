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

/* A bit for the length, the first bytes and the last one of each row, and of each prefix: most
 * names are none, and need no hash. */
enum { SHAPES = 1 << 14 };
struct shapes {
    uint64_t bits[SHAPES / 64];
};
static struct shapes row_shapes;
static struct shapes prefix_shapes;

static uint32_t shape_of(struct ch_str name)
{
    const uint8_t *p = (const uint8_t *)name.ptr;
    uint32_t h =
        p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[name.len - 1] << 16 | (uint32_t)name.len << 24;
    return (h * 0x9e3779b1U) >> 18;
}

static void add_shape(struct shapes *all, struct ch_str name)
{
    if (name.len >= 2) {
        all->bits[shape_of(name) / 64] |= (uint64_t)1 << shape_of(name) % 64;
    }
}

static bool has_shape(const struct shapes *all, struct ch_str name)
{
    return name.len >= 2 && (all->bits[shape_of(name) / 64] >> shape_of(name) % 64 & 1) != 0;
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
    add_shape(&prefix_shapes, name);
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
        add_shape(&row_shapes, name);
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
    const uint32_t *effects = has_shape(&prefix_shapes, name) && name.len < NAME_BYTES
                                  ? prefix_slot(value_hash(name))
                                  : NULL;
    return effects != NULL ? *effects : 0;
}

uint32_t effects_of(struct ch_str name)
{
    make_once();
    if (!has_shape(&row_shapes, name)) {
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
