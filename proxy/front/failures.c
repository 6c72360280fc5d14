#include "failures.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"

#define FAULTS (CH_SIGN_IN_UNANSWERED + 1)

struct front_failure {
    struct ch_sip128 key; /* of all but `times`: two of one key are one */
    enum ch_sign_in_fault fault;
    struct ch_sha256 digest;
    char *address;
    char *path;
    uint32_t times;
};

static void free_rows(struct front_failures *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->rows[i].address);
        free(f->rows[i].path);
    }
    f->count = 0;
}

static void put_row(struct ch_buf *b, const struct front_failure *row)
{
    ch_sign_ins_put(b, &(struct ch_sign_ins){.fault = row->fault,
                                             .digest = row->digest,
                                             .address = ch_str_of(row->address),
                                             .path = ch_str_of(row->path),
                                             .times = row->times});
}

/* --- handing over --- */

void front_failures_hand_over(struct front_failures *f)
{
    struct ch_buf b;
    if (f->count == 0) {
        return;
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_SIGN_INS)->max_bytes);
    for (size_t i = 0; i < f->count; i++) {
        put_row(&b, &f->rows[i]);
    }
    CH_ASSERT(!b.failed); /* the rows are bounded so that it is not */
    /* A keeper that is busy reads later; what is told to it must not close the channel of those who
     * wait for an answer. */
    bool room = *f->keeper != NULL &&
                ch_channel_room(*f->keeper, 1) >= ch_limits.channel_queue_bytes / 2 + b.len;
    if (room && ch_channel_send(*f->keeper, CH_MSG_SIGN_INS, ch_buf_str(&b), NULL, 0)) {
        free_rows(f);
    }
    ch_buf_done(&b);
}

static void set_timer(struct front_failures *f)
{
    ch_loop_set_timer(f->loop, &f->timer, ch_loop_now_ms(f->loop) + ch_limits.sign_in_hand_over_ms);
}

static void on_timer(struct ch_timer *t)
{
    struct front_failures *f = CH_CONTAINER_OF(t, struct front_failures, timer);
    front_failures_hand_over(f);
    if (f->count > 0) {
        set_timer(f);
    }
}

/* --- counting --- */

/* Whether there is room for one more that is told singly. Whoever has no token costs us next to
 * nothing, and so can be many: half of the rows are for those that had one, which are what somebody
 * will look for. */
static bool has_room(const struct front_failures *f, const struct front_failure *row)
{
    bool looked_at = row->fault == CH_SIGN_IN_REFUSED || row->fault == CH_SIGN_IN_UNANSWERED;
    size_t rows = (size_t)ch_limits.sign_in_rows / (looked_at ? 1 : 2), of_one = 0;
    for (size_t i = 0; row->path != NULL && i < f->count; i++) {
        of_one += ch_str_eq(ch_str_of(f->rows[i].address), ch_str_of(row->address));
    }
    return f->count < rows && of_one < ch_limits.sign_in_rows_of_one;
}

static struct front_failure *find(struct front_failures *f, struct ch_sip128 key)
{
    for (size_t i = 0; i < f->count; i++) {
        if (ch_sip128_eq(f->rows[i].key, key)) {
            return &f->rows[i];
        }
    }
    return NULL;
}

/* False: there is none such, and no room for it. `always`: it is one of FAULTS, for which there is
 * room. */
static bool count(struct front_failures *f, struct front_failure *row, bool always)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_SIGN_INS)->max_bytes);
    put_row(&b, row);
    row->key = ch_sip128_of(&f->key, ch_buf_str(&b));
    ch_buf_done(&b);
    struct front_failure *found = find(f, row->key);
    if (found != NULL) {
        found->times += found->times < UINT32_MAX;
        return true;
    }
    if (!always && !has_room(f, row)) {
        return false;
    }
    if (f->count == 0) {
        set_timer(f);
    }
    found = &f->rows[f->count++];
    *found = *row;
    found->times = 1;
    found->address = row->address != NULL ? ch_str_dup(ch_str_of(row->address)) : NULL;
    found->path = row->path != NULL ? ch_str_dup(ch_str_of(row->path)) : NULL;
    return true;
}

void front_failures_add(struct front_failures *f, enum ch_sign_in_fault fault,
                        const struct ch_sha256 *digest, struct ch_str peer, struct ch_str path)
{
    struct ch_str shown = ch_secret_in_encoded(path)
                              ? CH_STR(CH_SECRET_PREFIX "...")
                              : ch_str_sub(path, 0, (size_t)ch_limits.sign_in_path_bytes);
    struct front_failure row = {.fault = fault};
    char *own_address = ch_str_dup(peer), *own_path = ch_str_dup(shown);
    row.address = own_address;
    row.path = own_path;
    if (digest != NULL && fault != CH_SIGN_IN_NOT_TRIED) { /* those could be any number */
        row.digest = *digest;
    }
    if (!count(f, &row, false)) {
        row.path = NULL;
        if (!count(f, &row, false)) {
            row.address = NULL;
            row.digest = (struct ch_sha256){{0}};
            CH_ASSERT(count(f, &row, true));
        }
    }
    free(own_address);
    free(own_path);
}

/* --- life --- */

void front_failures_init(struct front_failures *f, struct ch_loop *loop, struct ch_channel **keeper)
{
    *f = (struct front_failures){.loop = loop, .keeper = keeper, .key = ch_sip_key_new()};
    f->timer.fn = on_timer;
    f->rows = ch_calloc((size_t)ch_limits.sign_in_rows + FAULTS, sizeof(*f->rows));
}

void front_failures_done(struct front_failures *f)
{
    if (f->rows == NULL) {
        return;
    }
    ch_loop_cancel_timer(f->loop, &f->timer);
    free_rows(f);
    free(f->rows);
    f->rows = NULL;
}
