/* What was pushed and refers to something: listed while it may be had, by what its inspection has
 * told of it. Spec: OCI distribution 1.1, "Listing Referrers"; T23: signatures are none of these.
 */
#include "pushes_int.h"

#include <stdlib.h>

#include "aliases.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/signing/images.h"

struct listing {
    struct keeper *k;
    const struct referrers *of;
    const struct ch_ecosystem *eco;
    struct ch_sha256 *manifests;
    size_t count;
    struct ch_buf *b;
    bool later;
};

static void on_manifest(void *ctx, const struct ch_sha256 *manifest)
{
    struct listing *l = ctx;
    if ((l->count & (l->count - 1)) == 0) {
        l->manifests =
            ch_realloc_array(l->manifests, l->count == 0 ? 1 : 2 * l->count, sizeof(*l->manifests));
    }
    l->manifests[l->count++] = *manifest;
}

/* ------------------------------------------------------------------ one of them */

static struct ch_str fact_of(const struct ch_inspection_result *in, const char *name)
{
    for (size_t i = 0; i < in->row.fact_count; i++) {
        if (ch_str_eq(in->row.facts[i].name, ch_str_of(name))) {
            return in->row.facts[i].value;
        }
    }
    return (struct ch_str){NULL, 0};
}

/* It is about what is asked for, and of the kind that is. */
static bool is_wanted(const struct listing *l, const struct ch_inspection_result *in)
{
    struct ch_str type = fact_of(in, "artifact-type");
    struct ch_buf known;
    ch_buf_init(&known, CH_SHA256_HEX + 16);
    bool about = ch_str_eq(aliases_fact(l->k, fact_of(in, "subject"), &known), l->of->subject_text);
    ch_buf_done(&known);
    return about && (l->of->filter.len == 0 || ch_str_eq(type, l->of->filter));
}

static void put_annotations(struct ch_buf *b, const struct ch_inspection_result *in)
{
    const char *before = ",\"annotations\":{";
    size_t at;
    for (size_t i = 0; i < in->row.fact_count; i++) {
        const struct ch_fact *f = &in->row.facts[i];
        if (ch_str_eq(f->name, CH_STR("annotation")) && ch_str_find_char(f->value, '\n', &at)) {
            ch_buf_puts(b, ch_str_of(before));
            ch_buf_put_json(b, ch_str_sub(f->value, 0, at));
            ch_buf_putc(b, ':');
            ch_buf_put_json(b, ch_str_sub(f->value, at + 1, f->value.len));
            before = ",";
        }
    }
    ch_buf_puts(b, before[1] == '\0' ? CH_STR("}") : CH_STR(""));
}

static void put(const struct listing *l, const struct page_fact_file *f,
                const struct ch_inspection_result *in)
{
    struct ch_buf *b = l->b;
    struct ch_str type = fact_of(in, "artifact-type");
    const char *media_type = l->eco->media_type(f->index.file_name);
    ch_buf_puts(b, b->len > 0 && b->ptr[b->len - 1] == '[' ? CH_STR("") : CH_STR(","));
    ch_buf_puts(b, CH_STR("{\"mediaType\":"));
    ch_buf_put_json(b, ch_str_of(media_type != NULL ? media_type : ""));
    ch_buf_puts(b, CH_STR(",\"digest\":\"sha256:"));
    ch_buf_put_hex(b, f->index.sha256.byte, sizeof(f->index.sha256.byte));
    ch_buf_printf(b, "\",\"size\":%llu", (unsigned long long)f->index.size_bytes);
    if (type.len > 0) {
        ch_buf_puts(b, CH_STR(",\"artifactType\":"));
        ch_buf_put_json(b, type);
    }
    put_annotations(b, in);
    ch_buf_putc(b, '}');
}

/* As whoever asks for it would be answered: ALLOW, and in the log. */
static void look_at(struct listing *l, struct page *p, size_t file)
{
    struct ch_decision d;
    const struct ch_inspection_result *in = inspection_of(l->k, p, file);
    if (in == NULL || !is_wanted(l, in)) {
        return;
    }
    judge(l->k, p, file, &d);
    if (d.verdict != CH_VERDICT_ALLOW) {
        return;
    }
    struct page_file *f = &p->files[file];
    if (f->recorded_verdict != CH_VERDICT_ALLOW || !audit_has(l->k, f)) {
        l->later = true;
        return;
    }
    in = inspection_of(l->k, p, file);
    if (in != NULL) {
        put(l, &p->facts.files[file], in);
    }
}

/* ------------------------------------------------------------------ all */

static void look_at_manifest(struct listing *l, const struct ch_sha256 *manifest)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    struct page *p = NULL;
    if (l->eco->push->page_of(l->of->project, (struct ch_str){NULL, 0}, manifest, name,
                              sizeof(name))) {
        p = page_get(l->k, l->of->repository, ch_str_of(name));
    }
    if (p == NULL || !page_load(l->k, p) || page_owner(p) == CH_OWNER_LEFT) {
        return;
    }
    p->pinned++;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (images_role(p, i) != CH_WHOLE_PART &&
            ch_sha256_eq(&p->facts.files[i].index.sha256, manifest) &&
            p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN) {
            look_at(l, p, i);
        }
    }
    p->pinned--;
}

enum ch_code referrers_put(struct keeper *k, const struct referrers *of, struct ch_buf *b,
                           bool *ret_later, struct ch_err *err)
{
    const struct ch_repository *config = ch_config_repository(k->config, of->repository);
    struct listing l = {.k = k, .of = of, .b = b};
    l.eco =
        config != NULL && config->hosted ? ch_ecosystem_find(ch_str_of(config->ecosystem)) : NULL;
    *ret_later = false;
    if (l.eco == NULL || l.eco->push == NULL || l.eco->media_type == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_pushed_referrers(k->store, of->repository, of->project, &of->subject,
                                                on_manifest, &l, err);
    for (size_t i = 0; rc == CH_OK && !b->failed && i < l.count; i++) {
        look_at_manifest(&l, &l.manifests[i]);
    }
    free(l.manifests);
    *ret_later = l.later;
    return rc == CH_OK ? ch_buf_ok(b, err) : rc;
}
