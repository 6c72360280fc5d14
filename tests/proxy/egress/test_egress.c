#include "tests/ch_test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/egress/egress_int.h"
#include "receiver.h"
#include "tests/proxy/fetcher/identities.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* The engine with one destination of each kind, all of them at one receiver. */
struct bench {
    struct identities ids;
    struct ch_loop *loop;
    struct ch_egress *egress;
    struct ch_config config;
    struct ch_destination hook, mail, syslog, witness;
    struct ch_buf files;
    char url[64], address[64];
    const char *ca_path;
    struct {
        uint64_t job;
        enum ch_code code;
        uint32_t status;
        char type[64];
        char body[256];
        char text[512];
    } sent[8];
    size_t sent_count;
};

static void copy(char *to, size_t size, struct ch_str from)
{
    snprintf(to, size, "%.*s", CH_STR_ARG(from));
}

static void on_sent(void *owner, const struct ch_sent *s)
{
    struct bench *b = owner;
    assert_true(b->sent_count < CH_ARRAY_LEN(b->sent));
    b->sent[b->sent_count].job = s->job;
    b->sent[b->sent_count].code = s->code;
    b->sent[b->sent_count].status = s->status;
    copy(b->sent[b->sent_count].type, 64, s->content_type);
    copy(b->sent[b->sent_count].body, 256, s->body);
    copy(b->sent[b->sent_count].text, 512, s->text);
    b->sent_count++;
}

/* Until so many answers have come. */
static void run(struct bench *b, size_t wanted)
{
    struct ch_err err;
    for (uint64_t end = ch_now_boot_ms() + 30000;
         b->sent_count < wanted && ch_now_boot_ms() < end;) {
        assert_ch_ok(&err, ch_loop_turn(b->loop, 1000, &err));
    }
    assert_int_equal(b->sent_count, wanted);
}

static enum ch_code in_force(struct bench *b, struct ch_err *err)
{
    return ch_egress_configure(
        b->egress,
        &(struct ch_egress_settings){.config = &b->config,
                                     .config_name = "house.yaml",
                                     .config_text = CH_STR("webhooks:\n  - {name: one}\n"
                                                           "syslog:\n  - {name: one}\n"),
                                     .files = ch_buf_str(&b->files)},
        err);
}

static void configure(struct bench *b)
{
    struct ch_err err;
    char pem[16384] = "";
    FILE *f = fopen(b->ca_path, "r");
    assert_non_null(f);
    struct ch_str ca = {pem, fread(pem, 1, sizeof(pem), f)};
    fclose(f);
    ch_buf_clear(&b->files);
    for (unsigned kind = 0; kind < CH_DESTINATION_KIND_COUNT; kind++) {
        struct ch_destination_files files = {
            .kind = kind,
            .name = CH_STR("one"),
            .secret = kind == CH_DESTINATION_WEBHOOK ? CH_STR(SECRET) : (struct ch_str){NULL, 0},
            .ca_pem = ca};
        ch_destination_files_put(&b->files, &files);
    }
    assert_ch_ok(&err, in_force(b, &err));
}

static char one[] = "one", secret_file[] = "/etc/secret", from[] = "house@example.org",
            to[] = "you@example.org";
static char *tos[] = {to};

static void point_at(struct bench *b, const struct receiver *r)
{
    snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u/hook", r->port);
    snprintf(b->address, sizeof(b->address), "127.0.0.1:%u", r->port);
    configure(b);
}

static int set_up(void **state)
{
    struct bench *b = ch_calloc(1, sizeof(*b));
    struct ch_err err;
    const struct ch_egress_events events = {b, on_sent};
    signal(SIGPIPE, SIG_IGN); /* as every process of ours does */
    identities_make(&b->ids);
    b->ca_path = b->ids.ca_path;
    b->hook = (struct ch_destination){.name = one, .url = b->url, .secret_file = secret_file};
    b->mail = (struct ch_destination){.name = one,
                                      .address = b->address,
                                      .from = from,
                                      .to = tos,
                                      .to_count = 1,
                                      .mail_tls = CH_MAIL_PLAIN};
    b->syslog = (struct ch_destination){.name = one, .address = b->address};
    b->witness = (struct ch_destination){.name = one, .url = b->url};
    b->config = (struct ch_config){.webhooks = &b->hook,
                                   .webhook_count = 1,
                                   .mail = &b->mail,
                                   .mail_count = 1,
                                   .syslog = &b->syslog,
                                   .syslog_count = 1,
                                   .witnesses = &b->witness,
                                   .witness_count = 1};
    ch_buf_init(&b->files, 1u << 20);
    assert_ch_ok(&err, ch_loop_new(&b->loop, &err));
    assert_ch_ok(&err, ch_egress_new(b->loop, &events, &b->egress, &err));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    ch_egress_free(b->egress);
    ch_loop_free(b->loop);
    ch_buf_done(&b->files);
    identities_remove(&b->ids);
    free(b);
    return 0;
}

