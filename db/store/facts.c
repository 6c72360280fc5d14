/* Facts that come in great numbers: their rows are numbered, and one entry of the audit log has the
 * digest of all that a group has added. */
#include "db/store/store_int.h"

static const struct {
    const char *table;
    uint64_t since;   /* ch_facts_since */
    enum ch_sql rows; /* $1: from this id on; all that a row has, the id first */
} facts[CH_FACTS] = {
    [CH_FACTS_CONFIRMED] = {"bytes_confirmed", 2, CH_SQL_FACTS_CONFIRMED},
    [CH_FACTS_FAULTS] = {"fetch_fault", 7, CH_SQL_FACTS_FAULTS},
    [CH_FACTS_SIZES] = {"file_size", 2, CH_SQL_FACTS_SIZES},
    [CH_FACTS_INSPECTIONS] = {"inspection", 2, CH_SQL_FACTS_INSPECTIONS},
    [CH_FACTS_RELEASES] = {"release_file", 2, CH_SQL_FACTS_RELEASES},
    [CH_FACTS_SIDECARS] = {"sidecar", 3, CH_SQL_FACTS_SIDECARS},
    [CH_FACTS_SIGHTINGS] = {"sighting", 2, CH_SQL_FACTS_SIGHTINGS},
};

const char *ch_facts_table(enum ch_fact_table of)
{
    return facts[of].table;
}

uint64_t ch_facts_since(enum ch_fact_table of)
{
    return facts[of].since;
}

void ch_facts_added(struct ch_store *s, enum ch_fact_table of)
{
    if (s->first_fact[of] == 0) {
        s->first_fact[of] = sqlite3_last_insert_rowid(s->db);
    }
}

void ch_facts_forget(struct ch_store *s)
{
    for (size_t i = 0; i < CH_FACTS; i++) {
        s->first_fact[i] = 0;
    }
}

uint64_t ch_store_facts_added(const struct ch_store *s, enum ch_fact_table of)
{
    return (uint64_t)s->first_fact[of];
}

/* A column's type goes with it, and a text's length: no other row comes to the same bytes. */
static void put_row(struct ch_buf *b, const struct ch_cursor *c)
{
    int count = sqlite3_column_count(c->stmt);
    for (int i = 0; i < count; i++) {
        int type = sqlite3_column_type(c->stmt, i);
        ch_put_u8(b, (uint8_t)type);
        if (type == SQLITE_INTEGER) {
            ch_put_i64(b, ch_col_int(c, i));
        } else if (type != SQLITE_NULL) {
            ch_put_str(b, ch_col_str(c, i));
        }
    }
}

enum ch_code ch_store_facts(struct ch_store *s, enum ch_fact_table of, int64_t from,
                            ch_store_fact_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_buf row;
    struct ch_hash *hash = ch_hash_new(); /* one for all: a page may have thirty thousand rows */
    ch_buf_init(&row, 64u << 20);
    enum ch_code rc = ch_cursor_open(s, facts[of].rows, CH_ARGS(ch_arg_int(from)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_clear(&row);
        put_row(&row, &c);
        rc = ch_buf_ok(&row, err);
        if (rc == CH_OK) {
            ch_hash_reset(hash);
            ch_hash_add(hash, row.ptr, row.len);
            struct ch_sha256 digest = ch_hash_end(hash);
            each(ctx, ch_col_int(&c, 0), &digest);
        }
    }
    ch_cursor_close(&c);
    ch_buf_done(&row);
    ch_hash_free(hash);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
