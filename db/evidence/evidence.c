#include "evidence.h"

#include "customhouse/policy.h"
#include "customhouse/timefmt.h"

static void put_digest(struct ch_buf *b, const char *name, const struct ch_sha256 *value)
{
    ch_buf_printf(b, ",\"%s\":\"", name);
    ch_buf_put_hex(b, value->byte, sizeof(value->byte));
    ch_buf_putc(b, '"');
}

static void put_finding(struct ch_buf *b, const struct ch_sha256 *artifact,
                        const struct ch_finding *f)
{
    const struct ch_finding_row *row = ch_finding_row(f->code);
    struct ch_sha256 print = ch_finding_fingerprint(artifact, f);
    ch_buf_puts(b, CH_STR("{\"finding\":"));
    ch_buf_put_json(b, ch_str_of(row != NULL ? row->name : "unknown"));
    put_digest(b, "fingerprint", &print);
    ch_buf_putc(b, '}');
}

void ch_evidence_put(struct ch_buf *b, const struct ch_inspection_key *key,
                     const struct ch_inspection_row *row)
{
    bool recorded = !ch_sha256_is_zero(&row->record);
    ch_buf_printf(b, "{\"version\":%d", recorded ? 2 : 1);
    put_digest(b, "artifact", &key->sha256);
    ch_buf_puts(b, CH_STR(",\"profile\":"));
    ch_buf_put_json(b, key->profile);
    ch_buf_printf(b, ",\"inspector\":%lu", (unsigned long)key->inspector_version);
    put_digest(b, "ruleset", &key->ruleset);
    ch_buf_puts(b, CH_STR(",\"inspectedAt\":\""));
    ch_time_put(b, row->at_us, false);
    ch_buf_printf(b, "\",\"complete\":%s,\"members\":%llu",
                  row->outcome == CH_INSPECTION_COMPLETE ? "true" : "false",
                  (unsigned long long)row->member_count);
    put_digest(b, "membersDigest", &row->members_digest);
    ch_buf_puts(b, CH_STR(CH_EVIDENCE_FINDINGS));
    for (size_t i = 0; i < row->finding_count; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
        put_finding(b, &key->sha256, &row->findings[i]);
    }
    ch_buf_putc(b, ']');
    if (recorded) {
        put_digest(b, "record", &row->record);
    }
    ch_buf_putc(b, '}');
}
