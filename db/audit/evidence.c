/* What inspection found, as an attestation names it, beside the inspections that the store has: the
 * store decides by those. */
#include "auditor.h"

#include "db/evidence/evidence.h"

#define SHOWN_HEX 16 /* of a digest */

struct looking {
    struct ch_sha256 digest;
    struct ch_str head, findings; /* of the text; absent: not looked at */
    struct ch_buf text;           /* room */
    bool found;                   /* an inspection that it is of */
    uint64_t same;                /* one of the same time that has something else; 0: none */
    bool same_findings;           /* not these */
    bool same_as_recorded;        /* another one of that second, rather */
};

/* What it was, and what was found. */
static void split(struct ch_str text, struct ch_str *head, struct ch_str *findings)
{
    size_t at = 0, end = 0;
    *head = *findings = (struct ch_str){NULL, 0};
    if (ch_str_find(text, CH_STR(CH_EVIDENCE_FINDINGS), &at)) {
        *head = ch_str_sub(text, 0, at);
        *findings = ch_str_sub(text, at, text.len - at);
        if (ch_str_find(*findings, CH_STR(CH_EVIDENCE_RECORD), &end)) {
            *findings = ch_str_sub(*findings, 0, end);
        }
    }
}

static bool on_inspection(void *ctx, uint64_t id, const struct ch_inspection_key *key,
                          const struct ch_inspection_row *row, bool as_recorded)
{
    struct looking *l = ctx;
    struct ch_str head, findings;
    ch_buf_clear(&l->text);
    ch_evidence_put(&l->text, key, row);
    struct ch_str text = ch_buf_str(&l->text);
    struct ch_sha256 digest = ch_sha256_of(text.ptr, text.len);
    l->found = ch_sha256_eq(&digest, &l->digest);
    split(text, &head, &findings);
    if (l->head.len > 0 && ch_str_eq(l->head, head) && (l->same == 0 || l->same_as_recorded)) {
        l->same = id;
        l->same_findings = ch_str_eq(l->findings, findings);
        l->same_as_recorded = as_recorded;
    }
    return !l->found;
}

/* In what they differ: the text says it, which is compared with its digest elsewhere. */
static enum ch_code name_it(struct audit_verify *v, uint64_t index, const struct ch_sha256 *sha256,
                            struct looking *l, struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1];
    struct ch_buf text;
    ch_buf_init(&text, CH_EVIDENCE_BYTES);
    enum ch_code rc = ch_store_get_evidence(v->store, &l->digest, &text, err);
    if (rc == CH_OK) {
        split(ch_buf_str(&text), &l->head, &l->findings);
        rc = ch_store_inspections_of(v->store, sha256, on_inspection, l, err);
    } else if (rc == CH_E_NOT_FOUND) {
        rc = CH_OK;
    }
    ch_buf_done(&text);
    if (rc == CH_OK && l->same != 0) {
        audit_problem(v, "database: %s of inspection %llu%s are not what entry %llu says",
                      l->same_findings ? "inspection_fact: those" : "finding: those",
                      (unsigned long long)l->same, l->same_findings ? ", or its words," : "",
                      (unsigned long long)index);
    } else if (rc == CH_OK) {
        ch_sha256_hex(sha256, hex);
        audit_problem(v, "database: inspection of %.*s is gone, or another than entry %llu says",
                      SHOWN_HEX, hex, (unsigned long long)index);
    }
    return rc;
}

enum ch_code audit_check_evidence(struct audit_verify *v, const struct ch_logged *l,
                                  const struct ch_log_entry_fields *f, struct ch_err *err)
{
    struct ch_sha256 sha256;
    struct looking looking = {.same = 0};
    if (!ch_str_eq(l->row.kind, CH_STR("attestation")) ||
        !ch_log_entry_get_sha(f, "evidence", &looking.digest) ||
        !ch_log_entry_get_sha(f, "sha256", &sha256)) {
        return CH_OK; /* nothing was inspected */
    }
    ch_buf_init(&looking.text, CH_EVIDENCE_BYTES);
    enum ch_code rc = ch_store_inspections_of(v->store, &sha256, on_inspection, &looking, err);
    if (rc == CH_OK && !looking.found) {
        rc = name_it(v, l->row.index, &sha256, &looking, err);
    }
    ch_buf_done(&looking.text);
    return rc;
}

/* ------------------------------------------------------------------ all, with what they have */

static bool on_any(void *ctx, uint64_t id, const struct ch_inspection_key *key,
                   const struct ch_inspection_row *row, bool as_recorded)
{
    struct audit_verify *v = ctx;
    (void)key;
    (void)row;
    if (!as_recorded) {
        audit_problem(v,
                      "database: inspection %llu: it, its finding or its inspection_fact rows are "
                      "not what was recorded",
                      (unsigned long long)id);
    }
    return true;
}

enum ch_code audit_check_inspections(struct audit_verify *v, struct ch_err *err)
{
    return ch_store_inspections_of(v->store, NULL, on_any, v, err);
}
