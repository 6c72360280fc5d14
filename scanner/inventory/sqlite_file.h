/* Rows of a table in an SQLite database, without SQLite: the file comes from outside, and SQLite
 * does not promise to be safe with files that were made to harm it.
 *
 * Spec: SQLite "Database File Format" 1.3 (header), 1.6 (b-tree pages), 1.7 (schema), 2 (records).
 * Strict: each page is used once; what lies outside of its page or the file, what is no table, what
 * is not UTF-8 text is an error. What is in a write-ahead log beside the file is not seen. */
#ifndef CH_SCANNER_SQLITE_FILE_H
#define CH_SCANNER_SQLITE_FILE_H

#include "customhouse/bytes.h"

/* A row's record, whole; borrowed for the call. Any failure ends the walk. */
typedef enum ch_code ch_sqlite_row_fn(void *arg, int64_t rowid, struct ch_str record,
                                      struct ch_err *err);
/* Calls `fn` with each row of the table, in the order of their ids. A row has at most
 * limits.h's sqlite_row_bytes. CH_E_NOT_FOUND: there is no such table. */
enum ch_code ch_sqlite_rows(struct ch_str file, struct ch_str table, ch_sqlite_row_fn *fn,
                            void *arg, struct ch_err *err) CH_MUST_CHECK;

enum ch_sqlite_type {
    CH_SQLITE_NULL,
    CH_SQLITE_INTEGER,
    CH_SQLITE_REAL,
    CH_SQLITE_BLOB,
    CH_SQLITE_TEXT
};
struct ch_sqlite_value {
    enum ch_sqlite_type type;
    int64_t integer;
    struct ch_str bytes; /* of BLOB and TEXT: borrowed from the record */
};
/* The value of a column, counted from 0. CH_E_FORMAT: the record is damaged, or has fewer. */
enum ch_code ch_sqlite_column(struct ch_str record, size_t column, struct ch_sqlite_value *ret,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
