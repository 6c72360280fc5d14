/* The keys that the log names against those that the database has. */
#include "auditor.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_HEX 16 /* of an id: as `customhouse keys` names keys */

static const char *const kinds[] = {"", "ecdsa-p256", "ed25519"};

/* ------------------------------------------------------------------ from entries */

static void take_text(const struct ch_log_entry_fields *f, const char *name, char *ret, size_t size)
{
    struct ch_buf text;
    ch_buf_init(&text, size - 1);
    if (!ch_log_entry_get_str(f, name, &text)) {
        ch_buf_clear(&text);
    }
    snprintf(ret, size, "%.*s", CH_STR_ARG(ch_buf_str(&text)));
    ch_buf_done(&text);
}

static void take_clear(const struct ch_logged *l, const struct ch_log_entry_fields *f,
                       const char *name, struct audit_key_text *ret)
{
    const struct ch_log_clear *clear = audit_clear_of(l, name);
    const struct ch_log_erased *kept = audit_erased_of(l, name);
    if (clear != NULL) {
        ret->text = ch_str_dup(clear->text);
        return;
    }
    ret->erased = ch_log_entry_get(f, name).ptr != NULL;
    if (kept != NULL) {
        ret->kept = *kept;
        ret->kept.field = (struct ch_str){NULL, 0}; /* borrowed */
    }
}

void audit_keys_take(struct audit_verify *v, const struct ch_logged *l,
                     const struct ch_log_entry_fields *f)
{
    struct audit_keys *keys = &v->keys;
    if (keys->count == keys->cap) {
        keys->cap = keys->cap == 0 ? 16 : keys->cap * 2;
        keys->list = ch_realloc_array(keys->list, keys->cap, sizeof(*keys->list));
    }
    struct audit_key *key = &keys->list[keys->count++];
    *key = (struct audit_key){.index = l->row.index, .at_us = l->row.at_us};
    if (f == NULL) {
        key->waits = key->seen = true;
        return;
    }
    /* what is missing stays zero, which no row is */
    if (!ch_log_entry_get_sha(f, "key", &key->id) || !ch_log_entry_get_sha(f, "pem", &key->pem)) {
        audit_problem(v, "entry %llu (key): names no key", (unsigned long long)l->row.index);
    }
    if (!ch_log_entry_get_sha(f, "former", &key->former)) {
        key->former = (struct ch_sha256){{0}};
    }
    take_text(f, "purpose", key->purpose, sizeof(key->purpose));
    take_text(f, "type", key->type, sizeof(key->type));
    take_text(f, "vkey", key->vkey, sizeof(key->vkey));
    take_clear(l, f, "by", &key->by);
    take_clear(l, f, "reason", &key->reason);
}

void audit_keys_add(struct audit_keys *keys, struct audit_keys *more)
{
    size_t count = keys->count + more->count;
    keys->list = ch_realloc_array(keys->list, count > 0 ? count : 1, sizeof(*keys->list));
    for (size_t i = 0; i < more->count; i++) {
        keys->list[keys->count++] = more->list[i];
    }
    keys->cap = count > 0 ? count : 1;
    free(more->list);
    more->list = NULL;
    more->count = more->cap = 0;
}

void audit_keys_done(struct audit_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        free(keys->list[i].by.text);
        free(keys->list[i].reason.text);
    }
    for (size_t i = 0; i < keys->handover_count; i++) {
        ch_buf_done(&keys->handovers[i].note);
    }
    free(keys->handovers);
    free(keys->list);
    *keys = (struct audit_keys){0};
}

/* ------------------------------------------------------------------ against rows */

static void name_of(const struct ch_sha256 *id, char ret[SHOWN_HEX + 1])
{
    struct ch_buf hex;
    ch_buf_init(&hex, CH_SHA256_HEX);
    ch_buf_put_hex(&hex, id->byte, sizeof(id->byte));
    snprintf(ret, SHOWN_HEX + 1, "%.*s", SHOWN_HEX, hex.ptr);
    ch_buf_done(&hex);
}

