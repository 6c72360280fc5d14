/* RECORD: what an installed Python package consists of, each file with its hash.
 *
 * Spec: recording installed packages; "a CSV file, readable with the default reader of Python's csv
 * module"; hashes urlsafe-base64 without padding; md5 and sha1 not allowed. */
#ifndef CH_SCANNER_PYTHON_RECORD_H
#define CH_SCANNER_PYTHON_RECORD_H

#include "customhouse/bytes.h"

struct record {
    struct ch_buf *text; /* the caller's; values of quoted fields are written over it */
    size_t at;
    size_t line; /* of the row that was read last, from 1 */
};
struct record record_open(struct ch_buf *text);

struct record_row { /* slices of the text */
    struct ch_str path;
    struct ch_str hash; /* "sha256=...", or empty */
    struct ch_str size; /* decimal, or empty */
};
enum record_result { RECORD_ROW, RECORD_END, RECORD_BAD };
/* BAD: the line is no CSV line of three fields, and nothing after it can be understood. */
enum record_result record_next(struct record *r, struct record_row *ret);

enum { RECORD_HASH_MAX = 64 };
struct record_hash {
    size_t bytes; /* 32, 48 or 64: of SHA-2 */
    bool hex;     /* in hexadecimal digits, which the specification does not have */
    uint8_t byte[RECORD_HASH_MAX];
};
/* False: no sha256, sha384 or sha512, or not a hash of such a length. */
bool record_hash_parse(struct ch_str text, struct record_hash *ret);

#endif
