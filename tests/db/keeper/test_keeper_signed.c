/* What is signed of images: each for the whole of it, by a key of its own, while it is ALLOW; an
 * index while all that it lists is (T19, T23). */
#include "images_house.h"
#include "log_seen.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "db/keeper/pushes/aliases.h"
#include "db/keeper/signing/images.h"
#include "db/signing/public_key.h"

static struct ch_err err;

/* ------------------------------------------------------------------ reading what is served */

/* The text between two others, the first time. */
static struct ch_str between(struct ch_str text, const char *before, const char *after)
{
    size_t at, end;
    struct ch_str begin = ch_str_of(before);
    assert_true(ch_str_find(text, begin, &at));
    struct ch_str rest = ch_str_sub(text, at + begin.len, text.len);
    assert_true(ch_str_find(rest, ch_str_of(after), &end));
    return ch_str_sub(rest, 0, end);
}

static struct ch_public_key *key_of(struct house *h, const char *name)
{
    struct ch_public_key *key = NULL;
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_KEY, .name = ch_str_of(name)};
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 200);
    assert_ch_ok(&err, ch_public_key_parse(ch_buf_str(&h->document_bytes), &key, &err));
    return key;
}

static void copy_digest(char ret[80], struct ch_str digest)
{
    snprintf(ret, 80, "%.*s", CH_STR_ARG(digest));
}

/* cosign's signature of it, by whose key. */
static enum ch_code cosign_verify(struct house *h, const struct images_image *m,
                                  const struct ch_public_key *key)
{
    char layer[80], config[80];
    struct ch_buf sig;
    ch_buf_init(&sig, 100);
    images_ask_part(h, m, CH_PART_SIGNATURE);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.media_type, "application/vnd.oci.image.manifest.v1+json");
    struct ch_sha256 digest = ch_sha256_of(h->file.body.ptr, h->file.body.len);
    assert_true(ch_sha256_eq(&digest, &h->file.sha256));
    struct ch_str layers = between(h->file.body, "\"layers\":[", "]}");
    copy_digest(config, between(h->file.body, "\"digest\":\"", "\""));
    copy_digest(layer, between(layers, "\"digest\":\"", "\""));
    assert_true(ch_base64_strict(between(layers, "cosign/signature\":\"", "\""), &sig));
    images_ask_blob(h, config);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(ch_str_find(h->file.body, ch_str_of(layer), NULL)); /* diff_ids */
    images_ask_blob(h, layer);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(between(h->file.body, "\"docker-manifest-digest\":\"", "\""), m->digest);
    struct ch_str reference = between(h->file.body, "\"docker-reference\":\"", "\"");
    char expected[100];
    snprintf(expected, sizeof(expected), "local/%s/" IMAGES_NAME, h->asked);
    assert_str_eq(reference, expected);
    enum ch_code rc = ch_public_key_verify(key, h->file.body, ch_buf_str(&sig), &err);
    ch_buf_done(&sig);
    return rc;
}

static const enum ch_part parts[] = {CH_PART_SIGNATURE, CH_PART_ATTESTATION, CH_PART_REFERRERS};

static void is_signed(struct house *h, const struct images_image *m)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        images_ask_part(h, m, parts[i]);
        if (h->file.outcome != CH_FILE_ALLOW) {
            fail_msg("%d: %.*s", h->file.outcome, CH_STR_ARG(h->file.text));
        }
        assert_true(h->file.body.len > 0);
    }
}

static void is_not_signed(struct house *h, const struct images_image *m, const char *why)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        images_ask_part(h, m, parts[i]);
        assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
        assert_null(h->file.body.ptr);
        if (!ch_str_find(h->file.text, ch_str_of(why), NULL)) {
            fail_msg("%.*s", CH_STR_ARG(h->file.text));
        }
    }
}

