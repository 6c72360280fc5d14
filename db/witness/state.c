/* A witness's folder. Its key and what was signed with it lie together: who has lost the second has
 * to make another key, or one key would say two things. */
#include "witness_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/log/cosign.h"
#include "db/signing/key_files.h"
#include "record.h"

#define LOCK         "lock"
#define NAME         "name"
#define KEYS         "keys"
#define CHECKPOINTS  "checkpoints"
#define INSTALLATION "customhouse.yaml" /* of what has logs, and must not witness its own */

static const struct ch_purpose purpose = {.name = "witness", .kind = CH_KEY_ED25519};

/* ------------------------------------------------------------------ which logs */

/* Base64 has no @, a key's name may: after its second plus. */
enum ch_code witness_log_get(struct ch_str text, struct witness_log *ret, struct ch_err *err)
{
    struct witness_log log = {.origin = ""};
    struct ch_str rest = text, part, vkey = text, origin = {NULL, 0};
    size_t at;
    bool whole = ch_str_split(&rest, '+', &part) && ch_str_split(&rest, '+', &part);
    if (whole && rest.ptr != NULL && ch_str_find_char(rest, '@', &at)) {
        origin = ch_str_sub(rest, at + 1, rest.len);
        vkey.len -= rest.len - at;
    }
    enum ch_code rc = ch_note_key_get(vkey, &log.key, err);
    if (rc == CH_OK && origin.ptr != NULL && !ch_note_name_is_good(origin)) {
        rc = ch_fail(err, CH_E_FORMAT, "after the @: expected the origin of a log");
    }
    if (rc == CH_OK) {
        origin = origin.ptr != NULL ? origin : ch_str_of(log.key.name);
        memcpy(log.origin, origin.ptr, origin.len);
        *ret = log;
    }
    return rc;
}

