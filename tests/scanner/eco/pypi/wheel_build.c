#include "wheel_build.h"

#include <string.h>

#include <openssl/evp.h>

enum { TEXT_MAX = 1 << 20 };

struct maker {
    struct zb *zip;
    const struct wheel_spec *spec;
    const char *dist_info;
    struct ch_buf record;
};

static const char *or_else(const char *s, const char *other)
{
    return s != NULL ? s : other;
}

struct ch_scan_job wheel_job(const struct wheel_spec *s)
{
    return (struct ch_scan_job){
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = CH_STR("pypi"),
        .profile = CH_STR("wheel"),
        .project = ch_str_of(s->project),
        .version = ch_str_of(s->version),
        .file_name = ch_str_of(or_else(s->file_name, "foo_bar-1.0-py3-none-any.whl"))};
}

static void put_base64(struct ch_buf *b, const uint8_t *p, size_t len, bool padded)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | p[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            ch_buf_putc(b, digits[bits >> have & 63]);
        }
    }
    if (have > 0) {
        ch_buf_putc(b, digits[bits << (6 - have) & 63]);
    }
    if (padded) {
        ch_buf_putc(b, '=');
    }
}

static void list(struct maker *m, struct ch_str path, struct ch_str content)
{
    struct ch_buf *r = &m->record;
    const char *hash = or_else(m->spec->hash, "sha256");
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (ch_str_find_char(path, ',', NULL)) {
        ch_buf_putc(r, '"');
        for (size_t i = 0; i < path.len; i++) {
            ch_buf_puts(r, path.ptr[i] == '"' ? CH_STR("\"\"") : ch_str_sub(path, i, 1));
        }
        ch_buf_putc(r, '"');
    } else {
        ch_buf_puts(r, path);
    }
    ch_buf_putc(r, ',');
    if (hash[0] != '\0') {
        CH_ASSERT(EVP_Digest(content.ptr, content.len, digest, &len, EVP_get_digestbyname(hash),
                             NULL) == 1);
        digest[0] = (uint8_t)(digest[0] ^ (m->spec->wrong_hash ? 1 : 0));
        ch_buf_printf(r, "%s=", hash);
        put_base64(r, digest, len, m->spec->padded);
    }
    ch_buf_printf(r, ",%zu%s", content.len + (m->spec->wrong_size ? 1 : 0),
                  m->spec->record_crlf ? "\r\n" : "\n");
}

static void add(struct maker *m, struct ch_str path, struct ch_str content)
{
    zb_add(m->zip, &(struct zb_member){.name = path, .content = content, .deflate = true});
}

/* A file of dist-info. */
static void add_info(struct maker *m, const char *file, struct ch_str content, bool listed)
{
    struct ch_buf path;
    if (m->spec->without != NULL && strcmp(m->spec->without, file) == 0) {
        return;
    }
    ch_buf_init(&path, TEXT_MAX);
    ch_buf_printf(&path, "%s/%s", m->dist_info, file);
    if (listed) {
        list(m, ch_buf_str(&path), content);
    } else if (strcmp(file, "RECORD") != 0) {
        ch_buf_printf(&m->record, "%s/%s,,\n", m->dist_info, file);
    }
    add(m, ch_buf_str(&path), content);
    ch_buf_done(&path);
}

static void add_texts(struct maker *m)
{
    const struct wheel_spec *s = m->spec;
    struct ch_buf text;
    ch_buf_init(&text, TEXT_MAX);
    ch_buf_printf(&text, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\nA text.\n",
                  or_else(s->metadata_name, "foo-bar"), or_else(s->metadata_version, "1.0"),
                  or_else(s->metadata_more, ""));
    add_info(m, "METADATA", ch_buf_str(&text), true);
    ch_buf_clear(&text);
    ch_buf_printf(&text, "Wheel-Version: %s\nGenerator: test\nRoot-Is-Purelib: %s\n%s",
                  or_else(s->wheel_version, "1.0"), or_else(s->purelib, "true"), or_else(s->tags, "Tag: py3-none-any\n"));
    add_info(m, "WHEEL", ch_buf_str(&text), true);
    ch_buf_done(&text);
}

/* The one more member, when its turn is now. */
static void add_more(struct maker *m, const struct wheel_spec *s, bool now)
{
    if (s->more_name.ptr != NULL && now) {
        add(m, s->more_name, s->more);
        if (!s->more_unlisted) {
            list(m, s->more_name, s->more);
        }
    }
}

void wheel_build(struct zb *b, const struct wheel_spec *s)
{
    struct maker m = {
        .zip = b, .spec = s, .dist_info = or_else(s->dist_info, "foo_bar-1.0.dist-info")};
    const struct ch_str init = CH_STR("__version__ = '1.0'\n");
    zb_init(b);
    ch_buf_init(&m.record, TEXT_MAX);
    if (s->extra_folder) {
        zb_add(b, &(struct zb_member){.name = CH_STR("foo_bar/"), .unix_mode = 040755});
    }
    list(&m, CH_STR("foo_bar/__init__.py"), init);
    if (s->record_twice) {
        list(&m, CH_STR("foo_bar/__init__.py"), init);
    }
    add(&m, CH_STR("foo_bar/__init__.py"), init);
    add_more(&m, s, !s->more_last);
    for (size_t i = 0; i < WHEEL_FILES_MAX && s->files[i].name != NULL; i++) {
        list(&m, ch_str_of(s->files[i].name), ch_str_of(s->files[i].text));
        add(&m, ch_str_of(s->files[i].name), ch_str_of(s->files[i].text));
    }
    add_more(&m, s, s->more_last);
    add_texts(&m);
    if (s->entry_points != NULL) {
        add_info(&m, "entry_points.txt", ch_str_of(s->entry_points), true);
    }
    if (s->signatures) {
        add_info(&m, "RECORD.jws", CH_STR("{}"), false);
    }
    ch_buf_printf(&m.record, "%s/RECORD,,\n%s", m.dist_info, or_else(s->record_more, ""));
    add_info(&m, "RECORD", ch_buf_str(&m.record), false);
    zb_end(b, &s->end);
    ch_buf_done(&m.record);
}
