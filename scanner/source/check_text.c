/* Texts: literals (and constants put together) by what they name. */
#include <string.h>

#include "scanner/source/source_int.h"

enum {
    SHORT_TEXT = 300,  /* longer ones that name a path are documentation */
    LONG_LITERAL = 2000,
    ANALYSIS_HINTS = 4,
};

enum what {
    W_SECRET,    /* `seen` says of which kind */
    W_AUTOSTART,
    W_START, /* at the end of the text */
    W_SETTINGS,
    W_LOGIN,
    W_RUN_KEY,
    W_DROP_ADDRESS, /* followed by a digit, or by what stands in `after` */
    W_DROP_HOST,
    W_MINER,
    W_ANALYSIS,
    W_WALLET_PATTERN,
    W_SHELL,
    W_ADDRESS,
    W_PYTHON, /* at the end of the text */
    W_CLOUD,
    W_TOKEN,
};

/* In lower case. */
static const struct {
    const char *text;
    enum what what;
    uint32_t seen;
} words[] = {
    {".ssh/id_", W_SECRET, SEEN_SSH},
    {".ssh/authorized_keys", W_SECRET, SEEN_SSH},
    {"authorized_keys", W_LOGIN, 0},
    {"/.ssh", W_SECRET, SEEN_SSH},
    {".aws/credentials", W_SECRET, SEEN_CLOUD},
    {".kube/config", W_SECRET, SEEN_CLOUD},
    {".config/gcloud", W_SECRET, SEEN_CLOUD},
    {".azure/accesstokens", W_SECRET, SEEN_CLOUD},
    {".docker/config.json", W_SECRET, SEEN_CLOUD},
    {".netrc", W_SECRET, SEEN_TOKENS},
    {".pypirc", W_SECRET, SEEN_TOKENS},
    {".npmrc", W_SECRET, SEEN_TOKENS},
    {".git-credentials", W_SECRET, SEEN_TOKENS},
    {"chrome/user data", W_SECRET, SEEN_BROWSER},
    {"chrome\\user data", W_SECRET, SEEN_BROWSER},
    {".config/google-chrome", W_SECRET, SEEN_BROWSER},
    {"login data", W_SECRET, SEEN_BROWSER},
    {"cookies.sqlite", W_SECRET, SEEN_BROWSER},
    {"logins.json", W_SECRET, SEEN_BROWSER},
    {"bravesoftware", W_SECRET, SEEN_BROWSER},
    {"wallet.dat", W_SECRET, SEEN_WALLET},
    {"exodus.wallet", W_SECRET, SEEN_WALLET},
    {".electrum/wallets", W_SECRET, SEEN_WALLET},
    {"ethereum/keystore", W_SECRET, SEEN_WALLET},
    {"nkbihfbeogaeaoehlefnkodbefgpgknn", W_SECRET, SEEN_WALLET},
    {"/etc/shadow", W_SECRET, SEEN_SHADOW},
    {".bashrc", W_AUTOSTART, 0},
    {".bash_profile", W_AUTOSTART, 0},
    {".zshrc", W_AUTOSTART, 0},
    {"/.profile", W_AUTOSTART, 0},
    {".zprofile", W_AUTOSTART, 0},
    {".zshenv", W_AUTOSTART, 0},
    {".bash_login", W_AUTOSTART, 0},
    {".bash_aliases", W_AUTOSTART, 0},
    {".xprofile", W_AUTOSTART, 0},
    {"/etc/profile", W_AUTOSTART, 0},
    {"/etc/bash.bashrc", W_AUTOSTART, 0},
    {"/etc/ld.so.preload", W_AUTOSTART, 0},
    {"fish/config.fish", W_AUTOSTART, 0},
    {"fish/conf.d/", W_AUTOSTART, 0},
    {"/systemd/system/", W_AUTOSTART, 0},
    {"powershell_profile.ps1", W_AUTOSTART, 0},
    {"/etc/cron", W_AUTOSTART, 0},
    {"/var/spool/cron", W_AUTOSTART, 0},
    {"/etc/systemd/system", W_AUTOSTART, 0},
    {".config/systemd/user", W_AUTOSTART, 0},
    {"/launchagents", W_AUTOSTART, 0},
    {"/launchdaemons", W_AUTOSTART, 0},
    {"/etc/rc.local", W_AUTOSTART, 0},
    {"programs\\startup", W_AUTOSTART, 0},
    {".config/autostart", W_AUTOSTART, 0},
    {"profile_default/startup/", W_AUTOSTART, 0},
    {"/pip.conf", W_SETTINGS, 0},
    {".pip/pip.conf", W_SETTINGS, 0},
    {"pip.ini", W_SETTINGS, 0},
    {"uv/uv.toml", W_SETTINGS, 0},
    {".gitconfig", W_SETTINGS, 0},
    {".git/hooks", W_SETTINGS, 0},
    {".claude/", W_SETTINGS, 0},
    {"claude_desktop_config.json", W_SETTINGS, 0},
    {".cursor/", W_SETTINGS, 0},
    {".codeium/", W_SETTINGS, 0},
    {".gemini/", W_SETTINGS, 0},
    {".vscode/tasks.json", W_SETTINGS, 0},
    {".vscode/settings.json", W_SETTINGS, 0},
    {".vscode/extensions", W_SETTINGS, 0},
    {"sitecustomize.py", W_START, 0},
    {"usercustomize.py", W_START, 0},
    {".pth", W_START, 0},
    {".py", W_PYTHON, 0},
    {"169.254.169.254/latest/meta-data/iam", W_CLOUD, 0},
    {"/computemetadata/v1/instance/service-accounts", W_CLOUD, 0},
    {"169.254.169.254/metadata/identity", W_CLOUD, 0},
    {"169.254.170.2/v2/credentials", W_CLOUD, 0},
    {"kubernetes.io/serviceaccount/token", W_TOKEN, 0},
    {"currentversion\\run", W_RUN_KEY, SEEN_RUN_KEY},
    {"discord.com/api/webhooks/", W_DROP_ADDRESS, 0},
    {"discordapp.com/api/webhooks/", W_DROP_ADDRESS, 0},
    {"api.telegram.org/bot", W_DROP_ADDRESS, 0},
    {"hooks.slack.com/services/t", W_DROP_ADDRESS, 0},
    {"webhook.site", W_DROP_HOST, 0},
    {"pastebin.com/raw", W_DROP_HOST, 0},
    {"transfer.sh", W_DROP_HOST, 0},
    {"gofile.io", W_DROP_HOST, 0},
    {"anonfiles.com", W_DROP_HOST, 0},
    {"ngrok.io", W_DROP_HOST, 0},
    {"ngrok-free.app", W_DROP_HOST, 0},
    {"pipedream.net", W_DROP_HOST, 0},
    {"oastify.com", W_DROP_HOST, 0},
    {"oast.fun", W_DROP_HOST, 0},
    {"interact.sh", W_DROP_HOST, 0},
    {"burpcollaborator.net", W_DROP_HOST, 0},
    {"trycloudflare.com", W_DROP_HOST, 0},
    {"serveo.net", W_DROP_HOST, 0},
    {"stratum+tcp://", W_MINER, 0},
    {"stratum+ssl://", W_MINER, 0},
    {"vboxservice", W_ANALYSIS, 1 << 0},
    {"vboxtray", W_ANALYSIS, 1 << 1},
    {"vmtoolsd", W_ANALYSIS, 1 << 2},
    {"vmwaretray", W_ANALYSIS, 1 << 3},
    {"wireshark", W_ANALYSIS, 1 << 4},
    {"sbiedll", W_ANALYSIS, 1 << 5},
    {"ollydbg", W_ANALYSIS, 1 << 6},
    {"x64dbg", W_ANALYSIS, 1 << 7},
    {"fiddler", W_ANALYSIS, 1 << 8},
    {"joeboxserver", W_ANALYSIS, 1 << 9},
    {"processhacker", W_ANALYSIS, 1 << 10},
    {"httpdebugger", W_ANALYSIS, 1 << 11},
    {"[13][a-km-za-hj-np-z1-9]", W_WALLET_PATTERN, SEEN_WALLET_PATTERN},
    {"0x[a-fa-f0-9]{40}", W_WALLET_PATTERN, SEEN_WALLET_PATTERN},
    {"/dev/tcp/", W_SHELL, 0},
    {"://", W_ADDRESS, 0},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Two bytes, letters without their case, and others as they come. */
static uint32_t pair(char a, char b)
{
    return ((uint32_t)(uint8_t)a | (uint32_t)(uint8_t)b << 8) | 0x2020U;
}

static bool matches_at(struct ch_str s, size_t at, const char *word)
{
    for (; *word != '\0'; word++, at++) {
        if (at == s.len || lower(s.ptr[at]) != *word) {
            return false;
        }
    }
    return true;
}

const char *contains(struct ch_str s, const char *const *list, size_t count)
{
    for (size_t at = 0; at < s.len; at++) {
        for (size_t i = 0; i < count; i++) {
            if (matches_at(s, at, list[i])) {
                return list[i];
            }
        }
    }
    return NULL;
}

/* Which two bytes a word may begin with, in lower case: most of a text is passed over by this. And the words that
 * begin so, one after the other. */
static struct {
    uint64_t first[(1 << 16) / 64];
    uint8_t heads[256]; /* + 1 */
    uint8_t next[CH_ARRAY_LEN(words)];
    bool made;
} by_start;
_Static_assert(CH_ARRAY_LEN(words) < 256, "an index is a byte");

static uint8_t start_slot(uint32_t two)
{
    return (uint8_t)(two * 7 ^ two >> 8);
}

static void make_starts(void)
{
    for (size_t i = CH_ARRAY_LEN(words); !by_start.made && i-- > 0;) { /* in the order of the table */
        uint32_t two = pair(words[i].text[0], words[i].text[1]);
        uint8_t *head = &by_start.heads[start_slot(two)];
        by_start.first[two / 64] |= (uint64_t)1 << two % 64;
        by_start.next[i] = *head;
        *head = (uint8_t)(i + 1);
    }
    by_start.made = true;
}

/* An IPv4 address after "://" that is of a public network. */
bool text_address(struct ch_str s)
{
    uint32_t parts[4];
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        size_t digit_count = 0;
        uint32_t v = 0;
        while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9' && digit_count < 4) {
            v = v * 10 + (uint32_t)(s.ptr[at++] - '0');
            digit_count++;
        }
        if (digit_count == 0 || v > 255 || (i < 3 && (at == s.len || s.ptr[at++] != '.'))) {
            return false;
        }
        parts[i] = v;
    }
    bool ends = at == s.len || s.ptr[at] == ':' || s.ptr[at] == '/' || s.ptr[at] == '\n';
    bool local = parts[0] == 0 || parts[0] == 10 || parts[0] == 127 || parts[0] >= 224 ||
                 (parts[0] == 172 && parts[1] >= 16 && parts[1] < 32) ||
                 (parts[0] == 192 && parts[1] == 168) || (parts[0] == 169 && parts[1] == 254) ||
                 (parts[0] == 192 && parts[1] == 0 && parts[2] == 2) ||
                 (parts[0] == 198 && parts[1] == 51) || (parts[0] == 203 && parts[1] == 0) ||
                 (parts[0] == parts[1] && parts[1] == parts[2]) ||
                 (parts[0] == 1 && parts[1] == 2 && parts[2] == 3);
    return ends && !local;
}

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '-';
}

