#include "db/signing/statement.h"

#include "customhouse/timefmt.h"

static void put_digest(struct ch_buf *b, const struct ch_sha256 *digest)
{
    ch_buf_puts(b, CH_STR("\"digest\":{\"sha256\":\""));
    ch_buf_put_hex(b, digest->byte, CH_SHA256_BYTES);
    ch_buf_puts(b, CH_STR("\"}"));
}

static void put_uri(struct ch_buf *b, struct ch_str uri, const struct ch_sha256 *digest)
{
    ch_buf_puts(b, CH_STR("{\"uri\":"));
    ch_buf_put_json(b, uri);
    ch_buf_putc(b, ',');
    put_digest(b, digest);
    ch_buf_putc(b, '}');
}

static void put_levels(struct ch_buf *b, const struct ch_vsa *vsa)
{
    for (size_t i = 0; vsa->passed && i < vsa->level_count; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
        ch_buf_put_json(b, vsa->levels[i]);
    }
    ch_buf_puts(b, vsa->passed ? CH_STR("") : CH_STR("\"FAILED\""));
}

void ch_vsa_put(struct ch_buf *b, const struct ch_vsa *vsa)
{
    ch_buf_puts(b, CH_STR("{\"_type\":\"" CH_STATEMENT_TYPE "\",\"subject\":[{\"name\":"));
    ch_buf_put_json(b, vsa->file_name);
    ch_buf_putc(b, ',');
    put_digest(b, &vsa->sha256);
    ch_buf_puts(
        b, CH_STR("}],\"predicateType\":\"" CH_VSA_TYPE "\",\"predicate\":{\"verifier\":{\"id\":"));
    ch_buf_put_json(b, vsa->verifier);
    ch_buf_puts(b, CH_STR("},\"timeVerified\":\""));
    ch_time_put(b, vsa->verified_at_us, false);
    ch_buf_puts(b, CH_STR("\",\"resourceUri\":"));
    ch_buf_put_json(b, vsa->resource_uri);
    ch_buf_puts(b, CH_STR(",\"policy\":"));
    put_uri(b, vsa->policy_uri, &vsa->policy);
    if (!ch_sha256_is_zero(&vsa->evidence)) {
        ch_buf_puts(b, CH_STR(",\"inputAttestations\":["));
        put_uri(b, vsa->evidence_uri, &vsa->evidence);
        ch_buf_putc(b, ']');
    }
    ch_buf_puts(b, CH_STR(",\"verificationResult\":\""));
    ch_buf_puts(b, vsa->passed ? CH_STR("PASSED") : CH_STR("FAILED"));
    ch_buf_puts(b, CH_STR("\",\"verifiedLevels\":["));
    put_levels(b, vsa);
    ch_buf_puts(b, CH_STR("],\"slsaVersion\":\"1.1\"}}"));
}

static void put_percent(struct ch_buf *b, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            ch_buf_putc(b, c);
        } else {
            ch_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

void ch_resource_uri_put(struct ch_buf *b, const struct ch_resource *r)
{
    ch_buf_puts(b, CH_STR("pkg:"));
    put_percent(b, r->ecosystem);
    ch_buf_putc(b, '/');
    put_percent(b, r->project);
    if (r->version.len > 0) {
        ch_buf_putc(b, '@');
        put_percent(b, r->version);
    }
    const struct {
        const char *name;
        struct ch_str value;
    } qualifiers[] = {{"build", r->build},         {"environment", r->environment},
                      {"file_name", r->file_name}, {"repository_url", r->repository_url},
                      {"subdir", r->subdir},       {"type", r->type}};
    const char *before = "?";
    for (size_t i = 0; i < CH_ARRAY_LEN(qualifiers); i++) {
        if (qualifiers[i].value.len > 0) { /* purl: none is empty */
            ch_buf_printf(b, "%s%s=", before, qualifiers[i].name);
            put_percent(b, qualifiers[i].value);
            before = "&";
        }
    }
}
