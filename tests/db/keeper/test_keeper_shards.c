/* A page in shards, made in slices on the keeper's loop. */
#include "house.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/file_buf.h"
#include "customhouse/limits.h"
#include "db/keeper/pages/shards.h"

#define CHANNEL "https://up.example.org/chan/noarch/repodata.json.zst"
#define WEEK_US (INT64_C(7) * 86400 * 1000000)

static const char CONFIG[] =
    "listen: [{address: '127.0.0.1:8080'}]\n"
    "anonymous_pull: true\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
    "repositories:\n"
    "  - {name: chan, ecosystem: conda, upstreams: [up]}\n";

/* Documents are not made while it is set: the thread waits. */
static atomic_bool documents_wait;
static bool no_room; /* for shards */

enum ch_code __real_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret,
                                     struct ch_err *err);
enum ch_code __wrap_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret,
                                     struct ch_err *err);
enum ch_code __wrap_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret,
                                     struct ch_err *err)
{
    while (atomic_load(&documents_wait)) {
        usleep(1000);
    }
    return __real_ch_file_buf_open(b, bytes, ret, err);
}

enum ch_code __real_ch_file_nameless(struct ch_blobs *b, int *write_fd, int *read_fd,
                                     struct ch_err *err);
enum ch_code __wrap_ch_file_nameless(struct ch_blobs *b, int *write_fd, int *read_fd,
                                     struct ch_err *err);
enum ch_code __wrap_ch_file_nameless(struct ch_blobs *b, int *write_fd, int *read_fd,
                                     struct ch_err *err)
{
    return no_room ? ch_fail(err, CH_E_FULL, "no room")
                   : __real_ch_file_nameless(b, write_fd, read_fd, err);
}

/* Projects of one file each: names' first letters. */
static void upstream_has(struct house *h, const char *names)
{
    struct ch_buf b;
    char hex[CH_SHA256_HEX + 1];
    ch_buf_init(&b, 1 << 20);
    for (const char *at = names; *at != '\0'; at++) {
        const char name[] = {*at, '\0'};
        ch_buf_printf(&b, "%c-1.0-0.conda %s 10 30\n", *at, house_hex(name, hex));
    }
    ch_buf_putc(&b, '\0');
    house_site(h, CHANNEL, 200, "application/zstd", b.ptr);
    ch_buf_done(&b);
}

static struct house *open_house(uint64_t documents_files)
{
    struct house *h = house_new_with("version: 1\ncool_down_days: 7\n", CONFIG);
    upstream_has(h, "ab");
    ch_limits.documents_files = documents_files;
    h->asked = "chan";
    h->form = CH_PAGE_SHARDS;
    return h;
}

static void close_house(struct house *h)
{
    ch_limits.documents_files = 20000;
    house_free(h);
}

static struct page *noarch(struct house *h)
{
    return page_get(h->k, CH_STR("chan"), CH_STR("noarch"));
}

static struct page_shards *shards(struct house *h)
{
    return noarch(h)->shards;
}

static struct ch_sha256 digest_of(struct house *h, const char *project)
{
    struct page *p = noarch(h);
    ptrdiff_t file = page_find_project(p, ch_str_of(project));
    assert_true(file >= 0);
    uint32_t entry = shards(h)->entry[p->index.project[file]];
    assert_true(entry > 0);
    return shards(h)->pack.entries[entry - 1].sha256;
}

/* Whether gateways are told of it, and find there what has this digest. */
static bool is_had(struct house *h, struct ch_sha256 digest)
{
    char table[4096], bytes[4096];
    struct ch_shard_place place;
    ssize_t n = pread(shards(h)->table_fd, table, sizeof(table), 0);
    assert_true(n > 0);
    if (!ch_shard_place_find((struct ch_str){table, (size_t)n}, &digest, &place)) {
        return false;
    }
    assert_in_range(place.len, 1, sizeof(bytes));
    assert_int_equal(pread(shards(h)->pack.read_fd, bytes, place.len, (off_t)place.at), place.len);
    struct ch_sha256 there = ch_sha256_of(bytes, place.len);
    return ch_sha256_eq(&there, &digest);
}

static void deny(struct house *h, const char *what)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "deny", what, "no", NULL, &out), 0);
    ch_buf_done(&out);
}

static void ask_again_upstream(struct house *h)
{
    noarch(h)->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "noarch");
}

