/* The words of a regular expression. What a part of it matches is either one of a few texts, which
 * then go on with those of the next part, or unknown; then the texts so far are words of which one
 * must be there, and new ones begin after it. */
#include "needs.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/ascii.h"

enum {
    TEXTS_MAX = 128, /* texts that a part is spelled out as */
    TEXTS_MANY = 32, /* ... where they only lengthen words that would do */
    TEXT_BYTES = 40, /* of each */
    CLASS_MAX = 24,  /* characters of a class that are spelled out */
    CLASS_FEW = 4,   /* ... which is always worth it */
    COPIES_MAX = 12, /* of what is repeated */
    DEPTH_MAX = 16,
    CLAUSES_MAX = 64
};

struct text {
    uint8_t len;
    char bytes[TEXT_BYTES];
};

/* What a part matches. */
struct part {
    bool exact; /* one of the texts, nothing else */
    uint8_t count;
    struct text texts[TEXTS_MAX];
    int32_t need; /* when it is not exact */
};

struct reading {
    struct needs *n;
    struct ch_str s;
    size_t at;
    bool nocase;
    bool failed; /* something that is not understood */
    unsigned depth;
};

static void read_choice(struct reading *r, struct part *ret);

static const struct part nothing_known = {.exact = false, .need = NEED_NOTHING};

static void set_empty(struct part *p)
{
    p->exact = true;
    p->count = 1;
    p->texts[0].len = 0;
    p->need = NEED_NOTHING;
}

static bool at_end(const struct reading *r)
{
    return r->failed || r->at >= r->s.len;
}

static char peek(const struct reading *r)
{
    return r->at < r->s.len ? r->s.ptr[r->at] : '\0';
}

/* --- joining --- */

/* One of the texts, as a need. */
static int32_t need_of(struct reading *r, const struct part *p)
{
    int32_t each[TEXTS_MAX];
    if (!p->exact) {
        return p->need;
    }
    for (size_t i = 0; i < p->count;
         i++) { /* one that asks nothing makes all of them ask nothing */
        if (p->texts[i].len < NEED_WORD_MIN) {
            return NEED_NOTHING;
        }
    }
    for (size_t i = 0; i < p->count; i++) {
        each[i] = needs_word(r->n, (struct ch_str){p->texts[i].bytes, p->texts[i].len}, r->nocase);
    }
    return needs_group(r->n, 1, each, p->count);
}

static size_t shortest(const struct part *p)
{
    size_t len = TEXT_BYTES;
    for (size_t i = 0; i < p->count; i++) {
        len = p->texts[i].len < len ? p->texts[i].len : len;
    }
    return len;
}

static size_t longest(const struct part *p)
{
    size_t len = 0;
    for (size_t i = 0; i < p->count; i++) {
        len = p->texts[i].len > len ? p->texts[i].len : len;
    }
    return len;
}

/* Many characters, any of which may come: no word begins with them. */
static bool is_vague(const struct part *p)
{
    return p->exact && p->count > CLASS_FEW && longest(p) <= 1;
}

/* a := each text of a, followed by each of b. False, and a as it was, when they become too many. */
static bool append(struct part *a, const struct part *b)
{
    size_t max = is_vague(b) && shortest(a) >= NEED_WORD_MIN ? TEXTS_MANY : TEXTS_MAX;
    if ((size_t)a->count * b->count > max || longest(a) + longest(b) > TEXT_BYTES ||
        (is_vague(b) && longest(a) == 0)) {
        return false;
    }
    size_t count = a->count;
    for (size_t k = 1; k < b->count; k++) {
        memcpy(&a->texts[k * count], a->texts, count * sizeof(a->texts[0]));
    }
    for (size_t k = 0; k < b->count; k++) {
        for (size_t i = 0; i < count; i++) {
            struct text *t = &a->texts[k * count + i];
            memcpy(t->bytes + t->len, b->texts[k].bytes, b->texts[k].len);
            t->len = (uint8_t)(t->len + b->texts[k].len);
        }
    }
    a->count = (uint8_t)(count * b->count);
    return true;
}

/* A sequence: what is known to be there so far, and the texts that it ends with. */
struct sequence {
    struct part run;
    bool exact; /* the run is all of it */
    int32_t clauses[CLAUSES_MAX];
    size_t count;
};

