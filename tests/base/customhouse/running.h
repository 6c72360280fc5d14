/* What tests of `customhouse` share: it runs with the small test children in place of its other
 * processes, in a folder of its own. */
#ifndef CH_TEST_RUNNING_H
#define CH_TEST_RUNNING_H

#include <stdint.h>
#include <sys/types.h>

#include "tests/ch_test.h"

#define URL       "http://127.0.0.1:9/simple" /* nobody is there: nothing is learned */
#define WAIT_MS   20000
#define TEXT_SIZE 65536

extern const char *children; /* the folder they lie in */

struct fixture {
    char top[128];
    char folder[192];
    pid_t pid;
    int out; /* pipes of its stdout and stderr */
    int err;
    char text[TEXT_SIZE]; /* what came from stderr and was not yet matched */
    size_t len;
    char line[512]; /* the one matched last */
    uint16_t port;
};

int wait_exit(pid_t pid);
/* Everything a short command says on both its streams. */
int run_command(const struct fixture *f, const char *const *words, char *text, size_t size);
/* The same, with its answer in a file. */
int run_command_into(const struct fixture *f, const char *const *words, const char *file);
void start(struct fixture *f, const char *const *words);
/* Reads the log until a line holds both words; lines before it are forgotten. */
void expect_log(struct fixture *f, const char *event, const char *with);
void expect_greeting(struct fixture *f);
void serve(struct fixture *f);
void stop(struct fixture *f, int expected);
int set_up(void **state);
int tear_down(void **state);
unsigned mode_of(const struct fixture *f, const char *name);

#define COMMAND(f, text, ...)                                                                      \
    run_command((f), (const char *const[]){__VA_ARGS__, NULL}, (text), sizeof(text))

#define START(f, ...) start((f), (const char *const[]){__VA_ARGS__, NULL})

#define SERVE         "serve", "--listen", "127.0.0.1:0", "--pypi-upstream", URL

#endif
