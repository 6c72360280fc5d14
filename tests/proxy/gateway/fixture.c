#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy(char *to, size_t size, struct ch_str from)
{
    assert_true(from.len < size);
    memcpy(to, from.ptr != NULL ? from.ptr : "", from.len);
    to[from.len] = '\0';
}

/* --- the keeper --- */

static int sealed(struct ch_str content)
{
    int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.ptr, content.len), (ssize_t)content.len);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), 0);
    return fd;
}

/* As the keeper keeps large ones, or as it must not. */
static int in_file(const struct keeper *k, struct ch_str content)
{
    static const char name[] = "gateway-document", other[] = "gateway-document-too";
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int read_only = open(name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read_only >= 0);
    assert_int_equal(write(fd, content.ptr, content.len), (ssize_t)content.len);
    unlink(other);
    if (k->documents_are == IN_A_FILE_WITH_A_NAME) {
        assert_int_equal(link(name, other), 0);
    }
    assert_int_equal(unlink(name), 0);
    bool writable = k->documents_are == IN_A_FILE_TO_WRITE;
    close(writable ? read_only : fd);
    return writable ? fd : read_only;
}

static void send_reply(struct ch_channel *ch, uint16_t type, struct ch_buf *payload, int fd)
{
    assert_false(payload->failed);
    assert_true(ch_channel_send(ch, type, ch_buf_str(payload), &fd, fd >= 0 ? 1 : 0));
    if (fd >= 0) {
        close(fd);
    }
}

/* Each is the content and its number. */
static void send_documents(struct keeper *k, struct ch_buf *payload)
{
    int fds[CH_PAGE_DOCUMENTS_MAX];
    for (size_t i = 0; i < k->document_fds; i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1u << 20);
        ch_buf_puts(&b, ch_buf_str(&k->page_content));
        ch_buf_printf(&b, "%zu", i);
        fds[i] = k->documents_are != IN_MEMORY ? in_file(k, ch_buf_str(&b))
                 : i == k->unsealed            ? memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING)
                                               : sealed(ch_buf_str(&b));
        if (i == k->unsealed) {
            assert_int_equal(write(fds[i], b.ptr, b.len), (ssize_t)b.len);
        }
        ch_buf_done(&b);
    }
    assert_true(ch_channel_send(k->channel, CH_MSG_PAGE, ch_buf_str(payload), fds, k->document_fds));
    for (size_t i = 0; i < k->document_fds; i++) {
        close(fds[i]);
    }
}

static void on_page(struct keeper *k, struct ch_str payload, struct ch_buf *out)
{
    struct ch_ask_page m;
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_page_get(payload, &m, &err));
    k->page_asks++;
    k->shards += m.form == CH_PAGE_SHARDS;
    k->rare += m.form == CH_PAGE_RARE;
    k->have_generation = m.have_generation;
    k->page_ask = m.ask;
    copy(k->principal, sizeof(k->principal), m.client.principal);
    copy(k->via, sizeof(k->via), m.client.via);
    copy(k->project, sizeof(k->project), m.project);
    if (k->silent) {
        return;
    }
    struct ch_page_reply reply = k->page;
    reply.ask = m.ask;
    if (reply.outcome == CH_PAGE_NEW && m.have_generation == reply.generation) {
        reply.outcome = CH_PAGE_UNCHANGED;
        reply.document_count = 0;
    }
    ch_page_reply_put(out, &reply);
    if (k->document_fds > 0 && reply.outcome == CH_PAGE_NEW) {
        send_documents(k, out);
        return;
    }
    send_reply(k->channel, CH_MSG_PAGE, out,
               reply.outcome == CH_PAGE_NEW ? sealed(ch_buf_str(&k->page_content)) : -1);
}

void fixture_answer_push(struct fixture *f, const struct ch_push_reply *reply, int fd)
{
    struct ch_buf out;
    ch_buf_init(&out, 1 << 20);
    ch_push_reply_put(&out, reply);
    send_reply(f->keeper.channel, CH_MSG_PUSH, &out, fd);
    ch_buf_done(&out);
}

