#include "tests/ch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"

/* One channel (the keeper, talking to a gateway) and the raw other end of its socket. */
struct fixture {
    struct ch_loop *loop;
    struct ch_channel *ch;
    int raw;
    size_t frames;
    uint16_t last_type;
    char last_payload[64];
    size_t last_len;
    size_t last_fds;
    int kept_fd;
    size_t bytes;
    bool free_in_handler;
    bool closed;
    struct ch_err why;
};

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct fixture *f = owner;
    f->frames++;
    f->bytes += frame->payload.len;
    f->last_type = frame->type;
    f->last_len = frame->payload.len;
    if (frame->payload.len <= sizeof(f->last_payload)) {
        memcpy(f->last_payload, frame->payload.ptr, frame->payload.len);
    }
    f->last_fds = frame->fd_count;
    if (frame->fd_count > 0) {
        f->kept_fd = ch_frame_take_fd(frame, 0);
        assert_int_equal(ch_frame_take_fd(frame, 99), -1);
    }
    if (f->free_in_handler) {
        f->ch = NULL;
        ch_channel_free(ch);
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct fixture *f = owner;
    f->closed = true;
    f->why = *why;
    f->ch = NULL;
    ch_channel_free(ch);
}

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    return n;
}

static void open_as(struct fixture *f, enum ch_role self, enum ch_role peer)
{
    struct ch_err err;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    f->raw = pair[1];
    f->kept_fd = -1;
    struct ch_channel_options options = {
        .loop = f->loop,
        .fd = pair[0],
        .self = self,
        .peer = peer,
        .peer_instance = 2,
        .owner = f,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    assert_ch_ok(&err, ch_channel_open(&options, &f->ch, &err));
    assert_int_equal(ch_channel_peer(f->ch), peer);
    assert_int_equal(ch_channel_instance(f->ch), 2);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct ch_err err;
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    f->raw = -1;
    f->kept_fd = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    ch_channel_free(f->ch);
    ch_loop_free(f->loop);
    if (f->raw >= 0) {
        close(f->raw);
    }
    if (f->kept_fd >= 0) {
        close(f->kept_fd);
    }
    free(f);
    return 0;
}

static void turn(struct fixture *f)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_loop_turn(f->loop, 0, &err));
}

/* Sends raw bytes with n copies of a descriptor attached. */
static void send_raw(int fd, const void *bytes, size_t len, size_t fd_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(64 * sizeof(int))];
    } control = {.bytes = {0}};
    /* sendmsg does not write to what it sends */
    struct iovec iov = {(void *)(uintptr_t)bytes, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count > 0) {
        assert_true(fd_count <= 64);
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        int fds[64];
        for (size_t i = 0; i < fd_count; i++) {
            fds[i] = STDIN_FILENO;
        }
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
    }
    assert_int_equal(sendmsg(fd, &msg, MSG_NOSIGNAL), len);
}

static void put_header(uint8_t h[8], uint32_t len, uint16_t type, uint16_t fds)
{
    struct ch_buf b;
    ch_buf_init(&b, 8);
    ch_put_u32(&b, len);
    ch_put_u16(&b, type);
    ch_put_u16(&b, fds);
    memcpy(h, b.ptr, 8);
    ch_buf_done(&b);
}

static void frames_arrive_bytewise_and_in_heaps(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    uint8_t one[13];
    put_header(one, 5, CH_MSG_ASK_METRICS, 0);
    memcpy(one + 8, "hello", 5);
    for (size_t i = 0; i < sizeof(one); i++) {
        assert_int_equal(f->frames, 0);
        send_raw(f->raw, one + i, 1, 0);
        turn(f);
    }
    assert_int_equal(f->frames, 1);
    assert_memory_equal(f->last_payload, "hello", 5);
    uint8_t heap[13 * 50];
    for (size_t i = 0; i < 50; i++) {
        memcpy(heap + 13 * i, one, 13);
    }
    send_raw(f->raw, heap, sizeof(heap), 0);
    turn(f);
    assert_int_equal(f->frames, 51);
    assert_false(f->closed);
}

