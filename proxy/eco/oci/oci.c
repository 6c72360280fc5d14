/* Registries of container images: /v2/REPOSITORY/NAME/manifests/TAG or /manifests/DIGEST, and
 * /v2/REPOSITORY/NAME/blobs/DIGEST, where NAME has slashes of its own.
 *
 * A page is one manifest: "NAME:TAG" or "NAME@sha256:HEX". The page of a tag lists the one document
 * that the tag stands for now, and is decided on the page of its digest, which lists the document
 * and, of an image, each of its parts. All of them are of one version, the document's digest, and
 * are had together or not at all. What is signed of it is asked for on the same page: under
 * NAME/referrers/DIGEST, and under the tags "sha256-HEX" and "sha256-HEX.sig". The page "NAME"
 * lists the tags that the registry has.
 *
 * Spec: OCI distribution 1.1, "Pulling manifests", "Pulling blobs"; threats.md T19, T24. */
#include "base/oci/file_name.h"
#include "base/oci/reference.h"
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "diff_ids.h"
#include "tags.h"

/* What stands for the document of a tag's page: its digest is not known to who asks. */
#define THE_MANIFEST "manifest"
#define SHA256       "sha256:"

#define MANIFEST_TYPES                                                                             \
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "        \
    "application/vnd.docker.distribution.manifest.list.v2+json, "                                  \
    "application/vnd.docker.distribution.manifest.v2+json"

/* --- names --- */

/* The page of each manifest of it has to have a name: what is decided by digest is decided there.
 */
static bool is_name(struct ch_str s)
{
    const size_t reference = sizeof("@" SHA256) - 1 + CH_SHA256_HEX;
    return s.len + reference <= ch_limits.project_name_bytes && ch_oci_is_name(s);
}

/* A name is taken as it is or not at all: two spellings would be two decisions (T24). */
static bool normalise(struct ch_str raw, char *ret, size_t ret_size)
{
    ret[0] = '\0';
    return is_name(raw) && ch_str_copy(raw, ret, ret_size);
}

static bool is_digest(struct ch_str s)
{
    struct ch_sha256 sha256;
    const struct ch_str algorithm = CH_STR(SHA256);
    return ch_str_starts(s, algorithm) &&
           ch_sha256_from_hex(ch_str_sub(s, algorithm.len, s.len), &sha256) &&
           !ch_sha256_is_zero(&sha256);
}

/* NAME:TAG and NAME@DIGEST; NAME has an empty reference. Names have neither of the two characters.
 * Tags of signatures are no page: nothing under them is asked for upstream (T23). */
static bool page_parts(struct ch_str page, struct ch_str *ret_name, struct ch_str *ret_reference)
{
    size_t at;
    bool by_digest = ch_str_find_char(page, '@', &at);
    if (!by_digest && !ch_str_find_char(page, ':', &at)) {
        *ret_name = page;
        *ret_reference = (struct ch_str){NULL, 0};
        return is_name(page);
    }
    *ret_name = ch_str_sub(page, 0, at);
    *ret_reference = ch_str_sub(page, at + 1, page.len);
    return is_name(*ret_name) &&
           (by_digest ? is_digest(*ret_reference)
                      : ch_oci_is_tag(*ret_reference) && !ch_oci_is_referrer_tag(*ret_reference));
}

static bool is_page(struct ch_str name)
{
    struct ch_str own, reference;
    return name.len <= ch_limits.project_name_bytes && page_parts(name, &own, &reference);
}

static struct ch_str page_project(struct ch_str page)
{
    struct ch_str name = {NULL, 0}, reference;
    return page_parts(page, &name, &reference) ? name : (struct ch_str){NULL, 0};
}

static const char *const file_types[] = {"manifest",  "index", "config", "layer",
                                         "statement", "other", NULL};
static const char *const profiles[] = {"oci-manifest", "oci-index",     "oci-config", "oci-empty",
                                       "oci-layer",    "oci-statement", "oci-blob",   NULL};
static const char *const shared_profiles[] = {"oci-layer", NULL};
static const char *const file_endings[] = {".oci-manifest.json",
                                           ".docker-manifest.json",
                                           ".oci-index.json",
                                           ".docker-list.json",
                                           ".layer.tar",
                                           ".layer.tar.gz",
                                           ".layer.tar.zst",
                                           ".in-toto.json",
                                           ".config.json",
                                           ".empty.json",
                                           NULL};

