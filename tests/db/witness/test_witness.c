/* A witness and logs: what it cosigns, what never, and what it remembers. */
#include "tests/ch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/log/cosign.h"
#include "db/witness/witness.h"

#define ORIGIN "gw.example/audit"
#define LEAVES 80

static struct ch_err err;
static char state_dir[64];
static struct ch_note_pair *key, *next_key, *strange_key;
static struct witness_log logs[3];
static struct ch_hash *hash;

/* Two logs that have the first FORK leaves in common. */
#define FORK 20
struct leaves {
    struct ch_sha256 leaf[LEAVES];
};
static struct leaves honest, forked;

/* ------------------------------------------------------------------ logs */

static void ignore_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    (void)ctx;
    (void)height;
    (void)index;
    (void)node;
}

static struct ch_sha256 root_of(const struct leaves *l, uint64_t size)
{
    struct ch_tree t = {.size = 0};
    for (uint64_t i = 0; i < size; i++) {
        ch_tree_add(&t, hash, &l->leaf[i], ignore_node, NULL);
    }
    return ch_tree_root(&t, hash);
}

static enum ch_code get_node(void *ctx, unsigned height, uint64_t index, struct ch_sha256 *ret,
                             struct ch_err *e)
{
    const struct leaves *l = ctx;
    struct ch_sha256 left, right;
    if (height == 0) {
        *ret = l->leaf[index];
        return CH_OK;
    }
    assert_ch_ok(&err, get_node(ctx, height - 1, 2 * index, &left, e));
    assert_ch_ok(&err, get_node(ctx, height - 1, 2 * index + 1, &right, e));
    *ret = ch_tree_node(hash, &left, &right);
    return CH_OK;
}

static struct ch_buf note_of(struct leaves *l, uint64_t size, const char *origin,
                             const struct ch_note_signer *signer)
{
    struct ch_checkpoint c = {.origin = ch_str_of(origin), .size = size, .root = root_of(l, size)};
    struct ch_buf text, note;
    ch_buf_init(&text, 4096);
    ch_buf_init(&note, 8192);
    ch_checkpoint_put(&text, &c);
    assert_ch_ok(&err, ch_note_sign(ch_buf_str(&text), signer, &note, &err));
    ch_buf_done(&text);
    return note;
}

static struct ch_tree_proof proof_of(struct leaves *l, uint64_t from, uint64_t to)
{
    struct ch_nodes nodes = {.get = get_node, .ctx = l};
    struct ch_tree_proof p = {.count = 0};
    if (from > 0 && from < to) {
        assert_ch_ok(&err, ch_tree_prove_growth(&nodes, hash, from, to, &p, &err));
    }
    return p;
}

static struct witness_answer send_body(struct witness *w, struct ch_str body)
{
    struct witness_answer a;
    witness_add_checkpoint(w, body, 1700000000, &a);
    return a;
}

static struct witness_answer send(struct witness *w, struct leaves *l, uint64_t from, uint64_t to)
{
    struct ch_buf body, note = note_of(l, to, ORIGIN, ch_note_pair_signer(key));
    struct ch_tree_proof p = proof_of(l, from, to);
    ch_buf_init(&body, CH_SUBMISSION_MAX);
    ch_submission_put(&body, from, &p, ch_buf_str(&note));
    struct witness_answer a = send_body(w, ch_buf_str(&body));
    ch_buf_done(&body);
    ch_buf_done(&note);
    return a;
}

/* ------------------------------------------------------------------ the witness */

static struct witness *open_witness(void)
{
    struct witness *w = NULL;
    assert_ch_ok(&err, witness_open(state_dir, NULL, logs, 2, &w, &err));
    return w;
}

static struct ch_note_key key_of(const struct witness *w)
{
    struct ch_buf vkey;
    struct ch_note_key k;
    ch_buf_init(&vkey, 1024);
    witness_put_vkey(w, &vkey);
    assert_ch_ok(&err, ch_cosigner_get(ch_buf_str(&vkey), &k, &err));
    ch_buf_done(&vkey);
    return k;
}

