/* audit erase: what commitments of the audit log stand for goes; the log stands without it (T26).
 * audit accept, audit settle: what nobody has signed, and what is not as the log says. */
#include "commands_int.h"

#include <sys/random.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/people/people.h"
#include "db/keeper/rulings/altered.h"
#include "db/keeper/rulings/rulings.h"
#include "db/log/entry.h"

static void commit(struct ch_str text, uint8_t ret_salt[CH_LOG_SALT_BYTES],
                   struct ch_sha256 *ret_hmac)
{
    CH_ASSERT(getrandom(ret_salt, CH_LOG_SALT_BYTES, 0) == CH_LOG_SALT_BYTES);
    *ret_hmac = ch_log_entry_commit(ret_salt, text);
}

static enum ch_code erase(struct keeper *k, uint64_t entry, struct ch_str who, struct ch_str by,
                          struct ch_str reason, uint64_t *ret_texts, struct ch_err *err)
{
    struct audit_state s;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    audit_state(k, &s);
    rc = ch_store_erase_clear(k->store, entry, who, s.next, commit, ret_texts, err);
    if (rc == CH_OK && *ret_texts == 0) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "there is no such text, or it was erased already");
    }
    rc = rc == CH_OK ? audit_erased(k, entry, by, reason, err) : rc;
    rc = audit_step_end(k, rc, err);
    rc = rc == CH_OK ? keeper_commit(k, err) : rc;
    return rc == CH_OK ? ch_store_scrub(k->store, err) : rc;
}

/* A name is erased as the principals that it was written as, too. */
static enum ch_code erase_who(struct command *c, struct ch_str who, struct ch_str reason,
                              uint64_t *ret_texts, struct ch_err *err)
{
    static const char *const kinds[] = {"", "user:", "service:"};
    size_t forms = ch_str_find_char(who, ':', NULL) ? 1 : CH_ARRAY_LEN(kinds);
    enum ch_code rc = CH_OK;
    bool busy = false;
    for (size_t i = 0; rc == CH_OK && i < forms; i++) {
        struct ch_buf form;
        uint64_t texts = 0;
        ch_buf_init(&form, who.len + 16);
        ch_buf_printf(&form, "%s%.*s", kinds[i], CH_STR_ARG(who));
        rc = erase(c->k, CH_LOG_NO_ENTRY, ch_buf_str(&form), ch_str_of(c->who.text), reason, &texts,
                   err);
        ch_buf_done(&form);
        *ret_texts += texts;
        busy = busy || rc == CH_E_BUSY;
        rc = rc == CH_E_NOT_FOUND || rc == CH_E_BUSY ? CH_OK : rc;
    }
    return rc != CH_OK ? rc : *ret_texts == 0 ? CH_E_NOT_FOUND : busy ? CH_E_BUSY : CH_OK;
}

enum step command_audit_erase(struct command *c)
{
    struct ch_str who = command_option(c, "who"), number = command_option(c, "entry");
    struct ch_str reason = ch_str_trim(command_option(c, "reason"));
    uint64_t entry = CH_LOG_NO_ENTRY, texts = 0;
    struct ch_err err;
    if ((who.len > 0) == (number.ptr != NULL)) {
        return command_end(c, 2, "audit erase: expected --who TEXT or --entry NUMBER");
    }
    if (number.ptr != NULL && (!ch_str_u64(number, &entry) || entry > INT64_MAX)) {
        return command_end(c, 2, "--entry: expected the number of an entry");
    }
    if (reason.len == 0 || reason.len > 500) {
        return command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
    }
    enum ch_code rc = who.len > 0
                          ? erase_who(c, who, reason, &texts, &err)
                          : erase(c->k, entry, who, ch_str_of(c->who.text), reason, &texts, &err);
    if (rc == CH_E_BUSY) {
        return command_end(c, 1, "%llu texts were erased, but %s: erase something again later",
                           (unsigned long long)texts, err.msg);
    }
    if (rc != CH_OK) {
        return command_end(c, 1, "nothing was erased: %s", err.msg);
    }
    command_print(c, "%llu text%s erased; the log says that, by whom and why\n",
                  (unsigned long long)texts, texts == 1 ? "" : "s");
    if (who.len > 0) {
        command_print(c, "texts that have it among other words stay: customhouse audit search "
                         "--who finds them, --entry NUMBER erases one\n");
    }
    return command_end(c, 0, "%s", "");
}

/* What waits under no seal of the log's key is signed on a person's word. */
enum step command_audit_accept(struct command *c)
{
    struct ch_str reason = ch_str_trim(command_option(c, "reason"));
    uint64_t entries = 0;
    struct ch_err err;
    if (reason.len == 0 || reason.len > 500) {
        return command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
    }
    struct ch_buf list;
    ch_buf_init(&list, 64u << 20);
    enum ch_code rc = audit_accept(c->k, ch_str_of(c->who.text), reason, &entries, &list, &err);
    if (rc == CH_OK) {
        command_put(c, ch_buf_str(&list));
    }
    ch_buf_done(&list);
    if (rc != CH_OK) {
        return command_end(c, 1, "nothing was accepted: %s", err.msg);
    }
    if (altered_check_again(c->k, &err) != CH_OK) {
        return command_end(c, 1, "they are signed; approvals count from the next start on: %s",
                           err.msg);
    }
    command_print(c,
                  "%llu entr%s that nobody had sealed %s signed as they are; the log says that, by "
                  "whom and why\n",
                  (unsigned long long)entries, entries == 1 ? "y" : "ies",
                  entries == 1 ? "is" : "are");
    return command_end(c, 0, "%s", "");
}

/* What of people is not as the log says has ended, on a person's word. */
enum step command_audit_settle(struct command *c)
{
    struct ch_str reason = ch_str_trim(command_option(c, "reason"));
    size_t rows = 0;
    struct ch_err err;
    if (reason.len == 0 || reason.len > 500) {
        return command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
    }
    if (people_settle_altered(c->k, ch_str_of(c->who.text), reason, &rows, &err) != CH_OK) {
        return command_end(c, 1, "nothing was settled: %s", err.msg);
    }
    command_print(c,
                  "%zu row%s about users, groups and tokens %s ended; the log says that, by whom "
                  "and why. audit verify goes on naming what was altered\n",
                  rows, rows == 1 ? "" : "s", rows == 1 ? "has" : "have");
    return command_end(c, 0, "%s", "");
}
