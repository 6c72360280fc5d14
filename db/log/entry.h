/* Entries of the log: canonical JSON. Pure.
 *
 * Spec: RFC 8785, of which entries use this much: objects, arrays of strings, strings, integers of
 * at most 53 bits, true and false. Keys are ASCII, so sorting them by bytes is sorting them by
 * UTF-16 units. No null, no fractions, no exponents: what does not apply is left out. What is not
 * of this form is not an entry.
 *
 * T26: persons, addresses and free text are in it only as commitments, {"hmac":HEX}: HMAC-SHA-256
 * of the text under a salt of its own. Text and salt can be erased. Names of projects and files are
 * in the clear, which is why nobody is served entries. */
#ifndef LOG_ENTRY_H
#define LOG_ENTRY_H

#include "customhouse/digest.h"

#define CH_ENTRY_VERSION    1
#define CH_ENTRY_DEPTH      4
#define CH_ENTRY_FIELDS     32
#define CH_ENTRY_KEY_MAX    32
#define CH_ENTRY_INT_MAX    9007199254740991LL /* 2^53 - 1: what RFC 8785 can say */
#define CH_ENTRY_SALT_BYTES 16

/* --- writing. Keys come sorted: another order is a bug. A number that no entry can say is none: it
 * may come from a row that somebody else put into the database. --- */
struct ch_log_entry {
    struct ch_buf *out;
    char beyond[CH_ENTRY_KEY_MAX]; /* key of the first such number; "": all can be said */
    unsigned depth;
    char last[CH_ENTRY_DEPTH][CH_ENTRY_KEY_MAX]; /* key of each open object; "" before the first */
};
void ch_log_entry_begin(struct ch_log_entry *e, struct ch_buf *out);
void ch_log_entry_end(struct ch_log_entry *e);
/* Whether what was written is all of it. CH_E_FORMAT: a number is more than an entry can say;
 * CH_E_LIMIT: more than `out` takes. */
enum ch_code ch_log_entry_ok(const struct ch_log_entry *e, struct ch_err *err) CH_MUST_CHECK;
/* Bytes that are no UTF-8 become U+FFFD. Absent and empty are left out. */
void ch_log_entry_str(struct ch_log_entry *e, const char *key, struct ch_str value);
void ch_log_entry_int(struct ch_log_entry *e, const char *key, int64_t value);
void ch_log_entry_bool(struct ch_log_entry *e, const char *key, bool value);
/* Hex; all zero, which stands for unknown, is left out. */
void ch_log_entry_sha(struct ch_log_entry *e, const char *key, const struct ch_sha256 *value);
void ch_log_entry_commitment(struct ch_log_entry *e, const char *key, const struct ch_sha256 *hmac);
void ch_log_entry_open(struct ch_log_entry *e, const char *key); /* an object as value */
void ch_log_entry_close(struct ch_log_entry *e);
struct ch_sha256 ch_log_entry_commit(const uint8_t salt[CH_ENTRY_SALT_BYTES], struct ch_str text);
/* The same for many, with a hash that is kept. */
struct ch_sha256 ch_log_entry_commit_with(struct ch_hash *h,
                                          const uint8_t salt[CH_ENTRY_SALT_BYTES],
                                          struct ch_str text);

/* --- reading --- */
struct ch_log_entry_field {
    struct ch_str key;
    struct ch_str value; /* as it is written: "text", 12, true, {...}, [...] */
};
struct ch_log_entry_fields {
    struct ch_log_entry_field field[CH_ENTRY_FIELDS];
    size_t count;
};
/* The fields of an entry, or of an object in it; borrowed from it. CH_E_FORMAT for anything but the
 * one way of writing it, CH_E_LIMIT for too many fields or levels. */
enum ch_code ch_log_entry_read(struct ch_str entry, struct ch_log_entry_fields *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* The written value; {NULL, 0}: there is none. */
struct ch_str ch_log_entry_get(const struct ch_log_entry_fields *f, const char *key);
/* False: there is none, or of another type. The text is appended. */
bool ch_log_entry_get_str(const struct ch_log_entry_fields *f, const char *key, struct ch_buf *ret);
bool ch_log_entry_get_int(const struct ch_log_entry_fields *f, const char *key, int64_t *ret);
bool ch_log_entry_get_bool(const struct ch_log_entry_fields *f, const char *key, bool *ret);
bool ch_log_entry_get_sha(const struct ch_log_entry_fields *f, const char *key,
                          struct ch_sha256 *ret);
bool ch_log_entry_get_commitment(const struct ch_log_entry_fields *f, const char *key,
                                 struct ch_sha256 *ret_hmac);

#endif