void fixture_answer_page(struct fixture *f, uint64_t ask)
{
    struct ch_page_reply reply = f->keeper.page;
    struct ch_buf out;
    ch_buf_init(&out, 1 << 20);
    reply.ask = ask;
    ch_page_reply_put(&out, &reply);
    send_reply(f->keeper.channel, CH_MSG_PAGE, &out,
               reply.outcome == CH_PAGE_NEW ? sealed(ch_buf_str(&f->keeper.page_content)) : -1);
    ch_buf_done(&out);
    fixture_turn(f);
}

static void on_file(struct fixture *f, struct ch_str payload, struct ch_buf *out)
{
    struct keeper *k = &f->keeper;
    struct ch_ask_file m;
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_file_get(payload, &m, &err));
    k->file_asks++;
    copy(k->repository, sizeof(k->repository), m.repository);
    copy(k->image, sizeof(k->image), m.project);
    copy(k->file_name, sizeof(k->file_name), m.file_name);
    copy(k->principal, sizeof(k->principal), m.client.principal);
    copy(k->via, sizeof(k->via), m.client.via);
    k->part = m.part;
    k->head = m.head;
    k->patience_ms = m.patience_ms;
    if (k->silent) {
        return;
    }
    if (k->before_file != NULL) {
        k->before_file(f);
    }
    struct ch_file_reply reply = k->file;
    reply.ask = m.ask;
    ch_file_reply_put(out, &reply);
    int fd = -1;
    if (k->body_apart.ptr != NULL && k->body_unsealed) {
        fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(write(fd, k->body_apart.ptr, k->body_apart.len),
                         (ssize_t)k->body_apart.len);
    } else if (k->body_apart.ptr != NULL) {
        fd = sealed(k->body_apart);
    }
    send_reply(k->channel, CH_MSG_FILE, out, fd);
}

static void on_refusal(struct keeper *k, struct ch_str payload, struct ch_buf *out)
{
    struct ch_ask_refusal m;
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_refusal_get(payload, &m, &err));
    copy(k->refusal_id, sizeof(k->refusal_id), m.id);
    struct ch_refusal_reply reply = k->refusal;
    reply.ask = m.ask;
    ch_refusal_reply_put(out, &reply);
    send_reply(k->channel, CH_MSG_REFUSAL, out, -1);
}

static void on_exception(struct keeper *k, struct ch_str payload, struct ch_buf *out)
{
    struct ch_ask_exception m;
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_exception_get(payload, &m, &err));
    k->exception_asks++;
    copy(k->exception_id, sizeof(k->exception_id), m.id);
    copy(k->exception_reason, sizeof(k->exception_reason), m.reason);
    copy(k->exception_expires, sizeof(k->exception_expires), m.expires);
    copy(k->exception_address, sizeof(k->exception_address), m.client.address);
    struct ch_exception_reply reply = k->exception;
    reply.ask = m.ask;
    ch_exception_reply_put(out, &reply);
    send_reply(k->channel, CH_MSG_EXCEPTION, out, -1);
}

static void on_token(struct fixture *f, struct ch_str payload, struct ch_buf *out)
{
    struct keeper *k = &f->keeper;
    struct ch_ask_token m;
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_token_get(payload, &m, &err));
    assert_int_equal(m.client.principal.len, 0);
    k->token_asks++;
    k->token_digest = m.digest;
    if (k->silent) {
        return;
    }
    if (k->before_token != NULL) {
        k->before_token(f);
    }
    struct ch_token_reply reply = k->token;
    reply.ask = m.ask;
    ch_token_reply_put(out, &reply);
    send_reply(k->channel, CH_MSG_TOKEN, out, -1);
}

