/* Which rows the entries of the audit log are about: of each kind the table, and which columns the
 * entry says. */
#ifndef CUSTOMHOUSE_STORE_LOG_SOURCES_H
#define CUSTOMHOUSE_STORE_LOG_SOURCES_H

#include "db/store/store_int.h"

struct ch_log_source {
    const char *kind;
    const char *table;
    enum ch_sql sql; /* its rows from an id on: the id, then the fields in their order */
    const struct ch_logged_field *fields;
    size_t field_count;
    bool findings; /* one digest more, of a table of their own */
    bool trimmed;  /* only the newest rows are kept */
    bool replaced; /* a row is what the newest entry about it says */
};
extern const struct ch_log_source ch_log_sources[];
extern const size_t ch_log_source_count;
/* NULL: entries of this kind are about no row. */
const struct ch_log_source *ch_log_source_of(struct ch_str kind);

/* Tables in which a row without an entry has no business. */
struct ch_log_unlogged {
    const char *table;
    enum ch_sql list;
    bool counted; /* then `count` says how many rows there are of the kind's source */
    const char *kind;
    enum ch_sql count;
    uint64_t since; /* ch_store_logged_since */
};
extern const struct ch_log_unlogged ch_log_unlogged[];
extern const size_t ch_log_unlogged_count;

/* A walk over one source's rows: entries come in the order of what they are about, nearly always.
 */
struct ch_log_walk {
    struct ch_cursor cursor;
    bool open;
    enum ch_code rc;  /* CH_OK: the row `id` stands */
    uint64_t id;      /* of the standing row */
    uint64_t skipped; /* no row is from here on and below the standing one (or at all) */
};
/* To the row of this id. CH_E_NOT_FOUND: there is none. */
enum ch_code ch_log_walk_to(struct ch_store *s, const struct ch_log_source *source,
                            struct ch_log_walk *w, uint64_t id, struct ch_err *err) CH_MUST_CHECK;
void ch_log_walk_end(struct ch_log_walk *w);
/* The standing row's fields. */
enum ch_code ch_log_walk_read(struct ch_store *s, const struct ch_log_source *source,
                              const struct ch_log_walk *w, struct ch_logged *ret,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
