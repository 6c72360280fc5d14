/* Keys and attestations: what stands, what was withdrawn, and for which environment. */
#include "tests/db/store/temp_store.h"

#include <sqlite3.h>

#include "db/store/store_int.h"

static struct ch_sha256 key_id;

static int with_key(void **state)
{
    setup(state);
    key_id = ch_sha256_of("key", 3);
    struct ch_key_row row = {.id = key_id,
                             .purpose = CH_STR("approve-prod-file"),
                             .kind = 1,
                             .public_pem = CH_STR("PEM"),
                             .at_us = 10};
    assert_ch_ok(&err, ch_store_add_key(store, &row, &err));
    return 0;
}

#define K(f) cmocka_unit_test_setup_teardown(f, with_key, teardown)

static struct ch_attestation_row row_of(const char *repository, const char *environment,
                                        const char *file, bool passed)
{
    return (struct ch_attestation_row){
        .repository = ch_str_of(repository),
        .upstream = CH_STR("u"),
        .project = CH_STR("p"),
        .file_name = ch_str_of(file),
        .sha256 = ch_sha256_of("bytes", 5),
        .environment = ch_str_of(environment),
        .passed = passed,
        .key = key_id,
        .statement = CH_STR("{}"),
        .statement_sig = CH_STR("s"),
        .file_sig = passed ? CH_STR("f") : (struct ch_str){NULL, 0},
        .at_us = 20,
    };
}

static void add(const char *repository, const char *environment, const char *file, bool passed)
{
    struct ch_attestation_row row = row_of(repository, environment, file, passed);
    uint64_t id = 0;
    assert_ch_ok(&err, ch_store_add_attestation(store, &row, &id, &err));
    assert_int_not_equal(id, 0);
}

static size_t told;
static enum ch_code tell(void *ctx, const struct ch_attestation_row *row, struct ch_err *e)
{
    (void)e;
    assert_ptr_equal(ctx, &told);
    assert_true(row->passed);
    assert_str_eq(row->project, "p");
    told++;
    return CH_OK;
}

static void withdraw(const char *repository, const char *file, int64_t at_us)
{
    assert_ch_ok(&err, ch_store_end_approvals(store, ch_str_of(repository), CH_STR("u"),
                                              CH_STR("p"), ch_str_of(file), at_us, tell, &told,
                                              &err));
}

static uint64_t seen_id;
static size_t seen;

static void see(void *ctx, const struct ch_attestation_row *row)
{
    (void)ctx;
    seen++;
    seen_id = row->id;
    assert_true(ch_sha256_eq(&row->key, &key_id));
    assert_str_eq(row->statement, "{}");
    assert_str_eq(row->statement_sig, "s");
    assert_int_equal(row->file_sig.ptr != NULL, row->passed);
}

static size_t all_of_bytes(void)
{
    struct ch_sha256 sha256 = ch_sha256_of("bytes", 5);
    seen = 0;
    assert_ch_ok(&err, ch_store_attestations_of(store, &sha256, 100, see, NULL, &err));
    return seen;
}

static bool stands(const char *repository, const char *environment, const char *file)
{
    struct ch_attestation_row of = row_of(repository, environment, file, true);
    enum ch_code rc = ch_store_get_approval(store, &of, see, NULL, &err);
    assert_true(rc == CH_OK || rc == CH_E_NOT_FOUND);
    return rc == CH_OK;
}

static size_t withdrawals;
static int64_t withdrawn_at_us;

static void on_withdrawal(void *ctx, const struct ch_sha256 *sha256, struct ch_str file_name,
                          int64_t at_us)
{
    struct ch_sha256 expected = ch_sha256_of("bytes", 5);
    (void)ctx;
    assert_true(ch_sha256_eq(sha256, &expected));
    assert_str_eq(file_name, "f");
    withdrawals++;
    withdrawn_at_us = at_us;
}

static size_t withdrawn_from(const char *environment)
{
    withdrawals = 0;
    assert_ch_ok(&err,
                 ch_store_withdrawals(store, ch_str_of(environment), on_withdrawal, NULL, &err));
    return withdrawals;
}