static void add_clause(struct sequence *q, int32_t need)
{
    q->exact = false;
    if (need != NEED_NOTHING && q->count < CLAUSES_MAX) { /* what is left out is not asked */
        q->clauses[q->count++] = need;
    }
}

static void end_run(struct reading *r, struct sequence *q)
{
    add_clause(q, need_of(r, &q->run));
    set_empty(&q->run);
}

static void add_part(struct reading *r, struct sequence *q, const struct part *p)
{
    if (p->exact && append(&q->run, p)) {
        return;
    }
    end_run(r, q);
    if (!p->exact) {
        add_clause(q, p->need);
    } else if (!is_vague(p)) {
        q->run = *p;
    }
}

/* --- reading --- */

/* After a backslash: the characters meant, or none for an empty place (\b, \B); false: a class with
 * more of them than are spelled out. */
static bool read_escape(struct reading *r, struct part *ret)
{
    static const char plain[] = "ntrfa";
    static const char meant[] = "\n\t\r\f\a";
    char c = peek(r);
    r->at++;
    set_empty(ret);
    if (c == 'b' || c == 'B') {
        return true;
    }
    if (c == 'x') {
        int high = r->at + 1 < r->s.len ? ch_hex_digit(r->s.ptr[r->at]) : -1;
        int low = high >= 0 ? ch_hex_digit(r->s.ptr[r->at + 1]) : -1;
        r->failed = r->failed || low < 0;
        r->at += 2;
        c = (char)(high * 16 + low);
    } else if (c == 'd' || c == 's') {
        const char *list = c == 'd' ? "0123456789" : " \t\n\r\f\v";
        for (ret->count = 0; list[ret->count] != '\0'; ret->count++) {
            ret->texts[ret->count].len = 1;
            ret->texts[ret->count].bytes[0] = list[ret->count];
        }
        return true;
    } else if (strchr("wWSD", c) != NULL) { /* the NUL behind the text too */
        return false;
    } else if (c >= '0' && c <= '9') {
        r->failed = true; /* back references: libyara has none */
    } else if (strchr(plain, c) != NULL) {
        c = meant[strchr(plain, c) - plain];
    }
    ret->texts[0].len = 1;
    ret->texts[0].bytes[0] = c;
    return true;
}

/* One member of a class, after its "[". False: more than one character, as \w. */
static bool read_member(struct reading *r, char *ret)
{
    struct part p;
    if (peek(r) != '\\') {
        *ret = peek(r);
        r->at++;
        return true;
    }
    r->at++;
    if (!read_escape(r, &p) || p.count != 1) {
        return false;
    }
    r->failed = r->failed || p.texts[0].len != 1; /* [\b] */
    *ret = p.texts[0].bytes[0];
    return true;
}

static void add_char(struct part *p, char c, bool *many)
{
    if (p->count >= CLASS_MAX) {
        *many = true;
        return;
    }
    p->texts[p->count].len = 1;
    p->texts[p->count++].bytes[0] = c;
}

static void read_class(struct reading *r, struct part *ret)
{
    bool many = peek(r) == '^';
    *ret = (struct part){.exact = true, .need = NEED_NOTHING};
    r->at += many ? 1 : 0;
    r->failed = r->failed || peek(r) == ']'; /* what that means is not agreed upon */
    while (!at_end(r) && peek(r) != ']') {
        char from = 0;
        char to = 0;
        bool one = read_member(r, &from);
        bool range = peek(r) == '-' && r->at + 1 < r->s.len && r->s.ptr[r->at + 1] != ']';
        if (range) {
            r->at++;
            one = read_member(r, &to) && one;
        }
        many = many || !one;
        for (unsigned c = (uint8_t)from; !many && c <= (range ? (uint8_t)to : (uint8_t)from); c++) {
            add_char(ret, (char)c, &many);
        }
    }
    r->failed = r->failed || r->at >= r->s.len || (!many && ret->count == 0);
    r->at++;
    if (many) {
        *ret = nothing_known;
    }
}

