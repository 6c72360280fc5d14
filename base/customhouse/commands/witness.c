/* `customhouse witness`: opens where it listens, and becomes the program that witnesses. Of an
 * installation it is no part, and has nothing. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/spawn.h"
#include "base/customhouse/site/site.h"
#include "base/customhouse/supervisor/supervisor_int.h"

#define LISTENER_FD 3 /* where the program has it */

static enum ch_code check_plain(const struct args *args, const char *address, struct ch_err *err)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    bool tls = args_has(args, "--tls-certificate");
    if (tls != args_has(args, "--tls-key")) {
        return ch_fail(err, CH_E_USAGE, "--tls-certificate and --tls-key go together");
    }
    bool loopback = ch_place_split(ch_str_of(address), &host, &port) && ch_place_is_loopback(host);
    return tls || loopback || args_has(args, "--insecure-http")
               ? CH_OK
               : ch_fail(err, CH_E_USAGE,
                         "--listen %s: other than loopback needs TLS (--tls-certificate), or "
                         "--insecure-http",
                         address);
}

/* The words for the program; NULL after the last. free(). */
static const char **words_of(const struct args *args, const char *state, const char *address)
{
    static const char *const passed[] = {
        "--name", "--log", "--logs", "--host-name", "--tls-certificate", "--tls-key"};
    const char **words = ch_calloc(2 * args->count + 4, sizeof(*words));
    size_t n = 0;
    words[n++] = "witness";
    words[n++] = state;
    words[n++] = address;
    for (size_t i = 0; i < args->count; i++) {
        const struct arg *a = &args->item[i];
        for (size_t k = 0; a->option != NULL && k < CH_ARRAY_LEN(passed); k++) {
            if (strcmp(a->option->name, passed[k]) == 0) {
                words[n++] = passed[k];
                words[n++] = a->value;
            }
        }
    }
    return words;
}

static enum ch_code become(const struct args *args, const char *state, struct listening *l,
                           struct ch_err *err)
{
    char *folder = NULL;
    char program[4096];
    enum ch_code rc = ch_spawn_folder(&folder, err);
    if (rc != CH_OK) {
        return rc;
    }
    snprintf(program, sizeof(program), "%s/witness", folder);
    free(folder);
    /* dup2 of a descriptor to itself would leave it to be closed by exec */
    int fd = l->fd == LISTENER_FD ? dup(l->fd) : l->fd;
    if (fd < 0 || dup2(fd, LISTENER_FD) < 0) {
        return ch_fail_errno(err, errno, "the socket of %s", l->address);
    }
    const char **words = words_of(args, state, l->address);
    execv(program, (char *const *)(uintptr_t)words);
    rc = ch_fail_errno(err, errno, "%s", program);
    free(words);
    return rc;
}

static enum ch_code check_logs(const struct args *args, struct ch_err *err)
{
    return args_has(args, "--log") || args_has(args, "--logs")
               ? CH_OK
               : ch_fail(err, CH_E_USAGE, "expected --log or --logs: whose checkpoints it cosigns");
}

int command_witness(const struct command_row *row, const struct args *args)
{
    struct listening l = {.fd = -1};
    struct ch_err err;
    char *state = NULL;
    (void)row;
    enum ch_code rc = check_plain(args, args_value(args, "--listen"), &err);
    rc = rc == CH_OK ? check_logs(args, &err) : rc;
    rc = rc == CH_OK ? site_folder(args_value(args, "--state"), &state, &err) : rc;
    rc = rc == CH_OK ? listening_open(args_value(args, "--listen"),
                                      args_has(args, "--tls-certificate"), &l, &err)
                     : rc;
    rc = rc == CH_OK ? become(args, state, &l, &err) : rc; /* returns only when it cannot */
    listening_close(&l);
    free(state);
    return command_failed(&err);
}
