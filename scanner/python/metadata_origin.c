#include "scanner/python/metadata_int.h"

#include "base/spdx/spdx.h"
#include "customhouse/limits.h"

/* --- licence: stated as an expression, else exactly by an old field, else not at all --- */

/* What the licence classifiers may mean together, with a blank between and a NUL behind; empty when
 * there is none or one is not known. *ret_id is the identifier when there is one classifier and it
 * is exact. */
static void classified(const struct ch_metadata *m, struct ch_buf *ret_family,
                       struct ch_str *ret_id)
{
    size_t count = 0;
    bool known = true;
    struct ch_str value;
    *ret_id = (struct ch_str){NULL, 0};
    for (size_t at = 0; ch_metadata_next(m, CH_STR("Classifier"), &at, &value);) {
        /* "License :: OSI Approved" alone names no licence, and stands beside one that does */
        if (!ch_str_starts(value, CH_STR("License :: ")) ||
            ch_str_eq(value, CH_STR("License :: OSI Approved"))) {
            continue;
        }
        const char *family = ch_spdx_family_of_classifier(value);
        known = known && family != NULL;
        *ret_id = ++count == 1 ? ch_str_of(ch_spdx_of_classifier(value)) : (struct ch_str){NULL, 0};
        ch_buf_puts(ret_family, ret_family->len > 0 ? CH_STR(" ") : CH_STR(""));
        ch_buf_puts(ret_family, ch_str_of(family));
    }
    ch_buf_putc(ret_family, '\0');
    if (!known || ret_family->failed) {
        ch_buf_clear(ret_family);
    } else {
        ret_family->len--;
    }
}

static bool is_of_family(void *arg, struct ch_str licence, struct ch_str exception CH_UNUSED)
{
    return ch_spdx_family_has(arg, licence);
}

/* False when the old field is no exact licence; then *out is empty. */
static bool from_text(struct ch_str text, struct ch_buf *out)
{
    struct ch_err err;
    const char *id = ch_spdx_of_text(text);
    if (id != NULL) {
        ch_buf_puts(out, ch_str_of(id));
        return true;
    }
    if (ch_spdx_canonical(text, out, &err) == CH_OK) {
        return true;
    }
    ch_buf_clear(out);
    return false;
}

