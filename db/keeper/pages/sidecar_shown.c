/* What was shown of a file before its verdict, and whether it still counts (T1): it was shown of
 * that file, and the upstream may put other bytes under its name. */
#include "sidecar.h"

bool sidecar_shown(struct keeper *k, const struct page *p, const struct page_fact_file *f,
                   struct ch_sidecar_row *ret)
{
    struct ch_err err;
    *ret = (struct ch_sidecar_row){.upstream = ch_str_of(p->upstream->name),
                                   .project = page_name(p),
                                   .file_name = f->index.file_name,
                                   .stated_sha256 = f->index.sha256};
    enum ch_code rc = ch_store_get_sidecar(k->store, ret, &err);
    if (rc == CH_E_NOT_FOUND && !ch_sha256_is_zero(&f->index.sha256)) {
        /* While no hash was stated it was shown of this file, unless that came later. */
        ret->stated_sha256 = (struct ch_sha256){0};
        rc = ch_store_get_sidecar(k->store, ret, &err);
        rc = rc == CH_OK && ret->at_us < f->first_seen_at_us ? CH_E_NOT_FOUND : rc;
    }
    return rc == CH_OK && (f->index.sidecar != CH_SIDECAR_HASHED ||
                           ch_sha256_eq(&ret->sha256, &f->index.sidecar_sha256));
}

bool sidecar_may_be_shown(struct keeper *k, struct page *p, size_t file,
                          const struct ch_sha256 *sha256)
{
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    struct ch_sidecar_row row;
    return in != NULL ? ch_sha256_eq(&in->row.metadata_sha256, sha256)
                      : sidecar_shown(k, p, &p->facts.files[file], &row) &&
                            ch_sha256_eq(&row.sha256, sha256);
}