static void an_index_of_all_projects(void **state)
{
    (void)state;
    static const uint64_t few[] = {1, 1000}; /* with documents, and without */
    for (size_t i = 0; i < CH_ARRAY_LEN(few); i++) {
        struct house *h = open_house(few[i]);
        house_ask_page(h, "noarch");
        assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
        assert_int_equal(h->page_reply.document_count, 1);
        assert_int_equal(h->page_reply.documents[0].format, 3);
        struct ch_sha256 digest = ch_sha256_of(h->page_bytes.ptr, h->page_bytes.len);
        assert_true(ch_sha256_eq(&digest, &h->page_reply.documents[0].sha256));
        assert_true(is_had(h, digest_of(h, "a")) && is_had(h, digest_of(h, "b")));
        uint64_t generation = h->page_reply.generation;
        house_send_page_ask(h, "noarch", generation);
        house_until(h, &h->page_here);
        assert_int_equal(h->page_reply.outcome, CH_PAGE_UNCHANGED);
        house_restart(h); /* the same is called the same */
        house_ask_page(h, "noarch");
        assert_int_equal(h->page_reply.generation, generation);
        assert_true(ch_sha256_eq(&digest, &h->page_reply.documents[0].sha256));
        close_house(h);
    }
}

/* What is shown has its entry in the log, whoever asks for it in which form. */
static void what_is_shown_is_in_the_log(void **state)
{
    (void)state;
    static const uint64_t few[] = {1, 1000};
    for (size_t i = 0; i < CH_ARRAY_LEN(few); i++) {
        struct house *h = open_house(few[i]);
        house_ask_page(h, "noarch");
        while (noarch(h)->listing.job != NULL) {
            house_turn(h, 10);
        }
        assert_true(listing_is_logged(h->k, noarch(h)));
        close_house(h);
    }
}

/* One project is denied while the page's documents are made: its shard says so, and no other is
 * made anew. */
static void a_change_waits_for_no_documents(void **state)
{
    (void)state;
    struct house *h = open_house(1);
    upstream_has(h, "abc");
    house_ask_page(h, "noarch");
    while (noarch(h)->listing.job != NULL) {
        house_turn(h, 10);
    }
    struct ch_sha256 a = digest_of(h, "a"), b = digest_of(h, "b"), c = digest_of(h, "c");
    assert_int_equal(shards(h)->pack.count, 3);
    deny(h, "conda:b");
    atomic_store(&documents_wait, true);
    h->form = CH_PAGE_WHOLE;
    house_send_page_ask(h, "noarch", 0);
    while (noarch(h)->listing.job == NULL) {
        house_turn(h, 0);
    }
    deny(h, "conda:a");
    h->form = CH_PAGE_SHARDS;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_non_null(noarch(h)->listing.job); /* they are not there yet */
    struct ch_sha256 now_a = digest_of(h, "a"), now_b = digest_of(h, "b"),
                     now_c = digest_of(h, "c");
    assert_false(ch_sha256_eq(&a, &now_a));
    assert_false(ch_sha256_eq(&b, &now_b));
    assert_true(ch_sha256_eq(&c, &now_c));
    assert_int_equal(shards(h)->pack.count, 5);
    atomic_store(&documents_wait, false);
    until_told(h, h->asks - 1);
    close_house(h);
}

static void what_changes_nothing_changes_no_index(void **state)
{
    (void)state;
    struct house *h = open_house(1000);
    house_ask_page(h, "noarch");
    uint64_t generation = h->page_reply.generation, clock = shards(h)->clock;
    listing_touch(noarch(h)); /* as another policy does */
    house_ask_page(h, "noarch");
    assert_true(shards(h)->clock > clock);
    assert_int_equal(h->page_reply.generation, generation);
    assert_int_equal(shards(h)->pack.count, 2); /* looked at, and known again */
    close_house(h);
}

/* Other facts: what is new has a new shard, and what is as before is known again. */
static void what_the_upstream_changes(void **state)
{
    (void)state;
    struct house *h = open_house(1000);
    house_ask_page(h, "noarch");
    struct ch_sha256 a = digest_of(h, "a"), b = digest_of(h, "b");
    upstream_has(h, "bc");
    ask_again_upstream(h);
    struct ch_sha256 now_b = digest_of(h, "b");
    assert_true(ch_sha256_eq(&b, &now_b));
    assert_int_equal(shards(h)->pack.count, 3);
    assert_true(is_had(h, digest_of(h, "c")));
    ptrdiff_t file = page_find_project(noarch(h), CH_STR("a")); /* known, and not listed */
    assert_true(file >= 0);
    assert_int_equal(shards(h)->entry[noarch(h)->index.project[file]], 0);
    assert_true(is_had(h, a)); /* for who has the former index */
    close_house(h);
}

