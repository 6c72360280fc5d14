/* Licence files against the licence that is stated.
 *
 * Only those at the top of the licences count (LICENSE, COPYING.LESSER): deeper ones are of what is
 * bundled. One that fits is enough, and a text that is not known says nothing.
 *
 * Spec: PEP 639 (License-File); setuptools and hatchling before it, which wrote the file without
 * the field. */
#include "base/spdx/spdx.h"
#include "customhouse/limits.h"
#include "scanner/python/metadata_int.h"

struct comparing {
    struct ch_metadata_licences *files;
    struct ch_str expression;
    const char *field;
    struct ch_buf member; /* of the first that differs; empty: none does */
    const char *family;
    bool fits; /* one does, or one is not known */
};

bool ch_metadata_is_licence_file(struct ch_str path)
{
    static const struct ch_str beginnings[] = {{"LICENSE", 7}, {"LICENCE", 7}, {"COPYING", 7}};
    size_t at;
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(beginnings); i++) {
        is = is || ch_str_eq_nocase(ch_str_sub(path, 0, beginnings[i].len), beginnings[i]);
    }
    return is && !ch_str_find_char(path, '/', &at);
}

static void compare(struct comparing *c, struct ch_str path)
{
    struct ch_buf text;
    struct ch_str member;
    const char *family = NULL;
    ch_buf_init(&text, ch_limits.metadata_bytes);
    if (c->files->read(c->files->arg, path, &text, &member)) {
        switch (ch_spdx_compare_file(ch_buf_str(&text), c->expression, &family)) {
        case CH_SPDX_FILE_UNKNOWN:
        case CH_SPDX_FILE_FITS:
            c->fits = true;
            break;
        case CH_SPDX_FILE_DIFFERS:
            if (c->member.len == 0) {
                ch_buf_puts(&c->member, member);
                c->family = family;
            }
            break;
        }
    }
    ch_buf_done(&text);
}

void ch_metadata_compare_licences(struct ch_str bytes, struct ch_metadata_licences *files,
                                  struct ch_scan_writer *out)
{
    static const char *const usual[] = {"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE",
                                        "COPYING"};
    struct ch_metadata m;
    struct ch_err err;
    struct ch_buf expression;
    struct ch_str path;
    bool listed = false;
    if (ch_metadata_parse(bytes, &m, &err) != CH_OK) {
        return; /* told where it was reported */
    }
    ch_buf_init(&expression, 2 * ch_limits.licence_bytes);
    struct comparing c = {.files = files, .field = ch_metadata_licence(&m, &expression)};
    c.expression = ch_buf_str(&expression);
    ch_buf_init(&c.member, ch_limits.member_path_bytes);
    for (size_t at = 0;
         c.field != NULL && ch_metadata_next(&m, CH_STR("License-File"), &at, &path);) {
        listed = true;
        if (ch_metadata_is_licence_file(path)) {
            compare(&c, path);
        }
    }
    for (size_t i = 0; c.field != NULL && !listed && i < CH_ARRAY_LEN(usual); i++) {
        compare(&c, ch_str_of(usual[i]));
    }
    if (c.member.len > 0 && !c.fits) {
        ch_metadata_contradicts(out, ch_buf_str(&c.member), c.field, c.expression,
                                ", this file: ", ch_str_of(c.family));
    }
    ch_buf_done(&c.member);
    ch_buf_done(&expression);
    ch_metadata_done(&m);
}
