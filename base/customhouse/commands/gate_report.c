/* Reports of a gate: SARIF for who collects findings, JUnit's XML for who counts tests.
 *
 * Spec: SARIF 2.1.0 (OASIS); of JUnit's format there is none but what its readers take (Ant's
 * junitreport, Jenkins' junit plug-in). */
#include "gate.h"

#include "sarif.h"

#define TEXT_BYTES (1u << 20)

static struct ch_str text_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_string(v) ? (struct ch_str){json_string_value(v), json_string_length(v)}
                             : (struct ch_str){NULL, 0};
}

static bool has_passed(const json_t *image)
{
    return json_is_true(json_object_get(image, "passed"));
}

/* ------------------------------------------------------------------ SARIF */

static const struct sarif_rule not_allowed = {
    "not-allowed", "may not run there: the policy does not allow it, or nothing is known of it"};

/* team/app@sha256:HEX, where that is known. */
static struct ch_str name_of(const json_t *image)
{
    struct ch_str name = text_of(image, "name");
    return name.len > 0 ? name : text_of(image, "image");
}

static void put_refusal(struct ch_buf *b, const json_t *image, bool *first)
{
    struct ch_buf text;
    ch_buf_init(&text, TEXT_BYTES);
    ch_buf_puts(&text, text_of(image, "image"));
    ch_buf_puts(&text, CH_STR(": "));
    ch_buf_puts(&text, text_of(image, "state"));
    ch_buf_puts(&text, CH_STR(": "));
    ch_buf_puts(&text, text_of(image, "reason"));
    sarif_put_result(b,
                     &(struct sarif_result){.rule = ch_str_of(not_allowed.id),
                                            .level = "error",
                                            .text = ch_buf_str(&text),
                                            .path = name_of(image)},
                     *first);
    ch_buf_done(&text);
    *first = false;
}

static void put_findings(struct ch_buf *b, struct ch_str manifest, const json_t *file, bool *first)
{
    const json_t *findings = json_object_get(file, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *f = json_array_get(findings, i);
        const struct ch_finding_row *row = ch_finding_by_name(text_of(f, "code"));
        struct ch_str evidence = text_of(f, "evidence");
        struct ch_buf text, path;
        ch_buf_init(&text, TEXT_BYTES);
        ch_buf_init(&path, TEXT_BYTES);
        ch_buf_puts(&text, ch_str_of(row != NULL ? row->text : "has a finding"));
        ch_buf_puts(&text, evidence.len > 0 ? CH_STR(": ") : CH_STR(""));
        ch_buf_puts(&text, evidence);
        ch_buf_puts(&path, manifest);
        ch_buf_putc(&path, '/');
        ch_buf_puts(&path, text_of(file, "file"));
        sarif_put_result(b,
                         &(struct sarif_result){.rule = text_of(f, "code"),
                                                .level = sarif_level(row),
                                                .text = ch_buf_str(&text),
                                                .path = ch_buf_str(&path),
                                                .member = text_of(f, "member")},
                         *first);
        *first = false;
        ch_buf_done(&text);
        ch_buf_done(&path);
    }
}

void gate_put_sarif(struct ch_buf *b, const json_t *answer)
{
    const json_t *images = json_object_get(answer, "images");
    bool first = true;
    sarif_put_begin(b, &not_allowed);
    for (size_t i = 0; i < json_array_size(images); i++) {
        const json_t *image = json_array_get(images, i);
        const json_t *manifests = json_object_get(image, "manifests");
        if (!has_passed(image)) {
            put_refusal(b, image, &first);
        }
        for (size_t m = 0; m < json_array_size(manifests); m++) {
            const json_t *files = json_object_get(json_array_get(manifests, m), "files");
            for (size_t f = 0; f < json_array_size(files); f++) {
                put_findings(b, text_of(json_array_get(manifests, m), "manifest"),
                             json_array_get(files, f), &first);
            }
        }
    }
    ch_buf_puts(b, CH_STR("]}]}\n"));
}

/* ------------------------------------------------------------------ JUnit */

/* T20: as on a terminal; XML 1.0 has no way to write most control characters at all. */
static void put_xml(struct ch_buf *b, struct ch_str text)
{
    struct ch_str line;
    struct ch_buf shown;
    ch_buf_init(&shown, TEXT_BYTES);
    for (bool first = true; ch_str_split(&text, '\n', &line); first = false) {
        ch_buf_clear(&shown);
        ch_buf_put_printable(&shown, line);
        ch_buf_puts(b, first ? CH_STR("") : CH_STR("\n"));
        ch_buf_put_html(b, ch_buf_str(&shown));
    }
    ch_buf_done(&shown);
}

static void put_attribute(struct ch_buf *b, const char *name, struct ch_str value)
{
    ch_buf_printf(b, " %s=\"", name);
    put_xml(b, value);
    ch_buf_putc(b, '"');
}

/* What stands in the way, file by file; the whole trace stands once, behind all cases. */
static void put_refused(struct ch_buf *b, const json_t *manifest)
{
    const json_t *files = json_object_get(manifest, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        if (!ch_str_eq(text_of(file, "verdict"), CH_STR("allow"))) {
            put_xml(b, text_of(file, "file"));
            ch_buf_puts(b, CH_STR(": "));
            put_xml(b, text_of(file, "verdict"));
            ch_buf_puts(b, CH_STR(" ("));
            put_xml(b, text_of(file, "rule"));
            ch_buf_puts(b, CH_STR("): "));
            put_xml(b, text_of(file, "reason"));
            ch_buf_putc(b, '\n');
        }
    }
}

static void put_case(struct ch_buf *b, const json_t *image)
{
    struct ch_str environment = text_of(image, "environment");
    const json_t *manifests = json_object_get(image, "manifests");
    ch_buf_puts(b, CH_STR("<testcase"));
    put_attribute(b, "classname", environment.len > 0 ? environment : CH_STR("customhouse"));
    put_attribute(b, "name", text_of(image, "image"));
    ch_buf_puts(b, CH_STR(" time=\"0\">"));
    if (has_passed(image)) {
        ch_buf_puts(b, CH_STR("<system-out>"));
        put_xml(b, name_of(image));
        ch_buf_puts(b, CH_STR("</system-out>"));
    } else {
        ch_buf_puts(b, CH_STR("<failure"));
        put_attribute(b, "type", text_of(image, "state"));
        put_attribute(b, "message", text_of(image, "reason"));
        ch_buf_puts(b, CH_STR(">\n"));
        for (size_t i = 0; i < json_array_size(manifests); i++) {
            put_refused(b, json_array_get(manifests, i));
        }
        ch_buf_puts(b, CH_STR("</failure>"));
    }
    ch_buf_puts(b, CH_STR("</testcase>\n"));
}

void gate_put_junit(struct ch_buf *b, const json_t *answer, struct ch_str trace)
{
    const json_t *images = json_object_get(answer, "images");
    size_t count = json_array_size(images), failures = 0;
    for (size_t i = 0; i < count; i++) {
        failures += !has_passed(json_array_get(images, i));
    }
    ch_buf_puts(b, CH_STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"));
    ch_buf_printf(
        b,
        "<testsuite name=\"customhouse gate\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
        "skipped=\"0\" time=\"0\">\n",
        count, failures);
    for (size_t i = 0; i < count; i++) {
        put_case(b, json_array_get(images, i));
    }
    ch_buf_puts(b, CH_STR("<system-out>\n"));
    put_xml(b, trace);
    ch_buf_puts(b, CH_STR("</system-out>\n</testsuite>\n</testsuites>\n"));
}