static void run(struct house *h, const char *line)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    if (house_run(h, line, &out) != 0) {
        fail_msg("%s: %.*s", line, CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
}

static void deny(struct house *h, const char *digest)
{
    char line[200];
    snprintf(line, sizeof(line), "deny %s --reason=stolen", digest);
    run(h, line);
}

#define IMAGE(text)                                                                                \
    {                                                                                              \
        .manifest = (text), .config = text "'s config", .layer = text "'s layer"                   \
    }

/* ------------------------------------------------------------------ one image */

static void an_approved_image_is_signed(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = IMAGE("a manifest");
    char digest[80];
    images_set(h, &m, "1.0");
    struct ch_public_key *key = key_of(h, "approve-prod-image");
    struct ch_public_key *others[] = {key_of(h, "approve-preprod-image"),
                                      key_of(h, "approve-prod-file"), key_of(h, "evidence")};
    is_not_signed(h, &m, "not inspected"); /* and nobody's asking makes it so */
    assert_int_equal(h->scans[0], 1);      /* of its page alone */
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    is_signed(h, &m);
    assert_ch_ok(&err, cosign_verify(h, &m, key));
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        assert_ch_code(CH_E_MISMATCH, cosign_verify(h, &m, others[i]));
    }
    images_ask_part(h, &m, CH_PART_SIGNATURE);
    char *first = ch_str_dup(h->file.body);
    house_restart(h); /* what stands is not signed again */
    images_ask_part(h, &m, CH_PART_SIGNATURE);
    assert_str_eq(h->file.body, first);
    struct ch_sha256 manifest = ch_sha256_of(first, strlen(first));
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&manifest, hex);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    images_ask_manifest(h, digest);
    assert_str_eq(h->file.body, first);
    h->asked = "lab"; /* has nothing of it, whatever digest is known; its own is by its own key */
    images_ask_manifest(h, digest);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask(h, &m);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_ch_ok(&err, cosign_verify(h, &m, others[0]));
    assert_ch_code(CH_E_MISMATCH, cosign_verify(h, &m, key));
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        ch_public_key_free(others[i]);
    }
    free(first);
    ch_public_key_free(key);
    house_free(h);
}

static void referrers_are_ours(void **state)
{
    (void)state;
    static const char *const types[] = {"https://sigstore.dev/cosign/sign/v1",
                                        "https://slsa.dev/verification_summary/v1",
                                        "https://in-toto.io/attestation/test-result/v0.1",
                                        "https://cyclonedx.org/bom", "https://spdx.dev/Document"};
    static const char *const hints[] = {"approve-prod-image-", "approve-prod-image-", "evidence-",
                                        "evidence-", "evidence-"};
    struct house *h = images_house();
    struct images_image m = IMAGE("a manifest");
    char text[8000], digest[5][80], bundle[80];
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_ask_part(h, &m, CH_PART_REFERRERS);
    assert_str_eq(h->file.media_type, "application/vnd.oci.image.index.v1+json");
    snprintf(text, sizeof(text), "%.*s", CH_STR_ARG(h->file.body));
    struct ch_str rest = ch_str_of(text);
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        copy_digest(digest[i], between(rest, "\"digest\":\"", "\""));
        assert_str_eq(between(rest, "predicateType\":\"", "\""), types[i]);
        size_t at;
        assert_true(ch_str_find(rest, CH_STR("predicateType\""), &at));
        rest = ch_str_sub(rest, at + 1, rest.len);
    }
    assert_false(ch_str_find(rest, CH_STR("\"digest\""), NULL)); /* and no more */
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        images_ask_manifest(h, digest[i]);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_str_eq(h->file.media_type, "application/vnd.oci.image.manifest.v1+json");
        assert_str_eq(between(between(h->file.body, "\"subject\":", "}"), "\"digest\":\"", "\""),
                      m.digest);
        copy_digest(bundle,
                    between(between(h->file.body, "\"layers\":[", "]"), "\"digest\":\"", "\""));
        images_ask_blob(h, bundle);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_null(h->file.media_type.ptr);
        struct ch_str hint = between(h->file.body, "\"hint\":\"", "\"");
        assert_true(ch_str_starts(hint, ch_str_of(hints[i])));
    }
    images_ask_blob(h, "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_str_eq(h->file.body, "{}");
    h->any_page = true;
    house_ask_file(h, "team/other",
                   "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    house_ask_file(h, "team/other", bundle); /* T24 */
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    house_free(h);
}

/* What nothing depends on keeps nothing from being signed. */
static void an_image_of_too_many_packages_is_signed_without(void **state)
{
    (void)state;
    uint64_t most = ch_limits.sbom_components;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest",
                             .config = "its config",
                             .layer = "fact:package=deb a 1 - - -;fact:package=deb b 1 - - -;"};
    images_set(h, &m, "1.0");
    ch_limits.sbom_components = 1;
    images_ask_tag(h, "1.0");
    is_signed(h, &m);
    ch_limits.sbom_components = most;
    images_ask_part(h, &m, CH_PART_REFERRERS);
    assert_true(ch_str_find(h->file.body, CH_STR("test-result"), NULL));
    assert_false(ch_str_find(h->file.body, CH_STR("cyclonedx"), NULL));
    images_ask_part(h, &m, CH_PART_ATTESTATION);
    assert_false(ch_str_find(h->file.body, CH_STR("spdx"), NULL));
    house_free(h);
}

