/* Acts of people, and what becomes of them by time, in the audit log; the log's own troubles and
 * keys. */
#include "log_seen.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/keeper/audit/audit_int.h"
#include "customhouse/limits.h"
#include "db/log/append.h"
#include "db/log/files.h"
#include "db/log/note.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);

static atomic_bool fail_log;
static struct ch_err err;
static struct house *h;
static struct ch_buf out, entry;
static uint64_t at;

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    return atomic_load(&fail_log) ? ch_fail(e, CH_E_FULL, "no space left")
                                  : __real_ch_log_append(log, bundle, e);
}

static int setup(void **state)
{
    (void)state;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    h = house_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    atomic_store(&fail_log, false);
    house_free(h);
    ch_buf_done(&out);
    ch_buf_done(&entry);
    return 0;
}

static size_t count_of(const char *kind)
{
    struct ch_buf all = log_kinds(h);
    struct ch_str rest = ch_buf_str(&all), word;
    size_t count = 0;
    while (ch_str_split(&rest, ' ', &word)) {
        count += ch_str_eq(word, ch_str_of(kind));
    }
    ch_buf_done(&all);
    return count;
}

static struct ch_log_entry_fields newest(const char *kind)
{
    log_until_written(h);
    return log_newest(h, kind, &entry, &at);
}

static void assert_number(const struct ch_log_entry_fields *f, const char *key, int64_t expected)
{
    int64_t actual = 0;
    assert_true(ch_log_entry_get_int(f, key, &actual));
    assert_int_equal(actual, expected);
}

/* ------------------------------------------------------------------ owners, and what ends with one
 */

