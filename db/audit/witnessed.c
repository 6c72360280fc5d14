/* The checkpoint that witnesses have cosigned: of this log, of a tree that it had, by whom one
 * trusts. */
#include "auditor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/timefmt.h"
#include "db/log/cosign.h"

void audit_witnessed_read(struct audit_verify *v, const char *state)
{
    struct audit_witnessed *w = &v->witnessed;
    char folder[4096];
    struct ch_str text, lines;
    struct ch_err why;
    ch_buf_init(&w->note, CH_NOTE_MAX);
    snprintf(folder, sizeof(folder), "%s/" CH_LOG_FOLDER "/" CH_LOG_PUBLIC, state);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return; /* it is named with the log's other files */
    }
    enum ch_code rc = ch_log_read_cosigned(fd, &w->note, &why);
    close(fd);
    if (rc == CH_E_NOT_FOUND) {
        return;
    }
    rc = rc == CH_OK ? ch_note_split(ch_buf_str(&w->note), &text, &lines, &why) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &w->checkpoint, &why) : rc;
    if (rc != CH_OK) {
        audit_problem(v, "the cosigned checkpoint: %s", why.msg);
    } else {
        w->there = true;
        w->size = w->checkpoint.size;
    }
}

static void note_said(struct audit_witnessed *w, const struct audit_contradiction *said)
{
    size_t at = 0;
    while (at < w->said_count && strcmp(w->said[at].name, said->name) != 0) {
        at++;
    }
    if (at < CH_ARRAY_LEN(w->said)) { /* of more than there may be, those that came first */
        w->said[at] = *said;
        w->said_count += at == w->said_count;
    }
}

void audit_witnessed_take(struct audit_verify *v, uint64_t index,
                          const struct ch_log_entry_fields *f)
{
    struct audit_contradiction said = {.entry = index};
    struct ch_buf text;
    bool over = false;
    ch_buf_init(&text, sizeof(said.name) - 1);
    bool named = ch_log_entry_get_str(f, "name", &text);
    snprintf(said.name, sizeof(said.name), "%.*s", CH_STR_ARG(ch_buf_str(&text)));
    said.stands = ch_str_eq(ch_log_entry_get(f, "fault"), CH_STR("\"contradiction\"")) &&
                  !(ch_log_entry_get_bool(f, "over", &over) && over);
    if (named && !text.failed) {
        note_said(&v->witnessed, &said);
    }
    ch_buf_done(&text);
}

void audit_witnessed_add(struct audit_verify *v, const struct audit_verify *more)
{
    for (size_t i = 0; i < more->witnessed.said_count; i++) {
        note_said(&v->witnessed, &more->witnessed.said[i]);
    }
}

/* The log itself says that somebody was shown another one: whoever asks for witnesses is told. */
static void check_contradictions(struct audit_verify *v)
{
    const struct audit_witnessed *w = &v->witnessed;
    bool asked = false;
    for (size_t i = 0; i < w->whom_count; i++) {
        asked = asked || w->whom[i].required;
    }
    for (size_t i = 0; asked && i < w->said_count; i++) {
        if (w->said[i].stands) {
            audit_problem(v,
                          "witness %s has cosigned another log of this name, or more of it: entry "
                          "%llu says that it contradicts; the log has %llu entries, of which %llu "
                          "are cosigned",
                          w->said[i].name, (unsigned long long)w->said[i].entry,
                          (unsigned long long)v->size, (unsigned long long)w->size);
        }
    }
}

void audit_witnessed_root(struct audit_verify *v)
{
    struct audit_witnessed *w = &v->witnessed;
    if (w->there && w->size == v->tree.size) {
        w->root = ch_tree_root(&v->tree, v->hash);
        w->has_root = true;
    }
}

/* Of the keys that entries name, or the one that it must be. */
static bool is_signed(const struct audit_verify *v, const struct ch_note_key *first,
                      struct ch_str note)
{
    struct ch_note_key key;
    struct ch_checkpoint c;
    bool good = ch_checkpoint_open(note, first, &c, NULL) == CH_OK ||
                ch_checkpoint_open(note, &v->key, &c, NULL) == CH_OK;
    for (size_t i = 0; !good && i < v->keys.count; i++) {
        const char *vkey = v->keys.list[i].vkey;
        good = vkey[0] != '\0' && ch_note_key_get(ch_str_of(vkey), &key, NULL) == CH_OK &&
               ch_checkpoint_open(note, &key, &c, NULL) == CH_OK;
    }
    return good;
}

static void check_tree(struct audit_verify *v, const struct ch_note_key *first)
{
    struct audit_witnessed *w = &v->witnessed;
    if (!is_signed(v, first, ch_buf_str(&w->note))) {
        audit_problem(v, "the cosigned checkpoint is not signed by a key of this log");
    }
    if (w->size > v->size) {
        audit_problem(v, "the cosigned checkpoint is of %llu entries, but the log has %llu",
                      (unsigned long long)w->size, (unsigned long long)v->size);
    } else if (!w->has_root || !ch_sha256_eq(&w->root, &w->checkpoint.root)) {
        audit_problem(v,
                      "the cosigned checkpoint of size %llu is of another tree than that of the "
                      "entries",
                      (unsigned long long)w->size);
    }
}

static void check_witness(struct audit_verify *v, const struct audit_witness *witness)
{
    struct audit_witnessed *w = &v->witnessed;
    struct ch_str text, lines, line;
    struct ch_err why;
    uint64_t time_s;
    enum ch_code rc = ch_note_split(ch_buf_str(&w->note), &text, &lines, &why);
    rc = rc == CH_OK ? ch_cosignature_find(text, lines, &witness->key, &line, &time_s, &why) : rc;
    if (rc == CH_OK) {
        w->cosigned++;
        w->time_s = w->cosigned == 1 || time_s < w->time_s ? time_s : w->time_s;
    } else if (rc != CH_E_NOT_FOUND) {
        audit_problem(v, "the cosigned checkpoint: witness %s: %s", witness->key.name, why.msg);
    } else if (witness->required) {
        audit_problem(v, "the cosigned checkpoint: not by witness %s", witness->key.name);
    }
}

void audit_witnessed_check(struct audit_verify *v, const struct ch_note_key *first)
{
    struct audit_witnessed *w = &v->witnessed;
    if (w->there) {
        check_tree(v, first);
    }
    check_contradictions(v);
    for (size_t i = 0; i < w->whom_count; i++) {
        if (w->there) {
            check_witness(v, &w->whom[i]);
        } else if (w->whom[i].required) {
            audit_problem(v, "there is no checkpoint that witness %s has cosigned",
                          w->whom[i].key.name);
        }
    }
}

void audit_witnessed_say(const struct audit_verify *v)
{
    const struct audit_witnessed *w = &v->witnessed;
    if (w->whom_count == 0 && !w->there) {
        return;
    }
    fprintf(v->out, "; cosigned by %zu of %zu witnesses", w->cosigned, w->whom_count);
    if (w->cosigned > 0) {
        struct ch_buf time;
        ch_buf_init(&time, 64);
        ch_time_put(&time, (int64_t)w->time_s * 1000000, false);
        fprintf(v->out, " at %llu entries, %.*s", (unsigned long long)w->size,
                CH_STR_ARG(ch_buf_str(&time)));
        ch_buf_done(&time);
    }
}
