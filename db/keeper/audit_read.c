/* Entries as they are in the log's files, for who may read them (documents.c). */
#include <stdio.h>

#include "audit.h"
#include "db/log/files.h"

enum ch_code audit_read_entries(struct keeper *k, const struct ch_tile *tile, struct ch_buf *ret,
                                struct ch_err *err)
{
    char folder[4096];
    struct ch_log_files files;
    struct ch_checkpoint checkpoint;
    struct ch_buf note;
    struct ch_str text;
    snprintf(folder, sizeof(folder), "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = ch_log_files_open(folder, false, &files, err);
    rc = rc == CH_OK ? ch_log_read_note(files.public_fd, &note, err) : rc;
    rc = rc == CH_OK ? ch_note_text(ch_buf_str(&note), &text, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &checkpoint, err) : rc;
    if (rc == CH_OK && (tile->width < 1 || tile->width > CH_TILE_HASHES ||
                        !ch_tile_is_in(tile, checkpoint.size))) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "log: no bundle %llu of %u entries",
                     (unsigned long long)tile->number, tile->width);
    }
    rc = rc == CH_OK ? ch_log_read_tile(&files, tile, ret, err) : rc;
    ch_log_files_close(&files);
    ch_buf_done(&note);
    return rc;
}
