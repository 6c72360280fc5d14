/* What `inspect` prints. Text from the files is escaped for whoever reads it: a terminal, JSON, SARIF. */
#include "inspect.h"
#include "sarif.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define LINE_MAX_BYTES (4u << 20)

struct report {
    enum inspect_format format;
    FILE *sarif;
    bool sarif_any;
    uint64_t files, with_findings, unreadable;
};

static void print(FILE *to, struct ch_buf *b)
{
    fwrite(b->ptr, 1, b->len, to);
    ch_buf_clear(b);
}

static const char *name_of(const struct ch_finding_row *row)
{
    return row != NULL ? row->name : "unknown";
}

static const char *text_of(const struct ch_finding_row *row)
{
    return row != NULL ? row->text : "has a finding that this program does not know";
}

/* Neither reader says more than this of a file that is none of its kind: archives inside have codes of
 * their own. */
static bool is_unreadable(const struct inspect_file *f)
{
    bool is = f->err.code != CH_OK || f->unfinished;
    for (size_t i = 0; !is && i < f->agreed.finding_count; i++) {
        enum ch_finding_code code = f->agreed.findings[i].code;
        is = code == CH_F_ZIP_UNREADABLE || code == CH_F_TAR_UNREADABLE ||
             code == CH_F_STREAM_UNREADABLE || code == CH_F_OCI_MANIFEST ||
             code == CH_F_OCI_CONFIG || code == CH_F_OCI_STATEMENT;
    }
    return is;
}

/* ------------------------------------------------------------------ text */

static void put_finding_text(struct ch_buf *b, const struct ch_finding *f)
{
    const struct ch_finding_row *row = ch_finding_row((uint32_t)f->code);
    ch_buf_printf(b, "  %-9s %-6s  %s: %s\n",
                  ch_finding_class_name(row != NULL ? row->cls : CH_CLASS_IRREGULAR),
                  ch_severity_name(row != NULL ? row->severity : CH_SEVERITY_HIGH), name_of(row),
                  text_of(row));
    if (f->member.len > 0 || f->evidence.len > 0) {
        ch_buf_puts(b, CH_STR("                    "));
        ch_buf_put_escaped(b, f->member);
        ch_buf_puts(b, f->member.len > 0 && f->evidence.len > 0 ? CH_STR(": ") : CH_STR(""));
        ch_buf_puts(b, f->evidence); /* escaped in the jail */
        ch_buf_putc(b, '\n');
    }
}

static void put_file_text(struct ch_buf *b, const struct inspect_file *f)
{
    ch_buf_put_escaped(b, ch_str_of(f->path));
    if (f->err.code != CH_OK) {
        ch_buf_puts(b, CH_STR(": not readable: "));
        ch_buf_put_escaped(b, ch_str_of(f->err.msg));
        ch_buf_putc(b, '\n');
        return;
    }
    size_t n = f->agreed.finding_count;
    ch_buf_printf(b, ": %s%s, %llu member%s, %zu finding%s\n",
                  is_unreadable(f) ? "not readable as " : "", f->profile,
                  (unsigned long long)f->agreed.row.member_count,
                  f->agreed.row.member_count == 1 ? "" : "s", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        put_finding_text(b, &f->agreed.findings[i]);
    }
    for (size_t i = 0; i < f->agreed.fact_count; i++) {
        if (ch_fact_by_name(f->agreed.facts[i].name) != NULL) {
            ch_buf_puts(b, CH_STR("  fact              "));
            ch_buf_put_escaped(b, f->agreed.facts[i].name);
            ch_buf_puts(b, CH_STR(": "));
            ch_buf_put_escaped(b, f->agreed.facts[i].value);
            ch_buf_putc(b, '\n');
        }
    }
}

/* ------------------------------------------------------------------ JSON */

static void put_key(struct ch_buf *b, const char *key, struct ch_str value)
{
    ch_buf_printf(b, ",\"%s\":", key);
    ch_buf_put_json(b, value);
}

static void put_finding_json(struct ch_buf *b, const struct ch_finding *f)
{
    const struct ch_finding_row *row = ch_finding_row((uint32_t)f->code);
    ch_buf_puts(b, CH_STR("{\"finding\":"));
    ch_buf_put_json(b, ch_str_of(name_of(row)));
    put_key(b, "class",
            ch_str_of(ch_finding_class_name(row != NULL ? row->cls : CH_CLASS_IRREGULAR)));
    put_key(b, "severity",
            ch_str_of(ch_severity_name(row != NULL ? row->severity : CH_SEVERITY_HIGH)));
    put_key(b, "text", ch_str_of(text_of(row)));
    if (f->member.len > 0) {
        put_key(b, "member", f->member);
    }
    if (f->evidence.len > 0) {
        put_key(b, "evidence", f->evidence);
    }
    ch_buf_putc(b, '}');
}

