/* JSON of an index, read as it comes out of its stream, and values of it in the one spelling of
 * ch_index_record_ok (T16). Memory does not grow with the document.
 *
 * Spec: RFC 8259; RFC 7493 for what is refused of it: a key twice in an object, surrogates without
 * their half. */
#ifndef CH_SCANNER_CONDA_CANONICAL_H
#define CH_SCANNER_CONDA_CANONICAL_H

#include "scanner/unpack/stream.h"

enum { CH_CONDA_PIECE_BYTES = 65536 };

struct ch_conda_in { /* opaque but for its place, for messages */
    struct ch_stream *stream;
    uint8_t piece[CH_CONDA_PIECE_BYTES];
    size_t at, len;
    uint64_t before; /* bytes of the pieces before this one */
    uint64_t max_bytes;
    bool ended;
    enum ch_code code; /* of the first read that failed */
    struct ch_err *err;
};

/* `stream` is borrowed; `max_bytes` is what it may unpack to. `err` gets the message of whatever
 * fails. */
void ch_conda_in_init(struct ch_conda_in *in, struct ch_stream *stream, uint64_t max_bytes,
                      struct ch_err *err);
/* The next byte that is no blank, which is not taken; -1: the end, or a failure (in->code). */
int ch_conda_peek(struct ch_conda_in *in);
bool ch_conda_take(struct ch_conda_in *in, char c); /* blanks before it, too */
/* CH_E_FORMAT "expected WHAT at byte N", or what went wrong before. */
enum ch_code ch_conda_expected(struct ch_conda_in *in, const char *what) CH_MUST_CHECK;
/* A string, its escapes decoded, appended; CH_E_LIMIT: ret is full. */
enum ch_code ch_conda_string(struct ch_conda_in *in, struct ch_buf *ret) CH_MUST_CHECK;

/* What is there of a value: where its spelling lies in a buffer. */
enum ch_conda_kind {
    CH_CONDA_OTHER =
        0, /* a number that not all readers have alike: fraction, exponent, 2^53 or more */
    CH_CONDA_STRING,
    CH_CONDA_NUMBER, /* an integer */
    CH_CONDA_WORD,   /* true, false, null */
    CH_CONDA_LIST,   /* of strings alone */
    CH_CONDA_MIXED,  /* any other list */
    CH_CONDA_MAP,
};
/* Appends the value in its one spelling: keys in order of their bytes, no blank. OTHER is told of
 * the outermost value that has one inside; its spelling is then not to be used. */
enum ch_code ch_conda_value(struct ch_conda_in *in, struct ch_buf *ret,
                            enum ch_conda_kind *ret_kind) CH_MUST_CHECK;
/* A value that nobody asks for, of any size: its form and depth are checked, not whether keys are
 * there twice. */
enum ch_code ch_conda_skip(struct ch_conda_in *in) CH_MUST_CHECK;
/* Appends a text as a string in its one spelling. */
void ch_conda_put_string(struct ch_buf *b, struct ch_str text);

#endif
