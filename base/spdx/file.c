/* What the text of a licence file says it is: by its title, or by the words that such texts begin
 * with. */
#include <string.h>

#include "base/spdx/spdx_int.h"

enum { OPENING_BYTES = 1500 }; /* of the text, its blanks folded: behind it others are quoted */

static const struct opening {
    const char *words;
    const char *family;
    bool binds; /* whoever has it in the text has it in force, whatever else stands there */
} openings[] = {
    {"affero general public license", "AGPL-*", true},
    {"server side public license", "SSPL-*", true},
    {"business source license", "BUSL-*", true},
    {"functional source license", "FSL-*", true},
    {"elastic license", "Elastic-*", true},
    {"polyform ", "PolyForm-*", true},
    {"attribution-noncommercial", "CC-BY-NC-*", true},
    {"commons clause", "LicenseRef-*", true},
    {"lesser general public license", "LGPL-*", false},
    {"library general public license", "LGPL-*", false},
    {"gnu general public license", "GPL-* LGPL-* AGPL-*", false},
    {"apache license version 2.0", "Apache-2.0*", false},
    {"apache license, version 2.0", "Apache-2.0*", false},
    {"mozilla public license", "MPL-*", false},
    {"eclipse public license", "EPL-*", false},
    {"python software foundation license", "PSF-* Python-* CNRI-*", false},
    {"free and unencumbered software", "Unlicense", false},
    {"permission is hereby granted, free of charge",
     "MIT* X11* HPND* ISC NCSA BSL-1.0 JSON ICU Unicode-* curl NTP* PostgreSQL", false},
    {"permission to use, copy, modify,", "ISC 0BSD HPND* NTP* MIT* PostgreSQL", false},
    {"redistribution and use in source and binary forms",
     "BSD-* 0BSD NCSA ISC Apache-1.* PHP-* OpenSSL* Zlib", false},
};

/* Small letters, and one blank for each run of blanks and of what decorates titles. */
static void fold(struct ch_str text, struct ch_buf *to)
{
    for (size_t i = 0; i < text.len && to->len < OPENING_BYTES; i++) {
        char c = text.ptr[i];
        if (c == '\0' || (c != '\n' && strchr(" \t\r#*=_>", c) != NULL)) {
            c = ' ';
        }
        c = c == '\n' ? ' ' : c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
        if (c != ' ' || (to->len > 0 && to->ptr[to->len - 1] != ' ')) {
            ch_buf_putc(to, c);
        }
    }
}

/* Whether the expression has an identifier of the family, or one that only its author knows. */
static bool names(struct ch_str expression, const char *family)
{
    struct ch_str word;
    while (ch_str_split(&expression, ' ', &word)) {
        while (ch_str_starts(word, CH_STR("("))) {
            word = ch_str_sub(word, 1, word.len);
        }
        while (ch_str_ends(word, CH_STR(")"))) {
            word.len--;
        }
        if (ch_spdx_family_has(family, word) || ch_str_starts(word, CH_STR("LicenseRef-"))) {
            return true;
        }
    }
    return false;
}

enum ch_spdx_file ch_spdx_compare_file(struct ch_str text, struct ch_str expression,
                                       const char **ret_family)
{
    struct ch_buf folded;
    enum ch_spdx_file found = CH_SPDX_FILE_UNKNOWN;
    ch_buf_init(&folded, OPENING_BYTES);
    fold(text, &folded);
    for (size_t i = 0; i < CH_ARRAY_LEN(openings); i++) {
        const struct opening *o = &openings[i];
        size_t at;
        if (!ch_str_find(ch_buf_str(&folded), ch_str_of(o->words), &at)) {
            continue;
        }
        if (names(expression, o->family)) {
            found = CH_SPDX_FILE_FITS;
        } else if (o->binds) {
            *ret_family = o->family;
            found = CH_SPDX_FILE_DIFFERS;
            break;
        } else if (found == CH_SPDX_FILE_UNKNOWN) {
            *ret_family = o->family;
            found = CH_SPDX_FILE_DIFFERS;
        }
    }
    ch_buf_done(&folded);
    return found;
}
