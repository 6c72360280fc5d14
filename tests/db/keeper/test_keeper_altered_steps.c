/* T4, T8, T9: what the database says of an open exception counts only as the audit log has it. No
 * row alone is an approval, or makes one of something else, of somebody else's wish, or for longer.
 */
#include "alter.h"
#include "exceptions_house.h"

#include <stdio.h>

#include "db/keeper/audit/audit.h"
#include "log_seen.h"

static struct ch_err err;
static struct ch_buf out;
static struct house *h;

static int setup(void **state)
{
    (void)state;
    ch_buf_init(&out, 1u << 20);
    h = house_of_people();
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    ch_buf_done(&out);
    return 0;
}

/* Asked by ann and approved by bob, of three that it takes. */
static uint64_t asked_and_approved(void)
{
    bool in_force;
    assert_false(is_had(h)); /* its page is in memory, its file inspected */
    uint64_t id = asks(h, "user:ann");
    assert_ch_ok(&err, approves(h, id, "user:bob", 3, &in_force));
    assert_false(in_force);
    return id;
}

static void assert_refused(const char *label, uint64_t id)
{
    bool in_force = false;
    assert_false(is_had(h));
    if (exceptions_altered(h->k) != 1) {
        fail_msg("%s: %zu altered", label, exceptions_altered(h->k));
    }
    const struct exception *x = exceptions_find(h->k, id);
    if (x == NULL || x->altered == NULL) {
        fail_msg("%s: not this one", label);
    }
    enum ch_code rc = approves(h, id, "user:dan", 1, &in_force);
    if (rc != CH_E_CONFLICT || in_force) {
        fail_msg("%s: %d", label, (int)rc);
    }
    assert_false(is_had(h));
    runs_as(h, 1000, 1, "status", "1 exceptions can NOT be approved", &out);
    assert_says(&out, "audit verify names them");
    runs_as(h, 1000, 0, "exceptions list", "ALTERED in the database, so nobody can approve it",
            &out);
    assert_false(says(&out, "approved by user:"));
    runs_as(h, 1000, 0, "exceptions list --json", "\"altered\":\"", &out);
    runs_as(h, 2004, 1, "approve 1", "the database was altered", &out);
}

#define FORGED                                                                                     \
    "INSERT INTO exception_step (exception, kind, by_person, alone, reason, bytes, evidence, "     \
    "policy, at_us, "                                                                              \
    "expires_at_us) SELECT exception, kind, 'user:cid', alone, reason, bytes, evidence, policy, "  \
    "at_us, expires_at_us "                                                                        \
    "FROM exception_step WHERE kind = 3"

static const struct row {
    const char *label, *what;
} rows[] = {
    {"an approval", FORGED},
    {"an approval with an entry's row",
     FORGED ";UPDATE log_entry SET kind = 'exception', source = 3 WHERE id = 1"},
    {"another approver", "UPDATE exception_step SET by_person = 'user:cid' WHERE kind = 3"},
    {"with the text beside the entry",
     "UPDATE exception_step SET by_person = 'user:cid' WHERE kind = 3;"
     "UPDATE log_clear SET text = 'user:cid' WHERE text = 'user:bob' AND field = 'by'"},
    {"as if that had been erased",
     "UPDATE exception_step SET by_person = 'user:cid' WHERE kind = 3;"
     "INSERT INTO log_erased SELECT entry, field, entry, salt, randomblob(32) FROM log_clear WHERE "
     "text = 'user:bob';"
     "DELETE FROM log_clear WHERE text = 'user:bob'"},
    {"without its text", "DELETE FROM log_clear WHERE text = 'user:bob'"},
    {"an approval alone",
     "UPDATE exception_step SET alone = 1, by_person = 'local:0' WHERE kind = 3"},
    {"of other bytes", "UPDATE exception_step SET bytes = randomblob(32) WHERE kind = 3"},
    {"of other findings", "UPDATE exception_step SET evidence = randomblob(32) WHERE kind = 3"},
    {"under another policy", "UPDATE exception_step SET policy = randomblob(32) WHERE kind = 3"},
    {"for longer", "UPDATE exception_step SET expires_at_us = expires_at_us + 1 WHERE kind = 3"},
    {"at another time", "UPDATE exception_step SET at_us = at_us + 1 WHERE kind = 3"},
    {"for another reason", "UPDATE exception_step SET reason = 'x' WHERE kind = 3"},
    {"not approved", "DELETE FROM exception_step WHERE kind = 3"},
    {"not an approval", "UPDATE exception_step SET kind = 2 WHERE kind = 3"},
    {"asked by another", "UPDATE exception_step SET by_person = 'user:ops' WHERE kind = 1; UPDATE "
                         "exception SET requester = 'user:ops'"},
    {"by another, says its row", "UPDATE exception SET requester = 'user:ops'"},
    {"of another environment", "UPDATE exception SET environment = 'preprod'"},
    {"of another ecosystem", "UPDATE exception SET ecosystem = 'npm'"},
    {"of another project", "UPDATE exception SET project = 'other'"},
    {"of another file", "UPDATE exception SET file_name = 'pkg-1.0.tar.gz'"},
    {"of a version", "UPDATE exception SET file_name = NULL, version_spec = '>=0'"},
    {"of these bytes", "UPDATE exception SET sha256 = randomblob(32)"},
    {"of other rules", "UPDATE exception SET overrides = 'none'"},
    {"why", "UPDATE exception SET reason = 'x'"},
    {"from where", "UPDATE exception SET address = '127.0.0.1'"},
    {"on which refusal", "UPDATE exception SET refusal = 'x'"},
    {"in the place of another", "UPDATE exception SET renews = 1"},
    {"when", "UPDATE exception SET at_us = at_us - 1"},
    {"until when", "UPDATE exception SET expires_at_us = expires_at_us + 1"},
};

