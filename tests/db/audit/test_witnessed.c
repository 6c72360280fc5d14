/* What `customhouse audit verify` says of the checkpoint that witnesses have cosigned. */
#include "house.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auditor.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/keyring.h"
#include "db/log/append.h"
#include "db/log/cosign.h"

#define TIME_S 1700000000u

static struct ch_err err;
static struct house *h;
static char *said;
static struct ch_note_pair *witness;
static struct ch_buf newest; /* the log's checkpoint, as published */
static struct ch_checkpoint checkpoint;
static bool growing; /* between what verification reads first and next */

enum ch_code __real_ch_log_read_cosigned(int folder_fd, struct ch_buf *ret, struct ch_err *e);
enum ch_code __wrap_ch_log_read_cosigned(int folder_fd, struct ch_buf *ret, struct ch_err *e);

static enum ch_code sign(void *ctx, struct ch_str message, uint8_t ret[CH_NOTE_SIGNATURE_BYTES],
                         struct ch_err *e)
{
    struct ch_signer *signer = NULL;
    struct ch_buf out;
    (void)ctx;
    ch_buf_init(&out, CH_SIGNATURE_BYTES);
    assert_ch_ok(&err, keyring_signer(h->k, CH_PURPOSE_LOG, &signer, &err));
    assert_ch_ok(&err, ch_signer_sign(signer, message, &out, e));
    memcpy(ret, out.ptr, CH_NOTE_SIGNATURE_BYTES);
    ch_buf_done(&out);
    return CH_OK;
}

/* The log's key, in the hands of whoever forges. */
static struct ch_note_signer log_signer(void)
{
    struct ch_note_signer s = {.sign = sign};
    struct ch_signer *signer = NULL;
    assert_ch_ok(&err, keyring_signer(h->k, CH_PURPOSE_LOG, &signer, &err));
    ch_public_key_raw(ch_signer_public(signer), s.key.public_key);
    snprintf(s.key.name, sizeof(s.key.name), "%.*s", CH_STR_ARG(audit_origin(h->k)));
    return s;
}

static void until_written(void)
{
    struct audit_state s;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
}

static void read_newest(void)
{
    struct ch_str text;
    ch_buf_clear(&newest);
    assert_ch_ok(&err, audit_read_checkpoint(h->k, &newest, &err));
    assert_ch_ok(&err, ch_note_text(ch_buf_str(&newest), &text, &err));
    assert_ch_ok(&err, ch_checkpoint_get(text, &checkpoint, &err));
}

static int setup(void **state)
{
    uint8_t seed[CH_NOTE_SEED_BYTES] = {7};
    (void)state;
    h = house_new();
    assert_ch_ok(&err, ch_note_pair_new(seed, "witness.example/w1", &witness, &err));
    until_written();
    ch_buf_init(&newest, CH_NOTE_MAX);
    read_newest();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    ch_note_pair_free(witness);
    ch_buf_done(&newest);
    free(said);
    said = NULL;
    return 0;
}

static void publish(struct ch_str note)
{
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/audit/public", h->folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ch_ok(&err, ch_log_publish_cosigned(fd, note, &err));
    close(fd);
}

/* `note` with the witness's line; `forged`: of another text. */
static void publish_cosigned(struct ch_str note, bool forged)
{
    struct ch_buf b;
    struct ch_str text;
    ch_buf_init(&b, CH_NOTE_MAX);
    ch_buf_puts(&b, note);
    assert_ch_ok(&err, ch_note_text(note, &text, &err));
    assert_ch_ok(&err, ch_cosign(forged ? CH_STR("other\n1\n") : text, ch_note_pair_signer(witness),
                                 TIME_S, &b, &err));
    publish(ch_buf_str(&b));
    ch_buf_done(&b);
}

static void deny(const char *what)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(0, house_command(h, false, "deny", what, "unwanted", NULL, &out));
    ch_buf_done(&out);
    until_written();
}

enum ch_code __wrap_ch_log_read_cosigned(int folder_fd, struct ch_buf *ret, struct ch_err *e)
{
    if (growing) {
        growing = false;
        deny("pypi:other");
        read_newest();
        publish_cosigned(ch_buf_str(&newest), false);
    }
    return __real_ch_log_read_cosigned(folder_fd, ret, e);
}

/* A checkpoint that this log never had, by its own key. */
static struct ch_buf made_up(uint64_t size, const struct ch_note_signer *signer)
{
    struct ch_checkpoint c = {.origin = audit_origin(h->k), .size = size, .root = {{1}}};
    struct ch_buf text, note;
    ch_buf_init(&text, 4096);
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_checkpoint_put(&text, &c);
    assert_ch_ok(&err, ch_note_sign(ch_buf_str(&text), signer, &note, &err));
    ch_buf_done(&text);
    return note;
}

