/* Signed notes, checkpoints, verifier keys. The first byte says which. */
#include <stdlib.h>

#include "db/log/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written again as it stood. */
static void checkpoint(struct ch_str text)
{
    struct ch_checkpoint c;
    if (ch_checkpoint_get(text, &c, NULL) == CH_OK) {
        struct ch_buf again;
        ch_buf_init(&again, text.len + 1);
        ch_checkpoint_put(&again, &c);
        CH_ASSERT(ch_str_starts(text, ch_buf_str(&again)));
        ch_buf_done(&again);
    }
}

static void verifier_key(struct ch_str text)
{
    struct ch_note_key key;
    if (ch_note_key_get(text, &key, NULL) == CH_OK) {
        struct ch_buf again;
        ch_buf_init(&again, text.len + 1);
        ch_note_key_put(&again, &key);
        CH_ASSERT(ch_str_eq_nocase(ch_buf_str(&again), text));
        ch_buf_done(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_note_pair *pair;
    struct ch_checkpoint c;
    if (pair == NULL) {
        uint8_t seed[CH_NOTE_SEED_BYTES] = {1};
        CH_ASSERT(ch_note_pair_new(seed, "gw.example/audit", &pair, NULL) == CH_OK);
    }
    if (size == 0) {
        return 0;
    }
    struct ch_str text = {(const char *)data + 1, size - 1};
    switch (data[0]) {
    case 'c':
        checkpoint(text);
        break;
    case 'k':
        verifier_key(text);
        break;
    default:
        /* nobody signs with this key, so nothing opens */
        CH_ASSERT(ch_checkpoint_open(text, &ch_note_pair_signer(pair)->key, &c, NULL) != CH_OK);
    }
    return 0;
}