/* ------------------------------------------------------------------ no longer */

static uint64_t count_kinds(struct house *h, const char *kind)
{
    struct ch_buf all = log_kinds(h);
    struct ch_str rest = ch_buf_str(&all), one;
    uint64_t count = 0;
    while (ch_str_split(&rest, ' ', &one)) {
        count += ch_str_eq(one, ch_str_of(kind));
    }
    ch_buf_done(&all);
    return count;
}

/* A word on one layer: the signature goes at once, under its tag and by every digest. */
static void a_denial_takes_the_signature_back(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = IMAGE("a manifest");
    char manifest[80], layer[80], hex[CH_SHA256_HEX + 1];
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_ask_part(h, &m, CH_PART_SIGNATURE);
    ch_sha256_hex(&h->file.sha256, hex);
    snprintf(manifest, sizeof(manifest), "sha256:%s", hex);
    copy_digest(layer, between(between(h->file.body, "\"layers\":[", "]}"), "\"digest\":\"", "\""));
    images_ask_blob(h, layer);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    log_until_written(h);
    assert_int_equal(count_kinds(h, "attestation"), 1);
    assert_int_equal(count_kinds(h, "image-signature"), 9);
    assert_int_equal(count_kinds(h, "attestation-end"), 0);
    deny(h, m.layer_digest);
    is_not_signed(h, &m, "part: ");
    for (int round = 0; round < 2; round++) {
        images_ask_manifest(h, manifest);
        assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
        images_ask_blob(h, layer);
        assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
        is_not_signed(h, &m, "part: ");
        log_until_written(h);
        assert_int_equal(count_kinds(h, "attestation-end"), 1);
        house_restart(h);
    }
    house_free(h);
}

/* Whoever's time ends takes it back, too: nothing that is kept answers for it. */
static void a_policy_takes_the_signature_back_and_gives_another(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = IMAGE("a manifest");
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    is_signed(h, &m);
    h->policy = "version: 1\nrules: [{name: none, ecosystem: oci, then: hold}]\n";
    assert_ch_ok(&err, house_reload(h, h->policy, &err));
    is_not_signed(h, &m, "rule none");
    h->policy = "version: 1\n";
    assert_ch_ok(&err, house_reload(h, h->policy, &err));
    is_signed(h, &m);
    log_until_written(h);
    assert_int_equal(count_kinds(h, "attestation"), 2);
    assert_int_equal(count_kinds(h, "attestation-end"), 1);
    house_free(h);
}

static void what_is_held_has_none(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "irregular"};
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    is_not_signed(h, &m, "part: ");
    house_free(h);
}

static void remove_keys(const struct house *h, const char *begin)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/keys", h->folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strncmp(e->d_name, begin, strlen(begin)) == 0) {
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
        }
    }
    closedir(dir);
}

