#include "audit_said.h"

#include <stdlib.h>
#include <string.h>

#include "db/exceptions/exception.h"
#include "db/log/entry.h"

/* In this order where they are of one entry. */
enum said_kind {
    SAID_RULING,
    SAID_IN_FORCE, /* the exception that it is of */
    SAID_END,      /* by somebody, or an approval's time has come */
    SAID_CLOSED,   /* of an exception: `of` is its number, and no ruling's */
};

struct event {
    uint64_t of;
    uint64_t index;
    uint64_t exception; /* IN_FORCE */
    char *text;         /* RULING: the entry; IN_FORCE: the environment; NULL: forgotten */
    size_t len;
    enum said_kind kind;
    bool sealed;
    bool deny;
};

struct said {
    struct event *items;
    size_t count, cap;
    bool sorted;
};

struct said *said_new(void)
{
    return ch_calloc(1, sizeof(struct said));
}

void said_free(struct said *s)
{
    if (s != NULL) {
        said_undo(s, 0);
        free(s->items);
        free(s);
    }
}

void said_undo(struct said *s, uint64_t from)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].index < from) {
            s->items[n++] = s->items[i];
        } else {
            free(s->items[i].text);
        }
    }
    s->count = n;
}

/* ------------------------------------------------------------------ taking entries */

static void put(struct said *s, const struct event *e, struct ch_str text)
{
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 64 : s->cap * 2;
        s->items = ch_realloc_array(s->items, s->cap, sizeof(*s->items));
    }
    struct event *new = &s->items[s->count++];
    *new = *e;
    new->text = text.ptr != NULL ? ch_str_dup(text) : NULL;
    new->len = text.len;
    s->sorted = false;
}

static bool is_text(const struct ch_log_entry_fields *f, const char *key, const char *should)
{
    struct ch_str value = ch_log_entry_get(f, key);
    return value.len >= 2 && ch_str_eq(ch_str_sub(value, 1, value.len - 2), ch_str_of(should));
}

/* "3,4" */
static void put_in_force(struct said *s, const struct ch_log_entry_fields *f, struct event *e)
{
    struct ch_buf environment, numbers;
    ch_buf_init(&environment, 4096);
    ch_buf_init(&numbers, 65536);
    CH_IGNORE(ch_log_entry_get_str(f, "environment", &environment));
    CH_IGNORE(ch_log_entry_get_str(f, "rulings", &numbers));
    uint64_t n = 0;
    for (size_t i = 0; i <= numbers.len; i++) {
        if (i < numbers.len && numbers.ptr[i] >= '0' && numbers.ptr[i] <= '9') {
            n = n * 10 + (uint64_t)(numbers.ptr[i] - '0');
        } else if (n > 0) {
            e->of = n;
            put(s, e, ch_buf_str(&environment));
            n = 0;
        }
    }
    ch_buf_done(&environment);
    ch_buf_done(&numbers);
}

static void add_step(struct said *s, const struct ch_log_entry_fields *f, struct event *e)
{
    static const enum exception_event closing[] = {EXCEPTION_REJECTED, EXCEPTION_REVOKED,
                                                   EXCEPTION_RENEWED, EXCEPTION_ENDED};
    int64_t exception = 0;
    if (!ch_log_entry_get_int(f, "exception", &exception) || exception <= 0) {
        return;
    }
    e->exception = (uint64_t)exception;
    if (is_text(f, "step", exception_event_name(EXCEPTION_IN_FORCE))) {
        e->kind = SAID_IN_FORCE;
        put_in_force(s, f, e);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(closing); i++) {
        if (is_text(f, "step", exception_event_name(closing[i]))) {
            e->kind = SAID_CLOSED;
            e->of = e->exception;
            put(s, e, (struct ch_str){NULL, 0});
        }
    }
}

static void add_ruling(struct said *s, const struct ch_log_entry_fields *f, struct event *e,
                       struct ch_str entry)
{
    int64_t id = 0;
    if (!ch_log_entry_get_int(f, "id", &id) || id <= 0) {
        return;
    }
    e->of = (uint64_t)id;
    bool has = ch_log_entry_get_bool(f, "deny", &e->deny);
    if (is_text(f, "kind", "ruling") && has) {
        e->kind = SAID_RULING;
        put(s, e, entry);
    } else if (is_text(f, "kind", "ruling-end") ||
               (is_text(f, "kind", "ruling-expired") && has && !e->deny)) {
        e->kind =
            SAID_END; /* a denial's time is looked at by the clock, whatever it was once (T7) */
        put(s, e, (struct ch_str){NULL, 0});
    }
}

/* Within the text of an entry these would have a backslash before each quote. */
static bool is_about(struct ch_str entry, const char *kind, size_t len)
{
    return memmem(entry.ptr, entry.len, kind, len) != NULL;
}
#define RULINGS    "\"kind\":\"ruling"
#define EXCEPTIONS "\"kind\":\"exception\""

