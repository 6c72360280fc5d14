#include "commands_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "people.h"
#include "policy_trial.h"

#define OUTPUT_PART (256u << 10)

/* What a command needs (trust.md 6.2), and where. */
enum scope {
    SCOPE_SITE,  /* for the site as a whole */
    SCOPE_WHAT,  /* where command_what says that it is */
    SCOPE_LISTS, /* the same; without a name, and of bytes by their digest, the site */
    SCOPE_OWN,   /* the command itself asks: it may be about one's own */
};

static const struct {
    const char *name;
    enum step (*run)(struct command *c);
    enum action action;
    enum scope scope;
} rows[] = {
    {"explain", command_explain, ACTION_QUEUE_READ, SCOPE_LISTS},
    {"queue", command_queue, ACTION_QUEUE_READ, SCOPE_SITE},
    {"status", command_status, ACTION_METRICS_READ, SCOPE_SITE},
    {"fetched-by", command_fetched_by, ACTION_AUDIT_READ, SCOPE_LISTS},
    {"approve", command_approve, ACTION_EXCEPTION_APPROVE, SCOPE_WHAT},
    {"deny", command_deny, ACTION_DENY, SCOPE_LISTS},
    {"rescan", command_rescan, ACTION_OPERATE, SCOPE_LISTS},
    {"keys", command_keys, ACTION_POLICY_READ, SCOPE_SITE}, /* rotate: key.admin */
    {"own", command_own, ACTION_QUEUE_READ, SCOPE_LISTS},   /* to another: operate */
    {"user", command_user, ACTION_PEOPLE_ADMIN, SCOPE_SITE},
    {"group", command_group, ACTION_PEOPLE_ADMIN, SCOPE_SITE},
    {"token", command_token, ACTION_PEOPLE_ADMIN, SCOPE_OWN},
    {"policy show", command_policy_show, ACTION_POLICY_READ, SCOPE_SITE},
    {"policy history", command_policy_history, ACTION_POLICY_READ, SCOPE_SITE},
    {"policy diff", command_policy_diff, ACTION_POLICY_READ, SCOPE_SITE},
    {"policy test", command_policy_test, ACTION_POLICY_READ, SCOPE_SITE},
    {"policy offer", command_policy_test, ACTION_POLICY_WRITE, SCOPE_SITE},
    {"policy await", command_policy_await, ACTION_POLICY_WRITE, SCOPE_SITE},
};

struct commands {
    struct command *list;
};

/* ------------------------------------------------------------------ life */

static void free_command(struct command *c)
{
    struct keeper *k = c->k;
    for (struct command **at = &k->commands->list; *at != NULL; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    ch_channel_free(c->ch);
    rescan_batch_free(c->batch);
    policy_trial_free(c->trial);
    ch_buf_done(&c->payload);
    ch_buf_done(&c->input);
    ch_buf_done(&c->out);
    free(c);
}

static void flush(struct command *c)
{
    if (c->out.len > 0 && c->ch != NULL) {
        CH_IGNORE(!ch_channel_send(c->ch, CH_MSG_COMMAND_OUTPUT, ch_buf_str(&c->out), NULL, 0));
    }
    ch_buf_clear(&c->out);
}

/* False: the command has ended. */
static bool may_run(struct command *c, enum scope scope)
{
    struct ch_str site = {NULL, 0}, word = command_word(c);
    if (scope == SCOPE_OWN) {
        return true;
    }
    if (scope == SCOPE_SITE || (scope == SCOPE_LISTS && (word.len == 0 || ch_str_starts(word, CH_STR("sha256:"))))) {
        return command_may(c, c->action, site);
    }
    /* where, command_what asks; who may nowhere is told at once, and nothing about anything */
    return people_may_somewhere(c->k->people, &c->who, c->action) || command_may(c, c->action, site);
}

static void run(struct command *c)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(ch_str_of(rows[i].name), c->args.name)) {
            c->action = rows[i].action;
            enum step step =
                command_identify(c) && may_run(c, rows[i].scope) ? rows[i].run(c) : STEP_DONE;
            flush(c);
            c->waiting = step == STEP_WAIT;
            return;
        }
    }
    command_end(c, 2, "no such command");
    flush(c);
}