static void an_owner_is_changed(void **state)
{
    (void)state;
    char page[256], hex[CH_SHA256_HEX + 1];
    snprintf(page, sizeof(page), WHEEL " %s 5 30\n", house_hex("bytes", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    struct ch_ruling_row row = {.project = CH_STR("pkg"),
                                .reason = CH_STR("known"),
                                .by = CH_STR("uid:1"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 3600000000};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    h->upstream = "other";
    assert_int_equal(house_command(h, false, "own", "pkg", "moved house", NULL, &out), 0);
    struct ch_log_entry_fields f = newest("owner");
    assert_field(&f, "change", "given");
    assert_field(&f, "project", "pkg");
    assert_field(&f, "former", "up");
    assert_field(&f, "upstream", "other");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "moved house");
    f = newest("ruling-end");
    assert_number(&f, "id", 1);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "given to another upstream: moved house");
    assert_int_equal(count_of("ruling-end"), 1);
    h->upstream = NULL;
}

/* ------------------------------------------------------------------ by time */

static void add_ruling(bool deny, int64_t expires_us)
{
    struct ch_ruling_row row = {.deny = deny,
                                .project = CH_STR("pkg"),
                                .reason = CH_STR("for a while"),
                                .by = CH_STR("uid:1"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = expires_us};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
}

static void a_ruling_ends_by_itself(void **state)
{
    (void)state;
    int64_t soon = keeper_now_us(h->k) + 200000;
    add_ruling(true, soon);
    add_ruling(false, soon + 3600000000);
    uint64_t until = ch_now_boot_ms() + 10000;
    while (log_written(h) == 0 || count_of("ruling-expired") == 0) {
        house_turn(h, 20);
        assert_true(ch_now_boot_ms() < until);
    }
    struct ch_log_entry_fields f = newest("ruling-expired");
    bool deny = false;
    assert_true(ch_log_entry_get_bool(&f, "deny", &deny) && deny);
    assert_field(&f, "project", "pkg");
    assert_number(&f, "id", 1);
    assert_number(&f, "expires_us", soon);
    rulings_enter_ends(h->k); /* once, also after a restart */
    house_restart(h);
    rulings_enter_ends(h->k);
    log_until_written(h);
    assert_int_equal(count_of("ruling-expired"), 1);
}

/* T7: a denial that ended only by a clock that nobody trusts has not ended for the log. An approval that was
 * refused by that clock has, and does not come back with another. */
static void t7_no_release_by_a_clock_that_jumped(void **state)
{
    (void)state;
    add_ruling(true, keeper_now_us(h->k) - 1);
    h->k->clock_jumped = true;
    rulings_enter_ends(h->k);
    log_until_written(h);
    assert_int_equal(count_of("ruling-expired"), 0);
    add_ruling(false, keeper_now_us(h->k) - 1);
    rulings_enter_ends(h->k);
    log_until_written(h);
    assert_int_equal(count_of("ruling-expired"), 1);
    h->k->clock_jumped = false;
    rulings_enter_ends(h->k);
    log_until_written(h);
    assert_int_equal(count_of("ruling-expired"), 2);
}

/* T21: a conquered gateway states a time that no entry can say. */
static void t21_a_serving_at_no_time(void **state)
{
    (void)state;
    const struct ch_served served = {
        .number = ++h->served_number,
        .repository = CH_STR("pypi"),
        .project = CH_STR("pkg"),
        .file_name = CH_STR(WHEEL),
        .sha256 = ch_sha256_of("bytes", 5),
        .bytes = 5,
        .at_us = INT64_MAX,
        .client = {.address = CH_STR("192.0.2.1"), .user_agent = CH_STR("pip")}};
    struct ch_buf b;
    int64_t before = keeper_now_us(h->k), said = 0;
    ch_buf_init(&b, 16u << 10);
    ch_served_put(&b, &served);
    assert_true(ch_channel_send(h->gateway, CH_MSG_SERVED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_settle(h);
    struct ch_log_entry_fields f = newest("served");
    assert_true(ch_log_entry_get_int(&f, "at_us", &said));
    assert_true(said >= before && said <= keeper_now_us(h->k));
}

/* ------------------------------------------------------------------ the log's own */

static void trouble_is_entered_when_it_is_over(void **state)
{
    (void)state;
    struct audit_state s;
    bool over = false;
    log_until_written(h);
    atomic_store(&fail_log, true);
    add_ruling(true, CH_TIME_UNKNOWN);
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.trouble[0] == '\0');
    house_settle(h);
    atomic_store(&fail_log, false);
    log_until_written(h);
    for (uint64_t until = ch_now_boot_ms() + 10000; count_of("log-trouble") < 2;) {
        house_turn(h, 20);
        assert_true(ch_now_boot_ms() < until);
    }
    struct ch_log_entry_fields f = newest("log-trouble");
    assert_true(ch_log_entry_get_bool(&f, "over", &over) && over);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("ruling log-trouble log-trouble ")));
    ch_buf_done(&all);
}

static void assert_document(enum ch_document kind, const char *name, const char *text)
{
    struct ch_ask_document ask = {.kind = kind, .name = ch_str_of(name)};
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 200);
    assert_str_eq(ch_buf_str(&h->document_bytes), text);
}

static void keys_are_entered(void **state)
{
    (void)state;
    struct ch_buf vkey, line;
    ch_buf_init(&vkey, 512);
    ch_buf_init(&line, 512);
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_starts(ch_buf_str(&all), CH_STR("genesis key value value key key value ")));
    ch_buf_done(&all);
    struct ch_log_entry_fields f = newest("genesis");
    assert_true(ch_log_entry_get_str(&f, "vkey", &vkey));
    ch_buf_printf(&line, "%.*s\n%c", CH_STR_ARG(ch_buf_str(&vkey)), '\0');
    assert_document(CH_DOCUMENT_VKEY, "log", line.ptr);
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_VKEY, .name = CH_STR("evidence")};
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 404);
    h->second_word = "evidence";
    assert_int_equal(house_command(h, false, "keys", "rotate", "a laptop was stolen", NULL, &out),
                     0);
    h->second_word = NULL;
    f = newest("key");
    assert_field(&f, "purpose", "evidence");
    assert_field(&f, "type", "ecdsa-p256");
    struct ch_sha256 former, key;
    assert_true(ch_log_entry_get_sha(&f, "former", &former));
    assert_true(ch_log_entry_get_sha(&f, "key", &key) && !ch_sha256_eq(&key, &former));
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "laptop");
    assert_int_equal(count_of("key"), 4);
    house_restart(h);
    log_until_written(h);
    assert_int_equal(count_of("key"), 4);
    ch_buf_done(&vkey);
    ch_buf_done(&line);
}