void ch_metadata_contradicts(struct ch_scan_writer *writer, struct ch_str member, const char *field,
                             struct ch_str stated, const char *other_field, struct ch_str other)
{
    struct ch_buf b;
    ch_buf_init(&b, 4 * ch_limits.licence_bytes);
    ch_buf_puts(&b, ch_str_sub(stated, 0, ch_limits.licence_bytes));
    ch_buf_puts(&b, ch_str_of(other_field));
    ch_buf_puts(&b, ch_str_sub(other, 0, ch_limits.licence_bytes));
    ch_metadata_finding(writer, CH_F_LICENCE_CONTRADICTS, member, field, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* Whether what is stated can be had under what classifiers or an old field may mean; yes where
 * those say nothing. */
static bool fits(struct ch_str expression, const char *family)
{
    struct ch_err err;
    bool met = true;
    return family == NULL ||
           ch_spdx_satisfied(expression, is_of_family, (void *)(uintptr_t)family, &met, &err) !=
               CH_OK ||
           met;
}

/* Whether the other expression names it. */
static bool is_named(void *arg, struct ch_str licence, struct ch_str exception CH_UNUSED)
{
    struct ch_str rest = *(struct ch_str *)arg;
    struct ch_str word;
    while (ch_str_split(&rest, ' ', &word)) {
        while (ch_str_starts(word, CH_STR("("))) {
            word = ch_str_sub(word, 1, word.len);
        }
        while (ch_str_ends(word, CH_STR(")"))) {
            word.len--;
        }
        if (ch_str_eq(word, licence)) {
            return true;
        }
    }
    return false;
}

/* Whether one of two expressions can be had under what the other one names: what says less does not
 * contradict. */
static bool agree(struct ch_str a, struct ch_str b)
{
    struct ch_err err;
    bool met = true;
    return ch_spdx_satisfied(a, is_named, &b, &met, &err) != CH_OK || met ||
           ch_spdx_satisfied(b, is_named, &a, &met, &err) != CH_OK || met;
}

/* Whether two lists of patterns can mean the same: one of the one begins as one of the other does.
 */
static bool families_meet(struct ch_str a, struct ch_str b)
{
    struct ch_str x;
    while (ch_str_split(&a, ' ', &x)) {
        struct ch_str rest = b;
        struct ch_str y;
        while (ch_str_split(&rest, ' ', &y)) {
            bool open_x = ch_str_ends(x, CH_STR("*"));
            bool open_y = ch_str_ends(y, CH_STR("*"));
            struct ch_str p = ch_str_sub(x, 0, x.len - (open_x ? 1 : 0));
            struct ch_str q = ch_str_sub(y, 0, y.len - (open_y ? 1 : 0));
            if ((open_x && ch_str_starts(q, p)) || (open_y && ch_str_starts(p, q)) ||
                ch_str_eq(p, q)) {
                return true;
            }
        }
    }
    return false;
}

static void report_old_fields(const struct ch_metadata *m, struct ch_str member, struct ch_buf *out,
                              struct ch_scan_writer *writer)
{
    struct ch_str text = {NULL, 0};
    struct ch_str id;
    struct ch_buf family;
    size_t at = 0;
    ch_buf_init(&family, 4 * ch_limits.licence_bytes);
    classified(m, &family, &id);
    CH_IGNORE(ch_metadata_next(m, CH_STR("License"), &at, &text));
    struct ch_str of_text = ch_str_of(ch_spdx_family_of_text(text));
    struct ch_str second;
    bool stated = from_text(text, out);
    if (ch_metadata_next(m, CH_STR("License"), &at, &second) && /* readers take one or the other */
        !ch_str_eq(ch_str_trim(text), ch_str_trim(second))) {
        ch_metadata_contradicts(writer, member, "License: ", ch_str_trim(text),
                                ", License: ", ch_str_trim(second));
    } else if (stated ? !fits(ch_buf_str(out), family.len > 0 ? family.ptr : NULL)
                      : of_text.len > 0 && family.len > 0 &&
                            !families_meet(of_text, ch_buf_str(&family))) {
        ch_metadata_contradicts(writer, member,
                                "License: ", stated ? ch_buf_str(out) : ch_str_trim(text),
                                ", classifier: ", ch_buf_str(&family));
    } else {
        ch_metadata_fact(writer, member, "licence", stated ? ch_buf_str(out) : id);
    }
    ch_buf_done(&family);
}

/* The old field beside an expression, which it must not stand beside. Its text may be the licence
 * itself: then it is no statement that can be compared. */
static void compare_text(const struct ch_metadata *m, struct ch_str member,
                         struct ch_str expression, struct ch_scan_writer *writer)
{
    struct ch_str text;
    struct ch_buf other;
    ch_buf_init(&other, 2 * ch_limits.licence_bytes);
    for (size_t at = 0; ch_metadata_next(m, CH_STR("License"), &at, &text);) {
        ch_buf_clear(&other);
        if (text.len > 0 &&
            (from_text(text, &other) ? !agree(expression, ch_buf_str(&other))
                                     : !fits(expression, ch_spdx_family_of_text(text)))) {
            ch_metadata_contradicts(writer, member, "License-Expression: ", expression,
                                    ", License: ", ch_str_trim(text));
            break;
        }
    }
    ch_buf_done(&other);
}

/* PEP 639: an expression stands above the other fields. That they differ is told all the same. */
static void report_expression(const struct ch_metadata *m, struct ch_str member,
                              struct ch_str expression, struct ch_scan_writer *writer)
{
    struct ch_str id;
    struct ch_buf family;
    ch_buf_init(&family, 4 * ch_limits.licence_bytes);
    classified(m, &family, &id);
    ch_metadata_fact(writer, member, "licence", expression);
    if (!fits(expression, family.len > 0 ? family.ptr : NULL)) {
        ch_metadata_contradicts(writer, member, "License-Expression: ", expression,
                                ", classifier: ", ch_buf_str(&family));
    }
    compare_text(m, member, expression, writer);
    ch_buf_done(&family);
}

const char *ch_metadata_licence(const struct ch_metadata *m, struct ch_buf *ret)
{
    struct ch_str value;
    struct ch_str id;
    struct ch_err err;
    struct ch_buf family;
    size_t at = 0;
    if (ch_metadata_next(m, CH_STR("License-Expression"), &at, &value)) {
        bool one = !ch_metadata_next(m, CH_STR("License-Expression"), &at, &id);
        return one && ch_spdx_canonical(value, ret, &err) == CH_OK ? "License-Expression: " : NULL;
    }
    ch_buf_init(&family, 4 * ch_limits.licence_bytes);
    classified(m, &family, &id);
    ch_buf_done(&family);
    if (ch_metadata_next(m, CH_STR("License"), &at, &value) && from_text(value, ret)) {
        return "License: ";
    }
    ch_buf_puts(ret, id);
    return id.len > 0 ? "classifier: " : NULL;
}

static void report_licence(const struct ch_metadata *m, struct ch_str member,
                           struct ch_scan_writer *writer)
{
    struct ch_str value;
    struct ch_str second;
    struct ch_err err;
    struct ch_buf out;
    size_t at = 0;
    ch_buf_init(&out, 2 * ch_limits.licence_bytes);
    if (!ch_metadata_next(m, CH_STR("License-Expression"), &at, &value)) {
        report_old_fields(m, member, &out, writer);
    } else if (ch_metadata_next(m, CH_STR("License-Expression"), &at, &second)) {
        ch_metadata_finding(writer, CH_F_LICENCE_EXPRESSION, member,
                            "a second License-Expression: ", second);
    } else if (ch_spdx_canonical(value, &out, &err) != CH_OK) {
        ch_metadata_finding(writer, CH_F_LICENCE_EXPRESSION, member,
                            "License-Expression: ", ch_str_of(err.msg));
    } else {
        report_expression(m, member, ch_buf_str(&out), writer);
    }
    ch_buf_done(&out);
}

/* --- people: the addresses, or the name where there is no address --- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Appends the text with each run of blanks and line ends as one blank. */
static void put_collapsed(struct ch_buf *out, struct ch_str text)
{
    bool blank = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ' || (text.ptr[i] >= '\t' && text.ptr[i] <= '\r')) {
            blank = out->len > 0;
            continue;
        }
        if (blank) {
            ch_buf_putc(out, ' ');
            blank = false;
        }
        ch_buf_putc(out, text.ptr[i]);
    }
}

