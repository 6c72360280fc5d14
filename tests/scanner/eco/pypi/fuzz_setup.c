/* What tells how an sdist is built, each without an archive around it: setup.cfg, and setup.py's
 * declarations, imports and references; the first byte chooses. */
#include <fcntl.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/eco/pypi/sdist_int.h"
#include "scanner/eco/pypi/setup_cfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_option(void *arg, struct ch_str section, struct ch_str option, struct ch_str value,
                       size_t line)
{
    size_t *last = arg;
    CH_ASSERT(section.ptr != NULL && option.len > 0 && line > *last);
    CH_ASSERT(value.len == 0 || value.ptr[value.len - 1] != '\n');
    *last = line;
}

static void read_setup(struct ch_str source)
{
    static int fd = -1;
    if (fd < 0) {
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        CH_ASSERT(fd >= 0);
    }
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct sdist_file file = {.path = CH_STR("x/setup.py"),
                              .tree = CH_STR("setup.py"),
                              .bytes = source,
                              .type = CH_MEMBER_FILE,
                              .deferred = true};
    struct sdist_file *files[] = {&file};
    struct sdist s = {.out = w, .by_tree = ch_map_new(), .files = files, .count = 1};
    struct ch_buf why;
    ch_buf_init(&why, ch_limits.text_bytes);
    CH_IGNORE(ch_map_set(s.by_tree, file.tree, &file));
    CH_ASSERT(sdist_setup_is_declarations(&s, source, &why) == (why.len == 0));
    CH_ASSERT(!why.failed);
    sdist_setup_references(&s, file.path, source);
    sdist_runs(&s, file.tree);
    sdist_follow_imports(&s);
    CH_ASSERT(file.at_install);
    ch_buf_done(&why);
    ch_map_free(s.by_tree);
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
    } else {
        read_setup(rest);
    }
    return 0;
}