static void test_the_newest_that_stands(void **state)
{
    (void)state;
    assert_false(stands("r", "prod", "f"));
    add("r", "prod", "f", false); /* a failed one is no approval */
    assert_false(stands("r", "prod", "f"));
    add("r", "prod", "f", true);
    assert_true(stands("r", "prod", "f"));
    uint64_t first = seen_id;
    add("r", "prod", "f", true);
    assert_true(stands("r", "prod", "f"));
    assert_true(seen_id > first);
    assert_false(stands("r", "preprod", "f"));
    assert_false(stands("other", "prod", "f"));
    assert_false(stands("r", "prod", "g"));
    struct ch_sha256 sha256 = ch_sha256_of("bytes", 5), none = ch_sha256_of("x", 1);
    assert_ch_ok(&err, ch_store_get_attestation(store, first, &sha256, see, NULL, &err));
    assert_int_equal(seen_id, first);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_attestation(store, first, &none, see, NULL, &err));
    assert_int_equal(all_of_bytes(), 3);
}

static void test_withdrawn_and_approved_again(void **state)
{
    (void)state;
    add("r", "prod", "f", true);
    add("r", "prod", "f", true);
    assert_int_equal(withdrawn_from("prod"), 0);
    told = 0;
    withdraw("r", "f", 30); /* all that stand */
    assert_int_equal(told, 2); /* and each is told */
    assert_false(stands("r", "prod", "f"));
    assert_int_equal(withdrawn_from("prod"), 1);
    assert_int_equal(withdrawn_at_us, 30);
    assert_int_equal(withdrawn_from("preprod"), 0);
    assert_int_equal(all_of_bytes(), 0);
    withdraw("r", "f", 40); /* nothing stands: as it was */
    assert_int_equal(withdrawn_from("prod"), 1);
    assert_int_equal(withdrawn_at_us, 30);
    add("r", "prod", "f", true);
    assert_true(stands("r", "prod", "f"));
    assert_int_equal(withdrawn_from("prod"), 0);
}

/* The signature is over bytes: what another repository of the environment still approves stands. */
static void test_the_same_bytes_elsewhere(void **state)
{
    (void)state;
    add("r", "prod", "f", true);
    add("s", "prod", "g", true);
    add("t", "preprod", "f", true);
    withdraw("r", "f", 30);
    assert_int_equal(withdrawn_from("prod"), 0);
    withdraw("s", "g", 31);
    assert_int_equal(withdrawn_from("prod"), 1);
    assert_int_equal(withdrawn_from("preprod"), 0);
    assert_true(stands("t", "preprod", "f"));
}

static void test_a_repository_changes_its_environment(void **state)
{
    (void)state;
    add("r", "prod", "f", true);
    add("s", "prod", "f", true);
    told = 0;
    assert_ch_ok(&err,
                 ch_store_end_approvals_elsewhere(store, CH_STR("r"), CH_STR("prod"), 30, tell, &told, &err));
    assert_true(stands("r", "prod", "f"));
    assert_int_equal(told, 0);
    assert_ch_ok(&err,
                 ch_store_end_approvals_elsewhere(store, CH_STR("r"), CH_STR("preprod"), 30, NULL, NULL, &err));
    assert_false(stands("r", "prod", "f"));
    assert_true(stands("s", "prod", "f"));
}

static void gather_name(void *ctx, struct ch_str name)
{
    ch_buf_puts(ctx, name);
    ch_buf_putc(ctx, ' ');
}

static void test_the_repositories_of_what_is_signed(void **state)
{
    (void)state;
    struct ch_buf names;
    ch_buf_init(&names, 100);
    assert_ch_ok(&err, ch_store_attested_repositories(store, gather_name, &names, &err));
    assert_str_eq(ch_buf_str(&names), "");
    add("s", "prod", "f", true);
    add("r", "prod", "f", true);
    add("s", "prod", "g", true);
    assert_ch_ok(&err, ch_store_attested_repositories(store, gather_name, &names, &err));
    assert_str_eq(ch_buf_str(&names), "r s ");
    ch_buf_done(&names);
}

