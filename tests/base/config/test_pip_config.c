#include "tests/ch_test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/pip_config.h"
#include "customhouse/limits.h"

#define BUILT_IN "https://builtin.example.org/simple\n"

/* NAME=VALUE lines that stand for the environment. */
static const char *environment;
static char found[256];

static const char *fake_env(const char *name)
{
    struct ch_str rest = ch_str_of(environment);
    struct ch_str line = {NULL, 0};
    size_t n = strlen(name);
    while (ch_str_split(&rest, '\n', &line)) {
        if (line.len > n && line.ptr[n] == '=' && ch_str_starts(line, ch_str_of(name))) {
            snprintf(found, sizeof(found), "%.*s", (int)(line.len - n - 1), line.ptr + n + 1);
            return found;
        }
    }
    return NULL;
}

static const struct row {
    const char *label;
    const char *listing;
    const char *env;
    const char *index;
    const char *user;
    const char *password;
    const char *api;
    const char *ca;
    const char *proxy;
    const char *note; /* some note says this */
} rows[] = {
    {"nothing configured", "", "", "https://builtin.example.org/simple", NULL, NULL,
     "https://builtin.example.org/pypi", NULL, NULL, "built-in"},
    {"global", "global.index-url='https://a.example.org/simple/'\n", "",
     "https://a.example.org/simple", NULL, NULL, "https://a.example.org/pypi", NULL, NULL,
     "as pip is configured"},
    {"install over global",
     "install.index-url='https://b.example.org/x'\nglobal.index-url='https://a.example.org/"
     "simple'\n",
     "", "https://b.example.org/x", NULL, NULL, NULL, NULL, NULL, NULL},
    {"environment over install",
     ":env:.index-url='https://c.example.org'\ninstall.index-url='https://b.example.org'\n", "",
     "https://c.example.org", NULL, NULL, NULL, NULL, NULL, NULL},
    {"empty values do not count", ":env:.index-url=''\nglobal.index-url='https://a.example.org'\n",
     "", "https://a.example.org", NULL, NULL, NULL, NULL, NULL, NULL},
    {"another command's section", "search.index-url='https://a.example.org'\n", "",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, NULL},
    {"a longer key", "global.index-url-x='https://a.example.org'\n", "",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, NULL},
    {"credentials", "global.index-url='https://u%40x:p%3a@w@a.example.org/simple'\n", "",
     "https://a.example.org/simple", "u@x", "p:@w", "https://a.example.org/pypi", NULL, NULL, NULL},
    {"a token alone", "global.index-url='https://token@a.example.org'\n", "",
     "https://a.example.org", "token", "", NULL, NULL, NULL, NULL},
    {"certificate", ":env:.cert='/etc/ca.pem'\n", "REQUESTS_CA_BUNDLE=/other.pem",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi",
     "/etc/ca.pem", NULL, NULL},
    {"certificate of the environment", "", "CURL_CA_BUNDLE=/other.pem",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi",
     "/other.pem", NULL, NULL},
    {"relative certificate", "global.cert='ca.pem'\n", "", "https://builtin.example.org/simple",
     NULL, NULL, "https://builtin.example.org/pypi", NULL, NULL, "not an absolute path: ca.pem"},
    {"proxy", "global.proxy='proxy.example.org:3128'\n", "https_proxy=http://other.example.org:1",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     "http://proxy.example.org:3128", NULL},
    {"proxy of the environment", "", "HTTPS_PROXY=http://u:p@other.example.org:1/",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     "http://other.example.org:1", NULL},
    {"proxy of the other scheme", "", "http_proxy=http://other.example.org:1",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, NULL},
    {"no proxy for it", "", "https_proxy=http://other.example.org:1\nno_proxy=a, .example.org",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, NULL},
    {"no proxy for its network", "global.index-url='http://10.1.2.3:8081/x'\n",
     "http_proxy=http://other.example.org:1\nNO_PROXY=localhost,10.0.0.0/8",
     "http://10.1.2.3:8081/x", NULL, NULL, NULL, NULL, NULL, NULL},
    {"no proxy for another port", "global.index-url='http://10.1.2.3:8081/x'\n",
     "http_proxy=http://other.example.org:1\nNO_PROXY=10.1.2.3:80", "http://10.1.2.3:8081/x", NULL,
     NULL, NULL, NULL, "http://other.example.org:1", NULL},
    {"no proxy for a name like it", "",
     "all_proxy=http://other.example.org:1\nno_proxy=ample.org,in.example.org",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     "http://other.example.org:1", NULL},
    {"extra indexes", "global.extra-index-url='\\nhttps://u:secret@d.example.org/s\\nhttps://e'\n",
     "", "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, "of its own): https://d.example.org/s"},
    {"find-links", ":env:.find-links=\"/opt/it's here\"\n", "",
     "https://builtin.example.org/simple", NULL, NULL, "https://builtin.example.org/pypi", NULL,
     NULL, "find-links left out: /opt/it's"},
    {"trusted-host", "global.trusted-host='a\\x1b'\n", "", "https://builtin.example.org/simple",
     NULL, NULL, "https://builtin.example.org/pypi", NULL, NULL, "stay checked: a"},
};

