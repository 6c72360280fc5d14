/* What is published of the audit log, against a real one on disk. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <jansson.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "db/log/append.h"
#include "db/log/bundle.h"

static struct ch_err err;
static struct ch_note_pair *pair;
static const struct ch_note_signer *signer;
static struct ch_log *kept_open;

static int setup(void **state)
{
    uint8_t seed[CH_NOTE_SEED_BYTES] = {1};
    (void)state;
    ch_limits.log_journal_bytes = 1u << 20;
    assert_ch_ok(&err, ch_note_pair_new(seed, "gw.example/audit", &pair, &err));
    signer = ch_note_pair_signer(pair);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_note_pair_free(pair);
    return 0;
}

/* Entry I is {"n":I}. */
static void begin_log(struct fixture *f)
{
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/audit", f->state_dir);
    assert_ch_ok(&err, ch_log_create(folder, signer, CH_STR("{\"n\":0}"), &err));
    assert_ch_ok(&err, ch_log_open(folder, signer, &kept_open, &err));
}

static void grow(uint64_t to)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    for (uint64_t i = ch_log_size(kept_open); i < to; i++) {
        char text[64];
        snprintf(text, sizeof(text), "{\"n\":%llu}", (unsigned long long)i);
        ch_bundle_put(&b, ch_str_of(text));
    }
    assert_ch_ok(&err, ch_log_append(kept_open, ch_buf_str(&b), &err));
    ch_buf_done(&b);
}

static struct ch_checkpoint published(struct fixture *f)
{
    static struct ch_buf note;
    struct ch_checkpoint c;
    struct ch_str a = get(f, "/-/audit/checkpoint", NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "text/plain; charset=utf-8");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    ch_buf_done(&note);
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_puts(&note, body_of(a));
    assert_ch_ok(&err, ch_checkpoint_open(ch_buf_str(&note), &signer->key, &c, &err));
    return c;
}

static void test_none_yet(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static const char *const paths[] = {"/-/audit/checkpoint", "/-/audit/tile/0/000.p/1",
                                        "/-/audit/proof/0.tlog-proof", "/-/audit/cosigned"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        assert_int_equal(status_of(get(f, paths[i], NULL)), 404);
    }
    begin_log(f); /* the keeper begins it later */
    assert_int_equal(published(f).size, 1);
    assert_int_equal(status_of(get(f, paths[1], NULL)), 200);
    ch_log_close(kept_open);
    fixture_free(f);
}

/* Entries come from the keeper, which looks at the token again; here only the address is read. */
static void test_entries_need_a_right(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static const char bearer[] =
        "Authorization: Bearer chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n";
    begin_log(f);
    grow(300);
    f->keeper.document_bytes = 200000;
    fixture_token(f, "user:anna", "pypi");
    struct ch_str a = get(f, "/-/audit/tile/entries/000", bearer);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "HTTP/1.1 403 entries of the audit log denied by rights: user:anna may not do this");
    assert_int_equal(f->keeper.document_asks, 0);
    atomic_fetch_add(&f->epoch.epoch, 1);
    fixture_token(f, "user:otto", NULL);
    f->keeper.token.audit_read = true;
    a = get(f, "/-/audit/tile/entries/001.p/44", bearer);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "application/octet-stream");
    assert_str_eq(header_of(a, "Cache-Control"), "private, no-cache");
    assert_int_equal(body_of(a).len, 200000);
    assert_int_equal(f->keeper.document.kind, CH_DOCUMENT_ENTRIES);
    assert_int_equal(f->keeper.document.number, 1);
    assert_int_equal(f->keeper.document.width, 44);
    assert_true(ch_sha256_eq(&f->keeper.document.token, &f->keeper.token_digest));
    /* beside the log's own paths there is nothing */
    assert_int_equal(status_of(get(f, "/-/audit/tile/entries/001.p/0", bearer)), 404);
    assert_int_equal(status_of(get(f, "/-/audit/tile/entries/x", bearer)), 404);
    ch_log_close(kept_open);
    fixture_free(f);
}

/* A statement's policy.uri: the keeper knows whose token may read it. */
static void test_a_policy_needs_a_right(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static const char bearer[] =
        "Authorization: Bearer chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n";
    static const char path[] =
        "/-/policy/sha256/00000000000000000000000000000000000000000000000000000000000000ff";
    struct ch_str a = get(f, path, NULL);
    assert_int_equal(status_of(a), 401);
    assert_has(a, "WWW-Authenticate: Basic realm=");
    assert_int_equal(f->keeper.document_asks, 0);
    fixture_token(f, "user:anna", "pypi");
    f->keeper.document_bytes = 20;
    a = get(f, path, bearer);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "text/plain; charset=utf-8");
    assert_str_eq(header_of(a, "Cache-Control"), "private, no-cache");
    assert_int_equal(f->keeper.document.kind, CH_DOCUMENT_POLICY);
    assert_int_equal(f->keeper.document.sha256.byte[31], 0xff);
    assert_true(ch_sha256_eq(&f->keeper.document.token, &f->keeper.token_digest));
    f->keeper.document_status = 403;
    a = get(f, path, bearer);
    assert_has(a, "HTTP/1.1 403 this policy denied by rights: user:anna may not do this");
    assert_int_equal(status_of(get(f, "/-/policy/sha256/xyz", bearer)), 404);
    fixture_free(f);
}

