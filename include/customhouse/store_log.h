/* The store's side of the audit log (part of store.h): its entries until they are in its files,
 * ways to find them, and what they are about beside them, for whoever compares the two. */
#ifndef CUSTOMHOUSE_STORE_LOG_H
#define CUSTOMHOUSE_STORE_LOG_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

struct ch_store;

struct ch_log_row {
    uint64_t index;     /* place in the log */
    struct ch_str kind; /* "decision", ... */
    uint64_t source; /* id of the row that it is about, in the table that its kind has; 0: none */
    struct ch_str repository, project, file_name; /* absent: it is about none */
    struct ch_sha256 leaf;                        /* RFC 6962 */
    int64_t at_us;
};
#define CH_LOG_SALT_BYTES 16
struct ch_log_clear { /* what a commitment of an entry is about; can be erased (T26) */
    struct ch_str field;
    uint8_t salt[CH_LOG_SALT_BYTES];
    struct ch_str text;
};
enum ch_code ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                              const struct ch_log_clear *clear, size_t clear_count,
                              struct ch_err *err) CH_MUST_CHECK;
/* The place of the next entry, and the place below which all are known to be in the files. */
enum ch_code ch_store_log_ends(struct ch_store *s, uint64_t *ret_next, uint64_t *ret_written,
                               struct ch_err *err) CH_MUST_CHECK;
/* Entries from this place on that may not be in the files, in their order. */
typedef bool ch_store_log_pending_fn(void *ctx, uint64_t index,
                                     struct ch_str entry); /* false: no more */