static void check(const char *label, const char *what, const char *got, const char *want)
{
    if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0)) {
        fail_msg("%s: %s is %s", label, what, got == NULL ? "not there" : got);
    }
}

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct ch_pip_config c = {0};
        struct ch_err err;
        environment = r->env;
        assert_ch_ok(&err,
                     ch_pip_read(ch_str_of(r->listing), CH_STR(BUILT_IN), fake_env, &c, &err));
        check(r->label, "index", c.index_url, r->index);
        check(r->label, "user", c.user, r->user);
        check(r->label, "password", c.password, r->password);
        check(r->label, "API", c.api_url_guess, r->api);
        check(r->label, "certificate", c.ca_file, r->ca);
        check(r->label, "proxy", c.proxy, r->proxy);
        bool noted = r->note == NULL;
        for (size_t k = 0; k < c.note_count; k++) {
            noted = noted || strstr(c.notes[k], r->note) != NULL;
            assert_null(strstr(c.notes[k], "secret"));
            assert_null(strchr(c.notes[k], '\x1b'));
        }
        if (!noted) {
            fail_msg("%s: no note says: %s", r->label, r->note);
        }
        ch_pip_config_done(&c);
        ch_pip_config_done(&c); /* twice is harmless */
    }
}

static void test_no_index(void **state)
{
    (void)state;
    static const struct {
        const char *listing;
        bool no_index;
    } all[] = {
        {"", false},
        {":env:.no-index='1'\n", true},
        {"global.no-index='true'\nglobal.index-url='https://a.example.org'\n", true},
        {"install.no-index='yes'\n", true},
        {"global.no-index='1'\n:env:.no-index='0'\n", false},
        {"global.no-index='False'\n", false},
        {"global.no-index='what'\n", true}, /* pip would not start: nothing is asked either */
        {"search.no-index='1'\n", false},
    };
    environment = "";
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct ch_pip_config c = {0};
        struct ch_err err;
        assert_ch_ok(&err,
                     ch_pip_read(ch_str_of(all[i].listing), CH_STR(BUILT_IN), fake_env, &c, &err));
        if (c.no_index != all[i].no_index) {
            fail_msg("row %zu", i);
        }
        ch_pip_config_done(&c);
    }
}

static void test_proxy_credentials(void **state)
{
    (void)state;
    struct ch_pip_config c = {0};
    struct ch_err err;
    environment = "https_proxy=http://u:p@other.example.org:1";
    assert_ch_ok(&err, ch_pip_read(CH_STR(""), CH_STR(BUILT_IN), fake_env, &c, &err));
    assert_string_equal(c.proxy_user, "u");
    assert_string_equal(c.proxy_password, "p");
    ch_pip_config_done(&c);
}

static void test_read_errors(void **state)
{
    (void)state;
    static const struct {
        const char *listing;
        const char *built_in;
        enum ch_code code;
        const char *says;
    } bad[] = {
        {"", "", CH_E_NOT_FOUND, "give one with --pypi-upstream URL"},
        {"global.index-url='file:///srv/secret'\n", "", CH_E_USAGE, "does not start with http://"},
        {"global.index-url='https://u:secret@a b/'\n", "", CH_E_USAGE, "printable ASCII"},
        {"global.index-url='https://u:secret@/x'\n", "", CH_E_USAGE, "names no valid host"},
        {"global.index-url=https://a\n", "", CH_E_FORMAT, "value of index-url is not understood"},
        {"global.index-url='https://a\\q'\n", "", CH_E_FORMAT, "is not understood"},
        {"global.index-url='\n", "", CH_E_FORMAT, "is not understood"},
        {"global.proxy='socks5://secret'\n", BUILT_IN, CH_E_USAGE, "pip's proxy does not start"},
    };
    environment = "";
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        struct ch_pip_config c = {0};
        struct ch_err err = {.msg = ""};
        enum ch_code rc =
            ch_pip_read(ch_str_of(bad[i].listing), ch_str_of(bad[i].built_in), fake_env, &c, &err);
        if (rc != bad[i].code || strstr(err.msg, bad[i].says) == NULL ||
            strstr(err.msg, "secret") != NULL) {
            fail_msg("row %zu: %s: %s", i, ch_code_name(rc), err.msg);
        }
    }
}

