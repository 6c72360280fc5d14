/* The policy that init writes: every key with its words from the schema, and rules as examples. */
#include <pthread.h>

#include "policy_int.h"

static void put_comment(struct ch_buf *b, const char *indent, const char *doc)
{
    struct ch_str rest = ch_str_of(doc);
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&rest, '\n', &line)) {
        ch_buf_printf(b, "%s# %.*s\n", indent, CH_STR_ARG(line));
    }
}

/* Long lists one entry to a line. */
static void put_default_list(struct ch_buf *b, const char *indent, const struct ch_key *key)
{
    struct ch_str rest = ch_str_of(key->def);
    size_t comma = 0;
    ch_buf_printf(b, "%s%s:\n", indent, key->key);
    while (rest.len > 0) {
        bool more = ch_str_find(rest, CH_STR(", "), &comma);
        struct ch_str entry = ch_str_sub(rest, 0, more ? comma : rest.len);
        ch_buf_printf(b, "%s  - %.*s\n", indent, CH_STR_ARG(entry));
        rest = more ? ch_str_sub(rest, comma + 2, rest.len) : (struct ch_str){NULL, 0};
    }
}

static void put_keys(struct ch_buf *b, const char *indent, const struct ch_key *keys);

static void put_key(struct ch_buf *b, const char *indent, const struct ch_key *key)
{
    put_comment(b, indent, key->doc);
    if (key->type == CH_KEY_SECTION) {
        ch_buf_printf(b, "%s:\n", key->key);
        put_keys(b, "  ", key->section);
    } else if (key->def == NULL) {
        ch_buf_printf(b, "%s# %s: %s\n", indent, key->key,
                      key->type == CH_KEY_NUMBERS ? "{}" : "[]");
    } else if (ch_key_is_list(key->type)) {
        put_default_list(b, indent, key);
    } else {
        ch_buf_printf(b, "%s%s: %s\n", indent, key->key, key->def);
    }
}

static void put_keys(struct ch_buf *b, const char *indent, const struct ch_key *keys)
{
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (ch_key_is_structural(k->type) && k->type != CH_KEY_FORMAT) {
            continue;
        }
        ch_buf_puts(b, ch_str_of(indent[0] == '\0' ? "\n" : ""));
        put_key(b, indent, k);
    }
}

/* --- what is not set: lists, settings for some --- */

static void put_structure(struct ch_buf *b)
{
    static const struct {
        const char *key;
        const char *example;
    } rows[] = {
        {"lists", "#  projects:\n"
                  "#    ml-stack: [numpy, scipy, torch]\n"
                  "#    ours: {file: our-projects.txt}\n"},
        {"environments", "#  preprod: {cool_down_days: 1}\n"},
        {"repositories", "#  pypi: {mode: audit}\n"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct ch_key *key = ch_policy_keys;
        while (!ch_str_eq(ch_str_of(key->key), ch_str_of(rows[i].key))) {
            key++;
            CH_ASSERT(key->key != NULL);
        }
        ch_buf_putc(b, '\n');
        put_comment(b, "", key->doc);
        ch_buf_printf(b, "#%s:\n%s", key->key, rows[i].example);
    }
}

/* --- rules --- */

/* "#   project: [flask, acme-*]         * stands for ..." */
static void put_condition(struct ch_buf *b, const struct ch_key *key)
{
    enum { DOC_COLUMN = 46 };
    struct ch_str rest = ch_str_of(key->doc);
    struct ch_str line = {NULL, 0};
    size_t start = b->len;
    ch_buf_printf(b, "#   %s: %s", key->key, key->example);
    while (ch_str_split(&rest, '\n', &line)) {
        if (b->len - start >= DOC_COLUMN) {
            ch_buf_putc(b, '\n');
            start = b->len;
        }
        if (b->len == start) {
            ch_buf_putc(b, '#');
        }
        while (b->len - start < DOC_COLUMN && !b->failed) {
            ch_buf_putc(b, ' ');
        }
        ch_buf_printf(b, "%.*s\n", CH_STR_ARG(line));
        start = b->len;
    }
}

static void put_rules(struct ch_buf *b)
{
    ch_buf_puts(b,
                CH_STR("\n# Rules, in order. Each has a name, at least one condition, \"then\" and "
                       "perhaps a reason,\n"
                       "# which the user reads. All conditions of a rule have to be met; of a "
                       "list, one entry. Of hold\n"
                       "# and deny rules the first that matches wins. A rule that could never "
                       "match is a mistake.\n"
                       "# Conditions:\n"));
    for (const struct ch_key *k = ch_policy_rule_keys; k->key != NULL; k++) {
        if (ch_key_is_condition(k)) {
            put_condition(b, k);
        }
    }
    ch_buf_puts(
        b, CH_STR("# then: hold, deny, or allow. An allow rule puts files on the list of mode "
                  "allow-list, and lifts\n"
                  "# exactly the holds that it names: lifts: [cool-down, finding, rule, identity, "
                  "build-code, name,\n"
                  "# licence]. Lifted findings have to be named one by one, and those of high "
                  "severity need a person's\n"
                  "# approval instead. \"lifts: [rule]\" spares files from the hold and deny rules "
                  "that follow.\n"
                  "rules: []\n"
                  "#  - name: own-packages\n"
                  "#    project: [acme-*]\n"
                  "#    then: allow\n"
                  "#    lifts: [cool-down]\n"
                  "#  - name: not-in-production\n"
                  "#    project: [pytest, ipdb]\n"
                  "#    environment: prod\n"
                  "#    then: hold\n"
                  "#    reason: \"development tools are in the repository preprod\"\n"
                  "#  - name: broken-release\n"
                  "#    project: [example]\n"
                  "#    version: \"==1.4.2\"\n"
                  "#    then: deny\n"
                  "#    reason: \"loses data, use 1.4.3\"\n"
                  "#  - name: new-network-access\n"
                  "#    changed: [capability/network, install-capability/network]\n"
                  "#    then: hold\n"
                  "#    reason: \"reaches the network, which the version before did not\"\n"));
}

static void put_all(struct ch_buf *b)
{
    ch_buf_puts(b, CH_STR("# Policy: what may pass. Check with `customhouse check`, take over with "
                          "SIGHUP to `customhouse\n"
                          "# serve`; a policy with a mistake is not taken over, the one in force "
                          "stays.\n"
                          "#\n"
                          "# Whatever is written here: every file is inspected whole before it "
                          "passes, and what inspection\n"
                          "# calls an attack, or a person denied, is denied. Rules cannot change "
                          "that.\n"
                          "# The keys and their types are in policy.schema.json, for editors.\n"));
    put_keys(b, "", ch_policy_keys);
    put_structure(b);
    put_rules(b);
    ch_buf_putc(b, '\0');
}

/* --- made once, and kept: callers borrow it --- */

static struct ch_buf text;

static void make(void)
{
    enum { ROOM = 65536 };
    ch_buf_init(&text, ROOM);
    put_all(&text);
    CH_ASSERT(!text.failed);
}

const char *ch_policy_default_text(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CH_ASSERT(pthread_once(&once, make) == 0);
    return text.ptr;
}
