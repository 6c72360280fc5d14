#include "scanner/content/type.h"

#include <string.h>

#include "customhouse/ascii.h"
#include "scanner/content/native.h"
#include "scanner/content/path.h"
#include "scanner/unpack/stream.h"

enum { TAR_MAGIC_AT = 257, PROBE_BYTES = 4096 };

static const char *const names[] = {
    [TYPE_OTHER] = "other", [TYPE_TEXT] = "text",         [TYPE_SCRIPT] = "script",
    [TYPE_HTML] = "html",   [TYPE_NOTEBOOK] = "notebook", [TYPE_NATIVE] = "native",
    [TYPE_PYC] = "pyc",     [TYPE_PICKLE] = "pickle",     [TYPE_ZIP] = "zip",
    [TYPE_TAR] = "tar",     [TYPE_GZIP] = "gzip",         [TYPE_BZIP2] = "bzip2",
    [TYPE_XZ] = "xz",       [TYPE_ZSTD] = "zstd",         [TYPE_7Z] = "7z",
    [TYPE_RAR] = "rar",     [TYPE_IMAGE] = "image",       [TYPE_PDF] = "pdf",
    [TYPE_LZMA] = "lzma",   [TYPE_LZ4] = "lz4",           [TYPE_LZIP] = "lzip",
    [TYPE_CAB] = "cab",     [TYPE_COMPRESS] = "compress",
};
_Static_assert(CH_ARRAY_LEN(names) == TYPE_COUNT, "each type has a name");

const char *content_type_name(enum content_type type)
{
    return names[type];
}

bool content_type_is_archive(enum content_type type)
{
    return type >= TYPE_ZIP && type <= TYPE_COMPRESS;
}

static const struct {
    enum content_type type;
    struct ch_str magic;
} magics[] = {
    {TYPE_ZIP, {"PK\3\4", 4}},
    {TYPE_ZIP, {"PK\5\6", 4}}, /* without members */
    {TYPE_GZIP, {"\x1f\x8b\x08", 3}},
    {TYPE_XZ,
     {"\xfd"
      "7zXZ\0",
      6}},
    {TYPE_ZSTD, {"\x28\xb5\x2f\xfd", 4}},
    {TYPE_7Z, {"7z\xbc\xaf\x27\x1c", 6}},
    {TYPE_RAR, {"Rar!\x1a\x07", 6}},
    {TYPE_LZ4, {"\x04\x22\x4d\x18", 4}},
    {TYPE_LZIP, {"LZIP\1", 5}},
    {TYPE_CAB, {"MSCF\0\0\0\0", 8}},
    {TYPE_IMAGE, {"\x89PNG\r\n\x1a\n", 8}},
    {TYPE_IMAGE, {"GIF8", 4}},
    {TYPE_IMAGE, {"\xff\xd8\xff", 3}},
    {TYPE_PDF, {"%PDF-", 5}},
    {TYPE_SCRIPT, {"#!", 2}},
};

/* "BZh", a digit, and the first block's or the end's own magic: three letters alone are text. */
static bool is_bzip2(struct ch_str b)
{
    struct ch_str block = ch_str_sub(b, 4, 6);
    return ch_str_starts(b, CH_STR("BZh")) && b.len >= 10 && b.ptr[3] >= '1' && b.ptr[3] <= '9' &&
           (ch_str_eq(block, CH_STR("1AY&SY")) ||
            ch_str_eq(block, CH_STR("\x17\x72\x45\x38\x50\x90")));
}

/* compress(1): two bytes, then the bits of a code (9 to 16), and whether the table is made anew. */
static bool is_compress(struct ch_str b)
{
    enum { BITS = 0x1f, RESERVED = 0x60, BITS_MIN = 9, BITS_MAX = 16 };
    unsigned flags = b.len >= 4 ? (uint8_t)b.ptr[2] : 0;
    return ch_str_starts(b, CH_STR("\x1f\x9d")) && (flags & RESERVED) == 0 &&
           (flags & BITS) >= BITS_MIN && (flags & BITS) <= BITS_MAX;
}

/* Frames that zstd passes over, and then one that it unpacks. */
static bool is_zstd_behind(struct ch_str b)
{
    struct ch_str rest = ch_stream_skip_frames(b);
    return rest.len < b.len && ch_str_starts(rest, CH_STR("\x28\xb5\x2f\xfd"));
}

/* Protocol 2 and later begin with PROTO; 4 and later go on with FRAME or a short opcode. Ends with
 * STOP, where the end is here. */
static bool is_pickle(struct ch_str path, struct ch_str b)
{
    bool named = path_has_extension(path, "pkl") || path_has_extension(path, "pickle") ||
                 path_has_extension(path, "joblib") || path_has_extension(path, "dill");
    if (b.len < 4 || (uint8_t)b.ptr[0] != 0x80 || b.ptr[1] < 2 || b.ptr[1] > 5) {
        return named;
    }
    return named || b.ptr[b.len - 1] == '.';
}

/* CPython's magic numbers end in CR LF; then come flags (PEP 552), and after 16 bytes a code object, with
 * or without FLAG_REF. */
