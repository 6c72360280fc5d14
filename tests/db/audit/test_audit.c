/* What `customhouse audit` says of a state that a keeper made, and of one that somebody altered
 * since. */
#include "auditor_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/rulings/rulings.h"

/* ------------------------------------------------------------------ the auditor */

static void test_as_logged(void **state)
{
    (void)state;
    assert_true(verify()); /* beside the running keeper */
    assert_said(": as logged\n");
    house_stop(h);
    assert_true(verify()); /* and without it */
    house_start(h, NULL, NULL);
}

/* ------------------------------------------------------------------ the database, altered */

static void sql(const char *text)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static void test_altered_rows(void **state)
{
    (void)state;
    /* with triggers out of the way: whoever can write the file can do that */
    static const struct {
        const char *sql;
        const char *said;
        const char *undo;
    } rows[] = {
        {"DROP TRIGGER decision_kept_u; UPDATE decision SET verdict = 1 WHERE verdict = 2",
         "database: decision 3: verdict is not what was logged (entry 21: \"deny\")",
         "UPDATE decision SET verdict = 2 WHERE id = 3"},
        {"UPDATE decision SET reason = 'was fine' WHERE id = 1",
         "database: decision 1: reason is not what was logged", NULL},
        {"UPDATE decision SET sha256 = zeroblob(32) WHERE id = 1",
         "database: decision 1: sha256 is not what was logged", NULL},
        {"DROP TRIGGER decision_kept_d; DELETE FROM decision WHERE id = 2",
         "database: decision 2 is gone, which entry", NULL},
        {"INSERT INTO decision (id, repository, upstream, project, file_name, verdict, rule, "
         "reason,"
         " at_us) VALUES (99, 'pypi', 'up', 'pkg', 'x', 1, 'r', '', 4102444800000000)",
         "database: decision 99 was never logged", NULL},
        {"INSERT INTO decision (id, repository, upstream, project, file_name, verdict, rule, "
         "reason, at_us) VALUES (98, 'pypi', 'up', 'pkg', 'x', 1, 'r', '', 1)",
         "database: decision 98 was never logged", NULL}, /* as if it were older than the log */
        {"UPDATE log_clear SET text = printf('%.*c', 3000000, 'x') WHERE text = 'stolen key'",
         "log_clear 23 reason is not the text that was logged", NULL},
        {"DROP TRIGGER ruling_kept_u; UPDATE ruling SET by_person = 'uid:0'",
         "database: ruling 1: by is not what was logged", NULL},
        {"DROP TRIGGER policy_taken_kept_u; UPDATE policy_taken SET at_us = at_us + 1",
         "database: policy_taken 1: at_us is not what was logged", NULL},
        {"UPDATE log_clear SET text = '192.0.2.1' WHERE field = 'address' AND text = '192.0.2.77'",
         "log_clear 20 address is not the text that was logged", NULL},
        {"DROP TRIGGER log_entry_kept_u; UPDATE log_entry SET leaf = zeroblob(32) WHERE id = 2",
         "database: log_entry 2 has another hash than the log", NULL},
        {"DROP TRIGGER log_entry_kept_d; DELETE FROM log_entry WHERE id = 4",
         "database: log_entry 4 is gone", NULL},
    };
    house_stop(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sql(rows[i].sql);
        assert_false(verify());
        assert_said(rows[i].said);
        if (rows[i].undo != NULL) {
            sql(rows[i].undo);
            assert_true(verify());
        }
    }
    house_start(h, NULL, NULL);
}

/* A name given to another upstream, which ends an approval; another key. */
static void act(void)
{
    struct ch_buf out;
    struct ch_ruling_row row = {.project = CH_STR("pkg"),
                                .reason = CH_STR("known"),
                                .by = CH_STR("uid:1"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 3600000000};
    ch_buf_init(&out, 1u << 20);
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    h->upstream = "other";
    assert_int_equal(house_command(h, false, "own", "pkg", "moved", NULL, &out), 0);
    h->upstream = NULL;
    h->second_word = "evidence";
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 0);
    h->second_word = NULL;
    until_written();
    ch_buf_done(&out);
}

