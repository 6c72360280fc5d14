/* Builds ZIP archives for tests: valid ones by default, and every fault a row of a test asks for.
 */
#ifndef CH_TEST_ZIP_BUILD_H
#define CH_TEST_ZIP_BUILD_H

#include "customhouse/bytes.h"

enum { ZB_MEMBERS_MAX = 64 };

/* Zeroed fields mean "as it should be". */
struct zb_member {
    struct ch_str name;
    struct ch_str content;
    bool deflate;
    bool descriptor;          /* crc and sizes 0 in the local header, given after the data */
    bool bad_descriptor;      /* ... wrongly */
    bool not_central;         /* only a local header */
    bool zip64;               /* sizes in ZIP64 fields of both headers */
    bool zip64_at;            /* ... and the header's offset in the directory's */
    bool zip64_disk;          /* ... and a disk number behind it */
    uint32_t disk;            /* that number */
    uint16_t flags;           /* added in both headers */
    uint16_t local_flags;     /* added in the local header only */
    uint16_t method;          /* stated instead of the real one, when not 0 */
    uint32_t unix_mode;       /* default 0100644 */
    uint8_t system;           /* default 3; 0xff stands for DOS */
    uint32_t external;        /* or'ed into the external attributes */
    struct ch_str local_name; /* stated in the local header instead */
    struct ch_str extra;      /* extra fields, as they stand, of both headers */
    struct ch_str local_extra;
    struct ch_str comment;
    struct ch_str packed_tail; /* appended to the packed data and counted */
    struct ch_str gap;         /* put before the local header, counted nowhere */
    int64_t size_off;          /* added to the stated size, in both headers */
    int64_t packed_off;        /* added to the stated packed size, in both headers */
    uint32_t crc_xor;          /* in both headers */
    int64_t local_size_off;    /* in the local header only */
    int64_t local_packed_off;
    uint32_t local_crc_xor;
    int64_t central_at_off;    /* added to the header's offset in the directory */
    size_t local_flip;         /* a byte of the local header that is changed, by its offset */
    size_t central_flip;       /* ... of the directory's */
    bool last;                 /* for those who build an archive around it: nothing is to follow */
};

struct zb_end {               /* the end record and what surrounds it */
    struct ch_str before_end; /* between directory and end record */
    struct ch_str comment;
    struct ch_str after;
    int count_off;      /* added to both counts */
    bool zip64;         /* with ZIP64 end record and locator, the old fields saturated */
    bool zip64_differs; /* ... and the old count not saturated, but another */
    bool keeps_count;   /* ... and of the old fields these as they are */
    bool keeps_bytes;
    bool keeps_at;
    size_t flip;        /* a byte that is changed, so many before the end of the file */
};

struct zb {
    struct ch_buf bytes;
    struct ch_buf central;
    unsigned count;
};

void zb_init(struct zb *b);
void zb_done(struct zb *b);
void zb_add(struct zb *b, const struct zb_member *m);
void zb_file(struct zb *b, const char *name, const char *content); /* deflated, as it should be */
void zb_end(struct zb *b, const struct zb_end *e);                 /* NULL: as it should be */

#endif