static void former_ones_are_kept_for_a_week(void **state)
{
    (void)state;
    const uint64_t dead = ch_limits.shards_dead_bytes;
    struct house *h = open_house(1000);
    house_ask_page(h, "noarch");
    struct ch_sha256 a = digest_of(h, "a"), b = digest_of(h, "b");
    deny(h, "conda:a");
    house_ask_page(h, "noarch");
    struct ch_sha256 denied_a = digest_of(h, "a");
    assert_true(is_had(h, a) && is_had(h, denied_a));
    house_ask_file(h, "noarch", "a-1.0-0.conda"); /* as who has the former one does */
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    for (size_t i = 0; i < shards(h)->pack.count; i++) { /* nearly a week later */
        struct shard_entry *e = &shards(h)->pack.entries[i];
        e->current_at_us -= e->current_at_us == INT64_MAX ? 0 : WEEK_US - 60 * INT64_C(1000000);
    }
    deny(h, "conda:b");
    house_ask_page(h, "noarch");
    assert_true(is_had(h, a) && is_had(h, b));
    for (size_t i = 0; i < shards(h)->pack.count; i++) { /* and a little more: of the first one */
        struct shard_entry *e = &shards(h)->pack.entries[i];
        e->current_at_us -= ch_sha256_eq(&e->sha256, &a) ? 61 * INT64_C(1000000) : 0;
    }
    upstream_has(h, "abc");
    uint64_t bytes = shards(h)->pack.bytes;
    ask_again_upstream(h);
    assert_false(is_had(h, a));
    assert_true(is_had(h, b) && is_had(h, denied_a) && is_had(h, digest_of(h, "b")) &&
                is_had(h, digest_of(h, "c")));
    assert_true(shards(h)->pack.bytes > bytes); /* its bytes are few: they stay where they are */
    /* where there are many, the rest goes into another file */
    ch_limits.shards_dead_bytes = 0;
    for (size_t i = 0; i < shards(h)->pack.count; i++) {
        shards(h)->pack.entries[i].current_at_us -=
            shards(h)->pack.entries[i].current_at_us == INT64_MAX ? 0 : 2 * WEEK_US;
    }
    shards(h)->pack.dead_bytes = shards(h)->pack.bytes; /* and half of it */
    bytes = shards(h)->pack.bytes;
    upstream_has(h, "abcd");
    ask_again_upstream(h);
    assert_true(shards(h)->pack.bytes < bytes);
    assert_int_equal(shards(h)->pack.dead_bytes, 0);
    assert_false(is_had(h, b));
    assert_true(is_had(h, denied_a) && is_had(h, digest_of(h, "b")) &&
                is_had(h, digest_of(h, "d")));
    ch_limits.shards_dead_bytes = dead;
    close_house(h);
}

/* The page has no such form then: clients take another. */
static void what_clients_could_not_read_is_not_there(void **state)
{
    (void)state;
    const uint64_t limit = ch_limits.shard_bytes;
    struct house *h = open_house(1000);
    ch_limits.shard_bytes = 20;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
    ch_limits.shard_bytes = limit;
    listing_touch(noarch(h));
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    close_house(h);
}

static void where_there_is_no_room(void **state)
{
    (void)state;
    struct house *h = open_house(1000);
    no_room = true;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    no_room = false;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    close_house(h);
}

/* T12: nothing of a former owner of the page's name. */
static void another_owner_has_none_of_them(void **state)
{
    (void)state;
    struct house *h = open_house(1000);
    house_ask_page(h, "noarch");
    struct ch_sha256 a = digest_of(h, "a");
    deny(h, "conda:a");
    house_ask_page(h, "noarch");
    assert_true(is_had(h, a));
    free(shards(h)->upstream);
    shards(h)->upstream = ch_str_dup(CH_STR("other"));
    listing_touch(noarch(h));
    house_ask_page(h, "noarch");
    assert_false(is_had(h, a));
    assert_true(is_had(h, digest_of(h, "a")));
    close_house(h);
}

static void a_keeper_ends_while_they_are_awaited(void **state)
{
    (void)state;
    struct house *h = open_house(1000);
    house_ask_page(h, "noarch");
    struct waiter *w = ch_calloc(1, sizeof(*w));
    w->next = shards(h)->waiting;
    shards(h)->waiting = w;
    house_restart(h);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    close_house(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_of_all_projects),
        cmocka_unit_test(what_is_shown_is_in_the_log),
        cmocka_unit_test(a_change_waits_for_no_documents),
        cmocka_unit_test(what_changes_nothing_changes_no_index),
        cmocka_unit_test(what_the_upstream_changes),
        cmocka_unit_test(former_ones_are_kept_for_a_week),
        cmocka_unit_test(what_clients_could_not_read_is_not_there),
        cmocka_unit_test(where_there_is_no_room),
        cmocka_unit_test(another_owner_has_none_of_them),
        cmocka_unit_test(a_keeper_ends_while_they_are_awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