static void see_key(void *ctx, const struct ch_key_row *row)
{
    struct ch_key_row *last = ctx;
    assert_str_eq(row->purpose, "approve-prod-file");
    assert_str_eq(row->public_pem, "PEM");
    assert_int_equal(row->at_us, last->kind == 0 ? 10 : 50);
    assert_int_equal(row->ended_at_us, last->kind == 0 ? row->ended_at_us : CH_TIME_UNKNOWN);
    last->id = row->id;
    last->ended_at_us = row->ended_at_us;
    last->kind++; /* counts them */
}

static void test_keys_are_replaced_once(void **state)
{
    (void)state;
    struct ch_key_row last = {0};
    struct ch_sha256 none = ch_sha256_of("none", 4);
    struct ch_key_row next = {.id = ch_sha256_of("next", 4),
                              .purpose = CH_STR("approve-prod-file"),
                              .kind = 1,
                              .public_pem = CH_STR("PEM"),
                              .at_us = 50};
    assert_ch_ok(&err, ch_store_keys(store, see_key, &last, &err));
    assert_int_equal(last.kind, 1);
    assert_int_equal(last.ended_at_us, CH_TIME_UNKNOWN);
    assert_ch_code(CH_E_USAGE, ch_store_replace_key(store, &next, &none, CH_STR("uid:0"),
                                                    CH_STR("why"), &err));
    assert_ch_ok(&err, ch_store_replace_key(store, &next, &key_id, CH_STR("uid:0"), CH_STR("why"), &err));
    last = (struct ch_key_row){0};
    assert_ch_ok(&err, ch_store_keys(store, see_key, &last, &err));
    assert_int_equal(last.kind, 2);
    assert_true(ch_sha256_eq(&last.id, &next.id));
    assert_int_equal(last.ended_at_us, CH_TIME_UNKNOWN);
    next.id = ch_sha256_of("third", 5);
    assert_ch_code(CH_E_EXISTS, ch_store_replace_key(store, &next, &key_id, CH_STR("uid:0"),
                                                     CH_STR("why"), &err));
    last = (struct ch_key_row){0};
    assert_ch_ok(&err, ch_store_keys(store, see_key, &last, &err));
    assert_int_equal(last.kind, 2); /* and nothing of it stays */
    struct ch_attestation_row row = row_of("r", "prod", "f", true);
    row.key = none; /* nobody's signature */
    uint64_t id = 0;
    assert_ch_code(CH_E_USAGE, ch_store_add_attestation(store, &row, &id, &err));
}

static void add_image(uint64_t attestation, const char *form, const char *manifest,
                      const char *layer, const char *config)
{
    struct ch_image_signature_row row = {
        .attestation = attestation,
        .form = ch_str_of(form),
        .key = key_id,
        .manifest = ch_str_of(manifest),
        .layer = ch_str_of(layer),
        .config = config != NULL ? ch_str_of(config) : (struct ch_str){NULL, 0}};
    assert_ch_ok(&err, ch_store_add_image_signature(store, &row, &row.id, &err));
}

struct images {
    size_t count;
    char text[400]; /* "FORM MANIFEST LAYER CONFIG TIME;" */
};

static void see_image(void *ctx, const struct ch_image_signature_row *row)
{
    struct images *i = ctx;
    size_t at = strlen(i->text);
    i->count++;
    snprintf(i->text + at, sizeof(i->text) - at, "%.*s %.*s %.*s %.*s %lld;", CH_STR_ARG(row->form),
             CH_STR_ARG(row->manifest), CH_STR_ARG(row->layer), CH_STR_ARG(row->config),
             (long long)row->at_us);
}

static void see_page(void *ctx, struct ch_str project, const struct ch_sha256 *sha256)
{
    struct images *i = ctx;
    (void)sha256;
    i->count++;
    snprintf(i->text, sizeof(i->text), "%.*s", CH_STR_ARG(project));
}

