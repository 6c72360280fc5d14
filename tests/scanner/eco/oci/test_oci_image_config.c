/* Configurations of images: what is read of honest ones, and a document for every rule. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/image_config.h"

#define HEX64    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID       "\"sha256:" HEX64 "\""
#define PLATFORM "\"os\":\"linux\",\"architecture\":\"amd64\""
#define USER     ",\"config\":{\"User\":\"1000\"}"
#define ROOTFS   ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "]}"

struct seen {
    char names[512];
    char text[4096];
};

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence)
{
    struct seen *s = arg;
    const size_t at = strlen(s->names);
    (void)member;
    snprintf(s->names + at, sizeof(s->names) - at, "%s%s", at > 0 ? " " : "",
             ch_finding_row(code)->name);
    snprintf(s->text, sizeof(s->text), "%.*s", CH_STR_ARG(evidence));
}

static bool read_it(struct ch_str document, size_t layers, struct seen *seen,
                    struct ch_oci_image_config *ret)
{
    *seen = (struct seen){.names = ""};
    struct ch_scan_writer *w = ch_scan_writer_listen(on_finding, seen);
    bool ok = ch_oci_image_config_read(document, layers, w, ret);
    ch_scan_writer_free(w);
    return ok;
}

/* ------------------------------------------------------------------ a document for every rule */

static const struct row {
    const char *label;
    const char *document; /* of one layer */
    const char *findings;
    const char *says; /* NULL, or what the last one's evidence has in it */
    bool read;
} rows[] = {
    {"honest", "{" PLATFORM USER ROOTFS "}", "", NULL, true},
    {"no-config", "{" PLATFORM ROOTFS "}", "oci-root", "", true},
    {"user-empty", "{" PLATFORM ",\"config\":{\"User\":\"\"}" ROOTFS "}", "oci-root", "", true},
    {"user-root", "{" PLATFORM ",\"config\":{\"User\":\"root:wheel\"}" ROOTFS "}", "oci-root",
     "root:wheel", true},
    {"user-zeros", "{" PLATFORM ",\"config\":{\"User\":\"+00:7\"}" ROOTFS "}", "oci-root", "+00:7",
     true},
    {"user-group", "{" PLATFORM ",\"config\":{\"User\":\":1000\"}" ROOTFS "}", "oci-root", ":1000",
     true},
    {"user-plus", "{" PLATFORM ",\"config\":{\"User\":\"+\"}" ROOTFS "}", "", NULL, true},
    {"user-group-root", "{" PLATFORM ",\"config\":{\"User\":\"app:0\"}" ROOTFS "}", "", NULL, true},
    {"config-null", "{" PLATFORM ",\"config\":null" ROOTFS "}", "oci-root", "", true},
    /* what it is */
    {"no-json", "{", "oci-config", "JSON: line 1", false},
    {"list", "[]", "oci-config", "expected an object", false},
    {"twice", "{" PLATFORM ",\"os\":\"linux\"" ROOTFS "}", "oci-config", "duplicate", false},
    {"no-os", "{\"architecture\":\"amd64\"" ROOTFS "}", "oci-config",
     "os: expected a string, found nothing", false},
    {"no-architecture", "{\"os\":\"linux\"" ROOTFS "}", "oci-config",
     "architecture: expected a string", false},
    {"user-number", "{" PLATFORM ",\"config\":{\"User\":0}" ROOTFS "}", "oci-config",
     "config.User: expected a string, found 0", false},
    {"env-text", "{" PLATFORM ",\"config\":{\"Env\":\"A=b\"}" ROOTFS "}", "oci-config",
     "config.Env: expected an array", false},
    {"env-number", "{" PLATFORM ",\"config\":{\"Env\":[\"A=b\",1]}" ROOTFS "}", "oci-config",
     "config.Env[1]: expected a string", false},
    {"label-number", "{" PLATFORM ",\"config\":{\"Labels\":{\"a\":1}}" ROOTFS "}", "oci-config",
     "config.Labels.a: expected a string", false},
    /* keys that clients find otherwise */
    {"key-config", "{" PLATFORM USER ",\"Config\":{\"User\":\"root\"}" ROOTFS "}", "oci-config",
     "Config: some clients take this key for config", false},
    {"key-user", "{" PLATFORM ",\"config\":{\"User\":\"1000\",\"user\":\"root\"}" ROOTFS "}",
     "oci-config", "config.user: some clients take this key for User", false},
    {"key-rootfs",
     "{" PLATFORM USER ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "],\"Diff_IDs\":[]}}",
     "oci-config", "rootfs.Diff_IDs: some clients take this key for diff_ids", false},
    {"key-history", "{" PLATFORM USER ROOTFS ",\"history\":[{\"Empty_Layer\":true}]}", "oci-config",
     "history[0].Empty_Layer: some clients take this key for empty_layer", false},
    /* layers */
    {"no-rootfs", "{" PLATFORM USER "}", "oci-config", "rootfs: expected an object", false},
    {"rootfs-type", "{" PLATFORM USER ",\"rootfs\":{\"type\":\"x\",\"diff_ids\":[" ID "]}}",
     "oci-config", "rootfs.type: expected \"layers\", found \"x\"", false},
    {"rootfs-more",
     "{" PLATFORM USER ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "," ID "]}}",
     "oci-config", "rootfs.diff_ids: 2 layers, the manifest has 1", false},
    {"rootfs-none", "{" PLATFORM USER ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
     "oci-config", "rootfs.diff_ids: 0 layers, the manifest has 1", false},
    {"rootfs-id", "{" PLATFORM USER ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"x\"]}}",
     "oci-config", "rootfs.diff_ids[0]: expected sha256", false},
    {"history",
     "{" PLATFORM USER ROOTFS ",\"history\":[{\"created_by\":\"ADD\"},{\"empty_layer\":true}]}", "",
     NULL, true},
    {"history-more", "{" PLATFORM USER ROOTFS ",\"history\":[{},{}]}", "oci-history",
     "of 2 layers, it has 1", true},
    {"history-none", "{" PLATFORM USER ROOTFS ",\"history\":[]}", "", NULL, true},
    {"history-text", "{" PLATFORM USER ROOTFS ",\"history\":[\"ADD\"]}", "oci-config",
     "history[0]: expected an object", false},
    {"history-empty-text", "{" PLATFORM USER ROOTFS ",\"history\":[{\"empty_layer\":\"no\"}]}",
     "oci-config", "history[0].empty_layer: expected true or false", false},
};

