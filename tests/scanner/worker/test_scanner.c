/* The real scanner, started and confined as the supervisor does it, asked as the keeper asks: both
 * roles answer from inside their jails. argv[1] is the folder of the executables. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"
#include "tests/scanner/eco/pypi/wheel_build.h"

#define TEST_UID 61291u

enum { WAIT_MS = 60000 }; /* for a loaded machine; a broken channel is noticed at once */

static const char *folder;

static const char config[] = "listen:\n"
                             "  - address: \"127.0.0.1:8080\"\n"
                             "upstreams:\n"
                             "  - name: up\n"
                             "    ecosystem: pypi\n"
                             "    url: \"https://index.example.org/simple\"\n"
                             "repositories:\n"
                             "  - name: pypi\n"
                             "    ecosystem: pypi\n"
                             "    upstreams: [up]\n";

struct scanner {
    struct ch_spawned child;
    int keeper; /* our end: the test is the keeper */
    enum ch_role role;
    int output;                   /* of the last job */
    struct ch_rules_loaded rules; /* as it announced them */
    struct ch_sha256 ruleset;     /* of the last job's answer */
};

static int memory_of(const void *bytes, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    if (bytes != NULL) {
        assert_int_equal(write(fd, bytes, size), size);
    } else {
        assert_int_equal(ftruncate(fd, (off_t)size), 0);
    }
    return fd;
}

