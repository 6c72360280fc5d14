/* A keeper in this process, with a real store and blobs in a folder of its own. Fetcher, jails and a
 * gateway stand on the other ends of its channels and answer from tables.
 *
 * A page is text, a line per file: "NAME SHA256 SIZE AGE_DAYS [md5:HEX] [sha512:HEX]
 * [yanked] [sidecar[:SHA256]] [of:PROJECT=VERSION]", "-" for what it does not state; NAME.conda has a record of its own
 * [depends:NAME] [license:NAME];
 * "status WORD" sets the project's, "serial N" the page's. An artifact is text, too: its words say what the jails find
 * ("attack", "irregular", "differs", "crash"); what follows "meta:" is its metadata; "fact:NAME=VALUE;"
 * is a fact ("|" in it stands for ";"); "attack-under:RULES;" and "irregular-under:RULES;" are found by these rules alone. */
#ifndef HOUSE_H
#define HOUSE_H

#include "tests/ch_test.h"

#include "db/keeper/keeper_int.h"

#define HOUSE_SITES_MAX 512
#define HOUSE_HELD_MAX  512
#define HOUSE_TOLD_MAX  1024

struct site { /* what the fetcher finds at a URL */
    char *url;
    uint32_t status;
    enum ch_code code; /* other than CH_OK: no HTTP answer */
    const char *type;
    struct ch_buf body;
    const char *etag;
    const char *last_modified;
    size_t asked;
    uint32_t retry_after_s;
    uint64_t told_bytes; /* of a code CH_E_LIMIT, CH_E_MISMATCH */
    bool told_at_least, told_empty;
    bool ranges; /* answers 206 */
    bool mute; /* never answers */
    size_t mute_first; /* nor so many of the first requests */
};

enum house_hold { HOLD_NONE, HOLD_FILES, HOLD_ALL };

struct house {
    const char *user_agent; /* of the page asks to come, NULL: none, so that nothing is asked ahead */
    const char *address;    /* of the asks to come; NULL: none */
    const char *via;        /* likewise, the gateways they came through */
    char fetch_via[100];    /* of the last fetch */
    bool any_page;          /* of the file asks to come: the project is no page's name */
    const char *asked;      /* repository of the page and file asks to come; NULL: pypi */
    /* of the commands to come, NULL: none */
    const char *evidence;   /* --evidence */
    const char *repository; /* --repository */
    const char *upstream;   /* --upstream */
    const char *flag;       /* a flag, without dashes */
    const char *option[2];  /* another option, without dashes, and its value */
    const char *second_word;
    uint32_t uid;  /* of who commands; 0: 1000 */
    bool stranger; /* who is neither root nor the server's user */
    bool public;   /* a listener is not on loopback */
    struct ch_str input;    /* what it is about, beside its words */
    const char *policy, *config; /* it was started with */
    const char *rules;      /* name of what scanner-second matches; NULL: it has said nothing */
    struct ch_sha256 answered_rules; /* what its answers say */
    char folder[64]; /* in TMPDIR */
    struct keeper *k;
    struct ch_loop *loop;
    struct ch_epoch_page epoch;
    struct ch_channel *fetcher, *scanner[2], *gateway;
    struct site sites[HOUSE_SITES_MAX];
    size_t site_count;
    size_t fetches, scans[2];
    size_t lose_scans; /* so many jobs of the strict jail are never answered: it ends instead */
    size_t kill_scans; /* so many jobs of the strict jail are ended from outside */
    size_t starve_scans; /* so many got too little CPU time */
    bool mute_scans;
    bool mute_fetches;
    enum house_hold hold; /* fetches to come: kept until the test lets them go */
    struct held {
        struct ch_buf payload;
        int fd; /* -1: gone, or cancelled */
        bool cancelled;
    } held[HOUSE_HELD_MAX];
    size_t held_count; /* so far */
    uint16_t told[HOUSE_TOLD_MAX]; /* by number of the ask, what it was answered: see house_told */
    uint64_t asks;
    size_t turns, file_turn, command_turn; /* of the loop; at the last answers */
    uint64_t longest_turn_us;              /* what one of them took of the processor at most */
    /* the gateway's last answers */
    bool page_here, file_here;
    size_t file_answers; /* since it was made */
    enum ch_page_form form; /* that pages are asked for in */
    struct ch_page_reply page_reply;
    struct ch_buf page_bytes; /* the listing, as encoded, or its first document */
    struct ch_page page;
    struct ch_file_reply file;
    struct ch_buf file_payload, page_payload;
    bool exception_here;
    struct ch_exception_reply exception;
    struct ch_buf exception_payload;
    bool refusal_here;
    struct ch_refusal_reply refusal;
    struct ch_buf refusal_payload;
    bool document_here;
    struct ch_document_reply document;
    struct ch_buf document_payload, document_bytes;
    uint64_t served_number; /* of the last serving that was told on this channel */
    uint64_t served_kept;   /* so many of them are stored, as the keeper said last */
    bool served_again;      /* it has asked for those after them again */
    bool token_here;
    struct ch_token_reply token;
    struct ch_buf token_payload;
    bool push_here;
    struct ch_push_reply push;
    struct ch_buf push_payload;
    int push_fd; /* of the answer before it was taken by the test; -1: none */
    const char *principal; /* of the asks and servings to come, NULL: none is said */
};

