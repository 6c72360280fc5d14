/* What the readers share: the list under construction. */
#ifndef CH_BASE_LOCKFILE_INT_H
#define CH_BASE_LOCKFILE_INT_H

#include "base/lockfile/lockfile.h"

struct ch_lock_build {
    struct ch_lockfile out; /* first: what the caller gets */
    struct ch_locked *packages;
    struct ch_locked_include *includes;
    size_t package_cap;
    size_t include_cap;
    char **kept; /* the strings that the list borrows */
    size_t kept_count, kept_cap;
    struct ch_str **lists; /* the arrays of hashes */
    size_t list_count, list_cap;
    const char *name; /* of the file, for messages */
};

/* A copy that lives as long as the list; absent stays absent. */
struct ch_str ch_lock_keep(struct ch_lock_build *b, struct ch_str s);
/* A new entry, zero but for ecosystem, line and column; valid until the next call. */
struct ch_locked *ch_lock_add(struct ch_lock_build *b, uint32_t line, uint32_t column);
void ch_lock_add_hash(struct ch_lock_build *b, struct ch_locked *p, struct ch_str hash);
void ch_lock_include(struct ch_lock_build *b, struct ch_locked_include include);
/* PEP 503 into kept memory; false: no name (PEP 508). */
bool ch_lock_name(struct ch_lock_build *b, struct ch_str name, struct ch_str *ret);
/* "NAME:LINE:COLUMN: expected WHAT, found "FOUND""; found is escaped and clipped. */
enum ch_code ch_lock_wrong(const struct ch_lock_build *b, uint32_t line, uint32_t column,
                           const char *expected, struct ch_str found, struct ch_err *err);

enum ch_code ch_lock_requirements(struct ch_lock_build *b, struct ch_str text,
                                  struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_lock_conda(struct ch_lock_build *b, struct ch_str text,
                           enum ch_lockfile_format format, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_lock_toml(struct ch_lock_build *b, struct ch_str text,
                          enum ch_lockfile_format format, struct ch_err *err) CH_MUST_CHECK;

#endif
