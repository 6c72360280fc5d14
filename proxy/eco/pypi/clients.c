#include "customhouse/clients.h"

#include "proxy/eco/pypi/pypi_int.h"

#include <stdio.h>

#define MINOR_END 999 /* no version of Python has a part as large */
/* uv does not work with older ones than 3.6, and Debian 12's pip (23.0) not even with that. */
#define OLDEST_MINOR 6

/* "cp312", "py3", "py2", "pp310": one digit of major version, the rest is minor. */
static bool read_python(struct ch_str tag, bool range, struct client_kind *ret)
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
    ret->to = range || generic ? major * 1000 + MINOR_END : ret->from;
    return true;
}

/* "cp312" and "abi3" are the usual builds, "cp313t" and "abi3t" the free-threaded ones (PEP 703,
 * 803); the "m" of builds before 3.8 says nothing. */
static struct ch_str abi_kind(struct ch_str tag)
{
    if (ch_str_starts(tag, CH_STR("abi3"))) {
        return ch_str_sub(tag, 4, tag.len);
    }
    if (!ch_str_starts(tag, CH_STR("cp"))) {
        return tag;
    }
    struct ch_str rest = ch_str_sub(tag, 2, tag.len);
    while (rest.len > 0 && rest.ptr[0] >= '0' && rest.ptr[0] <= '9') {
        rest = ch_str_sub(rest, 1, rest.len);
    }
    return ch_str_eq(rest, CH_STR("m")) ? ch_str_sub(rest, 0, 0) : rest;
}

static uint32_t take_number(struct ch_str *s)
{
    uint32_t n = 0;
    while (s->len > 0 && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
        n = n > 100000 ? n : n * 10 + (uint32_t)(s->ptr[0] - '0');
        *s = ch_str_sub(*s, 1, s->len);
    }
    return n;
}

/* "manylinux_2_17_x86_64", "manylinux2014_aarch64", "musllinux_1_1_x86_64", "macosx_11_0_arm64",
 * "win_amd64", "win32": system, version and machine. */
static void read_platform(struct ch_str tag, struct client_kind *ret)
{
    static const char *const systems[] = {"manylinux", "musllinux", "macosx", "android", "ios"};
    static const uint32_t aliases[][2] = {{1, 2005}, {2010, 2012}, {2014, 2017}}; /* PEP 600 */
    *ret = (struct client_kind){.system = tag};
    for (size_t i = 0; i < CH_ARRAY_LEN(systems); i++) {
        struct ch_str system = ch_str_of(systems[i]);
        if (!ch_str_starts(tag, system)) {
            continue;
        }
        struct ch_str rest = ch_str_sub(tag, system.len, tag.len);
        bool alias = rest.len > 0 && rest.ptr[0] != '_';
        rest = ch_str_sub(rest, alias ? 0 : 1, rest.len);
        uint32_t first = take_number(&rest);
        rest = ch_str_sub(rest, 1, rest.len);
        bool has_minor =
            !alias && i != 3 && rest.len > 0 && rest.ptr[0] >= '0' && rest.ptr[0] <= '9';
        uint32_t minor = has_minor ? take_number(&rest) : 0;
        ret->platform_from = first * 1000 + minor;
        for (size_t k = 0; alias && k < CH_ARRAY_LEN(aliases); k++) {
            ret->platform_from = first == aliases[k][0] ? aliases[k][1] : ret->platform_from;
        }
        ret->system = system;
        ret->machine = has_minor ? ch_str_sub(rest, 1, rest.len) : rest;
        return;
    }
    if (ch_str_starts(tag, CH_STR("linux_"))) { /* of any libc: built here */
        ret->system = CH_STR("linux");
        ret->machine = ch_str_sub(tag, 6, tag.len);
    }
}

static void add_platform(struct clients *c, const struct client_kind *platform)
{
    if (c->platform_count == CLIENTS_PLATFORMS) {
        c->more = true;
    } else {
        c->platforms[c->platform_count++] = *platform;
    }
}

static void add_platforms(struct clients *c, struct ch_str tag)
{
    struct client_kind platform;
    read_platform(tag, &platform);
    bool mac = ch_str_eq(platform.system, CH_STR("macosx"));
    if (mac && ch_str_eq(platform.machine, CH_STR("universal2"))) {
        platform.machine = CH_STR("x86_64");
        add_platform(c, &platform);
        platform.machine = CH_STR("arm64");
    }
    if (mac && ch_str_eq(platform.machine, CH_STR("arm64")) && platform.platform_from < 11000) {
        platform.platform_from = 11000; /* there was none before */
    }
    add_platform(c, &platform);
}

static void clients_of(const struct ch_release *release, struct clients *ret)
{
    struct ch_str tag, pythons = release->python_tags, abis = release->abi_tags;
    struct ch_str platforms = release->platform_tags;
    *ret = (struct clients){.all = platforms.len == 0};
    while (ch_str_split(&pythons, '.', &tag)) {
        struct client_kind unused;
        if (ret->python_count == CLIENTS_PYTHONS || !read_python(tag, false, &unused)) {
            ret->more = true;
        } else {
            ret->pythons[ret->python_count++] = tag;
        }
    }
    while (ch_str_split(&abis, '.', &tag)) {
        if (ret->abi_count == CLIENTS_ABIS) {
            ret->more = true;
        } else {
            ret->abis[ret->abi_count++] = tag;
        }
    }
    while (ch_str_split(&platforms, '.', &tag)) {
        add_platforms(ret, tag);
    }
}

