#include "audit_said.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/index.h"
#include "db/exceptions/exception.h"
#include "db/log/entry.h"

/* In this order where they are of one entry. */
enum said_kind {
    SAID_RULING,
    SAID_IN_FORCE, /* the exception that it is of */
    SAID_END,      /* by somebody, or an approval's time has come */
    SAID_STEP,     /* of an exception */
    SAID_GIVEN,    /* to people, or said by one of two */
    SAID_TAKEN,    /* and its end */
    SAID_ERASED,   /* what commitments of other entries stood for */
};

/* What `of` is the number of. */
enum said_what {
    OF_RULING,
    OF_EXCEPTION,
    OF_PEOPLE,
    OF_PROPOSAL,
    OF_POLICY_PROPOSAL,
    OF_ENTRY,
};

struct event {
    uint64_t of;
    uint64_t index;
    uint64_t exception; /* IN_FORCE */
    int64_t at_us;      /* TAKEN */
    char *text; /* IN_FORCE: the environment; END, TAKEN: none; else the entry; NULL: forgotten */
    size_t len;
    enum said_kind kind;
    enum said_what what;
    bool sealed;
    bool deny;
    bool closes;   /* STEP: none but the request of another one under its number follows it */
    bool begins;   /* STEP: it is asked for */
    bool settled;  /* TAKEN: somebody has said that the database has it otherwise */
    bool listless; /* ERASED: it does not say which texts */
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

static void add_step(struct said *s, const struct ch_log_entry_fields *f, struct event *e,
                     struct ch_str entry)
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
        e->what = OF_RULING;
        put_in_force(s, f, e);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(closing); i++) {
        e->closes = e->closes || is_text(f, "step", exception_event_name(closing[i]));
    }
    e->begins = is_text(f, "step", exception_event_name(EXCEPTION_REQUESTED));
    e->kind = SAID_STEP;
    e->what = OF_EXCEPTION;
    e->of = e->exception;
    put(s, e, entry);
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

/* By its id, or (what was erased) by its place. */
static void add_other(struct said *s, const struct ch_log_entry_fields *f, struct event *e,
                      struct ch_str entry)
{
    int64_t id = 0;
    bool has = ch_log_entry_get_int(f, "id", &id) && id > 0;
    e->of = e->what == OF_ENTRY ? e->index : (uint64_t)id;
    struct ch_sha256 list;
    e->settled = is_text(f, "kind", "people-settled");
    e->listless = e->kind == SAID_ERASED && !ch_log_entry_get_sha(f, "list", &list);
    if (e->settled && !e->sealed) {
        return; /* with it others may be given something again */
    }
    if (has || e->what == OF_ENTRY) {
        CH_IGNORE(!ch_log_entry_get_int(f, "at_us", &e->at_us));
        put(s, e, e->kind == SAID_TAKEN ? (struct ch_str){NULL, 0} : entry);
    }
}

static const struct {
    const char *name;
    enum said_kind kind;
    enum said_what what;
} kinds[] = {
    {"ruling", SAID_RULING, OF_RULING},
    {"ruling-end", SAID_RULING, OF_RULING},
    {"ruling-expired", SAID_RULING, OF_RULING},
    {"exception", SAID_STEP, OF_EXCEPTION},
    {"person", SAID_GIVEN, OF_PEOPLE},
    {"uid", SAID_GIVEN, OF_PEOPLE},
    {"member", SAID_GIVEN, OF_PEOPLE},
    {"grant", SAID_GIVEN, OF_PEOPLE},
    {"token", SAID_GIVEN, OF_PEOPLE},
    {"people-end", SAID_TAKEN, OF_PEOPLE},
    {"people-settled", SAID_TAKEN, OF_PEOPLE},
    {"proposal", SAID_GIVEN, OF_PROPOSAL},
    {"proposal-end", SAID_TAKEN, OF_PROPOSAL},
    {"policy-proposal", SAID_GIVEN, OF_POLICY_PROPOSAL},
    {"policy-proposal-end", SAID_TAKEN, OF_POLICY_PROPOSAL},
    {"erased", SAID_ERASED, OF_ENTRY},
};

