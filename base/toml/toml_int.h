/* Inside the TOML reader. */
#ifndef CH_BASE_TOML_INT_H
#define CH_BASE_TOML_INT_H

#include "base/toml/toml.h"
#include "customhouse/map.h"

/* How a table or an array came to be: that decides who may still add to it. */
enum toml_form {
    TOML_CLOSED = 0, /* inline table, static array: complete as it stands */
    TOML_IMPLICIT,   /* [a.b] made a */
    TOML_EXPLICIT,   /* [a] */
    TOML_DOTTED,     /* a.b = 1 made a */
    TOML_ELEMENTS,   /* an array, made by [[a]] */
};

struct toml_node {
    struct ch_toml_node pub; /* first: what callers see */
    struct toml_node *last;  /* child */
    enum toml_form form;
    uint32_t depth; /* of the root: 0 */
    uint64_t id;
};

struct toml_parser {
    struct ch_str text;
    size_t at;
    const char *name;
    struct ch_err *err;
    struct ch_toml *toml;
    struct ch_map *by_key; /* 8 bytes of the table's id, then the key -> struct toml_node */
    struct ch_buf scratch; /* a key of that map */
    /* A place whose line and column are known: nodes come in order, so it only moves on. */
    size_t known_at;
    uint32_t known_line;
    uint32_t known_column;
};

/* Whether there is a byte at p->at + `ahead`, and which. */
bool toml_is(const struct toml_parser *p, size_t ahead, char c);
/* "NAME:LINE:COLUMN: MESSAGE" of the place `at`. */
enum ch_code toml_fail(struct toml_parser *p, size_t at, enum ch_code code, const char *fmt, ...)
    CH_PRINTF(4, 5);
/* "expected WHAT, found ..." at the current place. */
enum ch_code toml_expected(struct toml_parser *p, const char *what);
void toml_place(struct toml_parser *p, size_t at, uint32_t *ret_line, uint32_t *ret_column);

/* toml_text.c: a string of any form at p->at. */
enum ch_code toml_read_string(struct toml_parser *p, struct ch_str *ret);
/* A part of a key: bare, or in quotation marks of one line. */
enum ch_code toml_read_key_part(struct toml_parser *p, struct ch_str *ret);
/* A comment up to its line's end, when one begins here. */
enum ch_code toml_skip_comment(struct toml_parser *p);

/* toml_scalar.c: number, boolean, date or time at p->at. */
enum ch_code toml_read_scalar(struct toml_parser *p, struct ch_toml_node *ret);

/* Room for `len` bytes that live as long as the tree. The sum of all is at most the text's size. */
char *toml_room(struct toml_parser *p, size_t len);

#endif