static void no_row_alone_is_a_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        uint64_t id = asked_and_approved();
        house_restart_altered(h, rows[i].what);
        assert_refused(rows[i].label, id);
        assert_ch_ok(&err, exceptions_load(h->k, &err)); /* nor when it is read again */
        assert_refused(rows[i].label, id);
        teardown(NULL);
        setup(NULL);
    }
}

/* Nothing was altered: the same is approved. */
static void what_was_not_altered_counts(void **state)
{
    (void)state;
    bool in_force;
    uint64_t id = asked_and_approved();
    house_restart_altered(h, "SELECT 1");
    assert_false(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 0);
    runs_as(h, 1000, 0, "status", "", &out);
    assert_ch_ok(&err, approves(h, id, "user:cid", 3, &in_force));
    assert_false(in_force);
    house_restart_altered(h, "SELECT 1");
    assert_false(is_had(h));
    assert_ch_ok(&err, approves(h, id, "user:dan", 3, &in_force));
    assert_true(in_force);
    assert_true(is_had(h));
    house_restart_altered(h, "SELECT 1");
    assert_true(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 0);
}

/* What the log has closed stays closed: nobody approves it by taking the last row away. */
static void what_was_rejected_is_not_open(void **state)
{
    (void)state;
    uint64_t id = asked_and_approved();
    runs_as(h, 2004, 0, "exceptions reject 1 --reason=no", "rejected", &out);
    house_restart_altered(h, "DELETE FROM exception_step WHERE kind = 5");
    assert_refused("reopened", id);
    const struct exception *x = exceptions_find(h->k, id);
    assert_string_equal(x->altered, "by the audit log it is closed");
}

/* One that nobody asked for can be rejected, and then it is gone. */
static void one_that_nobody_asked_for(void **state)
{
    (void)state;
    bool in_force;
    asked_and_approved();
    house_restart_altered(
        h, "INSERT INTO exception SELECT 2, repository, environment, ecosystem, 'other', '==1.0', "
           "NULL, sha256, overrides, "
           "reason, requester, address, refusal, renews, at_us, expires_at_us FROM exception;"
           "INSERT INTO exception_step (exception, kind, by_person, alone, reason, bytes, "
           "evidence, policy, at_us, "
           "expires_at_us) SELECT 2, kind, by_person, alone, reason, bytes, evidence, policy, "
           "at_us, expires_at_us FROM "
           "exception_step");
    assert_false(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 1);
    assert_int_equal(CH_E_CONFLICT, approves(h, 2, "user:dan", 1, &in_force));
    runs_as(h, 2004, 0, "exceptions show 2", "the audit log has no such exception", &out);
    runs_as(h, 2004, 0, "exceptions reject 2 --reason=forged", "rejected", &out);
    assert_int_equal(exceptions_altered(h->k), 0);
    runs_as(h, 1000, 0, "status", "", &out);
    assert_ch_ok(&err, approves(h, 1, "user:dan", 2, &in_force));
    assert_true(in_force);
}

/* Who asks again is not kept from it by the one that was altered. */
static void it_is_asked_for_anew(void **state)
{
    (void)state;
    asked_and_approved();
    house_restart_altered(h, FORGED);
    assert_false(is_had(h));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 2",
            &out);
    runs_as(h, 2004, 0, "approve 2 --reason=needed", "", &out);
    assert_true(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 1);
}

/* Rows are read again after each act: what was altered beside the running service counts for
 * nothing either. */
static void beside_the_running_service(void **state)
{
    (void)state;
    uint64_t id = asked_and_approved();
    house_alter(h, FORGED);
    runs_as(h, 1000, 0, "exceptions show 1", "ALTERED", &out);
    asks(h, "user:ops"); /* any act */
    assert_refused("beside", id);
}

/* T26: what was erased is compared by what stayed of it; that it was is in the log. */
static void a_name_that_was_erased(void **state)
{
    (void)state;
    bool in_force;
    uint64_t id = asked_and_approved();
    runs_as(h, 1000, 0, "audit erase --who=bob --reason=asked", "", &out);
    house_restart_altered(h, "SELECT 1");
    assert_false(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 0);
    house_restart_altered(h, "UPDATE exception_step SET by_person = 'user:cid' WHERE kind = 3");
    assert_refused("erased", id);
    house_restart_altered(h, "UPDATE exception_step SET by_person = 'user:bob' WHERE kind = 3");
    assert_false(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 0);
    assert_ch_ok(&err, approves(h, id, "user:dan", 2, &in_force));
    assert_true(in_force);
}

/* What is in force stays so: nothing of what was approved hangs on rows. */
static void what_is_in_force_goes_on(void **state)
{
    (void)state;
    bool in_force;
    uint64_t id = asked_and_approved();
    assert_ch_ok(&err, approves(h, id, "user:dan", 2, &in_force));
    assert_true(in_force && is_had(h));
    house_restart_altered(h, "UPDATE exception_step SET by_person = 'user:cid' WHERE kind = 3");
    assert_true(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 1);
    runs_as(h, 2002, 1, "exceptions renew 1 --reason=longer", "the database was altered", &out);
    runs_as(h, 2002, 0, "exceptions revoke 1 --reason=no", "revoked", &out);
    assert_false(is_had(h));
    assert_int_equal(exceptions_altered(h->k), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_row_alone_is_a_step, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_altered_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_rejected_is_not_open, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_nobody_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_asked_for_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(beside_the_running_service, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_was_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_in_force_goes_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
