/* The audit log's checkpoints and those who cosign them: real witnesses, and the keeper between
 * what they answer. */
#include "witness_house.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "db/log/bundle.h"
#include "db/log/public.h"
#include "log_seen.h"
#include "db/keeper/audit/witnesses.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* ------------------------------------------------------------------ what is published */

static struct ch_buf published(void)
{
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    if (audit_read_cosigned(h->k, &note, &err) != CH_OK) {
        ch_buf_clear(&note);
    }
    return note;
}

/* How many entries the published checkpoint has with the cosignatures of just these; 0: it is
 * another, or none. */
static uint64_t published_size(bool by_first, bool by_second)
{
    struct ch_buf note = published();
    struct ch_str text, lines, line;
    struct ch_checkpoint c = {.size = 0};
    uint64_t time_s;
    bool good = ch_note_split(ch_buf_str(&note), &text, &lines, NULL) == CH_OK &&
                ch_checkpoint_open(ch_buf_str(&note), &a.log, &c, NULL) == CH_OK;
    const bool by[WITNESSES] = {by_first, by_second};
    for (size_t i = 0; i < WITNESSES && good; i++) {
        good = by[i] ==
               (ch_cosignature_find(text, lines, &a.to[i].key, &line, &time_s, NULL) == CH_OK);
    }
    ch_buf_done(&note);
    return good ? c.size : 0;
}

static void each_checkpoint_is_cosigned(void **state)
{
    (void)state;
    begin("");
    connect_away();
    for (int i = 0; i < 3; i++) {
        grow();
        UNTIL(published_size(true, true) == log_written(h));
    }
    struct ch_buf note = published(), newest;
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/audit/public", h->folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    ch_buf_init(&newest, CH_NOTE_MAX);
    assert_ch_ok(&err, ch_log_read_newest(fd, &newest, &err)); /* what gateways show */
    assert_true(ch_str_eq(ch_buf_str(&newest), ch_buf_str(&note)));
    UNTIL(shows("witnesses/w1: cosigned "));
    assert_false(shows("failed"));
    /* one that nobody has cosigned yet is shown as it is */
    a.to[0].mode = a.to[1].mode = MUTE;
    grow();
    ch_buf_clear(&newest);
    assert_ch_ok(&err, ch_log_read_newest(fd, &newest, &err));
    assert_false(ch_str_eq(ch_buf_str(&newest), ch_buf_str(&note)));
    assert_int_equal(a.told_count, 0);
    close(fd);
    ch_buf_done(&newest);
    ch_buf_done(&note);
    done();
}

/* More than half of two is both; and one is as many as the site says. */
static void a_quorum_publishes(void **state)
{
    (void)state;
    begin("");
    a.to[0].mode = DOWN;
    connect_away();
    grow();
    UNTIL(a.to[1].asked > 0 && shows("witnesses/w1: cosigned"));
    assert_int_equal(published_size(false, true), 0);
    assert_true(shows("witnesses/w0: has cosigned nothing yet; unreachable, failed"));
    UNTIL(
        is_told("\"type\":\"checkpoint.trouble\"", "\"witness\":\"w0\",\"fault\":\"unreachable\""));
    a.to[0].mode = WELL;
    UNTIL(published_size(true, true) == log_written(h));
    UNTIL(is_told("\"type\":\"checkpoint.recovered\"", "\"witness\":\"w0\""));
    done();
    begin("witness_quorum: 1\n");
    a.to[0].mode = DOWN;
    connect_away();
    grow();
    UNTIL(published_size(false, true) > 0);
    a.to[0].mode = WELL;
    UNTIL(published_size(true, true) == log_written(h));
    done();
}

/* ------------------------------------------------------------------ what may go wrong */

