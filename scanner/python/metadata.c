#include "scanner/python/metadata_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

/* --- lines and headers --- */

/* Takes one line without its end (LF or CR LF) out of *rest. */
static struct ch_str take_line(struct ch_str *rest)
{
    struct ch_str line = *rest;
    size_t at;
    if (ch_str_find_char(*rest, '\n', &at)) {
        line = ch_str_sub(*rest, 0, at);
        *rest = ch_str_sub(*rest, at + 1, rest->len);
    } else {
        *rest = (struct ch_str){NULL, 0};
    }
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* Control bytes are an error, for a lone CR or NUL ends the line in some readers only. Form feeds
 * stay: licence texts folded into a header hold them, and no reader splits there. */
static bool is_text(struct ch_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        if ((c < 0x20 && c != '\t' && c != '\f') || c == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(line);
}

/* field-name = printable ASCII but blank and colon (RFC 5322 3.6.8) */
static bool split_header(struct ch_str line, struct ch_metadata_field *ret)
{
    size_t colon;
    if (!ch_str_find_char(line, ':', &colon) || colon == 0) {
        return false;
    }
    for (size_t i = 0; i < colon; i++) {
        if (line.ptr[i] <= 0x20 || line.ptr[i] > 0x7e) {
            return false;
        }
    }
    ret->name = ch_str_sub(line, 0, colon);
    ret->value = ch_str_trim(ch_str_sub(line, colon + 1, line.len));
    return true;
}

static void add_field(struct ch_metadata *m, size_t *cap, struct ch_metadata_field field)
{
    if (m->field_count == *cap) {
        *cap = *cap == 0 ? 64 : *cap * 2;
        m->fields = ch_realloc_array(m->fields, *cap, sizeof(*m->fields));
    }
    m->fields[m->field_count++] = field;
}

static enum ch_code parse_headers(struct ch_str bytes, struct ch_metadata *m, struct ch_err *err)
{
    struct ch_str rest = bytes;
    size_t cap = 0;
    for (size_t line_number = 1; rest.ptr != NULL && rest.len > 0; line_number++) {
        struct ch_str line = take_line(&rest);
        struct ch_metadata_field field = {.line = line_number};
        if (line.len == 0) {
            m->body = rest;
            return CH_OK;
        }
        if (line_number > ch_limits.metadata_headers) {
            return ch_fail(err, CH_E_LIMIT, "more than %llu header lines",
                           (unsigned long long)ch_limits.metadata_headers);
        }
        if (!is_text(line)) {
            return ch_fail(err, CH_E_FORMAT,
                           "line %zu: expected UTF-8 text without control characters", line_number);
        }
        if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
            if (m->field_count == 0) {
                return ch_fail(err, CH_E_FORMAT, "line 1: expected a header, found a blank");
            }
            struct ch_metadata_field *last = &m->fields[m->field_count - 1];
            last->value.len = (size_t)(line.ptr + line.len - last->value.ptr);
            continue;
        }
        if (!split_header(line, &field)) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected \"Name: value\" or an empty line",
                           line_number);
        }
        add_field(m, &cap, field);
    }
    return CH_OK;
}

/* --- the fields we rely on --- */

/* The field of this name; more than one is an error, for readers differ in which they take. */
static enum ch_code find_single(const struct ch_metadata *m, const char *name, bool required,
                                struct ch_str *ret, struct ch_err *err)
{
    const struct ch_metadata_field *found = NULL;
    for (size_t i = 0; i < m->field_count; i++) {
        const struct ch_metadata_field *f = &m->fields[i];
        if (!ch_str_eq_nocase(f->name, ch_str_of(name))) {
            continue;
        }
        if (found != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: a second %s (the first is on line %zu)",
                           f->line, name, found->line);
        }
        found = f;
    }
    if (found == NULL) {
        *ret = (struct ch_str){NULL, 0};
        return required ? ch_fail(err, CH_E_FORMAT, "%s is missing", name) : CH_OK;
    }
    if (found->value.len == 0 && required) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: %s is empty", found->line, name);
    }
    for (size_t i = 0; i < found->value.len; i++) {
        if ((unsigned char)found->value.ptr[i] < 0x20) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: %s: expected one line", found->line, name);
        }
    }
    *ret = found->value;
    return CH_OK;
}

static bool metadata_version_ok(struct ch_str v)
{
    return v.len == 3 && (v.ptr[0] == '1' || v.ptr[0] == '2') && v.ptr[1] == '.' &&
           v.ptr[2] >= '0' && v.ptr[2] <= '9';
}

static bool version_ok(struct ch_str v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] <= 0x20 || v.ptr[i] > 0x7e || v.ptr[i] == '/' || v.ptr[i] == '\\') {
            return false;
        }
    }
    return v.len <= ch_limits.version_bytes;
}