static void descriptors_come_with_their_frame(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_FETCHER, CH_ROLE_KEEPER);
    int before = count_fds();
    struct ch_err err;
    int mem = memfd_create("x", MFD_CLOEXEC);
    assert_int_equal(write(mem, "content", 7), 7);
    assert_ch_ok(&err, ch_frame_write(f->raw, CH_MSG_FETCH_CANCEL, CH_STR("a"), NULL, 0,
                                      ch_now_boot_ms() + 1000, &err));
    assert_ch_ok(&err, ch_frame_write(f->raw, CH_MSG_FETCH, CH_STR("b"), &mem, 1,
                                      ch_now_boot_ms() + 1000, &err));
    assert_ch_ok(&err, ch_frame_write(f->raw, CH_MSG_FETCH_CANCEL, CH_STR("c"), NULL, 0,
                                      ch_now_boot_ms() + 1000, &err));
    close(mem);
    turn(f);
    assert_int_equal(f->frames, 3);
    assert_int_equal(f->last_fds, 0);
    assert_true(f->kept_fd >= 0);
    assert_true((fcntl(f->kept_fd, F_GETFD) & FD_CLOEXEC) != 0);
    char text[8] = {0};
    assert_int_equal(pread(f->kept_fd, text, 7, 0), 7);
    assert_string_equal(text, "content");
    assert_int_equal(count_fds(), before + 1);
}

struct hostile {
    const char *label;
    uint32_t len;
    uint16_t type;
    uint16_t fds;
    size_t attached;
    const char *expected;
};

static const struct hostile hostile_rows[] = {
    {"unknown type", 0, 9999, 0, 0, "unknown message type 9999"},
    {"type zero", 0, 0, 0, 0, "unknown message type 0"},
    {"too long", 65, CH_MSG_ASK_METRICS, 0, 0, "CH_MSG_ASK_METRICS of 65 bytes"},
    {"four gigabytes", UINT32_MAX, CH_MSG_ASK_FILE, 0, 0, "CH_MSG_ASK_FILE of 4294967295 bytes"},
    {"wrong sender", 0, CH_MSG_FILE, 0, 0, "gateway: may not send CH_MSG_FILE"},
    {"control verb from a gateway", 0, CH_MSG_COMMAND, 0, 0,
     "gateway: may not send CH_MSG_COMMAND"},
    {"descriptors where none may be", 0, CH_MSG_ASK_FILE, 1, 1, "with 1 descriptors"},
    {"announced, not sent", 0, CH_MSG_ASK_FILE, 65535, 0, "with 65535 descriptors"},
    {"sent, not announced", 0, CH_MSG_ASK_METRICS, 0, 1, "descriptors that no frame announced"},
    {"a flood of descriptors", 0, CH_MSG_ASK_METRICS, 0, 40, "more descriptors than"},
};

static void hostile_frames_close_the_channel(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < CH_ARRAY_LEN(hostile_rows); i++) {
        const struct hostile *row = &hostile_rows[i];
        int before = count_fds();
        f->closed = false;
        f->frames = 0;
        open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
        uint8_t header[8];
        put_header(header, row->len, row->type, row->fds);
        send_raw(f->raw, header, sizeof(header), row->attached);
        turn(f);
        close(f->raw);
        f->raw = -1;
        if (!f->closed || strstr(f->why.msg, row->expected) == NULL) {
            fail_msg("%s: closed %d: %s", row->label, f->closed, f->why.msg);
        }
        assert_int_equal(f->why.code, CH_E_FORMAT);
        assert_int_equal(count_fds(), before); /* nothing a peer attached stays open */
    }
}

static void missing_descriptors_close_the_channel(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_FETCHER, CH_ROLE_KEEPER);
    uint8_t header[8];
    put_header(header, 0, CH_MSG_FETCH, 1);
    send_raw(f->raw, header, sizeof(header), 0);
    turn(f);
    assert_true(f->closed);
    assert_non_null(strstr(f->why.msg, "1 descriptors announced, 0 received"));
}

static void the_end_in_the_middle_of_a_frame_is_told(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    uint8_t header[8];
    put_header(header, 5, CH_MSG_ASK_METRICS, 0);
    send_raw(f->raw, header, sizeof(header), 0);
    close(f->raw);
    f->raw = -1;
    turn(f);
    assert_true(f->closed);
    assert_int_equal(f->why.code, CH_E_CLOSED);
    assert_non_null(strstr(f->why.msg, "in the middle of a frame"));
    assert_int_equal(f->frames, 0);
}

static void a_channel_may_be_freed_in_its_handler(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    f->free_in_handler = true;
    uint8_t two[16];
    put_header(two, 0, CH_MSG_ASK_METRICS, 0);
    put_header(two + 8, 0, CH_MSG_ASK_METRICS, 0);
    send_raw(f->raw, two, sizeof(two), 0);
    turn(f);
    assert_int_equal(f->frames, 1); /* the second one is not handled any more */
    assert_false(f->closed);
    assert_null(f->ch);
}