enum ch_code ch_store_log_pending(struct ch_store *s, uint64_t from, ch_store_log_pending_fn *each,
                                  void *ctx, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_log_is_written(struct ch_store *s, uint64_t below,
                                     struct ch_err *err) CH_MUST_CHECK;
#define CH_LOG_SEAL_SIGNATURE_BYTES 64
/* What the log's key has signed of the entries (db/log/seal.h). */
struct ch_log_seal {
    uint64_t base;               /* the chain runs from this entry on... */
    struct ch_sha256 base_chain; /* ...from this */
    uint64_t size;               /* to the one before this one: all that there were */
    struct ch_sha256 chain;
    uint64_t written; /* so many were under a checkpoint then */
    uint8_t signature[CH_LOG_SEAL_SIGNATURE_BYTES];
};
/* The newest, whose signature nobody has looked at. CH_E_NOT_FOUND: there is none. */
enum ch_code ch_store_log_seal(struct ch_store *s, struct ch_log_seal *ret,
                               struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_set_log_seal(struct ch_store *s, const struct ch_log_seal *seal,
                                   struct ch_err *err) CH_MUST_CHECK;

typedef void ch_store_log_clear_fn(void *ctx, const struct ch_log_clear *clear);
enum ch_code ch_store_log_clear(struct ch_store *s, uint64_t index, ch_store_log_clear_fn *each,
                                void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* What of it was erased, in the order of its fields. */
struct ch_log_erased;
typedef void ch_store_log_erased_fn(void *ctx, const struct ch_log_erased *erased);
enum ch_code ch_store_log_erased(struct ch_store *s, uint64_t index, ch_store_log_erased_fn *each,
                                 void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* Entries from this place on, in their order, until `each` says that it wants no more. Slices live
 * during the call. */
typedef bool ch_store_log_list_fn(void *ctx, const struct ch_log_row *row);
enum ch_code ch_store_log_list(struct ch_store *s, uint64_t from, ch_store_log_list_fn *each,
                               void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* Whether there is an entry of this kind about this row. */
enum ch_code ch_store_has_log(struct ch_store *s, struct ch_str kind, uint64_t source,
                              bool *ret_has, struct ch_err *err) CH_MUST_CHECK;

/* The place of the first entry of this kind about this row. CH_E_NOT_FOUND: there is none. */
enum ch_code ch_store_log_place(struct ch_store *s, struct ch_str kind, uint64_t source,
                                uint64_t *ret, struct ch_err *err) CH_MUST_CHECK;

/* The newest decision's on this file. Only the row's numbers and its leaf are
 * given. CH_E_NOT_FOUND: there is none. */
enum ch_code ch_store_decision_entry(struct ch_store *s, struct ch_str repository,
                                     struct ch_str project, struct ch_str file_name,
                                     struct ch_log_row *ret, struct ch_err *err) CH_MUST_CHECK;

/* --- erasing (T26) --- */

/* Erases what commitments stand for: of the entry, or (entry CH_LOG_NO_ENTRY) where a person or
 * address is `who`. `act` is the entry that says so. Where the row that an entry is about says the
 * same, the row stays, and `commit` (a salt of its own, and the HMAC under it) makes what it can be
 * compared with. No byte of the erased is left in the database once ch_store_scrub was called after
 * the commit. */
#define CH_LOG_NO_ENTRY UINT64_MAX
typedef void ch_store_commit_fn(struct ch_str text, uint8_t ret_salt[CH_LOG_SALT_BYTES],
                                struct ch_sha256 *ret_hmac);
enum ch_code ch_store_erase_clear(struct ch_store *s, uint64_t entry, struct ch_str who,
                                  uint64_t act, ch_store_commit_fn *commit, uint64_t *ret_texts,
                                  struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_scrub(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
/* Of what an act has erased: the SHA-256 of a line "ENTRY FIELD HMAC" for each text, in the order
 * of entries and fields, HMAC in hex, "-" where no row has the text; and how many they are. */
enum ch_code ch_store_erased_digest(struct ch_store *s, uint64_t act, struct ch_sha256 *ret,
                                    uint64_t *ret_texts, struct ch_err *err) CH_MUST_CHECK;

/* --- entries beside rows --- */

enum ch_logged_type {
    CH_LOGGED_TEXT = 1,
    CH_LOGGED_SHA256,
    CH_LOGGED_NUMBER,
    CH_LOGGED_FLAG,
    CH_LOGGED_TIME,
    CH_LOGGED_DIGEST, /* the SHA-256 of a column; told as SHA256 */
};
struct ch_logged_field {
    const char *name;   /* the entry's key */
    const char *column; /* of the row, for messages; NULL: called as the key is */
    enum ch_logged_type type;
    uint8_t since;           /* entries below this version have no such key */
    bool unknown;            /* the row does not have it, though the entry may */
    struct ch_str text;      /* TEXT; absent and empty alike */
    struct ch_sha256 sha256; /* SHA256; zero: none */
    int64_t number;          /* NUMBER, FLAG; TIME, CH_TIME_UNKNOWN: none */
};
struct ch_log_erased {
    struct ch_str field;
    uint64_t act;
    bool has_hmac; /* of what the row says, which stays */
    uint8_t salt[CH_LOG_SALT_BYTES];
    struct ch_sha256 hmac;
};
#define CH_LOGGED_FIELDS 28
#define CH_LOGGED_CLEAR  8
struct ch_logged {
    struct ch_log_row row;
    struct ch_log_clear clear[CH_LOGGED_CLEAR]; /* erased ones are missing */
    size_t clear_count;
    bool more_clear; /* than any entry has, or than there is room for: these are not all */
    struct ch_log_erased erased[CH_LOGGED_CLEAR];
    size_t erased_count;
    const char *table; /* that row.source is of; NULL: the kind has none */
    bool source_there;
    bool source_dropped; /* it is not, since rows as old as it are not kept */
    struct ch_logged_field fields[CH_LOGGED_FIELDS];
    size_t field_count;
};
/* What was seen of the kinds' rows, so that tables of which all was seen need not be looked
 * through. */
#define CH_LOGGED_SOURCES 25
struct ch_logged_seen {
    uint64_t rows;        /* that are there */
    uint64_t first, last; /* of them */
    bool unordered;       /* they did not come in their order: one may have come twice */
};
/* The entries from `from` on and below `to`, in their order. `seen` (NULL: it is not asked for) has
 * CH_LOGGED_SOURCES of them, zero at first. A failure of `each` ends it. Slices live during the
 * call. */
typedef enum ch_code ch_store_logged_fn(void *ctx, const struct ch_logged *l, struct ch_err *err);
enum ch_code ch_store_logged(struct ch_store *s, uint64_t from, uint64_t to,
                             ch_store_logged_fn *each, void *ctx, struct ch_logged_seen *seen,
                             struct ch_err *err) CH_MUST_CHECK;
/* `seen` of entries that follow those of `into` is added. */
void ch_logged_seen_add(struct ch_logged_seen *into, const struct ch_logged_seen *seen);
/* Names whose owner is not the one that decisions were of. */
typedef void ch_store_odd_owner_fn(void *ctx, struct ch_str repository, struct ch_str project);
enum ch_code ch_store_other_owners(struct ch_store *s, ch_store_odd_owner_fn *each, void *ctx,
                                   struct ch_err *err) CH_MUST_CHECK;
/* Names without a row of `owner`, though there are decisions on their files, or an entry of kind
 * "first-owner" or "listing". */
enum ch_code ch_store_owners_gone(struct ch_store *s, ch_store_odd_owner_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Before which row those of `served` were dropped, as an entry of kind "served-dropped" says; 0:
 * none was. */
enum ch_code ch_store_served_dropped(struct ch_store *s, uint64_t *ret,
                                     struct ch_err *err) CH_MUST_CHECK;
/* What the schema has, has not, or has otherwise than this program makes it, but guards (triggers
 * *_kept_*) that are gone. `what` says it: "is gone". Texts live during the call. */
typedef void ch_store_odd_object_fn(void *ctx, const char *type, const char *name,
                                    const char *what);
enum ch_code ch_store_odd_objects(struct ch_store *s, ch_store_odd_object_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;
/* What SQLite finds wrong with tables and with what indices have of them, at most 100 lines; of a
 * database of more than store_check_bytes but for the tables that grow with the log. */
typedef void ch_store_damage_fn(void *ctx, const char *line);
enum ch_code ch_store_damages(struct ch_store *s, ch_store_damage_fn *each, void *ctx,
                              struct ch_err *err) CH_MUST_CHECK;
/* Tables of which each row needs an entry, at most. */
#define CH_LOGGED_TABLES 32
/* Since which list of tables (AUDIT_TABLES of the keeper) a row of this table needs an entry; 0:
 * never. */
uint64_t ch_store_logged_since(const char *table);
/* Rows of the tables that entries are about, but none is about. `seen` of all entries, or NULL. Of
 * a table without a number of its own it is the one of what the row belongs to. */
typedef void ch_store_unlogged_fn(void *ctx, const char *table, int64_t id);
enum ch_code ch_store_unlogged(struct ch_store *s, const struct ch_logged_seen *seen,
                               ch_store_unlogged_fn *each, void *ctx,
                               struct ch_err *err) CH_MUST_CHECK;

/* --- facts of great numbers: one entry has the digest of all that a group has added --- */

enum ch_fact_table { /* in the order of their tables' names */
                     CH_FACTS_CONFIRMED,
                     CH_FACTS_FAULTS,
                     CH_FACTS_SIZES,
                     CH_FACTS_INSPECTIONS,
                     CH_FACTS_RELEASES,
                     CH_FACTS_SIDECARS,
                     CH_FACTS_SIGHTINGS,
                     CH_FACTS /* how many these are */
};
const char *ch_facts_table(enum ch_fact_table of);
/* Since which list of tables (AUDIT_TABLES of the keeper) all of its rows have an entry. */
uint64_t ch_facts_since(enum ch_fact_table of);
/* The id of the first row that the group under way has added, also where a step of it was undone;
 * 0: none. All from there on are its own. */
uint64_t ch_store_facts_added(const struct ch_store *s, enum ch_fact_table of);
/* The rows from this id on, in their order, each by the digest of all that it has. */
typedef void ch_store_fact_fn(void *ctx, int64_t id, const struct ch_sha256 *row);
enum ch_code ch_store_facts(struct ch_store *s, enum ch_fact_table of, int64_t from,
                            ch_store_fact_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* What stands of a page, as its entry says it: digests of what is stored. */
struct ch_snapshot_stored {
    uint64_t id;
    struct ch_str upstream, project;
    int64_t first_loaded_at_us, fetched_at_us;
    struct ch_sha256 body, content, validators; /* the last: of ETag, line feed, Last-Modified */
    uint64_t content_bytes;
};
/* One, or (upstream absent) all. Slices live during the call. */
typedef enum ch_code ch_store_stored_fn(void *ctx, const struct ch_snapshot_stored *row,
                                        struct ch_err *err);
enum ch_code ch_store_snapshots_stored(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, ch_store_stored_fn *each, void *ctx,
                                       struct ch_err *err) CH_MUST_CHECK;

/* --- rows without a number, or that are replaced: beside the entry that says all of them --- */

/* Since which list of tables (AUDIT_TABLES of the keeper) there are such entries. */
#define CH_LOGGED_ROWS_SINCE 4

/* Owners of names, by repository and name. Slices live during the call. */
struct ch_owner_entered {
    struct ch_str repository, project, upstream;
    int64_t at_us;
    struct ch_sha256 leaf; /* of the first entry about it; zero: none */
};
typedef enum ch_code ch_store_owner_entered_fn(void *ctx, const struct ch_owner_entered *row,
                                               struct ch_err *err);
enum ch_code ch_store_owners_entered(struct ch_store *s, ch_store_owner_entered_fn *each, void *ctx,
                                     struct ch_err *err) CH_MUST_CHECK;
/* What the keeper keeps for itself. */
struct ch_value_entered {
    struct ch_str name, value;
    int64_t at_us;         /* of the newest entry about it */
    struct ch_sha256 leaf; /* likewise; zero: none */
};
typedef enum ch_code ch_store_value_entered_fn(void *ctx, const struct ch_value_entered *row,
                                               struct ch_err *err);
enum ch_code ch_store_values_entered(struct ch_store *s, ch_store_value_entered_fn *each, void *ctx,
                                     struct ch_err *err) CH_MUST_CHECK;
/* Not those that are signed themselves, by which key an entry says: checkpoints; nor the clock's,
 * which each start and stop writes: a start alone puts nothing into the log, so that an older
 * database beneath a newer journal is still found to be older. */
bool ch_store_value_is_entered(struct ch_str name);
/* Names of values that entries are about, and that are not there. */
typedef void ch_store_value_gone_fn(void *ctx, struct ch_str name);
enum ch_code ch_store_values_gone(struct ch_store *s, ch_store_value_gone_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Pages that were confirmed at another time than the newest entry about them says. */
struct ch_confirmation {
    uint64_t snapshot;
    struct ch_str upstream, project;
    int64_t checked_at_us;
};
typedef enum ch_code ch_store_confirmation_fn(void *ctx, const struct ch_confirmation *row,
                                              struct ch_err *err);
enum ch_code ch_store_odd_confirmations(struct ch_store *s, ch_store_confirmation_fn *each,
                                        void *ctx, struct ch_err *err) CH_MUST_CHECK;

#endif
