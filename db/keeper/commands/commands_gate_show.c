/* What gate says: one line for what has passed; of the rest all that is known of every file, as
 * explain says it, with the log's entry of its decision and the proof that it is in the log. */
#include "commands_gate.h"

#include <stdio.h>

#include "db/audit/auditor.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/judge_together.h"

#define PROOF_BYTES (4 * CH_NOTE_MAX)

/* ------------------------------------------------------------------ the log */

struct entry {
    struct ch_log_row row;
    struct ch_buf proof; /* empty: it is under no checkpoint yet, or cannot be read */
    struct ch_buf text;  /* of the entry, for who may read the log; else empty */
};

static void read_text(struct command *c, struct entry *e)
{
    char state[4096];
    struct audit_reader reader;
    struct ch_str text;
    struct ch_err err;
    snprintf(state, sizeof(state), "%.*s", CH_STR_ARG(c->k->child.setup.state_dir));
    if (audit_reader_open(state, &reader, &err) == CH_OK &&
        audit_reader_get(&reader, e->row.index, &text, &err) == CH_OK) {
        ch_buf_puts(&e->text, text);
    }
    audit_reader_close(&reader);
}

/* False: no decision on the file was entered. */
static bool find_entry(struct command *c, const struct page *p, size_t file, struct entry *ret)
{
    struct ch_err err;
    *ret = (struct entry){.row = {.index = 0}};
    ch_buf_init(&ret->proof, PROOF_BYTES);
    ch_buf_init(&ret->text, 1u << 17);
    if (ch_store_decision_entry(c->k->store, ch_str_of(p->repository), page_name(p),
                                p->facts.files[file].index.file_name, &ret->row, &err) != CH_OK) {
        return false;
    }
    if (audit_prove_entry(c->k, ret->row.index, &ret->proof, &err) != CH_OK) {
        ch_buf_clear(&ret->proof);
    } else if (command_sees(c, ACTION_AUDIT_READ, ch_str_of(p->repository))) {
        read_text(c, ret);
    }
    return true;
}

static void entry_done(struct entry *e)
{
    ch_buf_done(&e->proof);
    ch_buf_done(&e->text);
}

static void json_log(struct command *c, struct ch_buf *b, const struct page *p, size_t file)
{
    struct entry e;
    if (find_entry(c, p, file, &e)) {
        json_open(b, "log", '{');
        json_number(b, "entry", e.row.index);
        json_digest(b, "leaf", &e.row.leaf);
        if (e.text.len > 0) {
            json_field(b, "text", ch_buf_str(&e.text));
        }
        if (e.proof.len > 0) {
            json_field(b, "proof", ch_buf_str(&e.proof));
        }
        ch_buf_putc(b, '}');
    }
    entry_done(&e);
}

static void show_lines(struct command *c, struct ch_str text)
{
    struct ch_str line;
    while (ch_str_split(&text, '\n', &line)) {
        command_put(c, line.len > 0 ? CH_STR("    ") : CH_STR(""));
        command_put(c, line);
        command_put(c, CH_STR("\n"));
    }
}

static void show_log(struct command *c, const struct page *p, size_t file)
{
    struct entry e;
    char hex[CH_SHA256_HEX + 1];
    if (!find_entry(c, p, file, &e)) {
        command_print(c, "  log: nothing is decided of it, so it has no entry\n");
    } else {
        ch_sha256_hex(&e.row.leaf, hex);
        command_print(c, "  log: entry %llu, leaf %s\n", (unsigned long long)e.row.index, hex);
        if (e.text.len > 0) {
            command_put(c, CH_STR("    "));
            command_put_printable(c, ch_buf_str(&e.text));
            command_put(c, CH_STR("\n"));
        }
        if (e.proof.len > 0) {
            command_print(c, "  proof that it is in the log:\n");
            show_lines(c, ch_buf_str(&e.proof));
        } else {
            command_print(c, "  under no checkpoint yet\n");
        }
    }
    entry_done(&e);
}

/* ------------------------------------------------------------------ programs */

static void json_manifest(struct command *c, struct ch_buf *b, const struct image *im, size_t m)
{
    struct page *p = image_page(c->k, im, m);
    struct judged_together together;
    struct ch_decision d;
    bool first = true;
    json_field(b, "manifest", ch_str_of(im->manifests[m].page));
    json_bool(b, "index", im->manifests[m].index);
    json_open(b, "files", '[');
    if (p != NULL) {
        judge_together(p, &together);
    }
    for (size_t i = 0; p != NULL && i < p->facts.file_count; i++) {
        if (image_has_file(p, i)) {
            ch_buf_puts(b, first ? CH_STR("{") : CH_STR(",{"));
            judge(c->k, p, i, &d);
            command_json_file(c, p, i, &d, b);
            json_log(c, b, p, i);
            ch_buf_putc(b, '}');
            first = false;
        }
    }
    if (p != NULL) {
        judge_apart(p);
    }
    ch_buf_putc(b, ']');
}

