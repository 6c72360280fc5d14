#include "customhouse/platform.h"

#include <stdio.h>
#include <string.h>

#define PART_MAX    64
#define VARIANT_MAX 32u /* amd64/v4 and arm64/v9 are the newest that there are */
#define TRIED_MAX   64

struct platform {
    char os[PART_MAX], architecture[PART_MAX], variant[PART_MAX];
};

/* ------------------------------------------------------------------ reading */

static void set(char *part, const char *text)
{
    snprintf(part, PART_MAX, "%s", text);
}

static bool is(const char *part, const char *text)
{
    return strcmp(part, text) == 0;
}

static void lower(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
}

static void fold_arm(struct platform *p)
{
    if (is(p->architecture, "armhf") || is(p->architecture, "armel")) {
        set(p->variant, is(p->architecture, "armhf") ? "v7" : "v6");
        set(p->architecture, "arm");
    } else if (is(p->variant, "") || is(p->variant, "7")) {
        set(p->variant, "v7");
    } else if (is(p->variant, "5") || is(p->variant, "6") || is(p->variant, "8")) {
        p->variant[1] = p->variant[0];
        p->variant[0] = 'v';
        p->variant[2] = '\0';
    }
}

static void fold_arm64(struct platform *p)
{
    set(p->architecture, "arm64");
    if (is(p->variant, "8") || is(p->variant, "v8") || is(p->variant, "v8.0")) {
        set(p->variant, "");
    } else if (is(p->variant, "9") || is(p->variant, "9.0") || is(p->variant, "v9.0")) {
        set(p->variant, "v9");
    }
}

/* platforms.Normalize: other spellings of the same. */
static void fold(struct platform *p)
{
    const char *a = p->architecture;
    lower(p->os);
    lower(p->architecture);
    lower(p->variant);
    if (is(p->os, "macos")) {
        set(p->os, "darwin");
    }
    if (is(a, "i386")) {
        set(p->architecture, "386");
        set(p->variant, "");
    } else if (is(a, "x86_64") || is(a, "x86-64") || is(a, "amd64")) {
        set(p->architecture, "amd64");
        if (is(p->variant, "v1")) {
            set(p->variant, "");
        }
    } else if (is(a, "aarch64") || is(a, "arm64")) {
        fold_arm64(p);
    } else if (is(a, "arm") || is(a, "armhf") || is(a, "armel")) {
        fold_arm(p);
    }
}

/* False: it has more parts than there are, an empty variant behind a slash, or one longer than any
 * that anybody has. */
static bool read(struct ch_str text, struct platform *ret)
{
    char *const parts[] = {ret->os, ret->architecture, ret->variant};
    struct ch_str part;
    size_t n = 0;
    *ret = (struct platform){"", "", ""};
    while (ch_str_split(&text, '/', &part)) {
        size_t at;
        if (n == 0 && ch_str_find_char(part, '(', &at) && ch_str_ends(part, CH_STR(")"))) {
            part = ch_str_sub(part, 0, at); /* os.version and os.features */
        }
        if (n == CH_ARRAY_LEN(parts) || part.len >= PART_MAX || (n == 2 && part.len == 0)) {
            return false;
        }
        snprintf(parts[n++], PART_MAX, "%.*s", CH_STR_ARG(part));
    }
    return n >= 2;
}

/* ------------------------------------------------------------------ what is tried in turn */

struct tried {
    struct platform list[TRIED_MAX];
    size_t count;
};

static void try(struct tried *t, const struct platform *like, const char *architecture,
                const char *variant)
{
    if (t->count < TRIED_MAX) {
        struct platform *p = &t->list[t->count++];
        *p = *like;
        set(p->architecture, architecture);
        set(p->variant, variant);
        fold(p);
    }
}

/* N of "vN"; 0: it is not of this form. */
static unsigned number_of(const char *variant)
{
    uint64_t n = 0;
    struct ch_str digits = ch_str_of(variant[0] == 'v' ? variant + 1 : variant);
    return ch_str_u64(digits, &n) && n <= VARIANT_MAX ? (unsigned)n : 0;
}