static const struct {
    const char *file_type;
    const char *profile;
} kinds[CH_OCI_FILE_KIND_COUNT] = {
    [CH_OCI_FILE_BLOB] = {"other", "oci-blob"},
    [CH_OCI_FILE_OCI_MANIFEST] = {"manifest", "oci-manifest"},
    [CH_OCI_FILE_DOCKER_MANIFEST] = {"manifest", "oci-manifest"},
    [CH_OCI_FILE_OCI_INDEX] = {"index", "oci-index"},
    [CH_OCI_FILE_DOCKER_LIST] = {"index", "oci-index"},
    [CH_OCI_FILE_CONFIG] = {"config", "oci-config"},
    [CH_OCI_FILE_EMPTY] = {"config", "oci-empty"},
    [CH_OCI_FILE_LAYER] = {"layer", "oci-layer"},
    [CH_OCI_FILE_LAYER_GZIP] = {"layer", "oci-layer"},
    [CH_OCI_FILE_LAYER_ZSTD] = {"layer", "oci-layer"},
    [CH_OCI_FILE_IN_TOTO] = {"statement", "oci-statement"},
    [CH_OCI_FILE_SIGNATURE] = {"other", NULL},
};

/* The version is that of the manifest which names the file: its record says it. */
static void split(struct ch_str project, struct ch_str file_name, struct ch_release *ret)
{
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    (void)project;
    *ret = (struct ch_release){.file_type = "other"};
    if (ch_oci_file_name_parse(file_name, &sha256, &kind)) {
        ret->file_type = kinds[kind].file_type;
        ret->profile = kinds[kind].profile;
    }
}

/* A digest says of no project that it is its. */
static bool project_of(struct ch_str file_name, char *ret, size_t ret_size)
{
    (void)file_name;
    (void)ret_size;
    ret[0] = '\0';
    return false;
}

static bool is_meant(struct ch_str asked, const struct ch_index_file *file)
{
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    const struct ch_str algorithm = CH_STR(SHA256);
    if (ch_str_eq(asked, CH_STR(THE_MANIFEST))) {
        return ch_oci_file_name_parse(file->file_name, &sha256, &kind) &&
               ch_oci_file_is_manifest(kind);
    }
    return ch_str_starts(asked, algorithm) &&
           ch_sha256_from_hex(ch_str_sub(asked, algorithm.len, asked.len), &sha256) &&
           ch_sha256_eq(&sha256, &file->sha256);
}

static bool linked_by(struct ch_str project, struct ch_str asked, struct ch_buf *ret_page,
                      struct ch_buf *ret_file)
{
    if (!is_name(project) || !is_digest(asked)) {
        return false;
    }
    ch_buf_printf(ret_page, "%.*s@", CH_STR_ARG(project));
    ch_buf_printf(ret_file, "sha256-%.*s.",
                  CH_STR_ARG(ch_str_sub(asked, sizeof(SHA256) - 1, asked.len)));
    return !ret_page->failed && !ret_file->failed;
}

static bool decided_on(struct ch_str page, struct ch_str file_name, char *ret, size_t ret_size)
{
    struct ch_str name, reference;
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    struct ch_buf b;
    ret[0] = '\0';
    if (ch_oci_file_name_parse(file_name, &sha256, &kind) && kind == CH_OCI_FILE_SIGNATURE) {
        return true;
    }
    if (!page_parts(page, &name, &reference) || is_digest(reference)) {
        return false;
    }
    ch_buf_init(&b, ret_size);
    if (reference.len == 0) {
        ch_buf_printf(&b, "%.*s:%.*s", CH_STR_ARG(name), CH_STR_ARG(file_name));
    } else if (ch_oci_file_name_parse(file_name, &sha256, &kind)) {
        ch_buf_printf(&b, "%.*s@" SHA256, CH_STR_ARG(name));
        ch_buf_put_hex(&b, sha256.byte, CH_SHA256_BYTES);
    }
    if (b.failed || !is_page(ch_buf_str(&b)) || !ch_str_copy(ch_buf_str(&b), ret, ret_size)) {
        ret[0] = '\0';
    }
    ch_buf_done(&b);
    return true;
}

