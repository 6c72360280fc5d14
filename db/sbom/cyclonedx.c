/* CycloneDX 1.6, as JSON. */
#include <stdio.h>

#include "customhouse/limits.h"
#include "sbom_int.h"

/* What each document begins with, in front of its own number. */
#define BEGIN "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"serialNumber\":\"urn:uuid:"

static void put_reference(struct ch_buf *b, const char *name, const char *what, size_t number)
{
    char text[40];
    snprintf(text, sizeof(text), "%s-%zu", what, number);
    if (name != NULL) {
        sbom_field(b, name, ch_str_of(text));
    } else {
        sbom_item(b, ch_str_of(text));
    }
}

static void put_hash(struct ch_buf *b, const struct ch_sha256 *sha256)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(sha256, hex);
    sbom_open(b, "hashes", '[');
    sbom_begin(b);
    sbom_field(b, "alg", CH_STR("SHA-256"));
    sbom_field(b, "content", ch_str_of(hex));
    ch_buf_puts(b, CH_STR("}]"));
}

static void put_property(struct ch_buf *b, const char *name, struct ch_str value)
{
    if (value.len > 0) {
        sbom_begin(b);
        sbom_field(b, "name", ch_str_of(name));
        sbom_field(b, "value", value);
        ch_buf_putc(b, '}');
    }
}

static void put_number(struct ch_buf *b, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    put_property(b, name, ch_str_of(digits));
}

static void put_layer_digest(struct ch_buf *b, const struct ch_sbom_layer *layer)
{
    char text[CH_SHA256_HEX + sizeof("sha256:")] = "sha256:";
    ch_sha256_hex(&layer->sha256, text + sizeof("sha256:") - 1);
    put_property(b, "customhouse:layer", ch_str_of(text));
}

/* ------------------------------------------------------------------ what it is about */

/* An expression, or the words of who made it; never an identifier that is made up of words. */
static void put_licences(struct ch_buf *b, struct ch_str expression, struct ch_str stated)
{
    if (expression.len == 0 && stated.len == 0) {
        return;
    }
    sbom_open(b, "licenses", '[');
    sbom_begin(b);
    if (expression.len > 0) {
        sbom_field(b, "expression", expression);
        sbom_field(b, "acknowledgement", CH_STR("declared"));
    } else {
        sbom_open(b, "license", '{');
        sbom_field(b, "name", stated);
        sbom_field(b, "acknowledgement", CH_STR("declared"));
        ch_buf_putc(b, '}');
    }
    ch_buf_puts(b, CH_STR("}]"));
}

static void put_url(struct ch_buf *b, struct ch_buf *url)
{
    sbom_field(b, "purl", ch_buf_str(url));
    b->failed = b->failed || url->failed;
    ch_buf_done(url);
}

static void put_metadata(struct ch_buf *b, const struct ch_sbom *s)
{
    struct ch_buf url;
    char inspector[32];
    snprintf(inspector, sizeof(inspector), "inspector %u", s->inspector_version);
    sbom_open(b, "metadata", '{');
    sbom_put_time(b, "timestamp", s->made_at_us);
    sbom_open(b, "tools", '{');
    sbom_open(b, "components", '[');
    sbom_begin(b);
    sbom_field(b, "type", CH_STR("application"));
    sbom_field(b, "name", CH_STR("customhouse"));
    sbom_field(b, "version", ch_str_of(inspector));
    ch_buf_puts(b, CH_STR("}]}"));
    sbom_open(b, "component", '{');
    sbom_field(b, "type", s->image ? CH_STR("container") : CH_STR("library"));
    sbom_field(b, "bom-ref", CH_STR("subject"));
    sbom_field(b, "name", s->name);
    if (s->version.len > 0) {
        sbom_field(b, "version", s->version);
    }
    put_hash(b, &s->sha256);
    put_licences(b, sbom_is_expression(s->licence) ? s->licence : CH_STR(""), s->stated_licence);
    ch_buf_init(&url, SBOM_URL_BYTES);
    sbom_put_subject_url(&url, s);
    put_url(b, &url);
    if (!s->image) {
        sbom_open(b, "properties", '[');
        put_property(b, "customhouse:file", s->file_name);
        ch_buf_putc(b, ']');
    }
    ch_buf_puts(b, CH_STR("}}"));
}

/* ------------------------------------------------------------------ components */

static void put_layer(struct ch_buf *b, const struct ch_sbom *s, size_t i)
{
    const struct ch_sbom_layer *layer = &s->layers[i];
    char text[CH_SHA256_HEX + sizeof("sha256:")] = "sha256:";
    ch_sha256_hex(&layer->sha256, text + sizeof("sha256:") - 1);
    sbom_begin(b);
    sbom_field(b, "type", CH_STR("file"));
    put_reference(b, "bom-ref", "layer", i + 1);
    sbom_field(b, "name", ch_str_of(text));
    put_hash(b, &layer->sha256);
    sbom_open(b, "properties", '[');
    put_number(b, "customhouse:layer-position", i + 1);
    if (layer->size_bytes != CH_SIZE_UNKNOWN) {
        put_number(b, "customhouse:size", layer->size_bytes);
    }
    ch_buf_puts(b, CH_STR("]}"));
}

