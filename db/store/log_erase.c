/* T26: what commitments of the audit log stand for is erased, and how what is left can still be
 * compared. */
#include "db/store/log_sources.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ what stays of it */

/* What the row that an entry is about says in this field, appended; false: nothing, or there is no
 * such row. */
static enum ch_code row_says(struct ch_store *s, const struct ch_log_source *source, uint64_t id,
                             struct ch_str field, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_log_walk w = {.open = false};
    struct ch_logged *l = ch_calloc(1, sizeof(*l));
    enum ch_code rc = ch_log_walk_to(s, source, &w, id, err);
    rc = rc == CH_OK ? ch_log_walk_read(s, source, &w, l, err) : rc;
    for (size_t i = 0; rc == CH_OK && i < l->field_count; i++) {
        const struct ch_logged_field *f = &l->fields[i];
        if (f->type == CH_LOGGED_TEXT && ch_str_eq(ch_str_of(f->name), field)) {
            ch_buf_puts(ret, f->text);
            rc = ch_buf_ok(ret, err);
            break;
        }
    }
    ch_log_walk_end(&w);
    free(l);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* Who ended the key whose place another took then, and why. */
static enum ch_code key_says(struct ch_store *s, int64_t at_us, struct ch_str field,
                             struct ch_buf *ret, struct ch_err *err)
{
    struct ch_cursor c;
    int column = ch_str_eq(field, CH_STR("by")) ? 0 : 1;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_KEY_ENDED_AT, CH_ARGS(ch_arg_int(at_us)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_puts(ret, ch_col_str(&c, column));
        rc = ch_buf_ok(ret, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* The standing row of CH_SQL_ERASABLE_...: which text, of which entry, about which row. */
static enum ch_code keep_one(struct ch_store *s, const struct ch_cursor *c, uint64_t act,
                             ch_store_commit_fn *commit, struct ch_err *err)
{
    const struct ch_log_source *source = ch_log_source_of(ch_col_str(c, 2));
    struct ch_str field = ch_col_str(c, 1);
    uint8_t salt[CH_LOG_SALT_BYTES];
    struct ch_sha256 hmac = {{0}};
    struct ch_str salt_bytes = {NULL, 0};
    struct ch_buf text;
    ch_buf_init(&text, 1u << 20);
    enum ch_code rc = CH_OK;
    if (source != NULL) {
        rc = row_says(s, source, ch_col_u64(c, 3), field, &text, err);
    } else if (ch_str_eq(ch_col_str(c, 2), CH_STR("key"))) {
        rc = key_says(s, ch_col_int(c, 4), field, &text, err);
    }
    if (rc == CH_OK && text.len > 0) {
        commit(ch_buf_str(&text), salt, &hmac);
        salt_bytes = (struct ch_str){(const char *)salt, sizeof(salt)};
    }
    rc = rc == CH_OK
             ? ch_sql_run(s, CH_SQL_ADD_ERASED,
                          CH_ARGS(ch_arg_u64(ch_col_u64(c, 0)), ch_arg_text(field), ch_arg_u64(act),
                                  ch_arg_blob_opt(salt_bytes), ch_arg_sha_opt(&hmac)),
                          NULL, err)
             : rc;
    ch_buf_done(&text);
    return rc;
}

static enum ch_code keep_all(struct ch_store *s, uint64_t entry, struct ch_str who, uint64_t act,
                             ch_store_commit_fn *commit, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        entry != CH_LOG_NO_ENTRY
            ? ch_cursor_open(s, CH_SQL_ERASABLE_ENTRY, CH_ARGS(ch_arg_u64(entry)), &c, err)
            : ch_cursor_open(s, CH_SQL_ERASABLE_WHO, CH_ARGS(ch_arg_text(who)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        rc = keep_one(s, &c, act, commit, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* ------------------------------------------------------------------ erasing */

/* Deletes so that the bytes are overwritten, which costs writes elsewhere. This pragma acts when it
 * is compiled: a statement that is kept would do nothing. */
enum ch_code ch_sql_run_overwriting(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                                    size_t count, uint64_t *ret_changed, struct ch_err *err)
{
    if (sqlite3_exec(s->db, "PRAGMA secure_delete = ON", NULL, NULL, NULL) != SQLITE_OK) {
        return ch_sql_fail(s, "overwrite what is deleted", err);
    }
    enum ch_code rc = ch_sql_run(s, id, args, count, ret_changed, err);
    if (sqlite3_exec(s->db, "PRAGMA secure_delete = OFF", NULL, NULL, NULL) != SQLITE_OK &&
        rc == CH_OK) {
        rc = ch_sql_fail(s, "overwrite no more", err);
    }
    return rc;
}

enum ch_code ch_store_erase_clear(struct ch_store *s, uint64_t entry, struct ch_str who,
                                  uint64_t act, ch_store_commit_fn *commit, uint64_t *ret_texts,
                                  struct ch_err *err)
{
    enum ch_code rc = keep_all(s, entry, who, act, commit, err);
    if (rc != CH_OK) {
        return rc;
    }
    return entry != CH_LOG_NO_ENTRY
               ? ch_sql_run_overwriting(s, CH_SQL_ERASE_ENTRY, CH_ARGS(ch_arg_u64(entry)),
                                        ret_texts, err)
               : ch_sql_run_overwriting(s, CH_SQL_ERASE_WHO, CH_ARGS(ch_arg_text(who)), ret_texts,
                                        err);
}

/* What the write-ahead log still has of former pages goes. */
enum ch_code ch_store_scrub(struct ch_store *s, struct ch_err *err)
{
    int64_t busy = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_SCRUB, NULL, 0, &busy, err);
    ch_store_reserve(s); /* what went with its length */
    return rc == CH_OK && busy != 0
               ? ch_fail(err, CH_E_BUSY, "somebody reads the database: its journal is not empty")
               : rc;
}

enum ch_code ch_store_erased_digest(struct ch_store *s, uint64_t act, struct ch_sha256 *ret,
                                    uint64_t *ret_texts, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_hash *hash = ch_hash_new();
    uint64_t texts = 0;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_ERASED_BY, CH_ARGS(ch_arg_u64(act)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_str field = ch_col_str(&c, 1), hmac = ch_col_str(&c, 2);
        struct ch_buf line;
        ch_buf_init(&line, field.len + 2 * CH_SHA256_HEX);
        ch_buf_printf(&line, "%llu %.*s ", (unsigned long long)ch_col_u64(&c, 0),
                      CH_STR_ARG(field));
        if (hmac.ptr != NULL) {
            ch_buf_put_hex(&line, hmac.ptr, hmac.len);
        } else {
            ch_buf_putc(&line, '-');
        }
        ch_buf_putc(&line, '\n');
        rc = ch_buf_ok(&line, err);
        ch_hash_add(hash, line.len > 0 ? line.ptr : "", line.len);
        ch_buf_done(&line);
        texts++;
    }
    ch_cursor_close(&c);
    *ret = ch_hash_end(hash);
    *ret_texts = texts;
    ch_hash_free(hash);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
