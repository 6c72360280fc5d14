/* Prints what the store's steps cost on this disk, in microseconds: bench_store FOLDER. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "customhouse/store.h"

static struct ch_err err;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void report(const char *what, double from_us, int times)
{
    printf("%-44s %9.1f us\n", what, (now_us() - from_us) / times);
}

static void decide(struct ch_store *s, int i)
{
    char file[64];
    snprintf(file, sizeof(file), "package-%d-cp311-cp311-manylinux_2_17_x86_64.whl", i);
    struct ch_sha256 sha = ch_sha256_of(file, sizeof(file));
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("main"),
                                .project = CH_STR("package"),
                                .file_name = ch_str_of(file),
                                .sha256 = sha,
                                .verdict = CH_VERDICT_ALLOW,
                                .rule = CH_STR("default"),
                                .reason = CH_STR("older than 7 days, inspected, no findings"),
                                .policy = sha,
                                .at_us = 1700000000000000 + i};
    need(ch_store_add_decision(s, &d, &err));
}

static void add_served(struct ch_store *s, int i)
{
    char file[64];
    snprintf(file, sizeof(file), "package-%d.whl", i);
    struct ch_served_row r = {.repository = CH_STR("pypi"),
                              .project = CH_STR("package"),
                              .file_name = ch_str_of(file),
                              .sha256 = ch_sha256_of(file, 10),
                              .address = CH_STR("192.0.2.1"),
                              .user_agent = CH_STR("pip/23.0.1"),
                              .first_at_us = i,
                              .last_at_us = i,
                              .times = 1};
    bool first = false;
    need(ch_store_add_served(s, &r, &first, &err));
}

static void bench_groups(struct ch_store *s)
{
    double from = now_us();
    for (int i = 0; i < 200; i++) {
        decide(s, i);
    }
    report("add_decision, durable", from, 200);
    from = now_us();
    for (int g = 0; g < 20; g++) {
        need(ch_store_begin(s, &err));
        for (int i = 0; i < 100; i++) {
            decide(s, 1000 + g * 100 + i);
        }
        need(ch_store_commit(s, &err));
    }
    report("group of 100 add_decision, durable", from, 20);
    from = now_us();
    for (int g = 0; g < 20; g++) {
        need(ch_store_begin(s, &err));
        for (int i = 0; i < 100; i++) {
            add_served(s, i * 7 + g);
        }
        need(ch_store_commit(s, &err));
    }
    report("group of 100 add_served, durable", from, 20);
}

static void bench_snapshots(struct ch_store *s)
{
    struct ch_buf page;
    struct ch_buf content;
    struct ch_buf strings;
    struct ch_snapshot_info info = {.etag = CH_STR("\"e\"")};
    ch_buf_init(&page, 2 << 20);
    ch_buf_init(&content, 2 << 20);
    ch_buf_init(&strings, 1000);
    for (unsigned i = 0; page.len < 1 << 20; i++) { /* as index records look: names and digests */
        char hex[CH_SHA256_HEX + 1];
        struct ch_sha256 sha = ch_sha256_of(&i, sizeof(i));
        ch_sha256_hex(&sha, hex);
        ch_buf_printf(&page, "package-1.%u.0-cp311-cp311-manylinux_2_17_x86_64.whl %s >=3.8 ", i,
                      hex);
    }
    double from = now_us();
    for (int i = 0; i < 20; i++) {
        need(ch_store_put_snapshot(s, CH_STR("u"), CH_STR("p"), &info, ch_buf_str(&page), &err));
    }
    report("put_snapshot of 1 MB, durable", from, 20);
    from = now_us();
    for (int i = 0; i < 100; i++) {
        need(ch_store_get_snapshot(s, CH_STR("u"), CH_STR("p"), &info, &content, &strings, &err));
    }
    report("get_snapshot of 1 MB", from, 100);
    from = now_us();
    for (int i = 0; i < 100; i++) {
        need(ch_store_confirm_snapshot(s, CH_STR("u"), CH_STR("p"), i, NULL, &err));
    }
    report("confirm_snapshot of 1 MB, durable", from, 100);
    ch_buf_done(&page);
    ch_buf_done(&content);
    ch_buf_done(&strings);
}

static void ignore(void *ctx, const struct ch_decision_row *d)
{
    (void)d;
    *(int *)ctx += 1;
}

int main(int argc, char **argv)
{
    struct ch_store *s = NULL;
    int n = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_store FOLDER\n");
        return 2;
    }
    need(ch_store_open(argv[1], &s, &err));
    bench_groups(s);
    bench_snapshots(s);
    double from = now_us();
    need(ch_store_decisions_of(s, CH_STR("pypi"), CH_STR("package"), ignore, &n, &err));
    report("decisions_of a project of 2,200 files", from, 1);
    from = now_us();
    for (int i = 0; i < 20; i++) {
        struct ch_sha256 sha = ch_sha256_of(&i, sizeof(i));
        enum ch_blob_place place;
        CH_IGNORE(ch_store_get_blob(s, &sha, &place, &err));
    }
    report("get_blob", from, 20);
    ch_store_close(s);
    from = now_us();
    need(ch_store_open(argv[1], &s, &err));
    report("open again, quick_check included", from, 1);
    ch_store_close(s);
    return 0;
}
