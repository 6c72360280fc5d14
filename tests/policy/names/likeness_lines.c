/* Reads project names from standard input, one a line, prints "KIND NAME KNOWN" for each that
 * resembles a well-known one, then how many of each kind, and the time that one question took. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

#include "policy/names/likeness_int.h"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    size_t count[CH_LIKENESS_COMBINED + 1] = {0};
    size_t asked = 0;
    double spent_s = 0;
    while ((len = getline(&line, &cap, stdin)) > 0) {
        struct ch_str name = {line, (size_t)len - (line[len - 1] == '\n')};
        if (ch_well_known_find(name) != NULL) {
            continue;
        }
        double begin_s = now_s();
        struct ch_likeness likeness = ch_likeness_of(name);
        spent_s += now_s() - begin_s;
        asked++;
        count[likeness.kind]++;
        if (likeness.kind != CH_LIKENESS_NONE) {
            printf("%s %.*s %s\n", ch_likeness_name(likeness.kind), CH_STR_ARG(name), likeness.of);
        }
    }
    free(line);
    printf("%zu names that are not on the list:", asked);
    for (unsigned i = 0; i <= CH_LIKENESS_COMBINED; i++) {
        printf(" %s %zu", ch_likeness_name((enum ch_likeness_kind)i), count[i]);
    }
    printf("; %.1f us each\n", asked > 0 ? spent_s / (double)asked * 1e6 : 0);
    return 0;
}
