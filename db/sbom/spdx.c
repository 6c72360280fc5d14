/* SPDX 2.3, as JSON. */
#include <stdio.h>

#include "customhouse/limits.h"
#include "sbom_int.h"

#define NONE "NOASSERTION"
/* What stands for the words of who made it, where they are no expression. */
#define STATED "LicenseRef-customhouse-stated"

static void put_id(struct ch_buf *b, const char *name, const char *what, size_t number)
{
    char text[48];
    if (number > 0) {
        snprintf(text, sizeof(text), "SPDXRef-%s-%zu", what, number);
    } else {
        snprintf(text, sizeof(text), "SPDXRef-%s", what);
    }
    sbom_field(b, name, ch_str_of(text));
}

static void put_hash(struct ch_buf *b, const struct ch_sha256 *sha256)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(sha256, hex);
    sbom_open(b, "checksums", '[');
    sbom_begin(b);
    sbom_field(b, "algorithm", CH_STR("SHA256"));
    sbom_field(b, "checksumValue", ch_str_of(hex));
    ch_buf_puts(b, CH_STR("}]"));
}

static void put_url(struct ch_buf *b, struct ch_buf *url)
{
    sbom_open(b, "externalRefs", '[');
    sbom_begin(b);
    sbom_field(b, "referenceCategory", CH_STR("PACKAGE-MANAGER"));
    sbom_field(b, "referenceType", CH_STR("purl"));
    sbom_field(b, "referenceLocator", ch_buf_str(url));
    ch_buf_puts(b, CH_STR("}]"));
    b->failed = b->failed || url->failed;
    ch_buf_done(url);
}

/* What the schema asks for and nothing here knows. */
static void put_unknown(struct ch_buf *b, struct ch_str licence)
{
    sbom_field(b, "supplier", CH_STR(NONE));
    sbom_field(b, "downloadLocation", CH_STR(NONE));
    ch_buf_puts(b, CH_STR(",\"filesAnalyzed\":false"));
    sbom_field(b, "licenseConcluded", CH_STR(NONE));
    sbom_field(b, "licenseDeclared", licence);
    sbom_field(b, "copyrightText", CH_STR(NONE));
}

/* ------------------------------------------------------------------ packages */

static void put_subject(struct ch_buf *b, const struct ch_sbom *s)
{
    struct ch_buf url;
    bool expression = sbom_is_expression(s->licence);
    sbom_begin(b);
    put_id(b, "SPDXID", "Subject", 0);
    sbom_field(b, "name", s->name);
    if (s->version.len > 0) {
        sbom_field(b, "versionInfo", s->version);
    }
    if (s->file_name.len > 0) {
        sbom_field(b, "packageFileName", s->file_name);
    }
    sbom_field(b, "primaryPackagePurpose", s->image ? CH_STR("CONTAINER") : CH_STR("LIBRARY"));
    put_hash(b, &s->sha256);
    put_unknown(b, expression                  ? s->licence
                   : s->stated_licence.len > 0 ? CH_STR(STATED)
                                               : CH_STR(NONE));
    if (s->incomplete) {
        sbom_field(b, "comment", CH_STR("More packages are there than are listed."));
    }
    ch_buf_init(&url, SBOM_URL_BYTES);
    sbom_put_subject_url(&url, s);
    put_url(b, &url);
    ch_buf_putc(b, '}');
}

static void put_layer(struct ch_buf *b, const struct ch_sbom *s, size_t i)
{
    char text[CH_SHA256_HEX + sizeof("sha256:")] = "sha256:";
    ch_sha256_hex(&s->layers[i].sha256, text + sizeof("sha256:") - 1);
    sbom_begin(b);
    put_id(b, "SPDXID", "Layer", i + 1);
    sbom_field(b, "name", ch_str_of(text));
    sbom_field(b, "primaryPackagePurpose", CH_STR("ARCHIVE"));
    put_hash(b, &s->layers[i].sha256);
    put_unknown(b, CH_STR(NONE));
    ch_buf_putc(b, '}');
}