static void test_tiles(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ch_hash *h = ch_hash_new();
    begin_log(f);
    grow(300);
    static const struct {
        const char *path;
        int status;
        size_t bytes;
    } rows[] = {
        {"/-/audit/tile/0/000", 200, 8192},
        {"/-/audit/tile/0/001.p/44", 200, 44 * 32},
        {"/-/audit/tile/0/000.p/9", 200, 288},
        {"/-/audit/tile/1/000.p/1", 200, 32},
        {"/-/audit/tile/0/001.p/45", 404, 0},
        {"/-/audit/tile/0/001", 404, 0},
        {"/-/audit/tile/1/000", 404, 0},
        {"/-/audit/tile/2/000.p/1", 404, 0},
        {"/-/audit/tile/0/000/", 404, 0},
        {"/-/audit/tile/0", 404, 0},
        {"/-/audit/tile/9/000", 404, 0},
        {"/-/audit/tile/0/x000/000", 404, 0},
        {"/-/audit/tile/entries/000", 401, 0}, /* for who has a right: test_sign_in.c */
        {"/-/audit/tile/entries/001.p/44", 401, 0},
        {"/-/audit/tile/0%2f000", 400, 0},
        {"/-/audit/entries/data", 404, 0},
        {"/-/audit/hashes/0", 404, 0},
        {"/-/audit/checkpoint/", 404, 0},
        {"/-/audit/", 404, 0},
        {"/-/audit", 404, 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str a = get(f, rows[i].path, NULL);
        if (status_of(a) != rows[i].status) {
            fail_msg("%s: %d", rows[i].path, status_of(a));
        }
        if (rows[i].status == 200) {
            assert_int_equal(body_of(a).len, rows[i].bytes);
            assert_str_eq(header_of(a, "Content-Type"), "application/octet-stream");
            assert_str_eq(header_of(a, "Cache-Control"), "public, max-age=31536000, immutable");
        }
    }
    /* numbers and widths beyond all that there can be */
    static const char *const hostile[] = {
        "0/x999/999",
        "7/x018/x446/x744/x073/x709/x551/615",
        "0/x018/x446/x744/x073/x709/x551/616",
        "7/x999/x999/x999/x999/x999/x999/999",
        "0/x072/x057/x594/x037/x927/936.p/1",
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/18446744073709551617",
        "18446744073709551616/000",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(hostile); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/-/audit/tile/%s", hostile[i]);
        assert_int_equal(status_of(get(f, path, NULL)), 404);
    }
    struct ch_str a = head(f, "/-/audit/tile/0/000", NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Length"), "8192");
    assert_int_equal(body_of(a).len, 0);
    assert_int_equal(status_of(head(f, "/-/audit/tile/0/001", NULL)), 404);
    assert_int_equal(status_of(head(f, "/-/audit/tile/entries/000", NULL)), 401);
    struct ch_str tile = body_of(get(f, "/-/audit/tile/0/000.p/9", NULL));
    struct ch_sha256 leaf = ch_tree_leaf(h, CH_STR("{\"n\":8}"));
    assert_memory_equal(tile.ptr + 8 * 32, &leaf, 32);
    ch_hash_free(h);
    ch_log_close(kept_open);
    fixture_free(f);
}

static void read_hashes(const json_t *doc, struct ch_tree_proof *ret)
{
    const json_t *list = json_object_get(doc, "hashes");
    ret->count = json_array_size(list);
    assert_true(ret->count <= CH_TREE_PROOF_MAX);
    for (size_t i = 0; i < ret->count; i++) {
        struct ch_buf b;
        ch_buf_init(&b, 32);
        assert_true(ch_base64_strict(ch_str_of(json_string_value(json_array_get(list, i))), &b));
        assert_int_equal(b.len, 32);
        memcpy(&ret->hash[i], b.ptr, 32);
        ch_buf_done(&b);
    }
}

static json_t *get_json(struct fixture *f, const char *path)
{
    struct ch_str a = get(f, path, NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "application/json");
    json_t *doc = json_loadb(body_of(a).ptr, body_of(a).len, 0, NULL);
    assert_non_null(doc);
    return doc;
}

/* The keeper publishes it, at some time later, and never beyond the newest. */
static void test_cosigned(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    const struct ch_str line =
        CH_STR("\xe2\x80\x94 witness.example/w AAECAwQFBgcICQoLDA0ODw==\n");
    char folder[128];
    struct ch_buf older, cosigned;
    begin_log(f);
    assert_int_equal(status_of(get(f, "/-/audit/cosigned", NULL)), 404);
    published(f);
    ch_buf_init(&older, CH_NOTE_MAX);
    ch_buf_init(&cosigned, CH_NOTE_MAX);
    ch_buf_puts(&older, body_of(get(f, "/-/audit/checkpoint", NULL)));
    ch_buf_puts(&cosigned, ch_buf_str(&older));
    ch_buf_puts(&cosigned, line);
    snprintf(folder, sizeof(folder), "%s/audit/public", f->state_dir);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ch_ok(&err, ch_log_publish_cosigned(fd, ch_buf_str(&cosigned), &err));
    /* of the newest one both addresses, and proofs, have it */
    struct ch_str a = get(f, "/-/audit/cosigned", NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "text/plain; charset=utf-8");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_true(ch_str_eq(body_of(a), ch_buf_str(&cosigned)));
    assert_true(
        ch_str_eq(body_of(get(f, "/-/audit/checkpoint", NULL)), ch_buf_str(&cosigned)));
    assert_true(ch_str_ends(body_of(get(f, "/-/audit/proof/0.tlog-proof", NULL)), line));
    /* and a newer one has not */
    grow(2);
    assert_int_equal(published(f).size, 2);
    assert_false(ch_str_ends(body_of(get(f, "/-/audit/checkpoint", NULL)), line));
    assert_true(ch_str_eq(body_of(get(f, "/-/audit/cosigned", NULL)), ch_buf_str(&cosigned)));
    /* what a power cut leaves of it shows nothing wrong */
    assert_ch_ok(&err, ch_log_publish_cosigned(fd, CH_STR("gw.exa"), &err));
    assert_int_equal(published(f).size, 2);
    close(fd);
    ch_buf_done(&older);
    ch_buf_done(&cosigned);
    ch_log_close(kept_open);
    fixture_free(f);
}

static void test_proofs(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ch_hash *h = ch_hash_new();
    struct ch_tree_proof p;
    begin_log(f);
    grow(200);
    struct ch_checkpoint before = published(f);
    struct ch_sha256 before_root = before.root;
    grow(700);
    struct ch_checkpoint now = published(f);
    struct ch_sha256 leaf = ch_tree_leaf(h, CH_STR("{\"n\":123}"));

    json_t *doc = get_json(f, "/-/audit/proof/inclusion?index=123");
    read_hashes(doc, &p);
    assert_true(ch_tree_leaf_is_in(h, &leaf, 123, 700, &p, &now.root));
    json_decref(doc);
    doc = get_json(f, "/-/audit/proof/inclusion?index=123&size=200");
    read_hashes(doc, &p);
    assert_true(ch_tree_leaf_is_in(h, &leaf, 123, 200, &p, &before_root));
    json_decref(doc);
    doc = get_json(f, "/-/audit/proof/consistency?from=200&to=700");
    read_hashes(doc, &p);
    assert_true(ch_tree_has_grown(h, 200, &before_root, 700, &now.root, &p));
    json_decref(doc);

    struct ch_str a = get(f, "/-/audit/proof/123.tlog-proof", NULL);
    assert_int_equal(status_of(a), 200);
    assert_true(ch_str_starts(body_of(a), CH_STR("c2sp.org/tlog-proof@v1\nindex 123\n")));

    static const char *const bad[] = {"inclusion",
                                      "inclusion?index=700",
                                      "inclusion?index=-1",
                                      "inclusion?index=1&size=701",
                                      "inclusion?index=5&size=5",
                                      "inclusion?index=5&size=x",
                                      "inclusion?index=5&index=5",
                                      "inclusion?index=5&size=6&size=6",
                                      "inclusion?index=%",
                                      "inclusion?index",
                                      "consistency",
                                      "consistency?from=0",
                                      "consistency?from=701",
                                      "consistency?from=1&from=2",
                                      "consistency?from=1&to=5&from=1",
                                      "consistency?from=1&to=5&to=6",
                                      "consistency?from=1&to",
                                      "consistency?from=1&to=5&from",
                                      "consistency?from=5&to=4",
                                      "consistency?from=5&to=701",
                                      "700.tlog-proof",
                                      "x.tlog-proof",
                                      ".tlog-proof",
                                      "5",
                                      "5.tlog-proof.gz",
                                      "18446744073709551615.tlog-proof",
                                      "18446744073709551616.tlog-proof",
                                      "inclusion?index=18446744073709551615",
                                      "inclusion?index=0&size=18446744073709551615",
                                      "consistency?from=1&to=18446744073709551615"};
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/-/audit/proof/%s", bad[i]);
        if (status_of(get(f, path, NULL)) != 400) {
            fail_msg("%s was answered", path);
        }
    }
    ch_hash_free(h);
    ch_log_close(kept_open);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_yet),
        cmocka_unit_test(test_entries_need_a_right),
        cmocka_unit_test(test_a_policy_needs_a_right),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_cosigned),
        cmocka_unit_test(test_proofs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
