/* Cosignatures, and what asks for them. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/base64.h"
#include "db/log/cosign.h"
#include "db/log/submission.h"

#define DASH "\xe2\x80\x94 "
#define TEXT "gw.example/audit\n3\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n"
#define LINE                                                                                       \
    DASH "gw.example/audit MG1O2LQP/5A5MdE1i2BT/vGJ4kBMPo3p8hru5BSjzr5q4zzgmSDsgjcdMmaxZC"         \
         "vgU4MkfTI67Ww91XLpKo0v3y0HPQ8=\n"
#define NOTE TEXT "\n" LINE
#define HASH "PR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyI=\n"

static struct ch_err err;
static struct ch_note_pair *pair;

static int setup(void **state)
{
    (void)state;
    uint8_t seed[CH_NOTE_SEED_BYTES];
    memset(seed, 2, sizeof(seed));
    return ch_note_pair_new(seed, "witness.example/w1", &pair, &err) == CH_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ch_note_pair_free(pair);
    return 0;
}

static struct ch_buf cosigned(struct ch_str text, uint64_t time_s)
{
    struct ch_buf line;
    ch_buf_init(&line, 4096);
    assert_ch_ok(&err, ch_cosign(text, ch_note_pair_signer(pair), time_s, &line, &err));
    return line;
}

static enum ch_code find(struct ch_str text, struct ch_str lines, uint64_t *ret_time_s)
{
    struct ch_str line;
    return ch_cosignature_find(text, lines, &ch_note_pair_signer(pair)->key, &line, ret_time_s,
                               &err);
}

/* ------------------------------------------------------------------ keys */

static void a_key_is_of_its_type(void **state)
{
    (void)state;
    struct ch_buf vkey, other;
    struct ch_note_key key, again;
    ch_buf_init(&vkey, 1024);
    ch_buf_init(&other, 1024);
    ch_cosigner_put(&vkey, &ch_note_pair_signer(pair)->key);
    ch_note_key_put(&other, &ch_note_pair_signer(pair)->key);
    assert_ch_ok(&err, ch_cosigner_get(ch_buf_str(&vkey), &key, &err));
    assert_string_equal(key.name, "witness.example/w1");
    assert_memory_equal(key.public_key, ch_note_pair_signer(pair)->key.public_key,
                        sizeof(key.public_key));
    /* one key is two, by what it signs */
    assert_ch_code(CH_E_UNSUPPORTED, ch_cosigner_get(ch_buf_str(&other), &again, &err));
    assert_ch_code(CH_E_UNSUPPORTED, ch_note_key_get(ch_buf_str(&vkey), &again, &err));
    ch_buf_done(&vkey);
    ch_buf_done(&other);
}

static void the_example_of_the_configuration_is_one(void **state)
{
    (void)state;
    struct ch_note_key key;
    assert_ch_ok(&err, ch_cosigner_get(CH_STR("witness.example.org/w1+62db710f+"
                                              "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"),
                                       &key, &err));
    assert_ch_code(CH_E_FORMAT, ch_cosigner_get(CH_STR("witness.example.org/w2+62db710f+"
                                                       "BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh"
                                                       "8g"),
                                                &key, &err));
}

/* ------------------------------------------------------------------ cosignatures */

static void it_has_its_time(void **state)
{
    (void)state;
    static const uint64_t times[] = {0, 1679315147, (uint64_t)INT64_MAX};
    for (size_t i = 0; i < CH_ARRAY_LEN(times); i++) {
        struct ch_buf line = cosigned(CH_STR(TEXT), times[i]);
        uint64_t time_s = 1;
        assert_ch_ok(&err, find(CH_STR(TEXT), ch_buf_str(&line), &time_s));
        assert_int_equal(time_s, times[i]);
        ch_buf_done(&line);
    }
}

