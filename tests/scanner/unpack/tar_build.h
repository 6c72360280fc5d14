/* Builds TAR archives for tests, byte by byte: valid ones by default, and every fault a row of a test
 * asks for. */
#ifndef CH_TEST_TAR_BUILD_H
#define CH_TEST_TAR_BUILD_H

#include "customhouse/bytes.h"

enum tb_format { TB_USTAR = 0, TB_GNU, TB_V7 };

struct tb_patch { /* bytes put over a header before its checksum is made */
    size_t at;
    struct ch_str bytes;
};

/* Zeroed fields mean "as it should be". */
struct tb_member {
    char type; /* default '0' */
    enum tb_format format;
    struct ch_str name;
    struct ch_str prefix;
    struct ch_str link;
    struct ch_str content;
    struct ch_str pax; /* "key=value\n..." instead of content: made to records */
    struct tb_patch patch[2];
    int checksum_off;
    bool checksum_signed; /* of signed bytes, as some old writers did */
    char padding;         /* instead of zeros */
    size_t cut;           /* bytes taken from the end again */
};

struct tb {
    struct ch_buf bytes;
};

void tb_init(struct tb *b);
void tb_done(struct tb *b);
void tb_add(struct tb *b, const struct tb_member *m);
void tb_file(struct tb *b, const char *name, const char *content);
void tb_zeros(struct tb *b, size_t len);
void tb_end(struct tb *b); /* two blocks of zeros */

#endif
