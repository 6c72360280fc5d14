/* Spec: SARIF 2.1.0 (OASIS), sections 3.13 to 3.30. */
#include "sarif.h"

#include <string.h>

bool sarif_above_note(const struct ch_finding_row *row)
{
    return row == NULL || row->cls != CH_CLASS_NOTE;
}

const char *sarif_level(const struct ch_finding_row *row)
{
    if (!sarif_above_note(row)) {
        return "note";
    }
    bool error = row == NULL || row->cls == CH_CLASS_ATTACK || row->severity == CH_SEVERITY_HIGH;
    return error ? "error" : "warning";
}

/* RFC 3986: of a path as it stands on the command line. */
static void put_uri(struct ch_buf *b, struct ch_str path)
{
    ch_buf_putc(b, '"');
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("-._~/", c) != NULL);
        if (plain) {
            ch_buf_putc(b, c);
        } else {
            ch_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
    ch_buf_putc(b, '"');
}

static void put_rule(struct ch_buf *b, const char *id, const char *text, bool first)
{
    ch_buf_puts(b, first ? CH_STR("\n{\"id\":") : CH_STR(",\n{\"id\":"));
    ch_buf_put_json(b, ch_str_of(id));
    ch_buf_puts(b, CH_STR(",\"shortDescription\":{\"text\":"));
    ch_buf_put_json(b, ch_str_of(text));
    ch_buf_puts(b, CH_STR("},\"defaultConfiguration\":{\"level\":"));
}

static void put_rules(struct ch_buf *b, const struct sarif_rule *more)
{
    const struct ch_finding_row *row;
    for (size_t i = 0; (row = ch_finding_at(i)) != NULL; i++) {
        put_rule(b, row->name, row->text, i == 0);
        ch_buf_printf(b, "\"%s\"},\"properties\":{\"class\":\"%s\",\"severity\":\"%s\"}}",
                      sarif_level(row), ch_finding_class_name(row->cls),
                      ch_severity_name(row->severity));
    }
    if (more != NULL) {
        put_rule(b, more->id, more->text, false);
        ch_buf_puts(b, CH_STR("\"error\"}}"));
    }
}

void sarif_put_begin(struct ch_buf *b, const struct sarif_rule *more)
{
    ch_buf_puts(b,
                CH_STR("{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/"
                       "schemas/sarif-schema-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\n"
                       "\"tool\":{\"driver\":{\"name\":\"customhouse\",\"version\":\"" CH_VERSION
                       "\",\"rules\":["));
    put_rules(b, more);
    ch_buf_puts(b, CH_STR("]}},\n\"results\":["));
}

void sarif_put_result(struct ch_buf *b, const struct sarif_result *r, bool first)
{
    ch_buf_puts(b, first ? CH_STR("\n{\"ruleId\":") : CH_STR(",\n{\"ruleId\":"));
    ch_buf_put_json(b, r->rule);
    ch_buf_printf(b, ",\"level\":\"%s\",\"message\":{\"text\":", r->level);
    ch_buf_put_json(b, r->text);
    ch_buf_puts(b,
                CH_STR("},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":"));
    put_uri(b, r->path);
    ch_buf_puts(b, CH_STR("}}"));
    if (r->member.len > 0) {
        ch_buf_puts(b,
                    CH_STR(",\"logicalLocations\":[{\"kind\":\"member\",\"fullyQualifiedName\":"));
        ch_buf_put_json(b, r->member);
        ch_buf_puts(b, CH_STR("}]"));
    }
    ch_buf_puts(b, CH_STR("}]}"));
}