/* What of it has no field: what it was built from, or how it is asked for. */
static void put_comment(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    struct ch_buf text;
    const struct ch_sbom_component *c = &s->components[first];
    ch_buf_init(&text, b->max);
    if (c->source.len > 0) {
        ch_buf_puts(&text, CH_STR("built from "));
        ch_buf_puts(&text, c->source);
        ch_buf_puts(&text, c->source_version.len > 0 ? CH_STR(" ") : CH_STR(""));
        ch_buf_puts(&text, c->source_version);
    }
    for (size_t i = first; i < end; i++) {
        if (s->components[i].requirement.len > 0) {
            ch_buf_puts(&text, text.len > 0 ? CH_STR("\n") : CH_STR(""));
            ch_buf_puts(&text, s->components[i].requirement);
        }
    }
    if (text.len > 0) {
        sbom_field(b, "comment", ch_buf_str(&text));
    }
    ch_buf_done(&text);
}

static void put_package(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    const struct ch_sbom_component *c = &s->components[first];
    struct ch_buf url;
    sbom_begin(b);
    put_id(b, "SPDXID", "Package", first + 1);
    sbom_field(b, "name", c->name);
    if (c->version.len > 0) {
        sbom_field(b, "versionInfo", c->version);
    }
    struct ch_str stated = sbom_licence_of(s, first, end);
    struct ch_buf listed;
    ch_buf_init(&listed, ch_limits.licence_bytes);
    bool is_listed = sbom_listed_licence(stated, &listed);
    put_unknown(b, is_listed ? ch_buf_str(&listed) : CH_STR(NONE));
    if (!is_listed && stated.len > 0) {
        sbom_field(b, "licenseComments", stated);
    }
    ch_buf_done(&listed);
    put_comment(b, s, first, end);
    ch_buf_init(&url, SBOM_URL_BYTES);
    sbom_put_component_url(&url, s, c);
    put_url(b, &url);
    ch_buf_putc(b, '}');
}

/* ------------------------------------------------------------------ relationships */

struct element {
    const char *what;
    size_t number;
};

static void put_relationship(struct ch_buf *b, struct element of, const char *type,
                             struct element to)
{
    sbom_begin(b);
    put_id(b, "spdxElementId", of.what, of.number);
    sbom_field(b, "relationshipType", ch_str_of(type));
    put_id(b, "relatedSpdxElement", to.what, to.number);
    ch_buf_putc(b, '}');
}

static void put_asked_for(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    struct element subject = {"Subject", 0}, package = {"Package", first + 1};
    bool optional = true;
    for (size_t i = first; i < end; i++) {
        optional = optional && s->components[i].optional;
    }
    if (optional) {
        put_relationship(b, package, "OPTIONAL_DEPENDENCY_OF", subject);
    } else {
        put_relationship(b, subject, "DEPENDS_ON", package);
    }
}

static void put_contained(struct ch_buf *b, const struct ch_sbom *s, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        size_t layer = s->components[i].layer;
        if (i == first || layer != s->components[i - 1].layer) {
            struct element in = {s->layer_count > 0 ? "Layer" : "Subject",
                                 s->layer_count > 0 ? layer + 1 : 0};
            put_relationship(b, in, "CONTAINS", (struct element){"Package", first + 1});
        }
    }
}

static void put_relationships(struct ch_buf *b, const struct ch_sbom *s)
{
    struct element subject = {"Subject", 0};
    sbom_open(b, "relationships", '[');
    put_relationship(b, (struct element){"DOCUMENT", 0}, "DESCRIBES", subject);
    for (size_t i = 0; i < s->layer_count; i++) {
        put_relationship(b, subject, "CONTAINS", (struct element){"Layer", i + 1});
    }
    for (size_t first = 0, end; first < s->component_count; first = end) {
        end = sbom_same_until(s, first);
        if (s->image) {
            put_contained(b, s, first, end);
        } else {
            put_asked_for(b, s, first, end);
        }
    }
    ch_buf_putc(b, ']');
}

/* ------------------------------------------------------------------ licences of nobody's list */

