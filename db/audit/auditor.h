/* Reading the audit log of a state folder: checking it, searching it, writing it out. Nothing is
 * changed, and nothing of a running keeper is needed or trusted. */
#ifndef AUDITOR_H
#define AUDITOR_H

#include <stdio.h>

#include "customhouse/store.h"
#include "db/log/entry.h"
#include "db/log/files.h"
#include "db/log/in_force.h"

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
/* What there is of it, as ch_log_files_open_rest does. */
enum ch_code audit_reader_open_rest(const char *state, struct audit_reader *ret,
                                    struct ch_buf *ret_missing, struct ch_err *err) CH_MUST_CHECK;
void audit_reader_close(struct audit_reader *r);
/* Borrowed until the next call. CH_E_FORMAT: its bundle cannot be read. */
enum ch_code audit_reader_get(struct audit_reader *r, uint64_t index, struct ch_str *ret,
                              struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ keys.c */

/* What entries say of keys; rows of the store name a key by its id, which is no number. */
struct audit_key {
    uint64_t index; /* of the entry */
    int64_t at_us;
    struct ch_sha256 id, former, pem;
    char purpose[64], type[32];
    char vkey[2 * CH_NOTE_NAME_MAX]; /* of the log's */
    struct audit_key_text {
        char *text;  /* NULL: none, or erased */
        bool erased; /* and whether it is the row's then, `kept` says */
        struct ch_log_erased kept;
    } by, reason;
    bool waits; /* the log has not got it yet: only its time is known */
    bool seen;  /* the store has it */
};
/* The checkpoint by which a key of the log handed over to the next. */
struct audit_handover {
    struct ch_sha256 former; /* its id */
    struct ch_buf note;
    uint64_t size;         /* stated */
    struct ch_sha256 root; /* of the entries as they are on disk, of that size */
    bool has_root;
};
struct audit_keys {
    struct audit_key *list;
    size_t count, cap;
    struct audit_handover *handovers;
    size_t handover_count;
};

/* ------------------------------------------------------------------ verify.c, parts.c, compare.c
 */

/* Rows of a table that were there before entries were about them, as an entry says. */
struct audit_before {
    char table[CH_ENTRY_KEY_MAX]; /* "": only that there is such an entry */
    uint64_t rows, found;
    uint64_t entry, list; /* and of which list of tables it is */
};
#define AUDIT_BEFORE_MAX  (4 * CH_ENTRY_FIELDS)

/* Rows that an entry of kind "facts" is about. */
struct audit_fact_range {
    uint64_t entry;
    enum ch_fact_table of;
    int64_t from, to;      /* ids, both of them among it */
    struct ch_sha256 list; /* of the rows' digests */
    bool unread;           /* only that there is such an entry is known, but what it says: */
    bool read;             /* that stands behind */
};
struct audit_facts {
    struct audit_fact_range *list;
    size_t count, cap;
};
#define AUDIT_NAMES_BYTES (8u << 10)

/* Whose cosignatures count. */
struct audit_witness {
    struct ch_note_key key;
    bool required; /* one that is missing is a problem */
};
#define AUDIT_WITNESSES_MAX 64
struct audit_whom {
    struct ch_str vkey; /* the log's; absent: of the key that its first entry names */
    struct audit_witness witnesses[AUDIT_WITNESSES_MAX];
    size_t witness_count;
};

/* The whole, or a part of the entries: each part has a reader, a store, a hash and an output of its
 * own, and what it has found is added to the whole's in the order of the parts. */
struct audit_verify {
    struct audit_reader *reader;
    struct ch_store *store;
    FILE *out;              /* a line for each thing that is not as it was logged */
    struct ch_note_key key; /* the first, then the newest checkpoint's; without name: not known */
    struct ch_hash *hash;
    /* Of the entries as they are on disk: one for each below size, and the root over each full tile
     * of them. */
    struct ch_sha256 *leaves, *tiles;
    uint64_t hashed; /* the first tile of this part of which there are none yet */
    struct ch_sha256 published[CH_TILE_HASHES]; /* hashes of level 0 as on disk, of one tile */
    uint64_t published_tile;                    /* its number; UINT64_MAX: of none */
    struct ch_buf upper[CH_TILE_LEVELS];        /* hashes of the levels above, as they should be */
    struct ch_tree tree;
    uint64_t size;
    uint64_t from, to;     /* the entries of this part; `to` UINT64_MAX: and all that wait */
    int64_t began_us;      /* when the log began */
    uint64_t next_row;     /* the database's next entry should be this */
    struct ch_buf waiting; /* hashes of the database's entries that are not in the log yet */
    uint64_t waiting_bytes; /* of them, as in bundles */
    struct audit_lengths {  /* of the log's files, before the database was opened */
        uint64_t data, bundles, hashes[CH_TILE_LEVELS];
    } lengths;
    uint64_t written;      /* of the database's, so many were in the log when it was opened */
    uint64_t compared;     /* rows of the database that entries are about */
    uint64_t dropped;      /* entries about rows that are not kept that long */
    struct ch_logged_seen seen[CH_LOGGED_SOURCES];
    struct audit_before before[AUDIT_BEFORE_MAX];
    size_t before_count;
    int64_t newest_us; /* time of any of the entries */
    uint64_t bound; /* the newest list of tables of which each row has an entry, or is counted */
    struct audit_facts facts;
    struct audit_erased {
        uint64_t texts;      /* commitments without their text */
        uint64_t listed;     /* texts that entries say were erased, each by its name */
        uint64_t rows;       /* rows of log_erased that those entries should have listed */
        uint64_t by_number;  /* texts that older entries say were erased, by their number alone */
        uint64_t unlisted;   /* commitments without text that no list has */
        struct ch_buf names; /* of the first of them, a line each */
    } erased;
    struct audit_keys keys;
    struct audit_listings { /* approvals, for the entries that say which were in force */
        struct ch_approval_logged *list;
        size_t count, cap;
        bool read;
        struct ch_in_force last; /* most have the same ones as the listing before */
    } listings;
    struct audit_witnessed { /* the checkpoint that is published with cosignatures */
        const struct audit_witness *whom;
        size_t whom_count;
        struct ch_buf note;
        struct ch_checkpoint checkpoint; /* borrows from it */
        uint64_t size;
        struct ch_sha256 root; /* of the entries as they are on disk, of that size */
        bool there, has_root;
        size_t cosigned;
        uint64_t time_s; /* of the oldest cosignature */
        struct audit_contradiction { /* what entries say of a witness last */
            char name[256];
            uint64_t entry;
            bool stands;
        } said[AUDIT_WITNESSES_MAX];
        size_t said_count;
    } witnessed;
    uint64_t problems;
};
/* Recomputes the whole tree and compares hashes, checkpoint, and database in both directions.
 * The checkpoint must have the signature of whom->vkey, or of a key that it has handed the log over to.
 * Says what is wrong on `out`, then one line
 * what was checked. *ret_good: nothing is wrong. An error: it could not be checked. */
enum ch_code audit_verify(const char *state, const struct audit_whom *whom, FILE *out,
                          bool *ret_good, struct ch_err *err) CH_MUST_CHECK;

/* --- between them --- */
void audit_problem(struct audit_verify *v, const char *fmt, ...) CH_PRINTF(2, 3);
/* parts.c: the leaves of all entries, and each beside its row, by as many threads as there are
 * processors. */
#define AUDIT_PART_ENTRIES 16384    /* fewer are not worth a thread */
extern uint64_t audit_part_entries; /* tests lower it */
enum ch_code audit_parts_run(struct audit_verify *v, const char *state,
                             struct ch_err *err) CH_MUST_CHECK;
/* files.c: what is missing is named, and read as empty; then what there is too much of. */
enum ch_code audit_files_open(struct audit_verify *v, const char *state,
                              struct ch_err *err) CH_MUST_CHECK;
void audit_files_bound(struct audit_verify *v); /* of `size` */
void audit_files_check(struct audit_verify *v);
/* Where neither checkpoint nor hashes say how many entries there are: as many as the database has.
 * CH_E_FORMAT: none, or nothing was written yet. */
enum ch_code audit_files_size_of_store(struct audit_verify *v, const char *state,
                                       struct ch_err *err) CH_MUST_CHECK;
/* journal.c: once the tree is known; and what is in the log's folders that is none of it. */
void audit_journal_check(struct audit_verify *v);
void audit_strangers_check(struct audit_verify *v);
/* private_keys.c: that keys which sign have their files, as they were made. */
enum ch_code audit_private_keys_check(struct audit_verify *v, const char *state,
                                      struct ch_err *err) CH_MUST_CHECK;
/* verify.c: the leaves of this part up to the one below `end`, which is below `size` or it: entries
 * come in their order, so that each bundle is read once for all that is compared of it. */
void audit_hash_below(struct audit_verify *v, uint64_t end);
/* compare.c: of this part; whose names were, half of it by the first part and half by the last; then
 * of the whole, from the database to the log. */
enum ch_code audit_compare_entries(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_compare_owners(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_compare_rows(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
/* erased.c: the text of a field, or what stands for it. NULL: it is not there. */
const struct ch_log_clear *audit_clear_of(const struct ch_logged *l, const char *field);
const struct ch_log_erased *audit_erased_of(const struct ch_logged *l, const char *field);
/* Whether this is the text that was erased; true where nobody can tell. */
bool audit_is_erased_text(struct audit_verify *v, const struct ch_log_erased *e,
                          struct ch_str text);
/* The entry's commitments have their texts, or were erased by an act that an entry is. */
void audit_check_commitments(struct audit_verify *v, const struct ch_logged *l,
                             const struct ch_log_entry_fields *f);
/* An entry of kind "erased", also one that waits, and what came of them all. */
enum ch_code audit_erased_take(struct audit_verify *v, uint64_t act,
                               const struct ch_log_entry_fields *f,
                               struct ch_err *err) CH_MUST_CHECK;
void audit_erased_check(struct audit_verify *v);
/* evidence.c: an attestation's evidence is that of an inspection which is there; and each of these
 * is what was recorded of it. */
enum ch_code audit_check_evidence(struct audit_verify *v, const struct ch_logged *l,
                                  const struct ch_log_entry_fields *f,
                                  struct ch_err *err) CH_MUST_CHECK;
enum ch_code audit_check_inspections(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
/* listings.c: an entry of kind "listing" says which approvals were in force. */
enum ch_code audit_check_listing(struct audit_verify *v, const struct ch_logged *l,
                                 const struct ch_log_entry_fields *f,
                                 struct ch_err *err) CH_MUST_CHECK;
void audit_listings_done(struct audit_listings *l);
/* sealed.c: what waits is under a seal of the log's key; *first is the key that it must be, or the
 * log's first. How many were under a checkpoint is known from then on, too. */
enum ch_code audit_sealed_check(struct audit_verify *v, const struct ch_note_key *first,
                                struct ch_err *err) CH_MUST_CHECK;
/* rows.c: rows that are all that an entry says; a line where the log is not yet about them. */
enum ch_code audit_check_rows(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
/* facts.c: an entry of kind "facts", with what it says or without; then all of them against the store. */
void audit_facts_take(struct audit_verify *v, uint64_t entry, const struct ch_log_entry_fields *f);
void audit_facts_unread(struct audit_verify *v, uint64_t entry);
enum ch_code audit_facts_check(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
/* Those of a part go behind these. */
void audit_facts_add(struct audit_facts *facts, struct audit_facts *more);
void audit_facts_done(struct audit_facts *facts);
/* keys.c: an entry of kind "key" (`f` NULL: it waits to be written); then all of them against the
 * store's keys, in both directions. */
void audit_keys_take(struct audit_verify *v, const struct ch_logged *l,
                     const struct ch_log_entry_fields *f);
enum ch_code audit_keys_compare(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
/* Those of a part go behind these. */
void audit_keys_add(struct audit_keys *keys, struct audit_keys *more);
/* Before the tree is computed, and at each size that it comes to. */
enum ch_code audit_handovers_read(struct audit_verify *v, struct ch_err *err) CH_MUST_CHECK;
void audit_handovers_root(struct audit_verify *v);
/* Whose signature a checkpoint of this size must have: of `first`, or of whom that has handed the
 * log over to; each step must be under a checkpoint of the one before, or `current`, the newest. */
void audit_keys_follow(struct audit_verify *v, struct ch_str current, uint64_t size);
/* The key that the first entry of a key of the log names, where v->key is not known. */
void audit_keys_guess(struct audit_verify *v);
void audit_keys_done(struct audit_keys *keys);
/* witnessed.c: before the log is read, at each size that its tree comes to, and when all keys are
 * known; `first` is the log's key that it must have had. */
void audit_witnessed_read(struct audit_verify *v, const char *state);
/* An entry of kind "witness"; and those of a part, which come behind these. */
void audit_witnessed_take(struct audit_verify *v, uint64_t index,
                          const struct ch_log_entry_fields *f);
void audit_witnessed_add(struct audit_verify *v, const struct audit_verify *more);
void audit_witnessed_root(struct audit_verify *v);
void audit_witnessed_check(struct audit_verify *v, const struct ch_note_key *first);
void audit_witnessed_say(const struct audit_verify *v);

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
/* Of an entry only the row and the clear texts are asked for. */
bool audit_is_wanted(const struct audit_query *q, const struct ch_logged *l, struct ch_str entry);
/* {"index":N,"entry":{...},"clear":{...}} */
void audit_put_found(struct ch_buf *out, const struct audit_query *q, const struct ch_logged *l,
                     struct ch_str entry);
/* A line of JSON for each entry: with `bare` its very bytes; else
 * {"index":N,"entry":{...},"clear":{...}}. */
enum ch_code audit_search(const char *state, const struct audit_query *q, FILE *out,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