static void json_discarded(struct ch_buf *b, const struct gated *g)
{
    bool first = true;
    json_open(b, "discarded", '[');
    for (size_t m = 0; m < g->image.manifest_count; m++) {
        if (g->discarded[m]) {
            ch_buf_puts(b, first ? CH_STR("\"") : CH_STR(",\""));
            ch_buf_puts(
                b, ch_str_of(g->image.manifests[m].page)); /* NAME@sha256:HEX needs no escaping */
            ch_buf_putc(b, '"');
            first = false;
        }
    }
    ch_buf_putc(b, ']');
    if (g->kept[0] != '\0') {
        json_field(b, "kept", ch_str_of(g->kept));
    }
}

static void json_image(struct command *c, struct ch_buf *b, const struct gated *g)
{
    const struct image *im = &g->image;
    json_field(b, "image", g->word);
    json_bool(b, "passed", g->passed);
    json_field(b, "state", ch_str_of(image_state_name(im->state)));
    json_field(b, "reason", ch_str_of(g->passed ? "" : im->reason));
    if (im->repository != NULL) {
        json_field(b, "repository", ch_str_of(im->repository->name));
        json_field(b, "environment", ch_str_of(im->repository->environment));
        json_field(b, "platform", ch_str_of(im->platform));
    }
    if (im->page[0] != '\0') {
        json_field(b, "digest", image_digest(im));
        json_field(b, "name", ch_str_of(im->page));
    }
    if (command_has(c, "discard")) {
        json_discarded(b, g);
    }
    json_open(b, "manifests", '[');
    for (size_t m = 0; m < im->manifest_count; m++) {
        ch_buf_puts(b, m > 0 ? CH_STR(",{") : CH_STR("{"));
        json_manifest(c, b, im, m);
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

/* One line: what is behind it is for people. */
static void show_json(struct command *c, const struct gated *list, size_t count, bool passed)
{
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 64u << 20);
    ch_buf_putc(&b, '{');
    json_bool(&b, "passed", passed);
    json_open(&b, "images", '[');
    for (size_t i = 0; i < count; i++) {
        ch_buf_puts(&b, i > 0 ? CH_STR(",{") : CH_STR("{"));
        json_image(c, &b, &list[i]);
        ch_buf_putc(&b, '}');
    }
    ch_buf_puts(&b, CH_STR("]}\n"));
    if (ch_buf_ok(&b, &err) ==
        CH_OK) { /* else whoever reads it finds nothing, and passes nothing */
        command_put(c, ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ people */

static void show_manifest(struct command *c, const struct image *im, size_t m)
{
    struct page *p = image_page(c->k, im, m);
    struct judged_together together;
    struct ch_decision d;
    command_print(c, "%s %s\n", im->manifests[m].index ? "index" : "image", im->manifests[m].page);
    if (p == NULL) {
        return;
    }
    judge_together(p, &together);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (image_has_file(p, i)) {
            judge(c->k, p, i, &d);
            command_show_file(c, p, i, &d);
            show_log(c, p, i);
        }
    }
    judge_apart(p);
}

static void show_image(struct command *c, const struct gated *g)
{
    const struct image *im = &g->image;
    command_put_escaped(c, g->word);
    if (im->repository != NULL) {
        command_print(c, " in %s (%s)", im->repository->name, im->repository->environment);
    }
    if (g->passed) {
        command_print(c, ": passed, for %s, as %s\n", im->platform, im->page);
        return;
    }
    command_print(c, ": NOT PASSED, %s: %s\n", image_state_name(im->state), im->reason);
    if (im->page[0] != '\0') {
        command_print(c, "looked at for %s, as %s\n", im->platform, im->page);
    }
    for (size_t m = 0; m < im->manifest_count; m++) {
        show_manifest(c, im, m);
    }
    for (size_t m = 0; m < im->manifest_count; m++) {
        if (g->discarded[m]) {
            command_print(c, "discarded: %s is gone from %s, with all tags of it\n",
                          im->manifests[m].page, im->repository->name);
        }
    }
    if (g->kept[0] != '\0') {
        command_print(c, "not discarded: %s\n", g->kept);
    }
}

void gate_show(struct command *c, const struct gated *list, size_t count)
{
    bool report = command_has(c, "report");
    size_t passed = 0;
    for (size_t i = 0; i < count; i++) {
        passed += list[i].passed;
    }
    if (report || c->args.json) {
        show_json(c, list, count, passed == count);
    }
    if (c->args.json) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        show_image(c, &list[i]);
    }
    command_print(c, "%zu image%s: %zu passed\n", count, count == 1 ? "" : "s", passed);
}
