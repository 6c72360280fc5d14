/* What was pushed to hosted repositories: what is there now, and which bytes stay. */
#include "temp_store.h"

#include "customhouse/store_pushed.h"

#define REPO CH_STR("apps")
#define NAME CH_STR("team/app")

static const struct ch_str none = {NULL, 0};

static struct ch_sha256 sha(const char *text)
{
    return ch_sha256_of(text, ch_str_of(text).len);
}

static int64_t at_us = 1000; /* of what is added next */

static void add(enum ch_pushed_kind kind, const char *tag, const char *manifest)
{
    struct ch_pushed_row row = {.kind = kind,
                                .repository = REPO,
                                .project = NAME,
                                .tag = ch_str_of(tag),
                                .sha256 = sha(manifest),
                                .media_type = CH_STR("a/type"),
                                .size_bytes = ch_str_of(manifest).len,
                                .by = CH_STR("service:ci"),
                                .at_us = at_us++};
    assert_ch_ok(&err, ch_store_add_pushed(store, &row, &err));
    assert_int_not_equal(row.id, 0);
}

/* `manifest` NULL: there is none. */
static void assert_tag(const char *tag, const char *manifest)
{
    struct ch_pushed_row row;
    struct ch_buf strings;
    ch_buf_init(&strings, 4096);
    enum ch_code rc =
        ch_store_pushed(store, REPO, NAME, ch_str_of(tag), NULL, &row, &strings, &err);
    assert_ch_code(manifest != NULL ? CH_OK : CH_E_NOT_FOUND, rc);
    if (manifest != NULL) {
        struct ch_sha256 expected = sha(manifest);
        assert_true(ch_sha256_eq(&row.sha256, &expected));
        assert_str_eq(row.repository, "apps");
        assert_str_eq(row.project, "team/app");
        assert_str_eq(row.tag, tag);
        assert_str_eq(row.media_type, "a/type");
        assert_str_eq(row.by, "service:ci");
        assert_int_equal(row.size_bytes, ch_str_of(manifest).len);
    }
    ch_buf_done(&strings);
}

static bool is_there(const char *manifest)
{
    struct ch_pushed_row row;
    struct ch_buf strings;
    struct ch_sha256 d = sha(manifest);
    ch_buf_init(&strings, 4096);
    enum ch_code rc = ch_store_pushed(store, REPO, NAME, none, &d, &row, &strings, &err);
    ch_buf_done(&strings);
    return rc == CH_OK;
}

static void assert_tags(const char *expected) /* joined by ',' */
{
    struct ch_buf tags;
    ch_buf_init(&tags, 4096);
    assert_ch_ok(&err, ch_store_pushed_tags(store, REPO, NAME, &tags, &err));
    for (size_t i = 0; i < tags.len; i++) {
        tags.ptr[i] = tags.ptr[i] == '\0' ? ',' : tags.ptr[i];
    }
    assert_str_eq(ch_buf_str(&tags), expected);
    ch_buf_done(&tags);
}

static void test_tags_and_manifests(void **state)
{
    (void)state;
    struct ch_buf tags;
    ch_buf_init(&tags, 64);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_pushed_tags(store, REPO, NAME, &tags, &err));
    ch_buf_done(&tags);
    assert_tag("1.0", NULL);
    add(CH_PUSHED, "1.0", "one");
    add(CH_PUSHED, "", "two");
    assert_tag("1.0", "one");
    assert_true(is_there("one") && is_there("two"));
    assert_tags("1.0,");
    add(CH_PUSHED, "1.0", "two"); /* it moves: the former manifest stays */
    assert_tag("1.0", "two");
    assert_true(is_there("one"));
    add(CH_PUSHED, "0.9", "one");
    assert_tags("0.9,1.0,");
    add(CH_PUSHED_TAG_GONE, "0.9", "one");
    assert_tag("0.9", NULL);
    assert_true(is_there("one"));
    assert_tags("1.0,");
}

static void test_what_is_taken_away_takes_its_tags(void **state)
{
    (void)state;
    add(CH_PUSHED, "1.0", "one");
    add(CH_PUSHED, "latest", "one");
    add(CH_PUSHED, "2.0", "two");
    add(CH_PUSHED_GONE, "", "one");
    assert_false(is_there("one"));
    assert_tag("1.0", NULL);
    assert_tag("latest", NULL);
    assert_tag("2.0", "two");
    assert_tags("2.0,");
    add(CH_PUSHED, "1.1", "one"); /* and what comes again does not bring them back */
    assert_true(is_there("one"));
    assert_tag("1.1", "one");
    assert_tag("1.0", NULL);
    assert_tags("1.1,2.0,");
}