void commands_go_on(struct command *c)
{
    c->waiting = false;
    if (c->gone) {
        free_command(c);
    } else {
        run(c);
    }
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct command *c = owner;
    struct ch_err err;
    (void)ch;
    if (c->payload.len > 0) {
        return; /* one command per connection */
    }
    if (frame->type == CH_MSG_COMMAND_INPUT) {
        ch_buf_puts(&c->input, frame->payload);
        return;
    }
    if (frame->type != CH_MSG_COMMAND) {
        return;
    }
    ch_buf_puts(&c->payload, frame->payload);
    if (ch_command_get(ch_buf_str(&c->payload), &c->args, &err) != CH_OK) {
        command_end(c, 2, "%s", err.msg);
        return;
    }
    if (ch_buf_ok(&c->input, &err) != CH_OK) {
        command_end(c, 2, "what it is about: %s", err.msg);
        return;
    }
    run(c);
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct command *c = owner;
    (void)why;
    c->ch = NULL;
    ch_channel_free(ch);
    c->gone = true;
    if (!c->waiting) {
        free_command(c);
    }
}

void commands_accept(struct keeper *k, const struct ch_control *control, int fd)
{
    struct ch_err err;
    people_set_listeners(k, control->loopback);
    struct principal who;
    if (!command_peer(k, control, fd, &who)) {
        close(fd);
        return;
    }
    if (k->commands == NULL) {
        k->commands = ch_calloc(1, sizeof(*k->commands));
    }
    struct command *c = ch_calloc(1, sizeof(*c));
    c->k = k;
    c->uid = control->uid;
    c->who = who;
    ch_buf_init(&c->payload, 64u << 10);
    ch_buf_init(&c->input, (size_t)ch_limits.command_input_bytes);
    ch_buf_init(&c->out, 1u << 20);
    struct ch_channel_options options = {
        .loop = k->child.loop, .fd = fd, .peer = CH_ROLE_COMMAND, .self = CH_ROLE_KEEPER,
        .owner = c, .on_frame = on_frame, .on_closed = on_closed,
        .max_queued_bytes = 64u << 20};
    c->next = k->commands->list;
    k->commands->list = c;
    if (ch_channel_open(&options, &c->ch, &err) != CH_OK) {
        keeper_log("control", "error=\"%s\"", err.msg);
        free_command(c);
    }
}

void commands_free(struct keeper *k)
{
    while (k->commands != NULL && k->commands->list != NULL) {
        free_command(k->commands->list);
    }
    free(k->commands);
    k->commands = NULL;
}

/* ------------------------------------------------------------------ output */

void command_put(struct command *c, struct ch_str text)
{
    while (text.len > 0) { /* a frame holds 1 MiB */
        struct ch_str part = ch_str_sub(text, 0, OUTPUT_PART);
        if (c->out.len + part.len > OUTPUT_PART * 2) {
            flush(c);
        }
        ch_buf_puts(&c->out, part);
        text = ch_str_sub(text, part.len, text.len);
    }
}

void command_print(struct command *c, const char *fmt, ...)
{
    char text[2048];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    command_put(c, ch_str_of(text));
}

void command_put_escaped(struct command *c, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_put_escaped(&b, ch_str_sub(text, 0, 1024));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

enum step command_end(struct command *c, uint32_t exit_status, const char *fmt, ...)
{
    char text[1024];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    flush(c);
    struct ch_command_done done = {exit_status, ch_str_of(text)};
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_command_done_put(&b, &done);
    if (c->ch != NULL) {
        CH_IGNORE(!ch_channel_send(c->ch, CH_MSG_COMMAND_DONE, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
    return STEP_DONE;
}

/* ------------------------------------------------------------------ arguments */

struct ch_str command_option(const struct command *c, const char *name)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (ch_str_eq(c->args.key[i], ch_str_of(name))) {
            return c->args.value[i];
        }
    }
    return (struct ch_str){NULL, 0};
}

bool command_has(const struct command *c, const char *option)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (ch_str_eq(c->args.key[i], ch_str_of(option))) {
            return true;
        }
    }
    return false;
}

struct ch_str command_word_at(const struct command *c, size_t place)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (c->args.key[i].len == 0 && place-- == 0) {
            return c->args.value[i];
        }
    }
    return (struct ch_str){NULL, 0};
}

struct ch_str command_word(const struct command *c)
{
    return command_word_at(c, 0);
}

static void copy(char *to, size_t size, struct ch_str s)
{
    snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.len > 0 ? s.ptr : "");
}

