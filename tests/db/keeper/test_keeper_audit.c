/* What the keeper enters into the audit log, and what waits for it. */
#include "house.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit_int.h"
#include "customhouse/limits.h"
#include "db/log/append.h"
#include "db/log/files.h"
#include "db/people/people.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"

enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);

static atomic_bool fail_log;
static bool fail_commits;
static struct ch_err err;
static char hex[CH_SHA256_HEX + 1];

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    return atomic_load(&fail_log) ? ch_fail(e, CH_E_FULL, "no space left")
                                  : __real_ch_log_append(log, bundle, e);
}

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    return fail_commits ? ch_fail(e, CH_E_FULL, "no space left") : __real_ch_store_commit(s, e);
}

static void add_wheel(struct ch_buf *page, const char *name, const char *bytes, unsigned days)
{
    ch_buf_printf(page, "%s %s %zu %u\n", name, house_hex(bytes, hex), strlen(bytes), days);
}

static void set_wheels(struct house *h, unsigned days)
{
    struct ch_buf page;
    ch_buf_init(&page, 4096);
    add_wheel(&page, WHEEL, "bytes", days);
    add_wheel(&page, NEXT, "other bytes", days);
    ch_buf_putc(&page, '\0');
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page.ptr);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "other bytes");
    ch_buf_done(&page);
}

/* ------------------------------------------------------------------ reading the log */

static uint64_t written(const struct house *h)
{
    struct audit_state s;
    audit_state(h->k, &s);
    return s.written;
}

/* Until all that the store has is under a checkpoint. */
static void until_written(struct house *h)
{
    struct audit_state s;
    uint64_t end = ch_now_boot_ms() + 10000;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
        if (ch_now_boot_ms() > end) {
            fail_msg("the log was not written within ten seconds: %s", s.trouble);
        }
    } while (s.written < s.next || ch_store_in_group(h->k->store));
}

/* "genesis policy ...": the kinds of all entries; each is canonical, has its version, and its row.
 */
static struct ch_buf kinds(struct house *h)
{
    struct ch_log_files files;
    struct ch_buf out, entry, folder;
    ch_buf_init(&out, 65536);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    ch_buf_init(&folder, 256);
    ch_buf_printf(&folder, "%s/" CH_LOG_FOLDER "%c", h->folder, '\0');
    assert_ch_ok(&err, ch_log_files_open(folder.ptr, false, &files, &err));
    for (uint64_t i = 0; i < written(h); i++) {
        struct ch_log_entry_fields f;
        int64_t version = 0;
        ch_buf_clear(&entry);
        assert_ch_ok(&err, ch_log_read_entry(&files, i, &entry, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(&entry), &f, &err));
        assert_true(ch_log_entry_get_int(&f, "v", &version) && version == CH_ENTRY_VERSION);
        assert_true(ch_log_entry_get_str(&f, "kind", &out));
        ch_buf_putc(&out, ' ');
    }
    ch_log_files_close(&files);
    ch_buf_done(&entry);
    ch_buf_done(&folder);
    return out;
}

/* The newest entry of a kind; its bytes in `ret`. */
static struct ch_log_entry_fields newest(struct house *h, const char *kind, struct ch_buf *ret,
                                         uint64_t *ret_index)
{
    struct ch_log_files files;
    struct ch_buf folder;
    struct ch_log_entry_fields found = {.count = 0};
    ch_buf_init(&folder, 256);
    ch_buf_printf(&folder, "%s/" CH_LOG_FOLDER "%c", h->folder, '\0');
    assert_ch_ok(&err, ch_log_files_open(folder.ptr, false, &files, &err));
    for (uint64_t i = written(h); found.count == 0 && i-- > 0;) {
        struct ch_buf text;
        ch_buf_init(&text, 64);
        ch_buf_clear(ret);
        assert_ch_ok(&err, ch_log_read_entry(&files, i, ret, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(ret), &found, &err));
        if (!ch_log_entry_get_str(&found, "kind", &text) ||
            !ch_str_eq(ch_buf_str(&text), ch_str_of(kind))) {
            found.count = 0;
        }
        *ret_index = i;
        ch_buf_done(&text);
    }
    if (found.count == 0) {
        fail_msg("no entry of kind %s", kind);
    }
    ch_log_files_close(&files);
    ch_buf_done(&folder);
    return found;
}