static enum ch_code read_fields(struct ch_metadata *m, struct ch_err *err)
{
    enum ch_code rc = find_single(m, "Metadata-Version", true, &m->metadata_version, err);
    if (rc == CH_OK) {
        rc = find_single(m, "Name", true, &m->name, err);
    }
    if (rc == CH_OK) {
        rc = find_single(m, "Version", true, &m->version, err);
    }
    if (rc == CH_OK) {
        rc = find_single(m, "Requires-Python", false, &m->requires_python, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    if (!metadata_version_ok(m->metadata_version)) {
        return ch_fail(err, CH_E_FORMAT, "Metadata-Version: expected 1.x or 2.x");
    }
    if (!ch_pypi_name_valid(m->name)) {
        return ch_fail(err, CH_E_FORMAT,
                       "Name: expected letters, digits and . - _ (PEP 508), at most %llu bytes",
                       (unsigned long long)ch_limits.project_name_bytes);
    }
    if (!version_ok(m->version)) {
        return ch_fail(err, CH_E_FORMAT,
                       "Version: expected printable ASCII without blanks or slashes, at most %llu "
                       "bytes",
                       (unsigned long long)ch_limits.version_bytes);
    }
    return CH_OK;
}

enum ch_code ch_metadata_parse(struct ch_str bytes, struct ch_metadata *ret, struct ch_err *err)
{
    struct ch_metadata m = {0};
    if (bytes.len > ch_limits.metadata_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%zu bytes of core metadata, at most %llu", bytes.len,
                       (unsigned long long)ch_limits.metadata_bytes);
    }
    enum ch_code rc = parse_headers(bytes, &m, err);
    if (rc == CH_OK) {
        rc = read_fields(&m, err);
    }
    if (rc != CH_OK) {
        ch_metadata_done(&m);
        return rc;
    }
    *ret = m;
    return CH_OK;
}

void ch_metadata_done(struct ch_metadata *m)
{
    free(m->fields);
    *m = (struct ch_metadata){0};
}

bool ch_metadata_next(const struct ch_metadata *m, struct ch_str name, size_t *at,
                      struct ch_str *ret_value)
{
    while (*at < m->field_count) {
        const struct ch_metadata_field *f = &m->fields[(*at)++];
        if (ch_str_eq_nocase(f->name, name)) {
            *ret_value = f->value;
            return true;
        }
    }
    return false;
}

/* --- the report --- */

void ch_metadata_finding(struct ch_scan_writer *out, enum ch_finding_code code,
                         struct ch_str member, const char *what, struct ch_str value)
{
    struct ch_buf b;
    ch_buf_init(&b, 2 * ch_limits.text_bytes);
    ch_buf_puts(&b, ch_str_of(what));
    ch_buf_puts(&b, ch_str_sub(value, 0, ch_limits.text_bytes));
    ch_scan_write_finding(out, code, member, ch_buf_str(&b));
    ch_buf_done(&b);
}

void ch_metadata_fact(struct ch_scan_writer *out, struct ch_str member, const char *name,
                      struct ch_str value)
{
    if (value.len > ch_limits.text_bytes) {
        ch_metadata_finding(out, CH_F_LIMIT, member, name, CH_STR(" is longer than is kept"));
    } else if (value.len > 0) {
        ch_scan_write_fact(out, ch_str_of(name), value);
    }
}

static void report_requirements(const struct ch_metadata *m, const char *field,
                                struct ch_str member, struct ch_scan_writer *out)
{
    struct ch_str value;
    for (size_t at = 0; ch_metadata_next(m, ch_str_of(field), &at, &value);) {
        switch (ch_requirement_classify(value)) {
        case CH_REQUIREMENT_DIRECT:
            ch_metadata_finding(out, CH_F_DIRECT_REFERENCE, member, "", value);
            break;
        case CH_REQUIREMENT_MALFORMED:
            ch_metadata_finding(out, CH_F_WHEEL_METADATA, member,
                                "not a PEP 508 requirement: ", value);
            break;
        case CH_REQUIREMENT_PLAIN:
            ch_metadata_fact(out, member, "requires-dist", value);
            break;
        }
    }
}

static void report_identity(const struct ch_scan_job *job, const struct ch_metadata *m,
                            struct ch_str member, struct ch_scan_writer *out)
{
    if (job->project.len > 0 && !ch_pypi_name_eq(m->name, job->project)) {
        ch_metadata_finding(out, CH_F_WHEEL_NAME_DIFFERS, member, "Name: ", m->name);
    }
    if (job->version.len > 0 && !ch_pypi_same_version(m->version, job->version)) {
        ch_metadata_finding(out, CH_F_WHEEL_NAME_DIFFERS, member, "Version: ", m->version);
    }
    ch_metadata_fact(out, member, "metadata-version", m->metadata_version);
    ch_metadata_fact(out, member, "name", m->name);
    ch_metadata_fact(out, member, "version", m->version);
    ch_metadata_fact(out, member, "requires-python", m->requires_python);
}

static void report_all(const struct ch_metadata *m, const char *field, const char *name,
                       struct ch_str member, struct ch_scan_writer *out)
{
    struct ch_str value;
    for (size_t at = 0; ch_metadata_next(m, ch_str_of(field), &at, &value);) {
        ch_metadata_fact(out, member, name, value);
    }
}

/* The old License field may hold the whole text: then it is no fact, just its first line is. */
static void report_license(const struct ch_metadata *m, struct ch_str member,
                           struct ch_scan_writer *out)
{
    struct ch_str value;
    size_t at = 0;
    if (ch_metadata_next(m, CH_STR("License"), &at, &value)) {
        struct ch_str line = take_line(&value);
        ch_metadata_fact(out, member, "license", ch_str_sub(line, 0, ch_limits.text_bytes));
    }
}

void ch_metadata_report(const struct ch_scan_job *job, struct ch_str member, struct ch_str bytes,
                        struct ch_scan_writer *out)
{
    struct ch_metadata m;
    struct ch_err err;
    if (ch_metadata_parse(bytes, &m, &err) != CH_OK) {
        ch_metadata_finding(out, CH_F_WHEEL_METADATA, member, err.msg, CH_STR(""));
        return;
    }
    report_identity(job, &m, member, out);
    report_requirements(&m, "Requires-Dist", member, out);
    report_requirements(&m, "Setup-Requires-Dist", member, out); /* the withdrawn PEP 426 */
    report_all(&m, "Provides-Extra", "provides-extra", member, out);
    report_all(&m, "License-Expression", "license-expression", member, out);
    report_license(&m, member, out);
    ch_metadata_report_origin(&m, member, out);
    ch_scan_write_metadata(out, bytes);
    ch_metadata_done(&m);
}
