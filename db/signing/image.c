#include "db/signing/image.h"

#include "customhouse/base64.h"
#include "customhouse/timefmt.h"
#include "db/signing/bundle.h"
#include "db/signing/statement.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"
#define CONFIG_TYPE   "application/vnd.oci.image.config.v1+json"
#define ENVELOPE_TYPE "application/vnd.dsse.envelope.v1+json"
#define EMPTY_TYPE    "application/vnd.oci.empty.v1+json"
#define NO_TIME       "0001-01-01T00:00:00Z"

static void put_digest(struct ch_buf *b, const struct ch_sha256 *digest)
{
    ch_buf_puts(b, CH_STR("sha256:"));
    ch_buf_put_hex(b, digest->byte, CH_SHA256_BYTES);
}

/* {"mediaType":...,"digest":...,"size":N without the closing brace. */
static void put_descriptor(struct ch_buf *b, struct ch_str type, const struct ch_sha256 *digest,
                           uint64_t size_bytes)
{
    ch_buf_puts(b, CH_STR("{\"mediaType\":"));
    ch_buf_put_json(b, type);
    ch_buf_puts(b, CH_STR(",\"digest\":\""));
    put_digest(b, digest);
    ch_buf_printf(b, "\",\"size\":%llu", (unsigned long long)size_bytes);
}

static void put_descriptor_of(struct ch_buf *b, struct ch_str type, struct ch_str bytes)
{
    struct ch_sha256 digest = ch_sha256_of(bytes.ptr, bytes.len);
    put_descriptor(b, type, &digest, bytes.len);
}

/* ------------------------------------------------------------------ what is signed */

void ch_image_put_payload(struct ch_buf *b, struct ch_str reference, const struct ch_sha256 *image)
{
    ch_buf_puts(b, CH_STR("{\"critical\":{\"identity\":{\"docker-reference\":"));
    ch_buf_put_json(b, reference);
    ch_buf_puts(b, CH_STR("},\"image\":{\"docker-manifest-digest\":\""));
    put_digest(b, image);
    ch_buf_puts(b, CH_STR("\"},\"type\":\"cosign container image signature\"},\"optional\":null}"));
}

static void put_statement(struct ch_buf *b, struct ch_str name, const struct ch_sha256 *image,
                          struct ch_str predicate_type)
{
    ch_buf_puts(b, CH_STR("{\"_type\":\"" CH_STATEMENT_TYPE "\",\"subject\":[{"));
    if (name.len > 0) {
        ch_buf_puts(b, CH_STR("\"name\":"));
        ch_buf_put_json(b, name);
        ch_buf_putc(b, ',');
    }
    ch_buf_puts(b, CH_STR("\"digest\":{\"sha256\":\""));
    ch_buf_put_hex(b, image->byte, CH_SHA256_BYTES);
    ch_buf_puts(b, CH_STR("\"}}],\"predicateType\":"));
    ch_buf_put_json(b, predicate_type);
    ch_buf_puts(b, CH_STR(",\"predicate\":"));
}

void ch_image_put_approval(struct ch_buf *b, const struct ch_sha256 *image)
{
    put_statement(b, (struct ch_str){NULL, 0}, image, CH_STR(CH_IMAGE_APPROVAL_TYPE));
    ch_buf_puts(b, CH_STR("{}}"));
}

void ch_image_put_document(struct ch_buf *b, struct ch_str reference, const struct ch_sha256 *image,
                           struct ch_str predicate_type, struct ch_str document)
{
    put_statement(b, reference, image, predicate_type);
    ch_buf_puts(b, document);
    ch_buf_putc(b, '}');
}

static void put_parts(struct ch_buf *b, const char *key, const struct ch_image_scan *scan,
                      enum ch_image_part_result result)
{
    bool any = false;
    ch_buf_printf(b, ",\"%s\":[", key);
    for (size_t i = 0; i < scan->part_count; i++) {
        const struct ch_image_part *part = &scan->parts[i];
        if (part->result != result) {
            continue;
        }
        ch_buf_puts(b, any ? CH_STR(",\"") : CH_STR("\""));
        ch_buf_puts(b, part->type);
        ch_buf_putc(b, ' ');
        put_digest(b, &part->sha256);
        if (!ch_sha256_is_zero(&part->evidence)) {
            ch_buf_puts(b, CH_STR(" evidence "));
            put_digest(b, &part->evidence);
        }
        ch_buf_putc(b, '"');
        any = true;
    }
    ch_buf_putc(b, ']');
}

void ch_image_put_scan(struct ch_buf *b, const struct ch_image_scan *scan)
{
    static const char *const results[] = {"FAILED", "WARNED", "PASSED"};
    enum ch_image_part_result worst =
        scan->part_count > 0 ? CH_IMAGE_PART_PASSED : CH_IMAGE_PART_FAILED;
    for (size_t i = 0; i < scan->part_count; i++) {
        worst = scan->parts[i].result < worst ? scan->parts[i].result : worst;
    }
    put_statement(b, scan->reference, &scan->image, CH_STR(CH_IMAGE_SCAN_TYPE));
    ch_buf_printf(b, "{\"result\":\"%s\",\"configuration\":[{\"name\":\"inspector %u\",\"uri\":",
                  results[worst], scan->inspector_version);
    ch_buf_put_json(b, scan->verifier);
    ch_buf_puts(b, CH_STR("},{\"name\":\"rules\",\"digest\":{\"sha256\":\""));
    ch_buf_put_hex(b, scan->rules.byte, CH_SHA256_BYTES);
    ch_buf_puts(b, CH_STR("\"}}],\"url\":"));
    ch_buf_put_json(b, scan->url);
    put_parts(b, "passedTests", scan, CH_IMAGE_PART_PASSED);
    put_parts(b, "warnedTests", scan, CH_IMAGE_PART_WARNED);
    put_parts(b, "failedTests", scan, CH_IMAGE_PART_FAILED);
    ch_buf_puts(b, CH_STR("}}"));
}