/* Of a cluster or a site only what that alone can resolve is its own. */
bool text_public_host(const struct value *v)
{
    static const char *const own[] = {".svc", ".local", ".internal", ".localhost"};
    struct ch_str host = v->kind == VALUE_TEXT ? v->text : (struct ch_str){NULL, 0};
    size_t at;
    size_t end = 0;
    if (ch_str_find(host, CH_STR("://"), &at)) {
        host = ch_str_sub(host, at + 3, host.len);
    }
    while (end < host.len && (is_token_char(host.ptr[end]) || host.ptr[end] == '.')) {
        end++;
    }
    host.len = end;
    if (end > 0 && host.ptr[0] >= '0' && host.ptr[0] <= '9') {
        return text_address(host);
    }
    bool site = ch_str_starts(host, CH_STR("kubernetes."));
    for (size_t i = 0; i < CH_ARRAY_LEN(own); i++) {
        site = site || ch_str_ends(host, ch_str_of(own[i]));
    }
    return !site && ch_str_find_char(host, '.', &at) && at > 0 && at + 1 < host.len;
}

/* T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX, as Slack's own documents write it: nobody's ids, and no
 * secret. */
static bool is_sample_of_slack(struct ch_str team, struct ch_str channel, struct ch_str secret)
{
    bool is = channel.len > 1 && secret.len > 0;
    for (size_t i = 0; i < team.len; i++) {
        is = is && team.ptr[i] == '0';
    }
    for (size_t i = 1; i < channel.len; i++) {
        is = is && channel.ptr[i] == '0';
    }
    for (size_t i = 0; i < secret.len && is_token_char(secret.ptr[i]); i++) {
        is = is && lower(secret.ptr[i]) == 'x';
    }
    return is;
}

