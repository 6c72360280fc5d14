/* Inside the wheel inspector. */
#ifndef CH_SCANNER_WHEEL_INT_H
#define CH_SCANNER_WHEEL_INT_H

#include "scanner/content/content.h"
#include "scanner/unpack/zip.h"

struct wheel_name { /* NAME-VERSION(-BUILD)?-PYTHON-ABI-PLATFORM.whl; slices of the file name */
    struct ch_str name;
    struct ch_str version;
    struct ch_str build; /* absent when none */
    struct ch_str python;
    struct ch_str abi;
    struct ch_str platform;
};

/* False with *ret_why set when it is no wheel's name. */
bool wheel_name_parse(struct ch_str file_name, struct wheel_name *ret, const char **ret_why);

/* A set of tags "py3-none-any", lower case, sorted, each once. */
struct wheel_tags {
    struct ch_str *tags; /* slices of text */
    size_t count;
    struct ch_buf text;
    bool over; /* more than wheel_tags of limits.h */
};
void wheel_tags_init(struct wheel_tags *t);
void wheel_tags_done(struct wheel_tags *t);
/* Adds what "PYTHON-ABI-PLATFORM" with compressed parts ("py2.py3") stands for. Before
 * wheel_tags_sort. */
void wheel_tags_add(struct wheel_tags *t, struct ch_str python, struct ch_str abi,
                    struct ch_str platform);
bool wheel_tags_add_text(struct wheel_tags *t, struct ch_str text); /* false: not three parts */
void wheel_tags_sort(struct wheel_tags *t);
/* What `t` (sorted) becomes where "manylinux..._ARCH" is written as "linux_ARCH": wheels that were
 * renamed after they were built. `ret` is initialised, and sorted then. */
void wheel_tags_plain(const struct wheel_tags *t, struct wheel_tags *ret);
/* The same where every platform is written as "any". */
void wheel_tags_any(const struct wheel_tags *t, struct wheel_tags *ret);
bool wheel_tags_eq(const struct wheel_tags *a, const struct wheel_tags *b); /* both sorted */

struct wheel {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_zip *zip;
    struct wheel_name name;
    bool named;              /* the file name could be parsed */
    struct ch_str dist_info; /* "foo-1.0.dist-info", absent when there is none */
    size_t *by_name;         /* member indices, sorted by name */
    struct ch_content *content;
};

void wheel_report(struct wheel *w, enum ch_finding_code code, struct ch_str member, const char *fmt,
                  ...) CH_PRINTF(4, 5);

/* The member of this name; false when there is none. */
bool wheel_find(const struct wheel *w, struct ch_str name, size_t *ret_index);

/* Reads dist_info/FILE whole into `ret` (initialised with its limit). False when it is missing or
 * unreadable: reported with `code`, unless it is missing and `optional`. */
bool wheel_read(struct wheel *w, const char *file, enum ch_finding_code code, bool optional,
                struct ch_buf *ret, struct ch_str *ret_member);

/* WHEEL, entry_points.txt and RECORD: each reads its file and reports. */
void wheel_check_wheel(struct wheel *w);
void wheel_check_entry_points(struct wheel *w);
void wheel_check_record(struct wheel *w);

#endif
