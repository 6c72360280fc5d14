#include "sboms.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/keeper/signing/images.h"
#include "db/sbom/sbom.h"

struct gathering {
    struct keeper *k;
    struct page *p;
    struct ch_sbom s;
    struct ch_sbom_layer *layers;
    struct ch_str components; /* name of the facts that say them */
    size_t room;              /* for them */
    struct ch_buf texts;
};

/* Whether the fact becomes a component. */
static bool is_one(const struct gathering *g, const struct ch_fact *f)
{
    return ch_str_eq(f->name, g->components);
}

/* ------------------------------------------------------------------ a file */

/* "main::numpy >=1.20,<2 py_0": whose channel, and which versions, is beside the name. */
static struct ch_str name_of_spec(struct ch_str spec)
{
    size_t at;
    struct ch_str name = ch_str_trim(spec);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ' ' || name.ptr[i] == '[' || name.ptr[i] == '=' || name.ptr[i] == '<' ||
            name.ptr[i] == '>' || name.ptr[i] == '!') {
            name = ch_str_sub(name, 0, i);
        }
    }
    while (ch_str_find_char(name, ':', &at)) {
        name = ch_str_sub(name, at + 1, name.len);
    }
    return name;
}

static void add(struct gathering *g, const struct ch_sbom_component *c)
{
    CH_ASSERT(g->s.component_count < g->room);
    g->s.components[g->s.component_count++] = *c;
}

static void add_dependency(struct gathering *g, struct ch_str value)
{
    const struct ch_ecosystem *eco = g->p->eco;
    struct ch_sbom_component c = {.type = eco->name, .requirement = value};
    struct ch_dependency d;
    if (eco->read_dependency == NULL) {
        c.name = name_of_spec(value);
    } else if (eco->read_dependency(value, (struct ch_str){NULL, 0}, &d)) {
        size_t at = g->texts.len;
        ch_buf_puts(&g->texts, ch_str_of(d.project)); /* no longer than as it is written */
        c.name = ch_str_sub(ch_buf_str(&g->texts), at, g->texts.len);
        c.optional = !d.asked || d.on.len > 0;
    }
    if (c.name.len > 0) {
        add(g, &c);
    } else {
        g->s.incomplete = true;
    }
}

static void gather_file(struct gathering *g, const struct ch_inspection_result *in)
{
    for (size_t i = 0; i < in->row.fact_count; i++) {
        const struct ch_fact *f = &in->row.facts[i];
        if (is_one(g, f)) {
            add_dependency(g, f->value);
        } else if (ch_str_eq(f->name, ch_str_of(ch_fact_row(CH_FACT_LICENCE)->name))) {
            g->s.licence = f->value;
        } else if (ch_str_eq(f->name, CH_STR("license-expression")) ||
                   ch_str_eq(f->name, CH_STR("license"))) {
            g->s.stated_licence = f->value;
        }
    }
}

/* ------------------------------------------------------------------ an image */

/* "ID VERSION" of the layer that says it last, which is what the image has. */
static void see_distribution(struct gathering *g, struct ch_str value)
{
    size_t at = value.len;
    bool has_version = ch_str_find_char(value, ' ', &at);
    g->s.distribution = ch_str_sub(value, 0, at);
    g->s.distribution_version =
        has_version ? ch_str_sub(value, at + 1, value.len) : (struct ch_str){NULL, 0};
}

static void gather_layer(struct gathering *g, size_t file)
{
    const struct ch_inspection_result *in = inspection_of(g->k, g->p, file);
    size_t layer = g->s.layer_count++;
    g->layers[layer] = (struct ch_sbom_layer){
        .sha256 = g->p->files[file].artifact,
        .size_bytes = g->p->facts.files[file].index.size_bytes,
    };
    g->s.incomplete = g->s.incomplete || in == NULL || in->row.outcome != CH_INSPECTION_COMPLETE;
    for (size_t i = 0; in != NULL && i < in->row.finding_count; i++) {
        uint32_t code = (uint32_t)in->row.findings[i].code;
        g->s.incomplete = g->s.incomplete || code == CH_F_OCI_INVENTORY ||
                          code == CH_F_OCI_INVENTORY_UNREAD || code == CH_F_LIMIT;
    }
    for (size_t i = 0; in != NULL && i < in->row.fact_count; i++) {
        const struct ch_fact *f = &in->row.facts[i];
        struct ch_sbom_component c;
        if (is_one(g, f)) {
            if (ch_sbom_read_package(f->value, &g->texts, &c)) {
                c.layer = layer;
                add(g, &c);
            } else {
                g->s.incomplete = true;
            }
        } else if (ch_str_eq(f->name, CH_STR("packages-left-out"))) {
            g->s.incomplete = true;
        } else if (ch_str_eq(f->name, CH_STR("distribution"))) {
            see_distribution(g, f->value);
        }
    }
}

/* ------------------------------------------------------------------ an index */

/* "sha256:HEX linux/arm64/v8" */
static void gather_list(struct gathering *g, const struct ch_inspection_result *in)
{
    for (size_t i = 0; i < in->row.fact_count; i++) {
        struct ch_str rest = in->row.facts[i].value, part;
        struct ch_sbom_component c = {.type = g->p->eco->name, .name = g->s.name, .image = true};
        if (!is_one(g, &in->row.facts[i]) || !ch_str_split(&rest, ' ', &c.version)) {
            continue;
        }
        if (ch_str_split(&rest, '/', &part)) {
            c.architecture = rest;
        }
        add(g, &c);
    }
}