/* A number of at least eight digits, or of Slack an id: the address is of somebody's channel. */
static bool has_key(struct ch_str after, const char *word)
{
    size_t n = 0;
    bool slack = strncmp(word, "hooks", 5) == 0;
    while (n < after.len && (slack ? is_token_char(after.ptr[n])
                                   : after.ptr[n] >= '0' && after.ptr[n] <= '9')) {
        n++;
    }
    size_t key = 0;
    while (n + 1 + key < after.len && is_token_char(after.ptr[n + 1 + key])) {
        key++;
    }
    bool sample = n > 0 && after.ptr[0] == 'x';
    sample = sample || (slack && is_sample_of_slack(ch_str_sub(after, 0, n),
                                                    ch_str_sub(after, n + 1, key),
                                                    ch_str_sub(after, n + 2 + key, after.len)));
    return n >= 8 && key >= 8 && !sample && (after.ptr[n] == '/' || after.ptr[n] == ':');
}

static uint32_t found_word(struct file *f, size_t i, struct ch_str s, size_t at, uint32_t line)
{
    size_t n = strlen(words[i].text);
    struct ch_str after = ch_str_sub(s, at + n, s.len);
    struct ch_str show = ch_str_sub(s, at > 20 ? at - 20 : 0, 120);
    bool is_short = s.len <= SHORT_TEXT;
    switch (words[i].what) {
    case W_SECRET:
        if (is_short) {
            f->seen |= words[i].seen;
            f->secret_line = f->secret_line == 0 ? line : f->secret_line;
            capability(f, CAP_CREDENTIALS);
        }
        return is_short ? MARK_SECRET : 0;
    case W_AUTOSTART:
        return is_short ? MARK_AUTOSTART : 0;
    case W_START:
        return is_short && after.len == 0 ? MARK_START : 0;
    case W_SETTINGS:
        return is_short ? MARK_SETTINGS : 0;
    case W_LOGIN:
        return is_short ? MARK_LOGIN : 0;
    case W_PYTHON:
        return is_short && after.len == 0 ? MARK_PYTHON : 0;
    case W_CLOUD:
        return is_short ? MARK_CLOUD : 0;
    case W_TOKEN:
        return is_short ? MARK_TOKEN : 0;
    case W_RUN_KEY:
    case W_WALLET_PATTERN:
        f->seen |= words[i].seen;
        return 0;
    case W_DROP_ADDRESS:
        if (has_key(after, words[i].text)) {
            report(f, CH_F_SOURCE_DROP_ADDRESS, line, show);
        }
        return 0;
    case W_DROP_HOST:
        if (is_short && at > 0 && (s.ptr[at - 1] == '/' || s.ptr[at - 1] == '.')) {
            report(f, CH_F_SOURCE_DROP_HOST, line, show);
        }
        return 0;
    case W_MINER:
        if (is_short) {
            report(f, CH_F_SOURCE_MINER, line, show);
        }
        return 0;
    case W_ANALYSIS:
        f->analysis_hints |= words[i].seen;
        f->analysis_line = line;
        return 0;
    case W_SHELL:
        if (is_short) {
            report(f, CH_F_SOURCE_REVERSE_SHELL, line, show);
        }
        return 0;
    case W_ADDRESS:
        if (is_short && text_address(after)) {
            report(f, CH_F_SOURCE_BARE_ADDRESS, line, show);
        }
        return 0;
    }
    return 0;
}

