/* Pages of images: which files a manifest, an index and a tag list, and what is no answer. */
#include "tests/scanner/scan_text.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/page.h"

#define OCI      "application/vnd.oci.image."
#define DOCKER   "application/vnd.docker."
#define MANIFEST OCI "manifest.v1+json"
#define INDEX    OCI "index.v1+json"
#define EMPTY    "application/vnd.oci.empty.v1+json"
#define REST     "23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX(xx)  #xx REST
#define D(type, xx, size)                                                                          \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX(xx) "\",\"size\":" #size "}"
#define ROOT(type) "{\"schemaVersion\":2,\"mediaType\":\"" type "\""
#define IMAGE(layers)                                                                              \
    ROOT(MANIFEST) ",\"config\":" D(OCI "config.v1+json", aa, 7) ",\"layers\":[" layers "]}"
#define LIST(children) ROOT(INDEX) ",\"manifests\":[" children "]}"
#define TAR_GZ         OCI "layer.v1.tar+gzip"
#define SIGNATURE      "a signature"
#define BASE           "https://example.org/x/v2/dotnet/sdk/"

struct row {
    const char *label;
    const char *profile;
    const char *reference; /* NULL: the document's own digest */
    const char *document;
    /* Lines "KIND DIGITS SIZE" of the files but the first, which is the document, "subject DIGITS
     * 0", "child-TYPE DIGITS SIZE"; "!...": of the error; SIGNATURE: it is somebody's, and lists
     * nothing else. */
    const char *expected;
};

static void put_line(struct ch_buf *b, const char *xx, const char *ending, const char *where,
                     const char *size, const char *version)
{
    ch_buf_printf(b,
                  "file sha256-%s%s%s <" BASE "%s/sha256:%s%s> sha256=%.2s size=%s of "
                  "(dotnet/sdk) (%s) () \n",
                  xx, strlen(xx) == 2 ? REST : "", ending, where, xx, strlen(xx) == 2 ? REST : "",
                  xx, size, version);
}

static void expect(const struct row *row, const char *page, const char *hex, const char *ending,
                   struct ch_buf *ret)
{
    char version[128];
    char size[32];
    bool alone = strcmp(row->expected, SIGNATURE) == 0;
    struct ch_str rest = ch_str_of(alone ? "" : row->expected);
    struct ch_str line;
    snprintf(version, sizeof(version), "sha256:%s", hex);
    snprintf(size, sizeof(size), "%zu", strlen(row->document));
    ch_buf_printf(ret, "head (%s)\n", page);
    put_line(ret, hex, ending, "manifests", size, version);
    while (rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        char kind[80], xx[8], bytes[16];
        assert_int_equal(sscanf(line.ptr, "%79s %7s %15s", kind, xx, bytes), 3);
        if (strncmp(kind, "child512-", sizeof("child512-") - 1) == 0) {
            ch_buf_printf(ret, "child=sha512:%s%s%s%s %s %s\n", xx, REST, xx, REST, bytes,
                          kind + sizeof("child512-") - 1);
        } else if (strncmp(kind, "child-", sizeof("child-") - 1) == 0) {
            ch_buf_printf(ret, "child=sha256:%s%s %s %s\n", xx, REST, bytes,
                          kind + sizeof("child-") - 1);
        } else if (strcmp(kind, "subject") == 0) {
            ch_buf_printf(ret, "subject=sha256:%s%s\n", xx, REST);
        } else {
            put_line(ret, xx, kind, "blobs", bytes, version);
        }
    }
}

