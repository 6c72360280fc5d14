/* Documents as artifacts: what each opinion lists, finds and tells, and that the two agree. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "base/oci/reference.h"
#include "customhouse/limits.h"
#include "tests/scanner/eco/oci/opinions.h"
#include "scanner/eco/oci/document.h"

#define OCI      "application/vnd.oci.image."
#define MANIFEST OCI "manifest.v1+json"
#define INDEX    OCI "index.v1+json"
#define DOCKER   "application/vnd.docker.distribution."
#define REST     "23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX(xx)  #xx REST
#define D(type, xx, size)                                                                          \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX(xx) "\",\"size\":" #size "}"
#define ROOT(type) "{\"schemaVersion\":2,\"mediaType\":\"" type "\""
#define PARTS                                                                                      \
    ",\"config\":" D(OCI "config.v1+json", aa, 7) ",\"layers\":[" D(OCI "layer.v1.tar+gzip", b1,   \
                                                                    11) "]"
#define F(xx, size)     "file sha256:" HEX(xx) " " #size " " #xx "\n"
#define CHILD(xx, more) "child=sha256:" HEX(xx) more "\n"
/* An index's image with this platform, or what stands for one. */
#define FOR(xx, platform)                                                                          \
    "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:" HEX(xx) "\",\"size\":1,"                \
                                                                   "\"platform\":" platform "}"
#define CONFIG(more, ids)                                                                          \
    "{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"," more                        \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ids "]}}"
#define USER  "\"config\":{\"User\":\"app\"},"
#define ID    "\"sha256:" HEX(b1) "\""
#define LAYER "layer=sha256:" HEX(b1) "\n"
#define DIFF  "diff-id=sha256:" HEX(b1) "\n"
#define ARM   "platform=linux/arm64/v8\n"
#define STATE(type, subject)                                                                       \
    "{\"_type\":\"https://in-toto.io/Statement/" type "\",\"predicateType\":\"https://spdx.dev\"," \
    "\"subject\":[" subject "],\"predicate\":{\"a\":[1]}}"
#define SUBJECT_OF "subject=sha256:" HEX(cc) "\n"
#define SUBJECT "{\"name\":\"pkg:docker/x\",\"digest\":{\"sha256\":\"" HEX(b1) "\"}}"

