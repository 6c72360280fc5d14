/* A store in a folder of its own, for one test. */
#ifndef CH_TEMP_STORE_H
#define CH_TEMP_STORE_H

#include "tests/ch_test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "customhouse/store.h"

static char folder[64];
static struct ch_store *store;
static struct ch_err err;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "store-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    ch_store_close(store);
    store = NULL;
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
