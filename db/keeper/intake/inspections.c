/* Which stored inspection of a file counts: of which key, of which bytes, and for how long (T6). */
#include "db/keeper/keeper_int.h"
#include "shared.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/pushes/aliases.h"

static void put_file(const struct page *p, struct ch_str file_name, struct ch_buf *ret)
{
    ch_buf_init(ret, 2048);
    ch_buf_printf(ret, "%s/%s/%s/", p->eco->name, p->upstream->name, p->project);
    ch_buf_puts(ret, file_name);
}

/* With the alias that the index states: an inspection that did not verify it is none (T15). */
void inspection_context(const struct page *p, struct ch_str file_name, struct ch_buf *ret)
{
    put_file(p, file_name, ret);
    ptrdiff_t at = page_find_file(p, file_name);
    const struct ch_alias *alias = at >= 0 ? &p->facts.files[at].index.alias : NULL;
    if (alias != NULL && alias->kind != CH_HASH_NONE) {
        ch_buf_printf(ret, "/%s=", ch_hash_kind_name(alias->kind));
        ch_alias_put_hex(ret, alias);
    }
}

static void drop_inspection(struct page_file *f)
{
    ch_store_inspection_done(f->inspection);
    free(f->inspection);
    f->inspection = NULL;
    f->has_inspection = false;
}

static void hold_against(struct page *p, size_t file, bool held)
{
    struct page_file *f = &p->files[file];
    if (held == f->held_against) {
        return;
    }
    uint32_t *attacks = &p->index.attacks[p->index.version[file]];
    f->held_against = held;
    p->attacks += held ? 1 : (size_t)-1;
    *attacks += held ? 1 : (uint32_t)-1;
    listing_touch_file(p, file);
    releases_touch(p);
}

void inspection_forget(struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    if (f->has_inspection) {
        drop_inspection(f);
    }
    hold_against(p, file, false);
    listing_touch_file(p, file);
    releases_touch(p);
    f->inspection_loaded = false;
    f->inspection_old = false;
    f->attack = false;
}

static struct ch_inspection_key key_of(const struct keeper *k, const struct page *p, size_t file,
                                       const struct ch_sha256 *sha256, struct ch_str context)
{
    return (struct ch_inspection_key){
        .sha256 = *sha256,
        .profile = ch_str_of(p->files[file].release.profile),
        .inspector_version = CH_INSPECTOR_VERSION,
        .ruleset = k->ruleset,
        .context = context,
    };
}

/* Reads what is stored, of the key in force or else the newest of another one. */
static enum ch_code read_inspection(struct keeper *k, const struct ch_inspection_key *key,
                                    struct ch_inspection_result *ret, bool *ret_old,
                                    struct ch_err *err)
{
    enum ch_code rc = ch_store_get_inspection(k->store, key, ret, err);
    if (rc == CH_E_NOT_FOUND) {
        rc = ch_store_newest_inspection(k->store, key, ret, err);
        *ret_old = rc == CH_OK;
    }
    return rc;
}

static bool has_finding(const struct ch_inspection_result *inspection, enum ch_finding_code code)
{
    for (size_t i = 0; i < inspection->row.finding_count; i++) {
        if (inspection->row.findings[i].code == code) {
            return true;
        }
    }
    return false;
}

static bool has_mismatch(const struct ch_inspection_result *inspection)
{
    return has_finding(inspection, CH_F_HASH_MISMATCH);
}

bool inspection_was_interrupted(const struct ch_inspection_result *inspection)
{
    return inspection->row.outcome == CH_INSPECTION_FAILED &&
           has_finding(inspection, CH_F_INSPECTION_INTERRUPTED);
}

static bool is_attack(const struct ch_inspection_result *inspection)
{
    for (size_t i = 0; i < inspection->row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(inspection->row.findings[i].code);
        if (row == NULL || row->cls == CH_CLASS_ATTACK) {
            return true;
        }
    }
    return false;
}

bool inspection_is_held_against(const struct ch_inspection_result *inspection)
{
    return is_attack(inspection) && !has_mismatch(inspection);
}

/* ------------------------------------------------------------------ what its record says */

/* Evidence shows so much of a value, at most: one that is not longer has all that differs. */
#define WHOLE_EVIDENCE 180
#define RECORD_WORDS   " in the record sha256:"

struct differences {
    struct ch_inspection_result *in;
    struct ch_sha256 record;
    struct ch_buf text;
};

