/* The documents of a page of very many files, which the keeper makes on a thread. */
#include "house.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "customhouse/file_buf.h"
#include "customhouse/limits.h"
#include "db/keeper/pages/beside.h"

#define CHANNEL "https://up.example.org/chan/noarch/repodata.json.zst"
#define RECORDS "a-1.0-0.conda %s 10 30\nb-1.0-0.conda %s 10 30\n"

static const char CONFIG[] =
    "listen: [{address: '127.0.0.1:8080'}]\n"
    "anonymous_pull: true\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
    "repositories:\n"
    "  - {name: chan, ecosystem: conda, upstreams: [up]}\n";

/* Of the next files to come. */
static enum { ROOM, ROOM_FOR_LITTLE_ONCE, NO_ROOM } room;

enum ch_code __real_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret, struct ch_err *err);
enum ch_code __wrap_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret, struct ch_err *err);
enum ch_code __wrap_ch_file_buf_open(struct ch_blobs *b, size_t bytes, struct ch_file_buf *ret, struct ch_err *err)
{
    if (room == NO_ROOM) {
        return ch_fail(err, CH_E_FULL, "no room");
    }
    bytes = room == ROOM_FOR_LITTLE_ONCE ? 16 : bytes;
    room = ROOM;
    return __real_ch_file_buf_open(b, bytes, ret, err);
}

static struct house *open_house(void)
{
    struct house *h = house_new_with("version: 1\ncool_down_days: 7\n", CONFIG);
    char hex[2][CH_SHA256_HEX + 1], text[400];
    snprintf(text, sizeof(text), RECORDS, house_hex("a", hex[0]), house_hex("b", hex[1]));
    house_site(h, CHANNEL, 200, "application/zstd", text);
    ch_limits.documents_files = 1;
    h->asked = "chan";
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

static bool has(const struct house *h, const char *text)
{
    return ch_str_find(ch_buf_str(&h->page_bytes), ch_str_of(text), NULL);
}

/* The page was asked for, and its documents are being made. */
static void begin(struct house *h)
{
    house_send_page_ask(h, "noarch", 0);
    while (noarch(h)->listing.job == NULL) {
        house_turn(h, 0);
    }
    assert_false(h->page_here);
}

static void all_documents_are_told_at_once(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_int_equal(h->page_reply.document_count, 2);
    for (uint8_t i = 0; i < 2; i++) {
        assert_int_equal(h->page_reply.documents[i].format, i);
    }
    struct ch_sha256 digest = ch_sha256_of(h->page_bytes.ptr, h->page_bytes.len);
    assert_true(ch_sha256_eq(&digest, &h->page_reply.documents[0].sha256));
    assert_true(has(h, "{\"info\":{\"subdir\":\"noarch\"}"));
    assert_true(has(h, "\"a-1.0-0.conda\":{\"build\":\"0\",\"depends\":[],\"name\":\"a\""));
    assert_false(has(h, "__held"));
    uint64_t generation = h->page_reply.generation;
    house_send_page_ask(h, "noarch", generation);
    house_until(h, &h->page_here);
    assert_int_equal(h->page_reply.outcome, CH_PAGE_UNCHANGED);
    house_restart(h); /* generations follow content */
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.generation, generation);
    close_house(h);
}

/* Who asked before is answered by what was good then; who asks after it, by what is good now. */
static void what_is_denied_meanwhile_is_in_the_next_ones(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->hold = HOLD_ALL; /* so that two ask before they are begun */
    house_send_page_ask(h, "noarch", 0);
    house_settle(h);
    house_send_page_ask(h, "noarch", 0);
    house_settle(h);
    h->hold = HOLD_NONE;
    house_let_go(h, house_held(h, "repodata"));
    uint64_t before = h->asks;
    while (noarch(h)->listing.job == NULL) {
        house_turn(h, 0);
    }
    assert_int_equal(house_command(h, false, "deny", "conda:a", "no", NULL, &out), 0);
    house_send_page_ask(h, "noarch", 0);
    until_told(h, before);
    until_told(h, before + 1);
    assert_true(has(h, "\"a-1.0-0.conda\":{\"build\":\"0\",\"depends\":[\"__denied-by-policy"));
    assert_true(has(h, "\"b-1.0-0.conda\":{\"build\":\"0\",\"depends\":[],"));
    ch_buf_done(&out);
    close_house(h);
}

/* T4: what is known of it was not stored, and it knows something else since: those are not its
 * documents. */
static void documents_of_other_facts_do_not_count(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    uint64_t asked = h->asks;
    house_site(h, CHANNEL, 200, "application/zstd",
               "c-1.0-0.conda - 10 30 md5:0123456789abcdef0123456789abcdef\n");
    page_unload(noarch(h));
    noarch(h)->wrote = false;
    until_told(h, asked);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 2);
    assert_true(noarch(h)->listing.job == NULL);
    close_house(h);
}

