/* What `pip config list` printed, pip's built-in index and lines of the environment, with NULs
 * between them (ch_pip_read). What is taken is a URL that can be fetched, without credentials, and
 * absolute paths. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/config/pip_config.h"
#include "base/config/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ch_str environment; /* NAME=VALUE, each ended by a NUL */

static const char *env(const char *name)
{
    struct ch_str rest = environment;
    struct ch_str line;
    size_t n = strlen(name);
    while (ch_str_split(&rest, '\0', &line)) {
        if (ch_str_starts(line, ch_str_of(name)) && line.len > n && line.ptr[n] == '=') {
            return line.ptr + n + 1;
        }
    }
    return NULL;
}

static void check_url(const char *url)
{
    CH_ASSERT(ch_place_url_fault(ch_str_of(url)) == NULL);
}

static void check(const struct ch_pip_config *c)
{
    check_url(c->index_url);
    CH_ASSERT((c->user == NULL) == (c->password == NULL));
    CH_ASSERT(c->ca_file == NULL || c->ca_file[0] == '/');
    CH_ASSERT(c->client_certificate == NULL || c->client_certificate[0] == '/');
    CH_ASSERT(c->note_count > 0);
    if (c->api_url_guess != NULL) {
        check_url(c->api_url_guess);
    }
    if (c->proxy != NULL) {
        check_url(c->proxy);
    }
    for (size_t i = 0; i < c->note_count; i++) {
        CH_ASSERT(ch_str_is_utf8(ch_str_of(c->notes[i])) && strchr(c->notes[i], '\n') == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str listing = {NULL, 0};
    struct ch_str built_in = {NULL, 0};
    struct ch_pip_config config = {0};
    struct ch_err err = {0};
    if (size == 0) {
        return 0;
    }
    CH_IGNORE(ch_str_split(&rest, '\0', &listing));
    CH_IGNORE(ch_str_split(&rest, '\0', &built_in));
    char *lines = ch_str_dup(rest.ptr != NULL ? rest : CH_STR(""));
    environment = (struct ch_str){lines, rest.len};
    for (size_t i = 0; i < rest.len; i++) {
        lines[i] = lines[i] == '\n' ? '\0' : lines[i];
    }
    if (ch_pip_read(listing, built_in, env, &config, &err) == CH_OK) {
        check(&config);
    } else {
        CH_ASSERT(err.msg[0] != '\0');
    }
    ch_pip_config_done(&config);
    free(lines);
    return 0;
}