/* Each byte of the signature, its time among them, is signed or is the signature. */
static void nothing_of_it_can_be_changed(void **state)
{
    (void)state;
    struct ch_buf line = cosigned(CH_STR(TEXT), 1679315147), bytes, forged;
    struct ch_str head = CH_STR(DASH "witness.example/w1 ");
    uint64_t time_s;
    ch_buf_init(&bytes, 4096);
    ch_buf_init(&forged, 4096);
    assert_true(
        ch_base64_strict(ch_str_sub(ch_buf_str(&line), head.len, line.len - head.len - 1), &bytes));
    assert_int_equal(bytes.len, 4 + 8 + 64);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] = (char)(bytes.ptr[i] ^ 1);
        ch_buf_clear(&forged);
        ch_buf_puts(&forged, head);
        ch_buf_put_base64(&forged, bytes.ptr, bytes.len);
        ch_buf_putc(&forged, '\n');
        assert_ch_code(i < 4 ? CH_E_NOT_FOUND : CH_E_MISMATCH,
                       find(CH_STR(TEXT), ch_buf_str(&forged), &time_s));
        bytes.ptr[i] = (char)(bytes.ptr[i] ^ 1);
    }
    struct ch_str other = CH_STR("gw.example/audit\n4\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/"
                                 "LNo=\n");
    assert_ch_code(CH_E_MISMATCH, find(other, ch_buf_str(&line), &time_s));
    ch_buf_done(&line);
    ch_buf_done(&bytes);
    ch_buf_done(&forged);
}

static void others_are_passed_over(void **state)
{
    (void)state;
    struct ch_buf line = cosigned(CH_STR(TEXT), 7), lines;
    struct ch_str found;
    uint64_t time_s = 0;
    ch_buf_init(&lines, 4096);
    ch_buf_puts(&lines, CH_STR(LINE DASH "witness.example/w2 AAECAwQFBgcICQoLDA0ODw==\n"));
    assert_ch_code(CH_E_NOT_FOUND, find(CH_STR(TEXT), ch_buf_str(&lines), &time_s));
    ch_buf_puts(&lines, ch_buf_str(&line));
    assert_ch_ok(&err, ch_cosignature_find(CH_STR(TEXT), ch_buf_str(&lines),
                                           &ch_note_pair_signer(pair)->key, &found, &time_s, &err));
    assert_int_equal(time_s, 7);
    assert_true(ch_str_eq(found, ch_buf_str(&line)));
    /* no line at all, one that is none, one without its end */
    assert_ch_code(CH_E_FORMAT, find(CH_STR(TEXT), CH_STR(""), &time_s));
    assert_ch_code(CH_E_FORMAT, find(CH_STR(TEXT), CH_STR("<html>\n"), &time_s));
    assert_ch_code(CH_E_FORMAT,
                   find(CH_STR(TEXT), ch_str_sub(ch_buf_str(&line), 0, line.len - 1), &time_s));
    ch_buf_done(&line);
    ch_buf_done(&lines);
}

/* ------------------------------------------------------------------ submissions */