uint64_t text_marks(struct file *f, struct ch_str s, uint32_t line)
{
    uint64_t marks = 0;
    make_starts();
    for (size_t at = 0; at + 1 < s.len; at++) {
        uint32_t two = pair(s.ptr[at], s.ptr[at + 1]);
        if ((by_start.first[two / 64] >> two % 64 & 1) == 0) {
            continue;
        }
        for (size_t i = by_start.heads[start_slot(two)]; i != 0; i = by_start.next[i - 1]) {
            if (matches_at(s, at, words[i - 1].text)) {
                marks |= found_word(f, i - 1, s, at, line);
            }
        }
    }
    return marks;
}

/* Letters and digits without blanks, in about equal numbers: base64, hex, base85. */
static bool looks_encoded(struct ch_str s)
{
    size_t counts[256] = {0};
    size_t distinct = 0;
    for (size_t i = 0; i < s.len; i++) {
        distinct += counts[(unsigned char)s.ptr[i]]++ == 0 ? 1 : 0;
    }
    size_t blanks = counts[' '] + counts['\t'] + counts['\n'];
    size_t most = 0;
    for (size_t c = 0; c < 256; c++) {
        most = counts[c] > most ? counts[c] : most;
    }
    return blanks * 40 < s.len && distinct >= 16 && most * 5 < s.len;
}

