/* Builds conda packages for tests: an honest foo 1.0 py_0 by default, with what a row changes. */
#ifndef CH_TEST_CONDA_BUILD_H
#define CH_TEST_CONDA_BUILD_H

#include "customhouse/scan.h"

enum { CONDA_MORE_MAX = 4 };

/* Zeroed fields mean "as it should be". */
struct conda_spec {
    const char *file_name;   /* foo-1.0-py_0.conda, or .tar.bz2 */
    const char *project;     /* expected by the job; absent */
    const char *version;     /* expected by the job; absent */
    bool bzip2;              /* .tar.bz2 */
    const char *index;       /* info/index.json, whole; "" leaves it out */
    const char *paths;       /* info/paths.json, whole; "" leaves it out */
    const char *paths_more;  /* entries added to it */
    const char *link;        /* info/link.json */
    const char *placeholder; /* of the first of `more`: '"prefix_placeholder": ..., ' */
    struct {
        const char *path;
        const char *content;
        const char *link; /* a symbolic link instead */
        bool hard;        /* ... or a hard link */
        bool elf;         /* a library for Linux on arm64 instead */
        bool stale;       /* its header has bytes of a longer name behind its own */
        bool unlisted;
        bool wrong_hash;
        bool wrong_size;
        bool in_info; /* of a .conda: in the archive of info/ */
    } more[CONDA_MORE_MAX];
    bool info_last;         /* of a .tar.bz2: info/ behind all else */
    const char *outer_more; /* of a .conda: one more member */
    const char *outer_stem; /* of its archives: foo-1.0-py_0 */
    bool outer_deflate;
    bool outer_no_pkg;
};

struct ch_scan_job conda_job(const struct conda_spec *s);
void conda_build(struct ch_buf *ret, const struct conda_spec *s); /* ch_buf_done */

/* The names of all findings, sorted, with blanks between; free(). `whole`: fails the test where the two opinions have not
 * the same members. */
char *conda_findings(const struct conda_spec *s, bool whole);

#endif
