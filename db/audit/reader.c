#include "auditor.h"

#include <errno.h>
#include <sys/stat.h>

#include "db/log/bundle.h"

static enum ch_code open_files(const char *state, struct audit_reader *ret, struct ch_buf *missing,
                               struct ch_err *err)
{
    char folder[4096];
    snprintf(folder, sizeof(folder), "%s/" CH_LOG_FOLDER, state);
    return missing == NULL ? ch_log_files_open(folder, false, &ret->files, err)
                           : ch_log_files_open_rest(folder, &ret->files, missing, err);
}

static enum ch_code open_reader(const char *state, struct audit_reader *ret, struct ch_buf *missing,
                                struct ch_err *err)
{
    struct ch_str text;
    struct ch_checkpoint c;
    struct ch_buf note;
    *ret = (struct audit_reader){.number = UINT64_MAX};
    ch_log_files_none(&ret->files);
    ch_buf_init(&ret->bundle, CH_TILE_HASHES * (CH_ENTRY_PREFIX + CH_ENTRY_MAX));
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = open_files(state, ret, missing, err);
    enum ch_code read = rc == CH_OK ? ch_log_read_note(ret->files.public_fd, &note, err) : rc;
    rc = rc == CH_OK && missing == NULL ? read : rc;
    if (read == CH_OK && ch_note_text(ch_buf_str(&note), &text, NULL) == CH_OK &&
        ch_checkpoint_get(text, &c, NULL) == CH_OK) {
        ret->size = c.size;
    } else if (rc == CH_OK) { /* altered: as many as there are hashes */
        struct stat st;
        rc = fstat(ret->files.public.hashes_fd[0], &st) == 0
                 ? CH_OK
                 : ch_fail_errno(err, errno, "hashes of level 0");
        ret->size = rc == CH_OK ? (uint64_t)st.st_size / CH_SHA256_BYTES : 0;
    }
    ch_buf_done(&note);
    return rc;
}

enum ch_code audit_reader_open(const char *state, struct audit_reader *ret, struct ch_err *err)
{
    return open_reader(state, ret, NULL, err);
}

enum ch_code audit_reader_open_rest(const char *state, struct audit_reader *ret,
                                    struct ch_buf *ret_missing, struct ch_err *err)
{
    return open_reader(state, ret, ret_missing, err);
}

void audit_reader_close(struct audit_reader *r)
{
    ch_log_files_close(&r->files);
    ch_buf_done(&r->bundle);
}

static enum ch_code load(struct audit_reader *r, uint64_t number, struct ch_err *err)
{
    uint64_t left = r->size - number * CH_TILE_HASHES;
    struct ch_tile tile = {.level = CH_TILE_ENTRIES,
                           .number = number,
                           .width = left < CH_TILE_HASHES ? (unsigned)left : CH_TILE_HASHES};
    r->number = UINT64_MAX;
    ch_buf_clear(&r->bundle);
    enum ch_code rc = ch_log_read_tile(&r->files, &tile, &r->bundle, err);
    struct ch_str rest = ch_buf_str(&r->bundle);
    for (unsigned i = 0; rc == CH_OK && i < tile.width; i++) {
        if (!ch_bundle_next(&rest, &r->entry[i])) {
            rc = ch_fail(err, CH_E_FORMAT, "bundle %llu has not %u whole entries",
                         (unsigned long long)number, tile.width);
        }
    }
    if (rc == CH_OK) {
        r->number = number;
    }
    return rc;
}

enum ch_code audit_reader_get(struct audit_reader *r, uint64_t index, struct ch_str *ret,
                              struct ch_err *err)
{
    CH_ASSERT(index < r->size);
    uint64_t number = index / CH_TILE_HASHES;
    enum ch_code rc = r->number == number ? CH_OK : load(r, number, err);
    if (rc == CH_OK) {
        *ret = r->entry[index % CH_TILE_HASHES];
    }
    return rc;
}