static const struct row {
    const char *label;
    const char *profile;
    const char *document;
    const char *first;  /* records of the first opinion */
    const char *second; /* of the second; NULL: the members of the first */
} rows[] = {
    {"image", "oci-manifest", ROOT(MANIFEST) PARTS "}", F(aa, 7) F(b1, 11) LAYER, NULL},
    {"image, line at its end", "oci-manifest", ROOT(MANIFEST) PARTS "}\n", F(aa, 7) F(b1, 11) LAYER,
     NULL},
    {"docker's", "oci-manifest", ROOT(DOCKER "manifest.v2+json") PARTS "}",
     F(aa, 7) F(b1, 11) LAYER, NULL},
    {"subject", "oci-manifest", ROOT(MANIFEST) PARTS ",\"subject\":" D(MANIFEST, cc, 3) "}",
     F(aa, 7) F(b1, 11) LAYER F(cc, 3) SUBJECT_OF "artifact-type=" OCI "config.v1+json\n", NULL},
    {"artifact with a subject", "oci-manifest",
     ROOT(MANIFEST) ",\"artifactType\":\"application/a\"" PARTS
                    ",\"subject\":" D(MANIFEST, cc, 3) ",\"annotations\":{\"b\":\"1\",\"a\\nb\":\"2\"}}",
     F(aa, 7) F(b1, 11) LAYER F(cc, 3) SUBJECT_OF "artifact-type=application/a\n"
                                                  "annotation=b\n1\n",
     F(aa, 7) F(b1, 11) F(cc, 3)},
    {"index with a subject", "oci-index",
     ROOT(INDEX) ",\"manifests\":[],\"subject\":" D(MANIFEST, cc, 3) "}", F(cc, 3) SUBJECT_OF, NULL},
    {"annotations of an image", "oci-manifest", ROOT(MANIFEST) PARTS ",\"annotations\":{\"b\":\"1\"}}",
     F(aa, 7) F(b1, 11) LAYER, NULL},
    {"a digest twice", "oci-index",
     ROOT(INDEX) ",\"manifests\":[" D(MANIFEST, aa, 1) "," D(MANIFEST, aa, 1) "]}",
     F(aa, 1) CHILD(aa, "") F(aa, 1) CHILD(aa, ""), F(aa, 1) F(aa, 1)},
    {"platforms", "oci-index",
     ROOT(INDEX) ",\"manifests\":[" FOR(aa, "{\"os\":\"linux\",\"architecture\":\"arm64\","
                                            "\"variant\":\"v8\"}") "," FOR(
         b1, "{\"os\":\"linux\",\"architecture\":\"amd64\"}") "]}",
     F(aa, 1) CHILD(aa, " linux/arm64/v8") F(b1, 1) CHILD(b1, " linux/amd64"), F(aa, 1) F(b1, 1)},
    {"versions and features", "oci-index",
     ROOT(INDEX) ",\"manifests\":[" FOR(aa, "{\"os\":\"windows\",\"architecture\":\"amd64\","
                                            "\"os.version\":\"10.0.17763.1\","
                                            "\"os.features\":[\"win32k\",\"a b/\"]}") "," FOR(
         b1, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"os.features\":[\"x\"]}") "]}",
     F(aa, 1) CHILD(aa, " windows(10.0.17763.1+win32k+a%20b%2F)/amd64") F(b1, 1)
         CHILD(b1, " linux(+x)/amd64"),
     F(aa, 1) F(b1, 1)},
    /* what no node takes for linux/amd64: each part is what it is */
    {"parts that look like more", "oci-index",
     ROOT(INDEX) ",\"manifests\":[" FOR(aa, "{\"os\":\"linux\",\"architecture\":\"amd64/v1\"}") "," FOR(
         b1, "{\"os\":\"linux(1)\",\"architecture\":\"amd64\"}") "," FOR(
         cc, "{\"os\":\"a b\",\"architecture\":\"\",\"variant\":\"\\u001b\"}") "]}",
     F(aa, 1) CHILD(aa, " linux/amd64%2Fv1") F(b1, 1) CHILD(b1, " linux%281%29/amd64") F(cc, 1)
         CHILD(cc, " a%20b//%1B"),
     F(aa, 1) F(b1, 1) F(cc, 1)},
    /* for none, which is not for any: no client takes these, and one of which nothing is said all do */
    {"platforms that say nothing", "oci-index",
     ROOT(INDEX) ",\"manifests\":[" FOR(aa, "{}") "," FOR(b1, "{\"variant\":\"v8\"}") "," FOR(
         cc, "{\"os\":\"\",\"architecture\":\"\",\"os.version\":\"1\"}") "]}",
     F(aa, 1) CHILD(aa, " /") F(b1, 1) CHILD(b1, " //v8") F(cc, 1) CHILD(cc, " (1)/"),
     F(aa, 1) F(b1, 1) F(cc, 1)},
    {"sha512", "oci-index",
     ROOT(INDEX) ",\"manifests\":[{\"mediaType\":\"" MANIFEST
                 "\",\"size\":1,\"digest\":\"sha512:" HEX(aa) HEX(bb) "\"}]}",
     "other sha512:" HEX(aa) HEX(bb) " 1\nchild=sha512:" HEX(aa) HEX(bb) "\n",
     "other sha512:" HEX(aa) HEX(bb) " 1\n"},
    {"list", "oci-index",
     ROOT(DOCKER "manifest.list.v2+json") ",\"manifests\":[" D(DOCKER "manifest.v2+json", aa,
                                                               1) "]}",
     F(aa, 1) CHILD(aa, ""), F(aa, 1)},
    {"unknown layer", "oci-manifest",
     ROOT(MANIFEST) ",\"config\":" D(OCI "config.v1+json", aa, 7) ",\"layers\":[" D("application/x",
                                                                                    b1, 11) "]}",
     "! oci-type\n" F(aa, 7) F(b1, 11) LAYER, F(aa, 7) F(b1, 11)},
    /* an index judged as a manifest, and the other way round */
    {"index as manifest", "oci-manifest", ROOT(INDEX) ",\"manifests\":[]}", "! oci-ambiguous\n",
     "! oci-manifest\n"},
    {"manifest as index", "oci-index", ROOT(MANIFEST) PARTS "}", "! oci-ambiguous\n",
     "! oci-manifest\n"},
    {"no json", "oci-manifest", "{", "! oci-manifest\n", "! oci-manifest\n"},
    {"empty", "oci-manifest", "", "! oci-manifest\n", "! oci-manifest\n"},
    /* what the first refuses, the second need not */
    {"comment", "oci-manifest", "/* */" ROOT(MANIFEST) PARTS "}", "! oci-manifest\n",
     F(aa, 7) F(b1, 11)},
    {"other quotes", "oci-manifest", "{'a':1}", "! oci-manifest\n", "! oci-manifest\n"},
    {"behind it", "oci-manifest", ROOT(MANIFEST) PARTS "}x", "! oci-manifest\n",
     "! oci-manifest\n"},
    {"two of them", "oci-manifest", ROOT(MANIFEST) PARTS "}{}", "! oci-manifest\n",
     "! oci-manifest\n"},
    {"NUL behind it", "oci-manifest", NULL, "! oci-manifest\n", "! oci-manifest\n"},
    {"no utf-8", "oci-manifest", ROOT(MANIFEST) ",\"x\":\"\xff\"" PARTS "}", "! oci-manifest\n",
     "! oci-manifest\n"},
    {"list", "oci-manifest", "[]", "! oci-manifest\n", "! oci-manifest\n"},
    {"key twice", "oci-manifest", ROOT(MANIFEST) PARTS PARTS "}", "! oci-manifest\n",
     F(aa, 7) F(b1, 11)},
    {"size negative", "oci-manifest",
     ROOT(MANIFEST) ",\"layers\":[],\"config\":" D(OCI "config.v1+json", aa, -7) "}",
     "! oci-manifest\n", "! oci-manifest\n"},
    {"size with a point", "oci-manifest",
     ROOT(MANIFEST) ",\"layers\":[],\"config\":" D(OCI "config.v1+json", aa, 7.0) "}",
     "! oci-manifest\n", "! oci-manifest\n"},
    {"size beyond all", "oci-manifest",
     ROOT(MANIFEST) ",\"layers\":[],\"config\":" D(OCI "config.v1+json", aa,
                                                   99999999999999999999) "}",
     "! oci-manifest\n", "! oci-manifest\n"},
    /* "{}" */
    {"empty document", "oci-empty", "{}", "", NULL},
    {"empty document, blank", "oci-empty", "{ }", "! oci-empty\n", "! oci-empty\n"},
    {"empty document, none", "oci-empty", "", "! oci-empty\n", "! oci-empty\n"},
    {"empty document, line", "oci-empty", "{}\n", "! oci-empty\n", "! oci-empty\n"},
    /* configurations */
    {"config", "oci-config", CONFIG(USER, ID), ARM F(b1, 0) DIFF, NULL},
    {"config, no layers", "oci-config", CONFIG(USER, ""), ARM, NULL},
    {"config, root", "oci-config", CONFIG("", ID), "! oci-root\n" ARM F(b1, 0) DIFF, F(b1, 0)},
    {"config, history", "oci-config", CONFIG(USER "\"history\":[{},{}],", ID),
     "! oci-history\n" ARM F(b1, 0) DIFF, F(b1, 0)},
    {"config, short digest", "oci-config", CONFIG(USER, "\"sha256:00\""), "! oci-config\n",
     "! oci-config\n"},
    {"config, no json", "oci-config", "{", "! oci-config\n", "! oci-config\n"},
    {"config, a token", "oci-config",
     CONFIG("\"config\":{\"User\":\"1\",\"Env\":[\"PATH=/bin\",\"X=glpat-AbCdEfGhI1jK2lM3nO4p\"]},",
            ID),
     ARM "! oci-secret\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, a password", "oci-config",
     CONFIG("\"config\":{\"User\":\"1\",\"Env\":[\"DB_PASSWORD=hunter2\"]},", ID),
     ARM "! oci-password\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, a label", "oci-config",
     CONFIG("\"config\":{\"User\":\"1\",\"Labels\":{\"api.token\":\"hunter2\"}},", ID),
     ARM "! oci-password\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, history", "oci-config",
     CONFIG(USER "\"history\":[{\"created_by\":\"|1 TOKEN=hunter2 /bin/sh -c make\"}],", ID),
     ARM "! oci-password\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, container_config", "oci-config",
     CONFIG(USER "\"container_config\":{\"Cmd\":[\"sh\",\"-c\",\"curl -H "
                 "glpat-AbCdEfGhI1jK2lM3nO4p\"]},",
            ID),
     ARM "! oci-secret\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, container_config's environment", "oci-config",
     CONFIG(USER "\"container_config\":{\"Env\":[\"DB_PASSWORD=hunter2\"]},", ID),
     ARM "! oci-password\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, command that asks for its health", "oci-config",
     CONFIG("\"config\":{\"User\":\"app\",\"Healthcheck\":{\"Test\":[\"CMD-SHELL\","
            "\"API_KEY=hunter2 curl localhost\"],\"Interval\":1}},",
            ID),
     ARM "! oci-password\n" F(b1, 0) DIFF, F(b1, 0)},
    {"config, the same in other letters", "oci-config",
     CONFIG("\"config\":{\"User\":\"app\",\"Healthcheck\":{\"test\":[]}},", ID), "! oci-config\n",
     F(b1, 0)},
    {"config, no such command", "oci-config",
     CONFIG("\"config\":{\"User\":\"app\",\"Healthcheck\":{\"Interval\":1}},", ID),
     ARM F(b1, 0) DIFF, F(b1, 0)},
    {"config, container_config none", "oci-config", CONFIG(USER "\"container_config\":null,", ID),
     ARM F(b1, 0) DIFF, NULL},
    /* statements */
    {"statement", "oci-statement", STATE("v1", SUBJECT),
     "predicate-type=https://spdx.dev\n" F(b1, 0), NULL},
    {"statement 0.1", "oci-statement", STATE("v0.1", SUBJECT "," SUBJECT),
     "predicate-type=https://spdx.dev\n" F(b1, 0) F(b1, 0), NULL},
    {"statement of another version", "oci-statement", STATE("v2", SUBJECT), "! oci-statement\n",
     F(b1, 0)},
    {"statement without digest", "oci-statement", STATE("v1", "{\"name\":\"a\"}"),
     "! oci-statement\n", "! oci-statement\n"},
    {"statement, digest of another kind", "oci-statement",
     STATE("v1", "{\"name\":\"a\",\"digest\":{\"sha1\":\"00\"}}"), "! oci-statement\n",
     "! oci-statement\n"},
    {"statement, subject no object", "oci-statement", STATE("v1", "1"), "! oci-statement\n",
     "! oci-statement\n"},
    {"statement, key folded", "oci-statement",
     "{\"_type\":\"https://in-toto.io/Statement/v1\",\"Subject\":[],\"subject\":[],"
     "\"predicateType\":\"x\"}",
     "! oci-statement\n", ""},
    {"statement, no json", "oci-statement", "1", "! oci-statement\n", "! oci-statement\n"},
};

