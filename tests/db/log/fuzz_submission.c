/* What a witness reads of anybody, and what a log reads of a witness. The first byte says which. */
#include <stdlib.h>

#include "db/log/cosign.h"
#include "db/log/submission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written again as it stood. */
static void submission(struct ch_str body)
{
    struct ch_submission s;
    if (ch_submission_get(body, &s, NULL) == CH_OK) {
        struct ch_buf again;
        CH_ASSERT(s.old_size <= s.checkpoint.size && s.proof.count <= CH_SUBMISSION_HASHES_MAX);
        ch_buf_init(&again, CH_SUBMISSION_MAX + 1);
        ch_submission_put(&again, s.old_size, &s.proof, s.note);
        CH_ASSERT(ch_str_eq(ch_buf_str(&again), body));
        ch_buf_done(&again);
    }
}

static void cosigner(struct ch_str text)
{
    struct ch_note_key key;
    if (ch_cosigner_get(text, &key, NULL) == CH_OK) {
        struct ch_buf again;
        ch_buf_init(&again, text.len + 1);
        ch_cosigner_put(&again, &key);
        CH_ASSERT(ch_str_eq_nocase(ch_buf_str(&again), text));
        ch_buf_done(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_note_pair *pair;
    struct ch_str line;
    uint64_t number;
    if (pair == NULL) {
        uint8_t seed[CH_NOTE_SEED_BYTES] = {1};
        CH_ASSERT(ch_note_pair_new(seed, "witness.example/w1", &pair, NULL) == CH_OK);
    }
    if (size == 0) {
        return 0;
    }
    struct ch_str text = {(const char *)data + 1, size - 1};
    switch (data[0]) {
    case 's':
        submission(text);
        break;
    case 'v':
        cosigner(text);
        break;
    case 'n':
        CH_IGNORE(ch_submission_size_get(text, &number));
        break;
    default:
        /* nobody cosigns with this key, so nothing is found */
        CH_ASSERT(ch_cosignature_find(CH_STR("origin\n1\n"), text, &ch_note_pair_signer(pair)->key,
                                      &line, &number, NULL) != CH_OK);
    }
    return 0;
}