static struct ch_send job_of(uint64_t job, enum ch_destination_kind kind)
{
    return (struct ch_send){.job = job,
                            .kind = kind,
                            .destination = CH_STR("one"),
                            .id = CH_STR("msg_1"),
                            .content_type = CH_STR("application/json"),
                            .body = CH_STR("{\"a\":1}"),
                            .timeout_ms = 20000};
}

/* The value that the specification's own libraries have in their tests. */
static void test_signature(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 200);
    assert_ch_ok(&err, egress_sign(CH_STR(SECRET), CH_STR("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                                   1614265330, CH_STR("{\"test\": 2432232314}"), &b, &err));
    assert_str_eq(ch_buf_str(&b), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    static const char *const wrong[] = {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_%%%%",
                                        ""};
    for (size_t i = 0; i < CH_ARRAY_LEN(wrong); i++) {
        assert_ch_code(CH_E_FORMAT,
                       egress_sign(ch_str_of(wrong[i]), CH_STR("m"), 1, CH_STR("x"), &b, &err));
    }
    ch_buf_done(&b);
}

#define ANSWER                                                                                     \
    "HTTP/1.1 202 Taken\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: "          \
    "close\r\n\r\nthanks"

static void test_webhook(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_HTTP, .answer = ANSWER};
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(7, CH_DESTINATION_WEBHOOK);
    ch_egress_send(b->egress, &job);
    assert_int_equal(b->sent_count, 0); /* never from within */
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_OK);
    assert_int_equal(b->sent[0].job, 7);
    assert_int_equal(b->sent[0].status, 202);
    assert_string_equal(b->sent[0].body, "");
    job.job = 8;
    job.answer = true;
    job.path = CH_STR("/below");
    ch_egress_send(b->egress, &job);
    run(b, 2);
    assert_string_equal(b->sent[1].body, "thanks");
    assert_string_equal(b->sent[1].type, "text/plain");
    receiver_stop(&r);
    r.got[r.got_len] = '\0';
    assert_non_null(strstr(r.got, "POST /hook HTTP/1.1\r\n"));
    assert_non_null(strstr(r.got, "POST /hook/below HTTP/1.1\r\n"));
    assert_non_null(strstr(r.got, "\r\nwebhook-id: msg_1\r\n"));
    assert_non_null(strstr(r.got, "\r\n\r\n{\"a\":1}"));
    /* the signature is one of what was sent, as it was sent */
    const char *at = strstr(r.got, "\r\nwebhook-timestamp: ");
    struct ch_buf sign;
    struct ch_err err;
    assert_non_null(at);
    ch_buf_init(&sign, 300);
    ch_buf_puts(&sign, CH_STR("\r\nwebhook-signature: "));
    assert_ch_ok(&err, egress_sign(CH_STR(SECRET), CH_STR("msg_1"), strtoll(at + 21, NULL, 10),
                                   CH_STR("{\"a\":1}"), &sign, &err));
    ch_buf_puts(&sign, CH_STR("\r\n"));
    ch_buf_putc(&sign, '\0');
    assert_non_null(strstr(r.got, sign.ptr));
    ch_buf_done(&sign);
}

