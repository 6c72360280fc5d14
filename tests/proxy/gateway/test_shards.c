/* A page in parts, from the keeper's descriptors. The fixture's documents are its content and their
 * number: "...0" the index, "...1" the table, "...2" the file. */
#include "fixture.h"

#include <stdlib.h>

#define INDEX "/chan/noarch/repodata_shards.msgpack.zst"

static char shard_path[200];
static const struct ch_sha256 here = {{0xab, 0xcd}}, beyond = {{0xfe}};

static const char *path_of(const struct ch_sha256 *sha256)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(shard_path));
    ch_buf_puts(&b, CH_STR("/chan/noarch/"));
    ch_buf_put_hex(&b, sha256->byte, CH_SHA256_BYTES);
    ch_buf_puts(&b, CH_STR(".msgpack.zst"));
    snprintf(shard_path, sizeof(shard_path), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return shard_path;
}

/* The content is a table whose places lie in it: bytes 4 to 9 are a shard, and there is one that is
 * not in the file. */
static struct fixture *with_shards(size_t fds)
{
    struct fixture *f = fixture_new();
    struct ch_shard_place places[] = {{here, 4, 6}, {beyond, 80, 100}};
    ch_buf_clear(&f->keeper.page_content);
    ch_shard_place_put(&f->keeper.page_content, &places[0]);
    ch_shard_place_put(&f->keeper.page_content, &places[1]);
    f->keeper.document_fds = fds;
    f->keeper.unsealed = SIZE_MAX;
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_NEW,
                                            .generation = 5,
                                            .fresh_until_boot_ms = ch_now_boot_ms() + 60000,
                                            .document_count = 1};
    f->keeper.page.documents[0] = (struct ch_page_document){3, {{0x12, 0x34}}};
    return f;
}

static void test_an_index_and_its_shards(void **state)
{
    (void)state;
    struct fixture *f = with_shards(3);
    struct ch_str a = get(f, INDEX, NULL);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), "application/zstd");
    assert_str_eq(header_of(a, "Cache-Control"), "private, max-age=0, must-revalidate");
    assert_str_eq(header_of(a, "ETag"), "\"12340000000000000000000000000000-i\"");
    assert_int_equal(body_of(a).len, 2 * CH_SHARD_PLACE_BYTES + 1);
    a = get(f, INDEX, "If-None-Match: \"12340000000000000000000000000000-i\"\r\n");
    assert_int_equal(status_of(a), 304);
    for (int i = 0; i < 2; i++) {
        a = get(f, path_of(&here), NULL);
        assert_int_equal(status_of(a), 200);
        assert_str_eq(header_of(a, "Content-Type"), "application/zstd");
        assert_str_eq(header_of(a, "Cache-Control"), "private, max-age=604800, immutable");
        assert_str_eq(header_of(a, "ETag"), "\"abcd0000000000000000000000000000-i\"");
        assert_true(header_of(a, "Content-Encoding").len == 0);
        assert_int_equal(body_of(a).len, 6);
        assert_memory_equal(body_of(a).ptr, f->keeper.page_content.ptr + 4, 6);
    }
    assert_int_equal(f->keeper.page_asks, 1);
    assert_string_equal(f->keeper.project, "noarch");
    assert_int_equal(f->keeper.shards, 1);
    fixture_free(f);
}

