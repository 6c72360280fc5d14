/* Which sources need no look by the model: those in which no word stands that a check begins with.
 * Most of what is published is such, and this costs a fraction of reading tokens.
 *
 * A rule is a set of words of which all must stand in the text; where one holds, the model looks.
 * The rules are made of the checks' own tables (effects.c, check_text.c); what checks name besides
 * is below, and tests run all their sources both ways. A name counts where it stands as an
 * identifier: no name can be written otherwise but with letters beyond ASCII that fold to it or
 * look like it, and what has such letters does not come here (source.c). What can make a name of
 * pieces (getattr and its like) is a word of its own. Texts count as they are written, and as they
 * are once escapes are resolved and pieces that stand side by side are one (prescan_pieces.c). What
 * is not seen: texts that are put together from variables, in a file that calls nothing of the
 * tables. */
#include <stdlib.h>
#include <string.h>

#include "scanner/source/prescan.h"

enum {
    RULES = 4096,
    RULE_WORDS = 4,
    BRIEFS = 64, /* short words, each looked for once in a text */
    SHORT = 4, /* shorter words are looked for only where the rest of their rule holds */
    BLOCK = 64,
    DENSE_BLOCKS = 16, /* a long literal has as many in a row */
    DENSE_STOPS =
        96, /* of them: of encoded text fewer than one in 40 is blank; plus its lines' ends */
    WIDE_BLANKS = 200,
};

/* Effects that lead to a finding, and those that do through what they give. */
enum {
    ACTS = EFFECT_PROCESS | EFFECT_DYNAMIC | EFFECT_LOAD | EFFECT_NETWORK | EFFECT_FETCH,
    LOUD = ACTS | EFFECT_DECODE | EFFECT_SOCKET | EFFECT_RESOLVE | EFFECT_CONNECT,
};

struct rule {
    uint16_t words[RULE_WORDS];
    uint8_t count;
    uint8_t capability; /* CAP_COUNT: for a finding. Else for a capability, only */
    const char *brief;  /* a word below SHORT, or NULL */
    enum word_kind brief_kind;
    uint32_t brief_number; /* the same of all rules that look for the same one */
};

static struct rule rules[RULES];
static uint32_t rule_count;
static uint32_t brief_count;

static void rule_word(struct rule *r, struct ch_str text, enum word_kind kind)
{
    if (text.len >= SHORT && r->count < RULE_WORDS) {
        r->words[r->count++] = words_add(text, kind);
    }
}

static bool brief_same(const struct rule *a, const struct rule *b)
{
    if (a->brief == NULL || b->brief == NULL) {
        return a->brief == b->brief;
    }
    size_t n = strcspn(a->brief, "./(");
    return a->brief_kind == b->brief_kind && n == strcspn(b->brief, "./(") &&
           strncmp(a->brief, b->brief, n) == 0;
}