static enum ch_whole whole(struct ch_str file_name)
{
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    if (!ch_oci_file_name_parse(file_name, &sha256, &kind)) {
        return CH_WHOLE_PART;
    }
    switch (kind) {
    case CH_OCI_FILE_OCI_MANIFEST:
    case CH_OCI_FILE_DOCKER_MANIFEST:
        return CH_WHOLE_ALL;
    case CH_OCI_FILE_OCI_INDEX:
    case CH_OCI_FILE_DOCKER_LIST:
        return CH_WHOLE_LIST;
    case CH_OCI_FILE_BLOB:
    case CH_OCI_FILE_CONFIG:
    case CH_OCI_FILE_EMPTY:
    case CH_OCI_FILE_LAYER:
    case CH_OCI_FILE_LAYER_GZIP:
    case CH_OCI_FILE_LAYER_ZSTD:
    case CH_OCI_FILE_IN_TOTO:
    case CH_OCI_FILE_SIGNATURE:
    case CH_OCI_FILE_KIND_COUNT:
        break;
    }
    return CH_WHOLE_PART;
}

/* NAME@DIGEST, of a page of NAME and the digest. */
static bool listed_page(struct ch_str page, struct ch_str version, char *ret, size_t ret_size)
{
    struct ch_str name, reference;
    struct ch_buf b;
    ret[0] = '\0';
    if (!page_parts(page, &name, &reference) || !is_digest(version)) {
        return false;
    }
    ch_buf_init(&b, ret_size);
    ch_buf_printf(&b, "%.*s@%.*s", CH_STR_ARG(name), CH_STR_ARG(version));
    bool fits = !b.failed && is_page(ch_buf_str(&b)) && ch_str_copy(ch_buf_str(&b), ret, ret_size);
    ch_buf_done(&b);
    return fits;
}

static const char *media_type(struct ch_str file_name)
{
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    return ch_oci_file_name_parse(file_name, &sha256, &kind) ? ch_oci_file_media_type(kind) : NULL;
}

/* --- versions: digests, of which none is newer than another --- */

static enum ch_code match_version(struct ch_str spec, struct ch_str version, bool *ret_match,
                                  struct ch_err *err)
{
    const struct ch_str equal = CH_STR("==");
    if (!ch_str_starts(spec, equal) || spec.len == equal.len) {
        return ch_fail(err, CH_E_FORMAT, "\"%.*s\" is not == and a digest, \"==sha256:...\"",
                       CH_STR_ARG(ch_str_sub(spec, 0, 80)));
    }
    *ret_match = ch_str_eq(ch_str_sub(spec, equal.len, spec.len), version);
    return CH_OK;
}

/* --- what a URL means --- */

/* NAME/manifests/REFERENCE: its page. */
static bool page_of(struct ch_str name, struct ch_str text, struct ch_target *ret)
{
    struct ch_oci_reference reference;
    struct ch_err err;
    struct ch_buf b;
    if (ch_oci_reference_parse(text, &reference, &err) != CH_OK) {
        return false;
    }
    bool by_tag = reference.tag.ptr != NULL;
    ch_buf_init(&b, sizeof(ret->project));
    ch_buf_printf(&b, "%.*s%c%.*s", CH_STR_ARG(name), by_tag ? ':' : '@', CH_STR_ARG(text));
    bool fits =
        !b.failed && is_page(ch_buf_str(&b)) &&
        ch_str_copy(ch_buf_str(&b), ret->project, sizeof(ret->project)) &&
        ch_str_copy(by_tag ? CH_STR(THE_MANIFEST) : text, ret->file_name, sizeof(ret->file_name));
    ch_buf_done(&b);
    return fits;
}

#define NOT_RELAYED                                                                                \
    "signatures, attestations and SBOMs of an upstream are not relayed: what is signed of an "     \
    "image here is under its tags sha256-DIGEST.sig and .att, and among its referrers"

