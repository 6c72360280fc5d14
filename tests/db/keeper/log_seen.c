/* What a house's audit log has. */
#include "log_seen.h"

#include <stdio.h>

#include "db/keeper/audit/audit_int.h"
#include "db/log/files.h"

static struct ch_err err;

uint64_t log_written(const struct house *h)
{
    struct audit_state s;
    audit_state(h->k, &s);
    return s.written;
}

/* Until all that the store has is under a checkpoint. */
void log_until_written(struct house *h)
{
    struct audit_state s;
    uint64_t end = ch_now_boot_ms() + 10000;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
        if (ch_now_boot_ms() > end) {
            fail_msg("the log was not written within ten seconds: %s", s.trouble);
        }
    } while (s.written < s.next || ch_store_in_group(h->k->store));
}

/* Until the log's thread has tried to write, and could not. */
void log_until_trouble(struct house *h)
{
    struct audit_state s;
    uint64_t end = ch_now_boot_ms() + 10000;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
        if (ch_now_boot_ms() > end) {
            fail_msg("the log had no trouble within ten seconds");
        }
    } while (s.trouble[0] == '\0');
}

/* "genesis policy ...": the kinds of all entries; each is canonical, has its version, and its row.
 */
struct ch_buf log_kinds(struct house *h)
{
    struct ch_log_files files;
    struct ch_buf out, entry, folder;
    ch_buf_init(&out, 65536);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    ch_buf_init(&folder, 256);
    ch_buf_printf(&folder, "%s/" CH_LOG_FOLDER "%c", h->folder, '\0');
    assert_ch_ok(&err, ch_log_files_open(folder.ptr, false, &files, &err));
    for (uint64_t i = 0; i < log_written(h); i++) {
        struct ch_log_entry_fields f;
        int64_t version = 0;
        ch_buf_clear(&entry);
        assert_ch_ok(&err, ch_log_read_entry(&files, i, &entry, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(&entry), &f, &err));
        assert_true(ch_log_entry_get_int(&f, "v", &version) && version >= CH_ENTRY_VERSION);
        assert_true(ch_log_entry_get_str(&f, "kind", &out));
        ch_buf_putc(&out, ' ');
    }
    ch_log_files_close(&files);
    ch_buf_done(&entry);
    ch_buf_done(&folder);
    return out;
}

/* The newest entry of a kind; its bytes in `ret`. */
struct ch_log_entry_fields log_newest(struct house *h, const char *kind, struct ch_buf *ret,
                                      uint64_t *ret_index)
{
    struct ch_log_files files;
    struct ch_buf folder;
    struct ch_log_entry_fields found = {.count = 0};
    ch_buf_init(&folder, 256);
    ch_buf_printf(&folder, "%s/" CH_LOG_FOLDER "%c", h->folder, '\0');
    assert_ch_ok(&err, ch_log_files_open(folder.ptr, false, &files, &err));
    for (uint64_t i = log_written(h); found.count == 0 && i-- > 0;) {
        struct ch_buf text;
        ch_buf_init(&text, 64);
        ch_buf_clear(ret);
        assert_ch_ok(&err, ch_log_read_entry(&files, i, ret, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(ret), &found, &err));
        if (!ch_log_entry_get_str(&found, "kind", &text) ||
            !ch_str_eq(ch_buf_str(&text), ch_str_of(kind))) {
            found.count = 0;
        }
        *ret_index = i;
        ch_buf_done(&text);
    }
    if (found.count == 0) {
        fail_msg("no entry of kind %s", kind);
    }
    ch_log_files_close(&files);
    ch_buf_done(&folder);
    return found;
}

struct opened {
    const struct ch_log_entry_fields *f;
    const char *text;
    size_t count;
};

static void open_one(void *ctx, const struct ch_log_clear *clear)
{
    struct opened *o = ctx;
    char field[32];
    struct ch_sha256 stated, actual = ch_log_entry_commit(clear->salt, clear->text);
    snprintf(field, sizeof(field), "%.*s", CH_STR_ARG(clear->field));
    assert_true(ch_log_entry_get_commitment(o->f, field, &stated));
    assert_true(ch_sha256_eq(&stated, &actual));
    o->count += ch_str_find(clear->text, ch_str_of(o->text), NULL);
}

size_t log_hidden(struct house *h, uint64_t index, const struct ch_log_entry_fields *f,
                  const char *text)
{
    struct opened o = {.f = f, .text = text};
    assert_ch_ok(&err, ch_store_log_clear(h->k->store, index, open_one, &o, &err));
    return o.count;
}

void log_assert_hidden(struct house *h, uint64_t index, const struct ch_log_entry_fields *f,
                       struct ch_str entry, const char *text)
{
    assert_false(ch_str_find(entry, ch_str_of(text), NULL));
    assert_int_equal(log_hidden(h, index, f, text), 1);
}
