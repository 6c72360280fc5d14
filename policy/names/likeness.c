#include "policy/names/likeness_int.h"

#include <string.h>

#include "customhouse/ascii.h"
#include "customhouse/limits.h"

/* The index (index.c) gives the few names that could be meant; here it is said whether one is. */

/* Names shorter than this are near too many others to mean any of them; it counts letters without
 * separators, of the well-known name. */
#define SHORT_NAME 5
/* These at least can be told for look-alikes, swaps and separators. */
#define SHORTEST 4
/* In a family of names a short word tells its members apart: "mypy-boto3-sns" is not
 * "mypy-boto3-sqs" misspelt. */
#define SHORT_WORD 5

#define FAMILY     3
/* Shorter names may differ in the first letter. */
#define SHORT_FIRST 7

static const char *const kind_names[] = {
    [CH_LIKENESS_NONE] = "none",
    [CH_LIKENESS_DISTANCE] = "distance",
    [CH_LIKENESS_SWAP] = "swap",
    [CH_LIKENESS_SEPARATOR] = "separator",
    [CH_LIKENESS_LOOK_ALIKE] = "look-alike",
    [CH_LIKENESS_COMBINED] = "combined",
};

const char *ch_likeness_name(enum ch_likeness_kind kind)
{
    return (unsigned)kind < CH_ARRAY_LEN(kind_names) ? kind_names[kind] : "none";
}

const struct ch_well_known *ch_well_known_find(struct ch_str name)
{
    size_t low = 0;
    size_t high = ch_well_known_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ch_str_cmp(name, ch_str_of(ch_well_known[middle].name));
        if (order == 0) {
            return &ch_well_known[middle];
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* --- separators --- */

static bool same_without_separators(struct ch_str a, struct ch_str b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        while (i < a.len && a.ptr[i] == '-') {
            i++;
        }
        while (k < b.len && b.ptr[k] == '-') {
            k++;
        }
        if (i == a.len || k == b.len) {
            return i == a.len && k == b.len;
        }
        if (a.ptr[i++] != b.ptr[k++]) {
            return false;
        }
    }
}

/* --- look-alikes --- */

/* The letter that stands for all those it can be taken for; *at moves past what was read. */
char ch_likeness_shape(struct ch_str s, size_t *at)
{
    static const struct {
        char text[3];
        char shape;
    } rows[] = {
        {"rn", 'm'}, {"vv", 'w'}, {"cl", 'd'}, {"0", 'o'}, {"1", 'l'},
        {"i", 'l'},  {"5", 's'},  {"3", 'e'},  {"4", 'a'}, {"8", 'b'},
    };
    struct ch_str rest = ch_str_sub(s, *at, s.len);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str text = ch_str_of(rows[i].text);
        if (ch_str_starts(rest, text)) {
            *at += text.len;
            return rows[i].shape;
        }
    }
    return s.ptr[(*at)++];
}

static bool same_shape(struct ch_str a, struct ch_str b)
{
    size_t i = 0;
    size_t k = 0;
    while (i < a.len && k < b.len) {
        if (ch_likeness_shape(a, &i) != ch_likeness_shape(b, &k)) {
            return false;
        }
    }
    return i == a.len && k == b.len;
}

/* --- one edit --- */

/* How long the word is that holds position `at`. */
static size_t word_length(struct ch_str s, size_t at)
{
    size_t begin = at < s.len ? at : s.len;
    size_t end = begin;
    while (begin > 0 && s.ptr[begin - 1] != '-') {
        begin--;
    }
    while (end < s.len && s.ptr[end] != '-') {
        end++;
    }
    return end - begin;
}