static size_t signed_by(const char *bytes, const char *repository)
{
    struct images found = {0};
    struct ch_sha256 digest = ch_sha256_of(bytes, strlen(bytes));
    assert_ch_ok(&err, ch_store_images_signed_by(store, &digest, ch_str_of(repository), see_page,
                                                 &found, &err));
    return found.count;
}

static size_t approved_between(const char *from, const char *to)
{
    seen = 0;
    assert_ch_ok(&err, ch_store_approvals_between(store, CH_STR("r"), ch_str_of(from),
                                                  ch_str_of(to), see, NULL, &err));
    return seen;
}

/* By each of its digests, in its repository, while its approval stands. */
static void test_images(void **state)
{
    (void)state;
    struct images found = {0};
    add("r", "prod", "f", true);
    add_image(1, "cosign", "m1", "l1", "c1");
    add_image(1, "scan", "m2", "l2", NULL);
    assert_ch_ok(&err, ch_store_image_signatures(store, 1, see_image, &found, &err));
    assert_int_equal(found.count, 2);
    assert_string_equal(found.text, "cosign m1 l1 c1 20;scan m2 l2  20;");
    static const char *const bytes[] = {"m1", "l1", "c1", "m2", "l2"};
    for (size_t i = 0; i < CH_ARRAY_LEN(bytes); i++) {
        assert_int_equal(signed_by(bytes[i], "r"), 1);
        assert_int_equal(signed_by(bytes[i], "other"), 0);
    }
    assert_int_equal(signed_by("", "r"), 0);
    assert_int_equal(approved_between("p", "q"), 1);
    assert_int_equal(approved_between("a", "p"), 0);
    assert_int_equal(approved_between("q", "z"), 0);
    withdraw("r", "f", 30);
    for (size_t i = 0; i < CH_ARRAY_LEN(bytes); i++) {
        assert_int_equal(signed_by(bytes[i], "r"), 0);
    }
    assert_int_equal(approved_between("p", "q"), 0);
}

static void test_evidence(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_sha256 digest = ch_sha256_of("text", 4);
    ch_buf_init(&b, 64);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_evidence(store, &digest, &b, &err));
    for (int i = 0; i < 2; i++) {
        assert_ch_ok(&err, ch_store_put_evidence(store, &digest, CH_STR("text"), &err));
        assert_ch_ok(&err, ch_store_get_evidence(store, &digest, &b, &err));
        assert_str_eq(ch_buf_str(&b), "text");
    }
    ch_buf_done(&b);
}

static void test_facts_are_immutable(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"signing_key", "purpose"},
                                          {"signing_key_end", "reason"},
                                          {"evidence", "text"},
                                          {"attestation", "statement"},
                                          {"attestation_end", "at_us"},
                                          {"image_signature", "form"}};
    struct ch_sha256 digest = ch_sha256_of("text", 4);
    add("r", "prod", "f", true);
    withdraw("r", "f", 30);
    add_image(1, "cosign", "manifest", "layer", "config");
    assert_ch_ok(&err, ch_store_put_evidence(store, &digest, CH_STR("text"), &err));
    struct ch_key_row next = {.id = digest, .kind = 1, .at_us = 50};
    assert_ch_ok(&err, ch_store_replace_key(store, &next, &key_id, CH_STR("a"), CH_STR("b"), &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char sql[3][160];
        snprintf(sql[0], sizeof(sql[0]), "UPDATE %s SET %s = %s", rows[i][0], rows[i][1],
                 rows[i][1]);
        snprintf(sql[1], sizeof(sql[1]), "DELETE FROM %s", rows[i][0]);
        snprintf(sql[2], sizeof(sql[2]), "INSERT OR REPLACE INTO %s SELECT * FROM %s", rows[i][0],
                 rows[i][0]);
        for (size_t n = 0; n < CH_ARRAY_LEN(sql); n++) {
            char *msg = NULL;
            int rc = sqlite3_exec(store->db, sql[n], NULL, NULL, &msg);
            if (rc != SQLITE_CONSTRAINT_TRIGGER || strstr(msg, "holds facts") == NULL) {
                fail_msg("%s: %d %s", sql[n], rc, msg != NULL ? msg : "was done");
            }
            sqlite3_free(msg);
        }
    }
}

