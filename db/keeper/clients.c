#include "clients.h"

/* "cp312", "py3", "py2", "pp310": one digit of major version, the rest is minor. */
static bool read_python(struct ch_str tag, bool range, struct client_pythons *ret)
{
    uint64_t number;
    struct ch_str digits = ch_str_sub(tag, 2, tag.len);
    if (tag.len < 3 || !ch_str_u64(digits, &number) || digits.len > 4) {
        return false;
    }
    bool generic = ch_str_starts(tag, CH_STR("py"));
    uint32_t major = (uint32_t)(digits.ptr[0] - '0');
    uint64_t minor = 0;
    if (digits.len > 1 && !ch_str_u64(ch_str_sub(digits, 1, digits.len), &minor)) {
        return false;
    }
    ret->implementation = generic ? 0 : (uint16_t)((uint16_t)tag.ptr[0] << 8 | (uint8_t)tag.ptr[1]);
    ret->from = major * 1000 + (uint32_t)minor;
    ret->to = range || generic ? major * 1000 + 999 : ret->from;
    return true;
}

/* "manylinux_2_17_x86_64", "manylinux2014_aarch64", "musllinux_1_1_x86_64", "macosx_11_0_arm64",
 * "win_amd64", "win32": system and machine, without versions. */
static void read_platform(struct ch_str tag, struct clients *ret)
{
    static const char *const systems[] = {"manylinux", "musllinux", "linux", "macosx",
                                          "win", "android", "ios"};
    size_t n = ret->platform_count;
    if (n == CLIENTS_PLATFORMS) {
        return;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(systems); i++) {
        struct ch_str system = ch_str_of(systems[i]);
        if (!ch_str_starts(tag, system)) {
            continue;
        }
        struct ch_str rest = ch_str_sub(tag, system.len, tag.len);
        while (rest.len > 0 && (rest.ptr[0] == '_' || (rest.ptr[0] >= '0' && rest.ptr[0] <= '9'))) {
            rest = ch_str_sub(rest, 1, rest.len);
        }
        ret->system[n] = i == 2 ? ch_str_of(systems[0]) : system; /* plain linux: built here */
        ret->machine[n] = rest;
        ret->platform_count++;
        return;
    }
    ret->system[n] = tag;
    ret->machine[n] = (struct ch_str){NULL, 0};
    ret->platform_count++;
}

void clients_of(const struct ch_release *release, struct clients *ret)
{
    struct ch_str tag, tags = release->python_tags, platforms = release->platform_tags;
    *ret = (struct clients){.all = platforms.len == 0};
    bool abi3 = ch_str_find(release->abi_tags, CH_STR("abi3"), NULL);
    while (ch_str_split(&tags, '.', &tag) && ret->python_count < CLIENTS_PYTHONS) {
        ret->python_count += read_python(tag, abi3, &ret->pythons[ret->python_count]);
    }
    while (ch_str_split(&platforms, '.', &tag)) {
        if (ch_str_eq(tag, CH_STR("any"))) {
            ret->any_platform = true;
        } else {
            read_platform(tag, ret);
        }
    }
}

static bool same_machine(struct ch_str a, struct ch_str b)
{
    struct ch_str fat = CH_STR("universal2"); /* x86_64 and arm64 */
    return ch_str_eq(a, b) || ch_str_eq(a, fat) || ch_str_eq(b, fat);
}

static bool platforms_overlap(const struct clients *a, const struct clients *b)
{
    if (a->any_platform || b->any_platform) {
        return true;
    }
    for (size_t i = 0; i < a->platform_count; i++) {
        for (size_t k = 0; k < b->platform_count; k++) {
            if (ch_str_eq(a->system[i], b->system[k]) &&
                same_machine(a->machine[i], b->machine[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool pythons_overlap(const struct clients *a, const struct clients *b)
{
    for (size_t i = 0; i < a->python_count; i++) {
        for (size_t k = 0; k < b->python_count; k++) {
            const struct client_pythons *x = &a->pythons[i], *y = &b->pythons[k];
            if ((x->implementation == 0 || y->implementation == 0 ||
                 x->implementation == y->implementation) &&
                x->from <= y->to && y->from <= x->to) {
                return true;
            }
        }
    }
    return false;
}

bool clients_overlap(const struct clients *held, const struct clients *other)
{
    return held->all || other->all || (platforms_overlap(held, other) && pythons_overlap(held, other));
}
