/* Typed access to a parsed JSON document whose errors name the field: "files[3].hashes.sha256:
 * expected 64 hex digits, found ...". Over jansson, with duplicate keys refused. */
#ifndef CH_SCANNER_JSON_H
#define CH_SCANNER_JSON_H

#include <jansson.h>

#include "customhouse/bytes.h"

#define CH_JSON_ANY (-1)

/* A value and the way to it, as a chain on the stack: `parent` must outlive it. */
struct ch_json {
    const json_t *value; /* NULL: not there */
    const struct ch_json *parent;
    const char *key; /* NULL: an item of an array */
    size_t index;
};

/* Seeds jansson's hash tables, which would otherwise open a file for it: once, before the jail. The
 * loaders below do it as well. */
void ch_json_warm_up(void);

/* Parses a whole document (object or array). CH_E_LIMIT for nesting beyond json_depth, checked
 * before the recursive parser sees it; CH_E_FORMAT with line and column otherwise. json_decref the
 * result. */
enum ch_code ch_json_load(struct ch_str bytes, json_t **ret, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_json_check_depth(struct ch_str bytes, struct ch_err *err) CH_MUST_CHECK;

/* An optional member of an object: absent and null give value NULL; another type is CH_E_FORMAT.
 * `type` is jansson's JSON_..., or CH_JSON_ANY. The macros keep `at` addressable for the path. */
enum ch_code ch_json_get(const struct ch_json *at, const char *key, int type, bool needed,
                         struct ch_json *ret, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_json_at(const struct ch_json *at, size_t index, int type, struct ch_json *ret,
                        struct ch_err *err) CH_MUST_CHECK;
#define ch_json_member(at, key, type, ret, err) ch_json_get(&(at), key, type, false, ret, err)
#define ch_json_need(at, key, type, ret, err)   ch_json_get(&(at), key, type, true, ret, err)
#define ch_json_item(at, index, type, ret, err) ch_json_at(&(at), index, type, ret, err)

/* Walks an object's members; *state is NULL before the first. False: there are no more. */
bool ch_json_next(const struct ch_json *object, void **state, struct ch_json *ret);

struct ch_str ch_json_str(struct ch_json string);
struct ch_str ch_json_text(const json_t *value); /* absent: it is no string, or not there */
/* CH_E_FORMAT: "path: what, found VALUE" */
enum ch_code ch_json_fail(struct ch_json at, struct ch_err *err, const char *what);

#endif
