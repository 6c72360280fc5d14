/* The log on disk: growing over many openings, what a run that died leaves, what was altered. */
#include "tests/ch_test.h"

#include "tests/db/log/temp_log.h"

/* ------------------------------------------------------------------ looking at it */

/* Every entry has a proof under the checkpoint, which has grown from the one before. */
static void check_all(uint64_t size, struct ch_checkpoint *before)
{
    struct ch_log_files f;
    struct ch_hash *h = ch_hash_new();
    struct ch_log_reader reader = {&f.public, h};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_tree_proof p;
    struct ch_buf note, entry;
    struct ch_checkpoint c;
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    assert_ch_ok(&err, ch_log_files_open(folder, false, &f, &err));
    assert_ch_ok(&err, ch_log_read_note(f.public_fd, &note, &err));
    assert_ch_ok(&err, ch_checkpoint_open(ch_buf_str(&note), &signer->key, &c, &err));
    assert_int_equal(c.size, size);
    for (uint64_t i = 0; i < size; i += size < 600 ? 1 : 97) {
        char expected[64];
        ch_buf_clear(&entry);
        assert_ch_ok(&err, ch_log_read_entry(&f, i, &entry, &err));
        entry_text(i, expected);
        assert_str_eq(ch_buf_str(&entry), expected);
        struct ch_sha256 leaf = ch_tree_leaf(h, ch_buf_str(&entry));
        assert_ch_ok(&err, ch_tree_prove_leaf(&nodes, h, i, size, &p, &err));
        assert_true(ch_tree_leaf_is_in(h, &leaf, i, size, &p, &c.root));
    }
    if (before->size > 0) {
        assert_ch_ok(&err, ch_tree_prove_growth(&nodes, h, before->size, size, &p, &err));
        assert_true(ch_tree_has_grown(h, before->size, &before->root, size, &c.root, &p));
    }
    *before = (struct ch_checkpoint){.size = c.size, .root = c.root};
    ch_buf_done(&note);
    ch_buf_done(&entry);
    ch_log_files_close(&f);
    ch_hash_free(h);
}

/* ------------------------------------------------------------------ growing */

static void test_grows(void **state)
{
    (void)state;
    static const uint64_t steps[] = {1, 1, 3, 200, 50, 1, 256, 255, 1, 700, 66000, 1};
    struct ch_checkpoint before = {.size = 0};
    uint64_t size = 1;
    check_all(1, &before);
    for (size_t i = 0; i < CH_ARRAY_LEN(steps); i++) {
        struct ch_log *log = open_log();
        assert_int_equal(ch_log_size(log), size);
        append(log, steps[i]);
        size += steps[i];
        assert_int_equal(ch_log_size(log), size);
        check_all(size, &before);
        append(log, 1); /* also without opening it again */
        check_all(++size, &before);
        ch_log_close(log);
    }
}

static void test_tiles(void **state)
{
    (void)state;
    struct ch_log *log = open_log();
    struct ch_log_files f;
    struct ch_buf leaves, above, bundle;
    struct ch_hash *h = ch_hash_new();
    append(log, 699);
    ch_log_close(log);
    ch_buf_init(&leaves, 8192);
    ch_buf_init(&above, 8192);
    ch_buf_init(&bundle, 1 << 20);
    assert_ch_ok(&err, ch_log_files_open(folder, false, &f, &err));
    assert_ch_ok(&err, ch_log_read_tile(&f, &(struct ch_tile){0, 1, 256}, &leaves, &err));
    assert_ch_ok(&err, ch_log_read_tile(&f, &(struct ch_tile){1, 0, 2}, &above, &err));
    assert_ch_ok(&err,
                 ch_log_read_tile(&f, &(struct ch_tile){CH_TILE_ENTRIES, 1, 256}, &bundle, &err));
    assert_int_equal(leaves.len, 8192);
    assert_int_equal(above.len, 64);
    /* the hash of level 1 is the root over the tile below it, which are the hashes of the bundle */
    struct ch_tree t = {.size = 0};
    struct ch_str rest = ch_buf_str(&bundle), entry;
    for (size_t i = 0; ch_bundle_next(&rest, &entry); i++) {
        struct ch_sha256 leaf = ch_tree_leaf(h, entry);
        assert_memory_equal(&leaf, leaves.ptr + 32 * i, 32);
        ch_tree_add(&t, h, &leaf, ignore_node, NULL);
    }
    assert_int_equal(rest.len, 0);
    struct ch_sha256 root = ch_tree_root(&t, h);
    assert_memory_equal(&root, above.ptr + 32, 32);
    /* what is not there yet */
    ch_buf_clear(&leaves);
    ch_buf_clear(&above);
    assert_ch_code(CH_E_FORMAT, ch_log_read_tile(&f, &(struct ch_tile){0, 2, 256}, &leaves, &err));
    assert_ch_code(CH_E_FORMAT, ch_log_read_tile(&f, &(struct ch_tile){2, 0, 1}, &above, &err));
    ch_log_files_close(&f);
    ch_buf_done(&leaves);
    ch_buf_done(&above);
    ch_buf_done(&bundle);
    ch_hash_free(h);
}

