/* Which images a cluster was answered with "allowed" just now. It asks about the same ones again
 * and again, and each is many files.
 *
 * As a gateway remembers an ALLOW: for as long as the epoch is the one it was given under, which
 * every step away from ALLOW raises before anything else, and never for more than a second, for
 * what time alone changes. */
#include "image.h"

#include <stdlib.h>

#include "customhouse/map.h"

#define KEEP_MS   1000
#define KNOWN_MAX 10000

struct image_known {
    struct ch_map *answers; /* struct image_admission, by image_key */
    uint64_t epoch;         /* they were given under */
    uint64_t until_ms;
};

static void forget(struct image_known *n)
{
    size_t cursor = 0;
    void *value;
    while (n->answers != NULL && ch_map_next(n->answers, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(n->answers);
    n->answers = NULL;
}

void image_known_free(struct keeper *k)
{
    if (k->image_known != NULL) {
        forget(k->image_known);
        free(k->image_known);
        k->image_known = NULL;
    }
}

/* Those that count now. */
static struct image_known *known_of(struct keeper *k)
{
    uint64_t now_ms = ch_now_boot_ms();
    if (k->image_known == NULL) {
        k->image_known = ch_calloc(1, sizeof(*k->image_known));
    }
    struct image_known *n = k->image_known;
    uint64_t epoch = atomic_load(&k->child.epoch->epoch);
    if (n->answers == NULL || n->epoch != epoch || now_ms >= n->until_ms ||
        ch_map_count(n->answers) >= KNOWN_MAX) {
        forget(n);
        *n = (struct image_known){
            .answers = ch_map_new(), .epoch = epoch, .until_ms = now_ms + KEEP_MS};
    }
    return n;
}

static void put_key(struct ch_buf *b, struct ch_str text, const struct ch_ask_images *ask)
{
    ch_put_str(b, text);
    ch_put_str(b, ask->environment);
    ch_put_str(b, ask->platform);
}

bool image_known_get(struct keeper *k, struct ch_str text, const struct ch_ask_images *ask,
                     struct image_admission *ret)
{
    struct image_known *n = known_of(k);
    struct ch_buf key;
    ch_buf_init(&key, 4096);
    put_key(&key, text, ask);
    const struct image_admission *found =
        key.failed ? NULL : ch_map_get(n->answers, ch_buf_str(&key));
    if (found != NULL) {
        *ret = *found;
    }
    ch_buf_done(&key);
    return found != NULL;
}

void image_known_put(struct keeper *k, struct ch_str text, const struct ch_ask_images *ask,
                     uint64_t epoch, const struct image_admission *what)
{
    struct image_known *n = known_of(k);
    struct ch_buf key;
    ch_buf_init(&key, 4096);
    put_key(&key, text, ask);
    if (!key.failed && n->epoch == epoch) { /* else judging it has found something out */
        struct image_admission *copy = ch_calloc(1, sizeof(*copy));
        *copy = *what;
        free(ch_map_set(n->answers, ch_buf_str(&key), copy));
    }
    ch_buf_done(&key);
}
