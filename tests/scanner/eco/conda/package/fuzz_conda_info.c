/* The texts that describe a conda package and the Python package in it, NUL between them, without
 * the archives around. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/package/package_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
    "info/index.json",
    "info/paths.json",
    "info/link.json",
    "site-packages/foo-1.0.dist-info/METADATA",
    "site-packages/foo-1.0.dist-info/entry_points.txt",
    "site-packages/foo-1.0.dist-info/RECORD",
    "site-packages/foo-1.0.dist-info/direct_url.json",
};

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    return conda_place(path);
}

static struct ch_installed installed(void *arg CH_UNUSED, struct ch_str path)
{
    return conda_installed(path);
}

static bool read_none(void *arg CH_UNUSED, struct ch_str path CH_UNUSED,
                      struct ch_buf *ret CH_UNUSED)
{
    return false;
}

static void see(struct conda_package *p, const char *path, enum ch_member_type type,
                struct ch_str content)
{
    bool file = type == CH_MEMBER_FILE;
    conda_see(p, &(struct ch_tar_member){.path = ch_str_of(path),
                                         .type = type,
                                         .link = file ? (struct ch_str){NULL, 0} : content,
                                         .bytes = file ? content : (struct ch_str){NULL, 0},
                                         .size_bytes = content.len,
                                         .sha256 = ch_sha256_of(content.ptr, content.len)});
}

static void check(struct conda_package *p, struct ch_str rest)
{
    struct ch_str text;
    for (size_t i = 0; i < CH_ARRAY_LEN(names) && ch_str_split(&rest, '\0', &text); i++) {
        see(p, names[i], CH_MEMBER_FILE, text);
    }
    see(p, "site-packages/foo.py", CH_MEMBER_FILE, CH_STR("x = 1\n"));
    see(p, "lib/a", CH_MEMBER_SYMLINK, CH_STR("../site-packages/foo.py"));
    see(p, "lib/b", CH_MEMBER_OTHER, CH_STR("site-packages/foo.py"));
    conda_follow_links(p);
    conda_see_deferred(p);
    conda_check_index(p);
    conda_check_paths(p);
    conda_check_link(p);
    conda_check_python(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct ch_err err;
    struct ch_sha256 sha256 = {{1}};
    if (fd < 0) {
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CH_ASSERT(fd >= 0);
    }
    struct ch_scan_job job = {.ecosystem = CH_STR("conda"),
                              .profile = CH_STR("conda"),
                              .file_name = CH_STR("foo-1.0-py_0.conda")};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct conda_package p = {.job = &job,
                              .out = w,
                              .name = CH_STR("foo"),
                              .version = CH_STR("1.0"),
                              .build = CH_STR("py_0"),
                              .by_path = ch_map_new(),
                              .folded = ch_map_new(),
                              .wanted = ch_map_new()};
    p.content = ch_content_new(&(struct ch_content_options){.job = &job,
                                                            .out = w,
                                                            .kind = CH_CONTENT_BUILT,
                                                            .project = p.name,
                                                            .noun = "package",
                                                            .platform_known = "info/index.json",
                                                            .place = place_of,
                                                            .installed = installed,
                                                            .read = read_none});
    check(&p, (struct ch_str){(const char *)data, size});
    ch_content_end(p.content);
    ch_content_free(p.content);
    conda_members_done(&p);
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    return 0;
}
