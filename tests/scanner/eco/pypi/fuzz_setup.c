/* What tells how an sdist is built, each without an archive around it: setup.cfg, entry_points.txt,
 * build files of Meson and CMake, settings of pyproject.toml that name compilers, and setup.py's
 * declarations, arguments, imports and references; the first byte chooses. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/python/entry_points.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"
#include "scanner/eco/pypi/sdist/setup_cfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_option(void *arg, struct ch_str section, struct ch_str option, struct ch_str value,
                       size_t line)
{
    size_t *last = arg;
    CH_ASSERT(section.ptr != NULL && option.len > 0 && line > *last);
    CH_ASSERT(value.len == 0 || value.ptr[value.len - 1] != '\n');
    *last = line;
}

static struct ch_scan_writer *writer(void)
{
    static int fd = -1;
    if (fd < 0) {
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CH_ASSERT(fd >= 0);
    }
    return ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
}

static void see_entry(void *arg CH_UNUSED, struct ch_str group, struct ch_str name, struct ch_str object)
{
    CH_ASSERT(group.len > 0 && name.len > 0 && object.len > 0);
}

static void see_argument(void *arg CH_UNUSED, struct ch_str key, struct ch_str value)
{
    CH_ASSERT(key.len <= ch_limits.sdist_text_bytes && value.len <= ch_limits.sdist_text_bytes);
}

static void names_free(struct sdist *s)
{
    struct ch_str package;
    void *folder;
    for (size_t at = 0; ch_map_next(s->mapped, &at, &package, &folder);) {
        free(folder);
    }
    ch_map_free(s->mapped);
    ch_map_free(s->by_tree);
    names_done(&s->roots);
    names_done(&s->folders);
    names_done(&s->objects);
    names_done(&s->tools);
    sdist_links_done(s);
}

static void read_build_file(struct ch_str name, struct ch_str backend, struct ch_str text)
{
    struct ch_scan_writer *w = writer();
    struct sdist_file file = {.path = name, .tree = name, .bytes = text, .type = CH_MEMBER_FILE};
    struct sdist_file *files[] = {&file};
    struct sdist s = {.out = w,
                      .by_tree = ch_map_new(),
                      .links = ch_map_new(),
                      .mapped = ch_map_new(),
                      .files = files,
                      .count = 1};
    CH_IGNORE(ch_map_set(s.by_tree, file.tree, &file));
    sdist_check_tools(&s, NULL, backend);
    names_free(&s);
    ch_scan_writer_free(w);
}

static void read_settings(struct ch_str text)
{
    struct ch_toml *toml;
    struct ch_err err;
    if (ch_toml_parse(text, "pyproject.toml", &toml, &err) != CH_OK) {
        return;
    }
    struct ch_scan_writer *w = writer();
    struct sdist s = {
        .out = w, .by_tree = ch_map_new(), .links = ch_map_new(), .mapped = ch_map_new()};
    sdist_check_compilers(&s, ch_toml_find(ch_toml_root(toml), "tool"));
    names_free(&s);
    ch_scan_writer_free(w);
    ch_toml_free(toml);
}

static void read_setup(struct ch_str source)
{
    struct ch_scan_writer *w = writer();
    struct sdist_file file = {.path = CH_STR("x/setup.py"),
                              .tree = CH_STR("setup.py"),
                              .bytes = source,
                              .type = CH_MEMBER_FILE,
                              .deferred = true};
    struct sdist_file *files[] = {&file};
    struct sdist s = {.out = w,
                      .by_tree = ch_map_new(),
                      .links = ch_map_new(),
                      .mapped = ch_map_new(),
                      .files = files,
                      .count = 1};
    struct ch_buf why;
    ch_buf_init(&why, ch_limits.text_bytes);
    CH_IGNORE(ch_map_set(s.by_tree, file.tree, &file));
    CH_ASSERT(sdist_setup_is_declarations(&s, source, &why) == (why.len == 0));
    CH_ASSERT(!why.failed);
    sdist_setup_references(&s, file.path, source);
    CH_IGNORE(sdist_setup_argument(source, "entry_points", see_argument, NULL));
    sdist_read_setup_roots(&s);
    sdist_check_setup_tools(&s);
    sdist_runs(&s, file.tree);
    sdist_follow_imports(&s);
    CH_ASSERT(file.at_install);
    ch_buf_done(&why);
    names_free(&s);
    ch_scan_writer_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct ch_str rest = {(const char *)data + 1, size - 1};
    if (data[0] == 'c') {
        size_t last = 0;
        struct ch_err err;
        CH_IGNORE(setup_cfg_parse(rest, see_option, &last, &err) != CH_OK);
    } else if (data[0] == 'e') {
        struct ch_scan_writer *w = writer();
        entry_points_read(w, CH_STR("entry_points.txt"), rest, see_entry, NULL);
        ch_scan_writer_free(w);
    } else if (data[0] == 'm') {
        read_build_file(CH_STR("meson.build"), CH_STR("mesonpy"), rest);
    } else if (data[0] == 'p') {
        read_settings(rest);
    } else if (data[0] == 'k') {
        read_build_file(CH_STR("CMakeLists.txt"), CH_STR("skbuild"), rest);
    } else {
        read_setup(rest);
    }
    return 0;
}