struct house *house_new(void);          /* default policy, upstreams "up" and "other" */
struct house *house_new_with(const char *policy, const char *config);
void house_free(struct house *h);
/* Ends the keeper without any ceremony and starts another on the same folder. */
void house_restart(struct house *h);
void house_start(struct house *h, const char *policy, const char *config);
void house_stop(struct house *h);
void house_connect(struct house *h, enum ch_role role);
void house_disconnect(struct house *h, enum ch_role role);

struct site *house_site(struct house *h, const char *url, uint32_t status, const char *type,
                        const char *body);
/* pkg has one file, pkg-1.0-py3-none-any.whl: these bytes, released so many days ago. */
void house_wheel(struct house *h, const char *bytes, unsigned days);
#define PAGE_URL(project)  "https://up.example.org/simple/" project "/"
#define OTHER_URL(project) "https://other.example.org/simple/" project "/"
#define FILE_URL(name)     "https://up.example.org/files/" name
#define PAGE_TYPE          "application/vnd.pypi.simple.v1+json"

/* scanner-second has loaded these rules: it says so, and matches them from now on. */
void house_rules(struct house *h, const char *name);
/* A gateway says that this client got these bytes. */
void house_tell_served(struct house *h, const char *project, const char *file, const char *bytes,
                       const char *address);
/* The same of the gateway's n-th serving since it has this keeper. */
void house_tell_served_again(struct house *h, uint64_t number, const char *project, const char *file,
                             const char *bytes, const char *address);

/* What the ask of this number was answered, of a file: its outcome, or the status it failed with; of a page:
 * 200, 404 or the status it failed with. -1: nothing yet. */
int house_told(const struct house *h, uint64_t ask);
/* Until it is answered, at most 20 s: also when a thread has something to do before. */
void until_told(struct house *h, uint64_t ask);
/* The first fetch that is held and has this in its URL, -1: none is. */
int house_held(const struct house *h, const char *in_url);
size_t house_holds(const struct house *h); /* how many are held now */
void house_let_go(struct house *h, int held); /* it is answered */
void house_progress(struct house *h, int held, uint64_t bytes);
void house_progress_of(struct house *h, int held, uint64_t bytes, uint64_t total_bytes);

void house_turn(struct house *h, int max_wait_ms);
/* Turns until *flag, for at most ten seconds: then the test fails. */
void house_until(struct house *h, const bool *flag);
/* Turns until nothing happens, and the audit log has what the store has, or cannot have it. */
void house_settle(struct house *h);

/* The answer is in h->page_reply, h->page. */
void house_ask_page(struct house *h, const char *project);
void house_send_page_ask(struct house *h, const char *project, uint64_t have);
const struct ch_page_file *house_listed(const struct house *h, const char *file); /* NULL: not */
/* The answer is in h->file. */
void house_ask_file(struct house *h, const char *project, const char *file);
void house_ask_part(struct house *h, const char *project, const char *file, enum ch_part part,
                    uint32_t patience_ms);
void house_send_file_ask(struct house *h, const char *project, const char *file, enum ch_part part,
                         uint32_t patience_ms, bool head);
/* The answer is in h->document, h->document_bytes. */
void house_ask_document(struct house *h, const struct ch_ask_document *ask);
/* A user asks on a refusal's page; the answer is in h->exception. */
void house_ask_exception(struct house *h, const char *id, const char *reason, const char *expires,
                         const char *address);
void house_ask_refusal(struct house *h, const char *id); /* the answer is in h->refusal */
/* The answer is in h->token. */
void house_ask_token(struct house *h, const struct ch_sha256 *digest);
/* Runs a command; returns its exit status, its output in `out`. */
uint32_t house_command(struct house *h, bool json, const char *name, const char *word,
                       const char *reason, const char *expires, struct ch_buf *out);
/* The same for a command as it is typed, its words apart by one space each, options as --key=value. */
uint32_t house_run(struct house *h, const char *line, struct ch_buf *out);
/* What the supervisor sends on SIGHUP: this policy, and the configuration that the house has. */
enum ch_code house_reload(struct house *h, const char *policy, struct ch_err *err);
/* Both steps of a reload, or the one that refuses. */
enum ch_code house_reload_texts(struct house *h, const struct ch_setup *texts, struct ch_err *err);
/* Whether served/ has these bytes. */
bool house_serves(struct house *h, const char *bytes);
const char *house_hex(const char *bytes, char ret[CH_SHA256_HEX + 1]);

#endif
