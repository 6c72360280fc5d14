/* What is signed about files: with each ALLOW and durable before it, withdrawn with it, published
 * under the same decision. */
#include "house.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "customhouse/base64.h"
#include "customhouse/channel.h"
#include "db/signing/check.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

static char hex[CH_SHA256_HEX + 1];
static struct ch_err err;
static bool list_fails;       /* of the repositories that anything was signed for */
static const char *end_fails; /* of this repository */

enum ch_code __real_ch_store_attested_repositories(struct ch_store *s, ch_store_repository_fn *each,
                                                   void *ctx, struct ch_err *e);
enum ch_code __wrap_ch_store_attested_repositories(struct ch_store *s, ch_store_repository_fn *each,
                                                   void *ctx, struct ch_err *e);
enum ch_code __wrap_ch_store_attested_repositories(struct ch_store *s, ch_store_repository_fn *each,
                                                   void *ctx, struct ch_err *e)
{
    return list_fails ? ch_fail(e, CH_E_FORMAT, "no such page")
                      : __real_ch_store_attested_repositories(s, each, ctx, e);
}

enum ch_code __real_ch_store_end_approvals_elsewhere(struct ch_store *s, struct ch_str repository,
                                                     struct ch_str environment, int64_t at_us,
                                                     ch_store_withdrawn_fn *each, void *ctx,
                                                     struct ch_err *e);
enum ch_code __wrap_ch_store_end_approvals_elsewhere(struct ch_store *s, struct ch_str repository,
                                                     struct ch_str environment, int64_t at_us,
                                                     ch_store_withdrawn_fn *each, void *ctx,
                                                     struct ch_err *e);
enum ch_code __wrap_ch_store_end_approvals_elsewhere(struct ch_store *s, struct ch_str repository,
                                                     struct ch_str environment, int64_t at_us,
                                                     ch_store_withdrawn_fn *each, void *ctx,
                                                     struct ch_err *e)
{
    return end_fails != NULL && ch_str_eq(repository, ch_str_of(end_fails))
               ? ch_fail(e, CH_E_FORMAT, "no such page")
               : __real_ch_store_end_approvals_elsewhere(s, repository, environment, at_us, each,
                                                         ctx, e);
}

int64_t __real_ch_now_unix_us(void);
int64_t __wrap_ch_now_unix_us(void);

static int64_t later_us; /* how much later it is */

int64_t __wrap_ch_now_unix_us(void)
{
    return __real_ch_now_unix_us() + later_us;
}

static void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

/* ------------------------------------------------------------------ asking, and checking */

static uint32_t ask_document(struct house *h, enum ch_document kind, const char *name,
                             const char *bytes, uint64_t number, enum ch_part part)
{
    struct ch_ask_document ask = {.kind = kind,
                                  .name = ch_str_of(name),
                                  .sha256 = ch_sha256_of(bytes, strlen(bytes)),
                                  .number = number,
                                  .part = part};
    house_ask_document(h, &ask);
    return h->document.http_status;
}

static struct ch_public_key *key_of(struct house *h, const char *name)
{
    struct ch_public_key *key = NULL;
    assert_int_equal(ask_document(h, CH_DOCUMENT_KEY, name, "", 0, CH_PART_FILE), 200);
    assert_ch_ok(&err, ch_public_key_parse(ch_buf_str(&h->document_bytes), &key, &err));
    return key;
}

static enum ch_code check(const struct ch_public_key *key, const char *bytes,
                          struct ch_str attestation, struct ch_str withdrawals)
{
    struct ch_checked found;
    struct ch_check c = {.sha256 = ch_sha256_of(bytes, strlen(bytes)),
                         .key = key,
                         .environment = CH_STR("prod"),
                         .attestation = attestation,
                         .withdrawals = withdrawals,
                         .now_us = ch_now_unix_us()};
    return ch_check_approval(&c, &found, &err);
}

static const enum ch_part parts[] = {CH_PART_VSA, CH_PART_VSA_BUNDLE, CH_PART_APPROVAL};
static const struct ch_str absent = {NULL, 0};

static void is_approved(struct house *h, const struct ch_public_key *key, const char *bytes)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        house_ask_part(h, "pkg", WHEEL, parts[i], 8000);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_ch_ok(&err, check(key, bytes, h->file.body, absent));
        assert_ch_code(CH_E_MISMATCH, check(key, "other bytes", h->file.body, absent));
    }
}

