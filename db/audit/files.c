/* The log's files as such: that they are all there, and have nothing behind what the log has. */
#include "auditor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/log/bundle.h"

#define SPARE CH_LOG_NOTE ".spare"

static enum ch_code length_of(int fd, const char *what, uint64_t *ret, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return ch_fail_errno(err, errno, "log: %s", what);
    }
    *ret = (uint64_t)st.st_size;
    return CH_OK;
}

enum ch_code audit_files_open(struct audit_verify *v, const char *state, struct ch_err *err)
{
    struct audit_lengths *l = &v->lengths;
    struct ch_buf missing;
    ch_buf_init(&missing, 4096);
    enum ch_code rc = audit_reader_open_rest(state, v->reader, &missing, err);
    struct ch_str name, rest = ch_buf_str(&missing);
    while (rc == CH_OK && ch_str_split(&rest, '\n', &name) && name.len > 0) {
        audit_problem(v, "log: %.*s is missing", CH_STR_ARG(name));
    }
    ch_buf_done(&missing);
    const struct ch_log_files *f = &v->reader->files;
    rc = rc == CH_OK ? length_of(f->data_fd, CH_LOG_DATA, &l->data, err) : rc;
    rc = rc == CH_OK ? length_of(f->bundles_fd, CH_LOG_BUNDLES, &l->bundles, err) : rc;
    for (unsigned level = 0; rc == CH_OK && level < CH_TILE_LEVELS; level++) {
        rc = length_of(f->public.hashes_fd[level], CH_LOG_HASHES, &l->hashes[level], err);
    }
    return rc;
}

/* The hashes of all entries were there before the checkpoint that states how many they are; who
 * alters it can state any number. Where hashes were cut off the entries are there. */
void audit_files_bound(struct audit_verify *v)
{
    struct ch_str entry;
    uint64_t hashes = v->lengths.hashes[0] / CH_SHA256_BYTES;
    uint64_t whole = v->lengths.bundles / sizeof(uint64_t); /* bundles but the last, which grows */
    whole = whole > 0 ? (whole - 1) * CH_TILE_HASHES : 0;
    if (v->size == 0) { /* neither checkpoint nor hashes */
        v->size = v->reader->size = whole;
    }
    if (v->size <= hashes) {
        return;
    }
    audit_problem(v, "hashes of level 0: there are %llu, the checkpoint states %llu",
                  (unsigned long long)hashes, (unsigned long long)v->size);
    if (v->size > whole + CH_TILE_HASHES ||
        audit_reader_get(v->reader, v->size - 1, &entry, NULL) != CH_OK) {
        v->size = v->reader->size = hashes > whole ? hashes : whole;
    }
}

enum ch_code audit_files_size_of_store(struct audit_verify *v, const char *state,
                                       struct ch_err *err)
{
    char folder[4096];
    struct ch_store *store = NULL;
    uint64_t next = 0, written = 0;
    snprintf(folder, sizeof(folder), "%s/db", state);
    enum ch_code rc = ch_store_open_read(folder, &store, err);
    rc = rc == CH_OK ? ch_store_log_ends(store, &next, &written, err) : rc;
    ch_store_close(store);
    if (rc == CH_OK && (next == 0 || v->lengths.data == 0)) {
        return ch_fail(err, CH_E_FORMAT,
                       "the checkpoint is of an empty log, which is never published");
    }
    if (rc == CH_OK) {
        audit_problem(v, "hashes of level 0: there are none, the database has %llu entries",
                      (unsigned long long)next);
        /* who alters the database can state any number, too */
        uint64_t most = v->lengths.data / CH_ENTRY_PREFIX;
        v->size = v->reader->size = next < most ? next : most;
    }
    return rc;
}

/* ------------------------------------------------------------------ what is behind it */

static void check_length(struct audit_verify *v, const char *name, uint64_t there, uint64_t most)
{
    if (there > most) {
        audit_problem(v, "log: %s has %llu bytes that are nothing's of the log", name,
                      (unsigned long long)(there - most));
    }
}

/* The newest bundle grows: it ends with its last entry. */
static bool end_of_data(struct audit_verify *v, uint64_t *ret)
{
    struct ch_str entry;
    uint8_t bytes[sizeof(uint64_t)];
    struct audit_reader *r = v->reader;
    uint64_t number = (v->size - 1) / CH_TILE_HASHES;
    if (audit_reader_get(r, v->size - 1, &entry, NULL) != CH_OK ||
        ch_log_pread(r->files.bundles_fd, bytes, sizeof(bytes), number * sizeof(bytes),
                     CH_LOG_BUNDLES, NULL) != CH_OK) {
        return false; /* named already */
    }
    struct ch_rd rd = ch_rd_of(bytes, sizeof(bytes));
    *ret = ch_get_u64(&rd) + r->bundle.len;
    return true;
}

/* Of before the disk was full, perhaps by a former key: nobody is shown it. */
static bool is_checkpoint(const struct audit_verify *v, struct ch_str note)
{
    struct ch_str text;
    struct ch_checkpoint c;
    enum ch_code rc = ch_note_text(note, &text, NULL);
    rc = rc == CH_OK ? ch_checkpoint_get(text, &c, NULL) : rc;
    if (rc == CH_OK && v->key.name[0] != '\0') {
        rc = ch_checkpoint_open(note, &v->key, &c, NULL);
    }
    return (rc == CH_OK || rc == CH_E_NOT_FOUND) &&
           (v->key.name[0] == '\0' || ch_str_eq(c.origin, ch_str_of(v->key.name)));
}

static void check_spare(struct audit_verify *v)
{
    char bytes[CH_NOTE_MAX + 1];
    int fd = openat(v->reader->files.public_fd, SPARE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return; /* the next start makes another one */
    }
    ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
    close(fd);
    if (n < 0 || (n > 0 && !is_checkpoint(v, (struct ch_str){bytes, (size_t)n}))) {
        audit_problem(v, "log: " CH_LOG_PUBLIC "/" SPARE " is no checkpoint of this log");
    }
}

void audit_files_check(struct audit_verify *v)
{
    /* what was being written when they were looked at, or when a run died, waits in the database */
    uint64_t next = v->size + v->waiting.len / CH_SHA256_BYTES, data = 0;
    const struct audit_lengths *l = &v->lengths;
    char name[32];
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        snprintf(name, sizeof(name), CH_LOG_HASHES "/%u", level);
        check_length(v, name, l->hashes[level],
                     (next >> (level * CH_TILE_HEIGHT)) * CH_SHA256_BYTES);
    }
    check_length(v, CH_LOG_BUNDLES, l->bundles,
                 (next + CH_TILE_HASHES - 1) / CH_TILE_HASHES * sizeof(uint64_t));
    if (v->written <= v->size && end_of_data(v, &data)) {
        check_length(v, CH_LOG_DATA, l->data, data + v->waiting_bytes);
    }
    check_spare(v);
}
