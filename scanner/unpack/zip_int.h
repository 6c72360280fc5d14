/* Inside the ZIP reader: the object and the steps of ch_zip_open, in the order they run. */
#ifndef CH_SCANNER_ZIP_INT_H
#define CH_SCANNER_ZIP_INT_H

#include "scanner/unpack/zip.h"

enum {
    ZIP_SIG_LOCAL = 0x04034b50,
    ZIP_SIG_CENTRAL = 0x02014b50,
    ZIP_SIG_DESCRIPTOR = 0x08074b50,
    ZIP_SIG_END = 0x06054b50,
    ZIP_SIG_END64 = 0x06064b50,
    ZIP_SIG_LOCATOR = 0x07064b50,
    ZIP_LOCAL_BYTES = 30,
    ZIP_CENTRAL_BYTES = 46,
    ZIP_END_BYTES = 22,
    ZIP_END64_BYTES = 56,
    ZIP_LOCATOR_BYTES = 20,
    ZIP_METHOD_STORED = 0,
    ZIP_METHOD_DEFLATE = 8,
    ZIP_FLAG_DESCRIPTOR = 1 << 3,
    ZIP_FLAG_UTF8 = 1 << 11,
};

struct zip_entry { /* what only the checks of the structure need, beside the public member */
    struct ch_zip_member m;
    uint32_t external; /* external attributes */
    uint8_t system;    /* that wrote them: 3 is Unix */
    char *link;        /* what m.link borrows from */
};

struct zip_end { /* the end record, ZIP64 included */
    uint64_t at; /* where the end records begin: the central directory must end here */
    uint64_t cd_at;
    uint64_t cd_bytes;
    uint64_t count;
};

struct ch_zip {
    struct ch_str bytes;
    const struct ch_zip_profile *profile;
    struct ch_scan_writer *out;
    struct zip_end end;
    struct zip_entry *entries;
    size_t count;
    bool complete;
    struct libdeflate_decompressor *inflater; /* made when first needed */
    uint8_t *whole;                           /* one unpacked member */
    size_t whole_cap;
};

/* Reports a finding about `member` (absent: the archive); the evidence is printf text. */
void zip_report(struct ch_zip *z, enum ch_finding_code code, struct ch_str member, const char *fmt,
                ...) CH_PRINTF(4, 5);

/* A reader at offset `at`, to the end of the file; failed when `at` lies beyond. */
struct ch_rd zip_rd(const struct ch_zip *z, uint64_t at);

/* The end records, searched as real readers do and then held to the strict rules. False: structure
 * lost (a finding says why). */
bool zip_end_read(struct ch_zip *z);

/* The central directory, which must fill the room before the end records exactly. */
bool zip_central_read(struct ch_zip *z);

/* Local headers, data and descriptors from byte 0 to the central directory. */
void zip_walk(struct ch_zip *z);

/* Names and types: one member, and all against each other. */
void zip_name_check(struct ch_zip *z, struct zip_entry *e);
void zip_name_duplicates(struct ch_zip *z);

/* Extra fields of one header. `zip64` is in and out: in, the header's own values; out, with those
 * replaced that the ZIP64 field states. */
struct zip_sizes {
    uint64_t size;
    uint64_t packed;
    uint64_t header_at; /* central only, else 0 */
    bool has_zip64;     /* a ZIP64 field with values was there */
};
void zip_extra_check(struct ch_zip *z, struct ch_str name, struct ch_str extra, bool central,
                     struct zip_sizes *sizes);

#endif
