/* A whole gateway on a loop of the test's own process: clients are socket pairs, and the keeper at
 * the other end of the channel is what the test says. */
#ifndef GATEWAY_FIXTURE_H
#define GATEWAY_FIXTURE_H

#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/channel.h"
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"
#include "customhouse/message_push.h"
#include "proxy/gateway/gateway.h"

#define MAX_ASKS 64

struct client {
    int fd; /* -1: not connected */
    struct ch_buf got;
    bool closed;
};

/* What the keeper was asked, and what it answers; one of each kind. */
struct keeper {
    struct ch_channel *channel;
    bool silent; /* does not answer */
    /* pages */
    int page_asks;
    int shards;               /* of these, for shards */
    int rare;                 /* and for documents that few ask for */
    uint64_t have_generation; /* of the last ask */
    uint64_t page_ask;        /* its number */
    char project[256];
    struct ch_page_reply page;
    struct ch_buf page_content; /* sent with CH_PAGE_NEW */
    size_t document_fds;        /* or so many documents, each this and its number */
    size_t unsealed;            /* of them, this one is not; SIZE_MAX: all are */
    enum { IN_MEMORY, IN_A_FILE, IN_A_FILE_WITH_A_NAME, IN_A_FILE_TO_WRITE } documents_are;
    /* files */
    int file_asks;
    char repository[100], image[256]; /* of the last ask: whose it is, and its project */
    char file_name[256];
    enum ch_part part;
    bool head;
    uint32_t patience_ms;
    struct ch_file_reply file;
    struct ch_str body_apart; /* sent with file.body_apart; absent: no descriptor is */
    bool body_unsealed;
    void (*before_file)(void *fixture); /* runs before the answer is made, NULL: nothing */
    /* tokens: every one stands for this */
    int token_asks;
    struct ch_sha256 token_digest; /* of the last ask */
    struct ch_token_reply token;
    void (*before_token)(void *fixture);
    struct ch_buf sign_ins; /* those that failed: "fault path times;" */
    int digests;            /* of so many of them it was told */
    char principal[100];    /* of the last page or file ask, or of what was served */
    char via[600];          /* likewise, of the former */
    /* documents */
    int document_asks;
    struct ch_ask_document document; /* the last ask, but its names */
    size_t document_bytes;           /* of the answer */
    uint32_t document_status;        /* its status; 0: 200 */
    /* pushing: what is asked goes to the test, which answers as it likes */
    void (*on_push)(void *fixture, const struct ch_ask_push *m);
    /* the rest */
    struct ch_refusal_reply refusal;
    char refusal_id[256];
    int exception_asks;
    struct ch_exception_reply exception;
    char exception_id[256], exception_reason[600], exception_expires[100], exception_address[100];
    int served_count;
    uint64_t served_number;
    uint64_t served_times;
    bool stores_nothing; /* of what it is told went out, until a test says so */
    uint64_t served_bytes;
    char served_name[256], served_page[256];
    char served_agent[600];
};

#define FIXTURE_INSTANCE "0123456789abcdef0123456789abcdef"

struct fixture {
    struct ch_loop *loop;
    struct gw *gw;
    struct ch_epoch_page epoch;
    void *metrics;
    struct ch_config config;
    struct ch_setup_listener open; /* of another name than the configuration has */
    struct ch_repository repositories[4];
    struct keeper keeper;
    char state_dir[64];
    int served_fd;
    int audit_fd; /* of an empty folder: there is no audit log */
    int log_fd;
    bool drained;
    int lost;      /* so often it has said that its keeper's channel has ended */
    unsigned mark; /* of the listener that clients come by */
};

struct fixture *fixture_new(void);
struct fixture *fixture_new_alone(void); /* it has not met its keeper yet */
void fixture_free(struct fixture *f);
void fixture_turn(struct fixture *f); /* some turns, without waiting */
void fixture_connect_keeper(struct fixture *f);
void fixture_drop_keeper(struct fixture *f);
/* The keeper answers this page ask after all, as f->keeper.page says. */
void fixture_answer_page(struct fixture *f, uint64_t ask);
/* The keeper answers a push; `fd` goes with it and is closed, -1: none. */
void fixture_answer_push(struct fixture *f, const struct ch_push_reply *reply, int fd);
/* Puts bytes into served/ as the keeper would; `ret` is their digest. */
void fixture_serve(struct fixture *f, struct ch_str bytes, struct ch_sha256 *ret);
void fixture_withdraw(struct fixture *f, const struct ch_sha256 *sha256);
/* Tokens are good from now on, under the epoch in force; NULL: they are refused. */
void fixture_token(struct fixture *f, const char *principal, const char *repository);
/* The keeper's next answers: ALLOW of these bytes under the epoch in force / a page. */
void fixture_allow(struct fixture *f, const struct ch_sha256 *sha256, uint64_t size);
void fixture_page(struct fixture *f, uint64_t generation, const char *file_name);

void client_open(struct fixture *f, struct client *c);
void client_close(struct client *c);
void client_send(struct client *c, const char *request);
/* Turns the loop until the client has a whole answer; `head`: one without a body. */
struct ch_str client_wait(struct fixture *f, struct client *c, bool head);
bool client_answered(struct client *c, bool head);
/* One request on a connection of its own; "GET /x HTTP/1.1" and further lines, each with CRLF. The
 * answer is kept until the next call. */
struct ch_str get(struct fixture *f, const char *path, const char *more_lines);
struct ch_str head(struct fixture *f, const char *path, const char *more_lines);

struct ch_str body_of(struct ch_str answer);
/* The value of a header line of an answer; absent when it has none. */
struct ch_str header_of(struct ch_str answer, const char *name);
int status_of(struct ch_str answer);

#define assert_has(haystack, literal)                                                              \
    do {                                                                                           \
        struct ch_str h_ = (haystack);                                                             \
        if (!ch_str_find(h_, ch_str_of(literal), NULL)) {                                          \
            fail_msg("\"%s\" is not in \"%.*s\"", (literal), CH_STR_ARG(h_));                      \
        }                                                                                          \
    } while (0)

#endif
