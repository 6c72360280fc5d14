/* Prints what the audit log costs on the disk of FOLDER, a name and a number a line:
 *   append  entries a second, each batch written, synced and under a signed checkpoint
 *   batch   median ms of such a batch
 *   proof   median us of an inclusion proof in a log of BIG entries */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "db/log/append.h"
#include "db/log/bundle.h"

enum { BATCH = 2048, BATCHES = 60, BIG_BATCH = 100000, PROOFS = 2001, ENTRY_BYTES = 320 };

static struct ch_err err;
static const struct ch_note_signer *signer;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct ch_log *new_log(const char *folder, const char *name)
{
    char path[1024];
    struct ch_log *log = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (mkdir(path, 0700) != 0) {
        perror(path);
        exit(1);
    }
    need(ch_log_create(path, signer, CH_STR("{}"), &err));
    need(ch_log_open(path, signer, &log, &err));
    return log;
}

static void put_entries(struct ch_buf *b, uint64_t from, size_t count, int bytes)
{
    ch_buf_clear(b);
    for (size_t i = 0; i < count; i++) {
        char text[ENTRY_BYTES + 1];
        int n = snprintf(text, sizeof(text), "{\"n\":%llu,\"x\":\"%0*d\"}",
                         (unsigned long long)(from + i), bytes, 0);
        ch_bundle_put(b, (struct ch_str){text, (size_t)n});
    }
}

static void measure_append(const char *folder)
{
    struct ch_log *log = new_log(folder, "append");
    struct ch_buf b;
    double ms[BATCHES], spent = 0;
    ch_buf_init(&b, 32u << 20);
    for (size_t i = 0; i < BATCHES; i++) {
        put_entries(&b, ch_log_size(log), BATCH, ENTRY_BYTES - 40);
        double from = now_s();
        need(ch_log_append(log, ch_buf_str(&b), &err));
        ms[i] = (now_s() - from) * 1e3;
        spent += ms[i] / 1e3;
    }
    qsort(ms, BATCHES, sizeof(ms[0]), ascending);
    printf("append %.0f\nbatch %.2f\n", BATCH * BATCHES / spent, ms[BATCHES / 2]);
    ch_buf_done(&b);
    ch_log_close(log);
}

static void measure_proofs(const char *folder, uint64_t big)
{
    char path[1024];
    struct ch_log *log = new_log(folder, "proof");
    struct ch_log_files f;
    struct ch_log_reader reader = {&f.public, ch_hash_new()};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_buf b;
    double us[PROOFS];
    ch_buf_init(&b, 32u << 20);
    while (ch_log_size(log) < big) {
        put_entries(&b, ch_log_size(log), BIG_BATCH, 1);
        need(ch_log_append(log, ch_buf_str(&b), &err));
    }
    big = ch_log_size(log);
    ch_log_close(log);
    snprintf(path, sizeof(path), "%s/proof", folder);
    need(ch_log_files_open(path, false, &f, &err));
    uint64_t at = 1;
    for (size_t i = 0; i < PROOFS; i++) {
        struct ch_tree_proof p;
        at = (at * 6364136223846793005ull + 1442695040888963407ull) % big;
        double from = now_s();
        need(ch_tree_prove_leaf(&nodes, reader.hash, at, big, &p, &err));
        us[i] = (now_s() - from) * 1e6;
    }
    qsort(us, PROOFS, sizeof(us[0]), ascending);
    printf("proof %.1f\n", us[PROOFS / 2]);
    ch_log_files_close(&f);
    ch_hash_free(reader.hash);
    ch_buf_done(&b);
}

int main(int argc, char **argv)
{
    const uint8_t seed[CH_NOTE_SEED_BYTES] = {1};
    struct ch_note_pair *pair = NULL;
    uint64_t big = 0;
    if (argc != 3 || !ch_str_u64(ch_str_of(argv[2]), &big)) {
        fprintf(stderr, "usage: bench_log FOLDER BIG\n");
        return 2;
    }
    need(ch_note_pair_new(seed, "bench.example/audit", &pair, &err));
    signer = ch_note_pair_signer(pair);
    measure_append(argv[1]);
    measure_proofs(argv[1], big);
    ch_note_pair_free(pair);
    return 0;
}
