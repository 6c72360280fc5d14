/* What `customhouse audit verify` says of a log whose files somebody altered. */
#include "auditor_house.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"

static void flip(const char *name, off_t at)
{
    char path[128];
    unsigned char byte;
    snprintf(path, sizeof(path), "%s/audit/%s", h->folder, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void test_altered_log(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        off_t at;
        const char *said;
    } rows[] = {
        {"entries/data", 30, "entry 0 (genesis): its bytes are not those that were logged"},
        {"entries/data", 1, "entries 0 to "},
        {"public/hashes/0", 32 * 3 + 5, "hashes of level 0: hash 3 is not the one of its entry"},
        {"public/checkpoint", 2, "the checkpoint: signed note: "},
        {"public/checkpoint", 60, "the checkpoint: signed note: "},
    };
    house_stop(h);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char vkey[256];
        struct ch_buf text;
        struct audit_reader r;
        struct ch_log_entry_fields f;
        struct ch_str genesis;
        ch_buf_init(&text, sizeof(vkey) - 1);
        assert_ch_ok(&err, audit_reader_open(h->folder, &r, &err));
        assert_ch_ok(&err, audit_reader_get(&r, 0, &genesis, &err));
        assert_ch_ok(&err, ch_log_entry_read(genesis, &f, &err));
        assert_true(ch_log_entry_get_str(&f, "vkey", &text));
        audit_reader_close(&r);
        flip(rows[i].name, rows[i].at);
        assert_false(verify_with(ch_buf_str(&text)));
        assert_said(rows[i].said);
        flip(rows[i].name, rows[i].at);
        assert_true(verify());
        ch_buf_done(&text);
    }
    house_start(h, NULL, NULL);
}

static void put_checkpoint(struct ch_str note)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/audit/public/checkpoint", h->folder);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0 && write(fd, note.ptr, note.len) == (ssize_t)note.len);
    close(fd);
}

static struct ch_buf get_checkpoint(void)
{
    struct audit_reader r;
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    assert_ch_ok(&err, audit_reader_open(h->folder, &r, &err));
    assert_ch_ok(&err, ch_log_read_note(r.files.public_fd, &note, &err));
    audit_reader_close(&r);
    return note;
}

/* An older checkpoint, rightly signed: what came after it does not only wait to be written. */
static void test_cut_log(void **state)
{
    (void)state;
    struct ch_buf older = get_checkpoint(), newer, out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.1", "as well", NULL, &out));
    until_written();
    audit_tick(h->k); /* its copies of what is in the files go */
    house_settle(h);
    house_stop(h);
    assert_true(verify());
    newer = get_checkpoint();
    put_checkpoint(ch_buf_str(&older));
    assert_false(verify());
    assert_said("the checkpoint is of 25 entries, but the log had ");
    put_checkpoint(ch_buf_str(&newer));
    assert_true(verify());
    ch_buf_done(&older);
    ch_buf_done(&newer);
    ch_buf_done(&out);
    house_start(h, NULL, NULL);
}

/* A size that nobody signed does not say how much memory is taken. */
static void test_stated_size(void **state)
{
    (void)state;
    struct ch_buf note = get_checkpoint(), lie;
    struct ch_str rest = ch_buf_str(&note), origin, size;
    assert_true(ch_str_split(&rest, '\n', &origin) && ch_str_split(&rest, '\n', &size));
    ch_buf_init(&lie, CH_NOTE_MAX);
    ch_buf_printf(&lie, "%.*s\n1152921504606846976\n%.*s", CH_STR_ARG(origin), CH_STR_ARG(rest));
    house_stop(h);
    put_checkpoint(ch_buf_str(&lie));
    assert_false(verify());
    assert_said("hashes of level 0: there are 25, the checkpoint states 1152921504606846976");
    assert_said("the checkpoint: signed note: the signature of ");
    put_checkpoint(ch_buf_str(&note));
    assert_true(verify());
    ch_buf_done(&lie);
    ch_buf_done(&note);
    house_start(h, NULL, NULL);
}

static void test_another_key(void **state)
{
    (void)state;
    assert_false(verify_with(CH_STR("gw.example/audit+306d4ed8+"
                                    "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c")));
    assert_said("the checkpoint: signed note: not signed by gw.example/audit");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_altered_log),
        TEST(test_another_key),
        TEST(test_cut_log),
        TEST(test_stated_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