static bool is_pyc(struct ch_str path, struct ch_str b)
{
    enum { HEADER = 16, FLAG_REF = 0x80, FLAGS_MAX = 3 };
    if (b.len < 12 || b.ptr[2] != '\r' || b.ptr[3] != '\n') {
        return false;
    }
    if (path_has_extension(path, "pyc") || path_has_extension(path, "pyo")) {
        return true;
    }
    bool flags = (uint8_t)b.ptr[4] <= FLAGS_MAX && b.ptr[5] == 0 && b.ptr[6] == 0 && b.ptr[7] == 0;
    return flags && b.len > HEADER && (uint8_t)b.ptr[1] >= 0x0c && (uint8_t)b.ptr[1] <= 0x0f &&
           ((uint8_t)b.ptr[HEADER] & ~(unsigned)FLAG_REF) == 'c';
}

/* Whether one of eight bytes may be below a blank; never no where one is. */
static bool has_control(const char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof(eight));
    return ((eight - UINT64_C(0x2020202020202020)) & ~eight & UINT64_C(0x8080808080808080)) != 0;
}

static enum content_type text_type(struct ch_str path, struct ch_str probe)
{
    struct ch_str s = probe;
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t' || s.ptr[0] == '\n' ||
                         s.ptr[0] == '\r')) {
        s = ch_str_sub(s, 1, s.len);
    }
    if (ch_str_starts_nocase(s, CH_STR("<!doctype html")) ||
        ch_str_starts_nocase(s, CH_STR("<html"))) {
        return TYPE_HTML;
    }
    if (ch_str_starts(s, CH_STR("{")) && path_has_extension(path, "ipynb")) {
        return TYPE_NOTEBOOK;
    }
    for (size_t i = 0; i < probe.len; i++) {
        while (probe.len - i >= sizeof(uint64_t) && !has_control(probe.ptr + i)) {
            i += sizeof(uint64_t);
        }
        uint8_t c = i < probe.len ? (uint8_t)probe.ptr[i] : ' ';
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b) {
            return TYPE_OTHER;
        }
    }
    return TYPE_TEXT;
}

enum content_type content_type_of(struct ch_str path, struct ch_str bytes)
{
    if (native_detect(bytes) != NATIVE_NONE) {
        return TYPE_NATIVE;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(magics); i++) {
        if (ch_str_starts(bytes, magics[i].magic)) {
            return magics[i].type;
        }
    }
    if (is_bzip2(bytes)) {
        return TYPE_BZIP2;
    }
    if (is_zstd_behind(bytes)) {
        return TYPE_ZSTD;
    }
    if (is_compress(bytes)) {
        return TYPE_COMPRESS;
    }
    if (ch_str_eq(ch_str_sub(bytes, TAR_MAGIC_AT, 5), CH_STR("ustar"))) {
        return TYPE_TAR;
    }
    if (is_pyc(path, bytes)) {
        return TYPE_PYC;
    }
    if (ch_stream_detect(ch_str_sub(bytes, 0, PROBE_BYTES)) == CH_STREAM_LZMA) {
        return TYPE_LZMA;
    }
    if (is_pickle(path, bytes)) {
        return TYPE_PICKLE;
    }
    return text_type(path, ch_str_sub(bytes, 0, PROBE_BYTES));
}

static const struct {
    enum name_kind kind;
    const char *extensions; /* with blanks around each */
} kinds[] = {
    {NAME_TEXT, " txt md rst json csv tsv html htm css js mjs ts jsx tsx map yml yaml toml cfg ini "
                "conf xml xsl "
                "xsd py pyi pyw pyx pxd pxi c cc cpp cxx h hh hpp hxx f f90 for rs go java sh bash "
                "bat ps1 sql "
                "tex log ipynb lock in typed svg j2 jinja tmpl geojson po pot proto graphql "
                "properties env r R "},
    {NAME_MEDIA,
     " png jpg jpeg gif bmp ico webp tif tiff wav mp3 mp4 ogg flac avi mov webm ttf otf woff woff2 "
     "eot pdf ps eps "},
    {NAME_NATIVE, " so pyd dll dylib exe o a lib obj sys com node "},
    {NAME_ARCHIVE, " zip whl egg jar war npz tar tgz tbz tbz2 txz gz bz2 xz zst 7z rar conda pyz "
                   "nupkg lzma tlz lz4 lz cab "},
};

enum name_kind name_kind_of(struct ch_str path)
{
    enum { EXTENSION_MAX = 12 };
    struct ch_str extension = path_extension(path);
    struct ch_buf key;
    enum name_kind kind = NAME_OPEN;
    size_t at;
    if (extension.len == 0 || extension.len > EXTENSION_MAX) {
        return NAME_OPEN;
    }
    ch_buf_init(&key, EXTENSION_MAX + 2);
    ch_buf_putc(&key, ' ');
    for (size_t i = 0; i < extension.len; i++) {
        char c = extension.ptr[i];
        ch_buf_putc(&key, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    ch_buf_putc(&key, ' ');
    for (size_t i = 0; kind == NAME_OPEN && i < CH_ARRAY_LEN(kinds); i++) {
        if (ch_str_find(ch_str_of(kinds[i].extensions), ch_buf_str(&key), &at)) {
            kind = kinds[i].kind;
        }
    }
    ch_buf_done(&key);
    return kind;
}