/* Whether files of this upstream may come through the repository; NULL: whichever. */
static bool has_upstream(const struct ch_repository *r, const char *upstream)
{
    for (size_t u = 0; upstream != NULL && u < r->upstream_count; u++) {
        if (strcmp(r->upstreams[u], upstream) == 0) {
            return true;
        }
    }
    return upstream == NULL;
}

/* The repository the command is about: --repository, else the only one of the ecosystem (and of those
 * with the upstream). What is approved or denied in one of several is not left to their order. */
const struct ch_repository *command_repository(struct command *c, struct ch_str ecosystem,
                                               const char *upstream, struct ch_err *err)
{
    struct ch_str name = command_option(c, "repository");
    const struct ch_config *config = c->k->config;
    const struct ch_repository *found = NULL;
    size_t count = 0;
    struct ch_buf names;
    ch_buf_init(&names, 512); /* so many fit into an error */
    for (size_t i = 0; i < config->repository_count; i++) {
        const struct ch_repository *r = &config->repositories[i];
        if (name.len > 0 ? ch_str_eq(name, ch_str_of(r->name))
                         : (ecosystem.len == 0 || ch_str_eq(ecosystem, ch_str_of(r->ecosystem))) &&
                               has_upstream(r, upstream)) {
            found = r;
            ch_buf_printf(&names, "%s%s", count++ > 0 ? ", " : "", r->name);
        }
    }
    if (count == 0) {
        ch_fail(err, CH_E_USAGE, "no repository %.*s in the configuration",
                CH_STR_ARG(name.len > 0 ? name : ecosystem));
    } else if (count > 1) {
        ch_fail(err, CH_E_USAGE, "several repositories have it: say which with --repository (%.*s)",
                CH_STR_ARG(ch_buf_str(&names)));
    }
    ch_buf_done(&names);
    return count == 1 ? found : NULL;
}

/* The repository that a URL of this server names: the first part of its path. */
static const struct ch_repository *repository_of_url(const struct command *c, struct ch_str url)
{
    size_t at;
    if (command_option(c, "repository").len > 0 || !ch_str_find(url, CH_STR("://"), &at)) {
        return NULL;
    }
    url = ch_str_sub(url, at + 3, url.len);
    if (!ch_str_find_char(url, '/', &at)) {
        return NULL;
    }
    url = ch_str_sub(url, at + 1, url.len);
    return ch_str_find_char(url, '/', &at) ? ch_config_repository(c->k->config, ch_str_sub(url, 0, at))
                                           : NULL;
}

static void on_release(void *ctx, const struct ch_release_file *f)
{
    struct what *what = ctx;
    if (what->file_name[0] == '\0') {
        copy(what->project, sizeof(what->project), f->project);
        copy(what->file_name, sizeof(what->file_name), f->file_name);
        copy(what->upstream, sizeof(what->upstream), f->upstream);
    }
}

enum ch_code command_digest(const struct command *c, bool *ret_is, struct ch_sha256 *ret,
                            struct ch_err *err)
{
    struct ch_str word = command_word(c);
    bool is = ch_str_starts(word, CH_STR("sha256:"));
    if (is && !ch_sha256_from_hex(ch_str_sub(word, 7, word.len), ret)) {
        return ch_fail(err, CH_E_USAGE, "sha256: expected 64 hex digits after it");
    }
    *ret_is = is;
    return CH_OK;
}

static enum ch_code what_by_digest(struct command *c, const struct ch_sha256 *sha256,
                                   struct what *ret, struct ch_err *err)
{
    enum ch_code rc = ch_store_releases_of(c->k->store, sha256, on_release, ret, err);
    if (rc == CH_OK && ret->file_name[0] == '\0') {
        rc = ch_fail(err, CH_E_NOT_FOUND, "no file with this sha256 was ever fetched");
    }
    if (rc == CH_OK) {
        const struct ch_repository *r =
            command_repository(c, (struct ch_str){NULL, 0}, ret->upstream, err);
        rc = r == NULL ? CH_E_USAGE : CH_OK;
        copy(ret->repository, sizeof(ret->repository), ch_str_of(r != NULL ? r->name : NULL));
    }
    ret->kind = WHAT_FILE;
    return rc;
}

