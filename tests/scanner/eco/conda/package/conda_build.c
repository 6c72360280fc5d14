#include "conda_build.h"

#include <string.h>

#include "tests/ch_test.h"

#include "native_build.h"
#include "pack.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"
#include "tar_build.h"
#include "zip_build.h"

#define CONTENT "print('hello')\n"

static struct ch_str or_default(const char *given, const char *otherwise)
{
    return ch_str_of(given != NULL ? given : otherwise);
}

struct ch_scan_job conda_job(const struct conda_spec *s)
{
    return (struct ch_scan_job){
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = CH_STR("conda"),
        .profile = s->bzip2 ? CH_STR("conda-tar") : CH_STR("conda"),
        .project = ch_str_of(s->project),
        .version = ch_str_of(s->version),
        .file_name =
            or_default(s->file_name, s->bzip2 ? "foo-1.0-py_0.tar.bz2" : "foo-1.0-py_0.conda"),
    };
}

static void put_file(struct ch_buf *b, const char *path, struct ch_str c, const char *more,
                     bool wrong_hash, bool wrong_size)
{
    struct ch_sha256 sha256 = ch_sha256_of(c.ptr, c.len);
    char hex[CH_SHA256_HEX + 1];
    sha256.byte[0] ^= wrong_hash ? 1 : 0;
    ch_sha256_hex(&sha256, hex);
    ch_buf_printf(b,
                  "{\"_path\": \"%s\", \"path_type\": \"hardlink\", %s\"sha256\": \"%s\", "
                  "\"size_in_bytes\": %zu}",
                  path, more, hex, c.len + (wrong_size ? 1 : 0));
}

/* What member i consists of: of a hard link what it leads to. */
static void put_content(struct ch_buf *ret, const struct conda_spec *s, size_t i)
{
    if (s->more[i].elf) {
        native_elf(ret, &(struct native_spec){.machine = 183});
    } else if (s->more[i].hard && s->more[i].content == NULL) {
        ch_buf_puts(ret, CH_STR(CONTENT));
        for (size_t k = 0; k < CONDA_MORE_MAX && s->more[k].path != NULL; k++) {
            if (strcmp(s->more[k].path, s->more[i].link) == 0) {
                ch_buf_clear(ret);
                put_content(ret, s, k);
            }
        }
    } else {
        ch_buf_puts(ret, ch_str_of(s->more[i].content));
    }
}

static void put_paths(struct ch_buf *b, const struct conda_spec *s)
{
    ch_buf_puts(b, CH_STR("{\"paths\": ["));
    put_file(b, "site-packages/foo.py", CH_STR(CONTENT), "", false, false);
    for (size_t i = 0; i < CONDA_MORE_MAX && s->more[i].path != NULL; i++) {
        struct ch_buf content;
        if (s->more[i].unlisted) {
            continue;
        }
        ch_buf_init(&content, 1 << 20);
        put_content(&content, s, i);
        ch_buf_puts(b, CH_STR(", "));
        if (s->more[i].link != NULL && !s->more[i].hard) {
            ch_buf_printf(b, "{\"_path\": \"%s\", \"path_type\": \"softlink\"}", s->more[i].path);
        } else {
            put_file(b, s->more[i].path, ch_buf_str(&content),
                     i == 0 && s->placeholder != NULL ? s->placeholder : "", s->more[i].wrong_hash,
                     s->more[i].wrong_size);
        }
        ch_buf_done(&content);
    }
    if (s->paths_more != NULL) {
        ch_buf_printf(b, ", %s", s->paths_more);
    }
    ch_buf_puts(b, CH_STR("], \"paths_version\": 1}"));
}

static void add_info(struct tb *t, const struct conda_spec *s)
{
    struct ch_buf paths;
    ch_buf_init(&paths, 65536);
    put_paths(&paths, s);
    ch_buf_putc(&paths, '\0');
    const char *index =
        s->index != NULL ? s->index
                         : "{\"name\": \"foo\", \"version\": \"1.0\", \"build\": \"py_0\", "
                           "\"build_number\": 0, \"subdir\": \"noarch\", \"noarch\": \"python\", "
                           "\"depends\": [\"python >=3.8\"]}";
    const char *text = s->paths != NULL ? s->paths : paths.ptr;
    if (index[0] != '\0') {
        tb_file(t, "info/index.json", index);
    }
    if (text[0] != '\0') {
        tb_file(t, "info/paths.json", text);
    }
    if (s->link != NULL) {
        tb_file(t, "info/link.json", s->link);
    }
    ch_buf_done(&paths);
}