/* ------------------------------------------------------------------ cosign's tag */

void ch_image_put_config(struct ch_buf *b, const struct ch_str *layers, size_t count)
{
    ch_buf_puts(b, CH_STR("{\"architecture\":\"\",\"created\":\"" NO_TIME
                          "\",\"history\":[{\"created\":\"" NO_TIME
                          "\"}],\"os\":\"\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["));
    for (size_t i = 0; i < count; i++) {
        struct ch_sha256 digest = ch_sha256_of(layers[i].ptr, layers[i].len);
        ch_buf_puts(b, i > 0 ? CH_STR(",\"") : CH_STR("\""));
        put_digest(b, &digest);
        ch_buf_putc(b, '"');
    }
    ch_buf_puts(b, CH_STR("]},\"config\":{}}"));
}

void ch_image_put_signature_manifest(struct ch_buf *b, struct ch_str config, struct ch_str payload,
                                     struct ch_str signature)
{
    ch_buf_puts(b, CH_STR("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":"));
    put_descriptor_of(b, CH_STR(CONFIG_TYPE), config);
    ch_buf_puts(b, CH_STR("},\"layers\":["));
    put_descriptor_of(b, CH_STR(CH_IMAGE_PAYLOAD_TYPE), payload);
    ch_buf_puts(b, CH_STR(",\"annotations\":{\"dev.cosignproject.cosign/signature\":\""));
    ch_buf_put_base64(b, signature.ptr, signature.len);
    ch_buf_puts(b, CH_STR("\"}}]}"));
}

/* Spec: sigstore/cosign specs/ATTESTATION_SPEC.md; the signature is in the envelope. */
void ch_image_put_attestation_manifest(struct ch_buf *b, struct ch_str config,
                                       const struct ch_image_attestation *of, size_t count)
{
    ch_buf_puts(b, CH_STR("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE "\",\"config\":"));
    put_descriptor_of(b, CH_STR(CONFIG_TYPE), config);
    ch_buf_puts(b, CH_STR("},\"layers\":["));
    for (size_t i = 0; i < count; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
        put_descriptor_of(b, CH_STR(ENVELOPE_TYPE), of[i].envelope);
        ch_buf_puts(b, CH_STR(",\"annotations\":{\"dev.cosignproject.cosign/signature\":\"\","
                              "\"predicateType\":"));
        ch_buf_put_json(b, of[i].predicate_type);
        ch_buf_puts(b, CH_STR("}}"));
    }
    ch_buf_puts(b, CH_STR("]}"));
}

/* ------------------------------------------------------------------ referrers */

/* The same in the manifest and in what the index of referrers repeats of it. */
static void put_annotations(struct ch_buf *b, struct ch_str predicate_type, int64_t at_us)
{
    ch_buf_puts(b, CH_STR(",\"annotations\":{\"org.opencontainers.image.created\":\""));
    ch_time_put(b, at_us, false);
    ch_buf_puts(b, CH_STR("\",\"dev.sigstore.bundle.content\":\"dsse-envelope\","
                          "\"dev.sigstore.bundle.predicateType\":"));
    ch_buf_put_json(b, predicate_type);
    ch_buf_putc(b, '}');
}

void ch_image_put_bundle_manifest(struct ch_buf *b, struct ch_str bundle,
                                  const struct ch_image_subject *subject,
                                  struct ch_str predicate_type, int64_t at_us)
{
    ch_buf_puts(b, CH_STR("{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST_TYPE
                          "\",\"artifactType\":\"" CH_BUNDLE_MEDIA_TYPE "\",\"config\":"));
    put_descriptor_of(b, CH_STR(EMPTY_TYPE), CH_STR("{}"));
    ch_buf_puts(b, CH_STR("},\"layers\":["));
    put_descriptor_of(b, CH_STR(CH_BUNDLE_MEDIA_TYPE), bundle);
    ch_buf_puts(b, CH_STR("}],\"subject\":"));
    put_descriptor(b, subject->media_type, &subject->sha256, subject->size_bytes);
    ch_buf_putc(b, '}');
    put_annotations(b, predicate_type, at_us);
    ch_buf_putc(b, '}');
}

void ch_image_referrers_begin(struct ch_buf *b)
{
    ch_buf_puts(b, CH_STR("{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":["));
}

void ch_image_put_referrer(struct ch_buf *b, struct ch_str manifest, struct ch_str predicate_type,
                           int64_t at_us)
{
    ch_buf_puts(b, b->len > 0 && b->ptr[b->len - 1] == '[' ? CH_STR("") : CH_STR(","));
    put_descriptor_of(b, CH_STR(MANIFEST_TYPE), manifest);
    ch_buf_puts(b, CH_STR(",\"artifactType\":\"" CH_BUNDLE_MEDIA_TYPE "\""));
    put_annotations(b, predicate_type, at_us);
    ch_buf_putc(b, '}');
}

void ch_image_referrers_end(struct ch_buf *b)
{
    ch_buf_puts(b, CH_STR("]}"));
}
