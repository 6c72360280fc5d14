/* Reads expressions from standard input, one a line, and prints the canonical form of each, or "!".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/spdx/spdx.h"
#include "customhouse/limits.h"

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    while ((len = getline(&line, &cap, stdin)) > 0) {
        struct ch_str text = {line, (size_t)len - (line[len - 1] == '\n')};
        struct ch_buf out;
        struct ch_err err;
        ch_buf_init(&out, 2 * ch_limits.licence_bytes);
        if (ch_spdx_canonical(text, &out, &err) != CH_OK) {
            ch_buf_clear(&out);
            ch_buf_putc(&out, '!');
        }
        printf("%.*s\n", CH_STR_ARG(ch_buf_str(&out)));
        ch_buf_done(&out);
    }
    free(line);
    return 0;
}