/* --- the child: programs of our own, alone in PATH --- */

static char folder[] = "/tmp/customhouse-pip-XXXXXX";

static const char *const programs[] = {"pip", "pip3", "python3"};

static void path_of(const char *program, char path[64])
{
    snprintf(path, 64, "%s/%s", folder, program);
}

static void write_program(const char *program, const char *script)
{
    char path[64];
    path_of(program, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", script);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

static void remove_programs(void)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(programs); i++) {
        char path[64];
        path_of(programs[i], path);
        unlink(path);
    }
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/customhouse-pip-XXXXXX");
    return mkdtemp(folder) == NULL ? 1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_programs();
    return rmdir(folder);
}

/* Returns PATH as it was. */
static char *only_our_programs(void)
{
    char *path = strdup(getenv("PATH"));
    ch_limits.pip_output_bytes = 4096;
    ch_limits.pip_run_ms = 1500;
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    setenv("PIP_QUIET", "3", 1);
    assert_int_equal(setenv("PATH", folder, 1), 0);
    remove_programs();
    return path;
}

static void test_discover(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *script;
        enum ch_code code;
        const char *says;
    } scripts[] = {
        {"configured",
         "[ \"$PWD\" = / ] && [ \"$PIP_QUIET\" = 0 ] && [ \"$*\" = '-m pip config list' ] && "
         "echo \"global.index-url='https://a.example.org/simple'\" || exit 1",
         CH_OK, NULL},
        {"built in", "case $1 in -m) exit 0 ;; -c) echo https://a.example.org/simple/ ;; esac",
         CH_OK, NULL},
        {"no pip", "exit 1", CH_E_NOT_FOUND, "--pypi-upstream"},
        {"no built-in index", "[ \"$1\" = -m ]", CH_E_NOT_FOUND, "--pypi-upstream"},
        {"killed", "kill -9 $$", CH_E_NOT_FOUND, "--pypi-upstream"},
        {"endless", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
         CH_E_LIMIT, "more than 4096 bytes"},
        {"stays", "exec >&-; while :; do :; done", CH_E_TIMEOUT, "within 1500 ms"},
        {"silent", "while :; do :; done", CH_E_TIMEOUT, "within 1500 ms"},
    };
    char *path = only_our_programs();
    for (size_t i = 0; i < CH_ARRAY_LEN(scripts); i++) {
        struct ch_pip_config c = {0};
        struct ch_err err = {.msg = ""};
        write_program("python3", scripts[i].script);
        enum ch_code rc = ch_pip_discover(&c, &err);
        if (rc != scripts[i].code || (rc != CH_OK && strstr(err.msg, scripts[i].says) == NULL)) {
            fail_msg("%s: %s: %s", scripts[i].label, ch_code_name(rc), err.msg);
        }
        if (rc == CH_OK) {
            assert_string_equal(c.index_url, "https://a.example.org/simple");
        }
        ch_pip_config_done(&c);
    }
    setenv("PATH", path, 1);
    free(path);
}

#define CONFIGURED_PYTHON "echo \"global.index-url='https://m.example.org/simple'\""

/* pip that cannot read its configuration is there all the same, and its own words say what is
 * wrong: without what stands in the file, which may be a password. */
