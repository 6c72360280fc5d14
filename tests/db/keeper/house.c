#include "house_int.h"

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"

static const char CONFIG[] =
    "listen:\n  - {address: '127.0.0.1:8080'}\n"
    "anonymous_pull: true\n" /* asks come from anywhere */
    "upstreams:\n"
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
    "  - {name: other, ecosystem: pypi, url: 'https://other.example.org/simple', trust_times: true}\n"
    "repositories:\n"
    "  - {name: pypi, ecosystem: pypi, upstreams: [up, other], reserved: ['corp-**']}\n";

/* ------------------------------------------------------------------ the fetcher */

struct site *house_site(struct house *h, const char *url, uint32_t status, const char *type,
                        const char *body)
{
    struct site *s = NULL;
    for (size_t i = 0; i < h->site_count; i++) {
        if (strcmp(h->sites[i].url, url) == 0) {
            s = &h->sites[i];
            ch_buf_clear(&s->body);
        }
    }
    if (s == NULL) {
        CH_ASSERT(h->site_count < HOUSE_SITES_MAX);
        s = &h->sites[h->site_count++];
        s->url = ch_str_dup(ch_str_of(url));
        ch_buf_init(&s->body, 64u << 20);
    }
    s->status = status;
    s->code = CH_OK;
    s->type = type;
    ch_buf_puts(&s->body, ch_str_of(body));
    return s;
}

void house_wheel(struct house *h, const char *bytes, unsigned days)
{
    static const char name[] = "pkg-1.0-py3-none-any.whl";
    char text[512], hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), "%s %s %zu %u\n", name, house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/octet-stream", bytes);
}

static struct site *find_site(struct house *h, struct ch_str url)
{
    for (size_t i = 0; i < h->site_count; i++) {
        if (ch_str_eq(ch_str_of(h->sites[i].url), url)) {
            return &h->sites[i];
        }
    }
    return NULL;
}