static void put_file_json(struct ch_buf *b, const struct inspect_file *f, bool first)
{
    ch_buf_puts(b, first ? CH_STR("{\"file\":") : CH_STR(",\n{\"file\":"));
    ch_buf_put_json(b, ch_str_of(f->path));
    if (f->err.code != CH_OK) {
        put_key(b, "error", ch_str_of(f->err.msg));
        ch_buf_putc(b, '}');
        return;
    }
    const struct ch_inspection_row *row = &f->agreed.row;
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&f->sha256, hex);
    put_key(b, "sha256", ch_str_of(hex));
    put_key(b, "profile", ch_str_of(f->profile));
    ch_buf_printf(
        b,
        ",\"size\":%llu,\"readable\":%s,\"complete\":%s,\"members\":%llu,\"inspector\":%d,"
        "\"cpu_us\":%llu,"
        "\"memory_bytes\":{\"strict\":%llu,\"second\":%llu}",
        (unsigned long long)f->size_bytes, is_unreadable(f) ? "false" : "true",
        row->outcome == CH_INSPECTION_COMPLETE ? "true" : "false",
        (unsigned long long)row->member_count, CH_INSPECTOR_VERSION,
        (unsigned long long)row->cpu_us, (unsigned long long)row->strict.memory_bytes,
        (unsigned long long)row->second.memory_bytes);
    ch_buf_puts(b, CH_STR(",\"findings\":["));
    for (size_t i = 0; i < f->agreed.finding_count; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
        put_finding_json(b, &f->agreed.findings[i]);
    }
    ch_buf_puts(b, CH_STR("],\"facts\":["));
    for (size_t i = 0; i < f->agreed.fact_count; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",{\"name\":") : CH_STR("{\"name\":"));
        ch_buf_put_json(b, f->agreed.facts[i].name);
        put_key(b, "value", f->agreed.facts[i].value);
        ch_buf_putc(b, '}');
    }
    ch_buf_puts(b, CH_STR("]}"));
}

/* ------------------------------------------------------------------ SARIF */

static void put_result_sarif(struct ch_buf *b, const struct inspect_file *f,
                             const struct ch_finding *finding, bool first)
{
    const struct ch_finding_row *row = ch_finding_row((uint32_t)finding->code);
    struct ch_buf text;
    ch_buf_init(&text, LINE_MAX_BYTES);
    ch_buf_puts(&text, ch_str_of(text_of(row)));
    if (finding->evidence.len > 0) {
        ch_buf_puts(&text, CH_STR(": "));
        ch_buf_puts(&text, finding->evidence);
    }
    sarif_put_result(b,
                     &(struct sarif_result){.rule = ch_str_of(name_of(row)),
                                            .level = sarif_level(row),
                                            .text = ch_buf_str(&text),
                                            .path = ch_str_of(f->path),
                                            .member = finding->member},
                     first);
    ch_buf_done(&text);
}

static void put_file_sarif(struct report *r, struct ch_buf *b, const struct inspect_file *f)
{
    for (size_t i = 0; f->err.code == CH_OK && i < f->agreed.finding_count; i++) {
        put_result_sarif(b, f, &f->agreed.findings[i], !r->sarif_any);
        r->sarif_any = true;
        print(r->sarif, b);
    }
}

/* ------------------------------------------------------------------ the whole */

enum ch_code report_open(enum inspect_format format, const char *sarif_path, struct report **ret,
                         struct ch_err *err)
{
    struct report *r = ch_calloc(1, sizeof(*r));
    r->format = format;
    if (sarif_path != NULL) {
        r->sarif = fopen(sarif_path, "we");
        if (r->sarif == NULL) {
            free(r);
            return ch_fail_errno(err, errno, "%s", sarif_path);
        }
        struct ch_buf b;
        ch_buf_init(&b, LINE_MAX_BYTES);
        sarif_put_begin(&b, NULL);
        print(r->sarif, &b);
        ch_buf_done(&b);
    }
    if (format == INSPECT_JSON) {
        printf("{\"files\":[\n");
    }
    *ret = r;
    return CH_OK;
}

void report_file(struct report *r, const struct inspect_file *f)
{
    struct ch_buf b;
    bool worse = false;
    ch_buf_init(&b, 2 * ch_limits.scan_output_bytes);
    if (r->format == INSPECT_JSON) {
        put_file_json(&b, f, r->files == 0);
    } else {
        put_file_text(&b, f);
    }
    print(stdout, &b);
    if (r->sarif != NULL) {
        put_file_sarif(r, &b, f);
    }
    ch_buf_done(&b);
    for (size_t i = 0; f->err.code == CH_OK && i < f->agreed.finding_count; i++) {
        worse = worse || sarif_above_note(ch_finding_row((uint32_t)f->agreed.findings[i].code));
    }
    r->files++;
    r->with_findings += worse;
    r->unreadable += is_unreadable(f);
}

uint64_t report_with_findings(const struct report *r)
{
    return r->with_findings;
}

uint64_t report_unreadable(const struct report *r)
{
    return r->unreadable;
}

enum ch_code report_close(struct report *r, const struct ch_sha256 *ruleset, uint64_t rule_count,
                          struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(ruleset, hex);
    if (r->format == INSPECT_JSON) {
        printf("],\"inspector\":%d,\"ruleset\":\"%s\",\"rules\":%llu}\n", CH_INSPECTOR_VERSION, hex,
               (unsigned long long)rule_count);
    } else {
        printf("%llu file%s: %llu with findings above a note, %llu not readable\n",
               (unsigned long long)r->files, r->files == 1 ? "" : "s",
               (unsigned long long)r->with_findings, (unsigned long long)r->unreadable);
    }
    bool written = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (r->sarif != NULL) {
        fprintf(r->sarif, "],\"properties\":{\"inspector\":%d,\"ruleset\":\"%s\"}}]}\n",
                CH_INSPECTOR_VERSION, hex);
        bool whole = ferror(r->sarif) == 0;
        written = fclose(r->sarif) == 0 && whole && written;
    }
    free(r);
    return written ? CH_OK : ch_fail(err, CH_E_IO, "the report could not be written whole");
}