static void test_discover_says_what_pip_says(void **state)
{
    (void)state;
#define FAILS(text) "printf '" text "' >&2; exit 2"
    static const struct {
        const char *label, *pip, *python;
        enum ch_code code; /* CH_OK: python3 is asked, and says */
        const char *says;
    } all[] = {
        {"no section",
         FAILS("Configuration file could not be loaded.\\nFile contains no section headers.\\n"
               "file: \"/etc/pip.conf\", line: 1\\n'\"'\"'index-url = "
               "https://u:secret@a/s'\"'\"'\\n"),
         CONFIGURED_PYTHON, CH_E_USAGE,
         "pip config: Configuration file could not be loaded. File contains no section headers. "
         "file: \"/etc/pip.conf\", line: 1"},
        {"no value",
         FAILS("WARNING: something\\nConfiguration file could not be loaded.\\n"
               "Source contains parsing errors: /etc/pip.conf\\n\\t[line  2]: "
               "'\"'\"'secret\\\\n'\"'\"'\\n"),
         NULL, CH_E_USAGE, "parsing errors: /etc/pip.conf [line  2]"},
        {"by python3", NULL,
         FAILS("ERROR: Configuration file contains invalid UTF-8 in /a\\033.conf."), CH_E_USAGE,
         "python3 -m: ERROR: Configuration file contains invalid UTF-8 in /a\\x1b.conf"},
        {"another fault", FAILS("ModuleNotFoundError: no pip._internal"), CONFIGURED_PYTHON, CH_OK,
         NULL},
        {"another fault, and no other pip",
         FAILS("Traceback (most recent call last):\\n  File x\\nModuleNotFoundError: no "
               "pip._internal\\n"),
         FAILS("python3: No module named pip"), CH_E_NOT_FOUND,
         "pip config: ModuleNotFoundError: no pip._internal; mend that, or give"},
        {"long", FAILS("Configuration file %01000d"), NULL, CH_E_USAGE, "0.."},
        {"no module", NULL, FAILS("python3: No module named pip"), CH_E_NOT_FOUND,
         "there is no pip here"},
        {"endless", "while :; do echo Configuration file >&2 || exit 1; done", NULL, CH_E_USAGE,
         "Configuration file"},
    };
    char *path = only_our_programs();
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        const char *const scripts[] = {all[i].pip, NULL, all[i].python};
        struct ch_pip_config c = {0};
        struct ch_err err = {.msg = ""};
        remove_programs();
        for (size_t k = 0; k < CH_ARRAY_LEN(programs); k++) {
            if (scripts[k] != NULL) {
                write_program(programs[k], scripts[k]);
            }
        }
        enum ch_code rc = ch_pip_discover(&c, &err);
        if (rc != all[i].code || (rc != CH_OK && strstr(err.msg, all[i].says) == NULL) ||
            strstr(err.msg, "secret") != NULL || strstr(err.msg, "WARNING") != NULL) {
            fail_msg("%s: %s: %s", all[i].label, ch_code_name(rc), err.msg);
        }
        ch_pip_config_done(&c);
    }
    setenv("PATH", path, 1);
    free(path);
}

/* What a user starts as pip here is asked, before the one that some python3 would import. */
static void test_discover_order(void **state)
{
    (void)state;
#define CONFIGURED(name) "echo \"global.index-url='https://" name ".example.org/simple'\""
#define HELP(name)                                                                                 \
    "case $1 in config) exit 0 ;; install) [ \"$COLUMNS\" -gt 999 ] && echo '  -i, --index-url "   \
    "<url>  Base URL (default https://" name ".example.org/simple). This' && echo '  --retries "   \
    "<n>  How often (default 5)' ;; esac"
#define PYTHON                                                                                     \
    "case $1 in -m) " CONFIGURED("m") " ;; -c) echo https://b.example.org/simple/ ;; esac"
    static const struct {
        const char *label, *pip, *pip3, *python;
        const char *index; /* NULL: none is found */
    } asked[] = {
        {"pip first", CONFIGURED("p"), CONFIGURED("p3"), PYTHON, "https://p.example.org/simple"},
        {"pip3 then", NULL, CONFIGURED("p3"), PYTHON, "https://p3.example.org/simple"},
        {"a module last", NULL, NULL, PYTHON, "https://m.example.org/simple"},
        {"pip is broken", "exit 1", CONFIGURED("p3"), PYTHON, "https://p3.example.org/simple"},
        {"half an answer counts not", CONFIGURED("p") "; exit 1", "exit 1", PYTHON,
         "https://m.example.org/simple"},
        {"pip has no configuration: its own index counts", HELP("h"), NULL, PYTHON,
         "https://h.example.org/simple"},
        {"there is no python3", HELP("h"), NULL, NULL, "https://h.example.org/simple"},
        {"the help does not say it", "exit 0", NULL, PYTHON, "https://b.example.org/simple"},
        {"the help says another default",
         "[ $1 = config ] || echo '-i, --index-url <url> Base "
         "--retries <n> How often (default 5)'",
         NULL, PYTHON, "https://b.example.org/simple"},
        {"nobody says it", "exit 0", NULL, NULL, NULL},
        {"nobody is there", NULL, NULL, NULL, NULL},
    };
    char *path = only_our_programs();
    for (size_t i = 0; i < CH_ARRAY_LEN(asked); i++) {
        const char *const scripts[] = {asked[i].pip, asked[i].pip3, asked[i].python};
        struct ch_pip_config c = {0};
        struct ch_err err = {.msg = ""};
        remove_programs();
        for (size_t k = 0; k < CH_ARRAY_LEN(programs); k++) {
            if (scripts[k] != NULL) {
                write_program(programs[k], scripts[k]);
            }
        }
        enum ch_code rc = ch_pip_discover(&c, &err);
        enum ch_code expected = asked[i].index != NULL ? CH_OK : CH_E_NOT_FOUND;
        if (rc != expected || (rc == CH_OK && strcmp(c.index_url, asked[i].index) != 0)) {
            fail_msg("%s: %s: %s%s", asked[i].label, ch_code_name(rc), err.msg,
                     rc == CH_OK ? c.index_url : "");
        }
        ch_pip_config_done(&c);
    }
    setenv("PATH", path, 1);
    free(path);
}