static void on_document(struct keeper *k, struct ch_str payload, struct ch_buf *out)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_ask_document_get(payload, &k->document, &err));
    k->document_asks++;
    uint32_t status = k->document_status != 0 ? k->document_status : 200;
    char *text = ch_calloc(k->document_bytes + 1, 1);
    memset(text, 'd', k->document_bytes);
    ch_document_reply_put(out, &(struct ch_document_reply){
                                   .ask = k->document.ask,
                                   .http_status = status,
                                   .refusal = k->file.refusal,
                               });
    send_reply(k->channel, CH_MSG_DOCUMENT, out,
               status == 200 ? sealed((struct ch_str){text, k->document_bytes}) : -1);
    free(text);
}

static void on_served(struct keeper *k, struct ch_str payload)
{
    struct ch_served m;
    struct ch_err err;
    assert_ch_ok(&err, ch_served_get(payload, &m, &err));
    k->served_count++;
    k->served_number = m.number;
    k->served_bytes = m.bytes;
    k->served_times = m.times;
    copy(k->served_name, sizeof(k->served_name), m.file_name);
    copy(k->served_page, sizeof(k->served_page), m.project);
    copy(k->principal, sizeof(k->principal), m.client.principal);
    copy(k->served_agent, sizeof(k->served_agent), m.client.user_agent);
    if (!k->stores_nothing) {
        struct ch_buf out;
        ch_buf_init(&out, 64);
        ch_served_kept_put(&out, &(struct ch_served_kept){.kept = m.number});
        assert_true(ch_channel_send(k->channel, CH_MSG_SERVED_KEPT, ch_buf_str(&out), NULL, 0));
        ch_buf_done(&out);
    }
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct fixture *f = owner;
    struct keeper *k = &f->keeper;
    struct ch_buf out;
    struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
    ch_buf_init(&out, 1 << 20);
    switch (frame->type) {
    case CH_MSG_ASK_PAGE:
        on_page(k, frame->payload, &out);
        break;
    case CH_MSG_ASK_FILE:
        on_file(f, frame->payload, &out);
        break;
    case CH_MSG_ASK_REFUSAL:
        on_refusal(k, frame->payload, &out);
        break;
    case CH_MSG_ASK_EXCEPTION:
        on_exception(k, frame->payload, &out);
        break;
    case CH_MSG_ASK_TOKEN:
        on_token(f, frame->payload, &out);
        break;
    case CH_MSG_ASK_DOCUMENT:
        on_document(k, frame->payload, &out);
        break;
    case CH_MSG_ASK_METRICS:
        if (!k->silent) {
            ch_metrics_reply_put(&out, &(struct ch_metrics_reply){
                                           ch_get_u64(&r), CH_STR("customhouse_queue 3\n")});
            send_reply(ch, CH_MSG_METRICS, &out, -1);
        }
        break;
    case CH_MSG_SIGN_INS:
        while (ch_rd_left(&r) > 0) {
            struct ch_sign_ins m = ch_sign_ins_get(&r);
            assert_false(r.failed);
            k->digests += !ch_sha256_is_zero(&m.digest);
            ch_buf_printf(&k->sign_ins, "%d %.*s %u;", m.fault, CH_STR_ARG(m.path), m.times);
        }
        break;
    case CH_MSG_ASK_PUSH: {
        struct ch_ask_push m;
        struct ch_err err;
        assert_ch_ok(&err, ch_ask_push_get(frame->payload, &m, &err));
        assert_non_null(k->on_push);
        k->on_push(f, &m);
        break;
    }
    case CH_MSG_SERVED:
        on_served(k, frame->payload);
        break;
    default:
        fail_msg("frame of type %d", frame->type);
    }
    ch_buf_done(&out);
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct fixture *f = owner;
    if (why->code != CH_OK && why->code != CH_E_CLOSED) {
        fail_msg("the keeper's channel: %s", why->msg);
    }
    f->keeper.channel = NULL;
    ch_channel_free(ch);
}