/* A machine runs what was made for those before it. */
static void try_below(struct tried *t, const struct platform *p, unsigned newest, unsigned oldest)
{
    char variant[8];
    for (unsigned v = newest; v-- > oldest;) {
        snprintf(variant, sizeof(variant), "v%u", v);
        try(t, p, p->architecture, variant);
    }
}

static void try_minors(struct tried *t, const struct platform *p, unsigned major, unsigned below)
{
    char variant[16];
    for (unsigned minor = below; minor-- > 0;) {
        snprintf(variant, sizeof(variant), minor > 0 ? "v%u.%u" : "v%u", major, minor);
        try(t, p, "arm64", variant);
    }
}

/* v9.x is v8.(x+5) and more. What runs on none of these runs as 32 bits. */
static void try_arm64(struct tried *t, const struct platform *p)
{
    struct platform arm = *p;
    const char *variant = p->variant[0] != '\0' ? p->variant : "v8";
    bool has_minor = strlen(variant) == 4 && variant[0] == 'v' && variant[2] == '.' &&
                     variant[3] >= '0' && variant[3] <= '9';
    unsigned minor = has_minor ? (unsigned)(variant[3] - '0') : 0;
    if (is(variant, "v9") || (has_minor && variant[1] == '9')) {
        try_minors(t, p, 9, minor);
        try_minors(t, p, 8, minor + 6);
    } else if (has_minor && variant[1] == '8') {
        try_minors(t, p, 8, minor);
    }
    set(arm.architecture, "arm");
    set(arm.variant, has_minor && (variant[1] == '8' || variant[1] == '9') ? "v8" : variant);
    try(t, &arm, "arm", arm.variant);
    try_below(t, &arm, number_of(arm.variant), 5);
}

/* platforms.Only */
static void try_all(struct tried *t, const struct platform *wanted)
{
    try(t, wanted, wanted->architecture, wanted->variant);
    if (is(wanted->architecture, "amd64")) {
        try_below(t, wanted, number_of(wanted->variant), 1);
        try(t, wanted, "386", "");
    } else if (is(wanted->architecture, "arm")) {
        try_below(t, wanted, number_of(wanted->variant), 5);
    } else if (is(wanted->architecture, "arm64")) {
        try_arm64(t, wanted);
    }
}

size_t ch_platform_fits(struct ch_str platform, struct ch_str wanted)
{
    struct platform has, wants;
    struct tried t = {.count = 0};
    if (ch_str_eq(wanted, CH_STR(CH_PLATFORM_ALL))) {
        return 0;
    }
    if (platform.len == 0) {
        return CH_PLATFORM_NONE - 1;
    }
    if (!read(platform, &has) || !read(wanted, &wants)) {
        return CH_PLATFORM_NONE;
    }
    if (has.os[0] == '\0') {
        set(has.os, wants.os);
    }
    fold(&has);
    fold(&wants);
    try_all(&t, &wants);
    for (size_t i = 0; i < t.count; i++) {
        if (is(has.os, t.list[i].os) && is(has.architecture, t.list[i].architecture) &&
            is(has.variant, t.list[i].variant)) {
            return i;
        }
    }
    return CH_PLATFORM_NONE;
}

bool ch_platform_has_features(struct ch_str platform)
{
    size_t open, end;
    return ch_str_find_char(platform, '(', &open) && ch_str_find_char(platform, ')', &end) &&
           ch_str_find_char(ch_str_sub(platform, open, end), '+', NULL);
}

bool ch_platform_is_good(struct ch_str wanted)
{
    struct platform p;
    for (size_t i = 0; i < wanted.len; i++) {
        char c = wanted.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
              c == '_' || c == '-')) {
            return false;
        }
    }
    return ch_str_eq(wanted, CH_STR(CH_PLATFORM_ALL)) ||
           (wanted.len < CH_PLATFORM_MAX && read(wanted, &p) && p.os[0] != '\0' &&
            p.architecture[0] != '\0');
}
