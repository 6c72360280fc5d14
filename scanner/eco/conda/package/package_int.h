/* Inside the inspection of conda packages. */
#ifndef CH_SCANNER_CONDA_PACKAGE_INT_H
#define CH_SCANNER_CONDA_PACKAGE_INT_H

#include "customhouse/map.h"
#include "customhouse/scan.h"

/* A member of the inner archives. */
struct conda_file {
    enum ch_member_type type;
    bool hard_link; /* of type OTHER */
    bool info;      /* below info/: no part of the environment */
    bool listed;    /* info/paths.json has it */
    uint64_t size_bytes;
    struct ch_sha256 sha256;
    char *text; /* of a few files of info/: owned */
    size_t text_bytes;
    bool too_large; /* to be kept so */
};

struct conda_package {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    struct ch_str name; /* as the file name has them; absent when it is none */
    struct ch_str version;
    struct ch_str build;
    struct ch_str stem;     /* NAME-VERSION-BUILD */
    struct ch_map *by_path; /* struct conda_file */
    struct ch_map *folded;  /* the same in lower case */
    bool in_info;           /* the archive info-STEM.tar.zst is walked */
    bool split;             /* there are two */
};

void conda_report(struct conda_package *p, enum ch_finding_code code, struct ch_str member,
                  const char *fmt, ...) CH_PRINTF(4, 5);

/* A text of info/ that was kept; false when there is none. One that is too large is reported. */
bool conda_text(struct conda_package *p, struct ch_str path, struct ch_str *ret);

/* info/index.json, info/paths.json, info/link.json: each reads its file and reports. */
void conda_check_index(struct conda_package *p);
void conda_check_paths(struct conda_package *p);
void conda_check_link(struct conda_package *p);

/* Relative, without "..", ".", empty parts, backslashes, drives and control characters. */
bool conda_path_is_inside(struct ch_str path);

#endif