static void each_fault_is_told(void **state)
{
    (void)state;
    static const struct {
        enum mode mode;
        uint32_t status;
        const char *body, *fault, *words;
    } rows[] = {
        {DOWN, 0, NULL, "unreachable", "no way there"},
        {STATUS, 500, "", "unreachable", "it answered with HTTP status 500"},
        {STATUS, 403, "", "unknown log", "it does not know the key that signs this log"},
        {STATUS, 404, "", "unknown log", "it does not know this log"},
        {LIES, 0, NULL, "bad answer", "its answer: signed note: a signature line is malformed"},
        {FOREIGN, 0, NULL, "bad answer", "its answer: signed note: not signed by customhouse/"},
        {STATUS, 409, "many\n", "bad answer", "it answered 409, and no size"},
        {STATUS, 409, "1000000\n", "contradiction", "it has cosigned 1000000 entries, where this"},
        {STATUS, 422, "", "contradiction", "it has cosigned another tree of "},
    };
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char fault[64];
        uint64_t before = published_size(true, true);
        size_t told = a.told_count;
        snprintf(fault, sizeof(fault), "\"fault\":\"%s\"", rows[i].fault);
        a.to[0].mode = rows[i].mode;
        a.to[0].status = rows[i].status;
        a.to[0].body = rows[i].body;
        grow();
        UNTIL(a.told_count > told);
        assert_true(strstr(a.told[told], "\"type\":\"checkpoint.trouble\"") != NULL);
        assert_true(strstr(a.told[told], fault) != NULL);
        assert_true(shows(rows[i].words));
        assert_int_equal(published_size(true, true), before);
        a.to[0].mode = WELL;
        UNTIL(a.told_count > told + 1);
        assert_true(strstr(a.told[told + 1], "\"type\":\"checkpoint.recovered\"") != NULL);
        UNTIL(published_size(true, true) == log_written(h));
        assert_false(shows("failed"));
    }
    struct ch_log_entry_fields f;
    struct ch_buf entry;
    uint64_t index;
    ch_buf_init(&entry, 65536);
    f = log_newest(h, "witness", &entry, &index);
    assert_field(&f, "name", "w0");
    assert_field(&f, "fault", "contradiction");
    ch_buf_done(&entry);
    done();
}

/* It has cosigned another history of this log: by the same key, from the same beginning. */
static void a_fork_is_told(void **state)
{
    (void)state;
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    a.to[0].mode = STATUS; /* as a witness answers that has cosigned the other one of this size */
    a.to[0].status = 409;
    char size[32];
    uint64_t written = log_written(h);
    snprintf(size, sizeof(size), "%llu\n", (unsigned long long)written);
    a.to[0].body = size;
    grow();
    UNTIL(is_told("\"type\":\"checkpoint.trouble\"", "\"fault\":\"contradiction\""));
    assert_true(shows("it has cosigned another tree of"));
    assert_int_equal(published_size(true, true), written);
    done();
}

/* ------------------------------------------------------------------ what is forgotten */

