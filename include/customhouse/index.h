/* What an upstream's index says about a project, parsed in the jail, and the page we make of it.
 *
 * Spec: PEP 503, 592, 629, 658, 691, 700, 714, 792 (the "Simple repository API" living specification)
 * for the fields; conda records will fill the same struct. */
#ifndef CUSTOMHOUSE_INDEX_H
#define CUSTOMHOUSE_INDEX_H

#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

#define CH_TIME_UNKNOWN INT64_MIN
#define CH_SIZE_UNKNOWN UINT64_MAX

enum ch_project_status {
    CH_STATUS_ACTIVE = 0,
    CH_STATUS_ARCHIVED,
    CH_STATUS_QUARANTINED,
    CH_STATUS_DEPRECATED,
};

struct ch_index_head {
    struct ch_str project; /* as the page states it; absent when it does not */
    enum ch_project_status status;
    struct ch_str status_reason;
    uint64_t serial;       /* upstream's serial, 0 when none */
    bool states_status;    /* the page's form can state a status, and this one does or says that it is
                              active by leaving it out: JSON from 1.4 on; HTML only where it says it */
    bool states_times;     /* the page's form can state upload times and did for some file */
};

enum ch_sidecar { CH_SIDECAR_NONE = 0, CH_SIDECAR_YES, CH_SIDECAR_HASHED };

/* One file of an upstream page. Slices borrowed. */
struct ch_index_file {
    struct ch_str file_name;
    struct ch_str url; /* absolute, already resolved */
    struct ch_sha256 sha256; /* zero: not stated */
    struct ch_alias alias;   /* the strongest other hash that is stated */
    uint64_t size_bytes;     /* CH_SIZE_UNKNOWN: not stated */
    int64_t uploaded_at_us;  /* unix, microseconds; CH_TIME_UNKNOWN: not stated */
    struct ch_str requires_python;
    bool yanked;
    struct ch_str yanked_reason;
    enum ch_sidecar sidecar;
    struct ch_sha256 sidecar_sha256; /* with CH_SIDECAR_HASHED */
};
void ch_index_file_put(struct ch_buf *b, const struct ch_index_file *f);
void ch_index_file_get(struct ch_rd *r, struct ch_index_file *ret);
/* What decoding asks of a file name (one path segment: no separator, blank or control byte, no
 * leading dot, UTF-8) and of a URL (http or https, printable ASCII). Writers check the same. */
bool ch_index_file_name_ok(struct ch_str name);
bool ch_index_url_ok(struct ch_str url);
void ch_index_head_put(struct ch_buf *b, const struct ch_index_head *h);
void ch_index_head_get(struct ch_rd *r, struct ch_index_head *ret);

/* --- what the keeper tells the gateway to list: one page, one generation, every representation --- */

enum ch_listing { CH_LIST_PLAIN = 0, CH_LIST_YANKED };

struct ch_page_file {
    struct ch_str file_name;
    struct ch_sha256 sha256; /* zero: unknown */
    uint64_t size_bytes;
    int64_t uploaded_at_us;
    struct ch_str requires_python;
    enum ch_listing listing;
    struct ch_str yanked_reason; /* printable ASCII */
    enum ch_sidecar sidecar;
    struct ch_sha256 sidecar_sha256;
};

struct ch_page {
    struct ch_str project; /* normalised */
    uint64_t generation;   /* ETags follow it */
    enum ch_project_status status;
    struct ch_str status_reason; /* printable ASCII */
    struct ch_str *versions; /* sorted, distinct */
    size_t version_count;
    struct ch_page_file *files; /* in upstream order */
    size_t file_count;
};
void ch_page_put(struct ch_buf *b, const struct ch_page *page);
/* Slices borrow from `payload`; arrays are freed by ch_page_done. */
enum ch_code ch_page_get(struct ch_str payload, struct ch_page *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_page_done(struct ch_page *page);

/* The list of projects of a repository: normalised names, sorted. Same ownership. */
struct ch_root_page {
    uint64_t generation;
    struct ch_str *names;
    size_t name_count;
};
void ch_root_page_put(struct ch_buf *b, const struct ch_root_page *page);
enum ch_code ch_root_page_get(struct ch_str payload, struct ch_root_page *ret,
                              struct ch_err *err) CH_MUST_CHECK;
void ch_root_page_done(struct ch_root_page *page);

#endif