/* ------------------------------------------------------------------ either */

static bool is_layer(const struct page *p, size_t file)
{
    return p->facts.files[file].removed_at_us == CH_TIME_UNKNOWN &&
           ch_str_eq(ch_str_of(p->files[file].release.file_type), CH_STR("layer"));
}

/* Room for all that facts say, so that slices stay where they are. */
static enum ch_code reserve(struct gathering *g, size_t file, struct ch_err *err)
{
    size_t bytes = 1;
    for (size_t i = 0; i < g->p->facts.file_count; i++) {
        if (i != file && !(g->s.image && is_layer(g->p, i))) {
            continue;
        }
        const struct ch_inspection_result *in = inspection_of(g->k, g->p, i);
        for (size_t f = 0; in != NULL && f < in->row.fact_count; f++) {
            if (is_one(g, &in->row.facts[f])) {
                g->room++;
                bytes += in->row.facts[f].value.len;
            }
        }
    }
    if (g->room > ch_limits.sbom_components) {
        return ch_fail(err, CH_E_LIMIT, "%zu packages in all its layers, at most %llu are listed",
                       g->room, (unsigned long long)ch_limits.sbom_components);
    }
    ch_buf_init(&g->texts, bytes);
    CH_ASSERT(ch_buf_reserve(&g->texts, bytes) != NULL);
    g->s.components = ch_calloc(g->room + 1, sizeof(*g->s.components));
    g->layers = ch_calloc(g->p->facts.file_count, sizeof(*g->layers));
    g->s.layers = g->layers;
    return CH_OK;
}

static void name(struct gathering *g, size_t file, struct ch_str reference)
{
    struct ch_resource of = approvals_resource(g->p, file, reference);
    g->s.type = g->p->eco->name;
    g->s.name = page_project(g->p, file);
    g->s.version = of.version;
    g->s.file_name = of.file_name;
    g->s.build = of.build;
    g->s.subdir = of.subdir;
    g->s.form = of.type;
    g->s.repository_url = of.repository_url;
    g->s.sha256 = g->p->files[file].artifact;
}

/* Of a file what it asks for, of an index what it lists, of an image what its layers have. */
static struct ch_str components_of(const struct page *p, enum ch_whole role)
{
    if (role != CH_WHOLE_PART) {
        return role == CH_WHOLE_LIST ? ch_str_of(p->eco->listed_fact) : CH_STR("package");
    }
    return ch_str_of(p->eco->dependency_fact != NULL ? p->eco->dependency_fact : "depends");
}

static void gather(struct gathering *g, enum ch_whole role, const struct ch_inspection_result *in)
{
    if (role == CH_WHOLE_PART) {
        gather_file(g, in);
    } else if (role == CH_WHOLE_LIST) {
        gather_list(g, in);
    }
    for (size_t i = 0; role == CH_WHOLE_ALL && i < g->p->facts.file_count; i++) {
        if (is_layer(g->p, i)) {
            gather_layer(g, i);
        }
    }
}

enum ch_code sboms_put(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                       struct ch_buf *out, struct ch_err *err)
{
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    enum ch_whole role = images_role(p, file);
    if (p->eco->whole_versions && role == CH_WHOLE_PART) {
        return ch_fail(err, CH_E_NOT_FOUND, "it has no bill of materials of its own");
    }
    if (in == NULL || in->row.outcome != CH_INSPECTION_COMPLETE) {
        return ch_fail(err, CH_E_NOT_FOUND, "it was not inspected");
    }
    struct gathering g = {.k = k, .p = p};
    struct ch_buf reference, origin;
    g.s.image = role != CH_WHOLE_PART;
    ch_buf_init(&reference, ch_limits.url_bytes);
    ch_buf_init(&origin, ch_limits.url_bytes);
    if (g.s.image) {
        approvals_put_reference(k, p, &reference);
    }
    approvals_put_origin(k, &origin);
    g.components = components_of(p, role);
    enum ch_code rc = reserve(&g, file, err);
    if (rc == CH_OK) {
        name(&g, file, ch_buf_str(&reference));
        g.s.origin = ch_buf_str(&origin);
        g.s.inspector_version = in->inspector_version;
        g.s.made_at_us = in->row.at_us;
        gather(&g, role, in);
        (part == CH_PART_SPDX ? ch_spdx_put : ch_cyclonedx_put)(out, &g.s);
        rc = ch_buf_ok(out, err);
    }
    free(g.s.components);
    free(g.layers);
    ch_buf_done(&g.texts);
    ch_buf_done(&reference);
    ch_buf_done(&origin);
    return rc;
}

bool sboms_are_of(struct keeper *k, const struct ch_attestation_row *row)
{
    const struct ch_repository *r = ch_config_repository(k->config, row->repository);
    const struct ch_ecosystem *eco = r != NULL ? ch_ecosystem_find(ch_str_of(r->ecosystem)) : NULL;
    return row->passed && eco != NULL &&
           (eco->whole == NULL || eco->whole(row->file_name) != CH_WHOLE_PART);
}
