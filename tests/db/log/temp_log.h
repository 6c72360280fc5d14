/* A log in a folder of its own, with a key from 32 bytes 0x01; entry I is {"n":I}. */
#ifndef TEMP_LOG_H
#define TEMP_LOG_H

#include "tests/ch_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/append.h"
#include "db/log/bundle.h"

static char folder[64];
static struct ch_note_pair *pair;
static const struct ch_note_signer *signer;
static struct ch_err err;

static inline void entry_text(uint64_t index, char ret[64])
{
    snprintf(ret, 64, "{\"n\":%llu}", (unsigned long long)index);
}

static inline struct ch_buf entries(uint64_t from, uint64_t count)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 20);
    for (uint64_t i = from; i < from + count; i++) {
        char text[64];
        entry_text(i, text);
        ch_bundle_put(&b, ch_str_of(text));
    }
    return b;
}

static inline struct ch_log *open_log(void)
{
    struct ch_log *log = NULL;
    assert_ch_ok(&err, ch_log_open(folder, signer, &log, &err));
    return log;
}

static inline void append(struct ch_log *log, uint64_t count)
{
    struct ch_buf b = entries(ch_log_size(log), count);
    assert_ch_ok(&err, ch_log_append(log, ch_buf_str(&b), &err));
    ch_buf_done(&b);
}

static inline void ignore_node(void *ctx, unsigned height, uint64_t index,
                               const struct ch_sha256 *node)
{
    (void)ctx;
    (void)height;
    (void)index;
    (void)node;
}

static inline struct ch_buf file_bytes(const char *name)
{
    struct ch_buf b;
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    ch_buf_init(&b, (size_t)st.st_size + 1);
    char *room = ch_buf_reserve(&b, (size_t)st.st_size + 1);
    assert_int_equal(read(fd, room, (size_t)st.st_size), st.st_size);
    b.len = (size_t)st.st_size;
    close(fd);
    return b;
}

static inline void replace_file(const char *name, struct ch_str bytes)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    close(fd);
}

/* Takes so many bytes from its end; -1 removes it. */
static inline void cut_file(const char *name, off_t bytes)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (bytes < 0) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - bytes), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int setup(void **state)
{
    uint8_t seed[CH_NOTE_SEED_BYTES];
    (void)state;
    memset(seed, 1, sizeof(seed));
    ch_limits.log_journal_bytes = 1u << 20; /* making one is most of what a test would do */
    snprintf(folder, sizeof(folder), "log-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_ch_ok(&err, ch_note_pair_new(seed, "gw.example/audit", &pair, &err));
    signer = ch_note_pair_signer(pair);
    assert_ch_ok(&err, ch_log_create(folder, signer, CH_STR("{\"n\":0}"), &err));
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    ch_note_pair_free(pair);
    pair = NULL;
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
