/* `audit verify` of a log whose files were damaged: each is named, and the rest looked at all the
 * same. */
#include "house.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"

#define ENTRIES 600 /* some bundles, and hashes of a second level */

static struct ch_err err;
static struct house *h;
static char *said;

static int setup(void **state)
{
    (void)state;
    struct audit_state s;
    h = house_new();
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (size_t i = 0; i < ENTRIES; i++) {
        assert_ch_ok(&err, audit_trouble(h->k, true, CH_STR("made up"), &err));
    }
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
    house_stop(h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_start(h, NULL, NULL);
    house_free(h);
    free(said);
    return 0;
}

/* The exit status that `audit` has of it. */
static int verify(void)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc =
        audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    if (rc != CH_OK) {
        fprintf(out, "error: %s\n", err.msg);
    }
    fclose(out);
    return rc != CH_OK ? 2 : good ? 0 : 1;
}

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/audit/%s", h->folder, name);
    return path;
}

static struct ch_buf read_file(const char *name)
{
    struct ch_buf b;
    struct stat st;
    int fd = open(path_of(name), O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    ch_buf_init(&b, (size_t)st.st_size + 4096);
    char *room = ch_buf_reserve(&b, (size_t)st.st_size + 1);
    assert_int_equal(pread(fd, room, (size_t)st.st_size, 0), st.st_size);
    b.len = (size_t)st.st_size;
    close(fd);
    return b;
}

static void write_file(const char *name, struct ch_str bytes)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

static size_t unnamed;

/* All are tried. The rest of the log is looked at: its last line says how much it is. */
static void expect(const char *what, const char *name, size_t at, const char *named)
{
    int status = verify();
    if (status != 1 || strstr(said, named) == NULL || strstr(said, ": NOT as logged, ") == NULL) {
        print_error("%s %s at %zu: %d, and not said: %s\n%s", what, name, at, status, named, said);
        unnamed++;
    }
}

static const struct {
    const char *name;
    const char *flipped, *cut, *longer, *gone;
} files[] = {
    {"entries/data", "ent", "entries ", "log: entries/data has 40 bytes", "log: entries/data is"},
    {"entries/bundles", "entries ", "entries ", "log: entries/bundles has 40 bytes",
     "log: entries/bundles is missing"},
    {"public/hashes/0", "hashes of level 0: hash ", "hashes of level 0: there are ",
     "log: public/hashes/0 has 40 bytes", "log: public/hashes/0 is missing"},
    {"public/hashes/1", "hashes of level 1: hash ", "hashes of level 1: hash ",
     "log: public/hashes/1 has 40 bytes", "log: public/hashes/1 is missing"},
    {"public/hashes/2", NULL, NULL, "log: public/hashes/2 has 40 bytes",
     "log: public/hashes/2 is missing"},
    {"entries/journal", "log: entries/journal: ", "log: entries/journal: has ",
     "log: entries/journal: has ", "log: entries/journal is missing"},
    {"public/checkpoint",
     "the checkpoint: ", "the checkpoint: ", "the checkpoint: ", "the checkpoint: "},
};

static void test_damaged(void **state)
{
    (void)state;
    if (verify() != 0) {
        fail_msg("%s", said);
    }
    unnamed = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        const char *name = files[i].name;
        struct ch_buf b = read_file(name);
        CH_ASSERT(ch_buf_reserve(&b, 64) != NULL); /* it stays where it is */
        struct ch_str all = ch_buf_str(&b);
        size_t step = all.len / 20 + 1;
        for (size_t at = 0; at < all.len; at += step) {
            b.ptr[at] ^= 1;
            write_file(name, all);
            expect("flipped", name, at, files[i].flipped);
            b.ptr[at] ^= 1;
            if (at % 3 == 0) {
                write_file(name, ch_str_sub(all, 0, at));
                expect("cut", name, at, files[i].cut);
            }
        }
        ch_buf_puts(&b, CH_STR("forty bytes that are nothing's of the log"));
        write_file(name, ch_str_sub(ch_buf_str(&b), 0, all.len + 40));
        expect("longer", name, all.len, files[i].longer);
        assert_int_equal(unlink(path_of(name)), 0);
        expect("gone", name, 0, files[i].gone);
        write_file(name, all);
        ch_buf_done(&b);
    }
    if (verify() != 0) {
        fail_msg("%s", said);
    }
    assert_int_equal(unnamed, 0);
}

static void test_spare(void **state)
{
    (void)state;
    static const char *name = "public/checkpoint.spare";
    static const char *named = "log: public/checkpoint.spare is no checkpoint of this log";
    struct ch_buf spare = read_file(name), b = read_file("public/checkpoint");
    unnamed = 0;
    write_file(name, ch_buf_str(&b)); /* it takes the place of one that it was */
    if (verify() != 0) {
        fail_msg("%s", said);
    }
    ch_buf_puts(&b, CH_STR("and more\n"));
    write_file(name, ch_buf_str(&b));
    expect("longer", name, 0, named);
    write_file(name, CH_STR("something else"));
    expect("another", name, 0, named);
    write_file(name, ch_buf_str(&spare));
    if (verify() != 0) {
        fail_msg("%s", said);
    }
    assert_int_equal(unnamed, 0);
    ch_buf_done(&spare);
    ch_buf_done(&b);
}