/* A file name: its project is the part before one of the hyphens; a page that knows the file wins. */
static bool what_by_file(struct command *c, const struct ch_repository *repo, struct ch_str word,
                         struct what *ret)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    char first[256] = "";
    for (size_t i = 1; eco != NULL && i < word.len; i++) {
        char name[256];
        if (word.ptr[i] != '-' || !eco->normalise(ch_str_sub(word, 0, i), name, sizeof(name))) {
            continue;
        }
        if (first[0] == '\0') {
            snprintf(first, sizeof(first), "%s", name);
        }
        struct page *p = page_get(c->k, ch_str_of(repo->name), ch_str_of(name));
        if (p != NULL && page_load(c->k, p) && page_find_file(p, word) >= 0) {
            snprintf(first, sizeof(first), "%s", name);
            break;
        }
    }
    snprintf(ret->project, sizeof(ret->project), "%s", first);
    copy(ret->file_name, sizeof(ret->file_name), word);
    ret->kind = WHAT_FILE;
    return first[0] != '\0';
}

static bool looks_like_file(struct ch_str word)
{
    static const char *const ends[] = {".whl", ".tar.gz", ".zip", ".egg", ".tar.bz2", ".tar.xz",
                                       ".exe", ".conda"};
    for (size_t i = 0; i < CH_ARRAY_LEN(ends); i++) {
        if (ch_str_ends(word, ch_str_of(ends[i]))) {
            return true;
        }
    }
    return false;
}

static enum ch_code what_by_name(const struct ch_repository *repo, struct ch_str word,
                                 struct what *ret, struct ch_err *err)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    size_t at = 0;
    while (at < word.len && strchr("=<>!~ [;,", word.ptr[at]) == NULL) {
        at++;
    }
    struct ch_str spec = ch_str_trim(ch_str_sub(word, at, word.len));
    if (eco == NULL || !eco->normalise(ch_str_sub(word, 0, at), ret->project, sizeof(ret->project))) {
        return ch_fail(err, CH_E_USAGE,
                       "expected pypi:NAME, NAME==VERSION, NAME with a version range, a file name, "
                       "a URL of this server, sha256:HEX or the ID of a refusal");
    }
    copy(ret->spec, sizeof(ret->spec), spec);
    ret->kind = spec.len == 0 ? WHAT_PROJECT : WHAT_RANGE;
    if (ch_str_starts(spec, CH_STR("==")) && !ch_str_find_char(spec, '*', NULL) &&
        !ch_str_find_char(spec, ',', NULL)) {
        ret->kind = WHAT_VERSION;
        copy(ret->version, sizeof(ret->version), ch_str_trim(ch_str_sub(spec, 2, spec.len)));
    } else if (spec.len > 0) {
        bool match;
        return eco->match_version(spec, CH_STR("1"), &match, err);
    }
    return CH_OK;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "%2B" and the like, as a version's "+" is written in links; into `room`. */
static struct ch_str decoded(struct ch_str s, char *room, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size; i++) {
        int high = s.ptr[i] == '%' && i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.ptr[i + 2]) : -1;
        room[n++] = low >= 0 ? (char)(high << 4 | low) : s.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    return (struct ch_str){room, n};
}