static void send_setup(struct scanner *s, uint32_t uid)
{
    struct ch_err err;
    struct ch_buf b;
    struct ch_setup setup = {.role = s->role,
                             .instances = 1,
                             .uid = uid,
                             .gid = uid,
                             .state_dir = CH_STR("/"),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = CH_STR(config)};
    int fds[3] = {memory_of(NULL, sizeof(struct ch_epoch_page)),
                  memory_of(NULL, (size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES),
                  open("/dev/null", O_WRONLY | O_CLOEXEC)};
    ch_buf_init(&b, 1 << 20);
    ch_setup_put(&b, &setup);
    assert_ch_ok(&err, ch_frame_write(s->child.channel, CH_MSG_SETUP, ch_buf_str(&b), fds, 3,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    ch_buf_done(&b);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

/* One frame of this type, its payload in `b`. */
static void expect(int fd, enum ch_role from, uint16_t type, struct ch_buf *b)
{
    struct ch_err err;
    int fds[CH_FRAME_MAX_FDS];
    size_t count = 0;
    uint16_t got = CH_MSG_NONE;
    ch_buf_clear(b);
    assert_ch_ok(&err,
                 ch_frame_read(fd, from, &got, b, fds, &count, ch_now_boot_ms() + WAIT_MS, &err));
    assert_int_equal(got, type);
    assert_int_equal(count, 0);
}

static void expect_rules(struct scanner *s)
{
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 10);
    expect(s->keeper, s->role, CH_MSG_RULES, &b);
    assert_ch_ok(&err, ch_rules_loaded_get(ch_buf_str(&b), &s->rules, &err));
    ch_buf_done(&b);
}

static void start(struct scanner *s, enum ch_role role)
{
    struct ch_err err;
    struct ch_buf b;
    int pair[2];
    uint32_t uid = geteuid() == 0 ? TEST_UID : 0;
    *s = (struct scanner){.role = role, .output = -1};
    struct ch_spawn_options options = {.role = role, .folder = folder, .uid = uid, .gid = uid};
    assert_ch_ok(&err, ch_spawn(&options, &s->child, &err));
    send_setup(s, uid);
    ch_buf_init(&b, 1 << 20);
    expect(s->child.channel, role, CH_MSG_READY, &b);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct ch_peer peer = {.role = CH_ROLE_KEEPER};
    ch_buf_clear(&b);
    ch_peer_put(&b, &peer);
    assert_ch_ok(&err, ch_frame_write(s->child.channel, CH_MSG_PEER, ch_buf_str(&b), &pair[1], 1,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    close(pair[1]);
    s->keeper = pair[0];
    if (role == CH_ROLE_SCANNER_SECOND) {
        expect_rules(s);
    }
    ch_buf_done(&b);
}

static void stop(struct scanner *s)
{
    int status;
    struct ch_err err;
    assert_ch_ok(&err, ch_frame_write(s->child.channel, CH_MSG_DRAIN, CH_STR(""), NULL, 0,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    assert_int_equal(waitpid(s->child.pid, &status, 0), s->child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(s->child.channel);
    close(s->child.pidfd);
    close(s->keeper);
    if (s->output >= 0) {
        close(s->output);
    }
}

/* Sends a job and gives what the parent said about it. */
static enum ch_scan_outcome scan(struct scanner *s, struct ch_scan_job job, struct ch_str bytes)
{
    struct ch_err err;
    struct ch_buf b;
    struct ch_scanned m;
    ch_buf_init(&b, 1 << 20);
    job.id = 42;
    job.size_bytes = bytes.len;
    ch_scan_job_put(&b, &job);
    if (s->output >= 0) {
        close(s->output);
    }
    s->output = memory_of(NULL, 0);
    int fds[2] = {memory_of(bytes.ptr, bytes.len), s->output};
    assert_ch_ok(&err, ch_frame_write(s->keeper, CH_MSG_SCAN, ch_buf_str(&b), fds, 2,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    close(fds[0]);
    expect(s->keeper, s->role, CH_MSG_SCANNED, &b);
    assert_ch_ok(&err, ch_scanned_get(ch_buf_str(&b), &m, &err));
    assert_int_equal(m.job, 42);
    s->ruleset = m.ruleset;
    if (m.outcome != CH_SCAN_DONE && m.outcome != CH_SCAN_FAILED) {
        fail_msg("outcome %d, signal %u: %.*s", (int)m.outcome, m.signal, CH_STR_ARG(m.text));
    }
    ch_buf_done(&b);
    return m.outcome;
}

/* The keeper seals what it decodes: possible only when no writer is left. How many of one type. */
static uint64_t count_records(struct scanner *s, enum ch_scan_record_type type, struct ch_str input)
{
    struct ch_scan_reader r;
    struct ch_scan_record rec = {.type = CH_REC_NONE};
    struct ch_err err;
    enum ch_code rc;
    assert_int_equal(fcntl(s->output, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    size_t size = (size_t)lseek(s->output, 0, SEEK_END);
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, s->output, 0);
    assert_true(map != MAP_FAILED);
    ch_scan_reader_init(&r, (struct ch_str){map, size});
    do {
        rc = ch_scan_read(&r, &rec, &err);
    } while (rc == CH_OK);
    assert_ch_code(CH_E_NOT_FOUND, rc);
    struct ch_sha256 digest = ch_sha256_of(input.ptr, input.len);
    assert_true(ch_sha256_eq(&digest, &rec.u.end.sha256));
    munmap(map, size);
    return r.count[type];
}

static struct ch_scan_job page_job(const char *profile, enum ch_scan_kind kind)
{
    return (struct ch_scan_job){.kind = kind,
                                .ecosystem = CH_STR("pypi"),
                                .profile = ch_str_of(profile),
                                .project = CH_STR("foo"),
                                .base_url = CH_STR("https://example.org/simple/foo/")};
}

static void the_strict_role_reads_pages_and_wheels(void **state)
{
    (void)state;
    struct scanner s;
    start(&s, CH_ROLE_SCANNER_STRICT);
    struct ch_str json =
        CH_STR("{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"foo\",\"files\":[{"
               "\"filename\":\"foo-1.zip\",\"url\":\"foo-1.zip\",\"hashes\":{}}]}");
    assert_int_equal(scan(&s, page_job("page-json", CH_SCAN_INDEX), json), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_INDEX_FILE, json), 1);
    struct ch_str html =
        CH_STR("<a href='foo-1.zip'>foo-1.zip</a><a href='foo-2.zip'>foo-2.zip</a>");
    assert_int_equal(scan(&s, page_job("page-html", CH_SCAN_INDEX), html), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_INDEX_FILE, html), 2);
    assert_int_equal(scan(&s, page_job("page-json", CH_SCAN_INDEX), html), CH_SCAN_FAILED);
    assert_int_equal(scan(&s, page_job("page-html", CH_SCAN_INDEX), CH_STR("")), CH_SCAN_FAILED);
    struct ch_str metadata = CH_STR("Metadata-Version: 2.1\nName: foo\nVersion: 1\n"
                                    "Requires-Dist: x @ https://example.org/x\n");
    assert_int_equal(scan(&s, page_job("wheel", CH_SCAN_METADATA), metadata), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_FINDING, metadata), 1);
    assert_int_equal(scan(&s, page_job("egg", CH_SCAN_ARTIFACT), metadata), CH_SCAN_FAILED);

    struct wheel_spec spec = {0};
    struct zb wheel;
    wheel_build(&wheel, &spec);
    struct ch_str bytes = ch_buf_str(&wheel.bytes);
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    uint64_t findings = count_records(&s, CH_REC_FINDING, bytes);
    assert_int_equal(findings, 0);
    zb_done(&wheel);
    stop(&s);
}

static void the_second_role_lists_archives_only(void **state)
{
    (void)state;
    struct scanner s;
    start(&s, CH_ROLE_SCANNER_SECOND);
    struct wheel_spec spec = {0};
    struct zb wheel;
    wheel_build(&wheel, &spec);
    struct ch_str bytes = ch_buf_str(&wheel.bytes);
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_true(count_records(&s, CH_REC_MEMBER, bytes) >= 3);
    assert_true(s.rules.rule_count >= 40);
    assert_false(ch_sha256_is_zero(&s.ruleset));
    assert_true(ch_sha256_eq(&s.rules.ruleset, &s.ruleset));
    zb_done(&wheel);
    assert_int_equal(scan(&s, page_job("page-html", CH_SCAN_INDEX), CH_STR("<html></html>")),
                     CH_SCAN_FAILED);
    stop(&s);
}

/* RELOAD with one file of rules; what it answers, before it matches any of them. */
static enum ch_code reload(struct scanner *s, const char *rules, struct ch_buf *text)
{
    struct ch_err err;
    struct ch_buf b;
    struct ch_reloaded answer;
    struct ch_setup setup = {.role = s->role,
                             .instances = 1,
                             .state_dir = CH_STR("/"),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = CH_STR(config),
                             .rules = rules != NULL};
    struct ch_rule_text t = {CH_STR("/site/own.yar"), ch_str_of(rules)};
    ch_buf_init(&b, 1 << 20);
    ch_rule_text_put(&b, &t);
    int fd = memory_of(b.ptr, b.len);
    ch_buf_clear(&b);
    ch_setup_put(&b, &setup);
    assert_ch_ok(&err, ch_frame_write(s->child.channel, CH_MSG_RELOAD, ch_buf_str(&b), &fd,
                                      rules != NULL ? 1 : 0, ch_now_boot_ms() + WAIT_MS, &err));
    close(fd);
    expect(s->child.channel, s->role, CH_MSG_RELOADED, &b);
    assert_ch_ok(&err, ch_reloaded_get(ch_buf_str(&b), &answer, &err));
    ch_buf_clear(text);
    ch_buf_puts(text, answer.text);
    ch_buf_done(&b);
    return answer.code;
}

static void end_reload(struct scanner *s, bool taken)
{
    struct ch_err err;
    struct ch_buf b;
    struct ch_reload_end end = {taken, ch_str_of(taken ? NULL : "another could not")};
    ch_buf_init(&b, 4096);
    ch_reload_end_put(&b, &end);
    assert_ch_ok(&err, ch_frame_write(s->child.channel, CH_MSG_RELOAD_END, ch_buf_str(&b), NULL, 0,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    ch_buf_done(&b);
}

/* The wheel's package is matched by a rule that comes while the scanner is confined already. */
static void the_site_s_rules_come_and_go(void **state)
{
    (void)state;
    struct scanner s;
    struct wheel_spec spec = {0};
    struct zb wheel;
    struct ch_buf text;
    ch_buf_init(&text, 1 << 16);
    wheel_build(&wheel, &spec);
    struct ch_str bytes = ch_buf_str(&wheel.bytes);
    start(&s, CH_ROLE_SCANNER_SECOND);
    struct ch_rules_loaded shipped = s.rules;
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_FINDING, bytes), 0);

    const char *own = "rule own { strings: $a = \"Wheel-Version\" condition: $a }";
    /* what it could match, but another process could not work with, it does not match */
    assert_ch_code(CH_OK, reload(&s, own, &text));
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_true(ch_sha256_eq(&s.ruleset, &shipped.ruleset));
    end_reload(&s, false);
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_true(ch_sha256_eq(&s.ruleset, &shipped.ruleset));

    assert_ch_code(CH_OK, reload(&s, own, &text));
    end_reload(&s, true);
    expect_rules(&s);
    struct ch_rules_loaded with = s.rules;
    assert_int_equal(with.rule_count, shipped.rule_count + 1);
    assert_false(ch_sha256_eq(&with.ruleset, &shipped.ruleset));
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_FINDING, bytes), 1);
    assert_true(ch_sha256_eq(&s.ruleset, &with.ruleset));

    /* a mistake changes nothing, and names its place */
    assert_ch_code(CH_E_FORMAT, reload(&s, "rule own {\n  condition: nonsense }", &text));
    assert_true(ch_str_starts(ch_buf_str(&text), CH_STR("/site/own.yar:2: ")));
    end_reload(&s, false);
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_true(ch_sha256_eq(&s.ruleset, &with.ruleset));

    assert_ch_code(CH_OK, reload(&s, NULL, &text));
    end_reload(&s, true);
    expect_rules(&s);
    assert_int_equal(scan(&s, wheel_job(&spec), bytes), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_FINDING, bytes), 0);
    assert_true(ch_sha256_eq(&s.ruleset, &shipped.ruleset));
    stop(&s);
    zb_done(&wheel);
    ch_buf_done(&text);
}

/* A broken or replaced keeper costs the jobs in hand, not the scanner. */
static void a_new_keeper_is_served_after_a_broken_one(void **state)
{
    (void)state;
    struct scanner s;
    struct ch_err err;
    struct ch_buf b;
    struct ch_str html = CH_STR("<html></html>");
    int pair[2];
    start(&s, CH_ROLE_SCANNER_STRICT);
    assert_int_equal(write(s.keeper, "rubbish, not a frame", 20), 20);
    char byte;
    assert_int_equal(read(s.keeper, &byte, 1), 0); /* it hangs up */
    close(s.keeper);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct ch_peer peer = {.role = CH_ROLE_KEEPER};
    ch_buf_init(&b, 1024);
    ch_peer_put(&b, &peer);
    assert_ch_ok(&err, ch_frame_write(s.child.channel, CH_MSG_PEER, ch_buf_str(&b), &pair[1], 1,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    ch_buf_done(&b);
    close(pair[1]);
    s.keeper = pair[0];
    assert_int_equal(scan(&s, page_job("page-html", CH_SCAN_INDEX), html), CH_SCAN_DONE);
    assert_int_equal(count_records(&s, CH_REC_INDEX_HEAD, html), 1);
    stop(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strict_role_reads_pages_and_wheels),
        cmocka_unit_test(the_second_role_lists_archives_only),
        cmocka_unit_test(the_site_s_rules_come_and_go),
        cmocka_unit_test(a_new_keeper_is_served_after_a_broken_one),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_scanner FOLDER-OF-EXECUTABLES\n");
        return 2;
    }
    folder = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