static bool text_is(struct audit_verify *v, const struct audit_key_text *logged, struct ch_str row)
{
    row = row.ptr != NULL ? row : CH_STR("");
    return logged->erased ? audit_is_erased_text(v, &logged->kept, row)
                          : ch_str_eq(ch_str_of(logged->text != NULL ? logged->text : ""), row);
}

static void differs(struct audit_verify *v, const struct audit_key *key, const char *what)
{
    char name[SHOWN_HEX + 1];
    name_of(&key->id, name);
    audit_problem(v, "database: signing_key %s: %s is not what was logged (entry %llu)", name, what,
                  (unsigned long long)key->index);
}

static struct audit_key *find(struct audit_verify *v, const struct ch_sha256 *id, bool former)
{
    for (size_t i = 0; i < v->keys.count; i++) {
        struct audit_key *key = &v->keys.list[i];
        if (!key->waits && ch_sha256_eq(former ? &key->former : &key->id, id)) {
            return key;
        }
    }
    return NULL;
}

static bool waits(const struct audit_verify *v, int64_t at_us)
{
    bool found = false;
    for (size_t i = 0; i < v->keys.count; i++) {
        found = found || (v->keys.list[i].waits && v->keys.list[i].at_us == at_us);
    }
    return found;
}

static void check_begin(struct audit_verify *v, struct audit_key *key, const struct ch_key_row *row)
{
    struct ch_sha256 pem =
        ch_sha256_of(row->public_pem.ptr != NULL ? row->public_pem.ptr : "", row->public_pem.len);
    const char *type = row->kind < CH_ARRAY_LEN(kinds) ? kinds[row->kind] : "";
    key->seen = true;
    v->compared++;
    if (!ch_str_eq(ch_str_of(key->purpose), row->purpose)) {
        differs(v, key, "purpose");
    }
    if (strcmp(key->type, type) != 0) {
        differs(v, key, "kind");
    }
    if (!ch_sha256_eq(&key->pem, &pem)) {
        differs(v, key, "public_pem");
    }
    if (key->at_us != row->at_us) {
        differs(v, key, "at_us");
    }
}

/* It ends with the beginning of the one that takes its place. */
static void check_end(struct audit_verify *v, const struct audit_key *key,
                      const struct ch_key_row *row)
{
    const struct audit_key *next = find(v, &row->id, true);
    if (next == NULL) {
        if (row->ended_at_us != CH_TIME_UNKNOWN && row->ended_at_us >= v->began_us &&
            !waits(v, row->ended_at_us)) {
            differs(v, key, "that it has ended");
        }
    } else if (row->ended_at_us == CH_TIME_UNKNOWN) {
        differs(v, next, "that it took another one's place");
    } else if (row->ended_at_us != next->at_us) {
        differs(v, next, "when the former one ended");
    } else if (!text_is(v, &next->by, row->ended_by) ||
               !text_is(v, &next->reason, row->ended_reason)) {
        differs(v, next, "who ended the former one, or why,");
    }
}

static void on_row(void *ctx, const struct ch_key_row *row)
{
    struct audit_verify *v = ctx;
    struct audit_key *key = find(v, &row->id, false);
    if (key == NULL && waits(v, row->at_us)) {
        return;
    }
    if (key == NULL) {
        char name[SHOWN_HEX + 1];
        name_of(&row->id, name);
        audit_problem(v, "database: signing_key %s was never logged", name);
        return;
    }
    check_begin(v, key, row);
    check_end(v, key, row);
}

