/* What a member is, by its bytes, and what its name says that it is. */
#ifndef CH_CONTENT_TYPE_H
#define CH_CONTENT_TYPE_H

#include "customhouse/bytes.h"

enum content_type {
    TYPE_OTHER = 0, /* none of ours */
    TYPE_TEXT,
    TYPE_SCRIPT, /* "#!" */
    TYPE_HTML,
    TYPE_NOTEBOOK,
    TYPE_NATIVE, /* native.h says which */
    TYPE_PYC,
    TYPE_PICKLE,
    TYPE_ZIP,
    TYPE_TAR,
    TYPE_GZIP,
    TYPE_BZIP2,
    TYPE_XZ,
    TYPE_ZSTD,
    TYPE_LZMA,
    TYPE_7Z,
    TYPE_RAR,
    TYPE_LZ4,
    TYPE_LZIP,
    TYPE_CAB,
    TYPE_COMPRESS, /* compress(1), ".Z" */
    TYPE_IMAGE,
    TYPE_PDF,
    TYPE_COUNT
};
/* `path` decides only where bytes alone cannot: a notebook is JSON, compiled Python begins with a
 * number that others have too. */
enum content_type content_type_of(struct ch_str path, struct ch_str bytes);
const char *content_type_name(enum content_type type); /* "zip"; the value of a fact "content" */
bool content_type_is_archive(enum content_type type);  /* zip to compress */

enum name_kind {
    NAME_OPEN = 0, /* the name promises nothing: no extension, ".bin", ".dat" */
    NAME_TEXT,     /* text, source, markup, tables */
    NAME_MEDIA,    /* pictures, sound, fonts, documents */
    NAME_NATIVE,
    NAME_ARCHIVE,
};
enum name_kind name_kind_of(struct ch_str path);

#endif