static bool rule_same(const struct rule *a, const struct rule *b)
{
    return brief_same(a, b) && a->count == b->count && a->capability == b->capability &&
           memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

static void rule_add(struct rule *r)
{
    r->brief_number = brief_count;
    for (uint32_t i = 0; i < rule_count; i++) {
        if (rule_same(&rules[i], r)) {
            return;
        }
        if (r->brief != NULL && brief_same(&rules[i], r)) {
            r->brief_number = rules[i].brief_number;
        }
    }
    brief_count += r->brief != NULL && r->brief_number == brief_count ? 1 : 0;
    CH_ASSERT(rule_count < RULES && brief_count <= BRIEFS && (r->count > 0 || r->brief != NULL));
    for (uint32_t i = 0; i < r->count; i++) {
        words_alone(r->words[i], r->count == 1 && r->brief == NULL && r->capability == CAP_COUNT);
    }
    rules[rule_count++] = *r;
}

static void rule_of(const char *word, enum word_kind kind, enum capability capability)
{
    struct rule r = {.capability = (uint8_t)capability};
    rule_word(&r, ch_str_of(word), kind);
    rule_add(&r);
}

static struct ch_str cut(struct ch_str *rest, char at)
{
    size_t n;
    struct ch_str part = *rest;
    if (ch_str_find_char(*rest, at, &n)) {
        part = ch_str_sub(*rest, 0, n);
        *rest = ch_str_sub(*rest, n + 1, rest->len);
    } else {
        rest->len = 0;
    }
    return part;
}

/* "os.system", with `root` in place of "os": all parts. */
static void rule_below(const char *root, struct ch_str rest, enum word_kind last,
                       enum capability capability)
{
    struct rule r = {.capability = (uint8_t)capability};
    struct ch_str first = {root, strcspn(root, ".")};
    if (first.len < SHORT) {
        r.brief = root;
        r.brief_kind = WORD_MODULE;
    }
    rule_word(&r, first, rest.len == 0 ? WORD_ROOT : WORD_MODULE);
    while (rest.len > 0) {
        struct ch_str part = cut(&rest, '.');
        while (part.len > 0 && (part.ptr[part.len - 1] == ')' || part.ptr[part.len - 1] == '(')) {
            part.len--;
        }
        if (part.len < SHORT && r.brief == NULL) { /* subprocess.run */
            r.brief = part.ptr;
            r.brief_kind = WORD_NAME;
        }
        rule_word(&r, part, rest.len == 0 ? last : WORD_NAME);
    }
    rule_add(&r);
}

/* And under its module's other names: posix.system. */
static void rule_of_name(const char *dotted, enum word_kind last, enum capability capability)
{
    struct ch_str rest = ch_str_of(dotted);
    const char *module;
    const char *other;
    CH_IGNORE(cut(&rest, '.').len);
    rule_below(dotted, rest, last, capability);
    for (size_t i = 0; (other = module_row(i, &module)) != NULL; i++) {
        size_t n = module != NULL ? strlen(module) : 0;
        if (n > 0 && strncmp(dotted, module, n) == 0 && dotted[n] == '.') {
            rule_below(other, ch_str_of(dotted + n + 1), last, capability);
        }
    }
}

/* Whether something of interest is deeper in a module: in another one, or in what a function gives. */
static bool is_deep(struct ch_str root)
{
    uint32_t effects;
    const char *word;
    for (size_t i = 0; (word = effects_row(i, &effects)) != NULL; i++) {
        struct ch_str rest = ch_str_of(word);
        struct ch_str first = cut(&rest, '.');
        if ((effects & LOUD) != 0 && ch_str_eq(first, root) && strchr(rest.ptr, '.') != NULL) {
            return true;
        }
    }
    return false;
}

/* What makes names of texts, together with a module that has something of interest. */
static void rules_of_module(const char *name, bool deep)
{
    static const struct {
        const char *word;
        enum word_kind kind;
    } ways[] = {{"getattr", WORD_GETATTR},       {"__dict__", WORD_NAME}, {"vars", WORD_NAME},
                {"__getattribute__", WORD_NAME}, {"getattr_static", WORD_NAME},
                {"attrgetter", WORD_NAME}};
    struct ch_str root = {name, strcspn(name, ".")};
    for (size_t i = 0; i < CH_ARRAY_LEN(ways); i++) {
        struct rule r = {.capability = CAP_COUNT};
        enum word_kind kind = deep ? WORD_MODULE : WORD_OBJECT;
        rule_word(&r, ch_str_of(ways[i].word), ways[i].kind);
        rule_word(&r, root, deep ? WORD_MODULE : WORD_BOUND);
        rule_word(&r, root, kind);
        if (root.len < SHORT) {
            r.brief = name;
            r.brief_kind = kind;
        }
        rule_add(&r);
    }
}

static void rules_of_root(const char *dotted)
{
    struct ch_str rest = ch_str_of(dotted);
    struct ch_str root = cut(&rest, '.');
    const char *module;
    const char *other;
    if (rest.len == 0 || effects_of(root) != 0) { /* bytes and bytearray are no modules */
        return;
    }
    rules_of_module(dotted, is_deep(root));
    for (size_t i = 0; (other = module_row(i, &module)) != NULL; i++) {
        if (module != NULL && ch_str_eq(ch_str_of(module), root)) {
            rules_of_module(other, is_deep(root));
        }
    }
}

/* A module whose import is a capability by itself: what stands before the last name of a row. */
static void rule_of_module(const char *dotted, enum capability capability)
{
    size_t stop = strcspn(dotted, "(");
    while (stop > 0 && dotted[stop - 1] != '.') {
        stop--;
    }
    struct rule r = {.capability = (uint8_t)capability};
    struct ch_str rest = {dotted, stop > 0 ? stop - 1 : 0};
    if (rest.len == 0 || module_is_common(rest)) {
        return;
    }
    for (bool first = true; rest.len > 0; first = false) {
        const char *from = rest.ptr;
        struct ch_str part = cut(&rest, '.');
        if (first && part.len < SHORT) {
            r.brief = from;
            r.brief_kind = WORD_MODULE;
        }
        rule_word(&r, part, first ? WORD_MODULE : WORD_NAME);
    }
    rule_add(&r);
}

/* A text, and the pieces of a path that os.path.join puts together. */
static void rule_of_text(const char *text, enum capability capability)
{
    struct rule r = {.capability = (uint8_t)capability};
    struct ch_str rest = ch_str_of(text);
    rule_word(&r, rest, WORD_TEXT);
    rule_add(&r);
    r = (struct rule){.capability = (uint8_t)capability};
    while (rest.len > 0) {
        const char *from = rest.ptr;
        struct ch_str part = cut(&rest, '/');
        if (part.len > 0 && part.len < SHORT) {
            r.brief = from;
            r.brief_kind = WORD_PIECE;
        }
        rule_word(&r, part, WORD_PIECE);
    }
    if (r.count > 0) {
        rule_add(&r);
    } else if (strcmp(text, "/dev/tcp/") == 0) { /* of short pieces only */
        rule_of("'tcp", WORD_TEXT, capability);
        rule_of("\"tcp", WORD_TEXT, capability);
        rule_of("/tcp", WORD_TEXT, capability);
    } else {
        CH_ASSERT(strlen(text) < SHORT);
    }
}

/* What checks name in their own code. */
static void rules_of_checks(void)
{
    static const char *const names[] = {
        "__import__", "import_module", "__builtins__", "pyperclip", "SetClipboardText",
        "SetValueEx", "clipboard", "__globals__", "f_globals", "f_builtins", "methodcaller",
        "_posixsubprocess", "PROT_EXEC", "load_source", "spec_from_file_location",
        "SourceFileLoader", "SourcelessFileLoader", "FileFinder", "SOURCE_SUFFIXES",
        "BYTECODE_SUFFIXES", "py_compile", "EntryPoint", "allow_pickle",
        /* of functions that another file may execute */
        "b64decode", "b85decode", "fromhex", "unhexlify"};
    static const char *const pairs[][2] = {
        {"walk_packages", "load_module"}, {"walk_packages", "exec_module"},
        {"iter_modules", "load_module"},  {"iter_modules", "exec_module"},
        {"__loader__", "load_module"},    {"__loader__", "exec_module"},
        {"ctypes", "LoadLibrary"},        {"cffi", "dlopen"}};
    static const struct {
        const char *word;
        enum capability capability;
    } only[] = {{"environ", CAP_ENVIRONMENT},
                {"getenv", CAP_ENVIRONMENT},
                {"ctypes", CAP_NATIVE},
                {"cffi", CAP_NATIVE}};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        rule_of(names[i], WORD_NAME, CAP_COUNT);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(only); i++) {
        rule_of(only[i].word, WORD_NAME, only[i].capability);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(pairs); i++) {
        struct rule r = {.capability = CAP_COUNT};
        rule_word(&r, ch_str_of(pairs[i][0]), WORD_NAME);
        rule_word(&r, ch_str_of(pairs[i][1]), WORD_NAME);
        rule_add(&r);
    }
    /* os by other doors: shutil.os, random._os, posix, nt */
    rule_of(".os.", WORD_TEXT, CAP_COUNT);
    rule_of("._os.", WORD_TEXT, CAP_COUNT);
    rule_of("import _os", WORD_TEXT, CAP_COUNT);
    rule_of("posix", WORD_MODULE, CAP_PROCESS);
    rule_of("import nt", WORD_TEXT, CAP_PROCESS);
    rule_of("_socket", WORD_MODULE, CAP_NETWORK);
    rule_of("attrgetter(", WORD_TEXT, CAP_PROCESS);
    rule_of("(os)", WORD_TEXT, CAP_PROCESS);
    rule_of("(os,", WORD_TEXT, CAP_PROCESS);
    rule_of("getattr(byte", WORD_TEXT, CAP_COUNT); /* bytes and bytearray are no modules */
    rule_of("bytes.__dict__", WORD_TEXT, CAP_COUNT);
    rule_of("bytearray.__dict__", WORD_TEXT, CAP_COUNT);
    rule_of("programs\\\\startup", WORD_TEXT, CAP_COUNT); /* as it is escaped */
    rule_of("globals", WORD_SPACE, CAP_COUNT);
    rule_of("locals", WORD_SPACE, CAP_COUNT);
    rules_of_root("builtins.x");
    rule_of_name("sys.modules", WORD_NAME, CAP_COUNT);
}