static void test_one_appends(void **state)
{
    (void)state;
    struct ch_log *log = open_log(), *other = NULL;
    assert_ch_code(CH_E_BUSY, ch_log_open(folder, signer, &other, &err));
    ch_log_close(log);
    assert_ch_code(CH_E_EXISTS, ch_log_create(folder, signer, CH_STR("{}"), &err));
}

/* ------------------------------------------------------------------ after a run that died */

/* As if it had died: closing it syncs the places and begins the journal anew, which is undone. */
static void die(struct ch_log *log)
{
    struct ch_buf journal = file_bytes("entries/journal");
    ch_log_close(log);
    replace_file("entries/journal", ch_buf_str(&journal));
    ch_buf_done(&journal);
}

/* The journal has all: whatever of the places was lost, or torn, or is older, comes back. */
static void test_comes_back(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        off_t cut; /* -1: all of it, -2: as it was before the last batch */
    } rows[] = {
        {"public/checkpoint", -1}, {"public/checkpoint", -2}, {"public/checkpoint", 20},
        {"entries/data", 1},       {"entries/data", 2000},    {"public/hashes/0", 1},
        {"public/hashes/0", 3200}, {"public/hashes/1", 32},   {"entries/bundles", 8},
        {"entries/data", 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_checkpoint before = {.size = 0};
        teardown(NULL);
        setup(NULL);
        struct ch_log *log = open_log();
        append(log, 200);
        struct ch_buf note = file_bytes("public/checkpoint");
        append(log, 150);
        check_all(351, &before);
        die(log);
        if (rows[i].cut == -2) {
            replace_file("public/checkpoint", ch_buf_str(&note));
        } else {
            cut_file(rows[i].file, rows[i].cut);
        }
        ch_buf_done(&note);
        log = open_log();
        assert_int_equal(ch_log_size(log), 351);
        append(log, 20);
        ch_log_close(log);
        check_all(371, &before);
    }
}

/* A batch that was not written to the journal to its end was never published, and is none. */
static void test_torn_journal(void **state)
{
    (void)state;
    struct ch_checkpoint before = {.size = 0};
    struct ch_log *log = open_log();
    append(log, 200);
    check_all(201, &before);
    struct ch_buf note = file_bytes("public/checkpoint"), journal = file_bytes("entries/journal");
    append(log, 150);
    struct ch_buf later = file_bytes("entries/journal");
    ch_log_close(log);
    size_t end = later.len;
    while (end > 0 && later.ptr[end - 1] == journal.ptr[end - 1]) {
        end--;
    }
    later.ptr[end - 1] ^= 1; /* the last byte of its checksum */
    replace_file("entries/journal", ch_buf_str(&later));
    log = NULL; /* its checkpoint is there, which cannot be */
    assert_ch_code(CH_E_MISMATCH, ch_log_open(folder, signer, &log, &err));
    replace_file("public/checkpoint", ch_buf_str(&note));
    log = open_log();
    assert_int_equal(ch_log_size(log), 201);
    append(log, 7);
    ch_log_close(log);
    check_all(208, &before);
    ch_buf_done(&note);
    ch_buf_done(&journal);
    ch_buf_done(&later);
}

/* It died while the journal was being begun anew. */
static void test_torn_beginning(void **state)
{
    (void)state;
    struct ch_checkpoint before = {.size = 0};
    struct ch_log *log = open_log();
    append(log, 300);
    ch_log_close(log);
    struct ch_buf journal = file_bytes("entries/journal");
    journal.ptr[50] ^= 1;
    replace_file("entries/journal", ch_buf_str(&journal));
    ch_buf_done(&journal);
    log = open_log();
    assert_int_equal(ch_log_size(log), 301);
    append(log, 1);
    ch_log_close(log);
    check_all(302, &before);
}

/* Twice: the generations begin again each time, and what an earlier one left in the same place is
 * no record of the later. */
