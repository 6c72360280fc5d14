/* What a jail is asked and what it answers.
 *
 * The keeper sends CH_MSG_SCAN to a warm scanner parent with a read-only descriptor of the bytes and
 * a memfd for the answer. The job's child writes a stream of records into the memfd and exits; the
 * keeper then seals the memfd (which fails while a writer is left) and decodes it strictly. Whatever
 * is being scanned comes from the keeper's own job record, never from the stream (T2).
 *
 * Stream: records {u8 type, u32 length, payload}; the last one is END, with the counts of all others
 * and the sha256 and size of the bytes that were read. A stream without END is no answer. */
#ifndef CUSTOMHOUSE_SCAN_H
#define CUSTOMHOUSE_SCAN_H

#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/digest.h"
#include "customhouse/fact.h"
#include "customhouse/finding.h"
#include "customhouse/index.h"

enum ch_scan_kind {
    CH_SCAN_NONE = 0,
    CH_SCAN_INDEX,    /* a project page of an upstream -> INDEX_HEAD and INDEX_FILE; or a document beside
                         pages -> INDEX_ENTRY records */
    CH_SCAN_DETAILS,  /* an upstream's JSON API document of a project: times and sizes */
    CH_SCAN_ARTIFACT, /* a release file -> MEMBER, FINDING, FACT, METADATA records */
    CH_SCAN_METADATA, /* a metadata sidecar -> FINDING, FACT, METADATA records */
    CH_SCAN_TAIL,     /* bytes from the end of an archive (range request): where the metadata member
                         lies -> FACT "metadata-range" or its bytes as METADATA */
};

/* Versions the findings are keyed by (T6): raise with every change of what an inspector reports. */
#define CH_INSPECTOR_VERSION 19
/* From this one on each inspection is stored with the digest of what it has. */
#define CH_INSPECTOR_RECORDS 7

/* The job as the scanner sees it. Encoded in CH_MSG_SCAN. */
struct ch_scan_job {
    uint64_t id;
    enum ch_scan_kind kind;
    struct ch_str ecosystem;    /* "pypi" */
    struct ch_str profile;      /* "wheel", "page-json", "page-html", ... chosen by the keeper */
    struct ch_str project;      /* normalised name expected, absent when none */
    struct ch_str version;      /* expected, as in the file name; absent when none */
    struct ch_str file_name;    /* as in the index */
    struct ch_str base_url;     /* of the document: relative links resolve against it */
    uint64_t size_bytes;        /* of the bytes behind the descriptor */
    uint64_t tail_offset_bytes; /* CH_SCAN_TAIL: where in the whole the bytes begin */
    uint64_t output_max_bytes;
    uint32_t cpu_seconds;
    uint32_t wall_ms;
    uint64_t memory_max_bytes;
};
void ch_scan_job_put(struct ch_buf *b, const struct ch_scan_job *job);
enum ch_code ch_scan_job_get(struct ch_str payload, struct ch_scan_job *ret,
                             struct ch_err *err) CH_MUST_CHECK;

enum ch_scan_record_type {
    CH_REC_NONE = 0,
    CH_REC_MEMBER = 1,     /* struct ch_member, in archive order */
    CH_REC_FINDING = 2,    /* struct ch_finding */
    CH_REC_FACT = 3,       /* name, value */
    CH_REC_METADATA = 4,   /* the core metadata bytes as they stand in the artifact */
    CH_REC_INDEX_HEAD = 5, /* struct ch_index_head */
    CH_REC_INDEX_FILE = 6, /* struct ch_index_file */
    CH_REC_INDEX_ENTRY = 7, /* struct ch_index_entry, of a document beside pages */
    CH_REC_END = 8,
};

enum ch_member_type { CH_MEMBER_FILE = 1, CH_MEMBER_DIR, CH_MEMBER_SYMLINK, CH_MEMBER_OTHER };

struct ch_member {
    struct ch_str path; /* raw bytes as stored */
    enum ch_member_type type;
    uint64_t size_bytes; /* unpacked */
    struct ch_str link;  /* target of a symbolic link, or of a hard link (OTHER); else absent */
    struct ch_sha256 sha256; /* of the unpacked content; zero for anything but a file */
};

struct ch_scan_end {
    uint64_t record_count; /* of all records before this one */
    uint64_t finding_count;
    struct ch_sha256 sha256; /* of the input */
    uint64_t size_bytes;
};

/* --- writing, in the jail: a bounded buffer flushed to fd 1-style descriptor --- */
struct ch_scan_writer;
struct ch_scan_writer *ch_scan_writer_new(int fd, uint64_t max_bytes);
/* A writer without output, for a reader whose findings are to be judged again: `seen` gets each, the
 * text as it stands in the file; everything else goes nowhere. It never fails. */
typedef void ch_scan_finding_fn(void *arg, enum ch_finding_code code, struct ch_str member,
                                struct ch_str evidence_raw);
struct ch_scan_writer *ch_scan_writer_listen(ch_scan_finding_fn *seen, void *arg);
void ch_scan_writer_free(struct ch_scan_writer *w);
/* All void: the first failure is kept and reported by ch_scan_write_end. Of findings, limits.h says
 * how many are kept; the first one dropped leaves a CH_F_LIMIT finding, so dropping still holds. */
void ch_scan_write_member(struct ch_scan_writer *w, const struct ch_member *m);
/* Escapes and clips `evidence_raw`; pass text as it stands in the file. */
void ch_scan_write_finding(struct ch_scan_writer *w, enum ch_finding_code code,
                           struct ch_str member, struct ch_str evidence_raw);
void ch_scan_write_fact(struct ch_scan_writer *w, struct ch_str name, struct ch_str value);
void ch_scan_write_metadata(struct ch_scan_writer *w, struct ch_str bytes);
void ch_scan_write_index_head(struct ch_scan_writer *w, const struct ch_index_head *h);
void ch_scan_write_index_file(struct ch_scan_writer *w, const struct ch_index_file *f);
void ch_scan_write_index_entry(struct ch_scan_writer *w, const struct ch_index_entry *e);
uint64_t ch_scan_writer_findings(const struct ch_scan_writer *w); /* how many so far */
/* CH_OK, or the first failure: lets a long parse stop early. */
enum ch_code ch_scan_writer_ok(const struct ch_scan_writer *w, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_scan_write_end(struct ch_scan_writer *w, const struct ch_sha256 *input,
                               uint64_t input_size_bytes, struct ch_err *err) CH_MUST_CHECK;

/* --- reading, in the keeper: strict --- */
struct ch_scan_record {
    enum ch_scan_record_type type;
    union {
        struct ch_member member;
        struct ch_finding finding;
        struct ch_fact fact;
        struct ch_str metadata;
        struct ch_index_head head;
        struct ch_index_file file;
        struct ch_index_entry entry;
        struct ch_scan_end end;
    } u;
};
struct ch_scan_reader { /* over the whole sealed stream */
    struct ch_rd rd;
    uint64_t count[CH_REC_END + 1]; /* read so far, by type; [CH_REC_NONE] counts all */
    bool ended;
};
void ch_scan_reader_init(struct ch_scan_reader *r, struct ch_str stream);
/* Next record into *ret (slices borrowed from the stream). CH_E_NOT_FOUND after a proper END;
 * CH_E_FORMAT for anything that deviates: unknown type or code, length, count, data after END, an
 * INDEX_HEAD that is not the first record; CH_E_LIMIT for more records than limits.h allows. */
enum ch_code ch_scan_read(struct ch_scan_reader *r, struct ch_scan_record *ret,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