static void without_its_key_no_image_is_had(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = IMAGE("a manifest");
    house_stop(h);
    remove_keys(h, "approve-prod-image-");
    house_start(h, h->policy, h->config);
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_false(house_serves(h, "a manifest"));
    h->second_word = "approve-prod-image";
    run(h, "keys rotate approve-prod-image --reason=lost");
    h->second_word = NULL;
    house_restart(h); /* the failed intake's pause ends with it */
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    is_signed(h, &m);
    house_free(h);
}

/* ------------------------------------------------------------------ somebody else's */

static void signatures_of_an_upstream_are_not_had(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a signature",
                             .config = "its config",
                             .layer = "its payload",
                             .ending = ".signature.json"};
    images_set(h, &m, "evil");
    for (int round = 0; round < 2; round++) {
        if (round == 0) {
            images_ask_tag(h, "evil");
        } else {
            images_ask(h, &m);
        }
        assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
        assert_true(ch_str_find(h->file.text, CH_STR("are not relayed"), NULL));
    }
    assert_false(house_serves(h, "a signature"));
    house_free(h);
}

/* ------------------------------------------------------------------ indexes */

#define CHILDREN 2
struct list {
    struct images_image child[CHILDREN], index;
    char text[400];
};

static void set_list(struct house *h, struct list *l)
{
    *l = (struct list){.child = {IMAGE("one"), IMAGE("two")}};
    images_set(h, &l->child[0], "one");
    images_set(h, &l->child[1], "two");
    snprintf(l->text, sizeof(l->text),
             "an index fact:child=%s linux/amd64; fact:child=%s linux/arm64;", l->child[0].digest,
             l->child[1].digest);
    l->index.manifest = l->text;
    images_set(h, &l->index, "1.0");
}

static void an_index_is_signed_once_all_it_lists_is(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_list(h, &l);
    struct ch_public_key *key = key_of(h, "approve-prod-image");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW); /* served without (T19) */
    is_not_signed(h, &l.index, "nobody has asked for here");
    images_ask(h, &l.child[0]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    is_not_signed(h, &l.index, "nobody has asked for here");
    images_ask(h, &l.child[1]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    is_signed(h, &l.index);
    assert_ch_ok(&err, cosign_verify(h, &l.index, key));
    house_restart(h);
    is_signed(h, &l.index);
    deny(h, l.child[1].layer_digest);
    is_not_signed(h, &l.index, "which is not approved here: part");
    is_signed(h, &l.child[0]);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_public_key_free(key);
    house_free(h);
}

/* Who verifies offline asks the list of what was withdrawn: nobody has to ask for the index again.
 */
static void an_index_is_withdrawn_with_what_it_lists(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_list(h, &l);
    images_ask(h, &l.child[0]);
    images_ask(h, &l.child[1]);
    images_ask_tag(h, "1.0");
    is_signed(h, &l.index);
    house_restart(h); /* the index is not in memory */
    images_ask(h, &l.child[0]);
    deny(h, l.child[0].layer_digest);
    house_settle(h);
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_WITHDRAWALS, .name = CH_STR("prod")};
    house_ask_document(h, &ask);
    log_until_written(h);
    assert_int_equal(count_kinds(h, "attestation-end"), 2); /* of the child, and of the index */
    is_not_signed(h, &l.index, "for linux/amd64 is denied");
    house_free(h);
}