/* One of a list of addresses: what is between < and >, in lower case, or all of it. */
static void report_person(struct ch_str person, struct ch_str member, const char *name,
                          struct ch_scan_writer *writer)
{
    size_t at;
    struct ch_buf out;
    ch_buf_init(&out, ch_limits.metadata_bytes);
    for (struct ch_str rest = person; ch_str_find_char(rest, '<', &at);) {
        rest = ch_str_sub(rest, at + 1, rest.len);
        person = ch_str_find_char(rest, '>', &at) ? ch_str_sub(rest, 0, at) : rest;
    }
    put_collapsed(&out, person);
    if (ch_str_find_char(ch_buf_str(&out), '@', &at)) {
        for (size_t i = 0; i < out.len; i++) {
            out.ptr[i] = lower(out.ptr[i]);
        }
    }
    ch_metadata_fact(writer, member, name, ch_buf_str(&out));
    ch_buf_done(&out);
}

/* RFC 5322 3.4: commas part mailboxes, but not within quotes. */
static bool take_person(struct ch_str *rest, struct ch_str *ret)
{
    bool quoted = false;
    size_t i = 0;
    if (rest->len == 0) {
        return false;
    }
    for (; i < rest->len && (quoted || rest->ptr[i] != ','); i++) {
        if (rest->ptr[i] == '\\' && quoted) {
            i++;
        } else if (rest->ptr[i] == '"') {
            quoted = !quoted;
        }
    }
    *ret = ch_str_sub(*rest, 0, i);
    *rest = ch_str_sub(*rest, i + 1, rest->len);
    return true;
}

static void report_people(const struct ch_metadata *m, const char *address_field,
                          const char *name_field, const char *name, struct ch_str member,
                          struct ch_scan_writer *writer)
{
    struct ch_str value = {NULL, 0};
    struct ch_str person;
    size_t at = 0;
    if (ch_metadata_next(m, ch_str_of(address_field), &at, &value) && value.len > 0) {
        while (take_person(&value, &person)) {
            report_person(person, member, name, writer);
        }
        return;
    }
    at = 0;
    /* old setuptools write UNKNOWN for nothing */
    if (ch_metadata_next(m, ch_str_of(name_field), &at, &value) &&
        !ch_str_eq(value, CH_STR("UNKNOWN"))) {
        struct ch_buf out;
        ch_buf_init(&out, ch_limits.metadata_bytes);
        put_collapsed(&out, value);
        ch_metadata_fact(writer, member, name, ch_buf_str(&out));
        ch_buf_done(&out);
    }
}

/* --- homes: "host/owner/repository", so that all addresses of one project are one --- */

