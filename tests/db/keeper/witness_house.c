#include "witness_house.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "db/log/bundle.h"
#include "log_seen.h"
#include "db/keeper/audit/witnesses.h"

#define CONFIG                                                                                     \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "anonymous_pull: true\n"                                                                       \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"   \
    "repositories:\n"                                                                              \
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"                                         \
    "webhooks:\n  - {name: hook, url: 'https://h.example.org/', secret_file: /etc/hook}\n"

struct ch_err err;
struct away a;
struct house *h;

/* ------------------------------------------------------------------ the witnesses' side */

void reply(uint64_t job, enum ch_code code, uint32_t status, const char *type, struct ch_str body)
{
    const struct ch_sent m = {.job = job,
                              .code = code,
                              .status = status,
                              .content_type = ch_str_of(type),
                              .body = body,
                              .text = code == CH_OK ? CH_STR("") : CH_STR("no way there")};
    struct ch_buf b;
    ch_buf_init(&b, 128u << 10);
    ch_sent_put(&b, &m);
    assert_true(ch_channel_send(a.ch, CH_MSG_SENT, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

static void answer_well(struct ch_str body, uint64_t job, size_t i, bool foreign)
{
    struct witness_answer answer;
    witness_add_checkpoint(a.to[foreign ? 1 - i : i].w, body, a.time_s++, &answer);
    reply(job, CH_OK, (uint32_t)answer.status, answer.content_type, ch_buf_str(&answer.body));
    witness_answer_done(&answer);
}

static void on_submission(const struct ch_send *m)
{
    size_t i = ch_str_eq(m->destination, CH_STR("w1")) ? 1 : 0;
    struct ch_submission s;
    assert_str_eq(m->path, CH_SUBMISSION_PATH);
    assert_true(m->answer);
    assert_ch_ok(&err, ch_submission_get(m->body, &s, &err));
    a.to[i].asked++;
    a.to[i].old_size = s.old_size;
    switch (a.to[i].mode) {
    case WELL:
        answer_well(m->body, m->job, i, false);
        break;
    case FOREIGN: /* what another witness has signed */
        answer_well(m->body, m->job, i, true);
        break;
    case MUTE:
        a.to[i].mute_job = m->job;
        break;
    case DOWN:
        reply(m->job, CH_E_UPSTREAM, 0, "", (struct ch_str){NULL, 0});
        break;
    case STATUS:
        reply(m->job, CH_OK, a.to[i].status, CH_SUBMISSION_SIZE_TYPE, ch_str_of(a.to[i].body));
        break;
    case LIES:
        reply(m->job, CH_OK, 200, "text/html", CH_STR("<html>welcome</html>\n"));
        break;
    }
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct ch_send m;
    (void)owner;
    (void)ch;
    assert_int_equal(frame->type, CH_MSG_SEND);
    assert_ch_ok(&err, ch_send_get(frame->payload, &m, &err));
    if (m.kind == CH_DESTINATION_WITNESS) {
        on_submission(&m);
    } else {
        assert_true(a.told_count < SENT_MAX);
        a.told[a.told_count++] = ch_str_dup(m.body);
        reply(m.job, CH_OK, 204, "", (struct ch_str){NULL, 0});
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    (void)owner;
    (void)ch;
    (void)why;
}

void connect_away(void)
{
    int fds[2];
    CH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    struct ch_channel_options options = {.loop = h->loop,
                                         .fd = fds[1],
                                         .peer = CH_ROLE_KEEPER,
                                         .self = CH_ROLE_EGRESS,
                                         .owner = &a,
                                         .on_frame = on_frame,
                                         .on_closed = on_closed};
    assert_ch_ok(&err, ch_channel_open(&options, &a.ch, &err));
    h->k->child.on_peer(h->k, CH_ROLE_EGRESS, 0, fds[0]);
}

void disconnect_away(void)
{
    ch_channel_free(a.ch);
    a.ch = NULL;
}

/* ------------------------------------------------------------------ the house */

static void open_witness(size_t i, const struct ch_note_key *log)
{
    struct witness_log of = {.key = *log};
    struct ch_buf vkey;
    snprintf(of.origin, sizeof(of.origin), "%s", log->name);
    witness_close(a.to[i].w);
    assert_ch_ok(&err, witness_open(a.to[i].folder, NULL, &of, 1, &a.to[i].w, &err));
    ch_buf_init(&vkey, sizeof(a.to[i].vkey));
    witness_put_vkey(a.to[i].w, &vkey);
    snprintf(a.to[i].vkey, sizeof(a.to[i].vkey), "%.*s", CH_STR_ARG(ch_buf_str(&vkey)));
    assert_ch_ok(&err, ch_cosigner_get(ch_buf_str(&vkey), &a.to[i].key, &err));
    ch_buf_done(&vkey);
}

/* The key that the log's first entry names. */
static void read_log_key(void)
{
    const struct ch_tile first = {.level = CH_TILE_ENTRIES, .number = 0, .width = 1};
    struct ch_log_entry_fields f;
    struct ch_buf bundle, vkey;
    struct ch_str rest, entry;
    ch_buf_init(&bundle, 1u << 20);
    ch_buf_init(&vkey, 1024);
    assert_ch_ok(&err, audit_read_entries(h->k, &first, &bundle, &err));
    rest = ch_buf_str(&bundle);
    assert_true(ch_bundle_next(&rest, &entry));
    assert_ch_ok(&err, ch_log_entry_read(entry, &f, &err));
    assert_true(ch_log_entry_get_str(&f, "vkey", &vkey));
    assert_ch_ok(&err, ch_note_key_get(ch_buf_str(&vkey), &a.log, &err));
    ch_buf_done(&bundle);
    ch_buf_done(&vkey);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void begin(const char *more)
{
    static char config[4096];
    const struct ch_note_key none = {.name = "nobody"};
    memset(&a, 0, sizeof(a));
    a.time_s = 1700000000;
    for (size_t i = 0; i < WITNESSES; i++) {
        snprintf(a.to[i].folder, sizeof(a.to[i].folder), "witness-test-XXXXXX");
        assert_non_null(mkdtemp(a.to[i].folder));
        open_witness(i, &none);
    }
    snprintf(config, sizeof(config),
             CONFIG "witnesses:\n"
                    "  - {name: w0, url: 'https://w0.example.org', vkey: '%s'}\n"
                    "  - {name: w1, url: 'https://w1.example.org', vkey: '%s'}\n%s",
             a.to[0].vkey, a.to[1].vkey, more);
    h = house_new_with(NULL, config);
    log_until_written(h);
    read_log_key();
    for (size_t i = 0; i < WITNESSES; i++) {
        open_witness(i, &a.log);
    }
}

void done(void)
{
    disconnect_away();
    house_free(h);
    for (size_t i = 0; i < WITNESSES; i++) {
        witness_close(a.to[i].w);
        nftw(a.to[i].folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    for (size_t i = 0; i < a.told_count; i++) {
        free(a.told[i]);
    }
}

void grow(void)
{
    static unsigned number;
    char text[64];
    struct ch_buf out;
    snprintf(text, sizeof(text), "pypi:pkg%u", number++);
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(0, house_command(h, false, "deny", text, "unwanted", NULL, &out));
    ch_buf_done(&out);
    log_until_written(h);
}

struct ch_buf state_of_witnesses(void)
{
    struct ch_buf b;
    ch_buf_init(&b, 65536);
    witnesses_put_state(h->k, &b, false);
    return b;
}

bool shows(const char *text)
{
    struct ch_buf b = state_of_witnesses();
    bool there = ch_str_find(ch_buf_str(&b), ch_str_of(text), NULL);
    ch_buf_done(&b);
    return there;
}

bool is_told(const char *text, const char *more)
{
    for (size_t i = 0; i < a.told_count; i++) {
        if (strstr(a.told[i], text) != NULL && strstr(a.told[i], more) != NULL) {
            return true;
        }
    }
    return false;
}