/* `manifest` NULL: it was never taken away. */
static void assert_gone(const char *tag, const char *of, const char *manifest, int64_t when_us)
{
    struct ch_sha256 d = sha(of), is, expected = sha(manifest != NULL ? manifest : "");
    int64_t gone_us = 0;
    enum ch_code rc =
        ch_store_pushed_gone(store, REPO, NAME, ch_str_of(tag), &d, &gone_us, &is, &err);
    assert_ch_code(manifest != NULL ? CH_OK : CH_E_NOT_FOUND, rc);
    if (manifest != NULL) {
        assert_true(ch_sha256_eq(&is, &expected));
        assert_int_equal(gone_us, when_us);
    }
}

static void test_what_was_taken_away_is_told(void **state)
{
    (void)state;
    assert_gone("1.0", "", NULL, 0);
    add(CH_PUSHED, "1.0", "one");
    add(CH_PUSHED, "2.0", "two");
    assert_gone("", "one", NULL, 0);
    int64_t tag_us = at_us;
    add(CH_PUSHED_TAG_GONE, "1.0", "one");
    assert_gone("1.0", "", "one", tag_us);
    assert_gone("", "one", NULL, 0); /* the manifest itself is there */
    int64_t gone_us = at_us;
    add(CH_PUSHED_GONE, "", "two");
    assert_gone("2.0", "", "two", gone_us); /* with it */
    assert_gone("", "two", "two", gone_us);
    assert_gone("3.0", "", NULL, 0);
}

static void count(void *ctx, const struct ch_pushed_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
}

static void test_who_pushed(void **state)
{
    (void)state;
    struct ch_sha256 d = sha("one");
    size_t n = 0;
    add(CH_PUSHED, "1.0", "one");
    add(CH_PUSHED, "1.0", "two");
    add(CH_PUSHED_GONE, "", "one");
    assert_ch_ok(&err, ch_store_pushes_of(store, REPO, NAME, &d, count, &n, &err));
    assert_int_equal(n, 2);
}

static void count_blob(void *ctx, const struct ch_sha256 *sha256, uint64_t size_bytes)
{
    (void)sha256;
    (void)size_bytes;
    ++*(size_t *)ctx;
}

static size_t evictable(void)
{
    size_t n = 0;
    assert_ch_ok(&err, ch_store_oldest_blobs(store, CH_BLOB_UNDECIDED, 10, count_blob, &n, &err));
    return n;
}

static void test_links(void **state)
{
    (void)state;
    struct ch_sha256 d = sha("layer"), m = sha("manifest");
    struct ch_artifact a = {d, 5, 1};
    uint64_t size = 0, ended = 0;
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &d, 5, CH_BLOB_UNDECIDED, 1, &err));
    assert_int_equal(evictable(), 1);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_pushed_link(store, REPO, NAME, &d, &size, &err));
    assert_ch_ok(&err,
                 ch_store_link_pushed(store, REPO, NAME, &d, 5, CH_STR("user:ci"), 100, &err));
    assert_ch_ok(&err, ch_store_pushed_link(store, REPO, NAME, &d, &size, &err));
    assert_int_equal(size, 5);
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_pushed_link(store, REPO, CH_STR("team/other"), &d, &size, &err));
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_pushed_link(store, CH_STR("other"), NAME, &d, &size, &err));
    assert_int_equal(evictable(), 0); /* nobody could fetch it again */
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 100, &ended, &err));
    assert_int_equal(ended, 0); /* not older */
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &m, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &m, &d, &err)); /* once more */
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 101, &ended, &err));
    assert_int_equal(ended, 0); /* named */
    assert_ch_ok(&err, ch_store_pushed_names_none(store, REPO, NAME, &m, 200, &err));
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 200, &ended, &err));
    assert_int_equal(ended, 0); /* since its manifest was taken away, not since it came */
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 201, &ended, &err));
    assert_int_equal(ended, 1);
    assert_int_equal(evictable(), 1);
}

static void note(void *ctx, const struct ch_sha256 *manifest)
{
    struct ch_sha256 *seen = ctx;
    seen[ch_sha256_is_zero(&seen[0]) ? 0 : 1] = *manifest;
}

static void test_who_refers_to_it(void **state)
{
    (void)state;
    const struct ch_str other = CH_STR("x");
    struct ch_sha256 d = sha("subject"), one = sha("one"), two = sha("two"), seen[2] = {{{0}}};
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &d, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &two, &d, &err)); /* an index */
    assert_ch_ok(&err, ch_store_pushed_referrers(store, REPO, NAME, &d, note, seen, &err));
    assert_true(ch_sha256_is_zero(&seen[0]));
    assert_ch_ok(&err, ch_store_pushed_refers(store, REPO, NAME, &one, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_refers(store, REPO, NAME, &one, &d, &err)); /* once more */
    assert_ch_ok(&err, ch_store_pushed_refers(store, REPO, other, &two, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_referrers(store, REPO, NAME, &d, note, seen, &err));
    assert_true(ch_sha256_eq(&seen[0], &one) && ch_sha256_is_zero(&seen[1]));
    assert_ch_ok(&err, ch_store_pushed_names_none(store, REPO, NAME, &one, 100, &err));
    seen[0] = seen[1];
    assert_ch_ok(&err, ch_store_pushed_referrers(store, REPO, NAME, &d, note, seen, &err));
    assert_true(ch_sha256_is_zero(&seen[0]));
}

/* What was taken away goes, whoever goes on to refer to it. */
static void test_what_refers_to_it_keeps_nothing(void **state)
{
    (void)state;
    struct ch_sha256 d = sha("subject"), one = sha("one");
    uint64_t ended = 0;
    assert_ch_ok(&err,
                 ch_store_link_pushed(store, REPO, NAME, &d, 5, CH_STR("user:ci"), 100, &err));
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &d, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_refers(store, REPO, NAME, &one, &d, &err));
    assert_ch_code(CH_E_BUSY, ch_store_unlink_pushed_one(store, REPO, NAME, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_names_none(store, REPO, NAME, &d, 100, &err));
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 101, &ended, &err));
    assert_int_equal(ended, 1);
}