static void read_atom(struct reading *r, struct part *ret)
{
    char c = peek(r);
    r->at++;
    switch (c) {
    case '(':
        r->failed = r->failed || ++r->depth > DEPTH_MAX || peek(r) == '?';
        read_choice(r, ret);
        r->depth--;
        r->failed = r->failed || peek(r) != ')';
        r->at++;
        return;
    case '[':
        read_class(r, ret);
        return;
    case '\\':
        if (!read_escape(r, ret)) {
            *ret = nothing_known;
        }
        return;
    case '.':
        *ret = nothing_known;
        return;
    case '^':
    case '$':
        set_empty(ret);
        return;
    case '*':
    case '+':
    case '?':
    case '{':
        r->failed = true;
        return;
    default:
        set_empty(ret);
        ret->texts[0].len = 1;
        ret->texts[0].bytes[0] = c;
    }
}

static size_t read_number(struct reading *r, size_t without)
{
    size_t v = 0;
    size_t from = r->at;
    for (; peek(r) >= '0' && peek(r) <= '9'; r->at++) {
        v = v < 100000 ? v * 10 + (size_t)(peek(r) - '0') : v;
    }
    return r->at > from ? v : without;
}

/* How often what came before may be there. */
static void read_repeat(struct reading *r, size_t *ret_min, size_t *ret_max)
{
    char c = peek(r);
    *ret_min = c == '*' || c == '?' ? 0 : 1;
    *ret_max = c == '*' || c == '+' ? SIZE_MAX : 1;
    if (c == '{') {
        r->at++;
        *ret_min = read_number(r, 0);
        *ret_max = *ret_min;
        if (peek(r) == ',') {
            r->at++;
            *ret_max = read_number(r, SIZE_MAX);
        }
        r->failed = r->failed || peek(r) != '}' || *ret_max < *ret_min;
    }
    if (strchr("*+?{", c) != NULL && c != '\0') {
        r->at++;
        r->at += peek(r) == '?' ? 1 : 0; /* the shortest instead of the longest: the same words */
    }
}

static void add_repeated(struct reading *r, struct sequence *q, struct part *p, size_t min,
                         size_t max)
{
    if (min == 0) {
        if (p->exact && max == 1 && p->count < TEXTS_MAX) {
            p->texts[p->count++].len = 0;
            add_part(r, q, p);
        } else {
            add_part(r, q, &nothing_known);
        }
        return;
    }
    size_t copies = !p->exact ? 1 : min < COPIES_MAX ? min : COPIES_MAX;
    for (size_t i = 0; i < copies; i++) {
        add_part(r, q, p);
    }
    if (copies < max) {
        add_part(r, q, &nothing_known);
    }
}

static void read_sequence(struct reading *r, struct part *ret)
{
    struct sequence q = {.exact = true};
    set_empty(&q.run);
    while (!at_end(r) && peek(r) != '|' && peek(r) != ')') {
        struct part p = nothing_known;
        size_t min;
        size_t max;
        read_atom(r, &p);
        read_repeat(r, &min, &max);
        if (!r->failed) {
            add_repeated(r, &q, &p, min, max);
        }
    }
    if (q.exact) {
        *ret = q.run;
        return;
    }
    end_run(r, &q);
    *ret = (struct part){.exact = false,
                         .need = needs_group(r->n, (uint32_t)q.count, q.clauses, q.count)};
}

/* a := a or b. */
static void either(struct reading *r, struct part *a, const struct part *b)
{
    if (a->exact && b->exact && a->count + b->count <= TEXTS_MAX) {
        memcpy(&a->texts[a->count], b->texts, b->count * sizeof(b->texts[0]));
        a->count = (uint8_t)(a->count + b->count);
        return;
    }
    int32_t both[2] = {need_of(r, a), need_of(r, b)};
    *a = (struct part){.exact = false, .need = needs_group(r->n, 1, both, 2)};
}

static void read_choice(struct reading *r, struct part *ret)
{
    if (r->failed) {
        *ret = nothing_known;
        return;
    }
    read_sequence(r, ret);
    while (!at_end(r) && peek(r) == '|') {
        struct part other;
        r->at++;
        read_sequence(r, &other);
        either(r, ret, &other);
    }
}

int32_t needs_regex(struct needs *n, struct ch_str regex, bool nocase)
{
    struct reading r = {.n = n, .s = regex, .nocase = nocase};
    struct part whole;
    read_choice(&r, &whole);
    return r.failed || r.at != regex.len ? NEED_NOTHING : need_of(&r, &whole);
}