#define assert_field(f, key, text)                                                                 \
    do {                                                                                           \
        struct ch_buf b_;                                                                          \
        ch_buf_init(&b_, 512);                                                                     \
        assert_true(ch_log_entry_get_str(f, key, &b_));                                            \
        assert_str_eq(ch_buf_str(&b_), text);                                                      \
        ch_buf_done(&b_);                                                                          \
    } while (0)

struct opened {
    const struct ch_log_entry_fields *f;
    const char *text;
    size_t count;
};

static void open_one(void *ctx, const struct ch_log_clear *clear)
{
    struct opened *o = ctx;
    char field[32];
    struct ch_sha256 stated, actual = ch_log_entry_commit(clear->salt, clear->text);
    snprintf(field, sizeof(field), "%.*s", CH_STR_ARG(clear->field));
    assert_true(ch_log_entry_get_commitment(o->f, field, &stated));
    assert_true(ch_sha256_eq(&stated, &actual));
    o->count += ch_str_find(clear->text, ch_str_of(o->text), NULL);
}

/* T26: the entry does not have the text, the store opens its commitment. */
static void assert_hidden(struct house *h, uint64_t index, const struct ch_log_entry_fields *f,
                          struct ch_str entry, const char *text)
{
    struct opened o = {.f = f, .text = text};
    assert_false(ch_str_find(entry, ch_str_of(text), NULL));
    assert_ch_ok(&err, ch_store_log_clear(h->k->store, index, open_one, &o, &err));
    assert_int_equal(o.count, 1);
}

/* ------------------------------------------------------------------ tests */

static void what_happens_is_entered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_log_entry_fields f =
        newest(h, "decision", &entry, &at); /* there, when it is served */
    assert_field(&f, "verdict", "allow");
    assert_field(&f, "file", WHEEL);
    assert_field(&f, "project", "pkg");
    assert_field(&f, "repository", "pypi");
    assert_field(&f, "upstream", "up");
    assert_field(&f, "sha256", house_hex("bytes", hex));
    house_ask_page(h, "pkg");
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77");
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77"); /* not the first time */
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "stolen key", NULL, &out));
    until_written(h);
    struct ch_buf all = kinds(h);
    assert_str_eq(ch_buf_str(&all), "genesis policy configuration decision listing served decision "
                                    "ruling ");
    f = newest(h, "served", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "192.0.2.77");
    f = newest(h, "ruling", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "stolen key");
    f = newest(h, "decision", &entry, &at);
    assert_field(&f, "verdict", "deny");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "person local:");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "stolen key"); /* its reason quotes the ruling's */
    ch_buf_done(&all);
    ch_buf_done(&entry);
    ch_buf_done(&out);
    house_free(h);
}

