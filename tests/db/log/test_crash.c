/* kill -9 at random points: what was acknowledged is in the log, the tree goes on, and no
 * checkpoint that anybody saw is contradicted. */
#include "tests/db/log/temp_log.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { KILLS = 30, RUN_MAX_US = 20000, START_MAX_MS = 30000, SEEN_MAX = 1 << 16 };

/* Batches of changing size; the size after each goes into the pipe. Runs until it is killed. */
CH_NORETURN static void child(int ack_fd)
{
    struct ch_log *log = NULL;
    if (ch_log_open(folder, signer, &log, &err) != CH_OK) {
        dprintf(STDERR_FILENO, "child: %s\n", err.msg);
        _exit(1);
    }
    for (uint64_t step = 1;; step = step * 7 % 1009) {
        struct ch_buf b = entries(ch_log_size(log), step);
        if (ch_log_append(log, ch_buf_str(&b), &err) != CH_OK) {
            dprintf(STDERR_FILENO, "child: %s\n", err.msg);
            _exit(1);
        }
        ch_buf_done(&b);
        uint64_t size = ch_log_size(log);
        if (write(ack_fd, &size, sizeof(size)) != sizeof(size)) {
            _exit(1);
        }
    }
}

struct seen {
    uint64_t size;
    struct ch_sha256 root;
};
static struct seen seen[SEEN_MAX];
static size_t seen_count;

/* Reads the checkpoint as a client would, while it is being replaced. */
static void look(void)
{
    struct ch_log_files f;
    struct ch_buf note;
    struct ch_checkpoint c;
    ch_buf_init(&note, CH_NOTE_MAX);
    assert_ch_ok(&err, ch_log_files_open(folder, false, &f, &err));
    assert_ch_ok(&err, ch_log_read_note(f.public_fd, &note, &err));
    assert_ch_ok(&err, ch_checkpoint_open(ch_buf_str(&note), &signer->key, &c, &err));
    if ((seen_count == 0 || seen[seen_count - 1].size != c.size) && seen_count < SEEN_MAX) {
        seen[seen_count++] = (struct seen){c.size, c.root};
    }
    ch_log_files_close(&f);
    ch_buf_done(&note);
}

/* Runs a child for a while, returns the last size that it acknowledged. */
static uint64_t run_and_kill(unsigned run_us, uint64_t acknowledged)
{
    int ack[2];
    assert_int_equal(pipe(ack), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ack[0]);
        child(ack[1]);
    }
    close(ack[1]);
    struct pollfd started = {.fd = ack[0], .events = POLLIN};
    assert_int_equal(poll(&started, 1, START_MAX_MS), 1); /* so that every run does something */
    for (unsigned us = 0; us < run_us; us += 500) {
        usleep(500);
        look();
    }
    kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    for (uint64_t size; read(ack[0], &size, sizeof(size)) == sizeof(size);) {
        acknowledged = size;
    }
    close(ack[0]);
    look();
    return acknowledged;
}

static void check_everything_seen(void)
{
    struct ch_log_files f;
    struct ch_hash *h = ch_hash_new();
    struct ch_log_reader reader = {&f.public, h};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    assert_ch_ok(&err, ch_log_files_open(folder, false, &f, &err));
    struct seen last = seen[seen_count - 1];
    for (size_t i = 0; i < seen_count; i++) {
        struct ch_tree_proof p;
        assert_ch_ok(&err, ch_tree_prove_growth(&nodes, h, seen[i].size, last.size, &p, &err));
        assert_true(ch_tree_has_grown(h, seen[i].size, &seen[i].root, last.size, &last.root, &p));
    }
    /* the hashes are those of the entries, which are what was appended */
    struct ch_tree t = {.size = 0};
    struct ch_buf bundle;
    ch_buf_init(&bundle, 1 << 20);
    while (t.size < last.size) {
        uint64_t left = last.size - t.size;
        struct ch_tile tile = {CH_TILE_ENTRIES, t.size / CH_TILE_HASHES,
                               left < CH_TILE_HASHES ? (unsigned)left : CH_TILE_HASHES};
        ch_buf_clear(&bundle);
        assert_ch_ok(&err, ch_log_read_tile(&f, &tile, &bundle, &err));
        struct ch_str rest = ch_buf_str(&bundle), entry;
        while (ch_bundle_next(&rest, &entry)) {
            char expected[64];
            entry_text(t.size, expected);
            assert_str_eq(entry, expected);
            struct ch_sha256 leaf = ch_tree_leaf(h, entry);
            ch_tree_add(&t, h, &leaf, ignore_node, NULL);
        }
    }
    struct ch_sha256 root = ch_tree_root(&t, h);
    assert_memory_equal(&root, &last.root, sizeof(root));
    ch_buf_done(&bundle);
    ch_log_files_close(&f);
    ch_hash_free(h);
}

static void test_killed(void **state)
{
    (void)state;
    unsigned seed = 1;
    uint64_t acknowledged = 1;
    for (int i = 0; i < KILLS; i++) {
        seed = seed * 1103515245 + 12345;
        acknowledged = run_and_kill((seed >> 8) % RUN_MAX_US, acknowledged);
        struct ch_log *log = open_log();
        assert_true(ch_log_size(log) >= acknowledged);
        ch_log_close(log);
        look();
        assert_true(seen[seen_count - 1].size >= acknowledged);
    }
    check_everything_seen();
    assert_true(seen_count > KILLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(test_killed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