/* T15: an image that its index names by sha512 is the one that it is by sha256. */
static void an_index_may_name_them_by_sha512(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    struct ch_alias alias;
    char hex[2 * CH_ALIAS_MAX_BYTES + 1];
    set_list(h, &l);
    assert_ch_ok(&err, aliases_of(CH_STR("two"), &alias, &err));
    for (size_t i = 0; i < CH_ALIAS_MAX_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", alias.byte[i]);
    }
    snprintf(l.text, sizeof(l.text),
             "an index fact:child=%s linux/amd64; fact:child=sha512:%s linux/arm64;",
             l.child[0].digest, hex);
    images_set(h, &l.index, "1.0");
    images_ask(h, &l.child[0]);
    images_ask(h, &l.child[1]);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    is_not_signed(h, &l.index, "nobody has asked for here"); /* it stands for nothing yet */
    struct ch_sha256 two = ch_sha256_of("two", 3);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, aliases_add(h->k, &alias, &two, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    is_signed(h, &l.index);
    house_restart(h); /* the index is not in memory */
    images_ask(h, &l.child[1]);
    deny(h, l.child[1].layer_digest);
    house_settle(h);
    log_until_written(h);
    assert_int_equal(count_kinds(h, "attestation-end"), 2); /* of the child, and of the index */
    is_not_signed(h, &l.index, "which is not approved here: part");
    house_free(h);
}

/* What an inspection before these facts has of an index does not say what it lists. */
static void an_index_of_which_nothing_is_known_is_not_signed(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image index = {.manifest = "an index"};
    images_set(h, &index, "1.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "platform"); /* nor served (T19) */
    is_not_signed(h, &index, "platform");
    house_free(h);
}

/* ------------------------------------------------------------------ the one answer */

static void whether_it_is_signed_in_an_environment(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    struct image_signed found;
    set_list(h, &l);
    struct ch_sha256 image = ch_sha256_of("one", 3), index = ch_sha256_of(l.text, strlen(l.text));
    const struct ch_str prod = CH_STR("prod"), name = CH_STR(IMAGES_NAME);
    assert_ch_code(CH_E_NOT_FOUND, images_signed_in(h->k, prod, name, &image, &found, &err));
    assert_string_equal(found.why, "it is not known here");
    images_ask(h, &l.child[0]);
    images_ask(h, &l.child[1]);
    assert_ch_ok(&err, images_signed_in(h->k, prod, name, &image, &found, &err));
    assert_string_equal(found.repository, "img");
    assert_string_equal(found.page, l.child[0].page);
    assert_int_equal(found.attestation, 1);
    assert_ch_code(CH_E_NOT_FOUND,
                   images_signed_in(h->k, CH_STR("preprod"), name, &image, &found, &err));
    assert_ch_code(CH_E_NOT_FOUND,
                   images_signed_in(h->k, prod, CH_STR("team/other"), &image, &found, &err));
    images_ask_tag(h, "1.0");
    /* signed as it is asked for, and good once the log has it */
    enum ch_code rc = images_signed_in(h->k, prod, name, &index, &found, &err);
    assert_true(rc == CH_OK || rc == CH_E_BUSY);
    log_until_written(h);
    assert_ch_ok(&err, images_signed_in(h->k, prod, name, &index, &found, &err));
    deny(h, l.child[0].layer_digest);
    assert_ch_code(CH_E_NOT_FOUND, images_signed_in(h->k, prod, name, &image, &found, &err));
    assert_non_null(strstr(found.why, "part: "));
    assert_ch_code(CH_E_NOT_FOUND, images_signed_in(h->k, prod, name, &index, &found, &err));
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_approved_image_is_signed),
        cmocka_unit_test(referrers_are_ours),
        cmocka_unit_test(an_image_of_too_many_packages_is_signed_without),
        cmocka_unit_test(a_denial_takes_the_signature_back),
        cmocka_unit_test(a_policy_takes_the_signature_back_and_gives_another),
        cmocka_unit_test(what_is_held_has_none),
        cmocka_unit_test(without_its_key_no_image_is_had),
        cmocka_unit_test(signatures_of_an_upstream_are_not_had),
        cmocka_unit_test(an_index_is_signed_once_all_it_lists_is),
        cmocka_unit_test(an_index_is_withdrawn_with_what_it_lists),
        cmocka_unit_test(an_index_may_name_them_by_sha512),
        cmocka_unit_test(an_index_of_which_nothing_is_known_is_not_signed),
        cmocka_unit_test(whether_it_is_signed_in_an_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