/* Within the text of an entry this would have a backslash before each quote, and no object in one
 * has such a key. Most entries are about nothing of all this. */
static bool is_kept(struct ch_str entry, struct event *ret)
{
    static const char key[] = "\"kind\":\"";
    const char *at = memmem(entry.ptr, entry.len, key, sizeof(key) - 1);
    if (at == NULL) {
        return false;
    }
    struct ch_str rest = ch_str_sub(entry, (size_t)(at - entry.ptr) + sizeof(key) - 1, entry.len);
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        struct ch_str name = ch_str_of(kinds[i].name);
        if (ch_str_starts(rest, name) && rest.len > name.len && rest.ptr[name.len] == '"') {
            ret->kind = kinds[i].kind;
            ret->what = kinds[i].what;
            return true;
        }
    }
    return false;
}

void said_add(struct said *s, uint64_t index, struct ch_str entry, bool sealed)
{
    struct event e = {.index = index, .sealed = sealed};
    struct ch_log_entry_fields f;
    if (!is_kept(entry, &e) || ch_log_entry_read(entry, &f, NULL) != CH_OK) {
        return;
    }
    if (e.what == OF_RULING) {
        add_ruling(s, &f, &e, entry);
    } else if (e.what == OF_EXCEPTION) {
        add_step(s, &f, &e, entry);
    } else {
        add_other(s, &f, &e, entry);
    }
}

/* ------------------------------------------------------------------ what it comes to */