static void each_row(void **state)
{
    (void)state;
    static const char nul[] = ROOT(MANIFEST) PARTS "}\0";
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str bytes = rows[i].document != NULL ? ch_str_of(rows[i].document)
                                                       : (struct ch_str){nul, sizeof(nul) - 1};
        struct ch_scan_job job = {.profile = ch_str_of(rows[i].profile)};
        opinion_is(rows[i].label, ch_oci_document_inspect, &job, bytes, rows[i].first);
        opinion_is(rows[i].label, ch_oci_document_second, &job, bytes,
                   rows[i].second != NULL ? rows[i].second : opinion_members(rows[i].first));
    }
}

/* Whatever the jails are sent for, the bytes are bounded. */
static void bounds(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *finding;
        uint64_t *limit;
    } cases[] = {{"oci-manifest", "! oci-manifest\n", &ch_limits.oci_manifest_bytes},
                 {"oci-config", "! oci-config\n", &ch_limits.oci_config_bytes},
                 {"oci-statement", "! oci-statement\n", &ch_limits.oci_statement_bytes}};
    static const char *const documents[] = {ROOT(MANIFEST) PARTS "}", CONFIG(USER, ID),
                                            STATE("v1", SUBJECT)};
    for (size_t i = 0; i < CH_ARRAY_LEN(cases); i++) {
        uint64_t before = *cases[i].limit;
        struct ch_scan_job job = {.profile = ch_str_of(cases[i].profile)};
        *cases[i].limit = strlen(documents[i]) - 1;
        opinion_is(cases[i].profile, ch_oci_document_inspect, &job, ch_str_of(documents[i]),
                   cases[i].finding);
        opinion_is(cases[i].profile, ch_oci_document_second, &job, ch_str_of(documents[i]),
                   cases[i].finding);
        *cases[i].limit = before;
    }
}

