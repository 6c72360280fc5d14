/* A path below a repository: what a URL and a file name mean (classify, split, project_of). */
#include "customhouse/ecosystem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEGMENTS 6

static bool is_normal(const struct ch_ecosystem *e, const char *project)
{
    char normal[256];
    return e->normalise(ch_str_of(project), normal, sizeof(normal)) &&
           ch_str_eq(ch_str_of(normal), ch_str_of(project));
}

static void check_release(const struct ch_ecosystem *e, struct ch_str project,
                          struct ch_str file_name)
{
    struct ch_release release;
    char of[256];
    bool known = false;
    e->split(project, file_name, &release);
    for (size_t i = 0; e->file_types[i] != NULL; i++) {
        known = known || ch_str_eq(ch_str_of(e->file_types[i]), ch_str_of(release.file_type));
    }
    CH_ASSERT(known);
    CH_ASSERT(release.python_tags.len <= file_name.len && release.abi_tags.len <= file_name.len &&
              release.platform_tags.len <= file_name.len);
    if (e->project_of(file_name, of, sizeof(of))) {
        CH_ASSERT(is_normal(e, of));
    }
    CH_ASSERT(e->compare_versions(ch_str_of(release.version), ch_str_of(release.version)) == 0);
}

static void check_path(const struct ch_ecosystem *e, const struct ch_str *segments, size_t count,
                       bool directory)
{
    struct ch_target target = {0};
    e->classify(CH_STR("repo"), segments, count, directory, &target);
    switch (target.kind) {
    case CH_TARGET_MOVED:
        CH_ASSERT(ch_str_starts(ch_str_of(target.location), CH_STR("/repo/")));
        for (const char *p = target.location; *p != '\0'; p++) {
            CH_ASSERT(*p > 0x20 && *p < 0x7f);
        }
        break;
    case CH_TARGET_FILE:
        CH_ASSERT(ch_ecosystem_is_page(e, ch_str_of(target.project)));
        CH_ASSERT(target.file_name[0] != '\0');
        CH_ASSERT(!ch_str_find_char(ch_str_of(target.file_name), '/', NULL));
        check_release(e, ch_str_of(target.project), ch_str_of(target.file_name));
        break;
    case CH_TARGET_ANY_PAGE:
        CH_ASSERT(is_normal(e, target.project));
        CH_ASSERT(target.file_name[0] != '\0');
        break;
    case CH_TARGET_PROJECT:
        CH_ASSERT(ch_ecosystem_is_page(e, ch_str_of(target.project)));
        CH_ASSERT(target.document <= e->format_count);
        break;
    case CH_TARGET_ROOT:
        CH_ASSERT(target.document <= e->format_count);
        break;
    case CH_TARGET_NONE:
        break;
    }
    for (size_t i = 0; i < count; i++) {
        check_release(e, i > 0 ? segments[0] : CH_STR("foo"), segments[i]);
    }
}

/* Of each ecosystem: what a path means to one of them says nothing of the others. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str segments[SEGMENTS];
    size_t count = 0;
    if (size == 0) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if (data[i] < 0x20 || data[i] == 0x7f) {
            return 0; /* no path with these gets here, encoded or not (customhouse/http.h) */
        }
    }
    rest = ch_str_sub(rest, 1, size);
    while (count < SEGMENTS && ch_str_split(&rest, '/', &segments[count])) {
        count++;
    }
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        check_path(ch_ecosystems[i], segments, count, data[0] & 1);
    }
    return 0;
}
