/* What entries say of pushes to hosted repositories: who (T26: as a commitment), which manifest,
 * which tag. */
#include "audit_pushed.h"

#include "audit_int.h"

static const char *const changes[] = {
    [CH_PUSHED] = "pushed", [CH_PUSHED_GONE] = "manifest-gone", [CH_PUSHED_TAG_GONE] = "tag-gone"};

enum ch_code audit_pushed(struct keeper *k, const struct ch_pushed_row *row,
                          const uint64_t *denied_by, struct ch_err *err)
{
    struct audit_entry a;
    const struct ch_str no_file = {NULL, 0};
    audit_entry_begin_about(k, &a, "pushed", row->repository, row->project, no_file);
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_int(&a.e, "bytes", (int64_t)row->size_bytes);
    ch_log_entry_str(&a.e, "change", ch_str_of(changes[row->kind]));
    if (denied_by != NULL) {
        ch_log_entry_int(&a.e, "denied_by", (int64_t)*denied_by);
    }
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "media_type", row->media_type);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    ch_log_entry_str(&a.e, "tag", row->tag);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_blob_deleted(struct keeper *k, struct ch_str repository, struct ch_str project,
                                const struct ch_sha256 *sha256, struct ch_str by,
                                struct ch_err *err)
{
    struct audit_entry a;
    const struct ch_str no_file = {NULL, 0};
    audit_entry_begin_about(k, &a, "blob-deleted", repository, project, no_file);
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", project);
    ch_log_entry_str(&a.e, "repository", repository);
    ch_log_entry_sha(&a.e, "sha256", sha256);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_external(struct keeper *k, const struct ch_external_row *row, struct ch_err *err)
{
    struct audit_entry a;
    const struct ch_str no_file = {NULL, 0};
    audit_entry_begin_about(k, &a, "external-verdict", row->repository, row->project, no_file);
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    audit_entry_commit(&a, "by", row->by);
    audit_entry_commit(&a, "details", row->details);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    ch_log_entry_str(&a.e, "state", ch_str_of(ch_external_name(row->verdict)));
    audit_entry_commit(&a, "text", row->words);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}
