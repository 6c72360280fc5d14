#include "message_samples.h"

static char pool[4 << 20];
struct ch_str text_of(size_t n)
{
    static size_t at;
    static char letter = 'a';
    assert_true(n <= sizeof(pool) / 2);
    if (at + n > sizeof(pool)) {
        at = 0;
    }
    memset(pool + at, letter, n);
    struct ch_str s = {pool + at, n};
    at += n;
    letter = letter == 'z' ? 'a' : (char)(letter + 1);
    return s;
}

void assert_same(struct ch_str a, struct ch_str b)
{
    assert_int_equal(a.len, b.len);
    assert_true(ch_str_eq(a, b));
}

struct ch_client client_of(void)
{
    struct ch_client c = {text_of(ch_limits.client_text_bytes),
                          text_of(ch_limits.client_text_bytes), text_of(ch_limits.principal_bytes),
                          text_of(ch_limits.client_text_bytes)};
    return c;
}

struct ch_repositories repositories_of(uint32_t count)
{
    struct ch_repositories list = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        list.name[i] = text_of(ch_limits.project_name_bytes);
    }
    return list;
}

void assert_same_repositories(const struct ch_repositories *a, const struct ch_repositories *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_same(a->name[i], b->name[i]);
    }
}

struct ch_sha256 digest_of(uint8_t byte)
{
    struct ch_sha256 d;
    memset(d.byte, byte, sizeof(d.byte));
    return d;
}