void house_answer_fetch(struct house *h, const struct ch_fetch *f, int fd)
{
    static const char none[] = "";
    struct site *s = find_site(h, f->url);
    struct ch_fetched answer = {.job = f->job, .http_status = 404, .effective_url = f->url};
    struct ch_str body = {none, 0};
    h->fetches++;
    if (s != NULL) {
        s->asked++;
        answer.http_status = s->status;
        answer.retry_after_s = s->status >= 429 ? s->retry_after_s : 0;
        answer.code = s->code;
        answer.told_bytes = s->told_bytes;
        answer.told_at_least = s->told_at_least;
        answer.told_empty = s->told_empty;
        answer.content_type = ch_str_of(s->type);
        answer.etag = ch_str_of(s->etag);
        answer.last_modified = ch_str_of(s->last_modified);
        body = ch_buf_str(&s->body);
        if (s->etag != NULL && ch_str_eq(f->if_none_match, ch_str_of(s->etag))) {
            answer.http_status = 304;
            body.len = 0;
        }
        if (s->mute || s->asked <= s->mute_first || h->mute_fetches) {
            close(fd); /* as when the fetcher ends without a word */
            return;
        }
    }
    if (f->range_from_bytes > 0 || f->range_to_bytes != UINT64_MAX) {
        if (answer.http_status == 200 && s->ranges) {
            answer.http_status = 206;
            uint64_t to = f->range_to_bytes < body.len ? f->range_to_bytes + 1 : body.len;
            body = ch_str_sub(body, f->range_from_bytes, to - f->range_from_bytes);
        }
    }
    if (answer.code != CH_OK) {
        answer.text = CH_STR("connection reset");
        body.len = 0;
    }
    for (size_t at = 0; at < body.len;) {
        ssize_t n = pwrite(fd, body.ptr + at, body.len - at, (off_t)(f->range_from_bytes + at));
        CH_ASSERT(n > 0);
        at += (size_t)n;
    }
    answer.bytes = body.len;
    close(fd);
    struct ch_buf b;
    ch_buf_init(&b, 32u << 10);
    ch_fetched_put(&b, &answer);
    CH_ASSERT(ch_channel_send(h->fetcher, CH_MSG_FETCHED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ frames */

static void keep_page(struct house *h, struct ch_frame *frame)
{
    struct ch_err err;
    ch_buf_clear(&h->page_payload);
    ch_buf_puts(&h->page_payload, frame->payload);
    CH_ASSERT(ch_page_reply_get(ch_buf_str(&h->page_payload), &h->page_reply, &err) == CH_OK);
    if (h->page_reply.outcome == CH_PAGE_NEW) {
        int fd = ch_frame_take_fd(frame, 0);
        ch_page_done(&h->page);
        h->page = (struct ch_page){0};
        ch_buf_clear(&h->page_bytes);
        CH_ASSERT(jobs_read_all(fd, &h->page_bytes, &err) == CH_OK);
        CH_ASSERT(h->page_reply.document_count > 0 ||
                  ch_page_get(ch_buf_str(&h->page_bytes), &h->page, &err) == CH_OK);
        close(fd);
    }
    house_tell(h, h->page_reply.ask,
               h->page_reply.outcome == CH_PAGE_FAILED      ? (int)h->page_reply.http_status
               : h->page_reply.outcome == CH_PAGE_NOT_FOUND ? 404
                                                            : 200);
    h->page_here = true;
}

static void keep_document(struct house *h, struct ch_frame *frame)
{
    struct ch_err err;
    ch_buf_clear(&h->document_payload);
    ch_buf_clear(&h->document_bytes);
    ch_buf_puts(&h->document_payload, frame->payload);
    CH_ASSERT(ch_document_reply_get(ch_buf_str(&h->document_payload), &h->document, &err) == CH_OK);
    if (h->document.http_status == 200) {
        int fd = ch_frame_take_fd(frame, 0);
        CH_ASSERT(jobs_read_all(fd, &h->document_bytes, &err) == CH_OK);
        close(fd);
    }
    h->document_here = true;
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct house *h = owner;
    struct ch_err err;
    struct ch_fetch fetch;
    struct ch_scan_job job;
    (void)ch;
    switch (frame->type) {
    case CH_MSG_FETCH:
        CH_ASSERT(ch_fetch_get(frame->payload, &fetch, &err) == CH_OK);
        snprintf(h->fetch_via, sizeof(h->fetch_via), "%.*s", CH_STR_ARG(fetch.via));
        if (!house_keep_fetch(h, &fetch, frame)) {
            house_answer_fetch(h, &fetch, ch_frame_take_fd(frame, 0));
        }
        break;
    case CH_MSG_FETCH_CANCEL:
        house_cancel_held(h, frame->payload);
        break;
    case CH_MSG_SCAN: {
        int which = ch == h->scanner[1];
        h->scans[which]++;
        CH_ASSERT(ch_scan_job_get(frame->payload, &job, &err) == CH_OK);
        if (which == 0 && h->lose_scans > 0 && job.kind == CH_SCAN_ARTIFACT) {
            h->lose_scans--;
            house_disconnect(h, CH_ROLE_SCANNER_STRICT);
            house_connect(h, CH_ROLE_SCANNER_STRICT);
        } else if (!h->mute_scans) {
            house_answer_scan(h, which, &job, ch_frame_take_fd(frame, 0), ch_frame_take_fd(frame, 1));
        }
        break;
    }
    case CH_MSG_PAGE:
        keep_page(h, frame);
        break;
    case CH_MSG_DOCUMENT:
        keep_document(h, frame);
        break;
    case CH_MSG_EXCEPTION:
        ch_buf_clear(&h->exception_payload);
        ch_buf_puts(&h->exception_payload, frame->payload);
        CH_ASSERT(ch_exception_reply_get(ch_buf_str(&h->exception_payload), &h->exception, &err) == CH_OK);
        h->exception_here = true;
        break;
    case CH_MSG_REFUSAL:
        ch_buf_clear(&h->refusal_payload);
        ch_buf_puts(&h->refusal_payload, frame->payload);
        CH_ASSERT(ch_refusal_reply_get(ch_buf_str(&h->refusal_payload), &h->refusal, &err) == CH_OK);
        h->refusal_here = true;
        break;
    case CH_MSG_SERVED_KEPT: {
        struct ch_served_kept m;
        CH_ASSERT(ch_served_kept_get(frame->payload, &m, &err) == CH_OK);
        h->served_kept = m.kept;
        h->served_again = h->served_again || m.again;
        break;
    }
    case CH_MSG_TOKEN:
        ch_buf_clear(&h->token_payload);
        ch_buf_puts(&h->token_payload, frame->payload);
        CH_ASSERT(ch_token_reply_get(ch_buf_str(&h->token_payload), &h->token, &err) == CH_OK);
        h->token_here = true;
        break;
    case CH_MSG_PUSH:
        ch_buf_clear(&h->push_payload);
        ch_buf_puts(&h->push_payload, frame->payload);
        CH_ASSERT(ch_push_reply_get(ch_buf_str(&h->push_payload), &h->push, &err) == CH_OK);
        if (h->push_fd >= 0) {
            close(h->push_fd);
        }
        h->push_fd = ch_frame_take_fd(frame, 0);
        h->push_here = true;
        break;
    case CH_MSG_FILE:
        ch_buf_clear(&h->file_payload);
        ch_buf_puts(&h->file_payload, frame->payload);
        CH_ASSERT(ch_file_reply_get(ch_buf_str(&h->file_payload), &h->file, &err) == CH_OK);
        house_tell(h, h->file.ask,
                   h->file.outcome == CH_FILE_FAILED ? (int)h->file.http_status : (int)h->file.outcome);
        h->file_here = true;
        h->file_answers++;
        h->file_turn = h->turns;
        break;
    default:
        break;
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    (void)owner;
    (void)ch;
    (void)why;
}

static struct ch_channel **slot_of(struct house *h, enum ch_role role)
{
    return role == CH_ROLE_FETCHER          ? &h->fetcher
           : role == CH_ROLE_SCANNER_STRICT ? &h->scanner[0]
           : role == CH_ROLE_SCANNER_SECOND ? &h->scanner[1]
                                            : &h->gateway;
}

void house_connect(struct house *h, enum ch_role role)
{
    int fds[2];
    struct ch_err err;
    CH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    struct ch_channel_options options = {.loop = h->loop, .fd = fds[1], .peer = CH_ROLE_KEEPER,
                                         .self = role, .owner = h, .on_frame = on_frame,
                                         .on_closed = on_closed};
    CH_ASSERT(ch_channel_open(&options, slot_of(h, role), &err) == CH_OK);
    if (role == CH_ROLE_SCANNER_SECOND) {
        house_tell_rules(h);
    }
    if (role == CH_ROLE_GATEWAY) {
        h->served_number = h->served_kept = 0;
        h->served_again = false;
    }
    h->k->child.on_peer(h->k, role, 0, fds[0]);
}

void house_disconnect(struct house *h, enum ch_role role)
{
    struct ch_channel **slot = slot_of(h, role);
    ch_channel_free(*slot);
    *slot = NULL;
}

/* ------------------------------------------------------------------ life */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void house_start(struct house *h, const char *policy, const char *config)
{
    struct ch_err err;
    ch_limits.log_journal_bytes = 1u << 20; /* making one is written whole */
    h->k = ch_calloc(1, sizeof(*h->k));
    struct ch_child *child = &h->k->child;
    CH_ASSERT(ch_loop_new(&h->loop, &err) == CH_OK);
    child->loop = h->loop;
    child->epoch = &h->epoch;
    child->setup.state_dir = ch_str_of(h->folder);
    child->setup.policy_name = CH_STR("policy.yaml");
    child->setup.policy_text = ch_str_of(policy != NULL ? policy : ch_policy_default_text());
    config = config != NULL ? config : CONFIG;
    child->setup.config_text = ch_str_of(config);
    if (ch_config_parse(ch_str_of(config), "customhouse.yaml", &child->config, &err) != CH_OK ||
        keeper_init(h->k, &err) != CH_OK || keeper_open(h->k, &err) != CH_OK) {
        fail_msg("%s", err.msg);
    }
    keeper_begin(h->k);
    house_connect(h, CH_ROLE_FETCHER);
    house_connect(h, CH_ROLE_SCANNER_STRICT);
    house_connect(h, CH_ROLE_SCANNER_SECOND);
    house_connect(h, CH_ROLE_GATEWAY);
}

void house_stop(struct house *h)
{
    house_disconnect(h, CH_ROLE_FETCHER);
    house_disconnect(h, CH_ROLE_SCANNER_STRICT);
    house_disconnect(h, CH_ROLE_SCANNER_SECOND);
    house_disconnect(h, CH_ROLE_GATEWAY);
    keeper_close(h->k);
    ch_config_free(h->k->child.config);
    ch_loop_free(h->loop);
    free(h->k);
    h->k = NULL;
}

struct house *house_new_with(const char *policy, const char *config)
{
    struct house *h = ch_calloc(1, sizeof(*h));
    static const char *const folders[] = {"db", "keys"};
    const char *base = getenv("TMPDIR");
    int n = snprintf(h->folder, sizeof(h->folder), "%s/keeper-test-XXXXXX",
                     base != NULL ? base : "/tmp"); /* a failed test leaves it there */
    CH_ASSERT(n > 0 && (size_t)n < sizeof(h->folder));
    CH_ASSERT(mkdtemp(h->folder) != NULL);
    for (size_t i = 0; i < CH_ARRAY_LEN(folders); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s/%s", h->folder, folders[i]);
        CH_ASSERT(mkdir(path, 0700) == 0);
    }
    ch_buf_init(&h->page_bytes, 64u << 20);
    ch_buf_init(&h->file_payload, 1u << 20);
    ch_buf_init(&h->document_payload, 64u << 10);
    ch_buf_init(&h->exception_payload, 64u << 10);
    ch_buf_init(&h->refusal_payload, 64u << 10);
    ch_buf_init(&h->document_bytes, 64u << 20);
    ch_buf_init(&h->page_payload, 64u << 10);
    ch_buf_init(&h->token_payload, 64u << 10);
    ch_buf_init(&h->push_payload, 64u << 10);
    h->push_fd = -1;
    h->policy = policy;
    h->config = config;
    house_start(h, policy, config);
    return h;
}

struct house *house_new(void)
{
    return house_new_with(NULL, NULL);
}

void house_restart(struct house *h)
{
    house_stop(h);
    house_start(h, h->policy, h->config);
}

void house_free(struct house *h)
{
    house_stop(h);
    for (size_t i = 0; i < h->site_count; i++) {
        free(h->sites[i].url);
        ch_buf_done(&h->sites[i].body);
    }
    house_drop_held(h);
    ch_page_done(&h->page);
    ch_buf_done(&h->page_bytes);
    ch_buf_done(&h->file_payload);
    ch_buf_done(&h->page_payload);
    ch_buf_done(&h->token_payload);
    ch_buf_done(&h->push_payload);
    if (h->push_fd >= 0) {
        close(h->push_fd);
    }
    ch_buf_done(&h->document_payload);
    ch_buf_done(&h->exception_payload);
    ch_buf_done(&h->refusal_payload);
    ch_buf_done(&h->document_bytes);
    nftw(h->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(h);
}

/* ------------------------------------------------------------------ turning */

/* Of this thread: others on the machine, and what it waits for, do not count. */
static uint64_t own_cpu_us(void)
{
    struct timespec t;
    CH_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void house_turn(struct house *h, int max_wait_ms)
{
    struct ch_err err;
    h->turns++;
    uint64_t before_us = own_cpu_us();
    CH_ASSERT(ch_loop_turn(h->loop, max_wait_ms, &err) == CH_OK);
    uint64_t took_us = own_cpu_us() - before_us;
    h->longest_turn_us = took_us > h->longest_turn_us ? took_us : h->longest_turn_us;
}

void house_until(struct house *h, const bool *flag)
{
    uint64_t end = ch_now_boot_ms() + 10000;
    while (!*flag) {
        if (ch_now_boot_ms() > end) {
            fail_msg("no answer within ten seconds");
        }
        house_turn(h, 100);
    }
}

/* The log's thread has entries in hand whose answers wait for it: on a busy machine it gets no turn
 * for long. One that cannot write comes to nothing before the test lets it. */
static bool log_comes(const struct house *h)
{
    struct audit_state s;
    audit_state(h->k, &s);
    return s.written < s.next && s.trouble[0] == '\0';
}

void house_settle(struct house *h)
{
    uint64_t log_end = ch_now_boot_ms() + 10000;
    for (int quiet = 0; quiet < 3;) {
        uint64_t before = ch_now_boot_ms();
        size_t did = h->fetches + h->scans[0] + h->scans[1];
        house_turn(h, 20);
        bool idle = h->fetches + h->scans[0] + h->scans[1] == did && !offload_busy(h->k) &&
                    !again_is_running(h->k) && !ch_store_in_group(h->k->store) &&
                    !log_comes(h) && ch_now_boot_ms() - before >= 15;
        quiet = idle ? quiet + 1 : 0;
        if (log_comes(h) && before > log_end) {
            fail_msg("the log was not written within ten seconds");
        }
    }
}

/* ------------------------------------------------------------------ commands */

struct run { /* one command line */
    struct ch_channel *ch;
    struct ch_buf *out;
    bool done;
    uint32_t status;
};

static void on_command_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct run *r = owner;
    struct ch_command_done done;
    struct ch_err err;
    (void)ch;
    if (frame->type == CH_MSG_COMMAND_OUTPUT) {
        ch_buf_puts(r->out, frame->payload);
    } else if (ch_command_done_get(frame->payload, &done, &err) == CH_OK) {
        ch_buf_puts(r->out, done.text);
        r->status = done.exit_status;
        r->done = true;
    }
}

static void add_arg(struct ch_command *c, const char *key, const char *value)
{
    if (value != NULL) {
        c->key[c->arg_count] = ch_str_of(key);
        c->value[c->arg_count++] = ch_str_of(value);
    }
}

static uint32_t run_command(struct house *h, const struct ch_command *c, struct ch_buf *out)
{
    int fds[2];
    struct ch_err err;
    struct run r = {.out = out};
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_command_put(&b, c);
    ch_buf_clear(out);
    CH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    struct ch_channel_options options = {.loop = h->loop, .fd = fds[1], .peer = CH_ROLE_KEEPER,
                                         .self = CH_ROLE_COMMAND, .owner = &r,
                                         .on_frame = on_command_frame, .on_closed = on_closed};
    CH_ASSERT(ch_channel_open(&options, &r.ch, &err) == CH_OK);
    struct ch_control control = {h->uid != 0 ? h->uid : 1000, 1, !h->stranger, !h->public};
    h->k->child.on_control(h->k, &control, fds[0]);
    struct pollfd hung_up = {.fd = fds[1]}; /* who is turned away is answered before he speaks */
    if (poll(&hung_up, 1, 0) == 0) {
        CH_ASSERT(h->input.len == 0 ||
                  ch_channel_send(r.ch, CH_MSG_COMMAND_INPUT, h->input, NULL, 0));
        CH_ASSERT(ch_channel_send(r.ch, CH_MSG_COMMAND, ch_buf_str(&b), NULL, 0));
    }
    house_until(h, &r.done);
    h->command_turn = h->turns;
    ch_channel_free(r.ch);
    ch_buf_done(&b);
    return r.status;
}

uint32_t house_command(struct house *h, bool json, const char *name, const char *word,
                       const char *reason, const char *expires, struct ch_buf *out)
{
    struct ch_command c = {.name = ch_str_of(name), .json = json};
    add_arg(&c, NULL, word);
    add_arg(&c, NULL, h->second_word);
    add_arg(&c, "reason", reason);
    add_arg(&c, "expires", expires);
    add_arg(&c, "evidence", h->evidence);
    add_arg(&c, "repository", h->repository);
    add_arg(&c, "upstream", h->upstream);
    add_arg(&c, h->option[0], h->option[1]);
    if (h->flag != NULL) {
        c.key[c.arg_count++] = ch_str_of(h->flag); /* its value is absent */
    }
    return run_command(h, &c, out);
}

uint32_t house_run(struct house *h, const char *line, struct ch_buf *out)
{
    struct ch_command c = {.arg_count = 0};
    struct ch_str rest = ch_str_of(line), word;
    CH_ASSERT(ch_str_split(&rest, ' ', &c.name));
    if (ch_str_eq(c.name, CH_STR("policy")) || ch_str_eq(c.name, CH_STR("runtime")) ||
        ch_str_eq(c.name, CH_STR("audit"))) { /* its first word belongs to its name */
        CH_ASSERT(ch_str_split(&rest, ' ', &word));
        c.name.len += 1 + word.len;
    }
    while (ch_str_split(&rest, ' ', &word)) {
        size_t at = word.len;
        CH_IGNORE(ch_str_find_char(word, '=', &at));
        bool option = ch_str_starts(word, CH_STR("--"));
        if (ch_str_eq(word, CH_STR("--json"))) {
            c.json = true;
            continue;
        }
        c.key[c.arg_count] = option ? ch_str_sub(word, 2, at - 2) : (struct ch_str){NULL, 0};
        c.value[c.arg_count++] = option ? ch_str_sub(word, at + 1, word.len) : word;
    }
    return run_command(h, &c, out);
}

bool house_serves(struct house *h, const char *bytes)
{
    struct ch_sha256 d = ch_sha256_of(bytes, strlen(bytes));
    return ch_blobs_is_served(h->k->blobs, &d);
}

const char *house_hex(const char *bytes, char ret[CH_SHA256_HEX + 1])
{
    struct ch_sha256 d = ch_sha256_of(bytes, strlen(bytes));
    ch_sha256_hex(&d, ret);
    return ret;
}

enum ch_code house_reload(struct house *h, const char *policy, struct ch_err *err)
{
    struct ch_setup texts = {.policy_name = CH_STR("policy.yaml"),
                             .policy_text = ch_str_of(policy),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = ch_str_of(h->config != NULL ? h->config : CONFIG)};
    return house_reload_texts(h, &texts, err);
}

enum ch_code house_reload_texts(struct house *h, const struct ch_setup *texts, struct ch_err *err)
{
    struct ch_child *child = &h->k->child;
    enum ch_code rc = child->on_prepare(h->k, texts, err);
    if (rc == CH_OK) {
        child->on_commit(h->k, texts);
    } else {
        child->on_abort(h->k, ch_str_of(err->msg));
    }
    return rc;
}
