/* Makes an installation's state in FOLDER with a log of COUNT entries about as many decisions, for
 * `audit verify` to be timed on: database and log are written as the keeper does. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "customhouse/store.h"
#include "db/log/append.h"
#include "db/log/bundle.h"
#include "db/log/entry.h"
#include "db/log/tree.h"

enum { GROUP = 10000, PROJECTS = 20000 };

#define BEGIN_US 1700000000000000ll

static struct ch_err err;
static struct ch_store *store;
static struct ch_log *log_;
static struct ch_hash *hash;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static void make(const char *folder, const char *name, char ret[1024])
{
    snprintf(ret, 1024, "%s%s", folder, name);
    if (mkdir(ret, 0700) != 0) {
        perror(ret);
        exit(1);
    }
}

static void begin(const char *folder, const struct ch_note_signer *signer)
{
    char path[1024];
    struct ch_buf vkey, text;
    struct ch_log_entry e;
    ch_buf_init(&vkey, 1024);
    ch_buf_init(&text, 4096);
    make(folder, "/db", path);
    need(ch_store_open(path, &store, &err));
    make(folder, "/audit", path);
    ch_note_key_put(&vkey, &signer->key);
    ch_log_entry_begin(&e, &text);
    ch_log_entry_int(&e, "at_us", BEGIN_US);
    ch_log_entry_str(&e, "kind", CH_STR("genesis"));
    ch_log_entry_str(&e, "origin", ch_str_of(signer->key.name));
    ch_log_entry_int(&e, "v", CH_ENTRY_VERSION);
    ch_log_entry_str(&e, "vkey", ch_buf_str(&vkey));
    ch_log_entry_end(&e);
    struct ch_log_row row = {.kind = CH_STR("genesis"),
                             .at_us = BEGIN_US,
                             .leaf = ch_tree_leaf(hash, ch_buf_str(&text))};
    need(ch_store_add_log(store, &row, ch_buf_str(&text), NULL, 0, &err));
    need(ch_log_create(path, signer, ch_buf_str(&text), &err));
    need(ch_log_open(path, signer, &log_, &err));
    ch_buf_done(&vkey);
    ch_buf_done(&text);
}

static void put_decision(struct ch_log_entry *e, const struct ch_decision_row *d, uint64_t id,
                         struct ch_log_clear *clear)
{
    struct ch_sha256 hmac = ch_log_entry_commit(clear->salt, clear->text);
    ch_log_entry_int(e, "at_us", d->at_us);
    ch_log_entry_bool(e, "audited", d->audited);
    ch_log_entry_str(e, "environment", CH_STR("prod"));
    ch_log_entry_str(e, "file", d->file_name);
    ch_log_entry_int(e, "id", (int64_t)id);
    ch_log_entry_str(e, "kind", CH_STR("decision"));
    ch_log_entry_sha(e, "policy", &d->policy);
    ch_log_entry_str(e, "project", d->project);
    ch_log_entry_commitment(e, "reason", &hmac);
    ch_log_entry_str(e, "repository", d->repository);
    ch_log_entry_str(e, "rule", d->rule);
    ch_log_entry_sha(e, "sha256", &d->sha256);
    ch_log_entry_str(e, "upstream", d->upstream);
    ch_log_entry_int(e, "v", CH_ENTRY_VERSION);
    ch_log_entry_str(e, "verdict", CH_STR("allow"));
    ch_log_entry_end(e);
}

static void add(uint64_t id, struct ch_buf *bundle)
{
    char project[64], file[128];
    struct ch_buf text;
    struct ch_log_entry e;
    struct ch_log_clear clear = {.field = CH_STR("reason"),
                                 .text = CH_STR("inspected, and nothing holds it")};
    snprintf(project, sizeof(project), "project-%llu", (unsigned long long)(id % PROJECTS));
    snprintf(file, sizeof(file), "%s-%llu.0-py3-none-any.whl", project,
             (unsigned long long)(id / PROJECTS));
    for (size_t i = 0; i < sizeof(clear.salt); i++) {
        clear.salt[i] = (uint8_t)(id >> (8 * (i % 8)));
    }
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("up"),
                                .project = ch_str_of(project),
                                .file_name = ch_str_of(file),
                                .sha256 = ch_sha256_of(file, sizeof(file)),
                                .verdict = CH_VERDICT_ALLOW,
                                .rule = CH_STR("mode quarantine"),
                                .reason = clear.text,
                                .policy = ch_sha256_of("policy", 6),
                                .at_us = BEGIN_US + (int64_t)id};
    ch_buf_init(&text, CH_ENTRY_MAX);
    ch_log_entry_begin(&e, &text);
    put_decision(&e, &d, id, &clear);
    struct ch_log_row row = {.index = id, /* after the first one, so as the decisions' */
                             .kind = CH_STR("decision"),
                             .source = id,
                             .repository = d.repository,
                             .project = d.project,
                             .file_name = d.file_name,
                             .leaf = ch_tree_leaf(hash, ch_buf_str(&text)),
                             .at_us = d.at_us};
    if (id <= PROJECTS) {
        need(ch_store_pin_owner(store, d.repository, d.project, d.upstream, d.at_us, NULL, &err));
    }
    need(ch_store_add_decision(store, &d, &err));
    need(ch_store_add_log(store, &row, ch_buf_str(&text), &clear, 1, &err));
    ch_bundle_put(bundle, ch_buf_str(&text));
    ch_buf_done(&text);
}

int main(int argc, char **argv)
{
    const uint8_t seed[CH_NOTE_SEED_BYTES] = {1};
    struct ch_note_pair *pair = NULL;
    struct ch_buf bundle;
    uint64_t count = 0;
    if (argc != 3 || !ch_str_u64(ch_str_of(argv[2]), &count)) {
        fprintf(stderr, "usage: bench_audit FOLDER COUNT\n");
        return 2;
    }
    hash = ch_hash_new();
    ch_buf_init(&bundle, 64u << 20);
    need(ch_note_pair_new(seed, "bench.example/audit", &pair, &err));
    begin(argv[1], ch_note_pair_signer(pair));
    for (uint64_t id = 1; id < count;) {
        ch_buf_clear(&bundle);
        need(ch_store_begin(store, &err));
        for (size_t i = 0; i < GROUP && id < count; i++) {
            add(id++, &bundle);
        }
        need(ch_store_commit(store, &err));
        need(ch_log_append(log_, ch_buf_str(&bundle), &err));
        need(ch_store_log_is_written(store, id, &err));
    }
    ch_log_close(log_);
    ch_store_close(store);
    ch_note_pair_free(pair);
    ch_hash_free(hash);
    ch_buf_done(&bundle);
    return 0;
}