static void a_witness_that_knows_more_says_so(void **state)
{
    (void)state;
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    uint64_t size = published_size(true, true);
    disconnect_away();
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_set_value(h->k->store, CH_STR("audit-cosigned"), CH_STR(""), &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    char path[128];
    snprintf(path, sizeof(path), "%s/audit/public/cosigned", h->folder);
    assert_int_equal(unlink(path), 0);
    house_restart(h);
    log_until_written(h);
    size_t asked = a.to[0].asked;
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    assert_true(a.to[0].asked >= asked + 2); /* from nothing, then from what it said */
    assert_true(a.to[0].old_size >= size);
    assert_int_equal(a.told_count, 0);
    done();
}

static void a_restart_goes_on(void **state)
{
    (void)state;
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    uint64_t size = published_size(true, true);
    disconnect_away();
    char path[128];
    snprintf(path, sizeof(path), "%s/audit/public/cosigned", h->folder);
    assert_int_equal(truncate(path, 10), 0); /* as a power cut may leave it */
    house_restart(h);
    log_until_written(h);
    assert_int_equal(published_size(true, true), size); /* from the store */
    assert_true(shows("witnesses/w0: cosigned"));
    a.to[0].asked = 0;
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    assert_true(a.to[0].old_size >= size); /* nobody had to say it */
    done();
}

/* The store's copy may be the older one: what was published does not go back. */
static void what_is_published_never_goes_back(void **state)
{
    (void)state;
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    struct ch_buf older = published();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    uint64_t size = published_size(true, true);
    disconnect_away();
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(
        &err, ch_store_set_value(h->k->store, CH_STR("audit-cosigned"), ch_buf_str(&older), &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    house_restart(h);
    assert_int_equal(published_size(true, true), size);
    ch_buf_done(&older);
    done();
}

/* ------------------------------------------------------------------ when */

/* The end of egress says nothing of a witness. */
static void egress_ends_with_one_in_hand(void **state)
{
    (void)state;
    begin("");
    a.to[0].mode = MUTE;
    connect_away();
    grow();
    UNTIL(a.to[0].mute_job != 0);
    disconnect_away();
    house_settle(h);
    assert_false(shows("failed"));
    a.to[0].mode = WELL;
    connect_away();
    UNTIL(published_size(true, true) == log_written(h));
    assert_int_equal(a.told_count, 0);
    done();
}

/* One that does not answer keeps the others from nothing once there is a quorum. */
static void a_slow_one_holds_up_none(void **state)
{
    (void)state;
    begin("witness_quorum: 1\n");
    a.to[0].mode = MUTE;
    connect_away();
    for (int i = 0; i < 3; i++) {
        grow();
        UNTIL(published_size(false, true) == log_written(h));
    }
    assert_int_equal(a.to[0].asked, 1);
    a.to[0].mode = WELL;
    reply(a.to[0].mute_job, CH_E_TIMEOUT, 0, "", (struct ch_str){NULL, 0});
    UNTIL(published_size(true, true) == log_written(h));
    done();
}

static void an_idle_log_is_cosigned_again(void **state)
{
    (void)state;
    uint64_t again = ch_limits.cosign_again_ms;
    begin("");
    connect_away();
    grow();
    UNTIL(published_size(true, true) == log_written(h));
    struct ch_buf before = published();
    size_t asked = a.to[0].asked;
    for (int i = 0; i < 20; i++) {
        house_turn(h, 5);
    }
    assert_int_equal(a.to[0].asked, asked); /* not all the time */
    ch_limits.cosign_again_ms = 20;
    witnesses_go_on(h->k);
    UNTIL(a.to[0].asked > asked && a.to[1].asked > asked);
    struct ch_buf after = published();
    UNTIL((ch_buf_done(&after), after = published(),
           !ch_str_eq(ch_buf_str(&before), ch_buf_str(&after))));
    assert_int_equal(published_size(true, true), log_written(h));
    ch_limits.cosign_again_ms = again;
    ch_buf_done(&before);
    ch_buf_done(&after);
    done();
}

/* Decisions are made, and hold, whatever becomes of witnesses. */
static void nothing_waits_for_them(void **state)
{
    (void)state;
    char hex[CH_SHA256_HEX + 1], page[256];
    begin("");
    a.to[0].mode = a.to[1].mode = MUTE;
    connect_away();
    snprintf(page, sizeof(page), WHEEL " %s %zu 30\n", house_hex("bytes", hex), strlen("bytes"));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    done();
}

static int quick(void **state)
{
    (void)state;
    ch_limits.egress_retry_ms = 5;
    ch_limits.egress_retry_max_ms = 20;
    ch_limits.cosign_pause_ms = 5;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_checkpoint_is_cosigned),
        cmocka_unit_test(a_quorum_publishes),
        cmocka_unit_test(each_fault_is_told),
        cmocka_unit_test(a_fork_is_told),
        cmocka_unit_test(a_witness_that_knows_more_says_so),
        cmocka_unit_test(a_restart_goes_on),
        cmocka_unit_test(what_is_published_never_goes_back),
        cmocka_unit_test(egress_ends_with_one_in_hand),
        cmocka_unit_test(a_slow_one_holds_up_none),
        cmocka_unit_test(an_idle_log_is_cosigned_again),
        cmocka_unit_test(nothing_waits_for_them),
    };
    return cmocka_run_group_tests(tests, quick, NULL);
}