/* The whole page is another thing, and is asked for by itself. */
static void test_they_are_not_the_page(void **state)
{
    (void)state;
    struct fixture *f = with_shards(3);
    assert_int_equal(status_of(get(f, path_of(&here), NULL)), 200);
    assert_int_equal(status_of(get(f, "/chan/noarch/repodata.json", NULL)),
                     404); /* not among these documents */
    assert_int_equal(f->keeper.page_asks, 2);
    assert_int_equal(f->keeper.shards, 1);
    fixture_free(f);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    struct fixture *f = with_shards(3);
    struct ch_sha256 other = {{0xab, 0xce}};
    struct ch_str a = get(f, path_of(&other), NULL);
    assert_int_equal(status_of(a), 404);
    assert_has(a, "No shard of this page has this digest");
    a = get(f, path_of(&beyond), NULL);
    assert_int_equal(status_of(a), 500);
    fixture_free(f);
    f = with_shards(1); /* nothing is shown, so there is no table */
    f->keeper.page.outcome = CH_PAGE_NEW;
    assert_int_equal(status_of(get(f, INDEX, NULL)), 200);
    assert_int_equal(status_of(get(f, path_of(&here), NULL)), 404);
    fixture_free(f);
    f = with_shards(3);
    f->keeper.page.outcome =
        CH_PAGE_NOT_FOUND; /* the page has no such form: clients go on with another */
    f->keeper.page.document_count = 0;
    assert_int_equal(status_of(get(f, INDEX, NULL)), 404);
    fixture_free(f);
}

static void test_answers_that_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        uint8_t format;
        size_t fds, unsealed;
        int are;
    } rows[] = {
        {2, 3, SIZE_MAX, IN_MEMORY},
        {255, 3, SIZE_MAX, IN_MEMORY},
        {3, 2, SIZE_MAX, IN_MEMORY}, /* a table and no file */
        {3, 3, 0, IN_MEMORY},
        {3, 3, 2, IN_MEMORY},
        {3, 3, SIZE_MAX, IN_A_FILE_TO_WRITE},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct fixture *f = with_shards(rows[i].fds);
        f->keeper.page.documents[0].format = rows[i].format;
        f->keeper.unsealed = rows[i].unsealed;
        f->keeper.documents_are = rows[i].are;
        assert_int_equal(status_of(get(f, INDEX, NULL)), 500);
        assert_int_equal(status_of(get(f, path_of(&here), NULL)), 500);
        fixture_free(f);
    }
}

/* What few ask for is asked for as such: the keeper has not made it before. */
static void test_documents_that_few_ask_for(void **state)
{
    (void)state;
    struct fixture *f = with_shards(1);
    f->keeper.page.documents[0].format = 5;
    assert_int_equal(status_of(get(f, "/chan/noarch/current_repodata.json", NULL)), 200);
    assert_int_equal(status_of(get(f, "/chan/noarch/current_repodata.json", NULL)), 200);
    assert_int_equal(f->keeper.page_asks, 1);
    assert_int_equal(f->keeper.rare, 1);
    assert_int_equal(status_of(get(f, "/chan/noarch/repodata.json", NULL)), 404);
    assert_int_equal(f->keeper.page_asks, 2);
    assert_int_equal(f->keeper.rare, 1);
    fixture_free(f);
}

/* A table that is stale says nothing, and what has become of it is asked. */
static void test_freshness(void **state)
{
    (void)state;
    struct fixture *f = with_shards(3);
    assert_int_equal(status_of(get(f, path_of(&here), NULL)), 200);
    atomic_store(&f->epoch.epoch, 2);
    assert_int_equal(status_of(get(f, path_of(&here), NULL)), 200); /* "unchanged" */
    assert_int_equal(f->keeper.page_asks, 2);
    assert_int_equal(f->keeper.have_generation, 5);
    atomic_store(&f->epoch.epoch, 3);
    f->keeper.page.generation = 6;
    ch_buf_clear(&f->keeper.page_content);
    ch_shard_place_put(&f->keeper.page_content, &(struct ch_shard_place){beyond, 0, 1});
    assert_int_equal(status_of(get(f, path_of(&here), NULL)), 404);
    assert_int_equal(status_of(get(f, path_of(&beyond), NULL)), 200);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_index_and_its_shards),
        cmocka_unit_test(test_they_are_not_the_page),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_answers_that_cannot_be_used),
        cmocka_unit_test(test_freshness),
        cmocka_unit_test(test_documents_that_few_ask_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