/* Whether any file of the database has these bytes. */
static bool database_has(const char *text)
{
    static const char *const names[] = {"customhouse.db", "customhouse.db-wal"};
    bool found = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char path[128];
        struct ch_buf b;
        ch_buf_init(&b, 256u << 20);
        snprintf(path, sizeof(path), "%s/db/%s", h->folder, names[i]);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        for (size_t n = 1; n > 0;) {
            char *p = ch_buf_reserve(&b, 65536);
            n = fread(p, 1, 65536, f);
            b.len += n;
        }
        fclose(f);
        found = found || ch_str_find(ch_buf_str(&b), ch_str_of(text), NULL);
        ch_buf_done(&b);
    }
    return found;
}

/* Blocks that the journal of the database has, used or kept for withdrawals. */
static uint64_t journal_bytes(void)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/db/customhouse.db-wal", h->folder);
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_blocks * 512;
}

static uint32_t erase(const char *word, const char *value, const char *reason)
{
    h->option[0] = word;
    h->option[1] = value;
    uint32_t status = house_command(h, false, "audit erase", NULL, reason, NULL, &out);
    h->option[0] = h->option[1] = NULL;
    return status;
}

#define ERASED_MORE                                                                                \
    "texts that have it among other words stay: customhouse audit search --who finds them, --entry NUMBER erases "   \
    "one\n"

/* A name is what `audit search --who` finds: not only where it stands alone. */
static void t26_a_name_is_erased_as_a_principal(void **state)
{
    (void)state;
    static const char *const principals[] = {"user:bob4711", "service:bob4711", "user:bob47110"};
    for (size_t i = 0; i < CH_ARRAY_LEN(principals); i++) {
        struct ch_refusals_row row = {.minute = 1,
                                      .repository = CH_STR("pypi"),
                                      .project = CH_STR("pkg"),
                                      .file_name = CH_STR("a"),
                                      .principal = ch_str_of(principals[i]),
                                      .rule = CH_STR("cool-down")};
        assert_ch_ok(&err, ch_store_count_refusal(h->k->store, &row, 10, 10, &err));
    }
    assert_ch_ok(&err, audit_refusals(h->k, 2, &err));
    log_until_written(h);
    assert_int_equal(erase("who", "bob4711", "asked for it"), 0);
    assert_str_eq(ch_buf_str(&out), "2 texts erased; the log says that, by whom and why\n" ERASED_MORE);
    assert_false(database_has("service:bob4711"));
    assert_true(database_has("user:bob47110")); /* somebody else */
    assert_int_equal(erase("who", "bob4711", "again"), 1);
}