static void test_altered_acts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"DROP TRIGGER owner_change_kept_u; UPDATE owner_change SET upstream = 'up'",
         "database: owner_change 1: upstream is not what was logged"},
        {"INSERT INTO owner_change SELECT 9, repository, project, kind, upstream, former, reason,"
         " by_person, at_us FROM owner_change",
         "database: owner_change 9 was never logged"},
        {"DROP TRIGGER ruling_end_kept_u; UPDATE ruling_end SET why = 'as asked'",
         "database: ruling_end 2: why is not what was logged"},
        {"INSERT INTO ruling_end SELECT 1, by_person, why, at_us + 1 FROM ruling_end",
         "database: ruling_end 1 was never logged"},
        {"DROP TRIGGER ruling_end_kept_d; DELETE FROM ruling_end WHERE ruling = 2",
         "database: ruling_end 2 is gone, which entry"},
        {"UPDATE served SET address = '192.0.2.1'",
         "database: served 1: address is not what was logged"},
        {"UPDATE served SET principal = 'user:anna'",
         "database: served 1: principal is not what was logged"},
        {"INSERT INTO served (id, repository, project, file_name, sha256, address, user_agent,"
         " first_at_us, last_at_us, times) SELECT 2, repository, project, file_name, sha256,"
         " '192.0.2.2', user_agent, first_at_us, last_at_us, times FROM served",
         "database: served 2 was never logged"},
        {"INSERT INTO ruling_fingerprint VALUES (1, 0, zeroblob(32))",
         "database: ruling 1: findings is not what was logged"},
        {"DROP TRIGGER signing_key_kept_u; UPDATE signing_key SET public_pem = public_pem || ' '"
         " WHERE purpose = 'log'",
         ": public_pem is not what was logged (entry 1)"},
        {"UPDATE signing_key SET purpose = 'approve-prod-file' WHERE purpose = 'evidence'",
         ": purpose is not what was logged"},
        {"UPDATE signing_key SET at_us = at_us - 1", ": at_us is not what was logged"},
        {"DROP TRIGGER signing_key_end_kept_u; UPDATE signing_key_end SET by_person = 'uid:0'",
         ": who ended the former one, or why, is not what was logged"},
        {"UPDATE signing_key_end SET at_us = at_us - 1",
         ": when the former one ended is not what was logged"},
        {"DROP TRIGGER signing_key_end_kept_d; DELETE FROM signing_key_end",
         ": that it took another one's place is not what was logged"},
        {"INSERT INTO signing_key_end SELECT id, '', '', at_us + 86400000000 FROM signing_key WHERE"
         " purpose = 'log'",
         ": that it has ended is not what was logged"},
        {"INSERT INTO signing_key SELECT zeroblob(32), purpose, kind, public_pem, at_us FROM"
         " signing_key LIMIT 1",
         "database: signing_key 0000000000000000 was never logged"},
        {"DROP TRIGGER signing_key_kept_d; DELETE FROM signing_key WHERE purpose = 'log'",
         " is gone, which entry 1 is about"},
    };
    act();
    house_stop(h);
    assert_true(verify());
    sql("CREATE TABLE aside AS SELECT * FROM signing_key");
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sql(rows[i][0]);
        assert_false(verify());
        assert_said(rows[i][1]);
    }
    sql("DELETE FROM signing_key_end; DELETE FROM signing_key;"
        " INSERT INTO signing_key SELECT * FROM aside; DROP TABLE aside");
    house_start(h, NULL, NULL);
}

/* Who knows the first key follows it to the next by what the first has signed, and by nothing else.
 */