static void test_what_cannot_be_sent(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_HTTP, .answer = ANSWER};
    uint64_t before = ch_limits.egress_answer_bytes;
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(1, CH_DESTINATION_WEBHOOK);
    job.destination = CH_STR("two");
    ch_egress_send(b->egress, &job);
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_E_NOT_FOUND);
    /* one byte too many, and just as many as may be */
    ch_limits.egress_answer_bytes = 5;
    job = job_of(2, CH_DESTINATION_WEBHOOK);
    job.answer = true;
    ch_egress_send(b->egress, &job);
    run(b, 2);
    assert_int_equal(b->sent[1].code, CH_E_LIMIT);
    assert_null(strstr(b->sent[1].text, "/hook")); /* what a path holds may be a secret */
    ch_limits.egress_answer_bytes = 6;
    ch_egress_send(b->egress, &job);
    run(b, 3);
    assert_int_equal(b->sent[2].code, CH_OK);
    ch_limits.egress_answer_bytes = before;
    receiver_stop(&r);
    ch_egress_send(b->egress, &job); /* nobody listens any more */
    run(b, 4);
    assert_int_equal(b->sent[3].code, CH_E_UPSTREAM);
    assert_non_null(strstr(b->sent[3].text, "127.0.0.1"));
    assert_null(strstr(b->sent[3].text, "/hook"));
}

/* What a witness gets has the log's signature in it, and no other around it. */
static void test_a_witness_is_posted_to(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_HTTP, .answer = ANSWER};
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(1, CH_DESTINATION_WITNESS);
    job.answer = true;
    job.path = CH_STR("/add-checkpoint");
    ch_egress_send(b->egress, &job);
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_OK);
    assert_int_equal(b->sent[0].status, 202);
    assert_string_equal(b->sent[0].body, "thanks");
    receiver_stop(&r);
    r.got[r.got_len] = '\0';
    assert_non_null(strstr(r.got, "POST /hook/add-checkpoint HTTP/1.1\r\n"));
    assert_null(strstr(r.got, "webhook-"));
}

/* T13: a path is one, whatever it says: it does not lead to another host than the configuration. */
static void test_a_path_leads_nowhere_else(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_HTTP, .answer = ANSWER};
    char other[32];
    receiver_start(&r);
    strcpy(b->url, "http://127.0.0.1");
    strcpy(b->address, "127.0.0.1:1");
    configure(b);
    snprintf(other, sizeof(other), ":0@127.0.0.1:%u/", r.port);
    const char *const paths[] = {other, other + 2, ":80", "?"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_send job = job_of(i, CH_DESTINATION_WEBHOOK);
        job.path = ch_str_of(paths[i]);
        ch_egress_send(b->egress, &job);
        run(b, i + 1);
        assert_int_equal(b->sent[i].code, CH_E_DENIED);
    }
    receiver_stop(&r);
    assert_int_equal(r.connections, 0);
}

/* T13: what no server has is spoken to by no kind, though it would lead to this host. */
static void test_addresses_that_no_server_has(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_SILENT};
    static const enum ch_code codes[] = {[CH_DESTINATION_WEBHOOK] = CH_E_UPSTREAM,
                                         [CH_DESTINATION_MAIL] = CH_E_UPSTREAM,
                                         [CH_DESTINATION_SYSLOG] = CH_E_DENIED,
                                         [CH_DESTINATION_WITNESS] = CH_E_UPSTREAM};
    receiver_start(&r);
    snprintf(b->url, sizeof(b->url), "http://0.0.0.0:%u/hook", r.port);
    snprintf(b->address, sizeof(b->address), "0.0.0.0:%u", r.port);
    configure(b);
    for (unsigned kind = 0; kind < CH_DESTINATION_KIND_COUNT; kind++) {
        struct ch_send job = job_of(kind, kind);
        ch_egress_send(b->egress, &job);
        run(b, kind + 1);
        assert_int_equal(b->sent[kind].code, codes[kind]);
    }
    receiver_stop(&r);
    assert_int_equal(r.connections, 0);
}

static size_t count_threads(void)
{
    size_t n = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *e; (e = readdir(tasks)) != NULL;) {
        n += e->d_name[0] != '.';
    }
    closedir(tasks);
    return n;
}

/* Confinement is of a thread, and of those it starts later: none may be there before. */
static void test_no_thread_before_its_first_job(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_HTTP, .answer = ANSWER};
    receiver_start(&r);
    size_t before = count_threads();
    point_at(b, &r);
    configure(b);
    assert_int_equal(count_threads(), before);
    struct ch_send job = job_of(1, CH_DESTINATION_WEBHOOK);
    ch_egress_send(b->egress, &job);
    assert_int_equal(count_threads(), before + 1);
    run(b, 1);
    receiver_stop(&r);
}