/* A file whose bytes were approved and lie in served/, used at this time. */
static void approved(const char *file, const char *bytes, int64_t used_at_us)
{
    struct ch_sha256 sha256 = ch_sha256_of(bytes, strlen(bytes));
    struct ch_artifact a = {sha256, 10, 1};
    struct ch_release_file f = {.upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = ch_str_of(file),
                                .sha256 = sha256,
                                .url = CH_STR("https://u.example.org/x"),
                                .at_us = 20};
    struct ch_attestation_row row = row_of("pypi", "prod", file, true);
    uint64_t id = 0;
    row.sha256 = sha256;
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    assert_ch_ok(&err, ch_store_add_release_file(store, &f, &err));
    assert_ch_ok(&err, ch_store_add_attestation(store, &row, &id, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &sha256, 10, CH_BLOB_SERVED, used_at_us, &err));
}

static void sighted(const char *file, const char *stated, enum ch_sighting kind, int64_t at_us)
{
    struct ch_sha256 sha256 = stated == NULL ? (struct ch_sha256){{0}}
                                             : ch_sha256_of(stated, strlen(stated));
    assert_ch_ok(&err, ch_store_add_sighting(store, CH_STR("u"), CH_STR("p"), ch_str_of(file),
                                             stated == NULL ? NULL : &sha256, kind, at_us, at_us,
                                             &err));
}

static void gather_last(void *ctx, const struct ch_sha256 *sha256, uint64_t size_bytes)
{
    static const char *const all[] = {"listed", "gone", "plain", "first", "second", "back"};
    assert_int_equal(size_bytes, 10);
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct ch_sha256 one = ch_sha256_of(all[i], strlen(all[i]));
        if (ch_sha256_eq(&one, sha256)) {
            ch_buf_printf(ctx, "%s ", all[i]);
        }
    }
}

/* T5: its hash was removed, or the file where none was stated, or others came under its name, which
 * of an index without hashes no sighting says. */
static void test_last_copies(void **state)
{
    (void)state;
    uint64_t bytes = 0, count = 0;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    approved("listed.whl", "listed", 1);
    approved("gone.whl", "gone", 5);
    approved("plain.whl", "plain", 4);
    approved("other.whl", "first", 3);
    approved("other.whl", "second", 2);
    approved("back.whl", "back", 6);
    sighted("gone.whl", "gone", CH_SIGHTING_REMOVED, 30);
    sighted("plain.whl", NULL, CH_SIGHTING_REMOVED, 30);
    sighted("back.whl", "back", CH_SIGHTING_REMOVED, 30);
    sighted("back.whl", "back", CH_SIGHTING_RETURNED, 40);
    assert_ch_ok(&err, ch_store_last_copies(store, CH_BLOB_SERVED, &bytes, &count, &err));
    assert_int_equal(count, 3);
    assert_int_equal(bytes, 30);
    assert_ch_ok(&err,
                 ch_store_oldest_last_copies(store, CH_BLOB_SERVED, 9, gather_last, &b, &err));
    assert_str_eq(ch_buf_str(&b), "first plain gone ");
    ch_buf_clear(&b);
    assert_ch_ok(&err,
                 ch_store_oldest_last_copies(store, CH_BLOB_SERVED, 1, gather_last, &b, &err));
    assert_str_eq(ch_buf_str(&b), "first ");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_oldest_blobs(store, CH_BLOB_SERVED, 9, gather_last, &b, &err));
    assert_str_eq(ch_buf_str(&b), "listed second back ");
    assert_ch_ok(&err, ch_store_last_copies(store, CH_BLOB_UNDECIDED, &bytes, &count, &err));
    assert_int_equal(count, 0);
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        K(test_the_newest_that_stands),
        K(test_withdrawn_and_approved_again),
        K(test_the_same_bytes_elsewhere),
        K(test_a_repository_changes_its_environment),
        K(test_the_repositories_of_what_is_signed),
        K(test_keys_are_replaced_once),
        K(test_last_copies),
        K(test_evidence),
        K(test_images),
        K(test_facts_are_immutable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
