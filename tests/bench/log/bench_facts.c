/* What the audit log's entries on facts cost in the database of STATE, which was stopped, by the
 * calls that the keeper makes for them; a name and a number a line: rows      that such entries are
 * about facts     ms of processor for one entry about them all snapshots ms of processor for the
 * entries of all pages entry     us of processor for one entry about the newest row of each table,
 * median of ENTRIES in one group of writes */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "customhouse/store.h"
#include "db/log/bundle.h"
#include "db/log/entry.h"
#include "db/log/tree.h"

enum { ENTRIES = 1001 };

static struct ch_err err;
static struct ch_store *store;
static struct ch_hash *hash;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct seen {
    struct ch_hash *list;
    uint64_t rows;
    int64_t last;
};

static void on_row(void *ctx, int64_t id, const struct ch_sha256 *row)
{
    struct seen *s = ctx;
    ch_hash_add(s->list, row->byte, sizeof(row->byte));
    s->rows++;
    s->last = id;
}

/* The newest row of each table goes to `newest`. */
static uint64_t read_facts(const int64_t from[CH_FACTS], int64_t newest[CH_FACTS],
                           struct ch_sha256 lists[CH_FACTS])
{
    uint64_t rows = 0;
    for (size_t i = 0; i < CH_FACTS; i++) {
        struct seen s = {.list = ch_hash_new()};
        ch_hash_reset(s.list);
        need(ch_store_facts(store, (enum ch_fact_table)i, from[i], on_row, &s, &err));
        lists[i] = ch_hash_end(s.list);
        ch_hash_free(s.list);
        newest[i] = s.last;
        rows += s.rows;
    }
    return rows;
}

static enum ch_code on_snapshot(void *ctx, const struct ch_snapshot_stored *row, struct ch_err *e)
{
    (void)row;
    (void)e;
    ++*(uint64_t *)ctx;
    return CH_OK;
}

static double one_entry(uint64_t index, const int64_t newest[CH_FACTS])
{
    struct ch_log_entry e;
    struct ch_buf text;
    int64_t last[CH_FACTS];
    struct ch_sha256 lists[CH_FACTS];
    double began = cpu_us();
    ch_buf_init(&text, CH_ENTRY_MAX);
    read_facts(newest, last, lists);
    ch_log_entry_begin(&e, &text);
    ch_log_entry_int(&e, "at_us", 1700000000000000);
    ch_log_entry_str(&e, "kind", CH_STR("facts"));
    ch_log_entry_open(&e, "rows");
    for (size_t i = 0; i < CH_FACTS; i++) {
        ch_log_entry_open(&e, ch_facts_table((enum ch_fact_table)i));
        ch_log_entry_int(&e, "from", newest[i]);
        ch_log_entry_sha(&e, "list", &lists[i]);
        ch_log_entry_int(&e, "to", last[i]);
        ch_log_entry_close(&e);
    }
    ch_log_entry_close(&e);
    ch_log_entry_int(&e, "v", CH_ENTRY_VERSION);
    ch_log_entry_end(&e);
    struct ch_log_row row = {.index = index,
                             .kind = CH_STR("facts"),
                             .leaf = ch_tree_leaf(hash, ch_buf_str(&text)),
                             .at_us = 1700000000000000};
    need(ch_store_add_log(store, &row, ch_buf_str(&text), NULL, 0, &err));
    ch_buf_done(&text);
    return cpu_us() - began;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    char folder[4096];
    int64_t all[CH_FACTS] = {0}, newest[CH_FACTS];
    struct ch_sha256 lists[CH_FACTS];
    uint64_t next = 0, written = 0, pages = 0;
    double us[ENTRIES];
    if (argc != 2) {
        fprintf(stderr, "usage: bench_facts STATE\n");
        return 2;
    }
    hash = ch_hash_new();
    snprintf(folder, sizeof(folder), "%s/db", argv[1]);
    need(ch_store_open(folder, &store, &err));
    read_facts(all, newest, lists); /* what was just written is in memory */
    double began = cpu_us();
    printf("rows %llu\n", (unsigned long long)read_facts(all, newest, lists));
    printf("facts %.3f\n", (cpu_us() - began) / 1e3);
    began = cpu_us();
    const struct ch_str every = {NULL, 0};
    need(ch_store_snapshots_stored(store, every, every, on_snapshot, &pages, &err));
    printf("snapshots %.3f\n", (cpu_us() - began) / 1e3);
    need(ch_store_log_ends(store, &next, &written, &err));
    need(ch_store_begin(store, &err));
    for (size_t i = 0; i < ENTRIES; i++) {
        us[i] = one_entry(next + i, newest);
    }
    ch_store_rollback(store);
    qsort(us, ENTRIES, sizeof(us[0]), ascending);
    printf("entry %.1f\n", us[ENTRIES / 2]);
    ch_store_close(store);
    ch_hash_free(hash);
    return 0;
}