/* A destination that answers nothing keeps nobody else waiting, and ends with its time. */
static void test_nobody_waits_for_another(void **state)
{
    struct bench *b = *state;
    struct receiver silent = {.way = RECEIVE_SILENT}, good = {.way = RECEIVE_TLS};
    good.identity = b->ids.server_path;
    receiver_start(&silent);
    receiver_start(&good);
    point_at(b, &good);
    snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u/", silent.port);
    configure(b);
    struct ch_send slow = job_of(1, CH_DESTINATION_WEBHOOK),
                   fast = job_of(2, CH_DESTINATION_SYSLOG);
    slow.timeout_ms = 1500;
    ch_egress_send(b->egress, &slow);
    ch_egress_send(b->egress, &fast);
    run(b, 1);
    assert_int_equal(b->sent[0].job, 2);
    assert_int_equal(b->sent[0].code, CH_OK);
    run(b, 2);
    assert_int_equal(b->sent[1].code, CH_E_TIMEOUT);
    receiver_stop(&silent);
    receiver_stop(&good);
}

static void test_a_full_queue(void **state)
{
    struct bench *b = *state;
    struct receiver silent = {.way = RECEIVE_SILENT};
    uint64_t before = ch_limits.egress_queue;
    receiver_start(&silent);
    point_at(b, &silent);
    ch_limits.egress_queue = 0;
    struct ch_send job = job_of(1, CH_DESTINATION_WEBHOOK);
    ch_egress_send(b->egress, &job);
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_E_BUSY);
    ch_limits.egress_queue = before;
    receiver_stop(&silent);
}

/* A destination that is another one now gives up what it has in hand; one that is the same goes on.
 */
static void test_configured_anew(void **state)
{
    struct bench *b = *state;
    struct receiver silent = {.way = RECEIVE_SILENT},
                    good = {.way = RECEIVE_HTTP, .answer = ANSWER};
    receiver_start(&silent);
    receiver_start(&good);
    point_at(b, &silent);
    struct ch_send job = job_of(1, CH_DESTINATION_WEBHOOK);
    ch_egress_send(b->egress, &job);
    job.job = 2;
    ch_egress_send(b->egress, &job);
    configure(b); /* the same once more */
    point_at(b, &good);
    job.job = 3;
    ch_egress_send(b->egress, &job);
    run(b, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(b->sent[i].code, b->sent[i].job == 3 ? CH_OK : CH_E_CLOSED);
    }
    /* and what was asked for by somebody who is gone is not told to the next one */
    ch_egress_send(b->egress, &job);
    ch_egress_forget(b->egress);
    job.job = 4;
    ch_egress_send(b->egress, &job);
    run(b, 4);
    assert_int_equal(b->sent[3].job, 4);
    receiver_stop(&silent);
    receiver_stop(&good);
}

/* Syslog: taken only when the receiver has read all. */
static void test_syslog(void **state)
{
    struct bench *b = *state;
    static char many[200000];
    memset(many, 'x', sizeof(many));
    static const struct {
        enum receiver_way way;
        size_t bytes;
        enum ch_code code;
    } rows[] = {{RECEIVE_TLS, 100000, CH_OK},
                {RECEIVE_TLS_FIN, 100000, CH_OK},
                {RECEIVE_TLS_DIES, 100000, CH_E_UPSTREAM},
                {RECEIVE_TLS_DIES, 32, CH_E_UPSTREAM}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct receiver r = {.way = rows[i].way, .identity = b->ids.server_path};
        receiver_start(&r);
        point_at(b, &r);
        struct ch_send job = job_of(i, CH_DESTINATION_SYSLOG);
        job.body = (struct ch_str){many, rows[i].bytes};
        ch_egress_send(b->egress, &job);
        run(b, i + 1);
        receiver_stop(&r);
        if (b->sent[i].code != rows[i].code) {
            fail_msg("row %zu: %s: %s", i, ch_code_name(b->sent[i].code), b->sent[i].text);
        }
        if (rows[i].code == CH_OK) {
            assert_int_equal(r.got_len, rows[i].bytes);
        }
    }
}