static void sending_never_blocks_and_the_queue_has_an_end(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    struct ch_err err;
    size_t len = 200 << 10;
    char *big = calloc(1, len);
    int sent = 0;
    assert_int_equal(ch_channel_room(f->ch, 1), ch_limits.channel_queue_bytes - 8);
    assert_int_equal(ch_channel_room(f->ch, SIZE_MAX / 16), 0);
    while (ch_channel_send(f->ch, CH_MSG_METRICS, (struct ch_str){big, len}, NULL, 0)) {
        sent++;
        assert_true(sent < 1000);
    }
    assert_int_equal(ch_channel_room(f->ch, 1), 0);
    assert_true(sent > 80);  /* 16 MiB of 200 KiB each, and what the socket holds */
    assert_false(f->closed); /* the owner is in the middle of something: told on the next turn */
    assert_false(ch_channel_send(f->ch, CH_MSG_METRICS, CH_STR("x"), NULL, 0));
    turn(f);
    assert_true(f->closed);
    assert_int_equal(f->why.code, CH_E_LIMIT);
    free(big);
    (void)err;
}

static void queued_frames_arrive_in_order_with_their_descriptors(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    char filler[16000] = {0};
    int mem = memfd_create("x", MFD_CLOEXEC);
    for (int i = 0; i < 60; i++) { /* about 1 MB: more than the socket takes */
        assert_int_equal(pwrite(mem, &i, sizeof(i), i * (int)sizeof(i)), sizeof(i));
        memcpy(filler, &i, sizeof(i));
        assert_true(
            ch_channel_send(f->ch, CH_MSG_PAGE, (struct ch_str){filler, sizeof(filler)}, &mem, 1));
    }
    close(mem); /* the channel has its own */
    for (int i = 0; i < 60; i++) {
        uint16_t type = 0;
        int fds[CH_FRAME_MAX_FDS];
        size_t fd_count = 0;
        turn(f);
        assert_ch_ok(&err, ch_frame_read(f->raw, CH_ROLE_KEEPER, &type, &b, fds, &fd_count,
                                         ch_now_boot_ms() + 1000, &err));
        assert_int_equal(type, CH_MSG_PAGE);
        assert_int_equal(b.len, sizeof(filler));
        assert_memory_equal(b.ptr, &i, sizeof(i));
        assert_int_equal(fd_count, 1);
        int value = -1;
        assert_int_equal(pread(fds[0], &value, sizeof(value), i * (int)sizeof(i)), sizeof(value));
        assert_int_equal(value, i);
        close(fds[0]);
    }
    assert_false(f->closed);
    ch_buf_done(&b);
}

static void large_frames_pass(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_SUPERVISOR);
    struct ch_err err;
    size_t len = 8 << 20;
    char *big = calloc(1, len);
    struct ch_channel_options options = {
        .loop = f->loop,
        .fd = f->raw,
        .self = CH_ROLE_SUPERVISOR,
        .peer = CH_ROLE_KEEPER,
        .owner = f,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    struct ch_channel *sender = NULL;
    f->raw = -1;
    assert_ch_ok(&err, ch_channel_open(&options, &sender, &err));
    assert_true(ch_channel_send(sender, CH_MSG_RELOAD, (struct ch_str){big, len}, NULL, 0));
    assert_true(ch_channel_send(sender, CH_MSG_DRAIN, (struct ch_str){NULL, 0}, NULL, 0));
    for (int i = 0; i < 10000 && f->frames < 2; i++) {
        turn(f);
    }
    assert_int_equal(f->frames, 2);
    assert_int_equal(f->bytes, len);
    ch_channel_free(sender);
    free(big);
}

static void blocking_reads_have_a_deadline(void **state)
{
    struct fixture *f = *state;
    open_as(f, CH_ROLE_KEEPER, CH_ROLE_GATEWAY);
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    uint16_t type = 0;
    int fds[CH_FRAME_MAX_FDS];
    size_t n = 0;
    uint64_t start = ch_now_boot_ms();
    assert_ch_code(CH_E_TIMEOUT,
                   ch_frame_read(f->raw, CH_ROLE_KEEPER, &type, &b, fds, &n, start + 30, &err));
    assert_true(ch_now_boot_ms() - start >= 30);
    /* from a role that may not say it */
    assert_true(ch_channel_send(f->ch, CH_MSG_METRICS, CH_STR("x"), NULL, 0));
    assert_ch_code(CH_E_FORMAT, ch_frame_read(f->raw, CH_ROLE_FETCHER, &type, &b, fds, &n,
                                              ch_now_boot_ms() + 1000, &err));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(frames_arrive_bytewise_and_in_heaps),
        ROW(descriptors_come_with_their_frame),
        ROW(hostile_frames_close_the_channel),
        ROW(missing_descriptors_close_the_channel),
        ROW(the_end_in_the_middle_of_a_frame_is_told),
        ROW(a_channel_may_be_freed_in_its_handler),
        ROW(sending_never_blocks_and_the_queue_has_an_end),
        ROW(queued_frames_arrive_in_order_with_their_descriptors),
        ROW(large_frames_pass),
        ROW(blocking_reads_have_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
