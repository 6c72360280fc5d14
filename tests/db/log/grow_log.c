/* Grows a log step by step, and after each writes what a server would publish, as C2SP tlog-tiles
 * lays it out, each checkpoint cosigned by a witness. Prints the verifier key, the witness's, then
 * the folder of each step. usage: grow_log FOLDER [--entry N] [--key BYTE]   N: an entry that is
 * another one */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "db/log/append.h"
#include "db/log/bundle.h"
#include "db/log/cosign.h"

static const uint64_t steps[] = {1, 2, 3, 4, 7, 8, 255, 256, 257, 300, 512, 700, 1000};

static struct ch_err err;
static const char *folder;
static uint64_t other_entry = UINT64_MAX;

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, err.msg);
        exit(1);
    }
}

static void entry_of(uint64_t index, char ret[64])
{
    snprintf(ret, 64, "{\"n\":%llu%s}", (unsigned long long)index,
             index == other_entry ? ",\"other\":true" : "");
}

/* Writes a file below the step's folder, making the folders on its way. */
static void write_file(uint64_t step, const char *name, struct ch_str bytes)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/step-%llu/%s", folder, (unsigned long long)step, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        need(mkdir(path, 0700) == 0 || errno == EEXIST, path);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    need(f != NULL && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len && fclose(f) == 0, path);
}

static void write_tiles(const struct ch_log_files *files, uint64_t size, unsigned level)
{
    unsigned height = level == CH_TILE_ENTRIES ? 0 : level * CH_TILE_HEIGHT;
    uint64_t hashes = size >> height;
    for (uint64_t n = 0; n * CH_TILE_HASHES < hashes; n++) {
        uint64_t left = hashes - n * CH_TILE_HASHES;
        struct ch_tile tile = {level, n, left < CH_TILE_HASHES ? (unsigned)left : CH_TILE_HASHES};
        struct ch_buf path, bytes;
        ch_buf_init(&path, 128);
        ch_buf_init(&bytes, 32u << 20);
        ch_buf_puts(&path, CH_STR("tile/"));
        ch_tile_path_put(&path, &tile);
        ch_buf_putc(&path, '\0');
        need(ch_log_read_tile(files, &tile, &bytes, &err) == CH_OK, path.ptr);
        write_file(size, path.ptr, ch_buf_str(&bytes));
        ch_buf_done(&path);
        ch_buf_done(&bytes);
    }
}

static void write_proof(const struct ch_log_files *files, uint64_t index, uint64_t size,
                        struct ch_str note)
{
    char name[64];
    struct ch_log_reader reader = {&files->public, ch_hash_new()};
    struct ch_nodes nodes = ch_log_nodes(&reader);
    struct ch_tree_proof proof;
    struct ch_buf text;
    ch_buf_init(&text, CH_NOTE_MAX + 8192);
    need(ch_tree_prove_leaf(&nodes, reader.hash, index, size, &proof, &err) == CH_OK, "proof");
    ch_tlog_proof_put(&text, index, &proof, note);
    snprintf(name, sizeof(name), "proof/%llu.tlog-proof", (unsigned long long)index);
    write_file(size, name, ch_buf_str(&text));
    ch_buf_done(&text);
    ch_hash_free(reader.hash);
}

/* What a witness has cosigned is the checkpoint of the step before, once there is one. */
static void write_cosigned(const struct ch_note_signer *witness, struct ch_str note, uint64_t size)
{
    static struct ch_buf before;
    struct ch_buf line;
    struct ch_str text;
    if (before.max == 0) {
        ch_buf_init(&before, CH_NOTE_MAX);
    }
    if (before.len == 0) {
        ch_buf_puts(&before, note);
    }
    ch_buf_init(&line, 4096);
    need(ch_note_text(ch_buf_str(&before), &text, &err) == CH_OK, "text");
    need(ch_cosign(text, witness, 1700000000 + size, &line, &err) == CH_OK, "cosign");
    ch_buf_puts(&before, ch_buf_str(&line));
    write_file(size, "cosigned", ch_buf_str(&before));
    ch_buf_clear(&before);
    ch_buf_puts(&before, note);
    ch_buf_done(&line);
}

