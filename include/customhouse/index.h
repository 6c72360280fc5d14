/* What an upstream's index says about a project, parsed in the jail, and the page we make of it.
 *
 * Spec: PEP 503, 592, 629, 658, 691, 700, 714, 792 (the "Simple repository API" living specification)
 * for the fields of a page of one project. A page of many (Conda: a subdir's repodata, CEP 15 and 16) has the same
 * records with some more fields: each says whose it is. */
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
    /* On a page of many projects; on others all absent. `alias` has a record's md5, which carries no decision (T15),
     * `uploaded_at_us` its timestamp: the builder's word, that counts only where the upstream is trusted for times
     * (T7). What is stated here and in the file's name is the same, or the page is no answer. */
    struct ch_str project; /* normalised, at most limits project_name_bytes; absent: this file has none of these */
    struct ch_str version; /* as stated, at most version_bytes; never absent beside a project */
    struct ch_str build;   /* tells builds of a version apart, at most version_bytes; absent: there is one */
    struct ch_str record;  /* ch_index_record_ok, or absent: rendered from the fields alone */
};
/* Whether a record may be rendered as it stands (T16): one JSON object of at most limits record_bytes in the one
 * spelling that all readers have alike. UTF-8; no blank between tokens; keys of each object ascending by their bytes,
 * so none twice; strings with the escapes of RFC 8785 alone; numbers integers below 2^53, without leading zero or
 * fraction; nested at most json_depth levels. The jail writes it so; whoever reads its answer checks it. */
bool ch_index_record_ok(struct ch_str record);
/* The value of the record's own key, as it is spelled. Borrowed. False: no good record, or no such key. */
bool ch_index_record_value(struct ch_str record, struct ch_str key, struct ch_str *ret);
/* What stands between the brackets of the record's own list of strings `key` ("depends"), as it is written: a renderer
 * adds to it. Borrowed. False: no good record, no such key, or it is no list of strings. */
bool ch_index_record_list(struct ch_str record, struct ch_str key, struct ch_str *ret_inside);
void ch_index_file_put(struct ch_buf *b, const struct ch_index_file *f);
void ch_index_file_get(struct ch_rd *r, struct ch_index_file *ret);
/* What decoding asks of a file name (one path segment: no separator, blank or control byte, no
 * leading dot, UTF-8) and of a URL (http or https, printable ASCII). Writers check the same. */
bool ch_index_file_name_ok(struct ch_str name);
bool ch_index_url_ok(struct ch_str url);
/* One entry of a document that an upstream has beside its pages (ch_ecosystem's struct ch_beside): of a file or a project,
 * or of a part of it (a version). Slices borrowed. */
struct ch_index_entry {
    struct ch_str name;   /* ch_index_file_name_ok, at most limits file_name_bytes */
    struct ch_str part;   /* at most version_bytes; absent: of it as a whole */
    struct ch_str record; /* ch_index_record_ok */
};
void ch_index_entry_put(struct ch_buf *b, const struct ch_index_entry *e);
void ch_index_entry_get(struct ch_rd *r, struct ch_index_entry *ret);
/* By name, then by part: bytes. */
int ch_index_entry_cmp(const struct ch_index_entry *a, const struct ch_index_entry *b);
void ch_index_head_put(struct ch_buf *b, const struct ch_index_head *h);
void ch_index_head_get(struct ch_rd *r, struct ch_index_head *ret);

/* --- what the keeper tells the gateway to list: one page, one generation, every representation --- */

enum ch_listing {
    CH_LIST_PLAIN = 0,
    CH_LIST_YANKED, /* another can be had instead */
    CH_LIST_HELD,   /* in ecosystems where a record explains itself (ch_ecosystem.explains_held) */
};

struct ch_page_file {
    struct ch_str file_name;
    struct ch_sha256 sha256; /* zero: unknown */
    uint64_t size_bytes;
    int64_t uploaded_at_us;
    struct ch_str requires_python;
    enum ch_listing listing;
    struct ch_str yanked_reason; /* why, of YANKED and HELD; printable ASCII */
    enum ch_sidecar sidecar;
    struct ch_sha256 sidecar_sha256;
    struct ch_str project; /* on a page of many, as in ch_index_file; else absent */
    struct ch_str record;
};

struct ch_page {
    struct ch_str project; /* the page's name: normalised, where it is a project's */
    uint64_t generation;   /* ETags follow it */
    enum ch_project_status status;
    struct ch_str status_reason; /* printable ASCII */
    struct ch_str *versions; /* sorted, distinct; none on a page of many projects */
    size_t version_count;
    struct ch_page_file *files; /* in upstream order */
    size_t file_count;
};
void ch_page_put(struct ch_buf *b, const struct ch_page *page);
/* Slices borrow from `payload`; arrays are freed by ch_page_done. */
enum ch_code ch_page_get(struct ch_str payload, struct ch_page *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_page_done(struct ch_page *page);

/* What of a page of many projects is held: files, of which some are named. */
struct ch_root_note {
    struct ch_str name;     /* the page's */
    uint64_t held, denied;
    struct ch_str examples; /* "young-2.0-0.conda, ...", printable ASCII */
    int64_t at_us;          /* when that was so */
};

/* The list of projects of a repository, or of its pages of many: names sorted. Same ownership. */
struct ch_root_page {
    uint64_t generation;
    struct ch_str *names;
    size_t name_count;
    struct ch_root_note *notes; /* of pages that have something held */
    size_t note_count;
};
void ch_root_page_put(struct ch_buf *b, const struct ch_root_page *page);
enum ch_code ch_root_page_get(struct ch_str payload, struct ch_root_page *ret,
                              struct ch_err *err) CH_MUST_CHECK;
void ch_root_page_done(struct ch_root_page *page);

#endif
