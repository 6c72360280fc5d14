/* What a log sends to a witness: the checkpoint it is to cosign, and the proof that the tree has
 * only grown since the one it cosigned last. Pure; strict, for a witness reads it from anybody.
 *
 * Spec: C2SP tlog-witness, add-checkpoint:
 *
 *   old SIZE
 *   BASE64        of each hash of the proof
 *   (empty)
 *   the checkpoint, a signed note */
#ifndef LOG_SUBMISSION_H
#define LOG_SUBMISSION_H

#include "db/log/note.h"
#include "db/log/tree.h"

#define CH_SUBMISSION_PATH       "/add-checkpoint"
#define CH_SUBMISSION_SIZE_TYPE  "text/x.tlog.size" /* of the answer 409: what was cosigned last */
#define CH_SUBMISSION_HASHES_MAX 63
/* Signature lines of a note that are looked at: a witness checks none for those who send many. */
#define CH_SUBMISSION_LINES_MAX CH_NOTE_LINES_MAX
#define CH_SUBMISSION_MAX       (CH_NOTE_MAX + 64 + CH_SUBMISSION_HASHES_MAX * 45)

struct ch_submission {
    uint64_t old_size;
    struct ch_tree_proof proof;
    struct ch_str note; /* borrowed */
    struct ch_str text; /* of the note, whose signatures nobody has looked at; borrowed */
    struct ch_checkpoint checkpoint;
};

/* CH_E_FORMAT names the line; also when old_size is beyond the checkpoint's. */
enum ch_code ch_submission_get(struct ch_str body, struct ch_submission *ret,
                               struct ch_err *err) CH_MUST_CHECK;
void ch_submission_put(struct ch_buf *out, uint64_t old_size, const struct ch_tree_proof *proof,
                       struct ch_str note);

/* The body of an answer of type CH_SUBMISSION_SIZE_TYPE: a number and a newline. */
bool ch_submission_size_get(struct ch_str body, uint64_t *ret_size);

#endif