/* Somebody takes bytes away that no manifest has; whoever has none keeps the others'. */
static void test_one_link_ends(void **state)
{
    (void)state;
    const struct ch_str other = CH_STR("team/other");
    struct ch_sha256 d = sha("layer"), m = sha("manifest");
    struct ch_artifact a = {d, 5, 1};
    uint64_t size = 0;
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &d, 5, CH_BLOB_UNDECIDED, 1, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_unlink_pushed_one(store, REPO, NAME, &d, &err));
    assert_ch_ok(&err,
                 ch_store_link_pushed(store, REPO, NAME, &d, 5, CH_STR("user:ci"), 100, &err));
    assert_ch_ok(&err,
                 ch_store_link_pushed(store, REPO, other, &d, 5, CH_STR("user:ci"), 100, &err));
    assert_ch_ok(&err, ch_store_pushed_names(store, REPO, NAME, &m, &d, &err));
    assert_ch_code(CH_E_BUSY, ch_store_unlink_pushed_one(store, REPO, NAME, &d, &err));
    assert_ch_ok(&err, ch_store_pushed_link(store, REPO, NAME, &d, &size, &err));
    assert_ch_ok(&err, ch_store_unlink_pushed_one(store, REPO, other, &d, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_pushed_link(store, REPO, other, &d, &size, &err));
    assert_int_equal(evictable(), 0);
    assert_ch_ok(&err, ch_store_pushed_names_none(store, REPO, NAME, &m, 100, &err));
    assert_ch_ok(&err, ch_store_unlink_pushed_one(store, REPO, NAME, &d, &err));
    assert_int_equal(evictable(), 1);
}

/* T14: what counts in whose share. */
static void test_whose_bytes_they_are(void **state)
{
    (void)state;
    const struct ch_str ci = CH_STR("user:ci"), dev = CH_STR("user:dev");
    struct ch_sha256 one = sha("one of them"), two = sha("two of them");
    uint64_t bytes = 9, ended;
    assert_ch_ok(&err, ch_store_pushed_undecided(store, ci, &bytes, &err));
    assert_int_equal(bytes, 0);
    for (int i = 0; i < 2; i++) {
        struct ch_artifact a = {i == 0 ? one : two, 10 + (uint64_t)i, 1};
        assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
        assert_ch_ok(&err,
                     ch_store_put_blob(store, &a.sha256, a.size_bytes, CH_BLOB_UNDECIDED, 1, &err));
        assert_ch_ok(
            &err, ch_store_link_pushed(store, REPO, NAME, &a.sha256, a.size_bytes, ci, 100, &err));
    }
    /* the same bytes again: under another name they are there once; and who sends what is there has
     * no more */
    assert_ch_ok(&err,
                 ch_store_link_pushed(store, REPO, CH_STR("team/two"), &one, 10, ci, 100, &err));
    assert_ch_ok(&err, ch_store_link_pushed(store, REPO, NAME, &two, 11, dev, 100, &err));
    assert_ch_ok(&err, ch_store_pushed_undecided(store, ci, &bytes, &err));
    assert_int_equal(bytes, 21);
    assert_ch_ok(&err, ch_store_pushed_undecided(store, dev, &bytes, &err));
    assert_int_equal(bytes, 0);
    assert_ch_ok(&err, ch_store_put_blob(store, &one, 10, CH_BLOB_SERVED, 2, &err)); /* approved */
    assert_ch_ok(&err, ch_store_pushed_undecided(store, ci, &bytes, &err));
    assert_int_equal(bytes, 11);
    assert_ch_ok(&err, ch_store_unlink_pushed(store, 101, &ended, &err)); /* may be evicted */
    assert_ch_ok(&err, ch_store_pushed_undecided(store, ci, &bytes, &err));
    assert_int_equal(bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_tags_and_manifests),
        T(test_what_is_taken_away_takes_its_tags),
        T(test_what_was_taken_away_is_told),
        T(test_who_pushed),
        T(test_links),
        T(test_one_link_ends),
        T(test_who_refers_to_it),
        T(test_what_refers_to_it_keeps_nothing),
        T(test_whose_bytes_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