bool text_encoded(const struct value *v)
{
    enum { SHORTEST = 32 };
    uint32_t kinds = 0;
    if (v->kind != VALUE_TEXT || v->text.len < SHORTEST) {
        return false;
    }
    for (size_t i = 0; i < v->text.len; i++) {
        char c = v->text.ptr[i];
        if (!is_token_char(c) && c != '+' && c != '/' && c != '=') {
            return false;
        }
        kinds |= c >= 'a' && c <= 'z' ? 1U : c >= 'A' && c <= 'Z' ? 2U : c >= '0' && c <= '9' ? 4U : 0U;
    }
    return kinds == 7;
}

void check_literal(struct file *f, struct value *v, uint32_t line)
{
    if (v->kind != VALUE_TEXT) {
        return;
    }
    v->marks |= text_marks(f, v->text, line);
    sees_dash_m(f, v->text);
    if (v->text.len >= LONG_LITERAL && looks_encoded(v->text)) {
        v->marks |= MARK_BLOB;
        report(f, CH_F_SOURCE_LONG_LITERAL, line, ch_str_sub(v->text, 0, 60));
    }
}

/* --- at the end of a file --- */

static uint32_t bit_count(uint32_t v)
{
    return (uint32_t)__builtin_popcount(v);
}

void check_end(struct file *f)
{
    starts_programs(f);
    uint32_t secrets = f->seen & SEEN_SECRETS;
    if ((f->seen & SEEN_SEND) != 0 && secrets != 0) {
        /* Several kinds at once are of no use to anyone but a thief. */
        report(f, bit_count(secrets) >= 2 ? CH_F_SOURCE_SECRET_THEFT : CH_F_SOURCE_SECRET_NETWORK,
               f->secret_line, CH_STR("paths of credentials, and calls that send data"));
    }
    if (f->dup2_count > 0 && (f->seen & SEEN_PROCESS) != 0) {
        report(f, CH_F_SOURCE_REVERSE_SHELL, f->secret_line,
               CH_STR("a socket becomes standard input or output of a program"));
    }
    if (bit_count(f->analysis_hints) >= ANALYSIS_HINTS) {
        report(f, CH_F_SOURCE_ANTI_ANALYSIS, f->analysis_line,
               CH_STR("names of tools that watch programs"));
    }
    if ((f->seen & SEEN_KEYS) != 0 && (f->seen & SEEN_NETWORK) != 0) {
        report(f, CH_F_SOURCE_KEYLOGGER, 0, CH_STR("keyboard hook and network"));
    }
    if ((f->seen & SEEN_CLIPBOARD) != 0 && (f->seen & SEEN_WALLET_PATTERN) != 0) {
        report(f, CH_F_SOURCE_CLIPBOARD, 0, CH_STR("clipboard and a pattern of wallet addresses"));
    }
}
