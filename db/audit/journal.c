/* The log's journal: what it has is what the log has, up to the newest checkpoint; behind that are
 * zeros. And what else lies in the log's folders. */
#include "auditor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/bundle.h"
#include "db/log/journal.h"

#define PAGE_BYTES 4096
#define SAME_TRIES 8 /* a keeper may write it meanwhile */

/* ------------------------------------------------------------------ what it says */

struct look {
    struct audit_verify *v;
    struct ch_journal journal; /* how far it was read */
    size_t records;
    uint64_t size;  /* entries with the last one's */
    char what[256]; /* is wrong with it; "": nothing */
};

static bool check_record(struct look *l, const struct ch_journal_record *r)
{
    const struct audit_verify *v = l->v;
    struct ch_str rest = r->bundle, entry, text;
    struct ch_checkpoint c;
    uint64_t index = r->size;
    if (l->records > 0 && r->size != l->size) {
        snprintf(l->what, sizeof(l->what), "record %zu begins at entry %llu, expected %llu",
                 l->records, (unsigned long long)r->size, (unsigned long long)l->size);
        return false;
    }
    for (; ch_bundle_next(&rest, &entry); index++) {
        struct ch_sha256 leaf = ch_tree_leaf(v->hash, entry);
        if (index < v->size && !ch_sha256_eq(&leaf, &v->leaves[index])) {
            snprintf(l->what, sizeof(l->what), "record %zu has another entry %llu than the log",
                     l->records, (unsigned long long)index);
            return false;
        }
    }
    l->size = index;
    if (rest.len > 0 || ch_note_text(r->note, &text, NULL) != CH_OK ||
        ch_checkpoint_get(text, &c, NULL) != CH_OK || c.size != index) {
        snprintf(l->what, sizeof(l->what), "record %zu has no checkpoint of %llu entries",
                 l->records, (unsigned long long)index);
        return false;
    }
    struct ch_sha256 root = ch_tree_root(&v->tree, v->hash);
    if (c.size == v->tree.size && !ch_sha256_eq(&root, &c.root)) {
        snprintf(l->what, sizeof(l->what),
                 "the checkpoint of record %zu signs another tree than that of the entries",
                 l->records);
        return false;
    }
    return true;
}

static void check_records(struct look *l, struct ch_buf *memory)
{
    struct ch_journal_record r;
    while (ch_journal_next(&l->journal, memory, &r, NULL) == CH_OK && check_record(l, &r)) {
        l->records++;
    }
    if (l->what[0] == '\0' && l->records == 0 && l->v->size > 1) {
        snprintf(l->what, sizeof(l->what), "its first record is damaged");
    } else if (l->what[0] == '\0' && l->records > 0 && l->size < l->v->size) {
        snprintf(l->what, sizeof(l->what),
                 "ends after %zu records with %llu entries, the checkpoint states %llu: the next"
                 " one is damaged",
                 l->records, (unsigned long long)l->size, (unsigned long long)l->v->size);
    }
}

/* ------------------------------------------------------------------ what is behind it */

/* Zeros, from when it was begun anew; who was killed at that may have left pages of the former
 * ones. */
static void check_rest(struct look *l, struct ch_str all)
{
    size_t at = l->journal.at < all.len ? (size_t)l->journal.at : all.len, last = all.len;
    while (at < all.len && all.ptr[at] == 0) {
        at++;
    }
    while (last > at && all.ptr[last - 1] == 0) {
        last--;
    }
    if (at < last &&
        !(l->records == 1 && at % PAGE_BYTES < PAGE_BYTES / 8 && last - at > PAGE_BYTES)) {
        snprintf(l->what, sizeof(l->what), "bytes %zu to %zu are no record's, expected zeros", at,
                 last - 1);
    }
}

/* ------------------------------------------------------------------ all */

static bool read_all(int fd, struct ch_buf *ret)
{
    size_t most = (size_t)ch_limits.log_journal_bytes + 1;
    ssize_t n = 1;
    ch_buf_clear(ret);
    char *room = ch_buf_reserve(ret, most);
    CH_ASSERT(room != NULL);
    while (n > 0 && ret->len < most) {
        n = pread(fd, room + ret->len, most - ret->len, (off_t)ret->len);
        ret->len += n > 0 ? (size_t)n : 0;
    }
    return n >= 0;
}

static void look_once(struct look *l, int fd, struct ch_buf *all, struct ch_buf *memory)
{
    struct audit_verify *v = l->v;
    *l = (struct look){.v = v, .journal = {.fd = fd}};
    if (!read_all(fd, all)) {
        snprintf(l->what, sizeof(l->what), "cannot be read");
    } else if (all->len != ch_limits.log_journal_bytes && v->size > 1) {
        snprintf(l->what, sizeof(l->what), "has %zu bytes, expected %llu", all->len,
                 (unsigned long long)ch_limits.log_journal_bytes);
    } else {
        check_records(l, memory);
        if (l->what[0] == '\0' && ch_journal_is_zeroed(&l->journal)) {
            check_rest(l, ch_buf_str(all));
        }
    }
}

void audit_journal_check(struct audit_verify *v)
{
    int fd = openat(v->reader->files.folder_fd, CH_LOG_JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        audit_problem(v, "log: " CH_LOG_JOURNAL " is missing");
        return;
    }
    struct look l = {.v = v};
    struct ch_buf all, again, memory;
    size_t most = (size_t)ch_limits.log_journal_bytes + 1;
    ch_buf_init(&all, most);
    ch_buf_init(&again, most);
    ch_buf_init(&memory, most);
    bool same = false;
    for (size_t i = 0; i < SAME_TRIES && !same; i++) {
        look_once(&l, fd, &all, &memory);
        same = l.what[0] == '\0' ||
               (read_all(fd, &again) && ch_str_eq(ch_buf_str(&all), ch_buf_str(&again)));
    }
    if (l.what[0] != '\0' && same) {
        audit_problem(v, "log: " CH_LOG_JOURNAL ": %s", l.what);
    }
    ch_buf_done(&all);
    ch_buf_done(&again);
    ch_buf_done(&memory);
    close(fd);
}

/* ------------------------------------------------------------------ what lies beside it */

static const struct {
    const char *folder;
    const char *names[10];
} known[] = {
    {".", {CH_LOG_PUBLIC, CH_LOG_ENTRIES}},
    {CH_LOG_ENTRIES, {"data", "bundles", "journal"}},
    {CH_LOG_PUBLIC,
     {CH_LOG_NOTE, CH_LOG_NOTE ".new", CH_LOG_NOTE ".spare", CH_LOG_COSIGNED,
      CH_LOG_COSIGNED ".new", "hashes"}},
    {CH_LOG_HASHES, {"0", "1", "2", "3", "4", "5", "6", "7"}},
};

static bool is_known(size_t folder, const char *name)
{
    bool found = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    for (size_t i = 0; !found && known[folder].names[i] != NULL; i++) {
        found = strcmp(known[folder].names[i], name) == 0;
    }
    return found;
}

void audit_strangers_check(struct audit_verify *v)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(known); i++) {
        int fd = openat(v->reader->files.folder_fd, known[i].folder,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
        for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
            if (!is_known(i, e->d_name)) {
                audit_problem(v, "log: %s/%s is no file of the log", known[i].folder, e->d_name);
            }
        }
        if (dir != NULL) {
            closedir(dir);
        } else if (fd >= 0) {
            close(fd);
        }
    }
}
