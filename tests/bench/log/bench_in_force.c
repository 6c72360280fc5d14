/* What the digest of the approvals in force costs, which each entry of a listing has: made of COUNT
 * approvals that there ever were, a tenth of them ended, and taken from what was made before
 * (db/log/in_force.h). Microseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "customhouse/store.h"
#include "db/log/in_force.h"

enum { RUNS = 20, KNOWN_RUNS = 1000000 };

static struct ch_err err;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void enter(struct ch_store *s, uint64_t index, const char *kind, uint64_t source)
{
    need(ch_store_add_log(s,
                          &(struct ch_log_row){.index = index,
                                               .kind = ch_str_of(kind),
                                               .source = source,
                                               .leaf = ch_sha256_of(&index, sizeof(index)),
                                               .at_us = 1},
                          CH_STR("{}"), NULL, 0, &err));
}

static void add(void *ctx, const struct ch_approval_logged *a)
{
    ch_in_force_add(ctx, a);
}

static void make(struct ch_store *s, struct ch_in_force *f, uint64_t entry)
{
    ch_in_force_begin(f, entry, 2);
    need(ch_store_approvals_logged(s, add, f, &err));
    need(ch_in_force_end(f, &err));
}

int main(int argc, char **argv)
{
    uint64_t count = 0, id = 0, index = 0, held = 0;
    struct ch_store *s = NULL;
    struct ch_in_force f = {.to = 0};
    if (argc != 3 || !ch_str_u64(ch_str_of(argv[2]), &count)) {
        fprintf(stderr, "usage: bench_in_force FOLDER COUNT\n");
        return 2;
    }
    need(ch_store_open(argv[1], &s, &err));
    need(ch_store_begin(s, &err));
    for (uint64_t i = 0; i < count; i++) {
        need(ch_store_add_ruling(s,
                                 &(struct ch_ruling_row){.project = CH_STR("some-project"),
                                                         .reason = CH_STR("needed"),
                                                         .by = CH_STR("user:bob"),
                                                         .at_us = 1,
                                                         .expires_at_us = INT64_MAX / 2},
                                 &id, &err));
        enter(s, index++, "ruling", id);
        if (i % 10 == 0) {
            enter(s, index++, "ruling-end", id);
        }
    }
    need(ch_store_commit(s, &err));
    int64_t from = now_us();
    for (int i = 0; i < RUNS; i++) {
        make(s, &f, index);
    }
    int64_t made = now_us();
    for (int i = 0; i < KNOWN_RUNS; i++) {
        held += ch_in_force_holds(&f, index + (uint64_t)i, 2);
    }
    int64_t known = now_us();
    if (held != KNOWN_RUNS) {
        fprintf(stderr, "it does not hold\n");
        return 1;
    }
    printf("made %.1f\nknown %.4f\n", (double)(made - from) / RUNS,
           (double)(known - made) / KNOWN_RUNS);
    ch_store_close(s);
    return 0;
}