/* Of a platform that is too long to be told, the image would be taken for one of any (T19). */
static void platforms_too_long_to_be_told(void **state)
{
    (void)state;
    struct ch_scan_job job = {.profile = CH_STR("oci-index")};
    const char *const before = ROOT(INDEX) ",\"manifests\":[{\"mediaType\":\"" MANIFEST
                                           "\",\"digest\":\"sha256:" HEX(aa) "\",\"size\":1,"
                                           "\"platform\":{\"os\":\"l\",\"architecture\":\"";
    /* what is told is escaped: three of each blank; "l/" in front */
    size_t room = (size_t)ch_limits.text_bytes - CH_OCI_DIGEST_MAX - 1 - 2;
    for (size_t more = 0; more < 2; more++) {
        struct ch_buf b, told;
        ch_buf_init(&b, 8192);
        ch_buf_init(&told, 8192);
        ch_buf_puts(&b, ch_str_of(before));
        ch_buf_puts(&told, CH_STR(F(aa, 1) "child=sha256:" HEX(aa) " l/"));
        for (size_t i = 0; i < room / 3; i++) {
            ch_buf_putc(&b, ' ');
            ch_buf_puts(&told, CH_STR("%20"));
        }
        for (size_t i = 0; i < room % 3 + more; i++) {
            ch_buf_putc(&b, 'x');
            ch_buf_putc(&told, 'x');
        }
        ch_buf_puts(&b, CH_STR("\"}}]}"));
        ch_buf_puts(&told, CH_STR("\n"));
        ch_buf_putc(&told, '\0');
        assert_false(b.failed || told.failed);
        opinion_is("platform's length", ch_oci_document_inspect, &job, ch_buf_str(&b),
                   more > 0 ? "! oci-manifest\n" : ch_buf_str(&told).ptr);
        ch_buf_done(&told);
        ch_buf_done(&b);
    }
}

static void deep(void **state)
{
    (void)state;
    char text[512] = "{\"a\":";
    for (size_t i = 5; i < 300; i++) {
        text[i] = '[';
    }
    struct ch_scan_job job = {.profile = CH_STR("oci-config")};
    opinion_is("deep", ch_oci_document_inspect, &job, ch_str_of(text), "! oci-config\n");
    opinion_is("deep", ch_oci_document_second, &job, ch_str_of(text), "! oci-config\n");
}

int main(void)
{
    ch_oci_document_warm_up();
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(bounds),
                                       cmocka_unit_test(platforms_too_long_to_be_told),
                                       cmocka_unit_test(deep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