static bool is_id(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

static void put_extracted(struct ch_buf *b, struct ch_str id, struct ch_str text)
{
    sbom_begin(b);
    sbom_field(b, "licenseId", id);
    sbom_field(b, "extractedText", text);
    ch_buf_putc(b, '}');
}

/* Each that an expression names, once: what is not in the document must not be named in it. */
static void put_references(struct ch_buf *b, struct ch_str expression)
{
    const struct ch_str begin = CH_STR("LicenseRef-");
    for (size_t at = 0, found;
         ch_str_find(ch_str_sub(expression, at, expression.len), begin, &found);) {
        size_t from = at + found, end = from;
        while (end < expression.len && is_id(expression.ptr[end])) {
            end++;
        }
        struct ch_str id = ch_str_sub(expression, from, end - from), before = CH_STR("");
        bool again = false;
        for (size_t i = 0; !again && i < from; i++) {
            before = ch_str_sub(expression, i, id.len + 1);
            again =
                ch_str_starts(before, id) && (before.len == id.len || !is_id(before.ptr[id.len]));
        }
        if (!again) {
            put_extracted(b, id, CH_STR("The package has the text of this licence."));
        }
        at = end;
    }
}

static void put_licences(struct ch_buf *b, const struct ch_sbom *s)
{
    bool expression = sbom_is_expression(s->licence);
    if (expression && !ch_str_find(s->licence, CH_STR("LicenseRef-"), NULL)) {
        return;
    }
    if (expression || s->stated_licence.len > 0) {
        sbom_open(b, "hasExtractedLicensingInfos", '[');
        if (expression) {
            put_references(b, s->licence);
        } else {
            put_extracted(b, CH_STR(STATED), s->stated_licence);
        }
        ch_buf_putc(b, ']');
    }
}

/* ------------------------------------------------------------------ the document */

static void put_creation(struct ch_buf *b, const struct ch_sbom *s)
{
    char tool[64];
    snprintf(tool, sizeof(tool), "Tool: customhouse-inspector-%u", s->inspector_version);
    sbom_open(b, "creationInfo", '{');
    sbom_put_time(b, "created", s->made_at_us);
    sbom_open(b, "creators", '[');
    sbom_item(b, ch_str_of(tool));
    ch_buf_puts(b, CH_STR("]}"));
}

static void put_name(struct ch_buf *b, const struct ch_sbom *s)
{
    struct ch_buf name;
    ch_buf_init(&name, b->max);
    ch_buf_puts(&name, s->file_name.len > 0 ? s->file_name : s->name);
    if (s->file_name.len == 0 && s->version.len > 0) {
        ch_buf_putc(&name, '@');
        ch_buf_puts(&name, s->version);
    }
    sbom_field(b, "name", ch_buf_str(&name));
    ch_buf_done(&name);
}

/* Its own name: nobody has to find anything there. */
static void put_namespace(struct ch_buf *b, const struct ch_sbom *s, struct ch_str document)
{
    char uuid[SBOM_UUID_BYTES];
    struct ch_buf uri;
    ch_buf_init(&uri, b->max);
    sbom_uuid(document, uuid);
    ch_buf_puts(&uri, s->origin);
    ch_buf_puts(&uri, CH_STR("/-/spdx/sha256/"));
    ch_buf_put_hex(&uri, s->sha256.byte, CH_SHA256_BYTES);
    ch_buf_putc(&uri, '/');
    ch_buf_puts(&uri, ch_str_of(uuid));
    sbom_field(b, "documentNamespace", ch_buf_str(&uri));
    ch_buf_done(&uri);
}

void ch_spdx_put(struct ch_buf *b, struct ch_sbom *s)
{
    struct ch_buf rest;
    sbom_sort(s);
    ch_buf_init(&rest, b->max);
    ch_buf_puts(&rest, CH_STR("{\"spdxVersion\":\"SPDX-2.3\",\"dataLicense\":\"CC0-1.0\""));
    put_id(&rest, "SPDXID", "DOCUMENT", 0);
    put_name(&rest, s);
    put_creation(&rest, s);
    sbom_open(&rest, "packages", '[');
    put_subject(&rest, s);
    for (size_t i = 0; i < s->layer_count; i++) {
        put_layer(&rest, s, i);
    }
    for (size_t first = 0, end; first < s->component_count; first = end) {
        end = sbom_same_until(s, first);
        put_package(&rest, s, first, end);
    }
    ch_buf_putc(&rest, ']');
    put_licences(&rest, s);
    put_relationships(&rest, s);
    ch_buf_puts(b, ch_buf_str(&rest));
    put_namespace(b, s, ch_buf_str(&rest));
    ch_buf_putc(b, '}');
    b->failed = b->failed || rest.failed;
    ch_buf_done(&rest);
}
