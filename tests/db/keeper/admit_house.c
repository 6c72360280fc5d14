#include "admit_house.h"

#include <sys/socket.h>

#include "customhouse/channel.h"

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct admitting *a = owner;
    struct ch_err err;
    (void)ch;
    CH_ASSERT(frame->type == CH_MSG_IMAGES);
    ch_buf_clear(&a->payload);
    ch_buf_puts(&a->payload, frame->payload);
    CH_ASSERT(ch_images_get(ch_buf_str(&a->payload), &a->answer, &err) == CH_OK);
    a->here = true;
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct admitting *a = owner;
    (void)why;
    a->channel = NULL;
    ch_channel_free(ch);
}

void admit_begin(struct admitting *a, struct house *h)
{
    int fds[2];
    struct ch_err err;
    *a = (struct admitting){.h = h};
    ch_buf_init(&a->payload, 1u << 22);
    CH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    struct ch_channel_options options = {.loop = h->loop,
                                         .fd = fds[1],
                                         .peer = CH_ROLE_KEEPER,
                                         .self = CH_ROLE_ADMISSION,
                                         .owner = a,
                                         .on_frame = on_frame,
                                         .on_closed = on_closed};
    CH_ASSERT(ch_channel_open(&options, &a->channel, &err) == CH_OK);
    h->k->child.on_peer(h->k, CH_ROLE_ADMISSION, 0, fds[0]);
}

void admit_end(struct admitting *a)
{
    ch_channel_free(a->channel);
    ch_buf_done(&a->payload);
}

const struct ch_image_verdict *admit_ask(struct admitting *a, const char *image,
                                         const char *environment, const char *platform)
{
    struct ch_ask_images m = {
        .ask = ++a->h->asks,
        .environment = ch_str_of(environment != NULL ? environment : "prod"),
        .platform = ch_str_of(platform != NULL ? platform : "linux/amd64"),
        .name_space = ch_str_of(a->name_space),
        .count = 1,
        .image = {ch_str_of(image)},
    };
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_ASK_IMAGES)->max_bytes);
    ch_ask_images_put(&b, &m);
    a->here = false;
    CH_ASSERT(ch_channel_send(a->channel, CH_MSG_ASK_IMAGES, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(a->h, &a->here);
    CH_ASSERT(a->answer.ask == m.ask && a->answer.count == 1);
    return &a->answer.image[0];
}