/* The image whose signatures are asked for, and which of them. */
static void classify_signed(struct ch_str name, struct ch_str digest, enum ch_part part,
                            struct ch_target *ret)
{
    ret->part = part;
    if (listed_page(name, digest, ret->project, sizeof(ret->project)) &&
        ch_str_copy(digest, ret->file_name, sizeof(ret->file_name))) {
        ret->kind = CH_TARGET_FILE;
    }
}

/* NAME/manifests/sha256-HEX.sig and .att, and sha256-HEX, where clients look without referrers. */
static void classify_tag(struct ch_str name, struct ch_str tag, struct ch_target *ret)
{
    const size_t of_digest = sizeof("sha256-") - 1 + CH_SHA256_HEX;
    struct ch_str ending = ch_str_sub(tag, of_digest, tag.len);
    char digest[CH_OCI_DIGEST_MAX + 1];
    ret->why = NOT_RELAYED;
    if (!ch_str_copy(ch_str_sub(tag, 0, of_digest), digest, sizeof(digest))) {
        return;
    }
    digest[sizeof("sha256") - 1] = ':';
    if (ending.len == 0) {
        classify_signed(name, ch_str_of(digest), CH_PART_REFERRERS, ret);
    } else if (ch_str_eq(ending, CH_STR(".sig"))) {
        classify_signed(name, ch_str_of(digest), CH_PART_SIGNATURE, ret);
    } else if (ch_str_eq(ending, CH_STR(".att"))) {
        classify_signed(name, ch_str_of(digest), CH_PART_ATTESTATION, ret);
    }
}

/* T15: by an alias nothing has an address of its own. It says what is meant, manifest or blob, and
 * who knows bytes by it goes on with what they are: whatever page that is. */
static bool by_alias(struct ch_str name, struct ch_str what, struct ch_str of,
                     struct ch_target *ret)
{
    struct ch_oci_digest digest;
    struct ch_err err;
    struct ch_buf b;
    bool known = ch_str_eq(what, CH_STR("manifests")) || ch_str_eq(what, CH_STR("blobs"));
    if (!known || ch_oci_digest_parse(of, &digest, &err) != CH_OK ||
        digest.alias.kind == CH_HASH_NONE) {
        return false;
    }
    ch_buf_init(&b, sizeof(ret->file_name));
    ch_buf_printf(&b, "%.*s/%.*s", CH_STR_ARG(what), CH_STR_ARG(of));
    bool fits = !b.failed && ch_str_copy(name, ret->project, sizeof(ret->project)) &&
                ch_str_copy(ch_buf_str(&b), ret->file_name, sizeof(ret->file_name));
    ch_buf_done(&b);
    return fits;
}

static void classify(struct ch_str repository, const struct ch_str *segments, size_t count,
                     bool directory, struct ch_target *ret)
{
    struct ch_buf b;
    (void)repository;
    *ret = (struct ch_target){0};
    if (count < 3 || directory) {
        return;
    }
    ch_buf_init(&b, CH_OCI_NAME_MAX + 1);
    for (size_t i = 0; i + 2 < count; i++) {
        ch_buf_puts(&b, i > 0 ? CH_STR("/") : CH_STR(""));
        ch_buf_puts(&b, segments[i]);
    }
    struct ch_str name = ch_buf_str(&b), what = segments[count - 2], of = segments[count - 1];
    char normal[sizeof(ret->project)];
    if (b.failed || !normalise(name, normal, sizeof(normal))) {
        ch_buf_done(&b);
        return;
    }
    if (by_alias(name, what, of, ret)) {
        ret->kind = CH_TARGET_ANY_PAGE;
    } else if (ch_str_eq(what, CH_STR("manifests")) && ch_oci_is_referrer_tag(of)) {
        classify_tag(name, of, ret);
    } else if (ch_str_eq(what, CH_STR("referrers")) && is_digest(of)) {
        classify_signed(name, of, CH_PART_REFERRERS, ret);
    } else if (ch_str_eq(what, CH_STR("manifests")) && page_of(name, of, ret)) {
        ret->kind = CH_TARGET_FILE;
    } else if (ch_str_eq(what, CH_STR("tags")) && ch_str_eq(of, CH_STR("list")) &&
               ch_str_copy(name, ret->project, sizeof(ret->project))) {
        ret->kind = CH_TARGET_PROJECT;
        ret->document = 1;
    } else if (ch_str_eq(what, CH_STR("blobs")) && is_digest(of) &&
               ch_str_copy(name, ret->project, sizeof(ret->project)) &&
               ch_str_copy(of, ret->file_name, sizeof(ret->file_name))) {
        ret->kind = CH_TARGET_ANY_PAGE;
    }
    ch_buf_done(&b);
}