/* Takes the host out of what follows "://": without user, port and "www.". False: no DNS name. */
static bool put_host(struct ch_str authority, struct ch_buf *out)
{
    size_t at;
    size_t dot;
    while (ch_str_find_char(authority, '@', &at)) {
        authority = ch_str_sub(authority, at + 1, authority.len);
    }
    if (ch_str_find_char(authority, ':', &at)) {
        authority = ch_str_sub(authority, 0, at);
    }
    if (ch_str_eq_nocase(ch_str_sub(authority, 0, 4), CH_STR("www."))) {
        authority = ch_str_sub(authority, 4, authority.len);
    }
    for (size_t i = 0; i < authority.len; i++) {
        char c = lower(authority.ptr[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.') {
            return false;
        }
        ch_buf_putc(out, c);
    }
    return ch_str_find_char(authority, '.', &dot);
}

/* Up to two segments of the path; the rest says where in the project something lies. */
static void put_path(struct ch_str path, struct ch_buf *out)
{
    struct ch_str segment;
    for (size_t n = 0; n < 2 && ch_str_split(&path, '/', &segment);) {
        if (segment.len == 0) {
            continue;
        }
        if (n == 1 && ch_str_ends(segment, CH_STR(".git"))) {
            segment.len -= 4;
        }
        bool plain = segment.len > 0 && segment.ptr[0] != '.';
        for (size_t i = 0; i < segment.len; i++) {
            char c = lower(segment.ptr[i]);
            plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '_' || c == '.' || c == '~');
        }
        if (!plain) {
            return;
        }
        ch_buf_putc(out, '/');
        for (size_t i = 0; i < segment.len; i++) {
            ch_buf_putc(out, lower(segment.ptr[i]));
        }
        n++;
    }
}

/* False when the text is no web address: "UNKNOWN", a mail address, a relative path. */
static bool normalise_home(struct ch_str url, struct ch_buf *out)
{
    size_t at;
    url = ch_str_trim(url);
    if (!ch_str_find(url, CH_STR("://"), &at)) {
        return false;
    }
    struct ch_str rest = ch_str_sub(url, at + 3, url.len);
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '?' || rest.ptr[i] == '#') {
            rest.len = i;
        }
    }
    struct ch_str authority = rest;
    struct ch_str path = {NULL, 0};
    if (ch_str_find_char(rest, '/', &at)) {
        authority = ch_str_sub(rest, 0, at);
        path = ch_str_sub(rest, at + 1, rest.len);
    }
    if (!put_host(authority, out)) {
        return false;
    }
    put_path(path, out);
    return true;
}

/* Those written before, each ended by a line end; what no longer fits is written again. */
static void report_home(struct ch_str url, struct ch_buf *seen, struct ch_str member,
                        struct ch_scan_writer *writer)
{
    struct ch_buf out;
    size_t at;
    ch_buf_init(&out, ch_limits.metadata_bytes);
    ch_buf_putc(&out, '\n');
    if (normalise_home(url, &out)) {
        ch_buf_putc(&out, '\n');
        if (!ch_str_find(ch_buf_str(seen), ch_buf_str(&out), &at)) {
            struct ch_str line = ch_buf_str(&out);
            ch_metadata_fact(writer, member, "home", ch_str_sub(line, 1, line.len - 2));
            ch_buf_puts(seen, ch_buf_str(&out));
        }
    }
    ch_buf_done(&out);
}

static void report_homes(const struct ch_metadata *m, struct ch_str member,
                         struct ch_scan_writer *writer)
{
    struct ch_buf seen;
    struct ch_str value;
    size_t comma;
    ch_buf_init(&seen, ch_limits.text_bytes);
    for (size_t at = 0; ch_metadata_next(m, CH_STR("Home-page"), &at, &value);) {
        report_home(value, &seen, member, writer);
    }
    for (size_t at = 0; ch_metadata_next(m, CH_STR("Project-URL"), &at, &value);) {
        /* "Label, address" */
        if (ch_str_find_char(value, ',', &comma)) {
            report_home(ch_str_sub(value, comma + 1, value.len), &seen, member, writer);
        }
    }
    ch_buf_done(&seen);
}

void ch_metadata_report_origin(const struct ch_metadata *m, struct ch_str member,
                               struct ch_scan_writer *out)
{
    report_licence(m, member, out);
    report_people(m, "Author-email", "Author", "author", member, out);
    report_people(m, "Maintainer-email", "Maintainer", "maintainer", member, out);
    report_homes(m, member, out);
}
