/* T4, T8: rows of the database that were altered while no keeper ran. None alone ends a denial,
 * gives back an approval that has ended, or makes one reach further: what counts is what the log
 * says. */
#include "alter.h"
#include "exceptions_house.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/rulings/rulings.h"
#include "db/log/bundle.h"
#include "log_seen.h"

int64_t __real_ch_now_unix_us(void);
int64_t __wrap_ch_now_unix_us(void);

static struct ch_err err;
static struct ch_buf out;
static struct house *h;
static int64_t later_us; /* than the time of day */

int64_t __wrap_ch_now_unix_us(void)
{
    return __real_ch_now_unix_us() + later_us;
}

static int setup(void **state)
{
    (void)state;
    later_us = 0;
    ch_buf_init(&out, 1u << 20);
    h = house_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    ch_buf_done(&out);
    return 0;
}

static void restart_altered(const char *what)
{
    house_restart_altered(h, what);
}

static void assert_altered(const char *label, size_t distrusted, size_t restored)
{
    if (rulings_distrusted(h->k) != distrusted || rulings_restored(h->k) != restored) {
        fail_msg("%s: distrusted %zu, restored %zu", label, rulings_distrusted(h->k),
                 rulings_restored(h->k));
    }
    ch_buf_clear(&out);
    COMMAND(h, distrusted + restored > 0 ? 1 : 0, false, "status", NULL, NULL, NULL, &out);
    if (restored > 0) {
        assert_says(&out, "denials are in force by the audit log alone");
    }
    if (distrusted > 0) {
        assert_says(&out, "approvals of the database are NOT taken");
    }
}

static const struct row {
    const char *label, *what;
    size_t restored;
} denials[] = {
    {"untouched", "SELECT 1", 0},
    {"its row is gone", "DELETE FROM ruling", 1},
    {"with all that names it",
     "DELETE FROM ruling; UPDATE log_entry SET kind = 'rescan', source = NULL WHERE kind = "
     "'ruling'",
     1},
    {"it has an end", "INSERT INTO ruling_end VALUES (1, 'user:bob', 'was wrong', 5)", 0},
    {"and an entry of it among the rows",
     "INSERT INTO ruling_end VALUES (1, 'user:bob', 'was wrong', 5);"
     "UPDATE log_entry SET kind = 'ruling-end', source = 1 WHERE id = 1",
     0},
    {"its time is over", "UPDATE ruling SET expires_at_us = 1", 1},
    {"it approves", "UPDATE ruling SET deny = 0, expires_at_us = at_us + 86400000000", 1},
    {"it is about another project", "UPDATE ruling SET project = 'other'", 1},
    {"about another version", "UPDATE ruling SET version_spec = '==9.9'", 1},
    {"about other bytes", "UPDATE ruling SET sha256 = randomblob(32)", 1},
};

static void no_row_ends_a_denial(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    for (size_t i = 0; i < CH_ARRAY_LEN(denials); i++) {
        assert_true(is_had(h));
        COMMAND(h, 0, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
        assert_false(is_had(h));
        restart_altered(denials[i].what);
        if (is_had(h) || h->file.refusal.verdict != CH_VERDICT_DENY) {
            fail_msg("%s: had", denials[i].label);
        }
        house_settle(h);
        assert_false(house_serves(h, "old"));
        size_t approves = strstr(denials[i].what, "deny = 0") != NULL ? 1 : 0;
        assert_altered(denials[i].label, approves, denials[i].restored);
        assert_ch_ok(&err, rulings_load(h->k, &err)); /* nor when it is read again */
        assert_false(is_had(h));
        teardown(NULL);
        setup(NULL);
        set_wheel(h, "old", 100);
    }
}

/* A number is given again once its row is gone: the denial that had it is another one. */
static void a_number_that_is_given_again(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "deny", "pypi:other==1.0", "malware", NULL, &out);
    restart_altered("DELETE FROM ruling");
    assert_altered("gone", 0, 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    assert_true(is_had(h));
    assert_int_equal(rulings_at(h->k, 0)->id, rulings_at(h->k, 1)->id);
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "no more", &out));
    assert_false(is_had(h));
    assert_altered("approved and revoked", 0, 1);
    log_until_written(h);
    house_restart(h);
    assert_altered("once more", 0, 1);
}

