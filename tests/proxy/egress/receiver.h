/* A server on loopback that takes one connection after the other, on a thread of its own. */
#ifndef RECEIVER_H
#define RECEIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum receiver_way {
    RECEIVE_HTTP,     /* reads a request with its body, and answers with `answer` */
    RECEIVE_SILENT,   /* reads, and answers nothing */
    RECEIVE_TLS,      /* reads to the client's close_notify, replies to it */
    RECEIVE_TLS_FIN,  /* reads to it, and closes TCP alone */
    RECEIVE_TLS_DIES, /* reads some bytes, and is gone with the rest unread */
    RECEIVE_TLS_HALF, /* ends its side at once, and reads nothing */
};

struct receiver {
    enum receiver_way way;
    const char *answer;
    const char *identity; /* PEM file with certificate and key, for TLS */
    unsigned port;
    int fd;
    pthread_t thread;
    atomic_bool stop;
    pthread_mutex_t lock;
    char got[1 << 17]; /* what came, all connections after each other; under lock */
    size_t got_len;
    unsigned connections;
};

void receiver_start(struct receiver *r); /* way, answer and identity are given */
void receiver_stop(struct receiver *r);

#endif