/* --- the upstream --- */

static enum ch_code page_url(struct ch_str base, struct ch_str project, unsigned form,
                             struct ch_buf *url)
{
    struct ch_str name, reference;
    if (form > 0 || !page_parts(project, &name, &reference)) {
        return CH_E_NOT_FOUND;
    }
    if (reference.len == 0) {
        ch_buf_printf(url, "%.*s/v2/%.*s/tags/list", CH_STR_ARG(base), CH_STR_ARG(name));
    } else {
        ch_buf_printf(url, "%.*s/v2/%.*s/manifests/%.*s", CH_STR_ARG(base), CH_STR_ARG(name),
                      CH_STR_ARG(reference));
    }
    return ch_buf_ok(url, NULL);
}

static const char *page_profile(struct ch_str content_type)
{
    if (ch_str_eq(content_type, CH_STR("application/json"))) {
        return "page-oci-tags";
    }
    switch (ch_oci_file_kind_of(content_type)) {
    case CH_OCI_FILE_OCI_MANIFEST:
        return "page-oci-manifest";
    case CH_OCI_FILE_DOCKER_MANIFEST:
        return "page-docker-manifest";
    case CH_OCI_FILE_OCI_INDEX:
        return "page-oci-index";
    case CH_OCI_FILE_DOCKER_LIST:
        return "page-docker-list";
    case CH_OCI_FILE_BLOB:
    case CH_OCI_FILE_CONFIG:
    case CH_OCI_FILE_EMPTY:
    case CH_OCI_FILE_LAYER:
    case CH_OCI_FILE_LAYER_GZIP:
    case CH_OCI_FILE_LAYER_ZSTD:
    case CH_OCI_FILE_IN_TOTO:
    case CH_OCI_FILE_SIGNATURE:
    case CH_OCI_FILE_KIND_COUNT:
        break;
    }
    return NULL;
}

/* --- what is pushed --- */

static bool push_reference_is(struct ch_str reference, struct ch_str *ret_tag,
                              struct ch_sha256 *ret_sha256)
{
    const struct ch_str algorithm = CH_STR(SHA256);
    *ret_tag = (struct ch_str){NULL, 0};
    *ret_sha256 = (struct ch_sha256){{0}};
    if (is_digest(reference)) {
        return ch_sha256_from_hex(ch_str_sub(reference, algorithm.len, reference.len), ret_sha256);
    }
    *ret_tag = reference;
    return ch_oci_is_tag(reference);
}

static bool push_is_other_digest(struct ch_str reference)
{
    struct ch_oci_digest digest;
    struct ch_err err;
    enum ch_code rc = ch_oci_digest_parse(reference, &digest, &err);
    return rc == CH_E_UNSUPPORTED || (rc == CH_OK && digest.alias.kind != CH_HASH_NONE);
}

static bool push_page_of(struct ch_str project, struct ch_str tag, const struct ch_sha256 *sha256,
                         char *ret, size_t ret_size)
{
    struct ch_buf b;
    ch_buf_init(&b, ret_size);
    ch_buf_puts(&b, project);
    if (tag.len > 0) {
        ch_buf_printf(&b, ":%.*s", CH_STR_ARG(tag));
    } else if (sha256 != NULL) {
        ch_buf_puts(&b, CH_STR("@" SHA256));
        ch_buf_put_hex(&b, sha256->byte, CH_SHA256_BYTES);
    }
    bool good = !b.failed && is_page(ch_buf_str(&b)) && ch_str_copy(ch_buf_str(&b), ret, ret_size);
    ch_buf_done(&b);
    return good;
}

static bool push_page_is(struct ch_str page, struct ch_str *ret_project, struct ch_str *ret_tag,
                         struct ch_sha256 *ret_sha256)
{
    struct ch_str reference;
    *ret_tag = (struct ch_str){NULL, 0};
    *ret_sha256 = (struct ch_sha256){{0}};
    return page_parts(page, ret_project, &reference) &&
           (reference.len == 0 || push_reference_is(reference, ret_tag, ret_sha256));
}