static void test_torn_beginnings(void **state)
{
    (void)state;
    struct ch_checkpoint before = {.size = 0};
    struct ch_log *log = NULL;
    for (int i = 0; i < 2; i++) {
        struct ch_buf journal = file_bytes("entries/journal");
        journal.ptr[50] ^= 1;
        replace_file("entries/journal", ch_buf_str(&journal));
        ch_buf_done(&journal);
        log = open_log();
        if (i == 0) {
            append(log, 3);
            ch_log_close(log);
        }
    }
    die(log);
    log = open_log();
    assert_int_equal(ch_log_size(log), 4);
    append(log, 1);
    ch_log_close(log);
    check_all(5, &before);
}

/* The journal is begun anew when it is full, also several times within one append. */
static void test_full_journal(void **state)
{
    (void)state;
    struct ch_checkpoint before = {.size = 0};
    uint64_t was = ch_limits.log_journal_bytes, size = 1;
    ch_limits.log_journal_bytes = 2 * CH_NOTE_MAX + 20000;
    struct ch_log *log = open_log();
    for (int i = 0; i < 12; i++) {
        append(log, 500);
        size += 500;
    }
    append(log, 30000);
    size += 30000;
    check_all(size, &before);
    die(log);
    log = open_log();
    assert_int_equal(ch_log_size(log), size);
    ch_log_close(log);
    ch_limits.log_journal_bytes = was;
    check_all(size, &before);
}

/* What lay in its place for good may not be missing or other: then nothing is added. */
static void test_altered(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        off_t cut;
    } rows[] = {
        {"public/hashes/0", 1},
        {"public/hashes/1", 1},
    };
    struct ch_log *log = NULL;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        teardown(NULL);
        setup(NULL);
        log = open_log();
        append(log, 300);
        ch_log_close(log);
        log = NULL;
        cut_file(rows[i].file, rows[i].cut);
        assert_ch_code(CH_E_FORMAT, ch_log_open(folder, signer, &log, &err));
    }
    teardown(NULL);
    setup(NULL);
    log = open_log();
    append(log, 300);
    ch_log_close(log);
    log = NULL;
    struct ch_buf hashes = file_bytes("public/hashes/0");
    hashes.ptr[32 * 300] ^= 1;
    replace_file("public/hashes/0", ch_buf_str(&hashes));
    ch_buf_done(&hashes);
    assert_ch_code(CH_E_MISMATCH, ch_log_open(folder, signer, &log, &err));
    /* a log is not begun anew where there was one */
    cut_file("public/checkpoint", -1);
    assert_ch_code(CH_E_FORMAT, ch_log_create(folder, signer, CH_STR("{}"), &err));
}

/* Another key's log is not gone on with. */
static void test_other_key(void **state)
{
    (void)state;
    uint8_t seed[CH_NOTE_SEED_BYTES] = {7};
    struct ch_note_pair *other = NULL;
    struct ch_log *log = NULL;
    assert_ch_ok(&err, ch_note_pair_new(seed, "gw.example/audit", &other, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_log_open(folder, ch_note_pair_signer(other), &log, &err));
    assert_null(log);
    ch_note_pair_free(other);
}

/* ------------------------------------------------------------------ failures while appending */

static enum ch_code refuse(void *ctx, struct ch_str message, uint8_t *ret, struct ch_err *e)
{
    (void)ctx;
    (void)message;
    (void)ret;
    return ch_fail(e, CH_E_SYSTEM, "no signature");
}

/* Without a signature nothing is added, also not by whoever tries again; opening it goes on. */
static void test_signer_fails(void **state)
{
    (void)state;
    struct ch_checkpoint before = {.size = 0};
    struct ch_note_signer changing = *signer;
    struct ch_log *log = NULL;
    struct ch_buf bundle = entries(1, 10);
    check_all(1, &before);
    assert_ch_ok(&err, ch_log_open(folder, &changing, &log, &err));
    changing.sign = refuse;
    assert_ch_code(CH_E_SYSTEM, ch_log_append(log, ch_buf_str(&bundle), &err));
    assert_int_equal(ch_log_size(log), 1);
    changing.sign = signer->sign;
    assert_ch_code(CH_E_IO, ch_log_append(log, ch_buf_str(&bundle), &err));
    ch_log_close(log);
    check_all(1, &before);
    log = open_log();
    append(log, 10);
    ch_log_close(log);
    check_all(11, &before);
    ch_buf_done(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_grows),        T(test_tiles),          T(test_one_appends),     T(test_comes_back),
        T(test_torn_journal), T(test_torn_beginning), T(test_torn_beginnings), T(test_full_journal),
        T(test_altered),      T(test_other_key),      T(test_signer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