static ino_t document(struct house *h)
{
    struct stat st;
    assert_int_equal(fstat(noarch(h)->listing.documents.fds[0], &st), 0);
    return st.st_ino;
}

/* What few ask for is made once somebody has, and from then on. */
static void what_few_ask_for_is_made_for_who_does(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 2);
    ino_t made = document(h);
    h->form = CH_PAGE_RARE;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 4);
    assert_int_equal(h->page_reply.documents[2].format, 5);
    assert_int_not_equal(document(h), made);
    made = document(h);
    house_ask_page(h, "noarch");
    assert_int_equal(document(h), made);
    h->form = CH_PAGE_WHOLE;
    assert_int_equal(house_command(h, false, "deny", "conda:a", "no", NULL, &out), 0);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 4);
    ch_buf_done(&out);
    close_house(h);
}

/* Somebody asks for them while the others are made: they are among the next. */
static void what_few_ask_for_is_in_the_next_ones(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    uint64_t asked = h->asks;
    h->form = CH_PAGE_RARE;
    house_send_page_ask(h, "noarch", 0);
    until_told(h, asked);
    until_told(h, asked + 1);
    assert_int_equal(h->page_reply.document_count, 4);
    close_house(h);
}

static void a_keeper_ends_while_they_are_made(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    house_restart(h);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 2);
    close_house(h);
}

/* The upstream was asked again and says the same; then a file is held that was not. */
static void they_are_made_again_for_what_changes_them(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_ask_page(h, "noarch");
    ino_t made = document(h);
    uint64_t clock = noarch(h)->listing.clock, generation = h->page_reply.generation;
    noarch(h)->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "noarch");
    assert_true(noarch(h)->listing.clock > clock); /* it was looked at again */
    assert_int_equal(document(h), made);
    assert_int_equal(h->page_reply.generation, generation);
    assert_int_equal(house_command(h, false, "deny", "conda:a", "no", NULL, &out), 0);
    house_ask_page(h, "noarch");
    assert_int_not_equal(document(h), made);
    assert_true(has(h, "__denied-by-policy"));
    ch_buf_done(&out);
    close_house(h);
}

/* Where they cannot be made, those of before are not taken for them. */
static void what_could_not_be_made_is_not_there(void **state)
{
    (void)state;
    struct house *h = open_house();
    uint64_t most = ch_limits.gateway_page_bytes;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_ask_page(h, "noarch");
    assert_int_equal(house_command(h, false, "deny", "conda:a", "no", NULL, &out), 0);
    ch_limits.gateway_page_bytes = 1;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 500);
    ch_limits.gateway_page_bytes = most;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_true(has(h, "__denied-by-policy"));
    ch_buf_done(&out);
    close_house(h);
}

static bool in_a_file(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
}

/* In files without a name, or, where these cannot be had, in memory: they say the same. */
static void where_they_lie_makes_no_difference(void **state)
{
    (void)state;
    static const struct {
        int room;
        bool in_files[2];
    } rows[] = {{ROOM, {true, true}}, {NO_ROOM, {false, false}}, {ROOM_FOR_LITTLE_ONCE, {false, true}}};
    uint64_t generation = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = open_house();
        room = rows[i].room;
        house_ask_page(h, "noarch");
        room = ROOM;
        assert_int_equal(h->page_reply.document_count, 2);
        assert_true(has(h, "{\"info\":{\"subdir\":\"noarch\"}"));
        struct ch_sha256 digest = ch_sha256_of(h->page_bytes.ptr, h->page_bytes.len);
        assert_true(ch_sha256_eq(&digest, &h->page_reply.documents[0].sha256));
        for (size_t d = 0; d < 2; d++) {
            assert_int_equal(in_a_file(noarch(h)->listing.documents.fds[d]), rows[i].in_files[d]);
        }
        assert_true(i == 0 || h->page_reply.generation == generation);
        generation = h->page_reply.generation;
        close_house(h);
    }
}

/* What is known of a large page lies in a file, too, as it came and as it is read from the store. */
static void a_large_content_lies_in_a_file(void **state)
{
    (void)state;
    struct house *h = open_house();
    ch_limits.merge_bytes = 0;
    house_ask_page(h, "noarch");
    assert_true(noarch(h)->facts.content.mapped > 0);
    uint64_t generation = h->page_reply.generation;
    house_restart(h);
    house_ask_page(h, "noarch");
    assert_true(noarch(h)->facts.content.mapped > 0);
    assert_int_equal(h->page_reply.generation, generation);
    room = NO_ROOM;
    house_restart(h);
    house_ask_page(h, "noarch");
    assert_int_equal(noarch(h)->facts.content.mapped, 0);
    assert_int_equal(h->page_reply.generation, generation);
    room = ROOM;
    ch_limits.merge_bytes = 4194304;
    close_house(h);
}