static void assert_cosigned(const struct witness *w, struct witness_answer a, struct leaves *l,
                            uint64_t size)
{
    struct ch_note_key k = key_of(w);
    struct ch_buf note = note_of(l, size, ORIGIN, ch_note_pair_signer(key));
    struct ch_str text, line;
    uint64_t time_s;
    assert_int_equal(a.status, 200);
    assert_int_equal(a.event, WITNESS_COSIGNED);
    assert_ch_ok(&err, ch_note_text(ch_buf_str(&note), &text, &err));
    assert_ch_ok(&err, ch_cosignature_find(text, ch_buf_str(&a.body), &k, &line, &time_s, &err));
    assert_int_equal(time_s, 1700000000);
    ch_buf_done(&note);
    witness_answer_done(&a);
}

static void assert_refused(struct witness_answer a, int status, const char *body)
{
    assert_int_equal(a.status, status);
    if (body != NULL) {
        assert_str_eq(ch_buf_str(&a.body), body);
        assert_string_equal(a.content_type, CH_SUBMISSION_SIZE_TYPE);
    } else {
        assert_false(ch_str_starts(ch_buf_str(&a.body), CH_STR("\xe2\x80\x94")));
    }
    witness_answer_done(&a);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void make_pair(uint8_t byte, const char *name, struct ch_note_pair **ret)
{
    uint8_t seed[CH_NOTE_SEED_BYTES];
    memset(seed, byte, sizeof(seed));
    assert_ch_ok(&err, ch_note_pair_new(seed, name, ret, &err));
}

static int setup(void **state)
{
    (void)state;
    hash = ch_hash_new();
    make_pair(1, ORIGIN, &key);
    make_pair(2, ORIGIN, &next_key);
    make_pair(3, ORIGIN, &strange_key);
    for (size_t i = 0; i < LEAVES; i++) {
        char text[32];
        snprintf(text, sizeof(text), "entry %zu", i);
        honest.leaf[i] = ch_tree_leaf(hash, ch_str_of(text));
        forked.leaf[i] = honest.leaf[i];
        if (i >= FORK) {
            forked.leaf[i] = ch_tree_leaf(hash, CH_STR("another history"));
        }
    }
    snprintf(logs[0].origin, sizeof(logs[0].origin), "%s", ORIGIN);
    logs[0].key = ch_note_pair_signer(key)->key;
    logs[1] = logs[0];
    logs[1].key = ch_note_pair_signer(next_key)->key;
    snprintf(state_dir, sizeof(state_dir), "witness-test-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_note_pair_free(key);
    ch_note_pair_free(next_key);
    ch_note_pair_free(strange_key);
    ch_hash_free(hash);
    nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* ------------------------------------------------------------------ the rule */

static void it_cosigns_what_has_grown(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    static const uint64_t sizes[] = {1, 2, 3, 7, 8, 8, 20, 63, 64, 80};
    uint64_t from = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(sizes); i++) {
        assert_cosigned(w, send(w, &honest, from, sizes[i]), &honest, sizes[i]);
        from = sizes[i];
    }
    witness_close(w);
}

static void another_size_is_told_the_last(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    assert_refused(send(w, &honest, 3, 8), 409, "0\n");
    assert_cosigned(w, send(w, &honest, 0, 8), &honest, 8);
    assert_refused(send(w, &honest, 0, 8), 409, "8\n");
    assert_refused(send(w, &honest, 3, 12), 409, "8\n");
    assert_refused(send(w, &honest, 0, 12), 409, "8\n");
    assert_refused(send(w, &honest, 0, 3), 409, "8\n"); /* an older one is no answer to a newer */
    assert_refused(send(w, &honest, 9, 12), 409, "8\n");
    witness_close(w);
}

/* The forked log proves what it can: that it has grown from its own past. */
static void a_fork_is_refused(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    assert_cosigned(w, send(w, &honest, 0, 30), &honest, 30);
    struct witness_answer a = send(w, &forked, 30, 30);
    assert_int_equal(a.event, WITNESS_OTHER_ROOT);
    assert_true(ch_str_starts(ch_buf_str(&a.said),
                              CH_STR("event=contradiction origin=" ORIGIN " size=30 root=")));
    assert_true(ch_str_find(ch_buf_str(&a.said), CH_STR("note=\"" ORIGIN "\\x0a30\\x0a"), NULL));
    assert_refused(a, 409, "30\n");
    a = send(w, &forked, 30, 30); /* in the same second */
    assert_int_equal(a.said.len, 0);
    assert_refused(a, 409, "30\n");
    a = send(w, &forked, 30, 40);
    assert_int_equal(a.event, WITNESS_NO_GROWTH);
    assert_true(ch_str_starts(ch_buf_str(&a.said), CH_STR("event=no-growth origin=" ORIGIN)));
    assert_refused(a, 422, NULL);
    assert_cosigned(w, send(w, &honest, 30, 40), &honest, 40);
    witness_close(w);
}

/* From where both are one, the fork is as good as the other: but only until one is cosigned. */
static void of_two_futures_it_cosigns_one(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    assert_cosigned(w, send(w, &honest, 0, FORK), &honest, FORK);
    assert_cosigned(w, send(w, &forked, FORK, 30), &forked, 30);
    assert_refused(send(w, &honest, FORK, 30), 409, "30\n");
    assert_refused(send(w, &honest, 30, 31), 422, NULL);
    witness_close(w);
}

static void a_proof_must_prove(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    struct ch_buf body, note = note_of(&honest, 12, ORIGIN, ch_note_pair_signer(key));
    struct ch_tree_proof good = proof_of(&honest, 7, 12), bad;
    ch_buf_init(&body, CH_SUBMISSION_MAX);
    /* "The proof MUST be empty if the old size is zero" */
    ch_submission_put(&body, 0, &good, ch_buf_str(&note));
    assert_refused(send_body(w, ch_buf_str(&body)), 422, NULL);
    assert_cosigned(w, send(w, &honest, 0, 7), &honest, 7);
    for (size_t i = 0; i < good.count; i++) {
        bad = good;
        bad.hash[i].byte[31] ^= 1;
        ch_buf_clear(&body);
        ch_submission_put(&body, 7, &bad, ch_buf_str(&note));
        assert_refused(send_body(w, ch_buf_str(&body)), 422, NULL);
    }
    for (size_t count = 0; count <= good.count + 1; count++) {
        if (count == good.count) {
            continue;
        }
        bad = good;
        bad.count = count;
        ch_buf_clear(&body);
        ch_submission_put(&body, 7, &bad, ch_buf_str(&note));
        assert_refused(send_body(w, ch_buf_str(&body)), 422, NULL);
    }
    assert_cosigned(w, send(w, &honest, 7, 12), &honest, 12);
    ch_buf_done(&body);
    ch_buf_done(&note);
    witness_close(w);
}

static void only_known_keys_of_the_log_count(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    const struct {
        int status;
        const char *origin;
        struct ch_note_pair *pair;
    } rows[] = {
        {403, ORIGIN, strange_key}, {404, "other.example/log", key}, {200, ORIGIN, next_key}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf body,
            note = note_of(&honest, 5, rows[i].origin, ch_note_pair_signer(rows[i].pair));
        ch_buf_init(&body, CH_SUBMISSION_MAX);
        ch_submission_put(&body, 0, &(struct ch_tree_proof){.count = 0}, ch_buf_str(&note));
        struct witness_answer a = send_body(w, ch_buf_str(&body));
        assert_int_equal(a.status, rows[i].status);
        witness_answer_done(&a);
        ch_buf_done(&body);
        ch_buf_done(&note);
    }
    witness_close(w);
}

static void a_signature_of_another_text_is_none(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    struct ch_buf body, note = note_of(&honest, 5, ORIGIN, ch_note_pair_signer(key));
    size_t at;
    ch_buf_init(&body, CH_SUBMISSION_MAX);
    ch_submission_put(&body, 0, &(struct ch_tree_proof){.count = 0}, ch_buf_str(&note));
    assert_true(ch_str_find(ch_buf_str(&body), CH_STR("\n5\n"), &at));
    body.ptr[at + 1] = '6';
    assert_refused(send_body(w, ch_buf_str(&body)), 403, NULL);
    assert_refused(send_body(w, CH_STR("old 0\n")), 400, NULL);
    assert_refused(send_body(w, CH_STR("")), 400, NULL);
    ch_buf_done(&body);
    ch_buf_done(&note);
    witness_close(w);
}

/* ------------------------------------------------------------------ what it remembers */

static void it_remembers(void **state)
{
    (void)state;
    struct witness *w = open_witness();
    struct ch_note_key before = key_of(w);
    assert_cosigned(w, send(w, &honest, 0, 30), &honest, 30);
    witness_close(w);
    w = open_witness();
    struct ch_note_key after = key_of(w);
    assert_string_equal(before.name, after.name);
    assert_memory_equal(before.public_key, after.public_key, sizeof(after.public_key));
    assert_refused(send(w, &forked, 30, 30), 409, "30\n");
    assert_refused(send(w, &honest, 0, 31), 409, "30\n");
    assert_cosigned(w, send(w, &honest, 30, 31), &honest, 31);
    witness_close(w);
}

/* A child cosigns as fast as it can and is killed somewhere; what it has answered is on disk. */
static void killed_it_remembers_what_it_answered(void **state)
{
    (void)state;
    uint64_t known = 0;
    witness_close(open_witness()); /* with its key, which takes its time */
    for (unsigned round = 0; round < 8 && known < LEAVES; round++) {
        int answered[2];
        assert_int_equal(pipe(answered), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct witness *w = NULL;
            if (witness_open(state_dir, NULL, logs, 2, &w, NULL) != CH_OK) {
                _exit(1);
            }
            for (uint64_t size = known; size < LEAVES; size++) {
                struct witness_answer a = send(w, &honest, size, size + 1);
                uint8_t told = (uint8_t)(size + 1);
                if (a.status == 200 && write(answered[1], &told, 1) != 1) {
                    _exit(1);
                }
                witness_answer_done(&a);
            }
            _exit(0);
        }
        uint8_t told = (uint8_t)known;
        close(answered[1]);
        for (unsigned n = 0; n <= round; n++) { /* not at one place each time */
            if (read(answered[0], &told, 1) != 1) {
                break;
            }
        }
        kill(pid, SIGKILL);
        while (read(answered[0], &told, 1) == 1) {
        }
        close(answered[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(told > known || known == LEAVES);
        struct witness *w = open_witness();
        struct witness_answer a = send(w, &honest, 0, LEAVES);
        uint64_t size = 0;
        assert_int_equal(a.status, 409);
        assert_true(ch_submission_size_get(ch_buf_str(&a.body), &size));
        assert_in_range(size, told, told + 1); /* one more may be recorded, and not be answered */
        known = size;
        witness_answer_done(&a);
        witness_close(w);
    }
}

static void make_file(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", state_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static char *record_path(char path[512])
{
    struct ch_sha256 d = ch_sha256_of(ORIGIN, strlen(ORIGIN));
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&d, hex);
    snprintf(path, 512, "checkpoints/%s", hex);
    return path;
}

static enum ch_code reopen(void)
{
    struct witness *w = NULL;
    enum ch_code rc = witness_open(state_dir, NULL, logs, 2, &w, &err);
    witness_close(w);
    return rc;
}

/* What it does not know it may have cosigned it must not cosign. */
static void what_is_not_its_own_stops_it(void **state)
{
    (void)state;
    char path[512], whole[1024];
    struct witness *w = open_witness();
    struct ch_buf note = note_of(&honest, 3, ORIGIN, ch_note_pair_signer(key));
    assert_cosigned(w, send(w, &honest, 0, 30), &honest, 30);
    witness_close(w);
    assert_ch_ok(&err, reopen());
    ch_buf_putc(&note, '\0');
    make_file(record_path(path), note.ptr); /* the log's signature, but not ours */
    assert_ch_code(CH_E_NOT_FOUND, reopen());
    make_file(record_path(path), "");
    assert_ch_code(CH_E_FORMAT, reopen());
    ch_buf_done(&note);
    /* all of them lost */
    snprintf(whole, sizeof(whole), "%s/%s", state_dir, path);
    assert_int_equal(unlink(whole), 0);
    snprintf(whole, sizeof(whole), "%s/checkpoints", state_dir);
    assert_int_equal(rmdir(whole), 0);
    assert_ch_code(CH_E_FORMAT, reopen());
    assert_true(strstr(err.msg, "begin with another folder") != NULL);
}

static void an_interrupted_write_is_passed_over(void **state)
{
    (void)state;
    char path[512];
    struct witness *w = open_witness();
    assert_cosigned(w, send(w, &honest, 0, 30), &honest, 30);
    witness_close(w);
    strcat(record_path(path), ".new");
    make_file(path, "half of");
    w = open_witness();
    assert_cosigned(w, send(w, &honest, 30, 31), &honest, 31);
    witness_close(w);
    assert_ch_ok(&err, reopen());
}

/* Without room for the record there is no cosignature, and nothing is known of it. */
static void what_cannot_be_recorded_is_not_cosigned(void **state)
{
    (void)state;
    char path[512];
    struct witness *w = open_witness();
    assert_cosigned(w, send(w, &honest, 0, 10), &honest, 10);
    strcat(record_path(path), ".new");
    char whole[1024];
    snprintf(whole, sizeof(whole), "%s/%s", state_dir, path);
    assert_int_equal(mkdir(whole, 0700), 0); /* in the way */
    struct witness_answer a = send(w, &honest, 10, 11);
    assert_int_equal(a.event, WITNESS_CANNOT_RECORD);
    assert_true(ch_str_starts(ch_buf_str(&a.said), CH_STR("event=not-recorded")));
    assert_refused(a, 500, NULL);
    assert_int_equal(rmdir(whole), 0);
    assert_cosigned(w, send(w, &honest, 10, 12), &honest, 12);
    witness_close(w);
}

static void its_folder_is_its_own(void **state)
{
    (void)state;
    struct witness *w = open_witness(), *second = NULL;
    struct stat st;
    char path[256];
    assert_ch_code(CH_E_BUSY, witness_open(state_dir, NULL, logs, 2, &second, &err));
    witness_close(w);
    assert_ch_code(CH_E_USAGE, witness_open(state_dir, "other", logs, 2, &second, &err));
    assert_ch_code(CH_E_USAGE, witness_open(state_dir, "a b", logs, 2, &second, &err));
    snprintf(path, sizeof(path), "%s/keys", state_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(chmod(path, 0750), 0);
    assert_ch_code(CH_E_DENIED, reopen());
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(chmod(state_dir, 0777), 0);
    assert_ch_code(CH_E_DENIED, reopen());
    assert_int_equal(chmod(state_dir, 0700), 0);
    make_file("customhouse.yaml", "");
    assert_ch_code(CH_E_USAGE, reopen());
}

static void a_name_is_given_once(void **state)
{
    (void)state;
    struct witness *w = NULL;
    assert_ch_ok(&err, witness_open(state_dir, "witness.example/w1", logs, 2, &w, &err));
    assert_string_equal(key_of(w).name, "witness.example/w1");
    witness_close(w);
    w = open_witness();
    assert_string_equal(key_of(w).name, "witness.example/w1");
    witness_close(w);
}

static void logs_are_named_by_their_keys(void **state)
{
    (void)state;
    struct witness_log log;
    struct ch_buf vkey;
    ch_buf_init(&vkey, 1024);
    ch_note_key_put(&vkey, &ch_note_pair_signer(key)->key);
    assert_ch_ok(&err, witness_log_get(ch_buf_str(&vkey), &log, &err));
    assert_string_equal(log.origin, ORIGIN);
    ch_buf_puts(&vkey, CH_STR("@other.example/log@2"));
    assert_ch_ok(&err, witness_log_get(ch_buf_str(&vkey), &log, &err));
    assert_string_equal(log.origin, "other.example/log@2");
    assert_string_equal(log.key.name, ORIGIN);
    ch_buf_puts(&vkey, CH_STR(" "));
    assert_ch_code(CH_E_FORMAT, witness_log_get(ch_buf_str(&vkey), &log, &err));
    static const char *const bad[] = {"", "a", "a+b", "a+00000000+", "@", "a+00000000+@b"};
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_ch_code(CH_E_FORMAT, witness_log_get(ch_str_of(bad[i]), &log, &err));
    }
    ch_buf_clear(&vkey); /* a witness's is not a log's */
    ch_cosigner_put(&vkey, &ch_note_pair_signer(key)->key);
    assert_ch_code(CH_E_UNSUPPORTED, witness_log_get(ch_buf_str(&vkey), &log, &err));
    ch_buf_done(&vkey);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_cosigns_what_has_grown),
        T(another_size_is_told_the_last),
        T(a_fork_is_refused),
        T(of_two_futures_it_cosigns_one),
        T(a_proof_must_prove),
        T(only_known_keys_of_the_log_count),
        T(a_signature_of_another_text_is_none),
        T(it_remembers),
        T(killed_it_remembers_what_it_answered),
        T(what_is_not_its_own_stops_it),
        T(an_interrupted_write_is_passed_over),
        T(what_cannot_be_recorded_is_not_cosigned),
        T(its_folder_is_its_own),
        T(a_name_is_given_once),
        T(logs_are_named_by_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
