/* Asking ahead: which file will this client want after reading a page? A guess from its User-Agent;
 * wrong guesses cost a fetch within the keeper's budget, nothing else.
 *
 * pip and uv send "NAME/VERSION {json}" (the "linehaul" form), keys compact and without escapes.
 * The line may be clipped, so fields are looked up by name instead of parsing it as a document. */
#include "proxy/eco/pypi/pypi_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/pypi/version.h"

struct interpreter {
    struct ch_str python; /* "3.11.7" */
    uint64_t minor;       /* 11: of Python 3 */
    bool cpython;
    struct ch_str machine; /* as wheel tags spell it: "x86_64" */
    struct ch_str system;  /* "Linux" */
    uint64_t libc_minor;   /* glibc 2.N; 0: unknown */
    uint64_t mac_major;    /* macOS; 0: unknown */
    bool musl;
};

struct candidate {
    size_t index;
    struct ch_release release;
    struct ch_pep440 version;
    uint64_t rank; /* lower fits better */
};

/* The text of "key":"..." that comes after `from`; absent when there is none. */
static struct ch_str field(struct ch_str text, struct ch_str after, struct ch_str key)
{
    const struct ch_str none = {NULL, 0};
    size_t at = 0;
    if (after.len > 0) {
        if (!ch_str_find(text, after, &at)) {
            return none;
        }
        text = ch_str_sub(text, at + after.len, text.len);
    }
    if (!ch_str_find(text, key, &at)) {
        return none;
    }
    text = ch_str_sub(text, at + key.len, text.len);
    size_t end;
    return ch_str_find_char(text, '"', &end) ? ch_str_sub(text, 0, end) : none;
}

/* The first two numbers of "A.B..." */
static bool two_numbers(struct ch_str text, uint64_t *ret_a, uint64_t *ret_b)
{
    struct ch_str a;
    struct ch_str b;
    return ch_str_split(&text, '.', &a) && ch_str_split(&text, '.', &b) && ch_str_u64(a, ret_a) &&
           ch_str_u64(b, ret_b);
}

static bool read_user_agent(struct ch_str ua, struct interpreter *ret)
{
    *ret = (struct interpreter){0};
    size_t at;
    if (!ch_str_find_char(ua, '{', &at)) {
        return false;
    }
    struct ch_str facts = ch_str_sub(ua, at, ua.len);
    const struct ch_str none = {NULL, 0};
    uint64_t major;
    ret->python = field(facts, none, CH_STR("\"python\":\""));
    if (!two_numbers(ret->python, &major, &ret->minor) || major != 3) {
        return false;
    }
    ret->cpython = ch_str_eq(field(facts, CH_STR("\"implementation\":{"), CH_STR("\"name\":\"")),
                             CH_STR("CPython"));
    ret->machine = field(facts, none, CH_STR("\"cpu\":\""));
    ret->system = field(facts, CH_STR("\"system\":{"), CH_STR("\"name\":\""));
    struct ch_str libc = field(facts, CH_STR("\"libc\":{"), CH_STR("\"lib\":\""));
    struct ch_str libc_version = field(facts, CH_STR("\"libc\":{"), CH_STR("\"version\":\""));
    uint64_t libc_major;
    if (ch_str_eq(libc, CH_STR("glibc")) &&
        two_numbers(libc_version, &libc_major, &ret->libc_minor) && libc_major != 2) {
        ret->libc_minor = 0;
    }
    ret->musl =
        ch_str_eq(libc, CH_STR("musl")) || ch_str_find(facts, CH_STR("\"name\":\"Alpine"), NULL);
    if (ch_str_eq(ret->system, CH_STR("Darwin"))) {
        struct ch_str version =
            field(facts, CH_STR("\"name\":\"macOS\""), CH_STR("\"version\":\""));
        struct ch_str first;
        if (!ch_str_split(&version, '.', &first) || !ch_str_u64(first, &ret->mac_major)) {
            ret->mac_major = 0;
        }
    }
    return true;
}

#define NO_FIT     UINT64_MAX
#define RANK_SDIST (UINT64_MAX - 1) /* fits everywhere, after every wheel that fits */

/* Bigger than any rank of a platform: python and abi tags weigh more. */
#define RANK_STEP 1000u