static void run(const struct row *row)
{
    static const char *const endings[][2] = {{"signature", ".signature.json"},
                                             {"page-oci-manifest", ".oci-manifest.json"},
                                             {"page-docker-manifest", ".docker-manifest.json"},
                                             {"page-oci-index", ".oci-index.json"},
                                             {"page-docker-list", ".docker-list.json"}};
    char hex[CH_SHA256_HEX + 1] = "";
    char page[256];
    char url[512];
    struct ch_str bytes = ch_str_of(row->document);
    struct ch_sha256 digest = ch_sha256_of(bytes.ptr, bytes.len);
    for (size_t i = 0; i < CH_SHA256_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest.byte[i]);
    }
    const char *ending = "?";
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        const char *of = strcmp(row->expected, SIGNATURE) == 0 ? "signature" : row->profile;
        ending = strcmp(endings[i][0], of) == 0 ? endings[i][1] : ending;
    }
    bool own = row->reference == NULL;
    bool tag = !own && strchr(row->reference, ':') == NULL;
    snprintf(page, sizeof(page), "dotnet/sdk%s%s%s", tag ? ":" : "@", own ? "sha256:" : "",
             own ? hex : row->reference);
    snprintf(url, sizeof(url), BASE "manifests/%s", page + strlen("dotnet/sdk") + 1);
    struct ch_scan_job job = {
        .profile = ch_str_of(row->profile), .project = ch_str_of(page), .base_url = ch_str_of(url)};
    struct ch_err err = {.msg = ""};
    struct ch_buf text;
    struct ch_buf expected;
    ch_buf_init(&text, 1 << 20);
    ch_buf_init(&expected, 1 << 20);
    enum ch_code rc = scan_text(ch_oci_page_parse, &job, bytes, &text, &err);
    ch_buf_putc(&text, '\0');
    bool bad = row->expected[0] == '!';
    if (!bad) {
        expect(row, page, hex, ending, &expected);
    }
    ch_buf_putc(&expected, '\0');
    if (bad ? rc == CH_OK || strstr(err.msg, row->expected + 1) == NULL || text.len > 1
            : rc != CH_OK || strcmp(text.ptr, expected.ptr) != 0) {
        fail_msg("%s: %s\n%s\nexpected\n%s", row->label, err.msg, text.ptr, expected.ptr);
    }
    ch_buf_done(&text);
    ch_buf_done(&expected);
}

#define BY_SHA512(type, xx, bytes)                                                                 \
    "{\"mediaType\":\"" type "\",\"size\":" #bytes ",\"digest\":\"sha512:" HEX(xx) HEX(xx) "\"}"

/* T15: a part that is named by an alias has no SHA-256 of its document's: whoever knows bytes by it
 * says what they are. */
static void a_part_by_an_alias(void **state)
{
    (void)state;
    static const char document[] = IMAGE(BY_SHA512(TAR_GZ, b1, 11) "," BY_SHA512(TAR_GZ, b1, 11));
    char hex[CH_SHA256_HEX + 1], page[200], url[400];
    struct ch_sha256 digest = ch_sha256_of(document, strlen(document));
    struct ch_buf text;
    struct ch_err err;
    ch_sha256_hex(&digest, hex);
    snprintf(page, sizeof(page), "dotnet/sdk@sha256:%s", hex);
    snprintf(url, sizeof(url), BASE "manifests/sha256:%s", hex);
    struct ch_scan_job job = {.profile = CH_STR("page-oci-manifest"),
                              .project = ch_str_of(page),
                              .base_url = ch_str_of(url)};
    ch_buf_init(&text, 1 << 20);
    assert_ch_ok(&err, scan_text(ch_oci_page_parse, &job, ch_str_of(document), &text, &err));
    size_t at = 0;
    struct ch_str name = CH_STR("sha512-" HEX(b1) HEX(b1) ".layer.tar.gz");
    assert_true(ch_str_find(ch_buf_str(&text), name, &at));
    struct ch_str rest = ch_str_sub(ch_buf_str(&text), at + 1, text.len);
    assert_false(ch_str_find(rest, name, NULL)); /* once */
    assert_true(ch_str_find(rest, CH_STR("blobs/sha512:" HEX(b1) HEX(b1)), NULL));
    ch_buf_done(&text);
}