/* Each byte that the journal's record has. */
static void test_journal(void **state)
{
    (void)state;
    struct ch_buf b = read_file("entries/journal");
    size_t end = b.len;
    while (end > 0 && b.ptr[end - 1] == 0) {
        end--;
    }
    unnamed = 0;
    assert_in_range(end, 100, 4096); /* a service that has ended has begun it anew */
    for (size_t at = 0; at < end; at += 7) {
        b.ptr[at] ^= 1;
        write_file("entries/journal", ch_buf_str(&b));
        expect("flipped", "entries/journal", at, "log: entries/journal: ");
        b.ptr[at] ^= 1;
    }
    write_file("entries/journal", ch_buf_str(&b));
    assert_int_equal(verify(), 0);
    assert_int_equal(unnamed, 0);
    ch_buf_done(&b);
}

static void test_strangers(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"notes", "log: ./notes is no file of the log"},
        {"entries/data.old", "log: entries/data.old is no file of the log"},
        {"public/index.html", "log: public/index.html is no file of the log"},
        {"public/hashes/8", "log: public/hashes/8 is no file of the log"},
    };
    unnamed = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        write_file(names[i][0], CH_STR("x"));
        expect("added", names[i][0], 0, names[i][1]);
        assert_int_equal(unlink(path_of(names[i][0])), 0);
    }
    assert_int_equal(unnamed, 0);
}

/* What they have of the key (before that stand its kind and version); one that is gone. */
static void test_private_keys(void **state)
{
    (void)state;
    char folder[128], name[300];
    size_t count = 0;
    snprintf(folder, sizeof(folder), "%s/keys", h->folder);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    unnamed = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(name, sizeof(name), "../keys/%s", e->d_name);
        struct ch_buf b = read_file(name);
        for (size_t at = 80; at < b.len - 40; at += 17) {
            char was = b.ptr[at];
            b.ptr[at] = was == 'A' ? 'B' : 'A';
            write_file(name, ch_buf_str(&b));
            expect("edited", name, at, &name[3]);
            b.ptr[at] = was;
        }
        assert_int_equal(unlink(path_of(name)), 0);
        expect("gone", name, 0, &name[3]);
        write_file(name, ch_buf_str(&b));
        assert_int_equal(chmod(path_of(name), 0600), 0);
        ch_buf_done(&b);
        count++;
    }
    closedir(dir);
    assert_in_range(count, 2, 8);
    assert_int_equal(verify(), 0);
    assert_int_equal(unnamed, 0);
}

/* The place of the newest entry, with which the next one is numbered. */
static void number_newest(const char *from, const char *to)
{
    char path[128], text[256];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    snprintf(text, sizeof(text),
             "DROP TRIGGER IF EXISTS log_entry_kept_u; UPDATE log_entry SET id = %s WHERE id = %s",
             to, from);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
}

/* Fewer entries than a bundle has, and nothing that says how many they are. */
static void test_fewer(void **state)
{
    (void)state;
    struct house *all = h;
    struct audit_state s;
    h = house_new();
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
    house_stop(h);
    assert_int_equal(verify(), 0);
    struct ch_buf data = read_file("entries/data"), hashes = read_file("public/hashes/0"),
                  checkpoint = read_file("public/checkpoint");
    unnamed = 0;
    write_file("public/hashes/0", CH_STR(""));
    write_file("public/checkpoint", CH_STR(""));
    expect("cut", "public/hashes/0", 0, "hashes of level 0: there are none");
    number_newest("(SELECT max(id) FROM log_entry)", "1 << 60");
    expect("beyond", "log_entry", 0,
           "hashes of level 0: there are none, the database has 1152921504606846977 entries");
    number_newest("1 << 60", "(SELECT max(id) + 1 FROM log_entry WHERE id < 1 << 60)");
    write_file("entries/data", CH_STR("damaged"));
    expect("cut", "entries/data", 0, "entries 0 to ");
    write_file("entries/data", ch_buf_str(&data));
    write_file("public/hashes/0", ch_buf_str(&hashes));
    write_file("public/checkpoint", ch_buf_str(&checkpoint));
    assert_int_equal(unnamed, 0);
    house_start(h, NULL, NULL);
    house_free(h);
    ch_buf_done(&data);
    ch_buf_done(&hashes);
    ch_buf_done(&checkpoint);
    h = all;
}

/* Two at once: a folder of them, or all. */
static void test_gone(void **state)
{
    (void)state;
    char away[512];
    unnamed = 0;
    snprintf(away, sizeof(away), "%s", path_of("hidden"));
    assert_int_equal(rename(path_of("public"), away), 0);
    expect("gone", "public", 0, "log: public is missing");
    assert_int_equal(rename(away, path_of("public")), 0);
    if (verify() != 0) {
        fail_msg("%s", said);
    }
    assert_int_equal(unnamed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged),      cmocka_unit_test(test_spare),
        cmocka_unit_test(test_journal),      cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_private_keys), cmocka_unit_test(test_fewer),
        cmocka_unit_test(test_gone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