static void is_not_approved(struct house *h)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        house_ask_part(h, "pkg", WHEEL, parts[i], 8000);
        assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_null(h->file.body.ptr);
    }
}

/* A wrong statement would be about other bytes or another environment: the list alone can refuse.
 */
static bool is_withdrawn(struct house *h, const struct ch_public_key *key, const char *bytes,
                         struct ch_str attestation)
{
    assert_int_equal(ask_document(h, CH_DOCUMENT_WITHDRAWALS, "prod", "", 0, CH_PART_FILE), 200);
    assert_ch_ok(&err, check(key, bytes, attestation, absent));
    enum ch_code rc = check(key, bytes, attestation, ch_buf_str(&h->document_bytes));
    assert_true(rc == CH_OK || rc == CH_E_DENIED);
    return rc == CH_E_DENIED;
}

/* ------------------------------------------------------------------ tests */

/* The list as it is published now. */
static char *published_list(struct house *h)
{
    assert_int_equal(ask_document(h, CH_DOCUMENT_WITHDRAWALS, "prod", "", 0, CH_PART_FILE), 200);
    return ch_str_dup(ch_buf_str(&h->document_bytes));
}

/* It is relied on for a day only: though nothing changes it is signed anew, a minute later at the soonest,
 * and for a day from then on. */
static void the_list_of_withdrawals_is_renewed(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
    char *vsa = ch_str_dup(h->file.body), *first = published_list(h);
    later_us += 40 * INT64_C(1000000);
    char *same = published_list(h);
    assert_string_equal(first, same);
    later_us += 30 * INT64_C(1000000);
    char *next = published_list(h);
    assert_string_not_equal(first, next);
    later_us += 86400 * INT64_C(1000000) - 30 * INT64_C(1000000); /* the first one is too old by now, the next is not */
    assert_ch_code(CH_E_TIMEOUT, check(key, "bytes", ch_str_of(vsa), ch_str_of(first)));
    assert_ch_ok(&err, check(key, "bytes", ch_str_of(vsa), ch_str_of(next)));
    assert_false(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    later_us = 0;
    free(vsa);
    free(first);
    free(same);
    free(next);
    ch_public_key_free(key);
    house_free(h);
}

static void each_allow_is_signed(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    struct ch_public_key *evidence = key_of(h, "evidence");
    is_approved(h, key, "bytes"); /* asked for before the file: inspected, decided, signed */
    assert_int_equal(h->scans[1], 1);
    house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
    assert_ch_code(CH_E_MISMATCH, check(evidence, "bytes", h->file.body, absent));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_null(h->file.body.ptr);
    house_restart(h); /* what stands is not signed again */
    is_approved(h, key, "bytes");
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", "bytes", 0, CH_PART_FILE), 200);
    assert_true(ch_str_find(ch_buf_str(&h->document_bytes), CH_STR("\"number\":1"), NULL));
    assert_false(ch_str_find(ch_buf_str(&h->document_bytes), CH_STR("\"number\":2"), NULL));
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "bytes", 1, CH_PART_APPROVAL),
                     200);
    assert_ch_ok(&err, check(key, "bytes", ch_buf_str(&h->document_bytes), absent));
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "other", 1, CH_PART_APPROVAL),
                     404);
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", "other", 0, CH_PART_FILE), 404);
    ch_public_key_free(key);
    ch_public_key_free(evidence);
    house_free(h);
}

static void t23_withdrawn_with_the_allow_and_back(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "bytes", 30);
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
    char *vsa = ch_str_dup(h->file.body);
    assert_false(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    h->policy = "version: 1\ncool_down_days: 90\n";
    assert_ch_ok(&err, house_reload(h, h->policy, &err));
    is_not_approved(h);
    assert_true(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "bytes", 1, CH_PART_VSA), 403);
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", "bytes", 0, CH_PART_FILE), 404);
    house_restart(h);
    is_not_approved(h);
    assert_true(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    is_approved(h, key, "bytes"); /* a new approval; the list names the bytes no more */
    assert_false(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "bytes", 2, CH_PART_VSA), 200);
    assert_int_equal(house_command(h, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out), 0);
    is_not_approved(h);
    assert_true(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    free(vsa);
    ch_buf_done(&out);
    ch_public_key_free(key);
    house_free(h);
}