static void test_keys_of_the_log(void **state)
{
    (void)state;
    struct ch_buf out, first, second;
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_VKEY, .name = CH_STR("log")};
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&first, 512);
    ch_buf_init(&second, 512);
    house_ask_document(h, &ask);
    ch_buf_puts(&first, ch_str_sub(ch_buf_str(&h->document_bytes), 0, h->document_bytes.len - 1));
    h->second_word = "log";
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 0);
    h->second_word = NULL;
    house_ask_document(h, &ask);
    ch_buf_puts(&second, ch_str_sub(ch_buf_str(&h->document_bytes), 0, h->document_bytes.len - 1));
    while (keyring_former(h->k) != NULL) {
        assert_true(verify_with(ch_buf_str(&first))); /* also while it is handed over */
        house_turn(h, 20);
    }
    assert_true(verify_with(ch_buf_str(&first)));
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.1", "as well", NULL, &out));
    until_written();
    house_stop(h);
    assert_true(verify());
    assert_true(verify_with(ch_buf_str(&first)));
    assert_true(verify_with(ch_buf_str(&second)));
    char text[512]; /* a table more would be named, too */
    snprintf(text, sizeof(text),
             "ATTACH '%s/aside.db' AS o; CREATE TABLE o.aside AS SELECT * FROM value WHERE name"
             " LIKE 'audit-handover-%%'",
             h->folder);
    sql(text);
    sql("UPDATE value SET value = CAST(replace(CAST(value AS TEXT), '/audit/', '/Audit/') AS BLOB)"
        " WHERE name LIKE 'audit-handover-%'");
    assert_false(verify_with(ch_buf_str(&first)));
    assert_said("(key): the log's former key has not signed that this one follows it");
    sql("DELETE FROM value WHERE name LIKE 'audit-handover-%'");
    assert_false(verify());
    assert_said("(key): the log's former key has not signed that this one follows it");
    assert_true(verify_with(ch_buf_str(&second)));
    snprintf(text, sizeof(text),
             "ATTACH '%s/aside.db' AS o; INSERT INTO value SELECT * FROM o.aside", h->folder);
    sql(text);
    snprintf(text, sizeof(text), "%s/aside.db", h->folder);
    assert_int_equal(remove(text), 0);
    assert_true(verify_with(ch_buf_str(&first)));
    ch_buf_done(&out);
    ch_buf_done(&first);
    ch_buf_done(&second);
    house_start(h, NULL, NULL);
}

/* What nobody has signed is said, and who starts from the new key has nothing to be told. */
static void test_a_lost_key_of_the_log(void **state)
{
    (void)state;
    char path[128];
    struct ch_buf out, second;
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_VKEY, .name = CH_STR("log")};
    struct ch_signer *signer = NULL;
    char id[CH_KEY_ID_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&second, 512);
    assert_ch_ok(&err, keyring_signer(h->k, CH_PURPOSE_LOG, &signer, &err));
    struct ch_sha256 full = ch_public_key_id(ch_signer_public(signer));
    ch_key_id_hex(&full, id);
    house_stop(h);
    snprintf(path, sizeof(path), "%s/keys/log-%s.pem", h->folder, id);
    assert_int_equal(unlink(path), 0);
    house_start(h, NULL, NULL);
    h->second_word = "log";
    assert_int_equal(house_command(h, false, "keys", "rotate", "the disk is gone", NULL, &out), 0);
    h->second_word = NULL;
    house_ask_document(h, &ask);
    ch_buf_puts(&second, ch_str_sub(ch_buf_str(&h->document_bytes), 0, h->document_bytes.len - 1));
    until_written();
    assert_false(verify());
    assert_said("(key): the log's former key has not signed that this one follows it");
    assert_said(": NOT as logged, 1 times");
    assert_true(verify_with(ch_buf_str(&second)));
    ch_buf_done(&out);
    ch_buf_done(&second);
}