/* T26: not a byte of it is left, and the log says so without it. */
static void t26_texts_are_erased(void **state)
{
    (void)state;
    static const char who[] = "2001:db8::4711:4711";
    char number[32];
    for (int i = 0; i < 2; i++) {
        struct ch_refusals_row row = {.minute = 1,
                                      .repository = CH_STR("pypi"),
                                      .project = CH_STR("pkg"),
                                      .file_name = i == 0 ? CH_STR("a") : CH_STR("b"),
                                      .address = ch_str_of(who),
                                      .rule = CH_STR("cool-down")};
        assert_ch_ok(&err, ch_store_count_refusal(h->k->store, &row, 10, 10, &err));
    }
    assert_ch_ok(&err, audit_refusals(h->k, 2, &err));
    log_until_written(h);
    assert_true(database_has(who));
    uint64_t kept = journal_bytes();
    kept = kept < ch_limits.store_reserve_bytes ? kept : ch_limits.store_reserve_bytes;
    assert_int_equal(erase(NULL, NULL, "asked for it"), 2);
    assert_int_equal(erase("who", who, NULL), 2);
    assert_int_equal(erase("entry", "x", "asked for it"), 2);
    assert_int_equal(erase("who", "2001:db8::", "only the whole of it"), 1);
    assert_int_equal(erase("who", who, "asked for it"), 0);
    assert_str_eq(ch_buf_str(&out), "2 texts erased; the log says that, by whom and why\n" ERASED_MORE);
    assert_false(database_has(who));
    assert_true(journal_bytes() >= kept); /* T4 */
    struct ch_log_entry_fields f = newest("erased");
    assert_number(&f, "texts", 2);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "asked for it");
    assert_int_equal(erase("who", who, "again"), 1);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)at);
    assert_int_equal(erase("entry", number, "the reason said too much"), 0);
    assert_false(database_has("asked for it"));
    f = newest("erased");
    assert_number(&f, "entry", (int64_t)strtoull(number, NULL, 10));
}

static size_t log_key_files(void)
{
    char path[128];
    size_t count = 0;
    snprintf(path, sizeof(path), "%s/keys", h->folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        count += strncmp(d->d_name, "log-", 4) == 0;
    }
    closedir(dir);
    return count;
}

static uint32_t rotate_log(void)
{
    h->second_word = "log";
    uint32_t status = house_command(h, false, "keys", "rotate", "it is time", NULL, &out);
    h->second_word = NULL;
    return status;
}

static void until_handed_over(void)
{
    for (uint64_t until = ch_now_boot_ms() + 10000; keyring_former(h->k) != NULL;) {
        house_turn(h, 20);
        assert_true(ch_now_boot_ms() < until);
    }
}

static void read_checkpoint(const struct ch_note_key *key, enum ch_code expected)
{
    char folder[128];
    struct ch_log_files files;
    struct ch_buf note;
    struct ch_checkpoint c;
    ch_buf_init(&note, CH_NOTE_MAX);
    snprintf(folder, sizeof(folder), "%s/" CH_LOG_FOLDER, h->folder);
    assert_ch_ok(&err, ch_log_files_open(folder, false, &files, &err));
    assert_ch_ok(&err, ch_log_read_note(files.public_fd, &note, &err));
    assert_ch_code(expected, ch_checkpoint_open(ch_buf_str(&note), key, &c, &err));
    ch_log_files_close(&files);
    ch_buf_done(&note);
}

static struct ch_note_key key_of(const char *name)
{
    struct ch_note_key key;
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_VKEY, .name = ch_str_of(name)};
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 200);
    struct ch_str line = ch_buf_str(&h->document_bytes);
    assert_ch_ok(&err, ch_note_key_get(ch_str_sub(line, 0, line.len - 1), &key, &err));
    return key;
}

/* The former key signs with the new one until both have signed that this one follows. */
static void another_key_of_the_log(void **state)
{
    (void)state;
    log_until_written(h);
    struct ch_note_key former = key_of("log");
    read_checkpoint(&former, CH_OK);
    assert_int_equal(rotate_log(), 0);
    assert_int_equal(rotate_log(), 1); /* one after the other */
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("being handed to another key"), NULL));
    until_handed_over();
    struct ch_note_key now = key_of("log");
    assert_memory_not_equal(now.public_key, former.public_key, sizeof(now.public_key));
    assert_string_equal(now.name, former.name);
    assert_int_equal(log_key_files(), 1);
    read_checkpoint(&former, CH_OK); /* of the handing over still */
    add_ruling(true, CH_TIME_UNKNOWN);
    log_until_written(h);
    read_checkpoint(&now, CH_OK);
    read_checkpoint(&former, CH_E_NOT_FOUND);
    struct ch_log_entry_fields f = newest("key");
    assert_field(&f, "purpose", "log");
    house_restart(h);
    add_ruling(true, CH_TIME_UNKNOWN);
    log_until_written(h);
    assert_int_equal(rotate_log(), 0);
    until_handed_over();
    add_ruling(true, CH_TIME_UNKNOWN);
    log_until_written(h);
    assert_int_equal(log_key_files(), 1);
}