static const struct row rows[] = {
    {"image", "page-oci-manifest", NULL,
     IMAGE(D(TAR_GZ, b1, 11) "," D(OCI "layer.v1.tar", b2, 12) "," D(OCI "layer.v1.tar+zstd", b3,
                                                                     13)),
     ".config.json aa 7\n.layer.tar.gz b1 11\n.layer.tar b2 12\n.layer.tar.zst b3 13"},
    {"a digest once", "page-oci-manifest", NULL, IMAGE(D(TAR_GZ, b1, 11) "," D(TAR_GZ, b1, 11)),
     ".config.json aa 7\n.layer.tar.gz b1 11"},
    {"docker", "page-docker-manifest", NULL,
     ROOT(DOCKER "distribution.manifest.v2+json") ",\"config\":" D(
         DOCKER "container.image.v1+json", aa,
         7) ",\"layers\":[" D(DOCKER "image.rootfs.diff.tar.gzip", b1, 11) "]}",
     ".config.json aa 7\n.layer.tar.gz b1 11"},
    {"statement of a build", "page-oci-manifest", NULL,
     IMAGE(D("application/vnd.in-toto+json", b1, 11)), ".config.json aa 7\n.in-toto.json b1 11"},
    {"artifact", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"config\":" D(EMPTY, aa, 2) ",\"layers\":[" D("application/x", b1, 11) "]}",
     ".empty.json aa 2\n.blob b1 11"},
    {"empty twice", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"config\":" D(EMPTY, aa, 2) ",\"layers\":[" D(EMPTY, aa, 2) "]}",
     ".empty.json aa 2"},
    {"layer from elsewhere", "page-oci-manifest", NULL,
     IMAGE(D(OCI "layer.nondistributable.v1.tar+gzip", b1, 11)), ".config.json aa 7"},
    {"subject is no part", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"config\":" D(EMPTY, aa, 2) ",\"layers\":[],\"subject\":" D(MANIFEST, cc,
                                                                                   9) "}",
     ".empty.json aa 2\nsubject cc 0"},
    {"subject by tag", "page-oci-index", "8.0",
     ROOT(INDEX) ",\"manifests\":[],\"subject\":" D(MANIFEST, cc, 9) "}", "subject cc 0"},
    {"signature with a subject", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                    "\"config\":" D(EMPTY, aa, 2) ",\"layers\":[],\"subject\":" D(MANIFEST, cc,
                                                                                  9) "}",
     SIGNATURE},
    {"index", "page-oci-index", NULL, LIST(D(MANIFEST, b1, 11) "," D(INDEX, b2, 12)),
     "child-" MANIFEST " b1 11\nchild-" INDEX " b2 12"},
    {"list", "page-docker-list", NULL,
     ROOT(DOCKER "distribution.manifest.list.v2+json") ",\"manifests\":[" D(
         DOCKER "distribution.manifest.v2+json", b1, 11) "]}",
     "child-" DOCKER "distribution.manifest.v2+json b1 11"},
    {"tag", "page-oci-manifest", "8.0", IMAGE(D(TAR_GZ, b1, 11)), ""},
    {"tag of an index", "page-oci-index", "8.0", LIST(D(MANIFEST, b1, 11)), ""},
    {"cosign's signature", "page-oci-manifest", NULL,
     IMAGE(D("application/vnd.dev.cosign.simplesigning.v1+json", b1, 11)), SIGNATURE},
    {"cosign's signature by tag", "page-oci-manifest", "1.0",
     IMAGE(D("application/vnd.dev.cosign.simplesigning.v1+json", b1, 11)), SIGNATURE},
    {"cosign's attestation", "page-oci-manifest", NULL,
     IMAGE(D(TAR_GZ, b2, 12) "," D("application/vnd.dsse.envelope.v1+json", b1, 11)), SIGNATURE},
    {"bundle", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                    "\"config\":" D(EMPTY, aa, 2) ",\"layers\":[" D(TAR_GZ, b1, 11) "]}",
     SIGNATURE},
    {"notation, old", "page-oci-manifest", NULL,
     ROOT(MANIFEST) ",\"config\":" D("application/vnd.cncf.notary.signature", aa,
                                     2) ",\"layers\":[" D("application/jose+json", b1, 11) "]}",
     SIGNATURE},
    {"a type that begins alike", "page-oci-manifest", NULL,
     IMAGE(D("application/vnd.dev.cosignature", b1, 11)), ".config.json aa 7\n.blob b1 11"},
    /* no answer */
    {"another digest", "page-oci-manifest", "sha256:" HEX(00), IMAGE(""), "!sha256:"},
    {"sha512", "page-oci-manifest", "sha512:" HEX(00) HEX(00), IMAGE(""),
     "!expected NAME:TAG or NAME@sha256:HEX"},
    {"half a digest", "page-oci-manifest", "sha256:00", IMAGE(""), "!expected sha256"},
    {"no json", "page-oci-manifest", NULL, "{", "!oci-manifest: JSON: line 1"},
    {"no json by tag", "page-oci-manifest", "8.0", "{", "!oci-manifest: JSON: line 1"},
    {"another type", "page-docker-manifest", NULL, IMAGE(""),
     "!oci-ambiguous: mediaType: \"" MANIFEST "\", the registry says"},
    {"index as manifest", "page-oci-manifest", NULL, LIST(""), "!oci-ambiguous"},
    {"layer by sha512 with two sizes", "page-oci-manifest", NULL,
     IMAGE(BY_SHA512(TAR_GZ, aa, 1) "," BY_SHA512(TAR_GZ, aa, 2)), "!two media types or sizes"},
    {"child by sha512", "page-oci-index", NULL, LIST(BY_SHA512(MANIFEST, aa, 1)), "child512-" MANIFEST " aa 1"},
    {"layer by sha384", "page-oci-manifest", NULL,
     IMAGE("{\"mediaType\":\"" TAR_GZ "\",\"size\":1,\"digest\":\"sha384:" HEX(aa) "\"}"),
     "!sha384"},
    {"two kinds", "page-oci-manifest", NULL, IMAGE(D(TAR_GZ, aa, 7)), "!two media types or sizes"},
    {"two kinds of layer", "page-oci-manifest", NULL,
     IMAGE(D(TAR_GZ, b1, 11) "," D(OCI "layer.v1.tar", b1, 11)), "!two media types or sizes"},
    {"two sizes", "page-oci-manifest", NULL, IMAGE(D(TAR_GZ, b1, 11) "," D(TAR_GZ, b1, 12)),
     "!two media types or sizes"},
    {"another profile", "page-json", NULL, IMAGE(""), "!no parser for pages of profile"},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        run(&rows[i]);
    }
}