/* PEP 600 and the older aliases of it: manylinux_2_N_MACHINE needs glibc 2.N. The newest that runs
 * is what installers prefer. */
static uint64_t rank_manylinux(struct ch_str rest, const struct interpreter *in)
{
    static const struct {
        const char *prefix;
        uint64_t minor;
    } aliases[] = {{"1_", 5}, {"2010_", 12}, {"2014_", 17}};
    uint64_t minor = 0;
    struct ch_str machine = {NULL, 0};
    for (size_t i = 0; i < CH_ARRAY_LEN(aliases); i++) {
        struct ch_str prefix = ch_str_of(aliases[i].prefix);
        if (ch_str_starts(rest, prefix)) {
            minor = aliases[i].minor;
            machine = ch_str_sub(rest, prefix.len, rest.len);
        }
    }
    if (ch_str_starts(rest, CH_STR("_2_"))) {
        struct ch_str text = ch_str_sub(rest, 3, rest.len);
        struct ch_str number;
        if (!ch_str_split(&text, '_', &number) || !ch_str_u64(number, &minor)) {
            return NO_FIT;
        }
        machine = text;
    }
    uint64_t have = in->libc_minor > 0 ? in->libc_minor : 17;
    if (in->musl || minor == 0 || minor > have || !ch_str_eq(machine, in->machine)) {
        return NO_FIT;
    }
    return 1 + have - minor;
}

static uint64_t rank_mac(struct ch_str rest, const struct interpreter *in)
{
    struct ch_str major_text;
    struct ch_str minor_text;
    uint64_t major;
    if (!ch_str_split(&rest, '_', &major_text) || !ch_str_split(&rest, '_', &minor_text) ||
        !ch_str_u64(major_text, &major) || (in->mac_major > 0 && major > in->mac_major)) {
        return NO_FIT;
    }
    if (ch_str_eq(rest, in->machine)) {
        return 1;
    }
    return ch_str_eq(rest, CH_STR("universal2")) ? 2 : NO_FIT;
}

static uint64_t rank_platform(struct ch_str tag, const struct interpreter *in)
{
    const struct ch_str manylinux = CH_STR("manylinux");
    const struct ch_str musllinux = CH_STR("musllinux_");
    const struct ch_str mac = CH_STR("macosx_");
    if (ch_str_eq(tag, CH_STR("any"))) {
        return RANK_STEP / 2;
    }
    if (ch_str_eq(in->system, CH_STR("Linux"))) {
        if (ch_str_starts(tag, manylinux)) {
            return rank_manylinux(ch_str_sub(tag, manylinux.len, tag.len), in);
        }
        bool own = in->musl && ch_str_starts(tag, musllinux) && in->machine.len > 0 &&
                   ch_str_ends(tag, in->machine);
        return own ? 1 : NO_FIT;
    }
    if (ch_str_eq(in->system, CH_STR("Darwin")) && ch_str_starts(tag, mac)) {
        return rank_mac(ch_str_sub(tag, mac.len, tag.len), in);
    }
    if (ch_str_eq(in->system, CH_STR("Windows"))) {
        bool same =
            (ch_str_eq(tag, CH_STR("win_amd64")) && ch_str_eq(in->machine, CH_STR("AMD64"))) ||
            (ch_str_eq(tag, CH_STR("win_arm64")) && ch_str_eq(in->machine, CH_STR("ARM64"))) ||
            (ch_str_eq(tag, CH_STR("win32")) && ch_str_eq(in->machine, CH_STR("x86")));
        return same ? 1 : NO_FIT;
    }
    return NO_FIT;
}

/* One python tag with one abi tag: cpXY-cpXY, then abi3, cpXY-none, then pyXY and py3. */
static uint64_t rank_code(struct ch_str python, struct ch_str abi, const struct interpreter *in)
{
    bool none = ch_str_eq(abi, CH_STR("none"));
    uint64_t minor;
    if (ch_str_eq(python, CH_STR("py3"))) {
        return none ? 400 : NO_FIT;
    }
    bool cp = ch_str_starts(python, CH_STR("cp3"));
    if ((!cp && !ch_str_starts(python, CH_STR("py3"))) ||
        !ch_str_u64(ch_str_sub(python, 3, python.len), &minor) || minor > in->minor) {
        return NO_FIT;
    }
    uint64_t older = in->minor - minor;
    if (!cp) {
        return none ? 300 + older : NO_FIT;
    }
    if (!in->cpython) {
        return NO_FIT;
    }
    if (ch_str_eq(abi, CH_STR("abi3"))) {
        return 100 + older;
    }
    if (older > 0) {
        return NO_FIT;
    }
    return ch_str_eq(abi, python) ? 0 : none ? 200 : NO_FIT;
}

