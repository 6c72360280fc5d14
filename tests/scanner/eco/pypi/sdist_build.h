/* Builds source distributions for tests: an honest foo_bar 1.0 by default, with what a row changes. */
#ifndef CH_TEST_SDIST_BUILD_H
#define CH_TEST_SDIST_BUILD_H

#include "customhouse/scan.h"
#include "scan_run.h"

enum { SDIST_MORE_MAX = 4 };

/* Zeroed fields mean "as it should be". */
struct sdist_spec {
    const char *file_name; /* foo_bar-1.0.tar */
    const char *project;   /* expected by the job; absent */
    const char *version;   /* expected by the job; absent */
    const char *top;       /* foo_bar-1.0 */
    const char *metadata;  /* PKG-INFO, whole; "" leaves it out */
    struct {
        const char *path; /* below the folder; with a '/' before, as it stands */
        const char *content;
        const char *link; /* a symbolic link instead; with a '=' before, a hard one */
    } more[SDIST_MORE_MAX];
    bool zip;
    bool gzip;
};

struct ch_scan_job sdist_job(const struct sdist_spec *s);
void sdist_build(struct ch_buf *ret, const struct sdist_spec *s); /* ch_buf_done */

/* Values of install-code, in order, separated by '|'. free() */
char *sdist_codes(const struct scan_run *r);

struct sdist_row {
    const char *label;
    struct sdist_spec spec;
    const char *findings; /* their names, sorted, separated by spaces */
    const char *code;     /* values of install-code, in order, separated by '|' */
};
/* Inspects each, and compares with the second opinion; how many were not as expected: said on stderr. */
int sdist_rows_wrong(const struct sdist_row *rows, size_t count);

#endif
