/* Rows of archives and what is found in each, and the two opinions about one. */
#ifndef CH_TEST_ZIP_ROWS_H
#define CH_TEST_ZIP_ROWS_H

#include "scan_run.h"
#include "scanner/unpack/zip.h"
#include "zip_build.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define AS_IS                                                                                      \
    {                                                                                              \
        .zip64 = false                                                                             \
    }
#define NO_MEMBER                                                                                  \
    {                                                                                              \
        .deflate = false                                                                           \
    }

#define BODY                .content = S("import os\nimport os\nimport os\n")
#define FILE_NAMED(literal) .name = S(literal), BODY

#define BODY_CRC            0x239e043f

struct zip_row {
    const char *label;
    struct zb_member member;
    struct zb_end end;
    const char *findings;
    bool same; /* the second opinion lists the same members */
};

/* Two honest members around the one of the row, or before it. */
void zip_rows_build(struct zb *b, const struct zb_member *m, const struct zb_end *e);
/* How many rows are wrong, each named: one run then tells of all. */
int zip_rows_wrong(const struct zip_row *rows, size_t count);
int zip_rows_write(const char *dir, const struct zip_row *rows, size_t count); /* exit status */

/* The strict reader's inspection, by this profile and by that of wheels. */
enum ch_code zip_inspect_as(const struct ch_zip_profile *profile, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err);
enum ch_code zip_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                         struct ch_scan_writer *out, struct ch_err *err);
/* How many of these are wrong: what is found, and whether the second opinion agrees. */
int zip_expect(const char *label, struct ch_str bytes, const char *findings, bool same);

#endif
