/* Inside the TAR reader: the walk and its steps. */
#ifndef CH_SCANNER_TAR_INT_H
#define CH_SCANNER_TAR_INT_H

#include "scanner/unpack/name.h"
#include "scanner/unpack/tar.h"

enum { TAR_BLOCK_BYTES = 512 };
enum { TAR_OCTAL_MAX_SIZE_BITS = 33 }; /* eleven octal digits of a size */

enum tar_format { TAR_V7, TAR_USTAR, TAR_GNU };

struct tar_header { /* one block, decoded; slices borrow from the block */
    enum tar_format format;
    char type;
    struct ch_str name;
    struct ch_str prefix;
    struct ch_str link;
    uint32_t mode;
    uint64_t size;
    uint64_t major; /* of a device */
    uint64_t minor;
};

struct tar_extended { /* what extended headers said about the next member */
    bool pax;
    bool gnu_name;
    bool gnu_link;
    bool has_path;
    bool has_link;
    bool has_size;
    bool capability; /* an attribute that gives a program rights */
    bool overlay;    /* one that file systems of containers take for a deletion, or for more */
    uint64_t size;
    struct ch_buf path;
    struct ch_buf link;
};

struct tar_paths;
struct tar_layer;

struct ch_tar {
    const struct ch_input *in;
    const struct ch_tar_profile *profile;
    struct ch_scan_writer *out;
    ch_tar_seen_fn *seen;
    void *arg;
    struct ch_stream *stream;
    struct ch_str whole;  /* all unpacked bytes, where they lie in memory */
    uint64_t at;          /* offset in the unpacked bytes */
    uint64_t members;
    bool lost;            /* the structure did not hold: nothing more is read */
    uint8_t block[TAR_BLOCK_BYTES];
    uint8_t *room;        /* for content */
    size_t room_cap;
    struct ch_buf path;   /* of the member at hand: prefix and name joined */
    struct ch_buf name;   /* ... and where it lies, in a layer */
    struct ch_buf record; /* content of an extended header */
    struct tar_extended extended;
    struct ch_names *names;
    struct tar_paths *paths;
    struct tar_layer *layer; /* NULL: it is none, or was walked before */
    struct ch_hash *hash;    /* NULL: nothing is hashed */
    struct ch_hash *all;     /* of all unpacked bytes; NULL: nobody asks */
};

/* Reports a finding about `member` (absent: the archive); the evidence is printf text. */
void tar_report(struct ch_tar *t, enum ch_finding_code code, struct ch_str member, const char *fmt,
                ...) CH_PRINTF(4, 5);
/* The same, and nothing more is read. Always false. */
bool tar_lose(struct ch_tar *t, enum ch_finding_code code, struct ch_str member, const char *fmt,
              ...) CH_PRINTF(4, 5);

/* The next `len` bytes, in `room` (of that size) or where they lie; fewer only at the end. NULL: the
 * stream failed and the walk is lost. */
const uint8_t *tar_take(struct ch_tar *t, uint8_t *room, size_t len, size_t *ret_len);

/* Decodes a block that is not all zeros. False: lost. */
bool tar_header_read(struct ch_tar *t, const uint8_t *block, struct tar_header *ret);
/* What stands in the header of a member: fields that its format and type do not have. */
void tar_header_check(struct ch_tar *t, const uint8_t *block, const struct tar_header *h,
                      struct ch_str member);

/* An x, g, L or K header: reads its content into t->extended. False: lost. */
bool tar_extended_read(struct ch_tar *t, const struct tar_header *h);
bool tar_extended_pending(const struct ch_tar *t);
void tar_extended_clear(struct ch_tar *t);
/* Parses the records of a pax header. */
bool tar_pax_parse(struct ch_tar *t, struct ch_str records, bool global);

/* The path without the "./" that the profile may allow. */
struct ch_str tar_name_of(const struct ch_tar *t, struct ch_str path);
/* Paths and links of one member. */
void tar_name_check(struct ch_tar *t, struct ch_str path, enum ch_member_type type);
void tar_symlink_check(struct ch_tar *t, struct ch_str path, struct ch_str target);

/* --- tar_layer.c --- */
struct tar_layer *tar_layer_new(void);
void tar_layer_free(struct tar_layer *l); /* accepts NULL */
/* Where a path of a layer leads: without "/" and "./" before it, "//", "/./" and a "/" behind it. */
void tar_layer_clean(struct ch_str path, struct ch_buf *ret);
/* A member whose header is in order. False: lost. */
bool tar_layer_add(struct ch_tar *t, const struct tar_header *h, const struct ch_tar_member *m);
/* After the last member. */
void tar_layer_end(struct ch_tar *t);

/* What was listed: paths by number, from 1, and hard links to be held against the files before them. */
struct tar_paths *tar_paths_new(void);
void tar_paths_free(struct tar_paths *p);
/* `target`: of a hard link, else absent. False: archive_names_bytes are full. */
bool tar_paths_add(struct tar_paths *p, struct ch_str path, bool file, struct ch_str target);
/* What the last file that was added has. */
void tar_paths_content(struct tar_paths *p, uint32_t mode, const struct ch_sha256 *sha256);
/* Two files of the same path, bit by bit, with the same content: in whichever order they are taken, the
 * same comes out. */
bool tar_paths_same(const struct tar_paths *p, size_t number, size_t other);
struct ch_str tar_paths_at(const struct tar_paths *p, size_t number);
/* After the last member: reports hard links whose target was no file before them. */
void tar_paths_check_links(struct ch_tar *t);

#endif
