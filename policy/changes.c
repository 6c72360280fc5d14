/* What a release can do that the one approved before it could not, and how else it stands out. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "policy_int.h"

static const char *const kind_names[] = {
    [CH_CHANGE_NONE] = "none",       [CH_CHANGE_CAPABILITY] = "capability",
    [CH_CHANGE_SIZE] = "size",       [CH_CHANGE_MAINTAINER] = "maintainer",
    [CH_CHANGE_SILENCE] = "silence",
};

const char *ch_change_kind_name(enum ch_change_kind kind)
{
    return (unsigned)kind < CH_ARRAY_LEN(kind_names) ? kind_names[kind] : "none";
}

/* What tells most comes first: what runs unasked, then what it can reach. */
static const enum ch_fact_code by_weight[] = {
    CH_FACT_INSTALL_CAPABILITY, CH_FACT_INSTALL_CODE, CH_FACT_AUTO_LOAD,
    CH_FACT_CAPABILITY,         CH_FACT_NATIVE,       CH_FACT_LIBRARY,
};

struct found {
    const struct ch_facts *facts;
    struct ch_change *ret;
    size_t max;
    size_t count;
};

static void add(struct found *f, struct ch_change change)
{
    if (f->count < f->max) {
        f->ret[f->count] = change;
    }
    f->count++;
}

/* --- capabilities --- */

static int by_value(const void *a, const void *b)
{
    const struct ch_fact *x = *(const struct ch_fact *const *)a;
    const struct ch_fact *y = *(const struct ch_fact *const *)b;
    return ch_str_cmp(x->value, y->value);
}

/* What compilers and linkers add by themselves: the C, C++ and Python run time. A release is linked
 * with more or less of it as the build machine has it; none of it can do what libc could not. */
static const char *const runtime_libraries[] = {
    /* ELF: glibc, musl, GCC. The number after ".so" differs. */
    "ld-linux", "ld-musl-", "ld64.so", "libc.so", "libc.musl-", "libm.so", "libmvec.so", "libdl.so",
    "libpthread.so", "librt.so", "libutil.so", "libgcc_s.so", "libstdc++.so", "libatomic.so",
    /* Mach-O */
    "/usr/lib/libSystem.", "/usr/lib/libc++.", "/usr/lib/libc++abi.", "/usr/lib/libobjc.",
    "libpython3",
    /* PE */
    "kernel32.dll", "ntdll.dll", "msvcrt.dll", "ucrtbase.dll", "vcruntime140", "msvcp140",
    "api-ms-win-crt-", "api-ms-win-core-", "python3"};

static bool is_runtime(struct ch_str library)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(runtime_libraries); i++) {
        struct ch_str start = ch_str_of(runtime_libraries[i]);
        if (ch_str_eq_nocase(ch_str_sub(library, 0, start.len), start)) {
            return true;
        }
    }
    return false;
}

/* The facts of one name that count, sorted by value. NULL when there are none. */
static const struct ch_fact **facts_named(const struct ch_fact *facts, size_t count,
                                          struct ch_str name, size_t *ret_count)
{
    bool libraries = ch_str_eq(name, ch_str_of(ch_fact_row(CH_FACT_LIBRARY)->name));
    const struct ch_fact **some = NULL;
    size_t n = 0;
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        if (!ch_str_eq(facts[i].name, name) || (libraries && is_runtime(facts[i].value))) {
            continue;
        }
        if (n == room) {
            room = room * 2 + 8;
            some = ch_realloc_array((void *)some, room, sizeof(*some));
        }
        some[n++] = &facts[i];
    }
    if (n > 1) {
        qsort((void *)some, n, sizeof(*some), by_value);
    }
    *ret_count = n;
    return some;
}

/* Both sorted: what is in the first and not in the second, each value once. */
static void add_new(struct found *f, const struct ch_fact **now, size_t now_count,
                    const struct ch_fact **before, size_t before_count)
{
    size_t k = 0;
    for (size_t i = 0; i < now_count; i++) {
        if (i > 0 && by_value(&now[i - 1], &now[i]) == 0) {
            continue;
        }
        while (k < before_count && by_value(&before[k], &now[i]) < 0) {
            k++;
        }
        if (k == before_count || by_value(&before[k], &now[i]) != 0) {
            add(f, (struct ch_change){.kind = CH_CHANGE_CAPABILITY, .fact = *now[i]});
        }
    }
}

/* Wheels of one release differ in machine and format; that there is native code at all is the news.
 */
static bool is_news(enum ch_fact_code code, size_t before_count)
{
    return code != CH_FACT_NATIVE || before_count == 0;
}

static void add_capabilities(struct found *f)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(by_weight); i++) {
        struct ch_str name = ch_str_of(ch_fact_row(by_weight[i])->name);
        size_t now_count = 0;
        size_t before_count = 0;
        const struct ch_fact **now =
            facts_named(f->facts->inspected, f->facts->inspected_count, name, &now_count);
        const struct ch_fact **before =
            facts_named(f->facts->previous, f->facts->previous_count, name, &before_count);
        if (is_news(by_weight[i], before_count)) {
            add_new(f, now, now_count, before, before_count);
        }
        free((void *)now);
        free((void *)before);
    }
}