void fixture_connect_keeper(struct fixture *f)
{
    int pair[2];
    struct ch_err err;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_ch_ok(&err, ch_channel_open(&(struct ch_channel_options){
                                           .loop = f->loop,
                                           .fd = pair[0],
                                           .peer = CH_ROLE_GATEWAY,
                                           .self = CH_ROLE_KEEPER,
                                           .owner = f,
                                           .on_frame = on_frame,
                                           .on_closed = on_closed,
                                       },
                                       &f->keeper.channel, &err));
    gw_set_keeper(f->gw, pair[1]);
}

void fixture_drop_keeper(struct fixture *f)
{
    ch_channel_free(f->keeper.channel);
    f->keeper.channel = NULL;
    fixture_turn(f);
}

/* --- served/ --- */

static void blob_path(const struct fixture *f, const struct ch_sha256 *sha256, char *folder, char *path)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(sha256, hex);
    snprintf(folder, 200, "%s/served/sha256/%.2s", f->state_dir, hex);
    snprintf(path, 300, "%s/%s", folder, hex + 2);
}

void fixture_serve(struct fixture *f, struct ch_str bytes, struct ch_sha256 *ret)
{
    char folder[200];
    char path[300];
    *ret = ch_sha256_of(bytes.ptr, bytes.len);
    blob_path(f, ret, folder, path);
    assert_true(mkdir(folder, 0700) == 0 || errno == EEXIST);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

void fixture_withdraw(struct fixture *f, const struct ch_sha256 *sha256)
{
    char folder[200];
    char path[300];
    blob_path(f, sha256, folder, path);
    unlink(path);
    rmdir(folder);
}

void fixture_allow(struct fixture *f, const struct ch_sha256 *sha256, uint64_t size)
{
    f->keeper.file = (struct ch_file_reply){
        .outcome = CH_FILE_ALLOW,
        .sha256 = *sha256,
        .size_bytes = size,
        .epoch = atomic_load(&f->epoch.epoch),
        .not_after_boot_ms = ch_now_boot_ms() + 60000,
        .refusal = {.since_us = CH_TIME_UNKNOWN, .until_us = CH_TIME_UNKNOWN},
    };
}

void fixture_token(struct fixture *f, const char *principal, const char *repository)
{
    f->keeper.token = (struct ch_token_reply){0};
    if (principal != NULL) {
        f->keeper.token = (struct ch_token_reply){
            .outcome = CH_TOKEN_GOOD,
            .principal = ch_str_of(principal),
            .epoch = atomic_load(&f->epoch.epoch),
            .not_after_boot_ms = ch_now_boot_ms() + 60000,
        };
        f->keeper.token.pull.count = repository != NULL ? 1 : 0;
        f->keeper.token.pull.name[0] = ch_str_of(repository);
    }
}

void fixture_page(struct fixture *f, uint64_t generation, const char *file_name)
{
    struct ch_page_file file = {
        .file_name = ch_str_of(file_name),
        .size_bytes = 5,
        .uploaded_at_us = CH_TIME_UNKNOWN,
    };
    struct ch_str version = CH_STR("1.0");
    struct ch_page page = {.project = CH_STR("foo"),
                           .generation = generation,
                           .versions = &version,
                           .version_count = 1,
                           .files = &file,
                           .file_count = 1};
    ch_buf_clear(&f->keeper.page_content);
    ch_page_put(&f->keeper.page_content, &page);
    f->keeper.page = (struct ch_page_reply){
        .outcome = CH_PAGE_NEW,
        .generation = generation,
        .fresh_until_boot_ms = ch_now_boot_ms() + 60000,
    };
}

/* --- the gateway --- */

static void on_keeper_lost(void *owner)
{
    struct fixture *f = owner;
    f->lost++;
}

static void on_drained(void *owner)
{
    ((struct fixture *)owner)->drained = true;
}

static char listen_address[] = "127.0.0.1:8080";
static struct ch_listen listener = {.address = listen_address};
static char host_name[] = "gw.example.org";
static char *host_names[] = {host_name};
static char name_pypi[] = "pypi";
static char name_preprod[] = "preprod";
static char name_test[] = "t2";
static char eco_test[] = "test";
static char name_chan[] = "chan";
static char eco_conda[] = "conda";

struct fixture *fixture_new(void)
{
    struct fixture *f = fixture_new_alone();
    fixture_connect_keeper(f);
    return f;
}

struct fixture *fixture_new_alone(void)
{
    struct fixture *f = ch_calloc(1, sizeof(*f));
    struct ch_err err;
    char path[200];
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    snprintf(f->state_dir, sizeof(f->state_dir), "gateway-state-XXXXXX");
    assert_non_null(mkdtemp(f->state_dir));
    snprintf(path, sizeof(path), "%s/served", f->state_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    f->served_fd = open(path, O_PATH | O_DIRECTORY);
    assert_true(f->served_fd >= 0);
    assert_int_equal(mkdirat(f->served_fd, "sha256", 0700), 0);
    snprintf(path, sizeof(path), "%s/audit", f->state_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/audit/public", f->state_dir);
    assert_int_equal(mkdir(path, 0700), 0);
    f->audit_fd = open(path, O_PATH | O_DIRECTORY);
    assert_true(f->audit_fd >= 0);
    f->log_fd = memfd_create("log", MFD_CLOEXEC);
    f->metrics = ch_calloc(CH_METRICS_SLOTS, CH_METRICS_SLOT_BYTES);
    f->repositories[0] = (struct ch_repository){.name = name_pypi, .ecosystem = name_pypi};
    f->repositories[1] = (struct ch_repository){.name = name_preprod, .ecosystem = name_pypi};
    f->repositories[2] = (struct ch_repository){.name = name_test, .ecosystem = eco_test};
    f->repositories[3] = (struct ch_repository){.name = name_chan, .ecosystem = eco_conda};
    f->config = (struct ch_config){.listen = &listener,
                                   .listen_count = 1,
                                   .host_names = host_names,
                                   .host_name_count = 1,
                                   .repositories = f->repositories,
                                   .repository_count = 4,
                                   .anonymous_pull = CH_ANONYMOUS_YES};
    atomic_store(&f->epoch.epoch, 1);
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + 60000);
    ch_buf_init(&f->keeper.page_content, 1 << 20);
    ch_buf_init(&f->keeper.sign_ins, 1 << 16);
    f->keeper.file.refusal = (struct ch_refusal){.since_us = CH_TIME_UNKNOWN,
                                                 .until_us = CH_TIME_UNKNOWN};
    f->keeper.refusal.refusal = f->keeper.file.refusal;
    f->open = (struct ch_setup_listener){.address = CH_STR("open.example.org:8080")};
    assert_ch_ok(&err, gw_new(
                           &(struct gw_options){
                               .loop = f->loop,
                               .config = &f->config,
                               .listeners = &f->open,
                               .listener_count = 1,
                               .epoch = &f->epoch,
                               .metrics = f->metrics,
                               .access_log_fd = f->log_fd,
                               .served_fd = f->served_fd,
                               .audit_fd = f->audit_fd,
                               .instance_id = CH_STR(FIXTURE_INSTANCE),
                               .on_drained = on_drained,
                               .on_keeper_lost = on_keeper_lost,
                               .owner = f,
                           },
                           &f->gw, &err));
    return f;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_free(struct fixture *f)
{
    gw_free(f->gw);
    ch_channel_free(f->keeper.channel);
    ch_buf_done(&f->keeper.page_content);
    ch_buf_done(&f->keeper.sign_ins);
    ch_loop_free(f->loop);
    free(f->metrics);
    close(f->log_fd);
    close(f->served_fd);
    close(f->audit_fd);
    assert_int_equal(nftw(f->state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(f);
    ch_limits.gateway_file_wait_ms = 3000;
    ch_limits.gateway_metrics_wait_ms = 2000;
}

void fixture_turn(struct fixture *f)
{
    struct ch_err err;
    for (int i = 0; i < 20; i++) {
        assert_ch_ok(&err, ch_loop_turn(f->loop, 0, &err));
    }
}
