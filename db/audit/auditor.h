/* Reading the audit log of a state folder: checking it, searching it, writing it out. Nothing is
 * changed, and nothing of a running keeper is needed or trusted. */
#ifndef AUDITOR_H
#define AUDITOR_H

#include <stdio.h>

#include "customhouse/store.h"
#include "db/log/entry.h"
#include "db/log/files.h"

/* ------------------------------------------------------------------ reader.c */

/* Entries by their place, cheap in order: one bundle is kept. */
struct audit_reader {
    struct ch_log_files files;
    struct ch_buf bundle;
    uint64_t number; /* of the bundle that is kept; UINT64_MAX: none */
    uint64_t size;   /* of the log, by its checkpoint */
    struct ch_str entry[CH_TILE_HASHES];
};
/* `state` is the installation's folder. CH_E_NOT_FOUND: there is no log. Close also after a
 * failure. */
enum ch_code audit_reader_open(const char *state, struct audit_reader *ret,
                               struct ch_err *err) CH_MUST_CHECK;
void audit_reader_close(struct audit_reader *r);
/* Borrowed until the next call. CH_E_FORMAT: its bundle cannot be read. */
enum ch_code audit_reader_get(struct audit_reader *r, uint64_t index, struct ch_str *ret,
                              struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ verify.c, compare.c */

struct audit_verify {
    struct audit_reader *reader;
    struct ch_store *store;
    FILE *out;              /* a line for each thing that is not as it was logged */
    struct ch_note_key key; /* the checkpoint's */
    struct ch_hash *hash;
    struct ch_sha256 *leaves; /* of the entries as they are on disk, one for each below size */
    struct ch_buf upper[CH_TILE_LEVELS]; /* hashes of the levels above, as they should be */
    struct ch_tree tree;
    uint64_t size;
    int64_t began_us;  /* when the log began */
    uint64_t next_row; /* the database's next entry should be this */
    uint64_t waiting;  /* in the database, not in the log yet */
    uint64_t written;  /* of the database's, so many were in the log */
    uint64_t compared; /* rows of the database that entries are about */
    uint64_t erased;   /* commitments whose text was erased */
    uint64_t problems;
};
/* Recomputes the whole tree and compares hashes, checkpoint, and database in both directions.
 * `vkey`: whose signature the checkpoint must have; absent: of the key that the log's first entry
 * names. Says what is wrong on `out`, then one line what was checked. *ret_good: nothing is wrong.
 * An error: it could not be checked. */
enum ch_code audit_verify(const char *state, struct ch_str vkey, FILE *out, bool *ret_good,
                          struct ch_err *err) CH_MUST_CHECK;

/* --- between the two --- */
void audit_problem(struct audit_verify *v, const char *fmt, ...) CH_PRINTF(2, 3);
enum ch_code audit_compare(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ search.c */

struct audit_query {
    struct ch_str kind; /* absent: all */
    struct ch_str
        what; /* part of a project's or file's name, or the beginning of a SHA-256; absent: all */
    struct ch_str
        who; /* part of a person's name or an address, where it was not erased; absent: all */
    int64_t from_us, to_us;
    bool clear; /* with the texts that commitments stand for */
    bool bare;  /* only the entries, as they are */
};
/* A line of JSON for each entry: with `bare` its very bytes; else
 * {"index":N,"entry":{...},"clear":{...}}. */
enum ch_code audit_search(const char *state, const struct audit_query *q, FILE *out,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
