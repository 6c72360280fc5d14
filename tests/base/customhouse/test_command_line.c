/* What `customhouse` says to wrong words, and to a folder or an address that it cannot take.
 * argv[1] is the folder of the test children. */
#include "running.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct usage {
    const char *label;
    const char *words[8];
    const char *expected;
};

static const struct usage usage_rows[] = {
    {"no upstream given twice",
     {"serve", "--pypi-upstream", "x", "--pypi-upstream", "y"},
     "given twice"},
    {"unknown option", {"queue", "--yaml"}, "unknown option --yaml"},
    {"a word too many", {"queue", "now"}, "does not know what to do with now"},
    {"a word missing", {"explain"}, "expected WHAT"},
    {"a value missing", {"explain", "x", "--repository"}, "needs a value: --repository"},
    {"a reason missing", {"deny", "x"}, "needs --reason"},
    {"a value for a flag", {"queue", "--json=yes"}, "takes no value: --json"},
    {"escape sequences", {"queue", "--\033[31m"}, "unknown option --\\x1b[31m"},
    {"no such address",
     {"serve", "--pypi-upstream", URL, "--listen", "nonsense"},
     "--listen nonsense: expected HOST:PORT"},
    {"an address given twice",
     {"serve", "--pypi-upstream", URL, "--listen", "127.0.0.1:7", "--listen", "127.0.0.1:7"},
     "--listen 127.0.0.1:7: given twice"},
    {"not loopback", {"serve", "--pypi-upstream", URL, "--listen", "0.0.0.0:0"}, "--insecure-http"},
    {"no such URL", {"serve", "--pypi-upstream", "gopher://x"}, "url"},
};

static void wrong_usage_is_named(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < CH_ARRAY_LEN(usage_rows); i++) {
        char text[4096];
        int status = run_command(f, usage_rows[i].words, text, sizeof(text));
        if (status != 2 || strstr(text, usage_rows[i].expected) == NULL) {
            fail_msg("%s: status %d: %s", usage_rows[i].label, status, text);
        }
        assert_int_equal(access(f->folder, F_OK), -1); /* and nothing was made */
    }
}

static void a_used_address_is_named(void **state)
{
    struct fixture *f = *state;
    char address[64];
    char text[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(a.sin_port));
    assert_int_equal(COMMAND(f, text, "serve", "--pypi-upstream", URL, "--listen", address), 2);
    assert_non_null(strstr(text, address));
    close(fd);
}

static void a_long_path_is_named(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    size_t len = strlen(f->folder);
    memset(f->folder + len, 'x', 120);
    f->folder[len + 120] = '\0';
    assert_int_equal(COMMAND(f, text, SERVE), 2);
    assert_non_null(strstr(text, "bytes long"));
}

static void what_is_no_installation_is_left_alone(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char path[256];
    snprintf(path, sizeof(path), "%s/a", f->top);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(mkdir(f->folder, 0755), 0);
    snprintf(path, sizeof(path), "%s/thesis.tex", f->folder);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    assert_int_equal(COMMAND(f, text, SERVE), 2);
    assert_non_null(strstr(text, "holds \"thesis.tex\""));
    assert_int_equal(mode_of(f, "."), 0755);
}

static void open_credentials_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char path[256];
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 0);
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 1);
    assert_non_null(strstr(text, "is an installation already"));
    snprintf(path, sizeof(path), "%s/credentials.yaml", f->folder);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(COMMAND(f, text, "check"), 2);
    assert_non_null(strstr(text, "mode 0644"));
}

/* What an installation was made with starts it again; anything else is not ignored silently. */
static void the_words_of_the_first_start_are_those_of_the_next(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    START(f, SERVE, "--approver", "anna");
    expect_greeting(f);
    stop(f, 0);
    START(f, "serve", "--listen", "127.0.0.1:0", "--pypi-upstream", URL "/", "--approver", "anna");
    expect_greeting(f);
    stop(f, 0);
    assert_int_equal(COMMAND(f, text, "serve", "--pypi-upstream", URL "r"), 2);
    assert_non_null(strstr(text, "is an installation already, with another: change url in "));
    assert_int_equal(COMMAND(f, text, "serve", "--approver", "bert"), 2);
    assert_non_null(strstr(text, "use customhouse user"));
}