static void other_bytes_under_the_name_withdraw(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
    char *vsa = ch_str_dup(h->file.body);
    set_wheel(h, "others", 30);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "pkg");
    house_settle(h);
    assert_true(is_withdrawn(h, key, "bytes", ch_str_of(vsa)));
    free(vsa);
    ch_public_key_free(key);
    house_free(h);
}

static void what_is_held_is_said_to_have_failed(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "irregular", 30);
    struct ch_public_key *approve = key_of(h, "approve-prod-file");
    struct ch_public_key *evidence = key_of(h, "evidence");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    is_not_approved(h);
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "irregular", 1, CH_PART_APPROVAL),
                     404);
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATION, "", "irregular", 1, CH_PART_VSA),
                     200);
    struct ch_str failed = ch_buf_str(&h->document_bytes);
    assert_ch_code(CH_E_MISMATCH, check(approve, "irregular", failed, absent));
    assert_ch_code(CH_E_DENIED,
                   check(evidence, "irregular", failed, absent)); /* signed, and a no */
    ch_public_key_free(approve);
    ch_public_key_free(evidence);
    house_free(h);
}

/* What is served only because its repository audits is signed as exactly that. */
static void an_audit_is_no_passed_policy(void **state)
{
    (void)state;
    struct ch_buf policy, statement;
    ch_buf_init(&policy, 1u << 20);
    ch_buf_init(&statement, 64u << 10);
    ch_buf_printf(&policy, "%s\nrepositories:\n  pypi: {mode: audit}\n", ch_policy_default_text());
    ch_buf_putc(&policy, '\0');
    for (int young = 0; young < 2; young++) {
        struct house *h = house_new_with(policy.ptr, NULL);
        size_t at = 0;
        set_wheel(h, "bytes", young ? 1 : 30);
        house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        struct ch_str payload = h->file.body;
        assert_true(ch_str_find(payload, CH_STR("\"payload\":\""), &at));
        payload = ch_str_sub(payload, at + 11, payload.len);
        assert_true(ch_str_find_char(payload, '"', &at));
        ch_buf_clear(&statement);
        assert_true(ch_base64_any(ch_str_sub(payload, 0, at), &statement));
        const char *levels = young ? "[\"GW_SCANNED\",\"GW_AUDIT_ONLY\",\"GW_ENV_PROD\"]"
                                   : "[\"GW_SCANNED\",\"GW_ENV_PROD\"]";
        assert_true(ch_str_find(ch_buf_str(&statement), ch_str_of(levels), NULL));
        house_free(h);
    }
    ch_buf_done(&policy);
    ch_buf_done(&statement);
}

/* Bytes whose plain signature would be one over a statement (T23) become no ALLOW. */
static void t23_statements_are_signed_by_nobody(void **state)
{
    (void)state;
    static const char *const rows[] = {"DSSEv1 28 application/vnd.in-toto+json 2 {}",
                                       "{\"critical\":{}}", " \n[]", "\"x\""};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        set_wheel(h, rows[i], 30);
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_false(house_serves(h, rows[i]));
        is_not_approved(h);
        assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", rows[i], 0, CH_PART_FILE),
                         404);
        house_free(h);
    }
}

static void remove_keys(struct house *h, const char *begin)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/keys", h->folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, begin, strlen(begin)) == 0) {
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
        }
    }
    closedir(dir);
}

static void without_its_key_nothing_becomes_allow(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_stop(h);
    remove_keys(h, "approve-prod-file-");
    house_start(h, h->policy, h->config);
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_false(house_serves(h, "bytes"));
    h->second_word = "approve-prod-file";
    assert_int_equal(house_command(h, false, "keys", "rotate", NULL, NULL, &out),
                     2); /* no reason */
    assert_int_equal(house_command(h, false, "keys", "rotate", "the file is lost", NULL, &out), 0);
    h->second_word = NULL;
    house_restart(h); /* the failed intake's pause ends with it */
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    is_approved(h, key, "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_public_key_free(key);
    ch_buf_done(&out);
    house_free(h);
}

static void after_a_rotation_old_signatures_verify(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "bytes", 30);
    struct ch_public_key *old = key_of(h, "approve-prod-file");
    is_approved(h, old, "bytes");
    struct ch_sha256 id = ch_public_key_id(old);
    char name[64], key_hex[CH_KEY_ID_HEX + 1];
    ch_key_id_hex(&id, key_hex);
    snprintf(name, sizeof(name), "approve-prod-file-%s", key_hex);
    h->second_word = "approve-prod-file";
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "keys", "show", NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("it is time"), NULL));
    h->second_word = "nobody";
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 2);
    assert_int_equal(house_command(h, false, "keys", "show", NULL, NULL, &out), 1);
    h->second_word = NULL;
    assert_int_equal(house_command(h, true, "keys", "list", NULL, NULL, &out), 0);
    for (int round = 0; round < 2; round++) {
        struct ch_public_key *now = key_of(h, "approve-prod-file");
        struct ch_public_key *retired = key_of(h, name);
        struct ch_sha256 now_id = ch_public_key_id(now), retired_id = ch_public_key_id(retired);
        assert_true(ch_sha256_eq(&retired_id, &id));
        assert_false(ch_sha256_eq(&now_id, &id));
        is_approved(h, retired, "bytes"); /* as it was signed */
        ch_public_key_free(now);
        ch_public_key_free(retired);
        house_restart(h);
    }
    ch_public_key_free(old);
    ch_buf_done(&out);
    house_free(h);
}

