#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/log/note.h"
#include "db/log/tree.h"

/* A vector that golang.org/x/mod/sumdb/note and tlog accept: key of 32 bytes 0x01, three entries.
 */
#define VKEY "gw.example/audit+306d4ed8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define TEXT "gw.example/audit\n3\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n"
#define LINE                                                                                       \
    "\xe2\x80\x94 gw.example/audit MG1O2LQP/5A5MdE1i2BT/vGJ4kBMPo3p8hru5BSjzr5q4zzgmSDsgjcdMmaxZC" \
    "vgU4MkfTI67Ww91XLpKo0v3y0HPQ8=\n"
#define WITNESS "\xe2\x80\x94 witness.example/w AAECAwQFBgcICQoLDA0ODw==\n"
#define NOTE    TEXT "\n" LINE

static struct ch_err err;
static struct ch_note_pair *pair;

static int setup(void **state)
{
    (void)state;
    uint8_t seed[CH_NOTE_SEED_BYTES];
    memset(seed, 1, sizeof(seed));
    return ch_note_pair_new(seed, "gw.example/audit", &pair, &err) == CH_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ch_note_pair_free(pair);
    return 0;
}

static void add(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    (void)ctx;
    (void)height;
    (void)index;
    (void)node;
}

static void test_vector(void **state)
{
    (void)state;
    static const char *const entries[] = {"{\"n\":0}", "{\"n\":1}", "{\"n\":2}"};
    const struct ch_note_signer *signer = ch_note_pair_signer(pair);
    struct ch_hash *h = ch_hash_new();
    struct ch_tree t = {.size = 0};
    struct ch_buf text, note, vkey;
    ch_buf_init(&text, 1024);
    ch_buf_init(&note, 1024);
    ch_buf_init(&vkey, 1024);
    for (size_t i = 0; i < 3; i++) {
        struct ch_sha256 leaf = ch_tree_leaf(h, ch_str_of(entries[i]));
        ch_tree_add(&t, h, &leaf, add, NULL);
    }
    struct ch_checkpoint c = {
        .origin = CH_STR("gw.example/audit"), .size = 3, .root = ch_tree_root(&t, h)};
    ch_checkpoint_put(&text, &c);
    assert_str_eq(ch_buf_str(&text), TEXT);
    assert_ch_ok(&err, ch_note_sign(ch_buf_str(&text), signer, &note, &err));
    assert_str_eq(ch_buf_str(&note), NOTE);
    ch_note_key_put(&vkey, &signer->key);
    assert_str_eq(ch_buf_str(&vkey), VKEY);
    ch_buf_done(&text);
    ch_buf_done(&note);
    ch_buf_done(&vkey);
    ch_hash_free(h);
}

static void test_opened(void **state)
{
    (void)state;
    static const char *const good[] = {NOTE, TEXT "\n" WITNESS LINE, TEXT "\n" LINE WITNESS};
    struct ch_note_key key;
    assert_ch_ok(&err, ch_note_key_get(CH_STR(VKEY), &key, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(good); i++) {
        struct ch_checkpoint c;
        assert_ch_ok(&err, ch_checkpoint_open(ch_str_of(good[i]), &key, &c, &err));
        assert_int_equal(c.size, 3);
        assert_str_eq(c.origin, "gw.example/audit");
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        enum ch_code code;
        const char *note;
    } rows[] = {
        {CH_E_FORMAT, ""},
        {CH_E_FORMAT, "\n"},
        {CH_E_FORMAT, "\n\n"},
        {CH_E_FORMAT, TEXT},
        {CH_E_FORMAT, TEXT "\n"},
        {CH_E_FORMAT, TEXT LINE},
        {CH_E_FORMAT, TEXT "\n" LINE "x"},
        {CH_E_FORMAT, TEXT "\n" LINE "\n"},
        {CH_E_FORMAT, TEXT "\n" LINE "\xe2\x80\x94 a b\n"},
        {CH_E_FORMAT, TEXT "\n- gw.example/audit AAAAAAAA\n" LINE},
        {CH_E_FORMAT, "\xff" NOTE},
        {CH_E_FORMAT, "\r" NOTE},
        {CH_E_NOT_FOUND, TEXT "\n" WITNESS},
        {CH_E_MISMATCH, "x" NOTE},
        {CH_E_MISMATCH, "\n" NOTE},
        {CH_E_MISMATCH, TEXT "extension\n\n" LINE},
        /* the right id, another signature; one of another length */
        {CH_E_MISMATCH, NOTE "\xe2\x80\x94 gw.example/audit MG1O2AAA\n"},
    };
    struct ch_note_key key;
    assert_ch_ok(&err, ch_note_key_get(CH_STR(VKEY), &key, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str text;
        enum ch_code rc = ch_note_open(ch_str_of(rows[i].note), &key, &text, &err);
        if (rc != rows[i].code) {
            fail_msg("row %zu: %s", i, ch_code_name(rc));
        }
    }
}

/* Nobody makes a verifier look at as many as a note has room for. */
static void test_many_signatures(void **state)
{
    (void)state;
    struct ch_note_key key;
    struct ch_buf note;
    struct ch_str text;
    assert_ch_ok(&err, ch_note_key_get(CH_STR(VKEY), &key, &err));
    for (size_t lines = CH_NOTE_LINES_MAX; lines <= CH_NOTE_LINES_MAX + 1; lines++) {
        ch_buf_init(&note, CH_NOTE_MAX);
        ch_buf_puts(&note, CH_STR(TEXT "\n"));
        for (size_t i = 0; i < lines; i++) {
            ch_buf_puts(&note, CH_STR(LINE));
        }
        assert_ch_code(lines > CH_NOTE_LINES_MAX ? CH_E_FORMAT : CH_OK,
                       ch_note_open(ch_buf_str(&note), &key, &text, &err));
        ch_buf_done(&note);
    }
}

/* No byte of a note can be changed. */
static void test_flipped(void **state)
{
    (void)state;
    struct ch_note_key key;
    assert_ch_ok(&err, ch_note_key_get(CH_STR(VKEY), &key, &err));
    for (size_t i = 0; i < strlen(NOTE); i++) {
        char note[] = NOTE;
        struct ch_checkpoint c;
        note[i] ^= 1;
        assert_int_not_equal(ch_checkpoint_open(ch_str_of(note), &key, &c, &err), CH_OK);
    }
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a",
        "a+b",
        "gw.example/audit+306d4ed8",
        "gw.example/audit+306d4ed9+"
        "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "gw.example/audi+306d4ed8+"
        "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        "gw.example/audit+306d4ed8+AYqI",
        "gw example+306d4ed8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
        VKEY "\n"};
    struct ch_note_key key;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_int_not_equal(ch_note_key_get(ch_str_of(bad[i]), &key, &err), CH_OK);
    }
}

static void test_checkpoints(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "a\n",
        "a\n1\n",
        "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "a\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "a\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "a\n18446744073709551616\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    struct ch_checkpoint c;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_ch_code(CH_E_FORMAT, ch_checkpoint_get(ch_str_of(bad[i]), &c, &err));
    }
    assert_ch_ok(&err, ch_checkpoint_get(CH_STR("a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                                "=\nextension\n"),
                                         &c, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),      cmocka_unit_test(test_opened),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_many_signatures),
        cmocka_unit_test(test_flipped),     cmocka_unit_test(test_keys),
        cmocka_unit_test(test_checkpoints),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