static bool verify(bool required)
{
    static struct audit_whom whom;
    bool good = false;
    size_t size = 0;
    whom = (struct audit_whom){.witness_count = 1};
    whom.witnesses[0] = (struct audit_witness){ch_note_pair_signer(witness)->key, required};
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc = audit_verify(h->folder, &whom, out, &good, &err);
    fclose(out);
    assert_ch_ok(&err, rc);
    return good;
}

static void assert_said(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("not said: %s\n%s", text, said);
    }
}

static void what_was_cosigned_is_counted(void **state)
{
    (void)state;
    char line[128];
    assert_true(verify(false));
    assert_said("; cosigned by 0 of 1 witnesses");
    assert_false(verify(true));
    assert_said("ALTERED there is no checkpoint that witness witness.example/w1 has cosigned\n");
    publish_cosigned(ch_buf_str(&newest), false);
    assert_true(verify(true));
    snprintf(line, sizeof(line),
             "; cosigned by 1 of 1 witnesses at %llu entries, 2023-11-14T22:13:20Z",
             (unsigned long long)checkpoint.size);
    assert_said(line);
    /* an older one is one of this log, too */
    deny("pypi:pkg");
    assert_true(verify(true));
    assert_said(line);
    publish(ch_buf_str(&newest)); /* nobody's */
    assert_true(verify(false));
    assert_said("; cosigned by 0 of 1 witnesses");
    assert_false(verify(true));
    assert_said("ALTERED the cosigned checkpoint: not by witness witness.example/w1\n");
}

/* What the log says itself of a witness, until it says that this is over. */
static void a_contradiction_is_named(void **state)
{
    (void)state;
    publish_cosigned(ch_buf_str(&newest), false);
    assert_true(verify(true));
    assert_ch_ok(&err, audit_witness(h->k, false, CH_STR("w1"), "unreachable", &err));
    until_written();
    assert_true(verify(true));
    assert_ch_ok(&err, audit_witness(h->k, false, CH_STR("w1"), "contradiction", &err));
    until_written();
    assert_false(verify(true));
    assert_said("ALTERED witness w1 has cosigned another log of this name, or more of it: entry ");
    assert_said("; the log has ");
    assert_true(verify(false)); /* nobody asked */
    assert_ch_ok(&err, audit_witness(h->k, true, CH_STR("w1"), "contradiction", &err));
    until_written();
    assert_true(verify(true));
}

/* Beside a keeper that writes: what was cosigned is not of a log that was read before it. */
static void what_is_cosigned_meanwhile_is_of_this_log(void **state)
{
    (void)state;
    growing = true;
    if (!verify(true)) {
        fail_msg("%s", said);
    }
    assert_false(growing);
}

static void what_another_log_key_signed_stays_this_logs(void **state)
{
    (void)state;
    struct ch_buf out;
    publish_cosigned(ch_buf_str(&newest), false);
    ch_buf_init(&out, 1u << 20);
    h->second_word = "log";
    assert_int_equal(house_command(h, false, "keys", "rotate", "it is time", NULL, &out), 0);
    h->second_word = NULL;
    ch_buf_done(&out);
    while (keyring_former(h->k) != NULL) {
        house_turn(h, 20);
    }
    until_written();
    assert_true(verify(true));
    assert_said("; cosigned by 1 of 1 witnesses");
}

static void what_was_altered_is_named(void **state)
{
    (void)state;
    const struct ch_note_signer own = log_signer();
    uint8_t seed[CH_NOTE_SEED_BYTES] = {8};
    struct ch_note_pair *stranger = NULL;
    char name[CH_NOTE_NAME_MAX + 1];
    snprintf(name, sizeof(name), "%.*s", CH_STR_ARG(audit_origin(h->k)));
    assert_ch_ok(&err, ch_note_pair_new(seed, name, &stranger, &err));
    const struct {
        uint64_t size;
        const struct ch_note_signer *signer;
        const char *problem;
    } rows[] = {
        {checkpoint.size, &own, "is of another tree than that of the entries\n"},
        {1, &own, "ALTERED the cosigned checkpoint of size 1 is of another tree"},
        {checkpoint.size + 1, &own, "entries, but the log has "},
        {checkpoint.size, ch_note_pair_signer(stranger),
         "ALTERED the cosigned checkpoint is not signed by a key of this log\n"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf note = made_up(rows[i].size, rows[i].signer);
        publish_cosigned(ch_buf_str(&note), false);
        assert_false(verify(false));
        assert_said(rows[i].problem);
        ch_buf_done(&note);
    }
    publish_cosigned(ch_buf_str(&newest), true);
    assert_false(verify(false));
    assert_said("ALTERED the cosigned checkpoint: witness witness.example/w1: signed note: the "
                "signature of witness.example/w1 is wrong\n");
    publish(CH_STR("half of a"));
    assert_false(verify(false));
    assert_said("ALTERED the cosigned checkpoint: not a signed note\n");
    ch_note_pair_free(stranger);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_cosigned_is_counted),
        TEST(a_contradiction_is_named),
        TEST(what_is_cosigned_meanwhile_is_of_this_log),
        TEST(what_another_log_key_signed_stays_this_logs),
        TEST(what_was_altered_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