/* The keeper ends when the rotation is stored and nothing of it is in the log's files yet. */
static void a_rotation_outlives_the_keeper(void **state)
{
    (void)state;
    log_until_written(h);
    struct ch_note_key former = key_of("log");
    h->second_word = "log";
    atomic_store(&fail_log, true);
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 0);
    h->second_word = NULL;
    house_stop(h);
    atomic_store(&fail_log, false);
    assert_int_equal(log_key_files(), 2);
    house_start(h, NULL, NULL);
    assert_int_equal(rotate_log(), 1);
    until_handed_over();
    assert_int_equal(log_key_files(), 1);
    read_checkpoint(&former, CH_OK);
    struct ch_note_key now = key_of("log");
    read_checkpoint(&now, CH_OK);
}

/* T4: nothing makes another key by itself; somebody may put one in its place. */
static void a_lost_key_is_replaced_by_somebody(void **state)
{
    (void)state;
    char command[256];
    log_until_written(h);
    house_stop(h);
    snprintf(command, sizeof(command), "%s/keys", h->folder);
    DIR *dir = opendir(command);
    assert_non_null(dir);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (strncmp(d->d_name, "log-", 4) == 0) {
            assert_int_equal(unlinkat(dirfd(dir), d->d_name, 0), 0);
        }
    }
    closedir(dir);
    house_start(h, NULL, NULL);
    assert_int_equal(log_key_files(), 0);
    add_ruling(true, CH_TIME_UNKNOWN);
    struct audit_state s;
    for (uint64_t until = ch_now_boot_ms() + 10000; audit_state(h->k, &s), s.trouble[0] == '\0';) {
        house_turn(h, 20);
        assert_true(ch_now_boot_ms() < until);
    }
    if (strstr(s.trouble, "the audit log's key is not there") == NULL) {
        fail_msg("%s", s.trouble);
    }
    house_restart(h);
    assert_int_equal(log_key_files(), 0);
    assert_int_equal(rotate_log(), 0);
    assert_true(
        ch_str_find(ch_buf_str(&out), CH_STR("nobody has signed that this one follows it"), NULL));
    assert_int_equal(log_key_files(), 1);
    /* what was entered without it, before this start, nobody has sealed */
    audit_state(h->k, &s);
    assert_non_null(strstr(s.trouble, "customhouse audit accept"));
    assert_int_equal(0, house_command(h, false, "audit accept", NULL, "the key was lost", NULL, &out));
    log_until_written(h);
    struct ch_note_key now = key_of("log");
    read_checkpoint(&now, CH_OK);
    house_restart(h);
    add_ruling(true, CH_TIME_UNKNOWN);
    log_until_written(h);
    assert_int_equal(rotate_log(), 0);
    until_handed_over();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_owner_is_changed),
        TEST(a_ruling_ends_by_itself),
        TEST(t7_no_release_by_a_clock_that_jumped),
        TEST(trouble_is_entered_when_it_is_over),
        TEST(t21_a_serving_at_no_time),
        TEST(t26_a_name_is_erased_as_a_principal),
        TEST(t26_texts_are_erased),
        TEST(keys_are_entered),
        TEST(another_key_of_the_log),
        TEST(a_rotation_outlives_the_keeper),
        TEST(a_lost_key_is_replaced_by_somebody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