static void a_submission_is_read_as_it_is_written(void **state)
{
    (void)state;
    struct ch_tree_proof proof = {.count = 2};
    struct ch_submission s;
    struct ch_buf body;
    ch_buf_init(&body, CH_SUBMISSION_MAX);
    memset(&proof.hash[0], 1, sizeof(proof.hash[0]));
    memset(&proof.hash[1], 2, sizeof(proof.hash[1]));
    ch_submission_put(&body, 2, &proof, CH_STR(NOTE));
    assert_ch_ok(&err, ch_submission_get(ch_buf_str(&body), &s, &err));
    assert_int_equal(s.old_size, 2);
    assert_int_equal(s.proof.count, 2);
    assert_memory_equal(s.proof.hash, proof.hash, 2 * sizeof(proof.hash[0]));
    assert_str_eq(s.note, NOTE);
    assert_str_eq(s.text, TEXT);
    assert_int_equal(s.checkpoint.size, 3);
    assert_str_eq(s.checkpoint.origin, "gw.example/audit");
    ch_buf_done(&body);
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "old",
        "old \n\n" NOTE,
        "old -1\n\n" NOTE,
        "old 01\n\n" NOTE,
        "old 00\n\n" NOTE,
        "old 1 \n\n" NOTE,
        "old  1\n\n" NOTE,
        "Old 1\n\n" NOTE,
        "old 1\r\n\r\n" NOTE,
        "old 18446744073709551616\n\n" NOTE,
        "old 4\n\n" NOTE, /* beyond the checkpoint's */
        "old 1\n" HASH,
        "old 1\n" HASH "\n",
        "old 1\n" HASH "\n" TEXT,
        "old 1\n" HASH "\n" TEXT "\n",
        "old 1\n" HASH NOTE, /* its first line would be a hash */
        "old 1\nPR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyI\n\n" NOTE,
        "old 1\n PR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyI=\n\n" NOTE,
        "old 1\nPR3ndt8IbBrp9wSdK7DAR1rRQYX5h+Bk6NENyy20oyJ=\n\n" NOTE,
        "old 1\nAAAA\n\n" NOTE,
        "\nold 1\n\n" NOTE,
        "old 1\n\n\n" NOTE "\n",
        "old 1\n\ngw.example/audit\n03\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n\n" LINE,
        "old 1\n\ngw.example/audit\n3\n\n" LINE,
    };
    struct ch_submission s;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (ch_submission_get(ch_str_of(bad[i]), &s, &err) == CH_OK) {
            fail_msg("row %zu is taken", i);
        }
        assert_int_equal(err.code, CH_E_FORMAT);
    }
}

static void its_parts_are_bounded(void **state)
{
    (void)state;
    struct ch_submission s;
    struct ch_buf body;
    ch_buf_init(&body, 2 * CH_SUBMISSION_MAX);
    for (size_t hashes = CH_SUBMISSION_HASHES_MAX; hashes <= CH_SUBMISSION_HASHES_MAX + 1;
         hashes++) {
        ch_buf_clear(&body);
        ch_buf_puts(&body, CH_STR("old 1\n"));
        for (size_t i = 0; i < hashes; i++) {
            ch_buf_puts(&body, CH_STR(HASH));
        }
        ch_buf_puts(&body, CH_STR("\n" NOTE));
        assert_ch_code(hashes > CH_SUBMISSION_HASHES_MAX ? CH_E_FORMAT : CH_OK,
                       ch_submission_get(ch_buf_str(&body), &s, &err));
    }
    for (size_t lines = CH_SUBMISSION_LINES_MAX; lines <= CH_SUBMISSION_LINES_MAX + 1; lines++) {
        ch_buf_clear(&body);
        ch_buf_puts(&body, CH_STR("old 0\n\n" TEXT "\n"));
        for (size_t i = 0; i < lines; i++) {
            ch_buf_puts(&body, CH_STR(LINE));
        }
        assert_ch_code(lines > CH_SUBMISSION_LINES_MAX ? CH_E_FORMAT : CH_OK,
                       ch_submission_get(ch_buf_str(&body), &s, &err));
    }
    while (body.len <= CH_SUBMISSION_MAX) {
        ch_buf_puts(&body, CH_STR(LINE));
    }
    assert_ch_code(CH_E_FORMAT, ch_submission_get(ch_buf_str(&body), &s, &err));
    ch_buf_done(&body);
}

static void a_size_is_a_number_and_a_newline(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "1", "01\n", "-1\n", "1\n\n", " 1\n", "1\r\n"};
    uint64_t size = 0;
    assert_true(ch_submission_size_get(CH_STR("20852163\n"), &size));
    assert_int_equal(size, 20852163);
    assert_true(ch_submission_size_get(CH_STR("0\n"), &size));
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_false(ch_submission_size_get(ch_str_of(bad[i]), &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_of_its_type),
        cmocka_unit_test(the_example_of_the_configuration_is_one),
        cmocka_unit_test(it_has_its_time),
        cmocka_unit_test(nothing_of_it_can_be_changed),
        cmocka_unit_test(others_are_passed_over),
        cmocka_unit_test(a_submission_is_read_as_it_is_written),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(its_parts_are_bounded),
        cmocka_unit_test(a_size_is_a_number_and_a_newline),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