static void put_record(struct differences *d)
{
    ch_buf_puts(&d->text, CH_STR(RECORD_WORDS));
    ch_buf_put_hex(&d->text, d->record.byte, CH_SHA256_BYTES);
}

static void on_difference(void *arg, enum ch_finding_code code, struct ch_str evidence)
{
    struct differences *d = arg;
    struct ch_inspection_result *in = d->in;
    in->findings = ch_realloc_array(in->findings, in->row.finding_count + 1, sizeof(*in->findings));
    in->findings[in->row.finding_count++] =
        (struct ch_finding){.code = code, .evidence = {NULL, evidence.len}};
    size_t before = d->text.len;
    ch_buf_puts(&d->text, evidence);
    if (evidence.len >= WHOLE_EVIDENCE) {
        put_record(d);
    }
    in->findings[in->row.finding_count - 1].member.len = d->text.len - before;
}

static void add_unknown(struct differences *d, size_t first)
{
    ch_buf_done(&d->text);
    ch_buf_init(&d->text, sizeof(RECORD_WORDS) + CH_SHA256_HEX);
    put_record(d);
    for (size_t i = first; i < d->in->row.finding_count; i++) {
        d->in->findings[i] =
            (struct ch_finding){.code = CH_F_LIMIT, .member = ch_buf_str(&d->text)};
    }
}

static void load_inspection(struct keeper *k, struct page *p, size_t file);

struct known_facts {
    struct known_facts *next;
    struct ch_fact *facts;
    struct ch_buf text;
};

struct whole_of {
    struct keeper *k;
    struct page *p;
    struct known_facts *known; /* that say otherwise what is stored */
};

static struct ch_str part_name(void *ctx, size_t i)
{
    return ((const struct whole_of *)ctx)->p->facts.files[i].index.file_name;
}

/* A manifest may name its layers by alias: they are compared as what they are (T15). */
static const struct ch_fact *by_sha256(struct whole_of *w, const struct ch_inspection_row *row)
{
    size_t aliases = 0;
    for (size_t i = 0; i < row->fact_count; i++) {
        aliases += ch_str_eq(row->facts[i].name, CH_STR("layer")) &&
                   ch_str_starts(row->facts[i].value, CH_STR("sha512:"));
    }
    if (aliases == 0) {
        return row->facts;
    }
    struct known_facts *known = ch_calloc(1, sizeof(*known));
    known->next = w->known;
    w->known = known;
    known->facts = ch_calloc(row->fact_count, sizeof(*known->facts));
    ch_buf_init(&known->text, aliases * (CH_SHA256_HEX + 16));
    CH_ASSERT(ch_buf_reserve(&known->text, aliases * (CH_SHA256_HEX + 16)) !=
              NULL); /* it never moves */
    for (size_t i = 0; i < row->fact_count; i++) {
        known->facts[i] = row->facts[i];
        if (ch_str_eq(row->facts[i].name, CH_STR("layer"))) {
            known->facts[i].value = aliases_fact(w->k, row->facts[i].value, &known->text);
        }
    }
    return known->facts;
}

static const struct ch_fact *part_facts(void *ctx, size_t i, size_t *ret_count)
{
    const struct whole_of *w = ctx;
    const struct page_file *f = &w->p->files[i];
    load_inspection(w->k, w->p, i);
    bool counts = f->has_inspection && !f->inspection_old &&
                  f->inspection->row.outcome == CH_INSPECTION_COMPLETE;
    *ret_count = counts ? f->inspection->row.fact_count : 0;
    static const struct ch_fact none = {.name = {NULL, 0}};
    return !counts ? NULL : *ret_count > 0 ? by_sha256(ctx, &f->inspection->row) : &none;
}

static void compare(struct keeper *k, struct page *p, size_t file, struct differences *d)
{
    struct ch_str record = p->facts.files[file].index.record;
    const struct ch_inspection_result *in = d->in;
    struct whole_of of = {k, p, NULL};
    struct ch_parts whole = {p->facts.file_count, part_name, part_facts, &of};
    if (p->eco->compare_record != NULL && record.len > 0) {
        d->record = ch_sha256_of(record.ptr, record.len);
        p->eco->compare_record(page_name(p), record, in->row.facts, in->row.fact_count,
                               on_difference, d);
    }
    if (p->eco->compare_parts != NULL && !p->files[file].inspection_old) {
        p->eco->compare_parts(&whole, file, on_difference, d);
    }
    while (of.known != NULL) {
        struct known_facts *known = of.known;
        of.known = known->next;
        ch_buf_done(&known->text);
        free(known->facts);
        free(known);
    }
}