/* PEP 425: compressed sets, each tag of one set goes with each of the others. */
static uint64_t rank_wheel(const struct ch_release *release, const struct interpreter *in)
{
    uint64_t platform = NO_FIT;
    struct ch_str platforms = release->platform_tags;
    struct ch_str tag;
    while (ch_str_split(&platforms, '.', &tag)) {
        uint64_t rank = rank_platform(tag, in);
        platform = rank < platform ? rank : platform;
    }
    uint64_t code = NO_FIT;
    struct ch_str pythons = release->python_tags;
    while (ch_str_split(&pythons, '.', &tag)) {
        struct ch_str abis = release->abi_tags;
        struct ch_str abi;
        while (ch_str_split(&abis, '.', &abi)) {
            uint64_t rank = rank_code(tag, abi, in);
            code = rank < code ? rank : code;
        }
    }
    return platform == NO_FIT || code == NO_FIT ? NO_FIT : code * RANK_STEP + platform;
}

static bool look_at(const struct ch_page *page, size_t index, const struct interpreter *in,
                    struct candidate *ret)
{
    const struct ch_page_file *f = &page->files[index];
    if (f->listing != CH_LIST_PLAIN) {
        return false;
    }
    ret->index = index;
    ch_ecosystem_pypi.split(page->project, f->file_name, &ret->release);
    bool sdist = strcmp(ret->release.file_type, "sdist") == 0;
    if (ret->release.profile == NULL || (ret->release.python_tags.len == 0 && !sdist) ||
        !ch_pep440_parse(ch_str_of(ret->release.version), &ret->version)) {
        return false;
    }
    bool allowed = true;
    if (f->requires_python.len > 0 &&
        (ch_pep440_match(f->requires_python, in->python, &allowed, NULL) != CH_OK || !allowed)) {
        return false;
    }
    ret->rank = sdist ? RANK_SDIST : rank_wheel(&ret->release, in);
    return ret->rank != NO_FIT;
}

/* Final versions before pre-releases, newer before older, better fitting before worse, then page
 * order. */
static int by_preference(const void *a_, const void *b_)
{
    const struct candidate *a = a_;
    const struct candidate *b = b_;
    bool a_pre = ch_pep440_is_prerelease(&a->version);
    bool b_pre = ch_pep440_is_prerelease(&b->version);
    if (a_pre != b_pre) {
        return a_pre ? 1 : -1;
    }
    int order = ch_pep440_order(&b->version, &a->version);
    if (order != 0) {
        return order;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

size_t ch_pypi_wanted_next(const struct ch_page *page, const bool *eligible,
                           struct ch_str user_agent, size_t *ret_indices, size_t max)
{
    struct interpreter in;
    if (max == 0 || page->file_count == 0 || !read_user_agent(user_agent, &in)) {
        return 0;
    }
    struct candidate *list = ch_calloc(page->file_count, sizeof(*list));
    size_t count = 0;
    for (size_t i = 0; i < page->file_count; i++) {
        count += look_at(page, i, &in, &list[count]) ? 1 : 0;
    }
    qsort(list, count, sizeof(*list), by_preference);

    /* The best wheel of each of the newest `max` versions. One that is not eligible is there
     * already or refused: the client takes it or stops at it, so no older one takes its place. */
    size_t written = 0;
    size_t versions = 0;
    for (size_t i = 0; i < count && versions < max; i++) {
        bool pre = ch_pep440_is_prerelease(&list[i].version);
        if (i > 0 && (ch_pep440_order(&list[i].version, &list[i - 1].version) == 0 ||
                      pre != ch_pep440_is_prerelease(&list[0].version))) {
            continue;
        }
        versions++;
        if (eligible[list[i].index]) {
            ret_indices[written++] = list[i].index;
        }
    }
    free(list);
    return written;
}
