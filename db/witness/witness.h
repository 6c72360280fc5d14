/* A witness of logs: of each it keeps the checkpoint that it has cosigned last, and cosigns only
 * what that one has grown to. So whoever is shown another history than others were cannot be shown
 * its cosignature, too. Everything but the network.
 *
 * STATE/lock                 one process at a time
 * STATE/keys/witness-ID.pem  its key, 0600; it never leaves the folder
 * STATE/name                 the name that it signs under
 * STATE/checkpoints/ORIGIN   of each log, named by the SHA-256 of its origin: the note, with the
 *                            log's signature and ours
 *
 * Spec: C2SP tlog-witness. */
#ifndef WITNESS_H
#define WITNESS_H

#include "db/log/submission.h"

#define WITNESS_LOG_KEYS_MAX 64

/* A key of a log that is witnessed. A log has one, or two while another takes its place. */
struct witness_log {
    char origin[CH_NOTE_NAME_MAX + 1];
    struct ch_note_key key;
};
/* "VKEY", or "VKEY@ORIGIN" where the log's origin is not its key's name. CH_E_FORMAT,
 * CH_E_UNSUPPORTED. */
enum ch_code witness_log_get(struct ch_str text, struct witness_log *ret,
                             struct ch_err *err) CH_MUST_CHECK;

struct witness;

/* Opens the folder, which it makes with a new key when it is empty or not there. `name` is only
 * taken then; NULL: one made of the key. CH_E_BUSY: another process has it; CH_E_USAGE: it is
 * something else's, or has another name; CH_E_FORMAT, CH_E_MISMATCH: what is there is not what this
 * witness has written, and nothing may be cosigned with its key. Close with witness_close. */
enum ch_code witness_open(const char *state, const char *name, const struct witness_log *logs,
                          size_t count, struct witness **ret, struct ch_err *err) CH_MUST_CHECK;
void witness_close(struct witness *w); /* accepts NULL */
/* Other logs, or keys, than those it was opened with. Also after a failure (likewise, of what was
 * cosigned of a log that is new) it goes on with those that it had. */
enum ch_code witness_set_logs(struct witness *w, const struct witness_log *keys, size_t count,
                              struct ch_err *err) CH_MUST_CHECK;

/* What logs and verifiers are configured with: the key's public half, as a vkey of type 0x04. */
void witness_put_vkey(const struct witness *w, struct ch_buf *out);

enum witness_event {
    WITNESS_REFUSED = 0,   /* nobody's signature is on it, or it is of no use: 400, 403, 404 */
    WITNESS_COSIGNED,      /* 200 */
    WITNESS_OTHER_SIZE,    /* 409: the log knows another size than what was cosigned */
    WITNESS_OTHER_ROOT,    /* 409: the log has signed two trees of one size */
    WITNESS_NO_GROWTH,     /* 422: nothing proves that it has only grown */
    WITNESS_CANNOT_RECORD, /* 500 */
};

struct witness_answer {
    enum witness_event event;
    int status;               /* of HTTP */
    const char *content_type; /* static */
    struct ch_buf body;       /* the caller's, to be freed */
    struct ch_buf said;       /* a line for the operator; empty: nothing. Likewise freed */
};
/* Answers a submission. A cosignature is in the answer only when what it is about is on disk. */
void witness_add_checkpoint(struct witness *w, struct ch_str body, uint64_t time_s,
                            struct witness_answer *ret);
void witness_answer_done(struct witness_answer *a);

#endif