/* The bytes stay what they are, and records change, and what lies beside them: what these say
 * otherwise than the bytes is no part of the inspection that is stored, but found anew with each
 * page. Such a finding's member is what it says: an approval lifts the difference that a person
 * read, and no later one (T9). */
static void add_differences(struct keeper *k, struct page *p, size_t file,
                            struct ch_inspection_result *in)
{
    size_t first = in->row.finding_count;
    if (in->row.outcome != CH_INSPECTION_COMPLETE) {
        return;
    }
    struct differences d = {.in = in};
    ch_buf_init(&d.text, (size_t)ch_limits.scan_output_bytes);
    compare(k, p, file, &d);
    if (d.text.failed) { /* it is not known what */
        add_unknown(&d, first);
    } else {
        struct ch_str rest = ch_buf_str(&d.text);
        for (size_t i = first; i < in->row.finding_count; i++) {
            struct ch_finding *f = &in->findings[i];
            f->member = ch_str_sub(rest, 0, f->member.len);
            f->evidence = ch_str_sub(rest, 0, f->evidence.len);
            rest = ch_str_sub(rest, f->member.len, rest.len);
        }
    }
    if (in->row.finding_count > first) {
        in->row.findings = in->findings;
    }
    in->added = d.text;
    in->added_count = in->row.finding_count - first;
}

static void load_inspection(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    struct ch_err err;
    if (f->inspection_loaded || ch_sha256_is_zero(&f->artifact) || f->release.profile == NULL) {
        return;
    }
    struct ch_buf context;
    inspection_context(p, p->facts.files[file].index.file_name, &context);
    struct ch_inspection_key key = key_of(k, p, file, &f->artifact, ch_buf_str(&context));
    struct ch_inspection_result found;
    enum ch_code rc = read_inspection(k, &key, &found, &f->inspection_old, &err);
    if (rc == CH_OK && f->inspection_old && p->eco->whole_versions &&
        (rc = shared_attack(k, &key, &found, &f->inspection_old, &err)) != CH_OK) {
        ch_store_inspection_done(&found);
    }
    ch_buf_done(&context);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("store", "error=\"%s\"", err.msg);
        hold_against(p, file, true); /* not known to be no attack (T10) */
        return;                      /* not loaded: tried again, and "not inspected" meanwhile */
    }
    f->inspection_loaded = true;
    f->has_inspection = rc == CH_OK;
    if (f->has_inspection) {
        f->inspection = ch_alloc(sizeof(*f->inspection));
        *f->inspection = found;
    }
    const struct ch_index_file *stated = &p->facts.files[file].index;
    /* the index states these bytes since; what another hash of its says is in the inspection's key
     */
    if (f->has_inspection && has_mismatch(f->inspection) && stated->alias.kind == CH_HASH_NONE &&
        ch_sha256_eq(&f->artifact, &stated->sha256)) {
        drop_inspection(f);
    }
    if (f->has_inspection) {
        add_differences(k, p, file, f->inspection);
    }
    f->attack = f->has_inspection && is_attack(f->inspection);
    hold_against(p, file, f->attack && inspection_is_held_against(f->inspection));
    if (f->has_inspection) {
        listing_touch_file(p, file);
        releases_touch(p);
    }
}

/* ------------------------------------------------------------------ what came before (T10) */

static void keep_context(void *ctx, struct ch_str context)
{
    ch_put_str(ctx, context);
}

typedef void found_fn(void *ctx, const struct ch_inspection_result *found);

/* The inspections of these bytes as this file, whatever other hash the index stated of it then: one
 * of each context, by the key in force where there is one. */
