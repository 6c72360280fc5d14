/* Members, and what each alone must give. */
#ifndef CH_TESTS_CONTENT_ROWS_H
#define CH_TESTS_CONTENT_ROWS_H

#include <stddef.h>

#include "native_build.h"
#include "scanner/content/content.h"

enum content_body {
    TEXT = 0,
    ELF,
    PE,
    MACHO,
    ZIP_TEXT,
    ZIP_ELF,
    ZIP_FORGED,
    ZIP_CUT,
    ZIP_ENCRYPTED,
    ZIP_ZIP,
    ZIP_DEEP,
    ZIP_BEHIND,
    ZIP_BETWEEN,
    ZIP_BETWEEN_TEXT,
    ZIP_METHOD,
    GZIP,
    GZIP_ELF,
    GZIP_TWO,
    GZIP_SUM,
    GZIP_EXTRA,
    GZIP_AFTER,
    GZIP_ZIP,
    ELF_BEHIND,
    ELF_BASE64,
    ELF_HEX,
    ELF_KEY, /* changed by the text as a key that is repeated */
    PE_KEY,
    ELF_ZLIB,
    ELF_ZLIB_CUT
};

struct content_row {
    const char *label;
    const char *path;
    enum ch_content_kind kind;
    const char *platform;
    enum content_body body;
    struct native_spec native;
    struct ch_str text;
    size_t head; /* so much of its bytes is there; 0: all */
    const char *findings;
    const char *facts; /* "NAME VALUE" with "; " between, in the order they come */
};

/* A text that may hold zeros. */
#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
/* Kind and platform of the archive that a member is of. */
#define ANY .kind = CH_CONTENT_BUILT, .platform = "any"

extern const struct content_row content_rows[];
extern const size_t content_row_count;

#endif