/* Whether it is one of what is asked for under a condition alone. */
static bool all_optional(const struct ch_sbom *s, size_t first, size_t end)
{
    bool optional = true;
    for (size_t i = first; i < end; i++) {
        optional = optional && s->components[i].optional;
    }
    return optional;
}

static void put_properties(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    const struct ch_sbom_component *c = &s->components[first];
    sbom_open(b, "properties", '[');
    put_property(b, "customhouse:source", c->source);
    put_property(b, "customhouse:source-version", c->source_version);
    for (size_t i = first; i < end; i++) {
        const struct ch_sbom_component *one = &s->components[i];
        bool seen = i > first && one->layer == one[-1].layer;
        if (s->layer_count > 0 && !seen) {
            put_layer_digest(b, &s->layers[one->layer]);
        }
        put_property(b, "customhouse:requirement", one->requirement);
    }
    ch_buf_putc(b, ']');
}

static void put_component(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    const struct ch_sbom_component *c = &s->components[first];
    struct ch_buf url;
    sbom_begin(b);
    sbom_field(b, "type", c->image ? CH_STR("container") : CH_STR("library"));
    put_reference(b, "bom-ref", "package", first + 1);
    sbom_field(b, "name", c->name);
    if (c->version.len > 0) {
        sbom_field(b, "version", c->version);
    }
    if (c->requirement.len > 0) {
        sbom_field(b, "scope",
                   all_optional(s, first, end) ? CH_STR("optional") : CH_STR("required"));
    }
    struct ch_str stated = sbom_licence_of(s, first, end);
    struct ch_buf listed;
    ch_buf_init(&listed, ch_limits.licence_bytes);
    put_licences(b, sbom_listed_licence(stated, &listed) ? ch_buf_str(&listed) : CH_STR(""),
                 stated);
    ch_buf_done(&listed);
    ch_buf_init(&url, SBOM_URL_BYTES);
    sbom_put_component_url(&url, s, c);
    put_url(b, &url);
    put_properties(b, s, first, end);
    ch_buf_putc(b, '}');
}

/* ------------------------------------------------------------------ what has what */

static void begin_dependency(struct ch_buf *b, const char *what, size_t number)
{
    sbom_begin(b);
    if (number > 0) {
        put_reference(b, "ref", what, number);
    } else {
        sbom_field(b, "ref", ch_str_of(what));
    }
    sbom_open(b, "dependsOn", '[');
}

/* Those of one layer, or (where there is none) all. */
static void put_packages(struct ch_buf *b, const struct ch_sbom *s, size_t layer)
{
    for (size_t first = 0, end; first < s->component_count; first = end) {
        end = sbom_same_until(s, first);
        bool has = s->layer_count == 0;
        for (size_t i = first; i < end; i++) {
            has = has || s->components[i].layer == layer;
        }
        if (has) {
            put_reference(b, NULL, "package", first + 1);
        }
    }
}

static void put_dependencies(struct ch_buf *b, const struct ch_sbom *s)
{
    sbom_open(b, "dependencies", '[');
    begin_dependency(b, "subject", 0);
    if (s->layer_count == 0) {
        put_packages(b, s, 0);
    }
    for (size_t i = 0; i < s->layer_count; i++) {
        put_reference(b, NULL, "layer", i + 1);
    }
    ch_buf_puts(b, CH_STR("]}"));
    for (size_t i = 0; i < s->layer_count; i++) {
        begin_dependency(b, "layer", i + 1);
        put_packages(b, s, i);
        ch_buf_puts(b, CH_STR("]}"));
    }
    ch_buf_putc(b, ']');
}

/* What is said of how much is listed. */
static void put_compositions(struct ch_buf *b, const struct ch_sbom *s)
{
    sbom_open(b, "compositions", '[');
    sbom_begin(b);
    sbom_field(b, "aggregate", s->incomplete ? CH_STR("incomplete") : CH_STR("unknown"));
    sbom_open(b, "assemblies", '[');
    sbom_item(b, CH_STR("subject"));
    ch_buf_puts(b, CH_STR("]}]"));
}

void ch_cyclonedx_put(struct ch_buf *b, struct ch_sbom *s)
{
    struct ch_buf rest;
    char uuid[SBOM_UUID_BYTES];
    sbom_sort(s);
    ch_buf_init(&rest, b->max);
    ch_buf_puts(&rest, CH_STR("{\"version\":1"));
    put_metadata(&rest, s);
    sbom_open(&rest, "components", '[');
    for (size_t i = 0; i < s->layer_count; i++) {
        put_layer(&rest, s, i);
    }
    for (size_t first = 0, end; first < s->component_count; first = end) {
        end = sbom_same_until(s, first);
        put_component(&rest, s, first, end);
    }
    ch_buf_putc(&rest, ']');
    put_dependencies(&rest, s);
    put_compositions(&rest, s);
    ch_buf_putc(&rest, '}');
    sbom_uuid(ch_buf_str(&rest), uuid);
    ch_buf_puts(b, CH_STR(BEGIN));
    ch_buf_puts(b, ch_str_of(uuid));
    ch_buf_puts(b, CH_STR("\","));
    ch_buf_puts(b, ch_str_sub(ch_buf_str(&rest), 1, rest.len));
    b->failed = b->failed || rest.failed;
    ch_buf_done(&rest);
}