static int compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->what != y->what) {
        return (int)x->what - (int)y->what;
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

/* The first about this number, or what is behind it. */
static size_t first_of(const struct said *s, enum said_what what, uint64_t of)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct event *e = &s->items[mid];
        if (e->what < what || (e->what == what && e->of < of)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool is_of(const struct said *s, size_t i, enum said_what what, uint64_t of)
{
    return i < s->count && s->items[i].of == of && s->items[i].what == what;
}

static bool is_closed(const struct said *s, uint64_t exception, uint64_t since)
{
    bool closed = false;
    for (size_t i = first_of(s, OF_EXCEPTION, exception); is_of(s, i, OF_EXCEPTION, exception);
         i++) {
        closed = closed || (s->items[i].closes && s->items[i].index > since);
    }
    return closed;
}

/* The event that is its ruling's, and what put it in force; NULL: none. */
static const struct event *approval(const struct said *s, uint64_t id, const struct event **ret)
{
    const struct event *found = NULL;
    *ret = NULL;
    for (size_t i = first_of(s, OF_RULING, id); is_of(s, i, OF_RULING, id); i++) {
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
    for (size_t j = i + 1; is_of(s, j, OF_RULING, id) && s->items[j].kind != SAID_RULING; j++) {
        ended = ended || (s->items[j].kind == SAID_END && s->items[j].sealed);
    }
    return ended;
}

size_t said_denials(struct said *s, uint64_t id, said_ruling_fn *each, void *ctx)
{
    size_t count = 0;
    sort(s);
    for (size_t i = id != 0 ? first_of(s, OF_RULING, id) : 0;
         id != 0 ? is_of(s, i, OF_RULING, id) : i < s->count; i++) {
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

/* From the newest request on: a number is given again where its rows were taken away. */
static size_t first_step(const struct said *s, uint64_t exception)
{
    size_t from = first_of(s, OF_EXCEPTION, exception);
    for (size_t i = from; is_of(s, i, OF_EXCEPTION, exception); i++) {
        from = s->items[i].begins ? i : from;
    }
    return from;
}

size_t said_steps(struct said *s, uint64_t exception, struct said_entry *ret, size_t max)
{
    size_t count = 0;
    sort(s);
    for (size_t i = first_step(s, exception); is_of(s, i, OF_EXCEPTION, exception); i++) {
        const struct event *e = &s->items[i];
        if (count < max) {
            ret[count] = (struct said_entry){e->index, text_of(e), e->sealed};
        }
        count++;
    }
    return count;
}

bool said_exception_is_closed(struct said *s, uint64_t exception)
{
    sort(s);
    size_t from = first_step(s, exception);
    return is_of(s, from, OF_EXCEPTION, exception) &&
           (s->items[from].closes || is_closed(s, exception, s->items[from].index));
}

/* ------------------------------------------------------------------ people */

static enum said_what what_of(enum said_given of)
{
    return of == SAID_OF_PEOPLE     ? OF_PEOPLE
           : of == SAID_OF_PROPOSAL ? OF_PROPOSAL
                                    : OF_POLICY_PROPOSAL;
}

bool said_given(struct said *s, enum said_given of, uint64_t id, struct said_entry *ret,
                int64_t *ret_ended_us)
{
    enum said_what what = what_of(of);
    bool found = false;
    *ret_ended_us = CH_TIME_UNKNOWN;
    sort(s);
    for (size_t i = first_of(s, what, id); is_of(s, i, what, id); i++) {
        const struct event *e = &s->items[i];
        if (e->kind == SAID_GIVEN) {
            *ret = (struct said_entry){e->index, text_of(e), e->sealed};
            *ret_ended_us = CH_TIME_UNKNOWN;
            found = true;
        } else if (found) {
            *ret_ended_us = e->at_us;
        }
    }
    return found;
}

bool said_settled(struct said *s, uint64_t id, int64_t *ret_at_us)
{
    bool settled = false;
    sort(s);
    for (size_t i = first_of(s, OF_PEOPLE, id); is_of(s, i, OF_PEOPLE, id); i++) {
        const struct event *e = &s->items[i];
        settled = e->kind == SAID_TAKEN && (settled || e->settled);
        *ret_at_us = e->settled ? e->at_us : *ret_at_us;
    }
    return settled;
}

void said_people(struct said *s, said_people_fn *each, void *ctx)
{
    sort(s);
    uint64_t last = 0;
    for (size_t i = first_of(s, OF_PEOPLE, 0); i < s->count && s->items[i].what == OF_PEOPLE; i++) {
        const struct event *e = &s->items[i];
        if (e->kind == SAID_GIVEN && e->of != last) {
            last = e->of;
            each(ctx, e->of, text_of(e));
        }
    }
}

bool said_erased_unlisted(struct said *s, uint64_t index)
{
    bool found = false;
    sort(s);
    for (size_t i = first_of(s, OF_ENTRY, index); i < s->count; i++) {
        found = found || (s->items[i].listless && s->items[i].sealed);
    }
    return found;
}

bool said_erased(struct said *s, uint64_t act, struct said_entry *ret)
{
    sort(s);
    size_t i = first_of(s, OF_ENTRY, act);
    bool found = is_of(s, i, OF_ENTRY, act);
    if (found) {
        *ret = (struct said_entry){act, text_of(&s->items[i]), s->items[i].sealed};
    }
    return found;
}

/* ------------------------------------------------------------------ what is not asked for again */

/* Steps of what is closed but for the closing one. */
static bool is_done(const struct said *s, const struct event *e)
{
    return e->kind == SAID_STEP && !e->closes && is_closed(s, e->of, e->index);
}

void said_shorten(struct said *s)
{
    size_t n = 0;
    sort(s);
    bool *done = ch_calloc(s->count + 1, sizeof(*done));
    for (size_t i = 0; i < s->count; i++) {
        struct event *e = &s->items[i];
        const struct event *force;
        bool of_approval = (e->kind == SAID_RULING && !e->deny) || e->kind == SAID_IN_FORCE;
        done[i] = is_done(s, e);
        if (done[i] || e->closes || (of_approval && approval(s, e->of, &force) == NULL)) {
            free(e->text);
            e->text = NULL;
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (!done[i]) {
            s->items[n++] = s->items[i];
        }
    }
    s->count = n;
    free(done);
}
