/* What clusters were told may run: remembered, so that it is found when an approval ends. */
#include "image.h"

#include <stdlib.h>

#include "customhouse/map.h"
#include "customhouse/store_admitted.h"
#include "db/keeper/audit/audit_admitted.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/signing/images.h"

#define AGAIN_US  3600000000LL /* so old the time of the last one may be in the store */
#define KNOWN_MAX 100000       /* places in memory; beyond, all are looked up anew */

struct known {
    uint64_t id;
    int64_t last_at_us; /* as the store has it */
};

struct image_runtime {
    struct ch_map *known;
};

static void forget(struct image_runtime *r)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(r->known, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(r->known);
    r->known = NULL;
}

void image_runtime_free(struct keeper *k)
{
    if (k->image_runtime != NULL) {
        forget(k->image_runtime);
        free(k->image_runtime);
        k->image_runtime = NULL;
    }
}

static struct ch_map *known_of(struct keeper *k)
{
    if (k->image_runtime == NULL) {
        k->image_runtime = ch_calloc(1, sizeof(*k->image_runtime));
        k->image_runtime->known = ch_map_new();
    } else if (ch_map_count(k->image_runtime->known) >= KNOWN_MAX) {
        forget(k->image_runtime);
        k->image_runtime->known = ch_map_new();
    }
    return k->image_runtime->known;
}

/* The first time: with its entry, or not at all. */
static enum ch_code add(struct keeper *k, struct ch_admitted_row *row, struct ch_err *err)
{
    enum ch_code begun = audit_act(k, err), rc = begun;
    rc = rc == CH_OK ? ch_store_add_admitted(k->store, row, err) : rc;
    rc = rc == CH_OK ? audit_admitted(k, row, err) : rc;
    return audit_act_end(k, begun, rc, err);
}

/* It is no more than about when; who restarts before it is stored finds the time before. */
static enum ch_code add_again(struct keeper *k, struct known *known, int64_t now_us,
                              struct ch_err *err)
{
    if (now_us - known->last_at_us < AGAIN_US) {
        return CH_OK;
    }
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_admitted_again(k->store, known->id, now_us, err) : rc;
    known->last_at_us = rc == CH_OK ? now_us : known->last_at_us;
    return rc;
}

static void put_key(struct ch_buf *b, const struct ch_admitted_row *row)
{
    const struct ch_str texts[] = {row->repository, row->project, row->environment,
                                   row->name_space};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        ch_put_str(b, texts[i]);
    }
    ch_buf_put(b, row->runs.byte, sizeof(row->runs.byte));
}

enum ch_code image_admitted(struct keeper *k, const struct image_admission *what,
                            const struct ch_ask_images *where, struct ch_err *err)
{
    int64_t now_us = keeper_now_us(k);
    struct ch_admitted_row row = {.repository = ch_str_of(what->repository->name),
                                  .project = ch_str_of(what->page),
                                  .sha256 = what->sha256,
                                  .runs = what->runs,
                                  .environment = where->environment,
                                  .name_space = where->name_space,
                                  .at_us = now_us,
                                  .last_at_us = now_us};
    struct ch_map *map = known_of(k);
    struct ch_buf key;
    ch_buf_init(&key, 4096);
    put_key(&key, &row);
    struct known *known = ch_map_get(map, ch_buf_str(&key));
    enum ch_code rc = CH_OK;
    if (known == NULL) {
        rc = ch_store_find_admitted(k->store, &row, err);
        rc = rc == CH_E_NOT_FOUND ? add(k, &row, err) : rc;
        if (rc == CH_OK) {
            known = ch_calloc(1, sizeof(*known));
            *known = (struct known){row.id, row.last_at_us};
            free(ch_map_set(map, ch_buf_str(&key), known));
        }
    }
    ch_buf_done(&key);
    return rc == CH_OK ? add_again(k, known, now_us, err) : rc;
}

void image_withdrawn(struct keeper *k, const struct page *p, size_t file,
                     const struct ch_decision_row *row, uint64_t entry)
{
    uint64_t places = 0;
    struct ch_err err;
    if (images_role(p, file) == CH_WHOLE_PART) {
        return; /* its manifest is withdrawn with it */
    }
    if (ch_store_count_admitted(k->store, row->repository, &row->sha256, &places, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    } else if (places > 0) {
        notices_admitted(k, p, row, places, entry);
    }
}
