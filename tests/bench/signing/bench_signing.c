/* bench_signing FOLDER TIMES: a line per approval, in microseconds: statement, both signatures,
 * decision, evidence and attestation in one durable group, and the three documents made of what was
 * stored. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/store.h"
#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/key_files.h"
#include "db/signing/statement.h"

static struct ch_err err;

static void need(enum ch_code rc)
{
    if (rc != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        exit(1);
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct ch_signer *open_signer(const char *folder, struct ch_store *store)
{
    static const struct ch_purpose purpose = {"approve-prod-file", CH_KEY_ECDSA_P256};
    char path[512];
    struct ch_sha256 id;
    struct ch_signer *signer = NULL;
    struct ch_buf pem;
    int fd = -1;
    snprintf(path, sizeof(path), "%s/keys", folder);
    mkdir(path, 0700);
    need(ch_keys_open_folder(path, &fd, &err));
    need(ch_key_file_make(fd, &purpose, &id, &err));
    need(ch_key_file_open(fd, &purpose, &id, &signer, &err));
    close(fd);
    ch_buf_init(&pem, CH_PUBLIC_PEM_BYTES);
    ch_public_key_put_pem(ch_signer_public(signer), &pem);
    struct ch_key_row row = {.id = id,
                             .purpose = ch_str_of(purpose.name),
                             .kind = (uint32_t)purpose.kind,
                             .public_pem = ch_buf_str(&pem),
                             .at_us = 1};
    need(ch_store_add_key(store, &row, &err));
    ch_buf_done(&pem);
    return signer;
}

static void publish(void *ctx, const struct ch_attestation_row *row)
{
    struct ch_buf envelope, *out = ctx;
    ch_buf_init(&envelope, 256u << 10);
    ch_dsse_put_envelope(&envelope, CH_STR(CH_DSSE_IN_TOTO), row->statement, row->statement_sig);
    ch_bundle_put_dsse(out, CH_STR("approve-prod-file"), ch_buf_str(&envelope));
    ch_bundle_put_message(out, CH_STR("approve-prod-file"), &row->sha256, row->file_sig);
    ch_buf_done(&envelope);
}

static void approve(struct ch_store *store, struct ch_signer *signer, int i)
{
    static const struct ch_str levels[] = {{"GW_SCANNED", 10}, {"GW_ENV_PROD", 11}};
    char file[96];
    struct ch_buf statement, pae, statement_sig, file_sig, out;
    snprintf(file, sizeof(file), "package-%d-cp311-cp311-manylinux_2_17_x86_64.whl", i);
    struct ch_sha256 sha = ch_sha256_of(file, sizeof(file));
    ch_buf_init(&statement, 64u << 10);
    ch_buf_init(&pae, 64u << 10);
    ch_buf_init(&statement_sig, CH_SIGNATURE_BYTES);
    ch_buf_init(&file_sig, CH_SIGNATURE_BYTES);
    ch_buf_init(&out, 256u << 10);
    struct ch_vsa vsa = {.file_name = ch_str_of(file),
                         .sha256 = sha,
                         .verifier = CH_STR("https://gw.example/-/verifier"),
                         .verified_at_us = 1700000000000000 + i,
                         .resource_uri = CH_STR("pkg:pypi/package@1?environment=prod"),
                         .policy_uri = CH_STR("https://gw.example/-/policy/sha256/00"),
                         .policy = sha,
                         .evidence_uri = CH_STR("https://gw.example/-/evidence/sha256/00"),
                         .evidence = sha,
                         .passed = true,
                         .levels = levels,
                         .level_count = 2};
    ch_vsa_put(&statement, &vsa);
    ch_dsse_put_pae(&pae, CH_STR(CH_DSSE_IN_TOTO), ch_buf_str(&statement));
    need(ch_signer_sign(signer, ch_buf_str(&pae), &statement_sig, &err));
    need(ch_signer_sign_sha256(signer, &sha, &file_sig, &err));
    struct ch_decision_row decision = {.repository = CH_STR("pypi"),
                                       .upstream = CH_STR("main"),
                                       .project = CH_STR("package"),
                                       .file_name = ch_str_of(file),
                                       .sha256 = sha,
                                       .verdict = CH_VERDICT_ALLOW,
                                       .rule = CH_STR("mode quarantine"),
                                       .reason = CH_STR("inspected, and nothing holds it"),
                                       .policy = sha,
                                       .at_us = vsa.verified_at_us};
    struct ch_attestation_row row = {.repository = decision.repository,
                                     .upstream = decision.upstream,
                                     .project = decision.project,
                                     .file_name = decision.file_name,
                                     .sha256 = sha,
                                     .environment = CH_STR("prod"),
                                     .passed = true,
                                     .key = ch_public_key_id(ch_signer_public(signer)),
                                     .statement = ch_buf_str(&statement),
                                     .statement_sig = ch_buf_str(&statement_sig),
                                     .file_sig = ch_buf_str(&file_sig),
                                     .at_us = decision.at_us};
    need(ch_store_begin(store, &err));
    need(ch_store_put_evidence(store, &sha, ch_buf_str(&statement), &err)); /* about as long */
    need(ch_store_add_attestation(store, &row, &row.id, &err));
    need(ch_store_add_decision(store, &decision, &err));
    need(ch_store_commit(store, &err));
    need(ch_store_get_approval(store, &row, publish, &out, &err));
    need(ch_buf_ok(&out, &err));
    struct ch_buf *const all[] = {&statement, &pae, &statement_sig, &file_sig, &out};
    for (size_t n = 0; n < CH_ARRAY_LEN(all); n++) {
        ch_buf_done(all[n]);
    }
}

int main(int argc, char **argv)
{
    struct ch_store *store = NULL;
    char path[512];
    if (argc != 3) {
        fprintf(stderr, "usage: bench_signing FOLDER TIMES\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/db", argv[1]);
    mkdir(path, 0700);
    need(ch_store_open(path, &store, &err));
    struct ch_signer *signer = open_signer(argv[1], store);
    for (int i = 0; i < atoi(argv[2]); i++) {
        double from = now_us();
        approve(store, signer, i);
        printf("%.0f\n", now_us() - from);
    }
    ch_signer_free(signer);
    ch_store_close(store);
    return 0;
}
