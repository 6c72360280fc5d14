/* Entries by what they are about, as lines of JSON. */
#include "auditor.h"

#include <stdlib.h>

struct search {
    const struct audit_query *q;
    struct audit_reader *reader;
    FILE *out;
};

static bool has(struct ch_str text, struct ch_str part)
{
    return part.ptr == NULL || ch_str_find(text, part, NULL);
}

/* Part of a name, or the beginning of a digest, of which an entry may have several. */
static bool is_about(const struct ch_logged *l, struct ch_str entry, struct ch_str what)
{
    static const struct ch_str prefix = {"sha256:", 7};
    char begin[3 + CH_SHA256_HEX];
    if (what.ptr == NULL || has(l->row.project, what) || has(l->row.file_name, what)) {
        return true;
    }
    if (ch_str_starts(what, prefix)) {
        what = ch_str_sub(what, prefix.len, what.len);
    }
    bool hex = what.len > 0 && what.len <= CH_SHA256_HEX;
    for (size_t i = 0; hex && i < what.len; i++) {
        char c = what.ptr[i];
        hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    if (!hex) {
        return false;
    }
    snprintf(begin, sizeof(begin), ":\"%.*s", CH_STR_ARG(what));
    return has(entry, ch_str_of(begin));
}

/* Names and digests stand in the entry as they are; persons and addresses beside it. */
bool audit_is_wanted(const struct audit_query *q, const struct ch_logged *l, struct ch_str entry)
{
    bool who = q->who.ptr == NULL;
    for (size_t i = 0; i < l->clear_count; i++) {
        who = who || has(l->clear[i].text, q->who);
    }
    return who && (q->kind.ptr == NULL || ch_str_eq(q->kind, l->row.kind)) &&
           l->row.at_us >= q->from_us && l->row.at_us <= q->to_us && is_about(l, entry, q->what);
}

static void put_clear(struct ch_buf *out, const struct ch_logged *l)
{
    ch_buf_puts(out, CH_STR(",\"clear\":{"));
    for (size_t i = 0; i < l->clear_count; i++) {
        ch_buf_puts(out, i > 0 ? CH_STR(",") : CH_STR(""));
        ch_buf_put_json(out, l->clear[i].field);
        ch_buf_putc(out, ':');
        ch_buf_put_json(out, l->clear[i].text);
    }
    ch_buf_putc(out, '}');
}

void audit_put_found(struct ch_buf *out, const struct audit_query *q, const struct ch_logged *l,
                     struct ch_str entry)
{
    ch_buf_printf(out, "{\"index\":%llu,\"entry\":", (unsigned long long)l->row.index);
    ch_buf_puts(out, entry);
    if (q->clear) {
        put_clear(out, l);
    }
    ch_buf_putc(out, '}');
}

static enum ch_code on_logged(void *ctx, const struct ch_logged *l, struct ch_err *err)
{
    struct search *s = ctx;
    struct ch_str entry;
    struct ch_buf line;
    if (l->row.index >= s->reader->size) {
        return CH_OK; /* not in the log yet */
    }
    enum ch_code rc = audit_reader_get(s->reader, l->row.index, &entry, err);
    if (rc != CH_OK || !audit_is_wanted(s->q, l, entry)) {
        return rc;
    }
    ch_buf_init(&line, 1u << 20);
    audit_put_found(&line, s->q, l, entry);
    ch_buf_putc(&line, '\n');
    rc = ch_buf_ok(&line, err);
    if (rc == CH_OK && fwrite(line.ptr, 1, line.len, s->out) != line.len) {
        rc = ch_fail(err, CH_E_IO, "writing what was found");
    }
    ch_buf_done(&line);
    return rc;
}

/* The log alone: nothing of the database is needed for it. */
static enum ch_code write_all(struct audit_reader *r, FILE *out, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (uint64_t i = 0; rc == CH_OK && i < r->size; i++) {
        struct ch_str entry;
        rc = audit_reader_get(r, i, &entry, err);
        if (rc == CH_OK &&
            (fwrite(entry.ptr, 1, entry.len, out) != entry.len || putc('\n', out) == EOF)) {
            rc = ch_fail(err, CH_E_IO, "writing entries");
        }
    }
    return rc;
}

enum ch_code audit_search(const char *state, const struct audit_query *q, FILE *out,
                          struct ch_err *err)
{
    struct audit_reader reader;
    struct search s = {.q = q, .reader = &reader, .out = out};
    struct ch_store *store = NULL;
    char folder[4096];
    enum ch_code rc = audit_reader_open(state, &reader, err);
    if (rc == CH_OK && q->bare) {
        rc = write_all(&reader, out, err);
    } else if (rc == CH_OK) {
        snprintf(folder, sizeof(folder), "%s/db", state);
        rc = ch_store_open_read(folder, &store, err);
        rc = rc == CH_OK ? ch_store_logged(store, 0, UINT64_MAX, on_logged, &s, NULL, err) : rc;
    }
    if (rc == CH_OK && fflush(out) != 0) {
        rc = ch_fail(err, CH_E_IO, "writing what was found");
    }
    ch_store_close(store);
    audit_reader_close(&reader);
    return rc;
}