/* Who neither reads nor goes away: given up at once when its destination is another one now. */
static void test_syslog_that_is_not_read(void **state)
{
    struct bench *b = *state;
    static char many[50000];
    struct receiver r = {.way = RECEIVE_TLS_HALF, .identity = b->ids.server_path};
    memset(many, 'x', sizeof(many));
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(1, CH_DESTINATION_SYSLOG);
    job.body = (struct ch_str){many, sizeof(many)};
    ch_egress_send(b->egress, &job);
    struct ch_err err;
    for (uint64_t end = ch_now_boot_ms() + 500; ch_now_boot_ms() < end;) {
        assert_ch_ok(&err, ch_loop_turn(b->loop, 50, &err));
    }
    assert_int_equal(b->sent_count, 0);
    strcpy(b->address, "127.0.0.1:1");
    configure(b);
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_E_CLOSED);
    receiver_stop(&r);
}

/* The handshake is part of connecting, which has less time than the whole. */
static void test_syslog_without_a_handshake(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_SILENT};
    uint64_t before = ch_limits.egress_connect_ms, start = ch_now_boot_ms();
    ch_limits.egress_connect_ms = 200;
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(1, CH_DESTINATION_SYSLOG);
    ch_egress_send(b->egress, &job);
    run(b, 1);
    assert_int_equal(b->sent[0].code, CH_E_TIMEOUT);
    assert_true(ch_now_boot_ms() - start < job.timeout_ms / 2);
    ch_limits.egress_connect_ms = before;
    receiver_stop(&r);
}

static void test_syslog_certificates(void **state)
{
    struct bench *b = *state;
    struct receiver r = {.way = RECEIVE_TLS, .identity = b->ids.server_path};
    char other[] = "log.example.org";
    receiver_start(&r);
    point_at(b, &r);
    struct ch_send job = job_of(1, CH_DESTINATION_SYSLOG);
    b->ca_path = b->ids.other_ca_path; /* an authority of nobody */
    configure(b);
    ch_egress_send(b->egress, &job);
    run(b, 1);
    b->ca_path = b->ids.ca_path; /* the right one, of another server */
    b->syslog.server_name = other;
    configure(b);
    ch_egress_send(b->egress, &job);
    run(b, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(b->sent[i].code, CH_E_DENIED);
        assert_non_null(strstr(b->sent[i].text, "does not verify"));
    }
    b->syslog.server_name = NULL;
    configure(b);
    ch_egress_send(b->egress, &job);
    run(b, 3);
    assert_int_equal(b->sent[2].code, CH_OK);
    receiver_stop(&r);
    assert_int_equal(r.got_len, job.body.len); /* nothing went to who could not show who it is */
}

/* No anchors and no secret are never made up for. */
static void test_without_what_it_needs(void **state)
{
    struct bench *b = *state;
    struct ch_err err;
    strcpy(b->url, "http://127.0.0.1:1/");
    strcpy(b->address, "127.0.0.1:1");
    struct ch_destination_files files = {.kind = CH_DESTINATION_SYSLOG,
                                         .name = CH_STR("one"),
                                         .ca_pem = CH_STR("-----BEGIN CERTIFICATE-----\nno\n")};
    ch_destination_files_put(&b->files, &files);
    assert_ch_code(CH_E_USAGE, in_force(b, &err));
    assert_string_equal(err.msg, "house.yaml:2:5: webhooks[0]: one: its secret did not come");
    b->config.webhook_count = 0;
    assert_ch_code(CH_E_USAGE, in_force(b, &err));
    assert_string_equal(err.msg, "house.yaml:4:5: syslog[0]: ca_file of one: no certificate in it, "
                                 "PEM was expected");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
        EACH(test_webhook),
        EACH(test_what_cannot_be_sent),
        EACH(test_a_witness_is_posted_to),
        EACH(test_a_path_leads_nowhere_else),
        EACH(test_addresses_that_no_server_has),
        EACH(test_no_thread_before_its_first_job),
        EACH(test_nobody_waits_for_another),
        EACH(test_a_full_queue),
        EACH(test_configured_anew),
        EACH(test_syslog),
        EACH(test_syslog_that_is_not_read),
        EACH(test_syslog_without_a_handshake),
        EACH(test_syslog_certificates),
        EACH(test_without_what_it_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