/* A text that is written with escapes is not what these bytes would be without. */
static void test_escapes(void **state)
{
    (void)state;
    struct ch_ruling_row row = {.deny = true,
                                .project = CH_STR("other"),
                                .version_spec = CH_STR("==\"1\""),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = CH_TIME_UNKNOWN};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    until_written();
    house_stop(h);
    assert_true(verify());
    sql("DROP TRIGGER ruling_kept_u; UPDATE ruling SET version_spec = '==\\\"1\\\"' WHERE id = 2");
    assert_false(verify());
    assert_said("database: ruling 2: versions is not what was logged");
    house_start(h, NULL, NULL);
}

#define SIBLING "pkg-1.0-py2-none-any.whl"

/* T4: what was found stands, and what is decided without it does not pass unseen. */
static void test_taken_findings(void **state)
{
    (void)state;
    char hex[2][CH_SHA256_HEX + 1], page[512];
    snprintf(page, sizeof(page), WHEEL " %s %zu 30\n" SIBLING " %s %zu 30\n",
             house_hex("attack", hex[0]), strlen("attack"), house_hex("clean", hex[1]),
             strlen("clean"));
    house_site(h, PAGE_URL("bad"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "attack");
    house_site(h, FILE_URL(SIBLING), 200, "application/zip", "clean");
    house_ask_page(h, "bad");
    house_ask_file(h, "bad", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    until_written();
    house_stop(h);
    assert_true(verify());
    sql("DROP TRIGGER finding_kept_d; DELETE FROM finding");
    assert_false(verify());
    assert_said("database: finding: those of inspection ");
    /* to the keeper it is no inspection: until there is another one it may have been an attack */
    house_start(h, NULL, NULL);
    house_ask_page(h, "bad");
    house_ask_file(h, "bad", SIBLING);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "sibling");
    house_ask_file(h, "bad", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "finding direct-reference"); /* found again */
    until_written();
    assert_false(verify());
    assert_said("database: finding: those of inspection ");
}

/* T26: who and why may be erased; what was decided stays proven. */
static void test_erased(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->option[0] = "who";
    h->option[1] = "192.0.2.77";
    assert_int_equal(0, house_command(h, false, "audit erase", NULL, "asked", NULL, &out));
    h->option[0] = h->option[1] = NULL;
    until_written();
    assert_true(verify());
    assert_said("; 1 texts were erased: as logged");
    house_stop(h);
    sql("CREATE TABLE aside AS SELECT * FROM log_clear");
    sql("DELETE FROM log_clear WHERE text = 'asked'");
    assert_false(verify());
    assert_said(" reason is gone, and no entry says it was erased");
    assert_said("database: 2 texts of log_clear are gone, entries say that 1 were erased");
    /* nor does one say so that the log has not, nor ever gets */
    sql("INSERT INTO log_erased (entry, field, act) SELECT max(id), 'reason', 1000000000"
        " FROM log_entry WHERE kind = 'erased'");
    assert_false(verify());
    assert_said("database: log_erased has 2 rows, entries say 1");
    sql("DROP TRIGGER log_erased_kept_d; DELETE FROM log_erased WHERE act = 1000000000");
    sql("DELETE FROM log_clear; INSERT INTO log_clear SELECT * FROM aside; DROP TABLE aside");
    assert_true(verify());
    /* the row that has it stays, and stays what it was */
    sql("UPDATE served SET address = '192.0.2.1'");
    assert_false(verify());
    assert_said("database: served 1: address is not what was logged");
    sql("UPDATE served SET address = '192.0.2.77'");
    assert_true(verify());
    ch_buf_done(&out);
    house_start(h, NULL, NULL);
}

/* ------------------------------------------------------------------ looking for things */

static size_t lines_of(const struct audit_query *q)
{
    size_t size = 0, lines = 0;
    struct audit_query all = *q;
    all.from_us = q->from_us != 0 ? q->from_us : INT64_MIN;
    all.to_us = q->to_us != 0 ? q->to_us : INT64_MAX;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc = audit_search(h->folder, &all, out, &err);
    fclose(out);
    assert_ch_ok(&err, rc);
    for (size_t i = 0; i < size; i++) {
        lines += said[i] == '\n';
    }
    return lines;
}

/* Each step of an exception, and what came of it. */
static void test_altered_exceptions(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"DROP TRIGGER exception_step_kept_u; UPDATE exception_step SET by_person = 'user:ann' WHERE kind = 3",
         "database: exception_step 2: by is not what was logged"},
        {"UPDATE exception_step SET alone = 0 WHERE kind = 3",
         "database: exception_step 2: alone is not what was logged"},
        {"DROP TRIGGER exception_kept_u; UPDATE exception SET version_spec = '>=0'",
         "database: exception_step 1: versions is not what was logged"},
        {"DROP TRIGGER exception_ruling_kept_d; DELETE FROM exception_ruling",
         "database: exception_step 3: rulings is not what was logged"},
        {"DROP TRIGGER exception_step_kept_d; DELETE FROM exception_step WHERE kind = 3",
         "database: exception_step 2 is gone, which entry"},
        {"INSERT INTO exception_step (id, exception, kind, by_person, alone, reason, at_us) VALUES"
         " (99, 1, 3, 'user:bob', 0, '', 4102444800000000)",
         "database: exception_step 99 was never logged"},
    };
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(0, house_command(h, false, "approve", "pypi:pkg>=2", "needed", "7d", &out));
    until_written();
    assert_true(verify());
    struct audit_query q = {.kind = CH_STR("exception"), .who = CH_STR("local:"), .clear = true};
    assert_int_equal(lines_of(&q), 3);
    assert_said("\"step\":\"in force\"");
    house_stop(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sql(rows[i][0]);
        assert_false(verify());
        assert_said(rows[i][1]);
    }
    house_start(h, NULL, NULL);
    ch_buf_done(&out);
}

