#include "zip_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/ch_test.h"
#include "corpus.h"
#include "scanner/unpack/second.h"

static const struct ch_scan_job no_job;

enum ch_code zip_inspect_as(const struct ch_zip_profile *profile, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_zip *z;
    enum ch_code rc = ch_zip_open(in, profile, out, &z, err);
    if (rc == CH_OK) {
        ch_zip_verify(z, NULL, NULL);
        ch_zip_free(z);
    }
    return rc;
}

enum ch_code zip_inspect(const struct ch_scan_job *job CH_UNUSED, const struct ch_input *in,
                         struct ch_scan_writer *out, struct ch_err *err)
{
    return zip_inspect_as(&ch_zip_profile_wheel, in, out, err);
}

void zip_rows_build(struct zb *b, const struct zb_member *m, const struct zb_end *e)
{
    zb_init(b);
    zb_file(b, "pkg/__init__.py", "");
    if (!m->last && m->name.ptr != NULL) {
        zb_add(b, m);
    }
    zb_file(b, "pkg/last.py", "print('last')\n");
    if (m->last) {
        zb_add(b, m);
    }
    zb_end(b, e);
}

int zip_expect(const char *label, struct ch_str bytes, const char *findings, bool same)
{
    struct scan_run first;
    struct scan_run second;
    int wrong = 0;
    scan_run(&first, zip_inspect, &no_job, bytes);
    scan_run(&second, ch_second_opinion, &no_job, bytes);
    char *found = scan_run_findings(&first);
    if (strcmp(found, findings) != 0) {
        scan_run_print(&first);
        print_error("%s: found \"%s\", expected \"%s\"\n", label, found, findings);
        wrong++;
    }
    bool equal = scan_run_same_members(&first, &second);
    if (same != equal) {
        scan_run_print(&second);
        print_error("%s: the second opinion %s\n", label, equal ? "agrees" : "differs");
        wrong++;
    }
    /* Whatever the second reader sees otherwise must be held by the first one's findings too. */
    if (!equal && found[0] == '\0') {
        print_error("%s: the opinions differ and nothing was found\n", label);
        wrong++;
    }
    free(found);
    scan_run_done(&first);
    scan_run_done(&second);
    return wrong;
}

int zip_rows_wrong(const struct zip_row *rows, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct zb b;
        zip_rows_build(&b, &rows[i].member, &rows[i].end);
        wrong += zip_expect(rows[i].label, ch_buf_str(&b.bytes), rows[i].findings, rows[i].same);
        zb_done(&b);
    }
    return wrong;
}

int zip_rows_write(const char *dir, const struct zip_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct zb b;
        zip_rows_build(&b, &rows[i].member, &rows[i].end);
        if (!corpus_write(dir, rows[i].label, ch_buf_str(&b.bytes))) {
            perror(dir);
            return 1;
        }
        zb_done(&b);
    }
    return 0;
}
