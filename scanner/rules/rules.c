#include "rules_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "gate.h"

struct rule_sets *rules_loaded;
static struct rule_sets *prepared; /* not in force */
static bool prepared_same;         /* those loaded are what was to be prepared */
/* Of what the supervisor gave, names included; zero: it gave none. */
static struct ch_sha256 loaded_from, prepared_from;

bool rules_is_binary(struct ch_str shipped_name)
{
    return ch_str_starts(shipped_name, CH_STR("binary"));
}

static void free_sets(struct rule_sets *sets)
{
    if (sets != NULL) {
        for (size_t i = 0; i < SET_COUNT; i++) {
            rule_set_done(&sets->set[i]);
        }
        gate_free(sets->gate);
        free(sets);
    }
}

void ch_rules_abort(void)
{
    free_sets(prepared);
    prepared = NULL;
    prepared_same = false;
    prepared_from = (struct ch_sha256){{0}};
}

void ch_rules_commit(void)
{
    CH_ASSERT(prepared != NULL || prepared_same);
    if (prepared != NULL) {
        free_sets(rules_loaded);
        rules_loaded = prepared;
        loaded_from = prepared_from;
        prepared = NULL;
    }
    ch_rules_abort();
}

void ch_rules_unload(void)
{
    ch_rules_abort();
    free_sets(rules_loaded);
    rules_loaded = NULL;
    loaded_from = (struct ch_sha256){{0}};
}

struct ch_sha256 ch_rules_digest(void)
{
    return rules_loaded == NULL ? (struct ch_sha256){{0}} : rules_loaded->digest;
}

size_t ch_rules_count(void)
{
    return rules_loaded == NULL ? 0 : rules_loaded->count;
}

/* --- digest --- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct ch_sha256));
}

/* What the rules say counts, not what their files are called or in which order they were read. */
static void add_texts(struct ch_hash *h, const struct ch_rule_text *texts, size_t count)
{
    struct ch_sha256 *each = ch_calloc(count + 1, sizeof(*each));
    for (size_t i = 0; i < count; i++) {
        each[i] = ch_sha256_of(texts[i].text.ptr, texts[i].text.len);
    }
    qsort(each, count, sizeof(*each), by_bytes);
    ch_hash_add(h, each, (count + 1) * sizeof(*each)); /* the zero one ends the list */
    free(each);
}

static struct ch_sha256 digest_of(const struct ch_rule_text *site, size_t count)
{
    static const char engine[] = "customhouse rules 1, libyara " YR_VERSION;
    struct ch_hash *h = ch_hash_new();
    ch_hash_add(h, engine, sizeof(engine));
    add_texts(h, ch_rules_shipped, ch_rules_shipped_count);
    add_texts(h, site, count);
    struct ch_sha256 digest = ch_hash_end(h);
    ch_hash_free(h);
    return digest;
}

/* --- loading --- */

static enum ch_code start_engine(struct ch_err *err)
{
    static bool started;
    enum ch_code rc = ch_literals_usable(err);
    if (rc != CH_OK) {
        return rc;
    }
    if (!started && yr_initialize() != ERROR_SUCCESS) {
        return ch_fail(err, CH_E_SYSTEM, "rules: libyara does not start");
    }
    started = true;
    if (yr_set_configuration_uint32(YR_CONFIG_MAX_STRINGS_PER_RULE,
                                    (uint32_t)ch_limits.rules_strings) != ERROR_SUCCESS ||
        yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA,
                                    (uint32_t)ch_limits.rules_match_bytes) != ERROR_SUCCESS) {
        return ch_fail(err, CH_E_SYSTEM, "rules: libyara does not take its limits");
    }
    return CH_OK;
}

static enum ch_code check_limits(const struct ch_rule_text *site, size_t count, struct ch_err *err)
{
    uint64_t bytes = 0;
    if (count > ch_limits.rules_files) {
        return ch_fail(err, CH_E_LIMIT, "rules: %zu files, at most %llu are taken", count,
                       (unsigned long long)ch_limits.rules_files);
    }
    for (size_t i = 0; i < count; i++) {
        bytes += site[i].text.len;
    }
    if (bytes > ch_limits.rules_bytes) {
        return ch_fail(err, CH_E_LIMIT, "rules: %llu bytes, at most %llu are taken",
                       (unsigned long long)bytes, (unsigned long long)ch_limits.rules_bytes);
    }
    return CH_OK;
}