/* What a call has to be told with to count: the words that a source has besides the name. */
static void rules_of_effects(const char *word, uint32_t effects)
{
    /* As a text ends: what is put together otherwise is in another text. */
    static const char *const source[] = {".py'", ".py\"", ".pyw", ".py{", ".py%"};
    const uint32_t by_name = EFFECT_IMPORT | EFFECT_LOADER | EFFECT_SUFFIX | EFFECT_RESOLVE |
                             EFFECT_LOOKUP | EFFECT_FINDER | EFFECT_CONFIG | EFFECT_REGISTRY;
    if ((effects & by_name) != 0) {
        rule_of_name(word, WORD_NAME, CAP_COUNT);
    }
    const char *last = strrchr(word, '.') != NULL ? strrchr(word, '.') + 1 : word;
    for (size_t i = 0; (effects & (EFFECT_MOVE | EFFECT_WRITE)) != 0 && i < CH_ARRAY_LEN(source);
         i++) {
        struct rule r = {.capability = CAP_COUNT};
        bool of_module = last - word > 1;
        struct ch_str module = {word, of_module ? (size_t)(last - word) - 1 : 0};
        if (of_module && module.len < SHORT) {
            r.brief = word;
            r.brief_kind = WORD_MODULE;
        }
        rule_word(&r, module, WORD_MODULE);
        rule_word(&r, ch_str_of(last), WORD_NAME);
        rule_word(&r, ch_str_of(source[i]), WORD_TEXT);
        rule_add(&r);
    }
    if ((effects & EFFECT_REMOVE) != 0) {
        struct rule r = {.capability = CAP_COUNT};
        rule_word(&r, CH_STR("__file__"), WORD_NAME);
        rule_word(&r, ch_str_of(last), WORD_NAME);
        rule_add(&r);
    }
}