static enum ch_code each_inspection(struct keeper *k, const struct page *p, size_t file,
                                    const struct ch_sha256 *sha256, found_fn *each, void *ctx,
                                    struct ch_err *err)
{
    struct ch_buf name, contexts;
    put_file(p, p->facts.files[file].index.file_name, &name);
    ch_buf_init(&contexts, 1u << 20);
    struct ch_inspection_key key = key_of(k, p, file, sha256, ch_buf_str(&name));
    enum ch_code rc = ch_store_inspection_contexts(k->store, &key, keep_context, &contexts, err);
    rc = rc == CH_OK ? ch_buf_ok(&contexts, err) : rc;
    struct ch_rd r = ch_rd_of(contexts.ptr, contexts.len);
    while (rc == CH_OK && ch_rd_left(&r) > 0) {
        struct ch_inspection_result found;
        bool old;
        key.context = ch_get_str(&r, 4096);
        rc = read_inspection(k, &key, &found, &old, err);
        if (rc == CH_OK) {
            each(ctx, &found);
            ch_store_inspection_done(&found);
        }
    }
    ch_buf_done(&contexts);
    ch_buf_done(&name);
    return rc;
}

/* Whether something was found in them that holds the version: the index may state another hash with
 * other bytes, or at any time. */
static void note_held_against(void *ctx, const struct ch_inspection_result *found)
{
    *(bool *)ctx |= inspection_is_held_against(found);
}

struct mismatches {
    size_t all, mismatched;
};

static void count_mismatch(void *ctx, const struct ch_inspection_result *found)
{
    struct mismatches *m = ctx;
    m->all++;
    m->mismatched += has_mismatch(found);
}

bool inspection_never_matched(struct keeper *k, const struct page *p, size_t file,
                              const struct ch_sha256 *sha256)
{
    struct mismatches m = {0};
    struct ch_err err;
    return p->files[file].release.profile != NULL &&
           each_inspection(k, p, file, sha256, count_mismatch, &m, &err) == CH_OK && m.all > 0 &&
           m.mismatched == m.all;
}

/* Another hash than sha256 says so only once the bytes were inspected under it. */
bool inspection_of_broken_transfer(const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    const struct ch_sha256 *stated = &p->facts.files[file].index.sha256;
    if (ch_sha256_is_zero(&f->artifact)) {
        return false;
    }
    return ch_sha256_is_zero(stated) ? f->has_inspection && has_mismatch(f->inspection)
                                     : !ch_sha256_eq(stated, &f->artifact);
}

void inspection_drop_broken_transfers(struct page *p)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (inspection_of_broken_transfer(p, i)) {
            inspection_forget(p, i);
            p->files[i].artifact = (struct ch_sha256){{0}};
            p->files[i].confirmed_known = false;
        }
    }
}

/* What was found in replaced bytes is of the version: replacing them does not free their siblings.
 * Nor does it to state another hash of the same bytes, as which nobody inspected them yet. */
void inspection_look_past(struct keeper *k, struct page *p)
{
    struct page_index *x = &p->index;
    if (x->past_count == 0) {
        return; /* none had any */
    }
    size_t *before = x->past_attack;
    x->past_attack = ch_calloc(x->version_count + 1, sizeof(*x->past_attack));
    for (size_t i = 0; i < x->past_count; i++) {
        size_t file = x->past[i].file;
        struct ch_err err;
        bool held = false;
        if (p->files[file].release.profile == NULL ||
            (ch_sha256_eq(&x->past[i].sha256, &p->files[file].artifact) &&
             (p->files[file].has_inspection || p->files[file].held_against))) {
            continue;
        }
        if (each_inspection(k, p, file, &x->past[i].sha256, note_held_against, &held, &err) !=
            CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
            held = true; /* not known to be none */
        }
        if (held) {
            x->past_attack[x->version[file]] = file + 1;
        }
    }
    if (memcmp(before, x->past_attack, (x->version_count + 1) * sizeof(*before)) != 0) {
        listing_touch(p);
    }
    free(before);
}

const struct ch_inspection_result *inspection_of(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    load_inspection(k, p, file);
    if (!f->has_inspection) {
        return NULL;
    }
    bool counts = !f->inspection_old || f->attack ||
                  (f->recorded_verdict == CH_VERDICT_ALLOW &&
                   keeper_now_us(k) < keys_grace_ends(k, f->inspection->row.at_us));
    return counts ? f->inspection : NULL;
}

void pages_inspections_changed(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        for (size_t i = 0; p->load == PAGE_READY && i < p->facts.file_count; i++) {
            inspection_forget(p, i);
        }
        for (size_t i = 0; p->load == PAGE_READY && i < p->facts.file_count; i++) {
            inspection_of(k, p, i); /* T10 looks at all of them */
        }
        if (p->load == PAGE_READY) {
            inspection_look_past(k, p);
        }
    }
}
