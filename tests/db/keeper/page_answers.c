#include "page_answers.h"

#include "tests/ch_test.h"

const struct ch_sha256 answer_input = {{1}};

void on_change(void *ctx, enum ch_sighting kind, struct ch_str name, const struct ch_sha256 *stated,
               int64_t last_absent)
{
    struct seen *s = ctx;
    (void)name;
    (void)stated;
    s->appeared += kind == CH_SIGHTING_APPEARED;
    s->removed += kind == CH_SIGHTING_REMOVED;
    s->returned += kind == CH_SIGHTING_RETURNED;
    s->last_absent = kind == CH_SIGHTING_APPEARED ? last_absent : s->last_absent;
}

void write_lines(struct stream *s, const struct line *lines, size_t count)
{
    struct ch_index_head head = {.project = CH_STR("p")};
    ch_scan_write_index_head(s->writer, &head);
    for (size_t i = 0; i < count; i++) {
        if (lines[i].name[0] == '!') {
            ch_scan_write_fact(s->writer, CH_STR("skipped"), ch_str_of(lines[i].name + 1));
            continue;
        }
        struct ch_index_file f = {.file_name = ch_str_of(lines[i].name),
                                  .url = CH_STR("http://up.example/p"),
                                  .sha256 = {{lines[i].hash}},
                                  .size_bytes = lines[i].size,
                                  .uploaded_at_us = lines[i].uploaded,
                                  .requires_python = ch_str_of(lines[i].python)};
        ch_scan_write_index_file(s->writer, &f);
    }
    stream_end(s, &answer_input, 1);
}

struct seen answer(struct page_facts *page, bool first, int64_t checked_at, int64_t now,
                   const struct line *lines, size_t count)
{
    struct stream s;
    struct page_facts merged;
    struct seen seen = {0};
    struct ch_err err;
    stream_open(&s);
    write_lines(&s, lines, count);
    assert_ch_ok(&err, page_facts_merge(first ? NULL : page, checked_at, NULL, false,
                                        ch_buf_str(&s.bytes), now, on_change, &seen, NULL, &merged,
                                        &err));
    stream_done(&s);
    if (!first) {
        page_facts_done(page);
    }
    *page = merged;
    return seen;
}

enum ch_code answer_file(struct page_facts *page, const struct ch_index_head *head,
                         const struct ch_index_file *f, const struct ch_sha256 *received,
                         struct ch_err *err)
{
    struct stream s;
    struct page_facts merged;
    struct seen seen = {0};
    stream_open(&s);
    ch_scan_write_index_head(s.writer, head);
    ch_scan_write_index_file(s.writer, f);
    stream_end(&s, &answer_input, 1);
    enum ch_code rc =
        page_facts_merge(page->files == NULL ? NULL : page, 100, received, false,
                         ch_buf_str(&s.bytes), 200, on_change, &seen, NULL, &merged, err);
    stream_done(&s);
    if (rc == CH_OK) {
        page_facts_done(page);
        *page = merged;
    }
    return rc;
}

struct ch_index_file file_a(void)
{
    return (struct ch_index_file){.file_name = CH_STR("a"),
                                  .url = CH_STR("http://up.example/p"),
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .uploaded_at_us = CH_TIME_UNKNOWN};
}

enum ch_code answer_hashed(struct page_facts *page, const struct ch_index_head *head, bool yanked,
                           uint8_t hash, const struct ch_sha256 *received, struct ch_err *err)
{
    struct ch_index_file f = file_a();
    f.sha256.byte[0] = hash;
    f.yanked = yanked;
    return answer_file(page, head, &f, received, err);
}

enum ch_code answer_alias(struct page_facts *page, const struct ch_index_head *head,
                          const struct ch_alias *alias, struct ch_err *err)
{
    struct ch_index_file f = file_a();
    f.alias = *alias;
    return answer_file(page, head, &f, NULL, err);
}

enum ch_code answer_head(struct page_facts *page, const struct ch_index_head *head, bool yanked,
                         struct ch_err *err)
{
    return answer_hashed(page, head, yanked, 0, NULL, err);
}