static void test_search(void **state)
{
    (void)state;
    char hex[CH_SHA256_HEX + 1];
    struct audit_query q = {.kind = CH_STR("decision"), .clear = true};
    assert_int_equal(lines_of(&q), 3);
    q.what = CH_STR(NEXT);
    assert_int_equal(lines_of(&q), 1);
    q = (struct audit_query){.who = CH_STR("192.0.2.77"), .clear = true};
    assert_int_equal(lines_of(&q), 1);
    assert_said("\"clear\":{\"address\":\"192.0.2.77\"}");
    q = (struct audit_query){.kind = CH_STR("ruling"), .clear = true};
    assert_int_equal(lines_of(&q), 1);
    assert_said("stolen key");
    q = (struct audit_query){.what = CH_STR("decision")}; /* names, not what else stands there */
    assert_int_equal(lines_of(&q), 0);
    q = (struct audit_query){.what = ch_str_of(house_hex("bytes", hex))};
    size_t about = lines_of(&q);
    assert_int_equal(about, 5); /* signed, allowed, served, denied, withdrawn */
    hex[12] = '\0';
    q.what = ch_str_of(hex);
    assert_int_equal(lines_of(&q), about);
    q.what = ch_str_of(hex + 1); /* from its beginning */
    assert_int_equal(lines_of(&q), 0);
    q = (struct audit_query){.what = CH_STR("pkg"), .kind = CH_STR("served")};
    assert_int_equal(lines_of(&q), 1);
    q = (struct audit_query){.to_us = 1};
    assert_int_equal(lines_of(&q), 0);
    q = (struct audit_query){.bare = true};
    assert_int_equal(lines_of(&q), 25);
    assert_true(strncmp(said, "{\"at_us\":", 9) == 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_as_logged),
        TEST(test_altered_rows),
        TEST(test_taken_findings),
        TEST(test_erased),
        TEST(test_altered_exceptions),
        TEST(test_search),
        TEST(test_escapes),
        TEST(test_altered_acts),
        TEST(test_keys_of_the_log),
        TEST(test_a_lost_key_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