/* T26: neither persons nor their names of groups, and never a token or its hash. */
static void people_are_entered_hidden(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    struct ch_sha256 digest;
    char token_hex[CH_SHA256_HEX + 1];
    uint64_t at = 0;
    int64_t number = 0;
    bool service = true;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    assert_int_equal(house_run(h, "user add alice --name=Wonderland --uid=2001", &out), 0);
    assert_int_equal(house_run(h, "group add falcons alice --role=approver --repository=pypi", &out), 0);
    assert_int_equal(house_run(h, "token add --user=alice --audience=pull --label=tea-party", &out), 0);
    assert_true(token_digest(ch_str_sub(ch_buf_str(&out), 0, TOKEN_LEN), &digest));
    ch_sha256_hex(&digest, token_hex);
    until_written(h);

    struct ch_log_entry_fields f = newest(h, "person", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "Wonderland");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "local:1000");
    assert_true(ch_log_entry_get_bool(&f, "service", &service) && !service);
    f = newest(h, "uid", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "2001");
    f = newest(h, "member", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    f = newest(h, "grant", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    assert_field(&f, "role", "approver");
    assert_field(&f, "repository", "pypi");
    f = newest(h, "token", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "tea-party");
    assert_field(&f, "audience", "pull");
    assert_true(ch_log_entry_get_int(&f, "expires_us", &number));
    assert_false(ch_str_find(ch_buf_str(&entry), ch_str_of(token_hex), NULL));
    assert_false(ch_str_find(ch_buf_str(&entry), CH_STR(TOKEN_PREFIX), NULL));

    assert_int_equal(house_run(h, "group revoke falcons alice --reason=off-with-her", &out), 0);
    until_written(h);
    f = newest(h, "people-end", &entry, &at);
    assert_field(&f, "of", "member");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "off-with-her");
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

/* T26: who approved is in the rule of the decision, and not in the entry. */
static void who_approved_is_hidden(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 1);
    assert_int_equal(house_run(h, "user add alice --uid=2001", &out), 0);
    assert_int_equal(house_run(h, "group add approvers alice --role=approver", &out), 0);
    h->uid = 2001;
    h->stranger = true;
    assert_int_equal(house_run(h, "approve pkg==1.0 --reason=seen --expires=3d", &out), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    until_written(h);
    struct ch_log_entry_fields f = newest(h, "decision", &entry, &at);
    assert_field(&f, "verdict", "allow");
    assert_false(ch_str_find(ch_buf_str(&entry), CH_STR("alice"), NULL));
    struct opened o = {.f = &f, .text = "approved by user:alice"};
    assert_ch_ok(&err, ch_store_log_clear(h->k->store, at, open_one, &o, &err));
    assert_int_equal(o.count, 2); /* the rule, and the reason that names it */
    f = newest(h, "ruling", &entry, &at);
    assert_hidden(h, at, &f, ch_buf_str(&entry), "user:alice");
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

static void failed_sign_ins_are_entered_by_the_minute(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf entry;
    int64_t times = 0;
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    int64_t minute = keeper_now_us(h->k) / 60000000;
    for (int i = 0; i < 3; i++) {
        assert_ch_ok(&err, audit_sign_in_failed(h->k, CH_STR("user:bob"), "expired", &err));
    }
    assert_ch_ok(&err, audit_sign_ins(h->k, minute - 1, &err)); /* it is not over yet */
    until_written(h);
    struct ch_buf all = kinds(h);
    assert_false(ch_str_find(ch_buf_str(&all), CH_STR("sign-in-failed"), NULL));
    ch_buf_done(&all);
    house_restart(h);
    assert_ch_ok(&err, audit_sign_ins(h->k, minute + 2, &err));
    until_written(h);
    struct ch_log_entry_fields f = newest(h, "sign-in-failed", &entry, &at);
    assert_true(ch_log_entry_get_int(&f, "times", &times));
    assert_true(times >= 1 && times <= 3); /* a minute may have ended between them */
    assert_field(&f, "why", "expired");
    assert_hidden(h, at, &f, ch_buf_str(&entry), "user:bob");
    assert_ch_ok(&err, audit_sign_ins(h->k, minute + 3, &err)); /* once */
    until_written(h);
    uint64_t again = 0;
    newest(h, "sign-in-failed", &entry, &again);
    assert_int_equal(again, at);
    ch_buf_done(&entry);
    house_free(h);
}

static void refusals_are_entered_by_the_minute(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf entry;
    int64_t times = 0;
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 1);
    for (int i = 0; i < 3; i++) {
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    }
    int64_t minute = keeper_now_us(h->k) / 60000000;
    assert_ch_ok(&err, audit_refusals(h->k, minute - 1, &err)); /* it is not over yet */
    until_written(h);
    struct ch_buf all = kinds(h);
    assert_false(ch_str_find(ch_buf_str(&all), CH_STR("refused"), NULL));
    ch_buf_done(&all);
    house_restart(h); /* what was counted outlives the keeper */
    assert_ch_ok(&err, audit_refusals(h->k, minute + 2, &err));
    until_written(h);
    struct ch_log_entry_fields f = newest(h, "refused", &entry, &at);
    assert_true(ch_log_entry_get_int(&f, "times", &times));
    assert_true(times >= 1 && times <= 3); /* a minute may have ended between them */
    assert_field(&f, "rule", "cool-down");
    uint64_t end = written(h);
    assert_ch_ok(&err, audit_refusals(h->k, minute + 2, &err)); /* once */
    until_written(h);
    assert_int_equal(written(h), end);
    ch_buf_done(&entry);
    house_free(h);
}

/* Asks for what was signed about the bytes, by their digest; whether an approval went out. */
static bool approval_goes_out(struct house *h, const char *bytes)
{
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_ATTESTATION,
                                  .sha256 = ch_sha256_of(bytes, strlen(bytes)),
                                  .part = CH_PART_VSA};
    bool found = false;
    for (ask.number = 1; ask.number <= 2; ask.number++) {
        house_ask_document(h, &ask);
        found = found || h->document.http_status == 200;
    }
    return found;
}