enum ch_code audit_keys_compare(struct audit_verify *v, struct ch_err *err)
{
    enum ch_code rc = ch_store_keys(v->store, on_row, v, err);
    for (size_t i = 0; rc == CH_OK && i < v->keys.count; i++) {
        const struct audit_key *key = &v->keys.list[i];
        if (!key->seen) {
            char name[SHOWN_HEX + 1];
            name_of(&key->id, name);
            audit_problem(v, "database: signing_key %s is gone, which entry %llu is about", name,
                          (unsigned long long)key->index);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ from one key of the log to the
 * next */

static void read_handover(void *ctx, const struct ch_key_row *row)
{
    struct audit_verify *v = ctx;
    struct audit_keys *keys = &v->keys;
    struct ch_buf name;
    struct ch_str text;
    struct ch_checkpoint c;
    if (row->ended_at_us == CH_TIME_UNKNOWN || !ch_str_eq(row->purpose, CH_STR("log"))) {
        return;
    }
    keys->handovers =
        ch_realloc_array(keys->handovers, keys->handover_count + 1, sizeof(*keys->handovers));
    struct audit_handover *h = &keys->handovers[keys->handover_count];
    *h = (struct audit_handover){.former = row->id};
    ch_buf_init(&h->note, CH_NOTE_MAX);
    ch_buf_init(&name, 128);
    ch_buf_puts(&name, CH_STR("audit-handover-"));
    ch_buf_put_hex(&name, row->id.byte, sizeof(row->id.byte));
    if (ch_store_get_value(v->store, ch_buf_str(&name), &h->note, NULL) == CH_OK &&
        ch_note_text(ch_buf_str(&h->note), &text, NULL) == CH_OK &&
        ch_checkpoint_get(text, &c, NULL) == CH_OK) {
        h->size = c.size;
        keys->handover_count++;
    } else {
        ch_buf_done(&h->note);
    }
    ch_buf_done(&name);
}

enum ch_code audit_handovers_read(struct audit_verify *v, struct ch_err *err)
{
    return ch_store_keys(v->store, read_handover, v, err);
}

void audit_handovers_root(struct audit_verify *v)
{
    for (size_t i = 0; i < v->keys.handover_count; i++) {
        struct audit_handover *h = &v->keys.handovers[i];
        if (h->size == v->tree.size) {
            h->root = ch_tree_root(&v->tree, v->hash);
            h->has_root = true;
        }
    }
}

/* The former key has signed a tree that this entry is in, and it is the tree that there is. */
static bool is_handed_over(const struct audit_verify *v, const struct audit_key *next,
                           struct ch_str current)
{
    struct ch_checkpoint c;
    if (ch_checkpoint_open(current, &v->key, &c, NULL) == CH_OK && c.size > next->index) {
        return true; /* its root is compared as everybody's */
    }
    for (size_t i = 0; i < v->keys.handover_count; i++) {
        const struct audit_handover *h = &v->keys.handovers[i];
        if (ch_sha256_eq(&h->former, &next->former) &&
            ch_checkpoint_open(ch_buf_str(&h->note), &v->key, &c, NULL) == CH_OK &&
            c.size > next->index && h->has_root && ch_sha256_eq(&h->root, &c.root)) {
            return true;
        }
    }
    return false;
}

void audit_keys_guess(struct audit_verify *v)
{
    for (size_t i = 0; i < v->keys.count && v->key.name[0] == '\0'; i++) {
        const struct audit_key *key = &v->keys.list[i];
        if (!key->waits && key->vkey[0] != '\0' &&
            ch_note_key_get(ch_str_of(key->vkey), &v->key, NULL) != CH_OK) {
            v->key = (struct ch_note_key){.name = ""};
        }
    }
}

void audit_keys_follow(struct audit_verify *v, struct ch_str current, uint64_t size)
{
    struct ch_note_key key;
    bool known = false; /* whether v->key is one that entries name: from there on */
    for (size_t i = 0; i < v->keys.count; i++) {
        const struct audit_key *next = &v->keys.list[i];
        if (next->waits || next->index >= size || next->vkey[0] == '\0' ||
            ch_note_key_get(ch_str_of(next->vkey), &key, NULL) != CH_OK) {
            continue;
        }
        bool same = ch_note_key_id(&key) == ch_note_key_id(&v->key) &&
                    memcmp(key.public_key, v->key.public_key, sizeof(key.public_key)) == 0;
        if (known && !same) {
            if (!is_handed_over(v, next, current)) {
                audit_problem(v,
                              "entry %llu (key): the log's former key has not signed that this one "
                              "follows it",
                              (unsigned long long)next->index);
            }
            v->key = key;
        }
        known = known || same;
    }
}
