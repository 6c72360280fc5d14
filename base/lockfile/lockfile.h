/* Lock files and requirements: what an environment wants installed, so that a policy can be asked about
 * it. Pure: text in, list out. Specs: pip's requirements file format, PEP 508, PEP 751 (pylock.toml);
 * uv.lock version 1; poetry.lock 1.x and 2.x; of conda's clients conda.c says which. */
#ifndef CH_BASE_LOCKFILE_H
#define CH_BASE_LOCKFILE_H

#include "customhouse/bytes.h"

enum ch_lockfile_format {
    CH_LOCKFILE_REQUIREMENTS = 1, /* requirements.txt, constraints, `pip freeze` */
    CH_LOCKFILE_UV,
    CH_LOCKFILE_POETRY,
    CH_LOCKFILE_PYLOCK,
    CH_LOCKFILE_CONDA_ENVIRONMENT, /* environment.yml */
    CH_LOCKFILE_CONDA_EXPLICIT,    /* "@EXPLICIT": addresses, a line each */
    CH_LOCKFILE_PIXI,
    CH_LOCKFILE_CONDA_LOCK,
};
/* By the last part of a path: "uv.lock", "poetry.lock", "pylock.toml", "pylock.NAME.toml", "pixi.lock", names that end
 * in "conda-lock.yml"; any other name that ends in .yml or .yaml is an environment of conda, in .txt or .in
 * requirements. False: cannot be told. */
bool ch_lockfile_format_of(struct ch_str path, enum ch_lockfile_format *ret);

struct ch_locked {
    struct ch_str ecosystem; /* "pypi", "conda" */
    struct ch_str name;      /* normalised (PEP 503); of a file of a conda channel "SUBDIR/NAME"; absent for an
                              * address that does not name one */
    struct ch_str version;   /* as written; absent when no single version is pinned */
    struct ch_str specifier; /* requirements: as written, ">=1,<2"; absent when any will do. Of conda a match spec
                              * with the name, beside a version too: of that file */
    struct ch_str source;    /* not from an index: address, VCS or path as written; else absent */
    struct ch_str marker;    /* PEP 508 marker as written, not judged; absent: always */
    struct ch_str group;     /* dependency groups that ask for it: "dev, docs"; absent: not said */
    const struct ch_str *hashes; /* "sha256:HEX"; of every file that may be taken */
    size_t hash_count;
    uint32_t line, column; /* from 1 */
};

/* "-r other.txt" or "-c other.txt": the caller reads it or refuses; nothing is opened here. */
struct ch_locked_include {
    struct ch_str path; /* as written, relative to the including file */
    bool constraint;
    uint32_t line, column;
};

struct ch_lockfile {
    const struct ch_locked *packages; /* in order of the file */
    size_t package_count;
    const struct ch_locked_include *includes;
    size_t include_count;
};

/* CH_E_FORMAT: "NAME:LINE:COLUMN: expected ..., found ..."; CH_E_LIMIT: toml_bytes and others. The
 * result borrows nothing; free with ch_lockfile_free, which accepts NULL. */
enum ch_code ch_lockfile_parse(struct ch_str text, const char *name, enum ch_lockfile_format format,
                               struct ch_lockfile **ret, struct ch_err *err) CH_MUST_CHECK;
void ch_lockfile_free(struct ch_lockfile *file);

#endif