void said_add(struct said *s, uint64_t index, struct ch_str entry, bool sealed)
{
    struct event e = {.index = index, .sealed = sealed};
    struct ch_log_entry_fields f;
    bool ruling = is_about(entry, RULINGS, sizeof(RULINGS) - 1);
    if ((!ruling && !is_about(entry, EXCEPTIONS, sizeof(EXCEPTIONS) - 1)) ||
        ch_log_entry_read(entry, &f, NULL) != CH_OK) {
        return;
    }
    if (ruling) {
        add_ruling(s, &f, &e, entry);
    } else {
        add_step(s, &f, &e);
    }
}

/* ------------------------------------------------------------------ what it comes to */

static int compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    bool xc = x->kind == SAID_CLOSED, yc = y->kind == SAID_CLOSED;
    if (xc != yc) {
        return xc ? 1 : -1;
    }
    if (x->of != y->of) {
        return x->of < y->of ? -1 : 1;
    }
    if (x->index != y->index) {
        return x->index < y->index ? -1 : 1;
    }
    return (int)x->kind - (int)y->kind;
}

static void sort(struct said *s)
{
    if (!s->sorted && s->count > 0) {
        qsort(s->items, s->count, sizeof(*s->items), compare);
    }
    s->sorted = true;
}

/* The first about this ruling, or what is behind it. */
static size_t first_of(const struct said *s, bool closed, uint64_t of)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        bool c = s->items[mid].kind == SAID_CLOSED;
        if (c < closed || (c == closed && s->items[mid].of < of)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool is_of(const struct said *s, size_t i, bool closed, uint64_t of)
{
    return i < s->count && s->items[i].of == of && (s->items[i].kind == SAID_CLOSED) == closed;
}

static bool is_closed(const struct said *s, uint64_t exception, uint64_t since)
{
    bool closed = false;
    for (size_t i = first_of(s, true, exception); is_of(s, i, true, exception); i++) {
        closed = closed || s->items[i].index > since;
    }
    return closed;
}

/* The event that is its ruling's, and what put it in force; NULL: none. */
static const struct event *approval(const struct said *s, uint64_t id, const struct event **ret)
{
    const struct event *found = NULL;
    *ret = NULL;
    for (size_t i = first_of(s, false, id); is_of(s, i, false, id); i++) {
        const struct event *e = &s->items[i];
        if (e->kind == SAID_RULING) {
            found = !e->deny && e->sealed ? e : NULL;
            *ret = NULL;
        } else if (e->kind == SAID_END) {
            found = NULL;
        } else if (e->kind == SAID_IN_FORCE && e->sealed) {
            *ret = e;
        }
    }
    return *ret != NULL && is_closed(s, (*ret)->exception, (*ret)->index) ? NULL : found;
}

static struct ch_str text_of(const struct event *e)
{
    return (struct ch_str){e != NULL ? e->text : NULL, e != NULL && e->text != NULL ? e->len : 0};
}

bool said_approval(struct said *s, uint64_t id, struct said_ruling *ret)
{
    sort(s);
    const struct event *force, *found = approval(s, id, &force);
    if (found != NULL) {
        *ret = (struct said_ruling){id, found->index, text_of(found), text_of(force)};
    }
    return found != NULL;
}

/* Item `i` is a denial's entry. Its number may be another ruling's later, where its row was taken
 * away. */
static bool has_ended(const struct said *s, size_t i)
{
    uint64_t id = s->items[i].of;
    bool ended = false;
    for (size_t j = i + 1; is_of(s, j, false, id) && s->items[j].kind != SAID_RULING; j++) {
        ended = ended || (s->items[j].kind == SAID_END && s->items[j].sealed);
    }
    return ended;
}

size_t said_denials(struct said *s, uint64_t id, said_ruling_fn *each, void *ctx)
{
    size_t count = 0;
    sort(s);
    for (size_t i = id != 0 ? first_of(s, false, id) : 0;
         id != 0 ? is_of(s, i, false, id) : i < s->count; i++) {
        const struct event *e = &s->items[i];
        if (e->kind == SAID_RULING && e->deny) {
            const struct said_ruling denial = {e->of, e->index, text_of(e), {NULL, 0}};
            count++;
            if (!has_ended(s, i)) {
                each(ctx, &denial);
            }
        }
    }
    return count;
}

void said_shorten(struct said *s)
{
    sort(s);
    for (size_t i = 0; i < s->count; i++) {
        struct event *e = &s->items[i];
        const struct event *force;
        bool of_approval = (e->kind == SAID_RULING && !e->deny) || e->kind == SAID_IN_FORCE;
        if (of_approval && approval(s, e->of, &force) == NULL) {
            free(e->text);
            e->text = NULL;
        }
    }
}