static void add_member(struct tb *t, const struct conda_spec *s, size_t i)
{
    struct ch_buf content;
    struct tb_member m = {.name = ch_str_of(s->more[i].path), .link = ch_str_of(s->more[i].link)};
    ch_buf_init(&content, 1 << 20);
    if (s->more[i].link != NULL) {
        m.type = s->more[i].hard ? '1' : '2';
    } else {
        put_content(&content, s, i);
        m.content = ch_buf_str(&content);
    }
    if (s->more[i].stale) {
        m.patch[0] = (struct tb_patch){m.name.len + 1, CH_STR("left/over")};
    }
    tb_add(t, &m);
    ch_buf_done(&content);
}

static void add_more(struct tb *t, const struct conda_spec *s, bool info)
{
    for (size_t i = 0; i < CONDA_MORE_MAX && s->more[i].path != NULL; i++) {
        if (s->more[i].in_info == info) {
            add_member(t, s, i);
        }
    }
}

static void add_part(struct tb *t, const struct conda_spec *s, bool info)
{
    if (info) {
        add_info(t, s);
    } else {
        tb_file(t, "site-packages/foo.py", CONTENT);
    }
    add_more(t, s, info);
}

/* One archive, packed. */
static void pack_tar(struct ch_buf *ret, const struct conda_spec *s, bool info, bool pkg)
{
    struct tb t;
    tb_init(&t);
    if (info && !s->info_last) {
        add_part(&t, s, true);
    }
    if (pkg) {
        add_part(&t, s, false);
    }
    if (info && s->info_last) {
        add_part(&t, s, true);
    }
    tb_end(&t);
    ch_buf_init(ret, 1 << 20);
    pack(ret, s->bzip2 ? CH_STREAM_BZIP2 : CH_STREAM_ZSTD, ch_buf_str(&t.bytes));
    tb_done(&t);
}

static void add_outer(struct zb *z, const struct conda_spec *s, const char *prefix,
                      struct ch_str content)
{
    struct ch_buf name;
    ch_buf_init(&name, 256);
    ch_buf_printf(&name, "%s-%s.tar.zst", prefix,
                  s->outer_stem != NULL ? s->outer_stem : "foo-1.0-py_0");
    zb_add(z, &(struct zb_member){
                  .name = ch_buf_str(&name), .content = content, .deflate = s->outer_deflate});
    ch_buf_done(&name);
}

void conda_build(struct ch_buf *ret, const struct conda_spec *s)
{
    if (s->bzip2) {
        pack_tar(ret, s, true, true);
        return;
    }
    struct ch_buf info;
    struct ch_buf pkg;
    struct zb z;
    pack_tar(&info, s, true, false);
    pack_tar(&pkg, s, false, true);
    zb_init(&z);
    zb_add(&z, &(struct zb_member){.name = CH_STR("metadata.json"),
                                   .content = CH_STR("{\"conda_pkg_format_version\": 2}")});
    if (!s->outer_no_pkg) {
        add_outer(&z, s, "pkg", ch_buf_str(&pkg));
    }
    add_outer(&z, s, "info", ch_buf_str(&info));
    if (s->outer_more != NULL) {
        zb_add(&z, &(struct zb_member){.name = ch_str_of(s->outer_more), .content = CH_STR("x")});
    }
    zb_end(&z, NULL);
    ch_buf_init(ret, 1 << 20);
    ch_buf_puts(ret, ch_buf_str(&z.bytes));
    zb_done(&z);
    ch_buf_done(&info);
    ch_buf_done(&pkg);
}

char *conda_findings(const struct conda_spec *spec, bool whole)
{
    struct ch_buf b;
    struct scan_run first;
    struct scan_run second;
    struct ch_scan_job job = conda_job(spec);
    conda_build(&b, spec);
    scan_run(&first, ch_conda_package_inspect, &job, ch_buf_str(&b));
    scan_run(&second, ch_conda_package_second, &job, ch_buf_str(&b));
    char *found = scan_run_findings(&first);
    if (whole && !scan_run_same_members(&first, &second)) {
        fail_msg("the two opinions differ: %zu and %zu members", scan_run_members(&first),
                 scan_run_members(&second));
    }
    scan_run_done(&first);
    scan_run_done(&second);
    ch_buf_done(&b);
    return found;
}