/* pip is told to ask no index: then none is mirrored for it, and what to do is said. */
static void an_index_that_pip_may_not_ask_is_not_mirrored(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char python[256];
    char *path = strdup(getenv("PATH"));
    snprintf(python, sizeof(python), "%s/python3", f->top);
    int fd = open(python, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
    dprintf(fd,
            "#!/bin/sh\ncase $1 in -m) echo \":env:.no-index='1'\" ;; *) echo " URL " ;; esac\n");
    close(fd);
    assert_int_equal(setenv("PATH", f->top, 1), 0);
    int status = COMMAND(f, text, "init");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
    unlink(python);
    assert_int_equal(status, 2);
    assert_non_null(strstr(text, "no upstream: pip is configured with no-index"));
    assert_non_null(strstr(text, "give one with --pypi-upstream URL"));
    assert_int_equal(access(f->folder, F_OK), -1);
}

/* The index was named; what it lacks for that is said. */
static void what_pip_says_wrong_is_told(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *pip, *says;
    } rows[] = {
        {"echo Configuration file contains invalid UTF-8 in /etc/pip.conf. >&2; exit 2",
         "pip config: Configuration file contains invalid UTF-8 in /etc/pip.conf"},
        {"case $1 in config) echo \"global.index-url='gopher://a/b'\" ;; esac",
         "pip's index-url "},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[4096], pip[256], config[65536] = "", name[256];
        snprintf(pip, sizeof(pip), "%s/pip", f->top);
        int fd = open(pip, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0700);
        dprintf(fd, "#!/bin/sh\n%s\n", rows[i].pip);
        close(fd);
        char *path = strdup(getenv("PATH"));
        assert_int_equal(setenv("PATH", f->top, 1), 0);
        int alone = COMMAND(f, text, "init");
        assert_non_null(strstr(text, rows[i].says));
        assert_non_null(strstr(text, "; mend that, or give the index with --pypi-upstream URL"));
        int named = COMMAND(f, text, "init", "--pypi-upstream", "https://index.example.org/simple");
        assert_int_equal(setenv("PATH", path, 1), 0);
        free(path);
        unlink(pip);
        assert_int_equal(alone, 2);
        assert_int_equal(named, 0);
        assert_non_null(strstr(text, rows[i].says));
        assert_non_null(strstr(text, "no proxy and no certificates are taken over"));
        snprintf(name, sizeof(name), "%s/customhouse.yaml", f->folder);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        assert_true(read(fd, config, sizeof(config) - 1) > 0);
        close(fd);
        assert_non_null(strstr(config, rows[i].says));
        tear_down(state);
        set_up(state);
        f = *state;
    }
}

static void what_could_not_be_written_is_no_success(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    static const char *const words[][4] = {{"version"}, {"check"}, {"serve", "--help"}};
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 0);
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        assert_int_equal(run_command(f, words[i], text, sizeof(text)), 0);
        assert_int_equal(run_command_into(f, words[i], "/dev/full"), 1);
    }
}

static void several_addresses_are_written_at_init(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char config[65536] = "";
    char path[256];
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL "///", "--listen",
                             "127.0.0.1:7", "--listen", "0.0.0.0:8", "--insecure-http"),
                     0);
    assert_int_equal(COMMAND(f, text, "check"), 0);
    snprintf(path, sizeof(path), "%s/customhouse.yaml", f->folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, config, sizeof(config) - 1) > 0);
    close(fd);
    assert_non_null(strstr(config, "- address: \"127.0.0.1:7\""));
    assert_non_null(strstr(config, "- address: \"0.0.0.0:8\""));
    assert_non_null(strstr(config, "\ninsecure_http: true\n"));
    assert_non_null(strstr(config, "\"" URL "\""));
}

static void help_and_version(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"serve",   "init",    "check", "status",     "queue",
                                        "explain", "approve", "deny",  "fetched-by", "version"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char text[8192];
        assert_int_equal(COMMAND(f, text, names[i], "--help"), 0);
        assert_non_null(strstr(text, names[i]));
        assert_non_null(strstr(text, "--state DIR"));
        assert_int_equal(COMMAND(f, text, "--help"), 0);
        assert_non_null(strstr(text, names[i]));
    }
    char text[256];
    assert_int_equal(COMMAND(f, text, "exceptions"), 2); /* what it expects is shown whole */
    assert_non_null(strstr(text, "|revoke|renew [WORD...] (see customhouse exceptions --help)"));
    assert_int_equal(COMMAND(f, text, "version"), 0);
    assert_memory_equal(text, "customhouse ", 12);
}

int main(int argc, char **argv)
{
    children = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(wrong_usage_is_named),
        ROW(a_used_address_is_named),
        ROW(a_long_path_is_named),
        ROW(what_is_no_installation_is_left_alone),
        ROW(open_credentials_are_refused),
        ROW(the_words_of_the_first_start_are_those_of_the_next),
        ROW(an_index_that_pip_may_not_ask_is_not_mirrored),
        ROW(what_pip_says_wrong_is_told),
        ROW(what_could_not_be_written_is_no_success),
        ROW(several_addresses_are_written_at_init),
        ROW(help_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