/* --- people --- */

static bool is_person(const struct ch_fact *fact)
{
    return ch_str_eq(fact->name, CH_STR("author")) || ch_str_eq(fact->name, CH_STR("maintainer"));
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_of_a_word(char c)
{
    char small = lower(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* Whether what stands beside the one name may name somebody else. */
static bool names_more(struct ch_str beside)
{
    size_t at;
    for (size_t i = 0; i < beside.len; i++) {
        if (beside.ptr[i] == ',' || beside.ptr[i] == ';' || beside.ptr[i] == '&' ||
            beside.ptr[i] == '/') {
            return true;
        }
    }
    return ch_str_find(beside, CH_STR(" and "), &at) || ch_str_find(beside, CH_STR(" with "), &at);
}

/* The one has the other as whole words, and nobody else beside it. */
static bool contains(struct ch_str hay, struct ch_str needle)
{
    for (size_t at = 0; at + needle.len <= hay.len; at++) {
        size_t end = at + needle.len;
        if (ch_str_eq_nocase(ch_str_sub(hay, at, needle.len), needle) &&
            (at == 0 || !is_of_a_word(hay.ptr[at - 1])) &&
            (end == hay.len || !is_of_a_word(hay.ptr[end]))) {
            return !names_more(ch_str_sub(hay, 0, at)) &&
                   !names_more(ch_str_sub(hay, end, hay.len));
        }
    }
    return false;
}

/* "Jane Doe" and "Jane Doe <jane@example.org>" are one person: fields come in either form, by the
 * tool that built the release. "Jane Doe and somebody" is not. */
static bool same_person(struct ch_str a, struct ch_str b)
{
    enum { TELLING = 3 };
    if (a.len < TELLING || b.len < TELLING) {
        return ch_str_eq_nocase(a, b);
    }
    return a.len >= b.len ? contains(a, b) : contains(b, a);
}

/* Bounded: a file may name people without end, and each is compared with each. */
static size_t people_of(const struct ch_fact *facts, size_t count, const struct ch_fact **ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < ch_limits.change_people; i++) {
        if (is_person(&facts[i]) && facts[i].value.len > 0) {
            ret[n++] = &facts[i];
        }
    }
    return n;
}

static void add_people(struct found *f)
{
    const struct ch_facts *facts = f->facts;
    const struct ch_fact **now = ch_calloc(ch_limits.change_people + 1, sizeof(*now));
    const struct ch_fact **before = ch_calloc(ch_limits.change_people + 1, sizeof(*before));
    size_t now_count = people_of(facts->inspected, facts->inspected_count, now);
    size_t before_count = people_of(facts->previous, facts->previous_count, before);
    for (size_t i = 0; i < now_count && before_count > 0; i++) {
        bool known = false;
        for (size_t k = 0; k < before_count && !known; k++) {
            known = same_person(now[i]->value, before[k]->value);
        }
        if (!known) {
            add(f, (struct ch_change){.kind = CH_CHANGE_MAINTAINER, .fact = *now[i]});
        }
    }
    free((void *)now);
    free((void *)before);
}

/* --- size and time --- */

static void add_silence(struct found *f)
{
    const struct ch_facts *facts = f->facts;
    int64_t now_us =
        facts->uploaded_at_us != CH_TIME_UNKNOWN ? facts->uploaded_at_us : facts->first_seen_at_us;
    int64_t before_us = facts->previous_uploaded_at_us;
    int64_t days = 0;
    if (now_us == CH_TIME_UNKNOWN || before_us == CH_TIME_UNKNOWN ||
        __builtin_sub_overflow(now_us, before_us, &days)) {
        return;
    }
    days /= DAY_US;
    if (days >= (int64_t)ch_limits.change_silence_days) {
        add(f, (struct ch_change){.kind = CH_CHANGE_SILENCE, .after = (uint64_t)days});
    }
}

static void add_size(struct found *f)
{
    uint64_t now = f->facts->size_bytes;
    uint64_t before = f->facts->previous_size_bytes;
    if (now != CH_SIZE_UNKNOWN && before != CH_SIZE_UNKNOWN &&
        now >= ch_limits.change_size_from_bytes && before <= now / ch_limits.change_size_times) {
        add(f, (struct ch_change){.kind = CH_CHANGE_SIZE, .before = before, .after = now});
    }
}

size_t ch_changes_of(const struct ch_facts *facts, struct ch_change *ret, size_t max)
{
    struct found f = {.facts = facts, .ret = ret, .max = max};
    if (facts->previous_version.len == 0 || facts->inspection != CH_INSPECTION_COMPLETE) {
        return 0;
    }
    add_capabilities(&f);
    add_people(&f);
    add_silence(&f);
    add_size(&f);
    return f.count;
}