static enum ch_code read_what(struct command *c, struct what *ret, struct ch_err *err)
{
    struct ch_str word = command_word(c);
    struct ch_str ecosystem = {NULL, 0};
    char name[1024];
    size_t at;
    *ret = (struct what){.kind = WHAT_PROJECT};
    if (word.len == 0 || word.len > 1024) {
        return ch_fail(err, CH_E_USAGE, "what? expected pypi:NAME, NAME==VERSION, a file name, a URL "
                                        "of this server, sha256:HEX or the ID of a refusal");
    }
    bool digest;
    struct ch_sha256 sha256;
    if (command_digest(c, &digest, &sha256, err) != CH_OK) {
        return err->code;
    }
    bool url = ch_str_find(word, CH_STR("://"), NULL);
    if (!digest && !url && ch_str_find_char(word, ':', &at) &&
        ch_ecosystem_find(ch_str_sub(word, 0, at)) != NULL) {
        ecosystem = ch_str_sub(word, 0, at);
        word = ch_str_sub(word, at + 1, word.len);
    }
    const struct ch_repository *repo = url ? repository_of_url(c, word) : NULL;
    if (url && ch_str_find(word, CH_STR("/-/x/"), &at)) {
        word = ch_str_sub(word, at + 5, word.len);
    }
    struct ch_refusal_row row;
    struct ch_buf strings;
    ch_buf_init(&strings, 8192);
    if (word.len == 16 && ch_store_get_refusal(c->k->store, word, &row, &strings, err) == CH_OK) {
        copy(ret->repository, sizeof(ret->repository), row.repository);
        copy(ret->project, sizeof(ret->project), row.project);
        copy(ret->file_name, sizeof(ret->file_name), row.file_name);
        ret->kind = WHAT_FILE;
        ch_buf_done(&strings);
        return CH_OK;
    }
    ch_buf_done(&strings);
    if (digest) {
        return what_by_digest(c, &sha256, ret, err);
    }
    repo = repo != NULL ? repo : command_repository(c, ecosystem, NULL, err);
    if (repo == NULL) {
        return CH_E_USAGE;
    }
    copy(ret->repository, sizeof(ret->repository), ch_str_of(repo->name));
    if (url) { /* only the last part matters: the file's name */
        size_t slash;
        while (ch_str_find_char(word, '/', &slash)) {
            word = ch_str_sub(word, slash + 1, word.len);
        }
        if (ch_str_find_char(word, '#', &at) || ch_str_find_char(word, '?', &at)) {
            word = ch_str_sub(word, 0, at);
        }
        if (ch_str_ends(word, CH_STR(".metadata"))) {
            word = ch_str_sub(word, 0, word.len - 9);
        }
        word = decoded(word, name, sizeof(name));
    }
    if (looks_like_file(word)) {
        return what_by_file(c, repo, word, ret)
                   ? CH_OK
                   : ch_fail(err, CH_E_USAGE, "%.*s: no project name in this file name",
                             CH_STR_ARG(word));
    }
    return what_by_name(repo, word, ret, err);
}

enum ch_code command_what(struct command *c, struct what *ret, struct ch_err *err)
{
    enum ch_code rc = read_what(c, ret, err);
    return rc == CH_OK ? command_check(c, c->action, ch_str_of(ret->repository), err) : rc;
}

/* ------------------------------------------------------------------ pages */

struct waiter *command_waiter(struct command *c)
{
    struct waiter *w = ch_calloc(1, sizeof(*w));
    w->command = c;
    w->deadline_ms = UINT64_MAX;
    ch_buf_init(&w->payload, 16);
    return w;
}

const char *command_withheld_advice(const struct page *p)
{
    return page_owner(p) == CH_OWNER_RESERVED
               ? "the configuration: `reserved` of the repository in customhouse.yaml; no approval can"
               : "customhouse own NAME --upstream UPSTREAM --reason TEXT, or `upstreams` of the repository "
                 "in customhouse.yaml; no approval can";
}

struct page *command_page(struct command *c, const struct what *what, enum step *ret_step)
{
    struct page *p = page_get(c->k, ch_str_of(what->repository), ch_str_of(what->project));
    if (p == NULL) {
        *ret_step = command_end(c, 2, "%s is not a project name", what->project);
        return NULL;
    }
    struct waiter *w = command_waiter(c);
    if (!page_ready(c->k, p, w)) {
        *ret_step = STEP_WAIT;
        return NULL;
    }
    ask_free_waiter(w);
    if (p->load == PAGE_ABSENT && page_withheld(p)) {
        *ret_step = command_end(c, 1, "%s: the name is reserved in repository %s and nothing is known "
                                      "of it; what would change it: %s",
                                what->project, what->repository,
                                command_withheld_advice(p));
        return NULL;
    }
    if (p->load == PAGE_ABSENT) {
        *ret_step = command_end(c, 1, "%s: no upstream of repository %s has this project",
                                what->project, what->repository);
        return NULL;
    }
    if (p->load != PAGE_READY) {
        *ret_step = command_end(c, 1, "%s: %s", what->project, p->fail_text);
        return NULL;
    }
    return p;
}

bool command_names(const struct page *p, size_t file, const struct what *what)
{
    struct ch_str version = ch_str_of(p->files[file].release.version);
    struct ch_err err;
    bool match = false;
    switch (what->kind) {
    case WHAT_PROJECT:
        return true;
    case WHAT_FILE:
        return ch_str_eq(p->facts.files[file].index.file_name, ch_str_of(what->file_name));
    case WHAT_VERSION:
        return version.len > 0 && p->eco->compare_versions(version, ch_str_of(what->version)) == 0;
    case WHAT_RANGE:
        return version.len > 0 &&
               p->eco->match_version(ch_str_of(what->spec), version, &match, &err) == CH_OK && match;
    }
    return false;
}