static bool clients_kind(const struct clients *c, size_t n, struct client_kind *ret)
{
    if (c->all) {
        *ret =
            (struct client_kind){.abi = CH_STR("none"), .system = CH_STR("any"), .to = UINT32_MAX};
        return n == 0;
    }
    size_t pythons = c->python_count, abis = c->abi_count;
    if (n >= pythons * abis * c->platform_count) {
        return false;
    }
    struct ch_str abi = c->abis[n / pythons % abis];
    *ret = c->platforms[n / pythons / abis];
    ret->abi = abi_kind(abi);
    return read_python(c->pythons[n % pythons], ch_str_starts(abi, CH_STR("abi3")), ret);
}

/* ------------------------------------------------------------------ versions of Python */

static void add_point(struct client_points *p, uint32_t major, uint32_t minor, uint32_t micro)
{
    uint32_t at = major * 1000000 + minor * 1000 + micro;
    if (major != 3 || minor < OLDEST_MINOR) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        if (p->at[i] == at) {
            return;
        }
    }
    if (p->count == CLIENTS_POINTS) {
        p->full = true;
    } else {
        p->at[p->count++] = at;
    }
}

static void add_minor(struct client_points *p, uint32_t major, uint32_t minor)
{
    for (uint32_t m = minor; m <= minor + 1 && m <= MINOR_END; m++) {
        add_point(p, major, m, 0);
        add_point(p, major, m, MINOR_END);
    }
}

static void client_points_begin(struct client_points *p)
{
    p->count = 0;
    p->full = false;
    add_minor(p, 3, OLDEST_MINOR);
}

static void client_points_add(struct client_points *p, const struct clients *c)
{
    for (size_t i = 0; i < c->python_count; i++) {
        struct client_kind python;
        if (read_python(c->pythons[i], false, &python)) {
            add_minor(p, python.from / 1000, python.from % 1000);
        }
    }
}

/* Whatever the comparisons (PEP 440), between the numbers they name they say one thing. */
static bool client_points_add_requirement(struct client_points *p, struct ch_str requires_python)
{
    struct ch_str s = requires_python;
    while (s.len > 0) {
        uint32_t part[3] = {0};
        if (s.ptr[0] < '0' || s.ptr[0] > '9') {
            s = ch_str_sub(s, 1, s.len);
            continue;
        }
        for (size_t i = 0;; i++) {
            uint32_t number = take_number(&s);
            if (number >= MINOR_END) {
                return false;
            }
            if (i < CH_ARRAY_LEN(part)) {
                part[i] = number;
            }
            if (s.len < 2 || s.ptr[0] != '.' || s.ptr[1] < '0' || s.ptr[1] > '9') {
                break;
            }
            s = ch_str_sub(s, 1, s.len);
        }
        add_minor(p, part[0], part[1]);
        for (uint32_t z = part[2] > 0 ? part[2] - 1 : 0; z <= part[2] + 1; z++) {
            add_point(p, part[0], part[1], z);
        }
    }
    return true;
}

static void client_point_text(const struct client_points *p, size_t i, char ret[16])
{
    uint32_t at = p->at[i];
    snprintf(ret, 16, "%u.%u.%u", at / 1000000 % 10, at / 1000 % 1000, at % 1000);
}

/* ------------------------------------------------------------------ who takes what */

static void add_range(uint32_t from, uint32_t to, const struct client_points *p,
                      struct client_set *ret)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->at[i] / 1000 >= from && p->at[i] / 1000 <= to) {
            ret->bits[i / 64] |= UINT64_C(1) << i % 64;
        }
    }
}

static void clients_points_of_kind(const struct client_kind *kind, const struct client_points *p,
                            struct client_set *ret)
{
    *ret = (struct client_set){0};
    add_range(kind->from, kind->to, p, ret);
}

static bool platform_serves(const struct client_kind *offered, const struct client_kind *wanted)
{
    if (ch_str_eq(offered->system, CH_STR("any"))) {
        return true;
    }
    if (!ch_str_eq(offered->machine, wanted->machine)) {
        return false;
    }
    return ch_str_eq(offered->system, wanted->system)
               ? offered->platform_from <= wanted->platform_from
               : ch_str_eq(offered->system, CH_STR("linux")) &&
                     ch_str_ends(wanted->system, CH_STR("linux"));
}

static void clients_taking(const struct clients *c, const struct client_kind *kind,
                    const struct client_points *p, struct client_set *ret)
{
    struct client_kind offered;
    size_t per_platform = c->all ? 1 : c->python_count * c->abi_count;
    for (size_t n = 0; per_platform > 0; n++) {
        if (n % per_platform == 0 && !c->all) {
            while (n / per_platform < c->platform_count &&
                   !platform_serves(&c->platforms[n / per_platform], kind)) {
                n += per_platform;
            }
        }
        if (!clients_kind(c, n, &offered)) {
            break;
        }
        bool serves =
            (ch_str_eq(offered.abi, CH_STR("none")) || ch_str_eq(offered.abi, kind->abi)) &&
            (offered.implementation == 0 || offered.implementation == kind->implementation);
        if (serves) {
            add_range(offered.from, offered.to, p, ret);
        }
    }
}

const struct ch_clients_ops ch_pypi_clients = {
    .of = clients_of,
    .kind = clients_kind,
    .points_begin = client_points_begin,
    .points_add = client_points_add,
    .points_add_requirement = client_points_add_requirement,
    .point_text = client_point_text,
    .points_of_kind = clients_points_of_kind,
    .taking = clients_taking,
};