static void make(void)
{
    uint32_t effects;
    const char *word;
    enum capability capability;
    for (size_t i = 0; (word = effects_row(i, &effects)) != NULL; i++) {
        if ((effects & ACTS) == EFFECT_LOAD) { /* alone it is a capability */
            rule_of_name(word, WORD_NAME, CAP_DYNAMIC);
            rule_of_name(word, WORD_LOADS, CAP_COUNT);
        } else if ((effects & ACTS) != 0) {
            rule_of_name(word, WORD_NAME, CAP_COUNT);
        }
        rules_of_effects(word, effects);
        if ((effects & EFFECT_DECODE) != 0) { /* into a file; or another file executes it */
            rule_of_name(word, WORD_NAME, CAP_COUNT);
        }
        if ((effects & LOUD) != 0) {
            rules_of_root(word);
        }
        bool quiet = (effects & EFFECT_QUIET) != 0;
        if ((effects & EFFECT_PROCESS) != 0 && !quiet) {
            rule_of_module(word, CAP_PROCESS);
        }
        if ((effects & (EFFECT_NETWORK | EFFECT_FETCH)) != 0 && !quiet) {
            rule_of_module(word, CAP_NETWORK);
        }
        if ((effects & ACTS) != 0 && strchr(word, '.') == NULL) { /* builtins.eval */
            struct rule r = {.capability = CAP_COUNT};
            rule_word(&r, CH_STR("builtins"), WORD_MODULE);
            rule_word(&r, ch_str_of(word), WORD_NAME);
            rule_add(&r);
        }
    }
    for (size_t i = 0; (word = text_row(i, &capability)) != NULL; i++) {
        if (strcmp(word, ".py") == 0) {
            continue; /* counts only for what is decoded, which has a word */
        }
        if (strcmp(word, "://") == 0) {
            static const char *const digits[] = {"://0", "://1", "://2", "://3", "://4",
                                                 "://5", "://6", "://7", "://8", "://9"};
            for (size_t k = 0; k < CH_ARRAY_LEN(digits); k++) {
                rule_of(digits[k], WORD_ADDRESS, CAP_COUNT);
            }
        } else {
            rule_of_text(word, capability);
        }
    }
    rules_of_checks();
    words_made();
}

