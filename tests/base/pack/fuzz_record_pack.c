/* A pack, whatever is damaged in it, is read within its bounds, and what is found is what was asked
 * for. What is no pack is taken for lines, each a file of a project, that are packed and found
 * again. Gateways map packs that the keeper wrote from what upstreams say. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/record_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int new_file(void)
{
    int fd = memfd_create("pack", MFD_CLOEXEC);
    CH_ASSERT(fd >= 0);
    return fd;
}

static void check_projects(const struct ch_pack *p)
{
    struct ch_str before = {NULL, 0};
    size_t rows = 0;
    for (size_t i = 0; i < p->project_count; i++) {
        size_t from, to, found_from, found_to;
        struct ch_str name = ch_pack_project(p, i, &from, &to);
        CH_ASSERT(name.len > 0 && from == rows && from < to && to <= p->row_count);
        CH_ASSERT(i == 0 || ch_str_cmp(before, name) < 0);
        CH_ASSERT(ch_pack_find_project(p, name, &found_from, &found_to));
        CH_ASSERT(found_from == from && found_to == to);
        before = name;
        rows = to;
    }
    CH_ASSERT(rows == p->row_count);
}

/* Rows of a damaged pack may be in any order, so not each is found; but none in another's place. */
static void check_find(const struct ch_pack *p, struct ch_str project, struct ch_str file_name,
                       bool sorted, size_t row)
{
    struct ch_pack_entry e;
    size_t found = SIZE_MAX, from, to;
    enum ch_code rc = ch_pack_find(p, project, file_name, &found, NULL);
    CH_ASSERT(rc == CH_OK || (!sorted && (rc == CH_E_NOT_FOUND || rc == CH_E_FORMAT)));
    CH_ASSERT(!sorted || found == row);
    if (rc != CH_OK) {
        return;
    }
    CH_ASSERT(ch_pack_find_project(p, project, &from, &to) && found >= from && found < to);
    if (ch_pack_row(p, found, &e, NULL) == CH_OK) {
        CH_ASSERT(ch_str_eq(e.file.file_name, file_name));
    }
}

/* `sorted`: it was written as packs are. */
static void read_all(int fd, bool sorted)
{
    struct ch_pack p;
    struct ch_pack_entry e;
    enum ch_code rc = ch_pack_open(fd, &p, NULL);
    CH_ASSERT(rc == CH_OK || (!sorted && rc == CH_E_FORMAT));
    if (rc != CH_OK) {
        CH_ASSERT(p.map == NULL && p.row_count == 0);
        return;
    }
    check_projects(&p);
    for (size_t i = 0; i < p.row_count; i++) {
        rc = ch_pack_row(&p, i, &e, NULL);
        CH_ASSERT(rc == CH_OK || (!sorted && e.file.file_name.ptr == NULL));
        if (rc == CH_OK) {
            CH_ASSERT(e.file.project.len > 0);
            check_find(&p, e.file.project, e.file.file_name, sorted, i);
        }
    }
    ch_pack_close(&p);
    CH_ASSERT(p.map == NULL);
}

static void write_lines(struct ch_str rest)
{
    int fd = new_file();
    struct ch_pack_writer *w = ch_pack_writer_new(fd);
    struct ch_str line, project;
    bool good = true;
    size_t count = 0;
    while (count < 256 && ch_str_split(&rest, '\n', &line)) {
        ch_str_split(&line, '\t', &project);
        if (ch_str_find_char(project, '\0', NULL)) {
            continue; /* it would be written, and not be found again; no page's project has one */
        }
        struct ch_pack_entry e = {
            .file = {.file_name = line,
                     .url = CH_STR("http://127.0.0.1:1/x"),
                     .size_bytes = count,
                     .uploaded_at_us = CH_TIME_UNKNOWN,
                     .project = project,
                     .version = CH_STR("1"),
                     .record = CH_STR("{}")},
            .baseline = count % 2 != 0,
            .first_seen_at_us = (int64_t)count,
            .last_absent_at_us = CH_TIME_UNKNOWN,
            .removed_at_us = CH_TIME_UNKNOWN,
        };
        good = ch_pack_add(w, &e, NULL) == CH_OK && good;
        count++;
    }
    enum ch_code rc = ch_pack_finish(w, NULL);
    CH_ASSERT(good || rc != CH_OK); /* what failed fails this, too */
    ch_pack_writer_free(w);
    struct ch_pack p;
    /* A name that no page may have can be written, but is not read: the jail lets none pass. */
    if (rc == CH_OK && ch_pack_open(fd, &p, NULL) == CH_OK) {
        struct ch_pack_entry e;
        bool readable = p.row_count == count;
        for (size_t i = 0; i < p.row_count; i++) {
            readable = ch_pack_row(&p, i, &e, NULL) == CH_OK && readable;
        }
        ch_pack_close(&p);
        read_all(fd, readable);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char magic[] = "chpack1\n";
    if (size == 0 || size > 1 << 20) {
        return 0;
    }
    if (size < sizeof(magic) - 1 || memcmp(data, magic, sizeof(magic) - 1) != 0) {
        write_lines((struct ch_str){(const char *)data, size});
        return 0;
    }
    int fd = new_file();
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, data + at, size - at);
        CH_ASSERT(n > 0);
        at += (size_t)n;
    }
    read_all(fd, false);
    close(fd);
    return 0;
}