static enum ch_code compile_shipped(struct rule_sets *sets, struct ch_err *err)
{
    struct ch_rule_text *part = ch_calloc(ch_rules_shipped_count + 1, sizeof(*part));
    enum ch_code rc = CH_OK;
    for (size_t kind = SET_TEXT; rc == CH_OK && kind <= SET_BINARY; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < ch_rules_shipped_count; i++) {
            if (rules_is_binary(ch_rules_shipped[i].name) == (kind == SET_BINARY)) {
                part[n++] = ch_rules_shipped[i];
            }
        }
        rc = rules_compile(part, n, true, &sets->set[kind], err);
    }
    free(part);
    return rc;
}

static enum ch_code prepare(const struct ch_rule_text *site, size_t count, struct ch_err *err)
{
    enum ch_code rc = check_limits(site, count, err);
    rc = rc == CH_OK ? start_engine(err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    struct rule_sets *sets = ch_calloc(1, sizeof(*sets));
    rc = compile_shipped(sets, err);
    rc = rc == CH_OK ? rules_compile(site, count, false, &sets->set[SET_SITE], err) : rc;
    for (size_t kind = SET_TEXT; rc == CH_OK && kind <= SET_BINARY; kind++) {
        rc = rules_check_names(&sets->set[kind], &sets->set[SET_SITE], site, count, err);
    }
    if (rc != CH_OK) {
        free_sets(sets);
        return rc;
    }
    for (size_t i = 0; i < SET_COUNT; i++) {
        sets->count += sets->set[i].count;
    }
    sets->gate = gate_new(sets, ch_rules_shipped, ch_rules_shipped_count);
    sets->digest = digest_of(site, count);
    (void)globs_is_code(CH_STR("")); /* its table is made here, not in each job */
    ch_rules_abort();
    prepared = sets;
    return CH_OK;
}

enum ch_code ch_rules_load(const struct ch_rule_text *site, size_t count, struct ch_err *err)
{
    enum ch_code rc = prepare(site, count, err);
    if (rc == CH_OK) {
        ch_rules_commit();
    }
    return rc;
}

/* --- the supervisor's memfd --- */

static enum ch_code prepare_bytes(struct ch_str bytes, struct ch_err *err)
{
    struct ch_rule_text *texts = ch_calloc(ch_limits.rules_files + 1, sizeof(*texts));
    struct ch_rd r = ch_rd_of(bytes.ptr, bytes.len);
    size_t n = 0;
    enum ch_code rc = CH_OK;
    while (!r.failed && ch_rd_left(&r) > 0 && n <= ch_limits.rules_files) {
        texts[n++] = ch_rule_text_get(&r);
    }
    if (n <= ch_limits.rules_files) { /* else prepare says so */
        rc = ch_rd_end(&r, "rules from the supervisor", err);
    }
    rc = rc == CH_OK ? prepare(texts, n, err) : rc;
    free(texts);
    return rc;
}

/* Most reloads are for something else: a policy does not wait for rules to be compiled again. */
static enum ch_code prepare_other(struct ch_str bytes, struct ch_err *err)
{
    struct ch_sha256 from = ch_sha256_of(bytes.ptr, bytes.len);
    ch_rules_abort();
    prepared_same = rules_loaded != NULL && ch_sha256_eq(&from, &loaded_from);
    enum ch_code rc = prepared_same ? CH_OK : prepare_bytes(bytes, err);
    prepared_from = rc == CH_OK ? from : prepared_from;
    return rc;
}

enum ch_code ch_rules_prepare_fd(int fd, struct ch_err *err)
{
    struct stat st = {.st_size = 0};
    if (fd >= 0 && fstat(fd, &st) != 0) {
        return ch_fail_errno(err, errno, "rules from the supervisor");
    }
    if (st.st_size <= 0) {
        return prepare_other(CH_STR(""), err);
    }
    size_t size = (size_t)st.st_size;
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return ch_fail_errno(err, errno, "rules from the supervisor");
    }
    enum ch_code rc = prepare_other((struct ch_str){map, size}, err);
    munmap(map, size);
    return rc;
}

enum ch_code ch_rules_load_fd(int fd, struct ch_err *err)
{
    enum ch_code rc = ch_rules_prepare_fd(fd, err);
    if (rc == CH_OK) {
        ch_rules_commit();
    }
    return rc;
}