/* --- the shape of the text --- */

/* At least WIDE_BLANKS around `at`, before something. */
static bool is_wide(struct ch_str s, size_t at)
{
    size_t from = at;
    size_t to = at;
    while (from > 0 && (s.ptr[from - 1] == ' ' || s.ptr[from - 1] == '\t')) {
        from--;
    }
    while (to < s.len && (s.ptr[to] == ' ' || s.ptr[to] == '\t')) {
        to++;
    }
    return to - from >= WIDE_BLANKS && to < s.len && s.ptr[to] != '\n' && s.ptr[to] != '\r';
}

/* Sixteen bytes at once, on each processor that has such registers. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/* How many of a block are what base64, hexadecimal and base85 (RFC 4648, 1924) have not: blanks and
 * other control characters, and , . : ' " [ ]. */
static uint32_t stops_of(const char *block)
{
    bytes16 sum = {0};
    for (size_t i = 0; i < BLOCK; i += sizeof(bytes16)) {
        bytes16 c;
        memcpy(&c, block + i, sizeof(c));
        sum -= (bytes16)((c <= ' ') | (c == ',') | (c == '.') | (c == ':') | (c == '\'') |
                         (c == '"') | (c == '[') | (c == ']')); /* each -1 or 0 */
    }
    uint64_t halves[2];
    memcpy(halves, &sum, sizeof(halves));
    uint64_t both = halves[0] + halves[1]; /* at most 8 in a byte, BLOCK in all */
    return (uint32_t)(both * UINT64_C(0x0101010101010101) >> 56);
}

/* Blanks far beyond what anybody writes, or long texts that look encoded. */
static bool is_shaped(struct ch_str s)
{
    uint8_t before[DENSE_BLOCKS];
    uint32_t sum = DENSE_BLOCKS * BLOCK;
    memset(before, BLOCK, sizeof(before));
    for (size_t at = 0; at + BLOCK <= s.len; at += BLOCK) {
        uint32_t count = stops_of(s.ptr + at);
        if (count == BLOCK && is_wide(s, at)) {
            return true;
        }
        uint8_t *oldest = &before[at / BLOCK % DENSE_BLOCKS];
        sum += count - *oldest;
        *oldest = (uint8_t)count;
        if (sum <= DENSE_STOPS) {
            return true;
        }
    }
    return false;
}

void prescan_prepare(void)
{
    if (rule_count == 0) {
        make();
    }
}

bool prescan_needed(struct ch_str text, uint32_t known)
{
    struct words_seen seen = {.text = text};
    enum { NOT_LOOKED = 0, ABSENT, PRESENT };
    uint8_t briefs[BRIEFS] = {NOT_LOOKED};
    prescan_prepare();
    if (words_scan(text, &seen) || is_shaped(text) || pieces_scan(text, &seen)) {
        return true;
    }
    for (uint32_t i = 0; i < rule_count; i++) {
        const struct rule *r = &rules[i];
        bool all = (known & 1U << r->capability) == 0;
        for (uint32_t k = 0; all && k < r->count; k++) {
            all = words_has(&seen, r->words[k]);
        }
        bool hidden = r->brief_kind == WORD_PIECE && seen.escapes > 0;
        if (!all) {
            continue;
        }
        if (r->brief == NULL || hidden) {
            return true;
        }
        uint8_t *known_brief = &briefs[r->brief_number];
        if (*known_brief == NOT_LOOKED) {
            bool is = words_brief(text, r->brief, r->brief_kind, &seen);
            *known_brief = is ? PRESENT : ABSENT;
        }
        if (*known_brief == PRESENT) {
            return true;
        }
    }
    return false;
}
