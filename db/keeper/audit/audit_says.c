#include "audit_says.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "db/log/bundle.h"

/* ------------------------------------------------------------------ what is in the clear */

bool says_text(const struct says *s, const char *key, struct ch_str should)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_ENTRY_MAX);
    if (!ch_log_entry_get_str(&s->f, key, &text)) {
        ch_buf_clear(&text);
    }
    bool same = ch_str_eq(ch_buf_str(&text), should.ptr != NULL ? should : CH_STR(""));
    ch_buf_done(&text);
    return same;
}

bool says_sha(const struct says *s, const char *key, const struct ch_sha256 *should)
{
    struct ch_sha256 sha = {{0}};
    return ch_log_entry_get_sha(&s->f, key, &sha) ? ch_sha256_eq(&sha, should)
                                                  : ch_sha256_is_zero(should);
}

bool says_number(const struct says *s, const char *key, int64_t should, int64_t absent)
{
    int64_t number = absent;
    if (!ch_log_entry_get_int(&s->f, key, &number)) {
        number = absent;
    }
    return number == should;
}

bool says_flag(const struct says *s, const char *key, bool should)
{
    bool flag = !should;
    return ch_log_entry_get_bool(&s->f, key, &flag) && flag == should;
}

/* ------------------------------------------------------------------ commitments */

static struct says_text *add(struct says *s, struct ch_str field, const uint8_t *salt)
{
    static struct says_text too_many; /* of no entry that the keeper has written */
    struct says_text *t = s->text_count < SAYS_TEXTS ? &s->texts[s->text_count++] : &too_many;
    *t = (struct says_text){.erased = false};
    snprintf(t->field, sizeof(t->field), "%.*s", CH_STR_ARG(field));
    memcpy(t->salt, salt, sizeof(t->salt));
    return t;
}

static void one_clear(void *ctx, const struct ch_log_clear *clear)
{
    add(ctx, clear->field, clear->salt);
}

static void one_erased(void *ctx, const struct ch_log_erased *erased)
{
    struct says_text *t = add(ctx, erased->field, erased->salt);
    t->erased = true;
    t->act = erased->act;
    t->hmac = erased->hmac;
}

enum ch_code says_begin(struct keeper *k, const struct said_entry *entry, struct says *ret,
                        struct ch_err *err)
{
    *ret = (struct says){.k = k, .index = entry->index};
    enum ch_code rc = ch_log_entry_read(entry->entry, &ret->f, err);
    rc = rc == CH_OK ? ch_store_log_clear(k->store, entry->index, one_clear, ret, err) : rc;
    return rc == CH_OK ? ch_store_log_erased(k->store, entry->index, one_erased, ret, err) : rc;
}

static const struct says_text *find(const struct says *s, const char *key, bool erased)
{
    for (size_t i = 0; i < s->text_count; i++) {
        if (s->texts[i].erased == erased && strcmp(s->texts[i].field, key) == 0) {
            return &s->texts[i];
        }
    }
    return NULL;
}

/* Acts whose lists were read. */
struct says_acts {
    struct {
        uint64_t act;
        bool logged;
    } * items;
    size_t count, cap;
};

void says_keep_acts(struct keeper *k)
{
    says_drop_acts(k);
    k->says_acts = ch_calloc(1, sizeof(*k->says_acts));
}

void says_drop_acts(struct keeper *k)
{
    if (k->says_acts != NULL) {
        free(k->says_acts->items);
        free(k->says_acts);
    }
    k->says_acts = NULL;
}

/* What the act lists is what it has logged (ch_store_erased_digest). */
static bool compare_list(struct says *s, uint64_t act)
{
    struct said_entry entry;
    struct ch_log_entry_fields f;
    struct ch_sha256 stated, listed;
    struct ch_err err;
    uint64_t texts;
    if (!said_erased(audit_said(s->k), act, &entry) || !entry.sealed ||
        ch_log_entry_read(entry.entry, &f, NULL) != CH_OK ||
        !ch_log_entry_get_sha(&f, "list", &stated)) {
        return false;
    }
    enum ch_code rc = ch_store_erased_digest(s->k->store, act, &listed, &texts, &err);
    s->failed = rc != CH_OK ? rc : s->failed;
    return rc == CH_OK && ch_sha256_eq(&stated, &listed);
}

static bool is_logged(struct says *s, uint64_t act)
{
    struct says_acts *acts = s->k->says_acts;
    if (acts == NULL) {
        return compare_list(s, act);
    }
    for (size_t i = acts->count; i > 0; i--) { /* texts of one row went with one act, mostly */
        if (acts->items[i - 1].act == act) {
            return acts->items[i - 1].logged;
        }
    }
    bool logged = compare_list(s, act);
    if (acts->count == acts->cap) {
        acts->cap = acts->cap == 0 ? 16 : acts->cap * 2;
        acts->items = ch_realloc_array(acts->items, acts->cap, sizeof(*acts->items));
    }
    acts->items[acts->count].act = act;
    acts->items[acts->count++].logged = logged;
    return logged;
}

bool says_committed(struct says *s, const char *key, struct ch_str should)
{
    struct ch_sha256 stated, actual;
    const struct says_text *t = find(s, key, false);
    if (!ch_log_entry_get_commitment(&s->f, key, &stated)) {
        return should.len == 0 && ch_log_entry_get(&s->f, key).ptr == NULL;
    }
    if (t == NULL) {
        t = find(s, key, true);
        if (t == NULL && said_erased_unlisted(audit_said(s->k), s->index)) {
            s->unlisted = true;
            return true; /* nothing to compare it with; the caller says what that comes to */
        }
        if (t == NULL || ch_sha256_is_zero(&t->hmac) || !is_logged(s, t->act)) {
            return false;
        }
        stated = t->hmac;
    }
    actual = ch_log_entry_commit(t->salt, should);
    return ch_sha256_eq(&stated, &actual);
}
