/* What a lock file's lines travel as, from the command line to the keeper. */
#include "tests/ch_test.h"

#include "customhouse/message.h"

/* A text of exactly n letters, each call another letter: a swapped field shows. */
static struct ch_str text_of(size_t n)
{
    static char room[1024];
    static size_t at;
    static char letter = 'a';
    assert_true(at + n <= sizeof(room));
    struct ch_str s = {room + at, n};
    memset(room + at, letter++, n);
    at += n;
    return s;
}

static void assert_same(struct ch_str a, struct ch_str b)
{
    assert_true(ch_str_eq(a, b));
}

/* One after the other, as COMMAND_INPUT has them. */
static void wants_travel_with_their_hashes(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_policy_want in = {.ecosystem = text_of(4),
                                .name = text_of(20),
                                .version = text_of(9),
                                .specifier = text_of(30),
                                .source = text_of(40),
                                .file = text_of(50),
                                .line = 7,
                                .hash_count = 3,
                                .sha256 = text_of(2 * (size_t)CH_SHA256_BYTES)};
    ch_buf_init(&b, 1u << 20);
    ch_policy_want_put(&b, &in);
    ch_policy_want_put(&b, &in);
    struct ch_rd r = ch_rd_of(b.ptr, b.len);
    for (size_t i = 0; i < 2; i++) {
        struct ch_policy_want out = ch_policy_want_get(&r);
        assert_false(r.failed);
        assert_same(out.ecosystem, in.ecosystem);
        assert_same(out.name, in.name);
        assert_same(out.version, in.version);
        assert_same(out.specifier, in.specifier);
        assert_same(out.source, in.source);
        assert_same(out.file, in.file);
        assert_int_equal(out.line, 7);
        assert_int_equal(out.hash_count, 3);
        assert_same(out.sha256, in.sha256);
    }
    assert_int_equal(ch_rd_left(&r), 0);
    r = ch_rd_of(b.ptr, b.len / 2 - 1);
    (void)ch_policy_want_get(&r);
    assert_true(r.failed);
    static const struct {
        uint32_t count;
        size_t bytes;
    } wrong[] = {{1, 2 * CH_SHA256_BYTES}, {3, CH_SHA256_BYTES - 1}};
    for (size_t i = 0; i < CH_ARRAY_LEN(wrong); i++) {
        ch_buf_clear(&b);
        in.hash_count = wrong[i].count;
        in.sha256 = text_of(wrong[i].bytes);
        ch_policy_want_put(&b, &in);
        r = ch_rd_of(b.ptr, b.len);
        (void)ch_policy_want_get(&r);
        assert_true(r.failed);
    }
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_travel_with_their_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