static void every_rule_has_a_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct seen seen;
        struct ch_oci_image_config c;
        bool ok = read_it(ch_str_of(row->document), 1, &seen, &c);
        if (ok != row->read || strcmp(seen.names, row->findings) != 0 ||
            (row->says != NULL && strstr(seen.text, row->says) == NULL)) {
            fail_msg("%s: %s, \"%s\": %s", row->label, ok ? "read" : "not read", seen.names,
                     seen.text);
        }
        ch_oci_image_config_done(&c);
    }
}

/* ------------------------------------------------------------------ what is read */

static void texts_are_kept_with_their_place(void **state)
{
    static const char document[] =
        "{" PLATFORM ",\"variant\":\"v3\",\"os.version\":\"10\",\"config\":{\"Env\":[\"A=b\"],"
        "\"Entrypoint\":[\"/init\"],\"Cmd\":[\"-x\"],\"OnBuild\":[\"RUN y\"],"
        "\"Labels\":{\"token\":\"z\"}}" ROOTFS
        ",\"history\":[{\"created_by\":\"RUN a\",\"comment\":\"c\"}]}";
    static const char *const expected[][3] = {
        {"config.Env", "", "A=b"},
        {"config.Entrypoint", "", "/init"},
        {"config.Cmd", "", "-x"},
        {"config.OnBuild", "", "RUN y"},
        {"config.Labels", "token", "z"},
        {"history", "", "RUN a"},
        {"history", "", "c"},
    };
    struct seen seen;
    struct ch_oci_image_config c;
    (void)state;
    assert_true(read_it(ch_str_of(document), 1, &seen, &c));
    assert_str_eq(c.os, "linux");
    assert_str_eq(c.architecture, "amd64");
    assert_str_eq(c.variant, "v3");
    assert_str_eq(c.os_version, "10");
    assert_int_equal(c.diff_id_count, 1);
    assert_false(ch_sha256_is_zero(&c.diff_ids[0].sha256));
    assert_int_equal(c.text_count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < c.text_count; i++) {
        assert_string_equal(c.texts[i].where, expected[i][0]);
        assert_str_eq(c.texts[i].name, expected[i][1]);
        assert_str_eq(c.texts[i].text, expected[i][2]);
    }
    ch_oci_image_config_done(&c);
}

static void lists_and_documents_have_a_size(void **state)
{
    struct seen seen;
    struct ch_oci_image_config c;
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, ch_limits.oci_config_bytes + 1);
    ch_buf_puts(&b, CH_STR("{" PLATFORM ROOTFS ",\"config\":{\"User\":\"a\",\"Env\":[\"\""));
    for (size_t i = 1; i < ch_limits.oci_config_items; i++) {
        ch_buf_puts(&b, CH_STR(",\"\""));
    }
    const size_t at = b.len;
    ch_buf_puts(&b, CH_STR("]}}"));
    assert_true(read_it(ch_buf_str(&b), 1, &seen, &c));
    assert_int_equal(c.text_count, ch_limits.oci_config_items);
    ch_oci_image_config_done(&c);
    b.len = at;
    ch_buf_puts(&b, CH_STR(",\"\"]}}"));
    assert_false(read_it(ch_buf_str(&b), 1, &seen, &c));
    assert_non_null(strstr(seen.text, "config.Env: more items than allowed"));
    ch_buf_clear(&b);
    ch_buf_puts(&b, CH_STR("{" PLATFORM USER ROOTFS "}"));
    while (b.len < ch_limits.oci_config_bytes) {
        ch_buf_putc(&b, ' ');
    }
    assert_true(read_it(ch_buf_str(&b), 1, &seen, &c));
    ch_oci_image_config_done(&c);
    ch_buf_putc(&b, ' ');
    assert_false(read_it(ch_buf_str(&b), 1, &seen, &c));
    assert_non_null(strstr(seen.text, "at most 8388608 are read"));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_a_document),
        cmocka_unit_test(texts_are_kept_with_their_place),
        cmocka_unit_test(lists_and_documents_have_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
