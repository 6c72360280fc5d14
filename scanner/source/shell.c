/* Commands that source starts, and scripts of shells, line by line. */
#include <string.h>

#include "scanner/source/source_int.h"

static bool has(struct ch_str s, const char *word)
{
    return contains(s, &word, 1) != NULL;
}

/* Files of credentials go into a program that sends them. */
static bool sends_secrets(struct ch_str s)
{
    static const char *const secrets[] = {"~/.ssh",  "/.ssh/",  "~/.aws",          ".aws/credentials",
                                          "~/.kube", ".netrc",  ".npmrc",          ".pypirc",
                                          ".gnupg",  "/shadow", ".git-credentials"};
    static const char *const upload[] = {" --data", " -d @", "@-", " -f ", " -t ", " --upload-file",
                                         " --post-file"};
    return contains(s, secrets, CH_ARRAY_LEN(secrets)) != NULL &&
           (has(s, "curl ") || has(s, "wget ")) &&
           contains(s, upload, CH_ARRAY_LEN(upload)) != NULL;
}

bool check_command(struct file *f, struct ch_str s, uint32_t line)
{
    static const char *const fetches[] = {"pip install", "pip3 install", "npm install", "curl ",
                                          "wget "};
    static const char *const into_shell[] = {"| sh",     "|sh",     "| bash",    "|bash",
                                             "| sudo",   "| python", "|python",  "$(curl"};
    static const char *const encoded[] = {" -enc",  "-encodedcommand", "frombase64string",
                                          " -e jab", "downloadstring", "invoke-expression", "iex("};
    static const char *const tools[] = {"certutil -urlcache", "bitsadmin /transfer", "mshta http",
                                        "mshta javascript"};
    static const char *const planned[] = {"schtasks /create", "| crontab", "|crontab",
                                          "currentversion\\run"};
    bool fetch = has(s, "curl ") || has(s, "wget ");
    if ((fetch && contains(s, into_shell, CH_ARRAY_LEN(into_shell)) != NULL) ||
        (has(s, "powershell") && contains(s, encoded, CH_ARRAY_LEN(encoded)) != NULL) ||
        contains(s, tools, CH_ARRAY_LEN(tools)) != NULL ||
        (has(s, "base64 -d") && contains(s, into_shell, CH_ARRAY_LEN(into_shell)) != NULL)) {
        report(f, CH_F_SOURCE_HIDDEN_COMMAND, line, ch_str_sub(s, 0, 150));
    }
    if (contains(s, planned, CH_ARRAY_LEN(planned)) != NULL) {
        capability(f, CAP_PERSISTENCE);
        report(f, CH_F_SOURCE_PERSISTENCE, line, ch_str_sub(s, 0, 150));
    }
    if (sends_secrets(s)) {
        report(f, CH_F_SOURCE_SECRET_THEFT, line, ch_str_sub(s, 0, 150));
    }
    return contains(s, fetches, CH_ARRAY_LEN(fetches)) != NULL;
}

/* --- scripts --- */

/* The next line, and those that a backslash joins to it. */
static bool take_line(struct ch_str *rest, uint32_t *number, struct ch_buf *ret)
{
    struct ch_str line;
    ch_buf_clear(ret);
    bool more = false;
    do {
        if (!ch_str_split(rest, '\n', &line)) {
            return more;
        }
        line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r' ? 1 : 0;
        more = line.len > 0 && line.ptr[line.len - 1] == '\\';
        ch_buf_puts(ret, ch_str_sub(line, 0, line.len - (more ? 1 : 0)));
        (*number)++;
    } while (more);
    return true;
}

void ch_source_shell(struct ch_source *s, struct ch_str path, enum ch_code_place place,
                     struct ch_str bytes)
{
    struct file *f = ch_calloc(1, sizeof(*f));
    struct ch_buf line;
    struct ch_str rest = bytes;
    f->source = s;
    f->path = path;
    f->place = place;
    ch_buf_init(&line, bytes.len + 1);
    for (uint32_t number = 0; take_line(&rest, &number, &line);) {
        struct ch_str text = ch_str_trim(ch_buf_str(&line));
        if (text.len > 0 && text.ptr[0] != '#') {
            CH_IGNORE(check_command(f, text, number));
            CH_IGNORE(text_marks(f, text, number));
        }
    }
    ch_buf_done(&line);
    file_done(f);
}
