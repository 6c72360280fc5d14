#include "db/log/submission.h"

#include <string.h>

#include "customhouse/base64.h"
#include "db/log/bundle.h"

static bool get_hash(struct ch_str line, struct ch_sha256 *ret)
{
    struct ch_buf bytes;
    ch_buf_init(&bytes, CH_SHA256_BYTES);
    bool good = line.len == CH_BASE64_LEN(CH_SHA256_BYTES) && ch_base64_strict(line, &bytes) &&
                ch_buf_ok(&bytes, NULL) == CH_OK && bytes.len == CH_SHA256_BYTES;
    if (good) {
        memcpy(ret->byte, bytes.ptr, CH_SHA256_BYTES);
    }
    ch_buf_done(&bytes);
    return good;
}

/* "An old size line, zero or more consistency proof lines, and an empty line." */
static enum ch_code get_head(struct ch_str *rest, struct ch_submission *ret, struct ch_err *err)
{
    struct ch_str line, old = CH_STR("old ");
    if (!ch_str_split(rest, '\n', &line) || !ch_str_starts(line, old) ||
        !ch_str_u64(ch_str_sub(line, old.len, line.len), &ret->old_size)) {
        return ch_fail(err, CH_E_FORMAT, "line 1: expected \"old SIZE\"");
    }
    while (rest->ptr != NULL && ch_str_split(rest, '\n', &line) && line.len > 0) {
        if (ret->proof.count == CH_SUBMISSION_HASHES_MAX) {
            return ch_fail(err, CH_E_FORMAT, "more than %d hashes of a proof",
                           CH_SUBMISSION_HASHES_MAX);
        }
        if (!get_hash(line, &ret->proof.hash[ret->proof.count])) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected 32 bytes in base64, or none",
                           ret->proof.count + 2);
        }
        ret->proof.count++;
    }
    return rest->ptr != NULL ? CH_OK
                             : ch_fail(err, CH_E_FORMAT, "no empty line before the checkpoint");
}

static size_t count_lines(struct ch_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += s.ptr[i] == '\n';
    }
    return n;
}

enum ch_code ch_submission_get(struct ch_str body, struct ch_submission *ret, struct ch_err *err)
{
    struct ch_submission s = {.old_size = 0};
    struct ch_str rest = body, lines;
    if (body.len > CH_SUBMISSION_MAX) {
        return ch_fail(err, CH_E_FORMAT, "longer than %d bytes", CH_SUBMISSION_MAX);
    }
    enum ch_code rc = get_head(&rest, &s, err);
    s.note = rest;
    rc = rc == CH_OK ? ch_note_split(s.note, &s.text, &lines, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(s.text, &s.checkpoint, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (count_lines(lines) > CH_SUBMISSION_LINES_MAX) {
        return ch_fail(err, CH_E_FORMAT, "more than %d signatures", CH_SUBMISSION_LINES_MAX);
    }
    if (s.old_size > s.checkpoint.size) {
        return ch_fail(err, CH_E_FORMAT, "line 1: the old size is beyond the checkpoint's");
    }
    *ret = s;
    return CH_OK;
}

void ch_submission_put(struct ch_buf *out, uint64_t old_size, const struct ch_tree_proof *proof,
                       struct ch_str note)
{
    ch_buf_printf(out, "old %llu\n", (unsigned long long)old_size);
    ch_proof_put_before(out, proof, note);
}

bool ch_submission_size_get(struct ch_str body, uint64_t *ret_size)
{
    return body.len > 1 && body.ptr[body.len - 1] == '\n' &&
           ch_str_u64(ch_str_sub(body, 0, body.len - 1), ret_size);
}