/* Whether several well-known projects begin with the first word of this one. */
static bool is_family(struct ch_str known)
{
    size_t dash;
    size_t low = 0;
    size_t high = ch_well_known_count;
    if (!ch_str_find_char(known, '-', &dash)) {
        return false;
    }
    struct ch_str first = ch_str_sub(known, 0, dash + 1);
    while (low < high) { /* the first name that is not less */
        size_t middle = low + (high - low) / 2;
        if (ch_str_cmp(ch_str_of(ch_well_known[middle].name), first) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low + FAMILY <= ch_well_known_count &&
           ch_str_starts(ch_str_of(ch_well_known[low + FAMILY - 1].name), first);
}

/* `a` is the name in question, `b` the well-known one. */
static enum ch_likeness_kind one_edit(struct ch_str a, struct ch_str b)
{
    size_t least = a.len < b.len ? a.len : b.len;
    size_t most = a.len + b.len - least;
    size_t before = 0;
    size_t after = 0;
    if (most - least > 1) {
        return CH_LIKENESS_NONE;
    }
    while (before < least && a.ptr[before] == b.ptr[before]) {
        before++;
    }
    while (after < least - before && a.ptr[a.len - 1 - after] == b.ptr[b.len - 1 - after]) {
        after++;
    }
    if (word_length(a, before) < SHORT_WORD && word_length(b, before) < SHORT_WORD &&
        is_family(b)) {
        return CH_LIKENESS_NONE;
    }
    size_t differ = most - before - after;
    if (differ == 2 && a.len == b.len && a.ptr[before] == b.ptr[before + 1] &&
        a.ptr[before + 1] == b.ptr[before]) {
        return CH_LIKENESS_SWAP;
    }
    /* people mistype the first letter least, and honest short names differ in it: black and slack
     */
    if (differ != 1 || (before == 0 && least < SHORT_FIRST)) {
        return CH_LIKENESS_NONE;
    }
    /* another digit is another version: cu11 and cu12 */
    return a.len == b.len && ch_is_digit(a.ptr[before]) && ch_is_digit(b.ptr[before])
               ? CH_LIKENESS_NONE
               : CH_LIKENESS_DISTANCE;
}

/* --- combined words --- */

/* Words that only say "for Python", which well-known names have as well: python-dateutil. */
static const char *const python_before[] = {"python3-", "python-", "python", "py3-", "py-", "py"};
static const char *const python_after[] = {"-python3", "-python", "-py3", "-py", "py", "3", "2"};
/* Words that a name borrows to look like a part, a version or a helper of a well-known project. */
static const char *const before[] = {"lib", "the-", "new-", "real-", "fast-", "easy-"};
static const char *const after[] = {
    "-lib",      "lib",   "-libs",   "-sdk",     "-api",    "-dev",     "-util",   "-utils",
    "-tools",    "-pip",  "-client", "-package", "-module", "-new",     "-latest", "-updated",
    "-official", "-lite", "-cli",    "-helper",  "-plus",   "-helpers", "-pro",    "-fix",
    "-fixed",    "-test", "-secure", "-wrapper", "-v2",     "-ng",      "-js",     "js",
};

static struct ch_str drop_before(struct ch_str name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ch_str word = ch_str_of(words[i]);
        if (ch_str_starts(name, word) && name.len >= word.len + SHORT_NAME) {
            return ch_str_sub(name, word.len, name.len);
        }
    }
    return name;
}

static struct ch_str drop_after(struct ch_str name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ch_str word = ch_str_of(words[i]);
        size_t left = name.len - word.len;
        /* the 3 of "-cu13" is no word */
        if (ch_str_ends(name, word) && left >= SHORT_NAME &&
            !(ch_is_digit(word.ptr[0]) && ch_is_digit(name.ptr[left - 1]))) {
            return ch_str_sub(name, 0, left);
        }
    }
    return name;
}

struct ch_str ch_likeness_core(struct ch_str name)
{
    name = drop_before(name, python_before, CH_ARRAY_LEN(python_before));
    return drop_after(name, python_after, CH_ARRAY_LEN(python_after));
}

struct ch_str ch_likeness_wide_core(struct ch_str name)
{
    struct ch_str rest = drop_before(name, before, CH_ARRAY_LEN(before));
    rest = drop_after(rest, after, CH_ARRAY_LEN(after));
    return ch_likeness_core(rest);
}

/* Whether each word of `a` is one of `b`: of names of the same length and number of words, that is
 * the same words in another order (a word that comes twice is rare enough not to matter). */