/* The page and the address have to be of the same manifest. */
static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *page, *url;
        bool good;
    } cases[] = {
        {"a/b:1", "http://127.0.0.1:5000/v2/a/b/manifests/1", true},
        {"b:1", "http://127.0.0.1:5000/v2/a/b/manifests/1", false},
        {"a/b:1", "http://127.0.0.1:5000/v2/a/b/manifests/2", false},
        {"a/b:1", "http://127.0.0.1:5000/v2/a/b/manifests/1?x", false},
        {"a/b:1", "/v2/a/b/manifests/1", false},
        {"a/b:1", "http://127.0.0.1:5000/v1/a/b/manifests/1", false},
        {"a/b", "http://127.0.0.1:5000/v2/a/b/manifests/1", false},
        {"A:1", "http://127.0.0.1:5000/v2/A/manifests/1", false},
        {"a:.1", "http://127.0.0.1:5000/v2/a/manifests/.1", false},
        {"a:1:2", "http://127.0.0.1:5000/v2/a/manifests/1:2", false},
        {"a:", "http://127.0.0.1:5000/v2/a/manifests/", false},
        {"", "", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(cases); i++) {
        struct ch_scan_job job = {.profile = CH_STR("page-oci-manifest"),
                                  .project = ch_str_of(cases[i].page),
                                  .base_url = ch_str_of(cases[i].url)};
        struct ch_err err = {.msg = ""};
        struct ch_buf text;
        ch_buf_init(&text, 1 << 20);
        enum ch_code rc = scan_text(ch_oci_page_parse, &job, ch_str_of(IMAGE("")), &text, &err);
        if ((rc == CH_OK) != cases[i].good || (!cases[i].good && rc != CH_E_USAGE)) {
            fail_msg("%s %s: %s", cases[i].page, cases[i].url, err.msg);
        }
        ch_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(addresses),
                                       cmocka_unit_test(a_part_by_an_alias)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
