/* Files that are too large: what they are measured by, and what is known of those whose size the
 * index does not state. Such a file is listed like any other until a fetch finds out; that is a
 * fact from then on, and holds it in every repository while it is larger than the limit. */
#include "sizes.h"

#include <stdio.h>

struct limit {
    const char *key; /* in the configuration */
    uint64_t bytes;
};

#define LIMITS 3

static void limits_of(const struct ch_config *config, struct limit ret[LIMITS])
{
    ret[0] = (struct limit){"store.artifact_max_bytes", config->artifact_max_bytes};
    ret[1] = (struct limit){"store.undecided_max_bytes", config->undecided_max_bytes};
    ret[2] = (struct limit){"store.max_bytes", config->served_max_bytes};
}

uint64_t sizes_max(const struct ch_config *config, const char **ret_key)
{
    struct limit all[LIMITS];
    limits_of(config, all);
    size_t least = 0;
    for (size_t i = 1; i < LIMITS; i++) {
        least = all[i].bytes < all[least].bytes ? i : least;
    }
    *ret_key = all[least].key;
    return all[least].bytes;
}

/* ------------------------------------------------------------------ what has come */

uint64_t sizes_received(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    struct ch_artifact a;
    struct ch_err err;
    if (!f->has_inspection) {
        return CH_SIZE_UNKNOWN;
    }
    if (f->artifact_bytes == 0 &&
        ch_store_get_artifact(k->store, &f->artifact, &a, &err) == CH_OK) {
        f->artifact_bytes = a.size_bytes;
    }
    return f->artifact_bytes > 0 ? f->artifact_bytes : CH_SIZE_UNKNOWN;
}

/* As sizes_received has found it. */
static bool differs(const struct page *p, size_t file)
{
    uint64_t stated = p->facts.files[file].index.size_bytes;
    uint64_t received = p->files[file].artifact_bytes;
    return stated != CH_SIZE_UNKNOWN && received != 0 && received != stated;
}

bool sizes_differ(struct keeper *k, struct page *p, size_t file)
{
    return p->facts.files[file].index.size_bytes != CH_SIZE_UNKNOWN &&
           sizes_received(k, p, file) != CH_SIZE_UNKNOWN && differs(p, file);
}

/* ------------------------------------------------------------------ what fetches found out */

/* Rows come oldest first: the newest stays. What was found out about other bytes is not of these.
 */
static void on_size(void *ctx, const struct ch_file_size *row)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, row->file_name);
    if (at >= 0 && ch_sha256_eq(&p->facts.files[at].index.sha256, &row->stated_sha256)) {
        p->files[at].told_bytes = row->size_bytes;
        p->files[at].told_at_least = row->at_least;
    }
}

enum ch_code sizes_load(struct keeper *k, struct page *p, struct ch_err *err)
{
    return ch_store_file_sizes(k->store, ch_str_of(p->upstream->name), page_name(p), on_size, p,
                               err);
}

/* Effective in memory whether or not it can be stored: it is a step away from ALLOW. */
void sizes_told(struct keeper *k, const struct page *of, struct ch_str file_name,
                const struct ch_fetched *answer)
{
    ptrdiff_t at = page_find_file(of, file_name);
    struct ch_err err;
    if (at < 0) {
        return;
    }
    struct ch_file_size row = {
        .upstream = ch_str_of(of->upstream->name),
        .project = page_name(of),
        .file_name = file_name,
        .stated_sha256 = of->facts.files[at].index.sha256,
        .size_bytes = answer->told_bytes,
        .at_least = answer->told_at_least,
        .at_us = keeper_now_us(k),
    };
    if (keeper_write(k, &err) != CH_OK || ch_store_add_file_size(k->store, &row, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    keeper_raise_epoch(k); /* listings that gateways remember show it as it was before */
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        if (p->load == PAGE_READY && p->upstream == of->upstream &&
            ch_str_eq(page_name(p), row.project)) {
            on_size(p, &row);
            listing_touch(p);
            page_wrote(p);
        }
    }
}

/* ------------------------------------------------------------------ what people are told */

void sizes_refusal(struct keeper *k, struct page *p, size_t file, char *text, size_t size)
{
    struct ch_facts f;
    judge_facts(k, p, file, &f);
    snprintf(text, size,
             "it has %llu bytes%s, and the largest file that is fetched here has %llu (%s)",
             (unsigned long long)f.size_bytes, f.size_at_least ? " or more" : "",
             (unsigned long long)f.max_bytes, f.max_bytes_key);
}

/* As judge_facts has just found it. */
static uint64_t known_size(const struct page *p, size_t file, bool *ret_at_least)
{
    const struct page_file *f = &p->files[file];
    uint64_t stated = p->facts.files[file].index.size_bytes;
    uint64_t known = stated != CH_SIZE_UNKNOWN ? stated : f->artifact_bytes;
    *ret_at_least = known == 0 && f->told_at_least;
    return known > 0 ? known : f->told_bytes;
}

bool sizes_only_told(const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    return f->told_bytes > 0 && f->artifact_bytes == 0 && ch_sha256_is_zero(&f->artifact) &&
           p->facts.files[file].index.size_bytes == CH_SIZE_UNKNOWN;
}

void sizes_put_change(struct keeper *k, const struct page *p, size_t file, struct ch_buf *out)
{
    struct limit all[LIMITS];
    bool at_least;
    uint64_t bytes = known_size(p, file, &at_least);
    const char *before = "";
    if (differs(p, file)) {
        ch_buf_printf(out,
                      "the upstream's index stating the size of its bytes, %llu; no approval can",
                      (unsigned long long)p->files[file].artifact_bytes);
        return;
    }
    limits_of(k->config, all);
    for (size_t i = 0; i < LIMITS; i++) {
        if (all[i].bytes < bytes) {
            ch_buf_printf(out, "%s%s (now %llu)", before, all[i].key,
                          (unsigned long long)all[i].bytes);
            before = " and ";
        }
    }
    ch_buf_printf(out, " of %s %llu bytes in customhouse.yaml; no approval can",
                  at_least ? "more than" : "at least", (unsigned long long)bytes);
    if (sizes_only_told(p, file)) {
        ch_buf_puts(out, CH_STR("; where the upstream was at fault, fetching it again: customhouse "
                                "rescan FILE"));
    }
}
