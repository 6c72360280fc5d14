/* The records of one page of many projects, in one file per generation. Written once, by the keeper, from the jail's
 * stream as it comes; then immutable, and mapped by whoever reads it: keeper and gateways share its pages, so that a
 * channel of 650,000 records costs neither of them memory of its own.
 *
 *     "chpack1\n"
 *     entries     each: ch_index_file_put, then flags and times; in the order they came
 *     projects    per project, in order of names: where its name stands, its first row
 *     rows        per entry, in order of projects, then of file names: where it stands
 *     footer      where these begin, how many there are, "chpack1\n"
 *
 * A file is found by its project and its name, a project's files lie together: that is what a request for a file, a
 * shard (CEP 16) and a change of a project's policy ask. Nothing in it is trusted to be in bounds: a damaged pack is
 * CH_E_FORMAT where it is damaged, never a read outside. Its digest is kept where its name is. */
#ifndef CUSTOMHOUSE_RECORD_PACK_H
#define CUSTOMHOUSE_RECORD_PACK_H

#include "customhouse/index.h"

struct ch_pack_entry {
    struct ch_index_file file; /* with its project */
    bool baseline;             /* stood on the page's first complete load (T7) */
    int64_t first_seen_at_us;
    int64_t last_absent_at_us; /* CH_TIME_UNKNOWN: never seen without it */
    int64_t removed_at_us;     /* CH_TIME_UNKNOWN: listed (T5) */
};

/* --- writing: 16 bytes per record and a name per project are kept in memory, the rest goes to the file --- */
struct ch_pack_writer;
/* `fd` is borrowed: an empty file, open for reading and writing. */
struct ch_pack_writer *ch_pack_writer_new(int fd);
void ch_pack_writer_free(struct ch_pack_writer *w); /* accepts NULL */
/* CH_E_USAGE: it has no project. CH_E_LIMIT: more than limits pack_records. What failed fails ch_pack_finish, too. */
enum ch_code ch_pack_add(struct ch_pack_writer *w, const struct ch_pack_entry *e,
                         struct ch_err *err) CH_MUST_CHECK;
/* Writes the tables. Not durable: the caller syncs it, and gives it its name. CH_E_EXISTS: a file twice. */
enum ch_code ch_pack_finish(struct ch_pack_writer *w, struct ch_err *err) CH_MUST_CHECK;

/* --- reading --- */
struct ch_pack { /* opaque */
    const uint8_t *map;
    size_t len, projects_at, rows_at;
    size_t project_count, row_count;
};

/* Maps it; `fd` may be closed then. Reads the projects' table, and of the rest nothing. */
enum ch_code ch_pack_open(int fd, struct ch_pack *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_pack_close(struct ch_pack *p);
/* Row `i` < row_count; slices borrow from the map. */
enum ch_code ch_pack_row(const struct ch_pack *p, size_t i, struct ch_pack_entry *ret,
                         struct ch_err *err) CH_MUST_CHECK;
/* Project `i` < project_count: its name, and its rows [*ret_from, *ret_to). */
struct ch_str ch_pack_project(const struct ch_pack *p, size_t i, size_t *ret_from, size_t *ret_to);
/* False: no such project. */
bool ch_pack_find_project(const struct ch_pack *p, struct ch_str name, size_t *ret_from,
                          size_t *ret_to);
/* The row of a file. CH_E_NOT_FOUND: there is none. */
enum ch_code ch_pack_find(const struct ch_pack *p, struct ch_str project, struct ch_str file_name,
                          size_t *ret_row, struct ch_err *err) CH_MUST_CHECK;

#endif