/* The end of an approval by time is in the log, and nothing was altered. */
static void an_approval_whose_time_is_over(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    assert_true(is_had(h));
    later_us = 8 * 86400000000;
    rulings_see_ends(h->k);
    house_settle(h);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_ch_ok(&err, rulings_load(h->k, &err));
        assert_int_equal(rulings_distrusted(h->k), 0);
        log_until_written(h);
        house_restart(h);
    }
}

/* Nor does it end the denial that had its number before. */
static void a_number_whose_time_is_over(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "deny", "pypi:other==1.0", "malware", NULL, &out);
    restart_altered("DELETE FROM ruling");
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    assert_int_equal(rulings_at(h->k, 0)->id, rulings_at(h->k, 1)->id);
    later_us = 8 * 86400000000;
    rulings_see_ends(h->k);
    for (int loaded = 0; loaded < 3; loaded++) {
        size_t denials_in_force = 0;
        for (size_t i = 0; rulings_at(h->k, i) != NULL; i++) {
            denials_in_force += rulings_at(h->k, i)->deny && !rulings_at(h->k, i)->over;
        }
        assert_int_equal(denials_in_force, 1);
        assert_ch_ok(&err, rulings_load(h->k, &err));
    }
}

static void a_denial_that_ended_has_ended(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    assert_true(is_had(h));
    COMMAND(h, 0, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_end_ruling(h->k->store, 1, CH_STR("user:bob"), CH_STR("was wrong"),
                                           5, &err));
    assert_ch_ok(&err, audit_ruling_end(h->k, 1, CH_STR("user:bob"), CH_STR("was wrong"), 5, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    restart_altered("SELECT 1");
    assert_altered("ended", 0, 0);
    assert_true(is_had(h));
}

static const struct approved {
    const char *label, *what;
    bool revoked; /* before */
} approvals[] = {
    {"revoked, without its end",
     "DELETE FROM ruling_end; DELETE FROM exception_step WHERE kind > 4", true},
    {"nor its entries' rows",
     "DELETE FROM ruling_end; DELETE FROM exception_step WHERE kind > 4;"
     "UPDATE log_entry SET kind = 'log-trouble', source = NULL WHERE kind = 'ruling-end'",
     true},
    {"later than approved", "UPDATE ruling SET expires_at_us = expires_at_us + 1", false},
    {"of other findings", "UPDATE ruling SET evidence = randomblob(32)", false},
    {"of no exception", "DELETE FROM exception_ruling", false},
    {"of an exception that is gone", "DELETE FROM exception", false},
    {"for another environment", "UPDATE exception SET environment = 'preprod'", false},
};

static void no_row_gives_back_an_approval(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(approvals); i++) {
        const struct approved *a = &approvals[i];
        set_wheel(h, "young", 1);
        COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
        assert_true(is_had(h));
        if (a->revoked) {
            assert_int_equal(0, exceptions_command(h, "revoke", "1", "no more", &out));
            assert_false(is_had(h));
        }
        restart_altered(a->what);
        if (is_had(h)) {
            fail_msg("%s: had", a->label);
        }
        house_settle(h);
        assert_false(house_serves(h, "young"));
        assert_altered(a->label, 1, 0);
        teardown(NULL);
        setup(NULL);
    }
}

/* A log that cannot be read back says nothing of ends, so no approval is taken, and none is made.
 */
static void a_log_that_cannot_be_read_back(void **state)
{
    (void)state;
    char path[256];
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    COMMAND(h, 0, false, "deny", "pypi:other==1.0", "malware", NULL, &out);
    assert_true(is_had(h));
    log_until_written(h);
    house_stop(h);
    snprintf(path, sizeof(path), "%s/audit/entries/data", h->folder);
    FILE *data = fopen(path, "r+b");
    assert_non_null(data);
    assert_int_equal(fseek(data, 40, SEEK_SET), 0);
    int byte = fgetc(data);
    assert_int_equal(fseek(data, 40, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, data), byte ^ 1);
    assert_int_equal(fclose(data), 0);
    house_start(h, NULL, NULL);
    assert_false(is_had(h));
    assert_false(audit_is_recalled(h->k));
    ch_buf_clear(&out);
    COMMAND(h, 1, false, "status", NULL, NULL, NULL, &out);
    assert_says(&out, "its entries cannot be read back");
    assert_int_equal(rulings_distrusted(h->k), 1);
    assert_true(rulings_at(h->k, 0)->deny);
}

/* ------------------------------------------------------------------ the log's files */

static struct ch_buf read_file(const char *name)
{
    char path[256];
    struct ch_buf bytes;
    snprintf(path, sizeof(path), "%s/audit/%s", h->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ch_buf_init(&bytes, 64u << 20);
    assert_true(fd >= 0);
    assert_ch_ok(&err, jobs_read_all(fd, &bytes, &err));
    close(fd);
    return bytes;
}

static void write_file(const char *name, struct ch_str bytes)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/audit/%s", h->folder, name);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

/* The journal is synced, its places and the checkpoint are not, and the store's copies are gone:
 * all of it is there again before it is read. */
static void a_log_whose_places_were_lost(void **state)
{
    (void)state;
    static const char *const places[] = {"public/checkpoint", "public/hashes/0", "entries/data"};
    struct ch_buf older[CH_ARRAY_LEN(places)], journal;
    set_wheel(h, "young", 1);
    log_until_written(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        older[i] = read_file(places[i]);
    }
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    COMMAND(h, 0, false, "deny", "pypi:other==1.0", "malware", NULL, &out);
    assert_true(is_had(h));
    log_until_written(h);
    h->k->tick_timer.fn(&h->k->tick_timer);
    house_settle(h);
    journal = read_file("entries/journal");
    house_stop(h);
    write_file("entries/journal", ch_buf_str(&journal));
    ch_buf_done(&journal);
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        write_file(places[i], ch_buf_str(&older[i]));
        ch_buf_done(&older[i]);
    }
    house_start(h, NULL, NULL);
    assert_true(audit_is_recalled(h->k));
    assert_altered("mended", 0, 0);
    assert_true(is_had(h));
    log_until_written(h);
}

/* An entry and its published hash, in a bundle that is full: who appends does not look there. */
static void a_hash_that_was_altered_with_its_entry(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "7d", &out);
    assert_true(is_had(h));
    for (struct audit_state s = {.next = 0}; s.next <= 2 * CH_TILE_HASHES; audit_state(h->k, &s)) {
        struct ch_exception_row all = {.id = 0};
        assert_ch_ok(&err, audit_rescan(h->k, &all, "all", s.next, CH_STR("user:bob"), &err));
    }
    log_until_written(h);
    house_stop(h);
    struct ch_buf data = read_file("entries/data"), hashes = read_file("public/hashes/0");
    struct ch_str rest = ch_buf_str(&data), entry;
    struct ch_hash *hash = ch_hash_new();
    assert_true(ch_bundle_next(&rest, &entry));
    data.ptr[CH_ENTRY_PREFIX + 40] ^= 1;
    struct ch_sha256 leaf = ch_tree_leaf(hash, entry);
    memcpy(hashes.ptr, leaf.byte, sizeof(leaf.byte));
    write_file("entries/data", ch_buf_str(&data));
    write_file("public/hashes/0", ch_buf_str(&hashes));
    ch_hash_free(hash);
    ch_buf_done(&data);
    ch_buf_done(&hashes);
    house_start(h, NULL, NULL);
    assert_false(is_had(h));
    assert_false(audit_is_recalled(h->k));
    ch_buf_clear(&out);
    COMMAND(h, 1, false, "status", NULL, NULL, NULL, &out);
    assert_says(&out, "entries are not those of its checkpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_row_ends_a_denial, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_that_is_given_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_approval_whose_time_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_whose_time_is_over, setup, teardown),
        cmocka_unit_test_setup_teardown(a_denial_that_ended_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(no_row_gives_back_an_approval, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_that_cannot_be_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_whose_places_were_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hash_that_was_altered_with_its_entry, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