static void publish(const char *log_folder, const struct ch_note_signer *witness, uint64_t size)
{
    struct ch_log_files files;
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    need(ch_log_files_open(log_folder, false, &files, &err) == CH_OK, "open");
    need(ch_log_read_note(files.public_fd, &note, &err) == CH_OK, "checkpoint");
    write_file(size, "checkpoint", ch_buf_str(&note));
    write_cosigned(witness, ch_buf_str(&note), size);
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        write_tiles(&files, size, level);
    }
    write_tiles(&files, size, CH_TILE_ENTRIES);
    for (uint64_t i = 0; i < size; i += size < 20 || i + 10 > size ? 1 : 7) {
        write_proof(&files, i, size, ch_buf_str(&note));
    }
    printf("step-%llu\n", (unsigned long long)size);
    ch_log_files_close(&files);
    ch_buf_done(&note);
}

static void grow(const char *log_folder, const struct ch_note_signer *signer, uint64_t to)
{
    struct ch_log *log = NULL;
    struct ch_buf bundle;
    ch_buf_init(&bundle, 1u << 20);
    need(ch_log_open(log_folder, signer, &log, &err) == CH_OK, "open");
    for (uint64_t i = ch_log_size(log); i < to; i++) {
        char text[64];
        entry_of(i, text);
        ch_bundle_put(&bundle, ch_str_of(text));
    }
    if (bundle.len > 0) {
        need(ch_log_append(log, ch_buf_str(&bundle), &err) == CH_OK, "append");
    }
    ch_log_close(log);
    ch_buf_done(&bundle);
}

int main(int argc, char **argv)
{
    uint8_t seed[CH_NOTE_SEED_BYTES];
    uint64_t key = 1;
    char log_folder[512], genesis[64];
    struct ch_note_pair *pair = NULL, *witness = NULL;
    struct ch_buf vkey;
    for (int i = 2; i + 1 < argc; i += 2) {
        need(
            ch_str_u64(ch_str_of(argv[i + 1]), strcmp(argv[i], "--key") == 0 ? &key : &other_entry),
            argv[i]);
    }
    need(argc >= 2, "usage: grow_log FOLDER [--entry N] [--key BYTE]");
    folder = argv[1];
    ch_limits.log_journal_bytes = 1u << 20;
    memset(seed, (int)key, sizeof(seed));
    need(ch_note_pair_new(seed, "gw.example/audit", &pair, &err) == CH_OK, "key");
    const struct ch_note_signer *signer = ch_note_pair_signer(pair);
    ch_buf_init(&vkey, 512);
    ch_note_key_put(&vkey, &signer->key);
    ch_buf_putc(&vkey, '\n');
    memset(seed, (int)key + 100, sizeof(seed));
    need(ch_note_pair_new(seed, "witness.example/w1", &witness, &err) == CH_OK, "witness");
    ch_cosigner_put(&vkey, &ch_note_pair_signer(witness)->key);
    printf("%.*s\n", CH_STR_ARG(ch_buf_str(&vkey)));
    snprintf(log_folder, sizeof(log_folder), "%s/audit", folder);
    need(mkdir(log_folder, 0700) == 0, log_folder);
    entry_of(0, genesis);
    need(ch_log_create(log_folder, signer, ch_str_of(genesis), &err) == CH_OK, "create");
    for (size_t i = 0; i < CH_ARRAY_LEN(steps); i++) {
        grow(log_folder, signer, steps[i]);
        publish(log_folder, ch_note_pair_signer(witness), steps[i]);
    }
    ch_buf_done(&vkey);
    ch_note_pair_free(pair);
    ch_note_pair_free(witness);
    return 0;
}