static const char *push_document_profile(struct ch_str media_type)
{
    return ch_oci_file_is_manifest(ch_oci_file_kind_of(media_type)) ? page_profile(media_type)
                                                                    : NULL;
}

/* As in tags.c, of what a registry says. */
static void push_put_tags(struct ch_buf *b, struct ch_str project, struct ch_str tags)
{
    bool first = true;
    ch_buf_puts(b, CH_STR("{\"name\":"));
    ch_buf_put_json(b, project);
    ch_buf_puts(b, CH_STR(",\"tags\":["));
    while (tags.len > 0) {
        size_t end = 0;
        while (end < tags.len && tags.ptr[end] != '\0') {
            end++;
        }
        ch_buf_puts(b, first ? CH_STR("") : CH_STR(","));
        ch_buf_put_json(b, ch_str_sub(tags, 0, end));
        tags = ch_str_sub(tags, end < tags.len ? end + 1 : end, tags.len);
        first = false;
    }
    ch_buf_puts(b, CH_STR("]}"));
}

static const struct ch_push_ops push = {
    .page_of = push_page_of,
    .page_is = push_page_is,
    .reference_is = push_reference_is,
    .is_other_digest = push_is_other_digest,
    .is_ours = ch_oci_is_referrer_tag,
    .document_profile = push_document_profile,
    .put_tags = push_put_tags,
    .tags_type = "application/json",
};

/* Registries list no names here: classify never asks for it. */
static enum ch_code render_no_root(const struct ch_root_page *page, struct ch_str prefix,
                                   struct ch_buf *out, struct ch_err *err)
{
    (void)page;
    (void)prefix;
    (void)out;
    return ch_fail(err, CH_E_UNSUPPORTED, "registries do not list the names that they have");
}

static const struct ch_index_format formats[] = {
    {"application/json", "application/json", oci_render_tags, render_no_root, .zstd = false},
};

static void usage_line(struct ch_str origin, struct ch_str repository, struct ch_buf *out)
{
    const struct ch_str scheme = CH_STR("://");
    size_t at;
    struct ch_str host =
        ch_str_find(origin, scheme, &at) ? ch_str_sub(origin, at + scheme.len, origin.len) : origin;
    ch_buf_puts(out, CH_STR("skopeo copy "));
    if (ch_str_starts(origin, CH_STR("http:"))) {
        ch_buf_puts(out, CH_STR("--src-tls-verify=false "));
    }
    ch_buf_puts(out, CH_STR("docker://"));
    ch_buf_put_escaped(out, host);
    ch_buf_putc(out, '/');
    ch_buf_put_escaped(out, repository);
    ch_buf_puts(out, CH_STR("/NAME:TAG dir:FOLDER"));
}

const struct ch_ecosystem ch_ecosystem_oci = {
    .name = "oci",
    .file_types = file_types,
    .file_endings = file_endings,
    .profiles = profiles,
    .shared_profiles = shared_profiles,
    .normalise = normalise,
    .is_page = is_page,
    .page_project = page_project,
    .split = split,
    .project_of = project_of,
    .is_meant = is_meant,
    .linked_by = linked_by,
    .decided_on = decided_on,
    .never_why = "it is a signature or an attestation: " NOT_RELAYED,
    .whole_versions = true,
    .whole = whole,
    .listed_fact = "child",
    .listed_page = listed_page,
    .media_type = media_type,
    .compare_parts = oci_compare_parts,
    .digest_header = "Docker-Content-Digest",
    .hold_ms = 60000,
    .path_prefix = "v2",
    .compare_versions = ch_str_cmp,
    .match_version = match_version,
    .sample_versions = ch_ecosystem_no_samples,
    .classify = classify,
    .formats = formats,
    .format_count = CH_ARRAY_LEN(formats),
    .render_part = oci_render_tags_part,
    .page_accept = MANIFEST_TYPES ", application/json",
    .file_accept = MANIFEST_TYPES ", */*",
    .page_url = page_url,
    .page_profile = page_profile,
    .push = &push,
    .usage_line = usage_line,
};