struct witnessed *witness_find(struct witness *w, struct ch_str origin)
{
    for (size_t i = 0; i < w->log_count; i++) {
        if (ch_str_eq(ch_str_of(w->logs[i].origin), origin)) {
            return &w->logs[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ its key and name */

static enum ch_code sign(void *ctx, struct ch_str message, uint8_t ret[CH_NOTE_SIGNATURE_BYTES],
                         struct ch_err *err)
{
    struct witness *w = ctx;
    struct ch_buf out;
    ch_buf_init(&out, CH_SIGNATURE_BYTES);
    enum ch_code rc = ch_signer_sign(w->key, message, &out, err);
    if (rc == CH_OK) {
        CH_ASSERT(out.len == CH_NOTE_SIGNATURE_BYTES);
        memcpy(ret, out.ptr, CH_NOTE_SIGNATURE_BYTES);
    }
    ch_buf_done(&out);
    return rc;
}

struct finding {
    struct ch_signer *key;
    size_t count;
};

static void found(void *ctx, struct ch_signer *signer)
{
    struct finding *f = ctx;
    ch_signer_free(f->key);
    f->key = signer;
    f->count++;
}

static enum ch_code open_key(struct witness *w, const char *state, struct ch_err *err)
{
    struct finding f = {.key = NULL};
    struct ch_sha256 id;
    struct ch_buf path;
    int fd = -1;
    ch_buf_init(&path, 8192);
    ch_buf_printf(&path, "%s/" KEYS "%c", state, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    rc = rc == CH_OK ? ch_keys_open_folder(path.ptr, &fd, err) : rc;
    ch_buf_done(&path);
    rc = rc == CH_OK ? ch_key_files(fd, &purpose, found, &f, err) : rc;
    if (rc == CH_OK &&
        f.count == 0) { /* what an older one has signed is refused then: see read_record */
        rc = ch_key_file_make(fd, &purpose, &id, err);
        rc = rc == CH_OK ? ch_key_files(fd, &purpose, found, &f, err) : rc;
    }
    if (fd >= 0) {
        close(fd);
    }
    w->key = f.key;
    if (rc == CH_OK && f.count != 1) {
        rc = ch_fail(err, CH_E_FORMAT, KEYS ": %zu keys, expected one", f.count);
    }
    return rc;
}

static enum ch_code open_name(struct witness *w, const char *wanted, struct ch_err *err)
{
    struct ch_buf name;
    ch_buf_init(&name, CH_NOTE_NAME_MAX + 1);
    enum ch_code rc = record_read_named(w->folder_fd, NAME, &name, err);
    if (rc == CH_E_NOT_FOUND) {
        char hex[CH_KEY_ID_HEX + 1];
        struct ch_sha256 id = ch_public_key_id(ch_signer_public(w->key));
        ch_key_id_hex(&id, hex);
        ch_buf_clear(&name);
        ch_buf_printf(&name, "%s%s\n", wanted != NULL ? wanted : "customhouse/witness/",
                      wanted != NULL ? "" : hex);
        rc = ch_buf_ok(&name, err);
        rc = rc == CH_OK ? record_write_new(w->folder_fd, NAME, ch_buf_str(&name), err) : rc;
    }
    struct ch_str line = ch_buf_str(&name);
    line.len -= ch_str_ends(line, CH_STR("\n"));
    if (rc == CH_OK && !ch_note_name_is_good(line)) {
        rc = ch_fail(err, CH_E_FORMAT, NAME ": expected a name without blanks and plus");
    }
    if (rc == CH_OK && wanted != NULL && !ch_str_eq(line, ch_str_of(wanted))) {
        rc = ch_fail(err, CH_E_USAGE, "this witness is called %.*s already", CH_STR_ARG(line));
    }
    if (rc == CH_OK) {
        memcpy(w->signer.key.name, line.ptr, line.len);
        ch_public_key_raw(ch_signer_public(w->key), w->signer.key.public_key);
        w->signer.sign = sign;
        w->signer.ctx = w;
    }
    ch_buf_done(&name);
    return rc;
}

/* ------------------------------------------------------------------ what it has cosigned */

/* Only what this key has signed: else somebody else wrote it, or the disk has lost a part. */
static enum ch_code read_record(struct witness *w, struct witnessed *log, struct ch_err *err)
{
    struct ch_buf note;
    struct ch_str text, lines, line;
    struct ch_checkpoint c;
    uint64_t time_s;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = record_read(w->checkpoints_fd, ch_str_of(log->origin), &note, err);
    if (rc == CH_E_NOT_FOUND) {
        log->size = 0;
        log->root = ch_sha256_of("", 0);
        ch_buf_done(&note);
        return CH_OK;
    }
    rc = rc == CH_OK ? ch_note_split(ch_buf_str(&note), &text, &lines, err) : rc;
    rc = rc == CH_OK ? ch_cosignature_find(text, lines, &w->signer.key, &line, &time_s, err) : rc;
    rc = rc == CH_OK ? ch_checkpoint_get(text, &c, err) : rc;
    if (rc == CH_OK && !ch_str_eq(c.origin, ch_str_of(log->origin))) {
        rc = ch_fail(err, CH_E_MISMATCH, "it is of another log");
    }
    if (rc == CH_OK) {
        log->size = c.size;
        log->root = c.root;
    }
    ch_buf_done(&note);
    return rc == CH_OK ? CH_OK : ch_wrap(err, CHECKPOINTS ": what was cosigned of %s", log->origin);
}

/* ------------------------------------------------------------------ the folder */

static enum ch_code lock(struct witness *w, const char *state, struct ch_err *err)
{
    w->lock_fd = openat(w->folder_fd, LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (w->lock_fd < 0) {
        return ch_fail_errno(err, errno, "%s/" LOCK, state);
    }
    if (flock(w->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? ch_fail(err, CH_E_BUSY, "%s: another witness runs on it", state)
                   : ch_fail_errno(err, errno, "%s/" LOCK, state);
    }
    return CH_OK;
}

static enum ch_code make_folder(int at, const char *name, bool *ret_made, struct ch_err *err)
{
    *ret_made = mkdirat(at, name, 0700) == 0;
    if (!*ret_made && errno != EEXIST) {
        return ch_fail_errno(err, errno, "%s", name);
    }
    return !*ret_made || at == AT_FDCWD || fsync(at) == 0
               ? CH_OK
               : ch_fail_errno(err, errno, "%s: fsync of its folder", name);
}

/* The folder of what was signed is there before the key's is: a key without it has lost it. */
static enum ch_code make_folders(struct witness *w, struct ch_err *err)
{
    bool made = false;
    bool had_keys = faccessat(w->folder_fd, KEYS, F_OK, 0) == 0;
    bool had_signed = faccessat(w->folder_fd, CHECKPOINTS, F_OK, 0) == 0;
    if (had_keys && !had_signed) {
        return ch_fail(err, CH_E_FORMAT,
                       CHECKPOINTS ": is lost, and with it what this key has cosigned: begin with "
                                   "another folder, and so with another key");
    }
    enum ch_code rc = make_folder(w->folder_fd, CHECKPOINTS, &made, err);
    return rc == CH_OK ? make_folder(w->folder_fd, KEYS, &made, err) : rc;
}

static enum ch_code open_folder(struct witness *w, const char *state, struct ch_err *err)
{
    struct stat st;
    bool made;
    enum ch_code rc = make_folder(AT_FDCWD, state, &made, err);
    w->folder_fd = rc == CH_OK ? open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (rc == CH_OK && w->folder_fd < 0) {
        rc = ch_fail_errno(err, errno, "%s", state);
    }
    if (rc == CH_OK && (fstat(w->folder_fd, &st) != 0 || (st.st_mode & 0022) != 0)) {
        rc = ch_fail(err, CH_E_DENIED, "%s: others may write there, expected mode 0700", state);
    }
    if (rc == CH_OK && faccessat(w->folder_fd, INSTALLATION, F_OK, 0) == 0) {
        rc = ch_fail(err, CH_E_USAGE,
                     "%s: is an installation that has a log; a witness has a folder of its own",
                     state);
    }
    return rc == CH_OK ? lock(w, state, err) : rc;
}

/* What is known of a log stays, or is read. */
static enum ch_code add_log(struct witness *w, const char *origin, struct witnessed *ret,
                            struct ch_err *err)
{
    const struct witnessed *known = witness_find(w, ch_str_of(origin));
    if (known != NULL) {
        *ret = *known;
        return CH_OK;
    }
    snprintf(ret->origin, sizeof(ret->origin), "%s", origin);
    return read_record(w, ret, err);
}

static bool is_listed(const struct witnessed *logs, size_t count, const char *origin)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        found = found || strcmp(logs[i].origin, origin) == 0;
    }
    return found;
}

enum ch_code witness_set_logs(struct witness *w, const struct witness_log *keys, size_t count,
                              struct ch_err *err)
{
    struct witnessed *logs = ch_calloc(count + 1, sizeof(*logs));
    size_t log_count = 0;
    enum ch_code rc = count > 0 ? CH_OK : ch_fail(err, CH_E_USAGE, "there is no log to witness");
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        if (!is_listed(logs, log_count, keys[i].origin)) {
            rc = add_log(w, keys[i].origin, &logs[log_count++], err);
        }
    }
    if (rc != CH_OK) {
        free(logs);
        return rc;
    }
    free(w->logs);
    free(w->keys);
    w->logs = logs;
    w->log_count = log_count;
    w->keys = ch_calloc(count, sizeof(*w->keys));
    w->key_count = count;
    memcpy(w->keys, keys, count * sizeof(*keys));
    return CH_OK;
}

static enum ch_code open_checkpoints(struct witness *w, const struct witness_log *logs,
                                     size_t count, struct ch_err *err)
{
    w->checkpoints_fd = openat(w->folder_fd, CHECKPOINTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return w->checkpoints_fd < 0 ? ch_fail_errno(err, errno, CHECKPOINTS)
                                 : witness_set_logs(w, logs, count, err);
}

enum ch_code witness_open(const char *state, const char *name, const struct witness_log *logs,
                          size_t count, struct witness **ret, struct ch_err *err)
{
    struct witness *w = ch_calloc(1, sizeof(*w));
    w->folder_fd = w->lock_fd = w->checkpoints_fd = -1;
    w->hash = ch_hash_new();
    enum ch_code rc = CH_OK;
    if (name != NULL && !ch_note_name_is_good(ch_str_of(name))) {
        rc = ch_fail(err, CH_E_USAGE, "--name: expected a name without blanks and plus");
    }
    rc = rc == CH_OK ? open_folder(w, state, err) : rc;
    rc = rc == CH_OK ? make_folders(w, err) : rc;
    rc = rc == CH_OK ? open_key(w, state, err) : rc;
    rc = rc == CH_OK ? open_name(w, name, err) : rc;
    rc = rc == CH_OK ? open_checkpoints(w, logs, count, err) : rc;
    if (rc != CH_OK) {
        witness_close(w);
        return rc;
    }
    *ret = w;
    return CH_OK;
}

void witness_close(struct witness *w)
{
    if (w == NULL) {
        return;
    }
    int fds[] = {w->checkpoints_fd, w->lock_fd, w->folder_fd};
    for (size_t i = 0; i < CH_ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    ch_signer_free(w->key);
    ch_hash_free(w->hash);
    free(w->keys);
    free(w->logs);
    free(w);
}

void witness_put_vkey(const struct witness *w, struct ch_buf *out)
{
    ch_cosigner_put(out, &w->signer.key);
}
