#include "entry_row.h"

void ch_log_entry_put_owner(struct ch_log_entry *e, const struct ch_entry_owner *owner)
{
    ch_log_entry_int(e, "at_us", owner->at_us);
    ch_log_entry_str(e, "kind", CH_STR(CH_ENTRY_FIRST_OWNER));
    ch_log_entry_str(e, "project", owner->project);
    ch_log_entry_str(e, "repository", owner->repository);
    ch_log_entry_str(e, "upstream", owner->upstream);
    ch_log_entry_int(e, "v", CH_ENTRY_VERSION);
}

void ch_log_entry_put_value(struct ch_log_entry *e, struct ch_str name, struct ch_str bytes,
                            int64_t at_us)
{
    struct ch_sha256 digest = ch_sha256_of(bytes.ptr != NULL ? bytes.ptr : "", bytes.len);
    ch_log_entry_int(e, "at_us", at_us);
    ch_log_entry_str(e, "kind", CH_STR(CH_ENTRY_VALUE));
    ch_log_entry_str(e, "name", name);
    ch_log_entry_int(e, "v", CH_ENTRY_VERSION);
    ch_log_entry_sha(e, "value", &digest);
}
