/* TOML 1.0 (toml.io/en/v1.0.0), strictly: pyproject.toml in the jail, lock files at the command line.
 * The whole text is read into a tree; errors name line and column and what was expected. */
#ifndef CH_BASE_TOML_H
#define CH_BASE_TOML_H

#include "customhouse/bytes.h"

enum ch_toml_kind {
    CH_TOML_STRING = 1,
    CH_TOML_INTEGER,
    CH_TOML_FLOAT,
    CH_TOML_BOOLEAN,
    CH_TOML_DATE, /* any of the date and time types; `text` as it stands */
    CH_TOML_ARRAY,
    CH_TOML_TABLE,
};

struct ch_toml_node {
    enum ch_toml_kind kind;
    struct ch_str key;  /* in a table; unescaped UTF-8 */
    struct ch_str text; /* STRING: unescaped; FLOAT, DATE: as it stands */
    int64_t integer;
    bool boolean;
    uint32_t line, column; /* from 1 */
    size_t count;          /* children */
    struct ch_toml_node *child; /* first of them, in order of the text */
    struct ch_toml_node *next;
};

struct ch_toml;
/* CH_E_FORMAT: "NAME:LINE:COLUMN: ..."; CH_E_LIMIT: toml_bytes, toml_nodes, toml_depth. The tree
 * belongs to *ret and borrows nothing. */
enum ch_code ch_toml_parse(struct ch_str text, const char *name, struct ch_toml **ret,
                           struct ch_err *err) CH_MUST_CHECK;
void ch_toml_free(struct ch_toml *toml); /* accepts NULL */
const struct ch_toml_node *ch_toml_root(const struct ch_toml *toml); /* a table */
/* NULL when there is no such key, or `table` is NULL or no table: calls can be chained. */
const struct ch_toml_node *ch_toml_find(const struct ch_toml_node *table, const char *key);

#endif
