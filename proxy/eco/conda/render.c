#include "proxy/eco/conda/conda_int.h"

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"

/* --- why a record is held, as the name of a package --- */

/* "__held-by-policy-released-1-day-ago-...": what a name may have of the reason, the rest as '-'.
 */
void ch_conda_put_reason_name(struct ch_buf *out, struct ch_str reason)
{
    enum { LONGEST = 160 };
    reason = reason.len > 0 ? reason : CH_STR("held");
    size_t end = out->len + LONGEST;
    bool between = false; /* one '-' for all that lies between two words */
    ch_buf_puts(out, CH_STR("__"));
    for (size_t i = 0; i < reason.len && out->len < end && !out->failed; i++) {
        char c = reason.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.') {
            if (between) {
                ch_buf_putc(out, '-');
            }
            ch_buf_putc(out, c);
        }
        between = !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.');
    }
}

/* False: it cannot be said there. */
static bool put_held_record(const struct ch_page_file *f, struct ch_buf *out)
{
    struct ch_str record = f->record, depends;
    if (!ch_index_record_list(record, CH_STR("depends"), &depends)) {
        return false;
    }
    size_t end = (size_t)(depends.ptr + depends.len - record.ptr);
    ch_buf_puts(out, ch_str_sub(record, 0, end));
    ch_buf_puts(out, ch_str_of(depends.len > 0 ? ",\"" : "\""));
    ch_conda_put_reason_name(out, f->yanked_reason);
    ch_buf_putc(out, '"');
    ch_buf_puts(out, ch_str_sub(record, end, record.len));
    return true;
}

/* --- documents of a subdir --- */

bool ch_conda_is_shown(const struct ch_page_file *f, const char **ret_file_type)
{
    struct ch_conda_file name;
    bool is = f->record.len > 0 && !ch_conda_is_virtual(f->project) &&
              ch_conda_file_split(f->file_name, &name);
    *ret_file_type = is ? name.file_type : NULL;
    return is;
}

/* The records of one kind of file. One that cannot be shown as it has to be is left out. */
static void put_group(const struct ch_page *page, const bool *kept, const char *file_type,
                      struct ch_buf *out)
{
    const char *between = "";
    for (size_t i = 0; i < page->file_count; i++) {
        const struct ch_page_file *f = &page->files[i];
        const char *type;
        if ((kept != NULL && !kept[i]) || !ch_conda_is_shown(f, &type) || type != file_type) {
            continue;
        }
        size_t before = out->len;
        ch_buf_puts(out, ch_str_of(between));
        ch_buf_put_json(out, f->file_name);
        ch_buf_putc(out, ':');
        if (f->listing == CH_LIST_PLAIN) {
            ch_buf_puts(out, f->record);
        } else if (!put_held_record(f, out)) {
            out->len = before;
            continue;
        }
        between = ",";
    }
}

enum ch_code ch_conda_render_records(const struct ch_page *page, const bool *kept,
                                     struct ch_buf *out, struct ch_err *err)
{
    const char *const *types = ch_ecosystem_conda.file_types;
    ch_buf_puts(out, CH_STR("{\"info\":{\"subdir\":"));
    ch_buf_put_json(out, page->project);
    ch_buf_puts(out, CH_STR("},\"packages\":{"));
    put_group(page, kept, types[1], out);
    ch_buf_puts(out, CH_STR("},\"packages.conda\":{"));
    put_group(page, kept, types[0], out);
    ch_buf_puts(out, CH_STR("},\"removed\":[],\"repodata_version\":1}\n"));
    return ch_buf_ok(out, err);
}

enum ch_code ch_conda_render_repodata(const struct ch_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    return ch_conda_render_records(page, NULL, out, err);
}

/* --- documents of a channel --- */

enum ch_code ch_conda_render_root(const struct ch_root_page *page, struct ch_str prefix,
                                  struct ch_buf *out, struct ch_err *err)
{
    (void)prefix;
    ch_buf_puts(out, CH_STR("{\"subdirs\":["));
    for (size_t i = 0; i < page->name_count; i++) {
        ch_buf_puts(out, ch_str_of(i > 0 ? "," : ""));
        ch_buf_put_json(out, page->names[i]);
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    return ch_buf_ok(out, err);
}

enum { EXAMPLES = 5 }; /* that a note names at most (held.c) */

static void put_message(const struct ch_root_note *n, struct ch_buf *text)
{
    ch_buf_clear(text);
    ch_buf_put_escaped(text, n->name);
    ch_buf_printf(text, ": %llu %s held by policy, %llu denied: ", (unsigned long long)n->held,
                  n->held == 1 ? "package is" : "packages are", (unsigned long long)n->denied);
    ch_buf_puts(text, n->examples);
    ch_buf_puts(text, CH_STR(", ..."));
    text->len -= n->held + n->denied <= EXAMPLES ? 5 : 0;
    ch_buf_puts(text, CH_STR(". Asked for, each says why"));
}

static void put_time(const char *key, int64_t at_us, struct ch_buf *out)
{
    struct ch_buf at;
    ch_buf_init(&at, 64);
    ch_time_put(&at, at_us, false);
    at.len -= at.len > 0 && at.ptr[at.len - 1] == 'Z' ? 1 : 0; /* which old Pythons cannot read */
    ch_buf_printf(out, ",\"%s\":\"%.*s+00:00\"", key, CH_STR_ARG(ch_buf_str(&at)));
    ch_buf_done(&at);
}

/* The same id as long as it says the same: clients show each once. conda reads the end by another name than the CEP has.
 */
static void put_notice(const struct ch_root_note *n, struct ch_str text, struct ch_buf *out)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    struct ch_sha256 digest = ch_sha256_of(text.ptr, text.len);
    ch_buf_puts(out, CH_STR("{\"id\":\""));
    ch_buf_put_hex(out, digest.byte, 8);
    ch_buf_puts(out, CH_STR("\",\"message\":"));
    ch_buf_put_json(out, text);
    ch_buf_puts(out, CH_STR(",\"level\":\"info\""));
    put_time("created_at", n->at_us, out);
    put_time("expires_at", n->at_us + day_us, out);
    put_time("expired_at", n->at_us + day_us, out);
    ch_buf_putc(out, '}');
}

enum ch_code ch_conda_render_notices(const struct ch_root_page *page, struct ch_str prefix,
                                     struct ch_buf *out, struct ch_err *err)
{
    struct ch_buf text;
    (void)prefix;
    ch_buf_init(&text, (size_t)ch_limits.text_bytes);
    ch_buf_puts(out, CH_STR("{\"notices\":["));
    for (size_t i = 0; i < page->note_count; i++) {
        put_message(&page->notes[i], &text);
        ch_buf_puts(out, ch_str_of(i > 0 ? "," : ""));
        put_notice(&page->notes[i], ch_buf_str(&text), out);
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    ch_buf_done(&text);
    return ch_buf_ok(out, err);
}
