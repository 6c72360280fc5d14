/* A YAML text as a small tree that knows where everything stands: what configuration, credentials
 * and policy are read with. Only the part of YAML that has one reading is taken: one document, maps
 * with distinct plain keys, lists, scalars. Anchors, aliases, tags, merge keys and control
 * characters are errors. Every message starts with "file:line:column: path: ". Pure: the text comes
 * as a slice.
 *
 * Spec: YAML 1.1 as libyaml reads it; numbers and booleans are read by the getters below alone, so
 * that "no" stays the text "no". */
#ifndef BASE_CONFIG_YAML_H
#define BASE_CONFIG_YAML_H

#include "customhouse/bytes.h"

enum ch_yaml_kind { CH_YAML_SCALAR = 0, CH_YAML_LIST, CH_YAML_MAP };

struct ch_yaml_node {
    enum ch_yaml_kind kind;
    uint32_t line;      /* from 1 */
    uint32_t column;    /* from 1 */
    struct ch_str text; /* scalar, NUL-terminated; else absent */
    bool plain;         /* scalar without quotes */
    struct ch_str key;  /* when the parent is a map; NUL-terminated */
    uint32_t key_line;
    uint32_t key_column;
    size_t index; /* place in the parent */
    const struct ch_yaml_node *parent;
    struct ch_yaml_node *child; /* the first one */
    struct ch_yaml_node *next;  /* of the same parent */
    size_t count;               /* of children */
};

struct ch_yaml; /* a document; nodes are borrowed from it until ch_yaml_free */

/* `file_name` is only shown. CH_E_USAGE with file:line:column for whatever is wrong. */
enum ch_code ch_yaml_parse(struct ch_str text, const char *file_name, struct ch_yaml **ret,
                           struct ch_err *err) CH_MUST_CHECK;
/* The same of what is no configuration: up to so many bytes and values. */
enum ch_code ch_yaml_parse_up_to(struct ch_str text, const char *file_name, uint64_t max_bytes,
                                 uint64_t max_nodes, struct ch_yaml **ret,
                                 struct ch_err *err) CH_MUST_CHECK;
void ch_yaml_free(struct ch_yaml *yaml);
const struct ch_yaml_node *ch_yaml_root(const struct ch_yaml *yaml); /* a map */
const struct ch_yaml_node *ch_yaml_find(const struct ch_yaml_node *map,
                                        const char *key); /* or NULL */
const struct ch_yaml_node *ch_yaml_item(const struct ch_yaml_node *list,
                                        size_t index); /* or NULL */

/* Fills err with "file:line:column: path.of[0].node: " and the message; returns CH_E_USAGE. */
enum ch_code ch_yaml_fail(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                          struct ch_err *err, const char *fmt, ...) CH_PRINTF(4, 5);
/* Where the key of a map entry stands, not its value. */
enum ch_code ch_yaml_fail_key(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              struct ch_err *err, const char *fmt, ...) CH_PRINTF(4, 5);
/* The same for who finds later what the parser could not know, and has the text alone: at the item
 * of that number in a section, or at the section, or at the whole, whichever is there. `why` may be
 * err's own message. */
enum ch_code ch_yaml_fail_in(struct ch_str text, const char *file_name, const char *section,
                             size_t item, struct ch_err *err, const char *why);
/* As ch_yaml_fail: "\"production\" is not ..." with the node's text, escaped and cut, before the
 * message; for a list or map "a list is not ...". */
enum ch_code ch_yaml_fail_value(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                struct ch_err *err, const char *fmt, ...) CH_PRINTF(4, 5);

/* Every key of `map` is one of `keys` (NULL-terminated); an unknown one is answered with the
 * nearest. */
enum ch_code ch_yaml_check_keys(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                const char *const *keys, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_yaml_check_kind(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                enum ch_yaml_kind kind, struct ch_err *err) CH_MUST_CHECK;

/* --- values; the result is written only on success --- */

/* A text that is not empty. Borrowed, NUL-terminated. */
enum ch_code ch_yaml_text(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                          struct ch_str *ret, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_yaml_bool(const struct ch_yaml *yaml, const struct ch_yaml_node *node, bool *ret,
                          struct ch_err *err) CH_MUST_CHECK;
/* Decimal digits alone. `unit` ("days", "" for none) is for the message. */
enum ch_code ch_yaml_number(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                            uint64_t min, uint64_t max, const char *unit, uint64_t *ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* Bytes: digits and an optional KiB, MiB, GiB or TiB. */
enum ch_code ch_yaml_size(const struct ch_yaml *yaml, const struct ch_yaml_node *node, uint64_t min,
                          uint64_t max, uint64_t *ret_bytes, struct ch_err *err) CH_MUST_CHECK;
/* The place of the text in `names` (NULL-terminated). */
enum ch_code ch_yaml_choice(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                            const char *const *names, size_t *ret,
                            struct ch_err *err) CH_MUST_CHECK;

/* The name in `names` (NULL-terminated) that `text` was probably meant to be; NULL: none is near.
 */
const char *ch_yaml_nearest(struct ch_str text, const char *const *names);

#endif
