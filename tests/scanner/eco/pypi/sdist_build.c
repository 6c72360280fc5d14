#include "sdist_build.h"

#include <stdlib.h>

#include "tests/ch_test.h"
#include "pack.h"
#include "scan_run.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "tar_build.h"
#include "zip_build.h"

enum { ROOM = 1 << 22 };

struct ch_scan_job sdist_job(const struct sdist_spec *s)
{
    return (struct ch_scan_job){
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = CH_STR("pypi"),
        .profile = CH_STR("sdist"),
        .project = ch_str_of(s->project),
        .version = ch_str_of(s->version),
        .file_name = ch_str_of(s->file_name != NULL ? s->file_name
                               : s->zip             ? "foo_bar-1.0.zip"
                               : s->gzip            ? "foo_bar-1.0.tar.gz"
                                                    : "foo_bar-1.0.tar"),
    };
}

static void add(struct tb *tar, struct zb *zip, const char *top, const char *path,
                const char *content, const char *link)
{
    struct ch_buf name;
    ch_buf_init(&name, 4096);
    if (path[0] == '/') {
        ch_buf_puts(&name, ch_str_of(path + 1));
    } else {
        ch_buf_printf(&name, "%s/%s", top, path);
    }
    struct ch_str n = ch_buf_str(&name);
    if (zip != NULL) {
        zb_add(zip, &(struct zb_member){.name = n, .content = ch_str_of(content), .deflate = true});
    } else if (link != NULL) {
        bool hard = link[0] == '=';
        tb_add(tar, &(struct tb_member){.name = n,
                                        .type = hard ? '1' : '2',
                                        .link = ch_str_of(link + (hard ? 1 : 0))});
    } else {
        tb_add(tar, &(struct tb_member){.name = n, .content = ch_str_of(content)});
    }
    ch_buf_done(&name);
}

void sdist_build(struct ch_buf *ret, const struct sdist_spec *s)
{
    struct tb tar;
    struct zb zip;
    struct zb *z = s->zip ? &zip : NULL;
    const char *top = s->top != NULL ? s->top : "foo_bar-1.0";
    const char *metadata =
        s->metadata != NULL ? s->metadata : "Metadata-Version: 2.1\nName: foo-bar\nVersion: 1.0\n";
    ch_buf_init(ret, ROOM);
    tb_init(&tar);
    zb_init(&zip);
    if (metadata[0] != '\0') {
        add(&tar, z, top, "PKG-INFO", metadata, NULL);
    }
    add(&tar, z, top, "foo_bar/__init__.py", "x = 1\n", NULL);
    for (size_t i = 0; i < SDIST_MORE_MAX && s->more[i].path != NULL; i++) {
        add(&tar, z, top, s->more[i].path, s->more[i].content, s->more[i].link);
    }
    tb_end(&tar);
    if (s->zip) {
        zb_end(&zip, NULL);
        ch_buf_puts(ret, ch_buf_str(&zip.bytes));
    } else if (s->gzip) {
        pack(ret, CH_STREAM_GZIP, ch_buf_str(&tar.bytes));
    } else {
        ch_buf_puts(ret, ch_buf_str(&tar.bytes));
    }
    tb_done(&tar);
    zb_done(&zip);
}

char *sdist_codes(const struct scan_run *r)
{
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FACT &&
            ch_str_eq(r->records[i].u.fact.name, CH_STR("install-code"))) {
            ch_buf_puts(&b, b.len > 0 ? CH_STR("|") : CH_STR(""));
            ch_buf_puts(&b, r->records[i].u.fact.value);
        }
    }
    char *all = ch_str_dup(b.len > 0 ? ch_buf_str(&b) : CH_STR(""));
    ch_buf_done(&b);
    return all;
}

int sdist_rows_wrong(const struct sdist_row *rows, size_t count)
{
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct ch_buf b;
        struct scan_run r;
        struct scan_run second;
        struct ch_scan_job job = sdist_job(&rows[i].spec);
        sdist_build(&b, &rows[i].spec);
        scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
        scan_run(&second, ch_second_opinion, &job, ch_buf_str(&b));
        char *found = scan_run_findings(&r);
        char *code = sdist_codes(&r);
        if (strcmp(found, rows[i].findings) != 0 || strcmp(code, rows[i].code) != 0) {
            scan_run_print(&r);
            print_error("%s: found \"%s\", expected \"%s\"; code \"%s\"\n", rows[i].label, found,
                        rows[i].findings, code);
            wrong++;
        }
        if (!scan_run_same_members(&r, &second)) {
            print_error("%s: the two opinions differ\n", rows[i].label);
            wrong++;
        }
        free(found);
        free(code);
        scan_run_done(&r);
        scan_run_done(&second);
        ch_buf_done(&b);
    }
    return wrong;
}