/* A state from before there were signatures: ALLOWs without any. */
static void older_allows_are_signed_when_asked_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    char path[128];
    sqlite3 *db = NULL;
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_stop(h);
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TRIGGER attestation_kept_d; DELETE FROM attestation",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    house_start(h, h->policy, h->config);
    struct ch_public_key *key = key_of(h, "approve-prod-file");
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", "bytes", 0, CH_PART_FILE), 404);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(ask_document(h, CH_DOCUMENT_ATTESTATIONS, "", "bytes", 0, CH_PART_FILE), 200);
    is_approved(h, key, "bytes");
    ch_public_key_free(key);
    house_free(h);
}

static void evidence_has_the_digest_that_the_statement_names(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    sqlite3 *db = NULL;
    char path[128];
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    house_settle(h);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT digest FROM evidence", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_EVIDENCE};
    memcpy(ask.sha256.byte, sqlite3_column_blob(stmt, 0), CH_SHA256_BYTES);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 200);
    struct ch_sha256 digest = ch_sha256_of(h->document_bytes.ptr, h->document_bytes.len);
    assert_true(ch_sha256_eq(&digest, &ask.sha256));
    house_ask_part(h, "pkg", WHEEL, CH_PART_VSA, 8000);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

#define IN(environment)                                                                            \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"   \
    "repositories:\n"                                                                              \
    "  - {name: first, ecosystem: pypi, upstreams: [up]}\n"                                        \
    "  - {name: pypi, ecosystem: pypi, environment: " environment ", upstreams: [up]}\n"

static void count_withdrawal(void *ctx, const struct ch_sha256 *sha256, struct ch_str file_name,
                             int64_t at_us)
{
    (void)sha256;
    (void)at_us;
    assert_str_eq(file_name, WHEEL);
    ++*(size_t *)ctx;
}

/* What one repository's approvals could not be told does not keep another's standing. */
static void t4_each_repository_withdraws_for_itself(void **state)
{
    (void)state;
    for (int listed = 0; listed <= 1; listed++) {
        struct house *h = house_new_with(NULL, IN("preprod"));
        size_t withdrawn = 0;
        set_wheel(h, "bytes", 30);
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        h->config = IN("prod");
        list_fails = listed == 0;
        end_fails = listed == 1 ? "first" : NULL;
        assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
        list_fails = false;
        end_fails = NULL;
        assert_ch_ok(&err, ch_store_withdrawals(h->k->store, CH_STR("preprod"), count_withdrawal,
                                                &withdrawn, &err));
        assert_int_equal(withdrawn, 1);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allow_is_signed),
        cmocka_unit_test(the_list_of_withdrawals_is_renewed),
        cmocka_unit_test(t23_withdrawn_with_the_allow_and_back),
        cmocka_unit_test(other_bytes_under_the_name_withdraw),
        cmocka_unit_test(what_is_held_is_said_to_have_failed),
        cmocka_unit_test(an_audit_is_no_passed_policy),
        cmocka_unit_test(t23_statements_are_signed_by_nobody),
        cmocka_unit_test(without_its_key_nothing_becomes_allow),
        cmocka_unit_test(after_a_rotation_old_signatures_verify),
        cmocka_unit_test(older_allows_are_signed_when_asked_for),
        cmocka_unit_test(evidence_has_the_digest_that_the_statement_names),
        cmocka_unit_test(t4_each_repository_withdraws_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