static bool same_words(struct ch_str a, struct ch_str b)
{
    struct ch_str rest = a;
    struct ch_str word;
    size_t at;
    if (a.len != b.len || !ch_str_find_char(a, '-', &at)) {
        return false;
    }
    while (ch_str_split(&rest, '-', &word)) {
        struct ch_str other = b;
        struct ch_str candidate;
        bool found = false;
        while (!found && ch_str_split(&other, '-', &candidate)) {
            found = ch_str_eq(word, candidate);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* --- the question --- */

static size_t letters(struct ch_str name)
{
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        n += name.ptr[i] != '-';
    }
    return n;
}

enum ch_likeness_kind ch_likeness_compare(struct ch_str project, struct ch_str known)
{
    if (letters(known) < SHORTEST || ch_str_eq(project, known)) {
        return CH_LIKENESS_NONE;
    }
    if (same_without_separators(project, known)) {
        return CH_LIKENESS_SEPARATOR;
    }
    if (same_shape(project, known)) {
        return CH_LIKENESS_LOOK_ALIKE;
    }
    enum ch_likeness_kind kind = one_edit(project, known);
    if (letters(known) < SHORT_NAME) {
        return kind == CH_LIKENESS_SWAP ? kind : CH_LIKENESS_NONE;
    }
    if (kind == CH_LIKENESS_NONE &&
        (same_words(project, known) ||
         ch_str_eq(ch_likeness_wide_core(project), ch_likeness_core(known)) ||
         ch_str_eq(ch_likeness_core(project), ch_likeness_core(known)))) {
        kind = CH_LIKENESS_COMBINED;
    }
    return kind;
}

struct search {
    struct ch_str project;
    const char *of[CH_ARRAY_LEN(kind_names)]; /* the first of each kind, in order of the list */
};

static void consider(void *arg, const struct ch_well_known *known)
{
    struct search *s = arg;
    enum ch_likeness_kind kind = ch_likeness_compare(s->project, ch_str_of(known->name));
    if (s->of[kind] == NULL || strcmp(known->name, s->of[kind]) < 0) {
        s->of[kind] = known->name;
    }
}

struct ch_likeness ch_likeness_of(struct ch_str project)
{
    static const enum ch_likeness_kind closest[] = {CH_LIKENESS_SEPARATOR, CH_LIKENESS_LOOK_ALIKE,
                                                    CH_LIKENESS_SWAP, CH_LIKENESS_DISTANCE,
                                                    CH_LIKENESS_COMBINED};
    struct search s = {.project = project};
    if (project.len == 0 || project.len > ch_limits.project_name_bytes ||
        ch_well_known_find(project) != NULL) {
        return (struct ch_likeness){0};
    }
    ch_likeness_candidates(project, consider, &s);
    for (size_t i = 0; i < CH_ARRAY_LEN(closest); i++) {
        if (s.of[closest[i]] != NULL) {
            return (struct ch_likeness){closest[i], s.of[closest[i]]};
        }
    }
    return (struct ch_likeness){0};
}

/* --- home --- */

/* What a home and one near it have in common: on a forge the owner, elsewhere the host. */
static struct ch_str household(struct ch_str home)
{
    static const char *const forges[] = {"github.com", "gitlab.com", "codeberg.org",
                                         "bitbucket.org", "foss.heptapod.net"};
    struct ch_str rest = home;
    struct ch_str host;
    struct ch_str owner;
    if (!ch_str_split(&rest, '/', &host) || host.len == 0) {
        return (struct ch_str){NULL, 0};
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(forges); i++) {
        if (ch_str_eq(host, ch_str_of(forges[i]))) {
            return ch_str_split(&rest, '/', &owner) && owner.len > 0
                       ? ch_str_sub(home, 0, host.len + 1 + owner.len)
                       : (struct ch_str){NULL, 0};
        }
    }
    return host;
}

bool ch_likeness_same_home(const struct ch_likeness *likeness, const struct ch_fact *facts,
                           size_t fact_count)
{
    if (likeness->of == NULL) {
        return false;
    }
    const struct ch_well_known *known = ch_well_known_find(ch_str_of(likeness->of));
    if (known == NULL || ch_str_eq(ch_str_of(known->home), CH_STR("-"))) {
        return false;
    }
    struct ch_str wanted = household(ch_str_of(known->home));
    for (size_t i = 0; i < fact_count; i++) {
        if (ch_str_eq(facts[i].name, CH_STR("home")) && wanted.len > 0 &&
            ch_str_eq(household(facts[i].value), wanted)) {
            return true;
        }
    }
    return false;
}
