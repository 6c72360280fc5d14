/* What entries say of admissions: which image, and in which environment; the namespace, which is a
 * cluster's own name for something, as a commitment (T26). */
#include "audit_admitted.h"

#include "audit_int.h"

enum ch_code audit_admitted(struct keeper *k, const struct ch_admitted_row *row, struct ch_err *err)
{
    struct audit_entry a;
    const struct ch_str no_file = {NULL, 0};
    audit_entry_begin_about(k, &a, "admitted", row->repository, row->project, no_file);
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    ch_log_entry_str(&a.e, "environment", row->environment);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_commit(&a, "namespace", row->name_space);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "runs", &row->runs);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}