/* Something came while they were made: what is shown is in the log nevertheless. */
static void what_is_shown_is_in_the_log(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    uint64_t asked = h->asks;
    listing_touch_held(noarch(h)); /* no row is another for it */
    assert_false(listing_is_logged(h->k, noarch(h)));
    until_told(h, asked);
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_true(listing_is_logged(h->k, noarch(h)));
    house_ask_page(h, "noarch");
    assert_true(listing_is_logged(h->k, noarch(h)));
    close_house(h);
}

/* Its entry could not be written: it has one when it is looked at again, and all is as it was. */
static void what_is_still_shown_is_in_the_log(void **state)
{
    (void)state;
    static const uint64_t few[] = {1, 3}; /* with documents, and without */
    for (size_t i = 0; i < CH_ARRAY_LEN(few); i++) {
        struct house *h = open_house();
        ch_limits.documents_files = few[i];
        house_ask_page(h, "noarch");
        uint64_t generation = h->page_reply.generation;
        assert_true(listing_is_logged(h->k, noarch(h)));
        noarch(h)->logged = (struct ch_sha256){{0}};
        listing_touch_held(noarch(h));
        house_ask_page(h, "noarch");
        assert_int_equal(h->page_reply.generation, generation);
        assert_true(listing_is_logged(h->k, noarch(h)));
        close_house(h);
    }
}

/* Notices tell of it as of a page of few files. */
static void what_is_held_is_counted(void **state)
{
    (void)state;
    static const uint64_t few[] = {1, 3}; /* with documents, and without */
    for (size_t i = 0; i < CH_ARRAY_LEN(few); i++) {
        struct house *h = open_house();
        struct ch_buf out;
        struct ch_err err;
        struct ch_root_page root;
        uint64_t generation;
        ch_limits.documents_files = few[i];
        ch_buf_init(&out, 1u << 20);
        house_ask_page(h, "noarch");
        assert_int_equal(house_command(h, false, "deny", "conda:a", "no", NULL, &out), 0);
        house_ask_page(h, "noarch");
        ch_buf_clear(&out);
        assert_ch_ok(&err, listing_root(h->k, ch_config_repository(h->k->config, CH_STR("chan")),
                                        &out, &generation, &err));
        assert_ch_ok(&err, ch_root_page_get(ch_buf_str(&out), &root, &err));
        assert_int_equal(root.note_count, 1);
        assert_str_eq(root.notes[0].name, "noarch");
        assert_int_equal(root.notes[0].denied, 1);
        assert_int_equal(root.notes[0].held, 0);
        assert_str_eq(root.notes[0].examples, "a-1.0-0.conda");
        ch_root_page_done(&root);
        ch_buf_done(&out);
        close_house(h);
    }
}

/* A page of few files is rendered by who serves it. */
static void of_few_files_gateways_get_the_page(void **state)
{
    (void)state;
    struct house *h = open_house();
    ch_limits.documents_files = 3;
    house_ask_page(h, "noarch");
    assert_int_equal(h->page_reply.document_count, 0);
    assert_int_equal(h->page.file_count, 2);
    close_house(h);
}

/* The upstream may take its document away while what it said is still rendered: who waits for that gets it. */
static void what_was_said_beside_it_is_told_when_it_is_said_no_more(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_ask_page(h, "noarch");
    struct page *p = noarch(h);
    struct beside *b = beside_of(h->k, p->config, CH_STR("noarch"));
    assert_non_null(b);
    assert_null(b->said);
    b->telling = true;
    assert_int_equal(beside_make(b, &p, 1, NULL), LISTING_THERE);
    b->make_err.code = CH_E_LIMIT;
    assert_int_equal(beside_make(b, &p, 1, NULL), LISTING_FAILED);
    b->telling = false;
    close_house(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_they_lie_makes_no_difference),
        cmocka_unit_test(a_large_content_lies_in_a_file),
        cmocka_unit_test(all_documents_are_told_at_once),
        cmocka_unit_test(what_is_denied_meanwhile_is_in_the_next_ones),
        cmocka_unit_test(documents_of_other_facts_do_not_count),
        cmocka_unit_test(what_few_ask_for_is_made_for_who_does),
        cmocka_unit_test(what_few_ask_for_is_in_the_next_ones),
        cmocka_unit_test(a_keeper_ends_while_they_are_made),
        cmocka_unit_test(they_are_made_again_for_what_changes_them),
        cmocka_unit_test(what_could_not_be_made_is_not_there),
        cmocka_unit_test(what_is_shown_is_in_the_log),
        cmocka_unit_test(what_is_still_shown_is_in_the_log),
        cmocka_unit_test(what_is_held_is_counted),
        cmocka_unit_test(of_few_files_gateways_get_the_page),
        cmocka_unit_test(what_was_said_beside_it_is_told_when_it_is_said_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
