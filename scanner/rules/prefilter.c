/* Each word is represented by four bytes of it, the ones that are rarest in source. At each byte of
 * the text the four from there are looked up in a bitmap by their hash; only when the bit is set,
 * in a table, and then the words with these four bytes are compared. Nothing in the loop depends on
 * what was read before, which is what makes it faster than an automaton. Case is folded by setting
 * one bit, which also takes some other bytes for each other; the comparison tells them apart. */
#include "prefilter.h"

#include <stdlib.h>
#include <string.h>

enum {
    GRAM = 4,      /* bytes that are looked up */
    MAP_BITS = 17, /* 16 KiB of bits: stays in the first cache beside the text */
    SLOTS = 4 * PREFILTER_WORDS_MAX,
    NONE = UINT16_MAX
};
static const uint32_t fold_all = 0x20202020;

struct word {
    char *bytes; /* folded when nocase */
    uint32_t len;
    uint32_t at; /* where its four bytes are */
    bool nocase;
    uint16_t next; /* of the same four bytes; NONE: the last */
};

struct slot {
    uint32_t gram;
    uint16_t first; /* word; NONE: the slot is free */
};

struct prefilter {
    uint64_t map[(1 << MAP_BITS) / 64];
    struct slot slots[SLOTS];
    struct word *words;
    size_t count;
};

static uint32_t gram_at(const char *p)
{
    uint32_t v;
    memcpy(&v, p, GRAM);
    return v | fold_all;
}

static uint32_t hash_of(uint32_t gram)
{
    return (gram * UINT32_C(0x9e3779b1)) >> (32 - MAP_BITS);
}

/* In the lowest bit; what is above it means nothing. */
static uint64_t bit_at(const struct prefilter *p, const char *at)
{
    uint32_t h = hash_of(gram_at(at));
    return p->map[h / 64] >> (h % 64);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* How common a byte is in source, roughly, with those that folding takes for it (NUL for a space):
 * the place in this list counts. */
static unsigned commonness(char c)
{
    static const char list[] =
        "jqz~;%&$!?{}|<>+kxwv`98765#bgy2341h-/0:*'\",u)(=.mfpdcl\177iosnarte ";
    char folded = (char)(c | 0x20);
    const char *at = strchr(list, folded);
    return at == NULL ? 0 : (unsigned)(at - list);
}

/* Four bytes that are in every second file, though each of them may not be common. */
static bool is_common(const char *gram)
{
    static const char list[][GRAM + 1] = {
        "impo", "self", "valu", "_tok", "comp", "util", "heck", "wind", "logi", "ques", "grou",
        "down", "have", "stat", "code", "clas", "http", "conf", "nfig", "requ", "resp", "para",
        "name", "file", "path", "data", "type", "list", "dict", "func", "proc", "read", "writ",
        "open", "call", "key_", "keys", "copy", "post", "true", "get_", "_get", ".con", ".get",
        "p://", "s://", "://w", "/www", ".pro", "hidd", "dden", "goog", "gith", "user"};
    char lowered[GRAM];
    for (size_t i = 0; i < GRAM; i++) {
        lowered[i] = lower(gram[i]);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(list); i++) {
        if (memcmp(lowered, list[i], GRAM) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t rarest_gram(struct ch_str word)
{
    uint32_t best = 0;
    unsigned best_sum = UINT32_MAX;
    for (size_t i = 0; i + GRAM <= word.len; i++) {
        unsigned sum = is_common(word.ptr + i) ? 1000 : 0;
        for (size_t k = i; k < i + GRAM; k++) {
            sum += commonness(word.ptr[k]);
        }
        if (sum < best_sum) {
            best_sum = sum;
            best = (uint32_t)i;
        }
    }
    return best;
}

/* The slot of these four bytes, or the free one where they belong. */
static size_t slot_of(const struct prefilter *p, uint32_t gram)
{
    size_t i = hash_of(gram) % SLOTS;
    while (p->slots[i].first != NONE && p->slots[i].gram != gram) {
        i = (i + 1) % SLOTS;
    }
    return i;
}

static void add_word(struct prefilter *p, const struct prefilter_word *given)
{
    CH_ASSERT(given->bytes.len >= PREFILTER_WORD_MIN && given->bytes.len < UINT32_MAX);
    struct word *w = &p->words[p->count];
    *w = (struct word){.bytes = ch_calloc(given->bytes.len, 1),
                       .len = (uint32_t)given->bytes.len,
                       .at = rarest_gram(given->bytes),
                       .nocase = given->nocase};
    for (size_t i = 0; i < w->len; i++) {
        w->bytes[i] = w->nocase ? lower(given->bytes.ptr[i]) : given->bytes.ptr[i];
    }
    uint32_t gram = gram_at(w->bytes + w->at);
    struct slot *slot = &p->slots[slot_of(p, gram)];
    w->next = slot->first;
    *slot = (struct slot){.gram = gram, .first = (uint16_t)p->count};
    p->map[hash_of(gram) / 64] |= UINT64_C(1) << (hash_of(gram) % 64);
    p->count++;
}

struct prefilter *prefilter_new(const struct prefilter_word *words, size_t count)
{
    CH_ASSERT(count <= PREFILTER_WORDS_MAX);
    struct prefilter *p = ch_calloc(1, sizeof(*p));
    p->words = ch_calloc(count + 1, sizeof(*p->words));
    for (size_t i = 0; i < SLOTS; i++) {
        p->slots[i].first = NONE;
    }
    for (size_t i = 0; i < count; i++) {
        add_word(p, &words[i]);
    }
    return p;
}

void prefilter_free(struct prefilter *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->count; i++) {
        free(p->words[i].bytes);
    }
    free(p->words);
    free(p);
}

static bool same(const struct word *w, const char *text)
{
    if (!w->nocase) {
        return memcmp(w->bytes, text, w->len) == 0;
    }
    for (size_t i = 0; i < w->len; i++) {
        if (lower(text[i]) != w->bytes[i]) {
            return false;
        }
    }
    return true;
}

/* The words whose four bytes may be at `at`. */
static bool look(const struct prefilter *p, struct ch_str text, size_t at, bool *seen)
{
    bool any = false;
    const struct slot *slot = &p->slots[slot_of(p, gram_at(text.ptr + at))];
    for (uint16_t i = slot->first; i != NONE; i = p->words[i].next) {
        const struct word *w = &p->words[i];
        if (!seen[i] && at >= w->at && text.len - (at - w->at) >= w->len &&
            same(w, text.ptr + (at - w->at))) {
            seen[i] = true;
            any = true;
        }
    }
    return any;
}

static bool look_from(const struct prefilter *p, struct ch_str text, size_t from, size_t to,
                      bool *seen)
{
    bool any = false;
    for (size_t i = from; i < to && i + GRAM <= text.len; i++) {
        if ((bit_at(p, text.ptr + i) & 1) != 0) {
            any = look(p, text, i, seen) || any;
        }
    }
    return any;
}

bool prefilter_scan(const struct prefilter *p, struct ch_str text, bool *seen)
{
    enum { STEP = 4 };
    bool any = false;
    size_t i = 0;
    for (; i + STEP + GRAM <= text.len; i += STEP) {
        const char *at = text.ptr + i;
        uint64_t hit = bit_at(p, at) | bit_at(p, at + 1) | bit_at(p, at + 2) | bit_at(p, at + 3);
        if ((hit & 1) != 0) {
            any = look_from(p, text, i, i + STEP, seen) || any;
        }
    }
    return look_from(p, text, i, text.len, seen) || any;
}