/* T4: nothing becomes ALLOW without its entry; what was served goes on, and can be taken away. */
static void t4_no_new_allow_without_the_log(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    struct audit_state s;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    until_written(h);
    uint64_t end = written(h);

    atomic_store(&fail_log, true);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT); /* being inspected, for a client */
    assert_false(house_serves(h, "other bytes"));
    assert_false(approval_goes_out(h, "other bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(approval_goes_out(h, "bytes"));
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out));
    assert_false(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    audit_state(h->k, &s);
    assert_int_equal(s.written, end);
    assert_string_equal(s.trouble, "no space left");

    /* nor after a restart, from what the store has */
    house_restart(h);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_false(house_serves(h, "other bytes"));

    atomic_store(&fail_log, false);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "other bytes"));
    assert_true(approval_goes_out(h, "other bytes"));
    until_written(h);
    struct ch_buf all = kinds(h);
    assert_true(ch_str_find(ch_buf_str(&all), CH_STR("ruling"), NULL));
    ch_buf_done(&all);
    ch_buf_done(&out);
    house_free(h);
}

/* The files are gone, or are another log's: nothing is begun anew. */
static void t4_a_lost_log_is_not_begun_anew(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    char path[128], aside[128];
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    until_written(h);
    audit_tick(h->k); /* its copies of what is in the files go */
    house_settle(h);
    house_stop(h);
    snprintf(path, sizeof(path), "%s/audit", h->folder);
    snprintf(aside, sizeof(aside), "%s/aside", h->folder);
    assert_int_equal(rename(path, aside), 0);
    house_start(h, NULL, NULL);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_ask_file(h, "pkg", WHEEL); /* was in the log when it was allowed */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    audit_state(h->k, &s);
    assert_true(s.trouble[0] != '\0');
    house_free(h);
}

/* What was never committed is not in the log, and its place goes to the next one. */
static void a_lost_group_has_no_entries(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    set_wheels(h, 1);
    house_ask_page(h, "pkg");
    until_written(h);
    uint64_t end = written(h);
    fail_commits = true;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    house_settle(h);
    audit_state(h->k, &s);
    assert_int_equal(s.next, end);
    fail_commits = false;
    house_ask_file(h, "pkg", WHEEL);
    until_written(h);
    assert_int_equal(written(h), end + 1);
    struct ch_buf all = kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("listing decision ")));
    ch_buf_done(&all);
    house_free(h);
}

static void a_listing_of_a_lost_group_is_entered_later(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheels(h, 1);
    house_ask_file(h, "pkg", WHEEL);
    until_written(h);
    fail_commits = true;
    house_ask_page(h, "pkg");
    house_settle(h);
    fail_commits = false;
    house_ask_page(h, "pkg");
    until_written(h);
    struct ch_buf all = kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("decision listing ")));
    ch_buf_done(&all);
    house_free(h);
}

/* So much at once that it is not kept in memory: it comes from the store. */
static void more_than_memory_takes(void **state)
{
    (void)state;
    uint64_t was = ch_limits.log_batch_bytes;
    ch_limits.log_batch_bytes = 600;
    struct house *h = house_new();
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (int i = 0; i < 20; i++) {
        struct ch_served_row row = {.repository = CH_STR("pypi"), .address = CH_STR("192.0.2.1")};
        assert_ch_ok(&err, audit_served(h->k, &row, &err));
    }
    until_written(h);
    struct ch_buf all = kinds(h);
    size_t served = 0;
    struct ch_str rest = ch_buf_str(&all), word;
    while (ch_str_split(&rest, ' ', &word)) {
        served += ch_str_eq(word, CH_STR("served"));
    }
    assert_int_equal(served, 20);
    ch_buf_done(&all);
    house_free(h);
    ch_limits.log_batch_bytes = was;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_is_entered),
        cmocka_unit_test(people_are_entered_hidden),
        cmocka_unit_test(who_approved_is_hidden),
        cmocka_unit_test(failed_sign_ins_are_entered_by_the_minute),
        cmocka_unit_test(refusals_are_entered_by_the_minute),
        cmocka_unit_test(t4_no_new_allow_without_the_log),
        cmocka_unit_test(t4_a_lost_log_is_not_begun_anew),
        cmocka_unit_test(a_lost_group_has_no_entries),
        cmocka_unit_test(a_listing_of_a_lost_group_is_entered_later),
        cmocka_unit_test(more_than_memory_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
