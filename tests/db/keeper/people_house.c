#include "people_house.h"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __real_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *err);
enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *err);

struct ch_err err;
struct house *h;
struct ch_buf out;
bool fail_commits;
int fail_log_after;

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_FULL, "no space left");
}

enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *e)
{
    if (fail_log_after == 0) {
        return ch_fail(e, CH_E_FULL, "no space left");
    }
    fail_log_after -= fail_log_after > 0;
    return __real_ch_store_add_log(s, row, entry, clear, clear_count, e);
}

int setup(void **state)
{
    (void)state;
    fail_commits = false;
    fail_log_after = -1;
    h = house_new();
    ch_buf_init(&out, 1u << 20);
    return 0;
}

int teardown(void **state)
{
    (void)state;
    ch_buf_done(&out);
    house_free(h);
    return 0;
}

bool says(const char *text)
{
    return text[0] == '\0' || ch_str_find(ch_buf_str(&out), ch_str_of(text), NULL);
}

void runs_as(uint32_t uid, uint32_t status, const char *line, const char *text)
{
    h->uid = uid;
    h->stranger = uid != 1000;
    uint32_t actual = house_run(h, line, &out);
    if (actual != status || !says(text)) {
        fail_msg("%s: %u \"%.*s\", expected %u \"%s\"", line, actual, CH_STR_ARG(ch_buf_str(&out)),
                 status, text);
    }
    h->uid = 0;
    h->stranger = false;
}

void runs(uint32_t status, const char *line, const char *text)
{
    runs_as(1000, status, line, text);
}

void add_all(void)
{
    runs(0, "user add alice --uid=2001 --name=Alice", "user alice added");
    runs(0, "user add oscar --uid=2002", "user oscar added");
    runs(0, "user add bob --uid=2003", "user bob added");
    runs(0, "group add ops oscar --role=operator", "group ops has it");
    runs(0, "group add approvers alice --role=approver", "group approvers has it");
}