/* The pip of a user's shell, which stands in the folder of that, and reads its configuration there.
 * So does the one of python3, which itself runs in another. */
static void test_discover_here(void **state)
{
    (void)state;
    static const struct {
        const char *program, *path, *variable, *value;
    } all[] = {
        {"pip", ".", "PIP_CONFIG_FILE", "here.conf"},
        {"python3", folder, "PIP_CONFIG_FILE", "here.conf"},
        {"python3", folder, "PIP_CONFIG_FILE", "./here.conf"},
        {"pip", ".", "XDG_CONFIG_HOME", "."},
        {"python3", folder, "XDG_CONFIG_HOME", "."},
    };
    char *path = only_our_programs();
    char before[PATH_MAX];
    char *home = getenv("XDG_CONFIG_HOME");
    home = home != NULL ? strdup(home) : NULL;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    FILE *f = fopen("here.conf", "we");
    assert_non_null(f);
    assert_true(fputs("global.index-url='https://here.example.org/simple'\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct ch_pip_config c = {0};
        struct ch_err err = {.msg = ""};
        remove_programs();
        write_program(all[i].program, "file=${PIP_CONFIG_FILE:-$XDG_CONFIG_HOME/here.conf}\n"
                                      "read -r line <\"$file\" && echo \"$line\"");
        setenv("PATH", all[i].path, 1);
        unsetenv("PIP_CONFIG_FILE");
        setenv(all[i].variable, all[i].value, 1);
        enum ch_code rc = ch_pip_discover(&c, &err);
        unsetenv(all[i].variable);
        if (rc != CH_OK) {
            fail_msg("%s, %s: %s: %s", all[i].program, all[i].variable, ch_code_name(rc), err.msg);
        }
        assert_string_equal(c.index_url, "https://here.example.org/simple");
        ch_pip_config_done(&c);
    }
    if (home != NULL) {
        setenv("XDG_CONFIG_HOME", home, 1);
    }
    setenv("PATH", path, 1);
    assert_int_equal(unlink("here.conf"), 0);
    assert_int_equal(chdir(before), 0);
    remove_programs();
    free(home);
    free(path);
}

/* The real pip, where there is one, told by its environment what to say. */
static void test_discover_real_pip(void **state)
{
    (void)state;
    struct ch_pip_config c = {0};
    struct ch_err err;
    ch_limits.pip_output_bytes = 262144;
    ch_limits.pip_run_ms = 60000;
    setenv("PIP_CONFIG_FILE", "/dev/null", 1);
    setenv("PIP_INDEX_URL", "https://user:pass@index.example.org/simple", 1);
    setenv("PIP_EXTRA_INDEX_URL", "https://extra.example.org/it's", 1);
    setenv("PIP_PROXY", "http://proxy.example.org:3128", 1);
    setenv("PIP_QUIET", "2", 1);
    enum ch_code rc = ch_pip_discover(&c, &err);
    if (rc == CH_E_NOT_FOUND) {
        print_message("skipped: %s\n", err.msg);
        skip();
    }
    if (rc != CH_OK) {
        fail_msg("%s", err.msg);
    }
    assert_string_equal(c.index_url, "https://index.example.org/simple");
    assert_string_equal(c.user, "user");
    assert_string_equal(c.password, "pass");
    assert_string_equal(c.proxy, "http://proxy.example.org:3128");
    assert_false(c.built_in);
    ch_pip_config_done(&c);
    unsetenv("PIP_INDEX_URL");
    assert_ch_ok(&err, ch_pip_discover(&c, &err));
    assert_true(c.built_in);
    assert_non_null(c.api_url_guess);
    ch_pip_config_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_no_index),
        cmocka_unit_test(test_proxy_credentials),
        cmocka_unit_test(test_read_errors),
        cmocka_unit_test_setup_teardown(test_discover, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_discover_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_discover_says_what_pip_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_discover_here, set_up, tear_down),
        cmocka_unit_test(test_discover_real_pip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
